# Multilevel and multivariate models and cluster-robust inference, pinned in multilevel.json.
#
# Run in this folder: Rscript multilevel.R
# Needs R with metafor, metadat and numDeriv. Writes data/multilevel_*.csv (numbers) and
# multilevel.json. MULTILEVEL.md says what is compared and how.

suppressMessages({
  library(metafor)
  library(metadat)
  library(numDeriv)
})

# ---- writing: JSON with 17 significant digits ---------------------------------------------------

number <- function(x) ifelse(is.na(x), "null", ifelse(is.infinite(x), ifelse(x > 0, "1e999", "-1e999"), sprintf("%.17g", x)))
quoted <- function(x) if (length(x)) paste0("\"", x, "\"") else character(0)
json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x)) {
    parts <- vapply(x, json, "")
    if (!is.null(names(x))) return(paste0("{", paste(quoted(names(x)), parts, sep = ": ", collapse = ", "), "}"))
    return(paste0("[", paste(parts, collapse = ",\n  "), "]"))
  }
  one <- is.null(attr(x, "array")) && length(x) == 1
  parts <- if (is.character(x)) quoted(x) else if (is.logical(x)) ifelse(is.na(x), "null", tolower(as.character(x))) else number(as.numeric(x))
  if (one) parts else paste0("[", paste(parts, collapse = ", "), "]")
}
array_of <- function(x) structure(if (is.character(x)) as.vector(x) else as.numeric(x), array = TRUE)

# ---- data: numbers only, words as numbers of their sorted levels --------------------------------

coded <- function(x) as.integer(factor(as.character(x)))
curtis <- escalc("ROM", m1i = m2i, sd1i = sd2i, n1i = n2i, m2i = m1i, sd2i = sd1i, n2i = n1i, data = dat.curtis1998)
ishak <- reshape(dat.ishak2007, direction = "long", idvar = "study", v.names = c("yi", "vi"),
  varying = list(c(2, 4, 6, 8), c(3, 5, 7, 9)))
ishak <- ishak[order(ishak$study, ishak$time), ]
ishak <- ishak[!is.na(ishak$yi), ]
arms <- with(dat.bcg, data.frame(
  trial = rep(trial, each = 2), group = rep(1:2, length(trial)),
  events = as.vector(rbind(tpos, cpos)), others = as.vector(rbind(tneg, cneg))))
arms <- transform(arms, yi = log(events / others), vi = 1 / events + 1 / others)

sets <- list(
  konstantopoulos2011 = list(with(dat.konstantopoulos2011, data.frame(district, school, year, yi, vi)),
    "Konstantopoulos S (2011). Research Synthesis Methods 2(1):61-76."),
  assink2016 = list(with(dat.assink2016, data.frame(study, esid, yi, vi, year, pubstatus, deltype = coded(deltype))),
    "Assink M, Wibbelink CJM (2016). The Quantitative Methods for Psychology 12(3):154-174."),
  berkey1998 = list(with(dat.berkey1998, data.frame(trial, year, outcome = coded(outcome), yi, vi, v1i, v2i)),
    "Berkey CS et al. (1998). Statistics in Medicine 17(22):2537-2550."),
  ishak2007 = list(with(ishak, data.frame(study = coded(study), time, yi, vi, mdur, mbase)),
    "Ishak KJ et al. (2007). Statistics in Medicine 27(5):670-686."),
  bcg_arms = list(arms[c("trial", "group", "yi", "vi")],
    "van Houwelingen HC et al. (2002). Statistics in Medicine 21(4):589-624."),
  curtis1998 = list(with(curtis, data.frame(paper, id, species = coded(paste(genus, species)), fungrp = coded(fungrp), time, yi = as.vector(yi), vi = as.vector(vi))),
    "Curtis PS, Wang X (1998). Oecologia 113:299-313."),
  bangertdrowns2004 = list(with(dat.bangertdrowns2004, data.frame(id, yi, vi, length, feedback, grade)),
    "Bangert-Drowns RL et al. (2004). Review of Educational Research 74(1):29-58.")
)
dir.create("data", showWarnings = FALSE)
data <- list()
described <- list()
for (name in names(sets)) {
  file <- file.path("data", paste0("multilevel_", name, ".csv"))
  text <- as.data.frame(lapply(sets[[name]][[1]], function(x) ifelse(is.na(x), "", sprintf("%.15g", x))))
  write.csv(text, file, row.names = FALSE, quote = FALSE)
  data[[name]] <- read.csv(file)
  described[[name]] <- list(file = file, k = nrow(text), citation = sets[[name]][[2]])
}

