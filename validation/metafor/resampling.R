# Reference numbers for subsets, permutation tests and bootstrap intervals, pinned in resampling.json.
#
# Run in this folder, after reference.R: Rscript resampling.R
# Needs R with the packages metafor (Debian: r-cran-metafor) and boot (comes with R). Reads data/*.csv.

suppressMessages({library(metafor); library(boot)})

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
rows_of <- function(m) lapply(seq_len(nrow(m)), function(i) array_of(m[i, ]))

# ---- the data, and one fit with a tight search for tau² -----------------------------------------

made <- function(name, measure, rows) {
  d <- read.csv(file.path("data", paste0(name, ".csv")))
  if (measure != "GEN") {
    e <- escalc(measure, ai = tpos, bi = tneg, ci = cpos, di = cneg, data = d, append = FALSE)
    d$yi <- as.numeric(e$yi); d$vi <- as.numeric(e$vi)
  }
  d[rows, ]
}

# Fisher scoring with a threshold of 1e-13 of the size of the variances, loosened by tens where rounding
# forbids it, with smaller steps where it goes in circles.
loosest <- 0
tight <- function(yi, vi, mods = NULL, method = "REML", test = "z", good = function(fit) TRUE) {
  unit <- median(vi)
  for (threshold in 10^(-13:-10)) for (step in c(1, 0.5, 0.25)) {
    control <- list(threshold = threshold * unit, maxiter = 500, stepadj = step, tol = 1e-16 * unit)
    args <- list(yi = yi, vi = vi, method = method, test = test, control = control)
    if (!is.null(mods)) args <- c(args, list(mods = mods, intercept = FALSE))
    fit <- tryCatch(suppressWarnings(do.call(rma, args)), error = function(e) NULL)
    if (!is.null(fit) && good(fit)) {
      loosest <<- max(loosest, threshold)
      return(fit)
    }
  }
  stop("no fit")
}

# ---- all subsets --------------------------------------------------------------------------------
# gosh() fits with metafor's default threshold whatever the fit had, so that each subset is fitted again by
# rma(); how far gosh() itself is from that is in source, gosh_off.

subset_sets <- list(list("bcg", "RR", 1:7), list("hackshaw1998", "GEN", c(2:4, 9, 12, 30)), list("raudenbush1985", "GEN", c(3:7, 10)))
subset_methods <- c("REML", "DL", "PM", "ML", "EE")
subsets <- list(); started <- proc.time()[3]; passed <- function(what) message(what, " ", round(proc.time()[3] - started), " s")
gosh_off <- 0
for (s in subset_sets) for (method in subset_methods) {
  d <- made(s[[1]], s[[2]], s[[3]])
  g <- gosh(rma(yi, vi, data = d, method = method), progbar = FALSE)
  code <- as.vector(as.matrix(g$incl) %*% 2^(seq_len(nrow(d)) - 1))
  out <- matrix(NA, nrow(g$res), 6)
  for (i in seq_len(nrow(g$res))) {
    here <- unlist(g$incl[i, ])
    f <- tight(d$yi[here], d$vi[here], method = method)
    out[i, ] <- c(f$k, f$QE, f$I2, f$H2, f$tau2, as.vector(f$beta))
  }
  gosh_off <- max(gosh_off, abs(out[, 6] - g$res$estimate))
  order <- order(code)
  subsets[[length(subsets) + 1]] <- list(set = s[[1]], measure = s[[2]], rows = s[[3]], method = method, members = code[order],
    k = out[order, 1], q = out[order, 2], i2 = out[order, 3], h2 = out[order, 4], tau2 = out[order, 5], estimate = out[order, 6])
}

# ---- sign flips, exact --------------------------------------------------------------------------

passed("subsets")
flip_sets <- list(list("bcg", "RR", 1:7), list("hackshaw1998", "GEN", 1:8), list("raudenbush1985", "GEN", 4:9), list("bangertdrowns2004", "GEN", 1:6))
flips <- list()
for (s in flip_sets) for (test in c("z", "t", "knha")) for (method in c("REML", "DL", "EE")) {
  if (method == "EE" && test == "knha") next
  d <- made(s[[1]], s[[2]], s[[3]])
  f <- tight(d$yi, d$vi, method = method, test = test)
  limits <- test == "z" && method == "DL" && s[[1]] %in% c("bcg", "raudenbush1985")
  p <- permutest(f, exact = TRUE, progbar = FALSE, permci = limits, control = list(tol = 1e-10, maxiter = 200, distfac = 4))
  flips[[length(flips) + 1]] <- list(set = s[[1]], measure = s[[2]], rows = s[[3]], method = method, test = test, draws = p$exact.iter,
    p = p$pval, statistics = sort(p$zval.perm[, 1]), lower = if (limits) p$ci.lb else NA, upper = if (limits) p$ci.ub else NA, limits = limits)
}

