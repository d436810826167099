"""The document built in the background on a frozen copy of the review.

The copy holds what everybody may know: decisions on records that lack others, and what single
people extracted, assessed, noted or tagged, are not in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from evisynth.actions.run import FORMATS
from evisynth.actions.team.board import Board
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError
from evisynth.actions.team.flow import live_flow
from evisynth.actions.team.jobs import (
    Job,
    StoppedError,
    Teller,
    job_at,
    job_place,
    jobs_of,
    start_job,
    stop_job,
)
from evisynth.errors import InputError, OptionError, Problem
from evisynth.review import LOG_FILE, ItemKey, Value, folder_texts, kept_files, values_of
from evisynth.screening import complete

__all__ = [
    "Build", "build_at", "build_file", "builds_of", "start_build", "stop_build",
]  # fmt: skip

JOB = "document"
OWN = frozenset(
    {"note", "tag", "extraction_value", "assessment_answer", "assessment_judgement", "finished",
     "assignment", "pilot", "lease", "setting", "unblinding"}
)  # fmt: skip
"""Kinds that are single people's, or say who works on what; the document has none of it."""

ASIDE = ("fulltext/", "notes/", "audit/", "out/")
"""Files that the document does not need."""

STAMPED = ("plan", "study", "assessment", "extraction_consensus", "text", "duplicate", "removal",
           "retrieval")  # fmt: skip
"""Kinds by whose values a document is known to be out of date; votes count by the flow diagram."""


@dataclass(frozen=True, slots=True)
class Build:
    """A document that was built, or is being built.

    Attributes
    ----------
    job : Job
        How it stands.
    formats : tuple of str
        Formats asked for.
    files : tuple of (name, bytes)
        What was built.
    stale : bool
        Whether the data changed since.
    title : str
        Of the review.
    analyses : tuple of (title, measure, studies, pooled effect)
        The results in a line each.
    """

    job: Job
    formats: tuple[str, ...]
    files: tuple[tuple[str, int], ...]
    stale: bool
    title: str = ""
    analyses: tuple[tuple[str, str, int, str], ...] = ()

    @property
    def ready(self) -> bool:
        """Whether it can be read."""
        return self.job.status == "done" and bool(self.files)


_stamps: dict[tuple[str, int], tuple[int, str]] = {}


def data_stamp(desk: Desk) -> str:
    """Return a fingerprint of what a document is made of, as everybody may know it."""
    board = desk.board
    place = (desk.store.alias, desk.store.review)
    kept = _stamps.get(place)
    if kept is not None and kept[0] == board.number:
        return kept[1]
    number = board.number
    digest = hashlib.sha256()
    for kind in STAMPED:
        for key, value in sorted(board.values(kind).items()):
            if kind == "text" and key[0].startswith(("records/", *ASIDE)):
                continue
            digest.update(repr((kind, key, sorted(value.items()))).encode())
    found = live_flow(desk)
    for box in found.diagram.boxes():
        lines = [(line.label, line.count) for line in box.details]
        digest.update(repr((box.name, box.count, lines)).encode())
    _stamps[place] = (number, digest.hexdigest())
    return _stamps[place][1]


def builds_of(desk: Desk) -> tuple[Build, ...]:
    """Return the documents that were built, the newest first.

    Raises
    ------
    PermissionDeniedError
        Somebody who may not run analyses.
    """
    desk.permit("run analysis")
    jobs = jobs_of(desk, JOB)
    stamp = data_stamp(desk) if jobs else ""
    return tuple(_build(desk, job, stamp) for job in jobs)


def build_at(desk: Desk, ident: str) -> Build:
    """Return one of them.

    Raises
    ------
    NotThereError
        There is none of this name.
    """
    desk.permit("run analysis")
    return _build(desk, job_at(desk, JOB, ident), data_stamp(desk))


def _build(desk: Desk, job: Job, stamp: str) -> Build:
    out = job_place(desk, JOB, job.id) / "out"
    files = [
        (path.relative_to(out).as_posix(), path.stat().st_size)
        for path in (sorted(out.rglob("*")) if job.status == "done" and out.is_dir() else ())
        if path.is_file()
    ]
    return Build(
        job=job,
        formats=tuple(str(each) for each in job.result.get("formats", ())),
        files=tuple(files),
        stale=job.status == "done" and job.result.get("stamp") != stamp,
        title=str(job.result.get("title", "")),
        analyses=tuple(
            (str(one), str(two), int(three), str(four))
            for one, two, three, four in job.result.get("analyses", ())
        ),
    )


def build_file(desk: Desk, ident: str, name: str) -> Path:
    """Return the path of a file that was built.

    Raises
    ------
    NotThereError
        The build has no such file.
    """
    made = build_at(desk, ident)
    if name not in {file for file, _ in made.files}:
        raise NotThereError(f"there is no file {name!r} in this document")
    return job_place(desk, JOB, ident) / "out" / name


def stop_build(desk: Desk, ident: str) -> None:
    """End a build; the documents before stay."""
    desk.permit("run analysis")
    stop_job(desk, JOB, ident)


