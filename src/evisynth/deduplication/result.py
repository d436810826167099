"""What deduplication hands on: groups, merges with reasons, doubtful pairs, links."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from evisynth.deduplication.levels import level_phrases, level_words
from evisynth.deduplication.match import Reason
from evisynth.deduplication.vetoes import Veto

__all__ = ["DeduplicationResult", "PairEvidence", "Relation"]

Relation = Literal["same record", "same report", "same study", "doubtful"]

_REASONS = {
    Reason.COPY: "the same record, exported twice",
    Reason.PMID: "same PubMed identifier",
    Reason.DOI: "same DOI and fitting titles",
    Reason.PLACE: "same title and authors in one place of one journal",
    Reason.WEIGHT: "the evidence of all fields together",
    Reason.PERSON: "decided by a person",
    Reason.BARE: "same title, authors and journal, and nothing else to compare: look at it",
}
_VETOES = {
    Veto.PMID: "different PubMed identifiers",
    Veto.DOI: "different DOIs of one registrant",
    Veto.TRIAL: "different trial registration numbers",
    Veto.NOTICE: "one is an erratum, addendum or retraction notice",
    Veto.REPLY: "one is a reply or comment",
    Veto.PROTOCOL: "one is a protocol",
    Veto.UPDATE: "one is an update",
    Veto.PART: "different parts of a series",
    Veto.NUMBERS: "different numbers in the titles",
    Veto.TITLE: "unlike titles",
    Veto.MEETING: "one is a conference abstract",
    Veto.PREPRINT: "one is a preprint",
    Veto.PLACE: "different places of printing",
    Veto.VERSION: "different versions of one DOI",
    Veto.PERSON: "decided by a person",
    Veto.HEADING: "a heading that many works bear, in different places",
}


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """Two records, what they are to each other, and why.

    Attributes
    ----------
    first, second : str
        Record ids, in the order of the alphabet.
    relation : Relation
        ``"same record"`` (one entry of one database, exported twice), ``"same report"``,
        ``"same study"`` (another report, perhaps of the same study: a link, never a merge) or
        ``"doubtful"`` (for a person).
    score : float
        Log2 odds that both are one report, from the match weights.
    reason : Reason
        What made them one; `Reason.NONE` where they are not merged.
    veto : Veto
        What forbids to merge them.
    levels : bytes
        Level of agreement of each compared field; `agreement` says it in words.
    """

    first: str
    second: str
    relation: Relation
    score: float
    reason: Reason = Reason.NONE
    veto: Veto = Veto.NONE
    levels: bytes = b""

    @property
    def agreement(self) -> dict[str, str]:
        """Agreement of each compared field, in words; empty for a person's decision."""
        return level_words(self.levels) if self.levels else {}

    @property
    def sentence(self) -> str:
        """Why, in one line.

        Examples
        --------
        >>> PairEvidence("a", "b", "same report", 9.1, Reason.DOI).sentence
        'a and b: same report (same DOI and fitting titles)'
        """
        why = [_REASONS[self.reason]] if self.reason else []
        why += [text for veto, text in _VETOES.items() if self.veto & veto]
        if not why and self.levels:
            why = [level_phrases(self.levels)]
        because = f" ({'; '.join(why)})" if why else ""
        return f"{self.first} and {self.second}: {self.relation}{because}"


@dataclass(frozen=True, slots=True)
class DeduplicationResult:
    """Groups of records of the same report, with the reason of every merge.

    Attributes
    ----------
    groups : tuple of tuple of str
        Ids of the records of each report that has two or more; sorted.
    singles : tuple of str
        Ids of the records that stand alone; sorted.
    merges : tuple of PairEvidence
        The merges that hold the groups together: one fewer than members, for each group.
    doubtful : tuple of PairEvidence
        Pairs for a person, the most likely first.
    links : tuple of PairEvidence
        Pairs of reports that are perhaps of one study (paper and erratum, protocol, conference
        abstract, preprint, other version or part). Never merged.
    """

    groups: tuple[tuple[str, ...], ...]
    singles: tuple[str, ...]
    merges: tuple[PairEvidence, ...]
    doubtful: tuple[PairEvidence, ...]
    links: tuple[PairEvidence, ...]
    _group_of: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    @property
    def record_count(self) -> int:
        """Records given."""
        return len(self.singles) + sum(map(len, self.groups))

    @property
    def duplicate_count(self) -> int:
        """Copies: records beyond the first of each group."""
        return sum(len(group) - 1 for group in self.groups)

    @property
    def report_count(self) -> int:
        """Different reports: groups and singles."""
        return len(self.groups) + len(self.singles)

    @property
    def to_check(self) -> tuple[PairEvidence, ...]:
        """Merges that a person should look at: title, authors and journal are all that is known."""
        return tuple(merge for merge in self.merges if merge.reason is Reason.BARE)

    def group_of(self, record: str) -> tuple[str, ...]:
        """Return the ids of all records of the same report, this one included."""
        if not self._group_of:
            for number, group in enumerate(self.groups):
                for member in group:
                    self._group_of[member] = number
        number = self._group_of.get(record, -1)
        return self.groups[number] if number >= 0 else (record,)

    def reasons_for(self, record: str) -> tuple[PairEvidence, ...]:
        """Return the merges that hold the group of this record together."""
        group = set(self.group_of(record))
        return tuple(merge for merge in self.merges if merge.first in group)

    def __str__(self) -> str:
        return (
            f"{self.record_count} records, {self.duplicate_count} duplicates in "
            f"{len(self.groups)} groups, {self.report_count} reports; "
            f"{len(self.doubtful)} doubtful pairs, {len(self.links)} links between reports"
        )