# ---- the likelihood, written down once more with full matrices ----------------------------------

# A random effect is list(groups=) or list(inner=, outer=, struct=); theta holds its parameters:
# logs of variances, then atanh of correlations (one, or those of the lower triangle).
codes <- function(d, columns) as.integer(factor(do.call(paste, c(d[columns], sep = "/"))))
effect_of <- function(d, term) {
  if (is.null(term$inner)) return(list(groups = codes(d, term$columns)))
  list(inner = codes_sorted(d[[term$inner]]), outer = codes(d, term$columns), struct = term$struct, times = sort(unique(d[[term$inner]])))
}
codes_sorted <- function(x) match(x, sort(unique(x)))
sizes <- function(e) {
  if (!is.null(e$groups)) return(c(1, 0))
  q <- length(e$times)
  c(if (e$struct %in% c("HCS", "UN", "DIAG", "HAR")) q else 1,
    switch(e$struct, ID = 0, DIAG = 0, UN = q * (q - 1) / 2, 1))
}
covariance_of <- function(e, s2, rho) {
  if (!is.null(e$groups)) return(s2 * outer(e$groups, e$groups, "=="))
  q <- length(e$times)
  R <- diag(q)
  if (e$struct %in% c("CS", "HCS")) R[R == 0] <- rho
  if (e$struct == "UN") { R[lower.tri(R)] <- rho; R <- R + t(R) - diag(q) }
  if (e$struct %in% c("AR", "HAR")) R <- rho^abs(outer(1:q, 1:q, "-"))
  if (e$struct == "CAR") R <- rho^abs(outer(e$times, e$times, "-"))
  s <- sqrt(rep_len(s2, q))
  G <- R * outer(s, s)
  G[e$inner, e$inner] * outer(e$outer, e$outer, "==")
}
unpack <- function(effects, theta) {
  place <- 0
  lapply(effects, function(e) {
    n <- sizes(e)
    s2 <- exp(theta[place + seq_len(n[1])])
    rho <- tanh(theta[place + n[1] + seq_len(n[2])])
    place <<- place + sum(n)
    list(s2 = s2, rho = rho)
  })
}
log_likelihood <- function(y, X, V, effects, parts, REML) {
  M <- V
  for (i in seq_along(effects)) M <- M + covariance_of(effects[[i]], parts[[i]]$s2, parts[[i]]$rho)
  L <- tryCatch(chol(M), error = function(e) NULL)
  if (is.null(L)) return(-1e10)
  A <- backsolve(L, X, transpose = TRUE)
  b <- backsolve(L, y, transpose = TRUE)
  q <- qr(A)
  k <- length(y); p <- ncol(X)
  value <- -sum(log(diag(L))) - sum(qr.resid(q, b)^2) / 2
  if (!REML) return(value - k / 2 * log(2 * pi))
  value - (k - p) / 2 * log(2 * pi) - sum(log(abs(diag(qr.R(q))))) + sum(log(abs(diag(qr.R(qr(X))))))
}

# Newton's method on Richardson-extrapolated derivatives, from metafor's own optimum
polish <- function(f, theta) {
  reached <- Inf
  for (i in 1:12) {
    g <- grad(f, theta, method.args = list(eps = 1e-3, r = 6))
    H <- hessian(f, theta, method.args = list(eps = 1e-3, r = 6))
    step <- solve(H, -g)
    step <- step * min(1, 0.5 / max(abs(step)))
    theta <- theta + step
    reached <- max(abs(step))
    if (reached < 1e-10) break
  }
  list(theta = theta, step = step, gradient = max(abs(g)))
}

# ---- the models ---------------------------------------------------------------------------------

intercept <- function(...) list(columns = c(...))
structured <- function(inner, outer, struct) list(inner = inner, columns = outer, struct = struct)
model <- function(set, random, mods = "1", method = "REML", V = "none") list(set = set, random = random, mods = mods, method = method, V = V)
nested <- function(a, b) list(intercept(a), intercept(a, b))

