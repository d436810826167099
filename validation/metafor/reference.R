# Reference numbers from R's metafor, pinned in reference.json.
#
# Run in this folder: Rscript reference.R
# Needs R with the packages metafor and metadat alone (Debian: r-cran-metafor, r-cran-metadat).
# Writes data/*.csv (the inputs: numbers and short labels) and reference.json.

invisible(Sys.setlocale("LC_COLLATE", "C")) # order of factor levels

suppressMessages({
  library(metafor)
  library(metadat)
})

# ---- writing: JSON with 17 significant digits ---------------------------------------------------

number <- function(x) ifelse(is.na(x), "null", ifelse(is.infinite(x), ifelse(x > 0, "1e999", "-1e999"), sprintf("%.17g", x)))
quoted <- function(x) if (length(x) == 0) character() else paste0("\"", gsub("\"", "\\\\\"", gsub("\\\\", "\\\\\\\\", x)), "\"")
json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x)) {
    parts <- vapply(x, json, "")
    if (!is.null(names(x))) return(paste0("{", paste(quoted(names(x)), parts, sep = ": ", collapse = ", "), "}"))
    return(paste0("[", paste(parts, collapse = ", "), "]"))
  }
  one <- is.null(attr(x, "array")) && length(x) == 1
  parts <- if (is.character(x)) quoted(x) else if (is.logical(x)) ifelse(is.na(x), "null", tolower(as.character(x))) else number(as.numeric(x))
  if (one) parts else paste0("[", paste(parts, collapse = ", "), "]")
}
array_of <- function(x) {
  x <- if (is.character(x) || is.logical(x)) as.vector(x) else as.numeric(x)
  structure(x, array = TRUE)
}

# ---- the data sets ------------------------------------------------------------------------------

binary <- c("ai", "n1i", "ci", "n2i")
means <- c("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")
cold <- dat.dagostino1998[dat.dagostino1998$outcome == "rnic1", ]
names(cold)[match(c("tnt", "mt", "sdt", "tnc", "mc", "sdc"), names(cold))] <- means
bleeding <- dat.collins1985a
names(bleeding)[match(c("b.xti", "nti", "b.xci", "nci"), names(bleeding))] <- binary
deaths <- bleeding
names(deaths)[match(c("ai", "ci", "d.xti", "d.xci"), names(deaths))] <- c("b1", "b2", "ai", "ci")
eclampsia <- dat.collins1985b
names(eclampsia)[match(c("pre.xti", "pre.nti", "pre.xci", "pre.nci"), names(eclampsia))] <- binary
perinatal <- dat.collins1985b
names(perinatal)[match(c("ped.xti", "fup.nti", "ped.xci", "fup.nci"), names(perinatal))] <- binary
lau <- dat.lau1992
lau$id <- seq_len(nrow(lau))
adherence <- dat.viechtbauer2021
names(adherence)[match(c("xTi", "nTi", "xCi", "nCi"), names(adherence))] <- binary
curtis <- dat.curtis1998
curtis$row <- seq_len(nrow(curtis))
yusuf <- dat.yusuf1985[dat.yusuf1985$table == "6", ]
yusuf$row <- seq_len(nrow(yusuf))
survival <- dat.riley2003[dat.riley2003$outcome == "OS" & !is.na(dat.riley2003$yi), ]
pockets <- dat.berkey1998[dat.berkey1998$outcome == "PD", ]

