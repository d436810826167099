"""Maximum likelihood of selection models."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.selection import SelectionProblem, slopes

__all__ = ["Place", "SelectionFit", "climb_to_edges", "fit_selection", "in_units"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MAX_ITERATIONS = 200
DECREMENT = 1e-15
DIFFERENCE = 1e-4
LARGEST = 100.0
"""Selection parameters are kept below this, as in metafor: beyond it the likelihood is flat."""

SMALLEST = 1e-5
"""Selection parameters below this are on their edge, 0."""

NEAR_ZERO = 1e-4
"""Values of tau below this are compared with 0."""

STARTS = (1.0, 0.3, 3.0)
"""Selection parameters from which the search begins; the likelihood may have several maxima."""


PAIRS = ((0.3, 3.0), (3.0, 0.3))
"""Further starts where there are two parameters."""

WIDE = 1.5
"""Value of tau, in units of a typical standard error, from which the search is begun again where it
ended at 0."""


@dataclass(frozen=True, slots=True)
class SelectionFit:
    """A maximum of the likelihood of a selection model.

    Attributes
    ----------
    coefficients, coefficient_se : ndarray, shape (P,)
        Mean.
    tau2, tau2_se : float
        Between-study variance; the standard error is NaN on the edge.
    delta, delta_se : ndarray, shape (D,)
        Selection parameters; the standard error is NaN where fixed or on an edge.
    covariance : ndarray, shape (P, P)
        Of the coefficients.
    log_likelihood : float
        With all constants.
    converged : bool
        Whether the search ended at a maximum.
    at_edge : ndarray of bool, shape (D,)
        Which selection parameters stopped at 0 or 100.
    """

    coefficients: Floats
    coefficient_se: Floats
    tau2: float
    tau2_se: float
    delta: Floats
    delta_se: Floats
    covariance: Floats
    log_likelihood: float
    converged: bool
    at_edge: Bools


@dataclass(frozen=True, slots=True)
class Place:
    """Where a search stands: mean, tau, logarithms of the selection parameters."""

    beta: Floats
    tau: float
    log_delta: Floats

    @property
    def vector(self) -> Floats:
        """All parameters one after the other."""
        return np.concatenate([self.beta, [self.tau], self.log_delta])

    def at(self, vector: Floats) -> Place:
        """Return another place."""
        p = len(self.beta)
        return Place(vector[:p], float(vector[p]), vector[p + 1 :])

    @property
    def delta(self) -> Floats:
        """Selection parameters."""
        return np.exp(self.log_delta)


def _value_and_slopes(problem: SelectionProblem, place: Place) -> tuple[float, Floats]:
    value, found = slopes(problem, place.beta, place.tau, place.delta)
    found[len(place.beta) + 1 :] *= place.delta
    return value, found


def _curvature(
    problem: SelectionProblem, place: Place, free: Bools, *, extrapolate: bool = False
) -> Floats:
    """Return minus the second derivatives among the free parameters."""
    vector = place.vector

    def differences(h: float) -> Floats:
        columns = []
        for column in np.flatnonzero(free):
            step = h * np.eye(len(vector))[column]
            up = _value_and_slopes(problem, place.at(vector + step))[1]
            down = _value_and_slopes(problem, place.at(vector - step))[1]
            columns.append(-(up - down)[free] / (2 * h))
        found = np.array(columns)
        return np.asarray((found + found.T) / 2)

    if not extrapolate:
        return differences(DIFFERENCE)
    return np.asarray((4 * differences(DIFFERENCE) - differences(2 * DIFFERENCE)) / 3)


def fit_selection(
    problem: SelectionProblem,
    beta: Floats,
    tau: float,
    *,
    fixed: Floats | None = None,
) -> SelectionFit:
    """Maximize the likelihood over mean, tau² and the selection parameters.

    Parameters
    ----------
    problem
        The model.
    beta, tau
        Where the search begins, e.g. the maximum without selection.
    fixed
        Shape (D,): selection parameters that are known; NaN where they are estimated.

    Returns
    -------
    SelectionFit
        The highest of the maxima that several starts lead to.
    """
    known = np.full(problem.parameters, np.nan) if fixed is None else np.asarray(fixed, float)
    unknown = np.isnan(known)
    scaled, unit, back = in_units(problem)
    first = np.asarray(np.linalg.solve(back, beta) / unit, dtype=np.float64)

    def search(start: Floats, tau_start: float) -> tuple[Place, float, bool, Bools]:
        log_delta = np.where(unknown, np.log(start), np.log(np.maximum(known, 1e-300)))
        return climb_to_edges(scaled, Place(first, tau_start, log_delta), unknown)

    starts = [np.full(problem.parameters, start) for start in STARTS]
    if problem.kind in ("beta", "negexppow"):
        starts += [np.array(pair) for pair in PAIRS]
    best = search(starts[0], max(tau / unit, 0.3))
    for start in starts[1:] if unknown.any() else ():
        best = _higher(best, search(start, max(tau / unit, 0.3)))
    if problem.random and best[0].tau == 0.0:
        for start in starts if unknown.any() else starts[:1]:
            best = _higher(best, search(start, WIDE))
    found = _finished(scaled, *best, unknown)
    covariance = back @ found.covariance @ back.T * unit**2
    with np.errstate(invalid="ignore"):
        deviations = np.sqrt(np.diag(covariance))
    return replace(
        found,
        coefficients=back @ found.coefficients * unit,
        coefficient_se=deviations,
        tau2=found.tau2 * unit**2,
        tau2_se=found.tau2_se * unit**2,
        covariance=covariance,
        log_likelihood=found.log_likelihood - len(problem.estimates) * float(np.log(unit)),
    )


def in_units(problem: SelectionProblem) -> tuple[SelectionProblem, float, Floats]:
    """Return the problem in units of a typical standard error, with an orthonormal design.

    So steps and limits of a search fit any measure, and units and origins of moderators do not
    matter. The unit, and what turns coefficients back (times the unit), come with it.

    Examples
    --------
    >>> four = np.array([4.0, 4.0])
    >>> one = np.ones((2, 1))
    >>> problem = SelectionProblem(four, four, one, "beta", False, np.empty(0), np.ones(2), False)
    >>> made, unit, back = in_units(problem)
    >>> made.estimates.tolist(), unit, back.tolist()
    ([2.0, 2.0], 2.0, [[1.0]])
    """
    unit = float(np.sqrt(np.median(problem.variances)))
    design, back = problem.design, np.eye(problem.design.shape[1])
    if design.shape[1] > 1:
        basis, turn = np.linalg.qr(design)
        size = float(np.sqrt(len(design)))
        design, back = basis * size, np.linalg.inv(turn) * size
    scaled = replace(
        problem,
        estimates=problem.estimates / unit,
        variances=problem.variances / unit**2,
        steps=problem.steps / unit if problem.kind == "trunc" else problem.steps,
        design=design,
    )
    return scaled, unit, back


def _higher(
    one: tuple[Place, float, bool, Bools], other: tuple[Place, float, bool, Bools]
) -> tuple[Place, float, bool, Bools]:
    """Return the higher of two ends of a search; one that is no maximum does not count."""
    return other if (other[2], other[1]) > (one[2], one[1] + 1e-8) else one


def climb_to_edges(
    problem: SelectionProblem, place: Place, unknown: Bools, *, hold_tau: bool = False
) -> tuple[Place, float, bool, Bools]:
    """Climb from a place; parameters that reach an edge are held there.

    Parameters
    ----------
    problem
        The model, in units (`in_units`).
    place
        Where to begin.
    unknown
        Shape (D,): selection parameters that may move.
    hold_tau
        Whether tau stays where it is.

    Returns
    -------
    tuple
        Place, log-likelihood, whether it is a maximum, and which selection parameters are held.
    """
    p = len(place.beta)
    free = np.concatenate([np.ones(p, bool), [problem.random and not hold_tau], unknown])
    if not problem.random:
        place = replace(place, tau=0.0)
    edge = np.zeros(len(unknown), dtype=np.bool_)
    while True:
        place, value, converged = _climb(problem, place, free)
        out_high = unknown & ~edge & (place.log_delta > np.log(LARGEST) - 1e-9)
        out_low = unknown & ~edge & (place.log_delta < np.log(SMALLEST))
        if problem.random and free[p] and abs(place.tau) < NEAR_ZERO:
            place = replace(place, tau=0.0)
            free = free.copy()
            free[p] = False
            continue
        if not (out_high | out_low).any():
            return place, value, converged, edge
        log_delta = np.where(out_high, np.log(LARGEST), place.log_delta)
        log_delta = np.where(out_low, np.log(1e-300), log_delta)
        place = replace(place, log_delta=log_delta)
        edge = edge | out_high | out_low
        free = np.concatenate([free[: p + 1], unknown & ~edge])


def _climb(problem: SelectionProblem, place: Place, free: Bools) -> tuple[Place, float, bool]:
    """Climb by Newton's method with step halving."""
    p = len(place.beta)
    value, gradient = _value_and_slopes(problem, place)
    for _ in range(MAX_ITERATIONS):
        matrix = _curvature(problem, place, free)
        values, vectors = np.linalg.eigh(matrix)
        least = 1e-7 * max(1.0, float(np.abs(values).max()))
        step = np.zeros(len(free))
        uphill = vectors.T @ gradient[free]
        step[free] = vectors @ (uphill / np.maximum(np.abs(values), least))
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
        decrement = float(abs(gradient @ step))
        size, gained = 1.0, False
        for _ in range(40):
            after = place.at(place.vector + size * step)
            inside = after.log_delta[free[p + 1 :]]
            reached = -np.inf
            if (inside < np.log(LARGEST) + 1).all() and (inside > np.log(SMALLEST) - 3).all():
                with np.errstate(all="ignore"):
                    reached, slope_after = _value_and_slopes(problem, after)
            if reached >= value - 1e-12 * (1 + abs(value)):
                gained = True
                break
            size /= 2
        if not gained:
            return place, value, decrement < 1e-8
        place, value, gradient = after, reached, slope_after
        ends = place.log_delta[free[p + 1 :]]
        if (ends > np.log(LARGEST)).any() or (ends < np.log(SMALLEST)).any():
            return place, value, True  # the caller holds it at the edge
        if decrement < DECREMENT * (1 + abs(value)):
            return place, value, bool(values.min() > 0)
    return place, value, False


