"""The numbers behind diagnostic plots: Baujat, radial, L'Abbé, normal quantiles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import (
    check_count,
    check_level,
    check_number,
    estimate_tau2,
    influence_measures,
    leave_one_out_batch,
    normal_quantile,
)
from evisynth.synthesis.counts_results import CountFit
from evisynth.synthesis.diagnostic_results import Baujat, Labbe, NormalQuantiles, Radial
from evisynth.synthesis.further import needs_common_options, needs_inverse_variance
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.refitting import refit_counts, used_rows
from evisynth.synthesis.regression_results import MetaRegression

__all__ = ["baujat", "labbe", "qq_normal", "radial"]

Floats = NDArray[np.float64]
Fit: TypeAlias = Given | MetaRegression | CountFit
KINDS: tuple[Literal["rstandard", "rstudent"], ...] = ("rstandard", "rstudent")


def _labels(effects_labels: tuple[str, ...], rows: NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(effects_labels[row] for row in rows)


def _pooled_rows(fit: PooledFit) -> tuple[NDArray[np.int64], Floats, Floats, float]:
    """Return the rows, estimates, variances and tau² (0 without one)."""
    rows = np.flatnonzero(fit.effects.estimable)
    tau2 = 0.0 if fit.options.model == "equal" or math.isnan(fit.tau2) else fit.tau2
    return rows, fit.effects.estimates[rows], fit.effects.variances[rows], tau2


def baujat(fit: Fit) -> Baujat:
    """Set each study's contribution to heterogeneity against its influence on the fit.

    Parameters
    ----------
    fit
        A pooled effect (or what it can be made of), a meta-regression, or a Mantel-Haenszel, Peto
        or generalized linear mixed model fit.

    Returns
    -------
    Baujat
        Shape (k,); tau² is estimated anew without each study.

    Raises
    ------
    NotEstimableError
        If there are too few studies to leave one out.

    References
    ----------
    Baujat et al. 2002, doi:10.1002/sim.1221.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [0.1, 0.3, 0.8], "vi": [0.02, 0.03, 0.05]})
    >>> es.baujat(es.pool(table, model="equal")).heterogeneity.round(3)
    array([2., 0., 5.])
    """
    if isinstance(fit, CountFit):
        return _baujat_counts(fit)
    if isinstance(fit, MetaRegression):
        return _baujat_regression(fit)
    fit = as_fit(fit)
    needs_common_options(fit.options, "Baujat plot")
    rows, y, v, tau2 = _pooled_rows(fit)
    if len(rows) < 2:
        raise NotEstimableError("Baujat's plot needs at least two studies")
    options = fit.options
    without = leave_one_out_batch(y, v, model=options.model, tau2=options.tau2, ci="z")
    return Baujat(
        labels=_labels(fit.effects.labels, rows),
        heterogeneity=(y - fit.estimate) ** 2 / (v + tau2),
        influence=(fit.estimate - without.estimate) ** 2 / without.se**2,
        model=f"{options.model}-effects model",
    )


def _baujat_counts(fit: CountFit) -> Baujat:
    """Mantel-Haenszel, Peto and mixed models: the studies' own estimates about the common one."""
    rows = used_rows(fit)
    if len(rows) < 2:
        raise NotEstimableError("Baujat's plot needs at least two studies")
    without = refit_counts(fit, [np.delete(rows, place) for place in range(len(rows))])
    y, v = fit.effects.estimates[rows], fit.effects.variances[rows]
    added = 0.0 if math.isnan(fit.tau2) else fit.tau2
    lost = ~np.isfinite(y)
    notes: tuple[str, ...] = ()
    if lost.any():
        names = ", ".join(_labels(fit.effects.labels, rows[lost]))
        notes = (f"Without an estimate of its own, no heterogeneity: {names}.",)
    return Baujat(
        labels=_labels(fit.effects.labels, rows),
        heterogeneity=(y - fit.estimate) ** 2 / (v + added),
        influence=(fit.estimate - without.estimates) ** 2 / without.se**2,
        model=fit.words,
        notes=notes,
    )


