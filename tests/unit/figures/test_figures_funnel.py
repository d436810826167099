"""The funnel plot: same axes before and after, hollow added studies, nothing over a point."""

import io
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import evisynth as es
from evisynth.errors import DataError, NotEstimableError
from evisynth.figures import Figure, funnel
from evisynth.figures.check import Box, box
from evisynth.figures.scene import Circle, Line, Polygon, Rect
from evisynth.synthesis import PooledFit


def pooled(
    estimates: list[float], errors: list[float], names: list[str] | None = None, **scale: Any
) -> PooledFit:
    table = pd.DataFrame({"estimate": estimates, "se": errors})
    table["study"] = names or [f"Study {number + 1}" for number in range(len(table))]
    return es.pool(es.effects(table, measure="GEN", **scale))


SKEWED = (
    [-0.1, -0.15, -0.3, -0.45, -0.6, -0.8, -1.0, -1.2, -0.2],
    [0.05, 0.08, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.1],
)


def circles(figure: Figure) -> list[Circle]:
    return [item for item in figure.pages[0].items if isinstance(item, Circle)]


def frames(figure: Figure) -> list[Rect]:
    return [
        item
        for item in figure.pages[0].items
        if isinstance(item, Rect) and item.stroke and not item.fill and item.height > 100
    ]


def test_every_study_is_a_point_at_its_place():
    fit = pooled(*SKEWED)
    figure = funnel(fit)
    (frame,) = frames(figure)
    points = circles(figure)[:-1]  # the last is the key of the legend
    assert len(points) == 9
    across = np.array([point.x for point in points])
    down = np.array([point.y for point in points])
    assert np.corrcoef(across, fit.effects.estimates)[0, 1] == pytest.approx(1)
    assert np.corrcoef(down, fit.effects.standard_errors)[0, 1] == pytest.approx(1)
    assert down.min() > frame.y  # standard error 0 is the upper edge
    for point in points:
        assert frame.x < point.x < frame.x + frame.width
        assert frame.y < point.y < frame.y + frame.height


def test_before_and_after_trim_and_fill(texts, assert_clean):
    fit = pooled(*SKEWED)
    result = es.trim_and_fill(fit)
    assert result.k0 > 0
    figure = funnel(fit, trim_and_fill=result)
    assert_clean(figure)
    before, after = frames(figure)
    assert (before.width, before.y, before.height) == (after.width, after.y, after.height)
    shift = after.x - before.x
    drawn = [point for point in circles(figure) if point.y < before.y + before.height]
    left = [point for point in drawn if point.x < after.x - 10]
    right = [point for point in drawn if point.x > after.x]
    hollow = [point for point in right if point.fill == "#ffffff"]
    assert len(left) == 9
    assert len(right) == 9 + result.k0
    assert len(hollow) == result.k0
    for point in left:  # the same axes
        assert any(
            math.isclose(point.x + shift, other.x) and math.isclose(point.y, other.y)
            for other in right
        )
    found = texts(figure)
    assert "Before trim and fill (k = 9)" in found
    assert f"After trim and fill (k = {9 + result.k0})" in found
    joined = " ".join(found)
    assert f"filled on the {result.side} (k0 = {result.k0}, estimator {result.estimator})" in joined
    assert "Pooled effect before trim and fill" in found
    for one in (fit, result.filled):
        assert f"{one.estimate:.2f}".replace("-", "−") in figure.alt_text
    assert [row["filled"] for row in figure.data] == [False] * 9 + [True] * result.k0


def test_no_study_filled_is_said(texts):
    fit = pooled(
        [0.07, 0.16, 0.07, -0.26, 0.18, 0.09, -0.11, 0.12, 0.07, 0.06, 0.01, 0.11],
        [0.17, 0.33, 0.16, 0.21, 0.1, 0.19, 0.12, 0.14, 0.31, 0.15, 0.22, 0.39],
    )
    result = es.trim_and_fill(fit)
    assert result.k0 == 0
    figure = funnel(fit, trim_and_fill=result)
    assert "added no study" in figure.alt_text
    assert any(text.startswith("No study filled (k0 = 0") for text in texts(figure))
    assert "Filled study" not in texts(figure)


