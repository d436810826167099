"""The figures of a whole review: numbers, order, captions, and what is absent."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from evisynth.analysis import AnalysisResult, run_analyses
from evisynth.figures import ReviewFigure, review_figures
from evisynth.review import Review

CERTAIN = ("⨁◯◯◯", "⨁⨁◯◯", "⨁⨁⨁◯", "⨁⨁⨁⨁", "Very low", "Low", "Moderate", "High")
EXAMPLES = Path(__file__).parents[3] / "examples"


def analyses(review: Review) -> tuple[AnalysisResult, ...]:
    return run_analyses(
        review.protocol.analyses,
        outcomes=review.protocol.outcomes,
        rows=review.outcome_rows,
        studies=review.studies,
    )


@pytest.fixture(scope="module")
def review():
    return Review.read(EXAMPLES / "digital-interventions-cancer")


@pytest.fixture(scope="module")
def results(review):
    return analyses(review)


@pytest.fixture(scope="module")
def figures(review, results):
    return review_figures(review, results)


def test_the_ten_figures_of_the_reference_review_in_order(figures):
    assert [figure.id for figure in figures if not figure.number.startswith("S")] == [
        "figure-01-flow",
        "figure-02-risk-of-bias",
        "figure-03-funnel-anxiety",
        "figure-04-funnel-depression",
        "figure-05-forest-anxiety",
        "figure-06-forest-depression",
        "figure-07-forest-anxiety-duration-group",
        "figure-08-forest-anxiety-involvement",
        "figure-09-forest-depression-duration-group",
        "figure-10-forest-depression-involvement",
    ]
    supplement = [figure.id for figure in figures if figure.number.startswith("S")]
    assert supplement[:2] == ["figure-S1-continent", "figure-S2-intervention-types"]
    assert "figure-S4-forest-anxiety-end-scores" in supplement
    assert [figure.number for figure in figures if figure.number.startswith("S")] == [
        f"S{number + 1}" for number in range(len(supplement))
    ]


def test_every_figure_is_clean_and_has_its_words(figures, assert_clean):
    for figure in figures:
        assert_clean(figure.figure)
        assert re.fullmatch(r"figure-[\w-]+", figure.id)
        assert figure.title.endswith(".")
        assert figure.caption.endswith(".")
        assert figure.section
        assert figure.figure.alt_text
        assert figure.figure.title.startswith(f"Figure {figure.number}. ")


def test_captions_have_the_numbers_of_the_results(figures, results):
    captions = {figure.id: figure.caption for figure in figures}
    anxiety = next(result for result in results if result.plan.id == "anxiety")
    fit = anxiety.fit
    shown = f"{fit.estimate:.2f} (95% CI {fit.ci_lower:.2f} to {fit.ci_upper:.2f})"
    shown = shown.replace("-", "−")
    assert shown in captions["figure-05-forest-anxiety"]
    assert f"I² = {fit.i2:.0f}%" in captions["figure-05-forest-anxiety"]
    filled = anxiety.trim_and_fill
    assert filled is not None
    assert f"added {filled.k0} studies on the {filled.side}" in captions["figure-03-funnel-anxiety"]
    for group in anxiety.subgroups["involvement"].groups:
        assert f"{group.level} " in captions["figure-08-forest-anxiety-involvement"]
    assert "1 study not coded" in captions["figure-08-forest-anxiety-involvement"]


def test_figures_stand_where_they_belong(figures):
    sections = {figure.id: figure.section for figure in figures}
    assert sections["figure-01-flow"] == "flow"
    assert sections["figure-02-risk-of-bias"] == "risk-of-bias"
    assert sections["figure-03-funnel-anxiety"] == "funnel-anxiety"
    assert sections["figure-06-forest-depression"] == "forest-depression"
    assert sections["figure-09-forest-depression-duration-group"] == "subgroups-depression"
    assert sections["figure-S1-continent"] == "characteristics"
    assert sections["figure-S4-forest-anxiety-end-scores"] == "sensitivity-anxiety"


def test_a_review_without_records_or_analyses_has_no_such_figures(review, results):
    empty = replace(review.flow, records_found=0)
    made = review_figures(replace(review, flow=empty, decisions=()), results[:1])
    assert made[0].id == "figure-01-risk-of-bias"
    assert [figure.number for figure in made[:3]] == ["1", "2", "3"]
    made = review_figures(review, ())
    assert [figure.id for figure in made][:2] == ["figure-01-flow", "figure-02-risk-of-bias"]
    assert all("forest" not in figure.id and "funnel" not in figure.id for figure in made)
    protocol = replace(review.protocol, rob_instrument="")
    made = review_figures(replace(review, protocol=protocol), ())
    assert [figure.id for figure in made if not figure.number.startswith("S")] == ["figure-01-flow"]


def test_a_sensitivity_analysis_whose_main_one_is_absent_is_shown_as_main(review, results):
    alone = [result for result in results if result.plan.id == "anxiety-end-scores"]
    ids = [figure.id for figure in review_figures(review, alone)]
    assert "figure-04-forest-anxiety-end-scores" in ids


def test_a_review_of_risk_of_bias_alone():
    review = Review.read(EXAMPLES / "depression-prevention")
    made = review_figures(review, analyses(review))
    assert [(figure.id, figure.number) for figure in made][:2] == [
        ("figure-01a-risk-of-bias", "1a"),
        ("figure-01b-risk-of-bias-summary", "1b"),
    ]
    assert all(figure.number.startswith("S") for figure in made[2:])


def test_assessments_stand_beside_the_studies_of_their_forest_plot(review, results):
    from evisynth.appraisal import Assessment, DomainJudgement

    domains = tuple(DomainJudgement(f"D{n}", "low", "low") for n in range(1, 6))
    overall = DomainJudgement("overall", "low", "low")
    made = Assessment("Zhu 2018", "anxiety", review.protocol.rob_instrument, {}, domains, overall)
    drawn = review_figures(replace(review, assessments=(made,)), results)
    forests = {figure.id: figure.figure for figure in drawn}
    texts = [text.text for text in forests["figure-05-forest-anxiety"].pages[0].texts]
    assert "Risk of bias" in texts
    texts = [text.text for text in forests["figure-06-forest-depression"].pages[0].texts]
    assert "Risk of bias" not in texts  # the judgement is on the other result


def test_the_certainty_stands_in_the_main_forest_plots_while_it_holds(review, results, texts):
    def certain(made: tuple[ReviewFigure, ...]) -> dict[str, list[str]]:
        return {
            each.id: [text for text in texts(each.figure) if text in CERTAIN]
            for each in made
            if each.section.startswith("forest-")
        }

    rated = certain(review_figures(review, results))
    assert rated["figure-05-forest-anxiety"] == ["⨁◯◯◯", "Very low"]
    assert rated["figure-06-forest-depression"] == ["⨁⨁◯◯", "Low"]
    fewer = {name: steps[:2] for name, steps in review.ratings.items()}
    assert not any(certain(review_figures(replace(review, ratings=fewer), results)).values())
    assert not any(certain(review_figures(replace(review, ratings={}), results)).values())
