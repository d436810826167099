"""Cluster-randomized trials: the design effect, on sizes and events or on standard errors.

Cochrane Handbook, version 6.5, section 23.1,
https://training.cochrane.org/handbook/current/chapter-23.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.display import plural
from evisynth.effects.columns import as_frame
from evisynth.effects.multi_arm import arm_columns
from evisynth.effects.prepared import PreparedTable, Step
from evisynth.effects.table_columns import find_column, numbers_of, row_labels
from evisynth.errors import InputError, OptionError, Problem

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects.columns import Column

__all__ = ["adjust_for_clusters"]


def adjust_for_clusters(
    table: pd.DataFrame | Mapping[str, Any],
    *,
    icc: float | Column = None,
    cluster_size: float | Column = None,
    clusters: Column = None,
    way: str = "effective size",
    study: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> PreparedTable:
    """Correct cluster-randomized trials that were analysed as if people were randomized.

    The design effect is 1 + (M - 1) ICC with M people a cluster. ``"effective size"`` divides the
    sizes and events of both arms by it and rounds them (means and SDs stay); ``"inflate"``
    multiplies standard errors by its root (variances by it) in a table of estimates.

    Parameters
    ----------
    table
        One row a study.
    icc
        Intracluster correlation: one number or a column; empty for studies without clusters.
    cluster_size, clusters
        Average people in a cluster, or the number of clusters of both arms (M is then n1 + n2 over
        it).
    way
        ``"effective size"`` (Handbook 23.1.4) or ``"inflate"`` (23.1.5).
    study
        Column that names the rows.
    columns
        Columns by role where they have other names (``n1 events1 nonevents1 n2 ... se variance``).

    Returns
    -------
    PreparedTable
        With the column ``design_effect``.

    Raises
    ------
    OptionError
        If a word or column is not known, or neither the size nor the number of clusters is.
    InputError
        If an ICC is not between 0 and 1, or clusters are smaller than 1.

    Examples
    --------
    The Handbook's example (section 23.1.4): 63/295 and 84/330 in 21 clusters, ICC 0.02.

    >>> table = {"study": ["X"], "events1": [63], "n1": [295], "events2": [84], "n2": [330]}
    >>> made = adjust_for_clusters(table, icc=0.02, clusters=[21]).table
    >>> made[["events1", "n1", "events2", "n2"]].to_numpy().tolist()
    [[40.0, 187.0, 53.0, 209.0]]
    """
    if cluster_size is not None and clusters is not None:
        raise OptionError("clusters", clusters, ["left out"], hint="cluster_size is given.")
    if way not in ("effective size", "inflate"):
        raise OptionError("way", way, ["effective size", "inflate"])
    frame = as_frame(table)
    labels = row_labels(frame, study)
    rho = numbers_of(frame, icc, "icc", ("icc",))
    if rho is None:
        raise OptionError("icc", None, ["a number between 0 and 1", "a column's name"])
    size = _cluster_sizes(frame, cluster_size, clusters, columns or {})
    for values, low, high, what in ((rho, 0.0, 1.0, "an ICC"), (size, 1.0, np.inf, "a cluster")):
        bad = (values < low) | (values > high)
        if bad.any():
            row = int(np.argmax(bad))
            limits = "between 0 and 1" if what == "an ICC" else "at least 1"
            at = f"row {row + 1} ({labels[row]})"
            raise InputError(Problem("data", at, f"{what} of {values[row]:g}; it must be {limits}"))
    effect = 1 + (size - 1) * rho
    rows = np.flatnonzero(~np.isnan(effect))
    frame["design_effect"] = effect
    steps: list[Step] = []
    targets = _cluster_targets(frame, way, columns or {})
    for column, power, whole in targets:
        read = numbers_of(frame, column, column)
        values = np.full(len(frame), np.nan) if read is None else read
        for row in rows.tolist():
            value = values[row] * effect[row] ** power
            values[row] = np.round(value) if whole else value
            words = f"design effect {effect[row]:.3f} (Handbook {'23.1.4' if whole else '23.1.5'})"
            steps.append(Step(row, labels[row], column, float(values[row]), words))
        frame[column] = values
    if way == "effective size":
        _complete_cells(frame, rows, columns or {})
    steps.sort(key=lambda step: step.row)
    untouched = len(frame) - len(rows)
    notes = [f"{plural(len(rows), 'row')} corrected for clustering"]
    if untouched:
        notes.append(f"{plural(untouched, 'row')} without ICC or cluster size left as they are")
    sentence = (
        "Cluster-randomized trials were corrected by the design effect 1 + (M - 1) ICC: "
        + (
            "sizes and events were divided by it"
            if way == "effective size"
            else "standard errors were multiplied by its square root"
        )
        + " (Cochrane Handbook 6.5, sections 23.1.4 and 23.1.5)."
    )
    return PreparedTable(frame, tuple(steps), "Corrected for clusters", sentence, tuple(notes))


def _cluster_sizes(
    frame: pd.DataFrame, cluster_size: Any, clusters: Column, columns: Mapping[str, str]
) -> NDArray[np.float64]:
    """Return the average people of a cluster, shape (K,)."""
    size = numbers_of(frame, cluster_size, "cluster_size", ("cluster_size", "average_cluster_size"))
    if size is not None:
        return size
    number = numbers_of(frame, clusters, "clusters", ("clusters", "n_clusters"))
    arms = [arm_columns(frame, arm, columns).get("n") for arm in (1, 2)]
    if number is None or None in arms:
        raise OptionError(
            "cluster_size", None, ["people a cluster, a number or column", "clusters= with n1, n2"]
        )
    people = np.zeros(len(frame))
    for column in arms:
        read = numbers_of(frame, column, "n")
        people = people + (np.nan if read is None else read)
    return people / number


def _cluster_targets(
    frame: pd.DataFrame, way: str, columns: Mapping[str, str]
) -> list[tuple[str, float, bool]]:
    """Return columns to change, the power of the design effect, and whether they are counts."""
    if way == "inflate":
        words = {"se": ("se", "sei", "std_error"), "variance": ("variance", "vi", "var")}
        found = [
            (columns.get(role) or find_column(frame, names), 0.5 if role == "se" else 1.0)
            for role, names in words.items()
        ]
        known = [(str(column), power, False) for column, power in found if column is not None]
        if known:
            return known
        raise OptionError("columns", None, ["se", "variance"], hint="Name the column of errors.")
    targets = []
    for arm in (1, 2):
        roles = arm_columns(frame, arm, columns)
        targets += [(roles[r], -1.0, True) for r in ("n", "events", "nonevents") if r in roles]
    if not targets:
        raise OptionError("columns", None, ["n1", "events1", "n2", "events2"])
    return targets


def _complete_cells(
    frame: pd.DataFrame, rows: NDArray[np.int64], columns: Mapping[str, str]
) -> None:
    """Where n, events and non-events are all there, let the rounded ones add up again."""
    for arm in (1, 2):
        roles = arm_columns(frame, arm, columns)
        if {"n", "events", "nonevents"} <= set(roles):
            made = frame[roles["n"]].to_numpy() - frame[roles["events"]].to_numpy()
            values = frame[roles["nonevents"]].to_numpy(dtype=np.float64).copy()
            values[rows] = made[rows]
            frame[roles["nonevents"]] = values
