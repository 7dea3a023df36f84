"""What a request and an answer are, whatever carries them: a connection (`http_wire`) or a folder.

A layout on disk is asked the same questions as a registry, and needs no HTTP library for it: nothing
here may import one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct, field

from floe_engine.descriptor import MANIFEST_LIMIT
from floe_engine.errors import RegistryUnreachable
from floe_engine.events import CancelToken
from floe_engine.registry import addresses

OnChunk = Callable[[int], None]
"""Told how many bytes of a body have come so far. Called in the thread of the transfer."""


class Request(Struct, frozen=True):
    """One request as it will be sent, how much of the answer is wanted, and who watches it."""

    method: str
    url: str
    data: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    limit: int = MANIFEST_LIMIT
    on_chunk: OnChunk | None = None
    cancels: Sequence[CancelToken] = ()
    end: float = math.inf
    """When (monotonic clock) the answer must be here, apart from the time that its bytes may take."""
    is_token: bool = False

    def __repr__(self) -> str:
        """Without what it sends, where secrets are."""
        return f"Request({self.method} {self.url})"

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.method in {"GET", "HEAD"}

    @property
    def is_repeatable(self) -> bool:
        """Whether doing it twice is the same as doing it once; a part of an upload is not."""
        # Asking twice for a token only makes two tokens.
        writes = self.method == "PUT" and "/manifests/" in addresses.split(self.url).path
        return self.is_read or self.is_token or writes


class Headers(Mapping[str, str]):
    """The headers of an answer, found by their names in any case."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._values = {name.lower(): value for name, value in headers.items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Answer(Struct, frozen=True):
    """What came back, its body in memory: at most one byte more than was wanted, which shows that it
    was too long.
    """

    request: Request
    status_code: int
    headers: Headers
    content: bytes = b""

    def __repr__(self) -> str:
        """Without headers and body, where tokens are."""
        return f"Answer({self.status_code} to {self.request!r})"

    @property
    def url(self) -> str:
        """Where it came from."""
        return self.request.url

    @property
    def next_page(self) -> str | None:
        """Where a long list goes on (RFC 8288, ``rel="next"``), perhaps relative to `url`."""
        link = self.headers.get("Link")
        if not link:
            return None
        from requests.utils import parse_header_links

        return {found.get("rel"): found.get("url") for found in parse_header_links(link)}.get("next")


class Exchange(NamedTuple):
    """One request on its way."""

    answer: Callable[[], Answer]
    """Sends it and reads the answer. Raises `Interrupted` where none comes, or not all of it."""
    hang_up: Callable[[], object]
    """Called by another thread when nobody waits for the answer any more."""


class Wire(Protocol):
    """What carries requests."""

    def exchange(self, request: Request, count: OnChunk) -> Exchange:
        """Begin one; `count` is told how much of a good answer has come."""


class Interrupted(Exception):
    """A request got no whole answer. `passing` says whether another try may get one."""

    def __init__(self, error: RegistryUnreachable, *, passing: bool) -> None:
        super().__init__(error.title)
        self.error = error
        self.passing = passing


def never_ending(url: str, where: str, seconds: float) -> RegistryUnreachable:
    """The error for an answer that comes so slowly that it would not end in time."""
    return RegistryUnreachable(
        f"{addresses.shown(url)} does not come to an end with its answer",
        f"it was not complete after {seconds:g} s, and hardly anything moves",
        hint="try again later; a proxy in between may hold answers back",
        where=where,
    )
