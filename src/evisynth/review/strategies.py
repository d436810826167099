"""Search strategies with their versions, where a search keeps one."""

from __future__ import annotations

from pathlib import Path

from evisynth.errors import InputError, Problem
from evisynth.review.plan_reading import parse_toml
from evisynth.review.searches import SEARCH_FILE
from evisynth.searches import Strategy, read_strategy

__all__ = ["read_strategies"]


def read_strategies(folder: Path, problems: list[Problem]) -> dict[str, Strategy]:
    """Read the strategies of a review's searches.

    Parameters
    ----------
    folder
        The review folder.
    problems
        Problems found are appended.

    Returns
    -------
    dict of str to Strategy
        By name of the search's folder; only searches whose ``search.toml`` has a table
        ``[strategy]``.
    """
    found: dict[str, Strategy] = {}
    root = folder / "searches"
    if not root.is_dir():
        return found
    for place in sorted(root.iterdir()):
        if place.name.startswith(".") or not (place / SEARCH_FILE).is_file():
            continue
        where = f"searches/{place.name}"
        unread: list[Problem] = []  # a file that is no TOML is told of where the search is read
        parsed = parse_toml(place / SEARCH_FILE, where=f"{where}/{SEARCH_FILE}", problems=unread)
        if parsed is None or "strategy" not in parsed[0]:
            continue
        try:
            found[place.name] = read_strategy(place, where=where)
        except InputError as error:
            problems.extend(error.problems)
    return found
