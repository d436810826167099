"""The commands of a server, its settings, and the doctor."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.server.conftest import PASSWORD, Server, config_in

from evisynth.actions import examine_machine
from evisynth.cli import run_command
from evisynth.errors import InputError
from evisynth.storage import Account
from evisynth.web import (
    CONFIG_NAME,
    backup_server,
    examine_server,
    example_config,
    make_account,
    read_config,
    read_config_text,
)

GOOD = '[server]\nhosts = ["a.example"]\n'


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run a command and return its JSON."""
    assert run_command([*arguments, "--json"]) == code
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


# settings


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("[server\n", "", "no TOML"),
        ("", "server.hosts", "no name is given"),
        ('[server]\nhosts = ["*"]', "server.hosts", "no name of a host"),
        ('[server]\nhosts = ["https://a.example"]', "server.hosts", "no name of a host"),
        ('[server]\nhosts = "a.example"', "server.hosts", "list of texts"),
        (GOOD + "workers = 0", "server.workers", "not from 1 to 64"),
        (GOOD + "workers = true", "server.workers", "no whole number"),
        (GOOD + 'tls = "yes"', "server.tls", "neither true nor false"),
        (GOOD + "proxies = 0", "server.tls", "speak no TLS"),
        (GOOD + 'listen = "here"', "server.listen", "no address with a port"),
        (GOOD + 'database = "mysql://x/y"', "server.database", "no address of a database"),
        (GOOD + 'database = "env:EVISYNTH_NOT_THERE"', "server.database", "has no variable"),
        (GOOD + 'database = "file:not-there"', "server.database", "cannot be read"),
        (GOOD + "wrkers = 2", "server.wrkers", "is no key"),
        (GOOD + "[servr]", "servr", "is no key"),
        (GOOD + '[accounts]\nsignup = "all"', "accounts.signup", "not known"),
        (GOOD + '[mail]\nsecurity = "ssl"', "mail.security", "not known"),
        (GOOD + '[oidc]\nid = "x"', "oidc", "list of tables"),
        (GOOD + '[[oidc]]\nid = "A b"\nissuer = "https://x.example"\nclient_id = "e"',
         "oidc[0].id", "no short name"),
        (GOOD + '[[oidc]]\nid = "x"\nissuer = "http://x.example"\nclient_id = "e"',
         "oidc[0].issuer", "https://"),
        (GOOD + '[[oidc]]\nid = "x"\nissuer = "https://x.example"', "oidc[0].client_id", "missing"),
    ],
    ids=["toml", "no-host", "any-host", "address", "no-list", "workers", "truth-as-number", "tls",
         "tls-without-proxy", "listen", "mysql", "variable", "file", "key", "table", "signup",
         "mail", "oidc-table", "oidc-id", "oidc-http", "oidc-client"],
)  # fmt: skip
def test_wrong_settings_are_named(tmp_path: Path, text: str, at: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_config_text(text, tmp_path / CONFIG_NAME)
    assert any(each.at == at and words in str(each) for each in caught.value.problems), caught.value


def test_secrets_stand_elsewhere_and_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVISYNTH_TEST_DB", "postgresql://eve:s3cret@db/reviews")
    (tmp_path / "mail-password").write_text("hush\n", encoding="utf-8")
    text = (
        GOOD + 'database = "env:EVISYNTH_TEST_DB"\n[mail]\nhost = "smtp.a.example"\n'
        'password = "file:mail-password"\n'
    )
    config = read_config_text(text, tmp_path / CONFIG_NAME)
    assert (config.database, config.mail.password) == ("postgresql://eve:s3cret@db/reviews", "hush")
    assert "s3cret" not in repr(config)
    assert "hush" not in repr(config)
    assert config.origin == "https://a.example"
    with pytest.raises(InputError, match="no such file"):
        read_config(tmp_path / "none.toml")


def test_the_file_that_init_writes_is_read_and_private(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "srv"
    made = said(capsys, "server", "init", str(folder), "--host", "a.example", "--host", "b.example")
    file = Path(made["file"])
    assert file.stat().st_mode & 0o077 == 0
    config = read_config(file)
    assert (config.hosts, config.tls, config.signup) == (
        ("a.example", "b.example"), True, "invitation",
    )  # fmt: skip
    assert config.database == f"sqlite:///{folder / 'data' / 'server.db'}"
    assert said(capsys, "server", "init", str(folder), code=2)["ok"] is False
    text = example_config(("localhost",), "", tls=False, listen="127.0.0.1:9000")
    assert read_config_text(text, file).origin == "http://localhost:9000"


# commands, in the place of a server that was prepared


@pytest.fixture
def at(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server on which the commands of this process work."""
    monkeypatch.setattr("evisynth.web.read_config", lambda _file: server.config)
    monkeypatch.setattr("evisynth.web.prepare_server", lambda _config: None)
    monkeypatch.setattr("evisynth.web.bring_server_up_to_date", lambda _config: ())
    return server


def test_reviews_are_added_invited_to_deleted_and_restored(
    at: Server, review_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = said(
        capsys, "server", "review", "add", "sleep", str(review_folder), "--owner", "Olga Owner"
    )
    assert re.fullmatch(
        r"http://reviews\.example\.org:8751/invitation/[\w-]{43}/", made["invitation"]
    )
    assert Path(made["folder"]).joinpath("review.toml").is_file()
    new = said(capsys, "server", "review", "add", "new", "--title", "Quite new")
    assert new["title"] == "Quite new"
    listed = said(capsys, "server", "review", "list")["reviews"]
    assert [each["name"] for each in listed] == ["new", "sleep"]
    link = said(capsys, "server", "review", "invite", "sleep", "Ann", "--as", "ann")["invitation"]
    browser = at.browser()
    page = browser.get(re.sub(r"^http://[^/]+", "", link), follow=True).content.decode()
    assert "Ann Name" in page  # as the plan has it
    deleted = said(capsys, "server", "review", "delete", "sleep")
    assert deleted["deleted"] is True
    assert browser.get("/invitation/").status_code == 404
    assert said(capsys, "server", "review", "restore", "sleep")["deleted"] is False
    assert said(capsys, "server", "tidy")["erased"] == []
    for wrong in (
        ("review", "add", "sleep"), ("review", "add", "A b"), ("review", "delete", "none"),
        ("review", "invite", "sleep", "X", "--role", "king"), ("review", "restore", "none"),
        ("review", "add", "x", str(review_folder), "--title", "T"),
    ):  # fmt: skip
        assert said(capsys, "server", *wrong, code=2)["errors"]


def test_accounts_are_made_reset_and_closed(
    at: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    made = said(capsys, "server", "user", "add", "Ada@Example.org", "--name", "Ada")
    assert made["email"] == "ada@example.org"
    ada = Account.objects.get(email="ada@example.org")
    assert ada.check_password(made["password"])
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert (
        said(capsys, "server", "user", "add", "b@example.org", "--password-from-input")["password"]
        == ""
    )
    browser = at.signed_in("ada@example.org")
    assert browser.get("/").status_code == 200
    new = said(capsys, "server", "user", "reset", "ada@example.org")["password"]
    ada.refresh_from_db()
    assert ada.check_password(new)
    assert browser.get("/").status_code == 302  # the old password's sessions are over
    said(capsys, "server", "user", "reset", "ada@example.org", "--second-factor")
    assert said(capsys, "server", "user", "close", "ada@example.org")["active"] is False
    login = {"login": "ada@example.org", "password": new}
    assert at.browser().post("/account/login/", login).headers["Location"] == "/account/inactive/"
    assert said(capsys, "server", "user", "open", "ada@example.org")["active"] is True
    assert at.browser().post("/account/login/", login).headers["Location"] == "/"
    listed = said(capsys, "server", "user", "list")["accounts"]
    assert [each["email"] for each in listed] == ["ada@example.org", "b@example.org"]
    for wrong in (("add", "ada@example.org"), ("add", "nobody"), ("close", "who@example.org")):
        assert said(capsys, "server", "user", *wrong, code=2)["errors"]
    with pytest.raises(InputError, match="too common"):
        make_account("c@example.org", "password123")


def test_backups_are_made_and_the_oldest_removed(
    at: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [Path(said(capsys, "server", "backup", "--keep", "2")["file"]) for _ in range(3)]
    assert [file.exists() for file in files] == [False, True, True]
    named, removed = backup_server(at.config, tmp_path / "mine.db")
    assert (named.stat().st_size > 0, removed) == (True, ())


def test_a_backup_is_restored_by_a_process_that_knows_nothing_yet(
    at: Server, review_folder: Path, tmp_path: Path
) -> None:
    at.add("sleep", review_folder)
    file, _ = backup_server(at.config)
    done = subprocess.run(
        [sys.executable, "-c", "from evisynth.cli import main; main()", "restore", str(file),
         str(tmp_path / "restored.db"), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert [each["name"] for each in json.loads(done.stdout)["reviews"]] == ["sleep"]


# the doctor


def states(checks: Any) -> dict[str, str]:
    return {each.name: each.state for each in checks}


def test_the_doctor_looks_at_a_machine_and_a_review(
    tmp_path: Path, review_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    folder = tmp_path / "review"
    shutil.copytree(review_folder, folder)
    assert set(states(examine_machine()).values()) == {"ok"}
    found = states(examine_machine(folder))
    assert (found["review"], found["database"]) == ("ok", "ok")
    assert states(examine_machine(tmp_path))["review"] == "warning"
    (folder / ".evisynth").mkdir()
    database = folder / ".evisynth" / "review.db"
    database.write_bytes(b"SQLite format 3\0" + b"\xff" * 4000)
    answer = said(capsys, "doctor", str(folder), code=1)
    assert answer["ok"] is False
    assert {each["name"] for each in answer["checks"] if each["state"] == "bad"} == {"database"}
    database.unlink()
    from evisynth.actions import backup_review, thaw_review

    thaw_review(folder)
    assert states(examine_machine(folder))["backup"] == "warning"
    made = backup_review(folder)
    assert states(examine_machine(folder))["backup"] == "ok"
    old = time.time() - 30 * 86400
    os.utime(made.file, (old, old))
    assert states(examine_machine(folder))["backup"] == "warning"


def test_the_doctor_looks_at_a_server(
    server: Server, review_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx

    def answer(address: str, **_more: Any) -> httpx.Response:
        issuer = address.partition("/.well-known")[0]
        return httpx.Response(200, json={"issuer": issuer}, request=httpx.Request("GET", address))

    monkeypatch.setattr("httpx.get", answer)
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: [])
    server.config.file.write_text("x", encoding="utf-8")
    server.config.file.chmod(0o600)
    review = server.add("sleep", review_folder)
    found = states(examine_server(server.config))
    assert found["TLS"] == "bad"  # a public name without https
    assert (found["settings"], found["migrations"], found["reviews"], found["sign-in uni"]) == (
        "ok", "ok", "ok", "ok",
    )  # fmt: skip
    assert (found["mail"], found["backup"]) == ("warning", "warning")
    backup_server(server.config)
    review.folder.rename(tmp_path / "gone")
    server.config.file.chmod(0o644)
    monkeypatch.setattr("httpx.get", lambda address, **_: httpx.Response(
        404, request=httpx.Request("GET", address)))  # fmt: skip
    found = states(examine_server(server.config))
    assert (found["settings"], found["reviews"], found["backup"], found["sign-in uni"]) == (
        "warning", "bad", "ok", "bad",
    )  # fmt: skip

    def nowhere(*_: Any) -> Any:
        raise socket.gaierror("not known")

    monkeypatch.setattr("socket.getaddrinfo", nowhere)
    mailing = config_in(tmp_path, tls=True)
    from dataclasses import replace

    from evisynth.web.server_config import MailConfig

    config = replace(
        mailing, file=server.config.file, mail=MailConfig(host="smtp.invalid", security="none",
                                                          password="x")
    )  # fmt: skip
    found = states(examine_server(config))
    assert (found["TLS"], found["host"], found["mail"]) == ("ok", "warning", "bad")
    anybody = replace(config_in(tmp_path, signup="open"), file=server.config.file)
    assert states(examine_server(anybody))["mail"] == "bad"


# a real one


def test_the_workers_answer_and_end_when_they_are_told(tmp_path: Path) -> None:
    pytest.importorskip("gunicorn", reason="gunicorn is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = tmp_path / CONFIG_NAME
    file.write_text(
        '[server]\nhosts = ["localhost"]\ntls = false\nproxies = 0\nworkers = 1\n'
        f'listen = "127.0.0.1:{port}"\n',
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [sys.executable, "-c", "from evisynth.cli import main; main()", "server", "run",
         "--config", str(file)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert f"http://localhost:{port}" in process.stdout.readline()
        origin = f"http://localhost:{port}"
        with urllib.request.urlopen(f"{origin}/account/login/", timeout=30) as answer:
            assert answer.status == 200
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        with urllib.request.urlopen(
            f"{origin}/static/evisynth/css/evisynth.css", timeout=30
        ) as css:
            assert css.headers["Content-Type"].startswith("text/css")
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/", timeout=30) as health:
            assert health.read() == b"ok\n"
    finally:
        process.terminate()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert "Traceback" not in err
    assert "GET account_login 200" in err
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o077 == 0
