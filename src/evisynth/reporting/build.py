"""Build everything that a review hands out, in one new folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from evisynth.analysis import AnalysisResult
from evisynth.errors import InputError, OptionError, Problem
from evisynth.reporting.blocks import ReviewDocument
from evisynth.reporting.checklists import checklists_document, fill_checklist
from evisynth.reporting.content import build_document
from evisynth.reporting.drawing import Drawings, Variant
from evisynth.reporting.html import render_html
from evisynth.reporting.results_json import write_results
from evisynth.reporting.tables import write_tables
from evisynth.review import Review

if TYPE_CHECKING:
    from evisynth.figures import ReviewFigure

__all__ = ["FORMATS", "DocumentFormat", "build_outputs"]

DocumentFormat: TypeAlias = Literal["html", "docx", "pdf"]
REPORTED = ("prisma-2020", "prisma-2020-abstracts", "prisma-s")
"""Check lists of a finished review; that of a protocol goes with the protocol."""
FORMATS: tuple[DocumentFormat, ...] = ("html", "docx", "pdf")
"""Formats of the document."""

Progress: TypeAlias = Callable[[str, int, int], None]


def _check(out: Path, formats: Sequence[str]) -> None:
    for name in formats:
        if name not in FORMATS:
            raise OptionError("format of the document", name, FORMATS)
    if not out.is_dir():
        raise InputError(Problem(str(out), "", "is not a folder", hint="Make it before."))
    if any(out.iterdir()):
        raise InputError(
            Problem(str(out), "", "is not empty", hint="Give a new folder; nothing is replaced.")
        )


def _write_figures(
    folder: Path, document: ReviewDocument, drawings: Drawings, variant: Variant
) -> list[Path]:
    """Write each figure in one format: PDF with all its pages, SVG and PNG as a file a page."""
    written = []
    for block in document.figures:
        pages = 1 if variant == "pdf" else len(block.figure.pages)
        for page in range(pages):
            tail = f"-{page + 1}" if page else ""
            path = folder / f"{block.id}{tail}.{variant}"
            path.write_bytes(drawings.get(block.id, page, variant))
            written.append(path)
    return written


def build_outputs(
    review: Review,
    results: tuple[AnalysisResult, ...],
    figures: tuple[ReviewFigure, ...],
    out: Path,
    *,
    progress: Progress | None = None,
    formats: Sequence[DocumentFormat] = FORMATS,
    kept: Path | None = None,
) -> tuple[Path, ...]:
    """Write document, figures, tables and machine-readable results into a new folder.

    Parameters
    ----------
    review
        The review.
    results
        Results of its analyses.
    figures
        Its figures, numbered in the order of the document.
    out
        An empty folder that exists.
    progress
        Called with (what, steps done, steps in all) before each step and once at the end.
    formats
        Formats of the document.
    kept
        Folder that keeps drawings between builds, so that only what changed is drawn anew.

    Returns
    -------
    tuple of Path
        Every file written, sorted. The same inputs give the same bytes.

    Raises
    ------
    InputError
        When ``out`` is not an empty folder.
    OptionError
        When a format is not known.
    SetupError
        When a system library that the PDF needs is missing.
    """
    _check(out, formats)
    document = build_document(review, results, figures)
    drawings = Drawings.of(document.figures, kept)
    written: list[Path] = []

    def put(name: str, content: bytes) -> None:
        path = out / name
        path.write_bytes(content)
        written.append(path)

    def data() -> None:
        path = out / "results.json"
        write_results(path, review, results, figures)
        (out / "tables").mkdir()
        written.extend([path, *write_tables(out / "tables", review, results)])

    def pictures(*variants: Variant) -> None:
        (out / "figures").mkdir(exist_ok=True)
        for variant in variants:
            written.extend(_write_figures(out / "figures", document, drawings, variant))

    def page() -> None:
        put("review.html", render_html(document, drawings).encode("utf-8"))

    def word() -> None:
        from evisynth.reporting.docx import render_docx

        put("review.docx", render_docx(document, drawings))

    def paper() -> None:
        if waiting is not None:
            content, placed, drawn, used = waiting.result()
            pages.update(placed)
            drawings.done.update(drawn)
            drawings.used.update(used)
            put("review.pdf", content)

    pages: dict[str, int] = {}

    def lists() -> None:
        filled = [fill_checklist(name, review, document, results, pages=pages) for name in REPORTED]
        (out / "checklists").mkdir()
        for made in filled:
            put(f"checklists/{made.checklist.id}.csv", made.to_csv().encode("utf-8"))
        text = checklists_document(
            filled, document, href="review.html" if "html" in formats else ""
        )
        if "html" in formats:
            put("checklists.html", render_html(text, Drawings.of(())).encode("utf-8"))
        if "docx" in formats:
            from evisynth.reporting.docx import render_docx

            put("checklists.docx", render_docx(text, Drawings.of(())))

    waiting = None
    if "pdf" in formats:
        from evisynth.reporting.pdf_process import PdfInBackground

        waiting = PdfInBackground(document, kept)
    steps: list[tuple[str, Callable[[], None]]] = [
        ("Results and tables", data),
        ("Figures", lambda: pictures("svg", "png")),
    ]
    if "html" in formats:
        steps.append(("HTML", page))
    if "docx" in formats:
        steps.append(("Word", word))
    if "pdf" in formats:
        steps.append(("PDF", paper))
    steps.append(("Check lists", lists))
    steps.append(("Figures as PDF", lambda: pictures("pdf")))
    if review.figure_options.tiff:
        steps.append(("Figures as TIFF", lambda: pictures("tiff")))
    try:
        for done, (what, step) in enumerate(steps):
            if progress is not None:
                progress(what, done, len(steps))
            step()
    finally:
        if waiting is not None:
            waiting.close()
    drawings.forget_unused()
    if progress is not None:
        progress("", len(steps), len(steps))
    return tuple(sorted(written, key=Path.as_posix))
