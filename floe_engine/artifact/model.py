"""The eight files of a platform artifact as types, in the order of the files: manifest.json, policies/,
catalog/, architecture/. A part stands above the file that has it.

What a key means is said where it is declared as a setting, in `manifest`, and here only for what is
no setting. It is declared again for its type alone: to read an artifact must not load pydantic, which
takes several times as long as all the rest of a start, and a type checker has to know the fields.
`tests/engine/artifact/test_twin.py` fails where the two differ.

Reading ignores keys it does not know (a newer engine may have written them; `engine.minVersion` says
when that matters) and refuses everything that is wrong, because an artifact comes from outside.
"""

from functools import cache
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct, field, structs, to_builtins

from floe_engine.manifest.terms import (
    API_VERSION,
    MOST,
    NAME,
    NAMESPACE_NAME,
    PLATFORM_NAME,
    PLUGIN_NAME,
    SECRET_NAME,
    SEMVER_BODY,
    Access,
    BuildDemand,
    CodeFault,
    Complete,
    Described,
    Enforcement,
    ExposureDemand,
    GraphFault,
    Kept,
    MacroDemand,
    Pattern,
    PlaceDemand,
    SemanticDemand,
    SourceDemand,
    Tagged,
)

# An artifact comes from outside: each string has on reading the pattern that it had when it was
# written. `\Z`, because `$` lets a line break follow.
PlatformText = Annotated[str, Meta(pattern=rf"^(?:{PLATFORM_NAME})\Z")]
Name = Annotated[str, Meta(pattern=rf"^(?:{NAME})\Z")]
NamespaceName = Annotated[str, Meta(pattern=rf"^(?:{NAMESPACE_NAME})\Z")]
SecretName = Annotated[str, Meta(pattern=rf"^(?:{SECRET_NAME})\Z")]
PluginName = Annotated[str, Meta(pattern=rf"^(?:{PLUGIN_NAME})\Z")]
Semver = Annotated[str, Meta(pattern=rf"^(?:{SEMVER_BODY})\Z")]
Digest = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
OtherDigest = Annotated[str, Meta(pattern=r"^[a-z0-9]+:[0-9a-f]+\Z")]
Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")]
Text = Annotated[str, Meta(min_length=1)]
Paragraph = Annotated[str, Meta(max_length=500)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Count = Annotated[int, Meta(ge=1, le=MOST)]


class Part(Struct, frozen=True, kw_only=True):
    """Base of everything in the eight files: frozen, and tolerant of newer keys."""

    unwritten: ClassVar[frozenset[str]] = frozenset()
    """Keys that are left out while they say what none says: older artifacts have the bytes that they had."""


class CamelPart(Part, frozen=True, kw_only=True, rename="camel"):
    """A part whose keys are camelCase in JSON."""


class PlatformName(Part, frozen=True, kw_only=True):
    """Which platform a file belongs to."""

    name: PlatformText
    version: Semver


class PolicyFile(Part, frozen=True, kw_only=True):
    """What every file but manifest.json and layer-constraints.json carries at its top."""

    api_version: str = field(default=API_VERSION, name="apiVersion")
    kind: str
    platform: PlatformName


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

    name: str
    pem: str
    fingerprint: str
    """sha256 of the key's SubjectPublicKeyInfo in DER, as ``sha256:…``."""


class TrustedIdentity(Part, frozen=True, kw_only=True):
    """Somebody who may sign versions of this platform without a key."""

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


class LevelRule(Part, frozen=True, kw_only=True):
    """What holds for models of one classification level."""

    minimum_test_coverage: Percent | None = None
    required_tests: tuple[Text, ...] = ()
    allowed_access: tuple[Literal["private", "protected", "public"], ...] | None = None
    """dbt access modifiers; None: any."""
    allowed_roles: tuple[Name, ...] | None = None
    """Roles that grants may name; None: any."""
    forbidden_layers: tuple[Name, ...] = ()
    requires_meta: tuple[Text, ...] = ()


class Propagation(CamelPart, frozen=True, kw_only=True):
    """How a column's level follows it downstream."""

    mode: Literal["off", "model", "name", "column"] = "name"
    enforcement: Enforcement = "warn"
    declassify_meta: Text = "floe.declassified"
    declassify_functions: tuple[Text, ...] = ()


class NamePattern(Part, frozen=True, kw_only=True):
    """Columns whose name looks like data of a level."""

    pattern: Text
    level: Name


class ClassificationPolicy(PolicyFile, frozen=True, kw_only=True):
    """policies/classification.json."""

    kind: Literal["ClassificationPolicy"] = "ClassificationPolicy"
    levels: tuple[Name, ...]
    """From the least to the most sensitive."""
    default: Name
    require_declared: bool = False
    meta_keys: tuple[Text, ...] = field(default=(), name="metaKeys")
    rules: dict[Name, LevelRule] = {}
    propagation: Propagation = Propagation()
    name_patterns: tuple[NamePattern, ...] = field(default=(), name="namePatterns")
    name_exceptions: tuple[Text, ...] = field(default=(), name="nameExceptions")
    """Names that no pattern means."""
    name_defaults: int = field(default=0, name="nameDefaults")
    """Which version of floe's own list of sensitive names it holds; 0: the platform's own list."""


class RoleDefinition(Part, frozen=True, kw_only=True):
    """A role and the roles whose permissions it has too."""

    inherits: tuple[Name, ...] = ()
    description: str | None = None


class Permission(Part, frozen=True, kw_only=True):
    """What a role may do, by namespace or by classification level."""

    namespaces: tuple[NamespaceName, ...] = ()
    levels: tuple[Name, ...] = ()
    access: Access


class AccessPolicy(PolicyFile, frozen=True, kw_only=True):
    """policies/access-control.json."""

    kind: Literal["AccessPolicy"] = "AccessPolicy"
    default: Literal["deny", "allow"] = "deny"
    roles: tuple[Name, ...] = ()
    role_definitions: dict[Name, RoleDefinition] = field(default={}, name="roleDefinitions")
    permissions: dict[Name, tuple[Permission, ...]] = {}


class Coverage(CamelPart, frozen=True, kw_only=True):
    """What test coverage counts."""

    metric: Literal["columns", "models", "primary_keys"] = "columns"
    scope: Literal["project", "layer", "model"] = "model"
    count_warn_severity: bool = True
    zero_columns: Literal["na", "fail", "pass"] = "na"


class Waiver(Part, frozen=True, kw_only=True):
    """A permitted, explained and dated exception."""

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


class WaiverPolicy(CamelPart, frozen=True, kw_only=True):
    """Which waivers there may be."""

    max_days: Count = 180
    allow_in_product: Literal["never", "warn", "allow"] = "never"
    require_expiry: bool = True


class CustomRule(Part, frozen=True, kw_only=True):
    """A rule of the platform's own: an expression in CEL, a package's function, or a template filled in."""

    unwritten = frozenset({"severity", "package", "rule", "digest", "parameters"})
    type: Literal["cel", "python", "require_tags_for_prefix", "require_meta_field", "require_tests_of_type"]
    id: Text | None = None
    subject: Text | None = None
    when: Text | None = None
    expr: Text | None = None
    message: Text | None = None
    severity: Literal["warning", "error"] = "error"
    remedy: Text | None = None
    examples: Any = None
    """``{"pass": [facts, …], "fail": [facts, …]}``; `meaning` looks at them."""
    package: Text | None = None
    """Of a rule of type ``python``: the distribution that has it."""
    rule: Text | None = None
    digest: Text | None = None
    """What the distribution's files must be; see `manifest.rule_packages`."""
    parameters: dict[str, Any] = {}
    prefix: Text | None = None
    tags: tuple[Text, ...] = ()
    field: Text | None = None
    test_types: tuple[Text, ...] = ()
    min_count: Count = 1
    applies_to: Text = "*"


class RuleSetting(Part, frozen=True, kw_only=True):
    """What a platform says of one rule."""

    enforcement: Enforcement | None = None
    overridable: bool = True
    """False: no waiver below this platform may touch the rule."""


class MetaKey(Part, frozen=True, kw_only=True):
    """A key that meta has, and what its value looks like (None: anything that is not empty)."""

    key: Text
    pattern: Text | None = None


class Documentation(CamelPart, frozen=True, kw_only=True):
    """What is written about resources of each kind."""

    unwritten = frozenset({"descriptions", "meta", "tags", "completeColumns", "oneDescription"})
    descriptions: dict[Described, Count] = {}
    """Kind to the least characters of a description."""
    meta: dict[Kept, tuple[MetaKey, ...]] = {}
    tags: dict[Tagged, tuple[Text, ...]] = {}
    complete_columns: tuple[Complete, ...] = ()
    one_description: bool = False


class Sources(Part, frozen=True, kw_only=True):
    """What holds for tables of sources."""

    require: tuple[SourceDemand, ...] = ()


class Exposures(Part, frozen=True, kw_only=True):
    """What holds for exposures."""

    require: tuple[ExposureDemand, ...] = ()


class SemanticModels(Part, frozen=True, kw_only=True):
    """What holds for semantic models."""

    require: tuple[SemanticDemand, ...] = ()


class Graph(CamelPart, frozen=True, kw_only=True):
    """How models may hang together."""

    unwritten = frozenset({"forbid"})
    max_children: Count | None = None
    min_children: Count | None = None
    max_sources: Count | None = None
    max_view_chain: Count | None = None
    forbid: tuple[GraphFault, ...] = ()


class Materialization(CamelPart, frozen=True, kw_only=True):
    """How models and snapshots are built."""

    unwritten = frozenset({"require"})
    allowed: tuple[Text, ...] | None = None
    require: tuple[BuildDemand, ...] = ()
    max_children_of_view: Count | None = None
    snapshot_strategies: tuple[Text, ...] | None = None


class Code(CamelPart, frozen=True, kw_only=True):
    """What models' own files may say."""

    unwritten = frozenset({"forbid", "forbiddenPatterns"})
    forbid: tuple[CodeFault, ...] = ()
    forbidden_patterns: tuple[Text, ...] = ()
    max_lines: Count | None = None


class Macros(CamelPart, frozen=True, kw_only=True):
    """What holds for macros."""

    unwritten = frozenset({"require"})
    require: tuple[MacroDemand, ...] = ()
    max_arguments: Count | None = None
    max_lines: Count | None = None


class Structure(Part, frozen=True, kw_only=True):
    """Where models' files lie."""

    require: tuple[PlaceDemand, ...] = ()


class ColumnTest(Part, frozen=True, kw_only=True):
    """Columns whose name matches have a test."""

    pattern: Text
    test: Text


class QualityGates(PolicyFile, frozen=True, kw_only=True):
    """policies/quality-gates.json."""

    unwritten = frozenset(
        {
            "require_declared_columns", "require_sources", "columnTests", "documentation", "sources",
            "exposures", "semanticModels", "graph", "materialization", "code", "macros", "structure",
        }
    )  # fmt: skip
    kind: Literal["QualityGates"] = "QualityGates"
    minimum_test_coverage: Percent = 80
    required_tests: tuple[Text, ...] = ()
    block_on_failure: bool = True
    enforcement: Enforcement = "strict"
    """Cap over every rule (governance.policy_enforcement_level)."""
    coverage: Coverage = Coverage()
    layer_thresholds: dict[Name, Percent] = field(default={}, name="layerThresholds")
    require_descriptions: bool = False
    require_column_descriptions: bool = False
    require_declared_columns: bool = False
    require_sources: bool = False
    max_parents: Count | None = None
    column_tests: tuple[ColumnTest, ...] = field(default=(), name="columnTests")
    unit_test_formats: tuple[Text, ...] | None = field(default=None, name="unitTestFormats")
    documentation: Documentation = Documentation()
    sources: Sources = Sources()
    exposures: Exposures = Exposures()
    semantic_models: SemanticModels = field(default=SemanticModels(), name="semanticModels")
    graph: Graph = Graph()
    materialization: Materialization = Materialization()
    code: Code = Code()
    macros: Macros = Macros()
    structure: Structure = Structure()
    waivers: tuple[Waiver, ...] = ()
    waiver_policy: WaiverPolicy = field(default=WaiverPolicy(), name="waiverPolicy")
    custom_rules: tuple[CustomRule, ...] = field(default=(), name="customRules")
    rules: dict[str, RuleSetting] = {}


# --- catalog/ ----------------------------------------------------------------------------------


class Namespaces(PolicyFile, frozen=True, kw_only=True):
    """catalog/namespaces.json."""

    kind: Literal["Namespaces"] = "Namespaces"
    namespaces: tuple[NamespaceName, ...] = ()
    grants: dict[NamespaceName, dict[Name, Access]] = {}
    """Namespace to role to access."""
    layers: dict[Name, NamespaceName] = {}
    """Layer to its namespace."""


class RequiredColumn(Part, frozen=True, kw_only=True):
    """A column that every model of a layer has."""

    name: Text
    type: Text | None = None


class TypeRule(Part, frozen=True, kw_only=True):
    """Columns whose name matches have this data type."""

    pattern: Text
    type: Text


class SchemaRegistry(PolicyFile, frozen=True, kw_only=True):
    """catalog/schema-registry.json."""

    kind: Literal["SchemaRegistry"] = "SchemaRegistry"
    column_case: Literal["snake", "camel", "upper", "any"] = field(default="any", name="columnCase")
    reserved_columns: tuple[Text, ...] = field(default=(), name="reservedColumns")
    required_columns: dict[Name, tuple[RequiredColumn, ...]] = field(default={}, name="requiredColumns")
    type_rules: tuple[TypeRule, ...] = field(default=(), name="typeRules")
    require_data_types: bool = field(default=False, name="requireDataTypes")
    require_contract: tuple[Name, ...] = field(default=(), name="requireContract")
    """Layers whose models have an enforced contract."""


# --- architecture/ -----------------------------------------------------------------------------


class LayerAliases(Part, frozen=True, kw_only=True):
    """How a model belongs to a layer when its name does not say so."""

    paths: tuple[Text, ...] = ()
    tags: tuple[Text, ...] = ()
    schemas: tuple[Text, ...] = ()


class NamingRules(PolicyFile, frozen=True, kw_only=True):
    """architecture/naming-rules.json."""

    kind: Literal["NamingRules"] = "NamingRules"
    pattern: Pattern = "medallion"
    enforcement: Enforcement = "warn"
    prefixes: dict[Name, Text] = {}
    """Layer to its (first) prefix, as the seed shows."""
    more_prefixes: dict[Name, tuple[Text, ...]] = field(default={}, name="morePrefixes")
    """Layer to the other prefixes it takes."""
    aliases: dict[Name, LayerAliases] = {}
    name_pattern: Text = field(default="[a-z0-9_]+", name="namePattern")
    """Regular expression for what follows the prefix; matched as a whole."""
    applies_to: tuple[Literal["model", "seed", "snapshot"], ...] = field(default=("model",), name="appliesTo")
    custom_patterns: tuple[Text, ...] = field(default=(), name="customPatterns")
    """Whole-name regular expressions; any may match (pattern ``custom``)."""

    def prefixes_of(self, layer: str) -> tuple[str, ...]:
        """Every prefix of a layer, the first one first; empty where it has none."""
        first = self.prefixes.get(layer)
        return ((first,) if first else ()) + self.more_prefixes.get(layer, ())


class LayerConstraint(Part, frozen=True, kw_only=True):
    """What holds for the models of one layer."""

    required_tests: tuple[Text, ...] = ()
    minimum_test_coverage: Percent | None = None
    may_depend_on: tuple[Text, ...] | None = None
    """Layer names and ``source``; None: anything."""
    materializations: tuple[Text, ...] | None = None
    """How its models may be built; None: any way."""


def written(value: Any) -> Any:
    """A part, or a value of one, as JSON: what is None is left out, as a file without the key says it."""
    if isinstance(value, Part):
        return {
            key: written(item)
            for key, name, default in _fields(type(value))
            if (item := getattr(value, name)) is not None
            and not (key in value.unwritten and item in (default, (), {}))
        }
    if isinstance(value, dict):
        return {key: written(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [written(item) for item in value]
    return to_builtins(value)


@cache
def _fields(kind: type[Part]) -> tuple[tuple[str, str, Any], ...]:
    """Name in the file, name here and default of each field: msgspec takes all types apart to tell them."""
    return tuple((field.encode_name, field.name, field.default) for field in structs.fields(kind))
