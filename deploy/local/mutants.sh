#!/usr/bin/env bash
# Breaks the domain's decisions on purpose, one at a time, and tells which breaks no test notices. .cargo/mutants.toml says which code.
#
#   mutants.sh [--record FILE] [ARGUMENTS FOR cargo mutants]
#
# Ends with one line of JSON; exit code 0 only if every break was noticed. What was not is listed in target/mutants/mutants.out.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=27.1.0
record=
if [ "${1:-}" = --record ]; then record=$2; shift 2; fi

if ! cargo mutants --version 2>/dev/null | grep -qF "$version"; then
    echo "installing cargo-mutants $version" >&2
    cargo install --quiet --locked --version "$version" cargo-mutants
fi

out=target/mutants
mkdir -p "$out"
began=$(date +%s)
code=0
# Exit code 2: some were missed, 3: some took too long. Both are results, not troubles.
cargo mutants --package oncepost-domain --test-package oncepost-domain --output "$out" --jobs "${JOBS:-2}" --no-shuffle \
    --minimum-test-timeout 30 --colors never "$@" || code=$?
case $code in 0 | 2 | 3) ;; *) exit "$code" ;; esac

count() { sed -n "s/^  \"$1\": \([0-9]*\),*$/\1/p" "$out/mutants.out/outcomes.json"; }
total=$(count total_mutants) caught=$(count caught) missed=$(count missed) timeout=$(count timeout) unviable=$(count unviable)
[ -n "$total" ] && [ -n "$missed" ] || { echo "mutants.sh: $out/mutants.out/outcomes.json cannot be read" >&2; exit 1; }
held=false
if [ "$missed" = 0 ] && [ "$total" -gt 0 ]; then held=true; fi
printf '{"check":"mutants","held":%s,"seconds":%s,"mutants":%s,"caught":%s,"timeout":%s,"unviable":%s,"missed":%s}\n' \
    "$held" "$(($(date +%s) - began))" "$total" "$caught" "$timeout" "$unviable" "$missed" | tee "${record:-/dev/null}"
[ "$held" = true ]
