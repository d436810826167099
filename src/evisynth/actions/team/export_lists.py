"""Lists of records as CSV or RIS, with no more than a person may see."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from evisynth.actions.team.abstracts import filled_abstracts
from evisynth.actions.team.desk import Desk, RefusedError
from evisynth.actions.team.records import RecordFilter, chosen_ids
from evisynth.actions.team.seeing import own_vote, seen_states, seen_votes
from evisynth.errors import OptionError
from evisynth.records import Record, format_records
from evisynth.storage import RecordLine, list_records

__all__ = ["CHUNK", "ExportFormat", "ExportWhat", "lines_of", "list_text", "record_of", "safe_cell"]

CHUNK = 500
"""Records that are fetched at once."""

ExportFormat = Literal["csv", "ris"]
ExportWhat = Literal["records", "decisions"]
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?%?")


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; a number stays one.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("-0.5"), safe_cell("@SUM(A1)"), safe_cell("Kim")
    ("'=1+1", '-0.5', "'@SUM(A1)", 'Kim')
    """
    if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") and not _NUMBER.fullmatch(text.strip()):
        return f"'{text}"
    return text


def lines_of(desk: Desk, ids: Sequence[str]) -> Iterator[RecordLine]:
    """Yield records by their ids, with the abstracts that people filled in."""
    for start in range(0, len(ids), CHUNK):
        some = list_records(desk.store, ids=ids[start : start + CHUNK], size=CHUNK).lines
        yield from filled_abstracts(desk.board, some)


def record_of(line: RecordLine, *, abstract: bool = True) -> Record:
    """Return a record of the list as the writers of exports take it."""

    def parts(text: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split("; ") if part.strip())

    return Record(
        line.id, line.title, parts(line.authors), line.year, journal=line.journal, doi=line.doi,
        pmid=line.pmid, url=line.url, abstract=line.abstract if abstract else "",
        keywords=parts(line.keywords), source=line.source, type="journal article"
        if line.journal else "",
    )  # fmt: skip


def list_text(
    desk: Desk,
    wanted: RecordFilter,
    format: ExportFormat,  # noqa: A002
    what: ExportWhat = "records",
) -> Iterator[str]:
    """Yield the text of a list of records, or of the decisions on them that a person may see.

    Parameters
    ----------
    desk, wanted
        Who, and which records.
    format
        ``"csv"``, formula-safe, or ``"ris"`` (records only).
    what
        ``"records"``: with where they stand at each stage, and own decision and tags.
        ``"decisions"``: a line each, others under the names that `seen_votes` gives them.
    """
    desk.permit("export")
    if format not in ("csv", "ris"):
        raise OptionError("format", format, ("csv", "ris"))
    if what not in ("records", "decisions"):
        raise OptionError("what", what, ("records", "decisions"))
    if format == "ris" and what == "decisions":
        raise RefusedError("decisions are exported as CSV; RIS has no place for them")
    ids = chosen_ids(desk, wanted)
    if format == "ris":
        return (format_records([record_of(line)]) for line in lines_of(desk, ids))
    rows = _record_rows(desk, ids) if what == "records" else _decision_rows(desk, ids)
    return _csv(rows)


def _csv(rows: Iterator[Sequence[object]]) -> Iterator[str]:
    yield "\ufeff"  # by it spreadsheets know that it is UTF-8
    for row in rows:
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerow(
            ["" if cell is None else safe_cell(str(cell)) for cell in row]
        )
        yield out.getvalue()


def _record_rows(desk: Desk, ids: Sequence[str]) -> Iterator[Sequence[object]]:
    board, me = desk.board, desk.person.id
    stages = board.plan.stages or ()
    heads = [f"{stage.name} {part}" for stage in stages for part in ("state", "reason", "own")]
    yield ("id", "source", "title", "authors", "year", "journal", "doi", "pmid", "url", "keywords",
           *heads, "own tags", "abstract")  # fmt: skip
    tags: dict[str, list[str]] = {}
    for record, person, tag in board.values("tag"):
        if person == me:
            tags.setdefault(record, []).append(tag)
    for line in lines_of(desk, ids):
        cells: list[object] = []
        for stage in stages:
            state = seen_states(desk, stage, [line.id], board=board).get(line.id)
            own = own_vote(board, stage.name, line.id, me)
            cells += [state.status if state else "", state.reason if state else "",
                      own.verdict if own else ""]  # fmt: skip
        yield (line.id, line.source, line.title, line.authors, line.year, line.journal, line.doi,
               line.pmid, line.url, line.keywords, *cells, "; ".join(sorted(tags.get(line.id, ()))),
               line.abstract)  # fmt: skip


def _decision_rows(desk: Desk, ids: Sequence[str]) -> Iterator[Sequence[object]]:
    board = desk.board
    yield (
        "record",
        "stage",
        "who",
        "role",
        "decision",
        "reason",
        "reason in words",
        "note",
        "date",
    )
    for record in ids:
        for stage in board.plan.stages or ():
            for made in seen_votes(desk, stage, record, board=board):
                yield (record, stage.name, made.reviewer, made.role, made.verdict, made.reason,
                       stage.reasons.get(made.reason, ""), made.note, made.date)  # fmt: skip
