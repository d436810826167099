"""Location-scale models: moderators of the mean and of the between-study variance.

The estimates are normal with mean X beta and variance v + tau², where log tau² (or tau² itself) is
Z alpha (Viechtbauer and López-López 2022, doi:10.1002/jrsm.1562). The (restricted) likelihood,
beta profiled out, is climbed by Newton's method with exact derivatives; its cost is linear in the
number of estimates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError, OptionError
from evisynth.stats.heterogeneity import estimate_tau2
from evisynth.stats.regression import check_rank

__all__ = ["LocationScaleModel", "ScaleLink", "fit_location_scale", "scale_profile"]

Floats = NDArray[np.float64]
ScaleLink = Literal["log", "identity"]

STEPS = 300
"""Newton steps a start may take; a regular likelihood needs about ten."""

LONGEST = 4.0
"""Largest change of the linear predictor that one step may make at any estimate (log link)."""

GAIN = 1e-13
"""Relative gain of the likelihood that a further Newton step must promise."""

BARRIER = (1e-1, 1e-2, 1e-3, 1e-4, 1e-6, 1e-8, 1e-10)
"""Weights of the logarithmic barrier that keeps tau² above 0 under the identity link."""

BORDER = 1e-6
"""tau² below this share of the sampling variance counts as 0."""

FLAT = 1e-10
"""Smallest curvature relative to the largest, in orthonormal coordinates, that identifies."""

LOST = 1e-6
"""Share of a coefficient in flat directions above which it has no standard error."""


@dataclass(frozen=True, slots=True)
class LocationScaleModel:
    """A fitted location-scale model.

    Attributes
    ----------
    coefficients, covariance : ndarray, shape (P,), (P, P)
        Of the mean (Wald).
    scale_coefficients, scale_covariance : ndarray, shape (Q,), (Q, Q)
        Of log tau² (or tau²), from the observed information; NaN where the likelihood is flat (a
        tau² of 0 has no finite logarithm) or the maximum lies at the border of the identity link.
    tau2 : ndarray, shape (K,)
        Between-study variance of each estimate.
    log_likelihood : float
        (Restricted) log-likelihood, all constants included.
    q : float
        Weighted residual sum of squares at the fitted tau².
    converged : bool
        Whether a maximum was found.
    border : ndarray of bool, shape (K,)
        Where tau² is practically 0.
    """

    coefficients: Floats
    covariance: Floats
    scale_coefficients: Floats
    scale_covariance: Floats
    tau2: Floats
    log_likelihood: float
    q: float
    converged: bool
    border: NDArray[np.bool_]


class _Place(NamedTuple):
    """The likelihood at one place with its derivatives by the scale coefficients."""

    alpha: Floats
    height: float
    slope: Floats
    curvature: Floats


class _Likelihood:
    """The profile likelihood of the scale coefficients."""

    def __init__(
        self,
        y: Floats,
        v: Floats,
        x: Floats,
        z: Floats,
        link: ScaleLink,
        restricted: bool,
        offset: Floats | None = None,
    ) -> None:
        self.y, self.v, self.x, self.z = y, v, x, z
        self.link = link
        self.restricted = restricted
        self.offset = np.zeros(len(y)) if offset is None else offset

    def tau2(self, alpha: Floats) -> Floats:
        """Return tau² of each estimate."""
        eta = self.z @ alpha + self.offset
        return np.exp(np.clip(eta, -700.0, 700.0)) if self.link == "log" else eta

    def solve(self, tau2: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return coefficients, their covariance, residuals and the orthonormal weighted design."""
        root = 1 / np.sqrt(self.v + tau2)
        q, r = np.linalg.qr(root[:, None] * self.x)
        inverse = np.linalg.inv(r)
        b = inverse @ (q.T @ (root * self.y))
        return b, inverse @ inverse.T, self.y - self.x @ b, q

    def height(self, alpha: Floats, barrier: float = 0.0) -> float:
        """Return the likelihood without constants; minus infinity where a tau² is negative."""
        tau2 = self.tau2(alpha)
        if not np.isfinite(tau2).all() or (self.link == "identity" and (tau2 < 0).any()):
            return -np.inf
        if barrier and (tau2 <= 0).any():
            return -np.inf
        w = 1 / (self.v + tau2)
        root = np.sqrt(w)
        q, r = np.linalg.qr(root[:, None] * self.x)
        s = root * self.y
        e = s - q @ (q.T @ s)
        value = 0.5 * float(np.log(w).sum()) - 0.5 * float(e @ e)
        if self.restricted:
            value -= float(np.log(np.abs(np.diag(r))).sum())
        return value + barrier * float(np.log(tau2).sum()) if barrier else value

    def place(self, alpha: Floats, barrier: float = 0.0) -> _Place:
        """Return the likelihood with exact first and second derivatives.

        With P = W - WX(X'WX)^-1 X'W, the derivative by tau²_i is ((Py)_i² - P_ii) / 2 (ML: W_ii in
        place of P_ii), the second ones (P_ij)² / 2 - (Py)_i P_ij (Py)_j (ML: W in the first part).
        As P is diagonal less P terms of rank one, no K x K matrix is formed.
        """
        tau2 = self.tau2(alpha)
        w = 1 / (self.v + tau2)
        _, _, residuals, q = self.solve(tau2)
        u = np.sqrt(w)[:, None] * q
        e = w * residuals
        first = np.ones_like(tau2) if self.link == "identity" else tau2
        g = first[:, None] * self.z
        fall = w - (u * u).sum(axis=1) if self.restricted else w
        score = 0.5 * (e * e - fall)
        half = 0.5 * (g * (w * w)[:, None]).T @ g
        if self.restricted:
            half -= (g * (w * (u * u).sum(axis=1))[:, None]).T @ g
            pairs = np.einsum("kp,kr->kpr", u, u).reshape(len(u), -1)
            inner = g.T @ pairs
            half += 0.5 * inner @ inner.T
        a = e[:, None] * g
        inner = u.T @ a
        second = half - ((w[:, None] * a).T @ a - inner.T @ inner)
        slope = g.T @ score
        if self.link == "log":
            second += (g * score[:, None]).T @ self.z
        if barrier:
            slope = slope + barrier * (self.z / tau2[:, None]).sum(axis=0)
            scaled = self.z / tau2[:, None]
            second = second - barrier * scaled.T @ scaled
        return _Place(alpha, self.height(alpha, barrier), slope, second)


