#!/usr/bin/env bash
# Lists what the program is built of (cyclonedx.sh), and checks that list: target/sbom/oncepost.cdx.json.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tools.sh
source deploy/tools.sh

python_tools python
file=target/sbom/oncepost.cdx.json
deploy/supply/cyclonedx.sh "$file" "$tools/cargo"
"$tools/venv/bin/python" deploy/supply/sbom.py "$file"
