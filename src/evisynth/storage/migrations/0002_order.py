# ruff: noqa: RUF012 - the form that Django gives its migrations
"""Text sorts by code points on PostgreSQL too, so that both databases give the same order."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

COLUMNS = {
    "evisynth_entry": ("kind", "key", "request", "actor"),
    "evisynth_item": ("kind", "key", "subject", "person"),
    "evisynth_record": ("record", "title", "journal", "source"),
    "evisynth_stage_state": ("record", "stage", "status"),
}


def sort_by_code_points(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give the columns that are sorted or searched by prefix the collation "C"."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        for table, columns in COLUMNS.items():
            cursor.execute(
                "SELECT column_name, data_type, character_maximum_length"
                " FROM information_schema.columns"
                " WHERE table_schema = current_schema() AND table_name = %s",
                [table],
            )
            types = {
                name: "text" if length is None else f"varchar({length})"
                for name, _, length in cursor.fetchall()
            }
            changes = ", ".join(
                f'ALTER COLUMN "{name}" TYPE {types[name]} COLLATE "C"' for name in columns
            )
            schema_editor.execute(f'ALTER TABLE "{table}" {changes}')


def leave(_apps: object, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Leave the order as it is; nothing depends on another."""


class Migration(migrations.Migration):
    """Order of text."""

    dependencies = [("evisynth_storage", "0001_initial")]
    operations = [migrations.RunPython(sort_by_code_points, leave)]
