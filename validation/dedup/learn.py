"""Learn the match weights on labelled sets.

A logistic regression on the levels of agreement, each labelled pair seen whole and with fields
struck out at random (so that the weights hold where databases leave pages, volume or year empty).
Agreement may not count against a pair nor difference for it (bounds on the signs); a ridge keeps
the weights of rare levels small. Every set weighs the same, whatever its size.

usage: python learn.py --shared FOLDER [--write]      (--write replaces the weights of the package)
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
from generated import generated_set
from labelled import labels, read_groups, read_records
from scipy.optimize import minimize

from evisynth.deduplication import levels
from evisynth.deduplication.block import KeyIndex, candidate_pairs
from evisynth.deduplication.compare import compare
from evisynth.deduplication.prepare import JournalTable, prepare

SETS = ("stroke", "cytology_screening", "mis_baseline", "special_cases")
SHARE = {"special_cases": 0.05}
RIDGE = 0.02
COPIES = 6
MERGE_FROM, DOUBT_FROM = 1.5, -2.0
FOR = {
    "title": {"same", "same_short", "spelling", "subtitle"},
    "authors": {"same", "part"},
    "initial": {"same"},
    "year": {"same"},
    "journal": {"same", "short"},
    "volume": {"same"},
    "issue": {"same"},
    "pages": {"same", "near"},
    "doi": {"same"},
    "abstract": {"same"},
}
AGAINST = {
    "title": {"other_words", "other_numbers", "like", "unlike"},
    "authors": {"first", "other"},
    "initial": {"other"},
    "year": {"near", "far", "ahead"},
    "journal": {"other"},
    "volume": {"other"},
    "issue": {"other"},
    "pages": {"other"},
    "doi": {"other", "other_registrant"},
    "abstract": {"other"},
}
STRUCK = (("pages", "volume", "issue"), ("year",), ("journal",), ("doi",), ("abstract",),
          ("issue",), ("pages",), ("volume",), ("authors", "initial"))  # fmt: skip


def labelled_pairs(records, groups):
    """Return levels and labels of the candidate pairs of a set."""
    journals = JournalTable()
    columns = prepare(records, journals)
    first, second = candidate_pairs(columns, KeyIndex(), 0)
    pairs = compare(columns, journals, first, second)
    of = labels(columns.id.tolist(), groups)
    names = columns.id
    same = [of[names[a]] == of[names[b]] for a, b in zip(first, second, strict=True)]
    return pairs.levels, np.array(same, dtype=bool)


def struck_out(table, rng):
    """Return the pairs once whole and ``COPIES`` times with fields struck out."""
    places = {name: k for k, name in enumerate(levels.FIELDS)}
    parts = [table]
    for _ in range(COPIES):
        copy = table.copy()
        for names in STRUCK:
            gone = rng.random(len(copy)) < 0.25
            for name in names:
                copy[gone, places[name]] = 0
        parts.append(copy)
    return np.concatenate(parts)


def design():
    """Return one column a (field, level) and the bounds of its weight."""
    columns, bounds = [], []
    for field, (name, kind) in enumerate(zip(levels.FIELDS, levels.LEVELS, strict=True)):
        for level in kind:
            if level:
                word = level.name.lower()
                columns.append((field, int(level), name, word))
                bounds.append(
                    (
                        0.0 if word in FOR[name] else None,
                        0.0 if word in AGAINST[name] else None,
                    )
                )
    return columns, bounds


def learn(sets, seed=20):
    """Return the weights, as the JSON form of the package, from (levels, labels, share) of sets."""
    rng = np.random.default_rng(seed)
    columns, bounds = design()
    rows, answers, shares = [], [], []
    for table, same, share in sets:
        big = struck_out(table, rng)
        rows.append(np.stack([big[:, f] == level for f, level, _, _ in columns], axis=1))
        answers.append(np.tile(same, COPIES + 1))
        shares.append(np.full(len(big), share / len(big)))
    x = np.concatenate(rows).astype(float)
    y = np.where(np.concatenate(answers), 1.0, -1.0)
    share = np.concatenate(shares)
    share /= share.sum()

    def loss(beta):
        margin = y * (x @ beta[1:] + beta[0])
        value = share @ np.logaddexp(0, -margin) + RIDGE * 0.01 * (beta[1:] @ beta[1:])
        slope = -share * y / (1 + np.exp(np.clip(margin, -500, 500)))
        return value, np.r_[slope.sum(), slope @ x + 2 * RIDGE * 0.01 * beta[1:]]

    start = np.zeros(x.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(None, None), *bounds])
    if not found.success:
        raise SystemExit(f"the weights were not found: {found.message}")
    bits = found.x / math.log(2)
    weights: dict[str, dict[str, float]] = {name: {} for name in levels.FIELDS}
    for (_, _, name, word), value in zip(columns, bits[1:], strict=True):
        weights[name][word] = round(float(value), 3) + 0.0
    return {
        "learnt_on": "see validation/dedup/README.md",
        "scale": "log2 odds",
        "intercept": round(float(bits[0]), 3),
        "merge_from": MERGE_FROM,
        "doubt_from": DOUBT_FROM,
        "weights": weights,
    }


def training_sets(shared: Path, without: str = ""):
    """Return the labelled sets but one, and a generated set whose seeds leave that one out."""
    folder = shared / "data" / "dedup"
    names = [name for name in SETS if name != without]
    sets = []
    for name in names:
        table, same = labelled_pairs(
            read_records(folder / name), read_groups(folder / name / "merged_record_ids.csv")
        )
        sets.append((table, same, SHARE.get(name, 1.0)))
    seeds = [name for name in ("stroke", "cytology_screening") if name != without]
    records, groups = generated_set(shared, 4_000, seeds)
    table, same = labelled_pairs(records, groups)
    sets.append((table, same, 1.0))
    return sets


def main() -> None:
    """Learn on every set and print or write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    text = json.dumps(learn(training_sets(given.shared)), indent=2) + "\n"
    if given.write:
        import evisynth.deduplication

        target = Path(evisynth.deduplication.__file__).with_name("weights.json")
        target.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
