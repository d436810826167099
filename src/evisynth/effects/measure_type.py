"""What an effect measure is: the value that every registry of measures holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from evisynth.effects.estimates import Scale
from evisynth.errors import OptionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Arrays", "Kernel", "Measure", "Why", "too_few"]

Arrays: TypeAlias = "Mapping[str, NDArray[np.float64]]"
"""A kernel's inputs by role, each of shape (K,)."""

Kernel: TypeAlias = Callable[[Arrays, str], "tuple[NDArray[np.float64], NDArray[np.float64]]"]
"""From arrays by role, shape (K,), and the name of a variance formula to estimates and variances
on the pooled scale; NaN where there is none."""

Why: TypeAlias = Callable[[Arrays, int], str]
"""From the kernel's inputs and the place of a row to the reason why it has no estimate."""


def too_few(values: Arrays, place: int) -> str:
    """Say that a row has too few people."""
    if "n1" in values:
        total = values["n1"][place] + values["n2"][place]
        return f"{total:g} people in both arms together are too few"
    if "n" in values:
        return f"{values['n'][place]:g} people are too few"
    return "no estimate can be computed from the row"


@dataclass(frozen=True, slots=True)
class Measure:
    """One effect measure.

    Attributes
    ----------
    name : str
        Short name, e.g. ``"SMD"``.
    scale : Scale
        Pooled scale and words.
    sources : tuple of str
        Ways in which a row may give its numbers, the first that is complete wins (see
        `evisynth.effects.sources`).
    kernel : callable or None
        The formula; None where estimates are given.
    formulas : dict of str to str
        Variance formulas by name with their words; the first is the default.
    words : str
        The measure in a method sentence.
    double_zero : {"drop", "keep"}
        What becomes of a study without any event (or without any non-event) in both arms, unless
        the caller says otherwise.
    corrected : tuple of str
        Inputs of the kernel to which a constant may be added, all of them where one is 0; none for
        measures that are not made of counts.
    continuity : float
        The constant, unless the caller names one.
    why : callable
        Says why a row that is complete has no estimate.
    standardized : bool
        Whether values are standard deviations of people, so that one beyond 3 is doubtful and
        formats with different standard deviations do not mix.
    finish : callable or None
        Makes the scale from the registered one and the kernel's inputs, for measures whose
        back-transformation depends on the data.
    """

    name: str
    scale: Scale
    sources: tuple[str, ...]
    kernel: Kernel | None
    formulas: Mapping[str, str]
    words: str
    double_zero: Literal["drop", "keep"] = "keep"
    corrected: tuple[str, ...] = ()
    continuity: float = 0.5
    why: Why = too_few
    standardized: bool = False
    finish: Callable[[Scale, Arrays], Scale] | None = None

    def formula(self, name: str) -> str:
        """Return the name of a variance formula, the default for ``""``; refuse unknown ones."""
        if name in self.formulas:
            return name
        if not name:
            return next(iter(self.formulas))
        raise OptionError(f"variance_formula of {self.name}", name, self.formulas)
