"""The language of moderators, from text to terms.

::

    dose + region              columns; words and truth values are categories
    dose:region  dose*region   interaction; with the main effects
    region/site                site within region: region + region:site
    (a + b + c)^2              main effects and interactions of two
    dose*region - dose:region  without a term;  - 1 or 0 + without the intercept
    C(year)  C(arm, reference="placebo")  C(arm, levels=["a", "b"])
    ns(dose, 3)  bs(dose, 4, degree=2)  rcs(dose, 4)  rcs(dose, [5, 10, 20])
    poly(dose, 2)  poly(dose, 2, raw=True)  I(dose^2)  I((year - 1990) / 10)
    log(dose)  log2  log10  log1p  sqrt  exp  scale(dose)  center(dose)

Functions may stand in each other (``ns(log(dose), 3)``); names with signs or blanks in back-ticks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import NoReturn

from evisynth.errors import OptionError

__all__ = ["FUNCTIONS", "LANGUAGE", "Factor", "Step", "parse_formula"]

LANGUAGE = (
    "columns joined by +, a:b, a*b, a/b, (a + b)^2, C(a), ns(a, 3), bs(a, 4), rcs(a, 4), "
    "poly(a, 2), log(a), scale(a), I(a^2), - 1, and `back-ticks` around unusual names"
)

Value = float | bool | str | tuple["Value", ...] | None

FUNCTIONS: dict[str, tuple[str, ...]] = {
    "C": ("reference", "levels"),
    "ns": ("df", "knots", "boundary"),
    "bs": ("df", "degree", "knots", "boundary"),
    "rcs": ("knots",),
    "poly": ("degree", "raw"),
    "log": (), "log2": (), "log10": (), "log1p": (), "sqrt": (), "exp": (),
    "scale": (), "center": (),
    "I": (),
}  # fmt: skip
"""Functions of the language, with the names of their arguments after the column."""

WITH_SEVERAL_COLUMNS = ("ns", "bs", "rcs", "poly")

TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?(?![\w.])|\.\d+(?:[eE][-+]?\d+)?(?![\w.]))
      | (?P<quoted>`[^`]+`)
      | (?P<text>"[^"]*"|'[^']*')
      | (?P<word>[\w.]+)
      | (?P<sign>\*\*|[-+*:/^~(),\[\]=])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One function in a chain, with its arguments by name."""

    name: str
    arguments: tuple[tuple[str, Value], ...] = ()

    def get(self, name: str, default: Value = None) -> Value:
        """Return an argument, or what stands for it."""
        return dict(self.arguments).get(name, default)


@dataclass(frozen=True, slots=True)
class Factor:
    """One column in a term: as numbers, as a category, or as functions of it.

    Attributes
    ----------
    column : str
        Column of the data.
    category : bool
        Whether it was marked as a category by ``C()``.
    steps : tuple of Step
        Functions, from the inside out.
    text : str
        How it was written, where it is more than the column.
    reference : str or None
        Reference level of a category.
    levels : tuple of str or None
        Levels of a category in their order.
    written : str
        How a category was written.
    """

    column: str
    category: bool = False
    steps: tuple[Step, ...] = ()
    text: str = ""
    reference: str | None = None
    levels: tuple[str, ...] | None = None
    written: str = field(default="", compare=False)

    @property
    def label(self) -> str:
        """Name in the terms of a model."""
        return self.text or self.column


