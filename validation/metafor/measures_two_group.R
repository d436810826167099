# Reference numbers for effect measures of two groups, pinned in measures_two_group.json.
#
# Run in this folder, after reference.R and counts.R: Rscript measures_two_group.R
# Needs R with metafor, metadat, mvtnorm and numDeriv (Debian: r-cran-metafor r-cran-metadat
# r-cran-mvtnorm r-cran-numderiv). Reads data/*.csv and writes data/two_group_*.csv.

suppressMessages({library(metafor); library(metadat)})

# ---- writing: JSON with 16 significant digits ---------------------------------------------------

number <- function(x) ifelse(is.na(x) | is.infinite(x), "null", sprintf("%.16g", x))
quoted <- function(x) paste0("\"", gsub("\"", "\\\\\"", x), "\"")
json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x)) return(paste0("{", paste(quoted(names(x)), vapply(x, json, ""), sep = ": ", collapse = ", "), "}"))
  parts <- if (is.character(x)) quoted(x) else if (is.logical(x)) ifelse(is.na(x), "null", tolower(as.character(x))) else number(as.numeric(x))
  if (length(x) == 1 && is.null(attr(x, "array"))) parts else paste0("[", paste(parts, collapse = ", "), "]")
}
array_of <- function(x) structure(as.numeric(x), array = TRUE)

# ---- the data -----------------------------------------------------------------------------------

read <- function(name) read.csv(file.path("data", paste0(name, ".csv")))
write <- function(name, d) {
  d <- cbind(study = paste("Study", seq_len(nrow(d))), d)
  write.csv(d, file.path("data", paste0("two_group_", name, ".csv")), row.names = FALSE, quote = FALSE, na = "")
}

write("gibson2002", dat.gibson2002[!is.na(dat.gibson2002$m1i), c("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")])
bourassa <- dat.bourassa1996[dat.bourassa1996$sex == "combined", c("lh.le", "lh.re", "rh.le", "rh.re")]
names(bourassa) <- c("ai", "bi", "ci", "di")
write("bourassa1996", bourassa)
kearon <- dat.kearon1998
write("kearon1998", data.frame(tp = kearon$tp, fn = kearon$np - kearon$tp, fp = kearon$nn - kearon$tn, tn = kearon$tn))
# Made up: two and three people, one person, equal means, means below and around 0, large SDs.
write("edges_means", data.frame(
  n1i = c(12, 40, 9, 3, 2, 30, 3, 1, 500, 5, 4, 25), m1i = c(5, 2.2, 1, 3, 2, -4, 1, 2, 10.5, -1, 0, 0.02),
  sd1i = c(2, 1.1, 3, 1, 0.5, 1.2, 0.1, 1, 0.01, 2, 1, 30),
  n2i = c(14, 35, 11, 2, 2, 25, 3, 6, 400, 6, 4, 22), m2i = c(3.9, 2.9, 1, 2, 1, -3, 9, 1, 10.4, 2, 1, 0.9),
  sd2i = c(2.5, 1.3, 2, 1.5, 0.7, 2, 0.2, 1.5, 0.02, 3, 1, 14)
))
# Made up: no event in one or both arms, an event in everyone, complete association, one person.
write("edges_tables", data.frame(
  ai = c(0, 0, 12, 0, 5, 30, 1, 20, 10, 1, 0, 4000, 3), bi = c(12, 10, 0, 7, 15, 50, 9, 0, 10, 0, 1, 6000, 0),
  ci = c(0, 3, 14, 9, 6, 20, 8, 0, 10, 0, 1, 1, 0), di = c(14, 8, 0, 0, 14, 25, 2, 20, 10, 1, 0, 9999, 5)
))
write("edges_time", data.frame(
  x1i = c(0, 0, 5, 10, 1, 900), t1i = c(10, 20, 30.5, 40, 0.5, 1e5), x2i = c(0, 3, 6, 0, 1, 1), t2i = c(11, 21, 33, 44, 0.25, 1e6)
))
# Made up: counts of pairs by both outcomes, with empty cells, and correlations for their margins.
write("edges_pairs", data.frame(
  ai = c(20, 5, 0, 30, 12, 0, 8, 250), bi = c(10, 0, 4, 6, 0, 3, 1, 40), ci = c(5, 3, 6, 0, 0, 2, 1, 60), di = c(15, 9, 12, 14, 12, 0, 0, 700)
))
write("edges_margins", data.frame(
  ai = c(20, 0, 7, 40), bi = c(10, 12, 3, 60), ci = c(12, 3, 7, 35), di = c(18, 9, 3, 65), ri = c(0.3, 0.2, -0.4, 0.99)
))

