#!/usr/bin/env bash
# Compute every pinned reference anew in R (metafor) and compare it, value by value, with the pinned one.
# Needs Rscript with metafor, metadat and jsonlite; takes about six minutes. Leaves the checkout as it was.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v Rscript >/dev/null ||
    ! Rscript -e 'for (p in c("metafor", "metadat", "jsonlite")) stopifnot(requireNamespace(p, quietly = TRUE))' \
        >/dev/null 2>&1; then
    echo "R with the packages metafor, metadat and jsonlite is needed." >&2
    echo "  On Debian:  sudo apt install r-base-core r-cran-metafor r-cran-metadat r-cran-jsonlite" >&2
    exit 3
fi

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

echo "The example (tests/data/dmhi_expected_metafor.R) ..."
Rscript tests/data/dmhi_expected_metafor.R "$place/example.json"
.venv/bin/python scripts/compare_references.py tests/data/dmhi_expected_metafor.json "$place/example.json"

echo "The grid of published data sets (validation/metafor), about five minutes ..."
cp -r validation/metafor "$place/metafor"
bash "$place/metafor/regenerate.sh" reference
.venv/bin/python scripts/compare_references.py validation/metafor/reference.json "$place/metafor/reference.json"

echo "Evisynth against the pinned numbers ..."
.venv/bin/python -m pytest -q tests/numbers
