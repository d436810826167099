"""Incidence rates of single groups: formulas over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["freeman_tukey_rate", "log_rate", "rate", "root_rate"]


def rate(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Incidence rate x/t and its sampling variance x/t².

    Parameters
    ----------
    values
        Arrays ``events time`` after the continuity correction, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Events per unit of time and variances.
    """
    x, t = values["events"], values["time"]
    return x / t, x / t**2


def log_rate(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Logarithm of the incidence rate and its sampling variance 1/x.

    Parameters
    ----------
    values
        Arrays ``events time`` after the continuity correction, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log rates and variances; NaN where there is no event.
    """
    x, t = values["events"], values["time"]
    positive = np.where(x > 0, x, np.nan)
    return np.log(positive / t), 1 / positive


def root_rate(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Square root of the incidence rate and its sampling variance 1/(4t).

    Parameters
    ----------
    values
        Arrays ``events time``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Roots of the rates and variances.
    """
    x, t = values["events"], values["time"]
    return np.sqrt(x / t), 1 / (4 * t)


def freeman_tukey_rate(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Freeman-Tukey transformed incidence rate and its sampling variance 1/(4t).

    The mean of the roots of x/t and (x+1)/t.

    Parameters
    ----------
    values
        Arrays ``events time``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Transformed rates and variances.

    References
    ----------
    Freeman MF, Tukey JW (1950), doi:10.1214/aoms/1177729756.
    """
    x, t = values["events"], values["time"]
    return (np.sqrt(x / t) + np.sqrt((x + 1) / t)) / 2, 1 / (4 * t)
