"""``floe-tui --web``: the same workbench in a real browser, and on loopback alone."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from .browser import page
from .conftest import MANIFEST
from .serving import served

pytestmark = pytest.mark.interop


async def test_the_page_shows_the_workbench_and_typing_reaches_it(
    platform: Path, tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    chromium = require_binary("chromium")
    async with served(platform) as web, page(chromium, tmp_path / "profile") as tab:
        await tab.call("Page.navigate", url=web.address)
        await tab.until(lambda: "apiVersion: floe.dev/v1" in tab.text and "no problems" in tab.text)
        before = await tab.picture()
        await tab.press(*"# typed in a browser")  # nobody has clicked into it
        await tab.until(lambda: "# typed in a browser" in tab.text and "●" in tab.text)
        while await tab.picture() == before:  # the page draws what it is told, when it comes to it
            await asyncio.sleep(0.1)
        await tab.press("f6")
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


async def test_a_page_that_does_not_answer_for_a_while_keeps_its_workbench(platform: Path) -> None:
    async with served(platform) as web:
        home, cookie = await web.enter()
        headers = {"Cookie": cookie, "Origin": web.root.rstrip("/")}
        url = f"{web.root.rstrip('/')}{home}ws?width=80&height=24"
        # A browser that is stopped, or asleep with its machine, answers no ping either.
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, headers=headers, autoping=False, compress=15) as socket,
        ):
            assert not socket.compress, "packing costs time, and saves nothing on loopback"
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(16):
                    async for message in socket:
                        assert message.type == aiohttp.WSMsgType.BINARY, "it is asked whether it is there"
            assert not socket.closed
            assert web.children()


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
        await tab.press(*"never written")
        await tab.press("f6")
        await tab.until(lambda: "No versions here yet" in tab.text)
        await tab.press("f2")
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
