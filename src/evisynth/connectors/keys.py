"""Keys of services: from the environment or a file of the person's own, never from a review."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evisynth.errors import InputError, Problem, SetupError

__all__ = ["KEYS", "KeyName", "Keys", "keys_file", "read_keys"]


@dataclass(frozen=True, slots=True)
class KeyName:
    """A key: its name in the file, the variable of the environment, and where one gets it."""

    name: str
    variable: str
    source: str


KEYS: tuple[KeyName, ...] = (
    KeyName("ncbi", "EVISYNTH_NCBI_API_KEY", "https://account.ncbi.nlm.nih.gov/settings/"),
    KeyName("openalex", "EVISYNTH_OPENALEX_API_KEY", "https://openalex.org/settings/api"),
    KeyName("scopus", "EVISYNTH_SCOPUS_API_KEY", "https://dev.elsevier.com/apikey/manage"),
    KeyName("scopus_token", "EVISYNTH_SCOPUS_INSTTOKEN", "your library"),
    KeyName("wos", "EVISYNTH_WOS_API_KEY", "https://developer.clarivate.com/apis/wos-starter"),
)
"""Every key that a connector may use."""

EMAIL = KeyName("email", "EVISYNTH_EMAIL", "your own address")


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys at hand, and the address under which services can reach the person.

    Attributes
    ----------
    values : dict of str to str
        By name; a key that is not there is not in it. Not shown when printed.
    email : str
        Contact address, ``""`` if none is known.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    email: str = field(default="", repr=False)

    def get(self, name: str) -> str:
        """Return a key, ``""`` if it is not there."""
        return self.values.get(name, "")

    def need(self, name: str, service: str) -> str:
        """Return a key that a service cannot do without.

        Raises
        ------
        SetupError
            It is not there; says where to put it.
        """
        found = self.get(name)
        if not found:
            wanted = next(each for each in KEYS if each.name == name)
            raise SetupError(
                f"{service} needs a key of your own, and none is here. Get one at {wanted.source}"
                f" and put it into the environment as {wanted.variable}, or as"
                f' {name} = "..." into {keys_file()}. Do not write it into the review folder.'
            )
        return found


def keys_file(environment: Mapping[str, str] | None = None) -> Path:
    """Return the path of the person's file of keys.

    ``EVISYNTH_KEYS`` names another; otherwise it is ``evisynth/keys.toml`` where the system keeps
    settings of a person.
    """
    known = os.environ if environment is None else environment
    if known.get("EVISYNTH_KEYS"):
        return Path(known["EVISYNTH_KEYS"])
    base = known.get("XDG_CONFIG_HOME") or (known.get("APPDATA") if os.name == "nt" else "")
    return (Path(base) if base else Path.home() / ".config") / "evisynth" / "keys.toml"


def read_keys(
    environment: Mapping[str, str] | None = None, *, review: Path | None = None, email: str = ""
) -> Keys:
    """Read keys from the environment and the person's file; the environment wins.

    Parameters
    ----------
    environment
        Variables; those of the process if None.
    review
        A review folder: a file of keys in it is refused.
    email
        Contact address given by the person; wins over both.

    Raises
    ------
    SetupError
        Others can read the file, or it lies in the review folder.
    InputError
        The file is no TOML, or has a key that is not known.

    Examples
    --------
    >>> read_keys({"EVISYNTH_WOS_API_KEY": "secret", "EVISYNTH_KEYS": "/nowhere"}).get("wos")
    'secret'
    """
    known = os.environ if environment is None else environment
    path = keys_file(known)
    values = _read_file(path, review) if path.is_file() else {}
    for each in (*KEYS, EMAIL):
        if known.get(each.variable):
            values[each.name] = known[each.variable].strip()
    found = values.pop(EMAIL.name, "")
    return Keys({name: value for name, value in values.items() if value}, email or found)


def _read_file(path: Path, review: Path | None) -> dict[str, str]:
    if review is not None and path.resolve().is_relative_to(review.resolve()):
        raise SetupError(
            f"the file of keys {path} lies in the review folder, where it would be shared with the"
            " review. Move it to your own settings and change EVISYNTH_KEYS."
        )
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SetupError(
            f"others on this machine can read the file of keys {path}. Run: chmod 600 {path}"
        )
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # the message of the decoder may show a part of the line, and with it a key
        raise InputError(
            Problem(str(path), "", "is no TOML", hint='Write a line for each key: wos = "..."')
        ) from error
    names = tuple(each.name for each in (*KEYS, EMAIL))
    problems = [
        Problem(str(path), str(name), "is no key that is known", names)
        for name in data
        if name not in names
    ]
    problems += [
        Problem(str(path), name, "must be text in quotes")
        for name, value in data.items()
        if name in names and not isinstance(value, str)
    ]
    if problems:
        raise InputError(problems)
    return {name: value.strip() for name, value in data.items()}
