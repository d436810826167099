"""A review as a deposit."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from evisynth.actions import export_review, new_review, run_review
from evisynth.exchange.deposit import table_fields
from evisynth.review import read_review


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, Path]:
    folder: Path = new_review(tmp_path_factory.mktemp("deposit") / "my-review").folder
    run_review(folder, formats=["html"])
    (folder / ".evisynth").mkdir(exist_ok=True)
    (folder / ".evisynth" / "review.db").write_bytes(b"x")
    (folder / "fulltext").mkdir(exist_ok=True)
    (folder / "fulltext" / f"{'a' * 64}.pdf").write_bytes(b"x")
    place = tmp_path_factory.mktemp("place") / "deposit"
    found = export_review(folder, "deposit", into=place)
    assert any("full texts" in item for item in found.cannot_hold)
    assert any("name people" in item for item in found.cannot_hold)
    return folder, place


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_everything_goes_along_but_database_and_full_texts(made):
    folder, place = made
    mine = {
        name
        for name in files(folder)
        if not name.startswith((".", "fulltext/")) and "/." not in name
    }
    metadata = {"ro-crate-metadata.json", "datapackage.json", ".zenodo.json"}
    assert files(place) == mine | metadata
    assert read_review(place).title == read_review(folder).title


def test_the_crate_names_every_file_with_its_sum(made):
    _, place = made
    crate = json.loads((place / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    entities = {entity["@id"]: entity for entity in crate["@graph"]}
    assert len(entities) == len(crate["@graph"])
    root = entities["./"]
    parts = {part["@id"] for part in root["hasPart"]}
    assert parts == files(place) - {"ro-crate-metadata.json", "datapackage.json", ".zenodo.json"}
    for name in parts:
        data = (place / name).read_bytes()
        assert entities[name]["sha256"] == hashlib.sha256(data).hexdigest()
        assert entities[name]["contentSize"] == str(len(data))
    action = entities["#analysis"]
    assert {part["@id"] for part in (*action["object"], *action["result"])} == parts
    for reference in (*root["author"], action["instrument"], root["license"]):
        assert reference["@id"] in entities
    assert entities["#evisynth"]["version"]


def test_the_data_package_describes_every_table(made):
    _, place = made
    package = json.loads((place / "datapackage.json").read_text(encoding="utf-8"))
    resources = {resource["path"]: resource for resource in package["resources"]}
    assert set(resources) == {name for name in files(place) if name.endswith(".csv")}
    assert len({resource["name"] for resource in package["resources"]}) == len(resources)
    for name, resource in resources.items():
        with (place / name).open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file))
        assert [column["name"] for column in resource["schema"]["fields"]] == header


def test_metadata_for_zenodo(made):
    folder, place = made
    review = read_review(folder)
    found = json.loads((place / ".zenodo.json").read_text(encoding="utf-8"))
    assert found["title"] == review.title
    assert [creator["name"] for creator in found["creators"]] == [
        person.name for person in review.people
    ]
    assert found["license"] == "cc-by-4.0"


def test_the_types_of_columns():
    kinds = [each["type"] for each in table_fields("a,b,c,d\n1,1.5,x,\n-2,3,1,\n")]
    assert kinds == ["integer", "number", "string", "string"]
    assert table_fields("") == []
