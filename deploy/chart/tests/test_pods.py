"""How pods live and end, and who they are."""

import json
import re
import unittest

import yaml

from .chart import (
    CASES,
    channels_reference,
    constant,
    container,
    labels,
    of_kind,
    pod_of,
    rendered,
    seconds,
    selects,
    settings_reference,
    text,
    values,
)


def settings(case: str) -> dict:
    (config,) = [resource for resource in of_kind(rendered(case), "ConfigMap") if "oncepost.json" in resource["data"]]
    return json.loads(config["data"]["oncepost.json"])


class Ends(unittest.TestCase):
    def test_nobody_is_cut_off_in_a_publish(self):
        drain = constant("services/oncepost/src/serve.rs", "DRAIN_MARGIN")
        answers = constant("services/oncepost/src/http.rs", "DRAIN_LIMIT")
        limits = set()
        for case in CASES:
            longest = seconds(settings(case).get("protocol", {}).get("attempt_limit", settings_reference()["protocol.attempt_limit"]))
            limits.add(longest)
            for deployment in of_kind(rendered(case), "Deployment"):
                pod = pod_of(deployment)
                leaves = container(deployment).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
                with self.subTest(case=case, name=deployment["metadata"]["name"]):
                    self.assertGreater(pod["terminationGracePeriodSeconds"] - leaves, max(longest + drain, answers))
        self.assertGreater(len(limits), 1, "the cases should differ in it")

    def test_nor_on_one_machine(self):
        drain = constant("services/oncepost/src/serve.rs", "DRAIN_MARGIN")
        services = yaml.safe_load(text("deploy/compose/compose.yaml"))["services"]
        ours = {name: service for name, service in services.items() if "ONCEPOST__LEDGER__URL__FILE" in service.get("environment", {})}
        self.assertGreaterEqual(len(ours), 6)
        for name, service in ours.items():
            self.assertGreater(seconds(service["stop_grace_period"]), seconds(settings_reference()["protocol.attempt_limit"]) + drain, name)

    def test_the_api_leaves_before_it_closes(self):
        (api,) = [d for d in of_kind(rendered("minimal"), "Deployment") if labels(d)["app.kubernetes.io/component"] == "api"]
        self.assertGreaterEqual(container(api)["lifecycle"]["preStop"]["sleep"]["seconds"], 5)

    def test_a_new_pod_comes_before_the_old_one_goes(self):
        for case in CASES:
            for deployment in of_kind(rendered(case), "Deployment"):
                self.assertEqual(
                    deployment["spec"]["strategy"], {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
                )


class Probes(unittest.TestCase):
    def test_paths_are_those_of_the_code_and_no_restart_hangs_on_a_store(self):
        health = text("shared/telemetry/src/health.rs")
        known = set(re.findall(r'\.route\("(/[a-z]+)"', health))
        asks_nobody = re.search(r'\.route\("(/[a-z]+)", get\(alive\)\)', health).group(1)
        self.assertRegex(
            health,
            r"async fn alive\(State\(health\): State<Health>\) -> Json<Value> \{\n    Json",
            "it asks something now: look again",
        )
        for case in CASES:
            for deployment in of_kind(rendered(case), "Deployment"):
                one = container(deployment)
                # The API answers people while a store is away: it is ready when its port is open. Nobody calls the others, so readiness may ask more.
                called = labels(deployment)["app.kubernetes.io/component"] == "api"
                asked = ["startupProbe", "livenessProbe"] if called else ["startupProbe", "livenessProbe", "readinessProbe"]
                for probe in asked:
                    self.assertIn(one[probe]["httpGet"]["path"], known)
                    self.assertEqual(one[probe]["httpGet"]["port"], "health")
                self.assertEqual(one["livenessProbe"]["httpGet"]["path"], asks_nobody)
                self.assertEqual(one["startupProbe"]["httpGet"]["path"], asks_nobody)
                self.assertEqual(one["readinessProbe"].get("tcpSocket") == {"port": "http"}, called)
                self.assertNotEqual(one["readinessProbe"].get("httpGet", {}).get("path"), asks_nobody)
                if not called:
                    # Readiness says within its limit which store does not answer; a probe that ends as soon would hide it.
                    patience = constant("shared/telemetry/src/health.rs", "LIMIT")
                    self.assertGreaterEqual(one["readinessProbe"]["timeoutSeconds"], 2 * patience)
                port = {port["name"]: port["containerPort"] for port in one["ports"]}["health"]
                listens = {entry["name"]: entry.get("value") for entry in one["env"]}["ONCEPOST__HEALTH__LISTEN"]
                self.assertEqual(listens, f"0.0.0.0:{port}")


class Security(unittest.TestCase):
    def test_every_pod_is_restricted(self):
        for case in CASES:
            for workload in of_kind(rendered(case), "Deployment", "Job", "Pod"):
                pod, one = pod_of(workload), container(workload)
                with self.subTest(case=case, name=workload["metadata"]["name"]):
                    self.assertTrue(pod["securityContext"]["runAsNonRoot"])
                    self.assertEqual(
                        f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}",
                        re.search(r"^USER (.*)$", text("Dockerfile"), re.MULTILINE).group(1),
                    )
                    self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                    self.assertEqual(
                        one["securityContext"],
                        {
                            "allowPrivilegeEscalation": False,
                            "readOnlyRootFilesystem": True,
                            "runAsNonRoot": True,
                            "capabilities": {"drop": ["ALL"]},
                        },
                    )
                    self.assertIs(pod["automountServiceAccountToken"], False)
                    self.assertIs(pod["enableServiceLinks"], False)
                    self.assertIn("memory", one["resources"]["limits"])
                    self.assertIn("cpu", one["resources"]["requests"])
                    for host in ("hostNetwork", "hostPID", "hostIPC"):
                        self.assertNotIn(host, pod)
                    for volume in pod.get("volumes", []):
                        self.assertTrue({"configMap", "secret", "projected", "emptyDir", "persistentVolumeClaim"} & volume.keys(), volume)
                        self.assertIn("sizeLimit", volume.get("emptyDir", {"sizeLimit": ""}))

    def test_no_secret_is_written_out(self):
        plain = {"ONCEPOST_CONFIG", "ONCEPOST__HEALTH__LISTEN", "ONCEPOST__API__LISTEN", "ONCEPOST__API__TOKEN_FILE"}
        plain |= {f"ONCEPOST__{store}__URL__FILE" for store in ("LEDGER", "BROKER", "GUARD")}

        def sources(tree, path=""):
            if isinstance(tree, dict):
                for key, value in tree.items():
                    yield from sources(value, f"{path}.{key}")
                    if key in ("secret", "secret_key", "slack_url") and isinstance(value, dict):
                        yield f"{path}.{key}", value
                    if key == "secrets":
                        yield from ((f"{path}.{key}.{name}", source) for name, source in value.items())
            elif isinstance(tree, list):
                for value in tree:
                    yield from sources(value, path)

        seen = 0
        for case in CASES:
            resources = rendered(case)
            self.assertEqual(of_kind(resources, "Secret"), [], "the chart makes no Secret")
            for workload in of_kind(resources, "Deployment", "Job", "Pod"):
                for entry in container(workload).get("env", []):
                    if "value" in entry:
                        self.assertIn(entry["name"], plain | values(case)["env"].keys())
                    else:
                        self.assertIn("secretKeyRef", entry["valueFrom"])
                for volume in pod_of(workload).get("volumes", []):
                    for kind in {"secret", "projected"} & volume.keys():
                        self.assertEqual(volume[kind]["defaultMode"] & 0o007, 0, "everyone could read it")
            for path, source in sources(settings(case)):
                seen += 1
                self.assertEqual(len(source), 1, path)
                if "value" in source:
                    self.assertRegex(source["value"], r"^sha256:[0-9a-f]{64}$", path)
        self.assertGreaterEqual(seen, 5)


