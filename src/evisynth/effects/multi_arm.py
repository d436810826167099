"""Multi-arm trials: a shared arm is split among its comparisons, or arms are combined.

Cochrane Handbook, version 6.5, sections 6.2.9 and 23.3,
https://training.cochrane.org/handbook/current/chapter-23.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.display import plural
from evisynth.effects.columns import as_frame
from evisynth.effects.missing_statistics import combine_groups
from evisynth.effects.prepared import PreparedTable, Step
from evisynth.effects.table_columns import find_column, numbers_of, require
from evisynth.errors import InputError, OptionError, Problem

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["arm_columns", "combine_arms", "split_shared_arm"]

WORDS = {
    "n": ("n{0}", "n{0}i", "n_{1}", "n.{1}"),
    "mean": ("mean{0}", "m{0}", "m{0}i", "mean_{1}", "mean.{1}"),
    "sd": ("sd{0}", "sd{0}i", "sd_{1}", "sd.{1}"),
    "events": ("events{0}", "x{0}", "event_{1}", "events_{1}", "event.{1}"),
    "nonevents": ("nonevents{0}",),
}
"""Columns of an arm by role; {0} is its number, {1} ``e`` or ``c``."""

TABLE_WORDS = {"events1": "ai", "nonevents1": "bi", "events2": "ci", "nonevents2": "di"}


def arm_columns(frame: pd.DataFrame, arm: int, given: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of an arm by role (n, mean, sd, events, nonevents), those that exist.

    Examples
    --------
    >>> import pandas as pd
    >>> arm_columns(pd.DataFrame({"n_c": [1], "ci": [2]}), 2, {})
    {'n': 'n_c', 'events': 'ci'}
    """
    found = {}
    for role, patterns in WORDS.items():
        key = f"{role}{arm}"
        if key in given:
            found[role] = require(frame, given[key], "columns")
            continue
        words = [pattern.format(arm, "e" if arm == 1 else "c") for pattern in patterns]
        if key in TABLE_WORDS:
            words.append(TABLE_WORDS[key])
        column = find_column(frame, words)
        if column is not None:
            found[role] = column
    return found


def split_shared_arm(
    table: pd.DataFrame | Mapping[str, Any],
    *,
    study: str = "study",
    shared: int = 2,
    columns: Mapping[str, str] | None = None,
    name: str | None = None,
) -> PreparedTable:
    """Split the shared arm of multi-arm trials, so that nobody counts twice (Handbook 23.3.4).

    A trial that stands in m rows has its shared arm divided into m parts: people, events and
    non-events, as evenly as whole people allow; mean and SD stay. The rows become nearly
    independent; that they share the arm's mean is not seen (see `shared_arm_covariances`).

    Parameters
    ----------
    table
        One row a comparison; the shared arm's numbers stand in each row of its study.
    study
        Column of the studies.
    shared
        Which arm is shared, 1 or 2 (the comparator).
    columns
        Columns by role where they have other names, e.g. ``{"n2": "n_placebo"}``.
    name
        Column that tells the rows of a study apart (e.g. the intervention), for their new names.

    Returns
    -------
    PreparedTable
        Its table has new names in ``study`` ("Lee 2010 (1)") and the old ones in ``trial``.

    Raises
    ------
    OptionError
        If there is no such column, or no column of the shared arm is known.
    InputError
        If the rows of a study do not have the same numbers in the shared arm.

    Examples
    --------
    >>> table = {"study": ["A", "A", "B"], "events1": [10, 12, 5], "n1": [50, 51, 40],
    ...          "events2": [17, 17, 7], "n2": [48, 48, 41]}
    >>> split = split_shared_arm(table)
    >>> split.table[["study", "events2", "n2"]].to_numpy().tolist()
    [['A (1)', 9.0, 24.0], ['A (2)', 8.0, 24.0], ['B', 7.0, 41.0]]
    """  # fmt: skip
    if shared not in (1, 2):
        raise OptionError("shared", shared, [1, 2])
    frame = as_frame(table)
    require(frame, study, "study")
    trials = [str(cell).strip() for cell in frame[study].tolist()]
    roles = arm_columns(frame, shared, columns or {})
    counts = {role: roles[role] for role in ("n", "events", "nonevents") if role in roles}
    if not counts:
        raise OptionError(
            "columns", None, [f"n{shared}", f"events{shared}"],
            hint=f"No column of arm {shared} was recognized; name it in columns=.",
        )  # fmt: skip
    _check_same(frame, trials, roles)
    parts = {trial: trials.count(trial) for trial in trials}
    numbers: dict[str, NDArray[np.float64]] = {}
    for role, column in counts.items():
        read = numbers_of(frame, column, column)
        numbers[role] = np.full(len(frame), np.nan) if read is None else read
    pieces = {role: values.copy() for role, values in numbers.items()}
    so_far: dict[str, int] = {}
    steps: list[Step] = []
    for row, trial in enumerate(trials):
        place, many = so_far.get(trial, 0), parts[trial]
        so_far[trial] = place + 1
        if many == 1:
            continue
        whole = {role: float(values[row]) for role, values in numbers.items()}
        if {"events", "nonevents"} <= set(whole):
            whole.setdefault("n", whole["events"] + whole["nonevents"])
        made = {role: _piece(value, many, place) for role, value in whole.items()}
        if {"events", "nonevents"} <= set(made):
            made["nonevents"] = made["n"] - made["events"]
        for role, column in counts.items():
            pieces[role][row] = made[role]
            words = f"one of {many} parts (Handbook 23.3.4)"
            steps.append(Step(row, trial, column, made[role], words))
    for role, column in counts.items():
        frame[column] = pieces[role]
    frame["trial"] = trials
    frame[study] = _names(frame, trials, name)
    steps.sort(key=lambda step: step.row)
    several = sum(1 for trial in parts if parts[trial] > 1)
    notes = [f"arm {shared} of {plural(several, 'study', 'studies')} split among its comparisons"]
    sentence = (
        "The shared arm of multi-arm trials was split evenly among the comparisons (Cochrane "
        "Handbook 6.5, section 23.3.4)."
    )
    return PreparedTable(frame, tuple(steps), "Shared arms split", sentence, tuple(notes))


