"""What a file of Review Manager 5 holds, as frozen values.

Numbers that a file leaves empty are NaN. Nothing here is computed: ``stored`` fields are what the
file says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from evisynth.errors import Problem

__all__ = [
    "Comparison",
    "NotRead",
    "Outcome",
    "OutcomeKind",
    "QualityEntry",
    "QualityItem",
    "RevManReview",
    "RevManStudy",
    "RowResult",
    "StoredResult",
    "StudyRow",
    "Subgroup",
    "SummaryTable",
]

OutcomeKind = Literal["dichotomous", "continuous", "generic", "o-e", "other"]
"""Events in two arms; means and SDs; estimates with SE; O - E and its variance; words only."""

NAN = float("nan")

DATA_NAMES = (
    "events1", "total1", "events2", "total2", "mean1", "sd1", "mean2", "sd2", "estimate", "se",
    "o_e", "variance",
)  # fmt: skip
"""Numbers of a row that are data."""

RATIOS = frozenset({"OR", "RR", "PETO_OR", "HR", "RATE_RATIO"})
"""Measures by their names in the file that are shown after the exponential."""


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A pooled result as the file has it; ratios on the shown scale.

    Attributes
    ----------
    estimable : bool
        Whether the program called it estimable.
    effect, ci_lower, ci_upper : float
        Pooled effect with limits.
    chi2, df, p_chi2, i2, tau2 : float
        Heterogeneity: Cochran's Q with degrees of freedom and P value, I² in percent, tau².
    z, p_z : float
        Test of no effect.
    q, p_q, i2_q : float
        Test between subgroups.
    weight : float
        Weight in percent of all.
    studies, events1, events2, total1, total2 : float
        Numbers that stand beside it.
    """

    estimable: bool = False
    effect: float = NAN
    ci_lower: float = NAN
    ci_upper: float = NAN
    chi2: float = NAN
    df: float = NAN
    p_chi2: float = NAN
    i2: float = NAN
    tau2: float = NAN
    z: float = NAN
    p_z: float = NAN
    q: float = NAN
    p_q: float = NAN
    i2_q: float = NAN
    weight: float = NAN
    studies: float = NAN
    events1: float = NAN
    events2: float = NAN
    total1: float = NAN
    total2: float = NAN

    @property
    def is_there(self) -> bool:
        """Whether a pooled effect was stored; where none was, some versions fill in zeros."""
        empty = self.effect == self.ci_lower == self.ci_upper == 0
        return self.estimable and math.isfinite(self.effect) and not empty


@dataclass(frozen=True, slots=True)
class RowResult:
    """What the file stores for one study row: its effect, limits, precision and weight."""

    estimable: bool = False
    effect: float = NAN
    ci_lower: float = NAN
    ci_upper: float = NAN
    se: float = NAN
    variance: float = NAN
    weight: float = NAN


@dataclass(frozen=True, slots=True)
class StudyRow:
    """The data of one study in one outcome (and subgroup).

    Attributes
    ----------
    study_id, study : str
        Id in the file, and the name shown.
    line : int
        Line of the file.
    events1, total1, events2, total2 : float
        Events and people; arm 1 is the experimental one.
    mean1, sd1, mean2, sd2 : float
        Means and standard deviations.
    estimate, se : float
        Generic inverse variance, on the scale of pooling.
    o_e, variance : float
        Observed minus expected events, and its variance.
    order : float
        Place that the authors gave it.
    footnote : str
        Footnote of the row.
    stored : RowResult
        What the program had computed.
    texts : tuple of (str, str)
        Numbers as they are written, by name: ``("mean1", "5.70")``.
    """

    study_id: str
    study: str
    line: int
    events1: float = NAN
    total1: float = NAN
    events2: float = NAN
    total2: float = NAN
    mean1: float = NAN
    sd1: float = NAN
    mean2: float = NAN
    sd2: float = NAN
    estimate: float = NAN
    se: float = NAN
    o_e: float = NAN
    variance: float = NAN
    order: float = NAN
    footnote: str = ""
    stored: RowResult = RowResult()
    texts: tuple[tuple[str, str], ...] = ()

    def only(self, names: tuple[str, ...]) -> StudyRow:
        """Return the row with the data of some names; the other numbers of data become NaN."""
        blank: dict[str, Any] = {name: NAN for name in DATA_NAMES if name not in names}
        return replace(self, **blank)

    def text(self, name: str) -> str:
        """Return a number as it is written in the file, ``""`` where it is not there."""
        return dict(self.texts).get(name, "")


