"""Small RevMan files, made here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest

Row = Mapping[str, Any]

STORED = {
    "estimate": "EFFECT_SIZE",
    "ci_lower": "CI_START",
    "ci_upper": "CI_END",
    "z": "Z",
    "p": "P_Z",
    "q": "CHI2",
    "df": "DF",
    "q_p": "P_CHI2",
    "i2": "I2",
    "tau2": "TAU2",
    "subgroup_q": "Q",
    "subgroup_p": "P_Q",
    "subgroup_i2": "I2_Q",
}


def attributes(values: Mapping[str, Any]) -> str:
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in values.items())


def data_rows(prefix: str, rows: Sequence[Row]) -> str:
    return "".join(
        f"<{prefix}_DATA{attributes({'ESTIMABLE': 'YES', 'ORDER': place + 1, **row})}/>"
        for place, row in enumerate(rows)
    )


def stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers by our names as attributes; other names stay."""
    found = {STORED.get(name, name): value for name, value in values.items()}
    return {"ESTIMABLE": "YES" if "EFFECT_SIZE" in found else "NO", **found}


def outcome(
    prefix: str,
    rows: Sequence[Row] = (),
    *,
    groups: Sequence[tuple[str, Sequence[Row], Mapping[str, Any]]] = (),
    result: Mapping[str, Any] | None = None,
    number: int = 1,
    name: str = "Pain",
    comparison: int = 1,
    **settings: Any,
) -> str:
    """One outcome as XML; ``settings`` are attributes, ``result`` what is stored for it."""
    place = f"CMP-{comparison:03d}.{number:02d}"
    head = {
        "ID": place,
        "NO": number,
        "CI_STUDY": 95,
        "CI_TOTAL": 95,
        "RANDOM": "NO",
        "TOTALS": "YES",
        "SUBGROUPS": "YES" if groups else "NO",
        "SUBGROUP_TEST": "YES",
        **stored(result or {}),
        **settings,
    }
    words = settings.get("MEASURE_CHILD", "")
    head.pop("MEASURE_CHILD", None)
    parts = [f"<{prefix}_OUTCOME{attributes(head)}><NAME>{escape(name)}</NAME>"]
    parts.append("<GROUP_LABEL_1>Drug</GROUP_LABEL_1><GROUP_LABEL_2>Placebo</GROUP_LABEL_2>")
    if words:
        parts.append(f"<EFFECT_MEASURE>{escape(words)}</EFFECT_MEASURE>")
    parts.append(data_rows(prefix, rows))
    for index, (label, members, numbers) in enumerate(groups, 1):
        inner = {"ID": f"{place}.{index:02d}", "NO": index, **stored(numbers)}
        parts.append(
            f"<{prefix}_SUBGROUP{attributes(inner)}><NAME>{escape(label)}</NAME>"
            f"{data_rows(prefix, members)}</{prefix}_SUBGROUP>"
        )
    parts.append(f"</{prefix}_OUTCOME>")
    return "".join(parts)


def document(
    *outcomes: str, studies: Sequence[str] = (), extra: str = "", encoding: str = "UTF-8"
) -> str:
    """A whole file; every study is included under the name that follows from its id."""
    listed = "".join(
        f'<STUDY DATA_SOURCE="PUB" ID={quoteattr(study)} '
        f'NAME={quoteattr(study.removeprefix("STD-").replace("-", " "))} YEAR="2001"/>'
        for study in studies
    )
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>\n'
        '<COCHRANE_REVIEW DOI="10.1000/x" ID="1" REVMAN_SUB_VERSION="5.4.1" REVMAN_VERSION="5">'
        "<COVER_SHEET><TITLE>Drugs for pain &amp; sorrow</TITLE></COVER_SHEET>"
        "<STUDIES_AND_REFERENCES><STUDIES><INCLUDED_STUDIES>"
        f"{listed}</INCLUDED_STUDIES></STUDIES></STUDIES_AND_REFERENCES>"
        '<ANALYSES_AND_DATA CALCULATED_DATA="YES"><COMPARISON ID="CMP-001" NO="1">'
        f"<NAME>Drug versus placebo</NAME>{''.join(outcomes)}</COMPARISON></ANALYSES_AND_DATA>"
        f"{extra}</COCHRANE_REVIEW>"
    )


