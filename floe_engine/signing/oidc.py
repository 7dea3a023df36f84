"""Identity tokens for signing without a key: from the environment, a CI system, or a person's browser.

OpenID Connect Core 1.0 (authorization code flow) with PKCE (RFC 7636) and a redirect to loopback
(RFC 8252, 7.3), as cosign does it. Where a person is shown the link is the caller's business.
"""

from __future__ import annotations

import base64
import hashlib
import html
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from msgspec import Struct

from floe_engine.errors import Cancelled, RegistryUnreachable, TrustError
from floe_engine.events import CancelToken
from floe_engine.files import strict_json
from floe_engine.signing.keyless import TOKEN_VARIABLE
from floe_engine.signing.outside import Unacceptable, mapping, quoted, reason
from floe_engine.waiting import Overdue, wait_for

CLIENT_ID = "sigstore"
CALLBACK = "/auth/callback"
ELSEWHERE = "urn:ietf:wg:oauth:2.0:oob"
"""The redirect that makes an issuer show the code to the person instead (a browser on another machine)."""

SECONDS_TO_SIGN_IN = 300.0
_TIMEOUTS = (5.0, 30.0)
_SECONDS_TO_ANSWER = 45.0
"""For one whole answer, however it trickles in."""
_CHUNK, _CHUNKS = 64 << 10, 16
"""How much of an issuer's answer is read: a megabyte."""


class Claimed(Struct, frozen=True):
    """Whom an identity token names, as nobody has checked yet."""

    identity: str
    issuer: str

    def __str__(self) -> str:
        return f"{self.identity} ({self.issuer})"


@dataclass
class Invitation:
    """What a person does to sign in. It is answered by setting `code` or `declined`, from any thread.

    `link` is for a browser on this machine. With `elsewhere`, in a browser anywhere, the issuer
    shows a code.
    """

    link: str
    elsewhere: str
    issuer: str
    code: str = field(default="", repr=False)
    declined: bool = False


SignIn = Callable[[Invitation], AbstractContextManager[object]]
"""Shows an invitation on entering, and takes it away on leaving, whatever came of it."""


def find_token(given: str | None, environ: Mapping[str, str]) -> str:
    """The OpenID token to sign with: `given`, else ``SIGSTORE_ID_TOKEN``, else the CI system's.

    Raises `TrustError` where there is none.
    """
    token = ambient_token(given, environ)
    if token is None:
        raise TrustError(
            "there is no identity to sign with",
            "no token was given, and this machine offers none",
            hint=f"set {TOKEN_VARIABLE}, run in a CI job that may ask for id-tokens, or sign with a key",
        )
    return token


def ambient_token(given: str | None, environ: Mapping[str, str]) -> str | None:
    """The same; None where there is none. The CI system's is asked of the service that the machine
    offers (GitHub Actions, GitLab, Google, …); raises `TrustError` where that refuses.
    """
    token = given or environ.get(TOKEN_VARIABLE, "")
    if token:
        return token.strip()
    from sigstore.oidc import IdentityError, detect_credential

    try:
        # It asks services of the machine, some of them without any limit of its own.
        return wait_for(detect_credential, overdue=_after(_SECONDS_TO_ANSWER))
    except Overdue:
        raise TrustError(
            "the identity token of this machine cannot be had",
            f"its service did not answer within {_SECONDS_TO_ANSWER:.0f} s",
            hint=f"set {TOKEN_VARIABLE}, or sign with a key",
        ) from None
    except IdentityError as error:
        raise TrustError("the identity token of this machine cannot be had", reason(error)) from None


def claimed(token: str) -> Claimed | None:
    """Whom a token names; None where it has expired or is none that Sigstore takes."""
    from sigstore.oidc import IdentityError, IdentityToken

    try:
        read = IdentityToken(token)
    except IdentityError:
        return None
    return Claimed(read.identity, read.federated_issuer)


