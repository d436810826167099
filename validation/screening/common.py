"""The labelled sets, their questions, and the starts: shared by the scripts of this folder."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from evisynth.records import Record

HERE = Path(__file__).resolve().parent
SETS = ("cohen_2006_adhd", "nagtegaal_2019", "kwok_2020", "van_de_schoot_2017")
QUESTIONS: dict[str, str] = json.loads((HERE / "questions.json").read_text(encoding="utf-8"))


def rows_of(data: Path, name: str) -> list[dict[str, str]]:
    """The rows of a set as they stand in its file."""
    with (data / name / "records.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def records_of(rows: list[dict[str, str]]) -> list[Record]:
    return [
        Record(
            id=row["record_id"],
            title=row["title"],
            abstract=row["abstract"],
            keywords=(row["keywords"],) if row.get("keywords") else (),
        )
        for row in rows
    ]


def labels_of(rows: list[dict[str, str]]) -> dict[str, bool]:
    return {row["record_id"]: row["label_included"] == "1" for row in rows}
