"""Studies, and the reports that tell of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Field", "Retrieval", "RetrievalStatus", "Study"]

RetrievalStatus = Literal["sought", "retrieved", "not_retrieved"]


@dataclass(frozen=True, slots=True)
class Field:
    """A characteristic of studies that the plan names.

    Attributes
    ----------
    name : str
        Column of ``studies/studies.csv``.
    label : str
        Words shown.
    type : {"text", "number", "category", "categories"}
        ``"categories"`` holds several, separated by semicolons (not exclusive).
    levels : tuple of str
        Allowed levels of a category, in the order shown; empty means any.
    unknown : str
        Words shown where the cell is empty.
    """

    name: str
    label: str
    type: Literal["text", "number", "category", "categories"] = "text"
    levels: tuple[str, ...] = ()
    unknown: str = "not stated"


@dataclass(frozen=True, slots=True)
class Study:
    """One investigation.

    Attributes
    ----------
    id : str
        Label shown, e.g. ``"Zhu 2018"``; unique.
    reports : tuple of str
        Ids of the records of its reports.
    characteristics : dict
        Field name to text, number (float), tuple of levels, or None where it is not known.
    file, line : str, int
        Where it stands.
    main_report : str
        Id of the report that the study is cited by; ``""``: the first.
    """

    id: str
    reports: tuple[str, ...]
    characteristics: dict[str, str | float | tuple[str, ...] | None] = field(default_factory=dict)
    file: str = ""
    line: int = 0
    main_report: str = ""

    @property
    def main(self) -> str:
        """Id of the main report; ``""`` for a study without reports.

        Examples
        --------
        >>> Study("Zhu 2018", ("12", "40")).main
        '12'
        """
        return self.main_report or (self.reports[0] if self.reports else "")


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Whether the report behind a record was retrieved, and why not.

    ``"sought"`` says that it was asked for (an author, a library) and has not come yet.
    """

    record: str
    status: RetrievalStatus
    reason: str = ""
    date: str = ""
    file: str = ""
    line: int = 0
