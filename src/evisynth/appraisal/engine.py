"""From answers to judgements: one engine for every instrument.

What applies is derived from the gates, so nobody types "not applicable". An answer to a question
that is hidden at present is kept and ignored: when an answer upstream changes, nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from evisynth.appraisal.assessment import Assessment, DomainJudgement, Judgement
from evisynth.appraisal.instrument import (
    GROUPS,
    Cell,
    DecisionTable,
    Domain,
    Instrument,
    Question,
)
from evisynth.errors import DataError, OptionError

__all__ = [
    "JUDGED",
    "Proposal",
    "applicable",
    "assess",
    "effective_answers",
    "propose",
    "worst",
]

JUDGED: tuple[Judgement, ...] = ("low", "some concerns", "high")
"""Judgements that a person can give, from the best to the worst."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the algorithm makes of the answers; people decide.

    Attributes
    ----------
    domains : tuple of DomainJudgement
        In the instrument's order; ``final`` repeats ``proposed``.
    overall : DomainJudgement
        The worst domain; ``"incomplete"`` while a domain is.
    may_escalate : bool
        Whether the overall proposal is "some concerns" on account of several domains, which the
        assessors may take for "high". Never done by the program.
    """

    domains: tuple[DomainJudgement, ...]
    overall: DomainJudgement
    may_escalate: bool = False


def worst(judgements: tuple[Judgement, ...]) -> Judgement:
    """Return the worst of several judgements.

    One that is missing (incomplete, not assessed) makes the whole incomplete: no overall proposal
    is made before every domain is judged.

    Examples
    --------
    >>> worst(("low", "high", "some concerns")), worst(("high", "not assessed")), worst(())
    ('high', 'incomplete', 'not assessed')
    """
    if all(judgement == "not assessed" for judgement in judgements):
        return "not assessed"
    if any(judgement not in JUDGED for judgement in judgements):
        return "incomplete"
    return max(judgements, key=JUDGED.index)


def applicable(instrument: Instrument, answers: Mapping[str, str]) -> dict[str, bool]:
    """Say for each question whether it is asked, given the answers so far.

    Parameters
    ----------
    instrument
        The instrument.
    answers
        Answer by question id; unanswered questions are absent or ``""``.

    Returns
    -------
    dict of str to bool
        In the instrument's order.

    Examples
    --------
    >>> from evisynth.appraisal import INSTRUMENTS
    >>> asked = applicable(INSTRUMENTS["rob2-parallel-assignment"], {"3.1": "N", "3.2": "Y"})
    >>> asked["3.2"], asked["3.3"]
    (True, False)
    """
    return {number: asked for number, (_, asked) in _derive(instrument, answers).items()}


def effective_answers(instrument: Instrument, answers: Mapping[str, str]) -> dict[str, str]:
    """Return the answers as the algorithm sees them, for every question.

    Parameters
    ----------
    instrument, answers
        As for `applicable`.

    Returns
    -------
    dict of str to str
        The answer; ``"NA"`` where the question is not asked (whatever was typed there); ``""``
        where it is asked and has no answer.

    Examples
    --------
    >>> from evisynth.appraisal import INSTRUMENTS
    >>> typed = {"3.1": "Y", "3.4": "PY"}
    >>> seen = effective_answers(INSTRUMENTS["rob2-parallel-assignment"], typed)
    >>> seen["3.1"], seen["3.4"], seen["4.1"]
    ('Y', 'NA', '')
    """
    return {number: answer for number, (answer, _) in _derive(instrument, answers).items()}


def propose(instrument: Instrument, answers: Mapping[str, str]) -> Proposal:
    """Propose a judgement for each domain and overall.

    Parameters
    ----------
    instrument
        The instrument.
    answers
        Answer (Y, PY, PN, N, NI, NA) by question id; unanswered questions are absent or ``""``. NA
        of a question that depends on others counts as unanswered, unless the instrument offers it.

    Returns
    -------
    Proposal
        A domain with unanswered questions that apply is ``"incomplete"`` and lists them.

    Raises
    ------
    OptionError
        If a question is not of this instrument, or an answer is not offered by it (e.g. NI of 3.2).

    References
    ----------
    Sterne JAC et al. BMJ 2019;366:l4898. doi:10.1136/bmj.l4898

    Examples
    --------
    >>> from evisynth.appraisal import INSTRUMENTS
    >>> instrument = INSTRUMENTS["rob2-parallel-assignment"]
    >>> domains = propose(instrument, {"1.1": "Y", "1.2": "PY", "1.3": "NI", "3.1": "N"}).domains
    >>> domains[0].proposed, domains[2].proposed, domains[2].missing
    ('low', 'incomplete', ('3.2',))
    """
    _check(instrument, answers)
    seen = effective_answers(instrument, answers)
    domains = tuple(_judge(instrument, domain, seen) for domain in instrument.domains)
    overall = worst(tuple(domain.proposed for domain in domains))
    several = sum(domain.proposed == "some concerns" for domain in domains) > 1
    return Proposal(
        domains,
        DomainJudgement("overall", overall, overall),
        may_escalate=several and overall == "some concerns",
    )


def assess(
    instrument: Instrument,
    answers: Mapping[str, str],
    final: Mapping[str, str] | None = None,
    reasons: Mapping[str, str] | None = None,
    *,
    study: str = "",
    outcome: str = "",
    assessor: str = "",
    file: str = "",
    line: int = 0,
) -> Assessment:
    """Put the algorithm's proposals and the assessors' decisions together.

    The overall proposal follows the *final* judgements of the domains.

    Parameters
    ----------
    instrument, answers
        As for `propose`. With no answers at all nothing is proposed (``"not assessed"``): so are
        judgements read that somebody recorded without the answers.
    final
        The assessors' judgement (``"low"``, ``"some concerns"``, ``"high"``) by domain id or
        ``"overall"``; where absent the proposal stands.
    reasons
        Reason by domain id or ``"overall"``.
    study, outcome, assessor, file, line
        See `Assessment`.

    Returns
    -------
    Assessment
        ``flags`` says what a reader should know: an overall judgement below the worst domain, a
        proposal that may be escalated, an override without a reason.

    Raises
    ------
    OptionError
        As for `propose`; also for a domain or judgement that is not known.

    Examples
    --------
    >>> from evisynth.appraisal import INSTRUMENTS
    >>> instrument = INSTRUMENTS["rob2-parallel-assignment"]
    >>> made = assess(
    ...     instrument,
    ...     {"1.1": "Y", "1.2": "Y", "1.3": "N"},
    ...     final={"D1": "some concerns"},
    ...     reasons={"D1": "The envelopes were not opaque"},
    ... )
    >>> made.domains[0].proposed, made.domains[0].final, made.domains[0].overridden
    ('low', 'some concerns', True)
    """
    final, reasons = final or {}, reasons or {}
    places = [*(domain.id for domain in instrument.domains), "overall"]
    for place in [*final, *reasons]:
        if place not in places:
            raise OptionError(f"domain of {instrument.id}", place, places)
    for place, judgement in final.items():
        if judgement not in JUDGED:
            raise OptionError(f"judgement of {place}", judgement, JUDGED)

    proposal = propose(instrument, answers)
    answered = any(answers.values())
    domains = tuple(
        _decide(
            domain if answered else DomainJudgement(domain.domain, "not assessed", "not assessed"),
            final,
            reasons,
        )
        for domain in proposal.domains
    )
    worst_domain = worst(tuple(domain.final for domain in domains))
    overall = _decide(DomainJudgement("overall", worst_domain, worst_domain), final, reasons)
    return Assessment(
        study=study,
        outcome=outcome,
        instrument=instrument.id,
        answers={
            question.id: answers[question.id]
            for question in instrument.questions
            if answers.get(question.id, "")
            and (answers[question.id] != "NA" or "NA" in question.answers)
        },
        domains=domains,
        overall=overall,
        assessor=assessor,
        file=file,
        line=line,
        flags=_flags(domains, overall),
    )


def _derive(instrument: Instrument, answers: Mapping[str, str]) -> dict[str, tuple[str, bool]]:
    """Answer as seen, and whether the question is asked, by question id."""
    seen: dict[str, tuple[str, bool]] = {}
    for question in instrument.questions:
        asked = not question.gate or any(
            all(
                GROUPS.get(seen[condition.question][0], "") in condition.groups
                for condition in alternative
            )
            for alternative in question.gate
        )
        answer = answers.get(question.id, "") or ""
        if answer == "NA" and "NA" not in question.answers:
            answer = ""
        seen[question.id] = (answer if asked else "NA", asked)
    return seen


def _check(instrument: Instrument, answers: Mapping[str, str]) -> None:
    for number, answer in answers.items():
        question = instrument.question(number)
        if answer and not _offered(question, answer):
            hint = ""
            if answer == "NI":
                hint = f"{number} has no 'no information': answer PN when nothing shows it."
            raise OptionError(
                f"answer to {number} of {instrument.id}", answer, question.answers, hint
            )


def _offered(question: Question, answer: str) -> bool:
    """Whether an answer may stand there; NA may be typed where it follows from a gate."""
    return answer in question.answers or (answer == "NA" and bool(question.gate))


def _judge(instrument: Instrument, domain: Domain, seen: Mapping[str, str]) -> DomainJudgement:
    missing = tuple(question.id for question in domain.questions if not seen[question.id])
    if missing:
        return DomainJudgement(domain.id, "incomplete", "incomplete", missing=missing)
    judgement = worst(tuple(_look_up(instrument, table, seen) for table in domain.tables))
    return DomainJudgement(domain.id, judgement, judgement)


def _look_up(instrument: Instrument, table: DecisionTable, seen: Mapping[str, str]) -> Judgement:
    for row in table.rows:
        if all(_matches(cell, seen) for cell in row.cells):
            return row.judgement
    asked = ", ".join(f"{number} {answer}" for number, answer in seen.items() if answer)
    raise DataError(
        f"{instrument.id}: no row of the table {table.title!r} covers the answers {asked}; "
        "add a row to the instrument"
    )


def _matches(cell: Cell, seen: Mapping[str, str]) -> bool:
    hits = (GROUPS[seen[question]] in cell.groups for question in cell.questions)
    return all(hits) if cell.quantifier == "all" else any(hits)


def _decide(
    proposal: DomainJudgement, final: Mapping[str, str], reasons: Mapping[str, str]
) -> DomainJudgement:
    decided = cast(Judgement, final.get(proposal.domain, proposal.proposed))
    return DomainJudgement(
        proposal.domain,
        proposal.proposed,
        decided,
        overridden=decided != proposal.proposed and proposal.proposed != "not assessed",
        reason=reasons.get(proposal.domain, ""),
        missing=proposal.missing,
    )


def _flags(domains: tuple[DomainJudgement, ...], overall: DomainJudgement) -> tuple[str, ...]:
    flags = []
    for domain in (*domains, overall):
        name = "Overall" if domain.domain == "overall" else domain.domain
        if domain.missing and domain.final in JUDGED:
            flags.append(
                f"{name}: judged {domain.final!r} with {', '.join(domain.missing)} unanswered"
            )
        elif domain.overridden and not domain.reason:
            flags.append(
                f"{name}: {domain.final!r} instead of the proposed {domain.proposed!r}, "
                "no reason recorded"
            )
    if overall.final in JUDGED:
        judged = [domain.final for domain in domains if domain.final in JUDGED]
        top = max(judged, key=JUDGED.index) if judged else overall.final
        if JUDGED.index(overall.final) < JUDGED.index(top):
            flags.append(f"Overall {overall.final!r} is below the worst domain, {top!r}")
        several = sum(judgement == "some concerns" for judgement in judged)
        if several > 1 and overall.final == "some concerns" and top == "some concerns":
            flags.append(
                f"{several} domains with 'some concerns': consider whether together they make the "
                "overall judgement 'high'"
            )
    return tuple(flags)
