"""Two manifests of dbt, and what dbt's ``state:`` says of the newer one beside the older.

After dbt's own comparison (dbt-core 1.11, ``contracts/graph/nodes.py``: ``same_body``, ``same_config`` and
the like), over the fields that it compares. A node that dbt does not compare in a regard is the same in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from floe_engine.files import read_bounded
from floe_engine.project.dbt_manifest import LIMIT, decode

_SAID_ELSEWHERE = frozenset({"schema", "alias", "database", "tags", "group"})
"""Configs that are no change of a node's config: those of its relation, and what is only said of it."""


class _DependsOn(msgspec.Struct, gc=False):
    macros: list[str | None] | None = None


class _Column(msgspec.Struct, gc=False):
    description: Any = None


class _Node(msgspec.Struct, gc=False):
    """What dbt compares of a model, seed, snapshot or source, as it writes it."""

    resource_type: str
    fqn: Any = None
    raw_code: Any = None
    checksum: Any = None
    unrendered_config: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    description: Any = None
    columns: dict[str, _Column] | None = None
    contract: dict[str, Any] | None = None
    latest_version: Any = None
    access: Any = None
    deprecation_date: Any = None
    depends_on: _DependsOn | None = None
    database: Any = None
    schema: Any = None
    identifier: Any = None
    quoting: Any = None
    freshness: Any = None
    loaded_at_field: Any = None
    external: Any = None


class _Macro(msgspec.Struct, gc=False):
    macro_sql: Any = None
    depends_on: _DependsOn | None = None


class _Manifest(msgspec.Struct, gc=False):
    nodes: dict[str, _Node] = {}
    sources: dict[str, _Node] = {}
    macros: dict[str, _Macro] = {}

    def node(self, unique_id: str) -> _Node | None:
        return self.nodes.get(unique_id) or self.sources.get(unique_id)


class Manifests:
    """An older manifest and a newer one."""

    def __init__(self, older: _Manifest, newer: _Manifest) -> None:
        self._older, self._newer = older, newer

    @classmethod
    def read(cls, older: Path, newer: Path) -> Manifests:
        """Both files. Raises `ConfigurationError`."""
        one, other = (
            decode(read_bounded(path, LIMIT, what="dbt manifest"), str(path), _Manifest)
            for path in (older, newer)
        )
        return cls(one, other)

    def selected(self, word: str) -> Iterator[str]:
        """unique_ids of what ``state:`` and `word` selects: ``modified``, or a part of it.

        Of those that are new, too, as dbt has it: all that can be compared so.
        """
        if word == "modified.macros":
            yield from (each for each in self._newer.nodes if self._calls_changed(each))
            return
        same = _PARTS[word]
        for unique_id, now in (*self._newer.nodes.items(), *self._newer.sources.items()):
            before = self._older.node(unique_id)
            if before is None:
                if now.resource_type != "source" or word in _OF_SOURCES:
                    yield unique_id
            elif not same(now, before) or (word == "modified" and self._calls_changed(unique_id)):
                yield unique_id

    def _calls_changed(self, unique_id: str) -> bool:
        node = self._newer.nodes.get(unique_id)
        edge, seen = set(_calls(node)), set[str]()
        while edge and not edge & self._changed:
            seen |= edge
            edge = {other for each in edge for other in _calls(self._newer.macros.get(each))} - seen
        return bool(edge)

    @cached_property
    def _changed(self) -> frozenset[str]:
        """Macros of any package that are new, gone or written otherwise."""
        older, newer = self._older.macros, self._newer.macros
        return frozenset(
            each
            for each in older.keys() | newer.keys()
            if each not in older or each not in newer or older[each].macro_sql != newer[each].macro_sql
        )


def _calls(node: _Node | _Macro | None) -> Iterator[str]:
    called = node.depends_on.macros if node is not None and node.depends_on is not None else None
    yield from filter(None, called or ())


def _same_body(now: _Node, before: _Node) -> bool:
    if now.resource_type == "seed" or now.raw_code is None:  # somebody made the manifest smaller
        return bool(now.checksum == before.checksum)
    return bool(now.raw_code == before.raw_code)


def _same_config(now: _Node, before: _Node) -> bool:
    aside = frozenset() if now.resource_type == "source" else _SAID_ELSEWHERE
    ours, theirs = (
        {key: value for key, value in (node.unrendered_config or {}).items() if key not in aside}
        for node in (now, before)
    )
    return ours == theirs


def _same_relation(now: _Node, before: _Node) -> bool:
    if now.resource_type == "source":
        return all(_equal(now, before, key) for key in ("database", "schema", "identifier"))
    keys = ("database", "schema", "alias")
    ours, theirs = now.unrendered_config or {}, before.unrendered_config or {}
    return all(ours.get(key) == theirs.get(key) for key in keys)


def _same_contract(now: _Node, before: _Node) -> bool:
    if now.resource_type != "model":
        return True
    ours, theirs = now.contract or {}, before.contract or {}
    if not ours.get("enforced") and not theirs.get("enforced"):
        return True
    return bool(
        ours.get("enforced") == theirs.get("enforced") and ours.get("checksum") == theirs.get("checksum")
    )


def _same_persisted(now: _Node, before: _Node) -> bool:
    """Whether the descriptions are the same that go into the database."""
    persisted = (now.config or {}).get("persist_docs")
    persisted = persisted if isinstance(persisted, dict) else {}
    texts: list[Callable[[_Node], object]] = []
    if persisted.get("relation"):
        texts.append(lambda node: node.description)
    if persisted.get("columns"):
        texts.append(lambda node: {name: column.description for name, column in (node.columns or {}).items()})
    return all(text(now) == text(before) for text in texts)


def _same(now: _Node, before: _Node) -> bool:
    same = _equal(now, before, "fqn") and _same_config(now, before) and _same_relation(now, before)
    if now.resource_type == "source":
        return same and all(_equal(now, before, key) for key in _TOLD_OF_SOURCES)
    same = same and _same_body(now, before) and _same_contract(now, before) and _same_persisted(now, before)
    told = _TOLD_OF_MODELS if now.resource_type == "model" else ()
    return same and all(_equal(now, before, key) for key in told)


_TOLD_OF_SOURCES = ("quoting", "freshness", "loaded_at_field", "external")
_TOLD_OF_MODELS = ("latest_version", "access", "deprecation_date")


def _equal(now: _Node, before: _Node, key: str) -> bool:
    return bool(getattr(now, key) == getattr(before, key))


_PARTS: Mapping[str, Callable[[_Node, _Node], bool]] = {
    "modified": _same,
    "modified.body": _same_body,
    "modified.configs": _same_config,
    "modified.relation": _same_relation,
    "modified.contract": _same_contract,
    "modified.persisted_descriptions": _same_persisted,
}
_OF_SOURCES = frozenset({"modified.configs", "modified.relation"})
"""Where dbt counts a source that is new: it is not modified to dbt otherwise."""
