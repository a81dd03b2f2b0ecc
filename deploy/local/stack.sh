# shellcheck shell=bash disable=SC2034  # sourced by up.sh and down.sh
# The folder of the local stack and what is in it. ONCEPOST_RUN puts it elsewhere.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
run=${ONCEPOST_RUN:-$(cd "$here/../.." && pwd)/.run}
kinds=(redis postgres rabbitmq)
