"""``floe-tui --web`` as a process on a free port, and its page's session as a browser would hold it."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from .terminal import program


@dataclass
class Web:
    """A running web face: what it printed, and where it is."""

    process: asyncio.subprocess.Process
    address: str
    port: int
    talk: list[str] = field(default_factory=list)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def enter(self) -> tuple[str, str]:
        """Open the printed address: the page's path and the cookie that it gives."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(self.address, allow_redirects=False) as answer,
        ):
            assert answer.status == 303, await answer.text()
            (cookie,) = answer.headers.getall("Set-Cookie")
            assert re.search(r"; HttpOnly", cookie) and re.search(r"; SameSite=Strict", cookie)
            return answer.headers["Location"], cookie.partition(";")[0]

    def children(self) -> list[int]:
        """The processes of its workbenches."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


@asynccontextmanager
async def served(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> AsyncIterator[Web]:
    """``floe-tui --web`` in `folder`, from the line with its address on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *program(),
        *("--web", "--port", str(port), *arguments),
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        assert line.startswith("The workbench is at http://127.0.0.1:"), line
        web = Web(process, line.split()[-1], port, [line])
        yield web
    finally:
        if process.returncode is None:
            process.terminate()
        rest, _ = await process.communicate()
    web.talk.append(rest.decode())
