"""The effect measures as data: what each needs, its formulas, scale and words.

A measure added to `MEASURES` is known to the front door, the plan of a review and the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from evisynth.effects import continuous, dichotomous
from evisynth.effects.estimates import Scale
from evisynth.errors import OptionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MEASURES", "Kernel", "Measure", "find_measure"]

Kernel: TypeAlias = Callable[
    [Mapping[str, "NDArray[np.float64]"], str],
    "tuple[NDArray[np.float64], NDArray[np.float64]]",
]
"""From arrays by role, shape (K,), and the name of a variance formula to estimates and variances
on the pooled scale."""


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
    """

    name: str
    scale: Scale
    sources: tuple[str, ...]
    kernel: Kernel | None
    formulas: Mapping[str, str]
    words: str
    double_zero: Literal["drop", "keep"] = "keep"

    def formula(self, name: str) -> str:
        """Return the name of a variance formula, the default for ``""``; refuse unknown ones."""
        if name in self.formulas:
            return name
        if not name:
            return next(iter(self.formulas))
        raise OptionError(f"variance_formula of {self.name}", name, self.formulas)


MEANS = ("means", "difference", "estimate")
TABLES = ("events", "estimate")

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            name="MD",
            scale=Scale("identity", 0.0, "Mean difference", "MD"),
            sources=MEANS,
            kernel=continuous.mean_difference,
            formulas={
                "LS": "sampling variance from the SD of each arm",
                "HO": "sampling variance from the pooled SD (equal variances in the arms)",
            },
            words="mean difference",
        ),
        Measure(
            name="SMD",
            scale=Scale("identity", 0.0, "Standardized mean difference", "SMD"),
            sources=MEANS,
            kernel=continuous.standardized_mean_difference,
            formulas={
                "LS": "exact small-sample correction; sampling variance 1/n1 + 1/n2 + g²/(2N)",
                "LS2": "exact small-sample correction J; sampling variance "
                "J²(1/n1 + 1/n2 + d²/(2N))",
                "UB": "exact small-sample correction; unbiased estimate of the sampling variance",
                "AV": "exact small-sample correction; sampling variance 1/n1 + 1/n2 + g²/(2N) with "
                "the mean g of all studies",
                "H0": "exact small-sample correction; sampling variance 1/n1 + 1/n2 (no effect)",
                "RevMan": "approximate small-sample correction 1 - 3/(4N - 9); sampling variance "
                "1/n1 + 1/n2 + g²/(2(N - 3.94))",
            },
            words="standardized mean difference (Hedges' g)",
        ),
        Measure(
            name="OR",
            scale=Scale("log", 0.0, "Odds ratio", "OR"),
            sources=TABLES,
            kernel=dichotomous.odds_ratio,
            formulas={"LS": "sampling variance of the log odds ratio from the four cells"},
            words="odds ratio",
            double_zero="drop",
        ),
        Measure(
            name="RR",
            scale=Scale("log", 0.0, "Risk ratio", "RR"),
            sources=TABLES,
            kernel=dichotomous.risk_ratio,
            formulas={"LS": "large-sample sampling variance of the log risk ratio"},
            words="risk ratio",
            double_zero="drop",
        ),
        Measure(
            name="RD",
            scale=Scale("identity", 0.0, "Risk difference", "RD"),
            sources=TABLES,
            kernel=dichotomous.risk_difference,
            formulas={
                "LS": "large-sample sampling variance",
                "UB": "unbiased estimate of the sampling variance",
                "AV": "sampling variance with the risks of all studies together",
            },
            words="risk difference",
        ),
        Measure(
            name="GEN",
            scale=Scale("identity", 0.0, "Effect", "Effect"),
            sources=("estimate",),
            kernel=None,
            formulas={"given": "precision as given"},
            words="effect estimates as given",
        ),
    )
}
"""Effect measures by short name."""


def find_measure(name: str) -> Measure:
    """Return a measure by its short name.

    Raises
    ------
    OptionError
        When there is no such measure.

    Examples
    --------
    >>> find_measure("OR").scale.label
    'Odds ratio'
    """
    try:
        return MEASURES[name]
    except (KeyError, TypeError):
        raise OptionError("measure", name, MEASURES) from None
