"""Coefficients of agreement against published examples and other people's packages."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.errors import DataError
from evisynth.screening import (
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    pabak,
    percent_agreement,
)

REFERENCE = json.loads(
    (Path(__file__).parents[3] / "validation" / "agreement" / "agreement.json").read_text("utf-8")
)
EXACT = 1e-10
"""Closed formulas: the packages and we differ in rounding only."""

IRRCAC = 1e-9
"""irrCAC is asked for 12 decimals."""

WIDTH = 0.25
"""Bootstrap against linearized variance: half widths, on 9 to 300 items."""

OF = {
    "Fleiss' kappa": fleiss_kappa,
    "Gwet's AC1": gwet_ac1,
    "PABAK": pabak,
}

# Krippendorff 2011, "Computing Krippendorff's alpha-reliability", example with missing data; it is
# also Gwet's example with four raters (Handbook of Inter-Rater Reliability, table 2.10).
OBSERVERS = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
UNITS = [
    [sum(row[unit] == str(value) for row in OBSERVERS) for value in range(1, 6)]
    for unit in range(12)
]


def test_published_example_with_missing_ratings() -> None:
    assert round(krippendorff_alpha(UNITS).value, 3) == 0.743
    for function, value, se in (
        (gwet_ac1, 0.77544, 0.14295),
        (fleiss_kappa, 0.76117, 0.15302),
        (pabak, 0.77273, 0.14472),
    ):
        found = function(UNITS)
        assert (round(found.value, 5), round(found.se, 5)) == (value, se)


def test_published_fleiss() -> None:
    # ten subjects, fourteen raters, five categories
    counts = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    assert round(fleiss_kappa(counts).value, 3) == 0.210


@pytest.mark.parametrize("name", REFERENCE["cases"])
def test_several_people(name: str) -> None:
    case = REFERENCE["cases"][name]
    for coefficient, function in OF.items():
        found, wanted = function(case["counts"]), case[coefficient]
        assert found.name == coefficient
        assert found.value == pytest.approx(wanted["value"], rel=IRRCAC, abs=IRRCAC)
        assert found.se == pytest.approx(wanted["se"], rel=IRRCAC, abs=IRRCAC)
        low, high = wanted["ci"]
        assert found.ci_lower == pytest.approx(low, rel=1e-8)
        assert found.ci_upper == pytest.approx(high, rel=1e-8)
    percent = percent_agreement(case["counts"])
    assert percent.value == pytest.approx(case["Gwet's AC1"]["percent"], rel=IRRCAC)
    alpha = krippendorff_alpha(case["counts"])
    assert alpha.value == pytest.approx(case["krippendorff"], rel=EXACT)
    assert alpha.value == pytest.approx(case["Krippendorff's alpha"]["value"], rel=IRRCAC)
    low, high = case["Krippendorff's alpha"]["ci"]
    if alpha.items > 20:
        assert alpha.ci_upper - alpha.ci_lower == pytest.approx(high - low, rel=WIDTH)
    if "statsmodels Fleiss" in case:
        found = fleiss_kappa(case["counts"])
        assert found.value == pytest.approx(case["statsmodels Fleiss"], rel=EXACT)


@pytest.mark.parametrize("name", REFERENCE["tables"])
def test_cohen(name: str) -> None:
    case = REFERENCE["tables"][name]
    found = cohen_kappa(case["table"])
    assert found.value == pytest.approx(case["vcd"]["value"], rel=EXACT)
    assert found.se == pytest.approx(case["vcd"]["se"], rel=EXACT)
    assert found.value == pytest.approx(case["statsmodels"]["value"], rel=EXACT)
    assert found.se == pytest.approx(case["statsmodels"]["se"], rel=EXACT)
    low, high = case["psych"]["ci"]
    assert (found.ci_lower, found.ci_upper) == pytest.approx((low, high), rel=1e-8)


def test_reference_is_whole() -> None:
    assert len(REFERENCE["cases"]) == 6
    assert len(REFERENCE["tables"]) == 5
    assert set(REFERENCE["versions"]) == {
        "python", "irrCAC", "krippendorff", "statsmodels", "numpy", "R", "psych", "vcd",
    }  # fmt: skip
    assert sum("statsmodels Fleiss" in case for case in REFERENCE["cases"].values()) == 3


def test_feinstein_paradox() -> None:
    """With the same agreement kappa falls where one category prevails; PABAK does not."""
    kappas, adjusted = [], []
    for name in ("Feinstein 1990, balanced", "Feinstein 1990, unbalanced"):
        table = REFERENCE["tables"][name]["table"]
        kappas.append(round(cohen_kappa(table).value, 2))
        both = [[2, 0]] * table[0][0] + [[0, 2]] * table[1][1]
        apart = [[1, 1]] * (table[0][1] + table[1][0])
        adjusted.append(round(pabak(both + apart).value, 2))
    assert kappas == [0.70, 0.32]
    assert adjusted == [0.70, 0.70]


ALL = [fleiss_kappa, gwet_ac1, pabak, krippendorff_alpha, percent_agreement]


@pytest.mark.parametrize("function", ALL)
def test_nothing_to_agree_on(function: Any) -> None:
    for counts in (np.zeros((0, 2)), [[1, 0], [0, 1], [0, 0]]):
        found = function(counts)
        assert math.isnan(found.value)
        assert found.reason == "no item was rated by two people"
        assert "not estimable" in str(found)


def test_one_category_only() -> None:
    counts = [[0, 2]] * 5
    for function in (fleiss_kappa, krippendorff_alpha):
        assert "0/0" in function(counts).reason
    for function in (gwet_ac1, pabak):
        found = function(counts)
        assert found.value == 1
        assert math.isnan(found.ci_lower)
        assert "no interval" in str(found)
    assert "0/0" in cohen_kappa([[0, 0], [0, 5]]).reason
    assert math.isnan(cohen_kappa([[0, 0], [0, 0]]).value)


def test_full_agreement_has_no_interval_from_a_standard_error() -> None:
    found = cohen_kappa([[5, 0], [0, 5]])
    assert found.value == 1
    assert math.isnan(found.ci_lower)
    assert "standard error is 0" in found.reason
    assert math.isnan(krippendorff_alpha([[2, 0]] * 5 + [[0, 2]] * 5).ci_lower)
    percent = percent_agreement([[2, 0]] * 10)
    # Wilson: n / (n + z²)
    assert percent.ci_lower == pytest.approx(100 * 10 / (10 + 1.959963984540054**2), rel=1e-12)
    assert percent.ci_upper == pytest.approx(100, rel=1e-12)


def test_one_item() -> None:
    for function in (fleiss_kappa, gwet_ac1, pabak, krippendorff_alpha):
        assert "at least two items" in function([[1, 1]]).reason


@pytest.mark.parametrize("counts", [[1, 2], [[1], [2]], [[-1, 2]], [[0.5, 1]], [[math.nan, 1]]])
def test_bad_counts(counts: Any) -> None:
    for function in ALL:
        with pytest.raises(DataError):
            function(counts)
    with pytest.raises(DataError):
        cohen_kappa([[1, 2, 3], [1, 2, 3]])
    with pytest.raises(DataError):
        fleiss_kappa([[1, 1], [2, 0]], level=1.5)


TABLES = st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=3, max_size=30)


@given(TABLES, st.randoms())
def test_order_does_not_matter_and_a_spare_rating_changes_nothing(table: Any, random: Any) -> None:
    mixed = list(table)
    random.shuffle(mixed)
    places = [0, 1, 2]
    random.shuffle(places)
    swapped = [[row[place] for place in places] for row in mixed]
    # items with one rating or none say nothing of agreement (alpha leaves them out altogether)
    more = [*table, [0, 0, 0]]
    for function in (fleiss_kappa, gwet_ac1, pabak, percent_agreement):
        whole = function(table)
        for other in (function(swapped), function(more)):
            assert other.value == pytest.approx(whole.value, nan_ok=True, abs=1e-9)
            assert other.se == pytest.approx(whole.se, nan_ok=True, abs=1e-9)
    one = krippendorff_alpha(table, draws=20)
    two = krippendorff_alpha([*swapped, [1, 0, 0]], draws=20)
    assert two.value == pytest.approx(one.value, nan_ok=True, abs=1e-9)


@given(st.lists(st.sampled_from([(0, 0), (0, 1), (1, 0), (1, 1)]), min_size=2, max_size=40))
def test_two_people_two_categories(pairs: Any) -> None:
    """Fleiss' kappa of two is Scott's pi; PABAK is twice the agreement minus one."""
    counts = [[2 - a - b, a + b] for a, b in pairs]
    share = sum(a == b for a, b in pairs) / len(pairs)
    ones = sum(a + b for a, b in pairs) / (2 * len(pairs))
    chance = ones**2 + (1 - ones) ** 2
    assert pabak(counts).value == pytest.approx(2 * share - 1, abs=1e-12)
    found = fleiss_kappa(counts).value
    if chance < 1:
        assert found == pytest.approx((share - chance) / (1 - chance), abs=1e-9)
    else:
        assert math.isnan(found)
    # alpha is pi corrected for few items
    alpha = krippendorff_alpha(counts, draws=10).value
    if chance < 1:
        assert alpha == pytest.approx(found + (1 - found) / (2 * len(pairs)), abs=1e-9)


def test_interval_of_alpha_has_its_seed() -> None:
    one = krippendorff_alpha(UNITS, seed=3)
    assert one == krippendorff_alpha(UNITS, seed=3)
    assert one != krippendorff_alpha(UNITS, seed=4)
    assert one.ci_lower < one.value < one.ci_upper
