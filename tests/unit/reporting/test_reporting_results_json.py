"""results.json: whole, unrounded, in the shape that its schema describes."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from evisynth.reporting.results_json import results_schema, results_to_dict, write_results

TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
}  # fmt: skip


def is_type(value: Any, name: str) -> bool:
    if name == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def mismatches(
    value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$"
) -> list[str]:
    """The part of JSON Schema that our schema uses; unknown keywords are an error."""
    known = {"$schema", "$id", "$defs", "title", "description", "type", "properties", "required",
             "additionalProperties", "items", "anyOf", "enum", "const", "$ref"}  # fmt: skip
    assert set(schema) <= known, set(schema) - known
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return mismatches(value, root["$defs"][name], root, at)
    if "anyOf" in schema:
        tries = [mismatches(value, one, root, at) for one in schema["anyOf"]]
        return [] if [] in tries else tries[0]
    if "const" in schema and value != schema["const"]:
        return [f"{at}: {value!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value!r} not in {schema['enum']}"]
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(is_type(value, name) for name in names):
            return [f"{at}: {value!r} is not {names}"]
    found: list[str] = []
    if isinstance(value, dict):
        own = schema.get("properties", {})
        found += [
            f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value
        ]
        extra = schema.get("additionalProperties", True)
        for name, item in value.items():
            if name in own:
                found += mismatches(item, own[name], root, f"{at}.{name}")
            elif extra is False:
                found.append(f"{at}: {name} is not described")
            elif isinstance(extra, dict):
                found += mismatches(item, extra, root, f"{at}.{name}")
    if isinstance(value, list) and "items" in schema:
        for place, item in enumerate(value):
            found += mismatches(item, schema["items"], root, f"{at}[{place}]")
    return found


def unexplained(value: Any, at: str = "$") -> list[str]:
    """Nulls in an object with ``reasons`` that has none for them."""
    found: list[str] = []
    if isinstance(value, dict):
        if "reasons" in value:
            numbers = {n for n, item in value.items() if item is None}
            found += [f"{at}.{name}" for name in numbers if not value["reasons"].get(name)]
            found += [f"{at}.{n} is not null" for n in value["reasons"] if n not in numbers]
        for name, item in value.items():
            found += unexplained(item, f"{at}.{name}")
    if isinstance(value, list):
        for place, item in enumerate(value):
            found += unexplained(item, f"{at}[{place}]")
    return found


@pytest.fixture
def values(review, results, figures) -> dict[str, Any]:
    return results_to_dict(review, results, figures)


def test_it_follows_its_schema(values, empty_review):
    schema = results_schema()
    assert mismatches(values, schema, schema) == []
    empty = results_to_dict(empty_review, ())
    assert mismatches(empty, schema, schema) == []


def test_the_schema_refuses_what_is_wrong(values):
    schema = results_schema()
    values["analyses"]["anxiety"]["overall"]["k"] = "five"
    del values["flow"]["open"]
    values["extra"] = 1
    found = mismatches(values, schema, schema)
    assert "$.analyses.anxiety.overall.k: 'five' is not ['integer']" in found
    assert "$.flow: open is missing" in found
    assert "$: extra is not described" in found


def test_numbers_keep_every_digit(values, results, tmp_path, review, figures):
    path = tmp_path / "results.json"
    write_results(path, review, results, figures)
    read = json.loads(path.read_text("utf-8"))
    assert read == values
    fit = results[0].fit
    assert read["analyses"]["anxiety"]["overall"]["estimate"] == fit.estimate
    assert read["analyses"]["anxiety"]["overall"]["tau2"] == fit.tau2
    ratio = read["analyses"]["remission"]["overall"]
    assert ratio["shown"]["estimate"] == pytest.approx(math.exp(ratio["estimate"]), rel=1e-15)


def test_every_null_number_says_why(values):
    assert unexplained(values) == []
    single = values["analyses"]["one"]["overall"]
    assert single["tau2"] is None
    assert single["reasons"]["tau2"] == "not defined for a single study"
    gap = values["analyses"]["remission"]["effects"][3]
    assert (gap["estimate"], gap["reason"]) == (None, "no events in either arm")


def test_what_is_computed_is_there(values):
    anxiety = values["analyses"]["anxiety"]
    assert anxiety["effects"][0]["study"] == "Ames 2001"
    assert len(anxiety["leave_one_out"]) == 5
    assert anxiety["subgroups"]["phase"]["not_coded"] == ["Nobody 2001"]
    assert anxiety["subgroups"]["phase"]["groups"][0]["level"] == "early"
    assert anxiety["trim_and_fill"]["filled"]["k"] == 6
    assert anxiety["without_outliers"]["fit"]["k"] == 4
    assert values["risk_of_bias"]["assessments"][0]["overall"]["final"] == "some concerns"
    assert values["comparison"][0]["published"]["k"] == 9
    assert values["software"]["evisynth"]
