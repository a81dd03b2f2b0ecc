# shellcheck shell=bash disable=SC2154  # sourced by server.sh, which sets dir and wish
# Redis with an append-only file, synced every second: what production runs.

pids() {
    local pid
    pid=$(cat "$dir/redis.pid" 2>/dev/null) || return 0
    # A pid file outlives a kill, and the number may belong to somebody else by now.
    if ! dead "$pid" && grep -qs redis "/proc/$pid/comm"; then echo "$pid"; fi
}

launch() {
    local port
    port=$(port redis "$wish")
    mkdir -p "$dir/data"
    redis-server --port "$port" --bind 127.0.0.1 --dir "$dir/data" --appendonly yes --appendfsync everysec --save '' \
        --daemonize yes --pidfile "$dir/redis.pid" --logfile "$dir/log/redis.log" >/dev/null || return 1
    wait_until 20 answers "$port"
}

answers() { [ "$(redis-cli -p "$1" ping 2>/dev/null)" = PONG ] && [ -n "$(pids)" ]; }

finish() { kill -TERM "$(pids)"; }

forget() { rm -rf "$dir/data"; }

url() { echo "redis://127.0.0.1:$(port redis)/"; }
