"""Looks of figures as data: widths, letters, numbers, columns and colours of a journal.

Each look is a file in the folder ``looks``; a path to a file of the same form is a look of one's
own. What a journal asks for changes: the values are a starting point, not its instructions.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from evisynth.display import format_number
from evisynth.errors import DataError, OptionError

__all__ = ["PARTS", "PROFILES", "Profile", "points", "profile"]

PARTS = ("data", "weight", "effect", "graph", "certainty", "marks")
"""Parts of a forest plot that a look puts into an order, right of the study labels."""

_FOLDER = Path(__file__).with_name("looks")
PROFILES: tuple[str, ...] = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))
"""Names of the looks that come with Evisynth."""


_TOKEN = re.compile(r"[^\s()\[\],;=<>≤≥–−]+")
_DECIMAL = re.compile(r"\d*\.\d+%?[.:]?")
"""A number by itself; not a part of a DOI, a version or a name."""


def points(millimetres: float) -> float:
    """Return a length in points.

    Examples
    --------
    >>> points(25.4)
    72.0
    """
    return millimetres * 72 / 25.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One look; lengths in points unless said otherwise.

    Attributes
    ----------
    name, title, note : str
        Name, title, and where the values come from.
    widths : mapping of str to float
        Widths of a printed figure in millimetres, by name (``"column"``, ``"page"``).
    height : float
        Greatest height in millimetres.
    natural : bool
        Whether a forest plot is as wide as its content asks; otherwise it fills ``"page"``.
    size, smallest, largest : float
        Font size of tables, and the limits of any size after reduction.
    dpi : int
        Least dots per inch of pictures.
    formats : tuple of str
        Formats of files that are taken.
    decimal : str
        Decimal point.
    brackets : str
        Opening and closing bracket of intervals.
    between : str
        Between the limits of an interval; ``" to "`` wherever a limit is negative.
    p : str
        Letter of P values.
    p_zero, p_spaces : bool
        Whether P values have a zero before the point, and spaces about their sign.
    order : tuple of str
        Order of the parts right of the labels (`PARTS`).
    heading : str
        Heading over the labels.
    favours : {"below", "above"}
        Where the words for the two sides stand: under the axis, or over the graph.
    favours_word : str
        ``"Favours"`` as the journal spells it.
    tau2 : bool
        Whether tau² is printed.
    subgroup_test : bool
        Whether the line on subgroup differences stands there without subgroups, too.
    row, line, margin, graph, label, square : float
        Height of a row and of a further line; margin; width of the graph; widest that the column of
        labels may be; side of the largest square.
    square_continuous, square_dichotomous, diamond, prediction, rule, null, pooled : str
        Colours; contrast to white at least 3:1.
    """

    name: str
    title: str = ""
    note: str = ""
    widths: Mapping[str, float] = field(default_factory=lambda: {"column": 85.0, "page": 180.0})
    height: float = 240.0
    natural: bool = False
    size: float = 8.0
    smallest: float = 6.0
    largest: float = 12.0
    dpi: int = 300
    formats: tuple[str, ...] = ("pdf", "svg", "png", "tiff")
    decimal: str = "."
    brackets: str = "[]"
    between: str = ", "
    p: str = "P"
    p_zero: bool = True
    p_spaces: bool = True
    order: tuple[str, ...] = PARTS
    heading: str = "Study or subgroup"
    favours: Literal["below", "above"] = "below"
    favours_word: str = "Favours"
    tau2: bool = True
    subgroup_test: bool = False
    row: float = 12.5
    line: float = 9.6
    margin: float = 8.0
    graph: float = 190.0
    label: float = 165.0
    square: float = 7.6
    square_continuous: str = "#00852b"
    square_dichotomous: str = "#0000cc"
    diamond: str = "#000000"
    prediction: str = "#5a5a5a"
    rule: str = "#000000"
    null: str = "#000000"
    pooled: str = "#5a5a5a"

    def __post_init__(self) -> None:
        unknown = [part for part in self.order if part not in PARTS]
        if unknown or not {"graph", "effect"} <= set(self.order):
            raise OptionError(f"order of {self.name}", ", ".join(self.order), PARTS)
        if len(self.brackets) != 2:
            raise DataError(f"look {self.name}: brackets {self.brackets!r} are not two characters")

    def limits(self, lower: float, upper: float, digits: int) -> str:
        """Return an interval, without brackets, as the journal prints it."""
        apart = " to " if self.between == "–" and min(lower, upper) < 0 else self.between
        return self.number(f"{format_number(lower, digits)}{apart}{format_number(upper, digits)}")

    def estimate(self, value: float, lower: float, upper: float, digits: int) -> str:
        """Return an estimate with its interval as the journal prints it.

        Examples
        --------
        >>> profile("lancet").estimate(0.72, 0.49, 1.06, 2), profile("bmj").estimate(1, -1, 3, 0)
        ('0·72 (0·49–1·06)', '1 (−1 to 3)')
        """
        opening, closing = self.brackets[0], self.brackets[1]
        limits = self.limits(lower, upper, digits)
        return f"{self.number(format_number(value, digits))} {opening}{limits}{closing}"

    def number(self, text: str) -> str:
        """Give numbers within a text the journal's decimal point."""
        if self.decimal == ".":
            return text

        def spelled(match: re.Match[str]) -> str:
            return (
                match[0].replace(".", self.decimal, 1) if _DECIMAL.fullmatch(match[0]) else match[0]
            )

        return _TOKEN.sub(spelled, text)

    def statement(self, text: str) -> str:
        """Give a line of statistics the journal's P values and decimal point.

        Examples
        --------
        >>> profile("jama").statement("df = 6 (P = 0.13)"), profile("lancet").statement("P < 0.001")
        ('df = 6 (P = .13)', 'p<0·001')
        """

        def spelled(match: re.Match[str]) -> str:
            sign, value = match[1], match[2]
            if not self.p_zero:
                value = value.removeprefix("0")
            return f"{self.p} {sign} {value}" if self.p_spaces else f"{self.p}{sign}{value}"

        return self.number(re.sub(r"\bP ([=<>]) (\d\.\d+)", spelled, text))


