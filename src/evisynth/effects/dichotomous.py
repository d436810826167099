"""Odds ratios, risk ratios and risk differences: formulas over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["corrected_cells", "odds_ratio", "risk_difference", "risk_ratio"]


def corrected_cells(
    values: Mapping[str, NDArray[np.float64]], continuity: float, to: str
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Add a constant to the cells of 2x2 tables.

    Parameters
    ----------
    values
        Arrays ``events1 nonevents1 events2 nonevents2``, shape (K,).
    continuity
        The constant added to all four cells.
    to
        ``"only0"``: tables with a zero cell; ``"all"``: every table; ``"if0all"``: every table when
        one has a zero cell; ``"none"``.

    Returns
    -------
    cells : dict of str to ndarray
        The four cells.
    corrected : ndarray of bool, shape (K,)
        Which tables were changed.
    """
    cells = np.stack([values[name] for name in CELLS])
    zero = (cells == 0).any(axis=0)
    corrected = {
        "only0": zero,
        "all": np.ones_like(zero),
        "if0all": np.full_like(zero, zero.any()),
        "none": np.zeros_like(zero),
    }[to]
    if continuity == 0:
        corrected = np.zeros_like(zero)
    cells = np.where(corrected, cells + continuity, cells)
    return dict(zip(CELLS, cells, strict=True)), corrected


CELLS = ("events1", "nonevents1", "events2", "nonevents2")


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
    usable = np.isfinite(estimates) & np.isfinite(variances)
    return np.where(usable, estimates, np.nan), np.where(usable, variances, np.nan)


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
    usable = np.isfinite(estimates) & np.isfinite(variances)
    return np.where(usable, estimates, np.nan), np.where(usable, variances, np.nan)


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
