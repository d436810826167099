"""What diagnostic plots are drawn from: points, lines and curves as frozen tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Baujat", "Labbe", "NormalQuantiles", "Radial"]


@dataclass(frozen=True, slots=True, repr=False)
class Baujat(Result):
    """Heterogeneity and influence of each study; arrays have shape (k,).

    Attributes
    ----------
    labels : tuple of str
        Names of the studies.
    heterogeneity : ndarray
        Squared Pearson residual: squared distance from the fitted value over the study's total
        variance; in the equal-effects model its share in Cochran's Q.
    influence : ndarray
        Squared change of the fitted value when the study is left out, over the variance of the
        fitted value without it.
    model : str
        The model in words.
    """

    labels: tuple[str, ...]
    heterogeneity: NDArray[np.float64]
    influence: NDArray[np.float64]
    model: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a study."""
        import pandas as pd

        names = ("heterogeneity", "influence")
        return pd.DataFrame(
            {"label": list(self.labels), **{name: getattr(self, name) for name in names}}
        )

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "Each study's contribution to heterogeneity was set against its influence on the "
            f"pooled effect ({self.model}; Baujat et al. 2002, doi:10.1002/sim.1221)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Heterogeneity and influence, {self.model}"


@dataclass(frozen=True, slots=True, repr=False)
class Radial(Result):
    """A radial (Galbraith) plot: precision against standardized effect.

    Attributes
    ----------
    labels : tuple of str
        Names of the studies.
    x, z : ndarray, shape (k,)
        Precision 1/sqrt(variance + tau²), and the estimate times it. The slope of the ray from the
        origin to a point is the study's estimate.
    slope, slope_lower, slope_upper : float
        Pooled effect with limits: the slopes of the line and of the ends of its arc.
    half_width : float
        The limits above and below the line: the normal quantile of the level.
    ticks : ndarray, shape (T,)
        Round values of the effect on the arc, pooled scale.
    arc_x, arc_z : ndarray, shape (T,)
        Where they stand: on the circle about the origin of radius `radius` in plotted units, z
        being stretched by `aspect`.
    limits_x, limits_z : ndarray, shape (3,)
        Where the lower limit, the pooled effect and the upper limit stand on the arc.
    radius, aspect : float
        See above; ``aspect`` is the range of x over that of z.
    level : float
        Level of the limits.
    """

    labels: tuple[str, ...]
    x: NDArray[np.float64]
    z: NDArray[np.float64]
    slope: float
    slope_lower: float
    slope_upper: float
    half_width: float
    ticks: NDArray[np.float64]
    arc_x: NDArray[np.float64]
    arc_z: NDArray[np.float64]
    limits_x: NDArray[np.float64]
    limits_z: NDArray[np.float64]
    radius: float
    aspect: float
    level: float
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a study."""
        import pandas as pd

        return pd.DataFrame({"label": list(self.labels), "x": self.x, "z": self.z})

    def arc_frame(self) -> pd.DataFrame:
        """Return the ticks of the arc, one row each."""
        import pandas as pd

        return pd.DataFrame({"effect": self.ticks, "x": self.arc_x, "z": self.arc_z})

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "A radial plot sets standardized estimates against their precision (Galbraith 1988, "
            "doi:10.1080/00401706.1988.10488400)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return "Radial plot: precision against standardized effect"


@dataclass(frozen=True, slots=True, repr=False)
class Labbe(Result):
    """L'Abbé plot: the outcome of arm 1 against that of arm 2; arrays have shape (k,).

    Attributes
    ----------
    labels : tuple of str
        Names of the studies.
    x, y : ndarray
        Outcome of arm 2 and of arm 1 on the scale of the measure: risks (RD), log risks (RR), log
        odds (OR), arcsines (AS), rates (IRD), log rates (IRR), square roots of rates (IRSD).
    raw_x, raw_y : ndarray
        The same as risks or rates.
    sizes : ndarray
        Sum of the weights that point areas follow: 1/sqrt(variance), as a share of the largest.
    line_x, line_y : ndarray, shape (L,)
        The pooled effect as a line, as risks or rates.
    limits_y : ndarray, shape (2, L)
        The line at the limits of the pooled effect.
    measure : str
        Effect measure.
    scale : str
        What x and y are, in words.
    estimate, ci_lower, ci_upper : float
        Pooled effect, pooled scale.
    """

    labels: tuple[str, ...]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    raw_x: NDArray[np.float64]
    raw_y: NDArray[np.float64]
    sizes: NDArray[np.float64]
    line_x: NDArray[np.float64]
    line_y: NDArray[np.float64]
    limits_y: NDArray[np.float64]
    measure: str
    scale: str
    estimate: float
    ci_lower: float
    ci_upper: float
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a study."""
        import pandas as pd

        names = ("x", "y", "raw_x", "raw_y", "sizes")
        return pd.DataFrame(
            {"label": list(self.labels), **{name: getattr(self, name) for name in names}}
        )

    def line_frame(self) -> pd.DataFrame:
        """Return the line of the pooled effect with its limits."""
        import pandas as pd

        return pd.DataFrame(
            {"x": self.line_x, "y": self.line_y, "lower": self.limits_y[0],
             "upper": self.limits_y[1]}
        )  # fmt: skip

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "The outcomes of both arms were set against each other (L'Abbé et al. 1987, "
            "doi:10.7326/0003-4819-107-2-224)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"L'Abbé plot, {self.scale}"


@dataclass(frozen=True, slots=True, repr=False)
class NormalQuantiles(Result):
    """Residuals against normal quantiles, in the order of the quantiles; shape (k,).

    Attributes
    ----------
    labels : tuple of str
        Names of the studies in this order.
    quantiles : ndarray
        Normal quantiles of the plotting positions (those of R's ``ppoints``).
    residuals : ndarray
        Standardized residuals, ascending.
    lower, upper : ndarray
        Pointwise limits of the residuals under the model, by simulation; NaN where there are fewer
        than three studies.
    kind : {"rstandard", "rstudent"}
        Internally standardized, or studentized deleted.
    level : float
        Level of the limits.
    draws, seed : int
        Simulation.
    """

    labels: tuple[str, ...]
    quantiles: NDArray[np.float64]
    residuals: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    kind: Literal["rstandard", "rstudent"]
    level: float
    draws: int
    seed: int
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a study."""
        import pandas as pd

        names = ("quantiles", "residuals", "lower", "upper")
        return pd.DataFrame(
            {"label": list(self.labels), **{name: getattr(self, name) for name in names}}
        )

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "Standardized residuals were set against normal quantiles with a pointwise envelope "
            f"simulated from the model ({self.draws} draws; Cook and Weisberg 1982, "
            "ISBN 9780412242809)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return "Residuals against normal quantiles"
