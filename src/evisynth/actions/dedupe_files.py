"""The files of deduplication in a review: decisions of people, and tables of what was found."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from evisynth.errors import InputError, OptionError, Problem, closest

if TYPE_CHECKING:
    from evisynth.deduplication import DeduplicationResult, PairEvidence
    from evisynth.records import Record
    from evisynth.searches import Yield

__all__ = [
    "DECISIONS", "DUPLICATES", "Copy", "PairDecision", "PairVerdict", "check_known",
    "citation_of", "copies_of", "csv_text", "decision_of", "duplicates_table", "kept_before",
    "last_decisions", "overlap_table", "parse_decision", "read_decisions", "screened_records",
    "sources_table", "typed_decisions", "write_files",
]  # fmt: skip

PairVerdict = Literal["same", "report", "different", "study", "open"]
"""What people say of two records: the same record, the same report; nothing of the kind, another
report of the same study; or nothing any more (the rules decide again)."""

DECISIONS = "decisions/duplicates.jsonl"
DUPLICATES = "records/duplicates.csv"
RULES, PERSON = "rules", "person"
_SCREENED = ("decisions/title_abstract.csv", "decisions/full_text.csv", "decisions/retrieval.csv")


@dataclass(frozen=True, slots=True)
class PairDecision:
    """What a person decided about two records; the last one on a pair counts.

    Attributes
    ----------
    first, second : str
        Ids, in the order of the alphabet.
    decision : PairVerdict
        The verdict.
    by, date, note : str
        Who, when (ISO day), why; ``""`` if not said.
    """

    first: str
    second: str
    decision: PairVerdict
    by: str = ""
    date: str = ""
    note: str = ""

    def line(self) -> str:
        """Return the decision as a line of JSON."""
        facts = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return json.dumps({key: value for key, value in facts.items() if value}, ensure_ascii=False)


def read_decisions(folder: Path) -> list[PairDecision]:
    """Read the decisions that were appended so far."""
    path = folder / DECISIONS
    if not path.is_file():
        return []
    found: list[PairDecision] = []
    problems: list[Problem] = []
    fields = tuple(PairDecision.__dataclass_fields__)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        at = f"line {number}"
        try:
            data = json.loads(line)
        except json.JSONDecodeError as error:
            problems.append(Problem(DECISIONS, at, f"not valid JSON: {error.msg}"))
            continue
        if not isinstance(data, dict) or not {"first", "second", "decision"} <= data.keys():
            problems.append(
                Problem(DECISIONS, at, "a decision has first, second and decision", fields)
            )
            continue
        odd = sorted(data.keys() - set(fields))
        wrong = [key for key in fields if not isinstance(data.get(key, ""), str)]
        if odd or wrong:
            problems.append(
                Problem(DECISIONS, at, f"{(odd or wrong)[0]!r} is no text or not known", fields)
            )
        elif data["decision"] not in get_args(PairVerdict):
            problems.append(
                Problem(
                    DECISIONS,
                    at,
                    f"unknown decision {data['decision']!r}",
                    tuple(get_args(PairVerdict)),
                )
            )
        else:
            found.append(PairDecision(**data))
    if problems:
        raise InputError(problems)
    return found


def decision_of(
    first: str, second: str, decision: PairVerdict, by: str, date: str, note: str
) -> PairDecision:
    """Return a decision, its ids in the order of the alphabet."""
    one, two = sorted((first, second))
    return PairDecision(one, two, decision, by, date, note)


def parse_decision(
    text: str, known: Mapping[str, Record], by: str, date: str, note: str
) -> PairDecision:
    """Read ``"ID,ID=same"``; an id may hold commas where only one cut gives two known ids."""
    pair, _, word = text.rpartition("=")
    allowed = get_args(PairVerdict)
    if not pair:
        raise InputError(
            Problem(
                "--decide",
                "",
                f"{text!r} is no decision",
                allowed,
                hint="Write it as ID,ID=same",
            )
        )
    if word not in allowed:
        raise OptionError("decide", word, allowed)
    cuts = [at for at, sign in enumerate(pair) if sign == ","]
    fits = [at for at in cuts if pair[:at].strip() in known and pair[at + 1 :].strip() in known]
    if len(fits) == 1:
        at = fits[0]
        one, two = pair[:at].strip(), pair[at + 1 :].strip()
        if one == two:
            raise InputError(Problem("--decide", "", f"{text!r} names one record twice"))
        return decision_of(one, two, cast("PairVerdict", word), by, date, note)
    if len(cuts) != 1:
        raise InputError(
            Problem(
                "--decide",
                "",
                f"{pair!r} is no pair of ids",
                hint="Two ids with one comma between them: ID,ID=same",
            )
        )
    for name in pair.split(","):
        check_known(name.strip(), known, "--decide")
    raise InputError(Problem("--decide", "", f"{pair!r} is no pair of ids"))


def check_known(name: str, known: Mapping[str, Record], option: str) -> None:
    """Refuse an id that no record has."""
    if name in known:
        return
    near = closest(name, [each for each in known if each[:1] == name[:1]])
    raise InputError(
        Problem(
            option,
            "",
            f"there is no record {name!r} in the exports under searches/",
            hint=f"Did you mean {near!r}?" if near else "",
        )
    )


def _table(folder: Path) -> list[dict[str, str]]:
    path = folder / DUPLICATES
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {key: (value or "").strip() for key, value in row.items() if key}
            for row in csv.DictReader(file)
        ]


def typed_decisions(
    folder: Path, past: Sequence[PairDecision], known: Mapping[str, Record]
) -> list[PairDecision]:
    """Return rows of ``duplicates.csv`` that a person wrote as decisions, if they are not yet."""
    from evisynth.review import read_duplicates

    if not (folder / DUPLICATES).is_file():
        return []
    problems: list[Problem] = []
    read_duplicates(
        folder / DUPLICATES, where=DUPLICATES, records=frozenset(known), problems=problems
    )
    typed = [row for row in _table(folder) if not row.get("made_by")]
    if problems and typed:
        raise InputError(problems)
    verdicts = last_decisions(past)
    found = []
    for row in typed:
        one, two = sorted((row["record_id"], row["duplicate_of"]))
        if (one, two) not in verdicts:
            note = row.get("reason") or f"taken from {DUPLICATES}"
            found.append(PairDecision(one, two, "report", note=note))
    return found


def kept_before(folder: Path) -> frozenset[str]:
    """Return the records that stayed last time."""
    rows = _table(folder)
    dropped = {row.get("record_id", "") for row in rows}
    return frozenset({row.get("duplicate_of", "") for row in rows} - dropped)


def screened_records(folder: Path) -> frozenset[str]:
    """Return the records that people have decided on in screening."""
    found: set[str] = set()
    for name in _SCREENED:
        path = folder / name
        if path.is_file():
            with path.open(encoding="utf-8-sig", newline="") as file:
                found |= {(row.get("record_id") or "").strip() for row in csv.DictReader(file)}
    return frozenset(found - {""})


def last_decisions(decisions: Iterable[PairDecision]) -> dict[tuple[str, str], PairDecision]:
    """Return the last decision on each pair."""
    found: dict[tuple[str, str], PairDecision] = {}
    for made in decisions:
        one, two = sorted((made.first, made.second))
        found[one, two] = made
    return found


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as the text of a table."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


_AUTHORS = 3


def citation_of(record: Record) -> str:
    """Return who, when and where: ``"Berg K; Moe T (2001) J Sleep Res 8(3):240-7 [pubmed]"``."""
    people = "; ".join(record.authors[:_AUTHORS])
    if len(record.authors) > _AUTHORS:
        people += " et al."
    issue = f"({record.issue})" if record.issue else ""
    pages = f":{record.pages}" if record.pages else ""
    place = " ".join(part for part in (record.journal, f"{record.volume}{issue}{pages}") if part)
    year = f"({record.year})" if record.year else ""
    doi = f"doi:{record.doi}" if record.doi else ""
    source = f"[{record.source}]" if record.source else ""
    return " ".join(part for part in (people, year, place, doi, source) if part)


@dataclass(frozen=True, slots=True)
class Copy:
    """A record that is a copy of one that stays, with the merge that says so."""

    record: str
    stays: str
    merge: PairEvidence


def copies_of(
    result: DeduplicationResult,
    records: Sequence[Record],
    stayed: frozenset[str],
    screened: frozenset[str],
) -> list[Copy]:
    """Return the copies: a record that was screened stays, then one that stayed before."""
    from evisynth.deduplication import works

    found: list[Copy] = []
    for work in works(records, result):
        if len(work.ids) == 1:
            continue
        lead = work.lead.id
        stays = min(
            work.ids, key=lambda name: (name not in screened, name not in stayed, name != lead)
        )
        # from the record that stays along the merges: each copy has the merge that reaches it
        reached, left = {stays}, list(work.merges)
        while left:
            merge = next(
                each for each in left if (each.first in reached) != (each.second in reached)
            )
            left.remove(merge)
            name = merge.second if merge.first in reached else merge.first
            reached.add(name)
            found.append(Copy(name, stays, merge))
    return sorted(found, key=lambda copy: copy.record)


def duplicates_table(dropped: Sequence[Copy]) -> str:
    """Return ``duplicates.csv``: which record is a copy of which, and why."""
    from evisynth.deduplication import Reason

    rows = [
        (
            copy.record,
            copy.stays,
            copy.merge.sentence,
            PERSON if copy.merge.reason is Reason.PERSON else RULES,
        )
        for copy in dropped
    ]
    return csv_text([("record_id", "duplicate_of", "reason", "made_by"), *rows])


def sources_table(found: Yield) -> str:
    """Return ``sources.csv``: what each source brought."""
    rows = [
        (row.label, row.records, row.records - row.reports, row.reports, row.unique)
        for row in found.rows
    ]
    head = ("source", "records", "copies_within", "reports", "only_here")
    return csv_text([head, *rows])


def overlap_table(found: Yield) -> str:
    """Return ``overlap.csv``: reports that two sources both found."""
    labels = [row.label for row in found.rows]
    rows = [(one, *(found.overlap[one, two] for two in labels)) for one in labels]
    return csv_text([("source", *labels), *rows])


def write_files(
    folder: Path, texts: Mapping[str, str], added: Sequence[PairDecision]
) -> tuple[str, ...]:
    """Append the decisions, then put each table in the place of the one before."""
    written = []
    if added:
        path = folder / DECISIONS
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_bytes() if path.is_file() else b""
        with path.open("ab") as file:
            if before and not before.endswith(b"\n"):
                file.write(b"\n")
            file.write("".join(f"{made.line()}\n" for made in added).encode("utf-8"))
        written.append(DECISIONS)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_text(text, encoding="utf-8", newline="")
        new.replace(path)
        written.append(name)
    return tuple(written)
