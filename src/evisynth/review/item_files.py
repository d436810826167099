"""The text form of a review: from items to the files of its folder, and from a folder to items."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evisynth.errors import InputError, Problem
from evisynth.review.files import input_files
from evisynth.review.history import State
from evisynth.review.item_tables import (
    ParsedTable,
    parse_list,
    parse_table,
    render_list,
    render_table,
)
from evisynth.review.item_values import ItemKey, Kind, Value
from evisynth.review.items import KINDS, PLAN_FILE, file_of, kinds_by_file

__all__ = [
    "TEXT_LIMIT", "Change", "FolderItems", "changes_between", "file_digest", "folder_texts",
    "kept_files", "read_items", "values_of",
]  # fmt: skip

TEXT_LIMIT = 1_000_000
"""Bytes up to which a text file is an item as a whole; of longer ones the fingerprint is."""

_TEXT_ENDINGS = (".md", ".toml", ".txt", ".csv", ".json", ".jsonl", ".tsv", ".bib")

Values = dict[tuple[str, ItemKey], Value]
"""Values by kind and key, without what was taken away."""


@dataclass(frozen=True, slots=True)
class Change:
    """A value that differs between two states; None where there is none."""

    kind: str
    key: ItemKey
    before: Value | None
    after: Value | None


@dataclass(frozen=True, slots=True)
class FolderItems:
    """What a folder holds as items.

    Attributes
    ----------
    items : tuple of (kind, key, value)
        In the order of the files and lines; a key may come again (the last one counts).
    warnings : tuple of str
        Tables that were taken as text because their columns are named otherwise.
    files : frozenset of str
        Files that were read.
    """

    items: tuple[tuple[str, ItemKey, Value], ...]
    warnings: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()

    @property
    def values(self) -> Values:
        """The last value of each item."""
        return {(kind, key): value for kind, key, value in self.items}


def values_of(state: State) -> Values:
    """Return the values that a state holds."""
    return {place: item.value for place, item in state.items() if item.value is not None}


def file_digest(path: Path) -> str:
    """Compute the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_texts(values: Mapping[tuple[str, ItemKey], Value]) -> dict[str, bytes]:
    """Write every file that items are frozen to; pure, and always the same bytes.

    Parameters
    ----------
    values
        Value by kind and key.

    Returns
    -------
    dict of str to bytes
        By path, sorted. Files that are kept as they came (kind ``file``) are not among them, and a
        table without rows is not written.

    Raises
    ------
    InputError
        A text stands where a table of items belongs.
    """
    tables: dict[str, dict[ItemKey, Value]] = {}
    found: dict[str, bytes] = {}
    orders: dict[str, list[str]] = {}
    for (name, key), value in values.items():
        kind = KINDS.get(name)
        if kind is None or not kind.kept:
            continue
        if kind.format == "text":
            found[key[0]] = str(value.get("text", "")).encode("utf-8")
        elif kind.format in ("csv", "jsonl"):
            tables.setdefault(file_of(kind, key), {})[key] = value
        elif name == "table":
            orders[key[0]] = json.loads(str(value.get("columns", "[]")))
    known = kinds_by_file()
    for path, rows in tables.items():
        if path in found:
            raise InputError(
                Problem(
                    path,
                    "",
                    "is kept as a text, and there are entries for its table",
                    hint="Give its columns the names of docs/review-folder.md, or remove it",
                )
            )
        kind = known[path][0]
        text = (
            render_list(kind, rows)
            if kind.format == "jsonl"
            else render_table(kind, rows, orders.get(path, ()))
        )
        found[path] = text.encode("utf-8")
    return dict(sorted(found.items()))


def kept_files(values: Mapping[tuple[str, ItemKey], Value]) -> dict[str, str]:
    """Return the SHA-256 of each file that is kept as it came, by path."""
    return {key[0]: str(value["sha256"]) for (name, key), value in values.items() if name == "file"}


