"""Every platform's way of writing, and one tree for all of them."""

from __future__ import annotations

import pytest

from evisynth.errors import DataError
from evisynth.searches import (
    SYNTAX,
    And,
    DateRange,
    Heading,
    Limit,
    LineRef,
    Near,
    Node,
    Not,
    Or,
    Platform,
    QuerySyntaxError,
    Term,
    Wildcard,
    parse_query,
    query_text,
    term,
)

TIAB = ("title", "abstract")

SAME: list[tuple[Node, dict[Platform, str]]] = [
    (
        term("walk*", *TIAB),
        {
            "ovid": "walk*.ti,ab.",
            "pubmed": "walk*[tiab]",
            "embase": "walk*:ti,ab",
            "ebsco": "TI walk* OR AB walk*",
            "proquest": "TI,AB(walk*)",
            "wos": "TI=(walk*) OR AB=(walk*)",
            "scopus": "TITLE-ABS(walk*)",
            "cochrane": "walk*:ti,ab",
        },
    ),
    (
        Near((term("gait", "title"), term("speed", "title")), 2),
        {
            "ovid": "(gait adj3 speed).ti.",
            "pubmed": '"gait speed"[ti:~2]',
            "embase": "(gait NEAR/3 speed):ti",
            "ebsco": "TI (gait N2 speed)",
            "proquest": "TI(gait NEAR/2 speed)",
            "wos": "TI=(gait NEAR/2 speed)",
            "scopus": "TITLE(gait W/2 speed)",
            "cochrane": "(gait NEAR/2 speed):ti",
        },
    ),
    (
        Or((LineRef(1), LineRef(2), LineRef(3))),
        {
            "ovid": "or/1-3",
            "pubmed": "#1 OR #2 OR #3",
            "embase": "#1 OR #2 OR #3",
            "ebsco": "S1 OR S2 OR S3",
            "proquest": "S1 OR S2 OR S3",
            "wos": "#1 OR #2 OR #3",
            "scopus": "#1 OR #2 OR #3",
            "cochrane": "{or #1-#3}",
        },
    ),
    (
        Heading("Depression", explode=True),
        {
            "ovid": "exp Depression/",
            "pubmed": '"Depression"[mh]',
            "embase": "'Depression'/exp",
            "ebsco": 'MH "Depression+"',
            "proquest": 'MAINSUBJECT.EXACT.EXPLODE("Depression")',
            "cochrane": '[mh "Depression"]',
        },
    ),
    (
        Heading("Depression", explode=False),
        {
            "ovid": "Depression/",
            "pubmed": '"Depression"[mh:noexp]',
            "embase": "'Depression'/de",
            "ebsco": 'MH "Depression"',
            "proquest": 'MAINSUBJECT.EXACT("Depression")',
            "cochrane": '[mh ^"Depression"]',
        },
    ),
    (
        Heading("Depression", explode=False, major=True),
        {
            "ovid": "*Depression/",
            "pubmed": '"Depression"[majr:noexp]',
            "embase": "'Depression'/mj",
            "ebsco": 'MM "Depression"',
            "proquest": 'MJMAINSUBJECT.EXACT("Depression")',
        },
    ),
    (
        Heading("Depression", subheadings=("dt",)),
        {
            "ovid": "exp Depression/dt",
            "pubmed": '"Depression/drug therapy"[mh]',
            "ebsco": 'MH "Depression+/DT"',
            "cochrane": '[mh "Depression"/DT]',
        },
    ),
    (
        And((LineRef(5), DateRange("published", "2010", "2024"))),
        {
            "ovid": 'limit 5 to yr="2010 -2024"',
            "pubmed": "#5 AND 2010:2024[dp]",
            "embase": "#5 AND [2010-2024]/py",
            "ebsco": "S5 AND PY 2010-2024",
            "proquest": "S5 AND YR(2010-2024)",
            "wos": "#5 AND PY=(2010-2024)",
            "scopus": "#5 AND (PUBYEAR > 2009 AND PUBYEAR < 2025)",
            "cochrane": "#5 with Publication Year from 2010 to 2024",
        },
    ),
    (
        Not(term("gait", "title"), term("rat", "title")),
        {
            "ovid": "gait.ti. not rat.ti.",
            "pubmed": "gait[ti] NOT rat[ti]",
            "embase": "gait:ti NOT rat:ti",
            "ebsco": "TI gait NOT TI rat",
            "proquest": "TI(gait) NOT TI(rat)",
            "wos": "TI=(gait) NOT TI=(rat)",
            "scopus": "TITLE(gait) AND NOT TITLE(rat)",
            "cochrane": "gait:ti NOT rat:ti",
        },
    ),
    (
        DateRange("entered", "2024-01-15", "2024-06-30"),
        {
            "ovid": "20240115:20240630.ed.",
            "pubmed": "2024/01/15:2024/06/30[edat]",
            "embase": "([15-01-2024]/sd NOT [01-07-2024]/sd)",
            "ebsco": "EM 20240115-20240630",
            "wos": "LD=(2024-01-15/2024-06-30)",
            "scopus": "(ORIG-LOAD-DATE AFT 20240114 AND ORIG-LOAD-DATE BEF 20240701)",
        },
    ),
]


