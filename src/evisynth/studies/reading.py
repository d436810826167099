"""Studies, their characteristics and the retrieval of reports from tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import cast

from evisynth.errors import Problem, closest
from evisynth.records import TableRow, nearest_id, parse_number, read_table
from evisynth.studies.study import Field, Retrieval, RetrievalStatus, Study

__all__ = ["check_reports", "read_retrievals", "read_studies"]


def read_studies(
    path: Path,
    fields: Sequence[Field],
    *,
    where: str,
    problems: list[Problem],
    warnings: list[str],
    fields_known: bool = True,
) -> tuple[Study, ...]:
    """Read ``studies.csv``: ``study_id``, ``record_ids``, ``main_report``, and the fields.

    ``record_ids`` (semicolons between them) may be left out of a review that keeps no records;
    ``main_report`` may be left out, the first report is the main one then.

    Parameters
    ----------
    path, where
        File, and its name in messages.
    fields
        The characteristics that the plan names; each is a column. Empty cells are None: not known.
    problems, warnings
        Problems found are appended; a column that the plan does not name is a warning.
    fields_known
        False when the plan's fields could not be read; only ids and reports are read then.

    Returns
    -------
    tuple of Study
        In the order of the file. A cell with a problem is None.
    """
    names = [field.name for field in fields]
    table = read_table(
        path,
        where=where,
        problems=problems,
        required=("study_id", *names),
        may_be_empty=True,
    )
    if table is None:
        return ()
    own = ("study_id", "record_ids", "main_report")
    spare = [name for name in table.columns if name not in (*own, *names)]
    if spare and fields_known:
        warnings.append(
            f"{where}: not read, because [fields] in review.toml does not name them: the columns"
            f" {', '.join(spare)}"
        )
    studies: list[Study] = []
    seen: dict[str, int] = {}
    for row in table:
        ident = row["study_id"]
        if not ident or ident in seen:
            what = f"the study {ident!r} stands in line {seen[ident]} already" if ident else (
                "the study's id is missing"
            )  # fmt: skip
            problems.append(Problem(where, f"line {row.line}, column study_id", what))
            continue
        seen[ident] = row.line
        reports = tuple(part.strip() for part in row["record_ids"].split(";") if part.strip())
        characteristics = {
            field.name: _characteristic(row, field, where, problems) for field in fields
        }
        main = row["main_report"]
        if main and main not in reports:
            problems.append(
                Problem(
                    where,
                    f"line {row.line}, column main_report",
                    f"{main!r} is none of the reports of {ident!r}",
                    reports,
                    hint="Leave the cell empty where it is the first",
                )
            )
        studies.append(Study(ident, reports, characteristics, where, row.line, main))
    return tuple(studies)


def _characteristic(
    row: TableRow, field: Field, where: str, problems: list[Problem]
) -> str | float | tuple[str, ...] | None:
    """Read one cell by the type of its field."""
    text = row[field.name]
    at = f"line {row.line}, column {field.name}"
    if not text:
        return None
    if field.type == "number":
        try:
            return parse_number(text)
        except ValueError:
            problems.append(
                Problem(
                    where,
                    at,
                    f"{text!r} is not a number",
                    hint="Write digits with a decimal point; leave the cell empty if not known",
                )
            )
            return None
    if field.type == "text":
        return text
    parts = [text]
    if field.type == "categories":
        parts = [part.strip() for part in text.split(";") if part.strip()]
    sound = True
    for part in parts:
        if field.levels and part not in field.levels:
            near = closest(part, field.levels)
            problems.append(
                Problem(
                    where,
                    at,
                    f"{part!r} is not a level of {field.name!r}",
                    field.levels,
                    hint=f"Did you mean {near!r}?"
                    if near
                    else "Leave the cell empty if it is not known",
                )
            )
            sound = False
    if not sound:
        return None
    return tuple(dict.fromkeys(parts)) if field.type == "categories" else parts[0]


def check_reports(
    studies: Sequence[Study],
    *,
    records: Collection[str],
    included: Collection[str],
    problems: list[Problem],
    previous: Collection[str] = (),
) -> None:
    """Check studies against records: each report is an included record and belongs to one study.

    Parameters
    ----------
    studies
        Studies as read.
    records
        Ids of all records.
    included
        Ids of the records included at full text, in order.
    problems
        Problems found are appended here.
    previous
        Ids of the studies of the review's previous version; their earlier reports need not stand
        among the records.
    """
    owner: dict[str, Study] = {}
    for study in studies:
        at = f"line {study.line}, column record_ids"
        if not study.reports and study.id not in previous:
            problems.append(
                Problem(
                    study.file,
                    at,
                    f"the study {study.id!r} has no report",
                    hint="Name the records of its reports, separated by semicolons",
                )
            )
        for report in study.reports:
            if report not in records:
                near = nearest_id(report, records)
                problems.append(
                    Problem(
                        study.file,
                        at,
                        f"the report {report!r} of {study.id!r} is not a record",
                        hint=f"Did you mean {near!r}?"
                        if near
                        else "Correct the id, or add the record to an export under searches/",
                    )
                )
            elif report not in included:
                problems.append(
                    Problem(
                        study.file,
                        at,
                        f"the report {report!r} of {study.id!r} is not included at full text",
                        hint="Include it in decisions/full_text.csv or take it out of the study",
                    )
                )
            first = owner.setdefault(report, study)
            if first is not study:
                problems.append(
                    Problem(
                        study.file,
                        at,
                        f"the report {report!r} is one of {first.id!r} already (line {first.line})",
                    )
                )
    lonely = [report for report in included if report not in owner]
    if lonely and studies:
        problems.append(
            Problem(
                studies[0].file,
                "column record_ids",
                f"included at full text and in no study: {', '.join(lonely)}",
                hint="Add each to the record_ids of its study",
            )
        )


STATUSES: tuple[RetrievalStatus, ...] = ("retrieved", "not_retrieved", "sought")


def read_retrievals(
    path: Path, *, where: str, records: Collection[str] | None, problems: list[Problem]
) -> tuple[Retrieval, ...]:
    """Read ``retrieval.csv``: ``record_id``, ``status``, and optionally ``reason``, ``date``.

    Parameters
    ----------
    path, where
        File, and its name in messages.
    records
        Ids of the records; None when they could not be read.
    problems
        Problems found are appended here; a row with a problem is not returned.
    """
    table = read_table(
        path,
        where=where,
        problems=problems,
        required=("record_id", "status"),
        optional=("reason", "date", "person"),
        may_be_empty=True,
    )
    found: list[Retrieval] = []
    seen: dict[str, int] = {}
    for row in table or ():
        before = len(problems)
        ident, status = row["record_id"], row["status"]
        at = f"line {row.line}, column record_id"
        if not ident or (records is not None and ident not in records):
            near = nearest_id(ident, records or ())
            problems.append(
                Problem(
                    where,
                    at,
                    f"there is no record {ident!r} in the exports under searches/",
                    hint=f"Did you mean {near!r}?" if near else "Correct the id or remove the row",
                )
            )
        elif ident in seen:
            problems.append(
                Problem(where, at, f"the record {ident!r} stands in line {seen[ident]} already")
            )
        if status not in STATUSES:
            near = closest(status, STATUSES)
            problems.append(
                Problem(
                    where,
                    f"line {row.line}, column status",
                    f"unknown status {status!r}",
                    STATUSES,
                    hint=f"Did you mean {near!r}?" if near else "",
                )
            )
        seen.setdefault(ident, row.line)
        if len(problems) == before:
            found.append(
                Retrieval(
                    ident,
                    cast(RetrievalStatus, status),
                    row["reason"],
                    row["date"],
                    where,
                    row.line,
                )
            )
    return tuple(found)
