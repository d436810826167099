"""Power of the tests of a meta-analysis, planned or updated, and the studies it needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import (
    check_count,
    check_flag,
    check_number,
    check_share,
    conditional_power_of,
    heterogeneity_power,
    is_number,
    mean_power,
    noncentral_power,
    normal_quantile,
)
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.power_results import ConditionalPower, PowerResult, RequiredStudies
from evisynth.synthesis.power_variance import planned_variance

__all__ = ["conditional_power", "planned_variance", "power", "required_studies"]

Floats = NDArray[np.float64]
Test = Literal["effect", "heterogeneity", "subgroups", "moderator"]
TESTS: tuple[Test, ...] = get_args(Test)
TEST_SYNONYMS = {
    "main": "effect", "mean": "effect", "pooled effect": "effect", "q": "heterogeneity",
    "subgroup": "subgroups", "categorical": "subgroups", "regression": "moderator",
    "continuous": "moderator", "slope": "moderator",
}  # fmt: skip
CI_SYNONYMS = {"hk": "HKSJ", "knha": "HKSJ", "hartung-knapp": "HKSJ", "wald": "z", "normal": "z"}
MOST = 10_000
DESIGN = (
    "effect", "variance", "n1", "n2", "measure", "sd", "risk", "tau2", "i2", "model", "ci",
    "estimated", "moderator", "alpha", "sides",
)  # fmt: skip
LARGEST = 100_000
"""Number of studies beyond which nothing is planned."""


def power(
    test: str = "effect",
    *,
    effect: float | Sequence[float] = 0.0,
    k: int | Sequence[int] = 10,
    variance: float | Sequence[float] | None = None,
    n1: float | None = None,
    n2: float | None = None,
    measure: str = "SMD",
    sd: float = 1.0,
    risk: float | None = None,
    tau2: float | None = None,
    i2: float | None = None,
    model: str = "random",
    ci: str = "z",
    estimated: bool = False,
    moderator: float | Sequence[float] = 1.0,
    alpha: float = 0.05,
    sides: int = 2,
) -> PowerResult:
    """Compute the power of a test of a meta-analysis that is planned.

    Parameters
    ----------
    test
        ``"effect"`` (the pooled effect), ``"heterogeneity"`` (Cochran's Q), ``"subgroups"`` (Q
        between subgroups) or ``"moderator"`` (a slope).
    effect
        True effect on the pooled scale (log for ratios); for ``"subgroups"`` one a subgroup; for
        ``"moderator"`` the slope.
    k
        Number of studies; for ``"subgroups"`` one a subgroup, or one number for each.
    variance
        Sampling variance of a study, or one a study (K values). Without it `n1`, `n2`, `measure`
        (and `sd` or `risk`) give it, see `planned_variance`.
    n1, n2, measure, sd, risk
        Design of a typical study.
    tau2, i2
        True between-study variance, or the I² in percent that it amounts to. Without both, 0.
    model
        ``"random"`` or ``"equal"``: in the latter studies are weighted as if tau² were 0.
    ci
        ``"z"`` (Wald) or ``"HKSJ"`` (Hartung-Knapp: t, exact for equal variances).
    estimated
        Wald test of the effect: count that tau² is estimated (DerSimonian-Laird; Jackson and Turner
        2017), not known.
    moderator
        For ``"moderator"``: standard deviation of the moderator over the studies, or its K values.
    alpha, sides
        Level; one-sided tests look in the direction of the effect.

    Returns
    -------
    PowerResult
        Power between 0 and 1.

    Raises
    ------
    OptionError
        If a word or number is not possible.

    References
    ----------
    Hedges and Pigott 2001, doi:10.1037/1082-989X.6.3.203; 2004, doi:10.1037/1082-989X.9.4.426;
    Jackson and Turner 2017, doi:10.1002/jrsm.1240.

    Examples
    --------
    >>> import evisynth as es
    >>> round(es.power(effect=0.2, k=10, n1=25, n2=25).power, 4)
    0.6066
    >>> round(es.power(effect=0.2, k=10, n1=25, n2=25, tau2=0.0804 * 0.67).power, 4)
    0.4076
    >>> round(es.power("heterogeneity", k=10, variance=0.1, i2=50).power, 3)
    0.489
    """
    name = find_word("test", test, TESTS, TEST_SYNONYMS)
    kind = find_word("model", model, ("random", "equal"), {"fixed": "equal", "common": "equal"})
    interval = find_word("ci", ci, ("z", "HKSJ"), CI_SYNONYMS)
    alpha = check_share("alpha", alpha)
    sides = _sides(sides)
    estimated = check_flag("estimated", estimated)
    effects = _numbers("effect", effect)
    counts = _counts(name, effect, effects, k)
    total = int(sum(counts))
    slopes = _numbers("moderator", moderator)
    v = _variances(variance, total, effects, measure, n1, n2, sd, risk)
    typical = float(len(v) / np.sum(1 / v))
    between = _between(tau2, i2, typical)
    share = 100 * between / (between + typical)
    added = between if kind == "random" else 0.0
    reason, words = "", "Wald test"
    shift, size = float("nan"), float("nan")
    if name == "heterogeneity":
        found = heterogeneity_power(v, between, alpha)
        words = "chi² test"
        if total < 2:
            reason = "heterogeneity needs at least two studies"
    elif name == "effect":
        size = float(effects[0])
        found, words, shift = _effect_power(
            size, v, between, kind, interval, estimated, alpha, sides
        )
        if math.isnan(found):
            reason = "the Hartung-Knapp test needs at least two studies"
    elif name == "subgroups":
        size, shift = _between_groups(effects, counts, v + added)
        found, words = noncentral_power(shift, len(counts) - 1, alpha), "chi² test"
    else:
        size = float(effects[0])
        shift = _slope(size, v + added, moderator, slopes)
        found = mean_power(shift, [1.0], 0.0, alpha=alpha, sides=sides)
    notes: tuple[str, ...] = ()
    if kind == "equal" and between > 0 and name != "heterogeneity":
        notes = ("Studies are weighted and tested as if tau² were 0, though it is not: the test "
                 "rejects too often.",)  # fmt: skip
    return PowerResult(
        name, found, total, size, typical, between, share, kind, words, alpha, sides, shift,
        reason, notes,
    )  # fmt: skip


def _sides(sides: object) -> Literal[1, 2]:
    if is_number(sides) and sides in (1, 2):
        return 1 if sides == 1 else 2
    raise OptionError("sides", sides, [1, 2])


def _numbers(option: str, value: Any) -> Floats:
    """Return one finite number or several of them, shape (N,); words are none."""
    try:
        found = np.asarray(value).ravel()
    except ValueError:  # lists of lists that differ in length
        found = np.array([], dtype=object)
    if found.dtype == object and all(is_number(one) for one in found):
        found = found.astype(np.float64)
    if found.size == 0 or found.dtype.kind not in "iuf" or not np.isfinite(found).all():
        raise OptionError(option, value, ["a finite number", "several of them"])
    return np.asarray(found, dtype=np.float64)


def _counts(name: str, effect: Any, effects: Floats, k: Any) -> tuple[int, ...]:
    """Return the number of studies, by subgroup."""
    groups = 1
    if name == "subgroups":
        groups = effects.size
        if groups < 2:
            raise OptionError("effect", effect, ["one effect a subgroup, at least two"])
    elif effects.size != 1:
        raise OptionError("effect", effect, ["one number"])
    several = isinstance(k, (Sequence, np.ndarray)) and not isinstance(k, str) and np.ndim(k) > 0
    given = list(k) if several else [k] * groups
    if len(given) != groups:
        raise OptionError("k", k, [f"{groups} numbers of studies, one a subgroup"])
    return tuple(check_count("k", number, most=LARGEST) for number in given)


def _variances(
    variance: Any,
    total: int,
    effects: Floats,
    measure: str,
    n1: Any,
    n2: Any,
    sd: float,
    risk: Any,
) -> Floats:
    if variance is None:
        if n1 is None:
            raise OptionError(
                "variance", None, ["the sampling variance of a study"],
                hint="Or give n1 and n2, the sizes of its arms.",
            )  # fmt: skip
        one = float(effects.mean())
        variance = planned_variance(measure, n1, n2, effect=one, sd=sd, risk=risk)
    v = _numbers("variance", variance)
    if v.size == 1:
        v = np.full(total, float(v[0]))
    if v.size != total or not (v > 0).all():
        raise OptionError("variance", variance, [f"a number above 0, or {total} of them"])
    return v


def _between(tau2: float | None, i2: float | None, typical: float) -> float:
    if tau2 is not None:
        if i2 is not None:
            raise OptionError("i2", i2, ["left out"], hint="tau2 is given.")
        return check_number("tau2", tau2, least=0)
    if i2 is None:
        return 0.0
    share = check_number("i2", i2, least=0, below=100, words=["a percentage from 0 to below 100"])
    return typical * share / (100 - share)


def _effect_power(
    effect: float,
    v: Floats,
    between: float,
    kind: str,
    interval: str,
    estimated: bool,
    alpha: float,
    sides: Literal[1, 2],
) -> tuple[float, str, float]:
    """Return power, words and the effect over its standard error."""
    if kind == "equal":
        # weights without tau², true variance with it
        w = 1 / v
        true = math.sqrt(float(w**2 @ (v + between))) / float(w.sum())
        stretch = true * math.sqrt(float(w.sum()))
        shift = effect / true
        critical = normal_quantile(1 - (alpha if sides == 2 else 2 * alpha)) / stretch
        from scipy import special

        upper = float(special.ndtr(abs(shift) - critical))
        lower = float(special.ndtr(-abs(shift) - critical)) if sides == 2 else 0.0
        return upper + lower, "Wald test, equal effects", shift
    shift = effect * math.sqrt(float(np.sum(1 / (v + between))))
    if interval == "HKSJ":
        found = mean_power(effect, v, between, alpha=alpha, sides=sides, distribution="t")
        return found, "Hartung-Knapp test", shift
    if estimated and np.ptp(v) > 1e-12 * v.max():
        raise OptionError(
            "estimated", estimated, [False],
            hint="It is worked out for studies of one sampling variance.",
        )  # fmt: skip
    found = mean_power(effect, v, between, alpha=alpha, sides=sides, estimated=estimated)
    return found, "Wald test, tau² estimated" if estimated else "Wald test", shift


def _between_groups(effects: Floats, counts: tuple[int, ...], total: Floats) -> tuple[float, float]:
    """Return the largest difference and the noncentrality of Q between."""
    ends = np.cumsum(counts)
    w = np.array([np.sum(1 / total[end - n : end]) for end, n in zip(ends, counts, strict=True)])
    mean = float(w @ effects / w.sum())
    return float(np.ptp(effects)), float(w @ (effects - mean) ** 2)


def _slope(slope: float, total: Floats, moderator: Any, x: Floats) -> float:
    """Return the slope over its standard error."""
    w = 1 / total
    if x.size == 1:
        if not x[0] > 0:
            raise OptionError("moderator", moderator, ["a standard deviation above 0"])
        return slope * math.sqrt(float(w.sum())) * float(x[0])
    if x.size != total.size:
        raise OptionError("moderator", moderator, [f"{total.size} values, one a study"])
    centre = float(w @ x / w.sum())
    spread = float(w @ (x - centre) ** 2)
    if not spread > 0:
        raise OptionError("moderator", moderator, ["values that differ"])
    return slope * math.sqrt(spread)


def required_studies(
    test: str = "effect", *, target: float = 0.8, most: int = MOST, **design: Any
) -> RequiredStudies:
    """Find the number of studies at which a test reaches a power.

    Parameters
    ----------
    test, design
        As in `power`, but for `k`; with ``"subgroups"`` the number is that of each subgroup, and
        variances are given as one number.
    target
        Power wanted.
    most
        Number of studies beyond which the search ends.

    Returns
    -------
    RequiredStudies
        With the power curve from 2 studies to the number found; ``k`` is None, with a reason, where
        `most` studies do not suffice.

    Examples
    --------
    >>> import evisynth as es
    >>> es.required_studies(effect=0.2, n1=25, n2=25, i2=50).k
    32
    """
    target = check_share("target", target)
    most = check_count("most", most, least=2, most=LARGEST)
    if "k" in design:
        raise OptionError("k", design["k"], ["left out"], hint="It is what is sought.")
    unknown = [name for name in design if name not in DESIGN]
    if unknown:
        raise OptionError("design", unknown[0], DESIGN, hint="The same words as in `power`.")
    if "variance" in design and np.size(design["variance"]) > 1:
        raise OptionError("variance", design["variance"], ["one number"])

    def at(k: int) -> PowerResult:
        return power(test, k=k, **design)

    low, high = 1, 2
    found = at(high)
    while found.power < target and high < most:
        low, high = high, min(2 * high, most)
        found = at(high)
    reason = ""
    if found.power < target:
        reason = f"{most} studies have a power of {found.power:.3f} only"
        return RequiredStudies(
            None, target, found.power, _curve(at, most), found, most, reason, found.notes
        )
    while high - low > 1:
        middle = (low + high) // 2
        if at(middle).power >= target:
            high = middle
        else:
            low = middle
    found = at(high)
    return RequiredStudies(
        high, target, found.power, _curve(at, high), found, most, "", found.notes
    )


def _curve(at: Any, last: int) -> tuple[tuple[int, float], ...]:
    """Return up to about 60 points of the power curve."""
    points = np.unique(np.linspace(2, last, min(60, max(1, last - 1))).round().astype(int))
    return tuple((int(k), float(at(int(k)).power)) for k in points)


def conditional_power(
    fit: Given,
    *,
    variance: float | None = None,
    studies: int = 1,
    effect: float | None = None,
    n1: float | None = None,
    n2: float | None = None,
    measure: str | None = None,
    sd: float = 1.0,
    risk: float | None = None,
    tau2: float | None = None,
) -> ConditionalPower:
    """Compute the chance that new studies make the pooled effect of a fit significant.

    Parameters
    ----------
    fit
        The meta-analysis so far.
    variance
        Sampling variance of each new study; or `n1`, `n2` and, for the fit's measure, `sd` or
        `risk`, see `planned_variance`.
    studies
        Number of new studies.
    effect
        True mean effect assumed, pooled scale; the pooled effect of the fit unless given.
    n1, n2, measure, sd, risk
        Design of a new study; the measure is that of the fit unless given.
    tau2
        Between-study variance to use; that of the fit unless given (0 in the equal-effects model).

    Returns
    -------
    ConditionalPower
        With the predictive version, in which the mean effect is as uncertain as it is.

    Raises
    ------
    OptionError
        If a number is not possible.
    NotEstimableError
        If the fit has no tau² (one study) and none is given.

    Notes
    -----
    The test is the Wald test of the updated analysis with tau² held; a single new study brings
    information about the mean of 1 / (variance + tau²) only, so that however large it is it may not
    reach significance where there is heterogeneity: several smaller studies do more.

    References
    ----------
    Roloff et al. 2013, doi:10.1002/sim.5524; Sutton et al. 2007, doi:10.1002/sim.2704.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame({"yi": [0.1, 0.3, 0.2], "vi": [0.02, 0.03, 0.05]})
    >>> found = es.conditional_power(es.pool(table), variance=0.02)
    >>> round(found.power, 3)
    0.711
    """
    fit = as_fit(fit)
    studies = check_count("studies", studies, most=LARGEST)
    null = fit.effects.scale.null
    assumed = fit.estimate if effect is None else check_number("effect", effect)
    sd = check_number("sd", sd, above=0, words=["a standard deviation above 0"])
    if variance is not None:
        beside = {"n1": n1, "n2": n2, "measure": measure, "risk": risk}
        for option, value in beside.items():
            if value is not None:
                raise OptionError(option, value, ["left out"], hint="variance is given.")
    else:
        if n1 is None:
            raise OptionError(
                "variance", None, ["the sampling variance of a new study"],
                hint="Or give n1 and n2, the sizes of its arms.",
            )  # fmt: skip
        variance = planned_variance(
            fit.effects.measure if measure is None else measure,
            n1, n2, effect=assumed - null, sd=sd, risk=risk,
        )  # fmt: skip
    variance = check_number("variance", variance, above=0)
    between = fit.tau2 if tau2 is None else check_number("tau2", tau2, least=0)
    if fit.options.model == "equal" and tau2 is None:
        between = 0.0
    if math.isnan(between):
        raise NotEstimableError(
            "conditional power: tau² is not known from one study; give it as tau2="
        )
    v = fit.effects.variances[fit.effects.estimable]
    y = fit.effects.estimates[fit.effects.estimable]
    w = 1 / (v + between)
    information = float(w.sum())
    estimate = float(w @ y) / information
    added = studies / (variance + between)
    alpha = 1 - fit.options.level
    critical = normal_quantile(fit.options.level)
    sign = -1.0 if assumed < null else 1.0
    parts = [
        conditional_power_of(
            sign * (estimate - null), information, added, sign * (assumed - null),
            critical=critical, predictive=predictive,
        )
        for predictive in (False, True)
    ]  # fmt: skip
    return ConditionalPower(
        power=parts[0][0],
        power_other=parts[0][1],
        predictive=parts[1][0],
        predictive_other=parts[1][1],
        effect=assumed,
        studies=studies,
        variance=variance,
        tau2=between,
        estimate=estimate,
        se=1 / math.sqrt(information),
        se_after=1 / math.sqrt(information + added),
        alpha=alpha,
        notes=("The Wald test of the updated analysis is meant, with tau² held.",),
    )
