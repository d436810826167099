"""A server in this process: its settings in the place of those of one's own machine.

The settings of one's own machine are made when the tests are collected, as in tests/web.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.web.worlds import make_folder, make_world

from evisynth.web import (
    ServerConfig,
    bring_server_up_to_date,
    make_account,
    prepare,
    read_config_text,
)

prepare(Path(tempfile.mkdtemp(prefix="evs-web-")), "", token="token-of-the-tests")

PASSWORD = "three plain words"

SETTINGS = """
[server]
hosts = ["reviews.example.org"]
database = "sqlite:///server.db"
tls = {tls}
proxies = {proxies}
upload_mb = 3
[accounts]
second_factor = "{factor}"
signup = "{signup}"
[[oidc]]
id = "uni"
name = "Example University"
issuer = "https://login.example.edu/realms/main"
client_id = "evisynth"
client_secret = "not much of one"
"""


def config_in(
    folder: Path,
    *,
    tls: bool = False,
    factor: str = "optional",
    signup: str = "invitation",
    database: str = "",
) -> ServerConfig:
    """Settings of a server in a folder."""
    text = SETTINGS.format(tls=str(tls).lower(), proxies=int(tls), factor=factor, signup=signup)
    if database:
        text = text.replace("sqlite:///server.db", database)
    return read_config_text(text, folder / "evisynth-server.toml")


@dataclass
class Server:
    """A server with its database, and the browsers that people have open."""

    folder: Path
    config: ServerConfig
    mails: list[Any] = field(default_factory=list)

    def add(self, name: str, source: Path) -> Any:
        """Add a review from a folder."""
        from evisynth.actions.hosting import add_review

        return add_review(
            name, database=self.config.database, reviews=self.config.reviews, source=source
        )

    def member(self, email: str, review: str = "", person: str = "", name: str = "") -> int:
        """Make an account that is a person of a review."""
        from evisynth.storage import Account, Membership, ReviewFolder

        if not Account.objects.filter(email=email).exists():
            make_account(email, PASSWORD, name or email.partition("@")[0].title())
        account = Account.objects.get(email=email)
        if review:
            row = ReviewFolder.objects.get(name=review)
            Membership.objects.create(account=account, review=row, person=person)
        return int(account.pk)

    def browser(self, **more: Any) -> Any:
        """A browser in which nobody signed in."""
        from django.test import Client

        options = {"SERVER_NAME": "reviews.example.org", "raise_request_exception": True, **more}
        return Client(**options)

    def signed_in(self, email: str) -> Any:
        """A browser in which somebody signed in by password."""
        from evisynth.storage import Account

        browser = self.browser()
        browser.force_login(
            Account.objects.get(email=email), "django.contrib.auth.backends.ModelBackend"
        )
        return browser

    def program(self, word: str) -> Any:
        """A program that sends a token with each request."""
        return self.browser(headers={"Authorization": f"Bearer {word}"})


def forget() -> None:
    """Forget what this process knows of reviews that an earlier test had under the same alias."""
    from evisynth.actions.team import desk
    from evisynth.storage import store
    from evisynth.web.accounts import seats

    desk._boards.clear()
    store._committers.clear()
    seats._stores.clear()


class Running:
    """The settings of a server in force, until they are taken back."""

    def __init__(self, config: ServerConfig) -> None:
        from django.test import override_settings

        from evisynth.web.server_settings import server_settings

        made = server_settings(config, "a key of the tests")
        del made["DATABASES"]
        made |= {
            "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
            "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend",
        }
        # the applications last: they look at the other settings when they begin
        applications = override_settings(INSTALLED_APPS=made.pop("INSTALLED_APPS"))
        self.settings = (override_settings(**made), applications)
        for each in self.settings:
            each.enable()
        self.use(config)

    @staticmethod
    def use(config: ServerConfig) -> None:
        """Take a database as that of the accounts."""
        from django.core import mail

        from evisynth.storage import open_as_default

        forget()
        open_as_default(config.database)
        mail.outbox = []

    def end(self) -> None:
        """Give the settings back to the tests of one's own machine."""
        from django.db import connections

        connections["default"].close()
        forget()
        for each in reversed(self.settings):
            each.disable()


