"""The data package of RevMan Web: analyses, settings and results as CSV files, written and read."""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from evisynth.errors import InputError, Problem
from evisynth.exchange.exported import Exported, csv_text
from evisynth.exchange.revman.rows import DATA_KINDS, read_data_rows, rm5_rows_file
from evisynth.exchange.revman.values import (
    Comparison,
    Outcome,
    OutcomeKind,
    QualityEntry,
    QualityItem,
    RevManReview,
    RevManStudy,
    StoredResult,
    Subgroup,
)
from evisynth.exchange.revman.writing import encode_id

__all__ = ["read_package", "read_package_files", "web_package"]

LARGEST = 100 * 2**20
"""Bytes of a file in a package that are unpacked."""

SETTINGS = (
    "Analysis group", "Analysis number", "Analysis name", "Analysis group name", "Data source",
    "Data source eligibility", "Data type", "Log-scale data", "Outcome", "Intervention grouping",
    "Experimental intervention", "Control intervention", "Subgroup by", "Filter criteria",
    "Experimental group label", "Control group label", "Statistical method", "Effect measure",
    "Unit of effect measure", "Analysis model", "Subgroup estimates", "Overall estimates",
    "Test for subgroup differences", "Swap event and non-event", "Study CI", "Estimate CI",
    "Experimental cases", "Experimental N", "Control cases", "Control N", "Mean", "CI start",
    "CI end", "Heterogeneity Tau²", "Heterogeneity Chi²", "Heterogeneity df", "Heterogeneity P",
    "Heterogeneity I²", "Effect Z", "Effect P", "Subgroup Chi²", "Subgroup df", "Subgroup P",
    "Subgroup I²", "ID",
)  # fmt: skip

SUBGROUPS = (
    "Analysis group", "Analysis number", "Subgroup", "Subgroup number", "Experimental cases",
    "Experimental N", "Control cases", "Control N", "Weight", "Mean", "CI start", "CI end",
    "Heterogeneity Tau²", "Heterogeneity Chi²", "Heterogeneity df", "Heterogeneity P",
    "Heterogeneity I²", "Effect Z", "Effect P", "ID",
)  # fmt: skip

RESULTS = {
    "Experimental cases": "events1", "Experimental N": "total1", "Control cases": "events2",
    "Control N": "total2", "Mean": "effect", "CI start": "ci_lower", "CI end": "ci_upper",
    "Heterogeneity Tau²": "tau2", "Heterogeneity Chi²": "chi2", "Heterogeneity df": "df",
    "Heterogeneity P": "p_chi2", "Heterogeneity I²": "i2", "Effect Z": "z", "Effect P": "p_z",
    "Subgroup Chi²": "q", "Subgroup P": "p_q", "Subgroup I²": "i2_q", "Weight": "weight",
}  # fmt: skip

TYPES: dict[OutcomeKind, str] = {
    "dichotomous": "Dichotomous", "continuous": "Continuous",
    "generic": "Generic inverse variance", "o-e": "O-E and variance",
}  # fmt: skip

MEASURES = {
    "OR": "Odds Ratio", "RR": "Risk Ratio", "RD": "Risk Difference", "PETO_OR": "Peto Odds Ratio",
    "MD": "Mean Difference", "SMD": "Standardized Mean Difference",
}  # fmt: skip

METHODS = {"MH": "MH", "IV": "IV", "PETO": "Peto", "EXP_O_E_VAR": "EXP_O_E_VAR"}

JUDGEMENTS = {"YES": "Low risk", "NO": "High risk", "UNKNOWN": "Unclear risk"}

FILES = ("data-rows", "overall-estimates-and-settings", "subgroup-estimates",
         "study-information", "risk-of-bias")  # fmt: skip
"""Ends of the names of the files; the first two are needed."""


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _results(stored: StoredResult, header: tuple[str, ...]) -> dict[str, object]:
    return {name: getattr(stored, field) for name, field in RESULTS.items() if name in header}


