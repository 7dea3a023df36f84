"""Where in manifest.yaml a place of the artifact is set.

The artifact is compiled from the manifest, so a change can be shown where its author wrote it.
Paths are those of `floe_engine.manifest`; no file is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from floe_engine.artifact.paths import (
    ACCESS_CONTROL,
    CLASSIFICATION,
    LAYER_CONSTRAINTS,
    MANIFEST,
    NAMESPACES,
    NAMING_RULES,
    QUALITY_GATES,
    SCHEMA_REGISTRY,
)
from floe_engine.document.diagnostics import Span
from floe_engine.document.document import Document
from floe_engine.upgrade.change import Change
from floe_engine.upgrade.shape import Path, Pattern, matches

_ARCHITECTURE = ("data_architecture",)
_LAYERS = ("data_architecture", "layers")
_NAMING = ("data_architecture", "naming")
_GATES = ("governance", "quality_gates")
_CLASSIFICATION = ("governance", "classification")
_ACCESS = ("governance", "access_control")
_SCHEMAS = ("catalog", "schema_registry")

_SETTINGS: tuple[tuple[Pattern, Path], ...] = (
    ((MANIFEST, "apiVersion"), ("apiVersion",)),
    ((MANIFEST, "plugins", "*"), ("plugins", "{0}", "type")),
    ((MANIFEST, "pluginDetails", "*", "version"), ("plugins", "{0}", "version")),
    ((MANIFEST, "pluginDetails", "*", "config", "**"), ("plugins", "{0}", "config", "...")),
    ((MANIFEST, "pluginDetails", "*", "connectionSecretRef"), ("plugins", "{0}", "connection_secret_ref")),
    ((MANIFEST, "pluginDetails", "*", "**"), ("plugins", "{0}")),
    ((MANIFEST, "approvedPlugins", "**"), ("approved_plugins", "...")),
    ((MANIFEST, "architecture", "pattern"), (*_ARCHITECTURE, "pattern")),
    ((MANIFEST, "architecture", "enforcement"), (*_NAMING, "enforcement")),
    ((MANIFEST, "parent", "**"), ("parent", "ref")),
    ((MANIFEST, "security", "trusted_keys", "**"), ("security", "trusted_keys")),
    ((MANIFEST, "**"), ("...",)),
    ((CLASSIFICATION, "default"), (*_CLASSIFICATION, "default_level")),
    ((CLASSIFICATION, "**"), (*_CLASSIFICATION, "...")),
    ((ACCESS_CONTROL, "roles", "*"), (*_ACCESS, "roles", "{0}")),
    ((ACCESS_CONTROL, "roleDefinitions", "**"), (*_ACCESS, "roles", "...")),
    ((ACCESS_CONTROL, "permissions", "**"), (*_ACCESS, "permissions")),
    ((ACCESS_CONTROL, "**"), (*_ACCESS, "...")),
    ((QUALITY_GATES, "enforcement"), ("governance", "policy_enforcement_level")),
    ((QUALITY_GATES, "coverage", "metric"), (*_GATES, "coverage_metric")),
    ((QUALITY_GATES, "coverage", "scope"), (*_GATES, "coverage_scope")),
    ((QUALITY_GATES, "coverage", "countWarnSeverity"), (*_GATES, "count_warn_severity")),
    ((QUALITY_GATES, "coverage", "zeroColumns"), (*_GATES, "zero_column_behavior")),
    ((QUALITY_GATES, "waivers", "**"), ("governance", "waivers", "...")),
    ((QUALITY_GATES, "waiverPolicy", "**"), ("governance", "waiver_policy", "...")),
    ((QUALITY_GATES, "customRules", "**"), ("governance", "custom_rules", "...")),
    ((QUALITY_GATES, "rules", "**"), ("governance", "rules", "...")),
    ((QUALITY_GATES, "**"), (*_GATES, "...")),
    ((NAMESPACES, "namespaces", "*"), ("catalog", "namespaces", "{0}")),
    ((NAMESPACES, "grants", "*", "**"), ("catalog", "namespaces", "{0}", "grants", "...")),
    ((NAMESPACES, "layers", "*"), (*_LAYERS, "{0}", "catalog_namespace")),
    ((SCHEMA_REGISTRY, "**"), (*_SCHEMAS, "...")),
    ((NAMING_RULES, "pattern"), (*_ARCHITECTURE, "pattern")),
    ((NAMING_RULES, "prefixes", "*"), (*_LAYERS, "{0}", "prefix")),
    ((NAMING_RULES, "morePrefixes", "*", "**"), (*_LAYERS, "{0}", "prefixes", "...")),
    ((NAMING_RULES, "aliases", "**"), (*_LAYERS, "...")),
    ((NAMING_RULES, "**"), (*_NAMING, "...")),
    ((LAYER_CONSTRAINTS, "_meta", "order"), _LAYERS),
    ((LAYER_CONSTRAINTS, "_meta", "**"), ("apiVersion",)),
    ((LAYER_CONSTRAINTS, "**"), (*_LAYERS, "...")),
)
"""Place in the artifact → setting; ``{0}`` is the first ``*``, ``...`` the rest of the path."""

_SPELLING: Mapping[str, str] = {
    "metaKeys": "meta_keys",
    "namePatterns": "name_patterns",
    "declassifyMeta": "declassify_meta",
    "declassifyFunctions": "declassify_functions",
    "maxDays": "max_days",
    "allowInProduct": "allow_in_product",
    "requireExpiry": "require_expiry",
    "layerThresholds": "layer_thresholds",
    "columnCase": "column_case",
    "reservedColumns": "reserved_columns",
    "requiredColumns": "required_columns",
    "typeRules": "type_rules",
    "requireDataTypes": "require_data_types",
    "requireContract": "require_contract",
    "namePattern": "name_pattern",
    "appliesTo": "applies_to",
    "customPatterns": "custom_patterns",
}
"""Keys that the artifact and the manifest spell differently."""

_FREE: tuple[Pattern, ...] = (
    (MANIFEST, "pluginDetails", "*", "config", "**"),
    (MANIFEST, "metadata", "labels", "**"),
)
"""Where keys are the user's own and are never respelt."""


