"""Absolute effects from relative ones and a stated baseline risk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

import numpy as np

from evisynth.display import format_count
from evisynth.errors import DataError, OptionError

if TYPE_CHECKING:
    from evisynth.effects import EffectEstimates, Scale

__all__ = [
    "AbsoluteEffect",
    "BaselineRisk",
    "Relation",
    "absolute_effect",
    "baseline_from_studies",
    "numbers_of_role",
    "relation_of",
    "risk_with",
]

Relation: TypeAlias = Literal["RR", "OR", "HR", "RD", "IRR"]
"""How a measure and a baseline risk give the risk with the intervention."""

RELATIONS: tuple[Relation, ...] = ("RR", "OR", "HR", "RD", "IRR")
PER = 1000
"""People that absolute effects are given for."""

Number = TypeVar("Number", float, "np.ndarray")


@dataclass(frozen=True, slots=True)
class BaselineRisk:
    """The risk without the intervention that an absolute effect is given for.

    Attributes
    ----------
    risk : float
        Proportion between 0 and 1; for rate ratios the rate per unit of person-time.
    name : str
        Words shown, e.g. ``"low"`` or ``"median of the studies"``.
    source : str
        Where it comes from: a study, a register, or how it was taken from the studies.

    Raises
    ------
    DataError
        If the risk is not a number above 0.
    """

    risk: float
    name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.risk) and self.risk > 0):
            raise DataError(
                f"a baseline risk of {self.risk:g} gives no absolute effect; "
                "write it as a proportion between 0 and 1, e.g. 0.1 for 100 of 1,000"
            )


def relation_of(scale: Scale) -> Relation | None:
    """Return how a measure becomes a risk, by its scale; None for other measures."""
    short = "OR" if scale.short == "Peto OR" else scale.short
    if scale.is_ratio and short in ("RR", "OR", "HR", "IRR"):
        return short  # type: ignore[return-value]
    return "RD" if short == "RD" and scale.name == "identity" else None


def risk_with(relation: Relation, effect: Number, baseline: float) -> Number:
    """Return the risk with the intervention, the baseline risk being p.

    RR p; OR p / (1 - p + OR p); 1 - (1 - p)^HR; p + RD; IRR times the rate. It is not held
    between 0 and 1: a risk beyond says that the ratio does not fit the baseline risk.

    Parameters
    ----------
    relation
        The measure.
    effect
        Its value on the natural scale (a ratio, not its logarithm), of any shape.
    baseline
        Risk without the intervention.

    Raises
    ------
    OptionError
        If the measure is not known.

    References
    ----------
    Guyatt et al. 2013, doi:10.1016/j.jclinepi.2012.01.012.

    Examples
    --------
    >>> round(risk_with("RR", 0.8, 0.2), 4), round(risk_with("OR", 0.8, 0.2), 4)
    (0.16, 0.1667)
    >>> round(risk_with("HR", 0.8, 0.2), 4), round(risk_with("RD", -0.05, 0.2), 4)
    (0.1635, 0.15)
    """
    if relation in ("RR", "IRR"):
        return effect * baseline
    if relation == "OR":
        return effect * baseline / (1 - baseline + effect * baseline)
    if relation == "HR":
        surviving: Number = (1 - baseline) ** effect
        return 1 - surviving
    if relation == "RD":
        return effect + baseline
    raise OptionError("measure", relation, RELATIONS)


def _per_thousand(value: float) -> str:
    return format_count(_whole(PER * value))


def _whole(value: float) -> int:
    """Round to whole people, halves away from zero as people do."""
    return int(math.copysign(math.floor(abs(value) + 0.5 + 1e-9), value))


def _more_or_fewer(value: float) -> str:
    number = _whole(PER * value)
    if number == 0:
        return "0"
    return f"{format_count(abs(number))} {'more' if number > 0 else 'fewer'}"


@dataclass(frozen=True, slots=True)
class AbsoluteEffect:
    """The effect in people, for one baseline risk that is taken as known.

    Attributes
    ----------
    baseline : BaselineRisk
        Risk without the intervention.
    relation : Relation
        Measure that it was computed from.
    risk, risk_lower, risk_upper : float
        Risk with the intervention, and its limits.
    difference, lower, upper : float
        Risk difference, and its limits.
    held : bool
        Whether a risk beyond 0 or 1 was held there; the relative effect does not fit the baseline.
    """

    baseline: BaselineRisk
    relation: Relation
    risk: float
    risk_lower: float
    risk_upper: float
    difference: float
    lower: float
    upper: float
    held: bool = False

    @property
    def unit(self) -> str:
        """What is counted: ``"1,000"``, for rates with person-time."""
        return f"{format_count(PER)}{' person-time' if self.relation == 'IRR' else ''}"

    @property
    def comparator_words(self) -> str:
        """The baseline risk in people, e.g. ``200 per 1,000``."""
        return f"{_per_thousand(self.baseline.risk)} per {self.unit}"

    @property
    def intervention_words(self) -> str:
        """The risk with the intervention, e.g. ``160 per 1,000 (120 to 210)``."""
        limits = f"{_per_thousand(self.risk_lower)} to {_per_thousand(self.risk_upper)}"
        return f"{_per_thousand(self.risk)} per {self.unit} ({limits})"

    @property
    def difference_words(self) -> str:
        """The difference, e.g. ``40 fewer per 1,000 (from 80 fewer to 10 more)``."""
        limits = f"from {_more_or_fewer(self.lower)} to {_more_or_fewer(self.upper)}"
        shown = _more_or_fewer(self.difference)
        shown = "0 fewer" if shown == "0" else shown
        return f"{shown} per {self.unit} ({limits})"


def absolute_effect(
    relation: Relation,
    estimate: float,
    lower: float,
    upper: float,
    baseline: BaselineRisk | float,
) -> AbsoluteEffect:
    """Return the effect in people for one baseline risk.

    The limits are those of the relative effect brought over, the baseline risk held fixed.

    Parameters
    ----------
    relation
        ``"RR"``, ``"OR"``, ``"HR"``, ``"RD"`` or ``"IRR"``.
    estimate, lower, upper
        The relative effect with its limits, natural scale.
    baseline
        Risk without the intervention.

    Raises
    ------
    DataError
        If the baseline risk is not above 0, or not below 1 (rates may be).
    OptionError
        If the measure is not known.

    Examples
    --------
    >>> found = absolute_effect("RR", 0.8, 0.6, 1.05, 0.2)
    >>> found.comparator_words, found.intervention_words
    ('200 per 1,000', '160 per 1,000 (120 to 210)')
    >>> found.difference_words
    '40 fewer per 1,000 (from 80 fewer to 10 more)'
    """
    made = baseline if isinstance(baseline, BaselineRisk) else BaselineRisk(baseline)
    if relation != "IRR" and made.risk >= 1:
        raise DataError(
            f"a baseline risk of {made.risk:g} is not a proportion below 1; "
            "write 0.1 for 100 of 1,000"
        )
    raw = [float(risk_with(relation, value, made.risk)) for value in (estimate, lower, upper)]
    highest = math.inf if relation == "IRR" else 1.0
    risks = [min(max(value, 0.0), highest) if math.isfinite(value) else value for value in raw]
    difference = [value - made.risk for value in risks]
    return AbsoluteEffect(
        made,
        relation,
        risk=risks[0],
        risk_lower=risks[1],
        risk_upper=risks[2],
        difference=difference[0],
        lower=difference[1],
        upper=difference[2],
        held=risks != raw,
    )


def numbers_of_role(effects: EffectEstimates, role: str) -> np.ndarray | None:
    """Return the numbers that the estimable rows give for a role, shape (k,); None without them."""
    import pandas as pd

    column = effects.columns.get(role, role)
    if column not in effects.data.columns:
        return None
    numbers = pd.to_numeric(effects.data[column], errors="coerce").to_numpy(dtype=np.float64)
    return np.asarray(numbers[effects.estimable])


def baseline_from_studies(
    effects: EffectEstimates, how: Literal["median", "pooled"] = "median"
) -> BaselineRisk | None:
    """Take the baseline risk from the control arms of the studies.

    Parameters
    ----------
    effects
        Effect estimates whose data hold events and sizes (or person-time) of the second arm.
    how
        ``"median"`` of the studies' risks, or ``"pooled"``: all events over all people.

    Returns
    -------
    BaselineRisk or None
        None where no study gives the numbers, or the risk is 0.

    Raises
    ------
    OptionError
        If the word is not known.

    Examples
    --------
    >>> from evisynth.datasets import load
    >>> from evisynth.effects import effects
    >>> found = baseline_from_studies(effects(load("bcg"), measure="RR"))
    >>> round(found.risk, 4), found.name
    (0.0159, 'median of the studies')
    """
    if how not in ("median", "pooled"):
        raise OptionError("how", how, ["median", "pooled"])
    events = numbers_of_role(effects, "events2")
    if events is None:
        return None
    over = "people"
    sizes = numbers_of_role(effects, "n2")
    if sizes is None:
        rest = numbers_of_role(effects, "nonevents2")
        sizes = None if rest is None else events + rest
    if relation_of(effects.scale) == "IRR":
        sizes, over = numbers_of_role(effects, "time2"), "person-time"
    if sizes is None:
        return None
    known = np.isfinite(events) & np.isfinite(sizes) & (sizes > 0)
    if not known.any():
        return None
    risks = events[known] / sizes[known]
    if how == "median":
        risk, done = float(np.median(risks)), "median of the control arms"
    else:
        risk = float(events[known].sum() / sizes[known].sum())
        done = f"all events over all {over} of the control arms"
    if not risk > 0:
        return None
    name = "median of the studies" if how == "median" else "pooled over the studies"
    count = int(known.sum())
    return BaselineRisk(risk, name, f"{done} of {count} {'study' if count == 1 else 'studies'}")
