"""Upgrade rules: columns, their types, and contracts.

The schema registry is a demand on those who write tables and a promise to those who read them, so
taking something out of it breaks as well, only others.
"""

from __future__ import annotations

from floe_engine.artifact.paths import SCHEMA_REGISTRY
from floe_engine.upgrade.conditions import added, anything, off, on, removed, since, to
from floe_engine.upgrade.rule import Rule, Witness, demand, either_way

_CASE = (SCHEMA_REGISTRY, "columnCase")
_REQUIRED = (SCHEMA_REGISTRY, "requiredColumns", "*", "*")
_GOLD = (SCHEMA_REGISTRY, "requiredColumns", "gold")
_TYPED = (SCHEMA_REGISTRY, "typeRules", "*")
_LOADED = {"name": "loaded_at", "type": None}
_STAMP = {"pattern": ".*_at", "type": "timestamp"}
_READERS = "readers relied on it, and nothing keeps it for them any more"

RULES: tuple[Rule, ...] = (
    *demand(
        "SCH001",
        "SCH002",
        _REQUIRED,
        titles=("column required", "column no longer required"),
        says=("models of layer {0} must have a column {1}", "models of layer {0} need not have a column {1}"),
        when=(added, removed),
        reason="models without the column fail",
        remedy="add the column to the models that floe compile lists",
        witness=Witness(_GOLD, [], [_LOADED]),
        loosened_bump="major",
        loosened_reason=_READERS,
        axis="security",
    ),
    *either_way(
        "SCH003",
        (*_REQUIRED, "type"),
        title="type of a required column changed",
        says="the column {1} of layer {0} has type {new} (was {old})",
        when=anything,
        bump="major",
        reason="models with the former type fail, and readers meet another one",
        remedy="cast the column, and tell those who read it",
        witness=Witness(_GOLD, [_LOADED], [{**_LOADED, "type": "timestamp"}]),
        axis="security",
    ),
    *demand(
        "SCH004",
        "SCH005",
        _TYPED,
        titles=("type rule added", "type rule removed"),
        says=(
            "columns named like {0} must have the type of a new rule",
            "columns named like {0} may have any type",
        ),
        when=(added, removed),
        reason="columns of another type fail",
        remedy="cast the columns that floe compile lists",
        witness=Witness((SCHEMA_REGISTRY, "typeRules"), [], [_STAMP]),
        loosened_bump="major",
        loosened_reason=_READERS,
        axis="security",
    ),
    *either_way(
        "SCH006",
        (*_TYPED, "type"),
        title="type rule changed",
        says="columns named like {0} must have type {new} (was {old})",
        when=anything,
        bump="major",
        reason="columns of the former type fail, and readers meet another one",
        remedy="cast the columns, and tell those who read them",
        witness=Witness((SCHEMA_REGISTRY, "typeRules"), [_STAMP], [{**_STAMP, "type": "timestamptz"}]),
        axis="security",
    ),
    *demand(
        "SCH007",
        "SCH008",
        (SCHEMA_REGISTRY, "requireContract", "*"),
        titles=("contract required", "contract no longer required"),
        says=("models of layer {0} must have a contract", "models of layer {0} need not have a contract"),
        when=(added, removed),
        reason="models without an enforced contract fail",
        remedy="set contract.enforced and name the data_type of every column",
        witness=Witness((SCHEMA_REGISTRY, "requireContract"), [], ["gold"]),
        loosened_bump="major",
        loosened_reason=_READERS,
        axis="security",
    ),
    *demand(
        "SCH009",
        "SCH010",
        _CASE,
        titles=("case of column names required", "case of column names free"),
        says=("column names must be in {new} case", "column names may be in any case"),
        when=(since("any"), to("any")),
        reason="columns in another case fail",
        remedy="rename the columns that floe compile lists",
        witness=Witness(_CASE, "any", "snake"),
    ),
    *either_way(
        "SCH011",
        _CASE,
        title="case of column names changed",
        says="column names must be in {new} case (was {old})",
        when=anything,
        bump="gated",
        reason="columns in the former case fail",
        remedy="rename the columns that floe compile lists",
        witness=Witness(_CASE, "snake", "camel"),
    ),
    *demand(
        "SCH012",
        "SCH013",
        (SCHEMA_REGISTRY, "reservedColumns", "*"),
        titles=("column name reserved", "column name free again"),
        says=("no column may be called {0}", "columns may be called {0}"),
        when=(added, removed),
        reason="columns of that name fail",
        remedy="rename the columns that floe compile lists",
        witness=Witness((SCHEMA_REGISTRY, "reservedColumns"), [], ["_loaded"]),
    ),
    *demand(
        "SCH014",
        "SCH015",
        (SCHEMA_REGISTRY, "requireDataTypes"),
        titles=("data types required", "data types no longer required"),
        says=("every declared column must have a data_type", "columns need not have a data_type"),
        when=(on, off),
        reason="columns without a data_type fail",
        remedy="add the data_type to the columns that floe compile lists",
        witness=Witness((SCHEMA_REGISTRY, "requireDataTypes"), False, True),
    ),
)
