#!/bin/sh
# Makes what compose.yaml takes: random passwords of the stores and of Grafana, the addresses that hold them, as files in `passwords`, and .env. What
# is there already stays. Whoever owns the files and the containers can read them, and nobody else.
set -eu
cd "$(dirname "$0")"
umask 027

# Containers are in this group, besides their own.
group=$(id -g)
[ "$(id -u)" != 0 ] || group=65532

# file NAME CONTENT
file() {
    [ ! -e "passwords/$1" ] || return 0
    printf '%s\n' "$2" >"passwords/$1"
    chgrp "$group" "passwords/$1"
}
password() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

mkdir -p passwords
for name in postgres rabbitmq redis grafana; do file "$name" "$(password)"; done
file rabbitmq.conf "default_user = oncepost
default_pass = $(cat passwords/rabbitmq)"
file ledger "postgres://oncepost:$(cat passwords/postgres)@postgres/oncepost"
file broker "amqp://oncepost:$(cat passwords/rabbitmq)@rabbitmq"
file guard "redis://:$(cat passwords/redis)@redis:6379"
[ -e .env ] || printf 'ONCEPOST_IMAGE=oncepost:local\nSECRETS_GROUP=%s\n' "$group" >.env
