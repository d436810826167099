"""Stored results computed anew by RevMan's rules, against numbers from R."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evisynth.exchange import audit_rm5

EXACT = 1e-9
"""Closed formulas on both sides; the references have 15 digits."""

# metafor 3.8-1: rma.mh (add 1/2 to tables with a zero, drop00), rma.peto, rma with method EE, DL or
# a given tau²; Q around the Mantel-Haenszel estimate by its definition. Pooled scale: estimate,
# limits, z, P, Q, P of Q, I², tau².
REFERENCE: dict[str, tuple[float, ...]] = {
    "OR-MH-fixed": (
        0.0243788875567605,
        -0.362903729027523,
        0.411661504141044,
        0.123376933402854,
        0.901808621986121,
        7.31203353925941,
        0.0625899860223866,
        58.9717418021601,
    ),
    "OR-MH-random": (
        -0.0805228075648437,
        -0.822632545919015,
        0.661586930789327,
        -0.21266639501478,
        0.83158718003996,
        7.31203353925941,
        0.0625899860223866,
        58.9717418021601,
        0.303851911776366,
    ),
    "OR-IV-random": (
        -0.0801046363015534,
        -0.820817832736325,
        0.660608560133218,
        -0.211960854621483,
        0.832137573890812,
        7.28723420645923,
        0.0632848618650993,
        58.8321177142781,
        0.302104401091789,
    ),
    "OR-IV-fixed": (
        0.0563462556208772,
        -0.341518046236831,
        0.454210557478585,
        0.277573612824664,
        0.781339690338788,
        7.28723420645923,
        0.0632848618650993,
        58.8321177142781,
    ),
    "RR-MH-fixed": (
        0.0162993553799549,
        -0.242340698084449,
        0.274939408844358,
        0.123515863409483,
        0.901698613292367,
        7.05110720935542,
        0.0702865291359288,
        57.4534904813305,
    ),
    "RR-MH-random": (
        -0.0403504376157973,
        -0.552227540392662,
        0.471526665161067,
        -0.154500766020526,
        0.87721490727439,
        7.05110720935542,
        0.0702865291359288,
        57.4534904813305,
        0.138977999530846,
    ),
    "RR-IV-random": (
        -0.0388493236116426,
        -0.545640219295808,
        0.467941572072523,
        -0.150245941178102,
        0.8805705814178,
        6.93073112857642,
        0.0741386867894954,
        56.7145234125364,
        0.134848356439842,
    ),
    "RR-IV-fixed": (
        0.0626794195075609,
        -0.199325433771871,
        0.324684272786993,
        0.468882172482798,
        0.6391538598246,
        6.93073112857642,
        0.0741386867894954,
        56.7145234125364,
    ),
    "PETO_OR-PETO-fixed": (
        0.0251179076812634,
        -0.365331601779226,
        0.415567417141753,
        0.126085942559649,
        0.899663894874157,
        8.74531407970849,
        0.0328759132214038,
        65.6959147189371,
    ),
    "MD-IV-random": (
        -1.08991584255164,
        -1.87248631839502,
        -0.307345366708248,
        -2.72971682873498,
        0.00633887482920973,
        3.98228687060023,
        0.136539212397482,
        49.7776010371008,
        0.238005958725302,
    ),
    "SMD-IV-random": (
        -0.46892881063971,
        -0.767501251045749,
        -0.170356370233671,
        -3.07825993221993,
        0.00208213214945696,
        2.94352697982716,
        0.229520371224903,
        32.0543003782002,
        0.0224743984335705,
    ),
    "generic-IV-fixed": (
        -0.255172413793103,
        -0.473546118747508,
        -0.036798708838699,
        -2.29024250418364,
        0.0220072627487085,
        2.56034482758621,
        0.277989367119901,
        21.8855218855219,
    ),
    "o-e-EXP_O_E_VAR-fixed": (
        -0.326732673267327,
        -0.762818936232848,
        0.109353589698195,
        -1.46848072631695,
        0.141973687840686,
        1.85580266457559,
        0.39538261699984,
        0.0,
    ),
}

GENERIC = [
    {"STUDY_ID": name, "ESTIMATE": y, "SE": se, "TOTAL_1": 0, "TOTAL_2": 0}
    for name, y, se in (("STD-A", -0.4, 0.2), ("STD-B", -0.1, 0.15), ("STD-C", -0.55, 0.3))
]
OBSERVED = [
    {"STUDY_ID": name, "O_E": o_e, "VAR": v, "EVENTS_1": 9, "TOTAL_1": 40, "EVENTS_2": 12,
     "TOTAL_2": 41}
    for name, o_e, v in (("STD-A", -3.2, 6.1), ("STD-B", 1.1, 4.2), ("STD-C", -4.5, 9.9))
]  # fmt: skip


def stored_of(name: str, k: int, ratio: bool) -> dict[str, Any]:
    """What the program would store beside a reference."""
    y, low, high, z, p, q, q_p, i2, *tau2 = REFERENCE[name]
    shown = math.exp if ratio else float
    found = {
        "estimate": shown(y), "ci_lower": shown(low), "ci_upper": shown(high), "z": abs(z), "p": p,
        "q": q, "df": k - 1, "q_p": q_p, "i2": i2, "tau2": tau2[0] if tau2 else 0.0,
    }  # fmt: skip
    return found


def made(rm5: Any, name: str, event_rows: Any, mean_rows: Any, **more: Any) -> Path:
    measure, method, model = name.rsplit("-", 2) if name.startswith("o-e") else name.split("-")
    settings: dict[str, Any] = {"METHOD": method, "RANDOM": "YES" if model == "random" else "NO"}
    if measure == "generic":
        prefix, rows = "IV", GENERIC
        settings |= {"MEASURE_CHILD": "Hazard ratio", "LOG_DATA": "YES"}
        settings.pop("METHOD")
    elif measure == "o-e":
        prefix, rows = "IPD", OBSERVED
        settings |= {"MEASURE_CHILD": "Hazard ratio"}
    elif measure in ("MD", "SMD"):
        prefix, rows = "CONT", mean_rows
        settings |= {"EFFECT_MEASURE": measure}
    else:
        prefix, rows = "DICH", event_rows
        settings |= {"EFFECT_MEASURE": measure}
    result = stored_of(name, len(rows), measure not in ("MD", "SMD")) | more
    path: Path = rm5.file(rm5.outcome(prefix, rows, result=result, **settings))
    return path


@pytest.mark.parametrize("name", REFERENCE)
def test_every_method_gives_the_numbers_of_r(name, rm5, event_rows, mean_rows):
    audit = audit_rm5(made(rm5, name, event_rows, mean_rows))
    (result,) = audit.results
    assert (result.verdict, result.reason) == ("equal", "")
    assert result.relative_difference < EXACT
    assert {"estimate", "ci_lower", "ci_upper", "z", "p", "q", "q_p", "i2"} <= set(
        result.differences
    )
    assert ("tau2" in result.differences) == name.endswith("random")
    assert audit.ok


@pytest.mark.parametrize(
    ("field", "label"),
    [("estimate", "Effect"), ("ci_upper", "Upper limit"), ("q", "Q"), ("tau2", "tau²")],
    ids=["effect", "limit", "q", "tau2"],
)
def test_a_number_that_was_changed_is_found(field, label, rm5, event_rows, mean_rows):
    right = stored_of("RR-MH-random", 4, ratio=True)[field]
    path = made(rm5, "RR-MH-random", event_rows, mean_rows, **{field: right * 1.01})
    audit = audit_rm5(path)
    (result,) = audit.results
    assert result.verdict == "different"
    assert result.reason == f"different: {label}"
    assert result.differences[field] == pytest.approx(0.01 / 1.01, rel=1e-6)
    assert result.relative_difference == result.differences[field]
    assert not audit.ok
    assert "1 different" in audit.headline


def test_more_events_than_people_cannot_be_pooled(rm5, event_rows, mean_rows):
    event_rows[1]["EVENTS_1"] = 41
    audit = audit_rm5(made(rm5, "OR-MH-fixed", event_rows, mean_rows))
    (result,) = audit.results
    assert result.verdict == "not computable"
    assert "more events than people (Bell 2002)" in result.reason
    assert math.isnan(result.relative_difference)
    assert [remark.check for remark in audit.errors] == ["events above totals"]


def test_a_value_that_is_no_number_is_told_of(rm5, event_rows, mean_rows):
    event_rows[0]["EVENTS_1"] = "twelve"
    audit = audit_rm5(made(rm5, "OR-MH-fixed", event_rows, mean_rows))
    assert audit.results[0].verdict == "not computable"
    assert "'twelve' cannot be used" in str(audit.problems[0])
    assert not audit.ok


def test_studies_without_events_tell_nothing_of_ratios(rm5, event_rows, mean_rows):
    event_rows.append(
        {"STUDY_ID": "STD-Zero", "EVENTS_1": 0, "TOTAL_1": 9, "EVENTS_2": 0, "TOTAL_2": 8,
         "ESTIMABLE": "NO"}
    )  # fmt: skip
    audit = audit_rm5(made(rm5, "RR-MH-fixed", event_rows, mean_rows, df=3))
    assert audit.results[0].verdict == "equal"
    assert audit.results[0].k == 4


@pytest.mark.parametrize(("level", "half"), [(90, 1.6448536269514722), (99, 2.5758293035489004)])
def test_other_levels_of_the_limits(level, half, rm5):
    y, low, high = REFERENCE["generic-IV-fixed"][:3]
    se = (high - low) / 2 / 1.959963984540054
    result = {
        "estimate": math.exp(y), "ci_lower": math.exp(y - half * se),
        "ci_upper": math.exp(y + half * se), "df": 2,
    }  # fmt: skip
    path = rm5.file(
        rm5.outcome(
            "IV", GENERIC, result=result, LOG_DATA="YES", CI_TOTAL=level, MEASURE_CHILD="Rate ratio"
        )
    )
    assert audit_rm5(path).results[0].relative_difference < EXACT


def test_generic_data_that_are_no_logarithms_stay_as_they_are(rm5):
    y, low, high = REFERENCE["generic-IV-fixed"][:3]
    result = {"estimate": y, "ci_lower": low, "ci_upper": high, "df": 2}
    path = rm5.file(rm5.outcome("IV", GENERIC, result=result, LOG_DATA="NO", MEASURE_CHILD="Score"))
    assert audit_rm5(path).results[0].verdict == "equal"


def test_swapped_events_analyse_the_non_events(rm5, event_rows, mean_rows):
    """The odds ratio of non-events is the inverse."""
    right = stored_of("OR-IV-fixed", 4, ratio=True)
    result = right | {
        "estimate": 1 / right["estimate"], "ci_lower": 1 / right["ci_upper"],
        "ci_upper": 1 / right["ci_lower"],
    }  # fmt: skip
    outcome = rm5.outcome(
        "DICH", event_rows, result=result, METHOD="IV", EFFECT_MEASURE="OR", SWAP_EVENTS="YES"
    )
    assert audit_rm5(rm5.file(outcome)).results[0].relative_difference < EXACT


def single(events1: int, n1: int, events2: int, n2: int) -> tuple[float, float]:
    """Log risk ratio of one table with its standard error."""
    se = math.sqrt(1 / events1 - 1 / n1 + 1 / events2 - 1 / n2)
    return math.log(events1 / n1) - math.log(events2 / n2), se


def grouped(event_rows: list[dict[str, Any]]) -> tuple[list[Any], dict[str, Any]]:
    """Two subgroups of one study each, and the test between them."""
    groups, effects = [], []
    for name, row in (("Young", event_rows[0]), ("Old", event_rows[1])):
        y, se = single(row["EVENTS_1"], row["TOTAL_1"], row["EVENTS_2"], row["TOTAL_2"])
        effects.append((y, 1 / se**2))
        half = 1.959963984540054 * se
        # one study: I² is rounding by rounding, as the program stores it
        numbers = {"estimate": math.exp(y), "ci_lower": math.exp(y - half),
                   "ci_upper": math.exp(y + half), "q": 3e-32, "df": 0, "q_p": 1.0, "i2": 100.0,
                   "tau2": 0.0}  # fmt: skip
        groups.append((name, [row], numbers))
    middle = sum(y * w for y, w in effects) / sum(w for _, w in effects)
    q = sum(w * (y - middle) ** 2 for y, w in effects)
    test = {"subgroup_q": q, "subgroup_p": math.erfc(math.sqrt(q / 2)),
            "subgroup_i2": max(0.0, 100 * (q - 1) / q)}  # fmt: skip
    return groups, test


def test_subgroups_have_their_own_results_and_a_test(rm5, event_rows):
    groups, test = grouped(event_rows)
    outcome = rm5.outcome(
        "DICH", groups=groups, result=test, METHOD="MH", EFFECT_MEASURE="RR", RANDOM="YES",
        TOTALS="SUB",
    )  # fmt: skip
    audit = audit_rm5(rm5.file(outcome))
    assert [(each.level, each.subgroup, each.verdict) for each in audit.results] == [
        ("subgroup", "Young", "equal"),
        ("subgroup", "Old", "equal"),
        ("test", None, "equal"),
    ]
    assert audit.results[2].stored["subgroup_q"] == pytest.approx(test["subgroup_q"])
    wrong = rm5.outcome(
        "DICH", groups=groups, result=test | {"subgroup_q": 9.0}, METHOD="MH", EFFECT_MEASURE="RR",
        RANDOM="YES", TOTALS="SUB",
    )  # fmt: skip
    again = audit_rm5(rm5.file(wrong)).results[2]
    assert (again.verdict, again.reason) == ("different", "different: Q between subgroups")


def test_the_test_between_subgroups_of_older_versions_is_known(rm5, event_rows):
    """Fixed effect before 5.1: Q of all rows less the Qs of the subgroups; here those are 0."""
    from evisynth.exchange.revman.computing import compare_subgroups, pool_rows
    from evisynth.exchange.revman.reading import read_rm5

    groups, _ = grouped(event_rows)
    settings = {"METHOD": "MH", "EFFECT_MEASURE": "RR"}
    path = rm5.file(rm5.outcome("DICH", groups=groups, **settings))
    whole = next(read_rm5(path).outcomes())[1]
    total = pool_rows(whole, whole.all_rows)
    parts = [pool_rows(whole, group.rows) for group in whole.subgroups]
    older = total.chi2
    assert abs(older - compare_subgroups(parts).q) > 1e-4
    result = {
        "estimate": total.effect, "ci_lower": total.ci_lower, "ci_upper": total.ci_upper,
        "q": total.chi2, "df": 1, "i2": total.i2, "subgroup_q": older,
        "subgroup_p": math.erfc(math.sqrt(older / 2)),
        "subgroup_i2": max(0.0, 100 * (older - 1) / older),
    }  # fmt: skip
    audit = audit_rm5(rm5.file(rm5.outcome("DICH", groups=groups, result=result, **settings)))
    assert audit.results[0].verdict == "equal"
    assert "versions before 5.1" in audit.results[0].notes[0]


def risk_difference(rows: list[dict[str, Any]], both: bool) -> dict[str, Any]:
    """Mantel-Haenszel risk difference; 0.5 in the variance of any table with a zero, or of both."""
    top = bottom = spread = 0.0
    for row in rows:
        a, n1, c, n2 = (float(row[key]) for key in ("EVENTS_1", "TOTAL_1", "EVENTS_2", "TOTAL_2"))
        zeros = [a in (0, n1), c in (0, n2)]
        add = 0.5 if (all(zeros) if both else any(zeros)) else 0.0
        e, m1, g, m2 = a + add, n1 + 2 * add, c + add, n2 + 2 * add
        weight = n1 * n2 / (n1 + n2)
        top += weight * (a / n1 - c / n2)
        bottom += weight
        w = m1 * m2 / (m1 + m2)
        spread += w * w * (e * (m1 - e) / m1**3 + g * (m2 - g) / m2**3)
    estimate = top / bottom
    used = sum(
        (float(r["TOTAL_1"]) + add) * (float(r["TOTAL_2"]) + add)
        / (float(r["TOTAL_1"]) + float(r["TOTAL_2"]) + 2 * add)
        for r in rows
        for add in [1.0 if not both and 0 in (r["EVENTS_1"], r["EVENTS_2"]) else 0.0]
    )  # fmt: skip
    half = 1.959963984540054 * math.sqrt(spread) / used
    return {"estimate": estimate, "ci_lower": estimate - half, "ci_upper": estimate + half, "df": 3}


@pytest.mark.parametrize("both", [False, True], ids=["any zero", "both arms"])
def test_both_rules_for_zeros_in_risk_differences_are_known(both, rm5, event_rows):
    outcome = rm5.outcome(
        "DICH", event_rows, result=risk_difference(event_rows, both), METHOD="MH",
        EFFECT_MEASURE="RD",
    )  # fmt: skip
    result = audit_rm5(rm5.file(outcome)).results[0]
    assert result.verdict == "equal"
    assert bool(result.notes) == both


def test_places_without_a_result_say_why(rm5, event_rows, mean_rows):
    nothing = [dict(event_rows[0], EVENTS_1=0, EVENTS_2=0)]
    path = rm5.file(
        rm5.outcome("DICH", nothing, METHOD="MH", EFFECT_MEASURE="OR"),
        rm5.outcome("CONT", mean_rows, EFFECT_MEASURE="MD", number=2, ESTIMABLE="YES"),
        rm5.outcome("OTHER", number=3),
    )
    audit = audit_rm5(path)
    assert audit.results == ()
    assert audit.headline == "No pooled result is stored."
    first, second = audit.without_result
    assert (first.stored, first.reason) == (
        "not estimable", "no row can be pooled: no events in both arms",
    )  # fmt: skip
    assert second.stored == "empty"
    assert second.estimate < 0


def test_a_row_whose_stored_numbers_are_wrong_is_named(rm5, event_rows, mean_rows):
    y, se = single(12, 60, 20, 58)
    event_rows[0] |= {"EFFECT_SIZE": math.exp(y), "SE": se, "WEIGHT": 24.0}
    audit = audit_rm5(made(rm5, "RR-IV-fixed", event_rows, mean_rows))
    assert [(row.study, row.what) for row in audit.rows] == [("Ames 2001", "weight")]
    assert audit.rows[0].computed != 24.0
    assert audit.rows_compared == 4
    # a wrong row is told of; what the exit code rests on are the pooled results
    assert audit.ok


def test_what_current_methods_would_change_is_said(rm5, event_rows, mean_rows):
    current = audit_rm5(made(rm5, "SMD-IV-random", event_rows, mean_rows)).results[0].current
    assert current is not None
    assert current.k == 3
    # es.pool's numbers: REML, Hartung-Knapp
    assert current.ci_lower < -0.7675
    assert current.ci_upper > 0
    assert "the confidence interval now includes no effect" in current.changes
    single_study = rm5.file(
        rm5.outcome("IV", GENERIC[:1], result={"estimate": -0.4, "ci_lower": -0.79, "ci_upper": 0})
    )
    alone = audit_rm5(single_study).results[0].current
    assert alone is not None
    assert alone.reason == "one study: there is nothing to pool"


def test_the_order_of_rows_does_not_matter(rm5, event_rows, mean_rows):
    audit = audit_rm5(made(rm5, "OR-MH-random", event_rows[::-1], mean_rows))
    assert audit.results[0].relative_difference < EXACT


def test_notes_of_a_result_are_frozen(rm5, event_rows, mean_rows):
    result = audit_rm5(made(rm5, "OR-MH-random", event_rows, mean_rows)).results[0]
    with pytest.raises(AttributeError):
        result.k = 3  # type: ignore[misc]
    assert replace(result, k=3).k == 3


SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "rm5"


@pytest.mark.skipif(not SHARED.is_dir(), reason="published reviews are not kept with the project")
def test_published_reviews_are_found_again():
    with (SHARED / "stored_pooled_results.csv").open(encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    names = {"estimate": "effect_size", "ci_lower": "ci_start", "ci_upper": "ci_end", "z": "z",
             "p": "p_z", "q": "chi2", "tau2": "tau2", "i2": "i2"}  # fmt: skip
    for file_name in sorted({row["file"] for row in listed}):
        audit = audit_rm5(SHARED / file_name)
        found = {result.id: result for result in audit.results}
        wanted = [row for row in listed if row["file"] == file_name]
        assert set(found) == {row["id"] for row in wanted}
        assert audit.rows == ()
        for row in wanted:
            result = found[row["id"]]
            assert (result.id, result.verdict) == (row["id"], "equal")
            for field, column in names.items():
                if field in result.differences:
                    assert result.computed[field] == pytest.approx(
                        float(row[column]), rel=1e-4, abs=1e-9
                    )


@pytest.mark.parametrize("logarithms", [True, False], ids=["logarithms", "as they are"])
def test_rows_say_what_a_file_without_the_switch_holds(logarithms, rm5):
    shown = math.exp if logarithms else float
    rows = [row | {"EFFECT_SIZE": shown(float(str(row["ESTIMATE"])))} for row in GENERIC]
    y, low, high = (shown(value) for value in REFERENCE["generic-IV-fixed"][:3])
    result = {"estimate": y, "ci_lower": low, "ci_upper": high, "df": 2}
    path = rm5.file(rm5.outcome("IV", rows, result=result, MEASURE_CHILD="Effect"))
    assert audit_rm5(path).results[0].verdict == "equal"


def test_numbers_for_a_total_that_is_not_shown_are_no_result(rm5, event_rows):
    groups, test = grouped(event_rows)
    filler = {"estimate": 0.5, "ci_lower": 0.1, "ci_upper": 0.9, "df": 1}
    outcome = rm5.outcome(
        "DICH", groups=groups, result=test | filler, METHOD="MH", EFFECT_MEASURE="RR",
        RANDOM="YES", TOTALS="SUB",
    )  # fmt: skip
    audit = audit_rm5(rm5.file(outcome))
    assert [each.level for each in audit.results] == ["test", "subgroup", "subgroup"]
    assert audit.ok
