# Reference numbers for formulas, predictions, contrasts, comparisons and location-scale models,
# pinned in regression.json.
#
# Run in this folder, after reference.R and multilevel.R: Rscript regression.R
# Needs R with metafor and its own package splines; Hmisc for restricted cubic splines
# (Debian: r-cran-metafor r-cran-hmisc). Reads data/*.csv.

suppressMessages({ library(metafor); library(splines) })
options(warn = -1)

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
words_of <- function(x) structure(as.character(x), array = TRUE)

# ---- the data -----------------------------------------------------------------------------------

read <- function(name) read.csv(file.path("data", paste0(name, ".csv")))
made <- function(analysis) {
  part <- strsplit(analysis, "-(?=[A-Z]+$)", perl = TRUE)[[1]]
  d <- read(part[1])
  if (part[2] == "GEN") return(d)
  if ("tpos" %in% names(d)) d <- cbind(d, ai = d$tpos, n1i = d$tpos + d$tneg, ci = d$cpos, n2i = d$cpos + d$cneg)
  if (part[2] == "SMD") e <- escalc("SMD", n1i = n1i, m1i = m1i, sd1i = sd1i, n2i = n2i, m2i = m2i, sd2i = sd2i, data = d, append = FALSE)
  else e <- escalc(part[2], ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, append = FALSE, drop00 = part[2] != "RD")
  d$yi <- as.numeric(e$yi); d$vi <- as.numeric(e$vi)
  d
}

# metafor stops at a change of tau2 of 1e-5; tightened to the size of the numbers, loosened by tens
# only where rounding forbids it
tight <- function(d, mods, ...) {
  used <- d[!is.na(d$yi) & !is.na(d$vi), ]
  size <- median(used$vi)
  for (limit in 10^(-13:-9)) for (step in c(1, 0.5)) {
    control <- list(threshold = limit * size, maxiter = 3000, stepadj = step, tol = 1e-16 * size, tau2.max = 1e4 * size)
    found <- try(suppressWarnings(rma(yi, vi, mods = mods, data = d, control = control, ...)), silent = TRUE)
    if (!inherits(found, "try-error")) return(found)
  }
  stop(found)
}
tests <- list(z = "z", t = "t", knha = "knha", adhoc = "adhoc")

# ---- formulas: ours, R's, and a table of new values ---------------------------------------------