def browser_token(issuer: str, show: SignIn, cancel: CancelToken) -> str:
    """The token of a person who signs in at `issuer` (its URL) with a browser.

    Raises `Cancelled`, also where they decline; `TrustError` where the issuer refuses or nobody
    signs in within five minutes; `RegistryUnreachable` where it does not answer.
    """
    endpoints = _ask(cancel, issuer, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    session = _Session(issuer, str(endpoints.get("authorization_endpoint", "")))
    if not _private(session.link(ELSEWHERE)):
        raise TrustError("the identity issuer is not reached by https", where=issuer)
    with _redirects(session) as home:
        invitation = Invitation(home, session.link(ELSEWHERE), issuer)
        with show(invitation):
            code, redirect = _wait(session, invitation, f"{home}{CALLBACK}", cancel)
    answer = _ask(
        cancel,
        issuer,
        str(endpoints.get("token_endpoint", "")),
        {
            "grant_type": "authorization_code",
            "redirect_uri": redirect,
            "code": code,
            "code_verifier": session.verifier,
            "client_id": CLIENT_ID,
        },
    )
    token = answer.get("id_token") or answer.get("access_token")
    if not isinstance(token, str) or claimed(token) is None:
        raise TrustError("the identity issuer gave no token that can be used", where=issuer)
    return token


class _Session:
    """One signing-in: what the issuer is asked for, and what came back."""

    def __init__(self, issuer: str, endpoint: str) -> None:
        self.issuer = issuer
        self.verifier = secrets.token_urlsafe(32)
        self.state = secrets.token_urlsafe(16)
        self.answer: dict[str, list[str]] | None = None
        self._endpoint = endpoint

    def link(self, redirect: str) -> str:
        """Where the person goes, to come back to `redirect`."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=")
        wanted = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "scope": "openid email",
            "redirect_uri": redirect,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
            "state": self.state,
        }
        return f"{self._endpoint}{'&' if '?' in self._endpoint else '?'}{urlencode(wanted)}"

    def accepts(self, answer: Mapping[str, list[str]]) -> bool:
        """Whether an answer belongs to this session, and not to a page that guessed the port."""
        given = answer.get("state", [""])[0]
        return secrets.compare_digest(given.encode("utf-8", "replace"), self.state.encode())


def _wait(session: _Session, invitation: Invitation, redirect: str, cancel: CancelToken) -> tuple[str, str]:
    """The code of whoever signed in, and the redirect that it was given for."""
    deadline = time.monotonic() + SECONDS_TO_SIGN_IN
    while session.answer is None:
        cancel.sleep(0.1)
        if invitation.declined:
            raise Cancelled
        if code := invitation.code.strip():
            return code, ELSEWHERE
        if time.monotonic() > deadline:
            raise TrustError(
                "nobody signed in",
                f"waited {SECONDS_TO_SIGN_IN:.0f} s",
                hint="start again, or sign with a key",
                where=session.issuer,
            )
    if "error" in session.answer:
        said = " ".join(session.answer["error"] + session.answer.get("error_description", []))
        raise TrustError("the identity issuer did not let you sign in", quoted(said), where=session.issuer)
    return session.answer.get("code", [""])[0], redirect


class _Quiet(HTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that hangs up: the terminal is somebody else's."""


@contextmanager
def _redirects(session: _Session) -> Iterator[str]:
    """Serve loopback while the block runs: ``/`` sends to the issuer, which sends back to the callback."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 2  # an idle connection must not keep the answer out

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the terminal is somebody else's."""

        def do_GET(self) -> None:
            """The two pages."""
            self.close_connection = True
            parts = urlsplit(self.path)
            if parts.path == "/":
                self.send_response(302)
                self.send_header("Location", session.link(f"{home}{CALLBACK}"))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            answer = parse_qs(parts.query)
            if parts.path != CALLBACK or not session.accepts(answer):
                self._page(404, "This is not the page that you look for.")
                return
            self._page(200, "Go back to floe. This page can be closed.")
            session.answer = session.answer or answer

        def _page(self, status: int, text: str) -> None:
            page = (
                f"<!doctype html><meta charset=utf-8><title>floe</title><p>{html.escape(text)}</p>".encode()
            )
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

    server = _Quiet(("127.0.0.1", 0), Handler)
    # Issuers know "localhost" as the redirect of programs; an address is not on their lists.
    home = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield home
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _ask(
    cancel: CancelToken, issuer: str, url: str, form: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    """The answer of the issuer at `url`, a JSON object; with a `form` it is posted there."""
    import requests

    if not _private(url):
        raise TrustError("the identity issuer is not reached by https", quoted(url), where=issuer)
    method = "GET" if form is None else "POST"

    def talk() -> tuple[int, bytes]:
        with requests.request(method, url, data=form, timeout=_TIMEOUTS, stream=True) as answer:
            return answer.status_code, b"".join(islice(answer.iter_content(_CHUNK), _CHUNKS))

    try:
        status, body = wait_for(talk, (cancel,), overdue=_after(_SECONDS_TO_ANSWER))
    except (requests.RequestException, Overdue) as error:
        raise RegistryUnreachable(
            "the identity issuer does not answer",
            reason(error) or f"not within {_SECONDS_TO_ANSWER:.0f} s",
            hint="check the network, or sign with a key",
            where=issuer,
        ) from error
    try:
        document = mapping(strict_json(body), "the answer")
    except (ValueError, Unacceptable):
        document = {}
    if status >= 400 or not document:
        said = document.get("error_description") or document.get("error") or "it gave no reason"
        raise TrustError(
            "the identity issuer did not let you sign in", f"status {status}: {quoted(said)}", where=issuer
        )
    return document


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def _private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    )
