"""All stages together: a library of records that grows, and the groups in it."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from evisynth.deduplication import levels
from evisynth.deduplication.block import KeyIndex, Rows, candidate_pairs
from evisynth.deduplication.cluster import cluster, components
from evisynth.deduplication.compare import Comparison, compare
from evisynth.deduplication.linkage import Backend, compared_by_splink
from evisynth.deduplication.match import (
    Matches,
    Reason,
    Verdict,
    Weights,
    match,
    shipped_weights,
)
from evisynth.deduplication.prepare import Columns, JournalTable, prepare
from evisynth.deduplication.result import DeduplicationResult, PairEvidence, Relation
from evisynth.deduplication.vetoes import STUDY_VETOES, Veto
from evisynth.errors import DataError, OptionError
from evisynth.records import Record

__all__ = ["DeduplicationIndex", "deduplicate"]

Pair = tuple[str, str]
Bare = Literal["merge", "ask"]
Engine = Literal["own", "splink"]
_AGAINST = -8.0  # log2 odds below which a pair may not share a group through others
_CERTAIN = 1000.0
_BATCH = 500_000


@contextmanager
def _no_collection() -> Iterator[None]:
    """Put off garbage collection while millions of small objects are made, none of them a ring."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def deduplicate(
    records: Iterable[Record],
    *,
    together: Iterable[Pair] = (),
    apart: Iterable[Pair] = (),
    weights: Weights | None = None,
    bare: Bare = "merge",
    engine: Engine = "own",
    backend: Backend = "duckdb",
    session: Any = None,
) -> DeduplicationResult:
    """Find the records of the same report.

    Parameters
    ----------
    records
        Records with unique ids, in any order.
    together, apart
        Pairs of ids that people have decided: one report, or two. They outrank every rule; to undo
        a merge, add its pair to ``apart`` and run again.
    weights
        Match weights; those of this release if not given.
    bare
        What becomes of pairs of which nothing but title, authors and journal is known (no volume,
        issue or page in one of them) and that a year, a subtitle or a missing year leaves open:
        ``"merge"`` (and told in ``result.to_check``) or ``"ask"`` (doubtful pairs).
    engine
        ``"own"``, or ``"splink"`` for sets beyond one machine: the same comparisons and weights
        there, the same groups. It needs the extra ``evisynth[linkage]``.
    backend, session
        Of Splink: ``"duckdb"`` or ``"spark"``, and a connection or session of your own.

    Returns
    -------
    DeduplicationResult
        Groups, the reason of each merge, doubtful pairs for people, and links between reports of
        perhaps one study.

    Raises
    ------
    DataError
        If two records share an id, a record has none, a decision names an unknown id, or
        decisions contradict each other.
    OptionError
        If an option is none of those named.
    SetupError
        If Splink is asked for and not installed.

    Examples
    --------
    >>> records = [
    ...     Record(
    ...         "pubmed-1",
    ...         "Yoga for sleep in cancer survivors: a randomized trial.",
    ...         ("Moss A", "Reed B"),
    ...         2019,
    ...         "J Sleep Res",
    ...         "8",
    ...         "2",
    ...         "101-9",
    ...     ),
    ...     Record(
    ...         "scopus-7",
    ...         "Yoga for Sleep in Cancer Survivors: A Randomized Trial",
    ...         ("Moss, A.", "Reed, B."),
    ...         2019,
    ...         "Journal of Sleep Research",
    ...         "8",
    ...         "2",
    ...         "101-109",
    ...     ),
    ...     Record(
    ...         "scopus-8",
    ...         "Erratum: Yoga for sleep in cancer survivors: a randomized trial",
    ...         ("Moss, A.", "Reed, B."),
    ...         2019,
    ...         "Journal of Sleep Research",
    ...         "8",
    ...         "3",
    ...         "240",
    ...     ),
    ... ]
    >>> result = deduplicate(records)
    >>> result.groups
    (('pubmed-1', 'scopus-7'),)
    >>> print(result.merges[0].sentence)
    pubmed-1 and scopus-7: same report (same title and authors in one place of one journal)
    """
    _check_option("engine", engine, get_args(Engine))
    index = DeduplicationIndex(weights=weights)
    if engine == "splink":
        index.add_by_splink(records, backend=backend, session=session)
    else:
        index.add(records)
    return index.result(together=together, apart=apart, bare=bare)


