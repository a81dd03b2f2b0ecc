#!/usr/bin/env bash
# The proof: every check of the guarantee, one after the other, and what each found.
#
#   prove.sh            a run of some minutes
#   prove.sh --record   the long run whose figures GUARANTEES.md shows (about an hour); writes docs/proof/*.json and the page
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

# prove NAME COMMAND...: runs it, keeps its last line.
prove() {
    local name=$1 output
    shift
    printf '\n== %s\n' "$name"
    output=$(mktemp)
    if ! "$@" 2>&1 | tee "$output"; then
        held=false
        failed+=("$name")
    fi
    tail -n 1 "$output" >>"$lines"
    if [ -n "$record" ] && tail -n 1 "$output" | grep -q '^{'; then
        tail -n 1 "$output" | python3 -m json.tool >"docs/proof/$name.json"
    fi
    rm -f "$output"
}

if [ -n "$record" ]; then
    prove model make --no-print-directory model
    prove simulation make --no-print-directory simulate SEEDS=20000
    prove chaos make --no-print-directory chaos ARGS='--posts 3000 --kills 220 --seconds 900 --seed 2027'
    prove fuzz make --no-print-directory fuzz SECONDS=60
    prove mutants make --no-print-directory mutants
    UPDATE=1 cargo test --quiet --locked -p oncepost --test guarantees || held=false
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
