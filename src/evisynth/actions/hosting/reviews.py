"""Reviews of a server: each a folder and a name in the database; deleted with a time of grace."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evisynth.actions.new import new_review
from evisynth.actions.store import open_store, thaw_from
from evisynth.actions.team.desk import NotThereError, RefusedError

__all__ = [
    "GRACE_DAYS",
    "HostedReview",
    "add_review",
    "delete_review",
    "hosted_review",
    "hosted_reviews",
    "restore_deleted_review",
    "sweep",
]

GRACE_DAYS = 30
"""Days for which a deleted review can be had back."""

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")
NOT_TAKEN = (".evisynth", "out", "out-protocol", ".git")
"""What of a folder stays where it was when it is copied to the server."""


@dataclass(frozen=True, slots=True)
class HostedReview:
    """A review of the server; ``erased_on`` is the day after which it is gone, if it is deleted."""

    number: int
    name: str
    title: str
    folder: Path
    deleted_by: str = ""
    erased_on: str = ""

    @property
    def deleted(self) -> bool:
        """Whether it is being deleted."""
        return bool(self.erased_on)


def _title(name: str) -> str:
    """Return the title that the plan of a review has now."""
    from evisynth.actions.store_states import plan_of
    from evisynth.storage import plan_text

    head = plan_of(plan_text(name)).review
    return head.title if head else name


def _hosted(row: object) -> HostedReview:
    from evisynth.storage import ReviewFolder

    assert isinstance(row, ReviewFolder)  # noqa: S101 - for the type
    ends = row.deleted_at + timedelta(days=GRACE_DAYS) if row.deleted_at else None
    return HostedReview(
        row.pk, row.name, _title(row.name), Path(row.folder), row.deleted_by,
        ends.date().isoformat() if ends else "",
    )  # fmt: skip


def hosted_reviews(names: Sequence[str] | None = None) -> tuple[HostedReview, ...]:
    """Return the reviews of the server, sorted by name; deleted ones too while they last."""
    from evisynth.storage import ReviewFolder

    rows = ReviewFolder.objects.order_by("name")
    if names is not None:
        rows = rows.filter(name__in=names)
    return tuple(_hosted(row) for row in rows)


def hosted_review(name: str) -> HostedReview:
    """Return one review.

    Raises
    ------
    NotThereError
        The server has none of this name.
    """
    found = hosted_reviews([name])
    if not found:
        have = ", ".join(each.name for each in hosted_reviews()) or "none"
        raise NotThereError(f"the server has no review {name!r}; it has: {have}")
    return found[0]


def add_review(
    name: str, *, database: str, reviews: Path, source: Path | None = None, title: str = ""
) -> HostedReview:
    """Add a review to the server: a copy of a folder, or a new one.

    Parameters
    ----------
    name
        Short name: its address and its folder.
    database
        Address of the server's database.
    reviews
        Folder that the reviews are in.
    source
        Folder of a review; it stays as it is. A new review with the small example if None.
    title
        Title of a new review.

    Raises
    ------
    RefusedError
        The name is taken or none.
    InputError
        The folder is no review, or cannot be read.
    """
    from evisynth.storage import ReviewFolder, erase_review

    if not NAME.fullmatch(name):
        raise RefusedError(f"{name!r} is no short name: use a-z, 0-9 and -")
    folder = reviews / name
    if ReviewFolder.objects.filter(name=name).exists() or folder.exists():
        raise RefusedError(f"there is a review {name!r} already; give another name")
    reviews.mkdir(parents=True, exist_ok=True)
    try:
        if source is None:
            new_review(folder, title=title)
        else:
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*NOT_TAKEN))
        with open_store(database, review=name) as store:
            thaw_from(store, folder)
        row = ReviewFolder.objects.create(name=name, folder=str(folder))
    except BaseException:
        # half a review would keep the name and be nobody's
        shutil.rmtree(folder, ignore_errors=True)
        erase_review(name)
        raise
    return _hosted(row)


def delete_review(name: str, *, by: str) -> HostedReview:
    """Take a review from its team; it can be had back for `GRACE_DAYS` days.

    Parameters
    ----------
    name
        Of the review.
    by
        Who deletes it, for those who ask.
    """
    from evisynth.storage import ReviewFolder

    hosted_review(name)
    ReviewFolder.objects.filter(name=name, deleted_at=None).update(
        deleted_at=datetime.now(tz=UTC), deleted_by=by
    )
    return hosted_review(name)


def restore_deleted_review(name: str) -> HostedReview:
    """Give a deleted review back to its team, as it was."""
    from evisynth.storage import ReviewFolder

    hosted_review(name)
    ReviewFolder.objects.filter(name=name).update(deleted_at=None, deleted_by="")
    return hosted_review(name)


def sweep(*, now: datetime | None = None) -> tuple[str, ...]:
    """Erase the reviews whose days of grace are over; return their names.

    Folder, rows and history go; backups made before keep what they hold.
    """
    from django.db import transaction

    from evisynth.storage import ReviewFolder, erase_review

    end = (now or datetime.now(tz=UTC)) - timedelta(days=GRACE_DAYS)
    erased = []
    for row in list(ReviewFolder.objects.filter(deleted_at__lte=end)):
        with transaction.atomic():
            # of several workers that sweep one finds the row
            if not ReviewFolder.objects.filter(pk=row.pk, deleted_at__lte=end).delete()[0]:
                continue
            erase_review(row.name)
        shutil.rmtree(row.folder, ignore_errors=True)
        erased.append(row.name)
    return tuple(erased)
