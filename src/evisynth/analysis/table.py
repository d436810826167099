"""From outcome data and studies to the one table that an analysis is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from evisynth.analysis.plan import AnalysisPlan
from evisynth.errors import InputError, Problem
from evisynth.extraction import OutcomeRow
from evisynth.studies import Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["analysis_table", "at_timepoint", "select_rows"]

FACTS = ("study", "outcome", "format", "kind", "instrument", "timepoint", "source")
"""Columns of an analysis table that say what a row is; numbers and characteristics follow."""


def at_timepoint(row: OutcomeRow, timepoints: Sequence[str]) -> bool:
    """Tell whether a row is of one of some time points, without any of them of any."""
    return not timepoints or _place_in_time(row, timepoints) < len(timepoints)


def _place_in_time(row: OutcomeRow, timepoints: Sequence[str]) -> int:
    """Return the place of a row's time point; case and blanks are no difference."""
    names = [_plain(name) for name in timepoints]
    own = _plain(row.timepoint)
    return names.index(own) if own in names else len(names)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def select_rows(plan: AnalysisPlan, rows: Iterable[OutcomeRow]) -> tuple[OutcomeRow, ...]:
    """Choose the row of each study that an analysis uses.

    A study with several formats of data for the outcome gives the one that stands first in
    ``plan.formats``, and of several time points the one that stands first in ``plan.timepoints``;
    the others stay out of this analysis.

    Parameters
    ----------
    plan
        The analysis; without formats every format is allowed, in the order of the rows.
    rows
        Outcome data of all studies.

    Returns
    -------
    tuple of OutcomeRow
        One row a study, grouped by format in the plan's order, in the order of the rows.

    Raises
    ------
    InputError
        When no row fits, or a study has two rows of the same format.
    """
    times = plan.timepoints
    of_outcome = [row for row in rows if row.outcome == plan.outcome and at_timepoint(row, times)]
    formats = plan.formats or tuple(dict.fromkeys(row.format for row in of_outcome))
    chosen: dict[str, OutcomeRow] = {}
    for name in formats:
        for row in of_outcome:
            if row.format != name:
                continue
            other = chosen.get(row.study)
            if other is not None and other.format == name:
                here, there = _place_in_time(row, times), _place_in_time(other, times)
                if here < there:
                    chosen[row.study] = row
                if here != there:
                    continue
                raise InputError(
                    Problem(
                        row.file,
                        f"line {row.line}",
                        f"study {row.study!r} has a second row for {plan.outcome!r} ({name}); the "
                        f"first is {other.file}, line {other.line}",
                        hint="Keep one, name them as different outcomes, or choose a time point.",
                    )
                )
            chosen.setdefault(row.study, row)
    if not chosen:
        present = sorted({f"{row.outcome} ({row.format})" for row in of_outcome})
        raise InputError(
            Problem(
                "review.toml",
                f"analyses, id {plan.id!r}",
                f"the analysis selects no study: outcome {plan.outcome!r}, formats "
                f"{', '.join(formats) or 'any'}",
                allowed=tuple(present),
                hint="Name an outcome and formats that the outcome data hold, or remove it.",
            )
        )
    order = {name: place for place, name in enumerate(formats)}
    return tuple(sorted(chosen.values(), key=lambda row: order[row.format]))


def _cell(value: str | float | tuple[str, ...] | None) -> str | float | None:
    """One characteristic as a table cell; several levels are joined by semicolons."""
    return "; ".join(value) if isinstance(value, tuple) else value


def analysis_table(
    plan: AnalysisPlan, rows: Iterable[OutcomeRow], studies: Sequence[Study]
) -> pd.DataFrame:
    """Join the chosen outcome data with the characteristics of their studies.

    Parameters
    ----------
    plan
        The analysis.
    rows
        Outcome data of all studies.
    studies
        Studies with their characteristics.

    Returns
    -------
    pandas.DataFrame
        One row a study: `FACTS`, then every number under its standard name (NaN where absent), then
        the characteristics (None or NaN where not known).

    Raises
    ------
    InputError
        When no row fits or a row names a study that is not there.
    """
    import pandas as pd

    by_id = {study.id: study for study in studies}
    chosen = select_rows(plan, rows)
    numbers = tuple(dict.fromkeys(name for row in chosen for name in row.values))
    table: list[dict[str, object]] = []
    for row in chosen:
        study = by_id.get(row.study)
        if study is None:
            raise InputError(
                Problem(
                    row.file,
                    f"line {row.line}, column study",
                    f"{row.study!r} is not among the included studies",
                    allowed=tuple(by_id),
                )
            )
        entry: dict[str, object] = {name: getattr(row, name) for name in FACTS}
        entry |= {name: row.values.get(name, float("nan")) for name in numbers}
        for name, value in study.characteristics.items():
            entry.setdefault(name, _cell(value))
        table.append(entry)
    return pd.DataFrame(table)
