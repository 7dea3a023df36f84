"""What a manifest means once the defaults of its architecture have been filled in.

Pure functions from a `Manifest` to plain values. Defaults that depend on another setting (the
pattern, the layers, the roles) live here; the others stand at their field in the schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.manifest import sensitive_names
from floe_engine.manifest.governance import LevelRule, NamePattern, Permission, Role
from floe_engine.manifest.nested import get
from floe_engine.manifest.reading import plain
from floe_engine.manifest.root import Manifest
from floe_engine.manifest.terms import (
    CAPABILITIES,
    SOURCE,
    STRICTNESS,
    Access,
    Enforcement,
    Governor,
    Pattern,
    capabilities,
    governor_of,
)
from floe_engine.manifest.waiver import Waiver


class EffectiveLayer(Struct, frozen=True):
    """A layer with every setting decided. `may_depend_on` None: anything."""

    name: str
    prefixes: tuple[str, ...] = ()
    required_tests: tuple[str, ...] = ()
    may_depend_on: tuple[str, ...] | None = None
    minimum_test_coverage: int | None = None
    catalog_namespace: str = ""
    paths: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    materializations: tuple[str, ...] | None = None


class EffectiveNamespace(Struct, frozen=True):
    """A catalog namespace with its layer (None: several or none) and its grants, role to access."""

    name: str
    layer: str | None
    grants: Mapping[str, Access]


_DOCUMENTED = ("not_null_pk", "unique_pk", "freshness", "documentation")

PATTERN_LAYERS: Mapping[Pattern, tuple[EffectiveLayer, ...]] = MappingProxyType(
    {
        "medallion": (
            EffectiveLayer("bronze", ("bronze_",), ("not_null_pk",), (SOURCE,)),
            EffectiveLayer(
                "silver", ("silver_",), ("not_null_pk", "unique_pk", "freshness"), ("bronze", "silver")
            ),
            EffectiveLayer("gold", ("gold_",), _DOCUMENTED, ("silver", "gold")),
        ),
        "kimball": (
            EffectiveLayer("staging", ("stg_",), ("not_null_pk",), (SOURCE,)),
            EffectiveLayer("intermediate", ("int_",), ("not_null_pk",), ("staging", "intermediate")),
            EffectiveLayer(
                "dimension",
                ("dim_",),
                ("not_null_pk", "unique_pk", "documentation"),
                ("staging", "intermediate", "dimension"),
            ),
            EffectiveLayer(
                "fact",
                ("fct_",),
                ("not_null_pk", "unique_pk", "relationships", "freshness", "documentation"),
                ("staging", "intermediate", "dimension", "fact"),
            ),
        ),
        "data_vault": (
            EffectiveLayer("staging", ("stg_",), ("not_null_pk",), (SOURCE,)),
            EffectiveLayer("hub", ("hub_",), ("not_null_pk", "unique_pk"), ("staging",)),
            EffectiveLayer(
                "link", ("lnk_",), ("not_null_pk", "unique_pk", "relationships"), ("staging", "hub")
            ),
            EffectiveLayer(
                "satellite",
                ("sat_",),
                ("not_null_pk", "unique_pk", "relationships"),
                ("staging", "hub", "link"),
            ),
            EffectiveLayer("mart", ("mart_",), _DOCUMENTED, ("hub", "link", "satellite", "mart")),
        ),
        "custom": (),
    }
)
"""The layers of each pattern, in the direction of the data's flow."""

PUBLISHED_LAYERS: Mapping[Pattern, tuple[str, ...]] = MappingProxyType(
    {"medallion": ("gold",), "kimball": ("dimension", "fact"), "data_vault": ("mart",), "custom": ()}
)
"""Layers that analysts read by default; the custom pattern's are its last one."""

DEFAULT_ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "data_engineer": Role(description="builds and runs pipelines"),
        "analyst": Role(description="reads published data"),
        "admin": Role(inherits=("data_engineer",), description="administers the platform"),
    }
)

DEFAULT_LEVEL_RULES: Mapping[str, LevelRule] = MappingProxyType(
    {
        "public": LevelRule(),
        "internal": LevelRule(),
        "confidential": LevelRule(allowed_access=("private", "protected")),
        "pii": LevelRule(allowed_access=("private", "protected"), allowed_roles=("data_engineer", "admin")),
        "phi": LevelRule(allowed_access=("private", "protected"), allowed_roles=("admin",)),
    }
)

IMPLIED_PLUGINS: Mapping[str, str] = MappingProxyType({"dbt": "core"})
"""Categories that have a plugin even when the manifest names none."""


