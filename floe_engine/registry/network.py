"""Below HTTP: whose certificates are trusted, and why a connection failed, in a reader's words."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from floe_engine.errors import ConfigurationError, RegistryUnreachable
from floe_engine.registry import answers
from floe_engine.registry.addresses import shown
from floe_engine.registry.transport import Transport


class Interrupted(Exception):
    """A request got no whole answer. `passing` says whether another try may get one."""

    def __init__(self, error: RegistryUnreachable, *, passing: bool) -> None:
        super().__init__(error.title)
        self.error = error
        self.passing = passing


class CertificateAdapter(HTTPAdapter):
    """HTTPS that trusts the user's certificate authorities besides the public ones."""

    def __init__(self, settings: Transport) -> None:
        self._extra = settings.ca_file or _environment_ca()
        super().__init__(pool_maxsize=settings.workers + 1)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the connection pool; requests calls this from its constructor."""
        if self._extra is not None:
            context = ssl.create_default_context()
            try:
                context.load_verify_locations(cafile=str(self._extra))
            except (OSError, ssl.SSLError) as error:
                raise ConfigurationError(
                    "the file of certificate authorities cannot be used",
                    getattr(error, "strerror", None) or "it is not PEM",
                    hint="it must hold one or more certificates between BEGIN and END CERTIFICATE",
                    where=str(self._extra),
                ) from None
            options["ssl_context"] = context
        super().init_poolmanager(*args, **options)


def _environment_ca() -> Path | None:
    """What Go and OpenSSL programs honour; `requests` only reads its own variables."""
    if os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE"):
        return None
    named = os.environ.get("SSL_CERT_FILE")
    return Path(named) if named else None


_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "record layer failure")

_REASONS: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    (
        (urllib3.exceptions.NameResolutionError,),
        "its name has no address (DNS)",
        "check the spelling and the network",
    ),
    ((requests.exceptions.ProxyError,), "the proxy did not connect", "check HTTPS_PROXY and HTTP_PROXY"),
    # urllib3 derives its error for every failed connection, refusals too, from ConnectTimeoutError.
    (
        (ConnectionRefusedError,),
        "it refused the connection",
        "check host and port, and that the registry runs",
    ),
    (
        (urllib3.exceptions.ConnectTimeoutError,),
        "it did not take the connection in time",
        "check host, port and firewall",
    ),
    ((urllib3.exceptions.ReadTimeoutError, TimeoutError), "it stopped answering", "try again later"),
    (
        (urllib3.exceptions.IncompleteRead, urllib3.exceptions.ProtocolError, ConnectionError),
        "the connection broke off",
        "try again; check proxies in between",
    ),
)
"""What failed → why, and what to do. The first that fits is said; all may pass by themselves."""


def explain(error: Exception, url: str, where: str) -> Interrupted:
    """Why there was no answer from `url`. The text holds no URL query and no header."""
    host = shown(url)
    chain = _chain(error)

    def unreachable(why: str, hint: str) -> RegistryUnreachable:
        return RegistryUnreachable(f"{host} cannot be reached", why, hint=hint, where=where)

    if any(
        isinstance(one, (ssl.SSLError, requests.exceptions.SSLError, urllib3.exceptions.SSLError))
        for one in chain
    ):
        return Interrupted(unreachable(*_tls_reason(chain)), passing=False)
    if isinstance(error, ValueError):  # requests' InvalidURL, InvalidHeader and their like
        return Interrupted(unreachable("the request cannot be built", "check the reference"), passing=False)
    for kinds, why, hint in _REASONS:
        if any(isinstance(one, kinds) for one in chain):
            return Interrupted(unreachable(why, hint), passing=True)
    why, hint = type(error).__name__, "check the network and the proxy settings"
    return Interrupted(unreachable(why, hint), passing=True)


def _chain(error: BaseException) -> list[BaseException]:
    """An error and what is inside it; requests and urllib3 wrap each other several times."""
    chain: list[BaseException] = []
    pending: list[object] = [error]
    while pending and len(chain) < 20:
        one = pending.pop(0)
        if isinstance(one, BaseException) and one not in chain:
            chain.append(one)
            pending += [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]
    return chain


def _tls_reason(chain: Sequence[BaseException]) -> tuple[str, str]:
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not trusted: {answers.plain(one.verify_message)}",
                "if it is your organisation's own, name the file of its authority in FLOE_CA_FILE",
            )
    if any(mark in str(one) for one in chain for mark in _NO_TLS):
        return "it does not speak TLS", "if it is meant to be plain HTTP, set FLOE_PLAIN_HTTP=1 for it"
    return "the TLS connection failed", "check its certificate and the clock of this machine"
