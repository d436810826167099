"""Find the records of the same report in a review, and keep what people decide about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evisynth.actions.dedupe_files import (
    DECISIONS,
    DUPLICATES,
    Copy,
    PairDecision,
    PairVerdict,
    check_known,
    citation_of,
    copies_of,
    csv_text,
    decision_of,
    duplicates_table,
    kept_before,
    last_decisions,
    overlap_table,
    parse_decision,
    read_decisions,
    screened_records,
    sources_table,
    typed_decisions,
    write_files,
)
from evisynth.actions.output import locked
from evisynth.actions.progress import Progress
from evisynth.errors import InputError, Problem

if TYPE_CHECKING:
    from evisynth.deduplication import DeduplicationResult, PairEvidence
    from evisynth.records import Record
    from evisynth.searches import Yield

__all__ = [
    "ComparedRecords", "DedupeResult", "DoubtfulPair", "PairDecision", "PairVerdict",
    "compare_records", "dedupe_records", "pairs_table",
]  # fmt: skip


PAIRS = "records/duplicate_pairs.csv"
SOURCES = "records/sources.csv"
OVERLAP = "records/overlap.csv"
WORK = ".evisynth"
_TOGETHER, _APART = ("same", "report"), ("different", "study")


@dataclass(frozen=True, slots=True)
class DoubtfulPair:
    """Two records that a person should look at.

    Attributes
    ----------
    kind : {"doubtful", "check", "screened", "study"}
        Not merged for lack of evidence; merged on little; not merged because people have decided
        on both in screening; another report, perhaps of one study.
    first, second : str
        Ids.
    first_title, second_title : str
        Titles.
    first_citation, second_citation : str
        Authors, year and place of each, as far as the record says them.
    score : float
        Log2 odds that both are one report.
    why : str
        The evidence in words.
    agreement : dict of str to str
        Agreement of each field that could be compared.
    """

    kind: Literal["doubtful", "check", "screened", "study"]
    first: str
    second: str
    first_title: str
    second_title: str
    score: float
    why: str
    agreement: Mapping[str, str]
    first_citation: str = ""
    second_citation: str = ""


@dataclass(frozen=True, slots=True)
class DedupeResult:
    """What a deduplication found.

    Attributes
    ----------
    folder : Path
        The review.
    records, duplicates, groups, reports : int
        Records, copies, groups of two or more, and different reports.
    by_reason : dict of str to int
        Copies by the reason of their merge.
    by_source : dict of str to dict of str to int
        The same for each source: records of it that are a copy of one that stays, by reason.
    sources : Yield
        Records, reports and own reports of each source, and how they overlap.
    pairs : tuple of DoubtfulPair
        For people, by kind, the most likely first.
    decided : tuple of PairDecision
        Decisions added now.
    files : tuple of str
        Files written, relative to the folder.
    warnings : tuple of str
        What a person should look at.
    """

    folder: Path
    records: int
    duplicates: int
    groups: int
    reports: int
    by_reason: Mapping[str, int]
    by_source: Mapping[str, Mapping[str, int]]
    sources: Yield
    pairs: tuple[DoubtfulPair, ...]
    decided: tuple[PairDecision, ...]
    files: tuple[str, ...]
    warnings: tuple[str, ...]


def dedupe_records(
    folder: Path | str = Path(),
    *,
    decide: Iterable[str] = (),
    undo: Iterable[str] = (),
    by: str = "",
    note: str = "",
    progress: Progress | None = None,
) -> DedupeResult:
    """Find the records of the same report and write what was found into the review.

    Decisions are appended to ``decisions/duplicates.jsonl`` and outrank every rule, now and later.
    ``records/duplicates.csv``, which the review counts from, is written anew; rows that people
    wrote into it become decisions first.

    Parameters
    ----------
    folder
        Folder of the review.
    decide
        Decisions to add, ``"ID,ID=same"``; also ``report``, ``different``, ``study``, ``open``.
    undo
        Ids of records to take out of their groups.
    by, note
        Who decides, and why.
    progress
        Told how far it is.

    Raises
    ------
    InputError
        Something in the folder cannot be used, or a decision names a record that is not there.
    OptionError
        A decision is none of those known.
    """
    from evisynth.deduplication import separate

    folder = Path(folder)
    tell = progress or (lambda _text, _done, _total: None)
    tell("Reading the records", 0, 4)
    records, warnings = _records(folder)
    by_id = {record.id: record for record in records}
    with locked(folder / WORK, f"{WORK}/run.lock"):
        past = read_decisions(folder)
        today = datetime.now(tz=UTC).date().isoformat()
        added = typed_decisions(folder, past, by_id)
        added += [parse_decision(text, by_id, by, today, note) for text in decide]
        stayed = kept_before(folder)
        tell("Comparing", 1, 4)
        asked = list(undo)
        if asked:
            found = _found(records, [*past, *added], by_id)
            for name in asked:
                check_known(name, by_id, "--undo")
                pairs = separate(found, name)
                if not pairs:
                    raise InputError(
                        Problem(
                            "--undo",
                            "",
                            f"the record {name!r} is in no group",
                            hint=f"Groups stand in {DUPLICATES}",
                        )
                    )
                added += [decision_of(*pair, "different", by, today, note) for pair in pairs]
        tell("Counting", 3, 4)
        made = compare_records(records, [*past, *added], stayed, screened_records(folder))
        warnings += made.warnings
        files = write_files(folder, made.texts(), added)
    tell("Done", 4, 4)
    result = made.result
    return DedupeResult(
        folder=folder,
        records=result.record_count,
        duplicates=result.duplicate_count,
        groups=len(result.groups),
        reports=result.report_count,
        by_reason=_by_reason(result.merges),
        by_source=_by_source(made.copies, by_id),
        sources=made.sources,
        pairs=made.pairs,
        decided=tuple(added),
        files=files,
        warnings=tuple(warnings),
    )


@dataclass(frozen=True, slots=True)
class ComparedRecords:
    """What comparing the records of a review gives.

    Attributes
    ----------
    result : DeduplicationResult
        Groups, merges, doubtful pairs and links.
    copies : tuple of Copy
        Records that are a copy of one that stays, with the merge that says so.
    pairs : tuple of DoubtfulPair
        For people.
    sources : Yield
        Records and own reports of each source.
    warnings : tuple of str
        Decisions that could not be followed.
    """

    result: DeduplicationResult
    copies: tuple[Copy, ...]
    pairs: tuple[DoubtfulPair, ...]
    sources: Yield
    warnings: tuple[str, ...]

    def texts(self) -> dict[str, str]:
        """Return the tables that a review keeps of it, by path."""
        return {
            DUPLICATES: duplicates_table(self.copies),
            PAIRS: pairs_table(self.pairs),
            SOURCES: sources_table(self.sources),
            OVERLAP: overlap_table(self.sources),
        }


def compare_records(
    records: Sequence[Record],
    decisions: Sequence[PairDecision],
    stayed: frozenset[str],
    screened: frozenset[str],
) -> ComparedRecords:
    """Find the records of the same report, given what people decided.

    Parameters
    ----------
    records
        All of the review.
    decisions
        Those of people, in their order; they outrank every rule.
    stayed
        Records that stood for their group before; they stay again.
    screened
        Records that people have decided on: two of them are merged by a person only.
    """
    from evisynth.deduplication import deduplicate

    by_id = {record.id: record for record in records}
    verdicts = last_decisions(decisions)
    together = _pairs(verdicts, _TOGETHER, by_id)
    apart = _pairs(verdicts, _APART, by_id)
    free = deduplicate(records, together=together, apart=apart)
    held = _held_apart(free, screened, stayed, set(together))
    result = deduplicate(records, together=together, apart=[*apart, *held]) if held else free
    return ComparedRecords(
        result=result,
        copies=tuple(copies_of(result, records, stayed, screened)),
        pairs=_shown(result, free, held, by_id),
        sources=_yield(result, records),
        warnings=tuple(_unheeded(decisions, verdicts, by_id, result)),
    )


def _records(folder: Path) -> tuple[tuple[Record, ...], list[str]]:
    from evisynth.review import read_searches

    if not (folder / "review.toml").is_file():
        raise InputError(
            Problem(
                str(folder),
                "",
                "the folder has no review.toml",
                hint="Give the folder of a review; 'evisynth new FOLDER' makes one",
            )
        )
    problems: list[Problem] = []
    warnings: list[str] = []
    _, records = read_searches(folder, problems, warnings)
    if problems:
        raise InputError(problems)
    if not records:
        raise InputError(
            Problem(
                "searches",
                "",
                "there are no records in this review",
                hint="Take exports in: evisynth import FILE...",
            )
        )
    return records, warnings


def _pairs(
    verdicts: Mapping[tuple[str, str], PairDecision],
    words: Sequence[str],
    known: Mapping[str, Record],
) -> list[tuple[str, str]]:
    return [
        pair
        for pair, made in verdicts.items()
        if made.decision in words and pair[0] in known and pair[1] in known
    ]


def _found(
    records: Sequence[Record], decisions: Sequence[PairDecision], known: Mapping[str, Record]
) -> DeduplicationResult:
    from evisynth.deduplication import deduplicate

    verdicts = last_decisions(decisions)
    return deduplicate(
        records,
        together=_pairs(verdicts, _TOGETHER, known),
        apart=_pairs(verdicts, _APART, known),
    )


def _held_apart(
    result: DeduplicationResult,
    screened: frozenset[str],
    stayed: frozenset[str],
    together: set[tuple[str, str]],
) -> list[tuple[str, str]]:
    """Return pairs of one group that people have both screened: no rule may drop a decision."""
    held = []
    for group in result.groups:
        both = [name for name in group if name in screened]
        both.sort(key=lambda name: (name not in stayed, name))
        for place, one in enumerate(both):
            for two in both[place + 1 :]:
                pair = (min(one, two), max(one, two))
                if pair not in together:
                    held.append(pair)
    return held


def _unheeded(
    decisions: Sequence[PairDecision],
    verdicts: Mapping[tuple[str, str], PairDecision],
    known: Mapping[str, Record],
    result: DeduplicationResult,
) -> list[str]:
    """Tell which decisions could not be followed."""
    gone = sorted({name for made in decisions for name in (made.first, made.second)} - known.keys())
    warnings = []
    if gone:
        more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
        warnings.append(
            f"{DECISIONS}: decisions name records that are no longer in the exports"
            f" ({', '.join(gone[:3])}{more}); they wait there"
        )
    for one, two in _pairs(verdicts, _TOGETHER, known):
        if two not in result.group_of(one):
            warnings.append(
                f"{one} and {two} are decided to be one report, and other decisions keep them"
                " apart; take one of them back with --decide ID,ID=open"
            )
    return warnings


def _shown(
    result: DeduplicationResult,
    free: DeduplicationResult,
    held: Sequence[tuple[str, str]],
    records: Mapping[str, Record],
) -> tuple[DoubtfulPair, ...]:
    def shown(kind: Literal["doubtful", "check", "study"], pair: PairEvidence) -> DoubtfulPair:
        why = pair.sentence.partition(": ")[2]
        return DoubtfulPair(
            kind,
            pair.first,
            pair.second,
            records[pair.first].title,
            records[pair.second].title,
            pair.score,
            why,
            {key: value for key, value in pair.agreement.items() if value != "missing"},
            citation_of(records[pair.first]),
            citation_of(records[pair.second]),
        )

    scores = {(merge.first, merge.second): merge.score for merge in free.merges}
    found = [
        DoubtfulPair(
            "screened",
            one,
            two,
            records[one].title,
            records[two].title,
            scores.get((one, two), 0.0),
            "look the same, and people have decided on both: decide same after removing the"
            " decisions on one, or different",
            {},
            citation_of(records[one]),
            citation_of(records[two]),
        )
        for one, two in sorted(held)
    ]
    found += [shown("doubtful", pair) for pair in result.doubtful]
    found += [shown("check", pair) for pair in result.to_check]
    found += [shown("study", pair) for pair in result.links]
    return tuple(found)


def _by_reason(merges: Sequence[PairEvidence]) -> dict[str, int]:
    found: dict[str, int] = {}
    for merge in merges:
        name = merge.reason.name.lower()
        found[name] = found.get(name, 0) + 1
    return dict(sorted(found.items()))


def _by_source(dropped: Sequence[Copy], records: Mapping[str, Record]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for copy in dropped:
        reasons = found.setdefault(records[copy.record].source, {})
        name = copy.merge.reason.name.lower()
        reasons[name] = reasons.get(name, 0) + 1
    return {source: dict(sorted(found[source].items())) for source in sorted(found)}


def _yield(result: DeduplicationResult, records: Sequence[Record]) -> Yield:
    from evisynth.searches import yield_by_source

    return yield_by_source(result, records)


def pairs_table(pairs: Sequence[DoubtfulPair]) -> str:
    """Return ``duplicate_pairs.csv``: pairs that a person should look at, with the evidence."""
    head = ("kind", "first", "second", "score", "why", "agreement", "first_title", "second_title",
            "first_citation", "second_citation")  # fmt: skip
    return csv_text(
        [
            head,
            *(
                (
                    pair.kind,
                    pair.first,
                    pair.second,
                    f"{pair.score:.2f}",
                    pair.why,
                    "; ".join(f"{key}: {value}" for key, value in pair.agreement.items()),
                    pair.first_title,
                    pair.second_title,
                    pair.first_citation,
                    pair.second_citation,
                )
                for pair in pairs
            ),
        ]
    )
