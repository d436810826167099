"""Where the effect of a new study may lie, by every definition in use; and Henmi and Copas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evisynth.display import format_number, format_percent
from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import (
    check_level,
    check_number,
    henmi_copas_interval,
    nagashima_distribution,
    shrunken_quantiles,
    t_cdf,
    t_quantile,
)
from evisynth.synthesis.further import prediction_basis
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.options import ALLOWED, FURTHER, SYNONYMS, FurtherOptions, find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.result import Result
from evisynth.synthesis.words import PREDICTION_WORDS

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "HenmiCopas",
    "PredictionInterval",
    "PredictionIntervals",
    "PredictiveProbability",
    "henmi_copas",
    "prediction_intervals",
    "predictive_probability",
]

NAN = float("nan")
METHODS = (
    *(word for word in ALLOWED["prediction"] if word != "none"),
    *FURTHER["prediction"],
)
"""Definitions, those of `pool` first."""

OWN_SE = {
    "t k-1": "t distribution, k - 1 degrees of freedom, standard error of the fit",
    "t k-2": "t distribution, k - 2 degrees of freedom, standard error of the fit",
    "normal": "normal distribution, standard error of the fit",
}
ONLY_COMMON = "defined for inverse-variance weights and an estimated tau² only"


@dataclass(frozen=True, slots=True)
class PredictionInterval:
    """A prediction interval by one definition.

    Attributes
    ----------
    method, definition : str
        Short name, and what it is.
    se, df : float
        Standard error of the pooled effect and degrees of freedom it uses; NaN where it uses
        neither.
    lower, upper : float
        Limits on the pooled scale.
    reason : str
        Why they are NaN, or ``""``.
    """

    method: str
    definition: str
    se: float
    df: float
    lower: float
    upper: float
    reason: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class PredictionIntervals(Result):
    """Prediction intervals of one fit by several definitions."""

    fit: PooledFit
    level: float
    intervals: tuple[PredictionInterval, ...]

    def get(self, method: str) -> PredictionInterval:
        """Return the interval of one definition.

        Raises
        ------
        OptionError
            If it is not there.
        """
        for one in self.intervals:
            if one.method == method:
                return one
        raise OptionError("method", method, [one.method for one in self.intervals])

    def to_frame(self) -> pd.DataFrame:
        """Return one row a definition, pooled scale."""
        import pandas as pd

        names = ("method", "definition", "se", "df", "lower", "upper", "reason")
        rows = [{name: getattr(one, name) for name in names} for one in self.intervals]
        return pd.DataFrame(rows, columns=list(names))

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        parts = [
            f"{one.method}: {_sentence(one.method)}"
            for one in self.intervals
            if not np.isnan(one.lower)
        ]
        level = format_percent(100 * self.level, 0)
        return f"Prediction intervals ({level}) are by: {'; '.join(parts)}."

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Prediction intervals, k = {self.fit.k}, pooled effect and limits as shown"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows, shown scale."""
        level = format_percent(100 * self.level, 0)
        rows = [["Method", f"{level} limits", "Definition"]]
        for one in self.intervals:
            limits = one.reason
            if not np.isnan(one.lower):
                low, high = self.fit.effects.scale.shown_limits(one.lower, one.upper)
                limits = f"{format_number(low)} to {format_number(high)}"
            rows.append([one.method, limits, one.definition])
        return rows


def _sentence(method: str) -> str:
    if method in OWN_SE:
        return OWN_SE[method]
    words, source = PREDICTION_WORDS[method]
    return f"{words} ({source})"


def prediction_intervals(
    fit: Given, methods: str | Sequence[str] = "all", *, level: float | None = None
) -> PredictionIntervals:
    """Return the prediction interval of a fit by several definitions.

    Parameters
    ----------
    fit
        A random-effects fit, or what `pool` takes.
    methods
        ``"t k-1"``, ``"t k-2"``, ``"normal"`` (with the standard error of the fit's own confidence
        interval); ``"V"`` (t with k - 1), ``"HTS"`` (k - 2) and ``"S"`` (normal) with the Wald
        standard error; ``"HK"`` (k - 1) and ``"HK-PR"`` (k - 2) with Hartung and Knapp's;
        ``"KR"`` and ``"KR-PR"`` with Kenward and Roger's and their degrees of freedom, less 1 for
        the latter; ``"NNF"`` (Nagashima, Noma and Furukawa); ``"WL"`` (Wang and Lee). The names
        are those of R's meta where it has the definition. By default all.
    level
        Coverage, by default that of the fit.

    Raises
    ------
    OptionError
        If a definition is not known.
    NotEstimableError
        In the equal-effects model, or with fewer than three studies.

    Notes
    -----
    Nagashima's interval has tau² by its confidence distribution whatever the estimator of the fit;
    it is integrated, not sampled, so that it has no simulation error.

    Examples
    --------
    >>> from evisynth.datasets import load
    >>> import evisynth as es
    >>> found = prediction_intervals(es.effects(load("bcg"), "RR"), ["HTS", "NNF"])
    >>> round(found.get("HTS").lower, 3), round(found.get("NNF").lower, 3)
    (-2.008, -2.221)
    """
    level = None if level is None else check_level(level)
    if not isinstance(methods, (str, list, tuple)):
        raise OptionError("methods", methods, METHODS)
    pooled = as_fit(fit, refits=False)
    _must_predict(pooled)
    words = METHODS if isinstance(methods, str) and methods == "all" else methods
    chosen = [words] if isinstance(words, str) else list(words)
    alpha = pooled.options.level if level is None else level
    found = [_interval(pooled, _method(word), alpha) for word in chosen]
    return PredictionIntervals(pooled, alpha, tuple(found))