sets <- list(
  normand1999 = list(dat.normand1999, "study", means, "Normand SLT (1999). Statistics in Medicine 18(3):321-359."),
  curtis1998 = list(curtis, "row", c(means, "time"), "Curtis PS, Wang X (1998). Oecologia 113:299-313."),
  dagostino1998 = list(cold, "study", means, "D'Agostino RB, Weintraub M, Russell HK, et al. (1998). Clinical Pharmacology and Therapeutics 64(6):579-596 (runny nose, day 1)."),
  bcg = list(dat.bcg, "trial", c("tpos", "tneg", "cpos", "cneg", "ablat", "year", "alloc"), "Colditz GA, Brewer TF, Berkey CS, et al. (1994). JAMA 271(9):698-702."),
  nielweise2007 = list(dat.nielweise2007, "study", c(binary, "year"), "Niel-Weise BS, Stijnen T, van den Broek PJ (2007). Intensive Care Medicine 33(12):2058-2068."),
  collins1985a_bleeding = list(bleeding, "id", c(binary, "year"), "Collins R, Langman M (1985). New England Journal of Medicine 313(11):660-666."),
  collins1985a_death = list(deaths, "id", c(binary, "year"), "Collins R, Langman M (1985). New England Journal of Medicine 313(11):660-666."),
  collins1985b_eclampsia = list(eclampsia, "id", c(binary, "year"), "Collins R, Yusuf S, Peto R (1985). BMJ 290(6461):17-23."),
  collins1985b_perinatal = list(perinatal, "id", c(binary, "year"), "Collins R, Yusuf S, Peto R (1985). BMJ 290(6461):17-23."),
  egger2001 = list(dat.egger2001, "id", c(binary, "year"), "Egger M, Davey Smith G, Altman DG, eds. (2001). Systematic Reviews in Health Care, 2nd ed. BMJ Books."),
  lee2004 = list(dat.lee2004, "id", c(binary, "year"), "Lee A, Done ML (2004). Cochrane Database of Systematic Reviews CD003281."),
  linde2005 = list(dat.linde2005, "id", c(binary, "year", "country", "duration"), "Linde K, Berner M, Egger M, Mulrow C (2005). British Journal of Psychiatry 186(2):99-107."),
  yusuf1985 = list(yusuf, "row", binary, "Yusuf S, Peto R, Lewis J, Collins R, Sleight P (1985). Progress in Cardiovascular Disease 27(5):335-371, table 6."),
  lau1992 = list(lau, "id", c(binary, "year"), "Lau J, Antman EM, Jimenez-Silva J, et al. (1992). New England Journal of Medicine 327(4):248-254."),
  viechtbauer2021 = list(adherence, "trial", c(binary, "dose"), "Viechtbauer W (2021). In Schmid CH, Stijnen T, White IR, eds., Handbook of Meta-Analysis, CRC Press, 219-254."),
  raudenbush1985 = list(dat.raudenbush1985, "study", c("yi", "vi", "n1i", "n2i", "weeks", "tester", "year"), "Raudenbush SW, Bryk AS (1985). Journal of Educational Statistics 10(2):75-98."),
  hackshaw1998 = list(dat.hackshaw1998, "study", c("yi", "vi", "or", "or.lb", "or.ub", "design", "country", "year"), "Hackshaw AK, Law MR, Wald NJ (1997). BMJ 315(7114):980-988."),
  bangertdrowns2004 = list(dat.bangertdrowns2004, "id", c("yi", "vi", "length", "grade", "feedback", "year"), "Bangert-Drowns RL, Hurley MM, Wilkinson B (2004). Review of Educational Research 74(1):29-58."),
  konstantopoulos2011 = list(dat.konstantopoulos2011, "study", c("yi", "vi", "year"), "Konstantopoulos S (2011). Research Synthesis Methods 2(1):61-76."),
  assink2016 = list(dat.assink2016, "id", c("yi", "vi", "year", "deltype"), "Assink M, Wibbelink CJM (2016). The Quantitative Methods for Psychology 12(3):154-174."),
  berkey1998 = list(pockets, "trial", c("yi", "vi", "year"), "Berkey CS, Hoaglin DC, Antczak-Bouckoms A, Mosteller F, Colditz GA (1998). Statistics in Medicine 17(22):2537-2550 (probing depth)."),
  riley2003 = list(survival, "study", c("yi", "vi"), "Riley RD et al. (2003). British Journal of Cancer 88(8):1191-1198 (overall survival).")
)

