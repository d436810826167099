"""Multi-arm trials, clusters, crossover trials, covariances and aggregation."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evisynth as es
from evisynth.effects import Covariances, nearest_positive_definite
from evisynth.errors import DataError, InputError, OptionError

ARMS: dict[str, Any] = {
    "study": ["A", "A", "B"], "drug": ["high", "low", "high"],
    "n1": [50, 51, 40], "events1": [10, 12, 5], "mean1": [3.0, 4.0, 5.0], "sd1": [1.0, 1.2, 1.1],
    "n2": [49, 49, 41], "events2": [16, 16, 7], "mean2": [5.0, 5.0, 6.0], "sd2": [1.3, 1.3, 1.4],
}  # fmt: skip
"""Study A has two arms against one control."""

MULTI = pd.DataFrame(
    {
        "study": ["A", "A", "A", "B", "B", "C"],
        "yi": [0.1, 0.4, 0.3, 0.2, 0.5, 0.6],
        "vi": [0.04, 0.05, 0.09, 0.02, 0.03, 0.01],
        "time": [1, 2, 4, 1, 2, 1],
        "scale": ["x", "y", "x", "x", "x", "y"],
        "word": ["p", "q", "q", "r", "r", "s"],
    }
)


def made(table: pd.DataFrame) -> Any:
    return es.effects(table.assign(row=[f"row {r}" for r in range(len(table))]), "GEN", study="row")


def test_a_shared_arm_is_split_into_whole_people():
    split = es.split_shared_arm(ARMS, name="drug")
    table = split.table
    assert table["study"].tolist() == ["A (high)", "A (low)", "B"]
    assert table["n2"].tolist() == [25, 24, 41]
    assert table["events2"].tolist() == [8, 8, 7]
    assert table["trial"].tolist() == ["A", "A", "B"]
    assert table["sd2"].tolist() == ARMS["sd2"]
    for measure in ("OR", "SMD"):
        assert es.effects(table, measure).estimable.all()
    assert split.notes == ("arm 2 of 1 study split among its comparisons",)
    assert "23.3.4" in split.method_sentence()


@given(n=st.integers(1, 500), share=st.floats(0, 1), many=st.integers(2, 6))
def test_parts_add_up_to_the_shared_arm(n, share, many):
    events = int(n * share)
    table = {"study": ["A"] * many, "events2": [events] * many, "nonevents2": [n - events] * many}
    found = es.split_shared_arm(table).table
    assert found["events2"].sum() == events
    assert found["nonevents2"].sum() == n - events
    assert (found[["events2", "nonevents2"]].to_numpy() >= 0).all()


def test_what_is_not_a_shared_arm_is_refused():
    other = ARMS | {"n2": [49, 30, 41]}
    with pytest.raises(InputError, match="not a shared arm"):
        es.split_shared_arm(other)
    with pytest.raises(OptionError, match="columns"):
        es.split_shared_arm({"study": ["A"], "x": [1]})
    with pytest.raises(OptionError, match="shared"):
        es.split_shared_arm(ARMS, shared=3)


def test_arms_are_combined():
    table = es.combine_arms(ARMS).table
    assert len(table) == 2
    row: Any = table.iloc[0]
    assert (row["n1"], row["events1"], row["n2"]) == (101, 22, 49)
    people = np.array([50, 51])
    mean = (people * [3.0, 4.0]).sum() / 101
    assert row["mean1"] == pytest.approx(mean)
    squares = (49 * 1.0 + 50 * 1.44 + (people * (np.array([3.0, 4.0]) - mean) ** 2).sum()) / 100
    assert row["sd1"] == pytest.approx(np.sqrt(squares))
    with pytest.raises(InputError, match="not a shared arm"):
        es.combine_arms(ARMS | {"mean2": [5.0, 4.0, 6.0]})


def test_cluster_trials_by_effective_size_and_by_inflation():
    # Cochrane Handbook 23.1.4: design effect 1.576 with M = 29.8 and ICC 0.02
    trial = {"study": ["X", "Y"], "events1": [63, 10], "n1": [295, 50], "events2": [84, 12],
             "n2": [330, 50], "icc": [0.02, np.nan]}  # fmt: skip
    adjusted = es.adjust_for_clusters(trial, cluster_size=29.8)
    assert adjusted.table["design_effect"][0] == pytest.approx(1.576)
    numbers = adjusted.table[["events1", "n1", "events2", "n2"]].to_numpy()
    assert numbers.tolist() == [[40, 187, 53, 209], [10, 50, 12, 50]]
    assert "1 row without ICC" in adjusted.notes[1]
    estimates = {"study": ["X"], "yi": [0.5], "sei": [0.2], "vi": [0.04]}
    inflated = es.adjust_for_clusters(estimates, icc=0.02, cluster_size=29.8, way="inflate").table
    assert inflated["vi"][0] == pytest.approx(0.04 * 1.576)
    assert inflated["sei"][0] ** 2 == pytest.approx(inflated["vi"][0])
    cells = {"ai": [63], "bi": [232], "ci": [84], "di": [246], "n1": [295], "n2": [330]}
    whole = es.adjust_for_clusters(cells, icc=0.02, cluster_size=29.8).table
    assert whole["ai"][0] + whole["bi"][0] == whole["n1"][0]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"cluster_size": 20}, OptionError, "icc"),
        ({"icc": 0.02}, OptionError, "cluster_size"),
        ({"icc": 1.5, "cluster_size": 20}, InputError, "an ICC of 1.5"),
        ({"icc": 0.02, "cluster_size": 0.5}, InputError, "a cluster of 0.5"),
        ({"icc": 0.02, "cluster_size": 20, "way": "both"}, OptionError, "way"),
        ({"icc": 0.02, "cluster_size": 20, "way": "inflate"}, OptionError, "se, variance"),
    ],
)
def test_clusters_that_cannot_be(options, error, words):
    with pytest.raises(error, match=words):
        es.adjust_for_clusters({"study": ["X"], "n1": [20], "n2": [20]}, **options)


def test_crossover_trials_by_every_way():
    table: dict[str, Any] = {
        "study": list("abcdef"), "n": [16] * 6, "mean1": [7.0] * 6, "mean2": [6.0] * 6,
        "sd1": [2.0] * 6, "sd2": [2.0] * 6,
        "se": [0.4] + [None] * 5, "t": [None, 2.5] + [None] * 4,
        "p": [None, None, "0.02"] + [None] * 3,
        "sd_diff": [None] * 3 + [1.6, None, None], "r": [None] * 4 + [0.68, None],
    }  # fmt: skip
    found = es.paired_differences(table)
    v = found.table["vi"].to_numpy()
    assert v[[0, 1, 3, 4]] == pytest.approx([0.16] * 4)
    assert v[2] == pytest.approx((1 / 2.6025) ** 2, rel=1e-3)  # t(0.01, 15) = 2.6025
    assert np.isnan(v[5])
    assert found.notes == ("1 row without a paired analysis",)
    assert found.table["correlation"][0] == pytest.approx(0.68)
    standardized = es.paired_differences(table, standardized=True).table
    assert standardized["yi"][4] == 0.5
    assert standardized["vi"][4] == pytest.approx((1 / 16 + 0.25 / 32) * 2 * 0.32)
    independent = es.paired_differences({"n": [16], "difference": [1.0], "sd1": [2], "sd2": [2]},
                                        correlation=0).table  # fmt: skip
    assert independent["vi"][0] == pytest.approx(4 / 16 + 4 / 16)
    with pytest.raises(InputError, match="between -1 and 1"):
        es.paired_differences(table, correlation=2)
    with pytest.raises(OptionError, match="No column n"):
        es.paired_differences({"mean1": [1]})


def test_a_shared_control_gives_one_half_and_more_where_it_is_small():
    table = MULTI.assign(arm=list("abcabc"), control="placebo", size=[10, 10, 10, 20, 20, 5])
    equal = es.covariances(table, "study", group1="arm", group2="control").correlations()
    assert equal[0, 1] == pytest.approx(0.5)
    assert equal[0, 3] == 0
    unequal = es.covariances(
        table, "study", group1="arm", group2="control", weight1="size", weight2=[30] * 6
    ).correlations()
    assert unequal[0, 1] == pytest.approx((1 / 30) / (1 / 10 + 1 / 30))


def test_covariances_go_into_a_multilevel_model():
    found = es.covariances(MULTI, "study", obs="time", rho=0.6)
    assert isinstance(found, Covariances)
    effects = made(MULTI)
    assert (es.covariances(effects, "study", obs="time", rho=0.6).cells == found.cells).all()
    imputed = es.impute_covariances(effects, "study", correlation=0.6)
    assert found.to_matrix() == pytest.approx(imputed.to_matrix())
    fit = es.multilevel(effects, "study", V=found, limits=False)
    again = es.multilevel(effects, "study", V=found.to_matrix(), limits=False)
    assert fit.estimate == pytest.approx(again.estimate)
    assert "2 estimates" not in str(found)
    assert "Covariances of 6 estimates in 3 clusters" in str(found)
    assert found.to_frame().shape == (6, 6)
    assert found._repr_html_().startswith("<table>")
    assert "Pustejovsky" in found.method_sentence()


def test_a_row_without_an_estimate_is_independent():
    table = MULTI.assign(yi=[0.1, np.nan, 0.3, 0.2, 0.5, 0.6])
    matrix = es.covariances(made(table), "study", obs="time", rho=0.6).to_matrix()
    assert matrix[1].tolist() == [0, 1, 0, 0, 0, 0]
    assert matrix[0, 2] > 0


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({}, OptionError, "rho"),
        ({"rho": 1.5}, OptionError, "rho: 1.5"),
        ({"obs": "time"}, OptionError, "rho"),
        ({"obs": "time", "rho": 1.5}, OptionError, "rho: 1.5"),
        ({"obs": "time", "type": "scale", "rho": 0.5}, OptionError, "within a type"),
        ({"phi": 0.5}, OptionError, "time1"),
        ({"time1": "time", "phi": 3}, OptionError, "phi: 3"),
        ({"group1": "word"}, OptionError, "group2"),
        ({"obs": "word", "rho": 0.5}, DataError, "cluster 'A': its covariance matrix"),
        ({"obs": "nothing", "rho": 0.5}, OptionError, "nothing"),
        (
            {"obs": "word", "rho": pd.DataFrame([[1.0]], index=["p"], columns=["p"])},
            OptionError,
            "It stands in the column of obs",
        ),
        ({"correlations": ["yi"]}, OptionError, "3 columns"),
    ],
)
def test_covariances_that_cannot_be(options, error, words):
    with pytest.raises(error, match=words):
        es.covariances(MULTI, "study", **options)


@given(st.lists(st.floats(-0.99, 0.99), min_size=6, max_size=6))
def test_the_nearest_matrix_is_positive_definite_and_keeps_the_variances(cells):
    matrix = np.eye(4)
    matrix[np.tril_indices(4, -1)] = cells
    matrix = matrix + np.tril(matrix, -1).T
    scale = np.array([1.0, 2.0, 0.5, 3.0])
    near = nearest_positive_definite(matrix * np.outer(scale, scale))
    assert np.linalg.eigvalsh(near)[0] > 0
    assert np.diag(near) == pytest.approx(scale**2)
    if np.linalg.eigvalsh(matrix)[0] > 1e-4:
        assert near == pytest.approx(matrix * np.outer(scale, scale), abs=1e-9)


def test_shared_arms_of_rows_with_zero_cells():
    table = pd.DataFrame(ARMS).assign(row=["A1", "A2", "B"], events2=[0, 0, 7])
    effects = es.effects(table, "OR", study="row")
    matrix = es.shared_arm_covariances(effects, "study").to_matrix()
    assert matrix[0, 1] == pytest.approx(1 / 0.5 + 1 / 49.5)
    with pytest.raises(OptionError, match="measure"):
        es.shared_arm_covariances(made(MULTI), "study")


def test_correlations_of_the_same_people():
    table: dict[str, Any] = {"study": [1] * 6, "var1": list("aaabbc"), "var2": list("bcdcdd"),
             "ri": [0.5, 0.3, 0.2, 0.4, 0.1, 0.35], "ni": [100] * 6}  # fmt: skip
    found = es.dependent_correlations(table)
    # the variance of a correlation, and Pearson and Filon's covariance by simulation-free algebra
    assert found.effects.variances == pytest.approx((1 - np.array(table["ri"]) ** 2) ** 2 / 99)
    z = es.dependent_correlations(table, to_z=True)
    assert z.effects.variances == pytest.approx(np.full(6, 1 / 97))
    assert "Covariances of 6 estimates" in str(found)
    assert es.multilevel(found.effects, "study", V=found.covariances, limits=False).k == 6
    assert found.effects.data["pair"].tolist() == ["a.b", "a.c", "a.d", "b.c", "b.d", "c.d"]
    with pytest.raises(DataError, match="stands twice"):
        es.dependent_correlations(table | {"var2": list("bbdcdd")})
    with pytest.raises(OptionError, match="common_n"):
        es.dependent_correlations(table, common_n="max")


def test_a_missing_correlation_costs_the_rows_whose_covariances_need_it():
    table: dict[str, Any] = {
        "study": [1, 1, 1, 2, 2, 2], "var1": list("aabaab"), "var2": list("bccbcc"),
        "ri": [0.5, 0.3, 0.2, 0.4, np.nan, 0.1], "ni": [50] * 6,
    }  # fmt: skip
    found = es.dependent_correlations(table)
    assert found.effects.reasons == (
        "", "", "", "a correlation that its covariances need is missing",
        "the correlation is missing", "a correlation that its covariances need is missing",
    )  # fmt: skip
    assert found.effects.notes == ("3 rows not estimable; see the reasons",)
    whole = es.dependent_correlations({name: values[:3] for name, values in table.items()})
    own = found.covariances.to_matrix()[:3, :3]
    assert own == pytest.approx(whole.covariances.to_matrix(), rel=1e-14)
    alone = es.dependent_correlations({name: values[:4] for name, values in table.items()})
    assert alone.effects.reasons == ("",) * 4
    for bad, words in (({"ri": 1.5}, "between -1 and 1"), ({"ni": 1}, "it must be above 1")):
        with pytest.raises(DataError, match=words):
            es.dependent_correlations({n: [*v[:3], bad.get(n, v[3])] for n, v in table.items()})


def test_aggregation_of_independent_estimates_is_fixed_effect_pooling():
    effects = made(MULTI)
    found = es.aggregate(effects, "study", structure="ID")
    alone = es.pool(effects.select(np.array([True, True, True, False, False, False])),
                    model="equal", ci="z")  # fmt: skip
    assert found.estimates[0] == pytest.approx(alone.estimate)
    assert found.variances[0] == pytest.approx(alone.se**2)
    assert found.estimates[2] == 0.6
    assert found.data["k_estimates"].tolist() == [3, 2, 1]
    assert found.data["word"].tolist() == ["q", "r", "s"]
    assert es.pool(found).k == 3


@given(rho=st.floats(0, 0.95))
def test_more_correlation_means_less_information(rho):
    effects = made(MULTI)
    low = es.aggregate(effects, "study", correlation=0.0, weighted=False).variances
    high = es.aggregate(effects, "study", correlation=rho, weighted=False).variances
    assert (high >= low - 1e-15).all()


def test_correlations_by_cluster_and_rows_without_estimates():
    effects = made(MULTI.assign(yi=[0.1, np.nan, 0.3, np.nan, np.nan, 0.6]))
    found = es.aggregate(effects, "study", correlation={"A": 0.2, "B": 0.5, "C": 0.9})
    assert found.reasons == ("", "none of its estimates is estimable", "")
    assert found.data["k_estimates"].tolist() == [2, 0, 1]
    with pytest.raises(OptionError, match="One number for each cluster"):
        es.aggregate(effects, "study", correlation={"A": 0.2})


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({}, OptionError, "correlation"),
        ({"structure": "AR"}, OptionError, "structure"),
        ({"structure": "CAR", "autocorrelation": 0.5}, OptionError, "time"),
        ({"correlation": 1.0}, DataError, "not positive definite"),
        ({"correlation": 2.0}, OptionError, "correlation: 2.0"),
        ({"covariances": np.eye(3)}, DataError, r"shape \(3, 3\)"),
        ({"by": "nothing", "correlation": 0.5}, OptionError, "nothing"),
    ],
)
def test_aggregations_that_cannot_be(options, error, words):
    with pytest.raises(error, match=words):
        es.aggregate(made(MULTI), **({"by": "study"} | options))


def test_one_correlation_holds_for_any_two_rows_of_a_cluster():
    table = {"study": ["A", "A", "B"], "yi": [0.1, 0.2, 0.3], "vi": [0.04, 0.09, 0.01]}
    found = es.covariances(pd.DataFrame(table), "study", rho=0.5).to_matrix()
    assert found[0, 1] == pytest.approx(0.5 * 0.2 * 0.3)
    assert found[0, 2] == 0


def test_columns_may_hold_covariances_with_the_variances_on_the_diagonal():
    table = pd.DataFrame(
        {
            "study": ["A", "A", "B"],
            "yi": [0.1, 0.2, 0.3],
            "vi": [0.04, 0.09, 0.01],
            "c1": [0.04, 0.03, 0.01],
            "c2": [0.03, 0.09, np.nan],
        }
    )
    made = es.covariances(table, "study", correlations=["c1", "c2"])
    wanted = np.array([[0.04, 0.03, 0], [0.03, 0.09, 0], [0, 0, 0.01]])
    assert made.to_matrix() == pytest.approx(wanted)
    with pytest.raises(DataError, match="covariances beside the variances themselves"):
        es.covariances(table.assign(vi=1.0), "study", correlations=["c1", "c2"])
