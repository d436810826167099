"""The facts of a search as ``search.toml``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["made_by", "toml_text"]


def made_by() -> str:
    """Name the program and its version."""
    # not by `evisynth.__version__`: the front door is above this room
    from importlib.metadata import version

    return f"Evisynth {version('evisynth')}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_value(part)}" for name, part in value.items()) + " }"
    parts = [_value(part) for part in value]
    if sum(map(len, parts)) < 70:
        return f"[{', '.join(parts)}]"
    return "[\n" + "".join(f"    {part},\n" for part in parts) + "]"


def toml_text(head: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Write ``search.toml``: what every search source has, and ``[run]`` with the facts of the run.

    Examples
    --------
    >>> print(toml_text({"name": "PubMed", "found": 2}, {"reported": 2, "warnings": ["none"]}))
    name = "PubMed"
    found = 2
    <BLANKLINE>
    [run]
    reported = 2
    warnings = ["none"]
    <BLANKLINE>
    """
    lines = [f"{name} = {_value(value)}" for name, value in head.items()]
    lines += ["", "[run]"]
    lines += [f"{name} = {_value(value)}" for name, value in run.items()]
    return "\n".join(lines) + "\n"