def web_package(review: RevManReview) -> Exported:
    """Write a review as the CSV files of a data package.

    Parameters
    ----------
    review
        The review, with the results that it stores.
    """
    rows = rm5_rows_file(review)
    settings, subgroups = [], []
    labels = False
    for comparison, outcome in review.outcomes():
        if outcome.kind == "other":
            continue
        labels = labels or bool(outcome.favours1 or outcome.favours2 or outcome.footnotes)
        place = {"Analysis group": comparison.number, "Analysis number": outcome.number}
        values: dict[str, object] = {
            **place,
            "Analysis name": outcome.name,
            "Analysis group name": comparison.name,
            "Data source": "Custom input",
            "Data type": TYPES[outcome.kind],
            "Log-scale data": _flag(outcome.is_ratio),
            "Experimental group label": outcome.group1,
            "Control group label": outcome.group2,
            "Statistical method": METHODS.get(outcome.method, outcome.method),
            "Effect measure": MEASURES.get(outcome.measure, outcome.measure),
            "Unit of effect measure": outcome.units,
            "Analysis model": "Random effects" if outcome.random else "Fixed effect",
            "Subgroup estimates": _flag(outcome.totals != "NO"),
            "Overall estimates": _flag(outcome.totals == "YES"),
            "Test for subgroup differences": _flag(outcome.subgroup_test),
            "Swap event and non-event": _flag(outcome.swap_events),
            "Study CI": f"{outcome.ci_study:g}%",
            "Estimate CI": f"{outcome.ci_total:g}%",
            "ID": outcome.id,
            **_results(outcome.stored, SETTINGS),
        }
        settings.append([values.get(name, "") for name in SETTINGS])
        for group in outcome.subgroups:
            values = {
                **place, "Subgroup": group.name, "Subgroup number": group.number, "ID": group.id,
                **_results(group.stored, SUBGROUPS),
            }  # fmt: skip
            subgroups.append([values.get(name, "") for name in SUBGROUPS])
    studies = [[study.name, study.year, study.data_source] for study in review.studies]
    name = review.file.rpartition(".")[0] or "review"
    files = {
        f"{name}-data-rows.csv": next(iter(rows.files.values())),
        f"{name}-overall-estimates-and-settings.csv": csv_text(SETTINGS, settings),
        f"{name}-subgroup-estimates.csv": csv_text(SUBGROUPS, subgroups),
        f"{name}-study-information.csv": csv_text(["Study", "Year", "Data source"], studies),
        f"{name}-risk-of-bias.csv": _bias(review),
    }
    lost = [
        "references of studies, summary of findings, title of the review",
        "weights and limits of single rows beyond what the layout holds",
        *(["words beside the graph, footnotes of outcomes"] if labels else []),
        *(["the rest of the file (text, characteristics, figures)"] if review.not_read else []),
        *(item for item in rows.cannot_hold if "0 or not there" in item or "words" in item),
    ]
    return Exported(files, tuple(lost))


def _bias(review: RevManReview) -> str:
    items = review.quality_items
    header = ["Study"]
    for item in items:
        header += [f"Domain (judgement): {item.name}", f"Domain (support): {item.name}"]
    rows = []
    for study in review.studies:
        cells: list[object] = [study.name]
        for item in items:
            entry = next((one for one in item.entries if one.study_id == study.id), None)
            cells += [JUDGEMENTS.get(entry.result, ""), entry.support] if entry else ["", ""]
        rows.append(cells)
    return csv_text(header, rows)


