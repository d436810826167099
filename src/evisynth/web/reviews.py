"""Which reviews there are, who of their teams asks, and where one can go in a review."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest

from evisynth.actions import open_store
from evisynth.actions.team import (
    Desk,
    count_conflicts,
    count_to_assess,
    count_to_extract,
    seated,
)
from evisynth.review import Act, may
from evisynth.screening import Stage
from evisynth.storage import Store

__all__ = ["ReviewPlace", "find_desk", "local_store", "places_of"]

_stores: dict[str, Store] = {}


def local_store() -> Store:
    """Return the store of the one review that runs on this machine."""
    if "" not in _stores:
        _stores[""] = open_store(settings.EVISYNTH_STORE, create=False)
    return _stores[""]


def find_desk(request: HttpRequest, review_id: str) -> Desk | None:
    """Return the place of whoever asks at a review; None if they have none there."""
    store = local_store()
    if store.name != review_id:
        return None
    folder = Path(settings.EVISYNTH_FOLDER)
    wanted = request.session.get("person") or settings.EVISYNTH_PERSON
    return seated(store, folder, str(wanted))


@dataclass(frozen=True, slots=True)
class ReviewPlace:
    """A page of a review: its name, the act that one must be allowed, what waits there."""

    title: str
    name: str
    act: Act | None = None
    stage: Stage | None = None
    args: tuple[str, ...] = ()
    count: int | None = None


STAGE_TITLES = {"title_abstract": "Title and abstract", "full_text": "Full text"}


def _together(desk: Desk) -> tuple[ReviewPlace, ...]:
    """Return the pages of screening that are not one person's own."""
    stages = desk.board.plan.stages or ()
    decides = any(may(desk.person, "decide", stage) for stage in stages)
    seen: list[ReviewPlace] = []
    if any(may(desk.person, "adjudicate", stage) for stage in stages) or may(
        desk.person, "see conflicts"
    ):
        seen.append(ReviewPlace("Conflicts", "conflicts", count=count_conflicts(desk)))
    if any(stage.pilot for stage in stages) and (
        decides or may(desk.person, "pilot") or may(desk.person, "see agreement")
    ):
        seen.append(ReviewPlace("Pilot round", "pilot"))
    seen.append(ReviewPlace("Agreement", "agreement", "see agreement"))
    seen.append(ReviewPlace("When to stop", "stopping", "stop screening"))
    return tuple(seen)


def _data(desk: Desk) -> tuple[ReviewPlace, ...]:
    """Return the pages of extraction and risk of bias, with what waits for this person."""
    extracts, assesses = may(desk.person, "extract"), may(desk.person, "assess")
    return (
        ReviewPlace("Extraction", "extraction", count=count_to_extract(desk) if extracts else None),
        ReviewPlace(
            "Risk of bias", "assessment", count=count_to_assess(desk) if assesses else None
        ),
    )


def places_of(desk: Desk) -> tuple[tuple[str, tuple[ReviewPlace, ...]], ...]:
    """Return the pages of a review by heading, with the counts of this person."""
    board = desk.board
    screening = tuple(
        ReviewPlace(
            STAGE_TITLES[stage.name], "screening", "decide", stage, (stage.name,),
            board.counts(stage.name, desk.person.id)[1],
        )
        for stage in board.plan.stages or ()
    )  # fmt: skip
    return (
        (
            "Review",
            (
                ReviewPlace("Overview", "dashboard"),
                ReviewPlace("Searches", "searches"),
                ReviewPlace("Records", "records"),
            ),
        ),
        ("Screening", (*screening, *_together(desk))),
        ("Data", _data(desk)),
    )
