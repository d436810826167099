"""Change within one group, or matched pairs: formulas over arrays of rows.

Indices 1 and 2 are the two measurements; the estimate is 1 minus 2 (or 1 over 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evisynth.effects.continuous import hedges_correction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "change_standardized_by_change",
    "change_standardized_by_first",
    "change_standardized_by_first_unequal",
    "change_standardized_by_pooled",
    "change_standardized_by_pooled_unequal",
    "log_ratio_of_paired_means",
    "log_ratio_of_paired_sds",
    "log_ratio_of_paired_variations",
    "mean_change",
]


def _above(values: Floats, least: float) -> Floats:
    """Return values, NaN where they are not above a number."""
    return np.where(values > least, values, np.nan)


def _change_variance(values: Mapping[str, Floats]) -> Floats:
    """Variance of the differences of people, from both SDs and the correlation."""
    sd1, sd2 = values["sd1"], values["sd2"]
    return sd1**2 + sd2**2 - 2 * values["r"] * sd1 * sd2


def mean_change(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Mean change and its sampling variance (sd1² + sd2² - 2 r sd1 sd2)/n.

    Parameters
    ----------
    values
        Arrays ``n mean1 sd1 mean2 sd2 r``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Mean changes and variances, in the units of the measurement.
    """
    return values["mean1"] - values["mean2"], _change_variance(values) / values["n"]


def change_standardized_by_change(
    values: Mapping[str, Floats], formula: str
) -> tuple[Floats, Floats]:
    """Standardized mean change, by the SD of the changes, and its sampling variance.

    Parameters
    ----------
    values
        Arrays ``n mean1 sd1 mean2 sd2 r``, shape (K,).
    formula
        ``"LS"``: 1/n + g²/(2n); ``"LS2"``: J²(1/n + d²/(2n)), g = J·d with J on n - 1 degrees of
        freedom.

    Returns
    -------
    tuple of ndarray
        Standardized changes and variances; NaN where n < 3 or nobody's change differs.

    References
    ----------
    Gibbons RD, Hedeker DR, Davis JM (1993), doi:10.3102/10769986018003271.
    """
    n = values["n"]
    correction = hedges_correction(_above(n, 2) - 1)
    d = (values["mean1"] - values["mean2"]) / np.sqrt(_above(_change_variance(values), 0))
    g = correction * d
    if formula == "LS2":
        return g, correction**2 * (1 / n + d**2 / (2 * n))
    return g, 1 / n + g**2 / (2 * n)


def change_standardized_by_first(
    values: Mapping[str, Floats], formula: str
) -> tuple[Floats, Floats]:
    """Standardized mean change, by the SD of measurement 1, and its sampling variance.

    The SDs of both measurements are taken to be equal in the population.

    Parameters
    ----------
    values
        Arrays ``n mean1 sd1 mean2 r``, shape (K,). ``sd1`` standardizes, usually the one before
        the treatment.
    formula
        ``"LS"``: 2(1-r)/n + g²/(2n); ``"LS2"``: J²(2(1-r)/n + d²/(2n)), g = J·d with J on n - 1
        degrees of freedom.

    Returns
    -------
    tuple of ndarray
        Standardized changes and variances; NaN where n < 3.

    References
    ----------
    Becker BJ (1988), doi:10.1111/j.2044-8317.1988.tb00901.x; Morris SB (2000),
    doi:10.1348/000711000159150.
    """
    n, r = values["n"], values["r"]
    correction = hedges_correction(_above(n, 2) - 1)
    d = (values["mean1"] - values["mean2"]) / values["sd1"]
    g = correction * d
    if formula == "LS2":
        return g, correction**2 * (2 * (1 - r) / n + d**2 / (2 * n))
    return g, 2 * (1 - r) / n + g**2 / (2 * n)


