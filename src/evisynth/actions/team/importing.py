"""Exports that a person uploads: kept apart, looked into, then taken into the review or not."""

from __future__ import annotations

import csv
import hashlib
import json
import logging
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evisynth.actions.import_records import ImportOptions, import_records
from evisynth.actions.store import worked_in_folder
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError
from evisynth.errors import EvisynthError, InputError, Problem
from evisynth.records import Record, RecordProblem, read_records
from evisynth.storage import record_ids

__all__ = [
    "FilePreview",
    "ImportJob",
    "ImportPreview",
    "drop_upload",
    "import_job",
    "preview_import",
    "repair_of",
    "start_import",
    "upload_exports",
]

LOG = logging.getLogger(__name__)
PLACE = ".evisynth/uploads"
FILE_LIMIT = 200 * 1024 * 1024
"""Bytes of all files of an upload."""

MOST_FILES = 40
AT_ONCE = 5000
"""Records up to which an import is done while its person waits."""

KEPT = 24 * 3600
"""Seconds for which an upload that was not taken in is kept."""

SILENT = 900
"""Seconds without a word after which work in the background counts as broken off."""

SHOWN_PROBLEMS = 200
FIELDS = ("authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid", "url",
          "abstract", "keywords", "language", "type", "registry_ids", "issns")  # fmt: skip


@dataclass(frozen=True, slots=True)
class FilePreview:
    """What is in an uploaded file.

    Attributes
    ----------
    name, size
        As it came, and its bytes.
    format, dialect, encoding : str
        What it was found to be; empty where it cannot be read.
    entries, records : int
        Entries of the file, and those that are records.
    problems : tuple of Problem
        The first of them, with lines and repairs; `more` counts the rest.
    fields : dict of str to int
        How many records have a field.
    first : tuple of Record
        The first five.
    header : tuple of str
        Columns of a table of text.
    refused : tuple of Problem
        Why it cannot be read; empty where it can.
    """

    name: str
    size: int
    format: str = ""
    dialect: str = ""
    encoding: str = ""
    entries: int = 0
    records: int = 0
    problems: tuple[Problem, ...] = ()
    more: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    first: tuple[Record, ...] = ()
    header: tuple[str, ...] = ()
    refused: tuple[Problem, ...] = ()

    @property
    def table(self) -> bool:
        """Whether columns can be named for it."""
        return self.format in ("CSV", "XLSX") or bool(self.header)


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What an upload holds."""

    token: str
    files: tuple[FilePreview, ...]
    columns: Mapping[str, str]

    @property
    def records(self) -> int:
        """Records of all files."""
        return sum(made.records for made in self.files)

    @property
    def entries(self) -> int:
        """Entries of all files."""
        return sum(made.entries for made in self.files)

    @property
    def readable(self) -> bool:
        """Whether every file can be read and there are records."""
        return self.records > 0 and not any(made.refused for made in self.files)


@dataclass(frozen=True, slots=True)
class ImportJob:
    """How far an import is.

    Attributes
    ----------
    status : {"running", "done", "failed"}
        Where it stands.
    words, done, total
        What is being done, and how far.
    records : int
        Records taken in.
    messages : tuple of str
        What a person should know: warnings, or why it failed.
    """

    status: str
    words: str = ""
    done: int = 0
    total: int = 0
    records: int = 0
    messages: tuple[str, ...] = ()


def _safe_name(name: str) -> str:
    """Return the name of a file without places and signs that a folder cannot have."""
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[\x00-\x1f\x7f]", "", last).strip().lstrip(".")
    stem, dot, ending = plain.rpartition(".")
    if len(plain.encode()) > 150:
        plain = (stem.encode()[:120].decode("utf-8", "ignore") + dot + ending[:20]) or plain[:60]
    return plain or "export"


def upload_exports(desk: Desk, files: Sequence[tuple[str, int, Iterable[bytes]]]) -> str:
    """Keep uploaded files beside the review, to look into them; return the name of the upload.

    Parameters
    ----------
    desk
        Who uploads.
    files
        Name, bytes and content of each.

    Raises
    ------
    RefusedError
        None, too many or too large.
    """
    desk.permit("import")
    _drop_old(desk)
    if not files:
        raise RefusedError("no file is given")
    if len(files) > MOST_FILES:
        raise RefusedError(f"{len(files)} files are too many at once; give up to {MOST_FILES}")
    if sum(size for _, size, _ in files) > FILE_LIMIT:
        raise RefusedError(
            f"the files are larger than {FILE_LIMIT // 1024**2} MB together; import them in parts"
        )
    token = secrets.token_hex(16)
    place = desk.folder / PLACE / token
    names = []
    try:
        for number, (name, _, chunks) in enumerate(files, 1):
            kept = _safe_name(name)
            part = place / f"{number:02d}"
            part.mkdir(parents=True)
            with (part / kept).open("wb") as out:
                for chunk in chunks:
                    out.write(chunk)
            names.append(f"{number:02d}/{kept}")
        about = {"person": desk.person.id, "files": names, "at": time.time()}
        (place / "upload.json").write_text(json.dumps(about), encoding="utf-8")
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return token


def _place(desk: Desk, token: str) -> Path:
    """Return the folder of an upload of this person; `NotThereError` for any other."""
    desk.permit("import")
    gone = NotThereError("this upload is not there any more; give the files again")
    if not re.fullmatch(r"[0-9a-f]{32}", token):
        raise gone
    place = desk.folder / PLACE / token
    try:
        about = json.loads((place / "upload.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise gone from error
    if about.get("person") != desk.person.id:
        raise gone
    return place


def _files(place: Path) -> list[Path]:
    about = json.loads((place / "upload.json").read_text(encoding="utf-8"))
    return [place / name for name in about["files"] if (place / name).is_file()]


def _drop_old(desk: Desk) -> None:
    root = desk.folder / PLACE
    for place in root.iterdir() if root.is_dir() else ():
        if time.time() - place.stat().st_mtime > KEPT:
            shutil.rmtree(place, ignore_errors=True)


def drop_upload(desk: Desk, token: str) -> None:
    """Throw an upload away."""
    shutil.rmtree(_place(desk, token), ignore_errors=True)


def clean_columns(columns: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that a person named, without the empty ones."""
    return {name: column.strip() for name, column in columns.items() if column.strip()}


