"""The one door to a registry: `oras` names what is asked for, and requests are sent in our own way.

Every request has timeouts, a bounded body, a cancel token and credentials that never leave the
registry's origin; what may be repeated is repeated within a budget. The client of `oras.provider` is
not used: it brings JSON Schema to every start, and what is wrong with its `push`, `pull`, `delete_tag`
and `login` is in docs/registries.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import oras.container
from msgspec.structs import replace

from floe_engine.descriptor import MANIFEST_LIMIT
from floe_engine.errors import AuthenticationFailed, FloeError, RegistryError
from floe_engine.events import CancelToken
from floe_engine.registry import addresses, answers
from floe_engine.registry.authorization import PULL, Authorization, TokenRequest
from floe_engine.registry.credentials import Credential
from floe_engine.registry.reference import Reference
from floe_engine.registry.retry import Retry
from floe_engine.registry.transport import Transport
from floe_engine.registry.wire import Answer, Interrupted, OnChunk, Request, Wire, never_ending
from floe_engine.waiting import Overdue, wait_for

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TOKEN_LIMIT = 1024 * 1024
_MAX_CHALLENGES = 2
_DOCKER_HUB = "registry-1.docker.io"

_LAYOUT_HOST = "layout.invalid"
"""The host that layout URLs carry; .invalid is never resolved (RFC 2606)."""


class Session:
    """A client for one repository of one registry, or of one layout on disk."""

    def __init__(self, reference: Reference, settings: Transport, cancel: CancelToken | None) -> None:
        host = _api_host(reference)
        plain = reference.root is not None or settings.speaks_plainly(reference.registry)
        self.prefix = "http" if plain else "https"
        self.reference = reference
        self.settings = settings
        self.actions = PULL
        self.home = f"{self.prefix}://{host}"
        self.container = _container(host, reference.repository)
        self._cancels = (cancel,) if cancel is not None else ()
        self._counter = threading.Lock()
        self._sent = 0
        self._wire = _wire(reference, settings, cancel)
        self.authorization = Authorization(
            self.home,
            reference.registry,
            reference.repository,
            self._credential_of,
            self._ask_for_token,
            speaks_plainly=settings.speaks_plainly,
        )

    @property
    def sent(self) -> int:
        """How many requests have been sent, counting redirects, tokens and repetitions."""
        return self._sent

    @property
    def named(self) -> str:
        """What to call the registry in a message."""
        return self.reference.registry or "the layout"

    def url(self, path: str) -> str:
        """The URL of a path that oras' container spelled as ``host/v2/…``."""
        return f"{self.prefix}://{path}"

    def do_request(
        self,
        url: str,
        method: str = "GET",
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        limit: int = MANIFEST_LIMIT,
        on_chunk: OnChunk | None = None,
        cancel: CancelToken | None = None,
    ) -> Answer:
        """Send a request and return the answer, whatever its status, with its body in memory.

        The body is read here, at most `limit` + 1 bytes of it (the one more shows that it was
        too long), so that an answer which breaks off is repeated like one that never came.
        Repeated are GET, HEAD and the PUT of a manifest; never a part of an upload. `cancel` comes
        beside the token of the session. Raises `RegistryUnreachable`, `AuthenticationFailed`,
        `Cancelled`.
        """
        cancels = self._cancels if cancel is None else (*self._cancels, cancel)
        request = Request(method, url, data, headers or {}, limit, on_chunk, cancels)
        return self._repeated(request, self._authorized)

    def _repeated(self, request: Request, attempt: Callable[[Request], Answer]) -> Answer:
        """Make an attempt, and more of them while that is allowed and promises something."""
        retry = Retry(self.settings, request.cancels)
        request = replace(request, end=retry.end)
        repeatable = request.is_repeatable
        while True:
            try:
                response = attempt(request)
            except Interrupted as interrupted:
                if interrupted.passing and repeatable and retry.again():
                    continue
                raise interrupted.error from None
            passing = repeatable and answers.is_passing(response.status_code, response.content)
            if not (passing and retry.again(response.headers.get("Retry-After", ""))):
                return response

    def _authorized(self, request: Request) -> Answer:
        """One try, in which challenges of the registry itself are answered."""
        response = self._followed(request)
        for _ in range(_MAX_CHALLENGES):
            if response.status_code != 401 or not self.same_origin(response.url):
                break
            challenge = response.headers.get("WWW-Authenticate", "")
            refused = response.request.headers.get("Authorization")
            if not self.authorization.answer(challenge, refused, self.actions):
                break
            response = self._followed(request)
        return response

    def _followed(self, request: Request) -> Answer:
        """Send, and follow redirects of reads. An upload is never redirected."""
        for _ in range(_MAX_REDIRECTS + 1):
            authorization = self.authorization.header(request.url, self.actions)
            extra = {"Authorization": authorization} if authorization else {}
            response = self._send(replace(request, headers={**request.headers, **extra}))
            target = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or not request.is_read or not target:
                return response
            request = replace(
                request, url=self.safe_url(addresses.join(request.url, target), "redirects a download")
            )
        raise RegistryError(
            f"{self.reference.registry} redirects in a circle",
            where=self.reference.name,
            status=response.status_code,
        )

    def safe_url(self, url: str, doing: str) -> str:
        """`url` if it may be asked without going where the registry has no business to send us.

        Another host is fine (it gets no credentials); another class of host (this machine, a private
        network, anywhere) is not, nor plain HTTP to a host that may not be spoken to so, nor at all
        from a registry that is not. Raises `RegistryError`; `doing` completes "the registry …".
        """
        if self.reference.root is not None:
            return url
        parts = addresses.split(url)
        clear = (
            parts.scheme == "http" and self.prefix == "http" and self.settings.speaks_plainly(parts.netloc)
        )
        safe = parts.scheme == "https" or clear
        if not parts.hostname or parts.username is not None or not safe:
            raise RegistryError(
                f"{self.reference.registry} {doing} to an address that is not safe",
                addresses.shown(url),
                hint="a registry behind a TLS proxy must be told its public https:// address",
                where=self.reference.name,
            )
        here, there = addresses.host_class(self.home), addresses.host_class(url)
        if here != there:
            raise RegistryError(
                f"{self.reference.registry} {doing} to an address that is not safe",
                f"{addresses.shown(url)} is a {there} address, and the registry's own is {here}",
                hint="if that is its storage, let the registry serve files itself "
                "(docker-registry: storage.redirect.disable), or give the storage a name",
                where=self.reference.name,
            )
        return url

    def same_origin(self, url: str) -> bool:
        """Whether a URL is the registry's own."""
        return addresses.origin(url) == addresses.origin(self.home)

    def failure(self, response: Answer, doing: str, *, where: str = "", tagging: bool = False) -> FloeError:
        """The error for an answer that was not the one hoped for. `doing` completes "while …"."""
        home = self.same_origin(response.url)
        return answers.failure(
            response.status_code,
            response.headers,
            response.content,
            registry=self.named if home else addresses.shown(response.url),
            where=where or str(self.reference),
            doing=doing,
            credential=self.authorization.credential if home else None,
            tagging=tagging,
        )

    def _credential_of(self, registry: str, repository: str) -> Credential | None:
        # A helper program may ask a server of its own; whoever cancels does not wait for that.
        return wait_for(lambda: self.settings.credentials.lookup(registry, repository), self._cancels)

    def _ask_for_token(self, wanted: TokenRequest) -> Mapping[str, object]:
        headers = {"Accept": "application/json"}
        if wanted.authorization:
            headers["Authorization"] = wanted.authorization
        if wanted.form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        method = "GET" if wanted.form is None else "POST"
        request = Request(
            method, wanted.url, wanted.form, headers, _TOKEN_LIMIT, cancels=self._cancels, is_token=True
        )
        # It is sent as it is: a redirect would carry the credentials to a place that nobody has checked.
        response = self._repeated(request, self._send)
        if response.status_code != 200:
            raise self._token_refused(response)
        return answers.json_object(
            response.headers,
            response.content,
            limit=_TOKEN_LIMIT,
            registry=f"the token service {addresses.shown(wanted.url)}",
            where=self.reference.name,
        )

    def _token_refused(self, response: Answer) -> FloeError:
        status = response.status_code
        if status in answers.TRANSIENT:
            return RegistryError(
                f"the token service of {self.reference.registry} answered {answers.status_name(status)}",
                addresses.shown(response.url),
                where=self.reference.name,
                status=status,
            )
        credential = self.authorization.credential
        who = f"the credentials of {credential.source}" if credential else "an anonymous client"
        return AuthenticationFailed(
            f"{self.reference.registry} refused {who}",
            f"its token service {addresses.shown(response.url)} answered {answers.status_name(status)}",
            hint=answers.login_hint(self.reference.registry),
            where=self.reference.name,
            status=status,
        )

    def _send(self, request: Request) -> Answer:
        """One request and one answer, read to its end or to the limit."""
        with self._counter:
            self._sent += 1

        moved = len(request.data or b"")

        def count(received: int) -> None:
            nonlocal moved
            moved = len(request.data or b"") + received
            if request.on_chunk is not None:
                request.on_chunk(received)

        exchange = self._wire.exchange(request, count)
        try:
            return wait_for(
                exchange.answer,
                request.cancels,
                overdue=lambda: time.monotonic() > request.end + moved / self.settings.slowest,
                let_go=exchange.hang_up,
            )
        except Overdue:
            raise never_ending(request.url, str(self.reference), self.settings.budget) from None


def _wire(reference: Reference, settings: Transport, cancel: CancelToken | None) -> Wire:
    if reference.root is not None:
        from floe_engine.registry.layout_wire import LayoutWire

        return LayoutWire(reference.root, cancel)
    from floe_engine.registry.http_wire import HttpWire  # imports urllib3: slow, so only here

    return HttpWire(settings, str(reference))


def _api_host(reference: Reference) -> str:
    if reference.root is not None:
        return _LAYOUT_HOST
    return _DOCKER_HUB if reference.registry in {"docker.io", "index.docker.io"} else reference.registry


def _container(host: str, repository: str) -> oras.container.Container:
    """oras' name of a repository, filled in by hand: its parser takes ``localhost/a`` for docker.io."""
    namespace, _, last = repository.rpartition("/")
    container = oras.container.Container(last, registry=host)
    container.namespace = namespace or None
    return container
