"""The steps between a table that has been read and its effect estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evisynth.display import plural
from evisynth.effects.checks import double_zero_reasons
from evisynth.effects.columns import SYNONYMS, Table
from evisynth.effects.continuity import add_constant, counts_words
from evisynth.effects.estimates import Scale
from evisynth.effects.measure_type import Measure
from evisynth.effects.sources import (
    SOURCES,
    Reading,
    Source,
    computed_words,
    need_words,
    remark_words,
)
from evisynth.errors import InputError, Problem, closest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from evisynth.effects.source_type import Need

__all__ = [
    "compute",
    "find_sources",
    "finished_data",
    "method_words",
    "read_rows",
    "reading_notes",
]

STANDARD_UNITS = ("d", "t test", "signed p")
"""Sources whose rows have no standard deviation: they are in units of it."""

SHORT = 2
"""Letters of names such as ``yi`` or ``sei``, which are near to too many others."""

RARE_SMD = 3.0
"""A standardized mean difference beyond this is rare enough to doubt the standard deviation."""


def find_sources(measure: Measure, table: Table) -> list[Source]:
    """Find the columns of a measure and return the sources that the table can serve.

    When the caller named columns that belong to one source, only such sources are looked for.

    Raises
    ------
    InputError
        When none is complete; the message says what was looked for and what the table has.
    """
    sources = [SOURCES[name] for name in measure.sources]
    named = [source for source in sources if table.explicit & source.own]
    for source in named or sources:
        source.recognize(table)
    for role in ("format", "n1", "n2"):
        table.recognize(role)
    complete = [source for source in named or sources if not source.lacks(table)]
    if complete:
        return complete
    hinted = [source for source in sources if source.own.intersection(table.columns)]
    nearest = min(named or hinted or sources[:1], key=lambda source: len(source.lacks(table)))
    lacks = nearest.lacks(table)
    others = [source.words for source in named or sources if source is not nearest]
    way_out = f", or give {' or '.join(others)}" if others else ""
    names = ", ".join(
        f"{need_words(need)} [known by {', '.join(SYNONYMS[need[0][0]])}]" for need in lacks
    )
    have = ", ".join(str(name) for name in table.frame.columns)
    near = _nearest_column(lacks, table)
    if measure.name == "GEN":
        way_out += "; from raw outcome data make effect estimates first: es.effects(table, 'RR')"
    raise InputError(
        Problem(
            table.where,
            "columns",
            f"{measure.name} cannot be computed from {nearest.words}; missing: {names}. "
            f"The table has: {have}",
            hint=f"Name the columns, e.g. {near}{way_out}.",
        )
    )


def _nearest_column(lacks: list[Need], table: Table) -> str:
    """Return an argument that is missing, with the free column whose name is nearest to it."""
    taken = set(table.columns.values())
    free = [str(name) for name in table.frame.columns if str(name) not in taken]
    for role in (role for need in lacks for roles in need for role in roles):
        for word in SYNONYMS[role]:
            near = closest(word, free) if len(word) > SHORT else None
            if near is not None:
                return f"{role}={near!r}"
    return f"{lacks[0][0][0]}='...'"


def read_rows(sources: list[Source], reading: Reading) -> dict[str, int]:
    """Read each row by the first source that it fills.

    Returns
    -------
    dict of str to int
        Number of rows read, by the name of the source.
    """
    used: dict[str, int] = {}
    open_rows = np.ones(len(reading.table), dtype=np.bool_)
    best = np.full(len(reading.table), -np.inf)
    nearest: list[Source] = [sources[0]] * len(reading.table)
    for source in sources:
        complete, count = source.filled(reading)
        rows = open_rows & complete
        if rows.any():
            source.read(reading, rows)
            used[source.name] = int(rows.sum())
        for row in np.flatnonzero(rows):
            reading.source[row] = source.name
        open_rows &= ~complete
        share = count / len(source.needs)
        for row in np.flatnonzero(open_rows & (share > best)):
            nearest[row], best[row] = source, share[row]
    for row in np.flatnonzero(open_rows):
        reading.reasons[row] = nearest[row].missing(reading, int(row))
    return used


def compute(
    measure: Measure,
    formula: str,
    reading: Reading,
    scale: Scale,
    continuity: float | None,
    continuity_to: str,
    double_zero: str,
) -> tuple[Scale, list[str]]:
    """Fill the estimates and variances of a reading; return the scale, and what to tell a reader.

    A continuity of None is that of the measure.
    """
    if measure.kernel is None or not reading.arrays:
        _explain_rest(reading)
        return scale, []
    rows = np.all([~np.isnan(array) for array in reading.arrays.values()], axis=0)
    values = {role: array[rows] for role, array in reading.arrays.items()}
    notes: list[str] = []
    if measure.corrected:
        rule = measure.double_zero if double_zero == "auto" else double_zero
        if rule == "drop":
            values = _drop_double_zeros(reading, rows, values, notes)
        constant = measure.continuity if continuity is None else continuity
        values, corrected = add_constant(values, measure.corrected, constant, continuity_to)
        if corrected.any():
            notes.append(
                f"{constant:g} added to {counts_words(measure.corrected)} "
                f"of {plural(int(corrected.sum()), 'study', 'studies')}"
            )
    estimates, variances = measure.kernel(values, formula)
    usable = np.isfinite(estimates) & np.isfinite(variances) & (variances > 0)
    for place, row in enumerate(np.flatnonzero(rows)):
        if not usable[place]:
            reading.reasons[row] = measure.why(values, place)
    reading.estimates[rows] = np.where(usable, estimates, np.nan)
    reading.variances[rows] = np.where(usable, variances, np.nan)
    _explain_rest(reading)
    if measure.finish is not None:
        scale = measure.finish(scale, {role: array[usable] for role, array in values.items()})
    return scale, notes


def _drop_double_zeros(
    reading: Reading,
    rows: NDArray[np.bool_],
    values: dict[str, NDArray[np.float64]],
    notes: list[str],
) -> dict[str, NDArray[np.float64]]:
    """Set rows without an event (or non-event) in both arms aside; ``rows`` is changed."""
    reasons = double_zero_reasons(values)
    for row, reason in zip(np.flatnonzero(rows), reasons, strict=True):
        reading.reasons[row] = reason
    informative = np.array([not reason for reason in reasons], dtype=np.bool_)
    if not informative.all():
        what = "no event (or no non-event)" if "nonevents1" in values else "no event"
        notes.append(
            f"{plural(int((~informative).sum()), 'study', 'studies')} with {what} in both arms "
            "not estimable"
        )
    rows[np.flatnonzero(rows)] = informative
    return {role: array[informative] for role, array in values.items()}


def _explain_rest(reading: Reading) -> None:
    unknown = ~(np.isfinite(reading.estimates) & np.isfinite(reading.variances))
    reading.explain(unknown, "no estimate can be computed from the row")


def reading_notes(measure: Measure, reading: Reading, used: Mapping[str, int]) -> list[str]:
    """Say what a reader must know of how the rows were read."""
    notes = computed_words(reading.computed) + remark_words(reading.remarks)
    if len(used) > 1:
        parts = [
            f"{SOURCES[name].words} ({plural(number, 'row')})" for name, number in used.items()
        ]
        notes.append("estimates from " + "; ".join(parts))
    estimable = np.isfinite(reading.estimates) & np.isfinite(reading.variances)
    if not estimable.all():
        notes.append(f"{plural(int((~estimable).sum()), 'row')} not estimable; see the reasons")
    if measure.standardized:
        notes += _standardized_notes(measure, reading, estimable)
    if measure.scale.transformation.words:
        notes.append(measure.scale.transformation.words)
    return notes


def _standardized_notes(
    measure: Measure, reading: Reading, estimable: NDArray[np.bool_]
) -> list[str]:
    notes = []
    table = reading.table
    if "format" in table.columns:
        words = table.frame[table.columns["format"]].tolist()
        counts: dict[str, int] = {}
        for row in np.flatnonzero(estimable):
            word = "" if words[row] is None or words[row] != words[row] else str(words[row])
            counts[word] = counts.get(word, 0) + 1
        counts.pop("", None)
        if len(counts) > 1:
            mixture = ", ".join(f"{word} ({number})" for word, number in counts.items())
            notes.append(
                f"formats of data are mixed: {mixture}; end scores, changes and adjusted "
                "differences do not standardize by the same SD (Cochrane Handbook, section 10.5.2)"
            )
    rare = [table.labels[row] for row in np.flatnonzero(np.abs(reading.estimates) > RARE_SMD)]
    if rare:
        notes.append(
            f"|{measure.name}| above {RARE_SMD:g} in {', '.join(rare)}: check that a standard "
            "error was not taken for a standard deviation"
        )
    return notes


def method_words(
    measure: Measure, formula: str, scale: Scale, reading: Reading, used: Mapping[str, int]
) -> str:
    """Return the formulas used, in words."""
    parts = [measure.words]
    if set(used) - {"estimate"}:
        parts.append(measure.formulas[formula])
        parts += computed_words(reading.computed) + remark_words(reading.remarks)
    given = [words for words in reading.computed if words.startswith("given")]
    if given:
        some = "" if set(used) == {"estimate"} else f"{plural(used['estimate'], 'row')} as given, "
        parts.append(f"{some}with {', '.join(given)}")
    if scale.is_ratio:
        parts.append("on the log scale")
    elif scale.transformation.way_back:
        parts.append(scale.transformation.way_back)
    return "; ".join(parts)


def finished_data(reading: Reading, used: Mapping[str, int]) -> pd.DataFrame:
    """Return the rows with what was added to them: the SDs used, and where numbers came from.

    ``sd1_used`` and ``sd2_used`` are added where an SD was computed, ``n1`` and ``n2`` where
    people without the event stand for them, ``numbers_from`` where rows gave their numbers in
    different ways.
    """
    table = reading.table
    data = table.frame
    added: dict[str, NDArray[np.float64] | list[str]] = {}
    if computed_words(reading.computed):
        from_sd = np.array([name not in STANDARD_UNITS for name in reading.source])
        for role in ("sd1", "sd2"):
            if role in reading.arrays:
                added[f"{role}_used"] = np.where(from_sd, reading.arrays[role], np.nan)
    if len(used) > 1:
        added["numbers_from"] = reading.source
    for arm in "12":
        if "nonevents1" in reading.arrays and f"n{arm}" not in table.columns:
            added[f"n{arm}"] = reading.arrays[f"events{arm}"] + reading.arrays[f"nonevents{arm}"]
    for name, values in added.items():
        if name not in data.columns:
            data[name] = values
            table.columns[name] = name
    return data