def _header(path: Path) -> tuple[str, ...]:
    """Return the columns in the first line of a table of text; none where it is no table."""
    with path.open("rb") as opened:
        head = opened.read(64 * 1024)
    if head[:2] == b"PK" or b"\x00" in head:
        return ()
    lines = head.decode("utf-8-sig", "replace").splitlines()
    first = next((line for line in lines if line.strip()), "")
    sign = max(",;\t", key=first.count)
    if not first.count(sign):
        return ()
    return tuple(cell.strip() for cell in next(csv.reader([first], delimiter=sign), []))[:60]


def _preview(path: Path, columns: Mapping[str, str]) -> FilePreview:
    made = FilePreview(path.name, path.stat().st_size)
    table = path.suffix.casefold() in (".csv", ".tsv", ".txt", ".xlsx")
    header = _header(path) if path.suffix.casefold() in (".csv", ".tsv") else ()
    try:
        read = read_records(path, where=path.name, columns=columns if table else {})
    except InputError as error:
        return replace(made, refused=tuple(error.problems), header=header)
    counts = {name: sum(bool(getattr(each, name)) for each in read.records) for name in FIELDS}
    if not read.records:
        return replace(
            made, format=read.format, header=header,
            refused=read.problems[:SHOWN_PROBLEMS]
            or (Problem(path.name, "", "the file holds no record"),),
        )  # fmt: skip
    return replace(
        made,
        format=read.format,
        dialect=read.dialect,
        encoding=read.encoding,
        entries=read.entries,
        records=len(read.records),
        problems=read.problems[:SHOWN_PROBLEMS],
        more=max(0, len(read.problems) - SHOWN_PROBLEMS),
        fields={"title": sum(bool(each.title) for each in read.records)}
        | {name: number for name, number in counts.items() if number},
        first=read.records[:5],
        header=header,
    )


