"""Close a document: number tables and references once, and resolve every pointer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from evisynth.errors import DataError
from evisynth.reporting.blocks import (
    Block,
    BulletList,
    DocumentMeta,
    FigureBlock,
    Heading,
    ListedReference,
    Note,
    Paragraph,
    Reference,
    References,
    ReviewDocument,
    Runs,
    Table,
)

__all__ = ["assemble"]


def _texts(block: Block) -> Iterable[Runs]:
    """Every text of a block, in reading order."""
    if isinstance(block, Paragraph | Note):
        yield block.text
    elif isinstance(block, BulletList):
        yield from block.items
    elif isinstance(block, Table):
        for row in block.rows:
            yield from row.cells
        yield from block.footnotes


class _Labels:
    """Numbers of places, and the runs rewritten with them."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.labels = labels

    def text(self, text: Runs) -> Runs:
        if all(run.text or not run.target for run in text):
            return text
        return tuple(
            replace(run, text=self.labels[run.target]) if run.target and not run.text else run
            for run in text
        )

    def block(self, block: Block) -> Block:
        if isinstance(block, Paragraph | Note):
            return replace(block, text=self.text(block.text))
        if isinstance(block, BulletList):
            return replace(block, items=tuple(self.text(item) for item in block.items))
        if isinstance(block, Table):
            return replace(
                block,
                rows=tuple(
                    replace(row, cells=tuple(self.text(cell) for cell in row.cells))
                    for row in block.rows
                ),
                footnotes=tuple(self.text(note) for note in block.footnotes),
            )
        return block


def _place(labels: dict[str, str], anchor: str, label: str) -> None:
    if anchor in labels:
        raise DataError(f"the document has two places with the id {anchor!r}")
    labels[anchor] = label


def assemble(
    meta: DocumentMeta, blocks: Sequence[Block], library: Mapping[str, Reference]
) -> ReviewDocument:
    """Assemble a document: number tables and references, resolve every pointer.

    Parameters
    ----------
    meta
        Properties of the document; its title is the document's.
    blocks
        The blocks in reading order, tables and references without numbers.
    library
        References by key; those cited are listed where the `References` block stands.

    Returns
    -------
    ReviewDocument
        The document with every pointer filled in.

    Raises
    ------
    DataError
        When two places have the same id, or a pointer leads nowhere.
    """
    labels: dict[str, str] = {}
    numbered: list[Block] = []
    tables = 0
    for block in blocks:
        kept: Block = block
        if isinstance(block, Table):
            tables += 1
            kept = replace(block, number=tables)
            _place(labels, block.id, f"Table {tables}")
        elif isinstance(block, FigureBlock):
            _place(labels, block.id, f"Figure {block.number}")
        elif isinstance(block, Heading):
            _place(labels, block.anchor, block.text)
        numbered.append(kept)

    listed: dict[str, ListedReference] = {}
    for block in numbered:
        for text in _texts(block):
            for run in text:
                if run.target.startswith("ref-"):
                    key = run.target.removeprefix("ref-")
                    if key in listed:
                        continue
                    if key not in library:
                        raise DataError(f"the document cites {key!r}, which is not in the library")
                    number = len(listed) + 1
                    listed[key] = ListedReference(key, number, library[key].text, library[key].href)
                    _place(labels, run.target, str(number))
                elif run.target and run.target not in labels:
                    raise DataError(f"the document points to {run.target!r}, which is not in it")

    fill = _Labels(labels)
    done = [
        References(tuple(listed.values())) if isinstance(block, References) else fill.block(block)
        for block in numbered
    ]
    return ReviewDocument(title=meta.title, meta=meta, blocks=tuple(done))
