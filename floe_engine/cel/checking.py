"""Whether an expression means something: every name, field, function and type, before anything is run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from floe_engine.cel import syntax
from floe_engine.cel.functions import FUNCTIONS, OPERATORS, Function, called
from floe_engine.cel.syntax import Call, Index, ListExpr, Literal, Logic, Macro, Name, Node, Select
from floe_engine.cel.tokens import Malformed
from floe_engine.cel.types import (
    BOOL,
    DOUBLE,
    DYN,
    INT,
    NULL,
    STRING,
    Object,
    Type,
    filled,
    joined,
    list_of,
    map_of,
    matched,
    optional,
)
from floe_engine.expressions import BadExpression, NotLinear, compiled
from floe_engine.text import did_you_mean


class Problem(Struct, frozen=True):
    """What is wrong with a part of an expression; `start` and `end` count code points of it from 0.

    `instead` is what could be written there.
    """

    message: str
    start: int
    end: int
    hint: str = ""
    instead: str = ""


class CheckedExpression:
    """An expression that was looked at: its tree, the type of every part, and what is wrong.

    `tree` is None where it could not be read. `type` is that of the whole.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.tree: Node | None = None
        self.types: dict[Node, Type] = {}
        self.scopes: dict[Node, Mapping[str, Type]] = {}
        """The variables at a node: those that are given, and those that macros around it introduce."""
        self.problems: list[Problem] = []

    @property
    def type(self) -> Type:
        """What the expression gives."""
        return self.types.get(self.tree, DYN) if self.tree is not None else DYN

    @property
    def ok(self) -> bool:
        """Whether it can be run."""
        return self.tree is not None and not self.problems


def check(source: str, variables: Mapping[str, Type], wanted: Type | None = None) -> CheckedExpression:
    """Read an expression and look at every part. Never raises for what it says.

    Where `wanted` is given the whole must be of that type, and not merely be so by chance (dyn).
    """
    checked = CheckedExpression(source)
    try:
        checked.tree = syntax.parse(source)
    except Malformed as error:
        checked.problems.append(Problem(error.message, error.start, error.end, error.hint))
        return checked
    _Checker(checked).type_of(checked.tree, dict(variables))
    checked.problems.sort(key=lambda problem: (problem.start, problem.end))
    if wanted is not None and not checked.problems:
        checked.problems += _unwanted(checked, wanted)
    return checked


def _unwanted(checked: CheckedExpression, wanted: Type) -> Iterator[Problem]:
    tree, kind = checked.tree, checked.type
    assert tree is not None
    if kind == wanted:
        return
    hint = f"end it with a question, such as `{checked.source.strip()[:40]} == true`" if kind == DYN else ""
    if kind.name in ("list", "map", "string") and wanted == BOOL:
        hint = "compare it: `size(…) > 0`, or `… != ''`"
    if kind.name == "optional":
        hint = "take the value out with `.orValue(…)`"
    yield Problem(f"the expression gives {_said(kind)}; expected {_said(wanted)}", tree.start, tree.end, hint)


def _said(kind: Type) -> str:
    return "a value of any type" if kind == DYN else f"`{kind}`"


