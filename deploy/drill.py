"""Every container of the chart as a process, with the secrets that its pod mounts and no others, on real servers: each of these is killed, and no
probe may ask for a restart. drill.py PROGRAM FOLDER."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import yaml

program, folder = sys.argv[1], Path(sys.argv[2])
KINDS = {"LEDGER": "postgres", "BROKER": "rabbitmq", "GUARD": "redis"}
VALUES = "helm/oncepost/ci/secrets-values.yaml"
PATIENCE = 120
SECRET = "https://secret.example/that-is-long-enough"
KEY = subprocess.run([program, "vault", "key"], capture_output=True, text=True, check=True).stdout
# As in the image: not root.
AS_USER = ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups"] if os.getuid() == 0 else []


def server(action: str, kind: str) -> str:
    names = {**os.environ, "ONCEPOST_THROWAWAY": "1"}
    return subprocess.run(
        ["deploy/local/server.sh", action, kind, str(folder / kind)], env=names, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def until(what: str, holds) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"drill.py: waited in vain for this: {what}")
        time.sleep(0.2)


def secret(path: Path, text: str) -> None:
    """A file that its process can read, and not everybody, as pods have them."""
    path.write_text(text)
    path.chmod(0o440)
    if os.getuid() == 0:
        os.chown(path, 65532, 65532)


class Process:
    """A container of the chart, started here."""

    def __init__(self, name: str, pod: dict, settings: str):
        (container,) = pod["containers"]
        self.name, self.container, self.grace = name, container, pod.get("terminationGracePeriodSeconds")
        self.ports, names = {}, {"PATH": os.environ["PATH"]}
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        held = self.hold(settings, [mounts[v["name"]] for v in pod["volumes"] if "secret" in v and v["name"] in mounts])
        for entry in container["env"]:
            key = entry["name"].removeprefix("ONCEPOST__")
            if key.endswith("__LISTEN"):
                self.ports[{"HEALTH__LISTEN": "health", "API__LISTEN": "http"}[key]] = free_port()
                names[entry["name"]] = f"127.0.0.1:{list(self.ports.values())[-1]}"
            elif "value" in entry:
                moved = entry["value"].replace("/etc/oncepost/", f"{held}/").replace("/run/oncepost/", f"{held}/run/oncepost/")
                names[entry["name"]] = moved.replace("/run/stores/", f"{folder}/store.")
            else:
                names[entry["name"]] = SECRET
        self.log = folder / f"{name}.log"
        with self.log.open("w") as log:
            self.running = subprocess.Popen([*AS_USER, program, *container["args"]], env=names, stdout=log, stderr=log, cwd="/tmp")

    def hold(self, settings: str, mounted: list[str]) -> Path:
        """Makes what it finds mounted: the settings, and of the files that they name those that are in a Secret of its pod."""
        held = folder / self.name
        files = {path: KEY if "vault" in path else SECRET for path in re.findall(r'"(/run/secrets/[^"]+)"', settings)}
        files["/run/oncepost/tokens"] = f"ada {SECRET}-of-ada\n"
        files = {f".{path}": text for path, text in files.items() if os.path.dirname(path) in mounted}
        files["oncepost.json"] = settings.replace("/run/secrets/", f"{held}/run/secrets/")
        for name, text in files.items():
            path = held / name
            path.parent.mkdir(parents=True, exist_ok=True)
            secret(path, text)
        return held

    def probe(self, which: str) -> bool:
        probe = self.container[which]
        if "tcpSocket" in probe:
            with socket.socket() as one:
                return one.connect_ex(("127.0.0.1", self.ports[probe["tcpSocket"]["port"]])) == 0
        where = probe["httpGet"]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[where['port']]}{where['path']}", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.HTTPError, OSError):
            return False

    def needs(self, kind: str) -> bool:
        """Whether it is nothing without that store. People need the API just then."""
        service = self.container["args"][0]
        return service in ("scheduler", "worker") or (kind == "postgres" and service != "api")

    def alive(self) -> bool:
        return self.running.poll() is None and self.probe("livenessProbe")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def run(stores: dict[str, str]) -> None:
    done = subprocess.run(["helm", "template", "rel", "helm/oncepost", "--values", VALUES], stdout=subprocess.PIPE, text=True, check=True)
    resources = [resource for resource in yaml.safe_load_all(done.stdout) if resource]
    (config,) = [resource for resource in resources if resource["kind"] == "ConfigMap"]
    settings = config["data"]["oncepost.json"]
    for name, address in stores.items():
        secret(folder / f"store.{name.lower()}", address)

    def to_the_end(kind: str) -> None:
        (resource,) = [resource for resource in resources if resource["kind"] == kind]
        pod = resource["spec"] if kind == "Pod" else resource["spec"]["template"]["spec"]
        one = Process(resource["metadata"]["name"], pod, settings)
        if one.running.wait(PATIENCE) != 0:
            sys.exit(f"drill.py: {one.name}: {one.log.read_text()}")

    to_the_end("Job")
    fleet = [Process(r["metadata"]["name"], r["spec"]["template"]["spec"], settings) for r in resources if r["kind"] == "Deployment"]
    try:
        ended = lambda: [f"{one.name}: {one.log.read_text()[-2000:]}" for one in fleet if one.running.poll() is not None]
        until("everything is ready", lambda: ended() or all(one.probe("readinessProbe") for one in fleet))
        if ended():
            sys.exit("drill.py: ended instead of getting ready: " + "\n".join(ended()))
        to_the_end("Pod")
        print(f"drill: migrated, {len(fleet)} services ready, doctor content")
        for kind in ("rabbitmq", "postgres"):
            server("kill", kind)
            lost = [one for one in fleet if one.needs(kind)]
            until(f"without {kind} nobody is ready who needs it", lambda: not any(one.probe("readinessProbe") for one in lost))
            for one in fleet:
                if not one.alive():
                    sys.exit(f"drill.py: without {kind} a probe would have {one.name} restarted: {one.log.read_text()[-2000:]}")
                if one not in lost and not one.probe("readinessProbe"):
                    sys.exit(f"drill.py: without {kind} {one.name} should be ready")
            server("start", kind)
            until(f"with {kind} back all are ready", lambda: all(one.probe("readinessProbe") for one in fleet))
            print(f"drill: {kind} was killed and came back: nothing would have been restarted, the API could be called")
        server("kill", "redis")
        until("without Redis all are ready", lambda: all(one.alive() and one.probe("readinessProbe") for one in fleet))
        for one in fleet:
            one.running.send_signal(signal.SIGTERM)
        for one in fleet:
            if one.running.wait(one.grace) != 0:
                sys.exit(f"drill.py: {one.name} did not end in order: {one.log.read_text()[-2000:]}")
        print("drill: all ended in order, within their grace period")
    finally:
        for one in fleet:
            one.running.kill()


try:
    run({store: server("start", kind) for store, kind in KINDS.items()})
finally:
    for kind in KINDS.values():
        server("kill", kind)
