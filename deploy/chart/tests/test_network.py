"""Who may talk to whom."""

import ipaddress
import json
import unittest

from .chart import CASES, labels, of_kind, rendered, selects, values

STORES = {
    f"ONCEPOST__{store.upper()}__URL{where}": store for store in ("ledger", "broker", "guard") for where in ("", "__FILE")
}


def pods(case):
    for workload in of_kind(rendered(case), "Deployment", "Job", "Pod"):
        template = workload if workload["kind"] == "Pod" else workload["spec"]["template"]
        yield workload, template["metadata"]["labels"], template["spec"]["containers"][0]


RUNNING = {"scheduler", "worker", "api", "keeper", "notifier"}


def egress(case: str, *more: str) -> dict[str, list]:
    """Where each service may go."""
    policies = of_kind(rendered(case, "1.37", *more), "NetworkPolicy")
    return {policy["metadata"]["labels"]["app.kubernetes.io/component"]: policy["spec"]["egress"] for policy in policies}


def reach(case: str, port: int, *more: str) -> set[str]:
    """The services that may go anywhere on that port."""
    return {service for service, rules in egress(case, *more).items() if any(port == p["port"] for rule in rules for p in rule["ports"])}


class Network(unittest.TestCase):
    def test_every_pod_is_under_one_policy_that_lets_it_reach_its_stores(self):
        for case in CASES:
            policies = of_kind(rendered(case), "NetworkPolicy")
            if not values(case)["networkPolicy"]["enabled"]:
                self.assertEqual(policies, [])
                continue
            for workload, pod_labels, container in pods(case):
                chosen = [policy for policy in policies if selects(policy["spec"]["podSelector"], pod_labels)]
                with self.subTest(case=case, name=workload["metadata"]["name"]):
                    (policy,) = chosen
                    self.assertEqual(policy["spec"]["policyTypes"], ["Ingress", "Egress"])
                    open_ports = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
                    self.assertIn(53, open_ports)
                    needed = {store for name, store in STORES.items() if name in {entry["name"] for entry in container["env"]}}
                    for store in needed:
                        self.assertIn(values(case)["networkPolicy"][store]["port"], open_ports)
                    taken = {port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]}
                    self.assertLessEqual(taken, {port["name"] for port in container.get("ports", [])})

    def test_the_outside_is_not_the_inside(self):
        inside = [ipaddress.ip_network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.169.254/32")]
        blocks = 0
        for policy in of_kind(rendered("minimal"), "NetworkPolicy"):
            for rule in policy["spec"]["egress"]:
                for peer in rule.get("to", []):
                    if "ipBlock" in peer:
                        blocks += 1
                        kept = [ipaddress.ip_network(network) for network in peer["ipBlock"]["except"]]
                        self.assertTrue(all(any(network.subnet_of(other) for other in kept) for network in inside))
        self.assertGreater(blocks, 0)

    def test_only_migrate_has_no_way_out(self):
        self.assertEqual({port["port"] for rule in egress("minimal")["migrate"] for port in rule["ports"]}, {53, 5432})
        self.assertIn("worker", reach("minimal", 443))

    def test_who_sends_spans_reaches_the_collector(self):
        self.assertEqual(values("keda")["settings"]["telemetry"]["otlp_endpoint"], "http://collector.observability:4318")
        self.assertEqual(reach("keda", 4318), RUNNING)
        self.assertEqual(reach("minimal", 4318), set(), "without an endpoint nothing is opened")

    def test_what_the_settings_name_is_reached_on_its_port_by_who_calls_it(self):
        settings = values("private")["settings"]
        self.assertTrue(settings["media"]["s3"]["endpoint"].endswith(":9000") and ":8443/" in settings["api"]["oidc"]["issuer"])
        self.assertNotIn("port", settings["alerts"]["mail"])
        callers = {9000: RUNNING, 8443: {"api", "doctor"}, 587: {"notifier"}, 443: RUNNING | {"doctor"}}
        for port, wanted in callers.items():
            self.assertEqual(reach("private", port), wanted, port)
            self.assertEqual(reach("minimal", port), RUNNING if port == 443 else set(), port)
        for told, port in {"tls=tls": 465, "tls=none": 25, "port=2525": 2525}.items():
            self.assertEqual(reach("private", port, "--set", f"settings.alerts.mail.{told}"), {"notifier"}, told)
        peers = values("private")["networkPolicy"]["bucket"]["peers"]
        self.assertTrue(peers)
        self.assertEqual([rule.get("to") for rule in egress("private")["worker"] if rule["ports"][0]["port"] == 9000], [peers])

    def test_a_provider_on_443_opens_the_inside_only_where_it_is(self):
        at_443 = "settings.api.oidc.issuer=https://login.example"
        here = '[{"podSelector":{"matchLabels":{"app":"login"}}}]'
        for more, inside in [((), []), (("--set-json", f"networkPolicy.provider.peers={here}"), [json.loads(here)])]:
            for service in ("api", "doctor"):
                rules = [rule for rule in egress("private", "--set", at_443, *more)[service] if any(p["port"] == 443 for p in rule["ports"])]
                self.assertEqual([rule.get("to") for rule in rules if "ipBlock" not in rule.get("to", [{}])[0]], inside, service)
                self.assertEqual(len(rules), 1 + len(inside), service)

    def test_the_api_takes_calls_from_whom_the_values_name(self):
        (policy,) = [
            p for p in of_kind(rendered("keda"), "NetworkPolicy") if p["metadata"]["labels"]["app.kubernetes.io/component"] == "api"
        ]
        wanted = values("keda")["networkPolicy"]
        self.assertEqual(
            {rule["ports"][0]["port"]: rule["from"] for rule in policy["spec"]["ingress"]},
            {"health": wanted["metricsFrom"], "http": wanted["apiFrom"]},
        )
