"""What a ranking may learn from: labels of records, and whose votes they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from evisynth.errors import DataError, OptionError

__all__ = ["Label", "VoteLike", "label_arrays", "training_labels"]

SOFT = 0.5
"""Target of a record that one of two people included."""

PASSED = 0.1
"""Weight of a record that passed titles and abstracts and was excluded by its full text."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of a record.

    Attributes
    ----------
    target : float
        1 relevant, 0 irrelevant; between them a share, as when one of two people included it.
    weight : float
        How much it counts; above 0.

    Examples
    --------
    >>> Label(1.0)
    Label(target=1.0, weight=1.0)
    """

    target: float
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.target <= 1:
            raise OptionError("target of a label", self.target, ["a number from 0 to 1"])
        if not 0 < self.weight < float("inf"):
            raise OptionError("weight of a label", self.weight, ["a number above 0"])


class VoteLike(Protocol):
    """A decision, whatever type it has: `evisynth.screening.Decision` is one."""

    @property
    def record(self) -> str:
        """Id of the record."""

    @property
    def reviewer(self) -> str:
        """Id of the person."""

    @property
    def verdict(self) -> str:
        """One of ``"include"``, ``"exclude"``, ``"maybe"``."""


_TARGETS = {"include": 1.0, "maybe": 1.0, "exclude": 0.0}
"""``maybe`` counts as include: the record goes on to its full text."""


def _target(verdict: str, record: str) -> float:
    if verdict not in _TARGETS:
        raise OptionError(f"verdict on record {record}", verdict, _TARGETS)
    return _TARGETS[verdict]


def training_labels(
    own: Iterable[VoteLike],
    agreed: Mapping[str, str],
    *,
    reviewer: str,
    full_text: Mapping[str, str] | None = None,
) -> dict[str, Label]:
    """Return what one person's queue may learn from: own votes, and results agreed already.

    It takes no other votes, so that the order of a person's queue can tell nothing of them: a
    record on which the others have voted and this person has not is as open as any.

    Parameters
    ----------
    own
        Decisions of this person; a later one on the same record counts.
    agreed
        ``"include"`` or ``"exclude"`` by record, for records that have all the decisions needed.
        It overrides the person's own vote. A record still waiting for votes must not stand here.
    full_text
        Outcomes of full texts by record: an exclusion there makes an included record count
        little (weight 0.1), as it is near to the relevant ones and not one of them.

    Returns
    -------
    dict of str to Label

    Raises
    ------
    DataError
        When a decision of another person is among ``own``.

    Examples
    --------
    >>> from types import SimpleNamespace as Vote
    >>> own = [Vote(record="a", reviewer="R1", verdict="include")]
    >>> training_labels(own, {"b": "exclude"}, reviewer="R1")
    {'a': Label(target=1.0, weight=1.0), 'b': Label(target=0.0, weight=1.0)}
    """
    labels: dict[str, Label] = {}
    for vote in own:
        if vote.reviewer != reviewer:
            raise DataError(
                f"a decision of {vote.reviewer!r} on record {vote.record!r} was given for the queue"
                f" of {reviewer!r}; give this person's own decisions and the agreed results only"
            )
        labels[vote.record] = Label(_target(vote.verdict, vote.record))
    for record, verdict in agreed.items():
        labels[record] = Label(_target(verdict, record))
    for record, verdict in (full_text or {}).items():
        passed = _target(verdict, record)
        if record in labels and labels[record].target > 0:
            labels[record] = Label(1.0, 1.0 if passed else PASSED)
    return labels


def label_arrays(
    decisions: Mapping[str, Label | float | bool],
) -> tuple[list[str], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return records, targets and weights; a number or truth value is a target of weight 1.

    Raises
    ------
    OptionError
        When a decision is neither a truth value nor a number from 0 to 1 nor a `Label`.

    Examples
    --------
    >>> label_arrays({"a": True, "b": Label(0.5, 0.1)})
    (['a', 'b'], array([1. , 0.5]), array([1. , 0.1]))
    """
    names = [str(name) for name in decisions]
    values = list(decisions.values())
    # thousands of plain decisions after each new one: no object is made for each
    if all(type(value) is bool for value in values):
        return names, np.array(values, dtype=np.float64), np.ones(len(values))
    labels = [_label(value, name) for name, value in zip(names, values, strict=True)]
    targets = np.array([label.target for label in labels], dtype=np.float64)
    return names, targets, np.array([label.weight for label in labels], dtype=np.float64)


def _label(value: Label | float | bool, record: str) -> Label:
    if isinstance(value, Label):
        return value
    if isinstance(value, (bool, int, float, np.number, np.bool_)) and 0 <= value <= 1:
        return Label(float(value))
    raise OptionError(
        f"decision on record {record}", value, ["True", "False", "a number from 0 to 1", "a Label"]
    )
