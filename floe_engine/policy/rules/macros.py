"""What macros owe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from floe_engine.policy.fact_rule import LimitRule, WordRule, Wrong, bad, good
from floe_engine.policy.rule import Example
from floe_engine.policy.view import View

if TYPE_CHECKING:
    from floe_engine.policy.facts.beside import MacroFacts
    from floe_engine.policy.resources import ExampleNodes


class MacroRule(WordRule["MacroFacts"]):
    """What holds of each macro."""

    kind = "macro"
    section: ClassVar[str] = "macros"


class MacroUsed(MacroRule):
    """Something calls every macro.

    A model, a test, another macro. Only dbt's manifest tells; one that takes the place of a macro of dbt, or
    that dbt finds by its prefix, counts as called.
    """

    id = "FLOE-E360"
    word = "used"

    def check(self, of: MacroFacts, view: View) -> Iterator[Wrong]:
        if not of.used:
            yield Wrong("is called by nothing", "a caller", "none", "take it out, or call it")

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good("a macro that a model calls", make.macro())
        yield bad("a macro that nothing calls", make.macro(used_by=()))


class MacroFileName(MacroRule):
    """A macro stands in a file of its name.

    A generic test without ``test_``.
    """

    id = "FLOE-E361"
    word = "file_name"

    def check(self, of: MacroFacts, view: View) -> Iterator[Wrong]:
        name = of.name.removeprefix("test_")
        if of.file != name:
            yield Wrong(
                f"stands in {of.path}",
                expected=f"{name}.sql",
                actual=of.path,
                suggestion=f"move it to {name}.sql",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good("a macro in a file of its name", make.macro())
        yield bad("a macro in another file", make.macro(path="macros/money.sql"))


class MacroArguments(LimitRule["MacroFacts"]):
    """A macro takes no more than so many arguments."""

    id = "FLOE-E362"
    kind = "macro"
    section = "macros"
    limit = "max_arguments"

    def counted(self, of: MacroFacts, view: View) -> tuple[int, str]:
        count = len(of.parameters)
        return count, f"takes {count} arguments"

    def shown(self, of: MacroFacts, count: int) -> str:
        return ", ".join(of.parameters)

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """As many arguments as there may be, and one more."""
        for count, told in self.around(make.platform):
            names = ", ".join(f"x{number}" for number in range(count))
            code = f"{{% macro cents({names}) %}}100{{% endmacro %}}"
            yield told(f"a macro of {count} arguments", make.macro(code=code))


class MacroLines(LimitRule["MacroFacts"]):
    """A macro has no more than so many lines."""

    id = "FLOE-E363"
    kind = "macro"
    section = "macros"
    limit = "max_lines"

    def counted(self, of: MacroFacts, view: View) -> tuple[int, str]:
        return of.lines, f"has {of.lines} lines"

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        for count, told in self.around(make.platform):
            yield told(f"a macro of {count} lines", make.macro(code="\n".join(["-"] * count)))
