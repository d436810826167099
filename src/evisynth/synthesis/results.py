"""What the models hand on: frozen results, one per question asked.

All values are on the pooled scale (log for ratios) unless a field says otherwise; limits are at
``level``; proportions such as I² and weights are percentages (0 to 100).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.effects import EffectEstimates

__all__ = [
    "AsymmetryTest",
    "Cumulative",
    "FitOptions",
    "HeterogeneityTest",
    "Influence",
    "LeaveOneOut",
    "MetaRegression",
    "PooledFit",
    "Subgroup",
    "SubgroupAnalysis",
    "TrimAndFill",
]

Model = Literal["random", "equal"]
Tau2Method = Literal["REML", "DL", "PM", "ML", "EB", "HS", "HE", "SJ"]
CIMethod = Literal["HKSJ", "t", "z"]
Safeguard = Literal["wider", "truncate", "none"]
PredictionMethod = Literal["t k-1", "t k-2", "normal", "none"]


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How a meta-analysis is fitted; checked when made (see `evisynth.synthesis.options`)."""

    model: Model = "random"
    tau2: Tau2Method = "REML"
    ci: CIMethod = "HKSJ"
    safeguard: Safeguard = "wider"
    prediction: PredictionMethod = "t k-1"
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class PooledFit:
    """The pooled effect of one meta-analysis.

    Attributes
    ----------
    effects : EffectEstimates
        What was pooled, not estimable rows included (their weight is 0).
    options : FitOptions
        What was asked for.
    k : int
        Number of estimates pooled.
    estimate, se, ci_lower, ci_upper : float
        Pooled effect with its standard error and confidence limits.
    statistic, df, p_value : float
        Test of no effect: z (``df`` infinite) or t.
    test : {"z", "t"}
        Distribution of the statistic.
    tau2, tau2_lower, tau2_upper, tau2_se : float
        Between-study variance with Q-profile limits; NaN where it does not exist
        (one study, equal-effects model).
    q, q_df, q_p : float
        Cochran's Q, degrees of freedom and P value.
    i2, i2_lower, i2_upper, h2 : float
        Inconsistency in percent with limits carried over from tau², and H².
    prediction_lower, prediction_upper : float
        Prediction interval; NaN where it is not defined (see `prediction_reason`).
    prediction_reason : str
        Why there is no prediction interval, or ``""``.
    weights : ndarray, shape (K,)
        Weights in percent, 0 for rows that are not estimable.
    safeguard_applied : bool
        Whether the safeguard replaced or widened the Hartung-Knapp interval.
    notes : tuple of str
        What a reader must know.
    """

    effects: EffectEstimates
    options: FitOptions
    k: int
    estimate: float
    se: float
    ci_lower: float
    ci_upper: float
    statistic: float
    df: float
    p_value: float
    test: Literal["z", "t"]
    tau2: float
    tau2_lower: float
    tau2_upper: float
    tau2_se: float
    q: float
    q_df: int
    q_p: float
    i2: float
    i2_lower: float
    i2_upper: float
    h2: float
    prediction_lower: float
    prediction_upper: float
    prediction_reason: str
    weights: NDArray[np.float64]
    safeguard_applied: bool = False
    notes: tuple[str, ...] = ()

    @property
    def tau(self) -> float:
        """Between-study standard deviation."""
        return float(np.sqrt(self.tau2))


@dataclass(frozen=True, slots=True)
class HeterogeneityTest:
    """Test for differences between subgroups (or of moderators).

    ``distribution`` is ``"chi2"`` (``df2`` infinite) or ``"F"``; ``reason`` says why the statistic
    is NaN where it is (e.g. fewer than two subgroups).
    """

    statistic: float
    distribution: Literal["chi2", "F"]
    df1: float
    df2: float
    p_value: float
    model: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Subgroup:
    """One level of a subgroup analysis with its own pooled effect."""

    level: str
    fit: PooledFit


@dataclass(frozen=True, slots=True)
class SubgroupAnalysis:
    """Pooled effects by the levels of one variable, and the tests between them.

    Attributes
    ----------
    by : str
        Column of the data that gives the level.
    fit : PooledFit
        The overall fit.
    tau2 : {"separate", "common"}
        Whether each subgroup has its own between-study variance.
    groups : tuple of Subgroup
        In the order asked for; levels without a study are left out.
    not_coded : tuple of str
        Labels of estimable rows without a level; they are in the overall fit only.
    test_separate : HeterogeneityTest
        Q between the subgroups' pooled effects (inverse variance; as RevMan prints it).
    test_common : HeterogeneityTest
        Meta-regression on the levels with a common tau² (F under Hartung-Knapp, else chi²).
    """

    by: str
    fit: PooledFit
    tau2: Literal["separate", "common"]
    groups: tuple[Subgroup, ...]
    not_coded: tuple[str, ...]
    test_separate: HeterogeneityTest
    test_common: HeterogeneityTest

    @property
    def test(self) -> HeterogeneityTest:
        """The test that belongs to the way tau² was treated."""
        return self.test_common if self.tau2 == "common" else self.test_separate


