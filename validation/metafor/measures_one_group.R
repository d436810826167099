# Reference numbers for the effect measures of one group, pinned in measures_one_group.json.
#
# Run in this folder: Rscript measures_one_group.R
# Needs R with the packages metafor, metadat and gsl (Debian: r-cran-metafor, r-cran-metadat,
# r-cran-gsl). Writes data/one_group_*.csv (the inputs) and measures_one_group.json.

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
  if (length(x) == 1 && is.null(attr(x, "array"))) parts else paste0("[", paste(parts, collapse = ", "), "]")
}
array_of <- function(x) structure(as.numeric(x), array = TRUE)

# ---- the data -----------------------------------------------------------------------------------

sets <- list()
keep <- function(name, kind, d) {
  write.csv(d, file.path("data", paste0("one_group_", name, ".csv")), row.names = FALSE, quote = FALSE)
  sets[[name]] <<- list(kind = kind, data = d)
}

keep("pritz1997", "proportion", dat.pritz1997[c("xi", "ni")])
keep("debruin2009", "proportion", dat.debruin2009[c("xi", "ni")])
keep("axfors2021", "proportion", na.omit(data.frame(xi = dat.axfors2021$hcq_arm_event, ni = dat.axfors2021$hcq_arm_total)))
keep("edges_proportion", "proportion", data.frame(xi = c(0, 5, 1, 0, 1, 99999, 3, 1, 0, 2), ni = c(10, 5, 1, 1, 2, 100000, 7, 100000, 3000, 4)))

arms <- function(d) data.frame(xi = c(d$x1i, d$x2i), ti = c(d$t1i, d$t2i))
keep("hart1999", "rate", arms(dat.hart1999))
keep("nielweise2008", "rate", arms(dat.nielweise2008))
keep("edges_rate", "rate", data.frame(xi = c(0, 1, 12, 0, 3, 100000), ti = c(0.5, 0.001, 1e6, 120, 2.5, 1e5)))

keep("normand1999", "mean", data.frame(ni = dat.normand1999$n1i, mi = dat.normand1999$m1i, sdi = dat.normand1999$sd1i))
keep("gibson2002", "mean", with(subset(dat.gibson2002, !is.na(m2i)), data.frame(ni = n2i, mi = m2i, sdi = sd2i)))
keep("curtis1998", "mean", data.frame(ni = dat.curtis1998$n1i, mi = dat.curtis1998$m1i, sdi = dat.curtis1998$sd1i))
keep("edges_mean", "mean", data.frame(ni = c(2, 3, 4, 10, 10, 10, 100000), mi = c(5, 5, 5, 0, 3, 1e-3, 1e6), sdi = c(1, 2, 1, 2, 1, 10, 1e-2)))

keep("mcdaniel1994", "correlation", dat.mcdaniel1994[c("ni", "ri")])
keep("molloy2014", "correlation", dat.molloy2014[c("ni", "ri")])
keep("craft2003", "correlation", dat.craft2003[c("ni", "ri")])
keep("edges_correlation", "correlation", data.frame(ni = c(5, 6, 5, 7, 50, 100000, 100000, 10, 12, 30), ri = c(0.5, 0, -0.9, 0.999, 0, 0.3, -0.95, 1e-8, 0.2, -0.99)))

keep("aloe2013", "partial", with(dat.aloe2013, data.frame(ni = n, ti = tval, mi = preds, r2i = R2)))
keep("edges_partial", "partial", data.frame(ni = c(10, 12, 30, 500, 100000, 40), ti = c(0, -2.5, 8, 30, 1.2, -0.001), mi = c(2, 8, 1, 20, 3, 5), r2i = c(0.1, 0.9, 0.75, 0.8, 0.02, 0)))

