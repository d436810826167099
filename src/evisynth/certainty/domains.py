"""The words of GRADE: domains, levels, what each step may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

__all__ = [
    "DEFINITIONS",
    "DOMAINS",
    "DOMAIN_WORDS",
    "DOWN",
    "LEVELS",
    "SYMBOLS",
    "UP",
    "Design",
    "Domain",
    "Level",
    "allowed_levels",
    "starts_high",
]

Domain: TypeAlias = Literal[
    "risk_of_bias",
    "inconsistency",
    "indirectness",
    "imprecision",
    "publication_bias",
    "large_effect",
    "dose_response",
    "residual_confounding",
]
Level: TypeAlias = Literal["Very low", "Low", "Moderate", "High"]
Design: TypeAlias = Literal["randomized", "non-randomized"]

DOWN: tuple[Domain, ...] = (
    "risk_of_bias",
    "inconsistency",
    "indirectness",
    "imprecision",
    "publication_bias",
)
"""Domains that lower the certainty; a rating is whole when each has a step (0 is one too)."""

UP: tuple[Domain, ...] = ("large_effect", "dose_response", "residual_confounding")
"""Domains that raise it, mostly of non-randomized studies."""

DOMAINS: tuple[Domain, ...] = (*DOWN, *UP)

DOMAIN_WORDS: Mapping[Domain, str] = {
    "risk_of_bias": "Risk of bias",
    "inconsistency": "Inconsistency",
    "indirectness": "Indirectness",
    "imprecision": "Imprecision",
    "publication_bias": "Publication bias",
    "large_effect": "Large effect",
    "dose_response": "Dose response",
    "residual_confounding": "Residual confounding",
}
"""Names as GRADE has them; "publication bias" is its name for missing evidence."""

LEVELS: tuple[Level, ...] = ("Very low", "Low", "Moderate", "High")
"""From the lowest to the highest."""

SYMBOLS: Mapping[Level, str] = {
    "High": "⨁⨁⨁⨁",
    "Moderate": "⨁⨁⨁◯",
    "Low": "⨁⨁◯◯",
    "Very low": "⨁◯◯◯",
}

DEFINITIONS: Mapping[Level, str] = {
    "High": "we are very confident that the true effect lies close to the estimate of the effect",
    "Moderate": "we are moderately confident in the estimate of the effect: the true effect is "
    "likely to be close to it, but may be substantially different",
    "Low": "our confidence in the estimate of the effect is limited: the true effect may be "
    "substantially different from it",
    "Very low": "we have very little confidence in the estimate of the effect: the true effect is "
    "likely to be substantially different from it",
}
"""What the levels mean (Balshem et al. 2011, doi:10.1016/j.jclinepi.2010.07.015)."""


def uses_robins_i(instrument: str) -> bool:
    """Tell whether an instrument is ROBINS-I, by its id or name.

    Examples
    --------
    >>> uses_robins_i("robins-i-2016"), uses_robins_i("ROBINS-I V2"), uses_robins_i("rob2")
    (True, True, False)
    """
    return instrument.casefold().replace("_", "-").startswith("robins-i")


def starts_high(design: Design, instrument: str = "") -> bool:
    """Tell whether the evidence starts at High.

    Randomized studies do; non-randomized ones where their risk of bias was judged with ROBINS-I,
    whose comparison is a randomized trial (Schünemann et al. 2019,
    doi:10.1016/j.jclinepi.2018.01.012). Else they start at Low.

    Examples
    --------
    >>> starts_high("randomized"), starts_high("non-randomized")
    (True, False)
    >>> starts_high("non-randomized", "ROBINS-I")
    True
    """
    return design == "randomized" or uses_robins_i(instrument)


def allowed_levels(domain: Domain, design: Design = "randomized", instrument: str = "") -> range:
    """Return the steps that a domain may take: down to -2 or -3, up to +1 or +2.

    Three levels down are possible for imprecision (Schünemann et al. 2022,
    doi:10.1016/j.jclinepi.2022.07.015) and, where non-randomized studies start at High by ROBINS-I,
    for risk of bias.

    Examples
    --------
    >>> list(allowed_levels("imprecision")), list(allowed_levels("large_effect"))
    ([-3, -2, -1, 0], [0, 1, 2])
    """
    if domain == "large_effect":
        return range(3)
    if domain in UP:
        return range(2)
    by_robins_i = design == "non-randomized" and uses_robins_i(instrument)
    three = domain == "imprecision" or (domain == "risk_of_bias" and by_robins_i)
    return range(-3 if three else -2, 1)
