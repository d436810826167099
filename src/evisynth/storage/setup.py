"""Django made ready: its settings where nobody made any, and a connection for each database."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from evisynth.errors import OptionError, SetupError

__all__ = [
    "APP", "connect", "database_settings", "ensure_django", "open_as_default", "place_shown",
    "program_version",
]  # fmt: skip

APP = "evisynth_storage"
"""Label of the Django application."""

BUSY_SECONDS = 30
"""How long SQLite waits for another writer."""

_lock = threading.RLock()
_known: dict[str, str] = {}


@cache
def program_version() -> str:
    """Return the version of Evisynth that is installed."""
    # not by `evisynth.__version__`: the front door is above this room
    from importlib.metadata import version

    return version("evisynth")


def ensure_django() -> None:
    """Set Django up; where the web application did so already, nothing is changed."""
    import django
    from django.apps import apps
    from django.conf import settings

    with _lock:
        if not settings.configured:
            settings.configure(
                INSTALLED_APPS=["evisynth.storage"],
                DATABASES={},
                USE_TZ=True,
                TIME_ZONE="UTC",
                DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            )
        if not apps.ready:
            django.setup()
        if not apps.is_installed("evisynth.storage"):
            raise SetupError(
                "Django is set up without 'evisynth.storage'; add it to INSTALLED_APPS"
            )


def place_shown(place: str | Path) -> str:
    """Return an address without its password."""
    text = str(place)
    parts = urlsplit(text)
    if not parts.password:
        return text
    return text.replace(f":{parts.password}@", ":***@", 1)


def database_settings(place: str | Path) -> dict[str, Any]:
    """Return Django's settings of a database.

    Parameters
    ----------
    place
        ``sqlite:///relative.db``, ``sqlite:////absolute.db``, a path, or
        ``postgresql://user:password@host:port/name``; a socket's folder as ``?host=/run/x``.

    Examples
    --------
    >>> made = database_settings("postgresql://ada@db.example.org/reviews")
    >>> made["NAME"], made["HOST"], made["USER"]
    ('reviews', 'db.example.org', 'ada')
    """
    text = str(place)
    scheme, sign, rest = text.partition("://")
    shared: dict[str, Any] = {
        "ATOMIC_REQUESTS": False, "AUTOCOMMIT": True, "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False, "TIME_ZONE": None, "USER": "", "PASSWORD": "", "HOST": "",
        "PORT": "",
        "TEST": {
            "CHARSET": None, "COLLATION": None, "MIGRATE": True, "MIRROR": None, "NAME": None
        },
    }  # fmt: skip
    if not sign or scheme == "sqlite":
        path = Path(rest.removeprefix("/") if sign else text)
        return shared | {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(path.absolute()),
            "OPTIONS": {
                "timeout": BUSY_SECONDS,
                "transaction_mode": "IMMEDIATE",
                # full: what was acknowledged outlives a power cut too
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                " PRAGMA foreign_keys=ON;",
            },
        }
    if scheme not in ("postgresql", "postgres"):
        raise OptionError("database", place_shown(place), ("sqlite:///FILE", "postgresql://..."))
    parts = urlsplit(text)
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", parts.hostname or "")
    return shared | {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or options.pop("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "")),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def _known_by(settings: dict[str, Any]) -> str:
    return repr(sorted((key, str(value)) for key, value in settings.items()))


def open_as_default(place: str | Path) -> None:
    """Make a database the one of the accounts, under Django's alias ``default``.

    The reviews in it share the connection.
    """
    from django.db import connections

    settings = database_settings(place)
    with _lock:
        for name in [name for name, alias in _known.items() if alias == "default"]:
            del _known[name]
        if "default" in connections.databases and hasattr(connections._connections, "default"):  # type: ignore[attr-defined]
            connections["default"].close()
            del connections["default"]
        _known[_known_by(settings)] = "default"
        connections.databases["default"] = settings


def connect(place: str | Path) -> str:
    """Return the alias of a database's connection, the same for the same place.

    Threads have connections of their own under one alias.
    """
    ensure_django()
    from django.db import connections

    settings = database_settings(place)
    name = _known_by(settings)
    with _lock:
        alias = _known.setdefault(name, f"evisynth-{len(_known) + 1}")
        if alias not in connections.databases:
            connections.databases[alias] = settings
    return alias
