#!/usr/bin/env bash
# The chart: linted strictly, rendered for each of ci/*-values.yaml and several versions of Kubernetes, validated, and asked for facts.
#
#   chart.sh            all of that
#   chart.sh --copy     first copies the alerts and dashboards of deploy/ into the chart
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tools.sh
source deploy/tools.sh

python_tools python kubernetes-validate
"$tools/venv/bin/python" deploy/chart/helm.py "$tools/bin/helm"
apt_tools node nodejs npm npm
# Types of custom resources, away from the sources.
mkdir -p "$tools/crds"
if ! cmp --silent deploy/chart/crds/package-lock.json "$tools/crds/package-lock.json" || [ ! -d "$tools/crds/node_modules" ]; then
    echo "installing deploy/chart/crds/package-lock.json" >&2
    cp deploy/chart/crds/package*.json "$tools/crds/"
    npm --prefix "$tools/crds" ci --silent --no-audit --no-fund
fi
cp deploy/chart/crds/check.mjs "$tools/crds/"

if [ "${1:-}" = --copy ]; then "$tools/venv/bin/python" deploy/chart/copies.py; fi

for values in helm/oncepost/ci/*-values.yaml; do
    helm lint --strict --quiet helm/oncepost --values "$values"
done
cd deploy/chart
exec "$tools/venv/bin/python" -m unittest discover --start-directory tests --top-level-directory .
