"""Audit a table of studies: the checks of published data, and estimates against their data."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from evisynth.actions.tables import MISSING, Table, read_table, to_number
from evisynth.display import format_number, plural
from evisynth.errors import EvisynthError, InputError, OptionError, Problem

if TYPE_CHECKING:
    from evisynth.exchange import Audit, AuditedRow, DataRow, DataSet, Remark

__all__ = ["audit_table"]

NUMBERS = (
    "events1", "nonevents1", "n1", "events2", "nonevents2", "n2", "mean1", "sd1", "mean2", "sd2",
    "se1", "se2", "estimate", "se", "variance", "ci_lower", "ci_upper",
)  # fmt: skip

SPLITS = ("comparison", "outcome", "endpoint", "measure_name", "outcome_id")
"""Columns whose values are different analyses."""

GROUPS = ("subgroup", "group", "timepoint", "time_point", "time point", "format")

FURTHER = {"estimate": ("rr", "or", "rd", "smd", "hedges_g", "effect")}
"""Names of columns that the library takes for a measure only when asked."""

LIMITS = {
    "low": ("scale_min", "scale_low", "min", "minimum"),
    "high": ("scale_max", "scale_high", "max", "maximum"),
}

_PERCENT = re.compile(
    r"^(?:percent(?:age)?|pct|perc|%)[ _.]*(?:events?)?[ _.]*(?P<arm>1|2|e|c|t|ctrl|control)$",
    re.IGNORECASE,
)

LARGEST = 1e50
"""Numbers beyond it are slips."""

ALIKE = 0.02
"""Share of itself within which a given estimate is one of a measure, to find out which it is."""

OFF = 0.05
"""Share of its standard error from which a given estimate is another than its data give."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which column plays which role, and which hold percentages by arm."""

    roles: dict[str, str]
    percents: dict[int, str]
    split: tuple[str, ...]
    group: tuple[str, ...]
    limits: dict[str, str]


def audit_table(path: Path | str, columns: Mapping[str, str] | None = None) -> Audit:
    """Audit a table with one row a study (and outcome).

    Parameters
    ----------
    path
        CSV, TSV or worksheet.
    columns
        Column by its role (a name in `evisynth.effects.ROLES`), where names are not recognized.

    Raises
    ------
    InputError
        The table cannot be read, or no column with numbers of studies is recognized.
    OptionError
        A role or a column is not known.
    """
    from evisynth.exchange import Audit, check_data

    path = Path(path)
    table = read_table(path)
    found = _columns(table, columns or {})
    rows, problems = _rows(table, found)
    sets = _sets(table, found, rows)
    differing, compared, notes = _given_estimates(sets, table, found, rows)
    remarks = [*check_data(sets), *_percentages(table, found, rows), *notes]
    order = {"error": 0, "warning": 1, "note": 2}
    return Audit(
        source=path.name,
        kind="table",
        title=path.stem,
        rows=tuple(differing),
        rows_compared=compared,
        remarks=tuple(sorted(remarks, key=lambda remark: order[remark.severity])),
        problems=tuple(problems),
        not_read=tuple(
            (name, len(table.rows), sum(len(cell) for cell in table.cells(name)))
            for name in table.columns
            if name not in _used(found) and any(table.cells(name))
        ),
        facts={
            "outcomes": len(sets),
            "studies": len({row.key for row in rows}),
            "data_rows": len(rows),
        },
    )


def _used(found: _Columns) -> set[str]:
    return {
        *found.roles.values(), *found.percents.values(), *found.split, *found.group,
        *found.limits.values(),
    }  # fmt: skip


def _columns(table: Table, named: Mapping[str, str]) -> _Columns:
    """Find the columns by the names that the library knows."""
    from evisynth.effects import ROLES

    folded = {name.casefold(): name for name in table.columns}
    roles: dict[str, str] = {}
    for role in ("study", *NUMBERS):
        if role in named:
            if named[role] not in table.columns:
                raise OptionError(f"column of {role}", named[role], table.columns)
            roles[role] = named[role]
            continue
        if any(other in folded for other in ROLES[role].unless):
            continue
        for name in (*ROLES[role].words, *FURTHER.get(role, ())):
            if name.casefold() in folded and folded[name.casefold()] not in roles.values():
                roles[role] = folded[name.casefold()]
                break
    for role in named:
        if role not in ROLES:
            raise OptionError("role of a column", role, ROLES)
    if not set(roles) - {"study"}:
        raise InputError(
            Problem(
                table.name, "", "no columns with the numbers of studies were recognized",
                table.columns,
                "Name them: --column n1=... --column mean1=... --column sd1=... "
                "(events1, events2, estimate, se ...)",
            )
        )  # fmt: skip
    percents = {}
    for name in table.columns:
        match = _PERCENT.match(name.strip())
        if match:
            percents[1 if match["arm"].casefold() in ("1", "e", "t") else 2] = name
    taken = set(roles.values())
    return _Columns(
        roles,
        percents,
        tuple(folded[name] for name in SPLITS if name in folded and folded[name] not in taken),
        tuple(folded[name] for name in GROUPS if name in folded and folded[name] not in taken),
        {
            end: folded[name]
            for end, names in LIMITS.items()
            for name in names[:1] + names[1:]
            if name in folded and folded[name] not in taken
        },
    )


