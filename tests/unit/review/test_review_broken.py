"""Broken review folders: each message names file, line or key, bad value, allowed values."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evisynth.errors import InputError
from evisynth.review import Review, read_review

EXAMPLE = Path(__file__).parents[3] / "examples" / "digital-interventions-cancer"
PLAN = "review.toml"
TITLES = "decisions/title_abstract.csv"
FULL = "decisions/full_text.csv"
SCORES = "extraction/end_scores.csv"
STUDIES = "studies/studies.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "review"
    shutil.copytree(EXAMPLE, target, ignore=shutil.ignore_patterns("out", ".evisynth"))
    return target


def change(folder: Path, file: str, old: str, new: str) -> int:
    """Replace the one place of a text; return its line."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{old!r} is not in {file}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def problems(folder: Path) -> list[str]:
    before = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    with pytest.raises(InputError) as caught:
        read_review(folder)
    after = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    assert before == after, "reading changed the folder"
    return [str(problem) for problem in caught.value.problems]


def test_a_copy_reads_as_the_example(folder: Any) -> None:
    assert read_review(folder).fingerprint == read_review(EXAMPLE).fingerprint
    assert Review.read(str(folder)).flow == read_review(folder).flow


# --- outcome data


def test_missing_column(folder: Any) -> None:
    change(folder, SCORES, "sd_e,se_e", "sd_x,se_e")
    (found,) = problems(folder)
    assert found.startswith(f"{SCORES}, line 1: the column 'sd_e' (it holds sd1) is missing")
    assert "the columns are: study, outcome," in found
    assert "Is it 'sd_x'?" in found
    assert "[extraction.columns]" in found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("57,9.93,2.72", "57,9.93,about 2.7", "column sd_e: 'about 2.7' is not a number"),
        ("57,9.93,2.72", "57,9.93,-2.72", "column sd_e: the SD is -2.72; it must be greater than"),
        ("57,9.93,2.72", "0,9.93,2.72", "column n_e: n is 0; it must be a whole number"),
        ("Zhu 2018,anxiety", "Zhou 2018,anxiety", "column study: the study 'Zhou 2018' is not in"),
        ("Zhu 2018,anxiety", "Zhu 2018,axniety", "'axniety' is not in review.toml; allowed: anxie"),
    ],
)
def test_bad_cells(folder: Any, old: Any, new: Any, message: Any) -> None:
    line = change(folder, SCORES, old, new)
    (found,) = problems(folder)
    assert found.startswith(f"{SCORES}, line {line}, column ")
    assert message in found


def test_duplicate_study_row(folder: Any) -> None:
    path = folder / SCORES
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")
    (found,) = problems(folder)
    assert found.startswith(f"{SCORES}, line {len(lines) + 1}, column study: a second row of")
    assert "'Zhu 2018' for 'anxiety' (end score)" in found
    assert f"the first is {SCORES}, line 2" in found


def test_empty_table(folder: Any) -> None:
    path = folder / SCORES
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    (found,) = problems(folder)
    assert found.startswith(f"{SCORES}: the table has a header and no rows")
    path.write_text("", encoding="utf-8")
    assert problems(folder)[0].startswith(f"{SCORES}: the file is empty")


def test_one_study_is_allowed_and_said(folder: Any) -> None:
    path = folder / SCORES
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], lines[1], lines[2]]) + "\n", encoding="utf-8")
    review = read_review(folder)
    warned = [text for text in review.warnings if "has one study (Zhu 2018)" in text]
    assert len(warned) == 2
    assert "the analysis 'anxiety-end-scores'" in warned[0]
    assert "review.toml, line " in warned[0]


def test_analysis_that_selects_no_study(folder: Any) -> None:
    path = folder / SCORES
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if ",anxiety," not in line]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    (found,) = problems(folder)
    assert "review.toml, line " in found
    assert "analyses[2]: the analysis 'anxiety-end-scores' selects no study" in found
    assert "its outcome is 'anxiety' and its formats end score" in found
    assert "in the formats change score, mean difference" in found


