# Reference numbers for heterogeneity, study effects, residuals and weights, pinned in heterogeneity.json.
#
# Run in this folder, after reference.R: Rscript heterogeneity.R
# Needs R with the package metafor alone (Debian: r-cran-metafor). Reads data/*.csv. For generalized Q
# intervals and GENQM metafor asks the package CompQuadForm; where that is not installed a stand-in is made
# that sums the series of Ruben (1962, doi:10.1214/aoms/1177704580); `source` says which was used.

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

# ---- the distribution of quadratic forms --------------------------------------------------------

source("quadratic_forms.R")

# ---- the data -----------------------------------------------------------------------------------

made <- function(name, measure) {
  d <- read.csv(file.path("data", paste0(name, ".csv")))
  if (measure != "GEN") {
    e <- if ("tpos" %in% names(d)) {
      escalc(measure, ai = tpos, bi = tneg, ci = cpos, di = cneg, data = d, append = FALSE)
    } else if ("ai" %in% names(d)) {
      suppressWarnings(escalc(measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, append = FALSE, drop00 = measure != "RD"))
    } else {
      escalc(measure, n1i = n1i, m1i = m1i, sd1i = sd1i, n2i = n2i, m2i = m2i, sd2i = sd2i, data = d, append = FALSE)
    }
    d$yi <- as.numeric(e$yi)
    d$vi <- as.numeric(e$vi)
  }
  d
}

models <- list(
  list("bcg", "RR", c("", "ablat", "ablat + year", "alloc")), list("bcg", "RD", c("", "ablat")), list("bcg", "OR", ""),
  list("raudenbush1985", "GEN", c("", "weeks", "weeks + tester")), list("bangertdrowns2004", "GEN", c("", "length")),
  list("hackshaw1998", "GEN", c("", "design")), list("linde2005", "RR", c("", "duration")), list("lee2004", "RR", ""),
  list("yusuf1985", "OR", ""), list("berkey1998", "GEN", c("", "year")), list("konstantopoulos2011", "GEN", c("", "year")),
  list("viechtbauer2021", "RD", c("", "dose")), list("normand1999", "SMD", ""), list("riley2003", "GEN", "")
)
in_detail <- c("bcg-RR", "raudenbush1985-GEN", "lee2004-RR", "berkey1998-GEN", "normand1999-SMD")

# ---- fits with the iteration tightened ----------------------------------------------------------

# absolute thresholds relative to the size of the variances; loosened by tens where rounding forbids them
fitted <- function(d, formula, ..., steps = c(1, 0.5, 0.25), maxiter = 2000, looser = 10^(0:5)) {
  size <- median(d$vi, na.rm = TRUE)
  for (stepadj in steps) for (loose in looser) {
    control <- list(threshold = 1e-15 * size * loose, maxiter = maxiter, tol = 1e-16 * size * loose, stepadj = stepadj)
    mods <- if (formula == "") ~1 else as.formula(paste("~", formula))
    # the variables themselves: weights are looked up in the data
    f <- try(suppressWarnings(do.call(rma, c(list(yi = d$yi, vi = d$vi, mods = mods, data = d, control = control), list(...)))), silent = TRUE)
    if (!inherits(f, "try-error")) return(f)
  }
  stop(f)
}
statistics <- function(f) list(ml = array_of(f$fit.stats[, "ML"]), reml = array_of(f$fit.stats[, "REML"]))
complete <- function(d, formula) {
  keep <- !is.na(d$yi) & !is.na(d$vi)
  if (formula != "") keep <- keep & stats::complete.cases(d[all.vars(as.formula(paste("~", formula)))])
  d[keep, , drop = FALSE]
}

estimators <- list(); criteria <- list(); profiles <- list(); generalized <- list(); henmi <- list()
effects <- list(); residuals_ <- list(); weighted <- list()
unconverged <- character()
put <- function(rows, ...) c(rows, list(list(...)))

