"""Ratios of means, of coefficients of variation and of standard deviations: formulas over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evisynth.effects.continuous import pooled_sd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["ratio_of_means", "variability_ratio", "variation_ratio"]


def ratio_of_means(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Log ratio of means (response ratio), arm 1 over arm 2, and its sampling variance.

    Parameters
    ----------
    values
        Arrays ``n1 mean1 sd1 n2 mean2 sd2``, shape (K,).
    formula
        ``"LS"``: sd1²/(n1 mean1²) + sd2²/(n2 mean2²); ``"HO"``: pooled variance times
        1/(n1 mean1²) + 1/(n2 mean2²); ``"AV"``: c1²/n1 + c2²/n2, c the coefficient of variation of
        an arm, averaged over all rows by people; ``"AVHO"``: the same with one c for both arms.

    Returns
    -------
    tuple of ndarray
        Log ratios and variances, shape (K,); NaN where the means differ in sign or one is 0.

    References
    ----------
    Hedges LV, Gurevitch J, Curtis PS (1999),
    doi:10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2; Lajeunesse MJ (2011),
    doi:10.1890/11-0423.1; Nakagawa S et al. (2023), doi:10.1111/ele.14144 (AV).
    """
    n1, n2 = values["n1"], values["n2"]
    ratio = np.divide(
        values["mean1"],
        values["mean2"],
        out=np.full(n1.shape, np.nan),
        where=values["mean2"] != 0,
    )
    fine = ratio > 0
    ratio = np.where(fine, ratio, np.nan)
    m1, m2 = np.where(fine, values["mean1"], np.nan), np.where(fine, values["mean2"], np.nan)
    estimates = np.log(ratio)
    if formula == "HO":
        pooled = pooled_sd(values)
        return estimates, pooled**2 * (1 / (n1 * m1**2) + 1 / (n2 * m2**2))
    c1, c2 = np.abs(values["sd1"] / m1), np.abs(values["sd2"] / m2)
    if formula in ("AV", "AVHO"):
        sums = np.nansum(n1 * c1), np.nansum(n2 * c2)
        people = np.sum(n1[fine]), np.sum(n2[fine])
        if not fine.any():
            return estimates, np.full(n1.shape, np.nan)
        if formula == "AVHO":
            c1 = c2 = np.where(fine, sum(sums) / sum(people), np.nan)
        else:
            c1, c2 = (np.where(fine, sums[arm] / people[arm], np.nan) for arm in (0, 1))
    return estimates, c1**2 / n1 + c2**2 / n2


def variation_ratio(
    values: Mapping[str, Floats],
    formula: str,
) -> tuple[Floats, Floats]:
    """Log ratio of coefficients of variation, arm 1 over arm 2, and its sampling variance.

    Parameters
    ----------
    values
        Arrays ``n1 mean1 sd1 n2 mean2 sd2``, shape (K,).
    formula
        ``"LS"``: sum over the arms of sd²/(n mean²) + 1/(2(n - 1)); mean and SD of normally
        distributed people are independent.

    Returns
    -------
    tuple of ndarray
        Log ratios, with 1/(2(n - 1)) of each arm against bias, and variances; NaN where a mean is
        not above 0 or an arm has one person.

    References
    ----------
    Nakagawa S et al. (2015), doi:10.1111/2041-210X.12309, equations 11 and 12.
    """
    m1 = np.where(values["mean1"] > 0, values["mean1"], np.nan)
    m2 = np.where(values["mean2"] > 0, values["mean2"], np.nan)
    estimates, variances = variability_ratio(values, formula)
    estimates = estimates - np.log(m1) + np.log(m2)
    means = (values["sd1"] / m1) ** 2 / values["n1"] + (values["sd2"] / m2) ** 2 / values["n2"]
    return estimates, variances + means


def variability_ratio(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Log ratio of standard deviations, arm 1 over arm 2, and its sampling variance.

    Parameters
    ----------
    values
        Arrays ``n1 sd1 n2 sd2``, shape (K,).
    formula
        ``"LS"``: 1/(2(n1 - 1)) + 1/(2(n2 - 1)).

    Returns
    -------
    tuple of ndarray
        Log ratios, with 1/(2(n - 1)) of each arm against bias, and variances; NaN where an arm has
        one person.

    References
    ----------
    Nakagawa S et al. (2015), doi:10.1111/2041-210X.12309, equations 7 and 8.
    """
    half1 = 1 / (2 * np.where(values["n1"] > 1, values["n1"] - 1, np.nan))
    half2 = 1 / (2 * np.where(values["n2"] > 1, values["n2"] - 1, np.nan))
    return np.log(values["sd1"] / values["sd2"]) + half1 - half2, half1 + half2