# the shortest text that reads back as the same number
cell <- function(x) {
  vapply(x, function(value) {
    if (is.na(value)) return("")
    for (digits in 1:17) {
      text <- formatC(value, digits = digits, width = 1, format = "fg")
      if (as.numeric(text) == value) return(text)
    }
    sprintf("%.17g", value)
  }, "")
}

dir.create("data", showWarnings = FALSE)
data <- list()
described <- list()
for (name in names(sets)) {
  part <- sets[[name]]
  table <- data.frame(study = paste("Study", part[[1]][[part[[2]]]]), stringsAsFactors = FALSE)
  for (column in part[[3]]) table[[column]] <- as.vector(part[[1]][[column]])
  text <- as.data.frame(lapply(table, function(x) if (is.numeric(x)) cell(x) else ifelse(is.na(x), "", x)), optional = TRUE)
  file <- file.path("data", paste0(name, ".csv"))
  write.csv(text, file, row.names = FALSE, quote = FALSE, fileEncoding = "UTF-8")
  data[[name]] <- read.csv(file, stringsAsFactors = FALSE, check.names = FALSE)
  described[[name]] <- list(file = file, k = nrow(table), citation = part[[4]])
}

# ---- effect estimates ---------------------------------------------------------------------------

tables <- names(data)[vapply(data, function(d) "ai" %in% names(d) || "tpos" %in% names(d), TRUE)]
continuous <- names(data)[vapply(data, function(d) "m1i" %in% names(d), TRUE)]

estimates <- function(set, measure, ...) {
  d <- data[[set]]
  if (measure == "GEN") return(data.frame(yi = d$yi, vi = d$vi))
  e <- if ("tpos" %in% names(d)) {
    suppressWarnings(escalc(measure, ai = tpos, bi = tneg, ci = cpos, di = cneg, data = d, append = FALSE, ...))
  } else if ("ai" %in% names(d)) {
    suppressWarnings(escalc(measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, append = FALSE, ...))
  } else {
    suppressWarnings(escalc(measure, n1i = n1i, m1i = m1i, sd1i = sd1i, n2i = n2i, m2i = m2i, sd2i = sd2i, data = d, append = FALSE, ...))
  }
  data.frame(yi = as.numeric(e$yi), vi = as.numeric(e$vi))
}

escalc_rows <- list()
add_escalc <- function(set, measure, options, e) {
  escalc_rows[[length(escalc_rows) + 1]] <<- c(list(set = set, measure = measure), options, list(yi = array_of(e$yi), vi = array_of(e$vi)))
}
for (set in continuous) {
  for (v in c("LS", "HO")) add_escalc(set, "MD", list(vtype = v), estimates(set, "MD", vtype = v))
  for (v in c("LS", "LS2", "UB", "AV")) add_escalc(set, "SMD", list(vtype = v), estimates(set, "SMD", vtype = v))
}
for (set in tables) for (measure in c("OR", "RR", "RD")) {
  for (to in c("only0", "all", "if0all", "none")) for (drop in c(FALSE, TRUE)) for (add in if (to == "only0") c(0.5, 0.1) else 0.5) {
    add_escalc(set, measure, list(vtype = "LS", to = to, add = add, drop00 = drop), estimates(set, measure, to = to, add = add, drop00 = drop))
  }
  if (measure == "RD") for (v in c("UB", "AV")) add_escalc(set, measure, list(vtype = v, to = "only0", add = 0.5, drop00 = FALSE), estimates(set, measure, vtype = v))
}

# ---- the analyses -------------------------------------------------------------------------------

