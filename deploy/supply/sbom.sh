#!/usr/bin/env bash
# Lists what the program is built of (cyclonedx.sh), and checks that list: target/sbom/oncepost.cdx.json.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tools.sh
source deploy/tools.sh

python_tools python
file=target/sbom/oncepost.cdx.json
deploy/supply/cyclonedx.sh "$file" "$tools/cargo"
# What cargo itself says is built in: nothing of it may be missing.
cargo tree --locked -p oncepost --edges normal,build --target x86_64-unknown-linux-gnu --prefix none --format '{p}' >target/sbom/tree
"$tools/venv/bin/python" deploy/supply/sbom.py "$file" target/sbom/tree
