"""What holds for any text, size and wall."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.connectors import (
    Client,
    Patience,
    Query,
    connector_for,
    own_hosts,
    pubmed,
    run_search,
)
from evisynth.connectors.bodies import fault_of, is_page
from evisynth.connectors.facts import toml_text
from evisynth.connectors.json_pages import plain_text
from evisynth.connectors.requests import Request
from evisynth.records import read_records

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUES = st.one_of(TEXTS, st.booleans(), st.integers(-(10**9), 10**9), st.lists(TEXTS, max_size=4))
NAMES = st.from_regex(r"[a-z][a-z_0-9]{0,10}", fullmatch=True).filter(lambda name: name != "run")


@given(st.dictionaries(NAMES, VALUES, max_size=5), st.dictionaries(NAMES, VALUES, max_size=5))
def test_facts_are_read_back_equal(head: dict[str, Any], run: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text(head, run)) == {**head, "run": run}


@given(st.binary(max_size=200))
def test_any_body_is_judged_without_a_fault_of_our_own(body: bytes) -> None:
    for expect in ("json", "xml", "file"):
        fault_of(body, "", expect)
    is_page(body)


@given(st.integers(1, 60))
def test_what_breaks_off_is_seen(cut: int) -> None:
    xml = b'<?xml version="1.0"?>\n<eSearchResult><Count>5</Count><IdList><Id>7</Id></IdList>'
    xml += b"</eSearchResult>\n"
    assert fault_of(xml, "text/xml", "xml") == ""
    assert fault_of(xml.rstrip()[:-cut], "text/xml", "xml")


@given(TEXTS)
def test_plain_text_has_no_runs_of_blanks(text: str) -> None:
    found = plain_text(text)
    assert found == " ".join(found.split())


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=3), st.lists(st.tuples(TEXTS, TEXTS), max_size=3))
def test_questions_are_told_apart_by_what_is_asked_alone(
    one: list[tuple[str, str]], other: list[tuple[str, str]]
) -> None:
    first = Request("X", "http://x", tuple(one), secret_params=(("key", "a"),))
    second = Request("X", "http://x", tuple(other), secret_params=(("key", "b"),))
    assert (first.key == second.key) == (one == other)


@settings(max_examples=8)
@given(st.integers(0, 90), st.integers(1, 40), st.integers(4, 30))
def test_slices_hold_each_record_once(
    services: ModuleType, size: int, per_day: int, wall: int
) -> None:
    with (
        services.serving(services.World(size=size, per_day=per_day)) as replay,
        tempfile.TemporaryDirectory() as place,
        mock.patch.object(pubmed, "WALL", wall),
        Client(
            own_hosts=own_hosts({"x": replay.url}), patience=Patience(tries=1), sleep=lambda _: None
        ) as client,
    ):
        run = run_search(connector_for("pubmed"), Query("walking"), Path(place) / "search",
                         client=client, base_url=replay.base("pubmed"))  # fmt: skip
        assert (run.reported, run.fetched, run.missing) == (size, size, ())
        if size:
            found = [record.pmid for record in read_records(run.folder / run.export).records]
            assert found == [replay.world.pmid(number) for number in range(1, size + 1)]
