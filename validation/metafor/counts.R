# Reference numbers for the models of counts, pinned in counts.json: Mantel-Haenszel, Peto, GLMM.
#
# Run in this folder, after reference.R: Rscript counts.R
# Needs R with metafor, metadat, lme4, BiasedUrn (Debian: r-cran-metafor, r-cran-metadat,
# r-cran-lme4, r-cran-biasedurn). Reads data/*.csv and writes data/counts_*.csv (numbers only).

suppressMessages({
  library(metafor)
  library(metadat)
})

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
  if (length(x) == 1) parts else paste0("[", paste(parts, collapse = ", "), "]")
}

# ---- the data -----------------------------------------------------------------------------------

put <- function(name, table) {
  file <- file.path("data", paste0("counts_", name, ".csv"))
  write.csv(table, file, row.names = FALSE, quote = FALSE, na = "")
  read.csv(file)
}
h <- dat.hart1999
person_time <- list(
  hart1999 = put("hart1999", data.frame(study = seq_len(nrow(h)), h[c("x1i", "t1i", "x2i", "t2i")])),
  nielweise2008 = put("nielweise2008", data.frame(study = dat.nielweise2008$study, dat.nielweise2008[c("x1i", "t1i", "x2i", "t2i")])),
  # made up: a study without events, arms without events
  edges_time = put("edges_time", data.frame(study = 1:6, x1i = c(0, 0, 3, 1, 12, 2), t1i = c(120, 55.5, 310, 42, 900, 77), x2i = c(0, 4, 0, 2, 25, 5), t2i = c(118, 60, 295, 40.25, 450, 80)))
)
groups <- list(
  pritz1997 = put("pritz1997", data.frame(study = dat.pritz1997$study, dat.pritz1997[c("xi", "ni")])),
  debruin2009 = put("debruin2009", data.frame(study = seq_len(nrow(dat.debruin2009)), dat.debruin2009[c("xi", "ni")], scq = dat.debruin2009$scq)),
  # made up: nobody, everybody
  edges_groups = put("edges_groups", data.frame(study = 1:7, xi = c(0, 0, 3, 9, 40, 2, 1), ni = c(12, 5, 30, 9, 100, 14, 60)))
)
rates <- list(
  hart1999 = put("hart1999_rates", data.frame(study = seq_len(nrow(h)), xi = h$x2i, ti = h$t2i)),
  nielweise2008 = put("nielweise2008_rates", data.frame(study = dat.nielweise2008$study, xi = dat.nielweise2008$x2i, ti = dat.nielweise2008$t2i))
)
# made up: zero cells on each side, a study without events, one with events only
edges <- put("edges", data.frame(study = 1:8, ai = c(0, 0, 5, 10, 3, 1, 20, 2), n1i = c(20, 15, 10, 10, 30, 12, 100, 40), ci = c(0, 3, 10, 10, 0, 2, 30, 6), n2i = c(22, 15, 10, 10, 28, 25, 50, 41)))
pair <- put("pair", data.frame(study = 1:2, ai = c(4, 1), n1i = c(25, 31), ci = c(9, 6), n2i = c(24, 60)))
existing <- c("bcg", "nielweise2007", "collins1985a_bleeding", "collins1985a_death", "collins1985b_eclampsia", "collins1985b_perinatal", "egger2001", "lee2004", "linde2005", "yusuf1985", "lau1992", "viechtbauer2021")
tables <- lapply(setNames(nm = existing), function(name) {
  d <- read.csv(file.path("data", paste0(name, ".csv")))
  if ("tpos" %in% names(d)) d <- data.frame(study = d$study, ai = d$tpos, n1i = d$tpos + d$tneg, ci = d$cpos, n2i = d$cpos + d$cneg)
  d[c("study", "ai", "n1i", "ci", "n2i")]
})
tables <- c(tables, list(edges = edges, pair = pair))

one <- function(x) if (is.null(x)) NA else as.numeric(x)[1]
shared <- function(f) list(
  estimate = one(f$beta), se = one(f$se), statistic = one(f$zval), p_value = one(f$pval),
  ci_lower = one(f$ci.lb), ci_upper = one(f$ci.ub), i2 = one(f$I2), h2 = one(f$H2)
)

# ---- Mantel-Haenszel and Peto -------------------------------------------------------------------

