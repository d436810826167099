"""A look into an embedded database without opening it: quick, and never changing anything."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from evisynth.review import Head

__all__ = ["DATABASE_FILE", "embedded_head"]

DATABASE_FILE = ".evisynth/review.db"
"""The embedded database within a review's folder."""


def embedded_head(folder: Path) -> Head | None:
    """Return the end of the history in a folder's database; None where there is no database.

    A database that cannot be read counts as none here; opening it says what is wrong.
    """
    path = folder / DATABASE_FILE
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            row = database.execute(
                "SELECT head_number, head_hash FROM evisynth_review ORDER BY id LIMIT 1"
            ).fetchone()
    except sqlite3.Error:
        return None
    return Head(*row) if row else None