rcs <- function(x, knots) { b <- Hmisc::rcspline.eval(x, knots = knots, inclx = TRUE); attributes(b) <- list(dim = dim(b)); b }
cases <- list(
  list("bcg-RR", "ablat * alloc", ~ ablat * alloc, list(ablat = c(20, 44), alloc = c("random", "alternate"))),
  list("bcg-RR", "alloc / ablat", ~ alloc / ablat, list(ablat = c(20, 44), alloc = c("systematic", "alternate"))),
  list("bcg-RR", "alloc:ablat", ~ alloc:ablat, list(ablat = c(20, 44), alloc = c("systematic", "alternate"))),
  list("bcg-RR", "alloc - 1", ~ alloc - 1, list(alloc = c("systematic", "random"))),
  list("bcg-RR", 'C(alloc, reference="random") + ablat', ~ relevel(factor(alloc), "random") + ablat, list(alloc = c("systematic", "random"), ablat = c(10, 50))),
  list("bcg-RR", "ns(ablat, 3)", ~ ns(ablat, df = 3), list(ablat = c(5, 30, 60))),
  list("bcg-RR", "ns(ablat, knots=[25, 40], boundary=[10, 60])", ~ ns(ablat, knots = c(25, 40), Boundary.knots = c(10, 60)), list(ablat = c(5, 30, 62))),
  list("bcg-RR", "bs(ablat, 4)", ~ bs(ablat, df = 4), list(ablat = c(20, 44))),
  list("bcg-RR", "poly(ablat, 2)", ~ poly(ablat, 2), list(ablat = c(5, 30, 60))),
  list("bcg-RR", "poly(ablat, 3) + alloc", ~ poly(ablat, 3) + alloc, list(ablat = c(30, 60), alloc = c("random", "random"))),
  list("bcg-RR", "I((year - 1900) / 10) + I(ablat^2)", ~ I((year - 1900) / 10) + I(ablat^2), list(ablat = c(30, 60), year = c(1950, 1980))),
  list("bcg-OR", "scale(ablat) + scale(year)", ~ scale(ablat) + scale(year), list(ablat = c(30, 60), year = c(1950, 1980))),
  list("bcg-RD", "(ablat + I(year - 1966))^2", ~ (ablat + I(year - 1966))^2, list(ablat = c(30, 60), year = c(1950, 1980))),
  list("bangertdrowns2004-GEN", "length * C(grade)", ~ length * factor(grade), list(length = c(5, 20), grade = c(2, 4))),
  list("bangertdrowns2004-GEN", "poly(length, 2, raw=True) + feedback", ~ length + I(length^2) + feedback, list(length = c(5, 20), feedback = c(0, 1))),
  list("bangertdrowns2004-GEN", "bs(length, 5, degree=2)", ~ bs(length, df = 5, degree = 2), list(length = c(5, 20))),
  list("bangertdrowns2004-GEN", "ns(log(length), 2) * feedback", ~ ns(log(length), df = 2) * feedback, list(length = c(5, 20), feedback = c(0, 1))),
  list("bangertdrowns2004-GEN", "sqrt(length) + log2(year)", ~ sqrt(length) + log2(year), list(length = c(5, 20), year = c(1980, 1990))),
  list("bangertdrowns2004-GEN", "rcs(length, [4, 10, 15, 24])", ~ rcs(length, c(4, 10, 15, 24)), list(length = c(2, 12, 40))),
  list("bangertdrowns2004-GEN", "length * feedback * center(year)", ~ length * feedback * scale(year, scale = FALSE), list(length = c(5, 20), feedback = c(0, 1), year = c(1985, 1995))),
  list("raudenbush1985-GEN", "tester * log1p(weeks)", ~ tester * log1p(weeks), list(weeks = c(0, 3), tester = c("aware", "blind"))),
  list("raudenbush1985-GEN", "ns(weeks, 2) + year", ~ ns(weeks, df = 2) + year, list(weeks = c(0, 30), year = c(1970, 1980))),
  list("hackshaw1998-GEN", "design * year", ~ design * year, list(design = c("cohort", "case-control"), year = c(1985, 1995))),
  list("hackshaw1998-GEN", "country + ns(year, 3)", ~ country + ns(year, df = 3), list(country = c("USA", "Japan"), year = c(1985, 1999))),
  list("linde2005-RR", "duration + C(country)", ~ duration + country, NULL),
  list("curtis1998-SMD", "rcs(time, [20, 50, 100])", ~ rcs(time, c(20, 50, 100)), list(time = c(10, 60, 400))),
  list("assink2016-GEN", "deltype + exp(I(-year / 10))", ~ deltype + exp(-year / 10), list(deltype = c("general", "overt"), year = c(1, -2)))
)
settings <- list(c("REML", "z"), c("REML", "knha"), c("REML", "adhoc"), c("ML", "t"), c("DL", "z"), c("PM", "knha"), c("EE", "z"))

# the design of new values: the terms of the fitted rows keep knots, means and levels. R takes knots
# and means before it leaves rows with gaps out, so those are left out first
design_at <- function(formula, used, new) {
  frame <- model.frame(formula, data = used)
  at <- delete.response(attr(frame, "terms"))
  grid <- as.data.frame(new, stringsAsFactors = FALSE)
  list(x = model.matrix(formula, frame), new = model.matrix(at, model.frame(at, grid, xlev = .getXlevels(at, frame))))
}

