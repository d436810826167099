"""The Copas selection model: likelihood, and its maximum at many selection parameters at once.

A study with standard error s is selected when z > 0, z being normal with mean
u = gamma0 + gamma1/s and correlated (rho) with the error of the estimate. s is itself that of a
selected study: its true variance is s² / (1 - c² rho²) with c² = lambda(u) (u + lambda(u)).

References: Copas and Shi 2000 (doi:10.1093/biostatistics/1.3.247) and 2001
(doi:10.1177/096228020101000402).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["RHO_BOUND", "CopasFits", "copas_log_likelihood", "fit_copas"]

Floats = NDArray[np.float64]
RHO_BOUND = 0.9999
"""Largest correlation; at 1 the likelihood ends."""

ROUNDS = 200
SHORTENED = 0.5 ** np.arange(0, 14)
AT_EDGE = 0.9999 * RHO_BOUND


@dataclass(frozen=True, slots=True)
class CopasFits:
    """Maxima of the likelihood, one a pair of selection parameters; shape (G,).

    Attributes
    ----------
    mean, mean_se : ndarray
        Mean effect before selection and its standard error (observed information).
    tau, rho : ndarray
        Between-study standard deviation and correlation.
    slope : ndarray
        Coefficient of the standard error, 0 where it was not fitted.
    log_likelihood : ndarray
        At the maximum, without the constant of the normal density.
    converged : ndarray of bool
        Whether the gradient vanishes there (or rho is at its bound).
    """

    mean: Floats
    mean_se: Floats
    tau: Floats
    rho: Floats
    slope: Floats
    log_likelihood: Floats
    converged: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Data:
    """Estimates and standard errors, shape (k,), and u and its log probability, shape (G, k)."""

    y: Floats
    s: Floats
    u: Floats
    log_p: Floats
    c2: Floats

    @staticmethod
    def of(y: Floats, s: Floats, gamma0: Floats, gamma1: Floats) -> _Data:
        from scipy import special

        u = gamma0[:, None] + gamma1[:, None] / s
        log_p = special.log_ndtr(u)
        ratio = np.exp(-0.5 * u * u - 0.5 * np.log(2 * np.pi) - log_p)
        return _Data(y, s, u, log_p, np.clip(ratio * (u + ratio), 0.0, 1.0))

    def take(self, rows: NDArray[np.int64]) -> _Data:
        return _Data(self.y, self.s, self.u[rows], self.log_p[rows], self.c2[rows])


def _evaluate(data: _Data, parameters: Floats, gradient: bool) -> tuple[Floats, Floats]:
    """Return log-likelihood (G,) and gradient (G, P) in (mean, tau, rho[, slope])."""
    from scipy import special

    mean, tau, rho = (parameters[:, i, None] for i in range(3))
    slope = parameters[:, 3, None] if parameters.shape[1] == 4 else 0.0
    left = 1 - data.c2 * rho**2
    sigma2 = data.s**2 / left
    total = tau**2 + sigma2
    root = np.sqrt(total)
    r = data.y - mean - slope * data.s
    a = rho * np.sqrt(sigma2) / root
    rest = 1 - a * a
    inner = data.u + a * r / root
    v = inner / np.sqrt(rest)
    log_v = special.log_ndtr(v)
    value = (-0.5 * np.log(total) - r * r / (2 * total) - data.log_p + log_v).sum(axis=1)
    if not gradient:
        return value, np.empty((0, 0))
    hazard = np.exp(-0.5 * v * v - 0.5 * np.log(2 * np.pi) - log_v) / np.sqrt(rest)
    d_mean = r / total - hazard * a / root
    d_total = -0.5 / total + r * r / (2 * total**2) - hazard * a * r / (2 * total * root)
    d_a = hazard * (r / root + inner * a / rest)
    d_sigma2 = sigma2 * 2 * data.c2 * rho / left
    d_tau = 2 * tau * d_total - d_a * a * tau / total
    d_rho = d_total * d_sigma2 + d_a * (
        np.sqrt(sigma2) / root + a * d_sigma2 / (2 * sigma2) - a * d_sigma2 / (2 * total)
    )
    parts = [d_mean, d_tau, d_rho]
    if parameters.shape[1] == 4:
        parts.append(d_mean * data.s)
    return value, np.stack([part.sum(axis=1) for part in parts], axis=1)


def copas_log_likelihood(
    estimates: ArrayLike,
    standard_errors: ArrayLike,
    gamma0: float,
    gamma1: float,
    mean: float,
    tau: float,
    rho: float,
) -> float:
    """Return the log-likelihood (without the constant of the normal density).

    Examples
    --------
    >>> round(copas_log_likelihood([0.1, 0.5], [0.1, 0.2], 2.0, 0.0, 0.2, 0.1, 0.0), 4)
    2.3039
    """
    y, s = (np.asarray(x, dtype=np.float64) for x in (estimates, standard_errors))
    data = _Data.of(y, s, np.array([gamma0]), np.array([gamma1]))
    at = np.array([[mean, tau, rho]])
    return float(_evaluate(data, at, False)[0][0])


def _hessian(data: _Data, at: Floats) -> Floats:
    """Return the Hessian by central differences of the gradient, shape (G, P, P)."""
    number = at.shape[1]
    out = np.empty((len(at), number, number))
    for place in range(number):
        step = 1e-5 * np.maximum(np.abs(at[:, place]), 0.01)
        if place == 2:  # the likelihood ends at 1
            step = np.minimum(step, 0.1 * (1 - np.abs(at[:, 2])))
        up, down = at.copy(), at.copy()
        up[:, place] += step
        down[:, place] -= step
        difference = _evaluate(data, up, True)[1] - _evaluate(data, down, True)[1]
        out[:, place] = difference / (2 * step[:, None])
    return 0.5 * (out + np.swapaxes(out, 1, 2))


def _climb(data: _Data, start: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Climb by damped Newton steps, all rows at once; return place, height, and whether done.

    A correlation at its bound that wants to go beyond is held there.
    """
    at = start.copy()
    height = _evaluate(data, at, False)[0]
    done = np.zeros(len(at), dtype=np.bool_)
    unit = np.array([float(np.median(data.s))] * 2 + [1.0] * (at.shape[1] - 2))
    for _ in range(ROUNDS):
        rows = np.flatnonzero(~done)
        if not rows.size:
            break
        some, here = data.take(rows), at[rows]
        gradient = _evaluate(some, here, True)[1] * unit
        hessian = _hessian(some, here) * unit[:, None] * unit
        held = (np.abs(here[:, 2]) >= RHO_BOUND) & (gradient[:, 2] * here[:, 2] > 0)
        gradient[held, 2] = 0
        hessian[held, 2, :] = 0
        hessian[held, :, 2] = 0
        hessian[held, 2, 2] = -1
        sizes, directions = np.linalg.eigh(hessian)
        turned = np.einsum("gij,gi->gj", directions, gradient)
        least = 1e-8 * np.abs(sizes).max(axis=1)[:, None] + 1e-12
        move = np.einsum("gij,gj->gi", directions, turned / np.maximum(np.abs(sizes), least))
        length = np.abs(move).max(axis=1)
        move *= np.minimum(1.0, 3.0 / np.maximum(length, 1e-300))[:, None]
        best, gain = here.copy(), np.zeros(len(rows))
        waiting = np.arange(len(rows))
        for share in SHORTENED:
            trial = here[waiting] + share * move[waiting] * unit
            trial[:, 2] = np.clip(trial[:, 2], -RHO_BOUND, RHO_BOUND)
            found = _evaluate(some.take(waiting), trial, False)[0] - height[rows[waiting]]
            up = found > 0
            best[waiting[up]] = trial[up]
            gain[waiting[up]] = found[up]
            waiting = waiting[~up]
            if not waiting.size:
                break
        at[rows] = best
        height[rows] += gain
        # a step that gains nothing, or less than rounding of the sum, ends the climb
        done[rows] = gain <= 1e-13
    at[:, 1] = np.abs(at[:, 1])
    return at, height, done


