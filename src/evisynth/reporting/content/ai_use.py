"""The use of artificial intelligence: what ranked, what was promised, what people did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evisynth.display import format_count, format_percent, plural
from evisynth.reporting.blocks import Block, Paragraph, runs, see, strong
from evisynth.reporting.content.context import Context, date_words, heading, sentence
from evisynth.reporting.content.words import are
from evisynth.review import KeptStopping, Review
from evisynth.screening import Stage

if TYPE_CHECKING:
    from evisynth.prioritization import StoppingStatement

__all__ = ["ai_use", "ranked_stages", "screening_order"]


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def ranked_stages(review: Review) -> tuple[Stage, ...]:
    """Return the stages whose records were read in the order of a ranking."""
    ranked = {made.stage for made in review.stopping if made.ranking}
    screened = {made.stage for made in review.decisions}
    return tuple(
        stage
        for stage in review.protocol.stages
        if stage.name in ranked or (stage.order == "ranked" and stage.name in screened)
    )


def screening_order(context: Context) -> list[str]:
    """Return the sentences of the methods on the order of reading and its end."""
    review = context.review
    ranked = ranked_stages(review)
    if not ranked:
        return ["No automation tool took part in a decision."]
    found = [
        "Records were read in an order that a model learned from the decisions made so far; it "
        "decided on no record."
    ]
    found += [
        f"{_WHERE[stage.name]}, the plan was to stop reading when "
        f"{format_percent(100 * stage.stop_recall)} of the relevant records were found, with "
        f"{format_percent(100 * stage.stop_confidence)} confidence."
        for stage in ranked
        if stage.name == "title_abstract"
    ]
    return found


_WHERE = {"title_abstract": "On title and abstract", "full_text": "On the full text"}


def ai_use(context: Context) -> list[Block]:
    """Write the statement on the use of artificial intelligence; said also where there was none."""
    review = context.review
    blocks: list[Block] = [heading(2, "Use of artificial intelligence", "ai-use")]
    ranked = ranked_stages(review)
    if not ranked and not review.stopping:
        text = (
            "No model ranked records, and none took part in a decision. The sentences and tables of"
            " this document were made from the data by fixed rules; no language model wrote them."
        )
        return [*blocks, Paragraph(runs(text))]
    for stage in review.protocol.stages:
        kept = [made for made in review.stopping if made.stage == stage.name]
        if stage in ranked or kept:
            blocks += _stage(review, stage, kept)
    blocks.append(
        Paragraph(
            runs(
                "The sentences and tables of this document were made from the data by fixed rules; "
                "no language model wrote them."
            )
        )
    )
    return blocks


def _stage(review: Review, stage: Stage, kept: list[KeptStopping]) -> list[Block]:
    """Write what was promised, when it was met and what was done at one stage."""
    from evisynth.prioritization import RankingFacts, ai_use_statement

    last = _last(kept)
    names = {person.id: person.name for person in review.people}
    people = [
        names.get(who, who)
        for who in dict.fromkeys(
            made.reviewer for made in review.decisions if made.stage == stage.name
        )
    ]
    lead = strong(f"{_WHERE.get(stage.name, stage.name)}. ")
    if last is None:
        text = (
            "Artificial intelligence ranked the records for screening; which model, and what may be"
            " said of the records not read, was not kept with the review."
        )
        return [Paragraph(runs(lead, text))]
    done = _done(review, last, names)
    if not last.ranking:
        said = (
            f"After {format_count(_whole(last.parameters.get('read')))} records: {last.statement}"
        )
        text = " ".join(part for part in (said, done) if part)
        return [Paragraph(runs(lead, "No model ranked the records. ", text, *_points(review)))]
    made = ai_use_statement(
        RankingFacts.read(last.ranking),
        decided_by=people,
        stopping=_said(last),
        fired_at=_fired(last),
        done=done,
    )
    text = made.text
    step = _whole(last.parameters.get("step"))
    if _fired(last) is not None and step > 1:
        text += f" (The rule is looked at after every {format_count(step)} records.)"
    return [Paragraph(runs(lead, text, *_points(review)))]


def _points(review: Review) -> list[Any]:
    """Return where the flow of records is to be seen, if it is drawn."""
    if not review.records:
        return []
    return [" The numbers of records are under ", see("study-selection"), "."]


def _last(kept: list[KeptStopping]) -> KeptStopping | None:
    """Return the statement that counts: of the stop that holds, else the newest."""
    stops = [made for made in kept if made.done == "stopped"]
    return max(stops or kept, key=lambda made: (made.date, made.id), default=None)


def _fired(made: KeptStopping) -> int | None:
    found = made.parameters.get("first_met")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _said(made: KeptStopping) -> StoppingStatement:
    """Return the statement as it was kept."""
    from evisynth.prioritization import StoppingStatement

    kept = made.parameters

    def share(name: str) -> float:
        value = kept.get(name)
        return float(value) if isinstance(value, int | float) else float("nan")

    return StoppingStatement(
        made.rule, bool(kept.get("met")), made.statement, _whole(kept.get("read")),
        _whole(kept.get("total")), _whole(kept.get("relevant")), share("target"),
        share("confidence"),
    )  # fmt: skip


def _done(review: Review, made: KeptStopping, names: dict[str, str]) -> str:
    """Say what people did upon the statement."""
    who = names.get(made.person, made.person) or "the team"
    when = f" on {date_words(made.date[:10])}" if made.date else ""
    if made.done == "stopped":
        aside = sum(each.made_by.endswith(made.id) for each in review.removals)
        left = (
            f"{plural(aside, 'record')} {are(aside, 'was', 'were')} not read"
            if aside
            else "no record was left"
        )
        unmet = "" if made.parameters.get("met") else ", although the rule was not met"
        return f"{who} stopped the screening{when}{unmet}: {sentence(made.reason)} By that, {left}."
    if made.done == "resumed":
        return f"{who} had stopped the screening{when}; it was taken up again."
    waiting = [
        record
        for (record, stage), state in review.states.items()
        if stage == made.stage and state.status in ("open", "conflict")
    ]
    if waiting:
        return (
            f"Screening went on after this statement; {plural(len(waiting), 'record')} "
            f"{are(len(waiting), 'waits', 'wait')} for decisions."
        )
    return "Screening went on until every record was decided on."