for (m in models) for (formula in m[[3]]) {
  id <- paste(m[[1]], m[[2]], sep = "-")
  message(id, " ", formula)
  all_rows <- made(m[[1]], m[[2]])
  d <- complete(all_rows, formula)
  se <- sqrt(d$vi)
  own <- list("1/v" = 1 / d$vi, "1/se" = 1 / se, equal = rep(1, nrow(d)))
  add <- function(method, f, weights = "") {
    estimators <<- put(estimators, analysis = id, formula = formula, method = method, weights = weights, tau2 = f$tau2, tau2_se = f$se.tau2, i2 = f$I2, h2 = f$H2, coefficients = array_of(f$beta), se = array_of(f$se))
  }
  for (method in c("REML", "ML", "DL", "HE", "HS", "HSk", "SJ", "SJIT", "EB", "PM", "PMM", "DLIT")) {
    # SJIT creeps towards 0 where the other end of its iteration is 0 and never gets there
    if (method == "SJIT" && fitted(d, formula, method = "PM")$tau2 == 0) next
    # DLIT is a fixed-point iteration that need not converge; where it does not, metafor has no number
    f <- if (method == "DLIT") try(fitted(d, formula, method = method, steps = 1, maxiter = 6000, looser = c(1e3, 1e5)), silent = TRUE) else fitted(d, formula, method = method)
    if (inherits(f, "try-error")) {
      unconverged <- c(unconverged, paste(id, formula))
      next
    }
    add(method, f)
    if (method %in% c("REML", "ML", "DL")) criteria <- do.call(put, c(list(criteria), list(analysis = id, formula = formula, method = method), statistics(f)))
  }
  criteria <- do.call(put, c(list(criteria), list(analysis = id, formula = formula, method = "EE"), statistics(fitted(d, formula, method = "EE"))))
  criteria <- do.call(put, c(list(criteria), list(analysis = id, formula = formula, method = "given"), statistics(fitted(d, formula, method = "REML", tau2 = 0.5 * median(d$vi)))))
  # the two-step estimators are generalized Q estimators whose weights come from the first step
  for (step in list(c("DL2", "DL"), c("CA2", "HE"))) {
    first <- fitted(d, formula, method = step[2])$tau2
    f <- fitted(d, formula, method = "GENQ", weights = 1 / (d$vi + first))
    g <- fitted(d, formula, method = "DL", tau2 = f$tau2)
    estimators <- put(estimators, analysis = id, formula = formula, method = step[1], weights = "", tau2 = f$tau2, tau2_se = f$se.tau2, i2 = g$I2, h2 = g$H2, coefficients = array_of(g$beta), se = array_of(g$se))
  }
  if (id %in% in_detail) for (w in names(own)) for (method in c("GENQ", "GENQM")) {
    f <- fitted(d, formula, method = method, weights = own[[w]])
    if (formula == "") add(method, f, w) else estimators <- put(estimators, analysis = id, formula = formula, method = method, weights = w, tau2 = f$tau2, tau2_se = f$se.tau2, i2 = f$I2, h2 = f$H2)
    if (method == "GENQ") for (level in if (w == "1/se") c(95, 90) else 95) {
      # this search keeps uniroot()'s absolute tolerance of 1.2e-4 whatever `control` says: tau2 is made large
      unit <- 1e5 / sqrt(median(d$vi))
      large <- d
      large$yi <- unit * d$yi; large$vi <- unit^2 * d$vi
      big <- fitted(large, formula, method = "GENQ", weights = own[[w]])
      found <- confint(big, type = "GENQ", level = level, control = list(maxiter = 10000, tau2.max = 1000 * max(big$tau2, median(large$vi))))
      r <- found$random
      for (column in c("ci.lb", "ci.ub")) r[1:2, column] <- r[1:2, column] / c(unit^2, unit)
      generalized <- put(generalized, analysis = id, formula = formula, weights = w, level = level / 100, lower = array_of(r[, "ci.lb"]), upper = array_of(r[, "ci.ub"]), empty = isTRUE(found$ci.null))
    }
  }
  for (method in c("REML", "ML")) for (level in c(95, 90)) {
    f <- fitted(d, formula, method = method)
    r <- confint(f, type = "PL", level = level, control = list(tol = 1e-16 * max(f$tau2, median(d$vi)), maxiter = 10000, tau2.max = 1000 * max(f$tau2, median(d$vi))))$random
    profiles <- put(profiles, analysis = id, formula = formula, method = method, level = level / 100, lower = array_of(r[, "ci.lb"]), upper = array_of(r[, "ci.ub"]))
  }
  if (formula == "") {
    for (level in c(95, 90)) {
      h <- hc(rma(yi, vi, data = d, method = "DL", level = level), control = list(tol = 1e-14))
      henmi <- put(henmi, analysis = id, level = level / 100, estimate = as.numeric(h$beta), se = h$se, ci_lower = h$ci.lb, ci_upper = h$ci.ub, tau2 = h$tau2)
    }
    for (w in c("1/se", "equal")) for (method in c("REML", "DL", "EE")) for (test in if (method == "EE") c("z", "t") else c("z", "t", "knha", "adhoc")) {
      f <- if (w == "equal") fitted(d, "", method = method, test = test, weighted = FALSE) else fitted(d, "", method = method, test = test, weights = own[[w]])
      p <- if (method == "EE") list(pi.lb = NA, pi.ub = NA) else predict(f)
      weighted <- put(weighted, analysis = id, weights = w, method = method, test = test, estimate = as.numeric(f$beta), se = f$se, ci_lower = f$ci.lb, ci_upper = f$ci.ub, statistic = f$zval, p_value = f$pval,
        tau2 = f$tau2, q = f$QE, i2 = f$I2, h2 = f$H2, pi_lower = p$pi.lb, pi_upper = p$pi.ub, ml = array_of(f$fit.stats[, "ML"]), reml = array_of(f$fit.stats[, "REML"]),
        percent = if (id %in% in_detail) array_of(weights(f)) else NULL, residual = if (id %in% in_detail) array_of(rstandard(f)$z) else NULL)
    }
  }
  if (id %in% in_detail) for (method in c("REML", "DL", "EE")) for (test in if (method == "EE") "z" else c("z", "t", "knha", "adhoc")) {
    f <- fitted(d, formula, method = method, test = test)
    b <- blup(f); u <- if (method == "EE") list(pred = rep(0, nrow(d)), se = rep(0, nrow(d)), pi.lb = rep(0, nrow(d)), pi.ub = rep(0, nrow(d))) else ranef(f)
    effects <- put(effects, analysis = id, formula = formula, method = method, test = test, effects = array_of(b$pred), se = array_of(b$se), lower = array_of(b$pi.lb), upper = array_of(b$pi.ub),
      deviations = array_of(u$pred), deviation_se = array_of(u$se), deviation_lower = array_of(u$pi.lb), deviation_upper = array_of(u$pi.ub))
    s <- rstandard(f)
    # rstudent() fits anew with the loose control that its fits inherit in part: made one by one here
    deleted <- lapply(seq_len(nrow(d)), function(i) {
      rest <- d[-i, , drop = FALSE]
      g <- fitted(rest, formula, method = method, test = test)
      x <- model.matrix(f)[i, , drop = FALSE]
      s2 <- if (test %in% c("knha", "adhoc")) g$s2w else 1
      c(d$yi[i] - as.numeric(x %*% g$beta), sqrt(s2 * (d$vi[i] + g$tau2) + as.numeric(x %*% g$vb %*% t(x))))
    })
    z <- rstudent(f)
    mine <- vapply(deleted, function(r) r[1] / r[2], 0)
    stopifnot(all(abs(z$z - mine) < 1e-3, na.rm = TRUE))
    row <- list(analysis = id, formula = formula, method = method, test = test, raw = array_of(s$resid), se = array_of(s$se), standardized = array_of(s$z), pearson = array_of(residuals(f, type = "pearson")),
      deleted = array_of(vapply(deleted, function(r) r[1], 0)), deleted_se = array_of(vapply(deleted, function(r) r[2], 0)), studentized = array_of(mine), hat = array_of(hatvalues(f)), weights = array_of(weights(f)))
    if (method != "EE") { q <- rstandard(f, type = "conditional"); row <- c(row, list(conditional = array_of(q$resid), conditional_se = array_of(q$se))) }
    residuals_ <- c(residuals_, list(row))
  }
}

# ---- out ----------------------------------------------------------------------------------------

out <- file("heterogeneity.json", "w", encoding = "UTF-8")
section <- function(name, rows, last = FALSE) {
  writeLines(paste0("\"", name, "\": ["), out)
  writeLines(paste0(vapply(rows, json, ""), c(rep(",", length(rows) - 1), "")), out)
  writeLines(if (last) "]" else "],", out)
}
writeLines("{", out)
writeLines(paste0("\"source\": ", json(list(R = paste(R.version$major, R.version$minor, sep = "."), metafor = as.character(packageVersion("metafor")), script = "heterogeneity.R", digits = 17, quadratic_forms = forms, dlit_unconverged = structure(unconverged, array = TRUE))), ","), out)
section("estimators", estimators)
section("criteria", criteria)
section("profiles", profiles)
section("generalized", generalized)
section("henmi_copas", henmi)
section("study_effects", effects)
section("residuals", residuals_)
section("weighted", weighted, last = TRUE)
writeLines("}", out)
close(out)