@pytest.fixture(autouse=True)
def no_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    """No document is built here in a process of its own; that it is begun is enough."""
    from evisynth.actions.team import document

    def refuse(*_: Any, **_more: Any) -> Any:
        raise OSError("no room for another process")

    here = types.SimpleNamespace(**vars(subprocess))
    here.Popen = refuse
    monkeypatch.setattr(document, "subprocess", here)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the tables of a server and nothing in them; migrated once."""
    folder = tmp_path_factory.mktemp("empty")
    config = config_in(folder)
    running = Running(config)
    try:
        bring_server_up_to_date(config)
    finally:
        running.end()
    return folder / "server.db"


def _serve(folder: Path, empty: Path, **options: Any) -> Iterator[Server]:
    config = config_in(folder, **options)
    shutil.copyfile(empty, folder / "server.db")
    running = Running(config)
    try:
        from django.core import mail

        yield Server(folder, config, mail.outbox)
    finally:
        running.end()


@pytest.fixture
def server(tmp_path: Path, empty_database: Path) -> Iterator[Server]:
    """A server without accounts and reviews."""
    yield from _serve(tmp_path, empty_database)


@pytest.fixture
def server_with(tmp_path: Path, empty_database: Path) -> Iterator[Callable[..., Server]]:
    """Makes a server with other settings: (tls=..., factor=..., signup=...)."""
    begun: list[Iterator[Server]] = []

    def make(**options: Any) -> Server:
        running = _serve(tmp_path, empty_database, **options)
        begun.append(running)
        return next(running)

    yield make
    for each in begun:
        next(each, None)


@pytest.fixture(scope="session")
def review_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small review, to be copied to servers."""
    return make_folder(
        tmp_path_factory.mktemp("source") / "sleep",
        title_abstract="votes_needed = 2",
        full_text="votes_needed = 2",
    )


ROLES = {
    "ada": "owner", "lea": "lead", "ann": "reviewer", "dora": "adjudicator", "eve": "extractor",
    "cleo": "assessor", "finn": "statistician", "gus": "librarian", "hal": "observer",
    "ida": "auditor",
}  # fmt: skip
"""One person for each role; Ben has several and is looked at by nobody."""


def one_role_each(folder: Path) -> None:
    """Give each person of a review's plan one role."""
    file = folder / "review.toml"
    text = file.read_text(encoding="utf-8")
    for person, role in ROLES.items():
        text = re.sub(
            rf'(?<=id = "{person}"\n)(name = .*\n)roles = .*', rf'\1roles = ["{role}"]', text
        )
    text = text.replace(
        "[stages.title_abstract]\n",
        '[[people]]\nid = "lea"\nname = "Lea Name"\nroles = ["lead"]\n\n[stages.title_abstract]\n',
        1,
    )
    file.write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def team_folder(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """The folder of a server with a review in use, and an account for each person of its team."""
    from evisynth.actions import freeze_review

    folder = tmp_path_factory.mktemp("server")
    source = make_folder(
        folder / "sleep", title_abstract="votes_needed = 2", full_text="votes_needed = 2"
    )
    make_world(source, "busy", votes=2)
    freeze_review(source)
    one_role_each(source)
    for served in _serve(folder, empty_database):
        served.add("sleep", source)
        for person in ROLES:
            served.member(f"{person}@example.org", "sleep", person)
        served.member("nobody@example.org")
    return folder


@pytest.fixture
def team_server(team_folder: Path, tmp_path: Path) -> Iterator[Server]:
    """A copy of that server: what a test changes in it is gone with the test."""
    folder = tmp_path / "server"
    shutil.copytree(team_folder, folder)
    config = config_in(folder)
    running = Running(config)
    try:
        from evisynth.storage import ReviewFolder

        ReviewFolder.objects.update(folder=str(config.reviews / "sleep"))
        yield Server(folder, config)
    finally:
        running.end()
