"""The application behind a server: made ready from its settings, run by several workers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evisynth.errors import InputError, Problem, SetupError
from evisynth.web.server_config import ServerConfig

__all__ = [
    "backup_server",
    "bring_server_up_to_date",
    "drop_second_factor",
    "housekeeping",
    "make_account",
    "prepare_server",
    "run_server",
]

LOG = logging.getLogger(__name__)
HOUR = 3600.0


def prepare_server(config: ServerConfig) -> None:
    """Set Django up for a server; to be called before anything else of Django is used.

    Raises
    ------
    SetupError
        The libraries of a server are not installed, or Django is set up for something else.
    """
    import django
    from django.conf import settings

    from evisynth.storage import open_as_default
    from evisynth.web.server_settings import server_settings
    from evisynth.web.settings import secret_key

    try:
        import allauth  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise SetupError(
            "the libraries of a server are not installed: pip install 'evisynth[server]'"
        ) from error
    if settings.configured:
        raise SetupError("Django is set up in this process already")
    settings.configure(**server_settings(config, secret_key(config.data)))
    django.setup()
    open_as_default(config.database)


def bring_server_up_to_date(config: ServerConfig, *, backup: bool = True) -> tuple[str, ...]:
    """Make the tables of a server, or bring them up to date after a backup.

    Parameters
    ----------
    config
        Settings of the server that was prepared.
    backup
        Whether to make a backup before tables with something in them are changed.

    Returns
    -------
    tuple of str
        Migrations applied.

    Raises
    ------
    StoreError
        The database cannot be reached.
    NewerSchemaError
        A newer Evisynth made it.
    """
    from django.core.management import call_command
    from django.db import DatabaseError

    from evisynth.storage import backup_database, bring_up_to_date, place_shown

    _make_place(config)
    target = _new_backup(config, "before-migration")
    try:
        applied = bring_up_to_date(
            "default",
            (lambda: backup_database(config.database, target)) if backup else None,
            apps=None,
        )
        call_command("createcachetable", verbosity=0)
    except DatabaseError as error:
        raise InputError(
            Problem(
                place_shown(config.database), "",
                f"the database cannot be used: {str(error).strip() or type(error).__name__}",
                (), "Is the address right, the database server running, and may you write there?",
            )
        ) from error  # fmt: skip
    return applied


def _new_backup(config: ServerConfig, name: str) -> Path:
    stamp = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%S%fZ")
    ending = "db" if config.database.startswith("sqlite") else "dump"
    return config.data / "backups" / f"{name}-{stamp}.{ending}"


def backup_server(
    config: ServerConfig, file: Path | None = None, *, keep: int = 0
) -> tuple[Path, tuple[Path, ...]]:
    """Back the database of a server up while people work.

    Parameters
    ----------
    config
        Settings of the server.
    file
        File to write; a new one in the folder of backups if None.
    keep
        Of those made here before only so many stay, the newest; 0: all.

    Returns
    -------
    tuple
        The file, and those that were removed.
    """
    from evisynth.storage import backup_database

    made = backup_database(config.database, file or _new_backup(config, "server"))
    # named by their time: the order of the names is their order
    old = sorted((config.data / "backups").glob("server-*"))[:-keep] if keep > 0 else []
    for path in old:
        path.unlink()
    return made, tuple(old)


def _make_place(config: ServerConfig) -> None:
    """Make the folders of a server, for its own eyes only."""
    for folder in (config.data, config.reviews, config.data / "backups"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if config.database.startswith("sqlite:///"):
        Path(config.database.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)


def make_account(email: str, password: str, name: str = "") -> str:
    """Make an account whose address counts as known; return the address.

    Raises
    ------
    InputError
        There is one already, the address is none, or the password is too easy to guess.
    """
    from allauth.account.models import EmailAddress
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email
    from django.db import transaction

    from evisynth.storage import Account

    email = email.strip().casefold()
    try:
        validate_email(email)
        validate_password(password, Account(email=email, name=name))
    except ValidationError as error:
        raise InputError(Problem("", email, " ".join(error.messages))) from error
    if Account.objects.filter(email=email).exists():
        raise InputError(Problem("", email, "there is an account with this address already"))
    with transaction.atomic():
        made = Account.objects.create_user(email, password, name=" ".join(name.split())[:200])
        EmailAddress.objects.create(user=made, email=email, primary=True, verified=True)
    return str(made.email)


def drop_second_factor(account: Any) -> None:
    """Take the second factor and the recovery codes of an account away."""
    from allauth.mfa.models import Authenticator

    Authenticator.objects.filter(user=account).delete()


def housekeeping() -> tuple[str, ...]:
    """Erase what is due; return the reviews whose days of grace were over."""
    from django.core.management import call_command

    from evisynth.actions.hosting import sweep

    erased = sweep()
    for name in erased:
        LOG.warning("the review %s was erased, its days of grace are over", name)
    call_command("clearsessions")
    return erased


def _keep_house() -> None:
    from django.db import connections

    while True:
        try:
            housekeeping()
        except Exception:
            LOG.exception("housekeeping failed; it is tried again")
        finally:
            connections.close_all()
        time.sleep(HOUR)


def run_server(config: ServerConfig, *, ready: Callable[[str], None] | None = None) -> None:
    """Run the workers of a server that was prepared, until it is stopped.

    Parameters
    ----------
    config
        Its settings.
    ready
        Called with the address once the workers can be reached.

    Raises
    ------
    SetupError
        gunicorn is not installed.
    """
    from django.db import connections

    try:
        from gunicorn.app.base import BaseApplication
    except ImportError as error:
        raise SetupError("gunicorn is not installed: pip install 'evisynth[server]'") from error
    from evisynth.web.serving import application

    shared = Path("/dev/shm")  # noqa: S108 - memory for signs of life; a disk may stall them

    class Workers(BaseApplication):  # type: ignore[misc, unused-ignore]
        """gunicorn with our settings in the place of a file."""

        def load_config(self) -> None:
            """Take over the settings."""
            options: dict[str, Any] = {
                "bind": config.listen,
                "workers": config.workers,
                "worker_class": "gthread",
                "threads": config.threads,
                "timeout": 120,
                "graceful_timeout": 30,
                "keepalive": 5,
                "limit_request_line": 8190,
                "limit_request_fields": 60,
                "accesslog": None,
                "errorlog": "-",
                "loglevel": "warning",
                "proc_name": "evisynth",
                # who may say X-Forwarded-Proto: the proxy, which alone can reach the workers
                "forwarded_allow_ips": "*" if config.proxies else "127.0.0.1",
                "control_socket_disable": True,
                "when_ready": _told(ready, config),
                "post_worker_init": _started,
                **({"worker_tmp_dir": str(shared)} if shared.is_dir() else {}),
            }
            for name, value in options.items():
                if name in self.cfg.settings and value is not None:
                    self.cfg.set(name, value)

        def load(self) -> Callable[..., Any]:
            """Return the application; called in each worker."""
            return application()

    connections.close_all()  # a connection must not be shared by processes
    Workers().run()


def _told(ready: Callable[[str], None] | None, config: ServerConfig) -> Callable[..., None]:
    def tell(arbiter: Any) -> None:
        if ready is not None:
            ready(config.origin)

    return tell


def _started(_worker: Any) -> None:
    threading.Thread(target=_keep_house, name="housekeeping", daemon=True).start()
