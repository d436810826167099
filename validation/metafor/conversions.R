# Reference numbers for conversions between effect measures and missing statistics, pinned in
# conversions.json.
#
# Run in this folder: Rscript conversions.R
# Needs R with the packages metafor and numDeriv (Debian: r-cran-metafor r-cran-numderiv). Where metafor
# 3.8 has the transformation it is used; the rest is each paper's formula in R. Variances by numDeriv.

suppressMessages({library(metafor); library(numDeriv)})

number <- function(x) ifelse(is.na(x), "null", ifelse(is.infinite(x), ifelse(x > 0, "1e999", "-1e999"), sprintf("%.17g", x)))
quoted <- function(x) paste0("\"", gsub("\"", "\\\\\"", x), "\"")
json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x)) {
    parts <- vapply(x, json, "")
    if (!is.null(names(x))) return(paste0("{", paste(quoted(names(x)), parts, sep = ": ", collapse = ", "), "}"))
    return(paste0("[", paste(parts, collapse = ",\n  "), "]"))
  }
  parts <- if (is.character(x)) quoted(x) else number(as.numeric(x))
  if (length(x) == 1 && is.null(attr(x, "array"))) parts else paste0("[", paste(parts, collapse = ", "), "]")
}
array_of <- function(x) structure(as.numeric(x), array = TRUE)

# ---- conversions --------------------------------------------------------------------------------

