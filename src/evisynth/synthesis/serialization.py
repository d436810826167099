"""Results as JSON and back, unchanged.

Standard JSON: numbers that JSON has no sign for (NaN, infinity) are words. Arrays keep dtype and
shape, tables their columns' dtypes and what is missing. Only types of the faces of the numbers'
rooms are made, from a list; nothing in a file is executed.

::

    {"format": "evisynth result", "version": 1, "type": "synthesis.PooledFit", "value": {...}}

Within ``value``: a list is a tuple; an object with the key ``"$"`` is what that key names (a type
by its room and name, ``"list"``, ``"dict"``, ``"array"``, ``"table"``, ``"number"``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from evisynth.errors import DataError, OptionError
from evisynth.stats import multilevel_parts_of, multilevel_restored

__all__ = ["FORMAT", "VERSION", "from_json", "result_types", "to_json"]

FORMAT = "evisynth result"
VERSION = 1
"""Version of the form; it rises when a reader of the one before would misunderstand."""

ROOMS = ("stats", "effects", "synthesis")
INSIDE = {
    "synthesis.formula_coding": ("Coding", "FactorCoding", "LearntStep"),
    "synthesis.formula": ("Design",),
    "effects.prepared": ("Step",),
}
"""Types that results hold and that are not on a face."""

WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
ARRAY_KINDS = "biufU"
MODEL = "stats.MultilevelModel"


@cache
def result_types() -> dict[str, type]:
    """Return the types that can be stored, by room and name, e.g. ``"synthesis.PooledFit"``."""
    found: dict[str, type] = {}
    for room in ROOMS:
        face = import_module(f"evisynth.{room}")
        for name in face.__all__:
            kind = getattr(face, name)
            if isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "_fields")):
                found[f"{room}.{name}"] = kind
    for module, names in INSIDE.items():
        for name in names:
            found[f"{module.split('.')[0]}.{name}"] = getattr(
                import_module(f"evisynth.{module}"), name
            )
    return found


@cache
def _names() -> dict[type, str]:
    return {kind: name for name, kind in result_types().items()}


def to_json(result: Any, indent: int | None = None) -> str:
    """Return a result as JSON that `from_json` reads back unchanged.

    Parameters
    ----------
    result
        What a function of `evisynth.synthesis` returned, or effect estimates.
    indent
        Number of blanks a level is indented by; by default one line.

    Raises
    ------
    OptionError
        If it is not a result.
    DataError
        If something in it cannot be stored; the message says where.

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> fit = es.pool(pd.DataFrame({"yi": [0.1, 0.3, 0.8], "vi": [0.02, 0.03, 0.05]}))
    >>> again = from_json(to_json(fit))
    >>> again.estimate == fit.estimate
    True
    """
    name = _names().get(type(result))
    if name is None:
        raise OptionError(
            "result", type(result).__name__, sorted(result_types()), hint="It is not a result."
        )
    content = {"format": FORMAT, "version": VERSION, "type": name}
    content["value"] = _encode(result, type(result).__name__)
    return json.dumps(content, indent=indent, allow_nan=False, ensure_ascii=False)


def from_json(text: str | bytes) -> Any:
    """Read a result that `to_json` wrote.

    Parameters
    ----------
    text
        The JSON.

    Returns
    -------
    object
        A result of the type that was stored.

    Raises
    ------
    DataError
        If the text is not such JSON, of a newer version, or of a type that is not known.

    Examples
    --------
    >>> from_json('{"format": "evisynth result", "version": 99}')
    Traceback (most recent call last):
    evisynth.errors.DataError: JSON of version 99; this program reads up to 1: update evisynth
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON that can be read: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f'not a stored result: the key "format" must be {FORMAT!r}')
    version = content.get("version")
    if not isinstance(version, int) or version < 1:
        raise DataError(f"a stored result of version {version!r}; a whole number is needed")
    if version > VERSION:
        raise DataError(
            f"JSON of version {version}; this program reads up to {VERSION}: update evisynth"
        )
    value = content.get("value")
    if not isinstance(value, dict) or value.get("$") != content.get("type"):
        raise DataError("a stored result whose type and value differ")
    return _decode(value, str(content["type"]))


def _encode(value: Any, where: str) -> Any:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, np.generic):
        return {"$": "scalar", "dtype": value.dtype.str, "value": _encode(value.item(), where)}
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, np.ndarray):
        return _encode_array(value, where)
    name = _names().get(type(value))
    if name == MODEL:
        return {"$": name, **_encode_fields(multilevel_parts_of(value), where)}
    if name is not None:
        names = getattr(value, "_fields", None) or [field.name for field in fields(value)]
        return {"$": name, **_encode_fields({n: getattr(value, n) for n in names}, where)}
    if type(value) is tuple:
        return [_encode(item, f"{where}[{place}]") for place, item in enumerate(value)]
    if type(value) is list:
        return {"$": "list", "items": [_encode(item, where) for item in value]}
    if isinstance(value, Mapping):
        items = [[_encode(k, where), _encode(v, f"{where}[{k!r}]")] for k, v in value.items()]
        return {"$": "dict", "items": items}
    if hasattr(value, "columns") and hasattr(value, "dtypes"):
        return _encode_table(value, where)
    raise DataError(f"{where}: {type(value).__name__} cannot be stored as JSON")


