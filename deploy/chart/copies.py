"""Which files of deploy/ the chart carries: a chart can only take what is inside it. Run, it copies them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/oncepost"


def pairs() -> dict[Path, Path]:
    """Where each file is in the chart, and where it comes from."""
    # Beside rules there are tests of them, and Prometheus's own settings.
    rules = [path for path in sorted((ROOT / "deploy/prometheus").rglob("*.yaml")) if re.search(r"^groups:", path.read_text(), re.MULTILINE)]
    dashboards = sorted((ROOT / "deploy/grafana").glob("*.json"))
    return {CHART / "files/rules" / path.name: path for path in rules} | {
        CHART / "files/dashboards" / path.name: path for path in dashboards
    }


def carried() -> set[Path]:
    """What is in the chart now."""
    return {*(CHART / "files/rules").glob("*"), *(CHART / "files/dashboards").glob("*")}


if __name__ == "__main__":
    for old in carried():
        old.unlink()
    for copy, original in pairs().items():
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(original.read_bytes())
