#!/bin/sh
# Compute reference numbers again: all of them, or those named (see the last lines).
# Debian: apt-get install r-cran-metafor r-cran-metadat; counts also r-cran-lme4 r-cran-biasedurn,
# multilevel also r-cran-numderiv, robust also r-cran-clubsandwich r-cran-robumeta,
# regression also r-cran-hmisc. measures_two_group also r-cran-mvtnorm.
# measures_one_group also r-cran-gsl. conversions also r-cran-numderiv. The whole takes about half an hour.
set -eu
cd "$(dirname "$0")"
command -v Rscript >/dev/null || {
    echo "Rscript is missing; on Debian: apt-get install r-base-core r-cran-metafor r-cran-metadat" >&2
    exit 1
}
for name in ${*:-exports reference counts multilevel selection robust regression measures_two_group measures_one_group dependence conversions resampling heterogeneity sensitivity}; do
    Rscript "$name.R"
done
