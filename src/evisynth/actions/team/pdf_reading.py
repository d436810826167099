"""What a PDF holds, read in a process of its own so that a hostile file harms nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PdfFacts", "is_pdf", "read_pdf"]

WORKER = Path(__file__).with_name("pdf_worker.py")
SECONDS = 25.0
HEAD = 1024
"""Bytes among which a PDF says that it is one."""


@dataclass(frozen=True, slots=True)
class PdfFacts:
    """What was found.

    Attributes
    ----------
    pages : int
        How many.
    texts : tuple of str
        Text of the first pages; empty for a scan.
    problem : {"", "password", "damaged"}
        Why it cannot be read.
    """

    pages: int = 0
    texts: tuple[str, ...] = ()
    problem: str = ""


def is_pdf(head: bytes) -> bool:
    r"""Tell by its first bytes whether a file is a PDF, whatever it is called.

    Examples
    --------
    >>> is_pdf(b"%PDF-1.7\n..."), is_pdf(b"<!doctype html>")
    (True, False)
    """
    start = head[:HEAD].lstrip(b"\xef\xbb\xbf\x00\t\n\x0c\r ")
    return start.startswith(b"%PDF-")


def read_pdf(path: Path, *, seconds: float = SECONDS) -> PdfFacts:
    """Read a PDF's number of pages and the text of its first ones.

    Parameters
    ----------
    path
        The file.
    seconds
        How long it may take; a file that takes longer counts as damaged.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own program, and a path that we made
            [sys.executable, "-P", str(WORKER), str(path)],
            capture_output=True,
            timeout=seconds,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        found = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError):
        return PdfFacts(problem="damaged")
    return PdfFacts(
        int(found.get("pages", 0)),
        tuple(str(text) for text in found.get("texts", ())),
        str(found.get("problem", "")),
    )
