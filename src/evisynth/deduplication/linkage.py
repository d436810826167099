"""The same comparisons on Splink: DuckDB on this machine, Spark on many.

Splink finds the pairs (the keys of `evisynth.deduplication.prepare` as a blocking rule) and
compares them (the levels of `evisynth.deduplication.compare` as SQL, the frozen weights as its m
and u probabilities). What compares texts is a function of this package, called from SQL on whole
columns.
The compared pairs come back to the machine that asked; rules, vetoes and groups are those of
`evisynth.deduplication.match` and `evisynth.deduplication.cluster`. So both engines give the same
groups.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from evisynth.deduplication import compare as own
from evisynth.deduplication import levels
from evisynth.deduplication.compare import Comparison
from evisynth.deduplication.match import Weights, shipped_weights
from evisynth.deduplication.places import ELECTRONIC, NO_PAGE
from evisynth.deduplication.prepare import Columns, JournalTable
from evisynth.errors import OptionError, SetupError

__all__ = ["Backend", "compared_by_splink", "splink_settings"]

Backend = Literal["duckdb", "spark"]
_ROW = "row_id"
_TEXTS = ("title", "main", "other_title", "authors", "people", "doi", "abstract",
          "journal_title", "journal_other")  # fmt: skip
_NUMBERS = ("title_key", "letters", "title_marks", "first_author", "initial", "author_count",
            "year", "journal", "volume", "issue", "page", "last_page", "page_tail", "page_kind",
            "doi_key", "registrant", "pmid")  # fmt: skip
_TITLE = ("title", "title_key", "main", "other_title", "letters", "title_marks")
_AUTHORS = ("authors", "people", "first_author", "initial", "author_count")
_JOURNAL = ("journal", "journal_title", "journal_other")


@dataclass(frozen=True, slots=True)
class TextFunction:
    """A comparison of texts that SQL calls by name.

    Attributes
    ----------
    name : str
        Name in SQL.
    fields : tuple of str
        Columns that it takes, first those of the left record, then those of the right.
    call : callable
        Takes one array a column and side, gives an array of levels.
    """

    name: str
    fields: tuple[str, ...]
    call: Callable[..., NDArray[np.uint8]]

    @property
    def sql(self) -> str:
        """The call in SQL."""
        sides = [f"{field}_{side}" for side in "lr" for field in self.fields]
        return f"{self.name}({', '.join(sides)})"


def _sides(
    fields: Sequence[str], values: Sequence[NDArray[Any]]
) -> tuple[Columns, NDArray[np.int64], NDArray[np.int64]]:
    """Return columns, the left records before the right ones, and the rows of the pairs."""
    count = len(values[0])
    half = len(fields)
    columns = {
        field: np.concatenate((values[place], values[place + half]))
        for place, field in enumerate(fields)
    }
    rows = np.arange(count, dtype=np.int64)
    return cast("Columns", SimpleNamespace(**columns)), rows, rows + count


def _title_levels(*values: NDArray[Any]) -> NDArray[np.uint8]:
    return own.title_levels(*_sides(_TITLE, values))


def _author_levels(*values: NDArray[Any]) -> NDArray[np.uint8]:
    columns, one, two = _sides((*_TITLE, *_AUTHORS), values)
    return own.author_levels(columns, own.title_levels(columns, one, two), one, two)[0]


def _abstract_levels(*values: NDArray[Any]) -> NDArray[np.uint8]:
    return own.abstract_levels(*_sides(("abstract",), values))


def _doi_levels(*values: NDArray[Any]) -> NDArray[np.uint8]:
    return own.doi_levels(*_sides(("doi", "doi_key", "registrant"), values))


def _journal_levels(*values: NDArray[Any]) -> NDArray[np.uint8]:
    columns, one, two = _sides(_JOURNAL, values)
    numbers = columns.journal
    table = JournalTable()
    known: dict[int, int] = {}
    titles = cast("Any", columns)
    for place, number in enumerate(numbers.tolist()):
        if number >= 0 and number not in known:
            known[number] = table.take(titles.journal_title[place], titles.journal_other[place])
    columns.journal = np.array([known.get(number, -1) for number in numbers.tolist()], np.int32)
    return own.journal_levels(columns, table, one, two)


TEXT_FUNCTIONS = {
    "title": TextFunction("evisynth_title", _TITLE, _title_levels),
    "authors": TextFunction("evisynth_authors", (*_TITLE, *_AUTHORS), _author_levels),
    "journal": TextFunction("evisynth_journal", _JOURNAL, _journal_levels),
    "doi": TextFunction("evisynth_doi", ("doi", "doi_key", "registrant"), _doi_levels),
    "abstract": TextFunction("evisynth_abstract", ("abstract",), _abstract_levels),
}
"""The comparisons that SQL cannot say; the others are conditions in `_CONDITIONS`."""

_FITS = (
    "page_tail_l >= 0 AND page_tail_r >= 0 AND greatest(page_tail_l, page_tail_r) % "
    "(CASE WHEN least(page_tail_l, page_tail_r) < 10 THEN 10 "
    "WHEN least(page_tail_l, page_tail_r) < 100 THEN 100 "
    "WHEN least(page_tail_l, page_tail_r) < 1000 THEN 1000 ELSE 1000000000 END) "
    "= least(page_tail_l, page_tail_r)"
)
_NO_PAGES = f"(page_kind_l = {NO_PAGE} OR page_kind_r = {NO_PAGE})"
_MIXED = "page_kind_l <> page_kind_r"
_ELECTRONIC = f"({_MIXED} AND (page_kind_l = {ELECTRONIC} OR page_kind_r = {ELECTRONIC}))"
_OVERLAP = (
    "page_l <= (CASE WHEN last_page_r >= 0 THEN last_page_r ELSE page_r END) AND "
    "page_r <= (CASE WHEN last_page_l >= 0 THEN last_page_l ELSE page_l END)"
)
_BARE = "(volume_{0} < 0 AND page_{0} < 0)"
_CONDITIONS: dict[str, tuple[tuple[int, str], ...]] = {
    "initial": (
        (levels.Initial.MISSING, "initial_l = 0 OR initial_r = 0 OR first_author_l = 0 OR "
         "first_author_r = 0 OR first_author_l <> first_author_r"),
        (levels.Initial.SAME, "initial_l = initial_r"),
        (levels.Initial.OTHER, "ELSE"),
    ),
    "year": (
        (levels.Year.MISSING, "year_l = 0 OR year_r = 0"),
        (levels.Year.SAME, "year_l = year_r"),
        (levels.Year.AHEAD,
         f"abs(year_l - year_r) = 1 AND {_BARE.format('l')} <> {_BARE.format('r')}"),
        (levels.Year.NEAR, "abs(year_l - year_r) = 1"),
        (levels.Year.FAR, "ELSE"),
    ),
    "volume": (
        (levels.Volume.MISSING, "volume_l < 0 OR volume_r < 0"),
        (levels.Volume.SAME, "volume_l = volume_r"),
        (levels.Volume.CROSSED,
         "(volume_l = issue_r AND volume_r <> issue_r) OR "
         "(volume_r = issue_l AND volume_l <> issue_l) OR "
         "volume_l = year_l OR volume_r = year_r"),
        (levels.Volume.OTHER, "ELSE"),
    ),
    "issue": (
        (levels.Issue.MISSING, "issue_l < 0 OR issue_r < 0"),
        (levels.Issue.SAME, "issue_l = issue_r"),
        (levels.Issue.OTHER, "ELSE"),
    ),
    "pages": (
        (levels.Pages.MISSING, f"{_NO_PAGES} AND NOT ({_FITS})"),
        (levels.Pages.NEAR, f"{_NO_PAGES} AND {_FITS}"),
        (levels.Pages.SAME, "page_l = page_r"),
        (levels.Pages.KINDS, _ELECTRONIC),
        (levels.Pages.NEAR, f"NOT {_MIXED} AND {_OVERLAP}"),
        (levels.Pages.NEAR, f"{_MIXED} AND {_FITS}"),
        (levels.Pages.OTHER, "ELSE"),
    ),
}  # fmt: skip

_PLAUSIBLE = (
    "(l.first_author = r.first_author OR l.first_author = 0 OR r.first_author = 0 OR "
    "l.title_key = r.title_key OR (l.doi_key = r.doi_key AND l.doi_key <> 0) OR "
    "(l.pmid = r.pmid AND l.pmid <> 0) OR (l.page = r.page AND l.page >= 0 AND "
    "(abs(l.year - r.year) <= 1 OR (l.volume = r.volume AND l.volume >= 0))) OR "
    "(abs(l.year - r.year) <= 1 AND l.volume = r.volume AND l.volume >= 0 AND "
    "l.journal = r.journal))"
)


def _steps(field: str) -> tuple[tuple[int, str], ...]:
    """Return the levels of a field in the order in which SQL asks for them."""
    if field in _CONDITIONS:
        return _CONDITIONS[field]
    call = TEXT_FUNCTIONS[field].sql
    kind = levels.LEVELS[levels.FIELDS.index(field)]
    *asked, last = kind
    return (*((level, f"{call} = {int(level)}") for level in asked), (last, "ELSE"))


def _level(condition: str, weight: float, name: str, missing: bool) -> dict[str, Any]:
    if missing:
        return {"sql_condition": condition, "label_for_charts": name, "is_null_level": True}
    # Splink's weight is log2(m / u); only the ratio counts, as both are given and none is learnt.
    match, chance = (0.5, 0.5 * 2.0**-weight) if weight >= 0 else (0.5 * 2.0**weight, 0.5)
    return {
        "sql_condition": condition,
        "label_for_charts": name,
        "m_probability": match,
        "u_probability": chance,
        "fix_m_probability": True,
        "fix_u_probability": True,
    }


def splink_settings(weights: Weights | None = None) -> dict[str, Any]:
    """Return keys, comparisons and frozen weights as settings of Splink (5.0), plain JSON.

    Parameters
    ----------
    weights
        Match weights; those of this release if not given.

    Examples
    --------
    >>> settings = splink_settings()
    >>> [comparison["output_column_name"] for comparison in settings["comparisons"]][:3]
    ['title', 'authors', 'initial']
    """
    weights = weights or shipped_weights()
    comparisons = []
    for row, (field, kind) in enumerate(zip(levels.FIELDS, levels.LEVELS, strict=True)):
        comparisons.append(
            {
                "output_column_name": field,
                "comparison_levels": [
                    _level(
                        condition,
                        float(weights.table[row, level]),
                        kind(level).name.lower().replace("_", " "),
                        level == 0,
                    )
                    for level, condition in _steps(field)
                ],
            }
        )
    odds = 2.0**weights.intercept
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": _ROW,
        "probability_two_random_records_match": odds / (1 + odds),
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f"l.keys = r.keys AND {_PLAUSIBLE}", "arrays_to_explode": ["keys"]}
        ],
        "comparisons": comparisons,
        "retain_matching_columns": True,  # only then are the levels in the answer
        "retain_intermediate_calculation_columns": False,
    }


def _code_of_gamma(field: str) -> NDArray[np.uint8]:
    """Return the level for each value that Splink gives, the last of which is -1 (missing)."""
    steps = [level for level, _ in _steps(field) if level]
    return np.array([*reversed(steps), 0], dtype=np.uint8)


def _frame(columns: Columns, journals: JournalTable) -> Any:
    """Return the prepared records as a data frame; whole numbers are signed, as Spark has them."""
    import pandas as pd

    titles = np.array([*journals.titles, ""], dtype=object)
    others = np.array([*journals.others, ""], dtype=object)
    texts = {"journal_title": titles[columns.journal], "journal_other": others[columns.journal]}
    table: dict[str, Any] = {_ROW: np.arange(len(columns), dtype=np.int64)}
    for name in _TEXTS:
        table[name] = texts[name] if name in texts else getattr(columns, name)
    for name in _NUMBERS:
        values = getattr(columns, name)
        table[name] = values.view(np.int64) if values.dtype == np.uint64 else values.astype("int64")
    keys = columns.keys.view(np.int64)
    # the same key twice would give a pair twice
    table["keys"] = [sorted({key for key in row if key}) for row in keys.tolist()]
    return pd.DataFrame(table)


@contextmanager
def _duckdb(frame: Any, session: Any) -> Iterator[tuple[Any, Any]]:
    """Give Splink's DuckDB and the table of records in it, with the functions of this module."""
    duckdb, pa, splink = _needed("duckdb"), _needed("pyarrow"), _needed("splink")

    def arrow(call: Callable[..., NDArray[np.uint8]]) -> Callable[..., Any]:
        def of_arrow(*values: Any) -> Any:
            arrays = [value.to_numpy(zero_copy_only=False) for value in values]
            return pa.array(call(*arrays).astype(np.int64), type=pa.int64())

        return of_arrow

    connection = session or duckdb.connect()
    try:
        for function in TEXT_FUNCTIONS.values():
            kinds = ["VARCHAR" if field in _TEXTS else "BIGINT" for field in function.fields]
            connection.create_function(
                function.name,
                _declared(arrow(function.call), 2 * len(function.fields), object, object),
                kinds * 2,
                "BIGINT",
                type="arrow",
            )
        yield splink.DuckDBAPI(connection), frame
    finally:
        if session is None:
            connection.close()
        else:
            for function in TEXT_FUNCTIONS.values():
                connection.remove_function(function.name)


