"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["DebugOption", "JsonOption", "QuietOption"]

JsonOption = Annotated[
    bool,
    typer.Option(
        "--json", help="Answer with one JSON object, for programs.", rich_help_panel="Answer"
    ),
]
QuietOption = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="Print nothing but errors; the exit code says the rest.",
        rich_help_panel="Answer",
    ),
]
DebugOption = Annotated[
    bool,
    typer.Option(
        "--debug",
        help="Show the full trace of a fault in Evisynth, to report it.",
        rich_help_panel="Answer",
    ),
]