tables_of <- function(name) {
  d <- read(name)
  if ("tpos" %in% names(d)) d <- data.frame(ai = d$tpos, bi = d$tneg, ci = d$cpos, di = d$cneg)
  if (!("bi" %in% names(d))) d <- data.frame(ai = d$ai, bi = d$n1i - d$ai, ci = d$ci, di = d$n2i - d$ci)
  # As whole numbers of R's integer type the product of the margins overflows (PHI becomes NA).
  as.data.frame(lapply(d[c("ai", "bi", "ci", "di")], as.numeric))
}

rows <- list()
keep <- function(set, measure, vtype, e, to = NA, add = NA, drop00 = NA) {
  entry <- list(set = set, measure = measure, vtype = vtype, to = if (is.na(to)) NULL else to, add = if (is.na(add)) NULL else add,
                drop00 = if (is.na(drop00)) NULL else drop00, yi = array_of(e$yi), vi = array_of(e$vi))
  names(entry) <- c("set", "measure", "vtype", "to", "add", "drop00", "yi", "vi")
  rows[[length(rows) + 1]] <<- entry
}
z_of <- function(e) data.frame(yi = atanh(ifelse(abs(e$yi) < 1, e$yi, NA)), vi = e$vi / (1 - e$yi^2)^2)
quiet <- suppressWarnings

# ---- means --------------------------------------------------------------------------------------

types <- list(MD = c("LS", "HO", "UB"), SMD = c("LS", "LS2", "UB", "AV"), SMDH = "LS", SMD1 = c("LS", "LS2", "UB", "AV"), SMD1H = "LS",
              ROM = c("LS", "HO", "AV", "AVHO"), CVR = "LS", VR = "LS", D2ORN = "LS", D2ORL = "LS", RPB = c("ST", "CS"), RBIS = "LS")
for (set in c("normand1999", "curtis1998", "dagostino1998", "two_group_gibson2002", "two_group_edges_means")) {
  d <- read(set)
  for (measure in names(types)) for (vtype in types[[measure]]) {
    # With means of both signs metafor averages coefficients of variation of either sign.
    if (measure == "ROM" && grepl("AV", vtype) && any(c(d$m1i, d$m2i) <= 0)) next
    e <- quiet(escalc(measure, n1i = n1i, m1i = m1i, sd1i = sd1i, n2i = n2i, m2i = m2i, sd2i = sd2i, data = d, vtype = vtype, append = FALSE))
    keep(set, measure, vtype, e)
    # metafor from version 4: Fisher's z of these, by the delta method.
    if (measure == "RPB") keep(set, "ZPB", vtype, z_of(e))
    if (measure == "RBIS") keep(set, "ZBIS", vtype, z_of(e))
  }
  # Cohen's d and t values in place of means.
  for (vtype in types$SMD) {
    sp <- sqrt(((d$n1i - 1) * d$sd1i^2 + (d$n2i - 1) * d$sd2i^2) / (d$n1i + d$n2i - 2))
    d$smd <- (d$m1i - d$m2i) / sp + 0.1
    d$tval <- d$smd / sqrt(1 / d$n1i + 1 / d$n2i)
    keep(paste0(set, " d"), "SMD", vtype, quiet(escalc("SMD", n1i = n1i, n2i = n2i, di = smd, data = d, vtype = vtype, append = FALSE)))
    keep(paste0(set, " t"), "SMD", vtype, quiet(escalc("SMD", n1i = n1i, n2i = n2i, ti = tval, data = d, vtype = vtype, append = FALSE)))
  }
}

