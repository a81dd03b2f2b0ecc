"""Every alert has its page, every page its alert, and what a page tells people to type exists."""

import re
import unittest

from sources import ROOT, RUNBOOKS, alerts

PARTS = ["Symptom", "First look", "Decide", "Act", "Prevent"]
# Commands that docs/cli.md does not describe: services, and what prepares them.
RESTORED = {"--since", "--ahead", "--repeats", "--nothing-lost", "--yes"}
ALSO = {"doctor": set(), "worker": {"--channel"}, "migrate": set(), "alerts": set(), "restored": RESTORED}


def commands():
    """Each command of docs/cli.md, with the options that its section names."""
    text = (ROOT / "docs/cli.md").read_text()
    everywhere, *sections = re.split(r"^## ", text, flags=re.M)
    general = set(re.findall(r"--[a-z][a-z-]*", everywhere))
    found = {section.split()[0]: general | set(re.findall(r"--[a-z][a-z-]*", section)) for section in sections}
    found["discard"] |= found["retry"]  # It says so itself.
    return found | {name: general | options for name, options in ALSO.items()}


class Runbooks(unittest.TestCase):
    def test_every_alert_has_a_page_and_every_page_an_alert(self):
        self.assertEqual({page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}, set(alerts()))

    def test_each_page_leads_from_what_is_seen_to_what_is_done(self):
        for name, rule in alerts().items():
            title, severity, *rest = re.split(r"\n\n", (RUNBOOKS / f"{name}.md").read_text(), maxsplit=2)
            self.assertEqual((title, severity), (f"# {name}", rule["labels"]["severity"].capitalize() + "."))
            parts = re.split(r"^## (.*)\n\n", rest[0], flags=re.M)[1:]
            self.assertEqual(parts[::2], PARTS, name)
            for part, text in zip(parts[::2], parts[1::2], strict=True):
                self.assertGreater(len(text.split()), 5, f"{name}: {part} says nothing")
            self.assertIn("oncepost", parts[3], f"{name}: a first look without a command or a dashboard")

    def test_the_list_names_each_with_its_severity(self):
        listed = dict(re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| (\w+) \|", (RUNBOOKS / "README.md").read_text(), re.M))
        self.assertEqual(listed, {name: rule["labels"]["severity"] for name, rule in alerts().items()})

    def test_what_they_tell_to_type_exists(self):
        known = commands()
        for page in RUNBOOKS.glob("*.md"):
            text = page.read_text()
            blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S))
            typed = re.findall(r"`oncepost ([^`]+)`", text) + re.findall(r"^oncepost ([^#\n]+)", blocks, re.M)
            for line in typed:
                command = line.split()[0]
                self.assertIn(command, known, f"{page.stem}: oncepost {line}")
                for option in re.findall(r"(?<!\S)--[a-z-]+", line):
                    self.assertIn(option, known[command], f"{page.stem}: oncepost {line}")

    def test_links_lead_somewhere(self):
        pages = [*RUNBOOKS.glob("*.md"), ROOT / "docs/metrics.md", ROOT / "docs/observability.md"]
        for page in pages:
            for path in re.findall(r"\]\(([^)#:]+\.md)(?:#[\w-]+)?\)", page.read_text()):
                self.assertTrue((page.parent / path).exists(), f"{page.name} leads to {path}")


if __name__ == "__main__":
    unittest.main()
