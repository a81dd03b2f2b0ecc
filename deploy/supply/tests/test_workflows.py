"""Workflows call what a person can call, and what is written twice is the same twice."""

import re
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github/workflows").glob("*.yaml")}
CHECKS = {"lint", "test", "doc", "rules", "chart", "deploy", "supply", "sbom", "image"}


def text(path: str) -> str:
    return (ROOT / path).read_text()


def jobs():
    for name, workflow in WORKFLOWS.items():
        for job, content in workflow["jobs"].items():
            yield f"{name}, {job}", content


class Workflows(unittest.TestCase):
    def test_every_check_is_run_and_is_a_make_target(self):
        ci = WORKFLOWS["ci"]["jobs"]
        called = {target for targets in ci["check"]["strategy"]["matrix"]["targets"] for target in targets.split()}
        called |= set(re.findall(r"make ([a-z]+)", ci["image"]["steps"][-1]["run"]))
        self.assertEqual(called, CHECKS)
        self.assertLessEqual(called, set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE)))

    def test_it_runs_in_the_builder_of_the_image(self):
        (builder,) = re.findall(r"^ARG BUILDER=(.+)$", text("Dockerfile"), re.MULTILINE)
        self.assertEqual(WORKFLOWS["ci"]["jobs"]["check"]["container"], builder)

    def test_nothing_may_more_than_it_must(self):
        for name, workflow in WORKFLOWS.items():
            self.assertIn(workflow["permissions"], ({}, {"contents": "read"}), name)
        writes = {job: {right for right, how in content.get("permissions", {}).items() if how == "write"} for job, content in jobs()}
        self.assertEqual(
            {job: rights for job, rights in writes.items() if rights},
            {"release, build": {"packages", "id-token", "attestations"}, "release, publish": {"contents"}},
        )

    def test_no_job_runs_for_ever(self):
        for job, content in jobs():
            self.assertLessEqual(content["timeout-minutes"], 150, job)

    def test_actions_are_pinned_and_say_their_version(self):
        used = [line.split("uses:")[1].strip() for path in (ROOT / ".github/workflows").glob("*.yaml") for line in path.read_text().splitlines() if "uses:" in line]
        self.assertTrue(used)
        for action in used:
            self.assertRegex(action, r"^actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
        versions = {}
        for action in used:
            versions.setdefault(action.split("@")[0], set()).add(action)
        self.assertEqual([name for name, pins in versions.items() if len(pins) > 1], [], "one action has one version")


class Dependencies(unittest.TestCase):
    def test_what_is_banned_is_banned_in_every_check(self):
        (listed,) = re.findall(r"^const BANNED: &\[&str\] = &\[(.*?)\];", text("services/oncepost/tests/tidy.rs"), re.MULTILINE | re.DOTALL)
        self.assertEqual(set(re.findall(r'"([^"]+)"', listed)), set(re.findall(r'crate = "([^"]+)", reason', text("deny.toml"))))
