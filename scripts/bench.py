"""Time what people wait for: ``make bench``. Each time is the best of several runs.

The speed of pooling beside metafor is measured by benchmarks/pooling.py.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "digital-interventions-cancer"


def best(runs: int, act: Callable[[], object]) -> float:
    """Return the shortest of several runs, in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return min(times)


def python(code: str, *arguments: str) -> None:
    """Run code in a new interpreter."""
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL)


def evisynth(*arguments: str) -> None:
    """Run a command in a new process."""
    python("from evisynth.cli import main; main()", *arguments)


def main() -> None:
    """Print a line a measurement."""

    def show(what: str, seconds: float, bar: str) -> None:
        print(f"  {what:<44} {seconds:8.2f} s   (bar: {bar})", flush=True)

    start = best(5, lambda: python("pass"))
    show("import evisynth", best(5, lambda: python("import evisynth")) - start, "0.2 s")
    show("evisynth --help", best(5, lambda: evisynth("--help")), "0.5 s")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "review"
        shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("out", ".evisynth"))
        show("evisynth run, the example", best(2, lambda: evisynth("run", str(folder))), "15 s")
        show("evisynth check, the example", best(2, lambda: evisynth("check", str(folder))), "5 s")
        show(
            "evisynth status, the example", best(2, lambda: evisynth("status", str(folder))), "2 s"
        )


if __name__ == "__main__":
    main()
