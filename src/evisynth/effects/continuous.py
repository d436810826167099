"""Differences of means: formulas over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["hedges_correction", "mean_difference", "pooled_sd", "standardized_mean_difference"]

SERIES_FROM = 200.0
"""Degrees of freedom from which Stirling's series is used: there its error is below 1e-15, and
the difference of two log-gammas begins to lose digits."""


def hedges_correction(df: ArrayLike) -> NDArray[np.float64]:
    """Hedges' exact small-sample correction J.

    J(m) = Γ(m/2) / (sqrt(m/2) Γ((m-1)/2)); 0 at m = 1, and NaN below.

    Parameters
    ----------
    df : array_like
        Degrees of freedom m, n1 + n2 - 2 for two arms.

    Returns
    -------
    ndarray
        The factor, of the same shape.

    References
    ----------
    Hedges LV (1981), doi:10.3102/10769986006002107.

    Examples
    --------
    >>> hedges_correction([2, 10, 1000]).round(6).tolist()
    [0.56419, 0.922746, 0.99925]
    """
    m = np.asarray(df, dtype=np.float64)
    m = np.where(m >= 1, m, np.nan)
    small = np.minimum(m, SERIES_FROM)
    exact = np.exp(special.gammaln(small / 2) - special.gammaln((small - 1) / 2)) / np.sqrt(
        small / 2
    )
    x = (np.maximum(m, SERIES_FROM) - 1) / 2
    ratio = 1 + (-1 / 8 + (1 / 128 + (5 / 1024 - (21 / 32768 + 399 / 262144 / x) / x) / x) / x) / x
    series = np.sqrt(1 - 1 / np.maximum(m, SERIES_FROM)) * ratio
    result: NDArray[np.float64] = np.where(m < SERIES_FROM, exact, series)
    return result


def pooled_sd(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the pooled standard deviation of two arms, NaN where it has no degrees of freedom."""
    n1, n2 = values["n1"], values["n2"]
    m = np.where(n1 + n2 > 2, n1 + n2 - 2, np.nan)
    pooled: NDArray[np.float64] = np.sqrt(
        ((n1 - 1) * values["sd1"] ** 2 + (n2 - 1) * values["sd2"] ** 2) / m
    )
    return pooled


def mean_difference(
    values: Mapping[str, NDArray[np.float64]], formula: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean difference, arm 1 minus arm 2, and its sampling variance.

    Parameters
    ----------
    values
        Arrays ``n1 mean1 sd1 n2 mean2 sd2``, shape (K,).
    formula
        ``"LS"`` and ``"UB"``: sd1²/n1 + sd2²/n2, which is unbiased; ``"HO"``: pooled variance times
        1/n1 + 1/n2.

    Returns
    -------
    tuple of ndarray
        Estimates and variances, shape (K,).

    References
    ----------
    Borenstein M (2009), in Cooper et al., The Handbook of Research Synthesis, eq. 12.3 and 12.5.
    """
    n1, n2 = values["n1"], values["n2"]
    estimates = values["mean1"] - values["mean2"]
    if formula == "HO":
        return estimates, pooled_sd(values) ** 2 * (1 / n1 + 1 / n2)
    return estimates, values["sd1"] ** 2 / n1 + values["sd2"] ** 2 / n2


def standardized_mean_difference(
    values: Mapping[str, NDArray[np.float64]], formula: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standardized mean difference (Hedges' g) and its sampling variance.

    Parameters
    ----------
    values
        Arrays ``n1 mean1 sd1 n2 mean2 sd2``, shape (K,).
    formula
        ``"LS"``: 1/n1 + 1/n2 + g²/(2N); ``"LS2"``: J² (1/n1 + 1/n2 + d²/(2N)); ``"UB"``:
        1/n1 + 1/n2 + (1 - (m-2)/(m J²)) g²; ``"AV"``: as LS with the mean of g weighted by N;
        ``"H0"``: 1/n1 + 1/n2; ``"RevMan"``: 1/n1 + 1/n2 + g²/(2(N - 3.94)) with the approximate
        correction 1 - 3/(4N - 9).

    Returns
    -------
    tuple of ndarray
        Estimates and variances, shape (K,); NaN where N < 4 (no standard deviation to speak of).

    References
    ----------
    Hedges LV (1982), doi:10.1037/0033-2909.92.2.490 (LS); Hedges LV (1983),
    doi:10.1037/0033-2909.93.2.388 (UB); Borenstein M (2009) eq. 12.17 (LS2); Deeks JJ, Higgins JPT
    (2010), Statistical algorithms in Review Manager 5 (RevMan).
    """
    n1, n2 = values["n1"], values["n2"]
    total = n1 + n2
    m = np.where(total > 3, total - 2, np.nan)
    d = (values["mean1"] - values["mean2"]) / pooled_sd(values)
    if formula == "RevMan":
        g = (1 - 3 / (4 * total - 9)) * d
    else:
        correction = hedges_correction(m)
        g = correction * d
    base = 1 / n1 + 1 / n2
    if formula == "LS2":
        return g, correction**2 * (base + d**2 / (2 * total))
    if formula == "UB":
        return g, base + (1 - (m - 2) / (m * correction**2)) * g**2
    if formula == "H0":
        return g, np.where(np.isnan(g), np.nan, base)
    if formula == "RevMan":
        return g, base + g**2 / (2 * (total - 3.94))
    if formula == "AV":
        known = np.isfinite(g)
        mean = np.sum(total[known] * g[known]) / np.sum(total[known]) if known.any() else np.nan
        return g, np.where(known, base + mean**2 / (2 * total), np.nan)
    return g, base + g**2 / (2 * total)