def preview_import(
    desk: Desk, token: str, columns: Mapping[str, str] | None = None
) -> ImportPreview:
    """Look into an upload, without changing anything.

    Parameters
    ----------
    desk, token
        Whose upload.
    columns
        For tables: the column of a field.
    """
    place = _place(desk, token)
    chosen = clean_columns(columns or {})
    return ImportPreview(token, tuple(_preview(path, chosen) for path in _files(place)), chosen)


def repair_of(problem: Problem) -> str:
    """Return what was done about a problem of an export."""
    return problem.repair if isinstance(problem, RecordProblem) else ""


def import_job(desk: Desk, token: str) -> ImportJob | None:
    """Return how far the import of an upload is; None where it was not begun."""
    path = _place(desk, token) / "job.json"
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return ImportJob("running")
    kept["messages"] = tuple(kept.get("messages", ()))
    job = ImportJob(**kept)
    if job.status == "running" and time.time() - path.stat().st_mtime > SILENT:
        return replace(
            job, status="failed", messages=("the import broke off; look at the searches, and"
                                            " give the files again if they are not there",)
        )  # fmt: skip
    return job


def _tell(place: Path, job: ImportJob) -> None:
    new = place / f".job-{secrets.token_hex(4)}"
    new.write_text(
        json.dumps({name: getattr(job, name) for name in ImportJob.__slots__}), encoding="utf-8"
    )
    new.replace(place / "job.json")


def start_import(desk: Desk, token: str, options: ImportOptions, *, records: int = 0) -> ImportJob:
    """Take an upload into the review; a large one in the background.

    The files are copied as they are and become a search, or a part of one. An upload is taken in
    once: asked again, this tells what came of it.

    Parameters
    ----------
    desk, token
        Whose upload.
    options
        Source, platform, day and count of the search, columns of tables.
    records
        How many there are, as the preview said; more than 5,000 are taken in in the background.
    """
    place = _place(desk, token)
    before = import_job(desk, token)
    if before is not None and before.status != "failed":
        return before
    if before is not None:
        (place / "job.json").unlink(missing_ok=True)
    try:
        (place / "job.json").touch(exist_ok=False)
    except FileExistsError:
        return import_job(desk, token) or ImportJob("running")
    _tell(place, ImportJob("running", "Reading"))
    if records > AT_ONCE:
        threading.Thread(
            target=_run, args=(desk, place, options), name=f"import-{token[:6]}", daemon=True
        ).start()
    else:
        _run(desk, place, options)
    return import_job(desk, token) or ImportJob("running")


def _run(desk: Desk, place: Path, options: ImportOptions) -> None:
    """Do the import; what comes of it is written beside the files."""

    def progress(words: str, done: int, total: int) -> None:
        _tell(place, ImportJob("running", words, done, total))

    try:
        with worked_in_folder(desk.store, desk.folder, actor=desk.person.id) as folder:
            made = import_records(_files(place), folder, options=options, progress=progress)
            progress("Saving", 1, 1)
        told = hashlib.sha256("\n".join(record_ids(desk.store)).encode()).hexdigest()
        # tells every process that the list of records is another one now
        desk.store.put(
            "setting", ("review", "records"), {"value": told}, actor=desk.person.id, act="import"
        )
        _tell(place, ImportJob("done", records=made.records, messages=made.warnings))
    except InputError as error:
        shown = tuple(
            str(replace(each, where=Path(each.where).name)) for each in error.problems[:50]
        )
        _tell(place, ImportJob("failed", messages=shown))
    except EvisynthError as error:
        _tell(place, ImportJob("failed", messages=(str(error),)))
    except Exception:
        LOG.exception("import of %s", place.name)
        _tell(
            place, ImportJob("failed", messages=("the import failed; the server's log says why",))
        )
