"""What every command shares: answers on stdout, progress and errors on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import typer

from evisynth.actions import Progress
from evisynth.cli.plain import to_json

__all__ = ["Shell"]


@dataclass(frozen=True, slots=True)
class Shell:
    """How a command answers.

    Attributes
    ----------
    command : str
        Its name, told in the JSON.
    json : bool
        One JSON object on stdout and nothing else.
    quiet : bool
        Nothing but errors; the exit code says the rest.
    """

    command: str
    json: bool = False
    quiet: bool = False

    def answer(
        self, content: Mapping[str, Any], text: Callable[[], str], *, ok: bool = True
    ) -> None:
        """Give the answer: ``content`` as JSON, or ``text`` for people."""
        if self.json:
            typer.echo(to_json({"ok": ok, "command": self.command, **content}))
        elif not self.quiet:
            typer.echo(text())

    @contextmanager
    def progress(self) -> Iterator[Progress | None]:
        """Show a bar on stderr while the block runs, where a person looks at it."""
        if self.json or self.quiet or not sys.stderr.isatty():
            yield None
            return
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
        )
        with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task("Starting", total=100)

            def tell(text: str, done: int, total: int) -> None:
                bars.update(task, description=text or None, completed=done, total=total)

            yield tell
