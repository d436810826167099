"""Deviation from the Hardy-Weinberg equilibrium: a formula over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["excess_heterozygosity"]


def excess_heterozygosity(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Log of the relative excess heterozygosity b/(2√(ac)) and its sampling variance.

    The variance is 1/b + 1/(4a) + 1/(4c).

    Parameters
    ----------
    values
        Numbers of people ``homozygous1`` (a), ``heterozygous`` (b), ``homozygous2`` (c), shape
        (K,). No constant is added.
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log ratios and variances; NaN where a genotype has nobody.

    References
    ----------
    Ziegler A, Van Steen K, Wellek S (2011), doi:10.1007/s10549-010-1295-z.
    """
    names = ("homozygous1", "heterozygous", "homozygous2")
    a, b, c = (np.where(values[name] > 0, values[name], np.nan) for name in names)
    estimates = np.log(b / 2) - (np.log(a) + np.log(c)) / 2
    return estimates, 1 / b + 1 / (4 * a) + 1 / (4 * c)
