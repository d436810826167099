"""Assessments and published judgements from tables, one row a result."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from evisynth.appraisal.assessment import Assessment, PublishedJudgement
from evisynth.appraisal.engine import JUDGED, assess
from evisynth.appraisal.instrument import INSTRUMENTS, Instrument, Question
from evisynth.appraisal.spelling import (
    domain_of_column,
    parse_answer,
    parse_judgement,
    question_of_column,
)
from evisynth.errors import Problem, closest
from evisynth.records import read_table

__all__ = ["check_duplicates", "read_assessments", "read_published_judgements"]

DEFAULT_INSTRUMENT = "rob2-parallel-assignment"
"""Instrument of a row that names none, where the plan names none either."""

_REASON = re.compile(r"^(?P<domain>.+?)[ _]reason$", re.IGNORECASE)
_STUDY = ("study", "study_id", "study id")
_OUTCOME = ("outcome", "outcome_id", "result")


@dataclass(frozen=True, slots=True)
class _Columns:
    """What each column of a table of assessments holds: position to meaning."""

    named: dict[str, int]
    questions: dict[int, str]
    domains: dict[int, str]
    reasons: dict[int, str]


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a table, its cells in the order of the header."""

    line: int
    cells: tuple[str, ...]

    def cell(self, index: int | None) -> str:
        """Return a cell; ``""`` for a column that the table does not have."""
        return "" if index is None else self.cells[index]


def read_assessments(
    path: Path,
    *,
    where: str,
    studies: Collection[str],
    outcomes: Collection[str],
    problems: list[Problem],
    instrument: str | None = None,
) -> tuple[Assessment, ...]:
    r"""Read assessments of risk of bias from a CSV file, one row a result.

    Columns: ``study``; ``outcome`` (empty or absent: the study's results together);
    ``instrument``; ``assessor``; one column a signalling question (``1.1`` or ``sq_1.1``); and,
    where people decided, ``D1`` ... ``overall`` with ``D1_reason`` ... ``overall_reason``. Other
    columns are not read.

    Parameters
    ----------
    path
        The file: comma-separated, UTF-8.
    where
        The file's name in messages.
    studies, outcomes
        Ids that may stand in the table.
    problems
        Every problem found is appended here; rows with problems are not returned.
    instrument
        Instrument id of rows that name none; RoB 2 for parallel-group trials and the effect of
        assignment if not given.

    Returns
    -------
    tuple of Assessment
        In the order of the file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "rob.csv"
    ...     _ = path.write_text("study,1.1,1.2,1.3\nZhu 2018,Yes,PY,Probably no\n")
    ...     problems = []
    ...     rows = read_assessments(
    ...         path, where="rob.csv", studies=["Zhu 2018"], outcomes=[], problems=problems
    ...     )
    >>> rows[0].domains[0].final, rows[0].domains[1].final, problems
    ('low', 'incomplete', [])
    """
    table = _read(path, where, problems)
    if table is None:
        return ()
    header, rows = table
    default = instrument or DEFAULT_INSTRUMENT
    if default not in INSTRUMENTS:
        problems.append(
            Problem(where, "", f"instrument {default!r} is not known", tuple(INSTRUMENTS))
        )
        return ()
    columns = _assessment_columns(header, rows, default, where, problems)
    if columns is None:
        return ()
    reader = _AssessmentReader(
        header, columns, where, frozenset(studies), frozenset(outcomes), default, problems
    )
    found = tuple(made for row in rows if (made := reader.read(row)) is not None)
    check_duplicates(found, problems)
    return found


def check_duplicates(assessments: Collection[Assessment], problems: list[Problem]) -> None:
    """Append a problem for each assessment that repeats an earlier one.

    Two repeat each other when study, outcome, instrument and assessor are the same; call it on the
    assessments of all files together.

    Parameters
    ----------
    assessments
        In order.
    problems
        Problems are appended here.
    """
    seen: dict[tuple[str, str, str, str], Assessment] = {}
    for made in assessments:
        key = (made.study, made.outcome, made.instrument, made.assessor)
        first = seen.setdefault(key, made)
        if first is not made:
            what = (
                f"{made.study!r}, outcome {made.outcome!r}" if made.outcome else f"{made.study!r}"
            )
            who = f" by {made.assessor!r}" if made.assessor else ""
            problem = Problem(
                made.file,
                f"line {made.line}",
                f"second assessment of {what}{who}; the first stands in {first.file}, "
                f"line {first.line}",
                hint="Keep one, or name the assessors in a column 'assessor'",
            )
            if problem not in problems:  # a file checks itself before all files are checked
                problems.append(problem)


