"""Run bib-dedupe on one labelled set; called by ``compare.py`` with the Python of its own venv.

usage: python run_bib_dedupe.py RECORDS.csv GROUPS_OUT.csv

Prints one line of JSON: wall and processor seconds (children included) and the peak memory.
"""

import csv
import json
import resource
import sys
import time
from pathlib import Path


def main(records_path: str, out_path: str) -> None:
    """Deduplicate ``records_path`` and write the groups to ``out_path``."""
    import pandas as pd
    from bib_dedupe.bib_dedupe import block, cluster, match, prep

    records = pd.read_csv(records_path, dtype=str, keep_default_na=False)
    start = time.perf_counter()
    groups = cluster(match(block(prep(records))))
    wall = time.perf_counter() - start
    with Path(out_path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["merged_ids"])
        writer.writerows([";".join(group)] for group in groups)
    mine = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime
    peak = max(mine.ru_maxrss, children.ru_maxrss) / 1024
    print(json.dumps({"wall": wall, "processor": processor, "peak_mb": peak}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
