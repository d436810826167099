"""How many records a second the readers take, beside rispy and bibtexparser.

    python benchmarks/records/reading.py --peers /tmp/peers/bin/python --large 1000

Makes its files itself (invented records with about 25 lines and an abstract of 1,500 signs, as
MEDLINE has them; one in two with letters beyond ASCII), reads each as a stream on one core in a
process of its own and prints records a second of processor time (the best of ``--times`` runs) and
the largest memory of the process. Above stands how long ten million additions take: about 0.4 s on
a quiet core of 2024, more where the core is shared, and then all rates are lower in proportion.
``--large 1000`` writes files of 1 GB as well, for the memory. ``--peers`` is a Python with rispy
and bibtexparser; they are no dependencies of this project.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PEAK = """
def peak():
    with open("/proc/self/status") as file:  # not ru_maxrss: it counts the parent before exec
        return next(int(row.split()[1]) / 1024 for row in file if row.startswith("VmHWM"))
"""
OURS = """
import json, sys, time
from evisynth.records import iter_records
before = peak()
start = time.process_time()
stream = iter_records(sys.argv[1], "bench")
count = sum(1 for _ in stream)
taken = time.process_time() - start
print(json.dumps([count, taken, peak(), peak() - before]))
"""
RISPY = """
import json, sys, time
import rispy
before = peak()
start = time.process_time()
with open(sys.argv[1], encoding="utf-8") as file:
    count = len(rispy.load(file))
taken = time.process_time() - start
print(json.dumps([count, taken, peak(), peak() - before]))
"""
BIBTEXPARSER = """
import json, logging, sys, time
import bibtexparser
logging.disable(logging.CRITICAL)
before = peak()
start = time.process_time()
count = len(bibtexparser.parse_file(sys.argv[1]).entries)
taken = time.process_time() - start
print(json.dumps([count, taken, peak(), peak() - before]))
"""


def make_records(count: int) -> list[Any]:
    """Make invented records, the same for every run."""
    from evisynth.records import Record

    rng = random.Random(20260302)
    words = ["walking", "mood", "trial", "adults", "randomized", "sleep", "weeks", "group", "of",
             "the", "and", "with", "in", "a", "scores", "control", "baseline", "later"]  # fmt: skip
    letters = ["é", "ü", "–", "µ", "β", "’", "≥"]

    def text(number: int, wide: bool) -> str:
        found = rng.choices(words, k=number)
        if wide:
            found[rng.randrange(number)] += rng.choice(letters)
        return " ".join(found).capitalize()

    records = []
    for number in range(count):
        wide = number % 2 == 1
        records.append(
            Record(
                id=str(30_000_000 + number),
                title=text(14, wide) + ".",
                authors=tuple(
                    f"Family{rng.randrange(5000)}, Given {c}" for c in "ABCDEF"[: 2 + number % 5]
                ),
                year=1990 + number % 35,
                journal=text(4, False),
                journal_short="J Inv Trials",
                volume=str(number % 90),
                issue=str(number % 12),
                pages=f"{number % 900}-{number % 900 + 9}",
                doi=f"10.5555/bench.{number}",
                pmid=str(30_000_000 + number),
                url=f"https://example.org/{number}",
                abstract=text(230, wide) + ".",
                keywords=tuple(text(2, False) for _ in range(8)),
                type="Journal Article",
                language="eng",
                database="Bench",
                issns=("1234-5679",),
            )
        )
    return records


STREAMED = ("RIS", "nbib", "CSV", "EndNote XML")
"""Formats that are read piece by piece, whatever the size of the file."""


def repeat(path: Path, large: Path, size: int) -> None:
    """Write the records of a file again and again, with other ids, until the file has a size."""
    data = path.read_bytes()
    opening, closing = b"", b""
    if path.suffix == ".csv":
        cut = data.index(b"\n") + 1
        opening, data = data[:cut], data[cut:]
    elif path.suffix == ".xml":
        first, last = data.index(b"<record>"), data.rindex(b"</record>") + len(b"</record>")
        opening, data, closing = data[:first], data[first:last] + b"\n", data[last:]
    with large.open("wb") as file:
        file.write(opening)
        copy = 300
        while file.tell() < size:
            file.write(data.replace(b"300", str(copy).encode()))
            copy += 1
        file.write(closing)


def run(python: str, code: str, path: Path) -> tuple[int, float, float, float]:
    """Run a reader in a process of its own."""
    done = subprocess.run(
        [python, "-c", PEAK + code, str(path)], capture_output=True, text=True, check=True
    )
    count, taken, peak, grown = json.loads(done.stdout)
    return count, taken, peak, grown


def measured(python: str, code: str, path: Path, times: int) -> tuple[int, float, float, float]:
    """Run a reader several times; the shortest is the one that was disturbed least."""
    return min((run(python, code, path) for _ in range(times)), key=lambda each: each[1])


def row(name: str, kind: str, path: Path, found: tuple[int, float, float, float]) -> str:
    """Return a row of the table."""
    count, taken, peak, grown = found
    return (f"{name:<24}{kind:<14}{path.stat().st_size / 1e6:>7.1f}{count:>11,}"
            f"{count / taken:>11,.0f}{peak:>9.0f}{grown:>10.0f}")  # fmt: skip


def main() -> None:
    """Make the files, run the readers, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=3, help="runs of each; the shortest counts")
    parser.add_argument("--peers", default="", help="a Python with rispy and bibtexparser")
    parser.add_argument(
        "--large", type=int, default=0, metavar="MB", help="also files of this size, read once"
    )
    options = parser.parse_args()
    from evisynth.records import WRITERS, write_records

    records = make_records(options.records)
    start = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    print(f"ten million additions: {time.process_time() - start:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'reader':<24}{'file':<14}{'MB':>7}{'records':>11}{'records/s':>11}"
              f"{'peak MB':>9}{'grown MB':>10}")  # fmt: skip
        for writer in WRITERS:
            path = Path(folder) / f"bench{writer.ending}"
            write_records(records, path)
            rows = [("evisynth", sys.executable, OURS)]
            if options.peers and writer.name == "RIS":
                rows.append(("rispy", options.peers, RISPY))
            if options.peers and writer.name == "BibTeX":
                rows.append(("bibtexparser", options.peers, BIBTEXPARSER))
            for name, python, code in rows:
                print(row(name, writer.name, path, measured(python, code, path, options.times)))
            if options.large and writer.name in STREAMED:
                large = Path(folder) / f"large{writer.ending}"
                repeat(path, large, options.large * 1_000_000)
                print(row("evisynth", writer.name, large, run(sys.executable, OURS, large)))
                large.unlink()


if __name__ == "__main__":
    main()
