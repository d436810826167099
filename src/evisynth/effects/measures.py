"""The effect measures as data: what each needs, its formulas, scale and words.

How the registry is put together (stable; modules only append to it):

- `measure_type.Measure` is one entry. `MEASURES` here joins the tuples of entries of several
  modules: `measures_two_group.TWO_GROUP` (two arms, 2x2 tables, person-time, association in a
  2x2 table) and `measures_one_group.ONE_GROUP` (one group, correlation, change, reliability).
- `source_type.Source` is one way in which a row gives its numbers. `sources.SOURCES` joins
  `sources_two_group.TWO_GROUP` and `sources_one_group.ONE_GROUP` in the same way.
- `roles.Role` is what a column may hold: its names in tables, and which numbers it allows.
  `roles.ROLES` joins `roles.TWO_GROUP` and `roles_one_group.ONE_GROUP`. A role is recognized only
  for the sources of the measure that is asked for, so the same word (``mi``, ``ti``) may stand with
  several roles.
- Kernels (arrays in, estimates and variances out) live in modules of their own.

A measure added to one of the tuples is known to the front door, the plan of a review and the
command line. No module of entries imports this one, so there is no ring.
"""

from __future__ import annotations

from evisynth.effects.measure_type import Kernel, Measure
from evisynth.effects.measures_one_group import ONE_GROUP
from evisynth.effects.measures_two_group import TWO_GROUP
from evisynth.errors import OptionError

__all__ = ["MEASURES", "Kernel", "Measure", "find_measure"]

MEASURES: dict[str, Measure] = {measure.name: measure for measure in (*TWO_GROUP, *ONE_GROUP)}
"""Effect measures by short name."""

if len(MEASURES) != len(TWO_GROUP) + len(ONE_GROUP):  # pragma: no cover - a mistake in code
    raise AssertionError("two effect measures have the same name")


def find_measure(name: str) -> Measure:
    """Return a measure by its short name.

    Raises
    ------
    OptionError
        When there is no such measure.

    Examples
    --------
    >>> find_measure("OR").scale.label
    'Odds ratio'
    """
    try:
        return MEASURES[name]
    except (KeyError, TypeError):
        raise OptionError("measure", name, MEASURES) from None