class Rm5:
    """Makes files of Review Manager 5."""

    outcome = staticmethod(outcome)
    document = staticmethod(document)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, text: str | bytes, name: str = "review.rm5") -> Path:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    def file(self, *outcomes: str, **more: Any) -> Path:
        return self.write(document(*outcomes, **more))


@pytest.fixture
def rm5(tmp_path: Path) -> Rm5:
    return Rm5(tmp_path)


TABLES = ((12, 60, 20, 58), (15, 40, 11, 42), (0, 25, 3, 24), (50, 120, 41, 118))
MEANS = (
    (30, 5.1, 2.1, 32, 6.3, 2.2),
    (45, 4.8, 1.9, 44, 5.2, 2.4),
    (60, 6.2, 2.6, 58, 7.9, 2.5),
)
NAMES = ("STD-Ames-2001", "STD-Bell-2002", "STD-Cole-2003", "STD-Dunn-2004")


@pytest.fixture
def event_rows() -> list[dict[str, Any]]:
    """Four tables, one with a zero cell."""
    return [
        {"STUDY_ID": name, "EVENTS_1": a, "TOTAL_1": n1, "EVENTS_2": c, "TOTAL_2": n2}
        for name, (a, n1, c, n2) in zip(NAMES, TABLES, strict=True)
    ]


@pytest.fixture
def mean_rows() -> list[dict[str, Any]]:
    return [
        {
            "STUDY_ID": name, "TOTAL_1": n1, "MEAN_1": m1, "SD_1": s1, "TOTAL_2": n2,
            "MEAN_2": m2, "SD_2": s2,
        }
        for name, (n1, m1, s1, n2, m2, s2) in zip(NAMES, MEANS, strict=False)
    ]  # fmt: skip


def mismatches(value: Any, schema: Any, root: Any, at: str = "$") -> list[str]:
    """Where a value is not what a JSON schema says (the words that ours use)."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return mismatches(value, root["$defs"][name], root, at)
    if "anyOf" in schema:
        found = [mismatches(value, option, root, at) for option in schema["anyOf"]]
        return [] if any(not option for option in found) else min(found, key=len)
    if "const" in schema and value != schema["const"]:
        return [f"{at}: {value!r} is not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value!r} is not one of {schema['enum']}"]
    kinds: dict[str, Callable[[Any], bool]] = {
        "null": lambda each: each is None,
        "string": lambda each: isinstance(each, str),
        "boolean": lambda each: isinstance(each, bool),
        "integer": lambda each: isinstance(each, int) and not isinstance(each, bool),
        "number": lambda each: isinstance(each, int | float) and not isinstance(each, bool),
        "object": lambda each: isinstance(each, dict),
        "array": lambda each: isinstance(each, list),
    }
    wanted = schema.get("type", [])
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if wanted and not any(kinds[kind](value) for kind in wanted):
        return [f"{at}: {value!r} is not {wanted}"]
    found_here: list[str] = []
    if isinstance(value, dict) and "properties" in schema:
        found_here += [
            f"{at}: {name} is missing" for name in schema.get("required", []) if name not in value
        ]
        rest = schema.get("additionalProperties", True)
        for name, item in value.items():
            if name in schema["properties"]:
                found_here += mismatches(item, schema["properties"][name], root, f"{at}.{name}")
            elif rest is False:
                found_here.append(f"{at}: {name} is not described")
            elif isinstance(rest, dict):
                found_here += mismatches(item, rest, root, f"{at}.{name}")
    if isinstance(value, list) and "items" in schema:
        for place, item in enumerate(value):
            found_here += mismatches(item, schema["items"], root, f"{at}[{place}]")
    return found_here


@pytest.fixture
def follows_schema() -> Callable[[Any, Any], list[str]]:
    return lambda value, schema: mismatches(value, schema, schema)
