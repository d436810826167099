"""What the models hand on: frozen results, one per question asked.

All values are on the pooled scale (log for ratios) unless a field says otherwise; limits are at
``level``; proportions such as I² and weights are percentages (0 to 100).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.display import (
    format_estimate,
    format_level,
    format_number,
    format_p,
    format_percent,
    format_statistic,
    plural,
)
from evisynth.synthesis.counts_results import CountFit
from evisynth.synthesis.joint_tests import HeterogeneityTest, one_row, words_of_test
from evisynth.synthesis.options import FitOptions
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.regression_results import MetaRegression
from evisynth.synthesis.result import Result, frame_rows
from evisynth.synthesis.words import model_words

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


ASYMMETRY_SOURCES = {
    "egger": "Egger et al. 1997, doi:10.1136/bmj.315.7109.629",
    "begg": "Begg and Mazumdar 1994, doi:10.2307/2533446",
    "harbord": "Harbord et al. 2006, doi:10.1002/sim.2380",
    "peters": "Peters et al. 2006, doi:10.1001/jama.295.6.676",
    "macaskill": "Macaskill et al. 2001, doi:10.1002/sim.698",
    "debray": "Debray et al. 2018, doi:10.1002/jrsm.1266",
    "pustejovsky": "Pustejovsky and Rodgers 2019, doi:10.1002/jrsm.1332",
}
"""Where the tests for asymmetry come from, by the first word of their names."""

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


@dataclass(frozen=True, slots=True, repr=False)
class Subgroup(Result):
    """One level of a subgroup analysis with its own pooled effect."""

    level: str
    fit: PooledFit

    def to_frame(self) -> pd.DataFrame:
        """Return the pooled effect as a table of one row."""
        table = self.fit.to_frame()
        table.insert(0, "level", self.level)
        return table

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return f"Studies with the level {self.level}: {self.fit.method_sentence()}"

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Subgroup {self.level}"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows."""
        return [["", ""], *([name, text] for name, text in self.fit.summary_rows())]


