"""Looking a search strategy over, and translating it for another platform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.actions.search_run import read_query

if TYPE_CHECKING:
    from evisynth.searches import LintReport, Translation

__all__ = ["check_strategy", "translate_strategy"]


def check_strategy(
    platform: str, *, query: str = "", query_file: Path | None = None, hints: bool = True
) -> LintReport:
    """Look a query or a strategy of numbered lines over.

    Parameters
    ----------
    platform
        Where it is run, e.g. ``"ovid"``.
    query, query_file
        The text, or the file that holds it.
    hints
        With what is only worth a thought.

    Raises
    ------
    OptionError
        The platform is not known, or there is no text.
    InputError
        The file cannot be read.

    Examples
    --------
    >>> check_strategy("pubmed", query="walk*[tiab] AND (gait[tiab] OR)").errors[0].code
    'missing-operand'
    """
    from evisynth.searches import lint_text

    return lint_text(read_query(query, query_file), platform, hints=hints)


def translate_strategy(
    source: str, target: str, *, query: str = "", query_file: Path | None = None
) -> Translation:
    """Write a strategy in the syntax of another platform, with a list of what was lost.

    Parameters
    ----------
    source, target
        Platforms, e.g. ``"pubmed"`` and ``"ovid"``.
    query, query_file
        The text, or the file that holds it.

    Raises
    ------
    OptionError
        A platform is not known, or there is no text.
    InputError
        The file cannot be read, or the text.

    Examples
    --------
    >>> translate_strategy("pubmed", "ovid", query="walk*[tiab]").text
    'walk*.ti,ab.'
    """
    from evisynth.searches import translate_text

    return translate_text(read_query(query, query_file), source, target)