def test_study_in_two_formats(folder: Any) -> None:
    path = folder / "extraction/change_scores.csv"
    row = "Zhu 2018,anxiety,HADS-A,12 weeks,57,1,,,3,57,1,,,3,https://example.org,made up"
    path.write_text(path.read_text(encoding="utf-8") + row + "\n", encoding="utf-8")
    warned = [text for text in read_review(folder).warnings if "Zhu 2018" in text]
    assert warned
    assert all("takes 'end score'" in text for text in warned)
    change(folder, PLAN, 'formats = ["end score", "change score", "mean difference"]\n', "")
    (found,) = problems(folder)
    assert "'Zhu 2018' has data for 'anxiety' as end score, change score" in found
    assert "List 'formats', the preferred one first" in found


# --- decisions and records


def test_unknown_decision(folder: Any) -> None:
    line = change(folder, TITLES, "Akechi2023,r1,include", "Akechi2023,r1,inlcude")
    (found,) = problems(folder)
    assert found == (
        f"{TITLES}, line {line}, column decision: unknown decision 'inlcude'; allowed: include,"
        " exclude, maybe. Did you mean 'include'?"
    )


def test_decision_on_a_record_that_does_not_exist(folder: Any) -> None:
    line = change(folder, TITLES, "Akechi2023,r1", "Akechi2032,r1")
    (found,) = problems(folder)
    assert found.startswith(f"{TITLES}, line {line}, column record_id: there is no record")
    assert "'Akechi2032'" in found
    assert "Did you mean 'Akechi20" in found


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (TITLES, "Akechi2023,r1", "Akechi2023,r7", "unknown reviewer 'r7'; allowed: r1"),
        (TITLES, "exclude,no_outcome", "exclude,no_outcom", "allowed: no_outcome, not_randomized"),
        (TITLES, "include,,", "include,review,", "'review' is a reason to exclude"),
        (FULL, "exclude,no_arm_data", "exclude,", "the reason of an exclusion is missing"),
        (TITLES, ",,reviewer", ",31.3.2026,reviewer", "'31.3.2026' is no date"),
        (TITLES, ",,reviewer", ",,referee", "unknown role 'referee'; allowed: reviewer, adjudic"),
        (FULL, "Akechi2023,r1", "Absolom2021,r1", "'Absolom2021' has a decision at full text and"),
    ],
)
def test_bad_decisions(folder: Any, file: Any, old: Any, new: Any, message: Any) -> None:
    line = change(folder, file, old, new)
    found = problems(folder)
    assert any(text.startswith(f"{file}, line {line}, column ") for text in found)
    assert any(message in text for text in found)


def test_the_same_reviewer_twice(folder: Any) -> None:
    path = folder / TITLES
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")
    (found,) = problems(folder)
    assert f"{TITLES}, line {len(lines) + 1}, column reviewer: 'r1' decides on record" in found
    assert "a second time; the first is line 2" in found


def test_missing_column_of_decisions(folder: Any) -> None:
    change(folder, TITLES, "record_id,reviewer,decision", "record_id,reviewer,verdict")
    assert any("the column 'decision' is missing" in text for text in problems(folder))


def test_included_report_without_a_study(folder: Any) -> None:
    path = folder / STUDIES
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    found = problems(folder)
    assert any("included at full text and in no study: Zhu2018" in text for text in found)
    assert any("the study 'Zhu 2018' is not in studies/studies.csv" in text for text in found)


def test_full_text_of_a_report_not_retrieved(folder: Any) -> None:
    path = folder / "decisions/retrieval.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Akechi2023,retrieved", "Akechi2023,not_retrieved"), "utf-8")
    assert any(
        text.startswith(f"{FULL}, line 2, column record_id: 'Akechi2023' has a decision")
        for text in problems(folder)
    )