def read_published_judgements(
    path: Path,
    *,
    where: str,
    studies: Collection[str],
    problems: list[Problem],
) -> tuple[PublishedJudgement, ...]:
    """Read judgements that others published, by any tool.

    Columns: ``study``, ``tool``, ``judgement`` (or ``overall``), ``source`` (or ``source_url``),
    and optionally ``outcome`` (or ``result``, in the words of the source) and ``note`` (or
    ``source_note``). Other columns are kept in ``extra``.

    Parameters
    ----------
    path, where, problems
        As for `read_assessments`.
    studies
        Ids that may stand in the table.

    Returns
    -------
    tuple of PublishedJudgement
        In the order of the file, the words of the source unchanged.
    """
    table = _read(path, where, problems)
    if table is None:
        return ()
    header, rows = table
    names = [name.casefold() for name in header]
    wanted = {
        "study": _STUDY,
        "tool": ("tool", "instrument"),
        "judgement": ("judgement", "judgment", "overall"),
        "source": ("source", "source_url", "citation"),
        "outcome": _OUTCOME,
        "note": ("note", "source_note", "notes"),
    }
    at = {key: _position(names, options) for key, options in wanted.items()}
    complete = True
    for key in ("study", "tool", "judgement", "source"):
        if at[key] is None:
            complete = False
            problems.append(_column_missing(where, wanted[key], header))
    if not complete:
        return ()
    known = frozenset(studies)
    used = set(at.values())
    found = []
    for row in rows:
        study = row.cell(at["study"])
        fine = _check_study(study, known, where, row.line, header[at["study"] or 0], problems)
        for key in ("tool", "judgement", "source"):
            if not row.cell(at[key]):
                fine = False
                place = f"line {row.line}, column {header[at[key] or 0]}"
                problems.append(Problem(where, place, f"the {key} is missing"))
        if fine:
            extra = {
                name: row.cell(index)
                for index, name in enumerate(header)
                if index not in used and name and row.cell(index)
            }
            found.append(
                PublishedJudgement(
                    study=study,
                    outcome=row.cell(at["outcome"]),
                    tool=row.cell(at["tool"]),
                    judgement=row.cell(at["judgement"]),
                    source=row.cell(at["source"]),
                    note=row.cell(at["note"]),
                    extra=extra,
                )
            )
    return tuple(found)


class _AssessmentReader:
    """Reads rows of one file; problems go to the list that it was given."""

    def __init__(
        self,
        header: list[str],
        columns: _Columns,
        where: str,
        studies: frozenset[str],
        outcomes: frozenset[str],
        default: str,
        problems: list[Problem],
    ) -> None:
        self._header = header
        self._columns = columns
        self._where = where
        self._studies = studies
        self._outcomes = outcomes
        self._default = default
        self._problems = problems

    def read(self, row: _Row) -> Assessment | None:
        named = self._columns.named
        before = len(self._problems)
        study = row.cell(named["study"])
        outcome = row.cell(named.get("outcome"))
        name = self._header[named["study"]]
        _check_study(study, self._studies, self._where, row.line, name, self._problems)
        if outcome and outcome not in self._outcomes:
            self._add(
                row,
                named["outcome"],
                f"outcome {outcome!r} is not in the plan",
                tuple(sorted(self._outcomes)),
                _did_you_mean(outcome, self._outcomes),
            )
        instrument = INSTRUMENTS.get(row.cell(named.get("instrument")) or self._default)
        if instrument is None:  # told once, with the columns
            return None
        answers = self._answers(row, instrument)
        final = self._final(row, instrument)
        reasons = self._reasons(row, instrument)
        if len(self._problems) > before:
            return None
        return assess(
            instrument,
            answers,
            final,
            reasons,
            study=study,
            outcome=outcome,
            assessor=row.cell(named.get("assessor")),
            file=self._where,
            line=row.line,
        )

    def _answers(self, row: _Row, instrument: Instrument) -> dict[str, str]:
        questions = {question.id: question for question in instrument.questions}
        answers = {}
        for index, number in self._columns.questions.items():
            text = row.cell(index)
            answer = parse_answer(text)
            question = questions.get(number)
            if question is None:
                if answer not in ("", "NA"):
                    message = f"{text!r}: {instrument.id} has no question {number}"
                    self._add(row, index, message, tuple(questions))
                continue
            if answer is None or not _fits(question, answer):
                self._add(
                    row,
                    index,
                    f"answer {text!r} is not offered by question {number}",
                    question.answers,
                    _answer_hint(number, answer),
                )
            elif answer:
                answers[number] = answer
        return answers

    def _final(self, row: _Row, instrument: Instrument) -> dict[str, str]:
        places = {*(domain.id for domain in instrument.domains), "overall"}
        final = {}
        for index, place in self._columns.domains.items():
            text = row.cell(index)
            judgement = parse_judgement(text)
            if judgement is None:
                self._add(row, index, f"judgement {text!r} is not known", JUDGED)
            elif judgement and place not in places:
                message = f"{text!r}: {instrument.id} has no domain {place}"
                self._add(row, index, message, tuple(sorted(places)))
            elif judgement:
                final[place] = judgement
        return final

    def _reasons(self, row: _Row, instrument: Instrument) -> dict[str, str]:
        places = {*(domain.id for domain in instrument.domains), "overall"}
        reasons = {}
        for index, place in self._columns.reasons.items():
            if row.cell(index) and place in places:
                reasons[place] = row.cell(index)
            elif row.cell(index):
                message = f"a reason for {place}, which {instrument.id} does not have"
                self._add(row, index, message, tuple(sorted(places)))
        return reasons

    def _add(
        self, row: _Row, index: int, message: str, allowed: tuple[str, ...], hint: str = ""
    ) -> None:
        place = f"line {row.line}, column {self._header[index]}"
        self._problems.append(Problem(self._where, place, message, allowed, hint))


