"""A test with its distribution: between subgroups, of moderators, of contrasts, of two models."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evisynth.display import format_number, format_p, format_statistic
from evisynth.stats import chi2_tail, f_tail
from evisynth.synthesis.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["HeterogeneityTest", "joint_wald_test", "one_row", "words_of_test"]


@dataclass(frozen=True, slots=True, repr=False)
class HeterogeneityTest(Result):
    """Test for differences between subgroups (or of moderators).

    ``distribution`` is ``"chi2"`` (``df2`` infinite) or ``"F"``; ``reason`` says why the statistic
    is NaN where it is (e.g. fewer than two subgroups).
    """

    statistic: float
    distribution: Literal["chi2", "F"]
    df1: float
    df2: float
    p_value: float
    model: str
    reason: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return the test as a table of one row."""
        return one_row(self)

    def method_sentence(self) -> str:
        """Return what was tested."""
        kind = "chi²" if self.distribution == "chi2" else "F"
        return f"Test: {self.model}, {kind} distribution."

    def title(self) -> str:
        """Return the test in one line."""
        return f"Test ({self.model}): {self.reason or words_of_test(self)}"

    def summary(self) -> str:
        """Return the test in one line."""
        return self.title()


def words_of_test(test: HeterogeneityTest) -> str:
    """Return a test in words.

    Examples
    --------
    >>> words_of_test(HeterogeneityTest(4.0, "F", 2, 10, 0.0529, "mixed-effects"))
    'F(2, 10) = 4.00, P = 0.053'
    """
    p = format_p(test.p_value, symbol=True)
    df1 = format_number(test.df1, 0)
    if test.distribution == "chi2":
        return f"chi² = {format_statistic(test.statistic)}, df = {df1}, {p}"
    whole = math.isfinite(test.df2) and float(test.df2).is_integer()
    df2 = format_number(test.df2, 0 if whole else 1)
    return f"F({df1}, {df2}) = {format_statistic(test.statistic)}, {p}"


def joint_wald_test(
    estimates: NDArray[np.float64], covariance: NDArray[np.float64], df: float, model: str
) -> HeterogeneityTest:
    """Test that all of some estimates are 0: F under finite degrees of freedom, else chi².

    Examples
    --------
    >>> joint_wald_test(np.array([2.0]), np.eye(1), np.inf, "contrasts").statistic
    4.0
    """
    m = len(estimates)
    size = np.sqrt(np.diag(covariance))
    nan = float("nan")
    kind: Literal["chi2", "F"] = "chi2" if math.isinf(df) else "F"
    # units of the columns must not decide the rounding
    with np.errstate(divide="ignore", invalid="ignore"):
        z, correlation = estimates / size, covariance / np.outer(size, size)
    if not np.isfinite(correlation).all() or np.linalg.matrix_rank(correlation, tol=1e-9) < m:
        reason = "the combinations depend on each other, so they cannot be tested together"
        return HeterogeneityTest(nan, kind, float(m), df, nan, model, reason)
    quadratic = float(z @ np.linalg.solve(correlation, z))
    if math.isinf(df):
        return HeterogeneityTest(
            quadratic, "chi2", float(m), df, float(chi2_tail(quadratic, m)), model
        )
    p = float(f_tail(quadratic / m, m, df))
    return HeterogeneityTest(quadratic / m, "F", float(m), df, p, model)


def one_row(result: Any) -> pd.DataFrame:
    """Return the fields of a result as a table of one row."""
    import pandas as pd

    return pd.DataFrame([{f.name: getattr(result, f.name) for f in fields(result)}])