def _climb(
    likelihood: _Likelihood, start: Floats, barrier: float = 0.0, steps: int = STEPS
) -> tuple[_Place, bool]:
    """Climb by Newton's method; the curvature is made negative definite where it is not."""
    here = likelihood.place(start, barrier)
    for _ in range(steps):
        if not np.isfinite(here.height) or not np.isfinite(here.curvature).all():
            return here, False
        values, vectors = np.linalg.eigh(-here.curvature)
        floor = max(1e-12 * float(np.abs(values).max()), 1e-300)
        step = vectors @ ((vectors.T @ here.slope) / np.maximum(np.abs(values), floor))
        gain = float(here.slope @ step)
        if gain <= GAIN * (1 + abs(here.height)):
            return here, True
        if likelihood.link == "log":
            step *= min(1.0, LONGEST / max(float(np.abs(likelihood.z @ step).max()), 1e-300))
        size = 1.0
        for _ in range(60):
            height = likelihood.height(here.alpha + size * step, barrier)
            if height >= here.height + 1e-4 * size * float(here.slope @ step):
                break
            size /= 2
        else:
            return here, gain <= 1e-9 * (1 + abs(here.height))
        here = likelihood.place(here.alpha + size * step, barrier)
    return here, False


def fit_location_scale(
    estimates: ArrayLike,
    variances: ArrayLike,
    design: ArrayLike,
    scale_design: ArrayLike,
    *,
    link: ScaleLink = "log",
    restricted: bool = True,
) -> LocationScaleModel:
    """Fit a location-scale model by (restricted) maximum likelihood.

    Parameters
    ----------
    estimates, variances
        Shape (K,), pooled scale.
    design
        Moderators of the mean, shape (K, P).
    scale_design
        Moderators of tau², shape (K, Q).
    link
        ``"log"``: log tau² is linear; ``"identity"``: tau² is, and stays at 0 or above.
    restricted
        Restricted (REML) or plain (ML) likelihood.

    Raises
    ------
    DataError
        If columns depend on each other, or there are no more estimates than coefficients.
    OptionError
        If the link is not known.

    Examples
    --------
    >>> y = [0.1, 0.2, 0.1, 0.3, 0.9, -0.4, 1.2, -0.1]
    >>> z = np.column_stack([np.ones(8), [0, 0, 0, 0, 1, 1, 1, 1]])
    >>> fit = fit_location_scale(y, np.full(8, 0.01), np.ones((8, 1)), z)
    >>> fit.tau2[[0, 7]].round(3)
    array([0.   , 0.486])
    """
    if link not in get_args(ScaleLink):
        raise OptionError("link", link, get_args(ScaleLink))
    y, v = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    x, z = np.asarray(design, dtype=np.float64), np.asarray(scale_design, dtype=np.float64)
    k, p, size = len(y), x.shape[1], z.shape[1]
    if k <= p + size:
        raise DataError(
            f"{p} coefficients of the mean and {size} of the variance need at least "
            f"{p + size + 1} estimates, there are {k}"
        )
    for columns in (x, z):
        check_rank(columns, [f"column {place + 1}" for place in range(columns.shape[1])])
    basis, turn = np.linalg.qr(z)
    size_of_column = float(np.sqrt(k))
    basis, turn = basis * size_of_column, turn / size_of_column
    likelihood = _Likelihood(y, v, x, basis, link, restricted)
    place, converged = _search_log(likelihood) if link == "log" else _search_identity(likelihood)
    tau2 = np.maximum(likelihood.tau2(place.alpha), 0.0)
    b, covariance, residuals, _ = likelihood.solve(tau2)
    back = np.asarray(np.linalg.inv(turn), dtype=np.float64)
    border = tau2 < BORDER * v
    scale_covariance = np.full((size, size), np.nan)
    if link == "log" or not border.any():
        scale_covariance = _covariance(-place.curvature, back)
    constant = -0.5 * (k - p if restricted else k) * float(np.log(2 * np.pi))
    if restricted:
        constant += float(np.log(np.abs(np.diag(np.linalg.qr(x)[1]))).sum())
    return LocationScaleModel(
        coefficients=b,
        covariance=covariance,
        scale_coefficients=back @ place.alpha,
        scale_covariance=scale_covariance,
        tau2=tau2,
        log_likelihood=likelihood.height(place.alpha) + constant,
        q=float(residuals @ (residuals / (v + tau2))),
        converged=converged,
        border=border,
    )


