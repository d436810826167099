# What R's metafor makes of examples/digital-interventions-cancer. Writes dmhi_expected_metafor.json.
#
#   Rscript tests/data/dmhi_expected_metafor.R [file to write]
#
# The likelihood searches are tightened, so that the numbers hold to about 1e-10.
suppressMessages({library(metafor); library(jsonlite)})
args <- commandArgs(trailingOnly = TRUE)
target <- if (length(args)) args[1] else "tests/data/dmhi_expected_metafor.json"
folder <- "examples/digital-interventions-cancer"
read <- function(name) {
  read.csv(file.path(folder, name), stringsAsFactors = FALSE, encoding = "UTF-8")
}
unit <- 10000
tight <- list(threshold = 1e-12, maxiter = 10000)

# One table of all formats; a difference between arms is entered as m1 = difference, m2 = 0.
ends <- read("extraction/end_scores.csv")
change <- read("extraction/change_scores.csv")
diff <- read("extraction/mean_differences.csv")
rows <- rbind(
  data.frame(study = ends$study, outcome = ends$outcome, format = "end score",
    n1 = ends$n_e, m1 = ends$mean_e, s1 = ends$sd_e,
    n2 = ends$n_c, m2 = ends$mean_c, s2 = ends$sd_c),
  data.frame(study = change$study, outcome = change$outcome, format = "change score",
    n1 = change$n_e, m1 = change$change_e, s1 = change$sd_change_e,
    n2 = change$n_c, m2 = change$change_c, s2 = change$sd_change_c),
  data.frame(study = diff$study, outcome = diff$outcome, format = "mean difference",
    n1 = diff$n_e, m1 = diff$md, s1 = diff$sd,
    n2 = diff$n_c, m2 = 0, s2 = diff$sd))
studies <- read("studies/studies.csv")
place <- match(rows$study, studies$study_id)
rows$duration_group <- studies$duration_group[place]
rows$involvement <- studies$involvement[place]
rows <- escalc("SMD", m1i = m1, sd1i = s1, n1i = n1, m2i = m2, sd2i = s2, n2i = n2, data = rows)
rows <- as.data.frame(rows)

num <- function(x) as.numeric(x)
pooled <- function(d) {
  if (nrow(d) == 1) {
    half <- qnorm(.975) * sqrt(d$vi)
    return(list(k = 1, studies = I(d$study), estimate = num(d$yi),
      ci_normal = num(c(d$yi - half, d$yi + half))))
  }
  f <- rma(yi, vi, data = d, method = "REML", test = "knha", control = tight)
  z <- rma(yi, vi, data = d, method = "REML", control = tight)
  p <- predict(f)
  list(k = f$k, studies = I(d$study), estimate = num(f$beta), se_knha = num(f$se),
    ci_knha = num(c(f$ci.lb, f$ci.ub)), p_knha = num(f$pval),
    ci_normal = num(c(z$ci.lb, z$ci.ub)), p_normal = num(z$pval),
    tau2 = num(f$tau2), I2 = num(f$I2), Q = num(f$QE), Q_df = f$k - 1, Q_p = num(f$QEp),
    prediction_knha = num(c(p$pi.lb, p$pi.ub)))
}
by_group <- function(d, column, levels) {
  groups <- list()
  for (level in levels) {
    own <- d[d[[column]] == level, ]
    if (nrow(own)) groups[[level]] <- pooled(own)
  }
  coded <- d[d[[column]] %in% levels, ]
  coded$group <- droplevels(factor(coded[[column]], levels = levels))
  found <- list(groups = groups, not_coded = I(d$study[!(d[[column]] %in% levels)]))
  if (nlevels(coded$group) > 1) {
    m <- rma(yi, vi, mods = ~ group, data = coded, method = "REML", test = "knha", control = tight)
    found$test_common <- list(F = num(m$QM), df = num(m$QMdf), p = num(m$QMp))
  }
  found
}
sets <- list(
  "end-scores" = "end score",
  "arm-level" = c("end score", "change score"),
  "all" = c("end score", "change score", "mean difference"))
duration <- c("<1 month", "1-2 months", "2-3 months", "longer")
results <- list()
for (name in c("anxiety", "depression")) {
  for (set in names(sets)) {
    d <- rows[rows$outcome == name & rows$format %in% sets[[set]], ]
    f <- rma(yi, vi, data = d, method = "REML", test = "knha", control = tight)
    # trimfill() searches with the default tolerance (absolute on tau2) and fits by the normal
    # distribution in the end: it gets the data in a small unit, and the fit is done once more
    d$big <- as.numeric(d$yi) * unit
    d$big_v <- d$vi * unit^2
    filled <- trimfill(rma(big, big_v, data = d, method = "REML", test = "knha", control = tight))
    after <- rma(as.numeric(filled$yi) / unit, as.numeric(filled$vi) / unit^2, method = "REML",
      test = "knha", control = tight)
    out <- leave1out(f)
    lowest <- which.min(out$tau2)
    found <- list(
      overall = pooled(d),
      lowest_tau2 = list(left_out = d$study[lowest], estimate = num(out$estimate[lowest]),
        ci_knha = num(c(out$ci.lb[lowest], out$ci.ub[lowest])), tau2 = num(out$tau2[lowest]),
        I2 = num(out$I2[lowest])),
      trim_and_fill = list(k0 = filled$k0, side = filled$side, k = after$k,
        estimate = num(after$beta), ci_knha = num(c(after$ci.lb, after$ci.ub)),
        p_knha = num(after$pval), tau2 = num(after$tau2), I2 = num(after$I2)),
      duration_group = by_group(d, "duration_group", duration),
      involvement = by_group(d, "involvement", c("individual", "social")))
    if (f$k >= 3) {
      classic <- regtest(f, model = "lm")
      found$egger <- list(t = num(classic$zval), p = num(classic$pval))
    }
    results[[if (set == "all") name else paste(name, set, sep = "-")]] <- found
  }
}
written <- list(
  made_with = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
    script = "tests/data/dmhi_expected_metafor.R"),
  model = "SMD (Hedges' g, variance LS), random effects, REML, Hartung-Knapp without safeguard",
  results = results)
write_json(written, target, auto_unbox = TRUE, pretty = TRUE, digits = I(15), null = "null")
