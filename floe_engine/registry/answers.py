"""What a registry's answer means: an error with its explanation, or a JSON document.

Text that a registry sends is shown short, on one line and without control characters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from floe_engine.acts import Act
from floe_engine.errors import AccessDenied, AuthenticationFailed, NotFound, RegistryError, VersionExists
from floe_engine.files import strict_json
from floe_engine.registry.credentials import Credential

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed a moment later."""

TLS_HINT = (
    "plain HTTP is the default for this machine alone: set FLOE_PLAIN_HTTP=0, or take the host out of it"
)

_SPEAKS_TLS = (b"HTTP request to an HTTPS server", b"plain HTTP request was sent to HTTPS port")
"""What Go's and nginx' servers answer where TLS was expected."""
_ERROR_PAGE = 65536
_BLOB_UNKNOWN = b"MANIFEST_BLOB_UNKNOWN"

_TEXT_LIMIT = 300
_TAKEN = frozenset({409, 412})


def failure(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    registry: str,
    where: str,
    doing: str,
    credential: Credential | None = None,
    tagging: bool = False,
) -> RegistryError | VersionExists:
    """The error for an answer that is not the one hoped for.

    `doing` completes "while …"; `tagging` says that a tag was being written, so that a
    registry's refusal to move a tag gets its own name.
    """
    said = registry_message(body)
    message = f"while {doing}" + (f"\nthe registry says: {said}" if said else "")
    who = f"the credentials of {credential.source}" if credential is not None else "an anonymous client"
    if tagging and (status in _TAKEN or (400 <= status < 500 and "immutable" in said.lower())):
        return VersionExists(
            "the tag is taken and the registry does not move it",
            message,
            hint="a published version never changes: choose the next number. If it is a sha256-… tag, "
            "where signatures are kept, exempt those from the registry's rule of immutable tags",
            where=where,
        )
    if status == HTTPStatus.UNAUTHORIZED and "insufficient_scope" not in _header(headers, "WWW-Authenticate"):
        title = f"{registry} refused {who}" if credential is not None else f"{registry} wants a login"
        return AuthenticationFailed(title, message, hint=login_hint(registry), where=where, status=status)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return AccessDenied(
            f"{registry} does not permit this to {who}",
            message,
            hint="ask its administrator for the permission, or log in as somebody who has it",
            where=where,
            status=status,
        )
    if status == HTTPStatus.NOT_FOUND and is_web_page(headers):
        return web_page(registry, where, status)
    if status == HTTPStatus.NOT_FOUND:
        return NotFound(
            f"{registry} has no such thing",
            message,
            hint="check the names of repository and tag; some registries, such as ECR and Artifact "
            "Registry, want a repository to be created before something is pushed",
            where=where,
            status=status,
        )
    if any(words in body[:_ERROR_PAGE] for words in _SPEAKS_TLS):
        return RegistryError(
            f"{registry} speaks HTTPS, and was asked by plain HTTP",
            hint=TLS_HINT,
            where=where,
            status=status,
        )
    if 300 <= status < 400:
        return RegistryError(
            f"{registry} redirects where it may not",
            message,
            hint="check the host: it may be a web address in front of the registry",
            where=where,
            status=status,
        )
    return RegistryError(
        f"{registry} answered {status_name(status)}",
        message,
        hint=_hint_for(status),
        where=where,
        status=status,
    )


def login_hint(registry: str) -> str:
    """What to do where a registry wants to know who we are."""
    return (
        f"log in with {Act.LOGIN:{registry}} (or docker, podman or oras), or set "
        f"FLOE_REGISTRY_HOST={registry} with FLOE_REGISTRY_USERNAME and FLOE_REGISTRY_PASSWORD"
    )


def is_web_page(headers: Mapping[str, str]) -> bool:
    """Whether an answer is HTML: a proxy's or a web site's word, never a registry's."""
    return media_type(headers) in {"text/html", "application/xhtml+xml"}


def web_page(registry: str, where: str, status: int | None = None) -> RegistryError:
    """The error for HTML where a registry should have spoken, whatever its status said."""
    return RegistryError(
        f"{registry} answered a web page instead of JSON",
        hint="the address may be a web site or a login proxy; check host and repository",
        where=where,
        status=status,
    )


def media_type(headers: Mapping[str, str]) -> str:
    """The Content-Type without parameters, in lower case."""
    return _header(headers, "Content-Type").partition(";")[0].strip().lower()


def json_object(
    headers: Mapping[str, str], body: bytes, *, limit: int, registry: str, where: str
) -> dict[str, Any]:
    """The JSON object of an answer. Raises `RegistryError` where it is something else."""
    kind = media_type(headers)
    if is_web_page(headers):
        raise web_page(registry, where)
    if len(body) > limit:
        raise RegistryError(f"{registry} answered more than {limit} bytes of JSON", where=where)
    try:
        document = strict_json(body)
    except ValueError as error:
        raise RegistryError(
            f"{registry} answered something that is not JSON",
            f"type {kind[:80]!r}: {str(error)[:120]}",
            hint="check that the host is an OCI registry",
            where=where,
        ) from None
    if not isinstance(document, dict):
        raise RegistryError(f"{registry} answered JSON that is not an object", where=where)
    return document


def is_passing(status: int, body: bytes) -> bool:
    """Whether an answer may be another one a moment later.

    A registry that has just taken a blob, or the same one from two writers at once, may not know
    it yet when the manifest that names it comes (docker-registry: for some milliseconds).
    """
    return status in TRANSIENT or (status in (400, 404) and _BLOB_UNKNOWN in body[:65536])


def registry_message(body: bytes) -> str:
    """What an OCI error body says (distribution-spec, "Error Codes"), made safe to show."""
    text = body[:65536].decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return plain(text) if text and not text.lstrip().startswith("<") else ""
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list):
        return ""
    said = [
        ": ".join(str(error[key]) for key in ("code", "message") if isinstance(error.get(key), str))
        for error in errors[:3]
        if isinstance(error, dict)
    ]
    return plain("; ".join(one for one in said if one))


def plain(text: str) -> str:
    """Foreign text on one line, printable and short."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _TEXT_LIMIT else f"{line[: _TEXT_LIMIT - 1]}…"


def status_name(status: int) -> str:
    """``503 Service Unavailable``."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _hint_for(status: int) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "the registry limits how often it is asked; wait, or log in for a higher limit"
    if status >= 500:
        return "the registry has a problem of its own; try again later"
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return "the registry, or a proxy before it, limits the size of an upload"
    return "check that the host is an OCI registry and the repository's name is right"


def _header(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name) or ""
