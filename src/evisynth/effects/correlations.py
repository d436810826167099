"""Correlations, partial and semi-partial correlations, and R²: formulas over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "correlation",
    "fisher_z",
    "partial_correlation",
    "partial_fisher_z",
    "r_squared",
    "r_squared_fisher_z",
    "semipartial_correlation",
    "semipartial_fisher_z",
    "unbiased_correlation",
]


def _above(values: Floats, least: float) -> Floats:
    """Return values, NaN where they are not above a number."""
    return np.where(values > least, values, np.nan)


def _average(estimates: Floats, n: Floats, formula: str) -> Floats:
    """Return the estimates, or for ``"AV..."`` their mean weighted by n on every row."""
    if not formula.startswith("AV"):
        return estimates
    known = np.isfinite(estimates) & np.isfinite(n)
    total = np.sum(n[known])
    mean = np.sum(n[known] * estimates[known]) / total if total > 0 else np.nan
    return np.where(np.isfinite(estimates), mean, np.nan)


SERIES_FROM = 20.0
"""Third parameter from which the hypergeometric series is summed; SciPy's function has no answer
for large ones."""

TERMS = 80
"""Terms of that series: the last one is below 1e-18."""


def _hypergeometric(a: float, c: Floats, x: Floats) -> Floats:
    """Gauss' function ₂F₁(a, a; c; x) for a of 1/2 or 1, c above a and x from 0 to 1."""
    large = np.where(c >= SERIES_FROM, c, SERIES_FROM)[:, None]
    k = np.arange(TERMS)
    terms = np.cumprod((a + k) ** 2 / ((large + k) * (k + 1)) * x[:, None], axis=1)
    series = 1 + terms[:, ::-1].sum(axis=1)
    exact = special.hyp2f1(a, a, np.minimum(c, SERIES_FROM), x)
    result: Floats = np.where(c >= SERIES_FROM, series, exact)
    return result


