"""Requests over HTTP, by `requests` without the manners of a browser. Slow to import: 70 ms."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from threading import Lock
from typing import Any

import requests
import urllib3
from requests import RequestException, Response

from floe_engine.registry import addresses
from floe_engine.registry.exchange import Watched, WatchedAdapter
from floe_engine.registry.network import CertificateAdapter, explain, proxy_for
from floe_engine.registry.reference import is_loopback
from floe_engine.registry.transport import Transport
from floe_engine.registry.wire import Answer, Headers, OnChunk, Request

_CHUNK = 16 * 1024
_ERROR_LIMIT = 64 * 1024


class HttpWire:
    """Connections to a registry, and to where it redirects; kept and used again. Thread-safe.

    `where` is the reference that errors name.
    """

    def __init__(self, settings: Transport, where: str) -> None:
        self._settings = settings
        self._where = where
        self._session = _PlainSession(settings)

    def exchange(self, request: Request, count: OnChunk) -> _HttpExchange:
        """Begin one; `count` is told how much of a good answer has come."""
        return _HttpExchange(self._session, self._settings, self._where, request, count)


class _HttpExchange:
    """One request on its way over a connection."""

    def __init__(
        self, session: _PlainSession, settings: Transport, where: str, request: Request, count: OnChunk
    ) -> None:
        self._session = session
        self._settings = settings
        self._where = where
        self._request = request
        self._count = count
        self._watched = Watched()
        self.hang_up = self._watched.hang_up

    def answer(self) -> Answer:
        """Send it and read the answer. Raises `Interrupted` where none comes, or not all of it."""
        request, settings = self._request, self._settings
        with self._watched.watched():
            try:
                response: Response = self._session.request(
                    request.method,
                    request.url,
                    data=request.data,
                    headers={
                        "User-Agent": "floe-engine",
                        "Accept-Encoding": "identity",
                        **request.headers,
                    },
                    timeout=(settings.connect_timeout, settings.read_timeout),
                    allow_redirects=False,
                    stream=True,
                )
                with response:
                    content = _read(response, request, self._count)
            except (RequestException, urllib3.exceptions.HTTPError) as error:
                raise explain(error, request.url, self._where) from None
        return Answer(request, response.status_code, Headers(response.headers), content)


class _PlainSession(requests.Session):
    """`requests` without the manners of a browser: no cookies, no redirects, no ~/.netrc.

    And no proxy to this machine itself, as docker, cosign and ORAS have it.
    """

    def __init__(self, settings: Transport) -> None:
        super().__init__()
        self._settings = settings
        self._securing = Lock()
        self._secure: CertificateAdapter | None = None
        self.mount("http://", WatchedAdapter(pool_maxsize=settings.workers + 1))
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Without an auth of its own every request would look for one in ~/.netrc.
        self.auth = lambda request: request

    def get_adapter(self, url: Any) -> Any:
        """The connections for a URL. What is trusted is read when the first needs it: 50 ms."""
        if not str(url).lower().startswith("https://"):
            return super().get_adapter(url)
        with self._securing:
            self._secure = self._secure or CertificateAdapter(self._settings)
        return self._secure

    def merge_environment_settings(self, url: Any, *others: Any) -> Any:
        """Proxies and certificates of the environment, for this URL."""
        settings = super().merge_environment_settings(url, *others)
        if is_loopback(addresses.split(str(url)).netloc):
            settings["proxies"] = {}
        proxy_for(str(url), settings["proxies"])
        return settings

    def get_redirect_target(self, resp: Response) -> None:
        """Nowhere: `requests` prepares the next request even where it is told not to follow."""


def _read(response: Response, request: Request, count: OnChunk) -> bytes:
    limit = request.limit if response.ok else max(request.limit, _ERROR_LIMIT)
    content = bytearray()
    for chunk in response.raw.stream(_CHUNK, decode_content=False):
        for token in request.cancels:
            token.check()
        content += chunk
        if response.ok:
            count(len(content))
        if len(content) > limit:
            return bytes(content[: limit + 1])
    response.raw.release_conn()  # to the pool; a body that was cut short takes its connection along
    return bytes(content)
