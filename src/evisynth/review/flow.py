"""The numbers of the PRISMA 2020 flow diagram, counted from states and checked against each other.

Identities after Page et al. 2021, doi:10.1136/bmj.n71, figure 1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from evisynth.display import format_columns, format_count
from evisynth.errors import DataError, OptionError
from evisynth.records import Record, SearchSource
from evisynth.review.flow_columns import (
    flow_columns,
    found_in,
    included_boxes,
    merged,
    reasons_in_order,
)
from evisynth.review.parts import (
    FlowBox,
    FlowColumn,
    FlowCounts,
    FlowTemplate,
    PreviousStudies,
    Removal,
)
from evisynth.screening import RecordState, Stage
from evisynth.studies import Retrieval, Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PrismaFlow", "count_flow", "flow", "flow_heading"]

KIND_WORDS = {
    "database": "databases",
    "register": "registers",
    "website": "websites",
    "organisation": "organisations",
    "citation": "citation searching",
    "other": "other sources",
}


def flow_heading(sources: Sequence[SearchSource]) -> str:
    """Name the kinds of the sources that were searched, for the head of the column.

    Examples
    --------
    >>> flow_heading([SearchSource("e", "Embase", "database"), SearchSource("w", "W", "website")])
    'Identification of studies via databases and websites'
    """
    searched = {source.kind for source in sources if source.searched}
    words = [words for kind, words in KIND_WORDS.items() if kind in searched]
    if not words:
        return "Identification of studies"
    listed = " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
    return f"Identification of studies via {listed}"


def count_flow(
    sources: Sequence[SearchSource],
    records: Sequence[Record],
    duplicates: Collection[str],
    stages: Sequence[Stage],
    states: Mapping[tuple[str, str], RecordState],
    retrievals: Sequence[Retrieval],
    studies: Sequence[Study],
    studies_in_synthesis: int,
    *,
    removals: Sequence[Removal] = (),
    previous: PreviousStudies | None = None,
) -> FlowCounts:
    """Count every box from what people did, and check that the boxes add up.

    Records that still wait for a decision stand in no box but are counted in ``open`` and
    ``conflicts``; the identities allow for them. A report included at title and abstract counts as
    sought; it is not retrieved when the retrieval table says so.

    Parameters
    ----------
    sources, records, duplicates, stages, states, retrievals, studies
        The review; ``duplicates`` are the ids of records that repeat another, best with the record
        that each repeats (a mapping), so that one found both ways is counted where it belongs.
    studies_in_synthesis
        Studies in at least one main analysis.
    removals
        Records removed before screening for other reasons, and by automation tools.
    previous
        The previous version of the review.

    Returns
    -------
    FlowCounts
    """
    searched = [source for source in sources if source.searched]
    found = tuple((source, found_in(source)) for source in searched)
    columns = flow_columns(sources, records, duplicates, stages, states, retrievals, removals)
    whole = merged(columns, flow_heading(searched))
    waiting = {
        "title_abstract": len(whole.waiting_screening),
        "full_text": len(whole.waiting_full_text),
    }
    included = included_boxes(whole.box("reports_included").records, studies, previous)
    automation = whole.box("removed_by_automation").count
    titles: Mapping[str, str] = {}
    texts: Mapping[str, str] = {}
    for stage in stages:
        titles = stage.reasons if stage.name == "title_abstract" else titles
        texts = stage.reasons if stage.name == "full_text" else texts
    counts = FlowCounts(
        found=found,
        records_found=sum(number for _, number in found),
        duplicates_removed=whole.box("duplicates_removed").count,
        records_removed_other=automation + whole.box("removed_other").count,
        records_screened=whole.box("records_screened").count,
        records_excluded=whole.box("records_excluded").count,
        excluded_reasons=_by_reason(states, "title_abstract", titles),
        reports_sought=whole.box("reports_sought").count,
        reports_not_retrieved=whole.box("reports_not_retrieved").count,
        reports_assessed=whole.box("reports_assessed").count,
        reports_excluded=whole.box("reports_excluded").count,
        full_text_reasons=_by_reason(states, "full_text", texts),
        reports_included=whole.box("reports_included").count,
        studies_included=included[0].count,
        studies_in_synthesis=studies_in_synthesis,
        open=_status(states, "open"),
        conflicts=_status(states, "conflict"),
        heading=whole.heading,
        problems=(),
        records_removed_automation=automation,
        not_retrieved_reasons=tuple(
            (line.label, line.count) for line in whole.box("reports_not_retrieved").details
        ),
        columns=columns,
        included=included,
        previous=previous,
        template=_template(columns, previous),
    )
    problems = [
        f"{source.name}: found {found_in(source)} minus {source.removed_at_source} removed at"
        f" source is not the {source.records} records of the export"
        for source in searched
        if found_in(source) - source.removed_at_source != source.records
    ]
    problems += _identities(counts, waiting)
    if counts.template.endswith("all"):
        problems += _column_identities(columns, problems)
    linked = {report for study in studies for report in study.reports}
    reports = set(included[1].records)
    before = set(previous.report_ids) if previous else set()
    if records and linked - before != reports - before:
        problems.append(
            f"reports included ({counts.reports_included}) are not the reports of the studies"
            f" ({len(linked)})"
        )
    return replace(counts, problems=tuple(problems))


def _status(states: Mapping[tuple[str, str], RecordState], status: str) -> int:
    """Count the records and reports of a status, all stages."""
    return sum(state.status == status for state in states.values())


def _by_reason(
    states: Mapping[tuple[str, str], RecordState], stage: str, words: Mapping[str, str]
) -> tuple[tuple[str, int], ...]:
    """Count exclusions by the words of their reason, most frequent first, then the plan's order."""
    excluded = [
        state.reason
        for (_, name), state in states.items()
        if name == stage and state.status == "excluded"
    ]
    return tuple(
        (words.get(code, code) or "Reason not recorded", number)
        for code, number in reasons_in_order(excluded, words)
    )


