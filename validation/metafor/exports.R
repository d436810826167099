# The names that metafor exports, for the table of counterparts in README.md.
# Rscript exports.R; writes exports.json.
suppressMessages({library(metafor); library(jsonlite)})
found <- list(
  source = list(R = R.version.string, metafor = as.character(packageVersion("metafor"))),
  exports = sort(getNamespaceExports("metafor"), method = "radix")
)
writeLines(toJSON(found, auto_unbox = TRUE, pretty = TRUE), "exports.json")
