# The examples of metafor's and metadat's manuals, pinned in manual_examples.json.
#
# Run in this folder: Rscript manual_examples.R
# Needs R with metafor, metadat, lme4 and clubSandwich. The calls are read from the tables of
# MANUAL_EXAMPLES.md: the first cell of each line is run here, the second by the test. Writes
# data/manual/*.csv (the data sets as metadat has them) and manual_examples.json.

suppressMessages({library(metafor); library(metadat)})
pdf(NULL)

# ---- writing: JSON with 17 significant digits ---------------------------------------------------

number <- function(x) ifelse(is.na(x), "null", ifelse(is.infinite(x), ifelse(x > 0, "1e999", "-1e999"), sprintf("%.17g", x)))
quoted <- function(x) paste0("\"", gsub("\"", "\\\"", gsub("\\", "\\\\", x, fixed = TRUE), fixed = TRUE), "\"")
json <- function(x) {
  if (is.list(x)) {
    parts <- vapply(x, json, "")
    if (!is.null(names(x))) return(paste0("{", paste(quoted(names(x)), parts, sep = ": ", collapse = ", "), "}"))
    return(paste0("[", paste(parts, collapse = ",\n  "), "]"))
  }
  if (is.character(x)) return(quoted(x))
  paste0("[", paste(number(as.numeric(x)), collapse = ", "), "]")
}

# ---- the calls, and metafor's searches tightened ------------------------------------------------

lines <- readLines("MANUAL_EXAMPLES.md", encoding = "UTF-8")
calls <- list(); page <- ""
for (line in lines) {
  if (grepl("^## What", line)) break
  if (grepl("^### ", line)) page <- gsub("`", "", sub("^### ", "", line))
  if (!grepl("^\\| `", line) || page == "") next
  cells <- regmatches(line, gregexpr("`[^`]+`", line))[[1]]
  calls[[length(calls) + 1]] <- list(page = page, r = gsub("\\|", "|", gsub("`", "", cells[1]), fixed = TRUE), compared = grepl("\\| yes", line) || grepl("\\| to ", line))
}

# metafor's default control stops at a change of tau² of 1e-5; loosened where rounding forbids more
levels_of <- list(1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9)
tightened <- function(e, limit) {
  if (!is.call(e)) return(e)
  name <- if (is.name(e[[1]])) as.character(e[[1]]) else ""
  for (i in seq_along(e)[-1]) if (!identical(e[[i]], quote(expr = ))) e[[i]] <- tightened(e[[i]], limit)
  if (name %in% c("rma", "rma.uni") && !"control" %in% names(e)) {
    e$control <- if ("scale" %in% names(e)) bquote(list(rel.tol = .(limit))) else bquote(list(threshold = .(limit), maxiter = 5000, tol = 1e-14))
  }
  if (name == "rma.mv" && !"control" %in% names(e)) e$control <- bquote(list(rel.tol = .(limit)))
  if (name == "confint" && !"control" %in% names(e)) e$control <- quote(list(tol = 1e-13))
  if (name == "selmodel" && !"control" %in% names(e)) e$control <- bquote(list(rel.tol = .(limit)))
  e
}
answer <- function(text, where) {
  parsed <- parse(text = text)[[1]]
  for (limit in levels_of) {
    x <- try(suppressMessages(suppressWarnings(eval(tightened(parsed, limit), where))), silent = TRUE)
    if (!inherits(x, "try-error")) return(x)
    if (!grepl("did not converge|algorithm|achieve convergence|increase .maxiter.", x)) break
  }
  stop(text, "\n", x)
}

# ---- what is kept of an answer, by its class ----------------------------------------------------

