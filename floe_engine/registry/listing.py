"""Long lists of a registry, page by page (RFC 8288 Link headers), without being led astray."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from floe_engine.descriptor import MANIFEST_LIMIT
from floe_engine.errors import RegistryError
from floe_engine.files import human_size
from floe_engine.registry import addresses, answers

if TYPE_CHECKING:
    from floe_engine.registry.session import Session
    from floe_engine.registry.wire import Answer

MAX_PAGES = 1000
"""Pages that are followed before the registry is taken to be broken."""


MAX_BYTES = 64 * 1024 * 1024
"""Of all pages together; a hundred thousand tags are some megabytes."""


def pages(session: Session, url: str, doing: str, first: Answer | None = None) -> Iterator[dict[str, Any]]:
    """The JSON pages of a listing that starts at `url`, empty ones included.

    `first` is the first page where it has already been fetched; `doing` completes "while …" in
    errors. Raises `RegistryError` for a next page on another host, one already seen, or too many:
    a link is the registry's word, and must not carry our token away, keep us for ever or fill the
    memory.
    """
    where = session.reference.name
    seen = {url}
    response = first
    total = 0
    end = time.monotonic() + session.settings.listing
    for _ in range(MAX_PAGES):
        if response is None:
            response = session.do_request(url, headers={"Accept": "application/json"})
        if response.status_code != 200:
            raise session.failure(response, doing, where=where)
        yield answers.json_object(
            response.headers, response.content, limit=MANIFEST_LIMIT, registry=session.named, where=where
        )
        total += len(response.content)
        if total > MAX_BYTES:
            raise _astray(f"it has more than {human_size(MAX_BYTES)}", where)
        link = response.next_page
        if not link:
            return
        url = addresses.join(response.url, link)
        if not session.same_origin(url):
            raise _astray(f"the next page is at {addresses.shown(url)}", where)
        if url in seen:
            raise _astray("it goes in a circle", where)
        if time.monotonic() > end:
            raise _astray(
                f"after {session.settings.listing:.0f} s and {len(seen)} pages there are more", where
            )
        seen.add(url)
        response = None
    raise _astray(f"it has more than {MAX_PAGES} pages", where)


def _astray(why: str, where: str) -> RegistryError:
    return RegistryError(
        "the registry's list does not end where it should",
        why,
        hint="the registry, or a proxy before it, writes wrong Link headers; tell its operator",
        where=where,
    )
