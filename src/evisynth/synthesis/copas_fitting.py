"""The Copas selection model: the front door."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import (
    RHO_BOUND,
    CopasFits,
    check_number,
    chi2_tail,
    fit_copas,
    normal_quantile,
    two_sided_p,
)
from evisynth.synthesis.copas_results import CopasModel
from evisynth.synthesis.given import Given, as_fit

__all__ = ["copas"]

Floats = NDArray[np.float64]
SURE, RARE = 3.090232306167813, -1.2815515655446004
"""Normal quantiles of 0.999 and 0.1: how likely the most precise and the least precise study are
published at the ends of the grid."""

STEPS = 25
"""Places on the line."""

WITHOUT_SELECTION = 0.999


def copas(
    fit: Given,
    *,
    gamma0: tuple[float, float] | None = None,
    gamma1: tuple[float, float] | None = None,
    grid: int = 15,
    threshold: float = 0.1,
) -> CopasModel:
    """Explore how the pooled effect depends on selective publication, by the Copas model.

    Parameters
    ----------
    fit
        A pooled effect, or what it can be made of; its level is used. Estimation is by maximum
        likelihood, with a between-study variance.
    gamma0, gamma1
        Ranges of the selection parameters: a study with standard error s is published with the
        probability Phi(gamma0 + gamma1/s). Unless given, ranges at whose ends the least precise
        study is published with a probability of 0.1 to 0.999 and the most precise one nearly
        surely.
    grid
        Number of values of each parameter.
    threshold
        P value of the test for residual selection above which none is left to explain.

    Returns
    -------
    CopasModel
        Surfaces for contour plots, the line across the contours, and the adjusted effect.

    Raises
    ------
    NotEstimableError
        If there are fewer than three studies, or all standard errors are equal.
    OptionError
        If a range or number is not possible.

    Notes
    -----
    The contours of the mean effect over the grid are nearly parallel: a plane is fitted to the
    surface, and the line runs from no selection down its gradient. The test for residual selection
    compares the likelihood with that of a model in which the effect depends on the standard error
    too. The model is an analysis of sensitivity: the data do not tell the selection parameters.

    References
    ----------
    Copas and Shi 2000, doi:10.1093/biostatistics/1.3.247; 2001, doi:10.1177/096228020101000402;
    Carpenter et al. 2009, doi:10.1016/j.jclinepi.2008.12.002.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {
    ...         "yi": [0.1, 0.15, 0.4, 0.6, 0.5, 1.1],
    ...         "vi": [0.01, 0.02, 0.05, 0.1, 0.12, 0.3],
    ...     }
    ... )
    >>> found = es.copas(es.pool(table), grid=5)
    >>> found.side, found.surface.shape
    ('left', (5, 5))
    """
    fit = as_fit(fit)
    if isinstance(grid, bool) or not isinstance(grid, int) or grid < 3:
        raise OptionError("grid", grid, ["a whole number of at least 3"])
    threshold = check_number(
        "threshold", threshold, above=0, below=1, words=["a P value, e.g. 0.1"]
    )
    rows = fit.effects.estimable
    y, s = fit.effects.estimates[rows], np.sqrt(fit.effects.variances[rows])
    if len(y) < 3:
        raise NotEstimableError(f"the Copas model needs at least three studies; there are {len(y)}")
    if np.ptp(s) <= 1e-12 * s.max():
        raise NotEstimableError(
            "Copas model: all standard errors are equal, so that selection cannot be told"
        )
    first, second = _ranges(s, gamma0, gamma1)
    # the scale of the estimates, so that tiny and huge units are searched alike
    unit = float(np.median(s))
    across, up = np.linspace(*first, grid), np.linspace(*second, grid)
    g0, g1 = (part.ravel() for part in np.meshgrid(across, up))
    found = _fit(y, s, unit, g0, g1)
    surface = np.where(found.converged, found.mean, np.nan).reshape(grid, grid)
    line0, line1 = _line(across, up, surface, s)
    along = _fit(y, s, unit, line0, line1)
    plus = fit_copas(
        y / unit, s / unit, line0, line1 / unit, slope=True,
        start=np.column_stack([along.mean / unit, along.tau / unit, along.rho]),
    )  # fmt: skip
    residual = 2 * np.maximum(0.0, plus.log_likelihood - along.log_likelihood)
    residual_p = np.where(
        along.converged & plus.converged, chi2_tail(residual, np.ones(len(residual))), np.nan
    )
    chance = _normal(line0[:, None] + line1[:, None] / s)
    place = _chosen(residual_p, threshold)
    estimate, se = (float(along.mean[place]), float(along.mean_se[place])) if place >= 0 else (
        math.nan, math.nan)  # fmt: skip
    half = normal_quantile(fit.options.level) * se
    side: Literal["left", "right"] = "left" if along.mean[-1] <= along.mean[0] else "right"
    reason = ""
    if place < 0:
        reason = (
            f"no selection on the line leaves a residual P above {threshold:g}: widen the ranges "
            "of gamma0 and gamma1"
        )
    return CopasModel(
        fit=fit,
        estimate=estimate,
        se=se,
        ci_lower=estimate - half,
        ci_upper=estimate + half,
        p_value=float(two_sided_p((estimate - fit.effects.scale.null) / se, np.inf)),
        chosen=place,
        threshold=threshold,
        side=side,
        gamma0=across,
        gamma1=up,
        surface=surface,
        log_likelihoods=found.log_likelihood.reshape(grid, grid) - len(y) * math.log(unit),
        line_gamma0=line0,
        line_gamma1=line1,
        probability=_normal(line0 + line1 / s.max()),
        effects=along.mean,
        effect_se=along.mean_se,
        tau=along.tau,
        rho=along.rho,
        residual_p=residual_p,
        unpublished=((1 - chance) / chance).sum(axis=1),
        reason=reason,
        notes=_notes(fit.options.model, place, len(y), along.rho),
    )


def _normal(x: Floats) -> Floats:
    from scipy import special

    return np.asarray(special.ndtr(x))


def _fit(y: Floats, s: Floats, unit: float, gamma0: Floats, gamma1: Floats) -> CopasFits:
    """Fit in units of a typical standard error, and bring back."""
    found = fit_copas(y / unit, s / unit, gamma0, gamma1 / unit)
    return CopasFits(
        mean=unit * found.mean,
        mean_se=unit * found.mean_se,
        tau=unit * found.tau,
        rho=found.rho,
        slope=found.slope,
        log_likelihood=found.log_likelihood,
        converged=found.converged,
    )


def _ranges(
    s: Floats, gamma0: tuple[float, float] | None, gamma1: tuple[float, float] | None
) -> tuple[tuple[float, float], tuple[float, float]]:
    for option, given in (("gamma0", gamma0), ("gamma1", gamma1)):
        if given is None:
            continue
        if len(given) != 2 or not -math.inf < given[0] < given[1] < math.inf:
            raise OptionError(option, given, ["two numbers, the lower one first"])
    if gamma1 is not None and gamma1[0] < 0:
        raise OptionError("gamma1", gamma1, ["two numbers of at least 0"])
    steep = (SURE - RARE) / (1 / float(s.min()) - 1 / float(s.max()))
    second = (0.0, steep) if gamma1 is None else gamma1
    low = RARE - second[1] / float(s.max())
    first = (low, SURE) if gamma0 is None else gamma0
    return (float(first[0]), float(first[1])), (float(second[0]), float(second[1]))


def _line(across: Floats, up: Floats, surface: Floats, s: Floats) -> tuple[Floats, Floats]:
    """Return the line from the corner without selection down the surface's gradient.

    Both parameters count in units of their range, and places at which the least precise study is
    published with a probability between 0.01 and 0.99 alone form the plane.
    """
    g0, g1 = np.meshgrid(across, up)
    chance = _normal(g0 + g1 / s.max())
    good = np.isfinite(surface) & (chance > 0.01) & (chance < 0.99)
    wide, tall = float(np.ptp(across)), float(np.ptp(up))
    direction = np.array([1.0, 1.0])
    if good.sum() >= 3:
        x = np.column_stack([np.ones(good.sum()), g0[good] / wide, g1[good] / tall])
        slopes = np.linalg.lstsq(x, surface[good], rcond=None)[0][1:]
        # both parameters make publication likelier: their effects have one sign
        size = np.abs(slopes) if slopes[0] * slopes[1] > 0 else np.abs(slopes) * (
            np.abs(slopes) == np.abs(slopes).max())  # fmt: skip
        if size.max() > 0:
            direction = size / size.max()
    reach = min(1 / d for d in direction if d > 0)
    # begin where the least precise study is published nearly surely
    share = np.linspace(0.0, 1.0, 2001) * reach
    line0, line1 = across[-1] - share * direction[0] * wide, up[-1] - share * direction[1] * tall
    chance = _normal(line0 + line1 / s.max())
    begin = int(np.flatnonzero(chance >= WITHOUT_SELECTION)[-1]) if (
        chance >= WITHOUT_SELECTION).any() else 0  # fmt: skip
    rare = np.flatnonzero(chance < _normal(np.array(RARE)))
    end = int(rare[0]) if rare.size else len(share) - 1
    places = np.linspace(begin, max(end, begin + 1), STEPS).round().astype(int)
    places = np.clip(places, 0, len(share) - 1)
    return line0[places], line1[places]


def _chosen(residual_p: Floats, threshold: float) -> int:
    """Return the first place at which no selection is left to explain, or -1."""
    enough = np.flatnonzero(residual_p > threshold)
    return int(enough[0]) if enough.size else -1


def _notes(model: str, place: int, k: int, rho: Floats) -> tuple[str, ...]:
    notes = []
    if model == "equal":
        notes.append("The Copas model has a between-study variance, though the fit had none.")
    if place == 0:
        notes.append("There is no sign of selection: the test is not significant without any.")
    if place > 0 and abs(rho[place]) >= RHO_BOUND:
        notes.append(
            f"The correlation of the adjusted effect is at its bound ({RHO_BOUND}): its standard "
            "error is not to be trusted."
        )
    if k < 10:
        notes.append(f"With {k} studies the model is hardly identified.")
    return tuple(notes)
