"""`governance`: quality gates, classification, access and the exceptions a platform permits."""

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from floe_engine.manifest.base import (
    Also,
    Count,
    KnownNamespace,
    LayerName,
    LevelName,
    Name,
    Percent,
    Place,
    RoleName,
    Section,
    Settings,
    Switch,
    TestName,
    Text,
)
from floe_engine.manifest.laws import (
    Asked,
    AtLeast,
    AtMost,
    Fixed,
    Free,
    InOrder,
    Keyed,
    Named,
    OnlyOn,
    Ranked,
    Special,
    Subset,
    Superset,
)
from floe_engine.manifest.resources import (
    Code,
    ColumnTest,
    Documentation,
    Exposures,
    Graph,
    Macros,
    Materialization,
    SemanticModels,
    Sources,
    Structure,
)
from floe_engine.manifest.terms import STRICTNESS, Access, Enforcement
from floe_engine.manifest.waiver import Waiver


class QualityGates(Settings, frozen=True, kw_only=True):
    """How well models are tested and described."""

    minimum_test_coverage: Annotated[Percent, AtLeast(tighter="COV001", looser="COV002")] = 80
    """Least test coverage in per cent; what is counted says `coverage_metric`."""

    coverage_metric: Annotated[
        Literal["columns", "models", "primary_keys"],
        Fixed(other="COV010"),
        Place("quality-gates.coverage.metric"),
    ] = "columns"
    """Tested columns of the declared ones, models with at least one test, or tested primary keys."""

    coverage_scope: Annotated[
        Literal["project", "layer", "model"],
        Ranked(order=("project", "layer", "model"), tighter="COV010", looser="COV010"),
        Place("quality-gates.coverage.scope"),
    ] = "model"
    """Where the minimum must hold: over the project, in each layer, or in each model."""

    count_warn_severity: Annotated[
        Switch,
        OnlyOn(lax=True, tighter="COV011", looser="COV012"),
        Place("quality-gates.coverage.count_warn_severity"),
    ] = True
    """Whether tests of `severity: warn` count."""

    zero_column_behavior: Annotated[
        Literal["na", "fail", "pass"],
        Ranked(order=("pass", "na", "fail"), tighter="COV013", looser="COV014"),
        Place("quality-gates.coverage.zero_columns"),
    ] = "na"
    """What a model that declares no column is: not judged, a failure, or a pass."""

    required_tests: Annotated[tuple[TestName, ...], Superset(tighter="TST001", looser="TST002")] = ()
    """Tests that every model has, beside those of its layer."""

    require_descriptions: Annotated[Switch, OnlyOn(tighter="DES001", looser="DES002")] = False
    """Whether every model has a description."""

    require_column_descriptions: Annotated[Switch, OnlyOn(tighter="DES001", looser="DES002")] = False
    """Whether every declared column has a description."""

    layer_thresholds: Annotated[dict[LayerName, Percent], AtLeast()] = {}
    """Least test coverage by layer; wins over `minimum_test_coverage`."""

    require_declared_columns: Annotated[Switch, OnlyOn(tighter="DES003", looser="DES004")] = False
    """Whether every column that a model's SQL makes is declared (needs the `lineage` extra)."""

    require_sources: Annotated[Switch, OnlyOn(tighter="DEP003", looser="DEP004")] = False
    """Whether models read through `ref` and `source` alone, and name no table themselves."""

    max_parents: Annotated[Count | None, AtMost(tighter="DEP001", looser="DEP002")] = None
    """Most models, sources and seeds that one model may select from; unset: any number."""

    column_tests: Annotated[tuple[ColumnTest, ...], Superset(tighter="TST011", looser="TST012")] = ()
    """Tests by the name of a column: `[{pattern: ".*_id", test: relationships}]`."""

    unit_test_formats: Annotated[tuple[Text, ...] | None, Subset(tighter="TST013", looser="TST014")] = None
    """In which formats unit tests may give and expect rows (`dict`, `csv`, `sql`); unset: any."""

    block_on_failure: Annotated[Switch, OnlyOn(tighter="GAT001", looser="GAT002")] = True
    """Whether a failed gate is an error; `false` turns gate errors into warnings."""


