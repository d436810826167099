"""What is written for other programs is read back equal, and gives the same numbers there."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evisynth.appraisal import Assessment, DomainJudgement
from evisynth.datasets import load
from evisynth.effects import effects
from evisynth.errors import InputError, OptionError
from evisynth.exchange import (
    audit_revman_review,
    audit_rm5,
    jasp_files,
    metafor_files,
    read_data_rows,
    read_package,
    read_prisma2020,
    read_rm5,
    read_robvis,
    rm5_rows_file,
    rm5_with_results,
    robvis_file,
    web_package,
    with_results,
    write_rm5,
)
from evisynth.exchange.exported import csv_text
from evisynth.exchange.prisma2020 import ROWS
from evisynth.exchange.revman.reading import decode_id
from evisynth.exchange.revman.values import (
    Comparison,
    Outcome,
    QualityEntry,
    QualityItem,
    RevManReview,
    RevManStudy,
    StoredResult,
    StudyRow,
    Subgroup,
    SummaryTable,
)
from evisynth.exchange.revman.web import read_package_files
from evisynth.exchange.revman.writing import encode_id
from evisynth.synthesis import pool

WORDS = st.text(
    st.characters(max_codepoint=0x2FFF, exclude_categories=["Cs", "Cc", "Z"]),
    min_size=1,
    max_size=9,
)
COUNTS = st.integers(1, 60)


@st.composite
def rows(draw: Any, kind: str) -> StudyRow:
    name = draw(WORDS)
    n1, n2 = float(draw(COUNTS) + 2), float(draw(COUNTS) + 2)
    values: dict[str, Any] = {"total1": n1, "total2": n2}
    number = st.floats(-50, 50, allow_nan=False).map(lambda x: round(x, 4))
    positive = st.floats(0.1, 20).map(lambda x: round(x, 4))
    if kind in ("dichotomous", "o-e"):
        values |= {
            "events1": float(draw(st.integers(0, int(n1)))),
            "events2": float(draw(st.integers(0, int(n2)))),
        }
    if kind == "o-e":
        values |= {"o_e": draw(number), "variance": draw(positive)}
    if kind == "continuous":
        for arm in ("1", "2"):
            values |= {f"mean{arm}": draw(number), f"sd{arm}": draw(positive)}
    if kind == "generic":
        values |= {"estimate": draw(number), "se": draw(positive)}
    return StudyRow(encode_id(name), name, 0, order=float(draw(COUNTS)), **values)


@st.composite
def outcomes(draw: Any, number: int) -> Outcome:
    kind, measure, method = draw(
        st.sampled_from(
            [
                ("dichotomous", "OR", "MH"),
                ("dichotomous", "RR", "IV"),
                ("dichotomous", "RD", "MH"),
                ("dichotomous", "PETO_OR", "PETO"),
                ("continuous", "MD", "IV"),
                ("continuous", "SMD", "IV"),
                ("generic", "Hazard ratio", "IV"),
                ("o-e", "Hazard ratio", "EXP_O_E_VAR"),
            ]
        )
    )
    place = f"CMP-001.{number:02d}"
    random = draw(st.booleans()) and method != "PETO" and kind != "o-e"
    grouped = draw(st.booleans())
    groups = tuple(
        Subgroup(
            f"{place}.{index:02d}",
            index,
            draw(WORDS),
            tuple(draw(st.lists(rows(kind), min_size=1, max_size=3))),
            StoredResult(),
        )
        for index in range(1, 3 if grouped else 1)
    )
    own = () if grouped else tuple(draw(st.lists(rows(kind), min_size=1, max_size=4)))
    made = Outcome(
        id=place, number=number, name=draw(WORDS), kind=kind, measure=measure, method=method,
        random=random, totals="YES", has_subgroups=grouped, log_data=kind == "generic",
        swap_events=kind == "dichotomous" and method == "MH" and draw(st.booleans()),
        ci_total=draw(st.sampled_from([90.0, 95.0, 99.0])), group1=draw(WORDS), group2="Placebo",
        favours1=draw(WORDS), sort_by="STUDY", scale=100.0, rows=own, subgroups=groups,
    )  # fmt: skip
    return with_results(made)


@st.composite
def reviews(draw: Any) -> RevManReview:
    made = tuple(draw(outcomes(number)) for number in range(1, draw(st.integers(1, 2)) + 1))
    names = {row.study_id: row.study for each in made for row in each.all_rows}
    studies = tuple(
        RevManStudy(key, name, "2001", "included", "PUB", (f"Ames. {name}x",), ("DOI 10.1/x",))
        for key, name in names.items()
    )
    entries = tuple(QualityEntry(key, "NO", support="Not said") for key in names)
    return RevManReview(
        file="review.rm5",
        title=draw(WORDS),
        doi="10.1000/x",
        review_id="1",
        version="2.0",
        program="5.4.1",
        studies=studies,
        comparisons=(Comparison("CMP-001", 1, draw(WORDS), made),),
        quality_items=(QualityItem("QIT-01", draw(WORDS), "STUDY", entries),),
        summaries=(SummaryTable("Main", (("Pain", "RR 1"), ("Mood", "RR 2"))),),
    )


def bare(review: RevManReview) -> str:
    """A review as text, without lines and the way numbers are written."""

    def row(each: StudyRow) -> StudyRow:
        return replace(each, line=0, texts=())

    comparisons = tuple(
        replace(
            comparison,
            outcomes=tuple(
                replace(
                    outcome,
                    rows=tuple(map(row, outcome.rows)),
                    subgroups=tuple(
                        replace(group, rows=tuple(map(row, group.rows)))
                        for group in outcome.subgroups
                    ),
                )
                for outcome in comparison.outcomes
            ),
        )
        for comparison in review.comparisons
    )
    # NaN is not itself: compare as text
    return repr(replace(review, comparisons=comparisons, not_read=(), problems=()))


@settings(max_examples=25, deadline=None)
@given(review=reviews())
def test_a_revman_file_is_read_back_equal_and_passes_its_audit(review, tmp_path_factory):
    path = tmp_path_factory.mktemp("rm5") / "review.rm5"
    path.write_text(write_rm5(review), encoding="utf-8")
    again = read_rm5(path)
    assert again.problems == ()
    assert bare(again) == bare(review)
    audit = audit_rm5(path)
    assert [result.reason for result in audit.results if result.verdict != "equal"] == []
    assert audit.rows == ()
    there = sum(
        outcome.stored.is_there + sum(group.stored.is_there for group in outcome.subgroups)
        for _, outcome in review.outcomes()
    )
    assert len(audit.results) == there


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12))
def test_names_come_back_from_ids(name):
    spaces_only = " ".join(name.split())
    coded = encode_id(spaces_only)
    assert coded.isascii()
    units = decode_id(coded.removeprefix("STD-").replace("-", " "))
    assert units.encode("utf-16", "surrogatepass").decode("utf-16") == spaces_only


@settings(max_examples=25, deadline=None)
@given(review=reviews())
def test_data_rows_keep_every_number(review):
    exported = rm5_rows_file(review)
    (text,) = exported.files.values()
    assert any("effect measure" in item for item in exported.cannot_hold)
    again = read_data_rows(text)
    for (_, before), (_, after) in zip(review.outcomes(), again.outcomes(), strict=True):
        # a generic outcome without any SE cannot be told from others; ours have one
        assert after.kind == before.kind
        assert (after.name, after.number) == (before.name, before.number)
        assert [group.name for group in after.subgroups] == list(
            dict.fromkeys(group.name for group in before.subgroups)
        )
        mine = sorted(before.all_rows, key=lambda row: (row.study, repr(row.order)))
        assert len(mine) == len(after.all_rows)
        for name in ("events1", "total1", "mean1", "sd2", "estimate", "se", "o_e", "variance"):
            kept = sorted(getattr(row, name) for row in mine if math.isfinite(getattr(row, name)))
            assert kept == sorted(
                getattr(row, name) for row in after.all_rows if math.isfinite(getattr(row, name))
            )


@settings(max_examples=20, deadline=None)
@given(review=reviews())
def test_a_data_package_is_read_back_and_passes_its_audit(review):
    made = web_package(review)
    assert len(made.files) == 5
    again = read_package_files(made.files, "package")
    assert [comparison.name for comparison in again.comparisons] == [
        comparison.name for comparison in review.comparisons
    ]
    kept = (
        "id", "number", "name", "kind", "measure", "method", "random", "totals", "subgroup_test",
        "swap_events", "log_data", "ci_study", "ci_total", "group1", "group2",
    )  # fmt: skip
    for (_, before), (_, after) in zip(review.outcomes(), again.outcomes(), strict=True):
        assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
        assert repr(replace(after.stored, weight=0, studies=0)) == repr(
            replace(before.stored, weight=0, studies=0)
        )
        assert len(after.all_rows) == len(before.all_rows)
    audit = audit_revman_review(again)
    assert [result.reason for result in audit.results if result.verdict != "equal"] == []
    assert audit.rows == ()
    mine = {
        (entry.study_id, entry.result) for each in review.quality_items for entry in each.entries
    }
    assert {
        (entry.study_id, entry.result) for each in again.quality_items for entry in each.entries
    } == mine


def test_numbers_of_a_package_may_be_rounded_but_not_wrong(rm5, event_rows):
    path = rm5.file(rm5.outcome("DICH", event_rows, METHOD="MH", EFFECT_MEASURE="RR"))
    anew = rm5_with_results(read_rm5(path))
    review = read_rm5(rm5.write(next(iter(anew.files.values())), "anew.rm5"))
    files = dict(web_package(review).files)
    name = "anew-overall-estimates-and-settings.csv"
    exact = str(review.comparisons[0].outcomes[0].stored.effect)
    assert exact in files[name]
    files[name] = files[name].replace(exact, f"{float(exact):.6f}")
    assert audit_revman_review(read_package_files(files, "p")).ok
    files[name] = files[name].replace(f"{float(exact):.6f}", f"{float(exact) + 0.001:.6f}")
    again = audit_revman_review(read_package_files(files, "p"))
    assert [result.reason for result in again.results] == ["different: Effect"]
    assert again.program == "RevMan Web"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "lacks ...data-rows.csv"),
        ({"a-data-rows.csv": "x"}, "lacks ...overall-estimates-and-settings.csv"),
    ],
    ids=["nothing", "no settings"],
)
def test_other_archives_are_no_package(files, message, tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    with pytest.raises(InputError, match=re.escape(message)):
        read_package(path)
    path.write_bytes(b"no archive")
    with pytest.raises(InputError, match="is no archive"):
        read_package(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "lacks the columns Analysis group"),
        ("", "lacks the columns"),
    ],
    ids=["other table", "empty"],
)
def test_other_tables_are_no_data_rows(text, message):
    with pytest.raises(InputError, match=message):
        read_data_rows(text)


def test_a_file_computed_anew_holds_what_its_data_give(rm5, event_rows):
    wrong = {"estimate": 9.0, "ci_lower": 8.0, "ci_upper": 10.0, "df": 3}
    path = rm5.file(
        rm5.outcome("DICH", event_rows, result=wrong, METHOD="MH", EFFECT_MEASURE="RR"),
        extra="<FIGURES><FIGURE>x</FIGURE></FIGURES>",
    )
    assert not audit_rm5(path).ok
    exported = rm5_with_results(read_rm5(path))
    assert "COCHRANE_REVIEW/FIGURES/FIGURE (1 times)" in exported.cannot_hold
    (text,) = exported.files.values()
    assert audit_rm5(rm5.write(text, "again.rm5")).ok


def test_signs_that_xml_cannot_hold_become_blanks(tmp_path):
    path = tmp_path / "a.rm5"
    path.write_text(
        write_rm5(RevManReview("a.rm5", "Bad\x00 \x0bsign\x1f & <tag>")), encoding="utf-8"
    )
    assert read_rm5(path).title == "Bad sign & <tag>"


FITS = {
    "defaults": {},
    "equal": {"model": "equal", "ci": "z"},
    "DL, normal": {"tau2": "DL", "ci": "z"},
    "PM, t": {"tau2": "PM", "ci": "t"},
    "truncated": {"safeguard": "truncate"},
    "no estimator there": {"tau2": "DL2", "ci": "z", "level": 0.9},
}


@pytest.mark.parametrize("name", FITS)
def test_a_script_says_what_it_does(name):
    fit = pool(effects(load("bcg"), measure="RR"), **FITS[name])  # type: ignore[arg-type]
    made = metafor_files(fit, "bcg vaccine/1", "Vaccine\nand tuberculosis")
    assert set(made.files) == {"bcg-vaccine-1.R", "bcg-vaccine-1.csv"}
    script = made.files["bcg-vaccine-1.R"]
    assert script.startswith("# Vaccine and tuberculosis\n")
    assert f"estimate = {fit.estimate!r}" in script
    assert ("DL2" in " ".join(made.cannot_hold)) == (name == "no estimator there")
    assert len(made.files["bcg-vaccine-1.csv"].splitlines()) == 14


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_scripts_give_the_same_numbers_in_r(tmp_path):
    has = subprocess.run(
        ["Rscript", "-e", 'q(status = !requireNamespace("metafor", quietly = TRUE))'], check=False
    )
    if has.returncode:
        pytest.skip("metafor is not installed")
    runner = []
    for number, options in enumerate(FITS.values()):
        fit = pool(effects(load("bcg"), measure="RR"), **options)  # type: ignore[arg-type]
        for name, text in metafor_files(fit, f"fit{number}").files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        runner.append(f'source("fit{number}.R")')
    done = subprocess.run(
        ["Rscript", "-e", "; ".join(runner)], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("The numbers are those of Evisynth.") == len(FITS)
    script = tmp_path / "fit0.R"
    wrong = script.read_text(encoding="utf-8").replace("  tau2 = 0.3", "  tau2 = 0.4")
    script.write_text(wrong, encoding="utf-8")
    done = subprocess.run(
        ["Rscript", "fit0.R"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "not the numbers of Evisynth: tau2" in done.stderr


def test_a_table_for_jasp():
    fit = pool(effects(load("bcg"), measure="RR"))
    made = jasp_files(fit, "bcg")
    head, first, *rest = made.files["bcg.csv"].splitlines()
    assert head.startswith("study,effect_size_log,standard_error,")
    assert first.split(",")[1] == repr(float(fit.effects.estimates[0]))
    assert len(rest) == 12
    assert any("log scale" in item for item in made.cannot_hold)


def assessment(study: str, *finals: str, outcome: str = "") -> Assessment:
    domains = tuple(
        DomainJudgement(f"D{number}", final, final)  # type: ignore[arg-type]
        for number, final in enumerate(finals[:-1], 1)
    )
    overall = DomainJudgement("overall", finals[-1], finals[-1])  # type: ignore[arg-type]
    return Assessment(study, outcome, "rob2-parallel-assignment", {}, domains, overall)


JUDGEMENTS = st.sampled_from(["low", "some concerns", "high", "not assessed"])


@given(st.dictionaries(WORDS, st.lists(JUDGEMENTS, min_size=6, max_size=6), min_size=1, max_size=6))
def test_risk_of_bias_comes_back_from_the_table_of_robvis(finals):
    made = robvis_file([assessment(study, *words) for study, words in finals.items()])
    found = read_robvis(made.files["robvis.csv"].replace(",Weight", "").replace(",1\n", "\n"))
    for study, words in finals.items():
        assert [*found[study].values()] == words
        assert list(found[study]) == ["D1", "D2", "D3", "D4", "D5", "overall"]


def test_the_table_of_robvis_says_what_it_loses():
    made = robvis_file(
        [assessment("Ames 2001", "low", "incomplete", outcome="pain"),
         assessment("Ames 2001", "high", "high", outcome="mood")],
        weights={"Ames 2001": 40.5},
    )  # fmt: skip
    assert made.files["robvis.csv"].splitlines() == [
        "Study,D1,Overall,Weight",
        "Ames 2001 (pain),Low,No information,40.5",
        "Ames 2001 (mood),High,High,40.5",
    ]
    assert any("which result" in item for item in made.cannot_hold)
    with pytest.raises(OptionError, match="allowed: mood, pain"):
        robvis_file([assessment("A", "low", "low", outcome="pain"),
                     assessment("A", "low", "low", outcome="mood")], outcome="sleep")  # fmt: skip
    with pytest.raises(InputError, match="no assessment of risk of bias"):
        robvis_file([])
    with pytest.raises(InputError, match="'Fine' is no judgement"):
        read_robvis("Study,D1,Overall\nAmes 2001,Fine,Low\n")
    with pytest.raises(InputError, match="no columns Study and Overall"):
        read_robvis("a,b\n")


def test_the_flow_template_has_each_row_once():
    keys = [row[0] for row in ROWS if row[0] != "NA"]
    assert len(keys) == len(set(keys)) == 29
    nodes = [row[1] for row in ROWS if row[1] != "NA"]
    assert len(nodes) == len(set(nodes))
    assert read_prisma2020("data,n\nduplicates,\nNA,3\n") == {}


def test_tables_keep_numbers_and_empty_cells():
    text = csv_text(["a"], [[0.1 + 0.2], [3.0], [float("nan")], [None], [True], ["a,b"]])
    assert text == 'a\n0.30000000000000004\n3\n""\n""\nyes\n"a,b"\n'
