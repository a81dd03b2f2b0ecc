"""Posts go through real servers and processes, and a foreign receiver is asked what it saw of them: check.py PROGRAM."""

import sys
import tempfile
import unittest
from pathlib import Path

from stand import SECRETS, TEXT, Stand, until

PROGRAM = sys.argv.pop(1)
UPSTREAM_TRACE, UPSTREAM_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
API_TRACE, API_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CLIENT, SERVER, PRODUCER, CONSUMER = 3, 2, 4, 5
# Exchange and queue, which have the same name; upstream gives no routing key.
DOOR = "oncepost.schedule:oncepost.schedule"
SCHEDULE = f"process {DOOR}"
FAILED = 2


def parent(trace: str, span: str) -> dict[str, str]:
    return {"traceparent": f"00-{trace}-{span}-01"}


class Traces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        stand = Stand(PROGRAM, Path(folder.name))
        cls.addClassCleanup(stand.kill)
        stand.by_broker(stand.schedule("named", "refused once"), parent(UPSTREAM_TRACE, UPSTREAM_SPAN))
        stand.by_broker(stand.schedule("unnamed", "in doubt once"), {})
        stand.by_api(stand.schedule("called", "at once"), parent(API_TRACE, API_SPAN))
        until("three posts are out", lambda: stand.published() == 3, stand.fleet)
        # The last event says that the last result is committed.
        told = lambda: sum("target.published" in line for one in stand.fleet for line in one.receiver.out.read_text().splitlines())
        until("three results are told", lambda: told() >= 3, stand.fleet)
        cls.known = stand.processes()
        cls.spans = stand.end()
        cls.processes = {one.name: one.receiver.processes for one in stand.fleet}
        cls.logs = "".join(one.log.read_text() for one in stand.fleet)
        cls.files = cls.logs + "".join(one.receiver.out.read_text() for one in stand.fleet)

    def of(self, trace: str, name: str = "") -> list[dict]:
        found = [span for span in self.spans if span["traceId"] == trace and span["name"].startswith(name)]
        return sorted(found, key=lambda span: int(span["startTimeUnixNano"]))

    def unnamed(self) -> str:
        (first,) = [s for s in self.spans if s["name"] == SCHEDULE and s["attributes"].get("messaging.message.id") == "unnamed"]
        self.assertEqual(first["parentSpanId"], "", "it begins its trace")
        return first["traceId"]

    def below(self, span: dict, name: str) -> dict:
        """The one child of that name."""
        children = [child for child in self.of(span["traceId"], name) if child["parentSpanId"] == span["spanId"]]
        self.assertEqual(len(children), 1, f"{name} below {span['name']}")
        return children[0]

    def test_every_span_has_its_parent(self):
        known = {span["spanId"] for span in self.spans} | {UPSTREAM_SPAN, API_SPAN}
        orphans = [span["name"] for span in self.spans if span["parentSpanId"] and span["parentSpanId"] not in known]
        self.assertEqual(orphans, [])

    def test_spans_name_their_process_as_the_ledger_does(self):
        self.assertEqual(set(self.known), {"scheduler", "worker", "api"})
        self.assertEqual(self.processes, {service: {process} for service, process in self.known.items()})

    def test_one_trace_leads_through_every_process_to_the_committed_result(self):
        for trace, first, second in ((UPSTREAM_TRACE, UPSTREAM_SPAN, "retried"), (self.unnamed(), "", "repeated")):
            with self.subTest(second):
                (door,) = self.of(trace, SCHEDULE)
                self.assertEqual((door["parentSpanId"], door["service"], door["kind"]), (first, "scheduler", CONSUMER))
                self.below(self.below(door, "accept"), "accept posts")
                sent = self.below(self.below(door, "hand over"), "publish oncepost.publish.webhook")
                self.assertEqual((sent["service"], sent["kind"]), ("scheduler", PRODUCER))
                messages = self.of(trace, "process oncepost.publish")
                self.assertGreaterEqual(len(messages), 2, "the second attempt came in the message that was carried round")
                for message in messages:
                    self.assertEqual((message["parentSpanId"], message["service"], message["kind"]), (sent["spanId"], "worker", CONSUMER))
                attempts = self.of(trace, "attempt")
                self.assertEqual([span["attributes"]["oncepost.attempt"] for span in attempts], ["1", "2"])
                self.assertEqual([link["spanId"] for link in attempts[1]["links"]], [attempts[0]["spanId"]])
                committed = [s for s in self.of(trace, "apply targets") if s["attributes"]["oncepost.command"] == "finish"]
                self.assertEqual([span["parentSpanId"] for span in committed], [span["spanId"] for span in attempts])
                self.below(self.below(attempts[1], "tell"), "publish oncepost.events:target.published")

    def test_a_call_of_the_api_begins_the_same_way(self):
        (call,) = self.of(API_TRACE, "POST /v1/posts")
        self.assertEqual((call["parentSpanId"], call["service"], call["kind"]), (API_SPAN, "api", SERVER))
        self.assertEqual(
            {key: call["attributes"][key] for key in ("http.request.method", "http.route", "http.response.status_code", "url.path", "url.scheme")},
            {"http.request.method": "POST", "http.route": "/v1/posts", "http.response.status_code": "202", "url.path": "/v1/posts", "url.scheme": "http"},
        )
        self.below(self.below(call, "hand over"), "publish oncepost.publish.webhook")
        (attempt,) = self.of(API_TRACE, "attempt")
        self.below(attempt, "POST")

    def test_calls_of_platforms_follow_the_conventions(self):
        for trace, status in ((UPSTREAM_TRACE, "404"), (self.unnamed(), "503")):
            failed, done = self.of(trace, "POST")
            for call in (failed, done):
                told = call["attributes"]
                self.assertEqual((call["kind"], told["http.request.method"], told["server.address"]), (CLIENT, "POST", "127.0.0.1"))
                self.assertEqual(told["url.full"], f"http://127.0.0.1:{told['server.port']}/REDACTED")
            self.assertEqual([s["attributes"]["http.response.status_code"] for s in (failed, done)], [status, "200"])
            self.assertEqual((failed["status"]["code"], failed["attributes"]["error.type"]), (FAILED, status))
            self.assertNotIn("error.type", done["attributes"])

    def test_messages_follow_the_conventions(self):
        (door,) = self.of(UPSTREAM_TRACE, SCHEDULE)
        wanted = {
            "messaging.system": "rabbitmq", "messaging.operation.name": "process", "messaging.operation.type": "process",
            "messaging.destination.name": DOOR, "messaging.message.id": "named",
        }
        self.assertEqual(wanted, {key: door["attributes"].get(key) for key in wanted})
        (sent,) = self.of(UPSTREAM_TRACE, "publish oncepost.publish.webhook")
        wanted = {
            "messaging.system": "rabbitmq", "messaging.operation.name": "publish", "messaging.operation.type": "send",
            "messaging.destination.name": "oncepost.publish.webhook", "messaging.rabbitmq.destination.routing_key": "oncepost.publish.webhook",
            "server.address": "127.0.0.1",
        }
        self.assertEqual(wanted, {key: sent["attributes"].get(key) for key in wanted})
        retried = self.of(UPSTREAM_TRACE, "publish oncepost.retry")
        self.assertEqual([span["attributes"]["messaging.rabbitmq.destination.routing_key"] for span in retried], ["webhook"])

    def test_databases_follow_the_conventions(self):
        systems = {}
        for span in self.spans:
            if "db.system.name" in span["attributes"]:
                systems.setdefault(span["attributes"]["db.system.name"], []).append(span)
        self.assertEqual(set(systems), {"postgresql", "redis"})
        for span in systems["postgresql"] + systems["redis"]:
            self.assertEqual(span["kind"], CLIENT)
            self.assertLessEqual({"db.operation.name", "server.address", "server.port"}, set(span["attributes"]))
            self.assertNotIn("db.query.text", span["attributes"])
        self.assertLessEqual({"SET", "EVALSHA release", "EVALSHA permit"}, {span["name"] for span in systems["redis"]})
        self.assertLessEqual({"accept posts", "apply targets"}, {span["name"] for span in systems["postgresql"]})

    def test_lines_tell_trace_and_span(self):
        attempts = {span["spanId"] for span in self.of(UPSTREAM_TRACE, "attempt")}
        lines = [line for line in self.logs.splitlines() if f'"trace_id":"{UPSTREAM_TRACE}"' in line]
        self.assertTrue(any(f'"span_id":"{attempt}"' in line for line in lines for attempt in attempts))
        self.assertTrue(any('"target.id":"' in line for line in lines))

    def test_no_secret_and_no_text_of_a_post_is_in_a_span_or_line(self):
        for what, secret in {**SECRETS, "a post's text": TEXT}.items():
            self.assertNotIn(secret, self.files, what)


if __name__ == "__main__":
    unittest.main(verbosity=2)
