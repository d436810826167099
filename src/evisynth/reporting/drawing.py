"""The figures of a document as bytes, each drawn once and shared by all renderings.

Drawing takes most of the time of a build. A folder can keep drawings between builds: a drawing is
found again by a fingerprint of everything it follows from (its scenes, its words, the code that
draws, the libraries), so that only what changed is drawn anew.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Literal, TypeAlias

from evisynth.reporting.blocks import FigureBlock

__all__ = ["Drawings", "Variant", "drawing_size", "fingerprint", "inline_svg"]

Variant: TypeAlias = Literal["svg", "png", "pdf", "tiff"]
"""How a figure is drawn: SVG with text, PNG, PDF (all pages), TIFF."""

PNG_DPI = 300
"""Resolution of PNG; what Word shows and journals ask for."""


def draw(block: FigureBlock, page: int, variant: Variant) -> bytes:
    """Draw one page of a figure (all pages for PDF)."""
    figure = block.figure
    if variant == "pdf":
        return figure.to_bytes("pdf")
    if variant == "png":
        return figure.to_bytes("png", page, dpi=PNG_DPI)
    if variant == "tiff":
        return figure.to_bytes("tiff", page)
    return figure.to_bytes("svg", page)


@lru_cache(maxsize=1)
def _drawing_code() -> str:
    """Return a fingerprint of the code and the libraries that draw."""
    found = hashlib.sha256()
    for name in ("check.py", "draw.py", "figure.py", "fonts.py", "scene.py", "system_fonts.py"):
        found.update(resources.files("evisynth.figures").joinpath(name).read_bytes())
    for name in ("matplotlib", "numpy", "pillow", "fonttools"):
        found.update(f"{name} {version(name)}\n".encode())
    return found.hexdigest()


def fingerprint(block: FigureBlock, page: int, variant: Variant) -> str:
    """Return the fingerprint of a drawing: it changes with whatever the bytes follow from."""
    figure = block.figure
    pages = figure.pages if variant == "pdf" else (figure.pages[page],)
    density = figure.dpi if variant == "tiff" else PNG_DPI
    parts = (_drawing_code(), variant, density, figure.title, figure.alt_text, pages)
    return hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()


@dataclass(slots=True)
class Drawings:
    """Figures by id, page and variant; what has not been drawn before is drawn when asked for.

    Attributes
    ----------
    figures : mapping of str to FigureBlock
        Figures by id.
    done : dict
        Drawings made or found in this build.
    kept : Path or None
        Folder that keeps drawings between builds.
    used : set of str
        Names of the files of ``kept`` that this build uses.
    """

    figures: Mapping[str, FigureBlock]
    done: dict[tuple[str, int, Variant], bytes] = field(default_factory=dict)
    kept: Path | None = None
    used: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, figures: Sequence[FigureBlock], kept: Path | None = None) -> Drawings:
        """Make an empty store for the figures of a document."""
        return cls({block.id: block for block in figures}, kept=kept)

    def get(self, block_id: str, page: int, variant: Variant) -> bytes:
        """Return one drawing."""
        key = (block_id, page, variant)
        if key not in self.done:
            self.done[key] = self._found_or_drawn(self.figures[block_id], page, variant)
        return self.done[key]

    def _found_or_drawn(self, block: FigureBlock, page: int, variant: Variant) -> bytes:
        if self.kept is None:
            return draw(block, page, variant)
        name = f"{fingerprint(block, page, variant)}.{variant}"
        self.used.add(name)
        path = self.kept / name
        with suppress(OSError):
            return path.read_bytes()
        content = draw(block, page, variant)
        # A folder that cannot be written to costs time, not the build.
        with suppress(OSError):
            self.kept.mkdir(parents=True, exist_ok=True)
            part = self.kept / f"{name}.{secrets.token_hex(4)}"
            part.write_bytes(content)
            part.replace(path)
        return content

    def forget_unused(self) -> None:
        """Remove from the folder what this build did not use."""
        if self.kept is None:
            return
        with suppress(OSError):
            for path in self.kept.iterdir():
                if path.name not in self.used:
                    path.unlink()


def drawing_size(block: FigureBlock, page: int) -> tuple[float, float]:
    """Return width and height of a page of a figure in points."""
    scene = block.figure.pages[page]
    return scene.width, scene.height


def inline_svg(svg: bytes) -> str:
    """Return an SVG file as an element that can stand inside HTML.

    The XML declaration and document type go; width and height go, so that the page decides.

    Examples
    --------
    >>> inline_svg(b'<?xml version="1.0"?><svg width="10pt" height="5pt" viewBox="0 0 10 5"></svg>')
    '<svg viewBox="0 0 10 5"></svg>'
    """
    text = svg.decode("utf-8")
    text = text[text.index("<svg") :].strip()
    end = text.index(">")
    head = re.sub(r'\s(?:width|height)="[^"]*"', "", text[:end])
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", text[end:], count=1, flags=re.DOTALL)
    return head + body
