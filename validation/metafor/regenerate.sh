#!/bin/sh
# Compute reference numbers again: all of them, or those named (see the last lines).
# Debian: apt-get install r-cran-metafor r-cran-metadat; counts also r-cran-lme4 r-cran-biasedurn,
# multilevel also r-cran-numderiv, robust also r-cran-clubsandwich r-cran-robumeta,
# glmm_moderators what counts needs, regression also r-cran-hmisc, regression_further also r-cran-pbkrtest. measures_two_group also r-cran-mvtnorm.
# measures_one_group also r-cran-gsl. conversions also r-cran-numderiv. The whole takes about half an hour.
set -eu
cd "$(dirname "$0")"
command -v Rscript >/dev/null || {
    echo "Rscript is missing; on Debian: apt-get install r-base-core r-cran-metafor r-cran-metadat" >&2
    exit 1
}
for name in ${*:-exports reference counts multilevel selection robust regression regression_further measures_two_group measures_one_group dependence conversions resampling heterogeneity sensitivity glmm_moderators selection_moderators likelihood_limits multilevel_fixed manual_examples}; do
    Rscript "$name.R"
done
