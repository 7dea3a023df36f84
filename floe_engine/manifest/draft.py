"""A manifest while it is being judged: raw values that may be of any shape, and their places.

Rules ask a `Draft` for what they need and get it only where it has the right shape; what is
missing or misshapen has been reported from the schema already and simply is not there for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from msgspec import Struct

from floe_engine.document import edit
from floe_engine.document.codes import GAVE_UP
from floe_engine.document.diagnostics import Diagnostic, Fix, Related, Severity, Span, TextEdit
from floe_engine.document.document import Document
from floe_engine.document.nodes import KeyPath
from floe_engine.document.rendering import flow
from floe_engine.document.scalars import quoted, scalar
from floe_engine.manifest.base import NameOf, Section
from floe_engine.manifest.effective import (
    DEFAULT_ROLES,
    PATTERN_LAYERS,
    effective_layers,
    effective_roles,
    namespace_names,
)
from floe_engine.manifest.governance import Classification
from floe_engine.manifest.nested import get
from floe_engine.manifest.plugins import Catalogue
from floe_engine.manifest.reference import Shape, leads_to_names, lookup
from floe_engine.manifest.root import Manifest
from floe_engine.manifest.terms import TESTS, Pattern
from floe_engine.text import did_you_mean


class Named(NamedTuple):
    """A name that stands at a place, as a key of a mapping or as a value, and what it is the name of."""

    path: KeyPath
    name: str
    of: NameOf
    key: bool


class Written(Struct, frozen=True, dict=True):
    """A file that is written by hand, by its keys: its raw values, what is reported of them, and fixes."""

    root: ClassVar[type[Section]]
    """What the file should be."""
    codes: ClassVar[Mapping[str, str]] = {}
    """The codes of manifest.yaml to the file's own, where it has its own."""
    forms: ClassVar[Mapping[str, str]]
    """What a text has to look like, by its key; for any other key under ``""``."""

    document: Document

    # --- values ---

    @cached_property
    def value(self) -> dict[str, Any]:
        """The whole document, empty where it is not a mapping."""
        value = self.document.value
        return value if isinstance(value, dict) else {}

    def get(self, *path: str | int) -> Any:
        """The value at a path, None where there is none."""
        return get(self.value, path)

    def text(self, *path: str | int) -> str | None:
        """The text at a path, None where there is none."""
        value = self.get(*path)
        return value if isinstance(value, str) else None

    def mapping(self, *path: str | int) -> dict[str, Any]:
        """The mapping at a path, empty where there is none."""
        value = self.get(*path)
        return value if isinstance(value, dict) else {}

    def mappings(self, *path: str | int) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
        """The mappings in the list, or under the names of the mapping, at a path."""
        value = self.get(*path)
        if not isinstance(value, dict | list):
            return
        pairs: Any = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            if isinstance(item, dict):
                yield (*path, key), item

    def texts(self, *path: str | int) -> Iterator[tuple[KeyPath, str]]:
        """The texts in the list at a path."""
        value = self.get(*path)
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, str):
                yield (*path, index), item

    def is_unread(self, *path: str | int) -> bool:
        """Whether what is missing at a path may stand on a line that could not be read."""
        return self._gave_up or self.document.is_uncertain(path)

    @cached_property
    def _gave_up(self) -> bool:
        return any(found.code == GAVE_UP for found in self.document.diagnostics)

    # --- reports ---

    def span(self, path: Sequence[str | int], *, key: bool = False) -> Span:
        """Where a path stands: its value (its key where `key`), or the nearest thing above it."""
        wanted = tuple(path)
        while wanted and self.document.find(wanted) is None:
            wanted, key = wanted[:-1], True
        return self.document.locate(wanted, key=key) if wanted else self.top

    def whole(self, path: Sequence[str | int], *, key: bool = False) -> Span:
        """The whole of what is written at a path that exists, for an edit."""
        node = self.document.key_node(tuple(path)) if key else self.document.find(tuple(path))
        assert node is not None, path
        return node.span

    @cached_property
    def top(self) -> Span:
        """The first line with content: where what the whole file lacks is shown."""
        for number, text in enumerate(self.document.lines):
            if text.strip() and not text.lstrip().startswith("#"):
                return Span.at(number, len(text) - len(text.lstrip()), number, len(text))
        return Span.at(0, 0, 0, 0)

    def report(
        self,
        code: str,
        path: Sequence[str | int],
        message: str,
        *,
        hint: str = "",
        key: bool = False,
        severity: Severity = Severity.ERROR,
        fixes: Sequence[Fix] = (),
        related: Sequence[Related] = (),
    ) -> Diagnostic:
        """A diagnostic at a path; where the path goes through an alias, the alias is related to it."""
        use = self.document.use_of(tuple(path))
        if use is not None:
            related = (*related, Related(use, "used here"))
        return Diagnostic(
            code=self.codes.get(code, code),
            severity=severity,
            span=self.span(path, key=key),
            message=message,
            hint=hint,
            path=tuple(path),
            related=tuple(related),
            fixes=tuple(fix for fix in fixes if fix.edits),
        )

    def unknown(
        self,
        code: str,
        path: KeyPath,
        message: str,
        known: Iterable[str],
        *,
        hint: str,
        key: bool = False,
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        """A diagnostic of a name, the key at `path` or its value, that is none of the `known` ones."""
        guess = did_you_mean(str(path[-1] if key else self.get(*path)), known)
        message += f"; did you mean `{guess}`?" if guess else ""
        free = guess and not (key and guess in self.mapping(*path[:-1]))
        fixes = [self.rename(path, guess) if key else self.replace(path, guess)] if guess and free else ()
        return self.report(code, path, message, hint=hint, key=key, severity=severity, fixes=fixes)

    def replace(self, path: Sequence[str | int], value: Any, *, title: str = "") -> Fix:
        """A fix that writes `value` at a path, as little else changed as can be.

        Where that cannot be done it has no edits, and `report` does not offer it.
        """
        title = title or f"Write `{value if isinstance(value, str) else flow(value)}`"
        try:
            return Fix(title, edit.set_value(self.document, tuple(path), value))
        except (KeyError, ValueError):
            return Fix(title, ())

    def quote(self, path: Sequence[str | int], text: str, *, title: str = "") -> Fix:
        """A fix that writes `text` in quotes at a path that exists."""
        edits = (TextEdit(self.whole(path), quoted(text)),)
        return Fix(title or f"Write `{quoted(text)}`", edits)

    def rename(self, path: Sequence[str | int], name: str) -> Fix:
        """A fix that gives the key at a path another name."""
        return Fix(f"Rename to `{name}`", (TextEdit(self.whole(path, key=True), scalar(name)),))


class Draft(Written, frozen=True, dict=True):
    """The document, its surroundings and the day, as every rule sees them.

    `directory` is the manifest's (None: unsaved, so nothing is looked up beside it); `parent` the
    enterprise manifest whose names may be used too.
    """

    root = Manifest
    forms: ClassVar = {
        "name": "lower-case letters, digits and hyphens, up to 63 characters, such as acme-data-platform",
        "connection_secret_ref": "the name of a Kubernetes secret: lower-case letters, digits, `-` and `.`",
        "catalog_namespace": "a dotted identifier such as sales.gold",
        "namespaces": "a dotted identifier such as sales.gold",
        "description": "at most 500 characters",
        "expires": "a date as YYYY-MM-DD",
        "": "lower snake case, such as data_engineer",
    }

    catalogue: Catalogue
    directory: Path | None
    today: date
    parent: Manifest | None = None

    @cached_property
    def pattern(self) -> Pattern:
        """The architecture's pattern, the default where it is none of the four."""
        written = self.text("data_architecture", "pattern")
        for pattern in PATTERN_LAYERS:
            if pattern == written:
                return pattern
        return self.parent.data_architecture.pattern if self.parent else "medallion"

    @cached_property
    def prefixes(self) -> dict[str, tuple[str, ...]]:
        """Layer to its prefixes: the pattern's layers, changed and added to by the file."""
        found = {layer.name: layer.prefixes for layer in PATTERN_LAYERS[self.pattern]}
        if self.parent:
            found |= {layer.name: layer.prefixes for layer in effective_layers(self.parent).values()}
        for path, layer in self.mappings("data_architecture", "layers"):
            own = [layer["prefix"]] if isinstance(layer.get("prefix"), str) else []
            own += [text for _, text in self.texts(*path, "prefixes")]
            name = str(path[-1])
            found[name] = tuple(dict.fromkeys(own)) or found.get(name, ())
        return found

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """Names of all layers."""
        return tuple(self.prefixes | self.mapping("data_architecture", "layers"))

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """Classification levels, floe's where the file has none."""
        levels = self.get("governance", "classification", "levels")
        if not isinstance(levels, list) or not levels:
            return self.parent.governance.classification.levels if self.parent else Classification().levels
        return tuple(level for level in levels if isinstance(level, str))

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """Names of all roles, floe's where the file has none."""
        roles = self.get("governance", "access_control", "roles")
        own = roles if isinstance(roles, dict) else ({} if self.parent else DEFAULT_ROLES)
        return tuple(dict.fromkeys([*(effective_roles(self.parent) if self.parent else ()), *own]))

    @cached_property
    def namespaces(self) -> tuple[str, ...]:
        """Names of all namespaces: the catalog's and every layer's."""
        named = [space.get("name") for _, space in self.mappings("catalog", "namespaces")]
        layers = self.mapping("data_architecture", "layers")
        for name in self.layers:
            layer = layers.get(name)
            named.append((layer.get("catalog_namespace") if isinstance(layer, dict) else None) or name)
        named += namespace_names(self.parent) if self.parent else ()
        return tuple(dict.fromkeys(name for name in named if isinstance(name, str)))

    def known(self, kind: str) -> tuple[str, ...]:
        """The names of a kind that `base.NameOf` has."""
        return {
            "layer": self.layers,
            "level": self.levels,
            "role": self.roles,
            "namespace": self.namespaces,
            "test": TESTS,
        }[kind]

    @cached_property
    def names(self) -> tuple[Named, ...]:
        """Every name of something that is defined elsewhere."""
        return tuple(_named(self.value, Shape("", section=Manifest), ()))


def names(mapping: Mapping[str, Any]) -> str:
    """Keys as a list for a message."""
    return ", ".join(f"`{name}`" for name in mapping)


def _named(value: Any, shape: Shape, path: KeyPath) -> Iterator[Named]:
    """The names in a value of a shape, and below it."""
    if isinstance(value, str):
        if shape.of is not None:
            yield Named(path, value, shape.of, key=False)
    elif isinstance(value, list) and shape.items is not None:
        for index, item in enumerate(value):
            yield from _named(item, shape.items, (*path, index))
    elif isinstance(value, dict):
        for key, inner in value.items():
            if shape.section is not None:
                found = lookup(shape.section, key)
                below = found.shape if found and leads_to_names(found.shape) else None
            else:
                below = shape.values
                if below is not None and shape.of is not None:
                    yield Named((*path, key), key, shape.of, key=True)
            if below is not None:
                yield from _named(inner, below, (*path, key))
