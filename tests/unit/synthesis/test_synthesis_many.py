"""Very many meta-analyses: every way to give them, here and by Dask, with one answer."""

import warnings
import weakref
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.stats import GroupFits
from evisynth.synthesis import PooledMany, pool_many

COLUMNS = [field.name for field in fields(GroupFits)]


def long_table(groups: int = 60, seed: int = 1) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    k = generator.integers(1, 14, groups)
    v = generator.uniform(0.01, 0.5, k.sum())
    y = generator.normal(0.2, np.sqrt(v + 0.05))
    y[generator.random(len(y)) < 0.03] = np.nan
    return pd.DataFrame(
        {"gene": np.repeat([f"g{n:03}" for n in range(groups)], k), "yi": y, "vi": v}
    )


def same(one: PooledMany, other: PooledMany) -> None:
    """Assert equality bit for bit."""
    assert one.groups.tolist() == other.groups.tolist()
    for name in COLUMNS:
        ours, theirs = getattr(one, name), getattr(other, name)
        assert np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f"), name


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0"
    )
    with cluster, distributed.Client(cluster) as made:
        yield made


def test_each_group_is_what_pool_makes_of_it() -> None:
    table = long_table()
    found = es.pool_many(table, groups="gene", tau2="PM", prediction="t k-2")
    assert len(found) == 60
    for place in (0, 7, 31, 59):
        rows = table[table["gene"] == found.groups[place]].reset_index(drop=True)
        one = es.pool(rows, tau2="PM", prediction="t k-2")
        assert found.k[place] == one.k
        for name in (
            "estimate", "se", "ci_lower", "ci_upper", "statistic", "p_value", "tau2", "i2", "h2",
            "q", "q_p", "prediction_lower", "prediction_upper",
        ):  # fmt: skip
            ours, theirs = getattr(found, name)[place], getattr(one, name)
            assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12, nan_ok=True), name
        assert found.row(found.groups[place])["estimate"] == found.estimate[place]


def test_every_form_of_the_data_gives_one_answer() -> None:
    table = long_table()
    y, v, gene = (table[name].to_numpy() for name in ("yi", "vi", "gene"))
    plain = es.pool_many(y, v, gene)
    same(plain, es.pool_many(table, groups="gene"))
    same(plain, es.pool_many(table.to_dict("list"), groups="gene"))
    same(plain, es.pool_many(list(y), list(v), list(gene)))
    same(plain, es.pool_many(table, groups="gene", chunk_size=7, workers=1))
    same(plain, es.pool_many(table, groups="gene", chunk_size=7, workers=2))
    pieces = [table[begin : begin + 17] for begin in range(0, len(table), 17)]
    same(plain, es.pool_many(iter(pieces), groups="gene"))
    same(plain, es.pool_many(((p["yi"], p["vi"], p["gene"]) for p in pieces), chunk_size=3))
    renamed = table.rename(columns={"yi": "beta"}).assign(error=np.sqrt(v)).drop(columns="vi")
    by_se = es.pool_many(renamed, estimate="beta", se="error", groups="gene")
    assert by_se.estimate == pytest.approx(plain.estimate, rel=1e-9, nan_ok=True)


def test_rows_of_a_group_may_stand_apart() -> None:
    table = long_table()
    plain = es.pool_many(table, groups="gene")
    # rows of a group keep their order, so that every sum is formed in the same order
    rank = np.random.default_rng(3).random(len(table))
    order = np.argsort(rank)
    mixed = table.iloc[order]
    mixed = (
        mixed.assign(row=order)
        .groupby("gene", sort=False, group_keys=False)[["gene", "yi", "vi", "row"]]
        .apply(lambda part: part)
    )
    found = es.pool_many(mixed, groups="gene")
    assert found.groups.tolist() == list(dict.fromkeys(mixed["gene"]))
    place = {name: at for at, name in enumerate(plain.groups)}
    for at, name in enumerate(found.groups):
        assert found.estimate[at] == pytest.approx(
            plain.estimate[place[name]], rel=1e-9, abs=1e-12, nan_ok=True
        )
        assert found.k[at] == plain.k[place[name]]


