"""All eight files of an artifact together, typed: what policy, upgrade and the faces work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from floe_engine.artifact.model import (
    AccessPolicy,
    ClassificationPolicy,
    Namespaces,
    NamingRules,
    PlatformManifest,
    QualityGates,
    SchemaRegistry,
)
from floe_engine.artifact.part import Name, Part, written
from floe_engine.artifact.paths import (
    ACCESS_CONTROL,
    CLASSIFICATION,
    FILES,
    LAYER_CONSTRAINTS,
    LAYERS_META,
    LAYERS_ORDER,
    MANIFEST,
    NAMESPACES,
    NAMING_RULES,
    QUALITY_GATES,
    SCHEMA_REGISTRY,
)
from floe_engine.artifact.sections import LayerConstraint
from floe_engine.errors import IntegrityError
from floe_engine.typed import built

Made = TypeVar("Made")
AnyPart = TypeVar("AnyPart", bound=Part | dict[str, LayerConstraint] | list[str])


class Platform(Struct, frozen=True, dict=True):
    """The eight files of one artifact, read and checked."""

    manifest: PlatformManifest
    classification: ClassificationPolicy
    access: AccessPolicy
    gates: QualityGates
    namespaces: Namespaces
    schemas: SchemaRegistry
    naming: NamingRules
    layers: dict[str, LayerConstraint]
    """Layer name to its constraints, in the order of the architecture's flow."""

    @property
    def name(self) -> str:
        """The platform's name, ``acme-data-platform``."""
        return self.manifest.metadata.name

    @property
    def version(self) -> str:
        """The platform's version without ``v``."""
        return self.manifest.metadata.version

    def once(self, work_out: Callable[[Platform], Made]) -> Made:
        """What `work_out` makes of this platform alone, made once however many projects it judges."""
        known: dict[Callable[[Platform], Made], Made] = self.__dict__.setdefault("_once", {})
        if work_out not in known:
            known[work_out] = work_out(self)
        return known[work_out]

    def rank(self, level: str | None) -> int:
        """Position of a classification level, higher is more sensitive; -1 for an unknown one."""
        try:
            return self.classification.levels.index(level) if level is not None else -1
        except ValueError:
            return -1

    def minimum_coverage(self, layer: str | None) -> int:
        """The least test coverage, in per cent, for a layer (None: for models without one)."""
        least = self.gates.minimum_test_coverage
        if layer is None:
            return least
        constraint = self.layers.get(layer)
        if constraint is not None and constraint.minimum_test_coverage is not None:
            return constraint.minimum_test_coverage
        return self.gates.layer_thresholds.get(layer, least)


def read_platform(documents: Mapping[str, Any]) -> Platform:
    """The typed reading of the eight parsed files, by path.

    Raises `IntegrityError` naming the file and field at fault.
    """
    missing = [path for path in FILES if path not in documents]
    if missing:
        raise IntegrityError("artifact is incomplete", f"missing: {', '.join(missing)}")
    layers = dict(documents[LAYER_CONSTRAINTS])
    meta = _read(dict[str, Any], LAYER_CONSTRAINTS, layers.pop(LAYERS_META, {}))
    names = _ordered(layers, meta.get(LAYERS_ORDER))
    return Platform(
        manifest=_read(PlatformManifest, MANIFEST, documents[MANIFEST]),
        classification=_read(ClassificationPolicy, CLASSIFICATION, documents[CLASSIFICATION]),
        access=_read(AccessPolicy, ACCESS_CONTROL, documents[ACCESS_CONTROL]),
        gates=_read(QualityGates, QUALITY_GATES, documents[QUALITY_GATES]),
        namespaces=_read(Namespaces, NAMESPACES, documents[NAMESPACES]),
        schemas=_read(SchemaRegistry, SCHEMA_REGISTRY, documents[SCHEMA_REGISTRY]),
        naming=_read(NamingRules, NAMING_RULES, documents[NAMING_RULES]),
        layers=_read(dict[Name, LayerConstraint], LAYER_CONSTRAINTS, {name: layers[name] for name in names}),
    )


def documents_of(platform: Platform) -> dict[str, Any]:
    """The eight files of a platform as JSON values, by path: what `read_platform` reads."""
    layers = {name: written(layer) for name, layer in platform.layers.items()}
    return {
        MANIFEST: written(platform.manifest),
        CLASSIFICATION: written(platform.classification),
        ACCESS_CONTROL: written(platform.access),
        QUALITY_GATES: written(platform.gates),
        NAMESPACES: written(platform.namespaces),
        SCHEMA_REGISTRY: written(platform.schemas),
        NAMING_RULES: written(platform.naming),
        LAYER_CONSTRAINTS: {LAYERS_META: {LAYERS_ORDER: list(platform.layers)}, **layers},
    }


def _ordered(layers: Mapping[str, Any], order: Any) -> list[str]:
    """The layers as data flows; by name where the file says no order."""
    if order is None:
        return sorted(layers)
    listed = _read(list[str], LAYER_CONSTRAINTS, order)
    return [*(name for name in listed if name in layers), *sorted(set(layers) - set(listed))]


def _read(part: type[AnyPart], path: str, value: Any) -> AnyPart:
    try:
        return msgspec.convert(value, built(part))
    except msgspec.ValidationError as error:
        reason, _, field = str(error).partition(" - at `$.")
        raise IntegrityError(
            "artifact file does not have the expected shape",
            f"{field.rstrip('`') or '(root)'}: {reason}",
            hint="it may come from a newer floe, or from another tool",
            where=path,
        ) from None
