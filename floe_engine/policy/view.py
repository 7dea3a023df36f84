"""A project through the eyes of a platform: everything that several rules ask, worked out once.

Facts and settings only; nothing here says whether they are good.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping
from copy import copy
from functools import cached_property
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.artifact.sections import LayerConstraint, LevelRule
from floe_engine.policy.freshness import Roots, roots
from floe_engine.policy.graph import downstream_counts, parents_first
from floe_engine.policy.keys import Key, combination, key_of
from floe_engine.policy.layering import Layering, Placement
from floe_engine.policy.levels import Declaration, Levels
from floe_engine.project.facts import (
    Beside,
    DataTest,
    Exposure,
    Macro,
    Model,
    Project,
    ProjectTest,
    SemanticModel,
    Source,
    UnitTest,
    folded,
)
from floe_engine.text import plural

_Key = TypeVar("_Key")
_Result = TypeVar("_Result")
_Node = TypeVar("_Node", Model, Source)
_Made = TypeVar("_Made", Exposure, SemanticModel, UnitTest, ProjectTest)


class Share(Struct, frozen=True):
    """How many of how many: tested columns, models or keys."""

    tested: int = 0
    total: int = 0
    bare: int = 0
    """Models without columns where that counts as a failure: no number of tested columns makes up."""

    def __add__(self, other: Share) -> Share:
        return Share(self.tested + other.tested, self.total + other.total, self.bare + other.bare)

    def __bool__(self) -> bool:
        return bool(self.total or self.bare)

    @property
    def percent(self) -> float | None:
        """In per cent; None where there is nothing to count."""
        if not self.total:
            return 0.0 if self.bare else None
        return 100 * self.tested / self.total

    def reaches(self, minimum: int) -> bool:
        """Whether at least `minimum` per cent are tested, without rounding; nothing counts as all."""
        return self.tested * 100 >= minimum * self.total and not (self.bare and minimum)

    def __str__(self) -> str:
        counted = f"{self.tested} of {self.total} ({100 * self.tested // self.total}%)" if self.total else ""
        bare = f"{plural(self.bare, 'model')} without columns" if self.bare else ""
        return " and ".join(filter(None, (counted, bare))) or "nothing to count"


class View:
    """One project against one platform. `selected` are the unique_ids to judge (None: all).

    The whole project stays visible to lineage, whatever is selected.
    """

    def __init__(
        self,
        platform: Platform,
        project: Project,
        selected: Collection[str] | None = None,
    ) -> None:
        self.platform = platform
        self.project = project
        self.narrowed = selected is not None
        """Whether only a part is judged, so that sums over the project would mislead."""
        self.resources = _among(project.models, selected)
        """Models, seeds and snapshots to judge."""
        self.models: tuple[Model, ...] = tuple(
            node for node in self.resources if node.resource_type == "model"
        )
        self.sources = _among(project.sources, selected)
        self.exposures = self._on(project.exposures, selected)
        self.semantic_models = self._on(project.semantic_models, selected)
        self.unit_tests = self._on(project.unit_tests, selected)
        self.tests = self._on(project.tests, selected)
        """Those to judge: where a part is selected, those of what is."""
        self.macros: tuple[Macro, ...] = () if self.narrowed else project.macros
        self.adapter = project.adapter or platform_adapter(platform)
        self._required: dict[tuple[str | None, str], Mapping[str, str]] = {}
        self._forget()

    def _forget(self) -> None:
        """Begin to work out anew what is asked of nodes."""
        self._once: dict[Callable[[View], Any], Any] = {}
        self._once_of: dict[Callable[[Any, View], Any], dict[Any, Any]] = {}
        self._keys: dict[str, Key | None] = {}
        self._shares: dict[str, Share] = {}

    @staticmethod
    def _on(found: tuple[_Made, ...], selected: Collection[str] | None) -> tuple[_Made, ...]:
        return tuple(
            each for each in found if selected is None or any(parent in selected for parent in each.parents)
        )

    @cached_property
    def layering(self) -> Layering:
        """How models are placed in layers."""
        return self.platform.once(Layering)

    @cached_property
    def levels(self) -> Levels:
        """The levels of sensitivity, and how they are declared."""
        return Levels(self.platform.classification)

    @property
    def nodes(self) -> tuple[Model | Source, ...]:
        """Everything with columns that is to be judged."""
        return (*self.resources, *self.sources)

    # --- what would be otherwise

    def alone(self, node: Model | Source) -> View:
        """A view of one node and nothing else: it tells the node's layer and levels."""
        models = (node,) if isinstance(node, Model) else ()
        sources = (node,) if isinstance(node, Source) else ()
        found = View(self.platform, Project(self.project.name, self.project.directory, models, sources))
        found.layering, found.levels = self.layering, self.levels
        return found

    def otherwise(self, alone: View, near: Collection[str] | None, *, listed: bool) -> View:
        """A view of the project with the node that is seen `alone` in its place, and the same lineage.

        Judged is only what is `near` of what is judged here, by unique_id (None: all of it). `listed` says
        whether those who walk all models or sources meet the other node too.
        """
        trial = copy(self)
        trial.project = self.project.with_node(alone.nodes[0], listed=listed)
        trial.placements = ChainMap(alone.placements, self.placements)
        trial.declared = ChainMap(alone.declared, self.declared)
        trial.declared_columns = ChainMap(alone.declared_columns, self.declared_columns)
        trial.highest = ChainMap(alone.highest, self.highest)
        trial._forget()  # noqa: SLF001  # it is one of these
        judged = self.once(_judged)
        nodes = [trial.project.by_id[each] for each in (judged if near is None else near) if each in judged]
        trial.resources = tuple(each for each in nodes if isinstance(each, Model))
        trial.models = tuple(each for each in trial.resources if each.resource_type == "model")
        trial.sources = tuple(each for each in nodes if isinstance(each, Source))
        if near is not None:
            for kind, by_parent in self.once(_beside).items():
                setattr(trial, kind, _of(near, by_parent))
            trial.macros = ()
        return trial

    # --- lineage

    @cached_property
    def order(self) -> tuple[Model, ...]:
        """All models, seeds and snapshots, parents first."""
        return parents_first(self.project.models)

    @cached_property
    def downstream(self) -> dict[str, int]:
        """unique_id to how many models and exposures depend on it."""
        return downstream_counts(self.project, self.order)

    @cached_property
    def freshness(self) -> dict[str, Roots]:
        """unique_id to the sources that a node's data comes from."""
        return roots(self.project, self.order, self.adapter)

    # --- layers

    @cached_property
    def placements(self) -> MutableMapping[str, Placement]:
        """unique_id to the layer of each model, seed and snapshot."""
        return {node.unique_id: self.layering.place(node) for node in self.project.models}

    def layer(self, model: Model) -> str | None:
        """The layer of a model of the project."""
        return self.placements[model.unique_id].layer

    def constraint(self, model: Model) -> LayerConstraint | None:
        """What holds for the layer of a model."""
        layer = self.layer(model)
        return self.platform.layers.get(layer) if layer else None

    def namespace(self, model: Model) -> str | None:
        """The catalog namespace of a model: its layer's, else its schema where that is one."""
        layer = self.layer(model)
        if layer is not None:
            return self.platform.namespaces.layers.get(layer, layer)
        schema = (model.schema or "").casefold()
        return next((name for name in self.platform.namespaces.namespaces if name.casefold() == schema), None)

    # --- classification

    @cached_property
    def declared(self) -> MutableMapping[str, Declaration | None]:
        """unique_id to the level that each node declares for itself."""
        nodes = self.project.by_id.values()
        return {node.unique_id: self.levels.declared(node.meta, node.tags) for node in nodes}

    @cached_property
    def declared_columns(self) -> MutableMapping[str, dict[str, Declaration]]:
        """unique_id to the levels that its columns declare, by folded column name."""
        found = {}
        for node in self.project.by_id.values():
            levels = {}
            for column in node.columns:
                if column.meta or column.tags:
                    level = self.levels.declared(column.meta, column.tags)
                    if level is not None:
                        levels[column.folded] = level
            found[node.unique_id] = levels
        return found

    @cached_property
    def highest(self) -> MutableMapping[str, Declaration]:
        """unique_id to the most sensitive known level of each node and its columns, else the default."""
        default, by_column = self.levels.default, self.declared_columns
        result = {}
        for unique_id, own in self.declared.items():
            highest = own if own is not None and own.known else None
            for level in by_column[unique_id].values():
                if level.known and (highest is None or level.rank > highest.rank):
                    highest = level
            result[unique_id] = highest or default
        return result

    def level_rule(self, model: Model) -> LevelRule | None:
        """What holds for the highest level of a model."""
        return self.platform.classification.rules.get(self.highest[model.unique_id].level)

    def once(self, work_out: Callable[[View], _Result]) -> _Result:
        """What `work_out` makes of this view, worked out once however many rules ask for it."""
        try:
            found: _Result = self._once[work_out]
        except KeyError:
            found = self._once[work_out] = work_out(self)
        return found

    def once_of(self, work_out: Callable[[_Key, View], _Result], key: _Key) -> _Result:
        """What `work_out` makes of one of many things in this view, worked out once for each."""
        known: dict[_Key, _Result] = self._once_of.setdefault(work_out, {})
        if key not in known:
            known[key] = work_out(key, self)
        return known[key]

    # --- tests

    def key(self, model: Model) -> Key | None:
        """The key of a model."""
        unique_id = model.unique_id
        if unique_id not in self._keys:
            self._keys[unique_id] = key_of(model, self.adapter)
        return self._keys[unique_id]

    def required_tests(self, model: Model) -> Mapping[str, str]:
        """Required test to who asks for it: every model, the layer, or the classification level."""
        layer, level = self.layer(model), self.highest[model.unique_id].level
        if (layer, level) not in self._required:
            required = dict.fromkeys(self.platform.gates.required_tests, "every model")
            constraint = self.platform.layers.get(layer) if layer else None
            if constraint is not None:
                for test in constraint.required_tests:
                    required.setdefault(test, f"layer {layer}")
            rule = self.platform.classification.rules.get(level)
            if rule is not None:
                for test in rule.required_tests:
                    required.setdefault(test, f"level {level}")
            self._required[(layer, level)] = required
        return self._required[(layer, level)]

    # --- coverage

    def share(self, model: Model) -> Share:
        """A model's coverage in the platform's metric; an empty one has nothing to count."""
        unique_id = model.unique_id
        if unique_id not in self._shares:
            self._shares[unique_id] = self._share(model)
        return self._shares[unique_id]

    def counts(self, model: Model) -> bool:
        """Whether coverage is asked of a model; one without columns may be exempt, or pass as it is."""
        return bool(self.share(model)) or self.platform.gates.coverage.zero_columns == "pass"

    def tested_columns(self, model: Model) -> frozenset[str]:
        """Folded names of the columns that some counting test looks at."""
        names: set[str] = set()
        warnings_count = self.platform.gates.coverage.count_warn_severity
        for test in model.tests:
            if not warnings_count and test.severity != "error":
                continue
            if test.column is not None:
                names.add(folded(test.column))
            else:
                names.update(map(folded, combination(test)))
        return frozenset(names)

    def _counts(self, test: DataTest) -> bool:
        return test.severity == "error" or self.platform.gates.coverage.count_warn_severity

    def _share(self, model: Model) -> Share:
        metric = self.platform.gates.coverage.metric
        if metric == "models":
            tested = model.singular_tests + model.unit_tests > 0 or any(map(self._counts, model.tests))
            return Share(int(tested), 1)
        if metric == "primary_keys":
            counting = tuple(filter(self._counts, model.tests))
            key = (
                self.key(model)
                if len(counting) == len(model.tests)
                else key_of(replace(model, tests=counting), self.adapter)
            )
            return Share(int(key is not None and key.holds), 1)
        if not model.columns:
            return Share(bare=1) if self.platform.gates.coverage.zero_columns == "fail" else Share()
        names = self.tested_columns(model)
        count = sum([folded(column.name) in names for column in model.columns]) if names else 0
        return Share(count, len(model.columns))


