"""Whether a list of contents is one: valid CycloneDX, and of the program as Cargo.lock has it: sbom.py FILE [TREE].

TREE is what `cargo tree --prefix none --format {p}` prints of the program: all of it must be listed.
"""

import json
import re
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[2]
# What surely is in the program: if one of them is missing, the list is not of it.
HEART = {"lapin", "redis", "sqlx-postgres", "rustls", "ring", "tokio", "axum", "reqwest"}


def locked() -> set[tuple[str, str]]:
    """Every crate of Cargo.lock, with its version."""
    return set(re.findall(r'^name = "(.+)"\nversion = "(.+)"$', (ROOT / "Cargo.lock").read_text(), re.MULTILINE))


def wrong(text: str, tree: str = "") -> list[str]:
    """What speaks against a list; `tree` as above."""
    invalid = JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
    if invalid is not None:
        return [f"it is no CycloneDX 1.5: {str(invalid).splitlines()[0]}"]
    listed = json.loads(text)
    found = []
    about = listed.get("metadata", {}).get("component", {})
    if about.get("name") != "oncepost":
        found.append(f"it is about {about.get('name')}, not oncepost")
    crates = {(part["name"], part["version"]) for part in listed.get("components", [])}
    found += [f"{name} {version} is not in Cargo.lock" for name, version in sorted(crates - locked())]
    found += [f"{name} is missing" for name in sorted(HEART - {name for name, _ in crates})]
    built = set(re.findall(r"^(\S+) v(\S+)", tree, re.MULTILINE)) - {(about.get("name"), about.get("version"))}
    found += [f"{name} {version} is built in and not listed" for name, version in sorted(built - crates)]
    foreign = [part for part in listed.get("components", []) if not part["name"].startswith("oncepost")]
    found += [f"{part['name']} has no licence" for part in foreign if not part.get("licenses")]
    found += [f"{part['name']} has no hash" for part in foreign if not part.get("hashes")]
    return found


if __name__ == "__main__":
    given, *tree = [Path(path).read_text() for path in sys.argv[1:]]
    complaints = wrong(given, *tree)
    for line in complaints:
        print(f"sbom.py: {line}", file=sys.stderr)
    if complaints:
        sys.exit(1)
    print(f"{sys.argv[1]}: valid CycloneDX 1.5, {len(json.loads(given)['components'])} crates")
