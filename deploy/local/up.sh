#!/usr/bin/env bash
# Starts Redis, PostgreSQL and RabbitMQ for the demo and for development under ./.run, waits until they are ready and prints their
# addresses; also into .run/env, to be sourced. Does no harm if they run already. down.sh stops them; the data stay.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=stack.sh
source "$(dirname "${BASH_SOURCE[0]}")/stack.sh"

declare -A wish=([redis]=16379 [postgres]=15432 [rabbitmq]=15673)
mkdir -p "$run"
starting=()
for kind in "${kinds[@]}"; do
    "$here/server.sh" start "$kind" "$run/$kind" "${wish[$kind]}" >/dev/null &
    starting+=($!)
done
failed=0
for pid in "${starting[@]}"; do wait "$pid" || failed=1; done
[ $failed = 0 ] || exit 1

cat >"$run/env" <<END
export ONCEPOST_REDIS_URL='$("$here/server.sh" url redis "$run/redis")'
export ONCEPOST_POSTGRES_URL='$("$here/server.sh" url postgres "$run/postgres")'
export ONCEPOST_AMQP_URL='$("$here/server.sh" url rabbitmq "$run/rabbitmq")'
export ONCEPOST_AMQP_ADMIN_URL='$("$here/server.sh" admin rabbitmq "$run/rabbitmq")'
END
sed -E "s/^export ONCEPOST_([A-Z_]+)_URL='(.*)'/\1 \2/" "$run/env" | while read -r name url; do printf '%-11s %s\n' "${name,,}" "$url"; done