def test_repeated_record_id(folder: Any) -> None:
    path = folder / "searches/qin-2022/export.ris"
    change(folder, "searches/qin-2022/export.ris", "ID  - Absolom2021", "ID  - Zhu2018")
    found = problems(folder)
    assert any("the record id 'Zhu2018' is taken by" in text for text in found)
    change(folder, "searches/qin-2022/search.toml", "found", 'id_prefix = "qin-"\nfound')
    text = path.read_text(encoding="utf-8")
    assert "ID  - Zhu2018" in text
    assert not any("is taken by" in text for text in problems(folder))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'kind = "citation"',
            'kind = "citations"',
            "unknown value 'citations'; allowed: database,",
        ),
        ("found = 30", 'found = "30"', "line 4, found: '30' is not a whole number"),
        ("found = 30", "fonud = 30", "unknown key 'fonud'; allowed: name, kind, platform,"),
        ("found = 30", "found = 9", "10 removed at source of 9 found"),
        ("searched = true", "searched = false", "searched = false, and yet there is an export"),
        ("found = 30", "found = 3 0", "line 4, column 11: not valid TOML"),
    ],
)
def test_bad_search(folder: Any, old: Any, new: Any, message: Any) -> None:
    change(folder, "searches/qin-2022/search.toml", old, new)
    found = problems(folder)
    assert found[0].startswith("searches/qin-2022/search.toml, line ")
    assert message in found[0]


def test_counts_that_do_not_add_up_name_the_boxes(folder: Any) -> None:
    change(folder, "searches/qin-2022/search.toml", "found = 30", "found = 31")
    assert read_review(folder).flow.problems == (
        "Qin 2022, reference list: found 31 minus 10 removed at source is not the 20 records of the"
        " export",
        "records identified (232) minus records removed before screening (14) make 218, not records"
        " screened (217) and waiting (0)",
    )


# --- studies


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "Japan,Asia",
            "Japan,Asai",
            "'Asai' is not a level of 'continent'; allowed: Africa, Asia,",
        ),
        ("Akechi2023,2023", "Akechi2032,2023", "the report 'Akechi2032' of 'Akechi 2023' is not a"),
        ("Akechi2023,2023", "Akechi2023,2O23", "column year: '2O23' is not a number"),
    ],
)
def test_bad_studies(folder: Any, old: Any, new: Any, message: Any) -> None:
    line = change(folder, STUDIES, old, new)
    found = problems(folder)
    assert found[0].startswith(f"{STUDIES}, line {line}, column ")
    assert message in found[0]


