"""What the document says: right numbers, right grammar, nothing made up."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from evisynth.analysis import AnalysisResult
from evisynth.display import format_number
from evisynth.reporting.blocks import (
    BulletList,
    FigureBlock,
    Note,
    Paragraph,
    ReviewDocument,
    Row,
    Table,
    plain,
)
from evisynth.reporting.content import build_document
from evisynth.reporting.content.words import (
    count_first,
    includes_no_effect,
    participants,
    series,
    side_words,
)
from evisynth.review import Review


def all_text(document: ReviewDocument) -> str:
    parts: list[str] = []
    for block in document.blocks:
        if isinstance(block, Paragraph | Note):
            parts.append(plain(block.text))
        elif isinstance(block, BulletList):
            parts += [plain(item) for item in block.items]
        elif isinstance(block, Table):
            parts.append(block.caption)
            parts += [plain(cell) for row in block.rows for cell in row.cells]
            parts += [plain(note) for note in block.footnotes]
    return "\n".join(parts)


def table_of(document: ReviewDocument, name: str) -> Table:
    (found,) = [table for table in document.tables if table.id == name]
    return found


def row_of(table: Table, first: str) -> list[str]:
    (found,) = [row for row in table.rows if plain(row.cells[0]) == first]
    return [plain(cell) for cell in found.cells]


@pytest.fixture
def document(review: Review, results: tuple[AnalysisResult, ...], figures) -> ReviewDocument:
    return build_document(review, results, figures)


def test_a_review_with_nothing_in_it_has_a_document(empty_review):
    document = build_document(empty_review, ())
    text = all_text(document)
    assert "No record has been identified yet." in text
    assert "No study has been included." in text
    assert "No analysis was planned." in text
    assert "No search source is recorded." in text
    assert "The risk of bias has not been assessed" in text
    assert "No registration is recorded." in text


def test_no_number_is_shown_as_a_programmer_sees_it(document):
    text = all_text(document)
    assert not re.search(r"\b(nan|inf|None|True|False)\b", text.replace("None.", ""))
    assert not re.search(r"\d\.\d{5,}", text)
    assert "significan" not in text


def test_main_result_is_in_words_with_the_numbers_of_the_fit(document, results):
    fit = results[0].fit
    text = all_text(document)
    start = "Five studies with 425 participants were pooled. The standardized mean difference is "
    assert f"{start}{format_number(fit.estimate)} (95% CI" in text
    assert "includes no effect (0)" in text or "excludes no effect (0)" in text


def test_a_single_study_is_not_called_pooled(document):
    text = all_text(document)
    assert "Only one study has an effect estimate: Ames 2001, with 81 participants." in text
    assert "Nothing was pooled; tau², I² and a prediction interval are not defined" in text
    assert not [table for table in document.tables if table.id == "tab-pooled-one"]


def test_ratios_are_shown_after_the_exponential_and_the_reason_of_a_gap_is_kept(document, results):
    ratio = results[2].fit
    shown = format_number(ratio.effects.scale.shown(ratio.estimate))
    text = all_text(document)
    assert f"The odds ratio is {shown} (95% CI" in text
    table = table_of(document, "tab-effects-remission")
    assert row_of(table, "Dirac 2012")[-2] == "not estimablea"
    assert "a No events in either arm." in [plain(note) for note in table.footnotes]
    assert row_of(table, "Ames 2001")[1] == "10/40"
    assert "Dirac 2012 (no events in either arm)" in text


def test_the_direction_follows_from_the_outcome(results):
    anxiety, remission = results[0], results[2]
    assert side_words(anxiety, -0.1) == "the app"
    assert side_words(anxiety, 0.1) == "the usual care"
    assert side_words(remission, 0.1) == "the app"  # more remission is better
    assert side_words(anxiety, 0.0) == ""


def test_the_abstract_carries_every_main_analysis(document):
    texts = [plain(block.text) for block in document.blocks if isinstance(block, Paragraph)]
    (found,) = [text for text in texts if text.startswith("Results. ")]
    assert found.count("For ") == 3
    assert "For anxiety at follow-up, 1 study, 81 participants gave" in found
    assert "two studies" not in found  # the sensitivity analysis is not a main result


def test_sensitivity_set_of_two_studies_says_why_its_interval_is_wide(document):
    table = table_of(document, "tab-pooled-anxiety")
    assert row_of(table, "Two studies")[1] == "2"
    notes = " ".join(plain(note) for note in table.footnotes)
    assert "Two studies: the interval rests on one degree of freedom" in notes
    assert "fewer than three studies" in notes.lower()


def test_unknown_characteristics_stand_in_the_words_of_the_plan(document):
    table = table_of(document, "tab-characteristics")
    rows = {plain(row.cells[0]): [plain(cell) for cell in row.cells] for row in table.rows}
    assert rows["Ames 2001"][1] == "not stated"
    assert rows["Curie 2009"][3] == "not coded"
    assert rows["Ames 2001"][2] == "6.5"
    assert rows["Bohr 2004"][2] == "6"
    counts = table_of(document, "tab-counts")
    assert row_of(counts, "talk")[1] == "5"
    assert row_of(counts, "Not coded")[1] == "1"


def test_risk_of_bias_keeps_ours_apart_from_what_others_published(document):
    (ours,) = [t for t in document.tables if t.id.startswith("tab-rob-rob2")]
    assert row_of(ours, "Ames 2001") == ["Ames 2001", "Low", "Low*", "Some concerns"]
    assert row_of(ours, "Bohr 2004")[1:] == ["Not assessed"] * 3
    assert "The deviations were trivial." in " ".join(plain(note) for note in ours.footnotes)
    others = table_of(document, "tab-rob-published")
    assert row_of(others, "Bohr 2004")[3] == "Low"
    assert "Not assessed: Bohr 2004, Curie 2009, Dirac 2012 and Éluard & Söhne 2015." in all_text(
        document
    )


def test_without_an_assessment_the_document_says_so(review, results):
    document = build_document(replace(review, assessments=()), results)
    assert "No result of any study has been assessed with RoB 2." in all_text(document)
    assert not [table for table in document.tables if table.id.startswith("tab-rob-rob2")]


def test_published_results_stand_beside_ours_and_gaps_are_named(document):
    table = table_of(document, "tab-comparison")
    first = row_of(table, "Anxiety")
    assert first[5:9] == ["9", "−0.61 (−1.29 to 0.06)", "0.08", ">90%"]
    second = row_of(table, "Anxiety, early")
    assert second[5] == second[8] == "not published"
    third = row_of(table, "Anxiety, never")
    assert third[2] == "no study in this subgroup"
    assert third[6] == "not published"
    assert "This is not a replication" in all_text(document)


def test_flow_is_told_with_the_right_verbs(document):
    text = all_text(document)
    assert "Eight records were identified." in text
    assert "Of 8 records screened, 1 was excluded: off topic (1)." in text
    assert "Seven reports were sought; 1 could not be retrieved." in text


def test_one_reviewer_is_called_one(document):
    text = all_text(document)
    assert "On title and abstract, each record needed two independent decisions" in text
    assert "On the full text, each record was judged by one reviewer" in text


def test_texts_of_the_authors_are_kept_and_missing_ones_are_placeholders(document):
    paragraphs = [block for block in document.blocks if isinstance(block, Paragraph)]
    assert [plain(p.text) for p in paragraphs if plain(p.text) in ("First.", "Second <em>.")] == [
        "First.",
        "Second <em>.",
    ]
    placeholders = [plain(p.text) for p in paragraphs if p.role == "placeholder"]
    assert placeholders == ["[The authors discuss here what the results mean, and for whom.]"]


def test_every_figure_is_placed_once_and_pointed_to(document, figures):
    placed = [block.id for block in document.blocks if isinstance(block, FigureBlock)]
    assert sorted(placed) == sorted(figure.id for figure in figures)
    assert "Further figures" in [heading.text for heading in document.headings]
    assert "(Figure 1)" in all_text(document)


def test_excluded_and_not_retrieved_reports_have_their_reasons(document):
    assert plain(table_of(document, "tab-excluded").rows[0].cells[1]) == "No usable data"
    assert plain(table_of(document, "tab-missing").rows[0].cells[1]) == "Behind a wall"


def test_software_and_fingerprint_are_named_and_no_clock(document, review):
    text = all_text(document)
    assert review.fingerprint in text
    assert "evisynth" in text
    assert "numpy" in text


def test_group_rows_hold_one_cell(document):
    for table in document.tables:
        for row in table.rows:
            assert isinstance(row, Row)
            assert len(row.cells) == (1 if row.is_full_width else len(table.columns))


def test_small_words():
    assert series(["a", "b", "c"]) == "a, b and c"
    assert count_first(1, "study", "studies") == "One study"


def test_limits_on_no_effect_include_it(results):
    scale = results[0].fit.effects.scale
    assert includes_no_effect(scale, -1.0, 0.0)
    assert not includes_no_effect(scale, -1.0, -0.01)


def test_participants_counts_rows_without_numbers(results):
    effects = results[0].fit.effects
    data = effects.data.copy()
    data.loc[0, "n1"] = float("nan")
    assert participants(replace(effects, data=data)) == (344, 1)
