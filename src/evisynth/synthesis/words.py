"""Words for methods: what was done, with its reference, in one sentence each."""

from __future__ import annotations

from evisynth.display import format_percent
from evisynth.synthesis.options import ALLOWED, FitOptions, FurtherOptions

__all__ = [
    "ci_words",
    "interval_words",
    "level_words",
    "model_words",
    "pooling_sentences",
    "prediction_words",
    "regression_sentences",
    "tau2_words",
]

TAU2_WORDS: dict[str, tuple[str, str]] = {
    "REML": ("restricted maximum likelihood", "Viechtbauer 2005, doi:10.3102/10769986030003261"),
    "ML": ("maximum likelihood", "Viechtbauer 2005, doi:10.3102/10769986030003261"),
    "DL": (
        "the estimator of DerSimonian and Laird",
        "DerSimonian and Laird 1986, doi:10.1016/0197-2456(86)90046-2",
    ),
    "PM": (
        "the estimator of Paule and Mandel",
        "Paule and Mandel 1982, doi:10.6028/jres.087.022",
    ),
    "EB": ("empirical Bayes", "Morris 1983, doi:10.1080/01621459.1983.10477920"),
    "HS": (
        "the estimator of Hunter and Schmidt",
        "Schmidt and Hunter 2015, doi:10.4135/9781483398105",
    ),
    "HE": (
        "the estimator of Hedges and Olkin",
        "Hedges and Olkin 1985, doi:10.1016/C2009-0-03396-0",
    ),
    "SJ": (
        "the estimator of Sidik and Jonkman",
        "Sidik and Jonkman 2005, doi:10.1111/j.1467-9876.2005.00489.x",
    ),
    "HSk": (
        "the estimator of Hunter and Schmidt with small-sample correction",
        "Brannick et al. 2019, doi:10.1177/1094428117713882",
    ),
    "SJIT": (
        "the iterated estimator of Sidik and Jonkman",
        "Sidik and Jonkman 2007, doi:10.1002/sim.2688",
    ),
    "PMM": (
        "the median-unbiased estimator of Paule and Mandel",
        "Viechtbauer 2021, in Schmid, Stijnen and White, Handbook of Meta-Analysis, 219-254",
    ),
    "DLIT": (
        "the iterated estimator of DerSimonian and Laird",
        "DerSimonian and Laird 1986, doi:10.1016/0197-2456(86)90046-2",
    ),
    "DL2": (
        "the two-step estimator of DerSimonian and Laird",
        "DerSimonian and Kacker 2007, doi:10.1016/j.cct.2006.04.004",
    ),
    "CA2": (
        "the two-step Cochran ANOVA estimator",
        "DerSimonian and Kacker 2007, doi:10.1016/j.cct.2006.04.004",
    ),
    "GENQ": (
        "the generalized Q estimator with given weights",
        "DerSimonian and Kacker 2007, doi:10.1016/j.cct.2006.04.004",
    ),
    "GENQM": (
        "the median-unbiased generalized Q estimator with given weights",
        "Viechtbauer 2021, in Schmid, Stijnen and White, Handbook of Meta-Analysis, 219-254",
    ),
    "given": ("assumption, not estimated", "not estimated from these studies"),
}

TAU2_CI_WORDS: dict[str, tuple[str, str]] = {
    "QP": ("Q-profile", "Viechtbauer 2007, doi:10.1002/sim.2514"),
    "GENQ": ("generalized Q", "Jackson 2013, doi:10.1002/sim.5829"),
    "J": ("generalized Q with weights 1/SE", "Jackson 2013, doi:10.1002/sim.5829"),
    "BJ": ("Biggerstaff-Jackson", "Biggerstaff and Jackson 2008, doi:10.1002/sim.3413"),
    "BT": (
        "Biggerstaff-Tweedie",
        "Biggerstaff and Tweedie 1997, "
        "doi:10.1002/(SICI)1097-0258(19970415)16:7<753::AID-SIM494>3.0.CO;2-G",
    ),
    "PL": (
        "profile likelihood",
        "Hardy and Thompson 1996, "
        "doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A",
    ),
    "Wald": ("Wald", "Viechtbauer 2007, doi:10.1002/sim.2514"),
    "SJ": (
        "Sidik-Jonkman",
        "Sidik and Jonkman 2005, doi:10.1111/j.1467-9876.2005.00489.x",
    ),
    "bootstrap": ("parametric bootstrap", "Viechtbauer 2007, doi:10.1002/sim.2514"),
    "bootstrap nonparametric": (
        "nonparametric bootstrap",
        "Viechtbauer 2007, doi:10.1002/sim.2514",
    ),
}

