# Reference numbers for meta-regressions with weights of one's own, a given tau2, GENQ and GENQM, and
# Kenward and Roger's tests, pinned in regression_further.json.
#
# Run in this folder, after reference.R: Rscript regression_further.R
# Needs R with metafor and pbkrtest (Debian: r-cran-metafor r-cran-pbkrtest). Reads data/*.csv.

suppressMessages({ library(metafor); library(Matrix); library(pbkrtest) })
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

# ---- the distribution of quadratic forms: GENQM asks for it ---------------------------------------

source("quadratic_forms.R")

# ---- the data -----------------------------------------------------------------------------------

read <- function(name) read.csv(file.path("data", paste0(name, ".csv")))
made <- function(analysis) {
  part <- strsplit(analysis, "-(?=[A-Z]+$)", perl = TRUE)[[1]]
  d <- read(part[1])
  if (part[2] == "RR") {
    e <- escalc("RR", ai = d$tpos, n1i = d$tpos + d$tneg, ci = d$cpos, n2i = d$cpos + d$cneg)
    d$yi <- as.numeric(e$yi); d$vi <- as.numeric(e$vi)
  }
  d[!is.na(d$yi) & !is.na(d$vi), ]
}
cases <- list(
  list("bcg-RR", "ablat + alloc", ~ ablat + alloc),
  list("bcg-RR", "ablat", ~ ablat),
  list("bcg-RR", "alloc - 1", ~ alloc - 1),
  list("bangertdrowns2004-GEN", "length + C(grade)", ~ length + factor(grade)),
  list("bangertdrowns2004-GEN", "poly(length, 2) + feedback", ~ poly(length, 2) + feedback),
  list("raudenbush1985-GEN", "weeks * tester", ~ weeks * tester),
  list("hackshaw1998-GEN", "design + year", ~ design + year)
)
designed <- function(case) {
  d <- made(case[[1]])
  d <- d[complete.cases(d[all.vars(case[[3]])]), ]
  list(d = d, x = model.matrix(case[[3]], d))
}
weights_of <- function(words, v) switch(words, "none" = NULL, "1/se" = 1 / sqrt(v), "1/v" = 1 / v, "equal" = rep(1, length(v)), "root" = sqrt(seq_along(v)))

# metafor stops at a change of tau2 of 1e-5; tightened to the size of the numbers, loosened by tens
# only where rounding forbids it
tight <- function(d, x, ...) {
  size <- median(d$vi)
  for (limit in 10^(-13:-9)) for (step in c(1, 0.5)) {
    control <- list(threshold = limit * size, maxiter = 3000, stepadj = step, tol = 1e-16 * size, tau2.max = 1e4 * size)
    found <- try(suppressWarnings(rma(d$yi, d$vi, mods = x, intercept = FALSE, control = control, ...)), silent = TRUE)
    if (!inherits(found, "try-error")) return(found)
  }
  stop(found)
}
null_tau2 <- function(d, x, ...) {
  if (!any(colnames(x) == "(Intercept)")) return(NA)
  tight(d, matrix(1, nrow(d), 1), ...)$tau2
}
numbers_of <- function(f, x, long = FALSE) {
  a <- anova(f, btt = which(colnames(x) != "(Intercept)"))
  short <- list(
    k = f$k, coefficients = array_of(f$beta), se = array_of(f$se), ci_lower = array_of(f$ci.lb), ci_upper = array_of(f$ci.ub),
    statistics = array_of(f$zval), p_values = array_of(f$pval), tau2 = f$tau2,
    qe = f$QE, qe_p = f$QEp, i2 = f$I2, h2 = f$H2, qm = a$QM, qm_p = a$QMp
  )
  if (long) c(short, list(covariance = array_of(t(vcov(f))), hat = array_of(hatvalues(f)), residuals = array_of(rstandard(f)$z))) else short
}

# ---- weights of one's own, by estimator and test ------------------------------------------------

settings <- list(c("REML", "z"), c("REML", "knha"), c("REML", "adhoc"), c("REML", "t"), c("DL", "knha"), c("PM", "z"), c("ML", "t"), c("EE", "z"), c("EE", "t"))
weighted <- list()
for (case in cases) for (words in c("1/se", "equal", "root")) for (setting in settings) {
  made_of <- designed(case); d <- made_of$d; x <- made_of$x
  w <- weights_of(words, d$vi)
  f <- if (words == "equal") tight(d, x, weighted = FALSE, method = setting[1], test = setting[2])
       else tight(d, x, weights = w, method = setting[1], test = setting[2])
  r2 <- NA
  if (setting[1] != "EE") {
    total <- null_tau2(d, x, method = setting[1])
    r2 <- if (is.na(total) || total == 0) NA else max(0, 100 * (total - f$tau2) / total)
  }
  weighted[[length(weighted) + 1]] <- c(list(analysis = case[[1]], formula = case[[2]], weights = words, method = setting[1], test = setting[2]), numbers_of(f, x, long = setting[1] == "REML"), list(r2 = r2))
}

# ---- tau2 by generalized Q; with weights for both, or for tau2 only ------------------------------

generalized <- list()
for (case in cases) for (method in c("GENQ", "GENQM")) for (words in c("1/se", "1/v", "root")) for (test in c("z", "knha")) for (both in c(TRUE, FALSE)) {
  made_of <- designed(case); d <- made_of$d; x <- made_of$x
  w <- weights_of(words, d$vi)
  f <- tight(d, x, weights = w, method = method, test = test)
  total <- null_tau2(d, x, weights = w, method = method)
  r2 <- if (is.na(total) || total == 0) NA else max(0, 100 * (total - f$tau2) / total)
  if (!both) f <- tight(d, x, tau2 = f$tau2, test = test)
  generalized[[length(generalized) + 1]] <- c(list(analysis = case[[1]], formula = case[[2]], weights = words, method = method, test = test, both = both), numbers_of(f, x), list(r2 = r2))
}

