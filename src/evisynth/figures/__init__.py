"""Figures: layout as data, drawing apart from it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from evisynth.figures.figure import Figure
from evisynth.figures.forest import forest
from evisynth.figures.funnel import funnel
from evisynth.figures.scene import Scene

if TYPE_CHECKING:
    from evisynth.figures.bars import count_bars as count_bars
    from evisynth.figures.bars import field_bars as field_bars
    from evisynth.figures.flow import flow_diagram as flow_diagram
    from evisynth.figures.recall import recall_curve as recall_curve
    from evisynth.figures.review_set import ReviewFigure as ReviewFigure
    from evisynth.figures.review_set import review_figures as review_figures
    from evisynth.figures.risk_of_bias import summary as risk_of_bias_summary
    from evisynth.figures.risk_of_bias import traffic_light as traffic_light

_LATER = {
    "ReviewFigure": ("review_set", "ReviewFigure"),
    "count_bars": ("bars", "count_bars"),
    "field_bars": ("bars", "field_bars"),
    "flow_diagram": ("flow", "flow_diagram"),
    "recall_curve": ("recall", "recall_curve"),
    "review_figures": ("review_set", "review_figures"),
    "risk_of_bias_summary": ("risk_of_bias", "summary"),
    "traffic_light": ("risk_of_bias", "traffic_light"),
}
"""Names that need the evidence wing: module and name, loaded when first used."""

__all__ = [
    "Figure",
    "ReviewFigure",
    "Scene",
    "count_bars",
    "field_bars",
    "flow_diagram",
    "forest",
    "funnel",
    "recall_curve",
    "review_figures",
    "risk_of_bias_summary",
    "traffic_light",
]


def __getattr__(name: str) -> Any:
    """Load a name when it is first used."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LATER[name]
    return getattr(import_module(f"{__name__}.{module}"), attribute)
