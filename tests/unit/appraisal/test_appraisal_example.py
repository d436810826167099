"""The example depression-prevention: the same answers and judgements as the source's."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from evisynth.appraisal import INSTRUMENTS, read_assessments
from evisynth.errors import Problem

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "depression-prevention"


@pytest.mark.parametrize(("name", "count"), [("parallel", 27), ("cluster", 36)])
def test_the_example_reads_as_its_source(name: str, count: int) -> None:
    with (EXAMPLE / "studies" / "studies.csv").open(encoding="utf-8") as lines:
        design = {row["study_id"]: row["design"] for row in csv.DictReader(lines)}
    assert len(design) == 63
    problems: list[Problem] = []
    ours = read_assessments(
        EXAMPLE / "rob" / f"{name}.csv",
        where=f"rob/{name}.csv",
        studies=design,
        outcomes=(),
        problems=problems,
    )
    theirs = read_assessments(
        ROOT / "tests" / "data" / "rob" / f"hedco_depression_rob2_{name}.csv",
        where=name,
        studies=design,
        outcomes=(),
        problems=problems,
        instrument="rob2-cluster" if name == "cluster" else None,
    )
    assert problems == []
    assert len(ours) == len(theirs) == count
    source = {made.study: made for made in theirs}
    for made in ours:
        assert INSTRUMENTS[made.instrument].name.endswith("(cluster)") == (name == "cluster")
        assert design[made.study].startswith("cluster") == (name == "cluster")
        assert made.answers == source[made.study].answers
        assert made.domains == source[made.study].domains
        assert made.overall == source[made.study].overall
        assert all(not entry.reason for entry in (*made.domains, made.overall))
