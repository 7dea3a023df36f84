"""Data flows through the layers in the direction that the architecture gives it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from floe_engine.artifact.paths import LAYER_CONSTRAINTS
from floe_engine.artifact.platform import Platform
from floe_engine.manifest.terms import SOURCE
from floe_engine.policy.finding import Finding
from floe_engine.policy.reads import PLACEMENT
from floe_engine.policy.rule import Example, ModelRule, of_model
from floe_engine.policy.rules.unread import UnreadRule
from floe_engine.policy.view import View
from floe_engine.project.facts import Model, Source

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes


class LayerDependency(ModelRule):
    """A model selects only from layers that its own layer may depend on.

    A gold model that reads a source goes around every check of the layers between. A seed without
    a layer counts as a source. Models without a layer are not judged here (FLOE-E201 names them),
    nor are models of installed packages.
    """

    id = "FLOE-E205"
    setting = "data_architecture.layers.<layer>.may_depend_on"
    reads = (*PLACEMENT, (LAYER_CONSTRAINTS, "*", "may_depend_on"))

    def active(self, platform: Platform) -> bool:
        return any(layer.may_depend_on is not None for layer in platform.layers.values())

    def applies(self, model: Model, view: View) -> bool:
        """Where the model's layer is limited."""
        constraint = view.constraint(model)
        return constraint is not None and constraint.may_depend_on is not None

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        constraint = view.constraint(model)
        allowed = (constraint.may_depend_on if constraint else None) or ()
        for parent_id in model.parents:
            parent = view.project.by_id.get(parent_id)
            if parent is None:
                continue
            kind = SOURCE if isinstance(parent, Source) else view.layer(parent)
            if kind is None and isinstance(parent, Model) and parent.resource_type == "seed":
                kind = SOURCE
            if kind is None or kind in allowed:
                continue
            layer = view.layer(model)
            yield self.finding(
                model,
                f"{model.name} ({layer}) selects from {parent.label} ({kind})",
                expected=f"{layer} selects from {' or '.join(allowed) or 'nothing'}",
                actual=f"{parent.label} ({kind})",
                parameter=parent.label,
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Every limited layer below every other, and below a source."""
        for layer, constraint in make.platform.layers.items():
            if constraint.may_depend_on is None:
                continue
            name = make.name_in(layer)
            for above in (SOURCE, *make.platform.layers):
                permitted = above in constraint.may_depend_on
                title = f"{layer} {'may' if permitted else 'may not'} select from {above}"
                if above == SOURCE:
                    source = make.source()
                    child = make.model_of(layer, name=name, parents=(source.unique_id,))
                    given = f"{name} selects from {source.label}"
                    yield of_model(title, given, child, permitted, source)
                    continue
                # The parent has no parents of its own: only the child is on trial.
                parent = make.model_of(above, name=f"{make.name_in(above)}_above", parents=())
                child = make.model_of(layer, name=name, parents=(parent.unique_id,))
                yield of_model(title, f"{name} selects from {parent.name}", child, permitted, parent)


class LayerNotJudged(UnreadRule, LayerDependency):
    """Every model's parents are known where a layer limits them.

    FLOE-E205 looks at the layers of a model's parents. Where files are read instead of dbt's manifest,
    a parent can be hidden in what only dbt could follow (a macro that is nowhere to be found, a name
    that a query gives); the model is then not judged, and this says so.
    """

    id = "FLOE-E206"

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """In every layer that is limited."""
        limited = [name for name, each in make.platform.layers.items() if each.may_depend_on is not None]
        yield from self.told_apart(make, limited)
