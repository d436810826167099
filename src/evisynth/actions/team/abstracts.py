"""Abstracts that people fill in where an export has none: kept apart, and shown as such."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.storage import RecordLine, RequestReusedError, list_records

__all__ = ["Filled", "fill_abstract", "filled_abstracts", "filled_of", "line_of"]


@dataclass(frozen=True, slots=True)
class Filled:
    """An abstract that a person filled in, and where it was found."""

    text: str
    source: str
    person: str
    date: str


def line_of(desk: Desk, record: str) -> RecordLine:
    """Return a record as a line; `NotThereError` where there is none."""
    lines = list_records(desk.store, ids=[record], size=1).lines
    if not lines:
        raise NotThereError(f"there is no record {record!r}")
    return lines[0]


def filled_of(board: Board, line: RecordLine) -> Filled | None:
    """Return the abstract that somebody filled in for a record without one."""
    made = board.values("abstract").get((line.id,))
    if made is None or line.abstract:
        return None
    return Filled(*(str(made.get(name, "")) for name in ("text", "source", "person", "date")))


def filled_abstracts(board: Board, lines: Iterable[RecordLine]) -> tuple[RecordLine, ...]:
    """Return records with the abstracts that people filled in where there was none."""
    return tuple(
        replace(line, abstract=made.text) if (made := filled_of(board, line)) else line
        for line in lines
    )


def fill_abstract(
    desk: Desk, record: str, text: str, source: str, *, version: int | None = None,
    request_id: str = "",
) -> None:  # fmt: skip
    """Fill in the abstract of a record that its export lacks; an empty text takes it away.

    Parameters
    ----------
    desk, record
        Who, and where.
    text, source
        The abstract, and where it was found: kept and shown beside it.
    version
        Of what the person saw; another version is a `VersionConflict`.
    request_id
        A request that comes twice changes nothing.
    """
    desk.permit("attach")
    line = line_of(desk, record)
    if line.abstract:
        raise RefusedError(f"the export has an abstract of {record!r}; it is not overwritten")
    if text.strip() and not source.strip():
        raise RefusedError("say where the abstract was found")
    value: dict[str, object] | None = None
    if text.strip():
        value = {
            "text": text.strip(), "source": source.strip(), "person": desk.person.id,
            "date": today(),
        }  # fmt: skip
    elif (record,) not in desk.board.values("abstract"):
        raise RefusedError("the abstract is empty")
    try:
        desk.store.put(
            "abstract", (record,), value, actor=desk.person.id, act="fill in an abstract",
            expected_version=version, request_id=request_id or None,
        )  # fmt: skip
    except RequestReusedError:
        entries = desk.store.history("abstract", (record,))
        if not any(entry.request == request_id for entry in entries):
            raise
