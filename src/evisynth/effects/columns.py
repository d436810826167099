"""Which column of a table plays which role, and its numbers.

Roles have standard names; tables of other programs use their own, which are recognized here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from evisynth.effects.role_type import HOLDS
from evisynth.effects.roles import NUMBERS, ROLES, SYNONYMS
from evisynth.errors import InputError, OptionError, Problem, closest
from evisynth.stats import is_number

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["NUMBERS", "SYNONYMS", "Column", "Table", "as_frame", "is_tabular"]

Column: TypeAlias = "str | float | Sequence[Any] | NDArray[Any] | pd.Series[Any] | None"
"""A column of the table by name, or its values, or one number for every row."""


def is_tabular(value: object) -> bool:
    """Return whether something is a table: a data frame, a dict of columns or a list of rows.

    Examples
    --------
    >>> is_tabular({"yi": [0.1]}), is_tabular([{"yi": 0.1}]), is_tabular([0.1])
    (True, True, False)
    """
    rows = isinstance(value, (list, tuple)) and all(isinstance(row, Mapping) for row in value)
    return hasattr(value, "columns") or isinstance(value, Mapping) or (rows and bool(value))


def _columns_of(data: Any) -> Mapping[str, Any] | None:
    """Return the columns of a frame that is not pandas' (polars, Arrow), or of rows, by name."""
    if isinstance(data, (list, tuple)):
        names = dict.fromkeys(name for row in data for name in row)
        return {name: [row.get(name) for row in data] for name in names}
    if hasattr(data, "to_pydict"):  # Arrow
        columns: Mapping[str, Any] = data.to_pydict()
        return columns
    if hasattr(data, "to_dict") and hasattr(data, "get_columns"):  # polars
        columns = data.to_dict(as_series=False)
        return columns
    return None


def as_frame(data: object) -> pd.DataFrame:
    """Return a table as a fresh data frame, numbered from 0.

    A table is a pandas DataFrame, a dict of columns, a list of rows as dicts, or a frame of polars
    or Arrow.

    Raises
    ------
    InputError
        When it is not a table, its columns differ in length, or it has no row.
    """
    import pandas as pd

    given = data
    if not isinstance(data, (pd.DataFrame, Mapping)) and is_tabular(data):
        data = _columns_of(data)
    if isinstance(data, pd.DataFrame):
        frame = data.copy()
    elif isinstance(data, Mapping):
        sizes = {str(name): np.shape(values) for name, values in data.items()}
        if len(set(sizes.values())) > 1:
            listed = ", ".join(f"{name} {shape}" for name, shape in sizes.items())
            raise InputError(Problem("data", "", f"columns differ in length: {listed}"))
        frame = pd.DataFrame({str(name): values for name, values in data.items()})
    else:
        raise InputError(
            Problem(
                "data",
                "",
                f"a {type(given).__name__} is not a table",
                hint="Give a pandas DataFrame (pd.read_csv ...), a dict of columns, or a list of "
                "rows as dicts.",
            )
        )
    frame.columns = [str(name) for name in frame.columns]
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise InputError(
            Problem("data", f"column {twice[0]}", "two columns have this name", hint="Rename one.")
        )
    if not len(frame):
        raise InputError(Problem("data", "", "the table has no rows", hint="Check the file."))
    frame.index = pd.RangeIndex(len(frame))  # the frame is ours: no second copy
    return frame


