"""Deviations from the protocol: as stated, and as the history of the plan shows."""

from __future__ import annotations

from evisynth.display import plural
from evisynth.reporting.blocks import (
    Block,
    BulletList,
    Column,
    Paragraph,
    Row,
    Table,
    cells,
    runs,
    see,
    strong,
)
from evisynth.reporting.content.context import (
    Context,
    date_words,
    heading,
    paragraph,
    sentence,
)

__all__ = ["deviations"]


def deviations(context: Context) -> list[Block]:
    """Return what was changed between the registered plan and the one that was run."""
    review = context.review
    registration = review.protocol.registration
    blocks: list[Block] = [heading(2, "Deviations from the protocol", "deviations")]
    changed = review.plan_changes
    if review.deviations:
        blocks.append(
            BulletList(
                tuple(
                    runs(
                        strong(sentence(made.what)),
                        f" {sentence(made.why)}",
                        f" ({date_words(made.date)})" if made.date else "",
                    )
                    for made in review.deviations
                )
            )
        )
    elif registration.no_deviations and not changed:
        blocks.append(paragraph("Nothing was changed after the registration."))
    elif not changed:
        blocks.append(paragraph("No deviation is stated."))
    if changed:
        day = date_words(registration.date)
        lead = "" if review.deviations else " The reasons are not stated."
        blocks.append(
            Paragraph(
                runs(
                    f"By the history of the plan, {plural(len(changed), 'entry', 'entries')} of it "
                    f"{'stands' if len(changed) == 1 else 'stand'} otherwise than on {day} (",
                    see("tab-deviations"),
                    f").{lead}",
                )
            )
        )
        blocks.append(
            Table(
                id="tab-deviations",
                caption="The plan as registered and as run",
                columns=(
                    Column("Entry", share=0.26),
                    Column(f"On {day}", share=0.37),
                    Column("As run", share=0.37),
                ),
                rows=tuple(
                    Row(cells(made.key, made.before or "–", made.after or "–")) for made in changed
                ),
            )
        )
    return blocks
