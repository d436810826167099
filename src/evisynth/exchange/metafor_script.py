"""An analysis as a script for R with metafor, beside its data; it checks its own numbers."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

from evisynth.exchange.exported import Exported, csv_text

if TYPE_CHECKING:
    from evisynth.synthesis import PooledFit

__all__ = ["metafor_files"]

METHODS = ("REML", "DL", "PM", "ML", "EB", "HS", "HE", "SJ", "HSk", "PMM")
"""Estimators of tau² that metafor has under the same name."""

TOLERANCE = "1e-6"
"""Relative difference that the script allows: metafor's search for tau² ends where its steps are
smaller than its threshold."""

TEMPLATE = """# {title}
#
# {what}
# Data: {data} (yi: effect estimates on the pooled scale, vi: their sampling variances).
# Written by Evisynth; run it in this folder: Rscript {script}
{lost}
library(metafor)

dat <- read.csv("{data}", encoding = "UTF-8", check.names = FALSE)
{fit}
found <- c(
  k = fit$k,
  estimate = as.numeric(fit$beta), se = fit$se, ci_lower = fit$ci.lb, ci_upper = fit$ci.ub,
  statistic = fit$zval, p_value = fit$pval, q = fit$QE, i2 = {i2}{more_found}
)
expected <- c(
{expected}
)

print(fit)
{shown}print(rbind(found = found, expected = expected), digits = 10)
off <- abs(found - expected) / pmax(abs(expected), 1e-6)
if (any(off > {tolerance})) {{
  stop("not the numbers of Evisynth: ", paste(names(found)[off > {tolerance}], collapse = ", "))
}}
cat("The numbers are those of Evisynth.\\n")
"""


def metafor_files(fit: PooledFit, name: str, title: str = "") -> Exported:
    """Write an analysis as a script for metafor that gives the same numbers.

    Parameters
    ----------
    fit
        The analysis.
    name
        Name of the files, without an ending.
    title
        Words for the head of the script.

    Returns
    -------
    Exported
        ``name.R`` and ``name.csv``.
    """
    options = fit.options
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-") or "analysis"
    script, data = f"{name}.R", f"{name}.csv"
    lost: list[str] = []
    random = options.model == "random" and fit.k > 1
    expected = {
        "k": float(fit.k), "estimate": fit.estimate, "se": fit.se, "ci_lower": fit.ci_lower,
        "ci_upper": fit.ci_upper, "statistic": fit.statistic, "p_value": fit.p_value, "q": fit.q,
        "i2": fit.i2 if math.isfinite(fit.i2) else 0.0,
    }  # fmt: skip
    if random:
        expected["tau2"] = fit.tau2
    if not math.isfinite(fit.tau2_lower):
        lost.append("limits of tau² (there are none here)") if random else None
    words = _fit_words(fit, lost)
    effects = fit.effects
    columns = [column for column in effects.data.columns if column not in ("study", "yi", "vi")]
    rows = [
        [label, y, v, *(effects.data[column].iloc[place] for column in columns)]
        for place, (label, y, v) in enumerate(
            zip(
                effects.labels,
                map(float, effects.estimates),
                map(float, effects.variances),
                strict=True,
            )
        )
    ]
    if any(effects.reasons):
        lost.append("why a study has no estimate; its yi and vi are empty")
    scale = effects.scale
    shown = ""
    if scale.is_ratio:
        shown = "print(predict(fit, transf = exp))\n"
    elif scale.is_transformed:
        lost.append(f"the way back from the {scale.name} scale; numbers stay on it")
    text = TEMPLATE.format(
        title=_comment(title or name),
        what=_comment(f"{scale.label} ({effects.measure}): {fit.method_sentence()}"),
        data=data,
        script=script,
        lost="".join(f"# Not held here: {_comment(item)}.\n" for item in lost),
        fit=words,
        i2="fit$I2" if random else "max(0, 100 * (fit$QE - (fit$k - 1)) / max(fit$QE, 1e-300))",
        more_found=", tau2 = fit$tau2" if random else "",
        expected=",\n".join(f"  {key} = {value!r}" for key, value in expected.items()),
        shown=shown,
        tolerance=TOLERANCE,
    )
    return Exported(
        {script: text, data: csv_text(["study", "yi", "vi", *columns], rows)}, tuple(lost)
    )


def _comment(text: str) -> str:
    """Return words that stay in one line of a comment."""
    return " ".join(text.split())


def _fit_words(fit: PooledFit, lost: list[str]) -> str:
    """Return the lines that fit the model."""
    options = fit.options
    level = repr(100 * options.level)
    if options.model == "equal" or fit.k < 2:
        test = "z" if fit.test == "z" else "t"
        return (
            f'fit <- rma(yi, vi, data = dat, slab = study, method = "EE", test = "{test}", '
            f"level = {level})\n"
        )
    test = {"HKSJ": "knha", "t": "t", "z": "z"}.get(options.ci, "z")
    if options.ci == "HKSJ" and options.safeguard == "truncate":
        test = "adhoc"
    if options.tau2 in METHODS:
        control = "control = list(threshold = 1e-12, maxiter = 10000, tol = 1e-12)"
        method = f'method = "{options.tau2}", {control}'
    else:
        lost.append(
            f"the estimator {options.tau2} of tau²: metafor has no such; its value is given"
        )
        method = f"tau2 = {fit.tau2!r}"
    call = f"rma(yi, vi, data = dat, slab = study, {method}, test = %s, level = {level})"
    lines = [f"fit <- {call % json.dumps(test)}"]
    if options.ci == "HKSJ" and options.safeguard == "wider":
        lines += [
            "# the safeguard: where this interval is narrower than the usual one, that one is used",
            f"usual <- {call % json.dumps('z')}",
            "if (usual$ci.ub - usual$ci.lb > fit$ci.ub - fit$ci.lb) fit <- usual",
        ]
    return "\n".join(lines) + "\n"
