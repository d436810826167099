"""The plan of a review in sentences about what will be done."""

from __future__ import annotations

from collections.abc import Sequence

from evisynth.analysis import AnalysisPlan
from evisynth.display import format_percent
from evisynth.effects import MEASURES
from evisynth.reporting.content.references import TAU2
from evisynth.reporting.content.rob_words import instrument_name, known_instrument
from evisynth.reporting.content.words import are, lower_first, series, spelled, upper_first
from evisynth.review import Review
from evisynth.screening import Stage

__all__ = [
    "collection_words",
    "exploration_words",
    "missing_evidence_words",
    "outcome_names",
    "risk_of_bias_words",
    "selection_words",
    "sensitivity_words",
    "sources_words",
    "synthesis_words",
]

STAGES = {"title_abstract": "title and abstract", "full_text": "the full text"}


def sources_words(review: Review) -> str:
    """Say where will be searched."""
    if not review.sources:
        return ""
    names = [
        f"{source.name} ({source.platform})" if source.platform else source.name
        for source in review.sources
    ]
    return f"These sources will be searched: {series(names)}."


def selection_words(review: Review) -> str:
    """Say how records and reports will be selected."""
    return " ".join(_stage(stage) for stage in review.protocol.stages)


def _stage(stage: Stage) -> str:
    where = STAGES.get(stage.name, stage.name)
    if stage.votes_needed == 1:
        found = f"On {where}, one reviewer will judge each record."
    else:
        settled = (
            "a further person will settle it"
            if stage.conflicts == "adjudicator"
            else "they will discuss until they agree"
        )
        found = (
            f"On {where}, {spelled(stage.votes_needed)} reviewers will judge each record "
            f"independently, blind to each other; where they differ, {settled}."
        )
    if stage.pilot:
        aim = f" until kappa is at least {stage.kappa_min:g}" if stage.kappa_min is not None else ""
        found += f" A pilot of {stage.pilot} records comes first, repeated{aim}." if aim else (
            f" A pilot of {stage.pilot} records comes first."
        )  # fmt: skip
    if stage.order == "ranked" and stage.name == "title_abstract":
        found += (
            " Records will be read in an order that a model learns from the decisions; it decides "
            "on none. People may stop reading when, with "
            f"{format_percent(100 * stage.stop_confidence)} confidence, "
            f"{format_percent(100 * stage.stop_recall)} of the relevant records are found."
        )
    return found


def collection_words(review: Review) -> str:
    """Say what will be collected, and by how many people."""
    found = []
    extractors = sum("extractor" in person.roles for person in review.people)
    if extractors:
        people = are(extractors, "person", "people")
        alone = ", independently of each other" if extractors > 1 else ""
        found.append(
            f"{upper_first(spelled(extractors))} {people} will extract the data on a form that is "
            f"fixed before{alone}."
        )
    if review.protocol.fields:
        labels = series(lower_first(made.label) for made in review.protocol.fields)
        found.append(f"From each study will be taken: {labels}.")
    return " ".join(found)


def outcome_names(review: Review) -> str:
    """Name the outcomes in the order of the plan."""
    return series(lower_first(made.label) for made in review.protocol.outcomes)


def risk_of_bias_words(review: Review) -> str:
    """Say how risk of bias will be assessed."""
    instrument = review.protocol.rob_instrument
    if not instrument:
        return ""
    known = known_instrument(instrument)
    name = known.title if known else instrument_name(instrument)
    domains = (
        f" in {spelled(len(known.domains))} domains "
        f"({series(lower_first(domain.label) for domain in known.domains)})"
        if known
        else ""
    )
    return f"Risk of bias of each result will be assessed with {name}{domains}."


def _main(review: Review) -> list[AnalysisPlan]:
    return [plan for plan in review.protocol.analyses if plan.role == "main"]


def _label(review: Review, outcome: str) -> str:
    for made in review.protocol.outcomes:
        if made.id == outcome:
            return lower_first(made.label)
    return outcome


def _measure(plan: AnalysisPlan) -> str:
    known = MEASURES.get(plan.measure)
    return f"{lower_first(known.scale.label)} ({plan.measure})" if known else plan.measure


def synthesis_words(review: Review) -> list[str]:
    """Say how results will be pooled: a sentence or two for each kind of plan."""
    found = []
    groups: dict[tuple[object, ...], list[AnalysisPlan]] = {}
    for plan in _main(review):
        kind = (plan.measure, plan.model, plan.tau2, plan.ci, plan.safeguard, plan.level)
        groups.setdefault(kind, []).append(plan)
    for plans in groups.values():
        plan = plans[0]
        names = series(dict.fromkeys(_label(review, each.outcome) for each in plans))
        text = f"For {names}, the {_measure(plan)} of each study will be pooled "
        if plan.model == "random":
            tau2 = TAU2.get(plan.tau2, (plan.tau2, ""))[0]
            text += f"in a random-effects model; tau² will be estimated by {tau2}."
        else:
            text += "in a fixed-effect model."
        level = format_percent(100 * plan.level)
        test = (
            "by the method of Hartung, Knapp, Sidik and Jonkman"
            if plan.ci == "HKSJ"
            else f"by the method {plan.ci}"
        )
        found.append(f"{text} Intervals have a level of {level}, {test}.")
    if found:
        found.append(
            "Heterogeneity will be described by tau² with its interval, I² and the prediction "
            "interval, and tested by Cochran’s Q."
        )
    return found


def exploration_words(review: Review) -> str:
    """Say by what heterogeneity will be explored."""
    groups = list(
        dict.fromkeys(
            lower_first(group.label or group.by)
            for plan in review.protocol.analyses
            for group in plan.subgroups
        )
    )
    formulas = list(
        dict.fromkeys(each for plan in review.protocol.analyses for each in plan.meta_regression)
    )
    found = []
    if groups:
        found.append(f"Subgroups will be compared by {series(groups)}.")
    if formulas:
        found.append(f"Meta-regressions are planned on {series(formulas)}.")
    return " ".join(found)


def sensitivity_words(review: Review) -> str:
    """Say by what the robustness of results will be looked at."""
    further = [plan for plan in review.protocol.analyses if plan.role == "sensitivity"]
    found = []
    if further:
        found.append(
            f"Sensitivity {are(len(further), 'analysis', 'analyses')}: "
            f"{series(lower_first(plan.title) for plan in further)}."
        )
    rules: Sequence[str] = [plan.without_outliers for plan in _main(review)]
    if any(rule != "none" for rule in rules):
        found.append("Main analyses will be repeated without outliers, and leaving each study out.")
    return " ".join(found)


def missing_evidence_words(review: Review) -> str:
    """Say how missing evidence will be looked for."""
    tests = list(
        dict.fromkeys(upper_first(test) for plan in _main(review) for test in plan.asymmetry_tests)
    )
    found = []
    if tests:
        found.append(
            f"Funnel plots and, from ten studies on, tests of their asymmetry ({series(tests)}) "
            "will be looked at."
        )
    if any(plan.trim_and_fill != "none" for plan in _main(review)):
        found.append("Trim and fill will be used as a sensitivity analysis.")
    return " ".join(found)
