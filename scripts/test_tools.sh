#!/usr/bin/env bash
# What the tests use beside Python: PostgreSQL and a browser, from Debian's packages where apt may be
# used. Where it may not the tests that want them are skipped and say what to install.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*" >&2; }

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
    "${as[@]}" "${install[@]}" >/dev/null 2>&1
}

compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || apt_install postgresql \
    || say "Tests on PostgreSQL are skipped. To run them:  sudo apt install postgresql"
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || apt_install chromium \
    || say "Tests in a browser are skipped. To run them:  sudo apt install chromium"
