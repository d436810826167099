"""What an item is: its kind's columns, the form of keys and values, and their one JSON.

An item is ``(kind, key) -> value``: the key a tuple of text, the value a flat object of text, whole
numbers, numbers and truth values. The kinds themselves are in `evisynth.review.items`.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evisynth.errors import InputError, Problem, closest

__all__ = [
    "Cell",
    "Column",
    "ItemKey",
    "Kind",
    "Value",
    "canonical_json",
    "clean_text",
    "clean_value",
    "column",
    "make_key",
]

Cell = str | int | float | bool
Value = Mapping[str, Cell]
"""A flat object; a key that is not there is not known. There is no empty text and no null."""

ItemKey = tuple[str, ...]

KEY_LIMIT = 2000
"""Bytes of a key; PostgreSQL's indexes take a little more."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a kind.

    Attributes
    ----------
    name : str
        Name in the key or value.
    type : {"text", "integer", "number", "boolean"}
        Of a value's column; those of keys are text.
    header : str
        Name in the file, where it is another.
    allowed : tuple of str
        The only words that may stand here; any if empty.
    default : str
        What an absent or empty cell of a key means.
    required : bool
        Whether it must not be empty.
    spare : bool
        Written only where an item uses it, so that tables made before it existed stay as they are.
    """

    name: str
    type: Literal["text", "integer", "number", "boolean"] = "text"
    header: str = ""
    allowed: tuple[str, ...] = ()
    default: str = ""
    required: bool = False
    spare: bool = False

    @property
    def head(self) -> str:
        """Name in the file."""
        return self.header or self.name


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of items.

    Attributes
    ----------
    name, title : str
        Name in the history, and in words.
    key, value : tuple of Column
        Columns of key and value.
    file : str
        Text file in the folder; ``{stage}`` stands for the key's column. ``""``: no file of its
        own, the history keeps it.
    format : {"csv", "jsonl", "text", "bytes", "history"}
        A table; a line of JSON an item; the whole file is the item (its key is the path); only the
        fingerprint of a file is the item; no file.
    order : tuple of str
        Names of columns in the order of the file; key, then value, if empty.
    subject : str
        The key's column that names the record or study that it is about.
    open : bool
        Whether a value may have further columns of text, named by the review.
    repeats : bool
        Whether its file may name a key again; the last line counts.
    kept : bool
        False for what passes by itself (a lease): it is in no history and no file.
    """

    name: str
    title: str
    key: tuple[Column, ...]
    value: tuple[Column, ...]
    file: str = ""
    format: Literal["csv", "jsonl", "text", "bytes", "history"] = "csv"
    order: tuple[str, ...] = ()
    subject: str = ""
    open: bool = False
    repeats: bool = False
    kept: bool = True

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns in the order of the file, without those that are in the file's name."""
        every = {made.name: made for made in (*self.key, *self.value)}
        names = self.order or tuple(every)
        return tuple(every[name] for name in names if f"{{{name}}}" not in self.file)

    def key_part(self, key: Sequence[str], name: str) -> str:
        """Return one column of a key; ``""`` if the kind has none of that name."""
        for made, part in zip(self.key, key, strict=True):
            if made.name == name:
                return part
        return ""


def column(
    name: str,
    header: str = "",
    *,
    type: Literal["text", "integer", "number", "boolean"] = "text",  # noqa: A002
    allowed: tuple[str, ...] = (),
    default: str = "",
    required: bool = False,
    spare: bool = False,
) -> Column:
    """Make a column; the same as `Column` with the file's name second."""
    return Column(name, type, header, allowed, default, required, spare)


