#!/usr/bin/env bash
# Compute every pinned reference anew in R and compare it, value by value, with the pinned one; then compare Evisynth.
# All of it takes about half an hour; name the parts wanted to run these alone, e.g.: scripts/validate.sh exports robust
# Parts: example, published, the grids of validation/metafor/regenerate.sh, evisynth; interleavings (of people's acts on both
# databases: 20,000 instead of the tests' 1,000; without R) only where it is named.
# Needs Rscript with metafor, metadat and jsonlite, for some grids further packages (named in regenerate.sh).
# Leaves the checkout as it was.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ "$*" != interleavings ] && { ! command -v Rscript >/dev/null ||
    ! Rscript -e 'for (p in c("metafor", "metadat", "jsonlite")) stopifnot(requireNamespace(p, quietly = TRUE))' \
        >/dev/null 2>&1; }; then
    echo "R with the packages metafor, metadat and jsonlite is needed." >&2
    echo "  On Debian:  sudo apt install r-base-core r-cran-metafor r-cran-metadat r-cran-jsonlite" >&2
    exit 3
fi

grids=$(sed -n 's/^for name in ${\*:-\(.*\)}; do$/\1/p' validation/metafor/regenerate.sh)
[ -n "$grids" ] || { echo "The names of the grids were not found in regenerate.sh." >&2; exit 1; }
parts=${*:-example published $grids evisynth}

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp -r validation/metafor validation/published "$place"
failed=

for part in $parts; do
    echo "$part ..."
    case " example published evisynth interleavings $grids " in
    *" $part "*) ;;
    *)
        echo "There is no part $part; there are: example published $grids evisynth interleavings" >&2
        exit 2
        ;;
    esac
    case $part in
    example)
        { Rscript tests/data/dmhi_expected_metafor.R "$place/example.json" &&
            .venv/bin/python scripts/compare_references.py tests/data/dmhi_expected_metafor.json "$place/example.json"; } ||
            failed="$failed $part"
        ;;
    published)
        { (cd "$place/published" && Rscript data.R) && diff -r validation/published/data "$place/published/data"; } ||
            failed="$failed $part"
        ;;
    interleavings)
        EVISYNTH_INTERLEAVINGS=20000 .venv/bin/python -m pytest -q tests/storage/test_storage_interleavings.py ||
            failed="$failed $part"
        ;;
    evisynth)
        .venv/bin/python -m pytest -q tests/numbers tests/properties || failed="$failed $part"
        ;;
    *)
        { bash "$place/metafor/regenerate.sh" "$part" &&
            .venv/bin/python scripts/compare_references.py \
                "validation/metafor/$part.json" "$place/metafor/$part.json"; } || failed="$failed $part"
        ;;
    esac
done

if [ -n "$failed" ]; then
    echo "Not as pinned:$failed" >&2
    exit 1
fi
