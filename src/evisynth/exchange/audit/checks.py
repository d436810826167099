"""The checks of data, in one register."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from evisynth.exchange.audit.checks_counts import (
    broken_counts,
    events_above_totals,
    negative_numbers,
)
from evisynth.exchange.audit.checks_means import (
    identical_spread,
    impossible_means,
    spread_like_error,
)
from evisynth.exchange.audit.checks_patterns import baseline_too_alike, digit_preference
from evisynth.exchange.audit.checks_people import (
    counted_twice,
    shared_arms,
    two_names,
    unit_of_analysis,
)
from evisynth.exchange.audit.data import DataSet
from evisynth.exchange.audit.values import Remark

__all__ = ["CHECKS", "CHECKS_OF_ALL", "check_data"]

CHECKS: tuple[Callable[[DataSet], Iterable[Remark]], ...] = (
    events_above_totals,
    negative_numbers,
    broken_counts,
    counted_twice,
    shared_arms,
    unit_of_analysis,
    spread_like_error,
    identical_spread,
    impossible_means,
)
"""Checks of one analysis at a time."""

CHECKS_OF_ALL: tuple[Callable[[Sequence[DataSet]], Iterable[Remark]], ...] = (
    two_names,
    baseline_too_alike,
    digit_preference,
)
"""Checks over all analyses together."""

ORDER = {"error": 0, "warning": 1, "note": 2}


def check_data(sets: Sequence[DataSet]) -> tuple[Remark, ...]:
    """Run every check; what is impossible comes first."""
    found = [remark for data in sets for check in CHECKS for remark in check(data)]
    found += [remark for check in CHECKS_OF_ALL for remark in check(sets)]
    return tuple(sorted(found, key=lambda remark: ORDER[remark.severity]))