def clean_text(text: str) -> str:
    r"""Bring text into the form that every file and database keeps as it is.

    Line ends become LF, control signs blanks, letters with marks are composed (NFC), outer blanks
    go.

    Examples
    --------
    >>> clean_text(" cafe\u0301\r\nbar\x00 ")
    'café\nbar'
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    text = _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", text))
    return unicodedata.normalize("NFC", text).strip()


def make_key(kind: Kind, parts: Sequence[str] | Mapping[str, str]) -> ItemKey:
    """Check a key and fill in what a kind takes as given.

    Parameters
    ----------
    kind
        The kind.
    parts
        The key's columns in order, or by name; the last ones may be left out where they have a
        default.

    Raises
    ------
    InputError
        A part is missing, is no text that a file can keep, or is not one of the allowed words.

    Examples
    --------
    >>> from evisynth.review.items import KINDS
    >>> make_key(KINDS["vote"], ("full_text", "r1", "ada"))
    ('full_text', 'r1', 'ada', 'reviewer')
    """
    names = [made.name for made in kind.key]
    if isinstance(parts, Mapping):
        odd = [name for name in parts if name not in names]
        given = [parts.get(name, "") for name in names]
    else:
        odd = [str(part) for part in parts[len(names) :]]
        given = [*parts, *[""] * (len(names) - len(parts))]
    problems = []
    if odd:
        problems.append(Problem(kind.name, "key", f"{odd[0]!r} is too much", tuple(names)))
    key = []
    for made, part in zip(kind.key, given, strict=False):
        if type(part) is not str:
            problems.append(Problem(kind.name, made.name, f"{part!r} is not text"))
            continue
        text = part.strip() or made.default
        if made.required and not text:
            problems.append(Problem(kind.name, made.name, "is missing"))
        elif made.allowed and text not in made.allowed:
            problems.append(_not_allowed(kind, made, text))
        elif _CONTROL.search(text) or _SURROGATE.search(text) or "\n" in text or "\t" in text:
            problems.append(
                Problem(kind.name, made.name, f"{text!r} holds a sign that cannot be kept in a key")
            )
        key.append(text)
    if not problems and sum(len(part.encode()) for part in key) > KEY_LIMIT:
        problems.append(Problem(kind.name, "key", f"is longer than {KEY_LIMIT} bytes"))
    if problems:
        raise InputError(problems)
    return tuple(key)


def _not_allowed(kind: Kind, made: Column, text: str) -> Problem:
    near = closest(text, made.allowed)
    return Problem(
        kind.name,
        made.head,
        f"unknown word {text!r}",
        made.allowed,
        hint=f"Did you mean {near!r}?" if near else "",
    )


def clean_value(kind: Kind, value: Mapping[str, object]) -> dict[str, Cell]:
    """Check a value and bring it into the form that is kept: known columns, no empty text.

    Raises
    ------
    InputError
        With every column that is not known, not of its type, missing, or not an allowed word.

    Examples
    --------
    >>> from evisynth.review.items import KINDS
    >>> clean_value(KINDS["vote"], {"verdict": "include", "reason": "", "note": " fine "})
    {'verdict': 'include', 'note': 'fine'}
    """
    known = {made.name: made for made in kind.value}
    problems: list[Problem] = []
    kept: dict[str, Cell] = {}
    for name, cell in value.items():
        made = known.get(name)
        if made is None and kind.open and _is_header(kind, name):
            made = Column(name)
        if made is None:
            near = closest(name, known)
            hint = f"Did you mean {near!r}?" if near else ""
            problems.append(Problem(kind.name, name, "no such column", tuple(known), hint))
        elif cell is not None:
            found = _clean_cell(kind, made, cell, problems)
            if found != "":
                kept[name] = found
    problems.extend(
        Problem(kind.name, made.head, "is missing", made.allowed)
        for made in kind.value
        if made.required and made.name not in kept and made.name not in _told(problems)
    )
    if problems:
        raise InputError(problems)
    return kept


def _is_header(kind: Kind, name: str) -> bool:
    """Tell whether a name can head a further column."""
    taken = {made.head for made in kind.columns} | {made.name for made in kind.columns}
    return bool(name) and name == clean_text(name) and "\n" not in name and name not in taken


def _told(problems: Iterable[Problem]) -> set[str]:
    return {problem.at for problem in problems}


def _clean_cell(kind: Kind, made: Column, cell: object, problems: list[Problem]) -> Cell:
    """Return a cell of its type; ``""`` where there is nothing or a problem."""
    if made.type == "text" and isinstance(cell, str):
        text = cell if kind.format == "text" else clean_text(cell)
        if kind.format == "text":
            text = _SURROGATE.sub("\ufffd", text.replace("\x00", " "))
        if text and made.allowed and text not in made.allowed:
            problems.append(_not_allowed(kind, made, text))
            return ""
        return text
    if made.type == "boolean" and isinstance(cell, bool):
        return cell
    if not isinstance(cell, bool):
        if made.type == "integer" and isinstance(cell, int):
            return cell
        if made.type == "number" and isinstance(cell, (int, float)) and math.isfinite(cell):
            return float(cell)
    problems.append(Problem(kind.name, made.head, f"{cell!r} is not of the type {made.type!r}"))
    return ""


def canonical_json(value: object) -> str:
    """Write JSON in the one form that is hashed and compared: sorted keys, no blanks, UTF-8.

    Examples
    --------
    >>> canonical_json({"b": 1.5, "a": "é"})
    '{"a":"é","b":1.5}'
    """
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
