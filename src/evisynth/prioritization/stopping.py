"""When screening may end: statements with what they promise. They advise; people stop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from evisynth.display import format_count, format_number, format_p, format_percent, plural
from evisynth.errors import DataError, OptionError
from evisynth.prioritization.truth import level, truths

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Consecutive",
    "Hypergeometric",
    "RecallCurve",
    "StoppingRule",
    "StoppingStatement",
    "first_met",
    "recall_curve",
    "stopping_statement",
]

Found = npt.NDArray[np.int64]
Labels = Sequence[bool] | npt.NDArray[np.bool_]

STARTS = 100
"""Evenly spaced places at which the tail may begin, besides those behind a relevant record."""

NO_GUARANTEE = "no guarantee"


@dataclass(frozen=True, slots=True)
class StoppingStatement:
    """What may be said of the recall reached, and whether the rule chosen is met.

    Attributes
    ----------
    rule : str
        Name of the rule.
    met : bool
        Whether the rule says that screening may end.
    text : str
        The statement in words.
    read, total, relevant : int
        Records with a decision, records in all, relevant ones found.
    target, confidence : float
        What was promised; NaN for a rule that promises nothing.
    p_value : float
        Of the hypothesis that recall is below the target; NaN where nothing is tested.
    recall_lower : float
        Lower confidence limit of recall, one-sided; NaN where nothing is tested.
    missed_upper : int or None
        Upper confidence limit of the relevant records not found yet.
    """

    rule: str
    met: bool
    text: str
    read: int
    total: int
    relevant: int
    target: float = math.nan
    confidence: float = math.nan
    p_value: float = math.nan
    recall_lower: float = math.nan
    missed_upper: int | None = None

    def __str__(self) -> str:
        return self.text

    def to_frame(self) -> pd.DataFrame:
        """Return the statement as a table of one row."""
        import pandas as pd

        return pd.DataFrame([{name: getattr(self, name) for name in self.__slots__}])

    def method_sentence(self) -> str:
        """Say how the end of screening was judged, as a methods section does."""
        if self.rule == "consecutive":
            return (
                "The end of screening was judged by a run of irrelevant records, which gives no "
                "guarantee of the recall reached."
            )
        return (
            "The end of screening was judged by the hypergeometric test of recall below "
            f"{format_percent(100 * self.target)} at {format_percent(100 * self.confidence)} "
            "confidence (Callaghan and Müller-Hansen 2020, doi:10.1186/s13643-020-01521-4)."
        )


class StoppingRule(Protocol):
    """What a stopping rule can do."""

    def state(self, labels: Labels, total: int) -> StoppingStatement:
        """Return the statement after ``labels``, in the order read, of ``total`` records."""


def _checked(labels: Labels, total: int) -> npt.NDArray[np.bool_]:
    found = truths(labels)
    if found.ndim != 1 or len(found) > total:
        raise DataError(
            f"{format_count(len(found))} decisions cannot be on {plural(total, 'record')}; "
            "give one label for each record read, and how many records there are in all"
        )
    return found


def _tails(labels: npt.NDArray[np.bool_], total: int) -> tuple[Found, Found, Found]:
    """Return for each tail: records not read before it, read in it, relevant in it."""
    read = len(labels)
    cumulated = np.r_[0, np.cumsum(labels)]
    spread = np.linspace(0, read - 1, min(STARTS, read)).astype(np.int64)
    start = np.unique(np.r_[spread, np.flatnonzero(labels) + 1])
    start = start[start < read]
    return total - start, read - start, cumulated[-1] - cumulated[start]


def _most_missed(labels: npt.NDArray[np.bool_], total: int, alpha: float) -> int:
    """Return the largest number of relevant records unread that no tail rejects."""
    from scipy.stats import hypergeom

    left = total - len(labels)
    if not left:
        return 0
    pool, drawn, seen = _tails(labels, total)
    if not len(pool):
        return left
    low, high = seen.copy(), seen + left
    # The largest number of relevant ones in the pool with P(seen or fewer) of at least alpha.
    while (low < high).any():
        middle = (low + high + 1) // 2
        likely = hypergeom.cdf(seen, pool, middle, drawn) >= alpha
        low, high = np.where(likely, middle, low), np.where(likely, high, middle - 1)
    return int((low - seen).min())


@dataclass(frozen=True, slots=True)
class Hypergeometric:
    """The test of Callaghan and Müller-Hansen, whether recall may still be below its target.

    Records read since some place are taken as drawn by chance from those unread at that place. A
    ranking better than chance makes them richer in relevant ones, so that the test errs on the safe
    side. The place that gives the smallest P value is taken, as its authors do; that many places
    are looked at, and that one looks again after more reading, is not corrected for.

    Attributes
    ----------
    target : float
        Share of the relevant records to be found.
    confidence : float
        One minus the P value below which recall under the target is rejected.

    References
    ----------
    Callaghan MW, Müller-Hansen F (2020). Statistical stopping criteria for automated screening in
    systematic reviews. Systematic Reviews 9:273. doi:10.1186/s13643-020-01521-4

    Examples
    --------
    >>> statement = Hypergeometric().state([True] * 40 + [False] * 160, 260)
    >>> statement.met, statement.missed_upper
    (True, 2)
    """

    target: float = 0.95
    confidence: float = 0.95

    def __post_init__(self) -> None:
        for name, value in (("target", self.target), ("confidence", self.confidence)):
            if not 0 < value < 1:
                raise OptionError(name, value, ["a number between 0 and 1, such as 0.95"])

    def p_value(self, labels: Labels, total: int) -> float:
        """Return the smallest P value over the tails, of the hypothesis "recall below target".

        One where nothing relevant was found; zero where everything was read.
        """
        from scipy.stats import hypergeom

        found = _checked(labels, total)
        relevant = int(found.sum())
        if len(found) == total:
            return 0.0
        if not relevant:
            return 1.0
        pool, drawn, seen = _tails(found, total)
        if not len(pool):
            return 1.0
        # the fewest relevant ones in the pool with which recall would be below the target
        all_of_them = math.floor(relevant / self.target + 1e-9) + 1
        there = all_of_them - relevant + seen
        possible = there <= pool
        if all_of_them - relevant > total - len(found):
            return 0.0
        p = np.where(possible, hypergeom.cdf(seen, pool, np.minimum(there, pool), drawn), 0.0)
        return float(p.min())

    def state(self, labels: Labels, total: int) -> StoppingStatement:
        """Return the statement after ``labels``, in the order read, of ``total`` records."""
        found = _checked(labels, total)
        relevant = int(found.sum())
        p = self.p_value(labels, total)
        missed = _most_missed(found, total, level(self.confidence))
        lower = relevant / (relevant + missed) if relevant + missed else math.nan
        met = len(found) == total or (relevant > 0 and p < level(self.confidence))
        aim, sure = format_percent(100 * self.target), format_percent(100 * self.confidence)
        if len(found) == total:
            text = f"All {plural(total, 'record')} are read; nothing is left to be found."
        elif not relevant:
            text = (
                "No relevant record is found yet, so nothing can be said of the share found; with "
                f"{sure} confidence at most {format_count(missed)} are among the "
                f"{format_count(total - len(found))} unread."
            )
        elif met:
            text = (
                f"With {sure} confidence at least {aim} of the relevant records are found "
                f"({format_p(p, symbol=True)}); at most {plural(missed, 'relevant record')} missed."
                " People decide whether to stop."
            )
        else:
            text = (
                f"It cannot be said yet, with {sure} confidence, that {aim} of the relevant records"
                f" are found ({format_p(p, symbol=True)}); what can be said is at least "
                f"{format_percent(100 * lower)}."
            )
        return StoppingStatement(
            "hypergeometric",
            met,
            text,
            len(found),
            total,
            relevant,
            self.target,
            self.confidence,
            p,
            lower,
            missed,
        )


@dataclass(frozen=True, slots=True)
class Consecutive:
    """A run of irrelevant records: easy, and no guarantee of anything.

    Attributes
    ----------
    run : int
        Irrelevant records in a row, counted once a relevant one is known.

    Examples
    --------
    >>> Consecutive(2).state([True, False, False], 10).met
    True
    """

    run: int = 100

    def __post_init__(self) -> None:
        if self.run < 1:
            raise OptionError("run", self.run, ["a whole number above 0"])

    def state(self, labels: Labels, total: int) -> StoppingStatement:
        """Return the statement after ``labels``, in the order read, of ``total`` records."""
        found = _checked(labels, total)
        hits = np.flatnonzero(found)
        run = len(found) - 1 - int(hits[-1]) if len(hits) else 0
        met = run >= self.run or len(found) == total
        text = (
            f"{plural(run, 'irrelevant record')} in a row, the rule asks for "
            f"{format_count(self.run)}: {'met' if met else 'not met'}; {NO_GUARANTEE} of the share "
            "of relevant records found."
        )
        return StoppingStatement("consecutive", met, text, len(found), total, len(hits))


def stopping_statement(
    labels: Labels,
    total: int,
    *,
    rule: str = "hypergeometric",
    **options: Any,
) -> StoppingStatement:
    """Say what is known of the recall reached; nothing is ever stopped by it.

    Parameters
    ----------
    labels
        Relevant or not, for each record read, in the order read.
    total
        Records in all, read and unread.
    rule
        Name of a stopping rule.
    options
        Options of the rule: ``target`` and ``confidence``, or ``run``.

    Returns
    -------
    StoppingStatement

    Raises
    ------
    OptionError
        An unknown rule or an option out of range.
    DataError
        More labels than records.

    Examples
    --------
    >>> print(stopping_statement([True, False, False], 50, rule="consecutive", run=2))
    2 irrelevant records in a row, the rule asks for 2: met; no guarantee of the share of relevant
    records found.
    """
    from evisynth.prioritization.registry import part

    try:
        made: StoppingRule = part("stopping", rule).make(**options)
    except TypeError as error:
        raise DataError(f"the options {options!r} do not fit the rule {rule!r}: {error}") from error
    return made.state(labels, total)


def first_met(
    labels: Labels, total: int, *, rule: str = "hypergeometric", looks: int = 200, **options: Any
) -> tuple[int | None, int]:
    """Find when a rule was first met, had one looked at it at even steps.

    Parameters
    ----------
    labels, total, rule, options
        As in `stopping_statement`.
    looks
        How often it is looked at, at most; and once at the end.

    Returns
    -------
    read : int or None
        Records read when it was first met; None where it never was.
    step : int
        Records between two looks.

    Examples
    --------
    >>> first_met([True] * 40 + [False] * 160, 260)
    (179, 1)
    """
    found = _checked(labels, total)
    step = max(1, -(-len(found) // looks))
    for read in dict.fromkeys((*range(step, len(found) + 1, step), len(found))):
        if stopping_statement(found[:read], total, rule=rule, **options).met:
            return read, step
    return None, step


@dataclass(frozen=True, slots=True)
class RecallCurve:
    """Recall as it can be estimated from what was read, each array of shape (points,).

    Attributes
    ----------
    read, found : array of int
        Records read and relevant ones found.
    estimate : array
        Share found, if the unread held as many relevant ones as the last part read promises; not
        below the lower limit.
    lower, upper : array
        Limits: the lower one from the hypergeometric test, one-sided; the upper one is 1, since
        nothing read can show that something is left.
    total : int
        Records in all.
    confidence : float
        Of the lower limit.
    """

    read: Found = field(repr=False)
    found: Found = field(repr=False)
    estimate: npt.NDArray[np.float64] = field(repr=False)
    lower: npt.NDArray[np.float64] = field(repr=False)
    upper: npt.NDArray[np.float64] = field(repr=False)
    total: int
    confidence: float

    def __str__(self) -> str:
        if not len(self.read):
            return "Nothing read yet: recall cannot be estimated."
        return (
            f"{format_count(int(self.found[-1]))} relevant among "
            f"{format_count(int(self.read[-1]))} of {format_count(self.total)} records read: "
            f"recall estimated at {format_number(float(self.estimate[-1]))}, at least "
            f"{format_number(float(self.lower[-1]))} with "
            f"{format_percent(100 * self.confidence)} confidence"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the curve as a table, one row a point."""
        import pandas as pd

        names = ("read", "found", "estimate", "lower", "upper")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def method_sentence(self) -> str:
        """Say how recall was estimated."""
        return (
            "The share of relevant records found was estimated from the yield of the last records "
            "read; its lower confidence limit inverts the hypergeometric test (Callaghan and "
            "Müller-Hansen 2020, doi:10.1186/s13643-020-01521-4)."
        )


