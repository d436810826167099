"""Tables on the certainty: summary of findings, evidence profile, and what they rest on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from evisynth.certainty import (
    DEFINITIONS,
    DOMAIN_WORDS,
    DOWN,
    LEVELS,
    UP,
    AbsoluteEffect,
    CertaintyEvidence,
    Domain,
    Finding,
    level_words,
    limits_words,
)
from evisynth.display import DASH, format_count, format_number
from evisynth.reporting.blocks import (
    Cell,
    Column,
    Row,
    Runs,
    Table,
    Text,
    runs,
    strong,
)
from evisynth.reporting.content.context import Context, sentence
from evisynth.reporting.content.estimates import Footnotes
from evisynth.reporting.content.words import (
    are,
    ci_name,
    join_words,
    lower_first,
    series,
    shown,
    shown_ci,
    studies,
    upper_first,
)
from evisynth.review import findings_of
from evisynth.synthesis import PooledFit

__all__ = [
    "evidence_profile",
    "facts_table",
    "findings",
    "stale_sentences",
    "summary_table",
]

SERIOUS = {0: "not serious", -1: "serious", -2: "very serious", -3: "extremely serious"}
SUSPECTED = {0: "undetected", -1: "strongly suspected", -2: "very strongly suspected"}
OTHER_WORDS = ("points", "odds_ratio_of_improving", "share_improving")
MARK = "*"
"""Of the column heading that the note on the absolute effects belongs to."""


def findings(context: Context) -> tuple[Finding, ...]:
    """Return the rows of the summary of findings, computed from the results."""
    return findings_of(context.review, context.results)


def _pooled_words(fit: PooledFit) -> str:
    scale = fit.effects.scale
    limits = shown_ci(scale, fit.ci_lower, fit.ci_upper)
    return f"{scale.short} {shown(scale, fit.estimate)} ({limits})"


def _outcome_cell(finding: Finding) -> str:
    text = upper_first(finding.label)
    return f"{text} ({finding.plan.follow_up})" if finding.plan.follow_up else text


def _difference_words(fit: PooledFit) -> str:
    """Write a difference of means by its side; the sign alone is misread."""
    short = fit.effects.scale.short
    side = "lower" if fit.estimate < 0 else "higher"
    limits = limits_words(fit.ci_lower, fit.ci_upper)
    return f"{short} {format_number(abs(fit.estimate))} {side} ({limits})"


def _control_mean(fit: PooledFit) -> str:
    """Return the median of the control means, where all studies use one scale (MD)."""
    effects = fit.effects
    column = effects.columns.get("mean2", "mean2")
    if effects.scale.short != "MD" or column not in effects.data.columns:
        return DASH
    values = np.asarray(effects.data[column], dtype=np.float64)[effects.estimable]
    values = values[np.isfinite(values)]
    return f"median of the means {format_number(float(np.median(values)))}" if len(values) else DASH


def _absolute_cells(
    evidence: CertaintyEvidence,
    fit: PooledFit,
    effect: AbsoluteEffect | None,
    notes: Footnotes,
) -> tuple[Cell, Cell, Cell]:
    """Return risk with comparator, risk with intervention, relative effect."""
    scale = fit.effects.scale
    if not math.isfinite(fit.estimate):
        return runs(DASH), runs(DASH), runs("not estimable")
    pooled = _pooled_words(fit)
    if effect is not None:
        source = effect.baseline.source or "stated without a source"
        mark = notes.mark(f"Risk with the comparator: {lower_first(sentence(source))}")
        held = (
            notes.mark("The ratio does not fit this baseline risk; the risk was held at its end.")
            if effect.held
            else ()
        )
        relative = DASH if effect.relation == "RD" else pooled
        return (
            runs(effect.comparator_words, mark),
            runs(effect.intervention_words, held),
            runs(relative),
        )
    if scale.is_ratio:
        mark = notes.mark(
            "No baseline risk is stated, and none can be taken from the studies; so no absolute "
            "effect."
        )
        return runs(DASH, mark), runs(DASH), runs(pooled)
    facts = [evidence.fact(name) for name in OTHER_WORDS]
    words = [fact.words for fact in facts if fact is not None]
    mark = notes.mark(f"In other words: {join_words(words)}.") if words else ()
    if scale.name != "identity":
        return runs(DASH), runs(pooled, mark), runs(DASH)
    return runs(_control_mean(fit)), runs(_difference_words(fit), mark), runs(DASH)


def _participants_cell(evidence: CertaintyEvidence, notes: Footnotes) -> Cell:
    counted = DASH if evidence.participants is None else format_count(evidence.participants)
    mark: Runs = ()
    if evidence.without_numbers and evidence.participants is not None:
        mark = notes.mark(
            f"Without {studies(evidence.without_numbers)} that do not state their numbers."
        )
    return runs(f"{counted} ({studies(evidence.k)})", mark)


def _certainty_cell(finding: Finding, notes: Footnotes) -> Cell:
    """Return symbols, level and letters; a rating that does not hold is set apart."""
    rating = finding.rating
    if rating is None:
        return runs(strong("Not rated"))
    if not rating.is_complete:
        left = series(DOMAIN_WORDS[domain].lower() for domain in rating.missing)
        return runs(strong("Not rated"), notes.mark(f"Not decided on yet: {left}."))
    texts = [text for _, text in rating.footnotes()]
    parts: list[Text] = [f"{rating.symbols} ", strong(rating.level)]
    if finding.stale:
        parts.append(strong(", OUT OF DATE"))
        texts += [f"Out of date: {lower_first(text)}" for text in stale_sentences(finding)]
    return runs(*parts, notes.mark(*texts))


def stale_sentences(finding: Finding) -> list[str]:
    """Say once for all domains that share it what the rating was made for."""
    domains: dict[str, list[str]] = {}
    for stale in finding.stale:
        domains.setdefault(stale.rated_for, []).append(DOMAIN_WORDS[stale.domain].lower())
    return [
        f"{upper_first(series(names))} {are(len(names), 'was', 'were')} rated for {rated_for}."
        for rated_for, names in domains.items()
    ]


def _comment(finding: Finding) -> str:
    return " ".join(part for part in (finding.statement(), sentence(finding.plan.comment)) if part)


def _rows(finding: Finding, notes: Footnotes) -> list[Row]:
    if finding.result is None or finding.evidence is None:
        empty = [runs(DASH)] * 3
        cells = (runs("no data"), runs(DASH), runs(_comment(finding)))
        return [Row((runs(_outcome_cell(finding)), *empty, *cells))]
    evidence, fit = finding.evidence, finding.result.fit
    effects = evidence.absolute
    several = len(effects) > 1
    name = _outcome_cell(finding)
    if several:
        name += f", {effects[0].baseline.name or 'first'} risk"
    row = Row(
        (
            runs(name),
            *_absolute_cells(evidence, fit, effects[0] if effects else None, notes),
            _participants_cell(evidence, notes),
            _certainty_cell(finding, notes),
            runs(_comment(finding)),
        )
    )
    further = []
    for effect in effects[1:]:
        first, second, _ = _absolute_cells(evidence, fit, effect, notes)
        title = f"{upper_first(finding.label)}, {effect.baseline.name or 'another'} risk"
        further.append(Row((runs(title), first, second, *([runs("")] * 4))))
    return [row, *further]


def _abbreviations(found: Sequence[Finding]) -> str:
    known = {"CI": "confidence interval"}
    for finding in found:
        if finding.result is not None:
            scale = finding.result.fit.effects.scale
            known[scale.short] = lower_first(scale.label)
    return "; ".join(f"{short}: {words}" for short, words in known.items()) + "."


def _definitions() -> str:
    return " ".join(f"{level}: {DEFINITIONS[level]}." for level in reversed(LEVELS))


def summary_table(context: Context, found: Sequence[Finding]) -> Table:
    """Return the summary of findings: a row an outcome, cells from the analyses, footnotes."""
    question = context.review.protocol.question
    notes = Footnotes()
    rows = [
        Row((runs(strong(f"{name}: "), sentence(words)),), "note")
        for name, words in (
            ("Population", question.population),
            ("Intervention", question.intervention),
            ("Comparison", question.comparator),
        )
        if words
    ]
    for finding in found:
        rows += _rows(finding, notes)
    absolute = any(finding.evidence and finding.evidence.absolute for finding in found)
    star = MARK if absolute else ""
    group = f"Anticipated absolute effects{star} ({_level(found)})"
    footnotes = list(notes.lines())
    if absolute:
        footnotes.insert(
            0,
            runs(
                f"{MARK} The risk with the intervention and its interval are computed from the "
                "risk with the comparator, taken as known, and the relative effect with its "
                "interval."
            ),
        )
    footnotes.append(runs(_abbreviations(found)))
    footnotes.append(runs("GRADE levels. ", _definitions()))
    return Table(
        id="tab-summary-of-findings",
        caption="Summary of findings",
        columns=(
            Column("Outcome (follow-up)", share=1.5),
            Column("Risk with comparator", "left", group, 1.1),
            Column("Risk with intervention", "left", group, 1.5),
            Column(f"Relative effect ({_level(found)})", "left", share=1.2),
            Column("Participants (studies)", "left", share=1.0),
            Column("Certainty (GRADE)", "left", share=1.2),
            Column("What happens", share=1.9),
        ),
        rows=tuple(rows),
        footnotes=tuple(footnotes),
        wide=True,
    )


def _level(found: Sequence[Finding]) -> str:
    levels = {finding.result.fit.options.level for finding in found if finding.result is not None}
    return ci_name(levels.pop()) if len(levels) == 1 else "CI"


def _domain_cell(finding: Finding, domain: Domain, notes: Footnotes) -> Cell:
    rating = finding.rating
    step = rating.step(domain) if rating is not None else None
    if rating is None or step is None:
        return runs(strong("not rated"))
    words = (SUSPECTED if domain == "publication_bias" else SERIOUS)[step.levels]
    reasons = [text for name, text in rating.footnotes() if name == domain]
    old = any(stale.domain == domain for stale in finding.stale)
    return runs(words, notes.mark(*reasons), *([strong(" (out of date)")] if old else []))


def _other_cell(finding: Finding, notes: Footnotes) -> Cell:
    if finding.rating is None:
        return runs(DASH)
    parts: list[Text] = []
    for domain in UP:
        if finding.rating.levels(domain):
            text = f"{DOMAIN_WORDS[domain].lower()} {level_words(finding.rating.levels(domain))}"
            reasons = [note for name, note in finding.rating.footnotes() if name == domain]
            parts += [", " if parts else "", text, notes.mark(*reasons)]
    return runs(*parts) if parts else runs("none")


def evidence_profile(found: Sequence[Finding]) -> Table:
    """Return the evidence profile: the domains as columns, a row an outcome with data."""
    notes = Footnotes()
    rows = []
    for finding in found:
        if finding.result is None or finding.evidence is None:
            continue
        effect = _pooled_words(finding.result.fit)
        if finding.evidence.absolute:
            effect += f"; {finding.evidence.absolute[0].difference_words}"
        rows.append(
            Row(
                (
                    runs(_outcome_cell(finding)),
                    runs(f"{format_count(finding.evidence.k)}, {finding.plan.design}"),
                    *(_domain_cell(finding, domain, notes) for domain in DOWN),
                    _other_cell(finding, notes),
                    runs(effect),
                    _certainty_cell(finding, notes),
                )
            )
        )
    return Table(
        id="tab-evidence-profile",
        caption="Evidence profile",
        columns=(
            Column("Outcome (follow-up)", share=1.4),
            Column("Studies, design", share=1.0),
            *(Column(DOMAIN_WORDS[domain], share=1.0) for domain in DOWN),
            Column("Other", share=0.9),
            Column("Effect", share=1.5),
            Column("Certainty", share=1.0),
        ),
        rows=tuple(rows),
        footnotes=notes.lines(),
        wide=True,
    )


def facts_table(found: Sequence[Finding]) -> Table:
    """Return what was computed for each domain, what was proposed, and what people rated."""
    rows: list[Row] = []
    for finding in found:
        if finding.evidence is None:
            continue
        rows.append(Row((runs(upper_first(finding.label)),), "group"))
        for domain in finding.evidence.domains:
            if domain.domain in UP and finding.plan.design == "randomized":
                continue
            step = finding.rating.step(domain.domain) if finding.rating is not None else None
            facts = "; ".join(fact.words for fact in domain.facts) or "Nothing can be computed"
            proposal = f"{upper_first(domain.proposal.words)}: {domain.proposal.reason}."
            rated = "not rated" if step is None else level_words(step.levels)
            rows.append(
                Row(
                    (
                        runs(DOMAIN_WORDS[domain.domain]),
                        runs(f"{upper_first(facts)}."),
                        runs(proposal),
                        runs(rated),
                    )
                )
            )
    return Table(
        id="tab-certainty-facts",
        caption="What the ratings of the certainty rest on",
        columns=(
            Column("Domain", share=0.9),
            Column("Computed", share=4.0),
            Column("Proposed by rule", share=2.2),
            Column("Rated", "center", share=0.5),
        ),
        rows=tuple(rows),
        footnotes=(
            runs("Proposals follow written rules and decide nothing; the ratings are people’s."),
        ),
        wide=True,
    )
