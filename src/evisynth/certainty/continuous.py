"""Standardized differences said in other words: points, odds ratio, share of people improving."""

from __future__ import annotations

import math

from evisynth.certainty.absolute import BaselineRisk, risk_with
from evisynth.certainty.facts import Fact
from evisynth.certainty.thresholds import TypicalScale
from evisynth.display import format_ci, format_number, format_percent

__all__ = ["LOG_ODDS_PER_SD", "limits_words", "points_words", "reexpressions"]

LOG_ODDS_PER_SD = math.pi / math.sqrt(3)
"""Standard deviation of the logistic distribution: a logarithm of odds for each SD."""

CHINN = "doi:10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M"
THORLUND = "doi:10.1002/jrsm.46"


def reexpressions(
    smd: float,
    lower: float,
    upper: float,
    *,
    lower_is_better: bool = True,
    typical: TypicalScale | None = None,
    responders: BaselineRisk | None = None,
) -> tuple[Fact, ...]:
    """Say a standardized mean difference in other words.

    Parameters
    ----------
    smd, lower, upper
        The difference with its limits, in standard deviations.
    lower_is_better
        Whether a lower value of the outcome is better; it decides what improving is.
    typical
        A scale with a typical SD: the difference in points of it.
    responders
        Share of people who improve without the intervention.

    Returns
    -------
    tuple of Fact
        In points (with a typical SD); as odds ratio of improving, ln OR = (π/√3) SMD; the share
        improving with the intervention (with a share without it).

    References
    ----------
    Chinn 2000, doi:10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M; Thorlund et al.
    2011, doi:10.1002/jrsm.46; Guyatt et al. 2013, doi:10.1016/j.jclinepi.2012.08.001.

    Examples
    --------
    >>> found = reexpressions(-0.5, -0.8, -0.2, typical=TypicalScale("HADS anxiety", 4.0))
    >>> [fact.words for fact in found][0]
    '2.00 points lower on HADS anxiety (0.80 to 3.20 lower), with its typical SD of 4.00'
    >>> round(found[1].value, 3)
    2.477
    """
    found: list[Fact] = []
    if typical is not None:
        shown = points_words(
            smd * typical.sd, lower * typical.sd, upper * typical.sd, f"on {typical.name} "
        )
        words = f"{shown}, with its typical SD of {format_number(typical.sd)}"
        found.append(Fact("points", smd * typical.sd, words, THORLUND))
    sign = -1.0 if lower_is_better else 1.0
    odds = [math.exp(sign * LOG_ODDS_PER_SD * value) for value in (smd, lower, upper)]
    low, high = sorted(odds[1:])
    found.append(
        Fact(
            "odds_ratio_of_improving",
            odds[0],
            f"odds ratio of improving {format_number(odds[0])} "
            f"({format_ci(low, high, separator=' to ')}), by ln OR = (π/√3) SMD",
            CHINN,
        )
    )
    if responders is not None and responders.risk < 1:
        shares = [float(risk_with("OR", value, responders.risk)) for value in (odds[0], low, high)]
        found.append(
            Fact(
                "share_improving",
                shares[0],
                f"{format_percent(100 * shares[0])} improve with the intervention "
                f"({format_percent(100 * shares[1])} to {format_percent(100 * shares[2])}), "
                f"{format_percent(100 * responders.risk)} without it",
                THORLUND,
            )
        )
    return tuple(found)


def _way(value: float) -> str:
    return "lower" if value < 0 else "higher"


def points_words(value: float, lower: float, upper: float, where: str = "") -> str:
    """Write a difference by its side, the limit nearer to none first where both are on one side.

    Examples
    --------
    >>> points_words(-2.0, -3.2, -0.8)
    '2.00 points lower (0.80 to 3.20 lower)'
    >>> points_words(-0.5, -1.2, 0.3)
    '0.50 points lower (1.20 lower to 0.30 higher)'
    """
    shown = f"{format_number(abs(value))} points {_way(value)} {where}"
    return f"{shown}({limits_words(lower, upper)})"


def limits_words(lower: float, upper: float) -> str:
    """Write two limits by their sides.

    Examples
    --------
    >>> limits_words(-3.2, -0.8), limits_words(-1.2, 0.3)
    ('0.80 to 3.20 lower', '1.20 lower to 0.30 higher')
    """
    if lower < 0 <= upper:
        return f"{format_number(-lower)} lower to {format_number(upper)} higher"
    low, high = sorted((abs(lower), abs(upper)))
    return f"{format_ci(low, high, separator=' to ')} {_way(lower)}"
