"""Several dependent estimates of a study combined into one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from evisynth.display import plural
from evisynth.effects.covariance_blocks import is_positive_definite
from evisynth.effects.dependence import names_of
from evisynth.effects.estimates import EffectEstimates
from evisynth.effects.given import GivenEstimates, as_estimates
from evisynth.effects.table_columns import numbers_of
from evisynth.errors import DataError, OptionError
from evisynth.stats import SamplingCovariance, check_flag, check_name, check_number

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from evisynth.effects.columns import Column

    Floats: TypeAlias = NDArray[np.float64]

__all__ = ["aggregate"]

STRUCTURES = {
    "ID": "independent within the cluster",
    "CS": "equally correlated within the cluster",
    "CAR": "autocorrelated over time within the cluster",
    "CS+CAR": "equally correlated and autocorrelated over time within the cluster",
    "CS*CAR": "correlated between measures and autocorrelated over time within the cluster",
}


def aggregate(
    effects: GivenEstimates,
    by: Column = None,
    *,
    structure: str | None = None,
    correlation: float | Mapping[Any, float] | None = None,
    autocorrelation: float | Mapping[Any, float] | None = None,
    time: Column = None,
    obs: Column = None,
    covariances: SamplingCovariance | ArrayLike | None = None,
    weighted: bool = True,
) -> EffectEstimates:
    """Combine the estimates of each cluster into one (metafor's ``aggregate.escalc``).

    A multilevel model keeps more of what the estimates say; this is for analyses that need one
    estimate a study.

    Parameters
    ----------
    effects
        Effect estimates, several a study, or a table of them.
    by
        Column (or values) of the clusters; by default the column of the studies.
    structure
        Correlation of the sampling errors within a cluster: ``"CS"`` (with `correlation`; the
        default), ``"ID"``, ``"CAR"`` (autocorrelation^|time difference|), ``"CS+CAR"``
        (correlation + (1 - correlation) autocorrelation^|...|), ``"CS*CAR"`` (with `obs`).
    correlation, autocorrelation
        One number, or one for each cluster by its name.
    time, obs
        Columns of times, and of what tells measures at the same time apart.
    covariances
        Known covariances instead, from `covariances` or as a matrix (K, K).
    weighted
        Whether to weight by the inverse of the covariances (generalized least squares), or take the
        plain average; its variance heeds the correlations in both cases.

    Returns
    -------
    EffectEstimates
        One row a cluster, in the order of their first rows. Of the other columns it has the mean
        (numbers, truth values) or the most frequent value; ``k_estimates`` counts the rows.

    Raises
    ------
    OptionError
        If a word, column or correlation is not known.
    DataError
        If a cluster's covariance matrix is not positive definite.

    References
    ----------
    Borenstein et al. 2009, chapter 24, doi:10.1002/9780470743386.ch24.

    Examples
    --------
    >>> import evisynth as es
    >>> table = {"study": ["A", "A", "B"], "yi": [0.1, 0.3, 0.5], "vi": [0.04, 0.04, 0.02]}
    >>> made = aggregate(es.effects(table, "GEN"), correlation=0.5)
    >>> made.labels, made.estimates.round(3).tolist(), made.variances.round(3).tolist()
    (('A', 'B'), [0.2, 0.5], [0.03, 0.02])
    """  # fmt: skip
    weighted = check_flag("weighted", weighted)
    if structure is not None:
        structure = check_name("structure", structure, STRUCTURES)
    effects = as_estimates(effects)
    if by is None:
        by = effects.columns.get("study", "study")
    names = names_of(effects.data, by, "by")
    members: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        members.setdefault(name, []).append(row)
    order = list(members)
    chosen = _structure(structure, correlation, autocorrelation, time, obs, covariances)
    times = None if time is None else numbers_of(effects.data, time, "time")
    measures = None if obs is None else names_of(effects.data, obs, "obs")
    given = _given(covariances, effects)
    estimates, variances = np.full(len(order), np.nan), np.full(len(order), np.nan)
    reasons, counts = [], []
    known = effects.estimable
    for place, name in enumerate(order):
        own = np.array(members[name], dtype=np.int64)
        rows = own[known[own]]
        counts.append(len(rows))
        if not len(rows):
            reasons.append("none of its estimates is estimable")
            continue
        reasons.append("")
        if given is not None:
            matrix = given[np.ix_(rows, rows)]
        else:
            rho = _number(correlation, name, "correlation")
            phi = _number(autocorrelation, name, "autocorrelation")
            r = _correlations(chosen, rows, rho, phi, times, measures)
            root = np.sqrt(effects.variances[rows])
            matrix = r * np.outer(root, root)
        if len(rows) > 1 and not is_positive_definite(matrix):
            raise DataError(
                f"cluster {name!r}: the covariance matrix of its {len(rows)} estimates is not "
                "positive definite; lower the correlation, or check time and obs"
            )
        y = effects.estimates[rows]
        if weighted:
            total = np.linalg.solve(matrix, np.ones(len(rows)))
            estimates[place], variances[place] = total @ y / total.sum(), 1 / total.sum()
        else:
            estimates[place], variances[place] = y.mean(), matrix.sum() / len(rows) ** 2
    return _result(effects, names, order, estimates, variances, reasons, counts, chosen, weighted)


def _structure(
    structure: str | None,
    correlation: Any,
    autocorrelation: Any,
    time: Column,
    obs: Column,
    covariances: Any,
) -> str:
    """Return the structure; refuse what does not go together."""
    if covariances is not None:
        return "V"
    if structure is None:
        structure = "CS" if autocorrelation is None else "CAR"
        if correlation is not None and autocorrelation is not None:
            structure = "CS*CAR" if obs is not None else "CS+CAR"
    if structure not in STRUCTURES:
        raise OptionError("structure", structure, STRUCTURES)
    needs = {"correlation": correlation} if "CS" in structure else {}
    if "CAR" in structure:
        needs |= {"autocorrelation": autocorrelation, "time": time}
    if structure == "CS*CAR":
        needs["obs"] = obs
    for option, value in needs.items():
        if value is None:
            raise OptionError(
                option, None, ["a number between -1 and 1" if "corr" in option else "a column"],
                hint=f"structure={structure!r} needs it.",
            )  # fmt: skip
    return structure


def _number(value: Any, name: str, option: str) -> float:
    """Return a correlation, of one cluster where they are given by name."""
    if value is None:
        return np.nan
    if isinstance(value, Mapping):
        by_name = {str(key): number for key, number in value.items()}
        if name not in by_name:
            raise OptionError(option, name, by_name, hint="One number for each cluster.")
        value = by_name[name]
    return check_number(option, value, least=-1, most=1, words=["a number between -1 and 1"])


def _correlations(
    structure: str,
    rows: NDArray[np.int64],
    rho: float,
    phi: float,
    times: Floats | None,
    measures: list[str] | None,
) -> Floats:
    """Return the correlations of a cluster's rows."""
    k = len(rows)
    r = np.eye(k)
    fading = r
    if "CAR" in structure and times is not None:
        if np.isnan(times[rows]).any():
            raise DataError(f"time: row {int(rows[np.argmax(np.isnan(times[rows]))]) + 1} has none")
        fading = np.power(phi, np.abs(np.subtract.outer(times[rows], times[rows])))
    if structure == "CS":
        r = np.full((k, k), rho)
    elif structure == "CAR":
        r = fading
    elif structure == "CS+CAR":
        r = rho + (1 - rho) * fading
    elif structure == "CS*CAR" and measures is not None:
        alike = np.array([[measures[i] == measures[j] for j in rows] for i in rows])
        r = np.where(alike, 1.0, rho) * fading
    np.fill_diagonal(r, 1.0)
    return r


def _given(covariances: Any, effects: EffectEstimates) -> Floats | None:
    """Return known covariances as a matrix of all rows, shape (K, K)."""
    if covariances is None:
        return None
    if isinstance(covariances, SamplingCovariance):
        matrix = covariances.to_matrix()
    else:
        matrix = np.asarray(covariances, dtype=np.float64)
    if matrix.shape != (len(effects), len(effects)):
        raise DataError(
            f"covariances: a matrix of shape {matrix.shape} for {len(effects)} estimates"
        )
    return matrix


def _result(
    effects: EffectEstimates,
    names: list[str],
    order: list[str],
    estimates: Floats,
    variances: Floats,
    reasons: list[str],
    counts: list[int],
    structure: str,
    weighted: bool,
) -> EffectEstimates:
    import pandas as pd

    words = STRUCTURES.get(structure, "with given covariances")
    way = "inverse-variance weights" if weighted else "plain averages"
    note = (
        f"{plural(len(names), 'estimate')} aggregated to {plural(len(order), 'cluster')} by {way}, "
        f"sampling errors {words}"
    )
    columns = {name: _summaries(effects.data[name], names, order) for name in effects.data.columns}
    data = pd.DataFrame(columns)
    data["k_estimates"] = counts
    return EffectEstimates(
        measure=effects.measure,
        scale=effects.scale,
        labels=tuple(order),
        estimates=estimates,
        variances=variances,
        reasons=tuple(reasons),
        method=f"{effects.method}; {note}",
        data=data,
        columns={},
        notes=(*effects.notes, note),
    )


def _summaries(column: pd.Series[Any], names: list[str], order: list[str]) -> list[Any]:
    """Return a column's mean (numbers, truth values) or most frequent value by cluster."""
    from pandas.api.types import is_numeric_dtype

    groups: dict[str, list[Any]] = {name: [] for name in order}
    for name, cell, empty in zip(names, column.tolist(), column.isna(), strict=True):
        if not empty:
            groups[name].append(cell)
    if is_numeric_dtype(column):
        return [float(np.mean(cells)) if cells else np.nan for cells in groups.values()]
    return [
        max(sorted(set(c), key=str, reverse=True), key=c.count) if c else None
        for c in groups.values()
    ]
