"""`evisynth server`: the reviews of a team, with accounts, on a server."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell
from evisynth.display import plural
from evisynth.errors import InputError, Problem

if TYPE_CHECKING:
    from evisynth.actions.hosting import HostedReview, MadeInvitation
    from evisynth.web import ServerConfig

__all__ = ["ConfigOption", "server_app"]

server_app = typer.Typer(
    name="server",
    help="Reviews for a team: accounts, invitations, several reviews on one server.\n\n"
    "Example:  evisynth server init /srv/evisynth --host reviews.example.org",
    no_args_is_help=True,
)
user_app = typer.Typer(
    name="user",
    help="Accounts of the server.\n\nExample:  evisynth server user list",
    no_args_is_help=True,
)
review_app = typer.Typer(
    name="review",
    help="Reviews of the server.\n\nExample:  evisynth server review add sleep ~/sleep-review",
    no_args_is_help=True,
)
server_app.add_typer(user_app)
server_app.add_typer(review_app)

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config",
        help="Settings of the server.",
        envvar="EVISYNTH_SERVER",
        metavar="FILE",
    ),
]
CONFIG = Path("evisynth-server.toml")


@server_app.callback()
def server() -> None:
    """Take options that stand before the command."""


def _prepared(config: Path) -> ServerConfig:
    """Make the application of a server ready, with its tables up to date."""
    from evisynth.web import bring_server_up_to_date, prepare_server, read_config

    found = read_config(config)
    prepare_server(found)
    bring_server_up_to_date(found)
    return found


@server_app.command("init")
def init(
    folder: Annotated[
        Path, typer.Argument(help="Folder for the settings and the data.", metavar="FOLDER")
    ],
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host",
            help="Name that people type in the browser. Give it again for several.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    database: Annotated[
        str,
        typer.Option(
            "--database",
            help="Address of the database, postgresql://USER@HOST/NAME or env:VARIABLE. "
            "Default: an SQLite file in the folder.",
            show_default=False,
            metavar="ADDRESS",
        ),
    ] = "",
    listen: Annotated[
        str, typer.Option("--listen", help="Address and port of the workers.", metavar="ADDRESS")
    ] = "127.0.0.1:8751",
    tls: Annotated[
        bool,
        typer.Option(
            "--tls/--no-tls",
            help="Whether people come by https through a proxy; without it only for trying out.",
        ),
    ] = True,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Write the settings of a server, every key explained; nothing is started.

    Example:  evisynth server init /srv/evisynth --host reviews.example.org
    """
    from evisynth.web import CONFIG_NAME, example_config, read_config_text

    shell = Shell("server init", as_json, quiet)
    file = folder / CONFIG_NAME
    if file.exists():
        hint = "Edit it, or choose another folder; nothing was written"
        raise InputError(Problem(str(file), "", "is there already", (), hint))
    text = example_config(tuple(host or ("localhost",)), database, tls=tls, listen=listen)
    if not database.startswith("env:"):
        read_config_text(text, file)  # what is written can be read
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    shell.answer(
        {"file": file},
        lambda: (
            f"Written: {file}\nThen: evisynth doctor --config {file}\n"
            f"      evisynth server review add NAME --config {file}\n"
            f"      evisynth server run --config {file}"
        ),
    )


