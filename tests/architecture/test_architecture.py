"""The house stands as CONTRIBUTING.md draws it."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "evisynth"
ROOMS = sorted(
    path.name for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").is_file()
)
LONGEST = 600
"""Lines of a file; longer ones hold more than one thing."""

HEAVY = (
    "pandas",
    "matplotlib",
    "pydantic",
    "docx",
    "weasyprint",
    "jinja2",
    "rich",
    "typer",
    "openpyxl",
    "scipy.stats",
    "scipy.optimize",
)
IMPORT_SECONDS = 0.2


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_layers_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [str(linter), "--no-cache"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


FURTHER_FACES = frozenset({"evisynth.actions.hosting", "evisynth.actions.team"})
"""Packages inside a room with a face of their own: the acts of a team load the storage, the others
do not."""


def test_rooms_are_entered_through_their_faces_only() -> None:
    """Another room is imported by its name, never a module inside it."""
    graph = grimp.build_graph("evisynth", cache_dir=None)
    room_of = {module: module.split(".")[1] for module in graph.modules if module.count(".") >= 1}
    through_walls = [
        f"{importer} imports {imported}"
        for importer, room in sorted(room_of.items())
        for imported in sorted(graph.find_modules_directly_imported_by(importer))
        if imported in room_of
        and room_of[imported] != room
        and imported.count(".") > 1
        and imported not in FURTHER_FACES
        # a face may show a function that has the name of its module (`figures.forest`)
        and not all(
            detail["line_contents"].startswith(f"from evisynth.{room_of[imported]} import")
            for detail in graph.get_import_details(importer=importer, imported=imported)
        )
    ]
    assert through_walls == []
    assert len(ROOMS) > 10, "the package was not found"


@pytest.mark.parametrize("room", ROOMS)
def test_face_of_a_room_says_what_it_shows(room: str) -> None:
    module = importlib.import_module(f"evisynth.{room}")
    assert module.__doc__, "a room says in a sentence what it is"
    assert module.__all__, "a room without __all__ has no face"
    missing = [name for name in module.__all__ if not hasattr(module, name)]
    assert missing == []


def test_public_names_are_what_all_says() -> None:
    """`evisynth.__all__` names what a person types after ``es.``, and all of it is there."""
    import evisynth

    assert len(set(evisynth.__all__)) == len(evisynth.__all__)
    missing = [name for name in evisynth.__all__ if not hasattr(evisynth, name)]
    assert missing == []
    assert set(evisynth.__all__) <= set(dir(evisynth))
    for name in ("effects", "pool", "subgroups", "meta_regression", "trim_and_fill", "figures"):
        assert name in evisynth.__all__


def test_import_loads_no_heavy_library() -> None:
    code = (
        "import sys, time; start = time.process_time(); import evisynth; "
        "print(time.process_time() - start); print(' '.join(sorted(sys.modules)))"
    )
    times = []
    for _ in range(3):
        seconds, loaded = run_python(code).split("\n", 1)
        times.append(float(seconds))
        heavy = [name for name in HEAVY if name in loaded.split()]
        assert heavy == []
    # the best of three: what the package costs, not what else the machine is doing
    assert min(times) < IMPORT_SECONDS


@pytest.mark.parametrize("room", ["stats", "effects", "synthesis"])
def test_numbers_wing_needs_numpy_and_scipy_alone(room: str) -> None:
    """With every other library out of reach the room can still be imported."""
    blocked = tuple(name for name in HEAVY if "." not in name)
    code = f"""
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ImportError("blocked: " + name)
sys.meta_path.insert(0, Wall())
import evisynth.{room}
"""
    run_python(code)


def python_files() -> Iterator[Path]:
    for place in ("src", "tests", "scripts", "validation", "benchmarks"):
        yield from sorted((ROOT / place).rglob("*.py"))


def test_no_file_is_too_long() -> None:
    files = list(python_files())
    assert len(files) > 50
    long = {
        str(path.relative_to(ROOT)): lines
        for path in files
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert long == {}


def test_every_module_and_public_function_has_a_docstring() -> None:
    bare = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not ast.get_docstring(tree):
            bare.append(str(path.relative_to(ROOT)))
    assert bare == []


def test_no_work_is_left_for_later() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "raise NotImplemented" + "Error")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if any(mark in line for mark in marks)
    ]
    assert found == []
