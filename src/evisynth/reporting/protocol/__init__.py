"""The protocol of a review: a document by PRISMA-P, and a register's fields, ready to paste."""

from evisynth.reporting.protocol.document import protocol_document
from evisynth.reporting.protocol.prospero import (
    ProsperoField,
    prospero_csv,
    prospero_fields,
    prospero_text,
)

__all__ = [
    "ProsperoField",
    "prospero_csv",
    "prospero_fields",
    "prospero_text",
    "protocol_document",
]
