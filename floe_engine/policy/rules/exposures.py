"""What exposures owe, and semantic models: a word in ``require`` of their section for each rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from floe_engine.policy.fact_rule import WordRule, Wrong, bad, good
from floe_engine.policy.rule import Example
from floe_engine.policy.view import View

if TYPE_CHECKING:
    from floe_engine.policy.facts.beside import BesideFacts, ExposureFacts
    from floe_engine.policy.resources import ExampleNodes


class ExposureRule(WordRule["ExposureFacts"]):
    """What holds of each exposure."""

    kind = "exposure"
    section: ClassVar[str] = "exposures"


class ExposureOwner(ExposureRule):
    """Somebody answers for every exposure.

    By name or by address.
    """

    id = "FLOE-E320"
    word = "owner"

    def check(self, of: ExposureFacts, view: View) -> Iterator[Wrong]:
        if not of.owner.strip():
            yield Wrong("has no owner", "owner: {name: …} or {email: …}", "none", "name its owner")

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good("an exposure with an owner", make.exposure(owner_name="Finance"))
        yield bad("an exposure without an owner", make.exposure(owner_name="", owner_email=""))


class ExposureOwnerEmail(ExposureRule):
    """The owner of an exposure has an address."""

    id = "FLOE-E321"
    word = "owner_email"

    def check(self, of: ExposureFacts, view: View) -> Iterator[Wrong]:
        if not of.owner_email.strip():
            yield Wrong(
                "names no address of its owner",
                "owner: {email: …}",
                of.owner_name or "no owner",
                "add email to its owner",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good("an exposure with an address", make.exposure(owner_email="finance@example.com"))
        yield bad("an exposure without an address", make.exposure(owner_email="", owner_name="Finance"))


class ExposureParents(ExposureRule):
    """An exposure reads something.

    ``depends_on`` names it: without it nobody sees whom a change of a model reaches.
    """

    id = "FLOE-E322"
    word = "parents"

    def check(self, of: ExposureFacts, view: View) -> Iterator[Wrong]:
        if not of.parents:
            yield Wrong("reads nothing", "depends_on with a ref", "none", "")

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        model = make.model()
        yield good("an exposure that reads a model", make.exposure(parents=(model.unique_id,)), model)
        yield bad("an exposure that reads nothing", make.exposure(parents=()))


class PublicParents(WordRule["BesideFacts"]):
    """What stands outside is made on public models alone."""

    word = "public_parents"

    def check(self, of: BesideFacts, view: View) -> Iterator[Wrong]:
        for parent in of.parents:
            if parent.type == "model" and parent.access != "public":
                yield Wrong(
                    f"reads {parent.name}, which is {parent.access}",
                    expected="public models",
                    actual=f"{parent.name} is {parent.access}",
                    parameter=parent.name,
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        public = replace(make.model(), access="public")
        protected = replace(public, access="protected")
        subject = make.of(self.kind, parents=(public.unique_id,))
        word = self.kind.replace("_", " ")
        article = "an" if word[0] in "aeiou" else "a"
        yield good(f"{article} {word} on a public model", subject, public)
        yield bad(f"{article} {word} on a protected model", subject, protected)


class ExposurePublicParents(PublicParents):
    """An exposure reads public models alone.

    What is not public may change without a word to those outside the team.
    """

    id = "FLOE-E323"
    kind = "exposure"
    section: ClassVar[str] = "exposures"


class ExposureNoViews(ExposureRule):
    """An exposure reads no view.

    A view, or an ephemeral model, is worked out anew whenever somebody looks at a dashboard.
    """

    id = "FLOE-E324"
    word = "no_views"

    def check(self, of: ExposureFacts, view: View) -> Iterator[Wrong]:
        for parent in of.parents:
            if parent.type == "model" and parent.materialized in ("view", "ephemeral"):
                yield Wrong(
                    f"reads {parent.name}, which is built as {parent.materialized}",
                    expected="models that are stored",
                    actual=f"{parent.name}: {parent.materialized}",
                    parameter=parent.name,
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        table = replace(make.model(), materialized="table")
        exposure = make.exposure(parents=(table.unique_id,))
        yield good("an exposure that reads a table", exposure, table)
        yield bad("an exposure that reads a view", exposure, replace(table, materialized="view"))


class ExposureNoSources(ExposureRule):
    """An exposure reads no source.

    What dbt does not build, no test and no layer stands before.
    """

    id = "FLOE-E325"
    word = "no_sources"

    def check(self, of: ExposureFacts, view: View) -> Iterator[Wrong]:
        for parent in of.parents:
            if parent.type == "source":
                yield Wrong(
                    f"reads the source {parent.name}",
                    expected="models",
                    actual=f"source {parent.name}",
                    parameter=parent.name,
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        model, source = make.model(), make.source()
        yield good("an exposure that reads no source", make.exposure(parents=(model.unique_id,)), model)
        yield bad("an exposure that reads a source", make.exposure(parents=(source.unique_id,)), source)


class SemanticPublicParents(PublicParents):
    """A semantic model is made on public models alone.

    What is not public may change without a word to those outside the team.
    """

    id = "FLOE-E326"
    kind = "semantic_model"
    section: ClassVar[str] = "semantic_models"
