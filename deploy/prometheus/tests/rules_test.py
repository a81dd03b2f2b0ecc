"""Rules ask for what is exported, say what is needed, and each alert is tried firing and calm."""

import re
import subprocess
import unittest

import yaml
from sources import ROOT, alerts, listed_values, metrics, records, rules, wrong

SEVERITIES = {"critical": "pager", "warning": "chat", "info": "chat"}


class MetricsPage(unittest.TestCase):
    def test_it_lists_what_the_code_exports(self):
        text = (ROOT / "docs/metrics.md").read_text()
        rows = re.findall(r"^\| `(oncepost_\w+)` \| (\w+) \| (\w+) \| (.*?) \| (.*?) \| (.+?) \|$", text, re.M)
        told = {name: (kind, unit, re.findall(r"`(\w+)`", labels), tells) for name, kind, unit, labels, tells, _ in rows}
        self.assertEqual(told, metrics())
        self.assertEqual(len(rows), len(told), "a metric is listed twice")

    def test_it_bounds_every_label(self):
        used = {label for _, _, labels, _ in metrics().values() for label in labels}
        self.assertEqual(set(listed_values()), used)


class Rules(unittest.TestCase):
    def test_they_ask_for_what_is_exported(self):
        for rule in rules():
            self.assertEqual(wrong(rule["expr"]), [], rule.get("alert") or rule["record"])

    def test_every_record_is_used(self):
        said = " ".join(rule["expr"] for rule in rules())
        said += " ".join(file.read_text() for file in (ROOT / "deploy/grafana").glob("*.json"))
        for name in records():
            self.assertTrue(name.startswith("oncepost:"), name)
            self.assertRegex(said, re.escape(name) + r"\b")

    def test_alerts_say_what_people_need(self):
        names = [rule["alert"] for rule in rules() if "alert" in rule]
        self.assertEqual(len(names), len(set(names)))
        for name, rule in alerts().items():
            self.assertTrue(name.startswith("Oncepost"), name)
            self.assertIn(rule["labels"]["severity"], SEVERITIES, name)
            self.assertEqual(set(rule["annotations"]), {"summary", "description", "runbook_url"}, name)
            self.assertEqual(rule["annotations"]["runbook_url"], f"https://oncepost.example/docs/runbooks/{name}.md")

    def test_each_alert_is_tried_firing_and_calm(self):
        tried = {name: set() for name in alerts()}
        for file in (ROOT / "deploy/prometheus/tests").glob("*.yaml"):
            for test in yaml.safe_load(file.read_text())["tests"]:
                for case in test["alert_rule_test"]:
                    tried[case["alertname"]].add("fires" if case["exp_alerts"] else "calm")
        self.assertEqual(tried, {name: {"fires", "calm"} for name in alerts()})


class Alertmanager(unittest.TestCase):
    FILE = ROOT / "deploy/alertmanager/alertmanager.yaml"

    def test_each_severity_reaches_whom_it_should(self):
        for name, rule in alerts().items():
            severity = rule["labels"]["severity"]
            command = ["amtool", "config", "routes", "test", f"--config.file={self.FILE}", f"alertname={name}", f"severity={severity}"]
            route = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            self.assertEqual(route, [SEVERITIES[severity]], name)

    def test_it_names_alerts_that_exist(self):
        for matcher in re.findall(r"""alertname=~?["'](.*?)["']""", self.FILE.read_text()):
            for name in matcher.split("|"):
                self.assertTrue(name == "Oncepost.+" or name in alerts(), name)

    def test_what_something_else_explains_is_left_out(self):
        rules = yaml.safe_load(self.FILE.read_text())["inhibit_rules"]
        named = lambda matchers: {name for matcher in matchers for name in re.search(r'alertname=~?"(.*)"', matcher)[1].split("|")}
        explained = {(source, target) for rule in rules for source in named(rule["source_matchers"]) for target in named(rule["target_matchers"])}
        for pair in [
            ("OncepostLedgerHistoryLost", "OncepostLedgerAway"),
            ("OncepostLedgerHistoryLost", "OncepostNothingPublished"),
            ("OncepostLedgerAway", "OncepostNothingPublished"),
        ]:
            self.assertIn(pair, explained)
        # What is left out must not leave out what leaves it out: nobody would be told of either.
        self.assertFalse({(target, source) for source, target in explained} & explained)


if __name__ == "__main__":
    unittest.main()