def start_build(desk: Desk, formats: tuple[str, ...] = FORMATS, *, request_id: str = "") -> Build:
    """Build the document in the background, of the review as it stands now.

    Parameters
    ----------
    desk
        Who.
    formats
        Of the document: any of ``"html"``, ``"docx"``, ``"pdf"``.
    request_id
        The same request again gives the same build.

    Raises
    ------
    OptionError
        A format that is none.
    RefusedError
        No format, or a build is under way.
    """
    desk.permit("run analysis")
    for name in formats:
        if name not in FORMATS:
            raise OptionError("format", name, FORMATS)
    wanted = tuple(name for name in FORMATS if name in formats)
    if not wanted:
        raise RefusedError("choose at least one format")

    def work(place: Path, tell: Teller) -> tuple[tuple[str, ...], Mapping[str, Any]]:
        return _work(desk, place, tell, wanted)

    job = start_job(desk, JOB, work, request_id=request_id, about={"formats": wanted})
    return _build(desk, job, data_stamp(desk))


def _work(
    desk: Desk, place: Path, tell: Teller, formats: tuple[str, ...]
) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    tell("Freezing a copy", 0, 100)
    copy = place / "review"
    try:
        stamp = data_stamp(desk)
        number = frozen_copy(desk, copy)
        made = _run_child(place, tell, formats)
        if "problems" in made:
            raise InputError(Problem("", "", each) for each in made["problems"])
        built = made.get("built")
        if built is None:
            what = "The build ended without a result; its last words: "
            raise RefusedError(what + (made.get("last") or "none"))
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    result = {**built, "formats": formats, "stamp": stamp, "number": number}
    warnings = tuple(str(each) for each in result.pop("warnings"))
    return warnings, result


def frozen_copy(desk: Desk, target: Path) -> int:
    """Write what everybody may know of a review into a folder; return the last entry in it."""
    with desk.store.locked():
        state, head = desk.store.state(), desk.store.head()
    board = desk.board
    values = {
        place: value
        for place, value in values_of(state).items()
        if place[0] not in OWN and (place[0] != "vote" or _known_vote(board, place[1]))
    }
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name, data in folder_texts(values).items():
        if not name.startswith(ASIDE):
            _put(target / name, data)
    for name in _needed(values):
        source = desk.folder / name
        if not source.is_file():
            raise InputError(
                Problem(name, "", "is missing in the folder of the review", hint="Put it back")
            )
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target / name)
        except OSError:
            shutil.copyfile(source, target / name)
    # people work together here: rows that later acts overtook are told, and are no errors
    _put(target / LOG_FILE, b"")
    return head.number


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _needed(values: Mapping[tuple[str, ItemKey], Value]) -> list[str]:
    return [name for name in kept_files(values) if not name.startswith(ASIDE)]


def _known_vote(board: Board, key: ItemKey) -> bool:
    """Tell whether a decision is one that everybody may know of."""
    stage = board.stage(key[0])
    if stage is None:
        return False
    votes = board.votes(stage.name, key[1])
    asked = board.asked(stage.name, key[1])
    return complete(stage, votes, asked=asked, ignored=board.ignored)


def _run_child(place: Path, tell: Teller, formats: tuple[str, ...]) -> dict[str, Any]:
    """Build in a process of its own; tell how far it is, and end it when that is asked for."""
    command = [sys.executable, "-m", "evisynth.actions.build_child", str(place), *formats]
    with subprocess.Popen(  # noqa: S603 - our own module, arguments of ours
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    ) as child:
        lines: queue.Queue[str | None] = queue.Queue()
        words: list[str] = []
        readers = (
            threading.Thread(target=_read_lines, args=(child.stdout, lines), daemon=True),
            threading.Thread(target=_read_words, args=(child.stderr, words), daemon=True),
        )
        for reader in readers:
            reader.start()
        made: dict[str, Any] = {}
        last = ("Reading the review", 1, 100)
        try:
            while True:
                try:
                    line = lines.get(timeout=1.0)
                except queue.Empty:
                    tell(*last)
                    continue
                if line is None:
                    break
                said = _said(line)
                if "words" in said:
                    last = (str(said["words"]), int(said["done"]), int(said["total"]))
                    tell(*last)
                made |= {name: said[name] for name in ("built", "problems") if name in said}
        except StoppedError:
            _end(child)
            raise
        child.wait()
        readers[1].join(5)
    if words and "built" not in made and "problems" not in made:
        made["last"] = words[-1][:500]
    return made


def _said(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _read_lines(stream: IO[str] | None, lines: queue.Queue[str | None]) -> None:
    for line in stream or ():
        lines.put(line)
    lines.put(None)


def _read_words(stream: IO[str] | None, words: list[str]) -> None:
    for line in stream or ():
        if line.strip():
            words[:] = [*words[-20:], line.strip()]


def _end(child: subprocess.Popen[str]) -> None:
    """End a process and those that it started."""
    import signal

    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, sign)
        try:
            child.wait(5)
            return
        except subprocess.TimeoutExpired:
            continue
