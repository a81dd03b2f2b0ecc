"""It renders, and what comes out is what clusters take; what is wrong is refused."""

import json
import os
import re
import subprocess
import unittest

import jsonschema
import kubernetes_validate
import yaml

from .chart import CASES, CHART, RELEASE, ROOT, VERSIONS, helm, notes, of_kind, rendered, settings_reference, text, values

TYPED = {"keda.sh/v1alpha1", "monitoring.coreos.com/v1"}
CLOSED = {"rabbitmq.com/v1beta1": json.loads((ROOT / "deploy/chart/crds/rabbitmq.json").read_text())}


class Renders(unittest.TestCase):
    def test_every_resource_is_valid_for_every_version(self):
        kinds = set()
        for case in CASES:
            for version in VERSIONS:
                for resource in rendered(case, version):
                    kind = resource["apiVersion"]
                    if kind in TYPED:
                        continue
                    with self.subTest(case=case, version=version, kind=resource["kind"], name=resource["metadata"]["name"]):
                        if kind in CLOSED:
                            jsonschema.validate(resource, CLOSED[kind])
                        else:
                            kubernetes_validate.validate(resource, version, strict=True)
                        kinds.add(resource["kind"])
        self.assertLessEqual(
            {
                "Deployment",
                "Job",
                "Pod",
                "PodDisruptionBudget",
                "NetworkPolicy",
                "Service",
                "Ingress",
                "ConfigMap",
                "HorizontalPodAutoscaler",
                "Queue",
            },
            kinds,
        )

    def check_types(self, resources):
        program = ROOT / ".run/tools/crds/check.mjs"
        return subprocess.run(["node", str(program)], input=json.dumps(resources), capture_output=True, text=True, env=dict(os.environ))

    def test_custom_resources_have_the_fields_that_their_operators_know_and_no_others(self):
        resources = [resource for case in CASES for resource in rendered(case) if resource["apiVersion"] in TYPED]
        rule = {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "r"},
            "spec": {"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "up == 0"}]}]},
        }
        done = self.check_types([*resources, rule])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("ScaledObject", {resource["kind"] for resource in resources})
        slip = json.loads(json.dumps([resource for resource in resources if resource["kind"] == "ScaledObject"][0]))
        slip["spec"]["polingInterval"] = slip["spec"].pop("pollingInterval")
        done = self.check_types([slip])
        self.assertEqual(done.returncode, 1, "a misspelt field was let through")
        self.assertIn("polingInterval", done.stdout)

    def test_names_are_given_once(self):
        for case in CASES:
            names = [(resource["apiVersion"], resource["kind"], resource["metadata"]["name"]) for resource in rendered(case)]
            self.assertEqual(len(names), len(set(names)), case)

    def test_the_notes_can_be_told(self):
        for case in CASES:
            told = notes(case)
            runs = any(d["spec"].get("replicas") != 0 for d in of_kind(rendered(case), "Deployment"))
            self.assertEqual(f"helm test {RELEASE} --namespace posts" in told, runs, case)
            self.assertEqual(
                "NO SHARED STORE" in told,
                not (values(case)["media"]["existingClaim"] or values(case)["settings"].get("media", {}).get("store")),
                case,
            )


