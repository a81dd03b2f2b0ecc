#!/usr/bin/env bash
# test.sh [ARGUMENT...]: runs all tests (`cargo test`, with these arguments besides) against private servers, and ends with its exit code.
#
# What failed, and on which words, is said once more at the very end: a run prints thousands of lines, and of an unattended one
# often only the last are kept. The whole output is in target/test.log.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
log=target/test.log
mkdir -p target

code=0
"$here/with-servers.sh" cargo test --workspace --locked --no-fail-fast "$@" 2>&1 | tee "$log" || code=$?
[ "$code" -ne 0 ] || exit 0

echo
echo "test.sh: what failed (all of it is in $log):"
awk '
    /^---- .* stdout ----$/ { name = $2; next }
    /^(failures:|error: |error\[)/ { name = "" }
    /^error(\[|: )/ { print substr($0, 1, 300) }
    name && / panicked at / {
        # What it panicked with is on the next line.
        where = $0
        getline
        print "  " name
        print "    " substr(where, 1, 160)
        print "    " substr($0, 1, 300)
    }
' "$log"
exit "$code"