@pytest.mark.parametrize(
    ("tree", "platform", "text"),
    [(tree, platform, text) for tree, texts in SAME for platform, text in texts.items()],
)
def test_one_tree_for_all_platforms(tree: Node, platform: Platform, text: str) -> None:
    assert parse_query(text, platform) == tree
    assert query_text(tree, platform) == text


@pytest.mark.parametrize(
    ("platform", "text", "same"),
    [
        ("ovid", "(walk* or gait).ti,ab.", "walk*.ti,ab. or gait.ti,ab."),
        ("ovid", "heart adj attack.ti.", '"heart attack".ti.'),
        ("ovid", "WALK*.ti.", "WALK$.ti."),
        ("ovid", "humans.sh.", "humans/"),
        ("ovid", "(2010 or 2011).ti.", '"2010".ti. or "2011".ti.'),
        ("ovid", "exp Depression/dt, th [Drug Therapy, Therapy]", "exp Depression/th,dt"),
        ("ovid", "1 and 2 and (3)", "and/1-3"),
        ("pubmed", "heart attack[Title/Abstract]", '"heart attack"[tiab]'),
        ("pubmed", '"Depression"[MeSH Terms]', "Depression[mh]"),
        ("pubmed", '"2010/01/01"[Date - Publication] : "3000"[Date - Publication]',
         "2010/01/01:3000[dp]"),
        ("pubmed", "gait [ti]", "gait[ti]"),
        ("pubmed", "“gait speed”[ti]", '"gait speed"[ti]'),
        ("embase", '"parkinson disease":ti', "'parkinson disease':ti"),
        ("embase", "english:la", "[english]/lim"),
        ("embase", "depression/exp", "'depression'/exp"),
        ("ebsco", "TI ( gait OR walk* )", "TI gait OR TI walk*"),
        ("ebsco", '(MH "Gait+")', 'MH "Gait+"'),
        ("proquest", 'MESH.EXACT.EXPLODE("Gait")', 'MAINSUBJECT.EXACT.EXPLODE("Gait")'),
        ("proquest", "TI(gait N/3 speed)", "TI(gait NEAR/3 speed)"),
        ("proquest", "TI(gait NEAR speed)", "TI(gait NEAR/4 speed)"),
        ("wos", "TS=(gait NEAR speed)", "TS=(gait NEAR/15 speed)"),
        ("wos", "TI=gait", "TI=(gait)"),
        ("wos", "TI=(heart failure)", "TI=heart AND TI=failure"),
        ("scopus", "PUBYEAR AFT 2009", "PUBYEAR > 2009"),
        ("scopus", "PUBYEAR IS 2010", "PUBYEAR = 2010"),
        ("scopus", 'LIMIT-TO(LANGUAGE,"English")', "LANGUAGE(english)"),
        ("cochrane", "MeSH descriptor: [Gait] this term only", '[mh ^"Gait"]'),
        ("cochrane", "(gait NEXT speed*):ti", "(gait NEXT speed*):ti"),
        ("cochrane", "(gait NEAR speed):ti", "(gait NEAR/6 speed):ti"),
    ],
)  # fmt: skip
def test_two_ways_of_writing_are_one_tree(platform: Platform, text: str, same: str) -> None:
    assert parse_query(text, platform) == parse_query(same, platform)


