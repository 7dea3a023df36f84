"""Serves the workbench on loopback to one browser: a page in another tab, another user of this machine and a
name that somebody points at 127.0.0.1 all reach the port, and none of them may reach the workbench.

Who has the printed address is let in once, and gets a cookie. Cookies know no ports, so that every other
server of this machine would be sent it: its path holds a name that is made up at each start, and each
request must say that it comes from our own page. textual-serve gives the page's terminal and the packets
between it and the workbench; its server is not used: it asks nobody who they are.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

import textual_serve
from aiohttp import WSMsgType, web
from aiohttp.typedefs import Handler
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

ADDRESS = "127.0.0.1"

WORKBENCHES = 4
"""Workbenches at once, one a tab: each is a process."""

SECONDS_TO_END = 5.0
"""How long a workbench whose page has gone may take to end before it is killed."""

CELLS = 1000
"""The largest width and height of a terminal that is believed, in cells."""

UNAMBIGUOUS = {"\x1b": "\x1b[27u"}
"""A key whose bytes begin those of others, as the kitty protocol writes it. The page sends each key by
itself, but several may be read at once, and then Escape and a letter would be Alt and the letter."""

_WITHHELD = {"COSIGN_PASSWORD", "COSIGN_PRIVATE_KEY"}
"""What unlocks a signing key: the workbench asks for it, so that no page signs without its user."""
_PYTHONS_OWN = {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT"}
"""What would put something else in front of floe's own code, a relative PYTHONPATH before all."""

_SHIPPED = Path(textual_serve.__file__).parent / "static"
_STATIC = {
    "textual.js": (_SHIPPED / "js/textual.js", "text/javascript"),
    "xterm.css": (_SHIPPED / "css/xterm.css", "text/css"),
    "roboto-mono.ttf": (_SHIPPED / "fonts/RobotoMono-VariableFont_wght.ttf", "font/ttf"),
    "keyboard.js": (Path(__file__).parent / "keyboard.js", "text/javascript"),
}
"""The files that our page uses: of textual-serve's no others, and one of ours."""

_REFUSED = (
    "This is not for you: open the address that floe-tui printed, in the browser that opened it first.\n"
)


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a workbench that a page drives."""
    kept = {name: value for name, value in environ.items() if name not in _WITHHELD | _PYTHONS_OWN}
    return {**kept, "PYTHONSAFEPATH": "1"}


class ServedWorkbench(AppService):
    """One workbench and the page that drives it. The hook that starts it is textual-serve 1.1's own."""

    def __init__(self, argv: Sequence[str], socket: web.WebSocketResponse) -> None:
        async def close() -> None:
            await socket.close()

        super().__init__(
            "",  # no shell ever reads a command
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=close,
            download_manager=DownloadManager(),
        )
        self._argv = argv

    async def _open_app_process(self, width: int = 80, height: int = 24) -> asyncio.subprocess.Process:
        self._process = process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=child_environment(self._build_environment(width=width, height=height)),
        )
        self._stdin = process.stdin
        return process

    async def stop(self) -> None:
        """Ask the workbench to end; it does, or is ended."""
        try:
            async with asyncio.timeout(SECONDS_TO_END):
                await super().stop()
                if self._process is not None:
                    await self._process.wait()
        except TimeoutError:
            pass
        finally:
            if self._process is not None and self._process.returncode is None:
                self._process.kill()

    async def take(self, kind: str, value: object) -> None:
        """Hand on what the page sent; what is none of its messages is passed over."""
        match kind, value:
            case "stdin", str():
                await self.send_bytes(UNAMBIGUOUS.get(value, value).encode("utf-8", "replace"))
            case "resize", {"width": int(width), "height": int(height)}:
                await self.set_terminal_size(_cells(width), _cells(height))


