"""Figures of the PDF as vectors: each figure's own PDF page, put in where it stands.

WeasyPrint draws SVG element by element, which takes longer than the rest of the document. So the
page holds a blank picture of the right size (with the alternative text in its tag), and before the
file is written the picture's object is replaced by the page that `evisynth.figures` drew.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from typing import Any

__all__ = ["blank_picture", "put_figures"]


def blank_picture(width: int) -> bytes:
    """Return a white PNG, one pixel high; its width in pixels tells one picture from another.

    Examples
    --------
    >>> blank_picture(3)[1:4]
    b'PNG'
    """

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)
    row = zlib.compress(b"\x00" + b"\xff" * width)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", row), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


class _Copier:
    """Copies objects from one PDF, as pypdf reads it, into one that pydyf writes."""

    def __init__(self, target: Any) -> None:
        self.target = target
        self.known: dict[int, bytes] = {}

    def copy(self, value: Any) -> Any:
        import pydyf  # type: ignore[import-untyped]
        from pypdf import generic

        if isinstance(value, generic.IndirectObject):
            return self._reference(value)
        if isinstance(value, generic.StreamObject):
            raise TypeError("a stream is always an object of its own in PDF")
        if isinstance(value, generic.DictionaryObject):
            return pydyf.Dictionary({key[1:]: self.copy(item) for key, item in _items(value)})
        if isinstance(value, generic.ArrayObject):
            return pydyf.Array([self.copy(item) for item in value])
        written = io.BytesIO()
        value.write_to_stream(written)
        return written.getvalue()

    def _reference(self, pointer: Any) -> bytes:
        """Copy what a reference points to, once."""
        import pydyf
        from pypdf import generic

        if pointer.idnum not in self.known:
            value = pointer.get_object()
            if isinstance(value, generic.StreamObject):
                extra = pydyf.Dictionary(
                    {key[1:]: self.copy(item) for key, item in _items(value) if key != "/Length"}
                )
                made = pydyf.Stream([value._data], extra)
            elif isinstance(value, generic.DictionaryObject | generic.ArrayObject):
                made = self.copy(value)
            else:
                return bytes(self.copy(value))
            self.target.add_object(made)
            self.known[pointer.idnum] = made.reference
        return self.known[pointer.idnum]


def _items(dictionary: Any) -> list[tuple[str, Any]]:
    """Entries without following references."""
    return [(str(key), dictionary.raw_get(key)) for key in dictionary]


def put_figures(pdf: Any, pictures: Mapping[int, tuple[bytes, int]]) -> None:
    """Replace blank pictures by pages of other PDFs.

    Parameters
    ----------
    pdf
        The ``pydyf.PDF`` about to be written.
    pictures
        Width of the blank picture in pixels to the PDF that goes there and the page, from 0.
    """
    import pydyf
    from pypdf import PdfReader

    for found in list(pdf.objects):
        if not isinstance(found, pydyf.Stream) or found.extra.get("Subtype") != "/Image":
            continue
        place = pictures.get(int(found.extra["Width"]))
        if place is None or int(found.extra["Height"]) != 1:
            continue
        page = PdfReader(io.BytesIO(place[0])).pages[place[1]]
        width, height = float(page.mediabox.width), float(page.mediabox.height)
        contents = page.get_contents()
        copier = _Copier(pdf)
        found.stream = [b"" if contents is None else contents.get_data()]
        found.compress = True
        found.extra = pydyf.Dictionary(
            {
                "Type": "/XObject",
                "Subtype": "/Form",
                "BBox": pydyf.Array([0, 0, width, height]),
                "Matrix": pydyf.Array(
                    [f"{1 / width:.10f}".encode(), 0, 0, f"{1 / height:.10f}".encode(), 0, 0]
                ),
                "Resources": copier.copy(page["/Resources"]),
            }
        )
