# Reference numbers for selection models and small-study effects, pinned in selection.json.
#
# Run in this folder, after reference.R: Rscript selection.R
# Needs R with the package metafor alone (Debian: r-cran-metafor). Reads data/*.csv.

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

read <- function(name) read.csv(file.path("data", paste0(name, ".csv")))
cells <- function(name) {
  d <- read(name)
  if ("tpos" %in% names(d)) d <- data.frame(ai = d$tpos, n1i = d$tpos + d$tneg, ci = d$cpos, n2i = d$cpos + d$cneg)
  d
}
made <- function(name, measure) {
  if (measure == "GEN") {
    d <- read(name)
    return(data.frame(yi = d$yi, vi = d$vi, ni = if ("n1i" %in% names(d)) d$n1i + d$n2i else NA))
  }
  d <- cells(name)
  e <- suppressWarnings(escalc(measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, append = FALSE, drop00 = measure != "RD"))
  keep <- !is.na(e$yi)
  data.frame(yi = as.numeric(e$yi)[keep], vi = as.numeric(e$vi)[keep], ni = (d$n1i + d$n2i)[keep])
}
means <- function(name) {
  d <- read(name)
  e <- escalc("SMD", n1i = n1i, m1i = m1i, sd1i = sd1i, n2i = n2i, m2i = m2i, sd2i = sd2i, data = d, append = FALSE)
  data.frame(yi = as.numeric(e$yi), vi = as.numeric(e$vi), n1i = d$n1i, n2i = d$n2i)
}

analyses <- list(
  list("hackshaw1998", "GEN", "greater"), list("bangertdrowns2004", "GEN", "greater"), list("raudenbush1985", "GEN", "greater"),
  list("assink2016", "GEN", "greater"), list("bcg", "OR", "less"), list("lee2004", "RR", "less"), list("linde2005", "RR", "greater")
)

# ---- fail-safe N, excess of significance --------------------------------------------------------

fail_safe <- list()
excess <- list()
for (a in analyses) {
  d <- made(a[[1]], a[[2]])
  for (type in c("Rosenthal", "Orwin", "Rosenberg")) for (alpha in c(0.05, 0.01)) for (weighted in if (type == "Orwin") c(FALSE, TRUE) else FALSE) for (target in if (type == "Orwin") c(NA, 0.05) else NA) {
    f <- if (is.na(target)) fsn(yi, vi, data = d, type = type, alpha = alpha, weighted = weighted) else fsn(yi, vi, data = d, type = type, alpha = alpha, weighted = weighted, target = target)
    fail_safe[[length(fail_safe) + 1]] <- list(set = a[[1]], measure = a[[2]], type = type, alpha = alpha, weighted = weighted, goal = target, n = f$fsnum, p_value = f$pval, mean = f$meanes, target = f$target)
  }
  for (random in c(FALSE, TRUE)) for (test in c("chi2", "binom", "exact")) for (way in c("greater", "two.sided", "less")) for (alternative in c("two.sided", a[[3]])) {
    if (test == "exact" && (nrow(d) > 20 || way != "greater")) next
    base <- rma(yi, vi, data = d, method = if (random) "DL" else "EE")
    f <- try(suppressWarnings(tes(base, test = test, tes.alternative = way, alternative = alternative, progbar = FALSE)), silent = TRUE)
    if (inherits(f, "try-error")) stop(f)
    excess[[length(excess) + 1]] <- list(set = a[[1]], measure = a[[2]], random = random, test = test, way = way, alternative = alternative, observed = f$O, expected = f$E, ratio = f$OEratio, p_value = f$pval, theta = as.numeric(f$theta), limit = if (way == "greater") as.numeric(f$theta.lim)[1] else NA)
  }
}

# ---- regression tests, by R's own lm ------------------------------------------------------------

