"""A meta-analysis without a review: from one table to pooled effect, figures and numbers."""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from evisynth.actions.output import MANIFEST, building, read_manifest, refuse_foreign
from evisynth.actions.progress import WHOLE, Progress
from evisynth.actions.summary import summary_text
from evisynth.actions.tables import MISSING, Table, read_table, to_number
from evisynth.errors import InputError, NotEstimableError, OptionError, Problem, closest

if TYPE_CHECKING:
    import pandas as pd

    from evisynth.analysis import AnalysisPlan, AnalysisResult
    from evisynth.effects import EffectEstimates
    from evisynth.figures import Figure

__all__ = ["AnalyzeOptions", "AnalyzeResult", "analyze_table"]

T = TypeVar("T")
Tell: TypeAlias = Callable[[str, int], None]

_CONDITION = re.compile(r"^\s*(?P<column>.+?)\s*(?P<sign>!=|<=|>=|=|<|>)\s*(?P<value>.*?)\s*$")

MANY = 20
"""Values of a column listed in a message."""

PICTURES = ("pdf", "svg", "png")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyzeOptions:
    """What is asked of a table.

    Attributes
    ----------
    measure : str
        Effect measure, a name in `evisynth.effects.MEASURES` (``"SMD"``, ``"OR"``, ``"IRR"`` ...);
        ``""`` takes the one that the columns suggest, and says so.
    columns : dict of str to str
        Column of the table by its role, a name in `evisynth.effects.ROLES` (``study n1 mean1 sd1 n2
        mean2 sd2 events1 events2 estimate se ...``); roles that are not named are recognized by
        usual names.
    given : {"log", "natural"}
        Whether ratios in the columns ``estimate``, ``ci_lower`` and ``ci_upper`` are logarithms or
        stand as they are printed.
    log_scale : bool
        For ``"GEN"``: whether the estimates are ratios, pooled as logarithms (hazard ratios ...).
    label : str
        Words for the estimates of ``"GEN"``, e.g. ``"Hazard ratio"``.
    model, tau2, ci : str
        As in `evisynth.synthesis.FitOptions`.
    level : float
        Level of the intervals, between 0 and 1.
    by : tuple of str
        Columns for subgroup analyses.
    moderators : tuple of str
        Formulas for meta-regression, e.g. ``"year + dose"``.
    where : tuple of str
        Conditions on rows, all of which must hold: ``"outcome=anxiety"``, ``"year>=2010"``.
    title : str
        Words over the figures; the file's name if not given.
    favours : tuple of (str, str)
        Words for the two arms: experimental, comparator.
    lower_is_better : bool or None
        Which side of the forest plot is named after which arm; None names none.
    profile : str
        Look of the forest plots, one of `evisynth.figures.PROFILES`.
    """

    measure: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    given: Literal["log", "natural"] = "log"
    log_scale: bool = False
    label: str = ""
    model: str = "random"
    tau2: str = "REML"
    ci: str = "HKSJ"
    level: float = 0.95
    by: tuple[str, ...] = ()
    moderators: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    title: str = ""
    favours: tuple[str, str] = ("intervention", "control")
    lower_is_better: bool | None = None
    profile: str = "cochrane"

    def __post_init__(self) -> None:
        from evisynth.effects import ROLES
        from evisynth.figures import PROFILES

        if self.profile not in PROFILES:
            raise OptionError("profile", self.profile, PROFILES)

        for role in self.columns:
            if role not in ROLES:
                raise OptionError("role of a column", role, ROLES)


@dataclass(frozen=True, slots=True)
class AnalyzeResult:
    """What a table came to.

    Attributes
    ----------
    source : str
        Name of the table.
    title : str
        Words over the figures.
    out : Path
        Folder with the files written.
    files : tuple of str
        Those files, relative to ``out``.
    analysis : AnalysisResult
        All results, in the form that an analysis of a review has.
    notes : tuple of str
        What the person should know: choices made, rows set aside.
    content : dict
        What ``results.json`` holds.
    """

    source: str
    title: str
    out: Path
    files: tuple[str, ...]
    analysis: AnalysisResult
    notes: tuple[str, ...]
    content: dict[str, Any]

    @property
    def summary(self) -> str:
        """The results in words, as in ``summary.txt``."""
        return summary_text(self.analysis, self.source, self.notes)


def _no_column(table: Table, wanted: str, asked_by: str) -> InputError:
    near = closest(wanted, table.columns)
    return InputError(
        Problem(
            table.name,
            asked_by,
            f"there is no column {wanted!r}",
            table.columns,
            f"Did you mean {near!r}?" if near else "",
        )
    )


