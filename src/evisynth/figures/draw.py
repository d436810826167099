"""Draws a scene as PDF, SVG, PNG or TIFF.

matplotlib's figure and canvas objects do the drawing (never pyplot), with its own default settings
whatever the user's matplotlibrc says. No date and no path goes into a file, so that the same scene
gives the same bytes.
"""

from __future__ import annotations

import hashlib
import html
import io
import math
import re
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evisynth.figures.check import offset
from evisynth.figures.fonts import FAMILIES, Run, clean, runs, width
from evisynth.figures.scene import (
    Circle,
    Line,
    Polygon,
    Polyline,
    Primitive,
    Rect,
    Scene,
    Style,
    Text,
    Weight,
)
from evisynth.figures.system_fonts import ONE_AT_A_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.figure import Figure as MatplotlibFigure
    from matplotlib.path import Path as MatplotlibPath
    from PIL.Image import Image

__all__ = ["pdf", "png", "svg", "tiff"]

_CREATOR = "Evisynth"
# matplotlib writes a rule for every element, which would reach the page that the SVG stands in.
_GLOBAL_STYLE = re.compile(r" <defs>\s*<style.*?</style>\s*</defs>\n", re.DOTALL)
_PREFIXES = ("agg", "figure", "font", "mathtext", "path", "pdf", "savefig", "svg", "text")


def pdf(pages: Sequence[Scene], title: str, alt_text: str) -> bytes:
    """Draw pages into one PDF with TrueType fonts."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf, PdfPages

    metadata = {
        "Title": clean(title),
        "Subject": clean(alt_text),
        "Creator": _CREATOR,
        "CreationDate": None,
        "ModDate": None,
    }
    buffer = io.BytesIO()
    with _settings(), PdfPages(buffer, metadata=metadata) as book:
        for page in pages:
            figure = _figure(page, "pdf", "")
            canvas: Any = FigureCanvasPdf(figure)
            canvas.print_pdf(book)
    return buffer.getvalue()


def png(scene: Scene, title: str, alt_text: str, dpi: float) -> bytes:
    """Draw a page into a PNG."""
    from PIL.PngImagePlugin import PngInfo

    written = PngInfo()
    for name, text in (("Software", _CREATOR), ("Title", title), ("Description", alt_text)):
        written.add_itxt(name, clean(text))
    buffer = io.BytesIO()
    picture = _picture(scene, dpi)
    picture.save(buffer, "png", dpi=(dpi, dpi), pnginfo=written, compress_level=3)
    return buffer.getvalue()


_SOFTWARE, _TITLE = 305, 270  # numbers of TIFF's fields


def tiff(scene: Scene, title: str, alt_text: str, dpi: float) -> bytes:
    """Draw a page into a TIFF without loss (RGB, LZW)."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    written = ImageFileDirectory_v2()
    written[_SOFTWARE] = _CREATOR
    words = f"{clean(title)}. {clean(alt_text)}"
    written[_TITLE] = words.encode("ascii", "backslashreplace").decode("ascii")
    buffer = io.BytesIO()
    picture = _picture(scene, dpi)
    picture.save(buffer, "tiff", dpi=(dpi, dpi), compression="tiff_lzw", tiffinfo=written)
    return buffer.getvalue()


def _picture(scene: Scene, dpi: float) -> Image:
    """Draw a page into pixels; without alpha, a picture is smaller and written faster."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL.Image import fromarray

    with _settings():
        figure = _figure(scene, "png", "")
        figure.dpi = dpi
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        return fromarray(np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3]))


def svg(scene: Scene, title: str, alt_text: str, text: Literal["none", "path"] = "none") -> bytes:
    """Draw a page into an SVG with role, title and description."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    # Ids are unique also when several figures stand in one HTML page.
    key = hashlib.sha256(repr((scene, title)).encode("utf-8", "replace")).hexdigest()[:12]
    metadata = {"Creator": _CREATOR, "Date": None, "Format": None, "Type": None}
    buffer = io.StringIO()
    with _settings(**{"svg.fonttype": text, "svg.hashsalt": key, "svg.id": f"svg-{key}"}):
        figure = _figure(scene, "svg-path" if text == "path" else "svg", key)
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(buffer, metadata=metadata)
    drawn = _GLOBAL_STYLE.sub("", buffer.getvalue(), count=1)
    start = drawn.index("<svg ")
    head = drawn.index(">", start)
    spoken = (
        f'\n <title id="title-{key}">{html.escape(clean(title), quote=False)}</title>'
        f'\n <desc id="desc-{key}">{html.escape(clean(alt_text), quote=False)}</desc>'
    )
    role = f' role="img" aria-labelledby="title-{key}" aria-describedby="desc-{key}"'
    whole = drawn[start:head] + role + ">" + spoken + drawn[head + 1 :]
    prolog = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return (prolog + whole).encode("utf-8")


