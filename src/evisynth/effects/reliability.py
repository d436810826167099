"""Cronbach's alpha: formulas over arrays of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["alpha", "alpha_cube_root", "alpha_log"]


def _sizes(values: Mapping[str, Floats]) -> tuple[Floats, Floats, Floats]:
    """Return alpha, items and n, NaN where the formulas have no answer."""
    a, items, n = values["alpha"], values["items"], values["n"]
    return np.where(a < 1, a, np.nan), np.where(items > 1, items, np.nan), n


def alpha(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """Cronbach's alpha and its sampling variance 2m(1-α)²/((m-1)(n-2)), m items.

    Parameters
    ----------
    values
        Arrays ``alpha items n``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Alphas and variances; NaN where n < 3, with one item, and where alpha is 1.

    References
    ----------
    Bonett DG (2010), doi:10.1037/a0020142.
    """
    a, m, n = _sizes(values)
    return a, 2 * m * (1 - a) ** 2 / ((m - 1) * np.where(n > 2, n - 2, np.nan))


def alpha_cube_root(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """1 - (1-α)^(1/3) and its sampling variance 18m(n-1)(1-α)^(2/3) / ((m-1)(9n-11)²).

    Hakstian and Whalen's transformation, turned round so that it rises with alpha.

    Parameters
    ----------
    values
        Arrays ``alpha items n``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Transformed alphas and variances; NaN where n < 2, with one item, and where alpha is 1.

    References
    ----------
    Hakstian AR, Whalen TE (1976), doi:10.1007/BF02291840.
    """
    a, m, n = _sizes(values)
    root = np.cbrt(1 - a)
    n = np.where(n > 1, n, np.nan)
    return 1 - root, 18 * m * (n - 1) * root**2 / ((m - 1) * (9 * n - 11) ** 2)


def alpha_log(
    values: Mapping[str, Floats],
    formula: str,  # noqa: ARG001 - one formula; every measure is called alike
) -> tuple[Floats, Floats]:
    """-log(1-α) and its sampling variance 2m/((m-1)(n-2)), m items.

    Bonett's transformation, turned round so that it rises with alpha.

    Parameters
    ----------
    values
        Arrays ``alpha items n``, shape (K,).
    formula
        ``"LS"``.

    Returns
    -------
    tuple of ndarray
        Transformed alphas and variances; NaN where n < 3, with one item, and where alpha is 1.

    References
    ----------
    Bonett DG (2002), doi:10.3102/10769986027004335.
    """
    a, m, n = _sizes(values)
    variances = 2 * m / ((m - 1) * np.where(n > 2, n - 2, np.nan))
    estimates = -np.log1p(-a)
    return estimates, np.where(np.isnan(estimates), np.nan, variances)
