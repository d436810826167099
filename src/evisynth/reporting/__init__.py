"""The review document, tables and machine-readable results.

A document is built once as data (`build_document`) and rendered three times (`render_html`,
`render_docx`, `render_pdf`); `build_outputs` writes everything that a review hands out.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evisynth.reporting.blocks import ReviewDocument as ReviewDocument
    from evisynth.reporting.build import build_outputs as build_outputs
    from evisynth.reporting.content import build_document as build_document
    from evisynth.reporting.docx import render_docx as render_docx
    from evisynth.reporting.html import render_html as render_html
    from evisynth.reporting.pdf import render_pdf as render_pdf
    from evisynth.reporting.results_json import analysis_to_dict as analysis_to_dict
    from evisynth.reporting.results_json import results_schema as results_schema
    from evisynth.reporting.results_json import results_to_dict as results_to_dict
    from evisynth.reporting.results_json import write_results as write_results
    from evisynth.reporting.tables import write_tables as write_tables

_LATER = {
    "ReviewDocument": "blocks",
    "analysis_to_dict": "results_json",
    "build_document": "content",
    "build_outputs": "build",
    "render_docx": "docx",
    "render_html": "html",
    "render_pdf": "pdf",
    "results_schema": "results_json",
    "results_to_dict": "results_json",
    "write_results": "results_json",
    "write_tables": "tables",
}
"""Name to its module, loaded when first used: the process that makes the PDF needs few of them."""

__all__ = [
    "ReviewDocument",
    "analysis_to_dict",
    "build_document",
    "build_outputs",
    "render_docx",
    "render_html",
    "render_pdf",
    "results_schema",
    "results_to_dict",
    "write_results",
    "write_tables",
]


def __getattr__(name: str) -> Any:
    """Load a name when it is first used."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
