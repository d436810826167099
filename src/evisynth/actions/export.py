"""Export a review for other programs; convert files of one program into another's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.actions.progress import Progress, part_of
from evisynth.errors import InputError, OptionError, Problem

if TYPE_CHECKING:
    from evisynth.analysis import AnalysisResult
    from evisynth.exchange import Exported
    from evisynth.review import Review

__all__ = ["EXPORTS", "ExportResult", "convert_file", "export_review"]

FURTHER = (
    "the further analyses of the plan (subgroups, meta-regression, leave-one-out ...): only the "
    "main model is written"
)

Make = Callable[["Review", "tuple[AnalysisResult, ...]"], "Exported"]


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What an export or a conversion wrote.

    Attributes
    ----------
    target : str
        The format.
    files : tuple of Path
        Files written.
    cannot_hold : tuple of str
        What of the source has no place in the format.
    """

    target: str
    files: tuple[Path, ...]
    cannot_hold: tuple[str, ...]


def _joined(parts: list[Exported]) -> Exported:
    from evisynth.exchange import Exported

    files: dict[str, str] = {}
    lost: dict[str, None] = {}
    for part in parts:
        files |= part.files
        lost |= dict.fromkeys(part.cannot_hold)
    return Exported(files, tuple(lost))


def _metafor(review: Review, results: tuple[AnalysisResult, ...]) -> Exported:
    from evisynth.exchange import metafor_files

    del review
    made = _joined(
        [metafor_files(result.fit, result.plan.id, result.plan.title) for result in results]
    )
    return replace(made, cannot_hold=(*made.cannot_hold, FURTHER))


def _jasp(review: Review, results: tuple[AnalysisResult, ...]) -> Exported:
    from evisynth.exchange import jasp_files

    del review
    made = _joined([jasp_files(result.fit, result.plan.id) for result in results])
    return replace(made, cannot_hold=(*made.cannot_hold, FURTHER))


def _rm5(review: Review, results: tuple[AnalysisResult, ...]) -> Exported:
    from evisynth.exchange import rm5_file

    return rm5_file(review, results)


def _robvis(review: Review, results: tuple[AnalysisResult, ...]) -> Exported:
    from evisynth.exchange import robvis_file

    weights: dict[str, float] = {}
    if results:
        fit = results[0].fit
        weights = dict(zip(fit.effects.labels, map(float, fit.weights), strict=True))
    return robvis_file(review.assessments, weights=weights)


def _prisma2020(review: Review, results: tuple[AnalysisResult, ...]) -> Exported:
    from evisynth.exchange import prisma2020_file

    del results
    return prisma2020_file(review.flow)


def _deposit(review: Review, results: tuple[AnalysisResult, ...]) -> Exported:
    from evisynth.exchange import deposit_files

    del results
    return deposit_files(review)


EXPORTS: Mapping[str, Make] = {
    "metafor": _metafor,
    "jasp": _jasp,
    "rm5": _rm5,
    "robvis": _robvis,
    "prisma2020": _prisma2020,
    "deposit": _deposit,
}
"""What makes each format."""

WITHOUT_ANALYSES = ("prisma2020", "deposit")


