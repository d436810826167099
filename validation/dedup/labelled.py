"""Read labelled sets of records: ``records_pre_merged.csv`` and ``merged_record_ids.csv``."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from evisynth.records import Record

csv.field_size_limit(10**9)


def stream_records(folder: Path) -> Iterator[Record]:
    """Yield the records of a set."""
    with (folder / "records_pre_merged.csv").open(encoding="utf-8", newline="") as file:
        yield from map(record_of, csv.DictReader(file))


def read_records(folder: Path) -> list[Record]:
    """Return the records of a set."""
    return list(stream_records(folder))


def record_of(row: dict[str, str]) -> Record:
    """Return the record of one row."""
    year = (row.get("year") or "")[:4]
    people = (row.get("author") or "").split(" and ")
    return Record(
        id=row["ID"],
        title=row.get("title") or "",
        authors=tuple(name.strip() for name in people if name.strip()),
        year=int(year) if year.isdigit() else None,
        journal=row.get("journal") or row.get("booktitle") or "",
        volume=row.get("volume") or "",
        issue=row.get("number") or row.get("issue") or "",
        pages=row.get("pages") or "",
        doi=(row.get("doi") or "").lower(),
        pmid=row.get("pmid") or "",
        abstract=row.get("abstract") or "",
        source=row.get("source") or "",
    )


def read_groups(path: Path) -> list[list[str]]:
    """Return the groups of a file, lists of ids."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row["merged_ids"].split(";") for row in csv.DictReader(file) if row["merged_ids"]]


def labels(ids: list[str], groups: list[list[str]]) -> dict[str, object]:
    """Return for each id the group it belongs to; ids in no group stand alone."""
    found: dict[str, object] = {name: name for name in ids}
    for number, members in enumerate(groups):
        for name in members:
            if name in found:
                found[name] = number
    return found


def score(ids: list[str], true: list[list[str]], predicted: list[list[str]]) -> dict[str, float]:
    """Count copies rightly removed (tp), works lost (fp) and copies left (fn).

    With n records, E true works, P predicted works and M different (predicted, true) cells:
    tp = n - M, fp = M - P, fn = M - E. It does not matter which record of a group is kept.
    """
    of_true, of_predicted = labels(ids, true), labels(ids, predicted)
    cells = len(Counter((of_predicted[name], of_true[name]) for name in ids))
    works, found = len(set(of_true.values())), len(set(of_predicted.values()))
    tp, fp, fn = len(ids) - cells, cells - found, cells - works
    precision = tp / (tp + fp) if tp + fp else 1.0
    recall = tp / (tp + fn) if tp + fn else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {
        "n": len(ids), "tp": tp, "fp": fp, "fn": fn,
        "precision": precision, "recall": recall, "f1": f1,
    }  # fmt: skip
