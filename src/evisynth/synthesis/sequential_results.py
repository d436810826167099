"""What a trial sequential analysis hands on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evisynth.display import format_ci, format_count, format_number, format_percent
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["SequentialAnalysis"]

SPENDING_WORDS = {
    "obrien-fleming": "O'Brien-Fleming-type",
    "pocock": "Pocock-type",
    "hwang-shih-decani": "Hwang-Shih-DeCani",
    "power": "power family",
}


@dataclass(frozen=True, slots=True, repr=False)
class SequentialAnalysis(Result):
    """A cumulative meta-analysis with boundaries that keep the errors over repeated looks.

    Attributes
    ----------
    fit : PooledFit
        The fit of all studies.
    order : str
        Column that gave the order.
    added : tuple of str
        The study added at each look, shape (K,).
    estimates, se : ndarray, shape (K,)
        Cumulative pooled effect and Wald standard error, pooled scale.
    z : ndarray, shape (K,)
        Cumulative Wald z.
    information : ndarray, shape (K,)
        Cumulative information, in the unit of `scale`.
    fractions : ndarray, shape (K,)
        Information over `required`; above 1 where there is more.
    efficacy : ndarray, shape (K,)
        Boundary for benefit (and, negative, for harm); infinite where nothing may be spent yet, NaN
        from the look on that follows the required information size.
    futility : ndarray, shape (K,)
        Inner wedge; NaN where there is none.
    penalized : ndarray, shape (K,)
        z under the law of the iterated logarithm; NaN where the information is too small for it.
    alpha_spent : ndarray, shape (K,)
        Type I error of both sides spent so far.
    scale : {"information", "participants"}
        Unit of the information: sum of inverse variances, or people.
    required : float
        Required information size, adjusted for heterogeneity and inflated for futility.
    unadjusted : float
        Before both.
    heterogeneity_factor, inflation : float
        What it was multiplied by.
    effect : float
        Effect sought, pooled scale.
    alpha, beta : float
        Two-sided type I error and type II error.
    spending : str
        Spending function.
    adjusted_lower, adjusted_upper : float
        Interval of the last pooled effect with the boundary in place of the normal quantile
        (pooled scale); infinite where nothing may be spent yet.
    conclusion : {"positive", "negative", "futile", "open", "full"}
        Boundary crossed first: above, below, the inner wedge, none yet; or none though the required
        information size is reached.
    crossed_at : int
        Look at which it was crossed (from 1), 0 for none.
    notes : tuple of str
        What a reader must know.
    """

    fit: PooledFit
    order: str
    added: tuple[str, ...]
    estimates: NDArray[np.float64]
    se: NDArray[np.float64]
    z: NDArray[np.float64]
    information: NDArray[np.float64]
    fractions: NDArray[np.float64]
    efficacy: NDArray[np.float64]
    futility: NDArray[np.float64]
    penalized: NDArray[np.float64]
    alpha_spent: NDArray[np.float64]
    scale: Literal["information", "participants"]
    required: float
    unadjusted: float
    heterogeneity_factor: float
    inflation: float
    effect: float
    alpha: float
    beta: float
    spending: str
    adjusted_lower: float
    adjusted_upper: float
    conclusion: Literal["positive", "negative", "futile", "open", "full"]
    crossed_at: int
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a look."""
        import pandas as pd

        names = (
            "added", "estimates", "se", "z", "information", "fractions", "efficacy", "futility",
            "penalized", "alpha_spent",
        )  # fmt: skip
        table = pd.DataFrame({name: getattr(self, name) for name in names})
        table.insert(0, "look", range(1, len(self.added) + 1))
        return table

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        unit = "participants" if self.scale == "participants" else "inverse variances"
        text = (
            "A trial sequential analysis (Wetterslev et al. 2008, "
            "doi:10.1016/j.jclinepi.2007.03.013) of the cumulative Wald z, with information "
            f"measured by {unit}, used {SPENDING_WORDS[self.spending]} alpha spending (Lan and "
            f"DeMets 1983, doi:10.1093/biomet/70.3.659) with a two-sided alpha of {self.alpha:g}"
        )
        if self.inflation != 1 or not all(math.isnan(f) for f in self.futility):
            text += f" and a non-binding inner wedge for futility with a beta of {self.beta:g}"
        text += (
            f". The required information size is {self.required:.5g}, for a power of "
            f"{1 - self.beta:g}, multiplied by {self.heterogeneity_factor:.3g} for heterogeneity "
            "(Wetterslev et al. 2009, doi:10.1186/1471-2288-9-86). The z penalized by the law of "
            "the iterated logarithm follows Hu et al. 2007 (doi:10.1177/1740774507081223)."
        )
        return text

    def title(self) -> str:
        """Return the first line of the summary."""
        words = {
            "positive": f"the upper boundary is crossed at look {self.crossed_at}",
            "negative": f"the lower boundary is crossed at look {self.crossed_at}",
            "futile": f"the wedge for futility is entered at look {self.crossed_at}",
            "open": "no boundary is crossed yet",
            "full": "no boundary is crossed though the required information size is reached",
        }[self.conclusion]
        return f"Trial sequential analysis: {words}"

    def summary_rows(self) -> list[list[str]]:
        """Return name and text of each number."""
        shown = self.fit.effects.scale.shown
        people = self.scale == "participants"
        last = len(self.added) - 1

        def amount(value: float) -> str:
            return format_count(math.ceil(value - 1e-9)) if people else format_number(value, 1)

        bound = self.efficacy[last]
        words = "no boundary" if math.isnan(bound) else f"boundary ±{format_number(bound)}"
        limits = format_ci(shown(self.adjusted_lower), shown(self.adjusted_upper), separator=" to ")
        factors = (
            f"{amount(self.unadjusted)} × {format_number(self.heterogeneity_factor)} "
            f"(heterogeneity) × {format_number(self.inflation)} (futility)"
        )
        return [
            ["Quantity", "Value"],
            ["Looks", f"{len(self.added)} by {self.order}"],
            [f"Required {self.scale}", f"{amount(self.required)} = {factors}"],
            [
                "There is",
                f"{amount(self.information[last])} ({format_percent(100 * self.fractions[last])})",
            ],
            ["Effect sought", format_number(shown(self.effect))],
            ["Last z", f"{format_number(self.z[last])}, {words}"],
            [
                "Pooled effect",
                f"{format_number(shown(self.estimates[last]))}, adjusted interval {limits}",
            ],
        ]
