"""Marks of judgements on risk of bias: colour and sign together, never colour alone.

Signs and colours are those of Cochrane's figures; the colours stay apart in greyscale (their
lightness differs) and the sign carries the judgement where colours are not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["JUDGEMENTS", "Mark"]


@dataclass(frozen=True, slots=True)
class Mark:
    """How a judgement looks: fill, sign, colour of the sign, and its words."""

    fill: str
    sign: str
    ink: str
    words: str


JUDGEMENTS: dict[str, Mark] = {
    "low": Mark("#02c100", "+", "#000000", "Low risk of bias"),
    "some concerns": Mark("#f2e30c", "?", "#000000", "Some concerns"),
    "high": Mark("#bf0000", "−", "#ffffff", "High risk of bias"),
    "incomplete": Mark("#ffffff", "…", "#000000", "Incomplete: questions not answered"),
    "not assessed": Mark("#ffffff", "", "#000000", "Not assessed"),
}
"""Mark of each judgement that `evisynth.appraisal` knows."""
