"""Profile-likelihood limits of the variance and the selection parameters of a selection model.

A limit is where the log-likelihood, maximized over all other parameters, has fallen by half the
quantile of chi² with 1 degree of freedom (Venzon and Moolgavkar 1988, doi:10.2307/2347496).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.distributions import chi2_quantile
from evisynth.stats.selection import SelectionProblem
from evisynth.stats.selection_fit import Place, SelectionFit, climb_to_edges, in_units

__all__ = ["SelectionLimits", "profile_search", "selection_limits"]

Floats = NDArray[np.float64]

TOLERANCE = 1e-9
"""Of the root search, relative to the parameter."""

LARGEST = 1e6
"""A selection parameter at which the likelihood has not fallen enough has no upper limit."""

SMALLEST = 1e-8
"""A selection parameter at which the likelihood has not fallen enough has the lower limit 0."""

WIDEST = 1e4
"""A tau this many typical standard errors wide has no upper limit."""

SHIFTS = (0.0, -1.2, 1.2, 2.5)
"""Logarithms of the selection parameters from which a limit is checked."""

MAXIMA = 5
"""How often a limit may move on to another maximum."""

ROUNDING = 1e-7
"""Log-likelihood above what a limit may have that is rounding."""

HIGHER = 1e-6
"""A profile this much above the maximum shows that the maximum is none."""


@dataclass(frozen=True, slots=True)
class SelectionLimits:
    """Profile-likelihood limits.

    Attributes
    ----------
    tau2_lower, tau2_upper : float
        Of the between-study variance; NaN in an equal-effects model.
    delta_lower, delta_upper : ndarray, shape (D,)
        Of the selection parameters; NaN where fixed.
    reasons : tuple of str, shape (1 + D,)
        Why a limit is the edge of what is possible, or is NaN; tau² first.
    """

    tau2_lower: float
    tau2_upper: float
    delta_lower: Floats
    delta_upper: Floats
    reasons: tuple[str, ...]


def profile_search(
    fall: Callable[[float], float], start: float, step: float, edge: float
) -> tuple[float, bool]:
    """Return where a function that rises from a negative value at start crosses 0.

    Parameters
    ----------
    fall
        How much further the log-likelihood has fallen than it may; infinite where there is none.
    start
        The maximum.
    step
        First step, with its sign.
    edge
        Where the search ends (finite).

    Returns
    -------
    tuple
        The place, and whether the function crosses 0 before the edge.

    Examples
    --------
    >>> place, found = profile_search(lambda x: x * x - 4, 0.0, 0.5, 10.0)
    >>> round(place, 9), found
    (2.0, True)
    """
    from scipy.optimize import brentq

    known: dict[float, float] = {}

    def seen(at: float) -> float:  # what was found once holds, however the search came there
        if at not in known:
            known[at] = fall(at)
        return known[at]

    inside, outside, value = start, start, -1.0
    known[start] = min(fall(start), -1e-12)  # by definition the maximum
    for _ in range(200):
        outside = inside + step
        if (edge - outside) * step <= 0:
            outside = edge
        value = seen(outside)
        if value >= 0:
            break
        if outside == edge:
            return edge, False
        inside, step = outside, 2 * step
    while not np.isfinite(value):  # beyond what is possible: come back
        middle = 0.5 * (inside + outside)
        if abs(outside - inside) <= TOLERANCE * max(1.0, abs(middle)):
            return inside, False
        between = seen(middle)
        inside, outside, value = (
            (inside, middle, between) if between >= 0 else (middle, outside, value)
        )
    if value == 0:
        return outside, True
    size = max(1e-8, abs(inside), abs(outside))
    return float(brentq(seen, inside, outside, xtol=TOLERANCE * size, rtol=1e-14)), True


def selection_limits(
    problem: SelectionProblem,
    fit: SelectionFit,
    *,
    fixed: Floats | None = None,
    level: float = 0.95,
) -> SelectionLimits:
    """Return profile-likelihood limits of tau² and of the selection parameters.

    Parameters
    ----------
    problem
        The model.
    fit
        Its maximum.
    fixed
        Shape (D,): selection parameters that are known, NaN where they are estimated.
    level
        Level of the limits.

    Examples
    --------
    >>> y = np.array([0.1, 0.5, 0.4, 0.6, 0.3, 0.7, -0.1, 0.45])
    >>> v = np.array([0.04, 0.05, 0.03, 0.06, 0.02, 0.1, 0.04, 0.03])
    >>> steps, one = np.array([0.025, 1.0]), np.ones((8, 1))
    >>> problem = SelectionProblem(y, v, one, "stepfun", False, steps, one[:, 0], False)
    >>> from evisynth.stats.selection_fit import fit_selection
    >>> found = selection_limits(problem, fit_selection(problem, np.array([0.4]), 0.0))
    >>> found.delta_upper.round(3)
    array([0.148])
    """
    known = np.full(problem.parameters, np.nan) if fixed is None else np.asarray(fixed, float)
    unknown = np.isnan(known)
    scaled, unit, back = in_units(problem)
    best = Place(
        np.asarray(np.linalg.solve(back, fit.coefficients) / unit, dtype=np.float64),
        float(np.sqrt(fit.tau2)) / unit,
        np.log(np.maximum(fit.delta, 1e-300)),
    )
    height = fit.log_likelihood + len(problem.estimates) * float(np.log(unit))
    profiles = _Profiles(scaled, best, height, unknown, 0.5 * float(chi2_quantile(1, level)))
    nan = float("nan")
    low, high, reasons = [nan], [nan], ["the equal-effects model has no tau²"]
    if problem.random:
        spread = fit.tau2_se / unit**2 / (2 * best.tau) if fit.tau2 > 0 else nan
        low[0], high[0], reasons[0] = profiles.limits(
            profiles.of_tau, best.tau, _usable(spread, 0.5), (0.0, WIDEST)
        )
        low[0], high[0] = (low[0] * unit) ** 2, (high[0] * unit) ** 2
    for place in range(problem.parameters):
        if not unknown[place]:
            low.append(nan)
            high.append(nan)
            reasons.append("this parameter was given")
            continue
        at, error = float(fit.delta[place]), float(fit.delta_se[place])

        # on the log scale, so that the search suits shares and exponents; 0 stands apart
        def fall(log_value: float, place: int = place) -> float:
            return profiles.of_delta(float(np.exp(log_value)), place)

        least = float(np.log(SMALLEST))
        found = profiles.limits(
            fall, max(float(np.log(max(at, SMALLEST))), least),
            _usable(error / max(at, SMALLEST), 0.7), (least, float(np.log(LARGEST))),
        )  # fmt: skip
        # at 0 itself only where that means no selection; a weight of 0 has no likelihood
        regular = problem.kind not in ("stepfun", "trunc", "beta")
        to_zero = found[0] <= least or (regular and profiles.of_delta(0.0, place) < 0)
        lower = 0.0 if to_zero else float(np.exp(found[0]))
        low.append(lower)
        high.append(float(np.exp(found[1])))
        reasons.append(found[2])
    return SelectionLimits(low[0], high[0], np.array(low[1:]), np.array(high[1:]), tuple(reasons))


def _usable(step: float, otherwise: float) -> float:
    """Return a first step."""
    return float(np.clip(step, 0.05, 2.0)) if np.isfinite(step) and step > 0 else otherwise


class _Profiles:
    """The profile likelihood of each parameter, searched from where it was last known."""

    def __init__(
        self,
        problem: SelectionProblem,
        best: Place,
        height: float,
        unknown: NDArray[np.bool_],
        drop: float,
    ) -> None:
        self.problem, self.best, self.height = problem, best, height
        self.unknown, self.drop = unknown, drop
        self.last = best
        self.higher = False
        self.thorough = False

    def limits(
        self,
        fall: Callable[[float], float],
        at: float,
        step: float,
        edges: tuple[float, float],
    ) -> tuple[float, float, str]:
        """Return both limits and a reason where one is only an edge."""
        found = []
        for sign, edge in zip((-1.0, 1.0), edges, strict=True):
            self.last = self.best
            if (edge - at) * sign <= 0:
                found.append((edge, False))
                continue
            found.append(self._limit(fall, at, sign * step, edge))
        reason = ""
        upper = found[1][0]
        if not found[1][1]:
            upper, reason = float("inf"), "the likelihood does not fall enough for an upper limit"
        if self.higher:
            reason = "the profile likelihood is above the maximum found: it has several maxima"
        return found[0][0], upper, reason

    def _limit(
        self, fall: Callable[[float], float], at: float, step: float, edge: float
    ) -> tuple[float, bool]:
        """Return a limit; where several starts lead higher there, go on from that maximum."""
        place, found = profile_search(fall, at, step, edge)
        for _ in range(MAXIMA):
            if not found:
                break
            self.thorough = True
            below = fall(place)
            self.thorough = False
            if below > -ROUNDING:
                break
            place, found = profile_search(fall, place, 0.3 * step, edge)
        return place, found

    def of_tau(self, tau: float) -> float:
        """Return how much further the likelihood has fallen at a tau than it may."""
        if tau == 0.0:
            still = replace(self.problem, random=False)
            return self._fall([(still, replace(start, tau=0.0)) for start in self._starts()],
                              self.unknown, hold_tau=False)  # fmt: skip
        tries = [(self.problem, replace(start, tau=tau)) for start in self._starts()]
        return self._fall(tries, self.unknown, hold_tau=True)

    def of_delta(self, value: float, place: int) -> float:
        """Return the same at a value of one selection parameter."""
        unknown = self.unknown.copy()
        unknown[place] = False
        tries = []
        for start in self._starts():
            log_delta = start.log_delta.copy()
            log_delta[place] = np.log(max(value, 1e-300))
            tau = max(start.tau, 0.3) if self.problem.random else 0.0
            tries.append((self.problem, replace(start, log_delta=log_delta, tau=tau)))
        return self._fall(tries, unknown, hold_tau=False)

    def _starts(self) -> list[Place]:
        """Return where to begin: where the last one ended, at the maximum, or at several places."""
        starts = [self.last] if self.last is self.best else [self.last, self.best]
        if self.thorough:
            starts += [
                replace(self.last, log_delta=np.where(self.unknown, shift, self.last.log_delta))
                for shift in SHIFTS
            ]
        lifted = []
        for start in starts:  # parameters held on an edge may come off it
            log_delta = np.where(
                self.unknown, np.clip(start.log_delta, np.log(0.01), np.log(50.0)), start.log_delta
            )
            lifted.append(replace(start, log_delta=log_delta))
        return lifted

    def _fall(
        self,
        tries: list[tuple[SelectionProblem, Place]],
        unknown: NDArray[np.bool_],
        *,
        hold_tau: bool,
    ) -> float:
        """Climb, from the next place only where that fails; return the fall beyond what it may."""
        found, top = None, -np.inf
        for problem, start in tries:
            with np.errstate(all="ignore"):
                place, value, ended, _ = climb_to_edges(problem, start, unknown, hold_tau=hold_tau)
            if np.isfinite(value) and value > top:
                found, top = place, value
            if ended and found is not None and not self.thorough:
                break
        if found is None:
            return float("inf")
        self.last = found
        self.higher |= top > self.height + HIGHER * (1 + abs(self.height))
        return self.height - self.drop - top
