"""Records, search sources, and readers of exports."""

from evisynth.records.readers import (
    READERS,
    ReadResult,
    RecordStream,
    iter_records,
    read_export,
    read_records,
    read_records_csv,
    reader_for,
)
from evisynth.records.reading import Reader, RecordProblem
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
from evisynth.records.writers import WRITERS, Writer, format_records, write_records

__all__ = [
    "READERS",
    "WRITERS",
    "ReadResult",
    "Reader",
    "Record",
    "RecordProblem",
    "RecordStream",
    "SearchSource",
    "SourceKind",
    "Table",
    "TableRow",
    "Writer",
    "decode_export",
    "decode_utf8",
    "format_records",
    "iter_records",
    "nearest_id",
    "parse_number",
    "read_export",
    "read_records",
    "read_records_csv",
    "read_ris",
    "read_table",
    "read_utf8",
    "reader_for",
    "split_lines",
    "write_records",
]
