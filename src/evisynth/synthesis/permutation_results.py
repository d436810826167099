"""What a permutation test hands on, and how it prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from evisynth.display import (
    format_count,
    format_estimate,
    format_number,
    format_p,
    format_statistic,
    plural,
)
from evisynth.synthesis.regression_results import MetaRegression
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.synthesis.pooled import PooledFit

    Floats = NDArray[np.float64]

__all__ = ["PermutationTest", "large_count"]


@dataclass(frozen=True, slots=True, repr=False)
class PermutationTest(Result):
    """Permutation tests, one a coefficient.

    Attributes
    ----------
    fit : PooledFit or MetaRegression
        What was tested.
    terms : tuple of str
        Names of the coefficients, shape (P,); ``("pooled effect",)`` without moderators.
    coefficients, statistics : ndarray, shape (P,)
        Coefficients (pooled scale) and their z or t statistics in the data.
    p_values : ndarray, shape (P,)
        Two-sided P values of the permutation tests; multiples of 1 / `draws`.
    model_p_values : ndarray, shape (P,)
        P values of the fit, for comparison.
    ci_lower, ci_upper : ndarray, shape (P,)
        Permutation-based limits; NaN where not asked for, or where none exist (`ci_reasons`).
    ci_reasons : tuple of str
        Why limits are NaN, shape (P,).
    omnibus, omnibus_p, model_omnibus_p : float
        Joint test of all moderators: statistic in the data, permutation P value, that of the fit;
        NaN without moderators.
    kind : {"signs", "rows"}
        What was permuted: the signs of the estimates, or the rows of the moderators.
    draws : int
        Arrangements gone through, the data as they are among them.
    possible : int
        Different arrangements that exist.
    exact : bool
        Whether all of them were gone through.
    seed : int
        Seed of the draw.
    failed : int
        Refits in which the search for tau² did not converge; they count as at least as extreme.
    drawn, omnibus_drawn : ndarray, shape (B, P) and (B,)
        Statistics under the arrangements.
    notes : tuple of str
        What a reader must know.
    """

    fit: PooledFit | MetaRegression
    terms: tuple[str, ...]
    coefficients: Floats
    statistics: Floats
    p_values: Floats
    model_p_values: Floats
    ci_lower: Floats
    ci_upper: Floats
    ci_reasons: tuple[str, ...]
    omnibus: float
    omnibus_p: float
    model_omnibus_p: float
    kind: Literal["signs", "rows"]
    draws: int
    possible: int
    exact: bool
    seed: int
    failed: int
    drawn: Floats = field(repr=False)
    omnibus_drawn: Floats = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def p_value(self) -> float:
        """The P value of the pooled effect; with moderators that of the joint test."""
        return float(self.p_values[0]) if self.kind == "signs" else self.omnibus_p

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient."""
        import pandas as pd

        names = ("coefficients", "statistics", "p_values", "model_p_values", "ci_lower", "ci_upper")
        columns = {"term": list(self.terms), **{name: getattr(self, name) for name in names}}
        return pd.DataFrame(columns).assign(ci_reason=list(self.ci_reasons))

    def method_sentence(self) -> str:
        """Return one paragraph on what was done, with references and DOIs."""
        if self.kind == "signs":
            what = (
                "The pooled effect was tested by permutation of the signs of the estimates "
                "(Follmann and Proschan 1999, doi:10.1111/j.0006-341X.1999.00732.x)"
            )
        else:
            what = (
                "Coefficients were tested by permutation of the rows of the moderators (Higgins "
                "and Thompson 2004, doi:10.1002/sim.1752)"
            )
        if self.exact:
            how = f"with all {plural(self.draws, 'different arrangement')}"
        else:
            how = (
                f"with {plural(self.draws, 'arrangement')}, the one of the data and random ones "
                f"(seed {self.seed})"
            )
        return (
            f"{what}, {how}; the P value is the share of arrangements with a statistic at least "
            "as far from 0 as that of the data."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        what = "signs of the estimates" if self.kind == "signs" else "rows of the moderators"
        how = "all" if self.exact else f"of {large_count(self.possible)}, seed {self.seed}"
        return f"Permutation test, {what}: {plural(self.draws, 'arrangement')} ({how})"

    def summary_rows(self) -> list[list[str]]:
        """Return a row a coefficient, and the joint test."""
        limits = np.isfinite(self.ci_lower) | np.isfinite(self.ci_upper)
        head = ["", "estimate", "statistic", "P (permutation)", "P (model)"]
        if limits.any():
            head[1] = "estimate [permutation limits]"
        rows = [head]
        for at, term in enumerate(self.terms):
            value, low, high = self.coefficients[at], self.ci_lower[at], self.ci_upper[at]
            shown = format_number(value, 3)
            if limits.any():
                shown = format_estimate(value, low, high, 3)
            rows.append(
                [
                    term,
                    shown,
                    format_statistic(self.statistics[at]),
                    format_p(self.p_values[at]),
                    format_p(self.model_p_values[at]),
                ]
            )
        if self.kind == "rows" and np.isfinite(self.omnibus):
            rows.append(
                [
                    "all moderators",
                    "",
                    format_statistic(self.omnibus),
                    format_p(self.omnibus_p),
                    format_p(self.model_omnibus_p),
                ]
            )
        return rows


def large_count(count: int) -> str:
    """Return a count in digits, or as a power of ten where it is astronomic."""
    if count < 10**12:
        return format_count(count)
    return f"more than 10^{len(str(count)) - 1}"
