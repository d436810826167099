"""Results of another publication, read for the table that sets them beside ours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from evisynth.errors import Problem, closest
from evisynth.records import TableRow, parse_number, read_table
from evisynth.review.parts import PublishedResult
from evisynth.studies import Field

__all__ = ["read_published_results"]


def read_published_results(
    path: Path,
    *,
    where: str,
    outcomes: Collection[str] | None,
    analyses: Collection[str] | None,
    fields: Mapping[str, Field],
    citation: str,
    problems: list[Problem],
) -> tuple[PublishedResult, ...]:
    """Read ``published_results.csv``, one row a published number.

    Columns: ``label``, ``outcome``, ``analysis``, ``subgroup``, ``level``, ``k``, ``estimate``,
    ``ci_lower``, ``ci_upper``, ``p``, ``i2``, and optionally ``source``, ``note``. Empty numbers
    are None: not published.

    Parameters
    ----------
    path, where
        File, and its name in messages.
    outcomes, analyses, fields
        What the rows may name; None where it could not be read.
    citation
        Source of rows that name none.
    problems
        Problems found are appended here; a row with a problem is not returned.
    """
    table = read_table(
        path,
        where=where,
        problems=problems,
        required=("label", "outcome", "analysis", "subgroup", "level", "k", "estimate", "ci_lower",
                  "ci_upper", "p", "i2"),
        optional=("source", "note"),
    )  # fmt: skip
    found: list[PublishedResult] = []
    for row in table or ():
        before = len(problems)
        subgroup, level = row["subgroup"], row["level"]
        for column, allowed in (
            ("outcome", outcomes),
            ("analysis", analyses),
            ("subgroup", ["", *fields]),
        ):
            if allowed is not None and row[column] not in allowed:
                _unknown(row, column, allowed, where, problems)
        if level and (subgroup not in fields or level not in fields[subgroup].levels):
            allowed = fields[subgroup].levels if subgroup in fields else ()
            if allowed or not subgroup:
                _unknown(row, "level", allowed, where, problems)
        numbers = {
            column: _number(row, column, where, problems)
            for column in ("k", "estimate", "ci_lower", "ci_upper")
        }
        k = numbers["k"]
        if k is not None and (k < 1 or k != int(k)):
            at = f"line {row.line}, column k"
            problems.append(Problem(where, at, f"k is {row['k']}; it must be a whole number"))
        low, high, middle = numbers["ci_lower"], numbers["ci_upper"], numbers["estimate"]
        if (
            low is not None
            and high is not None
            and middle is not None
            and not low <= middle <= high
        ):
            at = f"line {row.line}, column estimate"
            message = f"{middle:g} lies outside its confidence limits {low:g} to {high:g}"
            problems.append(Problem(where, at, message))
        if len(problems) == before:
            found.append(
                PublishedResult(
                    label=row["label"],
                    outcome=row["outcome"],
                    analysis=row["analysis"],
                    subgroup=subgroup,
                    level=level,
                    k=None if k is None else int(k),
                    estimate=middle,
                    ci_lower=low,
                    ci_upper=high,
                    p=row["p"],
                    i2=row["i2"],
                    source=row["source"] or citation,
                    note=row["note"],
                )
            )
    return tuple(found)


def _unknown(
    row: TableRow, column: str, allowed: Collection[str], where: str, problems: list[Problem]
) -> None:
    """Report a word that the plan does not have."""
    value = row[column]
    near = closest(value, [word for word in allowed if word]) if value else None
    problems.append(
        Problem(
            where,
            f"line {row.line}, column {column}",
            f"unknown {column} {value!r}",
            tuple(word for word in allowed if word),
            hint=f"Did you mean {near!r}?" if near else "",
        )
    )


def _number(row: TableRow, column: str, where: str, problems: list[Problem]) -> float | None:
    """Read a number, None for an empty cell."""
    if not row[column]:
        return None
    try:
        return parse_number(row[column])
    except ValueError:
        at = f"line {row.line}, column {column}"
        hint = "Leave the cell empty if it was not published, and say so in the note"
        problems.append(Problem(where, at, f"{row[column]!r} is not a number", hint=hint))
        return None
