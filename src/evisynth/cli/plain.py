"""Results as plain values for ``--json``."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

__all__ = ["plain", "to_json"]


def plain(value: Any) -> Any:
    """Turn a result into dicts, lists, text, numbers and None.

    What JSON cannot say becomes None: NaN and infinities.

    Examples
    --------
    >>> plain({"p": float("nan"), "folder": PurePath("a"), "k": (1, 2)})
    {'p': None, 'folder': 'a', 'k': [1, 2]}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def to_json(value: Any) -> str:
    """Write a result as indented JSON."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)
