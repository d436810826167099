"""The rows of a RevMan 5 file as one table, in the layout of RevMan Web's data rows; and back."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from evisynth.errors import InputError, Problem
from evisynth.exchange.exported import Exported, csv_text
from evisynth.exchange.revman.values import (
    Comparison,
    Outcome,
    OutcomeKind,
    RevManReview,
    RowResult,
    StoredResult,
    StudyRow,
    Subgroup,
)
from evisynth.exchange.revman.writing import with_results, write_rm5

__all__ = ["read_data_rows", "rm5_rows_file", "rm5_with_results"]

HEADER = (
    "Analysis group", "Analysis number", "Analysis name", "Subgroup", "Applicability", "Study",
    "Study year", "GIV Mean", "GIV SE", "Experimental mean", "Experimental SD",
    "Experimental cases", "Experimental N", "Control mean", "Control SD", "Control cases",
    "Control N", "O-E", "Variance", "Weight", "Mean", "CI start", "CI end", "Footnotes",
)  # fmt: skip

FIELDS = {
    "GIV Mean": "estimate", "GIV SE": "se", "Experimental mean": "mean1", "Experimental SD": "sd1",
    "Experimental cases": "events1", "Experimental N": "total1", "Control mean": "mean2",
    "Control SD": "sd2", "Control cases": "events2", "Control N": "total2", "O-E": "o_e",
    "Variance": "variance",
}  # fmt: skip

EVENTS = ("events1", "total1", "events2", "total2")

DATA_KINDS: dict[OutcomeKind, tuple[str, ...]] = {
    "dichotomous": EVENTS,
    "continuous": ("mean1", "sd1", "total1", "mean2", "sd2", "total2"),
    "generic": ("estimate", "se", "total1", "total2"),
    "o-e": (*EVENTS, "o_e", "variance"),
    "other": (),
}
"""Numbers that are data, by the kind of data."""

APPLIES = {"YES": "SUBGROUP_AND_OVERALL", "SUB": "SUBGROUP", "NO": "STUDY"}


def rm5_rows_file(review: RevManReview) -> Exported:
    """Write every row of a review in RevMan Web's layout of data rows.

    A number that a kind of data does not have is 0, as that program writes it.

    Parameters
    ----------
    review
        The review.
    """
    years = {study.id: study.year for study in review.studies}
    rows = []
    other = False
    for comparison, outcome in review.outcomes():
        if outcome.kind == "other":
            other = True
            continue
        for group, row in _members(outcome):
            numbers = [getattr(row, FIELDS[name]) for name in HEADER if name in FIELDS]
            stored = (
                row.stored.weight,
                row.stored.effect,
                row.stored.ci_lower,
                row.stored.ci_upper,
            )
            rows.append(
                [
                    comparison.number, outcome.number, outcome.name, group,
                    APPLIES[outcome.totals], row.study, years.get(row.study_id, ""),
                    *(0.0 if math.isnan(number) else number for number in numbers),
                    *(0.0 if math.isnan(number) else number for number in stored), row.footnote,
                ]
            )  # fmt: skip
    lost = [
        "effect measure, method, model and level of each analysis",
        "pooled results and tests between subgroups",
        "names of comparisons, labels of arms",
        "risk of bias, references, summary of findings",
        "whether a number is 0 or not there: both are 0",
    ]
    if other:
        lost.append("outcomes whose data are words")
    if review.not_read:
        lost.append("the rest of the file (text, characteristics, figures)")
    name = review.file.rpartition(".")[0] or "review"
    return Exported({f"{name}-data-rows.csv": csv_text(HEADER, rows)}, tuple(lost))


def _members(outcome: Outcome) -> Iterator[tuple[str, StudyRow]]:
    for row in outcome.rows:
        yield "", row
    for group in outcome.subgroups:
        for row in group.rows:
            yield group.name, row


def read_data_rows(
    text: str, name: str = "data-rows.csv", *, as_written: bool = False
) -> RevManReview:
    """Read data rows of RevMan Web; the kind of data follows from the numbers that are there.

    Measures and methods do not stand in that table: those that the program takes by default are
    filled in (OR, MD).

    Parameters
    ----------
    text
        The CSV.
    name
        Name of the file, for messages.
    as_written
        Keep the zeros that stand for numbers which a kind of data does not have.

    Raises
    ------
    InputError
        A column is missing or a cell is no number.
    """
    from evisynth.exchange.revman.writing import encode_id

    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = [column for column in HEADER[:19] if column not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            Problem(name, "line 1", f"lacks the columns {', '.join(missing)}",
                    hint="Export the data rows from RevMan Web again")
        )  # fmt: skip
    problems: list[Problem] = []
    found: dict[tuple[int, int], list[tuple[str, StudyRow]]] = {}
    names: dict[tuple[int, int], tuple[str, str]] = {}
    for line, cells in enumerate(reader, 2):
        values: dict[str, Any] = {}
        for column, field in FIELDS.items():
            cell = (cells[column] or "").strip() or "0"
            try:
                values[field] = float(cell)
            except ValueError:
                problems.append(
                    Problem(name, f"line {line}, column {column}", f"{cell!r} is no number")
                )
                values[field] = math.nan
        places = [(cells[column] or "").strip() for column in HEADER[:2]]
        if not all(place.isdecimal() for place in places):
            problems.append(
                Problem(
                    name, f"line {line}", f"{' and '.join(places)!r} are no numbers of analyses"
                )
            )
            continue
        key = (int(places[0]), int(places[1]))
        study = cells["Study"] or ""
        row = StudyRow(
            encode_id(study),
            study,
            line,
            footnote=cells.get("Footnotes") or "",
            stored=_stored(cells),
            **values,
        )
        found.setdefault(key, []).append((cells["Subgroup"] or "", row))
        names[key] = (cells["Analysis name"] or "", cells["Applicability"] or "")
    if problems:
        raise InputError(problems)
    comparisons: dict[int, list[Outcome]] = {}
    for (comparison, number), rows in found.items():
        outcome = _outcome_of(comparison, number, *names[comparison, number], rows, as_written)
        comparisons.setdefault(comparison, []).append(outcome)
    return RevManReview(
        file=name,
        title="",
        comparisons=tuple(
            Comparison(f"CMP-{number:03d}", number, "", tuple(outcomes))
            for number, outcomes in comparisons.items()
        ),
    )


def _stored(cells: dict[str, str]) -> RowResult:
    """Return what stands beside the data: zeros where the program has no estimate."""
    names = {"weight": "Weight", "effect": "Mean", "ci_lower": "CI start", "ci_upper": "CI end"}
    found = {}
    for field, column in names.items():
        try:
            found[field] = float(cells.get(column) or "nan")
        except ValueError:
            found[field] = math.nan
    return RowResult(estimable=any(value != 0 for value in found.values()), **found)


def _kind_of(rows: list[StudyRow]) -> tuple[OutcomeKind, str, str]:
    """Return the kind of data that numbers other than zero speak for, with measure and method."""
    if any(row.sd1 or row.sd2 for row in rows):
        return "continuous", "MD", "IV"
    if any(row.se for row in rows):
        return "generic", "", "IV"
    if any(row.variance for row in rows):
        return "o-e", "", "PETO"
    return "dichotomous", "OR", "MH"


def _outcome_of(
    comparison: int,
    number: int,
    name: str,
    applies: str,
    rows: list[tuple[str, StudyRow]],
    as_written: bool,
) -> Outcome:
    place = f"CMP-{comparison:03d}.{number:02d}"
    kind, measure, method = _kind_of([row for _, row in rows])
    groups: dict[str, list[StudyRow]] = {}
    for group, row in rows:
        groups.setdefault(group, []).append(row if as_written else row.only(DATA_KINDS[kind]))
    own = tuple(groups.pop("", ()))
    totals = next((key for key, word in APPLIES.items() if word == applies), "YES")
    return Outcome(
        id=place,
        number=number,
        name=name,
        kind=kind,
        measure=measure,
        method=method,
        totals=totals,
        has_subgroups=bool(groups),
        rows=own,
        subgroups=tuple(
            Subgroup(f"{place}.{index:02d}", index, group, tuple(members), StoredResult())
            for index, (group, members) in enumerate(groups.items(), 1)
        ),
    )


def rm5_with_results(review: RevManReview) -> Exported:
    """Write a review as a RevMan 5 file with every result computed anew.

    Parameters
    ----------
    review
        The review.
    """
    comparisons = tuple(
        replace(
            comparison, outcomes=tuple(with_results(outcome) for outcome in comparison.outcomes)
        )
        for comparison in review.comparisons
    )
    text = write_rm5(replace(review, comparisons=comparisons))
    lost = [f"{item.path} ({item.count} times)" for item in review.not_read]
    return Exported({review.file: text}, tuple(lost))
