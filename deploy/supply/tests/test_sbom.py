"""A list of contents that is none, or is of something else, is refused."""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sbom import HEART, locked, wrong  # noqa: E402


def listed() -> dict:
    """A list of the heart of the program, as it is in Cargo.lock."""
    parts = [
        {
            "type": "library",
            "name": name,
            "version": version,
            "licenses": [{"expression": "MIT"}],
            "hashes": [{"alg": "SHA-256", "content": "0" * 64}],
        }
        for name, version in sorted(locked())
        if name in HEART
    ]
    about = {"type": "application", "name": "oncepost", "version": "0.1.0"}
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": about}, "components": parts}


class Lists(unittest.TestCase):
    def refused(self, why: str, **changes):
        found = wrong(json.dumps(listed() | changes))
        self.assertTrue(any(why in line for line in found), found)

    def test_a_good_one_is_taken(self):
        self.assertEqual(wrong(json.dumps(listed())), [])

    def test_what_is_no_cyclonedx(self):
        self.refused("no CycloneDX", components=[{"name": "lapin"}])
        self.refused("no CycloneDX", bomFormat="SPDX")

    def test_what_is_of_something_else(self):
        self.refused("not oncepost", metadata={"component": {"type": "application", "name": "twicepost"}})
        self.refused("lapin is missing", components=[part for part in listed()["components"] if part["name"] != "lapin"])
        self.refused("lapin 0.0.1 is not in Cargo.lock", components=[*listed()["components"], listed()["components"][0] | {"name": "lapin", "version": "0.0.1"}])

    def test_what_is_built_in_and_not_listed(self):
        (lapin,) = [part for part in listed()["components"] if part["name"] == "lapin"]
        tree = f"oncepost v0.1.0 (/src)\nlapin v{lapin['version']}\n"
        self.assertEqual(wrong(json.dumps(listed()), tree), [])
        self.assertEqual(wrong(json.dumps(listed()), tree + "left-out v1.0.0\n"), ["left-out 1.0.0 is built in and not listed"])

    def test_what_says_nothing_of_a_crate(self):
        for field, why in (("licenses", "has no licence"), ("hashes", "has no hash")):
            self.refused(why, components=[{k: v for k, v in part.items() if k != field} for part in listed()["components"]])
