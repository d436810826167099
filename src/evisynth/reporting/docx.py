"""The review document as a Word file: styles, fields, real tables, described pictures."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

from evisynth.reporting.blocks import (
    Block,
    BulletList,
    FigureBlock,
    Heading,
    Note,
    PageBreak,
    Paragraph,
    Preformatted,
    References,
    ReviewDocument,
    Runs,
    Table,
)
from evisynth.reporting.docx_parts import (
    add_field,
    add_hyperlink,
    bookmark,
    describe_picture,
    keep_with_next,
    prepare_styles,
    set_language,
    shade,
    style_ids,
)
from evisynth.reporting.docx_tables import add_table
from evisynth.reporting.drawing import Drawings, drawing_size
from evisynth.reporting.html import headings_before_wide

if TYPE_CHECKING:
    from docx.document import Document
    from docx.section import Section

__all__ = ["render_docx"]

PAGE_MM = (210.0, 297.0)
MARGIN_MM = 22.0
TEXT_WIDTH_MM = PAGE_MM[0] - 2 * MARGIN_MM
WIDE_TEXT_MM = PAGE_MM[1] - 2 * MARGIN_MM
PICTURE_HEIGHT_MM = 205.0
"""Largest height of a picture, so that its caption stays on the page."""
MM_PER_POINT = 25.4 / 72
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""The one date that every member of the file carries."""


