"""It renders, and what comes out is what clusters take; what is wrong is refused."""

import json
import os
import subprocess
import unittest

import jsonschema
import kubernetes_validate

from .chart import CASES, CHART, RELEASE, ROOT, VERSIONS, helm, rendered, values

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
            done = helm(
                "install",
                RELEASE,
                str(CHART),
                "--dry-run=client",
                "--namespace",
                "posts",
                "--values",
                str(CHART / f"ci/{case}-values.yaml"),
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            notes = done.stdout.split("NOTES:", 1)[1]
            self.assertIn(f"helm test {RELEASE} --namespace posts", notes)
            self.assertEqual(
                "NO SHARED STORE" in notes,
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
