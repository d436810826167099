"""The optimal information size: how many people one adequate trial would need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evisynth.display import format_count, format_number, format_percent
from evisynth.errors import DataError

__all__ = ["OptimalSize", "optimal_size", "optimal_size_continuous"]


@dataclass(frozen=True, slots=True)
class OptimalSize:
    """People (and events) that a trial needs to show an effect, both arms together.

    Attributes
    ----------
    per_group : float
        People in each arm, not rounded.
    events : float
        Events expected in both arms; NaN for continuous outcomes.
    words : str
        What it was computed for.
    """

    per_group: float
    events: float
    words: str

    @property
    def total(self) -> float:
        """People in both arms, not rounded."""
        return 2 * self.per_group

    def __str__(self) -> str:
        shown = f"{format_count(round(self.total))} participants"
        if np.isfinite(self.events):
            shown += f" ({format_count(round(self.events))} events)"
        return f"{shown}, {self.words}"


def _quantiles(alpha: float, beta: float) -> tuple[float, float]:
    from scipy.special import ndtri

    for name, value in (("alpha", alpha), ("beta", beta)):
        if not 0 < value < 1:
            raise DataError(f"{name} is {value:g}; write a number between 0 and 1")
    return float(ndtri(1 - alpha / 2)), float(ndtri(1 - beta))


def optimal_size(
    risk: float, relative_reduction: float = 0.25, *, alpha: float = 0.05, beta: float = 0.2
) -> OptimalSize:
    """Return the optimal information size of a dichotomous outcome.

    Per group [z(1 - alpha/2) sqrt(2 p (1 - p)) + z(1 - beta) sqrt(p1 (1 - p1) + p2 (1 - p2))]² /
    (p1 - p2)², with p2 the risk without, p1 that with the intervention, and p their mean.

    Parameters
    ----------
    risk
        Risk without the intervention, between 0 and 1.
    relative_reduction
        Relative risk reduction to be shown; 0.2 to 0.3 is usual.
    alpha, beta
        Two-sided type I error and type II error.

    Raises
    ------
    DataError
        If a number is out of range.

    References
    ----------
    Guyatt et al. 2011, doi:10.1016/j.jclinepi.2011.01.012.

    Examples
    --------
    >>> print(optimal_size(0.1))
    4,008 participants (351 events), for a relative risk reduction of 25% from a risk of 10%
    """
    if not 0 < risk < 1:
        raise DataError(f"the risk is {risk:g}; write a proportion between 0 and 1")
    if not 0 < relative_reduction < 1:
        raise DataError(f"the relative reduction is {relative_reduction:g}; write 0.25 for 25%")
    first, second = _quantiles(alpha, beta)
    with_it = risk * (1 - relative_reduction)
    mean = (risk + with_it) / 2
    root = first * np.sqrt(2 * mean * (1 - mean))
    root += second * np.sqrt(with_it * (1 - with_it) + risk * (1 - risk))
    per_group = float(root**2 / (risk - with_it) ** 2)
    words = (
        f"for a relative risk reduction of {format_percent(100 * relative_reduction)} from a risk "
        f"of {format_percent(100 * risk, 0 if 100 * risk >= 2 else 1)}"
    )
    return OptimalSize(per_group, per_group * (risk + with_it), words)


def optimal_size_continuous(
    difference: float, sd: float = 1.0, *, alpha: float = 0.05, beta: float = 0.2
) -> OptimalSize:
    """Return the optimal information size of a continuous outcome, 2 (z + z)² (SD/difference)².

    For 0.2 SD this is 392 people *in each group*; the rule of thumb of 400 is often, and wrongly,
    held against the total.

    Parameters
    ----------
    difference
        Difference of means to be shown, in the unit of the SD.
    sd
        Standard deviation.
    alpha, beta
        Two-sided type I error and type II error.

    Raises
    ------
    DataError
        If a number is out of range.

    References
    ----------
    Guyatt et al. 2011, doi:10.1016/j.jclinepi.2011.01.012.

    Examples
    --------
    >>> print(optimal_size_continuous(0.2))
    785 participants, for a difference of 0.20 SD
    """
    if not (np.isfinite(difference) and difference != 0 and np.isfinite(sd) and sd > 0):
        raise DataError(
            f"a difference of {difference:g} with an SD of {sd:g} needs no number of people; "
            "both must be numbers, the SD above 0"
        )
    first, second = _quantiles(alpha, beta)
    per_group = 2 * (first + second) ** 2 * (sd / difference) ** 2
    words = f"for a difference of {format_number(abs(difference / sd))} SD"
    return OptimalSize(float(per_group), float("nan"), words)