def _method(word: str) -> str:
    return find_word("methods", word, METHODS, SYNONYMS["prediction"])


def _must_predict(fit: PooledFit) -> None:
    if fit.options.model == "equal":
        raise NotEstimableError(
            "the equal-effects model assumes one effect for all studies, so it predicts no other; "
            "pool with model='random'"
        )
    if fit.k < 3:
        raise NotEstimableError(
            f"a prediction interval needs at least three studies; there are {fit.k}"
        )


def _basis(fit: PooledFit, method: str) -> tuple[float, float, str]:
    """Return standard error and degrees of freedom of a definition by t, or why there are none."""
    options = fit.options
    if method in OWN_SE:
        df = {"t k-1": fit.k - 1.0, "t k-2": fit.k - 2.0, "normal": np.inf}[method]
        return fit.se, df, ""
    own = isinstance(options, FurtherOptions) and options.weighting != "inverse variance"
    if method in ("KR", "KR-PR") and (own or options.tau2 != "REML"):
        return NAN, NAN, "derived for REML and inverse-variance weights only"
    if own and method in ("NNF", "WL"):
        return NAN, NAN, ONLY_COMMON
    if method in ("NNF", "WL"):
        return NAN, NAN, ""
    here = fit.effects.estimable
    y, v = fit.effects.estimates[here], fit.effects.variances[here]
    se, df = prediction_basis(method, y, v, wald_se=fit.wald_se, tau2=fit.tau2)
    return (se, df, "") if df > 0 else (se, df, "no degrees of freedom are left")


def _interval(fit: PooledFit, method: str, level: float) -> PredictionInterval:
    """Return the interval by one definition."""
    words = OWN_SE.get(method) or PREDICTION_WORDS[method][0]
    se, df, reason = _basis(fit, method)
    if reason:
        return PredictionInterval(method, words, se, df, NAN, NAN, reason)
    here = fit.effects.estimable
    y, v = fit.effects.estimates[here], fit.effects.variances[here]
    tails = [0.5 - level / 2, 0.5 + level / 2]
    if method == "NNF":
        distribution = nagashima_distribution(y, v)
        low, high = (distribution.quantile(tail) for tail in tails)
    elif method == "WL":
        low, high = shrunken_quantiles(y, v, fit.estimate, fit.tau2, tails)
    else:
        half = float(t_quantile(df, level)) * float(np.sqrt(fit.tau2 + se * se))
        low, high = fit.estimate - half, fit.estimate + half
    return PredictionInterval(method, words, se, df, float(low), float(high))


@dataclass(frozen=True, slots=True, repr=False)
class PredictiveProbability(Result):
    """Probability that the effect of a new study lies below or above a threshold.

    Attributes
    ----------
    fit : PooledFit
        The fit.
    threshold : float
        On the pooled scale.
    below, above : float
        Probabilities.
    method : str
        Definition of the predictive distribution.
    """

    fit: PooledFit
    threshold: float
    below: float
    above: float
    method: str

    def to_frame(self) -> pd.DataFrame:
        """Return a table of one row."""
        import pandas as pd

        names = ("threshold", "below", "above", "method")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "The probability that the effect of a new study lies beyond "
            f"{format_number(self.threshold, 3)} (pooled scale) is by the predictive distribution: "
            f"{_sentence(self.method)}."
        )


