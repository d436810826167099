"""Linear hypotheses in words: from names of coefficients and levels to weights."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from evisynth.errors import OptionError
from evisynth.synthesis.linear_fits import LinearFit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evisynth.synthesis.formula import Design

__all__ = ["HypothesisReader", "design_of", "level_rows"]

NUMBER = re.compile(r"\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?")


def design_of(linear: LinearFit, what: str) -> Design:
    """Return the design of a fit that was made by a formula."""
    if linear.design is None or linear.design.coding is None:
        raise OptionError(
            what, "a name", ["a matrix", "names of coefficients"],
            hint="The fit was made without a formula.",
        )  # fmt: skip
    return linear.design


def level_rows(linear: LinearFit, column: str) -> dict[str, NDArray[np.float64]]:
    """Return the combination of coefficients that each level of a category stands for."""
    design = design_of(linear, "pairs")
    assert design.coding is not None  # noqa: S101
    p = len(linear.terms)
    for term in design.coding.terms:
        if len(term) == 1 and term[0].column == column and term[0].levels:
            rows = {level: np.zeros(p) for level in term[0].levels}
            for level in term[0].shown:
                name = f"{column}[{level}]"
                if name in linear.terms:
                    rows[level][linear.terms.index(name)] = 1.0
            return rows
    categories = [
        term[0].column for term in design.coding.terms if len(term) == 1 and term[0].levels
    ]
    raise OptionError("pairs", column, categories, hint="Pairs are of the levels of a category.")


class HypothesisReader:
    """Reads a linear hypothesis: names with factors, +, - and at most one =."""

    def __init__(self, linear: LinearFit, text: str) -> None:
        self.text = text
        self.size = len(linear.terms)
        self.names = _names(linear)
        self.ordered = sorted(self.names, key=len, reverse=True)

    def _broken(self, hint: str) -> OptionError:
        return OptionError("hypotheses", self.text, self.ordered[::-1], hint=hint)

    def combination(self) -> tuple[NDArray[np.float64], float]:
        """Return weights and constant of what is left minus what is right of the sign =."""
        sides = self._sides()
        if len(sides) > 2:
            raise self._broken("One = is enough.")
        row, constant = self._side(sides[0])
        if len(sides) == 2:
            other, value = self._side(sides[1])
            row, constant = row - other, constant - value
        if not row.any():
            raise self._broken("No coefficient is in it.")
        return row, constant

    def _sides(self) -> list[str]:
        """Cut at =, but not within a name (``poly(x, 2, raw=True)[1]``)."""
        cuts, place = [], 0
        while place < len(self.text):
            name = self._name_at(self.text, place)
            if name:
                place += len(name)
                continue
            if self.text[place] == "=":
                cuts.append(place)
            place += 1
        ends = [*cuts, len(self.text)]
        return [self.text[a:b].lstrip("=") for a, b in zip([0, *cuts], ends, strict=True)]

    def _name_at(self, text: str, place: int) -> str:
        """Return the longest name that stands at a place as a whole word."""
        if place and (text[place - 1].isalnum() or text[place - 1] in "_."):
            return ""
        for name in self.ordered:
            if text.startswith(name, place):
                end = place + len(name)
                inside = end < len(text) and (text[end].isalnum() or text[end] in "_.")
                if not (inside and (name[-1].isalnum() or name[-1] in "_.")):
                    return name
        return ""

    def _side(self, text: str) -> tuple[NDArray[np.float64], float]:
        row, constant = np.zeros(self.size), 0.0
        place, sign, factor, empty = 0, 1.0, None, True
        while place < len(text):
            letter = text[place]
            name = self._name_at(text, place)
            if letter == "`" and "`" in text[place + 1 :]:
                end = text.index("`", place + 1)
                name = text[place + 1 : end]
                if name not in self.names:
                    raise self._broken(f"{name!r} is none of its names.")
                row += sign * (1.0 if factor is None else factor) * self.names[name]
                place, factor, empty = end + 1, None, False
            elif name:
                row += sign * (1.0 if factor is None else factor) * self.names[name]
                place, factor, empty = place + len(name), None, False
            elif letter.isspace() or letter == "*":
                if letter == "*" and factor is None:
                    raise self._broken("A * stands between a number and a name.")
                place += 1
            elif letter in "+-":
                if factor is not None:
                    constant, factor, empty = constant + sign * factor, None, False
                sign = (1.0 if letter == "+" else -1.0) * (sign if empty else 1.0)
                place, empty = place + 1, True
            elif match := NUMBER.match(text, place):
                factor, place = float(match.group()), match.end()
            else:
                raise self._broken(f"Not understood from {text[place:].strip()!r} on.")
        if factor is not None:
            constant += sign * factor
        elif empty:
            raise self._broken("Something is missing at the end.")
        return row, constant


def _names(linear: LinearFit) -> dict[str, NDArray[np.float64]]:
    """Return what names stand for: coefficients, and levels named in one category alone."""
    p = len(linear.terms)
    names = dict(zip(linear.terms, np.eye(p), strict=True))
    design = linear.design
    if design is None or design.coding is None:
        return names
    levels: dict[str, NDArray[np.float64]] = {}
    twice: set[str] = set()
    for term in design.coding.terms:
        if len(term) != 1 or not term[0].levels:
            continue
        for level, row in level_rows(linear, term[0].column).items():
            names.setdefault(f"{term[0].column}[{level}]", row)
            twice |= {level} & set(levels)
            levels[level] = row
    for level, row in levels.items():
        if level not in twice and not NUMBER.fullmatch(level):
            names.setdefault(level, row)
    return names
