"""The pilot round: a sample that everybody decides on before the stage is open."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from evisynth.display import format_number, plural
from evisynth.errors import DataError
from evisynth.records import Record
from evisynth.screening.agreeing import AgreementReport, agreement_report
from evisynth.screening.coefficients import Coefficient
from evisynth.screening.decisions import Decision, Stage, StageName
from evisynth.screening.queues import Assignment

__all__ = ["PilotOutcome", "pilot_assignment", "pilot_outcome", "pilot_sample"]


@dataclass(frozen=True, slots=True)
class PilotOutcome:
    """What a pilot round came to.

    Attributes
    ----------
    stage : StageName
        Stage.
    status : {"open", "passed", "failed"}
        ``"open"`` while decisions are missing.
    records : tuple of str
        Ids of the sample.
    kappa : Coefficient
        Cohen's kappa of two people, Fleiss' kappa of more.
    kappa_min : float or None
        What it had to reach.
    discuss : tuple of str
        Records on which the people differ, to talk about; empty while the round is open, as it
        would tell what others decided.
    waiting : dict of person id to tuple of str
        Records that each person has still to decide on.
    reason : str
        Why the round passed or failed, or what it waits for.
    """

    stage: StageName
    status: Literal["open", "passed", "failed"]
    records: tuple[str, ...]
    kappa: Coefficient
    kappa_min: float | None
    discuss: tuple[str, ...]
    waiting: dict[str, tuple[str, ...]]
    reason: str

    @property
    def unlocked(self) -> bool:
        """Whether the stage is open."""
        return self.status == "passed"

    def __str__(self) -> str:
        lines = [f"Pilot round of {plural(len(self.records), 'record')}: {self.status}."]
        lines.append(f"  {self.reason}")
        if self.discuss:
            lines.append(f"  To discuss: {', '.join(self.discuss)}")
        return "\n".join(lines)


def pilot_sample(
    stage: Stage, records: Iterable[Record | str], *, before: Collection[str] = ()
) -> tuple[str, ...]:
    """Draw the records of a pilot round; the same records and seed give the same sample.

    The sample is to be kept when it is drawn: records added later could belong to it.

    Parameters
    ----------
    stage
        The stage with `Stage.pilot` and `Stage.seed`.
    records
        Records (or their ids) that have come to the stage, without duplicates; their order does
        not matter.
    before
        Ids of earlier rounds, which are not drawn again.

    Returns
    -------
    tuple of str
        `Stage.pilot` ids, or all where there are fewer.

    Examples
    --------
    >>> stage = Stage("title_abstract", 2, {}, pilot=2)
    >>> pilot_sample(stage, "abcdef") == pilot_sample(stage, "fedcba")
    True
    """
    ids = {made if isinstance(made, str) else made.id for made in records}.difference(before)
    head = f"pilot\x1f{stage.seed}\x1f{stage.name}\x1f"
    mixed = sorted(
        ids, key=lambda made: (blake2b((head + made).encode(), digest_size=8).digest(), made)
    )
    return tuple(mixed[: stage.pilot])


def pilot_assignment(stage: Stage, sample: Iterable[str], people: Collection[str]) -> Assignment:
    """Ask everybody of a pilot for every record of its sample.

    Raises
    ------
    DataError
        Fewer people than `Stage.votes_needed`, or fewer than two.
    """
    if len(set(people)) < max(2, stage.votes_needed):
        raise DataError(
            f"a pilot of {stage.name} needs at least {max(2, stage.votes_needed)} people, not"
            f" {len(set(people))}"
        )
    asked = tuple(sorted(set(people)))
    return Assignment(stage.name, dict.fromkeys(sample, asked))


def pilot_outcome(
    stage: Stage,
    sample: Iterable[str],
    decisions: Iterable[Decision],
    people: Collection[str],
    *,
    level: float = 0.95,
) -> PilotOutcome:
    """Compute what a pilot round came to.

    Parameters
    ----------
    stage
        The stage with `Stage.kappa_min`.
    sample
        Ids of the round.
    decisions
        Decisions of all stages, oldest first.
    people
        Ids of those who take part; each decides on each record.
    level
        Of the interval of kappa.

    Returns
    -------
    PilotOutcome
        Passed when all have decided and kappa is at least `Stage.kappa_min`. Where all gave the
        same verdict on every record kappa is 0/0; the round passes then, and says so.

    Examples
    --------
    >>> stage = Stage("title_abstract", 2, {}, pilot=2, kappa_min=0.6)
    >>> verdicts = {"1": ("include", "include"), "2": ("exclude", "include")}
    >>> votes = [
    ...     Decision(record, "title_abstract", who, verdict)
    ...     for record, pair in verdicts.items()
    ...     for who, verdict in zip("ab", pair)
    ... ]
    >>> found = pilot_outcome(stage, ["1", "2"], votes, ["a", "b"])
    >>> found.status, found.discuss
    ('failed', ('2',))
    """
    drawn = tuple(sample)
    takers = sorted(set(people))
    inside = set(drawn)
    votes = [
        made
        for made in decisions
        if made.stage == stage.name and made.record in inside and made.reviewer in takers
    ]
    done = {(made.record, made.reviewer) for made in votes if made.role == "reviewer"}
    waiting = {who: tuple(made for made in drawn if (made, who) not in done) for who in takers}
    waiting = {who: missing for who, missing in waiting.items() if missing}
    if waiting or not drawn or len(takers) < 2:
        nan = math.nan
        why = _why_open(drawn, takers, waiting)
        none = Coefficient("Cohen's kappa", nan, nan, nan, nan, level, 0, why)
        return PilotOutcome(stage.name, "open", drawn, none, stage.kappa_min, (), waiting, why)
    report = agreement_report(votes, stage, level=level)
    kappa = report.kappa if len(takers) == 2 else report.fleiss
    passed, reason = _judged(report, kappa, stage.kappa_min)
    apart = {record for pair in report.pairs for record in pair.disagreed}
    return PilotOutcome(
        stage=stage.name,
        status="passed" if passed else "failed",
        records=drawn,
        kappa=kappa,
        kappa_min=stage.kappa_min,
        discuss=tuple(made for made in drawn if made in apart),
        waiting={},
        reason=reason,
    )


def _why_open(
    drawn: tuple[str, ...], takers: list[str], waiting: dict[str, tuple[str, ...]]
) -> str:
    """Say what an open round waits for."""
    if not drawn:
        return "no records are drawn"
    if len(takers) < 2:
        return "agreement needs at least two people"
    missing = ", ".join(f"{who} ({len(records)})" for who, records in waiting.items())
    return f"decisions are missing: {missing}"


def _judged(report: AgreementReport, kappa: Coefficient, least: float | None) -> tuple[bool, str]:
    """Say whether the agreement is enough, and why."""
    shown = f"{kappa.name} is {format_number(kappa.value)}"
    if math.isnan(kappa.value):
        same = report.percent.value == 100
        return same, f"all gave the same verdict; {kappa.reason}" if same else kappa.reason
    if least is None:
        return True, f"{shown}; the plan sets no least value"
    if kappa.value >= least:
        return True, f"{shown}, at least {format_number(least)} as planned"
    return False, f"{shown}, below {format_number(least)} as planned"
