"""Counts from a table: 2x2 tables as `evisynth.effects` finds them, person-time, single groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from evisynth.effects import EffectEstimates, Scale, effects
from evisynth.errors import InputError, OptionError, Problem

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COUNT_COLUMNS", "Counts", "person_time", "read_counts", "single_groups", "two_by_two"]

Floats = NDArray[np.float64]

COUNT_COLUMNS: dict[str, tuple[str, ...]] = {
    "events1": ("events1", "x1i", "x1", "event_e", "events_e", "event.e", "ai"),
    "time1": ("time1", "t1i", "t1", "time_e", "time.e", "persontime1", "person_time1"),
    "events2": ("events2", "x2i", "x2", "event_c", "events_c", "event.c", "ci"),
    "time2": ("time2", "t2i", "t2", "time_c", "time.c", "persontime2", "person_time2"),
    "events": ("events", "xi", "x", "event", "cases"),
    "n": ("n", "ni", "total", "size"),
    "nonevents": ("nonevents", "mi", "noncases"),
    "time": ("time", "ti", "t", "persontime", "person_time"),
}
"""Names by which columns of person-time and single groups are recognized; case does not matter."""

SCALES = {
    "IRR": Scale("log", 0.0, "Incidence rate ratio", "IRR"),
    "IRD": Scale("identity", 0.0, "Incidence rate difference", "IRD"),
    "PLO": Scale("logit", 0.0, "Proportion", "Proportion", 0.0, 1.0, compares=False),
    "IRLN": Scale("log", 0.0, "Incidence rate", "Rate", 0.0, compares=False),
    "PETO": Scale("log", 0.0, "Peto odds ratio", "Peto OR"),
}

MISSING = "a count is missing"


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of K rows with the studies' own estimates.

    Attributes
    ----------
    effects : EffectEstimates
        Own estimate of each row, with reasons where there is none.
    cells : tuple of ndarray, each of shape (K,)
        2x2: events and non-events of arm 1, then of arm 2. Person-time: events and time of arm 1,
        then of arm 2. Single groups: events, and non-events or time. 0 where a row is not complete.
    complete : ndarray of bool, shape (K,)
        Rows whose counts are all there.
    """

    effects: EffectEstimates
    cells: tuple[Floats, ...]
    complete: NDArray[np.bool_]


def read_counts(
    data: pd.DataFrame | Mapping[str, Any],
    measure: str,
    *,
    add: float,
    to: str,
    double_zero: Literal["drop", "keep"],
    study: Any,
    subset: Any,
    columns: Mapping[str, Any],
) -> Counts:
    """Read the counts that a measure needs (OR, RR, RD; IRR, IRD; PLO; IRLN).

    ``add`` and ``to`` are the continuity correction of the studies' own estimates, ``double_zero``
    whether rows without an event (or non-event) in both arms have one.

    Raises
    ------
    InputError
        When a column is missing or a cell cannot be used.
    OptionError
        When a column is named that the measure does not have.
    """
    roles = {
        "IRR": ("events1", "time1", "events2", "time2"),
        "IRD": ("events1", "time1", "events2", "time2"),
        "PLO": ("events", "n", "nonevents"),
        "IRLN": ("events", "time"),
    }.get(measure, ("events1", "n1", "nonevents1", "events2", "n2", "nonevents2"))
    named = {role: column for role, column in columns.items() if column is not None}
    for role in named:
        if role not in roles:
            raise OptionError(
                role, named[role], ["left out"], hint=f"{measure} is made of {', '.join(roles)}."
            )
    options = {"add": add, "to": to, "study": study, "subset": subset}
    if measure in ("OR", "RR", "RD"):
        return two_by_two(data, measure, double_zero=double_zero, **options, **named)
    if measure in ("IRR", "IRD"):
        return person_time(data, measure, double_zero=double_zero, named=named, **options)
    return single_groups(data, measure, named=named, **options)


