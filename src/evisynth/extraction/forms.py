"""Forms for extraction: what is asked of a study, as a frozen value with a JSON definition."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

from evisynth.errors import InputError, Problem
from evisynth.extraction.kinds import KINDS

__all__ = [
    "FIELD_TYPES",
    "Cell",
    "FieldGroup",
    "FieldType",
    "Form",
    "FormChange",
    "FormField",
    "compare_forms",
    "parse_form",
    "row_key",
    "split_row",
]

FieldType = Literal[
    "text", "long text", "whole number", "number", "yes/no", "choice", "several choices", "date"
]
FIELD_TYPES: tuple[FieldType, ...] = get_args(FieldType)
Repeat = Literal["outcome", "timepoint"]

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_AT = " @ "
_TAKEN = ("values", "consensus", "forms")
FORM_LIMITS = {"groups": 60, "fields": 400, "choices": 200, "arms": 8, "text": 2000}
"""How much a form may hold."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One thing that is asked.

    Attributes
    ----------
    id : str
        Name of its column; by arm a number follows (``mean`` gives ``mean1``, ``mean2``).
    label : str
        What people read.
    type : FieldType
        What may be typed.
    role : str
        Standard name of the number (``n``, ``mean``, ``sd``; `KINDS`), by which it is checked,
        converted and analysed; ``""`` for none.
    unit, units : str, tuple of str
        The usual unit, and the others that may be chosen.
    minimum, maximum : float or None
        Range of a number.
    choices : tuple of str
        Of the types "choice" and "several choices".
    required : bool
        Whether a study can only be finished with it (or with the note why not).
    help : str
        Said below the field.
    """

    id: str
    label: str
    type: FieldType = "text"
    role: str = ""
    unit: str = ""
    units: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields under a heading.

    ``by_arm`` asks each of them for every arm; ``sums_to`` is what the numbers of the group must
    add up to (100 for percentages), by arm where it is asked by arm.
    """

    id: str
    title: str
    fields: tuple[FormField, ...]
    by_arm: bool = False
    sums_to: float | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """A field for one arm (0: not by arm): a column of the table.

    Attributes
    ----------
    name, role : str
        Name of the column, and the standard name with the arm's number (``"sd2"``).
    """

    name: str
    role: str
    field: FormField
    arm: int
    group: str