def manifest_path(change: Change) -> Path:
    """The setting of manifest.yaml behind a change: ``("plugins", "compute", "type")``.

    Items of lists are named by what identifies them (a waiver's id, a test's name), not by their
    index; `locate` finds them in a document. Empty for a file that is
    new or gone.
    """
    for pattern, setting in _SETTINGS:
        if matches(pattern, change.path):
            return _filled(pattern, setting, change.path)
    return ()


def _filled(pattern: Pattern, setting: Path, path: Path) -> Path:
    names = [key for part, key in zip(pattern, path, strict=False) if part == "*"]
    free = any(matches(place, path) for place in _FREE)
    filled: list[str] = []
    for part in setting:
        if part == "...":
            rest = path[len(pattern) - 1 :]
            filled.extend(rest if free else (_SPELLING.get(key, key) for key in rest))
        elif part.startswith("{"):
            filled.append(names[int(part[1:-1])])
        else:
            filled.append(part)
    return tuple(filled)


def locate(path: Path, document: Document) -> Span | None:
    """Where a manifest.yaml writes a setting, or the deepest part of its path that it does write.

    None where not even the first key is written: the setting is a default.
    """
    found: list[str | int] = []
    current: Any = document.value
    for key in path:
        step = _step(current, key)
        if step is None:
            break
        found.append(step)
        current = current[step]
    return document.locate(tuple(found), key=len(found) < len(path)) if found else None


def _step(value: object, key: str) -> str | int | None:
    if isinstance(value, Mapping):
        return key if key in value else None
    if isinstance(value, list):
        for index, item in enumerate(value):
            named = item.values() if isinstance(item, Mapping) else (item,)
            if any(str(inner) == key for inner in named if not isinstance(inner, list | Mapping)):
                return index
    return None