covariance_input <- function(d, V) {
  switch(V,
    none = diag(d$vi),
    rows = vcalc(vi = 1, cluster = trial, rvars = c(v1i, v2i), data = d),
    rho6 = vcalc(vi, cluster = study, obs = esid, rho = 0.6, data = d),
    types = vcalc(vi, cluster = study, type = deltype, obs = esid, rho = c(0.6, 0.4), data = d),
    time97 = vcalc(vi, cluster = study, time1 = time, phi = 0.97, data = d))
}

models <- list()
add <- function(...) models[[length(models) + 1]] <<- model(...)
for (method in c("REML", "ML")) {
  add("konstantopoulos2011", nested("district", "school"), method = method)
  add("konstantopoulos2011", nested("district", "school"), mods = "year", method = method)
  add("konstantopoulos2011", list(intercept("district")), method = method)
  add("konstantopoulos2011", list(intercept("district"), intercept("year")), method = method)
  add("assink2016", nested("study", "esid"), method = method)
  add("assink2016", nested("study", "esid"), mods = "factor(deltype)", method = method)
  add("assink2016", nested("study", "esid"), mods = "pubstatus + year", method = method)
  add("assink2016", nested("study", "esid"), method = method, V = "rho6")
  add("assink2016", nested("study", "esid"), mods = "factor(deltype)", method = method, V = "types")
  add("assink2016", list(intercept("study"), intercept("year")), method = method)
  add("assink2016", list(structured("deltype", "study", "CS"), intercept("study", "esid")), method = method)
  add("bangertdrowns2004", list(intercept("id")), method = method)
  add("bangertdrowns2004", list(intercept("id")), mods = "length + feedback", method = method)
  add("curtis1998", nested("paper", "id"), method = method)
  add("curtis1998", nested("paper", "id"), mods = "factor(fungrp)", method = method)
  add("curtis1998", list(intercept("paper"), intercept("species")), method = method)
  add("curtis1998", c(nested("paper", "id"), list(intercept("species"))), method = method)
  for (struct in c("UN", "HCS", "CS", "DIAG", "ID")) {
    add("berkey1998", list(structured("outcome", "trial", struct)), mods = "factor(outcome) - 1", method = method, V = "rows")
    add("bcg_arms", list(structured("group", "trial", struct)), mods = "factor(group) - 1", method = method)
  }
  add("berkey1998", list(structured("outcome", "trial", "UN")), mods = "factor(outcome) * year", method = method, V = "rows")
  for (struct in c("CS", "HCS", "DIAG", "ID", "AR", "HAR", "CAR")) {
    add("ishak2007", list(structured("time", "study", struct)), mods = "factor(time) - 1", method = method, V = "time97")
  }
  add("ishak2007", list(structured("time", "study", "HAR")), mods = "mbase", method = method)
}

formula_of <- function(term) {
  if (!is.null(term$inner)) return(as.formula(paste("~", term$inner, "|", term$columns)))
  as.formula(paste("~ 1 |", if (length(term$columns) == 1) term$columns else paste(term$columns, collapse = "_")))
}
term_name <- function(term) {
  groups <- paste(term$columns, collapse = "/")
  if (is.null(term$inner)) groups else paste(term$inner, "|", groups)
}

