"""Files given at once: checked by their content, matched with their reports, attached."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from evisynth.actions.team.attachments import FOLDER_NOTE, TEXT_LENGTH, place_of
from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.actions.team.pdf_reading import HEAD, is_pdf, read_pdf
from evisynth.actions.team.retrieval import reports_to_get, retrieved_put
from evisynth.storage import list_records
from evisynth.studies import KnownReport, match_report

__all__ = [
    "FILE_LIMIT",
    "MOST_FILES",
    "Upload",
    "UploadLine",
    "attach_bytes",
    "check_sought",
    "choose_report",
    "drop_waiting",
    "take_files",
    "upload_of",
]

FILE_LIMIT = 60 * 1024**2
"""Bytes of one report."""

MOST_FILES = 100
PLACE = ".evisynth/reports"
KEPT = 24 * 3600.0
NAME_LENGTH = 150
TYPE = "application/pdf"


@dataclass(frozen=True, slots=True)
class UploadLine:
    """What became of one file of an upload.

    Attributes
    ----------
    number : int
        Place in the upload, from 1.
    name, size, sha256 : str, int, str
        Of the file.
    status : {"attached", "already", "choose", "refused", "dropped"}
        Attached to ``record``; there already; waiting for a person's choice; refused for ``why``;
        not wanted.
    record, by : str
        The report, and what said so.
    why : str
        Why it was refused: ``"no PDF"``, ``"too large"``, ``"password"``, ``"damaged"``,
        ``"empty"``.
    candidates : tuple of str
        Reports that it may be, the likeliest first.
    pages : int
        How many it has.
    """

    number: int
    name: str
    size: int
    sha256: str = ""
    status: str = "choose"
    record: str = ""
    by: str = ""
    why: str = ""
    candidates: tuple[str, ...] = ()
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Upload:
    """Files that somebody gave at once."""

    token: str
    lines: tuple[UploadLine, ...]


def _clean_name(name: str) -> str:
    """Return the name of a file without places and signs that nobody can read."""
    last = re.split(r"[/\\]", name)[-1]
    plain = " ".join(re.sub(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", "", last).split())
    stem = plain.encode()[:NAME_LENGTH].decode("utf-8", "ignore").strip(". ")
    return stem if stem.casefold() not in ("", "pdf") else "report.pdf"


def _sized(chunks: Iterable[bytes], target: Path) -> tuple[int, str]:
    """Write a file and return its size and fingerprint; stop once it is too large."""
    total, digest = 0, hashlib.sha256()
    with target.open("wb") as out:
        for chunk in chunks:
            total += len(chunk)
            if total > FILE_LIMIT:
                break
            digest.update(chunk)
            out.write(chunk)
    return total, digest.hexdigest()


def _refusal(path: Path, size: int) -> str:
    if size > FILE_LIMIT:
        return "too large"
    if not size:
        return "empty"
    with path.open("rb") as opened:
        return "" if is_pdf(opened.read(HEAD)) else "no PDF"


def _root(desk: Desk) -> Path:
    return desk.folder / PLACE


def _drop_old(desk: Desk) -> None:
    root = _root(desk)
    for place in root.iterdir() if root.is_dir() else ():
        if time.time() - place.stat().st_mtime > KEPT:
            shutil.rmtree(place, ignore_errors=True)


def _keep(place: Path, person: str, lines: Sequence[UploadLine]) -> None:
    about = {"person": person, "lines": [asdict(line) for line in lines]}
    new = place / f".{secrets.token_hex(4)}"
    new.write_text(json.dumps(about), encoding="utf-8")
    new.replace(place / "upload.json")


def take_files(
    desk: Desk,
    files: Sequence[tuple[str, Iterable[bytes]]],
    *,
    record: str = "",
    source: str = "",
    licence: str = "",
    request_id: str = "",
) -> Upload:
    """Take reports in: each is checked by its content and attached where it is known which it is.

    Parameters
    ----------
    desk
        Who gives them.
    files
        Name and content of each.
    record
        The report that they are of; without it they are matched, and what stays unsure waits.
    source, licence
        Where they come from, and under which licence.
    request_id
        The same upload again changes nothing.

    Raises
    ------
    RefusedError
        No file, or too many.
    NotThereError
        The report is not sought.
    """
    desk.permit("attach")
    _drop_old(desk)
    if not files:
        raise RefusedError("no file is given")
    if len(files) > MOST_FILES:
        raise RefusedError(f"{len(files)} files are too many at once; give up to {MOST_FILES}")
    if record:
        check_sought(desk, record)
    token = secrets.token_hex(16)
    if request_id:
        token = hashlib.sha256(f"{desk.person.id}\0{request_id}".encode()).hexdigest()[:32]
        if (_root(desk) / token / "upload.json").is_file():
            return upload_of(desk, token)
    place = _root(desk) / token
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    said = {"source": source.strip()[:TEXT_LENGTH], "licence": licence.strip()[:TEXT_LENGTH]}
    known = () if record else _known(desk)
    lines: list[UploadLine] = []
    try:
        for number, (name, chunks) in enumerate(files, 1):
            path = place / f"{number:03d}.pdf"
            line = _look(path, number, name, chunks)
            if line.status == "choose":
                line = _match(desk, path, line, record, known)
            if line.record and line.status == "choose":
                line = _attach(desk, path, line, said)
            if line.status != "choose":
                path.unlink(missing_ok=True)
            lines.append(line)
        _keep(place, desk.person.id, lines)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return Upload(token, tuple(lines))


def _look(path: Path, number: int, name: str, chunks: Iterable[bytes]) -> UploadLine:
    """Write one file down and say whether it is a report."""
    size, digest = _sized(chunks, path)
    line = UploadLine(number, _clean_name(name), size, digest)
    why = _refusal(path, size)
    return replace(line, status="refused", why=why) if why else line


def _match(
    desk: Desk, path: Path, line: UploadLine, record: str, known: Sequence[KnownReport]
) -> UploadLine:
    """Say which report a file is, where that is sure."""
    there = _owners(desk.board, line.sha256)
    if there and record in ("", *there):
        return replace(line, status="already", record=record or there[0])
    facts = read_pdf(path)
    if facts.problem:
        return replace(line, status="refused", why=facts.problem)
    line = replace(line, pages=facts.pages)
    if record:
        return replace(line, record=record, by="chosen")
    found = match_report(line.name, facts.texts, known)
    return replace(line, record=found.record, by=found.by, candidates=found.candidates)


def _owners(board: Board, sha256: str) -> list[str]:
    return sorted(key[0] for key in board.values("attachment") if key[1] == sha256)


def _known(desk: Desk) -> tuple[KnownReport, ...]:
    ids = reports_to_get(desk.board)
    lines = list_records(desk.store, ids=ids, size=max(len(ids), 1)).lines if ids else ()
    return tuple(KnownReport(line.id, line.title, line.doi, line.year) for line in lines)


def check_sought(desk: Desk, record: str) -> None:
    """Refuse a record whose report nobody seeks."""
    if record not in reports_to_get(desk.board):
        raise NotThereError(f"{record!r} is not included at title and abstract (yet)")


def _store_file(desk: Desk, source: Path, sha256: str) -> None:
    """Put a file in its place under its fingerprint, whole or not at all."""
    target = place_of(desk, sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    hidden = target.parent / ".gitignore"
    if not hidden.exists():
        hidden.write_text(FOLDER_NOTE, encoding="utf-8")
    if target.is_file():
        return
    new = target.with_name(f".{sha256[:16]}.{secrets.token_hex(4)}")
    try:
        shutil.copyfile(source, new)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)


def _attach(desk: Desk, path: Path, line: UploadLine, said: dict[str, str]) -> UploadLine:
    """Attach a file that was checked to its report; the report counts as retrieved then."""
    key = (line.record, line.sha256)
    if key in desk.board.values("attachment"):
        return replace(line, status="already")
    _store_file(desk, path, line.sha256)
    value: dict[str, object] = {
        "name": line.name, "size": line.size, "type": TYPE, "person": desk.person.id,
        "date": today(), **said,
    }  # fmt: skip
    desk.store.put_many(
        [("attachment", key, value), *retrieved_put(desk, line.record)],
        actor=desk.person.id, act="attach a file",
    )  # fmt: skip
    return replace(line, status="attached")


def attach_bytes(
    desk: Desk, record: str, name: str, content: bytes, *, source: str = "", licence: str = ""
) -> UploadLine:
    """Attach one file to a report, as an open-access copy that was fetched."""
    made = take_files(desk, [(name, [content])], record=record, source=source, licence=licence)
    return made.lines[0]


def upload_of(desk: Desk, token: str) -> Upload:
    """Return what became of an upload of this person; `NotThereError` for any other."""
    desk.permit("attach")
    gone = NotThereError("this upload is not there any more; give the files again")
    if not re.fullmatch(r"[0-9a-f]{32}", token):
        raise gone
    try:
        about = json.loads((_root(desk) / token / "upload.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise gone from error
    if about.get("person") != desk.person.id:
        raise gone
    lines = [
        UploadLine(**{**line, "candidates": tuple(line["candidates"])}) for line in about["lines"]
    ]
    return Upload(token, tuple(lines))


def _waiting(desk: Desk, token: str, number: int) -> tuple[Upload, UploadLine]:
    made = upload_of(desk, token)
    for line in made.lines:
        if line.number == number:
            return made, line
    raise NotThereError("there is no such file in this upload")


def _changed(desk: Desk, made: Upload, line: UploadLine) -> Upload:
    lines = tuple(line if each.number == line.number else each for each in made.lines)
    place = _root(desk) / made.token
    if line.status != "choose":
        (place / f"{line.number:03d}.pdf").unlink(missing_ok=True)
    _keep(place, desk.person.id, lines)
    return Upload(made.token, lines)


def choose_report(desk: Desk, token: str, number: int, record: str) -> Upload:
    """Say which report a file is that could not be matched; said again, nothing changes.

    Raises
    ------
    NotThereError
        No such file, or a report that nobody seeks.
    RefusedError
        The file was dealt with otherwise.
    """
    made, line = _waiting(desk, token, number)
    if line.status in ("attached", "already") and line.record == record:
        return made
    if line.status != "choose":
        raise RefusedError(f"{line.name!r} does not wait for a choice any more")
    check_sought(desk, record)
    path = _root(desk) / token / f"{number:03d}.pdf"
    done = _attach(desk, path, replace(line, record=record, by="chosen"), {})
    return _changed(desk, made, done)


def drop_waiting(desk: Desk, token: str, number: int) -> Upload:
    """Throw away a file that waits for a choice."""
    made, line = _waiting(desk, token, number)
    if line.status != "choose":
        return made
    return _changed(desk, made, replace(line, status="dropped"))
