"""Covariance structures of random effects, and covariance matrices of sampling errors.

`Structure` gives the covariance matrix of the random effects that share an outer group (metafor's
``~ inner | outer``) and its derivatives; `SamplingCovariance` holds the known covariances of
dependent estimates in blocks, so that no matrix of all estimates by all is ever formed.

Standard deviations enter as they are and correlations by the sine of an angle: both reach the
border of what is allowed (0, ±1) at a finite, smooth place, where a search can stop.

References: Pinheiro and Bates 1996 (doi:10.1007/BF00140873) on unconstrained parameters of a
covariance matrix; Berkey et al. 1998 (doi:10.1002/(SICI)1097-0258(19981115)17:22<2537::AID-SIM953>
3.0.CO;2-C), van Houwelingen et al. 2002 (doi:10.1002/sim.1040) on multivariate models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError, OptionError

__all__ = ["STRUCTURES", "SamplingCovariance", "Structure", "StructureKind", "correlated_errors"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

StructureKind = Literal["CS", "HCS", "UN", "ID", "DIAG", "AR", "HAR", "CAR"]
STRUCTURES: tuple[StructureKind, ...] = get_args(StructureKind)
"""Compound symmetry, the same with a variance a level, unstructured, one variance, a variance a
level without correlation, first-order autoregressive with one and with several variances, and
continuous-time autoregressive."""

HETEROGENEOUS = ("HCS", "UN", "DIAG", "HAR")
"""Structures with a variance for each level."""

SYMMETRY = 1e-8
"""Largest difference, relative to the variances, at which a matrix still counts as symmetric."""

SINGULAR = 1e-12
"""Smallest eigenvalue of a correlation matrix up to which it counts as singular."""


@dataclass(frozen=True, slots=True)
class Structure:
    """Covariance of the random effects of Q levels.

    Attributes
    ----------
    kind : str
        One of `STRUCTURES`.
    levels : int
        Q.
    distances : ndarray, shape (Q, Q), or None
        Distances between the levels (autoregressive structures); by default ``|i - j|``.

    Examples
    --------
    >>> structure = Structure("CS", 3)
    >>> structure.size
    2
    >>> matrix, _ = structure.matrix(np.array([2.0, 0.0]))
    >>> matrix.round(3).tolist()
    [[4.0, 1.0, 1.0], [1.0, 4.0, 1.0], [1.0, 1.0, 4.0]]
    """

    kind: StructureKind
    levels: int
    distances: Floats | None = None

    def __post_init__(self) -> None:
        if self.kind not in STRUCTURES:
            raise OptionError("structure", self.kind, STRUCTURES)
        if self.levels < 2:
            raise DataError(
                f"the structure {self.kind} needs at least 2 levels of the inner variable, there "
                f"is {self.levels}"
            )
        if self.distances is not None and self.distances.shape != (self.levels, self.levels):
            raise DataError(f"distances of {self.levels} levels: shape {self.distances.shape}")

    @property
    def deviations(self) -> int:
        """Number of standard deviations among the parameters; they come first."""
        return self.levels if self.kind in HETEROGENEOUS else 1

    @property
    def angles(self) -> int:
        """Number of angles among the parameters."""
        if self.kind in ("ID", "DIAG"):
            return 0
        return self.levels * (self.levels - 1) // 2 if self.kind == "UN" else 1

    @property
    def size(self) -> int:
        """Number of parameters."""
        return self.deviations + self.angles

    @property
    def signed(self) -> bool:
        """Whether the sign of a standard deviation turns that of its correlations.

        With one correlation for several pairs (HCS, HAR of three levels and more) it must not.
        """
        return self.kind == "UN" or (self.kind in ("HCS", "HAR") and self.levels == 2)

    @property
    def correlation_range(self) -> tuple[float, float]:
        """Smallest and largest correlation that the structure allows."""
        if self.kind in ("CS", "HCS"):
            return -1.0 / (self.levels - 1), 1.0
        return (0.0, 1.0) if self.kind == "CAR" else (-1.0, 1.0)

    def correlation(self, angle: float) -> float:
        """Return the correlation that an angle stands for."""
        low, high = self.correlation_range
        return 0.5 * (low + high) + 0.5 * (high - low) * float(np.sin(angle))

    def angle(self, correlation: float) -> float:
        """Return the angle of a correlation."""
        low, high = self.correlation_range
        share = (correlation - 0.5 * (low + high)) / (0.5 * (high - low))
        return float(np.arcsin(np.clip(share, -1, 1)))

    def matrix(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Return the covariance matrix (Q, Q) and its derivatives (size, Q, Q)."""
        deviations, angles = parameters[: self.deviations], parameters[self.deviations :]
        r, slopes = self._correlations(angles)
        if self.deviations == 1:
            s = float(deviations[0])
            return s * s * r, np.concatenate([[2 * s * r], s * s * slopes])
        signs = np.ones(self.levels)
        if not self.signed:
            signs, deviations = np.where(deviations < 0, -1.0, 1.0), np.abs(deviations)
        outer = deviations[:, None] * deviations
        rows = np.zeros((self.levels, self.levels, self.levels))
        place = np.arange(self.levels)
        rows[place, place, :] += r * deviations
        rows[place, :, place] += r * deviations
        return outer * r, np.concatenate([signs[:, None, None] * rows, outer * slopes])

    def _correlations(self, angles: Floats) -> tuple[Floats, Floats]:
        """Return the correlation matrix and its derivatives by the angles."""
        q = self.levels
        if self.angles == 0:
            return np.eye(q), np.empty((0, q, q))
        if self.kind == "UN":
            return _spherical(angles, q)
        rho = self.correlation(float(angles[0]))
        low, high = self.correlation_range
        slope = 0.5 * (high - low) * np.cos(angles[0])
        if self.kind in ("CS", "HCS"):
            off = 1 - np.eye(q)
            return np.eye(q) + rho * off, slope * off[None]
        if self.distances is not None:
            d = self.distances
        else:
            d = np.abs(np.subtract.outer(np.arange(q), np.arange(q))).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            r = np.where(d == 0, 1.0, np.power(rho, d))
            steep = np.where(d == 0, 0.0, d * np.power(rho, d - 1))
        return r, slope * np.where(np.isfinite(steep), steep, 0.0)[None]


