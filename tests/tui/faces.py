"""The workbench as somebody meets it, by its screen and its keys alone: in this process, or in a browser.

What is written against a `Face` says nothing of widgets, and so holds for both.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual import events
from textual.pilot import Pilot

from floe_tui.app import Workbench
from floe_tui.settings import Options

from .browser import Page, tab_of
from .serving import served

SIZE = (124, 40)
SECONDS = 60.0


class Face(ABC):
    """A workbench that is up."""

    folder: Path

    @property
    @abstractmethod
    def text(self) -> str:
        """The screen, a line a row."""

    @abstractmethod
    async def press(self, *keys: str) -> None:
        """Press keys, by Textual's names, or characters."""

    @abstractmethod
    async def paste(self, text: str) -> None:
        """Paste a text."""

    @abstractmethod
    async def resize(self, columns: int, rows: int) -> None:
        """Give it another size."""

    @abstractmethod
    async def click(self, text: str) -> None:
        """Click at the beginning of what stands on the screen."""

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until it holds; fails with the screen."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain:\n{self.text}"
            await self._wait()

    async def shows(self, *parts: str) -> None:
        """Wait until the screen shows every part."""

        def missing() -> list[str]:
            text = self.text
            return [part for part in parts if part not in text]

        try:
            await self.until(lambda: not missing())
        except AssertionError as failure:
            raise AssertionError(f"{missing()} is not shown; {failure}") from None

    async def hides(self, *parts: str) -> None:
        """Wait until the screen shows none of the parts."""
        await self.until(lambda: not any(part in self.text for part in parts))

    def line(self, part: str) -> str:
        """The first line of the screen with some text."""
        return next(line for line in self.text.splitlines() if part in line)

    async def _wait(self) -> None:
        await asyncio.sleep(0.05)


class InProcess(Face):
    """A pilot's."""

    def __init__(self, app: Workbench, pilot: Pilot[None], folder: Path) -> None:
        self._app, self._pilot, self.folder = app, pilot, folder

    @property
    def text(self) -> str:
        strips = self._app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)

    async def paste(self, text: str) -> None:
        self._app.post_message(events.Paste(text))

    async def resize(self, columns: int, rows: int) -> None:
        await self._pilot.resize_terminal(columns, rows)

    async def click(self, text: str) -> None:
        await self.shows(text)
        await self._pilot.click(offset=place_of(text, self.text))

    async def _wait(self) -> None:
        await self._pilot.pause(0.02)


class InBrowser(Face):
    """A page's."""

    def __init__(self, tab: Page, folder: Path) -> None:
        self._tab, self.folder = tab, folder

    @property
    def text(self) -> str:
        return self._tab.text

    async def press(self, *keys: str) -> None:
        await self._tab.press(*keys)

    async def paste(self, text: str) -> None:
        await self._tab.paste(text)

    async def resize(self, columns: int, rows: int) -> None:
        await self._tab.fit(columns, rows)

    async def click(self, text: str) -> None:
        await self.shows(text)
        await self._tab.click(*place_of(text, self.text))


def place_of(text: str, screen: str) -> tuple[int, int]:
    """Column and row, from 0, at which a text begins on the screen."""
    for row, line in enumerate(screen.splitlines()):
        if text in line:
            return line.index(text), row
    raise AssertionError(f"{text} is not on the screen:\n{screen}")


@asynccontextmanager
async def in_process(folder: Path, *arguments: str) -> AsyncIterator[Face]:
    """A workbench under a pilot."""
    app = Workbench(Options(folder, "--read-only" in arguments, ""))
    async with app.run_test(size=SIZE) as pilot:
        yield InProcess(app, pilot, folder)


@asynccontextmanager
async def in_browser(port: int, folder: Path, *arguments: str) -> AsyncIterator[Face]:
    """``floe-tui --web`` in a tab of a browser."""
    async with served(folder, *arguments) as web, tab_of(port) as tab:
        await tab.call("Page.navigate", url=web.address)
        await tab.until(lambda: "floe │" in tab.text)  # a question may lie over the rest
        await tab.fit(*SIZE)
        yield InBrowser(tab, folder)
