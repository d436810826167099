"""Tables as people have them: columns found, mistakes named."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import InputError, OptionError

GOOD: dict[str, list[object]] = {
    "study": ["X", "Y", "Z"],
    "n1": [12, 40, 9],
    "mean1": [5.0, 2.2, 1.0],
    "sd1": [2.0, 1.1, 3.0],
    "n2": [14, 35, 11],
    "mean2": [3.9, 2.9, 1.0],
    "sd2": [2.5, 1.3, 2.0],
}


def changed(**cells: object) -> dict[str, list[object]]:
    """Return the good table with the third row's cells replaced."""
    table: dict[str, list[object]] = {name: list(values) for name, values in GOOD.items()}
    for name, value in cells.items():
        table[name][2] = value
    return table


@pytest.mark.parametrize(
    "names",
    [
        ("n1", "mean1", "sd1", "n2", "mean2", "sd2"),
        ("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i"),
        ("n_e", "mean_e", "sd_e", "n_c", "mean_c", "sd_c"),
        ("n.e", "mean.e", "sd.e", "n.c", "mean.c", "sd.c"),
        ("N1", "Mean1", "SD1", "N2", "Mean2", "SD2"),
    ],
)
def test_usual_names_are_recognized(names):
    roles = ("n1", "mean1", "sd1", "n2", "mean2", "sd2")
    table = pd.DataFrame(GOOD).rename(columns=dict(zip(roles, names, strict=True)))
    result = es.effects(table)
    assert result.estimates == pytest.approx(es.effects(GOOD).estimates)
    assert [result.columns[role] for role in roles] == list(names)


@pytest.mark.parametrize(
    "names",
    [
        {"events1": "ai", "nonevents1": "bi", "events2": "ci", "nonevents2": "di"},
        {"events1": "tpos", "nonevents1": "tneg", "events2": "cpos", "nonevents2": "cneg"},
        {"events1": "ai", "n1": "n1i", "events2": "ci", "n2": "n2i"},
        {"events1": "event.e", "n1": "n.e", "events2": "event.c", "n2": "n.c"},
    ],
)
def test_usual_names_of_counts_are_recognized(names):
    counts = {
        "events1": [4, 6], "nonevents1": [119, 300], "n1": [123, 306],
        "events2": [11, 29], "nonevents2": [128, 274], "n2": [139, 303],
    }  # fmt: skip
    table = {column: counts[role] for role, column in names.items()}
    assert es.effects(table, "OR").estimates == pytest.approx(
        np.log([4 * 128 / (119 * 11), 6 * 274 / (300 * 29)])
    )


def test_columns_can_be_named_or_given_as_values():
    table = pd.DataFrame({"trial_name": ["X", "Y"], "size": [12, 40], "m": [5.0, 2.2]})
    result = es.effects(
        table, study="trial_name", n1="size", mean1="m", sd1=[2.0, 1.1], n2=np.array([14, 35]),
        mean2=pd.Series([3.9, 2.9], index=[7, 8]), sd2=[2.5, 1.3],
    )  # fmt: skip
    assert result.estimates == pytest.approx(es.effects(GOOD).estimates[:2])
    assert result.columns["n1"] == "size"
    assert result.data["sd1"].tolist() == [2.0, 1.1]
    assert list(table.columns) == ["trial_name", "size", "m"]


def test_named_columns_decide_which_numbers_are_used():
    table = GOOD | {"yi": [9.0, 9.0, 9.0], "vi": [1.0, 1.0, 1.0]}
    assert es.effects(table).estimates[0] < 1
    assert es.effects(table, estimate="yi", variance="vi").estimates.tolist() == [9, 9, 9]


def test_rows_may_fill_different_columns():
    table = pd.DataFrame(GOOD | {"difference": [None, None, -1.0], "sd": [None, None, 2.0]})
    table.loc[2, ["mean1", "mean2", "sd1", "sd2"]] = np.nan
    result = es.effects(table)
    assert result.estimable.all()
    assert result.data["numbers_from"].tolist() == ["means", "means", "difference"]
    assert any("a difference between the arms (1 row)" in note for note in result.notes)


def test_mixed_formats_are_said_for_smd_only():
    table = GOOD | {"format": ["end score", "end score", "change score"]}
    notes = es.effects(table, "SMD").notes
    assert any("end score (2), change score (1)" in note and "10.5.2" in note for note in notes)
    assert es.effects(table, "MD").notes == ()
    assert es.effects(table | {"format": ["end score"] * 3}, "SMD").notes == ()


