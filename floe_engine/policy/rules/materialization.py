"""How models and snapshots are built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from floe_engine.artifact.paths import LAYER_CONSTRAINTS, QUALITY_GATES
from floe_engine.artifact.platform import Platform
from floe_engine.policy.fact_rule import FactRule, LimitRule, WordRule, Wrong, bad, good
from floe_engine.policy.reads import PLACEMENT
from floe_engine.policy.rule import Example
from floe_engine.policy.view import View
from floe_engine.text import plural

if TYPE_CHECKING:
    from floe_engine.policy.facts.models import ModelFacts
    from floe_engine.policy.resources import ExampleNodes

_WORKED_OUT = ("view", "ephemeral")


class BuildRule(WordRule["ModelFacts"]):
    """What a platform asks of how things are built."""

    section: ClassVar[str] = "materialization"


class IncrementalKey(BuildRule):
    """An incremental model has a unique_key.

    Without one, rows that come again are there twice.
    """

    id = "FLOE-E340"
    kind = "model"
    word = "incremental_key"

    def applies(self, of: ModelFacts, view: View) -> bool:
        """Where it is incremental."""
        return of.materialized == "incremental"

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        yield from _keyless(of)

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good(
            "an incremental model with a key", make.model(materialized="incremental", unique_key=("id",))
        )
        yield bad("an incremental model without a key", make.model(materialized="incremental"))


class SnapshotKey(BuildRule):
    """A snapshot has a unique_key."""

    id = "FLOE-E341"
    kind = "snapshot"
    word = "snapshot_key"

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        yield from _keyless(of)

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good("a snapshot with a key", make.of("snapshot", unique_key=("id",)))
        yield bad("a snapshot without a key", make.of("snapshot"))


def _keyless(of: ModelFacts) -> Iterator[Wrong]:
    if not of.unique_key:
        yield Wrong(
            "has no unique_key",
            expected="unique_key in its config",
            actual="none",
            suggestion="give it unique_key, the columns that tell its rows apart",
        )


class SnapshotStrategy(FactRule["ModelFacts"]):
    """A snapshot finds what is new in a way that the platform allows.

    ``governance.materialization.snapshot_strategies``; ``timestamp`` says ``updated_at``, and ``check`` the
    columns that it compares.
    """

    id = "FLOE-E342"
    kind = "snapshot"
    setting = "governance.materialization.snapshot_strategies"
    reads = ((QUALITY_GATES, "materialization", "snapshotStrategies"),)

    def active(self, platform: Platform) -> bool:
        return platform.gates.materialization.snapshot_strategies is not None

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        allowed = view.platform.gates.materialization.snapshot_strategies or ()
        if of.strategy not in allowed:
            yield Wrong(
                f"has the strategy {of.strategy or 'of nobody'}",
                expected=" or ".join(allowed) or "none",
                actual=of.strategy or "no strategy",
                config=f"strategy:{of.strategy}",
                suggestion=f"set strategy: {allowed[0]}, and what it needs" if allowed else "",
            )
        elif (of.strategy == "timestamp" and not of.updated_at) or (
            of.strategy == "check" and not of.check_cols
        ):
            column = "updated_at" if of.strategy == "timestamp" else "check_cols"
            yield Wrong(
                f"has the strategy {of.strategy} and no {column}",
                expected=f"{column} in its config",
                actual="none",
                suggestion=f"set {column}",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        allowed = make.platform.gates.materialization.snapshot_strategies or ()
        for strategy in allowed:
            whole = make.of("snapshot", strategy=strategy, updated_at="loaded_at", check_cols=("id",))
            yield good(f"a snapshot with the strategy {strategy}", whole)
        yield bad(
            "a snapshot with another strategy", make.of("snapshot", strategy=make.unused("other", allowed))
        )


class ViewsReused(LimitRule["ModelFacts"]):
    """No more than so many models select from one view or ephemeral model.

    What many read is better worked out once, as a table.
    """

    id = "FLOE-E343"
    kind = "model"
    section = "materialization"
    limit = "max_children_of_view"
    otherwise = ", or a table"

    def applies(self, of: ModelFacts, view: View) -> bool:
        """Where it is worked out whenever it is read."""
        return of.materialized in _WORKED_OUT

    def counted(self, of: ModelFacts, view: View) -> tuple[int, str]:
        count = of.model_children
        return count, f"is built as {of.materialized}, and {plural(count, 'model')} select from it"

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """As many children as there may be, and one more."""
        model = make.model(materialized="view")
        for count, told in self.around(make.platform):
            children = (
                make.other(unique_id=f"model.example.child_{number}", parents=(model.unique_id,))
                for number in range(count)
            )
            yield told(f"a view that {plural(count, 'model')} select from", model, *children)


class Materialized(FactRule["ModelFacts"]):
    """A model is built in a way that the platform and its layer allow.

    ``governance.materialization.allowed`` is for every model, ``materializations`` of a layer for its own.
    """

    id = "FLOE-E344"
    kind = "model"
    setting = "governance.materialization.allowed"
    reads = (
        *PLACEMENT,
        (QUALITY_GATES, "materialization", "allowed"),
        (LAYER_CONSTRAINTS, "*", "materializations"),
    )

    def active(self, platform: Platform) -> bool:
        return platform.gates.materialization.allowed is not None or any(
            layer.materializations is not None for layer in platform.layers.values()
        )

    def applies(self, of: ModelFacts, view: View) -> bool:
        """Where its layer or the platform says something."""
        return any(allowed is not None for allowed, _ in _allowed(of, view))

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        lists = [allowed for allowed, _ in _allowed(of, view) if allowed is not None]
        stored = (each for each in lists[0] if each not in (*_WORKED_OUT, "incremental"))
        way = next((each for each in stored if all(each in others for others in lists)), "")
        for allowed, where in _allowed(of, view):
            if allowed is not None and of.materialized not in allowed:
                yield Wrong(
                    f"is built as {of.materialized}{where}",
                    expected=" or ".join(allowed) or "nothing",
                    actual=of.materialized,
                    suggestion=f"build it as {way}" if way else "",
                    parameter=where.strip(),
                    config=f"materialized:{of.materialized}",
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Every way that is allowed, and one that is not, everywhere and layer by layer."""
        platform = make.platform
        everywhere = platform.gates.materialization.allowed
        for layer in platform.layers or (None,):
            own = platform.layers[layer].materializations if layer else None
            both = [each for each in (own, everywhere) if each is not None]
            where = layer or "no layer"
            ways = dict.fromkeys(way for each in both for way in each)
            for way in ways if both else ():
                told = good if all(way in each for each in both) else bad
                yield told(
                    f"a model of {where} that is built as {way}",
                    make.model_of(layer, materialized=way),
                )
            if both:
                other = make.model_of(layer, materialized=make.unused("other", ways))
                yield bad(f"a model of {where} that is built otherwise", other)


def _allowed(of: ModelFacts, view: View) -> Iterator[tuple[tuple[str, ...] | None, str]]:
    constraint = view.constraint(of.node)
    yield view.platform.gates.materialization.allowed, ""
    yield (constraint.materializations if constraint else None), f" in {of.layer}"
