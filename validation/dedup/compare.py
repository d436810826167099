"""Deduplicate the labelled sets with evisynth and with bib-dedupe, and write the table.

usage: python compare.py --shared FOLDER [--peer PYTHON] [--work FOLDER] [--write]

--peer   the Python of a venv with bib-dedupe 0.11.0; its groups are kept in --work and used again
--write  replace the table in README.md and the numbers in results.json

For each labelled set the weights are learnt anew without it ("held out"); "shipped" are the weights
of the package, which were learnt on all of them.
"""

import argparse
import csv
import json
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import learn
from generated import generated_kinds
from labelled import labels, read_groups, read_records, score

from evisynth.deduplication import Weights, deduplicate
from evisynth.records import Record

HERE = Path(__file__).parent
VARIANTS = {
    "": (),
    "no pages, volume, issue": ("pages", "volume", "number", "issue"),
    "no pages, volume, issue, year": ("pages", "volume", "number", "issue", "year"),
}
GENERATED = 10_001
COLUMNS = ("ID", "ENTRYTYPE", "title", "author", "year", "journal", "volume", "number", "pages",
           "doi", "abstract")  # fmt: skip
HEAD = ("set", "tool", "records", "copies removed", "works lost", "of them not by bib-dedupe",
        "copies left", "precision", "recall", "F1", "pairs for a person")  # fmt: skip


def struck(records: list[Record], fields: tuple[str, ...]) -> list[Record]:
    """Return the records with fields emptied."""
    empty = {name: None if name == "year" else "" for name in fields if name != "number"}
    return [replace(record, **empty) for record in records] if fields else records


