"""Looks: data that are whole, a forest plot in each, and a checker that names what is wrong."""

import io
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pandas as pd
import pypdf
import pytest
from PIL import Image

import evisynth as es
from evisynth.errors import DataError, OptionError
from evisynth.figures import PROFILES, Figure, Profile, Scene, check_profile, forest, profile
from evisynth.figures.profiles import PARTS, points
from evisynth.figures.scene import Polyline, Text
from evisynth.review import FigureLook

FAVOURS: dict[str, Any] = {"favours": ("aspirin", "placebo"), "lower_is_better": True}
ASPIRIN = pd.DataFrame(
    [("MRC-1", 49, 615, 67, 624), ("CDP", 44, 758, 64, 771), ("AMIS", 246, 2267, 219, 2257)],
    columns=["study", "events1", "n1", "events2", "n2"],
)


@pytest.fixture(scope="module")
def aspirin() -> Any:
    return es.pool(es.effects(ASPIRIN, measure="OR"))


def rules(figure: Figure, name: str, **how: Any) -> list[str]:
    return [one.rule for one in check_profile(figure, name, **how).violations]


def test_the_plan_and_the_figures_know_the_same_looks():
    assert sorted(get_args(FigureLook)) == list(PROFILES)


@pytest.mark.parametrize("name", PROFILES)
def test_each_look_is_whole(name):
    look = profile(name)
    assert look.name == name
    assert look.title
    assert look.note
    assert sorted(look.order) == sorted(PARTS)
    assert 0 < look.widths["column"] < look.widths["page"]
    assert look.smallest <= look.size <= look.largest
    assert set(look.formats) <= {"pdf", "svg", "png", "tiff"}
    for colour in (look.square_dichotomous, look.square_continuous, look.diamond, look.rule):
        page = Scene(90, 20, (Polyline(((5, 5), (80, 5)), colour=colour),))
        assert "contrast" not in rules(Figure((page,), "t", "a"), name)


@pytest.mark.parametrize("name", PROFILES)
def test_a_forest_plot_keeps_the_rules_of_its_look(aspirin, assert_clean, name):
    figure = forest(aspirin, profile=name, width="page", certainty="moderate", **FAVOURS)
    assert_clean(figure)
    assert str(check_profile(figure, name, format="tiff")) == f"Nothing against the look {name}."
    assert max(page.width for page in figure.pages) <= points(profile(name).widths["page"]) + 0.01


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bmj", ("0.72 (0.49 to 1.06)", "Study", "P=0.020")),
        ("jama", ("0.72 (0.49 to 1.06)", "Source", "P = .020")),
        ("lancet", ("0·72 (0·49–1·06)", "Study", "p=0·020")),
        ("plain", ("0.72 (0.49 to 1.06)", "Study", "P = 0.020")),
        ("cochrane", ("0.72 [0.49, 1.06]", "Study or subgroup", "P = 0.020")),
    ],
)
def test_numbers_and_words_are_those_of_the_journal(aspirin, texts, name, expected):
    found = texts(forest(aspirin, profile=name, **FAVOURS))
    estimate, heading, p = expected
    assert estimate in found
    assert heading in found
    assert p in " ".join(found)
    favours = "Favors" if name == "jama" else "Favours"
    assert favours in " ".join(found)


def test_jama_prints_no_tau2_of_heterogeneity(aspirin, texts):
    lines = [text for text in texts(forest(aspirin, profile="jama")) if "Heterogeneity" in text]
    assert lines
    assert not any("Tau²" in line for line in lines)


def test_the_order_of_the_columns_follows_the_look(aspirin):
    def places(name: str) -> list[str]:
        page = forest(aspirin, profile=name).pages[0]
        at = {text.text: text.x for text in page.texts if text.text in ("Weight", "Total")}
        effect = next(text for text in page.texts if text.text.startswith("IV, Random"))
        tick = next(text for text in page.texts if text.text == "1")
        whole = {**at, "effect": effect.x, "graph": tick.x}
        return sorted(whole, key=lambda key: whole[key])

    assert places("cochrane") == ["Total", "Weight", "effect", "graph"]
    assert places("bmj") == ["Total", "graph", "Weight", "effect"]
    assert places("jama") == ["Total", "effect", "graph", "Weight"]
    assert places("lancet") == ["Total", "graph", "effect", "Weight"]


def test_a_long_forest_goes_over_pages_that_are_not_too_high(make_fit):
    figure = forest(make_fit(120), profile="jama")
    assert len(figure.pages) > 2
    assert "height" not in rules(figure, "jama")
    heads = [sum(text.text == "Source" for text in page.texts) for page in figure.pages]
    assert heads == [1] * len(figure.pages)


