"""The eight files of a platform artifact as types, in the order of the files: manifest.json, policies/,
catalog/, architecture/. A part stands above the file that has it.

The records that are made of settings are in `sections`, which is written from the settings'
declarations; here stand the files, and what is no setting or is published in another shape than it is
declared in.

Reading ignores keys it does not know (a newer engine may have written them; `engine.minVersion` says
when that matters) and refuses everything that is wrong, because an artifact comes from outside.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, field

from floe_engine.artifact import paths
from floe_engine.artifact.part import (
    Digest,
    Moment,
    Name,
    NamespaceName,
    OtherDigest,
    Paragraph,
    Part,
    PlatformText,
    PluginName,
    PolicyFile,
    SecretName,
    Semver,
    Text,
)
from floe_engine.artifact.sections import (
    AccessSettings,
    ClassificationSettings,
    GateSettings,
    NamingSettings,
    SchemaSettings,
)
from floe_engine.manifest.terms import API_VERSION, Access, Enforcement, Pattern


class CamelPart(Part, frozen=True, kw_only=True, rename="camel"):
    """A part whose keys are camelCase in JSON."""


# --- manifest.json -----------------------------------------------------------------------------


class ArtifactMetadata(Part, frozen=True, kw_only=True):
    """Who and when."""

    name: PlatformText
    version: Semver
    """Semver without ``v``; equals the tag."""
    scope: Literal["enterprise", "domain"] | None = None
    owner: Text | None = None
    description: Paragraph | None = None
    labels: dict[str, str] = {}
    created: Moment
    """RFC 3339, UTC, whole seconds. Kept from the previous build while nothing else changed."""
    digest: Digest
    """sha256 over the sorted ``path digest`` lines of the other seven files."""


class PluginDetails(CamelPart, frozen=True, kw_only=True):
    """How one plugin was resolved."""

    type: PluginName
    version: Semver
    package: Text
    chart: str | None = None
    api_version: str | None = None
    dbt_adapter: PluginName | None = None
    """The dbt adapter of a compute plugin (``duckdb``); None for the others."""
    config: dict[str, Any] = {}
    """The plugin's settings from manifest.yaml; never a secret."""
    config_digest: str
    connection_secret_ref: SecretName | None = None


class Architecture(Part, frozen=True, kw_only=True):
    """The data architecture in one line."""

    pattern: Pattern
    enforcement: Enforcement


class EngineRequirement(CamelPart, frozen=True, kw_only=True):
    """Which floe can read this artifact."""

    min_version: Semver


class ParentArtifact(Part, frozen=True, kw_only=True):
    """The enterprise artifact that a domain's artifact was built on."""

    ref: str
    digest: OtherDigest | None = None
    name: PlatformText | None = None
    version: Semver | None = None


class TrustedKey(Part, frozen=True, kw_only=True):
    """A public key that may sign versions of this platform."""

    named_by: ClassVar[tuple[str, ...]] = ("fingerprint",)
    repeats: ClassVar[tuple[str, ...]] = ("pem",)

    name: str
    pem: str
    fingerprint: str
    """sha256 of the key's SubjectPublicKeyInfo in DER, as ``sha256:…``."""


class TrustedIdentity(Part, frozen=True, kw_only=True):
    """Somebody who may sign versions of this platform without a key."""

    named_by: ClassVar[tuple[str, ...]] = ("identity", "issuer")

    identity: Text
    issuer: Text


class SecurityPolicy(Part, frozen=True, kw_only=True):
    """Whether and by whom artifacts must be signed."""

    unwritten: ClassVar[frozenset[str]] = frozenset({"trusted_identities", "revoked_keys", "delegated_keys"})

    require_signed_artifacts: bool = False
    trusted_keys: tuple[TrustedKey, ...] = ()
    trusted_identities: tuple[TrustedIdentity, ...] = ()
    revoked_keys: tuple[Digest, ...] = ()
    """Fingerprints of keys that are never to be believed again."""
    delegated_keys: dict[PlatformText, tuple[TrustedKey, ...]] = {}
    """Domain platform to the keys that may sign it, and nothing else."""


class FileEntry(Part, frozen=True, kw_only=True):
    """Digest and size of one of the other seven files."""

    sha256: Digest
    size: Annotated[int, Meta(ge=0)]