fits <- list(); predictions <- list()
for (case in cases) for (setting in settings) {
  d <- made(case[[1]])
  used <- d[!is.na(d$yi) & !is.na(d$vi), ]
  used <- used[complete.cases(used[all.vars(case[[3]])]), ]
  parts <- if (is.null(case[[4]])) list(x = model.matrix(case[[3]], used)) else design_at(case[[3]], used, case[[4]])
  x <- parts$x
  if (qr(x)$rank < ncol(x) || nrow(x) <= ncol(x) + 1) { cat("left out", case[[1]], case[[2]], "\n"); next }
  f <- try(suppressWarnings({
    used$vi_ <- used$vi
    size <- median(used$vi); found <- NULL
    for (limit in 10^(-13:-9)) for (step in c(1, 0.5)) if (is.null(found)) {
      g <- try(rma(used$yi, used$vi, mods = x, intercept = FALSE, method = setting[1], test = setting[2],
        control = list(threshold = limit * size, maxiter = 3000, stepadj = step, tol = 1e-16 * size, tau2.max = 1e4 * size)), silent = TRUE)
      if (!inherits(g, "try-error")) found <- g
    }
    found
  }), silent = TRUE)
  if (is.null(f) || inherits(f, "try-error")) stop(case[[1]], case[[2]], setting[1])
  tested <- which(colnames(x) != "(Intercept)")
  a <- anova(f, btt = tested)
  key <- list(analysis = case[[1]], formula = case[[2]], method = setting[1], test = setting[2])
  fits[[length(fits) + 1]] <- c(key, list(
    k = f$k, coefficients = array_of(f$beta), se = array_of(f$se), ci_lower = array_of(f$ci.lb), ci_upper = array_of(f$ci.ub),
    p_values = array_of(f$pval), tau2 = f$tau2, qe = f$QE, qm = a$QM, qm_p = a$QMp,
    log_likelihood = logLik(f, REML = setting[1] == "REML")[1], aic = AIC(f)[1], bic = BIC(f)[1], aicc = AIC(f, correct = TRUE)[1]
  ))
  if (is.null(case[[4]])) next
  for (level in c(95, 90)) {
    new <- unname(parts$new[, colnames(parts$new) != "(Intercept)", drop = FALSE])
    p <- predict(f, newmods = new, level = level)
    random <- setting[1] != "EE"
    predictions[[length(predictions) + 1]] <- c(key, list(
      new = lapply(case[[4]], function(v) if (is.character(v)) words_of(v) else array_of(v)), level = level / 100,
      estimates = array_of(p$pred), se = array_of(p$se), ci_lower = array_of(p$ci.lb), ci_upper = array_of(p$ci.ub),
      prediction_lower = array_of(if (random) p$pi.lb else rep(NA, length(p$pred))),
      prediction_upper = array_of(if (random) p$pi.ub else rep(NA, length(p$pred))),
      design = array_of(t(parts$new))
    ))
  }
}

# predictions of a mean alone, at several levels
means <- list()
for (analysis in c("bcg-RR", "bangertdrowns2004-GEN", "curtis1998-SMD", "hackshaw1998-GEN")) for (setting in settings) for (level in c(95, 80)) {
  d <- made(analysis)
  f <- tight(d, ~ 1, method = setting[1], test = setting[2])
  p <- predict(f, level = level)
  means[[length(means) + 1]] <- list(
    analysis = analysis, method = setting[1], test = setting[2], level = level / 100, estimate = p$pred, se = p$se, ci_lower = p$ci.lb, ci_upper = p$ci.ub,
    prediction_lower = if (setting[1] == "EE") NA else p$pi.lb, prediction_upper = if (setting[1] == "EE") NA else p$pi.ub
  )
}

# ---- contrasts: by matrix, by coefficients, all pairs -------------------------------------------