mh <- list()
add_mh <- function(set, measure, correct, level, f) mh[[length(mh) + 1]] <<- c(
  list(set = set, measure = measure, correct = correct, level = level), shared(f),
  list(q = one(f$QE), q_p = one(f$QEp), cmh = one(f$MH), cmh_p = one(f$MHp), breslow_day = one(f$BD), breslow_day_p = one(f$BDp), tarone = one(f$TA), tarone_p = one(f$TAp))
)
peto <- list()
for (set in names(tables)) {
  d <- tables[[set]]
  for (level in c(95, 90)) {
    for (measure in c("OR", "RR", "RD")) for (correct in if (measure == "OR") c(TRUE, FALSE) else TRUE) {
      add_mh(set, measure, correct, level, suppressWarnings(rma.mh(ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, measure = measure, correct = correct, level = level)))
    }
    f <- suppressWarnings(rma.peto(ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, level = level))
    peto[[length(peto) + 1]] <- c(list(set = set, level = level), shared(f), list(q = one(f$QE), q_p = one(f$QEp)))
  }
}
for (set in names(person_time)) for (level in c(95, 90)) for (measure in c("IRR", "IRD")) for (correct in if (measure == "IRR") c(TRUE, FALSE) else TRUE) {
  add_mh(set, measure, correct, level, suppressWarnings(rma.mh(x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = person_time[[set]], measure = measure, correct = correct, level = level)))
}

# ---- generalized linear mixed models ------------------------------------------------------------

# glmer's own default stops at about 1e-7 of its parameters and of the penalized deviance; these are
# tightened as far as the fit allows (`rung` says how far: 0 is the tightest, 4 metafor's default)
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
add_glmm <- function(set, measure, model, method, nAGQ, ...) {
  started <- proc.time()[3]
  for (rung in seq_along(rungs)) {
    f <- try(suppressMessages(suppressWarnings(rma.glmm(measure = measure, model = model, method = method, nAGQ = nAGQ, control = rungs[[rung]], ...))), silent = TRUE)
    if (!inherits(f, "try-error")) break
  }
  key <- list(set = set, measure = measure, model = model, method = method, nAGQ = nAGQ)
  cat(set, measure, model, method, nAGQ, "rung", rung - 1, round(proc.time()[3] - started, 1), "s", if (inherits(f, "try-error")) as.character(f) else "", "\n")
  if (inherits(f, "try-error")) {
    failed[[length(failed) + 1]] <<- key
    return(invisible())
  }
  glmm[[length(glmm) + 1]] <<- c(key, shared(f), list(
    rung = rung - 1, k = f$k, tau2 = one(f$tau2), sigma2 = if (model == "UM.RS" && measure %in% c("OR", "IRR")) one(f$sigma2) else NA,
    wald = one(f$QE.Wld), wald_p = one(f$QEp.Wld), lrt = one(f$QE.LRT), lrt_p = one(f$QEp.LRT), log_likelihood = one(f$fit.stats["ll", "ML"]), parameters = one(f$parms)
  ))
}
for (set in c("bcg", "nielweise2007", "collins1985a_bleeding", "collins1985b_eclampsia", "egger2001", "pair")) {
  d <- tables[[set]]
  for (model in c("UM.FS", "UM.RS", "CM.AL", "CM.EL")) for (method in c("EE", "ML")) for (nAGQ in if (set == "bcg" && model %in% c("UM.FS", "CM.AL") && method == "ML") c(7, 1, 15) else 7) {
    if (set == "pair" && model == "UM.RS") next
    add_glmm(set, "OR", model, method, nAGQ, ai = d$ai, n1i = d$n1i, ci = d$ci, n2i = d$n2i)
  }
}
for (set in c("hart1999", "nielweise2008")) {
  d <- person_time[[set]]
  for (model in c("UM.FS", "UM.RS", "CM.EL")) for (method in c("EE", "ML")) add_glmm(set, "IRR", model, method, 7, x1i = d$x1i, t1i = d$t1i, x2i = d$x2i, t2i = d$t2i)
}
for (set in names(groups)) for (method in c("EE", "ML")) for (nAGQ in if (method == "ML") c(7, 1, 25) else 7) add_glmm(set, "PLO", "UM.FS", method, nAGQ, xi = groups[[set]]$xi, ni = groups[[set]]$ni)
for (set in names(rates)) for (method in c("EE", "ML")) for (nAGQ in if (method == "ML") c(7, 1, 25) else 7) add_glmm(set, "IRLN", "UM.FS", method, nAGQ, xi = rates[[set]]$xi, ti = rates[[set]]$ti)

version_of <- function(name) as.character(packageVersion(name))
content <- list(
  source = list(script = "counts.R", R = paste(R.version$major, R.version$minor, sep = "."), metafor = version_of("metafor"), metadat = version_of("metadat"), lme4 = version_of("lme4"), BiasedUrn = version_of("BiasedUrn")),
  failed = failed, mantel_haenszel = mh, peto = peto, glmm = glmm
)
text <- paste0("{\n", paste(vapply(names(content), function(n) paste0(quoted(n), ": ", json(content[[n]])), ""), collapse = ",\n"), "\n}\n")
writeLines(text, "counts.json", sep = "")
cat(length(mh), "Mantel-Haenszel,", length(peto), "Peto,", length(glmm), "GLMM,", length(failed), "failed\n")
