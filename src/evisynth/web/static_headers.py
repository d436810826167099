"""Headers of files that come with the package."""

from __future__ import annotations

from typing import Any

__all__ = ["static_headers"]

WORKER_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src blob:"
)
"""What a worker may do: run our own files and decode images by WebAssembly; nothing that stands in
a PDF, and nothing from elsewhere."""


def static_headers(headers: Any, path: str, url: str) -> None:
    """Give modules that run as workers a policy of their own; a page's does not reach them."""
    if url.endswith(".mjs"):
        headers["Content-Security-Policy"] = WORKER_POLICY
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
