"""Point-biserial and biserial correlations from two arms: formulas over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from evisynth.effects.continuous import pooled_sd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["biserial", "biserial_z", "fisher_z", "point_biserial", "point_biserial_z"]


def fisher_z(estimates: Floats, variances: Floats) -> tuple[Floats, Floats]:
    """Bring correlations and their variances to Fisher's z by the delta method; NaN beyond 1."""
    inside = np.where(np.abs(estimates) < 1, estimates, np.nan)
    return np.arctanh(inside), variances / (1 - inside**2) ** 2


def point_biserial(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Point-biserial correlation of group (1 in arm 1, 0 in arm 2) and measurement.

    r = d/√(d² + h), d Cohen's d and h = m/n1 + m/n2 with m = N - 2.

    Parameters
    ----------
    values
        Arrays ``n1 mean1 sd1 n2 mean2 sd2``, shape (K,).
    formula
        ``"ST"`` where the sizes of the groups were fixed (stratified sampling):
        h²/(h + d²)³ (1/n1 + 1/n2 + d²/(2N)); ``"CS"`` where they were not (cross-sectional
        sampling): (1 - r²)²/N (1 - 3r²/2 + r²/(4pq)) with p = n1/N.

    Returns
    -------
    tuple of ndarray
        Correlations and variances, shape (K,).

    References
    ----------
    Tate RF (1954), doi:10.1214/aoms/1177728730; Jacobs P, Viechtbauer W (2017),
    doi:10.1002/jrsm.1218.
    """
    n1, n2 = values["n1"], values["n2"]
    total = n1 + n2
    d = (values["mean1"] - values["mean2"]) / pooled_sd(values)
    h = (total - 2) * (1 / n1 + 1 / n2)
    r = d / np.sqrt(d**2 + h)
    if formula == "CS":
        pq = n1 * n2 / total**2
        return r, (1 - r**2) ** 2 / total * (1 - 1.5 * r**2 + r**2 / (4 * pq))
    return r, h**2 / (h + d**2) ** 3 * (1 / n1 + 1 / n2 + d**2 / (2 * total))


def biserial(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Biserial correlation: the groups halve a normally distributed variable at a threshold.

    Parameters
    ----------
    values
        Arrays ``n1 mean1 sd1 n2 mean2 sd2``, shape (K,).
    formula
        ``"LS"``: Soper's (pq/f² - (3/2 + (1 - pz/f)(1 + qz/f)) r² + r⁴)/(N - 1), z the threshold
        and f the normal density there, for an r that is held within -1 to 1.

    Returns
    -------
    tuple of ndarray
        Correlations and variances, shape (K,). The correlation of small groups may lie beyond 1.

    References
    ----------
    Soper HE (1914), doi:10.1093/biomet/10.2-3.384; Jacobs P, Viechtbauer W (2017),
    doi:10.1002/jrsm.1218.
    """
    n1, n2 = values["n1"], values["n2"]
    total = n1 + n2
    p, q = n1 / total, n2 / total
    z = special.ndtri(q)
    f = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    r = np.sqrt(p * q) / f * point_biserial(values, "ST")[0]
    middle = 1.5 + (1 - p * z / f) * (1 + q * z / f)
    square = np.minimum(r**2, 1.0)
    return r, (p * q / f**2 - middle * square + square**2) / (total - 1)


def point_biserial_z(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Fisher's z of the point-biserial correlation; see `point_biserial`."""
    return fisher_z(*point_biserial(values, formula))


def biserial_z(values: Mapping[str, Floats], formula: str) -> tuple[Floats, Floats]:
    """Fisher's z of the biserial correlation; see `biserial`."""
    return fisher_z(*biserial(values, formula))
