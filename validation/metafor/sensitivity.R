# Reference numbers for diagnostics and sensitivity analyses, pinned in sensitivity.json.
#
# Run in this folder, after reference.R: Rscript sensitivity.R
# Needs R with the package metafor alone (Debian: r-cran-metafor). Reads data/*.csv.

suppressMessages(library(metafor))
pdf(NULL)

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
  if ("tpos" %in% names(d)) { d$ai <- d$tpos; d$n1i <- d$tpos + d$tneg; d$ci <- d$cpos; d$n2i <- d$cpos + d$cneg }
  d
}
made <- function(name, measure) {
  if (measure == "GEN") return(read(name))
  d <- cells(name)
  suppressWarnings(escalc(measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, drop00 = measure %in% c("OR", "RR")))
}

# metafor's searches stop at a change of 1e-5; tightened to 1e-13 of the size of tau² (1e-15 is about
# what double precision can tell), with a smaller step where the search runs back and forth
tight <- function(call) {
  for (step in c(1, 0.5, 0.25)) for (limit in c(1e-14, 1e-13, 1e-12, 1e-11)) {
    f <- try(suppressWarnings(call(list(threshold = limit, maxiter = 5000, stepadj = step))), silent = TRUE)
    if (!inherits(f, "try-error")) return(f)
  }
  stop(f)
}

uni <- list(list("bcg", "RR"), list("bcg", "OR"), list("egger2001", "OR"), list("lee2004", "RR"), list("linde2005", "RR"), list("raudenbush1985", "GEN"), list("hackshaw1998", "GEN"), list("bangertdrowns2004", "GEN"))
methods <- c("EE", "DL", "REML", "ML")

trim <- list(); baujat_data <- list(); radial_data <- list(); qq <- list(); likelihood <- list()
for (a in uni) for (method in methods) {
  d <- made(a[[1]], a[[2]])
  key <- list(set = a[[1]], measure = a[[2]], method = method)
  fit <- tight(function(control) rma(yi, vi, data = d, method = method, control = control))
  for (side in c("left", "right")) {
    f <- try(suppressWarnings(trimfill(fit, estimator = "Q0", side = side)), silent = TRUE)
    if (inherits(f, "try-error")) { cat(a[[1]], method, side, "Q0", as.character(f)); next }
    # trimfill's own fits have metafor's default control: the last two are made again, tightened
    sign <- if (side == "left") 1 else -1
    ok <- !is.na(d$yi) & !is.na(d$vi)
    o <- order(sign * d$yi[ok])
    y <- as.numeric(d$yi[ok])[o]; v <- as.numeric(d$vi[ok])[o]; k <- length(y); k0 <- f$k0
    again <- function(y, v) tight(function(control) rma(y, v, method = method, control = control))
    trimmed <- again(y[seq_len(k - k0)], v[seq_len(k - k0)])
    last <- if (k0 > 0) (k - k0 + 1):k else integer(0)
    filled <- again(c(y, 2 * as.numeric(trimmed$beta) - y[last]), c(v, v[last]))
    stopifnot(abs(filled$beta - f$beta) < 1e-4)
    trim[[length(trim) + 1]] <- c(key, list(side = side, k0 = f$k0, k0_se = f$se.k0, estimate = as.numeric(filled$beta), tau2 = filled$tau2))
  }
  b <- baujat(fit)
  baujat_data[[length(baujat_data) + 1]] <- c(key, list(x = array_of(b$x), y = array_of(b$y)))
  r <- radial(fit)
  radial_data[[length(radial_data) + 1]] <- c(key, list(x = array_of(r$x), z = array_of(r$y)))
  for (kind in c("rstandard", "rstudent")) {
    q <- qqnorm(fit, type = kind, envelope = FALSE)
    o <- order(q$y)
    qq[[length(qq) + 1]] <- c(key, list(kind = kind, quantiles = array_of(q$x[o]), residuals = array_of(q$y[o])))
  }
  if (method %in% c("REML", "ML")) {
    top <- 4 * fit$tau2 + 2 * median(d$vi, na.rm = TRUE)
    p <- profile(fit, xlim = c(0, top), steps = 9, plot = FALSE, progbar = FALSE)
    likelihood[[length(likelihood) + 1]] <- c(key, list(formula = "", top = top, tau2 = array_of(p$tau2), log_likelihood = array_of(p$ll), estimates = array_of(p$beta[[1]]), ci_lower = array_of(p$ci.lb[[1]]), ci_upper = array_of(p$ci.ub[[1]])))
  }
}

