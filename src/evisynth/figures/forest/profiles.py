"""Looks of a forest plot, as data."""

from __future__ import annotations

from dataclasses import dataclass

from evisynth.errors import OptionError

__all__ = ["PROFILES", "Profile", "profile_by_name"]


@dataclass(frozen=True, slots=True)
class Profile:
    """Sizes in points and colours of one look.

    Attributes
    ----------
    size : float
        Font size of the table.
    row : float
        Height of a row of one line; each further line adds `line`.
    graph : float
        Width of the graph.
    label : float
        Widest that the column of study labels may be; longer labels are wrapped.
    square : float
        Side of the largest square.
    square_continuous, square_dichotomous : str
        Colour of the squares (contrast to white at least 3:1).
    """

    name: str
    size: float = 8.0
    row: float = 12.5
    line: float = 9.6
    margin: float = 8.0
    graph: float = 190.0
    label: float = 165.0
    square: float = 7.6
    square_continuous: str = "#00852b"
    square_dichotomous: str = "#0000cc"
    diamond: str = "#000000"
    prediction: str = "#5a5a5a"
    rule: str = "#000000"
    null: str = "#000000"
    pooled: str = "#5a5a5a"


PROFILES: dict[str, Profile] = {"cochrane": Profile("cochrane")}
"""Looks by name; ``"cochrane"`` is that of RevMan."""


def profile_by_name(name: str) -> Profile:
    """Return a look.

    Raises
    ------
    OptionError
        Unknown name.
    """
    if name not in PROFILES:
        raise OptionError("profile", name, PROFILES)
    return PROFILES[name]
