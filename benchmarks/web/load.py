"""Many reviewers deciding at once, against the real server: how long each waits, and what is kept.

::

    python benchmarks/web/load.py                       # SQLite
    python benchmarks/web/load.py --database postgresql://user@host/name
    python benchmarks/web/load.py --postgresql          # a server of its own, from Debian's package

Each reviewer has a connection and a queue, decides, waits a moment, decides again. The server is
another process. At the end every acknowledged decision must stand in the store, and the history
must verify.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

TOKEN = "load"
WORDS = (
    "sleep", "walking", "trial", "adults", "insomnia", "group", "evening", "pain", "exercise",
    "cancer", "anxiety", "depression", "digital", "app", "web", "therapy", "cohort", "randomised",
    "controlled", "primary", "care", "nurse", "young", "older", "women",
)  # fmt: skip


def make_folder(folder: Path, records: int, people: int) -> None:
    """Write a review with so many records and reviewers."""
    chance = random.Random(1)
    search = folder / "searches" / "made"
    search.mkdir(parents=True)
    persons = "".join(
        f'\n[[people]]\nid = "p{number}"\nname = "Person {number}"\nroles = ["reviewer"]\n'
        for number in range(people)
    )
    (folder / "review.toml").write_text(
        '[review]\nid = "load"\ntitle = "Load"\ndate = "2026-01-01"\nkind = "demonstration"\n'
        'statement = "Made up."\n[question]\ntext = "Does it work?"\npopulation = "P"\n'
        'intervention = "I"\ncomparator = "C"\noutcomes = "O"\n'
        '[criteria]\ninclude = ["a"]\nexclude = ["b"]\n'
        + persons
        + "[stages.title_abstract]\nvotes_needed = 2\n[stages.title_abstract.reasons]\n"
        'design = "Design"\n[stages.full_text]\nvotes_needed = 2\n'
        '[stages.full_text.reasons]\ndesign = "Design"\n',
        encoding="utf-8",
    )
    (search / "search.toml").write_text(
        'name = "Made"\nkind = "database"\nsearched = true\ndate = "2026-01-01"\n'
        f"found = {records}\n",
        encoding="utf-8",
    )
    (search / "query.txt").write_text("made\n", encoding="utf-8")
    with (search / "export.ris").open("w", encoding="utf-8") as file:
        for number in range(records):
            title = " ".join(chance.choices(WORDS, k=12))
            abstract = " ".join(chance.choices(WORDS, k=200))
            file.write(
                f"TY  - JOUR\nID  - r{number}\nAU  - Author{number}, A\nTI  - {title} {number}\n"
                f"AB  - {abstract}\nPY  - {1990 + number % 35}\nJO  - Journal\nER  - \n\n"
            )


class Reviewer:
    """One person at a browser, without the browser."""

    def __init__(self, port: int, number: int) -> None:
        self.port, self.person = port, f"p{number}"
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.cookies: dict[str, str] = {}
        self.decisions: list[float] = []
        self.queues: list[float] = []
        self.kept: list[str] = []
        self.chance = random.Random(number)

    def ask(self, method: str, path: str, body: str = "", kind: str = "") -> tuple[int, bytes]:
        headers = {"Cookie": "; ".join(f"{name}={text}" for name, text in self.cookies.items())}
        if body:
            headers |= {"Content-Type": kind, "X-CSRFToken": self.cookies.get("csrftoken", "")}
        self.connection.request(method, path, body or None, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, text = line.partition(";")[0].partition("=")
            self.cookies[name] = text
        return answer.status, content

    def enter(self) -> None:
        self.ask("GET", f"/?token={TOKEN}")
        self.ask("GET", "/who/")
        form = urlencode({"person": self.person})
        status, _ = self.ask("POST", "/who/", form, "application/x-www-form-urlencoded")
        assert status == 302, status

    def work(self, until: float, pause: float) -> None:
        api = "/api/v1/reviews/review/stages/title_abstract"
        waiting: list[str] = []
        number = 0
        time.sleep(self.chance.random() * max(pause, 0.05))
        while time.monotonic() < until:
            if len(waiting) <= 10:
                known = urlencode({"limit": 20, "known": "\x1f".join(waiting)})
                start = time.perf_counter()
                status, content = self.ask("GET", f"{api}/queue?{known}")
                self.queues.append(time.perf_counter() - start)
                assert status == 200, content
                waiting += [made["id"] for made in json.loads(content)["records"]]
            record = waiting.pop(0)
            number += 1
            verdict = self.chance.choice(["include", "exclude", "exclude", "maybe"])
            body = {"record": record, "verdict": verdict, "request_id": f"{self.person}-{number}"}
            start = time.perf_counter()
            status, content = self.ask(
                "POST", f"{api}/decisions", json.dumps(body), "application/json"
            )
            self.decisions.append(time.perf_counter() - start)
            if status == 200:
                self.kept.append(record)
            else:  # others closed it in the meantime
                assert status == 409, (status, content)
            time.sleep(self.chance.uniform(0.5, 1.5) * pause)


def share(times: list[float], percent: float) -> float:
    """Return a percentile in milliseconds."""
    ordered = sorted(times)
    return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def serve(folder: str, place: str) -> None:
    from evisynth.web import prepare, serve_review

    token = prepare(Path(folder), place, token=TOKEN)
    serve_review(token, ready=lambda served: print(served.port, flush=True))


def run(place: str, folder: Path, people: int, seconds: float, pause: float) -> dict[str, Any]:
    """Let them all decide; return what was measured."""
    from evisynth.actions import open_store

    server = subprocess.Popen(
        [sys.executable, __file__, "--serve", str(folder), "--database", place],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        team = [Reviewer(port, number) for number in range(people)]
        for each in team:
            each.enter()
        first = []
        for each in team:  # people come one by one; the order of each is mixed when they come
            start = time.perf_counter()
            each.ask("GET", "/api/v1/reviews/review/stages/title_abstract/queue")
            first.append(time.perf_counter() - start)
        until = time.monotonic() + seconds
        errors: list[BaseException] = []

        def guarded(each: Reviewer) -> None:
            try:
                each.work(until, pause)
            except BaseException as error:  # noqa: BLE001 - raised again below
                errors.append(error)

        threads = [threading.Thread(target=guarded, args=(each,)) for each in team]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
    finally:
        server.terminate()
        server.wait()
    store = open_store(place)
    there = {key[1:3] for key in store.values("vote")}
    acknowledged = {(record, each.person) for each in team for record in each.kept}
    verification, apart = store.verify()
    decisions = [each for made in team for each in made.decisions]
    queues = [each for made in team for each in made.queues]
    return {
        "people": people,
        "seconds": seconds,
        "pause_s": pause,
        "decisions": len(decisions),
        "per_second": round(len(decisions) / seconds, 1),
        "decision_ms": {str(p): round(share(decisions, p), 1) for p in (50, 95, 99)},
        "first_queue_ms": {str(p): round(share(first[1:] or first, p), 1) for p in (50, 95)},
        "queue_ms": {str(p): round(share(queues, p), 1) for p in (50, 95, 99)},
        "acknowledged": len(acknowledged),
        "lost": len(acknowledged - there),
        "history": "whole" if verification.ok and not apart else "BROKEN",
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--database", default="")
    asked.add_argument("--postgresql", action="store_true", help="start one from Debian's package")
    asked.add_argument("--records", type=int, default=20_000)
    asked.add_argument("--people", type=int, default=50)
    asked.add_argument("--seconds", type=float, default=20)
    asked.add_argument("--pause", type=float, default=1.0, help="between two decisions, on average")
    asked.add_argument("--serve", default="", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.serve:
        serve(given.serve, given.database)
        return
    from evisynth.actions.thaw import thaw_review

    top = Path(tempfile.mkdtemp(prefix="evs-load-"))
    postgres = None
    try:
        folder = top / "review"
        make_folder(folder, given.records, given.people)
        place = given.database or str(folder / ".evisynth" / "review.db")
        if given.postgresql:
            sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
            from tests.conftest import PostgreSQL

            programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
            (top / "pg").mkdir()
            top.chmod(0o755)
            postgres = PostgreSQL(programs, top / "pg")
            postgres.start()
            place = postgres.new()
        start = time.perf_counter()
        thaw_review(folder, database=place)
        made = {"database": place.partition(":")[0] if "://" in place else "sqlite"}
        made |= {"records": given.records, "read_s": round(time.perf_counter() - start, 1)}
        made |= run(place, folder, given.people, given.seconds, given.pause)
        print(json.dumps(made, indent=1))
    finally:
        if postgres is not None:
            postgres.stop()
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    main()
