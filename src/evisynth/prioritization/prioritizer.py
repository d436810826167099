"""The ranking of records by what was decided so far."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evisynth.display import format_columns, format_count, format_number, plural
from evisynth.errors import DataError, OptionError
from evisynth.prioritization.balancing import Known
from evisynth.prioritization.features import Features, fingerprint_of_texts
from evisynth.prioritization.registry import Kind, part
from evisynth.prioritization.text import document, joined, words_in
from evisynth.prioritization.training import Label, label_arrays
from evisynth.records import Record

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Corpus", "Prioritizer", "Ranking"]

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Ranking:
    """Records without a decision in the order to be read.

    Attributes
    ----------
    records : tuple of str
        Ids, the first to be read first.
    scores : array, shape (records,)
        Score of each, on no scale that means anything by itself; NaN where nothing was learned.
    model : str
        What ranked, in words for the methods section.
    versions : dict of str to str
        Name and version of each part, by kind.
    seed : int
        Seed of everything drawn by chance.
    fingerprint : str
        SHA-256 of the texts, the question, the labels and the settings that it was computed from.
    relevant, irrelevant : int
        Labels learned from.
    without_text : tuple of str
        Ids of records without any word; they stand last and need a person's look.
    basis : {"decisions", "question", "random", "language model"}
        What the order rests on: decisions (and the question, where given), the question or key
        papers alone, chance, or scores of a language model (`rank_by_answers`).
    notes : tuple of str
        What a reader should know.
    """

    records: tuple[str, ...] = field(repr=False)
    scores: npt.NDArray[np.float64] = field(repr=False)
    model: str
    versions: dict[str, str]
    seed: int
    fingerprint: str
    relevant: int
    irrelevant: int
    without_text: tuple[str, ...] = ()
    basis: str = "decisions"
    notes: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return what a report says of the ranking, as plain values to be kept."""
        from importlib.metadata import version

        return {
            "model": self.model,
            "versions": self.versions | {"evisynth": version("evisynth")},
            "seed": self.seed,
            "fingerprint": self.fingerprint,
            "relevant": self.relevant,
            "irrelevant": self.irrelevant,
        }

    def __len__(self) -> int:
        return len(self.records)

    def __str__(self) -> str:
        lines = [
            f"{plural(len(self.records), 'record')} to read, ranked by {self.basis}: "
            f"{format_count(self.relevant)} relevant and {format_count(self.irrelevant)} "
            "irrelevant learned from"
        ]
        rows = [["rank", "record", "score"]] + [
            [str(rank), record, format_number(float(score), 3)]
            for rank, (record, score) in enumerate(
                zip(self.records[:SHOWN], self.scores[:SHOWN], strict=True), start=1
            )
        ]
        lines += format_columns(rows)
        if len(self.records) > SHOWN:
            lines.append(f"  ... {format_count(len(self.records) - SHOWN)} more")
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return rank, record and score as a table."""
        import pandas as pd

        return pd.DataFrame(
            {
                "rank": np.arange(1, len(self.records) + 1),
                "record": list(self.records),
                "score": self.scores,
            }
        )

    def method_sentence(self) -> str:
        """Say how the records were ranked, as a methods section does."""
        return (
            f"Records were ranked for screening with {self.model}, learned anew after each "
            f"decision (seed {self.seed})."
        )


@dataclass(frozen=True, slots=True)
class Corpus:
    """Records made ready once, so that each new ranking takes milliseconds.

    Attributes
    ----------
    ids : tuple of str
        Ids of the records in their order.
    features : Features
        Records, then the question, then the key papers.
    question : bool
        Whether there is a row of the question.
    key_papers : int
        How many rows of key papers there are.
    place : dict of str to int
        Row of each record.
    fingerprint : str
        SHA-256 of ids and texts.
    """

    ids: tuple[str, ...] = field(repr=False)
    features: Features
    question: bool
    key_papers: int
    place: Mapping[str, int] = field(repr=False)
    fingerprint: str


def _records_in(given: Iterable[Record]) -> list[Record]:
    """Return the records; a table or anything else is refused with the way to read one."""
    listed = list(given)
    for each in listed:
        if not isinstance(each, Record):
            raise DataError(
                f"records are wanted, not {type(each).__name__} ({each!r:.40}); read a table by "
                "evisynth.records.read_records(path).records, or make each Record(id=..., "
                "title=..., abstract=...)"
            )
    return listed


@dataclass(frozen=True, slots=True)
class Prioritizer:
    """How records are ranked: the parts by name, their options, and the seed.

    A ranking is a function of the records, the labels and these settings alone: the same ones give
    the same order, whatever was ranked before and in whatever order the labels came.

    Attributes
    ----------
    features, classifier, balancer, query : str
        Names of the parts (`evisynth.prioritization.parts_of` lists them).
    seed : int
        Seed of everything drawn by chance.
    options : mapping of str to mapping
        Options by kind of part: ``{"classifier": {"cost": 0.1}}``.

    Examples
    --------
    >>> from evisynth.records import Record
    >>> titles = ("Sleep trial in adults", "Virus of pigs", "Sleep of adults", "Pigs and virus")
    >>> records = [Record(id=str(n), title=title) for n, title in enumerate(titles)]
    >>> Prioritizer().rank(records, {"0": True, "1": False}).records
    ('2', '3')
    >>> Prioritizer().rank(records, {}, question="virus in pigs").records[:2]
    ('1', '3')
    """

    features: str = "words-and-pairs"
    classifier: str = "linear-svm"
    balancer: str = "background"
    query: str = "highest-first"
    seed: int = 1
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kinds = tuple(kind for kind, _ in self._chosen())
        for kind, name in self._chosen():
            part(kind, name)
        for given in self.options:
            if given not in kinds:
                raise OptionError("options", given, kinds)
        for kind, name in self._chosen():
            self._make(kind, name)

    def _chosen(self) -> tuple[tuple[Kind, str], ...]:
        return (
            ("features", self.features),
            ("classifier", self.classifier),
            ("balancer", self.balancer),
            ("query", self.query),
        )

    def _make(self, kind: Kind, name: str) -> Any:
        given = dict(self.options.get(kind, {}))
        try:
            return part(kind, name).make(**given)
        except TypeError as error:
            raise DataError(
                f"the options {given!r} do not fit the {kind} {name!r}: {error}"
            ) from error

    def words(self) -> str:
        """Name the model in plain words, for the methods section.

        Examples
        --------
        >>> Prioritizer(balancer="equal").words()[:39]
        'a linear support vector machine with sq'
        """
        said = {kind: part(kind, name).words for kind, name in self._chosen()}
        return f"{said['classifier']} on {said['features']}; {said['balancer']}; {said['query']}"

    def versions(self) -> dict[str, str]:
        """Return name and version of each part by kind."""
        return {kind: f"{name} {part(kind, name).version}" for kind, name in self._chosen()}

    def prepare(
        self,
        records: Iterable[Record],
        *,
        question: str = "",
        criteria: Sequence[str] = (),
        key_papers: Iterable[Record] = (),
    ) -> Corpus:
        """Make records ready, once for many rankings.

        Parameters
        ----------
        records
            The records to be screened.
        question
            The review's question in words.
        criteria
            Inclusion criteria in words; read together with the question.
        key_papers
            Records known to be relevant; those that are among ``records`` are better given as
            labels.

        Returns
        -------
        Corpus

        Raises
        ------
        DataError
            When there is no record, an id stands twice, or no record has any word.
        """
        listed = _records_in(records)
        ids = tuple(record.id for record in listed)
        if not ids:
            raise DataError("there is no record to rank; import records first")
        place = {name: row for row, name in enumerate(ids)}
        if len(place) < len(ids):
            twice = next(name for row, name in enumerate(ids) if place[name] != row)
            raise DataError(f"the record id {twice!r} stands twice; ids must differ")
        asked = joined((question, *criteria))
        papers = [document(paper) for paper in _records_in(key_papers)]
        texts = [document(record) for record in listed]
        if not any(words_in(text) for text in texts):
            raise DataError(
                f"none of the {plural(len(ids), 'record')} has a title, abstract or keyword to "
                "learn from; look at the columns of the import"
            )
        texts += [asked] if asked else []
        texts += papers
        found = self._make("features", self.features).extract(texts, len(ids))
        whole = fingerprint_of_texts((found.fingerprint, *ids))
        return Corpus(ids, found, bool(asked), len(papers), place, whole)

    def rank(
        self,
        records: Iterable[Record] | Corpus,
        decisions: Mapping[str, Label | float | bool],
        *,
        question: str = "",
        criteria: Sequence[str] = (),
        key_papers: Iterable[Record] = (),
    ) -> Ranking:
        """Rank the records that have no decision yet.

        Parameters
        ----------
        records
            The records, or what `prepare` made of them.
        decisions
            Label by record id: true or 1 for relevant, false or 0 for irrelevant, a share between
            them, or a `Label`. See `training_labels` for what one person's queue may know.
        question, criteria, key_papers
            As in `prepare`; not together with a `Corpus`, which has them already.

        Returns
        -------
        Ranking

        Raises
        ------
        DataError
            When a decision is on an unknown record, or `prepare` refuses the records.
        """
        given = tuple(key_papers)
        if isinstance(records, Corpus):
            if question or criteria or given:
                raise DataError("question, criteria and key papers belong to prepare()")
            corpus = records
        else:
            corpus = self.prepare(records, question=question, criteria=criteria, key_papers=given)
        return self._rank(corpus, _decided(corpus, decisions))

    def _rank(self, corpus: Corpus, decided: _Decided) -> Ranking:
        features, count = corpus.features, len(corpus.ids)
        read = np.zeros(count, dtype=bool)
        read[decided.rows] = True
        known, counts, notes = self._known(corpus, decided, read)
        scores, basis = self._scores(corpus, known, notes)
        open_rows = np.flatnonzero(~read)
        shown = np.where(features.empty[open_rows], -np.inf, scores[open_rows])
        order = self._make("query", self.query).order(shown, self.seed, len(decided.rows))
        rows = open_rows[order]
        rows = rows[np.argsort(features.empty[rows], kind="stable")]
        blank = tuple(corpus.ids[row] for row in rows[features.empty[rows]])
        if blank:
            notes.append(
                f"{plural(len(blank), 'record')} without any text cannot be ranked and stand last; "
                "a person must look at them"
            )
        found = np.where(features.empty[rows] | (basis == "random"), np.nan, scores[rows])
        return Ranking(
            records=tuple(map(corpus.ids.__getitem__, rows.tolist())),
            scores=found,
            model=self.words(),
            versions=self.versions(),
            seed=self.seed,
            fingerprint=self._fingerprint(corpus, decided),
            relevant=counts[0],
            irrelevant=counts[1],
            without_text=blank,
            basis=basis,
            notes=tuple(notes),
        )

    def _known(
        self, corpus: Corpus, decided: _Decided, read: npt.NDArray[np.bool_]
    ) -> tuple[Known, tuple[int, int], list[str]]:
        """Return the labelled rows in the order of the records, then question and key papers."""
        features, notes = corpus.features, []
        with_text = ~features.empty[decided.rows]
        if not with_text.all():
            skipped = plural(int((~with_text).sum()), "decision")
            notes.append(f"{skipped} on records without any text not learned")
        targets = decided.targets[with_text]
        rows: list[int] = decided.rows[with_text].tolist()
        # A record on which people differ is relevant in part, not irrelevant in part.
        signs: list[float] = np.where(targets > 0, 1.0, -1.0).tolist()
        shares = np.where(targets > 0, targets, 1.0)
        weights: list[float] = (decided.weights[with_text] * shares).tolist()
        counts = (int((targets > 0).sum()), int((targets <= 0).sum()))
        context = list(range(len(corpus.ids), features.matrix.shape[0]))
        for number, row in enumerate(context):
            if features.matrix.indptr[row + 1] == features.matrix.indptr[row]:
                notes.append("the question or a key paper shares no word with the records")
                continue
            rows.append(row)
            signs.append(1.0)
            asks = corpus.question and number == 0
            # The question stands for a relevant record until there are some.
            weights.append(1.0 / (1.0 + counts[0]) if asks else 1.0)
        unread = np.random.default_rng(self.seed).permutation(len(corpus.ids))
        unread = unread[~(read | features.empty[: len(corpus.ids)])[unread]]
        known = Known(
            np.asarray(rows, dtype=np.intp),
            np.asarray(signs, dtype=np.float64),
            np.asarray(weights, dtype=np.float64),
            unread.astype(np.intp),
        )
        return known, counts, notes

    def _scores(
        self, corpus: Corpus, known: Known, notes: list[str]
    ) -> tuple[npt.NDArray[np.float64], str]:
        """Return scores of the records and what they rest on."""
        count = len(corpus.ids)
        relevant = bool((known.signs > 0).any())
        if relevant and corpus.features.matrix.shape[1]:
            training = self._make("balancer", self.balancer).balance(known)
            both = bool((training.signs < 0).any())
            decided = bool((known.rows < count).any())
            if both:
                scorer = self._make("classifier", self.classifier)
                scores = scorer.score(corpus.features, training, self.seed)
                return scores[:count], "decisions" if decided else "question"
            rows = corpus.features.matrix
            like = np.asarray(rows @ rows[known.rows].sum(axis=0).T, dtype=np.float64).ravel()
            notes.append("all that is known is relevant: ranked by likeness to it")
            return like[:count], "decisions" if decided else "question"
        why = (
            "no record is known to be relevant, and no question or key paper was given"
            if not relevant
            else "the texts of all records are the same"
        )
        notes.append(f"{why}: the order is random (seed {self.seed})")
        scores = np.empty(count)
        scores[np.random.default_rng(self.seed).permutation(count)] = np.linspace(1.0, 0.0, count)
        return scores, "random"

    def _fingerprint(self, corpus: Corpus, decided: _Decided) -> str:
        settings = sorted((kind, sorted(given.items())) for kind, given in self.options.items())
        said = np.stack([decided.rows.astype(np.float64), decided.targets, decided.weights])
        parts = (
            corpus.fingerprint,
            repr((corpus.question, corpus.key_papers, self.seed)),
            repr(sorted(self.versions().items())),
            repr(settings),
        )
        digest = hashlib.sha256(said.astype("<f8").tobytes())
        for text in parts:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\x1e")
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Decided:
    """Decisions in the order of the records, whatever order they came in."""

    rows: npt.NDArray[np.intp]
    targets: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]


def _decided(corpus: Corpus, decisions: Mapping[str, Label | float | bool]) -> _Decided:
    names, targets, weights = label_arrays(decisions)
    unknown = [name for name in names if name not in corpus.place]
    if unknown:
        raise DataError(
            f"{plural(len(unknown), 'decision')} on records that are not here: "
            f"{', '.join(map(repr, sorted(unknown)[:3]))}"
        )
    rows = np.array([corpus.place[name] for name in names], dtype=np.intp)
    order = np.argsort(rows)
    return _Decided(rows[order], targets[order], weights[order])
