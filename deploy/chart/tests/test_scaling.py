"""How many workers there are."""

import re
import unittest

import yaml

from .chart import CASES, CHART, channels_reference, labels, of_kind, rendered, settings_reference, text, values

SPANS = {"s": 1, "minutes": 60, "hour": 3600, "hours": 3600}


def quotas() -> dict:
    return yaml.safe_load((CHART / "files/quotas.yaml").read_text())


def published_quotas() -> dict[str, list[dict]]:
    """The table of docs/channels/README.md, which is written from the code."""
    table = text("docs/channels/README.md").split("## How much in how long", 1)[1].split("\n## ", 1)[0]
    found = {}
    for channel, says in re.findall(r"^\| \[([a-z-]+)\]\([^)]*\) \| (.*) \|$", table, re.MULTILINE):
        rows = re.findall(r"([\d,]+) (?!replies)\w+ of an (account|app) in (\d+) (s|minutes|hours?)", says)
        found[channel] = [
            {"posts": int(posts.replace(",", "")), "per": per, "seconds": int(number) * SPANS[unit]} for posts, per, number, unit in rows
        ]
    return found


class Quotas(unittest.TestCase):
    def test_the_chart_knows_what_platforms_publish(self):
        published = published_quotas()
        self.assertEqual(quotas().keys(), published.keys())
        for channel, quota in quotas().items():
            rows = published[channel]
            of_app = [row for row in rows if row["per"] == "app"] or rows
            self.assertEqual(quota, min(of_app, key=lambda row: row["seconds"]), channel)

    def test_the_chart_knows_every_channel(self):
        self.assertEqual(yaml.safe_load((CHART / "files/channels.yaml").read_text()), channels_reference())


class Scales(unittest.TestCase):
    def test_what_is_scaled_states_no_replicas_of_its_own(self):
        kinds = {"keda": "ScaledObject", "hpa": "HorizontalPodAutoscaler"}
        seen = set()
        for case in CASES:
            kind = values(case)["autoscaling"]["kind"]
            seen.add(kind)
            scalers = of_kind(rendered(case), *kinds.values())
            workers = {
                d["metadata"]["name"]: d
                for d in of_kind(rendered(case), "Deployment")
                if labels(d)["app.kubernetes.io/component"] == "worker"
            }
            if kind == "none":
                self.assertEqual(scalers, [])
                self.assertTrue(all(d["spec"]["replicas"] >= 1 for d in workers.values()))
                continue
            self.assertEqual({s["kind"] for s in scalers}, {kinds[kind]})
            self.assertEqual([s["spec"]["scaleTargetRef"]["name"] for s in scalers], [s["metadata"]["name"] for s in scalers])
            self.assertEqual({s["metadata"]["name"] for s in scalers}, workers.keys())
            for deployment in of_kind(rendered(case), "Deployment"):
                self.assertEqual("replicas" in deployment["spec"], deployment["metadata"]["name"] not in workers)
        self.assertEqual(seen, {"none", "keda", "hpa"})

    def test_the_queue_is_the_one_that_workers_take_from(self):
        names = text("shared/broker/src/address.rs")
        self.assertIn('self.under(&format!("publish.{channel}"))', names)
        self.assertRegex(names, r'format!\("\{\}\.\{name\}", self\.prefix\)')
        for case in CASES:
            prefix = values(case)["settings"].get("broker", {}).get("prefix", settings_reference()["broker.prefix"])
            for scaler in of_kind(rendered(case), "ScaledObject"):
                (trigger,) = scaler["spec"]["triggers"]
                channel = scaler["metadata"]["labels"]["oncepost/channel"]
                self.assertEqual(scaler["metadata"]["name"], f"rel-oncepost-worker-{channel}")
                self.assertEqual(trigger["metadata"]["queueName"], f"{prefix}.publish.{channel}")

    def test_who_is_in_a_publish_counts(self):
        (case,) = [case for case in CASES if values(case)["autoscaling"]["kind"] == "keda"]
        authentications = {a["metadata"]["name"]: a for a in of_kind(rendered(case), "TriggerAuthentication")}
        for scaler in of_kind(rendered(case), "ScaledObject"):
            (trigger,) = scaler["spec"]["triggers"]
            asked = trigger["metadata"]
            self.assertEqual((asked["protocol"], asked["mode"], asked["excludeUnacknowledged"]), ("http", "QueueLength", "false"))
            self.assertTrue(all(isinstance(value, str) for value in asked.values()))
            self.assertNotIn("@", asked["host"])
            self.assertLess(
                int(asked["value"]),
                int(settings_reference()["broker.prefetch"]),
                "another should come before one is full",
            )
            self.assertIn(trigger["authenticationRef"]["name"], authentications)
            self.assertEqual(scaler["spec"]["fallback"]["behavior"], "currentReplicasIfHigher")
            self.assertGreaterEqual(
                scaler["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"], 60
            )

    def bounds(self, case, *more):
        found = {}
        for scaler in of_kind(rendered(case, "1.37", *more), "ScaledObject", "HorizontalPodAutoscaler"):
            spec = scaler["spec"]
            found[scaler["metadata"]["labels"]["oncepost/channel"]] = (
                spec.get("minReplicaCount", spec.get("minReplicas")),
                spec.get("maxReplicaCount", spec.get("maxReplicas")),
            )
        return found

    def test_nobody_scales_beyond_what_the_platform_takes(self):
        for case in CASES:
            given = values(case)
            for channel, (least, most) in self.bounds(case).items():
                own = given["channels"][channel] or {}
                self.assertEqual(least, own.get("replicas", given["workers"]["replicas"]))
                self.assertLessEqual(least, most)
                if "maxReplicas" in own:
                    self.assertEqual(most, max(least, own["maxReplicas"]))
                    continue
                self.assertLessEqual(most, max(least, given["autoscaling"]["maxReplicas"]))
                quota = quotas().get(channel)
                if quota:
                    a_second = quota["posts"] * (own.get("accounts", 100) if quota["per"] == "account" else 1) / quota["seconds"]
                    spare = (most - 1) * given["autoscaling"]["postsPerSecond"]
                    self.assertTrue(most <= max(least, 2) or spare < a_second, f"{case}, {channel}: {most - 1} workers would do")

    def test_caps_worked_out_by_hand(self):
        # bluesky: 2,500 posts an hour of each of 500 accounts are 347 a second: 7 workers of 50. x: 10,000 a day in all: two. Others: what is allowed.
        self.assertEqual(
            self.bounds("keda"),
            {"bluesky": (2, 7), "google-business": (2, 3), "instagram": (2, 2), "mastodon": (3, 3), "x": (1, 2), "youtube": (2, 2)},
        )
        # mastodon: 300 posts in three hours of each of 100,000 accounts are 2,778 a second, so what is allowed to all counts.
        self.assertEqual(self.bounds("hpa"), {"mastodon": (2, 12), "webhook": (4, 12)})
        # Nobody can fill more workers than there are messages.
        self.assertEqual(self.bounds("hpa", "--set", "settings.protocol.outstanding_per_channel=500")["mastodon"], (2, 5))
