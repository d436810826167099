"""What power and sample-size calculations hand on."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from evisynth.display import format_count, format_number, format_percent
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ConditionalPower", "InformationSize", "PowerResult", "RequiredStudies"]

TEST_WORDS = {
    "effect": "the pooled effect",
    "heterogeneity": "heterogeneity (Cochran's Q)",
    "subgroups": "the difference between subgroups (Q between)",
    "moderator": "the slope of a moderator",
}
HEDGES_PIGOTT = {
    "effect": "Hedges and Pigott 2001, doi:10.1037/1082-989X.6.3.203",
    "heterogeneity": "Hedges and Pigott 2001, doi:10.1037/1082-989X.6.3.203",
    "subgroups": "Hedges and Pigott 2004, doi:10.1037/1082-989X.9.4.426",
    "moderator": "Hedges and Pigott 2004, doi:10.1037/1082-989X.9.4.426",
}


def _shared(result: object, skip: tuple[str, ...] = ()) -> pd.DataFrame:
    import pandas as pd

    names = [field.name for field in fields(result) if field.name not in skip]  # type: ignore[arg-type]
    return pd.DataFrame([{name: getattr(result, name) for name in names}])


@dataclass(frozen=True, slots=True, repr=False)
class PowerResult(Result):
    """Power of one test of a meta-analysis.

    Attributes
    ----------
    test : {"effect", "heterogeneity", "subgroups", "moderator"}
        What is tested.
    power : float
        Chance of a significant result, 0 to 1; NaN where there is a reason.
    k : int
        Number of studies.
    effect : float
        True effect, slope or (subgroups) largest difference, pooled scale; NaN for heterogeneity.
    variance : float
        Typical sampling variance of a study (harmonic mean where they differ).
    tau2, i2 : float
        True between-study variance, and I² in percent that it amounts to.
    model, ci : str
        Model and test.
    alpha : float
        Level of the test.
    sides : int
        1 or 2.
    noncentrality : float
        Effect over its standard error; for chi² tests the noncentrality parameter (NaN for Q).
    reason : str
        Why there is no power, or ``""``.
    notes : tuple of str
        What a reader must know.
    """

    test: str
    power: float
    k: int
    effect: float
    variance: float
    tau2: float
    i2: float
    model: str
    ci: str
    alpha: float
    sides: int
    noncentrality: float
    reason: str = ""
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a table of one row."""
        return _shared(self, ("notes",))

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        text = (
            f"The power of the test of {TEST_WORDS[self.test]} was computed for "
            f"{self.k} studies with a sampling variance of {self.variance:.4g} and a between-study "
            f"variance of {self.tau2:.4g} ({HEDGES_PIGOTT[self.test]})."
        )
        if "estimated" in self.ci:
            text += " tau² is estimated (Jackson and Turner 2017, doi:10.1002/jrsm.1240)."
        return text

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Power of the test of {TEST_WORDS[self.test]}"

    def summary_rows(self) -> list[list[str]]:
        """Return name and text of each number."""
        rows = [
            ["Power", format_percent(100 * self.power, 1)],
            ["Studies", f"k = {self.k}"],
            ["Effect", format_number(self.effect, 3)],
            ["Sampling variance", format_number(self.variance, 4)],
            ["tau²", f"{format_number(self.tau2, 4)} (I² {format_percent(self.i2)})"],
            ["Test", f"{self.ci}, alpha {self.alpha:g}, {self.sides}-sided"],
        ]
        without = math.isnan(self.effect)
        return [
            ["Quantity", "Value"],
            *(row for row in rows if not (row[0] == "Effect" and without)),
        ]


