"""Mantel-Haenszel and Peto kernels: the batch axis, published numbers, cells of 0."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.errors import DataError
from evisynth.stats.mantel_haenszel import (
    association_test,
    homogeneity_tests,
    mantel_haenszel_batch,
    q_around,
    tables_of,
)
from evisynth.stats.peto import observed_minus_expected, peto_batch

# Colditz et al. 1994: with and without tuberculosis, vaccinated and not
BCG = np.array(
    [
        [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27],
        [119, 300, 228, 13536, 5036, 1361, 2537, 87886, 7470, 1699, 50448, 2493, 16886],
        [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29],
        [128, 274, 209, 12619, 5761, 1079, 619, 87892, 7232, 1600, 27197, 2338, 17825],
    ],
    dtype=float,
)
MEASURES: tuple[Any, ...] = ("OR", "RR", "RD", "IRR", "IRD")

tables = st.lists(st.tuples(*(st.integers(1, 60) for _ in range(4))), min_size=2, max_size=8).map(
    lambda rows: np.array(rows, dtype=float).T
)


def four(cells: Any) -> tuple[Any, Any, Any, Any]:
    a, b, c, d = cells
    return a, b, c, d


def test_bcg_as_metafor_prints_it() -> None:
    """Log odds ratio -0.4734, log risk ratio -0.4537 (the example of rma.mh)."""
    a, b, c, d = BCG
    odds, risk = mantel_haenszel_batch("OR", a, b, c, d), mantel_haenszel_batch("RR", a, b, c, d)
    assert (odds.estimate[0], odds.se[0]) == pytest.approx((-0.4734, 0.0410), abs=5e-5)
    assert (risk.estimate[0], risk.se[0]) == pytest.approx((-0.4537, 0.0393), abs=5e-5)
    peto = peto_batch(a, b, c, d)
    assert (peto.estimate[0], peto.se[0]) == pytest.approx((-0.4744, 0.0407), abs=5e-5)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_batch_is_its_parts(measure) -> None:
    a, b, c, d = BCG
    keep = np.ones((4, 13), dtype=bool)
    keep[1, 3:], keep[2, ::2], keep[3, :] = False, False, False
    stacked = four(np.tile(x, (4, 1)) for x in (a, b, c, d))
    stacked[0][~keep] = np.nan
    whole = mantel_haenszel_batch(measure, *stacked, present=keep)
    for row in range(3):
        part = mantel_haenszel_batch(measure, *four(x[keep[row]] for x in (a, b, c, d)))
        assert whole.estimate[row] == pytest.approx(part.estimate[0], rel=1e-13)
        assert whole.se[row] == pytest.approx(part.se[0], rel=1e-13)
        assert whole.k[row] == keep[row].sum()
    assert np.isnan(whole.estimate[3])
    assert whole.k[3] == 0


def test_tests_of_a_batch_are_those_of_its_parts() -> None:
    a, b, c, d = BCG
    keep = np.ones((2, 13), dtype=bool)
    keep[1, 5:] = False
    stacked = four(np.tile(x, (2, 1)) for x in (a, b, c, d))
    centre = mantel_haenszel_batch("OR", *stacked, present=keep).estimate
    whole = homogeneity_tests(centre, *stacked, present=keep)
    cmh = association_test(*stacked, present=keep)
    part = four(x[:5] for x in (a, b, c, d))
    for ours, alone in zip(whole, homogeneity_tests(centre[1], *part), strict=True):
        assert ours.statistic[1] == pytest.approx(alone.statistic[0], rel=1e-12)
        assert ours.df.tolist() == [12, 4]
    assert cmh.statistic[1] == pytest.approx(association_test(*part).statistic[0], rel=1e-12)
    assert np.isfinite(peto_batch(*stacked, present=keep).estimate).all()


@given(tables)
def test_arms_change_the_sign(cells) -> None:
    a, b, c, d = cells
    for measure in MEASURES:
        one = mantel_haenszel_batch(measure, a, b, c, d)
        other = mantel_haenszel_batch(measure, c, d, a, b)
        assert one.estimate[0] == pytest.approx(-other.estimate[0], rel=1e-9, abs=1e-9)
        assert one.se[0] == pytest.approx(other.se[0], rel=1e-9)
    swapped = peto_batch(b, a, d, c)
    assert peto_batch(a, b, c, d).estimate[0] == pytest.approx(-swapped.estimate[0], abs=1e-10)


@given(tables)
def test_the_order_of_studies_does_not_matter(cells) -> None:
    back = cells[:, ::-1]
    for measure in MEASURES:
        one, other = mantel_haenszel_batch(measure, *cells), mantel_haenszel_batch(measure, *back)
        assert one.estimate[0] == pytest.approx(other.estimate[0], rel=1e-10, abs=1e-12)
        assert one.se[0] == pytest.approx(other.se[0], rel=1e-10)


@given(tables)
def test_the_expected_counts_of_breslow_and_day_have_the_common_odds_ratio(cells) -> None:
    """With equal tables nothing differs, and the statistic is 0."""
    a, b, c, d = (np.repeat(x[:1], 4) for x in cells)
    centre = mantel_haenszel_batch("OR", a, b, c, d).estimate
    for test in homogeneity_tests(centre, a, b, c, d):
        assert test.statistic[0] == pytest.approx(0, abs=1e-8)
        assert test.df[0] == 3


def test_one_table_is_its_own_odds_ratio() -> None:
    found = mantel_haenszel_batch("OR", [4], [119], [11], [128])
    assert found.estimate[0] == pytest.approx(np.log(4 * 128 / (119 * 11)))
    assert found.se[0] == pytest.approx(np.sqrt(1 / 4 + 1 / 119 + 1 / 11 + 1 / 128))
    breslow_day, tarone = homogeneity_tests(found.estimate, [4], [119], [11], [128])
    assert np.isnan([breslow_day.statistic[0], tarone.statistic[0]]).all()


def test_an_arm_without_events_has_no_ratio() -> None:
    cells: Any = ([0, 0], [10, 20], [3, 2], [7, 18])
    for measure in ("OR", "RR"):
        assert np.isnan(mantel_haenszel_batch(measure, *cells).estimate[0])
    assert mantel_haenszel_batch("RD", *cells).estimate[0] == pytest.approx(-1 / 6)
    assert np.isfinite(peto_batch(*cells).estimate[0])
    assert np.isnan(peto_batch([0, 0], [10, 20], [0, 0], [7, 18]).estimate[0])


def test_the_correction_never_makes_a_difference_out_of_none() -> None:
    """metafor subtracts 1/2 from 0 and squares it; 0 stays 0 here."""
    assert association_test([2], [8], [2], [8]).statistic[0] == 0
    assert association_test([2], [8], [2], [8], correct=False).statistic[0] == 0


def test_what_is_no_count_is_refused() -> None:
    with pytest.raises(DataError, match="count of -1"):
        tables_of([1, -1], [1, 1], [1, 1], [1, 1])
    with pytest.raises(DataError, match="shapes"):
        tables_of([1, 1], [1], [1, 1], [1, 1])
    with pytest.raises(DataError, match="present"):
        tables_of([1, 1], [1, 1], [1, 1], [1, 1], np.array([True]))


def test_q_around_nothing_is_nothing() -> None:
    assert np.isnan(q_around(np.nan, [0.1], [0.2]).statistic[0])
    assert q_around(0.0, [0.1, np.nan], [0.2, 0.3]).df[0] == 0
    assert observed_minus_expected([0], [1], [0], [0])[1][0, 0] == 0