def _design(fit: MetaRegression) -> tuple[NDArray[np.int64], Floats]:
    """Return the rows fitted and their design, shape (k, P)."""
    if fit.design is None:
        raise NotEstimableError("the meta-regression does not hold its design")
    rows = np.flatnonzero(fit.rows)
    return rows, fit.design.matrix[rows]


def _baujat_regression(fit: MetaRegression) -> Baujat:
    needs_common_options(fit.options, "Baujat plot")
    rows, x = _design(fit)
    y, v = fit.effects.estimates[rows], fit.effects.variances[rows]
    k, p = x.shape
    if k - 1 <= p:
        raise NotEstimableError(f"Baujat's plot needs at least {p + 2} studies; there are {k}")
    random = fit.options.model == "random"
    tau2 = fit.tau2 if random else 0.0
    fitted = x @ fit.coefficients
    keep = ~np.eye(k, dtype=np.bool_)
    without = np.zeros(k)
    if random:
        without = estimate_tau2(
            np.broadcast_to(y, (k, k)), np.broadcast_to(v, (k, k)), keep,
            method=fit.options.tau2, design=x, standard_error=False,
        ).tau2  # fmt: skip
    change = np.full(k, np.nan)
    for row in range(k):
        others = keep[row]
        root = 1 / np.sqrt(v[others] + without[row])
        q, r = np.linalg.qr(x[others] * root[:, None])
        if np.abs(np.diag(r)).min() <= 1e-10 * np.abs(np.diag(r)).max():
            continue  # the moderator does not vary without this study
        coefficients = np.linalg.solve(r, q.T @ (y[others] * root))
        spread = np.linalg.solve(r.T, x[row])
        change[row] = (fitted[row] - x[row] @ coefficients) ** 2 / (spread @ spread)
    notes: tuple[str, ...] = ()
    if np.isnan(change).any():
        names = ", ".join(_labels(fit.effects.labels, rows[np.isnan(change)]))
        notes = (f"Without it the coefficients cannot be estimated: {names}.",)
    return Baujat(
        labels=_labels(fit.effects.labels, rows),
        heterogeneity=(y - fitted) ** 2 / (v + tau2),
        influence=change,
        model=f"meta-regression on {fit.formula}",
        notes=notes,
    )


def radial(fit: Given | CountFit, *, level: float | None = None) -> Radial:
    """Compute a radial (Galbraith) plot: points, line of the pooled effect, and its arc.

    Parameters
    ----------
    fit
        A pooled effect (or what it can be made of), or a Mantel-Haenszel or Peto fit.
    level
        Level of the limits about the line; that of the fit unless given.

    Raises
    ------
    NotEstimableError
        If no study has an estimate.

    References
    ----------
    Galbraith 1988, doi:10.1080/00401706.1988.10488400.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [0.1, 0.3, 0.8], "vi": [0.01, 0.04, 0.25]})
    >>> found = es.radial(es.pool(table, model="equal"))
    >>> found.x.tolist(), found.z.round(2).tolist()
    ([10.0, 5.0, 2.0], [1.0, 1.5, 1.6])
    """
    level = None if level is None else check_level(level)
    if isinstance(fit, CountFit):
        rows = np.flatnonzero(fit.effects.estimable)
        y, v = fit.effects.estimates[rows], fit.effects.variances[rows]
        tau2 = 0.0 if math.isnan(fit.tau2) else fit.tau2
        own = fit.level
    else:
        fit = as_fit(fit)
        rows, y, v, tau2 = _pooled_rows(fit)
        own = fit.options.level
    at = own if level is None else level
    if not 0 < at < 1:
        raise OptionError("level", level, ["a number between 0 and 1, e.g. 0.95"])
    if not rows.size:
        raise NotEstimableError("radial plot: no study has an estimate")
    x = 1 / np.sqrt(v + tau2)
    z = y * x
    half = normal_quantile(at)
    ends = np.concatenate([z, [half, -half]])
    aspect = float(x.max() / np.ptp(ends))
    radius = 1.1 * float(np.hypot(x, z * aspect).max())
    ticks = _round_values(min(0.0, float(y.min())), max(0.0, float(y.max())))
    arc = _on_arc(ticks, radius, aspect)
    marks = _on_arc(np.array([fit.ci_lower, fit.estimate, fit.ci_upper]), radius, aspect)
    return Radial(
        labels=_labels(fit.effects.labels, rows),
        x=x,
        z=z,
        slope=fit.estimate,
        slope_lower=fit.ci_lower,
        slope_upper=fit.ci_upper,
        half_width=half,
        ticks=ticks,
        arc_x=arc[0],
        arc_z=arc[1],
        limits_x=marks[0],
        limits_z=marks[1],
        radius=radius,
        aspect=aspect,
        level=at,
    )


