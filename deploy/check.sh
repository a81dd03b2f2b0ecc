#!/usr/bin/env bash
# Checks what is under deploy/ against real tools and the program: the compose file, Prometheus's settings, the broker's definitions, and
# that the program takes the settings that compose file and chart hand it. Then every container of the chart runs as a process, and its stores are killed.
#
#   check.sh [PROGRAM]     PROGRAM is target/debug/oncepost otherwise, and built first
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source-path=SCRIPTDIR source=tools.sh
source deploy/tools.sh

program=${1:-target/debug/oncepost}
if [ $# = 0 ]; then cargo build --locked --quiet -p oncepost; fi
python_tools check-jsonschema podman-compose compose-lint python shellcheck
# promtool is in Debian's prometheus, podman is asked for its version only.
apt_tools podman podman promtool prometheus
"$tools/venv/bin/python" deploy/chart/helm.py "$tools/bin/helm"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/oncepost.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

shellcheck deploy/*.sh deploy/compose/*.sh deploy/chart/*.sh deploy/image/*.sh deploy/rabbitmq/*.sh deploy/traces/*.sh
file=deploy/compose/compose.yaml
check-jsonschema --quiet --builtin-schema vendor.compose-spec "$file"
if podman-compose --file "$file" config >/dev/null 2>"$scratch/unset"; then
    echo "check.sh: the compose file can be used without passwords.sh" >&2
    exit 1
fi
grep -q 'SECRETS_GROUP is missing' "$scratch/unset"
mkdir "$scratch/compose"
cp deploy/compose/passwords.sh "$scratch/compose/"
"$scratch/compose/passwords.sh"
cp -r "$scratch/compose/passwords" "$scratch/before"
"$scratch/compose/passwords.sh"
diff -r "$scratch/before" "$scratch/compose/passwords" # What is there stays.
podman-compose --env-file "$scratch/compose/.env" --file "$file" config >"$scratch/compose.yaml"
# Findings below `high` are known: images of others by tag, their file systems, no limit of CPU.
compose-lint "$file" >"$scratch/lint" || { cat "$scratch/lint" >&2; exit 1; }
echo "compose file: valid, resolved, linted"
promtool check config --lint=none deploy/prometheus/prometheus.yaml >"$scratch/promtool" || { cat "$scratch/promtool" >&2; exit 1; }
"$tools/venv/bin/python" deploy/compose/facts.py "$scratch/compose.yaml" "$scratch/compose/passwords"
"$tools/venv/bin/python" deploy/settings.py "$program" "$scratch"
deploy/rabbitmq/check.sh "$program"
chmod 755 "$scratch" # PostgreSQL and the chart's processes run as other users when we are root
"$tools/venv/bin/python" deploy/drill.py "$(realpath "$program")" "$scratch"
