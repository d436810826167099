"""Screening replayed on a table of records whose labels are known."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evisynth.actions.progress import Progress
from evisynth.display import plural
from evisynth.errors import DataError, InputError, OptionError, Problem, closest
from evisynth.records import ReadResult, Record, decode_utf8, read_records

if TYPE_CHECKING:
    from evisynth.prioritization import Simulation

__all__ = ["SimulateOptions", "SimulateResult", "simulate_screening"]

RELEVANT = ("1", "1.0", "yes", "y", "true", "include", "included", "relevant")
IRRELEVANT = ("0", "0.0", "no", "n", "false", "exclude", "excluded", "irrelevant")
UNLABELLED = ("", "-1", "-1.0", "nan", "na", "n/a", "<na>", "none", "null")
"""A row nobody has decided; ASReview writes -1, pandas the others."""

LABEL_COLUMNS = ("label_included", "included", "final_included", "included_final", "included_label",
                 "included_flag", "include", "label", "asreview_label")  # fmt: skip
"""Columns of labels as ASReview, SYNERGY and their relatives name them, in order of preference."""

TITLE_COLUMNS = ("title", "primary_title")

PICTURES = (".svg", ".png", ".pdf")
MANY = 20
"""Wrong labels named one by one."""


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """How to replay.

    Attributes
    ----------
    label : str
        Column of the labels; ``""`` takes one of the usual names.
    text : str
        The review's question in words.
    seeds : int
        Runs, with the seeds 1, 2, ...
    priors : int or None
        Relevant records known at the start, and as many irrelevant ones; None: 1, or 0 with a text.
    target, confidence : float
        What the stopping rule shall promise.
    plot : Path or None
        Picture of the recall curve to write: ``.svg``, ``.png`` or ``.pdf``.
    """

    label: str = ""
    text: str = ""
    seeds: int = 10
    priors: int | None = None
    target: float = 0.95
    confidence: float = 0.95
    plot: Path | None = None

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise OptionError("seeds", self.seeds, ["a whole number above 0"])
        if self.priors is not None and self.priors < 0:
            raise OptionError("priors", self.priors, ["0 or a whole number above 0"])
        if self.plot is not None and self.plot.suffix.lower() not in PICTURES:
            raise OptionError("plot", str(self.plot), [f"a file ending in {p}" for p in PICTURES])


@dataclass(frozen=True, slots=True)
class SimulateResult:
    """What a replay came to.

    Attributes
    ----------
    source : str
        Name of the table.
    label : str
        Column of the labels.
    simulation : Simulation
        The runs.
    plot : Path or None
        Picture written.
    notes : tuple of str
        What a reader should know of the table.
    content : dict
        Everything as plain values.
    """

    source: str
    label: str
    simulation: Simulation
    plot: Path | None
    notes: tuple[str, ...]
    content: dict[str, Any]


def simulate_screening(
    records: Path | str,
    options: SimulateOptions | None = None,
    *,
    progress: Progress | None = None,
) -> SimulateResult:
    r"""Replay the screening of a table of records whose labels are known.

    Parameters
    ----------
    records
        CSV (UTF-8) with one record a row: columns as ASReview, SYNERGY or any database export names
        them, and one of labels.
    options
        How to replay.
    progress
        Called with what is being done and how far it is.

    Returns
    -------
    SimulateResult

    Raises
    ------
    InputError
        When the table cannot be read, has no column of labels, or a label is not allowed.
    DataError
        When all records have the same label, or none has any text.

    Examples
    --------
    >>> import tempfile
    >>> place = tempfile.TemporaryDirectory()
    >>> table = Path(place.name) / "records.csv"
    >>> rows = [f"{n},{'sleep trial' if n < 4 else 'pigs'},{int(n < 4)}" for n in range(30)]
    >>> _ = table.write_text("record_id,title,included\n" + "\n".join(rows))
    >>> result = simulate_screening(table, SimulateOptions(text="sleep", seeds=1))
    >>> result.simulation.runs[0].metrics.read_to_all
    4
    >>> place.cleanup()
    """
    from evisynth.prioritization import Hypergeometric, simulate

    options, path = options or SimulateOptions(), Path(records)
    rule = Hypergeometric(options.target, options.confidence)
    if progress is not None:
        progress("Reading the records", 0, 100)
    found, labels, column, notes = _read(path, options.label)
    simulation = simulate(
        found,
        labels,
        question=options.text,
        priors=options.priors,
        seeds=range(1, options.seeds + 1),
        rule=rule,
        progress=progress,
    )
    if options.plot is not None:
        _draw(simulation, path.stem, options.plot)
    return SimulateResult(
        source=path.name,
        label=column,
        simulation=simulation,
        plot=options.plot,
        notes=notes,
        content=_content(path.name, column, options, simulation, notes),
    )


def _draw(simulation: Simulation, name: str, target: Path) -> None:
    from evisynth.figures import recall_curve

    try:
        recall_curve(simulation, title=f"Recall curve: {name}").save(target)
    except OSError as error:
        raise InputError(
            Problem(str(target), "", f"cannot be written ({error.strerror or error})", (),
                    "Name a file in a folder that is there and that you may write to.")
        ) from error  # fmt: skip


def _content(
    source: str,
    column: str,
    options: SimulateOptions,
    simulation: Simulation,
    notes: Sequence[str],
) -> dict[str, Any]:
    from importlib.metadata import version

    rows = simulation.to_frame().to_dict(orient="records")
    return {
        "source": source,
        "label": column,
        "records": simulation.records,
        "relevant": simulation.relevant,
        "version": version("evisynth"),
        "model": simulation.model,
        "question": options.text,
        "start": simulation.start,
        "runs": [{str(name): _plain(value) for name, value in row.items()} for row in rows],
        "found_at": [
            {
                "seed": run.seed,
                "priors": list(run.priors),
                "read": [int(n) + 1 for n in run.labels.nonzero()[0]],
            }
            for run in simulation.runs
        ],
        "stopping": {
            "rule": "hypergeometric",
            "target": simulation.target,
            "confidence": simulation.confidence,
            "read_share": simulation.read_at_stop,
            "held": simulation.held,
        },
        "plot": str(options.plot) if options.plot else None,
        "notes": [*notes, *simulation.notes],
    }


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


# ---- the table --------------------------------------------------------------------------------


def _read(path: Path, wanted: str) -> tuple[list[Record], dict[str, bool], str, tuple[str, ...]]:
    """Return records, labels by id, the column of labels, and notes."""
    column, by_line, empty, header = _labels(path, wanted)
    result = _records_of(path, header)
    records: list[Record] = []
    labels: dict[str, bool] = {}
    for record in result.records:
        if record.first_line not in by_line:
            continue
        name = record.id if record.id and record.id not in labels else f"line {record.first_line}"
        records.append(_named(record, name))
        labels[name] = by_line[record.first_line]
    if not records:
        raise DataError(f"{path.name}: no record with a label was read; look at its columns")
    others = [name for name in header if name.lower() in LABEL_COLUMNS and name != column]
    notes = []
    if others and not wanted:
        notes.append(
            f"the labels are those of the column {column}; for {' or '.join(others)} give --label"
        )
    lost = len(by_line) - len(records)
    if lost:
        notes.append(
            f"{plural(lost, 'row')} with a label {'holds' if lost == 1 else 'hold'} no record that "
            "can be read: left out"
        )
    if empty:
        notes.append(
            f"{plural(empty, 'row')} without a label {'is' if empty == 1 else 'are'} left out"
        )
    return records, labels, column, tuple(notes)


def _records_of(path: Path, header: tuple[str, ...]) -> ReadResult:
    """Return the records; a table of titles and labels alone is read, too."""
    try:
        return read_records(path)
    except InputError as error:
        titles = [name for name in header if name.lower() in TITLE_COLUMNS]
        if titles:
            return read_records(path, columns={"title": titles[0]})
        near = closest("title", header)
        raise InputError(
            Problem(
                path.name,
                "line 1",
                "no column of titles is known",
                header,
                f"Is it {near!r}? Name it 'title'."
                if near
                else "Name the column of titles 'title'.",
            )
        ) from error


def _named(record: Record, name: str) -> Record:
    from dataclasses import replace

    return record if record.id == name else replace(record, id=name)


def _labels(path: Path, wanted: str) -> tuple[str, dict[int, bool], int, tuple[str, ...]]:
    """Return the column of labels, the label by line of the row, how many are empty, the header."""
    import io

    try:
        text = decode_utf8(path.read_bytes(), where=path.name)
    except OSError as error:
        raise InputError(
            Problem(path.name, "", f"cannot be read ({error.strerror or error})", (),
                    "Give the path of a CSV file with records and labels.")
        ) from error  # fmt: skip
    limit = csv.field_size_limit(max(len(text), csv.field_size_limit()))
    try:
        first = text.lstrip().split("\n", 1)[0]
        sign = max(",;\t", key=first.count)
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
        return _label_cells(rows, path.name, wanted)
    except csv.Error as error:
        raise InputError(
            Problem(path.name, "", f"the table breaks off: {error}", (),
                    "Look for a double quote that is not closed.")
        ) from error  # fmt: skip
    finally:
        csv.field_size_limit(limit)


def _label_cells(
    reader: Any, where: str, wanted: str
) -> tuple[str, dict[int, bool], int, tuple[str, ...]]:
    line, column, place = 1, "", -1
    header: list[str] = []
    by_line: dict[int, bool] = {}
    problems: list[Problem] = []
    empty = 0
    for cells in reader:
        first, line = line, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if place < 0:
            header = [cell.strip() for cell in cells]
            column = _label_column(header, where, wanted)
            place = header.index(column)
            continue
        text = cells[place].strip().lower() if place < len(cells) else ""
        if text in RELEVANT or text in IRRELEVANT:
            by_line[first] = text in RELEVANT
        elif text in UNLABELLED:
            empty += 1
        else:
            problems.append(
                Problem(
                    where,
                    f"line {first}, column {column}",
                    f"the label {cells[place].strip()!r} is not known",
                    ("1", "0", "yes", "no", "included", "excluded"),
                    "Leave the cell empty where it is not known: the row is then left out.",
                )
            )
    if problems:
        more = len(problems) - MANY
        told = problems[:MANY]
        if more > 0:
            told.append(Problem(where, f"column {column}", f"{more} more such labels"))
        raise InputError(told)
    if place < 0:
        raise InputError(Problem(where, "", "the file is empty", (), "Give a table of records."))
    if not by_line:
        raise InputError(
            Problem(
                where,
                f"column {column}",
                "no row has a label",
                ("1", "0"),
                "A simulation needs the label of each record: 1 relevant, 0 irrelevant.",
            )
        )
    return column, by_line, empty, tuple(name for name in header if name)


def _label_column(header: list[str], where: str, wanted: str) -> str:
    if wanted:
        names = [name for name in header if name.lower() == wanted.lower()]
        # ASReview's own name for the column is understood where the table says it in full
        names = names or [name for name in header if name.lower() == f"label_{wanted.lower()}"]
    else:
        lower = {name.lower(): name for name in reversed(header)}
        names = [lower[name] for name in LABEL_COLUMNS if name in lower]
    if names:
        return names[0]
    named = [name for name in header if name]
    asked = (wanted,) if wanted else LABEL_COLUMNS
    near = next((name for name in (closest(each, named) for each in asked) if name), None)
    raise InputError(
        Problem(
            where,
            "line 1",
            f"there is no column {wanted!r}" if wanted else "no column of labels is known",
            tuple(named),
            (f"Did you mean {near!r}?" if wanted else f"Is it {near!r}? Name it with --label.")
            if near
            else "Name it with --label.",
        )
    )
