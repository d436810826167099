"""Figures of single groups: proportions, rates, correlations on transformed scales."""

import math
import re
from typing import Any

import pytest

import evisynth as es
from evisynth.effects import Scale
from evisynth.figures.axis import effect_axis, fitted_axis, shown_ticks

PROPORTIONS = {
    "study": ["A", "B", "C", "D", "E"],
    "events": [16, 10, 4, 43, 12],
    "n": [17, 12, 8, 58, 12],
}
LOGIT = Scale("logit", 0.0, "Proportion", "Proportion", 0.0, 1.0, compares=False)


def fit(measure: str, table: dict[str, Any] | None = None) -> Any:
    return es.pool(es.effects(table or PROPORTIONS, measure))


@pytest.mark.parametrize("measure", ["PR", "PLN", "PLO", "PRZ", "PAS", "PFT"])
def test_a_forest_of_proportions(measure: str) -> None:
    figure = es.figures.forest(fit(measure))
    assert "proportion" in figure.alt_text
    rows = {row["label"]: row for row in figure.data}
    assert rows["A"]["Events"] == "16"
    assert rows["A"]["Total"] == "17"
    # nobody's constant is in A's estimate: it comes back as 16 of 17 by every way
    assert rows["A"]["Proportion"] == pytest.approx(16 / 17, abs=1e-12)
    drawn: list[dict[str, Any]] = [dict(row) for row in figure.data]
    for row in drawn:
        assert 0 <= row["ci_lower"] <= row["ci_upper"] <= 1, (measure, row)
        if row["row"] != "prediction":
            assert row["ci_lower"] <= row["Proportion"] <= row["ci_upper"], (measure, row)
    assert "Test for overall effect" not in figure.description
    assert "Favours" not in figure.description


def test_the_words_of_a_proportion_stay_in_its_range(tmp_path: Any) -> None:
    place = es.figures.forest(fit("PLO")).save(tmp_path / "forest.svg")
    text = (place[0] if isinstance(place, (tuple, list)) else tmp_path / "forest.svg").read_text(
        encoding="utf-8"
    )
    assert "Proportion" in text
    assert not re.search(r"[−-]\d\.\d\d \[", text)  # no logit is shown


def test_totals_of_people_and_events() -> None:
    figure = es.figures.forest(fit("PLO"))
    total = next(row for row in figure.data if row["row"] == "total")
    assert total["Total"] == "107"
    assert total["Proportion"] == pytest.approx(1 / (1 + math.exp(-fit("PLO").estimate)), rel=1e-12)


def test_a_forest_of_rates_has_digits_that_say_something() -> None:
    table = {"events": [3, 9, 12], "time": [487.0, 413.0, 398.0]}
    figure = es.figures.forest(fit("IRLN", table))
    assert "0.0062 [" in figure.description
    assert "Person-time" in figure.data[0]


def test_a_forest_of_correlations_keeps_the_line_of_no_effect() -> None:
    figure = es.figures.forest(fit("ZCOR", {"r": [0.3, 0.2, -0.1], "n": [30, 40, 50]}))
    assert "Test for overall effect" in figure.description
    assert {"Correlation", "Total"} <= figure.data[0].keys()
    assert figure.data[0]["r"] == pytest.approx(0.3, rel=1e-12)


def test_no_effect_of_an_area_is_one_half() -> None:
    table = {"auc": [0.7, 0.8], "n1": [20, 30], "n2": [25, 35]}
    figure = es.figures.forest(fit("AUC", table), favours=("test", "chance"), lower_is_better=False)
    assert "Values below 0.50 favour chance" in figure.description


@pytest.mark.parametrize("measure", ["PLO", "PFT", "PR"])
def test_a_funnel_of_proportions_has_no_contours(measure: str) -> None:
    figure = es.figures.funnel(fit(measure))
    assert "Shaded zones" not in figure.description
    assert figure.data[0]["Proportion"] == pytest.approx(16 / 17, abs=0.05)


def test_ticks_of_a_logit_axis() -> None:
    low, high, ticks = shown_ticks(LOGIT, -4.0, 6.0, 240.0, 8.0)
    values = [tick.value for tick in ticks]
    assert values == sorted(values)
    assert low < -4.0 < 6.0 < high
    shown = [float(tick.label) for tick in ticks]
    assert shown == pytest.approx([LOGIT.shown(value) for value in values], rel=1e-9)
    assert shown[0] < 0.05
    assert shown[-1] > 0.95


def test_axes_without_no_effect_do_not_reach_for_it() -> None:
    import numpy as np

    estimates, errors = np.array([2.0, 2.2, 2.4]), np.array([0.1, 0.1, 0.1])
    axis = effect_axis(LOGIT, estimates, errors, [(2.2, 2.0, 2.4)], 0.0, 200.0, 8.0)
    assert math.isnan(axis.null)
    assert axis.low > 1.0
    compared = Scale("logit", 0.0, "Proportion", "Proportion")
    assert effect_axis(compared, estimates, errors, [], 0.0, 200.0, 8.0).low < 0.0


def test_ticks_do_not_leave_the_range() -> None:
    scale = Scale("identity", 0.0, "Correlation", "r", -1.0, 1.0)
    axis = fitted_axis(scale, -1.3, 1.1, 0.0, 300.0, 8.0)
    assert min(tick.value for tick in axis.ticks) >= -1.0
    assert max(tick.value for tick in axis.ticks) <= 1.0