fit_one <- function(m) {
  d <- data[[m$set]]
  keep <- rep(TRUE, nrow(d))
  for (v in all.vars(as.formula(paste("~", m$mods)))) keep <- keep & !is.na(d[[v]])
  d <- d[keep, ]
  for (term in m$random) if (length(term$columns) > 1) d[[paste(term$columns, collapse = "_")]] <- do.call(paste, c(d[term$columns], sep = "/"))
  V <- covariance_input(d, m$V)
  random <- lapply(m$random, formula_of)
  struct <- unlist(lapply(m$random, function(t) t$struct))
  call <- function(..., control = list(iter.max = 1000, eval.max = 2000)) suppressWarnings(rma.mv(yi, V,
    mods = as.formula(paste("~", m$mods)), random = random, struct = if (is.null(struct)) "CS" else struct,
    data = d, method = m$method, ..., control = control))
  fit <- tryCatch(call(), error = function(e) call(control = list(optimizer = "optim", optmethod = "Nelder-Mead", maxit = 20000)))
  effects <- lapply(m$random, function(t) effect_of(d, t))
  plain <- vapply(effects, function(e) !is.null(e$groups), TRUE)
  theta <- NULL
  places <- 0
  for (e in effects) {
    if (!is.null(e$groups)) {
      places <- places + 1
      theta <- c(theta, log(fit$sigma2[places]))
    } else {
      n <- sizes(e)
      theta <- c(theta, log(fit$tau2[seq_len(n[1])]), atanh(fit$rho[seq_len(n[2])]))
    }
  }
  zero <- theta < log(1e-7 * median(d$vi)) & !is.nan(theta)
  zero[is.na(zero)] <- FALSE
  full <- function(free) { t <- theta; t[!zero] <- free; t[zero] <- -Inf; t }
  f <- function(free) log_likelihood(as.vector(d$yi), fit$X, V, effects, unpack(effects, full(free)), m$method == "REML")
  stopifnot(abs(f(theta[!zero]) - as.numeric(logLik(fit))) < 1e-6 * (1 + abs(as.numeric(logLik(fit)))))
  best <- polish(f, theta[!zero])
  parts <- unpack(effects, full(best$theta))
  # the last step in natural units: of a variance (or of the median sampling variance, if larger), of a correlation
  natural <- unlist(lapply(effects, function(e) rep(c("variance", "correlation"), sizes(e))))[!zero]
  left <- abs(best$step) * ifelse(natural == "variance", pmin(1, exp(best$theta) / median(d$vi)), 1 - tanh(best$theta)^2)
  fixed <- list()
  if (any(plain)) fixed$sigma2 <- vapply(parts[plain], function(p) p$s2, 0)
  if (any(!plain)) {
    fixed$tau2 <- parts[!plain][[1]]$s2
    if (length(parts[!plain][[1]]$rho)) fixed$rho <- parts[!plain][[1]]$rho
  }
  # the same model with the variances held at the polished optimum: all that follows from them
  at <- do.call(call, fixed)
  t <- suppressWarnings(do.call(call, c(fixed, list(test = "t"))))
  stopifnot(as.numeric(logLik(at)) >= as.numeric(logLik(fit)) - 1e-9)
  stats <- fitstats(fit)[, 1]
  effects_found <- ranef(at, expand = FALSE)
  list(d = d, V = V, fit = fit, at = at, out = list(
    set = m$set, random = array_of(vapply(m$random, term_name, "")), struct = array_of(as.character(struct)),
    mods = m$mods, method = m$method, V = m$V,
    values = array_of(unlist(lapply(parts, function(p) c(p$s2, p$rho)))),
    step = max(left), at_zero = array_of(as.numeric(zero)),
    coefficients = array_of(coef(at)), se = array_of(at$se), covariance = array_of(vcov(at)),
    z = array_of(at$zval), p_z = array_of(at$pval), ci_lower_z = array_of(at$ci.lb), ci_upper_z = array_of(at$ci.ub),
    t = array_of(t$zval), p_t = array_of(t$pval), ci_lower_t = array_of(t$ci.lb), ci_upper_t = array_of(t$ci.ub), df_t = t$ddf[[1]],
    qe = at$QE, qe_df = at$k - at$p, qe_p = at$QEp,
    qm_z = if (at$int.only) NA else at$QM, qm_t = if (at$int.only) NA else t$QM,
    qm_p_z = if (at$int.only) NA else at$QMp, qm_p_t = if (at$int.only) NA else t$QMp,
    log_likelihood = as.numeric(logLik(at)), parms = fit$parms,
    aic = -2 * as.numeric(logLik(at)) + 2 * fit$parms,
    bic = stats[["BIC:"]] + 2 * as.numeric(logLik(fit)) - 2 * as.numeric(logLik(at)),
    aicc = stats[["AICc:"]] + 2 * as.numeric(logLik(fit)) - 2 * as.numeric(logLik(at)),
    blup = array_of(unlist(lapply(effects_found, function(x) x[[1]]))),
    blup_se = array_of(unlist(lapply(effects_found, function(x) x[[2]]))),
    blup_names = array_of(unlist(lapply(effects_found, rownames))),
    blup_sizes = array_of(vapply(effects_found, nrow, 0L))
  ))
}

fits <- list()
kept <- list()
for (m in models) {
  cat(m$set, m$method, m$mods, vapply(m$random, term_name, ""), unlist(lapply(m$random, function(t) t$struct)), "\n", file = stderr())
  one <- fit_one(m)
  fits[[length(fits) + 1]] <- one$out
  kept[[length(kept) + 1]] <- one
}

