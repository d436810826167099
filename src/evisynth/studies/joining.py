"""Reports joined into studies and parted again, and where the retrieval of reports stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from evisynth.errors import DataError, closest
from evisynth.studies.study import Retrieval, RetrievalStatus, Study

__all__ = [
    "RetrievalState",
    "SameAs",
    "StudyChange",
    "choose_main_report",
    "join_reports",
    "retrieval_states",
    "same_as",
    "split_reports",
]

SameAs = Literal["same record", "same report", "same study", "different"]


@dataclass(frozen=True, slots=True)
class StudyChange:
    """Studies after reports were joined or parted.

    Attributes
    ----------
    studies : tuple of Study
        As they are now; a study that was there keeps its place.
    created : tuple of str
        Ids of studies that are new.
    emptied : tuple of str
        Ids of studies that lost their last report and are no longer in ``studies``.
    kept : dict of str to Study
        The emptied studies as they were, with their characteristics, so that nothing typed is lost.
    """

    studies: tuple[Study, ...]
    created: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    kept: dict[str, Study] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RetrievalState:
    """Where the retrieval of one report stands: ``"sought"`` until it is had or given up."""

    record: str
    status: RetrievalStatus
    reason: str = ""


def join_reports(
    studies: Sequence[Study], reports: Sequence[str], study: str, *, main_report: str = ""
) -> StudyChange:
    """Put reports into one study, new or there already; each leaves the study that it was in.

    Parameters
    ----------
    studies
        All studies.
    reports
        Ids of the reports.
    study
        Id of the study; one that is not there is made.
    main_report
        Its main report; ``""`` keeps the present one (or the first).

    Returns
    -------
    StudyChange

    Raises
    ------
    DataError
        No reports, no id, or a main report that is not of the study.

    Examples
    --------
    >>> there = (Study("Zhu 2018", ("12",)), Study("Zhu 2020", ("40",)))
    >>> change = join_reports(there, ["40"], "Zhu 2018")
    >>> change.studies[0].reports, change.emptied
    (('12', '40'), ('Zhu 2020',))
    """
    wanted = tuple(dict.fromkeys(reports))
    if not wanted or not study.strip():
        raise DataError("name the study and at least one report to put into it")
    moved = set(wanted)
    found: list[Study] = []
    emptied: dict[str, Study] = {}
    for there in studies:
        if there.id == study:
            mine = (*there.reports, *(made for made in wanted if made not in there.reports))
            found.append(replace(there, reports=mine))
            continue
        left = tuple(made for made in there.reports if made not in moved)
        if left == there.reports:
            found.append(there)
        elif left:
            found.append(_with_reports(there, left))
        else:
            emptied[there.id] = there
    created = study not in {there.id for there in studies}
    if created:
        found.append(Study(study, wanted))
    done = StudyChange(tuple(found), (study,) if created else (), tuple(emptied), emptied)
    if main_report:
        done = replace(done, studies=choose_main_report(done.studies, study, main_report))
    return done


def _with_reports(study: Study, reports: tuple[str, ...]) -> Study:
    """Give a study other reports; a main report that left is no longer the main one."""
    main = study.main_report if study.main_report in reports else ""
    return replace(study, reports=reports, main_report=main)


def split_reports(studies: Sequence[Study], reports: Sequence[str], study: str) -> StudyChange:
    """Take reports out of the study that they are in and make a new study of them.

    The characteristics stay with the study that was there: they must be gathered anew for the new
    one.

    Parameters
    ----------
    studies
        All studies.
    reports
        Ids of reports of one study.
    study
        Id of the new study.

    Returns
    -------
    StudyChange

    Raises
    ------
    DataError
        The id is taken, a report is in no study, they are of several studies, or all reports of a
        study would leave it.

    Examples
    --------
    >>> change = split_reports([Study("Zhu 2018", ("12", "40"))], ["40"], "Zhu 2020")
    >>> [(made.id, made.reports) for made in change.studies]
    [('Zhu 2018', ('12',)), ('Zhu 2020', ('40',))]
    """
    if study in {there.id for there in studies}:
        raise DataError(f"there is a study {study!r} already; choose another id, or join them")
    owners = {made: there for there in studies for made in there.reports}
    lonely = [made for made in reports if made not in owners]
    if lonely:
        raise DataError(f"{', '.join(lonely)}: in no study; put reports into one to join them")
    from_ids = sorted({owners[made].id for made in reports})
    if len(from_ids) != 1:
        raise DataError(
            f"the reports are of {len(from_ids)} studies ({', '.join(from_ids) or 'none'});"
            " split one study at a time"
        )
    if set(owners[reports[0]].reports) <= set(reports):
        raise DataError(
            f"these are all reports of {from_ids[0]!r}; leave it at least one, or rename it"
        )
    return join_reports(studies, reports, study)


def choose_main_report(studies: Sequence[Study], study: str, report: str) -> tuple[Study, ...]:
    """Make a report the main one of its study, by which the study is cited.

    Raises
    ------
    DataError
        There is no such study, or the report is not one of its reports.
    """
    there = {made.id: made for made in studies}
    if study not in there:
        near = closest(study, there)
        raise DataError(
            f"there is no study {study!r}" + (f"; did you mean {near!r}?" if near else "")
        )
    if report not in there[study].reports:
        raise DataError(
            f"{report!r} is none of the reports of {study!r}: {', '.join(there[study].reports)}"
        )
    return tuple(
        replace(made, main_report=report) if made.id == study else made for made in studies
    )


def same_as(
    first: str, second: str, *, duplicates: Mapping[str, str], studies: Iterable[Study]
) -> SameAs:
    """Say what two records have in common, in PRISMA's words.

    Parameters
    ----------
    first, second
        Ids of records.
    duplicates
        The record that each duplicate repeats.
    studies
        The studies with their reports.

    Returns
    -------
    {"same record", "same report", "same study", "different"}

    Examples
    --------
    >>> zhu = Study("Zhu 2018", ("12", "40"))
    >>> same_as("41", "12", duplicates={"41": "40"}, studies=[zhu])
    'same study'
    """
    if first == second:
        return "same record"
    one, two = duplicates.get(first, first), duplicates.get(second, second)
    if one == two:
        return "same report"
    if any(one in study.reports and two in study.reports for study in studies):
        return "same study"
    return "different"


def retrieval_states(
    sought: Iterable[str],
    retrievals: Iterable[Retrieval],
    *,
    assessed: Collection[str] = (),
) -> dict[str, RetrievalState]:
    """Return where the retrieval of each report stands.

    Parameters
    ----------
    sought
        Ids of the records included at title and abstract.
    retrievals
        What was noted; the later of two on one report counts.
    assessed
        Ids with a decision at full text: where nothing is noted they were retrieved.

    Returns
    -------
    dict of record id to RetrievalState
        In the order of ``sought``.

    Examples
    --------
    >>> noted = [Retrieval("2", "not_retrieved", "no answer from the authors")]
    >>> [state.status for state in retrieval_states("123", noted, assessed="1").values()]
    ['retrieved', 'not_retrieved', 'sought']
    """
    last = {made.record: made for made in retrievals}
    found = {}
    for record in sought:
        made = last.get(record)
        if made is not None:
            found[record] = RetrievalState(record, made.status, made.reason)
        else:
            found[record] = RetrievalState(record, "retrieved" if record in assessed else "sought")
    return found
