"""Full texts: status and reason for each report, licence kept, nothing behind a log-in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evisynth.connectors import Client, FullText, Keys, find_full_text, is_open
from evisynth.records import Record

Make = Callable[..., Client]
Find = Callable[..., FullText]


@pytest.fixture
def find(replay: Any, make_client: Make, tmp_path: Path) -> Find:
    def look(record: Record, **kwargs: Any) -> FullText:
        return find_full_text(
            record,
            tmp_path,
            client=make_client(),
            keys=kwargs.pop("keys", Keys(email="reviewer@example.org")),
            addresses={
                "unpaywall": replay.base("unpaywall"),
                "europepmc": replay.base("epmc"),
                "pmc": replay.base("pmc"),
            },
            **kwargs,
        )

    return look


def report(replay: Any, number: int, **kwargs: str) -> Record:
    given = {"doi": replay.world.doi(number), "pmid": replay.world.pmid(number), **kwargs}
    return Record(f"r{number}", "A trial", **given)


def test_the_best_place_of_unpaywall(find: Find, replay: Any) -> None:
    url = f"{replay.url}/files/one.pdf"
    replay.open_copies = {replay.world.doi(1): [(url, "cc-by")]}
    found = find(report(replay, 1))
    assert (found.status, found.service, found.url) == ("found", "Unpaywall", url)
    assert (found.version, found.licence, found.host) == ("publishedVersion", "cc-by", "repository")
    assert found.time == "2026-03-02T10:00:00Z"
    assert found.file == ""
    assert len(replay.asked) == 1


def test_a_copy_is_kept_where_the_licence_allows_it(
    find: Find, replay: Any, tmp_path: Path
) -> None:
    replay.open_copies = {replay.world.doi(1): [(f"{replay.url}/files/one.pdf", "cc-by-nc")]}
    found = find(report(replay, 1), store=True)
    body = (tmp_path / "r1.pdf").read_bytes()
    assert (found.status, found.file, found.bytes) == ("stored", "r1.pdf", len(body))
    assert found.sha256 == hashlib.sha256(body).hexdigest()
    assert found.media_type == "application/pdf"


@pytest.mark.parametrize("licence", ["", "publisher-specific-oa", "implied-oa", "elsevier-tdm"])
def test_no_copy_without_a_licence(find: Find, replay: Any, licence: str, tmp_path: Path) -> None:
    replay.open_copies = {replay.world.doi(1): [(f"{replay.url}/files/one.pdf", licence)]}
    found = find(report(replay, 1), store=True)
    assert (found.status, found.licence) == ("found", licence)
    assert "does not say that it may be" in found.reason
    assert replay.paths("/files/") == []
    assert list(tmp_path.iterdir()) == []


def test_a_log_in_is_not_a_full_text(find: Find, replay: Any, tmp_path: Path) -> None:
    """A page with status 200, and a refusal: both are told, the next place is tried."""
    replay.open_copies = {
        replay.world.doi(1): [
            (f"{replay.url}/files/login.pdf", "cc-by"),
            (f"{replay.url}/files/closed.pdf", "cc-by"),
            (f"{replay.url}/files/good.pdf", "cc-by"),
        ]
    }
    found = find(report(replay, 1), store=True)
    assert found.status == "stored"
    assert (tmp_path / found.file).read_bytes() == b"%PDF-1.7 good.pdf"
    assert "what came is a web page" in found.reason
    assert "behind a log-in (403)" in found.reason


def test_europepmc_comes_second(find: Find, replay: Any, tmp_path: Path) -> None:
    replay.open_access = {1}
    found = find(report(replay, 1), store=True)
    assert (found.status, found.service, found.licence) == ("stored", "Europe PMC", "cc by")
    assert found.url.endswith("/PMC1/fullTextXML")
    assert (tmp_path / "r1.xml").read_bytes().startswith(b"<article>")
    assert "Unpaywall: does not know the DOI" in found.reason


def test_pmc_comes_third(find: Find, replay: Any, tmp_path: Path) -> None:
    found = find(report(replay, 1, pmcid="PMC1"), store=True)
    assert (found.status, found.service) == ("stored", "PMC")
    assert found.licence == "https://creativecommons.org/licenses/by/4.0/"
    assert found.url == "https://pmc.ncbi.nlm.nih.gov/articles/PMC1/"
    assert (tmp_path / "r1.xml").is_file()


def test_not_found_says_what_each_service_said(find: Find, replay: Any) -> None:
    replay.open_copies = {replay.world.doi(2): []}
    found = find(report(replay, 2, pmcid="PMC2"))
    assert found.status == "not found"
    assert found.reason.split("; ") == [
        "Unpaywall: closed, no open copy",
        "Europe PMC: not in its open-access part",
        "PMC: the publisher does not allow the full text as XML",
    ]


def test_a_report_without_identifiers(find: Find, replay: Any) -> None:
    found = find(Record("r1", "A trial"))
    assert (found.status, replay.asked) == ("no identifier", [])


def test_without_an_address_unpaywall_is_not_asked(find: Find, replay: Any) -> None:
    found = find(report(replay, 1), keys=Keys())
    assert "Unpaywall: not asked, it wants a contact address" in found.reason
    assert replay.paths("unpaywall") == []


def test_a_service_that_fails_is_no_answer(find: Find, replay: Any) -> None:
    """Not found can be said only when all have answered."""
    replay.trouble("/unpaywall", "500", times=9)
    found = find(report(replay, 1))
    assert found.status == "failed"
    assert "Unpaywall: no usable answer after 4 tries: it answers 500" in found.reason


def test_the_file_has_a_safe_name(find: Find, replay: Any, tmp_path: Path) -> None:
    replay.open_copies = {replay.world.doi(1): [(f"{replay.url}/files/one.pdf", "cc0")]}
    record = Record("../../WOS:1", "A trial", doi=replay.world.doi(1))
    found = find(record, store=True)
    assert found.file.startswith("_.._WOS_1-")
    assert (tmp_path / found.file).is_file()


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("cc-by", True), ("CC BY-NC-ND", True), ("cc0", True), ("pd", True),
        ("public-domain", True), ("https://creativecommons.org/licenses/by/4.0/", True),
        ("accepted", False), ("ccc", False), ("other-oa", False), ("", False),
        ("http://www.elsevier.com/open-access/userlicense/1.0/", False),
    ],
)  # fmt: skip
def test_open_licences(licence: str, expected: bool) -> None:
    assert is_open(licence) is expected