def scale_profile(
    estimates: Floats,
    variances: Floats,
    design: Floats,
    scale_design: Floats,
    column: int,
    value: float,
    *,
    link: ScaleLink,
    restricted: bool,
    starts: Sequence[Floats],
) -> tuple[float, Floats]:
    """Return the highest (restricted) log-likelihood with one scale coefficient held.

    Parameters
    ----------
    estimates, variances, design, scale_design, link, restricted
        As in `fit_location_scale`.
    column
        Which coefficient is held.
    value
        Where it is held.
    starts
        Coefficients of all columns to begin at, each of shape (Q,).

    Returns
    -------
    tuple
        The log-likelihood without constants (minus infinity where no tau² is possible) and the
        coefficients of all columns.

    Examples
    --------
    >>> y, one = np.array([0.1, 0.2, 0.1, 0.9, -0.4, 1.2]), np.ones((6, 1))
    >>> held = [
    ...     scale_profile(
    ...         y, np.full(6, 0.01), one, one, 0, value, link="log", restricted=True,
    ...         starts=[np.zeros(1)],
    ...     )[0]
    ...     for value in (-3.0, -1.2, 1.0)
    ... ]
    >>> held[1] > max(held[0], held[2])
    True
    """  # fmt: skip
    kept = np.arange(scale_design.shape[1]) != column
    rest, offset = scale_design[:, kept], value * scale_design[:, column]
    basis, turn = np.linalg.qr(rest)
    likelihood = _Likelihood(estimates, variances, design, basis, link, restricted, offset)
    found = np.array(starts[0], dtype=np.float64)
    found[column] = value
    if not kept.any():
        return likelihood.height(np.empty(0)), found
    # the other columns take over what the one held has left, as far as they can
    wanted = [basis.T @ (scale_design @ start - offset) for start in starts]
    if link == "log":  # a search begun where a tau² is 0 may stay there
        wanted.append(basis.T @ (np.log(np.median(variances)) - offset))
        places = [_climb(likelihood, alpha)[0] for alpha in wanted]
    else:
        inside = (_climb_inside(likelihood, alpha) for alpha in wanted[:1])
        places = [place for place in inside if place is not None]
    places = [place for place in places if np.isfinite(place.height)]
    if not places:
        return -np.inf, found
    place = max(places, key=lambda top: top.height)
    found[kept] = np.linalg.solve(turn, place.alpha)
    return place.height, found


def _climb_inside(likelihood: _Likelihood, first: Floats) -> _Place | None:
    """Climb inside tau² > 0 from a place made possible, or say that there is none."""
    typical = float(np.median(likelihood.v))
    alpha: Floats | None = first
    if likelihood.tau2(first).min() <= 0.01 * typical:
        wanted = np.maximum(likelihood.tau2(first), 0.1 * typical)
        alpha = _feasible(likelihood.z, wanted, likelihood.offset)
    if alpha is None or (likelihood.tau2(alpha) <= 0).any():
        return None
    here = likelihood.place(alpha, BARRIER[0])
    for barrier in BARRIER:
        here, _ = _climb(likelihood, here.alpha, barrier, steps=60)
    if likelihood.tau2(here.alpha).min() > BORDER * typical:
        return _climb(likelihood, here.alpha)[0]
    return likelihood.place(here.alpha)


