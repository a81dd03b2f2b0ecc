"""How many workers there are."""

import json
import re
import unittest

import yaml

from .chart import CASES, CHART, channels_reference, labels, notes, of_kind, rendered, settings_reference, text, values

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
            if not values(case)["workers"]["replicas"]:
                continue  # test_nobody_is_nobody
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

    def test_nobody_is_nobody(self):
        """0 is taken for what it is: no pod, nothing that adds or protects one, and a channel that is off."""
        nobody = rendered("standby")
        self.assertEqual({d["spec"]["replicas"] for d in of_kind(nobody, "Deployment")}, {0})
        self.assertEqual(of_kind(nobody, "HorizontalPodAutoscaler", "PodDisruptionBudget", "Job"), [])
        without = rendered("keda", "1.37", "--set", "channels.x.replicas=0,keeper.replicas=0")
        replicas = {d["metadata"]["name"]: d["spec"].get("replicas") for d in of_kind(without, "Deployment")}
        self.assertEqual({name for name, many in replicas.items() if many == 0}, {"rel-oncepost-worker-x", "rel-oncepost-keeper"})
        for kind, but in {"ScaledObject": 1, "PodDisruptionBudget": 2}.items():
            left = {r["metadata"]["name"] for r in of_kind(without, kind)}
            self.assertEqual(left, {r["metadata"]["name"] for r in of_kind(rendered("keda"), kind)} - {"rel-oncepost-worker-x", "rel-oncepost-keeper"})
            self.assertEqual(len(of_kind(rendered("keda"), kind)) - len(left), but)
        (config,) = [c for c in of_kind(without, "ConfigMap") if "oncepost.json" in c["data"]]
        channels = json.loads(config["data"]["oncepost.json"])["channels"]
        self.assertEqual(channels["x"]["enabled"], False, "what is due would be in a queue that nobody empties")
        self.assertNotIn("mastodon", channels)

    def test_the_notes_tell_each_channels_bounds_and_what_they_come_from(self):
        told = notes("keda")
        for line in [
            "bluesky: 2 to 7 workers, bound by its platform's quota, 2500 posts in 3600 s of each of 500 accounts.",
            "google-business: 2 to 3 workers, bound by channels.google-business.maxReplicas.",
            "mastodon: always 3 workers, bound by its platform's quota, 300 posts in 10800 s of each of 5000 accounts.",
            "youtube: always 2 workers, bound by the two that let one be replaced. Fewer would do by its platform's quota",
            "NOT SCALED",
        ]:
            self.assertIn(line, told)
        for channel, (least, most) in self.bounds("hpa").items():
            self.assertIn(f"{channel}: {least} to {most} workers, bound by autoscaling.maxReplicas.", notes("hpa"))
        self.assertNotIn("NOT SCALED", notes("hpa"))
        self.assertNotIn("Workers of each channel", notes("minimal"))

    def test_the_notes_tell_who_is_absent(self):
        self.assertIn("NOTHING RUNS", notes("standby"))
        self.assertNotIn("alerts by absence", notes("standby"))
        self.assertIn("alerts by absence", notes("standby", "--set", "monitoring.rules.enabled=true"))
        for service, alert in {"scheduler": "OncepostSchedulerSilent", "keeper": "OncepostNobodyLooksAhead"}.items():
            told = notes("minimal", "--set", f"{service}.replicas=0")
            self.assertIn(f"NO {service.upper()}", told)
            self.assertIn(alert, told)
            self.assertIn(f"alert: {alert}\n", text("deploy/prometheus/rules/absence.yaml"))
            self.assertNotIn(alert, notes("minimal"))

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

    def test_the_example_in_the_docs_scales_as_it_says(self):
        (example,) = re.findall(r"```yaml\n(autoscaling: \{ kind: hpa.*?)```", text("docs/kubernetes.md"), re.DOTALL)
        told = {name: (int(least), int(most)) for name, least, most in re.findall(r"^  ([a-z-]+): .*# (\d+) to (\d+): ", example, re.MULTILINE)}
        given = yaml.safe_load(example)
        self.assertEqual(told.keys(), given["channels"].keys())
        self.assertTrue(all(least < most for least, most in told.values()))
        sets = [f"{key}={json.dumps(value)}" for key, value in given.items()]
        found = self.bounds("minimal", *(argument for one in sets for argument in ("--set-json", one)))
        self.assertEqual(found, told)

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
