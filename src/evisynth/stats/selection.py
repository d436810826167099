"""Selection models: the chance of a study to be seen as a function of its P value.

The density of an estimate that is seen is the normal one times a weight w(p), over its integral.
The integral is done by Gauss-Legendre quadrature between the points where w or the normal density
bends; scores are analytic.

References: Iyengar and Greenhouse 1988 (doi:10.1214/ss/1177013012), Hedges 1992
(doi:10.1214/ss/1177011364), Vevea and Hedges 1995 (doi:10.1007/BF02294384), Vevea and Woods 2005
(doi:10.1037/1082-989X.10.4.428), Preston, Ashby and Smyth 2004
(doi:10.1111/j.1365-2753.2003.00457.x), Begg and Mazumdar 1994 (doi:10.2307/2533446), Citkowicz and
Vevea 2017 (doi:10.1037/met0000119).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SELECTION_TYPES",
    "SelectionProblem",
    "SelectionType",
    "interval_counts",
    "log_weights",
    "one_sided_p",
    "selection_log_likelihood",
    "slopes",
]

Floats = NDArray[np.float64]
SelectionType = Literal[
    "beta", "halfnorm", "negexp", "logistic", "power", "negexppow", "stepfun", "trunc"
]

SELECTION_TYPES: tuple[SelectionType, ...] = (
    "stepfun", "beta", "halfnorm", "negexp", "logistic", "power", "negexppow", "trunc",
)  # fmt: skip
"""Selection functions by metafor's names."""

P_LIMIT = 1e-5
"""P values of the beta and power functions are kept this far from 0 and 1, where those are infinite
or 0 (Citkowicz and Vevea 2017)."""

NEAR_ONE = (4e-5, 2e-4, 1e-3, 5e-3, 0.025, 0.1, 0.3)
"""Panel limits, as distances of a two-sided P value from 1."""

NODES = 16
"""Points of each panel."""

NORMAL_BENDS = np.array([-10.0, -6.0, -3.0, -1.0, 1.0, 3.0, 6.0, 10.0])
"""Panel limits in standard deviations of the estimate: beyond 10 there is nothing (1e-23)."""

WEIGHT_BENDS = np.array([-6.0, -3.5, -2.0, -1.0, 0.0, 1.0, 2.0, 3.5, 6.0])
"""Panel limits in the studies' z values, between which P values change smoothly."""


@dataclass(frozen=True, slots=True)
class SelectionProblem:
    """The data of a selection model.

    Attributes
    ----------
    estimates, variances : ndarray, shape (K,)
        Signed so that large positive estimates are the likelier ones to be seen
        (``alternative="less"`` turns the sign).
    design : ndarray, shape (K, P)
        Design of the mean.
    kind : str
        Selection function.
    two_sided : bool
        Whether P values are two-sided.
    steps : ndarray, shape (S,)
        Cut points of the step function, ending with 1; the threshold below which the other
        functions are 1 (empty: none); the threshold of the estimates for ``"trunc"``.
    precision : ndarray, shape (K,)
        Multiplier of the parameter, 1 where the precision plays no part.
    random : bool
        Whether effects differ between studies.
    """

    estimates: Floats
    variances: Floats
    design: Floats
    kind: SelectionType
    two_sided: bool
    steps: Floats
    precision: Floats
    random: bool

    @property
    def parameters(self) -> int:
        """Number of parameters of the selection function."""
        if self.kind == "stepfun":
            return len(self.steps) - 1
        return 2 if self.kind in ("beta", "negexppow") else 1

    @property
    def neutral(self) -> Floats:
        """The parameters of no selection."""
        one = self.kind in ("stepfun", "beta", "trunc")
        return np.full(self.parameters, 1.0) if one else np.array([0.0, 1.0][: self.parameters])


def one_sided_p(z: Floats, two_sided: bool) -> Floats:
    """Return the P values of z values.

    Examples
    --------
    >>> one_sided_p(np.array([1.96]), True).round(3)
    array([0.05])
    """
    from scipy import special

    return np.asarray(2 * special.ndtr(-np.abs(z)) if two_sided else special.ndtr(-z))


def interval_counts(problem: SelectionProblem) -> NDArray[np.int64]:
    """Return how many P values fall between the cut points, shape (S,)."""
    if problem.kind == "trunc":
        above = problem.estimates >= problem.steps[0]
        return np.array([above.sum(), (~above).sum()])
    p = one_sided_p(problem.estimates / np.sqrt(problem.variances), problem.two_sided)
    ends = problem.steps if problem.kind == "stepfun" else np.append(problem.steps, 1.0)
    return np.bincount(np.searchsorted(ends, p, side="left"), minlength=len(ends))


def log_weights(problem: SelectionProblem, z: Floats, delta: Floats) -> tuple[Floats, list[Floats]]:
    """Return log w of z values, shape (K,) or (K, Q), and its derivatives.

    Parameters
    ----------
    problem
        The model.
    z
        Estimates over their standard errors.
    delta
        Parameters of the selection function.

    Returns
    -------
    tuple
        log w, and one array for each parameter.
    """
    extra = (slice(None), *(None,) * (z.ndim - 1))
    if problem.kind == "trunc":
        below = z * np.sqrt(problem.variances)[extra] < problem.steps[0]
        return np.where(below, np.log(delta[0]), 0.0), [below / delta[0]]
    p = one_sided_p(z, problem.two_sided)
    if problem.kind == "stepfun":
        place = np.searchsorted(problem.steps, p, side="left")
        logs = np.concatenate([np.zeros(1), np.log(delta)])
        return logs[place], [(place == d + 1) / value for d, value in enumerate(delta)]
    if problem.kind == "beta":
        kept = np.clip(p, P_LIMIT, 1 - P_LIMIT)
        low, high = np.log(kept), np.log1p(-kept)
        return (delta[0] - 1) * low + (delta[1] - 1) * high, [low, high]
    found, parts = _monotone(problem, p, delta, problem.precision[extra])
    if len(problem.steps):
        kept = p > problem.steps[0]
        return np.where(kept, found, 0.0), [np.where(kept, part, 0.0) for part in parts]
    return found, parts


