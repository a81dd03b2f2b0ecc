"""Processes on real servers, each with a receiver of its own for its spans, and a platform that fails when it is asked to."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PATIENCE = 120
# What nobody may find in a span, a log line or a message's headers.
HOOK_PATH = "the hook's path"
SECRETS = {HOOK_PATH: "s3cret-path", "its query": "s3cret-query", "its key": "c2VjcmV0LXNlY3JldC1zZWNyZXQ=", "a token of the API": "s3cret-token-of-nobody"}
TEXT = "the text of a post"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(what: str, holds, processes=()) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        for one in processes:
            if one.running.poll() is not None:
                sys.exit(f"traces: {one.name} ended: {one.log.read_text()[-3000:]}")
        if time.monotonic() > end:
            sys.exit(f"traces: waited in vain for this: {what}\n" + "\n".join(one.log.read_text()[-2000:] for one in processes))
        time.sleep(0.2)


class Receiver:
    """oteltap: it prints every span that it is sent as a line of JSON. Before it, what it does not print is read: of which process they are."""

    def __init__(self, name: str, folder: Path):
        self.out, self.name, behind = folder / f"{name}.spans", name, free_port()
        self.processes: set[str] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                for spans in ExportTraceServiceRequest.FromString(body).resource_spans:
                    told = {pair.key: pair.value.string_value for pair in spans.resource.attributes}
                    receiver.processes.add(told.get("service.instance.id", ""))
                on = urllib.request.Request(f"http://127.0.0.1:{behind}{self.path}", body, {"content-type": self.headers["content-type"]})
                with urllib.request.urlopen(on) as answer:
                    said = answer.read()
                self.send_response(answer.status)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.port = server.server_port
        with self.out.open("w") as out:
            command = [sys.executable, "-u", "-m", "oteltap", "--port", str(behind)]
            self.running = subprocess.Popen(command, stdout=out, stderr=out)
        self.log = self.out
        until(f"a receiver for {name}", lambda: "Listening" in self.out.read_text(), [self])

    def spans(self) -> list[dict]:
        found = []
        for line in self.out.read_text().splitlines():
            if line.startswith("{"):
                span = json.loads(line)
                values = {pair["key"]: next(iter(pair["value"].values())) for pair in span["attributes"]}
                found.append({**span, "attributes": values, "service": self.name})
        return found


class Platform:
    """A webhook's receiver. The first call of a post whose text asks for a failure gets it."""

    def __init__(self):
        platform = self
        self.seen: list[tuple[str, int]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                text, key = body["data"]["text"], self.headers["webhook-id"]
                first = key not in {known for known, _ in platform.seen}
                status = next((code for word, code in (("refused", 404), ("doubt", 503)) if first and word in text), 200)
                platform.seen.append((key, status))
                answer = json.dumps({"id": f"p-{len(platform.seen)}"} if status == 200 else {"error": "not now"}).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/{SECRETS[HOOK_PATH]}?key={SECRETS['its query']}"


class Process:
    """A service, with its receiver."""

    def __init__(self, program: str, service: str, config: Path, folder: Path):
        self.name, self.log, self.receiver = service, folder / f"{service}.log", Receiver(service, folder)
        self.health, self.api = free_port(), free_port()
        names = {
            "PATH": os.environ["PATH"],
            "ONCEPOST_CONFIG": str(config),
            "ONCEPOST__HEALTH__LISTEN": f"127.0.0.1:{self.health}",
            "ONCEPOST__API__LISTEN": f"127.0.0.1:{self.api}",
            "ONCEPOST__TELEMETRY__OTLP_ENDPOINT": f"http://127.0.0.1:{self.receiver.port}",
        }
        with self.log.open("w") as log:
            self.running = subprocess.Popen([program, service], env=names, stdout=log, stderr=log, cwd=folder)

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health}/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


