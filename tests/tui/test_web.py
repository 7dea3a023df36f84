"""``floe-tui --web``: the same workbench in a real browser, and on loopback alone."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine import Workspace, keygen, list_versions

from .browser import page
from .conftest import MANIFEST
from .serving import served

pytestmark = pytest.mark.interop

CTRL, SHIFT = 2, 8


async def test_the_page_shows_the_workbench_and_typing_reaches_it(
    platform: Path, tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    chromium = require_binary("chromium")
    async with served(platform) as web, page(chromium, tmp_path / "profile") as tab:
        await tab.call("Page.navigate", url=web.address)
        await tab.until(lambda: "apiVersion: floe.dev/v1" in tab.text and "no problems" in tab.text)
        before = await tab.picture()
        await tab.click(300, 300)
        await tab.type("# typed in a browser")
        await tab.until(lambda: "# typed in a browser" in tab.text and "●" in tab.text)
        while await tab.picture() == before:  # the page draws what it is told, when it comes to it
            await asyncio.sleep(0.1)
        await tab.press("F6", 117)
        await tab.until(lambda: "No versions here yet" in tab.text)
        asked = {url.split("/")[2] for url in tab.requested if url.startswith(("http", "ws"))}
        assert asked == {f"127.0.0.1:{web.port}"}, "nothing is asked of anybody else"
        fonts = await tab.evaluate("document.fonts.load('16px \"Roboto Mono\"').then(found => found.length)")
        assert fonts == 1
        assert await tab.evaluate("document.cookie") == "", "no script reads the cookie"
        # The address that was printed still works in this browser, and shows no token.
        await tab.call("Page.navigate", url=web.address)
        await tab.until(lambda: "apiVersion: floe.dev/v1" in tab.text)
        assert "token" not in str(await tab.evaluate("location.href"))
    assert (platform / "manifest.yaml").read_text() == MANIFEST


async def test_a_mistake_is_mended_and_the_version_signed_and_published_from_a_browser(
    platform: Path, tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    chromium = require_binary("chromium")
    (platform / "manifest.yaml").write_text(MANIFEST.replace("duckdb", "duckbd"))
    keygen(Workspace.open(platform), ask=lambda prompt: "correct-horse")
    async with served(platform) as web, page(chromium, tmp_path / "profile") as tab:
        await tab.call("Page.navigate", url=web.address)
        await tab.until(lambda: "1 error" in tab.text)
        await tab.click(300, 300)
        await tab.press("F8", 119)
        await tab.press("F9", 120, modifiers=SHIFT)  # Ctrl+T is the browser's
        await tab.until(lambda: "no problems" in tab.text)
        await tab.press("s", 83, modifiers=CTRL)
        await tab.until(lambda: (platform / "manifest.yaml").read_text() == MANIFEST)
        await tab.press("F4", 115)
        await tab.until(lambda: "Naming convention enforcement" in tab.text and "cases" in tab.text)
        await tab.press("F5", 116)
        await tab.until(lambda: "Preflight of v1.2.3" in tab.text and "✓ ready" in tab.text)
        await tab.type("p")
        await tab.until(lambda: "Password" in tab.text)
        await tab.type("correct-horse")
        await tab.press("Enter", 13)
        await tab.until(lambda: "sha256:" in tab.text and "Cancel" in tab.text)
        await tab.type("y")
        await tab.until(lambda: "Digest: sha256:" in tab.text or "published already" in tab.text)
        await tab.press("F6", 117)
        await tab.until(lambda: "✓ v1.2.3" in tab.text)
    assert [str(version) for version in list_versions(Workspace.open(platform)).versions] == ["1.2.3"]


async def test_it_listens_on_loopback_alone(platform: Path) -> None:
    async with served(platform) as web:
        listening = Path("/proc/net/tcp")
        if not listening.exists():
            pytest.skip("this system does not list its sockets in /proc/net/tcp")
        tables = [listening, Path("/proc/net/tcp6")]
        rows = [
            line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]
        ]
        ours = [row[1] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == web.port]
        assert [address.split(":")[0] for address in ours] == ["0100007F"]


async def test_read_only_and_the_theme_are_handed_to_the_page(
    platform: Path, tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    chromium = require_binary("chromium")
    async with (
        served(platform, "--read-only", "--theme", "floe-light") as web,
        page(chromium, tmp_path / "profile") as tab,
    ):
        await tab.call("Page.navigate", url=web.address)
        await tab.until(lambda: "READ-ONLY" in tab.text and "no problems" in tab.text)
        await tab.click(300, 300)
        await tab.type("never written")
        await tab.press("F6", 117)
        await tab.until(lambda: "No versions here yet" in tab.text)
        await tab.press("F2", 113)
        await tab.until(lambda: "apiVersion: floe.dev/v1" in tab.text)
        assert "never written" not in tab.text


def test_without_the_extra_it_says_how_to_get_it(platform: Path) -> None:
    import subprocess

    script = (
        "import sys; sys.modules['textual_serve'] = None; "
        "from floe_tui.__main__ import run; sys.exit(run(['--web']))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=platform, capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install 'floe-workbench[web]'" in done.stderr
