"""Make labelled sets of hard cases at any size, and count what goes wrong.

usage: python hard.py --shared FOLDER [--size 20000] [--seeds 1 2 3] [--missing 0.04] [--show KIND]
                      [--peer PYTHON] [--work FOLDER]

Titles, authors and journals are those of real records. Each work gets copies as databases write
them, each copy with its own damage (``damage.py``), and about every fourth work gets another work
that must be kept apart (``negatives.py``). For each kind: merged/made; for each damage: copies
left/made. ``--missing`` is the share of copies that lack each of year, journal, volume, issue,
pages and DOI. ``--show`` prints the errors of a kind, a damage, ``all`` merged or ``left``.
"""

import argparse
import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from compare import peer_groups, write_csv
from damage import copy_of
from generated import seed_files, tool
from labelled import labels, score
from negatives import NEGATIVES, another

from evisynth.deduplication import DeduplicationResult, deduplicate
from evisynth.records import Record

SETS = ("stroke", "cytology_screening", "mis_baseline")


class Draw(random.Random):
    """A source of chance with a stock of titles, people, journals and abstracts."""

    def __init__(self, seed: int, shared: Path) -> None:
        super().__init__(seed)
        self.tool = tool(shared)
        titles, self.people, journals = self.tool.seeds(seed_files(shared, SETS))
        self.journals = sorted(set(journals))
        self.starts, self.follow = self.tool.chain(titles)
        kept = {re.sub(r"\W+", "", title).lower()[:40]: title for title in titles}
        self.titles = sorted(t for t in kept.values() if len(t) > 35 and t.count(" ") > 4)
        self.shuffle(self.titles)
        words = random.Random(0)
        self.abstracts = [
            "Background: " + ". ".join(self.made_up(words) for _ in range(5)) + "."
            for _ in range(3000)
        ]

    def made_up(self, rng: random.Random) -> str:
        """Return a title from the word chain of all titles."""
        return self.tool.new_title(self.starts, self.follow, rng)

    def title(self) -> str:
        """Return a real title that was not yet used, or one made up when there is none left."""
        return self.titles.pop() if self.titles else self.made_up(self)


def hard_set(shared: Path, size: int, seed: int, missing: float):
    """Return records, groups, kinds of hard negatives, damage of each record, and its work."""
    rng = Draw(seed, shared)
    records, of_work, kinds, damage = [], {}, {}, {}
    works = 0

    def put(record, work, done, source):
        name = f"h{len(records):07d}"
        records.append(replace(record, id=name, source=source))
        of_work[name] = work
        damage[name] = done
        return name

    while len(records) < size:
        title = rng.title()
        first = rng.randrange(1, 1900)
        work = {
            "title": title, "people": rng.choice(rng.people), "journal": rng.choice(rng.journals),
            "year": rng.randrange(1980, 2025), "volume": rng.randrange(3, 99),
            "issue": rng.randrange(1, 13), "pages": f"{first}-{first + rng.randrange(2, 20)}",
            "doi": f"10.{rng.randrange(1000, 1900)}/w{works}.{rng.randrange(10**5)}"
            if rng.random() < 0.8 else "",
            "pmid": str(10**6 + 37 * works), "abstract": rng.choice(rng.abstracts),
        }  # fmt: skip
        negative = None
        if rng.random() < 0.25:
            kind = rng.choice(NEGATIVES)
            negative = another(work, rng)
            kind(negative, work, rng)
        for number in range(1 if rng.random() > 0.45 else rng.choice([2, 2, 2, 3, 3, 4, 5])):
            put(*_with(copy_of(work, rng, missing), works, f"db{number}"))
        works += 1
        if negative is not None:
            for number in range(rng.choice([1, 1, 2])):
                name = put(*_with(copy_of(negative, rng, missing), works, f"db{number}"))
                kinds[name] = kind.__name__
            works += 1
    groups: dict[int, list[str]] = {}
    for name, work in of_work.items():
        groups.setdefault(work, []).append(name)
    return records, [ids for ids in groups.values() if len(ids) > 1], kinds, damage, of_work


