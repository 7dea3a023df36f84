"""`governance`, by kind of resource: what sources, exposures, macros and models owe beside tests, and how
models hang together and are built. All of it is off until a platform asks."""

from typing import Annotated

from floe_engine.manifest.base import Count, Settings, Switch, Text
from floe_engine.manifest.laws import AtLeast, AtMost, Fixed, Keyed, OnlyOn, Subset, Superset
from floe_engine.manifest.terms import (
    BuildDemand,
    CodeFault,
    Complete,
    Described,
    ExposureDemand,
    GraphFault,
    Kept,
    MacroDemand,
    PlaceDemand,
    SemanticDemand,
    SourceDemand,
    Tagged,
)


class MetaKey(Settings, frozen=True, kw_only=True):
    """A key of `meta`."""

    key: Annotated[Text, Fixed()]
    """Its name; `contact.mail` is `mail` within `contact`."""

    pattern: Annotated[Text | None, Fixed(other="RSC007")] = None
    """Regular expression that its value matches as a whole, as each of them does where it is a list; unset:
    any value that is not empty."""


class Documentation(Settings, frozen=True, kw_only=True):
    """What is written about resources of each kind."""

    descriptions: Annotated[dict[Described, Count], AtLeast(tighter="RSC001", looser="RSC002")] = {}
    """Least number of characters of a description, by kind of resource: `{source: 1, macro: 20}`. A `source`
    is a table of one, a `source_group` the source that tables belong to, an `argument` one of a macro that a
    properties file lists. `none`, `null` and `n/a` describe nothing."""

    meta: Annotated[dict[Kept, tuple[MetaKey, ...]], Keyed(by="key", tighter="RSC003", looser="RSC004")] = {}
    """Keys of `meta`, by kind of resource: `{exposure: [{key: team, pattern: "(core|web)"}]}`."""

    tags: Annotated[dict[Tagged, tuple[Text, ...]], Superset(tighter="RSC005", looser="RSC006")] = {}
    """Tags, by kind of resource: `{source: [reviewed]}`."""

    complete_columns: Annotated[tuple[Complete, ...], Superset(tighter="RSC010", looser="RSC011")] = ()
    """Kinds of resources that declare every column of their table, as `dbt docs generate` found it. Models
    are asked by `quality_gates.require_declared_columns`."""

    one_description: Annotated[Switch, OnlyOn(tighter="RSC008", looser="RSC009")] = False
    """Whether columns of one name are described in the same words in every model that describes them."""


class Sources(Settings, frozen=True, kw_only=True):
    """What tables of sources owe."""

    require: Annotated[tuple[SourceDemand, ...], Superset(tighter="SRC001", looser="SRC002")] = ()
    """`freshness`: it is said how old rows may be. `loader`: what loads it. `tests`: it has a test. `used`:
    something selects from it. `one_child`: no more than one model does. `same_folder`: models that do lie in
    the folder of its file. `unique`: it is declared once."""


class Exposures(Settings, frozen=True, kw_only=True):
    """What exposures owe."""

    require: Annotated[tuple[ExposureDemand, ...], Superset(tighter="EXP001", looser="EXP002")] = ()
    """`owner`: somebody answers for it. `owner_email`: with an address. `parents`: it reads something.
    `public_parents`: public models alone. `no_views`: nothing that is worked out when it is read.
    `no_sources`: nothing that dbt does not build."""


class SemanticModels(Settings, frozen=True, kw_only=True):
    """What semantic models owe."""

    require: Annotated[tuple[SemanticDemand, ...], Superset(tighter="SEM001", looser="SEM002")] = ()
    """`public_parents`: they are made on public models alone."""