A, B, C = (term(word, "title") for word in "abc")


@pytest.mark.parametrize(
    ("platform", "text", "tree"),
    [
        ("ovid", "a.ti. or b.ti. and c.ti.", Or((A, And((B, C))))),
        ("pubmed", "a[ti] OR b[ti] AND c[ti]", And((Or((A, B)), C))),
        ("embase", "a:ti OR b:ti AND c:ti", And((Or((A, B)), C))),
        ("ebsco", "TI a OR TI b AND TI c", Or((A, And((B, C))))),
        ("proquest", "TI(a) NOT TI(b) AND TI(c)", Not(A, And((B, C)))),
        ("proquest", "TI(a) OR TI(b) AND TI(c)", Or((A, And((B, C))))),
        ("wos", "TI=a AND TI=b NOT TI=c", And((A, Not(B, C)))),
        ("wos", "TI=a OR TI=b AND TI=c", Or((A, And((B, C))))),
        ("scopus", "TITLE(a) AND TITLE(b) OR TITLE(c)", And((A, Or((B, C))))),
        ("scopus", "TITLE(a AND NOT b OR c)", Not(A, Or((B, C)))),
        ("scopus", "TITLE(a W/2 b OR c)", Near((A, Or((B, C))), 2)),
        ("cochrane", "a:ti OR b:ti AND c:ti", Or((A, And((B, C))))),
    ],
)
def test_precedence_is_that_of_the_platform(platform: Platform, text: str, tree: Node) -> None:
    assert parse_query(text, platform) == tree


def test_wildcards_keep_their_meaning() -> None:
    found = parse_query("wom#n? dog$3 h*a.ti.", "ovid")
    assert isinstance(found, Term)
    assert [piece for piece in found.pieces if isinstance(piece, Wildcard)] == [
        Wildcard("one"), Wildcard("optional"), Wildcard("any", 3), Wildcard("any")
    ]  # fmt: skip
    assert parse_query("wom?n$:ti", "embase") == parse_query("TI wom?n#", "ebsco")


def test_braces_of_scopus_are_exact_and_hold_no_wildcards() -> None:
    found = parse_query("TITLE({heart-attack*})", "scopus")
    assert found == Term(("heart-attack*",), ("title",), exact=True)


def test_an_untagged_term_of_pubmed_is_mapped_unless_quoted_or_truncated() -> None:
    mapped = [parse_query(text, "pubmed") for text in ("gait", '"gait"', "gait*", "gait[all]")]
    assert [leaf.mapped for leaf in mapped if isinstance(leaf, Term)] == [True, False, False, False]


def test_limits_that_are_no_fields() -> None:
    assert parse_query("limit 3 to humans", "ovid") == And((LineRef(3), Limit("humans")))
    assert parse_query("[humans]/lim", "embase") == Limit("humans")
    found = parse_query("#3 with Publication Year from 2010 to 2024, in Trials", "cochrane")
    assert found == And((LineRef(3), DateRange("published", "2010", "2024"), Limit("in trials")))


