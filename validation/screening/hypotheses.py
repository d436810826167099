"""Each hypothesis on the ranking, tried one by one on the labelled sets; writes hypotheses.json.

A run that broke off is taken up where it was.

    python validation/screening/hypotheses.py --data DATA [--seeds 3]

The products between all texts are formed once for each kind of text, so that a refit takes a
millisecond: the same model as in the package, without its handling of real input. To save time a
ranking is used for 1 + (records read) / 40 records. Numbers therefore differ from results.json in
the third digit.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
from common import HERE, QUESTIONS, SETS, rows_of

from evisynth.prioritization import draw_priors, order_metrics
from evisynth.prioritization.text import words_of

Array = np.ndarray[Any, Any]


@numba.njit(fastmath=True)  # type: ignore[untyped-decorator]
def descend(gram, rows, signs, costs, alpha, scores, steps=60, tolerance=0.02):  # type: ignore[no-untyped-def]
    """Dual coordinate descent of the squared hinge loss, from where it stood; bias 1."""
    for _ in range(steps):
        most = 0.0
        for i in range(len(rows)):
            row, ridge = rows[i], 1.0 / (2 * costs[i])
            slope = signs[i] * scores[row] - 1.0 + ridge * alpha[i]
            off = abs(slope) if alpha[i] > 0 else max(-slope, 0.0)
            most = max(most, off)
            if off < tolerance * 0.3:
                continue
            new = max(alpha[i] - slope / (gram[row, row] + 1.0 + ridge), 0.0)
            step = np.float32((new - alpha[i]) * signs[i])
            alpha[i] = new
            for j in range(gram.shape[1]):
                scores[j] += step * (gram[row, j] + np.float32(1.0))
        if most < tolerance:
            break


@dataclass
class Set:
    """A set: labels, both stages where known, texts without abstract, copies, and products."""

    name: str
    relevant: Array
    passed: Array | None
    bare: Array
    group: Array
    texts: dict[str, list[str]]
    grams: dict[tuple[str, float], Array]


@dataclass(frozen=True)
class Variant:
    """One hypothesis; the defaults are the model of the package but for its pivot."""

    text: str = "all"
    cost: float = 0.05
    ratio: float = 9.8
    sample: int = 200
    share: float = 0.5
    blend: tuple[tuple[str, float], ...] = ()
    second: str = ""
    dry: int = 0
    every: int = 2
    bare_offset: float = 0.0
    passed_weight: float | None = None
    votes: str = ""
    ask: bool = False
    priors: int = 1
    pivot: float = 0.0
    grouped: bool = False
    only_relevant: bool = False


class Model:
    """The ranking of one run."""

    def __init__(self, data: Set, variant: Variant, kind: str, seed: int) -> None:
        self.data, self.variant, self.gram = data, variant, gram_of(data, kind, variant.pivot)
        self.count = len(data.relevant)
        self.order = np.random.default_rng(seed).permutation(self.count)
        self.scores = np.zeros(self.gram.shape[0], np.float32)
        self.alpha: dict[int, tuple[float, float]] = {}
        self.known: dict[int, tuple[float, float]] = {}

    def add(self, row: int) -> None:
        self.known[row] = label_of(self.data, self.variant, row)

    def rank(self) -> Array:
        variant = self.variant
        rows, signs = list(self.known), [sign for sign, _ in self.known.values()]
        weights = [weight for _, weight in self.known.values()]
        if variant.ask:
            rows.append(self.count)
            signs.append(1.0)
            weights.append(1 / (1 + sum(sign > 0 for sign in signs[:-1])))
        y, w = np.array(signs), np.array(weights)
        up, down = w[y > 0].sum(), w[y < 0].sum()
        if up and down:
            w[y < 0] *= up / (variant.ratio * down)
        scale = len(w) / w.sum()
        sample = [row for row in self.order if row not in self.known][: variant.sample]
        if sample:
            each = variant.share * up / (variant.ratio * len(sample))
            rows, y = [*rows, *sample], np.r_[y, -np.ones(len(sample))]
            w = np.r_[w, np.full(len(sample), each)]
        if not (y > 0).any():
            return np.random.default_rng(len(self.known)).random(self.count)
        now = dict(zip((int(row) for row in rows), y, strict=True))
        for row, (alpha, sign) in list(self.alpha.items()):
            if now.get(row) != sign:
                self.scores -= np.float32(alpha * sign) * (self.gram[row] + np.float32(1.0))
                del self.alpha[row]
        alpha = np.array([self.alpha.get(int(row), (0.0, 0.0))[0] for row in rows])
        descend(self.gram, np.array(rows), y, variant.cost * w * scale, alpha, self.scores)
        self.alpha = {
            int(row): (float(a), float(sign)) for row, a, sign in zip(rows, alpha, y, strict=True)
        }
        found = self.scores[: self.count].astype(float)
        return found - variant.bare_offset * found.std() * self.data.bare


def label_of(data: Set, variant: Variant, row: int) -> tuple[float, float]:
    """Sign and weight of a label, as the hypothesis has it."""
    relevant = bool(data.relevant[row])
    if variant.votes:
        # two people who miss 15% of the relevant and take 3% of the rest
        draw = np.random.default_rng([5, row]).random(2)
        votes = (draw > 0.15) if relevant else (draw < 0.03)
        said = bool(votes[0]) if variant.votes == "one" else bool(votes.any())
        soft = variant.votes == "soft" and votes.sum() == 1
        return (1.0 if said else -1.0), (0.5 if soft else 1.0)
    if variant.passed_weight is not None and data.passed is not None:
        if relevant:
            return 1.0, 1.0
        return (1.0, variant.passed_weight) if data.passed[row] else (-1.0, 1.0)
    return (1.0 if relevant else -1.0), 1.0


def run(data: Set, variant: Variant, seed: int) -> dict[str, float]:
    """One run, with the refits thinned out."""
    kinds = [(variant.text, 1.0), *variant.blend]
    models = [(Model(data, variant, kind, seed), weight) for kind, weight in kinds]
    second = (
        Model(data, variant, variant.second, seed)
        if variant.second not in ("", "random", "uncertain")
        else None
    )
    priors = draw_priors(data.relevant.tolist(), variant.priors, seed)
    priors = priors[:1] if variant.only_relevant else priors
    seen = np.zeros(len(data.relevant), bool)
    order: list[int] = []
    dry, left = 0, int(data.relevant.sum())

    def read(row: int) -> None:
        nonlocal left
        seen[row] = True
        left -= int(data.relevant[row])
        for model, _ in models:
            model.add(row)
        if second is not None:
            second.add(row)

    def next_one(row: int) -> None:
        nonlocal dry
        order.append(row)
        dry = 0 if data.relevant[row] else dry + 1
        read(row)

    for row in priors:
        read(row)
    while left:
        if variant.dry and dry >= variant.dry and len(order) % variant.every == 0:
            if second is not None:
                scores = second.rank()
            elif variant.second == "uncertain":
                scores = -np.abs(models[0][0].rank())
            else:
                scores = np.random.default_rng(len(order)).random(len(seen))
        else:
            scores = np.zeros(len(seen))
            for model, weight in models:
                each = model.rank()
                scores += weight * (each - each.mean()) / (each.std() + 1e-9)
        ranked = np.argsort(-np.where(seen, -np.inf, scores), kind="stable")
        for row in ranked[: max(1, len(order) // 40)]:
            if seen[row] or not left:
                break
            next_one(int(row))
            if variant.grouped:  # copies are decided together with the record
                for copy in np.flatnonzero((data.group == data.group[row]) & ~seen):
                    next_one(int(copy))
    labels = np.zeros(len(seen) - len(priors), bool)
    labels[: len(order)] = data.relevant[order]
    found = order_metrics(labels.tolist())
    return {"loss": found.loss, "wss_95": found.wss_95, "ndcg": found.ndcg}


# ---- texts and their products ------------------------------------------------------------


def vectorizer(kind: str) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    common: dict[str, Any] = {"sublinear_tf": True, "max_df": 0.95, "dtype": np.float32}
    stems = {"tokenizer": words_of, "token_pattern": None, "lowercase": False}
    return TfidfVectorizer(**common, **{
        "plain": {"ngram_range": (1, 2)},
        "one": {"ngram_range": (1, 1)},
        "three": {"ngram_range": (1, 3)},
        "stop": {"ngram_range": (1, 2), "stop_words": "english"},
        "characters": {"analyzer": "char_wb", "ngram_range": (3, 5), "min_df": 2},
        "latent": {"ngram_range": (1, 1), "min_df": 2, **stems},
    }.get(kind, {"ngram_range": (1, 2), **stems}))  # fmt: skip


def shortened(rows: Any, maker: Any, texts: list[str], pivot: float) -> Any:
    """Rows of records with less text than usual made shorter; the question stays as it is."""
    from scipy.sparse import diags

    plain = maker.set_params(norm=None).fit_transform(texts)
    own = np.sqrt(np.asarray(plain.multiply(plain).sum(axis=1)).ravel())
    usual = own[own > 0].mean()
    kept = np.ones(rows.shape[0])
    kept[: len(own)] = own / np.maximum(np.maximum(own, (1 - pivot) * own + pivot * usual), 1e-9)
    return (diags(kept.astype(np.float32)) @ rows).tocsr()


def gram_of(data: Set, kind: str, pivot: float) -> Array:
    """Products between all texts of a kind, the question last."""
    if (kind, pivot) not in data.grams:
        title, abstract, keywords = (data.texts[part] for part in ("title", "abstract", "keywords"))
        parts = {
            "all": (title, title, abstract, keywords),
            "latent": (title, title, abstract, keywords),
            "title twice": (title, title, abstract),
            "with keywords": (title, abstract, keywords),
        }.get(kind, (title, abstract))
        texts = [" ".join(each) for each in zip(*parts, strict=True)]
        maker = vectorizer("plain" if kind == "keywords plain" else kind)
        maker.fit(texts)
        rows = maker.transform([*texts, QUESTIONS[data.name]])
        rows = shortened(rows, maker, texts, pivot) if pivot else rows
        if kind == "latent":
            from sklearn.decomposition import TruncatedSVD

            dense = TruncatedSVD(200, random_state=0).fit_transform(rows)
            dense /= np.linalg.norm(dense, axis=1, keepdims=True) + 1e-9
            data.grams[kind, pivot] = (dense @ dense.T).astype(np.float32)
        else:
            data.grams[kind, pivot] = np.asarray((rows @ rows.T).toarray(), np.float32)
    return data.grams[kind, pivot]


def load(data: Path, name: str) -> Set:
    rows = rows_of(data, name)
    passed = None
    if "label_abstract_screening" in rows[0]:
        passed = np.array([row["label_abstract_screening"] in ("1", "1.0") for row in rows])
    texts = {
        part: [row.get(part, "") for row in rows] for part in ("title", "abstract", "keywords")
    }
    place = {row["record_id"]: number for number, row in enumerate(rows)}
    kept = [row.get("duplicate_record_id", "").removesuffix(".0") for row in rows]
    group = np.array([place.get(each, number) for number, each in enumerate(kept)])
    return Set(
        name,
        np.array([row["label_included"] == "1" for row in rows]),
        passed,
        np.array([len(row["abstract"]) < 20 for row in rows], float),
        group,
        texts,
        {},
    )


U4 = {"cost": 0.11, "sample": 0}
VARIANTS: dict[str, Variant] = {
    "ELAS u4 rewritten": Variant("plain", **U4),  # type: ignore[arg-type]
    "u4, cost 0.3": Variant("plain", cost=0.3, sample=0),
    "u4, cost 0.05": Variant("plain", cost=0.05, sample=0),
    "u4, cost 0.01": Variant("plain", cost=0.01, sample=0),
    "cost 0.05, ratio 3": Variant("plain", ratio=3.0, sample=0),
    "cost 0.05, ratio 30": Variant("plain", ratio=30.0, sample=0),
    "cost 0.05, single words": Variant("one", sample=0),
    "cost 0.05, up to three words": Variant("three", sample=0),
    "cost 0.05, stop words left out": Variant("stop", sample=0),
    "cost 0.05, characters 3-5": Variant("characters", sample=0),
    "cost 0.05, plural endings cut": Variant("stems", sample=0),
    "plurals, title twice": Variant("title twice", sample=0),
    "plurals, keywords": Variant("with keywords", sample=0),
    "plurals, title twice, keywords": Variant(sample=0),
    "u4 and background sample": Variant("plain", cost=0.11),
    "all of these: the BASE of what follows": Variant(),
    "base, background weight 1": Variant(share=1.0),
    "base, cost 0.03": Variant(cost=0.03),
    "base, latent factors instead": Variant("latent"),
    "base blended with latent factors": Variant(blend=(("latent", 0.3),)),
    "base blended with characters": Variant(blend=(("characters", 0.3),)),
    "characters as second model when dry (50)": Variant(second="characters", dry=50),
    "latent as second model when dry (50)": Variant(second="latent", dry=50),
    "5% drawn by chance when dry (20)": Variant(second="random", dry=20, every=20),
    "5% uncertain when dry (20)": Variant(second="uncertain", dry=20, every=20),
    "no abstract: earlier (0.5 SD)": Variant(bare_offset=-0.5),
    "no abstract: later (0.5 SD)": Variant(bare_offset=0.5),
    "little text: held back (pivot 0.25): THE DEFAULT": Variant(pivot=0.25),
    "little text: held back (pivot 0.5)": Variant(pivot=0.5),
    "u4 and pivot 0.25": Variant("plain", pivot=0.25, **U4),  # type: ignore[arg-type]
    "default, marked duplicates decided together": Variant(pivot=0.25, grouped=True),
    "passed abstracts count 1": Variant(passed_weight=1.0),
    "passed abstracts count 0.3": Variant(passed_weight=0.3),
    "passed abstracts count 0.1": Variant(passed_weight=0.1),
    "one erring reviewer": Variant(votes="one"),
    "two erring reviewers, either": Variant(votes="either"),
    "two erring reviewers, soft": Variant(votes="soft"),
    "1+1 and the question": Variant(ask=True),
    "no priors, the question": Variant(ask=True, priors=0),
    "default, a key paper alone": Variant(only_relevant=True, pivot=0.25),
}


def same_start(variant: Variant) -> bool:
    """Whether a variant has the start and the labels of ASReview's runs: comparable with them."""
    plain = Variant()
    fields = ("passed_weight", "votes", "ask", "priors", "only_relevant", "grouped")
    return all(getattr(variant, name) == getattr(plain, name) for name in fields)


