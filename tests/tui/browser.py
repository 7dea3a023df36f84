"""A page in headless Chromium, driven by its DevTools protocol, and the terminal that it is told to draw."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pyte

FLAGS = (
    "--headless",
    "--no-sandbox",  # tests may run as root, in a container
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1200,800",
    # No test leaves this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
)
SECONDS = 60.0

ALT, CTRL, SHIFT = 1, 2, 8
_MODIFIERS = {"alt": ALT, "ctrl": CTRL, "shift": SHIFT}
_KEYS = {
    "backspace": ("Backspace", 8),
    "tab": ("Tab", 9),
    "enter": ("Enter", 13),
    "escape": ("Escape", 27),
    "space": (" ", 32),
    "pageup": ("PageUp", 33),
    "pagedown": ("PageDown", 34),
    "end": ("End", 35),
    "home": ("Home", 36),
    "left": ("ArrowLeft", 37),
    "up": ("ArrowUp", 38),
    "right": ("ArrowRight", 39),
    "down": ("ArrowDown", 40),
    "delete": ("Delete", 46),
    **{f"f{number}": (f"F{number}", 111 + number) for number in range(1, 13)},
}
"""As Textual calls a key, how DevTools does, with its virtual key code."""

_PASTE = """((text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    const event = new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true});
    document.querySelector(".xterm-helper-textarea").dispatchEvent(event);
})"""
_AREA = """(() => {
    const {x, y, width, height} = document.querySelector(".xterm-screen").getBoundingClientRect();
    return [x, y, width, height];
})()"""


class Page:
    """One tab. The terminal's bytes come over the page's own websocket, which DevTools lets us read."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)
        self.requested: list[str] = []
        self._reading = asyncio.create_task(self._read())

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the page's terminal."""
        return self._screen.columns, self._screen.lines

    @property
    def text(self) -> str:
        """What the page's terminal shows."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a DevTools method and wait for its result."""
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        await asyncio.wait([answer, self._reading], timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            self._must_read()
            raise AssertionError(f"{method} is not answered:\n{self.text}")
        return answer.result()

    async def evaluate(self, expression: str) -> object:
        """What a script of the page gives, promises waited for."""
        answer = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        return answer["result"].get("value")

    async def _read(self) -> None:
        async for message in self._socket:
            event = json.loads(message.data)
            parameters = event.get("params", {})
            if "id" in event:
                self._answers.pop(event["id"]).set_result(event.get("result", {}))
            elif event.get("method") == "Network.webSocketFrameReceived":
                frame = parameters["response"]
                if frame["opcode"] == 2:
                    self._stream.feed(base64.b64decode(frame["payloadData"]))
            elif event.get("method") == "Network.webSocketFrameSent":
                self._told(parameters["response"]["payloadData"])
            elif event.get("method") == "Network.webSocketCreated":
                asked = parse_qs(urlsplit(parameters["url"]).query)
                self._screen.reset()
                self._screen.resize(*(int(asked.get(name, ["80"])[0]) for name in ("height", "width")))
            elif event.get("method") == "Network.requestWillBeSent":
                self.requested.append(parameters["request"]["url"])

    def _told(self, data: str) -> None:
        """What the page said to the server: a new size of its terminal, perhaps."""
        match json.loads(data):
            case ["resize", {"width": int(width), "height": int(height)}]:
                self._screen.resize(height, width)

    def _must_read(self) -> None:
        if self._reading.done():  # nothing that happens is seen from here on
            self._reading.result()
            raise AssertionError(f"the browser says nothing more:\n{self.text}")

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds; fails with the screen."""
        try:
            async with asyncio.timeout(SECONDS):
                while not condition():
                    self._must_read()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"waited in vain:\n{self.text}") from None

    async def click(self, x: int, y: int) -> None:
        """Click into a cell of the terminal, counted from 0."""
        left, top, width, height = await self._area()
        columns, rows = self.size
        at = {"x": left + (x + 0.5) * width / columns, "y": top + (y + 0.5) * height / rows}
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            await self.call("Input.dispatchMouseEvent", type=kind, **at, **button)

    async def press(self, *keys: str) -> None:
        """Press keys, one after another: characters, or as Textual calls them (``f6``, ``ctrl+s``)."""
        for key in keys:
            if len(key) == 1:
                await self.call("Input.dispatchKeyEvent", type="keyDown", text=key, key=key)
                await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)
                continue
            *held, name = key.split("+")
            title, code = _KEYS[name] if name in _KEYS else (name, ord(name.upper()))
            for kind in ("rawKeyDown", "keyUp"):
                await self.call(
                    "Input.dispatchKeyEvent",
                    type=kind,
                    key=title,
                    code=title,
                    windowsVirtualKeyCode=code,
                    modifiers=sum(_MODIFIERS[each] for each in held),
                )

    async def paste(self, text: str) -> None:
        """Paste a text into the terminal."""
        await self.evaluate(f"{_PASTE}({json.dumps(text)})")

    async def fit(self, columns: int, rows: int) -> None:
        """Make the window so large that its terminal has so many cells."""
        _, _, width, height = await self._area()
        now_columns, now_rows = self.size
        # Half a cell more: what is left beside the last one is not enough for another.
        pixels = {
            "width": round((columns + 0.5) * width / now_columns),
            "height": round((rows + 0.5) * height / now_rows),
        }
        await self.call("Emulation.setDeviceMetricsOverride", **pixels, deviceScaleFactor=1, mobile=False)
        await self.until(lambda: self.size == (columns, rows))

    async def _area(self) -> tuple[float, float, float, float]:
        found = await self.evaluate(_AREA)
        assert isinstance(found, list)
        return tuple(found)

    async def picture(self) -> bytes:
        """The page as a PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])

    async def close(self) -> None:
        """Stop reading."""
        self._reading.cancel()
        await self._socket.close()


@contextmanager
def chromium(program: str, folder: Path) -> Iterator[int]:
    """A browser with a profile and a home of its own in `folder`: the port that drives it."""
    process = subprocess.Popen(
        [program, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
        env={**os.environ, "HOME": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    file = folder / "DevToolsActivePort"
    try:
        deadline = time.monotonic() + SECONDS
        while not (file.exists() and file.read_text().strip()):
            assert process.poll() is None and time.monotonic() < deadline, "chromium did not start"
            time.sleep(0.05)
        yield int(file.read_text().split()[0])
    finally:
        process.terminate()
        process.wait()


@asynccontextmanager
async def tab_of(port: int) -> AsyncIterator[Page]:
    """An empty tab of the browser that `port` drives."""
    devtools = f"http://127.0.0.1:{port}/json"
    async with aiohttp.ClientSession() as session:
        async with session.put(f"{devtools}/new?about:blank") as answer:
            target = await answer.json(content_type=None)
        tab = Page(await session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0))
        try:
            await tab.call("Network.enable")
            await tab.call("Page.enable")
            await tab.call("Page.bringToFront")  # a tab behind another one draws nothing
            yield tab
        finally:
            await tab.close()
            async with session.get(f"{devtools}/close/{target['id']}"):
                pass


@asynccontextmanager
async def page(program: str, folder: Path) -> AsyncIterator[Page]:
    """An empty tab of a browser of its own, with its profile in `folder`."""
    with chromium(program, folder) as port:
        async with tab_of(port) as tab:
            yield tab