def correlation(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Pearson correlation and its sampling variance.

    Parameters
    ----------
    values
        Arrays ``r n``, shape (K,).
    formula
        ``"LS"``: (1-r²)²/(n-1); ``"AV"``: with the mean of r weighted by n.

    Returns
    -------
    tuple of ndarray
        Correlations and variances; NaN where n < 4.

    References
    ----------
    Borenstein M (2009), in Cooper et al., The Handbook of Research Synthesis, eq. 12.27.
    """
    r, n = values["r"], values["n"]
    return r, (1 - _average(r, n, formula) ** 2) ** 2 / (_above(n, 3) - 1)


def unbiased_correlation(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Correlation corrected for its bias, G = r ₂F₁(1/2, 1/2; (n-2)/2; 1-r²), and its variance.

    Parameters
    ----------
    values
        Arrays ``r n``, shape (K,).
    formula
        ``"LS"``: (1-G²)²/(n-1); ``"UB"``: the unbiased estimate of the variance of G, that is
        G² - 1 + (n-3)/(n-2) (1-r²) ₂F₁(1, 1; n/2; 1-r²); ``"AV"``: LS with the mean of G weighted
        by n.

    Returns
    -------
    tuple of ndarray
        Corrected correlations and variances; NaN where n < 5.

    References
    ----------
    Olkin I, Pratt JW (1958), doi:10.1214/aoms/1177706717, eq. 2.3; Hedges LV (1989),
    doi:10.1037/0021-9010.74.3.469 (UB; its equation before the approximation).
    """
    r, n = values["r"], _above(values["n"], 4)
    rest = (1 - r) * (1 + r)
    estimates = r * _hypergeometric(0.5, (n - 2) / 2, rest)
    if formula == "UB":
        share = (n - 3) / (n - 2) * rest * _hypergeometric(1.0, n / 2, rest)
        return estimates, estimates**2 - 1 + share
    return estimates, (1 - _average(estimates, n, formula) ** 2) ** 2 / (n - 1)


def fisher_z(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Fisher's z of a correlation and its sampling variance 1/(n-3).

    Parameters
    ----------
    values
        Arrays ``r n``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Transformed correlations and variances; NaN where n < 4 or r is 1 or -1.

    References
    ----------
    Fisher RA (1921), On the probable error of a coefficient of correlation deduced from a small
    sample, http://hdl.handle.net/2440/15169.
    """
    inside = np.where(np.abs(values["r"]) < 1, values["r"], np.nan)
    variances = 1 / (_above(values["n"], 3) - 3)
    return np.arctanh(inside), np.where(np.isnan(inside), np.nan, variances)


def partial_correlation(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Partial correlation of a regression's predictor and its sampling variance.

    Parameters
    ----------
    values
        Arrays ``r n predictors``, shape (K,), with r the partial correlation, t/√(t² + n-m-1) from
        the t value of the coefficient among m predictors.
    formula
        ``"LS"``: (1-r²)²/(n-m-1); ``"AV"``: with the mean of r weighted by n.

    Returns
    -------
    tuple of ndarray
        Partial correlations and variances; NaN where n ≤ m + 1.

    References
    ----------
    Aloe AM, Thompson CG (2013), doi:10.5243/jsswr.2013.24.
    """
    r, n = values["r"], values["n"]
    degrees = _above(n - values["predictors"] - 1, 0)
    return r, (1 - _average(r, n, formula) ** 2) ** 2 / degrees


def partial_fisher_z(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Fisher's z of a partial correlation and its sampling variance.

    Parameters
    ----------
    values
        Arrays ``r n predictors``, shape (K,), with r the partial correlation and m predictors.
    formula
        ``"LS"``: 1/(n-m-1); ``"Fisher"``: 1/(n-m-2), what m - 1 variables held constant leave of
        Fisher's n - 3.

    Returns
    -------
    tuple of ndarray
        Transformed partial correlations and variances; NaN where no degrees of freedom are left or
        r is 1 or -1.

    References
    ----------
    Aloe AM, Thompson CG (2013), doi:10.5243/jsswr.2013.24 (LS); Fisher RA (1924), The distribution
    of the partial correlation coefficient, http://hdl.handle.net/2440/15182 (Fisher).
    """
    inside = np.where(np.abs(values["r"]) < 1, values["r"], np.nan)
    less = 2 if formula == "Fisher" else 1
    degrees = _above(values["n"] - values["predictors"] - less, 0)
    return np.arctanh(inside), np.where(np.isnan(inside), np.nan, 1 / degrees)


def _semipartial(values: Mapping[str, Floats]) -> Floats:
    """Return semi-partial correlations from partial ones, t√(1-R²)/√(n-m-1)."""
    r, rest = values["r"], 1 - values["r2"]
    # with f² = r²/(1-r²) of the partial correlation, t² = f² (n-m-1)
    inside = np.where(np.abs(r) < 1, r, np.nan)
    found: Floats = inside / np.sqrt((1 - inside) * (1 + inside)) * np.sqrt(rest)
    return found


def semipartial_correlation(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Semi-partial correlation of a regression's predictor and its sampling variance.

    t√(1-R²)/√(n-m-1) from the t value of the coefficient among m predictors.

    Parameters
    ----------
    values
        Arrays ``r n predictors r2``, shape (K,), with r the partial correlation.
    formula
        ``"LS"``: (R⁴ - 2R² + U + 1 - U²)/n with U = R² - sr², the R² without the predictor;
        ``"AV"``: with the mean of sr weighted by n.

    Returns
    -------
    tuple of ndarray
        Semi-partial correlations and variances; NaN where no degrees of freedom are left.

    References
    ----------
    Aloe AM, Becker BJ (2012), doi:10.3102/1076998610396901, eq. 5 and 6.
    """
    n, r2 = values["n"], values["r2"]
    n = np.where(n - values["predictors"] - 1 > 0, n, np.nan)
    estimates = np.where(np.isnan(n), np.nan, _semipartial(values))
    without = r2 - _average(estimates, n, formula) ** 2
    return estimates, (r2**2 - 2 * r2 + without + 1 - without**2) / n


def semipartial_fisher_z(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Fisher's z of a semi-partial correlation, with its variance by the delta method.

    Parameters
    ----------
    values
        Arrays ``r n predictors r2``, shape (K,), with r the partial correlation.
    formula
        ``"LS"``: the variance of the semi-partial correlation over (1-sr²)²; ``"AV"``: with the
        mean of sr weighted by n.

    Returns
    -------
    tuple of ndarray
        Transformed semi-partial correlations and variances.

    References
    ----------
    Aloe AM, Becker BJ (2012), doi:10.3102/1076998610396901.
    """
    estimates, variances = semipartial_correlation(values, formula)
    at = _average(estimates, values["n"], formula)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.arctanh(estimates), variances / (1 - at**2) ** 2


def r_squared(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """R² of a regression and its sampling variance.

    Parameters
    ----------
    values
        Arrays ``r2 n predictors``, shape (K,).
    formula
        ``"LS"``: 4R²(1-R²)²/n; ``"LS2"``: 4R²(1-R²)²(n-m-1)²/((n²-1)(n+3)), m predictors; ``"AV"``
        and ``"AV2"``: with the mean of R² weighted by n.

    Returns
    -------
    tuple of ndarray
        R² and variances; no variance where R² is 0 or 1.

    References
    ----------
    Olkin I, Finn JD (1995), doi:10.1037/0033-2909.118.1.155 (LS); Kelley K (2007),
    doi:10.18637/jss.v020.i08, from Stuart, Ord and Arnold (1999) (LS2).
    """
    r2, n = values["r2"], values["n"]
    degrees = _above(n - values["predictors"] - 1, 0)
    mean = _average(r2, n, formula)
    factor = degrees**2 / ((n**2 - 1) * (n + 3)) if formula.endswith("2") else 1 / n
    variances = 4 * mean * (1 - mean) ** 2 * factor
    return r2, np.where(np.isnan(degrees), np.nan, variances)


def r_squared_fisher_z(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Fisher's z of the multiple correlation √R² and its sampling variance 1/n.

    Parameters
    ----------
    values
        Arrays ``r2 n predictors``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Transformed R² and variances; NaN where R² is 1 or no degrees of freedom are left.

    References
    ----------
    Olkin I, Finn JD (1995), doi:10.1037/0033-2909.118.1.155.
    """
    inside = np.where(values["r2"] < 1, values["r2"], np.nan)
    left = values["n"] - values["predictors"] - 1 > 0
    usable = left & ~np.isnan(inside)
    estimates = np.arctanh(np.sqrt(inside))
    return np.where(usable, estimates, np.nan), np.where(usable, 1 / values["n"], np.nan)
