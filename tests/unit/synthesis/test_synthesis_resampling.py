"""GOSH, permutation tests and the bootstrap, through the front door."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evisynth as es
from evisynth.errors import NotEstimableError, OptionError
from evisynth.stats import bootstrap_limits
from evisynth.synthesis import bootstrap, gosh, permutation_test

Y = [0.1, 0.3, 0.8, 0.5, -0.2, 0.6, 0.4]
V = [0.02, 0.03, 0.05, 0.01, 0.04, 0.02, 0.06]


def table(k: int = 7, shift: float = 0.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "study": [f"S{row}" for row in range(k)],
            "yi": np.array(Y[:k]) + shift,
            "vi": V[:k],
            "dose": [1.0, 3.0, 2.0, 7.0, 4.0, 5.0, 6.0][:k],
            "arm": list("aabbaba")[:k],
        }
    )


# ---- GOSH ------------------------------------------------------------------------------------


def test_gosh_refits_every_subset() -> None:
    found = es.gosh(es.pool(table(), tau2="PM"))
    assert found.complete
    assert len(found) == 127
    members = found.included()
    for place in (0, 3, 50, 126):
        rows = table()[members[place]].reset_index(drop=True)
        one = es.pool(rows, tau2="PM")
        assert found.k[place] == one.k
        for name in ("estimate", "tau2", "i2", "h2", "q"):
            ours, theirs = getattr(found, name)[place], getattr(one, name)
            assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12, nan_ok=True)


def test_gosh_tells_what_inclusion_of_a_study_does() -> None:
    data = table()
    data.loc[2, "yi"] = 6.0
    found = es.gosh(data)
    frame = found.by_study()
    assert frame["explained"].idxmax() == 2
    assert found.labels[2] in found.notes[0]
    inside = found.included("S2")
    assert frame["estimate_with"][2] == pytest.approx(found.estimate[inside].mean())
    assert frame["estimate_without"][2] == pytest.approx(found.estimate[~inside].mean())
    correlation = np.corrcoef(inside, found.estimate)[0, 1]
    assert frame["explained"][2] == pytest.approx(100 * correlation**2)
    here = np.isfinite(found.i2)
    assert frame["i2_with"][2] == pytest.approx(found.i2[here & inside].mean())


def test_gosh_shares_and_spread_count_subsets() -> None:
    found = es.gosh(table())
    above = found.share(0.31)
    assert above == pytest.approx(100 * (found.estimate > 0.31).mean())
    assert above + found.share(0.31, "below") == pytest.approx(100)
    i2 = found.i2[np.isfinite(found.i2)]
    assert found.share(50, of="i2") == pytest.approx(100 * (i2 > 50).mean())
    spread = found.spread("tau2")
    assert spread.smallest == np.nanmin(found.tau2)
    assert spread.largest == np.nanmax(found.tau2)


def test_gosh_draws_where_all_are_too_many() -> None:
    found = es.gosh(table(), 60, seed=9)
    assert not found.complete
    assert len(np.unique(found.included(), axis=0)) == 60
    every = {tuple(row): value for row, value in zip(
        es.gosh(table()).included().tolist(), es.gosh(table()).estimate, strict=True)}  # fmt: skip
    drawn = zip(found.included().tolist(), found.estimate, strict=True)
    assert all(every[tuple(row)] == pytest.approx(value, rel=1e-10) for row, value in drawn)
    assert (es.gosh(table(), 60, seed=9).estimate == found.estimate).all()
    by_size = es.gosh(table(), 60, seed=9, choose="size")
    assert by_size.choice == "size"


def test_gosh_prints_and_names_what_was_done() -> None:
    found = es.gosh(table(), 50, seed=3)
    text = str(found)
    assert "GOSH: 50 subsets of 7 studies (drawn with seed 3)" in text
    assert "median" in text
    assert "10.1002/jrsm.1053" in found.method_sentence()
    assert "<table>" in found._repr_html_()
    assert list(found.to_frame(membership=True).columns)[-1] == "with S6"
    equal = str(es.gosh(es.pool(table(), model="equal")))
    assert "tau²" not in equal


def test_gosh_leaves_rows_without_an_estimate_out() -> None:
    data = table()
    data.loc[1, "yi"] = np.nan
    found = es.gosh(data)
    assert found.labels == ("S0", "S2", "S3", "S4", "S5", "S6")
    assert len(found) == 63


def test_gosh_refuses_what_it_cannot_do() -> None:
    with pytest.raises(NotEstimableError, match="two studies"):
        gosh(table(1))
    with pytest.raises(OptionError, match="subsets"):
        gosh(table(), 0)
    with pytest.raises(OptionError, match="choose"):
        gosh(table(), choose="any")  # type: ignore[arg-type]
    found = gosh(table())
    with pytest.raises(OptionError, match="S9"):
        found.included("S9")
    with pytest.raises(OptionError, match="of"):
        found.share(0, of="weight")  # type: ignore[arg-type]


# ---- permutation -----------------------------------------------------------------------------


def test_sign_flips_count_the_observed_data() -> None:
    found = es.permutation_test(es.pool(table(), ci="z", tau2="DL"))
    assert found.exact
    assert found.draws == found.possible == 128
    at_least = np.abs(found.drawn[:, 0]) >= abs(found.statistics[0]) - 1e-8
    assert found.p_value == at_least.mean()
    assert found.p_value >= 2 / 128


def test_random_sign_flips_agree_with_all_of_them() -> None:
    fit = es.pool(table(), tau2="DL")
    every = es.permutation_test(fit, exact=True)
    some = es.permutation_test(fit, 20_000, exact=False)
    assert not some.exact
    assert some.p_value == pytest.approx(every.p_value, abs=0.01)
    assert some.drawn[0, 0] == pytest.approx(fit.statistic, rel=1e-9)


def test_two_groups_are_permuted_as_combinations() -> None:
    fit = es.meta_regression(table(), "arm", ci="z", tau2="DL")
    found = es.permutation_test(fit)
    assert (found.kind, found.exact, found.draws) == ("rows", True, 35)
    assert found.terms == fit.terms
    assert found.statistics == pytest.approx(fit.statistics, rel=1e-9)
    assert found.p_values[1] == found.omnibus_p == found.p_value
    assert (found.p_values * 35) == pytest.approx(np.round(found.p_values * 35))


def test_permutation_limits_invert_the_test() -> None:
    fit = es.pool(table(), ci="z", tau2="DL")
    found = es.permutation_test(fit, ci=True)
    low, high = found.ci_lower[0], found.ci_upper[0]
    assert low < fit.estimate < high
    for limit, inward in ((low, 1), (high, -1)):
        for step, rejects in ((1e-6, False), (-1e-6, True)):
            moved = es.pool(table(shift=-(limit + inward * step)), ci="z", tau2="DL")
            assert (es.permutation_test(moved).p_value <= 0.05) == rejects


def test_permutation_limits_of_a_moderator_invert_the_test() -> None:
    fit = es.meta_regression(table(), "arm", ci="z", tau2="DL", level=0.9)
    found = es.permutation_test(fit, ci=True)
    for limit, inward in ((found.ci_lower[1], 1), (found.ci_upper[1], -1)):
        for step, rejects in ((1e-6, False), (-1e-6, True)):
            data = table()
            data["yi"] -= (limit + inward * step) * (data["arm"] == "b")
            moved = es.meta_regression(data, "arm", ci="z", tau2="DL", level=0.9)
            assert (es.permutation_test(moved).p_values[1] <= 0.1) == rejects


def test_limits_that_cannot_exist_say_why() -> None:
    found = es.permutation_test(es.pool(table(4)), ci=True)
    assert np.isnan(found.ci_lower[0])
    assert "too few" in found.ci_reasons[0]
    assert any("No permutation limits" in note for note in found.notes)
    assert any("0.12" in note for note in found.notes)  # the smallest P value


@given(factor=st.sampled_from([-1.0, 1e-6, 1e6]), order=st.permutations(range(7)))
@settings(max_examples=10, deadline=None)
def test_exact_p_values_know_no_order_scale_or_sign(factor: float, order: list[int]) -> None:
    data = table().iloc[order].reset_index(drop=True)
    data["yi"] *= factor
    data["vi"] *= factor**2
    plain = es.permutation_test(es.pool(table(), tau2="DL"))
    assert es.permutation_test(es.pool(data, tau2="DL")).p_value == plain.p_value


def test_permutation_test_prints_and_names_what_was_done() -> None:
    signs = es.permutation_test(table(), 50, seed=4)
    assert "50 arrangements (of 128, seed 4)" in str(signs)
    assert "0006-341X.1999.00732.x" in signs.method_sentence()
    rows = es.permutation_test(es.meta_regression(table(), "dose"), ci=False)
    assert "all moderators" in str(rows)
    assert "10.1002/sim.1752" in rows.method_sentence()
    assert rows.to_frame()["term"].tolist() == ["intercept", "dose"]
    assert set(rows.to_frame()["ci_reason"]) == {"not asked for"}


def test_permutation_test_refuses_what_it_cannot_do() -> None:
    with pytest.raises(NotEstimableError, match="two studies"):
        permutation_test(table(1))
    with pytest.raises(OptionError, match="draws"):
        permutation_test(table(), 0)
    with pytest.raises(OptionError, match="exact"):
        permutation_test(table(), exact="all")  # type: ignore[arg-type]
    many = pd.DataFrame({"yi": np.linspace(0, 1, 30), "vi": [0.1] * 30})
    with pytest.raises(OptionError, match="1,073,741,824 arrangements"):
        permutation_test(many, exact=True)


# ---- bootstrap -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["parametric", "nonparametric"])
def test_intervals_come_from_the_draws(kind: str) -> None:
    fit = es.pool(table())
    found = es.bootstrap(fit, 1500, kind=kind)  # type: ignore[arg-type]
    assert found.estimates.shape == (1500,)
    percentile = bootstrap_limits(found.estimates, fit.estimate, "percentile")
    assert found.interval("estimate", "percentile") == percentile
    studentized = bootstrap_limits(
        found.estimates, fit.estimate, "studentized", draw_se=found.ses, observed_se=fit.se
    )
    assert found.interval("estimate", "studentized") == studentized
    assert (found.lower[:2] <= found.upper[:2]).all()
    assert found.interval("estimate").lower < fit.estimate < found.interval("estimate").upper
    again = es.bootstrap(fit, 1500, kind=kind)  # type: ignore[arg-type]
    assert (again.estimates == found.estimates).all()
    other = es.bootstrap(fit, 1500, kind=kind, seed=2)  # type: ignore[arg-type]
    assert (other.estimates != found.estimates).any()


def test_the_parametric_bootstrap_knows_the_normal_model() -> None:
    fit = es.pool(table(), model="equal")
    found = es.bootstrap(fit, 20_000)
    for method in ("percentile", "basic", "normal", "studentized", "bca"):
        one = found.interval("estimate", method)
        assert one.lower == pytest.approx(fit.ci_lower, abs=0.02 * fit.se * 3)
        assert one.upper == pytest.approx(fit.ci_upper, abs=0.02 * fit.se * 3)
    assert "no between-study variance" in found.interval("tau2").reason
    assert "one effect for all" in found.interval("prediction").reason


def test_draws_that_cannot_be_said_are_said() -> None:
    found = es.bootstrap(table(), 200)
    assert "no standard error" in found.interval("i2", "studentized").reason
    assert "not defined" in found.interval("prediction", "bca").reason
    assert any("rough" in note for note in found.notes)
    flat = pd.DataFrame({"yi": [0.1, 0.11, 0.12], "vi": [0.1, 0.1, 0.1]})
    assert any("tau² is 0 in the data" in note for note in es.bootstrap(flat, 99).notes)
    few = es.bootstrap(table(), 99, kind="nonparametric")
    assert any("few different draws" in note for note in few.notes)


def test_limits_stay_in_the_range_of_the_quantity() -> None:
    found = es.bootstrap(table(), 999)
    frame = found.to_frame()
    limits = frame.loc[frame["quantity"].isin(["tau2", "i2"]), ["lower", "upper"]].to_numpy()
    assert np.nanmin(limits) >= 0
    i2 = frame.loc[frame["quantity"] == "i2", "upper"]
    assert np.nanmax(i2) <= 100
    assert any("brought to its edge" in reason for reason in frame["reason"])


def test_the_interval_of_a_new_study_is_wider_than_that_of_the_mean() -> None:
    found = es.bootstrap(table(), 4000)
    for method in ("percentile", "basic", "normal", "studentized"):
        mean, new = found.interval("estimate", method), found.interval("prediction", method)
        assert new.upper - new.lower > mean.upper - mean.lower


def test_bootstrap_prints_and_names_what_was_done() -> None:
    found = es.bootstrap(table(), 99, intervals=["perc", "bca"], level=0.9)
    assert found.methods == ("percentile", "bca")
    text = str(found)
    assert "Parametric bootstrap, 99 draws, 90% intervals" in text
    assert "BCa" in text
    assert "10.1080/01621459.1987.10478410" in found.method_sentence()
    assert len(found.draws_frame()) == 99
    assert len(found.to_frame()) == 8
    assert es.bootstrap(table(), 99, intervals="basic").lower.shape == (4, 1)


def test_bootstrap_refuses_what_it_cannot_do() -> None:
    with pytest.raises(NotEstimableError, match="two studies"):
        bootstrap(table(1))
    for options, words in (
        ({"kind": "wild"}, "kind"),
        ({"intervals": "abc"}, "intervals"),
        ({"intervals": ()}, "intervals"),
        ({"level": 2.0}, "level"),
        ({"draws": -1}, "draws"),
    ):
        with pytest.raises(OptionError, match=words):
            bootstrap(table(), **options)
    with pytest.raises(OptionError, match="method"):
        bootstrap(table(), 99, intervals="basic").interval("estimate", "bca")


def test_two_studies_are_enough() -> None:
    assert len(es.gosh(table(2))) == 3
    assert es.permutation_test(table(2)).draws == 4
    for kind in ("parametric", "nonparametric"):
        found = es.bootstrap(table(2), 200, kind=kind)
        assert np.isfinite(found.interval("estimate").lower)
        assert "three studies" in found.interval("prediction").reason


def test_results_go_to_json_and_back() -> None:
    from evisynth.synthesis import from_json

    for found in (es.gosh(table(4)), es.permutation_test(table(4)), es.bootstrap(table(), 99)):
        again = from_json(found.to_json())
        assert str(again) == str(found)