def test_the_checker_names_every_rule_that_is_broken():
    page = Scene(
        points(300),
        points(300),
        (
            Text(10, 20, "0·5", 3.0),
            Text(12, 20, "over", 3.0),
            Text(10, 90, "large", 40.0),
            Text(-40, 120, "outside", 8.0),
            Polyline(((5, 200), (90, 200)), colour="#ffff66", width=0.1),
        ),
    )
    found = rules(Figure((page,), "t", ""), "jama", format="png", dpi=100)
    assert found == [
        *("format", "resolution", "width", "height", "letters", "letters", "numbers", "lines"),
        *("contrast", "overlap", "edge", "alt text"),
    ]
    table = check_profile(Figure((page,), "t", ""), "jama").to_frame()
    assert list(table.columns) == ["rule", "page", "message"]
    assert "300.0 mm; at most 178.0 mm (page)" in set(table["message"])


def test_a_figure_in_the_wrong_house_style_is_found(aspirin):
    assert "numbers" in rules(forest(aspirin), "lancet")
    assert "numbers" not in rules(forest(aspirin).in_profile("lancet"), "lancet")


def test_numbers_within_names_stay():
    look = profile("lancet")
    assert look.number("doi 10.1016/j.x v1.2.3 0.5 (−0.25, 12.5%)") == (
        "doi 10.1016/j.x v1.2.3 0·5 (−0·25, 12·5%)"
    )


def test_a_look_of_ones_own(tmp_path, aspirin, texts):
    path = tmp_path / "thesis.toml"
    path.write_text(
        'title = "Thesis"\n[page]\nwidths = { column = 70, page = 150 }\n'
        '[numbers]\nbetween = " bis "\nbrackets = "()"\n[layout]\nlabel = "Studie"\n',
        encoding="utf-8",
    )
    found = texts(forest(aspirin, profile=path))
    assert "0.72 (0.49 bis 1.06)" in found
    assert "Studie" in found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[pages]\nwidth = 3\n", "pages"),
        ("[page]\nwide = 3\n", "wide"),
        ('[letters]\nsize = "8"\n', "size"),
        ('[layout]\norder = ["data", "picture"]\n', "picture"),
        ('[numbers]\nbrackets = "("\n', "brackets"),
        ("[page\n", "look own.toml"),
        ("[files]\nformats = [1]\n", "formats"),
    ],
    ids=["section", "key", "type", "part", "brackets", "toml", "list"],
)
def test_a_file_that_is_no_look_is_refused(tmp_path, text, words):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((DataError, OptionError), match=words.replace("[", r"\[")):
        profile(path)


def test_unknown_looks_and_widths_are_refused(aspirin):
    with pytest.raises(OptionError, match="lancet"):
        profile("nature")
    with pytest.raises(DataError, match=r"no file"):
        profile("missing.toml")
    with pytest.raises(OptionError, match="page"):
        forest(aspirin, width="double")
    with pytest.raises(DataError, match="30 to 1000"):
        forest(aspirin, width=5.0)
    with pytest.raises(OptionError, match="format"):
        check_profile(forest(aspirin), "jama", format="gif")


def test_tiff_has_the_width_and_the_density_of_the_look(aspirin, tmp_path):
    figure = forest(aspirin, profile="lancet")
    (path,) = figure.save(tmp_path / "forest.tif")
    with Image.open(path) as picture:
        assert picture.format == "TIFF"
        assert picture.mode == "RGB"
        assert picture.info["compression"] == "tiff_lzw"
        assert tuple(float(value) for value in picture.info["dpi"]) == (300.0, 300.0)
        assert picture.width == pytest.approx(154 / 25.4 * 300, abs=1)
        assert np.asarray(picture).min() < 60
    assert figure.to_bytes("tiff") == path.read_bytes() == figure.to_bytes("tiff")
    with Image.open(io.BytesIO(figure.to_bytes("tiff", dpi=72))) as small:
        assert small.width == pytest.approx(154 / 25.4 * 72, abs=1)


def test_pdf_in_a_look_has_its_width_and_its_fonts(aspirin):
    figure = forest(aspirin, profile="bmj", width="column")
    page: Any = pypdf.PdfReader(io.BytesIO(figure.to_bytes("pdf"))).pages[0]
    assert float(page.mediabox.width) == pytest.approx(points(86), abs=0.1)
    fonts = page["/Resources"]["/Font"].values()
    kinds = {font.get_object()["/Subtype"] for font in fonts}
    assert kinds == {"/Type0"}  # TrueType, never Type 3


def test_resizing_keeps_everything_in_proportion():
    figure = Figure((Scene(144, 72, (Text(10, 20, "a", 8.0),)),), "t", "a").resized(25.4)
    assert (figure.pages[0].width, figure.pages[0].height) == pytest.approx((72, 36))
    assert figure.pages[0].texts[0].size == pytest.approx(4)
    with pytest.raises(DataError, match="mm"):
        figure.resized(0)


def test_a_changed_look_is_a_look(aspirin, texts):
    look = replace(profile("cochrane"), heading="Trial")
    assert isinstance(look, Profile)
    assert "Trial" in texts(forest(aspirin, profile=look))