@dataclass(frozen=True, slots=True)
class Form:
    """A form for extraction.

    Attributes
    ----------
    id, title : str
        Name of its file (``extraction/<id>.csv``), and what people read.
    groups : tuple of FieldGroup
        The fields.
    kind, format : str
        What its numbers are for the analysis (`DataKind`), and the words of the plan for them;
        ``""``: not outcome data.
    repeats : tuple of str
        A row of values for each ``"outcome"``, and for each ``"timepoint"``.
    arms : tuple of str
        Names of the arms; the first is the experimental one.
    people : int
        How many extract independently.
    version : int
        Counted up with every change.
    facts : dict of str to str
        Columns of study, outcome and timepoint, where they have other names.
    """

    id: str
    title: str
    groups: tuple[FieldGroup, ...]
    kind: str = ""
    format: str = ""
    repeats: tuple[Repeat, ...] = ()
    arms: tuple[str, ...] = ("Intervention", "Control")
    people: int = 2
    version: int = 1
    facts: Mapping[str, str] = ()  # type: ignore[assignment]

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", dict(self.facts))
        problems = list(_problems(self))
        if problems:
            raise InputError(problems)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every column, in the order asked: by arm, all of the first arm come first."""
        found = []
        for group in self.groups:
            for arm in range(1, len(self.arms) + 1) if group.by_arm else (0,):
                number = str(arm) if arm else ""
                found += [
                    Cell(each.id + number, each.role + number if each.role else "", each, arm,
                         group.id)
                    for each in group.fields
                ]  # fmt: skip
        return tuple(found)

    def cell(self, name: str) -> Cell:
        """Return a column by its name.

        Raises
        ------
        InputError
            There is none of that name.
        """
        for cell in self.cells:
            if cell.name == name:
                return cell
        names = tuple(cell.name for cell in self.cells)
        raise InputError(Problem(f"form {self.id}", name, "no such field", names))

    @property
    def file(self) -> str:
        """The table of agreed values that the analysis reads."""
        return f"extraction/{self.id}.csv"

    def definition(self) -> str:
        """Return the JSON by which it is kept."""
        return json.dumps(_plain(self), ensure_ascii=False, separators=(",", ":"))


def _plain(form: Form) -> dict[str, Any]:
    groups = []
    for group in form.groups:
        fields = []
        for each in group.fields:
            made: dict[str, Any] = {"id": each.id, "label": each.label, "type": each.type}
            for name in ("role", "unit", "minimum", "maximum", "required", "help"):
                value = getattr(each, name)
                if value is not None and value is not False and value != "":
                    made[name] = value
            for name in ("units", "choices"):
                if getattr(each, name):
                    made[name] = list(getattr(each, name))
            fields.append(made)
        plain: dict[str, Any] = {"id": group.id, "title": group.title, "fields": fields}
        if group.by_arm:
            plain["by_arm"] = True
        if group.sums_to is not None:
            plain["sums_to"] = group.sums_to
        groups.append(plain)
    return {
        "title": form.title, "version": form.version, "kind": form.kind, "format": form.format,
        "repeats": list(form.repeats), "arms": list(form.arms), "people": form.people,
        "facts": dict(form.facts), "groups": groups,
    }  # fmt: skip


def _problems(form: Form) -> Iterator[Problem]:
    where = f"form {form.id}"

    def problem(at: str, message: str, allowed: Sequence[object] = (), hint: str = "") -> Problem:
        return Problem(where, at, message, tuple(map(str, allowed)), hint)

    if not _WORD.fullmatch(form.id):
        yield problem("id", f"{form.id!r} cannot be the name of a form",
                      hint="Letters, digits and _, beginning with a letter")  # fmt: skip
    if form.id.casefold() in _TAKEN:
        yield problem("id", f"{form.id!r} is the name of another file of the folder")
    if not form.title.strip():
        yield problem("title", "the form has no title")
    if form.kind and form.kind not in KINDS:
        yield problem("kind", f"{form.kind!r} is no kind of data", ("", *KINDS))
    if form.kind and not form.format.strip():
        yield problem("format", "outcome data need words for what they are, e.g. 'end score'")
    if form.kind and "outcome" not in form.repeats:
        yield problem("repeats", "outcome data are asked for each outcome", ("outcome",))
    if form.people not in (1, 2, 3):
        yield problem("people", f"{form.people} people cannot extract a study", (1, 2, 3))
    if not set(form.repeats) <= {"outcome", "timepoint"}:
        yield problem("repeats", f"{form.repeats!r}", ("outcome", "timepoint"))
    if not 1 <= len(form.arms) <= FORM_LIMITS["arms"] or not all(map(str.strip, form.arms)):
        yield problem("arms", "every arm wants a name", hint="From 1 to 8 arms")
    if not form.groups or len(form.groups) > FORM_LIMITS["groups"]:
        yield problem("groups", "a form has from 1 to 60 groups of fields")
    groups = [group.id for group in form.groups]
    for name in sorted({name for name in groups if groups.count(name) > 1}):
        yield problem(f"group {name}", "there are two groups of this name")
    taken = {form.facts.get(name, name) for name in ("study", "outcome", "timepoint")}
    seen: set[str] = set()
    for cell in form.cells[: FORM_LIMITS["fields"] + 1]:
        at, field = f"field {cell.name}", cell.field
        if not _WORD.fullmatch(field.id):
            yield problem(at, f"{field.id!r} cannot be the name of a column",
                          hint="Letters, digits and _, beginning with a letter")  # fmt: skip
        if cell.name in seen or cell.name in taken:
            yield problem(at, "there are two columns of this name")
        seen.add(cell.name)
        if not field.label.strip():
            yield problem(at, "the field has no label")
        if field.type not in FIELD_TYPES:
            yield problem(at, f"{field.type!r} is no type of field", FIELD_TYPES)
        if field.type in ("choice", "several choices") and len(field.choices) < 2:
            yield problem(at, "a choice wants at least two words to choose from")
        if any(";" in word or not word.strip() for word in field.choices):
            yield problem(at, "a word to choose is not empty and has no semicolon")
        low, high = field.minimum, field.maximum
        if low is not None and high is not None and low > high:
            yield problem(at, f"the range {low:g} to {high:g} is empty")
    if len(form.cells) > FORM_LIMITS["fields"]:
        yield problem("fields", f"a form has at most {FORM_LIMITS['fields']} fields")


def parse_form(name: str, text: str) -> Form:
    """Read a form from its JSON definition.

    Raises
    ------
    InputError
        It is no JSON, or what it says makes no form; every problem is named.

    Examples
    --------
    >>> made = Form("ages", "Ages", (FieldGroup("a", "A", (FormField("age", "Age", "number"),)),))
    >>> parse_form("ages", made.definition()) == made
    True
    """
    where = f"form {name}"
    try:
        data = json.loads(text)
        if not isinstance(data, dict):
            raise TypeError("a JSON object is wanted")
        groups = tuple(
            FieldGroup(
                str(group["id"]),
                str(group.get("title", "")),
                tuple(_field(each) for each in group["fields"]),
                by_arm=group.get("by_arm") is True,
                sums_to=_number(group.get("sums_to")),
            )
            for group in data["groups"]
        )
        return Form(
            id=name,
            title=str(data.get("title", "")),
            groups=groups,
            kind=str(data.get("kind", "")),
            format=str(data.get("format", "")),
            repeats=cast("tuple[Repeat, ...]", tuple(map(str, data.get("repeats", ())))),
            arms=tuple(map(str, data.get("arms", ("Intervention", "Control")))),
            people=int(data.get("people", 2)),
            version=int(data.get("version", 1)),
            facts={str(key): str(value) for key, value in dict(data.get("facts", {})).items()},
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(Problem(where, "", f"the definition cannot be read: {error}")) from error
    except KeyError as error:
        raise InputError(Problem(where, str(error), "is missing in the definition")) from error
    except RecursionError as error:
        raise InputError(Problem(where, "", "the definition is nested too deeply")) from error


def _number(value: object) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError(f"{value!r} is not a number")
    made = float(value)
    if made != made or made in (float("inf"), float("-inf")):
        raise ValueError(f"{value!r} is not a number")
    return made


def _field(data: Mapping[str, Any]) -> FormField:
    return FormField(
        id=str(data["id"]),
        label=str(data.get("label", ""))[: FORM_LIMITS["text"]],
        type=cast("FieldType", str(data.get("type", "text"))),
        role=str(data.get("role", "")),
        unit=str(data.get("unit", "")),
        units=tuple(map(str, data.get("units", ()))),
        minimum=_number(data.get("minimum")),
        maximum=_number(data.get("maximum")),
        choices=tuple(map(str, data.get("choices", ())))[: FORM_LIMITS["choices"]],
        required=data.get("required") is True,
        help=str(data.get("help", ""))[: FORM_LIMITS["text"]],
    )


def row_key(outcome: str = "", timepoint: str = "") -> str:
    """Return the key of a row of values.

    Examples
    --------
    >>> row_key("anxiety", "12 weeks"), row_key("anxiety"), row_key()
    ('anxiety @ 12 weeks', 'anxiety', '')
    """
    return f"{outcome}{_AT}{timepoint}" if timepoint else outcome


def split_row(row: str) -> tuple[str, str]:
    """Return outcome and time point of a row.

    Examples
    --------
    >>> split_row("anxiety @ 12 weeks"), split_row("anxiety")
    (('anxiety', '12 weeks'), ('anxiety', ''))
    """
    outcome, _, timepoint = row.partition(_AT)
    return outcome, timepoint


@dataclass(frozen=True, slots=True)
class FormChange:
    """What a new version of a form does to the one before.

    Attributes
    ----------
    added, removed, changed : tuple of str
        Columns; those of another type, unit, range or choices are ``changed``. Values of removed
        columns are kept and shown no more; they come back with the column.
    other : tuple of str
        What else is another: title, arms, repeats, people, kind, format.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    other: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether anything is another."""
        return bool(self.added or self.removed or self.changed or self.other)


def compare_forms(old: Form, new: Form) -> FormChange:
    """Say what a new version of a form changes.

    Examples
    --------
    >>> one = Form("f", "F", (FieldGroup("g", "G", (FormField("a", "A"),)),))
    >>> two = Form("f", "F", (FieldGroup("g", "G", (FormField("b", "B"),)),))
    >>> change = compare_forms(one, two)
    >>> change.added, change.removed
    (('b',), ('a',))
    """
    before = {cell.name: cell for cell in old.cells}
    after = {cell.name: cell for cell in new.cells}

    def matter(cell: Cell) -> FormField:
        return replace(cell.field, label="-", help="")

    return FormChange(
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
        tuple(
            name for name in after if name in before and matter(before[name]) != matter(after[name])
        ),
        tuple(
            name
            for name in ("title", "kind", "format", "repeats", "arms", "people")
            if getattr(old, name) != getattr(new, name)
        ),
    )
