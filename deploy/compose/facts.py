"""Whether Prometheus' settings and the compose file mean the same processes, where passwords are, and that files on their way fill no memory:
facts.py COMPOSE PASSWORDS, the one resolved, the other a folder that passwords.sh made."""

import json
import re
import sys
import tomllib
from pathlib import Path

import yaml

compose, passwords = yaml.safe_load(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
services = compose["services"]
prometheus = yaml.safe_load(Path("deploy/prometheus/prometheus.yaml").read_text())


def ours() -> set[str]:
    """The services of oncepost that go on running."""
    return {name for name, service in services.items() if service["image"].startswith("oncepost") and service["restart"] != "no"}


def asked() -> dict[str, set[str]]:
    """Whom Prometheus asks, by job; and whom it tells."""
    found = {}
    for job in prometheus["scrape_configs"]:
        names = {name for sd in job.get("dns_sd_configs", []) for name in sd["names"]}
        names |= {target.split(":")[0] for static in job.get("static_configs", []) for target in static["targets"]}
        found[job["job_name"]] = names
    for manager in prometheus["alerting"]["alertmanagers"]:
        found["alertmanager"] = {target.split(":")[0] for static in manager["static_configs"] for target in static["targets"]}
    return found


def networks(name: str) -> set[str]:
    return set(services[name]["networks"])


def secrets(name: str) -> set[str]:
    """The secrets that a service sees."""
    return {entry if isinstance(entry, str) else entry["source"] for entry in services[name].get("secrets") or []}


def misplaced() -> list[str]:
    """What is wrong with passwords."""
    found = []
    files = {name: passwords / Path(secret["file"]).name for name, secret in compose["secrets"].items()}
    missing = [name for name, file in files.items() if not file.is_file()]
    if missing:
        return [f"passwords.sh makes no file for {', '.join(missing)}"]
    texts = {name: file.read_text().strip() for name, file in files.items()}
    for name, file in files.items():
        if file.stat().st_mode & 0o027:
            found.append(f"{file.name} can be read by everybody, or changed by its group")
    words = {word for word in re.findall(r"[0-9a-f]{48}", "\n".join(texts.values()))}
    if len(words) != 4:
        found.append(f"{len(words)} passwords for PostgreSQL, RabbitMQ, Redis and Grafana")
    for address, store in {"ledger": "postgres", "broker": "rabbitmq", "guard": "redis"}.items():
        password = re.search(r":([0-9a-f]{48})@", texts[address])
        if not password or password[1] not in texts[store]:
            found.append(f"the address of the {address} has another password than {store}")
    wanted = {name: {"ledger", "broker", "guard"} for name in ours()} | {name: {name} for name in ("postgres", "rabbitmq", "redis", "grafana")}
    wanted["migrate"] = {"ledger"}
    for name, service in services.items():
        if secrets(name) != wanted.get(name, set()):
            found.append(f"{name} sees the secrets {sorted(secrets(name))}")
        if secrets(name) and not service.get("group_add"):
            found.append(f"{name} is not in the group that may read its secrets")
        # What shows in a list of containers.
        shown = json.dumps([service.get("environment"), service.get("command"), service.get("healthcheck")])
        if any(word in shown for word in words) or re.search(r'PASS(WORD)?"', shown) or re.search(r"://[^\s\"/]*:[^\s\"/]*@", shown):
            found.append(f"{name} has a password in a variable or an argument")
    return found


def bytes_of(size: str | int) -> int:
    """A size as compose writes it: 64m, 1g, or a number."""
    number, unit = re.fullmatch(r"(\d+)([kmg]?)b?", str(size)).groups()
    return int(number) * {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}[unit]


def in_memory() -> list[str]:
    """What of a file that is fetched would count as a container's memory."""
    found = []
    spool = tomllib.loads(Path("deploy/compose/oncepost.toml").read_text())["media"].get("spool", "/tmp")
    (owner,) = [service for service in services.values() if "chown" in str(service.get("entrypoint"))]
    owned = {entry.split(":")[0] for entry in owner["volumes"]}
    for name in sorted(ours()):
        volumes = {entry.split(":")[1]: entry.split(":")[0] for entry in services[name]["volumes"]}
        if volumes.get(spool) not in compose["volumes"]:
            found.append(f"{name} spools files to {spool}, which is on no volume")
        elif volumes[spool] not in owned:
            found.append(f"{name} spools files to the volume {volumes[spool]}, which is root's")
        for entry in services[name]["tmpfs"]:
            size = re.search(r"size=(\w+)", entry)
            if not size or bytes_of(size[1]) * 4 > bytes_of(services[name]["mem_limit"]):
                found.append(f"{name} may fill more than a quarter of its memory by {entry}")
    return found


wrong = misplaced() + in_memory()
if asked()["oncepost"] != ours():
    wrong.append(f"Prometheus asks {sorted(asked()['oncepost'])}, and there are {sorted(ours())}")
for job, names in asked().items():
    for name in sorted(names):
        if name not in services:
            wrong.append(f"{job}: there is no service {name}")
        elif not networks(name) & networks("prometheus"):
            wrong.append(f"{job}: prometheus and {name} have no network in common")
for store in ("postgres", "rabbitmq", "redis"):
    if networks(store) != {"inside"}:
        wrong.append(f"{store} is reached from outside")
if wrong:
    sys.exit("\n".join(f"facts.py: {line}" for line in wrong))
print("files on their way: on a volume, and not in memory")
print("passwords: in files, each where it is used, in no variable")
print(f"prometheus.yaml: valid, asks {len(ours())} services and tells Alertmanager")
