# The data of the published worked examples, as small tables in data/. Run in this folder: Rscript data.R
# Needs R with metadat. Tables that metadat does not hold are typed here from the publication named.
# Columns are renamed to what Evisynth recognizes; the sources are in README.md.
suppressMessages(library(metadat))
put <- function(.file, ...) write.csv(data.frame(...), file.path("data", paste0(.file, ".csv")), row.names = FALSE, quote = FALSE)

two <- function(d, ...) data.frame(study = seq_len(nrow(d)), events1 = d$ai, n1 = d$n1i, events2 = d$ci, n2 = d$n2i, ...)

d <- dat.bcg
put("colditz1994", study = d$trial, events1 = d$tpos, nonevents1 = d$tneg, events2 = d$cpos, nonevents2 = d$cneg, ablat = d$ablat, year = d$year, alloc = d$alloc)
put("hine1989", two(dat.hine1989))
d <- dat.normand1999
put("normand1999", study = seq_len(nrow(d)), n1 = d$n1i, mean1 = d$m1i, sd1 = d$sd1i, n2 = d$n2i, mean2 = d$m2i, sd2 = d$sd2i)
d <- dat.collins1985b
put("collins1985b", study = d$id, events1 = d$pre.xti, n1 = d$pre.nti, events2 = d$pre.xci, n2 = d$pre.nci)
d <- dat.collins1985a # van Houwelingen 1993 compares the control group (1) with the treated (2)
put("collins1985a", study = d$id, events1 = d$b.xci, n1 = d$nci, events2 = d$b.xti, n2 = d$nti)
put("lee2004", two(dat.lee2004))
put("yusuf1985", two(dat.yusuf1985[dat.yusuf1985$table == "6", ]))
put("nielweise2007", two(dat.nielweise2007))
d <- dat.nielweise2008 # per 1000 catheter days
put("nielweise2008", study = d$study, events1 = d$x1i, time1 = d$t1i / 1000, events2 = d$x2i, time2 = d$t2i / 1000)
d <- dat.linde2005[c(7:10, 13:25), ] # Viechtbauer 2007b takes these 17 trials, in another order
put("linde2005", two(d, dose = d$dosage * 7 / 1000 * d$duration, baseline = d$baseline))
d <- dat.raudenbush1985
put("raudenbush1985", study = d$study, yi = d$yi, vi = d$vi, weeks = pmin(d$weeks, 3))
d <- dat.konstantopoulos2011
put("konstantopoulos2011", study = d$study, district = d$district, school = d$school, year = d$year, yi = d$yi, vi = d$vi)
d <- dat.berkey1998
put("berkey1998", trial = d$trial, outcome = d$outcome, year = d$year - 1983, yi = d$yi, v1i = d$v1i, v2i = d$v2i, vi = d$vi)
d <- dat.hackshaw1998
put("hackshaw1998", study = d$study, yi = d$yi, vi = d$vi)
d <- dat.ishak2007
long <- do.call(rbind, lapply(1:4, function(t) data.frame(study = seq_len(nrow(d)), time = t, yi = d[[paste0("y", t, "i")]], vi = d[[paste0("v", t, "i")]])))
put("ishak2007", long[order(long$study, long$time), ][!is.na(long[order(long$study, long$time), "yi"]), ])

# Viechtbauer 2005, pp. 271 and 272
put("viechtbauer2005a", study = 1:10, yi = c(-0.581, 0.530, 0.771, 1.031, 0.553, 0.295, 0.078, 0.573, -0.176, -0.232),
    vi = c(0.023, 0.052, 0.060, 0.115, 0.095, 0.203, 0.200, 0.211, 0.051, 0.040))
put("viechtbauer2005b", study = 1:18,
    yi = c(0.100, -0.162, -0.090, -0.049, -0.046, -0.010, -0.431, -0.261, 0.134, 0.019, 0.175, 0.056, 0.045, 0.103, 0.121, -0.482, 0.290, 0.342),
    vi = c(0.016, 0.015, 0.050, 0.050, 0.032, 0.052, 0.036, 0.024, 0.034, 0.033, 0.031, 0.034, 0.039, 0.167, 0.134, 0.096, 0.016, 0.035))
