#!/usr/bin/env bash
# Puts together what a release has beside its image: the chart, the list of contents (SBOM), the image's address, notes and checksums.
#
#   assemble.sh TAG IMAGE SBOM FOLDER      IMAGE with its digest; SBOM as the image holds it; FOLDER is made
set -euo pipefail
[ $# = 4 ] || { echo "assemble.sh: takes TAG IMAGE SBOM FOLDER" >&2; exit 2; }
version=${1#v} image=$2 sbom=$(realpath "$3") folder=$(realpath --canonicalize-missing "$4")
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tools.sh
source deploy/tools.sh

[[ $image =~ ^[^@]+@sha256:[0-9a-f]{64}$ ]] || { echo "assemble.sh: $image has no digest: a tag can be moved" >&2; exit 2; }
[ ! -e "$folder" ] || { echo "assemble.sh: $folder is there already" >&2; exit 2; }
python_tools python
"$tools/venv/bin/python" deploy/chart/helm.py "$tools/bin/helm"
"$tools/venv/bin/python" deploy/supply/sbom.py "$sbom"

notes=$(deploy/release/notes.sh "$version")
mkdir -p "$folder"
printf '%s\n' "$notes" >"$folder/NOTES.md"
helm package helm/oncepost --destination "$folder" >/dev/null
cp "$sbom" "$folder/oncepost-$version.cdx.json"
echo "$image" >"$folder/IMAGE"
(cd "$folder" && sha256sum -- *.tgz *.cdx.json IMAGE >SHA256SUMS)
cat "$folder/SHA256SUMS"
