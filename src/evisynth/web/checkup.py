"""Whether a server is set up well: database, migrations, mail, names, TLS, backups."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from pathlib import Path

from evisynth.actions import Checked, backup_check, disk_check
from evisynth.errors import EvisynthError
from evisynth.web.server_config import ServerConfig

__all__ = ["examine_server"]

OLDEST_POSTGRESQL = 130000
LOCAL = ("localhost", "127.0.0.1", "[::1]")
SECONDS = 8


def examine_server(config: ServerConfig) -> tuple[Checked, ...]:
    """Look at a server that was prepared; nothing of it is changed.

    Mail and institutions are asked whether they answer; no mail is sent.
    """
    hint = f"Make one each night: evisynth server backup --config {config.file}"
    return (
        _private(config.file),
        disk_check(config.data),
        *_database(config),
        backup_check(config.data / "backups", days=2, hint=hint),
        *_names(config),
        _mail(config),
        *_institutions(config),
        *_django(),
    )


def _private(file: Path) -> Checked:
    mode = file.stat().st_mode & 0o077
    if os.name == "posix" and mode:
        return Checked("settings", "warning", f"{file} can be read by others on this machine",
                       f"Run: chmod 600 {file}")  # fmt: skip
    return Checked("settings", "ok", str(file))


def _database(config: ServerConfig) -> Iterable[Checked]:
    from django.db import DatabaseError, connections

    from evisynth.actions.hosting import hosted_reviews
    from evisynth.storage import need_program, pending_migrations, place_shown

    place = place_shown(config.database)
    connection = connections["default"]
    sqlite = connection.vendor == "sqlite"
    if sqlite and not Path(str(connection.settings_dict["NAME"])).exists():
        yield Checked("database", "warning", f"{place} is not there yet",
                      "It is made by 'evisynth server run'")  # fmt: skip
        return
    try:
        connection.ensure_connection()
        pending, there = pending_migrations("default", apps=None)
        reviews = hosted_reviews() if there and not pending else ()
    except DatabaseError as error:
        yield Checked("database", "bad", f"{place}: {str(error).strip()}",
                      "Is the address right, and the database server running?")  # fmt: skip
        return
    except EvisynthError as error:
        yield Checked("database", "bad", str(error))
        return
    number = 0 if sqlite else int(getattr(connection, "pg_version", 0))
    kind = "SQLite" if sqlite else f"PostgreSQL {number // 10000}"
    if sqlite and config.workers > 1:
        yield Checked("database", "warning", f"{place}: {kind}, with {config.workers} workers",
                      "SQLite is for a few people; PostgreSQL is for a team")  # fmt: skip
    elif not sqlite and number < OLDEST_POSTGRESQL:
        yield Checked("database", "bad", f"{place}: {kind} is too old",
                      "PostgreSQL 13 or newer is needed")  # fmt: skip
    else:
        yield Checked("database", "ok", f"{place}: {kind}")
    if pending:
        yield Checked("migrations", "warning", f"{len(pending)} are to be made",
                      "'evisynth server run' makes them, after a backup")  # fmt: skip
    else:
        yield Checked("migrations", "ok", "none is to be made")
    if not sqlite:
        try:
            yield Checked("pg_dump", "ok", need_program("pg_dump", ""))
        except EvisynthError as error:
            yield Checked("pg_dump", "bad", str(error))
    lost = [each.name for each in reviews if not each.folder.is_dir()]
    if lost:
        yield Checked("reviews", "bad", f"the folder is missing of: {', '.join(lost)}",
                      "Put it back from a backup of the data folder")  # fmt: skip
    elif reviews:
        yield Checked("reviews", "ok", f"{len(reviews)}, each with its folder")


def _names(config: ServerConfig) -> Iterable[Checked]:
    public = [host for host in config.hosts if host not in LOCAL]
    if config.tls:
        count = "one proxy" if config.proxies == 1 else f"{config.proxies} proxies"
        yield Checked("TLS", "ok", f"expected from {count} before the workers")
    else:
        yield Checked(
            "TLS",
            "bad" if public else "warning",
            "people come without https: passwords and decisions can be read on the way",
            "Set tls = true and put a proxy before the server (docs/server.md)",
        )
    for host in public:
        try:
            socket.getaddrinfo(host.removeprefix("."), None)
        except OSError as error:
            yield Checked("host", "warning", f"{host} is not found: {error}",
                          "Enter it in the DNS, or correct server.hosts")  # fmt: skip
        else:
            yield Checked("host", "ok", f"{host} is found")
    port = config.listen.rpartition(":")[2]
    if config.tls and not config.listen.startswith(("127.", "localhost", "[::1]", "unix:")):
        yield Checked("listen", "warning", f"the workers can be reached at {config.listen}",
                      f"Listen on 127.0.0.1:{port}, unless a firewall or a container keeps others"
                      " off: who reaches the workers can pretend to be the proxy")  # fmt: skip


def _mail(config: ServerConfig) -> Checked:
    from smtplib import SMTPException

    from django.core.mail import get_connection

    mail = config.mail
    if not mail.host and config.signup == "open":
        return Checked("mail", "bad", "everybody can make an account, and no address is confirmed",
                       'Fill in [mail], or set signup = "invitation"')  # fmt: skip
    if not mail.host:
        return Checked("mail", "warning", "none is sent: invitations are handed on by you, and"
                       " nobody can ask for a new password", "Fill in [mail]")  # fmt: skip
    if mail.security == "none" and mail.password:
        return Checked("mail", "bad", "the password would go unprotected over the network",
                       'Set security = "starttls" or "tls"')  # fmt: skip
    try:
        connection = get_connection(timeout=SECONDS)
        connection.open()
        connection.close()
    except (OSError, SMTPException) as error:
        return Checked("mail", "bad", f"{mail.host}:{mail.port} does not take us: {error}",
                       "Look at host, port, security, user and password in [mail]")  # fmt: skip
    return Checked("mail", "ok", f"{mail.host}:{mail.port} answers")


def _institutions(config: ServerConfig) -> Iterable[Checked]:
    import httpx

    for each in config.oidc:
        address = f"{each.issuer}/.well-known/openid-configuration"
        try:
            answer = httpx.get(address, timeout=SECONDS)
            answer.raise_for_status()
            named = str(answer.json()["issuer"]).rstrip("/")
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            yield Checked(f"sign-in {each.id}", "bad", f"{address} does not answer: {error}",
                          "Look at issuer in [[oidc]]")  # fmt: skip
        else:
            state = named == each.issuer
            yield Checked(f"sign-in {each.id}", "ok" if state else "warning",
                          f"{each.issuer} answers" if state else f"it calls itself {named}",
                          "" if state else "Write that address as issuer")  # fmt: skip


def _django() -> Iterable[Checked]:
    """Ask Django and its applications what they think of the settings."""
    from django.core.checks import ERROR, run_checks

    for said in run_checks():
        state = said.level >= ERROR
        yield Checked("Django", "bad" if state else "warning", str(said.msg), str(said.hint or ""))
