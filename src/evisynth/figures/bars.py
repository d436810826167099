"""Bars of counts: how many studies there are of each kind, and of how many it is not known."""

from __future__ import annotations

from collections.abc import Sequence

from evisynth.display import format_count, format_percent, plural
from evisynth.errors import DataError, OptionError
from evisynth.figures.figure import Figure
from evisynth.figures.fonts import width, wrap
from evisynth.figures.scene import Line, Primitive, Rect, Scene, Style, Text
from evisynth.studies import Field, Study

__all__ = ["count_bars", "field_bars"]

_SIZE = 8.0
_LINE = 10.0
_MARGIN = 8.0
_LABEL = 170.0
_ACROSS = 430.0
_SHORTEST = 120.0
_HIGH = 13.0
_GAP = 8.0
_FILL = "#2f6f9f"
_EDGE = "#404040"
_GREY = "#595959"


def count_bars(
    counts: Sequence[tuple[str, int]],
    *,
    total: int,
    title: str,
    unknown: int = 0,
    unknown_label: str = "Not stated",
    exclusive: bool = True,
    noun: tuple[str, str] = ("study", "studies"),
) -> Figure:
    """Draw a horizontal bar for each kind, with its count and share.

    Parameters
    ----------
    counts
        Words and count of each kind, in the order of the rows.
    total
        All there are: the denominator.
    title
        Title of the figure; it stands above the bars.
    unknown
        How many are of unknown kind; they have a bar of their own, hollow.
    unknown_label
        Its words.
    exclusive
        False when one study may be of several kinds; a line below says so.
    noun
        What is counted, singular and plural.

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        A count below 0 or above the total; kinds that exclude each other and do not add up.

    Examples
    --------
    >>> figure = count_bars([("Asia", 7), ("Europe", 4)], total=12, unknown=1, title="Continent")
    >>> figure.alt_text
    'Continent, 12 studies: Asia 7, Europe 4, Not stated 1.'
    """
    rows = [(words, number, False) for words, number in counts]
    if unknown:
        rows.append((unknown_label, unknown, True))
    _check(rows, total, exclusive, title)
    listed = ", ".join(f"{words} {format_count(number)}" for words, number, _ in rows) or "none"
    note = "" if exclusive else f"A {noun[0]} may count in several rows."
    described = "; ".join(f"{words}: {_share(number, total)}" for words, number, _ in rows)
    return Figure(
        pages=(_page(rows, total, title, noun, note),),
        title=title,
        alt_text=f"{title}, {plural(total, *noun)}: {listed}.",
        description=" ".join(part for part in (f"{described}." if rows else "", note) if part),
        data=tuple(
            {
                "kind": words,
                "count": number,
                "total": total,
                "percent": 100 * number / total if total else float("nan"),
                "known": not blank,
            }
            for words, number, blank in rows
        ),
    )


def field_bars(
    studies: Sequence[Study],
    field: Field,
    *,
    title: str | None = None,
    noun: tuple[str, str] = ("study", "studies"),
) -> Figure:
    """Draw how many studies there are of each level of a characteristic.

    Parameters
    ----------
    studies
        Studies.
    field
        A characteristic of type ``"category"`` or ``"categories"``. Its levels are the rows, in
        the plan's order, also those without a study; a field without levels has those that occur.
    title
        Title; the field's label if not given.
    noun
        What is counted, singular and plural.

    Returns
    -------
    Figure

    Raises
    ------
    OptionError
        A field of another type.

    Examples
    --------
    >>> from evisynth.studies import Field, Study
    >>> field = Field("continent", "Continent", "category", ("Asia", "Europe"))
    >>> found = [Study("A", (), {"continent": "Asia"}), Study("B", (), {"continent": None})]
    >>> field_bars(found, field).alt_text
    'Continent, 2 studies: Asia 1, Europe 0, Not stated 1.'
    """
    if field.type not in ("category", "categories"):
        raise OptionError(f"type of field {field.name}", field.type, ("category", "categories"))
    values = [_levels(study, field) for study in studies]
    found = sorted({level for levels in values for level in levels} - set(field.levels))
    counts = [
        (level, sum(level in levels for levels in values)) for level in (*field.levels, *found)
    ]
    return count_bars(
        [(_capital(level), number) for level, number in counts],
        total=len(studies),
        title=title or field.label,
        unknown=sum(not levels for levels in values),
        unknown_label=_capital(field.unknown),
        exclusive=field.type == "category",
        noun=noun,
    )


def _levels(study: Study, field: Field) -> tuple[str, ...]:
    value = study.characteristics.get(field.name)
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (str(value),)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _check(rows: Sequence[tuple[str, int, bool]], total: int, exclusive: bool, title: str) -> None:
    for words, number, _ in rows:
        if not 0 <= number <= total:
            raise DataError(f"{title}: {words!r} has {number} of {total}; it must lie between")
    together = sum(number for _, number, _ in rows)
    if exclusive and together != total:
        raise DataError(
            f"{title}: the counts add up to {together}, not to {total}; count what is not known, "
            "or say exclusive=False"
        )


def _share(number: int, total: int) -> str:
    share = f" ({format_percent(100 * number / total)})" if total else ""
    return f"{format_count(number)} of {format_count(total)}{share}"


def _page(
    rows: Sequence[tuple[str, int, bool]],
    total: int,
    title: str,
    noun: tuple[str, str],
    note: str,
) -> Scene:
    labels = [wrap(words, _LABEL, _SIZE) for words, _, _ in rows]
    label = max((width(line, _SIZE) for lines in labels for line in lines), default=0.0) + 8
    told = max((width(_share(number, total), _SIZE) for _, number, _ in rows), default=0.0)
    left = _MARGIN + label
    longest = max(_ACROSS - left - 5 - told - _MARGIN, _SHORTEST)
    across = left + longest + 5 + told + _MARGIN
    most = max((number for _, number, _ in rows), default=0)
    items: list[Primitive] = []
    y = _MARGIN
    for line in wrap(f"{title} ({plural(total, *noun)})", across - 2 * _MARGIN, _SIZE + 1, "bold"):
        items.append(Text(_MARGIN, y + 9, line, _SIZE + 1, "bold"))
        y += 11.5
    y += 6
    top = y
    for (_, number, blank), lines in zip(rows, labels, strict=True):
        high = max(_HIGH, len(lines) * _LINE)
        middle = y + high / 2
        first = middle - (len(lines) - 1) * _LINE / 2
        style: Style = "italic" if blank else "normal"
        for step, line in enumerate(lines):
            down = first + step * _LINE
            items.append(
                Text(left - 6, down, line, _SIZE, style=style, align="right", baseline="middle")
            )
        wide = longest * number / most if most else 0.0
        if wide:
            fill, edge = ("#ffffff", _GREY) if blank else (_FILL, "")
            bar = Rect(left, middle - _HIGH / 2, wide, _HIGH, fill, edge, 0.8, group="bar")
            items.append(bar)
        words = _share(number, total)
        items.append(Text(left + wide + 5, middle, words, _SIZE, baseline="middle"))
        y += high + _GAP
    if rows:
        items.append(Line(left, top - 4, left, y - _GAP + 4, _EDGE, 0.8))
    else:
        items.append(Text(_MARGIN, y + 8, f"No {noun[0]} to count", _SIZE, style="italic"))
        y += 18
    for line in wrap(note, across - 2 * _MARGIN, _SIZE - 0.5) if note and rows else ():
        items.append(Text(_MARGIN, y + 8, line, _SIZE - 0.5, colour=_GREY))
        y += 10
    return Scene(across, y + _MARGIN, tuple(items))