def _condition(table: Table, text: str) -> tuple[str, Callable[[str], bool]]:
    """Column and test of a condition such as ``outcome=anxiety``."""
    match = _CONDITION.match(text)
    if match is None:
        raise OptionError(
            "where", text, ["column=value", "column!=value", "column<number", "column>=number"]
        )
    column, sign, value = match["column"], match["sign"], match["value"]
    if column not in table.columns:
        raise _no_column(table, column, f"where {text!r}")
    if sign in ("=", "!="):
        return column, lambda cell: (cell.casefold() == value.casefold()) == (sign == "=")
    limit = to_number(value, decimal_comma=table.decimal_comma)
    if limit is None:
        raise OptionError("where", text, [f"{column}{sign}number"], f"{value!r} is no number.")

    def holds(cell: str) -> bool:
        number = to_number(cell, decimal_comma=table.decimal_comma)
        if number is None:
            return False
        return {
            "<": number < limit,
            "<=": number <= limit,
            ">": number > limit,
            ">=": number >= limit,
        }[sign]

    return column, holds


def _select(table: Table, conditions: tuple[str, ...]) -> list[bool]:
    """Say for each row whether all conditions hold."""
    keep = [True] * len(table.rows)
    for text in conditions:
        column, holds = _condition(table, text)
        cells = table.cells(column)
        keep = [kept and holds(cell) for kept, cell in zip(keep, cells, strict=True)]
        if not any(keep):
            values = tuple(dict.fromkeys(cell for cell in cells if cell))
            raise InputError(
                Problem(
                    table.name,
                    f"where {text!r}",
                    "no row is left",
                    values[:MANY],
                    f"Those are the values of the column {column!r}.",
                )
            )
    return keep


def _to_frame(table: Table, by: tuple[str, ...]) -> pd.DataFrame:
    """Turn a table into a data frame: numbers where a whole column is numbers, else text."""
    import pandas as pd

    columns: dict[str, Any] = {}
    for name in table.columns:
        cells = table.cells(name)
        numbers = [to_number(cell, decimal_comma=table.decimal_comma) for cell in cells]
        known = [cell.casefold() not in MISSING for cell in cells]
        all_numbers = any(known) and all(
            number is not None for number, there in zip(numbers, known, strict=True) if there
        )
        if all_numbers and name not in by:
            columns[name] = pd.Series(
                [float("nan") if number is None else number for number in numbers], dtype=float
            )
        else:
            columns[name] = pd.Series(
                [cell if there else None for cell, there in zip(cells, known, strict=True)],
                dtype=object,
            )
    frame = pd.DataFrame(columns)
    frame.attrs["file"] = table.name
    return frame


def _by_line(error: InputError, table: Table) -> InputError:
    """Say lines of the file where the library, which has no file, says rows."""

    def line(match: re.Match[str]) -> str:
        row = int(match[0])
        return str(table.lines[row - 1]) if 0 < row <= len(table.lines) else match[0]

    def told(text: str) -> str:
        def rows(match: re.Match[str]) -> str:
            return match[1].replace("row", "line") + re.sub(r"\d+", line, match[2])

        return re.sub(r"\b(rows? )(\d+(?:(?:, | and )\d+)*)", rows, text)

    def hint(text: str) -> str:
        return re.sub(r"subset=\{'([^']+)': '([^']+)'\}", r'--where "\1=\2"', text)

    return InputError(
        replace(
            problem, at=told(problem.at), message=told(problem.message), hint=hint(problem.hint)
        )
        for problem in error.problems
    )


SUGGESTED = (
    ("SMD", ("mean1", "difference"), "means of two arms"),
    ("RR", ("events1",), "events of two arms"),
    ("GEN", ("estimate",), "effect estimates"),
)
"""Measures taken when none is named, the roles that speak for each, and words for them."""


