"""Which `Authorization` header a request carries: bound to one registry's origin.

RFC 7235 challenges, docker's token protocol (distribution, "Token Authentication
Specification" and "OAuth2"). Knows how to ask a token service, not how to send a request.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from msgspec import Struct

from floe_engine.errors import AuthenticationFailed, RegistryError
from floe_engine.patterns import pattern
from floe_engine.registry.addresses import host_class, origin, shown, split
from floe_engine.registry.credentials import Credential

PULL: frozenset[str] = frozenset({"pull"})
PUSH: frozenset[str] = frozenset({"pull", "push"})

# A name begins where none stands before: from each letter of a long one it would be tried again.
_PARAMETER = pattern(r'(?<![A-Za-z0-9_-])([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME = pattern(r"(?:^|,)\s*(Basic|Bearer)(?=\s|,|$)", re.IGNORECASE)
_LONGEST = 8192
"""Characters of a challenge that are read; no registry needs a tenth of them."""
_INWARD = ("loopback", "private", "public")
_TOKEN = pattern(r"[\x21-\x7e]+")


class Challenge(Struct, frozen=True):
    """What a 401 asks for: ``basic`` or ``bearer``, with its parameters."""

    scheme: str
    parameters: Mapping[str, str]

    @classmethod
    def parse(cls, header: str) -> Challenge | None:
        """The strongest challenge of a ``WWW-Authenticate`` header that we can answer."""
        header = header[:_LONGEST]
        found = list(_SCHEME.finditer(header))
        challenges = []
        for number, match in enumerate(found):
            end = found[number + 1].start() if number + 1 < len(found) else len(header)
            pairs = _PARAMETER.findall(header[match.end() : end])
            parameters = {key.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare for key, quoted, bare in pairs}
            challenges.append(cls(match[1].lower(), parameters))
        return max(challenges, key=lambda challenge: challenge.scheme == "bearer", default=None)


class TokenRequest(Struct, frozen=True):
    """One request to a token service. `form` is None for a GET."""

    url: str
    authorization: str | None = None
    form: bytes | None = None

    def __repr__(self) -> str:
        """Without what it sends, where secrets are."""
        return f"TokenRequest({self.url})"


AskForToken = Callable[[TokenRequest], Mapping[str, object]]
"""Sends a `TokenRequest` without following redirects and returns the JSON object of the answer."""

CredentialOf = Callable[[str, str], Credential | None]
"""Who we are to a registry and a repository in it (`CredentialSource.lookup`)."""


class Authorization:
    """Answers the challenges of one registry for one repository (thread-safe).

    Tokens are kept by the actions that they permit. A header is only ever given out for a URL
    of the registry's own origin, so that neither a redirect nor a link can carry it away.
    """

    def __init__(
        self,
        home: str,
        registry: str,
        repository: str,
        credential_of: CredentialOf,
        ask: AskForToken,
        *,
        speaks_plainly: Callable[[str], bool],
    ) -> None:
        self._home = origin(home)
        self._registry = registry
        self._repository = repository
        self._credential_of = credential_of
        self._ask = ask
        self._speaks_plainly = speaks_plainly
        self._lock = threading.Lock()
        self._looked_up = False
        self._credential: Credential | None = None
        self._basic: str | None = None
        self._tokens: dict[frozenset[str], str] = {}

    @property
    def credential(self) -> Credential | None:
        """Who we are, where that has been asked; for messages."""
        return self._credential

    def header(self, url: str, actions: frozenset[str]) -> str | None:
        """The ``Authorization`` value for a request, from what is known so far."""
        if origin(url) != self._home:
            return None
        if self._basic is not None:
            return self._basic
        # A token that permits more serves as well; the narrowest one is preferred.
        tokens = self._tokens
        fitting = [permitted for permitted in tokens if actions <= permitted]
        return f"Bearer {tokens[min(fitting, key=len)]}" if fitting else None

    def answer(self, challenge_header: str, refused: str | None, actions: frozenset[str]) -> bool:
        """Take up the challenge of a 401. True where asking again has a chance.

        `refused` is the header that the refused request carried. Raises `AuthenticationFailed`
        where there is nothing (more) to show, `RegistryError` for a challenge that is a trap.
        """
        with self._lock:
            self._forget(refused)
            if self.header(self._home, actions) not in (None, refused):
                return True  # another thread has already answered it
            credential = self._identify()
            if credential is not None and credential.registry_token:
                self._keep(PUSH | actions, credential.registry_token)
                return refused is None
            challenge = Challenge.parse(challenge_header)
            if challenge is None:
                raise AuthenticationFailed(
                    f"{self._registry} wants a login but does not say which kind",
                    hint="check that the host is an OCI registry",
                    where=self._repository,
                )
            if challenge.scheme == "basic":
                return self._take_basic(credential, refused)
            wanted = actions | _scoped_actions(challenge.parameters.get("scope", ""), self._repository)
            self._keep(wanted, self._token(challenge, credential, wanted))
            return True

    def _keep(self, actions: frozenset[str], token: str) -> None:
        # The map is replaced, never changed: `header` reads it without the lock.
        self._tokens = {**self._tokens, actions: token}

    def _forget(self, refused: str | None) -> None:
        """Drop a token that the registry no longer takes, so that it is not offered again."""
        self._tokens = {key: token for key, token in self._tokens.items() if f"Bearer {token}" != refused}

    def _identify(self) -> Credential | None:
        if not self._looked_up:
            self._credential = self._credential_of(self._registry, self._repository)
            self._looked_up = True
        return self._credential

    def _take_basic(self, credential: Credential | None, refused: str | None) -> bool:
        header = credential.basic if credential is not None else None
        if header is None or header == refused:
            return False
        self._basic = header
        return True

    def _token(self, challenge: Challenge, credential: Credential | None, actions: frozenset[str]) -> str:
        realm = challenge.parameters.get("realm", "")
        self._check_realm(realm)
        query = {"service": challenge.parameters.get("service", ""), "client_id": "floe"}
        query["scope"] = f"repository:{self._repository}:{','.join(sorted(actions))}"
        if credential is not None and credential.identity_token:
            form = {**query, "grant_type": "refresh_token", "refresh_token": credential.identity_token}
            request = TokenRequest(realm, form=urlencode(form).encode())
        else:
            separator = "&" if split(realm).query else "?"
            basic = credential.basic if credential is not None else None
            request = TokenRequest(f"{realm}{separator}{urlencode(query)}", authorization=basic)
        answer = self._ask(request)
        token = answer.get("token") or answer.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise RegistryError(
                "the token service answered no token", f"asked for {self._registry}", where=self._repository
            )
        return token

    def _check_realm(self, realm: str) -> None:
        """Refuse a token service that must not see the credentials.

        The registry names it, so it may be another host (docker.io does that), but never over plain
        HTTP: except beside a registry that is itself spoken to so, on its own host or one that may be.
        Nor may a registry elsewhere have them sent to this machine or into a private network.
        """
        parts = split(realm)
        host = (parts.hostname or "").lower()
        near = host == split(self._home).hostname or self._speaks_plainly(parts.netloc.lower())
        clear = parts.scheme == "http" and self._home.startswith("http:") and near
        inward = _INWARD.index(host_class(realm)) < _INWARD.index(host_class(self._home))
        if not host or parts.username or inward or not (parts.scheme == "https" or clear):
            raise RegistryError(
                f"{self._registry} sends its login to an address that is not safe",
                f"its token service is {shown(realm)}" if realm else "it names no token service",
                hint="credentials were not sent; the registry's operator must give an https:// realm",
                where=self._repository,
            )


def _scoped_actions(scope: str, repository: str) -> frozenset[str]:
    """The actions that a challenge names for our repository (deleting needs one of its own)."""
    actions: set[str] = set()
    for one in scope.split():
        kind, _, rest = one.partition(":")
        name, _, names = rest.rpartition(":")
        if kind == "repository" and name == repository:
            actions.update(word for word in names.split(",") if re.fullmatch(r"[a-z]+|\*", word))
    return frozenset(actions)
