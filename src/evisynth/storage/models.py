# mypy: disable-error-code="var-annotated"
"""The tables: rows, not rules.

``Entry`` is the history; ``Item`` is what it folds to. ``Record`` and ``StageState`` are computed
from the review's files and items, so that lists of 50,000 records answer at once. Keys are kept as
one text, their parts with U+001F between and after them; text sorts by code points everywhere.
"""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models

__all__ = ["Entry", "Item", "Record", "Replay", "Review", "StageState"]


class Review(models.Model):
    """A review, with the end of its history; its row is the lock of its writers."""

    name = models.CharField(max_length=200, unique=True)
    created = models.CharField(max_length=40)
    head_number = models.BigIntegerField(default=0)
    head_hash = models.CharField(max_length=64)
    folder = models.TextField(default="")

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        """Name of the table."""

        db_table = "evisynth_review"

    def __str__(self) -> str:
        return str(self.name)


class Entry(models.Model):
    """An entry of the history, as `evisynth.review.Entry`; only ever inserted."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE)
    number = models.BigIntegerField()
    at = models.CharField(max_length=40)
    actor = models.TextField()
    act = models.TextField()
    kind = models.CharField(max_length=60)
    key = models.TextField()
    before = models.TextField(null=True)
    after = models.TextField(null=True)
    reason = models.TextField(default="")
    program = models.CharField(max_length=60, default="")
    request = models.TextField(default="")
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        """Name of the table, and what is looked up."""

        db_table = "evisynth_entry"
        constraints = (
            models.UniqueConstraint(fields=("review", "number"), name="evisynth_entry_number"),
        )
        indexes = (
            models.Index(fields=("review", "kind", "key"), name="evisynth_entry_item"),
            models.Index(
                fields=("review", "request"),
                name="evisynth_entry_request",
                condition=~models.Q(request=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.number} {self.act}"


class Item(models.Model):
    """An item as it stands; ``value`` is null where it was taken away."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE)
    kind = models.CharField(max_length=60)
    key = models.TextField()
    subject = models.TextField(default="")
    person = models.TextField(default="")
    value = models.TextField(null=True)
    version = models.IntegerField()
    number = models.BigIntegerField()
    at = models.CharField(max_length=40)
    actor = models.TextField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        """Name of the table, and what is looked up."""

        db_table = "evisynth_item"
        constraints = (
            models.UniqueConstraint(fields=("review", "kind", "key"), name="evisynth_item_key"),
        )
        indexes = (
            models.Index(fields=("review", "subject"), name="evisynth_item_subject"),
            models.Index(fields=("review", "kind", "person"), name="evisynth_item_person"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Replay(models.Model):
    """The answer to a request that changed nothing; those that did stand in the history."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE)
    request = models.TextField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        """Name of the table, and what is looked up."""

        db_table = "evisynth_replay"
        constraints = (
            models.UniqueConstraint(fields=("review", "request"), name="evisynth_replay_request"),
        )

    def __str__(self) -> str:
        return str(self.request)


class StageState(models.Model):
    """Where a record stands at a stage, computed from its decisions."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE)
    record = models.TextField()
    stage = models.CharField(max_length=40)
    status = models.CharField(max_length=20)
    reason = models.TextField(default="")
    votes = models.IntegerField(default=0)
    waiting = models.CharField(max_length=40, default="")

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        """Name of the table, and what is looked up."""

        db_table = "evisynth_stage_state"
        constraints = (
            models.UniqueConstraint(
                fields=("review", "record", "stage"), name="evisynth_state_record"
            ),
        )
        indexes = (
            models.Index(fields=("review", "stage", "status"), name="evisynth_state_status"),
        )

    def __str__(self) -> str:
        return f"{self.record} {self.stage} {self.status}"


class Record(models.Model):
    """A record of the searches, for lists and for searching; the exports are the truth."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE)
    record = models.TextField()
    position = models.IntegerField()
    source = models.TextField(default="")
    title = models.TextField(default="")
    authors = models.TextField(default="")
    year = models.IntegerField(null=True)
    journal = models.TextField(default="")
    doi = models.TextField(default="")
    pmid = models.TextField(default="")
    url = models.TextField(default="")
    abstract = models.TextField(default="")
    keywords = models.TextField(default="")
    search = models.TextField(default="")

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        """Name of the table, and what is looked up."""

        db_table = "evisynth_record"
        constraints = (
            models.UniqueConstraint(fields=("review", "record"), name="evisynth_record_id"),
        )
        indexes = (
            models.Index(fields=("review", "position"), name="evisynth_record_position"),
            models.Index(fields=("review", "year"), name="evisynth_record_year"),
        )

    def __str__(self) -> str:
        return str(self.record)