def test_a_row_of_a_matrix_is_a_meta_analysis() -> None:
    generator = np.random.default_rng(2)
    v = generator.uniform(0.01, 0.5, (40, 8))
    y = generator.normal(0, np.sqrt(v + 0.1))
    y[generator.random(y.shape) < 0.2] = np.nan
    y[5] = np.nan
    found = es.pool_many(y, v)
    assert found.groups.tolist() == list(range(40))
    assert found.left_out[5] == 8
    assert "no row" in found.reasons[5]
    named = es.pool_many(y, v, [f"v{n}" for n in range(40)])
    assert named.groups[3] == "v3"
    assert np.array_equal(named.estimate, found.estimate, equal_nan=True)
    chunked = es.pool_many((y[at : at + 9], v[at : at + 9]) for at in range(0, 40, 9))
    same(found, chunked)
    long = es.pool_many(y.ravel(), v.ravel(), np.repeat(np.arange(40), 8))
    same(found, long)


def test_what_cannot_be_fitted_is_nan_with_a_reason() -> None:
    table = pd.DataFrame(
        {
            "group": list("aabbccd"),
            "yi": [0.1, 0.2, 0.3, 0.4, np.nan, np.nan, 0.5],
            "vi": [0.1, 0.1, -0.1, 0.1, 0.1, 0.1, 0.1],
        }
    )
    found = es.pool_many(table)
    assert found.fitted.tolist() == [True, False, False, True]
    assert found.reasons.tolist()[1] == "a variance is 0 or negative"
    assert "one study" in found.row("d")["reason"]
    text = str(found)
    assert "1 group: a variance is 0 or negative." in text
    assert "2 rows without an estimate" in text
    frame = found.to_frame()
    assert frame["reason"].tolist() == found.reasons.tolist()
    negative = pd.DataFrame({"group": ["a", "a"], "yi": [0.1, 0.2], "se": [0.3, -0.3]})
    assert es.pool_many(negative).reasons[0] == "a variance is 0 or negative"


def test_the_equal_effects_model_needs_no_tau2() -> None:
    found = es.pool_many(long_table(), groups="gene", model="fixed")
    assert found.options.ci == "z"
    assert np.isnan(found.tau2).all()
    assert (found.reasons[found.k == 1] == "").all()
    assert np.isfinite(found.i2[found.k > 1]).all()


