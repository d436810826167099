"""Numbers needed to treat, from risk differences and from measures with a baseline risk."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from evisynth.display import format_columns, format_number
from evisynth.effects.conversions import Beside
from evisynth.effects.converting import check_values, choose_steps, measure_name, run_steps
from evisynth.effects.estimates import EffectEstimates
from evisynth.effects.table_columns import numbers_of
from evisynth.errors import OptionError
from evisynth.stats import check_name, check_share

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects.columns import Column

__all__ = ["NumbersNeeded", "number_needed_to_treat"]

Z95 = 1.959963984540054


class Pooled(Protocol):
    """What is used of a pooled fit."""

    @property
    def effects(self) -> EffectEstimates:
        """The estimates that were pooled."""

    @property
    def estimate(self) -> float:
        """Pooled effect, on the pooled scale."""

    @property
    def ci_lower(self) -> float:
        """Lower limit."""

    @property
    def ci_upper(self) -> float:
        """Upper limit."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NumbersNeeded:
    """Numbers needed to treat for one more (NNTB) or one less good end (NNTH).

    Attributes
    ----------
    labels : tuple of str
        What each row is.
    differences, lower, upper : ndarray, shape (K,)
        Risk differences with their limits.
    numbers : ndarray, shape (K,)
        1 over the absolute risk difference; infinite at no difference.
    kinds : tuple of str
        ``"NNTB"`` (benefit) or ``"NNTH"`` (harm).
    limits : tuple of str
        The interval in words. Where the difference could be 0 it runs through infinity.
    sentence : str
        What was done.
    """

    labels: tuple[str, ...]
    differences: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    numbers: NDArray[np.float64]
    kinds: tuple[str, ...]
    limits: tuple[str, ...]
    sentence: str

    def to_frame(self) -> pd.DataFrame:
        """Return a row a number, with the risk difference behind it."""
        import pandas as pd

        return pd.DataFrame(
            {
                "label": list(self.labels),
                "kind": list(self.kinds),
                "number": self.numbers,
                "limits": list(self.limits),
                "risk_difference": self.differences,
                "ci_lower": self.lower,
                "ci_upper": self.upper,
            }
        )

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return self.sentence

    def _rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [("", "number", "95% limits")]
        for label, kind, number, limits in zip(
            self.labels, self.kinds, self.numbers, self.limits, strict=True
        ):
            rows.append((label, f"{kind} {format_number(float(number), 1)}".strip(), limits))
        return rows

    def __str__(self) -> str:
        return "\n".join(["Numbers needed to treat", "", *format_columns(self._rows())])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """Return the table for notebooks."""
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._rows()
        )
        return f"<table><caption>Numbers needed to treat</caption><tbody>{body}</tbody></table>"


