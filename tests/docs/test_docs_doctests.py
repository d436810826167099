"""Every example in a docstring runs and gives what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import sys
import tempfile
from pathlib import Path

import pytest

import evisynth
from evisynth.web import prepare

prepare(Path(tempfile.mkdtemp(prefix="evs-doc-")), "")  # its modules want Django's settings

ROOT = Path(__file__).resolve().parents[2]
SERVER_ONLY = ("evisynth.web.accounts", "evisynth.web.server_urls")
"""They want a server's settings, and a process has one set of them; tests/server loads them."""
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(evisynth.__path__, "evisynth.")
    if not module.name.endswith("__main__")
    and ".migrations" not in module.name
    and not module.name.startswith(SERVER_ONLY)
)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def examples(name: str) -> list[doctest.DocTest]:
    importlib.import_module(name)
    # a room may put something else than a module under its name; the module is what was loaded
    module = sys.modules[name]
    if name.startswith("evisynth.web"):
        return []  # pages have no examples; what they call has
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [found for found in finder.find(module, name) if found.examples]


def test_modules_are_found_and_have_examples() -> None:
    assert len(MODULES) > 50
    assert sum(len(examples(name)) for name in MODULES) > 100


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")  # some read an example of the project
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for found in examples(name):
        runner.run(found)
    assert runner.failures == 0, capsys.readouterr().out
