"""A small review made by hand: every room's values, without reading a folder or fitting a model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evisynth.analysis import AnalysisPlan, AnalysisResult, SubgroupPlan, WithoutOutliers
from evisynth.appraisal import Assessment, DomainJudgement, PublishedJudgement
from evisynth.effects import EffectEstimates, Scale
from evisynth.extraction import Outcome, OutcomeRow
from evisynth.figures import Figure, ReviewFigure, Scene
from evisynth.figures.scene import Circle, Text
from evisynth.records import Record, SearchSource
from evisynth.review import (
    FlowCounts,
    Person,
    Protocol,
    PublishedResult,
    Question,
    Registration,
    Review,
)
from evisynth.screening import Decision, RecordState, Stage
from evisynth.studies import Field, Retrieval, Study
from evisynth.synthesis import (
    AsymmetryTest,
    FitOptions,
    HeterogeneityTest,
    Influence,
    LeaveOneOut,
    PooledFit,
    Subgroup,
    SubgroupAnalysis,
    TrimAndFill,
)

NAN = math.nan
SMD = Scale("identity", 0.0, "Standardized mean difference", "SMD")
OR = Scale("log", 0.0, "Odds ratio", "OR")


def make_effects(scale: Scale, values: list[tuple[str, float, float]]) -> EffectEstimates:
    """Effect estimates of (label, estimate, variance); a NaN variance is not estimable."""
    data = pd.DataFrame(
        {
            "study": [label for label, _, _ in values],
            "format": ["end score"] * len(values),
            "n1": [40.0 + place for place in range(len(values))],
            "n2": [41.0 + place for place in range(len(values))],
        }
    )
    if scale.is_ratio:
        data["events1"] = [10.0 + place for place in range(len(values))]
        data["events2"] = [12.0 + place for place in range(len(values))]
    else:
        data["mean1"], data["sd1"] = 9.5, 2.25
        data["mean2"], data["sd2"] = 10.5, 2.5
    return EffectEstimates(
        measure=scale.short,
        scale=scale,
        labels=tuple(label for label, _, _ in values),
        estimates=np.array([value for _, value, _ in values]),
        variances=np.array([variance for _, _, variance in values]),
        reasons=tuple("no events in either arm" if math.isnan(v) else "" for _, _, v in values),
        method="the formula of the hand-made example",
        data=data,
    )


def make_fit(effects: EffectEstimates) -> PooledFit:
    """A fixed-weight fit; enough to be shown."""
    fine = effects.estimable
    k = int(fine.sum())
    weights = np.where(fine, 1 / np.where(fine, effects.variances, 1), 0.0)
    total = weights.sum()
    estimate = float((weights[fine] * effects.estimates[fine]).sum() / total) if k else NAN
    se = float(1 / math.sqrt(total)) if k else NAN
    several = k > 1
    return PooledFit(
        effects=effects,
        options=FitOptions(),
        k=k,
        estimate=estimate,
        se=se,
        ci_lower=estimate - 2 * se,
        ci_upper=estimate + 2 * se,
        statistic=estimate / se if k else NAN,
        df=float(k - 1) if several else math.inf,
        p_value=0.0123 if k else NAN,
        test="t" if several else "z",
        tau2=0.0456 if several else NAN,
        tau2_lower=0.0 if several else NAN,
        tau2_upper=0.789 if several else NAN,
        tau2_se=0.05 if several else NAN,
        q=5.67 if several else NAN,
        q_df=k - 1,
        q_p=0.234 if several else NAN,
        i2=47.1 if several else NAN,
        i2_lower=0.0 if several else NAN,
        i2_upper=88.8 if several else NAN,
        h2=1.9 if several else NAN,
        prediction_lower=estimate - 4 * se if k > 2 else NAN,
        prediction_upper=estimate + 4 * se if k > 2 else NAN,
        prediction_reason="" if k > 2 else "fewer than three studies",
        weights=100 * weights / total if k else weights,
    )


def make_result(
    plan: AnalysisPlan, outcome: Outcome, scale: Scale, values: list[tuple[str, float, float]]
) -> AnalysisResult:
    """An analysis with every part that its number of studies allows."""
    effects = make_effects(scale, values)
    fit = make_fit(effects)
    rows = [place for place in range(len(values)) if effects.estimable[place]]
    if fit.k < 3:
        return AnalysisResult(
            plan,
            outcome,
            fit,
            None,
            {},
            {},
            None,
            None,
            None,
            None,
            {},
            None,
            {"leave-one-out": "fewer than three studies"} if fit.k else {},
        )
    deleted = [
        make_fit(effects.select(np.array([p != row for p in range(len(values))]))) for row in rows
    ]
    labels = tuple(effects.labels[row] for row in rows)
    size = len(rows)

    def column(name: str) -> Any:
        return np.array([getattr(one, name) for one in deleted])

    deletion = LeaveOneOut(
        fit,
        labels,
        column("estimate"),
        column("se"),
        column("ci_lower"),
        column("ci_upper"),
        column("p_value"),
        column("tau2"),
        column("i2"),
        column("q"),
        column("q_p"),
    )
    flat = np.linspace(-0.5, 2.5, size)
    influence = Influence(
        fit,
        labels,
        flat,
        flat / 2,
        flat**2,
        flat,
        flat,
        flat,
        np.full(size, 1 / size),
        np.full(size, 100 / size),
        flat,
        flat > 1.96,
        flat > 2.4,
        ("a rule",),
    )
    half = size // 2
    first = np.array([place < half for place in range(len(values))])
    groups = (
        Subgroup("early", make_fit(effects.select(first))),
        Subgroup("late", make_fit(effects.select(~first))),
    )
    test = HeterogeneityTest(1.5, "chi2", 1, math.inf, 0.22, "separate tau²")
    common = HeterogeneityTest(1.1, "F", 1, size - 2, 0.31, "common tau²")
    by = SubgroupAnalysis("phase", fit, "separate", groups, ("Nobody 2001",), test, common)
    filled = make_fit(make_effects(scale, [*values, ("Filled 1", 0.4, 0.05)]))
    return AnalysisResult(
        plan=plan,
        outcome=outcome,
        fit=fit,
        by_format=None,
        subgroups={"phase": by},
        meta_regressions={},
        leave_one_out=deletion,
        influence=influence,
        without_outliers=WithoutOutliers("a rule", (labels[-1],), deleted[-1]),
        trim_and_fill=TrimAndFill(
            fit, filled, "L0", "right", 1, 1.2, NAN, np.array([0.4]), np.array([0.05])
        ),
        asymmetry={
            "egger": AsymmetryTest(
                "egger",
                "standard error",
                "mixed",
                -1.2,
                "t",
                2,
                0.35,
                0.1,
                -0.4,
                0.3,
                size,
                "Fewer than ten studies: the test has little power.",
            )
        },
        cumulative=None,
        not_done={"cumulative": "the years of two studies are not known"},
    )


def make_figure(name: str, number: str, section: str) -> ReviewFigure:
    scene = Scene(
        300, 120, (Text(20, 30, f"Figure {name} & more"), Circle(60, 60, 12, fill="#0b5394"))
    )
    alt = f"Alternative text of {name} <b>"
    figure = Figure((scene,), f"Title of {name}", alt, "One line.\nAnother.")
    return ReviewFigure(name, number, f"Title of {name}.", "A caption.", figure, section)


VALUES = [
    ("Ames 2001", -0.40, 0.04),
    ("Bohr 2004", -0.10, 0.05),
    ("Curie 2009", 0.20, 0.03),
    ("Dirac 2012", -0.60, 0.06),
    ("Éluard & Söhne 2015", -0.30, 0.05),
]

ANXIETY = Outcome("anxiety", "Anxiety", "continuous", lower_is_better=True)
REMISSION = Outcome("remission", "Remission", "dichotomous", lower_is_better=False)


def make_plan(name: str, title: str, outcome: str, measure: str, **more: Any) -> AnalysisPlan:
    return AnalysisPlan(
        name,
        title,
        outcome,
        measure,
        formats=("end score",),
        subgroups=(SubgroupPlan("phase", "Phase", ("early", "late")),),
        favours=("the app", "usual care"),
        **more,
    )


def empty_flow() -> FlowCounts:
    return FlowCounts((), 0, 0, 0, 0, 0, (), 0, 0, 0, 0, (), 0, 0, 0, 0, 0, "Databases")


@pytest.fixture
def empty_review() -> Review:
    """A review that has only a title and a question."""
    protocol = Protocol(
        Question("", "", "", "", "", ""), (), (), Registration(), (), (), (), "", ()
    )
    return Review(
        folder=Path("nowhere"),
        id="empty",
        title="An empty review",
        short_title="Empty",
        date="2026-01-31",
        version="0.1",
        licence="",
        kind="review",
        statement="",
        people=(),
        funding="",
        conflicts_of_interest="",
        protocol=protocol,
        limits=(),
        texts={},
        sources=(),
        records=(),
        duplicates={},
        decisions=(),
        retrievals=(),
        studies=(),
        outcome_rows=(),
        assessments=(),
        published_judgements=(),
        published_results=(),
        states={},
        flow=empty_flow(),
        fingerprint="ab" * 32,
    )


@pytest.fixture
def results() -> tuple[AnalysisResult, ...]:
    """A continuous and a dichotomous main analysis, a sensitivity one, and one of one study."""
    return (
        make_result(make_plan("anxiety", "Anxiety", "anxiety", "SMD"), ANXIETY, SMD, VALUES),
        make_result(
            make_plan(
                "anxiety-two",
                "Anxiety, two studies",
                "anxiety",
                "SMD",
                role="sensitivity",
                sensitivity_of="anxiety",
            ),
            ANXIETY,
            SMD,
            VALUES[:2],
        ),
        make_result(
            make_plan("remission", "Remission", "remission", "OR"),
            REMISSION,
            OR,
            [
                ("Ames 2001", 0.5, 0.1),
                ("Bohr 2004", 0.7, 0.2),
                ("Curie 2009", 0.1, 0.15),
                ("Dirac 2012", NAN, NAN),
            ],
        ),
        make_result(
            make_plan("one", "Anxiety at follow-up", "anxiety", "SMD"), ANXIETY, SMD, VALUES[:1]
        ),
    )


@pytest.fixture
def review(empty_review: Review) -> Review:
    """A review with something in every place."""
    stages = (
        Stage("title_abstract", 2, {"off": "Off topic"}),
        Stage("full_text", 1, {"data": "No usable data"}),
    )
    fields = (
        Field("country", "Country"),
        Field("weeks", "Duration, weeks", "number"),
        Field("phase", "Phase", "category", ("early", "late"), "not coded"),
        Field("parts", "Parts", "categories", ("talk", "text")),
    )
    records = tuple(
        Record(
            f"R{place}",
            f"=Title {place} <script>",
            ("Ames, A", "Bohr, B"),
            2001 + place,
            "J Test",
            doi=f"10.1000/x{place}",
            source="web",
        )
        for place in range(8)
    )
    studies = tuple(
        Study(
            label,
            (f"R{place}",),
            {
                "country": "Peru" if place else None,
                "weeks": 6.0 if place else 6.5,
                "phase": ("early", "late", None)[place % 3],
                "parts": ("talk", "text") if place % 2 else ("talk",),
            },
        )
        for place, (label, _, _) in enumerate(VALUES)
    )
    rows = tuple(
        OutcomeRow(
            label,
            "anxiety",
            "means",
            "end score",
            {"n1": 40.0, "mean1": 9.5, "sd1": 2.25, "n2": 41.0, "mean2": 10.5, "sd2": 2.5},
            instrument="HADS-A",
            timepoint="6 weeks",
            source="https://example.org/a/b",
            file="extraction/a.csv",
            line=place + 2,
        )
        for place, (label, _, _) in enumerate(VALUES)
    )
    judged = (
        DomainJudgement("D1", "low", "low"),
        DomainJudgement("D2", "some concerns", "low", True, "The deviations were trivial."),
    )
    assessments = (
        Assessment(
            "Ames 2001",
            "anxiety",
            "rob2-parallel-assignment",
            {"1.1": "Y"},
            judged,
            DomainJudgement("overall", "some concerns", "some concerns"),
            "consensus",
        ),
    )
    states = {
        ("R6", "title_abstract"): RecordState("R6", "title_abstract", "included", votes=2),
        ("R6", "full_text"): RecordState("R6", "full_text", "excluded", "data", 1),
        ("R7", "title_abstract"): RecordState("R7", "title_abstract", "included", votes=2),
        ("R5", "title_abstract"): RecordState("R5", "title_abstract", "excluded", "off", 2),
    }
    for place in range(5):
        for stage in ("title_abstract", "full_text"):
            states[f"R{place}", stage] = RecordState(f"R{place}", stage, "included", votes=1)
    web = SearchSource(
        "web",
        "Web pages",
        "website",
        date="2026-01-02",
        query="app AND mood",
        records=8,
        note="As they came",
    )
    embase = SearchSource("embase", "Embase", "database", searched=False)
    return replace(
        empty_review,
        title="Apps for mood: a hand-made review & more",
        statement="Not a replication.\nMade by hand.",
        kind="demonstration",
        people=(Person("Ada Lovelace", "r1", ("lead", "extractor"), "Somewhere"),),
        funding="None",
        protocol=Protocol(
            Question(
                "Adults", "Apps", "Usual care", "Anxiety", "Randomized trials", "Do apps help?"
            ),
            ("Randomized",),
            ("No control",),
            Registration(
                "PROSPERO",
                "CRD1",
                "2025-05-25",
                "https://example.org/p",
                "Late.",
                {"Main outcome(s)": "Anxiety"},
            ),
            stages,
            (ANXIETY, REMISSION),
            fields,
            "rob2-parallel-assignment",
            (),
        ),
        limits=("A hand-made example",),
        texts={"introduction": "First.\n\nSecond <em>."},
        sources=(web, embase),
        records=records,
        decisions=(Decision("R5", "title_abstract", "r1", "exclude", "off"),),
        retrievals=(Retrieval("R7", "not_retrieved", "behind a wall"),),
        studies=studies,
        outcome_rows=rows,
        assessments=assessments,
        published_judgements=(
            PublishedJudgement("Bohr 2004", "anxiety", "Some tool", "low", "https://example.org/r"),
        ),
        published_results=(
            PublishedResult(
                "Anxiety",
                "anxiety",
                "anxiety",
                "",
                "",
                9,
                -0.61,
                -1.29,
                0.06,
                "0.08",
                ">90%",
                "Some 2025",
            ),
            PublishedResult(
                "Anxiety, early",
                "anxiety",
                "anxiety",
                "phase",
                "early",
                None,
                -0.73,
                -1.42,
                -0.04,
                "0.04",
                "",
                "Some 2025",
                "A note.",
            ),
            PublishedResult(
                "Anxiety, never",
                "anxiety",
                "anxiety",
                "phase",
                "never",
                None,
                None,
                None,
                None,
                "",
                "",
                "Some 2025",
            ),
        ),
        states=states,
        flow=FlowCounts(
            ((web, 8),),
            8,
            0,
            0,
            8,
            1,
            (("Off topic", 1),),
            7,
            1,
            6,
            1,
            (("No usable data", 1),),
            5,
            5,
            5,
            0,
            0,
            "Other sources",
        ),
    )


@pytest.fixture
def figures() -> tuple[ReviewFigure, ...]:
    return (
        make_figure("figure-01-flow", "1", "flow"),
        make_figure("figure-S1-odd", "S1", "nowhere"),
    )


@pytest.fixture
def figure_maker() -> Callable[[str, str, str], ReviewFigure]:
    return make_figure
