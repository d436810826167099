"""Names of instruments and judgements as they are shown."""

from __future__ import annotations

from collections.abc import Mapping

from evisynth.appraisal import INSTRUMENTS, Instrument

__all__ = ["JUDGEMENT_WORDS", "instrument_name", "known_instrument"]

JUDGEMENT_WORDS: Mapping[str, str] = {
    "low": "Low",
    "some concerns": "Some concerns",
    "high": "High",
    "incomplete": "Incomplete",
    "not assessed": "Not assessed",
}
"""Judgements as a table shows them."""


def known_instrument(instrument: str) -> Instrument | None:
    """Return the instrument of an id, or None if it is not one of ours."""
    return INSTRUMENTS.get(instrument)


def instrument_name(instrument: str) -> str:
    """Return the short name of an instrument; an unknown id comes back as it is."""
    known = known_instrument(instrument)
    return known.name if known else instrument
