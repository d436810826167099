"""Ways in which a row gives the numbers of one group, of a correlation or of change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evisynth.effects.dispersion import se_from_ci, se_from_p
from evisynth.effects.source_type import Need, Reading, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.bool_]

__all__ = ["ONE_GROUP"]

CORRELATION: Need = (("r",), ("t_value",))
PAIRED: Need = (("r",), ("sd_change",))


def _put(reading: Reading, rows: Rows, *roles: str) -> None:
    """Take the numbers of roles as they are given."""
    for role in roles:
        reading.put(role, rows, reading.get(role))


def _read_group_events(reading: Reading, rows: Rows) -> None:
    events, others = reading.get("events"), reading.get("nonevents")
    size = reading.size_of_cells(("events", "nonevents"), "n")
    for row in np.flatnonzero(rows & (events > size)):
        reading.table.report(
            int(row),
            "events",
            f"{events[row]:g} events among {size[row]:g} people",
            hint=f"Is {reading.table.columns['n']!r} the number of people in the group?",
        )
    for row in np.flatnonzero(rows & (events + others != size) & ~np.isnan(others + size)):
        reading.table.report(
            int(row),
            "nonevents",
            f"{events[row]:g} events and {others[row]:g} others are not {size[row]:g} people",
            hint=f"If {reading.table.columns['n']!r} counts other people, name events and "
            "nonevents.",
        )
    others = np.where(np.isnan(others), size - events, others)
    empty = rows & (events + others == 0)
    reading.explain(empty, "the group has no people")
    reading.put("events", rows, np.where(empty, np.nan, events))
    reading.put("nonevents", rows, np.where(empty, np.nan, others))


def _read_group_time(reading: Reading, rows: Rows) -> None:
    _put(reading, rows, "events", "time")


def _read_group_mean(reading: Reading, rows: Rows) -> None:
    _put(reading, rows, "n", "mean")
    reading.put("sd", rows, reading.precision(rows, ""))


def _read_group_sd(reading: Reading, rows: Rows) -> None:
    _put(reading, rows, "n", "sd")


def _correlation(reading: Reading, rows: Rows, degrees: Floats) -> None:
    """Take the correlation, or compute it from a t value on so many degrees of freedom."""
    r, t = reading.get("r").copy(), reading.get("t_value")
    todo = rows & np.isnan(r) & ~np.isnan(t)
    few = todo & (degrees <= 0)
    reading.explain(few, "n leaves no degrees of freedom")
    todo &= ~few
    r[todo] = t[todo] / np.sqrt(t[todo] ** 2 + degrees[todo])
    reading.put("r", rows, r)


def _read_correlation(reading: Reading, rows: Rows) -> None:
    _put(reading, rows, "n")
    _correlation(reading, rows, reading.get("n") - 2)


def _read_partial(reading: Reading, rows: Rows) -> None:
    _put(reading, rows, "n", "predictors")
    _correlation(reading, rows, reading.get("n") - reading.get("predictors") - 1)


def _read_semipartial(reading: Reading, rows: Rows) -> None:
    _put(reading, rows, "n", "predictors", "r2")
    t, degrees = reading.get("t_value"), reading.get("n") - reading.get("predictors") - 1
    few = rows & (degrees <= 0)
    reading.explain(few, "n leaves no degrees of freedom")
    with np.errstate(invalid="ignore", divide="ignore"):
        reading.put("r", rows, np.where(few, np.nan, t / np.sqrt(t**2 + degrees)))


def _read_multiple(reading: Reading, rows: Rows) -> None:
    _put(reading, rows, "n", "predictors", "r2")


def _read_alpha(reading: Reading, rows: Rows) -> None:
    alpha = reading.get("alpha")
    for row in np.flatnonzero(rows & (alpha > 1)):
        reading.table.report(
            int(row), "alpha", f"an alpha of {alpha[row]:g} cannot be; it is at most 1"
        )
    _put(reading, rows, "alpha", "items", "n")


def _read_genotypes(reading: Reading, rows: Rows) -> None:
    _put(reading, rows, "homozygous1", "heterozygous", "homozygous2")


def _read_auc(reading: Reading, rows: Rows) -> None:
    _put(reading, rows, "auc", "n1", "n2")


def _pair_correlation(reading: Reading, rows: Rows) -> None:
    """Take the correlation of two measurements, or compute it from the SD of the changes."""
    r, sd1, sd2 = reading.get("r").copy(), reading.get("sd1"), reading.get("sd2")
    change = reading.get("sd_change")
    todo = rows & np.isnan(r) & ~np.isnan(change)
    r[todo] = (sd1[todo] ** 2 + sd2[todo] ** 2 - change[todo] ** 2) / (2 * sd1[todo] * sd2[todo])
    for row in np.flatnonzero(todo & (np.abs(r) > 1)):
        reading.table.report(
            int(row),
            "sd_change",
            f"SDs of {sd1[row]:g} and {sd2[row]:g} do not go with an SD of the changes of "
            f"{change[row]:g}: the correlation would be {r[row]:.2f}",
            hint="Check that none of them is a standard error.",
        )
    reading.put("r", rows, r)


def _read_paired(reading: Reading, rows: Rows) -> None:
    _put(reading, rows, "n", "mean1", "mean2", "sd1", "sd2")
    _pair_correlation(reading, rows)


def _read_paired_raw(reading: Reading, rows: Rows) -> None:
    _put(reading, rows, "n", "mean1", "mean2", "sd1")
    _pair_correlation(reading, rows)


def _read_paired_sds(reading: Reading, rows: Rows) -> None:
    _put(reading, rows, "n", "sd1", "sd2")
    _pair_correlation(reading, rows)


def _read_change(reading: Reading, rows: Rows) -> None:
    """Read a mean change; its SD stands for that of measurement 1 beside nothing."""
    _put(reading, rows, "n")
    reading.put("mean1", rows, reading.get("difference"))
    reading.put("sd1", rows, _change_sd(reading, rows))
    for role in ("mean2", "sd2", "r"):
        reading.put(role, rows, 0.0)


def _change_sd(reading: Reading, rows: Rows) -> Floats:
    """Return the SD of changes: given, or from the SE, interval, t or P value of their mean."""
    change = reading.get("sd_change")
    sd = np.where(rows, np.where(np.isnan(change), reading.get("sd"), change), np.nan)
    n, difference = reading.get("n"), reading.get("difference")
    root = np.sqrt(n)
    few = rows & (n < 2) & np.isnan(sd)
    reading.explain(few, "n = 1 leaves no degrees of freedom to compute an SD")

    todo = rows & np.isnan(sd) & ~few & ~np.isnan(reading.get("se"))
    sd[todo] = (reading.get("se") * root)[todo]
    reading.count(todo, "standard errors of changes")

    lower, upper = reading.get("ci_lower"), reading.get("ci_upper")
    todo = rows & np.isnan(sd) & ~few & ~np.isnan(lower) & ~np.isnan(upper)
    degrees = n[todo] - 1 if reading.distribution == "t" else None
    se = np.asarray(se_from_ci(lower[todo], upper[todo], reading.level, df=degrees))
    sd[todo] = se * root[todo]
    reading.count(todo, f"confidence intervals of changes ({reading.distribution} distribution)")

    t, p = reading.get("t_value"), reading.get("p_value")
    todo = rows & np.isnan(sd) & ~few & ~np.isnan(t)
    zero = todo & ((t == 0) | (difference == 0))
    reading.explain(zero, "a change or t value of 0 does not tell its standard error")
    todo &= ~zero
    sd[todo] = np.abs(difference[todo] / t[todo]) * root[todo]
    reading.count(todo, "t values of changes")

    todo = rows & np.isnan(sd) & ~few & ~np.isnan(p) & ~zero
    zero = todo & ((p == 0) | (p == 1) | (difference == 0))
    reading.explain(zero, "a change of 0, or a P value of 0 or 1, does not tell its SE")
    todo &= ~zero
    se = np.asarray(se_from_p(difference[todo], p[todo], df=n[todo] - 1))
    sd[todo] = se * root[todo]
    reading.count(todo, "P values of changes (t test)")
    return sd


def _read_before_after(reading: Reading, rows: Rows) -> None:
    for arm in "12":
        _put(reading, rows, f"n{arm}", f"before{arm}", f"after{arm}", f"sd_before{arm}")
    both = reading.get("r")
    for arm in "12":
        own = reading.get(f"r_arm{arm}")
        reading.put(f"r{arm}", rows, np.where(np.isnan(own), both, own))


def _each(*roles: str) -> tuple[Need, ...]:
    """Return the needs of a source that needs every one of some roles."""
    return tuple(((role,),) for role in roles)


ONE_GROUP: tuple[Source, ...] = (
    Source(
        name="group events",
        words="events of a group",
        needs=((("events",),), (("n",), ("nonevents",))),
        own=frozenset(("events", "nonevents")),
        read=_read_group_events,
    ),
    Source(
        name="group time",
        words="events and person-time of a group",
        needs=_each("events", "time"),
        own=frozenset(("events", "time")),
        read=_read_group_time,
    ),
    Source(
        name="group mean",
        words="the mean and SD of a group",
        needs=(*_each("n", "mean"), (("sd",), ("se",), ("ci_lower", "ci_upper"))),
        own=frozenset(("mean",)),
        read=_read_group_mean,
    ),
    Source(
        name="group sd",
        words="the SD of a group",
        needs=_each("n", "sd"),
        own=frozenset(("sd",)),
        read=_read_group_sd,
    ),
    Source(
        name="correlation",
        words="a correlation",
        needs=(CORRELATION, *_each("n")),
        own=frozenset(("r", "t_value")),
        read=_read_correlation,
    ),
    Source(
        name="partial correlation",
        words="a partial correlation, or the t value of a regression coefficient",
        needs=(CORRELATION, *_each("n", "predictors")),
        own=frozenset(("r", "t_value", "predictors")),
        read=_read_partial,
    ),
    Source(
        name="regression coefficient",
        words="the t value of a regression coefficient and R²",
        needs=_each("t_value", "n", "predictors", "r2"),
        own=frozenset(("t_value", "predictors", "r2")),
        read=_read_semipartial,
    ),
    Source(
        name="regression",
        words="R² of a regression",
        needs=_each("r2", "n", "predictors"),
        own=frozenset(("r2", "predictors")),
        read=_read_multiple,
    ),
    Source(
        name="paired means",
        words="means and SDs of two measurements with their correlation",
        needs=(*_each("n", "mean1", "sd1", "mean2", "sd2"), PAIRED),
        own=frozenset(("mean1", "mean2", "sd1", "sd2", "r")),
        read=_read_paired,
    ),
    Source(
        name="paired means, one sd",
        words="means of two measurements with the SD of the first and their correlation",
        needs=(*_each("n", "mean1", "sd1", "mean2"), (("r",), ("sd2", "sd_change"))),
        own=frozenset(("mean1", "mean2", "sd1", "r")),
        read=_read_paired_raw,
    ),
    Source(
        name="paired sds",
        words="SDs of two measurements with their correlation",
        needs=(*_each("n", "sd1", "sd2"), PAIRED),
        own=frozenset(("sd1", "sd2", "r")),
        read=_read_paired_sds,
    ),
    Source(
        name="change",
        words="a mean change with its precision",
        needs=(
            *_each("n", "difference"),
            (
                ("sd_change",),
                ("sd",),
                ("se",),
                ("ci_lower", "ci_upper"),
                ("t_value",),
                ("p_value",),
            ),
        ),
        own=frozenset(("difference", "sd_change", "sd", "t_value", "p_value")),
        read=_read_change,
    ),
    Source(
        name="before and after",
        words="means before and after with the SD before, of two arms",
        needs=(
            *_each("n1", "before1", "after1", "sd_before1"),
            *_each("n2", "before2", "after2", "sd_before2"),
            (("r_arm1", "r_arm2"), ("r",)),
        ),
        own=frozenset(f"{stem}{arm}" for stem in ("before", "after", "sd_before") for arm in "12"),
        read=_read_before_after,
    ),
    Source(
        name="alpha",
        words="Cronbach's alpha",
        needs=_each("alpha", "items", "n"),
        own=frozenset(("alpha", "items")),
        read=_read_alpha,
    ),
    Source(
        name="genotypes",
        words="people by genotype",
        needs=_each("homozygous1", "heterozygous", "homozygous2"),
        own=frozenset(("homozygous1", "heterozygous", "homozygous2")),
        read=_read_genotypes,
    ),
    Source(
        name="area under the curve",
        words="an area under the ROC curve",
        needs=_each("auc", "n1", "n2"),
        own=frozenset(("auc",)),
        read=_read_auc,
    ),
)
"""Entries of `evisynth.effects.sources.SOURCES`."""