def read_package(path: Path | str) -> RevManReview:
    """Read a data package: a zip file, or a folder with its CSV files.

    Parameters
    ----------
    path
        The file or folder.

    Raises
    ------
    InputError
        It is no package, or a cell cannot be used.
    """
    path = Path(path)
    files: dict[str, str] = {}
    try:
        if path.is_dir():
            for place in sorted(path.glob("*.csv")):
                files[place.name] = place.read_text(encoding="utf-8-sig")
        else:
            with zipfile.ZipFile(path) as archive:
                for entry in archive.infolist():
                    if not entry.filename.casefold().endswith(".csv"):
                        continue
                    if entry.file_size > LARGEST:
                        raise InputError(
                            Problem(path.name, entry.filename, "is too large to be unpacked")
                        )
                    name = PurePosixPath(entry.filename).name
                    files[name] = archive.read(entry).decode("utf-8-sig")
    except zipfile.BadZipFile as error:
        raise InputError(Problem(path.name, "", "is no archive")) from error
    except UnicodeDecodeError as error:
        raise InputError(Problem(path.name, "", f"is not UTF-8 text: {error.reason}")) from error
    except OSError as error:
        raise InputError(
            Problem(path.name, "", f"cannot be read: {error.strerror or error}")
        ) from error
    return read_package_files(files, path.name)


def read_package_files(files: Mapping[str, str], name: str) -> RevManReview:
    """Read the files of a data package by their names; see `read_package`."""
    found = {
        end: (file, text)
        for end in FILES
        for file, text in files.items()
        if file.casefold().endswith(f"{end}.csv")
    }
    missing = [end for end in FILES[:2] if end not in found]
    if missing:
        raise InputError(
            Problem(
                name, "", f"is no data package of RevMan Web: lacks ...{missing[0]}.csv",
                tuple(f"...{end}.csv" for end in FILES),
                "Download the analysis data of the review from RevMan Web",
            )
        )  # fmt: skip
    rows = read_data_rows(found["data-rows"][1], found["data-rows"][0], as_written=True)
    problems: list[Problem] = []
    settings = _table(found["overall-estimates-and-settings"][1])
    groups = _table(found["subgroup-estimates"][1]) if "subgroup-estimates" in found else []
    by_place: dict[tuple[str, str], dict[str, Mapping[str, str]]] = {}
    for cells in groups:
        key = cells.get("Analysis group", ""), cells.get("Analysis number", "")
        by_place.setdefault(key, {})[cells.get("Subgroup", "")] = cells
    raw = {(comparison.number, outcome.number): outcome for comparison, outcome in rows.outcomes()}
    comparisons: dict[int, Comparison] = {}
    for cells in settings:
        key = cells.get("Analysis group", ""), cells.get("Analysis number", "")
        if not (key[0].isdigit() and key[1].isdigit()):
            continue
        place = int(key[0]), int(key[1])
        outcome = raw.get(place)
        if outcome is None:
            continue
        made = _with_settings(outcome, cells, by_place.get(key, {}), name, problems)
        before = comparisons.get(place[0])
        words = cells.get("Analysis group name", "")
        earlier = before.outcomes if before else ()
        comparisons[place[0]] = Comparison(f"CMP-{place[0]:03d}", place[0], words, (*earlier, made))
    if problems:
        raise InputError(problems)
    studies = _studies(found, raw)
    return RevManReview(
        file=name,
        title="",
        program="Web",
        studies=studies,
        comparisons=tuple(comparisons[number] for number in sorted(comparisons)),
        quality_items=_items(found),
    )


def _table(text: str) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    return [
        {str(key): (value or "").strip() for key, value in row.items() if key} for row in reader
    ]


def _yes(cells: Mapping[str, str], name: str, default: bool) -> bool:
    word = cells.get(name, "").casefold()
    return default if word not in ("true", "false") else word == "true"


def _number(cells: Mapping[str, str], name: str, where: str, problems: list[Problem]) -> float:
    text = cells.get(name, "").rstrip("%")
    if not text or text == "#N/A":
        return math.nan
    try:
        return float(text)
    except ValueError:
        at = f"analysis {cells.get('Analysis group')}.{cells.get('Analysis number')}, column {name}"
        problems.append(Problem(where, at, f"{text!r} is no number"))
        return math.nan


def _stored(cells: Mapping[str, str], where: str, problems: list[Problem]) -> StoredResult:
    values = {
        field: _number(cells, name, where, problems)
        for name, field in RESULTS.items()
        if name in cells
    }
    there = math.isfinite(values.get("effect", math.nan))
    return StoredResult(estimable=there, **values)


