"""What must hold whatever the records are."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evisynth.deduplication import DeduplicationIndex, Reason, deduplicate
from evisynth.deduplication.block import KeyIndex, candidate_pairs
from evisynth.deduplication.compare import compare
from evisynth.deduplication.evidence import gather
from evisynth.deduplication.prepare import JournalTable, prepare
from evisynth.deduplication.vetoes import vetoes
from evisynth.records import Record

FEWER = settings(max_examples=40)
TITLES = (
    "Walking groups for adults with chronic pain: a pilot study",
    "Walking groups for adults with chronic pain",
    "Walking groups for adults with chronic pain: part II",
    "Erratum: walking groups for adults with chronic pain",
    "Walking groups for adults with cronic pain.",
    "Walking groups for children with chronic pain: a pilot study",
    "Editorial",
    "",
)


@st.composite
def records(draw):
    """Few titles, names and places, so that they meet in every combination."""
    count = draw(st.integers(2, 14))
    made = []
    for number in range(count):
        volume = draw(st.sampled_from(("", "7", "8", "7 Suppl")))
        made.append(
            Record(
                id=f"r{number:02d}",
                title=draw(st.sampled_from(TITLES)),
                authors=draw(
                    st.sampled_from(((), ("Berg, K",), ("Berg K", "Dahl S"), ("Moe, T",)))
                ),
                year=draw(st.sampled_from((None, 2001, 2002, 2005))),
                journal=draw(st.sampled_from(("", "Journal of Pain Care", "J Pain Care", "Gait"))),
                volume=volume,
                issue=draw(st.sampled_from(("", "1", "2"))),
                pages=draw(st.sampled_from(("", "1-9", "1", "20-29", "S4", "e77"))),
                doi=draw(st.sampled_from(("", "10.1000/a", "10.1000/b", "10.2000/a"))),
                pmid=draw(st.sampled_from(("", "", "11", "12"))),
                source=draw(st.sampled_from(("pubmed", "scopus"))),
            )
        )
    return made


@FEWER
@given(records(), st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(made, random):
    shuffled = list(made)
    random.shuffle(shuffled)
    assert deduplicate(shuffled) == deduplicate(made)


@FEWER
@given(records(), st.data())
def test_portions_give_the_groups_of_one_run(made, data):
    cut = data.draw(st.integers(0, len(made)))
    index = DeduplicationIndex()
    index.add(made[:cut])
    index.add(made[cut:])
    assert index.result() == deduplicate(made)
    assert index.result() == index.result()


@FEWER
@given(records())
def test_vetoed_pairs_never_share_a_group(made):
    result = deduplicate(made)
    journals = JournalTable()
    columns = prepare(made, journals)
    rows = {record.id: row for row, record in enumerate(made)}
    pairs = [
        sorted((rows[one], rows[two]))
        for group in result.groups
        for one, two in combinations(group, 2)
    ]
    if pairs:
        first, second = np.array(pairs, dtype=np.int64).T
        compared = compare(columns, journals, first, second)
        assert not vetoes(columns, compared, gather(columns, compared)).any()


@FEWER
@given(records(), st.data())
def test_an_exact_copy_joins_the_group_of_its_record(made, data):
    record = data.draw(st.sampled_from(made))
    assume(record.authors and len(record.title) > 30)
    copy = replace(record, id="zz-copy")
    before, after = deduplicate(made), deduplicate([*made, copy])
    assert record.id in after.group_of("zz-copy")
    assert set(before.group_of(record.id)) <= set(after.group_of("zz-copy"))


@FEWER
@given(records())
def test_groups_are_a_partition_and_merges_explain_them(made):
    result = deduplicate(made)
    named = [name for group in result.groups for name in group] + list(result.singles)
    assert sorted(named) == [record.id for record in made]
    assert len(result.merges) == result.duplicate_count
    assert all(merge.reason is not Reason.NONE for merge in result.merges)
    for pair in (*result.doubtful, *result.links):
        assert pair.second not in result.group_of(pair.first)


@FEWER
@given(records(), st.data())
def test_decisions_of_people_outrank_the_rules(made, data):
    one, two = data.draw(st.sampled_from(list(combinations([r.id for r in made], 2))))
    assert two in deduplicate(made, together=[(one, two)]).group_of(one)
    assert two not in deduplicate(made, apart=[(one, two)]).group_of(one)


@FEWER
@given(records())
def test_the_candidates_of_a_portion_are_those_of_the_whole(made):
    journals = JournalTable()
    columns = prepare(made, journals)
    whole = set(zip(*candidate_pairs(columns, KeyIndex(), 0), strict=True))
    half = len(made) // 2
    index = KeyIndex()
    old = prepare(made[:half], journals)
    first = set(zip(*candidate_pairs(old, index, 0), strict=True))
    index.add(old.keys, 0)
    second = set(zip(*candidate_pairs(columns, index, half), strict=True))
    assert first | second == whole
    assert not first & second


@FEWER
@given(records(), st.data())
def test_a_decision_joins_whole_groups(made, data):
    one, two = data.draw(st.sampled_from(list(combinations([r.id for r in made], 2))))
    before, after = deduplicate(made), deduplicate(made, together=[(one, two)])
    assert set(after.group_of(one)) == {*before.group_of(one), *before.group_of(two)}


@FEWER
@given(records(), st.data())
def test_decisions_hold_beside_each_other(made, data):
    pairs = list(combinations([r.id for r in made], 2))
    together, apart = data.draw(st.sampled_from(pairs)), data.draw(st.sampled_from(pairs))
    assume(together != apart)
    result = deduplicate(made, together=[together], apart=[apart])
    assert together[1] in result.group_of(together[0])
    assert apart[1] not in result.group_of(apart[0])
