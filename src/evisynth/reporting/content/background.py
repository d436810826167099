"""Background: the authors' prose, or the place where it goes."""

from __future__ import annotations

from evisynth.reporting.blocks import Block
from evisynth.reporting.content.context import Context, heading, paragraph, sentence

__all__ = ["background"]


def background(context: Context) -> list[Block]:
    """Return the introduction and the objective."""
    question = context.review.protocol.question
    blocks: list[Block] = [heading(1, "Introduction")]
    blocks += context.own_text(
        "introduction", "The authors describe here the rationale and what is known so far."
    )
    if question.text:
        blocks += [heading(2, "Objective"), paragraph(sentence(question.text))]
    return blocks