def _estimates(
    table: Table, keep: list[bool], options: AnalyzeOptions
) -> tuple[EffectEstimates, tuple[str, ...]]:
    """Effect estimates by the measure asked for, or the one that the columns suggest."""
    import numpy as np

    from evisynth.effects import MEASURES, effects

    frame = _to_frame(table, options.by)

    columns: dict[str, Any] = dict(options.columns)

    def of(measure: str) -> EffectEstimates:
        return effects(
            frame,
            measure,
            subset=np.array(keep, dtype=np.bool_),
            scale="log" if options.log_scale else "identity",
            given=options.given,
            label=options.label,
            repeated="refuse",
            **columns,
        )

    try:
        if options.measure:
            by_name = {name.casefold(): name for name in MEASURES}
            return of(by_name.get(options.measure.casefold(), options.measure)), ()
        if options.log_scale or options.label:
            return of("GEN"), ()
        for measure, roles, words in SUGGESTED:
            try:
                found = of(measure)
            except InputError as error:
                if any(problem.at != "columns" for problem in error.problems):
                    raise
                continue
            if any(role in found.columns for role in roles):
                note = (
                    f"No effect measure was named: {measure} was taken, as the table has {words}."
                )
                return found, (note,)
    except InputError as error:
        raise _by_line(error, table) from error
    raise InputError(
        Problem(
            table.name,
            "",
            "no columns with the numbers of studies were recognized",
            table.columns,
            "Name the effect measure and the columns, e.g. --measure SMD --n1 ... --mean1 ... "
            "--sd1 ... --n2 ... --mean2 ... --sd2 ...",
        )
    )


def _fingerprint(path: Path, options: AnalyzeOptions) -> str:
    digest = hashlib.sha256(path.read_bytes())
    digest.update(repr(options).encode())
    return digest.hexdigest()


def _levels(estimates: EffectEstimates, column: str) -> tuple[str, ...]:
    """Levels of a column, in the order of the file."""
    return tuple(dict.fromkeys(cell for cell in estimates.data[column] if isinstance(cell, str)))


def _plan(options: AnalyzeOptions, estimates: EffectEstimates, title: str) -> AnalysisPlan:
    """Return the plan that the options amount to."""
    from evisynth.analysis import AnalysisPlan, SubgroupPlan

    return AnalysisPlan(
        id="analysis",
        title=title,
        outcome="outcome",
        measure=estimates.measure,
        model=options.model,
        tau2=options.tau2,
        ci=options.ci,
        level=options.level,
        subgroups=tuple(SubgroupPlan(by, by, _levels(estimates, by)) for by in options.by),
        meta_regression=options.moderators,
        without_outliers="none",
        asymmetry_tests=("egger",),
        cumulative="",
        favours=options.favours,
    )


class _Attempts:
    """Runs steps that may have no answer on these data, and keeps the reason."""

    def __init__(self) -> None:
        self.not_done: dict[str, str] = {}

    def attempt(self, name: str, step: Callable[[], T]) -> T | None:
        """Run a step; a `NotEstimableError` becomes the reason under ``name``."""
        try:
            return step()
        except NotEstimableError as error:
            self.not_done[name] = str(error)
            return None


def _analyse(
    estimates: EffectEstimates, plan: AnalysisPlan, lower_is_better: bool | None
) -> AnalysisResult:
    """Pool, and do what else the plan asks for."""
    from evisynth.analysis import AnalysisResult
    from evisynth.extraction import Outcome
    from evisynth.synthesis import (
        asymmetry_test,
        influence,
        leave_one_out,
        meta_regression,
        pool,
        subgroups,
        trim_and_fill,
    )

    fit = pool(estimates, model=plan.model, tau2=plan.tau2, ci=plan.ci, level=plan.level)
    tries = _Attempts()
    groups = {
        part.by: tries.attempt(
            f"subgroups by {part.by}",
            partial(subgroups, fit, by=part.by, levels=part.levels, tau2=part.tau2),
        )
        for part in plan.subgroups
    }
    regressions = {
        formula: tries.attempt(
            f"meta-regression on {formula}", partial(meta_regression, fit, formula)
        )
        for formula in plan.meta_regression
    }
    tests = {
        name: tries.attempt(f"asymmetry test {name}", partial(asymmetry_test, fit, name))
        for name in plan.asymmetry_tests
    }
    return AnalysisResult(
        plan=plan,
        outcome=Outcome("outcome", plan.title, lower_is_better=lower_is_better is not False),
        fit=fit,
        by_format=None,
        subgroups={name: found for name, found in groups.items() if found is not None},
        meta_regressions={name: found for name, found in regressions.items() if found is not None},
        leave_one_out=tries.attempt("leave-one-out", partial(leave_one_out, fit)),
        influence=tries.attempt("influence", lambda: influence(fit)),
        without_outliers=None,
        trim_and_fill=tries.attempt("trim and fill", partial(trim_and_fill, fit)),
        asymmetry={name: test for name, test in tests.items() if test is not None},
        cumulative=None,
        not_done=tries.not_done,
    )


def _save(figure: Figure, place: Path, name: str) -> None:
    from evisynth.figures import MissingScriptWarning

    with warnings.catch_warnings():
        # The notes of the result say it once, for all files.
        warnings.simplefilter("ignore", MissingScriptWarning)
        for suffix in PICTURES:
            figure.save(place / f"{name}.{suffix}")