analyses <- list()
add_analysis <- function(set, measure) {
  e <- if (measure %in% c("OR", "RR")) estimates(set, measure, drop00 = TRUE) else estimates(set, measure)
  analyses[[paste(set, measure, sep = "-")]] <<- list(set = set, measure = measure, d = cbind(data[[set]][setdiff(names(data[[set]]), c("yi", "vi"))], e))
}
for (set in continuous) for (measure in c("MD", "SMD")) if (!(set == "curtis1998" && measure == "MD")) add_analysis(set, measure)
for (set in c("bcg", "nielweise2007", "collins1985b_perinatal")) for (measure in c("OR", "RR", "RD")) add_analysis(set, measure)
for (set in c("collins1985a_bleeding", "collins1985a_death", "collins1985b_eclampsia", "egger2001", "yusuf1985", "lau1992")) add_analysis(set, "OR")
for (set in c("lee2004", "linde2005")) add_analysis(set, "RR")
add_analysis("viechtbauer2021", "RD")
for (set in names(data)) if ("yi" %in% names(data[[set]])) add_analysis(set, "GEN")

METHODS <- c("EE", "DL", "PM", "REML", "ML", "EB", "HS", "HE", "SJ")
TESTS <- c("z", "t", "knha", "adhoc")

# metafor stops its iterations at a change in tau2 of 1e-5, and its root finder at 1.2e-4; both are
# tightened here to the size of the numbers, loosened by tens only where rounding forbids it.
scale_of <- function(d) {
  ok <- !is.na(d$yi) & !is.na(d$vi)
  max(median(d$vi[ok]), rma(d$yi[ok], d$vi[ok], method = "DL")$tau2)
}
loosest <- 0
# `then` is done with the fit; its refits take the same control, and must converge as well
tight <- function(d, ..., then = identity) {
  size <- scale_of(d)
  for (limit in c(1e-14, 1e-13, 1e-12)) for (step in c(1, 0.5, 0.2)) {
    control <- list(threshold = limit * size, maxiter = 3000, stepadj = step, tol = 1e-16 * size, tau2.max = 1e4 * size)
    found <- try(suppressWarnings(then(rma(yi, vi, data = d, control = control, ...))), silent = TRUE)
    if (!inherits(found, "try-error")) {
      loosest <<- max(loosest, limit)
      return(found)
    }
  }
  stop(found)
}

numbers <- function(f) {
  list(
    k = f$k, tau2 = f$tau2, se_tau2 = f$se.tau2, estimate = as.numeric(f$beta), se = f$se, statistic = f$zval, p_value = f$pval,
    ci_lower = f$ci.lb, ci_upper = f$ci.ub, q = f$QE, q_p = f$QEp, i2 = f$I2, h2 = f$H2
  )
}

# a list of fits as one set of arrays
series <- function(found) {
  take <- function(name) array_of(vapply(found, function(f) as.numeric(f[[name]])[1], 0))
  list(estimate = take("beta"), se = take("se"), ci_lower = take("ci.lb"), ci_upper = take("ci.ub"), p_value = take("pval"), q = take("QE"), q_p = take("QEp"), tau2 = take("tau2"), i2 = take("I2"))
}

# holds a set of arrays against what metafor's own function gives, where that converges
unchecked <- character()
alike <- function(ours, d, ..., then, names_) {
  theirs <- try(tight(d, ..., then = then), silent = TRUE)
  if (inherits(theirs, "try-error")) {
    unchecked <<- c(unchecked, id)
    return(invisible())
  }
  for (name in names_) {
    mine <- as.vector(ours[[name]])
    other <- as.vector(theirs[[name]])
    known <- !is.na(other)
    stopifnot(all(abs(mine - other)[known] <= 1e-3 * (abs(mine) + as.vector(ours$se))[known]))
  }
}

# influence() leaves NA where a fit without one study did not converge; then another step is tried
whole_influence <- function(f) {
  i <- influence(f)
  stopifnot(!anyNA(i$inf$rstudent))
  i
}

fits <- list(); limits <- list(); predictions <- list(); weights_of <- list(); left_out <- list(); influences <- list()
trims <- list(); regressions <- list(); ranks <- list(); cumulatives <- list()
put <- function(list_, ...) c(list_, list(list(...)))

