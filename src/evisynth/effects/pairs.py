"""Two treatments of matched pairs (or of the same people): formulas over arrays of rows.

The table counts pairs by the outcome under treatment 1 (first digit) and treatment 2 (second
digit), 1 with the event and 2 without: ``pairs11 pairs12 pairs21 pairs22``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evisynth.effects.dichotomous import finite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "PAIRS",
    "conditional_odds_ratio",
    "marginal_odds_ratio",
    "marginal_odds_ratio_by_correlation",
    "marginal_risk_difference",
    "marginal_risk_ratio",
    "peto_pairs",
]

PAIRS = ("pairs11", "pairs12", "pairs21", "pairs22")


def marginal_risk_ratio(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Log ratio of the marginal risks, with variance (b + c)/((a + b)(a + c)).

    Parameters
    ----------
    values
        Cells ``pairs11`` (a) ``pairs12`` (b) ``pairs21`` (c) ``pairs22`` (d), shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log risk ratios and variances.

    References
    ----------
    Zou GY (2007), doi:10.1177/1740774506075667.
    """
    a, b, c, _ = (values[name] for name in PAIRS)
    with np.errstate(divide="ignore", invalid="ignore"):
        return finite(np.log((a + b) / (a + c)), (b + c) / ((a + b) * (a + c)))


def marginal_odds_ratio(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Log ratio of the marginal odds; the variance takes the pairing into account.

    Parameters
    ----------
    values
        Cells ``pairs11`` (a) ``pairs12`` (b) ``pairs21`` (c) ``pairs22`` (d), shape (K,).
    formula
        ``"LS"``: variances of both log odds less twice their covariance
        (p11 - p1p2)/(N p1(1-p1) p2(1-p2)).

    Returns
    -------
    tuple of ndarray
        Log odds ratios and variances.

    References
    ----------
    Becker MP, Balagtas CC (1993), doi:10.2307/2532242; Elbourne DR et al. (2002),
    doi:10.1093/ije/31.1.140.
    """
    a, b, c, d = (values[name] for name in PAIRS)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = a + b + c + d
        p1, p2 = (a + b) / total, (a + c) / total
        v1, v2 = p1 * (1 - p1), p2 * (1 - p2)
        estimates = np.log(a + b) - np.log(c + d) - np.log(a + c) + np.log(b + d)
        together = (a / total - p1 * p2) / (v1 * v2)
        return finite(estimates, (1 / v1 + 1 / v2 - 2 * together) / total)


def marginal_risk_difference(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Difference of the marginal risks, (b - c)/N, with variance (b + c - (b - c)²/N)/N².

    Parameters
    ----------
    values
        Cells ``pairs11`` (a) ``pairs12`` (b) ``pairs21`` (c) ``pairs22`` (d), shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Risk differences and variances.

    References
    ----------
    May WL, Johnson WD (1997),
    doi:10.1002/(SICI)1097-0258(19970930)16:18<2127::AID-SIM633>3.0.CO;2-W.
    """
    b, c = values["pairs12"], values["pairs21"]
    with np.errstate(divide="ignore", invalid="ignore"):
        total = np.sum([values[name] for name in PAIRS], axis=0)
        return finite((b - c) / total, (b + c - (b - c) ** 2 / total) / total**2)


def conditional_odds_ratio(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Log odds ratio within pairs, log(b/c), with variance 1/b + 1/c.

    Parameters
    ----------
    values
        Cells ``pairs11`` (a) ``pairs12`` (b) ``pairs21`` (c) ``pairs22`` (d), shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log odds ratios and variances; NaN where b or c is 0.

    References
    ----------
    Curtin F, Elbourne D, Altman DG (2002), doi:10.1002/sim.1206.
    """
    b, c = values["pairs12"], values["pairs21"]
    with np.errstate(divide="ignore", invalid="ignore"):
        return finite(np.log(b) - np.log(c), 1 / b + 1 / c)


def peto_pairs(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Log odds ratio within pairs by Peto's method, 2(b - c)/(b + c), with variance 4/(b + c).

    Parameters
    ----------
    values
        Cells ``pairs11`` (a) ``pairs12`` (b) ``pairs21`` (c) ``pairs22`` (d), shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Log odds ratios and variances; NaN where b and c are 0.

    References
    ----------
    Curtin F, Elbourne D, Altman DG (2002), doi:10.1002/sim.1206.
    """
    b, c = values["pairs12"], values["pairs21"]
    with np.errstate(divide="ignore", invalid="ignore"):
        return finite(2 * (b - c) / (b + c), 4 / (b + c))


def marginal_odds_ratio_by_correlation(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Log ratio of the marginal odds from the marginal table and the correlation of the pairs.

    Parameters
    ----------
    values
        Cells of the marginal table ``events1 nonevents1 events2 nonevents2`` and ``r``, the phi
        coefficient of the table of pairs, shape (K,).
    formula
        ``"LS"``: v1 + v2 - 2 r √(v1 v2), v1 and v2 the variances of both log odds.

    Returns
    -------
    tuple of ndarray
        Log odds ratios and variances; NaN where a cell is 0.

    References
    ----------
    Elbourne DR et al. (2002), doi:10.1093/ije/31.1.140.
    """
    a, b, c, d = (values[name] for name in ("events1", "nonevents1", "events2", "nonevents2"))
    with np.errstate(divide="ignore", invalid="ignore"):
        estimates = np.log(a) - np.log(b) - np.log(c) + np.log(d)
        v1, v2 = 1 / a + 1 / b, 1 / c + 1 / d
        return finite(estimates, v1 + v2 - 2 * values["r"] * np.sqrt(v1 * v2))