def two_by_two(
    data: Any,
    measure: str,
    *,
    add: float,
    to: str,
    double_zero: Literal["drop", "keep"],
    study: Any,
    subset: Any,
    **named: Any,
) -> Counts:
    """Read 2x2 tables through the front door of effect measures."""
    made = effects(
        data,
        measure,
        study=study,
        subset=subset,
        continuity=add,
        continuity_to=to,  # type: ignore[arg-type] # checked by the front door
        double_zero=double_zero,
        **named,
    )
    values = [_numbers(made, role) for role in ("events1", "nonevents1", "n1")]
    values += [_numbers(made, role) for role in ("events2", "nonevents2", "n2")]
    a, b, n1, c, d, n2 = values
    b, d = np.where(np.isnan(b), n1 - a, b), np.where(np.isnan(d), n2 - c, d)
    complete = ~np.isnan(a + b + c + d)
    if not complete.any():
        have = ", ".join(str(name) for name in made.data.columns)
        raise InputError(
            Problem(
                str(made.data.attrs.get("file", "")),
                "columns",
                f"no row has the events and sizes of both arms; the table has: {have}",
                hint="Name the columns: events1, n1 (or nonevents1), events2, n2 (or nonevents2).",
            )
        )
    # a row may have given its estimate ready made; its counts are not known then
    reasons = tuple(
        reason if full else (reason or MISSING)
        for reason, full in zip(made.reasons, complete, strict=True)
    )
    made = replace(
        made,
        estimates=np.where(complete, made.estimates, np.nan),
        variances=np.where(complete, made.variances, np.nan),
        reasons=reasons,
    )
    return Counts(made, tuple(np.where(complete, x, 0.0) for x in (a, b, c, d)), complete)


def _numbers(made: EffectEstimates, role: str) -> Floats:
    """Return a column by its role, NaN where a cell is empty; the front door has checked it."""
    import pandas as pd

    column = made.columns.get(role)
    if column is None or column not in made.data.columns:
        return np.full(len(made), np.nan)
    cells = pd.to_numeric(made.data[column], errors="coerce")
    return np.asarray(cells.to_numpy(dtype=np.float64, na_value=np.nan))


def person_time(
    data: Any,
    measure: str,
    *,
    add: float,
    to: str,
    double_zero: Literal["drop", "keep"],
    study: Any,
    subset: Any,
    named: Mapping[str, Any],
) -> Counts:
    """Read events and person-time of two arms, and form the log rate ratios or differences."""
    needs: tuple[tuple[str, ...], ...] = (("events1",), ("time1",), ("events2",), ("time2",))
    made, found = _read_rows(data, measure, needs, named, study, subset)
    x1, t1, x2, t2 = (found[need[0]] for need in needs)
    complete = ~np.isnan(x1 + t1 + x2 + t2)
    e1, e2, corrected = _corrected(x1, x2, add, to, complete)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "IRR":
            y, v = np.log(e1 / t1) - np.log(e2 / t2), 1 / e1 + 1 / e2
        else:
            y, v = e1 / t1 - e2 / t2, e1 / t1**2 + e2 / t2**2
    reasons = ["" if full else MISSING for full in complete]
    none = complete & (x1 + x2 == 0)
    if double_zero == "drop":
        reasons = [
            "no event in both arms" if no else r for no, r in zip(none, reasons, strict=True)
        ]
        y, v = np.where(none, np.nan, y), np.where(none, np.nan, v)
    return _finish(made, measure, y, v, reasons, (x1, t1, x2, t2), complete, corrected, add)


def single_groups(
    data: Any,
    measure: str,
    *,
    add: float,
    to: str,
    study: Any,
    subset: Any,
    named: Mapping[str, Any],
) -> Counts:
    """Read events of single groups with their size or person-time; logits or log rates."""
    second = ("n", "nonevents") if measure == "PLO" else ("time",)
    made, found = _read_rows(data, measure, (("events",), second), named, study, subset)
    x = found["events"]
    if measure == "IRLN":
        other = found["time"]
    else:
        other = found["n"] - x if "n" in found else found["nonevents"]
        bad = np.flatnonzero(other < 0)
        if bad.size:
            row = int(bad[0])
            raise InputError(
                Problem(
                    str(made.data.attrs.get("file", "")),
                    f"row {row + 1} (study {made.labels[row]!r})",
                    f"{x[row]:g} events among {x[row] + other[row]:g} people",
                    hint="Is the column of sizes the number of people in the group?",
                )
            )
    complete = ~np.isnan(x + other)
    pair = other if measure == "PLO" else np.ones_like(x)
    e1, e2, corrected = _corrected(x, pair, add, to, complete)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "PLO":
            y, v = np.log(e1) - np.log(e2), 1 / e1 + 1 / e2
        else:
            y, v = np.log(e1 / other), 1 / e1
    reasons = ["" if full else MISSING for full in complete]
    return _finish(made, measure, y, v, reasons, (x, other), complete, corrected, add)


