"""What a Copas selection model hands on: surfaces, the line across them, the adjusted effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.display import format_estimate, format_number, format_p
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["CopasModel"]


@dataclass(frozen=True, slots=True, repr=False)
class CopasModel(Result):
    """A Copas selection model: a sensitivity analysis over how strongly studies were selected.

    Attributes
    ----------
    fit : PooledFit
        The fit that it started from.
    estimate, se, ci_lower, ci_upper, p_value : float
        Adjusted mean effect, pooled scale: that of the weakest selection after which no selection
        is left to explain (`residual_p` above `threshold`); NaN where there is none.
    chosen : int
        Its place on the line, -1 for none.
    threshold : float
        See `estimate`.
    side : {"left", "right"}
        Side of the funnel on which studies seem to be missing: that from which the mean effects of
        the line move away as selection grows stronger.
    gamma0, gamma1 : ndarray, shape (G0,), (G1,)
        Grid of the selection parameters.
    surface : ndarray, shape (G1, G0)
        Mean effect over the grid, for contours; NaN where the search did not end.
    log_likelihoods : ndarray, shape (G1, G0)
        Height of the likelihood.
    line_gamma0, line_gamma1 : ndarray, shape (T,)
        The line across the contours, from no selection to strong selection.
    probability : ndarray, shape (T,)
        Chance that the study with the largest standard error is published.
    effects, effect_se, tau, rho : ndarray, shape (T,)
        Mean effect with its standard error, between-study standard deviation, and correlation.
    residual_p : ndarray, shape (T,)
        P value of the likelihood ratio test that no asymmetry is left (1 degree of freedom).
    unpublished : ndarray, shape (T,)
        Number of studies that the model takes to be unpublished.
    reason : str
        Why there is no adjusted effect, or ``""``.
    notes : tuple of str
        What a reader must know.
    """

    fit: PooledFit
    estimate: float
    se: float
    ci_lower: float
    ci_upper: float
    p_value: float
    chosen: int
    threshold: float
    side: Literal["left", "right"]
    gamma0: NDArray[np.float64]
    gamma1: NDArray[np.float64]
    surface: NDArray[np.float64]
    log_likelihoods: NDArray[np.float64]
    line_gamma0: NDArray[np.float64]
    line_gamma1: NDArray[np.float64]
    probability: NDArray[np.float64]
    effects: NDArray[np.float64]
    effect_se: NDArray[np.float64]
    tau: NDArray[np.float64]
    rho: NDArray[np.float64]
    residual_p: NDArray[np.float64]
    unpublished: NDArray[np.float64]
    reason: str = ""
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a place on the line: how the effect depends on selection."""
        import pandas as pd

        names = (
            "probability", "effects", "effect_se", "tau", "rho", "residual_p", "unpublished",
            "line_gamma0", "line_gamma1",
        )  # fmt: skip
        table = pd.DataFrame({name: getattr(self, name) for name in names})
        table["chosen"] = np.arange(len(table)) == self.chosen
        return table

    def contour_frame(self) -> pd.DataFrame:
        """Return one row a place of the grid."""
        import pandas as pd

        g0, g1 = np.meshgrid(self.gamma0, self.gamma1)
        return pd.DataFrame(
            {"gamma0": g0.ravel(), "gamma1": g1.ravel(), "effect": self.surface.ravel(),
             "log_likelihood": self.log_likelihoods.ravel()}
        )  # fmt: skip

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "Sensitivity to selective publication was explored with the Copas selection model "
            "(Copas and Shi 2000, doi:10.1093/biostatistics/1.3.247; 2001, "
            "doi:10.1177/096228020101000402) over a grid of selection parameters; the adjusted "
            "effect is that of the weakest selection after which the test for residual selection "
            f"has P > {self.threshold:g} (Carpenter et al. 2009, "
            "doi:10.1016/j.jclinepi.2008.12.002)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Copas selection model, studies missing on the {self.side}"

    def summary_rows(self) -> list[list[str]]:
        """Return some places on the line, then the adjusted and the unadjusted effect."""
        scale = self.fit.effects.scale
        half = 1.959963984540054
        rows = [["P of publication", scale.label, "P residual", "Unpublished"]]
        places = np.unique(np.linspace(0, len(self.effects) - 1, 6).round().astype(int))
        for place in places:
            e, se = self.effects[place], self.effect_se[place]
            low, high = scale.shown_limits(e - half * se, e + half * se)
            rows.append(
                [
                    format_number(self.probability[place]),
                    format_estimate(scale.shown(e), low, high),
                    format_p(self.residual_p[place]),
                    format_number(self.unpublished[place], 0),
                ]
            )
        for words, one in (("adjusted", self), ("unadjusted", self.fit)):
            low, high = scale.shown_limits(one.ci_lower, one.ci_upper)
            at = self.chosen if words == "adjusted" and self.chosen >= 0 else None
            rows.append(
                [
                    words,
                    format_estimate(scale.shown(one.estimate), low, high),
                    "" if at is None else format_p(self.residual_p[at]),
                    "" if at is None else format_number(self.unpublished[at], 0),
                ]
            )
        return rows
