"""A figure as a part of a page: SVG without style attributes or scripts, with links on its parts.

The files that `Figure.save` writes carry styles, which a page with a strict content policy does not
let in. Here every look is an attribute, and every colour a class as well, so that a page can show
the figure in its own colours, light or dark.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evisynth.figures.check import offset
from evisynth.figures.figure import Figure
from evisynth.figures.fonts import clean, width
from evisynth.figures.scene import Circle, Line, Polygon, Polyline, Primitive, Rect, Text

__all__ = ["FigureLink", "inline_svg"]

ANCHORS = {"left": "start", "center": "middle", "right": "end"}


@dataclass(frozen=True, slots=True)
class FigureLink:
    """Where a rectangle of a figure leads, and what is said of it aloud; no address: nowhere."""

    address: str
    words: str


def inline_svg(
    figure: Figure,
    *,
    ident: str,
    page: int = 0,
    group: str = "box",
    links: Sequence[FigureLink] = (),
) -> str:
    """Draw a page of a figure as SVG to stand in an HTML page.

    Parameters
    ----------
    figure
        The figure.
    ident
        Unique in the page; ids in the SVG begin with it.
    page
        Which page, from 0.
    group, links
        Each rectangle of this group, in the order in which they were drawn, gets a link over it;
        where there are as many links as rectangles.

    Returns
    -------
    str
        ``<svg ...>``; colours are classes too: ``fill-ffffff``, ``stroke-404040``.

    Examples
    --------
    >>> from evisynth.figures import Scene
    >>> from evisynth.figures.scene import Rect
    >>> figure = Figure((Scene(60, 20, (Rect(5, 5, 50, 10, "#ffffff", group="box"),)),), "T", "Alt")
    >>> drawn = inline_svg(figure, ident="f", links=[FigureLink("/records/", "Records (7)")])
    >>> '<a href="/records/" aria-label="Records (7)">' in drawn, "style" in drawn
    (True, False)
    """
    scene = figure.pages[page]
    boxes = [item for item in scene.items if isinstance(item, Rect) and item.group == group]
    over = zip(boxes, links, strict=True) if len(boxes) == len(links) else ()
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg"'
        f' viewBox="0 0 {_n(scene.width)} {_n(scene.height)}"'
        f' role="group" aria-labelledby="{ident}-title" aria-describedby="{ident}-desc">',
        f'<title id="{ident}-title">{html.escape(clean(figure.title))}</title>',
        f'<desc id="{ident}-desc">{html.escape(clean(figure.alt_text))}</desc>',
        '<g aria-hidden="true">',
        *(_drawn(item) for item in scene.items),
        "</g>",
        *(
            f'<a href="{html.escape(link.address)}" aria-label="{html.escape(link.words)}">'
            f"{_rect(box, over=True)}</a>"
            for box, link in over
            if link.address
        ),
        "</svg>",
    ]
    return "\n".join(parts)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _look(fill: str, stroke: str, stroke_width: float, dash: Iterable[float] = ()) -> str:
    """Return the attributes of fill and stroke."""
    found = [f'fill="{fill or "none"}"']
    names = []
    if fill:
        names.append(f"fill-{fill.lstrip('#').casefold()}")
    if stroke:
        found.append(f'stroke="{stroke}" stroke-width="{_n(stroke_width)}"')
        names.append(f"stroke-{stroke.lstrip('#').casefold()}")
    lengths = " ".join(map(_n, dash))
    if lengths:
        found.append(f'stroke-dasharray="{lengths}"')
    if names:
        found.append(f'class="{" ".join(names)}"')
    return " ".join(found)


def _rect(item: Rect, *, over: bool = False) -> str:
    place = (
        f'x="{_n(item.x)}" y="{_n(item.y)}" width="{_n(item.width)}" height="{_n(item.height)}"'
        f' rx="{_n(item.radius)}"'
    )
    if over:
        return f'<rect {place} class="over" fill="transparent"/>'
    return f"<rect {place} {_look(item.fill, item.stroke, item.stroke_width)}/>"


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _drawn(item: Primitive) -> str:
    """Return one primitive as an element."""
    if isinstance(item, Text):
        return _text(item)
    if isinstance(item, Line):
        place = f'x1="{_n(item.x1)}" y1="{_n(item.y1)}" x2="{_n(item.x2)}" y2="{_n(item.y2)}"'
        return f"<line {place} {_look('', item.colour, item.width, item.dash)}/>"
    if isinstance(item, Polyline):
        look = _look("", item.colour, item.width, item.dash)
        return f'<polyline points="{_points(item.points)}" {look}/>'
    if isinstance(item, Polygon):
        look = _look(item.fill, item.stroke, item.stroke_width)
        return f'<polygon points="{_points(item.points)}" {look}/>'
    if isinstance(item, Circle):
        look = _look(item.fill, item.stroke, item.stroke_width)
        return f'<circle cx="{_n(item.x)}" cy="{_n(item.y)}" r="{_n(item.radius)}" {look}/>'
    return _rect(item)


def _text(item: Text) -> str:
    words = clean(item.text)
    if not words.strip():
        return ""
    turn = f"rotate({_n(-item.rotation)})"
    found = [
        f'transform="translate({_n(item.x)} {_n(item.y)}){turn if item.rotation else ""}"',
        f'y="{_n(offset(item))}" font-size="{_n(item.size)}"',
        f'text-anchor="{ANCHORS[item.align]}"',
        # whatever font the page has, the words fill the place that was measured for them
        f'textLength="{_n(width(item.text, item.size, item.weight, item.style))}"',
        f'lengthAdjust="spacingAndGlyphs" {_look(item.colour, "", 0)}',
    ]
    if item.weight == "bold":
        found.append('font-weight="bold"')
    if item.style == "italic":
        found.append('font-style="italic"')
    return f"<text {' '.join(found)}>{html.escape(words)}</text>"
