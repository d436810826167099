"""The settings of a server: one TOML file, read whole, with a message for every wrong line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from evisynth.errors import InputError, Problem

__all__ = [
    "CONFIG_NAME",
    "MailConfig",
    "OidcProvider",
    "ServerConfig",
    "example_config",
    "read_config",
    "read_config_text",
]

CONFIG_NAME = "evisynth-server.toml"
"""The file that the commands look for where none is named."""

SIGNUPS = ("invitation", "open")
FACTORS = ("optional", "required")
SECURITY = ("starttls", "tls", "none")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


@dataclass(frozen=True, slots=True)
class MailConfig:
    """How mail is sent; without a host it is written to the log of the server."""

    host: str = ""
    port: int = 587
    user: str = ""
    password: str = field(default="", repr=False)
    security: str = "starttls"
    sender: str = "evisynth@localhost"


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """An institution's sign-in by OpenID Connect.

    ``origins`` are further addresses that its sign-in page is on, where it is not `issuer`.
    """

    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """What the file says.

    Attributes
    ----------
    file : Path
        The file; relative paths in it begin beside it.
    database : str
        Address of the database of accounts and reviews.
    data : Path
        Folder with one folder for each review, backups and the server's own secret.
    hosts : tuple of str
        Names that the server answers to; the first one stands in mails.
    listen : str
        Address and port that the workers listen on.
    workers, threads : int
        Processes, and threads in each.
    tls : bool
        Whether people reach it by ``https``.
    proxies : int
        Proxies before it whose forwarded addresses are believed; 0 where people reach it directly.
    signup : {"invitation", "open"}
        Who may make an account.
    second_factor : {"optional", "required"}
        Whether everybody must have one.
    session_hours : int
        Hours after which one signs in anew.
    upload_mb : int
        Largest request in megabytes.
    mail : MailConfig
        How mail is sent.
    oidc : tuple of OidcProvider
        Institutions whose people can sign in.
    """

    file: Path
    database: str = field(repr=False)
    data: Path
    hosts: tuple[str, ...]
    listen: str = "127.0.0.1:8751"
    workers: int = 2
    threads: int = 8
    tls: bool = True
    proxies: int = 1
    signup: str = "invitation"
    second_factor: str = "optional"
    session_hours: int = 72
    upload_mb: int = 200
    mail: MailConfig = MailConfig()
    oidc: tuple[OidcProvider, ...] = ()

    @property
    def origin(self) -> str:
        """Address that links in mails begin with."""
        scheme = "https" if self.tls else "http"
        port = "" if self.tls or self.proxies else f":{self.listen.rpartition(':')[2]}"
        return f"{scheme}://{self.hosts[0]}{port}"

    @property
    def reviews(self) -> Path:
        """Folder with one folder for each review."""
        return self.data / "reviews"


class _Reader:
    """Takes values out of tables and collects what is wrong."""

    def __init__(self, where: str, folder: Path) -> None:
        self.where, self.folder = where, folder
        self.problems: list[Problem] = []

    def wrong(self, at: str, message: str, allowed: tuple[str, ...] = (), hint: str = "") -> None:
        self.problems.append(Problem(self.where, at, message, allowed, hint))

    def text(self, table: Mapping[str, Any], name: str, at: str, default: str = "") -> str:
        value = table.get(name, default)
        if not isinstance(value, str):
            self.wrong(f"{at}.{name}", f"{value!r} is no text")
            return default
        return value

    def secret(self, table: Mapping[str, Any], name: str, at: str, default: str = "") -> str:
        """Read a text that may stand elsewhere: ``env:NAME`` or ``file:PATH``."""
        return self.elsewhere(self.text(table, name, at, default), f"{at}.{name}")

    def elsewhere(self, value: str, at: str) -> str:
        """Return a text, from where it points to."""
        way, sign, rest = value.partition(":")
        if sign and way == "env":
            if rest not in os.environ:
                self.wrong(at, f"the environment has no variable {rest!r}")
            return os.environ.get(rest, "")
        if sign and way == "file":
            try:
                return (self.folder / rest).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                self.wrong(at, f"the file {rest!r} cannot be read: {error}")
                return ""
        return value

    def number(
        self, table: Mapping[str, Any], name: str, at: str, default: int, limits: tuple[int, int]
    ) -> int:
        value = table.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(f"{at}.{name}", f"{value!r} is no whole number")
            return default
        if not limits[0] <= value <= limits[1]:
            self.wrong(f"{at}.{name}", f"{value} is not from {limits[0]} to {limits[1]}")
            return default
        return value

    def truth(self, table: Mapping[str, Any], name: str, at: str, default: bool) -> bool:
        value = table.get(name, default)
        if not isinstance(value, bool):
            self.wrong(f"{at}.{name}", f"{value!r} is neither true nor false")
            return default
        return value

    def word(self, table: Mapping[str, Any], name: str, at: str, allowed: tuple[str, ...]) -> str:
        value = self.text(table, name, at, allowed[0])
        if value not in allowed:
            self.wrong(f"{at}.{name}", f"{value!r} is not known", allowed)
            return allowed[0]
        return value

    def known(self, table: Mapping[str, Any], names: tuple[str, ...], at: str) -> None:
        for name in table:
            if name not in names:
                self.wrong(f"{at}.{name}" if at else name, "is no key of this file", names)

    def table(self, content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        found = content.get(name, {})
        if not isinstance(found, dict):
            self.wrong(name, "is a table", hint=f"Write [{name}]")
            return {}
        return found

    def texts(self, table: Mapping[str, Any], name: str, at: str) -> tuple[str, ...]:
        found = table.get(name, [])
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            self.wrong(f"{at}.{name}", "is a list of texts")
            return ()
        return tuple(found)


def read_config(file: Path | str) -> ServerConfig:
    """Read the settings of a server.

    Raises
    ------
    InputError
        The file is not there, is no TOML, or holds wrong values; all of them are named.
    """
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        hint = "Make one with 'evisynth server init FOLDER', or name yours with --config"
        raise InputError(Problem(str(path), "", "there is no such file", (), hint)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Problem(str(path), "", f"cannot be read: {error}")) from error
    return read_config_text(text, path)


def read_config_text(text: str, file: Path) -> ServerConfig:
    """Read settings from a text; relative paths in it begin beside ``file``."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(Problem(str(file), "", f"is no TOML: {error}")) from error
    folder = file.parent.absolute()
    reader = _Reader(file.name, folder)
    reader.known(content, ("server", "accounts", "mail", "oidc"), "")
    server = reader.table(content, "server")
    names = ("hosts", "database", "data", "listen", "workers", "threads", "tls", "proxies",
             "upload_mb")  # fmt: skip
    reader.known(server, names, "server")
    accounts = reader.table(content, "accounts")
    reader.known(accounts, ("signup", "second_factor", "session_hours"), "accounts")
    given = reader.texts(server, "hosts", "server")
    hosts = tuple(reader.elsewhere(host, "server.hosts") for host in given)
    if not hosts and not reader.problems:
        reader.wrong("server.hosts", "no name is given that the server answers to",
                     hint='Write hosts = ["reviews.example.org"]')  # fmt: skip
    for host in hosts:
        if host == "*" or "/" in host or not host.strip():
            reader.wrong("server.hosts", f"{host!r} is no name of a host",
                         hint="Name the host without https:// and without a path")  # fmt: skip
    listen = reader.text(server, "listen", "server", "127.0.0.1:8751")
    port = listen.rpartition(":")[2]
    if not port.isdecimal() or not 0 <= int(port) < 65536 or ":" not in listen:
        reader.wrong("server.listen", f"{listen!r} is no address with a port",
                     hint='Write listen = "127.0.0.1:8751"')  # fmt: skip
    data = (folder / reader.text(server, "data", "server", "data")).absolute()
    database = reader.secret(server, "database", "server", f"sqlite:///{data / 'server.db'}")
    if database.startswith("sqlite:///") and not database.startswith("sqlite:////"):
        database = f"sqlite:///{folder / database.removeprefix('sqlite:///')}"
    elif not re.match(r"(sqlite:///|postgres(ql)?://)", database):
        reader.wrong("server.database", "is no address of a database",
                     ("sqlite:///FILE", "postgresql://USER:PASSWORD@HOST/NAME"))  # fmt: skip
    made = ServerConfig(
        file=file.absolute(),
        database=database,
        data=data,
        hosts=hosts,
        listen=listen,
        workers=reader.number(server, "workers", "server", 2, (1, 64)),
        threads=reader.number(server, "threads", "server", 8, (1, 64)),
        tls=reader.truth(server, "tls", "server", True),
        proxies=reader.number(server, "proxies", "server", 1, (0, 5)),
        upload_mb=reader.number(server, "upload_mb", "server", 200, (1, 4000)),
        signup=reader.word(accounts, "signup", "accounts", SIGNUPS),
        second_factor=reader.word(accounts, "second_factor", "accounts", FACTORS),
        session_hours=reader.number(accounts, "session_hours", "accounts", 72, (1, 24 * 90)),
        mail=_mail(reader, reader.table(content, "mail")),
        oidc=_providers(reader, content.get("oidc", [])),
    )
    if made.tls and not made.proxies:
        reader.wrong("server.tls", "the workers speak no TLS themselves",
                     hint="Put a proxy before them (docs/server.md), or set tls = false for a"
                     " network that only you are on")  # fmt: skip
    if reader.problems:
        raise InputError(reader.problems)
    return made


