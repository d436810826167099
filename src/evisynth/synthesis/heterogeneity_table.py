"""Heterogeneity of a fit in every published form, with the intervals that one asks for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from evisynth.display import format_number, format_p, format_percent, format_statistic
from evisynth.errors import OptionError
from evisynth.stats import (
    IntervalKind,
    absolute_heterogeneity,
    check_count,
    check_level,
    chi2_tail,
    estimate_tau2,
    log_likelihood,
    normal_quantile,
    tau2_interval,
)
from evisynth.synthesis.fitted import FittedModel, Modelled, as_model
from evisynth.synthesis.further import read_weights
from evisynth.synthesis.options import SYNONYMS, find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.regression_results import MetaRegression
from evisynth.synthesis.result import Result
from evisynth.synthesis.words import TAU2_CI_WORDS, tau2_words

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["Heterogeneity", "HeterogeneityMeasure", "heterogeneity"]

NAN = float("nan")
SOURCES = {
    "from tau²": "Higgins and Thompson 2002, doi:10.1002/sim.1186",
    "from Q": "Higgins and Thompson 2002, doi:10.1002/sim.1186",
    "R": "Jackson, White and Riley 2012, doi:10.1002/sim.5453",
    "R_b": "Crippa et al. 2016, doi:10.1002/sim.6980",
    "Birge": "Birge 1932, doi:10.1103/PhysRev.40.207",
    "R_I": "Takkouche et al. 2013, doi:10.1093/aje/kwt060",
    "robust": "Lin, Chu and Hodges 2017, doi:10.1111/biom.12543",
    "CV_B": "Takkouche, Cadarso-Suárez and Spiegelman 1999, doi:10.1093/aje/150.2.206",
}
"""Where the forms come from."""

PERCENT = ("I²", "R_b", "R_I", "I²_r", "I²_m")
"""Measures in percent."""

EQUAL_EFFECTS = "the equal-effects model has no between-study variance"


@dataclass(frozen=True, slots=True)
class HeterogeneityMeasure:
    """One form of heterogeneity with its interval.

    Attributes
    ----------
    measure : str
        ``"tau²"``, ``"tau"``, ``"I²"`` (percent), ``"H²"``, ``"R_b"``, ``"R_I"`` (percent),
        ``"Birge ratio"``, ``"CV_B"``, or Lin's ``"I²_r"``, ``"I²_m"`` (percent), ``"H_r"``,
        ``"H_m"``.
    definition : str
        How it is formed.
    estimate, lower, upper : float
        Value and limits; NaN where there are none.
    interval : str
        Kind of the interval, or ``""``.
    reason : str
        Why something is NaN, or ``""``.
    """

    measure: str
    definition: str
    estimate: float
    lower: float = NAN
    upper: float = NAN
    interval: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Heterogeneity(Result):
    """Heterogeneity of a fit (residual heterogeneity of a meta-regression).

    Attributes
    ----------
    fit : PooledFit or MetaRegression
        The fit.
    level : float
        Level of the intervals.
    measures : tuple of HeterogeneityMeasure
        The forms, tau² first.
    q, q_df, q_p : float
        Cochran's Q (residual Q), the test that tau² is 0.
    likelihood_ratio, likelihood_ratio_p : float
        Likelihood ratio test that tau² is 0, by the likelihood of the fit (restricted unless ML);
        its P value is by the mixture of chi² with 0 and 1 degrees of freedom (Self and Liang 1987).
    typical_variance : float
        Sampling variance that I² compares tau² with.
    notes : tuple of str
        What a reader must know.
    """

    fit: PooledFit | MetaRegression
    level: float
    measures: tuple[HeterogeneityMeasure, ...]
    q: float
    q_df: int
    q_p: float
    likelihood_ratio: float
    likelihood_ratio_p: float
    typical_variance: float
    notes: tuple[str, ...] = ()

    def get(self, measure: str, interval: str = "QP") -> HeterogeneityMeasure:
        """Return one measure, e.g. ``get("tau²", "PL")``.

        Raises
        ------
        OptionError
            If there is none of that name with that interval.
        """
        for one in self.measures:
            if one.measure == measure and one.interval == interval:
                return one
        there = [f"{one.measure} {one.interval}".strip() for one in self.measures]
        raise OptionError("measure", f"{measure} {interval}".strip(), there)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a measure and interval; I², R_b and R_I in percent."""
        import pandas as pd

        names = ("measure", "definition", "estimate", "lower", "upper", "interval", "reason")
        rows = [{name: getattr(one, name) for name in names} for one in self.measures]
        return pd.DataFrame(rows, columns=list(names))

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        kinds = dict.fromkeys(one.interval for one in self.measures if one.measure == "tau²")
        intervals = "; ".join(
            f"{TAU2_CI_WORDS[kind][0]} ({TAU2_CI_WORDS[kind][1]})" for kind in kinds if kind
        )
        level = format_percent(100 * self.level, 0)
        return (
            "The between-study variance tau² was estimated by "
            f"{tau2_words(self.fit.options, reference=True)}; its {level} limits, carried over to "
            f"tau, I² and H², are {intervals or 'not defined'}. I² and H² are formed from tau² and "
            f"the typical sampling variance and from Q ({SOURCES['from Q']}, whose test-based "
            f"limits belong to the latter), I² also as the share by which tau² widens the variance "
            f"of the pooled effect ({SOURCES['R']}); R_b is the mean of tau² / (tau² + variance) "
            f"({SOURCES['R_b']}), R_I tau² / (tau² + harmonic mean of the variances) "
            f"({SOURCES['R_I']}), the Birge ratio √(Q / df) ({SOURCES['Birge']}), CV_B tau over "
            f"the size of the pooled effect ({SOURCES['CV_B']})."
            + (
                " I²_r, H_r and I²_m, H_m, which outlying studies sway less, are formed from "
                "absolute deviations from the weighted mean and from the weighted median "
                f"({SOURCES['robust']})."
                if any(one.measure == "I²_r" for one in self.measures)
                else ""
            )
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        kind = "Residual heterogeneity" if isinstance(self.fit, MetaRegression) else "Heterogeneity"
        return f"{kind}, k = {self.fit.k}, tau² by {tau2_words(self.fit.options)}"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows."""
        level = format_percent(100 * self.level, 0)
        rows = [["Measure", "Definition", "Estimate", f"{level} limits", "Interval"]]
        for one in self.measures:
            percent = one.measure in PERCENT
            low, high = (_shown(value, percent) for value in (one.lower, one.upper))
            limits = one.reason if math.isnan(one.upper) else f"{low} to {high}"
            shown = _shown(one.estimate, percent)
            rows.append([one.measure, one.definition, shown, limits, one.interval])
        return rows

    def summary_facts(self) -> tuple[str, ...]:
        """Return the tests that tau² is 0."""
        facts = [
            f"Q = {format_statistic(self.q)}, df = {self.q_df}, {format_p(self.q_p, symbol=True)}."
        ]
        if not math.isnan(self.likelihood_ratio):
            ratio = format_statistic(self.likelihood_ratio)
            tail = format_p(self.likelihood_ratio_p, symbol=True)
            facts.append(f"Likelihood ratio test of tau² = 0: {ratio}, {tail}.")
        return tuple(facts)


def _shown(value: float, percent: bool) -> str:
    return format_percent(value, 1) if percent else format_number(value, 3)


def heterogeneity(
    fit: Modelled,
    intervals: str | Sequence[str] = ("QP",),
    *,
    level: float | None = None,
    weights: ArrayLike | str | None = None,
    draws: int = 2000,
    seed: int = 1,
) -> Heterogeneity:
    """Return the heterogeneity of a fit in its published forms.

    Parameters
    ----------
    fit
        A pooled effect or a meta-regression (then it is the residual heterogeneity), or what `pool`
        takes.
    intervals
        Intervals of tau², one or several: ``"QP"`` (Q-profile), ``"J"`` (generalized Q with weights
        1/SE), ``"BJ"`` (with 1/variance), ``"GENQ"`` (with ``weights``), ``"BT"`` (gamma
        approximation), ``"PL"`` (profile likelihood: of ML if the fit is by ML, else restricted),
        ``"Wald"``, ``"SJ"``, ``"bootstrap"``, ``"bootstrap nonparametric"``; or ``"all"`` but GENQ.
        The limits are carried over to tau, I² and H².
    level
        Confidence level, by default that of the fit.
    weights
        For ``"GENQ"``: numbers, one a row, a column's name, ``"1/se"``, ``"1/v"`` or ``"equal"``.
    draws, seed
        For the bootstrap.

    Returns
    -------
    Heterogeneity
        Prints as a table; `Heterogeneity.get` gives one measure.

    Raises
    ------
    OptionError
        If an interval is not known, or GENQ is asked for without weights.

    Examples
    --------
    >>> from evisynth.datasets import load
    >>> import evisynth as es
    >>> found = heterogeneity(es.effects(load("bcg"), "RR"), ["QP", "PL"])
    >>> round(found.get("tau²", "PL").upper, 3), round(found.get("I²", "QP").lower, 1)
    (0.965, 81.9)
    """
    level = None if level is None else check_level(level)
    draws = check_count("draws", draws)
    seed = check_count("seed", seed, least=0)
    model = as_model(fit)
    kinds = _kinds(intervals)
    alpha = model.options.level if level is None else level
    if isinstance(alpha, bool) or not 0 < alpha < 1:
        raise OptionError("level", level, ["a number between 0 and 1, e.g. 0.95"])
    own = read_weights(weights, model.fit.effects, "weights")
    if own is not None and len(own) != len(model.y):
        here = model.fit.effects.estimable
        chosen = np.isin(np.array(model.fit.effects.labels)[here], model.labels)
        own = own[chosen]
    if "GENQ" in kinds and own is None:
        raise OptionError(
            "weights",
            weights,
            ["1/se", "1/v", "equal", "a column's name", "numbers"],
            hint="The interval GENQ needs weights; J has 1/SE and BJ 1/variance.",
        )
    typical = _typical_variance(model)
    rows = _from_tau2(model, kinds, alpha, own, typical, draws, seed)
    rows += [*_from_q(model, alpha), *_others(model, rows)]
    ratio, ratio_p = _likelihood_ratio(model)
    notes = ("tau² of the fit was given, not estimated.",) if model.estimator == "given" else ()
    return Heterogeneity(
        fit=model.fit,
        level=alpha,
        measures=tuple(rows),
        q=model.q,
        q_df=model.q_df,
        q_p=float(chi2_tail(model.q, model.q_df)),
        likelihood_ratio=ratio,
        likelihood_ratio_p=ratio_p,
        typical_variance=typical,
        notes=notes,
    )


def _kinds(intervals: str | Sequence[str]) -> list[IntervalKind]:
    """Return the kinds asked for."""
    if intervals == "all":
        return [kind for kind in get_args(IntervalKind) if kind != "GENQ"]
    if not isinstance(intervals, (str, Sequence)) or len(intervals) == 0:
        raise OptionError("intervals", intervals, ["all", *get_args(IntervalKind)])
    words = [intervals] if isinstance(intervals, str) else list(intervals)
    allowed: tuple[IntervalKind, ...] = get_args(IntervalKind)
    return [find_word("intervals", word, allowed, SYNONYMS["tau2_ci"]) for word in words]


def _typical_variance(model: FittedModel) -> float:
    """Return the typical sampling variance of Higgins and Thompson: df over the trace of P."""
    if model.q_df < 1:
        return NAN
    w = 1 / model.v
    q, _ = np.linalg.qr(np.sqrt(w)[:, None] * model.x)
    return float(model.q_df / (w * (1 - (q * q).sum(axis=1))).sum())


def _from_tau2(
    model: FittedModel,
    kinds: list[IntervalKind],
    level: float,
    own: Floats | None,
    typical: float,
    draws: int,
    seed: int,
) -> list[HeterogeneityMeasure]:
    """Return tau², tau, I² and H² with each interval."""
    rows = []
    for kind in kinds:
        if not model.random:
            rows.append(HeterogeneityMeasure("tau²", "", NAN, interval=kind, reason=EQUAL_EFFECTS))
            continue
        if kind == "bootstrap nonparametric" and model.design is not None:
            reason = "the nonparametric bootstrap is for models without moderators"
            rows.append(
                HeterogeneityMeasure(
                    "tau²", "between-study variance", model.tau2, interval=kind, reason=reason
                )
            )
            continue
        method = model.estimator
        weights = own if own is not None else model.weights
        by_method = kind in ("Wald", "bootstrap", "bootstrap nonparametric")
        if by_method and (method == "given" or (method.startswith("GENQ") and weights is None)):
            low, high, reason = NAN, NAN, f"the {kind} interval needs the estimator of the fit"
        else:
            low, high, reason = tau2_interval(
                model.y,
                model.v,
                kind,
                level=level,
                method=method,
                design=model.design,
                weights=weights,
                draws=draws,
                seed=seed,
            )
        t = np.array([model.tau2, low, high])
        forms = (
            ("tau²", "between-study variance", t),
            ("tau", "between-study standard deviation", np.sqrt(t)),
            ("I²", "from tau²", 100 * t / (t + typical)),
            ("H²", "from tau²", 1 + t / typical),
        )
        for name, words, values in forms:
            value, lower, upper = (float(x) for x in values)
            rows.append(HeterogeneityMeasure(name, words, value, lower, upper, kind, reason))
    return rows


def _from_q(model: FittedModel, level: float) -> list[HeterogeneityMeasure]:
    """Return I² and H² from Q with their test-based limits."""
    q, df = model.q, model.q_df
    if df < 1:
        reason = "there are no degrees of freedom"
        return [HeterogeneityMeasure("I²", "from Q", NAN, reason=reason)]
    h2 = q / df
    low = high = NAN
    reason = "" if df > 1 else "the test-based interval needs two degrees of freedom"
    if df > 1:
        if q > df + 1:
            spread = 0.5 * (math.log(q) - math.log(df)) / (math.sqrt(2 * q) - math.sqrt(2 * df - 1))
        else:
            spread = math.sqrt(1 / (2 * (df - 1)) * (1 - 1 / (3 * (df - 1) ** 2)))
        half = normal_quantile(level) * spread
        center = 0.5 * math.log(max(h2, 1.0))
        low, high = (max(1.0, math.exp(2 * (center + sign * half))) for sign in (-1, 1))
    shares = [100 * (1 - 1 / max(h, 1.0)) for h in (h2, low, high)]
    if math.isnan(low):
        shares[1:] = [NAN, NAN]
    share, lowest, highest = shares
    return [
        HeterogeneityMeasure("I²", "from Q", share, lowest, highest, "test-based", reason),
        HeterogeneityMeasure("H²", "from Q", h2, low, high, "test-based", reason),
    ]


def _others(model: FittedModel, rows: list[HeterogeneityMeasure]) -> list[HeterogeneityMeasure]:
    """Return the forms that are not monotone in tau² alone, and those of one number."""
    found = []
    if model.q_df >= 1:
        birge = math.sqrt(model.q / model.q_df)
        found.append(HeterogeneityMeasure("Birge ratio", "√(Q / df)", birge))
        found += _robust(model)
    if not model.random or model.q_df < 1:
        return found
    limits = [(row.interval, row.lower, row.upper) for row in rows if row.measure == "tau²"]

    def share(t: float) -> float:
        """Return how much of the variance of the coefficients is due to tau², in percent."""
        if math.isnan(t):
            return NAN
        logs = [
            float(np.linalg.slogdet(model.x.T @ (model.x / (model.v + s)[:, None]))[1])
            for s in (0.0, t)
        ]
        return 100 * (1 - math.exp((logs[1] - logs[0]) / model.p))

    def mean_share(t: float) -> float:
        return NAN if math.isnan(t) else 100 * float((t / (t + model.v)).mean())

    harmonic = float(1 / np.mean(1 / model.v))

    def share_of_harmonic(t: float) -> float:
        return 100 * t / (t + harmonic)

    for kind, low, high in limits:
        for name, words, form in (
            ("I²", "variance of the pooled effect", share),
            ("R_b", "mean of tau² / (tau² + v)", mean_share),
            ("R_I", "tau² / (tau² + harmonic mean of v)", share_of_harmonic),
        ):
            values = (form(model.tau2), form(low), form(high))
            found.append(HeterogeneityMeasure(name, words, *values, kind))
    if isinstance(model.fit, PooledFit):
        size = abs(model.fit.estimate)
        cv = math.sqrt(model.tau2) / size if size > 0 else NAN
        reason = "" if size > 0 else "the pooled effect is 0"
        found.append(HeterogeneityMeasure("CV_B", "tau / |pooled effect|", cv, reason=reason))
    return found


def _robust(model: FittedModel) -> list[HeterogeneityMeasure]:
    """Return Lin's measures from absolute deviations, of models without moderators."""
    if model.design is not None:
        return []
    found = []
    both = absolute_heterogeneity(model.y, model.v)
    for letter, center, one in zip("rm", ("mean", "median"), both, strict=True):
        words = f"absolute deviations from the {center}"
        found.append(HeterogeneityMeasure(f"I²_{letter}", words, one.i2))
        found.append(HeterogeneityMeasure(f"H_{letter}", words, one.h))
    return found


def _likelihood_ratio(model: FittedModel) -> tuple[float, float]:
    """Return the likelihood ratio statistic of tau² = 0 and its P value."""
    if not model.random or model.q_df < 1:
        return NAN, NAN
    plain = model.estimator == "ML"
    best = estimate_tau2(
        model.y,
        model.v,
        method="ML" if plain else "REML",
        design=model.design,
        standard_error=False,
    )
    top, none = (
        float(log_likelihood(model.y, model.v, t, design=model.design, restricted=not plain)[0])
        for t in (float(best.tau2[0]), 0.0)
    )
    ratio = max(0.0, 2 * (top - none))
    return ratio, 0.5 * float(chi2_tail(ratio, 1)) if ratio > 0 else 1.0
