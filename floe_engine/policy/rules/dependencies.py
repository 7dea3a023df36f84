"""Data flows through the layers in the direction that the architecture gives it."""

from __future__ import annotations

from collections.abc import Iterator

from floe_engine.artifact.paths import LAYER_CONSTRAINTS
from floe_engine.artifact.platform import Platform
from floe_engine.policy.finding import Finding
from floe_engine.policy.reads import PLACEMENT
from floe_engine.policy.rule import Family, ModelRule
from floe_engine.policy.view import View
from floe_engine.project.facts import Model, Source

SOURCE = "source"
"""The name in ``may_depend_on`` that stands for sources, and for seeds without a layer of their own."""


class LayerDependency(ModelRule):
    """A model selects only from layers that its own layer may depend on.

    A gold model that reads a source goes around every check of the layers between. A seed without
    a layer counts as a source. Models without a layer are not judged here (FLOE-E201 names them),
    nor are models of installed packages.
    """

    id = "FLOE-E205"
    family = Family.NAMING
    setting = "data_architecture.layers.<layer>.may_depend_on"
    reads = (*PLACEMENT, (LAYER_CONSTRAINTS, "*", "may_depend_on"))

    def active(self, platform: Platform) -> bool:
        """Where some layer is limited."""
        return any(layer.may_depend_on is not None for layer in platform.layers.values())

    def applies(self, model: Model, view: View) -> bool:
        """Where the model's layer is limited."""
        constraint = view.constraint(model)
        return constraint is not None and constraint.may_depend_on is not None

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        """Look at each parent's layer."""
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
