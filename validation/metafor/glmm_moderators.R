# Reference numbers for models of counts with moderators, pinned in glmm_moderators.json.
#
# Run in this folder, after reference.R and counts.R: Rscript glmm_moderators.R
# Needs R with metafor, lme4, BiasedUrn (Debian: r-cran-metafor, r-cran-lme4, r-cran-biasedurn).
# Reads data/*.csv. GLMM_MODERATORS.md says what is compared and how.

suppressMessages(library(metafor))

# ---- writing: JSON with 17 significant digits ---------------------------------------------------

number <- function(x) ifelse(is.na(x), "null", ifelse(is.infinite(x), ifelse(x > 0, "1e999", "-1e999"), sprintf("%.17g", x)))
quoted <- function(x) paste0("\"", gsub("\"", "\\\\\"", x), "\"")
json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x)) {
    parts <- vapply(x, json, "")
    if (!is.null(names(x))) return(paste0("{", paste(quoted(names(x)), parts, sep = ": ", collapse = ", "), "}"))
    return(paste0("[", paste(parts, collapse = ",\n  "), "]"))
  }
  parts <- if (is.character(x)) quoted(x) else if (is.logical(x)) ifelse(is.na(x), "null", tolower(as.character(x))) else number(as.numeric(x))
  if (length(x) == 1 && is.null(attr(x, "array"))) parts else paste0("[", paste(parts, collapse = ", "), "]")
}
array_of <- function(x) structure(as.numeric(x), array = TRUE)

# ---- the data; `part` and `dose` are made up, by the row ----------------------------------------

with_made_up <- function(d) transform(d, part = c("a", "b", "c")[seq_len(nrow(d)) %% 3 + 1], dose = (7 * seq_len(nrow(d))) %% 5)
read <- function(name) {
  d <- read.csv(file.path("data", paste0(name, ".csv")))
  if ("tpos" %in% names(d)) d <- data.frame(ai = d$tpos, n1i = d$tpos + d$tneg, ci = d$cpos, n2i = d$cpos + d$cneg, ablat = d$ablat, year = d$year, alloc = d$alloc)
  with_made_up(d)
}

one <- function(x) if (is.null(x)) NA else as.numeric(x)[1]

