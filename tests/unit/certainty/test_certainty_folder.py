"""The summary of findings in the folder: reading, refusing, going stale, checking, writing."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from evisynth.actions import check_review, grade_review
from evisynth.actions.run import compute
from evisynth.certainty import DOWN, MOST_OUTCOMES
from evisynth.cli import run_command
from evisynth.errors import InputError
from evisynth.reporting import build_document, render_docx, render_html, results_to_dict
from evisynth.reporting.blocks import Note, Table, plain
from evisynth.reporting.certainty_rows import CERTAINTY_HEADERS
from evisynth.reporting.tables import write_tables
from evisynth.review import Review, findings_of, read_review

RATINGS = "grade/ratings.csv"
STORED = "RR 0.72 (95% CI 0.68 to 0.76), 3 studies"
NOW = "RR 0.68 (95% CI 0.59 to 0.79), 3 studies"


def opened(folder: Path) -> tuple[Review, Any, Any]:
    review = read_review(folder)
    results = compute(review, None)
    return review, results, findings_of(review, results)


def rate_again(folder: Path) -> str:
    """Write the fingerprint of the result as it is now, as a person would."""
    now = opened(folder)[2][0].fingerprint
    path = folder / RATINGS
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("0123456789ab", now).replace(STORED, NOW), encoding="utf-8")
    return str(now)


def problems(folder: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_review(folder)
    return [str(problem) for problem in caught.value.problems]


def tables(review: Review, results: Any) -> dict[str, Table]:
    return {table.id: table for table in build_document(review, results).tables}


def cell(table: Table, row: int, column: str) -> str:
    place = next(n for n, made in enumerate(table.columns) if made.header.startswith(column))
    body = [made for made in table.rows if not made.is_full_width]
    return plain(body[row].cells[place])


def test_a_stale_rating_is_caught_with_where_and_what(stale):
    found = [each for each in check_review(stale).findings if each.check == "certainty"]
    assert [each.where for each in found] == [RATINGS] * 5
    assert found[0].at == "line 2, day-three, risk_of_bias"
    assert STORED in found[0].message
    assert f"the analysis now gives {NOW}" in found[0].message
    now = opened(stale)[2][0].fingerprint
    assert f"write {now} as its fingerprint" in found[0].hint


def test_a_stale_rating_is_marked_in_the_document(stale):
    review, results, found = opened(stale)
    assert found[0].rating.level == "Moderate"
    assert not found[0].is_rated
    assert found[0].statement() == (
        "No statement on sore throat on day 3: its rating is out of date."
    )
    document = build_document(review, results)
    warned = [block for block in document.blocks if isinstance(block, Note)]
    texts = [plain(block.text) for block in warned if "out of date" in block.title]
    assert len(texts) == 1
    assert "grade/ratings.csv, lines 2, 3, 4, 5, 6" in texts[0]
    assert STORED in texts[0]
    summary = {table.id: table for table in document.tables}["tab-summary-of-findings"]
    assert "Moderate, OUT OF DATE" in cell(summary, 0, "Certainty")
    # what is shown is what is computed, not what was stored
    assert cell(summary, 0, "Relative effect") == "RR 0.68 (0.59 to 0.79)"
    assert "OUT OF DATE" in render_html(document)
    assert len(render_docx(document)) > 10_000


def test_rated_again_it_holds(stale):
    rate_again(stale)
    assert [each for each in check_review(stale).findings if each.check == "certainty"] == []
    review, results, found = opened(stale)
    assert found[0].is_rated
    assert found[0].statement() == "The drug probably reduces sore throat on day 3."
    shown = tables(review, results)
    assert "OUT OF DATE" not in cell(shown["tab-summary-of-findings"], 0, "Certainty")
    assert "⨁⨁⨁◯ Moderate" in cell(shown["tab-summary-of-findings"], 0, "Certainty")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("extraction/events.csv", "Ames 2001,throat,58", "Ames 2001,throat,59"),
        ("review.toml", "risk = 0.3", "risk = 0.31"),
        ("review.toml", "small = 20", "small = 21"),
        ("review.toml", 'ci = "z"', 'level = 0.9\nci = "z"'),
        ("rob/assessments.csv", "Y,N,N,N,N,,,,Y", "Y,Y,N,N,N,,,,Y"),
    ],
    ids=["data", "baseline", "threshold", "option", "risk-of-bias"],
)
def test_whatever_a_rating_rests_on_makes_it_stale(stale, edit, name, old, new):
    rate_again(stale)
    assert opened(stale)[2][0].stale == ()
    edit(name, old, new)
    assert len(opened(stale)[2][0].stale) == 5


def test_words_that_a_rating_does_not_rest_on_leave_it(stale, edit):
    rate_again(stale)
    edit("review.toml", 'follow_up = "3 days"', 'follow_up = "three days"\ncomment = "x"')
    assert opened(stale)[2][0].stale == ()


def test_a_rating_without_fingerprint_is_stale_and_told_the_fingerprint(stale, edit):
    now = rate_again(stale)
    edit(RATINGS, now, "")
    messages = [each.message for each in check_review(stale).findings if each.check == "certainty"]
    assert messages
    assert now in messages[0]
    assert "a result that is not named" in messages[0]


def test_what_is_not_rated_is_said_and_no_failure(stale):
    (stale / RATINGS).unlink()
    report = check_review(stale)
    assert [each for each in report.findings if each.check == "certainty"] == []
    now = opened(stale)[2][0].fingerprint
    assert any("no domain is rated" in text and now in text for text in report.warnings)
    review, results, found = opened(stale)
    assert "has not been rated" in found[0].statement()
    assert cell(tables(review, results)["tab-summary-of-findings"], 0, "Certainty") == "Not rated"


def test_a_domain_that_is_open_leaves_the_outcome_without_a_level(stale, edit):
    rate_again(stale)
    edit(RATINGS, "day-three,imprecision,0", "day-three,imprecision,")
    review, results, found = opened(stale)
    assert found[0].rating.missing == ("imprecision",)
    shown = tables(review, results)
    assert cell(shown["tab-summary-of-findings"], 0, "Certainty").startswith("Not rated")
    assert cell(shown["tab-evidence-profile"], 0, "Imprecision") == "not rated"
    assert any("imprecision not rated yet" in text for text in check_review(stale).warnings)


def test_cells_of_the_summary(stale):
    rate_again(stale)
    review, results, _ = opened(stale)
    shown = tables(review, results)
    table = shown["tab-summary-of-findings"]
    assert cell(table, 0, "Outcome") == "Sore throat on day 3 (3 days), low risk"
    assert cell(table, 0, "Risk with comparator").startswith("300 per 1,000")
    assert cell(table, 0, "Risk with intervention") == "205 per 1,000 (177 to 237)"
    assert cell(table, 1, "Risk with intervention") == "409 per 1,000 (354 to 473)"
    assert cell(table, 0, "Participants") == "960 (3 studies)"
    assert cell(table, 2, "Outcome") == "Rheumatic fever"
    assert cell(table, 2, "Participants") == "no data"
    assert cell(table, 2, "What") == "This review has no data on rheumatic fever."
    notes = [plain(note) for note in table.footnotes]
    assert notes[0].startswith("* The risk with the intervention")
    assert any("general practice" in note for note in notes)
    assert any("Lowered one level for risk of bias: A third" in note for note in notes)
    assert any("RR: risk ratio" in note for note in notes)
    assert all(level in notes[-1] for level in ("High:", "Moderate:", "Low:", "Very low:"))
    assert table.columns[1].group == "Anticipated absolute effects* (95% CI)"
    facts = shown["tab-certainty-facts"]
    assert len([row for row in facts.rows if row.kind == "body"]) == 5


def test_tables_for_programs(stale, tmp_path):
    review, results, found = opened(stale)
    target = tmp_path / "tables"
    target.mkdir()
    write_tables(target, review, results)

    def read(name: str) -> list[dict[str, str]]:
        with (target / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    summary = read("summary_of_findings")
    assert [row["baseline"] for row in summary] == ["low", "high", ""]
    assert float(summary[0]["estimate"]) == pytest.approx(58 / 85)
    assert float(summary[0]["difference"]) == pytest.approx(0.3 * (58 / 85 - 1))
    assert [row["holds"] for row in summary] == ["false", "false", ""]
    profile = read("evidence_profile")
    assert {row["fingerprint_now"] for row in profile} == {found[0].fingerprint}
    assert [row["levels"] for row in profile[:5]] == ["-1", "0", "0", "0", "0"]
    assert len(read("certainty_facts")) > 10
    for name, header in CERTAINTY_HEADERS.items():
        assert tuple(read(name)[0]) == header


def test_results_json_holds_the_certainty(stale):
    review, results, found = opened(stale)
    content = json.loads(json.dumps(results_to_dict(review, results)))["certainty"]
    assert [entry["label"] for entry in content] == ["Sore throat on day 3", "Rheumatic fever"]
    first = content[0]
    assert first["fingerprint"] == found[0].fingerprint
    assert len(first["stale"]) == 5
    assert first["domains"][0]["facts"]["weight_low"] == pytest.approx(200 / 3)
    assert content[1]["domains"] == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("day-three,risk_of_bias,-1", "day-four,risk_of_bias,-1", "is no analysis of"),
        (",risk_of_bias,", ",risk_of_bais,", "Did you mean 'risk_of_bias'?"),
        (",inconsistency,", ",risk_of_bias,", "stands in line 2 already"),
        ("risk_of_bias,-1", "risk_of_bias,minus one", "is no step"),
        ("risk_of_bias,-1", "risk_of_bias,-3", "cannot move by −3"),
        (",imprecision,0", ",imprecision,-1", "has no reason"),
        (",ada,", ",,", "nobody is named"),
        (",ada,", ",bob,", "'bob' is not of the team"),
        ("2024-11-01", "1 November", "is no date"),
    ],
    ids=["analysis", "domain", "twice", "step", "too-far", "reason", "nobody", "stranger", "date"],
)
def test_a_rating_that_cannot_be_is_refused_with_its_line(stale, edit, old, new, words):
    edit(RATINGS, old, new)
    told = problems(stale)
    assert any(words in text for text in told)
    assert all(text.startswith(f"{RATINGS}, line ") for text in told)


def test_a_true_minus_sign_is_read(stale, edit):
    edit(RATINGS, "risk_of_bias,-1", "risk_of_bias,−1")
    assert opened(stale)[2][0].rating.levels("risk_of_bias") == -1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('analysis = "day-three"', 'analysis = "day-tree"', "Did you mean 'day-three'?"),
        ('outcome = "fever"\nimp', 'outcome = "feaver"\nimp', "Did you mean 'fever'?"),
        ('outcome = "fever"\nimp', "imp", "names neither 'analysis' nor 'outcome' nor 'label'"),
        ('outcome = "fever"\nimp', 'analysis = "day-three"\nimp', "has a row already"),
        ("small = 20", "small = 60", "must rise"),
        ('unit = "per 1000"', 'unit = "SMD"', "do not fit a risk ratio"),
        ("risk = 0.3", "risk = 30", "is not a proportion below 1"),
        (', source = "general practice"', "", "the key 'source' is missing"),
        ('follow_up = "3 days"', 'folow_up = "3 days"', "Did you mean 'follow_up'?"),
        ('follow_up = "3 days"', 'outcome = "throat"', "for rows without an analysis"),
    ],
    ids=["analysis", "outcome", "nothing", "twice", "order", "unit", "risk", "source", "key",
         "both"],
)  # fmt: skip
def test_a_row_that_cannot_be_is_refused_with_its_line(stale, edit, old, new, words):
    edit("review.toml", old, new)
    told = problems(stale)
    assert any(words in text for text in told)
    assert all(text.startswith("review.toml, line ") for text in told)


def test_more_than_seven_outcomes_are_warned_of(stale):
    path = stale / "review.toml"
    rows = "".join(f'\n[[summary_of_findings]]\nlabel = "Outcome {n}"\n' for n in range(6))
    path.write_text(path.read_text(encoding="utf-8") + rows, encoding="utf-8")
    review, results, found = opened(stale)
    assert len(found) == MOST_OUTCOMES + 1
    assert any("has 8 outcomes" in text for text in review.warnings)
    notes = [block for block in build_document(review, results).blocks if isinstance(block, Note)]
    assert any(block.title == "Many outcomes" for block in notes)


def test_a_review_without_summary_has_no_part_on_certainty(small):
    review = read_review(small)
    results = compute(review, None)
    assert findings_of(review, results) == ()
    ids = [table.id for table in build_document(review, results).tables]
    assert "tab-summary-of-findings" not in ids


def test_the_example_is_rated_and_its_ratings_hold(copy_example, tmp_path):
    folder = copy_example("digital-interventions-cancer", tmp_path / "cancer")
    review, results, found = opened(folder)
    assert [finding.is_rated for finding in found] == [True, True, False]
    assert [finding.rating.level for finding in found[:2]] == ["Very low", "Low"]
    document = build_document(review, results)
    notes = [block.title for block in document.blocks if isinstance(block, Note)]
    assert "Ratings of a demonstration" in notes
    assert all(
        "Demonstration" in step.reason for finding in found[:2] for step in finding.rating.steps
    )
    shutil.rmtree(folder)


def test_grade_asks_for_what_is_not_decided_and_leaves_the_rest(stale, edit):
    now = rate_again(stale)
    before = (stale / RATINGS).read_text(encoding="utf-8")
    assert grade_review(stale, write=True).written == ()
    assert (stale / RATINGS).read_text(encoding="utf-8") == before
    lines = before.splitlines(keepends=True)
    (stale / RATINGS).write_text("".join(lines[:2]).rstrip("\n"), encoding="utf-8")
    written = grade_review(stale, write=True).written
    assert [domain for _, domain in written] == list(DOWN[1:])
    after = (stale / RATINGS).read_text(encoding="utf-8")
    assert after.startswith("".join(lines[:2]))
    assert after.count(now) == 5
    assert opened(stale)[2][0].rating.missing == DOWN[1:]
    (stale / RATINGS).unlink()
    assert len(grade_review(stale, write=True).written) == 5
    assert opened(stale)[2][0].rating is None


def test_the_command_shows_facts_and_the_fingerprint(stale, capsys):
    now = opened(stale)[2][0].fingerprint
    assert run_command(["grade", str(stale)]) == 0
    shown = capsys.readouterr().out
    assert now in shown
    assert "optimal information size" in shown
    assert f"OUT OF DATE: risk of bias was rated for {STORED}" in shown
    assert run_command(["grade", str(stale), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [outcome["fingerprint"] for outcome in told["outcomes"]] == [now, ""]
    assert told["outcomes"][0]["domains"][0]["proposed"] is None
    assert run_command(["check", str(stale)]) == 1
    assert "grade/ratings.csv, line 2, day-three, risk_of_bias" in capsys.readouterr().out


def test_nothing_to_rate_is_said(small, capsys):
    assert run_command(["grade", str(small)]) == 2
    assert "[[summary_of_findings]]" in capsys.readouterr().err


STATED = """baseline = [
    { name = "low", risk = 0.3, source = "general practice" },
    { name = "high", risk = 0.6, source = "emergency department" },
]"""


def test_a_baseline_risk_from_the_studies_says_so(stale, edit):
    edit("review.toml", STATED, 'baseline_from = "pooled"')
    review, results, _ = opened(stale)
    table = tables(review, results)["tab-summary-of-findings"]
    assert cell(table, 0, "Risk with comparator").startswith("531 per 1,000")
    notes = " ".join(plain(note) for note in table.footnotes)
    assert "all events over all people of the control arms of 3 studies" in notes


def test_a_risk_difference_has_no_relative_effect(stale, edit):
    edit("review.toml", 'measure = "RR"', 'measure = "RD"')
    review, results, _ = opened(stale)
    table = tables(review, results)["tab-summary-of-findings"]
    assert cell(table, 0, "Relative effect") == "–"
    assert cell(table, 0, "Risk with intervention").startswith("131 per 1,000 (69 to 193)")


def test_a_risk_that_the_ratio_does_not_fit_is_noted(stale, edit):
    for study in ("Ames 2001", "Bell 2003", "Cole 2009"):
        edit("extraction/events.csv", f"{study},throat,58,160,85", f"{study},throat,85,160,30")
    review, results, _ = opened(stale)
    table = tables(review, results)["tab-summary-of-findings"]
    assert cell(table, 1, "Risk with intervention").startswith("1,000 per 1,000")
    notes = " ".join(plain(note) for note in table.footnotes)
    assert "does not fit this baseline risk" in notes


def test_raising_stands_under_other_and_is_warned_of(stale, edit):
    edit("review.toml", 'follow_up = "3 days"', 'follow_up = "3 days"\ndesign = "non-randomized"')
    now = rate_again(stale)
    path = stale / RATINGS
    row = f'day-three,large_effect,1,Very few get better alone.,ada,2024-11-01,{now},"{NOW}"\n'
    path.write_text(path.read_text(encoding="utf-8") + row, encoding="utf-8")
    review, results, found = opened(stale)
    assert (found[0].rating.start, found[0].rating.level) == ("Low", "Low")
    document = build_document(review, results)
    shown = {table.id: table for table in document.tables}
    assert cell(shown["tab-evidence-profile"], 0, "Other").startswith("large effect +1")
    assert len([row for row in shown["tab-certainty-facts"].rows if row.kind == "body"]) == 8
    notes = [block for block in document.blocks if isinstance(block, Note)]
    assert any("raises the certainty after it was lowered" in plain(note.text) for note in notes)


MEANS = """study,outcome,n1,mean1,sd1,n2,mean2,sd2
Ames 2001,throat,80,4.0,2.0,80,5.0,2.0
Bell 2003,throat,80,4.1,2.1,80,5.2,2.1
Cole 2009,throat,80,4.2,1.9,80,4.9,1.9
"""
SCALE = """[summary_of_findings.typical_scale]
name = "pain, 0 to 10"
sd = 2.0
lowest = 0
highest = 10
source = "made up"

