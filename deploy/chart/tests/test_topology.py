"""The topology that the operator is told of is the one that the program declares."""

import json
import re
import unittest

from .chart import of_kind, rendered, settings_reference, seconds, text, values


def definitions() -> dict:
    """What a broker has after the program has declared everything: deploy/rabbitmq/check.sh holds this file against one."""
    return json.loads(text("deploy/rabbitmq/definitions.json"))


class Topology(unittest.TestCase):
    def test_the_operator_declares_what_the_program_does(self):
        prefix, channels = values("keda")["settings"]["broker"]["prefix"], set(values("keda")["channels"])
        rename = lambda name: re.sub(r"^oncepost\b", prefix, name) if isinstance(name, str) else name
        of_ours = lambda name: not re.match(r"oncepost\.(publish|dead)\.", name) or name.split(".", 2)[2] in channels
        wanted = definitions()

        exchanges = {
            e["spec"]["name"]: (e["spec"]["type"], e["spec"]["durable"], e["spec"].get("arguments", {}))
            for e in of_kind(rendered("keda"), "Exchange")
        }
        expected = {
            rename(e["name"]): (e["type"], e["durable"], {key: rename(value) for key, value in e["arguments"].items()})
            for e in wanted["exchanges"]
        }
        self.assertEqual(exchanges, expected)

        queues = {
            q["spec"]["name"]: {"x-queue-type": q["spec"]["type"], **q["spec"]["arguments"]} for q in of_kind(rendered("keda"), "Queue")
        }
        expected = {
            rename(q["name"]): {key: rename(value) for key, value in q["arguments"].items()} for q in wanted["queues"] if of_ours(q["name"])
        }
        self.assertEqual(queues, expected)

        bindings = {(b["spec"]["source"], b["spec"]["destination"], b["spec"]["routingKey"]) for b in of_kind(rendered("keda"), "Binding")}
        expected = {
            (rename(b["source"]), rename(b["destination"]), b["routing_key"]) for b in wanted["bindings"] if of_ours(b["destination"])
        }
        self.assertEqual(bindings, expected)

    def test_no_queue_goes_with_its_object(self):
        for resource in of_kind(rendered("keda"), "Exchange", "Queue", "Binding", "Policy"):
            self.assertEqual(resource["metadata"]["annotations"]["helm.sh/resource-policy"], "keep")
            self.assertEqual(resource["spec"]["vhost"], "posts")
            if resource["kind"] == "Queue":
                self.assertEqual(resource["spec"]["deletionPolicy"], "retain")
                self.assertTrue(resource["spec"]["durable"])
        self.assertEqual(of_kind(rendered("minimal"), "Exchange", "Queue", "Binding", "Policy"), [])

    def test_the_policy_is_the_one_of_deploy(self):
        (policy,) = of_kind(rendered("keda"), "Policy")
        (wanted,) = definitions()["policies"]
        self.assertEqual(policy["spec"]["definition"], wanted["definition"])
        self.assertTrue(re.match(policy["spec"]["pattern"], "social.posts.schedule"))
        for other in ("social.posts.schedule.rejected", "social-posts-schedule", "other.social.posts.schedule"):
            self.assertFalse(re.match(policy["spec"]["pattern"], other), other)

    def test_the_broker_waits_as_long_for_consumers_as_the_settings_say(self):
        millis = int(re.search(r"^consumer_timeout = (\d+)$", text("deploy/rabbitmq/rabbitmq.conf"), re.MULTILINE).group(1))
        self.assertEqual(millis, 1000 * seconds(settings_reference()["broker.consumer_timeout"]))
