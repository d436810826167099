"""Forest plots of counts, of several totals, with certainty, and of fits to subsets."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import evisynth as es
from evisynth.errors import DataError, OptionError
from evisynth.figures import forest
from evisynth.figures.scene import Polygon, Rect

FAVOURS: dict[str, Any] = {"favours": ("aspirin", "placebo"), "lower_is_better": True}

# Fleiss 1993 (doi:10.1177/096228029300200202): aspirin after myocardial infarction.
ASPIRIN = pd.DataFrame(
    [
        ("MRC-1", 49, 615, 67, 624),
        ("CDP", 44, 758, 64, 771),
        ("MRC-2", 102, 832, 126, 850),
        ("GASP", 32, 317, 38, 309),
        ("PARIS", 85, 810, 52, 406),
        ("AMIS", 246, 2267, 219, 2257),
        ("ISIS-2", 1570, 8587, 1720, 8600),
    ],
    columns=["study", "events1", "n1", "events2", "n2"],
)


def test_every_string_of_revmans_figure_is_there(texts, assert_clean):
    """Of RevMan Web's figure of these data: Mantel-Haenszel, fixed effect."""
    figure = forest(es.mantel_haenszel(ASPIRIN, "OR"), **FAVOURS)
    assert_clean(figure)
    found = [text.casefold() for text in texts(figure)]
    for words in (
        *("Aspirin", "Placebo", "Events", "Total", "Weight", "Odds Ratio", "M-H, Fixed, 95% CI"),
        *("Study or Subgroup", "MRC-1", "CDP", "MRC-2", "GASP", "PARIS", "AMIS", "ISIS-2"),
        *("0.72 [0.49, 1.06]", "0.68 [0.46, 1.01]", "0.80 [0.61, 1.06]", "0.80 [0.49, 1.32]"),
        *("0.80 [0.55, 1.15]", "1.13 [0.93, 1.37]", "0.89 [0.83, 0.97]", "0.90 [0.84, 0.96]"),
        *("3.2%", "5.7%", "1.8%", "10.2%", "72.9%", "100.0%", "Total (95% CI)", "Total events:"),
        *("14,186", "13,817", "2,128", "2,286", "Favours aspirin", "Favours placebo"),
        "Heterogeneity: Chi² = 9.95, df = 6 (P = 0.13); I² = 40%",
        "Test for overall effect: Z = −3.29 (P = 0.001)",
        "Test for subgroup differences: Not applicable",
    ):
        assert words.casefold() in found, words
    heading = [text for text in found if text == "odds ratio"]
    assert len(heading) == 2  # over the estimates, and over the graph
    squares = [i for i in figure.pages[0].items if isinstance(i, Rect) and i.fill == "#0000cc"]
    assert len(squares) == 7


@pytest.mark.parametrize(
    ("fit", "heading"),
    [
        (lambda: es.mantel_haenszel(ASPIRIN, "RR"), "M-H, Fixed, 95% CI"),
        (lambda: es.mantel_haenszel(ASPIRIN, "OR", model="random"), "M-H, Random, 95% CI"),
        (lambda: es.peto(ASPIRIN), "Peto, Fixed, 95% CI"),
        (lambda: es.glmm(ASPIRIN, "OR"), "GLMM, Random, 95% CI"),
    ],
    ids=["RR", "random", "Peto", "GLMM"],
)
def test_models_of_counts_have_their_name_in_the_heading(fit, heading, texts, assert_clean):
    figure = forest(fit(), **FAVOURS)
    assert_clean(figure)
    assert heading in texts(figure)
    assert f"{len(ASPIRIN)} studies" in figure.alt_text


def test_a_model_without_weights_has_no_column_of_weights(texts):
    fit = es.glmm(ASPIRIN, "OR")
    assert not np.isfinite(fit.weights).any()
    assert "Weight" not in texts(forest(fit))


def test_several_totals_are_labelled_and_drawn(texts, assert_clean):
    effects = es.effects(ASPIRIN, measure="OR")
    equal = es.pool(effects, model="equal", ci="z")
    figure = forest(es.pool(effects), totals={"Total, equal effects": equal}, **FAVOURS)
    assert_clean(figure)
    found = texts(figure)
    assert "Total, equal effects (95% CI)" in found
    assert "0.90 [0.84, 0.96]" in found
    assert "Total, equal effects: equal-effects model" in " ".join(found)
    diamonds = [i for i in figure.pages[0].items if isinstance(i, Polygon) and len(i.points) == 4]
    assert len(diamonds) == 2
    with pytest.raises(DataError, match="one measure"):
        forest(es.pool(effects), totals={"RR": es.pool(es.effects(ASPIRIN, measure="RR"))})


