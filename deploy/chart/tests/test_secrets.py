"""Which pods hold which Secrets: those that their process opens, and no others."""

import re
import unittest

import yaml

from .chart import CASES, CHART, container, labels, of_kind, pod_of, rendered, text, values

CASE = "secrets"
# The chart's values by the field of `Needs` in the code that they are held for.
FIELDS = {"apps": "apps", "api": "api", "vault": "vault", "alerts": "alerts"}


def held(workload: dict) -> set[str]:
    """The Secrets of its pod, but those of the stores and of the API's tokens, which have values of their own."""
    names = {volume["secret"]["secretName"] for volume in pod_of(workload).get("volumes", []) if "secret" in volume}
    names |= {entry["valueFrom"]["secretKeyRef"]["name"] for entry in container(workload).get("env", []) if "valueFrom" in entry}
    return names - {"oncepost-tokens"}


class Secrets(unittest.TestCase):
    def test_a_pod_holds_what_its_process_opens_and_nothing_else(self):
        every = {"oncepost-media"}
        publishes = every | {"oncepost-vault", "oncepost-apps"}
        bluesky, mastodon, x = {"oncepost-bluesky"}, {"oncepost-mastodon"}, {"oncepost-x", "oncepost-x-app"}
        api, alerts = {"oncepost-night-shift"}, {"oncepost-alerts"}
        wanted = {
            ("worker", "bluesky"): publishes | bluesky,
            ("worker", "mastodon"): publishes | mastodon,
            ("scheduler", None): every,
            ("keeper", None): publishes | bluesky | mastodon | x,
            ("api", None): publishes | bluesky | mastodon | x | api,
            ("notifier", None): every | {"oncepost-vault"} | alerts,
        }
        resources = rendered(CASE)
        found = {}
        for deployment in of_kind(resources, "Deployment"):
            of = labels(deployment)
            found[of["app.kubernetes.io/component"], of.get("oncepost/channel")] = held(deployment)
        self.assertEqual(found, wanted)
        (doctor,) = of_kind(resources, "Pod")
        self.assertEqual(held(doctor), set().union(*wanted.values()), "it opens all")
        (migrate,) = of_kind(resources, "Job")
        self.assertEqual(held(migrate), every)

    def test_a_secret_may_have_any_name_that_is_legal(self):
        """A volume's may not: no dots, and 63 characters."""
        names = values("private")["secrets"]["files"]
        self.assertTrue(any("." in name for name in names) and len({name[:56] for name in names}) < len(names), "the case has no such names")
        for case in CASES:
            for workload in of_kind(rendered(case), "Deployment", "Job", "Pod"):
                with self.subTest(case=case, name=workload["metadata"]["name"]):
                    volumes = pod_of(workload).get("volumes", [])
                    for volume in volumes:
                        self.assertRegex(volume["name"], r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")
                    by_name = {volume["name"]: volume for volume in volumes}
                    self.assertEqual(len(by_name), len(volumes), "two volumes have one name")
                    mounts = {mount["name"]: mount["mountPath"] for mount in container(workload).get("volumeMounts", [])}
                    self.assertEqual(mounts.keys(), by_name.keys())
                    for name, path in mounts.items():
                        if path.startswith("/run/secrets/"):
                            self.assertEqual(path, f"/run/secrets/{by_name[name]['secret']['secretName']}")

    def test_what_the_code_opens_is_what_the_chart_takes_it_to_open(self):
        code = text("services/oncepost/src/main.rs").split("fn needs(command: &Command) -> Needs {", 1)[1].split("\n}", 1)[0]
        code = code.replace("let accounts = NeededAccounts::All;", "")
        arms = {}
        for names, body in re.findall(r"^        (Command::[^=]+?) => (.+?)(?=^        Command::|\Z)", code, re.MULTILINE | re.DOTALL):
            for name in re.findall(r"Command::([A-Z][a-z]+)", names):
                arms[name.lower()] = body
        opens = yaml.safe_load((CHART / "files/opens.yaml").read_text())
        for service, parts in opens.items():
            body = arms[service]
            every = "Needs::all()" in body
            with self.subTest(service):
                for field, part in FIELDS.items():
                    opened = f"{field}: true" in body or (every and f"{field}: false" not in body)
                    self.assertEqual(part in parts, opened, part)
                self.assertEqual("channel" in parts, "NeededAccounts::On" in body)
                self.assertEqual("channels" in parts, "NeededAccounts::On" not in body and (every or "accounts," in body))