def write_csv(records: list[Record], folder: Path) -> Path:
    """Write a set in the form that the peer reads."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "records_pre_merged.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for r in records:
            writer.writerow([r.id, "article", r.title, " and ".join(r.authors), r.year or "",
                             r.journal, r.volume, r.issue, r.pages, r.doi, r.abstract])  # fmt: skip
    return path


def peer_groups(python: str, records_path: Path, out: Path) -> list[list[str]]:
    """Return the groups of bib-dedupe; run it only if its answer is not kept."""
    if not out.exists():
        script = HERE / "run_bib_dedupe.py"
        subprocess.run([python, str(script), str(records_path), str(out)], check=True,
                       capture_output=True)  # fmt: skip
    return read_groups(out)


def flagged(path: Path) -> tuple[list[Record], set[str]]:
    """Read the EndNote XML whose captions flag each member of a duplicate group."""
    records, copies = [], set()

    def text(node: ET.Element, where: str) -> str:
        found = node.find(where)
        return "".join(found.itertext()).strip() if found is not None else ""

    for number, node in enumerate(ET.parse(path).getroot().iter("record")):
        name = f"t{number}"
        year = text(node, "dates/year")[:4]
        people = [
            "".join(person.itertext()).strip()
            for person in node.findall("contributors/authors/author")
        ]
        records.append(Record(
            name, text(node, "titles/title"), tuple(people), int(year) if year.isdigit() else None,
            text(node, "periodical/full-title") or text(node, "titles/secondary-title"),
            text(node, "volume"), text(node, "number"), text(node, "pages"),
            text(node, "electronic-resource-num").lower(), "", "", text(node, "abstract"),
        ))  # fmt: skip
        if "duplicate" in text(node, "caption").lower():
            copies.add(name)
    return records, copies


def line(name: str, what: str, numbers: dict[str, float], own: str = "", doubtful: str = "") -> str:
    """Return one row of the table."""
    rates = (f"{numbers[key]:.4f}" for key in ("precision", "recall", "f1"))
    cells = (name, what, f"{numbers['n']:,}", numbers["tp"], numbers["fp"], own, numbers["fn"])
    return f"| {' | '.join(map(str, (*cells, *rates, doubtful)))} |"


def own_false_merges(
    ids: list[str], true: list[list[str]], ours: list[list[str]], peer: list[list[str]]
) -> int:
    """Count the works lost in ``ours`` that the peer does not lose to the same work."""
    work = labels(ids, true)
    together: dict[object, set[object]] = {}
    for group in peer:
        works = {work[name] for name in group}
        for one in works:
            together.setdefault(one, set()).update(works)
    lost = 0
    for group in ours:
        left = {work[name] for name in group}
        while left:
            reached = {left.pop()}
            while step := {w for one in reached for w in together.get(one, ())} & left:
                reached |= step
                left -= step
            lost += bool(left)
    return lost


def main() -> None:
    """Run everything and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--peer", default="")
    parser.add_argument("--work", type=Path, default=Path("/tmp/evisynth-dedup"))
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    rows: list[str] = []
    results: dict[str, dict[str, dict[str, float]]] = {}

    def run(name, records, groups, held_out):
        ids = [record.id for record in records]
        peer = None
        if given.peer:
            folder = given.work / name.replace(" ", "_").replace(",", "")
            peer = peer_groups(given.peer, write_csv(records, folder), folder / "bib_dedupe.csv")
        tools = {}
        for what, weights in (("held out", held_out), ("shipped", None)):
            if what == "held out" and weights is None:
                continue
            result = deduplicate(records, weights=weights)
            ours = [list(group) for group in result.groups]
            tools[what] = score(ids, groups, ours)
            own = "" if peer is None else str(own_false_merges(ids, groups, ours, peer))
            rows.append(
                line(name, f"evisynth, {what}", tools[what], own, str(len(result.doubtful)))
            )
        if peer is not None:
            tools["bib-dedupe 0.11.0"] = score(ids, groups, peer)
            rows.append(line(name, "bib-dedupe 0.11.0", tools["bib-dedupe 0.11.0"]))
        results[name] = tools

    for name in learn.SETS:
        folder = given.shared / "data" / "dedup" / name
        records, groups = read_records(folder), read_groups(folder / "merged_record_ids.csv")
        weights = Weights.read(json.dumps(learn.learn(learn.training_sets(given.shared, name))))
        for variant, fields in VARIANTS.items():
            if variant and name == "special_cases":
                continue
            run(f"{name} {variant}".strip(), struck(records, fields), groups, weights)
    records, groups, kinds = generated_kinds(given.shared, GENERATED)
    run(f"generated {GENERATED}", records, groups, None)

    result = deduplicate(records)
    true = labels([record.id for record in records], groups)
    merged = dict.fromkeys(sorted(set(kinds.values())), 0)
    for name, kind in kinds.items():
        merged[kind] += any(true[other] != true[name] for other in result.group_of(name))
    made = {kind: list(kinds.values()).count(kind) for kind in merged}
    negatives = ", ".join(f"{kind} {merged[kind]}/{made[kind]}" for kind in merged)

    tafenoquine, copies = flagged(
        given.shared / "data" / "dedup" / "tafenoquine" / "tafenoquine.xml"
    )
    grouped = {name for group in deduplicate(tafenoquine).groups for name in group}
    flags = (
        f"tafenoquine ({len(tafenoquine)} records, {len(copies)} flagged as having a copy): "
        f"{len(grouped & copies)} found, {len(grouped - copies)} grouped without a flag"
    )
    head = [f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|"]
    notes = [
        f"Hard negatives of the generated set, merged/made: {negatives}.",
        f"{flags[0].upper()}{flags[1:]}.",
    ]
    table = "\n".join([*head, *rows, "", notes[0], "", notes[1]])
    print(table)
    if given.write:
        readme = HERE / "README.md"
        text = readme.read_text(encoding="utf-8")
        head, _, rest = text.partition("<!-- table -->")
        _, _, tail = rest.partition("<!-- end of table -->")
        readme.write_text(
            f"{head}<!-- table -->\n\n{table}\n\n<!-- end of table -->{tail}", encoding="utf-8"
        )
        (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
