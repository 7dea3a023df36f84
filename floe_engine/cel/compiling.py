"""A checked expression as one function of Python: several times quicker than closures, for what goes well.

The function is what `running` would do where no part fails: the first false clause of ``&&`` ends it, and so
on. Where any part fails it raises `Failed`, and `running` gives the answer, for there an error is absorbed
as CEL has it. Work is counted alike.

Python is written here from the tree alone, and from a closed set of pieces: names of our own, fields that
the fact model declares, constants by `repr` or by name, calls of what `functions` has. No text of an
expression gets into it, and it sees no builtin but those that are given.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from typing import Any

from floe_engine.cel.checking import CheckedExpression
from floe_engine.cel.functions import FUNCTIONS, OPERATORS, called
from floe_engine.cel.syntax import Call, Index, ListExpr, Literal, Logic, Macro, Name, Node, Select
from floe_engine.cel.types import BOOL, DOUBLE, DYN, INT, STRING, Object, Type
from floe_engine.cel.values import CostExceeded, Frame, field, held, item, listed_in, maybe, sure

Quick = Callable[..., Any]
"""Takes a frame, whose steps it spends, and the values of the variables in their order."""


class _NotWritten(Exception):
    """A part that only closures run."""


def quick(checked: CheckedExpression, variables: tuple[str, ...], node: Node) -> Quick | None:
    """The function of an expression, or of a part that no macro surrounds; None: only closures run it."""
    writer = _Writer(checked)
    names = {name: f"v{number}" for number, name in enumerate(variables)}
    try:
        body = writer.text(node, names)
        source = f"lambda f, {', '.join(names.values())}: {body}"
        made: Quick = eval(compile(source, "<rule>", "eval"), writer.known)  # noqa: S307  (see above)
    except (_NotWritten, SyntaxError, MemoryError, RecursionError):  # Python's own bounds of nesting
        return None
    return made


def _items(frame: Frame, value: Any) -> list[Any]:
    found = value if type(value) is list else listed_in(value)
    frame.left -= len(found) + 1
    if frame.left < 0:
        raise CostExceeded
    return found


_GIVEN: Mapping[str, Any] = {
    "__builtins__": {},
    "all": all,
    "any": any,
    "sum": sum,
    "len": len,
    "items": _items,
    "item": item,
    "field": field,
    "has": held,
    "maybe": maybe,
    "sure": sure,
}
_MOST_COPIES = 16
"""How often the text of a part may be written, lists in lists included."""
_ORDERS = {"_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">="}
_EQUALS = {"_==_": "==", "_!=_": "!="}


class _Writer:
    def __init__(self, checked: CheckedExpression) -> None:
        self._types = checked.types
        self.known: dict[str, Any] = dict(_GIVEN)
        self._variables = 0
        self._doubtful: set[str] = set()
        self._copies = 1

    def text(self, node: Node, names: Mapping[str, str]) -> str:
        """The expression of Python that does what `node` does."""
        match node:
            case Literal(value=value):
                return self._constant(value)
            case Name(name=name):
                return names[name]
            case Select():
                return self._select(node, names)
            case Index(operand=operand, index=index, optional=optional):
                function = "maybe" if optional else "item"
                return f"{function}({self.text(operand, names)}, {self.text(index, names)})"
            case Logic(operator=operator, clauses=clauses):
                word = " or " if operator == "||" else " and "
                return f"({word.join(self._sure(clause, names) for clause in clauses)})"
            case ListExpr(items=items):
                if all(isinstance(item, Literal) for item in items):
                    return self._constant([item.value for item in items if isinstance(item, Literal)])
                return f"[{', '.join(self.text(item, names) for item in items)}]"
            case Macro():
                return self._macro(node, names)
            case Call():
                return self._call(node, names)
        raise _NotWritten

    def _constant(self, value: Any) -> str:
        if value is None or type(value) in (bool, int, str):
            return f"({value!r})"
        return self._named(value)

    def _named(self, value: Any) -> str:
        name = f"k{len(self.known)}"
        self.known[name] = value
        return name

    def _sure(self, node: Node, names: Mapping[str, str]) -> str:
        """A part that is true or false, or fails."""
        text = self.text(node, names)
        return text if self._types[node] == BOOL and self._honest(node, names) else f"sure({text})"

    def _honest(self, node: Node, names: Mapping[str, str]) -> bool:
        """Whether a part surely gives what its type says: what came from dyn may have passed for anything."""
        match node:
            case Literal() | Logic():
                return True
            case Name(name=name):
                return names[name] not in self._doubtful
            case Select(operand=operand, test=test):
                return test or (isinstance(self._types[operand], Object) and self._honest(operand, names))
            case ListExpr(items=items):
                return all(isinstance(item, Literal) for item in items) and self._types[node].of != (DYN,)
            case Macro(macro="filter"):
                return self._honest(node.range, names)
            case Macro():
                return node.macro != "map"
            case Call():
                name, given, _ = called(node, names)
                ways = (OPERATORS.get(name) or FUNCTIONS[name]).overloads
                gives = {way.gives for way in ways}
                if len(gives) == 1 and gives <= {BOOL, INT, STRING, DOUBLE}:
                    return True
                return name not in ("orValue", "_?_:_") and all(self._honest(each, names) for each in given)
        return False

    def _select(self, node: Select, names: Mapping[str, str]) -> str:
        operand = self.text(node.operand, names)
        if isinstance(self._types[node.operand], Object):
            if not node.field.isidentifier() or keyword.iskeyword(node.field):
                raise _NotWritten
            return f"{operand}.{node.field}"
        function = "has" if node.test else "maybe" if node.optional else "field"
        return f"{function}({operand}, {node.field!r})"

    def _macro(self, node: Macro, names: Mapping[str, str]) -> str:
        if (written_out := self._written_out(node, names)) is not None:
            return written_out
        self._variables += 1
        own = f"x{self._variables}"
        if not self._honest(node.range, names):
            self._doubtful.add(own)
        inner = {**names, node.variable: own}
        over = f"for {own} in items(f, {self.text(node.range, names)})"
        test = self._sure(node.arguments[0], inner) if node.macro != "map" or len(node.arguments) == 2 else ""
        match node.macro:
            case "all" | "exists":
                word = "all" if node.macro == "all" else "any"
                if isinstance(node.range, Select) and self._honest(node.range, names):
                    # Most lists of facts are empty, and a field is read more cheaply than a loop is begun.
                    return f"({word}({test} {over}) if {self.text(node.range, names)} else {word == 'all'})"
                return f"{word}({test} {over})"
            case "exists_one":
                return f"(sum([{test} {over}]) == 1)"
            case "filter":
                return f"[{own} {over} if {test}]"
        made = self.text(node.arguments[-1], inner)
        return f"[{made} {over}{f' if {test}' if test else ''}]"

    def _written_out(self, node: Macro, names: Mapping[str, str]) -> str | None:
        """The tests of a short list of literals, one behind the other: no loop has to be begun."""
        if node.macro not in ("all", "exists") or not isinstance(node.range, ListExpr):
            return None
        items = [item for item in node.range.items if isinstance(item, Literal)]
        copies = self._copies * len(items)
        if not items or len(items) < len(node.range.items) or copies > _MOST_COPIES:
            return None
        outer, self._copies = self._copies, copies
        inner = ({**names, node.variable: self._constant(item.value)} for item in items)
        tests = [self._sure(node.arguments[0], each) for each in inner]
        self._copies = outer
        return f"({(' and ' if node.macro == 'all' else ' or ').join(tests)})"

    def _call(self, node: Call, names: Mapping[str, str]) -> str:
        name, given, _ = called(node, names)
        texts = [self.text(each, names) for each in given]
        kinds = [self._types[each] for each in given]
        plain = [_plain(self._types[each]) if self._honest(each, names) else "" for each in given]
        if name == "!_":
            return f"(not {self._sure(given[0], names)})"
        if name == "_?_:_":
            return f"({texts[1]} if {self._sure(given[0], names)} else {texts[2]})"
        if name in _EQUALS and (plain[0] == plain[1] != "" or "null" in plain):
            return f"({texts[0]} {_EQUALS[name]} {texts[1]})"
        if name in _ORDERS and kinds[0] == kinds[1] and plain[0] == plain[1] == kinds[0].name:
            return f"({texts[0]} {_ORDERS[name]} {texts[1]})"
        if name == "size" and kinds[0].name in ("string", "list", "map") and self._honest(given[0], names):
            return f"len({texts[0]})"
        if name == "_in_" and plain[0] == "string" and isinstance(given[1], ListExpr):
            words = [item.value for item in given[1].items if isinstance(item, Literal)]
            if len(words) == len(given[1].items) and all(isinstance(word, str) for word in words):
                return f"({texts[0]} in {self._named(frozenset(words))})"
        work = (OPERATORS.get(name) or FUNCTIONS[name]).run
        return f"{self._named(work)}({', '.join(['f', *texts])})"


def _plain(kind: Type) -> str:
    """The name of a type whose values Python compares as CEL does; empty for others."""
    if kind.name == "nullable":
        kind = kind.of[0]
    return kind.name if kind.name in ("string", "int", "double", "null") else ""
