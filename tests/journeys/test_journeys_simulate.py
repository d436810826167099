"""The command simulate, from the table to the picture, and tables that cannot be used."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from evisynth.cli import run_command

ASREVIEW = "record_id,title,abstract,keywords,included"
SYNERGY = "doi,title,abstract,openalex_id,label_included"
SLEEP, PIGS = "Sleep trial in adults", "Virus of pigs"


def table(place: Path, header: str = ASREVIEW, labels: str = "10") -> Path:
    lines = [header]
    for number in range(40):
        title = SLEEP if number % 5 == 0 else f"{PIGS} {number % 3}"
        label = labels[0] if number % 5 == 0 else labels[1]
        if header == ASREVIEW:
            lines.append(f'{number},{title},"Two lines,\nin abstract {number % 7}",,{label}')
        else:
            lines.append(f"10.1/x{number},{title},Abstract {number % 7},W{number},{label}")
    path = place / "records.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def documented() -> set[str]:
    """The keys of the answer as docs/prioritization.md lists them."""
    page = Path(__file__).resolve().parents[2] / "docs" / "prioritization.md"
    table_ = page.read_text(encoding="utf-8").split("| key | holds |")[1].split("\n\n")[0]
    rows = [line.split("|")[1] for line in table_.splitlines() if line.startswith("| `")]
    return {key for cell in rows for key in re.findall(r"`(\w+)`", cell)}


@pytest.mark.parametrize("header", [ASREVIEW, SYNERGY])
def test_replays_tables_of_asreview_and_synergy(
    header: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, plot = table(tmp_path, header), tmp_path / "curve.svg"
    code = run_command(["simulate", str(path), "--text", "sleep", "--seeds", "2", "--json",
                        "--plot", str(plot)])  # fmt: skip
    assert code == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["records"], found["relevant"], len(found["runs"])) == (40, 8, 2)
    assert found["label"] == header.rsplit(",", 1)[1]
    assert found["runs"][0]["read_to_all"] == 8
    assert found["found_at"][0]["read"] == list(range(1, 9))
    assert found["stopping"]["held"] == 1.0
    assert set(found) == {"ok", "command", *(row for row in documented())}
    assert "Records read" in plot.read_text(encoding="utf-8")


@pytest.mark.parametrize("sign", [";", "\t"])
def test_other_signs_between_cells(sign: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [["record_id", "title", "abstract", "included"]]
    rows += [[str(n), SLEEP if n < 4 else PIGS, "Text", str(int(n < 4))] for n in range(20)]
    path.write_text("\n".join(sign.join(row) for row in rows), encoding="utf-8")
    assert run_command(["simulate", str(path), "--seeds", "1", "-q"]) == 0


def test_label_named_and_text_for_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = table(tmp_path, labels=("yes", "no"))  # type: ignore[arg-type]
    assert run_command(["simulate", str(path), "--label", "included", "--seeds", "1"]) == 0
    out = capsys.readouterr().out
    assert "40 records, 8 relevant; 1 run, 1 relevant and 1 irrelevant known" in out
    assert "WSS@95" in out


def test_label_means_label_included_too(tmp_path: Path) -> None:
    path = table(tmp_path, SYNERGY)
    assert run_command(["simulate", str(path), "--label", "included", "--seeds", "1", "-q"]) == 0


def run_bad(args: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run_command(["simulate", *args]) == 2
    return capsys.readouterr().err


def test_no_column_of_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = table(tmp_path)
    assert "Did you mean 'included'" in run_bad([str(path), "--label", "inclded"], capsys)
    path.write_text("title,abstract\nx,y\n", encoding="utf-8")
    assert "no column of labels is known" in run_bad([str(path)], capsys)
    path.write_text("title,abstract,inclded\nx,y,1\n", encoding="utf-8")
    assert "Is it 'inclded'? Name it with --label" in run_bad([str(path)], capsys)


def test_no_column_of_titles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_text("titel,abstract,included\nx,y,1\nz,y,0\n", encoding="utf-8")
    told = run_bad([str(path)], capsys)
    assert "no column of titles is known" in told
    assert "Is it 'titel'? Name it 'title'" in told


def test_which_of_two_columns_of_labels_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.csv"
    rows = "".join(f"{SLEEP if n < 5 else PIGS},{int(n < 5)},{int(n < 3)}\n" for n in range(20))
    path.write_text(f"title,included,label_included\n{rows}", encoding="utf-8")
    assert run_command(["simulate", str(path), "--seeds", "1"]) == 0
    out = capsys.readouterr().out
    assert "20 records, 3 relevant" in out
    assert "for included give --label" in out


@pytest.mark.parametrize("yes_no", [("Y", "N"), ("True", "False"), ("1.0", "0.0"), ("1", "0")])
@pytest.mark.parametrize("column", ["final_included", "asreview_label", "included_flag"])
def test_columns_and_labels_as_others_write_them(
    yes_no: tuple[str, str], column: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.csv"
    rows = "".join(f"{SLEEP if n < 5 else PIGS},{yes_no[n >= 5]}\n" for n in range(20))
    path.write_text(f"title,{column}\n{rows}Left,NaN\n", encoding="utf-8")
    assert run_command(["simulate", str(path), "--seeds", "1"]) == 0
    assert "20 records, 5 relevant" in capsys.readouterr().out


def test_label_that_is_not_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_text("title,included\nSleep,1\nPigs,0\nCows,maybe\n", encoding="utf-8")
    told = run_bad([str(path)], capsys)
    assert "line 4, column included" in told
    assert "'maybe'" in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title,abstract,included\nSleep,x,\nPigs,y,\n", "no row has a label"),
        ("title,abstract,included\nSleep,x,0\nPigs,y,0\n", "no record is labelled relevant"),
        ("title,abstract,included\nSleep,x,1\nPigs,y,1\n", "every record is labelled relevant"),
        ("", "the file is empty"),
    ],
)
def test_tables_that_cannot_be_replayed(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    assert words in run_bad([str(path)], capsys)


def test_absent_file_and_bad_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = table(tmp_path)
    assert "cannot be read" in run_bad([str(tmp_path / "none.csv")], capsys)
    for option, value in (
        ("--seeds", "0"),
        ("--target", "0"),
        ("--plot", "x.gif"),
        ("--priors", "-1"),
    ):
        assert option[2:] in run_bad([str(path), option, value], capsys)
    assert "cannot be written" in run_bad(
        [str(path), "--seeds", "1", "--plot", str(tmp_path / "no" / "x.svg")], capsys
    )


def test_rows_without_a_label_are_left_out_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = table(tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write("98,Another,,,\n99,One more,,,-1\n")
    assert run_command(["simulate", str(path), "--seeds", "1"]) == 0
    assert "2 rows without a label are left out" in capsys.readouterr().out


def test_all_duplicates_fall_back_and_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.csv"
    rows = "".join(f"{n},The same,{int(n < 3)}\n" for n in range(20))
    path.write_text("record_id,title,included\n" + rows, encoding="utf-8")
    assert run_command(["simulate", str(path), "--seeds", "1"]) == 0
    assert "the texts tell no record from another: the order is random" in capsys.readouterr().out
