"""Errors as a person or a program is told of them, and the exit codes."""

from __future__ import annotations

from enum import IntEnum

from evisynth.errors import EvisynthError, InputError, Problem, ServiceError, SetupError

__all__ = ["Code", "code_of", "problems_of", "readable"]


class Code(IntEnum):
    """Exit codes of every command."""

    FINE = 0
    FAILED_CHECK = 1
    """A check found something, or a number moved."""
    BAD_INPUT = 2
    """The input or the way the command was called cannot be used."""
    MISSING_HERE = 3
    """Something is missing on this machine: a library, room on the disk, a right."""
    BUG = 4
    """A fault in Evisynth itself."""
    SERVICE = 5
    """A service outside does not answer or refuses; what came is kept."""
    INTERRUPTED = 130
    """Stopped by the keyboard."""


def code_of(error: EvisynthError) -> Code:
    """Return the exit code of an error that can be told to a person."""
    if isinstance(error, ServiceError):
        return Code.SERVICE
    return Code.MISSING_HERE if isinstance(error, SetupError) else Code.BAD_INPUT


def problems_of(error: BaseException) -> tuple[Problem, ...]:
    """Return the problems that an error carries, or its message as one.

    Examples
    --------
    >>> problems_of(ValueError("no"))
    (Problem(where='', at='', message='no', allowed=(), hint=''),)
    """
    if isinstance(error, InputError):
        return error.problems
    allowed = getattr(error, "allowed", ())
    return (
        Problem(
            where="",
            at=str(getattr(error, "option", "")),
            message=str(error),
            allowed=tuple(str(word) for word in allowed),
        ),
    )


def readable(error: BaseException) -> str:
    """Write an error as a list, one line a problem.

    Examples
    --------
    >>> print(readable(InputError([Problem("a.csv", "line 2", "no"), Problem("b.csv", "", "no")])))
    2 problems:
      - a.csv, line 2: no
      - b.csv: no
    """
    if isinstance(error, InputError) and len(error.problems) > 1:
        lines = "\n".join(f"  - {problem}" for problem in error.problems)
        return f"{len(error.problems)} problems:\n{lines}"
    return f"Error: {error}"