_SECTIONS: dict[str, dict[str, str]] = {
    "page": {"widths": "widths", "height": "height", "natural": "natural", "margin": "margin"},
    "letters": {name: name for name in ("size", "smallest", "largest", "row", "line")},
    "files": {"dpi": "dpi", "formats": "formats"},
    "numbers": {
        name: name for name in ("decimal", "brackets", "between", "p", "p_zero", "p_spaces")
    },
    "layout": {
        "order": "order",
        "label": "heading",
        "favours": "favours",
        "favours_word": "favours_word",
        "tau2": "tau2",
        "subgroup_test": "subgroup_test",
        "graph": "graph",
        "label_width": "label",
        "square": "square",
    },
    "colours": {
        name: name
        for name in (
            *("square_continuous", "square_dichotomous", "diamond", "prediction", "rule"),
            *("null", "pooled"),
        )
    },
}
"""Keys of each section of a look's file, and the attribute that each one sets."""


def profile(name: str | Path | Profile) -> Profile:
    """Return a look by its name, or read one's own from a TOML file.

    Parameters
    ----------
    name
        One of `PROFILES`, the path of a file that ends in ``.toml``, or a look.

    Raises
    ------
    OptionError
        Unknown name.
    DataError
        A file that is no look; the message names the key.

    Examples
    --------
    >>> profile("jama").widths["column"], profile("lancet").decimal
    (84.0, '·')
    """
    if isinstance(name, Profile):
        return name
    if isinstance(name, str) and name in PROFILES:
        return _read(_FOLDER / f"{name}.toml")
    if str(name).endswith(".toml"):
        if not Path(name).is_file():
            raise DataError(f"look: there is no file {str(name)!r}; give one of {PROFILES}")
        return _load(Path(name))
    raise OptionError("profile", str(name), [*PROFILES, "a file that ends in .toml"])


@lru_cache(maxsize=16)
def _read(path: Path) -> Profile:
    return _load(path)


def _load(path: Path) -> Profile:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"look {path.name}: {error}") from error
    given: dict[str, Any] = {"name": path.stem}
    for key, value in found.items():
        if key in ("title", "note"):
            given[key] = _typed(path, key, value, str)
        elif key not in _SECTIONS or not isinstance(value, dict):
            raise OptionError(f"section of {path.name}", key, ["title", "note", *_SECTIONS])
        else:
            for inner, content in value.items():
                if inner not in _SECTIONS[key]:
                    raise OptionError(f"{path.name} [{key}]", inner, _SECTIONS[key])
                attribute = _SECTIONS[key][inner]
                default = _DEFAULTS[attribute]
                given[attribute] = _typed(path, inner, content, type(default))
    size = float(given.get("size", 8.0))
    return Profile(**{"row": 12.5 / 8 * size, "line": 1.2 * size} | given)


_DEFAULTS = {known.name: getattr(Profile(name="default"), known.name) for known in fields(Profile)}


def _typed(path: Path, key: str, value: Any, kind: type) -> Any:
    """Return a value as its attribute holds it.

    Raises
    ------
    DataError
        A value of another type.
    """
    if kind is float and type(value) is int:
        return float(value)
    if kind is tuple and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if kind is dict and isinstance(value, dict):
        return {
            str(name): _typed(path, f"{key}.{name}", size, float) for name, size in value.items()
        }
    if type(value) is kind and kind is not tuple:
        return value
    words = {"str": "a text", "float": "a number", "int": "a whole number", "bool": "true or false",
             "tuple": "a list of texts", "dict": "a table of numbers"}  # fmt: skip
    raise DataError(f"look {path.name}: {key} = {value!r} must be {words[kind.__name__]}")
