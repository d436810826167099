"""The plan of analyses: comparison x outcome x measure x model, fixed before the data are seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["AnalysisPlan", "SubgroupPlan"]


@dataclass(frozen=True, slots=True)
class SubgroupPlan:
    """A subgroup analysis: by which characteristic, and how tau² is treated."""

    by: str
    label: str
    levels: tuple[str, ...]
    tau2: Literal["separate", "common"] = "separate"


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """One planned analysis.

    Attributes
    ----------
    id, title : str
        Identifier (used in file names) and words shown.
    outcome : str
        Outcome id.
    measure : str
        Effect measure.
    variance : str
        Variance formula of the measure, by name (``""`` is the measure's default).
    formats : tuple of str
        Formats of outcome data that go in, in the order of preference.
    mixed_formats : bool
        Whether pooling formats that do not standardize alike is intended (Cochrane Handbook,
        10.5.2); without it such a plan is refused.
    model, tau2, ci, safeguard, prediction, level
        As in `evisynth.synthesis.FitOptions`.
    role : {"main", "sensitivity"}
        A sensitivity analysis belongs to the main one named by `sensitivity_of`.
    subgroups : tuple of SubgroupPlan
        Subgroup analyses.
    meta_regression : tuple of str
        Formulas, e.g. ``"duration_weeks"``.
    without_outliers : {"rstudent", "lowest tau2", "none"}
        Rule of the sensitivity analysis without the outlier: every study whose studentized deleted
        residual lies beyond ±1.96, or the one study without which tau² is lowest.
    trim_and_fill : {"L0", "R0", "none"}
        Estimator of trim and fill.
    trim_and_fill_side : {"auto", "left", "right"}
        Side of the missing studies.
    asymmetry_tests : tuple of str
        Tests, e.g. ``("egger", "begg")``.
    cumulative : str
        Column to order a cumulative analysis by, or ``""``.
    favours : tuple of str
        Words for the two arms: (experimental, comparator).
    timepoints : tuple of str
        Only rows of these time points, as they name them, of a study the one that stands first
        here; without any a study has one row in each format.
    """

    id: str
    title: str
    outcome: str
    measure: str
    variance: str = ""
    formats: tuple[str, ...] = ()
    mixed_formats: bool = False
    model: str = "random"
    tau2: str = "REML"
    ci: str = "HKSJ"
    safeguard: str = "wider"
    prediction: str = "t k-1"
    level: float = 0.95
    role: Literal["main", "sensitivity"] = "main"
    sensitivity_of: str = ""
    subgroups: tuple[SubgroupPlan, ...] = ()
    meta_regression: tuple[str, ...] = ()
    without_outliers: Literal["rstudent", "lowest tau2", "none"] = "rstudent"
    trim_and_fill: Literal["L0", "R0", "none"] = "L0"
    trim_and_fill_side: Literal["auto", "left", "right"] = "auto"
    asymmetry_tests: tuple[str, ...] = ("egger", "begg")
    cumulative: str = "year"
    favours: tuple[str, str] = ("intervention", "control")
    timepoints: tuple[str, ...] = ()
    source: str = field(default="", compare=False)
