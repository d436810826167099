"""Every analysis of a pooled effect takes a fit, effect estimates, or a plain table."""

import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import OptionError

TABLE = pd.DataFrame(
    {
        "study": list("ABCDEF"),
        "year": [2001, 2003, 2002, 2007, 2011, 2010],
        "events1": [12, 30, 9, 44, 8, 25],
        "n1": [40, 80, 33, 120, 20, 70],
        "events2": [20, 41, 15, 60, 11, 30],
        "n2": [42, 78, 30, 118, 22, 66],
        "kind": ["x", "x", "y", "y", "x", "y"],
    }
)
EFFECTS = es.effects(TABLE, "RR")
PLAIN = EFFECTS.to_frame()[["label", "estimate", "variance", "year", "kind"]].rename(
    columns={"label": "study", "estimate": "yi", "variance": "vi"}
)
ANALYSES = [
    (es.leave_one_out, {}),
    (es.influence, {}),
    (es.cumulative, {}),
    (es.trim_and_fill, {}),
    (es.asymmetry_test, {}),
    (es.pet_peese, {}),
    (es.fail_safe, {}),
    (es.excess_test, {}),
    (es.selection_model, {"alternative": "less"}),
    (es.subgroups, {"by": "kind"}),
]
IDS = [function.__name__ for function, _ in ANALYSES]


@pytest.mark.parametrize(("function", "options"), ANALYSES, ids=IDS)
def test_a_table_gives_what_its_fit_gives(function, options):
    from_table = function(PLAIN, **options).to_frame()
    from_fit = function(es.pool(PLAIN), **options).to_frame()
    pd.testing.assert_frame_equal(from_table, from_fit)
    assert len(from_table) >= 1


@pytest.mark.parametrize(
    ("function", "options"),
    [*ANALYSES, (es.small_study_test, {}), (es.e_values, {})],
    ids=[*IDS, "small_study_test", "e_values"],
)
def test_effect_estimates_are_pooled_first(function, options):
    from_effects = function(EFFECTS, **options).to_frame()
    pd.testing.assert_frame_equal(from_effects, function(es.pool(EFFECTS), **options).to_frame())


@pytest.mark.parametrize(("function", "options"), ANALYSES, ids=IDS)
def test_what_is_no_fit_is_refused(function, options):
    with pytest.raises(OptionError, match=r"what es\.pool returns"):
        function([0.1, 0.2], **options)


def test_without_a_year_the_cumulative_analysis_follows_the_table():
    found = es.cumulative(PLAIN.drop(columns="year"))
    assert found.order == "given"
    assert found.added == tuple("ABCDEF")
    assert es.cumulative(PLAIN).added == ("A", "C", "B", "D", "F", "E")


def test_without_random_effects_named_a_study_of_several_rows_makes_three_levels():
    rows = PLAIN.assign(study=list("AABBCD"))
    named = es.multilevel(rows.assign(one=range(6)), ["study", "study/one"])
    default = es.multilevel(rows)
    assert [part.name for part in default.components] == ["sigma² study", "sigma² study/row"]
    assert default.estimate == pytest.approx(named.estimate, rel=1e-9)
    assert len(es.multilevel(PLAIN).components) == 1