def _fits(question: Question, answer: str) -> bool:
    if answer in ("", *question.answers):
        return True
    return answer == "NA" and bool(question.gate)


def _answer_hint(number: str, answer: str | None) -> str:
    if answer == "NI":
        return f"{number} has no 'no information': answer PN when nothing shows it"
    if answer == "NA":
        return f"{number} is always asked; leave the cell empty if it has no answer yet"
    return ""


def _assessment_columns(
    header: list[str], rows: list[_Row], default: str, where: str, problems: list[Problem]
) -> _Columns | None:
    names = [name.casefold() for name in header]
    study = _position(names, _STUDY)
    if study is None:
        problems.append(_column_missing(where, _STUDY, header))
        return None
    named = {"study": study}
    for key, options in (
        ("outcome", _OUTCOME),
        ("instrument", ("instrument", "tool")),
        ("assessor", ("assessor", "reviewer")),
    ):
        index = _position(names, options)
        if index is not None:
            named[key] = index
    instruments = _instruments_of(rows, named.get("instrument"), default, where, header, problems)
    ids = tuple(dict.fromkeys(q.id for entry in instruments for q in entry.questions))
    places = (*dict.fromkeys(d.id for entry in instruments for d in entry.domains), "overall")
    columns = _Columns(named, {}, {}, {})
    for index, name in enumerate(header):
        if index in named.values():
            continue
        question, domain, reason = (
            question_of_column(name),
            domain_of_column(name),
            _reason_of(name),
        )
        if question is not None:
            _place(columns.questions, index, question, ids, "question", where, name, problems)
        elif domain is not None:
            _place(columns.domains, index, domain, places, "domain", where, name, problems)
        elif reason is not None:
            _place(columns.reasons, index, reason, places, "domain", where, name, problems)
    return columns


def _place(
    columns: dict[int, str],
    index: int,
    meaning: str,
    known: tuple[str, ...],
    kind: str,
    where: str,
    name: str,
    problems: list[Problem],
) -> None:
    at = f"line 1, column {name}"
    if meaning not in known:
        message = f"the instruments of this file have no {kind} {meaning}"
        problems.append(Problem(where, at, message, known))
    elif meaning in columns.values():
        problems.append(Problem(where, at, f"a second column for {kind} {meaning}"))
    else:
        columns[index] = meaning


def _instruments_of(
    rows: list[_Row],
    index: int | None,
    default: str,
    where: str,
    header: list[str],
    problems: list[Problem],
) -> list[Instrument]:
    """Return the instruments named in a file; unknown ones are problems."""
    found: dict[str, Instrument] = {}
    for row in rows:
        name = row.cell(index) or default
        if name in INSTRUMENTS:
            found.setdefault(name, INSTRUMENTS[name])
        else:
            problems.append(
                Problem(
                    where,
                    f"line {row.line}, column {header[index or 0]}",
                    f"instrument {name!r} is not known",
                    tuple(INSTRUMENTS),
                    _did_you_mean(name, INSTRUMENTS),
                )
            )
    return list(found.values()) or [INSTRUMENTS[default]]


def _reason_of(name: str) -> str | None:
    match = _REASON.match(name.strip())
    return domain_of_column(match.group("domain")) if match else None


def _check_study(
    study: str,
    known: frozenset[str],
    where: str,
    line: int,
    column: str,
    problems: list[Problem],
) -> bool:
    if study in known:
        return True
    message = f"study {study!r} is not among the studies" if study else "the study is missing"
    hint = _did_you_mean(study, known) or "Studies are listed in studies/studies.csv"
    problems.append(Problem(where, f"line {line}, column {column}", message, hint=hint))
    return False


def _did_you_mean(value: str, known: Collection[str]) -> str:
    near = closest(value, known)
    return f"Did you mean {near!r}?" if near else ""


def _position(names: list[str], options: tuple[str, ...]) -> int | None:
    for option in options:
        if option in names:
            return names.index(option)
    return None


def _column_missing(where: str, options: tuple[str, ...], header: list[str]) -> Problem:
    message = f"the column {options[0]!r} is missing"
    return Problem(where, "line 1", message, hint=f"The file has: {', '.join(header) or 'none'}")


def _read(path: Path, where: str, problems: list[Problem]) -> tuple[list[str], list[_Row]] | None:
    table = read_table(path, where=where, problems=problems, may_be_empty=True)
    if table is None:
        return None
    header = list(table.columns)
    return header, [_Row(row.line, tuple(row[name] for name in header)) for row in table]
