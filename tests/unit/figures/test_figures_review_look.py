"""The look that a plan names: read, given to every figure, written as TIFF, and told of."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from evisynth.actions import AnalyzeOptions, analyze_table, new_review, run_review
from evisynth.analysis import run_analyses
from evisynth.errors import InputError, OptionError
from evisynth.figures import PROFILES, profile, review_figures
from evisynth.figures.profiles import points
from evisynth.review import FigureOptions, Review

EXAMPLE = Path(__file__).parents[3] / "examples" / "digital-interventions-cancer"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "review"
    new_review(place, title="A review")
    shutil.rmtree(place / "out", ignore_errors=True)
    return place


def add(folder: Path, text: str) -> None:
    plan = folder / "review.toml"
    plan.write_text(plan.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_the_plan_names_the_look(folder):
    assert Review.read(folder).figure_options == FigureOptions("cochrane", tiff=False)
    add(folder, '\n[figures]\nprofile = "lancet"\ntiff = true\n')
    assert Review.read(folder).figure_options == FigureOptions("lancet", tiff=True)


@pytest.mark.parametrize(
    ("line", "word"),
    [('profile = "nature"', "lancet"), ("tiff = 1", "tiff"), ("dpi = 600", "dpi")],
    ids=["look", "type", "key"],
)
def test_what_cannot_be_is_refused(folder, line, word):
    add(folder, f"\n[figures]\n{line}\n")
    with pytest.raises(InputError, match=word):
        Review.read(folder)


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "cochrane"])
def test_every_figure_of_a_review_is_in_the_look(name, assert_clean):
    review = Review.read(EXAMPLE)
    review = replace(review, figure_options=FigureOptions(name))
    plans = review.protocol.analyses[:1]
    results = run_analyses(
        plans,
        outcomes=review.protocol.outcomes,
        rows=review.outcome_rows,
        studies=review.studies,
    )
    made = review_figures(review, results)
    assert len(made) > 4
    for each in made:
        assert each.figure.profile == name
        assert_clean(each.figure)
        for page in each.figure.pages:
            assert page.width <= points(profile(name).widths["page"]) + 0.01


def test_a_run_writes_tiff_and_takes_another_look(folder):
    add(folder, "\n[figures]\ntiff = true\n")
    shutil.copytree(EXAMPLE / "searches", folder / "searches", dirs_exist_ok=True)
    summary = run_review(folder, formats=["html"], figures="jama")
    pictures = [name for name in summary.files if name.endswith(".tiff")]
    assert pictures
    with Image.open(folder / "out" / pictures[0]) as picture:
        assert tuple(float(value) for value in picture.info["dpi"]) == (350.0, 350.0)
    with pytest.raises(OptionError, match="jama"):
        run_review(folder, figures="nature")


def test_a_table_is_analysed_in_a_look(tmp_path):
    table = tmp_path / "trials.csv"
    table.write_text("study,yi,vi\n心 2001,0.1,0.04\nB,0.3,0.02\nC,0.2,0.05\n", encoding="utf-8")
    result = analyze_table(table, tmp_path / "out", AnalyzeOptions(profile="lancet"))
    drawn = (tmp_path / "out" / "forest.svg").read_text(encoding="utf-8")
    assert "0·10 (−0·29 to 0·49)" in drawn
    assert json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    from evisynth.figures import missing_scripts

    assert set(missing_scripts(["心"])) <= set(result.notes)
    with pytest.raises(OptionError, match="lancet"):
        AnalyzeOptions(profile="nature")
