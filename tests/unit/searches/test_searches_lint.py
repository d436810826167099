"""Lint: each code is found where it should be, with its place, and not where all is well."""

from __future__ import annotations

import pytest

from evisynth.searches import Platform, lint_text

CASES: list[tuple[Platform, str, str, str, int, int]] = [
    # platform, text, code, severity, line, column
    ("ovid", "(walk*.ti.", "unbalanced-parenthesis", "error", 1, 1),
    ("ovid", '"walk.ti.', "unbalanced-quote", "error", 1, 1),
    ("ovid", "walk*", "missing-field", "warning", 1, 1),
    ("wos", "walk*", "missing-field", "error", 1, 1),
    ("pubmed", "walking speed", "automatic-term-mapping", "warning", 1, 1),
    ("pubmed", '"walking speed"', "missing-field", "hint", 1, 1),
    ("ovid", "walk*.tii.", "unknown-field", "error", 1, 7),
    ("ovid", "walk*.ti", "missing-period", "warning", 1, 6),
    ("pubmed", "walk*.ti,ab.", "wrong-platform", "error", 1, 6),
    ("ovid", "1. gait.ti.\n2. 1 and 7", "dangling-reference", "error", 2, 7),
    ("ovid", "1. gait.ti.\n2. 1 and 3\n3. 2 or 1", "forward-reference", "error", 2, 7),
    ("ovid", "1. gait.ti.\n2. walk*.ti.\n3. 1 and gait.ab.", "unused-line", "warning", 2, 1),
    ("ovid", "1. gait.ti.\n2. GAIT.ti.\n3. 1 or 2", "repeated-line", "warning", 2, 1),
    ("ovid", "gait.ti. or walk*.ti. and speed.ti.", "mixed-operators", "warning", 1, 1),
    ("pubmed", "gait[ti] NOT rat[ti]", "not-operator", "warning", 1, 10),
    ("pubmed", "gait[ti] or walk*[ti]", "operator-case", "error", 1, 10),
    ("pubmed", "gait[ti] AND NOT rat[ti]", "operator-form", "warning", 1, 10),
    ("scopus", "TITLE(gait) NOT TITLE(rat)", "operator-form", "error", 1, 13),
    ("wos", "TS=(heart failure)", "missing-operator", "warning", 1, 11),
    ("pubmed", "gai*[ti]", "truncation-short", "error", 1, 1),
    ("wos", "TI=(ga*)", "truncation-short", "error", 1, 5),
    ("ovid", "ga*.ti.", "truncation-short", "warning", 1, 1),
    ("pubmed", "walk*ing[ti]", "truncation-place", "error", 1, 1),
    ("ovid", "*emia.ti.", "truncation-front", "error", 1, 1),
    ("wos", "TI=(*emia)", "truncation-front", "warning", 1, 5),
    ("cochrane", '"heart attack*":ti', "phrase-truncation", "error", 1, 1),
    ("scopus", "TITLE({walk*})", "phrase-truncation", "error", 1, 7),
    ("pubmed", '"walk* speed"[ti:~2]', "truncation-in-proximity", "error", 1, 1),
    ("wos", "TI=(gait NEAR/20 speed)", "proximity-far", "warning", 1, 5),
    ("embase", "(gait NEAR speed):ti", "proximity-number", "error", 1, 7),
    ("ovid", "(gait adj1 speed).ti.", "proximity-number", "hint", 1, 2),
    ("scopus", "TITLE(gait W/2 (speed OR pace))", "proximity-operand", "warning", 1, 7),
    ("ovid", "tumour.ti.", "spelling-variant", "warning", 1, 1),
    ("ovid", "randomised.ti.", "spelling-variant", "warning", 1, 1),
    ("ovid", "paediatric clinic.ti.", "spelling-variant", "warning", 1, 1),
    ("ovid", "trial.ti.", "singular-plural", "hint", 1, 1),
    ("ovid", "1. gait.ti.\n2. gait.ti,ab.\n3. 1 or 2", "repeated-term", "warning", 2, 1),
    ("ovid", "(walk* or walking).ti.", "covered-term", "hint", 1, 11),
    ("ovid", "Gait/", "heading-not-exploded", "hint", 1, 1),
    ("ovid", "exp *Gait/", "heading-major", "hint", 1, 1),
    ("ovid", "exp Gait/ph", "heading-subheadings", "hint", 1, 1),
    ("pubmed", "(gait[ti]) AND walk*[ti]", "needless-parentheses", "hint", 1, 1),
    ("pubmed", "gait[ti] AND 2010:2024[dp]", "publication-date", "hint", 1, 14),
    ("pubmed", "1. gait[ti] AND 2010:2024[dp]\n2. #1 AND 2024:3000[edat]", "mixed-dates",
     "warning", 1, 14),
    ("pubmed", "gait[ti] AND english[la]", "limit", "hint", 1, 14),
    ("pubmed", "“gait speed”[ti]", "curly-quote", "warning", 1, 1),
    ("pubmed", "step–count[ti]", "typographic-dash", "warning", 1, 5),
    ("pubmed", "gait[ti] AND", "missing-operand", "error", 1, 10),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "text", "code", "severity", "line", "column"), CASES)
