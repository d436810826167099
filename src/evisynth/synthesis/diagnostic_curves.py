"""The numbers behind plots of curves: drapery, funnel contours, profile likelihood, albatross."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import (
    check_flag,
    check_level,
    check_number,
    chi2_quantile,
    log_likelihood,
    normal_quantile,
    pool_batch,
    two_sided_p,
)
from evisynth.synthesis.curve_results import (
    Albatross,
    Drapery,
    FunnelContours,
    LikelihoodProfile,
)
from evisynth.synthesis.further import needs_common_options
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.power_information import participants_of
from evisynth.synthesis.power_planning import planned_variance
from evisynth.synthesis.regression_results import MetaRegression

__all__ = ["albatross", "drapery", "funnel_contours", "profile"]

Floats = NDArray[np.float64]
CONTOURS = (0.1, 0.05, 0.01)
DRAPERY_LEVELS = (0.1, 0.05, 0.01, 0.001)


def _studies(fit: PooledFit) -> tuple[tuple[str, ...], Floats, Floats]:
    rows = np.flatnonzero(fit.effects.estimable)
    labels = tuple(fit.effects.labels[row] for row in rows)
    return labels, fit.effects.estimates[rows], fit.effects.variances[rows]


def _points(points: int) -> int:
    if isinstance(points, bool) or not isinstance(points, int) or points < 2:
        raise OptionError("points", points, ["a whole number of at least 2"])
    return points


def drapery(fit: Given, *, limits: tuple[float, float] | None = None, points: int = 501) -> Drapery:
    """Compute the P value functions of a drapery plot.

    Parameters
    ----------
    fit
        A pooled effect, or what it can be made of.
    limits
        Range of effects, pooled scale; unless given, that in which any study's P value is above
        0.001.
    points
        Number of effects.

    References
    ----------
    Rücker and Schwarzer 2021, doi:10.1002/jrsm.1410; Infanger and Schmidt-Trucksäss 2019,
    doi:10.1002/sim.8293.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [0.1, 0.3, 0.8], "vi": [0.02, 0.03, 0.05]})
    >>> found = es.drapery(es.pool(table), limits=(0.0, 1.0), points=3)
    >>> found.studies[0].round(3)
    array([0.48 , 0.005, 0.   ])
    """
    fit = as_fit(fit)
    labels, y, v = _studies(fit)
    se = np.sqrt(v)
    if limits is None:
        half = normal_quantile(0.999) * se
        limits = (float((y - half).min()), float((y + half).max()))
    low, high = limits
    if not low < high:
        raise OptionError("limits", limits, ["two effects, the lower one first"])
    grid = np.linspace(low, high, _points(points))
    inf = np.inf
    prediction = np.full(grid.size, np.nan)
    if math.isfinite(fit.prediction_lower) and math.isfinite(fit.prediction_upper):
        method = fit.options.prediction
        lost = {"t k-1": 1, "t k-2": 2}.get(str(method))
        if lost is not None or method == "normal":
            spread = math.sqrt(fit.tau2 + fit.se**2)
            df = fit.k - lost if lost is not None else inf
            prediction = two_sided_p((fit.estimate - grid) / spread, df)
    return Drapery(
        labels=labels,
        effects=grid,
        studies=two_sided_p((y[:, None] - grid) / se[:, None], inf),
        pooled=two_sided_p((fit.estimate - grid) / fit.se, fit.df),
        prediction=prediction,
        levels=DRAPERY_LEVELS,
    )


def funnel_contours(
    fit: Given,
    *,
    levels: Sequence[float] = CONTOURS,
    heterogeneity: bool = False,
    largest: float | None = None,
    points: int = 101,
) -> FunnelContours:
    """Compute the contours and limits of a funnel plot over standard errors.

    Parameters
    ----------
    fit
        A pooled effect, or what it can be made of.
    levels
        P values of the contours about no effect.
    heterogeneity
        Whether the pseudo limits about the pooled effect count tau².
    largest
        Largest standard error; a little above that of the studies unless given.
    points
        Number of standard errors.

    References
    ----------
    Peters et al. 2008, doi:10.1016/j.jclinepi.2007.11.010; Sterne and Egger 2001,
    doi:10.1016/S0895-4356(01)00377-8.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [0.1, 0.3, 0.8], "vi": [0.02, 0.03, 0.05]})
    >>> found = es.funnel_contours(es.pool(table), largest=0.5, points=2)
    >>> found.contours[1].round(3).tolist()
    [[0.0, 0.822], [0.0, 0.98], [0.0, 1.288]]
    """
    heterogeneity = check_flag("heterogeneity", heterogeneity)
    if largest is not None:
        largest = check_number("largest", largest, above=0)
    fit = as_fit(fit)
    labels, y, v = _studies(fit)
    marks = tuple(float(level) for level in levels)
    if any(not 0 < level < 1 for level in marks):
        raise OptionError("levels", levels, ["P values between 0 and 1"])
    top = 1.05 * float(np.sqrt(v.max())) if largest is None else float(largest)
    if not 0 < top < math.inf:
        raise OptionError("largest", largest, ["a standard error above 0"])
    se = np.linspace(0.0, top, _points(points))
    null = fit.effects.scale.null
    reach = np.array([normal_quantile(1 - level) for level in marks])[:, None] * se
    added = fit.tau2 if heterogeneity and math.isfinite(fit.tau2) else 0.0
    half = normal_quantile(fit.options.level) * np.sqrt(se**2 + added)
    return FunnelContours(
        se=se,
        levels=marks,
        contours=np.stack([null - reach, null + reach]),
        lower=fit.estimate - half,
        upper=fit.estimate + half,
        estimate=fit.estimate,
        null=null,
        labels=labels,
        x=y,
        y=np.sqrt(v),
    )


def profile(
    fit: Given | MetaRegression,
    *,
    limits: tuple[float, float] | None = None,
    points: int = 50,
    level: float | None = None,
) -> LikelihoodProfile:
    """Profile the (restricted) likelihood over tau².

    Parameters
    ----------
    fit
        A random-effects fit (or what it can be made of), or a mixed-effects meta-regression. The
        likelihood is the plain one where tau² was estimated by ML, else the restricted one.
    limits
        Range of tau²; unless given from 0 to a little beyond its interval.
    points
        Number of values of tau², evenly spaced.
    level
        Level of the profile interval; that of the fit unless given.

    Raises
    ------
    NotEstimableError
        If the model has no tau², or there are too few studies.

    References
    ----------
    Hardy and Thompson 1996,
    doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [0.1, 0.3, 0.8, 0.5], "vi": [0.02, 0.03, 0.05, 0.01]})
    >>> found = es.profile(es.pool(table), limits=(0, 0.1), points=3)
    >>> round(found.best, 4), found.log_likelihood.round(4)
    (0.0481, array([-1.7277, -0.4911, -0.6515]))
    """
    level = None if level is None else check_level(level)
    if isinstance(fit, MetaRegression):
        if fit.design is None:
            raise NotEstimableError("the meta-regression does not hold its design")
        rows = np.flatnonzero(fit.rows)
        x, terms = fit.design.matrix[rows], fit.terms
    else:
        fit = as_fit(fit)
        rows = np.flatnonzero(fit.effects.estimable)
        x, terms = np.ones((rows.size, 1)), ("intercept",)
    if fit.options.model == "equal":
        raise NotEstimableError("profile: the equal-effects model has no tau²")
    if rows.size <= x.shape[1]:
        raise NotEstimableError(
            f"profile: tau² needs at least {x.shape[1] + 1} studies; there are {rows.size}"
        )
    needs_common_options(fit.options, "profile of the likelihood")
    at = fit.options.level if level is None else level
    if not 0 < at < 1:
        raise OptionError("level", level, ["a number between 0 and 1, e.g. 0.95"])
    y, v = fit.effects.estimates[rows], fit.effects.variances[rows]
    restricted = fit.options.tau2 != "ML"

    def height(tau2: Floats) -> Floats:
        size = tau2.size
        design = np.broadcast_to(x, (size, *x.shape))
        many, spread = np.broadcast_to(y, (size, y.size)), np.broadcast_to(v, (size, v.size))
        return log_likelihood(many, spread, tau2, design=design, restricted=restricted)

    best, top, cut, lower, upper = _maximum(height, v, y, at)
    if limits is None:
        limits = (0.0, 1.2 * (upper if math.isfinite(upper) and upper > 0 else float(np.median(v))))
    low, high = limits
    if not 0 <= low < high < math.inf:
        raise OptionError("limits", limits, ["two values of tau² of at least 0, ascending"])
    grid = np.linspace(low, high, _points(points))
    coefficients = _coefficients(x, y, v, grid)
    nan = np.full(grid.size, np.nan)
    centre = (nan, nan, nan)
    if isinstance(fit, PooledFit):
        options = fit.options
        found = pool_batch(
            np.broadcast_to(y, (grid.size, y.size)), np.broadcast_to(v, (grid.size, v.size)),
            tau2=grid, ci=options.ci, safeguard=options.safeguard, level=options.level,
        )  # fmt: skip
        centre = (found.estimate, found.ci_lower, found.ci_upper)
    return LikelihoodProfile(
        tau2=grid,
        log_likelihood=height(grid),
        estimates=centre[0],
        ci_lower=centre[1],
        ci_upper=centre[2],
        coefficients=coefficients,
        terms=terms,
        best=best,
        best_log_likelihood=top,
        cut=cut,
        lower=lower,
        upper=upper,
        restricted=restricted,
        level=at,
    )


def _coefficients(x: Floats, y: Floats, v: Floats, grid: Floats) -> Floats:
    """Return the generalized least squares coefficients for each tau², shape (G, P)."""
    out = np.empty((grid.size, x.shape[1]))
    for place, tau2 in enumerate(grid):
        root = 1 / np.sqrt(v + tau2)
        q, r = np.linalg.qr(x * root[:, None])
        out[place] = np.linalg.solve(r, q.T @ (y * root))
    return out


def _maximum(
    height: object, v: Floats, y: Floats, level: float
) -> tuple[float, float, float, float, float]:
    """Return the best tau², its height, the cut, and where the profile crosses it."""
    from collections.abc import Callable

    from scipy import optimize

    of = cast("Callable[[Floats], Floats]", height)

    def one(tau2: float) -> float:
        return float(of(np.array([tau2]))[0])

    unit = float(np.median(v))
    far = 100 * max(float(np.var(y)), unit)
    # the likelihood may have two maxima: look everywhere, then climb from the best place
    places = np.concatenate([[0.0], np.geomspace(1e-6 * unit, far, 200)])
    seen = of(places)
    top = int(np.argmax(seen))
    begin, end = places[max(top - 1, 0)], places[min(top + 1, places.size - 1)]
    found = optimize.minimize_scalar(
        lambda t: -one(t), bounds=(begin, end), method="bounded",
        options={"xatol": 1e-10 * max(end, 1e-300)},
    )  # fmt: skip
    best, high = float(found.x), -float(found.fun)
    if seen[0] >= high:
        best, high = 0.0, float(seen[0])
    cut = high - 0.5 * float(chi2_quantile(1, level))

    def crossing(low: float, up: float) -> float:
        return float(optimize.brentq(lambda t: one(t) - cut, low, up, xtol=1e-12 * unit))

    lower = 0.0 if one(0.0) >= cut else crossing(0.0, best)
    upper = float("nan")
    edge = max(2 * best, unit)
    while edge < 1e8 * far:
        if one(edge) < cut:
            upper = crossing(best, edge)
            break
        edge *= 2
    return best, high, cut, lower, upper


USUAL_EFFECTS: dict[str, tuple[float, ...]] = {
    "SMD": (0.1, 0.25, 0.5), "ZCOR": (0.1, 0.2, 0.4), "RD": (0.02, 0.05, 0.1),
}  # fmt: skip


def albatross(
    fit: Given,
    effects: Sequence[float] | None = None,
    *,
    risk: float = 0.2,
    sd: float = 1.0,
    allocation: float = 1.0,
    points: int = 101,
) -> Albatross:
    """Compute an albatross plot: P values against sample sizes, with contours of equal effect.

    Parameters
    ----------
    fit
        A pooled effect (or what it can be made of) whose data have sample sizes.
    effects
        Effects of the contours, natural scale (ratios above 1 stand for their inverse too); a few
        common ones unless given.
    risk, sd
        Risk of the control arm (OR, RR, RD) and standard deviation (MD) that the contours assume.
    allocation
        Participants of arm 1 per participant of arm 2 that they assume.
    points
        Number of P values of a contour, between 1 and 1e-10.

    Raises
    ------
    NotEstimableError
        If the data have no sample sizes.
    OptionError
        If the measure has no contours.

    References
    ----------
    Harrison et al. 2017, doi:10.1002/jrsm.1239.

    Examples
    --------
    >>> import evisynth as es
    >>> found = es.albatross(es.pool(es.effects(es.datasets.load("bcg"), "OR")), [2.0], risk=0.1)
    >>> found.sizes[0], found.contours.shape
    (np.float64(262.0), (1, 101))
    """
    allocation = check_number("allocation", allocation, above=0)
    from scipy import special

    fit = as_fit(fit)
    labels, y, v = _studies(fit)
    sizes = participants_of(fit)
    if not np.isfinite(sizes).any():
        raise NotEstimableError(
            "albatross plot: the data have no sample sizes (columns n1 and n2, or n)"
        )
    measure = fit.effects.measure
    usual = USUAL_EFFECTS.get(measure, (1.25, 1.5, 2.0))
    if measure == "MD":
        usual = tuple(sd * effect for effect in USUAL_EFFECTS["SMD"])
    wanted = tuple(float(e) for e in (usual if effects is None else effects))
    grid = np.geomspace(1.0, 1e-10, _points(points))
    z = -special.ndtri(grid / 2)
    contours = np.empty((len(wanted), grid.size))
    big = 1e6
    for place, effect in enumerate(wanted):
        size = math.log(effect) if fit.effects.scale.is_ratio else effect
        if measure == "ZCOR":
            size = math.atanh(effect)
        if not math.isfinite(size) or size == 0:
            raise OptionError("effects", effect, ["effects that differ from no effect"])
        first = big * allocation / (1 + allocation)
        one = planned_variance(
            measure, big if measure == "ZCOR" else first, big - first, effect=size, sd=sd, risk=risk
        )
        contours[place] = z**2 * big * one / size**2
    ratio = (y - fit.effects.scale.null) / np.sqrt(v)
    return Albatross(
        labels=labels,
        p_values=two_sided_p(ratio, np.inf),
        signs=np.sign(ratio),
        sizes=sizes,
        effects=wanted,
        grid=grid,
        contours=contours,
        measure=measure,
    )