def _on_arc(effects: Floats, radius: float, aspect: float) -> tuple[Floats, Floats]:
    """Return where the ray of each effect meets the arc."""
    x = radius / np.sqrt(1 + (aspect * effects) ** 2)
    return x, effects * x


def _round_values(low: float, high: float) -> Floats:
    """Return about seven round values that cover a range."""
    if high <= low:
        return np.array([low])
    raw = (high - low) / 6
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * min((1, 2, 2.5, 5, 10), key=lambda unit: abs(unit * power - raw))
    return np.asarray(step * np.arange(math.floor(low / step), math.ceil(high / step) + 1))


Way: TypeAlias = Callable[[Floats], Floats]
ARMS: dict[str, tuple[str, Way, Way]] = {
    "RR": ("log risks", np.exp, np.log),
    "OR": ("log odds", lambda x: 1 / (1 + np.exp(-x)), lambda p: np.log(p / (1 - p))),
    "RD": ("risks", lambda x: x, lambda p: p),
    "AS": ("arcsine square root risks", lambda x: np.sin(np.clip(x, 0, np.pi / 2)) ** 2,
           lambda p: np.arcsin(np.sqrt(p))),
    "IRR": ("log rates", np.exp, np.log),
    "IRD": ("rates", lambda x: x, lambda p: p),
    "IRSD": ("square root rates", lambda x: np.maximum(x, 0) ** 2, np.sqrt),
}  # fmt: skip
"""Scale of both arms by effect measure, in words, with the way to risks or rates and back."""


