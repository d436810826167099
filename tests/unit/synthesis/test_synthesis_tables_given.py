"""Tables in every form that people hold them: the same answer, or an error that says what to do."""

import json
import pickle
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import DataError, InputError, OptionError

TABLE = pd.DataFrame(
    {
        "study": [f"S{i}" for i in range(8)],
        "yi": [0.12, 0.4, -0.1, 0.35, 0.22, 0.6, 0.05, 0.31],
        "vi": [0.04, 0.02, 0.09, 0.03, 0.05, 0.08, 0.02, 0.06],
        "x": [1.0, 2.0, 3.0, 4.0, 3.5, 2.5, 1.5, 0.5],
        "group": list("abababab"),
        "lab": [1, 1, 2, 2, 3, 3, 4, 4],
        "ai": [4, 6, 3, 17, 9, 8, 12, 5],
        "n1i": [40, 60, 55, 90, 70, 66, 80, 44],
        "ci": [9, 11, 8, 20, 12, 10, 15, 9],
        "n2i": [42, 61, 54, 88, 71, 65, 82, 45],
    }
)


class Polars:
    """What polars' data frame looks like from outside."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table
        self.columns = list(table.columns)

    def get_columns(self) -> list[Any]:
        return [self.table[name] for name in self.columns]

    def to_dict(self, *, as_series: bool = True) -> dict[Any, list[Any]]:
        assert not as_series
        return self.table.to_dict("list")


class Arrow:
    """What an Arrow table looks like from outside."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table
        self.columns = [table[name] for name in table.columns]

    def to_pydict(self) -> dict[Any, list[Any]]:
        return self.table.to_dict("list")


FORMS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "dict of lists": lambda t: t.to_dict("list"),
    "dict of arrays": lambda t: {name: t[name].to_numpy() for name in t},
    "rows as dicts": lambda t: t.to_dict("records"),
    "polars": Polars,
    "arrow": Arrow,
    "nullable": lambda t: t.convert_dtypes(dtype_backend="numpy_nullable"),
    "objects": lambda t: t.astype(object),
    "categories": lambda t: t.astype({"study": "category", "group": "category"}),
    "index twice": lambda t: t.set_index(pd.Index([0] * len(t))),
    "index of dates": lambda t: t.set_index(pd.date_range("2020", periods=len(t))),
    "two indices": lambda t: t.set_index([t["group"], t["lab"]]),
    "another column with a number as name": lambda t: t.assign(a=1).rename(columns={"a": 0}),
}

CALLS: dict[str, Callable[[Any], Any]] = {
    "pool": es.pool,
    "effects": lambda t: es.effects(t, "OR"),
    "mantel_haenszel": lambda t: es.mantel_haenszel(t, "OR"),
    "glmm": lambda t: es.glmm(t, "OR", likelihood="CM.AL"),
    "meta_regression": lambda t: es.meta_regression(t, "x + group"),
    "multilevel": lambda t: es.multilevel(t, "lab/study", limits=False),
    "leave_one_out": es.leave_one_out,
    "influence": es.influence,
    "trim_and_fill": es.trim_and_fill,
    "subgroups": lambda t: es.subgroups(t, "group"),
    "heterogeneity": es.heterogeneity,
    "study_effects": es.study_effects,
    "aggregate": lambda t: es.aggregate(t, "lab", correlation=0.5),
    "covariances": lambda t: es.covariances(t, "lab", rho=0.5),
    "p_curve": es.p_curve,
    "selection_model": es.selection_model,
    "robust_regression": lambda t: es.robust_regression(t, "lab", "x"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CALLS)
def test_the_form_of_a_table_does_not_matter(name: str, form: str) -> None:
    assert str(CALLS[name](FORMS[form](TABLE))) == str(CALLS[name](TABLE))


@pytest.mark.parametrize("form", ["polars", "arrow"])
def test_very_many_from_other_frames(form: str) -> None:
    wanted = es.pool_many(TABLE, groups="lab").to_frame()
    found = es.pool_many(FORMS[form](TABLE), groups="lab").to_frame()
    pd.testing.assert_frame_equal(found, wanted)


@pytest.mark.parametrize("no_table", [None, 3.5, "trials.csv", TABLE.to_numpy(), TABLE["yi"]])
@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_table_is_refused_with_a_way_out(name: str, no_table: Any) -> None:
    with pytest.raises((InputError, OptionError)) as caught:
        CALLS[name](no_table)
    words = str(caught.value)
    assert "DataFrame" in words or name == "p_curve", words


def test_very_many_of_a_word_is_refused() -> None:
    with pytest.raises(OptionError, match="a data frame"):
        es.pool_many("trials.csv")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"yi": "effect_size", "vi": "v"}, "estimate='effect_size'"),
        ({"yi": "efect"}, "estimate='efect'"),
        ({"vi": "varience"}, "variance='varience'"),
        ({"vi": "stderr_i"}, "se='stderr_i'"),
    ],
)
def test_columns_with_other_names_are_guessed_aloud(columns: dict[str, str], words: str) -> None:
    only = TABLE[["study", "yi", "vi"]].rename(columns=columns)
    with pytest.raises(InputError, match=words):
        es.pool(only)
    with pytest.raises(InputError, match="Did you mean 'yi'"):
        es.pool(TABLE, estimate="yii")


