"""Between the database and the folder: freeze writes the text form, thaw reads it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evisynth.errors import InputError, Problem
from evisynth.review import (
    LOG_FILE,
    Cell,
    Change,
    Entry,
    ItemKey,
    Value,
    changes_between,
    file_digest,
    fold,
    folder_texts,
    input_files,
    kept_files,
    read_log,
    render_log,
    unknown_kinds,
    values_of,
)
from evisynth.storage import statements
from evisynth.storage.committing import Act, Put
from evisynth.storage.errors import Conflict, VersionConflict, refused
from evisynth.storage.store import Store

__all__ = ["EDITED", "FIRST_READ", "FreezeResult", "ThawResult", "freeze", "thaw"]

FIRST_READ = "read from the folder"
EDITED = "edited in the folder"
"""Acts of entries that were made from files."""

WORK = ".evisynth"
_MARK = f"{WORK}/frozen.json"
"""Fingerprints of the files as they were written or read last; by them an edit is seen."""


@dataclass(frozen=True, slots=True)
class FreezeResult:
    """What was written.

    Attributes
    ----------
    folder : Path
        The folder.
    written, removed, copied : tuple of str
        Files written anew, files that hold nothing any more, files taken over as they are.
    entries : int
        Entries in the history.
    """

    folder: Path
    written: tuple[str, ...]
    removed: tuple[str, ...]
    copied: tuple[str, ...]
    entries: int


@dataclass(frozen=True, slots=True)
class ThawResult:
    """What was read.

    Attributes
    ----------
    folder : Path
        The folder.
    entries : int
        Entries taken over from its history.
    changes : tuple of Change
        What was read from the files and is in no history: everything of a folder without one,
        else what was edited by hand.
    first : bool
        Whether the folder had no history.
    warnings : tuple of str
        What a person should look at.
    """

    folder: Path
    entries: int
    changes: tuple[Change, ...]
    first: bool
    warnings: tuple[str, ...] = ()


def freeze(store: Store, folder: Path | str, *, files: Path | str | None = None) -> FreezeResult:
    """Write the text form of a review into its folder: the same state gives the same bytes.

    Parameters
    ----------
    store
        The review.
    folder
        The folder; made when it is not there.
    files
        Folder with the files that are kept as they came (exports, PDFs), where it is another one.

    Raises
    ------
    InputError
        A file of the folder was edited and not read in, a kept file is missing or another, or the
        folder's history is not part of this one. Nothing was written then.
    """
    folder = Path(folder)
    with store.locked():
        entries = store.history()
        state = store.state()
    values = values_of(state)
    texts = folder_texts(values)
    kept = kept_files(values)
    if entries:
        texts[LOG_FILE] = render_log(entries).encode("utf-8")
    mark = _read_mark(folder)
    there = {name for name, _ in input_files(folder)} if folder.is_dir() else set()
    _check_history(folder, entries)
    _refuse_edited(folder, there, texts, kept, mark, entries)
    source = Path(files) if files is not None else folder
    to_copy = _check_kept(folder, source, kept)
    gone = sorted(there - texts.keys() - kept.keys())
    written = [name for name, data in texts.items() if not _is(folder / name, data)]
    # noted before and after: a freeze that is killed half-way is no edit by hand
    final = {name: [_digest(data)] for name, data in texts.items() if name != LOG_FILE}
    final |= {name: [digest] for name, digest in kept.items()}
    both = {name: sorted({*mark.get(name, ()), *final.get(name, ())}) for name in {*mark, *final}}
    _write_mark(folder, both)
    for name in to_copy:
        _copy(source / name, folder / name)
    for name in sorted(written, key=lambda name: (name == LOG_FILE, name)):
        _write(folder / name, texts[name])
    for name in gone:
        (folder / name).unlink()
    _write_mark(folder, final)
    return FreezeResult(folder, tuple(sorted(written)), tuple(gone), tuple(to_copy), len(entries))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _is(path: Path, data: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data


def _write(path: Path, data: bytes) -> None:
    """Put a file in the place of the one before, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        shutil.copyfile(source, new)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)


