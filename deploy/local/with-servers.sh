#!/usr/bin/env bash
# with-servers.sh COMMAND...: runs COMMAND against a private Redis, RabbitMQ and PostgreSQL, and ends with its exit code.
#
# The servers live in a temporary folder on free ports and are gone afterwards, whatever happens. Their addresses are exported as
# ONCEPOST_TEST_REDIS, ONCEPOST_TEST_AMQP (and _AMQP_ADMIN, its HTTP interface) and ONCEPOST_TEST_POSTGRES; a server whose address
# is already set is used as it is. Nothing is printed after COMMAND ends well.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: with-servers.sh COMMAND..." >&2; exit 2; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/oncepost.XXXXXX")
chmod 755 "$scratch" # PostgreSQL runs as another user when we are root
started=() starting=()

clean_up() {
    local code=$? kind
    trap - EXIT INT TERM HUP
    # What is half started cannot be found to be ended; a start takes seconds.
    wait "${starting[@]}" 2>/dev/null || true
    for kind in "${started[@]}"; do "$here/server.sh" kill "$kind" "$scratch/$kind" || true; done
    if [ "$code" -ne 0 ] && [ "${#started[@]}" -gt 0 ]; then
        local kept=$scratch.logs
        mkdir -p "$kept"
        for kind in "${started[@]}"; do mv "$scratch/$kind/log" "$kept/$kind" 2>/dev/null || true; done
        echo "with-servers.sh: exit code $code; the servers' logs are in $kept" >&2
    fi
    rm -rf "$scratch"
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

[ -n "${ONCEPOST_TEST_REDIS:-}" ] || started+=(redis)
[ -n "${ONCEPOST_TEST_POSTGRES:-}" ] || started+=(postgres)
[ -n "${ONCEPOST_TEST_AMQP:-}" ] || started+=(rabbitmq)

export ONCEPOST_THROWAWAY=1
for kind in "${started[@]}"; do
    mkdir "$scratch/$kind"
    # For the one end that cannot be caught: SIGKILL to this script.
    setsid "$here/server.sh" guard "$kind" "$scratch/$kind" $$ >/dev/null 2>&1 </dev/null &
    "$here/server.sh" start "$kind" "$scratch/$kind" >/dev/null &
    starting+=($!)
done
failed=0
for pid in "${starting[@]}"; do wait "$pid" || failed=1; done
[ $failed = 0 ] || exit 1
unset ONCEPOST_THROWAWAY

for kind in "${started[@]}"; do
    url=$("$here/server.sh" url "$kind" "$scratch/$kind")
    case $kind in
        redis) export ONCEPOST_TEST_REDIS=$url ;;
        postgres) export ONCEPOST_TEST_POSTGRES=$url ;;
        rabbitmq)
            export ONCEPOST_TEST_AMQP=$url
            ONCEPOST_TEST_AMQP_ADMIN=$("$here/server.sh" admin rabbitmq "$scratch/rabbitmq")
            export ONCEPOST_TEST_AMQP_ADMIN
            ;;
    esac
done

"$@"
