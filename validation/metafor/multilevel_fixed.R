# Reference numbers for models of a known covariance without random effects, in multilevel_fixed.json.
#
# Run in this folder, after multilevel.R: Rscript multilevel_fixed.R
# Needs R with the package metafor alone (Debian: r-cran-metafor). Reads data/multilevel_*.csv.
# MULTILEVEL_FIXED.md says what is compared and how.

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

# ---- fits ---------------------------------------------------------------------------------------

read <- function(name) read.csv(file.path("data", paste0("multilevel_", name, ".csv")))
covariance <- function(d, kind) {
  if (kind == "none") return(diag(d$vi))
  if (kind == "rows") return(bldiag(lapply(split(d, d$trial), function(p) as.matrix(p[c("v1i", "v2i")]))))
  if (kind == "rho6") return(vcalc(vi, cluster = study, obs = seq_len(nrow(d)), rho = 0.6, data = d))
  vcalc(vi, cluster = study, time1 = time, phi = 0.97, data = d)
}
fits <- list()
for (case in list(
  list("berkey1998", "rows", c("1", "factor(outcome) - 1", "factor(outcome)", "year * factor(outcome)")),
  list("assink2016", "rho6", c("1", "year", "factor(deltype)", "year + pubstatus")), list("assink2016", "none", c("1", "year")),
  list("ishak2007", "time97", c("1", "factor(time)", "factor(time) + mdur")), list("ishak2007", "rho6", c("1", "factor(time) - 1")),
  list("konstantopoulos2011", "none", c("1", "year"))
)) for (formula in case[[3]]) for (method in c("REML", "ML")) for (test in c("z", "t")) for (level in c(95, 80)) {
  d <- read(case[[1]])
  d <- d[complete.cases(d[c("yi", "vi", all.vars(as.formula(paste("~", formula))))]), ]
  x <- model.matrix(as.formula(paste("~", formula)), d)
  f <- suppressWarnings(rma.mv(d$yi, covariance(d, case[[2]]), mods = x, intercept = FALSE, method = method, test = test, level = level))
  tested <- which(colnames(x) != "(Intercept)")
  joint <- if (length(tested)) drop(t(f$beta[tested]) %*% solve(f$vb[tested, tested, drop = FALSE], f$beta[tested])) / (if (test == "t") length(tested) else 1) else NA
  stats <- f$fit.stats[[if (method == "REML") "REML" else "ML"]]
  fits[[length(fits) + 1]] <- list(
    set = case[[1]], V = case[[2]], formula = formula, method = method, test = test, level = level, k = f$k, coefficients = array_of(f$beta), se = array_of(f$se),
    statistics = array_of(f$zval), p_values = array_of(f$pval), ci_lower = array_of(f$ci.lb), ci_upper = array_of(f$ci.ub), covariance = array_of(f$vb),
    qe = f$QE, qe_p = f$QEp, qm = joint, log_likelihood = stats[1], aic = stats[3], bic = stats[4], aicc = stats[5]
  )
}
content <- list(
  source = list(script = "multilevel_fixed.R", R = paste(R.version$major, R.version$minor, sep = "."), metafor = as.character(packageVersion("metafor"))),
  fits = fits
)
text <- paste0("{\n", paste(vapply(names(content), function(n) paste0(quoted(n), ": ", json(content[[n]])), ""), collapse = ",\n"), "\n}\n")
writeLines(text, "multilevel_fixed.json", sep = "")
cat(length(fits), "fits\n")
