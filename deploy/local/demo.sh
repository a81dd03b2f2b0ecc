#!/usr/bin/env bash
# The demo: a campaign through every kind of failure, counted by the platforms. REAL=1 uses RabbitMQ, Redis and PostgreSQL.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "${REAL:-}" = 1 ]; then
  deploy/local/install.sh
  set -- --real "$@"
fi
cargo build --locked --quiet -p oncepost -p oncepost-harness
exec target/debug/oncepost-demo "$@"
