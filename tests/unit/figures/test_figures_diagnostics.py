"""Every diagnostic figure: what is drawn is the result, and nothing overlaps or leaves the page."""

import io
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evisynth as es
import evisynth.figures as draw
from evisynth.errors import DataError, NotEstimableError, OptionError
from evisynth.figures import Figure, Finding
from evisynth.figures.check import outside, overlaps
from evisynth.figures.plane import Plane, Shape, effect_span, linear_span, marker
from evisynth.figures.scene import Circle, Polygon, Polyline, Rect

NAMES = (
    "Øster & Ångström",
    "心理腫瘍学 研究グループ",
    "مرحبا بالعالم",
    "A consortium of very many " * 3,
)


def tables(k: int, seed: int = 1) -> pd.DataFrame:
    draw_ = np.random.default_rng(seed)
    first, second = draw_.integers(30, 400, k), draw_.integers(30, 400, k)
    return pd.DataFrame(
        {
            "study": [f"{NAMES[i % 4]} {i + 1}" for i in range(k)],
            "events1": draw_.binomial(first, 0.2),
            "n1": first,
            "events2": draw_.binomial(second, 0.3),
            "n2": second,
            "year": draw_.integers(1999, 2025, k),
            "dose": draw_.uniform(0, 10, k).round(1),
            "group": [("short", "long", "other")[i % 3] for i in range(k)],
        }
    )


def fitted(k: int, measure: str = "OR") -> Any:
    return es.pool(es.effects(tables(k), measure=measure))


def regression(k: int, formula: str = "dose") -> Any:
    return es.meta_regression(es.effects(tables(k), measure="OR"), formula)