def _cell(table: Table, row: int, name: str) -> str:
    return table.rows[row][table.columns.index(name)]


def _value(table: Table, row: int, name: str, problems: list[Problem] | None = None) -> float:
    text = _cell(table, row, name)
    if text.casefold() in MISSING:
        return math.nan
    number = to_number(text.rstrip("%").strip(), decimal_comma=table.decimal_comma)
    if number is not None and number != 0 and not 1 / LARGEST < abs(number) < LARGEST:
        # a slip; products of several would overflow
        number = None
    if number is None:
        if problems is not None:
            problems.append(
                Problem(table.name, f"line {table.lines[row]}, column {name}",
                        f"{text!r} is no number", hint="Leave the cell empty if it is not known")
            )  # fmt: skip
        return math.nan
    return number


def _rows(table: Table, found: _Columns) -> tuple[list[DataRow], list[Problem]]:
    """Read every row of the table; cells that are no numbers become problems."""
    from evisynth.exchange import DataRow

    problems: list[Problem] = []
    rows = []
    for place in range(len(table.rows)):
        numbers = {
            role: _value(table, place, name, problems)
            for role, name in found.roles.items()
            if role != "study"
        }
        texts = [
            (role, _cell(table, place, name).replace(",", "."))
            for role, name in found.roles.items()
            if role != "study" and math.isfinite(numbers[role])
        ]
        study = _cell(table, place, found.roles["study"]) if "study" in found.roles else ""
        study = study or f"line {table.lines[place]}"
        for arm in ("1", "2"):
            events, rest = numbers.get(f"events{arm}"), numbers.get(f"nonevents{arm}")
            if f"n{arm}" not in numbers and events is not None and rest is not None:
                numbers[f"n{arm}"] = events + rest
            sd, se, n = (numbers.get(f"{name}{arm}", math.nan) for name in ("sd", "se", "n"))
            if math.isnan(sd) and se > 0 and n > 0:
                numbers[f"sd{arm}"] = se * math.sqrt(n)
        if "se" not in numbers and numbers.get("variance", math.nan) >= 0:
            numbers["se"] = math.sqrt(numbers["variance"])
        names = (
            "events1", "events2", "n1", "n2", "mean1", "sd1", "mean2", "sd2", "estimate", "se",
        )  # fmt: skip
        rows.append(
            DataRow(
                study=study,
                key=study,
                group=" ".join(filter(None, (_cell(table, place, name) for name in found.group))),
                place=f"line {table.lines[place]}",
                texts=tuple(texts),
                words=" ".join(
                    cell
                    for name, cell in zip(table.columns, table.rows[place], strict=True)
                    if name not in found.roles.values()
                ),
                **{name: numbers.get(name, math.nan) for name in names},
            )
        )
    return rows, problems


def _kind(row: DataRow) -> Literal["dichotomous", "continuous", "generic"]:
    if math.isfinite(row.mean1) or math.isfinite(row.sd1):
        return "continuous"
    if math.isfinite(row.events1) or math.isfinite(row.events2):
        return "dichotomous"
    return "generic"


def _sets(table: Table, found: _Columns, rows: Sequence[DataRow]) -> list[DataSet]:
    """Split the rows by analysis and kind of data."""
    from evisynth.exchange import DataSet

    grouped: dict[tuple[str, str], list[int]] = {}
    for place, row in enumerate(rows):
        name = ", ".join(filter(None, (_cell(table, place, column) for column in found.split)))
        grouped.setdefault((name, _kind(row)), []).append(place)
    sets = []
    for (name, kind), places in grouped.items():
        ends = {}
        for end, column in found.limits.items():
            values = {_value(table, place, column) for place in places}
            ends[end] = values.pop() if len(values) == 1 else math.nan
        low, high = ends.get("low", math.nan), ends.get("high", math.nan)
        whole = all(math.isfinite(end) and float(end).is_integer() for end in (low, high))
        sets.append(
            DataSet(
                where=name,
                name=name,
                kind=kind,  # type: ignore[arg-type] # made by _kind
                measure="MD" if kind == "continuous" and math.isfinite(low) else "",
                pooled=not found.group,
                rows=tuple(rows[place] for place in places),
                whole_numbers=whole,
                low=low,
                high=high,
            )
        )
    return sets