for (id in names(analyses)) {
  a <- analyses[[id]]
  d <- a$d
  ok <- !is.na(d$yi) & !is.na(d$vi)
  rows <- which(ok)
  d$label <- d$study
  dd <- d[ok, ]
  message(id, ", k = ", nrow(dd))
  for (method in METHODS) for (test in TESTS) {
    if (method == "EE" && test %in% c("knha", "adhoc")) next
    f <- tight(d, method = method, test = test)
    fits <- c(fits, list(c(list(analysis = id, method = method, test = test), numbers(f))))
    if (method %in% c("REML", "DL", "PM") && test %in% c("z", "knha", "t")) {
      p <- predict(f)
      r <- predict(f, pi.type = "riley")
      predictions <- put(predictions, analysis = id, method = method, test = test, pi_lower = p$pi.lb, pi_upper = p$pi.ub, riley_lower = r$pi.lb, riley_upper = r$pi.ub)
    }
    if (method %in% c("EE", "REML", "DL") && test == "z") weights_of <- put(weights_of, analysis = id, method = method, weights = array_of(weights(f)))
  }
  for (method in c("REML", "DL", "SJ")) for (level in c(95, 90)) {
    f <- tight(d, method = method, test = "knha")
    size <- scale_of(d)
    found <- confint(f, level = level, control = list(tol = 1e-16 * size, maxiter = 100000, tau2.max = 1e6 * size))
    r <- found$random
    limits <- put(limits, analysis = id, method = method, level = level, tau2_lower = r["tau^2", "ci.lb"], tau2_upper = r["tau^2", "ci.ub"], i2_lower = r["I^2(%)", "ci.lb"], i2_upper = r["I^2(%)", "ci.ub"], h2_lower = r["H^2", "ci.lb"], h2_upper = r["H^2", "ci.ub"])
  }
  for (setting in list(c("REML", "knha"), c("DL", "z"), c("EE", "z"))) {
    f <- tight(dd, method = setting[1], test = setting[2], slab = dd$label)
    # leave1out() and cumul() do not keep to the tightened tolerance, so
    # the fits are made one by one here and held against them
    own <- c("estimate", "se", if (setting[1] != "EE") "tau2")
    without <- lapply(seq_len(nrow(dd)), function(i) tight(dd[-i, ], method = setting[1], test = setting[2]))
    alike(series(without), dd, method = setting[1], test = setting[2], then = leave1out, names_ = own)
    left_out <- c(left_out, list(c(list(analysis = id, method = setting[1], test = setting[2], left_out = array_of(dd$label)), series(without))))
    years <- if ("year" %in% names(dd)) dd$year else seq_len(nrow(dd))
    ordered <- order(years)
    steps <- lapply(seq_len(nrow(dd)), function(i) tight(dd[ordered[seq_len(i)], ], method = setting[1], test = if (i == 1) "z" else setting[2]))
    alike(series(steps), dd, method = setting[1], test = setting[2], then = function(f) cumul(f, order = years), names_ = own)
    cumulatives <- c(cumulatives, list(c(list(analysis = id, method = setting[1], test = setting[2], order = array_of(dd$label[ordered])), series(steps))))
    if (setting[1] != "EE") {
      i <- tight(dd, method = setting[1], test = setting[2], then = whole_influence)
      influences <- put(influences, analysis = id, method = setting[1], test = setting[2], rstudent = array_of(i$inf$rstudent), dffits = array_of(i$inf$dffits), cooks_distance = array_of(i$inf$cook.d), cov_ratio = array_of(i$inf$cov.r), tau2_deleted = array_of(i$inf$tau2.del), q_deleted = array_of(i$inf$QE.del), hat = array_of(i$inf$hat), weight = array_of(i$inf$weight), dfbetas = array_of(i$dfbs[[1]]), influential = array_of(as.logical(i$is.infl)))
    }
    for (estimator in c("L0", "R0")) for (side in c("left", "right", "auto")) {
      # in a unit in which tau2 is large, so that metafor's fixed tolerance of 1e-5 is small; the
      # largest in which all its fits converge
      for (target in c(1e6, 1e4, 1e2)) {
        unit <- sqrt(target / scale_of(dd))
        large <- data.frame(yi = dd$yi * unit, vi = dd$vi * unit^2)
        t <- try(tight(large, method = setting[1], test = setting[2], then = function(f) {
          if (side == "auto") trimfill(f, estimator = estimator) else trimfill(f, estimator = estimator, side = side)
        }), silent = TRUE)
        if (!inherits(t, "try-error")) break
      }
      if (inherits(t, "try-error")) stop(t)
      near <- if (target >= 1e4) 1e-6 else 1e-4
      # metafor 3.8 fits again with test "z" whatever the fit had. So: its count and side; the centre
      # from a tight fit without the k0 most extreme rows, which are mirrored at it; the fit after
      # filling with the fit's own test.
      extreme <- rev(order(dd$yi * ifelse(t$side == "left", 1, -1)))[seq_len(t$k0)]
      rest <- if (t$k0 > 0) dd[-extreme, ] else dd
      centre <- as.numeric(tight(rest, method = setting[1])$beta)
      mirrored <- data.frame(yi = 2 * centre - dd$yi[extreme], vi = dd$vi[extreme])
      mirrored <- mirrored[order(mirrored$yi, mirrored$vi), ]
      after <- tight(rbind(dd[c("yi", "vi")], mirrored), method = setting[1], test = setting[2])
      theirs <- sort(as.numeric(t$yi)[t$fill]) / unit
      stopifnot(length(theirs) == t$k0, all(abs(theirs - mirrored$yi) < near * f$se))
      if (setting[2] == "z") stopifnot(all(abs(c(after$beta - t$beta / unit, after$se - t$se / unit, after$ci.lb - t$ci.lb / unit)) < near * after$se))
      trims <- put(trims, analysis = id, method = setting[1], test = setting[2], estimator = estimator, side = side, side_used = t$side, k0 = t$k0, k0_se = t$se.k0, p_k0 = if (estimator == "R0") t$p.k0 else NA_real_, estimate = as.numeric(after$beta), se = after$se, ci_lower = after$ci.lb, ci_upper = after$ci.ub, p_value = after$pval, tau2 = after$tau2, i2 = after$I2, q = after$QE, filled_estimates = array_of(mirrored$yi), filled_variances = array_of(mirrored$vi))
    }
  }
  ni <- if ("n1i" %in% names(dd)) dd$n1i + dd$n2i else if ("tpos" %in% names(dd)) dd$tpos + dd$tneg + dd$cpos + dd$cneg else NULL
  for (model in c("lm", "rma")) for (predictor in c("sei", "vi", if (!is.null(ni)) c("ni", "ninv", "sqrtni", "sqrtninv"))) {
    for (setting in if (model == "lm") list(c("EE", "z")) else list(c("REML", "knha"), c("REML", "z"), c("DL", "z"))) {
      g <- tight(dd, method = setting[1], test = setting[2], then = function(f) {
        if (!is.null(ni)) f$ni <- ni
        regtest(f, model = model, predictor = predictor, ret.fit = TRUE)
      })
      b <- if (model == "lm") coef(g$fit) else data.frame(estimate = as.numeric(g$fit$beta), se = g$fit$se)
      regressions <- put(regressions, analysis = id, model = model, method = setting[1], test = setting[2], predictor = predictor, statistic = g$zval, p_value = g$pval, df = if (is.null(g$dfs) || is.na(g$dfs)) NA_real_ else g$dfs, intercept = if (model == "lm") summary(g$fit)$coefficients[1, 1] else b$estimate[1], slope = if (model == "lm") summary(g$fit)$coefficients[2, 1] else b$estimate[2], slope_se = if (model == "lm") summary(g$fit)$coefficients[2, 2] else b$se[2])
    }
  }
  r <- suppressWarnings(ranktest(tight(dd, method = "REML")))
  ranks <- put(ranks, analysis = id, tau = as.numeric(r$tau), p_value = r$pval)
}

