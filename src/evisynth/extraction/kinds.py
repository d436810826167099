"""What each kind of outcome data consists of: its numbers and the sets of them that suffice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import get_args

from evisynth.extraction.outcome_data import DataKind

__all__ = ["FACTS", "KINDS", "KindRules", "OutcomeTable", "enough"]

FACTS = ("study", "outcome", "instrument", "timepoint", "source", "note")
"""Columns that say what a row is, by standard name."""

_ARMS = tuple(
    f"{name}{arm}" for arm in (1, 2) for name in ("n", "mean", "sd", "se", "ci_lower", "ci_upper")
)
_PRECISION = ("se", "ci_lower", "ci_upper", "t_value", "p_value")


@dataclass(frozen=True, slots=True)
class KindRules:
    """The numbers of one kind of data.

    Attributes
    ----------
    numbers : tuple of str
        Standard names that a column may play.
    needed : tuple of str
        Numbers that every row must have.
    suffices : tuple of tuple of str
        Beside the needed ones, any one of these sets is enough for an estimate with its precision.
    """

    numbers: tuple[str, ...]
    needed: tuple[str, ...]
    suffices: tuple[tuple[str, ...], ...]


_SPREAD = (("sd{0}",), ("se{0}",), ("ci_lower{0}", "ci_upper{0}"))
_MEANS = KindRules(
    numbers=(*_ARMS, "t_value", "p_value"),
    needed=("n1", "mean1", "n2", "mean2"),
    suffices=(
        *(
            tuple(name.format(arm) for arm, spread in ((1, first), (2, second)) for name in spread)
            for first in _SPREAD
            for second in _SPREAD
        ),
        ("t_value",),
        ("p_value",),
    ),
)

KINDS: dict[DataKind, KindRules] = {
    "means": _MEANS,
    "changes": _MEANS,
    "difference": KindRules(
        numbers=("n1", "n2", "difference", "sd", *_PRECISION),
        needed=("difference",),
        suffices=(
            ("se",),
            ("ci_lower", "ci_upper"),
            ("n1", "n2", "sd"),
            ("t_value",),
            ("n1", "n2", "p_value"),
        ),
    ),
    "events": KindRules(
        numbers=("n1", "events1", "nonevents1", "n2", "events2", "nonevents2"),
        needed=("events1", "events2"),
        suffices=(
            ("n1", "n2"),
            ("nonevents1", "nonevents2"),
            ("n1", "nonevents2"),
            ("nonevents1", "n2"),
        ),
    ),
    "estimate": KindRules(
        numbers=("n1", "n2", "estimate", "variance", *_PRECISION),
        needed=("estimate",),
        suffices=(("se",), ("variance",), ("ci_lower", "ci_upper"), ("t_value",), ("p_value",)),
    ),
}
"""Rules by kind; the names are those that `evisynth.effects` understands."""

if tuple(KINDS) != get_args(DataKind):  # pragma: no cover - a mistake made while writing code
    raise AssertionError("KINDS and DataKind name different kinds")


@dataclass(frozen=True, slots=True)
class OutcomeTable:
    """One table of outcome data as the plan describes it.

    Attributes
    ----------
    file : str
        Path relative to the review folder.
    kind : DataKind
        What its numbers are.
    format : str
        Words for them, e.g. ``"end score"``; an analysis selects by it.
    columns : dict of str to str
        Standard name to column; a standard name that is left out is looked up as it is.
    """

    file: str
    kind: DataKind
    format: str
    columns: dict[str, str] = field(default_factory=dict)


def enough(kind: DataKind, have: Collection[str]) -> bool:
    """Tell whether the numbers at hand make an estimate with its precision.

    Examples
    --------
    >>> enough("difference", {"difference", "se"}), enough("difference", {"difference"})
    (True, False)
    """
    rules = KINDS[kind]
    return set(rules.needed) <= set(have) and any(set(one) <= set(have) for one in rules.suffices)
