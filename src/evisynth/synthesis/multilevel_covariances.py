"""Covariances of dependent estimates: imputed from correlations, or read from columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from evisynth.effects import EffectEstimates
from evisynth.errors import DataError, OptionError
from evisynth.stats import SamplingCovariance, correlated_errors
from evisynth.synthesis.inputs import as_effects, column_of
from evisynth.synthesis.multilevel_random import code_groups

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["impute_covariances", "read_covariances"]


def impute_covariances(
    effects: EffectEstimates | pd.DataFrame,
    cluster: str,
    *,
    correlation: float | None = None,
    autocorrelation: float | None = None,
    time: str | None = None,
    kind: str | None = None,
    between_kinds: float | None = None,
) -> SamplingCovariance:
    """Impute the covariances of estimates from the same people from assumed correlations.

    Parameters
    ----------
    effects
        Effect estimates, or a table (columns recognized as in `multilevel`).
    cluster
        Column whose values tell independent groups of people apart (usually the study).
    correlation
        Correlation of two estimates of a cluster (at the same time where `time` is given, of the
        same kind where `between_kinds` is given).
    autocorrelation, time
        Correlation of estimates one unit of time apart, and the column of times.
    kind, between_kinds
        Column of the kind of estimate (outcome, instrument), and the correlation of estimates of
        different kinds.

    Returns
    -------
    SamplingCovariance
        For the argument ``V`` of `multilevel`. Rows without an estimate or cluster are independent.

    Raises
    ------
    OptionError
        If a column does not exist or a correlation is outside -1 to 1.
    DataError
        If the correlations make no covariance matrix.

    Notes
    -----
    Try several correlations: the assumption is a sensitivity analysis (Pustejovsky and Tipton 2022,
    doi:10.1007/s11121-021-01246-3).

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"study": [1, 1, 2], "yi": [0.1, 0.2, 0.3], "vi": [0.04, 0.09, 0.01]})
    >>> impute_covariances(table, "study", correlation=0.5).to_matrix().round(3).tolist()
    [[0.04, 0.03, 0.0], [0.03, 0.09, 0.0], [0.0, 0.0, 0.01]]
    """
    made = as_effects(effects)
    names, complete = code_groups(made.data, [cluster], "cluster")
    alone = ~(complete & made.estimable)
    labels = [
        f"\0{row}" if single else name
        for row, (name, single) in enumerate(zip(names, alone, strict=True))
    ]
    order = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    codes = np.array([order[label] for label in labels], dtype=np.int64)
    times = None
    if time is not None:
        column = column_of(made, time, "time")
        times = np.asarray(column.astype(float), dtype=np.float64)
        times = np.where(alone, 0.0, times)
        if not np.isfinite(times).all():
            row = int(np.argmin(np.isfinite(times)))
            raise DataError(f"{made.labels[row]}: no time in the column {time!r}")
    kinds = None
    if kind is not None:
        kind_names, _ = code_groups(made.data, [kind], "kind")
        kinds = np.unique(np.array(kind_names), return_inverse=True)[1].astype(np.int64)
    return correlated_errors(
        np.where(made.estimable, made.variances, 1.0),
        codes,
        correlation=correlation,
        autocorrelation=autocorrelation,
        times=times,
        kind=kinds,
        between_kinds=between_kinds,
    )


def read_covariances(
    effects: EffectEstimates | pd.DataFrame, cluster: str, columns: Sequence[str]
) -> SamplingCovariance:
    """Read the covariance matrix of each cluster from columns that hold its rows.

    The j-th column holds, in each row of a cluster, the covariance with that cluster's j-th row:
    the layout of Berkey's data (``v1i``, ``v2i``).

    Parameters
    ----------
    effects
        Effect estimates or a table.
    cluster
        Column of the clusters.
    columns
        At least as many columns as the largest cluster has rows.

    Raises
    ------
    DataError
        If a cluster has more rows than there are columns, or its block is no covariance matrix.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {
    ...         "trial": [1, 1],
    ...         "yi": [0.47, -0.32],
    ...         "vi": [0.0075, 0.0077],
    ...         "v1i": [0.0075, 0.003],
    ...         "v2i": [0.003, 0.0077],
    ...     }
    ... )
    >>> read_covariances(table, "trial", ["v1i", "v2i"]).matrices[0].tolist()
    [[0.0075, 0.003], [0.003, 0.0077]]
    """
    made = as_effects(effects)
    names, complete = code_groups(made.data, [cluster], "cluster")
    if not complete.all():
        row = int(np.argmin(complete))
        raise DataError(f"{made.labels[row]}: no value in the column {cluster!r}")
    cells = np.column_stack(
        [np.asarray(column_of(made, name, "columns"), dtype=np.float64) for name in columns]
    )
    order = {name: place for place, name in enumerate(dict.fromkeys(names))}
    codes = np.array([order[name] for name in names], dtype=np.int64)
    blocks: list[Any] = []
    for name, place in order.items():
        rows = np.flatnonzero(codes == place)
        if len(rows) > len(columns):
            raise OptionError(
                "columns",
                list(columns),
                [f"{len(rows)} columns, since {cluster} {name} has {len(rows)} rows"],
            )
        blocks.append(cells[rows, : len(rows)])
    return SamplingCovariance.of(codes, blocks)
