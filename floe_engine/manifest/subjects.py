"""What a house rule may ask: every kind of subject, its fields, their types and what they mean.

The one declaration of the fact model. Type checks, completion, hover, ``floe schema facts`` and
docs/house-rules.md come from it; `policy.subjects` gives the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Final

from floe_engine.cel.types import (
    BOOL,
    DOUBLE,
    DYN,
    INT,
    STRING,
    Field,
    Object,
    Type,
    list_of,
    map_of,
    nullable,
)

_TEXTS, _META, _MAYBE = list_of(STRING), map_of(DYN), nullable(STRING)


def _object(name: str, says: str, /, **fields: tuple[Type, str]) -> Object:
    return Object(name, says=says, fields={key: Field(kind, text) for key, (kind, text) in fields.items()})


TEST = _object(
    "Test",
    "A data test on a model, a source or one of their columns.",
    name=(STRING, "Its name without its package: `not_null`."),
    package=(STRING, "The package it comes from, `dbt_utils`; empty for dbt's own and the project's."),
    column=(_MAYBE, "The column it is on; null for one on the whole."),
    arguments=(_META, "What it is given, by name."),
    severity=(STRING, "`error` or `warn`."),
    where=(STRING, "Which rows it looks at; empty: all."),
    meta=(_META, "Its `meta`."),
    tags=(_TEXTS, "Its tags."),
)

REFERENCE = _object(
    "Reference",
    "A `ref` as written.",
    name=(STRING, "The model's name."),
    version=(_MAYBE, "The version that it asks for; null: the latest."),
)

COLUMN = _object(
    "Column",
    "A declared column.",
    name=(STRING, "Its name, as declared."),
    description=(STRING, "Its description, empty where there is none."),
    data_type=(_MAYBE, "Its declared type; null where none is declared."),
    meta=(_META, "Its `meta`, that of `config` included."),
    tags=(_TEXTS, "Its tags."),
    level=(STRING, "Its classification: what it declares, else the platform's default."),
    constraints=(_TEXTS, "Kinds of its constraints: `not_null`."),
    tests=(list_of(TEST), "The data tests on it."),
)

NODE = _object(
    "Node",
    "A parent or a child: something that data comes from or goes to.",
    id=(STRING, "dbt's name of it, `model.shop.orders`."),
    name=(STRING, "Its name; a source table's without its source's."),
    type=(STRING, "`model`, `seed`, `snapshot`, `source` or `exposure`."),
    path=(STRING, "Where its file is, from the project's directory."),
    source=(STRING, "Of a source's table, the source's name; else empty."),
    schema=(_MAYBE, "The schema it is built in, where that is set or known."),
    database=(_MAYBE, "The database it is built in, where that is set or known."),
    layer=(_MAYBE, "Its layer; null where it has none."),
    materialized=(_MAYBE, "How dbt builds it; null where it does not."),
    access=(STRING, "`private`, `protected` or `public`; empty for what has no access."),
    tags=(_TEXTS, "Its tags."),
    meta=(_META, "Its `meta`."),
    parent_ids=(_TEXTS, "The `id` of each thing that it selects from."),
    model_children=(INT, "How many models select from it."),
    references=(list_of(REFERENCE), "What it names with `ref`."),
)

CONTRACT = _object(
    "Contract",
    "What a model promises of its shape.",
    enforced=(BOOL, "Whether dbt enforces it."),
    constraints=(_TEXTS, "Kinds of the constraints on the whole model: `primary_key`."),
)

CODE = _object(
    "Code",
    "What a model's own file says before dbt compiles it, without what macros write. Python has lines alone.",
    lines=(INT, "How many lines it has."),
    hard_coded=(_TEXTS, "Tables that it names itself, past `ref` and `source`: `raw.orders`."),
    select_star=(BOOL, "Whether some query takes all columns: `select *`, `select orders.*`."),
    joins=(INT, "How many joins it writes."),
    cross_joins=(INT, "How many of them are a `cross join`."),
    open_joins=(INT, "How many have no condition: no `on` or `using`, or a comma instead of a join."),
    constant_joins=(INT, "How many have a condition without columns: `on 1 = 1`."),
    text=(STRING, "All of it."),
)

FRESHNESS = _object(
    "Freshness",
    "How old the rows of a source may be.",
    warn_after_hours=(nullable(DOUBLE), "Hours after which dbt warns; null where it never does."),
    error_after_hours=(nullable(DOUBLE), "Hours after which dbt fails; null where it never does."),
)

ARGUMENT = _object(
    "Argument",
    "An argument of a macro, as its properties file describes it.",
    name=(STRING, "Its name."),
    type=(STRING, "Its type, empty where none is said."),
    description=(STRING, "Its description, empty where there is none."),
)

INPUT = _object(
    "Input",
    "A table that a unit test gives to its model.",
    name=(STRING, "As written: `ref('orders')`."),
    format=(STRING, "Of its rows: `dict`, `csv` or `sql`."),
)

_COMMON: Mapping[str, tuple[Type, str]] = {
    "name": (STRING, "Its name."),
    "path": (STRING, "Where its file is, from the project's directory: `models/gold/orders.sql`."),
    "description": (STRING, "Its description, empty where there is none."),
    "meta": (_META, "Its `meta`, that of `config` included."),
    "tags": (_TEXTS, "Its tags."),
    "columns": (list_of(COLUMN), "Its declared columns."),
    "table_columns": (_TEXTS, "Names of the columns of its table; only dbt's target/catalog.json tells."),
    "tests": (list_of(TEST), "The data tests on it and on its columns."),
    "level": (STRING, "The most sensitive classification that it or a column declares, else the default."),
    "children": (list_of(NODE), "Models, snapshots and exposures that select from it."),
}

_BUILT: Mapping[str, tuple[Type, str]] = {
    **_COMMON,
    "folder": (STRING, "The folder of its file: `models/gold`."),
    "file": (STRING, "The name of its file without its ending: `orders`."),
    "properties_path": (_MAYBE, "The YAML file that describes it; null where none does."),
    "layer": (_MAYBE, "Its layer in the platform's architecture; null where it has none."),
    "schema": (_MAYBE, "The schema it is built in, where that is set or known."),
    "database": (_MAYBE, "The database it is built in, where that is set or known."),
    "group": (_MAYBE, "Its group; null where it has none."),
    "owner": (
        _MAYBE,
        "Who answers for it: `owner` of its meta, else its group's owner; null where nobody does.",
    ),
    "unit_tests": (INT, "How many unit tests it has."),
    "singular_tests": (INT, "How many tests written as queries ask it."),
}

_INCREMENTAL: Mapping[str, tuple[Type, str]] = {
    "unique_key": (_TEXTS, "The columns of its `unique_key`, of an incremental model or a snapshot."),
    "strategy": (STRING, "How what is new is found: `merge`, `timestamp`; empty where nobody says."),
}

MODEL = _object(
    "Model",
    "A model of the project.",
    **_BUILT,
    version=(_MAYBE, "Its version; null where it has none."),
    language=(STRING, "`sql` or `python`."),
    materialized=(STRING, "How dbt builds it: `view`, `table`, `incremental` …"),
    access=(STRING, "`private`, `protected` or `public`."),
    contract=(CONTRACT, "What it promises of its shape."),
    grants=(map_of(list_of(STRING)), "Privilege to those who have it."),
    alias=(STRING, "Its name in the warehouse."),
    has_alias=(BOOL, "Whether somebody set its alias."),
    labels=(_META, "Its `labels` for BigQuery."),
    latest_version=(_MAYBE, "The version that its bare name means; null where it has none."),
    **_INCREMENTAL,
    references=(list_of(REFERENCE), "What it names with `ref`."),
    macros=(_TEXTS, "Macros that it calls, `dbt_utils.star`; only dbt's manifest tells."),
    code=(CODE, "What its file says."),
    has_freshness=(BOOL, "Whether it has a freshness of its own."),
    parents=(list_of(NODE), "What it selects from."),
    depth=(INT, "How many models lie above it on the longest way; 0: none."),
    view_chain=(INT, "How many views and ephemeral models lie right above one another and above it."),
)

SEED = _object("Seed", "A seed: a CSV file that dbt loads.", **_BUILT)

SNAPSHOT = _object(
    "Snapshot",
    "A snapshot.",
    **_BUILT,
    **_INCREMENTAL,
    updated_at=(STRING, "The column of the `timestamp` strategy; empty where none is said."),
    check_cols=(_TEXTS, "The columns of the `check` strategy; one `all` for all of them."),
    parents=(list_of(NODE), "What it selects from."),
)

SOURCE = _object(
    "Source",
    "A table of a source.",
    **_COMMON,
    source=(STRING, "The name of the source that the table belongs to."),
    source_description=(STRING, "The description of that source, empty where there is none."),
    labels=(_META, "Its `labels` for BigQuery, those in `meta` included."),
    database=(_MAYBE, "The database it lies in, where that is set or known."),
    schema=(STRING, "The schema it lies in."),
    identifier=(STRING, "Its name in the warehouse."),
    duplicates=(_TEXTS, "Other tables of sources that are the same table: `crm.orders`."),
    loader=(STRING, "What loads it, in words; empty where nobody says."),
    has_freshness=(BOOL, "Whether it is said how old its rows may be."),
    freshness=(FRESHNESS, "How old its rows may be."),
    tells_age=(BOOL, "Whether a column or a query tells when its rows were loaded."),
)

_BESIDE: Mapping[str, tuple[Type, str]] = {
    "name": (STRING, "Its name."),
    "path": (STRING, "Where its file is, from the project's directory."),
    "description": (STRING, "Its description, empty where there is none."),
    "meta": (_META, "Its `meta`, that of `config` included."),
}

EXPOSURE = _object(
    "Exposure",
    "Something outside dbt that reads from it: a dashboard, an application.",
    **_BESIDE,
    label=(STRING, "Its label, empty where there is none."),
    type=(STRING, "`dashboard`, `notebook`, `analysis`, `ml` or `application`."),
    maturity=(STRING, "`low`, `medium` or `high`; empty where nobody says."),
    url=(STRING, "Where it is found, empty where nobody says."),
    owner=(STRING, "Who answers for it: the address, else the name; empty where nobody does."),
    owner_name=(STRING, "The owner's name."),
    owner_email=(STRING, "The owner's address, the first of several."),
    tags=(_TEXTS, "Its tags."),
    parents=(list_of(NODE), "What it reads."),
)

MACRO = _object(
    "Macro",
    "A macro, a generic test (`test_…`) or a materialization (`materialization_…`) of the project.",
    **_BESIDE,
    file=(STRING, "The name of its file without its ending: `cents`."),
    properties_path=(_MAYBE, "The YAML file that describes it; null where none does."),
    arguments=(list_of(ARGUMENT), "Those that the properties file describes."),
    parameters=(_TEXTS, "Names of all its arguments, as its code says them."),
    lines=(INT, "How many lines it has."),
    text=(STRING, "Its code, from the opening tag to the closing one."),
    used=(BOOL, "Whether something else calls it; only dbt's manifest tells."),
)

SEMANTIC_MODEL = _object(
    "SemanticModel",
    "A semantic model: what a model means in entities, dimensions and measures.",
    **_BESIDE,
    label=(STRING, "Its label, empty where there is none."),
    entities=(_TEXTS, "Names of its entities."),
    dimensions=(_TEXTS, "Names of its dimensions."),
    measures=(_TEXTS, "Names of its measures."),
    parents=(list_of(NODE), "The model that it is made on."),
)

UNIT_TEST = _object(
    "UnitTest",
    "A unit test of one model, or of one version of it.",
    **_BESIDE,
    tags=(_TEXTS, "Its tags."),
    given=(list_of(INPUT), "What it gives to the model."),
    expected_format=(STRING, "Of the rows that it expects: `dict`, `csv` or `sql`."),
    parents=(list_of(NODE), "The model that it tests."),
)

PROJECT_TEST = _object(
    "ProjectTest",
    "A data test as a resource of its own: on a model or a source, or written as a query.",
    **_BESIDE,
    test=(STRING, "Which generic test it is: `not_null`, `dbt_utils.recency`; empty for a query."),
    column=(_MAYBE, "The column it is on; null for one on the whole."),
    severity=(STRING, "`error` or `warn`."),
    where=(STRING, "Which rows it looks at; empty: all."),
    tags=(_TEXTS, "Its tags."),
    parents=(list_of(NODE), "What it looks at."),
)

PROJECT = _object(
    "Project",
    "The dbt project as a whole.",
    name=(STRING, "Its name in dbt_project.yml."),
    adapter=(_MAYBE, "The dbt adapter, `duckdb`; null where it is not known."),
    models=(list_of(MODEL), "Its models."),
    seeds=(list_of(SEED), "Its seeds."),
    snapshots=(list_of(SNAPSHOT), "Its snapshots."),
    sources=(list_of(SOURCE), "The tables of its sources."),
    exposures=(list_of(EXPOSURE), "Its exposures."),
    macros=(list_of(MACRO), "Its macros."),
    semantic_models=(list_of(SEMANTIC_MODEL), "Its semantic models."),
    unit_tests=(list_of(UNIT_TEST), "Its unit tests."),
    tests=(list_of(PROJECT_TEST), "Its data tests."),
)

SUBJECTS: Final[Mapping[str, Mapping[str, Type]]] = {
    "model": {"model": MODEL},
    "seed": {"seed": SEED},
    "snapshot": {"snapshot": SNAPSHOT},
    "source": {"source": SOURCE},
    "exposure": {"exposure": EXPOSURE},
    "macro": {"macro": MACRO},
    "semantic_model": {"semantic_model": SEMANTIC_MODEL},
    "unit_test": {"unit_test": UNIT_TEST},
    "test": {"test": PROJECT_TEST},
    "column": {"column": COLUMN, "model": MODEL},
    "project": {"project": PROJECT},
}
"""What a rule can be about, and the variables of its expressions. A column is one of a model."""

OBJECTS: Final[tuple[Object, ...]] = (
    MODEL,
    SEED,
    SNAPSHOT,
    SOURCE,
    EXPOSURE,
    MACRO,
    SEMANTIC_MODEL,
    UNIT_TEST,
    PROJECT_TEST,
    PROJECT,
    COLUMN,
    TEST,
    REFERENCE,
    CONTRACT,
    CODE,
    FRESHNESS,
    ARGUMENT,
    INPUT,
    NODE,
)
"""All objects, as pages list them."""

DEFAULTS: Final[Mapping[tuple[str, str], Any]] = {
    ("Test", "severity"): "error",
    ("ProjectTest", "severity"): "error",
    ("Node", "type"): "model",
    ("Model", "materialized"): "view",
    ("Model", "language"): "sql",
    ("Model", "access"): "protected",
    ("Source", "tells_age"): True,
    ("Exposure", "type"): "dashboard",
    ("Macro", "used"): True,
    ("Input", "format"): "dict",
    ("UnitTest", "expected_format"): "dict",
}
"""What an example that does not say it means, where that is not null, nothing, empty or false."""


def example_of(kind: Type, given: Any = None) -> Any:
    """A value of a type where only `given` is said of it; the rest is as nobody said it."""
    if isinstance(kind, Object):
        said = given or {}
        return SimpleNamespace(
            **{
                name: example_of(
                    field.type,
                    DEFAULTS.get((kind.name, name)) if said.get(name) is None else said[name],
                )
                for name, field in kind.fields.items()
            }
        )
    if given is None:
        return {"string": "", "int": 0, "double": 0.0, "bool": False, "list": [], "map": {}}.get(kind.name)
    if kind.name == "list":
        return [example_of(kind.of[0], item) for item in given]
    return float(given) if kind.name == "double" else given
