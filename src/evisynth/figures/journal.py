"""Says what about a figure a journal would send back."""

from __future__ import annotations

import html as html_escape
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.display import format_number
from evisynth.errors import OptionError
from evisynth.figures.check import box, outside, overlaps
from evisynth.figures.profiles import Profile, points
from evisynth.figures.profiles import profile as look_of
from evisynth.figures.scene import Circle, Line, Polygon, Polyline, Rect, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from evisynth.figures.figure import Figure

__all__ = ["ProfileCheck", "Violation", "check_profile"]

_RAISED = re.compile(r"\d·\d")

THINNEST = 0.25
"""Lines thinner than this, in points, vanish in print."""

SLACK = 0.05
"""Rounding of widths (mm) and sizes (points) that nobody sees."""

LARGE = 20.0
"""Shapes larger than this both ways, in points, are backgrounds."""

CONTRAST = 3.0
"""Least contrast of a mark to white (WCAG 2.2, 1.4.11)."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that a figure does not keep.

    Attributes
    ----------
    rule : str
        Short name: ``"width"``, ``"height"``, ``"letters"``, ``"lines"``, ``"numbers"``,
        ``"format"``, ``"resolution"``, ``"contrast"``, ``"script"``, ``"overlap"``, ``"edge"``,
        ``"alt text"``.
    page : int
        Page counted from 1; 0 for the whole figure.
    message : str
        What is wrong, with the value found and the one allowed.
    """

    rule: str
    page: int
    message: str


@dataclass(frozen=True, slots=True)
class ProfileCheck:
    """What a check found; true when nothing.

    Attributes
    ----------
    profile : str
        Name of the look.
    violations : tuple of Violation
        In the order of the pages.
    """

    profile: str
    violations: tuple[Violation, ...]

    def __bool__(self) -> bool:
        return not self.violations

    def __str__(self) -> str:
        if not self.violations:
            return f"Nothing against the look {self.profile}."
        told = [
            f"  {one.rule}{f', page {one.page}' if one.page else ''}: {one.message}"
            for one in self.violations
        ]
        return "\n".join([f"Against the look {self.profile}:", *told])

    def _repr_html_(self) -> str:
        return f"<pre>{html_escape.escape(str(self))}</pre>"

    def to_frame(self) -> pd.DataFrame:
        """Return one row a violation."""
        import pandas as pd

        names = ("rule", "page", "message")
        rows = [{name: getattr(one, name) for name in names} for one in self.violations]
        return pd.DataFrame(rows, columns=list(names))


def check_profile(
    figure: Figure,
    profile: str | Path | Profile,
    *,
    format: str | None = None,  # noqa: A002
    dpi: float | None = None,
) -> ProfileCheck:
    """Say what of a figure breaks the rules of a look.

    Parameters
    ----------
    figure
        The figure, in the size in which it would be sent.
    profile
        The look: a name in `evisynth.figures.PROFILES`, a file of one's own, or a `Profile`.
    format
        Format of the file (``"pdf"``, ``"svg"``, ``"png"``, ``"tiff"``), if it is to be checked.
    dpi
        Dots per inch of a picture; those of the figure unless given.

    Raises
    ------
    OptionError
        Unknown look.

    Examples
    --------
    >>> from evisynth.figures import Figure, Scene
    >>> from evisynth.figures.scene import Text
    >>> wide = Figure((Scene(800, 40, (Text(5, 20, "n = 3", size=4.0),)),), "Wide", "Three.")
    >>> [one.rule for one in check_profile(wide, "lancet").violations]
    ['width', 'letters']
    """
    look = look_of(profile)
    found = list(_of_file(figure, look, format, dpi))
    for number, page in enumerate(figure.pages, start=1):
        found.extend(_of_size(page, look, number))
        found.extend(_of_letters(page, look, number))
        found.extend(_of_marks(page, number))
    if not figure.alt_text.strip():
        found.append(Violation("alt text", 0, "there is none"))
    found.extend(Violation("script", 0, message) for message in figure.missing_scripts())
    return ProfileCheck(look.name, tuple(found))