# ---- meta-regression and subgroups --------------------------------------------------------------

models <- list(
  list("bcg-RR", "ablat"), list("bcg-RR", "ablat + year"), list("bcg-RR", "alloc"), list("bcg-RR", "alloc + ablat"), list("bcg-OR", "ablat"), list("bcg-RD", "ablat"), list("bcg-OR", "alloc"),
  list("bangertdrowns2004-GEN", "length"), list("bangertdrowns2004-GEN", "length + feedback"), list("raudenbush1985-GEN", "weeks"), list("raudenbush1985-GEN", "weeks + tester"), list("raudenbush1985-GEN", "tester"),
  list("hackshaw1998-GEN", "design"), list("hackshaw1998-GEN", "country"), list("hackshaw1998-GEN", "year"), list("assink2016-GEN", "deltype"), list("assink2016-GEN", "year + deltype"),
  list("konstantopoulos2011-GEN", "year"), list("linde2005-RR", "duration"), list("linde2005-RR", "country"), list("viechtbauer2021-RD", "dose"), list("curtis1998-SMD", "time"), list("berkey1998-GEN", "year")
)
metaregressions <- list()
for (m in models) {
  d <- analyses[[m[[1]]]]$d
  d <- d[!is.na(d$yi) & !is.na(d$vi), ] # so that no level of a factor is without a row
  message(m[[1]], " ~ ", m[[2]])
  for (method in c("REML", "DL", "ML", "PM", "EB", "HE", "HS", "SJ", "EE")) for (test in if (method == "EE") c("z", "t") else if (method == "REML") TESTS else c("z", "knha")) {
    f <- tight(d, mods = as.formula(paste("~", m[[2]])), method = method, test = test)
    random <- if (method == "REML" && test == "z") {
      size <- scale_of(d)
      confint(f, control = list(tol = 1e-16 * size, maxiter = 100000, tau2.max = 1e6 * size))$random
    } else NULL
    # R2 as documented, from tight fits; rma() itself refits without moderators and may not converge
    used <- d[!is.na(d$yi) & !is.na(d$vi) & stats::complete.cases(d[all.vars(as.formula(paste("~", m[[2]])))]), ]
    r2 <- NA_real_
    if (method != "EE") {
      total <- tight(used, method = method)$tau2
      r2 <- if (total > 0) max(0, 100 * (total - f$tau2) / total) else NA_real_
      # its fit without moderators has the default tolerance, which is nothing to a large tau2 only
      if (!is.null(f$R2) && total > 0.05) stopifnot(abs(r2 - f$R2) < 1e-2)
    }
    metaregressions <- put(metaregressions,
      analysis = m[[1]], formula = m[[2]], method = method, test = test, k = f$k, terms = array_of(rownames(f$beta)),
      coefficients = array_of(f$beta), se = array_of(f$se), ci_lower = array_of(f$ci.lb), ci_upper = array_of(f$ci.ub), statistics = array_of(f$zval), p_values = array_of(f$pval),
      covariance = array_of(f$vb), df = if (is.null(f$ddf) || is.na(f$ddf[1])) NA_real_ else f$ddf[1], qe = f$QE, qe_p = f$QEp, qm = f$QM, qm_df1 = f$QMdf[1], qm_df2 = f$QMdf[2], qm_p = f$QMp,
      tau2 = f$tau2, i2 = f$I2, h2 = f$H2, r2 = r2,
      tau2_lower = if (is.null(random)) NA_real_ else random["tau^2", "ci.lb"], tau2_upper = if (is.null(random)) NA_real_ else random["tau^2", "ci.ub"]
    )
  }
}

