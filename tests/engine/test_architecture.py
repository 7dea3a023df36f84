"""docs/architecture.md: its picture is the code's, and what it names is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / "architecture.md", ROOT / "CONTRIBUTING.md"]


def test_the_picture_is_drawn_from_the_contracts() -> None:
    script = ROOT / "scripts" / "architecture.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_every_file_that_the_pages_for_contributors_name_is_there() -> None:
    for page in PAGES:
        for name in re.findall(r"`([\w./]+/[\w.]+|test_\w+\.py)`", page.read_text(encoding="utf-8")):
            homes = (ROOT, ROOT / "floe_engine", ROOT / "tests" / "engine")
            found = any((home / name).exists() for home in homes) or any(ROOT.glob(f"tests/**/{name}"))
            assert found or name.startswith(("target/", ".venv/")), f"{page.name} names {name}"


def test_no_module_leads_back_to_itself() -> None:
    """Imports in functions count: they would only hide a circle. What types alone need does not."""
    imports = grimp.build_graph("floe_engine", "floe_tui", exclude_type_checking_imports=True, cache_dir=None)
    circles = [
        chain
        for module in imports.modules
        for imported in imports.find_modules_directly_imported_by(module)
        if (chain := imports.find_shortest_chain(imported, module))
    ]
    assert len(imports.modules) > 500
    assert circles == []
