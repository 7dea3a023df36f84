"""Where the eight files of an artifact lie in it, and the names that are none of their keys."""

from __future__ import annotations

MANIFEST = "manifest.json"
CLASSIFICATION = "policies/classification.json"
ACCESS_CONTROL = "policies/access-control.json"
QUALITY_GATES = "policies/quality-gates.json"
NAMESPACES = "catalog/namespaces.json"
SCHEMA_REGISTRY = "catalog/schema-registry.json"
NAMING_RULES = "architecture/naming-rules.json"
LAYER_CONSTRAINTS = "architecture/layer-constraints.json"

FILES = (
    MANIFEST,
    CLASSIFICATION,
    ACCESS_CONTROL,
    QUALITY_GATES,
    NAMESPACES,
    SCHEMA_REGISTRY,
    NAMING_RULES,
    LAYER_CONSTRAINTS,
)
"""Paths of the eight files inside an artifact, in the order of the seed."""

LAYERS_META = "_meta"
"""The key of layer-constraints.json that is no layer: its `LAYERS_ORDER` lists the layers as data flows."""
LAYERS_ORDER = "order"
