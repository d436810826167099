"""The generalized linear mixed models of meta-analysis, and their saturated forms.

References: Stijnen, Hamza and Ozdemir 2010 (doi:10.1002/sim.4040); Jackson et al. 2018
(doi:10.1002/sim.7588); Turner et al. 2000.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evisynth.stats.glmm import GlmmFit, fit_glmm
from evisynth.stats.glmm_likelihood import (
    Cells,
    Family,
    Point,
    hypergeometric_support,
    log_choose,
    log_likelihoods,
)

__all__ = ["CountLikelihood", "CountModel", "fit_count_model"]

Floats = NDArray[np.float64]
Counts = tuple[Floats, ...]
CountLikelihood = Literal["UM.FS", "UM.RS", "CM.EL", "CM.AL", ""]

SATURATED = 1e-11
"""Newton decrement at which the search for a saturated model ends; empty cells make its estimates
run away while its likelihood has long settled."""

FAR = 15.0
"""An effect of one study beyond this is on its way to infinity and tells nothing in a Wald test."""


@dataclass(frozen=True, slots=True)
class CountModel:
    """A fitted model of counts.

    Attributes
    ----------
    fit : GlmmFit
        The model asked for; its first coefficients are the effect (or those of the moderators), its
        last scale is tau.
    lrt, wald : float
        Heterogeneity: equal-effects against saturated model; NaN where there is no answer.
    reason : str
        Why not, or ``""``.
    """

    fit: GlmmFit
    lrt: float
    wald: float
    reason: str


def fit_count_model(
    measure: Literal["OR", "IRR", "PLO", "IRLN"],
    likelihood: CountLikelihood,
    cells: Counts,
    *,
    random: bool,
    points: int,
    estimates: Floats,
    variances: Floats,
    design: Floats | None = None,
) -> CountModel:
    """Fit a model of counts by maximum likelihood.

    Parameters
    ----------
    measure
        Log odds ratio, log incidence rate ratio, logit of a proportion, log incidence rate.
    likelihood
        Of two arms: unconditional with fixed or random study effects, conditional exact or
        approximate; ``""`` for single groups.
    cells
        Arrays of shape (K,). OR: events and non-events of arm 1, then of arm 2; IRR: events and
        time of arm 1, then of arm 2; PLO: events and non-events; IRLN: events and time.
    random
        Whether effects differ between studies.
    points
        Quadrature points per random effect; 1 is Laplace's approximation.
    estimates, variances
        The studies' own estimates, from which the search starts.
    design
        Design of the effect, shape (K, P), of full rank; a column of ones unless given. Moderators
        act on the effect, not on the studies' own parameters.

    Examples
    --------
    >>> x, rest = np.array([2.0, 5, 9, 1]), np.array([8.0, 5, 1, 9])
    >>> y, v = np.log(x / rest), 1 / x + 1 / rest
    >>> found = fit_count_model(
    ...     "PLO", "", (x, rest), random=True, points=7, estimates=y, variances=v
    ... )
    >>> found.fit.converged, round(found.lrt, 3)
    (True, 17.674)
    """
    k = len(cells[0])
    x, back = np.ones((k, 1)), np.eye(1)
    start = np.array([np.median(estimates)])
    if design is not None:
        # in orthonormal coordinates, so that units and origins of the moderators do not matter
        x, turn = np.linalg.qr(np.asarray(design, dtype=np.float64))
        x, back = x * np.sqrt(k), np.linalg.inv(turn) * np.sqrt(k)
        root = 1 / np.sqrt(variances)
        start = np.linalg.lstsq(root[:, None] * x, root * estimates, rcond=None)[0]
    models = _build(cells, measure, likelihood, x)
    equal = _equal(models, cells, measure, start, points)
    fit = _random(models, equal, points, variances, estimates) if random else equal
    fit = _turned(fit, back)
    if not equal.converged:
        return CountModel(fit, np.nan, np.nan, "the equal-effects model has no maximum")
    if k <= x.shape[1]:
        return CountModel(fit, np.nan, np.nan, "one study" if k < 2 else "no degrees of freedom")
    if models.study is not None:
        lrt, wald, reason = _saturated_random(models, equal, points)
        return CountModel(fit, max(lrt, 0.0), wald, reason)
    if models.base.family == "hypergeometric":
        best, theta, v = _best_hypergeometric(cells)
        best_total = float(best.sum())
    else:
        best_total = _saturated(models.base)
        theta, v = _own_effects(cells, measure, likelihood)
    lrt = max(2 * (best_total - equal.log_likelihood), 0.0)
    return CountModel(fit, lrt, _wald(theta, v, x), "")


def _turned(fit: GlmmFit, back: Floats) -> GlmmFit:
    """Return the coefficients of the effect in the coordinates of the design that was given."""
    p = len(back)
    turn = np.eye(len(fit.coefficients))
    turn[:p, :p] = back
    return replace(
        fit, coefficients=turn @ fit.coefficients, covariance=turn @ fit.covariance @ turn.T
    )


@dataclass(frozen=True, slots=True)
class _Models:
    """The cells of a model with its random effects, and what its saturated form needs.

    ``study`` are multipliers of the random study effects, or None; ``effect`` of the random
    treatment effects; ``own`` of a parameter of its own for each study's effect (saturated);
    ``x`` is the design of the effect, shape (K, P).
    """

    base: Cells
    study: Floats | None
    effect: Floats
    own: Floats
    x: Floats


def _build(cells: Counts, measure: str, how: str, x: Floats) -> _Models:
    """Return the likelihood of a measure."""
    k = len(cells[0])
    from scipy import special

    one, none = np.ones((k, 1)), np.empty((k, 1, 0))
    design = x[:, None, :]

    def single(
        family: Family, y: Floats, size: Floats, offset: Floats, constant: Floats
    ) -> _Models:
        base = Cells(
            family, y[:, None], size[:, None], offset[:, None], design, None, none,
            constant[:, None],
        )  # fmt: skip
        return _Models(base, None, one[:, :, None], one, x)

    if measure == "PLO":
        y, rest = cells
        return single("binomial", y, y + rest, 0 * y, log_choose(y + rest, y))
    if measure == "IRLN":
        y, t = cells
        return single("poisson", y, 0 * y, np.log(t), y * 0.0 - special.gammaln(y + 1))
    if measure == "IRR" and how == "CM.EL":
        x1, t1, x2, t2 = cells
        total = x1 + x2
        return single("binomial", x1, total, np.log(t1) - np.log(t2), log_choose(total, x1))
    if how == "CM.AL":
        a, b, c, d = cells
        offset = np.log(a + b) - np.log(c + d)
        return single("binomial", a, a + c, offset, log_choose(a + c, a))
    if how == "CM.EL":
        a, b, c, d = cells
        constant = log_choose(a + b, a) + log_choose(c + d, c)
        base = Cells(
            "hypergeometric", a[:, None], 0 * one, 0 * one, design, None, none,
            constant[:, None], hypergeometric_support(a, a + b, c, c + d),
        )  # fmt: skip
        return _Models(base, None, one[:, :, None], one, x)
    return _two_arms(cells, measure, how, x)


def _two_arms(cells: Counts, measure: str, how: str, x: Floats) -> _Models:
    """Return the unconditional models, in which each arm is a cell."""
    from scipy import special

    first, second, third, fourth = cells
    k = len(first)
    counts = np.stack([first, third], axis=1)
    if measure == "OR":
        sizes = np.stack([first + second, third + fourth], axis=1)
        offset, constant = np.zeros((k, 2)), log_choose(sizes, counts)
    else:
        sizes = np.zeros((k, 2))
        offset = np.log(np.stack([second, fourth], axis=1))
        constant = -special.gammaln(counts + 1)
    arm = np.tile([1.0, 0.0], (k, 1))
    both, coding = np.ones((k, 2)), arm - 0.5
    fixed = how == "UM.FS"
    effect = arm[:, :, None] * x[:, None, :]
    design = effect if fixed else np.concatenate([effect, both[:, :, None]], axis=2)
    base = Cells(
        "binomial" if measure == "OR" else "poisson", counts, sizes, offset, design,
        both if fixed else None, np.empty((k, 2, 0)), constant,
    )  # fmt: skip
    return _Models(base, None if fixed else both[:, :, None], coding[:, :, None], arm, x)


def _equal(models: _Models, cells: Counts, measure: str, effect: Floats, points: int) -> GlmmFit:
    """Fit the equal-effects model, beginning at these coefficients of the effect."""
    base = models.base
    start = np.zeros(base.design.shape[2])
    start[: len(effect)] = effect
    own = None
    if base.counts.shape[1] == 2:
        # the second arm's crude logit or log rate
        top, bottom = cells[2] + 0.5, cells[3] + (0.5 if measure == "OR" else 0.0)
        own = np.log(top) - np.log(bottom)
    if models.study is None or own is None:
        return fit_glmm(base, coefficients=start, nuisance=own)
    start[-1] = float(own.mean())
    spread = max(float(own.std()), 0.1)
    return fit_glmm(
        base.with_random(models.study), points=points, coefficients=start,
        scales=np.array([spread]),
    )  # fmt: skip


def _random(
    models: _Models, equal: GlmmFit, points: int, variances: Floats, estimates: Floats
) -> GlmmFit:
    """Fit the random-effects model, beginning at the equal-effects one."""
    w = 1 / variances
    mean = float(w @ estimates / w.sum())
    excess = float(w @ (estimates - mean) ** 2) - (len(w) - 1)
    moment = max(excess / float(w.sum() - (w @ w) / w.sum()), 0.0)
    tau = float(np.sqrt(max(moment, 0.04)))
    if models.study is None:
        return fit_glmm(
            models.base.with_random(models.effect), points=points,
            coefficients=equal.coefficients, nuisance=equal.nuisance, scales=np.array([tau]),
        )  # fmt: skip
    both = np.concatenate([models.study, models.effect], axis=2)
    return fit_glmm(
        models.base.with_random(both), points=points, coefficients=equal.coefficients,
        scales=np.array([float(equal.scales[0]), tau]),
    )  # fmt: skip


def _saturated(base: Cells) -> float:
    """Return the log-likelihood when each cell has the mean that fits it best."""
    from scipy import special

    y, n = base.counts, base.sizes
    if base.family == "poisson":
        return float((special.xlogy(y, y) - y + base.constant).sum())
    best = special.xlogy(y, y / n) + special.xlogy(n - y, 1 - y / n)
    return float((best + base.constant).sum())


def _best_hypergeometric(cells: Counts) -> tuple[Floats, Floats, Floats]:
    """Return each study's highest conditional log-likelihood, its own effect and its variance.

    Where the count is at the edge of what it can be, the likelihood rises to 1 as the odds ratio
    runs away: the log-likelihood is 0 and there is no effect.
    """
    a, b, c, d = cells
    best, theta, v = np.zeros(len(a)), np.full(len(a), np.nan), np.full(len(a), np.nan)
    inside = (a > np.maximum(0, a - d)) & (a < np.minimum(a + b, a + c))
    if inside.any():
        part = tuple(x[inside] for x in cells)
        base = _build(part, "OR", "CM.EL", np.ones((len(part[0]), 1))).base
        none = np.zeros((int(inside.sum()), 1, 0))
        free = replace(base, design=none, nuisance=np.ones_like(base.counts))
        half = [x + 0.5 for x in part]
        fit = fit_glmm(free, nuisance=np.log(half[0] * half[3] / (half[1] * half[2])))
        best[inside] = log_likelihoods(free, Point(fit.nuisance, np.empty(0), np.empty(0)), 1)[0]
        theta[inside], v[inside] = fit.nuisance, np.diag(fit.nuisance_covariance)
    return best, theta, v


def _own_effects(cells: Counts, measure: str, how: str) -> tuple[Floats, Floats]:
    """Return each study's effect in the saturated model with its variance, infinite where it is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "PLO":
            return np.log(cells[0] / cells[1]), 1 / cells[0] + 1 / cells[1]
        if measure == "IRLN":
            return np.log(cells[0] / cells[1]), 1 / cells[0]
        a, b, c, d = cells
        if measure == "IRR":
            return np.log(a / b) - np.log(c / d), 1 / a + 1 / c
        if how == "CM.AL":
            return np.log(a / c) - np.log((a + b) / (c + d)), 1 / a + 1 / c
        return np.log(a / b) - np.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d


