"""A page in headless Chromium, driven by its DevTools protocol, and the terminal that it is told to draw."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

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


class Page:
    """One tab. The terminal's bytes come over the page's own websocket, which DevTools lets us read."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        # Larger than the window: what the server writes is placed absolutely, so nothing wraps.
        self._screen = pyte.Screen(400, 120)
        self._stream = pyte.ByteStream(self._screen)
        self.requested: list[str] = []
        self._reading = asyncio.create_task(self._read())

    @property
    def text(self) -> str:
        """What the page's terminal shows."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a DevTools method and wait for its result."""
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        return await asyncio.wait_for(answer, SECONDS)

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
            elif event.get("method") == "Network.requestWillBeSent":
                self.requested.append(parameters["request"]["url"])

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds; fails with the screen."""
        try:
            async with asyncio.timeout(SECONDS):
                while not condition():
                    if self._reading.done():  # nothing that happens is seen from here on
                        self._reading.result()
                        raise AssertionError(f"the browser says nothing more:\n{self.text}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"waited in vain:\n{self.text}") from None

    async def click(self, x: int, y: int) -> None:
        """Click at a place of the page, in pixels: it gives the terminal the keyboard."""
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def type(self, text: str) -> None:
        """Press the keys of `text`, one after another."""
        for character in text:
            await self.call("Input.dispatchKeyEvent", type="keyDown", text=character, key=character)
            await self.call("Input.dispatchKeyEvent", type="keyUp", key=character)

    async def press(self, key: str, code: int, *, modifiers: int = 0) -> None:
        """Press a key without a character, such as ``("F6", 117)``; `modifiers` 2 is Ctrl and 8 Shift."""
        for kind in ("rawKeyDown", "keyUp"):
            await self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                modifiers=modifiers,
            )

    async def picture(self) -> bytes:
        """The page as a PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])

    async def close(self) -> None:
        """Stop reading."""
        self._reading.cancel()
        await self._socket.close()


@asynccontextmanager
async def page(chromium: str, folder: Path) -> AsyncIterator[Page]:
    """An empty tab of a browser with a profile of its own in `folder`."""
    process = await asyncio.create_subprocess_exec(
        chromium,
        *FLAGS,
        f"--user-data-dir={folder}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = await _port(folder / "DevToolsActivePort", process)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                targets = await answer.json(content_type=None)
            address = next(target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page")
            tab = Page(await session.ws_connect(address, max_msg_size=0))
            await tab.call("Network.enable")
            await tab.call("Page.enable")
            try:
                yield tab
            finally:
                await tab.close()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _port(file: Path, process: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(SECONDS):
        while not (file.exists() and file.read_text().strip()):
            assert process.returncode is None, "chromium did not start"
            await asyncio.sleep(0.05)
    return int(file.read_text().split()[0])