table_of <- function(x) list(b = x$beta, se = x$se, stat = x$zval, p = x$pval, lb = x$ci.lb, ub = x$ci.ub)
moderated <- function(x) if (length(x$beta) > 1) list(QM = x$QM, QMp = x$QMp) else list()
free <- function(values, fixed) as.numeric(values)[!fixed]
# correlations of an unstructured matrix: metafor lists its lower triangle by columns, here by rows
by_rows <- function(x) {
  if (x$struct[1] != "UN") return(x$rho)
  m <- diag(length(x$tau2))
  m[lower.tri(m)] <- x$rho
  t(m)[upper.tri(m)]
}
kept <- function(x) {
  if (inherits(x, "rma.glmm")) return(c(table_of(x), list(tau2 = if (x$method %in% c("FE", "EE", "CE")) NULL else x$tau2)))
  if (inherits(x, "rma.uni.selmodel")) return(c(Filter(function(v) !all(is.na(v)), table_of(x)), # without standard errors metafor's search did not end: its tau² is not the best one
    list(tau2 = if (x$method %in% c("FE", "EE", "CE") || is.na(x$se[1])) NULL else x$tau2, delta = x$delta, ll = x$fit.stats$ML[1], LRT = if (x$LRTdf > 0) x$LRT else NULL, LRTp = if (x$LRTdf > 0) x$LRTp else NULL)))
  if (inherits(x, "robust.rma")) return(c(list(b = x$beta, se = x$se, stat = x$zval, p = x$pval, lb = x$ci.lb, ub = x$ci.ub, df = if (length(x$ddf) > 1) x$ddf else rep(x$ddf, length(x$beta))), moderated(x)))
  if (inherits(x, "rma.ls")) return(c(table_of(x), moderated(x), list(alpha = x$alpha, ll = x$fit.stats$REML[1])))
  if (inherits(x, "rma.mv")) {
    v <- c(if (x$withS) free(x$sigma2, x$vc.fix$sigma2), if (x$withG) c(free(x$tau2, x$vc.fix$tau2), free(by_rows(x), x$vc.fix$rho)), if (x$withH) c(free(x$gamma2, x$vc.fix$gamma2), free(x$phi, x$vc.fix$phi)))
    return(c(table_of(x), moderated(x), list(parts = v, QE = x$QE, QEp = x$QEp, ll = x$fit.stats[[if (x$method == "ML" || x$method %in% c("FE", "EE", "CE")) "ML" else "REML"]][1])))
  }
  if (inherits(x, c("rma.mh", "rma.peto"))) return(c(table_of(x), list(QE = x$QE, QEp = x$QEp, I2 = x$I2, H2 = x$H2)))
  if (inherits(x, "rma.uni")) {
    equal <- x$method %in% c("FE", "EE", "CE")
    return(c(table_of(x), moderated(x), list(QE = x$QE, QEp = x$QEp, tau2 = if (equal) NULL else x$tau2, I2 = x$I2, H2 = x$H2, R2 = if (length(x$beta) > 1 && !equal) x$R2 else NULL)))
  }
  if (inherits(x, "escalc")) return(list(yi = x$yi, vi = x$vi))
  if (inherits(x, "anova.rma")) {
    if (x$type == "LRT") return(list(LRT = x$LRT, p = x$pval))
    if (x$type == "Wald.btt") return(list(QM = x$QM, QMp = x$QMp))
    return(c(list(b = x$Xb, se = x$se, stat = x$zval, p = x$pval), if (is.null(x$QM)) NULL else list(QM = x$QM, QMp = x$QMp)))
  }
  if (inherits(x, "list.anova.rma")) return(list(QM = sapply(x, function(a) a$QM), QMp = sapply(x, function(a) a$QMp)))
  if (inherits(x, "predict.rma")) return(Filter(Negate(is.null), unclass(x)[c("pred", "se", "ci.lb", "ci.ub", "pi.lb", "pi.ub")]))
  if (inherits(x, "confint.rma")) return(list(random = t(x$random)))
  if (inherits(x, "list.confint.rma")) return(list(random = unlist(lapply(x[names(x) == ""], function(a) a$random[grepl("\\^2|rho|phi", rownames(a$random)), ]))))
  if (inherits(x, "infl.rma.uni")) return(c(unclass(x$inf)[c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat", "weight")], list(dfbs = unlist(unclass(x$dfbs)[seq_along(x$dfbs)[names(x$dfbs) %in% names(x$dfbs)[!names(x$dfbs) %in% c("slab", "digits")]]]))))
  if (inherits(x, "list.rma")) return(Filter(is.numeric, unclass(x)[intersect(c("estimate", "se", "zval", "pval", "ci.lb", "ci.ub", "Q", "Qp", "tau2", "I2", "resid", "z", "pred", "pi.lb", "pi.ub"), names(x))]))
  if (inherits(x, "regtest")) return(c(list(stat = x$zval, p = x$pval), if (is.null(x$est)) NULL else list(est = x$est, lb = x$ci.lb, ub = x$ci.ub)))
  if (inherits(x, "ranktest")) return(list(tau = x$tau, p = x$pval))
  if (inherits(x, "hc.rma.uni")) return(list(b = x$beta, se = x$se, lb = x$ci.lb, ub = x$ci.ub, tau2 = x$tau2))
  if (inherits(x, "fsn")) return(list(fsnum = x$fsnum))
  if (inherits(x, "tes")) return(list(O = x$O, E = x$E, ratio = x$OEratio, p = x$pval, lim = x$theta.lim))
  if (inherits(x, "matreg")) return(list(b = x$tab$beta, se = x$tab$se, stat = if ("zval" %in% names(x$tab)) x$tab$zval else x$tab$tval, p = x$tab$pval, lb = x$tab$ci.lb, ub = x$tab$ci.ub, test = c(if (is.null(x$QM)) x$F[1] else x$QM, if (is.null(x$QMp)) x$Fp else x$QMp)))
  if (inherits(x, "permutest.rma.uni")) return(list(p = x$pval, QMp = if (is.null(x$QMp) || x$int.only) NULL else x$QMp))
  if (inherits(x, "gosh.rma")) return(unclass(x$res)[c("k", "QE", "I2", "estimate")])
  if (inherits(x, "vif.rma")) return(list(value = if (is.null(x$vif)) x$gvif else sapply(x$vif, function(v) if (is.list(v)) v$vif else v)))
  if (inherits(x, "fitstats")) return(as.list(as.data.frame(x)))
  if (is.data.frame(x)) return(lapply(Filter(is.numeric, x), as.numeric))
  list(value = as.numeric(unlist(x)))
}

# ---- run ----------------------------------------------------------------------------------------

sets <- sort(unique(unlist(regmatches(lines, gregexpr("dat\\.[a-z]+[0-9]{0,4}[ab]?(?=[^a-z0-9_.]|$)", lines, perl = TRUE)))))
sets <- sets[sapply(sets, function(n) exists(n))]
dir.create("data/manual", showWarnings = FALSE, recursive = TRUE)
sizes <- list()
for (name in sets) {
  d <- as.data.frame(get(name))
  for (column in names(d)) if (inherits(d[[column]], "factor")) d[[column]] <- as.character(d[[column]])
  d[] <- lapply(d, function(x) if (is.numeric(x)) ifelse(is.na(x), NA, sprintf("%.15g", x)) else x)
  write.csv(d, file.path("data/manual", paste0(sub("^dat\\.", "", name), ".csv")), row.names = FALSE, na = "")
  sizes[[name]] <- nrow(d)
}
pinned <- list(); where <- NULL; page <- ""; failed <- character(0)
for (call in calls) {
  if (call$page != page) { page <- call$page; where <- new.env() }
  x <- try(answer(call$r, where), silent = TRUE)
  if (inherits(x, "try-error")) { failed <- c(failed, as.character(x)); next }
  if (!call$compared) next
  values <- Filter(function(v) length(v) > 0, lapply(kept(x), as.numeric))
  pinned[[length(pinned) + 1]] <- list(page = page, call = call$r, values = values)
}
if (length(failed)) stop(paste(failed, collapse = "\n"))
source <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")), metadat = as.character(packageVersion("metadat")), lme4 = as.character(packageVersion("lme4")), clubSandwich = as.character(packageVersion("clubSandwich")))
writeLines(enc2utf8(json(list(source = source, sets = sizes, calls = pinned))), "manual_examples.json", useBytes = TRUE)
