"""The chart, rendered; and what its tests read of the project."""

import functools
import re
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "helm/oncepost"
CASES = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))
VERSIONS = ["1.30", "1.31", "1.33", "1.35", "1.37"]
RELEASE = "rel"


def helm(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["helm", *arguments], capture_output=True, text=True)


@functools.cache
def rendered(case: str, version: str = VERSIONS[-1], *more: str) -> list[dict]:
    """Every resource of the chart with ci/CASE-values.yaml."""
    values = CHART / f"ci/{case}-values.yaml"
    done = helm("template", RELEASE, str(CHART), "--namespace", "posts", "--values", str(values), "--kube-version", f"{version}.0", *more)
    if done.returncode:
        raise AssertionError(f"{case}: {done.stderr}")
    return [resource for resource in yaml.safe_load_all(done.stdout) if resource]


@functools.cache
def notes(case: str, *more: str) -> str:
    """What is told after an install."""
    values = CHART / f"ci/{case}-values.yaml"
    done = helm("install", RELEASE, str(CHART), "--dry-run=client", "--namespace", "posts", "--values", str(values), *more)
    if done.returncode:
        raise AssertionError(f"{case}: {done.stderr}")
    return done.stdout.split("NOTES:", 1)[1]


def of_kind(resources: list[dict], *kinds: str) -> list[dict]:
    return [resource for resource in resources if resource["kind"] in kinds]


@functools.cache
def values(case: str) -> dict:
    return merged(yaml.safe_load((CHART / "values.yaml").read_text()), yaml.safe_load((CHART / f"ci/{case}-values.yaml").read_text()))


def merged(under: dict, over: dict) -> dict:
    out = dict(under)
    for key, value in over.items():
        out[key] = merged(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


def labels(workload: dict) -> dict:
    return workload["spec"]["template"]["metadata"]["labels"]


def pod_of(workload: dict) -> dict:
    return workload["spec"] if workload["kind"] == "Pod" else workload["spec"]["template"]["spec"]


def container(workload: dict) -> dict:
    (one,) = pod_of(workload)["containers"]
    return one


def selects(selector: dict, pod_labels: dict) -> bool:
    return selector["matchLabels"].items() <= pod_labels.items()


def text(path: str) -> str:
    return (ROOT / path).read_text()


def settings_reference() -> dict[str, str]:
    """Every key of docs/configuration.md and its default."""
    rows = re.findall(r"^\| `([^`]+)` \| (?:`([^`]*)`)? *\|", text("docs/configuration.md"), re.MULTILINE)
    return dict(rows)


def channels_reference() -> list[str]:
    """Every channel, as the page that is written from the code lists them."""
    table = text("docs/channels/README.md").split("## What it takes", 1)[1].split("## ", 1)[0]
    return re.findall(r"^\| \[([a-z-]+)\]", table, re.MULTILINE)


def seconds(duration: str) -> float:
    """A duration as people write it."""
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+) *(ms|s|m|h)", duration))


def constant(path: str, name: str) -> int:
    """A `Duration::from_secs` of the code."""
    return int(re.search(rf"const {name}: Duration = Duration::from_secs\((\d+)\)", text(path)).group(1))
