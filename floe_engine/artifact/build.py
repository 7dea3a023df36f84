"""From a checked manifest to the eight files. Pure: no clock, no disk, no network.

The same manifest and plugins give the same bytes on every machine; the only input that is not in
them is `created`, and `keep_created` takes that from the previous build while nothing else changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from floe_engine.artifact.content import Artifact, content_digest, same_content
from floe_engine.artifact.model import (
    AccessPolicy,
    Architecture,
    ArtifactMetadata,
    ClassificationPolicy,
    Code,
    ColumnTest,
    Coverage,
    CustomRule,
    Documentation,
    EngineRequirement,
    Exposures,
    FileEntry,
    Graph,
    LayerAliases,
    LayerConstraint,
    LevelRule,
    Macros,
    Materialization,
    MetaKey,
    NamePattern,
    Namespaces,
    NamingRules,
    ParentArtifact,
    Part,
    Permission,
    PlatformManifest,
    PlatformName,
    PluginDetails,
    PolicyFile,
    Propagation,
    QualityGates,
    RequiredColumn,
    RoleDefinition,
    RuleSetting,
    SchemaRegistry,
    SecurityPolicy,
    SemanticModels,
    Sources,
    Structure,
    TrustedIdentity,
    TrustedKey,
    TypeRule,
    WaiverPolicy,
    written,
)
from floe_engine.artifact.paths import (
    ACCESS_CONTROL,
    CLASSIFICATION,
    LAYER_CONSTRAINTS,
    LAYERS_META,
    LAYERS_ORDER,
    MANIFEST,
    NAMESPACES,
    NAMING_RULES,
    QUALITY_GATES,
    SCHEMA_REGISTRY,
)
from floe_engine.artifact.waivers import as_waiver
from floe_engine.files import canonical_json, sha256_digest
from floe_engine.fingerprint import parse_fingerprint
from floe_engine.manifest import schema
from floe_engine.manifest.base import Section
from floe_engine.manifest.inheritance import settings_for_children
from floe_engine.manifest.plugins import ResolvedPlugin
from floe_engine.manifest.terms import API_VERSION

ENGINE_MIN_VERSION = "0.1.0"
"""The oldest floe that understands the files as they are written here."""


def build(
    manifest: schema.Manifest,
    plugins: Sequence[ResolvedPlugin],
    *,
    created: str,
    trusted_keys: Sequence[TrustedKey] = (),
    delegated_keys: Mapping[str, Sequence[TrustedKey]] | None = None,
    parent: ParentArtifact | None = None,
) -> Artifact:
    """The artifact of a manifest that passed its check, with what it inherits merged in.

    `created` is RFC 3339 in UTC; `trusted_keys` and `delegated_keys` are the manifest's, already
    read; `parent` is the enterprise platform that was merged in.
    """
    delegated = {name: tuple(keys) for name, keys in (delegated_keys or {}).items()}
    named = PlatformName(name=manifest.metadata.name, version=manifest.metadata.version)
    files = {
        CLASSIFICATION: _bytes(_classification(manifest, named)),
        ACCESS_CONTROL: _bytes(_access(manifest, named)),
        QUALITY_GATES: _bytes(_gates(manifest, named)),
        NAMESPACES: _bytes(_namespaces(manifest, named)),
        SCHEMA_REGISTRY: _bytes(_schemas(manifest, named)),
        NAMING_RULES: _bytes(_naming(manifest, named)),
        LAYER_CONSTRAINTS: canonical_json(_layers(manifest, named)),
    }
    metadata = manifest.metadata
    identity = PlatformManifest(
        metadata=ArtifactMetadata(
            name=metadata.name,
            version=metadata.version,
            scope=manifest.scope,
            owner=metadata.owner,
            description=metadata.description,
            labels=metadata.labels,
            created=created,
            digest=content_digest(files),
        ),
        plugins={plugin.category: plugin.type for plugin in plugins},
        plugin_details={plugin.category: _plugin(plugin) for plugin in plugins},
        approved_plugins=manifest.approved_plugins,
        architecture=Architecture(
            pattern=manifest.data_architecture.pattern,
            enforcement=manifest.data_architecture.naming.enforcement,
        ),
        engine=EngineRequirement(min_version=ENGINE_MIN_VERSION),
        parent=parent,
        settings=_for_children(manifest, trusted_keys, delegated),
        security=_security(manifest.security, trusted_keys, delegated),
        files={path: FileEntry(sha256=sha256_digest(data), size=len(data)) for path, data in files.items()},
    )
    return Artifact({MANIFEST: _bytes(identity), **files})


def keep_created(artifact: Artifact, previous: Artifact | None) -> Artifact:
    """`previous` itself where it differs from `artifact` in nothing but `metadata.created`."""
    if previous is not None and same_content(artifact, previous):
        return previous
    return artifact


def _for_children(
    manifest: schema.Manifest,
    trusted_keys: Sequence[TrustedKey],
    delegated_keys: Mapping[str, Sequence[TrustedKey]],
) -> dict[str, Any] | None:
    if manifest.scope != "enterprise":
        return None
    delegated = {name: [key.pem for key in keys] for name, keys in delegated_keys.items()}
    return settings_for_children(manifest, [key.pem for key in trusted_keys], delegated)


def _security(
    section: schema.Security,
    trusted_keys: Sequence[TrustedKey],
    delegated_keys: Mapping[str, tuple[TrustedKey, ...]],
) -> SecurityPolicy:
    revoked = dict.fromkeys(parse_fingerprint(entry, where="manifest.yaml") for entry in section.revoked_keys)
    return SecurityPolicy(
        require_signed_artifacts=section.require_signed_artifacts,
        trusted_keys=tuple(trusted_keys),
        trusted_identities=tuple(
            TrustedIdentity(identity=who.identity, issuer=who.issuer) for who in section.trusted_identities
        ),
        revoked_keys=tuple(sorted(revoked)),
        delegated_keys=dict(delegated_keys),
    )


def _bytes(file: PolicyFile | PlatformManifest) -> bytes:
    return canonical_json(written(file))


def _plugin(plugin: ResolvedPlugin) -> PluginDetails:
    return PluginDetails(
        type=plugin.type,
        version=plugin.version,
        package=plugin.package,
        chart=plugin.chart,
        api_version=plugin.api_version,
        dbt_adapter=plugin.dbt.adapter if plugin.dbt else None,
        config=dict(plugin.config),
        config_digest=plugin.config_digest,
        connection_secret_ref=plugin.connection_secret_ref,
    )


_MADE_OTHERWISE = ("rules", "propagation", "name_patterns", "name_exceptions")


def _classification(manifest: schema.Manifest, named: PlatformName) -> ClassificationPolicy:
    section = manifest.governance.classification
    rules = schema.effective_level_rules(manifest)
    return ClassificationPolicy(
        platform=named,
        default=section.default_level,
        **_shared(section, ClassificationPolicy, but=_MADE_OTHERWISE),
        rules={level: LevelRule(**_fields(rule)) for level, rule in rules.items()},
        propagation=Propagation(**_fields(section.propagation)),
        name_patterns=tuple(
            NamePattern(pattern=entry.pattern, level=entry.level)
            for entry in schema.effective_name_patterns(manifest)
        ),
        name_exceptions=schema.effective_name_exceptions(manifest),
        name_defaults=schema.name_defaults(manifest),
    )


def _access(manifest: schema.Manifest, named: PlatformName) -> AccessPolicy:
    roles = schema.effective_roles(manifest)
    permissions: dict[str, tuple[Permission, ...]] = dict.fromkeys(roles, ())
    for entry in schema.effective_permissions(manifest):
        given = Permission(namespaces=entry.namespaces, levels=entry.levels, access=entry.access)
        permissions[entry.role] = (*permissions.get(entry.role, ()), given)
    return AccessPolicy(
        platform=named,
        default=manifest.governance.access_control.default,
        roles=tuple(roles),
        role_definitions={name: RoleDefinition(**_fields(role)) for name, role in roles.items()},
        permissions=permissions,
    )


_OF_GATES: Mapping[str, type[Part]] = {
    "sources": Sources,
    "exposures": Exposures,
    "semantic_models": SemanticModels,
    "graph": Graph,
    "materialization": Materialization,
    "code": Code,
    "macros": Macros,
    "structure": Structure,
}
"""Sections of `governance` that stand in the file of the gates under their own names."""


def _gates(manifest: schema.Manifest, named: PlatformName) -> QualityGates:
    governance = manifest.governance
    gates, documentation = governance.quality_gates, governance.documentation
    sections: dict[str, Any] = {
        name: part(**_fields(getattr(governance, name))) for name, part in _OF_GATES.items()
    }
    return QualityGates(
        platform=named,
        **sections,
        **_shared(gates, QualityGates, but=("column_tests",)),
        column_tests=tuple(ColumnTest(**_fields(entry)) for entry in gates.column_tests),
        documentation=Documentation(
            **_shared(documentation, Documentation, but=("meta",)),
            meta={
                kind: tuple(MetaKey(**_fields(key)) for key in keys)
                for kind, keys in documentation.meta.items()
            },
        ),
        enforcement=governance.policy_enforcement_level,
        coverage=Coverage(
            metric=gates.coverage_metric,
            scope=gates.coverage_scope,
            count_warn_severity=gates.count_warn_severity,
            zero_columns=gates.zero_column_behavior,
        ),
        waivers=tuple(as_waiver(waiver) for waiver in schema.effective_waivers(manifest)),
        waiver_policy=WaiverPolicy(**_fields(governance.waiver_policy)),
        custom_rules=tuple(map(_custom_rule, governance.custom_rules)),
        rules={rule: RuleSetting(**_fields(setting)) for rule, setting in governance.rules.items()},
    )


def _custom_rule(rule: schema.CustomRule) -> CustomRule:
    examples = rule.examples.model_dump(mode="json", by_alias=True) if rule.examples else None
    return CustomRule(**{**_fields(rule), "examples": examples})


def _namespaces(manifest: schema.Manifest, named: PlatformName) -> Namespaces:
    layers = schema.effective_layers(manifest)
    return Namespaces(
        platform=named,
        namespaces=schema.namespace_names(manifest),
        grants={
            space.name: dict(space.grants) for space in schema.effective_namespaces(manifest) if space.grants
        },
        layers={name: layer.catalog_namespace for name, layer in layers.items()},
    )


def _schemas(manifest: schema.Manifest, named: PlatformName) -> SchemaRegistry:
    section = manifest.catalog.schema_registry
    return SchemaRegistry(
        platform=named,
        **_shared(section, SchemaRegistry, but=("required_columns", "type_rules")),
        required_columns={
            layer: tuple(RequiredColumn(name=column.name, type=column.type) for column in columns)
            for layer, columns in section.required_columns.items()
        },
        type_rules=tuple(TypeRule(pattern=rule.pattern, type=rule.type) for rule in section.type_rules),
    )


def _naming(manifest: schema.Manifest, named: PlatformName) -> NamingRules:
    architecture = manifest.data_architecture
    layers = schema.effective_layers(manifest)
    aliases = {
        name: LayerAliases(paths=layer.paths, tags=layer.tags, schemas=layer.schemas)
        for name, layer in layers.items()
        if layer.paths or layer.tags or layer.schemas
    }
    return NamingRules(
        platform=named,
        pattern=architecture.pattern,
        **_shared(architecture.naming, NamingRules),
        prefixes={name: layer.prefixes[0] for name, layer in layers.items() if layer.prefixes},
        more_prefixes={name: layer.prefixes[1:] for name, layer in layers.items() if layer.prefixes[1:]},
        aliases=aliases,
    )


def _layers(manifest: schema.Manifest, named: PlatformName) -> dict[str, Any]:
    """Layers stand at the top level, as in the seed; what is about the file is under ``_meta``."""
    layers = schema.effective_layers(manifest)
    document: dict[str, Any] = {
        LAYERS_META: {
            "apiVersion": API_VERSION,
            "kind": "LayerConstraints",
            "platform": written(named),
            LAYERS_ORDER: list(layers),
        }
    }
    for name, layer in layers.items():
        constraint = LayerConstraint(
            required_tests=layer.required_tests,
            minimum_test_coverage=layer.minimum_test_coverage,
            may_depend_on=layer.may_depend_on,
            materializations=layer.materializations,
        )
        document[name] = written(constraint)
    return document


def _fields(section: Section) -> Mapping[str, Any]:
    """The fields of a manifest section whose artifact counterpart has the same names."""
    return {name: getattr(section, name) for name in type(section).model_fields}


def _shared(section: Section, part: type[Part], but: Collection[str] = ()) -> Mapping[str, Any]:
    """The settings that a file has under their own names, but those that are made otherwise."""
    return {
        name: value
        for name, value in _fields(section).items()
        if name in part.__struct_fields__ and name not in but
    }