@dataclass(slots=True)
class Table:
    """A table while it is read: columns by role, problems as they are found."""

    frame: pd.DataFrame
    labels: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)
    explicit: set[str] = field(default_factory=set)
    values: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.frame)

    def number(self, row: int) -> int:
        """Return the number of a row in the table as it was given, counted from 1."""
        return (self.rows[row] if self.rows else row) + 1

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Keep some rows, shape (K,)."""
        self.rows = tuple(int(row) for row in np.flatnonzero(rows))
        self.frame = self.frame[rows].reset_index(drop=True)

    @property
    def where(self) -> str:
        """Name of the file, where the caller left it in ``frame.attrs["file"]``."""
        return str(self.frame.attrs.get("file", ""))

    def at(self, row: int, column: str) -> str:
        """Name a cell, e.g. ``row 3 (study 'X'), column sd1``."""
        study = f" (study {self.labels[row]!r})" if self.labels else ""
        return f"row {self.number(row)}{study}, column {column}"

    def report(
        self, row: int, role: str, message: str, hint: str = "", allowed: tuple[str, ...] = ()
    ) -> None:
        """Note a problem of one cell."""
        at = self.at(row, self.columns.get(role, role))
        self.problems.append(Problem(self.where, at, message, allowed=allowed, hint=hint))

    def check(self) -> None:
        """Raise the problems found so far.

        Raises
        ------
        InputError
            When there are any.
        """
        if self.problems:
            raise InputError(self.problems)

    def name(self, role: str, given: Column) -> bool:
        """Take a column that the caller named, or its values; return whether there was one."""
        if given is None:
            return False
        self.explicit.add(role)
        if isinstance(given, str):
            if given not in self.frame.columns:
                self._no_column(role, given)
            self.columns[role] = given
            return True
        if np.ndim(given) == 0:
            number = cast(Any, given)
            if not is_number(number) or not np.isfinite(float(number)):
                raise OptionError(
                    role, given, ["a column's name", "one number for all rows", "one value a row"]
                )
            given = np.full(len(self.frame), float(number))
        shape = np.shape(given)
        if shape != (len(self.frame),):
            self.problems.append(
                Problem(
                    self.where,
                    f"argument {role}",
                    f"values of shape {shape} do not fit a table of {len(self.frame)} rows",
                    hint="Give a column's name, one value a row, or one number for all rows.",
                )
            )
            self.check()
        column = role if role not in self.frame.columns else f"{role} (given)"
        self.frame[column] = np.asarray(given) if not isinstance(given, list) else given
        self.columns[role] = column
        return True

    def recognize(self, role: str) -> bool:
        """Look for a column of a role by its usual names; return whether there is one."""
        if role in self.columns:
            return True
        known = {str(name).casefold(): str(name) for name in reversed(self.frame.columns.tolist())}
        taken = set(self.columns.values())
        if known.keys() & ROLES[role].unless:
            return False
        for word in SYNONYMS[role]:
            column = known.get(word)
            if column is not None and column not in taken:
                self.columns[role] = column
                return True
        return False

    def _no_column(self, role: str, name: str) -> None:
        have = [str(column) for column in self.frame.columns]
        near = closest(name, have)
        raise InputError(
            Problem(
                self.where,
                f"column {name}",
                f"there is no such column (wanted as {role}); the table has: {', '.join(have)}",
                hint=f"Did you mean {near!r}?" if near else "",
            )
        )

    def read_numbers(self, role: str) -> None:
        """Read the numbers of a role; empty cells are NaN, anything else is a problem."""
        from pandas.api.types import is_bool_dtype, is_numeric_dtype

        cells = self.frame[self.columns[role]]
        if is_numeric_dtype(cells) and not is_bool_dtype(cells):
            values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            values = np.array(
                [self._number(row, role, cell) for row, cell in enumerate(cells.tolist())]
            )
        self.values[role] = values
        check = HOLDS[ROLES[role].holds]
        for row in np.flatnonzero(np.isinf(values)):
            self.report(int(row), role, "an infinite number cannot be used")
        for row in np.flatnonzero(np.isfinite(values) & check.bad(values)):
            says = check.says.format(value=values[row], noun=ROLES[role].noun)
            self.report(int(row), role, says, hint=check.hint)

    def _number(self, row: int, role: str, cell: object) -> float:
        if isinstance(cell, (int, float, np.number)):
            return float(cell)
        if cell is None or _is_missing(cell):
            return np.nan
        text = str(cell).strip().replace("−", "-")
        if text.casefold() in ("", "na", "nan", "n/a", "."):
            return np.nan
        try:
            return float(text)
        except ValueError:
            comma = text.count(",") == 1 and text.replace(",", "", 1).lstrip("-").isdigit()
            self.report(
                row,
                role,
                f"{cell!r} is not a number",
                hint="Write the decimal point as '.'." if comma else "Leave unknown cells empty.",
            )
            return np.nan


def _is_missing(cell: object) -> bool:
    import pandas as pd

    return cell is pd.NA or cell is pd.NaT
