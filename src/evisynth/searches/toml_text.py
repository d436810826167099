"""TOML as text: how values are written, where keys stand, and sections read key by key."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from evisynth.errors import Problem, closest

__all__ = ["Places", "Section", "place_of", "toml_value"]

Path: TypeAlias = tuple[str | int, ...]
Places: TypeAlias = dict[Path, int]
"""The line of each table and key, by its path."""

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=\s*(.*)$")


def toml_value(value: object) -> str:
    r"""Write a text, number, truth value, or list of them.

    Examples
    --------
    >>> toml_value('a "b"\n'), toml_value(True), toml_value([1, 2])
    ('"a \\"b\\"\\n"', 'true', '[1, 2]')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, int):
        return str(value)
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def place_of(text: str) -> Places:
    r"""Find the line of every table and key of a TOML text, counted from 1.

    Examples
    --------
    >>> places = place_of("a = 1\n[[b]]\nc = 2\n[[b]]\nc = 3\n")
    >>> places["a",], places["b", 1, "c"]
    (1, 5)
    """
    found: Places = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    inside = ""
    for number, row in enumerate(text.split("\n"), 1):
        if inside:
            inside = "" if row.count(inside) % 2 else inside
            continue
        header = _HEADER.match(row)
        key = _KEY.match(row)
        if header:
            table = ()
            names = [name.strip().strip("\"'") for name in header[2].split(".")]
            for place, name in enumerate(names):
                table = (*table, name)
                if header[1] == "[[" and place == len(names) - 1:
                    counts[table] = counts.get(table, -1) + 1
                if table in counts:
                    found.setdefault(table, number)
                    table = (*table, counts[table])
            found.setdefault(table, number)
        elif key:
            found.setdefault((*table, key[1]), number)
            for mark in ('"""', "'''"):
                if key[2].count(mark) % 2:
                    inside = mark
    return found


class Section:
    """A table that is read key by key; what is wrong or unknown is noted with its line.

    Parameters
    ----------
    data
        The table.
    path
        Where it stands.
    where
        Name of the file.
    places
        Lines of the keys.
    problems
        Takes the problems.
    """

    def __init__(
        self, data: object, path: Path, where: str, places: Places, problems: list[Problem]
    ) -> None:
        self.data: dict[str, Any] = data if isinstance(data, dict) else {}
        self.path, self.where, self.places, self.problems = path, where, places, problems
        self.known: list[str] = []

    def at(self, key: str = "") -> str:
        """Name a place: the line and the key."""
        path: Path = (*self.path, key) if key else self.path
        shown = ".".join(str(part) for part in path)
        line = next(
            (
                self.places[path[:end]]
                for end in range(len(path), 0, -1)
                if path[:end] in self.places
            ),
            1,
        )
        return f"line {line}, key {shown}" if shown else f"line {line}"

    def note(self, key: str, message: str, hint: str = "") -> None:
        """Note a problem at a key."""
        self.problems.append(Problem(self.where, self.at(key), message, hint=hint))

    def take(self, key: str, kind: type, default: Any) -> Any:
        """Take a value of a type, or the default."""
        self.known.append(key)
        value = self.data.get(key, default)
        if value is default or type(value) is kind:
            return value
        names = {
            str: "a text",
            int: "a whole number",
            bool: "true or false",
            dict: "a table",
            list: "a list",
        }
        self.note(key, f"{value!r} is not {names[kind]}")
        return default

    def text(self, key: str) -> str:
        """Take a text; ``""`` where there is none."""
        found: str = self.take(key, str, "")
        return found

    def count(self, key: str) -> int | None:
        """Take a number from 0 up."""
        value: int | None = self.take(key, int, None)
        if value is not None and value < 0:
            self.note(key, f"{value} is below zero")
            return None
        return value

    def day(self, key: str) -> str:
        """Take a day, as text or as a date of TOML."""
        value = self.data.get(key, "")
        if type(value) is datetime.date:
            self.known.append(key)
            return value.isoformat()
        text = self.text(key)
        try:
            if text:
                datetime.date.fromisoformat(text)
        except ValueError:
            self.note(key, f"{text!r} is no day", "Write it as 2026-03-31")
            return ""
        return text

    def numbers(self, key: str) -> tuple[int, ...]:
        """Take a list of numbers of lines."""
        value: list[object] = self.take(key, list, [])
        good = [number for number in value if type(number) is int and number > 0]
        if len(good) < len(value):
            self.note(key, f"{value!r} is no list of line numbers")
        return tuple(good)

    def parts(self, key: str) -> Iterator[Section]:
        """Take the tables of a list of tables."""
        value: list[object] = self.take(key, list, [])
        for place, part in enumerate(value):
            yield Section(part, (*self.path, key, place), self.where, self.places, self.problems)

    def finish(self) -> None:
        """Note keys that nobody asked for."""
        for key in self.data:
            if key not in self.known:
                near = closest(key, self.known)
                allowed = ", ".join(self.known)
                hint = f"Did you mean {near!r}?" if near else f"Known keys: {allowed}"
                self.note(key, f"the key {key!r} is not known", hint)
