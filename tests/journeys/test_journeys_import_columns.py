"""Tables whose columns a person names: taken in, read again with the review, and kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evisynth.actions import ImportOptions, import_records, new_review
from evisynth.cli import run_command
from evisynth.errors import InputError, OptionError
from evisynth.review import read_searches
from evisynth.searches import read_strategy, start_strategy, write_strategy

TABLE = 'Nr.;Titel;Verfasser;Jahr\n1;Gehen;"Öberg, A; Kim, B";2020\n2;Schlaf;"Kim, B";2021\n'
COLUMNS = {"id": "Nr.", "title": "Titel", "authors": "Verfasser", "year": "Jahr"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "liste.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


@pytest.fixture
def review(tmp_path: Path) -> Path:
    return new_review(tmp_path / "walking").folder


def records(review: Path) -> list[tuple[str, str, tuple[str, ...], int | None]]:
    problems: list[Any] = []
    _, found = read_searches(review, problems, [])
    assert problems == []
    rows = [each for each in found if each.reader == "CSV" and "_l" in each.source]
    return sorted((each.id, each.title, each.authors, each.year) for each in rows)


def test_columns_are_given_at_the_command_line_and_kept(
    review: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [word for name, column in COLUMNS.items() for word in ("--column", f"{name}={column}")]
    command = ["import", str(table), "--folder", str(review), "--source", "Liste", *given, "--json"]
    assert run_command(command) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    (toml,) = review.glob("searches/*_liste/search.toml")
    assert '[columns]\nid = "Nr."\ntitle = "Titel"\n' in toml.read_text(encoding="utf-8")
    assert records(review) == [
        ("1", "Gehen", ("Öberg, A", "Kim, B"), 2020),
        ("2", "Schlaf", ("Kim, B",), 2021),
    ]


def test_a_second_part_is_read_with_the_same_columns(
    review: Path, table: Path, tmp_path: Path
) -> None:
    options = ImportOptions(source="Liste", columns=COLUMNS)
    first = import_records([table], review, options=options).searches[0].id
    more = tmp_path / "mehr.csv"
    more.write_text("Nr.;Titel\n3;Stimmung\n", encoding="utf-8")
    fewer = {"id": "Nr.", "title": "Titel"}
    with pytest.raises(InputError, match="the columns of this search are said already"):
        import_records([more], review, options=ImportOptions(source=first, columns=fewer))
    more.write_text("Nr.;Titel;Verfasser;Jahr\n3;Stimmung;;2022\n", encoding="utf-8")
    done = import_records([more], review, options=ImportOptions(source=first, columns=COLUMNS))
    assert (done.searches[0].new, done.searches[0].records) == (False, 3)
    assert [row[1] for row in records(review)] == ["Gehen", "Schlaf", "Stimmung"]


def test_a_strategy_written_later_leaves_the_columns(review: Path, table: Path) -> None:
    done = import_records([table], review, options=ImportOptions(source="L", columns=COLUMNS))
    folder = review / "searches" / done.searches[0].id
    assert read_strategy(folder).database == "L"
    write_strategy(start_strategy("L", "Ovid", ["gait.ti."]), folder)
    assert '[columns]\nid = "Nr."\n' in (folder / "search.toml").read_text(encoding="utf-8")
    assert len(records(review)) == 2


def test_what_is_no_column_is_told(review: Path, table: Path) -> None:
    with pytest.raises(InputError, match=r"no column 'Title'; allowed: Nr\., Titel, Verfasser"):
        import_records([table], review, options=ImportOptions(columns={"title": "Title"}))
    with pytest.raises(OptionError, match="'titel' is not known"):
        import_records([table], review, options=ImportOptions(columns={"titel": "Titel"}))


@pytest.mark.parametrize("given", ["title", "title=", "=Titel"])
def test_a_column_is_a_field_and_a_name(
    review: Path, table: Path, given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["import", str(table), "--folder", str(review), "--column", given]) != 0
    assert "title=Titel" in capsys.readouterr().err


def test_a_field_that_is_none_in_search_toml_is_a_problem(review: Path, table: Path) -> None:
    done = import_records([table], review, options=ImportOptions(source="L", columns=COLUMNS))
    toml = review / "searches" / done.searches[0].id / "search.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('title = "T', 'titel = "T'), "utf-8")
    problems: list[Any] = []
    read_searches(review, problems, [])
    assert any("'titel' is not known" in str(each) for each in problems)