groupings <- list(list("bcg-RR", "alloc"), list("bcg-OR", "alloc"), list("bcg-RD", "alloc"), list("raudenbush1985-GEN", "tester"), list("hackshaw1998-GEN", "design"), list("hackshaw1998-GEN", "country"), list("assink2016-GEN", "deltype"), list("linde2005-RR", "country"))
subgroups <- list()
for (g in groupings) {
  d <- analyses[[g[[1]]]]$d
  d <- d[!is.na(d$yi) & !is.na(d[[g[[2]]]]), ]
  levels_ <- sort(unique(d[[g[[2]]]]), method = "radix")
  message(g[[1]], " by ", g[[2]])
  for (method in c("REML", "DL", "EE")) for (test in if (method == "EE") "z" else c("z", "knha")) {
    parts <- lapply(levels_, function(level) {
      part <- d[d[[g[[2]]]] == level, ]
      # one study: its own estimate with normal limits
      tight(part, method = if (nrow(part) == 1) "EE" else method, test = if (nrow(part) == 1) "z" else test)
    })
      # Q between the subgroups weighs by the plain (Wald) standard errors whatever the test
    wald <- if (test == "z") parts else lapply(levels_, function(level) {
      part <- d[d[[g[[2]]]] == level, ]
      tight(part, method = if (nrow(part) == 1) "EE" else method, test = "z")
    })
    between <- rma(sapply(wald, function(f) as.numeric(f$beta)), sei = sapply(wald, function(f) f$se), method = "EE")
    common <- tight(d, mods = as.formula(paste("~", g[[2]])), method = method, test = test)
    subgroups <- put(subgroups,
      analysis = g[[1]], by = g[[2]], method = method, test = test, levels = array_of(levels_),
      k = array_of(sapply(parts, function(f) f$k)), estimate = array_of(sapply(parts, function(f) as.numeric(f$beta))), se = array_of(sapply(parts, function(f) f$se)),
      ci_lower = array_of(sapply(parts, function(f) f$ci.lb)), ci_upper = array_of(sapply(parts, function(f) f$ci.ub)), p_value = array_of(sapply(parts, function(f) f$pval)),
      tau2 = array_of(sapply(parts, function(f) f$tau2)), i2 = array_of(sapply(parts, function(f) f$I2)), q = array_of(sapply(parts, function(f) f$QE)),
      q_between = between$QE, q_between_p = between$QEp, qm = common$QM, qm_df1 = common$QMdf[1], qm_df2 = common$QMdf[2], qm_p = common$QMp, common_tau2 = common$tau2
    )
  }
}