morris <- data.frame(
  ni = c(20, 50, 9, 10, 14, 20, 42, 9, 11, 14),
  m1i = c(38.5, 26.8, 0.7, 75.9, 36.0, 19.7, 25.3, 0.6, 60.7, 33.4),
  sd1i = c(15.0, 3.1, 0.1, 14.5, 4.7, 13.8, 4.1, 0.2, 17.3, 3.1),
  m2i = c(30.6, 23.5, 0.5, 53.4, 35.6, 23.1, 24.9, 0.6, 55.7, 34.8),
  sd2i = c(11.6, 4.1, 0.1, 4.4, 4.6, 14.8, 3.3, 0.2, 17.9, 6.9),
  ri = rep(c(0.47, 0.64, 0.77, 0.89, 0.44), 2)
) # Morris (2008), the two arms of five studies, sd1i before
keep("morris2008", "change", morris)
curtis <- with(dat.curtis1998, data.frame(ni = pmin(n1i, n2i), m1i = m1i, sd1i = sd1i, m2i = m2i, sd2i = sd2i, ri = 0.5))
keep("curtis1998_pairs", "change", curtis)
keep("edges_change", "change", data.frame(
  ni = c(3, 4, 10, 10, 1000, 100000, 12), m1i = c(5, 3, 2, 0.5, 100, 7, 4), sd1i = c(1, 2, 1, 3, 1e-3, 5, 1),
  m2i = c(4, 5, 2, 0.25, 101, 3, 2), sd2i = c(2, 1, 1, 0.1, 2e-3, 4, 3), ri = c(0, 0.5, -0.99, 0.99, 0.3, -0.2, 0.6)
))

keep("bonett2010", "alpha", dat.bonett2010[c("ai", "mi", "ni")])
keep("edges_alpha", "alpha", data.frame(ai = c(0, -0.3, 0.5, 0.999999, 0.9, 0.7), mi = c(2, 5, 2, 10, 40, 3), ni = c(3, 10, 4, 50, 100000, 20)))

keep("frank2008", "genotypes", with(dat.frank2008, data.frame(
  ai = c(bc.ins.ins, ct.ins.ins), bi = c(bc.ins.del, ct.ins.del), ci = c(bc.del.del, ct.del.del)
)))
keep("edges_genotypes", "genotypes", data.frame(ai = c(0, 5, 12, 0, 100000), bi = c(4, 0, 1, 0, 5), ci = c(8, 3, 0, 7, 2)))

# ---- effect estimates ---------------------------------------------------------------------------

measures <- list(
  proportion = c("PR", "PLN", "PLO", "PAS", "PFT"), rate = c("IR", "IRLN", "IRS", "IRFT"),
  mean = c("MN", "SMN", "MNLN", "CVLN", "SDLN"), correlation = c("COR", "UCOR", "ZCOR"),
  partial = c("PCOR", "ZPCOR", "SPCOR"), change = c("MC", "SMCC", "SMCR", "SMCRH", "ROMC", "VRC", "CVRC"),
  alpha = c("ARAW", "AHW", "ABT"), genotypes = "REH"
)
formulas <- list(PR = c("LS", "UB", "AV"), PLN = c("LS", "AV"), PLO = c("LS", "AV"), COR = c("LS", "AV"), UCOR = c("LS", "UB", "AV"), PCOR = c("LS", "AV"), SPCOR = c("LS", "AV"), SMCC = c("LS", "LS2"), SMCR = c("LS", "LS2"))
corrections <- list(list("only0", NA), list("only0", 0.5), list("only0", 0.1), list("all", 0.5), list("all", 0.25), list("if0all", 0.5), list("none", 0.5))
counted <- c("proportion", "rate")

made <- function(set, measure, vtype, to = "only0", add = NA) {
  call <- c(list(measure = measure, vtype = vtype, append = FALSE, to = to), as.list(sets[[set]]$data))
  if (measure == "SPCOR") call$ri <- NULL
  if (!is.na(add)) call$add <- add
  suppressWarnings(do.call(escalc, call))
}

estimates <- list()
for (set in names(sets)) {
  kind <- sets[[set]]$kind
  for (measure in measures[[kind]]) for (vtype in if (is.null(formulas[[measure]])) "LS" else formulas[[measure]]) {
    for (rule in if (kind %in% counted) corrections else list(list(NA, NA))) {
      e <- if (is.na(rule[[1]])) made(set, measure, vtype) else made(set, measure, vtype, rule[[1]], rule[[2]])
      estimates[[length(estimates) + 1]] <- list(set = set, measure = measure, vtype = vtype, to = rule[[1]], add = rule[[2]], yi = array_of(e$yi), vi = array_of(e$vi))
    }
  }
}

# ---- pooled effects, brought back to the shown scale ---------------------------------------------

back <- list(
  PLN = exp, PLO = transf.ilogit, PAS = transf.iarcsin, IRLN = exp, IRS = transf.isqrt, MNLN = exp, CVLN = exp, SDLN = exp,
  ZCOR = transf.ztor, ZPCOR = transf.ztor, ROMC = exp, VRC = exp, CVRC = exp, AHW = transf.iahw, ABT = transf.iabt, REH = exp,
  PR = identity, IR = identity, COR = identity, ARAW = identity
)
fitted <- function(yi, vi, method) {
  size <- median(vi)
  last <- NULL
  for (limit in c(1e-13, 1e-12, 1e-11, 1e-10)) for (step in c(1, 0.5, 0.25)) {
    f <- try(suppressWarnings(rma(yi, vi, method = method, control = list(threshold = limit * size, maxiter = 3000, stepadj = step, tol = 1e-16 * size))), silent = TRUE)
    if (!inherits(f, "try-error")) return(f)
    last <- f
  }
  stop(last)
}

