"""Thresholds of an important effect, and the ruler that results are held against."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

import numpy as np

from evisynth.certainty.absolute import PER, BaselineRisk, Relation, relation_of, risk_with
from evisynth.display import format_number
from evisynth.effects import Scale
from evisynth.errors import DataError, OptionError

__all__ = ["Ruler", "Size", "ThresholdUnit", "Thresholds", "TypicalScale", "make_ruler"]

ThresholdUnit: TypeAlias = Literal["per 1000", "SMD", "points", "ratio"]
Size: TypeAlias = Literal["trivial", "small", "moderate", "large", "important", ""]
"""Size class of an effect; ``"important"`` where only the least important effect is known."""

COHEN = (0.2, 0.5, 0.8)
"""Small, moderate and large in standard deviations, by convention only."""

FALLBACK = (
    "fallback, no thresholds are stated in the plan: 0.2, 0.5 and 0.8 standard deviations by "
    "Cohen's convention"
)
MID_SOURCE = "Norman et al. 2003, doi:10.1097/01.MLR.0000062554.74615.4C"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where an effect begins to be small, moderate and large.

    Attributes
    ----------
    small : float
        Least important effect: below it the effect is trivial. Without a sign: it holds for
        benefit and harm.
    moderate, large : float or None
        Where moderate and large effects begin.
    unit : {"per 1000", "SMD", "points", "ratio"}
        Unit: people per 1,000, standard deviations, points of a scale, or a ratio above 1.
    source : str
        Where they come from.

    Raises
    ------
    OptionError
        If the unit is not known.
    DataError
        If they do not rise from above 0 (ratios: from above 1).

    Examples
    --------
    >>> Thresholds(10, 20, 50, "per 1000", "agreed on by the panel").marks
    (('small', 10.0), ('moderate', 20.0), ('large', 50.0))
    """

    small: float
    moderate: float | None = None
    large: float | None = None
    unit: ThresholdUnit = "per 1000"
    source: str = ""

    def __post_init__(self) -> None:
        if self.unit not in get_args(ThresholdUnit):
            raise OptionError("unit of the thresholds", self.unit, get_args(ThresholdUnit))
        least = 1.0 if self.unit == "ratio" else 0.0
        values = [value for _, value in self.marks]
        rising = all(first < second for first, second in itertools.pairwise(values))
        if not (rising and values[0] > least and all(map(math.isfinite, values))):
            shown = ", ".join(f"{name} {value:g}" for name, value in self.marks)
            raise DataError(
                f"the thresholds ({shown}) must rise, from above {least:g}; write them without a "
                "sign, they hold for benefit and harm"
            )
        if self.large is not None and self.moderate is None:
            raise DataError("a threshold 'large' needs a threshold 'moderate' below it")

    @property
    def marks(self) -> tuple[tuple[str, float], ...]:
        """The thresholds that are known, by name."""
        pairs = (("small", self.small), ("moderate", self.moderate), ("large", self.large))
        return tuple((name, float(value)) for name, value in pairs if value is not None)


