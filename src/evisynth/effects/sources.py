"""The ways in which a row of a table may give its numbers, and how they become a kernel's arrays.

Each row uses the first source of its measure that it fills; standard deviations that are not there
are computed from what is (Cochrane Handbook, sections 6.5.2.2 and 6.5.2.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy import special

from evisynth.display import plural
from evisynth.effects.dispersion import Distribution, se_from_ci, se_from_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.effects.columns import Table

__all__ = ["SOURCES", "Reading", "Source"]

Roles: TypeAlias = tuple[str, ...]
Need: TypeAlias = tuple[Roles, ...]
"""What is needed at one point: one of several alternatives, each one or more roles."""


@dataclass(slots=True)
class Reading:
    """What is gathered while the rows are read; arrays have shape (K,).

    ``arrays`` holds a kernel's inputs, ``estimates`` and ``variances`` what is given ready made;
    ``reasons`` says why a row has no number; ``computed`` counts the standard deviations that were
    computed, by the words of the way.
    """

    table: Table
    level: float
    distribution: Distribution
    natural_ratios: bool = False
    arrays: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    estimates: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    variances: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    reasons: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    computed: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        k = len(self.table)
        self.estimates = np.full(k, np.nan)
        self.variances = np.full(k, np.nan)
        self.reasons = [""] * k
        self.source = [""] * k

    def get(self, role: str) -> NDArray[np.float64]:
        """Return the numbers of a role, all NaN when there is no column for it."""
        found = self.table.values.get(role)
        return np.full(len(self.table), np.nan) if found is None else found

    def put(self, role: str, rows: NDArray[np.bool_], values: NDArray[np.float64] | float) -> None:
        """Set a kernel's input on some rows."""
        array = self.arrays.setdefault(role, np.full(len(self.table), np.nan))
        array[rows] = values[rows] if isinstance(values, np.ndarray) else values

    def explain(self, rows: NDArray[np.bool_], reason: str) -> None:
        """Say why some rows have no number, unless something was said before."""
        for row in np.flatnonzero(rows):
            self.reasons[row] = self.reasons[row] or reason

    def count(self, rows: NDArray[np.bool_], words: str) -> None:
        """Count standard deviations that were computed."""
        if rows.any():
            self.computed[words] = self.computed.get(words, 0) + int(rows.sum())

    def precision(self, rows: NDArray[np.bool_], arm: str) -> NDArray[np.float64]:
        """Return the standard deviation of one arm: given, from its SE, or from its interval."""
        sd = np.where(rows, self.get(f"sd{arm}"), np.nan)
        n, se = self.get(f"n{arm}"), self.get(f"se{arm}")
        todo = rows & np.isnan(sd) & ~np.isnan(se)
        sd[todo] = se[todo] * np.sqrt(n[todo])
        self.count(todo, "standard errors")
        lower, upper = self.get(f"ci_lower{arm}"), self.get(f"ci_upper{arm}")
        todo = rows & np.isnan(sd) & ~np.isnan(lower) & ~np.isnan(upper)
        few = todo & (n < 2) & (self.distribution == "t")
        self.explain(few, f"n{arm} = 1 leaves no degrees of freedom to compute an SD")
        todo &= ~few
        df = n[todo] - 1 if self.distribution == "t" else None
        se_ci = se_from_ci(lower[todo], upper[todo], self.level, df=df)
        sd[todo] = np.asarray(se_ci) * np.sqrt(n[todo])
        self.count(todo, f"confidence intervals ({self.distribution} distribution)")
        return sd

    def difference_sd(self, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the SD behind a difference: given, or from its SE, interval, t or P value."""
        sd = np.where(rows, self.get("sd"), np.nan)
        root = np.sqrt(1 / self.get("n1") + 1 / self.get("n2"))
        df = self.get("n1") + self.get("n2") - 2
        difference = self.get("difference")
        few = rows & (df <= 0) & np.isnan(sd)
        self.explain(few, "n1 + n2 leaves no degrees of freedom to compute an SD")

        todo = rows & np.isnan(sd) & ~few & ~np.isnan(self.get("se"))
        sd[todo] = (self.get("se") / root)[todo]
        self.count(todo, "standard errors of differences")

        lower, upper = self.get("ci_lower"), self.get("ci_upper")
        todo = rows & np.isnan(sd) & ~few & ~np.isnan(lower) & ~np.isnan(upper)
        degrees = df[todo] if self.distribution == "t" else None
        se = np.asarray(se_from_ci(lower[todo], upper[todo], self.level, df=degrees))
        sd[todo] = se / root[todo]
        self.count(todo, f"confidence intervals of differences ({self.distribution} distribution)")

        t = self.get("t_value")
        todo = rows & np.isnan(sd) & ~few & ~np.isnan(t)
        zero = todo & ((t == 0) | (difference == 0))
        self.explain(zero, "a difference or t value of 0 does not tell its standard error")
        todo &= ~zero
        sd[todo] = np.abs(difference[todo] / t[todo]) / root[todo]
        self.count(todo, "t values of differences")

        p = self.get("p_value")
        todo = rows & np.isnan(sd) & ~few & ~np.isnan(p) & ~zero
        zero = todo & ((p == 0) | (p == 1) | (difference == 0))
        self.explain(zero, "a difference of 0, or a P value of 0 or 1, does not tell its SE")
        todo &= ~zero
        se = np.asarray(se_from_p(difference[todo], p[todo], df=df[todo]))
        sd[todo] = se / root[todo]
        self.count(todo, "P values of differences (t test)")
        return sd


@dataclass(frozen=True, slots=True)
class Source:
    """One way in which a row gives its numbers.

    Attributes
    ----------
    name, words : str
        Name, and words for a note.
    needs : tuple of Need
        What a row must fill.
    own : frozenset of str
        Roles that belong to this source alone.
    read : callable
        Reads the rows given by a mask into a `Reading`.
    """

    name: str
    words: str
    needs: tuple[Need, ...]
    own: frozenset[str]
    read: Callable[[Reading, NDArray[np.bool_]], None]

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles of the source."""
        return tuple(dict.fromkeys(role for need in self.needs for way in need for role in way))

    def recognize(self, table: Table) -> None:
        """Find the columns of the source's roles, leaving alone what the caller named."""
        for need in self.needs:
            named = [way for way in need if table.explicit.intersection(way)]
            for way in named or need:
                for role in way:
                    table.recognize(role)

    def lacks(self, table: Table) -> list[Need]:
        """Return the needs for which the table has no column."""
        return [
            need
            for need in self.needs
            if not any(all(role in table.columns for role in way) for way in need)
        ]

    def filled(self, reading: Reading) -> tuple[NDArray[np.bool_], NDArray[np.int_]]:
        """Tell which rows are complete, and how many needs each row fills; shapes (K,)."""
        count = np.zeros(len(reading.table), dtype=np.int_)
        for need in self.needs:
            ways = [np.all([~np.isnan(reading.get(role)) for role in way], axis=0) for way in need]
            count += np.any(ways, axis=0)
        return count == len(self.needs), count

    def missing(self, reading: Reading, row: int) -> str:
        """Say what a row lacks, e.g. ``mean2 and sd2 are missing``."""
        names = []
        for need in self.needs:
            if not any(all(not np.isnan(reading.get(r)[row]) for r in way) for way in need):
                here = [w for w in need if all(r in reading.table.columns for r in w)] or need
                names += [reading.table.columns.get(role, role) for role in here[0]]
        text = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        return f"{text} {'are' if len(names) > 1 else 'is'} missing"


def need_words(need: Need) -> str:
    """Return a need in words, e.g. ``sd1 (or se1, or ci_lower1 and ci_upper1)``."""
    first, *others = (" and ".join(way) for way in need)
    return f"{first} (or {', or '.join(others)})" if others else first


def _read_means(reading: Reading, rows: NDArray[np.bool_]) -> None:
    for arm in ("1", "2"):
        reading.put(f"n{arm}", rows, reading.get(f"n{arm}"))
        reading.put(f"mean{arm}", rows, reading.get(f"mean{arm}"))
        reading.put(f"sd{arm}", rows, reading.precision(rows, arm))


def _read_difference(reading: Reading, rows: NDArray[np.bool_]) -> None:
    sd = reading.difference_sd(rows)
    for arm, mean in (("1", reading.get("difference")), ("2", 0.0)):
        reading.put(f"n{arm}", rows, reading.get(f"n{arm}"))
        reading.put(f"mean{arm}", rows, mean)
        reading.put(f"sd{arm}", rows, sd)


def _read_events(reading: Reading, rows: NDArray[np.bool_]) -> None:
    for arm in ("1", "2"):
        events, others = reading.get(f"events{arm}"), reading.get(f"nonevents{arm}")
        size = reading.get(f"n{arm}")
        for row in np.flatnonzero(rows & (events > size)):
            reading.table.report(
                int(row),
                f"events{arm}",
                f"{events[row]:g} events among {size[row]:g} people",
                hint=f"Is {reading.table.columns[f'n{arm}']!r} the number of people in the arm?",
            )
        for row in np.flatnonzero(rows & (events + others != size) & ~np.isnan(others + size)):
            reading.table.report(
                int(row),
                f"nonevents{arm}",
                f"{events[row]:g} events and {others[row]:g} others are not {size[row]:g} people",
            )
        reading.put(f"events{arm}", rows, events)
        reading.put(f"nonevents{arm}", rows, np.where(np.isnan(others), size - events, others))
        empty = rows & (reading.arrays[f"events{arm}"] + reading.arrays[f"nonevents{arm}"] == 0)
        for row in np.flatnonzero(empty):
            reading.table.report(int(row), f"events{arm}", f"arm {arm} has no people")


def _read_estimates(reading: Reading, rows: NDArray[np.bool_]) -> None:
    estimates = reading.get("estimate").copy()
    lower, upper = reading.get("ci_lower").copy(), reading.get("ci_upper").copy()
    if reading.natural_ratios:
        for role, values in (("estimate", estimates), ("ci_lower", lower), ("ci_upper", upper)):
            for row in np.flatnonzero(rows & (values <= 0)):
                reading.table.report(
                    int(row),
                    role,
                    f"a ratio of {values[row]:g} cannot be; ratios are above 0",
                    hint="Pass given='log' if these are logarithms.",
                )
            positive = values > 0
            values[positive] = np.log(values[positive])
            values[~positive] = np.nan
    reading.estimates[rows] = estimates[rows]
    variances = np.where(rows, reading.get("variance"), np.nan)
    reading.count(~np.isnan(variances), "given variances")
    se = reading.get("se")
    todo = rows & np.isnan(variances) & ~np.isnan(se)
    variances[todo] = se[todo] ** 2
    reading.count(todo, "given standard errors")
    todo = rows & np.isnan(variances) & (upper > lower)
    quantile = special.ndtri(0.5 + reading.level / 2)
    variances[todo] = ((upper[todo] - lower[todo]) / (2 * quantile)) ** 2
    reading.count(todo, "given confidence intervals (normal distribution)")
    reading.variances[rows] = variances[rows]


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            name="means",
            words="means and SDs of the arms",
            needs=(
                (("n1",),),
                (("mean1",),),
                (("sd1",), ("se1",), ("ci_lower1", "ci_upper1")),
                (("n2",),),
                (("mean2",),),
                (("sd2",), ("se2",), ("ci_lower2", "ci_upper2")),
            ),
            own=frozenset(f"{role}{arm}" for role in ("mean", "sd", "se") for arm in "12"),
            read=_read_means,
        ),
        Source(
            name="difference",
            words="a difference between the arms",
            needs=(
                (("n1",),),
                (("n2",),),
                (("difference",),),
                (("sd",), ("se",), ("ci_lower", "ci_upper"), ("t_value",), ("p_value",)),
            ),
            own=frozenset(("difference", "sd", "t_value", "p_value")),
            read=_read_difference,
        ),
        Source(
            name="events",
            words="events of the arms",
            needs=(
                (("events1",),),
                (("n1",), ("nonevents1",)),
                (("events2",),),
                (("n2",), ("nonevents2",)),
            ),
            own=frozenset(("events1", "nonevents1", "events2", "nonevents2")),
            read=_read_events,
        ),
        Source(
            name="estimate",
            words="an estimate with its precision",
            needs=(
                (("estimate",),),
                (("variance",), ("se",), ("ci_lower", "ci_upper")),
            ),
            own=frozenset(("estimate", "variance")),
            read=_read_estimates,
        ),
    )
}
"""Ways to give the numbers of a row, by name."""


def computed_words(computed: dict[str, int]) -> list[str]:
    """Return notes on standard deviations that were computed, e.g. from intervals."""
    return [
        f"{plural(number, 'standard deviation')} computed from {words}"
        for words, number in computed.items()
        if not words.startswith("given")
    ]
