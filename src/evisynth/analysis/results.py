"""What an analysis of the plan came to."""

from __future__ import annotations

from dataclasses import dataclass

from evisynth.analysis.plan import AnalysisPlan
from evisynth.extraction import Outcome
from evisynth.synthesis import (
    AsymmetryTest,
    Cumulative,
    Influence,
    LeaveOneOut,
    MetaRegression,
    PooledFit,
    SubgroupAnalysis,
    TrimAndFill,
)

__all__ = ["AnalysisResult", "WithoutOutliers"]


@dataclass(frozen=True, slots=True)
class WithoutOutliers:
    """The fit without the studies that a rule calls outliers; ``fit`` is None without any."""

    rule: str
    left_out: tuple[str, ...]
    fit: PooledFit | None


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """Everything computed for one analysis of the plan.

    Attributes
    ----------
    plan : AnalysisPlan
        The plan.
    outcome : Outcome
        What was measured.
    fit : PooledFit
        The main fit; ``fit.effects.data`` has one row a study with the outcome data under their
        standard names (``n1 mean1 sd1`` ...), ``format``, and every study characteristic. Its
        labels are the study ids.
    by_format : SubgroupAnalysis or None
        The rows by format of data, when more than one format is pooled.
    subgroups : dict of str to SubgroupAnalysis
        By characteristic.
    meta_regressions : dict of str to MetaRegression
        By formula; `not_done` says why one is missing.
    leave_one_out, influence, without_outliers, trim_and_fill, cumulative
        Sensitivity and small-study analyses; None where there are too few studies.
    asymmetry : dict of str to AsymmetryTest
        By name of the test.
    not_done : dict of str to str
        What was planned and could not be computed, with the reason.
    """

    plan: AnalysisPlan
    outcome: Outcome
    fit: PooledFit
    by_format: SubgroupAnalysis | None
    subgroups: dict[str, SubgroupAnalysis]
    meta_regressions: dict[str, MetaRegression]
    leave_one_out: LeaveOneOut | None
    influence: Influence | None
    without_outliers: WithoutOutliers | None
    trim_and_fill: TrimAndFill | None
    asymmetry: dict[str, AsymmetryTest]
    cumulative: Cumulative | None
    not_done: dict[str, str]
