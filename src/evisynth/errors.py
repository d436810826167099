"""The errors of Evisynth, one tree.

::

    EvisynthError                what can be told to a person
    ├── InputError (ValueError)  a file, table or folder has something in it that cannot be used
    ├── OptionError (ValueError) an option's name or value is not one of those allowed
    ├── DataError (ValueError)   numbers that no computation can take (shapes, signs)
    ├── NotEstimableError        the computation has no answer on these data, and why
    ├── PermissionDeniedError    the act is not one of this person's
    ├── ServiceError             a service outside does not answer, or refuses
    └── SetupError               something on this machine is missing (a library, a font)

Every message names the bad value, the allowed ones and the way out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

__all__ = [
    "DataError",
    "EvisynthError",
    "InputError",
    "NotEstimableError",
    "OptionError",
    "PermissionDeniedError",
    "Problem",
    "ServiceError",
    "SetupError",
    "closest",
]


def closest(value: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed word that is nearest to ``value``, or None.

    Examples
    --------
    >>> closest("SDM", ["MD", "SMD", "OR"])
    'SMD'
    """
    words = {word.casefold(): word for word in allowed}
    letters = sorted(value.casefold())
    # Letters that changed places are the likeliest slip: SDM is SMD before it is SMN.
    swapped = [word for word in words if sorted(word) == letters]
    found = swapped or get_close_matches(value.casefold(), list(words), n=1, cutoff=0.55)
    return words[found[0]] if found else None


class EvisynthError(Exception):
    """Base of all errors that Evisynth raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong at one place of a file.

    Attributes
    ----------
    where : str
        File, relative to the review folder.
    at : str
        Line, column or key in it, e.g. ``"line 4, column sd1"`` or ``"analyses[0].measure"``.
    message : str
        What is wrong, with the bad value.
    allowed : tuple of str
        Allowed values, where they can be listed.
    hint : str
        The way out.
    """

    where: str
    at: str
    message: str
    allowed: tuple[str, ...] = ()
    hint: str = ""

    def __str__(self) -> str:
        place = ", ".join(part for part in (self.where, self.at) if part)
        text = f"{place}: {self.message}" if place else self.message
        if self.allowed:
            text += f"; allowed: {', '.join(self.allowed)}"
        if self.hint:
            text += f". {self.hint}"
        return text


class InputError(EvisynthError, ValueError):
    """Files or tables hold something that cannot be used; carries every problem found.

    Parameters
    ----------
    problems
        The problems, in the order of the files and lines.
    """

    def __init__(self, problems: Iterable[Problem] | Problem) -> None:
        self.problems: tuple[Problem, ...] = (
            (problems,) if isinstance(problems, Problem) else tuple(problems)
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))


class OptionError(EvisynthError, ValueError):
    """An option's value is not one of those allowed.

    Parameters
    ----------
    option
        Name of the option.
    value
        The value given.
    allowed
        The allowed values.
    hint
        The way out, if it is more than choosing an allowed value.
    """

    def __init__(
        self, option: str, value: object, allowed: Iterable[object], hint: str = ""
    ) -> None:
        self.option = option
        self.value = value
        self.allowed = tuple(str(word) for word in allowed)
        text = f"{option}: {value!r} is not known; allowed: {', '.join(self.allowed)}"
        near = closest(str(value), self.allowed)
        if near:
            text += f". Did you mean {near!r}?"
        if hint:
            text += f"{'' if text.endswith(('?', '.')) else '.'} {hint}"
        super().__init__(text)


class DataError(EvisynthError, ValueError):
    """Numbers that no computation can take: wrong shape, negative variance, text."""


class NotEstimableError(EvisynthError):
    """The computation has no answer on these data; the message says why and what to do."""


class SetupError(EvisynthError):
    """Something that this machine lacks; the message says what to install."""


class PermissionDeniedError(EvisynthError):
    """A person may not do this.

    Parameters
    ----------
    act
        What was tried.
    roles
        Roles of the person.
    allowed
        Roles that may.
    who
        The person, as shown.
    why
        What else stands against it, as when the person left the team.
    """

    def __init__(
        self, act: str, roles: Iterable[str], allowed: Iterable[str], *, who: str, why: str = ""
    ) -> None:
        self.act = act
        self.roles = tuple(roles)
        self.allowed = tuple(allowed)
        text = f"{who} may not {act!r}: "
        text += why or f"the roles are {', '.join(self.roles) or 'none'}"
        text += f"; allowed: {', '.join(self.allowed)}. Ask somebody who may"
        text += "" if why else ", or the owner or a lead for the role"
        super().__init__(text)


class ServiceError(EvisynthError):
    """A service outside does not answer, refuses, or says what cannot be understood.

    Parameters
    ----------
    service
        Name of the service, e.g. ``"PubMed"``.
    message
        What happened.
    hint
        The way out.
    status
        Status of its HTTP answer; 0 if there was none.
    """

    def __init__(self, service: str, message: str, *, hint: str = "", status: int = 0) -> None:
        self.service = service
        self.hint = hint
        self.status = status
        super().__init__(f"{service}: {message}" + (f". {hint}" if hint else ""))
