"""Outcome data as extracted: one row a study, outcome and format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["DataKind", "Outcome", "OutcomeRow"]

DataKind = Literal["means", "changes", "difference", "events", "estimate"]
"""What the numbers of a row are: means at the end, changes from baseline, a difference between the
arms with its precision, events of each arm, or an estimate with its precision."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome of the plan.

    ``lower_is_better`` decides the words under the axis; ``type`` is ``"continuous"`` or
    ``"dichotomous"``.
    """

    id: str
    label: str
    type: Literal["continuous", "dichotomous"] = "continuous"
    lower_is_better: bool = True


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """The numbers of one study for one outcome, as they stand in the source.

    Attributes
    ----------
    study, outcome : str
        Ids.
    kind : DataKind
        What the numbers are.
    format : str
        The words of the plan for the file's kind of data, e.g. ``"end score"``.
    values : dict of str to float
        Number by standard name (``n1 mean1 sd1 n2 mean2 sd2``; ``n1 events1 n2 events2``;
        ``n1 n2 difference se ci_lower ci_upper p_value``; ``estimate se``...). Arm 1 is the
        experimental arm. Empty cells are absent.
    columns : dict of str to str
        Standard name to the column of the file.
    instrument, timepoint, source, note : str
        Measurement instrument, time point, and where the numbers stand.
    file, line : str, int
        Where the row stands, lines counted from 1 with the header as line 1.
    """

    study: str
    outcome: str
    kind: DataKind
    format: str
    values: dict[str, float]
    columns: dict[str, str] = field(default_factory=dict)
    instrument: str = ""
    timepoint: str = ""
    source: str = ""
    note: str = ""
    file: str = ""
    line: int = 0
