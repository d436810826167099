# Cluster-robust inference and robust variance estimation by other authors' packages, pinned in
# robust.json.
#
# Run in this folder: Rscript robust.R
# Needs R with clubSandwich, robumeta, metafor and metadat (Debian: r-cran-clubsandwich
# r-cran-robumeta). Uses the tables in data/; writes robust.json. ROBUST.md says what is compared.

suppressMessages({
  library(metafor)
  library(clubSandwich)
  library(robumeta)
})

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
  parts <- if (is.character(x)) quoted(x) else number(as.numeric(x))
  if (one) parts else paste0("[", paste(parts, collapse = ", "), "]")
}
array_of <- function(x) structure(as.numeric(x), array = TRUE)

table_of <- function(name) read.csv(file.path("data", paste0("multilevel_", name, ".csv")))
kinds <- c("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")

# ---- clubSandwich beside fits of metafor --------------------------------------------------------

tight <- list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-16, maxit = 10000)
cases <- list(
  list(data = "konstantopoulos2011", random = "district/school", cluster = "district", mods = ""),
  list(data = "konstantopoulos2011", random = "district/school", cluster = "district", mods = "year"),
  list(data = "assink2016", random = "study/esid", cluster = "study", mods = ""),
  list(data = "assink2016", random = "study/esid", cluster = "study", mods = "year"),
  list(data = "assink2016", random = "study/esid", cluster = "study", mods = "factor(deltype)"),
  list(data = "assink2016", random = "", cluster = "study", mods = ""),
  list(data = "assink2016", random = "", cluster = "study", mods = "year + pubstatus"),
  list(data = "curtis1998", random = "paper/id", cluster = "paper", mods = ""),
  list(data = "curtis1998", random = "", cluster = "paper", mods = "factor(fungrp) + time"),
  list(data = "bangertdrowns2004", random = "", cluster = "grade", mods = ""),
  list(data = "bangertdrowns2004", random = "", cluster = "id", mods = "length + feedback")
)
sandwich <- list()
for (case in cases) {
  d <- table_of(case$data)
  mods <- if (case$mods == "") ~1 else as.formula(paste("~", case$mods))
  used <- complete.cases(d[intersect(names(d), c("yi", "vi", all.vars(mods)))])
  d <- d[used, ]
  d$cluster <- d[[case$cluster]]
  fit <- if (case$random == "") {
    rma(yi, vi, mods = mods, data = d, method = "REML", control = list(threshold = 1e-13, maxiter = 10000))
  } else {
    rma.mv(yi, vi, mods = mods, random = as.formula(paste("~ 1 |", case$random)), data = d,
      control = tight)
  }
  for (kind in kinds) {
    # the clusters as numbers: clubSandwich takes their order from the data
    # NULL where a cluster alone decides a coefficient: clubSandwich has no CR3 then
    v <- tryCatch(vcovCR(fit, cluster = d$cluster, type = kind), error = function(e) NULL)
    if (is.null(v)) next
    t <- coef_test(fit, vcov = v, test = "Satterthwaite")
    row <- c(case, list(kind = kind, k = nrow(d),
      coefficients = array_of(coef(fit)), se = array_of(t$SE), df = array_of(t$df),
      p = array_of(t$p_Satt), covariance = array_of(as.matrix(v))))
    if (length(coef(fit)) > 2) {
      w <- Wald_test(fit, constraints = constrain_zero(2:length(coef(fit))), vcov = v, test = "HTZ")
      row$joint <- list(F = w$Fstat, df1 = w$df_num, df2 = w$df_denom, p = w$p_val)
    }
    sandwich <- c(sandwich, list(row))
  }
}

# ---- robumeta -----------------------------------------------------------------------------------

working <- list()
for (case in list(
  list(data = "assink2016", cluster = "study", mods = ""),
  list(data = "assink2016", cluster = "study", mods = "year"),
  list(data = "assink2016", cluster = "study", mods = "year + pubstatus"),
  list(data = "konstantopoulos2011", cluster = "district", mods = ""),
  list(data = "konstantopoulos2011", cluster = "district", mods = "year"),
  list(data = "curtis1998", cluster = "paper", mods = ""),
  list(data = "curtis1998", cluster = "paper", mods = "time"),
  list(data = "bangertdrowns2004", cluster = "grade", mods = "")
)) {
  d <- table_of(case$data)
  names_used <- if (case$mods == "") character(0) else all.vars(as.formula(paste("~", case$mods)))
  d <- d[complete.cases(d[c("yi", "vi", names_used)]), ]
  d$cluster <- d[[case$cluster]]
  formula <- as.formula(paste("yi ~", if (case$mods == "") "1" else case$mods))
  for (model in c("CORR", "HIER")) for (small in c(TRUE, FALSE)) for (rho in if (model == "CORR") c(0, 0.5, 0.8) else 0.8) {
    fit <- robu(formula, data = d, studynum = cluster, var.eff.size = vi, modelweights = model, rho = rho, small = small)
    working <- c(working, list(c(case, list(
      model = model, small = if (small) "yes" else "no", rho = rho,
      coefficients = array_of(fit$reg_table$b.r), se = array_of(fit$reg_table$SE),
      df = array_of(fit$reg_table$dfs), p = array_of(fit$reg_table$prob),
      tau2 = as.numeric(fit$mod_info$tau.sq),
      omega2 = if (model == "HIER") as.numeric(fit$mod_info$omega.sq) else NA))))
  }
}

versions <- list(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")),
  clubSandwich = as.character(packageVersion("clubSandwich")), robumeta = as.character(packageVersion("robumeta")))
writeLines(json(list(versions = versions, sandwich = sandwich, working = working)), "robust.json")
