"""Covariances of correlation coefficients computed from the same people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from evisynth.display import plural
from evisynth.effects.columns import as_frame
from evisynth.effects.covariance_blocks import Covariances, covariances_of_blocks
from evisynth.effects.dependence import names_of
from evisynth.effects.estimates import EffectEstimates
from evisynth.effects.measures import MEASURES
from evisynth.effects.table_columns import numbers_of
from evisynth.errors import DataError, OptionError
from evisynth.stats import check_flag, check_name

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects.columns import Column

    Floats: TypeAlias = NDArray[np.float64]

__all__ = ["DependentCorrelations", "dependent_correlations"]

COMMON = {
    "min": lambda n: float(np.min(n)),
    "harmonic": lambda n: float(1 / np.mean(1 / n)),
    "mean": lambda n: float(np.mean(n)),
}
"""Common size of a study's correlations, by name."""

SENTENCE = (
    "Covariances of correlations from the same people were computed by Steiger 1980 "
    "(doi:10.1037/0033-2909.87.2.245) and Olkin and Finn 1990 (doi:10.1037/0033-2909.108.2.330)."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DependentCorrelations:
    """Correlations with the covariances of their sampling errors.

    Attributes
    ----------
    effects : EffectEstimates
        Correlations (or Fisher's z), one row each; its column ``pair`` names the variables
        (``"a.b"``), for `multilevel`.
    covariances : Covariances
        For the argument ``V`` of `multilevel`.
    """

    effects: EffectEstimates
    covariances: Covariances

    def to_frame(self) -> pd.DataFrame:
        """Return the rows with estimates and variances."""
        return self.effects.to_frame()

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return SENTENCE

    def __str__(self) -> str:
        return f"{self.covariances}"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """Return the covariances as an HTML table, for notebooks."""
        return self.covariances._repr_html_()


def dependent_correlations(
    table: pd.DataFrame | Mapping[str, Any],
    *,
    correlation: Column = "ri",
    variable1: Column = "var1",
    variable2: Column = "var2",
    study: Column = "study",
    n: Column = "ni",
    to_z: bool = False,
    common_n: str = "min",
) -> DependentCorrelations:
    """Return correlations of several variables with their covariances (metafor's ``rcalc``).

    Parameters
    ----------
    table
        One row a correlation. A row whose correlation is missing stays, without an estimate; so do
        rows of its study whose covariances need it (leave one of two such rows out to keep the
        other).
    correlation, variable1, variable2, study, n
        Columns: the correlation, the two variables, the study, the size of the sample.
    to_z
        Whether to give Fisher's z.
    common_n
        Common size of a study: ``"min"`` (cautious), ``"harmonic"`` or ``"mean"``.

    Raises
    ------
    OptionError
        If a column or word is not known.
    DataError
        If a correlation stands twice or is not between -1 and 1, or a sample is too small.

    References
    ----------
    Steiger 1980, doi:10.1037/0033-2909.87.2.245; Olkin and Finn 1990,
    doi:10.1037/0033-2909.108.2.330.

    Examples
    --------
    >>> table = {"study": [1, 1, 1], "var1": ["a", "a", "b"], "var2": ["b", "c", "c"],
    ...          "ri": [0.5, 0.3, 0.2], "ni": [101, 101, 101]}
    >>> found = dependent_correlations(table)
    >>> found.covariances.to_matrix().round(5).tolist()[0]
    [0.00562, 0.00086, 0.00182]
    """  # fmt: skip
    to_z = check_flag("to_z", to_z)
    common_n = check_name("common_n", common_n, COMMON)
    frame = as_frame(table)
    r, sizes = numbers_of(frame, correlation, "correlation"), numbers_of(frame, n, "n")
    if r is None or sizes is None:
        raise OptionError("correlation", None, [str(column) for column in frame.columns])
    known = ~np.isnan(r)
    if (np.abs(r[known]) >= 1).any():
        row = int(np.argmax(np.abs(r) >= 1))
        raise DataError(f"row {row + 1}: a correlation of {r[row]:g} does not lie between -1 and 1")
    least = 3 if to_z else 1
    small = known & ~(sizes > least)
    if small.any():
        row = int(np.argmax(small))
        raise DataError(f"row {row + 1}: n of {sizes[row]:g}; it must be above {least}")
    names = names_of(frame, study, "study")
    first, second = names_of(frame, variable1, "variable1"), names_of(frame, variable2, "variable2")
    pairs = [frozenset(pair) for pair in zip(first, second, strict=True)]
    tables: dict[str, dict[frozenset[str], float]] = {}
    for name, pair, value in zip(names, pairs, r, strict=True):
        own = tables.setdefault(name, {})
        if len(pair) == 1 or pair in own:
            raise DataError(f"study {name}: {' and '.join(sorted(pair))} stands twice, or alone")
        own[pair] = float(value)
    groups: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        groups.setdefault(name, []).append(row)
    size = np.full(len(r), np.nan)
    for rows in groups.values():
        there = [row for row in rows if known[row]]
        if there:
            size[there] = COMMON[common_n](sizes[there])

    def covariance(i: int, j: int) -> float:
        own = tables[names[i]]

        def get(a: str, b: str) -> float:
            return 1.0 if a == b else own.get(frozenset((a, b)), np.nan)

        return _covariance(get, first[i], second[i], first[j], second[j])

    reasons = [""] * len(r)
    for rows in groups.values():
        reasons = _without_covariance(reasons, rows, known, covariance)
    known &= np.array([not reason for reason in reasons])
    alone = np.array([covariance(row, row) if known[row] else np.nan for row in range(len(r))])
    scale = 1 / (1 - r**2) if to_z else np.ones(len(r))
    variances = alone * scale**2 / (size - least)

    def block(rows: NDArray[np.int64]) -> Floats:
        matrix = np.array([[covariance(int(i), int(j)) for j in rows] for i in rows])
        root = np.sqrt(alone[rows])
        return np.asarray(matrix / np.outer(root, root))

    labels = tuple(f"{s}: {a}, {b}" for s, a, b in zip(names, first, second, strict=True))
    shown = np.where(known, variances, 1.0)
    made = covariances_of_blocks(
        shown, labels, names, known, block, nearest=False, sentence=SENTENCE
    )
    if "pair" not in frame.columns:
        frame["pair"] = [f"{a}.{b}" for a, b in zip(first, second, strict=True)]
    measure = "ZCOR" if to_z else "COR"
    effects = EffectEstimates(
        measure=measure,
        scale=MEASURES[measure].scale,
        labels=labels,
        estimates=np.where(known, np.arctanh(r) if to_z else r, np.nan),
        variances=np.where(known, variances, np.nan),
        reasons=tuple(reasons),
        method="correlations of several variables of the same people",
        data=frame,
        columns={},
        notes=_notes(known),
    )
    return DependentCorrelations(effects, made)


def _without_covariance(
    reasons: list[str],
    rows: list[int],
    known: NDArray[np.bool_],
    covariance: Callable[[int, int], float],
) -> list[str]:
    """Say which rows of a study have no correlation, or no covariance with another that has one."""
    told = list(reasons)
    there = [row for row in rows if known[row]]
    for row in rows:
        if not known[row]:
            told[row] = "the correlation is missing"
        elif any(np.isnan(covariance(row, other)) for other in there if other != row):
            told[row] = "a correlation that its covariances need is missing"
    return told


def _notes(known: NDArray[np.bool_]) -> tuple[str, ...]:
    """Say that rows are not estimable."""
    if known.all():
        return ()
    return (f"{plural(int((~known).sum()), 'row')} not estimable; see the reasons",)


def _covariance(get: Any, s: str, t: str, u: str, v: str) -> float:
    """Return n times the covariance of r_st and r_uv for normal variables (Steiger 1980, eq. 2)."""
    st, uv = get(s, t), get(u, v)
    su, sv, tu, tv = get(s, u), get(s, v), get(t, u), get(t, v)
    return float(
        0.5 * st * uv * (su**2 + sv**2 + tu**2 + tv**2)
        + su * tv
        + sv * tu
        - (st * su * sv + st * tu * tv + su * tu * uv + sv * tv * uv)
    )
