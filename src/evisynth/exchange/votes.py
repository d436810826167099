"""Decisions that other screening programs export: Rayyan's notes, ASReview's projects."""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from evisynth.errors import InputError, Problem
from evisynth.exchange.exported import Exported, csv_text

if TYPE_CHECKING:
    from evisynth.records import Record

__all__ = [
    "ImportedVote",
    "VotesFile",
    "decisions_file",
    "rayyan_notes",
    "rayyan_votes",
    "read_asreview",
    "votes_of_records",
]

LARGEST = 500 * 2**20
"""Bytes of a database in a project that are unpacked."""

VERDICTS: dict[str, Literal["include", "exclude", "maybe"]] = {
    "included": "include", "excluded": "exclude", "maybe": "maybe",
}  # fmt: skip

HEADER = ("record_id", "reviewer", "decision", "reason", "note", "date", "role")

_PART = re.compile(r"\b(RAYYAN-[A-Z-]+|USER-NOTES):")
_VOTE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*=>\s*"(\w+)"')
_REMARK = re.compile(r'"((?:[^"\\]|\\.)*)"\s*=>\s*\[(.*?)\]', re.DOTALL)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class ImportedVote:
    """One decision of one person, with what came beside it.

    ``date`` is ISO with the time, ``""`` where it is not known.
    """

    record_id: str
    reviewer: str
    verdict: Literal["include", "exclude", "maybe"]
    reasons: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    note: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class VotesFile:
    """What a project holds: titles by record, decisions, and what of it is not taken over."""

    titles: dict[str, str]
    votes: tuple[ImportedVote, ...]
    not_taken: tuple[str, ...] = ()


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.strip(" |\n").split(",") if part.strip())


def rayyan_votes(record_id: str, notes: str) -> tuple[ImportedVote, ...]:
    """Read the decisions that Rayyan writes into the notes of a record.

    Parameters
    ----------
    record_id
        The record.
    notes
        Its notes.

    Returns
    -------
    tuple of ImportedVote
        One a person. The notes do not say who gave a reason or a label: reasons stand with every
        exclusion, labels with every decision.

    Examples
    --------
    >>> text = 'RAYYAN-INCLUSION: {"Ada"=>"Excluded"} | RAYYAN-EXCLUSION-REASONS: wrong drug'
    >>> [(vote.reviewer, vote.verdict, vote.reasons) for vote in rayyan_votes("r1", text)]
    [('Ada', 'exclude', ('wrong drug',))]
    """
    pieces = _PART.split(notes)
    parts = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    reasons = _listed(parts.get("RAYYAN-EXCLUSION-REASONS", ""))
    labels = _listed(parts.get("RAYYAN-LABELS", ""))
    remarks = {
        _unescaped(who): " ".join(_unescaped(text) for text in _TEXT.findall(texts))
        for who, texts in _REMARK.findall(parts.get("USER-NOTES", ""))
    }
    votes = []
    for who, word in _VOTE.findall(parts.get("RAYYAN-INCLUSION", "")):
        verdict = VERDICTS.get(word.casefold())
        if verdict is None:
            continue
        name = _unescaped(who)
        votes.append(
            ImportedVote(
                record_id, name, verdict, reasons if verdict == "exclude" else (), labels,
                remarks.get(name, ""),
            )
        )  # fmt: skip
    return tuple(votes)


