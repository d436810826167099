"""What `evisynth check` finds, for the browser: on the folder as the review stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evisynth.actions.check import check_review
from evisynth.actions.store import freeze_into
from evisynth.actions.team.desk import Desk
from evisynth.actions.team.jobs import Job, Teller, jobs_of, start_job
from evisynth.errors import InputError
from evisynth.review import may

__all__ = ["CheckFinding", "Checked", "check_in_background", "last_check"]

CHECK = "check"
MOST = 100


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """Something that is not as it should be, with the way out."""

    check: str
    where: str
    at: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Checked:
    """How the last check stands.

    Attributes
    ----------
    job : Job
        Who started it and when; whether it is at work.
    findings : tuple of CheckFinding
        What a person must look at.
    warnings : tuple of str
        What a person should know.
    moved : bool
        Whether something was done since.
    """

    job: Job
    findings: tuple[CheckFinding, ...]
    warnings: tuple[str, ...]
    moved: bool


def check_in_background(desk: Desk, *, request_id: str = "") -> Job:
    """Check the review: the plan, the numbers of the flow diagram, results, files, the history.

    The state is written to the folder first. Of decisions nothing is told but what the flow diagram
    shows to everybody.
    """
    desk.permit("run analysis")
    store, folder = desk.store, desk.folder

    def work(_: Path, tell: Teller) -> tuple[tuple[str, ...], dict[str, Any]]:
        number = store.head().number
        tell("Writing the folder", 0, 100)
        findings: list[dict[str, str]] = []
        warnings: tuple[str, ...] = ()
        try:
            freeze_into(store, folder)
            report = check_review(folder, progress=tell)
        except InputError as error:
            findings = [
                {"check": "input", "where": each.where, "at": each.at, "message": each.message,
                 "hint": each.hint}
                for each in error.problems[:MOST]
            ]  # fmt: skip
        else:
            findings = [
                {"check": each.check, "where": each.where, "at": each.at,
                 "message": each.message, "hint": each.hint}
                for each in report.findings[:MOST]
            ]  # fmt: skip
            warnings = tuple(report.warnings[:MOST])
        # what was built in the browser lies elsewhere; its page says whether it is old
        built = (folder / "out").is_dir()
        kept = [each for each in findings
                if _is_open(each["where"]) and (built or each["check"] != "out")]  # fmt: skip
        return (), {
            "number": number, "findings": kept,
            "warnings": [each for each in warnings if _is_open(each)],
        }  # fmt: skip

    return start_job(desk, CHECK, work, request_id=request_id)


def _is_open(where: str) -> bool:
    """Tell whether a message is of something that people do not do apart."""
    apart = ("decisions/title_abstract", "decisions/full_text", "notes/", "extraction/values",
             "rob/answers", "rob/judgements", "studies/finished")  # fmt: skip
    return not any(name in where for name in apart)


def last_check(desk: Desk) -> Checked | None:
    """Return how the last check stands; None where there was none, or for those who may not."""
    if not may(desk.person, "run analysis"):
        return None
    job = next(iter(jobs_of(desk, CHECK)), None)
    if job is None:
        return None
    result = job.result
    return Checked(
        job,
        tuple(CheckFinding(**each) for each in result.get("findings", ())),
        tuple(result.get("warnings", ())),
        job.status == "done" and result.get("number") != desk.store.head().number,
    )