line <- function(fit) {
  s <- summary(fit)$coefficients
  list(intercept = s[1, 1], intercept_se = s[1, 2], intercept_p = s[1, 4], slope = s[2, 1], slope_se = s[2, 2], statistic = s[2, 3], p_value = s[2, 4], df = fit$df.residual)
}
regression <- list()
for (set in c("bcg", "nielweise2007", "collins1985a_bleeding", "egger2001", "lee2004", "linde2005", "yusuf1985", "lau1992")) {
  d <- cells(set)
  e <- suppressWarnings(escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, append = FALSE, drop00 = TRUE))
  keep <- !is.na(e$yi)
  # as.numeric: products of counts overflow R's integers
  a <- as.numeric(d$ai[keep]); b <- d$n1i[keep] - a; c2 <- as.numeric(d$ci[keep]); d2 <- d$n2i[keep] - c2
  n1 <- a + b; n2 <- c2 + d2; n <- n1 + n2; events <- a + c2; others <- b + d2
  yi <- as.numeric(e$yi)[keep]; vi <- as.numeric(e$vi)[keep]
  score <- a - events * n1 / n; info <- n1 * n2 * events * others / (n^2 * (n - 1))
  fits <- list(
    harbord = lm(I(score / info) ~ I(1 / sqrt(info)), weights = info),
    peters = lm(yi ~ I(1 / n), weights = events * others / n),
    macaskill = lm(yi ~ n, weights = events * others / n),
    `macaskill-variance` = lm(yi ~ n, weights = 1 / vi),
    debray = lm(yi ~ I(1 / events), weights = 1 / vi),
    pet = lm(yi ~ I(sqrt(vi)), weights = 1 / vi),
    peese = lm(yi ~ vi, weights = 1 / vi)
  )
  if (all(a > 0 & c2 > 0)) fits$`debray-events` <- lm(yi ~ I(1 / events), weights = 1 / (1 / a + 1 / c2))
  for (name in names(fits)) regression[[length(regression) + 1]] <- c(list(set = set, measure = "OR", test = name), line(fits[[name]]))
}
for (set in c("normand1999", "curtis1998", "dagostino1998")) {
  d <- means(set)
  w <- 1 / d$n1i + 1 / d$n2i
  fits <- list(
    `pustejovsky-rodgers` = lm(yi ~ I(sqrt(w)), data = d, weights = 1 / w),
    pet = lm(yi ~ I(sqrt(vi)), data = d, weights = 1 / vi), peese = lm(yi ~ vi, data = d, weights = 1 / vi)
  )
  for (name in names(fits)) regression[[length(regression) + 1]] <- c(list(set = set, measure = "SMD", test = name), line(fits[[name]]))
}

