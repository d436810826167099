"""Figures: layout as data, drawing apart from it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from evisynth.figures.figure import Figure, MissingScriptWarning
from evisynth.figures.fonts import missing_scripts
from evisynth.figures.forest import forest
from evisynth.figures.funnel import funnel
from evisynth.figures.profiles import PROFILES, Profile, profile
from evisynth.figures.scene import Scene

if TYPE_CHECKING:
    from evisynth.figures.bars import count_bars as count_bars
    from evisynth.figures.bars import field_bars as field_bars
    from evisynth.figures.clouds import gosh_plot as gosh_plot
    from evisynth.figures.curves import albatross_plot as albatross_plot
    from evisynth.figures.curves import bubble_plot as bubble_plot
    from evisynth.figures.curves import drapery_plot as drapery_plot
    from evisynth.figures.curves import profile_plot as profile_plot
    from evisynth.figures.directions import Finding as Finding
    from evisynth.figures.directions import effect_direction_plot as effect_direction_plot
    from evisynth.figures.directions import findings_of_fit as findings_of_fit
    from evisynth.figures.directions import harvest_plot as harvest_plot
    from evisynth.figures.flow import flow_diagram as flow_diagram
    from evisynth.figures.inline import FigureLink as FigureLink
    from evisynth.figures.inline import inline_svg as inline_svg
    from evisynth.figures.journal import ProfileCheck as ProfileCheck
    from evisynth.figures.journal import check_profile as check_profile
    from evisynth.figures.recall import recall_curve as recall_curve
    from evisynth.figures.review_set import ReviewFigure as ReviewFigure
    from evisynth.figures.review_set import review_figures as review_figures
    from evisynth.figures.risk_of_bias import summary as risk_of_bias_summary
    from evisynth.figures.risk_of_bias import traffic_light as traffic_light
    from evisynth.figures.scatter import baujat_plot as baujat_plot
    from evisynth.figures.scatter import influence_plot as influence_plot
    from evisynth.figures.scatter import labbe_plot as labbe_plot
    from evisynth.figures.scatter import qq_plot as qq_plot
    from evisynth.figures.scatter import radial_plot as radial_plot
    from evisynth.figures.time_line import timeline as timeline

_LATER = {
    "FigureLink": ("inline", "FigureLink"),
    "Finding": ("directions", "Finding"),
    "ProfileCheck": ("journal", "ProfileCheck"),
    "ReviewFigure": ("review_set", "ReviewFigure"),
    "albatross_plot": ("curves", "albatross_plot"),
    "baujat_plot": ("scatter", "baujat_plot"),
    "bubble_plot": ("curves", "bubble_plot"),
    "check_profile": ("journal", "check_profile"),
    "count_bars": ("bars", "count_bars"),
    "drapery_plot": ("curves", "drapery_plot"),
    "effect_direction_plot": ("directions", "effect_direction_plot"),
    "field_bars": ("bars", "field_bars"),
    "findings_of_fit": ("directions", "findings_of_fit"),
    "flow_diagram": ("flow", "flow_diagram"),
    "gosh_plot": ("clouds", "gosh_plot"),
    "harvest_plot": ("directions", "harvest_plot"),
    "influence_plot": ("scatter", "influence_plot"),
    "inline_svg": ("inline", "inline_svg"),
    "labbe_plot": ("scatter", "labbe_plot"),
    "profile_plot": ("curves", "profile_plot"),
    "qq_plot": ("scatter", "qq_plot"),
    "radial_plot": ("scatter", "radial_plot"),
    "recall_curve": ("recall", "recall_curve"),
    "review_figures": ("review_set", "review_figures"),
    "risk_of_bias_summary": ("risk_of_bias", "summary"),
    "timeline": ("time_line", "timeline"),
    "traffic_light": ("risk_of_bias", "traffic_light"),
}
"""Names that need the evidence wing, or are not in every day's use: module and name."""

__all__ = [
    "PROFILES",
    "Figure",
    "FigureLink",
    "Finding",
    "MissingScriptWarning",
    "Profile",
    "ProfileCheck",
    "ReviewFigure",
    "Scene",
    "albatross_plot",
    "baujat_plot",
    "bubble_plot",
    "check_profile",
    "count_bars",
    "drapery_plot",
    "effect_direction_plot",
    "field_bars",
    "findings_of_fit",
    "flow_diagram",
    "forest",
    "funnel",
    "gosh_plot",
    "harvest_plot",
    "influence_plot",
    "inline_svg",
    "labbe_plot",
    "missing_scripts",
    "profile",
    "profile_plot",
    "qq_plot",
    "radial_plot",
    "recall_curve",
    "review_figures",
    "risk_of_bias_summary",
    "timeline",
    "traffic_light",
]


def __getattr__(name: str) -> Any:
    """Load a name when it is first used."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LATER[name]
    return getattr(import_module(f"{__name__}.{module}"), attribute)
