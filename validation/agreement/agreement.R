# Cohen's kappa with its large-sample standard error by psych and vcd; called by agreement.py.
suppressMessages({library(jsonlite); library(psych); library(vcd)})
tables <- fromJSON(file("stdin"), simplifyMatrix = TRUE)
found <- lapply(tables, function(table) {
  one <- cohen.kappa(table)
  two <- Kappa(table)$Unweighted
  list(psych = list(value = one$kappa, ci = unname(one$confid[1, c(1, 3)])),
       vcd = list(value = unname(two[1]), se = unname(two[2])))
})
found$versions <- list(R = as.character(getRversion()), psych = as.character(packageVersion("psych")),
                       vcd = as.character(packageVersion("vcd")))
cat(toJSON(found, auto_unbox = TRUE, digits = NA))
