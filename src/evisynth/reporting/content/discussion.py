"""Discussion: the authors' prose, and the limits that are known."""

from __future__ import annotations

from evisynth.display import format_count, plural
from evisynth.reporting.blocks import Block, BulletList, runs
from evisynth.reporting.content.context import Context, heading, paragraph, sentence

__all__ = ["discussion"]


def _seen_in_the_data(context: Context) -> list[str]:
    """Limits that follow from the states of the review, whoever wrote the list."""
    flow = context.review.flow
    found = []
    if flow.open or flow.conflicts:
        found.append("The selection is not finished.")
    if flow.reports_not_retrieved and not context.review.limits:
        found.append(
            f"{format_count(flow.reports_not_retrieved)} of "
            f"{plural(flow.reports_sought, 'report')} sought could not be retrieved."
        )
    if not context.review.limits and any(
        stage.votes_needed == 1 for stage in context.review.protocol.stages
    ):
        found.append("Records were judged by one reviewer.")
    return found


def discussion(context: Context) -> list[Block]:
    """Return the discussion with the limits of the review."""
    blocks: list[Block] = [heading(1, "Discussion")]
    blocks += context.own_text(
        "discussion", "The authors discuss here what the results mean, and for whom."
    )
    limits = [*context.review.limits, *_seen_in_the_data(context)]
    blocks.append(heading(2, "Limits", "limits"))
    if limits:
        blocks.append(BulletList(tuple(runs(sentence(limit)) for limit in limits)))
    else:
        blocks.append(paragraph("No limits are stated in the plan."))
    conclusion = context.text("conclusion")
    if conclusion:
        blocks.append(heading(2, "Conclusion", "conclusion"))
        blocks += context.own_text("conclusion", "")
    return blocks
