"""What feeds a model can still be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from floe_engine.artifact.paths import QUALITY_GATES
from floe_engine.artifact.platform import Platform
from floe_engine.policy.finding import Finding
from floe_engine.policy.rule import Example, ModelRule, of_model
from floe_engine.policy.view import View
from floe_engine.project.facts import Model

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes


class TooManyParents(ModelRule):
    """A model selects from no more than so many others.

    Past that nobody can say what feeds it, and a change of any parent reaches it. Models, sources and
    seeds count, each once; what a package or a macro brings counts as well.
    """

    id = "FLOE-E222"
    setting = "governance.quality_gates.max_parents"
    reads = ((QUALITY_GATES, "max_parents"),)

    def active(self, platform: Platform) -> bool:
        return platform.gates.max_parents is not None

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        most, parents = view.platform.gates.max_parents, set(model.parents)
        if most is not None and len(parents) > most:
            yield self.finding(
                model,
                f"{model.label} selects from {len(parents)} others",
                expected=f"at most {most}",
                actual=str(len(parents)),
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """As many parents as there may be, and one more."""
        most = make.platform.gates.max_parents or 0
        for count, word in ((most, "is taken"), (most + 1, "is refused")):
            parents = tuple(f"source.example.raw.table_{number}" for number in range(count))
            model = make.model(parents=parents)
            yield of_model(
                f"a model with {count} parents {word}",
                f"model {model.name} selects from {count} tables",
                model,
                count == most,
            )