def findings(k: int) -> tuple[Finding, ...]:
    first = draw.findings_of_fit(fitted(k), "Pain", lower_is_better=True, group="group")
    rng = np.random.default_rng(2)
    ways: tuple[Any, ...] = ("better", "worse", "unclear")
    others = [
        Finding(one.study, "Quality of life and other matters", ways[int(rng.integers(3))], 40.0)
        for one in first[: k // 2 + 1]
    ]
    return (*first, *others)


FIGURES: dict[str, Callable[[int], Figure]] = {
    "baujat": lambda k: draw.baujat_plot(fitted(k)),
    "radial": lambda k: draw.radial_plot(fitted(k), labels=True),
    "labbe": lambda k: draw.labbe_plot(fitted(k), labels=True),
    "qq": lambda k: draw.qq_plot(fitted(k)),
    "influence": lambda k: draw.influence_plot(fitted(k), title="Influence"),
    "drapery": lambda k: draw.drapery_plot(fitted(k), title="Drapery"),
    "albatross": lambda k: draw.albatross_plot(fitted(k), labels=True),
    "profile": lambda k: draw.profile_plot(fitted(k)),
    "bubble": lambda k: draw.bubble_plot(regression(k), labels=True, title="Dose"),
    "gosh": lambda k: draw.gosh_plot(es.gosh(fitted(k), subsets=300)),
    "direction": lambda k: draw.effect_direction_plot(findings(k), title="Directions"),
    "harvest": lambda k: draw.harvest_plot(findings(min(k, 30)), title="Harvest"),
    "timeline": lambda k: draw.timeline(
        dict(zip(tables(k)["study"], tables(k)["year"], strict=True)),
        groups=dict(zip(tables(k)["study"], tables(k)["group"], strict=True)),
        title="Studies by year",
    ),
    "funnel in groups": lambda k: draw.funnel(fitted(k), groups="group", labels=True),
    "funnel, variance": lambda k: draw.funnel(fitted(k), against="variance", groups="group"),
    "funnel, precision": lambda k: draw.funnel(fitted(k), against="precision", labels=True),
    "funnel, size": lambda k: draw.funnel(fitted(k), against="sample size", labels=True),
    "cumulative": lambda k: draw.forest(es.cumulative(fitted(k), order="year")),
    "leave-one-out": lambda k: draw.forest(es.leave_one_out(fitted(k)), profile="jama"),
}


@pytest.mark.parametrize("k", [3, 30, 200])
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_clean_and_told(name, k, assert_clean):
    figure = FIGURES[name](k)
    assert_clean(figure)
    assert str(k) in figure.alt_text or name in ("harvest", "profile")
    assert figure.alt_text.endswith(".")
    assert len(figure.description) >= len(figure.alt_text)
    assert len(figure.to_frame()) > 0


@pytest.mark.parametrize("name", FIGURES)
def test_same_bytes_on_each_run_and_fonts_embedded(name):
    first, second = FIGURES[name](4), FIGURES[name](4)
    assert first.to_bytes("svg") == second.to_bytes("svg")
    content = first.to_bytes("pdf")
    assert content == second.to_bytes("pdf")
    pages: Any = pypdf.PdfReader(io.BytesIO(content)).pages
    for page in pages:
        for font in page["/Resources"]["/Font"].values():
            kind = font.get_object()
            assert kind["/Subtype"] == "/Type0"
            assert "/FontFile2" in kind["/DescendantFonts"][0].get_object()["/FontDescriptor"]


def points(figure: Figure) -> np.ndarray[Any, Any]:
    page = figure.pages[0]
    frame = next(i for i in page.items if isinstance(i, Rect) and i.stroke and i.height > 100)
    return np.array(
        [
            (item.x, item.y)
            for item in page.items
            if isinstance(item, Circle) and frame.y - 1 <= item.y <= frame.y + frame.height + 1
        ]
    )


@pytest.mark.parametrize(
    ("make", "columns"),
    [
        (draw.baujat_plot, ("heterogeneity", "influence")),
        (draw.radial_plot, ("x", "z")),
        (draw.qq_plot, ("quantiles", "residuals")),
    ],
    ids=["baujat", "radial", "qq"],
)
def test_points_stand_where_the_numbers_are(make, columns):
    figure = make(fitted(12))
    table = figure.to_frame()
    at = points(figure)
    assert len(at) == 12
    assert np.corrcoef(at[:, 0], table[columns[0]])[0, 1] == pytest.approx(1)
    assert np.corrcoef(at[:, 1], table[columns[1]])[0, 1] == pytest.approx(-1)  # y runs down


def test_labbe_counts_the_sides():
    fit = fitted(9, "RR")
    figure = draw.labbe_plot(fit)
    lower = int((figure.to_frame()["raw_y"] < figure.to_frame()["raw_x"]).sum())
    assert f"lower in the experimental arm in {lower}, higher in {9 - lower}" in figure.alt_text


def test_a_result_can_be_given_instead_of_a_fit():
    fit = fitted(6)
    for made, given_ in (
        (draw.baujat_plot(fit), draw.baujat_plot(es.baujat(fit))),
        (draw.radial_plot(fit), draw.radial_plot(es.radial(fit))),
        (draw.labbe_plot(fit), draw.labbe_plot(es.labbe(fit))),
        (draw.qq_plot(fit), draw.qq_plot(es.qq_normal(fit))),
        (draw.influence_plot(fit), draw.influence_plot(es.influence(fit))),
        (draw.drapery_plot(fit), draw.drapery_plot(fit, es.drapery(fit))),
        (draw.albatross_plot(fit), draw.albatross_plot(es.albatross(fit))),
        (draw.profile_plot(fit), draw.profile_plot(es.profile(fit))),
        (draw.gosh_plot(fit), draw.gosh_plot(es.gosh(fit))),
    ):
        assert made.pages == given_.pages


def test_influential_studies_have_another_shape_and_are_named(texts):
    table = tables(12)
    table.loc[3, ["events1", "n1", "events2", "n2"]] = [390, 400, 4, 400]
    figure = draw.influence_plot(es.pool(es.effects(table, measure="OR")))
    name = str(table["study"][3])
    assert name in figure.alt_text
    triangles = [
        item
        for item in figure.pages[0].items
        if isinstance(item, Polygon) and item.fill == "#b3350f" and len(item.points) == 3
    ]
    assert len(triangles) >= 8
    assert "4 " in " ".join(texts(figure))


# ---- bubble -----------------------------------------------------------------------------------


def test_the_bands_of_a_bubble_plot_are_those_of_predict():
    fit = regression(15)
    figure = draw.bubble_plot(fit)
    bands = [i for i in figure.pages[0].items if isinstance(i, Polygon) and len(i.points) > 100]
    prediction, confidence = bands
    low, high = confidence.points[0][1], confidence.points[-1][1]
    wide, far = prediction.points[0][1], prediction.points[-1][1]
    found = es.predict(fit, {"dose": [float(fit.effects.data["dose"].min())]})
    share = (found.prediction_upper - found.prediction_lower) / (found.ci_upper - found.ci_lower)
    assert (wide - far) / (low - high) == pytest.approx(float(share[0]), rel=0.15)
    assert "95% prediction band" in [text.text for text in figure.pages[0].texts]
    plain = draw.bubble_plot(fit, prediction=False)
    assert "95% prediction band" not in [text.text for text in plain.pages[0].texts]


def test_other_moderators_are_held_and_named(texts):
    fit = regression(20, "dose + year + group")
    figure = draw.bubble_plot(fit, "dose", at={"year": 2010, "group": "long"}, groups="group")
    joined = " ".join(texts(figure))
    assert "The line holds for year = 2010, group = long." in joined
    assert {"short", "long", "other"} <= set(texts(figure))
    assert "Test of moderators" in figure.description


def test_a_bubble_plot_needs_one_number():
    with pytest.raises(DataError, match="year, dose"):
        draw.bubble_plot(regression(20, "dose + year"))
    with pytest.raises(NotEstimableError, match="no moderator"):
        draw.bubble_plot(regression(20, "group"))
    with pytest.raises(DataError, match="group"):
        draw.bubble_plot(regression(20, "group"), "group")
    with pytest.raises(OptionError, match="weight"):
        draw.bubble_plot(regression(20), "weight")
    with pytest.raises(OptionError, match="colour"):
        draw.bubble_plot(regression(20), groups="colour")


# ---- GOSH -------------------------------------------------------------------------------------


def test_gosh_counts_every_subset():
    found = es.gosh(fitted(7))
    figure = draw.gosh_plot(found)
    known = np.isfinite(found.i2) & np.isfinite(found.estimate)
    assert figure.to_frame()["subsets"].sum() == known.sum()
    apart = draw.gosh_plot(found, study=found.labels[0])
    assert f"Subsets with {found.labels[0][:10]}" in " ".join(
        text.text for text in apart.pages[0].texts
    )
    with pytest.raises(OptionError, match="study"):
        draw.gosh_plot(found, study="nobody")


# ---- funnel -----------------------------------------------------------------------------------


def test_groups_of_a_funnel_plot_have_shapes_of_their_own(texts):
    figure = draw.funnel(fitted(30), groups="group")
    shapes = {type(item) for item in figure.pages[0].items if isinstance(item, Circle | Polygon)}
    assert shapes == {Circle, Polygon}
    assert {"short", "long", "other"} <= set(texts(figure))
    assert set(figure.to_frame()["group"]) == {"short", "long", "other"}
    with pytest.raises(OptionError, match="colour"):
        draw.funnel(fitted(5), groups="colour")


def test_groups_stay_with_trim_and_fill(assert_clean):
    fit = fitted(12)
    figure = draw.funnel(fit, groups="group", trim_and_fill=es.trim_and_fill(fit))
    assert_clean(figure)
    with pytest.raises(DataError, match="standard error"):
        draw.funnel(fit, against="variance", trim_and_fill=es.trim_and_fill(fit))


@pytest.mark.parametrize(
    ("against", "value"),
    [("variance", lambda e: e**2), ("precision", lambda e: 1 / e)],
    ids=["variance", "precision"],
)
def test_the_upright_axis_of_a_funnel_plot(against, value):
    fit = fitted(9)
    figure = draw.funnel(fit, against=against)
    table = figure.to_frame()
    assert table[against].to_numpy() == pytest.approx(value(table["se"].to_numpy()))
    at = points(figure)
    best = int(np.argmin(table["se"]))
    assert at[:, 1].argmin() == best  # the most precise study stands on top


def test_a_funnel_plot_against_size_needs_sizes():
    table = pd.DataFrame({"study": ["A", "B"], "estimate": [0.1, 0.2], "se": [0.1, 0.2]})
    fit = es.pool(es.effects(table, measure="GEN"))
    with pytest.raises(NotEstimableError, match="number of people"):
        draw.funnel(fit, against="sample size")
    with pytest.raises(OptionError, match="against"):
        draw.funnel(fit, against="luck")  # type: ignore[arg-type]


# ---- directions -------------------------------------------------------------------------------


def test_directions_follow_the_outcome():
    fit = fitted(6)
    low = draw.findings_of_fit(fit, "Pain", lower_is_better=True)
    high = draw.findings_of_fit(fit, "Function", lower_is_better=False)
    turned = {"better": "worse", "worse": "better", "unclear": "unclear"}
    assert [turned[one.direction] for one in low] == [one.direction for one in high]
    sizes = fit.effects.data["n1"] + fit.effects.data["n2"]
    assert [one.size for one in low] == sizes.tolist()


def test_the_sign_test_is_that_of_the_binomial(texts):
    found = [Finding(f"S{i}", "Pain", "better" if i < 9 else "worse") for i in range(10)]
    figure = draw.effect_direction_plot(found)
    assert "0.021" in texts(figure)  # 2 * (1 + 10) / 2**10
    assert figure.alt_text.endswith("Pain: 9 better, 1 worse, 0 unclear.")


def test_directions_go_over_pages_with_the_header(assert_clean):
    figure = draw.effect_direction_plot(findings(120))
    assert_clean(figure)
    assert len(figure.pages) > 2
    assert all(any(text.text == "Study" for text in page.texts) for page in figure.pages)


def test_findings_are_checked():
    with pytest.raises(DataError, match="sideways"):
        Finding("A", "Pain", "sideways")  # type: ignore[arg-type]
    twice = [Finding("A", "Pain", "better"), Finding("A", "Pain", "worse")]
    for make in (draw.effect_direction_plot, draw.harvest_plot):
        with pytest.raises(DataError, match="two findings"):
            make(twice)
        with pytest.raises(DataError, match="no finding"):
            make([])


def test_a_harvest_plot_has_a_bar_for_each_finding():
    found = findings(9)
    figure = draw.harvest_plot(found)
    bars = [i for i in figure.pages[0].items if isinstance(i, Rect) and i.group == "bar"]
    assert len(bars) == len(found)


def test_a_time_line_counts_every_study():
    figure = draw.timeline({"A": 2001, "B": 2001.0, "C": 2010})
    blocks = [i for i in figure.pages[0].items if isinstance(i, Rect) and i.group == "study"]
    assert len(blocks) == 3
    assert "2001: A, B." in figure.description
    for years in ({}, {"A": 2001.5}, {"A": math.nan}, {"A": 99999}):
        with pytest.raises(DataError, match="time line"):
            draw.timeline(years)


# ---- the engine -------------------------------------------------------------------------------


def test_curves_and_bands_stay_in_the_plotting_area():
    plane = Plane(linear_span([0, 1], "x"), linear_span([0, 1], "y"), 50, 20)
    xs = np.linspace(-3, 3, 50)
    plane.curve(xs, 5 * xs, "#000000")
    plane.curve([0.2, math.nan, 0.6], [0.5, 0.5, 0.5])
    plane.curve([5.0, 6.0], [0.5, 0.5])
    plane.band(xs, xs - 9, xs + 9, "#dddddd")
    plane.sideways(xs, xs - 9, xs + 9, "#dddddd")
    plane.dot(7, 7)
    inside = plane.items + plane.under
    for item in inside:
        assert isinstance(item, Polyline | Polygon)
        for x, y in item.points:
            assert plane.left - 1e-6 <= x <= plane.right + 1e-6
            assert plane.top - 1e-6 <= y <= plane.base + 1e-6
    assert len(plane.items) == 1  # two points with nothing between them are no curve


def test_marks_of_all_shapes_cover_about_the_same():
    def area(points_: tuple[tuple[float, float], ...]) -> float:
        around = [*points_, points_[0]]
        return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(around))) / 2

    whole = math.pi * 9
    square = marker("square", 0, 0, 3, "#000000")
    assert isinstance(square, Rect)
    assert square.width * square.height == pytest.approx(whole, rel=0.05)
    shapes: tuple[Shape, ...] = ("triangle", "diamond", "turned")
    for shape in shapes:
        found = marker(shape, 0, 0, 3, "#000000")
        assert isinstance(found, Polygon)
        assert area(found.points) == pytest.approx(whole, rel=0.25)


