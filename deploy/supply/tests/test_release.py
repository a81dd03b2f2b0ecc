"""How the changelog becomes a release's notes, and that a tag which does not fit is refused."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CHANGELOG = """# Changelog

## [Unreleased]

### Added

- Not yet.

## [1.1.0] - 2026-12-24

### Fixed

- A thing, in
  two lines.

## [1.1.0-rc.1] - 2026-12-01

- A candidate.

## [1.0.0] - 2026-11-01

[1.1.0]: https://example.com/1.1.0
"""


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True)


class Notes(unittest.TestCase):
    def notes(self, version: str) -> subprocess.CompletedProcess:
        with tempfile.NamedTemporaryFile("w", suffix=".md") as file:
            file.write(CHANGELOG)
            file.flush()
            return run(str(ROOT / "deploy/release/notes.sh"), version, file.name)

    def test_they_are_what_the_changelog_says_of_the_version(self):
        self.assertEqual(self.notes("1.1.0").stdout, "### Fixed\n\n- A thing, in\n  two lines.\n")
        self.assertEqual(self.notes("v1.1.0-rc.1").stdout, "- A candidate.\n")

    def test_a_version_of_which_nothing_is_said_has_none(self):
        for version in ("1.0.0", "2.0.0", "1.1", "1x1.0"):
            done = self.notes(version)
            self.assertEqual((done.returncode, done.stdout), (1, ""), version)
            self.assertIn(f"## [{version}] - YYYY-MM-DD", done.stderr)


class Tags(unittest.TestCase):
    """Over a copy of the files that name the version, so that a release of this very version can be tried before there is one."""

    FILES = ("Cargo.toml", "helm/oncepost/Chart.yaml", "Dockerfile", "CHANGELOG.md", "deploy/release/check.sh", "deploy/release/notes.sh")

    def setUp(self):
        self.copy = Path(tempfile.mkdtemp(prefix="oncepost."))
        self.addCleanup(shutil.rmtree, self.copy)
        for name in self.FILES:
            (self.copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.copy / name)
        self.version = re.search(r'^version = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)
        self.change("CHANGELOG.md", "## [Unreleased]", f"## [Unreleased]\n\n## [{self.version}] - 2026-12-24")

    def change(self, name: str, old: str, new: str):
        text = (self.copy / name).read_text()
        self.assertIn(old, text, name)
        (self.copy / name).write_text(text.replace(old, new, 1))

    def check(self, tag: str) -> subprocess.CompletedProcess:
        return run(str(self.copy / "deploy/release/check.sh"), tag)

    def test_the_version_that_is_written_everywhere_is_taken(self):
        done = self.check(f"v{self.version}")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_what_differs_is_named(self):
        done = self.check("v9.9.9")
        self.assertEqual(done.returncode, 1)
        for name in ("Cargo.toml", "(version)", "(appVersion)", "Dockerfile", "CHANGELOG.md"):
            self.assertIn(name, done.stderr)

    def test_each_place_counts(self):
        for name, old in (
            ("Cargo.toml", f'version = "{self.version}"'),
            ("helm/oncepost/Chart.yaml", f"version: {self.version}"),
            ("helm/oncepost/Chart.yaml", f'appVersion: "{self.version}"'),
            ("Dockerfile", f"ARG VERSION={self.version}"),
            ("CHANGELOG.md", f"## [{self.version}] - 2026-12-24"),
        ):
            with self.subTest(old):
                before = (self.copy / name).read_text()
                self.change(name, old, old.replace(self.version, "9.9.9"))
                self.assertEqual(self.check(f"v{self.version}").returncode, 1)
                (self.copy / name).write_text(before)

    def test_what_is_no_version_is_refused(self):
        for tag in (self.version, f"v{self.version}.", "v1", "vnext"):
            self.assertNotEqual(self.check(tag).returncode, 0, tag)
