"""Kinds, keys, values, tables of items, and edits of the plan."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evisynth.errors import InputError, OptionError
from evisynth.review import (
    KINDS,
    Kind,
    canonical_json,
    clean_text,
    clean_value,
    edit_plan,
    file_of,
    folder_texts,
    kind_named,
    make_key,
)
from evisynth.review.item_tables import parse_list, parse_table, render_list, render_table
from evisynth.review.items import kinds_by_file


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_a_kind_is_sound(kind: Kind) -> None:
    names = [made.name for made in (*kind.key, *kind.value)]
    assert len(set(names)) == len(names)
    heads = [made.head for made in kind.columns]
    assert len(set(heads)) == len(heads)
    assert kind.key
    assert not kind.subject or kind.subject in names
    assert set(kind.order) <= set(names)
    assert not kind.order or set(kind.order) == set(names) - {"stage"}
    assert all(made.type == "text" for made in kind.key)
    assert kind.title
    assert bool(kind.file) == (kind.format != "history")


def test_no_two_kinds_share_a_file() -> None:
    tables = [kind for kind in KINDS.values() if kind.format in ("csv", "jsonl")]
    assert len(kinds_by_file()) == len(tables) + 1, "votes have a file a stage"


def test_file_of_a_vote_is_that_of_its_stage() -> None:
    vote = KINDS["vote"]
    assert file_of(vote, make_key(vote, ("full_text", "r", "a"))) == "decisions/full_text.csv"
    assert file_of(KINDS["lease"], ("full_text", "r")) == ""


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        (("full_text",), "record_id: is missing|record: is missing"),
        (("fulltext", "r", "a"), "unknown word 'fulltext'.*Did you mean 'full_text'"),
        (("full_text", "r", "a", "reviewer", "x"), "'x' is too much"),
        (("full_text", "r\n1", "a"), "cannot be kept in a key"),
        (("full_text", "r" * 3000, "a"), "longer than 2000 bytes"),
        (("full_text", 7, "a"), "7 is not text"),
    ],
)
def test_keys_that_cannot_be_are_refused(parts: tuple[str, ...], what: str) -> None:
    with pytest.raises(InputError, match=what):
        make_key(KINDS["vote"], parts)


def test_keys_by_name() -> None:
    made = make_key(KINDS["vote"], {"person": "a", "record": "r", "stage": "full_text"})
    assert made == ("full_text", "r", "a", "reviewer")
    with pytest.raises(InputError, match="'who' is too much"):
        make_key(KINDS["tag"], {"record": "r", "who": "a", "tag": "x"})


@pytest.mark.parametrize(
    ("kind", "value", "what"),
    [
        ("vote", {}, "decision: is missing"),
        ("vote", {"verdict": "includ"}, "Did you mean 'include'"),
        ("vote", {"verdict": "include", "verdit": "x"}, "no such column.*Did you mean 'verdict'"),
        ("vote", {"verdict": "include", "note": 3}, "not of the type 'text'"),
        ("attachment", {"name": "x", "size": True}, "not of the type 'integer'"),
        ("pilot", {"kappa": float("nan")}, "not of the type 'number'"),
        ("study", {"study_id": "x"}, "no such column"),
    ],
)
def test_values_that_cannot_be_are_refused(kind: str, value: dict[str, object], what: str) -> None:
    with pytest.raises(InputError, match=what):
        clean_value(KINDS[kind], value)


def test_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(OptionError, match="Did you mean 'vote'"):
        kind_named("votes")


def test_an_open_kind_takes_columns_of_the_review() -> None:
    assert clean_value(KINDS["study"], {"year": "2020", "place": None}) == {"year": "2020"}


@given(st.text())
def test_clean_text_is_clean_already_the_second_time(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once
    assert "\x00" not in once
    assert "\r" not in once


@given(st.dictionaries(st.tuples(st.text(), st.text(), st.text()), st.text(), max_size=6))
def test_tables_are_read_as_they_were_written(rows: dict[tuple[str, str, str], str]) -> None:
    kind = KINDS["note"]
    items = {}
    for parts, text in rows.items():
        try:
            key = make_key(kind, parts)
        except InputError:
            continue
        items[key] = clean_value(kind, {"text": text})
    text = render_table(kind, items)
    assert dict(parse_table(kind, text, {}, "x").rows) == items
    assert "\r" not in text
    listed = render_list(KINDS["note"], items)
    assert dict(parse_list(kind, listed, "x").rows) == items


def test_types_are_kept_in_tables() -> None:
    kind = KINDS["pilot"]
    value = clean_value(kind, {"seed": 7, "kappa": 0.1 + 0.2, "status": "1"})
    text = render_table(kind, {("full_text", "1"): value})
    assert text.splitlines()[1] == "full_text,1,,7,0.30000000000000004,1,,"
    assert dict(parse_table(kind, text, {}, "x").rows) == {("full_text", "1"): value}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("record_id,reviewer\nr1,a\n", "line 2, column decision: is missing"),
        ("record_id,decision\nr1,include\n", "line 1: the column 'reviewer' is missing"),
        ("record_id,reviewer,decision,x\nr1,a,include,1\n", "column x: unknown column 'x'"),
        ("record_id,reviewer,decision\nr1,a,include\nr1,a,exclude\n", "stands in line 2 already"),
        ("record_id,reviewer,decision\nr1,a\n", "line 2: 2 cells, the header has 3"),
        ('record_id,reviewer,decision\nr1,a,"include\n', "the table breaks off"),
        ("record_id,reviewer,decision,decision\nr1,a,include,x\n", "stands here twice"),
    ],
)
def test_problems_of_a_table_name_their_line(text: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        parse_table(KINDS["vote"], text, {"stage": "full_text"}, "decisions/full_text.csv")


def test_problems_of_a_list_name_their_line() -> None:
    lines = '{"form":"a"}\nnonsense\n[]\n{"form":"a"}\n'
    with pytest.raises(InputError) as caught:
        parse_list(KINDS["extraction_form"], lines, "extraction/forms.jsonl")
    text = str(caught.value)
    assert "line 2: not valid JSON" in text
    assert "line 3: is no object" in text
    assert "line 4: stands in line 1 already" in text


def test_tables_do_not_depend_on_the_order_of_items() -> None:
    one: dict[tuple[str, tuple[str, ...]], dict[str, str]] = {
        ("tag", ("r2", "a", "x")): {},
        ("tag", ("R1", "a", "x")): {},
    }
    two = dict(reversed(one.items()))
    assert folder_texts(one) == folder_texts(two)
    assert folder_texts(one)["notes/tags.csv"] == b"record_id,person,tag,date\nR1,a,x,\nr2,a,x,\n"


def test_canonical_json_has_one_form() -> None:
    assert canonical_json({"b": True, "a": [1, 0.5, None]}) == '{"a":[1,0.5,null],"b":true}'
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"a": float("inf")})


PLAN = """# our plan
[review]
id = "x"   # short

