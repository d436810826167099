"""The engine: incomplete domains, hidden answers, overrides and flags; choosing a judgement."""

from __future__ import annotations

from pathlib import Path

import pytest

from evisynth.appraisal import (
    INSTRUMENTS,
    Assessment,
    assess,
    assessment_for,
    effective_answers,
    instrument_by_id,
    judgement_for,
    propose,
    read_instrument,
)
from evisynth.errors import DataError, InputError, OptionError

ROB2 = INSTRUMENTS["rob2-parallel-assignment"]
ADHERING = INSTRUMENTS["rob2-parallel-adhering"]

LOW = {
    "1.1": "Y",
    "1.2": "Y",
    "1.3": "N",
    "2.1": "N",
    "2.2": "PN",
    "2.6": "Y",
    "3.1": "PY",
    "4.1": "N",
    "4.2": "N",
    "4.3": "N",
    "5.1": "Y",
    "5.2": "N",
    "5.3": "N",
}


def test_all_low() -> None:
    proposal = propose(ROB2, LOW)
    assert {domain.proposed for domain in proposal.domains} == {"low"}
    assert proposal.overall.proposed == "low"
    assert not proposal.may_escalate


def test_a_hidden_answer_is_kept_and_ignored() -> None:
    answers = {**LOW, "3.2": "N", "3.3": "Y", "3.4": "Y"}
    made = assess(ROB2, answers)
    assert made.judgement("D3") == "low"
    assert made.answers["3.4"] == "Y"
    assert effective_answers(ROB2, answers)["3.4"] == "NA"
    back = assess(ROB2, {**made.answers, "3.1": "N"})
    assert back.judgement("D3") == "high"


def test_unanswered_questions_that_apply_are_listed() -> None:
    answers = {number: answer for number, answer in LOW.items() if number not in ("2.6", "5.1")}
    proposal = propose(ROB2, {**answers, "2.1": "Y"})
    assert proposal.domains[1].proposed == "incomplete"
    assert proposal.domains[1].missing == ("2.3", "2.6")
    assert proposal.domains[4].missing == ("5.1",)
    assert proposal.overall.proposed == "incomplete"


def test_a_blank_or_na_on_a_question_that_applies_counts_as_unanswered() -> None:
    for blank in ("", "NA"):
        proposal = propose(ROB2, {**LOW, "3.1": "N", "3.2": blank})
        assert proposal.domains[2].missing == ("3.2",)


def test_na_is_an_answer_in_the_domain_of_adhering() -> None:
    answers = {"2.1": "Y", "2.2": "Y", "2.3": "NA", "2.4": "NA", "2.5": "N"}
    assert propose(ADHERING, answers).domains[1].proposed == "low"
    del answers["2.3"]
    assert propose(ADHERING, answers).domains[1].missing == ("2.3",)
    assert assess(ADHERING, {**LOW, **answers, "2.4": "NA"}).answers["2.4"] == "NA"