# Morris 2008, Table 1
put("morris2008", study = rep(1:5, 2), arm = rep(c("treatment", "control"), each = 5),
    mean1 = c(38.5, 26.8, 0.7, 75.9, 36.0, 19.7, 25.3, 0.6, 60.7, 33.4), mean2 = c(30.6, 23.5, 0.5, 53.4, 35.6, 23.1, 24.9, 0.6, 55.7, 34.8),
    sd1 = c(15.0, 3.1, 0.1, 14.5, 4.7, 13.8, 4.1, 0.2, 17.3, 3.1), n = c(20, 50, 9, 10, 14, 20, 42, 9, 11, 14), r = rep(c(.47, .64, .77, .89, .44), 2))
# Gleser and Olkin 2009, Table 19.2
put("gleser2009_tables", study = c(1, 1, 2, 3, 3, 3), arm = c("a", "b", "a", "a", "b", "c"), events1 = c(40, 40, 10, 150, 150, 150), n1 = c(1000, 1000, 200, 2000, 2000, 2000),
    events2 = c(100, 150, 15, 40, 80, 50), n2 = c(4000, 4000, 400, 1000, 1000, 1000))
# Miller 1978, p. 138
put("miller1978", study = 1:4, events = c(3, 6, 10, 1), n = c(11, 17, 21, 6))
# Lipsey and Wilson 2001, Exhibit 7.1
put("lipsey2001", study = c(100, 308, 1596, 2479, 9021, 9028, 161, 172, 537, 7049), yi = c(-0.33, 0.32, 0.39, 0.31, 0.17, 0.64, -0.33, 0.15, -0.02, 0.00),
    vi = c(0.084, 0.035, 0.017, 0.034, 0.072, 0.117, 0.102, 0.093, 0.012, 0.067), random = c(0, 0, 0, 0, 0, 0, 1, 1, 1, 1), intensity = c(7, 3, 7, 5, 7, 7, 4, 4, 5, 6))
# Jackson, Turner, Rhodes and Viechtbauer 2014, examples 1 and 2
put("jackson2014a", study = 1:16, yi = c(0.0267, 0.8242, 0.3930, 2.4405, 2.1401, 1.2528, 2.4849, 0.3087, 1.4246, 0.1823, 1.1378, 1.2321, 2.0695, 4.0237, 1.4383, 1.6021),
    vi = c(0.1285, 0.0315, 0.0931, 2.0967, 1.0539, 0.1602, 1.0235, 0.0218, 0.5277, 0.0556, 0.3304, 0.1721, 0.4901, 2.0200, 0.3399, 0.1830), x = rep(0:1, c(10, 6)))
put("jackson2014b", study = 1:19, yi = c(0.54, 0.4, 0.64, 0.365, 0.835, 0.02, 0.12, 0.085, 1.18, 0.08, 0.18, 0.325, 0.06, 0.715, 0.065, 0.245, 0.24, 0.06, 0.19),
    vi = c(0.0176, 0.019, 0.0906, 0.0861, 0.0063, 0.0126, 0.0126, 0.0041, 0.0759, 0.0126, 0.0104, 0.0242, 0.0026, 0.2629, 0.0169, 0.0156, 0.0481, 0.0084, 0.0044),
    x = c(1986, 1987, 1988, 1988, 1998, 1999, 2000, 2000, 2000, 2001, 2001, 2001, 2002, 2002, 2002, 2002, 2003, 2003, 2003))
# Rothman, Greenland and Lash 2008, Tables 15-1, 15-2 (10,000 person-years) and 15-5
put("rothman2008_1", study = c("below 55", "55 and older"), events1 = c(8, 22), nonevents1 = c(98, 76), events2 = c(5, 16), nonevents2 = c(115, 69))
put("rothman2008_2", study = 1:5, events1 = c(32, 104, 206, 186, 102), time1 = c(52407, 43248, 28612, 12663, 5317) / 10000,
    events2 = c(2, 12, 28, 28, 31), time2 = c(18790, 10673, 5710, 2585, 1462) / 10000)
put("rothman2008_5", study = 1:2, events1 = c(3, 1), nonevents1 = c(9, 3), events2 = c(104, 5), nonevents2 = c(1059, 86))
# DerSimonian and Kacker 2007, CLASP
put("dersimonian2007", study = 1:6, events1 = c(5, 5, 12, 69, 9, 313), n1 = c(156, 303, 565, 1570, 103, 4659), events2 = c(8, 17, 9, 94, 11, 352), n2 = c(74, 303, 477, 1565, 105, 4650))