class Refuses(unittest.TestCase):
    def refused(self, *settings: str) -> str:
        sets = [argument for setting in settings for argument in ("--set", setting)]
        done = helm("template", RELEASE, str(CHART), "--values", str(CHART / "ci/minimal-values.yaml"), *sets)
        self.assertNotEqual(done.returncode, 0, f"{settings} was let through")
        return done.stderr

    def test_what_is_unknown_or_wrong(self):
        for setting, told in {
            "workers.replcas=3": "replcas",
            "settings.protocol.leese=1m": "leese",
            "channels.mastadon.replicas=2": "there is no such channel",
            "secrets.channels.mastadon.files={a}": "secrets.channels.mastadon: there is no such channel",
            "secrets.channels.mastodon.file=a": "file",
            "workers.replicas=none": "/workers/replicas",
            "image.repository=": "image.repository",
            "stores.broker.existingSecret=": "stores.broker.existingSecret",
            "api.existingTokenSecret=": "anyone could publish",
            "autoscaling.kind=keda": "autoscaling.keda",
            "topology.mode=operator": "cluster.name or connectionSecret",
            "settings.protocol.attempt_limit=2 minutes": "attempt_limit",
            "drain.marginSeconds=10": "marginSeconds",
        }.items():
            with self.subTest(setting):
                self.assertIn(told, self.refused(setting))

    def test_what_has_no_effect_or_the_api_server_refuses(self):
        digest = f"sha256:{64 * '0'}"
        for setting, told in {
            f"image.tag=1.0.0,image.digest={digest}": "image: tag and digest are both set",
            f"scheduler.tag=1.0.0,scheduler.digest={digest}": "scheduler: tag and digest are both set",
            f"workers.tag=1.0.0,workers.digest={digest}": "workers: tag and digest are both set",
            "workers.resources.limits.memory=100Mi": "workers.resources: limits.memory is 100Mi and must be at least requests.memory, which is 192Mi",
            "channels.mastodon.resources.requests.cpu=2,channels.mastodon.resources.limits.cpu=1500m": "limits.cpu is 1500m",
            "migrate.resources.limits.memory=1M": "migrate.resources: limits.memory is 1M",
            "workers.resources.limits.memory=1GB": "1GB is no quantity",
            "fullnameOverride=1posts": "begins with a letter",
            "nameOverride=Posts_x": "/nameOverride",
            "autoscaling.kind=hpa,workers.resources.requests.cpu=null": "workers of mastodon request none",
            "env.AWS_REGION=here,secrets.env.AWS_REGION.secret=a,secrets.env.AWS_REGION.key=b": "env.AWS_REGION: is in secrets as well",
            "env.A=b,secrets.channels.x.env.A.secret=a,secrets.channels.x.env.A.key=b": "env.A: is in secrets as well",
            "pods.labels.app\\.kubernetes\\.io/component=mine": "pods.labels: app.kubernetes.io/component is what",
            "pods.labels.oncepost/channel=mine": "pods.labels: oncepost/channel is what",
            "secrets.env.ONCEPOST__PROTOCOL__LEASE.secret=a,secrets.env.ONCEPOST__PROTOCOL__LEASE.key=b": "ONCEPOST__PROTOCOL__LEASE",
            "secrets.env.ONCEPOST_CONFIG.secret=a,secrets.env.ONCEPOST_CONFIG.key=b": "ONCEPOST_CONFIG",
            "media.spoolSize=1Gi": "media.spoolSize: is 1Gi and must hold two files of settings.media.max_bytes, which is 1073741824",
            "settings.media.max_bytes=2147483649": "must hold two files",
            "media.spoolSize=4K": "spoolSize",
        }.items():
            with self.subTest(setting):
                self.assertIn(told, self.refused(setting))

    def test_quantities_are_compared_and_not_their_words(self):
        for setting in ["limits.memory=0.1875Gi", "limits.memory=201326592", "limits.memory=2e8", "limits.cpu=0.1"]:
            done = helm("template", RELEASE, str(CHART), "--values", str(CHART / "ci/minimal-values.yaml"), "--set", f"workers.resources.{setting}")
            if setting == "limits.memory=2e8":
                self.assertIn("limits.memory is 2e8 and must be at least", done.stderr)
            else:
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_must_end_first_in_the_words_of_the_program(self):
        for setting, told in {
            "protocol.attempt_limit=3m": "protocol.attempt_limit: is 3m and must be shorter than protocol.lease, which is 2m 30s",
            "protocol.attempt_limit=150s": "must be shorter than protocol.lease",
            "protocol.http_timeout=2m": "protocol.http_timeout: is 2m and must be shorter than protocol.attempt_limit, which is 2m",
            "protocol.lease=181s": "protocol.lease: is 181s and must be at most protocol.lock_ttl, which is 3m",
            "broker.consumer_timeout=3m": "protocol.lock_ttl: is 3m and must be shorter than broker.consumer_timeout",
            "media.fetch_timeout=2m": "media.fetch_timeout: is 2m and must be shorter",
        }.items():
            with self.subTest(setting):
                self.assertIn(told, self.refused(f"settings.{setting}"))
        equal = helm("template", RELEASE, str(CHART), "--values", str(CHART / "ci/minimal-values.yaml"), "--set", "settings.protocol.lease=3m")
        self.assertEqual(equal.returncode, 0, equal.stderr)

    def test_the_order_is_the_programs(self):
        order = yaml.safe_load((CHART / "files/order.yaml").read_text())
        check = text("shared/settings/src/check.rs")
        chain = re.findall(r'^ {8}\("([a-z_.]+)", [a-z_.]+, "([^"]*)"\),$', check, re.MULTILINE)
        self.assertEqual(len(chain), 5, "the program's chain looks different now")
        self.assertIn('may_equal = *path == "protocol.lease"', check)
        self.assertIn("media.fetch_timeout < settings.protocol.attempt_limit", check)
        wanted = [(first, second, why, first == "protocol.lease") for (first, why), (second, _) in zip(chain, chain[1:])]
        given = [(rule["first"], rule["second"], rule["why"], rule.get("equal", False)) for rule in order["order"]]
        self.assertEqual(given[:-1], wanted)
        self.assertIn(f"shorter than {given[-1][1]}: {given[-1][2]}", check)
        for path in {path for rule in given for path in rule[:2]}:
            self.assertEqual(order["defaults"][path.split(".")[1]], settings_reference()[path])

    def test_one_variable_out_of_two_secrets(self):
        told = self.refused(
            "secrets.env.TOKEN.secret=a", "secrets.env.TOKEN.key=k", "secrets.apps.env.TOKEN.secret=b", "secrets.apps.env.TOKEN.key=k"
        )
        self.assertIn("TOKEN is taken from two Secrets", told)

    def test_secrets_in_the_values(self):
        for settings in [
            ["settings.ledger.url=postgres://u:p@h/d"],
            ["settings.vault.keys[0].id=a", "settings.vault.keys[0].secret.value=key"],
            ["settings.api.tokens[0].name=a", "settings.api.tokens[0].secret.value=in-clear-and-long-enough"],
            ["settings.alerts.slack_url.value=https://hooks.example/secret"],
            ["settings.telemetry.otlp_endpoint=https://user:password@collector"],
            ["env.ONCEPOST__LEDGER__URL=postgres://u:p@h/d"],
            ["autoscaling.keda.host=http://user:password@rabbitmq:15672/"],
        ]:
            with self.subTest(settings[0].split("=")[0]):
                self.refused(*settings)

    def test_what_the_chart_gives_is_not_set_elsewhere(self):
        for setting in [
            "settings.health.listen=0.0.0.0:1",
            "settings.api.listen=0.0.0.0:1",
            "settings.channels.x.enabled=true",
            "settings.media.spool=/var",
        ]:
            with self.subTest(setting):
                self.refused(setting)
