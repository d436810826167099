"""The review document as data: built once, rendered as HTML, Word and PDF.

A document is a row of blocks. Text is a tuple of runs; a run may point to another place of the
document by its id. `assemble` numbers tables and references once, in the order in which a reader
meets them, and writes the numbers into the runs that point to them, so that all three renderings
say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from evisynth.errors import DataError

if TYPE_CHECKING:
    from evisynth.figures import Figure

__all__ = [
    "Block",
    "BulletList",
    "Cell",
    "Column",
    "DocumentMeta",
    "FigureBlock",
    "Heading",
    "ListedReference",
    "Note",
    "PageBreak",
    "Paragraph",
    "Preformatted",
    "Reference",
    "References",
    "ReviewDocument",
    "Row",
    "Run",
    "Runs",
    "Table",
    "Text",
    "cells",
    "cite",
    "code",
    "emphasis",
    "link",
    "plain",
    "runs",
    "see",
    "strong",
    "sup",
]

Style = Literal["", "emphasis", "strong", "code", "sup"]
Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text with one look.

    Attributes
    ----------
    text : str
        The text; of a pointer it is filled in by `assemble` (``"Table 2"``, ``"3"``).
    style : {"", "emphasis", "strong", "code", "sup"}
        The look.
    href : str
        Address outside the document, or ``""``.
    target : str
        Id of a place in the document (heading, table, figure, ``"ref-…"``), or ``""``.
    """

    text: str
    style: Style = ""
    href: str = ""
    target: str = ""


Runs: TypeAlias = tuple[Run, ...]
Text: TypeAlias = "str | Run | Runs"
"""What authors of content hand over; `runs` makes it uniform."""
Cell: TypeAlias = Runs


def runs(*parts: Text) -> Runs:
    """Join strings and runs into one tuple of runs; empty strings are left out.

    Examples
    --------
    >>> [run.text for run in runs("See ", strong("this"), "", cite("a", "b"), ".")]
    ['See ', 'this', '[', '', ', ', '', ']', '.']
    """
    found: list[Run] = []
    for part in parts:
        if isinstance(part, str):
            if part:
                found.append(Run(part))
        elif isinstance(part, Run):
            found.append(part)
        else:
            found.extend(part)
    return tuple(found)


def plain(text: Runs) -> str:
    """Return the text of runs without their looks.

    Examples
    --------
    >>> plain(runs("Hedges’ ", emphasis("g")))
    'Hedges’ g'
    """
    return "".join(run.text for run in text)


def strong(text: str) -> Run:
    """Return bold text."""
    return Run(text, style="strong")


def emphasis(text: str) -> Run:
    """Return text in italics."""
    return Run(text, style="emphasis")


def code(text: str) -> Run:
    """Return text in a monospaced face."""
    return Run(text, style="code")


def sup(text: str) -> Run:
    """Return raised text, e.g. the letter of a footnote."""
    return Run(text, style="sup")


def link(text: str, href: str) -> Run:
    """Return a link to the outside."""
    return Run(text, href=href)


def see(target: str, text: str = "") -> Run:
    """Return a pointer to a heading, table or figure; without text it gets the place's number."""
    return Run(text, target=target)


def cite(*keys: str) -> Runs:
    """Return a citation of one or more references in brackets.

    Examples
    --------
    >>> [run.target for run in cite("higgins2002") if run.target]
    ['ref-higgins2002']
    """
    inner: list[Text] = []
    for key in keys:
        if inner:
            inner.append(", ")
        inner.append(Run("", target=f"ref-{key}"))
    return runs("[", *inner, "]")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; ``level`` 1 is a section, ``anchor`` its id in the document."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; ``role`` lets a renderer set some kinds apart."""

    text: Runs
    role: Literal["", "lead", "authors", "small", "placeholder"] = ""