# ---- out ----------------------------------------------------------------------------------------

out <- file("reference.json", "w", encoding = "UTF-8")
section <- function(name, rows, last = FALSE) {
  writeLines(paste0("\"", name, "\": ["), out)
  writeLines(paste0(vapply(rows, json, ""), c(rep(",", length(rows) - 1), "")), out)
  writeLines(if (last) "]" else "],", out)
}
writeLines("{", out)
writeLines(paste0("\"source\": ", json(list(
  R = paste(R.version$major, R.version$minor, sep = "."), metafor = as.character(packageVersion("metafor")), metadat = as.character(packageVersion("metadat")),
  script = "reference.R", digits = 17, convergence = paste("tau2 iterations to", format(loosest), "of the size of the variances or tau2"), reached = loosest, unchecked = array_of(unchecked)
)), ","), out)
writeLines(paste0("\"sets\": ", json(described), ","), out)
section("analyses", lapply(names(analyses), function(id) {
  e <- analyses[[id]]$d
  list(id = id, set = analyses[[id]]$set, measure = analyses[[id]]$measure, k = sum(!is.na(e$yi) & !is.na(e$vi)))
}))
section("escalc", escalc_rows)
section("fits", fits)
section("predictions", predictions)
section("weights", weights_of)
section("limits", limits)
section("leave_one_out", left_out)
section("influence", influences)
section("trim_and_fill", trims)
section("regression_tests", regressions)
section("rank_tests", ranks)
section("cumulative", cumulatives)
section("meta_regression", metaregressions)
section("subgroups", subgroups, last = TRUE)
writeLines("}", out)
close(out)