def effective_layers(manifest: Manifest) -> dict[str, EffectiveLayer]:
    """Every layer by name, the pattern's first (in the data's flow), then those the manifest adds."""
    architecture = manifest.data_architecture
    layers = {layer.name: layer for layer in PATTERN_LAYERS[architecture.pattern]}
    for name, given in architecture.layers.items():
        base = layers.get(name) or EffectiveLayer(name)
        layers[name] = replace(
            base,
            prefixes=given.all_prefixes or base.prefixes,
            required_tests=base.required_tests if given.required_tests is None else given.required_tests,
            may_depend_on=base.may_depend_on if given.may_depend_on is None else given.may_depend_on,
            materializations=given.materializations,
            minimum_test_coverage=given.minimum_test_coverage,
            catalog_namespace=given.catalog_namespace or "",
            paths=given.paths,
            tags=given.tags,
            schemas=given.schemas,
        )
    thresholds = manifest.governance.quality_gates.layer_thresholds
    housed = {space.layer: space.name for space in reversed(manifest.catalog.namespaces or ()) if space.layer}
    return {
        name: replace(
            layer,
            minimum_test_coverage=thresholds.get(name, layer.minimum_test_coverage)
            if layer.minimum_test_coverage is None
            else max(layer.minimum_test_coverage, thresholds.get(name, 0)),
            catalog_namespace=layer.catalog_namespace or housed.get(name) or name,
        )
        for name, layer in layers.items()
    }


def published_layers(manifest: Manifest) -> tuple[str, ...]:
    """Names of the layers that analysts read by default."""
    named = PUBLISHED_LAYERS[manifest.data_architecture.pattern]
    return named or tuple(effective_layers(manifest))[-1:]


def effective_roles(manifest: Manifest) -> dict[str, Role]:
    """Roles by name: the manifest's, or the three defaults."""
    roles = manifest.governance.access_control.roles
    return dict(DEFAULT_ROLES if roles is None else roles)


def namespace_names(manifest: Manifest) -> tuple[str, ...]:
    """Approved namespaces, each once: the catalog's, and every layer's."""
    listed = [space.name for space in manifest.catalog.namespaces or ()]
    return tuple(
        dict.fromkeys(listed + [layer.catalog_namespace for layer in effective_layers(manifest).values()])
    )


def effective_permissions(manifest: Manifest) -> tuple[Permission, ...]:
    """Permissions: the manifest's, or the default ones of those default roles that exist."""
    given = manifest.governance.access_control.permissions
    if given is not None:
        return given
    everywhere = namespace_names(manifest)
    layers = effective_layers(manifest)
    published = tuple(
        dict.fromkeys(layers[name].catalog_namespace for name in published_layers(manifest) if name in layers)
    )
    defaults = (
        Permission(role="data_engineer", namespaces=everywhere, access="READ_WRITE"),
        Permission(role="analyst", namespaces=published, access="READ"),
        Permission(role="admin", namespaces=everywhere, access="ADMIN"),
    )
    roles = effective_roles(manifest)
    return tuple(permission for permission in defaults if permission.role in roles and permission.namespaces)


def _both(first: Access | None, second: Access) -> Access:
    """The access that contains both: READ and WRITE together are READ_WRITE."""
    together = capabilities(first) | capabilities(second)
    return next(access for access, can in CAPABILITIES.items() if can == together)


def effective_namespaces(manifest: Manifest) -> tuple[EffectiveNamespace, ...]:
    """Namespaces with the grants of `catalog` and of the permissions that name them."""
    layers = effective_layers(manifest)
    inhabitants: dict[str, list[str]] = {}
    for layer in layers.values():
        inhabitants.setdefault(layer.catalog_namespace, []).append(layer.name)
    grants: dict[str, dict[str, Access]] = {name: {} for name in namespace_names(manifest)}
    for space in manifest.catalog.namespaces or ():
        for grant in space.grants:
            grants[space.name][grant.role] = _both(grants[space.name].get(grant.role), grant.access)
    for permission in effective_permissions(manifest):
        for name in permission.namespaces:
            if name in grants:
                grants[name][permission.role] = _both(grants[name].get(permission.role), permission.access)
    declared = {space.name: space.layer for space in manifest.catalog.namespaces or ()}
    result = []
    for name, given in grants.items():
        homes = inhabitants.get(name, [])
        home = declared.get(name) or (homes[0] if len(homes) == 1 else None)
        result.append(EffectiveNamespace(name, home, MappingProxyType(given)))
    return tuple(result)