# meta-regressions
for (a in list(list("bcg", "RR", "ablat"), list("raudenbush1985", "GEN", "weeks"), list("bangertdrowns2004", "GEN", "length"))) for (method in methods) {
  d <- made(a[[1]], a[[2]])
  d <- d[!is.na(d[[a[[3]]]]), ]
  key <- list(set = a[[1]], measure = a[[2]], method = method)
  fit <- tight(function(control) rma(yi, vi, mods = as.formula(paste("~", a[[3]])), data = d, method = method, control = control))
  b <- baujat(fit)
  baujat_data[[length(baujat_data) + 1]] <- c(key, list(formula = a[[3]], x = array_of(b$x), y = array_of(b$y)))
  q <- qqnorm(fit, type = "rstandard", envelope = FALSE)
  o <- order(q$y)
  qq[[length(qq) + 1]] <- c(key, list(formula = a[[3]], kind = "rstandard", quantiles = array_of(q$x[o]), residuals = array_of(q$y[o])))
  if (method %in% c("REML", "ML")) {
    top <- 4 * fit$tau2 + 2 * median(d$vi)
    p <- profile(fit, xlim = c(0, top), steps = 9, plot = FALSE, progbar = FALSE)
    likelihood[[length(likelihood) + 1]] <- c(key, list(formula = a[[3]], top = top, tau2 = array_of(p$tau2), log_likelihood = array_of(p$ll), coefficients = unname(lapply(p$beta, array_of))))
  }
}

# L'Abbé plots
labbe_data <- list()
for (set in c("bcg", "egger2001", "lee2004", "linde2005")) for (measure in c("RR", "OR", "RD", "AS")) {
  d <- cells(set)
  fit <- suppressWarnings(rma(measure = measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, method = "EE", drop00 = measure %in% c("OR", "RR")))
  l <- suppressWarnings(labbe(fit))
  labbe_data[[length(labbe_data) + 1]] <- list(set = set, measure = measure, x = array_of(l$x), y = array_of(l$y))
}

# ---- counts: Mantel-Haenszel and Peto -------------------------------------------------------------

counts <- list()
for (set in c("bcg", "egger2001", "lee2004", "nielweise2007", "yusuf1985")) for (method in c("MH-OR", "MH-RR", "MH-RD", "Peto")) {
  d <- cells(set)
  fit <- if (method == "Peto") rma.peto(ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, add = 0, to = "none") else rma.mh(measure = sub("MH-", "", method), ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d)
  row <- list(set = set, method = method)
  for (which in c("without", "cumulative")) {
    f <- suppressWarnings(if (which == "without") leave1out(fit) else cumul(fit))
    for (name in c("estimate", "se", "zval", "pval", "ci.lb", "ci.ub", "Q", "Qp", "I2")) row[[paste(which, name, sep = "_")]] <- array_of(f[[name]])
  }
  b <- try(suppressWarnings(baujat(fit)), silent = TRUE)
  if (!inherits(b, "try-error")) row <- c(row, list(baujat_x = array_of(b$x), baujat_y = array_of(b$y)))
  q <- suppressWarnings(qqnorm(fit, type = "rstandard"))
  o <- order(q$y)
  row <- c(row, list(quantiles = array_of(q$x[o]), residuals = array_of(q$y[o])))
  counts[[length(counts) + 1]] <- row
}

content <- list(
  source = list(script = "sensitivity.R", R = paste(R.version$major, R.version$minor, sep = "."), metafor = as.character(packageVersion("metafor"))),
  trim_and_fill = trim, baujat = baujat_data, radial = radial_data, qq = qq, profile = likelihood, labbe = labbe_data, counts = counts
)
text <- paste0("{\n", paste(vapply(names(content), function(n) paste0(quoted(n), ": ", json(content[[n]])), ""), collapse = ",\n"), "\n}\n")
writeLines(text, "sensitivity.json", sep = "")
cat(vapply(names(content)[-1], function(n) paste(length(content[[n]]), n), ""), sep = ", ")
cat("\n")
