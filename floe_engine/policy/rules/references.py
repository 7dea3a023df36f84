"""What nobody would judge for want of being declared: tables that SQL names itself, columns it makes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from floe_engine.artifact.paths import QUALITY_GATES
from floe_engine.policy.fact_rule import FactRule, Wrong, bad, good
from floe_engine.policy.finding import Finding
from floe_engine.policy.rule import Examined, Example, ModelRule, of_model
from floe_engine.policy.view import View
from floe_engine.project.facts import Model, folded
from floe_engine.text import plural

if TYPE_CHECKING:
    from floe_engine.policy.facts.models import ModelFacts
    from floe_engine.policy.resources import ExampleNodes


class LiteralTable(FactRule["ModelFacts"]):
    """A model reads through ref and source alone.

    A table that the SQL names itself (``raw.crm.people``) has no lineage: no layer limits it, and no
    level of sensitivity comes from it. Names with a schema count, as the model's own file writes them;
    a table that a macro names is the macro's affair. Python models are not looked into.
    """

    id = "FLOE-E223"
    kind = "model"
    setting = "governance.quality_gates.require_sources"
    asked = "gates.require_sources"
    reads = ((QUALITY_GATES, "require_sources"),)

    def applies(self, of: ModelFacts, view: View) -> bool:
        """Where there is SQL, or should be."""
        from floe_engine.policy.facts.models import has_code

        return of.language == "sql" and has_code(of)

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        from floe_engine.lineage.literal_tables import literal_tables

        for table, line in literal_tables(of.code.text):
            yield Wrong(
                f"reads {table}, which is neither a ref nor a source",
                expected="{{ ref(…) }} or {{ source(…) }}",
                actual=table,
                parameter=table,
                line=line,
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A model of a source, and one of a table that it names itself."""
        of_source = make.model(code="select * from {{ source('raw', 'orders') }}")
        yield good("a model that selects from a source", of_source)
        yield bad("a model that selects from raw.orders", make.model(code="select * from raw.orders"))


class ColumnsDeclared(ModelRule):
    """Every column that a model's SQL makes is declared.

    A column that no properties file names is never tested, never classified, and counts nowhere. The
    columns are those of the outermost select; ``*`` is followed into models, and into sources only as
    far as they declare their columns. What cannot be followed (a macro that asks the database, a Python
    model) is said, never passed. Needs the ``lineage`` extra.
    """

    id = "FLOE-E224"
    setting = "governance.quality_gates.require_declared_columns"
    asked = "gates.require_declared_columns"
    reads = ((QUALITY_GATES, "require_declared_columns"),)

    def applies(self, model: Model, view: View) -> bool:
        """Not where a policy test gives a model without its SQL."""
        return bool(model.code or model.checksum)

    def examine(self, view: View) -> Iterator[Examined]:
        """Every model; once for the project without sqlglot."""
        from floe_engine.lineage.traces import available
        from floe_engine.policy.column_flow import EXTRA

        asked = [] if available() else [model for model in self.models(view) if self.applies(model, view)]
        if not asked:
            yield from super().examine(view)
            return
        found = self.finding(
            view.project.name,
            f"the columns of {plural(len(asked), 'model')} were not judged: {EXTRA}",
            expected="SQL whose columns can be told",
            actual=EXTRA,
            suggestion="install the extra",
            parameter="unread",
            measure=-float(len(asked)),
        )
        yield view.project.name, (found,)

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        """Compare the SQL's columns with the declared ones."""
        from floe_engine.policy.outputs import outputs  # sqlglot, for those who ask for it

        found = view.once(outputs)[model.unique_id]
        missing = [name for name in found.columns if folded(name) not in model.columns_by_name]
        if missing:
            named = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
            yield self.finding(
                model,
                f"{model.label} makes {named}, which nothing declares",
                expected="every column of the SQL under columns:",
                actual=f"{len(missing)} of {len(found.columns)} undeclared",
                suggestion=f"declare {named} in a properties file",
                measure=-float(len(missing)),
            )
        if found.unknown:
            yield self.finding(
                model,
                f"the columns of {model.label} were not judged: {found.unknown}",
                expected="SQL whose columns can be told",
                actual=found.unknown,
                suggestion="run dbt compile and judge its manifest",
                parameter="unread",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A model that declares its column, and one that makes another too; none where SQL cannot be read."""
        from floe_engine.lineage.traces import available

        if not available():
            return
        for more, word in (("", "is taken"), (", 2 as undeclared", "is refused")):
            model = make.model(code=f"select 1 as {make.key}{more}", compiled=True)
            yield of_model(
                f"a model that makes {'only what it declares' if not more else 'another column'} {word}",
                f"model {model.name}: {model.code}",
                model,
                not more,
            )
