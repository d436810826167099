"""The numbers of the PRISMA 2020 flow diagram, counted from states and checked against each other.

Identities after Page et al. 2021, doi:10.1136/bmj.n71, figure 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from evisynth.records import Record, SearchSource
from evisynth.review.parts import FlowCounts
from evisynth.screening import RecordState, Stage
from evisynth.studies import Retrieval, Study

__all__ = ["count_flow", "flow_heading"]

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
) -> FlowCounts:
    """Count every box from what people did, and check that the boxes add up.

    Records that still wait for a decision stand in no box but are counted in ``open`` and
    ``conflicts``; the identities allow for them. A report included at title and abstract counts as
    sought; it is not retrieved when the retrieval table says so.

    Parameters
    ----------
    sources, records, duplicates, stages, states, retrievals, studies
        The review; ``duplicates`` are the ids of records that repeat another.
    studies_in_synthesis
        Studies in at least one main analysis.

    Returns
    -------
    FlowCounts
    """
    searched = [source for source in sources if source.searched]
    found = tuple((source, _found(source)) for source in searched)
    removed = sum(source.removed_at_source for source in searched) + len(duplicates)

    def at(stage: str, *statuses: str) -> list[RecordState]:
        return [
            state
            for (_, name), state in states.items()
            if name == stage and state.status in statuses
        ]

    sought = {state.record for state in at("title_abstract", "included")}
    lost = [made for made in retrievals if made.status == "not_retrieved" and made.record in sought]
    screened = at("title_abstract", "included", "excluded")
    excluded = at("title_abstract", "excluded")
    assessed = at("full_text", "included", "excluded")
    reports_excluded = at("full_text", "excluded")
    reports_included = {state.record for state in at("full_text", "included")}
    waiting = {name: len(at(name, "open", "conflict")) for name in ("title_abstract", "full_text")}
    reasons = {stage.name: stage.reasons for stage in stages}
    counts = FlowCounts(
        found=found,
        records_found=sum(number for _, number in found),
        duplicates_removed=removed,
        records_removed_other=0,
        records_screened=len(screened),
        records_excluded=len(excluded),
        excluded_reasons=_by_reason(excluded, reasons.get("title_abstract", {})),
        reports_sought=len(sought),
        reports_not_retrieved=len(lost),
        reports_assessed=len(assessed),
        reports_excluded=len(reports_excluded),
        full_text_reasons=_by_reason(reports_excluded, reasons.get("full_text", {})),
        reports_included=len(reports_included),
        studies_included=len(studies),
        studies_in_synthesis=studies_in_synthesis,
        open=len(at("title_abstract", "open")) + len(at("full_text", "open")),
        conflicts=len(at("title_abstract", "conflict")) + len(at("full_text", "conflict")),
        heading=flow_heading(searched),
        problems=(),
    )
    problems = [
        f"{source.name}: found {_found(source)} minus {source.removed_at_source} removed at source"
        f" is not the {source.records} records of the export"
        for source in searched
        if _found(source) - source.removed_at_source != source.records
    ]
    problems += _identities(counts, waiting)
    linked = {report for study in studies for report in study.reports}
    if records and linked != reports_included:
        problems.append(
            f"reports included ({len(reports_included)}) are not the reports of the studies"
            f" ({len(linked)})"
        )
    return replace(counts, problems=tuple(problems))


def _found(source: SearchSource) -> int:
    """Return what a source reported, or as many as the export and the removed make."""
    return source.records + source.removed_at_source if source.found is None else source.found


def _by_reason(
    states: Sequence[RecordState], words: Mapping[str, str]
) -> tuple[tuple[str, int], ...]:
    """Count exclusions by the words of their reason, most frequent first, then the plan's order."""
    counts = Counter(state.reason for state in states)
    order = {code: place for place, code in enumerate(words)}
    ranked = sorted(counts, key=lambda code: (-counts[code], order.get(code, len(order)), code))
    return tuple((words.get(code, code) or "Reason not recorded", counts[code]) for code in ranked)


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
