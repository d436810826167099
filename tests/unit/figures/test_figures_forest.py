"""The forest plot: RevMan's words, every row kept, nothing clipped from 1 to 200 studies."""

import io
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pandas as pd
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evisynth as es
from evisynth.appraisal import Assessment, DomainJudgement, Judgement
from evisynth.errors import DataError, OptionError
from evisynth.figures import Figure, forest
from evisynth.figures.check import outside, overlaps
from evisynth.figures.scene import Polygon, Rect
from evisynth.synthesis import PooledFit

FAVOURS: dict[str, Any] = {"favours": ("digital intervention", "control"), "lower_is_better": True}

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


def pooled(
    estimates: list[float], errors: list[float], names: list[str] | None = None, **how: Any
) -> PooledFit:
    table = pd.DataFrame({"estimate": estimates, "se": errors})
    table["study"] = names or [f"S{number}" for number in range(len(table))]
    return es.pool(es.effects(table, measure="GEN"), **how)


def rectangles(figure: Figure) -> list[Rect]:
    return [item for page in figure.pages for item in page.items if isinstance(item, Rect)]


# ---- words ------------------------------------------------------------------------------------


def test_the_strings_of_revman_are_all_there(texts):
    fit = es.pool(es.effects(ASPIRIN, measure="OR"), model="equal", ci="z")
    figure = forest(fit, favours=("aspirin", "placebo"), lower_is_better=True)
    found = texts(figure)
    for words in (
        *("Study or subgroup", "Aspirin", "Placebo", "Events", "Total", "Weight", "Odds ratio"),
        *("Total (95% CI)", "Total events:", "14,186", "13,817", "2,128", "2,286", "100.0%"),
        *("0.72 [0.49, 1.06]", "0.90 [0.84, 0.96]", "49", "615", "1,570", "8,587"),
        *("Favours aspirin", "Favours placebo", "IV, Equal effects, 95% CI"),
    ):
        assert words in found, words
    joined = " ".join(found)
    assert "Heterogeneity: Chi² = 9.95, df = 6 (P = 0.13); I² = 40%" in joined
    assert "Test for overall effect: Z = −3.28 (P = 0.001)" in joined
    assert "Tau²" not in joined


def test_random_effects_lines_name_the_methods(make_fit, texts):
    fit = make_fit(10)
    joined = " ".join(texts(forest(fit, **FAVOURS)))
    for part in (
        f"Tau² = {fit.tau2:.2f} (95% CI ",
        f"; Chi² = {fit.q:.2f}, df = 9 (P ",
        f"I² = {fit.i2:.0f}%",
        "Test for overall effect: t = ",
        "df = 9 (P ",
        "Random-effects model; inverse variance; Tau² by REML; Hartung-Knapp confidence interval",
        "95% prediction interval (t, df = 9)",
        "IV, Random, 95% CI",
    ):
        assert part in joined, part


def test_the_alternative_text_has_the_numbers(make_fit):
    fit = make_fit(10)
    figure = forest(fit, **FAVOURS)
    for value in (fit.estimate, fit.ci_lower, fit.ci_upper):
        assert f"{value:.2f}".replace("-", "−") in figure.alt_text
    assert "10 studies" in figure.alt_text
    assert "below 0 favour digital intervention" in figure.alt_text
    assert "\n" not in figure.alt_text
    for label in fit.effects.labels:
        assert label in figure.description


def test_the_direction_of_the_outcome_decides_the_sides(make_fit):
    fit = make_fit(5)

    def sides(lower_is_better: bool) -> list[str]:
        figure = forest(fit, favours=("app", "usual care"), lower_is_better=lower_is_better)
        found = [text for text in figure.pages[0].texts if text.text.startswith("Favours")]
        return [text.text for text in sorted(found, key=lambda text: text.x)]

    assert sides(True) == ["Favours app", "Favours usual care"]
    assert sides(False) == ["Favours usual care", "Favours app"]
    with pytest.raises(DataError, match="lower_is_better"):
        forest(fit, favours=("app", "usual care"))
    assert not any(text.text.startswith("Favours") for text in forest(fit).pages[0].texts)


def test_a_result_of_an_analysis_brings_words_and_blocks(make_fit, texts):
    fit = make_fit(6)
    by = es.subgroups(fit, by="group")
    result = SimpleNamespace(
        fit=fit,
        by_format=by,
        plan=SimpleNamespace(favours=("app", "control")),
        outcome=SimpleNamespace(lower_is_better=False),
    )
    found = texts(forest(result))
    assert "Favours app" in found
    assert "App" in found
    assert found.count("Subtotal (95% CI)") == 3
    with pytest.raises(DataError, match="no forest plot"):
        forest(object())  # type: ignore[arg-type]