def test_empty_cells_leave_a_row_without_an_estimate():
    result = es.effects(changed(sd1=None, mean2=""))
    assert result.reasons == ("", "", "sd1 and mean2 are missing")
    assert np.isnan(result.estimates[2])
    assert result.labels == ("X", "Y", "Z")
    assert "1 row not estimable; see the reasons" in result.notes


def test_very_small_studies_have_no_smd():
    result = es.effects(changed(n1=1, n2=2))
    assert result.reasons[2] == "3 people in both arms together are too few"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"sd1": "abc"}, r"row 3 \(study 'Z'\), column sd1: 'abc' is not a number"),
        ({"sd1": "3,5"}, "decimal point"),
        ({"sd1": -1}, r"row 3 \(study 'Z'\), column sd1: a standard deviation of -1"),
        ({"sd2": 0}, "a standard deviation of 0"),
        ({"n1": 0}, "0 people"),
        ({"n2": 10.5}, "10.5 people"),
        ({"mean1": float("inf")}, "infinite"),
        ({"study": ""}, "row 3.*the row has no name"),
    ],
)
def test_bad_cells_are_named(cells, words):
    with pytest.raises(InputError, match=words):
        es.effects(changed(**cells))


def test_all_bad_cells_are_named_at_once():
    with pytest.raises(InputError) as caught:
        es.effects(changed(sd1=-1, n2=0, mean1="x"))
    assert len(caught.value.problems) == 3


def test_the_file_is_named_when_the_table_knows_it():
    table = pd.DataFrame(changed(sd1=-1))
    table.attrs["file"] = "trials.csv"
    with pytest.raises(InputError, match=r"^trials\.csv, row 3"):
        es.effects(table)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"events1": [5], "n1": [4], "events2": [1], "n2": [9]}, "5 events among 4 people"),
        ({"events1": [-1], "n1": [4], "events2": [1], "n2": [9]}, "-1 events"),
        ({"events1": [1.5], "n1": [4], "events2": [1], "n2": [9]}, "1.5 events"),
        (
            {"ai": [1], "bi": [5], "n1i": [4], "ci": [1], "n2i": [9]},
            "1 events and 5 others are not 4 people",
        ),
    ],
)
def test_bad_counts_are_named(table, words):
    with pytest.raises(InputError, match=words):
        es.effects(table, "OR")


def test_an_arm_without_people_is_set_aside_with_a_reason():
    table = {"ai": [0, 2], "bi": [0, 8], "ci": [1, 3], "di": [9, 7]}
    for to in ("only0", "all"):
        found = es.effects(table, "OR", continuity_to=to)
        assert found.reasons == ("arm 1 has no people", "")
    groups = es.effects({"xi": [0, 2], "mi": [0, 8]}, "PLO")
    assert groups.reasons == ("the group has no people", "")


def test_named_cells_need_not_fit_the_size_of_the_means():
    table = {"ai": [1], "bi": [5], "n1i": [40], "ci": [2], "di": [4], "n2i": [44]}
    cells: dict[str, Any] = {
        "events1": "ai",
        "nonevents1": "bi",
        "events2": "ci",
        "nonevents2": "di",
    }
    with pytest.raises(InputError, match="name events1 and nonevents1"):
        es.effects(table, "OR")
    found = es.effects(table, "OR", **cells)
    assert found.estimates == pytest.approx(np.log((1 / 5) / (2 / 4)))
    with pytest.raises(InputError, match="are not 40 people"):
        es.effects(table, "OR", **cells, n1="n1i")


@pytest.mark.parametrize(
    ("table", "options", "words"),
    [
        ({"yi": [0.1], "vi": [-1]}, {}, "a variance of -1"),
        ({"yi": [0.1], "vi": [0]}, {}, "a variance of 0"),
        ({"yi": [0.1], "sei": [0]}, {}, "a standard error of 0"),
        ({"yi": [0.1], "ci_lower": [1], "ci_upper": [0.5]}, {}, "lower limit 1 is not below"),
        ({"yi": [0.1], "ci_lower": [0.2], "ci_upper": [0.5]}, {}, "lies outside its interval"),
        (
            {"yi": [1.2], "ci_lower": [-0.2], "ci_upper": [1.5]},
            {"scale": "log", "given": "natural"},
            "a ratio of -0.2 cannot be",
        ),
        (
            {"yi": [2.0, 0.5], "ci_lower": [1.0, 0.125], "ci_upper": [4.0, 2.0]},
            {"scale": "log"},
            "given='natural'",
        ),
        (
            {"yi": [2.0, 1.5], "ci_lower": [1.0, 0.1], "ci_upper": [3.0, 2.9]},
            {"scale": "log", "given": "natural"},
            "given='log'",
        ),
    ],
)
def test_bad_estimates_are_named(table, options, words):
    with pytest.raises(InputError, match=words):
        es.effects(table, "GEN", **options)


