#!/bin/sh
# Compute the reference numbers again. Debian: apt-get install r-cran-metafor r-cran-metadat
set -eu
cd "$(dirname "$0")"
command -v Rscript >/dev/null || {
    echo "Rscript is missing; on Debian: apt-get install r-base-core r-cran-metafor r-cran-metadat" >&2
    exit 1
}
Rscript reference.R
