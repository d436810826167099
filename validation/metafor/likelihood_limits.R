# Profile-likelihood limits of selection and location-scale models, pinned in likelihood_limits.json.
#
# Run in this folder, after reference.R: Rscript likelihood_limits.R
# Needs R with the package metafor alone (Debian: r-cran-metafor). Reads data/*.csv.
# LIKELIHOOD_LIMITS.md says what is compared and how.

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

# limits as numbers; a sign before a limit says that it lies beyond what metafor looked at
ends <- function(part) list(lower = part$random[1, 2], upper = part$random[1, 3], beyond = paste0(part$lb.sign, part$ub.sign))

selection <- list()
add <- function(set, measure, formula, method, type, alternative, steps = numeric(0), level = 95, rung = 1) {
  d <- made(set, measure)
  d <- d[complete.cases(d[all.vars(as.formula(paste("~", formula)))]), ]
  x <- model.matrix(as.formula(paste("~", formula)), d)
  base <- rma(d$yi, d$vi, mods = x, intercept = FALSE, method = method)
  args <- list(base, type = type, alternative = alternative, control = rungs[[rung]])
  if (length(steps)) args$steps <- steps
  f <- suppressWarnings(do.call(selmodel, args))
  started <- proc.time()[1]
  parts <- list()
  # the root search stops at 1.2e-4 by default
  if (method == "ML") parts$tau2 <- ends(suppressWarnings(confint(f, tau2 = TRUE, level = level, control = list(tol = 1e-10))))
  first <- if (type == "stepfun") 2 else 1
  for (place in first:length(f$delta)) parts[[paste0("delta ", place)]] <- ends(suppressWarnings(confint(f, delta = place, level = level, control = list(tol = 1e-10))))
  cat(set, formula, method, type, round(proc.time()[1] - started), "s\n")
  selection[[length(selection) + 1]] <<- list(
    set = set, measure = measure, formula = formula, method = method, type = type, alternative = alternative, steps = array_of(steps), level = level,
    rung = rung - 1, log_likelihood = f$fit.stats["ll", "ML"], parameters = structure(names(parts), array = TRUE),
    lower = array_of(sapply(parts, function(p) p$lower)), upper = array_of(sapply(parts, function(p) p$upper)), beyond = structure(as.vector(sapply(parts, function(p) p$beyond)), array = TRUE)
  )
}
for (method in c("ML", "EE")) for (steps in list(0.025, c(0.025, 0.5))) {
  for (formula in c("1", "design")) add("hackshaw1998", "GEN", formula, method, "stepfun", "greater", steps, if (formula == "design") 90 else 95)
  for (formula in c("1", "feedback")) add("bangertdrowns2004", "GEN", formula, method, "stepfun", "greater", steps)
  for (formula in c("1", "ablat")) add("bcg", "OR", formula, method, "stepfun", "less", steps)
  for (formula in c("1", "weeks")) add("raudenbush1985", "GEN", formula, method, "stepfun", "greater", steps)
}
add("hackshaw1998", "GEN", "1", "ML", "stepfun", "two.sided", 0.05)
add("hackshaw1998", "GEN", "1", "EE", "halfnorm", "greater", rung = 2)
add("raudenbush1985", "GEN", "1", "ML", "halfnorm", "greater", rung = 2)
add("raudenbush1985", "GEN", "weeks", "ML", "logistic", "greater", rung = 2)
add("raudenbush1985", "GEN", "1", "ML", "negexp", "greater", rung = 2)

# ---- location-scale models: metafor's limits, and a direct search beside them -------------------