def _write(result: AnalyzeResult, options: AnalyzeOptions, place: Path, tell: Tell) -> None:
    """Write figures, summary and numbers."""
    from evisynth.figures import forest, funnel

    analysis = result.analysis
    sides: dict[str, Any] = (
        {}
        if options.lower_is_better is None
        else {"favours": options.favours, "lower_is_better": options.lower_is_better}
    )
    sides["profile"] = options.profile
    arms = options.favours
    tell("Forest plot", 40)
    _save(forest(analysis.fit, title=result.title, arms=arms, **sides), place, "forest")
    for number, (by, groups) in enumerate(analysis.subgroups.items(), start=1):
        tell(f"Forest plot by {by}", 50)
        name = re.sub(r"[^\w-]+", "-", by.casefold()).strip("-") or str(number)
        title = f"{result.title}, by {by}"
        _save(forest(groups, title=title, arms=arms, by_label=by, **sides), place, f"forest-{name}")
    tell("Funnel plot", 70)
    try:
        plot = funnel(analysis.fit, trim_and_fill=analysis.trim_and_fill, title=result.title)
    except NotEstimableError as error:
        analysis.not_done["funnel plot"] = str(error)
    else:
        _save(plot, place, "funnel")
    tell("Numbers", 95)
    (place / "summary.txt").write_text(f"{result.summary}\n", encoding="utf-8", newline="\n")
    text = json.dumps(result.content, ensure_ascii=False, allow_nan=False, indent=1)
    (place / "results.json").write_text(f"{text}\n", encoding="utf-8", newline="\n")


def analyze_table(
    data: Path | str,
    out: Path | str | None = None,
    options: AnalyzeOptions | None = None,
    *,
    progress: Progress | None = None,
) -> AnalyzeResult:
    r"""Pool the studies of a table and write forest plot, funnel plot, summary and numbers.

    Parameters
    ----------
    data
        CSV file (comma, semicolon or tab; UTF-8), or ``.xlsx`` where openpyxl is installed. One row
        a study.
    out
        Folder for the files; ``<name of the table>-analysis`` in the current folder if not given.
    options
        What is asked; the defaults pool everything by random effects.
    progress
        Called with what is being done and how far it is, in percent.

    Returns
    -------
    AnalyzeResult
        Results, and the files written: ``forest`` and ``funnel`` as pdf, svg and png, a forest plot
        for each subgroup analysis, ``summary.txt``, ``results.json``.

    Raises
    ------
    InputError
        When the table cannot be used, a study stands twice, or ``out`` holds files of others.
    OptionError
        When an option is not known.
    NotEstimableError
        When no study has an effect estimate.

    Examples
    --------
    >>> import tempfile
    >>> place = tempfile.TemporaryDirectory()
    >>> table = Path(place.name) / "trials.csv"
    >>> _ = table.write_text("study,yi,vi\nA,0.1,0.04\nB,0.3,0.02\nC,0.2,0.05\n")
    >>> result = analyze_table(table, Path(place.name) / "out")
    >>> result.analysis.fit.k, "forest.pdf" in result.files
    (3, True)
    >>> place.cleanup()
    """
    from evisynth.figures import missing_scripts
    from evisynth.reporting import analysis_to_dict

    options = options or AnalyzeOptions()
    path = Path(data)
    target = Path(out) if out is not None else Path(f"{path.stem}-analysis")
    refuse_foreign(target, str(target))

    def tell(text: str, done: int) -> None:
        if progress is not None:
            progress(text, done, WHOLE)

    tell("Reading the table", 0)
    table = read_table(path)
    for role, name in options.columns.items():
        if name not in table.columns:
            raise _no_column(table, name, role.replace("_", "-"))
    for name in options.by:
        if name not in table.columns:
            raise _no_column(table, name, "by")
    estimates, notes = _estimates(table, _select(table, options.where), options)
    tell("Pooling", 20)
    title = options.title or path.stem
    analysis = _analyse(estimates, _plan(options, estimates, title), options.lower_is_better)
    result = AnalyzeResult(
        source=path.name,
        title=title,
        out=target,
        files=(),
        analysis=analysis,
        notes=(
            *notes,
            *estimates.notes,
            *analysis.fit.notes,
            *missing_scripts([title, *estimates.labels]),
        ),
        content={"source": path.name, **analysis_to_dict(analysis)},
    )
    with building(target, inputs=_fingerprint(path, options)) as place:
        _write(result, options, place, tell)
    tell("Done", WHOLE)
    manifest = read_manifest(target)
    return replace(result, files=tuple(sorted((*manifest.files, MANIFEST))) if manifest else ())
