"""Change in a treated and a control group measured before and after: formulas over arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evisynth.effects.change import change_standardized_by_first
from evisynth.effects.continuous import hedges_correction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["difference_of_standardized_changes", "standardized_difference_of_changes"]


def difference_of_standardized_changes(
    values: Mapping[str, Floats], formula: str
) -> tuple[Floats, Floats]:
    """Difference of the standardized mean changes of two arms (d_ppc1), and its variance.

    Each arm's change is standardized by its own SD before the treatment; variances add up.

    Parameters
    ----------
    values
        Arrays ``n1 before1 after1 sd_before1 r1 n2 before2 after2 sd_before2 r2``, shape (K,).
    formula
        ``"LS"`` or ``"LS2"``: variance of the standardized change of each arm (SMCR).

    Returns
    -------
    tuple of ndarray
        Differences, arm 1 minus arm 2, and variances; NaN where an arm has fewer than 3 people.

    References
    ----------
    Becker BJ (1988), doi:10.1111/j.2044-8317.1988.tb00901.x; Morris SB (2008),
    doi:10.1177/1094428106291059.
    """
    estimates, variances = [], []
    for arm in "12":
        own = {
            "n": values[f"n{arm}"],
            "mean1": values[f"after{arm}"],
            "mean2": values[f"before{arm}"],
            "sd1": values[f"sd_before{arm}"],
            "r": values[f"r{arm}"],
        }
        estimate, variance = change_standardized_by_first(own, formula)
        estimates.append(estimate)
        variances.append(variance)
    return estimates[0] - estimates[1], variances[0] + variances[1]


def standardized_difference_of_changes(
    values: Mapping[str, Floats], formula: str
) -> tuple[Floats, Floats]:
    """Difference of the mean changes over the pooled SD before the treatment (d_ppc2).

    Parameters
    ----------
    values
        Arrays ``n1 before1 after1 sd_before1 r1 n2 before2 after2 sd_before2 r2``, shape (K,). The
        correlations of the arms are averaged with their degrees of freedom.
    formula
        ``"Morris"``: 2J²(1-r)a (N-2)/(N-4) (1 + d²/(2(1-r)a)) - d² with a = 1/n1 + 1/n2, J the
        approximate correction 1 - 3/(4(N-2) - 1) and d corrected by it, as published; ``"LS"``:
        exact J, variance 2(1-r)a + d²/(2N).

    Returns
    -------
    tuple of ndarray
        Standardized differences, arm 1 minus arm 2, and variances; NaN where both arms together
        have fewer than 5 people.

    References
    ----------
    Morris SB (2008), doi:10.1177/1094428106291059, eq. 8 to 10 and 25.
    """
    n1, n2 = values["n1"], values["n2"]
    total = np.where(n1 + n2 > 4, n1 + n2, np.nan)
    sd1, sd2 = values["sd_before1"], values["sd_before2"]
    pooled = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (total - 2))
    r = ((n1 - 1) * values["r1"] + (n2 - 1) * values["r2"]) / (total - 2)
    change = (values["after1"] - values["before1"]) - (values["after2"] - values["before2"])
    correction = hedges_correction(total - 2) if formula == "LS" else 1 - 3 / (4 * (total - 2) - 1)
    d = correction * change / pooled
    base = 2 * (1 - r) * (1 / n1 + 1 / n2)
    if formula == "LS":
        return d, base + d**2 / (2 * total)
    with np.errstate(invalid="ignore"):
        return d, correction**2 * (total - 2) / (total - 4) * (base + d**2) - d**2
