"""The review document as a tagged PDF."""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

from evisynth.errors import SetupError
from evisynth.reporting.blocks import ReviewDocument
from evisynth.reporting.drawing import Drawings
from evisynth.reporting.html import render_paper
from evisynth.reporting.pdf_figures import blank_picture, put_figures

__all__ = ["render_pdf", "render_pdf_with_pages"]

DEBIAN_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
"""System libraries that WeasyPrint needs, as Debian calls them."""

FIRST_PICTURE = 8
"""Width in pixels of the first blank picture; each one after it is a pixel wider."""

FACES = (
    ("Regular", "normal", "normal"),
    ("Bold", "bold", "normal"),
    ("Italic", "normal", "italic"),
)


def _weasyprint() -> Any:
    try:
        import weasyprint
    except OSError as error:
        raise SetupError(
            f"the PDF needs system libraries that are missing here ({error}). On Debian or Ubuntu: "
            f"apt-get install {' '.join(DEBIAN_PACKAGES)}. HTML and Word do not need them: leave "
            'out "pdf" from the formats.'
        ) from error
    except ImportError as error:
        raise SetupError(
            f"the PDF needs WeasyPrint, which cannot be imported ({error}): pip install weasyprint"
        ) from error
    return weasyprint


def _font_faces() -> str:
    rules = []
    for face, weight, style in FACES:
        rules.append(
            f'@font-face {{ font-family: "Liberation Sans"; src: url("font:{face}"); '
            f"font-weight: {weight}; font-style: {style}; }}"
        )
    return "\n".join(rules)


def render_pdf(document: ReviewDocument, drawings: Drawings | None = None) -> bytes:
    """Render a document as a PDF with tags, bookmarks and page numbers.

    Parameters
    ----------
    document
        The document.
    drawings
        Figures that are drawn already; those that are missing are drawn.

    Returns
    -------
    bytes
        The file; the same bytes for the same document.

    Raises
    ------
    SetupError
        When a system library of WeasyPrint is missing.
    """
    return render_pdf_with_pages(document, drawings)[0]


def render_pdf_with_pages(
    document: ReviewDocument, drawings: Drawings | None = None
) -> tuple[bytes, dict[str, int]]:
    """Render a document as `render_pdf` does, and tell where its places came to stand.

    Returns
    -------
    content : bytes
        The file.
    pages : dict of str to int
        The page of each anchor, from 1.
    """
    weasyprint = _weasyprint()
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    store = drawings or Drawings.of(document.figures)
    fonts = resources.files("evisynth.figures").joinpath("fonts")

    pictures: dict[int, tuple[bytes, int]] = {}

    class Fetcher(URLFetcher):  # type: ignore[misc]
        """Hands out our fonts and places for figures, and nothing from outside."""

        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ARG002
            figure = re.fullmatch(r"figure:(.+)/(\d+)", url)
            if figure:
                width = FIRST_PICTURE + len(pictures)
                pictures[width] = (store.get(figure[1], 0, "pdf"), int(figure[2]))
                return URLFetcherResponse(url, blank_picture(width), {"Content-Type": "image/png"})
            face = re.fullmatch(r"font:(\w+)", url)
            if face:
                data = fonts.joinpath(f"LiberationSans-{face[1]}.ttf").read_bytes()
                return URLFetcherResponse(url, data, {"Content-Type": "font/ttf"})
            raise ValueError(f"the document asks for {url!r}; nothing is fetched from outside")

    from weasyprint.text.fonts import FontConfiguration

    configuration = FontConfiguration()
    fetcher = Fetcher()
    faces = weasyprint.CSS(
        string=_font_faces(), font_config=configuration, url_fetcher=fetcher, base_url="figure:/"
    )
    page = weasyprint.HTML(string=render_paper(document), url_fetcher=fetcher, base_url="figure:/")
    pages: dict[str, int] = {}

    def finish(laid_out: Any, pdf: Any) -> None:
        for number, each in enumerate(laid_out.pages, 1):
            for anchor in each.anchors:
                pages.setdefault(anchor, number)
        put_figures(pdf, pictures)

    written: bytes = page.write_pdf(
        finisher=finish,
        stylesheets=[faces],
        font_config=configuration,
        pdf_variant="pdf/ua-1",
        pdf_identifier=document.meta.identifier.encode("ascii", "ignore")[:32] or b"evisynth",
    )
    return written, pages
