"""The application behind a server, on one's own machine."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["Served", "application", "prepare", "serve_review"]

THREADS = 8


class Served:
    """Where a review is served: its address with the token.

    Attributes
    ----------
    host, port : str, int
        Address and port.
    token : str
        What the address ends with.
    """

    def __init__(self, host: str, port: int, token: str) -> None:
        self.host, self.port, self.token = host, port, token

    @property
    def url(self) -> str:
        """The address that lets one in."""
        return f"http://{self.host}:{self.port}/?token={self.token}"


def prepare(folder: Path, store: str | Path, *, person: str = "", token: str = "") -> str:
    """Set the application up for one review on this machine; return its token.

    To be called before anything else of Django is used in this process.
    """
    from django.conf import settings

    from evisynth.web.settings import configure, secret_key

    given = token or secrets.token_urlsafe(24)
    configure(key=secret_key(folder / ".evisynth"))
    settings.EVISYNTH_TOKEN = given
    settings.EVISYNTH_FOLDER = folder.resolve()
    settings.EVISYNTH_STORE = store
    settings.EVISYNTH_PERSON = person
    return given


def application() -> Callable[..., Any]:
    """Return the WSGI application."""
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def serve_review(
    token: str,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    ready: Callable[[Served], None] | None = None,
) -> None:
    """Serve the review that was prepared until it is stopped.

    Parameters
    ----------
    token
        Of `prepare`.
    host, port
        Where; port 0 takes a free one.
    ready
        Called when the address can be opened.
    """
    from waitress.server import create_server  # type: ignore[import-untyped, unused-ignore]

    server = create_server(application(), host=host, port=port, threads=THREADS, ident=None)
    if ready is not None:
        ready(Served(host, int(server.effective_port), token))
    try:
        server.run()
    finally:
        server.close()
