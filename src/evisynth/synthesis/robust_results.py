"""What cluster-robust inference hands on: a frozen result, and how it prints."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.display import (
    format_columns,
    format_estimate,
    format_number,
    format_p,
    format_percent,
    format_statistic,
)
from evisynth.stats import RobustCovariance, RobustKind
from evisynth.synthesis.formula import Design
from evisynth.synthesis.joint_tests import HeterogeneityTest
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from evisynth.effects import EffectEstimates

__all__ = ["RobustFit", "WorkingModel"]

WorkingModel = Literal["fit", "correlated", "hierarchical"]

KIND_WORDS = {
    "CR0": "without a correction for few clusters (CR0)",
    "CR1": "with the factor m / (m - 1) for m clusters (CR1)",
    "CR1p": "with the factor m / (m - p) for m clusters and p coefficients (CR1p)",
    "CR1S": "with Stata's factor for few clusters (CR1S)",
    "CR2": "with the bias-reduced linearization correction (CR2)",
    "CR3": "with the correction close to the jackknife (CR3)",
}


@dataclass(frozen=True, slots=True, repr=False)
class RobustFit(Result):
    """Coefficients with cluster-robust tests and limits.

    Attributes
    ----------
    effects : EffectEstimates
        What was fitted.
    source : str
        The model in words.
    working : {"fit", "correlated", "hierarchical"}
        Where the weights come from: the fit that was handed in, or a working model of Hedges,
        Tipton and Johnson.
    kind : str
        CR0, CR1, CR1p, CR1S, CR2 or CR3.
    cluster : str
        Column of the clusters.
    k, clusters : int
        Number of estimates and of clusters.
    terms : tuple of str
        Name of each coefficient, shape (P,).
    coefficients, se, ci_lower, ci_upper, statistics, df, p_values : ndarray, shape (P,)
        Coefficients on the pooled scale; ``df`` is infinite for z.
    covariance : ndarray, shape (P, P)
        Cluster-robust covariance.
    moderators : HeterogeneityTest
        Joint test of all coefficients but the intercept: approximate Hotelling T² under
        Satterthwaite degrees of freedom, else F or chi².
    tau2, omega2 : float
        Variances between and within clusters of the working model; NaN where they do not apply.
    df_method : {"Satterthwaite", "m - p", "m - 1", "z"}
        Degrees of freedom.
    level : float
        Confidence level.
    notes : tuple of str
        What a reader must know.
    inference : RobustCovariance
        The arrays behind, for tests of other combinations.
    design : Design or None
        The design over all rows, and how it is made of new data.
    """

    effects: EffectEstimates
    source: str
    working: WorkingModel
    kind: RobustKind
    cluster: str
    k: int
    clusters: int
    terms: tuple[str, ...]
    coefficients: NDArray[np.float64]
    se: NDArray[np.float64]
    ci_lower: NDArray[np.float64]
    ci_upper: NDArray[np.float64]
    statistics: NDArray[np.float64]
    df: NDArray[np.float64]
    p_values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    moderators: HeterogeneityTest
    tau2: float
    omega2: float
    correlation: float
    df_method: Literal["Satterthwaite", "m - p", "m - 1", "z"]
    level: float
    notes: tuple[str, ...]
    inference: RobustCovariance = field(compare=False)
    design: Design | None = field(default=None, compare=False)

    @property
    def estimate(self) -> float:
        """The pooled effect, where the model has an intercept alone; else NaN."""
        return float(self.coefficients[0]) if self.terms == ("intercept",) else float("nan")

    def joint_test(self, contrasts: ArrayLike) -> HeterogeneityTest:
        """Test that combinations of coefficients, rows of ``contrasts`` (Q, P), are all 0."""
        return _joint(self.inference, self.coefficients, contrasts, self.df_method)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient."""
        import pandas as pd

        names = ("coefficients", "se", "ci_lower", "ci_upper", "statistics", "df", "p_values")
        return pd.DataFrame(
            {"term": list(self.terms), **{name: getattr(self, name) for name in names}}
        )

    def method_sentence(self) -> str:
        """Return one paragraph on what was done, with references and DOIs."""
        text = f"{self.source} Standard errors are cluster-robust by {self.cluster}"
        text += f" (Hedges, Tipton and Johnson 2010, doi:10.1002/jrsm.5) {KIND_WORDS[self.kind]}"
        if self.kind in ("CR2", "CR3"):
            text += " (Pustejovsky and Tipton 2018, doi:10.1080/07350015.2016.1247004)"
        text += {
            "Satterthwaite": "; tests and limits use the t distribution with Satterthwaite degrees "
            "of freedom (Tipton 2015, doi:10.1037/met0000011)",
            "m - p": "; tests and limits use the t distribution with m - p degrees of freedom",
            "m - 1": "; tests and limits use the t distribution with m - 1 degrees of freedom",
            "z": "; tests and limits use the normal distribution",
        }[self.df_method]
        if self.df_method == "Satterthwaite" and not math.isnan(self.moderators.df1):
            text += (
                ", joint tests the approximate Hotelling T² (Tipton and Pustejovsky 2015, "
                "doi:10.3102/1076998615606099)"
            )
        return f"{text}."

    def summary(self) -> str:
        """Return a readable text: what was done, the numbers, and the notes."""
        percent = 100 * self.level
        level = format_percent(percent, 0 if abs(percent - round(percent)) < 1e-9 else 1)
        lines = [
            f"Cluster-robust inference ({self.kind}), k = {self.k}, {self.clusters} clusters by "
            f"{self.cluster}",
            "",
        ]
        rows = [["Coefficient", f"[{level} CI]", "SE", "df", "t", "P"]]
        if self.df_method == "z":
            rows[0][4] = "z"
        for place, term in enumerate(self.terms):
            df = self.df[place]
            rows.append(
                [
                    term,
                    format_estimate(
                        self.coefficients[place], self.ci_lower[place], self.ci_upper[place], 3
                    ),
                    format_number(self.se[place], 3),
                    "" if math.isinf(df) else format_number(df, 1),
                    format_statistic(self.statistics[place]),
                    format_p(self.p_values[place]),
                ]
            )
        lines += [*format_columns(rows), ""]
        if not math.isnan(self.tau2):
            text = f"  tau² {format_number(self.tau2, 3)}"
            if not math.isnan(self.omega2):
                text += f", omega² {format_number(self.omega2, 3)}"
            lines.append(text)
        test = self.moderators
        if not math.isnan(test.statistic):
            lines.append(
                f"  Moderators: {'F' if test.distribution == 'F' else 'chi²'} = "
                f"{format_statistic(test.statistic)}, df = {format_number(test.df1, 0)}"
                + (f" and {format_number(test.df2, 1)}" if test.distribution == "F" else "")
                + f", {format_p(test.p_value, symbol=True)}"
            )
        lines += ["", *(f"  Note: {note}" for note in self.notes)] if self.notes else []
        return "\n".join(lines).rstrip()

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return self.summary()


def _joint(
    inference: RobustCovariance,
    coefficients: NDArray[np.float64],
    contrasts: ArrayLike,
    df_method: str,
) -> HeterogeneityTest:
    """Test combinations of coefficients with the degrees of freedom of the t tests."""
    p = len(coefficients)
    df = {
        "Satterthwaite": None,
        "m - p": float(inference.clusters - p),
        "m - 1": float(inference.clusters - 1),
        "z": float("inf"),
    }[df_method]
    test = inference.joint_test(coefficients, contrasts, df)
    normal = df_method == "z"
    reason = ""
    if math.isnan(test.p_value):
        reason = "too few clusters for a joint test of so many coefficients"
    return HeterogeneityTest(
        statistic=test.statistic * test.df1 if normal else test.statistic,
        distribution="chi2" if normal else "F",
        df1=float(test.df1),
        df2=test.df2,
        p_value=test.p_value,
        model="cluster-robust",
        reason=reason,
    )
