"""Options of every command that asks services over the network."""

from __future__ import annotations

from typing import Annotated

import typer

from evisynth.errors import OptionError

__all__ = [
    "AddressOption",
    "EmailOption",
    "OnlineOption",
    "RestartOption",
    "pairs",
]

_PANEL = "Network"

OnlineOption = Annotated[
    bool,
    typer.Option(
        "--online",
        help="Ask the services this once, also where review.toml does not switch them on.",
        rich_help_panel=_PANEL,
    ),
]
EmailOption = Annotated[
    str,
    typer.Option(
        "--email",
        help="Contact address that the services are told.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
AddressOption = Annotated[
    list[str] | None,
    typer.Option(
        "--base-url",
        help="Another address of a service: pubmed=http://localhost:8000. Give it again for "
        "several.",
        metavar="NAME=URL",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
RestartOption = Annotated[
    bool,
    typer.Option(
        "--restart",
        help="Begin anew: throw away what a run that broke off has left.",
        rich_help_panel=_PANEL,
    ),
]


def pairs(option: str, texts: list[str] | None, example: str) -> dict[str, str]:
    """Read "name=value" texts.

    Raises
    ------
    OptionError
        One has another form.

    Examples
    --------
    >>> pairs("base-url", ["pubmed=http://localhost:8000"], "pubmed=https://...")
    {'pubmed': 'http://localhost:8000'}
    """
    found = {}
    for text in texts or ():
        name, sign, value = (part.strip() for part in text.partition("="))
        if not (name and sign and value):
            raise OptionError(option, text, [f"a name and a value: {example}"])
        found[name] = value
    return found
