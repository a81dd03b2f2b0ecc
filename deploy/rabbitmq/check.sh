#!/usr/bin/env bash
# Holds definitions.json against what the program declares, on a private RabbitMQ: it is loaded, the program declares its topology over it (a
# queue with other arguments would be refused), and then nothing may have been added or changed.
#
#   check.sh [PROGRAM]            PROGRAM is target/debug/oncepost otherwise, and built first
#   check.sh --record [PROGRAM]   writes definitions.json anew, from what the program declares on an empty broker; policies stay
set -euo pipefail
cd "$(dirname "$0")/../.."

record=
if [ "${1:-}" = --record ]; then record=yes; shift; fi
program=${1:-target/debug/oncepost}
if [ $# = 0 ]; then cargo build --locked --quiet -p oncepost; fi
deploy/local/install.sh

scratch=$(mktemp -d "${TMPDIR:-/tmp}/oncepost.XXXXXX")
chmod 755 "$scratch"
server=deploy/local/server.sh
trap '$server kill rabbitmq "$scratch/rabbitmq" || true; rm -rf "$scratch"' EXIT
url=$(ONCEPOST_THROWAWAY=1 $server start rabbitmq "$scratch/rabbitmq")
admin=$($server admin rabbitmq "$scratch/rabbitmq")

python3 - "$admin" "$url" "$program" "$scratch" "${record:-no}" <<'END'
import base64, json, os, subprocess, sys, urllib.parse, urllib.request

admin, url, program, scratch, record = sys.argv[1:]
kept = "deploy/rabbitmq/definitions.json"
where = urllib.parse.urlsplit(admin)
base = f"{where.scheme}://{where.hostname}:{where.port}"
user = base64.b64encode(f"{where.username or 'guest'}:{where.password or 'guest'}".encode()).decode()


def ask(body=None):
    request = urllib.request.Request(f"{base}/api/definitions", body and json.dumps(body).encode())
    request.add_header("authorization", f"Basic {user}")
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or "null")


def topology(definitions):
    order = lambda things: sorted(things, key=lambda thing: json.dumps(thing, sort_keys=True))
    return {what: order(definitions[what]) for what in ("exchanges", "queues", "bindings")}


given = json.load(open(kept)) if os.path.exists(kept) else {"policies": []}
if record == "no":
    ask(given)
environment = {**os.environ, "ONCEPOST__BROKER__URL": url, "ONCEPOST__LEDGER__URL": f"sqlite://{scratch}/ledger.db"}
said = subprocess.run([program, "--json", "doctor"], env=environment, capture_output=True, text=True)
checks = {check["check"]: check for check in json.loads(said.stdout)["checks"]}
if not checks["broker"]["ok"]:
    sys.exit(f"check.sh: the program does not get along with definitions.json: {checks['broker']['found']}")
found = topology(ask())
if record == "yes":
    written = {"vhosts": [{"name": "/"}], "policies": given["policies"], **found}
    sections = (f'  "{what}": [\n    ' + ",\n    ".join(json.dumps(thing, sort_keys=True) for thing in things) + "\n  ]" for what, things in written.items())
    with open(kept, "w") as file:
        file.write("{\n" + ",\n".join(sections) + "\n}\n")
for what, things in topology(json.load(open(kept))).items():
    if things != found[what]:
        missing = [thing for thing in found[what] if thing not in things]
        sys.exit(f"check.sh: {what} that the program declares and definitions.json has not, or not so: {missing}; or it has more")
print(f"definitions.json is what the program declares: {', '.join(f'{len(things)} {what}' for what, things in found.items())}")
END
