"""Lines of TOML, the flow diagram's counts, files and fingerprint, the words of a plan."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evisynth.effects import effects
from evisynth.errors import OptionError, Problem
from evisynth.records import Record, SearchSource
from evisynth.review import count_flow, fingerprint, flow_heading, input_files
from evisynth.review.analyses import ASYMMETRY_TESTS
from evisynth.review.files import path_inside
from evisynth.review.toml_lines import key_lines, line_of
from evisynth.screening import Decision, Stage, resolve
from evisynth.studies import Retrieval, Study
from evisynth.synthesis import asymmetry_test, pool

EXAMPLE = Path(__file__).parents[3] / "examples" / "digital-interventions-cancer"

TRICKY = '''# comment with [brackets] = "and quotes"
"quoted key" = 1
a.b."c d" = 'lit # not a comment'
text = """
[not.a.table]
x = 1 \\"""
""" # end
lit = \'\'\'
[[no]]\'\'\'
date = 2026-01-02T03:04:05Z
list = [
  "one", # first ]
  [2, 3],
  { k = "v", "l m" = [4,
    5] },
]
inline = { x = { y = 1 }, z = [] }

[table]
key = true
  [table.sub]
  key = -1.5e3

[[items]]
id = "a"
[items.deep.er]
n = 1
[[items.parts]]
p = 1
[[items.parts]]
p = 2

