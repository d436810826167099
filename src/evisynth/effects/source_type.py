"""What a source is: a way in which a row of a table gives its numbers; and the reading of rows.

Each row uses the first source of its measure that it fills; standard deviations that are not there
are computed from what is (Cochrane Handbook, sections 6.5.2.2 and 6.5.2.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from evisynth.display import plural
from evisynth.effects.dispersion import Distribution, se_from_ci, se_from_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.effects.columns import Table

__all__ = ["Need", "Reading", "Source", "computed_words", "need_words", "remark_words"]

Roles: TypeAlias = tuple[str, ...]
Need: TypeAlias = tuple[Roles, ...]
"""What is needed at one point: one of several alternatives, each one or more roles."""


@dataclass(slots=True)
class Reading:
    """What is gathered while the rows are read; arrays have shape (K,).

    ``arrays`` holds a kernel's inputs, ``estimates`` and ``variances`` what is given ready made;
    ``reasons`` says why a row has no number; ``computed`` counts the standard deviations that were
    computed, by the words of the way, ``remarks`` what else is to be told of some rows.
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
    remarks: dict[str, int] = field(default_factory=dict)

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

    def size_of_cells(self, cells: tuple[str, str], size: str) -> NDArray[np.float64]:
        """Return the sizes beside events and non-events, all NaN when the caller named these alone.

        A table may have a size of its own for means, which is not that of its events.
        """
        own = self.table.explicit.issuperset(cells) and size not in self.table.explicit
        return np.full(len(self.table), np.nan) if own else self.get(size)

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

    def remark(self, rows: NDArray[np.bool_], words: str) -> None:
        """Count rows of which a reader is told, e.g. ``t values of two-sample t tests``."""
        if rows.any():
            self.remarks[words] = self.remarks.get(words, 0) + int(rows.sum())

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
        Roles that tell this source from others.
    read : callable
        Reads the rows given by a mask into a `Reading`.
    strict : dict of str to tuple of str
        Roles that this source takes from columns of these names only, in lower case, unless the
        caller named the column: a column ``t`` may hold anything.
    """

    name: str
    words: str
    needs: tuple[Need, ...]
    own: frozenset[str]
    read: Callable[[Reading, NDArray[np.bool_]], None]
    strict: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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
            if not any(all(self._has(table, role) for role in way) for way in need)
        ]

    def _has(self, table: Table, role: str) -> bool:
        """Tell whether the table has a column for a role that this source may take."""
        column = table.columns.get(role)
        if column is None:
            return False
        names = self.strict.get(role)
        return names is None or role in table.explicit or column.casefold() in names

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


def remark_words(remarks: dict[str, int]) -> list[str]:
    """Return notes on rows that were read in an unusual way."""
    return [f"{plural(number, 'row')} from {words}" for words, number in remarks.items()]


def need_words(need: Need) -> str:
    """Return a need in words, e.g. ``sd1 (or se1, or ci_lower1 and ci_upper1)``."""
    first, *others = (" and ".join(way) for way in need)
    return f"{first} (or {', or '.join(others)})" if others else first


def computed_words(computed: dict[str, int]) -> list[str]:
    """Return notes on standard deviations that were computed, e.g. from intervals."""
    return [
        f"{plural(number, 'standard deviation')} computed from {words}"
        for words, number in computed.items()
        if not words.startswith("given")
    ]
