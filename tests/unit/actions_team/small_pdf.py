"""Small PDFs, written by hand."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["small_pdf"]


def _text(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def small_pdf(pages: Sequence[Sequence[str]], *, javascript: str = "") -> bytes:
    """Write a PDF with some lines on each page; ``javascript`` runs when it is opened."""
    bodies = ["", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for lines in pages:
        shown = "".join(f"({_text(line)}) Tj T* " for line in lines)
        stream = f"BT /F1 12 Tf 16 TL 72 720 Td {shown}ET"
        bodies.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        kids.append(f"{len(bodies) + 1} 0 R")
        bodies.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792]"
            f" /Resources << /Font << /F1 3 0 R >> >> /Contents {len(bodies)} 0 R >>"
        )
    action = ""
    if javascript:
        bodies.append(f"<< /S /JavaScript /JS ({_text(javascript)}) >>")
        action = f" /OpenAction {len(bodies)} 0 R"
    bodies[0] = f"<< /Type /Catalog /Pages 2 0 R{action} >>"
    bodies[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
    made, places = "%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{body}\nendobj\n"
    start = len(made)
    made += f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n"
    made += "".join(f"{place:010d} 00000 n \n" for place in places)
    made += f"trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return made.encode("latin-1")