@dataclass(frozen=True, slots=True)
class Subgroup:
    """A subgroup of an outcome with its rows and what was stored for it."""

    id: str
    number: int
    name: str
    rows: tuple[StudyRow, ...]
    stored: StoredResult


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome of a comparison, how it is analysed, and its data.

    Attributes
    ----------
    id, number, name : str, int, str
        ``"CMP-001.02"``, 2, and the words.
    kind : OutcomeKind
        What the data are.
    measure : str
        Effect measure as the file names it (``"OR"``, ``"PETO_OR"``, free words for generic data).
    method : {"MH", "IV", "PETO", "EXP_O_E_VAR", ""}
        How it is pooled.
    random : bool
        Random-effects model.
    totals : {"YES", "SUB", "NO"}
        Totals for all and subgroups, for subgroups only, or none.
    has_subgroups, subgroup_test, swap_events, log_data : bool
        Switches; ``log_data``: generic estimates are logarithms, shown after the exponential.
    ci_study, ci_total : float
        Level of the intervals, in percent.
    group1, group2, favours1, favours2, units : str
        Labels.
    sort_by, scale : str, float
        How it was drawn.
    rows : tuple of StudyRow
        Rows outside of subgroups.
    subgroups : tuple of Subgroup
        Subgroups in their order.
    stored : StoredResult
        The total and the test between subgroups.
    footnotes : str
        Footnotes of the outcome.
    """

    id: str
    number: int
    name: str
    kind: OutcomeKind
    measure: str = ""
    method: str = ""
    random: bool = False
    totals: str = "YES"
    has_subgroups: bool = False
    subgroup_test: bool = True
    swap_events: bool = False
    log_data: bool = False
    ci_study: float = 95.0
    ci_total: float = 95.0
    group1: str = ""
    group2: str = ""
    favours1: str = ""
    favours2: str = ""
    units: str = ""
    sort_by: str = ""
    scale: float = NAN
    rows: tuple[StudyRow, ...] = ()
    subgroups: tuple[Subgroup, ...] = ()
    stored: StoredResult = StoredResult()
    footnotes: str = ""

    @property
    def all_rows(self) -> tuple[StudyRow, ...]:
        """Rows outside of subgroups, then those of the subgroups."""
        return (*self.rows, *(row for group in self.subgroups for row in group.rows))

    @property
    def is_ratio(self) -> bool:
        """Whether estimates are pooled as logarithms and shown after the exponential."""
        if self.kind == "generic":
            return self.log_data
        return self.kind == "o-e" or (self.kind == "dichotomous" and self.measure in RATIOS)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison with its outcomes."""

    id: str
    number: int
    name: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class RevManStudy:
    """A study of the list of studies.

    ``part`` is ``"included"``, ``"excluded"``, ``"awaiting"`` or ``"ongoing"``; ``references`` are
    its reports in words.
    """

    id: str
    name: str
    year: str
    part: str
    data_source: str = ""
    references: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QualityEntry:
    """One judgement: ``result`` is YES (low risk), NO (high) or UNKNOWN (unclear)."""

    study_id: str
    result: str
    group_id: str = ""
    support: str = ""


@dataclass(frozen=True, slots=True)
class QualityItem:
    """A domain of the risk-of-bias table with its judgements; ``level`` is STUDY or GROUP."""

    id: str
    name: str
    level: str
    entries: tuple[QualityEntry, ...]


@dataclass(frozen=True, slots=True)
class SummaryTable:
    """A summary-of-findings table: its title and the words of each row."""

    title: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class NotRead:
    """A kind of place of the file that is not read: its path, how often, and its characters."""

    path: str
    count: int
    characters: int


@dataclass(frozen=True, slots=True)
class RevManReview:
    """A review as a file of Review Manager 5 holds it.

    Attributes
    ----------
    file : str
        Name of the file.
    title, doi, review_id, version : str
        From the head of the file.
    program : str
        Version of the program that wrote it, where it says so.
    modified : str
        When it was last changed.
    studies : tuple of RevManStudy
        All studies of the list.
    comparisons : tuple of Comparison
        The analyses.
    quality_items : tuple of QualityItem
        Risk of bias.
    summaries : tuple of SummaryTable
        Summary-of-findings tables.
    not_read : tuple of NotRead
        Everything else that the file holds, by place.
    problems : tuple of Problem
        Values that could not be read; they are NaN.
    """

    file: str
    title: str
    doi: str = ""
    review_id: str = ""
    version: str = ""
    program: str = ""
    modified: str = ""
    studies: tuple[RevManStudy, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    quality_items: tuple[QualityItem, ...] = ()
    summaries: tuple[SummaryTable, ...] = ()
    not_read: tuple[NotRead, ...] = ()
    problems: tuple[Problem, ...] = ()

    def outcomes(self) -> Iterator[tuple[Comparison, Outcome]]:
        """Give each outcome with its comparison."""
        for comparison in self.comparisons:
            for outcome in comparison.outcomes:
                yield comparison, outcome
