"""Find the full texts of reports, and keep what was found in a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evisynth.actions.connections import Network
from evisynth.actions.output import locked
from evisynth.actions.progress import Progress
from evisynth.actions.search_run import LOCK
from evisynth.errors import InputError, OptionError, Problem

if TYPE_CHECKING:
    from evisynth.connectors import FullText
    from evisynth.records import Record
    from evisynth.review import Review

__all__ = ["FULL_TEXTS", "FullTextResult", "find_full_texts"]

FULL_TEXTS = "fulltext"
"""Folder of the table and of the files."""

TABLE = "fulltext.csv"


@dataclass(frozen=True, slots=True)
class FullTextResult:
    """What was found.

    Attributes
    ----------
    folder : Path
        Folder with ``fulltext.csv`` and the files.
    found : tuple of FullText
        One a report that was looked for in this run.
    kept : int
        Reports that were found before and not looked for again.
    counts : dict of str to int
        Reports of this run by status.
    """

    folder: Path
    found: tuple[FullText, ...]
    kept: int
    counts: dict[str, int]


def find_full_texts(
    folder: Path | str,
    *,
    records: Sequence[str] = (),
    services: Sequence[str] = (),
    store: bool = False,
    again: bool = False,
    network: Network | None = None,
    progress: Progress | None = None,
) -> FullTextResult:
    """Look for open full texts and write ``fulltext/fulltext.csv``, a line a report.

    The table is written after each report, so that a run that breaks off is gone on with.
    Whether a report counts as retrieved stays a person's decision (``decisions/retrieval.csv``).

    Parameters
    ----------
    folder
        Folder of the review.
    records
        Records to look for; those included at title and abstract if none.
    services
        Services to ask; all three if none.
    store
        Keep copies where the licence is open.
    again
        Look also for what was found before.
    network
        Whether services may be asked, and how.
    progress
        Told how far it is.

    Raises
    ------
    InputError
        There is nothing to look for, a connector is switched off, or the review cannot be read.
    OptionError
        A record or service is not known.
    """
    from evisynth.connectors import FINDERS, find_full_text
    from evisynth.review import read_review

    folder = Path(folder)
    for name in services:
        if name not in FINDERS:
            raise OptionError("service", name, FINDERS)
    asked = tuple(name for name in FINDERS if not services or name in services)
    net = network or Network()
    net.check(folder, asked)
    wanted = _wanted(read_review(folder), records)
    place = folder / FULL_TEXTS
    with locked(folder / LOCK, f"{LOCK}/run.lock"), net.opened(folder) as (client, keys):
        table = _read_table(place / TABLE)
        made: list[FullText] = []
        kept = 0
        for done, record in enumerate(wanted):
            old = table.get(record.id, {}).get("status")
            if not again and (old == "stored" or (old == "found" and not store)):
                kept += 1
                continue
            if progress is not None:
                progress(f"Full texts: {done} of {len(wanted)}", done, len(wanted))
            one = find_full_text(
                record,
                place,
                client=client,
                keys=keys,
                services=asked,
                addresses={name: net.address(name) for name in asked},
                store=store,
            )
            made.append(one)
            table[record.id] = _row(one)
            _write_table(place / TABLE, table)
    counts: dict[str, int] = {}
    for each in made:
        counts[each.status] = counts.get(each.status, 0) + 1
    return FullTextResult(place, tuple(made), kept, counts)


def _wanted(review: Review, names: Sequence[str]) -> list[Record]:
    records = {record.id: record for record in review.records}
    for name in names:
        if name not in records:
            raise OptionError("record", name, sorted(records)[:20] or ("none",))
    chosen = tuple(dict.fromkeys(names)) or tuple(
        record
        for (record, stage), state in sorted(review.states.items())
        if stage == "title_abstract" and state.status == "included"
    )
    if not chosen:
        raise InputError(
            Problem(
                "decisions/title_abstract.csv",
                "",
                "no record is included at title and abstract, so no full text is sought",
                hint="Name records with --record",
            )
        )
    return [records[name] for name in chosen if name in records]


def _row(found: FullText) -> dict[str, str]:
    return {name: str(getattr(found, name)) for name in _columns()}


def _columns() -> tuple[str, ...]:
    from evisynth.connectors import FullText

    return tuple(FullText.__slots__)


def _read_table(path: Path) -> dict[str, dict[str, str]]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    columns = _columns()
    if rows and not set(columns) <= set(rows[0]):
        raise InputError(
            Problem(
                f"{FULL_TEXTS}/{TABLE}",
                "line 1",
                "the table has not the columns that were written",
                columns,
                hint="Restore it, or move it away",
            )
        )
    return {row["record"]: {name: row[name] or "" for name in columns} for row in rows}


def _write_table(path: Path, table: dict[str, dict[str, str]]) -> None:
    from evisynth.connectors import write_file

    text = io.StringIO()
    writer = csv.DictWriter(text, _columns(), lineterminator="\n")
    writer.writeheader()
    for name in sorted(table):
        writer.writerow(table[name])
    write_file(path, text.getvalue().encode())
