"""Edits of ``review.toml`` that keep everything else as the person wrote it, comments too."""

from __future__ import annotations

import tomllib
from collections.abc import MutableMapping, MutableSequence, Sequence
from typing import Any

from evisynth.errors import InputError, Problem
from evisynth.review.items import PLAN_FILE
from evisynth.review.toml_lines import KeyPath

__all__ = ["edit_plan"]

LINE = 80
"""Letters from which on the parts of a list stand on lines of their own."""


def edit_plan(text: str, changes: Sequence[tuple[KeyPath, object]], where: str = PLAN_FILE) -> str:
    r"""Set, add or remove keys of a plan; comments, order and blanks of the rest stay.

    Parameters
    ----------
    text
        The plan.
    changes
        Path with the value that it gets: text, number, truth value, list or table. A path's last
        part may be the length of a list: the value is added to it. None removes the key.
    where
        Name of the file in messages.

    Returns
    -------
    str
        The new text. Whether it is a sound plan is for `evisynth.review.read_plan` to say.

    Raises
    ------
    InputError
        The text is no TOML, or a path leads through something that has no parts.

    Examples
    --------
    >>> plan = "[stages.full_text]\nvotes_needed = 1  # for now\n"
    >>> print(edit_plan(plan, [(("stages", "full_text", "votes_needed"), 2)]), end="")
    [stages.full_text]
    votes_needed = 2  # for now
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        for path, value in changes:
            _change(document, path, value, where)
        made = tomlkit.dumps(document)
        tomllib.loads(made)
    except (TOMLKitError, tomllib.TOMLDecodeError) as error:
        raise InputError(Problem(where, "", f"cannot be edited: {error}")) from error
    return made


def _shown(path: KeyPath) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text


def _change(document: Any, path: KeyPath, value: object, where: str) -> None:
    """Make one change."""
    from tomlkit.items import AoT

    place: Any = document
    for number, part in enumerate(path[:-1]):
        if value is None and not _has(place, part):
            return
        place = _step(place, part, path, number, where)
    last = path[-1]
    if value is None:
        if _has(place, last):
            del place[last]
    elif isinstance(place, MutableSequence) and last == len(place):
        place.append(_item(value, table=isinstance(place, AoT)))
    elif isinstance(place, MutableMapping) and isinstance(last, str):
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            place[last] = _tables(value)
        else:
            place[last] = _item(value, table=True)
    elif isinstance(place, MutableSequence) and isinstance(last, int) and last < len(place):
        place[last] = _item(value, table=isinstance(place[last], MutableMapping))
    else:
        raise _no_way(where, path, len(path) - 1)


def _has(place: Any, part: str | int) -> bool:
    if isinstance(place, MutableSequence):
        return isinstance(part, int) and 0 <= part < len(place)
    return isinstance(place, MutableMapping) and part in place


def _step(place: Any, part: str | int, path: KeyPath, number: int, where: str) -> Any:
    """Go one part on; a table that is not there is made."""
    import tomlkit

    if _has(place, part):
        return place[part]
    after = path[number + 1]
    if isinstance(place, MutableMapping) and isinstance(part, str):
        if isinstance(after, int):
            place[part] = tomlkit.aot()
        else:
            # a table that only holds tables needs no heading of its own
            place[part] = tomlkit.table(is_super_table=number < len(path) - 2)
        return place[part]
    raise _no_way(where, path, number)


def _no_way(where: str, path: KeyPath, number: int) -> InputError:
    return InputError(
        Problem(where, _shown(path), f"{_shown(path[:number]) or where!r} has no such place")
    )


def _item(value: object, *, table: bool) -> Any:
    """Return a value as tomlkit writes it: text of several lines with three quotes."""
    import tomlkit

    if isinstance(value, dict):
        made = tomlkit.table() if table else tomlkit.inline_table()
        for key, part in value.items():
            if part is not None:
                made[key] = _item(part, table=False)
        return made
    if isinstance(value, str) and "\n" in value and "'''" not in value and '"""' not in value:
        return tomlkit.string(value, multiline=True)
    if isinstance(value, (list, tuple)):
        array = tomlkit.array()
        for part in value:
            array.append(_item(part, table=False))
        if sum(len(str(part)) for part in value) > LINE:
            array.multiline(multiline=True)
        return array
    return tomlkit.item(value)


def _tables(values: Sequence[dict[str, object]]) -> Any:
    import tomlkit

    made = tomlkit.aot()
    for value in values:
        made.append(_item(value, table=True))
    return made
