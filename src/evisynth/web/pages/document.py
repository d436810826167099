"""The document: built in the background, read in a closed frame, kept; what was built before."""

from __future__ import annotations

import re
import secrets
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _

from evisynth.actions import team
from evisynth.actions.team import Desk, NotThereError
from evisynth.web.visit import page, show

__all__ = ["urlpatterns"]

FORMATS = ("html", "docx", "pdf")
CLOSED = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Nothing of a document runs, and nothing leaves it."""

NAMED = ("review.html", "review.docx", "review.pdf", "results.json")
CHUNK = 256 * 1024
SCRIPT = re.compile(rb"<script\b.*?</script\s*>", re.DOTALL | re.IGNORECASE)


def _size(number: int) -> str:
    return f"{number / 1024**2:.1f} MB" if number >= 1024**2 else f"{max(1, number // 1024)} kB"


def _there(desk: Desk) -> str:
    return reverse("document", args=[desk.store.name])


def _status_words() -> dict[str, str]:
    return {
        "running": _("being built"), "done": _("built"), "failed": _("failed"),
        "stopped": _("stopped"),
    }  # fmt: skip


def _line(desk: Desk, made: team.Build, shown: str) -> dict[str, object]:
    people = {person.id: person.name for person in desk.board.plan.people}
    job = made.job
    sizes = dict(made.files)
    words = {
        "review.html": _("Web page"), "review.docx": _("Word"), "review.pdf": _("PDF"),
        "results.json": _("Results (JSON)"),
    }  # fmt: skip
    return {
        "build": made,
        "current": job.id == shown,
        "at": job.at[:16].replace("T", " "),
        "who": _("You") if job.person == desk.person.id else people.get(job.person, job.person),
        "status": _status_words()[job.status],
        "files": [
            {
                "name": name, "words": words[name], "size": _size(sizes[name]),
                "url": reverse("document_file", args=[desk.store.name, job.id, name]),
            }
            for name in NAMED
            if name in sizes
        ],
        "all": reverse("document_all", args=[desk.store.name, job.id]),
        "number": len(made.files),
    }  # fmt: skip


@page
def document(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show what was built; start a build, or end one."""
    if request.method == "POST":
        return _post(request, desk)
    builds = team.builds_of(desk)
    wanted = request.GET.get("build", "")
    ready = [made for made in builds if made.ready]
    shown = next((made for made in ready if made.job.id == wanted), ready[0] if ready else None)
    last = builds[0] if builds else None
    ident = shown.job.id if shown else ""
    values = {
        "job": last.job if last else None,
        "refresh": last is not None and last.job.running,
        "stop_url": _there(desk),
        "failed": last.job if last is not None and last.job.status == "failed" else None,
        "shown": _line(desk, shown, ident) if shown else None,
        "frame": reverse("document_view", args=[desk.store.name, ident])
        if shown and "review.html" in dict(shown.files)
        else "",
        "lines": [_line(desk, made, ident) for made in builds],
        "formats": [
            ("html", _("Web page")), ("docx", _("Word")), ("pdf", _("PDF")),
        ],
        "request_id": secrets.token_hex(16),
    }  # fmt: skip
    return show(request, "evisynth/document.html", values)


def _post(request: HttpRequest, desk: Desk) -> HttpResponse:
    given = request.POST
    if given.get("what") == "stop":
        team.stop_build(desk, given.get("job", ""))
        messages.success(request, _("It stops; the documents before stay."))
        return redirect(_there(desk))
    formats = tuple(name for name in FORMATS if name in given.getlist("format"))
    team.start_build(desk, formats, request_id=given.get("request_id", "")[:100])
    return redirect(_there(desk))


@page
def view(request: HttpRequest, desk: Desk, build: str) -> HttpResponse:
    """Give the document as a page that nothing can run in."""
    found = team.build_file(desk, build, "review.html")
    # scripts cannot run here; without them a browser does not complain that they cannot
    shown = SCRIPT.sub(b"", found.read_bytes())
    answer = HttpResponse(shown, content_type="text/html; charset=utf-8")
    answer["Content-Security-Policy"] = CLOSED
    return answer


@page
def file(request: HttpRequest, desk: Desk, build: str, name: str) -> HttpResponse:
    """Give a file that was built, to be kept."""
    found = team.build_file(desk, build, name)
    answer = FileResponse(found.open("rb"), as_attachment=True, filename=found.name)
    answer["Content-Security-Policy"] = CLOSED
    return answer  # type: ignore[return-value]  # a response that streams


class _Sink:
    """What a zip writes, taken piece by piece."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        data = b"".join(self.parts)
        self.parts.clear()
        return data


def _packed(files: list[tuple[str, Path]]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_DEFLATED) as packed:
        for name, found in files:
            with packed.open(f"out/{name}", "w", force_zip64=True) as out, found.open("rb") as read:
                while data := read.read(CHUNK):
                    out.write(data)
                    yield sink.taken()
    yield sink.taken()


@page
def whole(request: HttpRequest, desk: Desk, build: str) -> HttpResponse:
    """Give everything that was built as one file."""
    made = team.build_at(desk, build)
    if not made.ready:
        raise NotThereError(_("There is nothing built here."))
    files = [(name, team.build_file(desk, build, name)) for name, _size_ in made.files]
    answer = StreamingHttpResponse(_packed(files), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{desk.store.name}-out.zip"'
    return answer  # type: ignore[return-value]  # a response that streams


urlpatterns = [
    path("document/", document, name="document"),
    path("document/<slug:build>/view/", view, name="document_view"),
    path("document/<slug:build>/all/", whole, name="document_all"),
    path("document/<slug:build>/file/<path:name>", file, name="document_file"),
]
