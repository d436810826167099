"""The boxes of the flow diagram with their records, one column for each way of identification."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from evisynth.records import Record, SearchSource
from evisynth.review.parts import FlowBox, FlowColumn, PreviousStudies, Removal
from evisynth.screening import RecordState, Stage
from evisynth.studies import Retrieval, Study

__all__ = ["flow_columns", "found_in", "included_boxes", "merged", "reasons_in_order"]

ColumnName = Literal["databases", "other"]

SEARCHED_BY_QUERY = ("database", "register")
"""Kinds of sources in the first column; the others are "other methods"."""

HEADINGS: dict[ColumnName, str] = {
    "databases": "Identification of studies via databases and registers",
    "other": "Identification of studies via other methods",
}


def found_in(source: SearchSource) -> int:
    """Return what a source reported, or as many as the export and the removed make."""
    return source.records + source.removed_at_source if source.found is None else source.found


def reasons_in_order(reasons: Iterable[str], words: Mapping[str, str]) -> list[tuple[str, int]]:
    """Count reasons (codes), most frequent first, then in the plan's order."""
    counts = Counter(reasons)
    order = {code: place for place, code in enumerate(words)}
    ranked = sorted(counts, key=lambda code: (-counts[code], order.get(code, len(order)), code))
    return [(code, counts[code]) for code in ranked]


def flow_columns(
    sources: Sequence[SearchSource],
    records: Sequence[Record],
    duplicates: Collection[str],
    stages: Sequence[Stage],
    states: Mapping[tuple[str, str], RecordState],
    retrievals: Sequence[Retrieval],
    removals: Sequence[Removal],
) -> tuple[FlowColumn, FlowColumn]:
    """Count the boxes of both columns.

    A record stands in the column of its source. Records of one report that both ways found go on
    in the column of databases and registers, and are duplicates in the other: "other methods" are
    credited with what nothing else found.

    Parameters
    ----------
    sources, records, duplicates, stages, states, retrievals, removals
        As for `evisynth.review.count_flow`.

    Returns
    -------
    databases, other : FlowColumn
    """
    counter = _Counter(records, sources, duplicates, stages, states, retrievals, removals)
    return counter.column("databases"), counter.column("other")


class _Counter:
    """The review, sorted so that each column can be counted."""

    def __init__(
        self,
        records: Sequence[Record],
        sources: Sequence[SearchSource],
        duplicates: Collection[str],
        stages: Sequence[Stage],
        states: Mapping[tuple[str, str], RecordState],
        retrievals: Sequence[Retrieval],
        removals: Sequence[Removal],
    ) -> None:
        self.sources = [source for source in sources if source.searched]
        self.records = records
        self.reasons = {stage.name: stage.reasons for stage in stages}
        other = {source.id for source in sources if source.kind not in SEARCHED_BY_QUERY}
        self.home: dict[str, ColumnName] = {
            record.id: "other" if record.source in other else "databases" for record in records
        }
        root = duplicates if isinstance(duplicates, Mapping) else dict.fromkeys(duplicates, "")
        self.members: dict[str, list[str]] = {}
        lost: dict[ColumnName, list[str]] = {"databases": [], "other": []}
        for record in records:
            self.members.setdefault(root.get(record.id) or record.id, []).append(record.id)
        self.column_of: dict[str, ColumnName] = {}
        for kept, group in self.members.items():
            home: ColumnName = (
                "databases" if any(self.home[made] == "databases" for made in group) else "other"
            )
            self.column_of[kept] = home
            stays = ""  # nobody, where the one that they repeat is no record or repeats another
            if kept in self.home and kept not in root:
                here = (made for made in group if self.home[made] == home)
                stays = kept if self.home[kept] == home else next(here)
            for made in group:
                if made != stays:
                    lost[self.home[made]].append(made)
        self.lost = lost
        out = {made.record: made for made in removals}
        self.removed = {
            kind: [
                record.id
                for record in records
                if record.id not in root and record.id in out and out[record.id].kind == kind
            ]
            for kind in ("automation", "other")
        }
        self.states = states
        self.not_retrieved = {
            made.record: made.reason for made in retrievals if made.status == "not_retrieved"
        }

    def _at(self, column: ColumnName, stage: str, *statuses: str) -> list[RecordState]:
        """Return the states of a stage that a column holds."""
        return [
            state
            for (record, name), state in self.states.items()
            if name == stage
            and state.status in statuses
            and self.column_of.get(record, "databases") == column
        ]

    def _box(
        self,
        column: ColumnName,
        name: str,
        label: str,
        records: Sequence[str],
        details: Sequence[FlowBox] = (),
        more: int = 0,
    ) -> FlowBox:
        return FlowBox(name, column, label, len(records) + more, tuple(records), tuple(details))

    def _by_reason(
        self, column: ColumnName, name: str, made: Mapping[str, str], words: Mapping[str, str]
    ) -> list[FlowBox]:
        """Return a line for each reason with its records."""
        return [
            self._box(
                column,
                name,
                words.get(code, code) or "Reason not recorded",
                [record for record, reason in made.items() if reason == code],
            )
            for code, _ in reasons_in_order(made.values(), words)
        ]

    def column(self, name: ColumnName) -> FlowColumn:
        """Count one column."""
        mine = [
            source
            for source in self.sources
            if (source.kind in SEARCHED_BY_QUERY) == (name == "databases")
        ]
        by_source: dict[str, list[str]] = {source.id: [] for source in mine}
        for record in self.records:
            if record.source in by_source:
                by_source[record.source].append(record.id)
        identified = [
            FlowBox("records_identified", name, source.name, found_in(source), tuple(ids))
            for source, ids in ((source, by_source[source.id]) for source in mine)
        ]
        at_source = sum(source.removed_at_source for source in mine)
        out = {
            kind: [made for made in ids if self.column_of.get(made, "databases") == name]
            for kind, ids in self.removed.items()
        }
        excluded = {
            state.record: state.reason for state in self._at(name, "title_abstract", "excluded")
        }
        screened = [
            state.record for state in self._at(name, "title_abstract", "included", "excluded")
        ]
        sought = [state.record for state in self._at(name, "title_abstract", "included")]
        lost = {made: self.not_retrieved[made] for made in sought if made in self.not_retrieved}
        ft_excluded = {
            state.record: state.reason for state in self._at(name, "full_text", "excluded")
        }
        assessed = [state.record for state in self._at(name, "full_text", "included", "excluded")]
        included = [state.record for state in self._at(name, "full_text", "included")]
        titles = self.reasons.get("title_abstract", {})
        texts = self.reasons.get("full_text", {})
        boxes = (
            FlowBox(
                "records_identified",
                name,
                "Records identified from",
                sum(box.count for box in identified),
                tuple(made for box in identified for made in box.records),
                tuple(identified),
            ),
            self._box(
                name,
                "duplicates_removed",
                "Duplicate records removed",
                self.lost[name],
                more=at_source,
            ),
            self._box(
                name,
                "removed_by_automation",
                "Records marked as ineligible by automation tools",
                out["automation"],
            ),
            self._box(name, "removed_other", "Records removed for other reasons", out["other"]),
            self._box(name, "records_screened", "Records screened", screened),
            self._box(
                name,
                "records_excluded",
                "Records excluded",
                list(excluded),
                self._by_reason(name, "records_excluded", excluded, titles),
            ),
            self._box(name, "reports_sought", "Reports sought for retrieval", sought),
            self._box(
                name,
                "reports_not_retrieved",
                "Reports not retrieved",
                list(lost),
                self._by_reason(name, "reports_not_retrieved", lost, {})
                if any(lost.values())
                else (),
            ),
            self._box(name, "reports_assessed", "Reports assessed for eligibility", assessed),
            self._box(
                name,
                "reports_excluded",
                "Reports excluded",
                list(ft_excluded),
                self._by_reason(name, "reports_excluded", ft_excluded, texts),
            ),
            self._box(name, "reports_included", "Reports included", included),
        )
        return FlowColumn(
            name,
            HEADINGS[name],
            boxes,
            tuple(s.record for s in self._at(name, "title_abstract", "open", "conflict")),
            tuple(s.record for s in self._at(name, "full_text", "open", "conflict")),
        )