linear <- list(
  list("bcg-RR", "alloc", ~ alloc, list(rbind(c(0, 1, -1), c(0, 1, 0)), rbind(c(1, 0.5, 0.5)), rbind(c(0, -1, 1), c(0, 1, 1), c(1, 0, 0)))),
  list("bcg-RR", "ablat + year", ~ ablat + year, list(rbind(c(0, 1, 0), c(0, 0, 1)), rbind(c(1, 30, 1960)))),
  list("bangertdrowns2004-GEN", "C(grade) + length", ~ factor(grade) + length, list(rbind(c(0, 1, -1, 0, 0), c(0, 0, 1, -1, 0)), rbind(c(1, 0, 0, 1, 20), c(0, 0, 0, 0, 1)))),
  list("hackshaw1998-GEN", "design + country", ~ design + country, list(rbind(c(0, 1, rep(0, 8)), c(0, 0, 1, -1, rep(0, 6))), cbind(matrix(0, 8, 2), diag(8)))),
  list("raudenbush1985-GEN", "weeks * tester", ~ weeks * tester, list(rbind(c(0, 1, 0, 1), c(0, 0, 1, 3)), rbind(c(1, 2, 0, 0))))
)
contrasts <- list(); subsets <- list(); inflation <- list()
for (case in linear) for (setting in settings) {
  d <- made(case[[1]])
  f <- tight(d, case[[3]], method = setting[1], test = setting[2])
  key <- list(analysis = case[[1]], formula = case[[2]], method = setting[1], test = setting[2])
  for (x in case[[4]]) {
    if (ncol(x) != f$p) { cat("columns", case[[1]], f$p, "\n"); next }
    a <- anova(f, X = x)
    contrasts[[length(contrasts) + 1]] <- c(key, list(
      matrix = lapply(seq_len(nrow(x)), function(i) array_of(x[i, ])), estimates = array_of(a$Xb), se = array_of(a$se), statistics = array_of(a$zval),
      p_values = array_of(a$pval), joint = if (is.null(a$QM)) NA else a$QM, joint_p = if (is.null(a$QMp)) NA else a$QMp
    ))
  }
  for (places in list(2, 2:f$p, f$p, c(1, f$p))) {
    a <- anova(f, btt = places)
    subsets[[length(subsets) + 1]] <- c(key, list(places = array_of(places - 1), statistic = a$QM, p_value = a$QMp))
  }
  v <- vif(f)
  inflation[[length(inflation) + 1]] <- c(key, list(places = list(), factors = array_of(sapply(v$vif, function(o) o$vif))))
  for (places in list(2:f$p, c(2, f$p))) if (length(unique(places)) > 1) {
    v <- vif(f, btt = places)
    inflation[[length(inflation) + 1]] <- c(key, list(places = array_of(places - 1), factors = array_of(sapply(v$vif, function(o) o$vif))))
  }
}

# ---- comparisons --------------------------------------------------------------------------------

