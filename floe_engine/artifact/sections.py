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


PLACES = {
    "data_architecture.pattern": "architecture/naming-rules.json pattern",
    "data_architecture.naming.enforcement": "architecture/naming-rules.json enforcement",
    "data_architecture.naming.name_pattern": "architecture/naming-rules.json namePattern",
    "data_architecture.naming.applies_to": "architecture/naming-rules.json appliesTo",
    "data_architecture.naming.custom_patterns": "architecture/naming-rules.json customPatterns",
    "governance.policy_enforcement_level": "policies/quality-gates.json enforcement",
    "governance.quality_gates.minimum_test_coverage": "policies/quality-gates.json minimum_test_coverage",
    "governance.quality_gates.coverage_metric": "policies/quality-gates.json coverage metric",
    "governance.quality_gates.coverage_scope": "policies/quality-gates.json coverage scope",
    "governance.quality_gates.count_warn_severity": "policies/quality-gates.json coverage countWarnSeverity",
    "governance.quality_gates.zero_column_behavior": "policies/quality-gates.json coverage zeroColumns",
    "governance.quality_gates.required_tests": "policies/quality-gates.json required_tests",
    "governance.quality_gates.require_descriptions": "policies/quality-gates.json require_descriptions",
    "governance.quality_gates.require_column_descriptions": "policies/quality-gates.json require_column_descriptions",
    "governance.quality_gates.layer_thresholds": "policies/quality-gates.json layerThresholds",
    "governance.quality_gates.require_declared_columns": "policies/quality-gates.json require_declared_columns",
    "governance.quality_gates.require_sources": "policies/quality-gates.json require_sources",
    "governance.quality_gates.max_parents": "policies/quality-gates.json max_parents",
    "governance.quality_gates.column_tests": "policies/quality-gates.json columnTests",
    "governance.quality_gates.unit_test_formats": "policies/quality-gates.json unitTestFormats",
    "governance.quality_gates.block_on_failure": "policies/quality-gates.json block_on_failure",
    "governance.documentation.descriptions": "policies/quality-gates.json documentation descriptions",
    "governance.documentation.meta": "policies/quality-gates.json documentation meta",
    "governance.documentation.tags": "policies/quality-gates.json documentation tags",
    "governance.documentation.complete_columns": "policies/quality-gates.json documentation completeColumns",
    "governance.documentation.one_description": "policies/quality-gates.json documentation oneDescription",
    "governance.sources.require": "policies/quality-gates.json sources require",
    "governance.exposures.require": "policies/quality-gates.json exposures require",
    "governance.semantic_models.require": "policies/quality-gates.json semanticModels require",
    "governance.graph.max_children": "policies/quality-gates.json graph maxChildren",
    "governance.graph.min_children": "policies/quality-gates.json graph minChildren",
    "governance.graph.max_sources": "policies/quality-gates.json graph maxSources",
    "governance.graph.max_view_chain": "policies/quality-gates.json graph maxViewChain",
    "governance.graph.forbid": "policies/quality-gates.json graph forbid",
    "governance.materialization.allowed": "policies/quality-gates.json materialization allowed",
    "governance.materialization.require": "policies/quality-gates.json materialization require",
    "governance.materialization.max_children_of_view": "policies/quality-gates.json materialization maxChildrenOfView",
    "governance.materialization.snapshot_strategies": "policies/quality-gates.json materialization snapshotStrategies",
    "governance.code.forbid": "policies/quality-gates.json code forbid",
    "governance.code.forbidden_patterns": "policies/quality-gates.json code forbiddenPatterns",
    "governance.code.max_lines": "policies/quality-gates.json code maxLines",
    "governance.macros.require": "policies/quality-gates.json macros require",
    "governance.macros.max_arguments": "policies/quality-gates.json macros maxArguments",
    "governance.macros.max_lines": "policies/quality-gates.json macros maxLines",
    "governance.structure.require": "policies/quality-gates.json structure require",
    "governance.classification.levels": "policies/classification.json levels",
    "governance.classification.default_level": "policies/classification.json default",
    "governance.classification.require_declared": "policies/classification.json require_declared",
    "governance.classification.meta_keys": "policies/classification.json metaKeys",
    "governance.classification.propagation.mode": "policies/classification.json propagation mode",
    "governance.classification.propagation.enforcement": "policies/classification.json propagation enforcement",
    "governance.classification.propagation.declassify_meta": "policies/classification.json propagation declassifyMeta",
    "governance.classification.propagation.declassify_functions": "policies/classification.json propagation declassifyFunctions",
    "governance.classification.name_patterns": "policies/classification.json namePatterns",
    "governance.classification.name_exceptions": "policies/classification.json nameExceptions",
    "governance.access_control.default": "policies/access-control.json default",
    "governance.access_control.roles": "policies/access-control.json roleDefinitions",
    "governance.waiver_policy.max_days": "policies/quality-gates.json waiverPolicy maxDays",
    "governance.waiver_policy.allow_in_product": "policies/quality-gates.json waiverPolicy allowInProduct",
    "governance.waiver_policy.require_expiry": "policies/quality-gates.json waiverPolicy requireExpiry",
    "governance.custom_rules": "policies/quality-gates.json customRules",
    "catalog.schema_registry.column_case": "catalog/schema-registry.json columnCase",
    "catalog.schema_registry.reserved_columns": "catalog/schema-registry.json reservedColumns",
    "catalog.schema_registry.required_columns": "catalog/schema-registry.json requiredColumns",
    "catalog.schema_registry.type_rules": "catalog/schema-registry.json typeRules",
    "catalog.schema_registry.require_data_types": "catalog/schema-registry.json requireDataTypes",
    "catalog.schema_registry.require_contract": "catalog/schema-registry.json requireContract",
}
"""Setting to its file and the keys there, for those that are published as they are declared."""
