"""Weighted least squares seen from tau²: the quadratic forms and traces that estimators need.

With V = diag(variances), W(t) = (V + tI)^-1 and P(t) = W - WX(X'WX)^-1 X'W, every estimator of
tau² and every interval is written in Q = y'Py, y'PPy, y'PPPy, tr P, tr PP, tr W and tr WW. Two
classes give them for a batch: `MeanAlgebra` (intercept only, closed forms) and `DesignAlgebra`
(any design, by QR). Both work on variances divided by a power of 4, so that scaling is exact and no
power of a weight overflows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from evisynth.errors import DataError
from evisynth.stats.batch import Batch

__all__ = ["Algebra", "DesignAlgebra", "MeanAlgebra", "Slope", "Terms", "make_algebra"]

Floats = NDArray[np.float64]


LONG = 8192
"""Rows beyond it are not given to BLAS, whose sums depend on the number of its threads there."""

_row_dot = getattr(np, "vecdot", None)


def _dot(a: Floats, b: Floats) -> Floats:
    """Return the sums of products of the rows."""
    if _row_dot is not None and a.shape[-1] <= LONG:
        return np.asarray(_row_dot(a, b))  # numpy 2: a third of einsum on one short row
    return np.asarray(np.einsum("...k,...k->...", a, b))


def _total(a: Floats) -> Floats:
    """Return the sums of the rows, faster than `sum` for many short rows."""
    return np.asarray(_dot(a, np.ones(a.shape[-1])))


class Slope(NamedTuple):
    """Q(t) = y'Py and its negative derivative y'PPy, each of shape (B,)."""

    q: Floats
    ypp: Floats


class Terms(NamedTuple):
    """Parts of the likelihood's first and second derivative at t, each of shape (B,).

    ``trace`` is tr P (restricted) or tr W (maximum likelihood), ``trace2`` its square's trace.
    """

    ypp: Floats
    yppp: Floats
    trace: Floats
    trace2: Floats


class Algebra(Protocol):
    """What a tau² estimator asks of a model; t has shape (B,)."""

    k: NDArray[np.int64]
    p: int
    smallest: Floats
    largest: Floats
    exponent: NDArray[np.int32]

    def slope(self, t: Floats) -> Slope:
        """Return Q(t) and y'PPy."""
        ...

    def terms(self, t: Floats, restricted: bool) -> Terms:
        """Return the parts of the score."""
        ...

    def trace_p(self, t: Floats) -> Floats:
        """Return tr P(t)."""
        ...

    def trace_w(self, t: Floats) -> Floats:
        """Return tr W(t)."""
        ...

    def log_likelihood(self, t: Floats, restricted: bool) -> Floats:
        """Return the (restricted) log-likelihood up to a constant."""
        ...

    def unweighted(self) -> tuple[Floats, Floats]:
        """Return the residual sum of squares of ordinary least squares and tr (I - H)V."""
        ...

    def pair_trace(self, base: Floats, t: Floats) -> Floats:
        """Return tr P S P S, with P at ``base`` (infinite: ordinary least squares), S = V + tI."""
        ...

    def total_variation(self) -> Floats:
        """Return the mean squared deviation of the estimates from their unweighted mean."""
        ...

    def take(self, rows: NDArray[np.int64]) -> Algebra:
        """Return the model of some rows of the batch (rows may repeat)."""
        ...

    def rescale(self, t: Floats) -> Floats:
        """Bring tau² from the working scale back to that of the variances."""
        ...


