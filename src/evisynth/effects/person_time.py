"""Events in person-time of two arms: formulas over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["EVENTS", "rate_difference", "rate_ratio", "root_rate_difference"]

EVENTS = ("events1", "events2")


def rate_ratio(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Log ratio of incidence rates and its sampling variance, 1/events1 + 1/events2.

    Parameters
    ----------
    values
        Arrays ``events1 time1 events2 time2``, events after the continuity correction, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log rate ratios and variances; NaN where an arm has no event.

    References
    ----------
    Rothman KJ, Greenland S, Lash TL (2008), Modern Epidemiology, chapter 14.
    """
    x1 = np.where(values["events1"] > 0, values["events1"], np.nan)
    x2 = np.where(values["events2"] > 0, values["events2"], np.nan)
    estimates = np.log(x1 / values["time1"]) - np.log(x2 / values["time2"])
    return estimates, 1 / x1 + 1 / x2


def rate_difference(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Difference of incidence rates and its variance, events1/time1² + events2/time2².

    Parameters
    ----------
    values
        Arrays ``events1 time1 events2 time2``, events after the continuity correction, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Rate differences, in events for each unit of time, and variances.

    References
    ----------
    Rothman KJ, Greenland S, Lash TL (2008), Modern Epidemiology, chapter 14.
    """
    t1, t2 = values["time1"], values["time2"]
    estimates = values["events1"] / t1 - values["events2"] / t2
    return estimates, values["events1"] / t1**2 + values["events2"] / t2**2


def root_rate_difference(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Difference of the square roots of incidence rates, whose variance is 1/(4t1) + 1/(4t2).

    Parameters
    ----------
    values
        Arrays ``events1 time1 events2 time2``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Differences and variances.

    References
    ----------
    Bagos PG, Nikolopoulos GK (2009), doi:10.2202/1557-4679.1168.
    """
    t1, t2 = values["time1"], values["time2"]
    estimates = np.sqrt(values["events1"] / t1) - np.sqrt(values["events2"] / t2)
    return estimates, 1 / (4 * t1) + 1 / (4 * t2)
