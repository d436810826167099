"""The services on this machine, and a client that does not wait."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evisynth.connectors import Client, Patience, own_hosts


def load_replay() -> ModuleType:
    """Load the server, also where the tests are no package."""
    name = "connectors_replay"
    if name not in sys.modules:
        path = Path(__file__).with_name("replay.py")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key, address or proxy of the person who runs the tests is used."""
    for name in ("NCBI_API_KEY", "OPENALEX_API_KEY", "SCOPUS_API_KEY", "SCOPUS_INSTTOKEN",
                 "WOS_API_KEY", "EMAIL"):  # fmt: skip
        monkeypatch.delenv(f"EVISYNTH_{name}", raising=False)
    monkeypatch.setenv("EVISYNTH_KEYS", str(tmp_path / "no-keys.toml"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setattr("evisynth.connectors.journal.os.fsync", lambda _: None)  # slow, not tested


@pytest.fixture(scope="session")
def services() -> ModuleType:
    """The module with the server and its world."""
    return load_replay()


@pytest.fixture
def replay() -> Iterator[Any]:
    with load_replay().serving() as made:
        yield made


@pytest.fixture
def world() -> Any:
    return load_replay().World


@pytest.fixture
def slept() -> list[float]:
    """Seconds that a client would have waited."""
    return []


@pytest.fixture
def make_client(replay: Any, slept: list[float]) -> Iterator[Callable[..., Client]]:
    """Makes clients whose clock moves only when they wait."""
    made: list[Client] = []
    ticks = [0.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        ticks[0] += seconds

    def make(**kwargs: Any) -> Client:
        patience = kwargs.pop("patience", Patience(tries=4, first_wait=0.5, timeout=5.0))
        client = Client(
            kwargs.pop("contact", "reviewer@example.org"),
            patience=patience,
            own_hosts=own_hosts({"all": replay.url}),
            sleep=sleep,
            clock=lambda: ticks[0],
            now=kwargs.pop("now", lambda: datetime(2026, 3, 2, 10, 0, tzinfo=UTC)),
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()
