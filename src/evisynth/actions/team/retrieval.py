"""Retrieval: which reports are sought, which were had, and why others were not."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.errors import OptionError
from evisynth.review import Value, may
from evisynth.storage import RecordLine, RequestReusedError, list_records

__all__ = [
    "RETRIEVAL_STATUSES",
    "RetrievalList",
    "RetrievalRow",
    "count_to_get",
    "note_retrieval",
    "open_copy_services",
    "reports_to_get",
    "retrieval_list",
    "retrieval_of",
    "retrieved_put",
]

RETRIEVAL_STATUSES = ("to_get", "sought", "retrieved", "not_retrieved")
"""Nothing done yet; asked for and not come yet; had; given up, with the reason."""

REASON_LENGTH = 500
MOST = 500

Put = tuple[str, tuple[str, ...], dict[str, object] | None]


@dataclass(frozen=True, slots=True)
class RetrievalRow:
    """Where the retrieval of one report stands.

    Attributes
    ----------
    record : RecordLine
        Its record.
    status : str
        One of `RETRIEVAL_STATUSES`.
    reason, date, person : str
        What was noted, when and by whom.
    files : int
        How many files it has.
    settled : bool
        Whether the report is assessed at full text, as everybody may know.
    version : int
        Of the note, to change it.
    """

    record: RecordLine
    status: str
    reason: str
    date: str
    person: str
    files: int
    settled: bool
    version: int


@dataclass(frozen=True, slots=True)
class RetrievalList:
    """A page of the reports sought, how many there are of each status, and reasons in use."""

    rows: tuple[RetrievalRow, ...]
    counts: dict[str, int]
    total: int
    page: int
    size: int
    reasons: tuple[str, ...]


def reports_to_get(board: Board) -> tuple[str, ...]:
    """Return the records whose reports are sought: included at title and abstract, or of a study.

    All of it is settled, so that everybody may know.
    """
    included = {
        record
        for record, state in board.states("title_abstract").items()
        if state.status == "included"
    }
    for value in board.values("study").values():
        parts = (part.strip() for part in str(value.get("record_ids", "")).split(";"))
        included.update(part for part in parts if part)
    return tuple(record for record in board.records if record in included)


def _settled(board: Board, record: str) -> bool:
    """Tell whether a report is assessed; of one that waits for votes nothing is known."""
    state = board.state("full_text", record)
    return state is not None and state.status in ("included", "excluded")


def _with_files(board: Board) -> dict[str, int]:
    counts: dict[str, int] = {}
    for key in tuple(board.values("attachment")):
        counts[key[0]] = counts.get(key[0], 0) + 1
    return counts


def _status(noted: Value, files: int, settled: bool) -> str:
    """Return where a report stands: what was noted, else what its file or assessment tells."""
    said = str(noted.get("status", ""))
    if said:
        return said
    return "retrieved" if files or settled else "to_get"


def retrieval_of(board: Board, record: str) -> tuple[str, str, int]:
    """Return status, reason and version of one report."""
    noted = board.values("retrieval").get((record,), {})
    files = sum(key[0] == record for key in board.values("attachment"))
    status = _status(noted, files, _settled(board, record))
    return status, str(noted.get("reason", "")), board.version("retrieval", (record,))


_kept: dict[tuple[str, int], tuple[int, dict[str, str]]] = {}


def _statuses(board: Board) -> dict[str, str]:
    """Return where each report stands; counted once for each state of the review."""
    place, number = (board.store.alias, board.store.review), board.number
    kept = _kept.get(place)
    if kept is not None and kept[0] == number:
        return kept[1]
    files = _with_files(board)
    noted = board.values("retrieval")
    found = {
        record: _status(noted.get((record,), {}), files.get(record, 0), _settled(board, record))
        for record in reports_to_get(board)
    }
    _kept[place] = (number, found)
    return found


def count_to_get(desk: Desk) -> int:
    """Count the reports that are still to be had, asked for or not."""
    return sum(status in ("to_get", "sought") for status in _statuses(desk.board).values())


def _fits(line: RecordLine, words: str) -> bool:
    text = f"{line.title} {line.authors} {line.journal} {line.year} {line.doi} {line.id}".casefold()
    return all(word in text for word in words.casefold().split())


def retrieval_list(
    desk: Desk, *, status: str = "", words: str = "", page: int = 1, size: int = 50
) -> RetrievalList:
    """List the reports sought with where their retrieval stands.

    Parameters
    ----------
    desk
        Who looks.
    status
        Only these; all if empty.
    words
        Words in title, authors, journal, year, DOI or id.
    page, size
        Number of the page from 1, and lines on one.
    """
    desk.permit("read")
    if status and status not in RETRIEVAL_STATUSES:
        raise OptionError("status", status, RETRIEVAL_STATUSES)
    board = desk.board
    statuses = _statuses(board)
    counts = dict.fromkeys(RETRIEVAL_STATUSES, 0)
    for made in statuses.values():
        counts[made] += 1
    ids = [record for record, made in statuses.items() if status in ("", made)]
    if words.strip():
        every = list_records(desk.store, ids=ids, size=max(len(ids), 1)).lines if ids else ()
        ids = [line.id for line in every if _fits(line, words)]
    start = (max(page, 1) - 1) * size
    shown = ids[start : start + size]
    lines = list_records(desk.store, ids=shown, size=size).lines if shown else ()
    names = {person.id: person.name for person in board.plan.people}
    files = _with_files(board)
    rows = []
    for line in lines:
        noted = board.values("retrieval").get((line.id,), {})
        who = str(noted.get("person", ""))
        rows.append(
            RetrievalRow(
                line, statuses[line.id], str(noted.get("reason", "")),
                str(noted.get("date", "")), names.get(who, who), files.get(line.id, 0),
                _settled(board, line.id), board.version("retrieval", (line.id,)),
            )
        )  # fmt: skip
    used = {
        str(value["reason"]) for value in tuple(board.values("retrieval").values())
        if value.get("reason")
    }  # fmt: skip
    return RetrievalList(tuple(rows), counts, len(ids), max(page, 1), size, tuple(sorted(used)))


def retrieved_put(desk: Desk, record: str) -> list[Put]:
    """Return what notes a report as retrieved; nothing where it is."""
    noted = desk.board.values("retrieval").get((record,), {})
    if noted.get("status") == "retrieved":
        return []
    value: dict[str, object] = {
        "status": "retrieved", "date": today(), "person": desk.person.id,
    }  # fmt: skip
    return [("retrieval", (record,), value)]


def note_retrieval(
    desk: Desk,
    records: Sequence[str],
    status: str,
    *,
    reason: str = "",
    versions: Mapping[str, int] | None = None,
    request_id: str = "",
) -> int:
    """Note where the retrieval of reports stands; return how many were noted.

    Parameters
    ----------
    desk, records
        Who, and of which reports.
    status
        One of `RETRIEVAL_STATUSES`; ``"to_get"`` takes the note back.
    reason
        Why a report was not had, or whom it was asked of.
    versions
        Of the notes that the person saw; another one is a `VersionConflict`.
    request_id
        A request that comes twice changes nothing.

    Raises
    ------
    OptionError
        An unknown status.
    RefusedError
        No reason for giving a report up, or one that has a file or is assessed.
    NotThereError
        A record whose report nobody seeks.
    """
    desk.permit("retrieve")
    if status not in RETRIEVAL_STATUSES:
        raise OptionError("status", status, RETRIEVAL_STATUSES)
    if not records:
        raise RefusedError("choose at least one report")
    if len(records) > MOST:
        raise RefusedError(f"{len(records)} reports are too many at once; choose up to {MOST}")
    said = " ".join(reason.split())[:REASON_LENGTH]
    if status == "not_retrieved" and not said:
        raise RefusedError("say why the report could not be had; the flow diagram shows it")
    if _noted_before(desk, records, request_id):
        return len(set(records))
    board = desk.board
    sought = set(reports_to_get(board))
    puts: list[tuple[str, tuple[str, ...], dict[str, object] | None, int | None]] = []
    for record in dict.fromkeys(records):
        if record not in sought:
            raise NotThereError(f"{record!r} is not included at title and abstract (yet)")
        if status != "retrieved":
            _refuse_had(board, record, desk.person.id, status)
        value: dict[str, object] | None = None
        if status != "to_get":
            value = {"status": status, "reason": said, "date": today(), "person": desk.person.id}
        puts.append(("retrieval", (record,), value, (versions or {}).get(record)))
    try:
        desk.store.put_many(
            puts, actor=desk.person.id, act="note a retrieval", request_id=request_id or None
        )
    except RequestReusedError:
        if not _noted_before(desk, records, request_id):
            raise
    return len(puts)


def _noted_before(desk: Desk, records: Sequence[str], request_id: str) -> bool:
    """Tell whether this request was done when it came first."""
    if not request_id:
        return False
    entries = desk.store.history("retrieval", (records[0],))
    return any(entry.request == request_id for entry in entries)


def _refuse_had(board: Board, record: str, person: str, status: str) -> None:
    """Refuse to give up a report that is there: own and settled votes are all that is asked."""
    if any(key[0] == record for key in board.values("attachment")):
        raise RefusedError(f"{record!r} has a file; take the file away first")
    if status != "not_retrieved":
        return
    if _settled(board, record):
        raise RefusedError(f"{record!r} is assessed at full text, so it was retrieved")
    if any(made.reviewer == person for made in board.votes("full_text", record)):
        raise RefusedError(f"you decided on {record!r} at full text; take your decision back first")


@lru_cache(maxsize=32)
def _enabled(plan: str) -> tuple[str, ...]:
    try:
        section = tomllib.loads(plan).get("connectors", {})
    except tomllib.TOMLDecodeError:
        return ()
    found = section.get("enabled", []) if isinstance(section, dict) else []
    return tuple(str(name) for name in found) if isinstance(found, list) else ()


def open_copy_services(desk: Desk) -> tuple[str, ...]:
    """Return the services for open copies that the plan switches on; none: nothing is ever sent."""
    from evisynth.connectors import FINDERS

    if not may(desk.person, "attach"):
        return ()
    enabled = _enabled(desk.board.plan_text)
    return tuple(name for name in FINDERS if name in enabled)
