"""What the models hand on: frozen results, one per question asked.

All values are on the pooled scale (log for ratios) unless a field says otherwise; limits are at
``level``; proportions such as I² and weights are percentages (0 to 100).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.synthesis.options import FitOptions
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.words import regression_sentences

if TYPE_CHECKING:
    import pandas as pd
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

    def to_frame(self) -> pd.DataFrame:
        """Return the test as a table of one row."""
        return _one_row(self)


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
    notes: tuple[str, ...] = ()

    @property
    def test(self) -> HeterogeneityTest:
        """The test that belongs to the way tau² was treated."""
        return self.test_common if self.tau2 == "common" else self.test_separate

    def to_frame(self) -> pd.DataFrame:
        """Return one row a subgroup and one for all studies, as `PooledFit.to_frame` has them."""
        import pandas as pd

        rows = [group.fit.to_frame().assign(level=group.level) for group in self.groups]
        rows.append(self.fit.to_frame().assign(level="all studies"))
        table = pd.concat(rows, ignore_index=True)
        table.insert(0, self.by, table.pop("level"))
        return table

    def test_frame(self) -> pd.DataFrame:
        """Return the two tests between the subgroups, one row each."""
        import pandas as pd

        return pd.concat([self.test_separate.to_frame(), self.test_common.to_frame()])


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
    reference_levels : dict of str to str
        The level that the coefficients of each category compare with.
    safeguard_applied : bool
        Whether the safeguard replaced the Hartung-Knapp tests (all coefficients at once).
    tau2_reason : str
        Why tau² or its limits are NaN, or ``""``.
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
    reference_levels: dict[str, str] = field(default_factory=dict)
    safeguard_applied: bool = False
    tau2_reason: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient."""
        import pandas as pd

        names = ("coefficients", "se", "ci_lower", "ci_upper", "statistics", "p_values")
        columns = {"term": list(self.terms), **{name: getattr(self, name) for name in names}}
        return pd.DataFrame(columns).assign(df=self.df)

    def method_sentence(self) -> str:
        """Return one paragraph on what was done, with references and DOIs."""
        return regression_sentences(self.options, self.formula)


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

    def to_frame(self) -> pd.DataFrame:
        """Return one row a study left out."""
        import pandas as pd

        names = (
            "left_out", "estimates", "se", "ci_lower", "ci_upper", "p_values", "tau2", "i2",
            "q", "q_p",
        )  # fmt: skip
        return pd.DataFrame({name: getattr(self, name) for name in names})


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

    def to_frame(self) -> pd.DataFrame:
        """Return one row a study."""
        import pandas as pd

        names = (
            "labels", "rstudent", "dffits", "cooks_distance", "cov_ratio", "tau2_deleted",
            "q_deleted", "hat", "weight", "dfbetas", "outlier", "influential",
        )  # fmt: skip
        return pd.DataFrame({name: getattr(self, name) for name in names})


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
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the fit before and after, one row each."""
        import pandas as pd

        rows = [
            fit.to_frame().assign(studies=words, k0=added, k0_se=self.k0_se)
            for fit, words, added in (
                (self.fit, "as found", 0),
                (self.filled, "with filled studies", self.k0),
            )
        ]
        table = pd.concat(rows, ignore_index=True)
        table.insert(0, "studies", table.pop("studies"))
        return table


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

    def to_frame(self) -> pd.DataFrame:
        """Return the test as a table of one row."""
        return _one_row(self)


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
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a step; ``k`` is the number of studies so far."""
        import pandas as pd

        names = ("added", "estimates", "se", "ci_lower", "ci_upper", "p_values", "tau2", "i2")
        columns = {name: getattr(self, name) for name in names}
        return pd.DataFrame({"k": np.arange(1, len(self.added) + 1), **columns})


def _one_row(result: HeterogeneityTest | AsymmetryTest) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([{f.name: getattr(result, f.name) for f in fields(result)}])