def fit_copas(
    estimates: ArrayLike,
    standard_errors: ArrayLike,
    gamma0: ArrayLike,
    gamma1: ArrayLike,
    *,
    slope: bool = False,
    start: Floats | None = None,
) -> CopasFits:
    """Maximize the likelihood at each pair of selection parameters.

    Parameters
    ----------
    estimates, standard_errors
        Shape (k,), k of at least 3.
    gamma0, gamma1
        Selection parameters, shape (G,).
    slope
        Whether to fit the standard error as a moderator too (the test for residual selection).
    start
        A further place to start from, shape (G, 3): mean, tau, rho.

    Notes
    -----
    Each is climbed from five places or six (rho of both signs, tau small and large), and the
    highest maximum is kept: the likelihood may have several.

    Examples
    --------
    >>> y, s = [0.1, 0.2, 0.5, 0.6, 0.9], [0.1, 0.12, 0.2, 0.25, 0.35]
    >>> found = fit_copas(y, s, [8.0, -0.5], [0.0, 0.15])
    >>> found.mean.round(3)
    array([0.321, 0.211])
    """
    y, s = (np.asarray(x, dtype=np.float64) for x in (estimates, standard_errors))
    g0, g1 = (np.asarray(x, dtype=np.float64).ravel() for x in (gamma0, gamma1))
    data = _Data.of(y, s, g0, g1)
    size, number = len(g0), 4 if slope else 3
    w = 1 / s**2
    centre = float(w @ y / w.sum())
    spread = float(max(np.std(y), 0.1 * np.median(s)))
    seeds = [(centre, spread, 0.0), (centre, 0.3 * spread, 0.6), (centre, 0.3 * spread, -0.6),
             (centre, spread, 0.95), (centre, spread, -0.95)]  # fmt: skip
    starts = []
    for seed in seeds:
        one = np.zeros((size, number))
        one[:, :3] = seed
        starts.append(one)
    if start is not None:
        one = np.zeros((size, number))
        one[:, :2] = start[:, :2]
        one[:, 1] = np.maximum(one[:, 1], 0.01 * spread)
        one[:, 2] = np.clip(start[:, 2], -0.99, 0.99)
        starts.append(one)
    whole = _Data(
        y, s, *(np.tile(part, (len(starts), 1)) for part in (data.u, data.log_p, data.c2))
    )
    place, height, done = _climb(whole, np.concatenate(starts))
    shape = (len(starts), size)
    heights = np.where(np.isfinite(height), height, -np.inf).reshape(shape)
    top = heights.argmax(axis=0)
    pick = (top, np.arange(size))
    at = place.reshape(*shape, number)[pick]
    return CopasFits(
        mean=at[:, 0],
        mean_se=_standard_error(data, at),
        tau=at[:, 1],
        rho=at[:, 2],
        slope=at[:, 3] if slope else np.zeros(size),
        log_likelihood=heights[pick],
        converged=done.reshape(shape)[pick],
    )


def _standard_error(data: _Data, at: Floats) -> Floats:
    """Return the standard error of the mean from the observed information.

    tau at 0 and rho at its bound are held: there the information has no meaning.
    """
    information = -_hessian(data, at)
    out = np.full(len(at), np.nan)
    for row, matrix in enumerate(information):
        keep = [0]
        if at[row, 1] > 1e-4 * float(np.median(data.s)):
            keep.append(1)
        if abs(at[row, 2]) < AT_EDGE:
            keep.append(2)
        keep += list(range(3, at.shape[1]))
        part = matrix[np.ix_(keep, keep)]
        if np.linalg.eigvalsh(part)[0] > 0:
            out[row] = float(np.sqrt(np.linalg.inv(part)[0, 0]))
    return out
