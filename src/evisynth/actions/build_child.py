"""A document built in a process of its own: the server stays quick, and a build can be ended.

Called as ``python -m evisynth.actions.build_child FOLDER FORMAT...``: builds the review in
``FOLDER/review``, tells on standard output how far it is (a JSON line a step), and puts what was
built into ``FOLDER/out``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from evisynth.errors import EvisynthError, InputError

__all__ = ["main"]


def _tell(**said: Any) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Build the document of a frozen copy; return the exit code."""
    from evisynth.actions.run import run_review

    place, formats = Path(arguments[0]), arguments[1:]

    def progress(words: str, done: int, total: int) -> None:
        _tell(words=words, done=done, total=total)

    try:
        made = run_review(place / "review", formats=formats, progress=progress)
    except InputError as error:
        _tell(problems=[str(each) for each in error.problems[:50]])
        return 1
    except EvisynthError as error:
        _tell(problems=[str(error)])
        return 1
    made.out.replace(place / "out")
    _tell(
        built={
            "title": made.title,
            "files": list(made.files),
            "warnings": list(made.warnings),
            "records": made.records,
            "studies": made.studies,
            "analyses": [[line.title, line.measure, line.k, line.text] for line in made.analyses],
        }
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