def _check_option(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise OptionError(name, value, allowed)


class DeduplicationIndex:
    """A library of prepared records that new ones are compared with.

    ``add`` compares the new records with each other and, by look-up of their keys, with those
    already there; the library is not gone through again. In whatever portions records come, the
    groups are those of one run over all of them.

    Parameters
    ----------
    weights
        Match weights; those of this release if not given.

    Examples
    --------
    >>> index = DeduplicationIndex()
    >>> index.add([Record("a", "Walking after stroke in rural Norway", ("Berg, K",), 2001)])
    >>> index.add([Record("b", "Walking after stroke in rural Norway.", ("Berg K",), 2001)])
    >>> len(index)
    2
    """

    def __init__(self, weights: Weights | None = None) -> None:
        self._weights = weights or shipped_weights()
        self._journals = JournalTable()
        self._columns: Columns = prepare((), self._journals)
        self._keys = KeyIndex()
        self._rows: dict[str, int] = {}
        self._found = _Found.empty()

    def __len__(self) -> int:
        return len(self._columns)

    def add(self, records: Iterable[Record]) -> None:
        """Add records and compare them.

        Raises
        ------
        DataError
            If a record has no id or one that is there already; nothing is added then.
        """
        with _no_collection():
            self._add(prepare(records, self._journals))

    def add_by_splink(
        self, records: Iterable[Record], *, backend: Backend = "duckdb", session: Any = None
    ) -> None:
        """Add the first records and let Splink compare them; see `deduplicate`.

        Raises
        ------
        DataError
            If there are records already, or ids are missing or repeated.
        """
        if len(self):
            raise DataError("Splink compares a whole set; use add() for records that come later")
        columns = prepare(records, self._journals)
        rows = self._numbered(columns)
        pairs = compared_by_splink(
            columns, self._journals, self._weights, backend=backend, session=session
        )
        self._found = _Found.kept(pairs, match(columns, pairs, self._weights))
        self._keys.add(columns.keys, 0)
        self._columns = columns
        self._rows.update(rows)

    def _numbered(self, new: Columns) -> dict[str, int]:
        """Return the row of each new record; ids must be new."""
        before = len(self._columns)
        rows = {name: before + place for place, name in enumerate(new.id.tolist())}
        if len(rows) < len(new) or not rows.keys().isdisjoint(self._rows):
            seen: set[str] = set()
            for name in new.id.tolist():
                if name in seen or name in self._rows:
                    raise DataError(
                        f"two records have the id {name!r}; ids must be unique in the review: "
                        "put the name of the source in front of them"
                    )
                seen.add(name)
        return rows

    def _add(self, new: Columns) -> None:
        before, rows = len(self._columns), self._numbered(new)
        columns = self._columns.joined(new) if before else new
        first, second = candidate_pairs(columns, self._keys, before)
        parts = [self._found]
        for at in range(0, first.size, _BATCH):
            part = slice(at, at + _BATCH)
            parts.append(self._compared(columns, first[part], second[part]))
        self._found = _Found.joined(parts)
        self._keys.add(new.keys, before)
        self._columns = columns
        self._rows.update(rows)

    def _compared(self, columns: Columns, first: Rows, second: Rows) -> _Found:
        pairs = compare(columns, self._journals, first, second)
        return _Found.kept(pairs, match(columns, pairs, self._weights))

    def result(
        self,
        *,
        together: Iterable[Pair] = (),
        apart: Iterable[Pair] = (),
        bare: Bare = "merge",
    ) -> DeduplicationResult:
        """Return the groups of all records added so far.

        Parameters
        ----------
        together, apart
            Pairs that people have decided; see `deduplicate`.
        bare
            What becomes of pairs with little to compare; see `deduplicate`.
        """
        _check_option("bare", bare, get_args(Bare))
        with _no_collection():
            return self._all_groups(self._decided(together), self._decided(apart), bare)

    def _all_groups(
        self, joined: NDArray[np.int64], parted: NDArray[np.int64], bare: Bare
    ) -> DeduplicationResult:
        count = np.int64(max(len(self), 1))
        both = np.intersect1d(joined, parted)
        if both.size:
            one, two = self._names(int(both[0]))
            raise DataError(
                f"the records {one!r} and {two!r} are decided to be one report and to be two; "
                "remove one of the decisions"
            )
        found = self._found.without(np.union1d(joined, parted), count)
        merged = found.verdict >= Verdict.SAME_REPORT
        asked = found.reason == Reason.BARE
        if bare == "ask":
            merged &= ~asked
        first = np.concatenate((found.first[merged], joined // count))
        second = np.concatenate((found.second[merged], joined % count))
        strength = np.concatenate(
            (_strength(found)[merged], np.full(joined.size, _CERTAIN))
        ).astype(np.float64)

        places = np.flatnonzero(merged)
        waived = np.arange(len(self), dtype=np.int64)

        def refused(one: Rows, two: Rows) -> NDArray[np.bool_]:
            return self._refused(one, two, waived, parted)

        if joined.size:
            # people join groups as a whole: no rule speaks against what follows from a decision
            rules = cluster(self._columns.id, first[: places.size], second[: places.size],
                            strength[: places.size], refused).label  # fmt: skip
            waived = components(len(self), rules[joined // count], rules[joined % count])[rules]
        groups = cluster(self._columns.id, first, second, strength, refused)
        decided = groups.made >= places.size
        made = found.at(places[groups.made[~decided]])
        merges = self._evidence(made)
        for place in groups.made[decided].tolist():
            one, two = sorted((self._columns.id[first[place]], self._columns.id[second[place]]))
            merges.append(PairEvidence(one, two, "same report", _CERTAIN, Reason.PERSON))
        open_ = (found.verdict == Verdict.DOUBTFUL) | (asked & ~merged)
        open_[places[groups.refused[groups.refused < places.size]]] = True
        open_ &= groups.label[found.first] != groups.label[found.second]
        rest = self._evidence(found.at(np.flatnonzero(open_)), merged=False)
        return self._result(groups.label, merges, rest)

    def _result(
        self,
        label: NDArray[np.int64],
        merges: Sequence[PairEvidence],
        rest: Sequence[PairEvidence],
    ) -> DeduplicationResult:
        ids = self._columns.id
        order = np.lexsort((np.arange(ids.size), label))
        ends = np.ones(min(ids.size, 1), dtype=np.bool_)
        bounds = np.flatnonzero(np.r_[ends, np.diff(label[order]) != 0, ends])
        groups: list[tuple[str, ...]] = []
        singles: list[str] = []
        named = ids[order].tolist()
        for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            if end - begin == 1:
                singles.append(named[begin])
            else:
                groups.append(tuple(sorted(named[begin:end])))

        def likely(pair: PairEvidence) -> tuple[float, str, str]:
            return -pair.score, pair.first, pair.second

        return DeduplicationResult(
            groups=tuple(sorted(groups)),
            singles=tuple(sorted(singles)),
            merges=tuple(sorted(merges, key=lambda pair: (pair.first, pair.second))),
            doubtful=tuple(
                sorted((pair for pair in rest if pair.relation == "doubtful"), key=likely)
            ),
            links=tuple(
                sorted((pair for pair in rest if pair.relation == "same study"), key=likely)
            ),
        )

    def _names(self, code: int) -> list[str]:
        count = len(self)
        return sorted((self._columns.id[code // count], self._columns.id[code % count]))

    def _decided(self, pairs: Iterable[Pair]) -> NDArray[np.int64]:
        """Return decided pairs as codes ``low * records + high``."""
        codes = []
        for pair in pairs:
            for name in pair:
                if name not in self._rows:
                    raise DataError(
                        f"a decision names the record {name!r}, which is not among the "
                        f"{len(self)} records; check the id"
                    )
            one, two = sorted(self._rows[name] for name in pair)
            if one == two:
                raise DataError(f"a decision names the record {pair[0]!r} twice")
            codes.append(one * len(self) + two)
        return np.unique(np.array(codes, dtype=np.int64))

    def _refused(
        self,
        one: Rows,
        two: Rows,
        waived: NDArray[np.int64],
        parted: NDArray[np.int64],
    ) -> NDArray[np.bool_]:
        """Return which pairs may not share a group; those of one number in ``waived`` may."""
        bad = np.zeros(one.size, dtype=np.bool_)
        for at in range(0, one.size, _BATCH):
            part = slice(at, at + _BATCH)
            pairs = compare(self._columns, self._journals, one[part], two[part])
            matches = match(self._columns, pairs, self._weights)
            against = (matches.score < _AGAINST) & (matches.verdict < Verdict.DOUBTFUL)
            bad[part] = (matches.veto != 0) | against
        codes = one * np.int64(max(len(self), 1)) + two
        refused: NDArray[np.bool_] = (bad & (waived[one] != waived[two])) | np.isin(codes, parted)
        return refused

    def _evidence(self, found: _Found, merged: bool = True) -> list[PairEvidence]:
        ids = self._columns.id
        names = zip(ids[found.first].tolist(), ids[found.second].tolist(), strict=True)
        raw = found.levels.tobytes()
        width = len(levels.FIELDS)
        known: dict[bytes, bytes] = {}
        evidence = []
        kinds = [Reason(code) for code in range(max(Reason) + 1)]
        reasons, scores = found.reason.tolist(), np.round(found.score.astype(float), 2).tolist()
        records = (found.verdict == Verdict.SAME_RECORD).tolist()
        forbidden = {code: Veto(code) for code in np.unique(found.veto).tolist()}
        bits = found.veto.tolist()
        for place, (one, two) in enumerate(names):
            if two < one:
                one, two = two, one
            row = raw[place * width : (place + 1) * width]
            veto = forbidden[bits[place]]
            relation: Relation = "doubtful"
            if merged:
                relation = "same record" if records[place] else "same report"
            elif veto and not veto & ~STUDY_VETOES & ~Veto.PLACE & ~Veto.DOI & ~Veto.PMID:
                relation = "same study" if veto & STUDY_VETOES else "doubtful"
            evidence.append(
                PairEvidence(
                    one,
                    two,
                    relation,
                    scores[place],
                    kinds[reasons[place]] if merged else Reason.NONE,
                    veto,
                    known.setdefault(row, row),
                )
            )
        return evidence


def _strength(found: _Found) -> NDArray[np.float64]:
    """Order merges: identifiers before place before weights, then by score."""
    rank = np.zeros(8)
    rank[[Reason.COPY, Reason.PMID, Reason.DOI, Reason.PLACE]] = (400, 300, 200, 100)
    rank[Reason.BARE] = -100
    return rank[found.reason] + found.score


class _Found:
    """Kept pairs: those merged, and those for a person."""

    __slots__ = ("first", "levels", "reason", "score", "second", "verdict", "veto")

    def __init__(
        self,
        first: Rows,
        second: Rows,
        verdict: NDArray[np.uint8],
        reason: NDArray[np.uint8],
        veto: NDArray[np.int32],
        score: NDArray[np.float32],
        table: NDArray[np.uint8],
    ) -> None:
        self.first = first
        self.second = second
        self.verdict = verdict
        self.reason = reason
        self.veto = veto
        self.score = score
        self.levels = table

    @classmethod
    def empty(cls) -> _Found:
        """Return no pairs."""
        rows = np.empty(0, dtype=np.int64)
        codes = np.empty(0, dtype=np.uint8)
        return cls(
            rows, rows, codes, codes, np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32),
            np.empty((0, len(levels.FIELDS)), dtype=np.uint8),
        )  # fmt: skip

    @classmethod
    def kept(cls, pairs: Comparison, matches: Matches) -> _Found:
        """Return the pairs that are merged or doubtful."""
        kept = np.flatnonzero(matches.verdict != Verdict.APART)
        first, second = pairs.first[kept], pairs.second[kept]
        verdict, reason = matches.verdict[kept], matches.reason[kept]
        return cls(
            first, second, verdict, reason, matches.veto[kept], matches.score[kept],
            pairs.levels[kept],
        )  # fmt: skip

    @classmethod
    def joined(cls, parts: Sequence[_Found]) -> _Found:
        """Return the pairs of all parts."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in _FOUND))

    def at(self, places: NDArray[np.int64]) -> _Found:
        """Return the pairs at some places."""
        return _Found(*(getattr(self, name)[places] for name in _FOUND))

    def without(self, codes: NDArray[np.int64], count: np.int64) -> _Found:
        """Return the pairs but those that people decided."""
        if not codes.size:
            return self
        return self.at(np.flatnonzero(~np.isin(self.first * count + self.second, codes)))


_FOUND = ("first", "second", "verdict", "reason", "veto", "score", "levels")
