# ruff: noqa: RUF012 - the form that Django gives its migrations
"""The first tables."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Every table of the first release."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200, unique=True)),
                ("created", models.CharField(max_length=40)),
                ("head_number", models.BigIntegerField(default=0)),
                ("head_hash", models.CharField(max_length=64)),
                ("folder", models.TextField(default="")),
            ],
            options={
                "db_table": "evisynth_review",
            },
        ),
        migrations.CreateModel(
            name="Replay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request", models.TextField()),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="evisynth_storage.review"
                    ),
                ),
            ],
            options={
                "db_table": "evisynth_replay",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("review", "request"), name="evisynth_replay_request"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Record",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("record", models.TextField()),
                ("position", models.IntegerField()),
                ("source", models.TextField(default="")),
                ("title", models.TextField(default="")),
                ("authors", models.TextField(default="")),
                ("year", models.IntegerField(null=True)),
                ("journal", models.TextField(default="")),
                ("doi", models.TextField(default="")),
                ("pmid", models.TextField(default="")),
                ("url", models.TextField(default="")),
                ("abstract", models.TextField(default="")),
                ("keywords", models.TextField(default="")),
                ("search", models.TextField(default="")),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="evisynth_storage.review"
                    ),
                ),
            ],
            options={
                "db_table": "evisynth_record",
                "indexes": [
                    models.Index(fields=["review", "position"], name="evisynth_record_position"),
                    models.Index(fields=["review", "year"], name="evisynth_record_year"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("review", "record"), name="evisynth_record_id")
                ],
            },
        ),
        migrations.CreateModel(
            name="Item",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=60)),
                ("key", models.TextField()),
                ("subject", models.TextField(default="")),
                ("person", models.TextField(default="")),
                ("value", models.TextField(null=True)),
                ("version", models.IntegerField()),
                ("number", models.BigIntegerField()),
                ("at", models.CharField(max_length=40)),
                ("actor", models.TextField()),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="evisynth_storage.review"
                    ),
                ),
            ],
            options={
                "db_table": "evisynth_item",
                "indexes": [
                    models.Index(fields=["review", "subject"], name="evisynth_item_subject"),
                    models.Index(fields=["review", "kind", "person"], name="evisynth_item_person"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("review", "kind", "key"), name="evisynth_item_key"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField()),
                ("at", models.CharField(max_length=40)),
                ("actor", models.TextField()),
                ("act", models.TextField()),
                ("kind", models.CharField(max_length=60)),
                ("key", models.TextField()),
                ("before", models.TextField(null=True)),
                ("after", models.TextField(null=True)),
                ("reason", models.TextField(default="")),
                ("program", models.CharField(default="", max_length=60)),
                ("request", models.TextField(default="")),
                ("previous", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="evisynth_storage.review"
                    ),
                ),
            ],
            options={
                "db_table": "evisynth_entry",
                "indexes": [
                    models.Index(fields=["review", "kind", "key"], name="evisynth_entry_item"),
                    models.Index(
                        condition=models.Q(("request", ""), _negated=True),
                        fields=["review", "request"],
                        name="evisynth_entry_request",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("review", "number"), name="evisynth_entry_number"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StageState",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("record", models.TextField()),
                ("stage", models.CharField(max_length=40)),
                ("status", models.CharField(max_length=20)),
                ("reason", models.TextField(default="")),
                ("votes", models.IntegerField(default=0)),
                ("waiting", models.CharField(default="", max_length=40)),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="evisynth_storage.review"
                    ),
                ),
            ],
            options={
                "db_table": "evisynth_stage_state",
                "indexes": [
                    models.Index(fields=["review", "stage", "status"], name="evisynth_state_status")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("review", "record", "stage"), name="evisynth_state_record"
                    )
                ],
            },
        ),
    ]