# ---- rows -------------------------------------------------------------------------------------


def test_rows_that_are_not_estimable_stay(texts, assert_clean):
    table = ASPIRIN.copy()
    table.loc[2, ["events1", "events2"]] = 0
    fit = es.pool(es.effects(table, measure="OR"))
    figure = forest(fit)
    assert "Not estimable" in texts(figure)
    assert any(text.startswith("Not estimable: MRC-2 (") for text in texts(figure))
    row = next(row for row in figure.data if row["label"] == "MRC-2")
    assert np.isnan(float(str(row["OR"])))
    assert len([row for row in figure.data if row["row"] == "study"]) == 7
    assert_clean(figure)


def test_squares_have_areas_in_proportion_to_weights():
    fit = pooled([0.1, 0.2, 0.3, 0.2], [0.1, 0.15, 0.2, 0.12], model="equal")
    squares = [item for item in rectangles(forest(fit)) if item.width == item.height]
    areas = np.array([square.width**2 for square in squares])
    assert areas / areas.sum() * 100 == pytest.approx(fit.weights)


def test_one_dominant_study_does_not_shrink_the_others():
    fit = pooled([0.1, 0.2, 0.3, 0.2], [0.01, 0.5, 0.5, 0.5], model="equal")
    squares = [item.width for item in rectangles(forest(fit)) if item.width == item.height]
    assert min(squares) >= 1.4
    assert max(squares) <= 7.7


def test_a_cut_interval_has_an_arrow_and_its_numbers(texts, assert_clean):
    fit = pooled([-0.1, 0.1, 0.0, 0.2], [0.1, 0.1, 0.1, 9.0])
    figure = forest(fit, **FAVOURS)
    arrows = [
        item
        for item in figure.pages[0].items
        if isinstance(item, Polygon) and len(item.points) == 3
    ]
    assert len(arrows) == 4  # both ends of the wide interval, and the two sides that are favoured
    assert "0.20 [−17.44, 17.84]" in texts(figure)
    assert_clean(figure)


def test_the_diamond_of_two_studies_is_cut_with_arrows(texts, assert_clean):
    fit = pooled([-0.13, -1.15], [0.19, 0.25])
    assert fit.ci_lower < -6
    figure = forest(fit)
    diamond = next(
        item
        for item in figure.pages[0].items
        if isinstance(item, Polygon) and len(item.points) == 4
    )
    axis = [text.x for text in figure.pages[0].texts if text.text in ("−2", "−2.0", "1", "1.0")]
    assert min(x for x, _ in diamond.points) >= min(axis) - 0.1
    assert_clean(figure)
    joined = " ".join(texts(figure))
    assert "Prediction interval: not estimated (" in joined


def test_order_of_rows(make_fit):
    fit = make_fit(12)

    def order(sort: str | None) -> list[object]:
        return [row["label"] for row in forest(fit, sort=sort).data if row["row"] == "study"]

    labels, estimates = fit.effects.labels, fit.effects.estimates
    assert order(None) == list(labels)
    assert order("estimate") == [labels[i] for i in np.argsort(estimates)]
    assert order("-weight")[0] == labels[int(np.argmax(fit.weights))]
    assert order("label")[:3] == ["Study 1", "Study 10", "Study 11"]
    years = list(fit.effects.data["year"])
    assert [years[labels.index(label)] for label in order("-year")] == sorted(years)[::-1]
    with pytest.raises(OptionError, match="precision"):
        order("weigth")


def test_columns_can_be_chosen(make_fit, texts):
    fit = make_fit(4)
    found = texts(forest(fit, columns={"year": "Year", "n1": "n"}))
    assert "Year" in found
    assert str(fit.effects.data["year"][0]) in found
    assert "Mean" not in found
    with pytest.raises(OptionError, match="yaer"):
        forest(fit, columns=["yaer"])
    with pytest.raises(OptionError, match="cochrane"):
        forest(fit, profile="nature")


def test_estimates_of_their_own_have_estimate_and_error(texts):
    found = texts(forest(pooled([0.0012, 0.0014, 0.0010], [0.0001, 0.0002, 0.0003])))
    assert "Estimate" in found
    assert "0.00120 [0.00100, 0.00140]" in found  # two decimals would say nothing
    found = texts(forest(pooled([1200.0, 54000.0, -300.0], [400.0, 20000.0, 900.0])))
    assert "1200 [416, 1984]" in found


