# Reference numbers for covariances of dependent estimates and aggregation, pinned in dependence.json.
#
# Run in this folder: Rscript dependence.R
# Needs R with the packages metafor and metadat (Debian: r-cran-metafor r-cran-metadat).
# Writes data/dependence_*.csv and reads data/*.csv.

suppressMessages({library(metafor); library(metadat)})

# ---- writing: JSON with 17 significant digits ---------------------------------------------------

number <- function(x) ifelse(is.na(x), "null", ifelse(is.infinite(x), ifelse(x > 0, "1e999", "-1e999"), sprintf("%.17g", x)))
quoted <- function(x) paste0("\"", gsub("\"", "\\\\\"", x), "\"")
json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x) && length(x) == 0) return("{}")
  if (is.list(x)) {
    parts <- vapply(x, json, "")
    if (!is.null(names(x))) return(paste0("{", paste(quoted(names(x)), parts, sep = ": ", collapse = ", "), "}"))
    return(paste0("[", paste(parts, collapse = ",\n  "), "]"))
  }
  parts <- if (is.character(x)) quoted(x) else if (is.logical(x)) ifelse(is.na(x), "null", tolower(as.character(x))) else number(as.numeric(x))
  if (length(x) == 1 && is.null(attr(x, "array"))) parts else paste0("[", paste(parts, collapse = ", "), "]")
}
array_of <- function(x) structure(if (is.character(x)) x else as.numeric(x), array = TRUE)
# the lower triangle of a matrix with what is not 0: row, column, cell (counted from 0)
cells <- function(V) {
  V <- as.matrix(V)
  at <- which(lower.tri(V, diag = TRUE) & V != 0, arr.ind = TRUE)
  list(k = nrow(V), row = array_of(at[, 1] - 1), col = array_of(at[, 2] - 1), value = array_of(V[at]))
}

# ---- the data -----------------------------------------------------------------------------------

assink <- as.data.frame(dat.assink2016)
berkey <- as.data.frame(dat.berkey1998)[, c("trial", "outcome", "yi", "vi", "v1i", "v2i")]
berkey$r1 <- berkey$v1i / sqrt(berkey$v1i * 0 + ave(berkey$vi, berkey$trial, FUN = function(v) v[1]) * berkey$vi)
berkey$r2 <- berkey$v2i / sqrt(ave(berkey$vi, berkey$trial, FUN = function(v) v[2]) * berkey$vi)
konst <- as.data.frame(dat.konstantopoulos2011)
ishak <- reshape(as.data.frame(dat.ishak2007), direction = "long", idvar = "study", v.names = c("yi", "vi"), varying = list(c(2, 4, 6, 8), c(3, 5, 7, 9)))
ishak <- ishak[order(ishak$study, ishak$time), c("study", "time", "yi", "vi", "mdur", "mbase")]
ishak <- ishak[!is.na(ishak$yi), ]
knapp <- as.data.frame(dat.knapp2017)[, c("study", "task", "difficulty", "group1", "group2", "comp", "yi", "vi", "n_sz", "n_hc")]
knapp$task.diff <- unlist(lapply(split(knapp, knapp$study), function(x) {
  task <- as.integer(factor(x$task)); difficulty <- as.integer(factor(x$difficulty)); difficulty[is.na(difficulty)] <- 1
  paste0("t", task, ".", difficulty)
}))
R <- matrix(0.4, nrow = 8, ncol = 8)
R[5:8, 1:4] <- R[1:4, 5:8] <- 0.28
diag(R[1:4, 5:8]) <- 0.7; diag(R[5:8, 1:4]) <- 0.7; diag(R) <- 1
rownames(R) <- colnames(R) <- paste0("t", rep(1:2, each = 4), ".", 1:4)
# contrasts between and within groups, over time, made up
contrasts <- data.frame(
  study = c(1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 5, 6),
  half = c("a", "a", "b", "b", "a", "a", "a", "a", "b", "b", "a", "a", "a", "a", "a", "a"),
  arm1 = c("A", "B", "A", "B", "A", "B", "C", "A", "A", "B", "A", "A", "A", "B", "A", "A"),
  arm2 = c("P", "P", "P", "P", "B", "C", "P", "P", "P", "P", "A", "A", "P", "P", "B", "P"),
  t1 = c(1, 1, 2, 2, 1, 1, 1, 1, 1, 3, 2, 3, 1, 1, 2, 1),
  t2 = c(1, 1, 2, 2, 1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1),
  n1 = c(20, 30, 18, 28, 40, 35, 20, 50, 25, 22, 30, 30, 24, 31, 24, 60),
  n2 = c(25, 25, 22, 22, 35, 20, 26, 50, 30, 30, 30, 30, 40, 40, 31, 55),
  scale = c("x", "x", "y", "x", "x", "y", "x", "x", "y", "x", "x", "x", "x", "y", "x", "x"),
  kind = c("u", "u", "u", "w", "u", "u", "w", "u", "u", "w", "u", "u", "u", "u", "w", "u"),
  yi = c(0.2, 0.5, 0.1, 0.3, -0.2, 0.4, 0.6, 0.1, 0.0, 0.2, 0.3, 0.5, 0.7, 0.2, -0.1, 0.4),
  vi = c(0.09, 0.075, 0.1, 0.08, 0.055, 0.08, 0.09, 0.04, 0.07, 0.08, 0.03, 0.035, 0.067, 0.057, 0.074, 0.035)
)
write <- function(d, name) write.csv(d, file.path("data", paste0("dependence_", name, ".csv")), row.names = FALSE)
for (name in c("assink", "berkey", "konst", "ishak", "knapp", "contrasts")) write(get(name), name)

