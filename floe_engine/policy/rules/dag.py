"""How models hang together: children, sources, views upon views, and what makes a graph hard to follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from floe_engine.policy.fact_rule import LimitRule, WordRule, Wrong, bad, good
from floe_engine.policy.rule import Example
from floe_engine.policy.view import View
from floe_engine.project.facts import Model, ModelRef
from floe_engine.text import plural

if TYPE_CHECKING:
    from floe_engine.policy.facts.models import ModelFacts
    from floe_engine.policy.resources import ExampleNodes


class GraphLimit(LimitRule["ModelFacts"]):
    """A number that models keep to."""

    kind = "model"
    section: ClassVar[str] = "graph"


class MaxChildren(GraphLimit):
    """No more than so many models select from one.

    A change of it reaches all of them. What several make of it in the same way is worked out once, in a model
    between.
    """

    id = "FLOE-E330"
    limit = "max_children"

    def counted(self, of: ModelFacts, view: View) -> tuple[int, str]:
        return of.model_children, f"is selected from by {plural(of.model_children, 'model')}"

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """As many children as there may be, and one more."""
        model = make.model()
        for count, told in self.around(make.platform):
            yield told(f"a model with {count} children", model, *_children(make, model, count))


class MinChildren(GraphLimit):
    """So many models or snapshots select from each model.

    What nobody reads is taken out; a waiver says who reads what dbt does not see.
    """

    id = "FLOE-E331"
    limit = "min_children"

    def counted(self, of: ModelFacts, view: View) -> tuple[int, str]:
        known = view.project.children.get(of.id, ())
        below = sum(child.startswith(("model.", "snapshot.")) for child in known)
        if below < (self.number(view.platform) or 0):
            _ = of.children  # which says so where there may be more
        return below, f"is selected from by {plural(below, 'model')}"

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        model = make.model()
        for count, told in self.around(make.platform):
            yield told(f"a model with {count} children", model, *_children(make, model, count, "snapshot"))


class MaxSources(GraphLimit):
    """A model selects from no more than so many tables of sources.

    Each source is best renamed and typed in a model of its own before it is joined.
    """

    id = "FLOE-E332"
    limit = "max_sources"

    def counted(self, of: ModelFacts, view: View) -> tuple[int, str]:
        count = sum(parent.type == "source" for parent in of.parents)
        return count, f"selects from {plural(count, 'source')}"

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """As many sources as there may be, and one more."""
        for count, told in self.around(make.platform):
            parents = tuple(f"source.example.raw.table_{number}" for number in range(count))
            yield told(f"a model of {plural(count, 'source')}", make.model(parents=parents))


class MaxViewChain(GraphLimit):
    """No more than so many views lie right above one another, above a model.

    Views and ephemeral models are worked out anew for whoever selects from the last of them, until one of
    them is built as a table.
    """

    id = "FLOE-E333"
    limit = "max_view_chain"

    def counted(self, of: ModelFacts, view: View) -> tuple[int, str]:
        return of.view_chain, f"has {of.view_chain} views above one another above it"

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """As long a chain as there may be, and one longer."""
        for count, told in self.around(make.platform):
            chain = [make.other(unique_id="model.example.view_0", parents=(), materialized="view")]
            for number in range(1, count):
                above = chain[-1]
                chain.append(
                    replace(
                        above,
                        unique_id=f"model.example.view_{number}",
                        name=f"{above.name}_2",
                        parents=(above.unique_id,),
                    )
                )
            yield told(f"a model below {count} views", make.model(parents=(chain[-1].unique_id,)), *chain)


class GraphRule(WordRule["ModelFacts"]):
    """What a platform forbids of the graph."""

    kind = "model"
    section: ClassVar[str] = "graph"
    listed = "forbid"


class Rejoining(GraphRule):
    """A model does not select again from what a parent of its own selects from.

    Where nobody else reads that parent: the two then are one model in two files.
    """

    id = "FLOE-E334"
    word = "rejoining"

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        """Look for a parent that nobody else reads, and whose parents are this one's too."""
        own = set(of.parent_ids)
        for parent in of.parents:
            if parent.type != "model" or not parent.path or parent.model_children != 1:
                continue
            shared = [name for name in parent.parent_ids if name in own]
            if shared:
                name = shared[0].rpartition(".")[2]
                yield Wrong(
                    f"selects from {name} and from {parent.name}, which selects from it for this model alone",
                    expected=f"one way from {name}",
                    actual=f"{name} → {parent.name} → {of.name}, and {name} → {of.name}",
                    parameter=parent.name,
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A parent that others read too, and one that only this model reads."""
        parent = make.other(parents=("model.example.above",))
        above = make.other(unique_id="model.example.above", parents=())
        model = make.model(parents=(parent.unique_id, above.unique_id))
        third = make.other(unique_id="model.example.third", parents=(parent.unique_id,))
        yield good("a model whose parent others read too", model, parent, above, third)
        yield bad("a model that selects again from its parent's parent", model, parent, above)


class SelectsSomething(GraphRule):
    """A model selects from something.

    One that does not holds data of its own, which belongs into a seed, or names tables past ref and source.
    """

    id = "FLOE-E335"
    word = "roots"

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        if not of.parents:
            yield Wrong(
                "selects from nothing",
                expected="a ref or a source",
                actual="none",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good("a model of a source", make.model())
        yield bad("a model of nothing", make.model(parents=()))


class MixedParents(GraphRule):
    """A model does not select from a source and from a model.

    What comes from a source has then no model of its own, where it is renamed, typed and tested.
    """

    id = "FLOE-E336"
    word = "mixed_parents"

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        sources = [parent.name for parent in of.parents if parent.type == "source"]
        models = [parent.name for parent in of.parents if parent.type == "model"]
        if sources and models:
            yield Wrong(
                f"selects from the source {sources[0]} and from the model {models[0]}",
                expected="models, or sources",
                actual=", ".join((*sources, *models)),
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A model of a model, and one of a model and a source."""
        parent = make.other()
        model = make.model(parents=(parent.unique_id,))
        yield good("a model of a model", model, parent)
        mixed = replace(model, parents=(*model.parents, *parent.parents))
        yield bad("a model of a model and a source", mixed, parent)


class UnpinnedRefs(GraphRule):
    """A ref to a model of several versions says which.

    One that does not moves to the next version as soon as that is the latest.
    """

    id = "FLOE-E337"
    word = "unpinned_refs"

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        """Look at each ref to a versioned model of the project."""
        for name in view.once(_versioned) & {ref.name for ref in of.references if ref.version is None}:
            yield Wrong(
                f"selects from {name} without saying which version",
                expected=f"ref('{name}', v=…)",
                actual=f"ref('{name}')",
                suggestion=f"name the version of {name} that it is written for",
                parameter=name,
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        parent = make.other(version="1", latest_version="1")
        for version, told in (("1", good), (None, bad)):
            model = make.model(parents=(parent.unique_id,), references=(ModelRef(parent.name, version),))
            yield told(f"a model with a ref to {'version 1' if version else 'no version'}", model, parent)


def _versioned(view: View) -> frozenset[str]:
    return frozenset(model.name for model in view.project.models if model.version is not None)


def _children(make: ExampleNodes, of: Model, count: int, kind: str = "model") -> list[Model]:
    return [
        make.other(unique_id=f"{kind}.example.child_{number}", resource_type=kind, parents=(of.unique_id,))
        for number in range(count)
    ]
