"""The sampling variance of a study that is planned."""

from __future__ import annotations

import math

from evisynth.errors import OptionError
from evisynth.stats import check_number
from evisynth.synthesis.options import find_word

__all__ = ["planned_variance"]

MEASURES = ("SMD", "MD", "OR", "RR", "RD", "ZCOR")
RISK = "the risk in arm 2, between 0 and 1"
FARTHEST = 700.0
"""Logarithm beyond which a ratio is no number."""


def planned_variance(
    measure: str,
    n1: float,
    n2: float | None = None,
    *,
    effect: float = 0.0,
    sd: float = 1.0,
    risk: float | None = None,
) -> float:
    """Return the sampling variance that a planned study will have.

    Parameters
    ----------
    measure
        ``"SMD"``, ``"MD"``, ``"OR"``, ``"RR"``, ``"RD"`` or ``"ZCOR"`` (Fisher's z).
    n1, n2
        Sizes of the arms; n2 is n1 unless given (``"ZCOR"`` has one group).
    effect
        True effect on the pooled scale (log for ratios).
    sd
        Standard deviation (MD).
    risk
        Risk in arm 2 (OR, RR, RD).

    Raises
    ------
    OptionError
        If a word is not known, a size is too small or a risk is not possible.

    Examples
    --------
    >>> planned_variance("SMD", 25, 25, effect=0.2)
    0.0804
    """
    name = find_word("measure", measure, MEASURES)
    least = 3 if name == "ZCOR" else 0
    n1 = check_number("n1", n1, above=least, words=[f"a size above {least}"])
    other = n1 if n2 is None else check_number("n2", n2, above=0, words=["a size above 0"])
    effect = check_number("effect", effect)
    sd = check_number("sd", sd, above=0, words=["a standard deviation above 0"])
    if risk is not None:
        risk = check_number("risk", risk, above=0, below=1, words=[RISK])
    if name == "ZCOR":
        return 1 / (n1 - 3)
    both = 1 / n1 + 1 / other
    if name == "SMD":
        return both + effect**2 / (2 * (n1 + other))
    if name == "MD":
        return sd**2 * both
    if risk is None:
        raise OptionError("risk", risk, [RISK], hint=f"The variance of {name} rests on it.")
    if name == "OR":
        logit = math.log(risk / (1 - risk)) + effect
        treated = 1 / (1 + math.exp(-logit)) if abs(logit) < FARTHEST else float(logit > 0)
    elif name == "RR":
        treated = risk * math.exp(min(effect, FARTHEST))
    else:
        treated = risk + effect
    if not 0 < treated < 1:
        raise OptionError(
            "effect", effect, [f"an effect that leaves arm 1 a risk (it is {treated:g})"]
        )
    if name == "OR":
        return 1 / (n1 * treated * (1 - treated)) + 1 / (other * risk * (1 - risk))
    if name == "RR":
        return (1 - treated) / (n1 * treated) + (1 - risk) / (other * risk)
    return treated * (1 - treated) / n1 + risk * (1 - risk) / other
