"""A random sample of the unread records at the end: what it shows of those missed, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evisynth.display import format_count, format_percent, plural
from evisynth.errors import DataError, OptionError
from evisynth.prioritization.truth import level

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SampleLimit", "draw_sample", "sample_limit", "sample_size"]


def _check(unread: int, confidence: float) -> None:
    if unread < 1:
        raise DataError("every record is read: there is nothing to draw a sample from")
    if not 0 < confidence < 1:
        raise OptionError("confidence", confidence, ["a number between 0 and 1, such as 0.95"])


def draw_sample(unread: Sequence[str], size: int, *, seed: int) -> tuple[str, ...]:
    """Draw records by chance from the unread ones; the same seed draws the same.

    Raises
    ------
    DataError
        When there are not so many.

    Examples
    --------
    >>> len(draw_sample([str(n) for n in range(50)], 5, seed=1))
    5
    """
    if not 0 < size <= len(unread):
        raise DataError(
            f"a sample of {format_count(size)} cannot be drawn from "
            f"{plural(len(unread), 'unread record')}; draw from 1 to {format_count(len(unread))}"
        )
    # the ids are sorted so that the order of the queue has no part in the draw
    names = sorted(unread)
    chosen = np.random.default_rng(seed).choice(len(names), size=size, replace=False)
    return tuple(names[place] for place in chosen)


@dataclass(frozen=True, slots=True)
class SampleLimit:
    """What a random sample of the unread records shows.

    Attributes
    ----------
    unread, sampled, found : int
        Records unread before the sample, drawn, and relevant among the drawn.
    missed_upper : int
        Exact upper limit, one-sided, of the relevant records still unread after the sample.
    share_upper : float
        Exact upper limit (Clopper-Pearson) of the share of relevant ones, as if the unread were
        without end: never below the first limit's share.
    recall_lower : float
        Lower limit of recall, when ``known`` relevant records were found before.
    known : int
        Relevant records found before the sample.
    confidence : float
        Of the limits.
    """

    unread: int
    sampled: int
    found: int
    missed_upper: int
    share_upper: float
    recall_lower: float
    known: int
    confidence: float

    def __str__(self) -> str:
        return (
            f"{format_count(self.found)} of {plural(self.sampled, 'record')} drawn by chance from "
            f"{format_count(self.unread)} unread "
            f"{'was' if self.found == 1 else 'were'} relevant: with "
            f"{format_percent(100 * self.confidence)} confidence at most "
            f"{plural(self.missed_upper, 'relevant record')} still missed, recall at least "
            f"{format_percent(100 * self.recall_lower)}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the limits as a table of one row."""
        import pandas as pd

        return pd.DataFrame([{name: getattr(self, name) for name in self.__slots__}])

    def method_sentence(self) -> str:
        """Say how the missed records were limited."""
        return (
            f"After screening had ended, {plural(self.sampled, 'record')} drawn by chance from the "
            f"{format_count(self.unread)} unread were read; the limit of missed records is exact "
            "(hypergeometric distribution)."
        )


def sample_limit(
    unread: int, sampled: int, found: int, *, known: int = 0, confidence: float = 0.95
) -> SampleLimit:
    """Return the exact upper limit of relevant records missed after a random sample.

    Parameters
    ----------
    unread
        Unread records before the sample was drawn.
    sampled
        Records drawn by chance and read, all of them.
    found
        Relevant ones among them.
    known
        Relevant records found before.
    confidence
        Of the one-sided limit.

    Returns
    -------
    SampleLimit

    Raises
    ------
    DataError
        Counts that cannot be.

    Examples
    --------
    >>> sample_limit(1000, 200, 0, known=50).missed_upper
    13
    """
    from scipy.stats import beta, hypergeom

    _check(unread, confidence)
    if not 0 < sampled <= unread or not 0 <= found <= sampled or known < 0:
        raise DataError(
            f"{format_count(found)} relevant in a sample of {format_count(sampled)} from "
            f"{format_count(unread)} unread records, {format_count(known)} known before: such "
            "counts cannot be"
        )
    alpha = level(confidence)
    low, high = found, found + unread - sampled
    while low < high:
        middle = (low + high + 1) // 2
        if hypergeom.cdf(found, unread, middle, sampled) >= alpha:
            low = middle
        else:
            high = middle - 1
    missed = low - found
    share = 1.0 if found == sampled else float(beta.ppf(confidence, found + 1, sampled - found))
    everything = known + found + missed
    recall = (known + found) / everything if everything else float("nan")
    return SampleLimit(unread, sampled, found, missed, share, recall, known, confidence)


def sample_size(unread: int, missed: int, *, confidence: float = 0.95) -> int:
    """Return how many records to draw so that, nothing found, at most ``missed`` are missed.

    Raises
    ------
    DataError
        When ``unread`` is 0 or ``missed`` is below 0.

    Examples
    --------
    >>> sample_size(1000, 13)
    192
    """
    from scipy.stats import hypergeom

    _check(unread, confidence)
    if missed < 0:
        raise DataError(f"at most {missed} records missed: give 0 or more")
    if missed >= unread:
        return 1
    low, high = 1, unread
    while low < high:
        middle = (low + high) // 2
        if hypergeom.cdf(0, unread, missed + 1, middle) < level(confidence):
            high = middle
        else:
            low = middle + 1
    return low