def change_standardized_by_first_unequal(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Standardized mean change, by the SD of measurement 1, with unequal SDs in the population.

    The variance is J²(s²/(sd1²(n-1)) + g²/(2(n-1))), s the SD of the changes.

    Parameters
    ----------
    values
        Arrays ``n mean1 sd1 mean2 sd2 r``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Standardized changes and variances; NaN where n < 3.

    References
    ----------
    Bonett DG (2008), doi:10.1037/1082-989X.13.2.99.
    """
    n = _above(values["n"], 2)
    correction = hedges_correction(n - 1)
    g = correction * (values["mean1"] - values["mean2"]) / values["sd1"]
    first = _change_variance(values) / (values["sd1"] ** 2 * (n - 1))
    return g, correction**2 * (first + g**2 / (2 * (n - 1)))


def change_standardized_by_pooled(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Standardized mean change, by the root of the mean of both variances.

    J is taken on 2(n-1)/(1+r²) degrees of freedom; the variance is 2(1-r)/n + g²(1+r²)/(4n).

    Parameters
    ----------
    values
        Arrays ``n mean1 sd1 mean2 sd2 r``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Standardized changes and variances; NaN where n < 3.

    References
    ----------
    Cousineau D (2020), doi:10.20982/tqmp.16.4.p418.
    """
    n, r = _above(values["n"], 2), values["r"]
    pooled = np.sqrt((values["sd1"] ** 2 + values["sd2"] ** 2) / 2)
    correction = hedges_correction(2 * (n - 1) / (1 + r**2))
    g = correction * (values["mean1"] - values["mean2"]) / pooled
    return g, 2 * (1 - r) / n + g**2 * (1 + r**2) / (4 * n)


def change_standardized_by_pooled_unequal(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Standardized mean change, by the root of the mean of both variances, with unequal SDs.

    J is taken on 2(n-1)/(1+r²) degrees of freedom; the variance is J² times
    s²/(p²(n-1)) + g²(sd1⁴ + sd2⁴ + 2r²sd1²sd2²)/(8p⁴(n-1)), s the SD of the changes and p the
    standardizer.

    Parameters
    ----------
    values
        Arrays ``n mean1 sd1 mean2 sd2 r``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Standardized changes and variances; NaN where n < 3.

    References
    ----------
    Bonett DG (2008), doi:10.1037/1082-989X.13.2.99.
    """
    n, r = _above(values["n"], 2), values["r"]
    first, second = values["sd1"] ** 2, values["sd2"] ** 2
    pooled = (first + second) / 2
    correction = hedges_correction(2 * (n - 1) / (1 + r**2))
    g = correction * (values["mean1"] - values["mean2"]) / np.sqrt(pooled)
    spread = (first**2 + second**2 + 2 * r**2 * first * second) / (8 * pooled**2)
    variances = (_change_variance(values) / pooled + g**2 * spread) / (n - 1)
    return g, correction**2 * variances


def log_ratio_of_paired_means(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Log ratio of two means of the same people, and its sampling variance.

    The variance is (v1² + v2² - 2 r v1 v2)/n with v = sd/mean.

    Parameters
    ----------
    values
        Arrays ``n mean1 sd1 mean2 sd2 r``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log ratios and variances; NaN where the means differ in sign or one is 0.

    References
    ----------
    Lajeunesse MJ (2011), doi:10.1890/11-0423.1.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = _above(values["mean1"] / values["mean2"], 0)
        v1, v2 = values["sd1"] / values["mean1"], values["sd2"] / values["mean2"]
        variances = (v1**2 + v2**2 - 2 * values["r"] * v1 * v2) / values["n"]
        estimates = np.log(np.where(np.isfinite(ratio), ratio, np.nan))
    return estimates, np.where(np.isnan(estimates), np.nan, variances)


def log_ratio_of_paired_sds(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Log ratio of two SDs of the same people, and its sampling variance (1-r²)/(n-1).

    Parameters
    ----------
    values
        Arrays ``n sd1 sd2 r``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log ratios and variances; NaN where n < 2. The small-sample corrections of both SDs cancel.

    References
    ----------
    Nakagawa S et al. (2015), doi:10.1111/2041-210x.12309.
    """
    n, r = _above(values["n"], 1), values["r"]
    return np.log(values["sd1"] / values["sd2"]), (1 - r) * (1 + r) / (n - 1)


def log_ratio_of_paired_variations(
    values: Mapping[str, Floats], formula: str
) -> tuple[Floats, Floats]:
    """Log ratio of two coefficients of variation of the same people, and its sampling variance.

    The sum of the variances of the log ratios of SDs and of means.

    Parameters
    ----------
    values
        Arrays ``n mean1 sd1 mean2 sd2 r``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log ratios and variances; NaN where n < 2, the means differ in sign or one is 0.

    References
    ----------
    Nakagawa S et al. (2015), doi:10.1111/2041-210x.12309.
    """
    of_means, means_variance = log_ratio_of_paired_means(values, formula)
    of_sds, sds_variance = log_ratio_of_paired_sds(values, formula)
    return of_sds - of_means, sds_variance + means_variance
