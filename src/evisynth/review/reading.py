"""A review folder read as a whole, every problem of every file collected."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from evisynth.analysis import AnalysisPlan, at_timepoint
from evisynth.appraisal import Assessment, PublishedJudgement
from evisynth.certainty import FindingPlan, Step
from evisynth.errors import InputError, Problem
from evisynth.extraction import OutcomeRow, check_duplicate_rows, read_outcome_rows
from evisynth.records import Record, SearchSource, read_utf8
from evisynth.review.analyses import build_analyses, check_words
from evisynth.review.deviations import PlanChange, plan_changes
from evisynth.review.files import fingerprint, path_inside
from evisynth.review.findings import build_findings, ratings_of
from evisynth.review.flow import count_flow
from evisynth.review.history import LOG_FILE
from evisynth.review.parts import FlowCounts, PublishedResult, Removal
from evisynth.review.plan_reading import REVIEW_FILE, Plan, read_plan
from evisynth.review.published import read_published_results
from evisynth.review.removals import read_removals
from evisynth.review.schema_errors import place, word_problem
from evisynth.review.searches import read_duplicates, read_searches
from evisynth.review.stopping import STOPPING_FILE, KeptStopping, read_stopping
from evisynth.review.strategies import read_strategies
from evisynth.screening import (
    Decision,
    RecordState,
    Stage,
    check_full_text,
    check_settlements,
    read_decisions,
    resolve,
)
from evisynth.searches import Strategy
from evisynth.studies import Retrieval, Study, check_reports, read_retrievals, read_studies

__all__ = ["FolderContents", "read_folder", "studies_in_synthesis"]

RETRIEVAL_FILE = "decisions/retrieval.csv"
DUPLICATES_FILE = "records/duplicates.csv"
REMOVED_FILE = "records/removed.csv"
STUDIES_FILE = "studies/studies.csv"
ASSESSMENTS_FILE = "rob/assessments.csv"


@dataclass(frozen=True, slots=True)
class FolderContents:
    """What a folder holds and what was computed from it; `evisynth.review.Review` is made of it."""

    plan: Plan
    analyses: tuple[AnalysisPlan, ...]
    rob_instrument: str
    texts: dict[str, str]
    sources: tuple[SearchSource, ...]
    records: tuple[Record, ...]
    duplicates: dict[str, str]
    decisions: tuple[Decision, ...]
    retrievals: tuple[Retrieval, ...]
    states: dict[tuple[str, str], RecordState]
    studies: tuple[Study, ...]
    outcome_rows: tuple[OutcomeRow, ...]
    assessments: tuple[Assessment, ...]
    published_judgements: tuple[PublishedJudgement, ...]
    published_results: tuple[PublishedResult, ...]
    flow: FlowCounts
    fingerprint: str
    warnings: tuple[str, ...]
    strategies: dict[str, Strategy] = field(default_factory=dict)
    removals: tuple[Removal, ...] = ()
    stopping: tuple[KeptStopping, ...] = ()
    plan_changes: tuple[PlanChange, ...] = ()
    summary_of_findings: tuple[FindingPlan, ...] = ()
    ratings: dict[str, tuple[Step, ...]] = field(default_factory=dict)


def read_folder(folder: Path) -> FolderContents:
    """Read a review folder.

    Parameters
    ----------
    folder
        The folder with ``review.toml``.

    Raises
    ------
    InputError
        With every problem of every file, in the order review.toml, searches, decisions, studies,
        extraction, risk of bias, published results, and by line in each.
    """
    if not folder.is_dir():
        raise InputError(
            Problem(
                str(folder),
                "",
                "there is no such folder",
                hint="Give the folder that holds review.toml; 'evisynth new FOLDER' makes one",
            )
        )
    if not (folder / REVIEW_FILE).is_file():
        raise InputError(
            Problem(
                str(folder),
                "",
                f"the folder has no {REVIEW_FILE}",
                hint="Give the folder of a review; 'evisynth new FOLDER' makes one",
            )
        )
    return _FolderReader(folder).read()


class _FolderReader:
    """One reading of a folder: problems and warnings as they are found."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self.warnings: list[str] = []

    def read(self) -> FolderContents:
        plan = read_plan(self.folder, self.problems)
        check_words(plan, self.problems)
        searches_before = len(self.problems)
        sources, records = read_searches(self.folder, self.problems, self.warnings)
        strategies = read_strategies(self.folder, self.problems)
        # After an export that could not be read nothing is said of ids that may stand in it.
        whole = len(self.problems) == searches_before
        known = frozenset(record.id for record in records) if whole else None
        duplicates = self._duplicates(known)
        removals = self._removals(known)
        decided_before = len(self.problems)
        decisions = self._decisions(plan, known)
        stopping = self._stopping()
        retrievals = self._retrievals(known)
        lost = {made.record for made in retrievals if made.status == "not_retrieved"}
        stages = plan.stages or ()
        states = resolve(
            records,
            decisions,
            stages,
            duplicates=duplicates,
            not_retrieved=lost,
            removed={made.record for made in removals},
            ignored={made.id for made in plan.people if made.left and not made.decisions_count},
        )
        # After a row with a problem the states are not those meant: nothing is concluded from them.
        sound = whole and len(self.problems) == decided_before and plan.stages is not None
        if sound:
            late: list[Problem] = []
            check_settlements(decisions, stages, late)
            check_full_text(
                decisions,
                states,
                not_retrieved=lost,
                problems=late,
                removed={made.record for made in removals},
            )
            self._check_retrievals(retrievals, states, late)
            # Where people work together such rows come of later acts (a record found to be a
            # duplicate, a vote taken back), each in the history: they are told and count no more.
            if (self.folder / LOG_FILE).is_file():
                self.warnings += map(str, late)
            else:
                self.problems += late
        studies = self._studies(plan)
        if sound and known:
            included = [
                record
                for (record, stage), state in states.items()
                if stage == "full_text" and state.status == "included"
            ]
            check_reports(
                studies,
                records=known,
                included=included,
                problems=self.problems,
                previous=plan.previous.study_ids if plan.previous else (),
            )
        data_before = len(self.problems)
        rows = self._outcome_rows(plan, studies)
        rows_sound = len(self.problems) == data_before
        instrument, assessments, judgements = self._risk_of_bias(plan, studies)
        published = self._published_results(plan)
        analyses = build_analyses(
            plan, studies, rows if rows_sound else None, self.problems, self.warnings
        )
        findings = build_findings(plan, analyses, self.problems, self.warnings)
        ratings = ratings_of(self.folder, plan, findings, self.problems)
        texts = self._texts()
        if self.problems:
            raise InputError(in_order(self.problems))
        pooled = studies_in_synthesis(analyses, rows)
        return FolderContents(
            plan=plan,
            analyses=analyses,
            rob_instrument=instrument,
            texts=texts,
            sources=sources,
            strategies=strategies,
            records=records,
            duplicates=duplicates,
            decisions=decisions,
            retrievals=retrievals,
            states=states,
            studies=studies,
            outcome_rows=rows,
            assessments=assessments,
            published_judgements=judgements,
            published_results=published,
            flow=count_flow(
                sources,
                records,
                duplicates,
                stages,
                states,
                retrievals,
                studies,
                len(pooled),
                removals=removals,
                previous=plan.previous,
            ),
            removals=removals,
            stopping=stopping,
            plan_changes=self._plan_changes(plan),
            summary_of_findings=findings,
            ratings=ratings,
            fingerprint=fingerprint(self.folder),
            warnings=tuple(self.warnings),
        )

    def _path(self, where: str) -> Path | None:
        """Return a file of a fixed name, None when it is not there."""
        path = self.folder / where
        return path if path.exists() else None

    def _duplicates(self, known: frozenset[str] | None) -> dict[str, str]:
        path = self._path(DUPLICATES_FILE)
        if path is None:
            return {}
        return read_duplicates(path, where=DUPLICATES_FILE, records=known, problems=self.problems)

    def _removals(self, known: frozenset[str] | None) -> tuple[Removal, ...]:
        path = self._path(REMOVED_FILE)
        if path is None:
            return ()
        return read_removals(path, where=REMOVED_FILE, records=known, problems=self.problems)

    def _plan_changes(self, plan: Plan) -> tuple[PlanChange, ...]:
        path = self.folder / REVIEW_FILE
        text = path.read_text(encoding="utf-8", errors="replace")
        return plan_changes(self.folder, text, plan.registration.date)

    def _stopping(self) -> tuple[KeptStopping, ...]:
        path = self._path(STOPPING_FILE)
        if path is None:
            return ()
        return read_stopping(path, where=STOPPING_FILE, problems=self.problems)

    def _decisions(self, plan: Plan, known: frozenset[str] | None) -> tuple[Decision, ...]:
        stages = plan.stages or (Stage("title_abstract", 1, {}), Stage("full_text", 1, {}))
        found: list[Decision] = []
        for stage in stages:
            where = f"decisions/{stage.name}.csv"
            path = self._path(where)
            if path is not None:
                found += read_decisions(
                    path,
                    stage,
                    where=where,
                    records=known,
                    reviewers=plan.person_ids,
                    problems=self.problems,
                    reasons_known=plan.stages is not None,
                )
        return tuple(found)

    def _retrievals(self, known: frozenset[str] | None) -> tuple[Retrieval, ...]:
        path = self._path(RETRIEVAL_FILE)
        if path is None:
            return ()
        return read_retrievals(path, where=RETRIEVAL_FILE, records=known, problems=self.problems)

    def _check_retrievals(
        self,
        retrievals: tuple[Retrieval, ...],
        states: dict[tuple[str, str], RecordState],
        problems: list[Problem],
    ) -> None:
        """Check that the reports sought are those of records included at title and abstract."""
        for made in retrievals:
            state = states.get((made.record, "title_abstract"))
            if state is None or state.status != "included":
                status = state.status if state else "a duplicate or removed"
                problems.append(
                    Problem(
                        made.file,
                        f"line {made.line}, column record_id",
                        f"{made.record!r} is not included at title and abstract (it is: {status}),"
                        " its report is not sought",
                        hint="Remove the row or correct decisions/title_abstract.csv",
                    )
                )

    def _studies(self, plan: Plan) -> tuple[Study, ...]:
        path = self._path(STUDIES_FILE)
        if path is None:
            return ()
        return read_studies(
            path,
            plan.fields,
            where=STUDIES_FILE,
            problems=self.problems,
            warnings=self.warnings,
            fields_known=plan.field_names == frozenset(made.name for made in plan.fields),
        )

    def _studies_unread(self, studies: tuple[Study, ...]) -> bool:
        """Tell whether there is a table of studies and none could be read."""
        return not studies and any(problem.where == STUDIES_FILE for problem in self.problems)

    def _outcome_rows(self, plan: Plan, studies: tuple[Study, ...]) -> tuple[OutcomeRow, ...]:
        ids = None if self._studies_unread(studies) else [study.id for study in studies]
        rows: list[OutcomeRow] = []
        for key, table in plan.tables:
            at = place(plan.lines, (*key, "file"))
            path = path_inside(
                self.folder, table.file, where=REVIEW_FILE, at=at, problems=self.problems
            )
            if path is not None:
                rows += read_outcome_rows(
                    path,
                    table,
                    where=table.file,
                    studies=ids,
                    outcomes=plan.outcome_ids,
                    problems=self.problems,
                    warnings=self.warnings,
                )
        check_duplicate_rows(rows, self.problems)
        return tuple(rows)

    def _risk_of_bias(
        self, plan: Plan, studies: tuple[Study, ...]
    ) -> tuple[str, tuple[Assessment, ...], tuple[PublishedJudgement, ...]]:
        from evisynth.appraisal import (
            INSTRUMENTS,
            check_duplicates,
            read_assessments,
            read_published_judgements,
        )

        section = plan.risk_of_bias
        if section is None or self._studies_unread(studies):
            return "", (), ()
        if section.instrument not in INSTRUMENTS:
            at = place(plan.lines, ("risk_of_bias", "instrument"))
            self.problems.append(
                word_problem(REVIEW_FILE, at, section.instrument, tuple(INSTRUMENTS), "instrument")
            )
            return "", (), ()
        ids = {study.id for study in studies}
        outcomes = set(plan.outcome_ids or ())
        files = section.files
        if files is None:
            files = [ASSESSMENTS_FILE] if self._path(ASSESSMENTS_FILE) else []
        assessments: list[Assessment] = []
        for number, written in enumerate(files):
            at = place(plan.lines, ("risk_of_bias", "files", number))
            path = path_inside(
                self.folder, written, where=REVIEW_FILE, at=at, problems=self.problems
            )
            if path is not None:
                assessments += read_assessments(
                    path,
                    where=written,
                    studies=ids,
                    outcomes=outcomes,
                    problems=self.problems,
                    instrument=section.instrument,
                )
        if len(files) > 1:  # each file has checked itself
            check_duplicates(assessments, self.problems)
        judgements: tuple[PublishedJudgement, ...] = ()
        if section.published:
            at = place(plan.lines, ("risk_of_bias", "published"))
            path = path_inside(
                self.folder, section.published, where=REVIEW_FILE, at=at, problems=self.problems
            )
            if path is not None:
                judgements = read_published_judgements(
                    path, where=section.published, studies=ids, problems=self.problems
                )
        return section.instrument, tuple(assessments), judgements

    def _published_results(self, plan: Plan) -> tuple[PublishedResult, ...]:
        section = plan.published
        if section is None or not (plan.has_published or self._path(section.file)):
            return ()
        at = place(plan.lines, ("published", "file"))
        path = path_inside(
            self.folder, section.file, where=REVIEW_FILE, at=at, problems=self.problems
        )
        if path is None:
            return ()
        return read_published_results(
            path,
            where=section.file,
            outcomes=plan.outcome_ids,
            analyses=plan.analysis_ids,
            fields={made.name: made for made in plan.fields},
            citation=section.citation,
            problems=self.problems,
        )

    def _texts(self) -> dict[str, str]:
        """Read the authors' prose, one file a place of the document."""
        texts = {}
        for path in sorted((self.folder / "texts").glob("*.md")):
            try:
                texts[path.stem] = read_utf8(path, where=f"texts/{path.name}").strip()
            except InputError as error:
                self.problems.extend(error.problems)
        return texts


def in_order(problems: list[Problem]) -> list[Problem]:
    """Sort problems by file, the plan first and the others as they were read, and by line."""
    files = list(dict.fromkeys([REVIEW_FILE, *(problem.where for problem in problems)]))

    def key(problem: Problem) -> tuple[int, int]:
        found = re.match(r"line (\d+)", problem.at)
        return files.index(problem.where), int(found[1]) if found else sys.maxsize

    return sorted(problems, key=key)


def studies_in_synthesis(
    analyses: tuple[AnalysisPlan, ...], rows: tuple[OutcomeRow, ...]
) -> frozenset[str]:
    """Return the studies that at least one main analysis selects."""
    return frozenset(
        row.study
        for analysis in analyses
        if analysis.role == "main"
        for row in rows
        if row.outcome == analysis.outcome
        and row.format in analysis.formats
        and at_timepoint(row, analysis.timepoints)
    )