class PlatformManifest(Part, frozen=True, kw_only=True):
    """manifest.json: what the platform is."""

    api_version: str = field(default=API_VERSION, name="apiVersion")
    kind: Literal["PlatformArtifact"] = "PlatformArtifact"
    metadata: ArtifactMetadata
    plugins: dict[PluginName, PluginName]
    """Category to type, such as ``compute: duckdb``."""
    plugin_details: dict[PluginName, PluginDetails] = field(default={}, name="pluginDetails")
    approved_plugins: dict[PluginName, tuple[PluginName, ...]] = field(default={}, name="approvedPlugins")
    """Category to the types a child platform may choose from; empty: any."""
    architecture: Architecture
    engine: EngineRequirement
    parent: ParentArtifact | None = None
    settings: dict[str, Any] | None = None
    """An enterprise platform's own settings, for the domain platforms that build on it."""
    security: SecurityPolicy = SecurityPolicy()
    files: dict[str, FileEntry]


# --- policies/ ---------------------------------------------------------------------------------


class ClassificationPolicy(ClassificationSettings, frozen=True, kw_only=True):
    """policies/classification.json."""

    kind: Literal["ClassificationPolicy"] = "ClassificationPolicy"
    name_defaults: int = field(default=0, name="nameDefaults")
    """Which version of floe's own list of sensitive names it holds; 0: the platform's own list."""


class Permission(Part, frozen=True, kw_only=True):
    """What a role may do, by namespace or by classification level."""

    namespaces: tuple[NamespaceName, ...] = ()
    levels: tuple[Name, ...] = ()
    access: Access


class AccessPolicy(AccessSettings, frozen=True, kw_only=True):
    """policies/access-control.json."""

    kind: Literal["AccessPolicy"] = "AccessPolicy"
    roles: tuple[Name, ...] = ()
    permissions: dict[Name, tuple[Permission, ...]] = {}


class Waiver(Part, frozen=True, kw_only=True):
    """A permitted, explained and dated exception."""

    named_by: ClassVar[tuple[str, ...]] = ("id",)

    id: Text
    pattern: Text
    """Glob over model names, or ``path:models/legacy/*``, or ``tag:legacy``."""
    rules: tuple[Text, ...] = ()
    """Rule IDs; empty: every rule."""
    action: Literal["downgrade", "exclude"] = "exclude"
    reason: Text
    owner: Text | None = None
    expires: str | None = None
    """ISO date; the last day on which it holds."""


class QualityGates(GateSettings, frozen=True, kw_only=True):
    """policies/quality-gates.json."""

    kind: Literal["QualityGates"] = "QualityGates"
    waivers: tuple[Waiver, ...] = ()


# --- catalog/ ----------------------------------------------------------------------------------


class Namespaces(PolicyFile, frozen=True, kw_only=True):
    """catalog/namespaces.json."""

    kind: Literal["Namespaces"] = "Namespaces"
    namespaces: tuple[NamespaceName, ...] = ()
    grants: dict[NamespaceName, dict[Name, Access]] = {}
    """Namespace to role to access."""
    layers: dict[Name, NamespaceName] = {}
    """Layer to its namespace."""


class SchemaRegistry(SchemaSettings, frozen=True, kw_only=True):
    """catalog/schema-registry.json."""

    kind: Literal["SchemaRegistry"] = "SchemaRegistry"


# --- architecture/ -----------------------------------------------------------------------------


class NamingRules(NamingSettings, frozen=True, kw_only=True):
    """architecture/naming-rules.json."""

    kind: Literal["NamingRules"] = "NamingRules"
    prefixes: dict[Name, Text] = {}
    """Layer to its (first) prefix, as the seed shows."""
    more_prefixes: dict[Name, tuple[Text, ...]] = field(default={}, name="morePrefixes")
    """Layer to the other prefixes it takes."""

    def prefixes_of(self, layer: str) -> tuple[str, ...]:
        """Every prefix of a layer, the first one first; empty where it has none."""
        first = self.prefixes.get(layer)
        return ((first,) if first else ()) + self.more_prefixes.get(layer, ())

    def after_prefix(self, name: str, layer: str) -> str | None:
        """What follows the longest prefix of a layer that a name begins with; None where that is none."""
        longest = max(filter(name.startswith, self.prefixes_of(layer)), key=len, default=None)
        return None if longest is None else name[len(longest) :]


POLICY_FILES: Mapping[str, type[PolicyFile]] = {
    paths.CLASSIFICATION: ClassificationPolicy,
    paths.ACCESS_CONTROL: AccessPolicy,
    paths.QUALITY_GATES: QualityGates,
    paths.NAMESPACES: Namespaces,
    paths.SCHEMA_REGISTRY: SchemaRegistry,
    paths.NAMING_RULES: NamingRules,
}
"""The files between manifest.json and that of the layers, whose names stand at its top level."""
