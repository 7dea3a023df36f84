"""A dbt project as policy sees it, whichever reader the facts came from.

Values only. What a project has thousands of, and what can be in no circle, the collector is told to
leave alone (`gc=False`), and kept they leave out what is by default (`omit_defaults`). Names are dbt's:
model, seed, snapshot, source, exposure, macro, semantic model, test, group, access, grant, contract, meta,
tag. Names of columns and tests are compared case-insensitively; use `folded`.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, MutableMapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from msgspec import Struct, field
from msgspec.structs import replace

if TYPE_CHECKING:
    from floe_engine.project.catalog_file import Catalog
    from floe_engine.project.folder_configs import FolderConfigs
    from floe_engine.project.jinja.templates import Templates

ResourceType = Literal["model", "seed", "snapshot"]
Reader = Literal["manifest", "static"]

NO_TAGS: frozenset[str] = frozenset()
"""One for all that have none: an empty frozenset is not the other."""


@lru_cache(maxsize=65_536)
def folded(name: str) -> str:
    """`name` without quotes and backticks, lower case: how two identifiers are compared."""
    return name.strip('"`[]').casefold()


class DataTest(Struct, frozen=True, gc=False, omit_defaults=True):
    """A generic test as attached to a model or one of its columns.

    `name` has its package where it comes from one: ``not_null``, ``dbt_utils.recency``.
    """

    name: str
    column: str | None = None
    """As written, on a column test; None on a model test."""
    arguments: Mapping[str, Any] = {}
    severity: Literal["error", "warn"] = "error"
    enabled: bool = True
    idle: str = ""
    """Why it can never fail, whatever the data: ``where: 1 = 0 is true of no row``."""
    lets_pass: str = ""
    """What it does not see, as the end of a sentence: ``lets 10 failing rows pass``."""
    title: str = ""
    """The name that its author gave it; empty where dbt makes one."""
    where: str = ""
    """Which rows it looks at; empty: all."""
    meta: Mapping[str, Any] = {}
    tags: frozenset[str] = NO_TAGS


class Constraint(Struct, frozen=True, gc=False, omit_defaults=True):
    """A contract constraint of a model or column (dbt 1.5): ``not_null``, ``primary_key`` …"""

    kind: str
    columns: tuple[str, ...] = ()


class Column(Struct, frozen=True, gc=False, omit_defaults=True):
    """A declared column. `line` is where its properties file declares it (1-based, 0: unknown)."""

    name: str
    description: str = ""
    data_type: str | None = None
    meta: Mapping[str, Any] = {}
    """``meta`` and ``config.meta`` merged; the latter wins."""
    tags: frozenset[str] = NO_TAGS
    constraints: tuple[Constraint, ...] = ()
    line: int = 0

    @property
    def folded(self) -> str:
        """The name for comparing."""
        return folded(self.name)


class Source(Struct, frozen=True, omit_defaults=True):
    """A source table."""

    unique_id: str
    source_name: str
    name: str
    path: str = ""
    line: int = 0
    description: str = ""
    columns: tuple[Column, ...] = ()
    tests: tuple[DataTest, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    tags: frozenset[str] = NO_TAGS
    has_freshness: bool = False
    """Whether warn_after or error_after names a count (dbt writes empty objects)."""
    freshness: Mapping[str, Any] = field(default_factory=dict)
    """``warn_after`` and ``error_after`` as ``{count, period}``, each where it names a count."""
    loader: str = ""
    """What loads it (``loader``), in words."""
    tells_age: bool = True
    """Whether a column or a query tells when its rows were loaded (``loaded_at_field``)."""
    relation: str = ""
    """Its table as compiled SQL names it; empty where the reader cannot know."""
    source_description: str = ""
    """The description of the source that the table belongs to."""
    labels: Mapping[str, Any] = field(default_factory=dict)
    """``config.labels``."""
    database: str | None = None
    """None where only the profile gives it."""
    schema: str = ""
    identifier: str = ""
    """The table's name in the warehouse."""
    table_columns: tuple[str, ...] | None = None
    """Columns of its table where somebody told them; else see `Project.table_columns`."""

    @property
    def label(self) -> str:
        """How findings name it: its name after its source's."""
        return f"{self.source_name}.{self.name}"


class ModelRef(Struct, frozen=True, gc=False, omit_defaults=True):
    """A ``ref`` as written: the name of a model, and the version that it asks for; None: the latest."""

    name: str
    version: str | None = None


class Unread(Struct, frozen=True):
    """Something that only dbt could follow, and where it stands."""

    what: str
    path: str
    line: int
    """1-based."""

    def __str__(self) -> str:
        return f"{self.what} ({self.path}:{self.line})"


