"""Translation: the known traps, and what is said of each loss."""

from __future__ import annotations

import pytest

from evisynth.errors import OptionError
from evisynth.searches import (
    Platform,
    QuerySyntaxError,
    StrategyLine,
    translate_lines,
    translate_text,
)


@pytest.mark.parametrize(
    ("source", "target", "text", "expected"),
    [
        # a range of dates is never cut to its start
        ("pubmed", "wos", "2010:2024[dp]", "PY=(2010-2024)"),
        ("wos", "pubmed", "PY=(2010-2024)", "2010:2024[dp]"),
        ("wos", "ebsco", "PY=(2010-2024)", "PY 2010-2024"),
        ("pubmed", "scopus", "2010:3000[dp]", "PUBYEAR > 2009"),
        ("scopus", "embase", "PUBYEAR > 2009 AND PUBYEAR < 2025", "[2010-2024]/py"),
        # proximity keeps its number, and the number counts what the platform counts
        ("pubmed", "wos", '"hip pain"[ti:~3]', "TI=(hip NEAR/3 pain)"),
        ("ovid", "wos", "(hip adj3 pain).ti.", "TI=(hip NEAR/2 pain)"),
        ("ovid", "embase", "(hip adj3 pain).ti.", "(hip NEAR/3 pain):ti"),
        ("ovid", "scopus", "(hip adj3 pain).ti.", "TITLE(hip W/2 pain)"),
        ("ovid", "ebsco", "(hip adj3 pain).ti.", "TI (hip N2 pain)"),
        ("ovid", "pubmed", "(hip adj3 pain).ti.", '"hip pain"[ti:~2]'),
        ("embase", "ebsco", "(hip NEXT/3 pain):ti", "TI (hip W2 pain)"),
        ("wos", "ovid", "TI=(hip NEAR pain)", "(hip adj16 pain).ti."),
        # explosion, main topics
        ("pubmed", "ovid", '"Gait"[Mesh]', "exp Gait/"),
        ("pubmed", "ovid", '"Gait"[Mesh:NoExp]', "Gait/"),
        ("pubmed", "ovid", '"Gait"[Majr]', "exp *Gait/"),
        ("pubmed", "ovid", '"Gait"[Majr:NoExp]', "*Gait/"),
        ("ovid", "cochrane", "exp Gait/", '[mh "Gait"]'),
        # line references
        ("ovid", "ebsco", "1 and (2 or 3)", "S1 AND (S2 OR S3)"),
        ("cochrane", "ovid", "{or #1-#4}", "or/1-4"),
        # words
        ("wos", "ovid", "TI=(heart failure)", "heart.ti. and failure.ti."),
        ("ovid", "cochrane", "heart attack*.ti.", "(heart NEXT attack*):ti"),
        ("pubmed", "embase", '"heart attack"[tiab]', "'heart attack':ti,ab"),
    ],
)
def test_what_can_be_said_is_said_without_loss(
    source: Platform, target: Platform, text: str, expected: str
) -> None:
    done = translate_text(text, source, target)
    assert done.text == expected
    assert done.losses == ()


def test_headings_of_medline_on_ebsco_keep_their_explosion() -> None:
    done = translate_text('"Gait"[Mesh]', "pubmed", "ebsco", target_database="MEDLINE")
    assert (done.text, done.losses) == ('MH "Gait+"', ())
    back = translate_text('MH "Gait+"', "ebsco", "pubmed", source_database="MEDLINE")
    assert (back.text, back.losses) == ('"Gait"[mh]', ())