def _encode_fields(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    return {name: _encode(value, f"{where}.{name}") for name, value in values.items()}


def _number(value: float) -> Any:
    if math.isfinite(value):
        return value
    word = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return {"$": "number", "value": word}


def _encode_array(value: np.ndarray[Any, Any], where: str) -> dict[str, Any]:
    if value.dtype.kind not in ARRAY_KINDS:
        raise DataError(f"{where}: an array of {value.dtype} cannot be stored as JSON")
    cells = value.ravel().tolist()
    if value.dtype.kind == "f":
        cells = [cell if math.isfinite(cell) else _number(cell)["value"] for cell in cells]
    return {
        "$": "array", "dtype": value.dtype.str, "shape": list(value.shape), "cells": cells,
    }  # fmt: skip


def _encode_table(table: Any, where: str) -> dict[str, Any]:
    import pandas as pd

    if not isinstance(table.index, pd.RangeIndex):
        table = table.reset_index(drop=True)
    columns = []
    for place, name in enumerate(table.columns):
        column = table.iloc[:, place]
        entry = {"name": _encode(name, where), "dtype": str(column.dtype)}
        entry |= _encode_column(column, f"{where}[{name!r}]")
        columns.append(entry)
    return {"$": "table", "rows": len(table), "columns": columns}


def _encode_column(column: Any, where: str) -> dict[str, Any]:
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = column.cat.categories
        return {
            "dtype": "category",
            "ordered": bool(column.cat.ordered),
            "categories": _encode_column(pd.Series(categories), where)
            | {"dtype": str(categories.dtype)},
            "cells": [int(code) for code in column.cat.codes],
        }
    if column.dtype.kind == "M" or column.dtype.kind == "m":
        cells = [None if pd.isna(cell) else cell.isoformat() for cell in column]
        return {"cells": cells}
    return {"cells": [_encode_cell(cell, where) for cell in column]}


def _encode_cell(cell: Any, where: str) -> Any:
    """Return one cell; what is missing is told apart (None, NaN, pandas' NA)."""
    import pandas as pd

    if cell is pd.NA:
        return {"$": "NA"}
    if isinstance(cell, np.generic):
        cell = cell.item()
    return _encode(cell, where)


def _decode(value: Any, where: str) -> Any:
    if isinstance(value, list):
        return tuple(_decode(item, where) for item in value)
    if not isinstance(value, dict):
        return value
    kind = value.get("$")
    try:
        if isinstance(kind, str) and kind in PARTS:
            return PARTS[kind](value, where)
        if isinstance(kind, str) and kind in result_types():
            return _decode_type(kind, value, where)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{where}: a stored {kind} that cannot be read ({error})") from error
    raise DataError(
        f"{where}: the type {kind!r} is not known; it may be of a newer evisynth. Known are "
        f"{', '.join(sorted(result_types()))}"
    )


def _decode_type(name: str, value: dict[str, Any], where: str) -> Any:
    given = {key: _decode(item, f"{where}.{key}") for key, item in value.items() if key != "$"}
    if name == MODEL:
        return multilevel_restored(given)
    kind = result_types()[name]
    if hasattr(kind, "_fields"):
        return kind(**given)
    known = {field.name: field for field in fields(kind)}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise DataError(
            f"{where}: {name} has no {', '.join(unknown)}; it was written by another version of "
            "evisynth"
        )
    lacking = [
        key
        for key, field in known.items()
        if key not in given and field.default is MISSING and field.default_factory is MISSING
    ]
    if lacking:
        raise DataError(f"{where}: {name} lacks {', '.join(lacking)}")
    return kind(**given)


def _decode_array(value: dict[str, Any], where: str) -> np.ndarray[Any, Any]:
    dtype = np.dtype(str(value["dtype"]))
    if dtype.kind not in ARRAY_KINDS:
        raise DataError(f"{where}: an array of {dtype} is not known")
    cells = value["cells"]
    if dtype.kind == "f":
        cells = [WORDS[cell] if isinstance(cell, str) else cell for cell in cells]
    return np.array(cells, dtype=dtype).reshape([int(n) for n in value["shape"]])


def _decode_table(value: dict[str, Any], where: str) -> Any:
    import pandas as pd

    columns = [_decode_column(entry, where) for entry in value["columns"]]
    made = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(value["rows"]))
    made.columns = pd.Index([_decode(entry["name"], where) for entry in value["columns"]])
    return made


def _decode_column(entry: dict[str, Any], where: str) -> Any:
    import pandas as pd

    dtype = str(entry["dtype"])
    if dtype == "category":
        categories = pd.Index(_decode_column(entry["categories"], where))
        codes = pd.Categorical.from_codes(
            entry["cells"], categories=categories, ordered=bool(entry["ordered"])
        )
        return pd.Series(codes)
    cells = [_decode_cell(cell, where) for cell in entry["cells"]]
    made: Any = pd.Series(cells, dtype="object")
    if dtype.startswith("datetime64"):
        made = pd.to_datetime(made)
    elif dtype.startswith("timedelta64"):
        made = pd.to_timedelta(made)
    return made.astype(dtype)


def _decode_cell(cell: Any, where: str) -> Any:
    import pandas as pd

    if isinstance(cell, dict) and cell.get("$") == "NA":
        return pd.NA
    return _decode(cell, where)


PARTS: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "number": lambda value, _: WORDS[value["value"]],
    "scalar": lambda value, where: np.dtype(value["dtype"]).type(_decode(value["value"], where)),
    "list": lambda value, where: [_decode(item, where) for item in value["items"]],
    "dict": lambda value, where: {
        _decode(key, where): _decode(item, where) for key, item in value["items"]
    },
    "array": _decode_array,
    "table": _decode_table,
}
"""How what is no type of ours is read."""
