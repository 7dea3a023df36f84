"""Requests over HTTP, by urllib3: no cookies, no redirects, no ~/.netrc. Slow to import: 50 ms."""

from __future__ import annotations

from functools import partial

from floe_engine.patterns import compiled_on_use

with compiled_on_use():  # urllib3 has four expressions over all of IPv6, of which most are never asked
    from urllib3 import BaseHTTPResponse, Timeout
    from urllib3.exceptions import HTTPError

from floe_engine.registry.exchange import Watched
from floe_engine.registry.network import Connections, explain
from floe_engine.registry.transport import Transport
from floe_engine.registry.wire import Answer, Exchange, Headers, OnChunk, Request

_CHUNK = 16 * 1024
_ERROR_LIMIT = 64 * 1024


class HttpWire:
    """Connections to a registry, and to where it redirects; kept and used again. Thread-safe.

    `where` is the reference that errors name.
    """

    def __init__(self, settings: Transport, where: str) -> None:
        self._settings = settings
        self._where = where
        self._connections = Connections(settings)

    def exchange(self, request: Request, count: OnChunk) -> Exchange:
        """Begin one; `count` is told how much of a good answer has come."""
        watched = Watched()
        return Exchange(partial(self._answer, request, count, watched), watched.hang_up)

    def _answer(self, request: Request, count: OnChunk, watched: Watched) -> Answer:
        settings = self._settings
        headers = {
            "User-Agent": "floe-engine",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            **request.headers,
        }
        with watched.watched():
            try:
                response = self._connections.to(request.url).urlopen(
                    request.method,
                    request.url,
                    body=request.data,
                    headers=headers,
                    timeout=Timeout(connect=settings.connect_timeout, read=settings.read_timeout),
                    redirect=False,
                    retries=False,
                    preload_content=False,
                )
                try:
                    content = _read(response, request, count)
                finally:
                    response.close()
            except (HTTPError, ValueError) as error:
                raise explain(error, request.url, self._where) from None
        return Answer(request, response.status, Headers(dict(response.headers.itermerged())), content)


def _read(response: BaseHTTPResponse, request: Request, count: OnChunk) -> bytes:
    good = response.status < 400
    limit = request.limit if good else max(request.limit, _ERROR_LIMIT)
    content = bytearray()
    for chunk in response.stream(_CHUNK, decode_content=False):
        for token in request.cancels:
            token.check()
        content += chunk
        if good:
            count(len(content))
        if len(content) > limit:
            return bytes(content[: limit + 1])
    response.release_conn()  # to the pool; a body that was cut short takes its connection along
    return bytes(content)