def _mail(reader: _Reader, table: Mapping[str, Any]) -> MailConfig:
    reader.known(table, ("host", "port", "user", "password", "security", "sender"), "mail")
    return MailConfig(
        host=reader.text(table, "host", "mail"),
        port=reader.number(table, "port", "mail", 587, (1, 65535)),
        user=reader.text(table, "user", "mail"),
        password=reader.secret(table, "password", "mail"),
        security=reader.word(table, "security", "mail", SECURITY),
        sender=reader.text(table, "sender", "mail", "evisynth@localhost"),
    )


def _providers(reader: _Reader, tables: object) -> tuple[OidcProvider, ...]:
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        reader.wrong("oidc", "is a list of tables", hint="Write [[oidc]]")
        return ()
    found: list[OidcProvider] = []
    for number, table in enumerate(tables):
        at = f"oidc[{number}]"
        names = ("id", "name", "issuer", "client_id", "client_secret", "origins")
        reader.known(table, names, at)
        made = OidcProvider(
            id=reader.text(table, "id", at),
            name=reader.text(table, "name", at) or reader.text(table, "id", at),
            issuer=reader.text(table, "issuer", at).rstrip("/"),
            client_id=reader.text(table, "client_id", at),
            client_secret=reader.secret(table, "client_secret", at),
            origins=reader.texts(table, "origins", at),
        )
        if not NAME.fullmatch(made.id):
            reader.wrong(f"{at}.id", f"{made.id!r} is no short name of a-z, 0-9 and -")
        if any(made.id == other.id for other in found):
            reader.wrong(f"{at}.id", f"{made.id!r} is there twice")
        for address in (made.issuer, *made.origins):
            parts = urlsplit(address)
            if parts.scheme != "https" or not parts.netloc:
                reader.wrong(f"{at}.issuer", f"{address!r} is no address with https://")
        if not made.client_id:
            reader.wrong(f"{at}.client_id", "is missing", hint="The institution gives it to you")
        found.append(made)
    return tuple(found)