@dataclass(frozen=True, slots=True)
class TypicalScale:
    """A well-known scale that standardized differences are brought back to.

    Attributes
    ----------
    name : str
        The scale, e.g. ``"HADS anxiety, 0 to 21"``.
    sd : float
        Typical standard deviation of people on it.
    source : str
        Where the SD comes from.
    mid : float or None
        Minimal important difference from anchor studies, in points.
    lowest, highest : float or None
        Range of the scale.

    Raises
    ------
    DataError
        If the SD or the MID is not above 0, or the range is empty.
    """

    name: str
    sd: float
    source: str = ""
    mid: float | None = None
    lowest: float | None = None
    highest: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sd) and self.sd > 0):
            raise DataError(f"the typical SD of {self.name!r} is {self.sd:g}; it must be above 0")
        if self.mid is not None and not self.mid > 0:
            raise DataError(f"the MID of {self.name!r} is {self.mid:g}; write it without a sign")
        if self.lowest is not None and self.highest is not None and not self.lowest < self.highest:
            raise DataError(
                f"the range of {self.name!r} is {self.lowest:g} to {self.highest:g}; the first "
                "must be below the second"
            )

    def least_important(self) -> tuple[float, str]:
        """Return the minimal important difference in points, and where it comes from.

        Without one from anchor studies 10% of the range stands in, and without a range half a
        standard deviation; both are labelled as fallbacks.

        Examples
        --------
        >>> TypicalScale("HADS anxiety", 4.0).least_important()[0]
        2.0
        """
        if self.mid is not None:
            return self.mid, "anchor-based, stated in the plan"
        if self.lowest is not None and self.highest is not None:
            return 0.1 * (self.highest - self.lowest), "fallback: 10% of the range of the scale"
        return 0.5 * self.sd, f"fallback: half a standard deviation ({MID_SOURCE})"


@dataclass(frozen=True, slots=True)
class Ruler:
    """Brings values of the pooled scale to the unit of the thresholds.

    Attributes
    ----------
    unit : str
        Words of the unit.
    marks : tuple of (str, float)
        Thresholds without sign, in that unit; none where there are none.
    source : str
        Where the thresholds come from.
    fallback : bool
        Whether they are a convention that nobody stated for this review.
    to_unit : callable
        From a value of the pooled scale to the unit; no effect is 0.
    shown : callable
        From the unit to a text.
    """

    unit: str
    marks: tuple[tuple[str, float], ...]
    source: str
    fallback: bool
    to_unit: Callable[[float], float] = field(compare=False)
    shown: Callable[[float], str] = field(compare=False)

    @property
    def caveat(self) -> str:
        """What a reader must know where the thresholds are a fallback."""
        return "; the thresholds are a convention, none are stated" if self.fallback else ""

    def size(self, value: float) -> Size:
        """Return the size class of a value of the pooled scale; ``""`` without thresholds."""
        here = abs(self.to_unit(value))
        known = dict(self.marks)
        if not known or math.isnan(here):
            return ""
        if here < known["small"]:
            return "trivial"
        if "moderate" not in known:
            return "important"
        if here < known["moderate"]:
            return "small"
        return "moderate" if here < known.get("large", math.inf) else "large"

    def crossed(self, lower: float, upper: float) -> tuple[tuple[str, float], ...]:
        """Return the thresholds inside an interval of the pooled scale, with their signs."""
        return self.between(*sorted((self.to_unit(lower), self.to_unit(upper))))

    def between(self, low: float, high: float) -> tuple[tuple[str, float], ...]:
        """Return the thresholds between two values of the unit, with their signs."""
        ends = [(name, -value) for name, value in reversed(self.marks)] + list(self.marks)
        return tuple((name, value) for name, value in ends if low < value < high)

    def holds_null(self, lower: float, upper: float) -> bool:
        """Tell whether an interval of the pooled scale includes no effect."""
        low, high = sorted((self.to_unit(lower), self.to_unit(upper)))
        return low <= 0 <= high

    def interval(self, lower: float, upper: float) -> str:
        """Write an interval of the pooled scale in the unit."""
        low, high = sorted((self.to_unit(lower), self.to_unit(upper)))
        return f"{self.shown(low)} to {self.shown(high)}{self.unit and f' {self.unit}'}"

    def mark_words(self, marks: tuple[tuple[str, float], ...]) -> str:
        """Write thresholds, e.g. ``−20 (small)``."""
        return ", ".join(f"{self.shown(value)} ({name})" for name, value in marks)


def _two_decimals(value: float) -> str:
    return format_number(value)


def _whole_people(value: float) -> str:
    return format_number(value, 0)


def _as_ratio(value: float) -> str:
    return format_number(float(np.exp(value)))


