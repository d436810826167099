"""The search for the highest likelihood of a multilevel model, and profile-likelihood limits.

Every parameter is free: standard deviations may pass 0 (their square counts) and correlations are
sines of angles, so borders are ordinary stationary points. Newton's method uses exact slopes and a
curvature from their differences; where the curvature has the wrong sign its size is taken, which
leads away from saddles. The search is begun at several places, since these likelihoods may have
several maxima and flat ridges.

Profile likelihood: Venzon and Moolgavkar 1988 (doi:10.2307/2347496).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.multilevel_parts import Component, Intercepts, Likelihood, Value

__all__ = ["Problem", "ProfileLimit", "Summit", "climb", "curvature_at", "highest", "profile_limit"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MAX_ITERATIONS = 200
"""Newton steps of one search; some 5 to 15 are needed."""

STEP = 1e-5
"""Relative step of the differences that give the curvature. Its error slows the last steps of the
search by that factor and does not touch the result, which rests on the slopes."""

FINE = 1e-9
"""Expected gain of a step, relative to the height, below which heights cannot be compared."""

CLOSE = 1e-10
"""A step below this share of a parameter ends the search."""

LAST_STEPS = 5
"""Steps below `FINE` that are made at most: rounding of the slopes leaves no more to gain."""

ROUGH = 1e-3
"""Expected gain at which the searches from the several starts are compared."""

NEAR_ZERO = 1e-2
"""Standard deviation, over the sampling standard error, that a stalled search takes for 0."""

SETTLED = 1e-13
"""Expected gain below which a profile needs no further step: its height is then right to that."""

BORDER_ROUNDS = 3
"""Times that a summit on the border is tried again from beside it."""

FLAT = 1e-7
"""Curvature, relative to the strongest, below which the likelihood counts as flat."""

REACH = 1e4
"""Standard deviation over the sampling standard error up to which limits are looked for."""


class Problem:
    """The likelihood as a function of free parameters.

    Parameters
    ----------
    likelihood
        The model.
    components
        Its random effects; each intercept has one parameter, a structure has `Structure.size`.
    restricted
        Whether the restricted likelihood is meant.
    """

    def __init__(
        self, likelihood: Likelihood, components: tuple[Component, ...], restricted: bool
    ) -> None:
        self.likelihood = likelihood
        self.components = components
        self.restricted = restricted
        sizes = [1 if isinstance(part, Intercepts) else part.structure.size for part in components]
        ends = np.cumsum([0, *sizes])
        self.slices = [slice(int(a), int(b)) for a, b in pairwise(ends)]
        self.size = int(ends[-1])

    @property
    def is_deviation(self) -> Bools:
        """Which parameters are standard deviations (the others are angles)."""
        marks: list[bool] = []
        for part in self.components:
            if isinstance(part, Intercepts):
                marks.append(True)
            else:
                marks += [True] * part.structure.deviations + [False] * part.structure.angles
        return np.array(marks, dtype=np.bool_)

    def values(self, z: Floats) -> tuple[Value, ...]:
        """Return the components' covariances."""
        return tuple(
            np.array([[z[here.start] ** 2]])
            if isinstance(part, Intercepts)
            else part.structure.matrix(z[here])[0]
            for part, here in zip(self.components, self.slices, strict=True)
        )

    def __call__(self, z: Floats) -> tuple[float, Floats]:
        """Return height and slopes."""
        values, jacobians = [], []
        for part, here in zip(self.components, self.slices, strict=True):
            if isinstance(part, Intercepts):
                s = z[here.start]
                values.append(np.array([[s * s]]))
                jacobians.append(np.array([[[2 * s]]]))
            else:
                value, jacobian = part.structure.matrix(z[here])
                values.append(value)
                jacobians.append(jacobian)
        found = self.likelihood.evaluate(tuple(values), self.restricted)
        slopes = [
            np.einsum("ij,kij->k", slope, jacobian)
            for slope, jacobian in zip(found.slopes, jacobians, strict=True)
        ]
        return found.height, np.concatenate([np.empty(0), *slopes])


class Summit(NamedTuple):
    """Where a search ended.

    Attributes
    ----------
    place : ndarray, shape (Z,)
        Parameters.
    height : float
        Likelihood there.
    slopes : ndarray, shape (Z,)
        Its slopes.
    curvature : ndarray, shape (F, F)
        Second derivatives by the free parameters, negated.
    converged : bool
        Whether the search ended at a stationary point.
    """

    place: Floats
    height: float
    slopes: Floats
    curvature: Floats
    converged: bool


