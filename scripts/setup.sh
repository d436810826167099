#!/usr/bin/env bash
# Set up Evisynth in this checkout: .venv with the package and what its checks need, and the system
# libraries of WeasyPrint. Does nothing, and needs no network, when all of it is there.
# Set PYTHON to choose the interpreter, EVISYNTH_NO_APT=1 to forbid the use of apt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VENV_PYTHON=.venv/bin/python
STAMP=.venv/.evisynth-setup
LOADS=.venv/.evisynth-weasyprint
PANGO_PACKAGES="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"

say() { printf '%s\n' "$*" >&2; }

fail() {
    say ""
    say "Set-up stopped: $1"
    shift
    for line in "$@"; do say "  $line"; done
    exit 3
}

# apt: as root or with sudo that asks nothing; 1 when that is not possible here.
apt_install() {
    local as=()
    [ -z "${EVISYNTH_NO_APT:-}" ] || return 1
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null && sudo -n true 2>/dev/null || return 1
        as=(sudo -n)
    fi
    say "Installing with apt: $*"
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@")
    "${as[@]}" "${install[@]}" >/dev/null 2>&1 && return 0
    "${as[@]}" apt-get update -q >/dev/null 2>&1 || true
    "${as[@]}" "${install[@]}" >&2
}

find_python() {
    local name
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if command -v "$name" >/dev/null &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

make_venv() {
    local python minor
    python=$(find_python) || fail "Python 3.11 or newer was not found." \
        "Install it (Debian: apt install python3 python3-venv), or name it: make demo PYTHON=/path/to/python3"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        minor=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        apt_install python3-venv || apt_install "$minor" || true
        "$python" -c 'import ensurepip, venv' 2>/dev/null || fail \
            "this Python ($python) cannot make virtual environments, and apt may not be used here." \
            "Install the missing part, then run make again:  sudo apt install python3-venv"
    fi
    say "Making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv || { rm -rf .venv; fail "python -m venv failed (its message is above)."; }
}

# What the installation follows from: this folder, the interpreter and the project's table of
# dependencies; other settings in pyproject.toml do not matter.
fingerprint() {
    "$VENV_PYTHON" - <<'PY'
import hashlib, json, pathlib, sys, tomllib
table = tomllib.loads(pathlib.Path("pyproject.toml").read_text(encoding="utf-8"))
parts = [str(pathlib.Path.cwd()), sys.version, table["build-system"], table["project"],
         table["tool"].get("hatch")]
print(hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest())
PY
}

install_package() {
    local wanted
    wanted=$(fingerprint)
    if [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$wanted" ]; then
        return 0
    fi
    say "Installing Evisynth and its libraries into .venv (once; this takes a minute or two)"
    "$VENV_PYTHON" -m pip install --disable-pip-version-check -qq --editable '.[dev]' || fail \
        "pip could not install the libraries (its message is above)." \
        "The first set-up needs the internet or a package index that pip is configured for."
    printf '%s\n' "$wanted" >"$STAMP"
}

weasyprint_loads() { "$VENV_PYTHON" -c 'import weasyprint' >/dev/null 2>&1; }

# Loading WeasyPrint takes a second or more, so that it is tried once for each installation.
check_weasyprint() {
    [ -f "$LOADS" ] && [ "$LOADS" -nt "$STAMP" ] && return 0
    try_weasyprint
    touch "$LOADS"
}

try_weasyprint() {
    weasyprint_loads && return 0
    # shellcheck disable=SC2086
    apt_install $PANGO_PACKAGES || true
    weasyprint_loads && return 0
    "$VENV_PYTHON" -c 'import weasyprint' 2>&1 | tail -n 3 >&2 || true
    fail "WeasyPrint, which writes the PDF, cannot load its system libraries, and apt may not be used here." \
        "Install them, then run make again:  sudo apt install $PANGO_PACKAGES" \
        "On macOS:  brew install pango"
}

# A .venv that was made elsewhere (a copied checkout) points at the other place: make it anew.
if ! "$VENV_PYTHON" -c 'import pip, sys; from pathlib import Path; sys.exit(Path(sys.prefix).resolve() != Path(".venv").resolve())' 2>/dev/null; then
    make_venv
fi
install_package
check_weasyprint
