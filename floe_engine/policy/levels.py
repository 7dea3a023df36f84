"""Which classification level a node or a column declares. It judges nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from floe_engine.artifact.model import ClassificationPolicy
from floe_engine.policy.meta import lookup, truthy

DEFAULT_META_KEYS = ("floe.classification", "classification", "contains_pii", "pii")
"""Keys read where the platform names none."""


class Declaration(Struct, frozen=True):
    """A level as somebody wrote it; `rank` is its place in the platform's order, -1 if unknown."""

    level: str
    rank: int

    @property
    def known(self) -> bool:
        """Whether the platform has this level."""
        return self.rank >= 0


class Levels:
    """The levels of a platform, read from ``meta`` and tags."""

    def __init__(self, policy: ClassificationPolicy) -> None:
        self.names = policy.levels
        self.keys = policy.meta_keys or DEFAULT_META_KEYS
        self._by_fold = {name.casefold(): Declaration(name, rank) for rank, name in enumerate(self.names)}
        self.default = self._by_fold.get(policy.default.casefold(), Declaration(policy.default, 0))

    def named(self, level: str) -> Declaration:
        """A level by name, known or not."""
        return self._by_fold.get(level.strip().casefold()) or Declaration(level, -1)

    def declared(self, meta: Mapping[str, Any], tags: Collection[str]) -> Declaration | None:
        """What ``meta`` says (the first key that answers), or a more sensitive level among the tags."""
        if not meta and not tags:
            return None
        found = self._from_meta(meta)
        for tag in tags:
            tagged = self._by_fold.get(tag.casefold())
            if tagged is not None and (found is None or tagged.rank > found.rank):
                found = tagged
        return found

    def _from_meta(self, meta: Mapping[str, Any]) -> Declaration | None:
        for key in self.keys:
            value = lookup(meta, key)
            if value is None or value is False:
                continue
            flagged = self.flag(key)
            if truthy(value):
                if flagged is not None:
                    return flagged
            elif isinstance(value, str) and value.strip().casefold() not in {"", "false", "no", "off"}:
                return self.named(value)
            elif not isinstance(value, str):
                return Declaration(str(value), -1)
        return None

    def flag(self, key: str) -> Declaration | None:
        """The level that a key means by being true: `contains_pii`, `is_pii` say ``pii``; None for others."""
        name = key.rpartition(".")[2].casefold()
        return self._by_fold.get(name.removeprefix("contains_").removeprefix("is_").removeprefix("has_"))