[[items]]
id = "b"
[[items.parts]]
"\\u0070" = 3
'''


def paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """List the path of every key and element."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, part in value.items():
            found += paths(part, (*path, key))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            found += paths(part, (*path, number))
    return found


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "text", [TRICKY, (EXAMPLE / "review.toml").read_text(encoding="utf-8")], ids=["tricky", "plan"]
)
def test_every_path_has_its_line(text: Any, newline: Any) -> None:
    lines = key_lines(text.replace("\n", newline))
    rows = text.split("\n")
    wanted = paths(tomllib.loads(text))
    assert set(wanted) <= set(lines)
    for path in wanted:
        name = path[-1]
        if isinstance(name, str) and name != "p":
            assert name in rows[lines[path] - 1], path


def test_lines_of_elements() -> None:
    lines = key_lines(TRICKY)
    rows = TRICKY.split("\n")
    assert '"one"' in rows[lines["list", 0] - 1]
    assert "5] }" in rows[lines["list", 2, "l m", 1] - 1]
    assert rows[lines["items", 1, "parts", 0, "p"] - 1] == '"\\u0070" = 3'
    assert rows[lines["items", 0, "parts", 1, "p"] - 1] == "p = 2"
    assert line_of(lines, ("items", 1, "unknown")) == lines["items", 1]
    assert line_of(lines, ("nowhere",)) == 1


TA = Stage("title_abstract", 1, {"design": "Not randomized"})
FT = Stage("full_text", 1, {"data": "No data"})


def counted(*, found: int | None = None, studies: int = 1, waiting: bool = False) -> Any:
    sources = [
        SearchSource("e", "Embase", "database", found=found, removed_at_source=1, records=5),
        SearchSource("w", "Web", "website", searched=False),
    ]
    records = [Record(ident, "T", source="e") for ident in "12345"]
    verdicts = {"1": "include", "2": "include", "3": "exclude", "4": "include"}
    if waiting:
        del verdicts["3"]
    decisions = [
        Decision(ident, "title_abstract", "r", verdict)  # type: ignore[arg-type]
        for ident, verdict in verdicts.items()
    ]
    decisions.append(Decision("1", "full_text", "r", "include"))
    if not waiting:
        decisions.append(Decision("2", "full_text", "r", "exclude", "data"))
    states = resolve(records, decisions, [TA, FT], duplicates={"5"}, not_retrieved={"4"})
    return count_flow(
        sources,
        records,
        {"5": "1"},
        [TA, FT],
        states,
        [Retrieval("4", "not_retrieved"), Retrieval("1", "retrieved")],
        [Study(f"S{number}", ("1",) if not number else (), {}) for number in range(studies)],
        studies_in_synthesis=1,
    )


def test_flow_counts() -> None:
    flow = counted()
    assert flow.problems == ()
    assert (flow.records_found, flow.duplicates_removed, flow.records_screened) == (6, 2, 4)
    assert (flow.records_excluded, flow.excluded_reasons) == (1, (("Reason not recorded", 1),))
    assert (flow.reports_sought, flow.reports_not_retrieved, flow.reports_assessed) == (3, 1, 2)
    assert flow.full_text_reasons == (("No data", 1),)
    assert (flow.reports_included, flow.open, flow.conflicts) == (1, 0, 0)
    assert [source.id for source, _ in flow.found] == ["e"]


def test_waiting_records_are_no_mistake() -> None:
    flow = counted(waiting=True)
    assert flow.problems == ()
    assert flow.open == 2  # one at each stage
    assert (flow.records_screened, flow.reports_assessed) == (3, 1)


def test_flow_problems_name_boxes() -> None:
    assert counted(found=9).problems == (
        "Embase: found 9 minus 1 removed at source is not the 5 records of the export",
        "records identified (9) minus records removed before screening (2) make 7, not records"
        " screened (4) and waiting (0)",
    )
    (problem,) = counted(studies=0).problems
    assert problem == "reports included (1) are not the reports of the studies (0)"


@pytest.mark.parametrize(
    ("kinds", "heading"),
    [
        ([], "Identification of studies"),
        (["database"], "Identification of studies via databases"),
        (["register", "database"], "Identification of studies via databases and registers"),
        (
            ["citation", "website", "database"],
            "Identification of studies via databases, websites and citation searching",
        ),
    ],
)
def test_heading(kinds: Any, heading: Any) -> None:
    assert flow_heading([SearchSource(kind, kind, kind) for kind in kinds]) == heading


def test_fingerprint_is_of_the_inputs(tmp_path: Any) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.csv").write_text("12")
    (tmp_path / "b.csv").write_text("3")
    first = fingerprint(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results.json").write_text("{}")
    (tmp_path / ".evisynth").mkdir()
    (tmp_path / ".evisynth" / "review.db").write_text("")
    (tmp_path / "a" / ".x.csv.swp").write_text("")
    assert fingerprint(tmp_path) == first
    assert [name for name, _ in input_files(tmp_path)] == ["a/x.csv", "b.csv"]
    (tmp_path / "a" / "x.csv").write_text("1")
    (tmp_path / "b.csv").write_text("23")
    assert fingerprint(tmp_path) != first
    (tmp_path / "a" / "x.csv").write_text("12")
    (tmp_path / "b.csv").rename(tmp_path / "c.csv")
    (tmp_path / "c.csv").write_text("3")
    assert fingerprint(tmp_path) != first


def test_a_link_does_not_lead_out(tmp_path: Any) -> None:
    inside, outside = tmp_path / "review", tmp_path / "secret.csv"
    inside.mkdir()
    outside.write_text("x")
    (inside / "link.csv").symlink_to(outside)
    problems: list[Problem] = []
    for written in ("link.csv", "a/../../secret.csv", str(outside), "C:/x.csv", "a\\..\\x.csv"):
        assert path_inside(inside, written, where="t", at="k", problems=problems) is None
    assert all("leaves the review folder" in problem.message for problem in problems)
    assert len(problems) == 5


def test_asymmetry_tests_are_those_of_synthesis() -> None:
    table = pd.DataFrame(
        {"study": list("abcde"), "yi": np.linspace(-1, 1, 5), "vi": [0.1, 0.2, 0.15, 0.3, 0.12]}
    )
    fit = pool(effects(table, measure="GEN"))
    for name in ASYMMETRY_TESTS:
        assert asymmetry_test(fit, name).k == 5
    with pytest.raises(OptionError) as caught:
        asymmetry_test(fit, "no such test")
    assert set(ASYMMETRY_TESTS) <= set(caught.value.allowed)
