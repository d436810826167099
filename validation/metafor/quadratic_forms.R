# The distribution of quadratic forms in normal variables, which metafor asks the package CompQuadForm for
# (generalized Q intervals, GENQM, PMM). Where that is not installed a stand-in is made by Ruben's
# series and held against closed forms. Read by heterogeneity.R and regression_further.R.

forms <- "CompQuadForm"
if (!requireNamespace("CompQuadForm", quietly = TRUE)) {
  forms <- "Ruben's series (CompQuadForm is not installed)"
  place <- file.path(tempdir(), "CompQuadForm")
  dir.create(file.path(place, "R"), recursive = TRUE)
  writeLines(c("Package: CompQuadForm", "Version: 0.0.1", "Title: Stand-in", "Description: Stand-in.", "Author: none", "Maintainer: none <none@example.org>", "License: Apache-2.0"), file.path(place, "DESCRIPTION"))
  writeLines("export(farebrother)", file.path(place, "NAMESPACE"))
  writeLines(c(
    "# a mixture of central chi-squared distributions whose weights are positive and sum to 1",
    "farebrother <- function(q, lambda, ...) {",
    "  lambda <- lambda[lambda > 1e-13 * max(lambda)]",
    "  n <- length(lambda); b <- min(lambda)",
    "  rest <- 1 - b / lambda",
    "  most <- 20000; a <- numeric(most); g <- numeric(most)",
    "  a[1] <- prod(sqrt(b / lambda)); power <- rest; left <- 1 - a[1]; done <- 1",
    "  while (left > 1e-16 && done < most) {",
    "    g[done] <- sum(power) / 2; power <- power * rest",
    "    a[done + 1] <- sum(g[done:1] * a[1:done]) / done",
    "    left <- left - a[done + 1]; done <- done + 1",
    "    if (a[done] < 1e-18 && a[done] < a[done - 1]) break",
    "  }",
    "  a <- a[1:done]",
    "  tail <- sum(a * pchisq(q / b, n + 2 * (seq_along(a) - 1), lower.tail = FALSE)) + max(0, 1 - sum(a))",
    "  list(Qq = tail, res = tail, ifault = 0)",
    "}"
  ), file.path(place, "R", "forms.R"))
  library_ <- file.path(tempdir(), "library")
  dir.create(library_)
  install.packages(place, lib = library_, repos = NULL, type = "source", quiet = TRUE)
  .libPaths(c(library_, .libPaths()))
  # the stand-in against the chi-squared distribution and a closed form
  check <- CompQuadForm::farebrother
  stopifnot(abs(check(7, rep(1.7, 6))$Qq - pchisq(7 / 1.7, 6, lower.tail = FALSE)) < 1e-13)
  pairs <- c(9, 2, 0.5) # twice each: a sum of three exponential variables
  sums <- sum(vapply(1:3, function(i) exp(-11 / (2 * pairs[i])) * prod(pairs[i] / (pairs[i] - pairs[-i])), 0))
  stopifnot(abs(check(11, rep(pairs, 2))$Qq - sums) < 1e-12)
}