# ---- vcalc --------------------------------------------------------------------------------------

covariances <- list()
keep <- function(set, name, V) covariances[[length(covariances) + 1]] <<- c(list(set = set, name = name), cells(V))
quiet <- function(x) suppressWarnings(x)
for (rho in c(0.3, 0.6, 0.9)) keep("assink", paste0("obs-", rho), vcalc(vi, cluster = study, obs = esid, data = assink, rho = rho))
for (rho in c(0.2, 0.5)) keep("assink", paste0("type-obs-", rho), vcalc(vi, cluster = study, type = deltype, obs = esid, data = assink, rho = c(0.7, rho)))
keep("assink", "subgroup", vcalc(vi, cluster = study, subgroup = deltype, obs = esid, data = assink, rho = 0.6))
for (rho in c(0.4, -0.3)) keep("berkey", paste0("type-", rho), vcalc(vi, cluster = trial, type = outcome, data = berkey, rho = rho))
keep("berkey", "rvars", vcalc(vi, cluster = trial, rvars = c(r1, r2), data = berkey))
for (phi in c(0.5, 0.9, 0.97)) keep("ishak", paste0("phi-", phi), vcalc(vi, cluster = study, time1 = time, phi = phi, data = ishak))
keep("knapp", "groups-weights-R", vcalc(vi, cluster = study, grp1 = group1, grp2 = group2, w1 = n_sz, w2 = n_hc, obs = task.diff, rho = R, data = knapp))
keep("knapp", "groups-R", vcalc(vi, cluster = study, grp1 = group1, grp2 = group2, obs = task.diff, rho = R, data = knapp))
# clusters whose matrix is not positive definite are left out: Evisynth refuses them
definite <- function(name, ...) {
  # without times a contrast of a group with itself (study 4) has no variance and spoils all cells
  contrasts <- if (is.null(substitute(list(...))$time1)) contrasts[contrasts$study != 4, ] else contrasts
  V <- quiet(do.call(vcalc, c(list(quote(vi), cluster = quote(study), data = contrasts, checkpd = FALSE), as.list(substitute(list(...)))[-1])))
  good <- sapply(split(seq_len(nrow(V)), contrasts$study), function(i) { M <- V[i, i, drop = FALSE]; all(is.finite(M)) && all(diag(M) > 0) && min(eigen(cov2cor(M))$values) > 1e-8 })
  here <- which(contrasts$study %in% as.numeric(names(good)[good]))
  rows <- as.numeric(rownames(contrasts))[here]
  covariances[[length(covariances) + 1]] <<- c(list(set = "contrasts", name = name, rows = array_of(rows - 1)), cells(V[here, here]))
}
definite("groups", grp1 = arm1, grp2 = arm2)
definite("groups-weights", grp1 = arm1, grp2 = arm2, w1 = n1, w2 = n2)
definite("groups-obs", grp1 = arm1, grp2 = arm2, obs = scale, rho = 0.5)
definite("groups-weights-time", grp1 = arm1, grp2 = arm2, w1 = n1, w2 = n2, time1 = t1, time2 = t2, phi = 0.7)
definite("groups-time", grp1 = arm1, grp2 = arm2, time1 = t1, time2 = t2, phi = 0.6)
definite("groups-time-obs", grp1 = arm1, grp2 = arm2, time1 = t1, time2 = t2, phi = 0.6, obs = scale, rho = 0.5)
definite("everything", subgroup = half, type = kind, obs = scale, time1 = t1, time2 = t2, grp1 = arm1, grp2 = arm2, w1 = n1, w2 = n2, rho = c(0.6, 0.4), phi = 0.8)
definite("time-obs", time1 = t1, obs = scale, phi = 0.8, rho = 0.5)
near <- data.frame(study = rep(1:2, each = 3), yi = 1:6 / 10, vi = c(0.04, 0.09, 0.05, 0.02, 0.03, 0.08), r1 = c(1, 0.9, 0.9, 1, 0.8, -0.2), r2 = c(NA, 1, -0.9, NA, 1, 0.7), r3 = c(NA, NA, 1, NA, NA, 1))
write(near, "near")
keep("near", "nearest", quiet(vcalc(vi, cluster = study, rvars = c(r1, r2, r3), data = near, nearpd = TRUE)))

