"""From a checked manifest to the eight files. Pure: no clock, no disk, no network.

The same manifest and plugins give the same bytes on every machine; the only input that is not in
them is `created`, and `keep_created` takes that from the previous build while nothing else changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from msgspec import convert
from msgspec.structs import replace

from floe_engine.artifact.content import Artifact, content_digest, same_content
from floe_engine.artifact.model import (
    POLICY_FILES,
    Architecture,
    ArtifactMetadata,
    EngineRequirement,
    FileEntry,
    ParentArtifact,
    Permission,
    PlatformManifest,
    PluginDetails,
    SecurityPolicy,
    TrustedIdentity,
    TrustedKey,
)
from floe_engine.artifact.part import Part, PlatformName, PolicyFile, written
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
)
from floe_engine.artifact.sections import PLACES, LayerAliases, LayerConstraint, LevelRule, RuleSetting
from floe_engine.artifact.waivers import as_waiver
from floe_engine.files import canonical_json, sha256_digest
from floe_engine.fingerprint import parse_fingerprint
from floe_engine.manifest.effective import (
    InEffect,
    effective_layers,
    effective_level_rules,
    effective_namespaces,
    effective_permissions,
    effective_roles,
    effective_waivers,
    name_defaults,
    namespace_names,
)
from floe_engine.manifest.inheritance import settings_for_children
from floe_engine.manifest.plugins import ResolvedPlugin
from floe_engine.manifest.root import Manifest, Security
from floe_engine.manifest.terms import API_VERSION

AnyPart = TypeVar("AnyPart", bound=Part)

ENGINE_MIN_VERSION = "0.1.0"
"""The oldest floe that understands the files as they are written here."""


def build(
    manifest: Manifest,
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
    files = {path: _bytes(file) for path, file in _policies(manifest, named).items()}
    files[LAYER_CONSTRAINTS] = canonical_json(_layers(manifest, named))
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
    manifest: Manifest,
    trusted_keys: Sequence[TrustedKey],
    delegated_keys: Mapping[str, Sequence[TrustedKey]],
) -> dict[str, Any] | None:
    if manifest.scope != "enterprise":
        return None
    delegated = {name: [key.pem for key in keys] for name, keys in delegated_keys.items()}
    return settings_for_children(manifest, [key.pem for key in trusted_keys], delegated)


def _security(
    section: Security,
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


# --- policies/, catalog/, architecture/ --------------------------------------------------------


def _policies(manifest: Manifest, named: PlatformName) -> dict[str, PolicyFile]:
    """The files but manifest.json and the layers', by path: all settings at their places, and what is
    worked out from several of them."""
    documents: dict[str, Any] = {path: {"platform": written(named)} for path in POLICY_FILES}
    in_effect = InEffect(manifest)
    for setting, place in PLACES.items():
        file, *above, key = place.split()
        record = documents[file]
        for step in above:
            record = record.setdefault(step, {})
        record[key] = in_effect.at(tuple(setting.split(".")))
    made: Mapping[str, Mapping[str, Any]] = {
        CLASSIFICATION: {
            "rules": _parts(LevelRule, effective_level_rules(manifest)),
            "name_defaults": name_defaults(manifest),
        },
        ACCESS_CONTROL: {
            "roles": tuple(effective_roles(manifest)),
            "permissions": _permissions(manifest),
        },
        QUALITY_GATES: {
            "waivers": tuple(map(as_waiver, effective_waivers(manifest))),
            "rules": _parts(RuleSetting, manifest.governance.rules),
        },
        NAMESPACES: _namespaces(manifest),
        NAMING_RULES: _naming(manifest),
    }
    return {
        path: replace(convert(documents[path], kind), **made.get(path, {}))
        for path, kind in POLICY_FILES.items()
    }


def _parts(kind: type[AnyPart], sections: Mapping[str, Any]) -> dict[str, AnyPart]:
    """Sections by name as parts of the artifact, whose fields have the same names."""
    return {name: convert(section, kind, from_attributes=True) for name, section in sections.items()}


def _permissions(manifest: Manifest) -> dict[str, tuple[Permission, ...]]:
    permissions: dict[str, tuple[Permission, ...]] = dict.fromkeys(effective_roles(manifest), ())
    for entry in effective_permissions(manifest):
        given = Permission(namespaces=entry.namespaces, levels=entry.levels, access=entry.access)
        permissions[entry.role] = (*permissions.get(entry.role, ()), given)
    return permissions


def _namespaces(manifest: Manifest) -> dict[str, Any]:
    granted = {space.name: dict(space.grants) for space in effective_namespaces(manifest)}
    layers = effective_layers(manifest)
    return {
        "namespaces": namespace_names(manifest),
        "grants": {name: grants for name, grants in granted.items() if grants},
        "layers": {name: layer.catalog_namespace for name, layer in layers.items()},
    }


def _naming(manifest: Manifest) -> dict[str, Any]:
    layers = effective_layers(manifest)
    placed = {name: layer for name, layer in layers.items() if layer.paths or layer.tags or layer.schemas}
    return {
        "prefixes": {name: layer.prefixes[0] for name, layer in layers.items() if layer.prefixes},
        "more_prefixes": {name: layer.prefixes[1:] for name, layer in layers.items() if layer.prefixes[1:]},
        "aliases": _parts(LayerAliases, placed),
    }


def _layers(manifest: Manifest, named: PlatformName) -> dict[str, Any]:
    """Layers stand at the top level, as in the seed; what is about the file is under ``_meta``."""
    layers = effective_layers(manifest)
    about = {
        "apiVersion": API_VERSION,
        "kind": "LayerConstraints",
        "platform": written(named),
        LAYERS_ORDER: list(layers),
    }
    constraints = _parts(LayerConstraint, layers)
    return {LAYERS_META: about, **{name: written(constraint) for name, constraint in constraints.items()}}
