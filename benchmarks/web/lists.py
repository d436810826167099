"""Lists of a large review: how long each page of records takes, asked through the application.

::

    python benchmarks/web/lists.py                      # 50,000 records on SQLite
    python benchmarks/web/lists.py --records 5000

Each page is asked for six times; the slowest of the last five counts. What the first one took is
printed beside it: then the process reads columns, sorts, or searches for words not asked for yet.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

LIMIT = 0.3
"""Seconds that a page may take."""

WORDS = (
    "sleep", "walking", "trial", "adults", "insomnia", "group", "evening", "pain", "exercise",
    "cancer", "anxiety", "depression", "digital", "app", "web", "therapy", "cohort", "randomised",
    "controlled", "primary", "care", "nurse", "young", "older", "women", "effect", "outcome",
)  # fmt: skip

PLAN = """[review]
id = "large"
title = "Large"
date = "2026-01-01"
kind = "demonstration"
statement = "Made up."
[[people]]
id = "ann"
name = "Ann"
roles = ["reviewer", "lead"]
[[people]]
id = "ben"
name = "Ben"
roles = ["reviewer"]
[stages.title_abstract]
votes_needed = 2
[stages.title_abstract.reasons]
design = "Design"
[stages.full_text]
votes_needed = 2
[stages.full_text.reasons]
design = "Design"
"""

SEARCH = 'name = "Made"\nkind = "database"\nsearched = true\ndate = "2026-01-01"\n'


def fill(place: str, number: int) -> None:
    """Make a review with so many records, one in ten of them decided on."""
    from evisynth.actions import open_store
    from evisynth.records import Record
    from evisynth.storage import replace_records

    chance = random.Random(1)
    store = open_store(place)
    records = [
        Record(
            f"r{at}",
            " ".join(chance.choices(WORDS, k=12)),
            authors=("Lee, A", "Roth, B", "Okafor, C"),
            year=chance.randint(1990, 2026),
            journal="Journal of Made Up Things",
            abstract=" ".join(chance.choices(WORDS, k=220)) if at % 10 else "",
            source="made",
        )
        for at in range(number)
    ]
    replace_records(store, records)
    store.put("plan", ("review.toml",), {"text": PLAN}, actor="ann", act="plan")
    store.put("text", ("searches/made/search.toml",), {"text": SEARCH}, actor="ann", act="import")
    votes = [
        (
            "vote",
            ("title_abstract", f"r{at}", who, "reviewer"),
            {"verdict": chance.choice(("include", "exclude", "exclude", "exclude"))},
        )
        for at in range(number // 10)
        for who in (("ann", "ben") if at % 2 else ("ann",))
    ]
    for start in range(0, len(votes), 2000):
        store.put_many(votes[start : start + 2000], actor="ann", act="decide")
    tags = [("tag", (f"r{at}", "ann", "later"), {"date": "x"}) for at in range(0, number, 50)]
    store.put_many(tags, actor="ann", act="tag")
    store.close()


def cold_start(folder: Path, place: str) -> None:
    """Print how long a process that has just started reads the review."""
    from evisynth.actions import open_store
    from evisynth.actions.team import Board

    with open_store(place) as store:
        start = time.perf_counter()
        board = Board(store, folder).refresh()
        whole = time.perf_counter() - start
        start = time.perf_counter()
        board.waiting("title_abstract", "ann", limit=20)
        mixed = time.perf_counter() - start
    print(f"after a restart: {1000 * whole:.0f} ms, then the order of one person"
          f" {1000 * mixed:.0f} ms")  # fmt: skip


def main() -> int:
    """Make the review, ask for the pages, print how long they took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--records", type=int, default=50_000)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="evs-lists-"))
    from evisynth.web import prepare

    place = str(folder / ".evisynth" / "review.db")
    (folder / ".evisynth").mkdir()
    token = prepare(folder, place)
    started = time.perf_counter()
    fill(place, asked.records)
    print(f"{asked.records} records in {time.perf_counter() - started:.0f} s")
    cold_start(folder, place)
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    client.get(f"/?token={token}")
    client.post("/who/", {"person": "ann"})
    base = "/" + client.get("/")["Location"].strip("/")
    pages: dict[str, dict[str, object]] = {
        "first page": {},
        "page 500": {"page": 500},
        "one word": {"words": "insomnia"},
        "three words": {"words": "insomnia nurse r4"},
        "no hit": {"words": "zebrafish"},
        "the beginning of a word": {"words": "insom"},
        "two letters": {"words": "ca"},
        "a phrase": {"words": '"sleep walking trial"'},
        "words of one title": {"words": "nurse young older women"},
        "open": {"status": "open"},
        "excluded": {"status": "excluded"},
        "waiting for me": {"own": "waiting"},
        "not decided by me": {"own": "none"},
        "my tag": {"tag": "later"},
        "of one search": {"source": "made"},
        "without abstract": {"abstract": "without"},
        "with abstract": {"abstract": "with"},
        "years": {"year_from": 2000, "year_to": 2010},
        "by title": {"order": "title"},
        "newest first": {"order": "-year"},
        "open, newest first, a word": {"status": "open", "order": "-year", "words": "care"},
        "box of the flow": {"box": "records_excluded"},
    }
    slow = 0
    addresses = {"overview": f"{base}/", "searches": f"{base}/import/"}
    addresses |= {name: f"{base}/records/?{urlencode(query)}" for name, query in pages.items()}
    for name, address in addresses.items():
        start = time.perf_counter()
        client.get(address)
        first = time.perf_counter() - start
        times = []
        for _ in range(5):
            start = time.perf_counter()
            answer = client.get(address)
            times.append(time.perf_counter() - start)
            assert answer.status_code == 200, (name, answer.status_code)
        slow += max(times) > LIMIT
        mark = "  over the limit" if max(times) > LIMIT else ""
        print(
            f"{name:28} {1000 * min(times):7.0f} to {1000 * max(times):.0f} ms"
            f" (first {1000 * first:.0f}){mark}"
        )
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
