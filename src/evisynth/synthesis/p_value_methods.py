"""p-curve, p-uniform and p-uniform*: front doors."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Literal

import numpy as np

from evisynth.effects import is_tabular
from evisynth.errors import InputError, OptionError, Problem
from evisynth.stats import Statistic, check_share, p_curve_tests, p_uniform_fit, p_uniform_star_fit
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.p_value_results import PCurve, PUniformResult

__all__ = ["p_curve", "p_uniform", "read_statistic"]

NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
FORM = re.compile(
    rf"^(?P<name>t|f|r|z|chi2|chi-?square|chi\^2|χ2|χ²|x2|x²)"
    rf"(?:\(\s*(?P<df1>{NUMBER})\s*(?:,\s*(?:n\s*=\s*)?(?P<df2>{NUMBER})\s*)?\))?"
    rf"\s*=\s*(?P<value>{NUMBER})$",
    re.IGNORECASE,
)
FORMS = ("t(88)=2.1", "F(1,100)=9.1", "chi2(1)=6.7", "z=2.4", "r(76)=0.42")


def read_statistic(text: str) -> Statistic:
    """Read a test statistic with its degrees of freedom, strictly.

    ``t(df)``, ``F(df1, df2)``, ``chi2(df)`` (also ``χ²``, and ``chi2(df, N=...)``), ``z`` and
    ``r(df)`` with df = N - 2. t, z and r may be negative: their two-sided P value is meant.

    Raises
    ------
    InputError
        If the text is not of that form, or its numbers are not possible.

    Examples
    --------
    >>> round(read_statistic("t(88)=2.1").p(), 4), round(read_statistic("r(76) = .42").p(), 5)
    (0.0386, 0.00013)
    """
    found = FORM.match(text.strip().replace("−", "-"))
    if found is None:
        raise _not_read(text, "this is not a test statistic with its degrees of freedom")
    name = found["name"].lower()
    value = float(found["value"])
    df1 = None if found["df1"] is None else float(found["df1"])
    df2 = None if found["df2"] is None else float(found["df2"])
    if name == "z":
        if df1 is not None:
            raise _not_read(text, "z has no degrees of freedom")
        return Statistic(value**2, 1.0, math.inf)
    if df1 is None or not df1 > 0:
        raise _not_read(text, "the degrees of freedom are missing or not above 0")
    if name == "f":
        if df2 is None or not df2 > 0:
            raise _not_read(text, "F has two degrees of freedom, both above 0")
        if value < 0:
            raise _not_read(text, "F is not negative")
        return Statistic(value, df1, df2)
    if name in ("t", "r"):
        if df2 is not None:
            raise _not_read(text, f"{name} has one number of degrees of freedom")
        if name == "r":
            if not -1 < value < 1:
                raise _not_read(text, "a correlation lies between -1 and 1")
            value = value * math.sqrt(df1 / (1 - value**2))
        return Statistic(value**2, 1.0, df1)
    if value < 0:
        raise _not_read(text, "chi² is not negative")
    return Statistic(value, df1, math.inf)


def _not_read(text: str, message: str) -> InputError:
    return InputError(
        Problem("", repr(text), message, FORMS, "P values and inequalities are not taken.")
    )


def p_curve(results: Given | Iterable[str]) -> PCurve:
    """Test whether significant results are those of true effects, from their P values.

    Parameters
    ----------
    results
        Test statistics as text (see `read_statistic`), or a pooled effect (or what it can be made
        of), whose estimates over their standard errors are taken as z.

    Returns
    -------
    PCurve
        NaN with a reason where no result is significant.

    Raises
    ------
    InputError
        If a text cannot be read; every one that cannot is named.

    Notes
    -----
    Results must be independent, and the test that the study was about. The interval of the power is
    where Stouffer's z is ±1.645. The half-curve test against a power of 33% conditions on P < 0.025
    throughout; the p-curve app scales that condition otherwise, and its z is larger.

    References
    ----------
    Simonsohn et al. 2014, doi:10.1037/a0033242, doi:10.1177/1745691614553988; 2015,
    doi:10.1037/xge0000104.

    Examples
    --------
    >>> import evisynth as es
    >>> found = es.p_curve(["t(88)=2.1", "r(147)=0.246", "F(1,100)=9.1", "z=4.45"])
    >>> found.significant, round(found.full_z, 2)
    (4, -3.0)
    """
    if isinstance(results, str):
        raise OptionError("results", results, ["several test statistics in a list"])
    given = hasattr(results, "effects") or hasattr(results, "estimable") or is_tabular(results)
    if given:
        fit = as_fit(results)  # type: ignore[arg-type]
        rows = np.flatnonzero(fit.effects.estimable)
        labels = tuple(fit.effects.labels[row] for row in rows)
        z = (fit.effects.estimates[rows] - fit.effects.scale.null) / np.sqrt(
            fit.effects.variances[rows]
        )
        statistics = [Statistic(float(one) ** 2, 1.0, math.inf) for one in z]
    elif not isinstance(results, Iterable):
        raise OptionError(
            "results", results, ["test statistics as text, in a list", "a fit", "a table"]
        )
    else:
        labels = tuple(str(text) for text in results)
        statistics, problems = [], []
        for text in labels:
            try:
                statistics.append(read_statistic(text))
            except InputError as error:
                problems += list(error.problems)
        if problems:
            raise InputError(problems)
    found = p_curve_tests(statistics)
    reason = "" if found.significant else "no result is significant (P < 0.05)"
    right = found.half_p < 0.05 or (found.full_p < 0.1 and found.half_p < 0.1)
    flat = found.flat_full_p < 0.05 or (found.flat_half_p < 0.1 and found.binomial_flat < 0.1)
    notes = []
    if 0 < found.significant < 5:
        notes.append(f"With {found.significant} significant results a p-curve says little.")
    return PCurve(
        labels=labels,
        p_values=np.array([one.p() for one in statistics]),
        k=len(statistics),
        significant=found.significant,
        below_half=found.below_half,
        binomial_right=found.binomial_right,
        full_z=found.full_z,
        full_p=found.full_p,
        half_z=found.half_z,
        half_p=found.half_p,
        binomial_flat=found.binomial_flat,
        flat_full_z=found.flat_full_z,
        flat_full_p=found.flat_full_p,
        flat_half_z=found.flat_half_z,
        flat_half_p=found.flat_half_p,
        evidential=bool(right),
        inadequate=bool(flat),
        power=found.power,
        power_lower=found.power_lower,
        power_upper=found.power_upper,
        observed=found.observed,
        expected=found.expected,
        fitted=found.fitted,
        reason=reason,
        notes=tuple(notes),
    )


METHODS = ("star", "P", "LNP")
METHOD_SYNONYMS = {"p-uniform*": "star", "ml": "star", "*": "star", "p-uniform": "P",
                   "fisher": "LNP", "irwin-hall": "P"}  # fmt: skip
SIDES: tuple[Literal["auto", "right", "left"], ...] = ("auto", "right", "left")


def p_uniform(
    fit: Given, method: str = "star", *, side: str = "auto", alpha: float = 0.05
) -> PUniformResult:
    """Estimate the effect from estimates given whether they are significant.

    Parameters
    ----------
    fit
        A pooled effect, or what it can be made of.
    method
        ``"star"``: p-uniform*, maximum likelihood with a between-study variance, all estimates;
        ``"P"`` or ``"LNP"``: p-uniform, significant estimates alone and no heterogeneity.
    side
        Direction in which significant results are favoured; ``"auto"``: that of the pooled effect.
    alpha
        Two-sided level of significance in the studies.

    Returns
    -------
    PUniformResult
        NaN with a reason where no estimate is significant (p-uniform) or the search does not end.

    References
    ----------
    van Assen et al. 2015, doi:10.1037/met0000025; van Aert et al. 2016,
    doi:10.1177/1745691616650874; van Aert and van Assen 2018, doi:10.31222/osf.io/zqjr9.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {
    ...         "yi": [0.5, 0.62, 0.8, 0.1, 0.3, 0.25],
    ...         "vi": [0.04, 0.0625, 0.09, 0.04, 0.0625, 0.04],
    ...     }
    ... )
    >>> es.p_uniform(es.pool(table)).significant
    3
    """
    alpha = check_share("alpha", alpha)
    how = find_word("method", method, METHODS, METHOD_SYNONYMS)
    asked = find_word("side", side, SIDES, {"greater": "right", "less": "left"})
    if not 0 < alpha < 1:
        raise OptionError("alpha", alpha, ["a level between 0 and 1, e.g. 0.05"])
    fit = as_fit(fit)
    null = fit.effects.scale.null
    direction: Literal["right", "left"] = "left" if fit.estimate < null else "right"
    if asked != "auto":
        direction = asked
    sign = -1.0 if direction == "left" else 1.0
    rows = fit.effects.estimable
    y, s = sign * (fit.effects.estimates[rows] - null), np.sqrt(fit.effects.variances[rows])
    nan, level = float("nan"), fit.options.level
    if how == "star":
        star = p_uniform_star_fit(y, s, alpha=alpha, level=level)
        good = star.converged
        reason = "" if good else (
            "the likelihood has no maximum in the range searched: the estimates do not tell the "
            "effect from selection")  # fmt: skip
        ends = sorted((sign * star.ci_lower, sign * star.ci_upper))
        return PUniformResult(
            "p-uniform*", direction, len(y), star.significant,
            null + sign * star.estimate if good else nan,
            null + ends[0] if good else nan, null + ends[1] if good else nan,
            star.lrt if good else nan, star.p_value if good else nan, nan, nan,
            star.tau2 if good else nan, star.tau2_lower if good else nan,
            star.tau2_upper if good else nan, star.tau2_lrt if good else nan,
            star.tau2_p if good else nan, fit.effects.scale, reason,
            _star_notes(star.significant, star.others),
        )  # fmt: skip
    found = p_uniform_fit(y, s, alpha=alpha, method="P" if how == "P" else "LNP", level=level)
    ends = sorted((sign * found.ci_lower, sign * found.ci_upper))
    notes = ["Without heterogeneity: with it p-uniform is biased; use p-uniform*."]
    if found.at_zero:
        notes.append(
            "The significant P values are large on average, so that the estimate is set to 0."
        )
    none = found.significant == 0
    return PUniformResult(
        f"p-uniform {how}", direction, len(y), found.significant,
        nan if none else null + sign * found.estimate, null + ends[0], null + ends[1], found.z,
        found.p_value, found.bias_z, found.bias_p, nan, nan, nan, nan, nan, fit.effects.scale,
        "no estimate is significant in that direction" if none else "", tuple(notes),
    )  # fmt: skip


def _star_notes(significant: int, others: int) -> tuple[str, ...]:
    if significant and others:
        return ()
    which = "significant" if others == 0 else "not significant"
    return (f"All estimates are {which}: the effect and tau² are told apart poorly.",)
