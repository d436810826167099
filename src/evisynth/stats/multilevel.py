"""Multilevel and multivariate random-effects models.

The model is y = Xβ + Σ_j Z_j u_j + e: e has a known covariance (independent, or in blocks), and the
random effects u_j are intercepts of nested or crossed groups, or effects of the levels of an inner
variable within outer groups. Three likelihoods stand behind it, chosen by the model: a recursion
in closed form (nested intercepts), a system of all groups (crossed), and blocks (all else).

References: Konstantopoulos 2011 (doi:10.1002/jrsm.35), Van den Noortgate et al. 2013
(doi:10.3758/s13428-012-0261-6), Berkey et al. 1998, van Houwelingen et al. 2002
(doi:10.1002/sim.1040), Jackson et al. 2011 (doi:10.1002/sim.4172).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evisynth.errors import DataError
from evisynth.stats.covariances import SamplingCovariance
from evisynth.stats.distributions import chi2_quantile, chi2_tail
from evisynth.stats.multilevel_parts import (
    Basis,
    Component,
    Effects,
    Intercepts,
    Structured,
    Value,
)
from evisynth.stats.multilevel_search import (
    FLAT,
    REACH,
    Problem,
    ProfileLimit,
    Summit,
    climb,
    curvature_at,
    highest,
    profile_limit,
)
from evisynth.stats.multilevel_start import (
    choose_likelihood,
    parameters_of,
    sampling_only,
    spread_of,
    starting_places,
)
from evisynth.stats.regression import check_rank

__all__ = ["MultilevelModel", "ParameterLimits", "VarianceParameter", "fit_multilevel"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TINY = 1e-9
"""A variance below this share of the median sampling variance at which the likelihood does not rise
counts as 0."""

AT_BORDER = 1e-6
"""A standard deviation or angle this near to its border stands on it."""


@dataclass(frozen=True, slots=True)
class VarianceParameter:
    """Which number of a model a limit or an estimate is.

    Attributes
    ----------
    component : int
        Place of the random effect.
    kind : {"variance", "correlation"}
        What it is.
    levels : tuple of int
        Level (or the two levels) of the inner variable; empty where it holds for all.
    """

    component: int
    kind: Literal["variance", "correlation"]
    levels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ParameterLimits:
    """Profile-likelihood limits; ``reached`` tells on which sides the likelihood fell enough."""

    lower: float
    upper: float
    reached: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class MultilevelModel:
    """A fitted multilevel or multivariate model.

    Attributes
    ----------
    coefficients, covariance : ndarray, shape (P,), (P, P)
        Fixed effects on the pooled scale.
    components : tuple
        Random effects, as given.
    values : tuple of ndarray
        Covariance of each: (1, 1), the variance of an intercept, or (Q, Q).
    log_likelihood : float
        Full (restricted) log-likelihood, all constants included as in metafor.
    parameters : int
        Variances and correlations estimated.
    k : int
        Number of estimates.
    qe, qe_df, qe_p : float
        Test for residual heterogeneity, with the sampling covariance alone.
    typical_variance : float
        (k - p) / tr P, the typical sampling variance that I² compares variances with.
    converged : bool
        Whether the search ended at a stationary point.
    summits : int
        Number of different maxima that the search found (the highest is given).
    flat : bool
        Whether the likelihood is flat in some direction: parameters not identified by the data.
    fixed : tuple of int
        Components whose variance cannot be estimated and was set to 0 (one group only).
    """

    coefficients: Floats
    covariance: Floats
    components: tuple[Component, ...]
    values: tuple[Value, ...]
    log_likelihood: float
    restricted: bool
    parameters: int
    k: int
    qe: float
    qe_df: int
    qe_p: float
    typical_variance: float
    converged: bool
    summits: int
    flat: bool
    fixed: tuple[int, ...]
    errors: SamplingCovariance
    design: Floats
    estimates: Floats
    _problem: Problem
    _summit: Summit
    _free: Bools
    _exponent: int

    @property
    def information(self) -> dict[str, float]:
        """Deviance, AIC, BIC and AICc, counting as metafor does (REML: k - p observations)."""
        p = len(self.coefficients)
        n = self.k - p if self.restricted else self.k
        count = p + self.parameters
        deviance = -2 * self.log_likelihood
        least = max(n, count + 2)
        return {
            "deviance": deviance,
            "aic": deviance + 2 * count,
            "bic": deviance + count * float(np.log(n)),
            "aicc": deviance + 2 * count * least / (least - count - 1),
        }

    def random_effects(self) -> tuple[Effects, ...]:
        """Return the predicted random effects (best linear unbiased) with standard errors."""
        scaled = tuple(np.ldexp(value, -2 * self._exponent) for value in self.values)
        return tuple(
            Effects(np.ldexp(part.estimates, self._exponent), np.ldexp(part.se, self._exponent))
            for part in self._problem.likelihood.effects(scaled)
        )

    def named_parameters(self) -> tuple[VarianceParameter, ...]:
        """Return the variances and correlations in their order."""
        found: list[VarianceParameter] = []
        for place, component in enumerate(self.components):
            if isinstance(component, Intercepts):
                found.append(VarianceParameter(place, "variance", ()))
                continue
            structure = component.structure
            several = structure.deviations > 1
            found += [
                VarianceParameter(place, "variance", (level,) if several else ())
                for level in range(structure.deviations)
            ]
            if structure.kind == "UN":
                found += [
                    VarianceParameter(place, "correlation", (first, second))
                    for second in range(structure.levels)
                    for first in range(second)
                ]
            elif structure.angles:
                found.append(VarianceParameter(place, "correlation", ()))
        return tuple(found)

    def value_of(self, parameter: VarianceParameter) -> float:
        """Return the estimate of one variance or correlation; a correlation of no variance: NaN."""
        value = self.values[parameter.component]
        component = self.components[parameter.component]
        if parameter.kind == "variance":
            level = parameter.levels[0] if parameter.levels else 0
            return float(value[level, level])
        if isinstance(component, Structured) and component.structure.kind in ("CAR", "AR", "HAR"):
            here = self._problem.slices[parameter.component]
            angle = self._summit.place[here][-1]
            return component.structure.correlation(float(angle)) if value.any() else float("nan")
        first, second = parameter.levels or (0, 1)
        size = float(np.sqrt(value[first, first] * value[second, second]))
        return float(value[first, second]) / size if size > 0 else float("nan")

    def limits(self, parameter: VarianceParameter, level: float = 0.95) -> ParameterLimits:
        """Return profile-likelihood limits of one variance or correlation.

        The limits are where the (restricted) log-likelihood, maximized over all other parameters,
        has fallen by half the quantile of chi² with 1 degree of freedom; 0, or the largest or
        smallest correlation, where it does not fall that far. A variance without an upper limit has
        infinity.
        """
        if parameter.component in self.fixed:
            return ParameterLimits(float("nan"), float("nan"), (False, False))
        problem, summit, place = self._leading(parameter)
        drop = 0.5 * float(chi2_quantile(1, level))
        here = float(summit.place[place])
        component = self.components[parameter.component]
        borders = (0.0, REACH) if parameter.kind == "variance" else (-0.5 * np.pi, 0.5 * np.pi)
        found = [
            ProfileLimit(border, found=False)
            if abs(here - border) < AT_BORDER
            else profile_limit(problem, summit, place, self._free, drop, border)
            for border in borders
        ]
        if isinstance(component, Structured) and parameter.kind == "correlation":
            made = [component.structure.correlation(limit.place) for limit in found]
        else:
            made = [float(np.ldexp(limit.place**2, 2 * self._exponent)) for limit in found]
            made[1] = made[1] if found[1].found else float("inf")
        return ParameterLimits(made[0], made[1], (found[0].found, found[1].found))

    def _leading(self, parameter: VarianceParameter) -> tuple[Problem, Summit, int]:
        """Return problem and summit in which one free parameter is the one asked for.

        In an unstructured matrix the levels are put in an order in which that is so: the first
        standard deviation and the first angle depend on no other parameter.
        """
        problem, summit = self._problem, self._summit
        component = self.components[parameter.component]
        start = problem.slices[parameter.component].start
        if isinstance(component, Intercepts):
            return problem, summit, start
        structure = component.structure
        if structure.kind != "UN" or parameter.kind == "variance":
            offset = parameter.levels[0] if parameter.levels else 0
            if parameter.kind == "correlation":
                offset = structure.size - 1
            return problem, summit, start + offset
        first, second = parameter.levels
        order = [first, second, *(n for n in range(structure.levels) if n not in (first, second))]
        new_code = np.empty(structure.levels, dtype=np.int64)
        new_code[order] = np.arange(structure.levels)
        turned = replace(component, inner=new_code[component.inner])
        components = tuple(
            turned if place == parameter.component else part
            for place, part in enumerate(self.components)
        )
        likelihood = choose_likelihood(
            problem.likelihood.basis, components, self.errors.scaled(0.25**self._exponent)
        )
        again = Problem(likelihood, components, self.restricted)
        value = np.ldexp(self.values[parameter.component], -2 * self._exponent)
        place = summit.place.copy()
        place[problem.slices[parameter.component]] = parameters_of(
            value[np.ix_(order, order)], structure
        )
        top = climb(again, place, self._free)
        return again, top, start + structure.levels


def _upright(problem: Problem, summit: Summit, free: Bools) -> Summit:
    """Return the same place with standard deviations that are not negative."""
    place = summit.place.copy()
    if not (place[problem.is_deviation] < 0).any():
        return summit
    for component, here in zip(problem.components, problem.slices, strict=True):
        count = 1 if isinstance(component, Intercepts) else component.structure.deviations
        negative = place[here][:count] < 0
        if isinstance(component, Structured) and component.structure.signed and negative.any():
            value = component.structure.matrix(place[here])[0]
            place[here] = parameters_of(value, component.structure)
        elif negative.any():
            place[here.start : here.start + count] = np.abs(place[here][:count])
    return curvature_at(problem, place, free)._replace(converged=summit.converged)


def fit_multilevel(
    estimates: ArrayLike,
    errors: ArrayLike | SamplingCovariance,
    design: ArrayLike,
    components: Sequence[Component],
    *,
    restricted: bool = True,
) -> MultilevelModel:
    """Fit a multilevel or multivariate model by (restricted) maximum likelihood.

    Parameters
    ----------
    estimates
        Shape (K,), pooled scale.
    errors
        Sampling variances (K,), or their covariance.
    design
        Shape (K, P).
    components
        Random effects.
    restricted
        Restricted (REML) or plain (ML) likelihood.

    Raises
    ------
    DataError
        If shapes do not match, columns or random effects depend on each other, or there are not
        more estimates than coefficients.

    Examples
    --------
    >>> school = Intercepts(np.array([0, 0, 1, 1, 2, 2]))
    >>> fit = fit_multilevel(
    ...     [0.1, 0.2, 0.8, 0.9, 0.4, 0.3], np.full(6, 0.02), np.ones((6, 1)), [school]
    ... )
    >>> fit.coefficients.round(4), fit.values[0].round(4)
    (array([0.45]), array([[0.12]]))
    """
    y = np.asarray(estimates, dtype=np.float64)
    x = np.asarray(design, dtype=np.float64)
    known = errors
    if not isinstance(known, SamplingCovariance):
        known = SamplingCovariance.independent(known)
    k, p = x.shape
    parts = tuple(components)
    sizes = {len(y), k, len(known.block)} | {_length(part) for part in parts}
    if len(sizes) != 1:
        raise DataError(f"estimates, variances, design and groups differ in length: {sizes}")
    if k <= p:
        raise DataError(f"{p} coefficients need at least {p + 1} estimates, there are {k}")
    check_rank(x, [f"column {column + 1}" for column in range(p)])
    _check_different(parts)
    variances = known.variances
    exponent = int(np.floor(np.log2(np.median(variances)) / 2))
    scaled = known.scaled(0.25**exponent)
    basis = Basis.of(np.ldexp(y, -exponent), x, scaled.variances)
    likelihood = choose_likelihood(basis, parts, scaled)
    problem = Problem(likelihood, parts, restricted)
    free = np.ones(problem.size, dtype=np.bool_)
    fixed = tuple(
        place
        for place, part in enumerate(parts)
        if isinstance(part, Intercepts) and part.count == 1
    )
    for place in fixed:
        free[problem.slices[place]] = False
    qe, typical = sampling_only(basis, scaled, k - p)
    starts = starting_places(problem, free, spread_of(basis, scaled.variances, k - p))
    summit, different = highest(problem, starts, free)
    summit = _upright(problem, _snap(problem, summit), free)
    values = problem.values(summit.place)
    found = likelihood.evaluate(values, restricted)
    constant = -0.5 * k * np.log(2 * np.pi) - k * exponent * np.log(2)
    if restricted:
        constant += 0.5 * p * np.log(2 * np.pi) + p * exponent * np.log(2)
        constant += float(np.log(np.abs(np.diag(np.linalg.qr(x)[1]))).sum()) - basis.log_volume
    return MultilevelModel(
        coefficients=np.ldexp(basis.coefficients(found.solution), exponent),
        covariance=np.ldexp(basis.covariance(found.inverse), 2 * exponent),
        components=parts,
        values=tuple(np.ldexp(value, 2 * exponent) for value in values),
        log_likelihood=float(found.height + constant),
        restricted=restricted,
        parameters=int(free.sum()),
        k=k,
        qe=qe,
        qe_df=k - p,
        qe_p=float(chi2_tail(qe, k - p)),
        typical_variance=float(np.ldexp(typical, 2 * exponent)),
        converged=summit.converged,
        summits=different,
        flat=_is_flat(summit),
        fixed=fixed,
        errors=known,
        design=x,
        estimates=y,
        _problem=problem,
        _summit=summit,
        _free=free,
        _exponent=exponent,
    )


def _length(part: Component) -> int:
    return len(part.groups) if isinstance(part, Intercepts) else len(part.outer)


def _check_different(parts: tuple[Component, ...]) -> None:
    """Refuse two intercepts that group the estimates alike."""
    plain = [
        (place, part)
        for place, part in enumerate(parts)
        if isinstance(part, Intercepts) and part.correlation is None
    ]
    for number, (place, part) in enumerate(plain):
        for other, rival in plain[:number]:
            if part.count == rival.count:
                pairs = len(np.unique(part.groups * rival.count + rival.groups))
                if pairs == part.count:
                    raise DataError(
                        f"random effects {other + 1} and {place + 1} group the estimates in the "
                        "same way, so only the sum of their variances could be estimated; leave "
                        "one out"
                    )


def _snap(problem: Problem, summit: Summit) -> Summit:
    """Set standard deviations that are 0 but for rounding to 0."""
    place = summit.place.copy()
    small = problem.is_deviation & (place != 0) & (place * place < TINY)
    if not small.any():
        return summit
    place[small] = 0.0
    height, slopes = problem(place)
    if height < summit.height - 1e-9 * (1 + abs(summit.height)):
        return summit
    return summit._replace(place=place, height=height, slopes=slopes)


def _is_flat(summit: Summit) -> bool:
    if summit.curvature.size == 0:
        return False
    strength = np.linalg.eigvalsh(summit.curvature)
    return bool(strength[0] < FLAT * max(strength[-1], FLAT))
