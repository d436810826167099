"""Work in the background of a review: how far it is, what it says, and stopping it.

Each job has a folder under ``.evisynth/jobs`` with one small file that says how it stands, so that
every process that serves the review tells the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, today
from evisynth.errors import EvisynthError, InputError

__all__ = [
    "Job", "StoppedError", "Teller", "job_at", "job_place", "jobs_of", "note_job", "read_job",
    "start_job", "stop_job", "wait_for_jobs",
]  # fmt: skip

LOG = logging.getLogger(__name__)
PLACE = ".evisynth/jobs"
STATE, STOP = "job.json", "stop"
SILENT = 120
"""Seconds without a sign of life after which a job counts as broken off."""

PULSE = 20
"""Seconds between two signs of life."""

KEPT = 20
"""Jobs of a kind that are kept; older ones are removed when a new one starts."""

LINES = 200
"""Lines of a job's log that are kept."""

Teller = Callable[[str, int, int], None]
"""Told what is being done and how far it is; raises `StoppedError` where the job is to stop."""

_threads: list[threading.Thread] = []
_guard = threading.Lock()


class StoppedError(EvisynthError):
    """Somebody stopped the job."""


@dataclass(frozen=True, slots=True)
class Job:
    """How work in the background stands.

    Attributes
    ----------
    id, kind : str
        Its name, and what work it is.
    person, at : str
        Who started it, and when (UTC).
    status : str
        ``"running"``, ``"done"``, ``"failed"`` or ``"stopped"``.
    words, done, total
        What is being done, and how far.
    log : tuple of str
        What was done so far, a line a step.
    messages : tuple of str
        What a person should know: warnings, or why it failed with the way out.
    ended : str
        When it ended; ``""`` while it runs.
    result : dict
        What came of it, by the kind of the job.
    """

    id: str
    kind: str
    person: str
    at: str
    status: str = "running"
    words: str = ""
    done: int = 0
    total: int = 0
    log: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    ended: str = ""
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether it is at work."""
        return self.status == "running"

    @property
    def percent(self) -> int:
        """How far it is, of a hundred."""
        return min(100, 100 * self.done // self.total) if self.total > 0 else 0


def job_place(desk: Desk, kind: str, ident: str = "") -> Path:
    """Return the folder of a job, or of all jobs of a kind."""
    root = desk.folder / PLACE / kind
    return root / ident if ident else root


def read_job(place: Path) -> Job | None:
    """Return how the job of a folder stands; None where there is none."""
    path = place / STATE
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        stamp = path.stat().st_mtime
    except (OSError, ValueError):
        return None
    kept["log"], kept["messages"] = tuple(kept["log"]), tuple(kept["messages"])
    job = Job(**kept)
    if job.running and time.time() - stamp > SILENT:
        broken = "The work broke off (the server was stopped, or ran out of memory). Start it again"
        return replace(job, status="failed", messages=(broken,))
    return job


def write_job(place: Path, job: Job) -> None:
    """Put how a job stands in the place of what was said before."""
    new = place / f".job-{secrets.token_hex(4)}"
    new.write_text(json.dumps(asdict(job)), encoding="utf-8")
    new.replace(place / STATE)


def note_job(place: Path, words: str, done: int, total: int) -> None:
    """Say what a job is doing; a new step is a line of its log.

    Raises
    ------
    StoppedError
        The job is to stop.
    """
    if (place / STOP).exists():
        raise StoppedError("stopped")
    job = read_job(place)
    if job is None:
        raise StoppedError("the job is not there any more")
    log = job.log if job.words == words else (*job.log, f"{today()} {words}")[-LINES:]
    write_job(place, replace(job, status="running", words=words, done=done, total=total, log=log))


def end_job(place: Path, status: str, messages: tuple[str, ...], result: Mapping[str, Any]) -> None:
    """Write down what came of a job."""
    job = read_job(place)
    if job is not None:
        made = replace(
            job, status=status, messages=messages, result=dict(result), ended=today(),
            log=(*job.log, f"{today()} {status}")[-LINES:],
        )  # fmt: skip
        write_job(place, made)


def jobs_of(desk: Desk, kind: str) -> tuple[Job, ...]:
    """Return the jobs of a kind, the newest first."""
    root = job_place(desk, kind)
    found = [read_job(place) for place in (root.iterdir() if root.is_dir() else ())]
    made = [job for job in found if job is not None]
    return tuple(sorted(made, key=lambda job: (job.at, job.id), reverse=True))


def job_at(desk: Desk, kind: str, ident: str) -> Job:
    """Return a job.

    Raises
    ------
    NotThereError
        There is none of this name.
    """
    job = None
    if re.fullmatch(r"[0-9a-f]{32}", ident):
        job = read_job(job_place(desk, kind, ident))
    if job is None:
        raise NotThereError("this work is not there any more; start it again")
    return job


def stop_job(desk: Desk, kind: str, ident: str) -> None:
    """Ask a job to stop; it does at its next step."""
    if job_at(desk, kind, ident).running:
        (job_place(desk, kind, ident) / STOP).touch()


def start_job(
    desk: Desk,
    kind: str,
    work: Callable[[Path, Teller], tuple[tuple[str, ...], Mapping[str, Any]]],
    *,
    request_id: str = "",
    about: Mapping[str, Any] | None = None,
    wait: bool = False,
) -> Job:
    """Start work in the background; the same request again gives the same job.

    Parameters
    ----------
    desk
        Who starts it.
    kind
        What work it is; of one kind only one is at work at a time.
    work
        Does it: given the job's folder and what to tell how far it is; returns messages and what
        came of it.
    request_id
        Of the request that starts it.
    about
        What is known of it from the start, shown as its result while it runs.
    wait
        Whether to do it now, while the person waits.

    Raises
    ------
    RefusedError
        Work of this kind is under way already.
    """
    given = f"{desk.person.id}\n{request_id or secrets.token_hex(16)}"
    ident = hashlib.sha256(given.encode()).hexdigest()[:32]
    place = job_place(desk, kind, ident)
    there = read_job(place)
    if there is not None:
        return there
    with _guard:
        busy = next((job for job in jobs_of(desk, kind) if job.running), None)
        if busy is not None and busy.id != ident:
            raise RefusedError("this work is under way already; wait for it, or stop it first")
        place.mkdir(parents=True, exist_ok=True)
        write_job(place, Job(ident, kind, desk.person.id, today(), result=dict(about or {})))
    for old in jobs_of(desk, kind)[KEPT:]:
        shutil.rmtree(job_place(desk, kind, old.id), ignore_errors=True)
    if wait:
        _run(desk, place, work)
    else:
        thread = threading.Thread(
            target=_run_apart, args=(desk, place, work), name=f"{kind}-{ident[:6]}", daemon=True
        )
        with _guard:
            _threads[:] = [each for each in _threads if each.is_alive()]
            _threads.append(thread)
        thread.start()
    return job_at(desk, kind, ident)


def wait_for_jobs(seconds: float = 60.0) -> bool:
    """Wait until the work that this process does in the background is done; False if it is not."""
    with _guard:
        there = list(_threads)
    for thread in there:
        thread.join(seconds)
    return not any(thread.is_alive() for thread in there)


def _run_apart(desk: Desk, place: Path, work: Callable[..., Any]) -> None:
    """Do a job in a thread of its own, with a connection of its own."""
    try:
        _run(desk, place, work)
    finally:
        desk.store.close()


def _run(desk: Desk, place: Path, work: Callable[..., Any]) -> None:
    def tell(words: str, done: int, total: int) -> None:
        note_job(place, words, done, total)

    ended = threading.Event()
    threading.Thread(target=_pulse, args=(place, ended), daemon=True).start()
    try:
        messages, result = work(place, tell)
        end_job(place, "done", tuple(messages), result)
    except StoppedError:
        end_job(place, "stopped", (), {})
    except InputError as error:
        end_job(place, "failed", tuple(str(each) for each in error.problems[:50]), {})
    except EvisynthError as error:
        end_job(place, "failed", (str(error),), {})
    except Exception:
        LOG.exception("%s of %s", place.parent.name, desk.store.name)
        end_job(place, "failed", ("The work failed; the server's log says why",), {})
    finally:
        ended.set()
        (place / STOP).unlink(missing_ok=True)


def _pulse(place: Path, ended: threading.Event) -> None:
    """Give signs of life while a job is at work, however long a step takes."""
    while not ended.wait(PULSE):
        with contextlib.suppress(OSError):
            os.utime(place / STATE)
