"""Forms, values, checks while typing and conversions offered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.actions.team.conversions import _WAYS, converted_values
from evisynth.errors import InputError, OptionError
from evisynth.extraction import (
    CONVERSIONS,
    TEMPLATES,
    Cell,
    EntryProblem,
    FieldGroup,
    Form,
    FormField,
    check_row,
    compare_forms,
    form_template,
    offers_for,
    parse_form,
    read_value,
    row_key,
    split_row,
)

MEANS = TEMPLATES["means"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_comes_back_from_its_definition(name: str) -> None:
    form = form_template(name, "mine", "Mine")
    assert parse_form("mine", form.definition()) == form
    assert check_row(form, {}) == ()
    assert offers_for(form, {}) == ()
    with pytest.raises(OptionError):
        form_template("nothing", "mine")


@given(st.text(max_size=30).map(lambda text: " ".join(text.split())))
@settings(max_examples=60, deadline=None)
def test_rows_come_apart_again(time: str) -> None:
    assert split_row(row_key("sleep", time)) == ("sleep", time)


def field(kind: str, **more: object) -> Cell:
    return Cell("x", "", FormField("x", "X", kind, **more), 0, "g")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "text", "kept"),
    [
        (field("text"), " a b ", "a b"),
        (field("number"), "9.90", "9.90"),
        (field("number"), "-1e-3", "-1e-3"),
        (field("whole number"), "57.0", "57.0"),
        (field("yes/no"), "Y", "yes"),
        (field("date"), "2026-03-02", "2026-03-02"),
        (field("choice", choices=("Open", "Blind")), "open", "Open"),
        (field("several choices", choices=("a", "b", "c")), "C; a;", "a;c"),
        (field("number"), "  ", ""),
    ],
)
def test_values_are_kept_in_one_spelling(cell: Cell, text: str, kept: str) -> None:
    assert read_value(cell, text) == kept


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (field("number"), "nan"), (field("number"), "1e999"), (field("whole number"), "3.5"),
        (field("number", minimum=0), "-1"), (field("number", maximum=100), "101"),
        (field("yes/no"), "maybe"), (field("date"), "2026-13-02"), (field("date"), "yesterday"),
        (field("choice", choices=("a", "b")), "c"),
        (field("several choices", choices=("a", "b")), "a;c"),
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused(cell: Cell, text: str) -> None:
    with pytest.raises(EntryProblem):
        read_value(cell, text)


@pytest.mark.parametrize(
    ("template", "row", "message", "level"),
    [
        ("means", {"sd1": "0"}, "An SD is greater than 0", "error"),
        ("means", {"sd1": "-2"}, "An SD is greater than 0", "error"),
        ("means", {"p_value": "0"}, "P value", "error"),
        ("means", {"mean1": "5", "ci_lower1": "6", "ci_upper1": "8"}, "outside its conf", "error"),
        ("means", {"ci_lower1": "8", "ci_upper1": "6"}, "above the upper", "error"),
        ("means", {"median1": "3", "lower_quartile1": "4"}, "above median", "error"),
        ("means", {"n1": "50", "sd1": "0.51", "ci_lower1": "9", "ci_upper1": "11"},
         "looks like a standard error", "warning"),
        ("means", {"n1": "49", "sd1": "1", "n2": "50", "sd2": "7"},
         "SD of the other arm", "warning"),
        ("means", {"n1": "40", "mean1": "20", "sd1": "0.8", "n2": "40", "mean2": "25",
                   "sd2": "0.9"}, "are these standard errors", "warning"),
        ("means", {"n1": "25", "sd1": "5.0", "se1": "1.5"}, "differ beyond rounding", "warning"),
        ("events", {"n1": "20", "events1": "21"}, "21 with the event of 20", "error"),
        ("events", {"n1": "20", "events1": "5", "percent1": "30"}, "25.0%", "warning"),
        ("diagnostic", {"tp": "1", "fp": "2", "fn": "3", "tn": "4", "total": "11"},
         "make 10, not 11", "error"),
        ("characteristics", {"randomized": "100", "arm_n1": "50", "arm_n2": "60"},
         "make 110, not 100", "error"),
        ("survival", {"hazard_ratio": "2", "hazard_lower": "0.5", "hazard_upper": "1.5"},
         "outside", "error"),
    ],
)  # fmt: skip
def test_checks_say_what_is_wrong(
    template: str, row: dict[str, str], message: str, level: str
) -> None:
    found = check_row(TEMPLATES[template], row)
    assert any(message in each.message and each.level == level for each in found), found


def test_good_rows_are_left_alone() -> None:
    row = {"n1": "57", "mean1": "9.93", "sd1": "2.72", "n2": "57", "mean2": "10.28", "sd2": "2.46"}
    assert check_row(MEANS, row, {"sd1": [2.0, 2.5, 3.0]}) == ()
    usual = check_row(MEANS, {"n1": "100", "sd1": "0.3"}, {"sd1": [2.5, 3.0, 3.2]})
    assert "SDs of other studies" in usual[0].message


def test_parts_of_a_hundred() -> None:
    group = FieldGroup("p", "Ages", (FormField("a", "A", "number"), FormField("b", "B", "number")),
                       by_arm=True, sums_to=100)  # fmt: skip
    form = Form("f", "F", (group,))
    assert check_row(form, {"a1": "33.3", "b1": "66.7", "a2": "40"}) == ()
    assert "make 90, not 100" in check_row(form, {"a1": "40", "b1": "50"})[0].message


def test_every_conversion_can_be_computed() -> None:
    assert set(_WAYS) == set(CONVERSIONS)


@pytest.mark.parametrize(
    ("template", "row", "name", "values"),
    [
        ("means", {"n1": "25", "se1": "0.5"}, "sd-from-se", {"sd1": 2.5}),
        # Cochrane Handbook 6.5.2.2: 95% CI 30 to 34.2, n 25: SD = 5 x 4.2 / 4.128 = 5.09
        ("means", {"n1": "25", "ci_lower1": "30.0", "ci_upper1": "34.2"}, "sd-from-ci",
         {"sd1": 5.0875}),
        # Cochrane Handbook 6.5.2.3: difference 3.8, t 2.78 (P 0.008), 25 and 22 people: SD 4.67
        ("means", {"n1": "25", "n2": "22", "mean1": "3.8", "mean2": "0", "t_value": "2.78"},
         "sd-from-t", {"sd1": 4.676, "sd2": 4.676}),
        ("events", {"n1": "40", "percent1": "12.5"}, "events-from-percent", {"events1": 5.0}),
        ("survival", {"observed_minus_expected": "-5", "logrank_variance": "25"},
         "log-hazard-from-logrank", {"estimate": -0.2, "se": 0.2}),
        ("means", {"n1": "100", "minimum1": "0", "lower_quartile1": "10", "median1": "15",
                   "upper_quartile1": "22", "maximum1": "50"}, "mean-sd-from-five",
         {"mean1": 16.2933}),
    ],
)  # fmt: skip
def test_conversions(
    template: str, row: dict[str, str], name: str, values: dict[str, float]
) -> None:
    offer = next(each for each in converted_values(TEMPLATES[template], row) if each.id == name)
    for cell, number in values.items():
        assert float(offer.values[cell]) == pytest.approx(number, abs=2e-3)


def test_what_stands_is_not_offered_and_what_cannot_be_is_neither() -> None:
    assert converted_values(MEANS, {"n1": "25", "se1": "0.5", "sd1": "2.5"}) == ()
    assert converted_values(MEANS, {"n1": "25", "ci_lower1": "9", "ci_upper1": "3"}) == ()


@pytest.mark.parametrize(
    "form",
    [
        {"id": "a b"}, {"id": "values"}, {"title": " "}, {"kind": "odd"}, {"format": ""},
        {"repeats": ()}, {"people": 9}, {"arms": ()}, {"groups": ()},
        {"groups": MEANS.groups * 2},
    ],
)  # fmt: skip
def test_forms_that_cannot_be(form: dict[str, object]) -> None:
    with pytest.raises(InputError):
        replace(MEANS, **form)  # type: ignore[arg-type]


def test_words_of_a_form_can_change_without_touching_values() -> None:
    other = replace(MEANS, title="Other", groups=(
        replace(MEANS.groups[0], fields=tuple(
            replace(each, label=each.label + "!") for each in MEANS.groups[0].fields)),
        *MEANS.groups[1:],
    ))  # fmt: skip
    change = compare_forms(MEANS, other)
    assert (change.added, change.removed, change.changed, change.other) == ((), (), (), ("title",))