def test_a_study_that_stands_twice_is_numbered_or_refused_with_a_way_out():
    twice = pd.DataFrame(GOOD).assign(study=["X", "Y", "X"], outcome=["anxiety", "anxiety", "mood"])
    with pytest.raises(InputError, match=r"'X' stands in rows 1 and 3.*subset=\{'outcome'"):
        es.effects(twice, repeated="refuse")
    numbered = es.effects(twice)
    assert numbered.labels == ("X (1)", "Y", "X (2)")
    assert numbered.repeated == ("X",)
    assert any("taken as independent" in note for note in es.pool(numbered).notes)
    with pytest.raises(OptionError, match="number, refuse"):
        es.effects(twice, repeated="drop")  # type: ignore[arg-type]
    one = es.effects(twice, subset={"outcome": "anxiety"})
    assert one.labels == ("X", "Y")
    assert es.effects(twice, subset=[True, True, False]).labels == ("X", "Y")
    assert es.effects(twice, subset={"outcome": ["mood"]}).labels == ("X",)


def test_rows_keep_their_number_under_a_subset():
    table = pd.DataFrame(changed(sd1=-1)).assign(outcome=["a", "b", "b"])
    with pytest.raises(InputError, match="row 3 "):
        es.effects(table, subset={"outcome": "b"})


def test_a_subset_that_selects_nothing_is_refused():
    table = GOOD | {"outcome": ["a", "b", "b"]}
    with pytest.raises(InputError, match="no row has 'c'; allowed: a, b"):
        es.effects(table, subset={"outcome": "c"})
    with pytest.raises(InputError, match="there is no such column"):
        es.effects(table, subset={"outcomes": "c"})
    with pytest.raises(InputError, match="no row is left"):
        es.effects(table, subset=[False] * 3)
    with pytest.raises(InputError, match="do not choose"):
        es.effects(table, subset=[True])


def test_missing_columns_are_named_with_what_the_table_has():
    table = {name: values for name, values in GOOD.items() if name != "sd2"}
    with pytest.raises(InputError, match=r"missing: sd2 \(or se2.*The table has: study, n1"):
        es.effects(table)
    with pytest.raises(InputError, match=r"there is no such column.*Did you mean 'sd1'"):
        es.effects(GOOD, sd1="sd_1")
    with pytest.raises(InputError, match="OR cannot be computed from events of the arms"):
        es.effects(GOOD, "OR")


def test_tables_that_are_no_tables_are_refused():
    with pytest.raises(InputError, match="no rows"):
        es.effects(pd.DataFrame(GOOD).iloc[:0])
    with pytest.raises(InputError, match="differ in length"):
        es.effects({"n1": [1, 2], "n2": [1]})
    with pytest.raises(InputError, match="is not a table"):
        es.effects("trials.csv")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="do not fit a table of 3 rows"):
        es.effects(GOOD, sd1=[1.0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"measure": "SDM"}, "measure: 'SDM'.*Did you mean 'SMD'"),
        ({"continuity_to": "some"}, "continuity_to"),
        ({"continuity": -1}, "continuity"),
        ({"level": 95}, "level"),
        ({"scale": "log"}, "use measure='GEN'"),
        ({"given": "natural"}, "Only ratios"),
        ({"double_zero": "maybe"}, "double_zero"),
        ({"ci_distribution": "student"}, "ci_distribution"),
    ],
)
def test_unknown_options_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        es.effects(GOOD, **options)


def test_names_are_made_of_what_is_there():
    nameless = {name: values for name, values in GOOD.items() if name != "study"}
    assert es.effects(nameless).labels == ("Study 1", "Study 2", "Study 3")
    years = nameless | {"author": ["Hill", "Hill", "Poe"], "year": [1999, 2001, 2001]}
    assert es.effects(years).labels == ("Hill 1999", "Hill 2001", "Poe 2001")
    numbered = nameless | {"study": [1.0, 2.0, 3.0]}
    assert es.effects(numbered).labels == ("1", "2", "3")


def test_the_callers_table_is_not_touched():
    table = pd.DataFrame(GOOD)
    before = table.copy()
    es.effects(table, subset=[True, False, True])
    pd.testing.assert_frame_equal(table, before)


def test_an_smd_that_looks_like_a_standard_error_is_noted():
    result = es.effects(changed(sd1=0.1, sd2=0.1, mean1=2.0))
    assert any("|SMD| above 3 in Z" in note for note in result.notes)
