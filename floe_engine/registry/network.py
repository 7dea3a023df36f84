"""Below HTTP: whose certificates are trusted, and why a connection failed, in a reader's words."""

from __future__ import annotations

import http.client
import importlib.util
import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Self
from urllib.parse import unquote

import urllib3
from msgspec import Struct
from urllib3 import PoolManager, ProxyManager, make_headers
from urllib3.util.ssl_ import create_urllib3_context

from floe_engine.errors import ConfigurationError, RegistryUnreachable
from floe_engine.files import read_bounded
from floe_engine.registry import addresses, answers
from floe_engine.registry.addresses import shown
from floe_engine.registry.exchange import watchable
from floe_engine.registry.reference import is_loopback
from floe_engine.registry.transport import Transport
from floe_engine.registry.wire import Interrupted


class Connections:
    """Connections straight to a host or through the environment's proxy, kept and used again. Thread-safe."""

    def __init__(self, settings: Transport) -> None:
        self._settings = settings
        self._managers: dict[tuple[str | None, bool], PoolManager] = {}
        self._making = Lock()

    def to(self, url: str) -> PoolManager:
        """Those for a URL. What is trusted is read when the first needs it: 50 ms.

        Raises `ConfigurationError` where certificates or the proxy cannot be used.
        """
        proxy, secure = proxy_for(url), url.lower().startswith("https:")
        with self._making:
            if (proxy, secure) not in self._managers:
                self._managers[proxy, secure] = self._manager(proxy, secure=secure)
            return self._managers[proxy, secure]

    def _manager(self, proxy: str | None, *, secure: bool) -> PoolManager:
        options: dict[str, Any] = {"maxsize": self._settings.workers + 1}
        if secure:
            options["ssl_context"] = _context(self._settings.ca_file)
        if proxy is None:
            return watchable(PoolManager(**options))
        parts = urllib3.util.parse_url(proxy)
        user, _, password = map(unquote, (parts.auth or "").partition(":"))
        if (parts.scheme or "").startswith("socks"):  # those have connections of their own
            from urllib3.contrib.socks import SOCKSProxyManager

            return SOCKSProxyManager(proxy, username=user or None, password=password or None, **options)
        headers = make_headers(proxy_basic_auth=f"{user}:{password}") if parts.auth else None
        return watchable(ProxyManager(proxy, proxy_headers=headers, **options))


def _context(ca_file: Path | None) -> ssl.SSLContext:
    """What trusts the public authorities and those of `ca_file` and ``SSL_CERT_FILE``.

    What ``REQUESTS_CA_BUNDLE`` or ``CURL_CA_BUNDLE`` names stands in place of the public ones, as everywhere.
    All connections share it: to read the public ones is the longest part of opening one.
    """
    # All are read before a context is made: OpenSSL looks at SSL_CERT_FILE itself, and waits for a pipe.
    besides = []
    if ca_file is not None:
        besides.append(_Authorities.read(ca_file, "FLOE_CA_FILE or the setting ca_file"))
    if named := os.environ.get("SSL_CERT_FILE"):
        besides.append(_Authorities.read(Path(named), "SSL_CERT_FILE"))
    bundle = next((name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(name)), "")
    public = None
    if bundle and not Path(os.environ[bundle]).is_dir():
        public = _Authorities.read(Path(os.environ[bundle]), bundle)
    context = ssl.create_default_context() if besides else create_urllib3_context()
    if public is not None:
        public.load(context)
    elif bundle:
        context.load_verify_locations(capath=os.environ[bundle])
    else:
        import certifi  # late: it imports importlib.resources, and a registry here on loopback has no TLS

        context.load_verify_locations(cafile=certifi.where())
    for authorities in besides:
        authorities.load(context)
    return context


class _Authorities(Struct, frozen=True):
    """A file of certificates in PEM, and what named it."""

    path: Path
    named_by: str
    pem: str

    @classmethod
    def read(cls, path: Path, named_by: str) -> Self:
        """Read it. Raises `ConfigurationError` where it is no regular file that can be read."""
        try:
            pem = read_bounded(path, _CA_LIMIT, what="it").decode("ascii", "replace")
        except ConfigurationError as error:
            why = error.title.replace("it not found", "it does not exist")
            raise _unusable(path, named_by, f"{why} {error.message}".strip()) from None
        return cls(path, named_by, pem.replace("\ufffd", "?"))  # comments may be in any language

    def load(self, context: ssl.SSLContext) -> None:
        """Let `context` trust them too. Raises `ConfigurationError` where there are none."""
        try:
            context.load_verify_locations(cadata=self.pem)
        except (OSError, ValueError):
            raise _unusable(self.path, self.named_by, "it holds no certificate in PEM") from None


def _unusable(path: Path, named_by: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        "the file of certificate authorities cannot be used",
        f"{why}; {named_by} names it",
        hint="it must hold one or more certificates between BEGIN and END CERTIFICATE",
        where=str(path),
    )