def example_config(hosts: tuple[str, ...], database: str, *, tls: bool, listen: str) -> str:
    """Return the text of a new file, with every key explained."""
    quoted = ", ".join(f'"{host}"' for host in hosts)
    where = f'database = "{database}"' if database else '# database = "sqlite:///data/server.db"'
    return f"""\
# Settings of an Evisynth server. 'evisynth doctor --config THIS-FILE' checks them.
# A secret may stand elsewhere: "env:NAME" reads a variable, "file:PATH" a file.

[server]
# Names that the server answers to; the first one stands in the links of mails.
hosts = [{quoted}]
# Accounts and reviews: PostgreSQL for a team, SQLite for a few people.
{where}
# One folder for each review, backups, the server's own secret.
data = "data"
# Where the workers listen; the proxy passes requests on to it.
listen = "{listen}"
workers = 2
threads = 8
# Whether people come by https, and how many proxies stand before the workers.
tls = {str(tls).lower()}
proxies = {1 if tls else 0}
# Largest upload in megabytes.
upload_mb = 200

[accounts]
# "invitation": only who was invited to a review can make an account. "open": everybody can.
signup = "invitation"
# "required": everybody needs an authenticator app beside the password.
second_factor = "optional"
session_hours = 72

[mail]
# Without a host mails are written to the log, and the links of invitations are handed on by you.
host = ""
port = 587
user = ""
password = ""
security = "starttls"  # or "tls", "none"
sender = "evisynth@{hosts[0]}"

# Sign-in by an institution (OpenID Connect); the address to register there ends with
# /account/oidc/ID/login/callback/
# [[oidc]]
# id = "uni"
# name = "Example University"
# issuer = "https://login.example.edu/realms/main"
# client_id = "evisynth"
# client_secret = "env:EVISYNTH_OIDC_SECRET"
"""
