"""What an audit found, as frozen values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from evisynth.display import plural
from evisynth.errors import Problem

__all__ = [
    "FIELDS",
    "TOLERANCE",
    "Audit",
    "AuditedResult",
    "AuditedRow",
    "Current",
    "Remark",
    "Severity",
    "Verdict",
    "WithoutResult",
]

TOLERANCE = 1e-4
"""Largest relative difference that counts as equal: below the last digit that any table prints, and
above the rounding of the P values in the files."""

Verdict = Literal["equal", "different", "not computable"]
Severity = Literal["error", "warning", "note"]
"""``"error"``: impossible; ``"warning"``: look at it; ``"note"``: worth knowing."""

FIELDS = {
    "estimate": "Effect",
    "ci_lower": "Lower limit",
    "ci_upper": "Upper limit",
    "z": "Z",
    "p": "P of the effect",
    "q": "Q",
    "q_df": "df of Q",
    "q_p": "P of Q",
    "i2": "I²",
    "tau2": "tau²",
    "weight": "Weight",
    "subgroup_q": "Q between subgroups",
    "subgroup_p": "P between subgroups",
    "subgroup_i2": "I² between subgroups",
}
"""Numbers of a result that are compared, with their words; ratios on the shown scale."""


@dataclass(frozen=True, slots=True)
class Current:
    """The same data under the methods that are recommended now.

    Random effects with tau² by REML, Hartung and Knapp's interval (with the safeguard), and a
    prediction interval.

    Attributes
    ----------
    k : int
        Number of estimates.
    estimate, ci_lower, ci_upper : float
        Pooled effect, shown scale.
    p, tau2, i2 : float
        P value, tau² and I².
    prediction_lower, prediction_upper : float
        Prediction interval, shown scale; NaN where there is none.
    changes : tuple of str
        What a reader would conclude otherwise, in sentences.
    reason : str
        Why there is nothing, or ``""``.
    """

    k: int = 0
    estimate: float = math.nan
    ci_lower: float = math.nan
    ci_upper: float = math.nan
    p: float = math.nan
    tau2: float = math.nan
    i2: float = math.nan
    prediction_lower: float = math.nan
    prediction_upper: float = math.nan
    changes: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AuditedResult:
    """One stored pooled result, computed anew.

    Attributes
    ----------
    id : str
        Id in the file, e.g. ``"CMP-001.02.01"``.
    level : {"total", "subgroup", "test"}
        Pooled over an outcome or over one of its subgroups; ``"test"``: only the test between
        subgroups is stored, as the outcome has no total.
    comparison, outcome : str
        Their names.
    subgroup : str or None
        Its name; None for a total.
    kind, measure, method : str
        Kind of data, effect measure and method.
    model : {"fixed", "random"}
        Model.
    ci_level : float
        Level of the limits in percent.
    k : int
        Estimates that were pooled.
    stored, computed : Mapping of str to float
        Numbers by the names of `FIELDS`.
    differences : Mapping of str to float
        Relative difference of each number that was compared.
    relative_difference : float
        The largest of them; NaN where nothing was computed.
    verdict : Verdict
        What came of it.
    reason : str
        Why it is not computable, or which numbers differ.
    notes : tuple of str
        What a reader must know of the way it was computed.
    current : Current or None
        The same data under current methods.
    """

    id: str
    level: Literal["total", "subgroup", "test"]
    comparison: str
    outcome: str
    subgroup: str | None
    kind: str
    measure: str
    method: str
    model: Literal["fixed", "random"]
    ci_level: float
    k: int
    stored: Mapping[str, float]
    computed: Mapping[str, float]
    differences: Mapping[str, float]
    relative_difference: float
    verdict: Verdict
    reason: str = ""
    notes: tuple[str, ...] = ()
    current: Current | None = None
    comparison_number: int = 0
    outcome_number: int = 0
    subgroup_number: int | None = None


@dataclass(frozen=True, slots=True)
class WithoutResult:
    """A place where the file stores no pooled result, and what the data give.

    ``stored`` says what the file says (``"not estimable"``, ``"empty"``), ``estimate`` with limits
    what was computed (NaN where there is nothing), ``reason`` why there is nothing.
    """

    id: str
    comparison: str
    outcome: str
    subgroup: str | None
    stored: Literal["not estimable", "empty"]
    estimate: float = math.nan
    ci_lower: float = math.nan
    ci_upper: float = math.nan
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AuditedRow:
    """A study row whose stored effect, limits, precision or weight is not what its data give."""

    id: str
    study: str
    line: int
    what: str
    stored: float
    computed: float
    relative_difference: float


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the data that a reader should look at.

    Attributes
    ----------
    check : str
        Which check, a name in `evisynth.exchange.audit.checks.CHECKS`.
    severity : Severity
        How bad it is.
    where : str
        Comparison and outcome, or file and line.
    studies : tuple of str
        Studies it is about.
    message : str
        What was found.
    hint : str
        What it may mean, or how to settle it.
    """

    check: str
    severity: Severity
    where: str
    studies: tuple[str, ...]
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message}" + (f" {self.hint}" if self.hint else "")


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit of a file, a table or a review.

    Attributes
    ----------
    source : str
        Name of the file or folder.
    kind : {"revman", "table", "review"}
        What it is.
    title, program : str
        Title, and what made it.
    results : tuple of AuditedResult
        One for each stored pooled result.
    without_result : tuple of WithoutResult
        Places without a stored result.
    rows : tuple of AuditedRow
        Study rows that differ.
    rows_compared : int
        Study rows that were computed anew.
    remarks : tuple of Remark
        What the checks of the data found.
    problems : tuple of Problem
        Places that cannot be read.
    not_read : tuple of (str, int, int)
        What the file holds besides: path, how often, characters.
    facts : Mapping of str to int
        Sizes: comparisons, outcomes, studies ...
    tolerance : float
        Relative difference that counts as equal.
    """

    source: str
    kind: Literal["revman", "table", "review"]
    title: str
    program: str = ""
    results: tuple[AuditedResult, ...] = ()
    without_result: tuple[WithoutResult, ...] = ()
    rows: tuple[AuditedRow, ...] = ()
    rows_compared: int = 0
    remarks: tuple[Remark, ...] = ()
    problems: tuple[Problem, ...] = ()
    not_read: tuple[tuple[str, int, int], ...] = ()
    facts: Mapping[str, int] = field(default_factory=dict)
    tolerance: float = TOLERANCE

    def count(self, verdict: Verdict) -> int:
        """Return how many results have a verdict."""
        return sum(result.verdict == verdict for result in self.results)

    @property
    def errors(self) -> tuple[Remark, ...]:
        """What is impossible."""
        return tuple(remark for remark in self.remarks if remark.severity == "error")

    @property
    def ok(self) -> bool:
        """Whether every stored result was found again and nothing is impossible."""
        return (
            all(result.verdict == "equal" for result in self.results)
            and not self.errors
            and not self.problems
        )

    @property
    def headline(self) -> str:
        """What came of it, in a sentence."""
        total = len(self.results)
        if self.kind == "table":
            if not self.remarks and not self.rows:
                return "The checks found nothing."
            found = plural(len(self.remarks), "remark")
            return f"The checks made {found}, {len(self.errors)} of them on what is impossible."
        if not total:
            return "No pooled result is stored."
        equal = self.count("equal")
        if equal == total:
            whole = plural(total, "stored result")
            return f"{whole}: {'equal' if total == 1 else 'all equal'} when computed anew."
        parts = [f"{equal} equal"]
        different, not_computable = self.count("different"), self.count("not computable")
        if different:
            parts.append(f"{different} different")
        if not_computable:
            parts.append(f"{not_computable} not computable")
        return f"{plural(total, 'stored result')} computed anew: {', '.join(parts)}."
