"""Two people's values side by side, what they agree on, and the table that the analysis reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from evisynth.extraction.entries import ValueEntry, number_in, same_value
from evisynth.extraction.forms import Cell, Form, split_row
from evisynth.extraction.kinds import KINDS, enough

__all__ = [
    "AgreedTable",
    "ComparedCell",
    "StudyStage",
    "agreed_table",
    "compare_entries",
    "may_see_others",
    "stage_of_study",
]

Place = tuple[str, str]
"""Row and column of a value."""
Entries = Mapping[Place, ValueEntry]

StudyStage = Literal["open", "compare", "agreed"]
"""``open``: not enough people have finished; ``compare``: they have, cells are not agreed on;
``agreed``: all are."""


def stage_of_study(form: Form, finished: Collection[str], missing: int) -> StudyStage:
    """Say where a study stands.

    Parameters
    ----------
    form
        The form; ``form.people`` must finish.
    finished
        Who has.
    missing
        How many cells with values have none agreed on.

    Examples
    --------
    >>> from evisynth.extraction import form_template
    >>> stage_of_study(form_template("means", "m"), {"ada"}, 3)
    'open'
    """
    if len(set(finished)) < form.people:
        return "open"
    return "compare" if missing else "agreed"


def may_see_others(person: str, needed: int, finished: Collection[str], own: bool) -> bool:
    """Tell whether somebody may see what others extracted: not before all needed have finished.

    ``own`` says whether this person has values there; who has, and has not finished, stays blind.

    Examples
    --------
    >>> may_see_others("ada", 2, {"ada"}, True), may_see_others("ada", 2, {"ada", "ben"}, True)
    (False, True)
    """
    return len(set(finished)) >= needed and (person in finished or not own)


@dataclass(frozen=True, slots=True)
class ComparedCell:
    """A cell with what each person has there.

    Attributes
    ----------
    row, cell
        Where.
    entries : tuple of (str, ValueEntry)
        Person and value, in the order of the people; nothing where they have none.
    same : bool
        Whether all say the same.
    agreed : ValueEntry or None
        What was agreed on.
    """

    row: str
    cell: Cell
    entries: tuple[tuple[str, ValueEntry], ...]
    same: bool
    agreed: ValueEntry | None = None

    @property
    def proposal(self) -> ValueEntry | None:
        """The value to begin with: what was agreed, else what all say (with the fullest source)."""
        if self.agreed is not None:
            return self.agreed
        if not self.same or not self.entries:
            return None
        return max((entry for _, entry in self.entries), key=lambda entry: len(entry.kept()))


def compare_entries(
    form: Form,
    entries: Mapping[str, Entries],
    agreed: Entries,
    rows: Sequence[str] = (),
) -> tuple[ComparedCell, ...]:
    """Put what several people extracted side by side, cell by cell.

    Parameters
    ----------
    form
        The form.
    entries
        Of each person, by row and column.
    agreed
        What is agreed on.
    rows
        Order of rows known before; others follow by name.

    Returns
    -------
    tuple of ComparedCell
        Cells that anybody has a value for, rows in order, columns as in the form.
    """
    places = {place for made in (*entries.values(), agreed) for place in made}
    order = list(dict.fromkeys([*(row for row in rows if any(row == p[0] for p in places)),
                                *sorted({place[0] for place in places})]))  # fmt: skip
    found = []
    for row in order:
        for cell in form.cells:
            if (row, cell.name) not in places:
                continue
            each = tuple(
                (person, made.get((row, cell.name), ValueEntry()))
                for person, made in entries.items()
            )
            same = all(same_value(cell, each[0][1], other) for _, other in each[1:])
            found.append(ComparedCell(row, cell, each, same, agreed.get((row, cell.name))))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class AgreedTable:
    """The table of agreed values.

    Attributes
    ----------
    text : str
        CSV, sorted by study and row.
    rows : int
        How many rows.
    left_out : tuple of (str, str)
        Study and row whose numbers do not make an estimate with its precision; not in the table.
    columns : dict of str to str
        Standard name to column, as ``[extraction.columns]`` of the plan wants it.
    """

    text: str
    rows: int
    left_out: tuple[tuple[str, str], ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


def agreed_table(form: Form, agreed: Mapping[str, Entries]) -> AgreedTable:
    """Write agreed values as the table that the analysis reads: a row a study, outcome, time point.

    Parameters
    ----------
    form
        The form.
    agreed
        By study: values by row and column; only studies that are wholly agreed on.

    Examples
    --------
    >>> from evisynth.extraction import form_template
    >>> values = {
    ...     ("deaths", "n1"): "20",
    ...     ("deaths", "events1"): "3",
    ...     ("deaths", "n2"): "21",
    ...     ("deaths", "events2"): "5",
    ... }
    >>> made = agreed_table(
    ...     form_template("events", "deaths"),
    ...     {"Kim 2018": {place: ValueEntry(text) for place, text in values.items()}},
    ... )
    >>> made.text.splitlines()[1]
    'Kim 2018,deaths,,20,3,,21,5,,,,'
    """
    cells = form.cells
    head = [form.facts.get("study", "study")]
    head += [
        form.facts.get(name, name) for name in ("outcome", "timepoint") if name in form.repeats
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*head, *(cell.name for cell in cells)])
    left: list[tuple[str, str]] = []
    number = 0
    for study in sorted(agreed):
        by_row: dict[str, dict[str, str]] = {}
        for (row, name), entry in agreed[study].items():
            if entry.value:
                by_row.setdefault(row, {})[name] = entry.value
        for row in sorted(by_row):
            texts = by_row[row]
            if form.kind in KINDS:
                kind = form.kind
                roles = {
                    cell.role
                    for cell in cells
                    if cell.role
                    and number_in(texts.get(cell.name, "")) == number_in(texts.get(cell.name, ""))
                }
                if not enough(kind, roles):
                    left.append((study, row))
                    continue
            outcome, timepoint = split_row(row)
            facts = {"outcome": outcome, "timepoint": timepoint}
            writer.writerow(
                [study, *(facts[name] for name in ("outcome", "timepoint") if name in form.repeats),
                 *(texts.get(cell.name, "") for cell in cells)]
            )  # fmt: skip
            number += 1
    numbers = set(KINDS[form.kind].numbers) if form.kind in KINDS else set()
    facts_known = {"instrument", "source", "note"}
    columns = {
        cell.role: cell.name
        for cell in cells
        if cell.role in numbers | facts_known and cell.role != cell.name
    }
    columns |= {name: made for name, made in form.facts.items() if name != made}
    return AgreedTable(out.getvalue(), number, tuple(left), columns)