PREDICTION_WORDS: dict[str, tuple[str, str]] = {
    "V": (
        "t distribution, k - 1 degrees of freedom, Wald standard error",
        "Veroniki et al. 2019, doi:10.1002/jrsm.1319",
    ),
    "HTS": (
        "t distribution, k - 2 degrees of freedom, Wald standard error",
        "Higgins et al. 2009, doi:10.1111/j.1467-985X.2008.00552.x",
    ),
    "HK": (
        "t distribution, k - 1 degrees of freedom, Hartung-Knapp standard error",
        "Hartung and Knapp 2001, doi:10.1002/sim.791",
    ),
    "HK-PR": (
        "t distribution, k - 2 degrees of freedom, Hartung-Knapp standard error",
        "Partlett and Riley 2017, doi:10.1002/sim.7140",
    ),
    "KR": (
        "t distribution, Kenward-Roger degrees of freedom and standard error",
        "Kenward and Roger 1997, doi:10.2307/2533558",
    ),
    "KR-PR": (
        "t distribution, Kenward-Roger degrees of freedom less 1 and standard error",
        "Partlett and Riley 2017, doi:10.1002/sim.7140",
    ),
    "NNF": (
        "confidence distribution of tau²",
        "Nagashima, Noma and Furukawa 2019, doi:10.1177/0962280218773520",
    ),
    "S": (
        "normal distribution, Wald standard error",
        "Skipka 2006",
    ),
    "WL": (
        "quantiles of shrunken estimates",
        "Wang and Lee 2019, doi:10.1002/jrsm.1345",
    ),
}


WEIGHTING_WORDS = {
    "inverse variance": "inverse-variance weights",
    "equal": "equal weights",
    "given": "given weights",
}


def level_words(options: FitOptions) -> str:
    """Return the confidence level in percent.

    Examples
    --------
    >>> level_words(FitOptions(level=0.9))
    '90%'
    """
    percent = 100 * options.level
    return format_percent(percent, 0 if abs(percent - round(percent)) < 1e-9 else 1)


def model_words(options: FitOptions) -> str:
    """Return the model's name.

    Examples
    --------
    >>> model_words(FitOptions())
    'random-effects model'
    """
    return "random-effects model" if options.model == "random" else "equal-effects model"


def tau2_words(options: FitOptions, *, reference: bool = False) -> str:
    """Return the name of the estimator of tau².

    Examples
    --------
    >>> tau2_words(FitOptions(tau2="PM"))
    'the estimator of Paule and Mandel'
    """
    name, source = TAU2_WORDS[options.tau2]
    return f"{name} ({source})" if reference else name


def ci_words(options: FitOptions) -> str:
    """Return what the confidence interval is.

    Examples
    --------
    >>> ci_words(FitOptions(ci="z"))
    'Wald (normal)'
    """
    if options.ci == "z":
        return "Wald (normal)"
    if options.ci == "t":
        return "Wald standard error, t distribution"
    if options.ci not in ALLOWED["ci"]:
        return "Kenward-Roger"
    return {
        "wider": "Hartung-Knapp, or Wald where that is wider",
        "truncate": "Hartung-Knapp, factor not below 1",
        "none": "Hartung-Knapp",
    }[options.safeguard]


def prediction_words(options: FitOptions) -> str:
    """Return the definition of the prediction interval.

    Examples
    --------
    >>> prediction_words(FitOptions())
    't distribution, k - 1 degrees of freedom'
    """
    if options.prediction not in ALLOWED["prediction"]:
        return PREDICTION_WORDS[options.prediction][0]
    return {
        "t k-1": "t distribution, k - 1 degrees of freedom",
        "t k-2": "t distribution, k - 2 degrees of freedom",
        "normal": "normal distribution",
        "none": "none",
    }[options.prediction]


def interval_words(options: FitOptions, *, reference: bool = False) -> str:
    """Return the name of the interval of tau².

    Examples
    --------
    >>> interval_words(FitOptions())
    'Q-profile'
    """
    kind = options.tau2_ci if isinstance(options, FurtherOptions) else "QP"
    name, source = TAU2_CI_WORDS[kind]
    return f"{name} interval ({source})" if reference else name


