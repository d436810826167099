"""What a multiverse analysis hands on: all its fits, the curve, and the test over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.display import (
    format_count,
    format_estimate,
    format_number,
    format_p,
    format_percent,
    plural,
)
from evisynth.errors import NotEstimableError, OptionError
from evisynth.synthesis.options import FitOptions
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects import Scale

__all__ = ["Multiverse", "SpecificationCurve", "SpecificationTest"]

SOURCE = (
    "Steegen et al. 2016, doi:10.1177/1745691616658637; for meta-analyses Voracek et al. 2019, "
    "doi:10.1027/2151-2604/a000357"
)
CURVE_SOURCE = "Simonsohn et al. 2020, doi:10.1038/s41562-020-0912-z"


@dataclass(frozen=True, slots=True, repr=False)
class Multiverse(Result):
    """The pooled effects of every combination of the declared choices.

    Attributes
    ----------
    factors : tuple of str
        What was varied.
    choices : tuple of tuple of str
        The choice of each factor in each universe, shape (U, F); ``""`` where it has no bearing.
    measures : tuple of str
        Effect measure of each universe.
    scales : dict of str to Scale
        Pooled and shown scale of each measure.
    options : tuple of FitOptions
        How each universe was pooled.
    k : ndarray of int, shape (U,)
        Number of studies.
    estimates, se, ci_lower, ci_upper, p_values, tau2, i2 : ndarray, shape (U,)
        Pooled scale; NaN where there is a reason.
    excluded : tuple of tuple of str
        Labels left out as outliers, by universe.
    reasons : tuple of str
        Why a universe has no fit, or ``""``.
    labels : tuple of str
        Names of all studies, shape (L,).
    study_estimates, study_variances : ndarray, shape (U, L)
        What each universe pooled; NaN where a study is not in it.
    alpha : float
        Level of significance that the shares count with.
    notes : tuple of str
        What a reader must know.
    """

    factors: tuple[str, ...]
    choices: tuple[tuple[str, ...], ...]
    measures: tuple[str, ...]
    scales: dict[str, Scale]
    options: tuple[FitOptions, ...]
    k: NDArray[np.int64]
    estimates: NDArray[np.float64]
    se: NDArray[np.float64]
    ci_lower: NDArray[np.float64]
    ci_upper: NDArray[np.float64]
    p_values: NDArray[np.float64]
    tau2: NDArray[np.float64]
    i2: NDArray[np.float64]
    excluded: tuple[tuple[str, ...], ...]
    reasons: tuple[str, ...]
    labels: tuple[str, ...]
    study_estimates: NDArray[np.float64]
    study_variances: NDArray[np.float64]
    alpha: float
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.choices)

    @property
    def estimable(self) -> NDArray[np.bool_]:
        """Which universes have a pooled effect, shape (U,)."""
        return np.isfinite(self.estimates)

    @property
    def significant(self) -> NDArray[np.bool_]:
        """Which pooled effects differ from no effect at `alpha`, shape (U,)."""
        return np.asarray(self.p_values < self.alpha)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a universe: its choices, then its numbers (pooled scale).

        Numbers with the name of a factor are called after it: ``pooled_tau2``.
        """
        import pandas as pd

        columns: dict[str, object] = {
            factor: [row[place] for row in self.choices]
            for place, factor in enumerate(self.factors)
        }
        columns["effect_measure" if "measure" in columns else "measure"] = list(self.measures)
        for name in ("k", "estimates", "se", "ci_lower", "ci_upper", "p_values", "tau2", "i2"):
            columns[f"pooled_{name}" if name in columns else name] = getattr(self, name)
        columns["excluded"] = ["; ".join(names) for names in self.excluded]
        columns["reason"] = list(self.reasons)
        return pd.DataFrame(columns)

    def overview(self) -> pd.DataFrame:
        """Return one row an effect measure: how many universes, their range, the share significant.

        Percentages are of the universes that have a pooled effect; ``positive`` and ``negative``
        are significant and above or below no effect.
        """
        import pandas as pd

        rows = []
        for measure in dict.fromkeys(self.measures):
            if measure not in self.scales:
                continue
            here = np.array([name == measure for name in self.measures])
            good = here & self.estimable
            y, found = self.estimates[good], self.significant[good]
            above = y > self.scales[measure].null
            nan = float("nan")
            rows.append(
                {
                    "measure": measure,
                    "universes": int(here.sum()),
                    "estimable": int(good.sum()),
                    "median": float(np.median(y)) if y.size else nan,
                    "lower_quartile": float(np.quantile(y, 0.25)) if y.size else nan,
                    "upper_quartile": float(np.quantile(y, 0.75)) if y.size else nan,
                    "minimum": float(y.min()) if y.size else nan,
                    "maximum": float(y.max()) if y.size else nan,
                    "significant": float(100 * found.mean()) if y.size else nan,
                    "positive": float(100 * (found & above).mean()) if y.size else nan,
                    "negative": float(100 * (found & ~above).mean()) if y.size else nan,
                }
            )
        return pd.DataFrame(rows)

    def by_choice(self) -> pd.DataFrame:
        """Return one row a choice: median pooled effect, share significant, and what it explains.

        ``explained`` is the share of the variance of the pooled effects between the choices of the
        factor, in percent (the correlation ratio), within one measure; it is the same in every row
        of a factor.
        """
        import pandas as pd

        rows = []
        for measure in self.scales:
            here = np.array([name == measure for name in self.measures]) & self.estimable
            for place, factor in enumerate(self.factors):
                words = np.array([row[place] for row in self.choices], dtype=object)
                levels = list(dict.fromkeys(words[here]))
                share = _explained(self.estimates[here], words[here])
                for level in levels:
                    some = here & (words == level)
                    rows.append(
                        {
                            "measure": measure,
                            "factor": factor,
                            "choice": level,
                            "universes": int(some.sum()),
                            "median": float(np.median(self.estimates[some])),
                            "significant": float(100 * self.significant[some].mean()),
                            "explained": share,
                        }
                    )
        return pd.DataFrame(rows)

    def curve(self, measure: str | None = None) -> SpecificationCurve:
        """Return the specification curve: pooled effects in ascending order with their choices.

        Parameters
        ----------
        measure
            Which effect measure, where there are several.

        Raises
        ------
        OptionError
            If there are several measures and none is named, or it is not one of them.
        NotEstimableError
            If no universe has a pooled effect.
        """
        if not self.scales:
            raise NotEstimableError(f"no universe has a pooled effect: {self.reasons[0]}")
        if measure is None:
            if len(self.scales) > 1:
                raise OptionError(
                    "measure", measure, list(self.scales),
                    hint="Pooled effects of different measures have no common order.",
                )  # fmt: skip
            measure = next(iter(self.scales))
        if measure not in self.scales:
            raise OptionError("measure", measure, list(self.scales))
        here = np.array([name == measure for name in self.measures]) & self.estimable
        where = np.flatnonzero(here)
        order = where[np.argsort(self.estimates[where], kind="stable")]
        rows, marks = [], []
        for place, factor in enumerate(self.factors):
            words = [self.choices[u][place] for u in order]
            for level in dict.fromkeys(self.choices[u][place] for u in where):
                if level:
                    rows.append((factor, level))
                    marks.append([word == level for word in words])
        return SpecificationCurve(
            measure=measure,
            scale=self.scales[measure],
            universes=order,
            estimates=self.estimates[order],
            ci_lower=self.ci_lower[order],
            ci_upper=self.ci_upper[order],
            p_values=self.p_values[order],
            significant=self.significant[order],
            k=self.k[order],
            rows=tuple(rows),
            matrix=np.array(marks, dtype=np.bool_).reshape(len(rows), len(order)),
        )

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            f"A multiverse analysis ({SOURCE}) pooled the studies in each of "
            f"{plural(len(self), 'distinct combination')} of declared choices of "
            f"{', '.join(self.factors)}; the results are given as a specification curve "
            f"({CURVE_SOURCE})."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Multiverse of {plural(len(self), 'universe')} by {', '.join(self.factors)}"

    def summary_rows(self) -> list[list[str]]:
        """Return one row an effect measure, on the shown scale."""
        rows = [
            ["Measure", "Universes", "Median", "Range", f"P < {self.alpha:g}", "Above", "Below"]
        ]
        for row in self.overview().to_dict("records"):
            shown = self.scales[str(row["measure"])].shown
            low, high = (format_number(shown(row[name])) for name in ("minimum", "maximum"))
            rows.append(
                [
                    str(row["measure"]),
                    f"{format_count(row['estimable'])} of {format_count(row['universes'])}",
                    format_number(shown(row["median"])),
                    f"{low} to {high}",
                    format_percent(row["significant"]),
                    format_percent(row["positive"]),
                    format_percent(row["negative"]),
                ]
            )
        return rows