def labbe(fit: Given | CountFit, *, continuity: float = 0.5, points: int = 101) -> Labbe:
    """Compute a L'Abbé plot: outcomes of both arms, and the line of the pooled effect.

    Parameters
    ----------
    fit
        A fit of 2x2 tables (OR, RR, RD, AS) or person-time (IRR, IRD, IRSD).
    continuity
        Added to both cells of an arm with a zero cell (person-time: to the events) where the scale
        needs it: log risks, log odds, log rates.
    points
        Number of points of the line.

    Raises
    ------
    OptionError
        If the measure has no arms, or the data have no counts.

    Notes
    -----
    The line says what the pooled effect, taken as constant on the scale of the measure, makes of
    each risk; it is straight on that scale and bent between risks, but for differences.

    References
    ----------
    L'Abbé et al. 1987, doi:10.7326/0003-4819-107-2-224.

    Examples
    --------
    >>> import evisynth as es
    >>> found = es.labbe(es.pool(es.effects(es.datasets.load("bcg"), "RR")))
    >>> found.raw_x[:2].round(4), found.scale
    (array([0.0791, 0.0957]), 'log risks')
    """
    continuity = check_number("continuity", continuity, least=0)
    points = check_count("points", points, least=2)
    made = fit if isinstance(fit, CountFit) else as_fit(fit)
    measure = made.effects.measure
    if measure not in ARMS:
        raise OptionError("fit", measure, list(ARMS), hint="The measure must compare two arms.")
    words, back, forth = ARMS[measure]
    rows = np.flatnonzero(made.effects.estimable)
    person_time = measure.startswith("IR")
    a, c = _cells(made, "events1", rows), _cells(made, "events2", rows)
    if person_time:
        b, d = _cells(made, "time1", rows), _cells(made, "time2", rows)
        needs = continuity * (measure == "IRR")
        raw = [(c + needs * (c == 0)) / d, (a + needs * (a == 0)) / b]
    else:
        b, d = _others(made, "1", a, rows), _others(made, "2", c, rows)
        needs = continuity * (measure in ("OR", "RR"))
        first, second = (needs * ((events == 0) | (others == 0)) for events, others in
                         ((a, b), (c, d)))  # fmt: skip
        raw = [(c + second) / (c + d + 2 * second), (a + first) / (a + b + 2 * first)]
    x, y = forth(raw[0]), forth(raw[1])
    top = float(max(raw[0].max(), raw[1].max())) if person_time else 1.0
    line_raw = np.linspace(0.0, 1.05 * top if person_time else top, points)
    with np.errstate(divide="ignore", invalid="ignore"):
        base = forth(line_raw)
        lines = [back(base + value) for value in (made.estimate, made.ci_lower, made.ci_upper)]
    highest = np.inf if person_time else 1.0
    lines[0] = np.where((lines[0] < 0) | (lines[0] > highest), np.nan, lines[0])
    lines[1:] = [np.clip(one, 0.0, highest) for one in lines[1:]]  # a band ends at the edges
    weight = 1 / np.sqrt(made.effects.variances[rows])
    return Labbe(
        labels=_labels(made.effects.labels, rows),
        x=x,
        y=y,
        raw_x=raw[0],
        raw_y=raw[1],
        sizes=weight / weight.max(),
        line_x=line_raw,
        line_y=lines[0],
        limits_y=np.stack([np.minimum(lines[1], lines[2]), np.maximum(lines[1], lines[2])]),
        measure=measure,
        scale=words,
        estimate=made.estimate,
        ci_lower=made.ci_lower,
        ci_upper=made.ci_upper,
    )


def _cells(fit: PooledFit | CountFit, role: str, rows: NDArray[np.int64]) -> Floats:
    import pandas as pd

    name = fit.effects.columns.get(role, role)
    if name not in fit.effects.data.columns:
        raise OptionError(
            "fit", f"no column {role}", ["a fit of counts in both arms"],
            hint="Give effects() the counts, not the estimates.",
        )  # fmt: skip
    numbers = pd.to_numeric(fit.effects.data[name], errors="coerce").to_numpy(dtype=np.float64)
    return np.asarray(numbers[rows])


def _others(fit: PooledFit | CountFit, arm: str, events: Floats, rows: NDArray[np.int64]) -> Floats:
    """Return the people without the event, from their column or the size of the arm."""
    name = fit.effects.columns.get(f"nonevents{arm}", f"nonevents{arm}")
    if name in fit.effects.data.columns:
        return _cells(fit, f"nonevents{arm}", rows)
    return _cells(fit, f"n{arm}", rows) - events


