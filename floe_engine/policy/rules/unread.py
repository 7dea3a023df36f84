"""What could not be judged because only dbt could tell what a model selects from.

A reader of files cannot follow a ``ref`` whose name a query gives, or a macro that is nowhere to be
found. Rules about parents pass such a model for want of a parent, so the gap itself is a finding:
where the platform is strict, what was not judged must not look like what was judged and good.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from floe_engine.artifact.paths import CLASSIFICATION
from floe_engine.artifact.platform import Platform
from floe_engine.policy.finding import Finding
from floe_engine.policy.rule import Example, ModelRule, of_model
from floe_engine.policy.view import View
from floe_engine.project.facts import Model, Unread

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes


class UnreadRule(ModelRule):
    """A model whose parents could not all be told."""

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        if model.unread:
            yield self.finding(
                model,
                f"{model.name} was not judged by its parents: only dbt could follow {model.unread}",
                expected="parents that can be told",
                actual=f"{model.unread} may select from more",
                suggestion="run `dbt parse` and judge its manifest",
                fix=f"parents of {model.label}",
                config="unread",
            )

    def told_apart(self, make: ExampleNodes, layers: Iterable[str | None]) -> Iterator[Example]:
        """A model of which only dbt could tell all parents, and one that is as it is read, in each layer."""
        for layer in layers:
            where, whole = layer or "no layer", make.model_of(layer)
            told = replace(whole, unread=Unread("macro a_macro()", whole.path, 1))
            yield of_model(
                f"a parent that only dbt could tell does not pass unseen ({where})",
                f"{told.name} calls a macro that is nowhere to be found",
                told,
                False,
            )
            yield of_model(
                f"parents that can be told are no question ({where})", f"model {whole.name}", whole, True
            )


class PropagationNotJudged(UnreadRule):
    """Every model's parents are known where classification follows its data.

    FLOE-E250 to FLOE-E252 follow a level from parent to child. A parent that only dbt could tell ends
    that way unseen; the model is then not judged, and this says so.
    """

    id = "FLOE-E254"
    setting = "governance.classification.propagation"
    reads = ((CLASSIFICATION, "propagation", "mode"),)

    def active(self, platform: Platform) -> bool:
        return platform.classification.propagation.mode != "off"

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """In the last layer."""
        yield from self.told_apart(make, make.layers[-1:])