class Model(Struct, frozen=True, dict=True, omit_defaults=True):
    """A model, seed or snapshot of the project itself (never of an installed package)."""

    unique_id: str
    name: str
    path: str
    """Of the SQL, Python or CSV file, POSIX, relative to the project directory."""
    resource_type: ResourceType = "model"
    properties_path: str | None = None
    """The YAML file that describes it; None where none does."""
    line: int = 0
    """Where `properties_path` describes it (1-based); 0: unknown."""
    description: str = ""
    columns: tuple[Column, ...] = ()
    tests: tuple[DataTest, ...] = ()
    """Model and column tests that are enabled and can fail, column tests with their column."""
    idle_tests: tuple[DataTest, ...] = ()
    """Those that are enabled and can never fail: they hold nothing up."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    tags: frozenset[str] = NO_TAGS
    schema: str | None = None
    database: str | None = None
    materialized: str | None = None
    language: Literal["sql", "python"] = "sql"
    version: str | None = None
    access: Literal["private", "protected", "public"] = "protected"
    group: str | None = None
    grants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    contract_enforced: bool = False
    constraints: tuple[Constraint, ...] = ()
    has_freshness: bool = False
    """A model-level ``freshness`` config (dbt 1.10)."""
    unit_tests: int = 0
    singular_tests: int = 0
    parents: tuple[str, ...] = ()
    """unique_ids of the nodes and sources that it selects from."""
    unread: Unread | None = None
    """What only dbt could follow, so that a parent may be missing: ``macro m() (models/a.sql:3)``."""
    code: str = ""
    """Compiled code where there is some, else raw code; empty where the reader has none."""
    compiled: bool = False
    raw_code: str = ""
    """The code before compilation, where `code` is compiled; empty where that is raw itself."""
    checksum: str = ""
    relation: str = ""
    """Its table as compiled SQL names it; empty where the reader cannot know."""
    alias: str = ""
    """Its name in the warehouse; empty where only dbt could tell it."""
    has_alias: bool = False
    """Whether somebody set it."""
    labels: Mapping[str, Any] = field(default_factory=dict)
    latest_version: str | None = None
    """Of a model with versions, the one that its bare name means."""
    unique_key: tuple[str, ...] = ()
    """Of an incremental model or a snapshot."""
    strategy: str = ""
    """How an incremental model or a snapshot finds what is new."""
    updated_at: str = ""
    check_cols: tuple[str, ...] = ()
    """Of a snapshot; one ``all`` for all columns."""
    references: tuple[ModelRef, ...] = ()
    """What it names with ``ref``."""
    macros: tuple[str, ...] | None = None
    """Macros that it calls, by dbt's own account and with their package; None: only dbt could tell."""
    table_columns: tuple[str, ...] | None = None
    """Columns of its table where somebody told them; else see `Project.table_columns`."""
    unread_configs: tuple[str, ...] = ()
    """Config keys whose value only dbt could tell; ``*`` where any may be set."""

    @cached_property
    def label(self) -> str:
        """How findings name it: its name, and a version after a dot."""
        return f"{self.name}.v{self.version}" if self.version else self.name

    @cached_property
    def columns_by_name(self) -> dict[str, Column]:
        """Folded name to column."""
        return {folded(column.name): column for column in self.columns}

    @property
    def where(self) -> tuple[str, int]:
        """The best place to show a reader: the properties file, else the model's own file."""
        if self.properties_path and self.line:
            return self.properties_path, self.line
        return self.path, 1


class Beside(Struct, frozen=True, omit_defaults=True):
    """What stands beside the nodes of a project: data neither comes from it nor is kept in it."""

    kind: ClassVar[str]
    unique_id: str
    name: str
    parents: tuple[str, ...] = ()
    """unique_ids of what it reads, tests or is made on; a macro has none."""
    path: str = ""
    """Of the file that says it."""
    line: int = 0
    """Where its properties file describes it (1-based); 0: unknown."""
    description: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How findings name it: as dbt's selectors do."""
        return f"{self.kind}:{self.name}"


class Exposure(Beside, frozen=True, omit_defaults=True):
    """Something outside dbt that depends on models: a dashboard, an application."""

    kind = "exposure"
    type: str = ""
    """``dashboard``, ``notebook``, ``analysis``, ``ml`` or ``application``."""
    label_text: str = ""
    """Its ``label``."""
    maturity: str = ""
    url: str = ""
    owner_name: str = ""
    owner_email: str = ""
    """The first, where there are several."""
    tags: frozenset[str] = NO_TAGS


class Argument(Struct, frozen=True, gc=False):
    """An argument of a macro, as its properties file describes it."""

    name: str
    type: str = ""
    description: str = ""


class Macro(Beside, frozen=True, omit_defaults=True):
    """A macro, a generic test (``test_…``) or a materialization (``materialization_…``) of the project."""

    kind = "macro"
    properties_path: str | None = None
    arguments: tuple[Argument, ...] = ()
    """Those that the properties file describes."""
    code: str = ""
    """From its opening tag to its closing one."""
    used_by: tuple[str, ...] | None = None
    """unique_ids of the nodes and macros that call it, of any package; None: only dbt could tell."""

    @property
    def where(self) -> tuple[str, int]:
        """The best place to show a reader: the properties file, else the macro's own file."""
        if self.properties_path and self.line:
            return self.properties_path, self.line
        return self.path, 1


