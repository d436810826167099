"""Inputs that fuzzing found to break a reader or a writer; each passes all checks of the fuzzer."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import evisynth.errors
import evisynth.records.exports
import evisynth.records.reading
import evisynth.records.values
from evisynth.records import read_records, write_records

FOUND = Path(__file__).parent / "found"
NAMES = sorted(path.name for path in FOUND.iterdir())


@pytest.fixture(scope="module")
def fuzzer() -> ModuleType:
    path = Path(__file__).parents[3] / "fuzz/readers.py"
    spec = importlib.util.spec_from_file_location("fuzz_readers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_found_inputs_pass(name: str, fuzzer: ModuleType, tmp_path: Path) -> None:
    fuzzer.check(evisynth, (FOUND / name).read_bytes(), tmp_path)


def test_the_fuzzer_draws_the_same_inputs_for_a_seed_and_finds_a_loss(
    fuzzer: Any, tmp_path: Path
) -> None:
    import random

    seeds = [path.read_bytes() for path in sorted(FOUND.iterdir())]
    first, second = random.Random(3), random.Random(3)
    inputs = [fuzzer.mutate(first, seeds) for _ in range(20)]
    assert inputs == [fuzzer.mutate(second, seeds) for _ in range(20)]
    for data in inputs:
        fuzzer.check(evisynth, data, tmp_path)
    records = read_records(FOUND / "only-numbers.nbib").records
    with pytest.raises(fuzzer.FailedError, match="an entry was lost"):
        fuzzer.check_result(evisynth, records, (), len(records) + 1, 10)
    with pytest.raises(fuzzer.FailedError, match="lines out of order"):
        fuzzer.check_result(evisynth, records[::-1], (), len(records), 10)


def test_references_to_no_sign_are_left_out() -> None:
    (record,) = read_records(FOUND / "surrogate-reference.xml").records
    assert record.title == "AB C"


def test_entries_of_a_number_alone_are_entries(tmp_path: Path) -> None:
    result = read_records(FOUND / "only-numbers.nbib")
    assert [record.pmid for record in result.records] == ["90000002", "90000002", "90000003"]
    write_records(result.records, tmp_path / "x.nbib")
    assert len(read_records(tmp_path / "x.nbib").records) == 3


def test_unclosed_elements_are_two_entries() -> None:
    assert read_records(FOUND / "elements-never-closed.xml").entries == 2


def test_half_a_doi_is_none() -> None:
    assert read_records(FOUND / "doi-without-end.ris").records[0].doi == ""


def test_the_short_name_of_a_journal_stands_in_for_the_journal() -> None:
    record = read_records(FOUND / "short-journal-only.nbib").records[0]
    assert (record.journal, record.journal_short) == ("J Inv Trials", "")


def test_lists_keep_an_open_ampersand(tmp_path: Path) -> None:
    (record,) = read_records(FOUND / "open-entity.csv").records
    assert (record.title, record.keywords) == ("R&D", ("R&D", "AT&T"))
    write_records([record], tmp_path / "x.ris")
    assert "TI  - R&D\n" in (tmp_path / "x.ris").read_text(encoding="utf-8")
