"""How well the reviewers of a stage agree: together, by pair, and with whoever rated what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from evisynth.display import format_columns, format_count, plural
from evisynth.screening.coefficients import (
    Coefficient,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    pabak,
    percent_agreement,
)
from evisynth.screening.decisions import Decision, Stage, StageName, Verdict, grouped

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["AgreementReport", "PairAgreement", "agreement_report", "independent_votes"]

_PLACES: dict[Verdict, int] = {"include": 0, "exclude": 1, "maybe": 2}


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """How well two reviewers agree on the records that both decided on.

    Attributes
    ----------
    first, second : str
        Ids, the one that sorts first in front.
    records : int
        Records that both decided on.
    agreed : int
        Of these, records with the same verdict twice.
    table : dict of (Verdict, Verdict) to int
        Verdicts of the first and the second.
    disagreed : tuple of str
        Ids of the records on which they differ.
    percent, kappa, pabak, ac1 : Coefficient
        Percent agreement, Cohen's kappa, PABAK, Gwet's AC1.
    """

    first: str
    second: str
    records: int
    agreed: int
    table: dict[tuple[Verdict, Verdict], int]
    disagreed: tuple[str, ...]
    percent: Coefficient
    kappa: Coefficient
    pabak: Coefficient
    ac1: Coefficient


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """How well the reviewers of a stage agree.

    Attributes
    ----------
    stage : StageName
        Stage.
    people : tuple of str
        Ids of those who decided on a record that another decided on too.
    records : int
        Records with at least two independent decisions.
    single : int
        Records with one; they say nothing of agreement.
    categories : tuple of Verdict
        Verdicts told apart, after the policy on ``maybe``.
    percent, fleiss, pabak, ac1, alpha : Coefficient
        Over all records and people.
    kappa : Coefficient
        Cohen's kappa where two people decided; NaN with the reason where there were more.
    pairs : tuple of PairAgreement
        By pair of people with records in common.
    """

    stage: StageName
    people: tuple[str, ...]
    records: int
    single: int
    categories: tuple[Verdict, ...]
    percent: Coefficient
    kappa: Coefficient
    fleiss: Coefficient
    pabak: Coefficient
    ac1: Coefficient
    alpha: Coefficient
    pairs: tuple[PairAgreement, ...]

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """The coefficients over all, in the order shown."""
        return (self.percent, self.kappa, self.fleiss, self.pabak, self.ac1, self.alpha)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient: for all, then for each pair."""
        import pandas as pd

        rows = [("all", found) for found in self.coefficients]
        for pair in self.pairs:
            who = f"{pair.first} – {pair.second}"
            rows += [(who, found) for found in (pair.percent, pair.kappa, pair.pabak, pair.ac1)]
        return pd.DataFrame(
            [
                {
                    "people": who,
                    "records": found.items,
                    "coefficient": found.name,
                    "value": found.value,
                    "se": found.se,
                    "ci_lower": found.ci_lower,
                    "ci_upper": found.ci_upper,
                    "reason": found.reason,
                }
                for who, found in rows
            ]
        )

    def method_sentence(self) -> str:
        """Say what was computed, with references."""
        return (
            "Agreement was computed from the independent decisions, before any discussion:"
            " percent agreement, Cohen's kappa by pair of reviewers (doi:10.1177/001316446002000104"
            "), and over all records Fleiss' kappa (doi:10.1037/h0031619), the prevalence- and"
            " bias-adjusted kappa (doi:10.1016/0895-4356(93)90018-V), Gwet's AC1"
            " (doi:10.1348/000711006X126600) and Krippendorff's alpha"
            " (doi:10.1080/19312450709336664; bootstrap over records, doi:10.1186/"
            "s12874-016-0200-9), which take records decided on by different people and by"
            " different numbers of people."
        )

    def __str__(self) -> str:
        stage = self.stage.replace("_", " and " if self.stage == "title_abstract" else " ")
        head = (
            f"Agreement at {stage}: {plural(self.records, 'record')} decided on by at least two of"
            f" {plural(len(self.people), 'person', 'people')}"
        )
        lines = [head, *(f"  {found}" for found in self.coefficients)]
        if self.pairs:
            rows = [["pair", "records", "percent", "kappa", "PABAK", "AC1"]]
            rows += [
                [
                    f"{pair.first} – {pair.second}",
                    format_count(pair.records),
                    *(
                        str(found).partition(": ")[2]
                        for found in (pair.percent, pair.kappa, pair.pabak, pair.ac1)
                    ),
                ]
                for pair in self.pairs
            ]
            lines += format_columns(rows)
        return "\n".join(lines)


def independent_votes(
    decisions: Iterable[Decision], stage: Stage
) -> dict[str, dict[str, Decision]]:
    """Return each person's independent decision on each record at a stage.

    That is the last one made before the record had all its decisions: a slip corrected at once
    counts as corrected, a vote changed when the others' were known does not.

    Parameters
    ----------
    decisions
        Decisions of all stages, oldest first.
    stage
        The stage.

    Returns
    -------
    dict of record id to dict of person id to Decision
    """
    found: dict[str, dict[str, Decision]] = {}
    for (record, name), votes in grouped(decisions).items():
        if name != stage.name:
            continue
        own: dict[str, Decision] = {}
        for made in votes:
            if made.role != "reviewer":
                continue
            known = made.reviewer in own and len(own) > 1 and len(own) >= stage.votes_needed
            if not known:
                own[made.reviewer] = made
        if own:
            found[record] = own
    return found