# ---- a given tau2 -------------------------------------------------------------------------------

given <- list()
for (case in cases) for (value in c(0, 0.04, 0.5)) for (test in c("z", "t", "knha")) for (words in c("none", "1/se")) {
  made_of <- designed(case); d <- made_of$d; x <- made_of$x
  w <- weights_of(words, d$vi)
  f <- if (is.null(w)) tight(d, x, tau2 = value, test = test) else tight(d, x, tau2 = value, weights = w, test = test)
  given[[length(given) + 1]] <- c(list(analysis = case[[1]], formula = case[[2]], tau2_given = value, weights = words, test = test), numbers_of(f, x))
}

# ---- Kenward and Roger: pbkrtest's functions on the matrices of the meta-regression --------------
#
# pbkrtest wants at least two variance parameters. Four rows with a coefficient and a variance of
# their own are put beside the studies: nothing of theirs is shared, so that the covariance and the
# degrees of freedom of the meta-regression are as without them. The factor of the F statistic is
# written out from Kenward and Roger (1997), section 3.3 (pbkrtest keeps it inside).

sparse <- function(m) as(as(as(Matrix(m), "dMatrix"), "generalMatrix"), "CsparseMatrix")
kenward <- list()
for (case in cases) {
  made_of <- designed(case); d <- made_of$d; x <- made_of$x
  f <- tight(d, x, method = "REML", test = "z")
  k <- nrow(x); p <- ncol(x); more <- 4
  big <- rbind(cbind(x, 0), cbind(matrix(0, more, p), 1))
  v <- diag(c(d$vi + f$tau2, rep(1, more)))
  parts <- list(Sigma = sparse(v), G = list(sparse(diag(c(rep(1, k), rep(0, more)))), sparse(diag(c(rep(0, k), rep(1, more))))), n.ggamma = 2)
  phi <- Matrix(solve(t(big) %*% solve(v) %*% big))
  adjusted <- pbkrtest:::vcovAdj_internal(phi, parts, big)
  l1 <- function(at) { l <- rep(0, p + 1); l[at] <- 1; l }
  df <- vapply(seq_len(p), function(at) Lb_ddf(l1(at), phi, adjusted), 0)
  tested <- which(colnames(x) != "(Intercept)")
  l <- do.call(rbind, lapply(tested, l1))
  df2 <- Lb_ddf(l, phi, adjusted)
  covariance <- as.matrix(adjusted)[1:p, 1:p]
  q <- length(tested); l <- l[, 1:p, drop = FALSE]
  b <- as.numeric(f$beta)
  raw <- as.numeric(t(l %*% b) %*% solve(l %*% covariance %*% t(l)) %*% (l %*% b)) / q
  # the factor: P = -X'V^-2 X, theta = L'(L Phi L')^-1 L
  total <- d$vi + f$tau2; w <- 1 / total
  plain <- as.matrix(phi)[1:p, 1:p]; slope <- -t(x) %*% diag(w^2) %*% x; curve <- t(x) %*% diag(w^3) %*% x
  info <- 0.5 * (sum(w^2) - 2 * sum(diag(plain %*% curve)) + sum(diag(plain %*% slope %*% plain %*% slope)))
  theta <- t(l) %*% solve(l %*% plain %*% t(l)) %*% l
  m1 <- theta %*% plain %*% slope %*% plain
  a1 <- sum(diag(m1))^2 / info; a2 <- sum(diag(m1 %*% m1)) / info
  bb <- (a1 + 6 * a2) / (2 * q); g <- ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2); below <- 3 * q + 2 * (1 - g)
  e <- 1 / (1 - a2 / q)
  var <- 2 / q * (1 + g / below * bb) / ((1 - (q - g) / below * bb)^2 * (1 - (q + 2 - g) / below * bb))
  rho <- var / (2 * e^2); m <- 4 + (q + 2) / (q * rho - 1); lambda <- m / (e * (m - 2))
  if (q > 1 && abs(m / df2 - 1) > 1e-8) stop("the degrees of freedom of the formula are not those of pbkrtest: ", m, " ", df2)
  if (q == 1) lambda <- 1
  statistic <- lambda * raw
  se <- sqrt(diag(covariance))
  kenward[[length(kenward) + 1]] <- list(
    analysis = case[[1]], formula = case[[2]], tau2 = f$tau2, coefficients = array_of(b), covariance = array_of(t(covariance)),
    se = array_of(se), df = array_of(df), ci_lower = array_of(b - qt(0.975, df) * se), ci_upper = array_of(b + qt(0.975, df) * se),
    p_values = array_of(2 * pt(abs(b / se), df, lower.tail = FALSE)), df1 = q, df2 = df2, statistic = statistic,
    statistic_p = pf(statistic, q, df2, lower.tail = FALSE)
  )
}

versions <- list(r = R.version$version.string, metafor = as.character(packageVersion("metafor")), pbkrtest = as.character(packageVersion("pbkrtest")), quadratic_forms = forms)
cat(json(list(source = versions, weighted = weighted, generalized = generalized, given = given, kenward_roger = kenward)), "\n", file = "regression_further.json", sep = "")
for (part in list(weighted, generalized, given, kenward)) cat(length(part), "")
cat("\n")