def test_zones_are_told_apart_in_grey_and_can_be_left_out(texts):
    fit = pooled(*SKEWED)
    picture = Image.open(io.BytesIO(funnel(fit).to_bytes("png", dpi=100))).convert("L")
    greys = np.unique(np.asarray(picture), return_counts=True)
    common = sorted(grey for grey, count in zip(*greys, strict=True) if count > 600 and grey > 200)
    assert len(common) >= 4
    assert np.diff(common).min() >= 8
    plain = funnel(fit, contours=False)
    assert not any(text.startswith(("P ", "0.0")) and "P" in text for text in texts(plain))
    assert not any(isinstance(item, Polygon) for item in plain.pages[0].items)


def test_ratios_stand_on_a_log_axis(texts, assert_clean):
    fit = pooled([-2.0, -0.7, 0.0, 0.7], [0.2, 0.3, 0.4, 0.8], scale="log", label="Risk ratio")
    figure = funnel(fit)
    assert_clean(figure)
    assert "Risk ratio (log scale)" in texts(figure)
    ticks = [
        (math.log(float(text.text)), text.x)
        for text in figure.pages[0].texts
        if text.align == "center" and re.fullmatch(r"[\d.]+", text.text)
    ]
    assert len(ticks) >= 3
    values, places = zip(*ticks, strict=True)
    assert np.polyfit(values, places, 1, full=True)[1] == pytest.approx(0, abs=1)
    assert f"{math.exp(fit.estimate):.2f}" in figure.alt_text


def test_pseudo_limits_start_at_the_pooled_effect():
    fit = pooled(*SKEWED)
    figure = funnel(fit)
    (frame,) = frames(figure)
    limits = [
        item
        for item in figure.pages[0].items
        if isinstance(item, Line) and item.dash == (3.6, 2.4) and item.y1 == frame.y
    ]
    assert len(limits) == 2
    assert limits[0].x1 == limits[1].x1
    lengths = [abs(line.x2 - line.x1) / (line.y2 - line.y1) for line in limits]
    assert lengths[0] == pytest.approx(lengths[1])


@pytest.mark.parametrize("k", [1, 2, 3, 30, 200])
def test_nothing_overlaps_and_no_words_cover_a_point(make_fit, assert_clean, k):
    fit = make_fit(k)
    ways: list[dict[str, Any]] = [{}, {"labels": True, "title": "A title that is long " * 5}]
    for how in ways:
        figure = funnel(fit, trim_and_fill=es.trim_and_fill(fit) if k > 2 else None, **how)
        assert_clean(figure)
        points = [Box(c.x - 2, c.y - 2, c.x + 2, c.y + 2) for c in circles(figure)]
        for text in figure.pages[0].texts:
            assert not any(box(text).meets(point, 1.5) for point in points), text.text


def test_names_are_drawn_or_listed(make_fit, texts):
    figure = funnel(make_fit(40), labels=True)
    found = texts(figure)
    listed = " ".join(found[found.index(next(t for t in found if t.startswith("No room"))) :])
    for number in range(40):
        name = f"Study {number + 1}"
        assert name in found or f"{name}," in f"{listed},", name


def test_rows_that_are_not_estimable_are_named(make_fit):
    table = pd.DataFrame(
        {
            "study": list("ABC"),
            "events1": [0, 3, 4],
            "n1": [9] * 3,
            "events2": [0, 5, 2],
            "n2": [9] * 3,
        }
    )
    figure = funnel(es.pool(es.effects(table, measure="OR")))
    assert "A: not estimable, not drawn." in figure.description
    assert len(figure.data) == 2


def test_what_cannot_be_drawn_is_refused(make_fit):
    fit = make_fit(5)
    with pytest.raises(DataError, match="another fit"):
        funnel(fit, trim_and_fill=es.trim_and_fill(make_fit(6)))
    nothing = fit.effects.select(np.zeros(5, dtype=bool))
    with pytest.raises(NotEstimableError, match="no study"):
        funnel(replace(fit, effects=nothing))


def test_the_same_bytes_twice(make_fit):
    fit = make_fit(5)
    for name in ("pdf", "svg", "png"):
        assert funnel(fit).to_bytes(name) == funnel(fit).to_bytes(name)