# ---- rcalc --------------------------------------------------------------------------------------

craft <- as.data.frame(dat.craft2003)
craft <- craft[!craft$study %in% craft$study[is.na(craft$ri)], ]  # metafor leaves cells empty there
write(craft, "craft")
correlations <- list()
for (rtoz in c(FALSE, TRUE)) for (nfun in c("min", "harmonic", "mean")) {
  f <- rcalc(ri ~ var1 + var2 | study, ni = ni, data = craft, rtoz = rtoz, nfun = nfun)
  correlations[[length(correlations) + 1]] <- c(list(rtoz = rtoz, nfun = nfun, yi = array_of(f$dat$yi), pair = array_of(as.character(f$dat$var1.var2)), study = array_of(as.character(f$dat$study))), cells(f$V))
}

# ---- aggregate ----------------------------------------------------------------------------------

aggregated <- list()
agg <- function(set, d, by, struct = NULL, ..., V = NULL, name = "") {
  d <- escalc(measure = "GEN", yi = yi, vi = vi, data = d)
  d$by <- d[[by]]
  for (weighted in c(TRUE, FALSE)) {
    how <- if (is.null(V)) list(struct = struct, ...) else list(V = V)
    f <- do.call(aggregate, c(list(d, cluster = quote(by), weighted = weighted, addk = TRUE), how))
    others <- f[, sapply(f, is.numeric) & !names(f) %in% c("yi", "vi", "ki", "by"), drop = FALSE]
    words <- f[, sapply(f, is.character) & names(f) != "by", drop = FALSE]
    args <- list(...)
    aggregated[[length(aggregated) + 1]] <<- list(
      set = set, by = by, name = name, struct = if (is.null(struct)) "V" else struct, weighted = weighted,
      rho = if (is.null(args$rho)) NA else args$rho, phi = if (is.null(args$phi)) NA else args$phi,
      cluster = array_of(as.character(f$by)), yi = array_of(f$yi), vi = array_of(f$vi), ki = array_of(f$ki),
      numbers = lapply(others, array_of), words = lapply(words, array_of))
  }
}
agg("konst", konst, "district", "ID")
for (rho in c(0.3, 0.6)) { agg("konst", konst, "district", "CS", rho = rho); agg("assink", assink, "study", "CS", rho = rho) }
agg("assink", assink, "study", "ID")
agg("assink", assink, "study", V = vcalc(vi, cluster = study, type = deltype, obs = esid, data = assink, rho = c(0.7, 0.5)), name = "type-obs-0.5")
agg("berkey", berkey, "trial", "CS", rho = 0.5)
for (phi in c(0.5, 0.9)) agg("ishak", ishak, "study", "CAR", time = quote(time), phi = phi)
agg("ishak", ishak, "study", "CS+CAR", time = quote(time), rho = 0.4, phi = 0.6)
grid <- expand.grid(study = 1:5, scale = c("x", "y"), time = c(1, 2, 4))
grid <- grid[order(grid$study), ]
grid$yi <- sin(seq_len(nrow(grid)))
grid$vi <- 0.05 + 0.1 * (cos(seq_len(nrow(grid))))^2
grid <- grid[-c(4, 11, 12, 20), ]
grid$scale <- as.character(grid$scale)
write(grid, "grid")
agg("grid", grid, "study", "CS*CAR", time = quote(time), obs = quote(scale), rho = 0.5, phi = 0.7)