@given(values=st.lists(st.floats(-1e12, 1e12), max_size=4))
@settings(max_examples=60)
def test_any_values_have_an_axis(values):
    span = linear_span(values, "x")
    assert span.low < span.high
    assert all(span.low <= value <= span.high for value in values)
    assert len(span.ticks) >= 2


SCALE = es.effects(tables(3), measure="OR").scale

numbers = st.floats(-8, 8, allow_nan=False)
errors = st.floats(0.01, 6, allow_nan=False)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(
    lambda text: text.strip()
)


@given(
    rows=st.lists(
        st.tuples(names, numbers, errors), min_size=3, max_size=7, unique_by=lambda r: r[0]
    ),
    ratio=st.booleans(),
)
@settings(max_examples=12)
def test_any_results_give_clean_figures(rows, ratio):
    table = pd.DataFrame(rows, columns=["study", "estimate", "se"])
    table["study"] = [f"{i} {name}" for i, name in enumerate(table["study"])]
    table["x"] = np.arange(len(rows)) * 1.5
    effects = es.effects(table, measure="GEN", scale="log" if ratio else "identity")
    fit = es.pool(effects)
    made = [
        draw.forest(fit, profile="lancet"),
        draw.forest(es.leave_one_out(fit), profile="bmj"),
        draw.funnel(fit, labels=True),
        draw.funnel(fit, against="precision", labels=True),
        draw.baujat_plot(fit),
        draw.radial_plot(fit, labels=True),
        draw.qq_plot(fit),
        draw.influence_plot(fit),
        draw.drapery_plot(fit),
        draw.bubble_plot(es.meta_regression(effects, "x"), labels=True),
        draw.gosh_plot(fit),
        draw.effect_direction_plot(draw.findings_of_fit(fit, "Any", lower_is_better=ratio)),
    ]
    for figure in made:
        for page in figure.pages:
            assert outside(page) == []
            assert [(a.text, b.text) for a, b in overlaps(page)] == []


def test_effect_axes_show_ratios():
    span = effect_span([math.log(0.5), math.log(2)], SCALE)
    assert "1" in [tick.label for tick in span.ticks]
    assert "log scale" in span.words
    assert effect_span([], SCALE).low < 0 < effect_span([], SCALE).high
