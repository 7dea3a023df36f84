"""Plain data as the YAML text of one value, to be put into a file that exists already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from floe_engine.document.nodes import Style
from floe_engine.document.scalars import scalar

STEP = 2
"""Spaces of one level."""


def flow(value: Any) -> str:
    """`value` on one line, as it stands in a flow collection: ``{a: 1, b: [x, y]}``."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(str(key))}: {flow(each)}" for key, each in value.items()) + "}"
    if _is_list(value):
        return "[" + ", ".join(flow(each) for each in value) + "]"
    return scalar(value, in_flow=True)


def block(value: Any, indent: int, newline: str, *, style: Style = Style.PLAIN) -> str:
    """What follows behind ``key:`` or ``-`` that begins in column `indent`, with its first space or break.

    Collections go below, further in by `STEP`; a text of several lines becomes a ``|`` block.
    """
    inner = indent + STEP
    margin = newline + " " * inner
    if isinstance(value, Mapping) and value:
        return "".join(f"{margin}{entry(key, each, inner, newline)}" for key, each in value.items())
    if _is_list(value) and value:
        return "".join(f"{margin}{item(each, inner, newline)}" for each in value)
    if isinstance(value, Mapping) or _is_list(value):
        return f" {flow(value)}"
    if isinstance(value, str) and _fits_literal(value):
        lines = value.removesuffix("\n").split("\n")
        header = " |" if value.endswith("\n") else " |-"
        margin = newline + " " * max(inner, 1)  # even the whole document's text is indented
        return header + "".join(margin + line if line else newline for line in lines)
    return f" {scalar(value, style=style)}"


def entry(key: str, value: Any, column: int, newline: str) -> str:
    """``key: value`` of a block mapping in `column`, without its indentation."""
    return f"{scalar(str(key))}:{block(value, column, newline)}"


def item(value: Any, column: int, newline: str) -> str:
    """``- value`` of a block sequence in `column`, without its indentation."""
    text = block(value, column, newline)
    if isinstance(value, Mapping) and value:
        # The first key may stand right behind the dash, in the column where the others begin.
        return f"- {text.removeprefix(newline).lstrip(' ')}"
    return f"-{text}"


def ends_with_break(value: Any) -> bool:
    """Whether the block text of `value` means it only with a line break behind it."""
    while value and (isinstance(value, Mapping) or _is_list(value)):
        value = list(value.values())[-1] if isinstance(value, Mapping) else value[-1]
    return isinstance(value, str) and value.endswith("\n") and _fits_literal(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _fits_literal(text: str) -> bool:
    """Whether a `|` block can hold `text`: several lines, none of which hides something."""
    lines = text.removesuffix("\n").split("\n")
    return (
        len(lines) > 1
        and lines[0] != ""
        and lines[-1] != ""
        and not lines[0].startswith(" ")
        and all(line.isprintable() for line in lines)
    )
