"""Words for multilevel models: what was done, with its reference."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["multilevel_sentences", "structure_words"]

STRUCTURE_WORDS = {
    "CS": "compound symmetry",
    "HCS": "compound symmetry with a variance for each level",
    "UN": "an unstructured covariance matrix",
    "ID": "one variance and no correlation",
    "DIAG": "a variance for each level and no correlation",
    "AR": "a first-order autoregressive structure",
    "HAR": "a first-order autoregressive structure with a variance for each level",
    "CAR": "a continuous-time autoregressive structure",
}


def structure_words(kind: str) -> str:
    """Return the name of a covariance structure.

    Examples
    --------
    >>> structure_words("UN")
    'an unstructured covariance matrix'
    """
    return STRUCTURE_WORDS[kind]


def multilevel_sentences(
    names: Sequence[str],
    structures: Sequence[str],
    *,
    formula: str,
    restricted: bool,
    dependent_errors: bool,
    ci: str,
    level: str,
    limits: bool,
) -> str:
    """Return one paragraph on a multilevel model, with references.

    Examples
    --------
    >>> multilevel_sentences(
    ...     ["study", "study/esid"], [], formula="", restricted=True, dependent_errors=False,
    ...     ci="t", level="95%", limits=False,
    ... )[:45]
    'Effect estimates were pooled in a multilevel '
    """  # fmt: skip
    df = "the t distribution with k - p degrees of freedom" if ci == "t" else (
        "the normal distribution"
    )  # fmt: skip
    if not names:
        model = "fixed-effects" if formula else "equal-effects"
        errors = (
            "whose covariances entered as known" if dependent_errors else "taken as independent"
        )
        return (
            f"Effect estimates were {f'regressed on {formula}' if formula else 'pooled'} by "
            f"generalized least squares in the {model} model, with sampling errors {errors} "
            "(Gleser and Olkin 2009, in The Handbook of Research Synthesis, 2nd edition, 357-376)."
            f" Tests and {level} limits of the coefficients use {df}."
        )
    kinds = iter(structures)
    parts = [f"{name} ({structure_words(next(kinds))})" if "|" in name else name for name in names]
    kind = "multivariate" if structures else "multilevel"
    verb = f"regressed on {formula}" if formula else "pooled"
    likelihood = "restricted maximum likelihood" if restricted else "maximum likelihood"
    text = (
        f"Effect estimates were {verb} in a {kind} random-effects model with random effects for "
        f"{', '.join(parts)}, fitted by {likelihood} ("
    )
    text += (
        "Berkey et al. 1998, "
        "doi:10.1002/(SICI)1097-0258(19981115)17:22<2537::AID-SIM953>3.0.CO;2-C; "
        "van Houwelingen et al. 2002, doi:10.1002/sim.1040)"
        if structures
        else "Konstantopoulos 2011, doi:10.1002/jrsm.35; Van den Noortgate et al. 2013, "
        "doi:10.3758/s13428-012-0261-6)"
    )
    text += (
        "; the sampling errors' covariances entered as known."
        if dependent_errors
        else "; sampling errors were taken as independent."
    )
    text += f" Tests and {level} limits of the coefficients use {df}."
    if limits:
        text += (
            f" {level} limits of variances and correlations are profile-likelihood limits (Venzon "
            "and Moolgavkar 1988, doi:10.2307/2347496)."
        )
    if not structures:
        text += (
            " I² is each variance as a share of the sum of all variances and the typical sampling "
            "variance (Higgins and Thompson 2002, doi:10.1002/sim.1186; Nakagawa and Santos 2012, "
            "doi:10.1007/s10682-012-9555-5)."
        )
    return text
