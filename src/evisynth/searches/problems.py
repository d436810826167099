"""What is wrong with a query, at which place, what was expected there, and the repair."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from evisynth.errors import InputError, Problem

__all__ = ["QuerySyntaxError", "Severity", "SyntaxProblem"]

Severity = Literal["error", "warning", "hint"]


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """One place of a query that cannot be read as written.

    Attributes
    ----------
    code : str
        Short name of the kind of problem, e.g. ``"unbalanced-parenthesis"``.
    severity : Severity
        ``"error"`` where the query cannot be trusted.
    line : int
        Number of the line in its strategy.
    column, end_column : int
        First and last column, counted from 1.
    message, expected, repair : str
        What is wrong, what was expected there, the way out.
    """

    code: str
    severity: Severity
    line: int
    column: int
    end_column: int
    message: str
    expected: str = ""
    repair: str = ""

    def as_problem(self, where: str) -> Problem:
        """Return it as a problem of a file."""
        message = self.message + (f"; expected {self.expected}" if self.expected else "")
        return Problem(
            where, f"line {self.line}, column {self.column}", message, hint=self.repair.rstrip(".")
        )


class QuerySyntaxError(InputError):
    """A query that cannot be read as one of its platform.

    Parameters
    ----------
    problems
        The problems, in the order of the text.
    where
        Platform or file.
    """

    def __init__(self, problems: Iterable[SyntaxProblem], where: str) -> None:
        self.found = tuple(problems)
        super().__init__(problem.as_problem(where) for problem in self.found)
