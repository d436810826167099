"""References of the methods, by the key that the text cites them with."""

from __future__ import annotations

from collections.abc import Mapping

from evisynth.reporting.blocks import Reference

__all__ = ["ASYMMETRY", "EFFECT_MEASURES", "LIBRARY", "TAU2"]


def _doi(text: str, doi: str) -> Reference:
    return Reference(text=text, href=f"https://doi.org/{doi}")


LIBRARY: Mapping[str, Reference] = {
    "page2021": _doi(
        "Page MJ, McKenzie JE, Bossuyt PM, et al. The PRISMA 2020 statement: an updated guideline "
        "for reporting systematic reviews. BMJ 2021;372:n71.",
        "10.1136/bmj.n71",
    ),
    "handbook": Reference(
        "Higgins JPT, Thomas J, Chandler J, Cumpston M, Li T, Page MJ, Welch VA, editors. Cochrane "
        "Handbook for Systematic Reviews of Interventions. Cochrane.",
        "https://training.cochrane.org/handbook",
    ),
    "sterne2019": _doi(
        "Sterne JAC, Savović J, Page MJ, et al. RoB 2: a revised tool for assessing risk of bias "
        "in randomised trials. BMJ 2019;366:l4898.",
        "10.1136/bmj.l4898",
    ),
    "guyatt2011": _doi(
        "Guyatt G, Oxman AD, Akl EA, et al. GRADE guidelines: 1. Introduction: GRADE evidence "
        "profiles and summary of findings tables. J Clin Epidemiol 2011;64:383-394.",
        "10.1016/j.jclinepi.2010.04.026",
    ),
    "balshem2011": _doi(
        "Balshem H, Helfand M, Schünemann HJ, et al. GRADE guidelines: 3. Rating the quality of "
        "evidence. J Clin Epidemiol 2011;64:401-406.",
        "10.1016/j.jclinepi.2010.07.015",
    ),
    "guyatt2013": _doi(
        "Guyatt GH, Oxman AD, Santesso N, et al. GRADE guidelines: 12. Preparing summary of "
        "findings tables: binary outcomes. J Clin Epidemiol 2013;66:158-172.",
        "10.1016/j.jclinepi.2012.01.012",
    ),
    "zeng2022": _doi(
        "Zeng L, Brignardello-Petersen R, Hultcrantz M, et al. GRADE Guidance 34: update on rating "
        "imprecision using a minimally contextualized approach. J Clin Epidemiol 2022;150:216-224.",
        "10.1016/j.jclinepi.2022.07.014",
    ),
    "guyatt2023": _doi(
        "Guyatt G, Zhao Y, Mayer M, et al. GRADE guidance 36: updates to GRADE’s approach to "
        "addressing inconsistency. J Clin Epidemiol 2023;158:70-83.",
        "10.1016/j.jclinepi.2023.03.003",
    ),
    "santesso2020": _doi(
        "Santesso N, Glenton C, Dahm P, et al. GRADE guidelines 26: informative statements to "
        "communicate the findings of systematic reviews of interventions. J Clin Epidemiol "
        "2020;119:126-135.",
        "10.1016/j.jclinepi.2019.10.014",
    ),
    "hedges1981": _doi(
        "Hedges LV. Distribution theory for Glass’s estimator of effect size and related "
        "estimators. J Educ Stat 1981;6:107-128.",
        "10.3102/10769986006002107",
    ),
    "viechtbauer2005": _doi(
        "Viechtbauer W. Bias and efficiency of meta-analytic variance estimators in the "
        "random-effects model. J Educ Behav Stat 2005;30:261-293.",
        "10.3102/10769986030003261",
    ),
    "dersimonian1986": _doi(
        "DerSimonian R, Laird N. Meta-analysis in clinical trials. Control Clin Trials "
        "1986;7:177-188.",
        "10.1016/0197-2456(86)90046-2",
    ),
    "paule1982": _doi(
        "Paule RC, Mandel J. Consensus values and weighting factors. J Res Natl Bur Stand "
        "1982;87:377-385.",
        "10.6028/jres.087.022",
    ),
    "morris1983": _doi(
        "Morris CN. Parametric empirical Bayes inference: theory and applications. J Am Stat Assoc "
        "1983;78:47-55.",
        "10.1080/01621459.1983.10477920",
    ),
    "hedges1983": _doi(
        "Hedges LV. A random effects model for effect sizes. Psychol Bull 1983;93:388-395.",
        "10.1037/0033-2909.93.2.388",
    ),
    "sidik2005": _doi(
        "Sidik K, Jonkman JN. Simple heterogeneity variance estimation for meta-analysis. J R Stat "
        "Soc C 2005;54:367-384.",
        "10.1111/j.1467-9876.2005.00489.x",
    ),
    "hartung2001": _doi(
        "Hartung J, Knapp G. On tests of the overall treatment effect in meta-analysis with "
        "normally distributed responses. Stat Med 2001;20:1771-1782.",
        "10.1002/sim.791",
    ),
    "jackson2017": _doi(
        "Jackson D, Law M, Rücker G, Schwarzer G. The Hartung-Knapp modification for "
        "random-effects meta-analysis: a useful refinement but are there any residual concerns? "
        "Stat Med 2017;36:3923-3934.",
        "10.1002/sim.7411",
    ),
    "sidik2002": _doi(
        "Sidik K, Jonkman JN. A simple confidence interval for meta-analysis. Stat Med "
        "2002;21:3153-3159.",
        "10.1002/sim.1262",
    ),
    "inthout2016": _doi(
        "IntHout J, Ioannidis JPA, Rovers MM, Goeman JJ. Plea for routinely presenting prediction "
        "intervals in meta-analysis. BMJ Open 2016;6:e010247.",
        "10.1136/bmjopen-2015-010247",
    ),
    "viechtbauer2007": _doi(
        "Viechtbauer W. Confidence intervals for the amount of heterogeneity in meta-analysis. "
        "Stat Med 2007;26:37-52.",
        "10.1002/sim.2514",
    ),
    "higgins2002": _doi(
        "Higgins JPT, Thompson SG. Quantifying heterogeneity in a meta-analysis. Stat Med "
        "2002;21:1539-1558.",
        "10.1002/sim.1186",
    ),
    "borenstein2013": _doi(
        "Borenstein M, Higgins JPT. Meta-analysis and subgroups. Prev Sci 2013;14:134-143.",
        "10.1007/s11121-013-0377-7",
    ),
    "knapp2003": _doi(
        "Knapp G, Hartung J. Improved tests for a random effects meta-regression with a single "
        "covariate. Stat Med 2003;22:2693-2710.",
        "10.1002/sim.1482",
    ),
    "viechtbauer2010": _doi(
        "Viechtbauer W, Cheung MWL. Outlier and influence diagnostics for meta-analysis. Res Synth "
        "Methods 2010;1:112-125.",
        "10.1002/jrsm.11",
    ),
    "duval2000": _doi(
        "Duval S, Tweedie R. Trim and fill: a simple funnel-plot-based method of testing and "
        "adjusting for publication bias in meta-analysis. Biometrics 2000;56:455-463.",
        "10.1111/j.0006-341X.2000.00455.x",
    ),
    "egger1997": _doi(
        "Egger M, Davey Smith G, Schneider M, Minder C. Bias in meta-analysis detected by a "
        "simple, graphical test. BMJ 1997;315:629-634.",
        "10.1136/bmj.315.7109.629",
    ),
    "begg1994": _doi(
        "Begg CB, Mazumdar M. Operating characteristics of a rank correlation test for publication "
        "bias. Biometrics 1994;50:1088-1101.",
        "10.2307/2533446",
    ),
    "sterne2011": _doi(
        "Sterne JAC, Sutton AJ, Ioannidis JPA, et al. Recommendations for examining and "
        "interpreting funnel plot asymmetry in meta-analyses of randomised controlled trials. BMJ "
        "2011;343:d4002.",
        "10.1136/bmj.d4002",
    ),
}
"""The works cited by the methods; only those that a document cites are listed in it."""

