#!/usr/bin/env bash
# Whether a tag names the version that the program, the chart, the image and the changelog name.
#
#   check.sh TAG           vX.Y.Z, or vX.Y.Z-rc.1
set -euo pipefail
[ $# = 1 ] || { echo "check.sh: which tag?" >&2; exit 2; }
tag=$1 version=${1#v} wrong=0
cd "$(dirname "$0")/../.."

says() { # says WHERE WHAT
    [ "$2" = "$version" ] || { echo "check.sh: the tag is $tag, and $1 says '$2'" >&2; wrong=1; }
}
[[ $tag =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || { echo "check.sh: a tag is vX.Y.Z, and not $tag" >&2; exit 1; }
says Cargo.toml "$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
says "helm/oncepost/Chart.yaml (version)" "$(sed -n 's/^version: //p' helm/oncepost/Chart.yaml)"
says "helm/oncepost/Chart.yaml (appVersion)" "$(sed -n 's/^appVersion: "\(.*\)"/\1/p' helm/oncepost/Chart.yaml)"
says Dockerfile "$(sed -n 's/^ARG VERSION=//p' Dockerfile)"
heading=$(grep -F "## [$version]" CHANGELOG.md || true)
[[ $heading =~ ^"## [$version] - "[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] || { echo "check.sh: CHANGELOG.md has no heading '## [$version] - YYYY-MM-DD'" >&2; wrong=1; }
deploy/release/notes.sh "$version" >/dev/null || wrong=1
exit $wrong
