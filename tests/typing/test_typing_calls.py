"""Calls as people write them: mypy reads this file, and pytest runs it."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import evisynth as es

if TYPE_CHECKING:
    from evisynth.effects import EffectEstimates
    from evisynth.synthesis import PooledFit


def test_the_front_door_as_in_the_readme() -> None:
    trials: pd.DataFrame = es.datasets.load("digital-interventions-cancer")
    anxiety: EffectEstimates = es.effects(
        trials, measure="SMD", study="study", subset={"outcome": "anxiety"}
    )
    fit: PooledFit = es.pool(anxiety, model="random", tau2="REML", ci="HKSJ")
    es.subgroups(fit, by="involvement")
    es.meta_regression(anxiety, "duration_weeks")
    es.leave_one_out(fit)
    es.influence(fit)
    es.trim_and_fill(fit)
    es.asymmetry_test(fit, "egger")
    es.cumulative(fit, order="year")
    frame: pd.DataFrame = anxiety.to_frame()
    assert len(frame) == len(anxiety) == 10
    assert 0 > fit.estimate > -1


def test_columns_by_name_or_by_value() -> None:
    table: dict[str, object] = {"n1": [10, 20], "n2": [11, 21]}
    result = es.effects(
        table,
        measure="MD",
        study=["A", "B"],
        mean1=np.array([1.0, 2.0]),
        sd1=[1.0, 1.0],
        mean2=pd.Series([0.5, 0.5]),
        sd2=(1.0, 1.5),
    )
    assert result.labels == ("A", "B")


def test_the_room_beside_its_door() -> None:
    from evisynth.effects import sd_from_se

    assert float(sd_from_se(0.5, 4)) == 1.0
    assert es.__version__