TAU2: Mapping[str, tuple[str, str]] = {
    "REML": ("restricted maximum likelihood (REML)", "viechtbauer2005"),
    "ML": ("maximum likelihood (ML)", "viechtbauer2005"),
    "DL": ("the method of moments of DerSimonian and Laird", "dersimonian1986"),
    "PM": ("the iterative moment estimator of Paule and Mandel", "paule1982"),
    "EB": ("the empirical Bayes estimator", "morris1983"),
    "HS": ("the estimator of Hunter and Schmidt", "viechtbauer2005"),
    "HE": ("the unweighted moment estimator of Hedges", "hedges1983"),
    "SJ": ("the estimator of Sidik and Jonkman", "sidik2005"),
    "HSk": ("the corrected estimator of Hunter and Schmidt", "viechtbauer2005"),
    "SJIT": ("the iterated estimator of Sidik and Jonkman", "sidik2005"),
    "PMM": ("the median-unbiased form of Paule and Mandel’s estimator", "paule1982"),
    "DLIT": ("the iterated method of moments of DerSimonian and Laird", "dersimonian1986"),
    "DL2": ("the two-step method of moments of DerSimonian and Laird", "dersimonian1986"),
    "CA2": ("the two-step unweighted moment estimator", "hedges1983"),
}
"""Estimators of tau² in words, with the key of the work that describes each."""

EFFECT_MEASURES: Mapping[str, str] = {"SMD": "hedges1981"}
"""Works on effect measures, by the measure's short name."""

ASYMMETRY: Mapping[str, tuple[str, str]] = {
    "egger": ("Egger’s regression test", "egger1997"),
    "begg": ("Begg and Mazumdar’s rank correlation test", "begg1994"),
}
"""Tests for funnel plot asymmetry in words, with the key of the work that describes each."""
