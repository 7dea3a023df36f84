"""The documentation as a site: every link holds, it can be searched, and nothing is fetched from anywhere."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.browser import page

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs-site` builds it, from a copy: the checkout is not to be written to."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("docs", "scripts", "floe_engine"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "site"))
    for command in (
        [folder / "scripts" / "pages.py", "--site"],
        [
            "-m",
            "sphinx",
            "-q",
            "--fail-on-warning",
            "--keep-going",
            "-b",
            "html",
            folder / "docs",
            folder / "out",
        ],
    ):
        done = subprocess.run(
            [sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "out"


def test_every_page_is_in_the_site_and_can_be_reached_from_its_front(site: Path) -> None:
    front = (site / "index.html").read_text()
    for source in (ROOT / "docs").glob("*.md"):
        assert (site / f"{source.stem}.html").is_file()
        if source.stem != "index":
            assert f'href="{source.stem}.html"' in front


def test_the_manual_pages_name_every_command_and_every_key_of_floe_yaml(site: Path, tmp_path: Path) -> None:
    build = [
        "-m",
        "sphinx",
        "-q",
        "--fail-on-warning",
        "-d",
        site / ".doctrees",
        "-b",
        "man",
        site.parent / "docs",
    ]
    done = subprocess.run([sys.executable, *build, tmp_path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    made = {path.name: path.read_text().replace("\\-", "-") for path in tmp_path.glob("*.[157]")}
    assert set(made) == {"floe.1", "floe-manifest.5", "floe.yaml.5", "floe-environment.7"}
    for command in re.findall(r"^#+ (floe .+)$", (ROOT / "docs/commands.md").read_text(), re.MULTILINE):
        assert f".SS {command}" in made["floe.1"] or f"Usage: {command} " in made["floe.1"]
    assert "transforms[].path" in made["floe.yaml.5"]
    assert "COSIGN_PASSWORD" in made["floe-environment.7"]


def test_the_pages_from_the_code_are_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "pages.py", "--check"], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_variable_of_floes_own_is_explained() -> None:
    told = (ROOT / "docs" / "environment.md").read_text()
    for path in [*ROOT.glob("floe_engine/**/*.py"), *ROOT.glob("floe_tui/**/*.py")]:
        for name in re.findall(r"""environ\w*(?:\.get\(|\[)["'](FLOE_[A-Z_]+)""", path.read_text()):
            assert f"`{name}`" in told, f"{path.name} reads {name}"


@pytest.mark.interop
def test_it_is_read_and_searched_in_a_browser_without_a_network(
    site: Path, tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    chromium = require_binary("chromium")

    async def read() -> tuple[list[str], str, str]:
        async with page(chromium, tmp_path / "profile") as tab:
            await tab.call("Page.navigate", url=(site / "index.html").as_uri())
            await tab.call("Page.navigate", url=f"{(site / 'search.html').as_uri()}?q=waiver")
            found = ""
            for _ in range(600):
                found = str(await tab.evaluate("document.querySelector('#search-results')?.innerText ?? ''"))
                if "floe.yaml" in found:
                    break
                await asyncio.sleep(0.1)
            await tab.call("Page.navigate", url=(site / "rules.html").as_uri())
            title = ""
            for _ in range(600):
                title = str(await tab.evaluate("document.querySelector('h1')?.innerText ?? ''"))
                if title.startswith("Rules"):
                    break
                await asyncio.sleep(0.1)
            return list(tab.requested), found, title

    requested, found, title = asyncio.run(read())
    assert "floe.yaml" in found
    assert title.startswith("Rules")
    assert requested
    assert all(address.startswith(("file:", "data:")) for address in requested), requested