def test_code_is_found_at_its_place(
    platform: Platform, text: str, code: str, severity: str, line: int, column: int
) -> None:
    report = lint_text(text, platform)
    found = [finding for finding in report.findings if finding.code == code]
    assert found, str(report)
    first = found[0]
    assert (first.severity, first.line, first.column) == (severity, line, column)
    assert first.message
    assert first.repair
    assert first.end_column >= first.column


CLEAN: list[tuple[Platform, str]] = [
    ("ovid", "1. exp Gait/\n2. (gait or walk* or tumo?r*).ti,ab.\n3. 1 or 2"),
    ("pubmed", '1. "Gait"[mh]\n2. gait[tiab] OR walk*[tiab]\n3. #1 OR #2'),
    ("embase", "1. 'gait'/exp\n2. (gait OR walk*):ti,ab,kw\n3. #1 OR #2"),
    ("ebsco", '1. MH "Gait+"\n2. TI (gait OR walk*) OR AB (gait OR walk*)\n3. S1 OR S2'),
    ("proquest", '1. MAINSUBJECT.EXACT.EXPLODE("Gait")\n2. TI,AB(gait OR walk*)\n3. S1 OR S2'),
    ("wos", "1. TS=(gait OR walk*)\n2. TI=(speed* NEAR/3 pace*)\n3. #1 AND #2"),
    ("scopus", "1. TITLE-ABS-KEY(gait OR walk*)\n2. TITLE(speed* W/3 pace*)\n3. #1 AND #2"),
    ("cochrane", '1. [mh "Gait"]\n2. (gait OR walk*):ti,ab,kw\n3. #1 OR #2'),
]


@pytest.mark.parametrize(("platform", "text"), CLEAN)
def test_a_good_strategy_has_no_errors_or_warnings(platform: Platform, text: str) -> None:
    report = lint_text(text, platform, hints=False)
    assert report.findings == (), str(report)


@pytest.mark.parametrize(
    "text",
    [
        "(tumour or tumor).ti.",
        "tumo?r*.ti.",
        "randomi?ed.ti.",
        "(randomised or randomized).ti.",
        "exercise*.ti.",
        "1. tumour*.ti.\n2. tumor*.ti.\n3. 1 or 2",
    ],
)
def test_a_spelling_that_is_covered_is_not_missed(text: str) -> None:
    assert "spelling-variant" not in lint_text(text, "ovid").codes


def test_findings_are_in_the_order_of_the_text_and_rows_tell_them() -> None:
    report = lint_text("1. gait\n2. walk*.tii. and 9", "ovid")
    places = [(finding.line, finding.column) for finding in report.findings]
    assert places == sorted(places)
    assert [row["code"] for row in report.rows()] == [found.code for found in report.findings]
    assert "error" in str(report).splitlines()[0]
