"""The figures of a document as bytes, each drawn once and shared by all renderings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from evisynth.reporting.blocks import FigureBlock

__all__ = ["Drawings", "Variant", "drawing_size", "inline_svg"]

Variant: TypeAlias = Literal["svg", "png", "pdf"]
"""How a figure is drawn: SVG with text, PNG, PDF (all pages)."""

PNG_DPI = 300
"""Resolution of PNG; what Word shows and journals ask for."""


def draw(block: FigureBlock, page: int, variant: Variant) -> bytes:
    """Draw one page of a figure (all pages for PDF)."""
    figure = block.figure
    if variant == "pdf":
        return figure.to_bytes("pdf")
    if variant == "png":
        return figure.to_bytes("png", page, dpi=PNG_DPI)
    return figure.to_bytes("svg", page)


@dataclass(slots=True)
class Drawings:
    """Figures by id, page and variant; what has not been drawn before is drawn when asked for."""

    figures: Mapping[str, FigureBlock]
    done: dict[tuple[str, int, Variant], bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, figures: Sequence[FigureBlock]) -> Drawings:
        """Make an empty store for the figures of a document."""
        return cls({block.id: block for block in figures})

    def get(self, block_id: str, page: int, variant: Variant) -> bytes:
        """Return one drawing."""
        key = (block_id, page, variant)
        if key not in self.done:
            self.done[key] = draw(self.figures[block_id], page, variant)
        return self.done[key]

    def jobs(self, variants: Sequence[Variant]) -> list[tuple[str, int, Variant]]:
        """Return what is still to be drawn for these variants, in order."""
        found: list[tuple[str, int, Variant]] = []
        for block_id, block in self.figures.items():
            for variant in variants:
                pages = 1 if variant == "pdf" else len(block.figure.pages)
                found += [(block_id, page, variant) for page in range(pages)]
        return [job for job in found if job not in self.done]


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
