"""An expression as a tree: what was written, each part with its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from floe_engine.cel.tokens import LARGEST, RESERVED, Malformed, Token, tokens

DEEPEST = 32
"""Levels of brackets, and of operations within operations."""

MACROS = {"all": (2,), "exists": (2,), "exists_one": (2,), "filter": (2,), "map": (2, 3)}
"""What looks like a method and introduces a variable, with how many arguments it takes."""


class Node(Struct, frozen=True, eq=False):
    """A part of an expression; `start` and `end` count code points of the source from 0."""

    start: int
    end: int


class Literal(Node, frozen=True, eq=False):
    """A text, number, ``true``, ``false`` or ``null``."""

    value: Any


class Name(Node, frozen=True, eq=False):
    """A variable."""

    name: str


class Select(Node, frozen=True, eq=False):
    """``operand.field``, ``operand.?field`` (`optional`), or ``has(operand.field)`` (`test`)."""

    operand: Node
    field: str
    at: int
    """Where the name of the field begins."""
    optional: bool = False
    test: bool = False


class Index(Node, frozen=True, eq=False):
    """``operand[index]``, or ``operand[?index]``."""

    operand: Node
    index: Node
    optional: bool = False


class Call(Node, frozen=True, eq=False):
    """A function, a method of `target`, or an operator (``_+_``, ``!_``, ``_?_:_``)."""

    function: str
    arguments: tuple[Node, ...]
    at: int
    """Where the name or the operator begins."""
    target: Node | None = None


class Logic(Node, frozen=True, eq=False):
    """Everything that ``&&`` or ``||`` joins."""

    operator: str
    clauses: tuple[Node, ...]


class ListExpr(Node, frozen=True, eq=False):
    """A list, written out."""

    items: tuple[Node, ...]


class Mapping(Node, frozen=True, eq=False):
    """A map, written out."""

    entries: tuple[tuple[Node, Node], ...]


class Macro(Node, frozen=True, eq=False):
    """``range.all(variable, …)`` and its like."""

    macro: str
    range: Node
    variable: str
    arguments: tuple[Node, ...]
    at: int


def parse(source: str) -> Node:
    """The tree of an expression. Raises `Malformed`."""
    return _Parser(source).whole()


def parts(node: Node) -> tuple[Node, ...]:
    """The nodes directly below a node."""
    match node:
        case Select(operand=operand):
            return (operand,)
        case Index(operand=operand, index=index):
            return (operand, index)
        case Call(target=target, arguments=arguments):
            return arguments if target is None else (target, *arguments)
        case Logic(clauses=clauses):
            return clauses
        case ListExpr(items=items):
            return items
        case Mapping(entries=entries):
            return tuple(part for entry in entries for part in entry)
        case Macro():
            return (node.range, *node.arguments)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """A node and everything below it."""
    yield node
    for part in parts(node):
        yield from walk(part)


def canonical(node: Node) -> str:
    """The tree as text, the same for two ways of writing one expression."""
    match node:
        case Literal(value=value):
            return repr(value)
        case Name(name=name):
            return name
        case Select():
            mark = ".?" if node.optional else "."
            text = f"{canonical(node.operand)}{mark}{node.field}"
            return f"has({text})" if node.test else text
        case Macro():
            inner = ",".join(map(canonical, node.arguments))
            return f"{canonical(node.range)}.{node.macro}({node.variable},{inner})"
        case Logic():
            return f"({node.operator.join(map(canonical, node.clauses))})"
    label = type(node).__name__ + (node.function if isinstance(node, Call) else "")
    mark = "?" if isinstance(node, Index) and node.optional else "." if getattr(node, "target", None) else ""
    return f"{label}{mark}({','.join(map(canonical, parts(node)))})"


_RELATIONS = ("<", "<=", ">", ">=", "==", "!=", "in")
_LEVELS = (_RELATIONS, ("+", "-"), ("*", "/", "%"))


class _Parser:
    """Recursive descent over cel-spec's grammar."""

    def __init__(self, source: str) -> None:
        self._tokens = tokens(source)
        self._place = 0
        self._depth = 0
        self._heights: dict[Node, int] = {}

    def whole(self) -> Node:
        if len(self._tokens) == 1:
            raise Malformed("there is no expression", 0, self._now.end, "write one, such as `true`")
        node = self._expression()
        if self._now.kind != "end":
            raise self._surprise("the end, or an operator")
        return node

    # --- signs

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _next(self) -> Token:
        token = self._now
        self._place += token.kind != "end"
        return token

    def _is(self, *texts: str) -> bool:
        return self._now.kind in ("sign", "name") and self._now.text in texts

    def _takes(self, text: str) -> Token | None:
        return self._next() if self._is(text) else None

    def _demands(self, text: str, opened: Token) -> Token:
        found = self._takes(text)
        if found is None:
            raise self._surprise(f"`{text}` for the `{opened.text}` at character {opened.start + 1}")
        return found

    def _surprise(self, expected: str) -> Malformed:
        token = self._now
        what = "the expression ends" if token.kind == "end" else f"there is `{token.text[:40]}`"
        return Malformed(f"{what} where {expected} was expected", token.start, token.end)

    # --- levels

    def _made(self, node: Node) -> Node:
        """A node, unless it is too deep to be worked on."""
        height = 1 + max((self._heights.get(part, 0) for part in parts(node)), default=0)
        if height > 2 * DEEPEST:
            raise Malformed(
                "the expression is nested too deeply", node.start, node.end, "make two rules of it"
            )
        self._heights[node] = height
        return node

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Malformed("the expression is nested too deeply", self._now.start, self._now.end)
        condition = self._joined("||", 0)
        if question := self._takes("?"):
            then = self._joined("||", 0)
            if not self._takes(":"):
                raise self._surprise(f"`:` for the `?` at character {question.start + 1}")
            other = self._expression()
            condition = self._made(
                Call(condition.start, other.end, "_?_:_", (condition, then, other), question.start)
            )
        self._depth -= 1
        return condition

    def _joined(self, operator: str, level: int) -> Node:
        """Everything joined by ``||``, or within that by ``&&``."""
        clauses = [self._joined("&&", 1) if level == 0 else self._binary(0)]
        while self._takes(operator):
            clauses.append(self._joined("&&", 1) if level == 0 else self._binary(0))
        if len(clauses) == 1:
            return clauses[0]
        flat = [
            part
            for clause in clauses
            for part in (
                clause.clauses if isinstance(clause, Logic) and clause.operator == operator else (clause,)
            )
        ]
        return self._made(Logic(clauses[0].start, clauses[-1].end, operator, tuple(flat)))

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._is(*_LEVELS[level]):
            sign = self._next()
            right = self._binary(level + 1)
            left = self._made(Call(left.start, right.end, f"_{sign.text}_", (left, right), sign.start))
        return left

    def _unary(self) -> Node:
        if not self._is("!", "-"):
            return self._member()
        sign = self._next()
        if sign.text == "-" and type(self._now.value) in (int, float):
            number = self._next()
            literal = Literal(sign.start, number.end, -number.value)
            return self._members(literal)
        self._depth += 1
        if self._depth > DEEPEST:
            raise Malformed("the expression is nested too deeply", sign.start, sign.end)
        if self._is("!", "-") and not self._is(sign.text):
            raise self._surprise("a value")  # cel-spec: `!-x` and `-!x` are no expressions
        operand = self._unary()
        self._depth -= 1
        return self._made(Call(sign.start, operand.end, f"{sign.text}_", (operand,), sign.start))

    def _member(self) -> Node:
        token = self._now
        primary = self._primary()
        if isinstance(primary, Literal) and primary.value == LARGEST and type(primary.value) is int:
            raise Malformed("the number is too large", token.start, token.end)
        return self._members(primary)

    def _members(self, node: Node) -> Node:
        while True:
            if self._takes("."):
                optional = self._takes("?") is not None
                name = self._now
                if name.kind != "name" or name.text == "in":
                    raise self._surprise("the name of a field or a method")
                self._next()
                if not optional and self._is("("):
                    node = self._made(self._method(node, name))
                else:
                    node = self._made(Select(node.start, name.end, node, name.text, name.start, optional))
            elif opening := self._takes("["):
                optional = self._takes("?") is not None
                index = self._expression()
                end = self._demands("]", opening).end
                node = self._made(Index(node.start, end, node, index, optional))
            else:
                return node

    def _method(self, target: Node, name: Token) -> Node:
        arguments, end = self._arguments()
        if name.text in MACROS and len(arguments) in MACROS[name.text]:
            variable, *rest = arguments
            if not isinstance(variable, Name):
                message = f"`{name.text}` begins with a name for what is looked at"
                raise Malformed(message, variable.start, variable.end, f"write `{name.text}(x, …)`")
            return Macro(target.start, end, name.text, target, variable.name, tuple(rest), name.start)
        return Call(target.start, end, name.text, tuple(arguments), name.start, target)

    def _arguments(self) -> tuple[list[Node], int]:
        opening = self._next()
        arguments = self._listed(")")
        return arguments, self._demands(")", opening).end

    def _listed(self, closing: str) -> list[Node]:
        found: list[Node] = []
        while not self._is(closing):
            found.append(self._expression())
            if not self._takes(","):
                break
            if closing == ")" and self._is(closing):
                raise self._surprise("an argument")
        return found

    def _primary(self) -> Node:
        token = self._now
        if token.kind == "value":
            self._next()
            return self._made(Literal(token.start, token.end, token.value))
        if token.kind == "name" and token.text != "in":
            self._next()
            if self._is("("):
                return self._made(self._function(token))
            if token.text in RESERVED:
                raise Malformed(f"`{token.text}` is a reserved word", token.start, token.end)
            return self._made(Name(token.start, token.end, token.text))
        if self._takes("."):  # from the root; there are no packages here, so it means the same
            if self._now.kind != "name" or self._now.text == "in":
                raise self._surprise("a name")
            return self._primary()
        if opening := self._takes("("):
            node = self._expression()
            self._demands(")", opening)
            return node
        if opening := self._takes("["):
            items = self._listed("]")
            end = self._demands("]", opening).end
            return self._made(ListExpr(opening.start, end, tuple(items)))
        if opening := self._takes("{"):
            entries = self._entries()
            end = self._demands("}", opening).end
            return self._made(Mapping(opening.start, end, tuple(entries)))
        raise self._surprise("a value")

    def _entries(self) -> list[tuple[Node, Node]]:
        found = []
        while not self._is("}"):
            key = self._expression()
            if not self._takes(":"):
                raise self._surprise("`:` and a value")
            found.append((key, self._expression()))
            if not self._takes(","):
                break
        return found

    def _function(self, name: Token) -> Node:
        arguments, end = self._arguments()
        if name.text != "has":
            return Call(name.start, end, name.text, tuple(arguments), name.start)
        inside = arguments[0] if len(arguments) == 1 else None
        if not isinstance(inside, Select) or inside.optional:
            raise Malformed("`has` asks for one field", name.start, end, "write `has(model.meta.owner)`")
        return Select(name.start, end, inside.operand, inside.field, inside.at, test=True)