@dataclass(frozen=True, slots=True, repr=False)
class SubgroupAnalysis(Result):
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

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        own = "a common tau²" if self.tau2 == "common" else "a tau² of its own"
        return (
            f"{self.fit.method_sentence()} Studies were pooled by {self.by}, each subgroup with "
            f"{own}; the subgroups were compared by {self.test.model} (Borenstein and Higgins "
            "2013, doi:10.1007/s11121-013-0377-7)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Subgroups by {self.by}"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows, effects on the shown scale."""
        rows = [[self.by, "k", self.fit.effects.scale.label, "tau²", "I²", "P"]]
        shown = self.fit.effects.scale.shown
        for level, fit in (
            *((group.level, group.fit) for group in self.groups), ("all studies", self.fit),
        ):  # fmt: skip
            rows.append(
                [
                    level,
                    str(fit.k),
                    format_estimate(shown(fit.estimate), shown(fit.ci_lower), shown(fit.ci_upper)),
                    format_number(fit.tau2, 3),
                    format_percent(fit.i2, 1),
                    format_p(fit.p_value),
                ]
            )
        return rows

    def summary_facts(self) -> tuple[str, ...]:
        """Return the test and who is not coded."""
        test = self.test.reason or words_of_test(self.test)
        out = f"not coded: {', '.join(self.not_coded)}." if self.not_coded else ""
        return tuple(text for text in (f"Between subgroups: {test}.", out) if text)


def _model_of(fit: PooledFit | CountFit) -> str:
    """Return the model of a fit in words."""
    if isinstance(fit, CountFit):
        return fit.words
    words = model_words(fit.options)
    return f"{words}, tau² by {fit.options.tau2}" if fit.options.model == "random" else words


def _refits(
    result: LeaveOneOut | Cumulative, first: str, names: tuple[str, ...]
) -> list[list[str]]:
    """Return a row a fit: effect with limits on the shown scale, SE on the pooled one, tau², I²."""
    scale, options = result.fit.effects.scale, result.fit
    level = options.level if isinstance(options, CountFit) else options.options.level
    se = f"SE ({scale.name} scale)" if scale.is_transformed else "SE"
    rows = [[first, f"{scale.label} [{format_level(level)} CI]", se, "P", "tau²", "I²"]]
    for place, name in enumerate(names):
        limits = scale.shown_limits(float(result.ci_lower[place]), float(result.ci_upper[place]))
        rows.append(
            [
                name,
                format_estimate(scale.shown(float(result.estimates[place])), *limits),
                format_number(float(result.se[place]), 3),
                format_p(float(result.p_values[place])),
                format_number(float(result.tau2[place]), 3),
                format_percent(float(result.i2[place]), 1),
            ]
        )
    return rows


@dataclass(frozen=True, slots=True, repr=False)
class LeaveOneOut(Result):
    """The pooled effect without each study in turn; arrays have shape (k,), estimable rows only."""

    fit: PooledFit | CountFit
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

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            f"{self.fit.method_sentence()} The studies were pooled again without each of them in "
            "turn (Viechtbauer and Cheung 2010, doi:10.1002/jrsm.11)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Leave-one-out analysis, {_model_of(self.fit)}, k = {self.fit.k}"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows, effects on the shown scale."""
        rows = _refits(self, "Left out", self.left_out)
        for row, q, p in zip(rows, ("Q", *self.q), ("P (Q)", *self.q_p), strict=True):
            row += (
                [q, p] if isinstance(q, str) else [format_statistic(float(q)), format_p(float(p))]
            )
        whole = self.fit
        shown = whole.effects.scale.shown
        numbers = format_estimate(
            shown(whole.estimate), *whole.effects.scale.shown_limits(whole.ci_lower, whole.ci_upper)
        )
        rows.append(
            [
                "none", numbers, format_number(whole.se, 3), format_p(whole.p_value),
                format_number(whole.tau2, 3), format_percent(whole.i2, 1),
                format_statistic(getattr(whole, "q", np.nan)),
                format_p(getattr(whole, "q_p", np.nan)),
            ]
        )  # fmt: skip
        return rows


@dataclass(frozen=True, slots=True, repr=False)
class Influence(Result):
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

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            f"{self.fit.method_sentence()} Outliers and influential studies were sought by "
            "studentized deleted residuals, DFFITS, Cook's distances, hat values and DFBETAS "
            "(Viechtbauer and Cheung 2010, doi:10.1002/jrsm.11)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Outliers and influential studies, {_model_of(self.fit)}, k = {len(self.labels)}"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows."""
        names = {
            "labels": "Study", "rstudent": "Residual*", "dffits": "DFFITS",
            "cooks_distance": "Cook's D", "cov_ratio": "Cov. ratio", "tau2_deleted": "tau²*",
            "q_deleted": "Q*", "hat": "Hat", "weight": "Weight", "dfbetas": "DFBETAS",
            "outlier": "Outlier", "influential": "Influential",
        }  # fmt: skip
        table = self.to_frame()
        return [[names[name] for name in table.columns], *frame_rows(table)[1:]]

    def summary_facts(self) -> tuple[str, ...]:
        """Return who is flagged, and what the stars mean."""
        flagged = []
        for words, which in (("Outliers", self.outlier), ("Influential", self.influential)):
            names = [name for name, here in zip(self.labels, which, strict=True) if here]
            if names:
                flagged.append(f"{words}: {', '.join(names)}.")
        return (
            *(flagged or ["No outlier and no influential study by these rules."]),
            "* without the study: studentized deleted residual, tau² and Q of the others.",
        )


@dataclass(frozen=True, slots=True, repr=False)
class TrimAndFill(Result):
    """Trim and fill (Duval and Tweedie 2000, doi:10.1111/j.0006-341X.2000.00455.x).

    Attributes
    ----------
    fit : PooledFit
        The fit before.
    filled : PooledFit
        The fit after; the filled rows come last, labelled ``"Filled 1"`` ...
    estimator : {"L0", "R0", "Q0"}
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
    rounds : tuple of (int, float)
        Studies trimmed and the pooled effect of the others, round by round.
    """

    fit: PooledFit
    filled: PooledFit
    estimator: Literal["L0", "R0", "Q0"]
    side: Literal["left", "right"]
    k0: int
    k0_se: float
    p_value: float
    filled_estimates: NDArray[np.float64]
    filled_variances: NDArray[np.float64]
    notes: tuple[str, ...] = ()
    rounds: tuple[tuple[int, float], ...] = ()

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

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            f"{self.fit.method_sentence()} The number of studies missing on the {self.side} was "
            f"estimated and they were added by trim and fill, estimator {self.estimator} (Duval "
            "and Tweedie 2000, doi:10.1111/j.0006-341X.2000.00455.x)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        added = plural(self.k0, "study", "studies")
        return f"Trim and fill ({self.estimator}): {added} added on the {self.side}"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows, effects on the shown scale."""
        shown = self.fit.effects.scale.shown
        rows = [["Studies", "k", self.fit.effects.scale.label, "tau²", "P"]]
        for words, fit in (("as found", self.fit), ("with filled studies", self.filled)):
            numbers = format_estimate(shown(fit.estimate), shown(fit.ci_lower), shown(fit.ci_upper))
            rows.append(
                [words, str(fit.k), numbers, format_number(fit.tau2, 3), format_p(fit.p_value)]
            )
        return rows


@dataclass(frozen=True, slots=True, repr=False)
class AsymmetryTest(Result):
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
        return one_row(self)

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        source = ASYMMETRY_SOURCES.get(self.name.split("-")[0], "")
        return (
            f"Asymmetry of the funnel plot was tested ({self.name}): {self.model}, on the "
            f"{self.predictor}{f' ({source})' if source else ''}."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Test for funnel plot asymmetry ({self.name})"

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows."""
        letter = {"t": f"t({format_number(self.df, 0)})", "z": "z", "kendall": "Kendall's tau"}
        return [
            ["Predictor", "k", letter[self.distribution], "P", "Slope", "SE"],
            [
                self.predictor, str(self.k), format_statistic(self.statistic),
                format_p(self.p_value), format_number(self.slope, 3),
                format_number(self.slope_se, 3),
            ],
        ]  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Cumulative(Result):
    """Pooled effects as studies are added in an order; arrays have shape (k,)."""

    fit: PooledFit | CountFit
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

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            f"{self.fit.method_sentence()} The studies were pooled cumulatively in the order of "
            f"{self.order} (Lau et al. 1992, doi:10.1056/NEJM199207233270406)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return (
            f"Cumulative meta-analysis in the order of {self.order}, {_model_of(self.fit)}, "
            f"k = {self.fit.k}"
        )

    def summary_rows(self) -> list[list[str]]:
        """Return the cells of the table that a summary shows, effects on the shown scale."""
        rows = _refits(self, "Added", self.added)
        numbers = ("k", *map(str, range(1, len(rows))))
        return [[number, *row] for number, row in zip(numbers, rows, strict=True)]
