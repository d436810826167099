"""What an export came to: files as text, and what the other program cannot hold."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Exported", "csv_text"]


@dataclass(frozen=True, slots=True)
class Exported:
    """Files of an export.

    Attributes
    ----------
    files : Mapping of str to str
        Text of each file by its name.
    cannot_hold : tuple of str
        What of the source has no place in the other format, in sentences; empty when nothing is
        lost.
    copies : Mapping of str to Path
        Files that go along as they are, by the names that they get.
    """

    files: Mapping[str, str]
    cannot_hold: tuple[str, ...] = ()
    copies: Mapping[str, Path] = field(default_factory=dict)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Return a table as CSV text: numbers in full precision, lines ended by a line feed.

    Examples
    --------
    >>> csv_text(["study", "yi"], [["Ames, 2001", 0.1], ["Bell 2002", None]])
    'study,yi\n"Ames, 2001",0.1\nBell 2002,\n'
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(["" if _empty(cell) else _plain(cell) for cell in row])
    return out.getvalue()


def _empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and cell != cell)


def _plain(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return repr(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(float(cell))
    return str(cell)
