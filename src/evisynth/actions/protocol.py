"""Write the protocol of a review: a document, the fields of the register, the check list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evisynth.actions.progress import Progress
from evisynth.errors import InputError, OptionError, Problem

__all__ = ["ProtocolSummary", "write_protocol"]

DocumentFormat = Literal["html", "docx", "pdf"]
FORMATS: tuple[DocumentFormat, ...] = ("html", "docx", "pdf")
FOLDER = "out-protocol"


@dataclass(frozen=True, slots=True)
class ProtocolSummary:
    """What was written, and what the protocol still lacks.

    Attributes
    ----------
    folder, out : Path
        The review, and where its protocol stands.
    title : str
        Title of the review.
    files : tuple of Path
        Every file written.
    items, reported : int
        Items of PRISMA-P, and those that the protocol answers.
    to_do : tuple of str
        Items of PRISMA-P and required fields of the register that are missing, with the way out.
    """

    folder: Path
    out: Path
    title: str
    files: tuple[Path, ...]
    items: int
    reported: int
    to_do: tuple[str, ...]


def write_protocol(
    folder: Path | str,
    *,
    out: Path | str | None = None,
    formats: Sequence[str] = FORMATS,
    progress: Progress | None = None,
) -> ProtocolSummary:
    """Write the protocol document, PROSPERO's fields and the PRISMA-P check list.

    Parameters
    ----------
    folder
        The review's folder; ``review.toml`` alone is enough.
    out
        Where to write; ``out-protocol`` in the folder if None. Files of these names are replaced.
    formats
        Formats of the document: ``"html"``, ``"docx"``, ``"pdf"``.
    progress
        Called with what is being done.

    Returns
    -------
    ProtocolSummary

    Raises
    ------
    InputError
        The review cannot be read, or the place is no folder.
    OptionError
        An unknown format.
    SetupError
        A system library that the PDF needs is missing.
    """
    from evisynth.reporting import (
        fill_checklist,
        prospero_csv,
        prospero_fields,
        prospero_text,
        protocol_document,
        render_docx,
        render_html,
        render_pdf_with_pages,
    )
    from evisynth.review import Review

    for name in formats:
        if name not in FORMATS:
            raise OptionError("format", name, FORMATS)
    folder = Path(folder)
    review = Review.read(folder)
    place = Path(out) if out is not None else folder / FOLDER
    if place.exists() and not place.is_dir():
        raise InputError(Problem(str(place), "", "is no folder", hint="Give another --out"))
    place.mkdir(parents=True, exist_ok=True)
    document = protocol_document(review)
    written: list[Path] = []

    def put(name: str, content: bytes) -> None:
        path = place / name
        path.write_bytes(content)
        written.append(path)

    def tell(what: str, done: int) -> None:
        if progress is not None:
            progress(what, done, len(FORMATS) + 1)

    pages: dict[str, int] = {}
    if "html" in formats:
        tell("HTML", 0)
        put("protocol.html", render_html(document).encode("utf-8"))
    if "docx" in formats:
        tell("Word", 1)
        put("protocol.docx", render_docx(document))
    if "pdf" in formats:
        tell("PDF", 2)
        content, pages = render_pdf_with_pages(document)
        put("protocol.pdf", content)
    tell("Register and check list", 3)
    fields = prospero_fields(review)
    put("prospero.txt", prospero_text(fields).encode("utf-8"))
    put("prospero.csv", prospero_csv(fields).encode("utf-8"))
    filled = fill_checklist("prisma-p", review, document, pages=pages)
    put("prisma-p.csv", filled.to_csv().encode("utf-8"))
    tell("", len(FORMATS) + 1)
    missing = [
        f"PRISMA-P {made.item.id} ({made.item.topic}): {made.missing}"
        for made in filled.items
        if made.status in ("to do", "partly")
    ]
    missing += [
        f"PROSPERO {made.number} ({made.name}): {made.hint}" for made in fields if made.todo
    ]
    return ProtocolSummary(
        folder, place, review.title, tuple(written), len(filled.items), filled.count("reported"),
        tuple(missing),
    )  # fmt: skip