def rayyan_notes(votes: Sequence[ImportedVote]) -> str:
    """Return the decisions on one record as Rayyan writes them.

    Examples
    --------
    >>> rayyan_notes([ImportedVote("r1", "Ada", "include", labels=("RCT",))])
    'RAYYAN-INCLUSION: {"Ada"=>"Included"} | RAYYAN-LABELS: RCT'
    """

    def quoted(text: str) -> str:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'

    words = {verdict: word.capitalize() for word, verdict in VERDICTS.items()}
    inside = ", ".join(f'{quoted(vote.reviewer)}=>"{words[vote.verdict]}"' for vote in votes)
    parts = [f"RAYYAN-INCLUSION: {{{inside}}}"] if inside else []
    labels = tuple(dict.fromkeys(label for vote in votes for label in vote.labels))
    reasons = tuple(dict.fromkeys(reason for vote in votes for reason in vote.reasons))
    if labels:
        parts.append(f"RAYYAN-LABELS: {','.join(labels)}")
    if reasons:
        parts.append(f"RAYYAN-EXCLUSION-REASONS: {','.join(reasons)}")
    noted = ", ".join(
        f"{quoted(vote.reviewer)}=>[{quoted(vote.note)}]" for vote in votes if vote.note
    )
    if noted:
        parts.append(f"USER-NOTES: {{{noted}}}")
    return " | ".join(parts)


def votes_of_records(records: Iterable[Record]) -> VotesFile:
    """Collect the decisions that stand in the notes of records exported by Rayyan."""
    titles: dict[str, str] = {}
    votes: list[ImportedVote] = []
    shared = False
    for record in records:
        titles[record.id] = record.title
        found = rayyan_votes(record.id, " | ".join(record.notes))
        shared = shared or (len(found) > 1 and any(vote.reasons or vote.labels for vote in found))
        votes.extend(found)
    not_taken = ("who gave which reason or label: Rayyan does not say",) if shared else ()
    return VotesFile(titles, tuple(votes), not_taken)