# ---- profile-likelihood limits ------------------------------------------------------------------

limits <- list()
for (i in seq_along(models)) {
  m <- models[[i]]
  if (m$method != "REML" || length(m$random) > 2) next
  chosen <- m$set == "konstantopoulos2011" || (m$set == "berkey1998" && m$mods == "factor(outcome) - 1") || (m$set %in% c("assink2016", "bangertdrowns2004") && m$mods == "1" && m$V == "none")
  if (!chosen || any(kept[[i]]$out$at_zero > 0)) next
  d <- kept[[i]]$d
  V <- kept[[i]]$V
  found <- tryCatch(suppressWarnings(confint(kept[[i]]$fit, control = list(tol = 1e-10, maxiter = 2000))), error = function(e) NULL)
  if (is.null(found)) next
  cat("limits", i, "\n", file = stderr())
  if (!is.null(found$random)) found <- list(found)
  rows <- lapply(found[vapply(found, is.list, TRUE)], function(x) x$random[1, ])
  limits[[length(limits) + 1]] <- list(
    model = i - 1, lower = array_of(vapply(rows, function(r) r[["ci.lb"]], 0)),
    upper = array_of(vapply(rows, function(r) r[["ci.ub"]], 0)))
}

# ---- imputed covariances ------------------------------------------------------------------------

imputed <- list()
for (V in c("rho6", "types")) imputed[[V]] <- list(set = "assink2016", V = V, values = array_of(covariance_input(data$assink2016, V)))
imputed$time97 <- list(set = "ishak2007", V = "time97", values = array_of(covariance_input(data$ishak2007, "time97")))
names(imputed) <- NULL

# ---- cluster-robust inference -------------------------------------------------------------------

# The published formulas with full matrices (Pustejovsky and Tipton 2018; Tipton 2015; Tipton and
# Pustejovsky 2015); W is the inverse of the working covariance Phi.
root <- function(B, power) {
  e <- eigen((B + t(B)) / 2, symmetric = TRUE)
  used <- e$values > 1e-10 * max(e$values)
  e$vectors[, used, drop = FALSE] %*% (e$values[used]^power * t(e$vectors[, used, drop = FALSE]))
}
sandwich <- function(X, e, b, cluster, Phi, kind) {
  k <- nrow(X); p <- ncol(X); ids <- unique(cluster); m <- length(ids)
  W <- solve(Phi)
  M <- solve(t(X) %*% W %*% X)
  IH <- diag(k) - X %*% M %*% t(X) %*% W
  meat <- 0
  G <- list()
  for (id in ids) {
    i <- which(cluster == id)
    Wc <- W[i, i, drop = FALSE]
    A <- diag(length(i))
    if (kind == "CR2") {
      D <- chol(Phi[i, i, drop = FALSE])
      B <- D %*% (IH[i, , drop = FALSE] %*% Phi %*% t(IH[i, , drop = FALSE])) %*% t(D)
      A <- t(D) %*% root(B, -1/2) %*% D
    }
    if (kind == "CR3") { # (I - H_cc)^-1, generalized where the cluster alone determines a coefficient
      L <- t(chol(Phi[i, i, drop = FALSE]))
      A <- L %*% root(solve(L) %*% IH[i, i, drop = FALSE] %*% L, -1) %*% solve(L)
    }
    half <- M %*% t(X[i, , drop = FALSE]) %*% Wc %*% A
    meat <- meat + tcrossprod(half %*% e[i])
    G[[length(G) + 1]] <- half %*% IH[i, , drop = FALSE]
  }
  factor <- switch(kind, CR1 = m / (m - 1), CR1p = m / (m - p), CR1S = m * (k - 1) / ((m - 1) * (k - p)), 1)
  V <- factor * meat
  df <- vapply(seq_len(p), function(j) {
    g <- do.call(rbind, lapply(G, function(x) x[j, ]))
    O <- g %*% Phi %*% t(g)
    sum(diag(O))^2 / sum(O^2)
  }, 0)
  out <- list(covariance = array_of(V), se = array_of(sqrt(diag(V))), df = array_of(df), p = array_of(2 * pt(-abs(b / sqrt(diag(V))), df)))
  if (p > 1) { # HTZ for all coefficients but the first
    C <- diag(p)[-1, , drop = FALSE] / sqrt(diag(M))[-1] # in units of the standard errors
    q <- nrow(C)
    first <- Reduce(`+`, lapply(G, function(g) C %*% g %*% Phi %*% t(C %*% g)))
    T <- root(first, -1/2)
    g <- lapply(seq_len(q), function(s) do.call(rbind, lapply(G, function(x) (T %*% C %*% x)[s, ])))
    total <- 0
    for (s in seq_len(q)) for (t_ in seq_len(q)) {
      cross <- g[[s]] %*% Phi %*% t(g[[t_]])
      total <- total + sum((g[[s]] %*% Phi %*% t(g[[s]])) * (g[[t_]] %*% Phi %*% t(g[[t_]]))) + sum(cross * t(cross))
    }
    eta <- q * (q + 1) / total
    Q <- as.numeric(t(C %*% b) %*% solve(C %*% V %*% t(C)) %*% (C %*% b))
    out$htz_f <- (eta - q + 1) / (eta * q) * Q
    out$htz_df <- eta - q + 1
    out$htz_p <- pf(out$htz_f, q, out$htz_df, lower.tail = FALSE)
  }
  out
}

