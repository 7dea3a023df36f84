"""Every rule there is, in the order in which reports list them.

A new rule is one class in its family's file and one name here.
"""

from __future__ import annotations

from floe_engine.policy.rule import Rule
from floe_engine.policy.rules.access import (
    AllowedAccess,
    GrantsPermitted,
    GroupOwner,
    PublicContract,
    RolesOfLevel,
)
from floe_engine.policy.rules.classification import (
    ForbiddenLayer,
    KnownLevel,
    LevelDeclared,
    LooksSensitive,
    RequiredMeta,
)
from floe_engine.policy.rules.column_lineage import ColumnPropagation, LineageUnresolved
from floe_engine.policy.rules.coverage import LayerCoverage, LevelCoverage, ModelCoverage, ProjectCoverage
from floe_engine.policy.rules.custom import MetaField, TagsForPrefix, TestsOfType
from floe_engine.policy.rules.dag import (
    MaxChildren,
    MaxSources,
    MaxViewChain,
    MinChildren,
    MixedParents,
    Rejoining,
    SelectsSomething,
    UnpinnedRefs,
)
from floe_engine.policy.rules.dependencies import LayerDependency
from floe_engine.policy.rules.descriptions import ColumnDescription, ModelDescription
from floe_engine.policy.rules.documentation import (
    CompleteColumns,
    Described,
    MetaKept,
    OneDescription,
    Tagged,
)
from floe_engine.policy.rules.exposures import (
    ExposureNoSources,
    ExposureNoViews,
    ExposureOwner,
    ExposureOwnerEmail,
    ExposureParents,
    ExposurePublicParents,
    SemanticPublicParents,
)
from floe_engine.policy.rules.house import HouseRule, HouseRuleNotJudged
from floe_engine.policy.rules.macros import MacroArguments, MacroFileName, MacroLines, MacroUsed
from floe_engine.policy.rules.materialization import (
    IncrementalKey,
    Materialized,
    SnapshotKey,
    SnapshotStrategy,
    ViewsReused,
)
from floe_engine.policy.rules.more_tests import ColumnTests, UnitTestFormat
from floe_engine.policy.rules.naming import CustomNames, KnownLayer, LayerPrefix, RestPattern
from floe_engine.policy.rules.parents import TooManyParents
from floe_engine.policy.rules.propagation import ModelPropagation, NamePropagation
from floe_engine.policy.rules.references import ColumnsDeclared, LiteralTable
from floe_engine.policy.rules.required_tests import (
    Contract,
    DocumentationRequired,
    Freshness,
    NamedTest,
    NotNullKey,
    Relationships,
    UniqueKey,
    UnitTestRequired,
)
from floe_engine.policy.rules.schema_registry import (
    ColumnCase,
    LayerContract,
    RequiredColumns,
    ReservedColumn,
    TypeRules,
    TypesDeclared,
)
from floe_engine.policy.rules.sources import (
    SourceFreshness,
    SourceLoader,
    SourceOneChild,
    SourceSameFolder,
    SourceTested,
    SourceUnique,
    SourceUsed,
)
from floe_engine.policy.rules.sql_style import (
    CartesianJoins,
    FinalSemicolon,
    ForbiddenPattern,
    MaxLines,
    SelectStar,
)
from floe_engine.policy.rules.structure import Beside, LayerFolder, PropertiesFile
from floe_engine.policy.rules.unread import LayerNotJudged, PropagationNotJudged
from floe_engine.policy.rules.waivers import WaiverExpired, WaiverNotPermitted, WaiverOfProduct, WaiverUnused
from floe_engine.policy.rules.weak_tests import IdleTest, WeakTest

RULES: tuple[Rule, ...] = (
    LayerPrefix(),
    RestPattern(),
    CustomNames(),
    KnownLayer(),
    LayerDependency(),
    LayerNotJudged(),
    ModelCoverage(),
    LayerCoverage(),
    ProjectCoverage(),
    LevelCoverage(),
    ModelDescription(),
    ColumnDescription(),
    TooManyParents(),
    LiteralTable(),
    ColumnsDeclared(),
    NotNullKey(),
    UniqueKey(),
    Freshness(),
    DocumentationRequired(),
    Relationships(),
    Contract(),
    UnitTestRequired(),
    NamedTest(),
    IdleTest(),
    WeakTest(),
    LevelDeclared(),
    KnownLevel(),
    LooksSensitive(),
    ForbiddenLayer(),
    RequiredMeta(),
    ModelPropagation(),
    NamePropagation(),
    ColumnPropagation(),
    LineageUnresolved(),
    PropagationNotJudged(),
    GrantsPermitted(),
    RolesOfLevel(),
    AllowedAccess(),
    PublicContract(),
    GroupOwner(),
    ColumnCase(),
    ReservedColumn(),
    RequiredColumns(),
    TypeRules(),
    TypesDeclared(),
    LayerContract(),
    TagsForPrefix(),
    MetaField(),
    TestsOfType(),
    HouseRule(),
    HouseRuleNotJudged(),
    Described(),
    MetaKept(),
    Tagged(),
    CompleteColumns(),
    OneDescription(),
    SourceFreshness(),
    SourceLoader(),
    SourceTested(),
    SourceUsed(),
    SourceOneChild(),
    SourceSameFolder(),
    SourceUnique(),
    ExposureOwner(),
    ExposureOwnerEmail(),
    ExposureParents(),
    ExposurePublicParents(),
    ExposureNoViews(),
    ExposureNoSources(),
    SemanticPublicParents(),
    MaxChildren(),
    MinChildren(),
    MaxSources(),
    MaxViewChain(),
    Rejoining(),
    SelectsSomething(),
    MixedParents(),
    UnpinnedRefs(),
    IncrementalKey(),
    SnapshotKey(),
    SnapshotStrategy(),
    ViewsReused(),
    Materialized(),
    SelectStar(),
    CartesianJoins(),
    FinalSemicolon(),
    ForbiddenPattern(),
    MaxLines(),
    MacroUsed(),
    MacroFileName(),
    MacroArguments(),
    MacroLines(),
    PropertiesFile(),
    Beside(),
    LayerFolder(),
    ColumnTests(),
    UnitTestFormat(),
    WaiverExpired(),
    WaiverUnused(),
    WaiverNotPermitted(),
    WaiverOfProduct(),
)


def rule_by_id(rule_id: str) -> Rule | None:
    """The rule with an ID, in any case, with or without ``FLOE-``; None where there is none."""
    return _BY_ID.get(rule_id.strip().upper().removeprefix("FLOE-"))


_BY_ID = {rule.id.removeprefix("FLOE-"): rule for rule in RULES}
