"""The check list SAFE: four signs together, a heuristic (Boetje and van de Schoot 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evisynth.display import format_columns, format_count, format_percent
from evisynth.errors import DataError, OptionError
from evisynth.prioritization.truth import truths

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SafeCheck", "SafeItem", "safe_check"]


@dataclass(frozen=True, slots=True)
class SafeItem:
    """One sign of the check list; ``met`` is None where it is not known."""

    name: str
    met: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class SafeCheck:
    """The signs of the check list.

    Attributes
    ----------
    items : tuple of SafeItem
        In the order of the paper.
    """

    items: tuple[SafeItem, ...]

    @property
    def met(self) -> bool:
        """Whether every sign is there; one that is not known is not there."""
        return all(item.met is True for item in self.items)

    def __str__(self) -> str:
        signs = {True: "yes", False: "no", None: "not known"}
        rows = [[item.name, signs[item.met], item.detail] for item in self.items]
        return "\n".join(["SAFE check list (a heuristic, no guarantee)", *format_columns(rows)])

    def to_frame(self) -> pd.DataFrame:
        """Return the check list as a table."""
        import pandas as pd

        return pd.DataFrame(
            [{"sign": item.name, "met": item.met, "detail": item.detail} for item in self.items]
        )

    def method_sentence(self) -> str:
        """Say what the check list is."""
        return (
            "The end of screening was checked by the SAFE procedure (Boetje and van de Schoot "
            "2024, doi:10.1186/s13643-024-02502-7), a heuristic without guarantee."
        )


def safe_check(
    labels: Sequence[bool],
    total: int,
    *,
    key_papers_found: bool | None = None,
    expected_relevant: float | None = None,
    second_model: bool | None = None,
    quality_check: bool | None = None,
    least_read: float = 0.10,
    run: int = 50,
) -> SafeCheck:
    """Look through the signs of SAFE.

    Parameters
    ----------
    labels
        Relevant or not, for each record read, in the order read.
    total
        Records in all.
    key_papers_found
        Whether all papers known beforehand are found; None when there were none or nobody looked.
    expected_relevant
        Relevant records expected, from a random sample at the start.
    second_model
        Whether the rest was ranked by another model, too, and read until that ran dry.
    quality_check
        Whether the excluded were looked through again by a person.
    least_read
        Share of the records to be read at least.
    run
        Irrelevant records in a row at the end.

    Returns
    -------
    SafeCheck

    Raises
    ------
    DataError, OptionError
        Numbers that cannot be.

    Notes
    -----
    Boetje J, van de Schoot R (2024). The SAFE procedure: a practical stopping heuristic for active
    learning-based screening. Systematic Reviews 13:81. doi:10.1186/s13643-024-02502-7

    Examples
    --------
    >>> check = safe_check([True] * 10 + [False] * 60, 300, expected_relevant=12)
    >>> [item.met for item in check.items]
    [None, True, True, True, None, None]
    """
    read = truths(labels)
    if len(read) > total or total < 1:
        raise DataError(f"{len(read)} decisions cannot be on {total} records")
    if not 0 < least_read <= 1:
        raise OptionError("least_read", least_read, ["a number above 0 and up to 1"])
    if run < 1:
        raise OptionError("run", run, ["a whole number above 0"])
    hits = np.flatnonzero(read)
    tail = len(read) - 1 - int(hits[-1]) if len(hits) else 0
    enough = None if expected_relevant is None else len(read) >= 2 * expected_relevant
    expected = "not estimated" if expected_relevant is None else f"about {expected_relevant:.4g}"
    share = len(read) / total
    items = (
        SafeItem("key papers found", key_papers_found, ""),
        SafeItem(
            f"at least {format_percent(100 * least_read)} read",
            share >= least_read,
            f"{format_percent(100 * share, 1)} of {format_count(total)}",
        ),
        SafeItem(
            "twice the expected relevant records read",
            enough,
            f"{format_count(len(read))} read, expected relevant: {expected}",
        ),
        SafeItem(
            f"last {format_count(run)} records irrelevant",
            len(hits) > 0 and tail >= run,
            f"{format_count(tail)} in a row",
        ),
        SafeItem("second model read until dry", second_model, ""),
        SafeItem("excluded records checked", quality_check, ""),
    )
    return SafeCheck(items)