[summary_of_findings.thresholds]
unit = "points"
"""


@pytest.fixture
def means(stale: Path, edit: Any) -> Path:
    (stale / "extraction" / "events.csv").write_text(MEANS, encoding="utf-8")
    edit("review.toml", 'kind = "events"', 'kind = "means"')
    edit("review.toml", 'type = "dichotomous"', 'type = "continuous"')
    edit("review.toml", STATED, "")
    edit("review.toml", '[summary_of_findings.thresholds]\nunit = "per 1000"\n', SCALE)
    edit("review.toml", "small = 20\nmoderate = 50\nlarge = 100", "small = 1")
    (stale / RATINGS).unlink()
    return stale


@pytest.mark.parametrize("measure", ["MD", "SMD"])
def test_continuous_outcomes(means, edit, measure):
    edit("review.toml", 'measure = "RR"', f'measure = "{measure}"')
    review, results, found = opened(means)
    table = tables(review, results)["tab-summary-of-findings"]
    assert cell(table, 0, "Relative effect") == "–"
    shown = cell(table, 0, "Risk with intervention")
    assert shown.startswith(f"{measure} 0.")
    assert " lower (" in shown
    assert found[0].evidence.size in ("trivial", "important")
    if measure == "MD":
        assert cell(table, 0, "Risk with comparator") == "median of the means 5.00"
        mid = found[0].evidence.fact("minimal_important_difference")
        assert (mid.value, "10% of the range" in mid.words) == (1.0, True)
    else:
        notes = " ".join(plain(note) for note in table.footnotes)
        assert "points lower on pain, 0 to 10" in notes
        assert "odds ratio of improving" in notes
    # no asterisk without an absolute effect in people
    assert table.columns[1].group == "Anticipated absolute effects (95% CI)"


def test_notes_beyond_z_keep_letters_of_their_own():
    from evisynth.reporting.content.estimates import Footnotes

    notes = Footnotes()
    letters = ["".join(run.text for run in notes.mark(f"note {n}")) for n in range(60)]
    assert letters[25:28] == ["z", "aa", "ab"]
    assert len(set(letters)) == 60
