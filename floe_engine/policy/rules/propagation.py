"""A classification follows its data downstream: by model or by the names of columns.

By SQL lineage it is followed in `column_lineage.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.artifact.paths import CLASSIFICATION
from floe_engine.artifact.platform import Platform
from floe_engine.policy.finding import Finding
from floe_engine.policy.levels import Declaration
from floe_engine.policy.meta import lookup
from floe_engine.policy.reads import SENSITIVITY
from floe_engine.policy.rule import Examined, Example, Rule, of_model
from floe_engine.policy.view import View
from floe_engine.project.facts import Column, Model, Source

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes


class Inherited(Struct, frozen=True):
    """A level that reaches a place, and the node or column that declares it."""

    level: Declaration
    origin: str


class PropagationRule(Rule):
    """What the three modes share."""

    setting = "governance.classification.propagation"
    reads = (
        *SENSITIVITY,
        (CLASSIFICATION, "propagation", "mode"),
        (CLASSIFICATION, "propagation", "declassifyMeta"),
    )

    mode: ClassVar[str]
    """The platform's word for following data so."""

    def active(self, platform: Platform) -> bool:
        return platform.classification.propagation.mode == self.mode

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A column of a source, and what models below it say of it."""
        for level in make.sensitive():
            yield from self._of_level(make, level)

    def _of_level(self, make: ExampleNodes, level: str) -> Iterator[Example]:
        policy = make.platform.classification
        source = make.source(columns=(Column("subject", **make.labelled(level)),))
        first, last, lower = make.layers[0], make.layers[-1], policy.levels[make.platform.rank(level) - 1]

        def below(parent: Model | Source, label: dict[str, Any]) -> Model:
            model = make.model_of(last, parents=(parent.unique_id,), columns=(Column("subject"),))
            if self.mode == "name":
                return replace(model, columns=(Column("subject", **label),))
            return replace(model, **{**label, "meta": {**model.meta, **label.get("meta", {})}})

        for word, label, passes in (
            ("says nothing", {}, False),
            (f"says {lower}", make.labelled(lower), False),
            (f"says {level}", make.labelled(level), True),
            ("says that it is declassified", {"meta": {policy.propagation.declassify_meta: True}}, True),
        ):
            model = below(source, label)
            yield of_model(
                f"{level} reaches a model that {word}, which {'is taken' if passes else 'is noticed'}",
                f"{source.label}.subject is {level}; {model.name} selects it and {word}",
                model,
                passes,
                source,
            )
        middle = make.model_of(first, columns=(), parents=(source.unique_id,))
        middle = replace(middle, name=f"{middle.name}_between", unique_id=f"{middle.unique_id}_between")
        model = below(middle, {})
        yield of_model(
            f"{level} reaches through a model that declares no columns",
            f"{source.label}.subject is {level}; {middle.name} says nothing; {model.name} selects from it",
            model,
            False,
            middle,
            source,
            # By model, the one between is noticed itself; by name, it declares no column to speak of.
            also=((middle.name, self.mode == "name"),),
        )

    def too_low(
        self,
        model: Model,
        view: View,
        inherited: Inherited,
        actual: Declaration | None,
        column: Column | None,
    ) -> Finding:
        """The finding that a place downstream declares less than it holds."""
        level = inherited.level.level
        said = (
            f"is {actual.level}" if actual is not None else f"declares nothing ({view.levels.default.level})"
        )
        place = f"{model.label}.{column.name}" if column is not None else model.label
        return self.finding(
            model,
            f"{place} {said}, but its data comes from {inherited.origin} ({level})",
            column=column,
            expected=f"at least {level}",
            actual=actual.level if actual is not None else f"undeclared ({view.levels.default.level})",
        )


class ModelPropagation(PropagationRule):
    """A model is at least as sensitive as the models it selects from.

    The coarsest way to follow data: every column of a model counts as all of its parents'. The
    declassifying meta key on a model stops it.
    """

    id = "FLOE-E250"
    mode = "model"

    def examine(self, view: View) -> Iterator[Examined]:
        judged = {model.unique_id for model in view.resources}
        reached: dict[str, Inherited] = {
            source.unique_id: Inherited(view.highest[source.unique_id], source.label)
            for source in view.project.sources
        }
        for model in view.order:
            unique_id, own = model.unique_id, view.highest[model.unique_id]
            above = [reached[parent] for parent in model.parents if parent in reached]
            strongest = max(above, key=lambda inherited: inherited.level.rank, default=None)
            lowered = strongest is not None and strongest.level.rank > own.rank
            findings: tuple[Finding, ...] = ()
            if strongest is not None and lowered and not declassified(model, view):
                findings = (self.too_low(model, view, strongest, view.declared[unique_id], None),)
                reached[unique_id] = strongest
            else:
                reached[unique_id] = Inherited(own, model.label)
            if above and unique_id in judged:
                yield model.label, findings


class NamePropagation(PropagationRule):
    """A column is at least as sensitive as the column of the same name that it comes from.

    Followed through every generation, names compared without regard to case; a model that
    declares no columns lets all names through. Levels up to the platform's default need no
    declaration. The declassifying meta key on the column or the model stops it.
    """

    id = "FLOE-E251"
    mode = "name"

    def examine(self, view: View) -> Iterator[Examined]:
        """Walk the lineage, parents first, with the sensitive names that reach each model."""
        judged = {model.unique_id for model in view.resources}
        flowing: dict[str, Mapping[str, Inherited]] = {
            source.unique_id: own_columns(source, view) for source in view.project.sources
        }
        for model in view.order:
            above = strongest(flowing.get(parent, {}) for parent in model.parents)
            flow = through(model, view, above)
            flowing[model.unique_id] = flow.out
            if above and model.unique_id in judged:
                yield (
                    model.label,
                    tuple(
                        self.too_low(model, view, inherited, actual, column)
                        for column, inherited, actual in flow.lowered
                    ),
                )


class Flow(Struct, frozen=True):
    """What flows out of a model, by folded column name, and its columns that declare too little."""

    out: Mapping[str, Inherited]
    lowered: tuple[tuple[Column, Inherited, Declaration | None], ...] = ()


def through(model: Model, view: View, above: Mapping[str, Inherited], *, everything: bool = False) -> Flow:
    """What reaches a model's columns (`above`, by folded name) against what they declare.

    A column that the model does not declare lets its level through where `everything` is known to
    come out of it, or where the model declares no columns at all.
    """
    out = dict(own_columns(model, view))
    if not above or declassified(model, view):
        return Flow(out)
    declared = view.declared_columns[model.unique_id]
    lowered: list[tuple[Column, Inherited, Declaration | None]] = []
    for name, inherited in above.items():
        column = model.columns_by_name.get(name)
        if column is None:
            if everything or not model.columns:
                out[name] = inherited
            continue
        actual = declared.get(name) or view.declared[model.unique_id]
        rank = actual.rank if actual is not None else view.levels.default.rank
        if rank < inherited.level.rank and not declassified(column, view):
            out[name] = inherited
            lowered.append((column, inherited, actual))
    return Flow(out, tuple(sorted(lowered, key=lambda entry: entry[0].name)))


def own_columns(node: Model | Source, view: View) -> dict[str, Inherited]:
    """The columns of a node that it declares to be more sensitive than the default, by folded name.

    A sensitive level declared for the whole node holds for each column that declares none.
    """
    threshold, own = view.levels.default.rank, view.declared[node.unique_id]
    declared = view.declared_columns[node.unique_id]
    whole = own is not None and own.rank > threshold
    if not declared and not whole:
        return {}
    found = {}
    for column in node.columns:
        level = declared.get(column.folded) or own
        if level is not None and level.rank > threshold and not declassified(column, view):
            found[column.folded] = Inherited(level, f"{node.label}.{column.name}")
    return found


def strongest(parts: Iterable[Mapping[str, Inherited]]) -> Mapping[str, Inherited]:
    """The most sensitive of what reaches each name."""
    found: dict[str, Inherited] = {}
    for part in parts:
        for name, inherited in part.items():
            if name not in found or inherited.level.rank > found[name].level.rank:
                found[name] = inherited
    return found


def declassified(node: Model | Column, view: View) -> bool:
    """Whether a team says that this is no longer sensitive."""
    value = lookup(node.meta, view.platform.classification.propagation.declassify_meta)
    return value not in (None, False, "", "false", "no", "off")
