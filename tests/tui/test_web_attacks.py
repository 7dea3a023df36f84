"""Who is not meant to reach the workbench in a browser does not: real requests, and a hostile page."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aiohttp
import pytest

from .browser import page
from .conftest import MANIFEST
from .serving import Web, served


async def status(url: str, **headers: str) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status


async def upgrade(web: Web, path: str, **headers: str) -> int:
    """The status that a websocket's handshake gets."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(web.root.rstrip("/") + path, headers=headers):
                return 101
        except aiohttp.WSServerHandshakeError as refused:
            return refused.status


async def test_without_the_token_or_the_cookie_nothing_is_answered(platform: Path) -> None:
    async with served(platform) as web:
        home, _ = await web.enter()
        here = web.root.rstrip("/") + home
        origin = {"Origin": web.root.rstrip("/")}
        assert await status(web.root) == 403
        assert await status(f"{web.root}?token=") == 403
        assert await status(f"{web.root}?token=guessed") == 403
        assert await status(f"{web.root}?token=\N{SNOWMAN}") == 403
        for path in ("", "ws", "static/textual.js", "static/", "static/none"):
            assert await status(here + path) == 403, path
            assert await status(here + path, Cookie="floe=guessed") == 403, path
        assert await status(f"{web.root}static/textual.js") == 403
        assert await upgrade(web, f"{home}ws", **origin) == 403
        assert await upgrade(web, f"{home}ws", **origin, Cookie="floe=guessed") == 403
        assert await upgrade(web, "/ws", **origin) == 403
        assert not web.children()


async def test_the_token_lets_one_browser_in_once(platform: Path) -> None:
    async with served(platform) as web:
        home, cookie = await web.enter()
        async with aiohttp.ClientSession() as session:
            async with session.get(web.address, allow_redirects=False) as again:
                assert "Set-Cookie" not in again.headers
            async with session.get(web.address) as followed:
                assert followed.status == 403
        assert await status(web.root.rstrip("/") + home, Cookie=cookie) == 200
    assert web.address.partition("=")[2] not in web.talk[-1], "no log holds it"


async def test_a_request_that_comes_from_elsewhere_is_refused(platform: Path) -> None:
    async with served(platform) as web:
        home, cookie = await web.enter()
        here, own = web.root.rstrip("/") + home, web.root.rstrip("/")
        assert await status(here, Cookie=cookie, Origin=own) == 200
        for origin in (
            "null",
            "http://evil.example",
            f"https://127.0.0.1:{web.port}",
            "http://127.0.0.1",
            f"{own}.evil.example",
            f"http://localhost:{web.port}",
            "",
        ):
            assert await status(here, Cookie=cookie, Origin=origin) == 403, origin
            assert await upgrade(web, f"{home}ws", Cookie=cookie, Origin=origin) == 403, origin
        assert await upgrade(web, f"{home}ws", Cookie=cookie) == 403, "a browser always says where from"
        for site in ("cross-site", "same-site"):
            assert await status(here, Cookie=cookie, **{"Sec-Fetch-Site": site}) == 403
            assert await status(web.address, **{"Sec-Fetch-Site": site}) == 403
        for host in (
            "evil.example",
            f"evil.example:{web.port}",
            "127.0.0.1",
            f"127.0.0.1:{web.port}.evil",
            "",
        ):
            assert await status(here, Cookie=cookie, Host=host) == 421, host
            assert await upgrade(web, f"{home}ws", Cookie=cookie, Origin=own, Host=host) == 421, host
            assert await status(web.address, Host=host) == 421, host
        assert not web.children()


async def test_two_hosts_are_none(platform: Path) -> None:
    async with served(platform) as web:
        reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
        own = f"127.0.0.1:{web.port}"
        writer.write(f"GET / HTTP/1.1\r\nHost: {own}\r\nHost: evil.example\r\n\r\n".encode())
        assert (await reader.readline()).split()[1] in (b"400", b"421")
        writer.close()


async def test_a_folder_is_not_listed_and_nothing_else_is_read(platform: Path) -> None:
    async with served(platform) as web:
        home, cookie = await web.enter()
        here = web.root.rstrip("/") + home
        for path in (
            "static",
            "static/",
            "static/js",
            "static/js/textual.js",
            "static/..%2f..%2fapp.py",
            "static/%2e%2e/server.py",
            "download/x",
            "manifest.yaml",
        ):
            assert await status(here + path, Cookie=cookie) == 404, path
        assert await status(here + "static/roboto-mono.ttf", Cookie=cookie) == 200


async def test_every_answer_forbids_frames_sniffing_and_telling_the_address(platform: Path) -> None:
    async with served(platform) as web, aiohttp.ClientSession() as session:
        home, cookie = await web.enter()
        for url, headers in (
            (web.root, {}),
            (web.address, {}),
            (web.root.rstrip("/") + home, {"Cookie": cookie}),
        ):
            async with session.get(url, headers=headers, allow_redirects=False) as answer:
                assert answer.headers["X-Frame-Options"] == "DENY"
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Cache-Control"] == "no-store"


