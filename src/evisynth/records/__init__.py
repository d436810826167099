"""Records, search sources, and readers of exports."""

from evisynth.records.readers import (
    READERS,
    Reader,
    read_export,
    read_records_csv,
    reader_for,
)
from evisynth.records.record import (
    Record,
    SearchSource,
    SourceKind,
)
from evisynth.records.ris import read_ris
from evisynth.records.tables import Table, TableRow, nearest_id, parse_number, read_table
from evisynth.records.text import (
    decode_export,
    decode_utf8,
    read_utf8,
    split_lines,
)

__all__ = [
    "READERS",
    "Reader",
    "Record",
    "SearchSource",
    "SourceKind",
    "Table",
    "TableRow",
    "decode_export",
    "decode_utf8",
    "nearest_id",
    "parse_number",
    "read_export",
    "read_records_csv",
    "read_ris",
    "read_table",
    "read_utf8",
    "reader_for",
    "split_lines",
]