class Graph(Settings, frozen=True, kw_only=True):
    """How models may hang together."""

    max_children: Annotated[Count | None, AtMost(tighter="DAG001", looser="DAG002")] = None
    """Most models that may select from one; unset: any number."""

    min_children: Annotated[Count | None, AtLeast(tighter="DAG003", looser="DAG004")] = None
    """Least models and snapshots that select from each; unset: none."""

    max_sources: Annotated[Count | None, AtMost(tighter="DAG005", looser="DAG006")] = None
    """Most tables of sources that one model may select from; unset: any number."""

    max_view_chain: Annotated[Count | None, AtMost(tighter="DAG007", looser="DAG008")] = None
    """Most views and ephemeral models right above one another, above a model; unset: any number."""

    forbid: Annotated[tuple[GraphFault, ...], Superset(tighter="DAG009", looser="DAG010")] = ()
    """`rejoining`: to select from what a parent selects from that nobody else reads. `roots`: to select from
    nothing. `mixed_parents`: to select from a source and a model. `unpinned_refs`: to select from a model of
    several versions without saying which."""


class Materialization(Settings, frozen=True, kw_only=True):
    """How models and snapshots are built."""

    allowed: Annotated[tuple[Text, ...] | None, Subset(tighter="BLD001", looser="BLD002")] = None
    """How models may be built, such as `[view, table, incremental]`; unset: any way. A layer's own
    `materializations` hold beside it."""

    require: Annotated[tuple[BuildDemand, ...], Superset(tighter="BLD003", looser="BLD004")] = ()
    """`incremental_key`: incremental models have a `unique_key`. `snapshot_key`: snapshots have one."""

    max_children_of_view: Annotated[Count | None, AtMost(tighter="BLD005", looser="BLD006")] = None
    """Most models that may select from one view or ephemeral model; unset: any number."""

    snapshot_strategies: Annotated[tuple[Text, ...] | None, Subset(tighter="BLD007", looser="BLD008")] = None
    """How snapshots may find what is new (`timestamp`, `check`), and they say the column or columns that it
    needs; unset: any way."""


class Code(Settings, frozen=True, kw_only=True):
    """What models' own files may say."""

    forbid: Annotated[tuple[CodeFault, ...], Superset(tighter="COD001", looser="COD002")] = ()
    """`select_star`: to take all columns. `cartesian_joins`: to join without a condition on columns.
    `final_semicolon`: to end with a semicolon."""

    forbidden_patterns: Annotated[tuple[Text, ...], Superset(tighter="COD003", looser="COD004")] = ()
    """Regular expressions that are found nowhere in a file, such as `(?i)\\bcurrent_date\\b`."""

    max_lines: Annotated[Count | None, AtMost(tighter="COD005", looser="COD006")] = None
    """Most lines of a model's file; unset: any number."""


class Macros(Settings, frozen=True, kw_only=True):
    """What macros owe."""

    require: Annotated[tuple[MacroDemand, ...], Superset(tighter="MAC001", looser="MAC002")] = ()
    """`used`: something calls it. `file_name`: its file has its name."""

    max_arguments: Annotated[Count | None, AtMost(tighter="MAC003", looser="MAC004")] = None
    """Most arguments of one; unset: any number."""

    max_lines: Annotated[Count | None, AtMost(tighter="MAC005", looser="MAC006")] = None
    """Most lines of one; unset: any number."""


class Structure(Settings, frozen=True, kw_only=True):
    """Where the files of models lie."""

    require: Annotated[tuple[PlaceDemand, ...], Superset(tighter="STR001", looser="STR002")] = ()
    """`properties_file`: a YAML file describes it. `beside`: that lies in the model's folder. `layer_folder`:
    a model whose name places it in a layer lies in a folder of that layer (one of its name, or of its
    `paths`)."""


class ColumnTest(Settings, frozen=True, kw_only=True):
    """Columns whose name matches have a test."""

    pattern: Annotated[Text, Fixed()]
    """Regular expression, matched against the whole name of a column without regard to case."""

    test: Annotated[Text, Fixed()]
    """The test, by its name: `relationships`, `dbt_utils.not_empty_string`."""
