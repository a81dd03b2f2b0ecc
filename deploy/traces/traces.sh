#!/usr/bin/env bash
# Checks the traces end to end: posts go through real servers and processes, and a receiver that is not ours (oteltap) tells which spans came.
#
#   traces.sh [PROGRAM]    PROGRAM is target/debug/oncepost otherwise, and built first
set -euo pipefail
cd "$(dirname "$0")/../.."

program=${1:-target/debug/oncepost}
deploy/local/install.sh
if [ $# = 0 ]; then cargo build --locked --quiet -p oncepost; fi
venv=$PWD/.run/traces
if ! cmp --silent deploy/traces/requirements.txt "$venv/installed"; then
    echo "installing deploy/traces/requirements.txt" >&2
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" --quiet --disable-pip-version-check install --require-hashes --no-deps --only-binary :all: -r deploy/traces/requirements.txt
    cp deploy/traces/requirements.txt "$venv/installed"
fi
deploy/local/with-servers.sh "$venv/bin/python" -B deploy/traces/check.py "$(realpath "$program")"
