from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from floe_engine.policy.all_rules import every_rule

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_rules_is_what_the_rules_say() -> None:
    script = ROOT / "scripts" / "rules_reference.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_every_rule_has_its_place_on_the_page() -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert all(f"### {rule.id}: {rule.title}" in page for rule in every_rule())