def _of_file(
    figure: Figure, look: Profile, kind: str | None, dpi: float | None
) -> Iterator[Violation]:
    from evisynth.figures.figure import FORMATS

    if kind is None:
        return
    if kind not in FORMATS:
        raise OptionError("format", kind, FORMATS)
    if kind not in look.formats:
        yield Violation("format", 0, f"{kind} is not among {', '.join(look.formats)}")
    density = dpi or figure.dpi
    if kind in ("png", "tiff") and density < look.dpi:
        yield Violation("resolution", 0, f"{density:g} dots per inch; at least {look.dpi}")


def _of_size(page: Scene, look: Profile, number: int) -> Iterator[Violation]:
    widest, name = max((size, name) for name, size in look.widths.items())
    wide, high = page.width / points(1.0), page.height / points(1.0)
    if wide > widest + SLACK:
        message = f"{format_number(wide, 1)} mm; at most {format_number(widest, 1)} mm ({name})"
        yield Violation("width", number, message)
    if high > look.height + SLACK:
        limit = format_number(look.height, 1)
        yield Violation("height", number, f"{format_number(high, 1)} mm; at most {limit} mm")


def _of_letters(page: Scene, look: Profile, number: int) -> Iterator[Violation]:
    sizes = {text.size: text.text for text in reversed(page.texts) if text.text.strip()}
    if sizes and min(sizes) < look.smallest - SLACK:
        small = min(sizes)
        message = f"{small:.1f} points ({sizes[small]!r}); at least {look.smallest:g}"
        yield Violation("letters", number, message)
    if sizes and max(sizes) > look.largest + SLACK:
        large = max(sizes)
        message = f"{large:.1f} points ({sizes[large]!r}); at most {look.largest:g}"
        yield Violation("letters", number, message)
    wrong = [text.text for text in page.texts if look.number(text.text) != text.text]
    if look.decimal == ".":
        wrong = [text.text for text in page.texts if _RAISED.search(text.text)]
    if wrong:
        message = f"{wrong[0]!r}; the decimal point is printed as {look.decimal!r}"
        yield Violation("numbers", number, message)


def _of_marks(page: Scene, number: int) -> Iterator[Violation]:
    thin = [
        item.width
        for item in page.items
        if isinstance(item, Line | Polyline) and 0 < item.width < THINNEST
    ]
    if thin:
        message = f"{min(thin):.2f} points; at least {THINNEST:g}"
        yield Violation("lines", number, message)
    pale = sorted(
        {
            colour
            for item in page.items
            for colour in _colours(item)
            if colour and _contrast_to_white(colour) < CONTRAST
        }
    )
    if pale:
        ratio = min(_contrast_to_white(colour) for colour in pale)
        message = (
            f"lines or marks in {', '.join(pale)}: {ratio:.1f} to white; at least {CONTRAST:g}"
        )
        yield Violation("contrast", number, message)
    for first, second in overlaps(page):
        yield Violation("overlap", number, f"{first.text!r} lies over {second.text!r}")
    if outside(page):
        yield Violation("edge", number, f"{len(outside(page))} parts reach beyond the page")


def _colours(item: object) -> tuple[str, ...]:
    """Return the colours that carry a mark; fills with an outline and thin rules may be pale."""
    if isinstance(item, Polyline):
        return (item.colour,)
    if not isinstance(item, Circle | Polygon | Rect) or item.stroke or item.fill in ("", "#ffffff"):
        return ()
    around = box(item)
    background = around.right - around.left > LARGE and around.bottom - around.top > LARGE
    return () if background else (item.fill,)


def _contrast_to_white(colour: str) -> float:
    """Contrast by WCAG 2.2 (relative luminance of sRGB)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
