"""The eight files of a platform artifact as types.

The files and their keys are the seed document's; the rest is described field by field here.
Reading ignores keys it does not know (a newer engine may have written them; `engine.minVersion`
says when that matters) and refuses everything that is wrong, because an artifact comes from
outside.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from floe_engine.manifest.base import API_VERSION, Access, Enforcement


class FileModel(BaseModel):
    """Base of everything in the eight files: frozen, and tolerant of newer keys."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class CamelModel(FileModel):
    """A part whose keys are camelCase in JSON."""

    model_config = ConfigDict(alias_generator=to_camel)


class PlatformName(FileModel):
    """Which platform a file belongs to."""

    name: str
    version: str


class PolicyFile(FileModel):
    """What every file but manifest.json and layer-constraints.json carries at its top."""

    api_version: str = Field(API_VERSION, alias="apiVersion")
    kind: str
    platform: PlatformName


# --- manifest.json -----------------------------------------------------------------------------


class ArtifactMetadata(FileModel):
    """Who and when."""

    name: str
    version: str
    """Semver without ``v``; equals the tag."""
    scope: Literal["enterprise", "domain"] | None = None
    owner: str | None = None
    description: str | None = None
    labels: dict[str, str] = {}
    created: str
    """RFC 3339, UTC, whole seconds. Kept from the previous build while nothing else changed."""
    digest: str
    """sha256 over the sorted ``path digest`` lines of the other seven files."""


class PluginDetails(CamelModel):
    """How one plugin was resolved."""

    type: str
    version: str
    package: str
    chart: str | None = None
    api_version: str | None = None
    dbt_adapter: str | None = None
    """The dbt adapter of a compute plugin (``duckdb``); None for the others."""
    config: dict[str, Any] = {}
    """The plugin's settings from manifest.yaml; never a secret."""
    config_digest: str
    connection_secret_ref: str | None = None


class Architecture(FileModel):
    """The data architecture in one line."""

    pattern: str
    enforcement: Enforcement


class EngineRequirement(CamelModel):
    """Which floe can read this artifact."""

    min_version: str


class ParentArtifact(FileModel):
    """The enterprise artifact that a domain's artifact was built on."""

    ref: str
    digest: str | None = None
    name: str | None = None
    version: str | None = None


class TrustedKey(FileModel):
    """A public key that may sign versions of this platform."""

    name: str
    pem: str
    fingerprint: str
    """sha256 of the key's SubjectPublicKeyInfo in DER, as ``sha256:…``."""


class SecurityPolicy(FileModel):
    """Whether and by whom artifacts must be signed."""

    require_signed_artifacts: bool = False
    trusted_keys: tuple[TrustedKey, ...] = ()


class FileEntry(FileModel):
    """Digest and size of one of the other seven files."""

    sha256: str
    size: int


class PlatformManifest(FileModel):
    """manifest.json: what the platform is."""

    api_version: str = Field(API_VERSION, alias="apiVersion")
    kind: Literal["PlatformArtifact"] = "PlatformArtifact"
    metadata: ArtifactMetadata
    plugins: dict[str, str]
    """Category to type, such as ``compute: duckdb``."""
    plugin_details: dict[str, PluginDetails] = Field({}, alias="pluginDetails")
    approved_plugins: dict[str, tuple[str, ...]] = Field({}, alias="approvedPlugins")
    """Category to the types a child platform may choose from; empty: any."""
    architecture: Architecture
    engine: EngineRequirement
    parent: ParentArtifact | None = None
    settings: dict[str, Any] | None = None
    """An enterprise platform's own settings, for the domain platforms that build on it."""
    security: SecurityPolicy = SecurityPolicy()
    files: dict[str, FileEntry]


# --- policies/ ---------------------------------------------------------------------------------


class LevelRule(FileModel):
    """What holds for models of one classification level."""

    minimum_test_coverage: int | None = None
    required_tests: tuple[str, ...] = ()
    allowed_access: tuple[Literal["private", "protected", "public"], ...] | None = None
    """dbt access modifiers; None: any."""
    allowed_roles: tuple[str, ...] | None = None
    """Roles that grants may name; None: any."""
    forbidden_layers: tuple[str, ...] = ()
    requires_meta: tuple[str, ...] = ()


class Propagation(CamelModel):
    """How a column's level follows it downstream."""

    mode: Literal["off", "model", "name", "column"] = "name"
    enforcement: Enforcement = "warn"
    declassify_meta: str = "floe.declassified"
    declassify_functions: tuple[str, ...] = ()


class NamePattern(FileModel):
    """Columns whose name looks like data of a level."""

    pattern: str
    level: str


class ClassificationPolicy(PolicyFile):
    """policies/classification.json."""

    kind: Literal["ClassificationPolicy"] = "ClassificationPolicy"
    levels: tuple[str, ...]
    """From the least to the most sensitive."""
    default: str
    require_declared: bool = False
    meta_keys: tuple[str, ...] = Field((), alias="metaKeys")
    rules: dict[str, LevelRule] = {}
    propagation: Propagation = Propagation()
    name_patterns: tuple[NamePattern, ...] = Field((), alias="namePatterns")


class RoleDefinition(FileModel):
    """A role and the roles whose permissions it has too."""

    inherits: tuple[str, ...] = ()
    description: str | None = None


class Permission(FileModel):
    """What a role may do, by namespace or by classification level."""

    namespaces: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    access: Access


