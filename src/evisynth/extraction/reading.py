"""Outcome data from tables, every number checked where it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from evisynth.errors import Problem, closest
from evisynth.extraction.consistency import disagreements
from evisynth.extraction.kinds import FACTS, KINDS, OutcomeTable, enough
from evisynth.extraction.outcome_data import OutcomeRow
from evisynth.records import Table, TableRow, parse_number, read_table

__all__ = ["check_duplicate_rows", "read_outcome_rows"]

_LISTED = 30
"""Ids that a message lists at most."""
_SIZES = ("n1", "n2")
_COUNTS = ("events1", "events2", "nonevents1", "nonevents2")
_POSITIVE = {
    "sd1": "SD", "sd2": "SD", "sd": "SD", "se1": "SE", "se2": "SE", "se": "SE",
    "variance": "variance",
}  # fmt: skip
_LIMITS = (
    ("ci_lower1", "ci_upper1", "mean1"),
    ("ci_lower2", "ci_upper2", "mean2"),
    ("ci_lower", "ci_upper", "difference"),
    ("ci_lower", "ci_upper", "estimate"),
)


def read_outcome_rows(
    path: Path,
    spec: OutcomeTable,
    *,
    where: str,
    studies: Collection[str] | None,
    outcomes: Collection[str] | None,
    problems: list[Problem],
    warnings: list[str],
) -> tuple[OutcomeRow, ...]:
    """Read one table of outcome data.

    Parameters
    ----------
    path, where
        File, and its name in messages.
    spec
        What the table holds.
    studies, outcomes
        Ids that may stand in it; None when they could not be read (not checked then).
    problems
        Problems found are appended here; a row with a problem is not returned.
    warnings
        Where numbers of a row contradict each other beyond rounding.

    Returns
    -------
    tuple of OutcomeRow
        In the order of the file.
    """
    table = read_table(path, where=where, problems=problems)
    if table is None:
        return ()
    columns = _match_columns(table, spec, problems)
    if columns is None:
        return ()
    rows = []
    for row in table:
        before = len(problems)
        _check_ids(row, columns, where, studies, outcomes, problems)
        values = _numbers(row, columns, spec, where, problems)
        if len(problems) == before:
            _check_numbers(row, columns, values, spec, where, problems)
        if len(problems) > before:
            continue
        facts = {name: row[columns[name]] if name in columns else "" for name in FACTS}
        numbers = {name: column for name, column in columns.items() if name not in FACTS}
        texts = {name: row[column] for name, column in numbers.items()}
        warnings.extend(
            f"{where}, line {row.line} ({facts['study']}, {facts['outcome']}): {text}"
            for text in disagreements(spec.kind, values, texts, columns)
        )
        rows.append(
            OutcomeRow(
                study=facts["study"],
                outcome=facts["outcome"],
                kind=spec.kind,
                format=spec.format,
                values=values,
                columns=numbers,
                instrument=facts["instrument"],
                timepoint=facts["timepoint"],
                source=facts["source"],
                note=facts["note"],
                file=where,
                line=row.line,
            )
        )
    return tuple(rows)


def _match_columns(
    table: Table, spec: OutcomeTable, problems: list[Problem]
) -> dict[str, str] | None:
    """Find the column of each standard name; None when needed ones are missing."""
    rules = KINDS[spec.kind]
    columns: dict[str, str] = {}
    taken = {*spec.columns.values(), *FACTS, *rules.numbers}
    sound = True
    for name in (*FACTS, *rules.numbers):
        column = spec.columns.get(name, name)
        if column in table.columns:
            columns[name] = column
        elif name in spec.columns or name in ("study", "outcome", *rules.needed):
            near = closest(column, [have for have in table.columns if have not in taken])
            known = f" (it holds {name})" if column != name else ""
            hint = f"Is it {near!r}? " if near else ""
            problems.append(
                Problem(
                    table.where,
                    "line 1",
                    f"the column {column!r}{known} is missing; the columns are:"
                    f" {', '.join(table.columns)}",
                    hint=f"{hint}Columns are named in review.toml under [extraction.columns]",
                )
            )
            sound = False
    if sound and not enough(spec.kind, columns):
        problems.append(
            Problem(
                table.where,
                "line 1",
                "the columns hold no measure of precision",
                hint=_what_would_do(spec, columns),
            )
        )
        return None
    return columns if sound else None


def _what_would_do(spec: OutcomeTable, columns: dict[str, str]) -> str:
    """Name the sets of numbers that suffice for a kind of data."""
    rules = KINDS[spec.kind]

    def named(names: Iterable[str]) -> str:
        return ", ".join(columns.get(name, name) for name in names)

    if spec.kind in ("means", "changes"):
        sets = "; or ".join(
            named(names)
            for names in (
                ("sd1", "sd2"),
                ("se1", "se2"),
                ("ci_lower1", "ci_upper1", "ci_lower2", "ci_upper2"),
                ("t_value",),
                ("p_value",),
            )
        )
    else:
        sets = "; or ".join(named(names) for names in rules.suffices)
    return f"Wanted are {named(rules.needed)}, and one of: {sets}"


def _check_ids(
    row: TableRow,
    columns: dict[str, str],
    where: str,
    studies: Collection[str] | None,
    outcomes: Collection[str] | None,
    problems: list[Problem],
) -> None:
    """Check that study and outcome exist."""
    for name, known, place in (
        ("study", studies, "studies/studies.csv"),
        ("outcome", outcomes, "review.toml"),
    ):
        value = row[columns[name]]
        if value and (known is None or value in known):
            continue
        near = closest(value, known or ()) if value else None
        problems.append(
            Problem(
                where,
                f"line {row.line}, column {columns[name]}",
                f"the {name} {value!r} is not in {place}" if value else f"the {name} is missing",
                tuple(known or ()) if len(known or ()) <= _LISTED else (),
                hint=f"Did you mean {near!r}?" if near else "",
            )
        )


def _numbers(
    row: TableRow,
    columns: dict[str, str],
    spec: OutcomeTable,
    where: str,
    problems: list[Problem],
) -> dict[str, float]:
    """Read the numbers of a row; empty cells are absent."""
    values: dict[str, float] = {}
    for name in KINDS[spec.kind].numbers:
        text = row[columns[name]] if name in columns else ""
        if not text:
            continue
        try:
            values[name] = parse_number(text)
        except ValueError:
            problems.append(
                Problem(
                    where,
                    f"line {row.line}, column {columns[name]}",
                    f"{text!r} is not a number",
                    hint="Write digits with a decimal point; leave the cell empty where the source"
                    " states nothing, and put words in the note",
                )
            )
    return values


def _check_numbers(
    row: TableRow,
    columns: dict[str, str],
    values: dict[str, float],
    spec: OutcomeTable,
    where: str,
    problems: list[Problem],
) -> None:
    """Check the numbers of a row one by one and against each other."""

    def report(name: str, message: str, hint: str = "") -> None:
        at = f"line {row.line}, column {columns[name]}"
        problems.append(Problem(where, at, message, hint=hint))

    for name, value in values.items():
        text = row[columns[name]]
        if name in _SIZES and (value < 1 or value != int(value)):
            what = "a whole number of participants, at least 1"
            report(name, f"n is {text}; it must be {what}", "Leave the cell empty if not known")
        elif name in _COUNTS and (value < 0 or value != int(value)):
            report(name, f"{text} is not a count; it must be a whole number from 0 up")
        elif name in _POSITIVE and value <= 0:
            report(
                name,
                f"the {_POSITIVE[name]} is {text}; it must be greater than 0",
                "Look it up in the report; leave the cell empty if it is not stated",
            )
        elif name == "p_value" and not 0 < value <= 1:
            report(
                name,
                f"the P value is {text}; it must be greater than 0 and at most 1",
                "A bound such as P<.001 gives no exact value: leave the cell empty, note the bound",
            )
    for arm in ("1", "2"):
        n, events, others = (values.get(f"{name}{arm}") for name in ("n", "events", "nonevents"))
        if n is not None and events is not None and events > n:
            report(f"events{arm}", f"{events:g} events in {n:g} participants")
        elif None not in (n, events, others) and (events or 0) + (others or 0) != n:
            report(
                f"nonevents{arm}",
                f"{events:g} events and {others:g} without make {(events or 0) + (others or 0):g},"
                f" n is {n:g}",
            )
    for low, high, middle in _LIMITS:
        if (low in values) != (high in values):
            missing, given = (high, low) if low in values else (low, high)
            if middle in KINDS[spec.kind].numbers:
                report(
                    given,
                    f"one confidence limit stands alone ({columns.get(missing, missing)} is empty)",
                )
        elif low in values and middle in values:
            if values[low] > values[high]:
                report(
                    low,
                    f"the lower limit {values[low]:g} is above the upper limit {values[high]:g}",
                    "The two are swapped, or a minus sign is lost",
                )
            elif not values[low] <= values[middle] <= values[high]:
                report(
                    middle,
                    f"{values[middle]:g} lies outside its confidence limits {values[low]:g} to"
                    f" {values[high]:g}",
                    "Look for a lost minus sign or a mistyped digit",
                )
    if not enough(spec.kind, values):
        have = ", ".join(columns[name] for name in values) or "nothing"
        problems.append(
            Problem(
                where,
                f"line {row.line}",
                f"not enough numbers for an effect estimate of {row[columns['study']]!r},"
                f" {row[columns['outcome']]!r} (it has {have})",
                hint=_what_would_do(spec, columns),
            )
        )


def check_duplicate_rows(rows: Iterable[OutcomeRow], problems: list[Problem]) -> None:
    """Check that a study gives one row for each outcome, time point and format.

    Parameters
    ----------
    rows
        Rows of all tables.
    problems
        Problems found are appended here.
    """
    seen: dict[tuple[str, str, str, str], OutcomeRow] = {}
    for row in rows:
        first = seen.setdefault((row.study, row.outcome, row.timepoint, row.format), row)
        if first is not row:
            problems.append(
                Problem(
                    row.file,
                    f"line {row.line}, column study",
                    f"a second row of {row.study!r} for {row.outcome!r} ({row.format}); the first"
                    f" is {first.file}, line {first.line}",
                    hint="Keep one, name their time points, or make outcomes of instruments",
                )
            )
