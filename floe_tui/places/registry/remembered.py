"""What was seen of a repository the last time, on this machine: its list, and facts by digest.

A digest never changes what it names, so dates, sizes and signers that were seen hold without a network; they
are shown with their age. It is a hint: one that cannot be read or written loses a convenience.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict, replace

from floe_engine import FloeError, write_file
from floe_tui.places.registry.facts import Versions, judged
from floe_tui.session import home, read_json

if TYPE_CHECKING:
    from floe_engine import VersionFacts

LIMIT = 32_000_000
"""Bytes that are read back."""


class Known(Struct, frozen=True):
    """One version as it was described."""

    tag: str
    digest: str = ""
    created: str = ""
    size: int = 0
    name: str = ""
    status: str = ""
    """As `Verdict.status` says it."""
    signer: str = ""
    sign: str = " "
    tone: str = ""
    problem: str = ""
    seen: str = ""
    """When, RFC 3339; empty: just now."""
    was: str = ""
    """The digest that the tag named before, where it names another now."""

    @classmethod
    def of(cls, facts: VersionFacts) -> Known:
        """What the engine told just now."""
        if facts.problem:
            return cls(facts.tag, sign="✗", tone="error", problem=facts.problem)
        sign, tone, signer = judged(facts.verdict)
        status = facts.verdict.status if facts.verdict is not None else ""
        return cls(facts.tag, facts.digest, facts.created, facts.size, facts.name, status, signer, sign, tone)

    def after(self, before: Known | None) -> Known:
        """The same, with what the tag named before."""
        moved = before is not None and before.digest and self.digest and before.digest != self.digest
        return replace(self, was=before.digest) if before is not None and moved else self


def read(reference: str) -> tuple[Versions | None, dict[str, Known]]:
    """The list and the facts that were seen last; nothing where nothing was."""
    values = read_json(_path(reference), LIMIT)
    seen = str(values.get("seen", ""))
    try:
        tags = tuple(str(tag) for tag in values["tags"])
        facts = {
            tag: Known(**{**fact, "seen": fact["seen"] or seen}) for tag, fact in values["facts"].items()
        }
    except (KeyError, TypeError, AttributeError):
        return None, {}
    where = str(values.get("reference", ""))
    return Versions(where, "as seen before", tags, frozenset(), "", False, 0, seen, True), facts


def write(reference: str, versions: Versions, facts: Mapping[str, Known]) -> None:
    """Remember it."""
    values = {
        "reference": versions.where,
        "seen": versions.listed_at,
        "tags": list(versions.tags),
        "facts": {
            tag: asdict(replace(fact, seen=fact.seen or versions.listed_at))
            for tag, fact in facts.items()
            if fact.digest
        },
    }
    with contextlib.suppress(FloeError):
        write_file(_path(reference), json.dumps(values).encode(), mode=0o600)


def _path(reference: str) -> Path:
    return home() / "registry" / f"{hashlib.sha256(reference.encode()).hexdigest()[:24]}.json"