def _template(columns: Sequence[FlowColumn], previous: PreviousStudies | None) -> FlowTemplate:
    """Return the template that fits."""
    other = bool(columns[1].box("records_identified").details)
    if previous is None:
        return "new_all" if other else "new_databases"
    return "updated_all" if other else "updated_databases"


def _column_identities(columns: Sequence[FlowColumn], told: Sequence[str]) -> list[str]:
    """Check each arrow within a column; that of a source's own numbers was told already."""
    problems = []
    for column in columns:
        count = {box.name: box.count for box in column.boxes}
        removed = (
            count["duplicates_removed"] + count["removed_by_automation"] + count["removed_other"]
        )
        waiting = len(column.waiting_screening)
        left = count["records_identified"] - removed
        if left != count["records_screened"] + waiting and not told:
            problems.append(
                f"{column.heading}: records identified ({count['records_identified']}) minus"
                f" records removed before screening ({removed}) make {left}, not records screened"
                f" ({count['records_screened']}) and waiting ({waiting})"
            )
    return problems


def _identities(counts: FlowCounts, waiting: Mapping[str, int]) -> list[str]:
    """Check each arrow of the diagram."""
    removed = counts.duplicates_removed + counts.records_removed_other
    checks = (
        (
            counts.records_found - removed,
            counts.records_screened + waiting["title_abstract"],
            f"records identified ({counts.records_found}) minus records removed before screening"
            f" ({removed})",
            f"records screened ({counts.records_screened}) and waiting"
            f" ({waiting['title_abstract']})",
        ),
        (
            counts.records_screened - counts.records_excluded,
            counts.reports_sought,
            f"records screened ({counts.records_screened}) minus records excluded"
            f" ({counts.records_excluded})",
            f"reports sought ({counts.reports_sought})",
        ),
        (
            counts.reports_sought - counts.reports_not_retrieved,
            counts.reports_assessed + waiting["full_text"],
            f"reports sought ({counts.reports_sought}) minus reports not retrieved"
            f" ({counts.reports_not_retrieved})",
            f"reports assessed ({counts.reports_assessed}) and waiting ({waiting['full_text']})",
        ),
        (
            sum(number for _, number in counts.full_text_reasons),
            counts.reports_excluded,
            "the reasons of reports excluded"
            f" ({' + '.join(str(number) for _, number in counts.full_text_reasons) or 0})",
            f"reports excluded ({counts.reports_excluded})",
        ),
        (
            counts.reports_assessed - counts.reports_excluded,
            counts.reports_included,
            f"reports assessed ({counts.reports_assessed}) minus reports excluded"
            f" ({counts.reports_excluded})",
            f"reports included ({counts.reports_included})",
        ),
    )
    return [
        f"{left_words} make {left}, not {right_words}"
        for left, right, left_words, right_words in checks
        if left != right
    ]