kinds <- c("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")
robust_out <- list()
clusters <- c(konstantopoulos2011 = "district", assink2016 = "study", berkey1998 = "trial", ishak2007 = "study", bcg_arms = "trial", curtis1998 = "paper", bangertdrowns2004 = "id")
for (i in seq_along(models)) {
  m <- models[[i]]
  name <- clusters[[m$set]]
  crossed <- any(vapply(m$random, function(t) !(name %in% t$columns), TRUE))
  if (m$method != "REML" || crossed) next
  one <- kept[[i]]
  at <- one$at
  for (kind in kinds) {
    made <- sandwich(at$X, as.vector(one$d$yi - at$X %*% coef(at)), as.vector(coef(at)), one$d[[name]], at$M, kind)
    if (kind %in% c("CR0", "CR1p")) { # metafor's own
      theirs <- robust(at, cluster = one$d[[name]], adjust = kind == "CR1p")
      made$metafor_covariance <- array_of(vcov(theirs))
      made$metafor_p <- array_of(theirs$pval)
      made$metafor_lower <- array_of(theirs$ci.lb)
      made$metafor_upper <- array_of(theirs$ci.ub)
      if (!theirs$int.only) { made$metafor_f <- theirs$QM; made$metafor_f_p <- theirs$QMp }
    }
    robust_out[[length(robust_out) + 1]] <- c(list(source = "multilevel", model = i - 1, cluster = name, kind = kind), made)
  }
}
tight <- list(threshold = 1e-14, maxiter = 10000)
for (set in c("konstantopoulos2011", "assink2016", "curtis1998")) {
  d <- data[[set]]
  name <- clusters[[set]]
  mods <- switch(set, konstantopoulos2011 = "year", assink2016 = "pubstatus + factor(deltype)", curtis1998 = "time")
  for (x in c("1", mods)) for (method in c("REML", "EE")) {
    fit <- suppressWarnings(rma(yi, vi, mods = as.formula(paste("~", x)), data = d, method = method, control = tight))
    for (kind in kinds) {
      made <- sandwich(fit$X, as.vector(fit$yi - fit$X %*% coef(fit)), as.vector(coef(fit)), d[[name]][fit$not.na], diag(fit$vi + fit$tau2), kind)
      if (kind %in% c("CR0", "CR1p")) {
        theirs <- robust(fit, cluster = d[[name]], adjust = kind == "CR1p")
        made$metafor_covariance <- array_of(vcov(theirs))
        made$metafor_p <- array_of(theirs$pval)
      }
      robust_out[[length(robust_out) + 1]] <- c(list(source = "rma", set = set, mods = x, method = method, cluster = name, kind = kind, coefficients = array_of(coef(fit))), made)
    }
  }
}

source_block <- list(
  R = R.version.string, metafor = as.character(packageVersion("metafor")), metadat = as.character(packageVersion("metadat")),
  numDeriv = as.character(packageVersion("numDeriv")), script = "multilevel.R",
  polished = max(vapply(fits, function(f) f$step, 0)))
out <- list(source = source_block, sets = described, fits = fits, limits = limits, imputed = imputed, robust = robust_out)
writeLines(json(out), "multilevel.json")