def effective_level_rules(manifest: Manifest) -> dict[str, LevelRule]:
    """What holds at each level: the manifest's settings over floe's for the levels it knows."""
    classification = manifest.governance.classification
    roles = effective_roles(manifest)
    rules = {}
    for level in classification.levels:
        rule = DEFAULT_LEVEL_RULES.get(level, LevelRule())
        allowed = tuple(role for role in rule.allowed_roles or () if role in roles) or None
        own = get(manifest.written, ("governance", "classification", "rules", level)) or {}
        given = {key: getattr(classification.rules[level], key) for key in own}
        rules[level] = replace(rule, **{"allowed_roles": allowed, **given})
    return rules


def effective_name_patterns(manifest: Manifest) -> tuple[NamePattern, ...]:
    """Columns that look sensitive by name: the manifest's list, or floe's for the levels that exist."""
    classification = manifest.governance.classification
    if classification.name_patterns is not None:
        return classification.name_patterns
    return tuple(
        NamePattern(pattern=pattern, level=level)
        for level, patterns in sensitive_names.PATTERNS.items()
        if level in classification.levels
        for pattern in patterns
    )


def effective_name_exceptions(manifest: Manifest) -> tuple[str, ...]:
    """Names that no pattern means: the manifest's list, else floe's beside floe's own patterns."""
    classification = manifest.governance.classification
    if classification.name_exceptions is not None:
        return classification.name_exceptions
    return sensitive_names.EXCEPTIONS if classification.name_patterns is None else ()


def name_defaults(manifest: Manifest) -> int:
    """Which version of floe's list of sensitive names holds; 0 where the manifest has a list of its own."""
    return sensitive_names.VERSION if manifest.governance.classification.name_patterns is None else 0


def effective_waivers(manifest: Manifest) -> tuple[Waiver, ...]:
    """Waivers, each with an id: its own, or ``waiver-3`` for the third."""
    return tuple(
        waiver if waiver.id else replace(waiver, id=f"waiver-{number}")
        for number, waiver in enumerate(manifest.governance.waivers, 1)
    )


class InEffect:
    """A manifest's settings as they hold, by path, as JSON values: the defaults of its pattern included."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def at(self, path: tuple[str, ...]) -> Any:
        """The value at a concrete path; None where the platform has nothing there."""
        match path:
            case ("data_architecture", "layers", layer, "minimum_test_coverage"):
                return self._coverage(layer)
            case ("data_architecture", "layers", layer, key):
                return self._layer(layer, key)
            case ("governance", "quality_gates", "layer_thresholds", layer):
                return self._coverage(layer)
            case ("governance", "classification", "rules", level, key):
                return _field(effective_level_rules(self._manifest).get(level), key)
            case ("governance", "classification", "name_patterns"):
                return plain(effective_name_patterns(self._manifest))
            case ("governance", "classification", "name_exceptions"):
                return list(effective_name_exceptions(self._manifest))
            case ("governance", "access_control", "roles"):
                given = get(self._manifest.written, path)
                return _said(DEFAULT_ROLES) if given is None else given
            case ("governance", "access_control", "roles", role, key):
                return _field(effective_roles(self._manifest).get(role), key)
            case ("governance", "access_control", "permissions"):
                return plain(effective_permissions(self._manifest))
            case ("governance", "rules", rule, "enforcement"):
                return self._enforcement(rule)
        return get(self._plain, path)

    @cached_property
    def _plain(self) -> dict[str, Any]:
        found: dict[str, Any] = plain(self._manifest)
        return found

    def _layer(self, name: str, key: str) -> Any:
        layer = effective_layers(self._manifest).get(name)
        if layer is not None and key == "prefix":
            return next(iter(layer.prefixes), None)
        return _field(layer, key)

    def _coverage(self, layer: str) -> int:
        own = _field(effective_layers(self._manifest).get(layer), "minimum_test_coverage")
        return self._manifest.governance.quality_gates.minimum_test_coverage if own is None else int(own)

    def _enforcement(self, rule: str) -> Enforcement:
        """A policy rule's own setting, else that of what governs it, under the cap of all."""
        governance = self._manifest.governance
        sections: Mapping[Governor, Enforcement] = {
            "naming": self._manifest.data_architecture.naming.enforcement,
            "gates": "strict" if governance.quality_gates.block_on_failure else "warn",
            "propagation": governance.classification.propagation.enforcement,
            "warns": "warn",
            "nothing": "strict",
        }
        own = governance.rules[rule].enforcement if rule in governance.rules else None
        level = own or sections[governor_of(rule)]
        return min(level, governance.policy_enforcement_level, key=STRICTNESS.index)


def _said(roles: Mapping[str, Role]) -> dict[str, Any]:
    return {name: {key: value for key, value in plain(role).items() if value} for name, role in roles.items()}


def _field(owner: Any, key: str) -> Any:
    value = getattr(owner, key, None)
    return list(value) if isinstance(value, tuple) else value