# the (restricted) likelihood written down; limits by a fine search from several starts
height <- function(y, v, x, z, alpha, restricted) {
  w <- 1 / (v + exp(drop(z %*% alpha)))
  xwx <- crossprod(x, w * x)
  b <- solve(xwx, crossprod(x, w * y))
  e <- y - drop(x %*% b)
  0.5 * sum(log(w)) - 0.5 * sum(w * e^2) - if (restricted) 0.5 * as.numeric(determinant(xwx)$modulus) else 0
}
profiled <- function(y, v, x, z, place, value, start, se, restricted) {
  rest <- setdiff(seq_len(ncol(z)), place)
  at <- function(a) { alpha <- numeric(ncol(z)); alpha[place] <- value; alpha[rest] <- a; found <- try(height(y, v, x, z, alpha, restricted), silent = TRUE); if (inherits(found, "try-error") || !is.finite(found)) 1e10 else -found }
  if (!length(rest)) return(-at(numeric(0)))
  # the other coefficients take over what the one held has left
  moved <- start[rest] - qr.solve(z[, rest, drop = FALSE], z[, place]) * (value - start[place])
  if (length(rest) == 1) {
    # a grid first: the profile may have plateaus where a tau² is 0
    reach <- 8 * se[rest] + abs(value - start[place]) * max(abs(z[, place])) / max(abs(z[, rest]))
    grid <- moved + seq(-reach, reach, length.out = 401)
    best <- which.min(vapply(grid, at, 0))
    return(-optimize(at, grid[c(max(best - 1, 1), min(best + 1, 401))], tol = 1e-10)$objective)
  }
  for (i in 1:4) moved <- optim(moved, at, control = list(reltol = 1e-14, maxit = 5000, parscale = se[rest]))$par
  -at(moved)
}
direct <- function(y, v, x, z, alpha, se, place, level, restricted) {
  drop <- qchisq(level / 100, 1) / 2
  top <- profiled(y, v, x, z, place, alpha[place], alpha, se, restricted)
  sapply(c(-1, 1), function(sign) {
    fall <- function(value) top - drop - profiled(y, v, x, z, place, value, alpha, se, restricted)
    outside <- alpha[place] + sign * se[place]; inside <- alpha[place]
    for (i in 1:12) { if (fall(outside) > 0) break; inside <- outside; outside <- alpha[place] + sign * se[place] * 1.5^i }
    if (fall(outside) <= 0) return(NA)
    uniroot(fall, sort(c(inside, outside)), tol = 1e-11 * max(1, abs(outside)))$root
  })
}
location_scale <- list()
for (case in list(
  list("hackshaw1998", "1", "1"), list("hackshaw1998", "1", "I((year - 1990) / 10)"), list("bangertdrowns2004", "1", "1"),
  list("bangertdrowns2004", "1", "length"), list("bangertdrowns2004", "length", "feedback"), list("bangertdrowns2004", "1", "length + feedback"),
  list("raudenbush1985", "weeks", "1"), list("assink2016", "1", "year"), list("assink2016", "deltype", "year")
)) for (method in c("REML", "ML")) for (level in if (method == "REML") c(95, 80) else 95) {
  d <- made(case[[1]], "GEN")
  d <- d[complete.cases(d[c("yi", "vi", unlist(lapply(case[2:3], function(f) all.vars(as.formula(paste("~", f))))))]), ]
  x <- model.matrix(as.formula(paste("~", case[[2]])), d)
  z <- model.matrix(as.formula(paste("~", case[[3]])), d)
  f <- suppressWarnings(rma(d$yi, d$vi, mods = x, intercept = FALSE, scale = as.formula(paste("~", case[[3]])), data = d, method = method))
  own <- lapply(seq_along(f$alpha), function(place) ends(suppressWarnings(confint(f, alpha = place, level = level, control = list(tol = 1e-10)))))
  # from metafor's maximum once more, as its search stops early
  alpha <- as.numeric(f$alpha)
  alpha <- optim(alpha, function(a) { g <- try(-height(d$yi, d$vi, x, z, a, method == "REML"), silent = TRUE); if (inherits(g, "try-error") || !is.finite(g)) 1e10 else g }, method = "BFGS", control = list(reltol = 1e-16, maxit = 5000, parscale = pmax(abs(alpha), 1e-2)))$par
  ours <- sapply(seq_along(alpha), function(place) direct(d$yi, d$vi, x, z, alpha, f$se.alpha, place, level, method == "REML"))
  cat(unlist(case), method, level, "\n")
  location_scale[[length(location_scale) + 1]] <- list(
    set = case[[1]], formula = case[[2]], scale = case[[3]], method = method, level = level, alpha = array_of(alpha),
    lower = array_of(sapply(own, function(p) p$lower)), upper = array_of(sapply(own, function(p) p$upper)),
    direct_lower = array_of(ours[1, ]), direct_upper = array_of(ours[2, ])
  )
}

content <- list(
  source = list(script = "likelihood_limits.R", R = paste(R.version$major, R.version$minor, sep = "."), metafor = as.character(packageVersion("metafor"))),
  selection = selection, location_scale = location_scale
)
text <- paste0("{\n", paste(vapply(names(content), function(n) paste0(quoted(n), ": ", json(content[[n]])), ""), collapse = ",\n"), "\n}\n")
writeLines(text, "likelihood_limits.json", sep = "")
cat(length(selection), "selection,", length(location_scale), "location-scale\n")
