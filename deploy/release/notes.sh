#!/usr/bin/env bash
# Prints what CHANGELOG.md says of a version, as the notes of its release.
#
#   notes.sh VERSION [CHANGELOG]
set -euo pipefail
[ $# -ge 1 ] || { echo "notes.sh: which version?" >&2; exit 2; }
version=${1#v} changelog=${2:-$(dirname "$0")/../../CHANGELOG.md}

# From the version's heading to the next one of the same rank, or to the links at the end; without empty lines around it.
notes=$(awk -v heading="## [$version]" '
    index($0, "## ") == 1 { inside = index($0, heading) == 1; next }
    /^\[[^]]+\]: / { inside = 0 }
    inside { print }' "$changelog" | sed '/./,$!d')
if [ -z "$notes" ]; then
    echo "notes.sh: $changelog has nothing of $version: give it a heading '## [$version] - YYYY-MM-DD' with what changed below it" >&2
    exit 1
fi
printf '%s\n' "$notes"