def qq_normal(
    fit: Given | MetaRegression | CountFit,
    *,
    kind: str = "rstandard",
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> NormalQuantiles:
    """Set standardized residuals against normal quantiles, with a simulated envelope.

    Parameters
    ----------
    fit
        A pooled effect (or what it can be made of), a meta-regression, or a Mantel-Haenszel or
        Peto fit (residuals over the square root of the sampling variance, without an envelope).
    kind
        ``"rstandard"`` (internally standardized) or ``"rstudent"`` (studentized deleted, not for
        meta-regressions and counts).
    level
        Pointwise level of the envelope.
    draws, seed
        Simulation of the envelope; 0 draws for none.

    Returns
    -------
    NormalQuantiles
        In the order of the quantiles.

    Notes
    -----
    Residuals are drawn from the fitted model, tau² held, and ordered; the limits of each place are
    quantiles over the draws, not smoothed.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [0.1, 0.3, 0.8], "vi": [0.02, 0.03, 0.05]})
    >>> es.qq_normal(es.pool(table)).quantiles.round(3)
    array([-0.869,  0.   ,  0.869])
    """
    level = check_level(level)
    seed = check_count("seed", seed, least=0)
    which = find_word("kind", kind, KINDS, {"standardized": "rstandard", "deleted": "rstudent"})
    if not 0 < level < 1:
        raise OptionError("level", level, ["a number between 0 and 1, e.g. 0.95"])
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 0:
        raise OptionError("draws", draws, ["a whole number of at least 0"])
    if which == "rstudent" and isinstance(fit, (MetaRegression, CountFit)):
        raise OptionError("kind", kind, ["rstandard"], hint="Others are for pooled effects.")
    if isinstance(fit, CountFit):
        rows = np.flatnonzero(fit.effects.estimable)
        y, v = fit.effects.estimates[rows], fit.effects.variances[rows]
        spread = v + (0.0 if math.isnan(fit.tau2) else fit.tau2)
        residuals, design, total = (y - fit.estimate) / np.sqrt(spread), None, spread
    elif isinstance(fit, MetaRegression):
        needs_inverse_variance(fit.options, "QQ plot")
        rows, design = _design(fit)
        v = fit.effects.variances[rows]
        total = v + (fit.tau2 if fit.options.model == "random" else 0.0)
        residuals = _standardized(fit.effects.estimates[rows], total, design)
    else:
        fit = as_fit(fit)
        rows, y, v, tau2 = _pooled_rows(fit)
        total, design = v + tau2, np.ones((len(rows), 1))
        if which == "rstandard":
            residuals = _standardized(y, total, design)
        else:
            needs_common_options(fit.options, "QQ plot")
            options = fit.options
            residuals = influence_measures(
                y, v, model=options.model, tau2=options.tau2, ci="z"
            ).rstudent
    k = len(rows)
    if k < 2:
        raise NotEstimableError("a plot of residuals needs at least two studies")
    from scipy import special

    offset = 3 / 8 if k <= 10 else 0.5
    quantiles = special.ndtri((np.arange(1, k + 1) - offset) / (k + 1 - 2 * offset))
    order = np.argsort(residuals, kind="stable")
    lower = upper = np.full(k, np.nan)
    if draws and k > 2 and design is not None:
        drawn = np.random.default_rng(seed).standard_normal((draws, k)) * np.sqrt(total)
        simulated = np.sort(_standardized(drawn, total, design), axis=1)
        tail = (1 - level) / 2
        lower, upper = np.quantile(simulated, [tail, 1 - tail], axis=0)
    return NormalQuantiles(
        labels=_labels(fit.effects.labels, rows[order]),
        quantiles=quantiles,
        residuals=residuals[order],
        lower=lower,
        upper=upper,
        kind=which,
        level=level,
        draws=draws if design is not None else 0,
        seed=seed,
    )


def _standardized(y: Floats, total: Floats, design: Floats) -> Floats:
    """Return residuals of weighted least squares over their standard errors; y is (..., k)."""
    root = 1 / np.sqrt(total)
    q, _ = np.linalg.qr(design * root[:, None])
    scaled = y * root
    residuals = scaled - (scaled @ q) @ q.T
    left = 1 - np.square(q).sum(axis=1)
    # a study that a coefficient rests on alone has no residual
    return np.asarray(residuals / np.sqrt(np.where(left > 1e-12, left, np.nan)))