@dataclass(frozen=True, slots=True)
class MetaRegression:
    """A mixed-effects meta-regression.

    Attributes
    ----------
    terms : tuple of str
        Name of each coefficient, shape (P,); ``"intercept"`` first when there is one.
    coefficients, se, ci_lower, ci_upper, statistics, p_values : ndarray, shape (P,)
        Estimates on the pooled scale.
    covariance : ndarray, shape (P, P)
        Covariance of the coefficients.
    df : float
        Degrees of freedom of the t tests, infinite for z.
    qe, qe_df, qe_p : float
        Test for residual heterogeneity.
    moderators : HeterogeneityTest
        Omnibus test of all coefficients but the intercept.
    tau2, tau2_lower, tau2_upper : float
        Residual between-study variance, Q-profile limits.
    i2, h2, r2 : float
        Residual I² in percent, H², and the share of tau² explained, in percent.
    left_out : tuple of str
        Labels of rows without a value of a moderator or without an estimate.
    """

    effects: EffectEstimates
    options: FitOptions
    formula: str
    k: int
    terms: tuple[str, ...]
    coefficients: NDArray[np.float64]
    se: NDArray[np.float64]
    ci_lower: NDArray[np.float64]
    ci_upper: NDArray[np.float64]
    statistics: NDArray[np.float64]
    p_values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    df: float
    qe: float
    qe_df: int
    qe_p: float
    moderators: HeterogeneityTest
    tau2: float
    tau2_lower: float
    tau2_upper: float
    i2: float
    h2: float
    r2: float
    left_out: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """The pooled effect without each study in turn; arrays have shape (k,), estimable rows only."""

    fit: PooledFit
    left_out: tuple[str, ...]
    estimates: NDArray[np.float64]
    se: NDArray[np.float64]
    ci_lower: NDArray[np.float64]
    ci_upper: NDArray[np.float64]
    p_values: NDArray[np.float64]
    tau2: NDArray[np.float64]
    i2: NDArray[np.float64]
    q: NDArray[np.float64]
    q_p: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Influence:
    """Outlier and influence diagnostics, one value an estimable row, shape (k,).

    The rules are those of Viechtbauer and Cheung 2010 (doi:10.1002/jrsm.11): a row is `influential`
    when |DFFITS| > 3 sqrt(p / (k - p)), or the lower tail of chi² (p df) at Cook's distance
    exceeds 0.5, or the hat value exceeds 3 p / k, or |DFBETAS| > 1. It is an `outlier` when its
    studentized deleted residual lies beyond ±1.96.
    """

    fit: PooledFit
    labels: tuple[str, ...]
    rstudent: NDArray[np.float64]
    dffits: NDArray[np.float64]
    cooks_distance: NDArray[np.float64]
    cov_ratio: NDArray[np.float64]
    tau2_deleted: NDArray[np.float64]
    q_deleted: NDArray[np.float64]
    hat: NDArray[np.float64]
    weight: NDArray[np.float64]
    dfbetas: NDArray[np.float64]
    outlier: NDArray[np.bool_]
    influential: NDArray[np.bool_]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrimAndFill:
    """Trim and fill (Duval and Tweedie 2000, doi:10.1111/j.0006-341X.2000.00455.x).

    Attributes
    ----------
    fit : PooledFit
        The fit before.
    filled : PooledFit
        The fit after; the filled rows come last, labelled ``"Filled 1"`` ...
    estimator : {"L0", "R0"}
        Estimator of the number of missing studies.
    side : {"left", "right"}
        Side on which studies are missing (and were added).
    k0 : int
        Number of studies added.
    k0_se : float
        Standard error of k0.
    p_value : float
        Test of no missing study (R0 only, else NaN).
    filled_estimates, filled_variances : ndarray, shape (k0,)
        The added rows.
    """

    fit: PooledFit
    filled: PooledFit
    estimator: Literal["L0", "R0"]
    side: Literal["left", "right"]
    k0: int
    k0_se: float
    p_value: float
    filled_estimates: NDArray[np.float64]
    filled_variances: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AsymmetryTest:
    """A test for funnel plot asymmetry; ``caution`` is set below ten studies."""

    name: str
    predictor: str
    model: str
    statistic: float
    distribution: Literal["t", "z", "kendall"]
    df: float
    p_value: float
    intercept: float
    slope: float
    slope_se: float
    k: int
    caution: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cumulative:
    """Pooled effects as studies are added in an order; arrays have shape (k,)."""

    fit: PooledFit
    order: str
    added: tuple[str, ...]
    estimates: NDArray[np.float64]
    se: NDArray[np.float64]
    ci_lower: NDArray[np.float64]
    ci_upper: NDArray[np.float64]
    p_values: NDArray[np.float64]
    tau2: NDArray[np.float64]
    i2: NDArray[np.float64]
