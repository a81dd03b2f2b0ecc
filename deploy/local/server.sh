#!/usr/bin/env bash
# One private Redis, PostgreSQL or RabbitMQ in a folder of its own, on loopback only, without systemd.
#
#   server.sh start KIND DIR [PORT]   start it, unless it runs and answers; prints its address. PORT is a wish, kept if it is free
#   server.sh stop  KIND DIR          end it in order
#   server.sh kill  KIND DIR          end it at once (SIGKILL), data kept: for chaos, and for throw-away servers
#   server.sh wipe  KIND DIR          lose all its data; a running server is running again afterwards, on the same port
#   server.sh back-up  postgres DIR   keep all that it holds now; one back-up at a time
#   server.sh put-back postgres DIR   hold again what the back-up holds, on the same port; what came after is lost
#   server.sh url   KIND DIR          print its address
#   server.sh admin rabbitmq DIR      print the address of its HTTP interface
#   server.sh alive KIND DIR          exit code 0 if it answers
#   server.sh guard KIND DIR PID      wait until process PID is gone, then kill and remove DIR; ends early if DIR is gone
#
# KIND is redis, postgres or rabbitmq. Ports are chosen at the first start and stay with the folder.
# ONCEPOST_THROWAWAY=1 at the first start gives up durability against a power cut (not against a kill) for speed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf '%s\n' "$*" >&2; }
die() { say "server.sh: $*"; exit 1; }

[ $# -ge 3 ] || die "usage: server.sh start|stop|kill|wipe|back-up|put-back|url|admin|alive|guard redis|postgres|rabbitmq DIR [PORT|PID]"
action=$1 kind=$2 dir=$3
# shellcheck disable=SC2034  # read by the kinds' files
wish=${4:-}
case $kind in redis | postgres | rabbitmq) ;; *) die "unknown kind '$kind'" ;; esac

# Is somebody listening on this port of loopback? Pure bash, as a bare system has neither ss nor nc.
open_port() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A free port below the kernel's range for outgoing connections, so that nothing takes it in passing.
free_port() {
    local port
    while :; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        open_port "$port" || { echo "$port"; return; }
    done
}

# port NAME [WISH]: the port remembered under NAME, or a new one.
port() {
    local file=$dir/port.$1
    if [ ! -s "$file" ]; then
        if [ -n "${2:-}" ] && ! open_port "$2"; then echo "$2"; else free_port; fi >"$file"
    fi
    cat "$file"
}

# wait_until SECONDS COMMAND...: polls ten times a second.
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# Gone, or only waiting to be collected: in a container without an init a dead daemon may stay a zombie.
dead() {
    local state
    state=$(sed -n 's/^State:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null) || true
    [ -z "$state" ] || [ "${state:0:1}" = Z ]
}
all_dead() {
    local pid
    for pid in "$@"; do dead "$pid" || return 1; done
}

# working_in FOLDER NAME: the processes of this name that work in it. A pid file outlives a kill, and its number may be somebody else's by then.
working_in() {
    local process
    for process in /proc/[0-9]*; do
        if grep -qsx "$2" "$process/comm" && [ "$(readlink "$process/cwd")" = "$1" ] && ! dead "${process#/proc/}"; then
            echo "${process#/proc/}"
        fi
    done
}

# A kind's file defines: pids (all that was started for it), main (of these the server itself), answers (asks it), launch (start and wait;
# its port is chosen), finish (ask it to end), forget (drop the data), url.
# shellcheck source-path=SCRIPTDIR disable=SC1090
source "$here/servers/$kind.sh"

end_at_once() {
    local found
    mapfile -t found < <(pids)
    if [ "${#found[@]}" -gt 0 ]; then
        kill -KILL "${found[@]}" 2>/dev/null || true
        wait_until 10 all_dead "${found[@]}" || die "$kind in $dir does not die"
    fi
}

end_in_order() {
    local found
    mapfile -t found < <(pids)
    if [ "${#found[@]}" -gt 0 ]; then
        finish
        wait_until 40 all_dead "${found[@]}" || say "$kind in $dir did not stop when asked"
    fi
    end_at_once
}

guard() {
    until dead "$1"; do
        [ -d "$dir" ] || return 0
        sleep 1
    done
    # A start may still have been under way: look again until nothing comes any more.
    while [ -d "$dir" ]; do
        end_at_once
        rm -rf "$dir" || true
        sleep 1
    done
}

# Processes may outlive their server, as RabbitMQ's epmd does, and a server may hang: only itself can tell.
alive() { [ -n "$(main)" ] && answers; }

start() {
    mkdir -p "$dir/log"
    dir=$(cd "$dir" && pwd)
    if alive; then return; fi
    # Busy with its start, perhaps.
    if [ -n "$(main)" ] && wait_until 30 alive; then return; fi
    if [ -n "$(pids)" ]; then
        say "$kind in $dir does not answer; what is left of it is ended, and it is started again"
        end_at_once
    fi
    local first=yes try
    if compgen -G "$dir/port.*" >/dev/null; then first=no; fi
    for try in 1 2 3; do
        if launch; then return; fi
        end_at_once
        # Somebody else may have taken a port between our look and the start: choose anew, if nobody knows it yet.
        if [ $first = yes ]; then rm -f "$dir"/port.*; fi
        say "$kind did not start (try $try)"
    done
    tail -n 20 "$dir"/log/* >&2 || true
    die "$kind in $dir does not start"
}

if [ -d "$dir" ]; then
    dir=$(cd "$dir" && pwd)
elif [ "$action" = stop ] || [ "$action" = kill ]; then
    exit 0
elif [ "$action" != start ]; then
    die "no $kind in $dir"
fi

case $action in
    start) start && url ;;
    stop) end_in_order ;;
    kill) end_at_once ;;
    wipe) if [ -n "$(pids)" ]; then end_at_once && forget && start; else forget; fi ;;
    back-up) back_up ;;
    put-back) put_back ;;
    url) url ;;
    admin) admin ;;
    alive) alive ;;
    guard) guard "$wish" ;;
    *) die "unknown action '$action'" ;;
esac
