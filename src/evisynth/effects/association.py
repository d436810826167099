"""Association of two variables with two values each: formulas over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evisynth.effects.biserial import fisher_z
from evisynth.effects.dichotomous import CELLS, finite
from evisynth.effects.tetrachoric import tetrachoric_correlation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["phi", "phi_z", "tetrachoric", "tetrachoric_z", "yule_q", "yule_y"]


def phi(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Phi coefficient (the correlation of both variables) and its sampling variance.

    Parameters
    ----------
    values
        Cells ``events1 nonevents1 events2 nonevents2``, shape (K,).
    formula
        ``"ST"`` where the sizes of the rows were fixed (stratified sampling), by the delta method
        for two independent proportions; ``"CS"`` where only the total was (cross-sectional
        sampling), by Yule's formula.

    Returns
    -------
    tuple of ndarray
        Coefficients and variances; NaN where a margin is 0.

    References
    ----------
    Yule GU (1912), doi:10.2307/2340126; Fleiss JL, Berlin J (2009), in Cooper et al., The Handbook
    of Research Synthesis.
    """
    a, b, c, d = (values[name] for name in CELLS)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = a + b + c + d
        row, column = (a + b) / total, (a + c) / total
        v_row, v_column = row * (1 - row), column * (1 - column)
        estimates = (a * d - b * c) / total**2 / np.sqrt(v_row * v_column)
        if formula == "CS":
            skew_row, skew_column = 2 * row - 1, 2 * column - 1
            variances = (
                1
                - estimates**2
                + estimates
                * (1 + estimates**2 / 2)
                * skew_row
                * skew_column
                / np.sqrt(v_row * v_column)
                - 0.75 * estimates**2 * (skew_row**2 / v_row + skew_column**2 / v_column)
            ) / total
            return finite(estimates, variances)
        p1, p2 = a / (a + b), c / (c + d)
        # phi is (p1 - p2) √(v_row / v_column), and the column's share row p1 + (1 - row) p2.
        factor = np.sqrt(v_row / v_column)
        bend = estimates * (1 - 2 * column) / (2 * v_column)
        slope1, slope2 = factor - bend * row, -factor - bend * (1 - row)
        variances = slope1**2 * p1 * (1 - p1) / (a + b) + slope2**2 * p2 * (1 - p2) / (c + d)
        return finite(estimates, variances)


def phi_z(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Fisher's z of the phi coefficient; see `phi`."""
    return fisher_z(*phi(values, formula))


def yule_q(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Yule's Q, (ad - bc)/(ad + bc), with variance (1 - Q²)²/4 (1/a + 1/b + 1/c + 1/d).

    Parameters
    ----------
    values
        Cells ``events1 nonevents1 events2 nonevents2`` after the continuity correction, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Coefficients and variances; NaN where a cell is 0.

    References
    ----------
    Yule GU (1912), doi:10.2307/2340126.
    """
    a, b, c, d = (values[name] for name in CELLS)
    with np.errstate(divide="ignore", invalid="ignore"):
        q = (a * d - b * c) / (a * d + b * c)
        return finite(q, (1 - q**2) ** 2 / 4 * (1 / a + 1 / b + 1 / c + 1 / d))


def yule_y(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Yule's Y, (√ad - √bc)/(√ad + √bc), with variance (1 - Y²)²/16 (1/a + 1/b + 1/c + 1/d).

    Parameters
    ----------
    values
        Cells ``events1 nonevents1 events2 nonevents2`` after the continuity correction, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Coefficients and variances; NaN where a cell is 0.

    References
    ----------
    Yule GU (1912), doi:10.2307/2340126.
    """
    a, b, c, d = (values[name] for name in CELLS)
    with np.errstate(divide="ignore", invalid="ignore"):
        y = (np.sqrt(a * d) - np.sqrt(b * c)) / (np.sqrt(a * d) + np.sqrt(b * c))
        return finite(y, (1 - y**2) ** 2 / 16 * (1 / a + 1 / b + 1 / c + 1 / d))


def tetrachoric(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Tetrachoric correlation of the normally distributed variables behind a 2x2 table.

    Parameters
    ----------
    values
        Cells ``events1 nonevents1 events2 nonevents2``, shape (K,).
    formula
        ``"LS"``: large-sample variance of the maximum likelihood estimate, multinomial sampling.

    Returns
    -------
    tuple of ndarray
        Correlations and variances; NaN where a cell is 0 (the estimate would lie at -1 or 1).

    References
    ----------
    Pearson K (1900), doi:10.1098/rsta.1900.0022; Kirk DB (1973), doi:10.1007/BF02291118.
    """
    return tetrachoric_correlation(*(values[name] for name in CELLS))


def tetrachoric_z(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Fisher's z of the tetrachoric correlation; see `tetrachoric`."""
    return fisher_z(*tetrachoric(values, formula))
