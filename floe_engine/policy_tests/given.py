"""The project of a policy test: models in a few lines of YAML, spelt as dbt spells them.

A dbt manifest may stand in their place; `project.dbt_manifest` reads that.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    field_validator,
    model_validator,
)

from floe_engine.policy.keys import KEY_META
from floe_engine.project.facts import Column, Constraint, Exposure, Group, Model, Project, Source
from floe_engine.project.properties import data_test
from floe_engine.text import plural


class UnknownName(Exception):
    """A model selects from something that the case does not give. `model` is its place in the list."""

    def __init__(self, name: str, model: int) -> None:
        super().__init__(name)
        self.name = name
        self.model = model


class GivenPart(BaseModel):
    """Base of everything in a file of policy tests: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _one_test(value: str | dict[str, Any]) -> str | dict[str, Any]:
    if isinstance(value, dict) and len(value) != 1 and not isinstance(value.get("test_name"), str):
        raise ValueError("a test is its name, or a mapping of its name to its arguments")
    return value


TestText = Annotated[str | dict[str, Any], AfterValidator(_one_test)]
"""A generic test as in a properties file: ``unique``, or a mapping of its name to its arguments."""


class ConstraintGiven(GivenPart):
    """A contract constraint."""

    type: str
    """Its kind, such as `not_null` or `primary_key`."""
    columns: tuple[str, ...] = ()
    """Its columns, on a model."""


def _unfolded(value: Any) -> Any:
    """What dbt lets stand under ``config`` is brought to where a case says it: meta, tags, grants, …"""
    config = value.get("config") if isinstance(value, Mapping) else None
    if not isinstance(config, Mapping):
        return value
    given = {key: entry for key, entry in value.items() if key != "config"}
    for key, entry in config.items():
        if key == "meta" and isinstance(entry, Mapping) and isinstance(given.get("meta"), Mapping):
            given["meta"] = {**given["meta"], **entry}
        elif key == "tags":
            listed = [entry] if isinstance(entry, str) else entry
            given["tags"] = [*(given.get("tags") or ()), *listed]
        else:
            given[key] = entry
    return given


class Configured(GivenPart):
    """A part whose settings may stand under ``config`` too, as in a properties file."""

    @model_validator(mode="before")
    @classmethod
    def _config(cls, value: Any) -> Any:
        return _unfolded(value)


class ColumnGiven(Configured):
    """A declared column."""

    name: str
    """Its name."""
    description: str = ""
    """What it holds."""
    data_type: str | None = None
    """Its type."""
    meta: dict[str, Any] = {}
    """Meta, such as `classification: pii`."""
    tags: tuple[str, ...] = ()
    """Tags."""
    tests: tuple[TestText, ...] = Field((), validation_alias=AliasChoices("tests", "data_tests"))
    """Generic tests."""
    constraints: tuple[ConstraintGiven, ...] = ()
    """Contract constraints."""


class ContractGiven(GivenPart):
    """A model's contract."""

    enforced: StrictBool = False
    """Whether dbt enforces it."""


class ModelGiven(Configured):
    """A model, seed or snapshot."""

    name: str
    """Its name."""
    path: str | None = None
    """Its file; unset: `models/NAME.sql`."""
    resource_type: Literal["model", "seed", "snapshot"] = "model"
    """What it is."""
    description: str = ""
    """What it is about."""
    columns: tuple[ColumnGiven, ...] = ()
    """Declared columns."""
    tests: tuple[TestText, ...] = Field((), validation_alias=AliasChoices("tests", "data_tests"))
    """Generic tests of the model itself."""
    meta: dict[str, Any] = {}
    """Meta, such as `floe.layer: gold`."""
    tags: tuple[str, ...] = ()
    """Tags."""
    schema_: str | None = Field(None, alias="schema")
    """Its schema."""
    database: str | None = None
    """Its database."""
    materialized: str | None = None
    """Its materialization."""
    language: Literal["sql", "python"] = "sql"
    """What it is written in."""
    version: str | None = None
    """Its version, of a versioned model."""
    access: Literal["private", "protected", "public"] = "protected"
    """Who may refer to it."""
    group: str | None = None
    """Its group."""
    grants: dict[str, tuple[str, ...]] = {}
    """Privilege to grantees."""
    contract: ContractGiven = ContractGiven()
    """Its contract."""
    constraints: tuple[ConstraintGiven, ...] = ()
    """Contract constraints of the model."""
    primary_key: tuple[str, ...] = ()
    """The key that it states, as ``meta.floe.primary_key`` does."""
    freshness: StrictBool = False
    """Whether it has a freshness config of its own."""
    unit_tests: int = 0
    """How many unit tests it has."""
    singular_tests: int = 0
    """How many singular tests depend on it."""
    depends_on: tuple[str, ...] = ()
    """Models by name, and sources as `source.table`."""
    code: str = ""
    """Its SQL, for column lineage."""

    @field_validator("grants", mode="before")
    @classmethod
    def _one_grantee(cls, value: Any) -> Any:
        """dbt takes a single grantee without a list."""
        if isinstance(value, Mapping):
            return {key: (entry,) if isinstance(entry, str) else entry for key, entry in value.items()}
        return value