@server_app.command("run")
def run(
    config: ConfigOption = CONFIG,
    no_backup: Annotated[
        bool,
        typer.Option("--no-backup", help="Migrate the database without a backup before it."),
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Run the server until it is stopped; bring its database up to date first.

    Example:  evisynth server run --config /srv/evisynth/evisynth-server.toml
    """
    from evisynth.web import bring_server_up_to_date, prepare_server, read_config, run_server

    shell = Shell("server run", as_json, quiet)
    found = read_config(config)
    prepare_server(found)
    applied = bring_server_up_to_date(found, backup=not no_backup)

    def opened(origin: str) -> None:
        shell.answer(
            {"url": origin, "listen": found.listen, "migrated": applied},
            lambda: f"Evisynth is open at {origin} (workers on {found.listen}). Ctrl-C ends it.",
        )
        sys.stdout.flush()

    run_server(found, ready=opened)


@server_app.command("backup")
def backup(
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help="File to write; it must not be there. Default: a new one in backups/ of the data.",
            show_default=False,
            metavar="FILE",
        ),
    ] = None,
    keep: Annotated[
        int,
        typer.Option("--keep", help="Remove the oldest in that folder, so that these many stay."),
    ] = 0,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Back the database up while people work: accounts, decisions and history of all reviews.

    Exports and PDFs are files in the data folder: copy that as well.

    Example:  evisynth server backup --keep 14
    """
    from evisynth.web import backup_server, prepare_server, read_config

    shell = Shell("server backup", as_json, quiet)
    found = read_config(config)
    prepare_server(found)
    file, removed = backup_server(found, to, keep=keep)
    size = file.stat().st_size
    shell.answer(
        {"file": file, "size": size, "removed": removed},
        lambda: (
            f"Written: {file} ({size / 1e6:.1f} MB)"
            + (f"\nRemoved: {', '.join(path.name for path in removed)}" if removed else "")
        ),
    )


@server_app.command("tidy")
def tidy(
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Erase what is due: deleted reviews after their days of grace, sessions that are over.

    The running server does it by itself every hour.

    Example:  evisynth server tidy
    """
    from evisynth.web import housekeeping

    shell = Shell("server tidy", as_json, quiet)
    _prepared(config)
    erased = housekeeping()
    shell.answer({"erased": erased}, lambda: f"Erased: {', '.join(erased) or 'nothing was due'}")


# accounts


def _account(email: str) -> Any:
    from evisynth.storage import Account

    row = Account.objects.filter(email=email.strip().casefold()).first()
    if row is None:
        hint = "See 'evisynth server user list'"
        raise InputError(Problem("", "EMAIL", f"there is no account {email!r}", (), hint))
    return row


EmailArgument = Annotated[str, typer.Argument(help="E-mail address.", metavar="EMAIL")]


@user_app.command("add")
def user_add(
    email: EmailArgument,
    name: Annotated[str, typer.Option("--name", help="Name of the person.")] = "",
    from_input: Annotated[
        bool,
        typer.Option("--password-from-input", help="Read the password from standard input."),
    ] = False,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Make an account; without a password from the input one is made and shown once.

    Most people need none: an invitation to a review lets them make their own.

    Example:  evisynth server user add ada@example.org --name "Ada Lovelace"
    """
    from evisynth.web import make_account

    shell = Shell("server user add", as_json, quiet)
    _prepared(config)
    given = sys.stdin.readline().rstrip("\n") if from_input else ""
    password = given or secrets.token_urlsafe(15)
    account = make_account(email, password, name)
    shown = "" if given else password
    shell.answer(
        {"email": account, "password": shown},
        lambda: f"Account {account}" + (f"\nPassword, shown this once: {shown}" if shown else ""),
    )


@user_app.command("list")
def user_list(
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """List the accounts, with the reviews that they belong to.

    Example:  evisynth server user list --json
    """
    from evisynth.actions.hosting import reviews_of_account

    shell = Shell("server user list", as_json, quiet)
    _prepared(config)
    from evisynth.storage import Account  # known once the server is prepared

    rows = [
        {
            "email": row.email, "name": row.name, "active": row.is_active,
            "reviews": dict(reviews_of_account(row.pk)),
        }
        for row in Account.objects.order_by("email")
    ]  # fmt: skip

    def text() -> str:
        lines = [
            f"{row['email']}{'' if row['active'] else ' (closed)'}: "
            + (", ".join(f"{name} as {who}" for name, who in row["reviews"].items()) or "no review")
            for row in rows
        ]
        return "\n".join(lines) or "There are no accounts yet."

    shell.answer({"accounts": rows}, text)


@user_app.command("close")
def user_close(
    email: EmailArgument,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Close an account at once: sessions and tokens end; what the person did stays.

    Example:  evisynth server user close ada@example.org
    """
    shell = Shell("server user close", as_json, quiet)
    _prepared(config)
    row = _account(email)
    row.is_active = False
    row.save(update_fields=["is_active"])
    shell.answer({"email": row.email, "active": False}, lambda: f"{row.email} is closed.")


@user_app.command("open")
def user_open(
    email: EmailArgument,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Open a closed account again.

    Example:  evisynth server user open ada@example.org
    """
    shell = Shell("server user open", as_json, quiet)
    _prepared(config)
    row = _account(email)
    row.is_active = True
    row.save(update_fields=["is_active"])
    shell.answer({"email": row.email, "active": True}, lambda: f"{row.email} is open.")


@user_app.command("reset")
def user_reset(
    email: EmailArgument,
    second_factor: Annotated[
        bool,
        typer.Option("--second-factor", help="Take the second factor off; the password stays."),
    ] = False,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Give an account a new password, shown once, or take its second factor off.

    Be sure who asks: whoever has the new password has the account. All its sessions end.

    Example:  evisynth server user reset ada@example.org
    """
    from evisynth.web import drop_second_factor

    shell = Shell("server user reset", as_json, quiet)
    _prepared(config)
    row = _account(email)
    if second_factor:
        drop_second_factor(row)
        shell.answer({"email": row.email}, lambda: f"{row.email} has no second factor now.")
        return
    password = secrets.token_urlsafe(15)
    row.set_password(password)
    row.save(update_fields=["password"])
    shell.answer(
        {"email": row.email, "password": password},
        lambda: f"New password of {row.email}, shown this once: {password}",
    )


# reviews

ReviewArgument = Annotated[
    str, typer.Argument(help="Short name of the review: a-z, 0-9 and -.", metavar="NAME")
]


def _told(review: HostedReview) -> dict[str, object]:
    return {
        "name": review.name, "title": review.title, "folder": review.folder,
        "deleted": review.deleted, "erased_on": review.erased_on,
    }  # fmt: skip


def _link(config: ServerConfig, made: MadeInvitation) -> str:
    return f"{config.origin}/invitation/{made.word}/"


@review_app.command("add")
def review_add(
    name: ReviewArgument,
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of a review; it is copied. Without it a new review is made.",
            show_default=False,
            metavar="FOLDER",
        ),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Title of a new review.")] = "",
    owner: Annotated[
        str,
        typer.Option(
            "--owner", help="Name of the person who is invited as owner and lead.", metavar="PERSON"
        ),
    ] = "",
    email: Annotated[
        str, typer.Option("--email", help="Address that the owner's account must have.")
    ] = "",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Add a review to the server and invite its owner.

    Example:  evisynth server review add sleep ~/sleep-review --owner "Ada Lovelace"
    """
    from evisynth.actions.hosting import add_review

    shell = Shell("server review add", as_json, quiet)
    found = _prepared(config)
    if folder is not None and title:
        hint = "Leave one of them out"
        raise InputError(
            Problem("", "--title", "a folder that is there has its title already", (), hint)
        )
    made = add_review(
        name, database=found.database, reviews=found.reviews, source=folder, title=title
    )
    link = ""
    if owner:
        link = _invited(found, made, owner, ("owner", "lead"), email, 14, "")
    more = f"\nLink for {owner}, open for 14 days: {link}" if link else (
        f"\nInvite its owner: evisynth server review invite {name} PERSON --role owner --role lead"
    )  # fmt: skip
    shell.answer(
        {**_told(made), "invitation": link}, lambda: f"{made.title} is in {made.folder}{more}"
    )


def _invited(
    config: ServerConfig, review: HostedReview, name: str, roles: tuple[str, ...], email: str,
    days: int, person: str,
) -> str:  # fmt: skip
    from evisynth.actions import open_store
    from evisynth.actions.hosting import invite_as_server

    with open_store(config.database, review=review.name, create=False) as store:
        made = invite_as_server(
            store, review.folder, name, roles, email=email, days=days, person=person
        )
    return _link(config, made)


@review_app.command("invite")
def review_invite(
    name: ReviewArgument,
    person_name: Annotated[str, typer.Argument(help="Name of the person.", metavar="PERSON")],
    role: Annotated[
        list[str] | None,
        typer.Option("--role", help="Role in the review. Give it again for several."),
    ] = None,
    person: Annotated[
        str, typer.Option("--as", help="Id of somebody of the plan who has no account yet.")
    ] = "",
    email: Annotated[str, typer.Option("--email", help="Address that the account must have.")] = "",
    days: Annotated[int, typer.Option("--days", help="Days for which the link is open.")] = 14,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Invite somebody to a review; the link is shown once.

    Example:  evisynth server review invite sleep "Ada Lovelace" --role owner --role lead
    """
    from evisynth.actions.hosting import hosted_review

    shell = Shell("server review invite", as_json, quiet)
    found = _prepared(config)
    link = _invited(found, hosted_review(name), person_name, tuple(role or ()), email, days, person)
    shell.answer({"review": name, "invitation": link}, lambda: f"Link for {person_name}: {link}")


@review_app.command("list")
def review_list(
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """List the reviews, those too that are being deleted.

    Example:  evisynth server review list
    """
    from evisynth.actions.hosting import hosted_reviews

    shell = Shell("server review list", as_json, quiet)
    _prepared(config)
    found = hosted_reviews()

    def text() -> str:
        lines = [
            f"{each.name}: {each.title}"
            + (f" (deleted, erased on {each.erased_on})" if each.deleted else "")
            for each in found
        ]
        return "\n".join(lines) or "There are no reviews yet."

    shell.answer({"reviews": [_told(each) for each in found]}, text)


@review_app.command("delete")
def review_delete(
    name: ReviewArgument,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Take a review from its team; for 30 days it can be had back.

    Example:  evisynth server review delete sleep
    """
    from evisynth.actions.hosting import GRACE_DAYS, delete_review

    shell = Shell("server review delete", as_json, quiet)
    _prepared(config)
    made = delete_review(name, by="the server's administrator")
    shell.answer(
        _told(made),
        lambda: (
            f"{made.title} is deleted. For {plural(GRACE_DAYS, 'day')}, until"
            f" {made.erased_on}: evisynth server review restore {name}"
        ),
    )


@review_app.command("restore")
def review_restore(
    name: ReviewArgument,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Give a deleted review back to its team, as it was.

    Example:  evisynth server review restore sleep
    """
    from evisynth.actions.hosting import restore_deleted_review

    shell = Shell("server review restore", as_json, quiet)
    _prepared(config)
    made = restore_deleted_review(name)
    shell.answer(_told(made), lambda: f"{made.title} is back.")
