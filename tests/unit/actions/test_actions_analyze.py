"""A meta-analysis of one table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import evisynth as es
from evisynth.actions import AnalyzeOptions, AnalyzeResult, analyze_table
from evisynth.errors import InputError, NotEstimableError, OptionError

TABLE = """study,outcome,setting,year,n_e,mean_e,sd_e,n_c,mean_c,sd_c
Ames 2019,anxiety,group,2019,40,6.1,2.8,41,7.4,3.0
Ames 2019,depression,group,2019,40,6.4,2.8,41,7.2,3.0
Brook 2020,anxiety,group,2020,62,5.8,2.6,60,6.5,2.9
Cole 2021,anxiety,alone,2021,35,7.0,3.1,33,7.2,3.3
Dahl 2022,anxiety,alone,2022,88,5.5,2.7,90,6.9,2.8
Egan 2023,anxiety,,2023,25,5.9,2.5,27,6.3,2.6
"""
ANXIETY = AnalyzeOptions(measure="SMD", where=("outcome=anxiety",))
FIGURES = {f"{name}.{suffix}" for name in ("forest", "funnel") for suffix in ("pdf", "svg", "png")}


def write(folder: Path, text: str = TABLE, name: str = "trials.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def run(folder: Path, options: AnalyzeOptions = ANXIETY, text: str = TABLE) -> AnalyzeResult:
    return analyze_table(write(folder, text), folder / "result", options)


def test_numbers_are_those_of_the_library(tmp_path: Path) -> None:
    result = run(tmp_path)
    rows = [line.split(",") for line in TABLE.splitlines()[1:] if ",anxiety," in line]
    names = ("n1", "mean1", "sd1", "n2", "mean2", "sd2")
    table: dict[str, list[float | str]] = {
        name: [float(row[4 + place]) for row in rows] for place, name in enumerate(names)
    }
    table["study"] = [row[0] for row in rows]
    fit = es.pool(es.effects(table, measure="SMD"))
    assert result.analysis.fit.estimate == fit.estimate
    assert result.analysis.fit.ci_lower == fit.ci_lower
    assert result.analysis.fit.k == 5


def test_files_are_written_and_are_what_was_computed(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert set(result.files) == FIGURES | {"summary.txt", "results.json", "manifest.json"}
    for name in FIGURES:
        start = (result.out / name).read_bytes()[:5]
        assert start == {"pdf": b"%PDF-", "svg": b"<?xml", "png": b"\x89PNG\r"}[name[-3:]]
    stored = json.loads((result.out / "results.json").read_text(encoding="utf-8"))
    assert stored["overall"]["estimate"] == result.analysis.fit.estimate
    assert stored["source"] == "trials.csv"
    text = (result.out / "summary.txt").read_text(encoding="utf-8")
    assert text == result.summary + "\n"
    for words in ("Brook 2020", "Hartung-Knapp", "Egger's test", "Trim and fill", "Leaving out"):
        assert words in text


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    result = run(tmp_path)
    before = {name: (result.out / name).read_bytes() for name in result.files}
    again = run(tmp_path)
    assert {name: (again.out / name).read_bytes() for name in again.files} == before


def test_further_analyses(tmp_path: Path) -> None:
    options = AnalyzeOptions(
        measure="smd",
        where=("outcome=Anxiety", "year>=2019"),
        by=("setting",),
        moderators=("year",),
        model="equal",
        level=0.9,
        title="Anxiety",
        lower_is_better=True,
    )
    result = run(tmp_path, options)
    groups = result.analysis.subgroups["setting"]
    assert [(group.level, group.fit.k) for group in groups.groups] == [("group", 2), ("alone", 2)]
    assert groups.not_coded == ("Egan 2023",)
    assert result.analysis.meta_regressions["year"].k == 5
    assert result.analysis.fit.options.level == 0.9
    assert "forest-setting.pdf" in result.files
    assert "no level known: Egan 2023" in result.summary
    assert "Meta-regression on year" in result.summary


@pytest.mark.parametrize(
    ("conditions", "studies"),
    [
        (("outcome=anxiety", "year>2020"), ["Cole 2021", "Dahl 2022", "Egan 2023"]),
        (("outcome=anxiety", "year<=2020"), ["Ames 2019", "Brook 2020"]),
        (("outcome!=depression", "year<2021"), ["Ames 2019", "Brook 2020"]),
        (("outcome=anxiety", "setting = alone"), ["Cole 2021", "Dahl 2022"]),
        (("outcome=anxiety", "setting!=alone"), ["Ames 2019", "Brook 2020", "Egan 2023"]),
    ],
)
def test_conditions(tmp_path: Path, conditions: tuple[str, ...], studies: list[str]) -> None:
    result = run(tmp_path, AnalyzeOptions(measure="SMD", where=conditions))
    assert list(result.analysis.fit.effects.labels) == studies


@pytest.mark.parametrize(
    ("condition", "error", "message"),
    [
        ("outcome=axiety", InputError, "no row is left.*anxiety, depression"),
        ("outcom=anxiety", InputError, "no column 'outcom'.*Did you mean 'outcome'"),
        ("anxiety", OptionError, "column=value"),
        ("year>x", OptionError, "'x' is no number"),
    ],
)
def test_conditions_that_do_not_work(
    tmp_path: Path, condition: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(tmp_path, AnalyzeOptions(measure="SMD", where=(condition,)))


def test_a_study_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"trials\.csv.*'Ames 2019'.*2 and 3.*outcome"):
        run(tmp_path, AnalyzeOptions(measure="SMD"))
    assert not (tmp_path / "result").exists()


def test_the_measure_that_the_columns_suggest_is_named(tmp_path: Path) -> None:
    result = run(tmp_path, AnalyzeOptions(where=("outcome=anxiety",)))
    assert result.analysis.plan.measure == "SMD"
    assert result.notes[0].startswith("No effect measure was named: SMD was taken")
    events = "study,n1,events1,n2,events2\nA,20,5,20,8\nB,30,6,31,9\n"
    assert run(tmp_path, AnalyzeOptions(), events).analysis.plan.measure == "RR"
    given = "study,yi,vi\nA,0.1,0.04\nB,0.3,0.02\n"
    assert run(tmp_path, AnalyzeOptions(), given).analysis.plan.measure == "GEN"
    with pytest.raises(InputError, match="no columns with the numbers of studies"):
        run(tmp_path, AnalyzeOptions(), "study,x,y\nA,1,2\n")


def test_columns_can_be_named(tmp_path: Path) -> None:
    text = "Trial;Number;Hits;Number C;Hits C\nA;20;5;20;8\nB;30;6;31;9\nC;40;7;42;9\n"
    columns = {
        "study": "Trial",
        "n1": "Number",
        "events1": "Hits",
        "n2": "Number C",
        "events2": "Hits C",
    }
    result = run(tmp_path, AnalyzeOptions(measure="OR", columns=columns), text)
    assert result.analysis.fit.k == 3
    assert result.analysis.fit.effects.scale.is_ratio
    with pytest.raises(InputError, match=r"n1: there is no column 'Numbr'.*Did you mean 'Number'"):
        run(tmp_path, AnalyzeOptions(measure="OR", columns=columns | {"n1": "Numbr"}), text)
    with pytest.raises(OptionError, match="role"):
        AnalyzeOptions(columns={"n3": "x"})
    with pytest.raises(InputError, match="by: there is no column 'x'"):
        run(tmp_path, AnalyzeOptions(measure="OR", columns=columns, by=("x",)), text)


@pytest.mark.parametrize("measure", ["IRR", "IRD", "irsd"])
def test_further_measures_and_roles(tmp_path: Path, measure: str) -> None:
    text = "study,x1,years,x2,t2\nA,9,413,19,398\nB,8,263,19,245\nC,3,487,13,435\n"
    options = AnalyzeOptions(measure=measure, columns={"time1": "years"})
    result = run(tmp_path, options, text)
    assert result.analysis.fit.k == 3
    assert result.analysis.fit.effects.columns["time1"] == "years"


def test_decimal_commas_of_a_table_with_semicolons(tmp_path: Path) -> None:
    plain = "study,estimate,se\nA,0.1,0.2\nB,0.35,0.15\n"
    comma = plain.replace(",", ";").replace(".", ",")
    one = run(tmp_path, AnalyzeOptions(measure="GEN"), plain).analysis.fit.estimate
    two = run(tmp_path, AnalyzeOptions(measure="GEN"), comma).analysis.fit.estimate
    assert one == two


def test_ratios_as_they_are_printed(tmp_path: Path) -> None:
    text = "study,estimate,ci_lower,ci_upper\nA,0.80,0.60,1.07\nB,0.70,0.50,0.98\nC,0.95,0.8,1.13\n"
    options = AnalyzeOptions(measure="GEN", log_scale=True, given="natural", label="Hazard ratio")
    fit = run(tmp_path, options, text).analysis.fit
    assert 0.7 < fit.effects.scale.shown(fit.estimate) < 0.95
    assert fit.effects.scale.label == "Hazard ratio"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TABLE.replace("62,5.8,2.6", "62,5.8,x"), r"trials\.csv, line 4.*sd_e.*'x'"),
        (TABLE.replace("62,5.8,2.6", "62,5.8,-2.6"), r"line 4.*-2\.6"),
        (TABLE.replace("62,5.8,2.6", "0,5.8,2.6"), r"line 4.*n_e"),
    ],
)
def test_cells_that_cannot_be_used_are_named_by_their_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run(tmp_path, ANXIETY, text)


def test_one_study_gives_its_own_result_and_says_what_is_missing(tmp_path: Path) -> None:
    result = run(tmp_path, AnalyzeOptions(measure="SMD", where=("outcome=depression",)))
    assert result.analysis.fit.k == 1
    assert {"leave-one-out", "trim and fill"} <= set(result.analysis.not_done)
    assert "forest.pdf" in result.files
    assert "Not done, leave-one-out:" in result.summary


def test_no_estimable_study_is_an_error_that_says_why(tmp_path: Path) -> None:
    text = "study,n1,mean1,sd1,n2,mean2,sd2\nA,40,6.1,,41,7.4,\nB,62,,2.6,60,6.5,2.9\n"
    with pytest.raises((NotEstimableError, InputError)):
        run(tmp_path, AnalyzeOptions(measure="SMD"), text)
    assert not (tmp_path / "result").exists()


def test_an_unknown_option_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    for options in (
        AnalyzeOptions(measure="SDM", where=("outcome=anxiety",)),
        AnalyzeOptions(measure="SMD", tau2="REMLL", where=("outcome=anxiety",)),
    ):
        with pytest.raises(OptionError, match="Did you mean"):
            run(tmp_path, options)
    assert not (tmp_path / "result").exists()


def test_a_folder_with_files_of_others_is_refused_before_work(tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(InputError, match="did not write"):
        analyze_table(path, tmp_path, ANXIETY)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["trials.csv"]


def test_the_default_folder_and_the_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    heard: list[int] = []
    result = analyze_table(
        write(tmp_path), None, ANXIETY, progress=lambda _, done, __: heard.append(done)
    )
    assert result.out == Path("trials-analysis")
    assert (tmp_path / "trials-analysis" / "forest.pdf").is_file()
    assert heard == sorted(heard)
    assert heard[-1] == 100
