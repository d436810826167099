"""Instruments of risk of bias as data: domains, questions, gates and decision tables.

An instrument is a TOML file. Its gates and tables are written with *groups* of answers: ``Y`` is
Y or PY, ``N`` is N or PN, ``NI`` is itself, and ``NA`` a question that is not asked. A gate is a
disjunction of conjunctions, ``"2.1 in Y NI or 2.2 in Y NI"``. A table is read from the top and the
first row that matches counts; a cell ``"."`` matches anything, and a column that joins several
questions asks ``all`` or ``any`` of them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from evisynth.appraisal.assessment import Judgement
from evisynth.errors import InputError, OptionError, Problem

__all__ = [
    "ANSWERS",
    "GROUPS",
    "INSTRUMENTS",
    "Cell",
    "Condition",
    "DecisionTable",
    "Domain",
    "Instrument",
    "Question",
    "Row",
    "instrument_by_id",
    "read_instrument",
]

ANSWERS = ("Y", "PY", "PN", "N", "NI", "NA")
"""Answers known to all instruments, in the order shown; NA is offered only where a file says so."""

GROUPS: Mapping[str, str] = {"Y": "Y", "PY": "Y", "PN": "N", "N": "N", "NI": "NI", "NA": "NA"}
"""Answer to the group that gates and tables speak of."""

_USUAL_ANSWERS = ("Y", "PY", "PN", "N", "NI")
_JUDGEMENTS: Mapping[str, Judgement] = {
    "low": "low",
    "some concerns": "some concerns",
    "high": "high",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a gate: the answer to ``question`` belongs to one of ``groups``."""

    question: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A signalling question.

    Attributes
    ----------
    id : str
        Number in the official instrument, e.g. ``"2.3"``.
    text : str
        Evisynth's own short reminder; the official sentence stands at the instrument's `url`.
    answers : tuple of str
        Answers that may be given. ``"NA"`` is among them only where it is a real answer.
    gate : tuple of tuple of Condition
        When the question is asked: any of the alternatives, each with all of its conditions. Empty
        means always.
    """

    id: str
    text: str
    answers: tuple[str, ...] = _USUAL_ANSWERS
    gate: tuple[tuple[Condition, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a decision table: which groups are asked of which of the column's questions."""

    questions: tuple[str, ...]
    quantifier: Literal["all", "any"]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a decision table; cells that match anything are left out."""

    cells: tuple[Cell, ...]
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """Rows read from the top; the first one that matches gives the judgement."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain of bias.

    Attributes
    ----------
    id : str
        E.g. ``"D1"``.
    label, title : str
        Words for a column or legend, and in full.
    questions : tuple of Question
        In the order asked.
    tables : tuple of DecisionTable
        The judgement is the worst that they give.
    """

    id: str
    label: str
    title: str
    questions: tuple[Question, ...]
    tables: tuple[DecisionTable, ...]


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument for assessing risk of bias.

    Attributes
    ----------
    id, name, title, version : str
        Id, e.g. ``"rob2-parallel-assignment"``; short name; full title; version of the official
        text.
    citation, licence, url : str
        How to cite it, under what terms it stands, and where the official text is.
    domains : tuple of Domain
        In order.
    """

    id: str
    name: str
    title: str
    version: str
    citation: str
    licence: str
    url: str
    domains: tuple[Domain, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        """Questions of all domains, in order."""
        return tuple(question for domain in self.domains for question in domain.questions)

    def question(self, number: str) -> Question:
        """Return the question with this number.

        Raises
        ------
        OptionError
            If the instrument has no such question.
        """
        for question in self.questions:
            if question.id == number:
                return question
        raise OptionError(
            f"question of {self.id}", number, [question.id for question in self.questions]
        )


class _Builtin(Mapping[str, Instrument]):
    """The instruments of this package, each read when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ids = tuple(sorted(path.stem for path in folder.glob("*.toml")))

    def __getitem__(self, key: str) -> Instrument:
        if key not in self._ids:
            raise KeyError(key)
        return _read_cached(self._folder / f"{key}.toml")

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def instrument_by_id(name: str) -> Instrument:
    """Return an instrument of this package.

    Raises
    ------
    OptionError
        If there is none of that name; the message lists those there are.

    Examples
    --------
    >>> [domain.id for domain in instrument_by_id("rob2-cluster").domains]
    ['D1a', 'D1b', 'D2', 'D3', 'D4', 'D5']
    """
    if name not in INSTRUMENTS:
        raise OptionError("instrument", name, INSTRUMENTS)
    return INSTRUMENTS[name]


def read_instrument(path: Path) -> Instrument:
    """Read an instrument from its TOML file and check that it hangs together.

    Parameters
    ----------
    path
        File laid out like those in ``evisynth/appraisal/instruments``.

    Returns
    -------
    Instrument

    Raises
    ------
    InputError
        If the file is not TOML, lacks a key, or a gate or table speaks of an unknown question,
        answer or judgement.

    Examples
    --------
    >>> read_instrument(Path("missing.toml"))
    Traceback (most recent call last):
        ...
    evisynth.errors.InputError: missing.toml: the file cannot be read: No such file or directory
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            Problem(path.name, "", f"the file cannot be read: {error.strerror}")
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(Problem(path.name, "", f"not a TOML file in UTF-8: {error}")) from error
    return _Parser(path.name).instrument(data)


@cache
def _read_cached(path: Path) -> Instrument:
    return read_instrument(path)


class _Parser:
    """Turns the content of one file into an Instrument; every error names file and key."""

    def __init__(self, where: str) -> None:
        self._where = where

    def instrument(self, data: Mapping[str, Any]) -> Instrument:
        words = {
            key: self._text(data, key, "")
            for key in ("id", "name", "title", "version", "citation", "licence", "url")
        }
        domains = tuple(
            self._domain(entry, f"domains[{index}]")
            for index, entry in enumerate(self._list(data, "domains", ""))
        )
        ids = [question.id for domain in domains for question in domain.questions]
        for number in ids:
            if ids.count(number) > 1:
                raise self._error("domains", f"question {number!r} stands twice")
        return Instrument(**words, domains=domains)

    def _domain(self, data: Mapping[str, Any], at: str) -> Domain:
        known: list[str] = []
        questions: list[Question] = []
        for index, entry in enumerate(self._list(data, "questions", at)):
            questions.append(self._question(entry, known, f"{at}.questions[{index}]"))
            known.append(questions[-1].id)
        tables = tuple(
            self._table(entry, known, f"{at}.tables[{index}]")
            for index, entry in enumerate(self._list(data, "tables", at))
        )
        return Domain(
            self._text(data, "id", at),
            self._text(data, "label", at),
            self._text(data, "title", at),
            tuple(questions),
            tables,
        )

    def _question(self, data: Mapping[str, Any], known: list[str], at: str) -> Question:
        answers = tuple(data.get("answers", _USUAL_ANSWERS))
        for answer in answers:
            if answer not in ANSWERS:
                raise self._error(f"{at}.answers", f"answer {answer!r} is not known", ANSWERS)
        gate = str(data.get("gate", "")).strip()
        return Question(
            self._text(data, "id", at),
            self._text(data, "text", at),
            answers,
            self._gate(gate, known, f"{at}.gate") if gate else (),
        )

    def _gate(self, text: str, known: list[str], at: str) -> tuple[tuple[Condition, ...], ...]:
        return tuple(
            tuple(self._condition(part, known, at) for part in alternative.split(" and "))
            for alternative in text.split(" or ")
        )

    def _condition(self, text: str, known: list[str], at: str) -> Condition:
        question, separator, groups = text.strip().partition(" in ")
        if not separator:
            raise self._error(at, f"{text!r} is not of the form '2.1 in Y NI'")
        if question not in known:
            raise self._error(at, f"question {question!r} is not asked before", tuple(known))
        return Condition(question, self._groups(groups.split(), at))

    def _table(self, data: Mapping[str, Any], known: list[str], at: str) -> DecisionTable:
        columns = [str(column) for column in self._list(data, "columns", at)]
        if not columns or columns[-1] != "judgement":
            raise self._error(f"{at}.columns", "the last column must be 'judgement'")
        questions = [tuple(column.split()) for column in columns[:-1]]
        for number in (number for column in questions for number in column):
            if number not in known:
                raise self._error(
                    f"{at}.columns", f"question {number!r} is not known", tuple(known)
                )
        rows = []
        for index, entry in enumerate(self._list(data, "rows", at)):
            place = f"{at}.rows[{index}]"
            if len(entry) != len(columns):
                raise self._error(place, f"{len(entry)} cells for {len(columns)} columns")
            if entry[-1] not in _JUDGEMENTS:
                message = f"judgement {entry[-1]!r} is not known"
                raise self._error(place, message, tuple(_JUDGEMENTS))
            cells = tuple(
                self._cell(column, str(text), place)
                for column, text in zip(questions, entry[:-1], strict=True)
                if text != "."
            )
            rows.append(Row(cells, _JUDGEMENTS[entry[-1]]))
        return DecisionTable(str(data.get("title", "")), tuple(rows))

    def _cell(self, questions: tuple[str, ...], text: str, at: str) -> Cell:
        words = text.split()
        quantifier: Literal["all", "any"] = "all"
        if words and words[0] in ("all", "any"):
            quantifier = "any" if words[0] == "any" else "all"
            words = words[1:]
        elif len(questions) > 1:
            message = f"{text!r} in a column of several questions must start with 'all' or 'any'"
            raise self._error(at, message)
        return Cell(questions, quantifier, self._groups(words, at))

    def _groups(self, words: list[str], at: str) -> tuple[str, ...]:
        allowed = tuple(dict.fromkeys(GROUPS.values()))
        if not words:
            raise self._error(at, "no answers are named", allowed)
        for word in words:
            if word not in allowed:
                raise self._error(at, f"group of answers {word!r} is not known", allowed)
        return tuple(words)

    def _list(self, data: Mapping[str, Any], key: str, at: str) -> list[Any]:
        value = data.get(key)
        if not isinstance(value, list) or not value:
            raise self._error(
                f"{at}.{key}" if at else key, "a list that is not empty must stand here"
            )
        return value

    def _text(self, data: Mapping[str, Any], key: str, at: str) -> str:
        value = data.get(key)
        if not isinstance(value, str) or not value:
            raise self._error(f"{at}.{key}" if at else key, "a text must stand here")
        return value

    def _error(self, at: str, message: str, allowed: tuple[str, ...] = ()) -> InputError:
        return InputError(Problem(self._where, at, message, allowed))


INSTRUMENTS: Mapping[str, Instrument] = _Builtin(Path(__file__).parent / "instruments")
"""The instruments of this package by id."""