def _finished(
    problem: SelectionProblem,
    place: Place,
    value: float,
    converged: bool,
    edge: Bools,
    unknown: Bools,
) -> SelectionFit:
    """Bring the curvature to the scale of tau² and the selection parameters."""
    p = len(place.beta)
    inside = problem.random and place.tau != 0.0
    free = np.concatenate([np.ones(p, bool), [inside], unknown & ~edge])
    scale = np.concatenate([np.ones(p), [2 * place.tau], place.delta])
    matrix = _curvature(problem, place, free, extrapolate=True)
    try:
        covariance = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        covariance = np.full(matrix.shape, np.nan, dtype=np.float64)
    covariance = np.asarray(covariance * np.outer(scale[free], scale[free]), dtype=np.float64)
    deviation = np.full(len(free), np.nan)
    diagonal = np.diag(covariance)
    deviation[free] = np.sqrt(np.where(diagonal > 0, diagonal, np.nan))
    good = converged and bool(np.isfinite(deviation[free]).all())
    delta = np.where(edge & (place.log_delta < np.log(SMALLEST)), 0.0, place.delta)
    return SelectionFit(
        coefficients=place.beta,
        coefficient_se=deviation[:p],
        tau2=place.tau**2,
        tau2_se=float(deviation[p]),
        delta=delta,
        delta_se=deviation[p + 1 :],
        covariance=covariance[:p, :p],
        log_likelihood=value,
        converged=good,
        at_edge=edge,
    )