async def test_so_many_workbenches_and_no_more_and_each_ends_with_its_page(platform: Path) -> None:
    async with served(platform) as web, aiohttp.ClientSession() as session:
        home, cookie = await web.enter()
        url = web.root.rstrip("/") + home + "ws?width=99999999&height=-3"
        headers = {"Cookie": cookie, "Origin": web.root.rstrip("/")}
        sockets = [await session.ws_connect(url, headers=headers) for _ in range(4)]
        assert await upgrade(web, f"{home}ws", **headers) == 503
        assert len(web.children()) == 4
        await sockets[0].send_str("not JSON")
        await sockets[0].send_str('{"neither": "a message"}')
        await sockets[0].send_str('["resize", {"width": "x"}]')
        await sockets[0].send_str('["stdin", 7]')
        await sockets[0].send_str('["ping", "still here"]')
        while (said := await sockets[0].receive(timeout=60)).type == aiohttp.WSMsgType.BINARY:
            pass
        assert said.json() == ["pong", "still here"]
        for each in sockets:
            await each.close()
        async with asyncio.timeout(60):
            while web.children():
                await asyncio.sleep(0.1)
        assert await upgrade(web, f"{home}ws", **headers) == 101


async def test_the_workbench_of_a_page_has_no_password_and_nothing_in_front_of_its_own_code(
    platform: Path,
) -> None:
    marks = platform / "ran"
    for planted in ("floe_tui.py", "json.py", "yaml.py", "sitecustomize.py", "textual.py"):
        (platform / planted).write_text(f"open({str(marks)!r}, 'a').write({planted!r})\n")
    secrets = {"COSIGN_PASSWORD": "hunter2", "PYTHONPATH": "relative"}
    async with served(platform, env=secrets) as web, aiohttp.ClientSession() as session:
        home, cookie = await web.enter()
        headers = {"Cookie": cookie, "Origin": web.root.rstrip("/")}
        async with session.ws_connect(web.root.rstrip("/") + home + "ws", headers=headers) as socket:
            assert (await socket.receive(timeout=60)).type == aiohttp.WSMsgType.BINARY, "it draws"
            (child,) = web.children()
            environment = Path(f"/proc/{child}/environ").read_bytes()
            line = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
    assert b"hunter2" not in environment and b"PYTHONPATH=" not in environment
    token = web.address.partition("=")[2].encode()
    assert token not in environment and not any(token in word for word in line)
    assert b"-P" in line
    assert not marks.exists()


@contextmanager
def hostile(html: str) -> Iterator[str]:
    """Another server of this machine: cookies know no ports, so it is the same site to a browser."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cookies.append(self.headers.get("Cookie", ""))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    cookies: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
    assert not any(cookies), "the browser told the other server our cookie"


@pytest.mark.interop
async def test_a_hostile_page_in_the_same_browser_types_nothing(
    platform: Path, tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    chromium = require_binary("chromium")
    async with served(platform) as web, page(chromium, tmp_path / "profile") as tab:
        await tab.call("Page.navigate", url=web.address)
        await tab.until(lambda: "apiVersion: floe.dev/v1" in tab.text)
        home = str(await tab.evaluate("location.href"))
        attack = f"""<body><script>
            window.tried = (async () => {{
                const results = [];
                for (const url of ["{home}ws", "{web.root}ws"].map(u => u.replace("http", "ws"))) {{
                    results.push(await new Promise(done => {{
                        const socket = new WebSocket(url);
                        socket.onopen = () => {{
                            socket.send(JSON.stringify(["stdin", "OWNED\\x13"])); done("open");
                        }};
                        socket.onerror = () => done("refused");
                    }}));
                }}
                for (const url of ["{home}", "{web.root}", "{home}static/textual.js"])
                    results.push(await fetch(url, {{credentials: "include"}})
                        .then(() => "read", () => "refused"));
                const frame = document.createElement("iframe");
                frame.src = "{home}"; document.body.append(frame);
                await new Promise(done => frame.onload = done);
                return results.join(" ");
            }})();
        </script>"""
        with hostile(attack) as address:
            await tab.call("Page.navigate", url=address)
            found = None
            async with asyncio.timeout(60):
                while not found:
                    found = await tab.evaluate("window.tried")
                    await asyncio.sleep(0.1)
            assert found == "refused refused refused refused refused"
    assert (platform / "manifest.yaml").read_text() == MANIFEST


async def test_a_port_that_is_taken_is_said(platform: Path) -> None:
    async with served(platform) as web:
        second = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "floe_tui", "--web", "--port", str(web.port)),
            cwd=platform,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await second.communicate()
        assert second.returncode == 2
        assert b"--port" in said and b"Traceback" not in said