# --- the plan


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'measure = "SMD"',
            'measure = "SDM"',
            "defaults.measure: unknown value 'SDM'; allowed: MD",
        ),
        ('tau2 = "REML"', 'tau2 = "REMLL"', "defaults.tau2: unknown value 'REMLL'; allowed: REML,"),
        ('ci = "HKSJ"', 'ci = "HK"', "defaults.ci: unknown value 'HK'; allowed: HKSJ, t, z"),
        ('model = "random"', 'modell = "random"', "unknown key 'modell'"),
        ('model = "random"', "model = 3", "defaults.model: 3 is not text in quotes"),
        (
            'prediction = "t k-1"',
            'prediction = "k"',
            "defaults.prediction: unknown value 'k'; allo",
        ),
        ('"egger", "begg"', '"eger", "begg"', "unknown value 'eger'; allowed: egger, egger-mixed"),
        (
            'trim_and_fill = "L0"',
            'trim_and_fill = "L1"',
            "unknown value 'L1'; allowed: L0, R0, none",
        ),
        ('["digital intervention", "control"]', '["control"]', "has 1 elements, not 2"),
        ('by = "involvement"', 'by = "involvment"', "subgroups[1].by: unknown field 'involvment'"),
        (
            'by = "involvement"',
            'by = "duration_weeks"',
            "a field of type 'number'; allowed: contin",
        ),
        ('by = "involvement"', 'by = "intervention_types"', "Its levels are not exclusive"),
        ('sensitivity_of = "anxiety"', 'sensitivity_of = "anxeity"', "unknown main analysis 'anxe"),
        ('sensitivity_of = "anxiety"\n', "", "must name its main analysis in 'sensitivity_of'"),
        (
            'outcome = "anxiety"',
            'outcome = "anxeity"',
            "unknown outcome 'anxeity'; allowed: anxiety",
        ),
        (
            'formats = ["end score"]',
            'formats = ["end scores"]',
            "unknown format 'end scores'; allow",
        ),
        ('id = "depression-arm-level"', 'id = "depression"', "the id 'depression' is taken"),
        ("mixed_formats = true", "mixed_formats = false", "Cochrane Handbook 10.5.2"),
        ("mixed_formats = true", 'mixed_formats = "yes"', "'yes' is not true or false"),
        ('title = "Anxiety"\n', "", "the key 'title' is missing"),
        ("votes_needed = 1", "votes_needed = 0", "votes_needed: 0 must be at least 1"),
        ('kind = "demonstration"', 'kind = "demo"', "unknown value 'demo'; allowed: review, demon"),
        ('date = "2026-11-22"', 'date = "2026-02-30"', "'2026-02-30' is no date"),
        ("[question]", "[questoin]", "unknown section 'questoin'; allowed: review, question,"),
        (
            'population = "Adults',
            'populaton = "Adults',
            "unknown key 'populaton'; allowed: text, p",
        ),
        ('kind = "means"', 'kind = "mean"', "unknown value 'mean'; allowed: means, changes,"),
        ('sd1 = "sd_e"', 'sd3 = "sd_e"', "unknown number of kind 'means' 'sd3'; allowed: study,"),
        ("extraction/end_scores.csv", "../end_scores.csv", "'../end_scores.csv' leaves the review"),
        ("extraction/end_scores.csv", "/etc/passwd", "'/etc/passwd' leaves the review folder"),
        ("extraction/end_scores.csv", "extraction/end.csv", "In that folder are: extraction/chang"),
        ('"rob2-parallel-assignment"', '"rob2"', "unknown instrument 'rob2'; allowed: rob2-"),
        ("rob/published.csv", "rob/none.csv", "'rob/none.csv': there is no such file"),
        (
            'type = "category"',
            'type = "categry"',
            "unknown value 'categry'; allowed: text, number,",
        ),
        ('id = "r1"', 'id = "r 1"', "'r 1' cannot be an id"),
        (
            'formats = ["end score"]',
            'formats = ["end score"]\nmeasure = "OR"',
            "'OR' cannot be comput",
        ),
        (
            'measure = "SMD"',
            'measure = "SMD"\nvariance = "LSD"',
            "unknown value 'LSD'; allowed: LS,",
        ),
        (
            'measure = "SMD"',
            'measure = "SMD"\ncumulative = "yaer"',
            "unknown field 'yaer'; allowed:",
        ),
        (
            'measure = "SMD"',
            'measure = "SMD"\nmeta_regression = ["weeks"]',
            "unknown field 'weeks'",
        ),
    ],
)
def test_bad_plan(folder: Any, old: Any, new: Any, message: Any) -> None:
    change(folder, PLAN, old, new)
    found = problems(folder)
    matching = [text for text in found if message in text]
    assert len(matching) == 1, found
    assert matching[0].startswith("review.toml")
    if "must" not in message and "section" not in message:
        assert "review.toml, line " in matching[0]


def test_line_of_a_key(folder: Any) -> None:
    line = change(folder, PLAN, 'tau2 = "REML"', 'tau2 = "REMLL"')
    (found,) = problems(folder)
    assert found.startswith(f"review.toml, line {line}, defaults.tau2: unknown value 'REMLL'")
    assert "allowed: REML, DL, PM, ML, EB, HS, HE, SJ, HSk," in found
    assert "Did you mean 'REML'?" in found


def test_missing_section(folder: Any) -> None:
    text = (folder / PLAN).read_text(encoding="utf-8")
    head, rest = text[: text.index("[question]")], text[text.index("[criteria]") :]
    (folder / PLAN).write_text(head + rest, encoding="utf-8")
    assert problems(folder) == ["review.toml: the section [question] is missing"]


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('version = "1.0"', 'version "1.0"', "'version \"1.0\"'"),
        ('version = "1.0"', "version = 1.0.0", "'version = 1.0.0'"),
        ("[[people]]", "[[people]", "'[[people]'"),
    ],
)
def test_toml_typo(folder: Any, old: Any, new: Any, where: Any) -> None:
    line = change(folder, PLAN, old, new)
    found = problems(folder)
    assert found[0].startswith(f"review.toml, line {line}, column ")
    assert "not valid TOML" in found[0]
    assert where in found[0]


