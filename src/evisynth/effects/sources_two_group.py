"""Ways in which a row gives the numbers of two arms, of a 2x2 table or of person-time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from evisynth.effects.pairs import PAIRS
from evisynth.effects.source_type import Reading, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TWO_GROUP"]


def _read_means(reading: Reading, rows: NDArray[np.bool_]) -> None:
    for arm in ("1", "2"):
        reading.put(f"n{arm}", rows, reading.get(f"n{arm}"))
        reading.put(f"mean{arm}", rows, reading.get(f"mean{arm}"))
        reading.put(f"sd{arm}", rows, reading.precision(rows, arm))


def _read_control_sd(reading: Reading, rows: NDArray[np.bool_]) -> None:
    for arm in ("1", "2"):
        reading.put(f"n{arm}", rows, reading.get(f"n{arm}"))
        reading.put(f"mean{arm}", rows, reading.get(f"mean{arm}"))
    reading.put("sd2", rows, reading.precision(rows, "2"))


def _read_sds(reading: Reading, rows: NDArray[np.bool_]) -> None:
    for arm in ("1", "2"):
        reading.put(f"n{arm}", rows, reading.get(f"n{arm}"))
        reading.put(f"sd{arm}", rows, reading.precision(rows, arm))


def _put_d(reading: Reading, rows: NDArray[np.bool_], d: NDArray[np.float64]) -> None:
    """Put arms whose standard deviation is 1 and whose means differ by Cohen's d."""
    for arm, mean in (("1", d), ("2", 0.0)):
        reading.put(f"n{arm}", rows, reading.get(f"n{arm}"))
        reading.put(f"mean{arm}", rows, mean)
        reading.put(f"sd{arm}", rows, 1.0)


def _read_d(reading: Reading, rows: NDArray[np.bool_]) -> None:
    _put_d(reading, rows, reading.get("d"))
    reading.remark(rows, "standardized mean differences as given, taken as Cohen's d")


def _read_t_test(reading: Reading, rows: NDArray[np.bool_]) -> None:
    root = np.sqrt(1 / reading.get("n1") + 1 / reading.get("n2"))
    _put_d(reading, rows, reading.get("t_value") * root)
    reading.remark(rows, "t values of two-sample t tests")


def _read_signed_p(reading: Reading, rows: NDArray[np.bool_]) -> None:
    n1, n2, p = reading.get("n1"), reading.get("n2"), reading.get("signed_p")
    few = rows & (n1 + n2 < 3)
    reading.explain(few, "n1 + n2 leaves no degrees of freedom for a t test")
    reading.explain(rows & (p == 0), "a P value of 0 does not tell its t value")
    fine = rows & ~few & (p != 0)
    t = np.full(p.shape, np.nan)
    t[fine] = -np.sign(p[fine]) * special.stdtrit((n1 + n2 - 2)[fine], np.abs(p[fine]) / 2)
    _put_d(reading, rows, t * np.sqrt(1 / n1 + 1 / n2))
    reading.remark(fine, "signed P values of two-sample t tests")


def _read_difference(reading: Reading, rows: NDArray[np.bool_]) -> None:
    sd = reading.difference_sd(rows)
    for arm, mean in (("1", reading.get("difference")), ("2", 0.0)):
        reading.put(f"n{arm}", rows, reading.get(f"n{arm}"))
        reading.put(f"mean{arm}", rows, mean)
        reading.put(f"sd{arm}", rows, sd)


def _read_events(reading: Reading, rows: NDArray[np.bool_]) -> None:
    for arm in ("1", "2"):
        events, others = reading.get(f"events{arm}"), reading.get(f"nonevents{arm}")
        size = reading.size_of_cells((f"events{arm}", f"nonevents{arm}"), f"n{arm}")
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
                hint=f"If {reading.table.columns[f'n{arm}']!r} counts other people, name "
                f"events{arm} and nonevents{arm}.",
            )
        others = np.where(np.isnan(others), size - events, others)
        empty = rows & (events + others == 0)
        reading.explain(empty, f"arm {arm} has no people")
        reading.put(f"events{arm}", rows, np.where(empty, np.nan, events))
        reading.put(f"nonevents{arm}", rows, np.where(empty, np.nan, others))