def _monotone(
    problem: SelectionProblem, p: Floats, delta: Floats, precision: Floats
) -> tuple[Floats, list[Floats]]:
    """Return log w and its derivatives for the functions that fall with the P value."""
    if problem.kind == "power":
        part = precision * np.log1p(-np.clip(p, P_LIMIT, 1 - P_LIMIT))
    elif problem.kind == "halfnorm":
        part = -precision * p * p
    elif problem.kind == "negexp":
        part = -precision * p
    elif problem.kind == "negexppow":
        log_p = np.log(np.maximum(p, 1e-300))
        part = -precision * np.exp(log_p / delta[1])
        return delta[0] * part, [part, -delta[0] * part * log_p / delta[1] ** 2]
    else:
        shrunk = np.exp(-delta[0] * precision * p)
        found = np.log(2.0) - delta[0] * precision * p - np.log1p(shrunk)
        return found, [-precision * p / (1 + shrunk)]
    return delta[0] * part, [part]


@lru_cache(maxsize=4)
def _legendre(points: int) -> tuple[Floats, Floats]:
    x, w = np.polynomial.legendre.leggauss(points)
    return x, w


def _bends(problem: SelectionProblem) -> Floats:
    """Return the z values at which w jumps or bends, shape (K, M)."""
    from scipy import special

    se = np.sqrt(problem.variances)
    if problem.kind == "trunc":
        return np.concatenate(
            [np.tile(WEIGHT_BENDS, (len(se), 1)), (problem.steps[0] / se)[:, None]], axis=1
        )
    cuts = [step for step in problem.steps if step < 1]
    if problem.kind in ("beta", "power"):
        cuts += [P_LIMIT, 1 - P_LIMIT]
        if problem.two_sided:  # log (1 - p) goes to minus infinity where z goes through 0
            cuts += [1 - x for x in NEAR_ONE]
    values = -special.ndtri(np.array(cuts) / (2 if problem.two_sided else 1))
    if problem.two_sided:
        values = np.concatenate([values, -values])
    return np.tile(np.concatenate([WEIGHT_BENDS, values]), (len(se), 1))


def _grid(problem: SelectionProblem, mean: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Return nodes and weights of the integral over z, each of shape (K, Q)."""
    se = np.sqrt(problem.variances)
    centre, scale = mean / se, spread / se
    low, high = centre - 10 * scale, centre + 10 * scale
    limits = np.concatenate(
        [centre[:, None] + NORMAL_BENDS * scale[:, None], _bends(problem)], axis=1
    )
    limits = np.sort(np.clip(limits, low[:, None], high[:, None]), axis=1)
    half = np.diff(limits, axis=1) / 2
    middle = limits[:, :-1] + half
    x, w = _legendre(NODES)
    nodes = (middle[:, :, None] + half[:, :, None] * x).reshape(len(se), -1)
    return nodes, (half[:, :, None] * w).reshape(len(se), -1)


def slopes(
    problem: SelectionProblem, beta: Floats, tau: float, delta: Floats
) -> tuple[float, Floats]:
    """Return the log-likelihood and its derivatives with respect to beta, tau and delta.

    Parameters
    ----------
    problem
        The model.
    beta
        Coefficients of the mean, shape (P,).
    tau
        Between-study standard deviation.
    delta
        Parameters of the selection function, shape (D,).

    Returns
    -------
    tuple
        The log-likelihood with all constants, and an array of shape (P + 1 + D,).
    """
    mean = problem.design @ beta
    variance = problem.variances + tau * tau
    spread, se = np.sqrt(variance), np.sqrt(problem.variances)
    nodes, weights = _grid(problem, mean, spread)
    off = (nodes * se[:, None] - mean[:, None]) / spread[:, None]
    log_w, parts = log_weights(problem, nodes, delta)
    heights = log_w - 0.5 * off * off
    top = heights.max(axis=1)
    mass = weights * np.exp(heights - top[:, None])
    total = mass.sum(axis=1)
    # the integral is over z, of the density of the estimate: d y = se d z; the spread cancels
    area = np.log(total) + top + np.log(se)
    own = (problem.estimates - mean) / spread
    own_w, own_parts = log_weights(problem, problem.estimates / se, delta)
    value = float((own_w - 0.5 * own * own - area).sum())

    def average(of: Floats) -> Floats:
        return np.asarray((mass * of).sum(axis=1) / total)

    by_mean = (own - average(off)) / spread
    by_tau = float(((own * own - average(off * off)) * tau / variance).sum())
    by_delta = [
        float((mine - average(theirs)).sum()) for mine, theirs in zip(own_parts, parts, strict=True)
    ]
    return value, np.concatenate([problem.design.T @ by_mean, [by_tau], by_delta])


def selection_log_likelihood(
    problem: SelectionProblem, beta: Floats, tau: float, delta: Floats
) -> float:
    """Return the log-likelihood with all constants; see `slopes`."""
    return slopes(problem, beta, tau, delta)[0]
