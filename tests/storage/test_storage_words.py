"""Searching for words: the same records on both databases, kept in step, also after a migration."""

from __future__ import annotations

import random

import pytest

from evisynth.actions import open_store
from evisynth.records import Record
from evisynth.storage import Store, list_records, replace_records, search_ids, search_terms
from evisynth.storage.words import TABLE, _has_table, matching, plain_words

RECORDS = (
    Record("r1", "Coping with breast cancer: a web-based trial", authors=("Øster, Åse",),
           doi="10.1000/AbC.12", abstract="Insomnia and CBT-I in women."),
    Record("r2", "Cancer of the breast in men", authors=("Müller, J",), abstract="Café visits."),
    Record("r3", "乳癌患者の不眠", abstract="Sleep.\nInsomniacs; 50% better (p<0.05)."),
    Record("r4", "Drop'; DROP TABLE evisynth_record; --", keywords=("sleep_diary", "AND", "App™")),
    Record("r5", "", abstract="x" * 5000 + " tail"),
)  # fmt: skip

ASKED = {
    "beginning": ("insom", {"r1", "r3"}),
    "whole-word": ("insomnia", {"r1", "r3"}),
    "quoted": ('"insomnia"', {"r1"}),
    "case": ("INSOM", {"r1", "r3"}),
    "both": ("breast cancer", {"r1", "r2"}),
    "phrase": ('"breast cancer"', {"r1"}),
    "phrase-beginning": ('"breast canc*"', {"r1"}),
    "phrase-cut": ('"breast canc"', set()),
    "open-quote": ('"breast cancer', {"r1"}),
    "accents": ("muller cafe", {"r2"}),
    "accents-asked": ("Müller", {"r2"}),
    "doi": ("10.1000/abc.12", {"r1"}),
    "doi-begin": ("10.1000/ab", {"r1"}),
    "hyphen": ("web-based", {"r1"}),
    "inside": ("omnia", set()),
    "japanese": ("患者", {"r3"}),
    "japanese-all": ("乳癌患者の不眠", {"r3"}),
    "id": ("r4", {"r4"}),
    "underscore": ("sleep_diary", {"r4"}),
    "operators": ("AND", {"r1", "r4"}),
    "not": ("NOT NEAR(", set()),
    "sql": ("'; DROP TABLE", {"r4"}),
    "wildcards": ("%", {"r1", "r2", "r3", "r4", "r5"}),
    "long": ("x" * 300, {"r5"}),
    "trade-mark": ("apptm", {"r4"}),
    "composed": ("cafe\u0301", {"r2"}),
    "nothing": ("zebrafish", set()),
    "signs": ("* ( ) ^ : \" ' & | !", {"r1", "r2", "r3", "r4", "r5"}),
}


@pytest.fixture
def store(database: str) -> Store:
    made = open_store(database)
    replace_records(made, RECORDS)
    return made


def found(store: Store, text: str) -> set[str]:
    return set(search_ids(store, search_terms(text)))


def test_what_is_found(store: Store) -> None:
    wrong = {name: found(store, text) for name, (text, wanted) in ASKED.items()
             if found(store, text) != wanted}  # fmt: skip
    assert wrong == {}
    for text, wanted in ASKED.values():
        listed = list_records(store, search=text)
        assert {line.id for line in listed.lines} == wanted
        assert listed.total == len(wanted)


def test_the_words_follow_the_records(store: Store) -> None:
    assert found(store, "breast") == {"r1", "r2"}
    replace_records(store, [Record("r1", "Something else"), *RECORDS[1:]])
    assert found(store, "breast") == {"r2"}
    assert search_ids(store, ["else*"]) == {"r1"}
    replace_records(store, [])
    assert search_ids(store, ["else*"]) == frozenset()


def test_reviews_of_one_database_are_searched_apart(database: str) -> None:
    one, two = (open_store(database, review=name) for name in ("one", "two"))
    replace_records(one, RECORDS)
    replace_records(two, [Record("z1", "Breast milk")])
    assert search_ids(one, ["breast*"]) == {"r1", "r2"}
    assert search_ids(two, ["breast*"]) == {"z1"}


def test_an_older_database_gets_its_words(database: str) -> None:
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    with open_store(database) as store:
        replace_records(store, RECORDS)
        alias = store.alias
    before = [("evisynth_storage", "0002_order")]
    MigrationExecutor(connections[alias]).migrate(before)
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "UPDATE evisynth_record SET search = lower(title || ' ' || abstract)"
            " WHERE record IN ('r1', 'r2')"
        )
    _has_table.cache_clear()
    with open_store(database, backup=False) as store:
        assert store.migrated == ("0003_words",)
        assert found(store, "insom") == {"r1", "r3"}
        assert found(store, '"breast cancer"') == {"r1"}


def test_without_a_table_of_words_the_same_is_found(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An SQLite without FTS5 looks at row by row."""
    monkeypatch.setattr("evisynth.storage.words._has_table", lambda _alias: False)
    for text, wanted in ASKED.values():
        assert found(store, text) == wanted


def test_the_index_finds_what_reading_every_record_finds(store: Store) -> None:
    chance = random.Random(7)
    words = ("sleep", "sleeping", "slow", "walk", "walking", "care", "carer", "web", "a", "b2")
    records = [Record(f"r{at}", " ".join(chance.choices(words, k=6))) for at in range(120)]
    replace_records(store, records)
    texts = {record.id: f" {plain_words(record.title)} " for record in records}
    for _ in range(60):
        parts = chance.choices(words, k=chance.randint(1, 3))
        cut = parts[-1][: chance.randint(1, len(parts[-1]))]
        begins = chance.random() < 0.5
        words_asked = " ".join([*parts[:-1], cut])
        term = f"{words_asked}*" if begins else words_asked
        pattern = f" {words_asked}" if begins else f" {words_asked} "
        wanted = {name for name, text in texts.items() if pattern in text}
        assert search_ids(store, [term]) == wanted


def test_the_index_is_used(store: Store) -> None:
    from django.db import connections

    from evisynth.storage import models

    rows = matching(models.Record.objects.using(store.alias).all(), ["insom*"])
    wanted = f"SCAN {TABLE} VIRTUAL TABLE INDEX"
    if connections[store.alias].vendor == "postgresql":
        wanted = "Index Scan on evisynth_record_words"
        with connections[store.alias].cursor() as cursor:
            cursor.execute("SET enable_seqscan = off")  # the table is small
    assert wanted in rows.explain()
