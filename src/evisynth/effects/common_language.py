"""The probability that someone of arm 1 has the higher value: formulas over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["area_under_curve", "common_language"]


def common_language(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Probability of superiority of two normal distributions, and its delta-method variance.

    Parameters
    ----------
    values
        Arrays ``n1 mean1 sd1 n2 mean2 sd2``, shape (K,).
    formula
        ``"LS"``: Φ(z) with z = (mean1 - mean2)/√S, S = sd1² + sd2², the SDs of the arms being
        unequal; the variance is φ(z)² times
        (sd1²/n1 + sd2²/n2)/S + z²(sd1⁴/(n1-1) + sd2⁴/(n2-1))/(2S²). ``"HO"``: the SDs being equal,
        z = d/√2 and the variance is φ(z)²(1/n1 + 1/n2 + d²/(2(N-2)))/2.

    Returns
    -------
    tuple of ndarray
        Probabilities that a value of arm 1 is above one of arm 2, and variances; NaN where an arm
        has one person (LS) or both together have two (HO).

    References
    ----------
    McGraw KO, Wong SP (1992), doi:10.1037/0033-2909.111.2.361; Goddard MJ, Hinberg I (1990),
    doi:10.1002/sim.4780090308.
    """
    n1, n2 = values["n1"], values["n2"]
    first, second = values["sd1"] ** 2, values["sd2"] ** 2
    difference = values["mean1"] - values["mean2"]
    if formula == "HO":
        degrees = np.where(n1 + n2 > 2, n1 + n2 - 2, np.nan)
        d = difference / np.sqrt(((n1 - 1) * first + (n2 - 1) * second) / degrees)
        z = d / np.sqrt(2)
        of_z = (1 / n1 + 1 / n2 + d**2 / (2 * degrees)) / 2
    else:
        m1, m2 = (np.where(n > 1, n - 1, np.nan) for n in (n1, n2))
        total = first + second
        z = difference / np.sqrt(total)
        of_z = (first / n1 + second / n2) / total
        of_z = of_z + z**2 * (first**2 / m1 + second**2 / m2) / (2 * total**2)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return np.asarray(special.ndtr(z)), density**2 * of_z


def area_under_curve(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Area under the ROC curve (the same probability without a distribution) and its variance.

    Parameters
    ----------
    values
        Arrays ``auc n1 n2``, shape (K,): people with the higher values expected are arm 1.
    formula
        ``"LS"``: Hanley and McNeil, (A(1-A) + (n1-1)(A/(2-A) - A²) + (n2-1)(2A²/(1+A) - A²)) /
        (n1 n2); ``"LS2"``: Newcombe's, A(1-A)(1 + m(1-A)/(2-A) + mA/(1+A))/(n1 n2) with
        m = (n1 + n2)/2 - 1; ``"H0"``: (n1 + n2 + 1)/(12 n1 n2), of a test that tells nothing.

    Returns
    -------
    tuple of ndarray
        Areas and variances.

    References
    ----------
    Hanley JA, McNeil BJ (1982), doi:10.1148/radiology.143.1.7063747; Newcombe RG (2006),
    doi:10.1002/sim.2324; Ruscio J (2008), doi:10.1037/1082-989X.13.1.19 (H0).
    """
    a, n1, n2 = values["auc"], values["n1"], values["n2"]
    if formula == "H0":
        return a, (n1 + n2 + 1) / (12 * n1 * n2)
    if formula == "LS2":
        m = (n1 + n2) / 2 - 1
        return a, a * (1 - a) * (1 + m * (1 - a) / (2 - a) + m * a / (1 + a)) / (n1 * n2)
    above = (n1 - 1) * (a / (2 - a) - a**2) + (n2 - 1) * (2 * a**2 / (1 + a) - a**2)
    return a, (a * (1 - a) + above) / (n1 * n2)
