# shellcheck shell=bash disable=SC2154  # sourced by server.sh, which sets dir and wish
# RabbitMQ with the management plug-in. Not through Debian's wrapper in /usr/sbin: it changes user and logs to /var/log.

script=/usr/lib/rabbitmq/bin/rabbitmq-server
[ -x "$script" ] || script=$(command -v rabbitmq-server || echo rabbitmq-server)

# Everything started for this folder carries this mark in its environment, epmd too, which outlives the broker; a pid file
# does not tell as much: here it holds the number of a shell.
pids() {
    local environ
    for environ in /proc/[0-9]*/environ; do
        if grep -qszFx "ONCEPOST_RABBITMQ_DIR=$dir" "$environ"; then environ=${environ%/environ} && echo "${environ#/proc/}"; fi
    done
}

main() {
    local pid
    for pid in $(pids); do
        if grep -qs beam "/proc/$pid/comm" && ! dead "$pid"; then echo "$pid"; fi
    done
}

# The handshake's first step: the protocol's header is answered with a frame of type 1, `connection.start`.
answers() {
    local greeting
    # shellcheck disable=SC2016  # for the inner shell, which can be timed out
    greeting=$(timeout 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "AMQP\0\0\11\1" >&3 && head -c 1 <&3 | od -An -tu1' - "$(port amqp)" 2>/dev/null)
    [ "${greeting// /}" = 1 ]
}

launch() {
    local amqp management dist epmd
    amqp=$(port amqp "$wish")
    management=$(port management "${wish:+$((wish + 1))}")
    dist=$(port dist)
    epmd=$(port epmd)
    mkdir -p "$dir/home" "$dir/conf" "$dir/data"
    echo '[rabbitmq_management].' >"$dir/conf/enabled_plugins"
    cat >"$dir/conf/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$amqp
management.tcp.ip = 127.0.0.1
management.tcp.port = $management
vm_memory_high_watermark.absolute = 2GB
disk_free_limit.absolute = 200MB
CONF
    # What an earlier start said there tells nothing of this one.
    : >"$dir/log/console"
    # cd: a crash dump goes to the current folder. The port between nodes would else listen to the whole world.
    (
        cd "$dir" || exit 1
        exec env -u RABBITMQ_LOGS \
            ONCEPOST_RABBITMQ_DIR="$dir" HOME="$dir/home" RABBITMQ_NODENAME=oncepost@localhost \
            RABBITMQ_DIST_PORT="$dist" ERL_EPMD_PORT="$epmd" ERL_EPMD_ADDRESS=127.0.0.1 \
            RABBITMQ_MNESIA_BASE="$dir/data" RABBITMQ_LOG_BASE="$dir/log" RABBITMQ_CONF_ENV_FILE=/dev/null \
            RABBITMQ_CONFIG_FILE="$dir/conf/rabbitmq" RABBITMQ_ENABLED_PLUGINS_FILE="$dir/conf/enabled_plugins" \
            RABBITMQ_PID_FILE="$dir/rabbitmq.pid" \
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' \
            setsid "$script" >"$dir/log/console" 2>&1 </dev/null
    ) &
    # The port opens a little before the broker is ready; the banner's last line comes after.
    wait_until 120 ready_or_over
    grep -qs 'completed with' "$dir/log/console" && alive
}

ready_or_over() { grep -qsE 'completed with|BOOT FAILED|already_used|Error' "$dir/log/console"; }

# The node ends in order on TERM; epmd, by then without nodes, needs the signal as well.
finish() {
    local beam
    mapfile -t beam < <(main)
    if [ "${#beam[@]}" -gt 0 ]; then
        kill -TERM "${beam[@]}"
        wait_until 30 all_dead "${beam[@]}" || say "the broker in $dir did not stop when asked"
    fi
    end_at_once
}

forget() { rm -rf "$dir/data"; }

url() { echo "amqp://guest:guest@127.0.0.1:$(port amqp)/%2f"; }

admin() { echo "http://guest:guest@127.0.0.1:$(port management)/"; }
