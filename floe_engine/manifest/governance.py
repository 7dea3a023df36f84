"""`governance`: quality gates, classification, access and the exceptions a platform permits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, Field

from floe_engine.manifest.base import Count, Name, NamespaceName, Percent, Section, Switch, Text
from floe_engine.manifest.terms import Access, Enforcement
from floe_engine.manifest.waiver import Waiver


class QualityGates(Section):
    """How well models are tested and described."""

    minimum_test_coverage: Percent = 80
    """Least test coverage in per cent; what is counted says `coverage_metric`."""

    coverage_metric: Literal["columns", "models", "primary_keys"] = "columns"
    """Tested columns of the declared ones, models with at least one test, or tested primary keys."""

    coverage_scope: Literal["project", "layer", "model"] = "model"
    """Where the minimum must hold: over the project, in each layer, or in each model."""

    count_warn_severity: Switch = True
    """Whether tests of `severity: warn` count."""

    zero_column_behavior: Literal["na", "fail", "pass"] = "na"
    """What a model that declares no column is: not judged, a failure, or a pass."""

    required_tests: tuple[Text, ...] = ()
    """Tests that every model has, beside those of its layer."""

    require_descriptions: Switch = False
    """Whether every model has a description."""

    require_column_descriptions: Switch = False
    """Whether every declared column has a description."""

    layer_thresholds: dict[Name, Percent] = Field({})
    """Least test coverage by layer; wins over `minimum_test_coverage`."""

    block_on_failure: Switch = True
    """Whether a failed gate is an error; `false` turns gate errors into warnings."""


class Propagation(Section):
    """How a column's classification follows it downstream."""

    mode: Literal["off", "model", "name", "column"] = "name"
    """Follow nothing, whole models, columns of the same name, or columns by SQL lineage."""

    enforcement: Enforcement = "warn"
    """Whether a downstream column that is classified too low is a warning or an error."""

    declassify_meta: Text = "floe.declassified"
    """Meta key by which a team says that a column is no longer sensitive."""

    declassify_functions: tuple[Text, ...] = (
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


class NamePattern(Section):
    """Columns whose name looks like data of a level."""

    pattern: Text
    """Regular expression, searched in the column's name without regard to case."""

    level: Name
    """Level such a column should have."""


class LevelRule(Section):
    """What holds for models whose highest classification is this level."""

    minimum_test_coverage: Percent | None = None
    """Least test coverage of such models, in per cent."""

    required_tests: tuple[Text, ...] = ()
    """Tests such models have."""

    allowed_access: tuple[Literal["private", "protected", "public"], ...] | None = None
    """dbt access modifiers such models may have; unset: any."""

    allowed_roles: tuple[Name, ...] | None = None
    """Roles that grants on such models may name; unset: any."""

    forbidden_layers: tuple[Name, ...] = ()
    """Layers in which such models may not stand."""

    requires_meta: tuple[Text, ...] = ()
    """Meta keys such models carry."""


class Classification(Section):
    """How sensitive data is told apart."""

    levels: Annotated[tuple[Name, ...], Field(min_length=1)] = (
        "public", "internal", "confidential", "pii", "phi",
    )  # fmt: skip
    """Levels from the least to the most sensitive; each once."""

    default_level: Name = "internal"
    """Level of what declares none."""

    require_declared: Switch = False
    """Whether every model declares its level."""

    meta_keys: tuple[Text, ...] = ("floe.classification", "classification", "contains_pii", "pii")
    """Meta keys that declare a level, in the order they are read; `contains_pii` and `pii` are flags
    for the level `pii`. A tag equal to a level counts too."""

    propagation: Propagation = Propagation()
    """How classification follows a column downstream."""

    name_patterns: tuple[NamePattern, ...] | None = None
    """Columns that look sensitive by their names; unset: floe's list (email, phone, ssn, …)."""

    rules: dict[Name, LevelRule] = Field({})
    """What holds at each level; unset levels keep floe's."""


class Role(Section):
    """A role."""

    inherits: tuple[Name, ...] = ()
    """Roles whose permissions it has too."""

    description: str | None = None
    """What the role is for."""


class Permission(Section):
    """What a role may do, by namespace or by classification level."""

    role: Name
    """The role."""

    namespaces: tuple[NamespaceName, ...] = ()
    """Namespaces it may use."""

    levels: tuple[Name, ...] = ()
    """Classification levels it may use."""

    access: Access
    """What it may do there: `READ`, `WRITE`, `READ_WRITE` or `ADMIN`."""


class AccessControl(Section):
    """Who may use what."""

    default: Literal["deny", "allow"] = "deny"
    """What holds where no permission says anything."""

    roles: dict[Name, Role] | None = None
    """Roles by name; unset: `data_engineer`, `analyst` and `admin`."""

    permissions: tuple[Permission, ...] | None = None
    """What roles may do; unset: engineers write everywhere, analysts read the last layers."""


class WaiverPolicy(Section):
    """Which waivers there may be."""

    max_days: Count = 180
    """How far ahead a waiver may expire, in days."""

    allow_in_product: Literal["never", "warn", "allow"] = "never"
    """Whether a data team may write waivers in its floe.yaml."""

    require_expiry: Switch = True
    """Whether every waiver has an expiry."""


class CustomRule(Section):
    """One of three rule templates, filled in."""

    type: Literal["require_tags_for_prefix", "require_meta_field", "require_tests_of_type"]
    """Which template: tags by name prefix, a meta key, or a number of tests of a kind."""

    id: Text | None = None
    """Name of the rule in reports; unset: its template's."""

    prefix: Text | None = None
    """Name prefix of the models it judges (`require_tags_for_prefix`)."""

    tags: tuple[Text, ...] = Field((), validation_alias=AliasChoices("tags", "required_tags"))
    """Tags such models carry (`require_tags_for_prefix`)."""

    field: Text | None = None
    """Meta key that models carry (`require_meta_field`)."""

    test_types: tuple[Text, ...] = ()
    """Tests that count (`require_tests_of_type`)."""

    min_count: Count = 1
    """How many such tests a model needs (`require_tests_of_type`)."""

    applies_to: Text = "*"
    """Glob over the names of the models it judges."""


class RuleSetting(Section):
    """What the platform says of one rule."""

    enforcement: Enforcement | None = None
    """How this rule bites; unset: as its section says. `policy_enforcement_level` is the cap."""

    overridable: Switch = True
    """`false`: no waiver below this platform may touch the rule."""


class Governance(Section):
    """The policies that projects are judged by."""

    policy_enforcement_level: Enforcement = "strict"
    """Cap over every rule: `off` judges nothing, `warn` never stops a build."""

    quality_gates: QualityGates = QualityGates()
    """How well models are tested and described."""

    classification: Classification = Classification()
    """How sensitive data is told apart."""

    access_control: AccessControl = AccessControl()
    """Who may use what."""

    waivers: tuple[Waiver, ...] = Field((), validation_alias=AliasChoices("waivers", "policy_overrides"))
    """Permitted exceptions (also written `policy_overrides`)."""

    waiver_policy: WaiverPolicy = WaiverPolicy()
    """Which waivers there may be."""

    custom_rules: tuple[CustomRule, ...] = ()
    """Rules of your own, from three templates."""

    rules: dict[str, RuleSetting] = Field({})
    """Settings of single rules by ID."""
