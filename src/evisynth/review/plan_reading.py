"""From ``review.toml`` to the parts of the plan, with every problem at its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from evisynth.errors import InputError, Problem, closest
from evisynth.extraction import Outcome, OutcomeTable
from evisynth.records import read_utf8
from evisynth.review.deviations import Deviation
from evisynth.review.parts import FigureOptions, Person, PreviousStudies, Question, Registration
from evisynth.review.schema_errors import check_section, place, word_problem
from evisynth.review.team import ROLES
from evisynth.review.toml_lines import KeyPath, key_lines
from evisynth.screening import Stage, StageName
from evisynth.studies import Field

if TYPE_CHECKING:
    from evisynth.review.schema import (
        AnalysisSection,
        ExtractionSection,
        FieldSection,
        FiguresSection,
        FindingSection,
        HighlightSection,
        LimitsSection,
        OutcomeSection,
        PersonSection,
        PublishedSection,
        ReviewSection,
        RiskOfBiasSection,
        Section,
        StageSection,
        StagesSection,
        UpdateSection,
    )

__all__ = ["REVIEW_FILE", "AnalysisDraft", "Plan", "parse_plan", "parse_toml", "read_plan"]

REVIEW_FILE = "review.toml"
_AT = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of .*)\)")

S = TypeVar("S", bound="Section")


@dataclass(frozen=True, slots=True)
class AnalysisDraft:
    """An analysis as written, with the defaults filled in.

    ``path`` is its own place; ``own`` holds the keys that it sets itself, the others stand in
    ``[defaults]`` or are our defaults.
    """

    path: KeyPath
    section: AnalysisSection
    own: frozenset[str]

    def path_of(self, key: str, defaults: frozenset[str]) -> KeyPath:
        """Return where a key stands."""
        if key in self.own or key not in defaults:
            return (*self.path, key) if key in self.own else self.path
        return ("defaults", key)


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``review.toml`` says; a part is None where it could not be read.

    The sets of ids hold those of items with problems too, so that one mistake is told once.
    """

    lines: dict[KeyPath, int] = field(default_factory=dict)
    review: ReviewSection | None = None
    question: Question | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    registration: Registration = field(default_factory=Registration)
    people: tuple[Person, ...] = ()
    person_ids: frozenset[str] | None = None
    stages: tuple[Stage, ...] | None = None
    fields: tuple[Field, ...] = ()
    field_names: frozenset[str] | None = None
    outcomes: tuple[Outcome, ...] = ()
    outcome_ids: tuple[str, ...] | None = None
    tables: tuple[tuple[KeyPath, OutcomeTable], ...] = ()
    risk_of_bias: RiskOfBiasSection | None = None
    published: PublishedSection | None = None
    has_published: bool = False
    analyses: tuple[AnalysisDraft, ...] = ()
    analysis_ids: tuple[str, ...] | None = None
    default_keys: frozenset[str] = frozenset()
    limits: tuple[str, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    highlight: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    figure_options: FigureOptions = field(default_factory=FigureOptions)
    previous: PreviousStudies | None = None
    findings: tuple[tuple[KeyPath, FindingSection], ...] = ()
    findings_whole: bool = True


def parse_toml(
    path: Path, *, where: str, problems: list[Problem]
) -> tuple[dict[str, Any], dict[KeyPath, int]] | None:
    """Read a TOML file; None when it is missing, not UTF-8 or not TOML.

    Parameters
    ----------
    path, where
        File, and its name in messages.
    problems
        Problems found are appended here.

    Returns
    -------
    data, lines
        The values, and the line of each by path.
    """
    try:
        text = read_utf8(path, where=where)
    except InputError as error:
        problems.extend(error.problems)
        return None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.fullmatch(str(error))
        what = found["what"] if found else str(error)
        rows = text.splitlines() or [""]
        number = int(found["line"]) if found and found["line"] else len(rows)
        written = rows[min(number, len(rows)) - 1].strip()
        column = f", column {found['column']}" if found and found["column"] else ""
        problems.append(
            Problem(
                where,
                f"line {number}{column}",
                f"not valid TOML: {what}: {written!r}",
                hint='Text wants quotes, a key wants "=", a bracket its counterpart; the mistake'
                " may stand in the line before",
            )
        )
        return None
    return data, key_lines(text)


def read_plan(folder: Path, problems: list[Problem]) -> Plan:
    """Read ``review.toml`` of a folder.

    Parameters
    ----------
    folder
        The review folder.
    problems
        Problems found are appended here, by their lines.

    Returns
    -------
    Plan
        With the parts that could be read.
    """
    parsed = parse_toml(folder / REVIEW_FILE, where=REVIEW_FILE, problems=problems)
    if parsed is None:
        return Plan()
    return _PlanReader(*parsed, problems).read()


def parse_plan(text: str, problems: list[Problem] | None = None) -> Plan:
    r"""Read a plan from the text of ``review.toml``.

    Parameters
    ----------
    text
        The text.
    problems
        Problems found are appended here.

    Returns
    -------
    Plan
        With the parts that could be read.

    Examples
    --------
    >>> parse_plan("[[people]]\nid = 'ada'\nname = 'Ada'\nroles = ['reviewer']").people[0].name
    'Ada'
    """
    found = [] if problems is None else problems
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found.append(Problem(REVIEW_FILE, "", f"not valid TOML: {error}"))
        return Plan()
    return _PlanReader(data, key_lines(text), found).read()


class _PlanReader:
    """The values of the file, checked section by section."""

    def __init__(
        self, data: dict[str, Any], lines: dict[KeyPath, int], problems: list[Problem]
    ) -> None:
        self.data, self.lines, self.problems = data, lines, problems
        self.known: tuple[str, ...] = ()

    def read(self) -> Plan:
        from evisynth.review import schema

        self.known = (*schema.SECTIONS, *schema.ITEMS)
        self._check_names()
        question = self._table("question", schema.QuestionSection, required=True)
        criteria = self._table("criteria", schema.CriteriaSection)
        registration = self._table("registration", schema.RegistrationSection)
        stages: StagesSection | None = self._table("stages", schema.StagesSection)
        people = self._items("people", schema.PersonSection)
        self._check_roles(people)
        self._check_stage_people()
        outcomes = self._items("outcomes", schema.OutcomeSection)
        limits: LimitsSection | None = self._table("limits", schema.LimitsSection)
        marks: HighlightSection | None = self._table("highlight", schema.HighlightSection)
        figures: FiguresSection | None = self._table("figures", schema.FiguresSection)
        self._table("connectors", schema.ConnectorsSection)
        defaults, analyses = self._analyses(schema.AnalysisSection)
        findings = self._items("summary_of_findings", schema.FindingSection)
        deviations = self._items("deviations", schema.DeviationSection)
        return Plan(
            lines=self.lines,
            review=self._table("review", schema.ReviewSection, required=True),
            question=Question(**question.model_dump()) if question else None,
            include=tuple(criteria.include) if criteria else (),
            exclude=tuple(criteria.exclude) if criteria else (),
            registration=Registration(**registration.model_dump(by_alias=True))
            if registration
            else Registration(),
            people=tuple(_person(person) for _, person in people),
            person_ids=frozenset(self._ids("people")),
            stages=_stages(stages) if stages else None,
            fields=self._fields(schema.FieldSection),
            field_names=frozenset(self._mapping("fields")),
            outcomes=tuple(_outcome(outcome) for _, outcome in outcomes),
            outcome_ids=self._ids("outcomes"),
            tables=self._tables(schema.ExtractionSection),
            risk_of_bias=self._table("risk_of_bias", schema.RiskOfBiasSection),
            published=self._table("published", schema.PublishedSection),
            has_published="published" in self.data,
            analyses=analyses,
            analysis_ids=self._ids("analyses"),
            default_keys=defaults,
            limits=tuple(limits.statements) if limits else (),
            highlight=(tuple(marks.include), tuple(marks.exclude)) if marks else ((), ()),
            figure_options=FigureOptions(figures.profile, figures.tiff)
            if figures
            else FigureOptions(),
            previous=self._previous(schema.UpdateSection),
            deviations=tuple(Deviation(**made.model_dump()) for _, made in deviations),
            findings=tuple(findings),
            findings_whole=len(findings) == len(self.data.get("summary_of_findings", [])),
        )

    def _check_names(self) -> None:
        """Refuse sections that do not exist."""
        for name in self.data:
            if name not in self.known:
                at = place(self.lines, (name,))
                self.problems.append(word_problem(REVIEW_FILE, at, name, self.known, "section"))

    def _check_roles(self, people: list[tuple[KeyPath, PersonSection]]) -> None:
        """Refuse roles that do not exist: nobody would be allowed anything by them."""
        for path, person in people:
            for number, role in enumerate(person.roles):
                if role not in ROLES:
                    at = place(self.lines, (*path, "roles", number))
                    self.problems.append(word_problem(REVIEW_FILE, at, role, tuple(ROLES), "role"))

    def _check_stage_people(self) -> None:
        """Refuse reviewers and adjudicators of a stage who are not of the team."""
        known = self._ids("people")
        for stage, section in self._mapping("stages").items():
            for key in ("reviewers", "adjudicators"):
                named = section.get(key, []) if isinstance(section, dict) else []
                for number, ident in enumerate(named if isinstance(named, list) else []):
                    if isinstance(ident, str) and ident not in known:
                        at = place(self.lines, ("stages", stage, key, number))
                        self.problems.append(
                            word_problem(
                                REVIEW_FILE, at, ident, known, "person", "Add it to [[people]]"
                            )
                        )

    def _previous(self, model: type[UpdateSection]) -> PreviousStudies | None:
        """Read the previous version of the review; numbers or lists of ids."""
        made = self._table("update", model) if "update" in self.data else None
        if made is None:
            return None
        numbers: dict[str, int] = {}
        for key, ids in (("studies", made.study_ids), ("reports", made.report_ids)):
            given: int | None = getattr(made, key)
            if given is not None and ids and given != len(ids):
                list_key = "study_ids" if key == "studies" else "report_ids"
                self.problems.append(
                    Problem(
                        REVIEW_FILE,
                        place(self.lines, ("update", key)),
                        f"{key} is {given}, and {list_key} names {len(ids)}",
                        hint="Correct one, or leave the number out",
                    )
                )
            if given is None and not ids:
                self.problems.append(
                    Problem(
                        REVIEW_FILE,
                        place(self.lines, ("update",)),
                        f"the key {key!r} is missing",
                        hint="Give the number in the previous version, or list the ids",
                    )
                )
            numbers[key] = len(ids) if given is None else given
        return PreviousStudies(
            numbers["studies"],
            numbers["reports"],
            tuple(dict.fromkeys(made.study_ids)),
            tuple(dict.fromkeys(made.report_ids)),
            made.citation,
        )

    def _table(self, name: str, model: type[S], *, required: bool = False) -> S | None:
        """Check a section that is one table; an absent one is as an empty one."""
        if required and name not in self.data:
            near = closest(name, [key for key in self.data if key not in self.known])
            self.problems.append(
                Problem(
                    REVIEW_FILE,
                    "",
                    f"the section [{name}] is missing",
                    hint=f"Is it [{near}]?" if near else "",
                )
            )
            return None
        return self._check(model, self.data.get(name, {}), (name,))

    def _check(self, model: type[S], data: object, path: KeyPath) -> S | None:
        return check_section(
            model, data, path, where=REVIEW_FILE, lines=self.lines, problems=self.problems
        )

    def _list(self, name: str) -> list[Any]:
        """Return a section that is written ``[[name]]``."""
        value = self.data.get(name, [])
        if isinstance(value, list):
            return value
        self.problems.append(
            Problem(
                REVIEW_FILE,
                place(self.lines, (name,)),
                f"[{name}] is one table, a list of tables is wanted",
                hint=f"Write [[{name}]] before each",
            )
        )
        return []

    def _mapping(self, name: str) -> Mapping[str, Any]:
        value = self.data.get(name, {})
        return value if isinstance(value, dict) else {}

    def _items(self, name: str, model: type[S]) -> list[tuple[KeyPath, S]]:
        """Check the items of a list one by one, and that their ids differ."""
        items = []
        first: dict[str, int] = {}
        for number, data in enumerate(self._list(name)):
            path: KeyPath = (name, number)
            made = self._check(model, data, path)
            ident = data.get("id") if isinstance(data, dict) else None
            if isinstance(ident, str) and first.setdefault(ident, number) != number:
                before = place(self.lines, (name, first[ident], "id"))
                self.problems.append(
                    Problem(
                        REVIEW_FILE,
                        place(self.lines, (*path, "id")),
                        f"the id {ident!r} is taken ({before})",
                        hint="Give each an id of its own",
                    )
                )
            elif made is not None:
                items.append((path, made))
        return items

    def _ids(self, name: str) -> tuple[str, ...]:
        """Ids of all items of a list, those with problems too."""
        value = self.data.get(name, [])
        items = value if isinstance(value, list) else []
        found = [item.get("id") for item in items if isinstance(item, dict)]
        return tuple(dict.fromkeys(ident for ident in found if isinstance(ident, str)))

    def _fields(self, model: type[FieldSection]) -> tuple[Field, ...]:
        if not isinstance(self.data.get("fields", {}), dict):
            at = place(self.lines, ("fields",))
            self.problems.append(
                Problem(REVIEW_FILE, at, "fields are written [fields.name], one table a field")
            )
        fields = []
        for name, data in self._mapping("fields").items():
            path: KeyPath = ("fields", name)
            made = self._check(model, data, path)
            if name in ("study_id", "record_ids"):
                at = place(self.lines, path)
                self.problems.append(
                    Problem(REVIEW_FILE, at, f"{name!r} is a column of studies.csv already")
                )
            elif made is not None:
                if made.levels and made.type in ("text", "number"):
                    at = place(self.lines, (*path, "levels"))
                    self.problems.append(
                        Problem(
                            REVIEW_FILE,
                            at,
                            f"a field of type {made.type!r} has no levels",
                            hint='Write type = "category" or "categories", or remove the levels',
                        )
                    )
                fields.append(Field(name, made.label, made.type, tuple(made.levels), made.unknown))
        return tuple(fields)

    def _tables(self, model: type[ExtractionSection]) -> tuple[tuple[KeyPath, OutcomeTable], ...]:
        from evisynth.review.schema import column_names

        tables = []
        for path, made in self._items("extraction", model):
            known = column_names(made.kind)
            wrong = [name for name in made.columns if name not in known]
            for name in wrong:
                at = place(self.lines, (*path, "columns", name))
                self.problems.append(
                    word_problem(REVIEW_FILE, at, name, known, f"number of kind {made.kind!r}", "")
                )
            columns = {name: made.columns[name] for name in made.columns if name not in wrong}
            tables.append((path, OutcomeTable(made.file, made.kind, made.format, columns)))
        return tuple(tables)

    def _analyses(
        self, model: type[AnalysisSection]
    ) -> tuple[frozenset[str], tuple[AnalysisDraft, ...]]:
        """Check defaults and analyses, and fill the ones into the others."""
        raw = self._mapping("defaults")
        made = self._table("defaults", model)
        for key in ("id", "title", "outcome", "sensitivity_of", "role"):
            if key in raw:
                self.problems.append(
                    Problem(
                        REVIEW_FILE,
                        place(self.lines, ("defaults", key)),
                        f"{key!r} belongs to one analysis and cannot be a default",
                        hint="Move it to [[analyses]]",
                    )
                )
        defaults = {key: value for key, value in raw.items() if made is not None}
        drafts = []
        for path, section in self._items("analyses", model):
            own = frozenset(section.model_fields_set)
            merged = model.model_validate({**defaults, **self._list("analyses")[int(path[1])]})
            needed = ("id", "title", "outcome") + (("measure",) if made is not None else ())
            missing = [key for key in needed if getattr(merged, key) is None]
            for key in missing:
                self.problems.append(
                    Problem(
                        REVIEW_FILE,
                        place(self.lines, path),
                        f"the key {key!r} is missing",
                        hint="Write it into this analysis"
                        + (" or into [defaults]" if key == "measure" else ""),
                    )
                )
            if not missing and made is not None:
                drafts.append(AnalysisDraft(path, merged, own))
        return frozenset(defaults), tuple(drafts)


def _person(section: PersonSection) -> Person:
    return Person(**{**section.model_dump(), "roles": tuple(section.roles)})


def _outcome(section: OutcomeSection) -> Outcome:
    return Outcome(**section.model_dump())


def _stages(section: StagesSection) -> tuple[Stage, ...]:
    return (
        _stage("title_abstract", section.title_abstract),
        _stage("full_text", section.full_text),
    )


def _stage(name: StageName, section: StageSection) -> Stage:
    return Stage(
        name=name,
        **{
            **section.model_dump(),
            "reviewers": tuple(section.reviewers),
            "adjudicators": tuple(section.adjudicators),
        },
    )
