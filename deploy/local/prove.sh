#!/usr/bin/env bash
# The proof: every check of the guarantee, one after the other, and what each found.
#
#   prove.sh            about a quarter of an hour on two free cores, and the builds
#   prove.sh --record   the run whose figures GUARANTEES.md shows; writes docs/proof/*.json and the page. About two hours on two free
#                       cores: model 4 minutes, simulation 5, chaos 13, fuzz one for each parser, mutants 40, and the builds
#
# Ends with one line of JSON; exit code 0 only if every promise held.
set -uo pipefail
cd "$(dirname "$0")/../.."

record=
if [ "${1:-}" = --record ]; then record=yes; fi
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
began=$(date +%s)
held=true
failed=()

# prove NAME COMMAND...: runs it, keeps its result: the last line that is JSON. A make that fails says so in a line after it.
prove() {
    local name=$1 output result ok=true
    shift
    printf '\n== %s\n' "$name"
    output=$(mktemp)
    "$@" 2>&1 | tee "$output" || ok=false
    result=$(grep '^{' "$output" | tail -n 1)
    if [ -z "$result" ]; then
        ok=false
        result="{\"check\":\"$name\",\"held\":false,\"seconds\":0,\"error\":\"it ended without a result\"}"
    fi
    if [ "$ok" = false ]; then
        held=false
        failed+=("$name")
    fi
    echo "$result" >>"$lines"
    if [ -n "$record" ]; then echo "$result" | python3 -m json.tool >"docs/proof/$name.json"; fi
    rm -f "$output"
}

if [ -n "$record" ]; then
    prove model make --no-print-directory model
    prove simulation make --no-print-directory simulate SEEDS=10000
    prove chaos make --no-print-directory chaos ARGS='--posts 1500 --kills 205 --seconds 700 --seed 2028'
    prove fuzz make --no-print-directory fuzz SECONDS=60
    prove mutants make --no-print-directory mutants
    UPDATE=1 cargo test --quiet --locked -p oncepost --test guarantees || { held=false; failed+=("the page"); }
else
    prove model make --no-print-directory model
    prove simulation make --no-print-directory simulate SEEDS=2000
    prove chaos make --no-print-directory chaos ARGS='--posts 600 --kills 60 --seconds 180'
fi

printf '\n'
cat "$lines"
if [ "$held" = true ]; then echo "Every promise held."; else echo "BROKEN: ${failed[*]}"; fi
printf '{"check":"proof","held":%s,"seconds":%s}\n' "$held" "$(($(date +%s) - began))"
[ "$held" = true ]
