"""Rankings: what they rest on, what they never learn from, and that nothing else moves them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from evisynth.errors import DataError, OptionError
from evisynth.prioritization import Label, Prioritizer, Ranking, part, parts_of
from evisynth.prioritization.features import Features, TfidfPairs, WordsAndPairs
from evisynth.prioritization.solver import fit_squared_hinge
from evisynth.records import Record

SAME = 2e-5
"""Float32 products of rows of length one."""

SOLVED = 2e-4
"""The system is solved to 1e-5 relative; LIBLINEAR stops near 1e-6 in its own measure."""


def made(count: int = 60, seed: int = 3) -> list[Record]:
    """Records of two subjects with noise; the first third is on sleep."""
    draw = np.random.default_rng(seed)
    noise = [f"word{n}" for n in range(200)]
    subjects = ("insomnia sleep trial patients", "pigs virus sequencing farm")
    return [
        Record(
            id=f"r{n}",
            title=subjects[0 if n < count // 3 else 1],
            abstract=" ".join(draw.choice(noise, 30)),
        )
        for n in range(count)
    ]


def test_learns_from_decisions() -> None:
    records = made()
    ranking = Prioritizer().rank(records, {"r0": True, "r59": False})
    assert set(ranking.records[:19]) == {f"r{n}" for n in range(1, 20)}
    assert (ranking.basis, ranking.relevant, ranking.irrelevant) == ("decisions", 1, 1)
    assert len(ranking) == 58
    assert list(ranking.scores) == sorted(ranking.scores, reverse=True)


def test_cold_start_from_question_criteria_and_key_papers() -> None:
    records = made()
    for how in (
        {"question": "insomnia in patients"},
        {"criteria": ["a trial on sleep"]},
        {"key_papers": [Record(id="k", title="Insomnia trial")]},
    ):
        ranking = Prioritizer().rank(records, {}, **how)
        assert ranking.basis == "question"
        assert set(ranking.records[:20]) == {f"r{n}" for n in range(20)}


def test_nothing_known_is_random_by_seed_and_says_so() -> None:
    records = made()
    one, same, other = (Prioritizer(seed=seed).rank(records, {}) for seed in (1, 1, 2))
    assert one.records == same.records != other.records
    assert one.basis == "random"
    assert "order is random (seed 1)" in one.notes[0]
    assert np.isnan(one.scores).all()
    only_irrelevant = Prioritizer().rank(records, {"r1": False})
    assert only_irrelevant.basis == "random"


def test_question_in_no_word_of_the_records_is_told() -> None:
    ranking = Prioritizer().rank(made(), {}, question="quark gluon")
    assert ranking.basis == "random"
    assert any("shares no word" in note for note in ranking.notes)


def test_only_relevant_decisions_still_rank() -> None:
    ranking = Prioritizer().rank(made(), {"r0": True})
    assert set(ranking.records[:19]) == {f"r{n}" for n in range(1, 20)}
    without = Prioritizer(balancer="ratio").rank(made(), {"r0": True})
    assert set(without.records[:19]) == {f"r{n}" for n in range(1, 20)}
    assert any("likeness" in note for note in without.notes)


@settings(max_examples=25, deadline=None)
@given(st.permutations(list(range(12))))
def test_order_of_decisions_does_not_matter(order: list[int]) -> None:
    records, decided = made(), {f"r{5 * n}": 5 * n < 20 for n in range(12)}
    names = list(decided)
    shuffled = {names[place]: decided[names[place]] for place in order}
    one, other = Prioritizer().rank(records, decided), Prioritizer().rank(records, shuffled)
    assert one.records == other.records
    assert one.fingerprint == other.fingerprint
    assert np.array_equal(one.scores, other.scores)


def test_earlier_rankings_leave_no_trace() -> None:
    prioritizer = Prioritizer()
    corpus = prioritizer.prepare(made())
    for number in range(1, 8):
        prioritizer.rank(corpus, {"r0": False, f"r{number}": True})
    fresh = Prioritizer().rank(made(), {"r0": True, "r40": False})
    again = prioritizer.rank(corpus, {"r0": True, "r40": False})
    assert again.records == fresh.records
    assert np.array_equal(again.scores, fresh.scores)


def test_never_learns_from_an_empty_record() -> None:
    """A decision on a record without text must not move the order (ASReview's collapsed start)."""
    records = [*made(), Record(id="empty", title="", abstract=" . ")]
    base = Prioritizer().rank(records, {"r0": True, "r59": False})
    with_empty = Prioritizer().rank(records, {"r0": True, "r59": False, "empty": True})
    assert base.without_text == ("empty",)
    assert base.records[-1] == "empty"
    assert with_empty.records == base.records[:-1]
    assert np.array_equal(with_empty.scores, base.scores[:-1])
    assert any("without any text not learned" in note for note in with_empty.notes)
    alone = Prioritizer().rank(records, {"empty": True, "r59": False})
    assert alone.basis == "random"


def test_empty_records_stand_last_in_random_order_too() -> None:
    records = [Record(id="empty", title=""), *made()]
    for query in parts_of("query"):
        assert Prioritizer(query=query).rank(records, {}).records[-1] == "empty"


def test_records_of_one_text_fall_back_and_say_so() -> None:
    records = [Record(id=str(n), title="The same title") for n in range(10)]
    ranking = Prioritizer().rank(records, {"0": True, "1": False})
    assert sorted(ranking.records) == [str(n) for n in range(2, 10)]
    assert any("texts of all records are the same" in note for note in ranking.notes)


@pytest.mark.parametrize(
    ("records", "decisions", "words"),
    [
        ([], {}, "no record to rank"),
        ([Record(id="a", title=""), Record(id="b", title="-")], {}, "none of the 2 records"),
        ([Record(id="a", title="x yz"), Record(id="a", title="yz")], {}, "'a' stands twice"),
        ([Record(id="a", title="sleep")], {"b": True}, "1 decision on records that are not here"),
    ],
)
def test_bad_input_is_told(records: list[Record], decisions: dict[str, bool], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Prioritizer().rank(records, decisions)


def test_question_belongs_to_prepare() -> None:
    corpus = Prioritizer().prepare(made())
    with pytest.raises(DataError, match="belong to prepare"):
        Prioritizer().rank(corpus, {}, question="sleep")


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"classifier": "linear-svn"}, "Did you mean 'linear-svm'"),
        ({"options": {"clasifier": {}}}, "options"),
        ({"options": {"classifier": {"cost": -1}}}, "above 0"),
        ({"options": {"balancer": {"sample": 0}}}, "above 0"),
        ({"options": {"features": {"most": 2}}}, "up to 1"),
        ({"options": {"features": {"pivot": 2}}}, "from 0 to 1"),
    ],
)
def test_wrong_settings_are_told_when_made(settings_: dict[str, object], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        Prioritizer(**settings_)  # type: ignore[arg-type]


def test_options_that_do_not_fit_are_told() -> None:
    with pytest.raises(DataError, match="do not fit the classifier"):
        Prioritizer(options={"classifier": {"price": 1}})


def test_fingerprint_changes_with_everything_that_counts() -> None:
    records = made()
    base = Prioritizer().rank(records, {"r0": True})
    others = [
        Prioritizer(seed=2).rank(records, {"r0": True}),
        Prioritizer().rank(records, {"r0": 0.5}),
        Prioritizer().rank(records, {"r0": Label(1.0, 0.5)}),
        Prioritizer().rank(records, {"r0": True}, question="sleep"),
        Prioritizer(options={"classifier": {"cost": 0.2}}).rank(records, {"r0": True}),
        Prioritizer().rank([replace(records[0], title="x"), *records[1:]], {"r0": True}),
    ]
    assert len({base.fingerprint, *(each.fingerprint for each in others)}) == 7


def test_soft_label_and_weight_count_less() -> None:
    records = made()

    def score(label: Label) -> float:
        found: Ranking = Prioritizer().rank(records, {"r0": label, "r30": True, "r59": False})
        return float(found.scores[found.records.index("r1")])

    assert score(Label(1.0)) > score(Label(0.5)) > score(Label(0.1))
    assert score(Label(1.0, 0.5)) == pytest.approx(score(Label(0.5)), abs=1e-9)


def test_every_classifier_balancer_and_extractor_ranks() -> None:
    """One battery for all registered parts."""
    records, decided = made(), {"r0": True, "r1": True, "r58": False, "r59": False}
    for features in parts_of("features"):
        for classifier in parts_of("classifier"):
            for balancer in parts_of("balancer"):
                ranking = Prioritizer(features, classifier, balancer).rank(records, decided)
                hits = {f"r{n}" for n in range(20)} & set(ranking.records[:18])
                assert len(hits) == 18, (features, classifier, balancer)


@pytest.mark.parametrize("query", parts_of("query"))
def test_every_query_gives_each_place_once(query: str) -> None:
    scores = np.array([0.3, -0.5, 0.0, 2.0, 0.1])
    found = part("query", query).make().order(scores, 1, 3)
    assert sorted(found.tolist()) == [0, 1, 2, 3, 4]


def test_random_share_draws_the_share_asked_for() -> None:
    scores = np.linspace(1, 0, 1000)
    order = part("query", "random-share").make(share=0.1).order(scores, 1, 0)
    by_chance = order[9::10]
    assert not np.array_equal(by_chance, np.sort(by_chance))
    assert (np.diff(np.delete(order, np.arange(9, 1000, 10))) > 0).all()


def test_products_are_those_of_the_full_matrix() -> None:
    """Terms of one text are left out of the matrix and change no product."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [f"{record.title} {record.abstract} only{n}" for n, record in enumerate(made(30))]
    full = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_df=0.95).fit_transform(texts)
    found = WordsAndPairs(stems=False, pivot=0.0).extract(texts, 30)
    gram = (found.matrix @ found.matrix.T).toarray() + np.diag(found.rest)
    assert np.abs(gram - (full @ full.T).toarray()).max() < SAME
    assert found.matrix.shape[1] < full.shape[1]


def test_both_extractors_agree_on_the_question() -> None:
    texts = [f"{record.title} {record.abstract}" for record in made(30)]
    asked = [*texts, "insomnia sleep virus"]
    one, other = WordsAndPairs(stems=False, pivot=0.0), TfidfPairs()
    products = [
        (found.matrix[:30] @ found.matrix[30].T).toarray().ravel()
        for found in (one.extract(asked, 30), other.extract(asked, 30))
    ]
    assert np.abs(products[0] - products[1]).max() < SAME


def test_records_with_little_text_are_held_back() -> None:
    """Their rows are shorter than one as the formula says; the question's row is not."""
    texts = ["sleep trial", "sleep trial adults insomnia night rest", "virus", "sleep"]
    full, held = (WordsAndPairs(pairs=False, pivot=p).extract(texts, 3) for p in (0.0, 0.5))

    def lengths(found: Features) -> np.ndarray:
        squares = np.asarray(found.matrix.multiply(found.matrix).sum(axis=1)).ravel() + found.rest
        return np.sqrt(squares)

    assert lengths(full) == pytest.approx(np.ones(4), abs=SAME)
    weight = {"sleep": np.log(4 / 3) + 1, "trial": np.log(4 / 3) + 1, "other": np.log(2.0) + 1}
    own = np.array([
        np.hypot(weight["sleep"], weight["trial"]),
        np.sqrt(2 * weight["sleep"] ** 2 + 4 * weight["other"] ** 2),
        weight["other"],
    ])  # fmt: skip
    aim = np.maximum(own, (own + own.mean()) / 2)
    assert lengths(held) == pytest.approx([*(own / aim), 1.0], abs=SAME)


def test_scripts_without_spaces_are_read_in_pairs_of_signs() -> None:
    """A title of another wording is still alike: no run of signs is one word."""
    records = [
        Record(id="a", title="成人睡眠随机对照试验"),
        Record(id="b", title="农场猪病毒测序研究"),
        Record(id="c", title="儿童睡眠试验"),
        Record(id="d", title="猪病毒"),
    ]
    assert Prioritizer().rank(records, {"a": True, "b": False}).records == ("c", "d")
    assert Prioritizer().rank(records, {}, question="睡眠").records[:2] == ("c", "a")


def test_letters_written_in_two_ways_are_one() -> None:
    import unicodedata

    records = [
        Record(id="a", title=unicodedata.normalize("NFC", "étude sommeil")),
        Record(id="b", title="virus porcs"),
        Record(id="c", title="virus"),
        Record(id="d", title=unicodedata.normalize("NFD", "étude")),
    ]
    assert Prioritizer().rank(records, {"a": True, "b": False}).records == ("d", "c")


def test_one_record_and_none_left() -> None:
    one = [Record(id="a", title="Sleep trial")]
    assert Prioritizer().rank(one, {}).records == ("a",)
    assert Prioritizer().rank(one, {}, question="sleep").records == ("a",)
    done = Prioritizer().rank(one, {"a": True})
    assert done.records == ()
    assert "0 records to read" in str(done)
    assert len(done.to_frame()) == 0


@pytest.mark.parametrize("label", ["yes", "include", float("nan"), None, -1, 2])
def test_decisions_other_than_allowed_are_told(label: object) -> None:
    with pytest.raises(OptionError, match="decision on record r0"):
        Prioritizer().rank(made(), {"r0": label})  # type: ignore[dict-item]


def test_a_table_instead_of_records_is_told() -> None:
    import pandas as pd

    with pytest.raises(DataError, match="read_records"):
        Prioritizer().rank(pd.DataFrame({"title": ["Sleep"]}), {})  # type: ignore[arg-type]


def test_solver_finds_the_minimum_that_liblinear_finds() -> None:
    from sklearn.svm import LinearSVC

    draw = np.random.default_rng(4)
    rows = draw.normal(size=(80, 30)) * (draw.random((80, 30)) < 0.3)
    signs = np.where(draw.random(80) < 0.2, 1.0, -1.0)
    weights = draw.uniform(0.2, 2.0, 80)
    model = LinearSVC(C=0.3, tol=1e-10, max_iter=200_000).fit(rows, signs, weights)
    found = fit_squared_hinge(csr_matrix(rows), np.zeros(80), signs, 0.3 * weights)
    assert rows.T @ found == pytest.approx(model.coef_.ravel(), abs=SOLVED)
    assert found.sum() == pytest.approx(float(model.intercept_[0]), abs=SOLVED)


def test_ranking_shows_itself() -> None:
    ranking = Prioritizer().rank(made(), {"r0": True, "r59": False})
    assert "58 records to read, ranked by decisions" in str(ranking)
    assert "... 48 more" in str(ranking)
    assert list(ranking.to_frame().columns) == ["rank", "record", "score"]
    assert "support vector machine" in ranking.method_sentence()
    assert "seed 1" in ranking.method_sentence()


def test_more_texts_than_numbers_for_pairs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evisynth.prioritization.features.MOST_KEYS", 100)
    with pytest.raises(DataError, match='"pairs": False'):
        Prioritizer().rank(made(), {})
    assert len(Prioritizer(options={"features": {"pairs": False}}).rank(made(), {})) == 60