@dataclass(slots=True)
class MeanAlgebra:
    """The intercept-only model.

    The most precise estimate stands first and is the origin: sums over "the rest" then need no
    subtraction of nearly equal numbers, even if one variance is 1e-12 of the others.

    Attributes
    ----------
    y, v : ndarray, shape (B, K)
        Scaled deviations from the origin and scaled variances (infinite where absent).
    k : ndarray, shape (B,)
        Number of estimates.
    smallest, largest : ndarray, shape (B,)
        Smallest and largest scaled variance.
    exponent : ndarray of int, shape (B,)
        Variances were divided by ``4**exponent``.
    origin : ndarray, shape (B,)
        Estimate of the most precise study, original scale.
    room : ndarray, shape (3, B, K)
        Memory that every evaluation uses again: asking for fresh pages costs more than the
        arithmetic. An instance is therefore not to be shared between threads.
    """

    y: Floats
    v: Floats
    k: NDArray[np.int64]
    smallest: Floats
    largest: Floats
    exponent: NDArray[np.int32]
    origin: Floats
    room: Floats
    p: int = 1

    @classmethod
    def of(cls, batch: Batch) -> MeanAlgebra:
        """Prepare a batch."""
        y, v = batch.estimates.copy(), batch.variances.copy()
        rows = np.arange(len(y))
        first = v.argmin(axis=1)
        origin = y[rows, first]
        smallest = v[rows, first]
        y -= origin[:, None]
        y[rows, first] = y[:, 0]
        v[rows, first] = v[:, 0]
        y[:, 0] = 0.0
        v[:, 0] = smallest
        exponent = _exponent(smallest)
        v = np.ldexp(v, (-2 * exponent)[:, None])
        finite = np.isfinite(v)
        if finite.all():
            largest = v.max(axis=1)
        else:
            y[~finite] = 0.0
            largest = np.where(finite, v, 0.0).max(axis=1)
        y = np.ldexp(y, -exponent[:, None])
        return cls(
            y, v, batch.k, v[:, 0].copy(), largest, exponent, origin, np.empty((3, *y.shape))
        )

    def take(self, rows: NDArray[np.int64]) -> MeanAlgebra:
        """Return the model of some rows."""
        return MeanAlgebra(
            self.y[rows],
            self.v[rows],
            self.k[rows],
            self.smallest[rows],
            self.largest[rows],
            self.exponent[rows],
            self.origin[rows],
            self.room[:, : len(rows)]
            if len(rows) <= len(self.v)
            else np.empty((3, len(rows), self.v.shape[1])),
        )

    def rescale(self, t: Floats) -> Floats:
        """Bring tau² back to the scale of the variances."""
        return np.asarray(np.ldexp(t, 2 * self.exponent))

    def _fit(self, t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return weights, residuals, P y, and the sum of the weights of all but the first."""
        w, r, u = self.room
        np.add(self.v, t[:, None], out=w)
        np.divide(1.0, w, out=w)
        rest = _total(w[:, 1:])
        mean = _dot(w, self.y) / (w[:, 0] + rest)
        np.subtract(self.y, mean[:, None], out=r)
        np.multiply(w, r, out=u)
        return w, r, u, rest

    def slope(self, t: Floats) -> Slope:
        """Return Q(t) and y'PPy."""
        _, r, u, _ = self._fit(t)
        return Slope(_dot(u, r), _dot(u, u))

    def mean(self, t: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the pooled estimate, the sum of weights and Q(t), all on the original scale."""
        w, r, u, rest = self._fit(t)
        total = w[:, 0] + rest
        mean = np.ldexp(-r[:, 0], self.exponent)  # the first estimate is the origin
        return self.origin + mean, np.ldexp(total, -2 * self.exponent), _dot(u, r)

    def terms(self, t: Floats, restricted: bool) -> Terms:
        """Return the parts of the score."""
        w, spare, u, a = self._fit(t)
        w0 = w[:, 0]
        s1 = w0 + a
        ypp, projected = _dot(u, u), _dot(w, u)
        yppp = _dot(np.multiply(w, u, out=spare), u) - projected * projected / s1
        if not restricted:
            return Terms(ypp, yppp, s1, _dot(w, w))
        others = w[:, 1:]
        b = _dot(others, others)
        c = _dot(np.multiply(w, w, out=spare)[:, 1:], others)
        # tr P and tr PP with the first weight taken out, so that a dominating one cancels exactly
        trace = (2 * w0 * a + (a * a - b)) / s1
        trace2 = (
            w0 * w0 * (a * a + 3 * b) + 2 * w0 * (a * b - c) + (a * a * b - 2 * a * c + b * b)
        ) / (s1 * s1)
        return Terms(ypp, yppp, trace, trace2)

    def trace_p(self, t: Floats) -> Floats:
        """Return tr P(t)."""
        w = 1.0 / (self.v + t[:, None])
        w0, rest = w[:, 0], w[:, 1:]
        a = rest.sum(axis=1)
        return np.asarray((2 * w0 * a + (a * a - _dot(rest, rest))) / (w0 + a))

    def trace_w(self, t: Floats) -> Floats:
        """Return tr W(t)."""
        return np.asarray((1.0 / (self.v + t[:, None])).sum(axis=1))

    def log_likelihood(self, t: Floats, restricted: bool) -> Floats:
        """Return the (restricted) log-likelihood up to a constant."""
        w, r, u, rest = self._fit(t)
        logs = np.log(w, out=np.zeros_like(w), where=w > 0).sum(axis=1)
        value = 0.5 * (logs - _dot(u, r))
        if restricted:
            value = value - 0.5 * np.log(w[:, 0] + rest)
        return np.asarray(value)

    def unweighted(self) -> tuple[Floats, Floats]:
        """Return the sum of squares about the unweighted mean and tr (I - H)V."""
        here = np.isfinite(self.v)
        mean = self.y.sum(axis=1) / self.k
        r = np.where(here, self.y - mean[:, None], 0.0)
        v = np.where(here, self.v, 0.0)
        return _dot(r, r), v.sum(axis=1) * (1 - 1 / self.k)

    def total_variation(self) -> Floats:
        """Return the mean squared deviation from the unweighted mean."""
        return self.unweighted()[0] / self.k

    def pair_trace(self, base: Floats, t: Floats) -> Floats:
        """Return tr P S P S."""
        here = np.isfinite(self.v)
        ordinary = np.isinf(base)[:, None]
        w = np.where(ordinary, 1.0 * here, 1.0 / (self.v + np.where(ordinary, 0.0, base[:, None])))
        total = w.sum(axis=1)
        h = w / total[:, None]
        s = w * np.where(here, self.v + t[:, None], 0.0)
        # the first share taken out, so that one near 1 does not cancel
        left = 1 - h
        left[:, 0] = w[:, 1:].sum(axis=1) / total
        hs, ls = h * s, left * s
        others = hs[:, 1:]
        a = _total(others)
        return np.asarray(_dot(ls, ls) + 2 * hs[:, 0] * a + (a * a - _dot(others, others)))


@dataclass(slots=True)
class DesignAlgebra:
    """A model with a design matrix, by QR of the weighted design.

    Attributes
    ----------
    y, v : ndarray, shape (B, K)
        Scaled estimates and variances (infinite where absent).
    x : ndarray, shape (B, K, P)
        Design; a shared one is broadcast.
    k, smallest, largest, exponent
        As in `MeanAlgebra`.
    """

    y: Floats
    v: Floats
    x: Floats
    k: NDArray[np.int64]
    smallest: Floats
    largest: Floats
    exponent: NDArray[np.int32]
    p: int

    @classmethod
    def of(cls, batch: Batch, design: Floats) -> DesignAlgebra:
        """Prepare a batch with a design of shape (K, P) or (B, K, P)."""
        x = np.asarray(design, dtype=np.float64)
        shape = batch.estimates.shape
        if x.ndim not in (2, 3) or x.shape[-2] != shape[1] or (x.ndim == 3 and len(x) != shape[0]):
            raise DataError(
                f"the design has shape {x.shape}; (K, P) or (B, K, P) is needed with "
                f"(B, K) = {shape}"
            )
        if x.shape[-1] == 0:
            raise DataError("the design has no column")
        x = np.broadcast_to(x, (*shape, x.shape[-1]))
        x = np.where(batch.present[:, :, None], x, 0.0)
        if not np.isfinite(x).all():
            raise DataError("the design has cells that are not finite where estimates are present")
        exponent = _exponent(batch.variances.min(axis=1))
        v = np.ldexp(batch.variances, (-2 * exponent)[:, None])
        y = np.ldexp(batch.estimates, -exponent[:, None])
        largest = np.where(np.isfinite(v), v, 0.0).max(axis=1)
        return cls(y, v, x, batch.k, v.min(axis=1), largest, exponent, x.shape[-1])

    def take(self, rows: NDArray[np.int64]) -> DesignAlgebra:
        """Return the model of some rows."""
        return DesignAlgebra(
            self.y[rows],
            self.v[rows],
            self.x[rows],
            self.k[rows],
            self.smallest[rows],
            self.largest[rows],
            self.exponent[rows],
            self.p,
        )

    def rescale(self, t: Floats) -> Floats:
        """Bring tau² back to the scale of the variances."""
        return np.asarray(np.ldexp(t, 2 * self.exponent))

    def _root_weights(self, t: Floats) -> Floats:
        return np.asarray(1.0 / np.sqrt(self.v + t[:, None]))

    def _ordinary(self) -> Floats:
        return np.isfinite(self.v) * 1.0

    def _qr(self, s: Floats) -> tuple[Floats, Floats]:
        q, r = np.linalg.qr(s[:, :, None] * self.x)
        return q, r

    def _project(self, q: Floats, z: Floats) -> Floats:
        """Return the part of z outside the column space of q."""
        inside = np.einsum("bkp,bk->bp", q, z)
        return np.asarray(z - np.einsum("bkp,bp->bk", q, inside))

    def solve(self, t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return coefficients (B, P), (X'WX)^-1 (B, P, P), Q(t) and hat values (B, K).

        On the original scale of estimates and variances.
        """
        s = self._root_weights(t)
        q, r = self._qr(s)
        z = s * self.y
        rotated = np.einsum("bkp,bk->bp", q, z)
        inverse = np.linalg.inv(r)
        coefficients = np.einsum("bpq,bq->bp", inverse, rotated)
        covariance = np.einsum("bpq,brq->bpr", inverse, inverse)
        e = z - np.einsum("bkp,bp->bk", q, rotated)
        return (
            np.ldexp(coefficients, self.exponent[:, None]),
            np.ldexp(covariance, (2 * self.exponent)[:, None, None]),
            _dot(e, e),
            (q * q).sum(axis=2),
        )

    def slope(self, t: Floats) -> Slope:
        """Return Q(t) and y'PPy."""
        s = self._root_weights(t)
        q, _ = self._qr(s)
        e = self._project(q, s * self.y)
        u = s * e
        return Slope(_dot(e, e), _dot(u, u))

    def terms(self, t: Floats, restricted: bool) -> Terms:
        """Return the parts of the score."""
        s = self._root_weights(t)
        q, _ = self._qr(s)
        u = s * self._project(q, s * self.y)
        e2 = self._project(q, s * u)
        w = s * s
        if not restricted:
            return Terms(_dot(u, u), _dot(e2, e2), w.sum(axis=1), _dot(w, w))
        return Terms(_dot(u, u), _dot(e2, e2), self._trace(q, w), self._pair(q, w))

    @staticmethod
    def _trace(q: Floats, w: Floats) -> Floats:
        return np.asarray(_dot(w, 1 - (q * q).sum(axis=2)))

    @staticmethod
    def _pair(q: Floats, s: Floats) -> Floats:
        h = (q * q).sum(axis=2)
        inner = np.einsum("bkp,bk,bkr->bpr", q, s, q)
        return np.asarray(_dot(s * s, 1 - 2 * h) + (inner * inner).sum(axis=(1, 2)))

    def trace_p(self, t: Floats) -> Floats:
        """Return tr P(t)."""
        s = self._root_weights(t)
        return self._trace(self._qr(s)[0], s * s)

    def trace_w(self, t: Floats) -> Floats:
        """Return tr W(t)."""
        return np.asarray((1.0 / (self.v + t[:, None])).sum(axis=1))

    def log_likelihood(self, t: Floats, restricted: bool) -> Floats:
        """Return the (restricted) log-likelihood up to a constant."""
        s = self._root_weights(t)
        q, r = self._qr(s)
        e = self._project(q, s * self.y)
        logs = np.log(s, out=np.zeros_like(s), where=s > 0).sum(axis=1)
        value = logs - 0.5 * _dot(e, e)
        if restricted:
            value = value - np.log(np.abs(np.einsum("bpp->bp", r))).sum(axis=1)
        return np.asarray(value)

    def unweighted(self) -> tuple[Floats, Floats]:
        """Return the residual sum of squares of ordinary least squares and tr (I - H)V."""
        here = self._ordinary()
        q, _ = self._qr(here)
        e = self._project(q, self.y)
        v = np.where(here > 0, self.v, 0.0)
        return _dot(e, e), _dot(v, 1 - (q * q).sum(axis=2))

    def total_variation(self) -> Floats:
        """Return the mean squared deviation from the unweighted mean."""
        here = self._ordinary()
        mean = self.y.sum(axis=1) / self.k
        r = here * (self.y - mean[:, None])
        return np.asarray(_dot(r, r) / self.k)

    def pair_trace(self, base: Floats, t: Floats) -> Floats:
        """Return tr P S P S."""
        here = self._ordinary()
        ordinary = np.isinf(base)[:, None]
        shift = np.where(ordinary, 0.0, base[:, None])
        root = np.where(ordinary, here, 1.0 / np.sqrt(self.v + shift))
        q, _ = self._qr(root)
        s = root * root * np.where(here > 0, self.v + t[:, None], 0.0)
        return self._pair(q, s)


def make_algebra(batch: Batch, design: Floats | None = None) -> MeanAlgebra | DesignAlgebra:
    """Return the intercept-only model, or the one of a design matrix."""
    return MeanAlgebra.of(batch) if design is None else DesignAlgebra.of(batch, design)


def _exponent(smallest: Floats) -> NDArray[np.int32]:
    """Return e such that the smallest variance is about 4**e."""
    finite = np.where(np.isfinite(smallest), smallest, 1.0)
    return np.asarray(np.frexp(finite)[1] // 2, dtype=np.int32)
