# Reference numbers for selection models with moderators, pinned in selection_moderators.json.
#
# Run in this folder, after reference.R: Rscript selection_moderators.R
# Needs R with the package metafor alone (Debian: r-cran-metafor). Reads data/*.csv.
# SELECTION_MODERATORS.md says what is compared and how.

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

# ---- the data -----------------------------------------------------------------------------------

made <- function(name, measure) {
  d <- read.csv(file.path("data", paste0(name, ".csv")))
  # decades since 1960, as metafor's search needs moderators of moderate size
  if ("year" %in% names(d)) d$decade <- (d$year - 1960) / 10
  if (measure == "GEN") return(d)
  if ("tpos" %in% names(d)) d <- transform(d, ai = tpos, n1i = tpos + tneg, ci = cpos, n2i = cpos + cneg)
  e <- suppressWarnings(escalc(measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, append = FALSE, drop00 = TRUE))
  d$yi <- as.numeric(e$yi); d$vi <- as.numeric(e$vi)
  d[!is.na(d$yi), ]
}

# metafor's integrals stop at a relative error of 1e-4, its optimizer at 1e-8; both are tightened as
# far as the fit allows (`rung`: 0 is the tightest, 3 metafor's default)
rungs <- list(
  list(reltol = 1e-12, maxit = 2000, intCtrl = list(rel.tol = 1e-7, subdivisions = 300)),
  list(reltol = 1e-11, maxit = 2000, intCtrl = list(rel.tol = 1e-6, subdivisions = 200)),
  list(reltol = 1e-11, maxit = 2000),
  list()
)

selection <- list()
failed <- list()
add <- function(set, measure, formula, method, type, alternative, steps = numeric(0), prec = "") {
  d <- made(set, measure)
  d <- d[complete.cases(d[all.vars(as.formula(paste("~", formula)))]), ]
  x <- model.matrix(as.formula(paste("~", formula)), d)
  key <- list(set = set, measure = measure, formula = formula, method = method, type = type, alternative = alternative, steps = array_of(steps), prec = prec)
  one <- function(x, rung) {
    base <- rma(d$yi, d$vi, mods = x, intercept = FALSE, method = method)
    args <- list(base, type = type, alternative = alternative, control = rungs[[rung]])
    if (length(steps)) args$steps <- steps
    if (prec != "") args$prec <- prec
    try(suppressWarnings(do.call(selmodel, args)), silent = TRUE)
  }
  started <- proc.time()[1]
  for (rung in if (type == "beta") 2:4 else seq_along(rungs)) {
    f <- one(x, rung)
    if (!inherits(f, "try-error")) break
  }
  small <- if ("(Intercept)" %in% colnames(x)) one(matrix(1, nrow(x), 1), rung) else NULL
  cat(set, formula, method, type, alternative, prec, "rung", rung - 1, round(proc.time()[1] - started), "s", if (inherits(f, "try-error")) as.character(f) else "", "\n")
  if (inherits(f, "try-error")) {
    failed[[length(failed) + 1]] <<- key
    return(invisible())
  }
  tested <- which(colnames(x) != "(Intercept)")
  b <- f$beta[tested]
  joint <- try(drop(t(b) %*% solve(f$vb[tested, tested, drop = FALSE], b)), silent = TRUE)
  selection[[length(selection) + 1]] <<- c(key, list(
    rung = rung - 1, k = f$k, coefficients = array_of(f$beta), se = array_of(f$se), p_values = array_of(f$pval), ci_lower = array_of(f$ci.lb), ci_upper = array_of(f$ci.ub),
    qm = if (inherits(joint, "try-error")) NA else joint, tau2 = f$tau2, tau2_se = if (is.null(f$se.tau2)) NA else f$se.tau2, delta = array_of(f$delta), delta_se = array_of(f$se.delta),
    lrt = f$LRT, lrt_p = f$LRTp, log_likelihood = f$fit.stats["ll", "ML"], log_likelihood_small = if (is.null(small) || inherits(small, "try-error")) NA else small$fit.stats["ll", "ML"]
  ))
}
for (method in c("ML", "EE")) {
  for (steps in list(0.025, c(0.025, 0.5))) {
    for (formula in c("decade", "design", "decade + design", "design - 1")) add("hackshaw1998", "GEN", formula, method, "stepfun", "greater", steps)
    for (formula in c("length", "feedback", "factor(grade)")) add("bangertdrowns2004", "GEN", formula, method, "stepfun", "greater", steps)
    add("raudenbush1985", "GEN", "weeks", method, "stepfun", "greater", steps)
    for (formula in c("ablat", "ablat + decade")) add("bcg", "OR", formula, method, "stepfun", "less", steps)
    for (formula in c("year", "deltype")) add("assink2016", "GEN", formula, method, "stepfun", "greater", steps)
  }
  add("hackshaw1998", "GEN", "decade", method, "stepfun", "two.sided", 0.05)
  add("bangertdrowns2004", "GEN", "length + feedback", method, "stepfun", "two.sided", 0.05)
}
for (type in c("halfnorm", "negexp", "logistic", "power", "beta", "negexppow")) {
  add("hackshaw1998", "GEN", "decade", "ML", type, "greater")
  if (type != "negexppow") add("raudenbush1985", "GEN", "weeks", "ML", type, "greater")
}
for (type in c("halfnorm", "logistic")) {
  add("raudenbush1985", "GEN", "weeks", "ML", type, "greater", prec = "sei")
  add("raudenbush1985", "GEN", "weeks", "EE", type, "greater")
}
content <- list(
  source = list(script = "selection_moderators.R", R = paste(R.version$major, R.version$minor, sep = "."), metafor = as.character(packageVersion("metafor"))),
  failed = failed, selection = selection
)
text <- paste0("{\n", paste(vapply(names(content), function(n) paste0(quoted(n), ": ", json(content[[n]])), ""), collapse = ",\n"), "\n}\n")
writeLines(text, "selection_moderators.json", sep = "")
cat(length(selection), "selection models with moderators,", length(failed), "failed\n")