# ---- 2x2 tables ---------------------------------------------------------------------------------

rules <- list(list("only0", 0.5), list("only0", 0.1), list("all", 0.5), list("if0all", 0.5), list("none", 0.5), list("only0", 0))
types <- list(AS = "LS", PETO = "LS", PHI = c("ST", "CS"), YUQ = "LS", YUY = "LS", OR2DN = "LS", OR2DL = "LS", PBIT = "LS", OR = "LS", RR = "LS", RD = c("LS", "UB", "AV"))
tables <- c("bcg", "nielweise2007", "collins1985a_death", "yusuf1985", "two_group_bourassa1996", "two_group_edges_tables")
for (set in tables) {
  d <- tables_of(set)
  for (measure in names(types)) for (vtype in types[[measure]]) for (rule in rules) for (drop in c(FALSE, TRUE)) {
    if (set %in% c("two_group_bourassa1996", "nielweise2007", "collins1985a_death") && (rule[[2]] != 0.5 || (drop && rule[[1]] != "only0"))) next
    if (measure %in% c("OR", "RR", "RD") && !(set %in% c("two_group_edges_tables", "two_group_bourassa1996"))) next  # in reference.json
    e <- quiet(escalc(measure, ai = ai, bi = bi, ci = ci, di = di, data = d, vtype = vtype, to = rule[[1]], add = rule[[2]], drop00 = drop, append = FALSE))
    keep(set, measure, vtype, e, rule[[1]], rule[[2]], drop)
    if (measure == "PHI") keep(set, "ZPHI", vtype, z_of(e), rule[[1]], rule[[2]], drop)
  }
}
# The constants by default: add not given.
for (set in tables) {
  d <- tables_of(set)
  for (measure in c("AS", "PHI", "YUQ", "YUY", "OR2DN", "OR2DL", "PBIT", "RD")) {
    vtype <- if (measure == "PHI") "ST" else "LS"
    keep(set, measure, vtype, quiet(escalc(measure, ai = ai, bi = bi, ci = ci, di = di, data = d, vtype = vtype, append = FALSE)))
  }
}
d <- read("two_group_kearon1998")
for (rule in rules) keep("two_group_kearon1998", "DOR", "LS", quiet(escalc("OR", ai = tp, bi = fn, ci = fp, di = tn, data = d, to = rule[[1]], add = rule[[2]], append = FALSE)), rule[[1]], rule[[2]], FALSE)

# ---- matched pairs ------------------------------------------------------------------------------

for (set in c("two_group_edges_pairs", "two_group_bourassa1996")) for (measure in c("MPRR", "MPOR", "MPRD", "MPORC", "MPPETO")) for (rule in rules) {
  if (set == "two_group_bourassa1996" && rule[[1]] != "all") next
  d <- read(set)
  keep(set, measure, "LS", quiet(escalc(measure, ai = ai, bi = bi, ci = ci, di = di, data = d, to = rule[[1]], add = rule[[2]], append = FALSE)), rule[[1]], rule[[2]], FALSE)
}
d <- read("two_group_edges_margins")
# With another constant than 1/2 metafor rounds the number of pairs in the covariance.
for (rule in rules) if (rule[[2]] != 0.1) keep("two_group_edges_margins", "MPORM", "LS", quiet(escalc("MPORM", ai = ai, bi = bi, ci = ci, di = di, ri = ri, data = d, to = rule[[1]], add = rule[[2]], append = FALSE)), rule[[1]], rule[[2]], FALSE)

