"""Which repositories there are beside one: a registry's catalog, or the layouts in one folder.

The catalog is docker's (``GET /v2/_catalog``), never became part of the distribution-spec, and many
registries refuse it; that is an ordinary answer here.
"""

from __future__ import annotations

from pathlib import Path

from floe_engine.errors import FloeError, RegistryError, UsageError
from floe_engine.events import CancelToken
from floe_engine.registry.layout import Layout
from floe_engine.registry.reference import Reference
from floe_engine.registry.transport import Transport

MOST = 10_000
"""Repositories of a registry that are listed; there, a list is no longer the way to find one."""

SCANNED = 2_000
"""Entries of a folder that are looked at for layouts."""


def repositories(
    reference: Reference, *, settings: Transport | None = None, cancel: CancelToken | None = None
) -> tuple[Reference, ...]:
    """The repositories of the registry that `reference` names, or the layouts beside its folder.

    Sorted by name. Raises `RegistryError` where the registry has no catalog, or not for us.
    """
    found = _layouts(reference) if reference.root is not None else _catalog(reference, settings, cancel)
    return tuple(sorted(found, key=lambda other: other.name))


def _catalog(reference: Reference, settings: Transport | None, cancel: CancelToken | None) -> list[Reference]:
    from floe_engine.registry.listing import pages
    from floe_engine.registry.session import Session  # imports oras: slow, so only here

    session = Session(reference.without_target(), settings or Transport(), cancel)
    found: list[Reference] = []
    for page in pages(session, f"{session.home}/v2/_catalog?n=1000", "listing the repositories"):
        names = page.get("repositories", "absent")
        if names is not None and not isinstance(names, list):
            raise RegistryError("the registry's list of repositories is malformed", where=reference.registry)
        for name in names or ():
            try:
                found.append(Reference.parse(f"oci://{reference.registry}/{name}"))
            except UsageError:
                continue  # a name that no reference can hold is none that could be opened
        if len(found) >= MOST:
            break
    return found[:MOST]


def _layouts(reference: Reference) -> list[Reference]:
    assert reference.root is not None
    found = []
    try:
        for number, folder in enumerate(reference.root.parent.iterdir()):
            if number >= SCANNED:
                break
            if folder.is_dir() and _is_layout(folder):
                found.append(Reference.parse(f"oci-layout:{folder}"))
    except (OSError, UsageError):
        return found  # a folder that may not be read has none to offer
    return found


def _is_layout(folder: Path) -> bool:
    try:
        return Layout(folder).exists
    except FloeError:
        return False  # a layout of an unknown version cannot be opened either
