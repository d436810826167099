"""Standardized mean differences by other standard deviations: formulas over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evisynth.effects.continuous import hedges_correction, pooled_sd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "COX",
    "LOGISTIC",
    "smd_average",
    "smd_control",
    "smd_control_unequal",
    "smd_to_log_odds_logistic",
    "smd_to_log_odds_normal",
]

COX = 1.65
"""Log odds ratio for each standard deviation, people normally distributed (Cox and Snell 1989)."""

LOGISTIC = float(np.pi / np.sqrt(3.0))
"""The same for logistic distributions, of which it is the standard deviation."""


def smd_average(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Mean difference over the root of the arms' average variance, with its sampling variance.

    The arms may differ in their population variances.

    Parameters
    ----------
    values
        Arrays ``n1 mean1 sd1 n2 mean2 sd2``, shape (K,).
    formula
        ``"LS"``: J² (g² (s1⁴/(n1-1) + s2⁴/(n2-1))/(8 s⁴) + (s1²/(n1-1) + s2²/(n2-1))/s²), s² the
        average variance.

    Returns
    -------
    tuple of ndarray
        Estimates with the correction J(N - 2) and variances, shape (K,); NaN where an arm has one
        person, or N < 4.

    References
    ----------
    Bonett DG (2008), doi:10.1037/1082-989X.13.2.99; Bonett DG (2009), doi:10.1037/a0016619.
    """
    n1, n2 = values["n1"], values["n2"]
    df1, df2 = np.where(n1 > 1, n1 - 1, np.nan), np.where(n2 > 1, n2 - 1, np.nan)
    total = n1 + n2
    v1, v2 = values["sd1"] ** 2, values["sd2"] ** 2
    average = (v1 + v2) / 2
    correction = hedges_correction(np.where(total > 3, total - 2, np.nan))
    g = correction * (values["mean1"] - values["mean2"]) / np.sqrt(average)
    shape = g**2 * (v1**2 / df1 + v2**2 / df2) / (8 * average**2)
    variances = correction**2 * (shape + (v1 / df1 + v2 / df2) / average)
    return np.where(np.isnan(variances), np.nan, g), variances


def smd_control(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Mean difference over the standard deviation of arm 2 (Glass), with its sampling variance.

    Parameters
    ----------
    values
        Arrays ``n1 mean1 n2 mean2 sd2``, shape (K,).
    formula
        ``"LS"``: 1/n1 + 1/n2 + g²/(2 n2); ``"LS2"``: J² (1/n1 + 1/n2 + d²/(2 n2)); ``"UB"``:
        1/n1 + 1/n2 + (1 - (m-2)/(m J²)) g² with m = n2 - 1; ``"AV"``: as LS with the mean of g
        weighted by N.

    Returns
    -------
    tuple of ndarray
        Estimates with the correction J(n2 - 1) and variances, shape (K,); NaN where n2 < 3.

    References
    ----------
    Hedges LV (1981), doi:10.3102/10769986006002107.
    """
    n1, n2 = values["n1"], values["n2"]
    m = np.where(n2 > 2, n2 - 1, np.nan)
    correction = hedges_correction(m)
    d = (values["mean1"] - values["mean2"]) / values["sd2"]
    g = correction * d
    base = 1 / n1 + 1 / n2
    if formula == "LS2":
        return g, correction**2 * (base + d**2 / (2 * n2))
    if formula == "UB":
        return g, base + (1 - (m - 2) / (m * correction**2)) * g**2
    if formula == "AV":
        known = np.isfinite(g)
        total = (n1 + n2)[known]
        mean = np.sum(total * g[known]) / np.sum(total) if known.any() else np.nan
        return g, np.where(known, base + mean**2 / (2 * n2), np.nan)
    return g, base + g**2 / (2 * n2)


def smd_control_unequal(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Mean difference over the standard deviation of arm 2, population variances unequal.

    Parameters
    ----------
    values
        Arrays ``n1 mean1 sd1 n2 mean2 sd2``, shape (K,).
    formula
        ``"LS"``: s1²/(s2² n1) + 1/n2 + g²/(2 n2).

    Returns
    -------
    tuple of ndarray
        Estimates with the correction J(n2 - 1) and variances, shape (K,); NaN where n2 < 3.

    References
    ----------
    Bonett DG (2008), doi:10.1037/1082-989X.13.2.99.
    """
    n2 = values["n2"]
    correction = hedges_correction(np.where(n2 > 2, n2 - 1, np.nan))
    g = correction * (values["mean1"] - values["mean2"]) / values["sd2"]
    ratio = (values["sd1"] / values["sd2"]) ** 2
    return g, ratio / values["n1"] + 1 / n2 + g**2 / (2 * n2)


def smd_to_log_odds_normal(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Log odds ratio from a standardized mean difference of normally distributed people: 1.65 d.

    Parameters
    ----------
    values
        Arrays ``n1 mean1 sd1 n2 mean2 sd2``, shape (K,).
    formula
        ``"LS"``: 1.65² (1/n1 + 1/n2 + d²/(2N)).

    Returns
    -------
    tuple of ndarray
        Log odds ratios, from d without small-sample correction, and variances.

    References
    ----------
    Cox DR, Snell EJ (1989), Analysis of Binary Data; Sánchez-Meca J et al. (2003),
    doi:10.1037/1082-989X.8.4.448.
    """
    return _times(COX, values, formula)


def smd_to_log_odds_logistic(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Log odds ratio from a standardized mean difference of logistic distributions: d π/√3.

    Parameters
    ----------
    values
        Arrays ``n1 mean1 sd1 n2 mean2 sd2``, shape (K,).
    formula
        ``"LS"``: π²/3 (1/n1 + 1/n2 + d²/(2N)).

    Returns
    -------
    tuple of ndarray
        Log odds ratios, from d without small-sample correction, and variances.

    References
    ----------
    Hasselblad V, Hedges LV (1995), doi:10.1037/0033-2909.117.1.167; Chinn S (2000),
    doi:10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M.
    """
    return _times(LOGISTIC, values, formula)


def _times(
    factor: float,
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Cohen's d and its large-sample variance, times a factor."""
    n1, n2 = values["n1"], values["n2"]
    d = (values["mean1"] - values["mean2"]) / pooled_sd(values)
    return factor * d, factor**2 * (1 / n1 + 1 / n2 + d**2 / (2 * (n1 + n2)))
