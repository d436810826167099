"""Small-study effects beside Egger's test: regressions that suit the measure, PET-PEESE."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from evisynth.display import format_estimate, format_p, plural
from evisynth.errors import OptionError
from evisynth.stats import WeightedLine, score_and_information, t_quantile, weighted_line
from evisynth.synthesis.given import Given, as_fit
from evisynth.synthesis.options import find_word
from evisynth.synthesis.pooled import PooledFit
from evisynth.synthesis.result import Result
from evisynth.synthesis.results import AsymmetryTest

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "PetPeese",
    "pet_peese",
    "small_study_test",
]

Floats = NDArray[np.float64]
TestName = Literal[
    "harbord", "peters", "macaskill", "macaskill-variance", "debray", "debray-events",
    "pustejovsky-rodgers",
]  # fmt: skip
SYNONYMS = {
    "score": "harbord", "m-fpv": "macaskill", "m-fiv": "macaskill-variance", "p-fpv": "peters",
    "d-fiv": "debray", "d-fav": "debray-events", "pustejovsky": "pustejovsky-rodgers",
    "rodgers": "pustejovsky-rodgers",
}  # fmt: skip
WORDS = {
    "harbord": ("standard error of the score", "regression of score over information"),
    "peters": ("inverse sample size", "regression weighted by the events of both arms"),
    "macaskill": ("sample size", "regression weighted by the events of both arms"),
    "macaskill-variance": ("sample size", "regression weighted by the inverse variance"),
    "debray": ("inverse number of events", "regression weighted by the inverse variance"),
    "debray-events": ("inverse number of events", "regression weighted by the events of each arm"),
    "pustejovsky-rodgers": (
        "sqrt(1/n1 + 1/n2)",
        "regression weighted by the variance under no effect",
    ),
}
FEW = 10


def _rows(fit: PooledFit) -> tuple[Floats, Floats]:
    here = fit.effects.estimable
    return fit.effects.estimates[here], fit.effects.variances[here]


def _column(fit: PooledFit, role: str) -> Floats | None:
    """Return the numbers of a role on the rows pooled, or None if the data have none."""
    import pandas as pd

    effects = fit.effects
    name = effects.columns.get(role, role)
    if name not in effects.data.columns:
        return None
    values = pd.to_numeric(effects.data[name], errors="coerce").to_numpy(dtype=np.float64)
    return np.asarray(values[effects.estimable])


def _tables(fit: PooledFit, test: str) -> tuple[Floats, Floats, Floats, Floats]:
    """Return events and non-events of both arms."""
    found = []
    for arm in "12":
        events, others = _column(fit, f"events{arm}"), _column(fit, f"nonevents{arm}")
        size = _column(fit, f"n{arm}")
        if others is None and size is not None and events is not None:
            others = size - events
        if events is None or others is None:
            raise OptionError(
                "test", test, ["egger", "egger-mixed", "begg"],
                hint="The data have no 2x2 tables: columns events1, n1, events2, n2.",
            )  # fmt: skip
        found += [events, others]
    return found[0], found[1], found[2], found[3]


def small_study_test(fit: Given, test: str = "peters") -> AsymmetryTest:
    """Test for funnel plot asymmetry by a regression that suits the effect measure.

    Parameters
    ----------
    fit
        The fit whose studies are tested.
    test
        ``"harbord"`` (score over information on its standard error), ``"peters"`` (on 1/n),
        ``"macaskill"`` (on n; ``"macaskill-variance"`` with inverse-variance weights): odds ratios
        and other measures of 2x2 tables, weighted by the information on the overall risk.
        ``"debray"`` (on the inverse number of events; ``"debray-events"`` weighted by the
        events of each arm): survival data, and any with events. ``"pustejovsky-rodgers"``
        (on sqrt(1/n1 + 1/n2)): standardized mean differences, whose standard error depends on
        the effect.

    Returns
    -------
    AsymmetryTest
        t with k - 2 degrees of freedom, multiplicative dispersion; ``caution`` below ten studies,
        ``reason`` where there is no answer. Harbord's is a test of the odds ratio whatever the
        measure of the fit.

    Raises
    ------
    OptionError
        If the word is not known, or the data have no such columns.

    References
    ----------
    Harbord et al. 2006, doi:10.1002/sim.2380; Peters et al. 2006, doi:10.1001/jama.295.6.676;
    Macaskill et al. 2001, doi:10.1002/sim.698; Debray et al. 2018, doi:10.1002/jrsm.1266;
    Pustejovsky and Rodgers 2019, doi:10.1002/jrsm.1332.

    Examples
    --------
    >>> import evisynth as es
    >>> table = {
    ...     "ai": [4, 6, 3, 17, 30],
    ...     "n1i": [123, 306, 231, 1716, 900],
    ...     "ci": [11, 29, 11, 65, 45],
    ...     "n2i": [139, 303, 220, 1665, 880],
    ... }
    >>> found = small_study_test(es.pool(es.effects(table, "OR")), "peters")
    >>> found.df, found.distribution
    (3.0, 't')
    """
    fit = as_fit(fit)
    name = find_word("test", test, get_args(TestName), SYNONYMS)
    y, v = _rows(fit)
    x, weights, z = _regression(fit, name, y, v)
    reason = ""
    if fit.k < 3:
        reason = "a regression test needs at least three studies"
    elif not (np.isfinite(x).all() and np.isfinite(weights).all()):
        reason = "some studies have no counts or sizes"
    elif np.ptp(x) <= 1e-12 * np.abs(x).max():
        reason = f"the {WORDS[name][0]} is the same in all studies"
    line = None if reason else weighted_line(z, 1 / weights, x)
    nan = float("nan")
    caution = ""
    if fit.k < FEW:
        caution = (
            f"With {plural(fit.k, 'study', 'studies')} (fewer than {FEW}) the test cannot tell "
            "chance from real asymmetry (Cochrane Handbook 13.3.5.4)."
        )
    return AsymmetryTest(
        name=name,
        predictor=WORDS[name][0],
        model=f"{WORDS[name][1]}, multiplicative dispersion",
        statistic=line.statistic if line else nan,
        distribution="t",
        df=float(line.df) if line else nan,
        p_value=line.p_value if line else nan,
        intercept=line.intercept if line else nan,
        slope=line.slope if line else nan,
        slope_se=line.slope_se if line else nan,
        k=fit.k,
        caution=caution,
        reason=reason,
    )


def _regression(fit: PooledFit, name: str, y: Floats, v: Floats) -> tuple[Floats, Floats, Floats]:
    """Return predictor, weights and response of a test."""
    if name == "pustejovsky-rodgers":
        n1, n2 = _column(fit, "n1"), _column(fit, "n2")
        if n1 is None or n2 is None:
            raise OptionError(
                "test", name, ["egger", "egger-mixed", "begg"],
                hint="The data have no sizes of the arms: columns n1 and n2.",
            )  # fmt: skip
        spread = 1 / n1 + 1 / n2
        return np.sqrt(spread), 1 / spread, y
    a, b, c, d = _tables(fit, name)
    events, others = a + c, b + d
    n = events + others
    with np.errstate(divide="ignore", invalid="ignore"):
        if name == "harbord":
            score, information = score_and_information(a, b, c, d)
            return 1 / np.sqrt(information), information, score / information
        if name in ("peters", "macaskill"):
            return (1 / n if name == "peters" else n), events * others / n, y
        if name == "macaskill-variance":
            return n, 1 / v, y
        inverse = 1 / np.maximum(events, 1)
        if name == "debray":
            return inverse, 1 / v, y
        return inverse, a * c / (a + c), y


@dataclass(frozen=True, slots=True, repr=False)
class PetPeese(Result):
    """PET-PEESE: the effect where the standard error goes to 0.

    Attributes
    ----------
    fit : PooledFit
        The fit that it started from.
    pet, peese : WeightedLine
        Regressions on the standard error and on the variance.
    chosen : {"PET", "PEESE"}
        Which is reported: PEESE where PET's intercept differs from no effect in the direction of
        the pooled effect (one-sided P < 0.05).
    estimate, se, ci_lower, ci_upper, p_value : float
        Of the one chosen; t with k - 2 degrees of freedom. NaN where there is no answer.
    caution, reason : str
        What a reader must know; why there is no answer.
    """

    fit: PooledFit
    pet: WeightedLine | None
    peese: WeightedLine | None
    chosen: Literal["PET", "PEESE"]
    estimate: float
    se: float
    ci_lower: float
    ci_upper: float
    p_value: float
    caution: str
    reason: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return the two regressions and which is chosen, one row each."""
        import pandas as pd

        rows = []
        for name, line in (("PET", self.pet), ("PEESE", self.peese)):
            if line is not None:
                row = {field.name: getattr(line, field.name) for field in fields(line)}
                rows.append({"method": name, "chosen": name == self.chosen, **row})
        return pd.DataFrame(rows)

    def method_sentence(self) -> str:
        """Return what was done, with references."""
        return (
            "The effect was extrapolated to a standard error of 0 by PET-PEESE (Stanley and "
            "Doucouliagos 2014, doi:10.1002/jrsm.1095): a weighted regression on the variance if "
            "the intercept of the one on the standard error differed from no effect (one-sided "
            "P < 0.05), else that one."
        )

    def __repr__(self) -> str:
        if self.reason:
            return f"PET-PEESE: {self.reason}"
        shown = self.fit.effects.scale.shown
        numbers = format_estimate(shown(self.estimate), shown(self.ci_lower), shown(self.ci_upper))
        p = format_p(self.p_value, symbol=True)
        text = f"PET-PEESE ({self.chosen}): {self.fit.effects.scale.label} {numbers}, {p}"
        return f"{text}\n  Note: {self.caution}"