# glmer stops early by default; its control is tightened as far as the fit allows, as in counts.R
bobyqa <- function(rhoend, pwrss) list(optimizer = "bobyqa", optCtrl = list(rhoend = rhoend, maxfun = 1e5), tolPwrss = pwrss)
rungs <- list(
  list(glmerCtrl = bobyqa(1e-9, 1e-13), intCtrl = list(rel.tol = 1e-10, subdivisions = 2000)),
  list(glmerCtrl = bobyqa(1e-8, 1e-11), intCtrl = list(rel.tol = 1e-8, subdivisions = 2000)),
  list(glmerCtrl = bobyqa(1e-7, 1e-9)),
  list(glmerCtrl = list(tolPwrss = 1e-9)),
  list()
)
glmm <- list()
failed <- list()
add <- function(set, measure, formula, model, method, test) {
  d <- read(set)
  arms <- switch(measure,
    OR = list(ai = d$ai, n1i = d$n1i, ci = d$ci, n2i = d$n2i), IRR = list(x1i = d$x1i, t1i = d$t1i, x2i = d$x2i, t2i = d$t2i),
    PLO = list(xi = d$xi, ni = d$ni), IRLN = list(xi = d$xi, ti = d$ti)
  )
  x <- model.matrix(as.formula(paste("~", formula)), d)
  key <- list(set = set, measure = measure, formula = formula, model = model, method = method, test = test)
  started <- proc.time()[3]
  for (rung in seq_along(rungs)) {
    f <- try(suppressMessages(suppressWarnings(do.call(rma.glmm, c(arms, list(mods = x, intercept = FALSE, measure = measure, model = model, method = method, test = test, control = rungs[[rung]]))))), silent = TRUE)
    if (!inherits(f, "try-error")) break
  }
  cat(set, measure, formula, model, method, "rung", rung - 1, round(proc.time()[3] - started, 1), "s", if (inherits(f, "try-error")) as.character(f) else "", "\n")
  if (inherits(f, "try-error")) {
    failed[[length(failed) + 1]] <<- key
    return(invisible())
  }
  tested <- which(colnames(x) != "(Intercept)")
  b <- f$beta[tested]
  joint <- drop(t(b) %*% solve(f$vb[tested, tested, drop = FALSE], b)) / (if (test == "t") length(tested) else 1)
  glmm[[length(glmm) + 1]] <<- c(key, list(
    rung = rung - 1, k = f$k, coefficients = array_of(f$beta), se = array_of(f$se), statistics = array_of(f$zval), p_values = array_of(f$pval),
    ci_lower = array_of(f$ci.lb), ci_upper = array_of(f$ci.ub), covariance = array_of(f$vb[seq_along(f$beta), seq_along(f$beta)]),
    qm = joint, qm_given = one(f$QM), tau2 = one(f$tau2), sigma2 = if (model == "UM.RS" && measure %in% c("OR", "IRR")) one(f$sigma2) else NA,
    i2 = one(f$I2), h2 = one(f$H2), df = one(f$QE.df), wald = one(f$QE.Wld), wald_p = one(f$QEp.Wld), lrt = one(f$QE.LRT), lrt_p = one(f$QEp.LRT),
    log_likelihood = one(f$fit.stats["ll", "ML"]), parameters = one(f$parms)
  ))
}
odds <- list(
  list("bcg", c("ablat", "ablat + year", "alloc", "alloc + ablat")), list("nielweise2007", c("dose", "part")),
  list("collins1985b_eclampsia", "dose"), list("egger2001", c("part", "dose + part"))
)
for (o in odds) for (formula in o[[2]]) for (model in c("UM.FS", "UM.RS", "CM.AL", "CM.EL")) for (method in c("EE", "ML")) {
  if (model == "CM.EL" && method == "ML" && (o[[1]] != "bcg" || grepl("+", formula, fixed = TRUE))) next # up to an hour each in metafor
  add(o[[1]], "OR", formula, model, method, if (formula %in% c("alloc", "dose")) "t" else "z")
}
for (set in c("counts_hart1999", "counts_nielweise2008")) for (formula in c("dose", "part")) for (model in c("UM.FS", "UM.RS", "CM.EL")) for (method in c("EE", "ML")) {
  add(set, "IRR", formula, model, method, if (formula == "dose") "t" else "z")
}
for (o in list(list("counts_debruin2009", c("scq", "dose + part")), list("counts_pritz1997", c("dose", "part - 1")))) for (formula in o[[2]]) for (method in c("EE", "ML")) {
  add(o[[1]], "PLO", formula, "UM.FS", method, if (formula == "dose") "t" else "z")
}
for (set in c("counts_hart1999_rates", "counts_nielweise2008_rates")) for (formula in c("dose", "part")) for (method in c("EE", "ML")) {
  add(set, "IRLN", formula, "UM.FS", method, if (formula == "dose") "t" else "z")
}

version_of <- function(name) as.character(packageVersion(name))
content <- list(
  source = list(script = "glmm_moderators.R", R = paste(R.version$major, R.version$minor, sep = "."), metafor = version_of("metafor"), lme4 = version_of("lme4"), BiasedUrn = version_of("BiasedUrn")),
  failed = failed, glmm = glmm
)
text <- paste0("{\n", paste(vapply(names(content), function(n) paste0(quoted(n), ": ", json(content[[n]])), ""), collapse = ",\n"), "\n}\n")
writeLines(text, "glmm_moderators.json", sep = "")
cat(length(glmm), "GLMM with moderators,", length(failed), "failed\n")
