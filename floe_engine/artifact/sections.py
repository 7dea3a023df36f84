"""The settings that a platform publishes, as types: the records of policies/, catalog/ and architecture/.

Made from the declarations in `floe_engine.manifest` by `scripts/artifact_sections.py`; do not edit. What
a key means is said there. The files that have these are in `model`.
"""

from typing import Any, ClassVar, Literal

import msgspec

from floe_engine.artifact.part import Count, Name, Part, Percent, PolicyFile, Text
from floe_engine.manifest.terms import (
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


class MetaKey(Part, frozen=True, kw_only=True):
    """A key of `meta`."""

    named_by: ClassVar[tuple[str, ...]] = ("key",)

    key: Text
    pattern: Text | None = None


class RequiredColumn(Part, frozen=True, kw_only=True):
    """A column that every model of a layer has."""

    named_by: ClassVar[tuple[str, ...]] = ("name",)

    name: Text
    type: Text | None = None


class LayerAliases(Part, frozen=True, kw_only=True):
    """How a model belongs to a layer when its name does not say so."""

    paths: tuple[Text, ...] = ()
    tags: tuple[Text, ...] = ()
    schemas: tuple[Text, ...] = ()


class ColumnTest(Part, frozen=True, kw_only=True):
    """Columns whose name matches have a test."""

    named_by: ClassVar[tuple[str, ...]] = ("pattern", "test")

    pattern: Text
    test: Text


class NamePattern(Part, frozen=True, kw_only=True):
    """Columns whose name looks like data of a level."""

    named_by: ClassVar[tuple[str, ...]] = ("pattern",)

    pattern: Text
    level: Name


class LevelRule(Part, frozen=True, kw_only=True):
    """What holds for models whose highest classification is this level."""

    minimum_test_coverage: Percent | None = None
    required_tests: tuple[Text, ...] = ()
    allowed_access: tuple[Literal["private", "protected", "public"], ...] | None = None
    allowed_roles: tuple[Name, ...] | None = None
    forbidden_layers: tuple[Name, ...] = ()
    requires_meta: tuple[Text, ...] = ()


class Role(Part, frozen=True, kw_only=True):
    """A role."""

    inherits: tuple[Name, ...] = ()
    description: str | None = None


class CustomRule(Part, frozen=True, kw_only=True):
    """A rule of your own."""

    unwritten: ClassVar[frozenset[str]] = frozenset({"parameters", "severity"})
    named_by: ClassVar[tuple[str, ...]] = ("id",)

    type: Literal["cel", "python", "require_tags_for_prefix", "require_meta_field", "require_tests_of_type"]
    id: Text | None = None
    subject: Text | None = None
    when: Text | None = None
    expr: Text | None = None
    message: Text | None = None
    severity: Literal["warning", "error"] = "error"
    remedy: Text | None = None
    examples: Any = None
    package: Text | None = None
    rule: Text | None = None
    digest: Text | None = None
    parameters: dict[str, Any] = {}
    prefix: Text | None = None
    tags: tuple[Text, ...] = ()
    field: Text | None = None
    test_types: tuple[Text, ...] = ()
    min_count: Count = 1
    applies_to: Text = "*"


class RuleSetting(Part, frozen=True, kw_only=True):
    """What the platform says of one rule."""

    enforcement: Enforcement | None = None
    overridable: bool = True


class TypeRule(Part, frozen=True, kw_only=True):
    """Columns whose name matches have this data type."""

    named_by: ClassVar[tuple[str, ...]] = ("pattern",)

    pattern: Text
    type: Text


class LayerConstraint(Part, frozen=True, kw_only=True):
    """What holds for the models of one layer."""

    required_tests: tuple[Text, ...] = ()
    minimum_test_coverage: Percent | None = None
    may_depend_on: tuple[Text, ...] | None = None
    materializations: tuple[Text, ...] | None = None


class Coverage(Part, frozen=True, kw_only=True):
    """What test coverage counts."""

    metric: Literal["columns", "models", "primary_keys"] = "columns"
    scope: Literal["project", "layer", "model"] = "model"
    count_warn_severity: bool = msgspec.field(default=True, name="countWarnSeverity")
    zero_columns: Literal["na", "fail", "pass"] = msgspec.field(default="na", name="zeroColumns")


class Documentation(Part, frozen=True, kw_only=True):
    """What is written about resources of each kind."""

    unwritten: ClassVar[frozenset[str]] = frozenset(
        {"completeColumns", "descriptions", "meta", "oneDescription", "tags"}
    )

    descriptions: dict[Described, Count] = {}
    meta: dict[Kept, tuple[MetaKey, ...]] = {}
    tags: dict[Tagged, tuple[Text, ...]] = {}
    complete_columns: tuple[Complete, ...] = msgspec.field(default=(), name="completeColumns")
    one_description: bool = msgspec.field(default=False, name="oneDescription")


class Sources(Part, frozen=True, kw_only=True):
    """What tables of sources owe."""

    unwritten: ClassVar[frozenset[str]] = frozenset({"require"})

    require: tuple[SourceDemand, ...] = ()


class Exposures(Part, frozen=True, kw_only=True):
    """What exposures owe."""

    unwritten: ClassVar[frozenset[str]] = frozenset({"require"})

    require: tuple[ExposureDemand, ...] = ()


class SemanticModels(Part, frozen=True, kw_only=True):
    """What semantic models owe."""

    unwritten: ClassVar[frozenset[str]] = frozenset({"require"})

    require: tuple[SemanticDemand, ...] = ()


class Graph(Part, frozen=True, kw_only=True):
    """How models may hang together."""

    unwritten: ClassVar[frozenset[str]] = frozenset({"forbid"})

    max_children: Count | None = msgspec.field(default=None, name="maxChildren")
    min_children: Count | None = msgspec.field(default=None, name="minChildren")
    max_sources: Count | None = msgspec.field(default=None, name="maxSources")
    max_view_chain: Count | None = msgspec.field(default=None, name="maxViewChain")
    forbid: tuple[GraphFault, ...] = ()


class Materialization(Part, frozen=True, kw_only=True):
    """How models and snapshots are built."""

    unwritten: ClassVar[frozenset[str]] = frozenset({"require"})

    allowed: tuple[Text, ...] | None = None
    require: tuple[BuildDemand, ...] = ()
    max_children_of_view: Count | None = msgspec.field(default=None, name="maxChildrenOfView")
    snapshot_strategies: tuple[Text, ...] | None = msgspec.field(default=None, name="snapshotStrategies")


class Code(Part, frozen=True, kw_only=True):
    """What models' own files may say."""

    unwritten: ClassVar[frozenset[str]] = frozenset({"forbid", "forbiddenPatterns"})

    forbid: tuple[CodeFault, ...] = ()
    forbidden_patterns: tuple[Text, ...] = msgspec.field(default=(), name="forbiddenPatterns")
    max_lines: Count | None = msgspec.field(default=None, name="maxLines")


class Macros(Part, frozen=True, kw_only=True):
    """What macros owe."""

    unwritten: ClassVar[frozenset[str]] = frozenset({"require"})

    require: tuple[MacroDemand, ...] = ()
    max_arguments: Count | None = msgspec.field(default=None, name="maxArguments")
    max_lines: Count | None = msgspec.field(default=None, name="maxLines")


class Structure(Part, frozen=True, kw_only=True):
    """Where the files of models lie."""

    unwritten: ClassVar[frozenset[str]] = frozenset({"require"})

    require: tuple[PlaceDemand, ...] = ()


class Propagation(Part, frozen=True, kw_only=True):
    """How a column's classification follows it downstream."""

    mode: Literal["off", "model", "name", "column"] = "name"
    enforcement: Enforcement = "warn"
    declassify_meta: Text = msgspec.field(default="floe.declassified", name="declassifyMeta")
    declassify_functions: tuple[Text, ...] = msgspec.field(default=(), name="declassifyFunctions")


class WaiverPolicy(Part, frozen=True, kw_only=True):
    """Which waivers there may be."""

    max_days: Count = msgspec.field(default=180, name="maxDays")
    allow_in_product: Literal["never", "warn", "allow"] = msgspec.field(
        default="never", name="allowInProduct"
    )
    require_expiry: bool = msgspec.field(default=True, name="requireExpiry")


class NamingSettings(PolicyFile, frozen=True, kw_only=True):
    """The settings of architecture/naming-rules.json."""

    pattern: Pattern = "medallion"
    aliases: dict[Name, LayerAliases] = {}
    enforcement: Enforcement = "warn"
    name_pattern: Text = msgspec.field(default="[a-z0-9_]+", name="namePattern")
    applies_to: tuple[Literal["model", "seed", "snapshot"], ...] = msgspec.field(
        default=("model",), name="appliesTo"
    )
    custom_patterns: tuple[Text, ...] = msgspec.field(default=(), name="customPatterns")


class GateSettings(PolicyFile, frozen=True, kw_only=True):
    """The settings of policies/quality-gates.json."""

    unwritten: ClassVar[frozenset[str]] = frozenset(
        {
            "code",
            "columnTests",
            "documentation",
            "exposures",
            "graph",
            "macros",
            "materialization",
            "require_declared_columns",
            "require_sources",
            "semanticModels",
            "sources",
            "structure",
        }
    )

    enforcement: Enforcement = "strict"
    minimum_test_coverage: Percent = 80
    coverage: Coverage = Coverage()
    required_tests: tuple[Text, ...] = ()
    require_descriptions: bool = False
    require_column_descriptions: bool = False
    layer_thresholds: dict[Name, Percent] = msgspec.field(default={}, name="layerThresholds")
    require_declared_columns: bool = False
    require_sources: bool = False
    max_parents: Count | None = None
    column_tests: tuple[ColumnTest, ...] = msgspec.field(default=(), name="columnTests")
    unit_test_formats: tuple[Text, ...] | None = msgspec.field(default=None, name="unitTestFormats")
    block_on_failure: bool = True
    documentation: Documentation = Documentation()
    sources: Sources = Sources()
    exposures: Exposures = Exposures()
    semantic_models: SemanticModels = msgspec.field(default=SemanticModels(), name="semanticModels")
    graph: Graph = Graph()
    materialization: Materialization = Materialization()
    code: Code = Code()
    macros: Macros = Macros()
    structure: Structure = Structure()
    waiver_policy: WaiverPolicy = msgspec.field(default=WaiverPolicy(), name="waiverPolicy")
    custom_rules: tuple[CustomRule, ...] = msgspec.field(default=(), name="customRules")
    rules: dict[str, RuleSetting] = {}


class ClassificationSettings(PolicyFile, frozen=True, kw_only=True):
    """The settings of policies/classification.json."""

    levels: tuple[Name, ...]
    default: Name
    require_declared: bool = False
    meta_keys: tuple[Text, ...] = msgspec.field(default=(), name="metaKeys")
    propagation: Propagation = Propagation()
    name_patterns: tuple[NamePattern, ...] = msgspec.field(default=(), name="namePatterns")
    name_exceptions: tuple[Text, ...] = msgspec.field(default=(), name="nameExceptions")
    rules: dict[Name, LevelRule] = {}


class AccessSettings(PolicyFile, frozen=True, kw_only=True):
    """The settings of policies/access-control.json."""

    default: Literal["deny", "allow"] = "deny"
    role_definitions: dict[Name, Role] = msgspec.field(default={}, name="roleDefinitions")


class SchemaSettings(PolicyFile, frozen=True, kw_only=True):
    """The settings of catalog/schema-registry.json."""

    column_case: Literal["snake", "camel", "upper", "any"] = msgspec.field(default="any", name="columnCase")
    reserved_columns: tuple[Text, ...] = msgspec.field(default=(), name="reservedColumns")
    required_columns: dict[Name, tuple[RequiredColumn, ...]] = msgspec.field(
        default={}, name="requiredColumns"
    )
    type_rules: tuple[TypeRule, ...] = msgspec.field(default=(), name="typeRules")
    require_data_types: bool = msgspec.field(default=False, name="requireDataTypes")
    require_contract: tuple[Name, ...] = msgspec.field(default=(), name="requireContract")
