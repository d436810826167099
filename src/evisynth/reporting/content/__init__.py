"""What the review document says, one module a part; nothing here knows how it will look."""

from evisynth.reporting.content.document import build_document

__all__ = ["build_document"]