class Propagation(Settings, frozen=True, kw_only=True):
    """How a column's classification follows it downstream."""

    mode: Annotated[
        Literal["off", "model", "name", "column"],
        OnlyOn(lax="off", tighter="PRP001", looser="PRP002", other="PRP003"),
    ] = "name"
    """Follow nothing, whole models, columns of the same name, or columns by SQL lineage."""

    enforcement: Annotated[
        Enforcement, Ranked(order=STRICTNESS, top="PRP004", tighter="PRP005", looser="PRP006")
    ] = "warn"
    """Whether a downstream column that is classified too low is a warning or an error."""

    declassify_meta: Annotated[Text, Fixed(other="PRP007")] = "floe.declassified"
    """Meta key by which a team says that a column is no longer sensitive."""

    declassify_functions: Annotated[
        tuple[Text, ...], Subset(tighter="PRP008", looser="PRP009"), Place(worked_out=True)
    ] = (
        "sha256",
        "sha2",
        "sha1",
        "md5",
        "hash",
        "farm_fingerprint",
        "count",
        "approx_count_distinct",
    )
    """SQL functions whose result no longer carries its arguments' classification."""  # fmt: skip


class NamePattern(Settings, frozen=True, kw_only=True):
    """Columns whose name looks like data of a level."""

    pattern: Annotated[Text, Fixed()]
    """Regular expression, searched in the column's name without regard to case."""

    level: Annotated[LevelName, Fixed(other="PAT003")]
    """Level such a column should have."""


class LevelRule(Settings, frozen=True, kw_only=True):
    """What holds for models whose highest classification is this level."""

    minimum_test_coverage: Annotated[Percent | None, AtLeast(tighter="COV001", looser="COV002")] = None
    """Least test coverage of such models, in per cent."""

    required_tests: Annotated[tuple[TestName, ...], Superset(tighter="TST001", looser="TST002")] = ()
    """Tests such models have."""

    allowed_access: Annotated[
        tuple[Literal["private", "protected", "public"], ...] | None,
        Subset(tighter="CLS024", looser="CLS025"),
    ] = None
    """dbt access modifiers such models may have; unset: any."""

    allowed_roles: Annotated[tuple[RoleName, ...] | None, Subset(tighter="CLS026", looser="CLS027")] = None
    """Roles that grants on such models may name; unset: any."""

    forbidden_layers: Annotated[tuple[LayerName, ...], Superset(tighter="CLS020", looser="CLS021")] = ()
    """Layers in which such models may not stand."""

    requires_meta: Annotated[tuple[Text, ...], Superset(tighter="CLS022", looser="CLS023")] = ()
    """Meta keys such models carry."""


class Classification(Settings, frozen=True, kw_only=True):
    """How sensitive data is told apart."""

    levels: Annotated[
        tuple[Name, ...],
        Meta(min_length=1),
        InOrder(tighter="CLS002", looser="CLS001", other="CLS003"),
        Place(required=True),
    ] = (
        "public", "internal", "confidential", "pii", "phi",
    )  # fmt: skip
    """Levels from the least to the most sensitive; each once."""

    default_level: Annotated[
        LevelName,
        Special(where="not lower than the parent's", other="CLS004"),
        Place("classification.default", required=True),
    ] = "internal"
    """Level of what declares none."""

    require_declared: Annotated[Switch, OnlyOn(tighter="CLS005", looser="CLS006")] = False
    """Whether every model declares its level."""

    meta_keys: Annotated[
        tuple[Text, ...],
        Superset(tighter="CLS012", looser="CLS011", other="CLS010"),
        Place(worked_out=True),
    ] = (
        "floe.classification",
        "classification",
        "contains_pii",
        "pii",
    )
    """Meta keys that declare a level, in the order they are read; `contains_pii` and `pii` are flags
    for the level `pii`. A tag equal to a level counts too."""

    propagation: Propagation = Propagation()
    """How classification follows a column downstream."""

    name_patterns: Annotated[
        tuple[NamePattern, ...] | None, Superset(tighter="PAT001", looser="PAT002"), Place(worked_out=True)
    ] = None
    """Columns that look sensitive by their names; unset: floe's list (email, phone, ssn, …). A pattern
    is searched in the name and in its words, so that `customerEmail` is found as `customer_email`."""

    name_exceptions: Annotated[
        tuple[Text, ...] | None, Subset(tighter="PAT004", looser="PAT005"), Place(worked_out=True)
    ] = None
    """Expressions for names that no pattern means, such as `^is_` or `_hash$`; unset: floe's beside
    floe's own patterns, and none beside others."""

    rules: dict[LevelName, LevelRule] = {}
    """What holds at each level; unset levels keep floe's."""


class Role(Settings, frozen=True, kw_only=True):
    """A role."""

    inherits: Annotated[tuple[RoleName, ...], Subset(tighter="ACC008", looser="ACC009", provided=True)] = ()
    """Roles whose permissions it has too."""

    description: Annotated[str | None, Free(because="it is for people to read", other="DOC001")] = None
    """What the role is for."""


