"""What people do in a review, as keyed items: the kinds, and where each is frozen.

Nothing here reads or writes; `evisynth.review.item_files` turns items into the text of files and
back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from evisynth.errors import OptionError
from evisynth.review.item_values import Column, Kind, column

__all__ = ["KINDS", "PLAN_FILE", "file_of", "kind_named", "kinds_by_file"]

PLAN_FILE = "review.toml"


def _columns(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


_ROLES = ("reviewer", "discussion", "consensus", "adjudicator")
_STAGE = column("stage", allowed=("title_abstract", "full_text"), required=True)
_RECORD = column("record", "record_id", required=True)
_PERSON = column("person", required=True)
_STUDY = column("study", required=True)
_FOUND_AT = ("report", "page", "quote", "note", "date")
"""Where in a report a value was found, and what was said of it."""
_SPARE_PLACE = (column("place", spare=True), column("how", spare=True))
"""Place on the page, and how a value was computed from others."""

_ALL = (
    Kind(
        "vote",
        "decision of a person on a record",
        (
            _STAGE,
            _RECORD,
            column("person", "reviewer", required=True),
            column("role", allowed=_ROLES, default="reviewer"),
        ),
        (
            column(
                "verdict", "decision", allowed=("include", "exclude", "maybe"), required=True
            ),
            *_columns("reason", "note", "date"),
            column("present", spare=True),
        ),
        "decisions/{stage}.csv",
        order=(
            "record", "person", "verdict", "reason", "note", "date", "role", "present",
        ),
        subject="record",
    ),
    Kind(
        "retrieval",
        "whether the report behind a record could be had",
        (_RECORD,),
        (
            column("status", allowed=("retrieved", "not_retrieved", "sought"), required=True),
            column("reason"),
            column("date", spare=True),
            column("person", spare=True),
        ),
        "decisions/retrieval.csv",
        subject="record",
    ),
    Kind(
        "note",
        "note of a person on a record, report or study",
        (column("subject", required=True), _PERSON, column("id", required=True)),
        _columns("text", "stage", "page", "quote", "place", "date"),
        "notes/notes.csv",
        subject="subject",
    ),
    Kind(
        "tag",
        "tag of a person on a record",
        (_RECORD, _PERSON, column("tag", required=True)),
        _columns("date"),
        "notes/tags.csv",
        subject="record",
    ),
    Kind(
        "attachment",
        "file of a report",
        (_RECORD, column("sha256", required=True)),
        (
            column("name", required=True),
            column("size", type="integer"),
            *_columns("type", "licence", "source", "person", "note", "date"),
        ),
        "fulltext/attachments.csv",
        subject="record",
    ),
    Kind(
        "duplicate_decision",
        "what a person decided about two records",
        (column("first", required=True), column("second", required=True)),
        (
            column(
                "decision",
                allowed=("same", "report", "different", "study", "open"),
                required=True,
            ),
            *_columns("by", "date", "note"),
        ),
        "decisions/duplicates.jsonl",
        format="jsonl",
        subject="first",
        repeats=True,
    ),
    Kind(
        "duplicate",
        "record of the same report as another",
        (_RECORD,),
        (
            column("duplicate_of", required=True),
            column("reason", spare=True),
            column("made_by", spare=True),
        ),
        "records/duplicates.csv",
        subject="record",
    ),
    Kind(
        "removal",
        "record removed before screening for another reason",
        (_RECORD,),
        (column("kind", allowed=("automation", "other"), required=True),
         *_columns("reason", "made_by")),
        "records/removed.csv",
        subject="record",
    ),
    Kind(
        "abstract",
        "abstract that a person filled in where the export has none",
        (_RECORD,),
        (column("text", required=True), *_columns("source", "person", "date")),
        "records/abstracts.csv",
        subject="record",
    ),
    Kind(
        "study",
        "study with its reports and characteristics",
        (column("study", "study_id", required=True),),
        (column("record_ids"), column("main_report", spare=True)),
        "studies/studies.csv",
        subject="study",
        open=True,
    ),
    Kind(
        "extraction_form",
        "form for extraction",
        (column("form", required=True),),
        _columns("title", "definition", "note"),
        "extraction/forms.jsonl",
        format="jsonl",
    ),
    Kind(
        "extraction_value",
        "value that a person extracted",
        (column("form", required=True), _STUDY, column("row"), column("field", required=True),
         _PERSON),
        (*_columns("value", "unit", *_FOUND_AT), *_SPARE_PLACE),
        "extraction/values.csv",
        subject="study",
    ),
    Kind(
        "extraction_consensus",
        "value agreed on",
        (column("form", required=True), _STUDY, column("row"), column("field", required=True)),
        (*_columns("value", "unit", *_FOUND_AT, "agreed_by"), *_SPARE_PLACE),
        "extraction/consensus.csv",
        subject="study",
    ),
    Kind(
        "assessment_answer",
        "answer of a person to a signalling question",
        (column("instrument", required=True), _STUDY, column("outcome"), _PERSON,
         column("question", required=True)),
        (*_columns("answer", *_FOUND_AT), column("place", spare=True)),
        "rob/answers.csv",
        subject="study",
    ),
    Kind(
        "assessment_judgement",
        "judgement of a person on a domain",
        (column("instrument", required=True), _STUDY, column("outcome"), _PERSON,
         column("domain", required=True)),
        _columns("judgement", "reason", "date"),
        "rob/judgements.csv",
        subject="study",
    ),
    Kind(
        "assessment",
        "risk of bias agreed on",
        (_STUDY, column("outcome"), column("instrument")),
        _columns("assessor"),
        "rob/assessments.csv",
        subject="study",
        open=True,
    ),
    Kind(
        "finished",
        "study that a person has finished extracting or assessing",
        (column("work", allowed=("extraction", "assessment"), required=True),
         column("form", required=True), _STUDY, column("outcome"), _PERSON),
        _columns("date"),
        "studies/finished.csv",
        subject="study",
    ),
    Kind(
        "assignment",
        "record given to a person",
        (_STAGE, _RECORD, _PERSON),
        _columns("rule", "date"),
        "decisions/assignments.csv",
        subject="record",
    ),
    Kind(
        "pilot",
        "pilot round of a stage",
        (_STAGE, column("round", required=True)),
        (
            column("records"),
            column("seed", type="integer"),
            column("kappa", type="number"),
            *_columns("status", "note", "date"),
        ),
        "decisions/pilots.csv",
    ),
    Kind(
        "unblinding",
        "opening of what was hidden, with its reason",
        (column("id", required=True),),
        (*_columns("stage", "records", "by", "at"), column("reason", required=True)),
        "decisions/unblinding.csv",
    ),
    Kind(
        "stopping",
        "statement on when screening may stop",
        (_STAGE, column("id", required=True)),
        (*_columns("rule", "parameters", "statement", "person", "date"),
         column("done", allowed=("stopped", "resumed")), *_columns("reason")),
        "decisions/stopping.csv",
    ),
    Kind(
        "member",
        "person of the team, beyond the plan",
        (_PERSON,),
        (
            *_columns("name", "roles", "affiliation", "orcid", "email", "pseudonym"),
            column("active", type="boolean"),
            column("ignored", type="boolean"),
            *_columns("joined", "left", "note"),
        ),
        "people.csv",
    ),
    Kind(
        "lease",
        "record held by a person for some minutes",
        (_STAGE, _RECORD),
        (column("person", required=True), column("until", required=True)),
        format="history",
        subject="record",
        kept=False,
    ),
    Kind(
        "setting",
        "choice of a person or of the review",
        (column("scope", required=True), column("name", required=True)),
        _columns("value"),
        format="history",
    ),
    Kind(
        "plan",
        "the plan of the review",
        (column("path", allowed=(PLAN_FILE,), default=PLAN_FILE),),
        _columns("text"),
        PLAN_FILE,
        format="text",
    ),
    Kind(
        "text",
        "text file as a whole",
        (column("path", required=True),),
        _columns("text"),
        "{path}",
        format="text",
    ),
    Kind(
        "file",
        "file that is kept as it came",
        (column("path", required=True),),
        (column("sha256", required=True), column("size", type="integer")),
        "{path}",
        format="bytes",
    ),
    Kind(
        "table",
        "order of the columns of a table",
        (column("path", required=True),),
        _columns("columns"),
        format="history",
    ),
)  # fmt: skip

KINDS: dict[str, Kind] = {made.name: made for made in _ALL}
"""Every kind by its name. `lease` is not kept; `table` holds the order of columns that the review
names itself (``["year", "country"]`` as JSON), where it is not the alphabet's."""


def kind_named(name: str) -> Kind:
    """Return a kind; an unknown name is an `OptionError`."""
    if name not in KINDS:
        raise OptionError("kind", name, KINDS)
    return KINDS[name]


def file_of(kind: Kind, key: Sequence[str]) -> str:
    """Return the file that keeps an item; ``""`` if the history alone does.

    Examples
    --------
    >>> file_of(KINDS["vote"], ("full_text", "r1", "ada", "reviewer"))
    'decisions/full_text.csv'
    """
    parts = {made.name: part for made, part in zip(kind.key, key, strict=True)}
    return re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], kind.file)


def kinds_by_file() -> dict[str, tuple[Kind, dict[str, str]]]:
    """Map each table's path to its kind and to the key's columns that the path says."""
    found: dict[str, tuple[Kind, dict[str, str]]] = {}
    for kind in KINDS.values():
        if kind.format not in ("csv", "jsonl"):
            continue
        named = re.search(r"\{(\w+)\}", kind.file)
        if named is None:
            found[kind.file] = (kind, {})
            continue
        part = next(made for made in kind.key if made.name == named[1])
        for word in part.allowed:
            found[kind.file.replace(named[0], word)] = (kind, {part.name: word})
    return found
