"""Migrations after a backup, newer schemas refused, backups restored only when they verify."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from evisynth.actions import backup_review, restore_review
from evisynth.errors import InputError, SetupError
from evisynth.storage import NewerSchemaError, Store, StoreError, database_settings
from evisynth.storage import backup as backup_module
from evisynth.storage.setup import connect, ensure_django


def put(store: Store, tag: str = "children") -> None:
    store.put("tag", ("r1", "ada", tag), {}, actor="ada", act="tag")


def at_first_schema(place: str) -> None:
    """Make a database as the first migration left it, with a review in it."""
    ensure_django()
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    alias = connect(place)
    MigrationExecutor(connections[alias]).migrate([("evisynth_storage", "0001_initial")])
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "INSERT INTO evisynth_review (name, created, head_number, head_hash, folder)"
            " VALUES ('old', '2026', 0, %s, '')",
            ["0" * 64],
        )


def test_an_old_database_is_backed_up_and_migrated(database: str, tmp_path: Path) -> None:
    at_first_schema(database)
    backups = tmp_path / "kept"
    with Store.open(database, backups=backups) as store:
        assert store.migrated == ("0002_order", "0003_words")
        assert store.name == "old"
        put(store)
    (made,) = backups.iterdir()
    start = made.read_bytes()[:6]
    assert start == (b"SQLite" if database.startswith("sqlite") else b"PGDMP\x01")
    with Store.open(database, backups=backups) as again:
        assert again.migrated == ()
    assert len(list(backups.iterdir())) == 1


def test_without_pg_dump_nothing_is_migrated_unless_said(
    postgresql: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = postgresql.new()
    at_first_schema(place)
    monkeypatch.setattr(backup_module, "find_program", lambda _name: None)
    with pytest.raises(SetupError, match=r"pg_dump was not found.*postgresql-client.*--no-backup"):
        Store.open(place, backups=tmp_path)
    with Store.open(place, backup=False) as store:
        assert store.migrated == ("0002_order", "0003_words")


def test_a_newer_schema_is_refused(database: str) -> None:
    with Store.open(database) as store:
        put(store)
        from django.db import connections

        with connections[store.alias].cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied)"
                " VALUES ('evisynth_storage', '0999_future', '2030-01-01 00:00:00')"
            )
    with pytest.raises(NewerSchemaError, match=r"made by a newer Evisynth.*0999_future"):
        Store.open(database)


def test_the_migrations_are_those_of_the_models() -> None:
    ensure_django()
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    loader = MigrationLoader(None)
    found = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    assert "evisynth_storage" not in found.changes(loader.graph)


def target(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if database.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'restored' / 'review.db'}"
    place: str = request.getfixturevalue("postgresql").new()
    return place


def test_a_backup_is_restored_and_verified(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with Store.open(database) as store:
        put(store)
        made = backup_review(tmp_path, tmp_path / "one.backup", database=database)
        put(store, "later")
        assert made.size == made.file.stat().st_size > 0
        with pytest.raises(StoreError, match=r"is there already"):
            backup_review(tmp_path, tmp_path / "one.backup", database=database)
        place = target(database, tmp_path, request)
        restored = restore_review(made.file, place)
        assert restored.reviews == (("review", 1),)
        with Store.open(place) as other:
            assert other.history() == store.history()[:1]
            put(other, "goes on")
        with pytest.raises(StoreError, match=r"not empty|is there already"):
            restore_review(made.file, place)


def test_a_backup_whose_history_is_broken_does_not_count(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    from evisynth.storage.models import Entry

    with Store.open(database) as store:
        put(store)
        put(store, "second")
        Entry.objects.using(store.alias).filter(number=1).update(actor="eve")
    file = backup_review(tmp_path, tmp_path / "bad.backup", database=database).file
    place = target(database, tmp_path, request)
    with pytest.raises(InputError, match=r"entry 1 was changed after it was written"):
        restore_review(file, place)
    if place.startswith("sqlite"):
        assert list((tmp_path / "restored").iterdir()) == []
    else:
        with Store.open(place) as fresh:
            assert fresh.head().number == 0


def test_a_damaged_file_is_no_backup(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path / 'review.db'}"
    with Store.open(place) as store:
        for number in range(200):
            put(store, str(number))
    file = backup_review(tmp_path, tmp_path / "a.db", database=place).file
    data = bytearray(file.read_bytes())
    data[8192 : 8192 + 4096] = b"\xff" * 4096
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(data)
    with pytest.raises(InputError):
        restore_review(damaged, tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()
    text = tmp_path / "notes.txt"
    text.write_text("not a database, not at all", encoding="utf-8")
    with pytest.raises(StoreError, match=r"no backup that Evisynth wrote"):
        restore_review(text, tmp_path / "new.db")
    with pytest.raises(StoreError, match=r"the backup is of an SQLite file"):
        restore_review(file, "postgresql://ada@localhost/x")


def test_a_backup_is_made_while_a_writer_writes(tmp_path: Path) -> None:
    import threading

    place = f"sqlite:///{tmp_path / 'review.db'}"
    store = Store.open(place)
    end = threading.Event()

    def write() -> None:
        number = 0
        while not end.is_set():
            number += 1
            put(store, str(number))
        store.close()

    put(store, "0")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        files = [
            backup_review(tmp_path, tmp_path / f"{n}.db", database=place).file for n in range(5)
        ]
    finally:
        end.set()
        writer.join()
    counts = [
        restore_review(file, tmp_path / f"r{n}.db").reviews[0][1] for n, file in enumerate(files)
    ]
    assert counts == sorted(counts)
    assert counts[0] >= 1


def test_places_that_are_no_database_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("some words that are no database", encoding="utf-8")
    with pytest.raises(StoreError, match=r"is no SQLite database"):
        Store.open(tmp_path / "text.db")
    with pytest.raises(StoreError, match=r"is a folder"):
        Store.open(tmp_path)
    with pytest.raises(StoreError, match=r"there is no such database"):
        Store.open(tmp_path / "none.db", create=False)
    with pytest.raises(ValueError, match=r"mysql"):
        Store.open("mysql://ada:secret@localhost/x")
    with pytest.raises(StoreError) as caught:
        Store.open(f"postgresql://ada:secret@/x?host={tmp_path}")
    assert "secret" not in str(caught.value)


def test_a_copy_of_the_file_is_a_backup_too(tmp_path: Path) -> None:
    """Between two acts nothing stands outside file and log of it."""
    with Store.open(tmp_path / "a.db") as store:
        put(store)
    sqlite3.connect(tmp_path / "a.db").close()
    shutil.copyfile(tmp_path / "a.db", tmp_path / "b.db")
    assert restore_review(tmp_path / "b.db", tmp_path / "c.db").reviews == (("review", 1),)


def test_addresses_are_read_whole() -> None:
    made = database_settings("postgresql://a%40b:p%2Fw@db:5433/rev?sslmode=require")
    assert (made["USER"], made["PASSWORD"], made["HOST"], made["PORT"], made["NAME"]) == (
        "a@b", "p/w", "db", "5433", "rev",
    )  # fmt: skip
    assert made["OPTIONS"] == {"sslmode": "require"}
    assert database_settings("sqlite:////x/y.db")["NAME"] == "/x/y.db"