@lru_cache(maxsize=1)
def _defaults() -> dict[str, Any]:
    import matplotlib as mpl

    return {
        name: mpl.rcParamsDefault[name]
        for name in mpl.rcParamsDefault
        if name.partition(".")[0] in _PREFIXES
    }


@contextmanager
def _settings(**more: Any) -> Iterator[None]:
    """Draw with our settings, one drawing at a time: they are those of the whole process."""
    import matplotlib as mpl

    ours: Any = {
        **_defaults(),
        "pdf.fonttype": 42,
        "pdf.compression": 6,
        "svg.image_inline": True,
        "text.hinting": "no_hinting",
        "path.simplify": False,
        "font.sans-serif": ["DejaVu Sans"],
        **more,
    }
    with ONE_AT_A_TIME, mpl.rc_context(ours):
        yield


def _figure(scene: Scene, target: str, key: str) -> MatplotlibFigure:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    figure = Figure(figsize=(scene.width / 72, scene.height / 72), dpi=72)
    figure.patch.set_visible(False)
    if key:
        figure.set_gid(f"figure-{key}")

    class _Drawing(Artist):
        def draw(self, renderer: Any) -> None:
            _Pen(renderer, scene, target, key).draw()

    figure.add_artist(_Drawing())
    return figure


@lru_cache(maxsize=256)
def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


@lru_cache(maxsize=512)
def _properties(path: str, size: float, weight: Weight, style: Style) -> Any:
    from matplotlib.font_manager import FontProperties

    if path:
        return FontProperties(fname=path, size=size)
    return FontProperties(family=list(FAMILIES), size=size, weight=weight, style=style)