def _spherical(angles: Floats, q: int) -> tuple[Floats, Floats]:
    """Return the correlation matrix of unit vectors given by angles, and its derivatives.

    Derivatives are taken by a step into the imaginary direction, which loses no digit.
    """
    size = len(angles)
    step = 1e-30
    lower = np.zeros((size + 1, q, q), dtype=np.complex128)
    a = np.repeat(angles[None].astype(np.complex128), size + 1, axis=0)
    a[np.arange(1, size + 1), np.arange(size)] += 1j * step
    place = 0
    for row in range(q):
        rest = np.ones(size + 1, dtype=np.complex128)
        for column in range(row):
            lower[:, row, column] = rest * np.sin(a[:, place])
            rest = rest * np.cos(a[:, place])
            place += 1
        lower[:, row, row] = rest
    r = lower @ lower.swapaxes(1, 2)
    return np.asarray(r[0].real), np.asarray(r[1:].imag / step)


@dataclass(frozen=True, slots=True)
class SamplingCovariance:
    """Known covariance matrix of the sampling errors, in blocks.

    Attributes
    ----------
    block : ndarray of int, shape (K,)
        Block of each estimate, numbered from 0.
    cells : ndarray
        The cells of all blocks behind each other, row by row.

    Raises
    ------
    DataError
        If a block has the wrong shape, is not symmetric, or is not positive definite.

    Examples
    --------
    >>> errors = SamplingCovariance.of([0, 0, 1], [[[2.0, 1.0], [1.0, 3.0]], [[4.0]]])
    >>> errors.variances
    array([2., 3., 4.])
    """

    block: Ints
    cells: Floats

    @classmethod
    def of(cls, block: ArrayLike, matrices: Sequence[ArrayLike]) -> SamplingCovariance:
        """Check the blocks and store them."""
        codes = np.asarray(block, dtype=np.int64)
        parts = [np.array(part, dtype=np.float64, ndmin=2) for part in matrices]
        sizes = np.bincount(codes, minlength=len(parts))
        if len(sizes) != len(parts):
            raise DataError(f"{len(parts)} covariance matrices for {len(sizes)} blocks")
        for number, (part, size) in enumerate(zip(parts, sizes, strict=True)):
            _check_block(part, int(size), number)
        if not parts:
            return cls(codes, np.empty(0))
        return cls(codes, np.concatenate([(0.5 * (part + part.T)).ravel() for part in parts]))

    @classmethod
    def independent(cls, variances: ArrayLike) -> SamplingCovariance:
        """Return independent sampling errors with these variances, shape (K,)."""
        v = np.asarray(variances, dtype=np.float64)
        if not ((v > 0) & np.isfinite(v)).all():
            raise DataError("sampling variances must be above 0")
        return cls(np.arange(len(v)), v)

    @classmethod
    def of_matrix(cls, matrix: ArrayLike) -> SamplingCovariance:
        """Take a full matrix (K, K) apart into the blocks that its zeros leave."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        full = np.asarray(matrix, dtype=np.float64)
        if full.ndim != 2 or full.shape[0] != full.shape[1]:
            raise DataError(f"a covariance matrix is square; this one has shape {full.shape}")
        count, codes = connected_components(csr_array(full != 0), directed=False)
        rows = [np.flatnonzero(codes == block) for block in range(count)]
        return cls.of(codes, [full[np.ix_(here, here)] for here in rows])

    def _layout(self) -> tuple[Ints, Ints, Ints]:
        """Return the widths of the blocks, where their cells start, and each row's place."""
        widths = np.bincount(self.block)
        starts = np.cumsum(widths * widths) - widths * widths
        order = np.argsort(self.block, kind="stable")
        place = np.empty(len(self.block), dtype=np.int64)
        place[order] = np.arange(len(order)) - np.repeat(np.cumsum(widths) - widths, widths)
        return widths, starts, place

    @property
    def matrices(self) -> tuple[Floats, ...]:
        """Covariance matrix of each block, shape (n, n); its rows follow those of the estimates."""
        widths = np.bincount(self.block)
        ends = np.cumsum(widths * widths)
        return tuple(
            part.reshape(width, width)
            for part, width in zip(np.split(self.cells, ends[:-1]), widths, strict=True)
        )

    @property
    def variances(self) -> Floats:
        """Diagonal, shape (K,)."""
        widths, starts, place = self._layout()
        return self.cells[starts[self.block] + place * (widths[self.block] + 1)]

    @property
    def is_diagonal(self) -> bool:
        """Whether all covariances are 0."""
        return int(np.count_nonzero(self.cells)) == len(self.block)

    def select(self, keep: NDArray[np.bool_]) -> SamplingCovariance:
        """Return the covariances of some estimates."""
        codes = np.unique(self.block[keep], return_inverse=True)[1].astype(np.int64)
        order = np.flatnonzero(keep)[np.argsort(codes, kind="stable")]
        splits = np.cumsum(np.bincount(codes))[:-1]
        if int(keep.sum()) == len(splits) + 1:  # single rows
            return SamplingCovariance(codes, self.variances[order])
        parts = [self.dense(rows[None])[0].ravel() for rows in np.split(order, splits)]
        return SamplingCovariance(codes, np.concatenate(parts))

    def scaled(self, factor: float) -> SamplingCovariance:
        """Return the covariances times a number."""
        return SamplingCovariance(self.block, self.cells * factor)

    def dense(self, rows: Ints) -> Floats:
        """Return the covariances (B, n, n) of estimates named by rows (B, n)."""
        widths, starts, place = self._layout()
        own = self.block[rows]
        together = own[:, :, None] == own[:, None, :]
        index = (starts[own] + place[rows] * widths[own])[:, :, None] + place[rows][:, None, :]
        return np.where(together, self.cells[np.where(together, index, 0)], 0.0)

    def to_matrix(self) -> Floats:
        """Return the full matrix, shape (K, K)."""
        return np.asarray(self.dense(np.arange(len(self.block))[None])[0])


