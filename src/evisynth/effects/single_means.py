"""Means and standard deviations of single groups: formulas over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evisynth.effects.continuous import hedges_correction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["log_mean", "log_sd", "log_variation", "mean", "standardized_mean"]


def mean(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Mean and its sampling variance sd²/n.

    Parameters
    ----------
    values
        Arrays ``n mean sd``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Means and variances, in the units of the measurement.
    """
    return values["mean"], values["sd"] ** 2 / values["n"]


def standardized_mean(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Standardized mean J·mean/sd and its sampling variance 1/n + y²/(2n).

    Parameters
    ----------
    values
        Arrays ``n mean sd``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Means in standard deviations and variances; NaN where n < 3.
    """
    n = values["n"]
    estimates = _correction(n) * values["mean"] / values["sd"]
    return estimates, 1 / n + estimates**2 / (2 * n)


def _correction(n: Floats) -> Floats:
    """Hedges' correction on n - 1 degrees of freedom; NaN where it would be 0 (n < 3)."""
    return hedges_correction(np.where(n >= 3, n - 1, np.nan))


def log_mean(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Logarithm of the mean and its sampling variance sd²/(n mean²).

    Parameters
    ----------
    values
        Arrays ``n mean sd``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log means and variances; NaN where the mean is not above 0.
    """
    positive = np.where(values["mean"] > 0, values["mean"], np.nan)
    return np.log(positive), values["sd"] ** 2 / (values["n"] * positive**2)


def log_variation(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Logarithm of the coefficient of variation with bias correction, and its sampling variance.

    log(sd/mean) + 1/(2(n-1)); variance 1/(2(n-1)) + sd²/(n mean²). The term with the correlation of
    mean and SD is left out: for normal data they are independent.

    Parameters
    ----------
    values
        Arrays ``n mean sd``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log coefficients of variation and variances; NaN where n < 2 or the mean is not above 0.

    References
    ----------
    Nakagawa S et al. (2015), doi:10.1111/2041-210x.12309, eq. 8 and 27.
    """
    logs, of_mean = log_mean(values, "LS")
    of_sd, variances = log_sd(values, "LS")
    return of_sd - logs, variances + of_mean


def log_sd(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Logarithm of the standard deviation with bias correction, and its sampling variance.

    log(sd) + 1/(2(n-1)); variance 1/(2(n-1)).

    Parameters
    ----------
    values
        Arrays ``n sd``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log standard deviations and variances; NaN where n < 2.

    References
    ----------
    Raudenbush SW, Bryk AS (1987), doi:10.3102/10769986012003241.
    """
    n = values["n"]
    half = 1 / (2 * np.where(n > 1, n - 1, np.nan))
    return np.log(values["sd"]) + half, half