class AccessPolicy(PolicyFile):
    """policies/access-control.json."""

    kind: Literal["AccessPolicy"] = "AccessPolicy"
    default: Literal["deny", "allow"] = "deny"
    roles: tuple[str, ...] = ()
    role_definitions: dict[str, RoleDefinition] = Field({}, alias="roleDefinitions")
    permissions: dict[str, tuple[Permission, ...]] = {}


class Coverage(CamelModel):
    """What test coverage counts."""

    metric: Literal["columns", "models", "primary_keys"] = "columns"
    scope: Literal["project", "layer", "model"] = "model"
    count_warn_severity: bool = True
    zero_columns: Literal["na", "fail", "pass"] = "na"


class Waiver(FileModel):
    """A permitted, explained and dated exception."""

    id: str
    pattern: str
    """Glob over model names, or ``path:models/legacy/*``, or ``tag:legacy``."""
    rules: tuple[str, ...] = ()
    """Rule IDs; empty: every rule."""
    action: Literal["downgrade", "exclude"] = "exclude"
    reason: str
    owner: str | None = None
    expires: str | None = None
    """ISO date; the last day on which it holds."""


class WaiverPolicy(CamelModel):
    """Which waivers there may be."""

    max_days: int = 180
    allow_in_product: Literal["never", "warn", "allow"] = "never"
    require_expiry: bool = True


class CustomRule(FileModel):
    """One of the three rule templates that a platform fills in."""

    type: Literal["require_tags_for_prefix", "require_meta_field", "require_tests_of_type"]
    id: str | None = None
    prefix: str | None = None
    tags: tuple[str, ...] = ()
    field: str | None = None
    test_types: tuple[str, ...] = ()
    min_count: int = 1
    applies_to: str = "*"


class RuleSetting(FileModel):
    """What a platform says of one rule."""

    enforcement: Enforcement | None = None
    overridable: bool = True
    """False: no waiver below this platform may touch the rule."""


class QualityGates(PolicyFile):
    """policies/quality-gates.json."""

    kind: Literal["QualityGates"] = "QualityGates"
    minimum_test_coverage: int = 80
    required_tests: tuple[str, ...] = ()
    block_on_failure: bool = True
    enforcement: Enforcement = "strict"
    """Cap over every rule (governance.policy_enforcement_level)."""
    coverage: Coverage = Coverage()
    layer_thresholds: dict[str, int] = Field({}, alias="layerThresholds")
    require_descriptions: bool = False
    require_column_descriptions: bool = False
    waivers: tuple[Waiver, ...] = ()
    waiver_policy: WaiverPolicy = Field(WaiverPolicy(), alias="waiverPolicy")
    custom_rules: tuple[CustomRule, ...] = Field((), alias="customRules")
    rules: dict[str, RuleSetting] = {}


# --- catalog/ ----------------------------------------------------------------------------------


class Namespaces(PolicyFile):
    """catalog/namespaces.json."""

    kind: Literal["Namespaces"] = "Namespaces"
    namespaces: tuple[str, ...] = ()
    grants: dict[str, dict[str, Access]] = {}
    """Namespace to role to access."""
    layers: dict[str, str] = {}
    """Layer to its namespace."""


class RequiredColumn(FileModel):
    """A column that every model of a layer has."""

    name: str
    type: str | None = None


class TypeRule(FileModel):
    """Columns whose name matches have this data type."""

    pattern: str
    type: str


class SchemaRegistry(PolicyFile):
    """catalog/schema-registry.json."""

    kind: Literal["SchemaRegistry"] = "SchemaRegistry"
    column_case: Literal["snake", "camel", "upper", "any"] = Field("any", alias="columnCase")
    reserved_columns: tuple[str, ...] = Field((), alias="reservedColumns")
    required_columns: dict[str, tuple[RequiredColumn, ...]] = Field({}, alias="requiredColumns")
    type_rules: tuple[TypeRule, ...] = Field((), alias="typeRules")
    require_data_types: bool = Field(False, alias="requireDataTypes")
    require_contract: tuple[str, ...] = Field((), alias="requireContract")
    """Layers whose models have an enforced contract."""


# --- architecture/ -----------------------------------------------------------------------------


class LayerAliases(FileModel):
    """How a model belongs to a layer when its name does not say so."""

    paths: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()


class NamingRules(PolicyFile):
    """architecture/naming-rules.json."""

    kind: Literal["NamingRules"] = "NamingRules"
    pattern: str = "medallion"
    enforcement: Enforcement = "warn"
    prefixes: dict[str, str] = {}
    """Layer to its (first) prefix, as the seed shows."""
    more_prefixes: dict[str, tuple[str, ...]] = Field({}, alias="morePrefixes")
    """Layer to the other prefixes it takes."""
    aliases: dict[str, LayerAliases] = {}
    name_pattern: str = Field("[a-z0-9_]+", alias="namePattern")
    """Regular expression for what follows the prefix; matched as a whole."""
    applies_to: tuple[Literal["model", "seed", "snapshot"], ...] = Field(("model",), alias="appliesTo")
    custom_patterns: tuple[str, ...] = Field((), alias="customPatterns")
    """Whole-name regular expressions; any may match (pattern ``custom``)."""

    def prefixes_of(self, layer: str) -> tuple[str, ...]:
        """Every prefix of a layer, the first one first; empty where it has none."""
        first = self.prefixes.get(layer)
        return ((first,) if first else ()) + self.more_prefixes.get(layer, ())


class LayerConstraint(FileModel):
    """What holds for the models of one layer."""

    required_tests: tuple[str, ...] = ()
    minimum_test_coverage: int | None = None
    may_depend_on: tuple[str, ...] | None = None
    """Layer names and ``source``; None: anything."""