@dataclass(frozen=True, slots=True, repr=False)
class RequiredStudies(Result):
    """The number of studies that a power needs.

    ``k`` is None where even ``most`` studies do not reach it; ``reached`` is the power at ``k``.
    ``curve`` holds the power by number of studies, from 2 up.
    """

    k: int | None
    power: float
    reached: float
    curve: tuple[tuple[int, float], ...]
    result: PowerResult
    most: int
    reason: str = ""
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the power curve, one row a number of studies."""
        import pandas as pd

        return pd.DataFrame(self.curve, columns=["k", "power"])

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return self.result.method_sentence()

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Studies needed for a power of {format_percent(100 * self.power)}"

    def summary_rows(self) -> list[list[str]]:
        """Return name and text of each number."""
        k = f"more than {format_count(self.most)}" if self.k is None else format_count(self.k)
        rows = self.result.summary_rows()
        reached = format_percent(100 * self.reached, 1)
        return [
            ["Quantity", "Value"],
            ["Studies needed", k],
            ["Power with them", reached],
            *rows[3:],
        ]


@dataclass(frozen=True, slots=True, repr=False)
class ConditionalPower(Result):
    """The chance that new studies make (or keep) the pooled effect significant.

    Attributes
    ----------
    power : float
        Chance of a significant pooled effect in the direction of `effect` after the new studies,
        tau² held (Roloff et al. 2013).
    power_other : float
        Chance of one in the other direction.
    predictive, predictive_other : float
        The same with the mean effect drawn from what is known of it: normal about the pooled
        effect.
    effect : float
        True mean effect assumed, pooled scale.
    studies : int
        Number of new studies.
    variance : float
        Sampling variance of each.
    tau2 : float
        Between-study variance used.
    estimate, se : float
        Pooled effect so far and its standard error from the weights.
    se_after : float
        Standard error after the new studies.
    alpha : float
        Level of the two-sided test.
    """

    power: float
    power_other: float
    predictive: float
    predictive_other: float
    effect: float
    studies: int
    variance: float
    tau2: float
    estimate: float
    se: float
    se_after: float
    alpha: float
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a table of one row."""
        return _shared(self, ("notes",))

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "The conditional power of the updated random-effects meta-analysis was computed "
            "(Roloff et al. 2013, doi:10.1002/sim.5524; Sutton et al. 2007, doi:10.1002/sim.2704) "
            f"for {self.studies} new {'study' if self.studies == 1 else 'studies'} with a sampling "
            f"variance of {self.variance:.4g}, tau² being held at {self.tau2:.4g}."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        new = "a new study" if self.studies == 1 else f"{self.studies} new studies"
        return f"Conditional power of {new}"

    def summary_rows(self) -> list[list[str]]:
        """Return name and text of each number."""
        return [
            ["Quantity", "Value"],
            ["Assumed effect", format_number(self.effect, 3)],
            ["Significant in its direction", format_percent(100 * self.power, 1)],
            ["Significant in the other", format_percent(100 * self.power_other, 1)],
            ["With the effect uncertain", format_percent(100 * self.predictive, 1)],
            [
                "Standard error",
                f"{format_number(self.se, 3)}, after {format_number(self.se_after, 3)}",
            ],
        ]


@dataclass(frozen=True, slots=True, repr=False)
class InformationSize(Result):
    """The number of participants that a meta-analysis needs, as one large trial would.

    Attributes
    ----------
    measure : {"MD", "SMD", "RR", "OR", "RD"}
        Effect measure.
    effect : float
        Difference sought (MD, SMD, RD), or ratio, natural scale.
    participants : float
        Both arms together, adjusted for heterogeneity; not rounded.
    unadjusted : float
        Before that.
    factor : float
        Heterogeneity adjustment, 1 / (1 - D²) or 1 / (1 - I²); 1 for none.
    adjustment : str
        Which it is, in words.
    events : float
        Expected events among `participants`; NaN for means.
    alpha, beta : float
        Levels of the two errors (two-sided alpha).
    allocation : float
        Participants of arm 1 per participant of arm 2.
    have : float
        Participants so far, NaN where not known.
    """

    measure: str
    effect: float
    participants: float
    unadjusted: float
    factor: float
    adjustment: str
    events: float
    alpha: float
    beta: float
    allocation: float
    have: float = float("nan")
    notes: tuple[str, ...] = ()

    @property
    def fraction(self) -> float:
        """Share of the information size that there is; NaN where not known."""
        return self.have / self.participants

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a table of one row."""
        return _shared(self, ("notes",))

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            f"The required information size was computed for a two-sided alpha of {self.alpha:g} "
            f"and a power of {1 - self.beta:g} (Pogue and Yusuf 1997, "
            "doi:10.1016/S0197-2456(97)00051-2; Wetterslev et al. 2008, "
            f"doi:10.1016/j.jclinepi.2007.03.013), {self.adjustment}."
        )

    def title(self) -> str:
        """Return the first line of the summary."""
        return f"Required information size, {self.measure} of {self.effect:g}"

    def summary_rows(self) -> list[list[str]]:
        """Return name and text of each number."""
        rows = [
            ["Participants", format_count(math.ceil(self.participants - 1e-9))],
            ["Without adjustment", format_count(math.ceil(self.unadjusted - 1e-9))],
            ["Adjustment", f"× {format_number(self.factor)} ({self.adjustment})"],
        ]
        if not math.isnan(self.events):
            rows.append(["Events", format_count(math.ceil(self.events - 1e-9))])
        if not math.isnan(self.have):
            share = format_percent(100 * self.fraction, 1)
            rows.append(["There are", f"{format_count(round(self.have))} ({share})"])
        return [["Quantity", "Value"], *rows]
