# shellcheck shell=bash disable=SC2154  # sourced by server.sh, which sets dir and wish
# Redis with an append-only file, synced every second: what production runs.

pids() { working_in "$dir/data" redis-server; }

main() { pids; }

launch() {
    local port
    port=$(port redis "$wish")
    mkdir -p "$dir/data"
    redis-server --port "$port" --bind 127.0.0.1 --dir "$dir/data" --appendonly yes --appendfsync everysec --save '' \
        --daemonize yes --pidfile "$dir/redis.pid" --logfile "$dir/log/redis.log" >/dev/null || return 1
    wait_until 20 alive
}

answers() { [ "$(timeout 5 redis-cli -p "$(port redis)" ping 2>/dev/null)" = PONG ]; }

finish() { kill -TERM "$(main)"; }

forget() { rm -rf "$dir/data"; }

url() { echo "redis://127.0.0.1:$(port redis)/"; }
