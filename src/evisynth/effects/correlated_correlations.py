"""Covariances of correlation coefficients computed from the same people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from evisynth.effects.columns import as_frame
from evisynth.effects.covariance_blocks import Covariances, covariances_of_blocks
from evisynth.effects.dependence import names_of
from evisynth.effects.estimates import EffectEstimates
from evisynth.effects.measures import MEASURES
from evisynth.effects.table_columns import numbers_of
from evisynth.errors import DataError, OptionError

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


@dataclass(frozen=True, slots=True, eq=False)
class DependentCorrelations:
    """Correlations with the covariances of their sampling errors.

    Attributes
    ----------
    effects : EffectEstimates
        Correlations (or Fisher's z), one row each.
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
        One row a correlation; all pairs of a study's variables must be there.
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
        If a correlation is missing, stands twice or is not between -1 and 1.

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
    if common_n not in COMMON:
        raise OptionError("common_n", common_n, COMMON)
    frame = as_frame(table)
    r, sizes = numbers_of(frame, correlation, "correlation"), numbers_of(frame, n, "n")
    if r is None or sizes is None:
        raise OptionError("correlation", None, [str(column) for column in frame.columns])
    if np.isnan(r).any() or (np.abs(r) >= 1).any():
        row = int(np.argmax(np.isnan(r) | (np.abs(r) >= 1)))
        raise DataError(
            f"row {row + 1}: a correlation of {r[row]:g} cannot be used; every pair of a study's "
            "variables is needed: fill it in, or leave the study's rows out"
        )
    names = names_of(frame, study, "study")
    first, second = names_of(frame, variable1, "variable1"), names_of(frame, variable2, "variable2")
    pairs = [frozenset(pair) for pair in zip(first, second, strict=True)]
    tables: dict[str, dict[frozenset[str], float]] = {}
    for name, pair, value in zip(names, pairs, r, strict=True):
        own = tables.setdefault(name, {})
        if len(pair) == 1 or pair in own:
            raise DataError(f"study {name}: {' and '.join(sorted(pair))} stands twice, or alone")
        own[pair] = float(value)
    rows_of_study = {
        name: np.array([row for row, other in enumerate(names) if other == name]) for name in tables
    }
    size = np.empty(len(r))
    for rows in rows_of_study.values():
        size[rows] = COMMON[common_n](sizes[rows])

    def covariance(i: int, j: int) -> float:
        own = tables[names[i]]

        def get(a: str, b: str) -> float:
            if a == b:
                return 1.0
            value = own.get(frozenset((a, b)))
            if value is None:
                raise DataError(f"study {names[i]}: there is no correlation of {a} and {b}")
            return value

        return _covariance(get, first[i], second[i], first[j], second[j])

    alone = np.array([covariance(row, row) for row in range(len(r))])
    scale = 1 / (1 - r**2) if to_z else np.ones(len(r))
    df = size - (3 if to_z else 1)
    variances = alone * scale**2 / df

    def block(rows: NDArray[np.int64]) -> Floats:
        matrix = np.array([[covariance(int(i), int(j)) for j in rows] for i in rows])
        root = np.sqrt(alone[rows])
        return np.asarray(matrix / np.outer(root, root))

    labels = tuple(f"{s}: {a}, {b}" for s, a, b in zip(names, first, second, strict=True))
    known = np.ones(len(r), dtype=np.bool_)
    made = covariances_of_blocks(
        variances, labels, names, known, block, nearest=False, sentence=SENTENCE
    )
    measure = "ZCOR" if to_z else "COR"
    effects = EffectEstimates(
        measure=measure,
        scale=MEASURES[measure].scale,
        labels=labels,
        estimates=np.arctanh(r) if to_z else r,
        variances=variances,
        reasons=("",) * len(r),
        method="correlations of several variables of the same people",
        data=frame,
        columns={},
        notes=(),
    )
    return DependentCorrelations(effects, made)


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
