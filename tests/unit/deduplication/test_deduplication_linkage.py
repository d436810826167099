"""Splink gives the groups of the own engine."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from evisynth.deduplication import DeduplicationIndex, deduplicate, levels, splink_settings
from evisynth.deduplication.linkage import TEXT_FUNCTIONS, _code_of_gamma, _steps
from evisynth.deduplication.match import shipped_weights
from evisynth.errors import DataError, OptionError, SetupError
from evisynth.records import Record

ROOT = Path(__file__).resolve().parents[3]
GENERATOR = ROOT.parent / "shared" / "tools" / "dedup_generate.py"
HAVE_SPLINK = all(find_spec(name) for name in ("splink", "duckdb", "pyarrow"))
with_splink = pytest.mark.skipif(
    not HAVE_SPLINK, reason="needs splink, duckdb and pyarrow: pip install 'evisynth[linkage]'"
)
quiet = pytest.mark.filterwarnings("default")  # warnings of Splink and Spark are not ours


def test_settings_hold_every_level_and_its_weight() -> None:
    weights = shipped_weights()
    settings = splink_settings()
    names = [comparison["output_column_name"] for comparison in settings["comparisons"]]
    assert tuple(names) == levels.FIELDS
    for row, comparison in enumerate(settings["comparisons"]):
        kind = levels.LEVELS[row]
        steps = _steps(levels.FIELDS[row])
        assert {level for level, _ in steps} == {int(level) for level in kind}
        assert steps[-1][1] == "ELSE"
        for (level, _), made in zip(steps, comparison["comparison_levels"], strict=True):
            if level == 0:
                assert made["is_null_level"]
                continue
            weight = np.log2(made["m_probability"] / made["u_probability"])
            assert weight == pytest.approx(weights.table[row, level], abs=1e-9)
            assert 0 < made["m_probability"] <= 1
            assert 0 < made["u_probability"] <= 1
    prior = settings["probability_two_random_records_match"]
    assert np.log2(prior / (1 - prior)) == pytest.approx(weights.intercept)


@pytest.mark.parametrize("field", levels.FIELDS)
def test_values_of_splink_lead_back_to_levels(field: str) -> None:
    steps = [level for level, _ in _steps(field) if level]
    codes = _code_of_gamma(field)
    assert codes[-1] == 0
    assert [codes[len(steps) - 1 - place] for place in range(len(steps))] == steps


def test_functions_of_texts_give_the_levels_of_the_own_engine() -> None:
    titles = TEXT_FUNCTIONS["title"]
    assert titles.sql.startswith("evisynth_title(title_l, ")
    dois = TEXT_FUNCTIONS["doi"].call(
        *(np.array(value, dtype=object) for value in (["10.1/a", "10.1/ab"],)),
        np.array([1, 2]), np.array([7, 7]),
        np.array(["10.1/a", "10.1/ba"], dtype=object), np.array([1, 3]), np.array([7, 7]),
    )  # fmt: skip
    assert dois.tolist() == [levels.Doi.SAME, levels.Doi.MISSING]


def test_bad_calls_are_named(library, monkeypatch) -> None:
    records = library.records
    with pytest.raises(OptionError, match="spl1nk"):
        deduplicate(records, engine="spl1nk")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="postgres"):
        deduplicate(records, engine="splink", backend="postgres")  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(SetupError, match="evisynth\\[linkage\\]"):
        deduplicate(records, engine="splink")
    index = DeduplicationIndex()
    index.add(records)
    with pytest.raises(DataError, match="use add"):
        index.add_by_splink([])


@quiet
@with_splink
def test_the_small_library_on_duckdb(library) -> None:
    assert deduplicate(library.records, engine="splink") == deduplicate(library.records)


@quiet
@with_splink
def test_a_library_grows_after_splink(library) -> None:
    records = library.records
    index = DeduplicationIndex()
    index.add_by_splink(records[:10])
    index.add(records[10:])
    assert index.result() == deduplicate(records)


@quiet
@with_splink
def test_bare_and_cut_off_records_on_duckdb(library) -> None:
    empty = {"pages": "", "volume": "", "issue": ""}
    records: list[Record] = [replace(record, **empty) for record in library.records]
    assert deduplicate(records, engine="splink") == deduplicate(records)


@quiet
@with_splink
@pytest.mark.skipif(not GENERATOR.is_file(), reason="needs the generator of labelled sets")
def test_generated_records_on_duckdb(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "validation" / "dedup"))
    from generated import generated_set  # type: ignore[import-not-found]

    records, _ = generated_set(GENERATOR.parents[1], 20_001)
    assert deduplicate(records, engine="splink") == deduplicate(records)


@quiet
@with_splink
@pytest.mark.skipif(find_spec("pyspark") is None, reason="needs pyspark and Java")
def test_the_small_library_on_spark(library, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    assert deduplicate(library.records, engine="splink", backend="spark") == deduplicate(
        library.records
    )