def _with_settings(
    outcome: Outcome,
    cells: Mapping[str, str],
    groups: Mapping[str, Mapping[str, str]],
    where: str,
    problems: list[Problem],
) -> Outcome:
    words = cells.get("Data type", "").casefold()
    kind = next((key for key, word in TYPES.items() if word.casefold()[:5] == words[:5]), None)
    kind = kind or outcome.kind
    measure = cells.get("Effect measure", "")
    short = {word.casefold(): key for key, word in MEASURES.items()} | {
        "std. mean difference": "SMD", "standardised mean difference": "SMD",
    }  # fmt: skip
    method = cells.get("Statistical method", "").casefold()
    known = {word.casefold(): key for key, word in METHODS.items()} | {
        "mantel-haenszel": "MH", "inverse variance": "IV", "exp[(o-e) / var]": "EXP_O_E_VAR",
    }  # fmt: skip
    overall = _yes(cells, "Overall estimates", True)
    level = _number(cells, "Estimate CI", where, problems)
    study_level = _number(cells, "Study CI", where, problems)
    kept = DATA_KINDS[kind]
    return replace(
        outcome,
        kind=kind,
        measure=short.get(measure.casefold(), measure),
        method=known.get(method, "IV" if kind in ("continuous", "generic") else outcome.method),
        random=cells.get("Analysis model", "").casefold().startswith("random"),
        totals="YES" if overall else "SUB" if _yes(cells, "Subgroup estimates", False) else "NO",
        subgroup_test=_yes(cells, "Test for subgroup differences", True),
        swap_events=_yes(cells, "Swap event and non-event", False),
        log_data=kind == "generic" and _yes(cells, "Log-scale data", False),
        ci_total=95.0 if math.isnan(level) else level,
        ci_study=95.0 if math.isnan(study_level) else study_level,
        group1=cells.get("Experimental group label", ""),
        group2=cells.get("Control group label", ""),
        units=cells.get("Unit of effect measure", ""),
        stored=_stored(cells, where, problems),
        rows=tuple(row.only(kept) for row in outcome.rows),
        subgroups=tuple(
            _group(group, groups.get(group.name, {}), kept, where, problems)
            for group in outcome.subgroups
        ),
    )


def _group(
    group: Subgroup,
    cells: Mapping[str, str],
    kept: tuple[str, ...],
    where: str,
    problems: list[Problem],
) -> Subgroup:
    number = cells.get("Subgroup number", "")
    return replace(
        group,
        number=int(number) if number.isdigit() else group.number,
        stored=_stored(cells, where, problems),
        rows=tuple(row.only(kept) for row in group.rows),
    )


def _studies(
    found: Mapping[str, tuple[str, str]], raw: Mapping[tuple[int, int], Outcome]
) -> tuple[RevManStudy, ...]:
    if "study-information" in found:
        listed = [
            (cells.get("Study", ""), cells.get("Year", ""), cells.get("Data source", ""))
            for cells in _table(found["study-information"][1])
        ]
    else:
        names = {row.study: "" for outcome in raw.values() for row in outcome.all_rows}
        listed = [(name, "", "") for name in names]
    return tuple(
        RevManStudy(encode_id(name), name, year, "included", source)
        for name, year, source in listed
        if name
    )


def _items(found: Mapping[str, tuple[str, str]]) -> tuple[QualityItem, ...]:
    if "risk-of-bias" not in found:
        return ()
    rows = _table(found["risk-of-bias"][1])
    start = "Domain (judgement): "
    back = {word.casefold(): key for key, word in JUDGEMENTS.items()}
    items = []
    columns = [name for name in (rows[0] if rows else ()) if name.startswith(start)]
    for number, column in enumerate(columns, 1):
        name = column.removeprefix(start)
        entries = tuple(
            QualityEntry(
                encode_id(cells.get("Study", "")),
                back[cells[column].casefold()],
                support=cells.get(f"Domain (support): {name}", ""),
            )
            for cells in rows
            if cells[column].casefold() in back
        )
        items.append(QualityItem(f"QIT-{number:02d}", name, "STUDY", entries))
    return tuple(items)
