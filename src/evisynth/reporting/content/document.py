"""Put the parts together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evisynth import __version__
from evisynth.analysis import AnalysisResult
from evisynth.reporting.assembly import assemble
from evisynth.reporting.blocks import (
    Block,
    DocumentMeta,
    FigureBlock,
    ReviewDocument,
)
from evisynth.reporting.content.analyses import analyses
from evisynth.reporting.content.appendices import appendices
from evisynth.reporting.content.background import background
from evisynth.reporting.content.certainty import certainty, certainty_methods
from evisynth.reporting.content.characteristics import study_characteristics
from evisynth.reporting.content.comparison import comparison
from evisynth.reporting.content.context import (
    Context,
    date_words,
    figure_block,
    heading,
    squeeze,
)
from evisynth.reporting.content.discussion import discussion
from evisynth.reporting.content.flow import study_selection
from evisynth.reporting.content.front import abstract, front_matter
from evisynth.reporting.content.methods import methods_before_synthesis
from evisynth.reporting.content.methods_synthesis import methods_of_synthesis
from evisynth.reporting.content.references import LIBRARY
from evisynth.reporting.content.risk_of_bias import risk_of_bias
from evisynth.review import Review

if TYPE_CHECKING:
    from evisynth.figures import ReviewFigure

__all__ = ["build_document"]


def _meta(review: Review) -> DocumentMeta:
    question = review.protocol.question
    return DocumentMeta(
        title=squeeze(review.title),
        short_title=squeeze(review.short_title) or squeeze(review.title),
        authors=tuple(person.name for person in review.people),
        date=review.date,
        version=review.version,
        licence=review.licence,
        subject=squeeze(question.text),
        keywords=("systematic review", "meta-analysis"),
        generator=f"evisynth {__version__}",
        identifier=review.fingerprint,
        date_words=date_words(review.date),
    )


def _not_placed(context: Context, blocks: Sequence[Block]) -> list[Block]:
    """Figures that no part took, so that none is lost."""
    placed = {block.id for block in blocks if isinstance(block, FigureBlock)}
    left = [
        block
        for block in (figure_block(figure) for figure in context.figures)
        if block.id not in placed
    ]
    return [heading(2, "Further figures", "further-figures"), *left] if left else []


def build_document(
    review: Review,
    results: Sequence[AnalysisResult],
    figures: Sequence[ReviewFigure] = (),
) -> ReviewDocument:
    """Write the review document as data.

    Parameters
    ----------
    review
        The review.
    results
        Results of its analyses, in the plan's order.
    figures
        Its figures, numbered; each is put into the part that it names.

    Returns
    -------
    ReviewDocument
        The document, ready to be rendered.

    Raises
    ------
    DataError
        When a pointer of the document leads nowhere.
    """
    context = Context(review, tuple(results), tuple(figures))
    found: list[Block] = [
        heading(1, "Results"),
        *study_selection(context),
        *study_characteristics(context),
        *risk_of_bias(context),
        *analyses(context),
        *certainty(context),
        *comparison(context),
    ]
    found += _not_placed(context, found)
    blocks = [
        *front_matter(context),
        *abstract(context),
        *background(context),
        *methods_before_synthesis(context),
        *methods_of_synthesis(context),
        *certainty_methods(context),
        *found,
        *discussion(context),
        *appendices(context),
    ]
    return assemble(_meta(review), blocks, LIBRARY)