def merged(columns: Sequence[FlowColumn], heading: str) -> FlowColumn:
    """Put both columns into one, for the templates that have a single one."""
    first, second = columns
    return FlowColumn(
        "databases",
        heading,
        tuple(_merged_box(one, two) for one, two in zip(first.boxes, second.boxes, strict=True)),
        first.waiting_screening + second.waiting_screening,
        first.waiting_full_text + second.waiting_full_text,
    )


def _merged_box(one: FlowBox, two: FlowBox) -> FlowBox:
    """Add two boxes; lines with the same words are added too, the most frequent first."""
    details: dict[str, FlowBox] = {}
    for line in (*one.details, *two.details):
        there = details.get(line.label)
        if one.name == "records_identified" or there is None:
            # two sources may have one name, and each keeps its line
            key = line.label if there is None else f"{line.label} {len(details)}"
            details[key] = FlowBox(line.name, "databases", line.label, line.count, line.records)
        else:
            details[line.label] = FlowBox(
                line.name,
                "databases",
                line.label,
                there.count + line.count,
                there.records + line.records,
            )
    lines = list(details.values())
    if one.name != "records_identified":
        lines.sort(key=lambda line: -line.count)
    return FlowBox(
        one.name,
        "databases",
        one.label,
        one.count + two.count,
        one.records + two.records,
        tuple(lines),
    )


def included_boxes(
    reports: Iterable[str], studies: Sequence[Study], previous: PreviousStudies | None
) -> tuple[FlowBox, ...]:
    """Return the boxes of studies and reports: new ones, and for an update all of them.

    Parameters
    ----------
    reports
        Ids of the reports included at full text.
    studies
        Studies of the review; those that the previous version names are not new.
    previous
        The previous version; None for a new review.
    """
    before = set(previous.study_ids) if previous else set()
    new = tuple(study.id for study in studies if study.id not in before)
    mine = tuple(reports)
    if previous is None:
        return (
            FlowBox("studies_included", "included", "Studies included in review", len(new), new),
            FlowBox("reports_included", "included", "Reports of included studies", len(mine), mine),
        )
    return (
        FlowBox("studies_included", "included", "New studies included in review", len(new), new),
        FlowBox("reports_included", "included", "Reports of new included studies", len(mine), mine),
        FlowBox(
            "total_studies",
            "included",
            "Total studies included in review",
            previous.studies + len(new),
            (*previous.study_ids, *new),
        ),
        FlowBox(
            "total_reports",
            "included",
            "Reports of total included studies",
            previous.reports + len(mine),
            (*previous.report_ids, *(made for made in mine if made not in previous.report_ids)),
        ),
    )