class _Pen:
    """Writes the primitives of a scene through one renderer."""

    def __init__(self, renderer: Any, scene: Scene, target: str, key: str) -> None:
        from matplotlib.transforms import Affine2D

        self.renderer = renderer
        self.scene = scene
        self.target = target
        self.key = key
        self.scale: float = renderer.points_to_pixels(1.0)
        self.transform = (
            Affine2D().scale(self.scale, -self.scale).translate(0, scene.height * self.scale)
        )

    def draw(self) -> None:
        self._item(Rect(0, 0, self.scene.width, self.scene.height, fill="#ffffff"))
        group = ""
        for item in self.scene.items:
            if item.group != group:
                if group:
                    self.renderer.close_group(group)
                group = item.group
                if group:
                    self._open(group)
            self._item(item)
        if group:
            self.renderer.close_group(group)

    def _open(self, group: str) -> None:
        self.renderer.open_group(group, gid=f"{group}-{self.key}" if self.key else None)

    def _item(self, item: Primitive) -> None:
        if isinstance(item, Text):
            self._text(item)
        elif isinstance(item, Line):
            points = ((item.x1, item.y1), (item.x2, item.y2))
            self._path(_open_path(points), "", item.colour, item.width, item.dash)
        elif isinstance(item, Polyline):
            self._path(_open_path(item.points), "", item.colour, item.width, item.dash)
        elif isinstance(item, Polygon):
            self._path(_closed_path(item.points), item.fill, item.stroke, item.stroke_width)
        elif isinstance(item, Rect):
            self._path(_rect_path(item), item.fill, item.stroke, item.stroke_width)
        else:
            self._path(_circle_path(item), item.fill, item.stroke, item.stroke_width)

    def _path(
        self,
        path: MatplotlibPath,
        fill: str,
        stroke: str,
        line_width: float,
        dash: tuple[float, ...] = (),
    ) -> None:
        gc = self.renderer.new_gc()
        if stroke:
            gc.set_foreground(_rgb(stroke), isRGBA=False)
            gc.set_linewidth(line_width)  # in points: every renderer scales it itself
        else:
            gc.set_linewidth(0.0)
        gc.set_joinstyle("miter")
        gc.set_capstyle("butt")
        if dash:
            gc.set_dashes(0.0, list(dash))
        self.renderer.draw_path(gc, path, self.transform, _rgb(fill) if fill else None)
        gc.restore()

    def _text(self, item: Text) -> None:
        if not item.text.strip():
            return
        wide = width(item.text, item.size, item.weight, item.style)
        back = {"left": 0.0, "center": -wide / 2, "right": -wide}[item.align]
        down = offset(item)
        turn = math.radians(item.rotation)
        cos, sin = math.cos(turn), math.sin(turn)

        def place(along: float) -> tuple[float, float]:
            x = item.x + along * cos + down * sin
            y = item.y - along * sin + down * cos
            if not self.renderer.flipy():
                y = self.scene.height - y
            return x * self.scale, y * self.scale

        gc = self.renderer.new_gc()
        gc.set_foreground(_rgb(item.colour), isRGBA=False)
        if self.target == "svg":
            self._svg_text(gc, item, place(back))
        else:
            for run in runs(item.text, item.weight, item.style):
                x, y = place(back)
                if run.outlined and self.target == "pdf":
                    self._outlines(run, item, back, down)
                else:
                    properties = _properties(run.path, item.size, "normal", "normal")
                    self.renderer.draw_text(gc, x, y, run.text, properties, item.rotation)
                back += run.width * item.size
        gc.restore()

    def _outlines(self, run: Run, item: Text, along: float, down: float) -> None:
        """Draw the shapes of letters whose font a PDF cannot hold as TrueType."""
        from matplotlib.textpath import TextPath
        from matplotlib.transforms import Affine2D

        properties = _properties(run.path, item.size, "normal", "normal")
        letters = TextPath((0, 0), run.text, prop=properties)
        turned = Affine2D().scale(1, -1).translate(along, down)
        turned = turned.rotate(-math.radians(item.rotation)).translate(item.x, item.y)
        self._path(turned.transform_path(letters), item.colour, "", 0.0)

    def _svg_text(self, gc: Any, item: Text, at: tuple[float, float]) -> None:
        properties = _properties("", item.size, item.weight, item.style)
        anchor = None
        if item.align != "left":
            from matplotlib.text import Text as MatplotlibText

            anchor = MatplotlibText(
                item.x,
                self.scene.height - item.y,
                horizontalalignment=item.align,
                rotation=item.rotation,
                rotation_mode="anchor",
            )
        self.renderer.draw_text(gc, *at, clean(item.text), properties, item.rotation, mtext=anchor)


def _open_path(points: Sequence[tuple[float, float]]) -> MatplotlibPath:
    from matplotlib.path import Path

    return Path(points)


def _closed_path(points: Sequence[tuple[float, float]]) -> MatplotlibPath:
    from matplotlib.path import Path

    return Path([*points, points[0]], closed=True)


_KAPPA = 0.5522847498307936  # control points of a quarter circle as a cubic curve


def _circle_path(item: Circle) -> MatplotlibPath:
    return _rounded(
        item.x - item.radius, item.y - item.radius, 2 * item.radius, 2 * item.radius, item.radius
    )


def _rect_path(item: Rect) -> MatplotlibPath:
    x, y, wide, high = item.x, item.y, item.width, item.height
    if item.radius <= 0:
        return _closed_path(((x, y), (x + wide, y), (x + wide, y + high), (x, y + high)))
    return _rounded(x, y, wide, high, min(item.radius, wide / 2, high / 2))


def _rounded(x: float, y: float, wide: float, high: float, radius: float) -> MatplotlibPath:
    from matplotlib.path import Path

    right, bottom, hold = x + wide, y + high, radius * (1 - _KAPPA)
    points = [
        (x + radius, y),
        (right - radius, y),
        *((right - hold, y), (right, y + hold), (right, y + radius)),
        (right, bottom - radius),
        *((right, bottom - hold), (right - hold, bottom), (right - radius, bottom)),
        (x + radius, bottom),
        *((x + hold, bottom), (x, bottom - hold), (x, bottom - radius)),
        (x, y + radius),
        *((x, y + hold), (x + hold, y), (x + radius, y)),
        (x + radius, y),
    ]
    curve = [Path.CURVE4] * 3
    codes = [Path.MOVETO]
    for _ in range(4):
        codes += [Path.LINETO, *curve]
    return Path(points, [*codes, Path.CLOSEPOLY])
