"""`catalog`: the namespaces tables live in, and what their columns look like."""

from typing import Annotated, Literal

from floe_engine.manifest.base import (
    LayerName,
    NamespaceName,
    Place,
    RoleName,
    Settings,
    Switch,
    Text,
    Types,
)
from floe_engine.manifest.laws import Fixed, Keyed, OnlyOn, Superset
from floe_engine.manifest.terms import Access


class Grant(Settings, frozen=True, kw_only=True):
    """What a role may do in a namespace."""

    role: Annotated[RoleName, Fixed()]
    """The role."""

    access: Annotated[Access, Fixed()]
    """What it may do: `READ`, `WRITE`, `READ_WRITE` or `ADMIN`."""


class Namespace(Settings, frozen=True, kw_only=True):
    """A namespace of the catalog."""

    name: Annotated[NamespaceName, Fixed()]
    """Dotted identifier, such as `gold` or `sales.gold`."""

    layer: Annotated[LayerName | None, Fixed()] = None
    """Layer whose tables live here."""

    grants: Annotated[tuple[Grant, ...], Superset(), Place("namespaces.grants.*", reshaped=True)] = ()
    """What roles may do here, beside `governance.access_control`."""


class RequiredColumn(Settings, frozen=True, kw_only=True):
    """A column that every model of a layer has."""

    name: Annotated[Text, Fixed()]
    """Column name."""

    type: Annotated[Types | None, Fixed(other="SCH003")] = None
    """Data type, or a list of those that will do; unset: any."""


class TypeRule(Settings, frozen=True, kw_only=True):
    """Columns whose name matches have this data type."""

    pattern: Annotated[Text, Fixed()]
    """Regular expression, matched against the whole column name."""

    type: Annotated[Types, Fixed(other="SCH006")]
    """Data type, such as `timestamp`, or a list of those that will do. Types are compared by family:
    `integer` takes `bigint`, `INT64` and `NUMBER(38,0)`; `timestamp` takes one with a time zone too."""


class SchemaRegistry(Settings, frozen=True, kw_only=True):
    """What columns look like."""

    column_case: Annotated[
        Literal["snake", "camel", "upper", "any"],
        Fixed(open="any", tighter="SCH009", looser="SCH010", other="SCH011"),
    ] = "any"
    """How column names are written."""

    reserved_columns: Annotated[tuple[Text, ...], Superset(tighter="SCH012", looser="SCH013")] = ()
    """Column names that models may not use."""

    required_columns: Annotated[
        dict[LayerName, tuple[RequiredColumn, ...]], Keyed(by="name", tighter="SCH001", looser="SCH002")
    ] = {}
    """Columns that every model of a layer has, by layer."""

    type_rules: Annotated[tuple[TypeRule, ...], Superset(tighter="SCH004", looser="SCH005")] = ()
    """Data types by column name."""

    require_data_types: Annotated[Switch, OnlyOn(tighter="SCH014", looser="SCH015")] = False
    """Whether every declared column declares its data type."""

    require_contract: Annotated[tuple[LayerName, ...], Superset(tighter="SCH007", looser="SCH008")] = ()
    """Layers whose models have an enforced dbt contract."""


class Catalog(Settings, frozen=True, kw_only=True):
    """The catalog's namespaces and column rules."""

    namespaces: Annotated[
        tuple[Namespace, ...] | None,
        Keyed(by="name", tighter="NSP002", looser="NSP001"),
        Place("namespaces.namespaces", reshaped=True),
    ] = None
    """Approved namespaces; unset: one for each layer."""

    schema_registry: Annotated[SchemaRegistry, Place("schema-registry")] = SchemaRegistry()
    """What columns look like."""
