"""Artifacts for tests: a small platform, and the same with a few settings changed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from floe_engine.artifact.content import Artifact, content_digest
from floe_engine.artifact.paths import (
    ACCESS_CONTROL,
    CLASSIFICATION,
    FILES,
    LAYER_CONSTRAINTS,
    MANIFEST,
    NAMESPACES,
    NAMING_RULES,
    QUALITY_GATES,
    SCHEMA_REGISTRY,
)
from floe_engine.artifact.shape import Path
from floe_engine.files import canonical_json, sha256_digest
from floe_engine.upgrade.rule import ABSENT

_HEAD = {"apiVersion": "floe.dev/v1", "platform": {"name": "acme", "version": "1.0.0"}}
_LAYERS = ("bronze", "silver", "gold")


def documents() -> dict[str, Any]:
    """The eight files of a platform that enforces everything strictly."""
    return copy.deepcopy(
        {
            MANIFEST: {
                "apiVersion": "floe.dev/v1",
                "kind": "PlatformArtifact",
                "metadata": {
                    "name": "acme",
                    "version": "1.0.0",
                    "created": "2026-01-01T00:00:00Z",
                    "digest": "",
                },
                "plugins": {"compute": "duckdb", "orchestrator": "dagster"},
                "pluginDetails": {
                    "compute": _plugin("duckdb"),
                    "orchestrator": _plugin("dagster"),
                },
                "architecture": {"pattern": "medallion", "enforcement": "strict"},
                "engine": {"minVersion": "0.1.0"},
                "files": {},
            },
            CLASSIFICATION: {
                **_HEAD,
                "kind": "ClassificationPolicy",
                "levels": ["public", "internal", "confidential", "pii"],
                "default": "internal",
                "metaKeys": ["classification", "pii"],
                "rules": {"pii": {"minimum_test_coverage": 100}},
                "propagation": {"mode": "name", "enforcement": "strict"},
            },
            ACCESS_CONTROL: {
                **_HEAD,
                "kind": "AccessPolicy",
                "roles": ["analyst", "admin"],
                "roleDefinitions": {"analyst": {"inherits": []}, "admin": {"inherits": ["analyst"]}},
                "permissions": {
                    "analyst": [{"namespaces": ["gold"], "access": "READ"}],
                    "admin": [{"namespaces": list(_LAYERS), "levels": ["pii"], "access": "ADMIN"}],
                },
            },
            QUALITY_GATES: {
                **_HEAD,
                "kind": "QualityGates",
                "minimum_test_coverage": 80,
                "required_tests": ["not_null_pk"],
                "block_on_failure": True,
                "enforcement": "strict",
            },
            NAMESPACES: {
                **_HEAD,
                "kind": "Namespaces",
                "namespaces": list(_LAYERS),
                "layers": {layer: layer for layer in _LAYERS},
            },
            SCHEMA_REGISTRY: {**_HEAD, "kind": "SchemaRegistry"},
            NAMING_RULES: {
                **_HEAD,
                "kind": "NamingRules",
                "pattern": "medallion",
                "enforcement": "strict",
                "prefixes": {layer: f"{layer}_" for layer in _LAYERS},
            },
            LAYER_CONSTRAINTS: {
                "_meta": {**_HEAD, "kind": "LayerConstraints", "order": list(_LAYERS)},
                "bronze": {"required_tests": ["not_null_pk"], "may_depend_on": ["source"]},
                "silver": {"required_tests": ["not_null_pk"], "may_depend_on": ["bronze", "silver"]},
                "gold": {"required_tests": ["documentation"], "may_depend_on": ["silver", "gold"]},
            },
        }
    )


def _plugin(kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "version": "1.0.0",
        "package": f"floe-{kind}",
        "config": {},
        "configDigest": "sha256:00",
    }


def artifact(changes: Mapping[Path, Any] | None = None) -> Artifact:
    """The platform, with `changes` (place to value; ABSENT takes it out) made to its files."""
    files = documents()
    for path, value in (changes or {}).items():
        put(files, path, value)
    return packed(files)


def put(files: dict[str, Any], path: Path, value: Any) -> None:
    *parents, last = path
    place: Any = files
    for key in parents:
        place = place.setdefault(key, {})
    if value is ABSENT:
        place.pop(last, None)
    else:
        place[last] = copy.deepcopy(value)


def packed(files: Mapping[str, Any]) -> Artifact:
    """Documents as an artifact whose manifest lists the other files as they are."""
    data = {path: canonical_json(files[path]) for path in files if path != MANIFEST}
    manifest = copy.deepcopy(files[MANIFEST])
    manifest["files"] = {
        path: {"sha256": sha256_digest(content), "size": len(content)} for path, content in data.items()
    }
    manifest["metadata"]["digest"] = content_digest(data)
    data[MANIFEST] = canonical_json(manifest)
    return Artifact({path: data[path] for path in FILES if path in data})