CHOICE = tuple(words for words, variant in VARIANTS.items() if same_start(variant))
"""What is chosen from, sets held out."""

SINGLE = tuple(
    words for words in CHOICE if not VARIANTS[words].blend and not VARIANTS[words].second
)
"""Those with one table of features, whose cost and memory stay those of one model."""


def held_out(
    table: dict[str, dict[str, dict[str, float]]], choice: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """For each set: what the other three would choose by loss, and what that gives here."""
    base, out = table["ELAS u4 rewritten"], {}
    for name in SETS:
        others = [each for each in SETS if each != name]

        def relative(variant: str, sets: list[str] = others) -> float:
            return float(np.mean([table[variant][s]["loss"] / base[s]["loss"] for s in sets]))

        best = min((variant for variant in choice if variant in table), key=relative)
        out[name] = {"chosen": best, **{f"{k}_{w}": t[name][k] for k in ("loss", "wss_95")
                     for w, t in (("chosen", table[best]), ("u4", base))}}  # fmt: skip
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE / "hypotheses.json")
    given = parser.parse_args()
    table: dict[str, dict[str, dict[str, float]]] = {name: {} for name in VARIANTS}
    if given.out.exists():
        table |= json.loads(given.out.read_text(encoding="utf-8"))["table"]
    for name in SETS:
        data = load(given.data, name)
        for words, variant in VARIANTS.items():
            if name in table[words]:
                continue
            runs = [run(data, variant, seed) for seed in range(1, given.seeds + 1)]
            table[words][name] = {
                key: round(float(np.mean([found[key] for found in runs])), 5) for key in runs[0]
            }
            print(name, words, table[words][name], flush=True)
            write(given.out, {"seeds": given.seeds, "table": table})
    write(given.out, {"seeds": given.seeds, "table": table, "held_out": held_out(table, CHOICE),
                      "held_out_single": held_out(table, SINGLE)})  # fmt: skip


def write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