@pytest.mark.parametrize("file", [PLAN, TITLES, STUDIES, SCORES, "searches/qin-2022/search.toml"])
def test_unreadable_encoding(folder: Any, file: Any) -> None:
    path = folder / file
    data = path.read_bytes()
    at = data.index(b"\n", len(data) // 2)
    path.write_bytes(data[:at] + b" caf\xe9" + data[at:])
    line = data[:at].count(b"\n") + 1
    found = problems(folder)
    assert found[0].startswith(f"{file}, line {line}, byte {at + 4}: the byte 0xE9 is not UTF-8")
    assert "save as UTF-8" in found[0]


@pytest.mark.parametrize(
    "make",
    [lambda folder: shutil.rmtree(folder), lambda folder: (folder / PLAN).unlink()],
    ids=["no folder", "no review.toml"],
)
def test_no_review(folder: Path, make: Callable[[Path], None]) -> None:
    make(folder)
    with pytest.raises(InputError, match="Give the folder"):
        read_review(folder)


def test_all_problems_of_all_files_are_told_at_once(folder: Any) -> None:
    change(folder, PLAN, 'tau2 = "REML"', 'tau2 = "REMLL"')
    change(folder, PLAN, 'kind = "demonstration"', 'kind = "demo"')
    change(folder, TITLES, "Akechi2023,r1,include", "Akechi2023,r1,inlcude")
    change(folder, STUDIES, "Japan,Asia", "Japan,Asai")
    change(folder, SCORES, "57,9.93,2.72", "57,9.93,-2.72")
    change(folder, "rob/published.csv", "Kim HJ 2018", "Kim HK 2018")
    change(folder, "published_results.csv", "9,-0.48", "nine,-0.48")
    found = problems(folder)
    files = [text.split(",")[0].split(":")[0] for text in found]
    assert files == [
        PLAN,
        PLAN,
        TITLES,
        STUDIES,
        SCORES,
        "rob/published.csv",
        "published_results.csv",
    ]


def test_one_mistake_is_told_once(folder: Any) -> None:
    change(folder, PLAN, "mixed_formats = true", "mixed_format = true")
    (found,) = problems(folder)  # though 'anxiety' is the main analysis of two others
    assert "unknown key 'mixed_format'" in found


def test_rob_answer_outside_the_allowed_set(folder: Any) -> None:
    (folder / "rob/assessments.csv").write_text("study,outcome,1.1\nZhu 2018,anxiety,Yess\n")
    (found,) = problems(folder)
    assert found.startswith("rob/assessments.csv, line 2")
    assert "Yess" in found
    assert "PY" in found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "9,-0.48",
            "9,-4.8",
            "column estimate: -4.8 lies outside its confidence limits -1 to 0.03",
        ),
        ("9,-0.48", "9.5,-0.48", "column k: k is 9.5"),
        ("<1 month", "<2 month", "unknown level '<2 month'; allowed: <1 month, 1-2 months,"),
        ("duration_group", "duration", "unknown subgroup 'duration'; allowed: year, country,"),
        (
            "Anxiety,anxiety,anxiety",
            "Anxiety,anxiety,fear",
            "unknown analysis 'fear'; allowed: anx",
        ),
    ],
)
def test_bad_published_results(folder: Any, old: Any, new: Any, message: Any) -> None:
    path = folder / "published_results.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    # The label of a row may hold the same words: the last place before the line's end is meant.
    line = next(row for row in text.splitlines() if old in row)
    head, _, tail = line.rpartition(old)
    path.write_text(text.replace(line, head + new + tail, 1), encoding="utf-8")
    found = problems(folder)
    assert found[0].startswith("published_results.csv, line ")
    assert message in found[0]
