"""Proportions of single groups: formulas over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "arcsine_proportion",
    "double_arcsine_proportion",
    "log_proportion",
    "logit_proportion",
    "probit_proportion",
    "proportion",
]


def _counts(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats, Floats]:
    """Return events, size, and the proportion that the variance is computed with.

    That is the row's own, or for ``"AV"`` the one of all rows together.
    """
    x, n = values["events"], values["events"] + values["nonevents"]
    if formula != "AV":
        return x, n, x / n
    known = np.isfinite(x) & np.isfinite(n)
    total = np.sum(n[known])
    return x, n, np.full_like(x, np.sum(x[known]) / total if total > 0 else np.nan)


def _finite(estimates: Floats, variances: Floats) -> tuple[Floats, Floats]:
    """Set both to NaN where one is not finite."""
    usable = np.isfinite(estimates) & np.isfinite(variances)
    return np.where(usable, estimates, np.nan), np.where(usable, variances, np.nan)


def proportion(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Raw proportion and its sampling variance.

    Parameters
    ----------
    values
        Arrays ``events nonevents`` after the continuity correction, shape (K,).
    formula
        ``"LS"``: p(1-p)/n; ``"UB"``: p(1-p)/(n-1); ``"AV"``: as LS with the proportion of all rows
        together.

    Returns
    -------
    tuple of ndarray
        Proportions and variances.
    """
    x, n, p = _counts(values, formula)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _finite(x / n, p * (1 - p) / (n - 1 if formula == "UB" else n))


def log_proportion(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Logarithm of the proportion and its sampling variance.

    Parameters
    ----------
    values
        Arrays ``events nonevents`` after the continuity correction, shape (K,).
    formula
        ``"LS"``: 1/x - 1/n; ``"AV"``: with the proportion of all rows together.

    Returns
    -------
    tuple of ndarray
        Log proportions and variances; NaN where there is no event.
    """
    x, n, p = _counts(values, formula)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _finite(np.log(x / n), 1 / (n * p) - 1 / n)


def logit_proportion(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Logit (log odds) of the proportion and its sampling variance.

    Parameters
    ----------
    values
        Arrays ``events nonevents`` after the continuity correction, shape (K,).
    formula
        ``"LS"``: 1/x + 1/(n-x); ``"AV"``: with the proportion of all rows together.

    Returns
    -------
    tuple of ndarray
        Logits and variances; NaN where nobody or everybody has the event.
    """
    x, n, p = _counts(values, formula)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimates = np.log(x) - np.log(values["nonevents"])
        return _finite(estimates, 1 / (n * p) + 1 / (n * (1 - p)))


def probit_proportion(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Probit of the proportion and its sampling variance, p(1-p)/(n φ(z)²) with z the probit.

    Parameters
    ----------
    values
        Arrays ``events nonevents`` after the continuity correction, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Probits and variances; NaN where nobody or everybody has the event.

    References
    ----------
    The delta method; Sánchez-Meca J, Marín-Martínez F, Chacón-Moscoso S (2003),
    doi:10.1037/1082-989X.8.4.448, eq. 9 for the same in two groups.
    """
    x, other = values["events"], values["nonevents"]
    n = x + other
    with np.errstate(divide="ignore", invalid="ignore"):
        # the smaller tail keeps its digits
        z = np.where(x <= other, special.ndtri(x / n), -special.ndtri(other / n))
        variances = 2 * np.pi * (x / n) * (other / n) * np.exp(z**2) / n
    return _finite(z, variances)


def arcsine_proportion(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Arcsine of the root of the proportion and its sampling variance, 1/(4n).

    Parameters
    ----------
    values
        Arrays ``events nonevents``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Transformed proportions in radians, 0 to π/2, and variances.
    """
    x = values["events"]
    n = x + values["nonevents"]
    with np.errstate(divide="ignore", invalid="ignore"):
        return _finite(np.arcsin(np.sqrt(x / n)), 1 / (4 * n))


def double_arcsine_proportion(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Freeman-Tukey double arcsine of the proportion and its sampling variance, 1/(4n + 2).

    The mean of the arcsines of the roots of x/(n+1) and (x+1)/(n+1), half of the sum that Freeman
    and Tukey wrote.

    Parameters
    ----------
    values
        Arrays ``events nonevents``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Transformed proportions in radians and variances.

    References
    ----------
    Freeman MF, Tukey JW (1950), doi:10.1214/aoms/1177729756.
    """
    x = values["events"]
    n = x + values["nonevents"]
    with np.errstate(invalid="ignore"):
        first, second = np.sqrt(x / (n + 1)), np.sqrt((x + 1) / (n + 1))
        estimates = (np.arcsin(first) + np.arcsin(second)) / 2
    return _finite(estimates, 1 / (4 * n + 2))
