"""``grade/ratings.csv``: what people decided on each domain of each analysis."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from evisynth.certainty.domains import DOMAINS, UP, Design
from evisynth.certainty.rating import Rating, Step, level_words
from evisynth.errors import DataError, Problem, closest
from evisynth.records import read_table

__all__ = ["RATINGS_COLUMNS", "read_ratings"]

RATINGS_COLUMNS = ("analysis", "domain", "levels", "reason", "by", "date", "fingerprint", "result")
_REQUIRED = RATINGS_COLUMNS[:-1]


@dataclass(frozen=True, slots=True)
class _Teller:
    """Appends a problem at a column of one line."""

    where: str
    line: int
    problems: list[Problem]

    def __call__(
        self, column: str, message: str, allowed: tuple[str, ...] = (), hint: str = ""
    ) -> None:
        at = f"line {self.line}, column {column}"
        self.problems.append(Problem(self.where, at, message, allowed, hint))


def read_ratings(
    path: Path,
    *,
    where: str,
    analyses: dict[str, Design] | None,
    people: Collection[str] | None,
    instrument: str = "",
    problems: list[Problem],
) -> dict[str, tuple[Step, ...]]:
    """Read the ratings.

    Parameters
    ----------
    path, where
        File, and its name in messages.
    analyses
        Design by id of each analysis in the summary of findings; None when it could not be read.
    people
        Ids of the team; several in a cell are separated by semicolons. None when not known.
    instrument
        Instrument of the risk of bias.
    problems
        Problems found are appended here; a row with a problem is not returned.

    Returns
    -------
    dict of str to tuple of Step
        Steps by analysis, in the order of the file. A row without levels has not been judged yet
        and is left out.
    """
    table = read_table(
        path,
        where=where,
        problems=problems,
        required=_REQUIRED,
        optional=RATINGS_COLUMNS[-1:],
        may_be_empty=True,
    )
    found: dict[str, dict[str, Step]] = {}
    for row in table or ():
        before = len(problems)
        tell = _Teller(where, row.line, problems)
        analysis, domain = row["analysis"], row["domain"]
        if analyses is not None and analysis not in analyses:
            near = closest(analysis, analyses)
            tell(
                "analysis",
                f"{analysis!r} is no analysis of [[summary_of_findings]]",
                tuple(analyses),
                f"Did you mean {near!r}?" if near else "Add it to review.toml or remove the row",
            )
        if domain not in DOMAINS:
            near = closest(domain, DOMAINS)
            hint = f"Did you mean {near!r}?" if near else ""
            tell("domain", f"unknown domain {domain!r}", DOMAINS, hint)
            continue
        earlier = found.get(analysis, {}).get(domain)
        if earlier is not None:
            tell("domain", f"{domain!r} of {analysis!r} stands in line {earlier.line} already")
        levels = _levels(row["levels"])
        if row["levels"] and levels is None:
            ways = ("0", "1", "2") if domain in UP else ("0", "-1", "-2", "-3")
            tell("levels", f"{row['levels']!r} is no step", ways)
        if levels is None:
            continue
        if levels and not row["reason"].strip():
            tell(
                "reason",
                f"a step of {level_words(levels)} for {domain} has no reason",
                hint="Say in words why; it is printed as a footnote",
            )
        _check_who(row["by"], row["date"], people, tell)
        if len(problems) > before:
            continue
        step = Step(
            domain,
            levels,
            row["reason"].strip(),
            row["by"],
            row["date"],
            row["fingerprint"],
            row["result"],
            row.line,
        )
        try:
            Rating(analysis, (step,), (analyses or {}).get(analysis, "randomized"), instrument)
        except DataError as error:
            tell("levels", str(error))
            continue
        found.setdefault(analysis, {})[domain] = step
    return {analysis: tuple(steps.values()) for analysis, steps in found.items()}


def _levels(text: str) -> int | None:
    """Read a step; minus signs of typography are taken too."""
    try:
        return int(text.strip().replace("−", "-").replace("–", "-"))
    except ValueError:
        return None


def _check_who(by: str, date: str, people: Collection[str] | None, tell: _Teller) -> None:
    names = [name.strip() for name in by.split(";") if name.strip()]
    if not names:
        tell("by", "nobody is named who rated", hint="Write the id of a person of [[people]]")
    for name in names:
        if people is not None and name not in people:
            tell("by", f"{name!r} is not of the team", tuple(sorted(people)))
    try:
        datetime.date.fromisoformat(date)
    except ValueError:
        tell("date", f"{date!r} is no date", hint="Write it as 2026-03-31")