def read_items(folder: Path, unchanged: Mapping[str, bytes | str] | None = None) -> FolderItems:
    """Read what a folder holds as items.

    Parameters
    ----------
    folder
        The review folder.
    unchanged
        Bytes, or for kept files the SHA-256, of files that are known; a file that is still so is
        left out.

    Raises
    ------
    InputError
        With every problem of every table.
    """
    known = kinds_by_file()
    expected = unchanged or {}
    items: list[tuple[str, ItemKey, Value]] = []
    problems: list[Problem] = []
    warnings: list[str] = []
    files: set[str] = set()
    for name, path in input_files(folder):
        if name in known or name == PLAN_FILE or _is_text(name, path):
            data = path.read_bytes()
            if expected.get(name) == data:
                continue
            files.add(name)
            items += _items_of(name, data, known, problems, warnings)
        elif (digest := file_digest(path)) != expected.get(name):
            files.add(name)
            size = path.stat().st_size
            items.append(("file", (name,), {"sha256": digest, "size": size}))
    if problems:
        raise InputError(problems)
    return FolderItems(tuple(items), tuple(warnings), frozenset(files))


def _is_text(name: str, path: Path) -> bool:
    """Tell whether a file is kept as an item as a whole: short, text, and no export."""
    parts = name.split("/")
    raw = parts[0] == "searches" and (parts[-1].startswith("export") or "raw" in parts[1:-1])
    if raw or path.suffix.casefold() not in _TEXT_ENDINGS or path.stat().st_size > TEXT_LIMIT:
        return False
    data = path.read_bytes()
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in data


def _items_of(
    name: str,
    data: bytes,
    known: Mapping[str, tuple[Kind, dict[str, str]]],
    problems: list[Problem],
    warnings: list[str],
) -> list[tuple[str, ItemKey, Value]]:
    """Read one file."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        problems.append(
            Problem(name, "", f"is not UTF-8: {error.reason} at byte {error.start}",
                    hint="Save it as UTF-8")
        )  # fmt: skip
        return []
    if name == PLAN_FILE:
        return [("plan", (name,), {"text": text} if text else {})]
    if name not in known:
        return [("text", (name,), {"text": text} if text else {})]
    kind, said = known[name]
    try:
        parsed = (
            parse_list(kind, text, name)
            if kind.format == "jsonl"
            else parse_table(kind, text, said, name)
        )
    except InputError as error:
        if kind.open and all(
            "is missing; the columns are" in each.message for each in error.problems
        ):
            warnings.append(f"{name}: taken as a text; {error.problems[0].message}")
            return [("text", (name,), {"text": text})]
        problems.extend(error.problems)
        return []
    found: list[tuple[str, ItemKey, Value]] = [
        (kind.name, key, value) for key, value in parsed.rows
    ]
    return [*found, *_order_item(name, parsed)]


def _order_item(name: str, parsed: ParsedTable) -> list[tuple[str, ItemKey, Value]]:
    if parsed.columns is None:
        return []
    return [("table", (name,), {"columns": json.dumps(parsed.columns, ensure_ascii=False)})]


def changes_between(
    before: Values, folder: Path, *, whole: bool = False
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Compare what a state gives with what a folder holds.

    Parameters
    ----------
    before
        Values that the folder was last written from.
    folder
        The folder as it is now.
    whole
        Whether to give every line of a list, also those that a later line takes back (for a folder
        that is read for the first time).

    Returns
    -------
    changes, warnings
        In the order of the files; a change that takes an item away has ``after`` None.
    """
    texts: dict[str, bytes | str] = {**folder_texts(before), **kept_files(before)}
    there = {name for name, _ in input_files(folder)}
    read = read_items(folder, texts)
    touched = (texts.keys() - there) | read.files
    now = read.values
    current: Values = dict(before)
    changes: list[Change] = []
    for kind, key, value in read.items if whole else [(*place, now[place]) for place in now]:
        old = current.get((kind, key))
        if old != value:
            changes.append(Change(kind, key, old, value))
            current[kind, key] = value
    for (kind, key), value in before.items():
        if (kind, key) not in now and _place_of(kind, key) in touched:
            changes.append(Change(kind, key, value, None))
    return tuple(changes), read.warnings


def _place_of(kind: str, key: Sequence[str]) -> str:
    """Return the file that an item's value is read from; ``""`` for the history's own."""
    if kind == "table":
        return key[0]
    made = KINDS.get(kind)
    return file_of(made, key) if made is not None and made.file else ""


def unknown_kinds(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return the names that are no kind of this version."""
    return tuple(sorted(set(kinds) - KINDS.keys()))