def _percentages(table: Table, found: _Columns, rows: Sequence[DataRow]) -> Iterator[Remark]:
    """Percentages that no count of people gives, or that are not those of the events beside."""
    from evisynth.exchange import Remark, decimals, percentage_possible

    for place, row in enumerate(rows):
        for arm, name in found.percents.items():
            percent = _value(table, place, name)
            n = row.n1 if arm == 1 else row.n2
            events = row.events1 if arm == 1 else row.events2
            if not (math.isfinite(percent) and n > 0):
                continue
            text = _cell(table, place, name).rstrip("% ").replace(",", ".")
            digits = decimals(text)
            where = row.place
            if not percentage_possible(percent, digits, n):
                yield Remark(
                    "percentages", "warning", where, (row.study,),
                    f"{row.study}, arm {arm}: no count of {n:.0f} people is {text}%.",
                    "Is the percentage of other people (completers, those who answered)?",
                )  # fmt: skip
            elif math.isfinite(events) and abs(100 * events / n - percent) > 0.51 * 10.0**-digits:
                yield Remark(
                    "percentages", "warning", where, (row.study,),
                    f"{row.study}, arm {arm}: {events:.0f} of {n:.0f} is "
                    f"{format_number(100 * events / n, digits)}%, the table says {text}%.",
                )  # fmt: skip


def _given_estimates(
    sets: Sequence[DataSet], table: Table, found: _Columns, rows: Sequence[DataRow]
) -> tuple[list[AuditedRow], int, list[Remark]]:
    """Compare estimates that stand beside the data of the arms with what those data give."""
    from evisynth.exchange import AuditedRow, Remark

    differing: list[AuditedRow] = []
    notes: list[Remark] = []
    compared = 0
    places = {id(row): table.lines[place] for place, row in enumerate(rows)}
    for data in sets:
        given = [row for row in data.rows if math.isfinite(row.estimate)]
        if data.kind == "generic" or len(given) < 2:
            continue
        best = _likeliest(data, given)
        if best is None:
            continue
        measure, computed = best
        compared += len(computed)
        notes.append(
            Remark(
                "estimates", "note", data.where, (),
                f"The column {found.roles['estimate']!r} agrees best with {measure} of the data of "
                f"the arms: {plural(len(computed), 'row')} compared.",
            )
        )  # fmt: skip
        for row, (value, se) in computed.items():
            source = given[row]
            if abs(value - source.estimate) > max(OFF * se, 0.006):
                differing.append(
                    AuditedRow(
                        id=measure, study=source.study, line=places[id(source)], what="effect",
                        stored=source.estimate, computed=value,
                        relative_difference=abs(value - source.estimate)
                        / max(abs(source.estimate), 1e-300),
                    )
                )  # fmt: skip
    return differing, compared, notes


def _likeliest(
    data: DataSet, given: Sequence[DataRow]
) -> tuple[str, dict[int, tuple[float, float]]] | None:
    """Return the measure that most given estimates agree with, and its estimates by row."""
    measures = ("OR", "RR", "RD") if data.kind == "dichotomous" else ("MD", "SMD")
    fields = ("n1", "n2", "events1", "events2", "mean1", "sd1", "mean2", "sd2")
    best: tuple[int, str, dict[int, tuple[float, float]]] | None = None
    for measure in measures:
        computed = _by_measure(measure, given, fields)
        for shown in (False, True) if measure in ("OR", "RR") else (False,):
            values = {
                place: (math.exp(value), se * math.exp(value)) if shown else (value, se)
                for place, (value, se) in computed.items()
            }
            agree = sum(
                abs(value - given[place].estimate) <= max(ALIKE * abs(value), 0.006)
                for place, (value, _) in values.items()
            )
            if best is None or agree > best[0]:
                logarithm = measure in ("OR", "RR") and not shown
                best = (agree, f"log {measure}" if logarithm else measure, values)
    if best is None or best[0] < max(2, len(given) / 2):
        return None
    return best[1], best[2]


def _by_measure(
    measure: str, given: Sequence[DataRow], fields: Sequence[str]
) -> dict[int, tuple[float, float]]:
    """Return estimate and standard error by row; rows whose data cannot be used are left out."""
    from evisynth.effects import effects

    found: dict[int, tuple[float, float]] = {}
    for place, row in enumerate(given):
        numbers: dict[str, Any] = {
            name: [getattr(row, name)] for name in fields if math.isfinite(getattr(row, name))
        }
        try:
            made = effects({"study": [row.study], **numbers}, measure)
        except EvisynthError:
            # impossible numbers are told of by the checks
            continue
        if made.estimable[0]:
            found[place] = float(made.estimates[0]), float(made.standard_errors[0])
    return found