class _Checker:
    def __init__(self, checked: CheckedExpression) -> None:
        self._checked = checked

    def type_of(self, node: Node, names: dict[str, Type]) -> Type:
        """The type of a node; dyn where something in it is wrong, so that it is told once."""
        kind = self._type_of(node, names)
        self._checked.types[node] = kind
        self._checked.scopes[node] = names
        return kind

    def _wrong(self, message: str, start: int, end: int, hint: str = "", instead: str = "") -> Type:
        self._checked.problems.append(Problem(message, start, end, hint, instead))
        return DYN

    def _wrong_node(self, message: str, node: Node, hint: str = "") -> Type:
        return self._wrong(message, node.start, node.end, hint)

    def _unknown(
        self, message: str, word: str, known: Iterable[str], place: tuple[int, int], hint: str
    ) -> Type:
        """A word that is none of the known ones; `hint` is given where none of them is near."""
        near = did_you_mean(word, known)
        return self._wrong(message, *place, f"did you mean `{near}`?" if near else hint, near or "")

    def _type_of(self, node: Node, names: dict[str, Type]) -> Type:
        match node:
            case Literal(value=value):
                return {bool: BOOL, int: INT, float: DOUBLE, str: STRING}.get(type(value), NULL)
            case Name():
                return self._name(node, names)
            case Select():
                return self._select(node, self.type_of(node.operand, names))
            case Index():
                return self._index(node, self.type_of(node.operand, names), self.type_of(node.index, names))
            case Logic():
                for clause in node.clauses:
                    self._question(clause, self.type_of(clause, names), f"`{node.operator}`")
                return BOOL
            case ListExpr(items=items):
                return list_of(joined([self.type_of(item, names) for item in items]))
            case syntax.Mapping(entries=entries):
                keys = [self.type_of(key, names) for key, _ in entries]
                for (key, _), kind in zip(entries, keys, strict=True):
                    if kind not in (STRING, INT, DYN):
                        self._wrong_node(f"a key of a map is a string or an int, not {_said(kind)}", key)
                return map_of(joined([self.type_of(value, names) for _, value in entries]), joined(keys))
            case Macro():
                return self._macro(node, names)
            case Call():
                return self._call(node, names)
        raise AssertionError(node)

    def _question(self, node: Node, kind: Type, where: str) -> None:
        if kind not in (BOOL, DYN):
            self._wrong_node(f"{where} wants `bool`, and this is {_said(kind)}", node)

    def _name(self, node: Name, names: Mapping[str, Type]) -> Type:
        if node.name in names:
            return names[node.name]
        message, place = f"there is no variable `{node.name}`", (node.start, node.end)
        return self._unknown(message, node.name, names, place, f"there is {_listed(names)}")

    def _select(self, node: Select, kind: Type) -> Type:
        if node.test and kind.name not in ("map", "dyn"):
            message = f"`has` is for the keys of a map, such as `meta`; every {kind} has its fields"
            return self._wrong_node(message, node, "compare the field with `null` or with `''`")
        found = self._field(node, kind)
        return BOOL if node.test else optional(_inside(found)) if node.optional else found

    def _field(self, node: Select, kind: Type) -> Type:
        if kind.name == "optional":
            if not node.optional:
                hint = "go on with `.?`, or take it out with `.orValue(…)`"
                return self._wrong("this may have no value", node.at, node.end, hint)
            kind = kind.of[0]
        if isinstance(kind, Object):
            if node.optional:
                return self._wrong(f"every {kind} has its fields", node.at, node.end, "write `.` for `.?`")
            field = kind.fields.get(node.field)
            if field is not None:
                return field.type
            message, place = f"{kind} has no field `{node.field}`", (node.at, node.end)
            return self._unknown(message, node.field, kind.fields, place, f"it has {_listed(kind.fields)}")
        if kind.name == "map":
            return kind.of[1]
        if kind == DYN:
            return DYN
        hint = ""
        if kind.name == "list":
            hint = f"ask its items: `.exists(x, x.{node.field} …)`"
        if node.field in FUNCTIONS:
            hint = f"call it: `.{node.field}(…)`"
        return self._wrong(f"{_said(kind)} has no field `{node.field}`", node.at, node.end, hint)

    def _index(self, node: Index, kind: Type, key: Type) -> Type:
        if kind.name == "optional":
            if not node.optional:
                return self._wrong_node("this may have no value", node, "go on with `[?…]`")
            kind = kind.of[0]
        wanted = {"list": INT, "map": kind.of[0] if kind.of else DYN}.get(kind.name)
        if wanted is None:
            if kind != DYN:
                self._wrong_node(f"{_said(kind)} is neither a list nor a map", node)
            return optional(DYN) if node.optional else DYN
        if not matched(wanted, key, {}):
            self._wrong_node(f"expected {_said(wanted)} here, not {_said(key)}", node.index)
        found = kind.of[-1]
        return optional(_inside(found)) if node.optional else found

    def _macro(self, node: Macro, names: dict[str, Type]) -> Type:
        kind = self.type_of(node.range, names)
        item = {"list": kind.of[:1], "map": kind.of[:1], "dyn": (DYN,)}.get(kind.name)
        if not item:
            self._wrong_node(f"`{node.macro}` is for a list or a map, not {_said(kind)}", node.range)
            item = (DYN,)
        inner = {**names, node.variable: item[0]}
        kinds = [self.type_of(argument, inner) for argument in node.arguments]
        if node.macro != "map" or len(kinds) == 2:
            self._question(node.arguments[0], kinds[0], f"`{node.macro}`")
        if node.macro == "filter":
            return list_of(item[0])
        return list_of(kinds[-1]) if node.macro == "map" else BOOL

    def _call(self, node: Call, names: dict[str, Type]) -> Type:
        name, given, as_method = called(node, names)
        kinds = [self.type_of(argument, names) for argument in given]
        function = OPERATORS.get(name) or FUNCTIONS.get(name)
        place = (node.at, node.at + len(node.function.strip("_")))
        if function is None:
            hint = "docs/house-rules.md lists them all"
            return self._unknown(f"there is no function `{name}`", name, FUNCTIONS, place, hint)
        if name in FUNCTIONS and not (function.method if as_method else function.call):
            how = f"x.{name}(…)" if function.method else f"{name}(x)"
            return self._wrong(f"`{name}` is not called like this", *place, f"write `{how}`")
        found = _overload(function, kinds)
        if found is None:
            return self._mismatch(place, name, function, given, kinds)
        if name == "matches":
            self._pattern(given[-1])
        return found

    def _mismatch(
        self,
        place: tuple[int, int],
        name: str,
        function: Function,
        given: tuple[Node, ...],
        kinds: list[Type],
    ) -> Type:
        hint = ""
        if name == "_?_:_":
            if kinds[0] not in (BOOL, DYN):
                self._question(given[0], kinds[0], "`?`")
                return DYN
            message = f"both values of `? :` are of one type, not {_said(kinds[1])} and {_said(kinds[2])}"
            return self._wrong(message, given[1].start, given[2].end)
        names = {kind.name for kind in kinds}
        if "optional" in names:
            hint = "take the value out with `.orValue(…)`"
        elif names == {"int", "double"}:
            whole = next(part for part, kind in zip(given, kinds, strict=True) if kind == INT)
            number = self._checked.source[whole.start : whole.end]
            hint = f"write `{number}.0`" if number.isdigit() else f"write `double({number})`"
        elif "null" in names and name in ("_==_", "_!=_"):
            other = next((kind for kind in kinds if kind != NULL), NULL)
            empty = {"string": "''", "list": "[]"}.get(other.name)
            hint = f"it is never null; compare with `{empty}`" if empty else "it is never null"
        elif name in FUNCTIONS:
            ways = (
                ", ".join(map(str, way.takes[1:] if function.method else way.takes))
                for way in function.overloads
            )
            hint = f"it takes ({') or ('.join(dict.fromkeys(ways))})"
        said = " and ".join(map(_said, kinds)) or "nothing"
        return self._wrong(f"`{name.strip('_')}` is not for {said}", *place, hint)

    def _pattern(self, node: Node) -> None:
        """A regular expression is written out, so that it is known to be one."""
        if not isinstance(node, Literal):
            self._wrong_node("the regular expression must be written out here", node)
            return
        try:
            compiled(node.value)
        except BadExpression as error:
            self._wrong_node(f"not a regular expression: {error}", node)
        except NotLinear as error:
            self._wrong_node(str(error), node, error.hint)


def _inside(kind: Type) -> Type:
    """What an optional holds: one of an optional is one."""
    return kind.of[0] if kind.name in ("optional", "nullable") else kind


def _overload(function: Function, kinds: list[Type]) -> Type | None:
    fitting = []
    for way in function.overloads:
        bound: dict[str, Type] = {}
        if len(way.takes) == len(kinds) and all(
            matched(wanted, given, bound) for wanted, given in zip(way.takes, kinds, strict=True)
        ):
            fitting.append(filled(way.gives, bound))
    if not fitting:
        return None
    return fitting[0] if all(kind == fitting[0] for kind in fitting) else DYN


def _listed(names: Iterable[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - 12} more" if len(shown) > 12 else ""
    return ", ".join(f"`{name}`" for name in shown[:12]) + more
