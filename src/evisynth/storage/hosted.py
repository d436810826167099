"""Reviews of the database of a server, looked at without opening each as a store."""

from __future__ import annotations

from evisynth.review import PLAN_FILE
from evisynth.storage.rows import item_of, key_text

__all__ = ["erase_review", "plan_text"]


def plan_text(name: str, alias: str = "default") -> str:
    """Return the text of a review's plan as it stands; empty where there is none."""
    from evisynth.storage import models

    row = models.Item.objects.using(alias).filter(
        review__name=name, kind="plan", key=key_text((PLAN_FILE,))
    ).first()  # fmt: skip
    return str((item_of(row).value or {}).get("text", "")) if row is not None else ""


def erase_review(name: str, alias: str = "default") -> None:
    """Erase a review with its history; nothing of it can be had back."""
    from evisynth.storage import models

    models.Review.objects.using(alias).filter(name=name).delete()