def test_a_standard_deviation_is_computed_from_an_error(texts):
    table = pd.DataFrame(
        {
            "study": ["A", "B"],
            "n1": [25, 16],
            "mean1": [1.0, 2.0],
            "sd1": [np.nan, 3.0],
            "se1": [0.5, np.nan],
            "n2": [25, 16],
            "mean2": [1.5, 2.5],
            "sd2": [2.0, 3.0],
        }
    )
    fit = es.pool(es.effects(table, measure="MD"))
    assert texts(forest(fit)).count("2.5") == 2  # the SD of A, and the mean of B


# ---- formats and subgroups --------------------------------------------------------------------


def mixed() -> PooledFit:
    """Two end scores, two changes, one difference between arms."""
    table = pd.DataFrame(
        {
            "study": ["A", "B", "C", "D", "E"],
            "kind": ["means", "means", "changes", "changes", "difference"],
            "format": ["end score", "end score", "change score", "change score", "difference"],
            "n1": [50, 60, 40, 45, 80],
            "mean1": [10.0, 11.0, -2.0, -3.0, np.nan],
            "sd1": [3.0, 3.5, 4.0, 4.5, np.nan],
            "n2": [50, 61, 42, 44, 81],
            "mean2": [11.0, 12.0, -1.0, -1.5, np.nan],
            "sd2": [3.1, 3.4, 4.2, 4.1, np.nan],
            "difference": [np.nan] * 4 + [-0.9],
            "se": [np.nan] * 4 + [0.31],
            "arm": ["x", "y", "x", "y", "x"],
        }
    )
    return es.pool(es.effects(table, measure="SMD", sd=None))


def test_rows_of_another_format_show_what_they_have(texts, assert_clean):
    fit = mixed()
    figure = forest(es.subgroups(fit, by="arm"), by_label="Arm")
    found = texts(figure)
    assert {"C †", "D †", "MD", "SE", "−0.9", "0.31"} <= set(found)
    assert "† Mean and SD of the change from baseline." in found
    assert_clean(figure)


def test_blocks_by_format_say_what_their_means_are(texts, assert_clean):
    result = SimpleNamespace(fit=(fit := mixed()), by_format=es.subgroups(fit, by="format"))
    figure = forest(result)
    found = texts(figure)
    assert "Change score (mean and SD of the change)" in found
    assert "C" in found  # the heading says it, no mark is needed
    assert any(text.startswith("Test for differences between formats: ") for text in found)
    assert_clean(figure)


@pytest.mark.parametrize(("tau2", "sign"), [("separate", "Chi² = "), ("common", "F = ")])
def test_subgroups_have_their_own_lines_and_test(make_fit, texts, assert_clean, tau2, sign):
    fit = make_fit(9)
    figure = forest(es.subgroups(fit, by="group", tau2=tau2), by_label="Duration", **FAVOURS)
    found = texts(figure)
    assert found.count("Subtotal (95% CI)") == 3
    assert "Duration: long" in found
    assert sum(text.startswith("Heterogeneity: ") for text in found) == 4
    test = next(text for text in found if text.startswith("Test for subgroup differences: "))
    assert sign in test
    assert "Subgroups by duration: " in figure.alt_text
    assert_clean(figure)


def test_studies_without_a_level_stand_in_a_block_of_their_own(texts, assert_clean):
    table = ASPIRIN.assign(group=pd.Series(["a", "a", "b", "b", "b", None, None]))
    table.loc[3, ["events1", "events2"]] = 0
    analysis = es.subgroups(es.pool(es.effects(table, measure="OR")), by="group")
    figure = forest(analysis, by_label="Dose")
    found = texts(figure)
    assert "Dose: not coded (in the total only)" in found
    blocks = {row["label"]: row["block"] for row in figure.data if row["row"] == "study"}
    assert blocks["AMIS"] == "Dose: not coded (in the total only)"
    assert blocks["GASP"] == "Dose: b"  # not estimable, and still where it belongs
    assert len(blocks) == 7
    assert_clean(figure)


def test_a_subgroup_of_one_study(texts, assert_clean):
    table = ASPIRIN.assign(group=["a"] * 6 + ["b"])
    figure = forest(es.subgroups(es.pool(es.effects(table, measure="OR")), by="group"))
    assert "Heterogeneity: not applicable" in texts(figure)
    assert_clean(figure)


# ---- risk of bias -----------------------------------------------------------------------------


