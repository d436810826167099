"""Every ending of a command: exit code, text on stderr, one JSON object on stdout."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evisynth import __version__, actions
from evisynth.cli import run_command
from evisynth.errors import InputError, OptionError, Problem, SetupError

Capture = pytest.CaptureFixture[str]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from evisynth.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def failing(error: BaseException) -> Callable[..., Any]:
    def act(*_: Any, **__: Any) -> Any:
        raise error

    return act


PROBLEMS = InputError(
    [
        Problem("a.csv", "line 2, column sd1", "'x' is not a number", (), "Leave it empty."),
        Problem("review.toml", "line 7", "unknown measure 'SDM'", ("MD", "SMD")),
    ]
)


def test_the_entry_ends_the_process_with_the_code() -> None:
    done = command("--version")
    assert (done.returncode, done.stdout) == (0, f"evisynth {__version__}\n")
    assert command("rnu").returncode == 2


def test_version(capsys: Capture) -> None:
    assert run_command(["--version"]) == 0
    assert capsys.readouterr().out == f"evisynth {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["run", "-h"], ["analyze", "--help"]])
def test_help(arguments: list[str], capsys: Capture) -> None:
    assert run_command(arguments) == 0
    assert "Usage: evisynth" in capsys.readouterr().out


def test_no_command_shows_the_help_and_is_an_error(capsys: Capture) -> None:
    assert run_command([]) == 2
    shown = capsys.readouterr()
    assert "Usage: evisynth" in shown.out + shown.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rnu"], "rnu"),
        (["run", "--fast"], "--fast"),
        (["new"], "FOLDER"),
        (["analyze", "a.csv", "--level", "much"], "--level"),
        (["run", "a", "b"], "b"),
    ],
)
def test_usage_errors(arguments: list[str], message: str, capsys: Capture) -> None:
    assert run_command(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
    assert "--help" in shown.err
    assert "Traceback" not in shown.err
    assert run_command([*arguments, "--json"]) == 2
    shown = capsys.readouterr()
    answer = json.loads(shown.out)
    assert answer["ok"] is False
    assert message in answer["errors"][0]["message"]
    assert shown.err == ""


def test_problems_are_listed_and_all_of_them_are_in_the_json(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(actions, "review_status", failing(PROBLEMS))
    assert run_command(["status"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[0] == "2 problems:"
    assert "- a.csv, line 2, column sd1: 'x' is not a number. Leave it empty." in shown.err
    assert run_command(["status", "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.err == ""
    assert json.loads(shown.out) == {
        "ok": False,
        "errors": [
            {
                "where": "a.csv",
                "at": "line 2, column sd1",
                "message": "'x' is not a number",
                "allowed": [],
                "hint": "Leave it empty.",
            },
            {
                "where": "review.toml",
                "at": "line 7",
                "message": "unknown measure 'SDM'",
                "allowed": ["MD", "SMD"],
                "hint": "",
            },
        ],
    }


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (OptionError("tau2", "REMLL", ["REML", "DL"]), 2, "Did you mean 'REML'?"),
        (SetupError("no pango; install libpango"), 3, "install libpango"),
        (OSError(errno.ENOSPC, "No space left on device", "out"), 3, "No space left"),
        (KeyboardInterrupt(), 130, "nterrupted"),
        (ZeroDivisionError("oops"), 4, "a fault in Evisynth"),
    ],
)
def test_codes(
    error: BaseException,
    code: int,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    monkeypatch.setattr(actions, "run_review", failing(error))
    assert run_command(["run"]) == code
    shown = capsys.readouterr()
    assert text in shown.err
    assert "Traceback" not in shown.err
    assert run_command(["run", "--json"]) == code
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert text in answer["errors"][0]["message"]
    assert run_command(["run", "--quiet"]) == code
    assert text in capsys.readouterr().err


def test_debug_shows_the_trace(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(actions, "run_review", failing(ZeroDivisionError("oops")))
    assert run_command(["run", "--debug"]) == 4
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_words_after_two_dashes_are_no_options(tmp_path: Path, capsys: Capture) -> None:
    assert run_command(["status", "--", str(tmp_path / "--json")]) == 2
    assert capsys.readouterr().out == ""


def test_progress_is_for_people_only(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path
) -> None:
    given: list[object] = []

    def act(*_: Any, progress: object, **__: Any) -> Any:
        given.append(progress)
        raise InputError(Problem("a", "", "b"))

    monkeypatch.setattr(actions, "run_review", act)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    for options in ([], ["--json"], ["--quiet"]):
        run_command(["run", str(tmp_path), *options])
        capsys.readouterr()
    assert given[0] is not None
    assert given[1:] == [None, None]


def test_the_bar_follows_the_work(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from evisynth.cli.shell import Shell

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with Shell("run").progress() as tell:
        assert tell is not None
        tell("Figures", 30, 100)
        tell("", 100, 100)
    assert capsys.readouterr().out == ""


def test_ctrl_c_ends_with_130(tmp_path: Path) -> None:
    code = (
        "import sys, signal, os, evisynth.actions as a\n"
        # a background job of a shell is started with the signal ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def act(*_, **__):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    import time; time.sleep(20)\n"
        "a.run_review = act\n"
        "from evisynth.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "run", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 130
    assert done.stderr.strip() == "Interrupted."


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_reader_that_goes_away_is_no_fault() -> None:
    line = f'"{sys.executable}" -c "from evisynth.cli import main; main()" --help | true'
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; from evisynth.cli import run_command; run_command(['--help']); "
        "print(*[n for n in ('numpy', 'scipy', 'pandas', 'matplotlib', 'pydantic', 'django',"
        " 'weasyprint') if n in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_output_survives_a_terminal_without_unicode() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    code = (
        "import typer\nfrom evisynth.cli import main\nimport evisynth.cli.app as app\n"
        "app.app.command('say')(lambda: typer.echo('tau² −0.34'))\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "say"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert "0.34" in done.stdout


def test_columns_of_further_roles_are_named_by_the_role(tmp_path: Path) -> None:
    table = tmp_path / "rates.csv"
    table.write_text("study,x1,years,x2,t2\nA,9,413,19,398\nB,8,263,19,245\n", encoding="utf-8")
    head = ("analyze", str(table), "--measure", "IRR", "--out", str(tmp_path / "out"))
    found = command(*head, "--column", "time1 = years")
    assert found.returncode == 0, found.stderr
    assert "Incidence rate ratio" in found.stdout
    for text in ("time1", "=years", "time1="):
        wrong = command(*head, "--column", text)
        assert wrong.returncode != 0
        assert "time1=years_e" in wrong.stderr
    assert "Did you mean 'time1'?" in command(*head, "--column", "tim1=years").stderr
