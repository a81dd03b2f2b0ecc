"""What the tests beside this file compare: metrics, rules, runbooks, dashboards, as they are in the repository."""

import json
import re
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
RUNBOOKS = ROOT / "docs/runbooks"
# Not ours: Prometheus' own.
FOREIGN = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate"}}


@cache
def metrics():
    """Every metric of the code by its name: kind, unit, labels, help. A test of the telemetry crate holds names.rs to the code."""
    text = (ROOT / "shared/telemetry/src/names.rs").read_text()
    rows = re.findall(r'^    \w+ = (\w+) "(\w+)" \[(.*?)\] in (\w+)(?: by \w+)?: "(.*)";$', text, re.M)
    found = {name: (kind.lower(), unit.lower(), re.findall(r'"(\w+)"', labels), told) for kind, name, labels, unit, told in rows}
    assert len(found) == len(re.findall(r' = (?:Counter|Gauge|Histogram) "', text)), "names.rs is written in another way"
    return found


@cache
def rules():
    files = sorted((ROOT / "deploy/prometheus/rules").glob("*.yaml"))
    return [rule for file in files for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]


def alerts():
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def records():
    return {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


@cache
def dashboards():
    return {file.stem: json.loads(file.read_text()) for file in sorted((ROOT / "deploy/grafana").glob("*.json"))}


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def base(name):
    """The metric behind a series of a histogram."""
    whole = re.sub(r"_(bucket|sum|count)$", "", name)
    return whole if metrics().get(whole, ("",))[0] == "histogram" else name


def series(expr):
    """The names of the series that an expression asks for, with the matchers of each."""
    own = re.findall(r"\b(oncepost(?::\w+)+|oncepost_\w+)(?:\{(.*?)\})?", expr)
    return own + re.findall(r"(?<![\w:])(up|ALERTS)\{(.*?)\}", expr)


def asked(expr):
    """The metrics that an expression rests on, through recorded rules."""
    found = set()
    for name, _ in series(expr):
        found |= asked(records()[name]) if name in records() else {base(name)}
    return found


@cache
def listed_values():
    """What docs/metrics.md lists for each label."""
    section = (ROOT / "docs/metrics.md").read_text().split("## Labels")[1].split("\n## ")[0]
    found = {}
    for labels, values in re.findall(r"^\| (`.*?) \| (.*) \|$", section, re.M):
        for label in re.findall(r"`(\w+)`", labels):
            found.setdefault(label, set()).update(re.findall(r"`(\w+)`", values))
    return found


def labels_of(name):
    """The labels that a series may have; None if nobody exports it."""
    if name in FOREIGN:
        return FOREIGN[name]
    if name in records():
        return set().union(*(labels_of(of) or set() for of, _ in series(records()[name])))
    known = metrics().get(base(name))
    return known and {*known[2], "le", "job", "instance"}


def wrong(expr):
    """What an expression asks for that is not there: metrics, labels, and values of labels whose values are listed."""
    found = []
    for name, matchers in series(expr):
        labels = labels_of(name)
        if labels is None:
            found.append(f"{name} is exported by nobody")
            continue
        for label, values in re.findall(r'(\w+)\s*[!=]~?\s*"(.*?)"', matchers):
            listed = set() if label == "channel" else listed_values().get(label, set())
            if label not in labels:
                found.append(f"{name} has no label {label}")
            elif listed and not set(values.split("|")) <= listed:
                found.append(f"{name} has no {label} {values}")
    return found
