"""What the figures of risk of bias show: rows by instrument, shares, and the words about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evisynth.appraisal import (
    INSTRUMENTS,
    Assessment,
    Instrument,
    PublishedJudgement,
    assessment_for,
    instrument_by_id,
    judgement_for,
)
from evisynth.display import plural
from evisynth.errors import DataError

__all__ = [
    "ORDER",
    "Block",
    "Row",
    "Shares",
    "alt_text",
    "blocks_of",
    "description",
    "published_notes",
    "shares_of",
]

ORDER = ("low", "some concerns", "high", "incomplete", "not assessed")
"""Judgements in the order shown."""

Shares = dict[str, dict[str, tuple[int, float]]]
"""Count and percentage by domain (or ``"overall"``) and judgement."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a result, or a study whose results are judged together.

    ``judgements`` is by domain id and ``"overall"``; ``overridden`` names those that differ from
    what the algorithm proposed.
    """

    study: str
    result: str
    judgements: Mapping[str, str]
    published: str = ""
    overridden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Block:
    """Rows judged by one instrument."""

    instrument: Instrument
    rows: tuple[Row, ...]

    @property
    def places(self) -> tuple[str, ...]:
        """Domain ids and ``"overall"``, in order."""
        return (*(domain.id for domain in self.instrument.domains), "overall")

    def noun(self, count: int) -> str:
        """Return a count with "results" or "studies", whichever the rows are."""
        if any(row.result for row in self.rows):
            return plural(count, "result")
        return plural(count, "study", "studies")


def blocks_of(
    assessments: Sequence[Assessment],
    studies: Sequence[str],
    outcomes: Mapping[str, str],
    instrument: str,
    published: Sequence[PublishedJudgement],
) -> tuple[Block, ...]:
    """Group results by instrument; studies without an assessment go to the default one's block."""
    default = instrument_by_id(instrument)
    order = list(studies) or list(dict.fromkeys(made.study for made in assessments))
    stray = sorted({made.study for made in assessments} - set(order))
    if stray:
        raise DataError(f"risk of bias: the studies do not name {', '.join(stray)}")
    others = _published_words(published, outcomes)
    rows: dict[str, list[Row]] = {default.id: []}
    for study in order:
        mine = [made for made in assessments if made.study == study]
        keys = dict.fromkeys((made.instrument, made.outcome) for made in mine)
        for tool, outcome in keys or {(default.id, ""): None}:
            same = [made for made in mine if made.instrument == tool]
            places = [domain.id for domain in instrument_by_id(tool).domains]
            judgements = {
                place: judgement_for(same, study, outcome, place) for place in (*places, "overall")
            }
            settled = assessment_for(same, study, outcome)
            entries = (*settled.domains, settled.overall) if settled else ()
            changed = frozenset(entry.domain for entry in entries if entry.overridden)
            label = outcomes.get(outcome, outcome)
            row = Row(study, label, judgements, others.get(study, ""), changed)
            rows.setdefault(tool, []).append(row)
    blocks = [Block(INSTRUMENTS[tool], tuple(found)) for tool, found in rows.items() if found]
    return tuple(blocks) or (Block(default, ()),)


def _sources(published: Sequence[PublishedJudgement]) -> dict[tuple[str, str], str]:
    """Letter of each tool and source, in order of appearance."""
    keys = dict.fromkeys((one.tool, one.source) for one in published)
    return {key: _letters(number) for number, key in enumerate(keys)}


def _letters(number: int) -> str:
    head = _letters(number // 26 - 1) if number >= 26 else ""
    return head + chr(ord("a") + number % 26)


def _published_words(
    published: Sequence[PublishedJudgement], outcomes: Mapping[str, str]
) -> dict[str, str]:
    """Put into words what others published on a study: ``"anxiety, depression: low (d)"``."""
    letters = _sources(published)
    found: dict[str, dict[tuple[str, str], list[str]]] = {}
    for one in published:
        key = (one.judgement, letters[one.tool, one.source])
        words = outcomes.get(one.outcome, one.outcome)
        found.setdefault(one.study, {}).setdefault(key, []).append(words)
    return {
        study: "; ".join(
            f"{', '.join(word for word in results if word)}: {judgement} ({letter})"
            if any(results)
            else f"{judgement} ({letter})"
            for (judgement, letter), results in parts.items()
        )
        for study, parts in found.items()
    }


def published_notes(published: Sequence[PublishedJudgement]) -> tuple[str, ...]:
    """Name the tool and source behind each letter."""
    return tuple(
        f"({letter}) {tool}: {source}" for (tool, source), letter in _sources(published).items()
    )


def shares_of(block: Block, weights: Mapping[str, float] | None) -> Shares:
    """Count each judgement in each domain, with its percentage (0 where there is no row).

    Raises
    ------
    DataError
        A study without a weight, or weights that cannot be.
    """
    heavy = [1.0 if weights is None else _weight(weights, row.study) for row in block.rows]
    total = sum(heavy)
    if block.rows and total <= 0:
        raise DataError("risk of bias: the weights of all studies are 0")
    shares: Shares = {}
    for place in block.places:
        judged = [row.judgements[place] for row in block.rows]
        shares[place] = {
            judgement: (
                judged.count(judgement),
                100 * sum(w for w, j in zip(heavy, judged, strict=True) if j == judgement) / total
                if total
                else 0.0,
            )
            for judgement in ORDER
        }
    return shares


def _weight(weights: Mapping[str, float], study: str) -> float:
    if study not in weights:
        raise DataError(
            f"risk of bias: no weight for {study!r}; give only the studies of the analysis whose "
            "weights these are"
        )
    weight = float(weights[study])
    if not 0 <= weight < float("inf"):
        raise DataError(
            f"risk of bias: the weight of {study!r} is {weight!r}; it must be at least 0"
        )
    return weight


def _counts(block: Block, place: str) -> str:
    judged = [row.judgements[place] for row in block.rows]
    return ", ".join(f"{one} {judged.count(one)}" for one in ORDER if one in judged) or "none"


def alt_text(title: str, blocks: tuple[Block, ...]) -> str:
    """Say in a sentence an instrument what the figure shows."""
    parts = [
        f"{title}, {block.noun(len(block.rows))}"
        + (f" by {block.instrument.name}" if len(blocks) > 1 else "")
        + f". Overall: {_counts(block, 'overall')}."
        for block in blocks
    ]
    return " ".join(parts)


def description(blocks: tuple[Block, ...], notes: tuple[str, ...]) -> str:
    """Say what the figure shows, domain by domain."""
    sentences = []
    for block in blocks:
        sentences.append(f"{block.instrument.title}, {block.noun(len(block.rows))}.")
        sentences += [
            f"{domain.id} ({domain.label}): {_counts(block, domain.id)}."
            for domain in block.instrument.domains
        ]
        sentences.append(f"Overall: {_counts(block, 'overall')}.")
        high = [row for row in block.rows if row.judgements["overall"] == "high"]
        if high:
            names = (row.study + (f" ({row.result})" if row.result else "") for row in high)
            sentences.append(f"High overall: {', '.join(names)}.")
        changed = [(row, place) for row in block.rows for place in row.overridden]
        if changed:
            told = ", ".join(sorted(f"{row.study} {place}" for row, place in changed))
            sentences.append(f"Differing from the algorithm's proposal: {told}.")
        others = [row for row in block.rows if row.published]
        if others:
            told = "; ".join(f"{row.study}: {row.published}" for row in others)
            sentences.append(f"Judged by others: {told}.")
    return " ".join([*sentences, *(f"{note}." for note in notes)])
