"""Covariances of dependent estimates: of people measured together, over time, in shared groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from evisynth.effects.covariance_blocks import Covariances, covariances_of_blocks, rows_of
from evisynth.effects.table_columns import numbers_of, values_of
from evisynth.errors import DataError, OptionError
from evisynth.stats import check_flag, check_number

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects.columns import Column
    from evisynth.effects.estimates import EffectEstimates

    Floats: TypeAlias = NDArray[np.float64]
    Correlation: TypeAlias = "float | pd.DataFrame"

__all__ = ["covariances", "names_of"]

ROUNDED = 0.01
"""Relative: printed variances and covariances are rounded."""

SENTENCE = (
    "Covariances of estimates from the same people were computed from assumed correlations and "
    "shared groups (Gleser and Olkin 2009, in Cooper et al., The Handbook of Research Synthesis; "
    "Pustejovsky and Tipton 2022, doi:10.1007/s11121-021-01246-3)."
)


def covariances(
    effects: EffectEstimates | pd.DataFrame | Mapping[str, Any],
    cluster: Column,
    *,
    subgroup: Column = None,
    obs: Column = None,
    type: Column = None,  # noqa: A002 - metafor's word
    time1: Column = None,
    time2: Column = None,
    group1: Column = None,
    group2: Column = None,
    weight1: Column = None,
    weight2: Column = None,
    rho: Correlation | Sequence[Correlation] | None = None,
    phi: float | None = None,
    correlations: Sequence[str] | None = None,
    nearest: bool = False,
) -> Covariances:
    """Construct the covariances of dependent estimates (metafor's ``vcalc``).

    The correlation of two rows of a cluster is the product of what is given: that of the measures
    (`rho`), and that of the contrasts, from time (`phi`) and shared groups.

    Parameters
    ----------
    effects
        Effect estimates, or a table with a column of variances (``vi`` ...).
    cluster
        Column (or values) of the clusters, usually the study; their rows are independent.
    subgroup
        Column of groups within clusters that share nobody: their rows are independent too.
    obs, type
        Columns that tell measures of the same construct, and constructs, apart. With one of them
        `rho` is a number or a correlation matrix (a data frame named by its values); with both it
        is a pair: within the same type, between types. With neither, `rho` is one number for any
        two rows of a cluster.
    time1, time2
        Columns of times (of the first and second condition), with `phi`, the correlation of
        measurements one unit of time apart.
    group1, group2
        Columns of the groups that an estimate compares; estimates that share one are correlated.
    weight1, weight2
        Columns of the sizes of these groups; by default equal ones (correlation 0.5 for one shared
        group).
    rho, phi
        Assumed correlations.
    correlations
        Instead of all but `cluster` and `subgroup`: columns that hold the rows of each cluster's
        correlation matrix (its lower triangle is read); metafor's ``rvars``. They may hold
        covariances, with the variances on the diagonal.
    nearest
        Whether to take the nearest positive definite matrix of a cluster whose matrix is not.

    Returns
    -------
    Covariances
        For the argument ``V`` of `multilevel`, `aggregate` ...

    Raises
    ------
    OptionError
        If a column is not known or a correlation is missing or outside -1 to 1.
    DataError
        If a cluster's matrix is not positive definite and `nearest` is false.

    Notes
    -----
    These correlations are mostly guesses: vary them in a sensitivity analysis, and base inference
    on cluster-robust standard errors.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {
    ...         "study": ["A", "A", "B"],
    ...         "yi": [0.1, 0.2, 0.3],
    ...         "vi": [0.04, 0.09, 0.01],
    ...         "arm": ["high", "low", "high"],
    ...         "control": ["none", "none", "none"],
    ...     }
    ... )
    >>> V = covariances(table, "study", group1="arm", group2="control")
    >>> V.to_matrix().round(3).tolist()
    [[0.04, 0.03, 0.0], [0.03, 0.09, 0.0], [0.0, 0.0, 0.01]]
    """
    if phi is not None:
        phi = check_number("phi", phi, least=-1, most=1, words=["a number between -1 and 1"])
    nearest = check_flag("nearest", nearest)
    frame, variances, labels, known = rows_of(effects)
    names = names_of(frame, cluster, "cluster")
    if subgroup is not None:
        groups = names_of(frame, subgroup, "subgroup")
        names = [f"{a} / {b}" for a, b in zip(names, groups, strict=True)]
    if correlations is not None:
        return _from_columns(frame, variances, labels, names, known, list(correlations), nearest)
    if rho is None and phi is None and group1 is None:
        raise OptionError("rho", None, ["a correlation", "phi with time1", "group1 with group2"])
    if rho is None and not (obs is None and type is None):
        raise OptionError("rho", rho, ["a correlation, as obs or type is given"])
    if isinstance(rho, (int, float)) and obs is None and type is None:
        obs = [str(row) for row in range(len(frame))]  # each row is a measure of its own
    if (phi is None) != (time1 is None):
        raise OptionError("phi", phi, ["given together with time1"])
    if (group1 is None) != (group2 is None):
        raise OptionError("group2", group2, ["given together with group1"])
    measures = _measures(frame, obs, type, rho)
    contrast = _Contrasts(
        None if group1 is None else names_of(frame, group1, "group1"),
        None if group2 is None else names_of(frame, group2, "group2"),
        _times(frame, time1, "time1"),
        _times(frame, time2, "time2"),
        _weights(frame, weight1, "weight1"),
        _weights(frame, weight2, "weight2"),
        phi,
    )

    def block(rows: NDArray[np.int64]) -> Floats:
        r = contrast.correlations(rows)
        if measures is not None:
            r = r * measures(rows)
        np.fill_diagonal(r, 1.0)
        return r

    return covariances_of_blocks(variances, labels, names, known, block, nearest, SENTENCE)


def names_of(frame: pd.DataFrame, given: Column, option: str) -> list[str]:
    """Return the values of a column as words; an empty cell is refused."""
    words = []
    for row, cell in enumerate(values_of(frame, given, option)):
        if cell is None or cell != cell:
            raise DataError(f"{option}: row {row + 1} has no value")
        words.append(str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell))
    return words


def _times(frame: pd.DataFrame, given: Column, option: str) -> Floats | None:
    values = None if given is None else numbers_of(frame, given, option)
    if values is not None and np.isnan(values).any():
        raise DataError(f"{option}: row {int(np.argmax(np.isnan(values))) + 1} has no time")
    return values


def _weights(frame: pd.DataFrame, given: Column, option: str) -> Floats | None:
    values = None if given is None else numbers_of(frame, given, option)
    if values is not None and not (values > 0).all():
        row = int(np.argmin(values > 0))
        raise DataError(f"{option}: row {row + 1} has {values[row]:g}; weights must be above 0")
    return values


@dataclass(frozen=True, slots=True)
class _Contrasts:
    """Groups, times and sizes behind the rows; None where not given."""

    group1: list[str] | None
    group2: list[str] | None
    time1: Floats | None
    time2: Floats | None
    weight1: Floats | None
    weight2: Floats | None
    phi: float | None

    def correlations(self, rows: NDArray[np.int64]) -> Floats:
        """Return the correlations of rows as contrasts of group means with errors of 1/weight."""
        same = self._share(rows, 1, 1)
        if self.group2 is None:
            return same
        total = same - self._share(rows, 1, 2) - self._share(rows, 2, 1) + self._share(rows, 2, 2)
        root = np.sqrt(np.diag(total))
        with np.errstate(divide="ignore", invalid="ignore"):
            result: Floats = total / np.outer(root, root)
        return np.nan_to_num(result)

    def _share(self, rows: NDArray[np.int64], a: int, b: int) -> Floats:
        """Return the covariances of condition a of each row with condition b of each row."""
        first, second = self._side(a, rows), self._side(b, rows)
        r: Floats = np.ones((len(rows), len(rows)))
        if first[0] is not None and second[0] is not None:
            r = np.array([[x == y for y in second[0]] for x in first[0]], dtype=np.float64)
        if self.phi is not None and first[1] is not None and second[1] is not None:
            r = r * np.power(self.phi, np.abs(np.subtract.outer(first[1], second[1])))
        return r / np.sqrt(np.outer(first[2], second[2]))

    def _side(
        self, side: int, rows: NDArray[np.int64]
    ) -> tuple[list[str] | None, Floats | None, Floats]:
        """Return group, time and weight of one condition of some rows."""
        group, time, weight = (
            (self.group1, self.time1, self.weight1)
            if side == 1
            else (self.group2, self.time2 if self.time2 is not None else self.time1, self.weight2)
        )
        return (
            None if group is None else [group[row] for row in rows],
            None if time is None else time[rows],
            np.ones(len(rows)) if weight is None else weight[rows],
        )


def _measures(frame: pd.DataFrame, obs: Column, kind: Column, rho: Any) -> Any:
    """Return a function from rows to the correlations of their measures, or None."""
    if rho is None:
        return None
    measure = None if obs is None else names_of(frame, obs, "obs")
    construct = None if kind is None else names_of(frame, kind, "type")
    if measure is not None and construct is not None:
        if isinstance(rho, (int, float)) or hasattr(rho, "columns") or len(rho) != 2:
            raise OptionError(
                "rho", rho, ["two correlations: within a type, and between types"],
                hint="obs and type are both given.",
            )  # fmt: skip
        within, between = rho
        inner = _lookup(within, measure, "obs")
        outer = _lookup(between, construct, "type")

        def both(rows: NDArray[np.int64]) -> Floats:
            alike = np.array([[construct[i] == construct[j] for j in rows] for i in rows])
            return np.asarray(np.where(alike, inner(rows), outer(rows)))

        return both
    if isinstance(rho, (list, tuple)):
        if len(rho) != 1:
            raise OptionError("rho", rho, ["one correlation", "both obs and type for two"])
        rho = rho[0]
    names, option = (measure, "obs") if measure is not None else (construct, "type")
    return _lookup(rho, names or [], option)


def _lookup(rho: Any, names: list[str], option: str) -> Any:
    """Return a function from rows to correlations by name, from a number or a matrix."""
    if hasattr(rho, "columns"):
        index = [str(name) for name in rho.index]
        columns = [str(name) for name in rho.columns]
        lacking = sorted(set(names) - set(index)) + sorted(set(names) - set(columns))
        if lacking:
            raise OptionError(
                "rho", lacking[0], index, hint=f"It stands in the column of {option}."
            )
        cells = np.asarray(rho, dtype=np.float64)
        places = np.array([index.index(name) for name in names])
        across = np.array([columns.index(name) for name in names])
        if not np.allclose(cells, cells.T) or np.abs(cells).max() > 1:
            raise OptionError("rho", "a matrix", ["symmetric, between -1 and 1"])
        return lambda rows: cells[np.ix_(places[rows], across[rows])]
    if not isinstance(rho, (int, float)) or not -1 <= rho <= 1:
        raise OptionError("rho", rho, ["a number between -1 and 1", "a data frame"])
    value = float(rho)
    return lambda rows: np.array(
        [[1.0 if names[i] == names[j] else value for j in rows] for i in rows]
    )


def _from_columns(
    frame: pd.DataFrame,
    variances: Floats,
    labels: tuple[str, ...],
    names: list[str],
    known: NDArray[np.bool_],
    columns: list[str],
    nearest: bool,
) -> Covariances:
    """Return covariances from the correlation matrices in the columns."""
    read = [numbers_of(frame, column, "correlations") for column in columns]
    cells = np.column_stack([column for column in read if column is not None])
    place: dict[int, int] = {}
    so_far: dict[str, int] = {}
    for row, name in enumerate(names):
        place[row] = so_far.get(name, 0)
        so_far[name] = place[row] + 1
    largest = max(so_far.values())
    if len(columns) < largest:
        raise OptionError("correlations", columns, [f"{largest} columns, as the largest cluster"])
    diagonal = np.array([cells[row, own] for row, own in place.items()])
    sds = _standard_deviations(diagonal, variances, known, columns)

    def block(rows: NDArray[np.int64]) -> Floats:
        own = np.array([place[int(row)] for row in rows], dtype=np.int64)
        square = cells[np.ix_(rows, own)] / np.outer(sds[rows], sds[rows])
        lower = np.tril(square, -1)
        if np.isnan(lower).any() or (np.abs(lower) > 1).any():
            raise DataError(
                f"cluster {names[rows[0]]!r}: a correlation is missing or outside -1 to 1 in "
                f"{', '.join(columns)}"
            )
        return np.asarray(lower + lower.T + np.eye(len(rows)))

    return covariances_of_blocks(variances, labels, names, known, block, nearest, SENTENCE)


def _standard_deviations(
    diagonal: Floats, variances: Floats, known: NDArray[np.bool_], columns: list[str]
) -> Floats:
    """Return by what the columns are divided: 1 for correlations, SDs for covariances, shape (K,).

    Raises
    ------
    DataError
        If the diagonal is neither 1 nor the variances of the estimates.
    """
    given = known & ~np.isnan(diagonal)
    if np.allclose(diagonal[given], 1.0, rtol=ROUNDED, atol=0.0):
        return np.ones(len(diagonal))
    off = given & ~np.isclose(diagonal, variances, rtol=ROUNDED, atol=0.0)
    if off.any() or (known & ~given).any():
        row = int(np.argmax(off if off.any() else known & ~given))
        raise DataError(
            f"correlations: row {row + 1} has {diagonal[row]:g} on the diagonal of "
            f"{', '.join(columns)}, its estimate the variance {variances[row]:g}; give "
            "correlations (1 on the diagonal), or covariances beside the variances themselves"
        )
    return np.sqrt(np.where(given, diagonal, 1.0))
