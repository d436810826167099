"""Many people at once through the application: nothing lost, nothing twice, on both databases."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path
from typing import Any

from tests.web.worlds import RECORDS, make_folder

from evisynth.actions.thaw import thaw_review

WHO = ("ann", "ben", "cleo")
WINDOWS = 3
"""Each person has the card open so often, and every post goes out twice."""


def test_what_is_acknowledged_is_kept_once(site: Any, database: str, tmp_path: Path) -> None:
    folder = make_folder(
        tmp_path / "review", title_abstract="votes_needed = 3", full_text="votes_needed = 3"
    )
    served = site(folder, database)
    thaw_review(folder, database=database)
    kept: dict[tuple[str, str], list[int]] = {}
    errors: list[BaseException] = []
    lock = threading.Lock()

    def work(who: str, window: int) -> None:
        try:
            client = served.client(who)
            order = list(RECORDS)
            random.Random(f"{who}{window}").shuffle(order)
            for record in order:
                body = {
                    "record": record, "verdict": "exclude", "note": f"{window}",
                    "request_id": f"{who}-{window}-{record}", "tags": [who],
                }  # fmt: skip
                for _ in range(2):
                    answer = client.post(
                        f"{served.api}/stages/title_abstract/decisions",
                        json.dumps(body),
                        content_type="application/json",
                    )
                    # once all have decided, the windows that come late are told so
                    assert answer.status_code in (200, 409), answer.content
                    if answer.status_code == 200:
                        with lock:
                            kept.setdefault((who, record), []).append(answer.json()["version"])
        except BaseException as error:  # noqa: BLE001 - looked at below
            errors.append(error)
        finally:
            served.store.close()

    threads = [
        threading.Thread(target=work, args=(who, window))
        for who in WHO
        for window in range(WINDOWS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    votes = served.store.values("vote")
    assert {(key[2], key[1]) for key in votes} == set(kept)
    assert len(votes) == len(WHO) * len(RECORDS)
    verification, apart = served.store.verify()
    assert verification.ok
    assert apart == ()
    # each request has written at most one entry about a vote
    requests = [entry.request for entry in served.store.history("vote")]
    assert len(requests) == len(set(requests))
