"""What p-curve, p-uniform and p-uniform* hand on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

from evisynth.display import format_estimate, format_number, format_p, format_percent
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects import Scale

__all__ = ["PCurve", "PUniformResult"]


@dataclass(frozen=True, slots=True, repr=False)
class PCurve(Result):
    """A p-curve: whether the significant P values are those of true effects.

    Attributes
    ----------
    labels : tuple of str
        The results given, shape (K,).
    p_values : ndarray, shape (K,)
        Their P values.
    k, significant, below_half : int
        Results, those with P < 0.05, and with P < 0.025.
    binomial_right, full_z, full_p, half_z, half_p
        Tests for right skew: binomial, Stouffer over all significant P values, and over those below
        0.025.
    binomial_flat, flat_full_z, flat_full_p, flat_half_z, flat_half_p
        Tests for a curve flatter than a power of 33% gives.
    evidential, inadequate : bool
        Right skew: half-curve P < 0.05, or both P < 0.1. Flat: full-curve P < 0.05, or half-curve
        and binomial both P < 0.1 (Simonsohn et al. 2015).
    power, power_lower, power_upper : float
        Estimated average power of the tests with its 90% interval, 0.05 to 0.99.
    observed, expected, fitted : ndarray, shape (5,)
        Percentages of P values in (0, 0.01] ... (0.04, 0.05]: seen, at a power of 33%, at the
        estimated power; with no effect they are 20 each.
    reason : str
        Why there are no tests, or ``""``.
    """

    labels: tuple[str, ...]
    p_values: NDArray[np.float64]
    k: int
    significant: int
    below_half: int
    binomial_right: float
    full_z: float
    full_p: float
    half_z: float
    half_p: float
    binomial_flat: float
    flat_full_z: float
    flat_full_p: float
    flat_half_z: float
    flat_half_p: float
    evidential: bool
    inadequate: bool
    power: float
    power_lower: float
    power_upper: float
    observed: NDArray[np.float64]
    expected: NDArray[np.float64]
    fitted: NDArray[np.float64]
    reason: str = ""
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a table of one row."""
        import pandas as pd

        skip = ("labels", "p_values", "observed", "expected", "fitted", "notes")
        return pd.DataFrame(
            [{f.name: getattr(self, f.name) for f in fields(self) if f.name not in skip}]
        )

    def curve_frame(self) -> pd.DataFrame:
        """Return the curve: one row a hundredth of P."""
        import pandas as pd

        return pd.DataFrame(
            {"p_up_to": [0.01, 0.02, 0.03, 0.04, 0.05], "observed": self.observed,
             "no_effect": 20.0, "power_33": self.expected, "estimated_power": self.fitted}
        )  # fmt: skip

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            f"A p-curve of the {self.significant} significant results was tested for right skew "
            "and for being flatter than a power of 33% gives (Simonsohn et al. 2014, "
            "doi:10.1037/a0033242; 2015, doi:10.1037/xge0000104)."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"p-curve of {self.significant} significant results of {self.k}"

    def summary_rows(self) -> list[list[str]]:
        """Return the tests."""
        return [
            ["Test", "Binomial P", "All z", "P", "P < 0.025 z", "P"],
            ["Right skew", format_p(self.binomial_right), format_number(self.full_z),
             format_p(self.full_p), format_number(self.half_z), format_p(self.half_p)],
            ["Flatter than 33% power", format_p(self.binomial_flat),
             format_number(self.flat_full_z), format_p(self.flat_full_p),
             format_number(self.flat_half_z), format_p(self.flat_half_p)],
        ]  # fmt: skip

    def summary_facts(self) -> tuple[str, ...]:
        """Return the conclusions and the estimated power."""
        limits = [format_percent(100 * p) for p in (self.power_lower, self.power_upper)]
        return (
            f"Evidential value: {'yes' if self.evidential else 'not shown'}; inadequate: "
            f"{'yes' if self.inadequate else 'not shown'}.",
            f"Power of the tests {format_percent(100 * self.power)} [90% interval {limits[0]} to "
            f"{limits[1]}].",
        )


@dataclass(frozen=True, slots=True, repr=False)
class PUniformResult(Result):
    """p-uniform or p-uniform*; effects on the pooled scale.

    Attributes
    ----------
    method : str
        ``"p-uniform P"``, ``"p-uniform LNP"`` or ``"p-uniform*"``.
    side : {"right", "left"}
        Direction in which significant results are taken to be favoured.
    k, significant : int
        Estimates, and those significant in that direction.
    estimate, ci_lower, ci_upper, p_value : float
        Effect, limits and test of no effect (p-uniform: one-sided; p-uniform*: likelihood ratio,
        two-sided).
    statistic : float
        z (method P), the gamma statistic (LNP) or the likelihood ratio.
    bias_statistic, bias_p : float
        Test of selective publication (p-uniform only).
    tau2, tau2_lower, tau2_upper, tau2_statistic, tau2_p : float
        Between-study variance with limits and test (p-uniform* only).
    scale : Scale
        Pooled and shown scale.
    """

    method: str
    side: Literal["right", "left"]
    k: int
    significant: int
    estimate: float
    ci_lower: float
    ci_upper: float
    statistic: float
    p_value: float
    bias_statistic: float
    bias_p: float
    tau2: float
    tau2_lower: float
    tau2_upper: float
    tau2_statistic: float
    tau2_p: float
    scale: Scale
    reason: str = ""
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a table of one row."""
        import pandas as pd

        skip = ("scale", "notes")
        return pd.DataFrame(
            [{f.name: getattr(self, f.name) for f in fields(self) if f.name not in skip}]
        )

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        source = (
            "van Aert and van Assen 2018, doi:10.31222/osf.io/zqjr9"
            if self.method == "p-uniform*"
            else "van Assen et al. 2015, doi:10.1037/met0000025"
        )
        return f"The effect was estimated by {self.method} ({source})."

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"{self.method}, {self.significant} of {self.k} significant to the {self.side}"

    def summary_rows(self) -> list[list[str]]:
        """Return the effect, and heterogeneity or selection."""
        low, high = self.scale.shown_limits(self.ci_lower, self.ci_upper)
        shown = format_estimate(self.scale.shown(self.estimate), low, high)
        rows = [["", "Value", "P"], [self.scale.label, shown, format_p(self.p_value)]]
        if self.method == "p-uniform*":
            text = format_estimate(self.tau2, self.tau2_lower, self.tau2_upper, 3)
            rows.append(["tau²", text, format_p(self.tau2_p)])
        else:
            number = format_number(self.bias_statistic)
            rows.append(["Selective publication", number, format_p(self.bias_p)])
        return rows
