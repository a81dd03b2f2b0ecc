"""Dashboards can be read by Grafana and asked of Prometheus, and show whoever was alerted what the alert looks at."""

import re
import subprocess
import tempfile
import unittest

import yaml
from sources import alerts, asked, dashboards, metrics, panels, series, wrong

GIVEN = {"$__rate_interval": "5m", "$__range": "6h", "$channel": ".*"}


def every_panel():
    return [(f"{name}: {panel['title']}", panel) for name, one in dashboards().items() for panel in panels(one)]


def queries(panel):
    return [target["expr"] for target in panel["targets"]]


class Dashboards(unittest.TestCase):
    def test_they_have_what_grafana_needs(self):
        self.assertGreaterEqual(len(dashboards()), 4)
        self.assertEqual(len({one["uid"] for one in dashboards().values()}), len(dashboards()))
        for name, one in dashboards().items():
            ids = [panel["id"] for panel in one["panels"]]
            self.assertEqual(len(ids), len(set(ids)), name)
            variables = {variable["name"]: variable for variable in one["templating"]["list"]}
            self.assertEqual(variables["datasource"]["type"], "datasource")
            used = set(re.findall(r"\$\{?(\w+)", str(one["panels"]))) - {"__rate_interval", "__range"}
            self.assertEqual(used, set(variables), f"{name}: variables that are used, and that there are")

    def test_panels_say_what_they_show(self):
        for where, panel in every_panel():
            self.assertTrue(panel["fieldConfig"]["defaults"]["unit"], where)
            self.assertEqual(panel["datasource"], {"type": "prometheus", "uid": "${datasource}"}, where)
            letters = [target["refId"] for target in panel["targets"]]
            self.assertEqual(len(letters), len(set(letters)), where)
            self.assertTrue(letters, where)

    def test_panels_stand_beside_each_other(self):
        for name, one in dashboards().items():
            taken = set()
            for panel in one["panels"]:
                at = panel["gridPos"]
                cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
                self.assertFalse(cells & taken, f"{name}: {panel['title']} lies on another")
                self.assertLessEqual(at["x"] + at["w"], 24, name)
                taken |= cells

    def test_they_ask_for_what_is_exported(self):
        for where, panel in every_panel():
            for expr in queries(panel):
                self.assertTrue(series(expr), f"{where} asks for nothing")
                self.assertEqual(wrong(expr.replace("$channel", ".*")), [], where)

    def test_prometheus_understands_every_query(self):
        rules = []
        for _, panel in every_panel():
            for expr in queries(panel):
                for variable, value in GIVEN.items():
                    expr = expr.replace(variable, value)
                rules.append({"record": f"query:{len(rules)}", "expr": expr})
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}, file)
            file.flush()
            done = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_alert_has_a_panel_that_shows_what_it_looks_at(self):
        shown = {}
        for _, panel in every_panel():
            for link in panel["links"]:
                name = re.search(r"/docs/runbooks/(\w+)\.md$", link["url"]).group(1)
                shown.setdefault(name, set()).update(*(asked(expr) for expr in queries(panel)))
        self.assertEqual(set(shown), set(alerts()))
        for name, rule in alerts().items():
            self.assertTrue(asked(rule["expr"]) & shown[name], f"{name}: its panels show nothing of what it looks at")

    def test_every_metric_is_to_be_seen(self):
        seen = set().union(*(asked(expr) for _, panel in every_panel() for expr in queries(panel)))
        self.assertEqual(set(metrics()) - seen, set())


if __name__ == "__main__":
    unittest.main()
