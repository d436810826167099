"""What all tests share: one thread for linear algebra, no screen, repeatable examples."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Before numpy is loaded: the matrices are small, and the tests run side by side.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ["MPLBACKEND"] = "Agg"

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

# The same examples on each run and machine; a slow machine is no failure.
settings.register_profile(
    "evisynth",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("evisynth")

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="session")
def copy_example() -> Callable[[str, Path], Path]:
    """Copies the input of an example, without what was built: (name, target) to the target."""

    def copy(name: str, target: Path) -> Path:
        source = EXAMPLES / name
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("out", ".evisynth"))
        return target

    return copy


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A new review, as `evisynth new` makes it."""
    from evisynth.actions import new_review

    return new_review(tmp_path / "small", title="Small review").folder


# PostgreSQL, started by the tests themselves from Debian's package


class PostgreSQL:
    """A server of its own in a folder of its own, reached by a socket only."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder
        self._count = 0
        # the server refuses to run as root
        self._as: dict[str, Any] = {}
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            import pwd

            names = {each.pw_name for each in pwd.getpwall()}
            user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            os.chown(folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.programs / name), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            **self._as,
        )
        assert done.returncode == 0, done.stderr + done.stdout

    def start(self) -> None:
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self.run(
            "initdb", "-D", data, "-U", "evisynth", "-A", "trust", "-E", "UTF8", "--no-sync",
            "--locale=C.UTF-8",
        )  # fmt: skip
        options = (
            f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=200"
            " -c shared_buffers=32MB"
        )
        # to the file: a pipe that the server holds open would never end
        self.run("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "-s", "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-s", "stop")

    def kill(self) -> None:
        """End the server as a crash would, and start it again."""
        self.stop()
        data, log = str(self.folder / "data"), str(self.folder / "log")
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=200"
        self.run("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "-s", "start")

    def address(self, name: str) -> str:
        return f"postgresql://evisynth@/{name}?host={self.folder}"

    def new(self) -> str:
        """Make an empty database and return its address."""
        import psycopg

        self._count += 1
        name = f"test_{self._count}"
        with psycopg.connect(
            host=str(self.folder), user="evisynth", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.address(name)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server; without its programs the tests that want it are skipped and say so."""
    places = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4])
    )
    if not places:
        pytest.skip("PostgreSQL is not installed (Debian, Ubuntu: apt install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="evs-pg-", dir="/tmp"))
    server = PostgreSQL(places[-1].parent, folder)
    try:
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database, of each sort in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'review.db'}"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.new()
