"""Plain-language statements: size of the effect x certainty."""

from __future__ import annotations

from evisynth.certainty.domains import Level
from evisynth.certainty.thresholds import Size

__all__ = ["plain_statement"]

ADVERB = {"High": "", "Moderate": "probably ", "Low": "may "}


def plain_statement(
    intervention: str,
    outcome: str,
    level: Level,
    size: Size,
    *,
    lowers: bool,
    includes_none: bool = False,
) -> str:
    """Say a finding as GRADE words it.

    Size and certainty choose the words: nothing before the verb for High, "probably" for Moderate,
    "may" for Low; Very low says that the evidence is very uncertain and names no size.

    Parameters
    ----------
    intervention
        Words at the start of the sentence, e.g. ``"The digital intervention"``.
    outcome
        What is reduced or increased, e.g. ``"anxiety"``.
    level
        Certainty.
    size
        Size class; ``""`` where there are no thresholds, ``"important"`` where only the least
        important effect is known.
    lowers
        Whether the estimate is lower with the intervention.
    includes_none
        Whether the interval includes no effect; said where there are no thresholds to judge by.

    References
    ----------
    Santesso et al. 2020, doi:10.1016/j.jclinepi.2019.10.014.

    Examples
    --------
    >>> plain_statement("The app", "anxiety", "Moderate", "large", lowers=True)
    'The app probably results in a large reduction in anxiety.'
    >>> plain_statement("The app", "anxiety", "Low", "small", lowers=True)
    'The app may reduce anxiety slightly.'
    >>> plain_statement("The app", "anxiety", "High", "trivial", lowers=True)
    'The app results in little to no difference in anxiety.'
    >>> plain_statement("the app", "anxiety", "Very low", "small", lowers=True)
    'The evidence is very uncertain about the effect of the app on anxiety.'
    """
    if level == "Very low":
        inner = intervention[:1].lower() + intervention[1:]
        if intervention[1:2].isupper():
            inner = intervention
        return f"The evidence is very uncertain about the effect of {inner} on {outcome}."
    adverb = ADVERB[level]
    may = level == "Low"
    if size == "trivial":
        verb = "result" if may else "results"
        return f"{intervention} {adverb}{verb} in little to no difference in {outcome}."
    if size == "large":
        verb = "result" if may else "results"
        noun = "reduction" if lowers else "increase"
        return f"{intervention} {adverb}{verb} in a large {noun} in {outcome}."
    verb = "reduce" if lowers else "increase"
    text = f"{intervention} {adverb}{verb if may else f'{verb}s'} {outcome}"
    if size == "small":
        text += " slightly"
    if not size and includes_none:
        text += ", but the interval includes no effect"
    return f"{text}."
