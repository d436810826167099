"""The folder of things built: written beside, swapped in whole, and known again by its manifest.

A folder that Evisynth builds holds ``manifest.json``: the fingerprint of the inputs, the version
that built it, and the SHA-256 of every file. By it a later run knows that the folder is its own to
replace, and a check sees what was edited by hand.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from evisynth import __version__
from evisynth.errors import InputError, Problem

__all__ = [
    "MANIFEST",
    "Manifest",
    "building",
    "changed_files",
    "locked",
    "read_manifest",
    "refuse_foreign",
]

MANIFEST = "manifest.json"

FORMAT = 1
"""Version of the manifest's form."""

LEFT_BY_OTHERS = (".DS_Store", "Thumbs.db", "desktop.ini")
"""Files that desktops leave in any folder; they are no reason to refuse it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a built folder says of itself.

    Attributes
    ----------
    inputs : str
        Fingerprint of the inputs that it was built from.
    version : str
        Version of Evisynth that built it.
    files : dict of str to str
        SHA-256 by path within the folder, without the manifest itself.
    """

    inputs: str
    version: str
    files: dict[str, str]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> list[str]:
    """Paths of all files in a folder, in a stable order, without what desktops leave."""
    found = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    names = (
        path.relative_to(folder).as_posix()
        for path in found
        # ~$ and .~lock. are what Word and LibreOffice leave while a document is open
        if path.name not in LEFT_BY_OTHERS and not path.name.startswith(("~$", ".~lock."))
    )
    return sorted(names)


def read_manifest(out: Path) -> Manifest | None:
    """Read the manifest of a built folder; None where there is none that can be understood."""
    try:
        content = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        files = content["files"]
        if content["made_by"] != "evisynth" or not isinstance(files, dict):
            return None
        return Manifest(
            inputs=str(content["inputs"]),
            version=str(content["version"]),
            files={str(name): str(digest) for name, digest in files.items()},
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_manifest(folder: Path, inputs: str) -> None:
    content = {
        "made_by": "evisynth",
        "format": FORMAT,
        "version": __version__,
        "inputs": inputs,
        "files": {name: _digest(folder / name) for name in _files(folder)},
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8", newline="\n")


def changed_files(out: Path, manifest: Manifest) -> tuple[list[str], list[str], list[str]]:
    """Compare a built folder with its manifest.

    Returns
    -------
    tuple of three lists of str
        Files edited, files missing, files that Evisynth did not write.
    """
    present = [name for name in _files(out) if name != MANIFEST]
    edited = [
        name
        for name in present
        if name in manifest.files and _digest(out / name) != manifest.files[name]
    ]
    missing = [name for name in manifest.files if name not in present]
    foreign = [name for name in present if name not in manifest.files]
    return edited, missing, foreign


def refuse_foreign(out: Path, shown: str) -> None:
    """Refuse a folder that holds what Evisynth did not write.

    Parameters
    ----------
    out
        Folder that is to be replaced.
    shown
        Its name in the message.

    Raises
    ------
    InputError
        When it is no folder, has no manifest of ours, or holds files that it does not name.
    """
    way_out = "Nothing was changed. Move those files elsewhere, or build into another folder."
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        kind = "a link" if out.is_symlink() else "a file"
        raise InputError(
            Problem(shown, "", f"is {kind}, not a folder that Evisynth built", (), way_out)
        )
    if not out.exists():
        return
    names = _files(out)
    if not names:
        return
    manifest = read_manifest(out)
    known = manifest.files if manifest else {}
    foreign = [name for name in names if name != MANIFEST and name not in known]
    if manifest is None or foreign:
        some = ", ".join((foreign or names)[:5]) + (" ..." if len(foreign or names) > 5 else "")
        raise InputError(
            Problem(
                shown,
                "",
                f"holds files that Evisynth did not write ({some}); building would replace them",
                (),
                way_out,
            )
        )


def _replace(built: Path, out: Path, aside: Path) -> None:
    """Put a built folder in the place of the old one; the old one stays when that fails."""
    shutil.rmtree(aside, ignore_errors=True)
    if out.exists():
        out.rename(aside)
    try:
        built.rename(out)
    except OSError:
        if aside.exists():
            aside.rename(out)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _not_writable(folder: Path, error: OSError) -> InputError:
    return InputError(
        Problem(
            str(folder),
            "",
            f"cannot be written to ({error.strerror or error})",
            (),
            "Give yourself the right to write there, or copy the folder to a place of your own.",
        )
    )


@contextmanager
def building(out: Path, *, inputs: str, work: Path | None = None) -> Iterator[Path]:
    """Give an empty folder to build in; swap it in for ``out`` when the block ends without error.

    Parameters
    ----------
    out
        Folder to build. What it holds stays untouched until all is built.
    inputs
        Fingerprint of the inputs, for the manifest.
    work
        Folder, on the same disk as ``out``, for things in the making; by default the one around
        ``out``. With it, what a killed run left there is put right first.

    Yields
    ------
    Path
        Folder to write into.

    Raises
    ------
    InputError
        When ``out`` is not ours to replace, or the place cannot be written to.
    """
    place = work if work is not None else out.parent
    prefix = f".{out.name}-building-" if work is None else f"{out.name}-building-"
    try:
        place.mkdir(parents=True, exist_ok=True)
        aside = place / f"{prefix}old"
        if work is not None:
            if aside.exists() and not out.exists():
                aside.rename(out)
            for left in work.glob(f"{prefix}*"):
                shutil.rmtree(left, ignore_errors=True)
        refuse_foreign(out, out.name)
        built = place / f"{prefix}{secrets.token_hex(4)}"
        built.mkdir()
    except OSError as error:
        raise _not_writable(place, error) from error
    try:
        yield built
        _write_manifest(built, inputs)
        refuse_foreign(out, out.name)
        try:
            _replace(built, out, aside if work is not None else Path(f"{built}-old"))
        except OSError as error:
            raise _not_writable(out, error) from error
    finally:
        shutil.rmtree(built, ignore_errors=True)


@contextmanager
def locked(folder: Path, shown: str) -> Iterator[None]:
    """Hold the lock of a folder's work; the system frees it when the process ends, however it ends.

    Parameters
    ----------
    folder
        Folder for the lock file; made when it is not there.
    shown
        Name of the lock file in the message.

    Raises
    ------
    InputError
        When another process holds it, or the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "run.lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise _not_writable(folder, error) from error
    with file:
        try:
            _take(file.fileno())
        except OSError as error:
            file.seek(0)
            holder = file.read().strip()
            raise InputError(
                Problem(
                    shown,
                    "",
                    f"another run is at work in this folder{f' ({holder})' if holder else ''}",
                    (),
                    "Wait until it has ended; nothing was changed.",
                )
            ) from error
        try:
            file.truncate(0)
            file.write(f"process {os.getpid()}")
            file.flush()
            yield
        finally:
            with suppress(OSError):
                file.truncate(0)
            _free(file.fileno())


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # locks a byte that no text reaches, so that the holder's name can be read

    def _take(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _free(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _free(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
