"""Fail-safe N, excess of significance and E-values: front doors."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import NDArray

from evisynth.display import format_number
from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import (
    Alternative,
    ExcessTest,
    FailSafeMethod,
    check_flag,
    check_name,
    check_share,
    e_value,
    excess_significance,
    fail_safe_n,
    limit_effect,
)
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EValue", "ExcessResult", "FailSafeResult", "e_values", "excess_test", "fail_safe"]

Floats = NDArray[np.float64]
METHODS: tuple[FailSafeMethod, ...] = get_args(FailSafeMethod)
SIDES: tuple[Alternative, ...] = get_args(Alternative)
TESTS: tuple[ExcessTest, ...] = get_args(ExcessTest)
FAIL_SAFE_WARNING = (
    "The fail-safe N is not advised (Becker 2005, doi:10.1002/0470870168.ch7): it takes the "
    "missing studies to average no effect, ignores heterogeneity and size, and its methods "
    "disagree widely. Use selection models or sensitivity analyses."
)
EXCESS_WARNING = (
    "The test tells whether more studies are significant than their power lets expect; selective "
    "publication is one explanation among others, and heterogeneity blurs it."
)


def _rows(fit: PooledFit) -> tuple[Floats, Floats]:
    here = fit.effects.estimable
    return fit.effects.estimates[here], fit.effects.variances[here]


@dataclass(frozen=True, slots=True, repr=False)
class FailSafeResult(Result):
    """A fail-safe N with the warning on its use; see `fail_safe`."""

    method: FailSafeMethod
    n: int
    k: int
    p_value: float
    mean: float
    target: float
    alpha: float
    warning: str

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a table of one row."""
        return _one_row(self)

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        source = {
            "Rosenthal": "Rosenthal 1979, doi:10.1037/0033-2909.86.3.638",
            "Orwin": "Orwin 1983, doi:10.3102/10769986008002157",
            "Rosenberg": "Rosenberg 2005, doi:10.1111/j.0014-3820.2005.tb01004.x",
        }[self.method]
        return f"The fail-safe N of {self.method} was computed ({source}). {self.warning}"


def fail_safe(
    fit: Given,
    method: str = "Rosenthal",
    *,
    alpha: float = 0.05,
    target: float | None = None,
    weighted: bool = False,
) -> FailSafeResult:
    """Count the studies without effect that would overturn a meta-analysis (not advised).

    Parameters
    ----------
    fit
        The fit whose studies are used.
    method
        ``"Rosenthal"``, ``"Orwin"`` or ``"Rosenberg"``.
    alpha
        Level of significance aimed at (Rosenthal, Rosenberg).
    target
        Average aimed at (Orwin), pooled scale; half the average if not given.
    weighted
        Orwin with the inverse-variance average.

    References
    ----------
    Rosenthal 1979, doi:10.1037/0033-2909.86.3.638; Orwin 1983, doi:10.3102/10769986008002157;
    Rosenberg 2005, doi:10.1111/j.0014-3820.2005.tb01004.x.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> fit = es.pool(pd.DataFrame({"yi": [0.5, 0.4, 0.6], "vi": [0.02, 0.03, 0.04]}))
    >>> found = fail_safe(fit)
    >>> found.n, found.warning[:26]
    (26, 'The fail-safe N is not adv')
    """
    weighted = check_flag("weighted", weighted)
    alpha = check_share("alpha", alpha)
    fit = as_fit(fit)
    name = find_word("method", method, METHODS)
    if not 0 < alpha < 1:
        raise OptionError("alpha", alpha, ["a number between 0 and 1, e.g. 0.05"])
    if target is not None and (name != "Orwin" or target == 0):
        hint = "Only Orwin's method has a target, and it must differ from 0."
        raise OptionError("target", target, ["left out"], hint=hint)
    y, v = _rows(fit)
    found = fail_safe_n(y, v, name, alpha=alpha, target=target, weighted=weighted)
    return FailSafeResult(
        name, found.n, fit.k, found.p_value, found.mean, found.target, alpha, FAIL_SAFE_WARNING
    )


