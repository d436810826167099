"""What the storage refuses, and says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evisynth.errors import EvisynthError, InputError, Problem, SetupError
from evisynth.review import ItemKey, Value

__all__ = ["Conflict", "NewerSchemaError", "RequestReusedError", "StoreError", "VersionConflict"]


class StoreError(InputError):
    """The store cannot do what it is asked; nothing was changed."""


class NewerSchemaError(SetupError):
    """The database was made by a newer Evisynth."""


class RequestReusedError(EvisynthError):
    """A request's id was used before for something else."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two people wrote one item: what a merge view shows.

    Attributes
    ----------
    kind, key
        Of the item.
    base : Value or None
        What the person had before them.
    mine, theirs : Value or None
        What the person wants to write, and what stands there now.
    version : int
        The present version; name it to write over it.
    by, at : str
        Who wrote it, and when.
    """

    kind: str
    key: ItemKey
    base: Value | None
    mine: Value | None
    theirs: Value | None
    version: int
    by: str
    at: str


class VersionConflict(EvisynthError):  # noqa: N818 - what it is called everywhere
    """Somebody wrote the item in the meantime; nothing was changed.

    Parameters
    ----------
    conflicts
        Each item with what the person had, wants, and what stands there now.
    """

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        self.conflicts = tuple(conflicts)
        first = self.conflicts[0]
        more = f" (and {len(self.conflicts) - 1} more)" if len(self.conflicts) > 1 else ""
        super().__init__(
            f"{first.kind} {', '.join(part for part in first.key if part)}{more} was changed in"
            f" the meantime by {first.by or 'somebody'} ({first.at}); look at both and decide"
        )


def refused(where: str, message: str, hint: str = "", at: str = "") -> StoreError:
    """Make a `StoreError` of one problem."""
    return StoreError(Problem(where, at, message, (), hint))
