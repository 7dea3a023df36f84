"""What the engine's source says to people, read from it without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import floe_engine
from floe_engine.acts import Act, Option

ENGINE = Path(floe_engine.__file__).parent


class Text(NamedTuple):
    """A text in the source that is no docstring."""

    place: str
    """Its file, relative to the engine, and its line."""
    text: str
    """Acts as they are said, and … for any other value that is put in."""
    acts: tuple[tuple[Act, str], ...]
    """The acts that are put in, each with its arguments."""
    options: tuple[Option, ...] = ()
    """The options that are put in."""

    @property
    def by_hand(self) -> str:
        """The text without its acts."""
        left = self.text
        for act, arguments in self.acts:
            left = left.replace(act.line(arguments), "")
        for option in self.options:
            left = left.replace(option, "")
        return left


def texts(node: ast.AST, path: str = "") -> Iterator[Text]:
    """The texts below `node`, an f-string as one."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield Text(f"{path}:{node.lineno}", node.value, ())
    elif isinstance(node, ast.JoinedStr):
        acts: list[tuple[Act, str]] = []
        inside = (inner.value for inner in node.values if isinstance(inner, ast.FormattedValue))
        options = tuple(option for value in inside if (option := _option(value)))
        yield Text(f"{path}:{node.lineno}", _written(node, acts), tuple(acts), options)
    elif (option := _option(node)) is not None:
        yield Text(f"{path}:{getattr(node, 'lineno', 0)}", option, (), (option,))
    elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        for inner in ast.iter_child_nodes(node):
            yield from texts(inner, path)


@cache
def all_texts() -> tuple[Text, ...]:
    """Every text of the engine, but those of `acts.py`."""
    return tuple(
        text
        for path in sorted(ENGINE.rglob("*.py"))
        if path != ENGINE / "acts.py"
        for text in texts(ast.parse(path.read_text(encoding="utf-8")), str(path.relative_to(ENGINE)))
    )


def _written(node: ast.expr, acts: list[tuple[Act, str]]) -> str:
    """A text or a part of one; the acts in it are added to `acts`."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_written(part, acts) for part in node.values)
    if not isinstance(node, ast.FormattedValue):
        return "…"
    if (option := _option(node.value)) is not None:
        return option
    if isinstance(node.value, ast.Call):  # Act.CHECK.line("--watch")
        act, given = _act(getattr(node.value.func, "value", None)), node.value.args[:1]
    else:  # Act.CHECK:--watch
        act, given = _act(node.value), [node.format_spec] if node.format_spec else []
    if act is None:
        return "…"
    arguments = "".join(_written(part, acts) for part in given)
    acts.append((act, arguments))
    return act.line(arguments) if isinstance(node.value, ast.Call) else format(act, arguments)


def _act(node: ast.AST | None) -> Act | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Act":
        return Act[node.attr]
    return None


def _option(node: ast.AST) -> Option | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Option":
        return Option[node.attr]
    return None
