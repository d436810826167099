"""Screening replayed on records whose labels are known, so that a team can plan."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from evisynth.display import format_columns, format_count, format_number, format_percent, plural
from evisynth.errors import DataError
from evisynth.prioritization.metrics import OrderMetrics, order_metrics
from evisynth.prioritization.prioritizer import Corpus, Prioritizer
from evisynth.prioritization.stopping import Hypergeometric
from evisynth.prioritization.truth import level, truth, truths
from evisynth.records import Record

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Replay", "Simulation", "draw_priors", "replay_stopping", "simulate"]

Watch = Callable[[str, int, int], None]

MEASURES = (
    ("recall_10", "recall in the first 10%"),
    ("recall_20", "recall in the first 20%"),
    ("recall_50", "recall in the first 50%"),
    ("wss_95", "work saved at 95% recall (WSS@95)"),
    ("atd", "average time to discovery (share)"),
    ("loss", "loss (0 is best)"),
    ("ndcg", "NDCG"),
    ("read_to_95", "records read to 95% recall"),
    ("read_to_all", "records read to the last"),
)


@dataclass(frozen=True, slots=True)
class Replay:
    """One run.

    Attributes
    ----------
    seed : int
        Seed of the priors and of the model.
    priors : tuple of str
        Records known at the start.
    labels : array of bool, shape (records,)
        Relevant or not in the order read, priors left out. After the last relevant record the rest
        is irrelevant in any order.
    metrics : OrderMetrics
        Measures of the order.
    stopped_at : int
        Records read when the stopping rule was met first.
    recall_at_stop : float
        Share of the relevant found by then.
    held : bool
        Whether that is at least the rule's target.
    """

    seed: int
    priors: tuple[str, ...]
    labels: npt.NDArray[np.bool_] = field(repr=False)
    metrics: OrderMetrics
    stopped_at: int
    recall_at_stop: float
    held: bool


@dataclass(frozen=True, slots=True)
class Simulation:
    """Runs on one set of records.

    Attributes
    ----------
    runs : tuple of Replay
        One for each seed.
    records, relevant : int
        Records and relevant ones, priors included.
    model : str
        What ranked, in words.
    start : str
        How each run began, in words.
    target, confidence : float
        What the stopping rule promises.
    notes : tuple of str
        What a reader should know.
    """

    runs: tuple[Replay, ...]
    records: int
    relevant: int
    model: str
    start: str
    target: float
    confidence: float
    notes: tuple[str, ...] = ()

    def mean(self, measure: str) -> float:
        """Return the mean of a measure of `OrderMetrics` over the runs."""
        return float(np.mean([getattr(run.metrics, measure) for run in self.runs]))

    @property
    def read_at_stop(self) -> float:
        """Share of the records read when the stopping rule was met, mean over the runs."""
        return float(np.mean([run.stopped_at / run.metrics.records for run in self.runs]))

    @property
    def held(self) -> float:
        """Share of the runs in which the stopping rule's statement was true."""
        return float(np.mean([run.held for run in self.runs]))

    def __str__(self) -> str:
        rows = [["", "mean", "lowest", "highest"]]
        for measure, words in MEASURES:
            values = [float(getattr(run.metrics, measure)) for run in self.runs]
            digits = 0 if measure.startswith("read") else 3
            shown = (float(np.mean(values)), min(values), max(values))
            rows.append([words, *(format_number(value, digits) for value in shown)])
        aim, sure = format_percent(100 * self.target), format_percent(100 * self.confidence)
        lines = [
            f"{plural(self.records, 'record')}, {format_count(self.relevant)} relevant; "
            f"{plural(len(self.runs), 'run')}, {self.start}",
            *format_columns(rows),
            f"Stopping rule (hypergeometric, {aim} recall with {sure} confidence): met after "
            f"{format_percent(100 * self.read_at_stop)} of the records on average; its statement "
            f"was true in {format_percent(100 * self.held)} of the runs",
        ]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])

    def to_frame(self) -> pd.DataFrame:
        """Return the measures as a table, one row a run."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "seed": run.seed,
                    **{name: getattr(run.metrics, name) for name in run.metrics.__slots__},
                    "stopped_at": run.stopped_at,
                    "recall_at_stop": run.recall_at_stop,
                    "held": run.held,
                }
                for run in self.runs
            ]
        )

    def method_sentence(self) -> str:
        """Say what was simulated."""
        return (
            f"Screening of {plural(self.records, 'record')} with known labels was replayed "
            f"{format_count(len(self.runs))} times with {self.model}; {self.start}."
        )


def draw_priors(relevant: Sequence[bool], count: int, seed: int) -> tuple[int, ...]:
    """Draw records known at the start, as ASReview's ``--prior-seed`` does.

    Parameters
    ----------
    relevant
        Labels in the order of the file.
    count
        Relevant ones to draw, and as many irrelevant ones.
    seed
        Seed of both draws.

    Returns
    -------
    tuple of int
        Places, the relevant first.

    Raises
    ------
    DataError
        When there are not so many of both kinds, or no relevant one would be left to find.

    Examples
    --------
    >>> draw_priors([True, False, True, False], 1, 1)
    (0, 1)
    """
    labels = truths(relevant)
    if not count:
        return ()
    places: list[int] = []
    for kind, left in ((True, 1), (False, 1)):
        there = np.flatnonzero(labels == kind)
        if len(there) < count + left:
            word = "relevant" if kind else "irrelevant"
            raise DataError(
                f"{plural(len(there), f'{word} record')}: {count} cannot be known at the start "
                "with one left to find; begin with fewer, or with none and a question"
            )
        # ASReview draws with the legacy generator; the same draw makes runs comparable
        drawn = np.random.RandomState(seed).choice(there, count, replace=False)
        places += [int(place) for place in drawn]
    return tuple(places)


def replay_stopping(
    labels: Sequence[bool], rule: Hypergeometric | None = None
) -> tuple[int, float]:
    """Return after how many records the rule was met first, and the recall by then.

    The rule is looked at after every record: the hardest use of it. Between two relevant records
    its P value only falls, so that the first time is found by bisection.

    Parameters
    ----------
    labels
        Relevant or not in the order read, for every record.
    rule
        The rule; 95 percent recall with 95 percent confidence by default.

    Returns
    -------
    int, float
        All records and 1 when it was not met before the end.

    Examples
    --------
    >>> replay_stopping([True] * 40 + [False] * 400)
    (293, 1.0)
    """
    rule = rule or Hypergeometric()
    found = truths(labels)
    total, hits = len(found), np.flatnonzero(found)

    def met(read: int) -> bool:
        return rule.p_value(found[:read], total) < level(rule.confidence)

    for number, hit in enumerate(hits):
        first, last = int(hit) + 1, int(hits[number + 1]) if number + 1 < len(hits) else total
        if not met(last):
            continue
        while first < last:
            middle = (first + last) // 2
            first, last = (first, middle) if met(middle) else (middle + 1, last)
        return first, (number + 1) / len(hits)
    return total, 1.0


def simulate(
    records: Iterable[Record],
    relevant: Mapping[str, bool],
    *,
    prioritizer: Prioritizer | None = None,
    question: str = "",
    criteria: Sequence[str] = (),
    priors: int | None = None,
    seeds: Iterable[int] = range(1, 11),
    rule: Hypergeometric | None = None,
    progress: Watch | None = None,
) -> Simulation:
    """Replay the screening of records whose labels are known.

    Parameters
    ----------
    records
        The records.
    relevant
        Label of every record by id.
    prioritizer
        How to rank; its seed is replaced by that of the run.
    question, criteria
        The review's question and criteria in words, for the start.
    priors
        Relevant records known at the start, and as many irrelevant ones; by default 1, and 0 when a
        question or criteria are given.
    seeds
        One run for each.
    rule
        The stopping rule to be replayed; 95 percent recall with 95 percent confidence by default.
    progress
        Called with what is being done, how much is done and how much there is.

    Returns
    -------
    Simulation

    Raises
    ------
    DataError
        A record without label, fewer than two relevant ones or no irrelevant one.

    Examples
    --------
    >>> records = [Record(id=str(n), title="sleep trial" if n < 3 else "pigs") for n in range(9)]
    >>> result = simulate(records, {str(n): n < 3 for n in range(9)}, question="sleep", seeds=[1])
    >>> result.runs[0].metrics.read_to_all
    3
    """
    from dataclasses import replace

    listed, base = list(records), prioritizer or Prioritizer()
    labels = _labels(listed, relevant)
    if priors is None:
        priors = 0 if question or criteria else 1
    corpus = base.prepare(listed, question=question, criteria=criteria)
    chosen, stop = list(seeds), rule or Hypergeometric()
    if not chosen:
        raise DataError("no seed, no run: give at least one seed")
    runs = []
    for number, seed in enumerate(chosen):
        watch = _part(progress, number, len(chosen))
        known = draw_priors(labels.tolist(), priors, seed)
        runs.append(_replay(corpus, labels, replace(base, seed=seed), known, stop, watch))
    return Simulation(
        runs=tuple(runs),
        records=len(listed),
        relevant=int(labels.sum()),
        model=base.words(),
        start=_start(priors, bool(question or criteria)),
        target=stop.target,
        confidence=stop.confidence,
        notes=_notes(corpus, labels, priors, bool(question or criteria)),
    )


def _labels(records: Sequence[Record], relevant: Mapping[str, bool]) -> npt.NDArray[np.bool_]:
    missing = [record.id for record in records if record.id not in relevant]
    if missing:
        raise DataError(
            f"{plural(len(missing), 'record')} without a label, the first is {missing[0]!r}; a "
            "simulation needs the label of every record"
        )
    labels = np.array(
        [truth(relevant[record.id], f"label of record {record.id}") for record in records],
        dtype=np.bool_,
    )
    count = int(labels.sum())
    if not 0 < count < len(labels):
        which = "no record is" if not count else "every record is"
        raise DataError(
            f"{which} labelled relevant ({plural(len(labels), 'record')}); a simulation needs "
            "both kinds: look at the column of labels"
        )
    return labels


def _start(priors: int, question: bool) -> str:
    asked = "the question given" if question else "no question"
    if priors:
        return f"{priors} relevant and {priors} irrelevant known at the start, {asked}"
    return f"nothing known at the start, {asked}"


def _notes(
    corpus: Corpus, labels: npt.NDArray[np.bool_], priors: int, question: bool
) -> tuple[str, ...]:
    notes = []
    blank = int(corpus.features.empty[: len(corpus.ids)].sum())
    if blank:
        hidden = int(labels[corpus.features.empty[: len(corpus.ids)]].sum())
        notes.append(
            f"{plural(blank, 'record')} without any text ({format_count(hidden)} relevant) read "
            "last: nothing can rank them"
        )
    if not corpus.features.matrix.shape[1]:
        notes.append("the texts tell no record from another: the order is random")
    elif not priors and not question:
        notes.append("begins in random order until a relevant record is found")
    return tuple(notes)


def _part(progress: Watch | None, number: int, runs: int) -> Watch | None:
    if progress is None:
        return None

    def tell(text: str, done: int, total: int) -> None:
        progress(f"Run {number + 1} of {runs}: {text}", number * total + done, runs * total)

    return tell


def _replay(
    corpus: Corpus,
    labels: npt.NDArray[np.bool_],
    prioritizer: Prioritizer,
    priors: Sequence[int],
    rule: Hypergeometric,
    progress: Watch | None,
) -> Replay:
    known = {corpus.ids[place]: bool(labels[place]) for place in priors}
    left = int(labels.sum()) - sum(known.values())
    to_find = left
    read: list[bool] = []
    while left:
        nearest = prioritizer.rank(corpus, known).records[0]
        label = bool(labels[corpus.place[nearest]])
        known[nearest] = label
        read.append(label)
        left -= label
        if progress is not None and (label or len(read) % 20 == 0):
            progress(f"{plural(len(read), 'record')} read", to_find - left, to_find)
    order = np.zeros(len(labels) - len(priors), dtype=bool)
    order[: len(read)] = read
    at, recall = replay_stopping(order.tolist(), rule)
    return Replay(
        seed=prioritizer.seed,
        priors=tuple(corpus.ids[place] for place in priors),
        labels=order,
        metrics=order_metrics(order.tolist()),
        stopped_at=at,
        recall_at_stop=recall,
        held=math.isclose(recall, rule.target) or recall >= rule.target,
    )