class Server:
    """The page, its files and its websocket, for whoever `admit` lets through."""

    def __init__(self, argv: Sequence[str], port: int) -> None:
        self.argv = argv
        self.port = port
        self.token = secrets.token_urlsafe(32)
        self._token_used = False
        self._session = secrets.token_urlsafe(32)
        self.home = f"/{secrets.token_urlsafe(16)}/"
        self._hosts = {f"{ADDRESS}:{port}", f"localhost:{port}"}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._open = 0

    @property
    def address(self) -> str:
        """What the user opens: it lets one browser in."""
        return f"http://{ADDRESS}:{self.port}/?token={self.token}"

    def app(self) -> web.Application:
        """The application, its guard in front of every route and of what has none."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/", self._enter, allow_head=False)
        app.router.add_get(self.home, self._page, allow_head=False)
        app.router.add_get(f"{self.home}ws", self._terminal, allow_head=False)
        app.router.add_get(f"{self.home}static/{{name}}", self._static, allow_head=False)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Nothing is answered before it is known who asks."""
        try:
            self._admit(request)
            answer = await handler(request)
        except web.HTTPException as refusal:
            answer = web.Response(status=refusal.status, text=refusal.text)
        if not answer.prepared:
            answer.headers.update(_headers(request.host if request.host in self._hosts else ADDRESS))
        return answer

    def _admit(self, request: web.Request) -> None:
        hosts, origins = request.headers.getall("Host", []), request.headers.getall("Origin", [])
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            raise web.HTTPMisdirectedRequest(text=_REFUSED)
        socket = request.path == f"{self.home}ws"
        if origins not in ([f"http://{hosts[0]}"], []) or (socket and not origins):
            raise web.HTTPForbidden(text=_REFUSED)
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise web.HTTPForbidden(text=_REFUSED)
        if request.path != "/" and not _same(request.cookies.get("floe", ""), self._session):
            raise web.HTTPForbidden(text=_REFUSED)

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        """The printed address: the first to open it gets the cookie, later ones must have it."""
        if not _same(request.query.get("token", ""), self.token):
            raise web.HTTPForbidden(text=_REFUSED)
        answer = web.Response(status=303, headers={"Location": self.home})
        if not self._token_used:
            self._token_used = True
            answer.set_cookie("floe", self._session, path=self.home, httponly=True, samesite="Strict")
        return answer

    async def _page(self, request: web.Request) -> web.StreamResponse:
        page = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
        text = page.substitute(socket=f"ws://{request.host}{self.home}ws")
        return web.Response(text=text, content_type="text/html")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in _STATIC:
            raise web.HTTPNotFound(text="There is no such file.\n")
        path, kind = _STATIC[name]
        return web.Response(body=path.read_bytes(), content_type=kind)

    async def _terminal(self, request: web.Request) -> web.StreamResponse:
        """A workbench for as long as its page is open."""
        if self._open >= WORKBENCHES:
            raise web.HTTPServiceUnavailable(text=f"{WORKBENCHES} workbenches are open: close one.\n")
        self._open += 1
        # No heartbeat: on loopback a page that has gone says so, and one that is silent is only busy, stopped
        # or asleep, and comes back to its work. Nothing is packed either: it is drawn later for that.
        socket = web.WebSocketResponse(compress=False)
        workbench = ServedWorkbench(self.argv, socket)
        try:
            await socket.prepare(request)
            await workbench.start(_cells(request.query.get("width")), _cells(request.query.get("height"), 24))
            async for message in socket:
                if message.type != WSMsgType.TEXT:
                    continue
                match _decoded(message):
                    case ["ping", value]:
                        await socket.send_json(["pong", value])
                    case [str(kind), value]:
                        await workbench.take(kind, value)
        finally:
            await workbench.stop()
            self._open -= 1
        return socket


def _headers(host: str) -> dict[str, str]:
    """What keeps the page to itself: nothing from elsewhere, in no frame, and its address told to nobody."""
    # xterm writes style elements; nothing writes scripts.
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
        f"img-src data:; connect-src 'self' ws://{host}; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _cells(value: object, otherwise: int = 80) -> int:
    text = str(value)
    return min(max(int(text), 1), CELLS) if text.isascii() and text.isdigit() and len(text) < 6 else otherwise


def _decoded(message: object) -> object:
    try:
        return message.json()  # type: ignore[attr-defined]
    except (ValueError, RecursionError):
        return None


async def _serve(server: Server) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    # No access log: it would hold the token.
    runner = web.AppRunner(
        server.app(), access_log=None, handle_signals=False, shutdown_timeout=SECONDS_TO_END
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, ADDRESS, server.port).start()
        sys.stdout.write(
            f"The workbench is at {server.address}\nThe address lets one browser in, once. Ctrl-C ends it.\n"
        )
        sys.stdout.flush()
        await stopped.wait()
    finally:
        await runner.cleanup()


def serve(directory: Path, *, read_only: bool, theme: str, port: int) -> int:
    """Serve the workbench of `directory` until Ctrl-C; returns the exit code."""
    argv = [sys.executable, "-P", "-m", "floe_tui", "--dir", str(directory)]
    argv += ["--read-only"] if read_only else []
    argv += ["--theme", theme] if theme else []
    try:
        asyncio.run(_serve(Server(argv, port)))
    except OSError as error:
        sys.stderr.write(
            f"floe-tui: port {port}: {os.strerror(error.errno or 0).lower()}; choose another: --port\n"
        )
        return 2
    return 0
