"""Taking a review out: all of it as a folder, a copy for the public, lists of records.

Whatever leaves holds no more than the person may see: what others decided on open records is not
in it, nor what would tell of it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from evisynth.actions.team.desk import Desk, NotThereError
from evisynth.actions.team.export_lists import CHUNK, ExportFormat, ExportWhat, list_text
from evisynth.actions.team.export_public import Values, public_texts
from evisynth.actions.team.history import Visibility
from evisynth.actions.team.jobs import Job, Teller, job_at, job_place, jobs_of, start_job
from evisynth.actions.team.records import RecordFilter, chosen_ids
from evisynth.review import (
    LOG_FILE,
    folder_texts,
    kept_files,
    may,
    render_log,
    values_of,
)

__all__ = [
    "ExportSize", "export_file", "export_in_background", "export_size", "exports_of",
    "list_in_background", "review_zip",
]  # fmt: skip

AT_ONCE = 5000
"""Records, or items, up to which an export is made while its person waits."""

AT_ONCE_BYTES = 30 * 1024 * 1024
EXPORT = "export"


# the review as a folder


@dataclass(frozen=True, slots=True)
class ExportSize:
    """ExportWhat an export of the review would hold.

    Attributes
    ----------
    items : int
        Items that this person may see.
    files, bytes : int
        Files that are kept as they came, PDFs too, and their bytes.
    pdfs : int
        Full texts among them.
    hidden : bool
        Whether there is something that this person may not see yet.
    large : bool
        Whether it is made in the background.
    """

    items: int
    files: int
    bytes: int
    pdfs: int
    hidden: bool

    @property
    def large(self) -> bool:
        """Whether it is made in the background."""
        return self.items > AT_ONCE or self.bytes > AT_ONCE_BYTES


def _seen(desk: Desk) -> tuple[Values, bool]:
    """Return the items that a person may see, and whether there are others."""
    sight = Visibility(desk)
    every = values_of(desk.store.state())
    # what one marks for oneself is in no file, and hides nothing of the review
    shared = {place: value for place, value in every.items()
              if place[0] != "setting" or place[1][0] == "review"}  # fmt: skip
    seen = {place: value for place, value in shared.items() if sight.shows(*place)}
    return seen, len(seen) < len(shared)


def _kept(desk: Desk, seen: Values, *, pdfs: bool) -> dict[str, Path]:
    """Return the files that go along as they are, by their path."""
    found = {name: desk.folder / name for name in kept_files(seen)}
    if pdfs:
        for kind, key in seen:
            if kind == "attachment" and re.fullmatch(r"[0-9a-f]{64}", key[1]):
                name = f"fulltext/{key[1]}.pdf"
                found[name] = desk.folder / name
    else:
        found = {name: path for name, path in found.items() if not name.startswith("fulltext/")}
    inside = desk.folder.resolve()
    return {
        name: path
        for name, path in sorted(found.items())
        if path.is_file() and path.resolve().is_relative_to(inside)
    }


def export_size(desk: Desk) -> ExportSize:
    """Say what an export of the whole review would hold."""
    desk.permit("export")
    seen, hidden = _seen(desk)
    files = _kept(desk, seen, pdfs=True)
    return ExportSize(
        len(seen),
        len(files),
        sum(path.stat().st_size for path in files.values()),
        sum(name.startswith("fulltext/") for name in files),
        hidden,
    )


def review_zip(
    desk: Desk,
    target: IO[bytes],
    *,
    public: bool = False,
    pdfs: bool = True,
    tell: Callable[[str, int, int], None] | None = None,
) -> None:
    """Write the review as a folder in a ZIP file: the same state gives the same bytes.

    Parameters
    ----------
    desk
        Who takes it out.
    target
        Where it goes.
    public
        A copy for the public: pseudonyms for names, no e-mails, notes, tags, PDFs and exports of
        databases; the records with their bibliographic facts.
    pdfs
        Whether the full texts go along; never in a public copy.
    tell
        Told how far it is.
    """
    desk.permit("export")
    seen, hidden = _seen(desk)
    if public:
        texts = public_texts(desk, seen)
        files: dict[str, Path] = {}
    else:
        texts = folder_texts(seen)
        files = _kept(desk, seen, pdfs=pdfs)
        if not hidden and may(desk.person, "history"):
            texts[LOG_FILE] = render_log(desk.store.history()).encode("utf-8")
    if public or hidden:
        texts["EXPORT.txt"] = _note(public=public, hidden=hidden).encode("utf-8")
    total = len(texts) + len(files)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for number, name in enumerate(sorted({*texts, *files}), 1):
            if tell is not None and number % 50 == 1:
                tell("Packing", number, total)
            if name in texts:
                packed.writestr(_info(name), texts[name])
                continue
            with files[name].open("rb") as source, packed.open(_info(name), "w") as part:
                while data := source.read(1 << 20):
                    part.write(data)


def _info(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    made.compress_type = zipfile.ZIP_DEFLATED
    made.external_attr = 0o644 << 16
    return made


def _note(*, public: bool, hidden: bool) -> str:
    lines = ["This copy was made by Evisynth. Open it with: evisynth serve FOLDER", ""]
    if public:
        lines += [
            "It is a copy for the public: people stand under pseudonyms; e-mails, affiliations,",
            "notes, tags, PDFs, the history and the exports of the databases are left out. The",
            "records are in it with their bibliographic facts, without abstracts. Cells that a",
            "spreadsheet would take for a formula begin with an apostrophe.",
        ]
    if hidden:
        lines += [
            "Decisions, notes and values of others that were not open to whoever made it are left",
            "out, and with them the history, whose entries are hashed together.",
        ]
    return "\n".join(lines) + "\n"


# in the background


def export_in_background(
    desk: Desk, *, public: bool = False, pdfs: bool = True, request_id: str = ""
) -> Job:
    """Make an export of the review that can be fetched when it is done."""
    size = export_size(desk)

    def work(place: Path, tell: Teller) -> tuple[tuple[str, ...], dict[str, Any]]:
        with (place / "export").open("wb") as target:
            review_zip(desk, target, public=public, pdfs=pdfs, tell=tell)
        return (), {**about, "size": (place / "export").stat().st_size}

    about = {"name": _zip_name(desk, public=public), "public": public, "type": "application/zip"}
    return start_job(desk, EXPORT, work, request_id=request_id, about=about, wait=not size.large)


def _zip_name(desk: Desk, *, public: bool) -> str:
    return f"{desk.store.name}{'-public' if public else ''}.zip"


def exports_of(desk: Desk) -> tuple[Job, ...]:
    """Return the exports that this person made, the newest first."""
    desk.permit("export")
    return tuple(job for job in jobs_of(desk, EXPORT) if job.person == desk.person.id)


def export_file(desk: Desk, ident: str) -> tuple[Job, Path]:
    """Return an export of this person that is done, and its file.

    Raises
    ------
    NotThereError
        There is none; also where somebody else made it, as that person may see other things.
    """
    desk.permit("export")
    job = job_at(desk, EXPORT, ident)
    path = job_place(desk, EXPORT, ident) / "export"
    if job.person != desk.person.id or job.status != "done" or not path.is_file():
        raise NotThereError("this export is not there; make it anew")
    return job, path


def list_in_background(
    desk: Desk, wanted: RecordFilter, format: ExportFormat, what: ExportWhat = "records",  # noqa: A002
    *, request_id: str = "",
) -> Job:  # fmt: skip
    """Make an export of a list that can be fetched when it is done."""
    list_text(desk, wanted, format, what)  # refuses at once what cannot be made
    total = len(chosen_ids(desk, wanted))

    def work(place: Path, tell: Teller) -> tuple[tuple[str, ...], dict[str, Any]]:
        with (place / "export").open("w", encoding="utf-8", newline="") as target:
            for number, part in enumerate(list_text(desk, wanted, format, what)):
                target.write(part)
                if number % CHUNK == 0:
                    tell("Writing", min(number, total), total)
        return (), {**about, "size": (place / "export").stat().st_size}

    kinds = {"csv": "text/csv", "ris": "application/x-research-info-systems"}
    about = {"name": f"{what}.{format}", "public": False, "type": kinds[format], "records": total}
    return start_job(desk, EXPORT, work, request_id=request_id, about=about, wait=total <= AT_ONCE)
