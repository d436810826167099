"""What curves over an effect, a standard error or tau² are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evisynth.display import format_number
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Albatross", "Drapery", "FunnelContours", "LikelihoodProfile"]


@dataclass(frozen=True, slots=True, repr=False)
class Drapery(Result):
    """P value functions of the studies, the pooled effect and the prediction.

    Attributes
    ----------
    labels : tuple of str
        Names of the studies, shape (k,).
    effects : ndarray, shape (G,)
        Effects tested, pooled scale.
    studies : ndarray, shape (k, G)
        Two-sided P value of each study against each effect.
    pooled, prediction : ndarray, shape (G,)
        The same of the pooled effect (by the test of the fit), and of a new study's effect; the
        latter NaN where there is no prediction interval.
    levels : tuple of float
        P values at which a plot may draw lines.
    """

    labels: tuple[str, ...]
    effects: NDArray[np.float64]
    studies: NDArray[np.float64]
    pooled: NDArray[np.float64]
    prediction: NDArray[np.float64]
    levels: tuple[float, ...]
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row an effect, one column a curve."""
        import pandas as pd

        table = pd.DataFrame({"effect": self.effects, "pooled": self.pooled,
                              "prediction": self.prediction})  # fmt: skip
        studies = pd.DataFrame(self.studies.T, columns=list(self.labels))
        return pd.concat([table, studies], axis=1)

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "P value functions of all studies and of the pooled effect were drawn as a drapery "
            "plot (Rücker and Schwarzer 2021, doi:10.1002/jrsm.1410)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"P value functions of {len(self.labels)} studies over {len(self.effects)} effects"

    def summary_rows(self) -> list[list[str]]:
        """Return the effects between which the pooled P value exceeds each level."""
        rows = [["P above", "from", "to"]]
        for level in self.levels:
            inside = self.effects[self.pooled > level]
            ends = [format_number(float(x), 3) for x in (inside.min(), inside.max())] if (
                inside.size) else ["", ""]  # fmt: skip
            rows.append([f"{level:g}", *ends])
        return rows


