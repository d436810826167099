"""Audit a RevMan file, a table of studies, or a review: compute anew, and look at the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evisynth.actions.progress import Progress
from evisynth.errors import InputError, Problem

if TYPE_CHECKING:
    from evisynth.exchange import Audit

__all__ = ["AuditedSource", "audit_source"]

TABLES = (".csv", ".tsv", ".txt", ".xlsx")
KINDS = (
    "a .rm5 file",
    "a folder with review.toml",
    "a table (.csv, .tsv, .xlsx)",
    "a data package of RevMan Web (.zip or its folder)",
)


@dataclass(frozen=True, slots=True)
class AuditedSource:
    """An audit, and the file that its report was written to (None: no report was asked for)."""

    audit: Audit
    report: Path | None = None


def audit_source(
    source: Path | str,
    *,
    report: Path | str | None = None,
    columns: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> AuditedSource:
    """Audit whatever a path leads to.

    Parameters
    ----------
    source
        A RevMan 5 file, a table of studies, or the folder of a review.
    report
        HTML file to write; it is written over.
    columns
        Column of a table by its role, where names are not recognized.
    progress
        Called with what is being done and how far it is, in percent.

    Raises
    ------
    InputError
        The path leads to nothing that can be audited, or the file cannot be used.
    """
    from evisynth.exchange import render_audit

    path = Path(source)
    if progress is not None:
        progress("Reading", 5, 100)
    audit = _audit(path, columns or {}, progress)
    written = None
    if report is not None:
        if progress is not None:
            progress("Writing the report", 90, 100)
        written = Path(report)
        try:
            written.write_text(render_audit(audit), encoding="utf-8")
        except OSError as error:
            raise InputError(
                Problem(str(written), "", f"cannot be written: {error.strerror or error}")
            ) from error
    if progress is not None:
        progress("Done", 100, 100)
    return AuditedSource(audit, written)


def _audit(path: Path, columns: Mapping[str, str], progress: Progress | None) -> Audit:
    package = path.is_dir() and any(path.glob("*overall-estimates-and-settings.csv"))
    if package or path.suffix.casefold() == ".zip":
        from evisynth.exchange import audit_package

        return audit_package(path)
    if path.is_dir():
        from evisynth.actions.audit_review import audit_review

        return audit_review(path, progress=progress)
    if not path.is_file():
        raise InputError(Problem(str(path), "", "is not there", KINDS))
    suffix = path.suffix.casefold()
    if suffix == ".rm5" or (suffix == ".xml" and b"<COCHRANE_REVIEW" in path.read_bytes()[:4096]):
        from evisynth.exchange import audit_rm5

        return audit_rm5(path)
    if suffix in TABLES:
        from evisynth.actions.audit_table import audit_table

        return audit_table(path, columns)
    raise InputError(
        Problem(path.name, "", f"is of a kind that is not audited ({suffix or 'no suffix'})", KINDS)
    )