@dataclass(frozen=True, slots=True)
class BulletList:
    """A list of points; ``ordered`` numbers them."""

    items: tuple[Runs, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A box that a reader must not overlook."""

    title: str
    text: Runs
    kind: Literal["note", "warning"] = "note"


@dataclass(frozen=True, slots=True)
class Preformatted:
    """Text whose line breaks count, e.g. a search strategy as run."""

    text: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class PageBreak:
    """A new page on paper."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    header : str
        Heading.
    align : {"left", "right", "center"}
        Numbers with the same decimals align at the right.
    group : str
        Heading over neighbouring columns with the same words, or ``""``.
    share : float
        Relative width; 0 leaves it to the contents.
    """

    header: str
    align: Align = "left"
    group: str = ""
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes
    ----------
    cells : tuple of Runs
        One a column; a single one over the whole width in ``"group"`` and ``"note"`` rows.
    kind : {"body", "group", "note", "total"}
        ``"group"`` heads the rows that follow, ``"note"`` says something about those before,
        ``"total"`` is set off.
    """

    cells: tuple[Cell, ...]
    kind: Literal["body", "group", "note", "total"] = "body"

    @property
    def is_full_width(self) -> bool:
        """Whether its one cell goes over all columns."""
        return self.kind in ("group", "note")


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption.

    Attributes
    ----------
    id : str
        Id, unique in the document.
    caption : str
        Caption without the number.
    columns : tuple of Column
        Columns; the first one names the row.
    rows : tuple of Row
        Rows in order.
    footnotes : tuple of Runs
        Under the table, in order.
    wide : bool
        Whether it needs the long side of the page.
    number : int
        Given by `assemble`.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    footnotes: tuple[Runs, ...] = ()
    wide: bool = False
    number: int = 0

    def __post_init__(self) -> None:
        for place, row in enumerate(self.rows):
            expected = 1 if row.is_full_width else len(self.columns)
            if len(row.cells) != expected:
                raise DataError(
                    f"table {self.id!r}, row {place}: {len(row.cells)} cells for {expected}"
                )

    @property
    def has_groups(self) -> bool:
        """Whether there is a heading row over groups of columns."""
        return any(column.group for column in self.columns)

    def header_groups(self) -> tuple[tuple[str, int], ...]:
        """Return the upper heading row: words and the number of columns below each."""
        found: list[tuple[str, int]] = []
        for column in self.columns:
            if found and column.group and found[-1][0] == column.group:
                found[-1] = (column.group, found[-1][1] + 1)
            else:
                found.append((column.group, 1))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class FigureBlock:
    """A figure in its place.

    Attributes
    ----------
    id : str
        Id, unique in the document; files are named by it.
    number : str
        Number as printed, given by the figures' room: ``"1"``, ``"2a"``, ``"S1"``.
    caption : str
        Title and caption without the number.
    alt, description : str
        One sentence, and the whole of what is to be seen.
    figure : Figure
        What draws itself as PDF, SVG or PNG.
    tables : tuple of str
        Ids of the tables that hold its data.
    """

    id: str
    number: str
    title: str
    caption: str
    alt: str
    description: str
    figure: Figure = field(compare=False)
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """A work that methods cite."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class ListedReference:
    """A reference with its number in the list."""

    key: str
    number: int
    text: str
    href: str

    @property
    def shown_href(self) -> str:
        """The address as a list shows it: ``doi:10.…`` for a DOI."""
        doi = "https://doi.org/"
        return f"doi:{self.href.removeprefix(doi)}" if self.href.startswith(doi) else self.href


@dataclass(frozen=True, slots=True)
class References:
    """The place of the reference list; `assemble` fills it with what was cited."""

    items: tuple[ListedReference, ...] = ()


Block: TypeAlias = (
    Heading
    | Paragraph
    | BulletList
    | Note
    | Preformatted
    | PageBreak
    | Table
    | FigureBlock
    | References
)


@dataclass(frozen=True, slots=True)
class DocumentMeta:
    """What stands in the properties of the files.

    ``date`` is the review's own (ISO), never that of the clock, and ``date_words`` the same in
    words; ``identifier`` is a fingerprint of what the document was made of.
    """

    title: str
    short_title: str
    authors: tuple[str, ...]
    date: str
    version: str
    licence: str
    subject: str
    keywords: tuple[str, ...]
    generator: str
    identifier: str
    date_words: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class ReviewDocument:
    """The whole document, numbered: pass it to `render_html`, `render_docx`, `render_pdf`."""

    title: str
    meta: DocumentMeta
    blocks: tuple[Block, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables in their order."""
        return tuple(block for block in self.blocks if isinstance(block, Table))

    @property
    def figures(self) -> tuple[FigureBlock, ...]:
        """The figures in their order."""
        return tuple(block for block in self.blocks if isinstance(block, FigureBlock))

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The headings in their order."""
        return tuple(block for block in self.blocks if isinstance(block, Heading))


def cells(*values: Text) -> tuple[Cell, ...]:
    """Make the cells of a row from strings and runs.

    Examples
    --------
    >>> [plain(cell) for cell in cells("Zhu 2018", strong("57"))]
    ['Zhu 2018', '57']
    """
    return tuple(runs(value) for value in values)
