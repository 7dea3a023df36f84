"""The schema of manifest.yaml: every section as a frozen model, under one roof.

Keys are those of the file; each field's docstring is the one source of hover text, JSON Schema
and the reference page. The models know shapes only: rules that need two fields are in `check`,
defaults that depend on other settings in `effective`, inheritance in `inheritance`.
"""

from __future__ import annotations

from floe_engine.manifest.architecture import DataArchitecture, Layer, Naming
from floe_engine.manifest.base import Section
from floe_engine.manifest.catalog import (
    Catalog,
    Grant,
    Namespace,
    RequiredColumn,
    SchemaRegistry,
    TypeRule,
)
from floe_engine.manifest.effective import (
    EffectiveLayer,
    EffectiveNamespace,
    effective_layers,
    effective_level_rules,
    effective_name_exceptions,
    effective_name_patterns,
    effective_namespaces,
    effective_permissions,
    effective_plugins,
    effective_roles,
    effective_waivers,
    name_defaults,
    namespace_names,
    published_layers,
)
from floe_engine.manifest.governance import (
    AccessControl,
    Classification,
    CustomRule,
    Governance,
    LevelRule,
    NamePattern,
    Permission,
    Propagation,
    QualityGates,
    Role,
    RuleSetting,
    WaiverPolicy,
)
from floe_engine.manifest.root import (
    ApprovedPlugin,
    Artifacts,
    Manifest,
    Metadata,
    Parent,
    PluginChoice,
    Registry,
    RegistryAuth,
    RegistryCache,
    Security,
)
from floe_engine.manifest.terms import API_VERSION, SEMVER, Access, Enforcement, Pattern, Scope
from floe_engine.manifest.waiver import Waiver

__all__ = [
    "API_VERSION",
    "SEMVER",
    "Access",
    "AccessControl",
    "ApprovedPlugin",
    "Artifacts",
    "Catalog",
    "Classification",
    "CustomRule",
    "DataArchitecture",
    "EffectiveLayer",
    "EffectiveNamespace",
    "Enforcement",
    "Governance",
    "Grant",
    "Layer",
    "LevelRule",
    "Manifest",
    "Metadata",
    "NamePattern",
    "Namespace",
    "Naming",
    "Parent",
    "Pattern",
    "Permission",
    "PluginChoice",
    "Propagation",
    "QualityGates",
    "Registry",
    "RegistryAuth",
    "RegistryCache",
    "RequiredColumn",
    "Role",
    "RuleSetting",
    "SchemaRegistry",
    "Scope",
    "Section",
    "Security",
    "TypeRule",
    "Waiver",
    "WaiverPolicy",
    "effective_layers",
    "effective_level_rules",
    "effective_name_exceptions",
    "effective_name_patterns",
    "effective_namespaces",
    "effective_permissions",
    "effective_plugins",
    "effective_roles",
    "effective_waivers",
    "name_defaults",
    "namespace_names",
    "published_layers",
]