class Permission(Settings, frozen=True, kw_only=True):
    """What a role may do, by namespace or by classification level."""

    role: Annotated[RoleName, Fixed()]
    """The role."""

    namespaces: Annotated[tuple[KnownNamespace, ...], Fixed()] = ()
    """Namespaces it may use."""

    levels: Annotated[tuple[LevelName, ...], Fixed()] = ()
    """Classification levels it may use."""

    access: Annotated[Access, Fixed()]
    """What it may do there: `READ`, `WRITE`, `READ_WRITE` or `ADMIN`."""


class AccessControl(Settings, frozen=True, kw_only=True):
    """Who may use what."""

    default: Annotated[
        Literal["deny", "allow"], Ranked(order=("allow", "deny"), tighter="ACC010", looser="ACC011")
    ] = "deny"
    """What holds where no permission says anything."""

    roles: Annotated[
        dict[Name, Role] | None, Named(), Place("access-control.role_definitions", worked_out=True)
    ] = None
    """Roles by name; unset: `data_engineer`, `analyst` and `admin`."""

    permissions: Annotated[tuple[Permission, ...] | None, Keyed(by="role"), Place(reshaped=True)] = None
    """What roles may do; unset: engineers write everywhere, analysts read the last layers."""


class WaiverPolicy(Settings, frozen=True, kw_only=True):
    """Which waivers there may be."""

    max_days: Annotated[Count, AtMost(tighter="WPL001", looser="WPL002")] = 180
    """How far ahead a waiver may expire, in days."""

    allow_in_product: Annotated[
        Literal["never", "warn", "allow"],
        Ranked(order=("allow", "warn", "never"), tighter="WPL003", looser="WPL004"),
    ] = "never"
    """Whether a data team may write waivers in its floe.yaml."""

    require_expiry: Annotated[Switch, OnlyOn(tighter="WPL005", looser="WPL006")] = True
    """Whether every waiver has an expiry."""


class RuleExamples(Section, frozen=True, kw_only=True):
    """What a rule of type `cel` must pass and refuse: facts, as `floe schema facts` lists them."""

    passes: tuple[dict[str, Any], ...] = field(default=(), name="pass")
    """Subjects that the rule passes; what an example does not say is null, empty, 0 or false."""

    fails: tuple[dict[str, Any], ...] = field(default=(), name="fail")
    """Subjects that the rule refuses."""


class CustomRule(Settings, frozen=True, kw_only=True):
    """A rule of your own: an expression over the facts of a project, a function of a Python package, or one
    of three templates filled in."""

    type: Annotated[
        Literal["cel", "python", "require_tags_for_prefix", "require_meta_field", "require_tests_of_type"],
        Fixed(other="CUS008"),
    ]
    """`cel`: an expression. `python`: a function of an installed package. The others are templates: tags by
    name prefix, a meta key, a number of tests."""

    id: Annotated[Text | None, Fixed()] = None
    """Name of the rule in reports; unset: its template's. A rule of type `cel` has one."""

    subject: Annotated[
        Literal[
            "model",
            "seed",
            "snapshot",
            "source",
            "exposure",
            "macro",
            "semantic_model",
            "unit_test",
            "test",
            "column",
            "project",
        ]
        | None,
        Fixed(other="CUS008"),
        Place(any_text=True),
    ] = None
    """What the rule is asked of, each by itself (`cel`); unset: `model`."""

    when: Annotated[
        Text | None, Asked(narrows=True, same="CUS009", tighter="CUS010", looser="CUS011", other="CUS008")
    ] = None
    """Expression for the subjects that the rule is about (`cel`); unset: all."""

    expr: Annotated[Text | None, Asked(same="CUS009", tighter="CUS010", looser="CUS011", other="CUS008")] = (
        None
    )
    """Expression in CEL that must be true of each subject (`cel`): `model.owner != null`."""

    message: Annotated[Text | None, Free(because="it is for people to read", other="DOC001")] = None
    """What is said of a subject that fails, with expressions in braces: `{model.name} is wide` (`cel`)."""

    severity: Annotated[
        Literal["warning", "error"],
        Ranked(order=("warning", "error"), tighter="CUS012", looser="CUS013"),
    ] = "error"
    """Whether a failure may stop a build; `block_on_failure` and the rule's enforcement decide whether an
    error does (`cel`)."""

    remedy: Annotated[Text | None, Free(because="it is for people to read", other="DOC001")] = None
    """What to do about a failure (`cel`)."""

    examples: Annotated[
        RuleExamples | None, Free(because="they show what the rule means, and ask nothing", other="DOC001")
    ] = None
    """Subjects that the rule must pass and refuse (`cel`); where they do not hold it cannot be published."""

    package: Annotated[Text | None, Fixed(other="CUS008")] = None
    """The Python package that has the rule, by the name that pip knows (`python`)."""

    rule: Annotated[Text | None, Fixed(other="CUS008")] = None
    """Which rule of the package: its entry point in the group `floe.rules` (`python`)."""

    digest: Annotated[Text | None, Fixed(other="CUS008")] = None
    """What the package's files are, as `sha256:…`: with other files nothing of it is run, and the rule is not
    judged (`python`)."""

    parameters: Annotated[dict[str, Any], Fixed(other="CUS008")] = {}
    """What the function is given by name, beside the subject (`python`)."""

    prefix: Annotated[Text | None, Fixed(other="CUS008")] = None
    """Name prefix of the models it judges (`require_tags_for_prefix`)."""

    tags: Annotated[tuple[Text, ...], Superset(tighter="CUS001", looser="CUS002"), Also("required_tags")] = ()
    """Tags such models carry (`require_tags_for_prefix`)."""

    field: Annotated[Text | None, Fixed(other="CUS008")] = None
    """Meta key that models carry (`require_meta_field`)."""

    test_types: Annotated[tuple[Text, ...], Subset(tighter="CUS006", looser="CUS007")] = ()
    """Tests that count (`require_tests_of_type`)."""

    min_count: Annotated[Count, AtLeast(tighter="CUS004", looser="CUS005")] = 1
    """How many such tests a model needs (`require_tests_of_type`)."""

    applies_to: Annotated[Text, Fixed(other="CUS008")] = "*"
    """Glob over the names of the models it judges."""