def test_progress_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[int, int | None]] = []
    table = long_table()
    es.pool_many(
        table, groups="gene", chunk_size=25, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(25, 60), (50, 60), (60, 60)]
    seen.clear()
    chunks = iter([table])
    es.pool_many(
        chunks, groups="gene", chunk_size=25,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen[-1] == (60, None)
    es.pool_many(table, groups="gene", progress=True, chunk_size=30)
    assert capsys.readouterr().err.splitlines() == [
        "pool_many: 30 of 60 meta-analyses done",
        "pool_many: 60 of 60 meta-analyses done",
    ]
    es.pool_many(table, groups="gene")
    assert capsys.readouterr().err == ""


def test_a_stream_is_not_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evisynth.synthesis.many.compiled_pays", lambda _: False)
    seen: list[weakref.ref[Any]] = []
    highest = 0

    def chunks() -> Iterator[tuple[Any, Any]]:
        nonlocal highest
        for number in range(40):
            y, v = np.full((500, 50), 0.1 * number), np.full((500, 50), 0.1)
            seen.append(weakref.ref(y))
            highest = max(highest, sum(one() is not None for one in seen))
            yield y, v

    found = es.pool_many(chunks(), workers=1, tau2="DL", chunk_size=500)
    assert len(found) == 20_000
    # 300,000 cells, 12 chunks, are read ahead to know whether there are many
    assert highest <= 12 + 5


def test_a_group_cut_by_another_is_refused_in_a_stream() -> None:
    parts = [([0.1, 0.2], [0.1, 0.1], ["a", "b"]), ([0.1, 0.2], [0.1, 0.1], ["c", "a"])]
    with pytest.raises(DataError, match="'a' comes again"):
        pool_many(iter(parts))


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (([0.1], [0.1]), OptionError, "groups"),
        (([0.1],), OptionError, "variances"),
        (([0.1, 0.2], [0.1], ["a", "a"]), DataError, "shape"),
        (([0.1, 0.2], [0.1, 0.1], ["a"]), DataError, "1 groups for 2 rows"),
        (([0.1, 0.2], [0.1, 0.1], [1.0, np.nan]), DataError, "1 row without a group"),
        (([0.1, 0.2], [0.1, 0.1], ["a", None]), DataError, "without a group"),
        (([], [], []), NotEstimableError, "no meta-analysis"),
        ((pd.DataFrame({"yi": [0.1], "vi": [0.1]}),), OptionError, "groups"),
        ((pd.DataFrame({"yi": ["x"], "vi": [0.1], "group": [1]}),), DataError, "'yi'"),
        ((iter([3]),), OptionError, "chunk"),
    ],
)
def test_bad_data_are_refused_by_name(given: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        pool_many(*given)


def test_bad_options_are_refused_by_name() -> None:
    table = long_table()
    for options, words in (
        ({"groups": "nobody"}, "nobody"),
        ({"groups": "gene", "estimate": "nothing"}, "nothing"),
        ({"groups": "gene", "variance": "vi", "se": "vi"}, "se"),
        ({"groups": "gene", "backend": "spark"}, "backend"),
        ({"groups": "gene", "workers": 0}, "workers"),
        ({"groups": "gene", "chunk_size": 0}, "chunk_size"),
        ({"groups": "gene", "progress": "yes"}, "progress"),
        ({"groups": "gene", "tau2": "XX"}, "tau2"),
        ({"groups": "gene", "client": 3}, "client"),
        ({"groups": "gene", "backend": "dask", "client": 3}, "client"),
    ):
        with pytest.raises(OptionError, match=words):
            pool_many(table, **options)
    with pytest.raises(OptionError, match="data frame"):
        pool_many([0.1], [0.1], ["a"], estimate="yi")
    with pytest.raises(OptionError, match="g000"):
        pool_many(table, groups="gene").row("nobody")


def test_many_say_what_was_done() -> None:
    found = es.pool_many(long_table(), groups="gene")
    assert str(found).startswith("60 meta-analyses, random-effects model, tau² by restricted")
    assert "60 meta-analyses were computed in the same way" in found.method_sentence()
    from evisynth.synthesis import from_json

    same(from_json(found.to_json()), found)


# ---- Dask ------------------------------------------------------------------------------------


def test_dask_gives_the_same_bits_for_arrays_and_streams(client: Any) -> None:
    table = long_table()
    plain = es.pool_many(table, groups="gene")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(plain, es.pool_many(table, groups="gene", backend="dask", client=client))
        same(plain, es.pool_many(table, groups="gene", backend="dask", chunk_size=11))
        stream = iter([table[:100], table[100:]])
        same(plain, es.pool_many(stream, groups="gene", backend="dask", client=client))


@pytest.mark.parametrize("backend", ["local", "dask"])
def test_a_dask_data_frame_may_cut_groups(client: Any, backend: Any) -> None:
    frames = pytest.importorskip("dask.dataframe", reason="Dask's data frames are not installed")
    table = long_table()
    plain = es.pool_many(table, groups="gene")
    for partitions in (1, 4, 9):
        cut = frames.from_pandas(table, npartitions=partitions, sort=False)
        same(plain, es.pool_many(cut, groups="gene", backend=backend))
    scattered = table.iloc[np.random.default_rng(4).permutation(len(table))]
    cut = frames.from_pandas(scattered, npartitions=5, sort=False)
    same(es.pool_many(scattered, groups="gene"), es.pool_many(cut, groups="gene", backend=backend))


@pytest.mark.parametrize("backend", ["local", "dask"])
def test_dask_arrays_long_and_wide(client: Any, backend: Any) -> None:
    arrays = pytest.importorskip("dask.array", reason="Dask's arrays are not installed")
    table = long_table()
    number = table["gene"].str[1:].astype(int).to_numpy()
    plain = es.pool_many(table["yi"], table["vi"], number)
    y, v, g = (
        arrays.from_array(one, chunks=size)
        for one, size in ((table["yi"].to_numpy(), 90), (table["vi"].to_numpy(), 70), (number, 50))
    )
    same(plain, es.pool_many(y, v, g, backend=backend))
    generator = np.random.default_rng(2)
    wide_v = generator.uniform(0.01, 0.5, (50, 8))
    wide_y = generator.normal(0, np.sqrt(wide_v + 0.1))
    found = es.pool_many(
        arrays.from_array(wide_y, chunks=(12, 3)),
        arrays.from_array(wide_v, chunks=(50, 8)),
        backend=backend,
    )
    same(es.pool_many(wide_y, wide_v), found)
    with pytest.raises(OptionError, match="variances"):
        pool_many(arrays.from_array(wide_y), wide_v)
    with pytest.raises(DataError, match="shape"):
        pool_many(arrays.from_array(wide_y), arrays.from_array(wide_v[:9]))
    with pytest.raises(OptionError, match="groups"):
        pool_many(y, v, number)


def test_dask_starts_a_cluster_of_its_own_where_there_is_none() -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    table = long_table(8)
    same(
        es.pool_many(table, groups="gene"),
        es.pool_many(table, groups="gene", backend="dask", workers=1),
    )


def test_dask_absent_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from evisynth.errors import SetupError

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SetupError, match="pip install"):
        pool_many(long_table(4), groups="gene", backend="dask")