def _read_person_time(reading: Reading, rows: NDArray[np.bool_]) -> None:
    for role in ("events1", "time1", "events2", "time2"):
        reading.put(role, rows, reading.get(role))


def _read_events_with_r(reading: Reading, rows: NDArray[np.bool_]) -> None:
    _read_events(reading, rows)
    reading.put("r", rows, reading.get("r"))


def _read_pairs(reading: Reading, rows: NDArray[np.bool_]) -> None:
    for role in PAIRS:
        reading.put(role, rows, reading.get(role))
    total = np.sum([reading.get(role) for role in PAIRS], axis=0)
    for row in np.flatnonzero(rows & (total == 0)):
        reading.table.report(int(row), PAIRS[0], "there are no pairs")


def _read_diagnostic(reading: Reading, rows: NDArray[np.bool_]) -> None:
    cells = (("events1", "tp"), ("nonevents1", "fn"), ("events2", "fp"), ("nonevents2", "tn"))
    for cell, role in cells:
        reading.put(cell, rows, reading.get(role))
    for group, parts in (("the condition", ("tp", "fn")), ("no condition", ("fp", "tn"))):
        nobody = rows & (reading.get(parts[0]) + reading.get(parts[1]) == 0)
        reading.explain(nobody, f"nobody with {group}")


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


TWO_GROUP: tuple[Source, ...] = (
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
        name="means sd2",
        words="means of the arms and the SD of arm 2",
        needs=(
            (("n1",),),
            (("mean1",),),
            (("n2",),),
            (("mean2",),),
            (("sd2",), ("se2",), ("ci_lower2", "ci_upper2")),
        ),
        own=frozenset(("mean1", "mean2", "sd2", "se2")),
        read=_read_control_sd,
    ),
    Source(
        name="sds",
        words="SDs of the arms",
        needs=(
            (("n1",),),
            (("sd1",), ("se1",), ("ci_lower1", "ci_upper1")),
            (("n2",),),
            (("sd2",), ("se2",), ("ci_lower2", "ci_upper2")),
        ),
        own=frozenset(f"{role}{arm}" for role in ("sd", "se") for arm in "12"),
        read=_read_sds,
    ),
    Source(
        name="d",
        words="Cohen's d",
        needs=((("n1",),), (("n2",),), (("d",),)),
        own=frozenset(("d",)),
        read=_read_d,
    ),
    Source(
        name="t test",
        words="t values of two-sample t tests",
        needs=((("n1",),), (("n2",),), (("t_value",),)),
        own=frozenset(("t_value",)),
        read=_read_t_test,
        strict={"t_value": ("t_value", "ti")},
    ),
    Source(
        name="signed p",
        words="P values of two-sample t tests with the sign of the difference",
        needs=((("n1",),), (("n2",),), (("signed_p",),)),
        own=frozenset(("signed_p",)),
        read=_read_signed_p,
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
        name="events r",
        words="events under both treatments and their correlation",
        needs=(
            (("events1",),),
            (("n1",), ("nonevents1",)),
            (("events2",),),
            (("n2",), ("nonevents2",)),
            (("r",),),
        ),
        own=frozenset(("events1", "nonevents1", "events2", "nonevents2", "r")),
        read=_read_events_with_r,
    ),
    Source(
        name="person-time",
        words="events and person-time of the arms",
        needs=((("events1",),), (("time1",),), (("events2",),), (("time2",),)),
        own=frozenset(("events1", "time1", "events2", "time2")),
        read=_read_person_time,
    ),
    Source(
        name="pairs",
        words="pairs by the outcome under both treatments",
        needs=tuple((((role,),)) for role in PAIRS),
        own=frozenset(PAIRS),
        read=_read_pairs,
    ),
    Source(
        name="diagnostic",
        words="true and false positives and negatives",
        needs=((("tp",),), (("fp",),), (("fn",),), (("tn",),)),
        own=frozenset(("tp", "fp", "fn", "tn")),
        read=_read_diagnostic,
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
"""Entries of `evisynth.effects.sources.SOURCES`."""
