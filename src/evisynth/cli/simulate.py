"""The command ``simulate``: screening replayed on records whose labels are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell
from evisynth.errors import OptionError

__all__ = ["simulate"]

PERCENT = 100


def _share(option: str, value: float) -> float:
    """Read a share as people write it: 0.95 or 95."""
    share = value / PERCENT if 1 < value < PERCENT else value
    if not 0 < share < 1:
        raise OptionError(option, value, ["a number such as 0.95 or 95"])
    return share


def simulate(
    records: Annotated[
        Path,
        typer.Argument(
            metavar="RECORDS",
            help="CSV with one record a row and a column of labels, as of ASReview or SYNERGY.",
        ),
    ],
    label: Annotated[
        str,
        typer.Option(
            "--label",
            metavar="COLUMN",
            show_default=False,
            help="Column of labels: 1 relevant, 0 irrelevant. Left out, the usual names are tried.",
        ),
    ] = "",
    text: Annotated[
        str,
        typer.Option(
            "--text",
            metavar="QUESTION",
            show_default=False,
            help="The review's question in words: where the ranking begins, nothing read yet.",
        ),
    ] = "",
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="NUMBER", help="How many runs, seeds 1, 2, ...")
    ] = 10,
    priors: Annotated[
        int | None,
        typer.Option(
            "--priors",
            metavar="NUMBER",
            show_default=False,
            help="Relevant records known at the start, and as many irrelevant ones. Default: 1, "
            "and 0 with --text.",
        ),
    ] = None,
    target: Annotated[
        float, typer.Option("--target", help="Recall that the stopping rule shall promise.")
    ] = 0.95,
    confidence: Annotated[
        float, typer.Option("--confidence", help="Confidence of the stopping rule.")
    ] = 0.95,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            show_default=False,
            help="Draw the recall curve into this file: .svg, .png or .pdf.",
        ),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Replay a screening whose decisions are known, to see how much reading the ranking saves.

    Each run ranks anew after each decision. The answer has the recall curve's measures, and when
    the stopping rule would have been met.

    Example:  evisynth simulate records.csv --label included --text "exercise for low back pain"
    """
    from evisynth.actions import SimulateOptions, simulate_screening

    options = SimulateOptions(
        label=label,
        text=text,
        seeds=seeds,
        priors=priors,
        target=_share("target", target),
        confidence=_share("confidence", confidence),
        plot=plot,
    )
    shell = Shell("simulate", as_json, quiet)
    with shell.progress() as progress:
        result = simulate_screening(records, options, progress=progress)

    def shown() -> str:
        lines = [f"{result.source}, labels in the column {result.label}", str(result.simulation)]
        lines += [f"Note: {note}" for note in result.notes]
        lines += [f"Written {result.plot}"] if result.plot else []
        return "\n".join(lines)

    shell.answer(result.content, shown)
