"""Time and memory of deduplication on generated sets of any size.

usage: python run.py --shared FOLDER [--size 100001] [--later 10000] [--peer PYTHON] [--work FOLDER]

The set is made once (``--work``) and read as a stream. ``--later`` records are added to the index
after the others, as an import into a library would be, and the groups are compared with those of
one run over everything. ``--peer`` names the Python of a venv with bib-dedupe 0.11.0.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
VALIDATION = HERE.parents[1] / "validation" / "dedup"
sys.path.insert(0, str(VALIDATION))

from generated import seed_files  # noqa: E402
from labelled import read_groups, score, stream_records  # noqa: E402

from evisynth.deduplication import DeduplicationIndex  # noqa: E402


def peak_mb() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def made(shared: Path, work: Path, size: int) -> Path:
    """Return the folder of a generated set; make it if it is not there."""
    folder = work / f"generated_{size}"
    if not (folder / "merged_record_ids.csv").exists():
        folder.mkdir(parents=True, exist_ok=True)
        tool = shared / "tools" / "dedup_generate.py"
        subprocess.run(
            [sys.executable, str(tool), str(folder), str(size), *seed_files(shared)], check=True
        )
    return folder


def main() -> None:
    """Run and print one line of JSON a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--size", type=int, default=100_001)
    parser.add_argument("--later", type=int, default=0)
    parser.add_argument("--peer", default="")
    parser.add_argument("--work", type=Path, default=Path("/tmp/evisynth-dedup"))
    given = parser.parse_args()
    folder = made(given.shared, given.work, given.size)

    start = time.perf_counter()
    count = sum(1 for _ in stream_records(folder))
    reading = time.perf_counter() - start

    start, busy = time.perf_counter(), time.process_time()
    index = DeduplicationIndex()
    index.add(stream_records(folder))
    added = time.perf_counter() - start
    result = index.result()
    wall, processor = time.perf_counter() - start, time.process_time() - busy
    ids = [*result.singles, *(name for group in result.groups for name in group)]
    groups = read_groups(folder / "merged_record_ids.csv")
    print(json.dumps({
        "tool": "evisynth", "n": count, "wall": round(wall, 1), "of_it_reading": round(reading, 1),
        "of_it_result": round(wall - added, 1), "processor": round(processor, 1),
        "peak_mb": round(peak_mb()),
        **score(ids, groups, [list(group) for group in result.groups]),
    }), flush=True)  # fmt: skip

    if given.later:
        del index
        cut = count - given.later
        library = DeduplicationIndex()
        library.add(r for k, r in enumerate(stream_records(folder)) if k < cut)
        new = [r for k, r in enumerate(stream_records(folder)) if k >= cut]
        start = time.perf_counter()
        library.add(new)
        added = time.perf_counter() - start
        later = library.result()
        wall = time.perf_counter() - start
        print(json.dumps({
            "tool": "evisynth, import into a library", "library": cut, "n": len(new),
            "wall_add": round(added, 1), "wall_result": round(wall - added, 1),
            "same_as_one_run": later == result,
        }), flush=True)  # fmt: skip

    if given.peer:
        out = folder / "bib_dedupe.csv"
        ran = subprocess.run(
            [given.peer, str(VALIDATION / "run_bib_dedupe.py"),
             str(folder / "records_pre_merged.csv"), str(out)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        numbers = score(ids, groups, read_groups(out))
        line = json.loads(ran.stdout.strip().splitlines()[-1])
        print(json.dumps({"tool": "bib-dedupe 0.11.0", "n": count, **line, **numbers}), flush=True)


if __name__ == "__main__":
    main()