def predictive_probability(
    fit: Given, threshold: float | None = None, *, method: str | None = None
) -> PredictiveProbability:
    """Return the probability that the effect of a new study is below or above a threshold.

    Parameters
    ----------
    fit
        A random-effects fit, or what `pool` takes.
    threshold
        On the pooled scale (the logarithm for ratios); by default no effect.
    method
        Definition as in `prediction_intervals`, by default that of the fit. Wang and Lee's
        quantiles have no tails, so they give none.

    Raises
    ------
    OptionError
        If the definition is not known or gives no probability.
    NotEstimableError
        In the equal-effects model, or with fewer than three studies.

    Examples
    --------
    >>> from evisynth.datasets import load
    >>> import evisynth as es
    >>> round(predictive_probability(es.effects(load("bcg"), "RR")).below, 3)
    0.876
    """
    if threshold is not None:
        threshold = check_number("threshold", threshold)
    pooled = as_fit(fit, refits=False)
    _must_predict(pooled)
    given = pooled.options.prediction if method is None else method
    word = _method("t k-1" if given == "none" else given)
    if word == "WL":
        raise OptionError("method", word, [name for name in METHODS if name != "WL"])
    at = pooled.effects.scale.null if threshold is None else float(threshold)
    se, df, reason = _basis(pooled, word)
    if reason:
        raise NotEstimableError(f"no predictive distribution {word}: {reason}")
    if word == "NNF":
        here = pooled.effects.estimable
        distribution = nagashima_distribution(
            pooled.effects.estimates[here], pooled.effects.variances[here]
        )
        below = distribution.cdf(at)
        return PredictiveProbability(pooled, at, below, 1 - below, word)
    z = (at - pooled.estimate) / float(np.sqrt(pooled.tau2 + se * se))
    return PredictiveProbability(pooled, at, float(t_cdf(z, df)), float(t_cdf(-z, df)), word)


@dataclass(frozen=True, slots=True, repr=False)
class HenmiCopas(Result):
    """Pooled effect and interval by Henmi and Copas, beside those of the fit.

    Attributes
    ----------
    fit : PooledFit
        The fit.
    estimate, se, ci_lower, ci_upper : float
        With the weights of the equal-effects model; pooled scale.
    tau2 : float
        Between-study variance by DerSimonian and Laird.
    critical : float
        What the standard error is multiplied by.
    level : float
        Level of the interval.
    """

    fit: PooledFit
    estimate: float
    se: float
    ci_lower: float
    ci_upper: float
    tau2: float
    critical: float
    level: float

    def title(self) -> str:
        """Return the first line of the summary."""
        return "Interval by Henmi and Copas beside that of the fit, pooled scale"

    def to_frame(self) -> pd.DataFrame:
        """Return the result by Henmi and Copas and that of the fit, one row each."""
        import pandas as pd

        names = ("estimate", "se", "ci_lower", "ci_upper", "tau2")
        rows = [
            {"method": words, **{name: getattr(one, name) for name in names}}
            for words, one in (("Henmi-Copas", self), (self.fit.options.tau2, self.fit))
        ]
        return pd.DataFrame(rows)

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        level = format_percent(100 * self.level, 0)
        return (
            "As a sensitivity analysis for missing evidence the pooled effect was computed with "
            f"the weights of the equal-effects model, its {level} interval with tau² by "
            "DerSimonian and Laird (Henmi and Copas 2010, doi:10.1002/sim.4029)."
        )


def henmi_copas(fit: Given, *, level: float | None = None) -> HenmiCopas:
    """Return the pooled effect and interval of Henmi and Copas, robust to missing small studies.

    Parameters
    ----------
    fit
        A fit without moderators, or what `pool` takes.
    level
        Confidence level, by default that of the fit.

    Raises
    ------
    NotEstimableError
        If there are fewer than two studies.

    References
    ----------
    Henmi and Copas 2010, doi:10.1002/sim.4029.

    Examples
    --------
    >>> from evisynth.datasets import load
    >>> import evisynth as es
    >>> found = henmi_copas(es.effects(load("bcg"), "RR"))
    >>> round(found.estimate, 4), round(found.ci_lower, 4), round(found.ci_upper, 4)
    (-0.4303, -1.1555, 0.295)
    """
    level = None if level is None else check_level(level)
    pooled = as_fit(fit, refits=False)
    if pooled.k < 2:
        raise NotEstimableError("the interval of Henmi and Copas needs at least two studies")
    here = pooled.effects.estimable
    alpha = pooled.options.level if level is None else level
    one = henmi_copas_interval(
        pooled.effects.estimates[here], pooled.effects.variances[here], alpha
    )
    return HenmiCopas(
        fit=pooled,
        estimate=one.estimate,
        se=one.se,
        ci_lower=one.ci_lower,
        ci_upper=one.ci_upper,
        tau2=one.tau2,
        critical=one.critical,
        level=alpha,
    )