def pooling_sentences(options: FitOptions) -> str:
    """Return one paragraph on the model, its intervals and heterogeneity, with references.

    Examples
    --------
    >>> pooling_sentences(FitOptions(model="equal", ci="z", prediction="none"))[:44]
    'Effect estimates were pooled with inverse-va'
    """
    level = level_words(options)
    sentences = []
    weighting = "inverse variance"
    if isinstance(options, FurtherOptions):
        weighting = options.weighting
    weights = WEIGHTING_WORDS[weighting]
    if options.model == "equal":
        sentences.append(f"Effect estimates were pooled with {weights} in an equal-effects model.")
    elif options.tau2 in ALLOWED["tau2"] or options.tau2 in ("GENQ", "GENQM"):
        sentences.append(
            f"Effect estimates were pooled with {weights} in a random-effects model; "
            "the between-study variance tau² was estimated by "
            f"{tau2_words(options, reference=True)}."
        )
    else:
        sentences.append(
            f"Effect estimates were pooled with {weights} in a random-effects model with a given "
            "between-study variance tau²."
        )
    sentences.append(_ci_sentence(options, level))
    if options.model == "random":
        if options.prediction != "none":
            sentences.append(_prediction_sentence(options, level))
        interval = interval_words(options, reference=True)
        known = options.tau2 not in (*ALLOWED["tau2"], "GENQ", "GENQM")
        limits = "" if known else f" with its {level} {interval}"
        carried = "" if known else " with limits carried over from those of tau²,"
        sentences.append(
            f"Heterogeneity is described by tau²{limits}, by I² computed from tau² (Higgins and "
            f"Thompson 2002, doi:10.1002/sim.1186){carried} and by Cochran's Q."
        )
    else:
        sentences.append(
            "Heterogeneity is described by Cochran's Q and by I² computed from it (Higgins and "
            "Thompson 2002, doi:10.1002/sim.1186)."
        )
    return " ".join(sentences)


def _ci_sentence(options: FitOptions, level: str) -> str:
    if options.ci == "z":
        return f"The {level} confidence interval is the Wald interval with the normal distribution."
    if options.ci == "t":
        return (
            f"The {level} confidence interval uses the Wald standard error and the t distribution "
            "with k - 1 degrees of freedom."
        )
    if options.ci not in ALLOWED["ci"]:
        return (
            f"The {level} confidence interval and test follow Kenward and Roger (1997, "
            "doi:10.2307/2533558; for meta-analysis Partlett and Riley 2017, doi:10.1002/sim.7140)."
        )
    text = (
        f"The {level} confidence interval and test follow Hartung and Knapp (2001, "
        "doi:10.1002/sim.791) and Sidik and Jonkman (2002, doi:10.1002/sim.1262)"
    )
    if options.safeguard == "wider":
        return (
            f"{text}; where that interval is narrower than the Wald interval, the Wald interval is "
            "used (Jackson et al. 2017, doi:10.1002/sim.7411)."
        )
    if options.safeguard == "truncate":
        return (
            f"{text}; their variance factor is not let fall below 1 (Röver et al. 2015, "
            "doi:10.1186/s12874-015-0091-1)."
        )
    return f"{text}."


def _prediction_sentence(options: FitOptions, level: str) -> str:
    if options.prediction not in ALLOWED["prediction"]:
        words, source = PREDICTION_WORDS[options.prediction]
        return (
            f"The {level} prediction interval is by the {words} ({source}); it is given from three "
            "studies on."
        )
    definition = {
        "t k-1": "the t distribution with k - 1 degrees of freedom (Partlett and Riley 2017, "
        "doi:10.1002/sim.7140)",
        "t k-2": "the t distribution with k - 2 degrees of freedom (Higgins et al. 2009, "
        "doi:10.1111/j.1467-985X.2008.00552.x)",
        "normal": "the normal distribution",
    }[options.prediction]
    return (
        f"The {level} prediction interval is the pooled effect ± the quantile of {definition} "
        "times the square root of tau² plus the squared standard error; it is given from three "
        "studies on."
    )


def regression_sentences(options: FitOptions, formula: str) -> str:
    """Return one paragraph on a meta-regression, with references.

    Examples
    --------
    >>> regression_sentences(FitOptions(model="equal", ci="z"), "dose")[:37]
    'Effect estimates were regressed on do'
    """
    level = level_words(options)
    weights = "inverse-variance weights"
    if isinstance(options, FurtherOptions):
        weights = WEIGHTING_WORDS[options.weighting]
    text = f"Effect estimates were regressed on {formula} with {weights}"
    if options.model == "random" and str(options.tau2) == "given":
        text += " in a mixed-effects model with a given residual tau²."
    elif options.model == "random":
        source = tau2_words(options, reference=True)
        text += f" in a mixed-effects model; the residual tau² was estimated by {source}."
    else:
        text += " in a fixed-effects model."
    if options.ci == "z":
        return f"{text} Tests and {level} limits of the coefficients use the normal distribution."
    df = "the t distribution with k - p degrees of freedom, p being the number of coefficients"
    if options.ci == "t":
        return f"{text} Tests and {level} limits of the coefficients use {df}."
    if options.ci not in ALLOWED["ci"]:
        return (
            f"{text} Tests and {level} limits of the coefficients follow Kenward and Roger (1997, "
            "doi:10.2307/2533558), each with its own degrees of freedom."
        )
    guard = {
        "wider": "; where that narrows the limits, the normal distribution without their factor "
        "is used",
        "truncate": "; their factor is not let fall below 1",
        "none": "",
    }[options.safeguard]
    return (
        f"{text} Tests and {level} limits of the coefficients follow Knapp and Hartung (2003, "
        f"doi:10.1002/sim.1482) with {df}{guard}."
    )