def read_asreview(path: Path | str) -> VotesFile:
    """Read the decisions of an ASReview project (versions 2 and 3).

    Parameters
    ----------
    path
        The ``.asreview`` file.

    Raises
    ------
    InputError
        It is no project, one of version 1, or a database in it cannot be read.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as project:
            names = [entry for entry in project.infolist() if not entry.is_dir()]
            if not any(Path(entry.filename).name == "project.json" for entry in names):
                raise InputError(
                    Problem(path.name, "", "is no project of ASReview: it has no project.json")
                )
            tables = _tables(path.name, project, names)
    except zipfile.BadZipFile as error:
        raise InputError(
            Problem(path.name, "", "is no project of ASReview: it is no archive",
                    hint="Export the project from ASReview LAB again")
        ) from error  # fmt: skip
    except OSError as error:
        raise InputError(
            Problem(path.name, "", f"cannot be read: {error.strerror or error}")
        ) from error
    if "results" not in tables or "record" not in tables:
        raise InputError(
            Problem(
                path.name, "", "has no table of records and of results",
                hint="Projects of version 1 have not: open it in ASReview LAB 2 or 3 and export it "
                "again",
            )
        )  # fmt: skip
    return _asreview_votes(tables)


def _tables(
    name: str, project: zipfile.ZipFile, entries: list[zipfile.ZipInfo]
) -> dict[str, list[dict[str, Any]]]:
    """Read the tables that we know from every database of a project."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        if Path(entry.filename).suffix not in (".db", ".sql", ".sqlite"):
            continue
        if entry.file_size > LARGEST:
            raise InputError(
                Problem(name, entry.filename, f"would unpack to {entry.file_size / 2**20:.0f} MB",
                        hint=f"Databases over {LARGEST // 2**20} MB are not read")
            )  # fmt: skip
        data = project.read(entry)
        if not data.startswith(b"SQLite format 3\x00"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "project.db"
            place.write_bytes(data)
            try:
                with closing(sqlite3.connect(f"{place.as_uri()}?mode=ro", uri=True)) as database:
                    database.row_factory = sqlite3.Row
                    database.execute("PRAGMA trusted_schema = OFF")
                    listed = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                    here = {row["name"] for row in listed}
                    for table in ("record", "results", "decision_changes"):
                        if table in here and not found.get(table):
                            rows = database.execute(f"SELECT * FROM {table}")  # noqa: S608 - ours
                            found[table] = [dict(row) for row in rows]
            except sqlite3.DatabaseError as error:
                raise InputError(
                    Problem(name, entry.filename, f"is a database that cannot be read: {error}")
                ) from error
    return found


def _asreview_votes(tables: dict[str, list[dict[str, Any]]]) -> VotesFile:
    titles = {str(row["record_id"]): str(row.get("title") or "") for row in tables["record"]}
    votes: list[ImportedVote] = []
    prior = 0
    for row in tables["results"]:
        label = row.get("label")
        if label not in (0, 1):
            continue
        querier = row.get("querier", row.get("query_strategy"))
        prior += querier in (None, "prior")
        who = row.get("user_id")
        votes.append(
            ImportedVote(
                record_id=str(row["record_id"]),
                reviewer="asreview" if who is None else f"asreview-{who}",
                verdict="include" if label == 1 else "exclude",
                labels=_tags(row.get("tags", row.get("custom_metadata_json"))),
                note=str(row.get("note", row.get("notes")) or ""),
                date=_date(row.get("time", row.get("labeling_time"))),
            )
        )
    not_taken = ["the ranking and its settings"]
    if tables.get("decision_changes"):
        not_taken.append("decisions that were changed later; the last one of each record is taken")
    if prior:
        not_taken.append("that some decisions were prior knowledge")
    return VotesFile(titles, tuple(votes), tuple(not_taken))


def _tags(text: Any) -> tuple[str, ...]:
    """Return the words of tags, however deep they stand in the JSON."""
    if not isinstance(text, str) or not text.strip():
        return ()
    try:
        value = json.loads(text)
    except ValueError:
        return (text,)
    found: list[str] = []

    def collect(part: Any) -> None:
        if isinstance(part, dict):
            if part.get("checked") is False:
                return
            name = part.get("name", part.get("id"))
            inner = part.get("values", part.get("tags"))
            if isinstance(inner, list):
                collect(inner)
            elif isinstance(name, str):
                found.append(name)
        elif isinstance(part, list):
            for each in part:
                collect(each)
        elif isinstance(part, str):
            found.append(part)

    collect(value)
    return tuple(found)


def _date(value: Any) -> str:
    """Return seconds (or microseconds) since 1970 as ISO."""
    if not isinstance(value, int | float) or value <= 0:
        return ""
    seconds = value / 1e6 if value > 1e11 else value
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decisions_file(found: VotesFile) -> Exported:
    """Write decisions in the layout of ``decisions/title_abstract.csv``.

    Reasons become codes (small letters and low lines); the words of each stand in ``cannot_hold``,
    to be written into the plan.

    Parameters
    ----------
    found
        The decisions.
    """
    codes: dict[str, str] = {}
    rows = []
    several = False
    for vote in found.votes:
        reason = vote.reasons[0] if vote.reasons else ""
        several = several or len(vote.reasons) > 1
        code = re.sub(r"[^a-z0-9]+", "_", reason.casefold()).strip("_")
        if reason and not code:
            code = f"reason_{len(codes) + 1}"
        if code:
            codes[code] = reason
        rest = [f"also: {', '.join(vote.reasons[1:])}"] if len(vote.reasons) > 1 else []
        labels = [f"labels: {', '.join(vote.labels)}"] if vote.labels else []
        note = "; ".join(filter(None, [vote.note, *rest, *labels]))
        rows.append(
            [vote.record_id, vote.reviewer, vote.verdict, code, note, vote.date, "reviewer"]
        )
    lost = list(found.not_taken)
    if codes:
        words = "; ".join(f"{code}: {words}" for code, words in codes.items())
        lost.append(f"the words of reasons, which belong into the plan: {words}")
    if several:
        lost.append("a second reason of an exclusion has no column: it stands in the note")
    lost.append("who people are: put their ids into the plan")
    return Exported({"title_abstract.csv": csv_text(HEADER, rows)}, tuple(lost))