@pytest.mark.parametrize(
    ("platform", "text", "code", "column"),
    [
        ("pubmed", "(gait[ti] OR walk[ti]", "unbalanced-parenthesis", 1),
        ("pubmed", "gait[ti])", "unbalanced-parenthesis", 9),
        ("pubmed", '"gait[ti]', "unbalanced-quote", 1),
        ("pubmed", "gait[tia]", "unknown-field", 6),
        ("pubmed", "gait[ti] AND", "missing-operand", 10),
        ("pubmed", "OR gait[ti]", "missing-operand", 1),
        ("pubmed", "gait[ti] AND ()", "empty-group", 14),
        ("pubmed", "(gait OR walk)[ti]", "field-on-group", 15),
        ("pubmed", '"gait*  speed"[ti:~2]', "truncation-in-proximity", 1),
        ("pubmed", "last 5 years[dp]", "date", 1),
        ("pubmed", '"Gait+"[mh]', "wrong-platform", 1),
        ("pubmed", "depress*.ti,ab. AND exp Exercise/", "wrong-platform", 9),
        ("ovid", "gait.tii.", "unknown-field", 6),
        ("ovid", "gait[tiab]", "wrong-platform", 5),
        ("ovid", "(exp Gait/ adj3 speed).ti.", "proximity-operand", 2),
        ("ovid", "(gait.ti. adj3 speed.ab.)", "proximity-fields", 2),
        ("embase", "gait NEAR speed", "proximity-number", 6),
        ("embase", "(gait NEAR/0 speed):ti", "proximity-number", 7),
        ("ebsco", "TI AND gait", "missing-operand", 1),
        ("wos", "TS=(gait SAME speed)", "proximity-number", 10),
        ("wos", "TITLE-ABS(gait)", "wrong-platform", 1),
        ("scopus", "TS=(gait)", "wrong-platform", 1),
        ("scopus", "TITEL(gait)", "unknown-field", 1),
        ("cochrane", "exp Gait/", "wrong-platform", 1),
        ("pubmed", "  ", "empty", 1),
        ("pubmed", "gait[ti] ] AND walk[ti]", "unexpected-sign", 10),
    ],
)
def test_a_problem_has_its_place_and_a_repair(
    platform: Platform, text: str, code: str, column: int
) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_query(text, platform, line=4)
    problem = caught.value.found[0]
    assert (problem.code, problem.column, problem.line) == (code, column, 4)
    assert problem.expected
    assert problem.repair
    assert f"line 4, column {column}" in str(caught.value)


def test_a_misspelt_field_is_answered_with_the_nearest() -> None:
    with pytest.raises(QuerySyntaxError, match=r"no field 'tiba'.*Did you mean 'tiab'"):
        parse_query("gait[tiba]", "pubmed")


def test_what_a_platform_cannot_say_is_refused_with_the_way_out() -> None:
    with pytest.raises(DataError, match=r"Web of Science cannot say the heading.*translate_text"):
        query_text(Heading("Gait"), "wos")
    with pytest.raises(DataError, match="Scopus cannot say the field keywords plus"):
        query_text(term("gait", "keywords plus"), "scopus")


def test_every_platform_is_described_whole() -> None:
    for syntax in SYNTAX.values():
        assert set(syntax.codes) <= {
            code for code in syntax.codes if code.casefold() in syntax.tags
        }
        assert {operator for level in syntax.levels for operator in level} >= {"and", "or", "not"}
        assert "any" in syntax.wildcards


def test_nesting_beyond_reading_is_a_problem_not_a_crash() -> None:
    assert parse_query("(" * 40 + "gait.ti." + ")" * 40, "ovid") == term("gait", "title")
    with pytest.raises(QuerySyntaxError) as caught:
        parse_query("(" * 5000 + "gait.ti." + ")" * 5000, "ovid")
    assert [problem.code for problem in caught.value.found] == ["nesting"]


def test_nested_groups_keep_their_depth() -> None:
    text = "a.ti."
    for number in range(40):
        text = f"({text} {'and' if number % 2 else 'or'} b{number}.ti.)"
    found = parse_query(text, "ovid")
    assert parse_query(query_text(found, "ovid"), "ovid") == found
