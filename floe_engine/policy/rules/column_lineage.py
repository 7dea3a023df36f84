"""A classification follows its data through the SQL of each model, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from floe_engine.artifact.paths import CLASSIFICATION
from floe_engine.policy.finding import Finding
from floe_engine.policy.rule import Examined, Example, of_model
from floe_engine.policy.rules.propagation import PropagationRule, declassified
from floe_engine.policy.view import View
from floe_engine.project.facts import Column, Model

if TYPE_CHECKING:
    from floe_engine.policy.column_flow import Traced
    from floe_engine.policy.resources import ExampleNodes


def _lineage(view: View) -> Mapping[str, Traced]:
    """unique_id to what reaches each model's columns, traced once for both rules."""
    # Imported here: only platforms that follow by column pay for it.
    from floe_engine.policy.column_flow import follow

    return view.once(follow)


class ColumnPropagation(PropagationRule):
    """A column is at least as sensitive as the columns that its SQL makes it from.

    Followed through every generation of models by their SQL, renamed or not. A declassifying
    function (``sha256``, ``count`` and the like) ends it, as does the declassifying meta key. Needs
    the ``lineage`` extra; where SQL cannot be read, names are followed and FLOE-E253 says so.

    In doubt a column comes from more: an unqualified one from every table that may have it, a
    field of a struct from the whole struct, what ``PIVOT``, ``UNNEST`` or a whole row gives from
    all that goes in, and a condition counts like a value. What only chooses or orders rows does not
    (``where``, ``join``, ``group by``, ``over (partition by …)``, ``exists``).
    """

    id = "FLOE-E252"
    mode = "column"
    reads = (*PropagationRule.reads, (CLASSIFICATION, "propagation", "declassifyFunctions"))

    def examine(self, view: View) -> Iterator[Examined]:
        """Every model that something sensitive is above of."""
        for model in view.resources:
            traced = _lineage(view)[model.unique_id]
            if traced.reached:
                yield (
                    model.label,
                    tuple(
                        self.too_low(model, view, inherited, actual, column)
                        for column, inherited, actual in traced.flow.lowered
                    ),
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A column of a source under another name, plain, changed, hashed and declared."""
        functions = make.platform.classification.propagation.declassify_functions
        plain = [name for name in functions if name.isidentifier()]
        for level in make.sensitive() if _read() else ():
            label = make.labelled(level)
            for word, expression, said, passes in (
                ("renamed", "subject", {}, False),
                ("changed", "upper(subject)", {}, False),
                ("declared", "subject", label, True),
                *((f"inside {name}", f"{name}(subject)", {}, True) for name in plain[:1]),
            ):
                title = f"{level} {word} is {'taken' if passes else 'noticed'}"
                yield _renaming(make, title, level, expression, said, passes)


class LineageUnresolved(PropagationRule):
    """The SQL of every model below sensitive data can be followed.

    What cannot be read is reported, never passed. Compiled SQL (a manifest of ``dbt compile``) can
    nearly always be read. Of raw SQL, refs, sources, variables, loops, conditions and the macros of the
    project and of installed packages are worked out, the first branch where nothing decides, and an
    incremental model as on its first run; the result of a query or of any other macro is not, nor
    that of a Python model, a script of several statements, or SQL of more than 300,000 characters.
    """

    id = "FLOE-E253"
    mode = "column"
    reads = ColumnPropagation.reads

    def examine(self, view: View) -> Iterator[Examined]:
        """Every model that something sensitive is above of; once for the project without sqlglot."""
        from floe_engine.policy.column_flow import EXTRA

        traced = _lineage(view)
        reached = [m for m in view.resources if traced[m.unique_id].reached and not declassified(m, view)]
        if any(traced[model.unique_id].unresolved == EXTRA for model in reached):
            yield view.project.name, (self._finding(view.project.name, EXTRA, "install the extra"),)
            return
        for model in reached:
            problem = traced[model.unique_id].unresolved
            findings = (self._finding(model, problem, "run dbt compile and judge its manifest"),)
            yield model.label, findings if problem else ()

    def _finding(self, subject: Model | str, problem: str, suggestion: str) -> Finding:
        name = subject if isinstance(subject, str) else subject.label
        return self.finding(
            subject,
            f"{name}: classification was followed by column names, because {problem}",
            expected="SQL whose columns can be followed",
            actual=problem,
            suggestion=suggestion,
        )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A column of a source behind a macro that nobody knows, and in plain SQL."""
        for level in make.sensitive() if _read() else ():
            for word, expression, passes in (
                ("may not pass unseen", "{{ a_macro('subject') }}", False),
                ("is not behind plain SQL", "subject", True),
            ):
                title = f"what only dbt can read {word} ({level})"
                yield _renaming(make, title, level, expression, make.labelled(level), passes)


def _read() -> bool:
    """Whether anything here reads SQL: no platform fails its own tests for want of an extra."""
    from floe_engine.lineage.traces import available

    return available()


def _renaming(
    make: ExampleNodes, title: str, level: str, expression: str, said: dict[str, Any], passes: bool
) -> Example:
    """A model that selects an expression of a column of a level, and what it says of that; never run."""
    source = make.source(columns=(Column("subject", **make.labelled(level)),))
    code = f"select {expression} as renamed from {{{{ source('raw', 'orders') }}}}"  # noqa: S608 - never run
    model = make.model_of(make.layers[-1], columns=(Column("renamed", **said),), code=code)
    given = f"{model.name} selects {expression} as renamed"
    return of_model(title, f"raw.orders.subject is {level}; {given}", model, passes, source)
