"""On which line of a TOML text each key and each element stands.

`tomllib` gives values without places. This scanner runs over a text that `tomllib` has accepted and
therefore does not check syntax; it follows the same tables, dotted keys, arrays and inline tables.
"""

from __future__ import annotations

import re

__all__ = ["KeyPath", "key_lines", "line_of"]

KeyPath = tuple[str | int, ...]
"""Keys and positions from the root, e.g. ``("analyses", 0, "measure")``."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int:
    """Return the line of a path, or of the nearest part of the way to it; 1 if none is known.

    Examples
    --------
    >>> line_of({("review",): 3}, ("review", "title"))
    3
    """
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return 1


def key_lines(text: str) -> dict[KeyPath, int]:
    r"""Map the path of every key and array element to its line, counted from 1.

    Parameters
    ----------
    text
        TOML that `tomllib` accepts.

    Examples
    --------
    >>> key_lines("[[a]]\nb = 1\n\n[[a]]\nc = [2,\n 3]\n")["a", 1, "c", 1]
    6
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.document()
    return scanner.lines


class _Scanner:
    """Position in the text, and the lines noted so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.lines: dict[KeyPath, int] = {}
        self.arrays: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        while self.skip():
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)

    def skip(self) -> bool:
        """Pass blanks, line ends, commas and comments; False at the end of the text."""
        while self.at < len(self.text):
            sign = self.text[self.at]
            if sign == "#":
                self.to(self.find("\n"))
            elif sign in " \t\n,":
                self.to(self.at + 1)
            else:
                return True
        return False

    def to(self, end: int) -> None:
        """Move on, counting lines."""
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def find(self, sign: str) -> int:
        end = self.text.find(sign, self.at)
        return len(self.text) if end < 0 else end

    def note(self, path: KeyPath) -> None:
        self.lines.setdefault(path, self.line)

    def header(self) -> KeyPath:
        """Read ``[table]`` or ``[[array of tables]]``; return its path with positions."""
        is_array = self.text.startswith("[[", self.at)
        self.to(self.at + (2 if is_array else 1))
        keys = self.keys("]")
        path: KeyPath = ()
        for place, key in enumerate(keys):
            path = (*path, key)
            self.note(path)
            if is_array and place == len(keys) - 1:
                self.arrays[path] = self.arrays.get(path, -1) + 1
            if path in self.arrays:
                path = (*path, self.arrays[path])
                self.note(path)
        self.to(self.at + (2 if is_array else 1))
        return path

    def keys(self, end: str) -> list[str]:
        """Read a dotted key up to the sign that ends it."""
        keys = []
        while self.text[self.at] != end:
            sign = self.text[self.at]
            bare = _BARE.match(self.text, self.at)
            if sign in "\"'":
                keys.append(self.string())
            elif bare:
                keys.append(bare[0])
                self.to(bare.end())
            else:
                self.to(self.at + 1)
        return keys

    def pair(self, table: KeyPath) -> None:
        """Read ``key = value``."""
        line = self.line
        path = table
        for key in self.keys("="):
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.to(self.at + 1)
        self.value(path)

    def value(self, path: KeyPath) -> None:
        self.skip()
        sign = self.text[self.at]
        if sign in "\"'":
            self.string()
        elif sign == "[":
            self.to(self.at + 1)
            place = 0
            while self.skip() and self.text[self.at] != "]":
                self.note((*path, place))
                self.value((*path, place))
                place += 1
            self.to(self.at + 1)
        elif sign == "{":
            self.to(self.at + 1)
            while self.skip() and self.text[self.at] != "}":
                self.pair(path)
            self.to(self.at + 1)
        else:
            found = re.compile(r"[^\s,\]}#]+").match(self.text, self.at)
            self.to(found.end() if found else self.at + 1)

    def string(self) -> str:
        """Read a string of any of the four kinds; the text is wanted for quoted keys only."""
        quote = self.text[self.at]
        mark = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        start = end = self.at + len(mark)
        while not self.text.startswith(mark, end):
            end += 2 if quote == '"' and self.text[end] == "\\" else 1
        if len(mark) == 3:  # up to two more quotes belong to the text
            while self.text.startswith(quote, end + 3):
                end += 1
        content = self.text[start:end]
        self.to(end + len(mark))
        if quote == '"':
            content = _ESCAPE.sub(_unescape, content)
        return content


def _unescape(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(found[3], found[3])