@dataclass(frozen=True, slots=True, repr=False)
class ExcessResult(Result):
    """A test of excess significance; see `excess_test`.

    ``limit`` is the effect at which the P value would be ``limit_alpha``; NaN where there is none.
    """

    k: int
    observed: int
    expected: float
    ratio: float
    p_value: float
    test: str
    effect: float
    tau2: float
    limit: float
    limit_alpha: float
    power: Floats
    significant: NDArray[np.bool_]
    caution: str

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a table of one row, without the studies' power."""
        return _one_row(self).drop(columns=["power", "significant"])

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "The number of significant studies was compared with the number that their power lets "
            f"expect ({self.test} test of excess significance; Ioannidis and Trikalinos 2007, "
            "doi:10.1177/1740774507079441)."
        )


EXACT_LIMIT = 2_000
"""Above so many studies the chi² test is the default; the exact one is quadratic in them."""


def excess_test(
    fit: Given,
    test: str = "",
    *,
    alternative: str = "two.sided",
    direction: str = "greater",
    alpha: float = 0.05,
    limit_alpha: float = 0.10,
) -> ExcessResult:
    """Test whether more studies are significant than their power lets expect.

    Parameters
    ----------
    fit
        The fit whose effect and tau² give the power.
    test
        ``"exact"`` (the default), ``"binomial"`` or ``"chi2"``.
    alternative
        Of the studies' own tests: ``"two.sided"``, ``"greater"``, ``"less"``.
    direction
        Of this test: ``"greater"``, ``"less"``, ``"two.sided"``.
    alpha
        Level of the studies' own tests.
    limit_alpha
        Level for the limit estimate.

    References
    ----------
    Ioannidis and Trikalinos 2007, doi:10.1177/1740774507079441; Francis 2013,
    doi:10.1016/j.jmp.2013.02.003.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> fit = es.pool(pd.DataFrame({"yi": [0.5, 0.4, 0.6], "vi": [0.02, 0.03, 0.04]}))
    >>> found = excess_test(fit)
    >>> found.observed, round(found.expected, 2)
    (3, 2.44)
    """
    test = check_name("test", test)
    alpha = check_share("alpha", alpha)
    limit_alpha = check_share("limit_alpha", limit_alpha)
    fit = as_fit(fit)
    words = {"two-sided": "two.sided", "two sided": "two.sided"}
    default = "exact" if fit.k <= EXACT_LIMIT else "chi2"
    name = find_word("test", test or default, TESTS, {"binom": "binomial", "chisq": "chi2"})
    own = find_word("alternative", alternative, SIDES, words)
    way = find_word("direction", direction, SIDES, words)
    for option, value in (("alpha", alpha), ("limit_alpha", limit_alpha)):
        if not 0 < value < 1:
            raise OptionError(option, value, ["a number between 0 and 1"])
    y, v = _rows(fit)
    tau2 = 0.0 if np.isnan(fit.tau2) else fit.tau2
    null = fit.effects.scale.null
    found = excess_significance(
        y, v, fit.estimate, tau2, null=null, alternative=own, alpha=alpha, test=name, direction=way
    )
    limit = float("nan")
    if way == "greater":
        limit = limit_effect(
            y, v, fit.estimate, tau2, null=null, alternative=own, alpha=alpha, test=name,
            level=limit_alpha,
        )  # fmt: skip
    return ExcessResult(
        fit.k, found.observed, found.expected, found.ratio, found.p_value, name, fit.estimate,
        tau2, limit, limit_alpha, found.power, found.significant, EXCESS_WARNING,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class EValue(Result):
    """How strong an unmeasured confounder would have to be; see `e_values`.

    ``estimate`` for the effect, ``limit`` for the limit of its interval nearer to no effect (1
    where the interval includes it); ``risk_ratio`` what the effect was converted to, by ``words``.
    """

    estimate: float
    limit: float
    risk_ratio: float
    words: str

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a table of one row."""
        return _one_row(self)

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "The strength of unmeasured confounding that would explain the effect away was "
            f"computed as an E-value, {self.words} (VanderWeele and Ding 2017, "
            "doi:10.7326/M16-2607)."
        )

    def summary(self) -> str:
        """Return the numbers in one line."""
        return (
            f"E-value {format_number(self.estimate)}, of the limit {format_number(self.limit)} "
            f"({self.words})"
        )


def e_values(fit: Given, *, rare: bool | None = None) -> EValue:
    """Return the E-values of a pooled effect.

    The E-value is the risk ratio that an unmeasured confounder would need with both exposure and
    outcome to explain the effect away; it tells of confounding only, not of other biases, and is
    meant for observational studies.

    Parameters
    ----------
    fit
        A pooled risk ratio, odds ratio, rate ratio, hazard ratio or standardized mean difference.
    rare
        For odds and hazard ratios: whether the outcome is rare (below 15% at the end of follow-up);
        must be said. A rare one is read as a risk ratio; otherwise the square root is taken of an
        odds ratio, and a hazard ratio is converted.

    Raises
    ------
    OptionError
        If the measure has no conversion, or `rare` is not said where it must be.

    References
    ----------
    VanderWeele and Ding 2017, doi:10.7326/M16-2607.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> import numpy as np
    >>> table = pd.DataFrame({"yi": np.log([3.9]), "vi": [(np.log(3.9 / 1.8) / 1.96) ** 2]})
    >>> fit = es.pool(es.effects(table, "GEN", scale="log", label="Risk ratio", short="RR"))
    >>> found = e_values(fit)
    >>> round(found.estimate, 2), round(found.limit, 2)
    (7.26, 3.0)
    """
    rare = None if rare is None else check_flag("rare", rare)
    fit = as_fit(fit, refits=False)
    short = fit.effects.measure if fit.effects.measure != "GEN" else fit.effects.scale.short
    if not np.isfinite(fit.estimate):
        raise NotEstimableError("there is no pooled effect to form an E-value of")
    near = fit.ci_lower if fit.estimate >= 0 else fit.ci_upper
    if short in ("RR", "IRR") and fit.effects.scale.is_ratio:
        convert, words = _plain, "risk ratio"
    elif short in ("OR", "HR") and fit.effects.scale.is_ratio:
        if rare is None:
            raise OptionError(
                "rare", rare, [True, False],
                hint=f"An {short} is read as a risk ratio only where the outcome is rare.",
            )  # fmt: skip
        if rare:
            convert, words = _plain, f"{short} of a rare outcome read as risk ratio"
        elif short == "OR":
            convert, words = _root, "square root of the odds ratio"
        else:
            convert, words = _hazard, "hazard ratio of a common outcome converted to a risk ratio"
    elif short == "SMD":
        convert, words = _standardized, "risk ratio from the SMD, exp(0.91 d)"
        # exp(0.91 d - 1.78 SE): 1.78 is 0.91 x 1.96; the limits of the fit are used for 1.96 SE
    else:
        raise OptionError(
            "fit", short, ["RR", "IRR", "OR", "HR", "SMD"],
            hint="For a ratio given ready made: es.effects(..., measure='GEN', scale='log', "
            "short='HR').",
        )  # fmt: skip
    ratio, limit = float(convert(fit.estimate)), float(convert(near))
    value, of_limit = e_value(ratio, limit)
    return EValue(value, of_limit, ratio, words)


def _plain(log_ratio: float) -> float:
    return float(np.exp(log_ratio))


def _root(log_ratio: float) -> float:
    return float(np.exp(log_ratio / 2))


def _hazard(log_ratio: float) -> float:
    hazard = np.exp(log_ratio)
    return float((1 - 0.5 ** np.sqrt(hazard)) / (1 - 0.5 ** np.sqrt(1 / hazard)))


def _standardized(log_ratio: float) -> float:
    return float(np.exp(0.91 * log_ratio))


def _one_row(result: FailSafeResult | ExcessResult | EValue) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([{f.name: getattr(result, f.name) for f in fields(result)}])
