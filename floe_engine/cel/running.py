"""An expression as closures over values: run a thousand times for the price of one reading.

Errors are absorbed as CEL has it: ``true || x`` is true whatever x is. Work is counted, and ends
with `TooMuch` where it is more than may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from operator import attrgetter
from typing import Any

from floe_engine.cel import syntax
from floe_engine.cel.checking import CheckedExpression
from floe_engine.cel.compiling import Quick, quick
from floe_engine.cel.functions import FUNCTIONS, OPERATORS, called
from floe_engine.cel.syntax import Call, Index, ListExpr, Literal, Logic, Macro, Name, Node, Select
from floe_engine.cel.types import Object
from floe_engine.cel.values import (
    Failed,
    Frame,
    Maybe,
    Unknown,
    field,
    held,
    item,
    kind_of,
    listed_in,
    maybe,
    sure,
)

Run = Callable[[Frame], Any]

MOST_STEPS = 100_000
"""Steps of one run: items looked at, and eights of characters written."""


class Program:
    """A checked expression, ready to run on values of its variables, which are given in their order."""

    def __init__(self, checked: CheckedExpression, variables: tuple[str, ...]) -> None:
        assert checked.ok and checked.tree is not None, checked.problems
        self.checked = checked
        self._tree = checked.tree
        self._places = {name: place for place, name in enumerate(variables)}
        self._compiler = _Compiler(checked)
        self._run: Run | None = None

    @cached_property
    def _whole(self) -> Quick | None:
        return self.quick(self._tree)

    def run_on(self, frame: Frame, *values: Any) -> Any:
        """The value of the expression, with the steps that `frame` has left.

        Raises `Failed`, `Unknown` or `CostExceeded`.
        """
        if self._whole is not None:
            left = frame.left
            try:
                return self._whole(frame, *values)
            except (Failed, TypeError):
                frame.left = left  # closures know which failure counts, and tell it
        return self.run_slowly(frame, *values)

    def run_slowly(self, frame: Frame, *values: Any) -> Any:
        """The same by closures, which absorb errors as CEL does."""
        if self._run is None:
            self._run = self._compiler.run_of(self._tree, self._places)
        return self._run(self._filled(frame, values))

    def quick(self, node: Node) -> Quick | None:
        """The same where it can be one function, which may raise `Failed` or `TypeError` to do without it."""
        return quick(self.checked, tuple(self._places), node)

    def part(self, node: Node) -> Quick:
        """A part of the expression that no macro surrounds, to be run on a frame and values."""
        made = self.quick(node)
        if made is not None:
            return made
        run = self._compiler.run_of(node, self._places)
        return lambda frame, *values: run(self._filled(frame, values))

    def _filled(self, frame: Frame, values: tuple[Any, ...]) -> Frame:
        frame.values = [*values, *([None] * (self._compiler.size - len(values)))]
        return frame


class _Compiler:
    def __init__(self, checked: CheckedExpression) -> None:
        self._types = checked.types
        self.size = 1

    def run_of(self, node: Node, places: Mapping[str, int]) -> Run:
        self.size = max(self.size, len(places))
        match node:
            case Literal(value=value):
                return lambda frame: value
            case Name(name=name):
                place = places[name]
                return lambda frame: frame.values[place]
            case Select():
                return self._select(node, places)
            case Index():
                return self._index(node, places)
            case Logic():
                clauses, stop = tuple(self.run_of(c, places) for c in node.clauses), node.operator == "||"
                return lambda frame: _decided(frame, clauses, stop)
            case ListExpr(items=items) if all(isinstance(item, Literal) for item in items):
                constant = [item.value for item in items if isinstance(item, Literal)]
                return lambda frame: constant  # no function changes a list
            case ListExpr(items=items):
                runs = tuple(self.run_of(item, places) for item in items)
                return lambda frame: [run(frame) for run in runs]
            case syntax.Mapping(entries=entries):
                pairs = tuple(
                    (self.run_of(key, places), self.run_of(value, places)) for key, value in entries
                )
                return lambda frame: _mapping(frame, pairs)
            case Macro():
                return self._macro(node, places)
            case Call():
                return self._call(node, places)
        raise AssertionError(node)

    def _select(self, node: Select, places: Mapping[str, int]) -> Run:
        operand, name = self.run_of(node.operand, places), node.field
        if isinstance(self._types[node.operand], Object):
            read = attrgetter(name)
            if isinstance(node.operand, Name):
                place = places[node.operand.name]
                return lambda frame: read(frame.values[place])
            return lambda frame: read(operand(frame))
        if node.test:
            return lambda frame: held(operand(frame), name)
        if node.optional:
            return lambda frame: maybe(operand(frame), name)
        return lambda frame: field(operand(frame), name)

    def _index(self, node: Index, places: Mapping[str, int]) -> Run:
        operand, key = self.run_of(node.operand, places), self.run_of(node.index, places)
        if node.optional:
            return lambda frame: maybe(operand(frame), key(frame))
        return lambda frame: item(operand(frame), key(frame))

    def _macro(self, node: Macro, places: Mapping[str, int]) -> Run:
        place = len(places)
        # A name that hides another has a place of its own; the hidden one's is kept by an unspeakable name.
        hidden = {
            f"{name} {number}" if name == node.variable else name: number for name, number in places.items()
        }
        inner = {**hidden, node.variable: place}
        items = self.run_of(node.range, places)
        bodies = tuple(self.run_of(argument, inner) for argument in node.arguments)
        match node.macro:
            case "all":
                return _quantifier(items, bodies[0], place, stop=False)
            case "exists":
                return _quantifier(items, bodies[0], place, stop=True)
            case "exists_one":
                return lambda frame: sum(_kept(frame, items, bodies[0], place, lambda f: True)) == 1
            case "filter":
                return lambda frame: _kept(frame, items, bodies[0], place, lambda f: f.values[place])
        if len(bodies) == 2:
            return lambda frame: _kept(frame, items, bodies[0], place, bodies[1])
        return lambda frame: _kept(frame, items, None, place, bodies[0])

    def _call(self, node: Call, places: Mapping[str, int]) -> Run:
        name, given, _ = called(node, places)
        runs = tuple(self.run_of(each, places) for each in given)
        if name == "!_":
            return lambda frame: not sure(runs[0](frame))
        if name == "_?_:_":
            condition, then, otherwise = runs
            return lambda frame: (then if sure(condition(frame)) else otherwise)(frame)
        work = (OPERATORS.get(name) or FUNCTIONS[name]).run
        if name == "orValue":
            return lambda frame: _or_value(runs[0](frame), runs[1], frame)
        if len(runs) == 2:
            one, other = runs
            return lambda frame: work(frame, one(frame), other(frame))
        if len(runs) == 1:
            (only,) = runs
            return lambda frame: work(frame, only(frame))
        return lambda frame: work(frame, *(run(frame) for run in runs))


def _or_value(value: Any, other: Run, frame: Frame) -> Any:
    if not isinstance(value, Maybe):
        raise Failed(f"`orValue` is not for {kind_of(value)}")
    return value.value if value.there else other(frame)


def _quantifier(items: Run, body: Run, place: int, *, stop: bool) -> Run:
    """A question that is asked of every item."""

    def asked(frame: Frame) -> Iterator[Run]:
        for each in _listed(frame, items):
            frame.values[place] = each
            yield body

    return lambda frame: _decided(frame, asked(frame), stop)


def _decided(frame: Frame, questions: Iterable[Run], stop: bool) -> bool:
    """``||`` ends with the first true, ``&&`` with the first false; an error counts where none is found."""
    error: Failed | None = None
    for question in questions:
        try:
            if sure(question(frame)) is stop:
                return stop
        except Failed as failed:
            error = failed if error is None or isinstance(failed, Unknown) else error
    if error is not None:
        raise error
    return not stop


def _listed(frame: Frame, items: Run) -> list[Any]:
    """What a macro goes through, paid for."""
    listed = listed_in(items(frame))
    frame.spend(len(listed) + 1)
    return listed


def _kept(frame: Frame, items: Run, test: Run | None, place: int, made: Run) -> list[Any]:
    found = []
    for each in _listed(frame, items):
        frame.values[place] = each
        if test is None or sure(test(frame)):
            found.append(made(frame))
    return found


def _mapping(frame: Frame, pairs: tuple[tuple[Run, Run], ...]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key, value in pairs:
        name = key(frame)
        if isinstance(name, bool) or not isinstance(name, str | int):
            raise Failed(f"{kind_of(name)} is no key")
        if name in found:
            raise Failed(f"the key {name} is there twice")
        found[name] = value(frame)
    return found