def number_needed_to_treat(
    effects: EffectEstimates | Pooled,
    *,
    baseline_risk: float | Column = None,
    event: str = "bad",
    measure: str | None = None,
) -> NumbersNeeded:
    """Return numbers needed to treat, of each study or of a pooled effect.

    Parameters
    ----------
    effects
        Effect estimates (RD, or OR, RR, HR, SMD with a baseline risk), or a pooled fit of them.
    baseline_risk
        Risk without the intervention (for an SMD: of the end that the number is about). For a
        pooled fit one or several numbers: one row each.
    event
        ``"bad"``: fewer events are a benefit; ``"good"``: more are.
    measure
        What generic estimates are, e.g. ``"HR"``.

    Returns
    -------
    NumbersNeeded
        Limits are those of the risk difference, turned round (Altman 1998).

    Raises
    ------
    OptionError
        If a word is not known, or the baseline risk is not given.

    Notes
    -----
    A pooled risk difference hides that baseline risks differ: pool a ratio and give the risk of
    the people at hand (Handbook 15.4.2). An SMD is converted by the normal distribution (Furukawa
    and Leucht 2011, doi:10.1371/journal.pone.0019070), a hazard ratio by proportional hazards.

    References
    ----------
    Altman 1998, doi:10.1136/bmj.317.7168.1309; Cochrane Handbook 6.5, section 15.4.

    Examples
    --------
    >>> import evisynth as es
    >>> trial = {"study": ["A"], "events1": [30], "n1": [100], "events2": [50], "n2": [100]}
    >>> found = number_needed_to_treat(es.effects(trial, "RD"))
    >>> found.kinds[0], found.numbers.round(1).tolist(), found.limits[0]
    ('NNTB', [5.0], 'NNTB 3.0 to NNTB 14.9')
    """
    if measure is not None:
        measure = check_name("measure", measure)
    if event not in ("bad", "good"):
        raise OptionError("event", event, ["bad", "good"])
    own, labels, middle, low, high = _values(effects)
    source = _source(own, measure)
    risk = _risks(own, baseline_risk, isinstance(effects, EffectEstimates))
    if risk is not None and not isinstance(effects, EffectEstimates):
        middle, low, high = (np.full(len(risk), x[0]) for x in (middle, low, high))
        labels = tuple(f"{labels[0]} at {p:g}" for p in risk)
    words = "as 1 over the risk difference"
    if source != "RD":
        ways = {"SMD": {"SMD to OR": "probit"}, "HR": {"HR to RR": "proportional"}}.get(source)
        known = set() if risk is None else {"baseline_risk"}
        steps = choose_steps(source, "RD", ways, known)
        nothing = np.full(len(middle), np.nan)
        beside = Beside(nothing if risk is None else risk, nothing, nothing, nothing)
        check_values(nothing, beside)
        zero = np.zeros(len(middle))
        middle, low, high = (run_steps(steps, x, zero, beside)[0] for x in (middle, low, high))
        words += " at a stated baseline risk: " + "; ".join(f"{n} {s.words}" for n, s in steps)
    kinds, limits = [], []
    for d, a, b in zip(middle, low, high, strict=True):
        kinds.append(_kind(float(d), event))
        limits.append(_interval(float(a), float(b), event))
    with np.errstate(divide="ignore"):
        numbers = 1 / np.abs(middle)
    sentence = (
        f"Numbers needed to treat were computed {words} (Altman 1998, "
        "doi:10.1136/bmj.317.7168.1309; Cochrane Handbook 6.5, section 15.4)."
    )
    return NumbersNeeded(labels, middle, low, high, numbers, tuple(kinds), tuple(limits), sentence)


def _values(effects: Any) -> tuple[EffectEstimates, tuple[str, ...], Any, Any, Any]:
    """Return the estimates, names of the rows, and values with limits."""
    if isinstance(effects, EffectEstimates):
        half = Z95 * effects.standard_errors
        y = effects.estimates
        return effects, effects.labels, y, y - half, y + half
    if not all(hasattr(effects, name) for name in ("effects", "estimate", "ci_lower", "ci_upper")):
        raise OptionError("effects", type(effects).__name__, ["EffectEstimates", "a pooled fit"])
    values = [np.array([x]) for x in (effects.estimate, effects.ci_lower, effects.ci_upper)]
    return effects.effects, ("pooled effect",), *values


def _source(own: EffectEstimates, measure: str | None) -> str:
    """Return what the estimates are."""
    name = measure or (own.scale.short if own.measure == "GEN" else own.measure)
    return measure_name(name, "measure")


def _risks(own: EffectEstimates, given: Any, by_row: bool) -> NDArray[np.float64] | None:
    """Return baseline risks, one a row."""
    if given is None:
        return None
    if by_row:
        return numbers_of(own.data, given, "baseline_risk")
    several = given if isinstance(given, (list, tuple)) else np.atleast_1d(given)
    return np.array(
        [check_share("baseline_risk", risk) for risk in np.asarray(several, dtype=object).ravel()]
    )


def _kind(difference: float, event: str) -> str:
    if np.isnan(difference) or difference == 0:
        return ""
    return "NNTB" if (difference < 0) == (event == "bad") else "NNTH"


def _interval(low: float, high: float, event: str) -> str:
    """Return the limits of a number in words; the one nearer to no difference comes last."""
    if np.isnan(low) or np.isnan(high):
        return "–"

    def one(limit: float) -> str:
        if limit == 0:
            return "∞"
        return f"{_kind(limit, event)} {format_number(1 / abs(limit), 1)}"

    near, far = sorted((low, high), key=abs)
    if low < 0 < high:
        good, harm = (low, high) if event == "bad" else (high, low)
        return f"{one(good)} to ∞ to {one(harm)}"
    return f"{one(far)} to {one(near)}"