def make_ruler(
    scale: Scale,
    thresholds: Thresholds | None,
    *,
    baseline: BaselineRisk | None = None,
    typical: TypicalScale | None = None,
) -> Ruler:
    """Return the ruler for a result.

    Parameters
    ----------
    scale
        Scale of the measure.
    thresholds
        Those of the plan. Without them standardized differences (and mean differences with a
        typical SD) are held against Cohen's convention, labelled so; other measures against no
        effect only.
    baseline
        Risk without the intervention, for thresholds in people.
    typical
        Scale whose SD brings standard deviations to points and back.

    Raises
    ------
    DataError
        If the unit of the thresholds does not fit the measure, with what is missing.
    """
    relation = relation_of(scale)
    if thresholds is not None:
        found = _stated(scale, relation, thresholds, baseline, typical)
        if found is None:
            raise DataError(
                f"thresholds in {thresholds.unit!r} do not fit a {scale.label.lower()}"
                f"{_what_is_missing(thresholds, relation, scale, baseline, typical)}"
            )
        marks = thresholds.marks
        if thresholds.unit == "ratio":
            marks = tuple((name, math.log(value)) for name, value in marks)
        source = thresholds.source or "stated in the plan"
        unit, to_unit, shown = found
        return Ruler(unit, marks, source, False, to_unit, shown)
    names = ("small", "moderate", "large")
    if scale.short == "SMD":
        return Ruler(
            "SD", tuple(zip(names, COHEN, strict=True)), FALLBACK, True, float, _two_decimals
        )
    if scale.short == "MD" and typical is not None:
        marks = tuple((name, value * typical.sd) for name, value in zip(names, COHEN, strict=True))
        return Ruler("points", marks, FALLBACK, True, float, _two_decimals)
    if relation is not None and baseline is not None:
        return Ruler(
            "per 1,000", (), "", False, _people(relation, scale, baseline.risk), _whole_people
        )
    null = scale.null
    shown = _as_ratio if scale.is_ratio else _two_decimals
    return Ruler("", (), "", False, lambda value: value - null, shown)


Way: TypeAlias = "tuple[str, Callable[[float], float], Callable[[float], str]]"


def _people(relation: Relation, scale: Scale, risk: float) -> Callable[[float], float]:
    def to_unit(value: float) -> float:
        return PER * (float(risk_with(relation, scale.shown(value), risk)) - risk)

    return to_unit


def _stated(
    scale: Scale,
    relation: Relation | None,
    thresholds: Thresholds,
    baseline: BaselineRisk | None,
    typical: TypicalScale | None,
) -> Way | None:
    """Return unit, conversion and format for stated thresholds; None where they do not fit."""
    if thresholds.unit == "per 1000" and relation is not None and baseline is not None:
        return "per 1,000", _people(relation, scale, baseline.risk), _whole_people
    if thresholds.unit == "ratio" and scale.is_ratio:
        return "", float, _as_ratio
    if thresholds.unit == "SMD" and scale.short == "SMD":
        return "SD", float, _two_decimals
    if thresholds.unit == "SMD" and scale.short == "MD" and typical is not None:
        sd = typical.sd
        return "SD", lambda value: value / sd, _two_decimals
    if thresholds.unit == "points" and scale.short == "MD":
        return "points", float, _two_decimals
    if thresholds.unit == "points" and scale.short == "SMD" and typical is not None:
        sd = typical.sd
        return "points", lambda value: value * sd, _two_decimals
    return None


def _what_is_missing(
    thresholds: Thresholds,
    relation: Relation | None,
    scale: Scale,
    baseline: BaselineRisk | None,
    typical: TypicalScale | None,
) -> str:
    if thresholds.unit == "per 1000" and relation is not None and baseline is None:
        return "; state a baseline risk"
    if scale.short in ("SMD", "MD") and thresholds.unit in ("points", "SMD") and typical is None:
        return "; state a typical SD"
    units = {True: "'ratio' or 'per 1000'", False: "'SMD' or 'points'"}
    return f"; use {units[scale.is_ratio or relation is not None]}"
