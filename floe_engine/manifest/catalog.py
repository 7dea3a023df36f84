"""`catalog`: the namespaces tables live in, and what their columns look like."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from floe_engine.manifest.base import Name, NamespaceName, Section, Switch, Text
from floe_engine.manifest.terms import Access


class Grant(Section):
    """What a role may do in a namespace."""

    role: Name
    """The role."""

    access: Access
    """What it may do: `READ`, `WRITE`, `READ_WRITE` or `ADMIN`."""


class Namespace(Section):
    """A namespace of the catalog."""

    name: NamespaceName
    """Dotted identifier, such as `gold` or `sales.gold`."""

    layer: Name | None = None
    """Layer whose tables live here."""

    grants: tuple[Grant, ...] = ()
    """What roles may do here, beside `governance.access_control`."""


class RequiredColumn(Section):
    """A column that every model of a layer has."""

    name: Text
    """Column name."""

    type: Text | None = None
    """Data type; unset: any."""


class TypeRule(Section):
    """Columns whose name matches have this data type."""

    pattern: Text
    """Regular expression, matched against the whole column name."""

    type: Text
    """Data type, such as `timestamp`."""


class SchemaRegistry(Section):
    """What columns look like."""

    column_case: Literal["snake", "camel", "upper", "any"] = "any"
    """How column names are written."""

    reserved_columns: tuple[Text, ...] = ()
    """Column names that models may not use."""

    required_columns: dict[Name, tuple[RequiredColumn, ...]] = Field({})
    """Columns that every model of a layer has, by layer."""

    type_rules: tuple[TypeRule, ...] = ()
    """Data types by column name."""

    require_data_types: Switch = False
    """Whether every declared column declares its data type."""

    require_contract: tuple[Name, ...] = ()
    """Layers whose models have an enforced dbt contract."""


class Catalog(Section):
    """The catalog's namespaces and column rules."""

    namespaces: tuple[Namespace, ...] | None = None
    """Approved namespaces; unset: one for each layer."""

    schema_registry: SchemaRegistry = SchemaRegistry()
    """What columns look like."""