def test_missing_cells_of_every_kind_are_missing() -> None:
    wanted = es.pool(TABLE.assign(yi=[np.nan, *TABLE.yi[1:]]))
    assert wanted.k == 7
    gaps_of: list[Any] = [None, pd.NA, "", "NA", np.nan]
    for gap in gaps_of:
        made = es.pool(TABLE.assign(yi=[gap, *TABLE.yi[1:]]))
        assert made.estimate == wanted.estimate
        assert made.effects.reasons[0]
    gaps = TABLE.assign(x=pd.array([pd.NA, *TABLE.x[1:]], dtype="Float64"))
    assert es.meta_regression(gaps, "x").k == 7
    assert es.aggregate(gaps, "lab", correlation=0.5).data["x"].tolist()[0] == 2.0


@pytest.mark.parametrize("variance", [0.0, -0.1, np.inf])
def test_impossible_variances_name_the_row(variance: float) -> None:
    with pytest.raises((InputError, DataError), match=r"row 3.*S2"):
        es.pool(TABLE.assign(vi=[0.04, 0.02, variance, *TABLE.vi[3:]]))


def test_extreme_variances_are_exact() -> None:
    for power in (-12, 12):
        factor = 10.0**power
        made = es.pool(TABLE.assign(yi=TABLE.yi * np.sqrt(factor), vi=TABLE.vi * factor))
        plain = es.pool(TABLE)
        assert made.estimate / np.sqrt(factor) == pytest.approx(plain.estimate, rel=1e-9)
        assert made.tau2 / factor == pytest.approx(plain.tau2, rel=1e-7)


class Balanced(HTMLParser):
    """Counts that every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", [*CALLS, "fill_cells", "dependent_correlations"])
def test_results_go_to_json_pickle_and_notebooks(name: str) -> None:
    if name == "fill_cells":
        table = {"n": [50], "n1": [20], "events": [15], "odds_ratio": [2.0]}
        result: Any = es.fill_cells(table)
    elif name == "dependent_correlations":
        pairs = {"study": [1] * 3, "var1": list("aab"), "var2": list("bcc")}
        result = es.dependent_correlations(pairs | {"ri": [0.5, 0.3, 0.2], "ni": [50] * 3})
    else:
        result = CALLS[name](TABLE)
    text = es.to_json(result)
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    for again in (es.from_json(text), pickle.loads(pickle.dumps(result))):
        assert type(again) is type(result)
        assert str(again) == str(result) == repr(result)
        pd.testing.assert_frame_equal(again.to_frame(), result.to_frame())
    page = Balanced()
    page.feed(result._repr_html_())
    assert not page.open
    assert "<table>" in result._repr_html_()


def test_estimates_in_a_notebook_are_escaped_and_cut() -> None:
    many = pd.concat([TABLE] * 40).assign(study=[f"<b>{i}" for i in range(320)])
    shown = es.effects(many, "GEN")._repr_html_()
    assert "&lt;b&gt;0" in shown
    assert "<b>" not in shown
    assert "more rows" in shown