pooled <- list()
shown_rows <- list()
for (set in names(sets)) {
  if (startsWith(set, "edges")) next
  kind <- sets[[set]]$kind
  for (measure in measures[[kind]]) {
    if (!(measure %in% c(names(back), "PFT", "IRFT"))) next
    e <- made(set, measure, "LS")
    good <- !is.na(e$yi) & !is.na(e$vi) & e$vi > 0
    d <- sets[[set]]$data
    way <- back[[measure]]
    if (measure == "PFT") way <- function(x) transf.ipft.hm(x, targs = list(ni = d$ni[good]))
    if (measure == "IRFT") {
      h <- 1 / mean(1 / d$ti[good])
      way <- function(x) transf.iirft(x, ti = h)
    }
    for (method in c("EE", "DL", "REML")) {
      p <- predict(fitted(e$yi[good], e$vi[good], method))
      pooled[[length(pooled) + 1]] <- list(
        set = set, measure = measure, method = method, estimate = way(p$pred), ci_lower = way(p$ci.lb), ci_upper = way(p$ci.ub),
        prediction_lower = if (method == "EE") NA else way(p$pi.lb), prediction_upper = if (method == "EE") NA else way(p$pi.ub)
      )
    }
    # each study on the shown scale, with limits, at its own size
    half <- qnorm(0.975) * sqrt(e$vi)
    own <- function(x) {
      if (measure == "PFT") return(mapply(function(one, n) if (is.na(one)) NA else transf.ipft(one, n), x, d$ni))
      if (measure == "IRFT") return(mapply(function(one, t) if (is.na(one)) NA else transf.iirft(one, t), x, d$ti))
      vapply(x, function(one) if (is.na(one)) NA_real_ else as.numeric(way(one)), 0)
    }
    shown_rows[[length(shown_rows) + 1]] <- list(set = set, measure = measure, estimate = array_of(ifelse(good, own(e$yi), NA)), ci_lower = array_of(ifelse(good, own(e$yi - half), NA)), ci_upper = array_of(ifelse(good, own(e$yi + half), NA)))
  }
}

# ---- the inverses alone -------------------------------------------------------------------------

grid <- seq(-0.5, 2, by = 0.03125)
inverses <- list(
  list(name = "double arcsine", size = 1, at = array_of(grid), value = array_of(sapply(grid, transf.ipft, ni = 1))),
  list(name = "double arcsine", size = 20, at = array_of(grid), value = array_of(sapply(grid, transf.ipft, ni = 20))),
  list(name = "double arcsine", size = 12345.6, at = array_of(grid), value = array_of(sapply(grid, transf.ipft, ni = 12345.6))),
  list(name = "Freeman-Tukey", size = 0.5, at = array_of(grid), value = array_of(sapply(grid, transf.iirft, ti = 0.5))),
  list(name = "Freeman-Tukey", size = 300, at = array_of(grid), value = array_of(sapply(grid, transf.iirft, ti = 300))),
  list(name = "logit", size = NA, at = array_of(grid), value = array_of(sapply(grid, transf.ilogit))),
  list(name = "arcsine", size = NA, at = array_of(grid), value = array_of(sapply(grid, transf.iarcsin))),
  list(name = "square root", size = NA, at = array_of(grid), value = array_of(sapply(grid, transf.isqrt))),
  list(name = "Fisher z", size = NA, at = array_of(grid), value = array_of(sapply(grid, transf.ztor))),
  list(name = "Hakstian-Whalen", size = NA, at = array_of(grid), value = array_of(sapply(grid, transf.iahw))),
  list(name = "Bonett", size = NA, at = array_of(grid), value = array_of(sapply(grid, transf.iabt)))
)

source_of <- list(
  R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")), metadat = as.character(packageVersion("metadat")),
  gsl = as.character(packageVersion("gsl")), script = "measures_one_group.R"
)
writeLines(json(list(source = source_of, estimates = estimates, pooled = pooled, shown = shown_rows, inverses = inverses)), "measures_one_group.json")
cat(length(estimates), "sets of estimates,", length(pooled), "pooled effects\n")