def _corrected(
    x1: Floats, x2: Floats, add: float, to: str, complete: NDArray[np.bool_]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Add a constant to both counts of rows that need it."""
    zero = complete & ((x1 == 0) | (x2 == 0))
    chosen = {
        "only0": zero,
        "all": complete,
        "if0all": complete & zero.any(),
        "none": np.zeros_like(zero),
    }
    if to not in chosen:
        raise OptionError("continuity_to", to, chosen)
    corrected = chosen[to] if add > 0 else chosen["none"]
    return np.where(corrected, x1 + add, x1), np.where(corrected, x2 + add, x2), corrected


def _finish(
    made: EffectEstimates,
    measure: str,
    y: Floats,
    v: Floats,
    reasons: list[str],
    cells: tuple[Floats, ...],
    complete: NDArray[np.bool_],
    corrected: NDArray[np.bool_],
    add: float,
) -> Counts:
    usable = complete & np.isfinite(y) & np.isfinite(v) & (v > 0)
    words = [
        reason or ("" if ok else "a count of 0 and no constant added")
        for ok, reason in zip(usable, reasons, strict=True)
    ]
    notes: tuple[str, ...] = ()
    if (corrected & usable).any():
        number = int((corrected & usable).sum())
        notes = (f"{add:g} added to the counts of {number} row{'s' if number > 1 else ''} for the "
                 "studies' own estimates",)  # fmt: skip
    whole = replace(
        made,
        measure=measure,
        scale=SCALES[measure],
        estimates=np.where(usable, y, np.nan),
        variances=np.where(usable, v, np.nan),
        reasons=tuple(words),
        method=SCALES[measure].label,
        notes=notes,
    )
    return Counts(whole, tuple(np.where(complete, x, 0.0) for x in cells), complete)


def _read_rows(
    data: Any,
    measure: str,
    needs: Sequence[tuple[str, ...]],
    named: Mapping[str, Any],
    study: Any,
    subset: Any,
) -> tuple[EffectEstimates, dict[str, Floats]]:
    """Find the columns of each need (one of several roles) and read their numbers.

    The rows and their names come from the front door of effect measures, which is asked for
    estimates that are not used.
    """
    size = _length(data)
    made = effects(
        data, "GEN", study=study, subset=subset, estimate=np.zeros(size), variance=np.ones(size)
    )
    added = {made.columns["estimate"], made.columns["variance"]}
    frame = made.data.drop(columns=list(added))
    roles = {role: name for role, name in made.columns.items() if name not in added}
    known = {str(name).casefold(): str(name) for name in reversed(frame.columns)}
    where = str(frame.attrs.get("file", ""))
    found: dict[str, Floats] = {}
    for need in needs:
        for role in need:
            given = named.get(role)
            column = None
            if isinstance(given, str):
                column = given
                if given not in frame.columns:
                    raise _no_column(where, role, frame, f"there is no column {given!r}")
            elif given is not None:
                raise OptionError(role, type(given).__name__, ["the name of a column"])
            elif not any(other in named for other in need):
                names = (word for word in COUNT_COLUMNS[role] if word in known)
                taken = set(roles.values())
                column = next((known[word] for word in names if known[word] not in taken), None)
            if column is not None:
                roles[role] = column
                found[role] = _checked(frame, role, column, made.labels, where)
        if not any(role in found for role in need):
            raise _no_column(where, need[0], frame, f"{measure} needs {' or '.join(need)}")
    return replace(made, data=frame, columns=roles), found


def _length(data: Any) -> int:
    if isinstance(data, Mapping):
        return len(next(iter(data.values()), []))
    return len(data) if hasattr(data, "columns") else 0


def _no_column(where: str, role: str, frame: pd.DataFrame, message: str) -> InputError:
    have = ", ".join(str(name) for name in frame.columns)
    known = ", ".join(COUNT_COLUMNS[role])
    return InputError(
        Problem(
            where,
            "columns",
            f"{message}; the table has: {have}",
            hint=f"Name it, e.g. {role}='...' (known by {known}).",
        )
    )


def _checked(
    frame: pd.DataFrame, role: str, column: str, labels: tuple[str, ...], where: str
) -> Floats:
    """Return the numbers of a column; refuse what a count, size or time cannot be."""
    import pandas as pd

    cells = frame[column]
    filled = cells.notna() & ~cells.astype(str).str.strip().str.casefold().isin(["", "na", "."])
    values = pd.to_numeric(cells.where(filled), errors="coerce")
    numbers = np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
    is_time = role.startswith("time")
    problems = []
    for row in np.flatnonzero(filled.to_numpy(dtype=np.bool_)):
        value = numbers[row]
        if np.isnan(value):
            message = f"{cells.iloc[row]!r} is not a number"
        elif is_time and not (np.isfinite(value) and value > 0):
            message = f"a person-time of {value:g}; it must be above 0"
        elif not is_time and not (np.isfinite(value) and value >= 0 and value == np.floor(value)):
            message = f"a count of {value:g}; it must be whole and not negative"
        else:
            continue
        at = f"row {row + 1} (study {labels[row]!r}), column {column}"
        problems.append(Problem(where, at, message, hint="Leave unknown cells empty."))
    if problems:
        raise InputError(problems)
    return numbers