@pytest.mark.parametrize(
    ("source", "target", "text", "expected", "effect", "word"),
    [
        ("pubmed", "wos", '"Gait"[Mesh]', "TS=(Gait)", "different", "no controlled vocabulary"),
        ("ovid", "embase", "exp Gait/", "'Gait'/exp", "different", "Emtree"),
        ("ovid", "cochrane", "*Gait/", '[mh ^"Gait"]', "broader", "main topic"),
        ("ovid", "pubmed", "(walk* adj3 speed).ti.", "walk*[ti] AND speed[ti]", "broader",
         "truncation"),
        ("embase", "ovid", "(hip NEXT/3 pain):ti", "(hip adj3 pain).ti.", "broader", "order"),
        ("embase", "wos", "(hip NEXT/1 (pain OR ache)):ti", "TI=(hip NEAR/0 (pain OR ache))",
         "broader", "order"),
        ("ovid", "pubmed", "gait.mp.", "gait[tw]", "different", "multi-purpose"),
        ("wos", "ovid", "TS=gait", "gait.ti,ab,kf.", "removed", "keywords plus"),
        ("pubmed", "ovid", "heart attack", "heart.af. and attack.af.", "different",
         "headings and synonyms"),
        ("ovid", "pubmed", "wom#n.ti.", "wom*[ti]", "different", "short stem"),
        ("ovid", "pubmed", "behavio?r.ti.", "behavio*[ti]", "broader", "wildcard"),
        ("ovid", "scopus", "behavio?r.ti.", "TITLE(behavior OR behavio?r)", "none", "both forms"),
        ("ovid", "wos", "walk$3.ti.", "TI=(walk*)", "broader", "wildcard"),
        ("scopus", "ovid", "TITLE({heart-attack})", "heart-attack.ti.", "broader", "punctuation"),
        ("pubmed", "scopus", "2010/03/02:3000[dp]", "PUBYEAR > 2009", "broader", "finer dates"),
        ("pubmed", "wos", "2024/01/15:3000[crdt]", "LD=(2024-01-15/3000-12-31)", "different",
         "created"),
        ("pubmed", "wos", "2024[edat]", "LD=(2024-01-01/2024-12-31)", "none", "full dates"),
        ("pubmed", "proquest", "gait[ti] AND 2024[edat]", "TI(gait)", "removed", "date entered"),
        ("pubmed", "cochrane", "gait[ti] AND english[la]", "gait:ti", "removed", "english"),
        ("pubmed", "wos", "review[pt]", "DT=(review)", "different", "publication type"),
        ("ovid", "scopus", "(hip adj3 (pain or ache)).ti.",
         "TITLE((hip W/2 pain) OR (hip W/2 ache))", "none", "2 proximities"),
        ("embase", "pubmed", "gait:ti AND [humans]/lim", "gait[ti]", "removed", "humans"),
        ("embase", "pubmed", "gait:ti,ab,kw", "gait[tiab]", "none", "author keywords"),
        ("ovid", "embase", "drug therapy.fs.", "'drug therapy':lnk", "different", "subheading"),
        ("embase", "ovid", "'gait'/exp/dm_dt", "exp gait/", "broader", "subheadings"),
    ],
)  # fmt: skip
def test_every_loss_is_named_with_its_effect(
    source: Platform, target: Platform, text: str, expected: str, effect: str, word: str
) -> None:
    done = translate_text(text, source, target)
    assert done.text == expected
    matching = [loss for loss in done.losses if loss.effect == effect and word in str(loss)]
    assert matching, "\n".join(map(str, done.losses))
    assert all(loss.line == 1 and loss.what and loss.why and loss.instead for loss in done.losses)
    assert done.same_meaning == (effect == "none")


def test_free_text_with_ovid_syntax_is_not_taken_for_pubmed() -> None:
    with pytest.raises(QuerySyntaxError, match="field code of Ovid"):
        translate_text("depress*.ti,ab. AND exp Exercise/", "pubmed", "wos")


def test_lines_keep_their_numbers_concepts_and_references() -> None:
    lines = [
        StrategyLine(1, "exp Gait/", 10, "2026-01-02", concept="gait"),
        StrategyLine(3, "walk*.ti,ab.", 20, "2026-01-02"),
        StrategyLine(4, "1 or 3", 25, "2026-01-02"),
    ]
    done = translate_lines(lines, "ovid", "pubmed")
    assert [(line.number, line.text) for line in done.lines] == [
        (1, '"Gait"[mh]'), (3, "walk*[tiab]"), (4, "#1 OR #3")
    ]  # fmt: skip
    assert done.lines[0].concept == "gait"
    assert {line.hits for line in done.lines} == {None}
    assert done.text.startswith('1. "Gait"[mh]\n3. walk*[tiab]')


def test_a_line_that_is_lost_whole_takes_its_references_with_it() -> None:
    done = translate_text("1. english[la]\n2. gait[ti]\n3. #1 AND #2", "pubmed", "cochrane")
    assert [(line.number, line.text) for line in done.lines] == [(2, "gait:ti"), (3, "#2")]
    said = "\n".join(map(str, done.losses))
    assert "line 1: the line (removed)" in said
    assert "line 3: the reference to line 1 (removed)" in said


def test_what_the_target_does_by_itself_is_a_note() -> None:
    done = translate_text("gait.ti,ab.", "ovid", "pubmed")
    assert done.losses == ()
    assert any("author keywords" in note for note in done.notes)
    assert "Note: " in str(done)
    assert translate_text("gait.ti,ab.", "ovid", "ovid").notes == ()


def test_losses_are_rows_for_a_table() -> None:
    rows = translate_text("exp Gait/", "ovid", "wos").rows()
    assert rows == [
        {
            "line": "1",
            "effect": "different",
            "what": "the heading 'Gait' with the narrower headings",
            "why": "Web of Science has no controlled vocabulary",
            "instead": "its words; add synonyms and narrower terms by hand",
        }
    ]


def test_platforms_are_known_by_name() -> None:
    assert translate_text("gait.ti.", "OvidSP", "Web of Science").text == "TI=(gait)"
    with pytest.raises(OptionError, match=r"'pubmde'.*Did you mean 'pubmed'"):
        translate_text("gait.ti.", "ovid", "pubmde")