@dataclass(frozen=True, slots=True)
class PrismaFlow:
    """The flow diagram by one of the four templates of PRISMA 2020.

    Attributes
    ----------
    template : FlowTemplate
        Template.
    previous : tuple of FlowBox
        Boxes of the previous version; empty for a new review.
    columns : tuple of FlowColumn
        One column, or two with other methods.
    included : tuple of FlowBox
        New studies and reports; for an update the totals too.
    problems : tuple of str
        Identities that do not hold.
    """

    template: FlowTemplate
    previous: tuple[FlowBox, ...]
    columns: tuple[FlowColumn, ...]
    included: tuple[FlowBox, ...]
    problems: tuple[str, ...]

    def boxes(self) -> Iterator[FlowBox]:
        """Return all boxes: previous version, columns from above to below, included."""
        yield from self.previous
        for column in self.columns:
            yield from column.boxes
        yield from self.included

    def to_frame(self) -> pd.DataFrame:
        """Return one row a box or line of it, with the ids counted in ``records``."""
        import pandas as pd

        rows = [
            {
                "column": box.column,
                "box": box.name,
                "label": box.label,
                "detail": "" if line is box else line.label,
                "count": line.count,
                "records": "; ".join(line.records),
            }
            for box in self.boxes()
            for line in (box, *box.details)
        ]
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        rows = []
        for box in self.boxes():
            rows.append([box.column, box.label, format_count(box.count)])
            rows += [["", f"  {line.label}", format_count(line.count)] for line in box.details]
        lines = [f"PRISMA 2020 flow diagram, template {self.template.replace('_', ', ')}"]
        lines += format_columns(rows)
        lines += [f"Does not add up: {problem}." for problem in self.problems]
        return "\n".join(lines)


def flow(counts: FlowCounts, template: FlowTemplate | None = None) -> PrismaFlow:
    """Arrange the counts by one of the four templates of PRISMA 2020.

    Parameters
    ----------
    counts
        Of `count_flow`.
    template
        ``"new_databases"``, ``"new_all"``, ``"updated_databases"`` or ``"updated_all"``; None takes
        the one that fits (`FlowCounts.template`). A template with databases and registers only puts
        other sources that were searched into its one column, and the heading names them; one for a
        new review leaves the previous version out.

    Returns
    -------
    PrismaFlow

    Raises
    ------
    OptionError
        An unknown template.
    DataError
        A template of an updated review for one without a previous version, or counts that were not
        made by `count_flow`.

    References
    ----------
    Page 2021, doi:10.1136/bmj.n71.

    Examples
    --------
    >>> counts = count_flow([SearchSource("e", "Embase", "database")], [], [], [], {}, [], [], 0)
    >>> flow(counts).template
    'new_databases'
    """
    chosen = template or counts.template
    allowed = get_args(FlowTemplate)
    if chosen not in allowed:
        raise OptionError("template", chosen, allowed)
    if not counts.columns:
        raise DataError("the counts have no columns; make them with count_flow")
    previous, included = counts.previous, counts.included
    updated = chosen.startswith("updated")
    if updated and previous is None:
        raise DataError(
            f"the template {chosen!r} shows the previous version of a review, and this review names"
            " none; describe it in [update] of review.toml, or take the template"
            f" {chosen.replace('updated', 'new')!r}"
        )
    if not updated and previous is not None:
        new, reports = included[:2]
        included = (
            replace(new, label="Studies included in review"),
            replace(reports, label="Reports of included studies"),
        )
    columns = counts.columns
    if chosen.endswith("databases"):
        columns = (merged(columns, counts.heading),)
    if updated:
        columns = tuple(
            replace(
                column,
                heading=column.heading.replace(
                    "Identification of studies", "Identification of new studies"
                ),
            )
            for column in columns
        )
    return PrismaFlow(
        template=chosen,
        previous=_previous_boxes(previous) if updated and previous else (),
        columns=columns,
        included=included,
        problems=counts.problems,
    )


def _previous_boxes(previous: PreviousStudies) -> tuple[FlowBox, ...]:
    """Return the boxes of the previous version."""
    return (
        FlowBox(
            "previous_studies",
            "previous",
            "Studies included in previous version of review",
            previous.studies,
            previous.study_ids,
        ),
        FlowBox(
            "previous_reports",
            "previous",
            "Reports of studies included in previous version of review",
            previous.reports,
            previous.report_ids,
        ),
    )
