"""What a file says to dbt: its config, ref and source calls, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct, field

CONFIGS = frozenset(
    {"enabled", "meta", "tags", "schema", "target_schema", "database", "project", "materialized"}
    | {"access", "group", "grants", "contract", "freshness"}
)
"""The config keys that facts are made from; of others nobody misses the value."""

HOOKS = frozenset({"pre-hook", "pre_hook", "post-hook", "post_hook"})
"""The config keys of SQL that dbt runs before and after; what it names is a parent too."""


class Unreadable(Exception):
    """A value that only dbt itself could tell."""


class Ref(Struct, frozen=True, tag=True, array_like=True):
    """``ref('model')``, ``ref('package', 'model')``, ``ref('model', v=2)``."""

    name: str
    package: str | None = None
    version: str | None = None


class SourceRef(Struct, frozen=True, tag=True, array_like=True):
    """``source('crm', 'orders')``."""

    source_name: str
    name: str


class OtherRef(Struct, frozen=True, tag=True, array_like=True):
    """What is no table: ``function('is_positive')`` (dbt 1.11), ``metric('revenue')`` of an exposure."""

    kind: str
    name: str
    package: str | None = None


Named: TypeAlias = Ref | SourceRef | OtherRef
"""What a file names."""


class Gap(Struct, frozen=True, array_like=True):
    """Something that could not be read without dbt."""

    what: str
    """Such as ``ref()``, ``config(enabled=…)`` or ``macro raw_people()``."""
    line: int
    """1-based."""
    path: str = ""
    """Of the macro's file in which it stands; empty for the file that was read."""
    parents: bool = False
    """Whether a parent may be missing for it."""


class Calls(Struct):
    """What a file says to dbt."""

    config: dict[str, Any] = field(default_factory=dict)
    parents: list[Named] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    """Config keys that have a value which could not be read; ``*`` where nobody knows which."""

    def configure(self, new: Mapping[str, Any]) -> None:
        """A further config() call: tags and hooks add up, everything else is replaced."""
        for key, value in new.items():
            if (key == "tags" or key in HOOKS) and key in self.config:
                self.config[key] = [*_listed(self.config[key]), *_listed(value)]
            else:
                self.config[key] = value


def reference(name: str, args: list[Any], named: Mapping[str, Any]) -> Named:
    """What ``ref(…)``, ``source(…)``, ``function(…)`` or ``metric(…)`` with these arguments names.

    Raises `Unreadable`.
    """
    if not all(isinstance(arg, str) for arg in args):
        raise Unreadable
    if name == "source":
        if len(args) != 2:
            raise Unreadable
        return SourceRef(*args)
    if not 1 <= len(args) <= 2:
        raise Unreadable
    if name != "ref":
        return OtherRef(name, args[-1], args[0] if len(args) == 2 else None)
    version = named.get("v", named.get("version"))
    if version is not None and not isinstance(version, str | int | float):
        raise Unreadable
    return Ref(args[-1], args[0] if len(args) == 2 else None, None if version is None else str(version))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
