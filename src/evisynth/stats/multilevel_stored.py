"""A multilevel model brought back from its numbers, without the search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from evisynth.stats.multilevel import MultilevelModel
from evisynth.stats.multilevel_parts import Basis
from evisynth.stats.multilevel_search import Problem, Summit
from evisynth.stats.multilevel_start import choose_likelihood

__all__ = ["multilevel_parts_of", "multilevel_restored"]


def multilevel_parts_of(model: MultilevelModel) -> dict[str, Any]:
    """Return everything that a model cannot compute again, by name.

    Examples
    --------
    >>> from evisynth.stats import Intercepts, fit_multilevel
    >>> part = Intercepts(np.array([0, 0, 1, 1, 2, 2]))
    >>> model = fit_multilevel(
    ...     [0.1, 0.2, 0.8, 0.9, 0.4, 0.3], np.full(6, 0.02), np.ones((6, 1)), [part]
    ... )
    >>> again = multilevel_restored(multilevel_parts_of(model))
    >>> again.log_likelihood == model.log_likelihood
    True
    """
    from dataclasses import fields

    found = {
        field.name: getattr(model, field.name)
        for field in fields(model)
        if field.name not in ("_problem", "_summit")
    }
    return found | {"summit": tuple(model._summit)}


def multilevel_restored(parts: Mapping[str, Any]) -> MultilevelModel:
    """Return the model of its parts (see `multilevel_parts_of`)."""
    kept = {name: value for name, value in parts.items() if name != "summit"}
    exponent = int(kept["_exponent"])
    scaled = kept["errors"].scaled(0.25**exponent)
    basis = Basis.of(np.ldexp(kept["estimates"], -exponent), kept["design"], scaled.variances)
    components = kept["components"]
    likelihood = choose_likelihood(basis, components, scaled)
    problem = Problem(likelihood, components, kept["restricted"])
    return MultilevelModel(**kept, _problem=problem, _summit=Summit(*parts["summit"]))
