"""A figure: its pages, and everything that goes with it into a document."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evisynth.errors import DataError, OptionError
from evisynth.figures.scene import Scene

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["Figure", "Format"]

Format = Literal["pdf", "svg", "png"]
FORMATS: tuple[Format, ...] = ("pdf", "svg", "png")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as data, ready to be drawn.

    Attributes
    ----------
    pages : tuple of Scene
        At least one.
    title : str
        Short name of the figure, used as the title of the file.
    alt_text : str
        One or two sentences for who cannot see the picture.
    description : str
        Long description, generated from the results.
    data : tuple of mappings
        The numbers drawn, a mapping of column to value for each row.

    Examples
    --------
    >>> from evisynth.figures.scene import Text
    >>> figure = Figure((Scene(60, 20, (Text(5, 12, "Hello"),)),), "Greeting", "A greeting.")
    >>> figure.to_bytes("png")[1:4]
    b'PNG'
    """

    pages: tuple[Scene, ...]
    title: str
    alt_text: str
    description: str = ""
    data: tuple[Mapping[str, object], ...] = ()

    def __post_init__(self) -> None:
        if not self.pages:
            raise DataError(f"figure {self.title!r} has no page; give at least one Scene")

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers drawn as a table."""
        import pandas as pd

        return pd.DataFrame([dict(row) for row in self.data])

    def to_bytes(
        self,
        format: Format,  # noqa: A002
        page: int | None = None,
        *,
        dpi: float = 300,
        svg_text: Literal["none", "path"] = "none",
    ) -> bytes:
        """Draw the figure; the bytes are the same on each run.

        Parameters
        ----------
        format
            ``"pdf"`` (vector, TrueType fonts), ``"svg"`` or ``"png"``.
        page
            Page counted from 0. None means all pages for PDF and the first for SVG and PNG.
        dpi
            Dots per inch of PNG.
        svg_text
            ``"none"`` keeps text as text in SVG; ``"path"`` draws outlines.

        Raises
        ------
        OptionError
            Unknown format.
        DataError
            No such page.
        """
        from evisynth.figures import draw

        if format not in FORMATS:
            raise OptionError("format", format, FORMATS)
        if page is not None and not 0 <= page < len(self.pages):
            raise DataError(
                f"figure {self.title!r}: there is no page {page}; pages 0 to {len(self.pages) - 1}"
            )
        if format == "pdf":
            pages = self.pages if page is None else (self.pages[page],)
            return draw.pdf(pages, self.title, self.alt_text)
        scene = self.pages[page or 0]
        if format == "png":
            return draw.png(scene, self.title, self.alt_text, dpi)
        return draw.svg(scene, self.title, self.alt_text, svg_text)

    def save(self, path: str | os.PathLike[str], dpi: float = 300) -> tuple[Path, ...]:
        """Write the figure to a file whose suffix names the format.

        PDF holds all pages. SVG and PNG are one file a page: ``forest.svg``, ``forest-2.svg``...

        Returns
        -------
        tuple of Path
            The files written.
        """
        target = Path(path)
        suffix = target.suffix.lower().lstrip(".")
        for known in FORMATS:
            if suffix == known:
                break
        else:
            raise OptionError("suffix of the file", target.name, [f".{name}" for name in FORMATS])
        if known == "pdf":
            target.write_bytes(self.to_bytes("pdf"))
            return (target,)
        written = []
        for page in range(len(self.pages)):
            name = target if page == 0 else target.with_stem(f"{target.stem}-{page + 1}")
            name.write_bytes(self.to_bytes(known, page, dpi=dpi))
            written.append(name)
        return tuple(written)

    def _repr_svg_(self) -> str:
        return self.to_bytes("svg").decode("utf-8")