def export_review(
    folder: Path | str,
    target: str,
    *,
    into: Path | str | None = None,
    analysis: str = "",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ExportResult:
    """Write a review in a format of another program.

    Parameters
    ----------
    folder
        The review.
    target
        A name of `EXPORTS`.
    into
        Folder for the files; ``export/TARGET`` in the review without it.
    analysis
        Id of one analysis; all of the plan without it.
    overwrite
        Whether files that are there are written over.
    progress
        Called with what is being done and how far it is, in percent.

    Raises
    ------
    OptionError
        The format or the analysis is not known.
    InputError
        The folder cannot be used, or a file is there already.
    """
    from evisynth.actions.run import compute
    from evisynth.review import read_review

    if target not in EXPORTS:
        raise OptionError("to", target, EXPORTS)
    folder = Path(folder)
    if progress is not None:
        progress("Reading the review", 0, 100)
    review = read_review(folder)
    results: tuple[AnalysisResult, ...] = ()
    if target not in WITHOUT_ANALYSES:
        results = compute(review, part_of(progress, 10, 80))
        if analysis:
            ids = [result.plan.id for result in results]
            if analysis not in ids:
                raise OptionError("analysis", analysis, ids)
            results = tuple(result for result in results if result.plan.id == analysis)
        if not results and target != "robvis":
            raise InputError(
                Problem(str(folder / "review.toml"), "", "plans no analysis",
                        hint="There is nothing to export for this program.")
            )  # fmt: skip
    made = EXPORTS[target](review, results)
    place = Path(into) if into is not None else folder / "export" / target
    files = _write(made, place, overwrite)
    if progress is not None:
        progress("Done", 100, 100)
    return ExportResult(target, files, made.cannot_hold)


def _write(made: Exported, place: Path, overwrite: bool) -> tuple[Path, ...]:
    paths = {place / name: text for name, text in made.files.items()}
    copies = {place / name: source for name, source in made.copies.items()}
    there = [path for path in (*paths, *copies) if path.exists()]
    if there and not overwrite:
        raise InputError(
            [
                Problem(
                    str(path), "", "is there already", hint="Give --overwrite, or another --out"
                )
                for path in there
            ]
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
        for path, text in paths.items():
            path.write_text(text, encoding="utf-8", newline="")
        for path, source in copies.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, path)
    except OSError as error:
        raise InputError(
            Problem(str(place), "", f"cannot be written: {error.strerror or error}")
        ) from error
    return (*paths, *copies)


RECORD_LOSSES = {
    ".ris": "ids of PubMed and of trials, and titles in another language, stand in fields that "
    "other programs may skip",
    ".nbib": "database, accession number, link and ISBN stand in fields that other programs may "
    "skip",
    ".bib": "database, accession number and trial numbers stand in fields that other programs may "
    "skip",
    ".json": "trial numbers and notes stand together in `custom`",
    ".xml": "ids of PMC and of trials stand in custom fields",
}
"""What other programs may not see of records, by the ending of the file."""


def convert_file(
    source: Path | str, target: Path | str, *, decisions: bool = False, overwrite: bool = False
) -> ExportResult:
    """Convert a file into another format, by the endings of their names.

    Records of any export that is read become RIS, PubMed text, BibTeX, CSL-JSON, CSV or EndNote
    XML; a RevMan 5 file, or a data package of RevMan Web (.zip), becomes such a package, a table of
    its rows (CSV), or a RevMan 5 file with all results computed anew. The decisions of a project of
    ASReview, or of an export of Rayyan, become a table in the layout of
    ``decisions/title_abstract.csv``.

    Parameters
    ----------
    source, target
        The file, and the one to write.
    decisions
        Write the decisions that stand in an export of records, not the records.
    overwrite
        Whether a file that is there is written over.

    Raises
    ------
    InputError
        The file cannot be used, or the other is there already.
    OptionError
        There is no way from one to the other.
    """
    source, target = Path(source), Path(target)
    ending = target.suffix.casefold()
    if target.exists() and not overwrite:
        raise InputError(
            Problem(str(target), "", "is there already", hint="Give --overwrite, or another name")
        )
    if source.suffix.casefold() in (".rm5", ".zip"):
        return _convert_revman(source, target, ending)
    if decisions or source.suffix.casefold() == ".asreview":
        return _convert_decisions(source, target, ending)
    from evisynth.records import WRITERS, read_export, write_records

    endings = [writer.ending for writer in WRITERS]
    if ending not in endings:
        raise OptionError("the ending of the file to write", ending or str(target), endings)
    if not source.is_file():
        raise InputError(Problem(str(source), "", "is not there"))
    records, problems = read_export(source)
    write_records(records, target)
    lost = [RECORD_LOSSES[ending]] if ending in RECORD_LOSSES else []
    lost += [str(problem) for problem in problems]
    return ExportResult(ending.removeprefix("."), (target,), tuple(lost))


def _convert_decisions(source: Path, target: Path, ending: str) -> ExportResult:
    from evisynth.exchange import Exported, decisions_file, read_asreview, votes_of_records
    from evisynth.records import read_records

    if ending != ".csv":
        raise OptionError("the ending of the file to write", ending or str(target), (".csv",))
    if not source.is_file():
        raise InputError(Problem(str(source), "", "is not there"))
    if source.suffix.casefold() == ".asreview":
        found = read_asreview(source)
    else:
        found = votes_of_records(read_records(source).records)
    if not found.votes:
        raise InputError(
            Problem(source.name, "", "holds no decisions",
                    hint="Rayyan writes them into the notes when the export is made with them")
        )  # fmt: skip
    made = decisions_file(found)
    text = next(iter(made.files.values()))
    files = _write(Exported({target.name: text}), target.parent, overwrite=True)
    return ExportResult("decisions", files, made.cannot_hold)


def _convert_revman(source: Path, target: Path, ending: str) -> ExportResult:
    from evisynth.exchange import (
        Exported,
        read_package,
        read_rm5,
        rm5_rows_file,
        rm5_with_results,
        web_package,
    )

    review = read_rm5(source) if source.suffix.casefold() == ".rm5" else read_package(source)
    if ending == ".zip":
        made = web_package(review)
        _write_zip(made, target)
        return ExportResult("zip", (target,), made.cannot_hold)
    if ending == ".csv":
        made = rm5_rows_file(review)
    elif ending == ".rm5":
        made = rm5_with_results(review)
    else:
        allowed = (".csv", ".rm5", ".zip")
        raise OptionError("the ending of the file to write", ending or str(target), allowed)
    text = next(iter(made.files.values()))
    files = _write(Exported({target.name: text}), target.parent, overwrite=True)
    return ExportResult(ending.removeprefix("."), files, made.cannot_hold)


def _write_zip(made: Exported, target: Path) -> None:
    """Write files into an archive that has the same bytes each time."""
    import zipfile

    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in sorted(made.files.items()):
                # the byte order mark is what that program writes too
                entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, text.encode("utf-8-sig"))
    except OSError as error:
        raise InputError(
            Problem(str(target), "", f"cannot be written: {error.strerror or error}")
        ) from error