def agreement_report(
    decisions: Iterable[Decision],
    stage: Stage,
    *,
    records: Collection[str] | None = None,
    categories: Collection[Verdict] | None = None,
    level: float = 0.95,
    draws: int = 2000,
) -> AgreementReport:
    """Compute agreement over all reviewers of a stage, and for each pair of them.

    People may have decided on different records and in different numbers. Only independent
    decisions count (`independent_votes`); those of people who left count too.

    Parameters
    ----------
    decisions
        Decisions of all stages, oldest first.
    stage
        The stage; its policy says what a ``maybe`` counts as.
    records
        Only these records, e.g. of a pilot, or without duplicates; None: all.
    categories
        Verdicts told apart; include and exclude if not given, and maybe where it was used.
    level
        Of the intervals.
    draws
        Of the bootstrap for Krippendorff's alpha; its seed is `Stage.seed`.

    Examples
    --------
    >>> stage = Stage("title_abstract", 2, {})
    >>> words = {"i": "include", "e": "exclude"}
    >>> votes = [
    ...     Decision(str(number), "title_abstract", who, words[letter])
    ...     for number, pair in enumerate(["ii", "ee", "ie", "ee", "ee", "ii"])
    ...     for who, letter in zip("ab", pair)
    ... ]
    >>> report = agreement_report(votes, stage)
    >>> round(report.kappa.value, 3), report.pairs[0].disagreed
    (0.667, ('2',))
    """
    votes = independent_votes(decisions, stage)
    if records is not None:
        votes = {record: own for record, own in votes.items() if record in records}
    cells = {
        record: {who: stage.counted(made.verdict) for who, made in own.items()}
        for record, own in votes.items()
    }
    wanted: set[Verdict] = {"include", "exclude"} if categories is None else set(categories)
    if categories is None and any("maybe" in own.values() for own in cells.values()):
        wanted.add("maybe")
    shown = tuple(sorted(wanted, key=_PLACES.__getitem__))
    places = {verdict: place for place, verdict in enumerate(shown)}
    cells = {
        record: {who: verdict for who, verdict in own.items() if verdict in places}
        for record, own in cells.items()
    }
    twice = {record: own for record, own in cells.items() if len(own) > 1}
    people = sorted({who for own in twice.values() for who in own})
    counts = _counts(cells.values(), places)
    pairs = _pairs(twice, shown, level)
    if len(pairs) == 1 and len(people) == 2:
        kappa = pairs[0].kappa
    else:
        why = (
            f"{len(people)} people decided; Cohen's kappa is of two, see the pairs"
            if people
            else "no record has two independent decisions"
        )
        nan = float("nan")
        kappa = Coefficient("Cohen's kappa", nan, nan, nan, nan, level, len(twice), why)
    return AgreementReport(
        stage=stage.name,
        people=tuple(people),
        records=len(twice),
        single=sum(len(own) == 1 for own in cells.values()),
        categories=shown,
        percent=percent_agreement(counts, level=level),
        kappa=kappa,
        fleiss=fleiss_kappa(counts, level=level),
        pabak=pabak(counts, level=level),
        ac1=gwet_ac1(counts, level=level),
        alpha=krippendorff_alpha(counts, level=level, draws=draws, seed=stage.seed),
        pairs=pairs,
    )


def _counts(
    cells: Collection[dict[str, Verdict]], places: dict[Verdict, int]
) -> NDArray[np.float64]:
    """Count the verdicts of each record."""
    import numpy as np

    table = np.zeros((len(cells), len(places)))
    for row, own in enumerate(cells):
        for verdict in own.values():
            table[row, places[verdict]] += 1
    return table


def _pairs(
    cells: dict[str, dict[str, Verdict]], shown: tuple[Verdict, ...], level: float
) -> tuple[PairAgreement, ...]:
    """Compare each two people who have records in common."""
    tables: dict[tuple[str, str], Counter[tuple[Verdict, Verdict]]] = {}
    apart: dict[tuple[str, str], list[str]] = {}
    for record, own in cells.items():
        for one, two in combinations(sorted(own), 2):
            tables.setdefault((one, two), Counter())[own[one], own[two]] += 1
            if own[one] != own[two]:
                apart.setdefault((one, two), []).append(record)
    return tuple(
        _pair(one, two, tables[one, two], tuple(apart.get((one, two), ())), shown, level)
        for one, two in sorted(tables)
    )


def _pair(
    first: str,
    second: str,
    found: Counter[tuple[Verdict, Verdict]],
    disagreed: tuple[str, ...],
    shown: tuple[Verdict, ...],
    level: float,
) -> PairAgreement:
    """Compute the coefficients of two people."""
    table = {(a, b): found[a, b] for a in shown for b in shown if found[a, b]}
    square = [[found[a, b] for b in shown] for a in shown]
    counts = [
        [int(a == verdict) + int(b == verdict) for verdict in shown]
        for (a, b), number in table.items()
        for _ in range(number)
    ]
    return PairAgreement(
        first=first,
        second=second,
        records=sum(table.values()),
        agreed=sum(number for (a, b), number in table.items() if a == b),
        table=table,
        disagreed=disagreed,
        percent=percent_agreement(counts, level=level),
        kappa=cohen_kappa(square, level=level),
        pabak=pabak(counts, level=level),
        ac1=gwet_ac1(counts, level=level),
    )