class Stand:
    """Everything: started when it is made, ended by `end`."""

    def __init__(self, program: str, folder: Path):
        self.platform = Platform()
        broker, ledger, guard = (os.environ[f"ONCEPOST_TEST_{kind}"] for kind in ("AMQP", "POSTGRES", "REDIS"))
        account = {
            "tenant": "acme", "channel": "webhook", "id": "main", "base_url": self.platform.url,
            "secrets": {"signing_secret": {"value": f"whsec_{SECRETS['its key']}"}},
        }
        settings = {
            "ledger": {"url": ledger}, "broker": {"url": broker, "prefix": "oncepost"}, "guard": {"url": guard},
            "protocol": {
                "http_timeout": "2s", "attempt_limit": "5s", "lease": "6s", "lock_ttl": "7s", "reemit_after": "15s",
                "backoff": {"base": "2s", "factor": 2.0, "cap": "20s", "jitter": 0.0},
            },
            "api": {"tokens": [{"name": "check", "secret": {"value": SECRETS["a token of the API"]}}]},
            "telemetry": {"log": "debug", "format": "json", "sample_ratio": 1.0},
            "media": {"store": str(folder / "media"), "allow_private": True, "fetch_timeout": "3s"},
            "accounts": [account],
        }
        config = folder / "oncepost.json"
        config.write_text(json.dumps(settings))
        migrated = subprocess.run([program, "migrate", "--config", str(config)], capture_output=True, text=True)
        if migrated.returncode != 0:
            sys.exit(f"traces: migrate: {migrated.stderr}")
        self.fleet = [Process(program, service, config, folder) for service in ("scheduler", "worker", "api")]
        until("everything is ready", lambda: all(one.ready() for one in self.fleet), self.fleet)

    def schedule(self, key: str, text: str) -> dict:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
        return {
            "version": 1, "idempotency_key": key, "tenant": "acme", "content": {"text": f"{TEXT}: {text}"},
            "publish_at": at, "targets": [{"channel": "webhook", "account": "main"}],
        }

    def by_broker(self, message: dict, headers: dict[str, str]) -> None:
        """Publishes through the broker's own HTTP interface, which is no code of ours."""
        admin = urllib.parse.urlsplit(os.environ["ONCEPOST_TEST_AMQP_ADMIN"])
        body = {
            "properties": {"headers": headers, "message_id": message["idempotency_key"], "content_type": "application/json"},
            "routing_key": "", "payload": json.dumps(message), "payload_encoding": "string",
        }
        pair = b64encode(f"{admin.username}:{admin.password}".encode()).decode()
        where = f"http://{admin.hostname}:{admin.port}/api/exchanges/%2F/oncepost.schedule/publish"
        with urllib.request.urlopen(request(where, body, {"authorization": f"Basic {pair}"})) as answer:
            if json.load(answer) != {"routed": True}:
                sys.exit("traces: the broker did not route a request")

    def by_api(self, message: dict, headers: dict[str, str]) -> None:
        bearer = {"authorization": f"Bearer {SECRETS['a token of the API']}", **headers}
        where = f"http://127.0.0.1:{self.fleet[2].api}/v1/posts"
        with urllib.request.urlopen(request(where, message, bearer)) as answer:
            if answer.status != 202:
                sys.exit(f"traces: the API answers {answer.status}")

    def processes(self) -> dict[str, str]:
        """The id of each process, as the API tells it."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.fleet[2].api}/v1/processes", headers={"authorization": f"Bearer {SECRETS['a token of the API']}"}
        )
        with urllib.request.urlopen(asked) as answer:
            return {one["service"]: one["id"] for one in json.load(answer)["processes"]}

    def published(self) -> int:
        return len({key for key, status in self.platform.seen if status == 200})

    def end(self) -> list[dict]:
        """Ends everything in order, and returns every span."""
        for one in self.fleet:
            one.running.send_signal(signal.SIGTERM)
        for one in self.fleet:
            if one.running.wait(PATIENCE) != 0:
                sys.exit(f"traces: {one.name} did not end in order: {one.log.read_text()[-2000:]}")
        # A process has been told that its last spans were taken before it ends.
        spans = [span for one in self.fleet for span in one.receiver.spans()]
        self.kill()
        return spans

    def kill(self) -> None:
        for one in self.fleet:
            one.running.kill()
            one.receiver.running.kill()


def request(where: str, body: dict, headers: dict[str, str]) -> urllib.request.Request:
    return urllib.request.Request(where, json.dumps(body).encode(), {"content-type": "application/json", **headers})