[[people]]
id = "ada" # lead
roles = ["lead"]

[stages.title_abstract]
votes_needed = 2
"""


def test_edits_of_the_plan_keep_the_rest() -> None:
    made = edit_plan(
        PLAN,
        [
            (("review", "title"), 'A "title"\nof two lines'),
            (("people", 1), {"id": "ben", "roles": ["reviewer"], "email": None}),
            (("people", 0, "roles"), ["lead", "reviewer"]),
            (("stages", "title_abstract", "votes_needed"), None),
            (("stages", "full_text", "reasons", "design"), "Not randomized"),
            (("analyses", 0), {"id": "a", "level": 0.95}),
        ],
    )
    assert tomllib.loads(made) == {
        "review": {"id": "x", "title": 'A "title"\nof two lines'},
        "people": [
            {"id": "ada", "roles": ["lead", "reviewer"]},
            {"id": "ben", "roles": ["reviewer"]},
        ],
        "stages": {
            "title_abstract": {},
            "full_text": {"reasons": {"design": "Not randomized"}},
        },
        "analyses": [{"id": "a", "level": 0.95}],
    }
    for kept in ("# our plan", 'id = "x"   # short', 'id = "ada" # lead'):
        assert kept in made


def test_edits_that_lead_nowhere_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"review.toml, review.id.x: 'review.id' has no such place"
    ):
        edit_plan(PLAN, [(("review", "id", "x"), 1)])
    with pytest.raises(InputError, match=r"people\[7\]: 'people' has no such"):
        edit_plan(PLAN, [(("people", 7), {"id": "x"})])
    with pytest.raises(InputError, match="cannot be edited"):
        edit_plan("[review", [(("review", "id"), 1)])
    assert edit_plan(PLAN, [(("nothing", "there"), None)]) == PLAN


@given(st.text(max_size=30), st.integers(), st.booleans())
def test_any_value_is_read_back(text: str, number: int, truth: bool) -> None:
    clean = clean_text(text)
    made = edit_plan(PLAN, [(("review", "t"), clean), (("review", "n"), [number, truth])])
    read = tomllib.loads(made)["review"]
    assert read["t"] == clean
    assert read["n"] == [number, truth]
