#!/usr/bin/env bash
# Checks Prometheus' rules, Alertmanager's example, the dashboards and the runbooks, with the real tools, and that they fit together.
#
# promtool, amtool and Python's yaml are taken as they are found. What is missing comes from Debian's packages, unpacked under
# .run/rules: nothing is installed, nothing is started, and no root is needed where apt knows its packages already.
set -euo pipefail
cd "$(dirname "$0")/../.."

unpacked=$PWD/.run/rules
export PATH=$PATH:$unpacked/usr/bin PYTHONPATH=${PYTHONPATH:+$PYTHONPATH:}$unpacked/usr/lib/python3/dist-packages

missing=()
command -v promtool >/dev/null || missing+=(prometheus)
command -v amtool >/dev/null || missing+=(prometheus-alertmanager)
command -v python3 >/dev/null || { echo "rules.sh: install Python 3" >&2; exit 1; }
python3 -c 'import yaml' 2>/dev/null || missing+=(python3-yaml)
if [ "${#missing[@]}" -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "rules.sh: put promtool (Prometheus 2.42 or later) and amtool (Alertmanager 0.25 or later) on PATH, and install PyYAML" >&2
        exit 1
    fi
    echo "unpacking ${missing[*]} into .run/rules" >&2
    mkdir -p "$unpacked"
    download() { (cd "$unpacked" && apt-get -o Acquire::Retries=3 -qq download "${missing[@]}" 2>/dev/null); }
    if ! download; then
        as_root=()
        [ "$(id -u)" = 0 ] || as_root=(sudo)
        "${as_root[@]}" apt-get -o Acquire::Retries=3 -qq update
        download || { echo "rules.sh: apt cannot download ${missing[*]}" >&2; exit 1; }
    fi
    for package in "$unpacked"/*.deb; do dpkg-deb --extract "$package" "$unpacked"; done
    rm "$unpacked"/*.deb
fi

promtool check rules deploy/prometheus/rules/*.yaml
promtool check config deploy/prometheus/prometheus.yaml >/dev/null
amtool check-config deploy/alertmanager/alertmanager.yaml
python3 deploy/grafana/dashboards.py --check
python3 -B -m unittest discover --quiet --start-directory deploy/prometheus/tests --pattern '*_test.py'
promtool test rules deploy/prometheus/tests/*.yaml