conversions <- list()
add <- function(source, to, method, f, y, ...) {
  beside <- list(...)
  v <- 0.01 + 0.02 * seq_along(y)
  slope <- sapply(y, function(u) tryCatch(grad(f, u, method.args = list(r = 6)), error = function(e) NA))
  conversions[[length(conversions) + 1]] <<- c(list(source = source, to = to, method = method, y = array_of(y), v = array_of(v), x = array_of(sapply(y, f)), w = array_of(v * slope^2)), beside)
}
logs <- c(-2.5, -1.2, -0.4, -0.05, 0.1, 0.7, 1.6, 2.4)
for (p in c(0.05, 0.2, 0.5)) {
  add("OR", "RR", "zhang-yu", function(y) transf.logortorr(y, pc = p), logs, baseline_risk = p)
  conversions[[length(conversions)]]$x <- array_of(log(conversions[[length(conversions)]]$x))
  g <- function(y) log(transf.logortorr(y, pc = p))
  conversions[[length(conversions)]]$w <- array_of(conversions[[length(conversions)]]$v * sapply(logs, function(u) grad(g, u, method.args = list(r = 6)))^2)
  add("OR", "RD", "baseline", function(y) transf.logortord(y, pc = p), logs, baseline_risk = p)
  small <- c(-0.9, -0.3, 0.1, 0.4, 0.6)
  add("RR", "OR", "zhang-yu", function(y) qlogis(p * exp(y)) - qlogis(p), small, baseline_risk = p)
  add("RR", "RD", "baseline", function(y) p * exp(y) - p, small, baseline_risk = p)
  add("RD", "RR", "baseline", function(y) log((p + y) / p), c(-0.04, 0.02, 0.2), baseline_risk = p)
  add("RD", "OR", "baseline", function(y) qlogis(p + y) - qlogis(p), c(-0.04, 0.02, 0.2), baseline_risk = p)
  add("OR", "SMD", "probit", function(y) qnorm(plogis(qlogis(p) + y)) - qnorm(p), logs, baseline_risk = p)
  add("SMD", "OR", "probit", function(y) qlogis(pnorm(qnorm(p) + y)) - qlogis(p), logs, baseline_risk = p)
  add("HR", "RR", "proportional", function(y) log((1 - (1 - p)^exp(y)) / p), logs, baseline_risk = p)
  add("RR", "HR", "proportional", function(y) log(log(1 - p * exp(y)) / log(1 - p)), small, baseline_risk = p)
}
add("OR", "RR", "square-root", function(y) log(sqrt(exp(y))), logs)
add("RR", "OR", "square-root", function(y) log(exp(y)^2), logs)
add("OR", "SMD", "hasselblad-hedges", function(y) y * sqrt(3) / pi, logs)
add("SMD", "OR", "hasselblad-hedges", function(y) y * pi / sqrt(3), logs)
add("OR", "SMD", "cox", function(y) y / 1.65, logs)
add("SMD", "OR", "cox", function(y) y * 1.65, logs)
for (n in list(c(20, 20), c(15, 60), c(200, 31))) {
  add("SMD", "COR", "point-biserial", function(y) transf.dtorpb(y, n1i = n[1], n2i = n[2]), logs, n1 = n[1], n2 = n[2])
  share <- n[1] / sum(n)
  add("SMD", "COR", "biserial", function(y) transf.dtorpb(y, n1i = n[1], n2i = n[2]) * sqrt(share * (1 - share)) / dnorm(qnorm(share)), logs, n1 = n[1], n2 = n[2])
  add("SMD", "COR", "borenstein", function(y) y / sqrt(y^2 + sum(n)^2 / prod(n)), logs, n1 = n[1], n2 = n[2])
  add("COR", "SMD", "borenstein", function(y) y * sqrt(sum(n)^2 / prod(n)) / sqrt(1 - y^2), c(-0.8, -0.2, 0.1, 0.6), n1 = n[1], n2 = n[2])
}
add("SMD", "COR", "borenstein", function(y) y / sqrt(y^2 + 4), logs)
add("COR", "SMD", "borenstein", function(y) 2 * y / sqrt(1 - y^2), c(-0.8, -0.2, 0.1, 0.6))
add("COR", "ZCOR", "fisher", function(y) transf.rtoz(y), c(-0.8, -0.2, 0.1, 0.6))
add("ZCOR", "COR", "fisher", function(y) transf.ztor(y), logs)
add("OR", "COR", "pearson", function(y) cos(pi / (1 + sqrt(exp(y)))), logs)
add("OR", "COR", "digby", function(y) (exp(y)^(3/4) - 1) / (exp(y)^(3/4) + 1), logs)
add("COR", "OR", "pearson", function(y) 2 * log(pi / acos(y) - 1), c(-0.8, -0.2, 0.1, 0.6))
add("COR", "OR", "digby", function(y) 4 / 3 * log((1 + y) / (1 - y)), c(-0.8, -0.2, 0.1, 0.6))
vdw <- function(y) log((1 - 0.5^sqrt(exp(y))) / (1 - 0.5^sqrt(1 / exp(y))))
add("HR", "RR", "vanderweele", vdw, logs)
add("RR", "HR", "vanderweele", function(x) uniroot(function(y) vdw(y) - x, c(-12, 12), tol = 1e-14)$root, small)
conversions[[length(conversions)]]$w <- array_of(conversions[[length(conversions)]]$v / sapply(conversions[[length(conversions)]]$x, function(u) grad(vdw, u, method.args = list(r = 6)))^2)
add("SMD", "CLES", "normal", function(y) transf.dtocles(y), logs)
conversions[[length(conversions)]]$x <- array_of(pnorm(logs / sqrt(2)))
conversions[[length(conversions)]]$w <- array_of(conversions[[length(conversions)]]$v * (dnorm(logs / sqrt(2)) / sqrt(2))^2)
add("SMD", "MD", "sd", function(y) transf.dtomd(y, targs = list(sd = 7.5)), logs, sd = 7.5)
conversions[[length(conversions)]]$x <- array_of(logs * 7.5)
conversions[[length(conversions)]]$w <- array_of(conversions[[length(conversions)]]$v * 7.5^2)

# ---- escalc's own conversions of 2x2 tables and means -------------------------------------------

tables <- data.frame(ai = c(12, 30, 5, 44), n1i = c(40, 60, 50, 90), ci = c(20, 25, 9, 30), n2i = c(42, 61, 49, 88))
means <- data.frame(m1i = c(5.1, 3.3, 7.2), sd1i = c(2, 1.5, 3), n1i = c(30, 42, 20), m2i = c(4.2, 3.9, 5.5), sd2i = c(2.2, 1.6, 2.7), n2i = c(31, 40, 25))
escalcs <- list()
for (measure in c("OR2DN", "OR2DL")) { f <- escalc(measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = tables); escalcs[[measure]] <- list(x = array_of(f$yi), w = array_of(f$vi)) }

