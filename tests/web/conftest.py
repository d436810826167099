"""The application in this process: Django is set up once, the review behind it changes.

The settings are made when the tests are collected, so that they are there before any other test
sets up Django for the storage alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from evisynth.web import prepare

TOKEN = "token-of-the-tests"

prepare(Path(tempfile.mkdtemp(prefix="evs-web-")), "", token=TOKEN)


class Site:
    """A review that the application serves, and clients that sit at it."""

    def __init__(self, folder: Path, place: str = "") -> None:
        from evisynth.actions import open_store

        self.folder, self.place = folder, place or str(folder / ".evisynth" / "review.db")
        self.store = open_store(self.place)
        self.show()

    def show(self) -> None:
        """Let the application serve this review from now on."""
        from evisynth.web import reviews

        reviews._stores.clear()
        settings.EVISYNTH_FOLDER = self.folder
        settings.EVISYNTH_STORE = self.place
        settings.EVISYNTH_PERSON = ""
        settings.EVISYNTH_TOKEN = TOKEN

    def client(self, person: str) -> Any:
        """A browser in which this person said who they are."""
        from django.test import Client

        client = Client(raise_request_exception=True, SERVER_NAME="localhost")
        client.get(f"/?token={TOKEN}")
        answer = client.post("/who/", {"person": person})
        assert answer.status_code == 302, answer.content
        return client

    @property
    def base(self) -> str:
        return f"/r/{self.store.name}"

    @property
    def api(self) -> str:
        return f"/api/v1/reviews/{self.store.name}"


@pytest.fixture
def site() -> Callable[..., Site]:
    """Makes a review the one that is served: (folder, address of its database)."""
    return Site
