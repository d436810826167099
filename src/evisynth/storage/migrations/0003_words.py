# ruff: noqa: RUF012 - the form that Django gives its migrations
"""An index of the words of records, kept in step by the database itself.

SQLite has a table of words with triggers (a later migration that makes `evisynth_record` anew has
to make the triggers anew), PostgreSQL an index of an expression.
"""

from django.db import OperationalError, migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from evisynth.storage.words import TABLE, VECTOR, plain_words

AT_ONCE = 2000
INDEX = "evisynth_record_words"

TRIGGERS = {
    "insert": f"INSERT INTO {TABLE}(rowid, search) VALUES (new.id, new.search);",  # noqa: S608
    "delete": f"INSERT INTO {TABLE}({TABLE}, rowid, search)"  # noqa: S608
    " VALUES ('delete', old.id, old.search);",
}  # fmt: skip


def make_words(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the words of the records that are there, and make the index."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        last = 0
        while True:
            cursor.execute(
                "SELECT id, search FROM evisynth_record WHERE id > %s ORDER BY id LIMIT %s",
                [last, AT_ONCE],
            )
            rows = cursor.fetchall()
            if not rows:
                break
            last = rows[-1][0]
            cursor.executemany(
                "UPDATE evisynth_record SET search = %s WHERE id = %s",
                [(plain_words(text), number) for number, text in rows],
            )
    if connection.vendor == "postgresql":
        schema_editor.execute(f"CREATE INDEX {INDEX} ON evisynth_record USING gin (({VECTOR}))")
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(
                f"CREATE VIRTUAL TABLE {TABLE} USING fts5(search, content='evisynth_record',"
                " content_rowid='id', prefix='2 3',"
                " tokenize=\"unicode61 categories 'L* N* Co M*'\")"
            )
    except OperationalError as error:
        if "fts5" not in str(error):
            raise
        return  # this SQLite cannot; lists search row by row
    with connection.cursor() as cursor:
        for name, act in TRIGGERS.items():
            cursor.execute(
                f"CREATE TRIGGER {TABLE}_{name} AFTER {name.upper()} ON evisynth_record"
                f" BEGIN {act} END"
            )
        cursor.execute(
            f"CREATE TRIGGER {TABLE}_update AFTER UPDATE OF search ON evisynth_record"
            f" BEGIN {TRIGGERS['delete']} {TRIGGERS['insert']} END"
        )
        cursor.execute(f"INSERT INTO {TABLE}({TABLE}) VALUES ('rebuild')")  # noqa: S608


def drop_words(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the index away; the words stay."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {INDEX}")
        return
    for name in ("insert", "delete", "update"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_{name}")
    schema_editor.execute(f"DROP TABLE IF EXISTS {TABLE}")


class Migration(migrations.Migration):
    """Words of records."""

    dependencies = [("evisynth_storage", "0002_order")]
    operations = [migrations.RunPython(make_words, drop_words)]