pairs <- list(
  list("bcg-RR", "1", ~ 1, "ablat", ~ ablat), list("bcg-RR", "ablat", ~ ablat, "ablat + alloc", ~ ablat + alloc), list("bcg-OR", "1", ~ 1, "alloc", ~ alloc),
  list("hackshaw1998-GEN", "year", ~ year, "year + design", ~ year + design), list("raudenbush1985-GEN", "1", ~ 1, "weeks", ~ weeks),
  list("raudenbush1985-GEN", "weeks", ~ weeks, "weeks * tester", ~ weeks * tester), list("curtis1998-SMD", "1", ~ 1, "poly(time, 2)", ~ poly(time, 2)),
  list("assink2016-GEN", "deltype", ~ deltype, "deltype * year", ~ deltype * year)
)
comparisons <- list()
for (case in pairs) for (method in c("ML", "EE")) {
  d <- made(case[[1]])
  small <- tight(d, case[[3]], method = method)
  large <- tight(d, case[[5]], method = method)
  a <- anova(large, small)
  comparisons[[length(comparisons) + 1]] <- list(
    analysis = case[[1]], small = case[[2]], large = case[[4]], method = method, df = a$parms.f - a$parms.r, statistic = a$LRT, p_value = a$pval,
    log_likelihood = array_of(c(a$fit.stats.r["ll"], a$fit.stats.f["ll"])), aic = array_of(c(a$fit.stats.r["AIC"], a$fit.stats.f["AIC"])),
    bic = array_of(c(a$fit.stats.r["BIC"], a$fit.stats.f["BIC"])), aicc = array_of(c(a$fit.stats.r["AICc"], a$fit.stats.f["AICc"])),
    tau2 = array_of(c(a$tau2.r, a$tau2.f)), r2 = if (method == "EE") NA else a$R2
  )
}
# two-level against three-level, by REML and ML
for (method in c("REML", "ML")) {
  d <- read("multilevel_konstantopoulos2011")
  control <- list(optimizer = "BFGS", reltol = 1e-15, maxit = 5000)
  small <- rma.mv(yi, vi, random = ~ 1 | district, data = d, method = method, control = control)
  large <- rma.mv(yi, vi, random = ~ 1 | district / school, data = d, method = method, control = control)
  a <- anova(large, small)
  comparisons[[length(comparisons) + 1]] <- list(
    analysis = "multilevel_konstantopoulos2011", small = "district", large = "district/school", method = method, df = a$parms.f - a$parms.r,
    statistic = a$LRT, p_value = a$pval, log_likelihood = array_of(c(a$fit.stats.r["ll"], a$fit.stats.f["ll"])),
    aic = array_of(c(a$fit.stats.r["AIC"], a$fit.stats.f["AIC"])), bic = array_of(c(a$fit.stats.r["BIC"], a$fit.stats.f["BIC"])),
    aicc = array_of(c(a$fit.stats.r["AICc"], a$fit.stats.f["AICc"])), tau2 = array_of(c(NA, NA)), r2 = NA
  )
}

# ---- multilevel: predictions and contrasts ------------------------------------------------------

multilevel <- list()
d <- read("multilevel_konstantopoulos2011"); d$year <- d$year - 1990
b <- read("multilevel_berkey1998")
for (test in c("z", "t")) {
  control <- list(optimizer = "BFGS", reltol = 1e-15, maxit = 5000)
  f <- rma.mv(yi, vi, mods = ~ year, random = ~ 1 | district / school, data = d, test = test, dfs = "residual", control = control)
  p <- predict(f, newmods = c(-10, 5)); a <- anova(f, X = rbind(c(1, -10), c(1, 5)))
  multilevel[[length(multilevel) + 1]] <- list(
    set = "konstantopoulos2011", test = test, estimates = array_of(p$pred), se = array_of(p$se), ci_lower = array_of(p$ci.lb), ci_upper = array_of(p$ci.ub),
    prediction_lower = array_of(p$pi.lb), prediction_upper = array_of(p$pi.ub), joint = a$QM, joint_p = a$QMp
  )
}

# ---- location-scale models ----------------------------------------------------------------------