def _covariance(information: Floats, back: Floats) -> Floats:
    """Return the covariance of the scale coefficients, NaN for one along a flat direction."""
    values, vectors = np.linalg.eigh(information)
    good = values > FLAT * max(float(values[-1]), 1e-300)
    sides = back @ vectors
    covariance = (sides[:, good] / values[good]) @ sides[:, good].T
    shares = np.linalg.norm(sides[:, ~good], axis=1) / np.linalg.norm(sides, axis=1)
    lost = shares > LOST
    covariance[lost] = np.nan
    covariance[:, lost] = np.nan
    return np.asarray(covariance)


def _starts(likelihood: _Likelihood) -> Iterable[Floats]:
    """Return values of tau² to start from: constants, and what the residuals suggest."""
    y, v, x, z = likelihood.y, likelihood.v, likelihood.x, likelihood.z
    method: Literal["REML", "ML"] = "REML" if likelihood.restricted else "ML"
    found = estimate_tau2(y, v, method=method, design=x, standard_error=False).tau2
    level = float(found[0])
    typical = float(np.median(v))
    level = level if level > BORDER * typical else 0.1 * typical
    constant = np.full(len(y), level)
    yield constant
    residuals = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    raw = np.log(np.maximum(residuals**2 - v, 0.05 * v))
    slopes = z @ np.linalg.lstsq(z, raw, rcond=None)[0]
    yield np.exp(np.clip(slopes, np.log(0.01 * typical), None))
    yield np.exp(0.5 * np.log(constant) + 0.5 * slopes)
    yield np.full(len(y), 0.05 * typical)


def _search_log(likelihood: _Likelihood) -> tuple[_Place, bool]:
    """Climb from several starts; the highest place wins."""
    tops = []
    for tau2 in _starts(likelihood):
        alpha = np.asarray(
            np.linalg.lstsq(likelihood.z, np.log(tau2), rcond=None)[0], dtype=np.float64
        )
        tops.append(_climb(likelihood, alpha))
    return max(tops, key=lambda top: (top[0].height, top[1]))


def _search_identity(likelihood: _Likelihood) -> tuple[_Place, bool]:
    """Climb inside tau² > 0 with a barrier that is taken away step by step."""
    tops = []
    for tau2 in _starts(likelihood):
        alpha = _feasible(likelihood.z, tau2)
        if alpha is None:
            continue
        here = likelihood.place(alpha, BARRIER[0])
        for barrier in BARRIER:
            here, _ = _climb(likelihood, here.alpha, barrier, steps=60)
        inside = likelihood.tau2(here.alpha).min() > BORDER * float(np.median(likelihood.v))
        if inside:
            tops.append(_climb(likelihood, here.alpha))
        else:
            tops.append((likelihood.place(here.alpha), True))
    if not tops:
        raise DataError(
            "no linear function of these moderators is above 0 for all estimates; use the log link"
        )
    return max(tops, key=lambda top: top[0].height)


def _feasible(z: Floats, tau2: Floats, offset: Floats | None = None) -> Floats | None:
    """Return coefficients whose tau² are all above 0, near the ones wanted if they can be."""
    known = np.zeros(len(z)) if offset is None else offset
    alpha = np.linalg.lstsq(z, tau2 - known, rcond=None)[0]
    if (z @ alpha + known > 0.01 * tau2.min()).all():
        return np.asarray(alpha)
    from scipy.optimize import linprog

    if offset is None:
        bounds = [(None, None)] * z.shape[1]
        found = linprog(
            np.abs(z).sum(axis=0) * 0, A_ub=-z, b_ub=-np.full(len(z), 1.0), bounds=bounds
        )
        return np.asarray(found.x) * float(np.median(tau2)) if found.success else None
    # the largest least tau², which must be above 0
    size, columns = float(np.median(tau2)), z.shape[1]
    found = linprog(
        np.append(np.zeros(columns), -1.0),
        A_ub=np.column_stack([-z, np.ones(len(z))]),
        b_ub=known / size,
        bounds=[(None, None)] * columns + [(None, 1.0)],
    )
    best = np.asarray(found.x, dtype=np.float64) if found.success else np.zeros(columns + 1)
    return best[:-1] * size if best[-1] > 0 else None