# ---- selection models ---------------------------------------------------------------------------

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
add <- function(set, measure, method, type, alternative, steps = numeric(0), prec = "", delta = NULL) {
  d <- made(set, measure)
  key <- list(set = set, measure = measure, method = method, type = type, alternative = alternative, steps = array_of(steps), prec = prec, fixed = if (is.null(delta)) array_of(numeric(0)) else array_of(delta))
  base <- if (all(is.na(d$ni))) rma(yi, vi, data = d, method = method) else rma(yi, vi, ni = ni, data = d, method = method)
  args <- list(base, type = type, alternative = alternative)
  if (length(steps)) args$steps <- steps
  if (prec != "") args$prec <- prec
  if (!is.null(delta)) args$delta <- delta
  for (rung in if (type == "beta") 2:4 else seq_along(rungs)) {
    f <- try(suppressWarnings(do.call(selmodel, c(args, list(control = rungs[[rung]])))), silent = TRUE)
    if (!inherits(f, "try-error")) break
  }
  cat(set, method, type, alternative, prec, "rung", rung - 1, if (inherits(f, "try-error")) as.character(f) else "", "\n")
  if (inherits(f, "try-error")) {
    failed[[length(failed) + 1]] <<- c(key, list(error = gsub("[\n\"]", " ", as.character(f))))
    return(invisible())
  }
  selection[[length(selection) + 1]] <<- c(key, list(
    rung = rung - 1, k = f$k, estimate = as.numeric(f$beta), se = f$se, p_value = f$pval, ci_lower = f$ci.lb, ci_upper = f$ci.ub,
    tau2 = f$tau2, tau2_se = if (is.null(f$se.tau2)) NA else f$se.tau2, delta = array_of(f$delta), delta_se = array_of(f$se.delta),
    lrt = if (is.null(f$LRT)) NA else f$LRT, lrt_p = if (is.null(f$LRTp)) NA else f$LRTp, log_likelihood = f$fit.stats["ll", "ML"],
    counts = if (is.data.frame(f$ptable)) array_of(f$ptable$k) else array_of(numeric(0))
  ))
}
vevea <- list(
  steps = c(0.005, 0.01, 0.05, 0.10, 0.25, 0.35, 0.50, 0.65, 0.75, 0.90, 0.95, 0.99, 0.995, 1),
  mod.1 = c(1, 0.99, 0.95, 0.80, 0.75, 0.65, 0.60, 0.55, 0.50, 0.50, 0.50, 0.50, 0.50, 0.50),
  sev.1 = c(1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.40, 0.35, 0.30, 0.25, 0.10, 0.10, 0.10, 0.10),
  mod.2 = c(1, 0.99, 0.95, 0.90, 0.80, 0.75, 0.60, 0.60, 0.75, 0.80, 0.90, 0.95, 0.99, 1.00),
  sev.2 = c(1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.25, 0.25, 0.50, 0.60, 0.75, 0.90, 0.99, 1.00)
)
smooth <- c("beta", "halfnorm", "negexp", "logistic", "power", "negexppow")
for (a in analyses) {
  for (method in c("ML", "EE")) {
    add(a[[1]], a[[2]], method, "stepfun", a[[3]], 0.025)
    add(a[[1]], a[[2]], method, "stepfun", "two.sided", 0.05)
    add(a[[1]], a[[2]], method, "stepfun", a[[3]], c(0.025, 0.5))
    if (a[[1]] %in% c("assink2016", "bcg", "linde2005")) next # minutes each in metafor
    for (type in smooth) if (method == "ML" || type == "halfnorm") if (type != "negexppow" || a[[1]] == "hackshaw1998") add(a[[1]], a[[2]], method, type, a[[3]])
  }
  for (name in names(vevea)[-1]) add(a[[1]], a[[2]], "ML", "stepfun", a[[3]], vevea$steps, delta = vevea[[name]])
}
for (type in setdiff(smooth, c("beta", "negexppow"))) {
  for (set in c("hackshaw1998", "raudenbush1985")) {
    add(set, "GEN", "ML", type, "greater", prec = "sei")
    if (set == "hackshaw1998") next
    add(set, "GEN", "ML", type, "greater", steps = 0.025)
    add(set, "GEN", "ML", type, "two.sided")
  }
  add("raudenbush1985", "GEN", "ML", type, "greater", prec = "vi")
  add("raudenbush1985", "GEN", "ML", type, "greater", prec = "sqrtninv")
  add("raudenbush1985", "GEN", "ML", type, "greater", prec = "ninv")
}
add("hackshaw1998", "GEN", "ML", "stepfun", "greater", c(0.025, 0.10, 0.50))

content <- list(
  source = list(script = "selection.R", R = paste(R.version$major, R.version$minor, sep = "."), metafor = as.character(packageVersion("metafor"))),
  failed = failed, selection = selection, fail_safe = fail_safe, excess = excess, regression = regression
)
text <- paste0("{\n", paste(vapply(names(content), function(n) paste0(quoted(n), ": ", json(content[[n]])), ""), collapse = ",\n"), "\n}\n")
writeLines(text, "selection.json", sep = "")
cat(length(selection), "selection,", length(failed), "failed,", length(fail_safe), "fail-safe,", length(excess), "excess,", length(regression), "regression\n")
