# Times of metafor in seconds a fit, as JSON; run by pooling.py in the folder of its tables.
suppressMessages({library(metafor); library(jsonlite)})
one <- read.csv("one.csv"); batch <- read.csv("batch.csv"); many <- read.csv("many.csv")
took <- function(n, f) {t <- proc.time()[3]; for (i in 1:n) f(); proc.time()[3] - t}
best <- function(n, f, times = 3) min(replicate(times, took(n, f))) / n
sets <- split(batch, batch$set)
often <- list(maxiter = 10000, stepadj = 0.5) # Fisher scoring goes in circles on some of them
fit <- rma(yi, vi, data = one, test = "knha", control = often)
line <- rma(yi, vi, mods = ~ x, data = one, control = often)
all <- function(m) for (s in sets) try(rma(yi, vi, data = s, method = m, control = often), silent = TRUE)
each <- function(m) best(1, function() all(m)) / length(sets)
quiet <- function(f) function() suppressMessages(suppressWarnings(invisible(capture.output(f()))))
set.seed(1)
cat(toJSON(list(
  fit = best(50, function() rma(yi, vi, data = one, test = "knha", control = often)),
  regression = best(50, function() rma(yi, vi, mods = ~ x, data = one, control = often)),
  reml = each("REML"), dl = each("DL"), pm = each("PM"), batch_pool = each("REML"),
  limits = best(50, function() confint(fit)),
  leave_one_out = best(5, function() leave1out(fit)),
  influence = best(3, function() influence(fit)),
  trim_and_fill = best(5, function() suppressWarnings(trimfill(fit))),
  gosh = best(1, quiet(function() gosh(fit, subsets = 200, progbar = FALSE)), 2) / 200,
  permutation = best(1, quiet(function() permutest(line, iter = 200, progbar = FALSE)), 2) / 200,
  # one of its 500 fits, times 500: the whole takes minutes
  leave_one_out_500 = 500 * best(1, function() rma(yi, vi, data = many[-1, ], control = often), 2)
), auto_unbox = TRUE, digits = NA))
