"""Contrasts of two arms with and without an event: formulas over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from evisynth.effects.standardized import COX, LOGISTIC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "CELLS",
    "arcsine_difference",
    "finite",
    "odds_ratio",
    "odds_to_smd_logistic",
    "odds_to_smd_normal",
    "peto_odds_ratio",
    "probit_difference",
    "risk_difference",
    "risk_ratio",
]

CELLS = ("events1", "nonevents1", "events2", "nonevents2")


def finite(
    estimates: NDArray[np.float64], variances: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return estimates and variances, both NaN where one of them is not finite."""
    usable = np.isfinite(estimates) & np.isfinite(variances)
    return np.where(usable, estimates, np.nan), np.where(usable, variances, np.nan)


def _margins(
    values: Mapping[str, NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return events and sizes of both arms."""
    a, c = values["events1"], values["events2"]
    return a, a + values["nonevents1"], c, c + values["nonevents2"]


def odds_ratio(
    values: Mapping[str, NDArray[np.float64]],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log odds ratio and its sampling variance, the sum of the cells' reciprocals.

    Parameters
    ----------
    values
        Cells ``events1 nonevents1 events2 nonevents2`` after the continuity correction, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log odds ratios and variances; NaN where a cell is 0.
    """
    a, b, c, d = (values[name] for name in CELLS)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimates = np.log(a) + np.log(d) - np.log(b) - np.log(c)
        variances = 1 / a + 1 / b + 1 / c + 1 / d
    return finite(estimates, variances)


def risk_ratio(
    values: Mapping[str, NDArray[np.float64]],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log risk ratio and its sampling variance, 1/a - 1/n1 + 1/c - 1/n2.

    Parameters
    ----------
    values
        Cells ``events1 nonevents1 events2 nonevents2`` after the continuity correction, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log risk ratios and variances; NaN where an arm has no event.
    """
    a, n1, c, n2 = _margins(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimates = np.log(a) - np.log(n1) - np.log(c) + np.log(n2)
        variances = 1 / a - 1 / n1 + 1 / c - 1 / n2
    return finite(estimates, variances)


def risk_difference(
    values: Mapping[str, NDArray[np.float64]], formula: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Risk difference and its sampling variance.

    Parameters
    ----------
    values
        Cells ``events1 nonevents1 events2 nonevents2`` after the continuity correction, shape (K,).
    formula
        ``"LS"``: p1(1-p1)/n1 + p2(1-p2)/n2; ``"UB"``: over n - 1; ``"AV"``: as LS with the risks of
        all rows together.

    Returns
    -------
    tuple of ndarray
        Risk differences and variances.
    """
    a, n1, c, n2 = _margins(values)
    p1, p2 = a / n1, c / n2
    estimates = p1 - p2
    if formula == "UB":
        with np.errstate(divide="ignore", invalid="ignore"):
            variances = p1 * (1 - p1) / (n1 - 1) + p2 * (1 - p2) / (n2 - 1)
        return estimates, np.where(np.isfinite(variances), variances, np.nan)
    if formula == "AV":
        p1 = np.full_like(p1, np.nansum(a) / np.nansum(n1))
        p2 = np.full_like(p2, np.nansum(c) / np.nansum(n2))
    return estimates, p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2


def arcsine_difference(
    values: Mapping[str, NDArray[np.float64]],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Difference of the arcsine square roots of the risks, with variance 1/(4n1) + 1/(4n2).

    Parameters
    ----------
    values
        Cells ``events1 nonevents1 events2 nonevents2``, shape (K,); zeros do no harm.
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Differences in radians (half of Cohen's h) and variances.

    References
    ----------
    Rücker G et al. (2009), doi:10.1002/sim.3511.
    """
    a, n1, c, n2 = _margins(values)
    estimates = np.arcsin(np.sqrt(a / n1)) - np.arcsin(np.sqrt(c / n2))
    return estimates, 1 / (4 * n1) + 1 / (4 * n2)


def peto_odds_ratio(
    values: Mapping[str, NDArray[np.float64]],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Peto's one-step log odds ratio, (O - E)/V with variance 1/V.

    Parameters
    ----------
    values
        Cells ``events1 nonevents1 events2 nonevents2``, shape (K,).
    formula
        ``"LS"``: V is the hypergeometric variance of the events in arm 1.

    Returns
    -------
    tuple of ndarray
        Log odds ratios and variances; NaN where nobody, or everybody, has the event.

    References
    ----------
    Yusuf S et al. (1985), doi:10.1016/s0033-0620(85)80003-7.
    """
    a, n1, c, n2 = _margins(values)
    total = n1 + n2
    events = a + c
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = events * (total - events) * n1 * n2 / (total**2 * (total - 1))
        return finite((a - events * n1 / total) / spread, 1 / spread)


def probit_difference(
    values: Mapping[str, NDArray[np.float64]],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Difference of the probits of the risks: a standardized mean difference.

    It estimates that of a normally distributed variable of which the event is the upper part.

    Parameters
    ----------
    values
        Cells ``events1 nonevents1 events2 nonevents2`` after the continuity correction, shape (K,).
    formula
        ``"LS"``: sum over the arms of 2π p(1-p) exp(z²)/n, z the probit of p.

    Returns
    -------
    tuple of ndarray
        Differences and variances; NaN where a cell is 0.

    References
    ----------
    Sánchez-Meca J et al. (2003), doi:10.1037/1082-989X.8.4.448.
    """
    a, n1, c, n2 = _margins(values)
    p1, p2 = a / n1, c / n2
    z1, z2 = special.ndtri(p1), special.ndtri(p2)
    with np.errstate(over="ignore", invalid="ignore"):
        v1 = p1 * (1 - p1) * np.exp(z1**2) / n1
        v2 = p2 * (1 - p2) * np.exp(z2**2) / n2
        return finite(z1 - z2, 2 * np.pi * (v1 + v2))


def odds_to_smd_normal(
    values: Mapping[str, NDArray[np.float64]], formula: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standardized mean difference from an odds ratio of normally distributed people: /1.65.

    Parameters
    ----------
    values
        Cells ``events1 nonevents1 events2 nonevents2`` after the continuity correction, shape (K,).
    formula
        ``"LS"``: variance of the log odds ratio over 1.65².

    Returns
    -------
    tuple of ndarray
        Estimates and variances; NaN where a cell is 0.

    References
    ----------
    Cox DR, Snell EJ (1989), Analysis of Binary Data; Sánchez-Meca J et al. (2003),
    doi:10.1037/1082-989X.8.4.448.
    """
    estimates, variances = odds_ratio(values, formula)
    return estimates / COX, variances / COX**2


def odds_to_smd_logistic(
    values: Mapping[str, NDArray[np.float64]], formula: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standardized mean difference from an odds ratio of logistic distributions: times √3/π.

    Parameters
    ----------
    values
        Cells ``events1 nonevents1 events2 nonevents2`` after the continuity correction, shape (K,).
    formula
        ``"LS"``: variance of the log odds ratio times 3/π².

    Returns
    -------
    tuple of ndarray
        Estimates and variances; NaN where a cell is 0.

    References
    ----------
    Hasselblad V, Hedges LV (1995), doi:10.1037/0033-2909.117.1.167; Chinn S (2000),
    doi:10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M.
    """
    estimates, variances = odds_ratio(values, formula)
    return estimates / LOGISTIC, variances / LOGISTIC**2
