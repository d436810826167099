"""A large table of records out of labelled sets: real ones first, then halves of two joined.

    python benchmarks/screening/made.py --data DATA --records 20000 --out records.csv

DATA holds one folder a set with records.csv (record_id, title, abstract, label_included). Each
joined record has three words of its own, so that the number of terms grows as with
real ones.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np


def real(data: Path) -> list[tuple[str, str, bool]]:
    """Title, abstract and label of all records, the largest set first."""
    tables = sorted(data.glob("*/records.csv"), key=lambda path: -path.stat().st_size)
    out = []
    for path in tables:
        with path.open(newline="", encoding="utf-8") as file:
            out += [
                (row["title"], row["abstract"], row["label_included"] == "1")
                for row in csv.DictReader(file)
            ]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    base, draw = real(given.data), np.random.default_rng(1)
    rows = base[: given.records]
    while len(rows) < given.records:
        one = base[len(rows) % len(base)]
        other = base[int(draw.integers(len(base)))]
        first, second = one[1].split(), other[1].split()
        own = [f"own{number}" for number in draw.integers(10**6, size=3)]
        words = [*first[: len(first) // 2], *second[len(second) // 2 :], *own]
        rows.append((f"{one[0]} {other[0][:20]}", " ".join(words), False))
    with given.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["record_id", "title", "abstract", "label_included"])
        writer.writerows((n, title, text, int(y)) for n, (title, text, y) in enumerate(rows))


if __name__ == "__main__":
    main()
