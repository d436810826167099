"""The entry: runs a command and turns every ending into an exit code."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import typer

from evisynth.cli.app import app
from evisynth.cli.errors import Code, code_of, problems_of, readable
from evisynth.cli.plain import to_json
from evisynth.errors import EvisynthError, Problem

__all__ = ["main", "run_command"]

# The base of all errors about the way a command was called; Typer shows it only by its child.
USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]


def _report(problems: Sequence[Problem], text: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(to_json({"ok": False, "errors": problems}))
    else:
        typer.echo(text, err=True)


def _usage(error: Exception, *, as_json: bool) -> Code:
    message = str(getattr(error, "format_message", error.__str__)()).rstrip(".")
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "evisynth"
    # no command at all is answered with the help text, as a question would be
    hint = f"See: {path} --help"
    if not message.strip():
        return Code.BAD_INPUT
    _report([Problem("", "", message, (), hint)], f"Error: {message}. {hint}", as_json=as_json)
    return Code.BAD_INPUT


def _bug(error: Exception, *, as_json: bool, debug: bool) -> Code:
    what = f"{type(error).__name__}: {error}"
    message = f"this is a fault in Evisynth, not in your files: {what}"
    hint = "Run the command again with --debug and report what it prints."
    if debug:
        typer.echo("".join(traceback.format_exception(error)), err=True)
    _report([Problem("", "", message, (), hint)], f"Error: {message}\n{hint}", as_json=as_json)
    return Code.BUG


def run_command(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    arguments
        What stands after ``evisynth`` on the command line.

    Returns
    -------
    int
        0 fine; 1 a check found something; 2 bad input or usage; 3 something is missing on this
        machine; 4 a fault in Evisynth; 5 a service outside does not answer; 130 interrupted.

    Examples
    --------
    >>> run_command(["--version"])
    evisynth 0.1.0
    0
    """
    options = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    as_json, debug = "--json" in options, "--debug" in options
    command = typer.main.get_command(app)
    try:
        code = command.main(list(arguments), prog_name="evisynth", standalone_mode=False)
    except USAGE_ERROR as error:
        return _usage(error, as_json=as_json)
    except EvisynthError as error:
        if debug:
            typer.echo("".join(traceback.format_exception(error)), err=True)
        _report(problems_of(error), readable(error), as_json=as_json)
        return code_of(error)
    except (KeyboardInterrupt, typer.Abort):
        _report([Problem("", "", "interrupted")], "Interrupted.", as_json=as_json)
        return Code.INTERRUPTED
    except BrokenPipeError:
        # whoever read our output has gone; say nothing more, also not when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Code.FINE
    except OSError as error:
        message = f"the system refused: {error}"
        if debug:
            typer.echo("".join(traceback.format_exception(error)), err=True)
        _report([Problem("", "", message)], f"Error: {message}", as_json=as_json)
        return Code.MISSING_HERE
    except Exception as error:  # noqa: BLE001 - the last door: what comes here is our fault
        return _bug(error, as_json=as_json, debug=debug)
    if code == Code.INTERRUPTED:
        _report([Problem("", "", "interrupted")], "Interrupted.", as_json=as_json)
    return int(code or 0)


def main() -> NoReturn:
    """Run the command line of this process and end it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(run_command(sys.argv[1:]))
