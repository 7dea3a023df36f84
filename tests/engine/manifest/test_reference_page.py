"""docs/manifest.md is what the schema says today, and docs/plugins.md tells the truth."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from floe_engine.manifest.check import check
from floe_engine.manifest.declarations import settings
from floe_engine.manifest.plugins import Catalogue
from tests.engine.manifest.conftest import SEED, entry_point

ROOT = Path(__file__).parents[3]


def test_the_reference_page_is_current() -> None:
    script = ROOT / "scripts" / "manifest_reference.py"
    result = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_every_setting_has_a_law_that_says_itself_in_a_line() -> None:
    for setting in settings():
        assert 3 < len(setting.law.says) < 80, setting.path


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [part.split("```")[0] for part in text.split(f"```{language}\n")[1:]]


def test_the_examples_of_the_plugins_page_are_right(catalogue: Catalogue) -> None:
    head, _, tail = SEED.partition("plugins:")
    rest = tail[tail.index("\ndata_architecture") :]
    for example in blocks("plugins.md", "yaml"):
        assert check(head + example + rest, catalogue=catalogue).diagnostics == ()


def test_the_plugin_package_of_the_plugins_page_works() -> None:
    scope: dict[str, object] = {}
    exec(blocks("plugins.md", "python")[0], scope)
    globals()["example"] = scope["catalogue"]
    point = entry_point("acme", "x")
    point = type(point)("acme", f"{__name__}:example", "floe.plugins")
    loaded = Catalogue.load([point])
    assert loaded.problems == ()
    plugin = loaded.find("compute", "acmedb")
    assert plugin is not None
    assert plugin.default == "1.1.0"


def test_the_shortest_manifest_of_the_reference_page_compiles(catalogue: Catalogue) -> None:
    example = blocks("manifest.md", "yaml")[0]
    assert yaml.safe_load(example)["kind"] == "Manifest"
    assert check(example, catalogue=catalogue).ok
