#!/usr/bin/env bash
# Fuzzes the parsers that take outside input, one target after another, and ends with one line of JSON.
#   deploy/local/fuzz.sh [--target NAME] [--seconds N] [--record FILE]
set -uo pipefail
cd "$(dirname "$0")/../.."

target="" seconds=20 record=""
while [ $# -gt 0 ]; do
  case "$1" in
    --target) target=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    --record) record=$2; shift 2 ;;
    *) echo "fuzz.sh does not know $1" >&2; exit 2 ;;
  esac
done

room=shared/fuzz/libfuzzer
command -v cargo-fuzz >/dev/null || cargo install --locked --quiet cargo-fuzz || exit 1
# The stable compiler has what libFuzzer needs, but asks to be told; the sanitizers it has not, and safe Rust does not need them.
export RUSTC_BOOTSTRAP=1
cp -n Cargo.lock "$room/Cargo.lock"
cargo fuzz build --fuzz-dir "$room" --sanitizer none >&2 || exit 1

if [ -n "$target" ]; then targets=$target; else targets=$(ls shared/fuzz/corpus); fi
started=$(date +%s) held=true rows=""
for name in $targets; do
  mkdir -p "$room/found/$name"
  log=$(mktemp)
  # What is found goes into the first folder; the stored corpus is only read.
  cargo fuzz run --fuzz-dir "$room" --sanitizer none "$name" "$room/found/$name" "shared/fuzz/corpus/$name" -- \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 >"$log" 2>&1
  code=$?
  runs=$(awk '/stat::number_of_executed_units/ { print $2 }' "$log")
  crashes=0
  if [ $code -ne 0 ]; then crashes=1; held=false; tail -40 "$log" >&2; fi
  rm -f "$log"
  echo "$name: ${runs:-0} runs, $crashes crashes" >&2
  rows="$rows${rows:+,}{\"name\":\"$name\",\"runs\":${runs:-0},\"seconds\":$seconds,\"crashes\":$crashes}"
done
line="{\"check\":\"fuzz\",\"held\":$held,\"seconds\":$(($(date +%s) - started)),\"targets\":[$rows]}"
if [ -n "$record" ]; then
  echo "$line" | sed -e 's/,"targets":\[/,\n  "targets": [\n    /' -e 's/},{/},\n    {/g' -e 's/\]}$/\n  ]\n}/' -e 's/^{/{\n  /' >"$record"
fi
echo "$line"
[ "$held" = true ]