# ---- person-time --------------------------------------------------------------------------------

for (set in c("counts_hart1999", "counts_nielweise2008", "two_group_edges_time")) {
  d <- read(set)
  for (measure in c("IRR", "IRD", "IRSD")) {
    for (rule in rules) for (drop in c(FALSE, TRUE)) {
      e <- quiet(escalc(measure, x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = d, to = rule[[1]], add = rule[[2]], drop00 = drop, append = FALSE))
      keep(set, measure, "LS", e, rule[[1]], rule[[2]], drop)
    }
    # Our default sets studies without events aside for ratios.
    keep(set, measure, "LS", quiet(escalc(measure, x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = d, drop00 = measure == "IRR", append = FALSE)))
  }
}

# ---- tetrachoric correlations -------------------------------------------------------------------
# metafor's search stops at about 1e-4; here the share of the quadrant (mvtnorm, TVPACK) is solved to
# the last digits, and the variance is the multinomial one by numerical derivatives of that solution.

share <- function(rho, h, k) as.numeric(mvtnorm::pmvnorm(upper = c(h, k), corr = matrix(c(1, rho, rho, 1), 2), algorithm = mvtnorm::TVPACK(abseps = 1e-15)))
rho_of <- function(p) {
  h <- qnorm(p[1] + p[2]); k <- qnorm(p[1] + p[3])
  uniroot(function(r) share(r, h, k) - p[1], c(-1 + 1e-9, 1 - 1e-9), tol = 1e-15, maxiter = 1000)$root
}
tetrachoric <- list()
for (set in tables) for (rule in list(list("only0", 0.5), list("all", 0.5), list("none", 0.5))) {
  if (rule[[1]] != "only0" && !(set %in% c("bcg", "two_group_edges_tables"))) next
  d <- tables_of(set)
  loose <- quiet(escalc("RTET", ai = ai, bi = bi, ci = ci, di = di, data = d, to = rule[[1]], add = rule[[2]], append = FALSE))
  cells <- as.matrix(d[c("ai", "bi", "ci", "di")])
  zero <- apply(cells == 0, 1, any)
  cells <- cells + (if (rule[[1]] == "all") rule[[2]] else if (rule[[1]] == "only0") rule[[2]] * zero else 0)
  found <- apply(cells, 1, function(n) {
    if (anyNA(n) || any(n == 0)) return(c(NA, NA))
    p <- n / sum(n)
    slope <- numDeriv::grad(function(q) rho_of(c(q, 1 - sum(q))), p[1:3])
    c(rho_of(p), (sum(p[1:3] * slope^2) - sum(p[1:3] * slope)^2) / sum(n))
  })
  tetrachoric[[length(tetrachoric) + 1]] <- list(set = set, to = rule[[1]], add = rule[[2]], yi = array_of(found[1, ]), vi = array_of(found[2, ]),
                                                 metafor_yi = array_of(loose$yi), metafor_vi = array_of(loose$vi))
}

# ---- the file -----------------------------------------------------------------------------------

out <- file("measures_two_group.json", open = "w", encoding = "UTF-8")
section <- function(name, entries, last = FALSE) {
  writeLines(paste0("\"", name, "\": ["), out)
  writeLines(paste0(vapply(entries, json, ""), c(rep(",", length(entries) - 1), "")), out)
  writeLines(if (last) "]" else "],", out)
}
versions <- lapply(c(metafor = "metafor", metadat = "metadat", mvtnorm = "mvtnorm", numDeriv = "numDeriv"), function(p) as.character(packageVersion(p)))
writeLines("{", out)
writeLines(paste0("\"source\": ", json(c(list(R = paste(R.version$major, R.version$minor, sep = ".")), versions)), ","), out)
section("escalc", rows)
section("tetrachoric", tetrachoric, last = TRUE)
writeLines("}", out)
close(out)
