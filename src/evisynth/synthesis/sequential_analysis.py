"""Trial sequential analysis: the front door."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import (
    SPENDING,
    check_flag,
    check_number,
    check_share,
    normal_quantile,
    pool_batch,
    sequential_bounds,
)
from evisynth.synthesis.further import needs_common_options
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.power_information import diversity, information_size, participants_of
from evisynth.synthesis.sensitivity import cumulative
from evisynth.synthesis.sequential_results import SequentialAnalysis

__all__ = ["sequential"]

Floats = NDArray[np.float64]
SPENDING_SYNONYMS = {
    "of": "obrien-fleming", "obf": "obrien-fleming", "o'brien-fleming": "obrien-fleming",
    "esof": "obrien-fleming", "espoc": "pocock", "hsdc": "hwang-shih-decani",
    "hsd": "hwang-shih-decani", "rho": "power",
}  # fmt: skip
SCALES: tuple[Literal["information", "participants"], ...] = ("information", "participants")
SCALE_SYNONYMS = {"n": "participants", "statistical": "information"}
ADJUSTMENTS = ("diversity", "i2", "none")
LIL = 2.0
"""Lambda of the penalized z that keeps a two-sided error of 0.05 (Hu, Cappelleri and Lan 2007)."""


def sequential(
    fit: Given,
    order: str | None = None,
    *,
    effect: float | None = None,
    alpha: float = 0.05,
    beta: float = 0.2,
    spending: str = "obrien-fleming",
    futility: bool = True,
    beta_spending: str | None = None,
    scale: str = "information",
    adjust: str = "diversity",
    heterogeneity: float | None = None,
    risk: float | None = None,
    sd: float | None = None,
    required: float | None = None,
    penalty: float = LIL,
    parameter: float = -4.0,
) -> SequentialAnalysis:
    """Monitor a cumulative meta-analysis with boundaries for benefit, harm and futility.

    Parameters
    ----------
    fit
        The fit of all studies; its model and tau² estimator are used at each look, with the Wald z.
    order
        Column to order the studies by, ``"given"``, or ``"year"`` if there is such a column; see
        `evisynth.cumulative`.
    effect
        Effect that matters, natural scale (a ratio, a difference); unless given the pooled effect,
        which makes the required size a description rather than a plan: a note says so.
    alpha, beta
        Two-sided type I error and type II error.
    spending, beta_spending, parameter
        ``"obrien-fleming"``, ``"pocock"`` (both of Lan and DeMets), ``"hwang-shih-decani"`` or
        ``"power"`` with its parameter; for futility the same unless given.
    futility
        Whether to form an inner wedge; it inflates the required information size.
    scale
        ``"information"``: the sum of inverse variances; ``"participants"``: people, as in the TSA
        program, which needs columns n1 and n2 (or events and non-events).
    adjust, heterogeneity
        ``"diversity"`` multiplies the required size by 1 / (1 - D²), ``"i2"`` by 1 / (1 - I²),
        ``"none"`` not at all; with the percentage of the fit or the one given. In the equal-effects
        model nothing is adjusted unless `heterogeneity` is given.
    risk, sd
        For participants: risk of the control arm (RR, OR, RD), standard deviation (MD); from the
        data unless given.
    required
        Required information size in the unit of `scale`, instead of computing it from all this.
    penalty
        Lambda of the penalized z.

    Returns
    -------
    SequentialAnalysis
        One row a look; prints the conclusion.

    Raises
    ------
    OptionError
        If a word, number or column is not possible.
    NotEstimableError
        If sizes are missing, or the effect sought is none.

    Notes
    -----
    Looks after the one that reaches the required size have no boundary: there all error is spent.
    Boundaries hold for the order and the looks taken; a retrospective analysis, with its effect and
    heterogeneity taken from the same studies, guards less than its figures suggest.

    References
    ----------
    Wetterslev et al. 2008, doi:10.1016/j.jclinepi.2007.03.013; 2009,
    doi:10.1186/1471-2288-9-86; Lan and DeMets 1983, doi:10.1093/biomet/70.3.659; Hu, Cappelleri and
    Lan 2007, doi:10.1177/1740774507081223.

    Examples
    --------
    >>> import evisynth as es
    >>> fit = es.pool(es.effects(es.datasets.load("bcg"), "RR"), tau2="DL", ci="z")
    >>> found = es.sequential(fit, order="year", effect=0.7)
    >>> found.conclusion, found.added[0]
    ('negative', 'Aronson 1948')
    """
    fit = as_fit(fit)
    needs_common_options(fit.options, "trial sequential analysis")
    kind = find_word("spending", spending, SPENDING, SPENDING_SYNONYMS)
    wedge = (
        None
        if beta_spending is None
        else find_word("beta_spending", beta_spending, SPENDING, SPENDING_SYNONYMS)
    )
    unit: Literal["information", "participants"] = find_word("scale", scale, SCALES, SCALE_SYNONYMS)
    how = find_word("adjust", adjust, ADJUSTMENTS, {"d2": "diversity", "": "none"})
    alpha, beta = check_share("alpha", alpha), check_share("beta", beta)
    futility = check_flag("futility", futility)
    penalty = check_number("penalty", penalty, above=0, words=["a number above 0, e.g. 2"])
    parameter = check_number("parameter", parameter)
    if sd is not None:
        sd = check_number("sd", sd, above=0, words=["a standard deviation above 0"])
    if risk is not None:
        risk = check_share("risk", risk)
    steps = cumulative(fit, order)
    sequence = _places(fit, steps.added)
    y, v = _rows(fit)
    y, v = y[sequence], v[sequence]
    k = len(y)
    looks = pool_batch(
        np.broadcast_to(y, (k, k)),
        np.broadcast_to(v, (k, k)),
        np.tri(k, dtype=np.bool_),
        model=fit.options.model,
        tau2=fit.options.tau2,
        ci="z",
    )
    null = fit.effects.scale.null
    z = (looks.estimate - null) / looks.wald_se
    size = _required(fit, unit, how, effect, alpha, beta, heterogeneity, risk, sd, required)
    information = np.cumsum(1 / v)
    if unit == "participants":
        people = participants_of(fit)[sequence]
        if not np.isfinite(people).all():
            raise NotEstimableError(
                "trial sequential analysis by participants: some studies have no size (columns n1 "
                "and n2, or n); use scale='information'"
            )
        information = np.cumsum(people)
    bounds = sequential_bounds(
        information / (size.plain * size.factor),
        alpha=alpha,
        beta=beta if futility else None,
        spending=kind,
        beta_spending=wedge,
        parameter=parameter,
    )
    inflation = bounds.inflation
    whole = size.plain * size.factor * inflation
    efficacy, inner, used = (np.full(k, np.nan) for _ in range(3))
    number = len(bounds.efficacy)
    efficacy[:number], inner[:number] = bounds.efficacy, bounds.futility
    used[:number] = bounds.alpha_spent
    used[number:] = alpha
    with np.errstate(invalid="ignore", divide="ignore"):
        twice = np.log(np.log(np.cumsum(1 / v)))
        penalized = np.where(
            twice > 0, z / np.sqrt(penalty * np.where(twice > 0, twice, 1)), np.nan
        )
    conclusion, crossed = _conclusion(z[:number], efficacy[:number], inner[:number],
                                      information[-1] >= whole * (1 - 1e-12))  # fmt: skip
    half = _last_bound(efficacy[:number], number == k, alpha) * looks.wald_se[-1]
    return SequentialAnalysis(
        fit=fit,
        order=steps.order,
        added=steps.added,
        estimates=looks.estimate,
        se=looks.wald_se,
        z=z,
        information=information,
        fractions=information / whole,
        efficacy=efficacy,
        futility=inner,
        penalized=penalized,
        alpha_spent=used,
        scale=unit,
        required=whole,
        unadjusted=size.plain,
        heterogeneity_factor=size.factor,
        inflation=inflation,
        effect=size.effect,
        alpha=alpha,
        beta=beta,
        spending=kind,
        adjusted_lower=float(looks.estimate[-1] - half),
        adjusted_upper=float(looks.estimate[-1] + half),
        conclusion=conclusion,
        crossed_at=crossed,
        notes=(*steps.notes, *size.notes, *_late(number, k)),
    )


class _Size(NamedTuple):
    """Required information before adjustments, the factor, the effect sought, what to say."""

    plain: float
    factor: float
    effect: float
    notes: tuple[str, ...]


def _rows(fit: PooledFit) -> tuple[Floats, Floats]:
    here = fit.effects.estimable
    return fit.effects.estimates[here], fit.effects.variances[here]


def _places(fit: PooledFit, added: tuple[str, ...]) -> NDArray[np.int64]:
    """Return where each study added stands among the rows pooled."""
    names = [fit.effects.labels[row] for row in np.flatnonzero(fit.effects.estimable)]
    place = {name: number for number, name in enumerate(names)}
    return np.array([place[name] for name in added], dtype=np.int64)


def _late(number: int, k: int) -> tuple[str, ...]:
    if number == k:
        return ()
    return (
        f"The required information size is reached at look {number}; later looks have no boundary, "
        "and the interval is that of one look.",
    )


def _required(
    fit: PooledFit,
    unit: Literal["information", "participants"],
    how: str,
    effect: float | None,
    alpha: float,
    beta: float,
    heterogeneity: float | None,
    risk: float | None,
    sd: float | None,
    required: float | None,
) -> _Size:
    """Return the required information size and what it rests on."""
    scale = fit.effects.scale
    notes: tuple[str, ...] = ()
    if effect is None:
        sought = fit.estimate
        notes = ("The effect sought is the pooled effect itself: a description, not a plan.",)
    elif scale.is_ratio:
        sought = math.log(check_number("effect", effect, above=0, words=["a ratio above 0"]))
    else:
        sought = check_number("effect", effect)
    if required is not None:
        return _Size(check_number("required", required, above=0), 1.0, sought, ())
    distance = sought - scale.null
    if not math.isfinite(distance) or distance == 0:
        raise NotEstimableError(
            "trial sequential analysis: the effect sought is no effect; give effect="
        )
    share = _share(fit, how, heterogeneity)
    factor = 1 / (1 - share / 100)
    if unit == "information":
        z = normal_quantile(1 - alpha) + math.copysign(
            normal_quantile(abs(1 - 2 * beta)), 0.5 - beta
        )
        return _Size((z / distance) ** 2, factor, sought, notes)
    natural = scale.shown(sought)
    measure = fit.effects.measure
    size = information_size(
        measure,
        natural,
        sd=_sd(fit) if sd is None and measure == "MD" else 1.0 if sd is None else sd,
        risk=_control_risk(fit) if risk is None else risk,
        alpha=alpha,
        beta=beta,
        adjust="none",
    )
    return _Size(size.unadjusted, factor, sought, notes)


def _share(fit: PooledFit, how: str, heterogeneity: float | None) -> float:
    """Return the percentage that the required size is adjusted for."""
    if heterogeneity is not None:
        return check_number(
            "heterogeneity", heterogeneity, least=0, below=100,
            words=["a percentage from 0 to below 100"],
        )  # fmt: skip
    if how == "none" or fit.options.model == "equal":
        return 0.0
    if how == "i2":
        return 100 * max(0.0, (fit.q - fit.q_df) / fit.q) if fit.q > 0 else 0.0
    found = diversity(fit)
    return 0.0 if math.isnan(found) else found


def _numbers(fit: PooledFit, role: str) -> Floats | None:
    import pandas as pd

    name = fit.effects.columns.get(role, role)
    if name not in fit.effects.data.columns:
        return None
    column = pd.to_numeric(fit.effects.data[name], errors="coerce").to_numpy(dtype=np.float64)
    return np.asarray(column[fit.effects.estimable])


def _control_risk(fit: PooledFit) -> float | None:
    """Return the risk in all control arms together, or None where there are no counts."""
    events, others, size = (_numbers(fit, name) for name in ("events2", "nonevents2", "n2"))
    if events is None or (others is None and size is None):
        return None
    total = size if size is not None else events + (0.0 if others is None else others)
    return float(np.nansum(events) / np.nansum(total))


def _sd(fit: PooledFit) -> float:
    """Return the pooled standard deviation of all arms."""
    squares, freedom = 0.0, 0.0
    for arm in "12":
        sd, size = _numbers(fit, f"sd{arm}"), _numbers(fit, f"n{arm}")
        if sd is None or size is None:
            raise OptionError(
                "sd", None, ["the standard deviation of the outcome"],
                hint="The data have no columns sd1, n1, sd2, n2 to take it from.",
            )  # fmt: skip
        good = np.isfinite(sd) & np.isfinite(size) & (size > 1)
        squares += float(((size - 1) * sd**2)[good].sum())
        freedom += float((size - 1)[good].sum())
    return math.sqrt(squares / freedom)


def _conclusion(
    z: Floats, efficacy: Floats, futility: Floats, full: bool
) -> tuple[Literal["positive", "negative", "futile", "open", "full"], int]:
    """Return which boundary was crossed first, and when."""
    for look, (value, bound, inner) in enumerate(zip(z, efficacy, futility, strict=True), 1):
        if value >= bound:
            return "positive", look
        if value <= -bound:
            return "negative", look
        if abs(value) < inner:
            return "futile", look
    return ("full" if full else "open"), 0


def _last_bound(efficacy: Floats, current: bool, alpha: float) -> float:
    """Return the quantile of the adjusted interval of the last look."""
    return float(efficacy[-1]) if current else normal_quantile(1 - alpha)