def climb(
    problem: Problem, start: Floats, free: Bools, *, until: float = 0.0, steps: int = MAX_ITERATIONS
) -> Summit:
    """Climb from a place by Newton's method over the free parameters.

    ``until`` ends the search early, at that expected gain.
    """
    chosen = np.flatnonzero(free)
    z = start.copy()
    height, slopes = problem(z)
    curvature = np.zeros((len(chosen), len(chosen)))
    if len(chosen) == 0 or not np.isfinite(height):
        return Summit(z, height, slopes, curvature, bool(np.isfinite(height)))
    deviation = problem.is_deviation[chosen]
    last = 0
    before = np.inf
    for _ in range(steps):
        curvature = _curvature(problem, z, slopes, chosen)
        strength, axes = np.linalg.eigh(curvature)
        size = np.maximum(np.abs(strength), max(1e-10 * np.abs(strength).max(), 1e-12))
        move = axes @ ((axes.T @ slopes[chosen]) / size)
        gain = 0.5 * float(move @ slopes[chosen])
        limit = np.where(deviation, 1.0 + np.abs(z[chosen]), 0.6)
        shrink = float(min(1.0, (limit / np.maximum(np.abs(move), 1e-300)).min()))
        move *= shrink
        share = float((np.abs(move) / (np.abs(z[chosen]) + 1e-3)).max())
        if gain <= until:
            return Summit(z, height, slopes, curvature, True)
        near = gain < FINE * (1 + abs(height)) and shrink == 1.0
        if near and strength[0] < -FLAT * np.abs(strength).max():
            away = _leave_saddle(problem, z, height, chosen, axes[:, 0])
            if away is not None:
                z, height, slopes = away
                last, before = 0, np.inf
                continue
        if near:
            last += 1
            if share >= before and last > 1:  # rounding, no longer progress
                return Summit(z, height, slopes, curvature, True)
            z[chosen] += move
            height, slopes = problem(z)
            before = share
            if share < CLOSE or last >= LAST_STEPS:
                return Summit(z, height, slopes, curvature, True)
            continue
        length, found = 1.0, False
        for _ in range(40):
            there = z.copy()
            there[chosen] += length * move
            higher, steeper = problem(there)
            if higher >= height + 1e-4 * length * gain:
                z, height, slopes, found = there, higher, steeper, True
                break
            length *= 0.5
        if not found:
            return Summit(z, height, slopes, curvature, gain < 1e-6 * (1 + abs(height)))
    return Summit(z, height, slopes, curvature, steps < MAX_ITERATIONS)


def _leave_saddle(
    problem: Problem, z: Floats, height: float, chosen: NDArray[np.int64], axis: Floats
) -> tuple[Floats, float, Floats] | None:
    """Step along the axis on which the likelihood curves upwards, if that leads higher."""
    for length in (0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3):
        for sign in (1.0, -1.0):
            there = z.copy()
            there[chosen] += sign * length * axis
            higher, slopes = problem(there)
            if higher > height + 1e-12 * (1 + abs(height)):
                return there, higher, slopes
    return None


def curvature_at(problem: Problem, place: Floats, free: Bools) -> Summit:
    """Return height, slopes and curvature at a place that is known to be a summit."""
    height, slopes = problem(place)
    curvature = _curvature(problem, place, slopes, np.flatnonzero(free))
    return Summit(place, height, slopes, curvature, True)


def _curvature(problem: Problem, z: Floats, slopes: Floats, chosen: NDArray[np.int64]) -> Floats:
    made = np.empty((len(chosen), len(chosen)))
    for row, place in enumerate(chosen):
        step = STEP * (abs(z[place]) + 0.1)
        there = z.copy()
        there[place] += step
        made[row] = (slopes[chosen] - problem(there)[1][chosen]) / step
    made = 0.5 * (made + made.T)
    return np.where(np.isfinite(made), made, 0.0)


def highest(problem: Problem, starts: Iterable[Floats], free: Bools) -> tuple[Summit, int]:
    """Climb from every start; return the highest summit and how many different ones there are.

    Starts count as leading to different summits when their heights differ by more than 1e-6.
    """
    rough = [climb(problem, start, free, until=ROUGH, steps=60) for start in starts]
    rough = [found for found in rough if np.isfinite(found.height)]
    rough.sort(key=lambda found: -found.height)
    summits: list[Summit] = []
    for found in rough:
        near = any(
            np.allclose(np.abs(found.place), np.abs(done.place), rtol=0.15, atol=0.05)
            for done in summits
        )
        if not near:
            summits.append(_at_border(problem, climb(problem, found.place, free), free))
    summits.sort(key=lambda found: -found.height)
    for _ in range(BORDER_ROUNDS):
        again = [
            _at_border(problem, climb(problem, start, free), free)
            for start in _off_the_border(problem, summits[0], free)
        ]
        better = [found for found in again if found.height > summits[0].height + 1e-9]
        if not better:
            break
        summits = [max(better, key=lambda found: found.height), *summits]
    heights = [found.height for found in summits if found.converged]
    different = 1 + int(np.sum(np.abs(np.diff(heights)) > 1e-6))
    return summits[0], different


