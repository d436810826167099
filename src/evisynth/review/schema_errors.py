"""Checking a table of TOML against the schema, in our own words and with lines."""

from __future__ import annotations

from collections.abc import Sequence
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin

from evisynth.errors import Problem, closest
from evisynth.review.toml_lines import KeyPath, line_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from evisynth.review.schema import Section

__all__ = ["check_section", "place", "word_problem"]

_TYPES = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list in square brackets",
    "dict_type": "a table of keys",
    "model_type": "a table of keys",
    "model_attributes_type": "a table of keys",
}
_LIMITS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}

S = TypeVar("S", bound="Section")


def place(lines: dict[KeyPath, int], path: KeyPath) -> str:
    """Name a key by line and path, e.g. ``line 12, analyses[0].measure``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"line {line_of(lines, path)}, {text}" if text else f"line {line_of(lines, path)}"


def word_problem(
    where: str, at: str, value: object, allowed: Sequence[str], what: str = "value", hint: str = ""
) -> Problem:
    """Say that a word is not one of those allowed, and which is nearest."""
    near = closest(str(value), allowed)
    parts = [f"Did you mean {near!r}?" if near else "", hint]
    return Problem(
        where,
        at,
        f"unknown {what} {value!r}",
        tuple(allowed),
        hint=" ".join(part for part in parts if part),
    )


def check_section(
    model: type[S],
    data: object,
    path: KeyPath,
    *,
    where: str,
    lines: dict[KeyPath, int],
    problems: list[Problem],
) -> S | None:
    """Check one section.

    Parameters
    ----------
    model
        Schema of the section.
    data
        What stands there.
    path
        Path of the section from the root of the file.
    where, lines
        Name of the file, and its lines by path.
    problems
        Problems found are appended here.

    Returns
    -------
    Section or None
        None when there was a problem.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems.extend(
            _problem(detail, model, path, where, lines)
            for detail in error.errors(include_url=False)
        )
        return None


def _problem(
    detail: ErrorDetails,
    model: type[Section],
    path: KeyPath,
    where: str,
    lines: dict[KeyPath, int],
) -> Problem:
    """Turn one finding of pydantic into a problem of ours."""
    loc: KeyPath = detail["loc"]
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    full = (*path, *loc)
    at = place(lines, full)
    if kind == "extra_forbidden":
        keys = _keys(model, loc[:-1])
        return word_problem(where, at, loc[-1], keys, "key")
    if kind == "missing":
        at = place(lines, full[:-1])
        return Problem(
            where, at, f"the key {loc[-1]!r} is missing", hint="Write it into this section"
        )
    if kind == "literal_error":
        return word_problem(where, at, value, _literals(model, loc))
    if kind in _TYPES:
        return Problem(where, at, f"{_shown(value)} is not {_TYPES[kind]}")
    if kind in _LIMITS:
        words, key = _LIMITS[kind]
        return Problem(where, at, f"{_shown(value)} must be {words} {context[key]:g}")
    if kind == "string_too_short":
        return Problem(where, at, "the text is empty", hint="Write it, or remove the key")
    if kind in ("too_short", "too_long"):
        wanted = context.get("min_length", context.get("max_length"))
        return Problem(
            where, at, f"{_shown(value)} has {context['actual_length']} elements, not {wanted}"
        )
    if kind == "string_pattern_mismatch":
        return Problem(
            where,
            at,
            f"{_shown(value)} cannot be an id",
            hint="Use letters, digits, hyphens, underscores and dots; it also names files",
        )
    if kind == "value_error":
        return Problem(where, at, str(context["error"]))
    return Problem(where, at, f"{_shown(value)}: {detail['msg']}")


def _shown(value: object) -> str:
    """Show a value as TOML writes it, cut to a readable length."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _annotation(model: type[Section], loc: Sequence[str | int]) -> Any:
    """Follow a path through the schema to the type that stands there."""
    from pydantic import BaseModel

    at: Any = model
    for part in loc:
        at = _without_none(at)
        if isinstance(at, type) and issubclass(at, BaseModel):
            by_key = {info.alias or name: info for name, info in at.model_fields.items()}
            at = by_key[str(part)].annotation if str(part) in by_key else Any
        elif get_origin(at) in (list, dict):
            at = get_args(at)[-1]
    return _without_none(at)


def _without_none(annotation: Any) -> Any:
    """Take the other side of ``X | None``, and the type within ``Annotated``."""
    if hasattr(annotation, "__metadata__"):
        return _without_none(annotation.__origin__)
    if get_origin(annotation) in (Union, UnionType):
        return next(_without_none(part) for part in get_args(annotation) if part is not type(None))
    return annotation


def _keys(model: type[Section], loc: Sequence[str | int]) -> tuple[str, ...]:
    """List the keys of the section at a path."""
    section = _annotation(model, loc)
    fields = getattr(section, "model_fields", {})
    return tuple(info.alias or name for name, info in fields.items())


def _literals(model: type[Section], loc: Sequence[str | int]) -> tuple[str, ...]:
    """List the words allowed at a path."""
    annotation = _annotation(model, loc)
    return tuple(get_args(annotation)) if get_origin(annotation) is Literal else ()
