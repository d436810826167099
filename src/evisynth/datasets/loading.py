"""Reading the data sets that come with the package."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from evisynth.errors import OptionError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    import pandas as pd

__all__ = ["DatasetCard", "describe", "list_names", "load"]


@dataclass(frozen=True, slots=True)
class DatasetCard:
    """What is known of a data set.

    Attributes
    ----------
    name, title : str
        Name for `load`, and words.
    source, citation, doi, licence : str
        Where the numbers come from, and on what terms they may be used.
    columns : dict of str to str
        What each column holds.
    """

    name: str
    title: str
    source: str
    citation: str
    doi: str
    licence: str
    columns: dict[str, str]

    def __str__(self) -> str:
        lines = [
            f"{self.name}: {self.title}",
            f"Source: {self.source}",
            f"Citation: {self.citation} doi:{self.doi}",
            f"Licence: {self.licence}",
            "Columns:",
            *(f"  {column}: {words}" for column, words in self.columns.items()),
        ]
        return "\n".join(lines)


def _folder() -> Traversable:
    return files("evisynth.datasets").joinpath("data")


def _card(name: str) -> dict[str, Any]:
    names = list_names()
    if name not in names:
        raise OptionError("data set", name, names)
    return tomllib.loads(_folder().joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def list_names() -> tuple[str, ...]:
    """Return the names of the data sets, sorted.

    Examples
    --------
    >>> list_names()
    ('bcg', 'digital-interventions-cancer', 'normand1999')
    """
    entries = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in entries if name.endswith(".toml")))


def describe(name: str) -> DatasetCard:
    """Return what is known of a data set: source, citation, licence, columns.

    Raises
    ------
    OptionError
        When there is no data set of this name.

    Examples
    --------
    >>> describe("bcg").doi
    '10.1001/jama.1994.03510330076038'
    """
    card = _card(name)
    return DatasetCard(
        name=name,
        title=card["title"],
        source=card["source"],
        citation=card["citation"],
        doi=card["doi"],
        licence=card["licence"],
        columns=dict(card["columns"]),
    )


def load(name: str) -> pd.DataFrame:
    """Read a data set; every call returns a table of its own.

    Parameters
    ----------
    name
        One of `list_names`.

    Returns
    -------
    pandas.DataFrame
        One row a study (of several outcomes: one row a study and outcome).

    Raises
    ------
    OptionError
        When there is no data set of this name.

    Examples
    --------
    >>> load("normand1999").shape
    (9, 7)
    """
    import pandas as pd

    types = _card(name).get("types", {})
    with _folder().joinpath(f"{name}.csv").open("r", encoding="utf-8") as file:
        return pd.read_csv(file, dtype=types)
