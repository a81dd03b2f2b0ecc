#!/usr/bin/env bash
# Makes sure that Redis, RabbitMQ and PostgreSQL are there to be run by server.sh, and Python and Node for the tests of the
# examples. Does nothing if they are.
# On Debian and Ubuntu it installs the distribution's packages, without letting them start anything now or at boot.
set -euo pipefail

missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || command -v rabbitmq-server >/dev/null || missing+=(rabbitmq-server)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null || missing+=(postgresql)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
[ "${#missing[@]}" -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    cat >&2 <<'END'
oncepost's tests and demo run against a real Redis (7+), RabbitMQ (3.10+) and PostgreSQL (15+); the tests of the examples need
Python 3 with venv, Node (18+) and npm. This script can install them on Debian and Ubuntu only. Elsewhere, do one of these:
  - install them with your system's package manager, so that redis-server, rabbitmq-server and postgres are on PATH
  - run them any other way and set ONCEPOST_TEST_REDIS, ONCEPOST_TEST_AMQP and ONCEPOST_TEST_POSTGRES to their addresses
END
    exit 1
fi

as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "install.sh: needs root (or sudo) to install: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi

echo "installing ${missing[*]}" >&2
"${as_root[@]}" bash -s -- "${missing[@]}" >&2 <<'END'
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

# What starts services, and PostgreSQL's habit of making a first cluster, are held back for the time of the installation only.
policy=/usr/sbin/policy-rc.d cluster=/etc/postgresql-common/createcluster.conf ours=()
trap 'rm -f "${ours[@]}"' EXIT
if [ ! -e $policy ]; then
    ours+=($policy)
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
fi
if [ ! -e $cluster ]; then
    ours+=($cluster)
    mkdir -p "${cluster%/*}"
    echo 'create_main_cluster = false' >$cluster
fi

apt-get -o Acquire::Retries=3 -qq update
# confold: our createcluster.conf must not make dpkg ask.
apt-get -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 -qq install --no-install-recommends -y "$@" >/dev/null

if [ -d /run/systemd/system ]; then
    for service in redis-server rabbitmq-server postgresql; do
        if [[ " $* " == *" $service "* ]]; then systemctl disable --now "$service" || true; fi
    done
fi
END
