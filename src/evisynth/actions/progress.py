"""Progress of long work, told to a callback; nothing here prints."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "part_of"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""

WHOLE = 100
"""Parts into which the whole work is divided for the person watching."""


def part_of(progress: Progress | None, start: int, end: int) -> Progress | None:
    """Make a callback for one part of the work out of the callback for the whole.

    Parameters
    ----------
    progress
        Callback for the whole, or None.
    start, end
        Where the part begins and ends, in percent of the whole.

    Returns
    -------
    Progress or None
        Callback that the part can call with its own counts.

    Examples
    --------
    >>> seen = []
    >>> tell = part_of(lambda text, done, total: seen.append((text, done, total)), 20, 60)
    >>> tell("Figures", 1, 4)
    >>> seen
    [('Figures', 30, 100)]
    """
    if progress is None:
        return None

    def tell(text: str, done: int, total: int) -> None:
        share = min(1.0, done / total) if total > 0 else 1.0
        progress(text, round(start + (end - start) * share), WHOLE)

    return tell
