"""Whether the program takes what compose file and chart give it: settings.py PROGRAM FOLDER. FOLDER holds the resolved compose.yaml."""

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

program, folder = sys.argv[1], Path(sys.argv[2])


def taken(name: str, settings: Path, environment: dict[str, str]) -> None:
    """Has the program read the settings. `migrate` reads and checks all of them but the secrets; here its ledger is a file."""
    names = {
        "PATH": os.environ["PATH"],
        **environment,
        "ONCEPOST_CONFIG": str(settings),
        "ONCEPOST__LEDGER__URL": f"sqlite://{folder}/ledger.db",
    }
    done = subprocess.run([program, "migrate"], env=names, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"settings.py: {name}: {done.stderr}")


def with_secrets(text: str) -> str:
    """The same with all files of secrets in FOLDER, and there."""
    moved = text.replace("/run/secrets/", f"{folder}/secrets/").replace("/run/oncepost/", f"{folder}/secrets/")

    def files(tree):
        if isinstance(tree, dict):
            for value in tree.values():
                yield from files(value)
        elif isinstance(tree, list):
            for value in tree:
                yield from files(value)
        elif isinstance(tree, str) and tree.startswith(f"{folder}/secrets/"):
            yield Path(tree)

    for path in files(yaml.safe_load(moved)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(KEY if "vault" in str(path) else "name a-token-that-is-long-enough\n")
        path.chmod(0o600)
    return moved


KEY = subprocess.run([program, "vault", "key"], capture_output=True, text=True, check=True).stdout
counted = 0

compose = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
for name, service in compose.items():
    if service["image"].startswith("oncepost"):
        names = {key: with_secrets(f'"{value}"').strip('"') for key, value in service["environment"].items()}
        # The addresses as passwords.sh made them, but the ledger's: nobody is asked here.
        names = {key: value.replace("/run/stores/", f"{folder}/compose/passwords/") for key, value in names.items()}
        names.pop("ONCEPOST__LEDGER__URL__FILE")
        taken(f"compose, {name}", Path("deploy/compose/oncepost.toml"), names)
        counted += 1

for values in sorted(Path("helm/oncepost/ci").glob("*-values.yaml")):
    done = subprocess.run(["helm", "template", "rel", "helm/oncepost", "--values", str(values)], capture_output=True, text=True, check=True)
    resources = [resource for resource in yaml.safe_load_all(done.stdout) if resource]
    (config,) = [r for r in resources if r["kind"] == "ConfigMap" and "oncepost.json" in r["data"]]
    settings = folder / "oncepost.json"
    settings.write_text(with_secrets(config["data"]["oncepost.json"]))
    for deployment in (resource for resource in resources if resource["kind"] == "Deployment"):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        stores = {"LEDGER": "", "BROKER": "amqp://u:p@127.0.0.1:1/", "GUARD": "redis://127.0.0.1:1"}
        names = {}
        for entry in container["env"]:
            if entry["name"].endswith("__URL__FILE"):
                entry["name"] = entry["name"].removesuffix("__FILE")
            store = stores.get(entry["name"].removeprefix("ONCEPOST__").removesuffix("__URL"))
            names[entry["name"]] = store if store is not None else with_secrets(json.dumps(entry.get("value", "from a Secret"))).strip('"')
        taken(f"{values.name}, {deployment['metadata']['name']}", settings, names)
        counted += 1

print(f"settings: {counted} containers of compose file and chart get what the program takes")
