#!/usr/bin/env bash
# Chaos: everything is killed and cut while posts go out, and the platforms count. Arguments go to oncepost-chaos.
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/local/install.sh
echo "building oncepost and oncepost-harness, debug (minutes the first time) …" >&2
cargo build --locked --quiet -p oncepost -p oncepost-harness
exec target/debug/oncepost-chaos "$@"
