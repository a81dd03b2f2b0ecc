"""Whether Prometheus' settings and the compose file mean the same processes: facts.py COMPOSE, resolved."""

import sys
from pathlib import Path

import yaml

services = yaml.safe_load(Path(sys.argv[1]).read_text())["services"]
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


wrong = []
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
print(f"prometheus.yaml: valid, asks {len(ours())} services and tells Alertmanager")