def _among(nodes: tuple[_Node, ...], selected: Collection[str] | None) -> tuple[_Node, ...]:
    return nodes if selected is None else tuple(node for node in nodes if node.unique_id in selected)


def _beside(view: View) -> dict[str, dict[str, list[Beside]]]:
    """What stands beside the nodes, kind by kind, by what it is made on."""
    found: dict[str, dict[str, list[Beside]]] = {}
    for kind in ("exposures", "semantic_models", "unit_tests", "tests"):
        by_parent = found[kind] = {}
        for each in getattr(view, kind):
            for parent in each.parents:
                by_parent.setdefault(parent, []).append(each)
    return found


def _of(near: Iterable[str], by_parent: Mapping[str, list[Beside]]) -> tuple[Beside, ...]:
    """What is made on one of some nodes, each once."""
    found = {each.unique_id: each for parent in near for each in by_parent.get(parent, ())}
    return tuple(found.values())


def _judged(view: View) -> dict[str, None]:
    """unique_ids of all nodes that are judged, in their order."""
    return {node.unique_id: None for node in view.nodes}


def platform_adapter(platform: Platform) -> str | None:
    """The dbt adapter of the platform's compute plugin, for readers that cannot know it."""
    details = platform.manifest.plugin_details.get("compute")
    if details is not None and details.dbt_adapter:
        return details.dbt_adapter
    return platform.manifest.plugins.get("compute")