class Services(unittest.TestCase):
    def test_each_service_runs_a_command_that_there_is(self):
        commands = {
            name.lower()
            for name in re.findall(
                r"^    ([A-Z][a-z]+)[ ,{]",
                text("services/oncepost/src/main.rs").split("enum Command {", 1)[1].split("\n}", 1)[0],
                re.MULTILINE,
            )
        }
        for case in CASES:
            for workload in of_kind(rendered(case), "Deployment", "Job", "Pod"):
                self.assertIn(container(workload)["args"][0], commands)
        self.assertTrue({"worker", "migrate", "doctor"} <= commands)

    def test_every_channel_has_workers_of_its_own_and_the_others_are_off(self):
        known = channels_reference()
        self.assertGreaterEqual(len(known), 20)
        for case in CASES:
            wanted = values(case)["channels"].keys()
            workers = [d for d in of_kind(rendered(case), "Deployment") if labels(d)["app.kubernetes.io/component"] == "worker"]
            self.assertEqual(sorted(labels(d)["oncepost/channel"] for d in workers), sorted(wanted), case)
            for deployment in workers:
                self.assertEqual(container(deployment)["args"], ["worker", "--channel", labels(deployment)["oncepost/channel"]])
            off = {name for name, channel in settings(case).get("channels", {}).items() if channel.get("enabled") is False}
            staffed = {labels(d)["oncepost/channel"] for d in workers if d["spec"].get("replicas") != 0}
            self.assertEqual(off, set(known) - staffed, case)

    def test_settings_and_variables_are_in_the_reference(self):
        reference = settings_reference()
        shapes = [re.compile(re.escape(key).replace(r"\*", r"[^.]+").replace(r"\[\]", r"(\[\])?") + r"(\..+)?$") for key in reference]

        def keys(tree, path=""):
            for key, value in tree.items():
                if isinstance(value, dict) and value:
                    yield from keys(value, f"{path}{key}.")
                elif isinstance(value, list) and value and isinstance(value[0], dict):
                    for entry in value:
                        yield from keys(entry, f"{path}{key}[].")
                else:
                    yield f"{path}{key}"

        for case in CASES:
            for key in keys(settings(case)):
                self.assertTrue(any(shape.match(key) for shape in shapes), f"{case}: {key} is no setting")
            for workload in of_kind(rendered(case), "Deployment", "Job", "Pod"):
                for entry in container(workload).get("env", []):
                    if entry["name"].startswith("ONCEPOST__"):
                        # An address may come from a file.
                        key = entry["name"].removeprefix("ONCEPOST__").removesuffix("__FILE").replace("__", ".").lower()
                        self.assertIn(key, reference)

    def test_a_budget_selects_the_pods_of_its_service_and_of_no_other(self):
        for case in CASES:
            resources = rendered(case)
            deployments = of_kind(resources, "Deployment")
            others = of_kind(resources, "Job", "Pod")
            budgets = of_kind(resources, "PodDisruptionBudget")
            self.assertEqual(
                {b["metadata"]["name"] for b in budgets},
                {d["metadata"]["name"] for d in deployments if d["spec"].get("replicas") != 0}
                if values(case)["disruptionBudgets"]["enabled"]
                else set(),
            )
            for budget in budgets:
                self.assertEqual(budget["spec"]["maxUnavailable"], 1)
                chosen = [d["metadata"]["name"] for d in deployments if selects(budget["spec"]["selector"], labels(d))]
                self.assertEqual(chosen, [budget["metadata"]["name"]])
                for other in others:
                    pod_labels = other["metadata"]["labels"] if other["kind"] == "Pod" else labels(other)
                    self.assertFalse(selects(budget["spec"]["selector"], pod_labels))

    def test_a_deployment_selects_its_own_pods_only(self):
        for case in CASES:
            deployments = of_kind(rendered(case), "Deployment")
            for one in deployments:
                chosen = [d["metadata"]["name"] for d in deployments if selects(one["spec"]["selector"], labels(d))]
                self.assertEqual(chosen, [one["metadata"]["name"]])

    def test_the_service_leads_to_the_api(self):
        for case in CASES:
            for service in of_kind(rendered(case), "Service"):
                # The other one is test_monitoring.py's.
                if service["metadata"]["labels"]["app.kubernetes.io/component"] == "metrics":
                    continue
                pods = [d for d in of_kind(rendered(case), "Deployment") if service["spec"]["selector"].items() <= labels(d).items()]
                (api,) = pods
                self.assertEqual(container(api)["args"], ["api"])
                ports = {port["name"]: port["containerPort"] for port in container(api)["ports"]}
                self.assertEqual([port["targetPort"] for port in service["spec"]["ports"]], ["http"])
                listens = {entry["name"]: entry.get("value") for entry in container(api)["env"]}["ONCEPOST__API__LISTEN"]
                self.assertEqual(listens, f"0.0.0.0:{ports['http']}")

    def test_migrations_come_first_and_need_nothing_that_is_not_there_yet(self):
        for case in CASES:
            jobs = of_kind(rendered(case), "Job")
            self.assertEqual(len(jobs), int(values(case)["migrate"]["enabled"]), case)
            for job in jobs:
                self.assertEqual(job["metadata"]["annotations"]["helm.sh/hook"], "pre-install,pre-upgrade")
                self.assertEqual(container(job)["args"], ["migrate"])
                self.assertNotIn("serviceAccountName", pod_of(job))
                given, secrets = values(case), values(case)["secrets"]
                as_file = given["stores"]["as"] == "files"
                volumes = pod_of(job).get("volumes", [])
                self.assertEqual([v["name"] for v in volumes if "secret" not in v], ["stores"] if as_file else [])
                self.assertEqual([v["secret"]["secretName"] for v in volumes if "secret" in v], secrets["files"])
                name = "ONCEPOST__LEDGER__URL__FILE" if as_file else "ONCEPOST__LEDGER__URL"
                self.assertEqual([entry["name"] for entry in container(job)["env"]], [name, *sorted(secrets["env"]), *sorted(given["env"])])

    def test_a_migration_ends_before_helm_gives_up_on_it(self):
        waits = {seconds(told) for told in re.findall(r"--timeout (\d+m)", text("docs/kubernetes.md"))}
        self.assertTrue(waits)
        self.assertLess(values("minimal")["migrate"]["deadlineSeconds"], min(waits))

    def test_a_stores_address_is_a_file_that_is_mounted_or_a_variable(self):
        seen = set()
        for case in CASES:
            stores = values(case)["stores"]
            for workload in of_kind(rendered(case), "Deployment", "Job", "Pod"):
                one, volumes = container(workload), {volume["name"]: volume for volume in pod_of(workload).get("volumes", [])}
                env = {entry["name"]: entry for entry in one["env"]}
                for store in ("ledger",) if workload["kind"] == "Job" else ("ledger", "broker", "guard"):
                    secret, key = stores[store]["existingSecret"], stores[store].get("key", "url")
                    seen.add(stores["as"])
                    if stores["as"] == "variables":
                        self.assertNotIn("stores", volumes)
                        found = env[f"ONCEPOST__{store.upper()}__URL"]["valueFrom"]["secretKeyRef"]
                        self.assertEqual(found, {"name": secret, "key": key})
                        continue
                    mount = {m["name"]: m["mountPath"] for m in one["volumeMounts"]}["stores"]
                    self.assertEqual(env[f"ONCEPOST__{store.upper()}__URL__FILE"]["value"], f"{mount}/{store}")
                    source = {"secret": {"name": secret, "items": [{"key": key, "path": store}]}}
                    self.assertIn(source, volumes["stores"]["projected"]["sources"])
        self.assertEqual(seen, {"files", "variables"})

    def test_changed_settings_are_a_new_version_of_every_pod(self):
        def sums(*more):
            return {
                labels(d)["app.kubernetes.io/component"]: d["spec"]["template"]["metadata"]["annotations"]["checksum/settings"]
                for d in of_kind(rendered("minimal", "1.37", *more), "Deployment")
            }

        before, after = sums(), sums("--set", "settings.telemetry.log=debug")
        self.assertEqual(before.keys(), after.keys())
        for service in before:
            self.assertNotEqual(before[service], after[service])

    def test_every_pod_has_what_the_values_give_to_every_pod(self):
        for case in ("keda", "private"):
            given = values(case)
            self.assertTrue(given["pods"]["annotations"] and given["pods"]["labels"] and given["env"] and given["secrets"]["files"])
            workloads = of_kind(rendered(case), "Deployment", "Job", "Pod")
            self.assertEqual({workload["kind"] for workload in workloads}, {"Deployment", "Job", "Pod"})
            for workload in workloads:
                about = (workload if workload["kind"] == "Pod" else workload["spec"]["template"])["metadata"]
                one = container(workload)
                env = {entry["name"]: entry for entry in one["env"]}
                with self.subTest(case=case, name=workload["metadata"]["name"]):
                    self.assertLessEqual(given["pods"]["labels"].items(), about["labels"].items())
                    self.assertLessEqual(given["pods"]["annotations"].items(), about["annotations"].items())
                    mounted = {mount["mountPath"] for mount in one["volumeMounts"]}
                    self.assertLessEqual({f"/run/secrets/{name}" for name in given["secrets"]["files"]}, mounted)
                    self.assertLessEqual(given["secrets"]["env"].keys(), env.keys())
                    self.assertLessEqual(given["env"].items(), {name: entry.get("value") for name, entry in env.items()}.items())

    def test_a_service_can_have_a_version_of_its_own(self):
        images = {labels(d)["app.kubernetes.io/component"]: container(d)["image"] for d in of_kind(rendered("bare"), "Deployment")}
        self.assertEqual(images["worker"], "registry.example/oncepost:0.2.0")
        self.assertEqual(images["scheduler"], "registry.example/oncepost:0.1.0")
        self.assertEqual(
            {container(d)["image"] for d in of_kind(rendered("keda"), "Deployment")}, {"registry.example/oncepost@sha256:" + 64 * "0"}
        )
        pinned = {labels(d)["app.kubernetes.io/component"]: container(d)["image"] for d in of_kind(rendered("private"), "Deployment", "Job")}
        self.assertEqual(pinned.pop("scheduler"), "registry.example/oncepost@sha256:" + 64 * "2")
        self.assertEqual(set(pinned.values()), {"registry.example/oncepost@sha256:" + 64 * "1"})
        lags = rendered("private", "1.37", "--set", "scheduler.digest=,scheduler.tag=0.0.9")
        (scheduler,) = [d for d in of_kind(lags, "Deployment") if labels(d)["app.kubernetes.io/component"] == "scheduler"]
        self.assertEqual(container(scheduler)["image"], "registry.example/oncepost:0.0.9")
