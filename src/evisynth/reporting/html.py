"""The review document as one self-contained HTML file, and its variant for paper."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from evisynth.reporting.blocks import (
    Block,
    FigureBlock,
    Heading,
    ReviewDocument,
    Table,
    plain,
)
from evisynth.reporting.drawing import Drawings, drawing_size, inline_svg

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

__all__ = ["column_shares", "render_html", "render_paper"]

NARROWEST_DRAWING = 430.0
"""Least width in points at which a drawing is still legible; below it scrolls."""

PAPER_WIDTH, PAPER_HEIGHT = 481.8, 640.0
"""Largest size in points of a drawing on a page of the PDF (170 mm wide, room for the caption)."""


@dataclass(slots=True)
class Part:
    """A section with its blocks and the headings one level below."""

    anchor: str
    text: str
    blocks: list[Block] = field(default_factory=list)
    below: list[Heading] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Picture:
    """A page of a figure as the template needs it; sizes in points."""

    width: float
    height: float = 0.0
    least: float = 0.0
    svg: Markup | str = ""
    source: str = ""


def parts_of(document: ReviewDocument) -> tuple[list[Block], list[Part]]:
    """Cut a document into what stands before the first section, and the sections."""
    front: list[Block] = []
    parts: list[Part] = []
    for block in document.blocks:
        if isinstance(block, Heading) and block.level == 1:
            parts.append(Part(block.anchor, block.text))
        if not parts:
            front.append(block)
            continue
        parts[-1].blocks.append(block)
        if isinstance(block, Heading) and block.level == 2:
            parts[-1].below.append(block)
    return front, parts


def headings_before_wide(document: ReviewDocument) -> frozenset[str]:
    """Return the anchors of headings that stand right before a wide table and turn with it."""
    found: set[str] = set()
    for block, after in itertools.pairwise(document.blocks):
        if isinstance(block, Heading) and isinstance(after, Table) and after.wide:
            found.add(block.anchor)
    return frozenset(found)


def column_shares(table: Table) -> list[float]:
    """Return the widths of the columns in percent, from their shares or else their contents."""
    weights = []
    for place, column in enumerate(table.columns):
        if column.share:
            weights.append(column.share)
            continue
        longest = max(
            (len(plain(row.cells[place])) for row in table.rows if not row.is_full_width),
            default=0,
        )
        weights.append(min(max(longest, len(column.header), 4), 40) / 12)
    total = sum(weights)
    return [round(100 * weight / total, 2) for weight in weights]


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n+", text) if part.strip()]


def _breakable(text: str) -> Markup:
    """Allow a line break in an address after a slash or dot."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"([/.?&_=-])(?=\w)", r"\1<wbr>", str(escape(text))))  # noqa: S704


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("evisynth.reporting", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment.get_template("review.html.j2")


def stylesheet(name: str) -> str:
    """Return one of our style sheets."""
    return resources.files("evisynth.reporting").joinpath("templates", name).read_text("utf-8")


def _render(document: ReviewDocument, style: str, pictures: object, *, paper: bool) -> str:
    from markupsafe import Markup

    front, parts = parts_of(document)
    text = _template().render(
        document=document,
        meta=document.meta,
        dated=bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", document.meta.date)),
        front=front,
        parts=parts,
        style=Markup(style),  # noqa: S704 - our own file
        paper=paper,
        pictures=pictures,
        widths=column_shares,
        paragraphs=_paragraphs,
        numbers={table.id: table.number for table in document.tables},
        before_wide=headings_before_wide(document),
    )
    return re.sub(r"\n\s*\n+", "\n", text)


def render_html(document: ReviewDocument, drawings: Drawings | None = None) -> str:
    """Render a document as one HTML file that asks for nothing else.

    Parameters
    ----------
    document
        The document.
    drawings
        Figures that are drawn already; those that are missing are drawn.

    Returns
    -------
    str
        HTML with the style inside and the figures as SVG.
    """
    from markupsafe import Markup

    store = drawings or Drawings.of(document.figures)

    def pictures(block: FigureBlock) -> Sequence[Picture]:
        found = []
        for page in range(len(block.figure.pages)):
            width, _ = drawing_size(block, page)
            svg = inline_svg(store.get(block.id, page, "svg"))
            found.append(
                Picture(
                    width=round(width * 1.12, 1),
                    least=round(min(width, NARROWEST_DRAWING), 1),
                    svg=Markup(svg),  # noqa: S704 - drawn by us, texts escaped there
                )
            )
        return found

    return _render(document, stylesheet("screen.css"), pictures, paper=False)


def render_paper(document: ReviewDocument) -> str:
    """Render the variant for paper: figures are images named ``figure:ID/PAGE``."""

    def pictures(block: FigureBlock) -> Sequence[Picture]:
        found = []
        for page in range(len(block.figure.pages)):
            width, height = drawing_size(block, page)
            scale = min(1.0, PAPER_WIDTH / width, PAPER_HEIGHT / height)
            found.append(
                Picture(
                    width=round(width * scale, 2),
                    height=round(height * scale, 2),
                    source=f"figure:{block.id}/{page}",
                )
            )
        return found

    return _render(document, stylesheet("paper.css"), pictures, paper=True)
