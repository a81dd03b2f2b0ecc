"""Who may talk to whom."""

import ipaddress
import unittest

from .chart import CASES, labels, of_kind, rendered, selects, values

STORES = {
    f"ONCEPOST__{store.upper()}__URL{where}": store for store in ("ledger", "broker", "guard") for where in ("", "__FILE")
}


def pods(case):
    for workload in of_kind(rendered(case), "Deployment", "Job", "Pod"):
        template = workload if workload["kind"] == "Pod" else workload["spec"]["template"]
        yield workload, template["metadata"]["labels"], template["spec"]["containers"][0]


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
        reaches = {
            policy["metadata"]["labels"]["app.kubernetes.io/component"]: {
                port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]
            }
            for policy in of_kind(rendered("minimal"), "NetworkPolicy")
        }
        self.assertEqual(reaches["migrate"], {53, 5432})
        self.assertIn(443, reaches["worker"])

    def test_who_sends_spans_reaches_the_collector(self):
        ports = lambda case: {
            policy["metadata"]["labels"]["app.kubernetes.io/component"]: {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
            for policy in of_kind(rendered(case), "NetworkPolicy")
        }
        self.assertEqual(values("keda")["settings"]["telemetry"]["otlp_endpoint"], "http://collector.observability:4318")
        reach = {service for service, open_ports in ports("keda").items() if 4318 in open_ports}
        self.assertEqual(reach, {"scheduler", "worker", "api", "keeper", "notifier"})
        self.assertFalse(any(4318 in open_ports for open_ports in ports("minimal").values()), "without an endpoint nothing is opened")

    def test_the_api_takes_calls_from_whom_the_values_name(self):
        (policy,) = [
            p for p in of_kind(rendered("keda"), "NetworkPolicy") if p["metadata"]["labels"]["app.kubernetes.io/component"] == "api"
        ]
        wanted = values("keda")["networkPolicy"]
        self.assertEqual(
            {rule["ports"][0]["port"]: rule["from"] for rule in policy["spec"]["ingress"]},
            {"health": wanted["metricsFrom"], "http": wanted["apiFrom"]},
        )
