"""What every part of the content is made from, and small questions that several of them ask."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evisynth.analysis import AnalysisResult
from evisynth.appraisal import Assessment
from evisynth.records import Record
from evisynth.reporting.blocks import (
    Block,
    FigureBlock,
    Heading,
    Paragraph,
    Runs,
    Text,
    runs,
    see,
)
from evisynth.review import Review
from evisynth.screening import Decision

if TYPE_CHECKING:
    from evisynth.figures import ReviewFigure

__all__ = [
    "Context",
    "date_words",
    "heading",
    "paragraph",
    "record_citation",
    "slug",
    "squeeze",
]

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def squeeze(text: str) -> str:
    r"""Join lines and runs of blanks of a text from a file.

    Examples
    --------
    >>> squeeze(" one\n two ")
    'one two'
    """
    return " ".join(text.split())


def slug(text: str) -> str:
    """Make an id of any words.

    Examples
    --------
    >>> slug("<1 month"), slug("Kim HJ 2018")
    ('1-month', 'kim-hj-2018')
    """
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-") or "x"


def date_words(date: str) -> str:
    """Write an ISO date (or year and month) in words; other texts come back as they are.

    Examples
    --------
    >>> date_words("2025-05-25"), date_words("2025-05"), date_words("2025")
    ('25 May 2025', 'May 2025', '2025')
    """
    found = re.fullmatch(r"(\d{4})-(\d{2})(?:-(\d{2}))?", date.strip())
    if not found or not 1 <= int(found[2]) <= len(MONTHS):
        return date
    day = f"{int(found[3])} " if found[3] else ""
    return f"{day}{MONTHS[int(found[2]) - 1]} {found[1]}"


def heading(level: int, text: str, anchor: str = "") -> Heading:
    """Make a heading whose anchor follows from its words unless one is given."""
    return Heading(level, text, anchor or slug(text))


def paragraph(*sentences: str) -> Paragraph:
    """Make a paragraph of sentences; empty ones are left out."""
    return Paragraph(runs(" ".join(sentence for sentence in sentences if sentence)))


def sentence(text: str) -> str:
    """End a text with a full stop unless it has an end.

    Examples
    --------
    >>> sentence("None."), sentence("None")
    ('None.', 'None.')
    """
    text = squeeze(text)
    return text if not text or text[-1] in ".?!" else f"{text}."


def record_citation(record: Record) -> str:
    """Cite a record in one line from what its source has of it.

    Examples
    --------
    >>> record_citation(
    ...     Record(id="a", title="A trial", authors=("Ito, A",), year=2020, journal="J Test")
    ... )
    'Ito A. A trial. J Test 2020.'
    """
    names = [name.replace(",", "") for name in record.authors]
    shown = f"{', '.join(names[:3])} et al" if len(names) > 3 else ", ".join(names)
    place = " ".join(part for part in (record.journal, str(record.year or "")) if part)
    if record.volume:
        place += f";{record.volume}"
        place += f"({record.issue})" if record.issue else ""
        place += f":{record.pages}" if record.pages else ""
    parts = [shown, squeeze(record.title), place]
    text = " ".join(f"{part.rstrip('.')}." for part in parts if part)
    return text or record.id


@dataclass(frozen=True, slots=True)
class Context:
    """The review, its results and its figures, as the parts of the document see them."""

    review: Review
    results: tuple[AnalysisResult, ...]
    figures: tuple[ReviewFigure, ...] = ()

    @property
    def main(self) -> tuple[AnalysisResult, ...]:
        """Main analyses, and sensitivity analyses whose main one is not there."""
        ids = {result.plan.id for result in self.results}
        return tuple(
            result
            for result in self.results
            if result.plan.role == "main" or result.plan.sensitivity_of not in ids
        )

    def sensitivity_of(self, result: AnalysisResult) -> tuple[AnalysisResult, ...]:
        """Sensitivity analyses of a main one."""
        return tuple(
            other
            for other in self.results
            if other.plan.role == "sensitivity" and other.plan.sensitivity_of == result.plan.id
        )

    @property
    def is_demonstration(self) -> bool:
        """Whether the document is a worked example."""
        return self.review.kind == "demonstration"

    @property
    def study_ids(self) -> tuple[str, ...]:
        """Ids of the included studies in the review's order."""
        return tuple(study.id for study in self.review.studies)

    def outcome_label(self, outcome: str) -> str:
        """Words of an outcome id; an id that the plan does not have comes back as it is."""
        for known in self.review.protocol.outcomes:
            if known.id == outcome:
                return known.label
        return outcome

    def decisions_at(self, stage: str) -> tuple[Decision, ...]:
        """Decisions of one stage."""
        return tuple(made for made in self.review.decisions if made.stage == stage)

    def text(self, place: str) -> tuple[str, ...]:
        """Paragraphs that the authors wrote for a place; empty if there are none."""
        written = self.review.texts.get(place, "")
        return tuple(squeeze(part) for part in re.split(r"\n\s*\n", written) if part.strip())

    def own_text(self, place: str, prompt: str) -> list[Block]:
        """Return the authors' prose for a place, or a placeholder that says what belongs there."""
        written = self.text(place)
        if written:
            return [Paragraph(runs(part)) for part in written]
        return [Paragraph(runs(f"[{prompt}]"), role="placeholder")]

    def consensus(self) -> tuple[Assessment, ...]:
        """One assessment a result: the consensus where there is one, else the first."""
        chosen: dict[tuple[str, str, str], Assessment] = {}
        for made in self.review.assessments:
            key = (made.study, made.outcome, made.instrument)
            if key not in chosen or made.assessor == "consensus":
                chosen[key] = made
        return tuple(chosen.values())

    def placed(self, section: str, tables: tuple[str, ...] = ()) -> list[Block]:
        """Return the figures that belong to a section, as blocks in their order."""
        return [
            figure_block(figure, tables) for figure in self.figures if figure.section == section
        ]

    def pointer(self, section: str) -> Runs:
        """Return ``(Figure 7, Figure 8)`` for the figures of a section; nothing without any."""
        parts: list[Text] = []
        for figure in self.figures:
            if figure.section == section:
                parts += [", " if parts else " (", see(figure.id)]
        return runs(*parts, ")") if parts else ()


def figure_block(figure: ReviewFigure, tables: tuple[str, ...] = ()) -> FigureBlock:
    """Put a figure of the review into the document."""
    return FigureBlock(
        id=figure.id,
        number=figure.number,
        title=figure.title,
        caption=figure.caption,
        alt=figure.figure.alt_text,
        description=figure.figure.description,
        figure=figure.figure,
        tables=tables,
    )