@dataclass(frozen=True, slots=True, repr=False)
class FunnelContours(Result):
    """The lines of a funnel plot over a grid of standard errors.

    Attributes
    ----------
    se : ndarray, shape (G,)
        Standard errors, from 0.
    levels : tuple of float
        P values of the contours.
    contours : ndarray, shape (2, C, G)
        Effects at which a study of that standard error has that P value, below and above no
        effect.
    lower, upper : ndarray, shape (G,)
        Pseudo confidence limits about the pooled effect (with tau² in the variance where asked).
    estimate, null : float
        Pooled effect and no effect, pooled scale.
    labels : tuple of str
    x, y : ndarray, shape (k,)
        The studies: estimate and standard error.
    """

    se: NDArray[np.float64]
    levels: tuple[float, ...]
    contours: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    estimate: float
    null: float
    labels: tuple[str, ...]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a standard error."""
        import pandas as pd

        columns = {"se": self.se, "lower": self.lower, "upper": self.upper}
        for place, level in enumerate(self.levels):
            columns[f"below_p{level:g}"] = self.contours[0, place]
            columns[f"above_p{level:g}"] = self.contours[1, place]
        return pd.DataFrame(columns)

    def point_frame(self) -> pd.DataFrame:
        """Return one row a study."""
        import pandas as pd

        return pd.DataFrame({"label": list(self.labels), "x": self.x, "y": self.y})

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "The funnel plot has contours of significance (Peters et al. 2008, "
            "doi:10.1016/j.jclinepi.2007.11.010)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return "Contours of a funnel plot"

    def summary_rows(self) -> list[list[str]]:
        """Return the lines at the largest standard error."""
        rows = [["Line at the largest standard error", "lower", "upper"]]
        rows.append(["pseudo limits", *(format_number(float(x), 3) for x in
                                        (self.lower[-1], self.upper[-1]))])  # fmt: skip
        for place, level in enumerate(self.levels):
            ends = self.contours[:, place, -1]
            rows.append([f"P = {level:g}", *(format_number(float(x), 3) for x in ends)])
        return rows


@dataclass(frozen=True, slots=True, repr=False)
class LikelihoodProfile(Result):
    """Log-likelihood over tau², everything else at its best for it.

    Attributes
    ----------
    tau2 : ndarray, shape (G,)
        Grid.
    log_likelihood : ndarray, shape (G,)
        Restricted or plain log-likelihood, with all constants.
    estimates, ci_lower, ci_upper : ndarray, shape (G,)
        Pooled effect for that tau², with the interval of the fit; NaN in a meta-regression.
    coefficients : ndarray, shape (G, P)
        Coefficients for that tau².
    terms : tuple of str
        Their names.
    best : float
        tau² where the likelihood is highest (searched beyond the grid).
    best_log_likelihood : float
        Its height.
    cut : float
        Height above which tau² is inside the interval of `level`.
    lower, upper : float
        That interval; NaN where it ends beyond the search.
    restricted : bool
        Which likelihood.
    level : float
    """

    tau2: NDArray[np.float64]
    log_likelihood: NDArray[np.float64]
    estimates: NDArray[np.float64]
    ci_lower: NDArray[np.float64]
    ci_upper: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    terms: tuple[str, ...]
    best: float
    best_log_likelihood: float
    cut: float
    lower: float
    upper: float
    restricted: bool
    level: float
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a value of tau²."""
        import pandas as pd

        table = pd.DataFrame({"tau2": self.tau2, "log_likelihood": self.log_likelihood})
        if len(self.terms) == 1:
            return table.assign(estimate=self.estimates, ci_lower=self.ci_lower,
                                ci_upper=self.ci_upper)  # fmt: skip
        return table.assign(**{t: self.coefficients[:, i] for i, t in enumerate(self.terms)})

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        kind = "restricted log-likelihood" if self.restricted else "log-likelihood"
        return (
            f"The {kind} was profiled over tau² (Hardy and Thompson 1996, "
            "doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"{'Restricted log' if self.restricted else 'Log'}-likelihood over tau²"

    def summary_rows(self) -> list[list[str]]:
        """Return the maximum and the interval."""
        return [
            ["Quantity", "Value"],
            ["Highest at tau²", format_number(self.best, 4)],
            ["Height", format_number(self.best_log_likelihood, 4)],
            [
                f"{100 * self.level:g}% interval",
                f"{format_number(self.lower, 4)} to {format_number(self.upper, 4)}",
            ],
        ]


@dataclass(frozen=True, slots=True, repr=False)
class Albatross(Result):
    """P values against sample sizes, with contours of equal effect.

    Attributes
    ----------
    labels : tuple of str
    p_values : ndarray, shape (k,)
        Two-sided P value of each study.
    signs : ndarray, shape (k,)
        Sign of its estimate.
    sizes : ndarray, shape (k,)
        Number of people.
    effects : tuple of float
        Effect of each contour, natural scale.
    grid : ndarray, shape (G,)
        P values of the contours.
    contours : ndarray, shape (C, G)
        Size at which an effect has a P value.
    measure : str
    """

    labels: tuple[str, ...]
    p_values: NDArray[np.float64]
    signs: NDArray[np.float64]
    sizes: NDArray[np.float64]
    effects: tuple[float, ...]
    grid: NDArray[np.float64]
    contours: NDArray[np.float64]
    measure: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a study."""
        import pandas as pd

        names = ("p_values", "signs", "sizes")
        return pd.DataFrame(
            {"label": list(self.labels), **{name: getattr(self, name) for name in names}}
        )

    def contour_frame(self) -> pd.DataFrame:
        """Return one row a P value, one column a contour."""
        import pandas as pd

        columns = {f"{effect:g}": self.contours[i] for i, effect in enumerate(self.effects)}
        return pd.DataFrame({"p_value": self.grid, **columns})

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "P values were set against sample sizes with contours of equal effect (albatross plot, "
            "Harrison et al. 2017, doi:10.1002/jrsm.1239)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Albatross plot, {self.measure}"