class SemanticModel(Beside, frozen=True, omit_defaults=True):
    """A semantic model (dbt 1.6): what a model means in entities, dimensions and measures."""

    kind = "semantic_model"
    label_text: str = ""
    """Its ``label``."""
    entities: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()


class UnitTest(Beside, frozen=True, omit_defaults=True):
    """A unit test of one model, or of one version of it."""

    kind = "unit_test"
    given: tuple[tuple[str, str], ...] = ()
    """Each input as written, and the format of its rows: ``("ref('orders')", "csv")``."""
    expected_format: str = "dict"
    tags: frozenset[str] = NO_TAGS


class ProjectTest(Beside, frozen=True, gc=False, omit_defaults=True):
    """A data test as a resource of its own: one on a model or a source, or one written as a query.

    `name` is dbt's; the static reader's where the author gave none is near it.
    """

    kind = "test"
    test: str = ""
    """Which generic test it is, ``dbt_utils.recency``; empty for a query."""
    column: str | None = None
    severity: Literal["error", "warn"] = "error"
    where: str = ""
    tags: frozenset[str] = NO_TAGS


class Group(Struct, frozen=True):
    """A dbt group and its owner (e-mail or name; empty where none is given)."""

    name: str
    owner: str = ""


class Project(Struct, frozen=True, dict=True):
    """Everything known of one dbt project."""

    name: str
    directory: Path
    models: tuple[Model, ...]
    sources: tuple[Source, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    macros: tuple[Macro, ...] = ()
    semantic_models: tuple[SemanticModel, ...] = ()
    unit_tests: tuple[UnitTest, ...] = ()
    tests: tuple[ProjectTest, ...] = ()
    groups: tuple[Group, ...] = ()
    adapter: str | None = None
    """The dbt adapter, such as ``duckdb``; None where the static reader cannot know."""
    catalog: Catalog | None = None
    """What dbt has seen in the warehouse; None for a project that was made up."""
    reader: Reader = "manifest"
    reason: str = ""
    """Why this reader: ``target/manifest.json is newer than every project file``."""
    warnings: tuple[str, ...] = ()
    """What a reader had to leave out or guess."""
    templates: Templates | None = None
    """What the project's SQL is read with, where files were read; a manifest has none."""
    folder_configs: FolderConfigs | None = None
    """What dbt_project.yml says of folders; None where nobody read it."""
    manifest: Path | None = None
    """The manifest.json that told all this; None where files did."""

    @cached_property
    def traces(self) -> dict[Any, Any]:
        """What `lineage.traces` has read of its models' SQL, for whoever judges it next."""
        return {}

    def table_columns(self, node: Model | Source) -> tuple[str, ...] | None:
        """The columns of a node's table; None: nobody told, see `no_tables`."""
        if node.table_columns is not None or self.catalog is None:
            return node.table_columns
        return self.catalog.columns(node.unique_id)

    @property
    def no_tables(self) -> str:
        """Why nothing is known of a table's columns; empty for a project that was made up."""
        return self.catalog.lacks if self.catalog is not None else ""

    @cached_property
    def by_id(self) -> MutableMapping[str, Model | Source]:
        """unique_id to model or source."""
        nodes: tuple[Model | Source, ...] = (*self.models, *self.sources)
        return {node.unique_id: node for node in nodes}

    def with_node(self, node: Model | Source, *, listed: bool) -> Project:
        """The project with a node in the place of the one that has its unique_id, and the same lineage.

        Where it need not be `listed`, only `by_id` has it: copying thousands of nodes for one takes time.
        """
        project = replace(self)
        if listed and isinstance(node, Model):
            models = (node if each.unique_id == node.unique_id else each for each in self.models)
            project = replace(self, models=tuple(models))
        elif listed:
            sources = (node if each.unique_id == node.unique_id else each for each in self.sources)
            project = replace(self, sources=tuple(sources))
        project.__dict__.update(by_id=ChainMap({node.unique_id: node}, self.by_id), children=self.children)
        return project

    @property
    def beside(self) -> tuple[Beside, ...]:
        """What stands beside its nodes, kind by kind."""
        return (*self.exposures, *self.macros, *self.semantic_models, *self.unit_tests, *self.tests)

    @cached_property
    def children(self) -> dict[str, tuple[str, ...]]:
        """unique_id to the unique_ids of the models and exposures directly downstream."""
        found: dict[str, list[str]] = {}
        nodes: tuple[Model | Exposure, ...] = (*self.models, *self.exposures)
        for node in nodes:
            for parent in node.parents:
                found.setdefault(parent, []).append(node.unique_id)
        return {key: tuple(value) for key, value in found.items()}

    def downstream(self, unique_id: str) -> Iterator[str]:
        """unique_ids of everything that depends on a node, nearest first, each once."""
        seen = {unique_id}
        queue = [unique_id]
        while queue:
            current = queue.pop(0)
            for child in self.children.get(current, ()):
                if child not in seen:
                    seen.add(child)
                    queue.append(child)
                    yield child