def test_subgroups_may_stand_without_a_total(make_fit, texts, assert_clean):
    groups = es.subgroups(make_fit(9), by="group")
    figure = forest(groups, overall=False)
    assert_clean(figure)
    found = texts(figure)
    assert not any(text.startswith("Total (") for text in found)
    assert sum(text == "Subtotal (95% CI)" for text in found) == 3
    assert any(text.startswith("Test for subgroup differences: ") for text in found)
    assert not any("prediction interval" in text for text in found)


def test_certainty_stands_at_its_total(make_fit, texts, assert_clean):
    groups = es.subgroups(make_fit(9), by="group")
    figure = forest(groups, certainty={"": "low", "short": "High", "long": "not rated"})
    assert_clean(figure)
    page = figure.pages[0]
    at = {text.text: text.y for text in page.texts}
    assert at["⨁⨁◯◯"] == pytest.approx(at["Total (95% CI)"])
    assert at["Low"] > at["⨁⨁◯◯"]
    assert {"Certainty", "⨁⨁⨁⨁", "High", "not rated"} <= set(texts(figure))
    with pytest.raises(OptionError, match="shrt"):
        forest(groups, certainty={"shrt": "low"})
    assert "Certainty" not in texts(forest(groups))


def test_rates_have_events_and_person_time(texts, assert_clean):
    table = pd.DataFrame(
        {
            "study": ["A", "B", "C"],
            "events1": [3, 10, 7],
            "time1": [100.5, 300.0, 200.0],
            "events2": [6, 12, 9],
            "time2": [110.0, 290.0, 210.0],
        }
    )
    figure = forest(es.pool(es.effects(table, measure="IRR")))
    assert_clean(figure)
    found = texts(figure)
    assert found.count("Person-time") == 2
    assert "100.5" in found
    assert "600.5" in found  # of all, at the total
    assert "Total events:" in found


def test_observed_minus_expected_can_be_shown(texts):
    found = texts(forest(es.peto(ASPIRIN), columns=["events1", "n1", "o_e", "o_e_variance"]))
    assert {"O−E", "Variance"} <= set(found)
    expected = (49 + 67) * 615 / 1239
    assert f"{49 - expected:.2f}".replace("-", "−") in found


def test_leave_one_out_has_a_row_a_fit(make_fit, texts, assert_clean):
    fit = make_fit(12)
    figure = forest(es.leave_one_out(fit), favours=("digital", "usual"), lower_is_better=True)
    assert_clean(figure)
    found = texts(figure)
    assert "Study left out" in found
    assert found.count("11") == 12
    assert "All studies (95% CI)" in found
    assert "Favours digital" in found
    table = figure.to_frame()
    left = es.leave_one_out(fit)
    assert table["SMD"][:12].to_numpy() == pytest.approx(left.estimates)
    assert table["SMD"][12] == pytest.approx(fit.estimate)
    assert "without each in turn" in figure.alt_text


@pytest.mark.parametrize("profile", ["cochrane", "lancet"])
def test_cumulative_goes_over_pages(make_fit, texts, assert_clean, profile):
    figure = forest(es.cumulative(make_fit(130), order="year"), profile=profile)
    assert_clean(figure)
    assert len(figure.pages) > 1
    heads = [text for text in texts(figure) if text == "Study added"]
    assert len(heads) == len(figure.pages)
    assert len(figure.data) == 131


def test_cumulative_fits_of_counts(assert_clean, texts):
    figure = forest(es.cumulative(es.mantel_haenszel(ASPIRIN, "OR")))
    assert_clean(figure)
    assert "M-H, Fixed, 95% CI" in texts(figure)


@pytest.mark.parametrize("profile", ["cochrane", "bmj", "jama", "lancet", "plain"])
@pytest.mark.parametrize("k", [1, 2, 3, 30, 200])
def test_every_look_is_clean_at_every_size(k, profile, make_fit, assert_clean):
    kinds = ("Øster", "心理腫瘍学の研究グループ", "مرحبا", "A consortium of very many centres " * 2)
    names = [f"{kinds[n % 4]} {n}" for n in range(k)]
    fit = make_fit(k, names)
    figure = forest(
        es.subgroups(fit, by="group") if k > 3 else fit,
        profile=profile,
        certainty="very low",
        totals={"Total, equal effects": es.pool(fit.effects, model="equal", ci="z")},
        favours=("digital interventions", "usual care"),
        lower_is_better=True,
    )
    assert_clean(figure)
    assert sum(row["row"] == "study" for row in figure.data) == k


@pytest.mark.parametrize("profile", ["cochrane", "bmj", "jama", "lancet", "plain"])
def test_a_label_as_wide_as_its_column_is_not_broken(make_fit, texts, profile):
    groups = es.subgroups(make_fit(12), by="group")
    assert texts(forest(groups, profile=profile)).count("Subtotal (95% CI)") == 3
