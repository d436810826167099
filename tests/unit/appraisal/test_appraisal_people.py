"""Judgements of people, held against the engine: the differences are known one by one."""

from __future__ import annotations

from pathlib import Path

from evisynth.appraisal import Assessment, read_assessments
from evisynth.errors import Problem

DATA = Path(__file__).parents[2] / "data" / "rob"


def read(name: str, instrument: str | None = None) -> tuple[Assessment, ...]:
    path = DATA / name
    lines = path.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("study")
    studies = {line.split(",")[column] for line in lines[1:]}
    outcomes = {f"result {number}" for number in range(1, 30)}
    problems: list[Problem] = []
    found = read_assessments(
        path,
        where=name,
        studies=studies,
        outcomes=outcomes,
        problems=problems,
        instrument=instrument,
    )
    assert problems == []
    return found


def agreement(found: tuple[Assessment, ...]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for made in found:
        for entry in (*made.domains, made.overall):
            counts[entry.domain] = counts.get(entry.domain, 0) + (entry.proposed == entry.final)
    return counts


def test_hedco_parallel() -> None:
    found = read("hedco_depression_rob2_parallel.csv")
    assert len(found) == 27
    same = agreement(found)
    del same["D3"]
    assert same == {"D1": 27, "D2": 23, "D4": 27, "D5": 27, "overall": 26}


def test_hedco_parallel_domain_3_with_unanswered_questions() -> None:
    """Nine trials leave 3.3 and 3.4 open; the other eighteen are judged as the assessors did.

    Programs that take the worst branch for a blank "agree" on 21: three of the nine were high.
    """
    domains = [made.domains[2] for made in read("hedco_depression_rob2_parallel.csv")]
    unfinished = [domain for domain in domains if domain.proposed == "incomplete"]
    assert all(domain.missing == ("3.3",) for domain in unfinished)  # 3.4 hangs on it
    assert sorted(domain.final for domain in unfinished) == ["high"] * 3 + ["some concerns"] * 6
    assert all(domain.overridden for domain in unfinished)
    finished = [domain for domain in domains if domain.proposed != "incomplete"]
    assert len(finished) == 18
    assert all(domain.proposed == domain.final for domain in finished)
    worst_branch = [*finished, *(domain for domain in unfinished if domain.final == "high")]
    assert len(worst_branch) == 21


def test_hedco_cluster() -> None:
    found = read("hedco_depression_rob2_cluster.csv", "rob2-cluster")
    assert len(found) == 36
    assert sum(agreement(found).values()) == 252
    assert not any(entry.overridden for made in found for entry in (*made.domains, made.overall))


def test_youth_homelessness_by_result() -> None:
    found = read("youth_homelessness_rob2_by_result.csv")
    assert len(found) == 24
    assert len({made.study for made in found}) == 3
    assert sum(agreement(found).values()) == 144


def test_one_overall_judgement_lies_below_the_worst_domain() -> None:
    found = (
        *read("hedco_depression_rob2_parallel.csv"),
        *read("hedco_depression_rob2_cluster.csv", "rob2-cluster"),
    )
    below = [made for made in found if any("below the worst" in flag for flag in made.flags)]
    assert [(made.study, made.overall.final, made.judgement("D1")) for made in below] == [
        ("McLaughlin 2010", "some concerns", "high")
    ]
