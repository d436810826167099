"""Files of reports: kept by fingerprint, described, taken away and put back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError
from evisynth.actions.team.retrieval import reports_to_get, retrieved_put
from evisynth.review import Value
from evisynth.storage import RequestReusedError

__all__ = [
    "ReportFile",
    "describe_file",
    "file_of",
    "files_of",
    "remove_file",
    "removed_files",
    "restore_file",
]

FOLDER = "fulltext"
TEXT_LENGTH = 500
FOLDER_NOTE = "# reports under copyright: named in attachments.csv, not published\n*.pdf\n"


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file of a report.

    Attributes
    ----------
    record, sha256 : str
        The report, and the fingerprint under which the file is kept.
    name, size : str, int
        As it came.
    licence, source, note : str
        What people said of it.
    person, date : str
        Who gave it, and when.
    version : int
        To change what is said of it.
    """

    record: str
    sha256: str
    name: str
    size: int
    licence: str = ""
    source: str = ""
    note: str = ""
    person: str = ""
    date: str = ""
    version: int = 0


# files that are kept


def _file(board: Board, key: tuple[str, ...], value: Value) -> ReportFile:
    size = value.get("size", 0)
    texts = {
        name: str(value.get(name, ""))
        for name in ("name", "licence", "source", "note", "person", "date")
    }
    return ReportFile(
        key[0], key[1], size=size if isinstance(size, int) else 0,
        version=board.version("attachment", key), **texts,
    )  # fmt: skip


def files_of(board: Board, record: str) -> tuple[ReportFile, ...]:
    """Return the files of a report, the oldest first."""
    found = [
        _file(board, key, value)
        for key, value in board.values("attachment").items()
        if key[0] == record
    ]
    return tuple(sorted(found, key=lambda made: (made.date, made.name, made.sha256)))


def place_of(desk: Desk, sha256: str) -> Path:
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise NotThereError("there is no such file")
    return desk.folder / FOLDER / f"{sha256}.pdf"


def file_of(desk: Desk, sha256: str) -> tuple[ReportFile, Path]:
    """Return a file of a report of this review with where it lies.

    Raises
    ------
    NotThereError
        No report has it, or it is not in the folder (as in a copy without the reports).
    """
    desk.permit("read")
    place = place_of(desk, sha256)
    board = desk.board
    for key, value in board.values("attachment").items():
        if key[1] == sha256:
            if not place.is_file():
                raise NotThereError(
                    f"the file {value.get('name', sha256)!r} is not in this copy of the review;"
                    " reports are not published with it"
                )
            return _file(board, key, value), place
    raise NotThereError("there is no such file")


def removed_files(desk: Desk, record: str) -> tuple[ReportFile, ...]:
    """Return the files that were taken away from a report and can be put back."""
    board = desk.board
    last: dict[tuple[str, ...], Value] = {}
    for entry in desk.store.history("attachment", prefix=(record,)):
        if entry.after is not None:
            last[entry.key] = entry.after
    return tuple(
        _file(board, key, value)
        for key, value in last.items()
        if key not in board.values("attachment") and place_of(desk, key[1]).is_file()
    )


# taking away, putting back, saying more


def remove_file(desk: Desk, record: str, sha256: str, *, request_id: str = "") -> None:
    """Take a file away from a report; `restore_file` puts it back.

    A report that was noted as retrieved when its only file came is to be got again.
    """
    desk.permit("attach")
    key = (record, sha256)
    if key not in desk.board.values("attachment"):
        known = record in reports_to_get(desk.board)
        if known and any(made.sha256 == sha256 for made in removed_files(desk, record)):
            return
        raise NotThereError("there is no such file")
    puts: list[tuple[str, tuple[str, ...], dict[str, object] | None]] = [("attachment", key, None)]
    noted = desk.board.values("retrieval").get((record,), {})
    if len(files_of(desk.board, record)) == 1 and noted.get("status") == "retrieved":
        puts.append(("retrieval", (record,), None))
    desk.store.put_many(
        puts, actor=desk.person.id, act="remove a file", request_id=request_id or None
    )


def restore_file(desk: Desk, record: str, sha256: str, *, request_id: str = "") -> None:
    """Put a file back that was taken away from a report."""
    desk.permit("attach")
    key = (record, sha256)
    if key in desk.board.values("attachment"):
        return
    values = [
        entry.after for entry in desk.store.history("attachment", key) if entry.after is not None
    ]
    if not values or not place_of(desk, sha256).is_file():
        raise NotThereError("there is no such file to be put back")
    desk.store.put_many(
        [("attachment", key, dict(values[-1])), *retrieved_put(desk, record)],
        actor=desk.person.id, act="put a file back", request_id=request_id or None,
    )  # fmt: skip


def describe_file(
    desk: Desk,
    record: str,
    sha256: str,
    *,
    licence: str = "",
    source: str = "",
    note: str = "",
    version: int | None = None,
    request_id: str = "",
) -> None:
    """Say under which licence a file stands, where it comes from, and what it is.

    Raises
    ------
    VersionConflict
        Somebody said something else in the meantime.
    """
    desk.permit("attach")
    key = (record, sha256)
    value = desk.board.values("attachment").get(key)
    if value is None:
        raise NotThereError("there is no such file")
    said = {"licence": licence, "source": source, "note": note}
    kept = {**value, **{name: text.strip()[:TEXT_LENGTH] for name, text in said.items()}}
    try:
        desk.store.put(
            "attachment", key, kept, actor=desk.person.id, act="describe a file",
            expected_version=version, request_id=request_id or None,
        )  # fmt: skip
    except RequestReusedError:
        entries = desk.store.history("attachment", key)
        if not any(entry.request == request_id for entry in entries):
            raise
