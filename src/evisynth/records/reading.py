"""What every reader works with: problems with their lines and repairs, and the records' ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evisynth.errors import InputError, Problem
from evisynth.records.exports import LONGEST_LINE, Export
from evisynth.records.record import Record

__all__ = ["Outside", "Reader", "Reading", "RecordProblem", "go_on", "joined", "last_line"]


@dataclass(frozen=True, slots=True)
class RecordProblem(Problem):
    """A problem of an export, with its lines and what was done about it.

    Attributes
    ----------
    first_line, last_line : int
        Lines that it concerns, counted from 1; 0 where it concerns the file.
    repair : str
        What was done about it.
    unreadable : bool
        True for an entry that could not be made a record. The records read and these together are
        the entries of the file.
    """

    first_line: int = 0
    last_line: int = 0
    repair: str = ""
    unreadable: bool = False


@dataclass(slots=True)
class Reading:
    """The reading of one export: collects problems and gives the ids.

    Attributes
    ----------
    where, source
        Name of the file and id of the search source, as the records carry them.
    first_number
        Number of the first entry in ids that are made here.
    reader, version
        Name of the reader and version of its rules.
    dialect
        Who wrote the file, as far as the reader can tell.
    columns
        For tables: the column of each field as given by a person.
    """

    where: str
    source: str = ""
    first_number: int = 1
    reader: str = ""
    version: str = "1"
    dialect: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    entries: int = 0
    taken: set[str] = field(default_factory=set)

    def report(
        self,
        first: int,
        last: int,
        message: str,
        repair: str = "",
        *,
        at: str = "",
        hint: str = "",
        unreadable: bool = False,
    ) -> None:
        """Add a problem."""
        lines = f"line {first}" if last <= first else f"lines {first} to {last}"
        self.problems.append(
            RecordProblem(
                self.where,
                at or (lines if first else ""),
                f"{message}; {repair}" if repair else message,
                hint=hint,
                first_line=first,
                last_line=max(first, last),
                repair=repair,
                unreadable=unreadable,
            )
        )

    def unreadable(self, first: int, last: int, message: str, hint: str = "") -> None:
        """Report an entry that cannot be made a record; it counts as one of the file."""
        self.entries += 1
        self.report(first, last, message, "the entry was not read", hint=hint, unreadable=True)

    def ident(self, key: str, first: int, name: str = "ID") -> str:
        """Return the id of the next record: its key in the file, or source and running number."""
        number = self.first_number + self.entries
        self.entries += 1
        if key and key not in self.taken:
            self.taken.add(key)
            return key
        stem = self.source or Path(self.where).stem or "record"
        made = f"{stem}-{number:05d}"
        while made in self.taken:
            made += "a"
        if key:
            self.report(
                first,
                first,
                f"the {name} {key!r} stands in an earlier entry",
                f"this one is called {made!r}",
            )
        self.taken.add(made)
        return made

    def no_title(self, first: int, last: int, ident: str, kept: str) -> None:
        """Report an entry without a title, which is kept."""
        self.report(
            first,
            last,
            f"the entry has no title (it has {kept or 'nothing'})",
            f"it was kept as {ident!r}",
            hint="Look it up in the database",
        )

    def no_year(self, first: int, last: int, written: str) -> None:
        """Report a year that cannot be read."""
        self.report(first, last, f"no year can be read from {written!r}", "the year was left empty")

    def outside(self, lines: Outside) -> None:
        """Report lines that belong to no entry."""
        if lines.count:
            count = "1 line" if lines.count == 1 else f"{lines.count} lines"
            self.report(
                lines.first,
                lines.last,
                f"{count} outside the entries",
                "left unread",
                at=f"line {lines.first}",
            )

    def blocks(self, export: Export, outside: Outside) -> Iterator[list[str]]:
        """Give the lines of an export in blocks as long as entries end among them.

        Raises
        ------
        InputError
            A line or an entry is longer than `LONGEST_LINE`.
        """
        done = size = 0
        for block in export.blocks():
            yield block
            done, before = self.entries + outside.count, done
            size = size + sum(map(len, block)) + len(block) if done == before else 0
            if size > LONGEST_LINE:
                raise self.endless()

    def pages(self, export: Export, outside: Outside) -> Iterator[str]:
        """Give the text of an export in blocks of whole lines as long as entries end among them.

        Raises
        ------
        InputError
            A line or an entry is longer than `LONGEST_LINE`.
        """
        done = size = 0
        for page in export.pages():
            yield page
            done, before = self.entries + outside.count, done
            size = size + len(page) if done == before else 0
            if size > LONGEST_LINE:
                raise self.endless()

    def endless(self) -> InputError:
        """Return the refusal of an entry that does not end."""
        return InputError(
            Problem(
                self.where,
                f"after entry {self.entries}" if self.entries else "",
                f"no entry ends within {LONGEST_LINE:,} signs; no export has such entries, and the"
                " file is not read further",
                hint="Export it again, or look whether it is damaged",
            )
        )


@dataclass(slots=True)
class Outside:
    """Lines that belong to no entry: how many, the first and the last."""

    count: int = 0
    first: int = 0
    last: int = 0

    def append(self, number: int) -> None:
        """Take one more line."""
        self.count += 1
        self.first = self.first or number
        self.last = number


_MORE = "\0"


def go_on(values: list[str], text: str) -> None:
    """Take an untagged line as part of the value before it; `joined` puts them together."""
    values.append(_MORE + text)


def joined(fields: dict[str, list[str]]) -> dict[str, list[str]]:
    """Put the parts of values together that `go_on` took.

    Examples
    --------
    >>> fields = {"TI": ["A long"]}
    >>> go_on(fields["TI"], "title")
    >>> joined(fields)
    {'TI': ['A long title']}
    """
    for tag, values in fields.items():
        if any(value[:1] == _MORE for value in values):
            parts: list[list[str]] = []
            for value in values:
                if value[:1] == _MORE and parts:
                    parts[-1].append(value[1:])
                else:
                    parts.append([value.removeprefix(_MORE)])
            fields[tag] = [" ".join(part).strip() for part in parts]
    return fields


def last_line(first: int, raw: list[str]) -> int:
    """Take blank lines off the end of an entry and return the number of its last line."""
    while len(raw) > 1 and not raw[-1].strip():
        raw.pop()
    return first + len(raw) - 1


@dataclass(frozen=True, slots=True)
class Reader:
    """One format: how it is known, and the function that reads it.

    Attributes
    ----------
    name
        Name of the format in messages.
    endings
        Usual endings of such files.
    recognizes
        Whether an export is of this format, by its content.
    stream
        Gives the records of an export one by one; problems go to the `Reading`.
    version
        Version of the reader's rules, kept with every record: raised when a change of the rules can
        change a record.
    marks
        With what the line begins that opens an entry, to compare the counts.
    suffixes
        Endings that a review folder takes for an export of this format.
    """

    name: str
    endings: tuple[str, ...]
    recognizes: Callable[[Export], bool]
    stream: Callable[[Export, Reading], Iterator[Record]]
    version: str = "1"
    marks: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
