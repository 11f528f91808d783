#!/usr/bin/env bash
# Makes .venv with the project installed in it; returns at once when nothing has changed since the last time.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv
stamp=$venv/.daw_bridge_installed
wanted=$(cat pyproject.toml constraints.txt genmodels/lm/native_src/*.* | cksum)

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    exit 0
fi

usable() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2])' >/dev/null 2>&1
}

if [ ! -x $venv/bin/python ]; then
    python=
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.10 python3 python3.13 python; do
        if usable "$candidate"; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        echo "daw_bridge needs Python 3.10 or newer: install one, or name it: make PYTHON=/path/to/python3" >&2
        exit 1
    fi
    if ! "$python" -c 'import ensurepip' >/dev/null 2>&1; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
        else
            echo "$python cannot make virtual environments: install python3-venv" >&2
            exit 1
        fi
    fi
    echo "making $venv with $("$python" --version)"
    "$python" -m venv $venv
fi

echo "installing daw_bridge and what it needs (once; torch alone takes a minute or two)"
$venv/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
# without a C++ compiler, models run on slower decoders
$venv/bin/python -m genmodels.lm.native_build || true
echo "$wanted" >"$stamp"
