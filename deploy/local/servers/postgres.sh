# shellcheck shell=bash disable=SC2154  # sourced by server.sh, which sets dir and wish
# PostgreSQL with trust on loopback and one database, `oncepost`. It refuses to run as root, so root hands it to `postgres`.

bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1) || bin=$(dirname "$(command -v postgres)")

as_owner() {
    if [ "$(id -u)" = 0 ]; then (cd / && exec runuser -u postgres -- "$@"); else "$@"; fi
}

# The postmaster and its children, which may outlive it and hold its shared memory.
pids() { working_in "$dir/data" postgres; }

main() {
    local pid
    pid=$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null) || return 0
    pids | grep -x -- "$pid" || true
}

launch() {
    [ -d "$dir/data/global" ] || create || return 1
    # Left by a SIGKILL; the server would take the number for a live one while the dead process waits to be collected.
    rm -f "$dir/data/postmaster.pid"
    as_owner "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/log/postgres.log" start >/dev/null || return 1
    if [ "$(ask "select 1 from pg_database where datname = 'oncepost'")" != 1 ]; then ask 'create database oncepost'; fi
}

ask() { as_owner timeout 5 "$bin/psql" -h 127.0.0.1 -p "$(port postgres)" -U postgres -qAtc "$1"; }

answers() { [ "$(ask 'select 1' 2>/dev/null)" = 1 ]; }

create() {
    local port
    port=$(port postgres "$wish")
    if [ "$(id -u)" = 0 ]; then
        install -d -o postgres -m 700 "$dir/data"
        chown postgres "$dir/log"
        as_owner test -x "$dir" ||
            die "the user 'postgres' may not enter $dir (PostgreSQL does not run as root): choose another folder"
    fi
    as_owner "$bin/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/log/initdb.log" || return 1
    {
        echo "port = $port"
        echo "listen_addresses = '127.0.0.1'"
        echo "unix_socket_directories = ''"
        echo "max_connections = 300"
        if [ "${ONCEPOST_THROWAWAY:-}" = 1 ]; then echo "fsync = off"; fi
    } >>"$dir/data/postgresql.conf"
}

# All of it as it is now, by the server's own means.
back_up() {
    rm -rf "$dir/backup"
    if [ "$(id -u)" = 0 ]; then install -d -o postgres -m 700 "$dir/backup"; fi
    as_owner "$bin/pg_basebackup" -h 127.0.0.1 -p "$(port postgres)" -U postgres -D "$dir/backup" -X stream -c fast --no-sync
}

# Recovery to the end of the back-up, and no further: whatever was committed after that is lost, and a new timeline begins.
put_back() {
    [ -d "$dir/backup/global" ] || die "there is no back-up in $dir"
    end_at_once
    rm -rf "$dir/data"
    cp -a "$dir/backup" "$dir/data"
    {
        echo "restore_command = 'false'"
        echo "recovery_target = 'immediate'"
        echo "recovery_target_action = 'promote'"
    } >>"$dir/data/postgresql.conf"
    as_owner touch "$dir/data/recovery.signal"
    launch && wait_until 60 is_primary
}

is_primary() { [ "$(ask 'select pg_is_in_recovery()')" = f ]; }

finish() {
    local pid
    pid=$(main)
    if [ -n "$pid" ]; then kill -INT "$pid"; fi
}

forget() { rm -rf "$dir/data"; }

url() { echo "postgres://postgres@127.0.0.1:$(port postgres)/oncepost"; }
