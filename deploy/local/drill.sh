#!/usr/bin/env bash
# Drills: processes are asked to end, replaced, added and started without their stores while posts go out. Arguments go to oncepost-drill.
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/local/install.sh
echo "building oncepost and oncepost-harness, debug (minutes the first time) …" >&2
cargo build --locked --quiet -p oncepost -p oncepost-harness
exec target/debug/oncepost-drill "$@"
