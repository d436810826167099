"""What services answered, kept page by page, so that a run that broke off goes on where it was.

A journal is a folder: ``pages.jsonl`` with a line for the run and a line for each page, and the
pages as they came. A question that was answered is answered from the folder; the program that asks
runs anew from its beginning and asks the same questions.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evisynth.connectors.client import Client
from evisynth.connectors.requests import Answer, Request
from evisynth.errors import InputError, Problem

__all__ = ["Journal", "Page", "write_file"]

PAGES = "pages.jsonl"
_KEPT = ("content-type", "x-api-pool")


@dataclass(frozen=True, slots=True)
class Page:
    """One answer that was kept: number, label, file, question, time, size and hash."""

    number: int
    label: str
    file: str
    key: str
    url: str
    time: str
    status: int
    bytes: int
    sha256: str
    headers: Mapping[str, str]


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


class Journal:
    """The answers of one run, in a folder.

    Parameters
    ----------
    folder
        Where they are kept; made when the first answer comes.
    run
        What the run is (connector, query ...): a folder of another run is refused.
    client
        Asks what is not here yet.

    Attributes
    ----------
    left : int
        How many pages an earlier run had left.
    started : str
        When the first run began, UTC.

    Raises
    ------
    InputError
        The folder is of another run, or a page in it was changed.
    """

    def __init__(self, folder: Path, run: Mapping[str, Any], client: Client) -> None:
        self.folder = folder
        self.client = client
        self.started = client.moment()
        self._run = dict(run)
        self._pages: dict[str, Page] = {}
        self.left = 0
        self._open()

    @property
    def pages(self) -> tuple[Page, ...]:
        """Every page kept, in the order in which they came."""
        return tuple(self._pages.values())

    def _open(self) -> None:
        path = self.folder / PAGES
        if not path.is_file():
            return
        lines = path.read_text(encoding="utf-8").split("\n")
        head = _line(lines[0])
        if head is None or head.get("run") != self._run:
            raise InputError(
                Problem(
                    str(path),
                    "line 1",
                    "these are the pages of another search, or of another version",
                    hint="Give --restart to throw them away and begin anew",
                )
            )
        self.started = str(head.get("started", self.started))
        whole = [lines[0]]
        for text in lines[1:]:
            entry = _line(text)
            if entry is None:
                continue  # the line that was being written when the run broke off
            page = Page(**entry)
            self._check(page)
            self._pages[page.key] = page
            whole.append(text)
        self.left = len(self._pages)
        write_file(path, ("\n".join(whole) + "\n").encode())

    def _check(self, page: Page) -> None:
        try:
            digest = hashlib.sha256((self.folder / page.file).read_bytes()).hexdigest()
        except OSError:
            digest = ""
        if digest != page.sha256:
            what = "was changed since it came" if digest else "is not there"
            raise InputError(
                Problem(
                    str(self.folder / page.file),
                    "",
                    f"this page of an answer {what}",
                    hint="Give --restart to fetch everything anew",
                )
            )

    def body(self, page: Page) -> bytes:
        """Return a page as it came."""
        return (self.folder / page.file).read_bytes()

    def ask(
        self, request: Request, label: str, *, refuse: Callable[[Answer], None] | None = None
    ) -> Answer:
        """Answer from the folder, or ask the service and keep what it says.

        Parameters
        ----------
        request
            The question.
        label
            What the page is, in the name of its file.
        refuse
            Raises an error for an answer that is none; such an answer is not kept.
        """
        page = self._pages.get(request.key)
        if page is not None:
            return Answer(
                page.status, page.headers, self.body(page), page.url, page.time, kept=True
            )
        answer = self.client.send(request)
        if refuse is not None:
            refuse(answer)
        self._keep(request, answer, label)
        return answer

    def _keep(self, request: Request, answer: Answer, label: str) -> None:
        path = self.folder / PAGES
        if not self._pages:
            head = json.dumps({"run": self._run, "started": self.started}, ensure_ascii=False)
            write_file(path, f"{head}\n".encode())
        number = len(self._pages) + 1
        ending = "json" if request.expect == "json" else "xml"
        page = Page(
            number=number,
            label=label,
            file=f"{number:05d}-{label}.{ending}",
            key=request.key,
            url=request.shown,
            time=answer.time,
            status=answer.status,
            bytes=len(answer.body),
            sha256=hashlib.sha256(answer.body).hexdigest(),
            headers={
                name: value
                for name, value in answer.headers.items()
                if name in _KEPT or name.startswith(("x-rate", "x-els-"))
            },
        )
        write_file(self.folder / page.file, answer.body)
        text = json.dumps({name: getattr(page, name) for name in Page.__slots__})
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        self._pages[page.key] = page

    def __iter__(self) -> Iterator[Page]:
        return iter(self.pages)


def _line(text: str) -> dict[str, Any] | None:
    """Read a line; None if it was not written to its end."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
