"""What tables of sources owe: ``governance.sources.require`` has a word for each rule."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from floe_engine.policy.fact_rule import WordRule, Wrong, bad, good
from floe_engine.policy.freshness import KNOWS_AGE
from floe_engine.policy.rule import Example
from floe_engine.policy.view import View
from floe_engine.project.facts import DataTest

if TYPE_CHECKING:
    from floe_engine.policy.facts.nodes import SourceFacts
    from floe_engine.policy.resources import ExampleNodes


class SourceRule(WordRule["SourceFacts"]):
    """What holds of each table of a source."""

    kind = "source"
    section: ClassVar[str] = "sources"


class SourceFreshness(SourceRule):
    """It is said how old the rows of a source may be.

    ``warn_after`` or ``error_after`` with a count. Where the adapter does not know when a table was last
    loaded, a column or a query has to tell (``loaded_at_field``): without it dbt cannot judge the limit.
    """

    id = "FLOE-E310"
    word = "freshness"

    def check(self, of: SourceFacts, view: View) -> Iterator[Wrong]:
        adapter = view.project.adapter
        if not of.has_freshness:
            yield Wrong(
                "does not say how old its rows may be",
                expected="freshness: {warn_after: …} or {error_after: …}",
                actual="no limit",
                suggestion="give it freshness with warn_after or error_after, and loaded_at_field",
            )
        elif not (of.tells_age or adapter is None or adapter in KNOWS_AGE):
            yield Wrong(
                "has a limit of age that dbt cannot judge",
                expected="loaded_at_field or loaded_at_query",
                actual=f"neither, and {adapter} does not know when a table was loaded",
                suggestion="give it loaded_at_field, the column that tells when a row was loaded",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A watched source, and one that nobody watches."""
        yield good("a source with a limit of age", make.source(has_freshness=True))
        yield bad("a source without a limit of age", make.source(has_freshness=False))


class SourceLoader(SourceRule):
    """A source names what loads it.

    ``loader`` of the source, in words: who is asked when rows are missing.
    """

    id = "FLOE-E311"
    word = "loader"

    def check(self, of: SourceFacts, view: View) -> Iterator[Wrong]:
        if not of.loader.strip():
            yield Wrong(
                "does not say what loads it",
                expected="a loader",
                actual="none",
                suggestion="name the tool or the team that loads it under loader",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good("a source with a loader", make.source(loader="fivetran"))
        yield bad("a source without a loader", make.source(loader=""))


class SourceTested(SourceRule):
    """A source has a test.

    On the table or on one of its columns. What a source sends unseen is found in every model below it.
    """

    id = "FLOE-E312"
    word = "tests"

    def check(self, of: SourceFacts, view: View) -> Iterator[Wrong]:
        if not of.tests:
            yield Wrong(
                "has no test",
                expected="a test on it or on a column",
                actual="none",
                suggestion="test the column that tells its rows apart with unique and not_null",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good("a source with a test", make.source(tests=(DataTest("not_null", "id"),)))
        yield bad("a source without a test", make.source(tests=()))


class SourceUsed(SourceRule):
    """Something selects from every source.

    A model, a snapshot or an exposure. What nobody reads is loaded, watched and paid for in vain.
    """

    id = "FLOE-E313"
    word = "used"

    def check(self, of: SourceFacts, view: View) -> Iterator[Wrong]:
        if not (view.project.children.get(of.id) or of.children):
            yield Wrong(
                "is selected from by nothing",
                expected="a model, a snapshot or an exposure below it",
                actual="none",
                suggestion="take it out of the properties file, or select from it",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A source below which a model lies, and one without."""
        yield good("a source that a model selects from", make.source(), make.model())
        yield bad("a source that nothing selects from", make.source())


class SourceOneChild(SourceRule):
    """No more than one model selects from a source.

    Its columns are then renamed and typed in one place, and the others select from that model.
    """

    id = "FLOE-E314"
    word = "one_child"

    def check(self, of: SourceFacts, view: View) -> Iterator[Wrong]:
        if of.model_children > 1:
            yield Wrong(
                f"is selected from by {of.model_children} models",
                expected="one model at most",
                actual=str(of.model_children),
                measure=-float(of.model_children),
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        one, other = make.model(), make.other()
        yield good("a source that one model selects from", make.source(), one)
        yield bad("a source that two models select from", make.source(), one, other)


class SourceSameFolder(SourceRule):
    """Models that select from a source lie in the folder of its file.

    Who changes a source then finds what depends on it beside it.
    """

    id = "FLOE-E315"
    word = "same_folder"

    def check(self, of: SourceFacts, view: View) -> Iterator[Wrong]:
        own = posixpath.dirname(of.path)
        for child in of.children:
            if child.type == "model" and posixpath.dirname(child.path) != own:
                yield Wrong(
                    f"is selected from by {child.name}, which lies in another folder",
                    expected=f"models of {own or 'the same folder'}",
                    actual=child.path,
                    parameter=child.name,
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        child = make.model()
        moved = replace(child, path=f"models/elsewhere/{child.name}.sql")
        yield good("a source that a model of its folder selects from", make.source(), child)
        yield bad("a source that a model of another folder selects from", make.source(), moved)


class SourceUnique(SourceRule):
    """A table of the warehouse is declared as one source.

    Of two declarations one is tested and watched, and the other is selected from.
    """

    id = "FLOE-E316"
    word = "unique"

    def check(self, of: SourceFacts, view: View) -> Iterator[Wrong]:
        if others := of.duplicates:
            yield Wrong(
                f"is the same table as {', '.join(others)}",
                expected="one declaration",
                actual=f"{len(others) + 1} declarations",
                suggestion=f"take it out, and select from {others[0]} instead",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A table of its own, and one that is declared twice."""
        one, other = make.source(), make.source(unique_id="source.example.raw.orders_2")
        elsewhere = replace(other, schema="elsewhere")
        yield good("a source that is declared once", one, elsewhere)
        yield bad("a source that is declared twice", one, other)