# ---- rows of moderators permuted, exact ---------------------------------------------------------

passed("flips")
designs <- list(
  list("bcg", "RR", 1:6, "ablat"), list("bcg", "RR", c(1, 4, 6, 8, 9, 13), "ablat + year"), list("bcg", "RR", 1:8, "I(ablat > 30)"),
  list("raudenbush1985", "GEN", c(1:4, 8), "weeks"), list("raudenbush1985", "GEN", 1:7, "tester"), list("bangertdrowns2004", "GEN", c(1, 3:7), "length"),
  list("raudenbush1985", "GEN", c(1:5, 9), "tester - 1"), list("hackshaw1998", "GEN", c(1:3, 25, 29, 33), "design")
)
rows <- list()
for (s in designs) for (test in c("z", "knha")) for (method in c("REML", "DL", "EE")) {
  if (method == "EE" && test == "knha") next
  d <- made(s[[1]], s[[2]], s[[3]])
  x <- model.matrix(as.formula(paste("~", s[[4]])), data = d)
  # permutest() leaves out what does not converge: the search must suit all arrangements
  p <- NULL
  all_fitted <- function(fit) {
    p <<- permutest(fit, exact = TRUE, progbar = FALSE)
    nrow(p$zval.perm) == p$exact.iter && !anyNA(p$zval.perm)
  }
  tight(d$yi, d$vi, mods = x, method = method, test = test, good = all_fitted)
  rows[[length(rows) + 1]] <- list(set = s[[1]], measure = s[[2]], rows = s[[3]], formula = s[[4]], design = rows_of(x), method = method, test = test,
    draws = p$exact.iter, p = array_of(p$pval), omnibus_p = p$QMp, statistics = rows_of(apply(p$zval.perm, 2, sort)), omnibus = sort(as.vector(p$QM.perm)))
}

# ---- bootstrap: rows drawn by boot(), each fitted by rma(); the five intervals of boot.ci() ------

passed("rows")
bootstrap <- list()
for (s in list(list("bcg", "RR", 1:13), list("raudenbush1985", "GEN", 1:19))) {
  d <- made(s[[1]], s[[2]], s[[3]])
  statistic <- function(data, which) {
    f <- tight(data$yi[which], data$vi[which])
    c(as.vector(f$beta), f$se^2, f$tau2, f$se.tau2^2)
  }
  set.seed(20261122)
  b <- boot(d, statistic, R = 299)
  indices <- boot.array(b, indices = TRUE)
  without <- t(sapply(seq_len(nrow(d)), function(i) statistic(d, -i)))
  limits <- list()
  for (place in c(1, 3)) for (level in c(0.95, 0.9)) {
    influence <- (nrow(d) - 1) * (mean(without[, place]) - without[, place])
    ci <- boot.ci(b, conf = level, type = "all", index = c(place, place + 1), L = influence)
    limits[[length(limits) + 1]] <- list(quantity = c("estimate", NA, "tau2")[place], level = level, percentile = ci$percent[4:5],
      basic = ci$basic[4:5], normal = ci$normal[2:3], studentized = ci$student[4:5], bca = ci$bca[4:5])
  }
  bootstrap[[length(bootstrap) + 1]] <- list(set = s[[1]], measure = s[[2]], observed = b$t0, draws = rows_of(t(b$t)), indices = rows_of(indices - 1), limits = limits)
}

# ---- writing ------------------------------------------------------------------------------------

content <- list(
  source = list(script = "resampling.R", R = paste(R.version$major, R.version$minor, sep = "."), metafor = as.character(packageVersion("metafor")),
    boot = as.character(packageVersion("boot")), loosest_threshold = loosest, gosh_off = gosh_off),
  subsets = subsets, flips = flips, rows = rows, bootstrap = bootstrap
)
text <- paste0("{\n", paste(vapply(names(content), function(n) paste0(quoted(n), ": ", json(content[[n]])), ""), collapse = ",\n"), "\n}\n")
writeLines(text, "resampling.json", sep = "")
cat(length(subsets), "sets of subsets,", length(flips), "sign flips,", length(rows), "designs,", length(bootstrap), "bootstraps; gosh() is off by", gosh_off, "\n")