# ---- five numbers, by the papers' formulas ------------------------------------------------------

five <- data.frame(n = c(7, 25, 26, 40, 71, 100, 350), min = c(2, 0, 1.5, 3, 10, 0, -4), q1 = c(6, 10, 4, 8, 30, 10, 1), median = c(9, 15, 6, 9.5, 41, 15, 2.2), q3 = c(17, 22, 9.5, 14, 50, 22, 3.9), max = c(41, 50, 14, 33, 88, 50, 11))
xi <- function(n) 2 * qnorm((n - 0.375) / (n + 0.25)); eta <- function(n) 2 * qnorm((0.75 * n - 0.125) / (n + 0.25))
quantiles <- with(five, {
  w <- 1 / (1 + 0.07 * n^0.6); w1 <- 2.2 / (2.2 + n^0.75); w2 <- 0.7 - 0.72 / n^0.55
  bl <- (min + 2 * q1 + 2 * median + 2 * q3 + max) / 8
  t1 <- abs(min + max - 2 * median) / (max - min); t2 <- abs(q1 + q3 - 2 * median) / (q3 - q1)
  list(
    `luo/wan/shi` = list(
      S1 = list(mean = array_of(4 / (4 + n^0.75) * (min + max) / 2 + n^0.75 / (4 + n^0.75) * median), sd = array_of((max - min) / xi(n))),
      S2 = list(mean = array_of((0.7 + 0.39 / n) * (q1 + q3) / 2 + (0.3 - 0.39 / n) * median), sd = array_of((q3 - q1) / eta(n))),
      S3 = list(mean = array_of(w1 * (min + max) / 2 + w2 * (q1 + q3) / 2 + (1 - w1 - w2) * median), sd = array_of((max - min) / ((2 + 0.14 * n^0.6) * xi(n) / 2) + (q3 - q1) / ((2 + 2 / (0.07 * n^0.6)) * eta(n) / 2)))),
    wan = list(
      S1 = list(mean = array_of((min + 2 * median + max) / 4), sd = array_of((max - min) / xi(n))),
      S2 = list(mean = array_of((q1 + median + q3) / 3), sd = array_of((q3 - q1) / eta(n))),
      S3 = list(mean = array_of(bl), sd = array_of((max - min) / (2 * xi(n)) + (q3 - q1) / (2 * eta(n))))),
    hozo = list(S1 = list(mean = array_of(ifelse(n <= 25, (min + 2 * median + max) / 4, median)), sd = array_of(ifelse(n <= 15, sqrt(((min - 2 * median + max)^2 / 4 + (max - min)^2) / 12), ifelse(n <= 70, (max - min) / 4, (max - min) / 6))))),
    bland = list(S3 = list(mean = array_of(bl), sd = array_of(sqrt((min^2 + 2 * q1^2 + 2 * median^2 + 2 * q3^2 + max^2) / 16 + (min * q1 + q1 * median + median * q3 + q3 * max) / 8 - bl^2)))),
    skewness = list(
      S1 = list(statistic = array_of(t1), critical = array_of(1.01 / log(n + 9) + 2.43 / (n + 1))),
      S2 = list(statistic = array_of(t2), critical = array_of(2.65 / sqrt(n) - 6 / n^2)),
      S3 = list(statistic = array_of(pmax(2.65 * log(0.6 * n) / sqrt(n) * t1, t2)), critical = array_of(2.97 / sqrt(n) - 39.1 / n^3))))
})
# QE by R's optim, from several starts, to the end
match_one <- function(x, p) {
  fit <- function(q, start) {
    f <- function(th) { d <- suppressWarnings(q(th) - x); if (all(is.finite(d))) sum(d^2) else 1e10 }
    o <- optim(start, f, control = list(maxit = 20000, reltol = 1e-15)); for (i in 1:5) o <- optim(o$par, f, control = list(maxit = 20000, reltol = 1e-16)); o
  }
  z <- qnorm(p); out <- list()
  o <- fit(function(th) th[1] + exp(th[2]) * z, c(x[(length(x) + 1) / 2], log(sd(x)))); out$normal <- c(o$value, o$par[1], exp(o$par[2]))
  if (x[1] > 0) {
    o <- fit(function(th) qlnorm(p, th[1], exp(th[2])), c(log(x[(length(x) + 1) / 2]), log(sd(log(x))))); m <- exp(o$par[1] + exp(2 * o$par[2]) / 2); out$`log-normal` <- c(o$value, m, m * sqrt(exp(exp(2 * o$par[2])) - 1))
    o <- fit(function(th) qgamma(p, exp(th[1]), exp(th[2])), c(log(mean(x)^2 / var(x)), log(mean(x) / var(x)))); out$gamma <- c(o$value, exp(o$par[1] - o$par[2]), exp(o$par[1] / 2 - o$par[2]))
    o <- fit(function(th) qweibull(p, exp(th[1]), exp(th[2])), c(log(1.5), log(mean(x)))); k <- exp(o$par[1]); out$Weibull <- c(o$value, exp(o$par[2]) * gamma(1 + 1 / k), exp(o$par[2]) * sqrt(gamma(1 + 2 / k) - gamma(1 + 1 / k)^2))
  }
  best <- which.min(sapply(out, `[`, 1)); list(distribution = names(out)[best], mean = out[[best]][2], sd = out[[best]][3])
}
qe <- list()
for (i in seq_len(nrow(five))) for (kind in c("S1", "S2", "S3")) {
  d <- five[i, ]; x <- switch(kind, S1 = c(d$min, d$median, d$max), S2 = c(d$q1, d$median, d$q3), S3 = c(d$min, d$q1, d$median, d$q3, d$max)); n <- d$n
  p <- switch(kind, S1 = c(1 / n, 0.5, 1 - 1 / n), S2 = c(0.25, 0.5, 0.75), S3 = c(1 / n, 0.25, 0.5, 0.75, 1 - 1 / n))
  qe[[length(qe) + 1]] <- c(list(row = i - 1, kind = kind), match_one(x, p))
}
# Box-Cox by uniroot and integrate
bc <- list()
for (i in c(1, 2, 3, 4, 5)) for (kind in c("S1", "S2")) {
  d <- five[i, ]; n <- d$n; x <- if (kind == "S1") c(d$min, d$median, d$max) else c(d$q1, d$median, d$q3)
  if (x[1] <= 0) next
  f <- function(x, l) if (abs(l) < 1e-12) log(x) else (x^l - 1) / l
  l <- uniroot(function(l) f(x[1] / x[2], l) + f(x[3] / x[2], l), c(-20, 20), tol = 1e-14)$root
  y <- f(x / x[2], l)
  m <- if (kind == "S1") 4 / (4 + n^0.75) * (y[1] + y[3]) / 2 + (1 - 4 / (4 + n^0.75)) * y[2] else (0.7 + 0.39 / n) * (y[1] + y[3]) / 2 + (0.3 - 0.39 / n) * y[2]
  s <- (y[3] - y[1]) / if (kind == "S1") xi(n) else eta(n)
  edge <- (-1 / l - m) / s
  if (l < 0 && edge < 9) next  # no finite mean
  reach <- min(9, abs(edge) * (1 - 1e-9))
  inverse <- function(z) (l * (m + s * z) + 1)^(1 / l)
  area <- function(g) integrate(function(z) g(z) * dnorm(z), -reach, reach, rel.tol = 1e-10, subdivisions = 5000)$value
  total <- area(function(z) rep(1, length(z))); mu <- area(inverse) / total
  bc[[length(bc) + 1]] <- list(row = i - 1, kind = kind, power = l, mean = mu * x[2], sd = sqrt(area(function(z) (inverse(z) - mu)^2) / total) * x[2])
}

source <- list(r = as.character(getRversion()), metafor = as.character(packageVersion("metafor")), numDeriv = as.character(packageVersion("numDeriv")))
writeLines(json(list(source = source, conversions = conversions, escalc = escalcs, tables = lapply(tables, array_of), five = lapply(five, array_of), quantiles = quantiles, qe = qe, bc = bc)), "conversions.json")
cat(length(conversions), "conversions,", length(qe), "QE,", length(bc), "Box-Cox\n")