def _check_block(part: Floats, size: int, number: int) -> None:
    """Refuse what is not a covariance matrix."""
    name = f"covariance matrix of the sampling errors, block {number + 1}"
    if part.shape != (size, size):
        raise DataError(f"{name}: shape {part.shape}, but the block has {size} estimates")
    if not np.isfinite(part).all():
        raise DataError(f"{name} has cells that are not finite")
    if not (np.diag(part) > 0).all():
        raise DataError(f"{name} has a variance that is not above 0")
    deviations = np.sqrt(np.diag(part))
    scale = np.outer(deviations, deviations)
    if (np.abs(part - part.T) > SYMMETRY * scale).any():
        raise DataError(f"{name} is not symmetric")
    if size > 1 and np.linalg.eigvalsh(part / scale)[0] <= SINGULAR:
        raise DataError(
            f"{name} is not positive definite: a correlation is 1, or the correlations contradict "
            "each other; lower them"
        )


def correlated_errors(
    variances: ArrayLike,
    cluster: Ints,
    *,
    correlation: float | None = None,
    autocorrelation: float | None = None,
    times: ArrayLike | None = None,
    kind: Ints | None = None,
    between_kinds: float | None = None,
) -> SamplingCovariance:
    """Impute the covariances of the sampling errors within clusters from correlations.

    Parameters
    ----------
    variances
        Shape (K,).
    cluster
        Shape (K,): estimates of different clusters are independent.
    correlation
        Correlation of estimates of one cluster at the same time (and of the same kind).
    autocorrelation
        Correlation of estimates one unit of time apart; that of others is its power.
    times
        Shape (K,), with `autocorrelation`.
    kind
        Kind (outcome, instrument) of each estimate, shape (K,), numbered.
    between_kinds
        Correlation of estimates of different kinds; by default `correlation` for all.

    Raises
    ------
    DataError
        If the correlations make a matrix that is not positive definite.

    Notes
    -----
    cov(i, j) = r(i, j) sqrt(v_i v_j) with r = (correlation within or between kinds) times
    autocorrelation^|t_i - t_j|, where each part counts only where it is given; as in metafor's
    ``vcalc`` and clubSandwich's ``impute_covariance_matrix``.

    Examples
    --------
    >>> made = correlated_errors([0.04, 0.09, 0.01], np.array([0, 0, 1]), correlation=0.5)
    >>> made.matrices[0].round(3).tolist()
    [[0.04, 0.03], [0.03, 0.09]]
    """
    v = np.asarray(variances, dtype=np.float64)
    if correlation is None and autocorrelation is None:
        raise OptionError("correlation", None, ["a number between -1 and 1", "autocorrelation"])
    for name, value in (
        ("correlation", correlation),
        ("autocorrelation", autocorrelation),
        ("between_kinds", between_kinds),
    ):
        if value is not None and not -1 <= value <= 1:
            raise OptionError(name, value, ["a number between -1 and 1"])
    if (autocorrelation is None) != (times is None):
        raise OptionError("times", times, ["given together with autocorrelation"])
    if between_kinds is not None and (kind is None or correlation is None):
        raise OptionError("between_kinds", between_kinds, ["given with kind and correlation"])
    _, codes = np.unique(cluster, return_inverse=True)
    t = None if times is None else np.asarray(times, dtype=np.float64)
    matrices = []
    for number in range(int(codes.max(initial=-1)) + 1):
        rows = np.flatnonzero(codes == number)
        r = np.ones((len(rows), len(rows)))
        different = ~np.eye(len(rows), dtype=np.bool_)
        if t is not None and autocorrelation is not None:
            gap = np.abs(np.subtract.outer(t[rows], t[rows]))
            r = np.power(autocorrelation, gap)
        if correlation is not None:
            # with times the correlation within belongs to estimates of the same time
            same_kind = np.ones_like(different)
            if kind is not None:
                same_kind = np.equal.outer(kind[rows], kind[rows])
            within = np.where(same_kind, correlation, between_kinds or 0.0)
            if between_kinds is None:
                within = np.full_like(r, correlation)
            if t is not None and kind is not None:
                # the same kind at another time: the autocorrelation alone
                within = np.where(same_kind & (gap > 0), 1.0, within)
            r = np.where(different, r * within, r)
        np.fill_diagonal(r, 1.0)
        _check_correlations(r, number)
        s = np.sqrt(v[rows])
        matrices.append(r * np.outer(s, s))
    return SamplingCovariance.of(codes, matrices)


def _check_correlations(r: Floats, number: int) -> None:
    smallest = float(np.linalg.eigvalsh(r)[0])
    if len(r) > 1 and smallest <= SINGULAR:
        raise DataError(
            f"cluster {number + 1} ({len(r)} estimates): these correlations are not possible "
            f"together or make two estimates the same (smallest eigenvalue {smallest:.2g}); "
            "lower them, or name times or kinds that tell the estimates apart"
        )