def assessment(study: str, overall: Judgement = "low") -> Assessment:
    domains = tuple(DomainJudgement(f"D{n}", "some concerns", "high") for n in range(1, 6))
    return Assessment(
        study,
        "",
        "rob2-parallel-assignment",
        {},
        domains,
        DomainJudgement("overall", "low", overall),
    )


def test_risk_of_bias_stands_beside_the_graph(make_fit, texts, assert_clean):
    fit = make_fit(3)
    figure = forest(fit, risk_of_bias=[assessment("Study 1"), assessment("Study 3")])
    found = texts(figure)
    for words in ("Risk of bias", "A", "F", "(F) Overall", "High risk of bias", "Not assessed"):
        assert words in found, words
    assert "Some concerns" not in found  # proposed, not decided
    assert_clean(figure)
    with pytest.raises(DataError, match="two assessments"):
        forest(fit, risk_of_bias=[assessment("Study 1"), assessment("Study 1")])


# ---- pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 3, 10, 30, 200])
def test_nothing_overlaps_or_leaves_the_page(make_fit, assert_clean, k):
    names = [f"Müller-Lüdenscheidt and the Collaborative Group {number}" for number in range(k)]
    fit = make_fit(k, names)
    assert_clean(forest(fit, title="A title", **FAVOURS))
    assert_clean(forest(fit, rows_per_page=None, columns=["year", "group"]))
    if k > 3:
        assert_clean(forest(es.subgroups(fit, by="group"), by_label="Duration", **FAVOURS))


def test_many_studies_go_on_pages_with_the_header_repeated(make_fit, texts):
    fit = make_fit(200)
    figure = forest(es.subgroups(fit, by="group"), by_label="Duration", **FAVOURS)
    assert len(figure.pages) == 4
    assert texts(figure).count("Study or subgroup") == 4
    assert texts(figure).count("Favours control") == 4
    assert "Duration: long (continued)" in texts(figure)
    assert "Page 4 of 4" in texts(figure)
    found = texts(figure)
    assert all(f"Study {number + 1}" in found for number in range(200))
    assert found.count("Total (95% CI)") == 1
    for page in figure.pages:  # no heading without a study under it
        words = [text.text for text in page.texts]
        last = max(index for index, word in enumerate(words) if word.startswith("Study "))
        assert not any(word.startswith("Duration: ") for word in words[last:])
    tall = forest(fit, rows_per_page=None)
    assert len(tall.pages) == 1
    with pytest.raises(DataError, match="rows_per_page"):
        forest(fit, rows_per_page=3)


def test_names_of_all_alphabets_and_of_any_length(make_fit, assert_clean, texts):
    names = ["王小明 2020", "Иванов 2018", "Παπαδόπουλος 2021", "مرحبا 2019", "x" * 90, "O’Neill"]
    figure = forest(make_fit(6, names), **FAVOURS)
    assert_clean(figure)
    assert "Иванов 2018" in texts(figure)
    assert "".join(text for text in texts(figure) if set(text) == {"x"}) == "x" * 90
    text = pypdf.PdfReader(io.BytesIO(figure.to_bytes("pdf"))).pages[0].extract_text()
    assert "Παπαδόπουλος 2021" in text


def test_the_same_bytes_twice(make_fit):
    fit = make_fit(5)
    for name in ("pdf", "svg", "png"):
        assert forest(fit).to_bytes(name) == forest(fit).to_bytes(name)


LETTERS = st.characters(exclude_categories=["Cs"])


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.text(LETTERS, min_size=1, max_size=60),
            st.floats(-1e4, 1e4).filter(lambda value: value == 0 or abs(value) > 1e-4),
            st.floats(1e-3, 1e3),
        ),
        min_size=1,
        max_size=8,
        unique_by=lambda row: row[0].strip(),
    ).filter(lambda rows: all(row[0].strip() for row in rows)),
    ratio=st.booleans(),
    favours=st.none() | st.tuples(st.text(LETTERS, max_size=40), st.text(LETTERS, max_size=40)),
)
def test_whatever_comes_nothing_overlaps(rows, ratio, favours):
    table = pd.DataFrame(
        {
            "study": [row[0] for row in rows],
            "estimate": [row[1] / (1e3 if ratio else 1) for row in rows],
            "se": [row[2] / (1e3 if ratio else 1) for row in rows],
        }
    )
    scale: Literal["log", "identity"] = "log" if ratio else "identity"
    fit = es.pool(es.effects(table, measure="GEN", scale=scale), tau2="DL")
    figure = forest(fit, favours=favours, lower_is_better=True, title=rows[0][0])
    for page in figure.pages:
        assert outside(page) == []
        assert [(a.text, b.text) for a, b in overlaps(page)] == []
