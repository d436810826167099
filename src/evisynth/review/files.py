"""The files of a review folder: paths that stay inside, and the fingerprint of all inputs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from evisynth.errors import Problem

__all__ = ["fingerprint", "input_files", "path_inside"]

_BUILT = ("out", "out-protocol", "export", ".evisynth", "audit")
"""Folders that are made from the inputs, and the history of how they came to be."""

_FULL_TEXT = re.compile(r"fulltext/[0-9a-f]{64}\.pdf")
"""Reports that people uploaded: their fingerprints stand in ``fulltext/attachments.csv``; they are
kept out of git and of what is published, so that a review is the same with and without them."""


def path_inside(
    folder: Path, written: str, *, where: str, at: str, problems: list[Problem]
) -> Path | None:
    """Return the path of a file that the plan names; it must lie in the review folder.

    Parameters
    ----------
    folder
        The review folder.
    written
        Path as written, relative to the folder, with forward slashes.
    where, at
        Where it is written, for messages.
    problems
        A path that leaves the folder, or a file that is not there, is appended here.

    Returns
    -------
    Path or None
        None when there was a problem.
    """
    inside = (folder / written).resolve()
    # On every system: a backslash or a drive would mean another file elsewhere.
    if (
        Path(written).is_absolute()
        or "\\" in written
        or ":" in written
        or not inside.is_relative_to(folder.resolve())
    ):
        problems.append(
            Problem(
                where,
                at,
                f"the path {written!r} leaves the review folder",
                hint="Put the file into the folder and write its path relative to it, with /",
            )
        )
        return None
    path = folder / written
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "there is no such file"
        have = sorted(
            other.relative_to(folder).as_posix()
            for other in (path.parent.iterdir() if path.parent.is_dir() else ())
            if other.is_file() and not other.name.startswith(".")
        )
        problems.append(
            Problem(
                where,
                at,
                f"{written!r}: {what}",
                hint=f"In that folder are: {', '.join(have)}"
                if have
                else "Add it or correct the path",
            )
        )
        return None
    return path


def input_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every input file with its path relative to the folder, in the order of the paths.

    What is built (``out/``, ``export/``), the embedded database, hidden files and uploaded reports
    (``fulltext/<sha256>.pdf``) are no inputs.
    """
    found = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file()
        and path.relative_to(folder).parts[0] not in _BUILT
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
    for name in sorted(found):
        if not _FULL_TEXT.fullmatch(name):
            yield name, found[name]


def fingerprint(folder: Path) -> str:
    """Compute the SHA-256 over names and bytes of all input files.

    Each file counts with its name, its length and its bytes, so that moving a byte from one file to
    the next changes the sum.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     _ = (Path(name) / "a.txt").write_text("x")
    ...     fingerprint(Path(name))[:8]
    '40a8cf65'
    """
    total = hashlib.sha256()
    for name, path in input_files(folder):
        data = path.read_bytes()
        total.update(f"{name}\0{len(data)}\0".encode())
        total.update(data)
    return total.hexdigest()
