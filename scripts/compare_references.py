"""Compare a pinned reference with one computed anew: ``compare_references.py PINNED NEW``.

Numbers are compared by value, since another version of R may write or round the last digits
otherwise; versions and times are left out. Exit code 1 when something differs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

RELATIVE = 1e-9
"""Differences of a search for tau² that ends at 1e-12 stay below; a changed method does not."""

ABSOLUTE = 1e-10
FREE_KEYS = ("made_with", "source", "versions")
SHOWN = 20


def differences(pinned: Any, new: Any, path: str = "") -> list[str]:
    """Return a line for each value that differs."""
    if isinstance(pinned, dict) and isinstance(new, dict):
        return [
            line
            for key in sorted({*pinned, *new})
            if key not in FREE_KEYS
            for line in differences(pinned.get(key), new.get(key), f"{path}.{key}")
        ]
    if isinstance(pinned, list) and isinstance(new, list) and len(pinned) == len(new):
        return [
            line
            for place, (left, right) in enumerate(zip(pinned, new, strict=True))
            for line in differences(left, right, f"{path}[{place}]")
        ]
    if isinstance(pinned, int | float) and isinstance(new, int | float):
        if abs(pinned - new) <= ABSOLUTE + RELATIVE * max(abs(pinned), abs(new)):
            return []
    elif pinned == new:
        return []
    return [f"{path.lstrip('.')}: pinned {pinned!r}, now {new!r}"]


def main(pinned: str, new: str) -> int:
    """Compare two files."""
    left, right = (json.loads(Path(name).read_text(encoding="utf-8")) for name in (pinned, new))
    found = differences(left, right)
    print(f"{pinned}: {'the same' if not found else f'{len(found)} values differ'}")
    for line in found[:SHOWN]:
        print(f"  {line}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
