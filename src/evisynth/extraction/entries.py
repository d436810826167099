"""Values as typed: read by the type of their field, and where in a report they came from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

from evisynth.extraction.forms import Cell
from evisynth.records import parse_number

__all__ = ["EntryProblem", "ValueEntry", "entry_of", "number_in", "read_value", "same_value"]


@dataclass(frozen=True, slots=True)
class ValueEntry:
    """A value with the place it came from.

    Attributes
    ----------
    value, unit : str
        As typed (its decimals say how exact it is); ``""``: not reported.
    report, page, quote, place, note : str
        The record of the report, page, words there, place on the page (as the viewer gives it),
        and what was said of it.
    how : str
        How it was computed, with formula, source and inputs; ``""`` where it was read off.
    """

    value: str = ""
    unit: str = ""
    report: str = ""
    page: str = ""
    quote: str = ""
    place: str = ""
    note: str = ""
    how: str = ""
    date: str = ""

    def kept(self) -> dict[str, str]:
        """Return what is not empty, as an item keeps it."""
        return {name: text for name, text in asdict(self).items() if text}


def entry_of(value: Mapping[str, object] | None) -> ValueEntry:
    """Return the entry that an item keeps."""
    known = ValueEntry.__dataclass_fields__
    return ValueEntry(**{name: str(part) for name, part in (value or {}).items() if name in known})


class EntryProblem(ValueError):  # noqa: N818 - told to the person who types
    """What was typed is no value of its field; the message says what is."""


def number_in(text: str) -> float:
    """Return the number that a text is; NaN for none.

    Examples
    --------
    >>> number_in("-0.35"), number_in("about 3")
    (-0.35, nan)
    """
    try:
        made = parse_number(text)
    except ValueError:
        return math.nan
    return made if math.isfinite(made) else math.nan


_YES = {"yes": "yes", "y": "yes", "true": "yes", "1": "yes", "no": "no", "n": "no", "false": "no",
        "0": "no"}  # fmt: skip


def read_value(cell: Cell, text: str) -> str:
    """Check what was typed into a field and return it as it is kept.

    Numbers keep their decimals; words are brought to the spelling of the choice.

    Parameters
    ----------
    cell, text
        The field, and what was typed; nothing is a value too ("not reported").

    Raises
    ------
    EntryProblem
        It is no value of the field's type, or outside its range.

    Examples
    --------
    >>> from evisynth.extraction.forms import FormField
    >>> cell = Cell("n", "n", FormField("n", "n", "whole number", minimum=1), 0, "g")
    >>> read_value(cell, " 57 ")
    '57'
    >>> read_value(cell, "57.5")
    Traceback (most recent call last):
    ...
    evisynth.extraction.entries.EntryProblem: '57.5' is not a whole number
    """
    text, field = text.strip(), cell.field
    if not text:
        return ""
    if field.type in ("text", "long text"):
        return text
    if field.type in ("number", "whole number"):
        return _read_number(cell, text)
    if field.type == "yes/no":
        word = _YES.get(text.casefold())
        if word is None:
            raise EntryProblem(f"{text!r} is neither yes nor no")
        return word
    if field.type == "date":
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise EntryProblem(f"{text!r} is no date; write it as 2026-03-02") from None
    words = {word.casefold(): word for word in field.choices}
    parts = [part.strip() for part in text.split(";")] if field.type != "choice" else [text]
    chosen = []
    for part in parts:
        if part and part.casefold() not in words:
            raise EntryProblem(f"{part!r} cannot be chosen; there is {', '.join(field.choices)}")
        chosen.append(words.get(part.casefold(), ""))
    return ";".join(word for word in field.choices if word in chosen)


def _read_number(cell: Cell, text: str) -> str:
    field, number = cell.field, number_in(text)
    whole = field.type == "whole number"
    if math.isnan(number):
        hint = " (a decimal point, not a comma)" if "," in text else ""
        raise EntryProblem(f"{text!r} is not a number{hint}")
    if whole and number != int(number):
        raise EntryProblem(f"{text!r} is not a whole number")
    if field.minimum is not None and number < field.minimum:
        raise EntryProblem(f"{text} is below {field.minimum:g}, the least that can be")
    if field.maximum is not None and number > field.maximum:
        raise EntryProblem(f"{text} is above {field.maximum:g}, the most that can be")
    return text


def same_value(cell: Cell, first: ValueEntry, second: ValueEntry) -> bool:
    """Tell whether two people say the same: numbers by value, words but for case and blanks.

    Examples
    --------
    >>> from evisynth.extraction.forms import FormField
    >>> cell = Cell("m", "", FormField("m", "Mean", "number"), 0, "g")
    >>> same_value(cell, ValueEntry("9.90"), ValueEntry("9.9"))
    True
    """
    units = {" ".join(each.unit.split()) for each in (first, second)}
    if len(units) > 1 and (first.value or second.value):
        return False
    if cell.field.type in ("number", "whole number"):
        one, other = number_in(first.value), number_in(second.value)
        if not math.isnan(one) and not math.isnan(other):
            return one == other
    return _words(first.value) == _words(second.value)


def _words(text: str) -> str:
    return " ".join(text.split()).casefold()