@contextmanager
def _spark(frame: Any, session: Any) -> Iterator[tuple[Any, Any]]:
    """Give Splink's Spark and the table of records in it, with the functions of this module."""
    import pandas as pd

    sql, splink = _needed("pyspark.sql"), _needed("splink")
    pandas_udf = _needed("pyspark.sql.functions").pandas_udf

    def vectorized(call: Callable[..., NDArray[np.uint8]]) -> Callable[..., Any]:
        def of_series(*values: pd.Series) -> pd.Series:
            arrays = [value.to_numpy() for value in values]
            return pd.Series(call(*arrays).astype(np.int64))

        return of_series

    # its workers must be of this Python, where evisynth is
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = session or (
        sql.SparkSession.builder.master("local[*]")
        .appName("evisynth")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    try:
        for function in TEXT_FUNCTIONS.values():
            declared = _declared(
                vectorized(function.call), 2 * len(function.fields), pd.Series, pd.Series
            )
            spark.udf.register(function.name, pandas_udf(declared, "bigint"))
        yield (
            splink.SparkAPI(
                spark_session=spark,
                break_lineage_method="persist",  # the others need a checkpoint folder
                register_udfs_automatically=False,
            ),
            spark.createDataFrame(frame),
        )
    finally:
        if session is None:
            spark.stop()


def _declared(
    function: Callable[..., Any], count: int, takes: type, gives: type
) -> Callable[..., Any]:
    """Say of a function of any number of columns that it takes ``count``: both engines ask."""
    parameters = [
        inspect.Parameter(f"column_{number}", inspect.Parameter.POSITIONAL_ONLY, annotation=takes)
        for number in range(count)
    ]
    signature = inspect.Signature(parameters, return_annotation=gives)
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__annotations__ = {one.name: takes for one in parameters} | {"return": gives}
    return function


_BACKENDS: dict[str, Callable[[Any, Any], AbstractContextManager[tuple[Any, Any]]]] = {
    "duckdb": _duckdb,
    "spark": _spark,
}


def _needed(module: str) -> Any:
    """Import what only this engine needs."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise SetupError(
            f"{package} is not installed; install it with: pip install 'evisynth[linkage]'"
            f'{" pyspark" if package == "pyspark" else ""}, or use engine="own"'
        ) from error


def compared_by_splink(
    columns: Columns,
    journals: JournalTable,
    weights: Weights,
    *,
    backend: Backend = "duckdb",
    session: Any = None,
) -> Comparison:
    """Find and compare the pairs of records with Splink.

    Parameters
    ----------
    columns, journals
        The prepared records.
    weights
        Match weights.
    backend
        ``"duckdb"`` or ``"spark"``.
    session
        A DuckDB connection or a Spark session to use; one of its own is made if not given. Workers
        of a Spark session must be able to import evisynth.

    Returns
    -------
    Comparison
        Every compared pair, sorted.

    Raises
    ------
    OptionError
        The backend is none of these.
    SetupError
        Splink or its backend is not installed.
    """
    if backend not in get_args(Backend):
        raise OptionError("backend", backend, get_args(Backend))
    linker_of = _needed("splink").Linker
    opened = _BACKENDS[backend]
    with opened(_frame(columns, journals), session) as (database, table):
        linker = linker_of(database.register(table), splink_settings(weights), log_level="ERROR")
        found = linker.inference.predict(warning_mode="never")
        wanted = [f"{_ROW}_l", f"{_ROW}_r", *(f"gamma_{field}" for field in levels.FIELDS)]
        pairs = database.query_sql(
            f"SELECT {', '.join(wanted)} FROM {found.physical_name}"  # noqa: S608 - names of ours
        ).as_pandas_dataframe()
    low = pairs[f"{_ROW}_l"].to_numpy(dtype=np.int64)
    high = pairs[f"{_ROW}_r"].to_numpy(dtype=np.int64)
    first, second = np.minimum(low, high), np.maximum(low, high)
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    table_of_levels = np.empty((first.size, len(levels.FIELDS)), dtype=np.uint8)
    for place, field in enumerate(levels.FIELDS):
        gamma = pairs[f"gamma_{field}"].to_numpy(dtype=np.int64)[order]
        table_of_levels[:, place] = _code_of_gamma(field)[gamma]
    return Comparison(first, second, table_of_levels, own.whole_pages(columns, first, second))
