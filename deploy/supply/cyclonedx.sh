#!/usr/bin/env bash
# Writes down what the program is built of: every crate with version, licence, hash and what it depends on, as CycloneDX 1.5 in JSON.
# The image's build runs it as well, so that the image carries the list of the very sources it is built from.
#
#   cyclonedx.sh FILE TOOLS     FILE is written; cargo-cyclonedx is installed under TOOLS once
set -euo pipefail
[ $# = 2 ] || { echo "cyclonedx.sh: takes FILE TOOLS" >&2; exit 2; }
file=$(realpath --canonicalize-missing "$1") tools=$2
version=0.5.9
cd "$(dirname "$0")/../.."

# Unoptimised: it is built in a minute, and runs for a second.
cargo install --debug --locked --quiet --root "$tools" "cargo-cyclonedx@$version"
# It writes beside the manifest of each room; only the program's is wanted.
name=oncepost-sbom
trap 'rm -f services/*/$name.json shared/*/$name.json' EXIT
"$tools/bin/cargo-cyclonedx" cyclonedx --quiet --manifest-path services/oncepost/Cargo.toml --format json --spec-version 1.5 \
    --target x86_64-unknown-linux-gnu --override-filename "$name"
mkdir -p "$(dirname "$file")"
mv "services/oncepost/$name.json" "$file"