Term = tuple[Factor, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def parse_formula(formula: str) -> tuple[bool, tuple[Term, ...]]:
    """Return whether there is an intercept, and the terms in their order.

    Raises
    ------
    OptionError
        If the text is not a formula.

    Examples
    --------
    >>> parse_formula("dose + C(year) - 1")[0]
    False
    >>> [len(term) for term in parse_formula("dose * region")[1]]
    [1, 1, 2]
    >>> [factor.label for (factor,) in parse_formula("ns(log(dose), 3) + I(year^2)")[1]]
    ['ns(log(dose), 3)', 'I(year^2)']
    """
    reader = _Reader(formula)
    intercept, terms = reader.whole()
    return intercept, tuple(sorted(terms, key=len))  # main effects before interactions


class _Reader:
    """Reads a formula from left to right (recursive descent)."""

    def __init__(self, formula: str) -> None:
        self.formula = formula
        self.tokens = self._tokens(formula)
        self.place = 0

    def _tokens(self, formula: str) -> list[_Token]:
        found: list[_Token] = []
        place, text = 0, formula.rstrip()
        while place < len(text):
            match = TOKEN.match(text, place)
            if match is None or match.lastgroup is None:
                self._broken(f"Not understood from {text[place:].strip()!r} on.")
            kind = match.lastgroup
            found.append(_Token(kind, match.group(kind), match.start(kind), match.end()))
            place = match.end()
        return found

    def _broken(self, hint: str = "") -> NoReturn:
        raise OptionError("formula", self.formula, [LANGUAGE], hint=hint)

    def _next(self) -> _Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _is(self, *signs: str) -> str:
        token = self._next()
        return token.text if token and token.kind == "sign" and token.text in signs else ""

    def _take(self, *signs: str) -> str:
        found = self._is(*signs)
        self.place += bool(found)
        return found

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            token = self._next()
            self._broken(f"{sign!r} is missing before {token.text!r}." if token else
                         f"{sign!r} is missing at the end.")  # fmt: skip

    def whole(self) -> tuple[bool, list[Term]]:
        """Read the whole text."""
        self._take("~")
        intercept, terms = self._sum(outermost=True)
        token = self._next()
        if token is not None:
            self._broken(f"Not understood from {self.formula[token.start :]!r} on.")
        return intercept, terms

    def _sum(self, *, outermost: bool) -> tuple[bool, list[Term]]:
        intercept = True
        terms: dict[frozenset[Factor], Term] = {}
        sign = self._take("+", "-") or "+"
        while True:
            token = self._next()
            if outermost and token and token.kind == "number" and token.text in ("0", "1"):
                self.place += 1
                intercept = (token.text == "1") == (sign == "+")
                if self._is("*", ":", "/", "^", "**"):
                    self._broken()
            else:
                for term in self._product():
                    key = frozenset(term)
                    if sign == "+":
                        terms.setdefault(key, term)
                    elif terms.pop(key, None) is None:
                        name = ":".join(factor.label for factor in term)
                        self._broken(f"Only - 1 or a term that stands before it can be taken away, "
                                     f"not {name}.")  # fmt: skip
            sign = self._take("+", "-")
            if not sign:
                return intercept, list(terms.values())

    def _product(self) -> list[Term]:
        terms = self._interaction()
        while sign := self._take("*", "/"):
            after = self._interaction()
            if sign == "*":
                terms = _distinct([*terms, *after, *_joined(terms, after)])
            else:
                outer = _union(terms)
                terms = _distinct([*terms, *_joined([outer], after)])
        return terms

    def _interaction(self) -> list[Term]:
        terms = self._power()
        while self._take(":"):
            terms = _distinct(_joined(terms, self._power()))
        return terms

    def _power(self) -> list[Term]:
        terms = self._atom()
        if not self._take("^", "**"):
            return terms
        token = self._next()
        if token is None or token.kind != "number" or not token.text.isdigit():
            self._broken("A power in a formula is a whole number.")
        self.place += 1
        if len(terms) == 1:
            name = ":".join(factor.label for factor in terms[0])
            self._broken(f"For the square of a column write I({name}^2) or poly({name}, 2).")
        chosen = [_union(part) for n in range(1, int(token.text) + 1)
                  for part in combinations(terms, n)]  # fmt: skip
        return _distinct(chosen)

    def _atom(self) -> list[Term]:
        if self._take("("):
            terms = self._sum(outermost=False)[1]
            self._need(")")
            return terms
        return [(self._factor(),)]

    def _factor(self) -> Factor:
        token = self._next()
        if token is None or token.kind not in ("word", "quoted"):
            self._broken()
        self.place += 1
        if token.kind == "quoted":
            return Factor(token.text[1:-1])
        if not self._is("("):
            return Factor(token.text)
        if token.text not in FUNCTIONS:
            raise OptionError("formula", token.text, list(FUNCTIONS), hint="No such function.")
        self.place += 1
        factor = self._called(token)
        self._need(")")
        end = self.tokens[self.place - 1].end
        text = re.sub(r"\s+", " ", self.formula[token.start : end])
        if factor.category:
            return replace(factor, written=text)
        return Factor(factor.column, steps=factor.steps, text=text)

    def _called(self, token: _Token) -> Factor:
        name = token.text
        inner = self._arithmetic() if name == "I" else self._factor()
        if isinstance(inner, float):
            self._broken("I() needs a column.")
        if inner.category:
            self._broken(f"{name}() takes numbers, not a category.")
        if inner.steps and inner.steps[-1].name in WITH_SEVERAL_COLUMNS:
            self._broken(f"{inner.steps[-1].name}() must be the outermost function.")
        arguments = self._arguments(name)
        if name == "C":
            if inner.steps:
                self._broken("C() takes a column.")
            return self._category(inner.column, arguments)
        steps = inner.steps if name == "I" else (*inner.steps, Step(name, tuple(arguments.items())))
        return Factor(inner.column, steps=steps)

    def _category(self, column: str, arguments: dict[str, Value]) -> Factor:
        reference, levels = arguments.get("reference"), arguments.get("levels")
        if levels is not None and not isinstance(levels, tuple):
            self._broken('C(x, levels=["a", "b"]) takes a list.')
        return Factor(
            column,
            category=True,
            reference=None if reference is None else _level(reference),
            levels=None if levels is None else tuple(_level(level) for level in levels),
        )

    def _arguments(self, name: str) -> dict[str, Value]:
        found: dict[str, Value] = {}
        allowed = FUNCTIONS[name]
        while self._take(","):
            token = self._next()
            after = self.tokens[self.place + 1] if self.place + 1 < len(self.tokens) else None
            if token and token.kind == "word" and after and after.text == "=":
                self.place += 2
                key = token.text
            else:
                key = next((word for word in allowed if word not in found), "")
            if key not in allowed or key in found:
                hint = f"{name}() takes {', '.join(('a column', *allowed))}."
                raise OptionError("formula", key or "one argument more", allowed, hint=hint)
            found[key] = self._value()
        return found

    def _value(self) -> Value:
        sign = -1.0 if self._take("-") else 1.0
        token = self._next()
        if token is None:
            self._broken("An argument is missing.")
        if token.kind == "word" and token.text == "c":  # R's way to write a list
            self.place += 1
            self._need("(")
            return self._list(")")
        if self._take("["):
            return self._list("]")
        self.place += 1
        if token.kind == "number":
            return sign * float(token.text)
        if token.kind == "text":
            return token.text[1:-1]
        if token.kind == "word" and token.text in ("True", "TRUE", "False", "FALSE"):
            return token.text.casefold() == "true"
        if token.kind == "word" and token.text in ("None", "NULL"):
            return None
        return self._broken(f'{token.text!r} is no number, truth value, list or "text".')

    def _list(self, closing: str) -> tuple[Value, ...]:
        found: list[Value] = []
        while not self._take(closing):
            if found:
                self._need(",")
            found.append(self._value())
        return tuple(found)

    def _arithmetic(self) -> Factor | float:
        """Read a column with numbers added, multiplied or as powers, for I()."""
        value = self._scaled()
        while sign := self._take("+", "-"):
            value = self._joined(value, sign, self._scaled())
        return value

    def _scaled(self) -> Factor | float:
        value = self._raised()
        while sign := self._take("*", "/"):
            value = self._joined(value, sign, self._raised())
        return value

    def _raised(self) -> Factor | float:
        sign = -1.0 if self._take("-") else 1.0
        token = self._next()
        value: Factor | float
        if token and token.kind == "number":
            self.place += 1
            value = float(token.text)
        elif self._take("("):
            value = self._arithmetic()
            self._need(")")
        else:
            value = self._factor()
        if self._take("^", "**"):
            value = self._joined(value, "^", self._raised())
        return value if sign > 0 else self._joined(-1.0, "*", value)

    def _joined(self, left: Factor | float, sign: str, right: Factor | float) -> Factor | float:
        if isinstance(left, Factor) and isinstance(right, Factor):
            self._broken("I() takes one column and numbers; for a product of columns write a:b.")
        if isinstance(left, Factor) and not isinstance(right, Factor):
            return Factor(left.column, steps=(*left.steps, Step(sign, (("by", right),))))
        if isinstance(right, Factor) and not isinstance(left, Factor):
            name = {"-": "from", "/": "over", "^": "base"}.get(sign, sign)
            return Factor(right.column, steps=(*right.steps, Step(name, (("by", left),))))
        assert isinstance(left, float)  # noqa: S101
        assert isinstance(right, float)  # noqa: S101
        if sign == "/" and right == 0:
            self._broken("A division by 0.")
        if sign == "^":
            return float(left**right)
        joined = {"+": left + right, "-": left - right, "*": left * right}
        return left / right if sign == "/" else joined[sign]


def _level(value: Value) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _joined(first: Iterable[Term], second: Iterable[Term]) -> list[Term]:
    return [_union([left, right]) for left in first for right in second]


def _union(terms: Iterable[Term]) -> Term:
    return tuple(dict.fromkeys(factor for term in terms for factor in term))


def _distinct(terms: Iterable[Term]) -> list[Term]:
    found: dict[frozenset[Factor], Term] = {}
    for term in terms:
        found.setdefault(frozenset(term), term)
    return list(found.values())