def _read_mark(folder: Path) -> dict[str, list[str]]:
    try:
        data = json.loads((folder / _MARK).read_text(encoding="utf-8"))
        return {str(name): [str(each) for each in digests] for name, digests in data.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _write_mark(folder: Path, mark: Mapping[str, Iterable[str]]) -> None:
    content = {name: list(digests) for name, digests in sorted(mark.items())}
    _write(folder / _MARK, (json.dumps(content, indent=0) + "\n").encode("utf-8"))


def _log_of(folder: Path) -> tuple[Entry, ...]:
    """Read and verify the history that a folder holds; empty where it has none."""
    path = folder / LOG_FILE
    if not path.is_file():
        return ()
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(Problem(LOG_FILE, "", f"is not UTF-8: {error.reason}")) from error
    entries = read_log(text)
    odd = unknown_kinds(entry.kind for entry in entries)
    if odd:
        raise InputError(
            Problem(
                LOG_FILE,
                "",
                f"holds entries of kinds that this version does not know: {', '.join(odd)}",
                hint="It was written by a newer Evisynth; install that version",
            )
        )
    return entries


def _check_history(folder: Path, entries: tuple[Entry, ...]) -> None:
    """Refuse a folder whose history is not the beginning of ours."""
    theirs = _log_of(folder)
    common = _common(theirs, entries)
    if common < len(theirs):
        ahead = common == len(entries)
        raise refused(
            LOG_FILE,
            f"the folder's history has {len(theirs) - common} entries that the database does not"
            f" have{'' if ahead else f'; they part after entry {common}'}",
            "Read the folder in first: evisynth thaw"
            if ahead
            else "Two copies were worked in; restore one of them from a backup, and take over the"
            " other's rows by hand",
            at=f"line {common + 1}",
        )


def _common(one: tuple[Entry, ...], two: tuple[Entry, ...]) -> int:
    """Count the entries that two histories begin with alike."""
    low, high = 0, min(len(one), len(two))
    while low < high:  # a chain: where the hashes agree, all before agrees
        middle = (low + high + 1) // 2
        if one[middle - 1].hash == two[middle - 1].hash:
            low = middle
        else:
            high = middle - 1
    return low


def _refuse_edited(
    folder: Path,
    there: set[str],
    texts: Mapping[str, bytes],
    kept: Mapping[str, str],
    mark: Mapping[str, list[str]],
    entries: tuple[Entry, ...],
) -> None:
    """Refuse to write over what a person edited in the folder and nobody read in."""
    edited = []
    for name in sorted(there):
        digest = file_digest(folder / name)
        new = _digest(texts[name]) if name in texts else kept.get(name)
        if digest != new and digest not in mark.get(name, ()):
            edited.append(name)
    if edited and not mark:
        # a fresh clone has no marks: what its own history gives is no edit
        theirs = _log_of(folder)
        before = values_of(fold(entries[: len(theirs)]))
        old = {name: _digest(data) for name, data in folder_texts(before).items()}
        old |= kept_files(before)
        edited = [name for name in edited if old.get(name) != file_digest(folder / name)]
    if edited:
        raise InputError(
            Problem(
                name,
                "",
                "was edited in the folder and is not in the database",
                hint="Read it in first: evisynth thaw",
            )
            for name in edited
        )


def _check_kept(folder: Path, source: Path, kept: Mapping[str, str]) -> list[str]:
    """Return the kept files that must be copied; all must be there and the same."""
    problems, to_copy = [], []
    for name, digest in kept.items():
        if (folder / name).is_file() and file_digest(folder / name) == digest:
            continue
        path = source / name
        if not path.is_file() or file_digest(path) != digest:
            what = "is another file than the history names" if path.is_file() else "is missing"
            problems.append(
                Problem(
                    name,
                    "",
                    f"{what} (SHA-256 {digest[:12]}...)",
                    hint=f"Put it back into {source}, or remove it there and `evisynth thaw`",
                )
            )
        elif path != folder / name:
            to_copy.append(name)
    if problems:
        raise InputError(problems)
    return to_copy


def thaw(folder: Path | str, store: Store, *, actor: str = "folder") -> ThawResult:
    """Read a folder into the database: its history, and what was edited in its files.

    Parameters
    ----------
    folder
        The folder.
    store
        The review; empty, or with a history of which the folder's is a part (or the other way
        round).
    actor
        Who stands in the history for what was edited.

    Raises
    ------
    InputError
        The history is broken (the message names the line), or a file cannot be read as what it is.
    VersionConflict
        A row was edited in the folder and in the database.
    """
    folder = Path(folder)
    if not (folder / "review.toml").is_file():
        raise refused(str(folder), "the folder has no review.toml", "Give the folder of a review")
    theirs = _log_of(folder)
    with store.locked():
        ours = store.history()
        common = _common(theirs, ours)
        if common < min(len(theirs), len(ours)):
            raise refused(
                LOG_FILE,
                f"the folder's history and the database's part after entry {common}",
                "Two copies were worked in; restore one of them, and take over the other's rows"
                " by hand",
                at=f"line {common + 1}",
            )
        new = theirs[common:]
        if new:
            _take_over(store, ours, new)
    base = values_of(fold(theirs))
    first = not theirs and not ours
    if not theirs and ours:
        base = _as_read(store)
    changes, warnings = changes_between(base, folder, whole=first)
    _apply(store, changes, actor, first=first)
    _mark_all(folder)
    return ThawResult(folder, len(new), changes, first, warnings)


def _as_read(store: Store) -> dict[tuple[str, ItemKey], Value]:
    """Return what a folder without a history gave when it was last read.

    It was read in before and never frozen; what it gave then is what those entries say.
    """
    return values_of(fold(entry for entry in store.history() if entry.act in (FIRST_READ, EDITED)))


def _take_over(store: Store, ours: tuple[Entry, ...], new: tuple[Entry, ...]) -> None:
    """Append entries of the folder to the database's history, inside its lock."""
    statements.insert_entries(store.alias, store.review, new)
    changed = {(entry.kind, entry.key) for entry in new}
    state = fold(new, fold(ours))
    items = [item for place, item in state.items() if place in changed]
    statements.upsert_items(store.alias, store.review, items)
    statements.set_head(store.alias, store.review, new[-1].head)


def _apply(store: Store, changes: tuple[Change, ...], actor: str, *, first: bool) -> None:
    """Write what was read from files; a row that was written in the database too is refused."""
    if first:
        # a list may name a key again: each line is an entry of its own
        every = tuple(Put(made.kind, made.key, _plain(made.after)) for made in changes)
        if every:
            store.commit(Act(every, actor, FIRST_READ))
        return
    puts: list[Put] = []
    conflicts: list[Conflict] = []
    with store.locked() as unit:
        unit.load([(change.kind, change.key) for change in changes])
        items = [unit.get(change.kind, change.key) for change in changes]
    for change, item in zip(changes, items, strict=True):
        if item.value == change.after:
            continue
        if item.value != change.before:
            conflicts.append(
                Conflict(
                    change.kind, change.key, change.before, change.after, item.value,
                    item.version, item.actor, item.at,
                )
            )  # fmt: skip
        puts.append(Put(change.kind, change.key, _plain(change.after), item.version))
    if conflicts:
        raise VersionConflict(conflicts)
    if puts:
        store.commit(Act(tuple(puts), actor, EDITED))


def _plain(value: Value | None) -> dict[str, Cell] | None:
    return None if value is None else dict(value)


def _mark_all(folder: Path) -> None:
    """Note the files as they were read."""
    mark = {name: [file_digest(path)] for name, path in input_files(folder)}
    _write_mark(folder, mark)
