"""What a review has and what it lacks, item by item of the check lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from evisynth.analysis import AnalysisResult
from evisynth.display import plural
from evisynth.records import SearchSource
from evisynth.review import Review
from evisynth.searches import prisma_s

__all__ = ["CHECKS", "Finding", "Held", "prisma_s_finding"]

Status = Literal["reported", "partly", "to do", "not applicable"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found for an item: its status, and what is missing, with the way to it."""

    status: Status
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What a check looks at: the review and the results of its analyses."""

    review: Review
    results: Sequence[AnalysisResult] = ()

    @property
    def searched(self) -> tuple[SearchSource, ...]:
        """The sources that were searched."""
        return tuple(source for source in self.review.sources if source.searched)


DONE = Finding("reported")
Check = Callable[[Held], Finding]
CHECKS: dict[str, Check] = {}


def _check(check: Check) -> Check:
    """Make a check known by the name of its function."""
    CHECKS[check.__name__.strip("_")] = check
    return check


def _if(there: object, missing: str) -> Finding:
    return DONE if there else Finding("to do", missing)


def _without(names: Sequence[str], what: str, of: int) -> Finding:
    """Return the finding where some of several lack something."""
    if not names:
        return DONE
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return Finding("partly" if len(names) < of else "to do", f"{what}: {shown}")


@_check
def _always(held: Held) -> Finding:  # noqa: ARG001 - every check is asked the same
    return DONE


@_check
def _title(held: Held) -> Finding:
    words = held.review.title.casefold()
    return _if(
        "systematic review" in words or "meta-analysis" in words,
        "the title does not say that this is a systematic review: [review] title",
    )


@_check
def _protocol_title(held: Held) -> Finding:
    return _title(held)


@_check
def _update(held: Held) -> Finding:
    return DONE if held.review.flow.template.startswith("updated") else Finding("not applicable")


@_check
def _abstract(held: Held) -> Finding:
    return _if(held.results, "no analysis has a result yet, so that the abstract has none")


@_check
def _introduction(held: Held) -> Finding:
    return _if(held.review.texts.get("introduction"), "write texts/introduction.md")


@_check
def _question(held: Held) -> Finding:
    return _if(held.review.protocol.question.text, "write [question] text")


@_check
def _question_parts(held: Held) -> Finding:
    question = held.review.protocol.question
    parts = ("population", "intervention", "comparator", "outcomes")
    lacking = [name for name in parts if not getattr(question, name)]
    return _without(lacking, "write under [question]", len(parts))


@_check
def _criteria(held: Held) -> Finding:
    return _if(held.review.protocol.criteria_include, "write [criteria] include and exclude")


@_check
def _sources_named(held: Held) -> Finding:
    return _if(held.review.sources, "no search source is recorded: a folder under searches/ each")


@_check
def _sources(held: Held) -> Finding:
    if not held.searched:
        return Finding("to do", "no search source is recorded: a folder under searches/ each")
    undated = [source.name for source in held.searched if not source.date]
    return _without(undated, "no date of the search (date in search.toml)", len(held.searched))


@_check
def _strategies(held: Held) -> Finding:
    if not held.searched:
        return Finding("to do", "no search source is recorded: a folder under searches/ each")
    known = held.review.strategies
    lacking = [
        source.name
        for source in held.searched
        if not source.query.strip() and not (source.id in known and known[source.id].lines)
    ]
    return _without(lacking, "no strategy as run (evisynth search)", len(held.searched))


@_check
def _one_strategy(held: Held) -> Finding:
    known = held.review.strategies.values()
    there = any(made.lines for made in known) or any(
        source.query.strip() for source in held.review.sources
    )
    return _if(there, "no draft of a strategy: evisynth search new")


@_check
def _registers(held: Held) -> Finding:
    if any(source.kind == "register" for source in held.searched):
        return DONE
    return Finding("to do", "no study registry was searched; say so in the methods, or search one")


@_check
def _selection(held: Held) -> Finding:
    return _if(held.review.protocol.stages, "write [stages.title_abstract] and [stages.full_text]")


@_check
def _collection(held: Held) -> Finding:
    there = any("extractor" in person.roles for person in held.review.people)
    return _if(there, "nobody has the role extractor under [[people]]")


@_check
def _outcomes(held: Held) -> Finding:
    return _if(held.review.protocol.outcomes, "write [[outcomes]]")


@_check
def _fields(held: Held) -> Finding:
    return _if(held.review.protocol.fields, "write [fields.<name>] for each characteristic sought")


@_check
def _risk_of_bias_planned(held: Held) -> Finding:
    return _if(held.review.protocol.rob_instrument, "name the instrument: [risk_of_bias]")


@_check
def _analyses(held: Held) -> Finding:
    return _if(held.review.protocol.analyses, "write [[analyses]]")


@_check
def _exploration(held: Held) -> Finding:
    if not held.review.protocol.analyses:
        return _analyses(held)
    there = any(plan.subgroups or plan.meta_regression for plan in held.review.protocol.analyses)
    return DONE if there else Finding("not applicable", "no subgroup or meta-regression is planned")


@_check
def _sensitivity(held: Held) -> Finding:
    if not held.review.protocol.analyses:
        return _analyses(held)
    there = any(
        plan.role == "sensitivity" or plan.without_outliers != "none"
        for plan in held.review.protocol.analyses
    )
    return DONE if there else Finding("not applicable", "no sensitivity analysis is planned")


@_check
def _further_analyses(held: Held) -> Finding:
    found = (_exploration(held), _sensitivity(held))
    return DONE if DONE in found else found[0]


@_check
def _missing_evidence(held: Held) -> Finding:
    if not held.review.protocol.analyses:
        return _analyses(held)
    there = any(
        plan.asymmetry_tests or plan.trim_and_fill != "none"
        for plan in held.review.protocol.analyses
    )
    return _if(there, "no analysis asks for asymmetry_tests or trim_and_fill")


@_check
def _certainty(held: Held) -> Finding:
    return _if(
        held.review.summary_of_findings,
        "no summary of findings is planned: [[summary_of_findings]] in review.toml",
    )


@_check
def _flow(held: Held) -> Finding:
    flow = held.review.flow
    if not held.review.records:
        return Finding("to do", "no record has been identified yet")
    if flow.open or flow.conflicts:
        waiting = plural(flow.open + flow.conflicts, "record")
        return Finding("partly", f"the selection is not finished: {waiting} wait")
    return DONE


@_check
def _excluded(held: Held) -> Finding:
    if not any(made.stage == "full_text" for made in held.review.decisions):
        return Finding("to do", "no report has been decided on by its full text")
    return DONE


@_check
def _studies(held: Held) -> Finding:
    return _if(held.review.studies, "no study is included yet: studies/studies.csv")


@_check
def _risk_of_bias(held: Held) -> Finding:
    studies = [study.id for study in held.review.studies]
    if not studies:
        return _studies(held)
    judged = {made.study for made in held.review.assessments}
    lacking = [ident for ident in studies if ident not in judged]
    return _without(lacking, "not assessed", len(studies))


@_check
def _outcome_data(held: Held) -> Finding:
    return _if(held.review.outcome_rows, "no outcome data are extracted: extraction/")


@_check
def _results(held: Held) -> Finding:
    return _if(held.results, "no analysis has a result yet")


@_check
def _exploration_results(held: Held) -> Finding:
    planned = _exploration(held)
    return _results(held) if planned is DONE else planned


@_check
def _sensitivity_results(held: Held) -> Finding:
    planned = _sensitivity(held)
    return _results(held) if planned is DONE else planned


@_check
def _missing_evidence_results(held: Held) -> Finding:
    planned = _missing_evidence(held)
    return _results(held) if planned is DONE else planned


@_check
def _certainty_results(held: Held) -> Finding:
    if not held.review.summary_of_findings:
        return _certainty(held)
    return _if(held.review.ratings, "nothing is rated yet: evisynth grade, grade/ratings.csv")


@_check
def _discussion(held: Held) -> Finding:
    return _if(held.review.texts.get("discussion"), "write texts/discussion.md")


@_check
def _conclusion(held: Held) -> Finding:
    return _if(held.review.texts.get("conclusion"), "write texts/conclusion.md")


@_check
def _abstract_interpretation(held: Held) -> Finding:
    return _conclusion(held)


@_check
def _limits(held: Held) -> Finding:
    return _if(held.review.limits, "write limits in review.toml")


@_check
def _registration(held: Held) -> Finding:
    entry = held.review.protocol.registration
    there = (entry.register and entry.id) or entry.note
    return _if(there, "write [registration], or note there that the review was not registered")


@_check
def _protocol_access(held: Held) -> Finding:
    entry = held.review.protocol.registration
    return _if(entry.url, "give [registration] url, or say that no protocol was prepared")


@_check
def _deviations(held: Held) -> Finding:
    review = held.review
    stated = review.deviations or review.protocol.registration.no_deviations
    if review.plan_changes and not review.deviations:
        return Finding(
            "partly",
            f"{plural(len(review.plan_changes), 'key')} of the plan changed since the registration:"
            " say why under [[deviations]]",
        )
    return _if(
        stated, "write [[deviations]] for each change, or [registration] no_deviations = true"
    )


@_check
def _funding(held: Held) -> Finding:
    return _if(held.review.funding, "write [review] funding")


@_check
def _conflicts(held: Held) -> Finding:
    return _if(held.review.conflicts_of_interest, "write [review] conflicts_of_interest")


@_check
def _availability(held: Held) -> Finding:
    return _if(held.review.licence, "write [review] licence, and where the folder is deposited")


@_check
def _contact(held: Held) -> Finding:
    people = held.review.people
    if not people:
        return Finding("to do", "write [[people]]")
    lacking = [made.name for made in people if not (made.affiliation and made.email)]
    return _without(lacking, "no affiliation or e-mail", len(people))


@_check
def _roles(held: Held) -> Finding:
    return _if(held.review.people, "write [[people]] with their roles")


@_check
def _no_pooling(held: Held) -> Finding:
    return _if(held.review.texts.get("no-pooling"), "write texts/no-pooling.md")


def prisma_s_finding(held: Held, number: int) -> Finding:
    """Return what the strategies say of an item of PRISMA-S."""
    strategies = tuple(held.review.strategies.values())
    if not strategies:
        return Finding("to do", "no strategy is kept with the review: evisynth search new")
    item = next(each for each in prisma_s(strategies).items if each.number == number)
    if item.complete:
        return DONE
    return Finding("partly" if item.text else "to do", item.missing)
