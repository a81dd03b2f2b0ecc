"""What is written twice is the same twice."""

import json
import re
import unittest

import yaml

from copies import carried, pairs

from .chart import CHART, ROOT, of_kind, rendered, settings_reference, text


class Copies(unittest.TestCase):
    def test_alerts_and_dashboards_are_those_of_deploy(self):
        told = "run deploy/chart/chart.sh --copy"
        self.assertEqual(carried(), set(pairs()), told)
        for copy, original in pairs().items():
            self.assertEqual(copy.read_bytes(), original.read_bytes(), told)

    def test_all_of_them_are_rendered(self):
        rules = [path for path in carried() if path.suffix == ".yaml"]
        dashboards = [path for path in carried() if path.suffix == ".json"]
        self.assertEqual(len(of_kind(rendered("keda"), "PrometheusRule")), len(rules))
        for rule in of_kind(rendered("keda"), "PrometheusRule"):
            original = next(path for path in rules if rule["metadata"]["name"].endswith(f"-{path.stem.lower()}"))
            self.assertEqual(rule["spec"], yaml.safe_load(original.read_text()))
        boards = [config for config in of_kind(rendered("keda"), "ConfigMap") if "grafana_dashboard" in config["metadata"]["labels"]]
        self.assertEqual(len(boards), len(dashboards))
        for board in boards:
            ((name, content),) = board["data"].items()
            self.assertEqual(content, (CHART / "files/dashboards" / name).read_text())
        self.assertFalse([r for r in of_kind(rendered("minimal"), "PrometheusRule")])


class Reference(unittest.TestCase):
    def test_the_schema_takes_every_setting_but_those_that_the_chart_gives(self):
        schema = json.loads((CHART / "values.schema.json").read_text())
        ours = {
            "ledger.url",
            "broker.url",
            "guard.url",
            "api.listen",
            "api.token_file",
            "health.listen",
            "media.spool",
            "channels.*.enabled",
        }

        def keys(node, path=""):
            while "$ref" in node:
                node = schema["definitions"][node["$ref"].rsplit("/", 1)[1]]
            if "oneOf" in node or (node.get("type") == "object" and "secrets" in path.rsplit(".", 1)[-1]):
                yield path
            elif node.get("type") == "array":
                yield path
                if "properties" in node["items"]:
                    yield from keys(node["items"], path + "[]")
            elif "properties" in node:
                if re.search(r"\brate$", path) and path not in ("api.rate", "api.anonymous_rate"):
                    yield path
                    return
                for name, child in node["properties"].items():
                    yield from keys(child, f"{path}.{name}" if path else name)
            elif isinstance(node.get("additionalProperties"), dict) and "properties" in node["additionalProperties"]:
                yield path
                yield from keys(node["additionalProperties"], path + ".*")
            else:
                yield path

        headings = {"api.oidc"}
        self.assertEqual(set(keys(schema["properties"]["settings"])) | ours | headings, set(settings_reference()))

    def test_no_part_of_the_values_takes_unknown_keys(self):
        schema = json.loads((CHART / "values.schema.json").read_text())
        free = {"affinity", "tolerations", "peers", "egress", "global"}

        def look(node, name):
            if isinstance(node, dict):
                if node.get("type") == "object" and name not in free:
                    self.assertIn("additionalProperties", node, name)
                    self.assertIsNot(node["additionalProperties"], True, name)
                for key, child in node.items():
                    look(child, name if key in ("items", "oneOf", "additionalProperties", "properties") else key)
            elif isinstance(node, list):
                for child in node:
                    look(child, name)

        look(schema["properties"], "values")
        look(schema["definitions"], "definitions")
        self.assertIs(schema["additionalProperties"], False)

    def test_the_readme_lists_every_value_and_its_default(self):
        def leaves(tree, path=""):
            for key, value in tree.items():
                name = f"{path}{key}"
                if isinstance(value, dict) and value and name not in ("monitoring.dashboards.labels",) and not name.endswith("resources"):
                    yield from leaves(value, name + ".")
                else:
                    yield name, value

        given = dict(leaves(yaml.safe_load((CHART / "values.yaml").read_text())))
        told = {}
        for name, default in re.findall(r"^\| `([^`]+)` \| (?:`([^`]*)`)? *\|", (CHART / "README.md").read_text(), re.MULTILINE):
            told[name] = default
        self.assertEqual(told.keys(), given.keys())
        for name, value in given.items():
            self.assertEqual(yaml.safe_load(told[name] or '""'), value, name)

    def test_the_version_is_the_programs(self):
        chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
        program = re.search(r'^version = "([^"]+)"', text("Cargo.toml"), re.MULTILINE).group(1)
        self.assertEqual(chart["appVersion"], program)
        self.assertIn(f"ARG VERSION={program}\n", text("Dockerfile"))

    def test_links_lead_somewhere(self):
        for page in (CHART / "README.md", ROOT / "docs/kubernetes.md", ROOT / "deploy/README.md"):
            for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
                if "://" not in link:
                    self.assertTrue((page.parent / link).exists(), f"{page.name}: {link}")