class _Writer:
    """Writes blocks into one Word document, in order."""

    def __init__(self, document: ReviewDocument, drawings: Drawings) -> None:
        import docx

        self.source = document
        self.drawings = drawings
        self.word: Document = docx.Document()
        self.wide = False
        self.bookmarks = 0
        self.anchors = self._anchors()
        self.before_wide = headings_before_wide(document)
        prepare_styles(self.word)
        self.styles = style_ids(self.word)
        set_language(self.word, "en-GB")
        self._page(self.word.sections[0], wide=False)
        self._header_and_footer(self.word.sections[0])

    def _anchors(self) -> dict[str, str]:
        """Names of bookmarks for the places of the document; Word allows 40 characters."""
        found: dict[str, str] = {}
        places = [block.anchor for block in self.source.headings]
        places += [block.id for block in self.source.tables]
        places += [block.id for block in self.source.figures]
        for block in self.source.blocks:
            if isinstance(block, References):
                places += [f"ref-{item.key}" for item in block.items]
        for number, place in enumerate(places):
            found[place] = re.sub(r"\W", "_", f"b{number}_{place}")[:40]
        return found

    def _page(self, section: Section, *, wide: bool) -> None:
        from docx.enum.section import WD_ORIENT
        from docx.shared import Mm

        width, height = PAGE_MM[::-1] if wide else PAGE_MM
        section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = Mm(width), Mm(height)
        section.left_margin = section.right_margin = Mm(MARGIN_MM)
        section.top_margin = section.bottom_margin = Mm(MARGIN_MM)

    def _header_and_footer(self, section: Section) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        head = section.header.paragraphs[0]
        head.text = self.source.meta.short_title
        head.style = self.word.styles["Header"]
        foot = section.footer.paragraphs[0]
        foot.style = self.word.styles["Footer"]
        foot.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        add_field(foot, "PAGE", "1")
        foot.add_run(" / ")
        add_field(foot, "NUMPAGES", "1")

    def _turn(self, *, wide: bool) -> None:
        """Begin a section in the other orientation where it is needed."""
        from docx.enum.section import WD_SECTION

        if wide != self.wide:
            self._page(self.word.add_section(WD_SECTION.NEW_PAGE), wide=wide)
            self.wide = wide

    def paragraph(self, style: str) -> Any:
        """Add an empty paragraph of a style."""
        made = self.word.add_paragraph()
        made._p.style = self.styles[style]
        return made

    def text(self, paragraph: Any, runs: Runs) -> None:
        """Write runs into a paragraph."""
        for run in runs:
            if run.target:
                add_hyperlink(paragraph, run.text, anchor=self.anchors[run.target])
            elif run.href:
                add_hyperlink(paragraph, run.text, href=run.href)
            else:
                written = paragraph.add_run(run.text)
                written.bold = True if run.style == "strong" else None
                written.italic = True if run.style == "emphasis" else None
                written.font.superscript = True if run.style == "sup" else None
                if run.style == "code":
                    written.style = self.word.styles["Evisynth Code"]

    def mark(self, paragraph: Any, place: str) -> None:
        """Put a bookmark around a paragraph."""
        self.bookmarks += 1
        bookmark(paragraph, self.anchors[place], self.bookmarks)

    def caption(self, kind: str, number: str, text: str, place: str) -> Any:
        """Write a caption whose number is a field that Word can update.

        Supplementary figures (S1) count apart; the parts of a figure (2a, 2b) share one number.
        """
        written = self.paragraph("Caption")
        written.add_run(f"{kind} ").bold = True
        found = re.fullmatch(r"(S?)(\d+)([a-z]?)", number)
        if found is None:
            written.add_run(number).bold = True
        else:
            series = f"{kind}_{found[1]}" if found[1] else kind
            again = " \\c" if found[3] > "a" else ""
            written.add_run(found[1]).bold = True
            add_field(written, f"SEQ {series}{again} \\* ARABIC", found[2], bold=True)
            written.add_run(found[3]).bold = True
        written.add_run(". ").bold = True
        written.add_run(text)
        self.mark(written, place)
        return written

    def write(self, block: Block) -> None:
        """Write one block."""
        turned = isinstance(block, Heading) and block.anchor in self.before_wide
        self._turn(wide=turned or (isinstance(block, Table) and block.wide))
        if isinstance(block, Heading):
            written = self.paragraph(f"Heading {block.level}")
            written.add_run(block.text)
            self.mark(written, block.anchor)
        elif isinstance(block, Paragraph):
            styles = {
                "authors": "Evisynth Authors",
                "small": "Evisynth Small",
                "placeholder": "Evisynth Placeholder",
            }
            style = styles.get(block.role, "Body Text")
            self.text(self.paragraph(style), block.text)
        elif isinstance(block, BulletList):
            style = "List Number" if block.ordered else "List Bullet"
            for item in block.items:
                self.text(self.paragraph(style), item)
        elif isinstance(block, Note):
            written = self.paragraph("Evisynth Note")
            shade(written, "FFF8EC" if block.kind == "warning" else "F1F6FB")
            written.add_run(f"{block.title}. ").bold = True
            self.text(written, block.text)
        elif isinstance(block, Preformatted):
            if block.label:
                label = self.paragraph("Body Text")
                label.add_run(block.label).bold = True
                keep_with_next(label)
            written = self.paragraph("Evisynth Query")
            for place, line in enumerate(block.text.splitlines()):
                if place:
                    written.add_run().add_break()
                written.add_run(line)
        elif isinstance(block, PageBreak):
            self.word.add_page_break()  # type: ignore[no-untyped-call]
        elif isinstance(block, Table):
            self.table(block)
        elif isinstance(block, FigureBlock):
            self.figure(block)
        else:
            self.references(block)

    def table(self, block: Table) -> None:
        """Write a table under its caption."""
        caption = self.caption("Table", str(block.number), block.caption, block.id)
        keep_with_next(caption)
        width = WIDE_TEXT_MM if block.wide else TEXT_WIDTH_MM
        add_table(self.word, block, width, self.text)
        for note in block.footnotes:
            self.text(self.paragraph("Evisynth Table Note"), note)
        space = self.paragraph("Evisynth Table Note")
        space.paragraph_format.space_after = 0

    def figure(self, block: FigureBlock) -> None:
        """Write a figure above its caption, with its description for who cannot see it."""
        from docx.shared import Mm

        pages = len(block.figure.pages)
        for page in range(pages):
            width, height = (size * MM_PER_POINT for size in drawing_size(block, page))
            scale = min(1.0, TEXT_WIDTH_MM / width, PICTURE_HEIGHT_MM / height)
            written = self.paragraph("Evisynth Figure")
            picture = written.add_run().add_picture(
                io.BytesIO(self.drawings.get(block.id, page, "png")), width=Mm(width * scale)
            )
            name = f"Figure {block.number}" + (f", page {page + 1}" if pages > 1 else "")
            describe_picture(picture, name, f"{block.alt} {block.description}".strip())
            keep_with_next(written)
        text = f"{block.title} {block.caption}".strip()
        self.caption("Figure", block.number, text, block.id)

    def references(self, block: References) -> None:
        """Write the list of references with their numbers as text."""
        for item in block.items:
            written = self.paragraph("Evisynth Reference")
            written.add_run(f"{item.number}.\t{item.text}")
            if item.href:
                written.add_run(" ")
                add_hyperlink(written, item.shown_href, href=item.href)
            self.mark(written, f"ref-{item.key}")

    def properties(self) -> None:
        """Fill the properties of the file, with the review's own date."""
        meta, core = self.source.meta, self.word.core_properties
        try:
            day = datetime.datetime.fromisoformat(meta.date)
        except ValueError:
            day = datetime.datetime(*ZIP_DATE[:3])  # noqa: DTZ001 - Word's own dates have no zone
        core.title, core.subject = meta.title, meta.subject
        core.author = "; ".join(meta.authors)
        core.last_modified_by = meta.generator
        core.keywords = ", ".join(meta.keywords)
        core.comments = f"Version {meta.version}. Fingerprint of the inputs: {meta.identifier}"
        core.language = meta.language
        core.created = core.modified = day
        core.last_printed = day
        core.revision = 1


def _repack(content: bytes) -> bytes:
    """Write the parts again in a fixed order, with one date and nothing of this machine."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target,
    ):
        names = sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name))
        for name in names:
            member = zipfile.ZipInfo(name, date_time=ZIP_DATE)
            stored = name.endswith(".png")
            member.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            member.create_system = 3
            target.writestr(member, source.read(name))
    return written.getvalue()


def render_docx(document: ReviewDocument, drawings: Drawings | None = None) -> bytes:
    """Render a document as a Word file.

    Parameters
    ----------
    document
        The document.
    drawings
        Figures that are drawn already; those that are missing are drawn.

    Returns
    -------
    bytes
        The file; the same bytes for the same document.
    """
    writer = _Writer(document, drawings or Drawings.of(document.figures))
    writer.paragraph("Title").add_run(document.title)
    for block in document.blocks:
        writer.write(block)
    writer.properties()
    raw = io.BytesIO()
    writer.word.save(raw)
    return _repack(raw.getvalue())