def _piece(value: float, many: int, place: int) -> float:
    """Return one of many parts of a count; earlier parts get the people that are left over."""
    if value != np.floor(value):
        return value / many
    return float((int(value) + many - 1 - place) // many)


def _check_same(frame: pd.DataFrame, trials: list[str], roles: Mapping[str, str]) -> None:
    """Refuse studies whose rows differ in the shared arm."""
    for column in roles.values():
        seen: dict[str, Any] = {}
        for row, (trial, cell) in enumerate(zip(trials, frame[column].tolist(), strict=True)):
            if trial in seen and cell == cell and seen[trial] == seen[trial] != cell:
                raise InputError(
                    Problem(
                        "data",
                        f"row {row + 1} (study {trial!r}), column {column}",
                        f"{cell!r} where an earlier row of the study has {seen[trial]!r}: "
                        "this is not a shared arm",
                        hint="Use combine_arms, or take the study's comparisons as independent.",
                    )
                )
            seen.setdefault(trial, cell)


def _names(frame: pd.DataFrame, trials: list[str], name: str | None) -> list[str]:
    """Return unique names of the rows."""
    if name is not None:
        cells = [str(cell) for cell in frame[require(frame, name, "name")].tolist()]
        return [
            f"{trial} ({cell})" if trials.count(trial) > 1 else trial
            for trial, cell in zip(trials, cells, strict=True)
        ]
    so_far: dict[str, int] = {}
    names = []
    for trial in trials:
        so_far[trial] = so_far.get(trial, 0) + 1
        names.append(f"{trial} ({so_far[trial]})" if trials.count(trial) > 1 else trial)
    return names


def combine_arms(
    table: pd.DataFrame | Mapping[str, Any],
    *,
    study: str = "study",
    arm: int = 1,
    columns: Mapping[str, str] | None = None,
) -> PreparedTable:
    """Combine the arms of multi-arm trials into one, the recommended way (Handbook 23.3.4).

    Rows of one study become one: people, events and non-events of `arm` are added, mean and SD are
    those of all people as one sample; the other arm, and every other column, is taken from the
    first row.

    Parameters
    ----------
    table
        One row a comparison; the other arm is shared.
    study
        Column of the studies.
    arm
        Which arm to combine, 1 or 2.
    columns
        Columns by role where they have other names.

    Raises
    ------
    OptionError
        If there is no such column, or no column of the arm is known.
    InputError
        If the rows of a study differ in the other arm.

    Examples
    --------
    >>> table = {"study": ["A", "A"], "n1": [10, 15], "mean1": [5.0, 7.0], "sd1": [2.0, 3.0],
    ...          "n2": [20, 20], "mean2": [8.0, 8.0], "sd2": [2.5, 2.5]}
    >>> combine_arms(table).table.round(4).to_numpy().tolist()
    [['A', 25.0, 6.2, 2.7839, 20, 8.0, 2.5]]
    """  # fmt: skip
    if arm not in (1, 2):
        raise OptionError("arm", arm, [1, 2])
    frame = as_frame(table)
    require(frame, study, "study")
    trials = [str(cell).strip() for cell in frame[study].tolist()]
    roles = arm_columns(frame, arm, columns or {})
    if "n" not in roles and not {"events", "nonevents"} <= set(roles):
        raise OptionError("columns", None, [f"n{arm}", f"events{arm}"], hint="Name the arm's size.")
    _check_same(frame, trials, arm_columns(frame, 3 - arm, columns or {}))
    numbers: dict[str, NDArray[np.float64]] = {}
    for role, column in roles.items():
        read = numbers_of(frame, column, column)
        numbers[role] = np.full(len(frame), np.nan) if read is None else read
    first = [row for row, trial in enumerate(trials) if trial not in trials[:row]]
    steps: list[Step] = []
    columns_now = {role: numbers[role].copy() for role in roles}
    for place, row in enumerate(first):
        rows = [other for other, trial in enumerate(trials) if trial == trials[row]]
        if len(rows) == 1:
            continue
        made: dict[str, float] = {}
        for role in ("n", "events", "nonevents"):
            if role in roles:
                made[role] = float(numbers[role][rows].sum())
        if {"n", "mean", "sd"} <= set(roles):
            _, mean, sd = combine_groups(*(numbers[role][rows] for role in ("n", "mean", "sd")))
            made |= {"mean": float(mean), "sd": float(sd)}
        for role, value in made.items():
            columns_now[role][row] = value
            words = f"{plural(len(rows), 'arm')} combined (Handbook table 6.5.a)"
            steps.append(Step(place, trials[row], roles[role], value, words))
    for role, column in roles.items():
        frame[column] = columns_now[role]
    frame = frame.iloc[first].reset_index(drop=True)
    notes = [f"{len(trials)} rows became {len(first)}"]
    sentence = (
        "Arms of multi-arm trials were combined into one (Cochrane Handbook 6.5, section 23.3.4 "
        "and table 6.5.a)."
    )
    return PreparedTable(frame, tuple(steps), "Arms combined", sentence, tuple(notes))