def test_no_information_is_not_offered_by_3_2() -> None:
    with pytest.raises(OptionError, match=r"3\.2.*'NI'.*allowed: Y, PY, PN, N.*answer PN"):
        propose(ROB2, {**LOW, "3.1": "N", "3.2": "NI"})


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"9.9": "Y"}, r"'9\.9' is not known"),
        ({"1.1": "yes"}, "'yes' is not known"),
        ({"1.1": "NA"}, "'NA' is not known"),
    ],
)
def test_what_the_instrument_does_not_know_is_refused(answers: dict[str, str], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        propose(ROB2, answers)


def test_several_concerns_are_offered_not_taken_for_high() -> None:
    answers = {**LOW, "1.2": "NI", "5.1": "NI"}
    proposal = propose(ROB2, answers)
    assert proposal.overall.proposed == "some concerns"
    assert proposal.may_escalate
    assert any("2 domains with 'some concerns'" in flag for flag in assess(ROB2, answers).flags)
    one = propose(ROB2, {**LOW, "1.2": "NI"})
    assert one.overall.proposed == "some concerns"
    assert not one.may_escalate


def test_an_override_keeps_the_proposal_and_moves_the_overall_one() -> None:
    made = assess(ROB2, LOW, final={"D2": "high"}, reasons={"D2": "Half of them crossed over"})
    domain = made.domains[1]
    assert (domain.proposed, domain.final, domain.overridden) == ("low", "high", True)
    assert domain.reason == "Half of them crossed over"
    assert (made.overall.proposed, made.overall.final) == ("high", "high")
    assert made.flags == ()


def test_an_override_without_a_reason_is_flagged() -> None:
    made = assess(ROB2, LOW, final={"D2": "high"})
    assert made.flags == ("D2: 'high' instead of the proposed 'low', no reason recorded",)


def test_the_same_judgement_is_no_override() -> None:
    made = assess(ROB2, LOW, final={"D1": "low", "overall": "low"})
    assert not any(entry.overridden for entry in (*made.domains, made.overall))


def test_an_overall_judgement_below_the_worst_domain_is_flagged() -> None:
    made = assess(
        ROB2, {**LOW, "5.2": "Y"}, final={"overall": "low"}, reasons={"overall": "Trivial"}
    )
    assert made.overall.final == "low"
    assert made.flags == ("Overall 'low' is below the worst domain, 'high'",)


def test_judgements_without_answers_are_taken_as_they_are() -> None:
    made = assess(ROB2, {}, final={"D1": "low", "overall": "high"})
    assert made.domains[0].proposed == "not assessed"
    assert made.domains[0].final == "low"
    assert not made.domains[0].overridden
    assert made.domains[1].final == "not assessed"
    assert made.judgement() == "high"


def test_final_judgements_are_checked() -> None:
    with pytest.raises(OptionError, match="'D7' is not known"):
        assess(ROB2, LOW, final={"D7": "low"})
    with pytest.raises(OptionError, match="'unclear' is not known"):
        assess(ROB2, LOW, final={"D1": "unclear"})


def test_unknown_instrument_lists_those_there_are() -> None:
    with pytest.raises(OptionError, match="Did you mean 'rob2-cluster'"):
        instrument_by_id("rob2-clustr")
    assert "rob3" not in INSTRUMENTS


def test_instruments_hold_own_words_and_point_to_the_official_text() -> None:
    assert len(INSTRUMENTS) == 3
    for name, instrument in INSTRUMENTS.items():
        assert instrument.id == name
        assert instrument.url.startswith("https://www.riskofbias.info/")
        assert "CC BY-NC-ND" in instrument.licence
        for question in instrument.questions:
            assert len(question.text) < 75
            assert "?" not in question.text


def made(study: str, outcome: str, d1: str, assessor: str = "") -> Assessment:
    return assess(
        ROB2, LOW, {"D1": d1}, {"D1": "for a test"}, study=study, outcome=outcome, assessor=assessor
    )


def test_the_judgement_of_the_result_comes_before_that_of_the_study() -> None:
    rows = [made("A", "", "low"), made("A", "anxiety", "high"), made("B", "anxiety", "high")]
    assert judgement_for(rows, "A", "anxiety") == "high"
    assert judgement_for(rows, "A", "anxiety", "D5") == "low"
    assert judgement_for(rows, "A", "depression") == "low"
    assert judgement_for(rows, "B", "depression") == "not assessed"
    assert judgement_for(rows, "C") == "not assessed"


def test_several_assessors() -> None:
    rows = [made("A", "", "low", "r1"), made("A", "", "high", "r2")]
    assert assessment_for(rows, "A") is None
    assert judgement_for(rows, "A") == "incomplete"
    assert judgement_for([*rows, made("A", "", "high", "Consensus")], "A") == "high"
    assert judgement_for([rows[0], made("A", "", "low", "r2")], "A") == "low"


INSTRUMENT = """
id = "own"
name = "Own"
title = "An instrument of our own"
version = "1"
citation = "none"
licence = "none"
url = "https://example.org"

[[domains]]
id = "D1"
label = "First"
title = "The first domain"
questions = [
    {{ id = "1.1", text = "One" }},
    {{ id = "1.2", text = "Two", gate = "{gate}" }},
]

[[domains.tables]]
columns = ["{columns}", "judgement"]
rows = [["{cell}", "{judgement}"]]
"""

PARTS = {"gate": "1.1 in Y", "columns": "1.1", "cell": "Y", "judgement": "low"}


def test_an_instrument_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(INSTRUMENT.format(**PARTS), encoding="utf-8")
    own = read_instrument(path)
    assert propose(own, {"1.1": "Y", "1.2": "N"}).domains[0].proposed == "low"
    with pytest.raises(DataError, match=r"no row .* covers the answers 1\.1 N, 1\.2 NA"):
        propose(own, {"1.1": "N"})


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"gate": "1.9 in Y"}, r"domains\[0\]\.questions\[1\]\.gate: question '1\.9'"),
        ({"gate": "1.1 is Y"}, "not of the form"),
        ({"gate": "1.1 in PY"}, "group of answers 'PY' is not known; allowed: Y, N, NI, NA"),
        ({"columns": "1.3"}, r"tables\[0\]\.columns: question '1\.3'"),
        ({"columns": "1.1 1.2"}, "must start with 'all' or 'any'"),
        ({"cell": "maybe"}, "group of answers 'maybe'"),
        ({"cell": ""}, "no answers are named"),
        ({"judgement": "unclear"}, "judgement 'unclear' is not known"),
    ],
)
def test_a_broken_instrument_names_the_key(
    tmp_path: Path, part: dict[str, str], words: str
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(INSTRUMENT.format(**{**PARTS, **part}), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_instrument(path)


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("id = ", encoding="utf-8")
    with pytest.raises(InputError, match=r"own\.toml: not a TOML file"):
        read_instrument(path)
    path.write_text('id = "x"', encoding="utf-8")
    with pytest.raises(InputError, match=r"own\.toml, name: a text must stand here"):
        read_instrument(path)
