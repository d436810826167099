"""What every act over the network shares: whether it may be done, with which keys, and where."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evisynth.errors import InputError, OptionError, Problem

if TYPE_CHECKING:
    from evisynth.connectors import Client, Keys

__all__ = ["WORK", "Network", "PastSearch", "free_folder", "past_searches", "publish"]

REVIEW_FILE = "review.toml"
SEARCHES = "searches"
WORK = ".evisynth/searches"
"""Where searches lie until they are whole."""


@dataclass(frozen=True, slots=True)
class Network:
    """How services may be asked.

    Attributes
    ----------
    online : bool
        Every service may be asked this once, whatever ``review.toml`` says.
    email : str
        Contact address for this once; else that of the person's keys, else that of the review.
    addresses : dict of str to str
        Other addresses of services, by their words.
    """

    online: bool = False
    email: str = ""
    addresses: Mapping[str, str] | None = None

    def address(self, service: str) -> str:
        """Return the address given for a service, ``""`` for its own."""
        return (self.addresses or {}).get(service, "")

    def check(self, folder: Path, services: Sequence[str]) -> None:
        """Refuse services that are not switched on.

        Raises
        ------
        InputError
            One is off, ``review.toml`` cannot be read, or names a service that is not known.
        OptionError
            An address is given for a service that is not known, or is no address.
        """
        from evisynth.connectors import SERVICES

        for name, url in (self.addresses or {}).items():
            if name not in SERVICES:
                raise OptionError("base-url", name, SERVICES)
            if not re.match(r"https?://[^/]+", url):
                raise OptionError("base-url", url, ("an address that begins with https://",))
        if not self.online:
            check_enabled(folder, services)

    @contextmanager
    def opened(self, folder: Path) -> Iterator[tuple[Client, Keys]]:
        """Open a client with the keys of the person."""
        from evisynth.connectors import Client, own_hosts, read_keys

        keys = read_keys(review=folder, email=self.email)
        if not keys.email:
            email = str(connectors_section(folder).get("email", ""))
            keys = type(keys)(keys.values, email)
        with Client(keys.email, own_hosts=own_hosts(self.addresses or {})) as client:
            yield client, keys


def connectors_section(folder: Path) -> dict[str, Any]:
    """Return ``[connectors]`` of a plan; the rest of the plan may be unfinished.

    Raises
    ------
    InputError
        There is no review, or the file is not TOML.
    """
    path = folder / REVIEW_FILE
    if not path.is_file():
        raise InputError(
            Problem(
                str(folder),
                "",
                f"the folder has no {REVIEW_FILE}",
                hint="Give the folder of a review; 'evisynth new FOLDER' makes one",
            )
        )
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("connectors", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(Problem(REVIEW_FILE, "", f"not valid TOML: {error}")) from error
    return found if isinstance(found, dict) else {}


def check_enabled(folder: Path, services: Sequence[str]) -> None:
    """Refuse services that ``[connectors] enabled`` does not name."""
    from evisynth.connectors import SERVICES

    enabled = connectors_section(folder).get("enabled", [])
    at = "connectors.enabled"
    if not isinstance(enabled, list):
        raise InputError(Problem(REVIEW_FILE, at, f"{enabled!r} is not a list", SERVICES))
    unknown = [each for each in enabled if each not in SERVICES]
    if unknown:
        raise InputError(
            Problem(REVIEW_FILE, at, f"unknown connector {unknown[0]!r}", tuple(SERVICES))
        )
    off = [each for each in services if each not in enabled]
    if off:
        names = ", ".join(f'"{each}"' for each in (*enabled, *off))
        raise InputError(
            Problem(
                REVIEW_FILE,
                at,
                f"{', '.join(off)}: switched off; nothing was sent",
                hint=f"Write [connectors] enabled = [{names}] into {REVIEW_FILE},"
                " or give --online for this once",
            )
        )


@dataclass(frozen=True, slots=True)
class PastSearch:
    """A search that a connector ran: its folder's name, and the facts in its ``search.toml``."""

    id: str
    folder: Path
    date: str
    query: str
    run: Mapping[str, Any]

    @property
    def root(self) -> str:
        """The search that it updates, itself if it updates none."""
        return str(self.run.get("update_of") or self.id)

    def ids(self) -> frozenset[str]:
        """Return the ids of the service that this search brought."""
        path = self.folder / "raw" / "ids.txt"
        if not path.is_file():
            raise InputError(
                Problem(
                    f"{SEARCHES}/{self.id}/raw/ids.txt",
                    "",
                    "there is no such file, so what is new cannot be told",
                    hint="Restore it, or search anew with 'evisynth search run'",
                )
            )
        return frozenset(path.read_text(encoding="utf-8").split("\n")) - {""}


def past_searches(folder: Path) -> tuple[PastSearch, ...]:
    """Return the searches of a review that connectors ran, the oldest first."""
    found = []
    for path in sorted((folder / SEARCHES).glob("*/search.toml")):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            where = path.relative_to(folder).as_posix()
            raise InputError(Problem(where, "", f"not valid TOML: {error}")) from error
        run = data.get("run")
        if not isinstance(run, dict) or "connector" not in run:
            continue
        text = str(run.get("query", ""))
        found.append(
            PastSearch(path.parent.name, path.parent, str(data.get("date", "")), text, run)
        )
    return tuple(sorted(found, key=lambda each: (each.date, str(each.run.get("started")), each.id)))


def free_folder(folder: Path, stem: str) -> str:
    """Return a name that no search of a review has yet."""
    taken = {path.name for path in (folder / SEARCHES).glob("*")}
    taken |= {path.parts[-3] for path in (folder / WORK).glob("*/raw/pages.jsonl")}
    number, name = 1, stem
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    return name


def publish(folder: Path, name: str) -> Path:
    """Put a search that is whole from the work folder into its place."""
    target = folder / SEARCHES / name
    target.parent.mkdir(parents=True, exist_ok=True)
    return (folder / WORK / name).rename(target)


def throw_away(folder: Path, name: str) -> None:
    """Remove a search that was not finished."""
    shutil.rmtree(folder / WORK / name)
