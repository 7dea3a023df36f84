"""What models' own files may say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from floe_engine.artifact.paths import QUALITY_GATES
from floe_engine.expressions import compiled
from floe_engine.policy.fact_rule import FactRule, LimitRule, WordRule, Wrong, bad, good
from floe_engine.policy.rule import Example
from floe_engine.policy.view import View
from floe_engine.policy.words import words

if TYPE_CHECKING:
    from floe_engine.policy.facts.models import ModelFacts
    from floe_engine.policy.resources import ExampleNodes


class CodeRule(WordRule["ModelFacts"]):
    """What a platform forbids of SQL."""

    kind = "model"
    section: ClassVar[str] = "code"
    listed = "forbid"

    def applies(self, of: ModelFacts, view: View) -> bool:
        """Where there is SQL to read."""
        from floe_engine.policy.facts.models import has_code

        return of.language == "sql" and has_code(of)


class SelectStar(CodeRule):
    """A model names the columns that it selects.

    ``select *`` and ``orders.*`` take what a parent has that day, in every query of the file; ``count(*)``
    does not.
    """

    id = "FLOE-E350"
    word = "select_star"

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        if of.code.select_star:
            yield Wrong(
                "selects all columns of something",
                expected="columns by name",
                actual="*",
                line=1,
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good("a model that counts rows", make.model(code="select id, count(*) from a group by id"))
        yield bad(
            "a model that selects all columns",
            make.model(code="with a as (select * from b) select id from a"),
        )


class CartesianJoins(CodeRule):
    """A join has a condition on columns.

    Without one it makes every pair of rows: ``cross join``, a comma, ``on 1 = 1``.
    """

    id = "FLOE-E351"
    word = "cartesian_joins"

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        code = of.code
        found = [
            f"{count} {what}"
            for count, what in (
                (code.cross_joins, "cross join"),
                (code.open_joins, "without a condition"),
                (code.constant_joins, "on no column"),
            )
            if count
        ]
        if found:
            yield Wrong(
                "joins every row with every other",
                expected="on or using with columns",
                actual=", ".join(found),
                line=1,
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good(
            "a model whose join has a condition", make.model(code="select a.x from a join b on a.id = b.id")
        )
        yield bad("a model with a cross join", make.model(code="select a.x from a cross join b"))


class FinalSemicolon(CodeRule):
    """A model does not end with a semicolon.

    dbt puts the query into another one, which it would break.
    """

    id = "FLOE-E352"
    word = "final_semicolon"

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        if of.code.text.rstrip().endswith(";"):
            line = of.code.text.rstrip().count("\n") + 1
            yield Wrong("ends with a semicolon", "none", ";", suggestion="take the semicolon away", line=line)

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good("a model without a semicolon", make.model(code="select 1 as id"))
        yield bad("a model with a semicolon", make.model(code="select 1 as id;"))


class ForbiddenPattern(FactRule["ModelFacts"]):
    """A model's file says nothing that the platform forbids.

    ``governance.code.forbidden_patterns``: regular expressions that are searched in all of the file.
    """

    id = "FLOE-E353"
    kind = "model"
    setting = "governance.code.forbidden_patterns"
    asked = "gates.code.forbidden_patterns"
    reads = ((QUALITY_GATES, "code", "forbiddenPatterns"),)

    def applies(self, of: ModelFacts, view: View) -> bool:
        """Where there is code to read."""
        from floe_engine.policy.facts.models import has_code

        return has_code(of)

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        text = of.code.text
        for pattern in view.platform.gates.code.forbidden_patterns:
            expression = compiled(pattern)
            if expression.found_in(text):
                lines = text.splitlines()
                line = next((at for at, each in enumerate(lines, 1) if expression.found_in(each)), 1)
                yield Wrong(
                    f"says what {pattern} forbids",
                    expected=f"nothing like {pattern}",
                    actual=lines[line - 1].strip()[:80],
                    parameter=pattern,
                    line=line,
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Code that no expression is found in, and some for each."""
        patterns = make.platform.gates.code.forbidden_patterns
        clean = next(
            (text for text in _CLEAN if not any(compiled(each).found_in(text) for each in patterns)), None
        )
        if clean is not None:
            yield good("a model that says nothing forbidden", make.model(code=clean))
        for pattern in patterns:
            for word in words(pattern):
                others = [each for each in patterns if each != pattern]
                if compiled(pattern).found_in(word) and not any(
                    compiled(each).found_in(word) for each in others
                ):
                    yield bad(f"a model that says what {pattern} forbids", make.model(code=word))
                    break


_CLEAN = ("select 1 as id", "with one as (select 2 as key) select key from one", "x", "0")


class MaxLines(LimitRule["ModelFacts"]):
    """A model's file has no more than so many lines.

    What it says of one thing is moved into a model of its own.
    """

    id = "FLOE-E354"
    kind = "model"
    section = "code"
    limit = "max_lines"
    line = 1

    def applies(self, of: ModelFacts, view: View) -> bool:
        """Where there is code to read."""
        from floe_engine.policy.facts.models import has_code

        return has_code(of)

    def counted(self, of: ModelFacts, view: View) -> tuple[int, str]:
        return of.code.lines, f"has {of.code.lines} lines"

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        for count, told in self.around(make.platform):
            yield told(f"a model of {count} lines", make.model(code="\n".join(["--"] * count)))
