"""Whoever scrapes finds every process once, and under the job's name that the alerts look for."""

import json
import re
import unittest

from .chart import CASES, CHART, RELEASE, container, helm, labels, of_kind, rendered, selects, text, values


def monitored(case: str) -> list[dict]:
    return of_kind(rendered(case), "PodMonitor", "ServiceMonitor")


class Scraping(unittest.TestCase):
    def test_it_is_as_the_values_say(self):
        seen = set()
        for case in CASES:
            wanted = {
                f"{key[0].upper()}{key[1:]}" for key in ("podMonitor", "serviceMonitor") if values(case)["monitoring"][key]["enabled"]
            }
            self.assertEqual({monitor["kind"] for monitor in monitored(case)}, wanted, case)
            seen |= wanted
        self.assertEqual(seen, {"PodMonitor", "ServiceMonitor"})

    def test_every_process_is_found_on_the_port_that_has_metrics(self):
        for case in CASES:
            for monitor in monitored(case):
                if monitor["kind"] == "PodMonitor":
                    selector = monitor["spec"]["selector"]
                    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
                    port = endpoint["port"]
                else:
                    (service,) = [s for s in of_kind(rendered(case), "Service") if selects(monitor["spec"]["selector"], s["metadata"]["labels"])]
                    selector = {"matchLabels": service["spec"]["selector"]}
                    (endpoint,) = monitor["spec"]["endpoints"]
                    (of_service,) = [port for port in service["spec"]["ports"] if port["name"] == endpoint["port"]]
                    port = of_service["targetPort"]
                    self.assertTrue(service["spec"]["publishNotReadyAddresses"], "who is not ready is what alerts are about")
                    self.assertEqual(service["spec"]["clusterIP"], "None")
                self.assertEqual(endpoint["path"], "/metrics")
                for deployment in of_kind(rendered(case), "Deployment"):
                    self.assertTrue(selects(selector, labels(deployment)), deployment["metadata"]["name"])
                    self.assertIn(port, {entry["name"] for entry in container(deployment)["ports"]})

    def test_the_job_and_labels_are_those_that_alerts_look_for(self):
        for case in CASES:
            for monitor in monitored(case):
                key = f"{monitor['kind'][0].lower()}{monitor['kind'][1:]}"
                wanted = values(case)["monitoring"][key]
                self.assertNotIn("jobLabel", monitor["spec"])
                self.assertEqual(monitor["spec"]["podTargetLabels"], ["app.kubernetes.io/component", "oncepost/channel"])
                self.assertLessEqual(wanted["labels"].items(), monitor["metadata"]["labels"].items())
                (endpoint,) = monitor["spec"].get("endpoints") or monitor["spec"]["podMetricsEndpoints"]
                self.assertEqual(endpoint["interval"], wanted["interval"])
                # Whatever release and chart are called: standby has another name.
                self.assertEqual(endpoint["relabelings"], [{"action": "replace", "targetLabel": "job", "replacement": "oncepost"}])
        self.assertTrue(values("standby")["nameOverride"] and monitored("standby"))
        looked_for = re.findall(r'up\{job=~\\?"([^"\\]+)', text("deploy/prometheus/rules/absence.yaml") + text("deploy/grafana/parts.json"))
        self.assertEqual(len(looked_for), 2)
        for job in looked_for:
            self.assertRegex("oncepost", f"^(?:{job})$")

    def test_links_lead_to_the_docs_that_the_values_name(self):
        enabled = "monitoring.rules.enabled=true,monitoring.dashboards.enabled=true"

        def links(*more):
            found = of_kind(rendered("minimal", "1.37", "--set", enabled, *more), "PrometheusRule", "ConfigMap")
            return re.findall(r"https://[a-z.]+/[a-z/]+runbooks/", json.dumps(found))

        self.assertEqual(set(links()), {"https://oncepost.example/docs/runbooks/"})
        named = links("--set", "monitoring.docsUrl=https://wiki.example/oncepost")
        self.assertEqual(set(named), {"https://wiki.example/oncepost/runbooks/"})
        self.assertEqual(len(named), len(links()))

    def test_nobody_is_scraped_twice(self):
        both = ["--set", "monitoring.podMonitor.enabled=true", "--set", "monitoring.serviceMonitor.enabled=true"]
        done = helm("template", RELEASE, str(CHART), "--values", str(CHART / "ci/minimal-values.yaml"), *both)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("scraped twice", done.stderr)