def _off_the_border(problem: Problem, summit: Summit, free: Bools) -> list[Floats]:
    """Return places to try again from where a structure's parameters stand on a border.

    There other parameters lose their meaning (the correlation of a variance of 0), so that a place
    may look like a summit that is none once both are moved.
    """
    starts = []
    for component, here in zip(problem.components, problem.slices, strict=True):
        if isinstance(component, Intercepts) or not component.structure.angles:
            continue
        count = component.structure.deviations
        s, angles = summit.place[here][:count], summit.place[here][count:]
        empty, ended = np.abs(s) < NEAR_ZERO, np.abs(np.cos(angles)) < NEAR_ZERO
        if not (empty.any() or ended.any()):
            continue
        for shift in (-0.8, -0.25, 0.25, 0.8):
            there = summit.place.copy()
            moved = np.where(ended, np.arcsin(np.sin(angles)) * 0.7 + 0.3 * shift, angles + shift)
            there[here] = np.concatenate([np.where(empty, 0.3, np.abs(s)), moved])
            starts.append(np.where(free, there, summit.place))
    return starts


def _at_border(problem: Problem, found: Summit, free: Bools) -> Summit:
    """Settle a search that stalled where a standard deviation is 0 but the slope is not."""
    near = free & problem.is_deviation & (np.abs(found.place) < NEAR_ZERO)
    if found.converged or not near.any():
        return found
    place = np.where(near, 0.0, found.place)
    settled = climb(problem, place, free & ~near)
    if settled.height < found.height - 1e-6 * (1 + abs(found.height)):
        return found
    chosen = np.flatnonzero(free)
    inside = ~near[chosen]
    strongest = float(np.abs(settled.curvature).max(initial=1.0))
    curvature = np.eye(len(chosen)) * strongest  # off the border it falls without delay
    curvature[np.ix_(inside, inside)] = settled.curvature
    return settled._replace(curvature=curvature)


@dataclass(frozen=True, slots=True)
class ProfileLimit:
    """One limit of a parameter: its free value, and whether the likelihood fell far enough."""

    place: float
    found: bool


def profile_limit(
    problem: Problem,
    summit: Summit,
    parameter: int,
    free: Bools,
    drop: float,
    border: float,
) -> ProfileLimit:
    """Find where the profile log-likelihood has fallen by ``drop`` on the way to a border.

    Parameters
    ----------
    problem, summit, free
        The model, its highest place, and the parameters that were estimated.
    parameter
        Whose limit.
    drop
        Half the quantile of chi² with 1 degree of freedom.
    border
        Value that the parameter cannot pass; it is the limit if the likelihood does not fall far
        enough before it (``found`` is then False).
    """
    others = free.copy()
    others[parameter] = False
    target = np.sqrt(2 * drop)
    base, place = summit.place.copy(), float(summit.place[parameter])
    away = 1.0 if border > place else -1.0
    spread = _spread(summit, parameter, free)

    def look(at: float, start: Floats) -> tuple[float, float, Floats]:
        """Return the signed root of the fall minus its target, its slope, and the place."""
        there = start.copy()
        there[parameter] = at
        found = climb(problem, there, others, until=SETTLED)
        fall = max(summit.height - found.height, 0.0)
        root = float(np.sqrt(2 * fall))
        slope = -float(found.slopes[parameter]) / root if root > 0 else 0.0
        return root - target, slope, found.place

    low, warm = place, base  # the fall is too small here
    step = target * spread
    high = place + away * step
    at_border = False
    while True:
        if away * (high - border) >= 0:
            high, at_border = border, True
        excess, slope, there = look(high, warm)
        if excess >= 0 or at_border:
            break
        low, warm = high, there
        step *= 2
        high += away * step
    if excess < 0:
        return ProfileLimit(border, found=False)
    now, warm = high, there
    for _ in range(60):
        if abs(excess) < 1e-10 * target:
            break
        after = now - excess / slope if slope != 0 else np.inf
        if not min(low, high) < after < max(low, high):
            after = 0.5 * (low + high)
        done = abs(after - now) <= 1e-10 * (abs(now) + 1e-3)
        now = after
        if done:
            break
        excess, slope, warm = look(now, warm)
        if excess < 0:
            low = now
        else:
            high = now
        if abs(high - low) <= 1e-12 * (abs(now) + 1e-3):
            break
    return ProfileLimit(now, found=True)


def _spread(summit: Summit, parameter: int, free: Bools) -> float:
    """Return the standard error of a parameter by the curvature, within reason."""
    strength, axes = np.linalg.eigh(summit.curvature)
    inverse = (axes / np.maximum(strength, 1e-4)) @ axes.T
    row = int(np.flatnonzero(np.flatnonzero(free) == parameter)[0])
    return float(np.clip(np.sqrt(inverse[row, row]), 0.02, 5.0))
