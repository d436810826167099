"""A figure: its pages, and everything that goes with it into a document."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evisynth.errors import DataError, OptionError
from evisynth.figures.scene import Scene, Text

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["Figure", "Format", "MissingScriptWarning"]


class MissingScriptWarning(UserWarning):
    """A figure holds characters of which no font has a shape."""


Format = Literal["pdf", "svg", "png", "tiff"]
FORMATS: tuple[Format, ...] = ("pdf", "svg", "png", "tiff")
SUFFIXES: dict[str, Format] = {name: name for name in FORMATS} | {"tif": "tiff"}
DPI = 300.0
"""Dots per inch where neither the caller nor a look names any."""


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
    profile : str
        Look whose dots per inch pictures have (`evisynth.figures.profile`), or ``""`` for none.

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
    profile: str = ""

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
        dpi: float | None = None,
        svg_text: Literal["none", "path"] = "none",
    ) -> bytes:
        """Draw the figure; the bytes are the same on each run.

        Parameters
        ----------
        format
            ``"pdf"`` (vector, TrueType fonts), ``"svg"``, ``"png"`` or ``"tiff"`` (LZW, no loss).
        page
            Page counted from 0. None means all pages for PDF and the first for the others.
        dpi
            Dots per inch of PNG and TIFF; by default those of the look, else 300.
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
            return draw.png(scene, self.title, self.alt_text, dpi or self.dpi)
        if format == "tiff":
            return draw.tiff(scene, self.title, self.alt_text, dpi or self.dpi)
        return draw.svg(scene, self.title, self.alt_text, svg_text)

    @property
    def dpi(self) -> float:
        """Dots per inch of pictures: those of the look, else 300."""
        if not self.profile:
            return DPI
        from evisynth.figures.profiles import PROFILES, profile

        return float(profile(self.profile).dpi) if self.profile in PROFILES else DPI

    def missing_scripts(self) -> tuple[str, ...]:
        """Return a message for each script that no font on this machine has.

        Such characters are boxes in PDF, PNG and TIFF; SVG keeps the text, which the reader's own
        fonts show.
        """
        from evisynth.figures.fonts import missing_scripts

        return missing_scripts(text.text for page in self.pages for text in page.texts)

    def resized(self, width: float) -> Figure:
        """Return the figure with the width given in millimetres, letters and lines with it.

        Examples
        --------
        >>> from evisynth.figures.scene import Text
        >>> figure = Figure((Scene(144, 20, (Text(5, 12, "Hello"),)),), "Greeting", "A greeting.")
        >>> figure.resized(25.4).pages[0].width
        72.0
        """
        if not 0 < width < math.inf:
            raise DataError(f"figure {self.title!r}: a width of {width!r} mm is not possible")
        factor = width * 72 / 25.4 / max(page.width for page in self.pages)
        return replace(self, pages=tuple(page.scaled(factor) for page in self.pages))

    def in_profile(self, name: str) -> Figure:
        """Return the figure with a look's numbers and pictures, no wider than its page.

        Forest plots are drawn in a look (``forest(..., profile=...)``), which does more: their
        columns, colours and intervals are those of the journal.
        """
        from evisynth.figures.profiles import points, profile

        look = profile(name)
        if look.natural:
            return replace(self, profile=look.name)
        pages = tuple(
            replace(
                page,
                items=tuple(
                    replace(item, text=look.statement(item.text))
                    if isinstance(item, Text)
                    else item
                    for item in page.items
                ),
            )
            for page in self.pages
        )
        figure = replace(self, pages=pages, profile=look.name)
        if max(page.width for page in pages) > points(look.widths["page"]):
            return figure.resized(look.widths["page"])
        return figure

    def save(self, path: str | os.PathLike[str], dpi: float | None = None) -> tuple[Path, ...]:
        """Write the figure to a file whose suffix names the format.

        PDF holds all pages. The others are one file a page: ``forest.svg``, ``forest-2.svg``...
        A warning names each script of which no font has the characters.

        Returns
        -------
        tuple of Path
            The files written.
        """
        target = Path(path)
        suffix = target.suffix.lower().lstrip(".")
        if suffix not in SUFFIXES:
            raise OptionError("suffix of the file", target.name, [f".{name}" for name in SUFFIXES])
        known = SUFFIXES[suffix]
        if known != "svg":
            for message in self.missing_scripts():
                warnings.warn(message, MissingScriptWarning, stacklevel=2)
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