def recall_curve(
    labels: Labels, total: int, *, confidence: float = 0.95, points: int = 50
) -> RecallCurve:
    """Estimate recall after each part of the reading, from what was known at that time alone.

    Parameters
    ----------
    labels
        Relevant or not, for each record read, in the order read.
    total
        Records in all.
    confidence
        Of the lower limit.
    points
        Places, evenly spaced, at which it is estimated.

    Returns
    -------
    RecallCurve

    Examples
    --------
    >>> print(recall_curve([True] * 40 + [False] * 160, 260))
    40 relevant among 200 of 260 records read: recall estimated at 1.00, at least 0.95 with 95%
    confidence
    """
    Hypergeometric(confidence=confidence)
    found = _checked(labels, total)
    at = np.unique(np.linspace(1, len(found), min(points, len(found))).astype(np.int64))
    rows = [_recall_at(found[:place], total, level(confidence)) for place in at]
    cumulated = np.cumsum(found)
    return RecallCurve(
        at,
        cumulated[at - 1].astype(np.int64) if len(at) else at,
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows]),
        np.array([1.0 if row[1] == row[1] else math.nan for row in rows]),
        total,
        confidence,
    )


def _recall_at(labels: npt.NDArray[np.bool_], total: int, alpha: float) -> tuple[float, float]:
    relevant, left = int(labels.sum()), total - len(labels)
    if not relevant:
        return math.nan, math.nan
    last = labels[-max(1, min(len(labels), max(50, len(labels) // 5))) :]
    lower = relevant / (relevant + _most_missed(labels, total, alpha))
    return max(lower, relevant / (relevant + left * float(last.mean()))), lower
