"""Jinja as dbt writes it, parsed by jinja2 into its syntax tree. Nothing is compiled or run.

dbt adds blocks to the language (``{% test %}``, ``{% snapshot %}`` and others); here each becomes
the tree of a macro whose name says what it is: ``test not_empty``, ``snapshot orders``.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

MAX_TEMPLATE = 1_000_000
"""Characters of one template; a longer one is not parsed."""

BLOCKS = ("test", "data_test", "snapshot", "materialization", "docs")
"""dbt's own blocks; of these only tests have parameters in parentheses."""


class BrokenTemplate(Exception):
    """The text is no Jinja. `line` is 1-based."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def is_template(text: str) -> bool:
    """Whether anything in the text is Jinja at all."""
    return "{{" in text or "{%" in text or "{#" in text


def parse(text: str) -> nodes.Template:
    """The syntax tree of a template. Raises `BrokenTemplate`."""
    from jinja2 import TemplateSyntaxError

    if len(text) > MAX_TEMPLATE:
        raise BrokenTemplate(f"it is longer than {MAX_TEMPLATE:,} characters", 1)
    try:
        return environment().parse(text)
    except TemplateSyntaxError as error:
        raise BrokenTemplate(error.message or "it is no Jinja", error.lineno) from None
    except RecursionError:
        raise BrokenTemplate("it is nested too deeply", 1) from None
    except ValueError as error:  # a number of more digits than Python reads
        raise BrokenTemplate(str(error), 1) from None


@lru_cache(maxsize=4096)
def parsed(text: str) -> nodes.Template:
    """The same, kept for short texts that come again and again. Raises `BrokenTemplate`."""
    return parse(text)


@cache
def environment() -> Environment:
    """The language: Jinja, its two extensions that dbt switches on, and dbt's own blocks."""
    from jinja2 import Environment, nodes
    from jinja2.ext import Extension
    from jinja2.parser import Parser

    class DbtBlocks(Extension):
        """Reads dbt's blocks as macros; dbt's parser does the same (dbt-common, clients/jinja.py)."""

        tags = set(BLOCKS)  # noqa: RUF012 - declared so by jinja2

        def parse(self, parser: Parser) -> nodes.Node:
            tag = next(parser.stream)
            name = parser.stream.expect("name").value
            block = nodes.Macro(lineno=tag.lineno)
            block.name, block.args, block.defaults = f"{tag.value} {name}", [], []
            if parser.stream.current.type == "lparen":
                parser.parse_signature(block)
            while parser.stream.current.type != "block_end":  # adapter='x', default, supported_languages
                if not parser.stream:  # at its end the stream goes on for ever
                    parser.fail(f"the {tag.value} block's tag has no end", tag.lineno)
                next(parser.stream)
            ends = (
                {f"name:end{tag.value}", "name:endtest"} if "test" in tag.value else {f"name:end{tag.value}"}
            )
            block.body = parser.parse_statements(tuple(ends), drop_needle=True)
            return block

    return Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", DbtBlocks])  # noqa: S701 - nothing is rendered