def _with(made, work, source):
    return made[0], work, made[1], source


def main() -> None:
    """Print a table for each seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--missing", type=float, default=0.04)
    parser.add_argument("--show", default="", help="kind or damage whose errors are printed")
    parser.add_argument("--peer", default="", help="the Python of a venv with bib-dedupe 0.11.0")
    parser.add_argument("--work", type=Path, default=Path("/tmp/evisynth-dedup"))
    given = parser.parse_args()
    for seed in given.seeds:
        records, groups, kinds, damage, of_work = hard_set(
            given.shared, given.size, seed, given.missing
        )
        result = deduplicate(records)
        ours = [list(group) for group in result.groups]
        shown = Shown({record.id: record for record in records}, result, given.show)
        print(f"seed {seed}, evisynth, {len(result.doubtful)} pairs for a person")
        report(groups, kinds, damage, of_work, ours, shown)
        if given.peer:
            folder = given.work / f"hard_{given.size}_{seed}_{given.missing}"
            peer = peer_groups(given.peer, write_csv(records, folder), folder / "bib_dedupe.csv")
            print(f"seed {seed}, bib-dedupe 0.11.0")
            report(groups, kinds, damage, of_work, peer, None)


class Shown:
    """The records and the result, for errors that are to be printed."""

    def __init__(self, by_id: dict[str, Record], result: DeduplicationResult, what: str) -> None:
        self.by_id = by_id
        self.result = result
        self.what = what

    def show(self, labels_: list[str], one: str, two: str) -> None:
        """Print a pair if one of its labels is asked for."""
        if self.what not in labels_:
            return
        print("   ", " + ".join(labels_[1:]))
        for record in (self.by_id[one], self.by_id[two]):
            people = "; ".join(record.authors[:4])
            where = (record.year, record.journal, record.volume, record.issue, record.pages)
            print("      ", record.id, record.title, people, *where, record.doi, sep=" | ")
        result = self.result
        for said in (*result.merges, *result.doubtful, *result.links):
            if {said.first, said.second} == {one, two}:
                known = {key: word for key, word in said.agreement.items() if word != "missing"}
                print("       ", said.sentence, known, said.score)


def report(groups, kinds, damage, of_work, found_groups, shown: Shown | None) -> None:
    """Print what went wrong."""
    ids = list(of_work)
    numbers = score(ids, groups, found_groups)
    print(f"  {len(ids):,} records: copies removed {numbers['tp']}, works lost {numbers['fp']}, "
          f"copies left {numbers['fn']}, F1 {numbers['f1']:.5f}")  # fmt: skip
    found = labels(ids, found_groups)
    members: dict[object, list[str]] = {}
    for name in ids:
        members.setdefault(found[name], []).append(name)
    made, bad = Counter(kinds.values()), Counter()
    for name, kind in kinds.items():
        other = next((o for o in members[found[name]] if of_work[o] != of_work[name]), None)
        if other is not None:
            bad[kind] += 1
            if shown is not None:
                shown.show(["all", kind], other, name)
    print("  merged/made:", ", ".join(f"{kind} {bad[kind]}/{made[kind]}" for kind in sorted(made)))
    left, copies = Counter(), Counter()
    for group in groups:
        main_label = Counter(found[name] for name in group).most_common(1)[0][0]
        for name in group:
            what = damage[name] or ["nothing"]
            copies.update(what)
            if found[name] != main_label:
                left.update(what)
                if shown is not None:
                    anchor = next(o for o in group if found[o] == main_label)
                    shown.show(["left", *what], anchor, name)
    print("  copies left/made:", ", ".join(f"{w} {left[w]}/{copies[w]}" for w in sorted(left)))


if __name__ == "__main__":
    main()
