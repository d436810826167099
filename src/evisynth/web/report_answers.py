"""What pages and API both answer about reports: the file, notes, the address of the viewer."""

from __future__ import annotations

from urllib.parse import quote

from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from evisynth.actions import team
from evisynth.actions.team import Desk

__all__ = ["file_answer", "note_values", "report_address"]

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""What a browser that opens the file itself lets it do: nothing."""


def report_address(desk: Desk, record: str) -> str:
    """Return where the report of a record is read; empty without a file."""
    if not any(key[0] == record for key in desk.board.values("attachment")):
        return ""
    return reverse("report_pdf", args=[desk.store.name, record])


def file_answer(desk: Desk, sha256: str) -> HttpResponseBase:
    """Answer with the bytes of a report's file, so that no browser takes them for a page."""
    made, place = team.file_of(desk, sha256)
    answer = FileResponse(place.open("rb"), content_type="application/pdf")
    plain = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in made.name[:-4])
    answer["Content-Disposition"] = (
        f"attachment; filename=\"{plain or 'report'}.pdf\"; filename*=UTF-8''{quote(made.name)}"
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = SANDBOX
    return answer


def note_values(notes: tuple[team.PageNote, ...]) -> list[dict[str, object]]:
    """Return notes as the viewer takes them."""
    return [
        {
            "id": made.id, "who": made.who, "own": made.own, "text": made.text,
            "quote": made.quote, "page": made.page, "place": made.place, "stage": made.stage,
            "version": made.version,
        }
        for made in notes
    ]  # fmt: skip