# ---- many treatments, one control: by formula ---------------------------------------------------

arms <- data.frame(
  study = c(1, 1, 1, 2, 2, 3), n1 = c(20, 24, 22, 30, 31, 40), mean1 = c(5.1, 4.2, 6.0, 3.3, 2.9, 4.4), sd1 = c(2.0, 2.2, 1.9, 1.5, 1.6, 2.1),
  n2 = c(25, 25, 25, 33, 33, 41), mean2 = c(6.3, 6.3, 6.3, 3.6, 3.6, 5.0), sd2 = c(2.1, 2.1, 2.1, 1.4, 1.4, 2.2),
  events1 = c(5, 8, 3, 10, 12, 9), events2 = c(11, 11, 11, 14, 14, 15)
)
write(arms, "arms")
shared <- list()
for (measure in c("MD", "SMD", "OR", "RR", "RD")) {
  f <- if (measure %in% c("MD", "SMD")) escalc(measure, m1i = mean1, sd1i = sd1, n1i = n1, m2i = mean2, sd2i = sd2, n2i = n2, data = arms) else escalc(measure, ai = events1, n1i = n1, ci = events2, n2i = n2, data = arms)
  y <- as.numeric(f$yi); p <- arms$events2 / arms$n2
  common <- switch(measure, MD = arms$sd2^2 / arms$n2, SMD = 1 / arms$n2, OR = 1 / arms$events2 + 1 / (arms$n2 - arms$events2), RR = 1 / arms$events2 - 1 / arms$n2, RD = p * (1 - p) / arms$n2)
  V <- diag(as.numeric(f$vi))
  for (i in 1:6) for (j in 1:6) if (i != j && arms$study[i] == arms$study[j]) {
    total <- arms$n2[i] + sum(arms$n1[arms$study == arms$study[i]])
    V[i, j] <- common[i] + if (measure == "SMD") y[i] * y[j] / (2 * total) else 0
  }
  shared[[length(shared) + 1]] <- c(list(measure = measure, yi = array_of(y)), cells(V))
}

source <- list(r = as.character(getRversion()), metafor = as.character(packageVersion("metafor")), metadat = as.character(packageVersion("metadat")))
writeLines(json(list(source = source, R = list(names = array_of(rownames(R)), cells = array_of(t(R))), covariances = covariances, correlations = correlations, aggregated = aggregated, shared = shared)), "dependence.json")
cat(length(covariances), "matrices,", length(aggregated), "aggregations\n")