class RuleSetting(Settings, frozen=True, kw_only=True):
    """What the platform says of one rule."""

    enforcement: Annotated[Enforcement | None, Ranked(order=STRICTNESS)] = None
    """How this rule bites; unset: as its section says. `policy_enforcement_level` is the cap."""

    overridable: Annotated[Switch, OnlyOn(lax=True, tighter="RUL004", looser="RUL005")] = True
    """`false`: no waiver below this platform may touch the rule."""


class Governance(Settings, frozen=True, kw_only=True):
    """The policies that projects are judged by."""

    policy_enforcement_level: Annotated[
        Enforcement,
        Ranked(order=STRICTNESS, top="GAT003", tighter="GAT004", looser="GAT005"),
        Place("quality-gates.enforcement"),
    ] = "strict"
    """Cap over every rule: `off` judges nothing, `warn` never stops a build."""

    quality_gates: Annotated[QualityGates, Place("quality-gates")] = QualityGates()
    """How well models are tested and described."""

    documentation: Annotated[Documentation, Place("quality-gates.documentation")] = Documentation()
    """What is written about resources of each kind."""

    sources: Annotated[Sources, Place("quality-gates.sources")] = Sources()
    """What tables of sources owe."""

    exposures: Annotated[Exposures, Place("quality-gates.exposures")] = Exposures()
    """What exposures owe."""

    semantic_models: Annotated[SemanticModels, Place("quality-gates.semantic_models")] = SemanticModels()
    """What semantic models owe."""

    graph: Annotated[Graph, Place("quality-gates.graph")] = Graph()
    """How models may hang together."""

    materialization: Annotated[Materialization, Place("quality-gates.materialization")] = Materialization()
    """How models and snapshots are built."""

    code: Annotated[Code, Place("quality-gates.code")] = Code()
    """What models' own files may say."""

    macros: Annotated[Macros, Place("quality-gates.macros")] = Macros()
    """What macros owe."""

    structure: Annotated[Structure, Place("quality-gates.structure")] = Structure()
    """Where the files of models lie."""

    classification: Annotated[Classification, Place("classification")] = Classification()
    """How sensitive data is told apart."""

    access_control: Annotated[AccessControl, Place("access-control")] = AccessControl()
    """Who may use what."""

    waivers: Annotated[
        tuple[Waiver, ...],
        Special(
            where="not inherited; none of a rule that the parent lets nobody waive",
            moves=Subset(tighter="WAI001", looser="WAI002", provided=True, renamed="WAI003"),
        ),
        Place(reshaped=True),
        Also("policy_overrides"),
    ] = ()
    """Permitted exceptions (also written `policy_overrides`)."""

    waiver_policy: WaiverPolicy = WaiverPolicy()
    """Which waivers there may be."""

    custom_rules: Annotated[
        tuple[CustomRule, ...], Keyed(by="id", tighter="CUS001", looser="CUS002", renamed="CUS003")
    ] = ()
    """Rules of your own, in CEL or from templates."""

    rules: dict[str, RuleSetting] = {}
    """Settings of single rules by ID."""