def _wald(theta: Floats, v: Floats, x: Floats) -> float:
    """Return the Wald statistic; a study whose own effect is infinite adds nothing to it."""
    some = np.isfinite(theta) & np.isfinite(v)
    if some.sum() < 2:
        return float("nan")
    root = 1 / np.sqrt(v[some])
    return _rest(root * theta[some], root[:, None] * x[some])


def _rest(y: Floats, x: Floats) -> float:
    """Return the residual sum of squares of y on x, whose columns may depend on each other."""
    rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return float(rest @ rest)


def _saturated_random(models: _Models, equal: GlmmFit, points: int) -> tuple[float, float, str]:
    """Fit the model with random study effects and an effect of its own for each study."""
    p = models.x.shape[1]
    free = replace(models.base, design=models.base.design[:, :, p:], nuisance=models.own)
    fit = fit_glmm(
        free.with_random(models.study if models.study is not None else models.effect),
        points=points,
        coefficients=equal.coefficients[p:],
        nuisance=models.x @ equal.coefficients[:p],
        scales=equal.scales,
        decrement=SATURATED,
    )
    if not np.isfinite(fit.nuisance).all():
        return float("nan"), float("nan"), "the saturated model has no maximum"
    lrt = 2 * (fit.log_likelihood - equal.log_likelihood)
    usable = np.isfinite(np.diag(fit.nuisance_covariance)) & (np.abs(fit.nuisance) < FAR)
    theta = fit.nuisance[usable]
    if len(theta) < 2:
        return lrt, float("nan"), ""
    v = fit.nuisance_covariance[np.ix_(usable, usable)]
    # with the Cholesky root of the covariance the sum of squares is an ordinary one
    both = np.column_stack([theta, models.x[usable]])
    try:
        whitened = np.linalg.solve(np.linalg.cholesky(v), both)
    except np.linalg.LinAlgError:
        return lrt, float("nan"), ""
    return lrt, _rest(whitened[:, 0], whitened[:, 1:]), ""