def proxy_for(url: str) -> str | None:
    """The address of the proxy that the environment names for `url`, or None.

    This machine itself is asked without one, as docker, cosign and ORAS have it. Raises
    `ConfigurationError`, with the variable's name, where it is none that can be used.
    """
    variables = {name.lower(): name for name in os.environ if os.environ[name]}
    kept_elsewhere = sys.platform in {"darwin", "win32"}  # in the system's settings
    if is_loopback(addresses.split(url).netloc) or not (
        kept_elsewhere or any(name.endswith("_proxy") for name in variables)
    ):
        return None
    from requests.utils import get_environ_proxies, select_proxy  # slow, and hardly ever needed

    proxy = select_proxy(url, get_environ_proxies(url))
    if not proxy:
        return None
    scheme = addresses.split(url).scheme
    named = variables.get(f"{scheme}_proxy") or variables.get("all_proxy") or "the proxy settings"
    address = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urllib3.util.parse_url(address)
    except (urllib3.exceptions.LocationParseError, ValueError):
        parts = urllib3.util.Url()
    kind = (parts.scheme or "").lower()
    if not parts.host or kind not in _PROXIES:
        raise ConfigurationError(
            f"{named} is not the address of a proxy",
            f"it is needed for {shown(url)}",
            hint=f"write it as http://HOST:PORT, or name the host in NO_PROXY, or unset {named}",
        )
    if kind.startswith("socks") and importlib.util.find_spec("socks") is None:
        raise ConfigurationError(
            f"{named} names a SOCKS proxy, and PySocks is not installed",
            f"it is needed for {shown(url)}",
            hint=f"install it beside floe (`pip install PySocks`), or name an http:// proxy in {named}",
        )
    return address


_PROXIES = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})
_CA_LIMIT = 16 * 1024 * 1024
_MALFORMED = (
    urllib3.exceptions.InvalidHeader,
    urllib3.exceptions.HeaderParsingError,
    http.client.LineTooLong,
)
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "record layer failure")

_REASONS: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    (
        (urllib3.exceptions.NameResolutionError,),
        "its name has no address (DNS)",
        "check the spelling and the network",
    ),
    ((urllib3.exceptions.ProxyError,), "the proxy did not connect", "check HTTPS_PROXY and HTTP_PROXY"),
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
        "try again; check proxies in between, and whether the port speaks HTTPS (FLOE_PLAIN_HTTP)",
    ),
)
"""What failed → why, and what to do. The first that fits is said; all may pass by themselves."""


def explain(error: Exception, url: str, where: str) -> Interrupted:
    """Why there was no answer from `url`. The text holds no URL query and no header."""
    host = shown(url)
    chain = _chain(error)

    def unreachable(why: str, hint: str) -> RegistryUnreachable:
        return RegistryUnreachable(f"{host} cannot be reached", why, hint=hint, where=where)

    if any(isinstance(one, (ssl.SSLError, urllib3.exceptions.SSLError)) for one in chain):
        return Interrupted(unreachable(*_tls_reason(chain, addresses.split(url).netloc)), passing=False)
    if any(isinstance(one, _MALFORMED) for one in chain):
        return Interrupted(
            unreachable(
                "its answer is not HTTP that can be read: its headers contradict themselves or are cut short",
                "check that the host is an OCI registry; a proxy in between may damage its answers",
            ),
            passing=False,
        )
    if isinstance(error, ValueError):  # urllib3's LocationParseError and its like
        return Interrupted(unreachable("the request cannot be built", "check the reference"), passing=False)
    if url.startswith("http:") and any(_sounds_like_tls(one) for one in chain):
        return Interrupted(
            unreachable("it was asked by plain HTTP, and answers in TLS", answers.TLS_HINT), passing=False
        )
    for kinds, why, hint in _REASONS:
        if any(isinstance(one, kinds) for one in chain):
            return Interrupted(unreachable(why, hint), passing=True)
    why, hint = type(error).__name__, "check the network and the proxy settings"
    return Interrupted(unreachable(why, hint), passing=True)


def _sounds_like_tls(error: BaseException) -> bool:
    """Whether a status line is the beginning of a TLS record (an alert, or a handshake)."""
    return isinstance(error, http.client.BadStatusLine) and str(error.args[0])[1:2] == "\x03"


def _chain(error: BaseException) -> list[BaseException]:
    """An error and what is inside it; urllib3 wraps what it meets several times."""
    chain: list[BaseException] = []
    pending: list[object] = [error]
    while pending and len(chain) < 20:
        one = pending.pop(0)
        if isinstance(one, BaseException) and one not in chain:
            chain.append(one)
            pending += [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]
    return chain


def _tls_reason(chain: Sequence[BaseException], host: str) -> tuple[str, str]:
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not trusted: {answers.plain(one.verify_message)}",
                "if it is your organisation's own, name the file of its authority in FLOE_CA_FILE",
            )
    if any(mark in str(one) for one in chain for mark in _NO_TLS):
        return "it does not speak TLS", f"if it is meant to be plain HTTP, set FLOE_PLAIN_HTTP={host}"
    return "the TLS connection failed", "check its certificate and the clock of this machine"