def _explained(values: NDArray[np.float64], words: NDArray[np.object_]) -> float:
    """Return the share of variance between the levels, in percent."""
    if not values.size:
        return float("nan")
    total = float(np.square(values - values.mean()).sum())
    if total <= 1e-24 * float(np.square(values).sum()):
        return 0.0
    between = 0.0
    for level in dict.fromkeys(words):
        some = values[words == level]
        between += some.size * float(some.mean() - values.mean()) ** 2
    return 100 * between / total


@dataclass(frozen=True, slots=True, repr=False)
class SpecificationCurve(Result):
    """Pooled effects in ascending order and the choices behind each.

    Attributes
    ----------
    measure : str
        Effect measure.
    scale : Scale
        Pooled and shown scale.
    universes : ndarray of int, shape (M,)
        Places in the multiverse.
    estimates, ci_lower, ci_upper, p_values : ndarray, shape (M,)
        Pooled scale.
    significant : ndarray of bool, shape (M,)
        Which differ from no effect.
    k : ndarray of int, shape (M,)
        Number of studies.
    rows : tuple of (str, str)
        Factor and choice of each row of the matrix, shape (R,).
    matrix : ndarray of bool, shape (R, M)
        Which choices each universe made.
    """

    measure: str
    scale: Scale
    universes: NDArray[np.int64]
    estimates: NDArray[np.float64]
    ci_lower: NDArray[np.float64]
    ci_upper: NDArray[np.float64]
    p_values: NDArray[np.float64]
    significant: NDArray[np.bool_]
    k: NDArray[np.int64]
    rows: tuple[tuple[str, str], ...]
    matrix: NDArray[np.bool_]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a universe in the order of the curve, one column a choice."""
        import pandas as pd

        names = ("universes", "k", "estimates", "ci_lower", "ci_upper", "p_values", "significant")
        table = pd.DataFrame({name: getattr(self, name) for name in names})
        marks = {f"{factor}: {choice}": self.matrix[i] for i, (factor, choice) in
                 enumerate(self.rows)}  # fmt: skip
        return pd.concat([table, pd.DataFrame(marks)], axis=1)

    def method_sentence(self) -> str:
        """Return what it is, with references."""
        return (
            "The specification curve shows the pooled effects of "
            f"{plural(len(self.k), 'universe')} in ascending order ({CURVE_SOURCE})."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Specification curve of {plural(len(self.k), 'universe')}, {self.measure}"

    def summary_rows(self) -> list[list[str]]:
        """Return the ends, quartiles and median of the curve, shown scale."""
        rows = [["Place", self.scale.label, "k"]]
        last = len(self.estimates) - 1
        for words, share in (("lowest", 0.0), ("lower quartile", 0.25), ("median", 0.5),
                             ("upper quartile", 0.75), ("highest", 1.0)):  # fmt: skip
            place = round(share * last)
            low, high = self.scale.shown_limits(self.ci_lower[place], self.ci_upper[place])
            shown = format_estimate(self.scale.shown(self.estimates[place]), low, high)
            rows.append([words, shown, str(int(self.k[place]))])
        return rows


@dataclass(frozen=True, slots=True, repr=False)
class SpecificationTest(Result):
    """Joint test over all universes that there is no effect, by simulation under the null.

    Attributes
    ----------
    median, median_p : float
        Median pooled effect (pooled scale) with the share of draws whose median is as far from
        no effect; NaN with several measures.
    share, share_p : float
        Share of universes that are significant in the direction that prevails, in percent.
    mean_z, mean_z_p : float
        Mean of the universes' Wald z values (Stouffer's statistic over the universes).
    draws : int
        Number of simulated sets of studies.
    universes : int
        Number of universes tested.
    direction : {"positive", "negative"}
        Direction that prevails among the pooled effects.
    seed : int
        Seed of the generator.
    notes : tuple of str
        What a reader must know.
    """

    median: float
    median_p: float
    share: float
    share_p: float
    mean_z: float
    mean_z_p: float
    draws: int
    universes: int
    direction: Literal["positive", "negative"]
    seed: int
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a statistic."""
        import pandas as pd

        return pd.DataFrame(
            {
                "statistic": ["median effect", f"share significant, {self.direction}", "mean z"],
                "observed": [self.median, self.share, self.mean_z],
                "p_value": [self.median_p, self.share_p, self.mean_z_p],
                "draws": self.draws,
            }
        )

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            f"The specification curve was tested against no effect ({CURVE_SOURCE}) by a "
            f"parametric bootstrap of {plural(self.draws, 'draw')}: in each, a study's estimate "
            "was drawn about no effect with its sampling variance plus the universe's tau², the "
            "same standard normal deviate in every universe, and all universes were pooled again."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Specification-curve test, {plural(self.universes, 'universe')}"

    def summary_rows(self) -> list[list[str]]:
        """Return one row a statistic."""
        return [
            ["Statistic", "Observed", "P"],
            ["Median effect", format_number(self.median, 3), format_p(self.median_p)],
            [
                f"Significant, {self.direction}",
                format_percent(self.share, 1),
                format_p(self.share_p),
            ],
            ["Mean z", format_number(self.mean_z), format_p(self.mean_z_p)],
        ]
