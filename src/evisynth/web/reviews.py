"""Which reviews there are, who of their teams asks, and where one can go in a review."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from evisynth.actions import open_store
from evisynth.actions.team import (
    Desk,
    Trashed,
    count_conflicts,
    count_doubtful,
    count_to_assess,
    count_to_extract,
    count_to_get,
    find_in_trash,
    seated,
)
from evisynth.review import Act, may
from evisynth.screening import Stage
from evisynth.storage import UNNAMED, Store

__all__ = [
    "ReviewPlace", "account_of", "deleted_review", "find_desk", "forget_store", "local_store",
    "on_server", "open_desks", "places_of",
]  # fmt: skip

_stores: dict[str, Store] = {}


def on_server() -> bool:
    """Tell whether people have accounts here, as on a server."""
    return getattr(settings, "EVISYNTH_SERVER", None) is not None


def account_of(request: HttpRequest) -> int:
    """Return the number of the account that asks; 0 for nobody, as on one's own machine."""
    user = getattr(request, "user", None)
    return int(user.pk) if user is not None and user.is_authenticated else 0


def local_store() -> Store:
    """Return the store of the one review that runs on this machine."""
    if "" not in _stores:
        _stores[""] = open_store(settings.EVISYNTH_STORE, create=False)
    return _stores[""]


def forget_store() -> None:
    """Forget the store of this machine's review, as when its folder went away."""
    _stores.clear()


def deleted_review() -> Trashed | None:
    """Return the review of this machine where it was deleted and can be had back."""
    return None if on_server() else find_in_trash(Path(settings.EVISYNTH_FOLDER))


def find_desk(request: HttpRequest, review_id: str) -> Desk | None:
    """Return the place of whoever asks at a review; None if they have none there."""
    if on_server():
        seat: Callable[[HttpRequest, str], Desk | None] = import_string(settings.EVISYNTH_SEAT)
        return seat(request, review_id)
    if deleted_review() is not None:
        return None
    store = local_store()
    if review_id not in (store.name, UNNAMED):  # as it was called before it had the plan's id
        return None
    folder = Path(settings.EVISYNTH_FOLDER)
    wanted = request.session.get("person") or settings.EVISYNTH_PERSON
    return seated(store, folder, str(wanted))


def open_desks(request: HttpRequest) -> tuple[Desk, ...]:
    """Return the place of whoever asks at each review that is open to them."""
    if on_server():
        desks: Callable[[HttpRequest], tuple[Desk, ...]] = import_string(settings.EVISYNTH_DESKS)
        return desks(request)
    found = find_desk(request, local_store().name) if deleted_review() is None else None
    return () if found is None else (found,)


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


def _duplicates(desk: Desk) -> tuple[ReviewPlace, ...]:
    if not may(desk.person, "deduplicate"):
        return ()
    return (ReviewPlace("Duplicates", "duplicates", "deduplicate", count=count_doubtful(desk)),)


def _data(desk: Desk) -> tuple[ReviewPlace, ...]:
    """Return the pages of extraction and risk of bias, with what waits for this person."""
    extracts, assesses = may(desk.person, "extract"), may(desk.person, "assess")
    gets = may(desk.person, "retrieve") or may(desk.person, "attach")
    return (
        ReviewPlace("Reports", "retrieval", count=count_to_get(desk) if gets else None),
        ReviewPlace("Studies", "studies"),
        ReviewPlace("Extraction", "extraction", count=count_to_extract(desk) if extracts else None),
        ReviewPlace(
            "Risk of bias", "assessment", count=count_to_assess(desk) if assesses else None
        ),
    )


def _administration(desk: Desk) -> tuple[ReviewPlace, ...]:
    """Return the pages by which a review is looked after."""
    return (
        ReviewPlace("People", "people"),
        *((ReviewPlace("Accounts", "access", "people"),) if on_server() else ()),
        ReviewPlace("Criteria and stages", "stages"),
        ReviewPlace("Who sees what", "blinding"),
        ReviewPlace("History", "history"),
        ReviewPlace("Check", "check", "run analysis"),
        ReviewPlace("Export", "export", "export"),
        ReviewPlace("Delete", "deletion", "delete"),
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
                *_duplicates(desk),
                ReviewPlace("Records", "records"),
            ),
        ),
        ("Screening", (*screening, *_together(desk))),
        ("Data", _data(desk)),
        (
            "Results",
            (
                ReviewPlace("Analysis", "analysis", "run analysis"),
                ReviewPlace("Document", "document", "run analysis"),
            ),
        ),
        ("Administration", _administration(desk)),
    )