class SourceGiven(Configured):
    """A source table."""

    source: str
    """Name of the source."""
    name: str
    """Name of the table."""
    columns: tuple[ColumnGiven, ...] = ()
    """Declared columns."""
    meta: dict[str, Any] = {}
    """Meta."""
    tags: tuple[str, ...] = ()
    """Tags."""
    freshness: StrictBool = False
    """Whether a freshness threshold is declared."""


class GroupGiven(GivenPart):
    """A group."""

    name: str
    """Its name."""
    owner: str = ""
    """Name or address of its owner."""


class ExposureGiven(GivenPart):
    """Something outside dbt that depends on models."""

    name: str
    """Its name."""
    depends_on: tuple[str, ...] = ()
    """Models by name."""


class Given(GivenPart):
    """The project of a case."""

    manifest: str | None = None
    """A dbt manifest.json, relative to the file of the policy test; in the place of the rest."""
    project: str = "given"
    """Name of the project."""
    adapter: str | None = None
    """dbt adapter; unset: the platform's."""
    models: tuple[ModelGiven, ...] = ()
    """Models, seeds and snapshots."""
    sources: tuple[SourceGiven, ...] = ()
    """Source tables."""
    groups: tuple[GroupGiven, ...] = ()
    """Groups."""
    exposures: tuple[ExposureGiven, ...] = ()
    """Exposures."""


def assemble(given: Given, directory: Path) -> Project:
    """The facts of a case's project. `directory` is that of its file.

    Raises `UnknownName` for a dependency that the case does not give, and `ConfigurationError`
    where a manifest cannot be read.
    """
    if given.manifest is not None:
        from floe_engine.project.dbt_manifest import read_manifest

        path = directory / given.manifest
        return read_manifest(path, path.parent)
    ids = {_label(model): f"{model.resource_type}.{given.project}.{_label(model)}" for model in given.models}
    ids |= {f"{entry.source}.{entry.name}": _source_id(given, entry) for entry in given.sources}
    return Project(
        given.project,
        directory,
        tuple(_model(entry, ids, place) for place, entry in enumerate(given.models)),
        tuple(_source(given, entry) for entry in given.sources),
        exposures=tuple(
            Exposure(
                f"exposure.{given.project}.{entry.name}",
                entry.name,
                tuple(ids[name] for name in entry.depends_on if name in ids),
            )
            for entry in given.exposures
        ),
        groups=tuple(Group(entry.name, entry.owner) for entry in given.groups),
        adapter=given.adapter,
    )


def summary(given: Given) -> str:
    """A case's project in a few words."""
    if given.manifest is not None:
        return f"the dbt manifest {given.manifest}"
    names = [_label(model) for model in given.models]
    if len(names) > 3:
        return plural(len(names), "model")
    return ", ".join(names) or plural(len(given.sources), "source")


def _label(model: ModelGiven) -> str:
    return f"{model.name}.v{model.version}" if model.version else model.name


def _source_id(given: Given, entry: SourceGiven) -> str:
    return f"source.{given.project}.{entry.source}.{entry.name}"


def _model(entry: ModelGiven, ids: Mapping[str, str], place: int) -> Model:
    parents = []
    for name in entry.depends_on:
        if name not in ids:
            raise UnknownName(name, place)
        parents.append(ids[name])
    tests = [data_test(text, None, {}, {}) for text in entry.tests]
    for column in entry.columns:
        tests += [data_test(text, column.name, {}, {}) for text in column.tests]
    enabled = [test for test in tests if test is not None and test.enabled]
    path = entry.path or f"models/{entry.name}.{'py' if entry.language == 'python' else 'sql'}"
    described = bool(entry.description or entry.columns or entry.tests or entry.meta)
    differing: dict[str, Any] = {
        "unique_id": ids[_label(entry)],
        "path": path,
        "properties_path": "models/schema.yml" if described else None,
        "columns": tuple(map(_column, entry.columns)),
        "tests": tuple(test for test in enabled if not test.idle),
        "idle_tests": tuple(test for test in enabled if test.idle),
        "meta": {**({KEY_META: list(entry.primary_key)} if entry.primary_key else {}), **entry.meta},
        "tags": frozenset(entry.tags),
        "schema": entry.schema_,
        "contract_enforced": entry.contract.enforced,
        "constraints": tuple(Constraint(c.type, c.columns) for c in entry.constraints),
        "has_freshness": entry.freshness,
        "parents": tuple(parents),
        "compiled": bool(entry.code),
        "checksum": entry.code,
    }
    alike = {name: said for name, said in entry if name in Model.__struct_fields__}
    return Model(**{**alike, **differing})


def _source(given: Given, entry: SourceGiven) -> Source:
    return Source(
        _source_id(given, entry),
        entry.source,
        entry.name,
        path="models/sources.yml",
        columns=tuple(_column(column) for column in entry.columns),
        meta=entry.meta,
        tags=frozenset(entry.tags),
        has_freshness=entry.freshness,
    )


def _column(entry: ColumnGiven) -> Column:
    return Column(
        entry.name,
        description=entry.description,
        data_type=entry.data_type,
        meta=entry.meta,
        tags=frozenset(entry.tags),
        constraints=tuple(Constraint(c.type, c.columns or (entry.name,)) for c in entry.constraints),
    )