def pet_peese(fit: Given) -> PetPeese:
    """Extrapolate the effect to a standard error of 0.

    Parameters
    ----------
    fit
        The fit whose studies are used; its level is used for the limits.

    Returns
    -------
    PetPeese
        NaN with a reason below three studies or where the standard errors do not vary.

    References
    ----------
    Stanley and Doucouliagos 2014, doi:10.1002/jrsm.1095; Stanley 2017,
    doi:10.1177/1948550617693062 (where it fails: few, small or heterogeneous studies).

    Examples
    --------
    >>> import pandas as pd, evisynth as es
    >>> table = pd.DataFrame(
    ...     {"yi": [0.2, 0.3, 0.8, 0.5, 0.25], "vi": [0.02, 0.03, 0.09, 0.05, 0.01]}
    ... )
    >>> found = pet_peese(es.pool(table))
    >>> found.chosen, round(found.estimate, 3)
    ('PET', -0.029)
    """
    fit = as_fit(fit)
    y, v = _rows(fit)
    nan = float("nan")
    reason = ""
    if fit.k < 3:
        reason = "PET-PEESE needs at least three studies"
    elif np.ptp(v) <= 1e-12 * v.max():
        reason = "the standard errors are the same in all studies"
    caution = (
        "PET-PEESE is unreliable with fewer than 20 studies, with small studies only, and with "
        "large heterogeneity (Stanley 2017)."
    )
    if reason:
        return PetPeese(fit, None, None, "PET", nan, nan, nan, nan, nan, caution, reason)
    pet, peese = weighted_line(y, v, np.sqrt(v)), weighted_line(y, v, v)
    direction = np.sign(fit.estimate - fit.effects.scale.null)
    right = pet.intercept * direction > 0
    chosen: Literal["PET", "PEESE"] = "PEESE" if right and pet.intercept_p / 2 < 0.05 else "PET"
    line = peese if chosen == "PEESE" else pet
    half = float(t_quantile(line.df, fit.options.level)) * line.intercept_se
    return PetPeese(
        fit, pet, peese, chosen, line.intercept, line.intercept_se, line.intercept - half,
        line.intercept + half, line.intercept_p, caution,
    )  # fmt: skip