# metafor climbs with numerical gradients: tightened as far as its optimizers allow (`rung`)
rungs <- list(
  list(optimizer = "nlminb", rel.tol = 1e-14, iter.max = 2000, eval.max = 4000), list(optimizer = "nlminb", rel.tol = 1e-12, iter.max = 2000, eval.max = 4000),
  list(optimizer = "BFGS", reltol = 1e-15, maxit = 5000), list(optimizer = "nlminb", rel.tol = 1e-10)
)
models <- list(
  list("bangertdrowns2004-GEN", "length", ~ length, "length", ~ length, list(length = c(5, 20))),
  list("bangertdrowns2004-GEN", "1", ~ 1, "C(feedback)", ~ factor(feedback), NULL),
  list("bangertdrowns2004-GEN", "length", ~ length, "ns(length, 2)", ~ ns(length, df = 2), NULL),
  list("hackshaw1998-GEN", "1", ~ 1, "design", ~ design, NULL),
  list("raudenbush1985-GEN", "weeks", ~ weeks, "weeks", ~ weeks, list(weeks = c(0, 2))),
  list("bcg-RR", "ablat", ~ ablat, "ablat", ~ ablat, list(ablat = c(20, 44))),
  list("bcg-RR", "1", ~ 1, "alloc", ~ alloc, NULL),
  list("bcg-OR", "ablat", ~ ablat, "year", ~ year, list(ablat = c(20, 44), year = c(1950, 1970))),
  list("curtis1998-SMD", "log(time)", ~ log(time), "log(time)", ~ log(time), list(time = c(20, 200))),
  list("assink2016-GEN", "deltype", ~ deltype, "deltype + year", ~ deltype + year, NULL),
  list("linde2005-RR", "1", ~ 1, "duration", ~ duration, NULL)
)
location_scale <- list(); failed <- list()
for (case in models) for (method in c("REML", "ML")) for (test in c("z", "t", "knha")) {
  if (method == "ML" && test != "z") next
  d <- made(case[[1]])
  d <- d[!is.na(d$yi) & !is.na(d$vi), ]
  d <- d[complete.cases(d[unique(c("yi", all.vars(case[[3]]), all.vars(case[[5]])))]), ]
  f <- NULL
  for (rung in seq_along(rungs)) {
    args <- list(yi = d$yi, vi = d$vi, scale = model.matrix(case[[5]], d), method = method, test = test, data = d, control = rungs[[rung]])
    args$scale <- case[[5]]
    if (case[[2]] != "1") args$mods <- case[[3]]
    g <- try(do.call(rma, args), silent = TRUE)
    if (inherits(g, "try-error") || any(is.na(g$se.alpha))) next
    if (is.null(f) || logLik(g) > logLik(f) + 1e-11) { f <- g; best <- rung }
  }
  key <- list(analysis = case[[1]], formula = case[[2]], scale = case[[4]], method = method, test = test)
  if (is.null(f)) { failed[[length(failed) + 1]] <- c(key, list(error = "no convergence")); cat("failed", case[[1]], case[[4]], method, "\n"); next }
  row <- c(key, list(
    rung = best - 1, k = f$k, coefficients = array_of(f$beta), se = array_of(f$se), p_values = array_of(f$pval), scale_coefficients = array_of(f$alpha),
    scale_se = array_of(f$se.alpha), scale_p_values = array_of(f$pval.alpha), tau2 = array_of(f$tau2), qe = f$QE, qm = if (f$int.only) NA else f$QM,
    qm_p = if (f$int.only) NA else f$QMp, qs = f$QS, qs_p = f$QSp, log_likelihood = logLik(f)[1], aic = AIC(f)[1], bic = BIC(f)[1], aicc = AIC(f, correct = TRUE)[1]
  ))
  if (!is.null(case[[6]]) && test == "z") {
    new <- as.data.frame(case[[6]])
    at <- list(f, newscale = model.matrix(case[[5]], new)[, -1, drop = FALSE])
    if (case[[2]] != "1") at$newmods <- model.matrix(case[[3]], new)[, -1, drop = FALSE]
    p <- do.call(predict, at)
    row <- c(row, list(new = lapply(case[[6]], array_of), estimates = array_of(p$pred), pred_se = array_of(p$se), prediction_lower = array_of(p$pi.lb), prediction_upper = array_of(p$pi.ub)))
  }
  location_scale[[length(location_scale) + 1]] <- row
}

content <- list(
  source = list(script = "regression.R", R = paste(R.version$major, R.version$minor, sep = "."), metafor = as.character(packageVersion("metafor")), Hmisc = as.character(packageVersion("Hmisc"))),
  fits = fits, predictions = predictions, means = means, contrasts = contrasts, subsets = subsets, inflation = inflation, comparisons = comparisons,
  multilevel = multilevel, location_scale = location_scale, failed = failed
)
text <- paste0("{\n", paste(vapply(names(content), function(n) paste0(quoted(n), ": ", json(content[[n]])), ""), collapse = ",\n"), "\n}\n")
writeLines(text, "regression.json", sep = "")
cat(paste(names(content), sapply(content, length), collapse = ", "), "\n")
