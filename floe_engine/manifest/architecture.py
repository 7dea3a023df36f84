"""`data_architecture`: the layers that models flow through, and how models are named."""

from typing import Annotated, Literal

from floe_engine.manifest.base import (
    AnyNamespace,
    LayerOrSource,
    Name,
    Percent,
    Place,
    Settings,
    TestName,
    Text,
)
from floe_engine.manifest.laws import AtLeast, Fixed, Free, Ranked, Subset, Superset
from floe_engine.manifest.terms import STRICTNESS, Enforcement, Pattern

_MEMBERS = Free(because="where its models lie is for each team to say", other="LAY010")


class Layer(Settings, frozen=True, kw_only=True):
    """One layer: how its models are recognised and what they owe. Unset keys keep the pattern's."""

    prefix: Annotated[Text | None, Fixed(), Place("naming-rules.prefixes.*", reshaped=True)] = None
    """Name prefix of the layer's models, such as `gold_`. No prefix may begin another layer's."""

    prefixes: Annotated[tuple[Text, ...], Subset(), Place("naming-rules.more_prefixes.*", reshaped=True)] = ()
    """Several prefixes instead of one; the first is the one that suggestions use."""

    paths: Annotated[tuple[Text, ...], _MEMBERS, Place("naming-rules.aliases.*.paths")] = ()
    """Folders (globs over the model's path) whose models belong here when their names do not say."""

    tags: Annotated[tuple[Text, ...], _MEMBERS, Place("naming-rules.aliases.*.tags")] = ()
    """dbt tags whose models belong here when neither name nor folder says."""

    schemas: Annotated[tuple[Text, ...], _MEMBERS, Place("naming-rules.aliases.*.schemas")] = ()
    """Schemas whose models belong here when nothing else says."""

    required_tests: Annotated[
        tuple[TestName, ...] | None, Superset(tighter="TST001", looser="TST002"), Place(worked_out=True)
    ] = None
    """Tests every model of the layer has: `not_null_pk`, `unique_pk`, `freshness`, `documentation`,
    `relationships`, `contract`, `unit_test`, or the name of a dbt test of your own."""

    minimum_test_coverage: Annotated[Percent | None, AtLeast()] = None
    """Least test coverage of the layer's models, in per cent; unset: the platform's."""

    catalog_namespace: Annotated[
        AnyNamespace | None,
        Free(because="tables move, and nothing is laxer", other="NSP003"),
        Place("namespaces.layers.*", reshaped=True),
    ] = None
    """Catalog namespace the layer's tables live in; unset: the layer's name."""

    may_depend_on: Annotated[
        tuple[LayerOrSource, ...] | None, Subset(tighter="LAY003", looser="LAY004", provided=True)
    ] = None
    """Layers (and `source`) whose tables the layer's models may select from."""

    materializations: Annotated[tuple[Text, ...] | None, Subset(tighter="LAY011", looser="LAY012")] = None
    """How the layer's models may be built, such as `[table, incremental]`; unset: any way."""

    @property
    def all_prefixes(self) -> tuple[str, ...]:
        """`prefix` and `prefixes` together, each once, in order."""
        first = (self.prefix,) if self.prefix else ()
        return tuple(dict.fromkeys(first + self.prefixes))


class Naming(Settings, frozen=True, kw_only=True):
    """How models are named."""

    enforcement: Annotated[
        Enforcement, Ranked(order=STRICTNESS, top="NAM001", tighter="NAM002", looser="NAM003")
    ] = "warn"
    """Whether a name that breaks the rules is ignored, a warning or an error."""

    name_pattern: Annotated[Text, Fixed(other="NAM013")] = "[a-z0-9_]+"
    """Regular expression for what follows the layer's prefix; it has to match as a whole."""

    applies_to: Annotated[
        tuple[Literal["model", "seed", "snapshot"], ...], Superset(tighter="NAM016", looser="NAM017")
    ] = ("model",)
    """Kinds of dbt nodes whose names are judged."""

    custom_patterns: Annotated[tuple[Text, ...], Subset(tighter="NAM014", looser="NAM015")] = ()
    """Regular expressions for whole names, any of which may match; required with `pattern: custom`."""


class DataArchitecture(Settings, frozen=True, kw_only=True):
    """The platform's data architecture."""

    pattern: Annotated[Pattern, Fixed(other="ARC001")] = "medallion"
    """Which default layers there are: `medallion` (bronze, silver, gold), `kimball` (staging,
    intermediate, dimension, fact), `data_vault` (staging, hub, link, satellite, mart), `custom` (none)."""

    layers: Annotated[dict[Name, Layer], Place("layer-constraints")] = {}
    """Changes to the pattern's layers, and further layers, by name."""

    naming: Annotated[Naming, Place("naming-rules")] = Naming()
    """How models are named."""
