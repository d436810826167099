"""Studies, and the reports that tell of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Field", "Retrieval", "Study"]


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
    """

    id: str
    reports: tuple[str, ...]
    characteristics: dict[str, str | float | tuple[str, ...] | None] = field(default_factory=dict)
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Whether the report behind a record was retrieved, and why not."""

    record: str
    status: Literal["retrieved", "not_retrieved"]
    reason: str = ""
    date: str = ""
    file: str = ""
    line: int = 0
