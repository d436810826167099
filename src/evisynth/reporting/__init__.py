"""The review document, tables and machine-readable results.

A document is built once as data (`build_document`) and rendered three times (`render_html`,
`render_docx`, `render_pdf`); `build_outputs` writes everything that a review hands out.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evisynth.reporting.assembly import assemble as assemble
    from evisynth.reporting.blocks import Block as Block
    from evisynth.reporting.blocks import BulletList as BulletList
    from evisynth.reporting.blocks import Column as Column
    from evisynth.reporting.blocks import DocumentMeta as DocumentMeta
    from evisynth.reporting.blocks import FigureBlock as FigureBlock
    from evisynth.reporting.blocks import Heading as Heading
    from evisynth.reporting.blocks import Note as Note
    from evisynth.reporting.blocks import Paragraph as Paragraph
    from evisynth.reporting.blocks import ReviewDocument as ReviewDocument
    from evisynth.reporting.blocks import Row as Row
    from evisynth.reporting.blocks import Runs as Runs
    from evisynth.reporting.blocks import Table as Table
    from evisynth.reporting.blocks import cells as cells
    from evisynth.reporting.blocks import code as code
    from evisynth.reporting.blocks import emphasis as emphasis
    from evisynth.reporting.blocks import runs as runs
    from evisynth.reporting.blocks import strong as strong
    from evisynth.reporting.build import build_outputs as build_outputs
    from evisynth.reporting.checklists import CHECKLISTS as CHECKLISTS
    from evisynth.reporting.checklists import Checklist as Checklist
    from evisynth.reporting.checklists import FilledChecklist as FilledChecklist
    from evisynth.reporting.checklists import checklist as checklist
    from evisynth.reporting.checklists import checklists_document as checklists_document
    from evisynth.reporting.checklists import fill_checklist as fill_checklist
    from evisynth.reporting.content import build_document as build_document
    from evisynth.reporting.docx import render_docx as render_docx
    from evisynth.reporting.html import render_html as render_html
    from evisynth.reporting.pdf import render_pdf as render_pdf
    from evisynth.reporting.pdf import render_pdf_with_pages as render_pdf_with_pages
    from evisynth.reporting.protocol import ProsperoField as ProsperoField
    from evisynth.reporting.protocol import prospero_csv as prospero_csv
    from evisynth.reporting.protocol import prospero_fields as prospero_fields
    from evisynth.reporting.protocol import prospero_text as prospero_text
    from evisynth.reporting.protocol import protocol_document as protocol_document
    from evisynth.reporting.results_json import analysis_to_dict as analysis_to_dict
    from evisynth.reporting.results_json import results_schema as results_schema
    from evisynth.reporting.results_json import results_to_dict as results_to_dict
    from evisynth.reporting.results_json import write_results as write_results
    from evisynth.reporting.tables import write_tables as write_tables

_LATER = {
    "CHECKLISTS": "checklists",
    "Block": "blocks",
    "BulletList": "blocks",
    "Checklist": "checklists",
    "Column": "blocks",
    "DocumentMeta": "blocks",
    "FigureBlock": "blocks",
    "FilledChecklist": "checklists",
    "Heading": "blocks",
    "Note": "blocks",
    "Paragraph": "blocks",
    "ProsperoField": "protocol",
    "ReviewDocument": "blocks",
    "Row": "blocks",
    "Runs": "blocks",
    "Table": "blocks",
    "analysis_to_dict": "results_json",
    "assemble": "assembly",
    "build_document": "content",
    "build_outputs": "build",
    "cells": "blocks",
    "checklist": "checklists",
    "checklists_document": "checklists",
    "code": "blocks",
    "emphasis": "blocks",
    "fill_checklist": "checklists",
    "prospero_csv": "protocol",
    "prospero_fields": "protocol",
    "prospero_text": "protocol",
    "protocol_document": "protocol",
    "render_docx": "docx",
    "render_html": "html",
    "render_pdf": "pdf",
    "render_pdf_with_pages": "pdf",
    "results_schema": "results_json",
    "results_to_dict": "results_json",
    "runs": "blocks",
    "strong": "blocks",
    "write_results": "results_json",
    "write_tables": "tables",
}
"""Name to its module, loaded when first used: the process that makes the PDF needs few of them."""

__all__ = [
    "CHECKLISTS",
    "Block",
    "BulletList",
    "Checklist",
    "Column",
    "DocumentMeta",
    "FigureBlock",
    "FilledChecklist",
    "Heading",
    "Note",
    "Paragraph",
    "ProsperoField",
    "ReviewDocument",
    "Row",
    "Runs",
    "Table",
    "analysis_to_dict",
    "assemble",
    "build_document",
    "build_outputs",
    "cells",
    "checklist",
    "checklists_document",
    "code",
    "emphasis",
    "fill_checklist",
    "prospero_csv",
    "prospero_fields",
    "prospero_text",
    "protocol_document",
    "render_docx",
    "render_html",
    "render_pdf",
    "render_pdf_with_pages",
    "results_schema",
    "results_to_dict",
    "runs",
    "strong",
    "write_results",
    "write_tables",
]


def __getattr__(name: str) -> Any:
    """Load a name when it is first used."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
