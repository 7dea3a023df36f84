"""An expression as closures over values: run a thousand times for the price of one reading.

Errors are absorbed as CEL has it: ``true || x`` is true whatever x is. Work is counted, and ends
with `TooMuch` where it is more than may be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from floe_engine.cel import syntax
from floe_engine.cel.checking import Checked
from floe_engine.cel.functions import FUNCTIONS, OPERATORS, called
from floe_engine.cel.syntax import Call, Index, Listing, Literal, Logic, Macro, Name, Node, Select
from floe_engine.cel.types import Object
from floe_engine.cel.values import Failed, Frame, Maybe, Unknown, kind_of

Run = Callable[[Frame], Any]

MOST_STEPS = 100_000
"""Steps of one run: items looked at, and eights of characters written."""


class Program:
    """A checked expression, ready to run on values of its variables, which are given in their order."""

    def __init__(self, checked: Checked, variables: tuple[str, ...]) -> None:
        assert checked.ok and checked.tree is not None, checked.problems
        self.checked = checked
        self._variables = variables
        self._compiler = _Compiler(checked)
        self._places = {name: place for place, name in enumerate(variables)}
        self._run = self._compiler.run_of(checked.tree, self._places)
        self._size = self._compiler.size

    def frame(self, *values: Any, steps: int = MOST_STEPS) -> Frame:
        """What the expression, and parts of it, are run on."""
        return Frame(steps, [*values, *([None] * (self._size - len(values)))])

    def run(self, *values: Any, steps: int = MOST_STEPS) -> Any:
        """The value of the expression. Raises `Failed`, `Unknown` or `TooMuch`."""
        return self._run(self.frame(*values, steps=steps))

    def run_on(self, frame: Frame) -> Any:
        """The value on a frame that `frame` made."""
        return self._run(frame)

    def part(self, node: Node) -> Run:
        """A part of the expression that no macro surrounds, to be run on a frame."""
        return self._compiler.run_of(node, self._places)


class _Compiler:
    def __init__(self, checked: Checked) -> None:
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
                return _logic(tuple(self.run_of(c, places) for c in node.clauses), node.operator == "||")
            case Listing(items=items) if all(isinstance(item, Literal) for item in items):
                constant = [item.value for item in items if isinstance(item, Literal)]
                return lambda frame: constant  # no function changes a list
            case Listing(items=items):
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
        operand, field = self.run_of(node.operand, places), node.field
        if isinstance(self._types[node.operand], Object):
            if isinstance(node.operand, Name):
                place, read = places[node.operand.name], attrgetter(field)
                return lambda frame: read(frame.values[place])
            get = attrgetter(field)
            return lambda frame: get(operand(frame))
        if node.test:
            return lambda frame: _has(operand(frame), field)
        if node.optional:
            return lambda frame: _maybe(operand(frame), field)

        def select(frame: Frame) -> Any:
            holder = operand(frame)
            if isinstance(holder, dict) and field in holder:
                return holder[field]
            raise _no_key(holder, field)

        return select

    def _index(self, node: Index, places: Mapping[str, int]) -> Run:
        operand, key = self.run_of(node.operand, places), self.run_of(node.index, places)
        if node.optional:
            return lambda frame: _maybe(operand(frame), key(frame))

        def index(frame: Frame) -> Any:
            holder, at = operand(frame), key(frame)
            found = _maybe(holder, at)
            if not found.there:
                raise _no_key(holder, at)
            return found.value

        return index

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
            return _not(runs[0])
        if name == "_?_:_":
            return _choice(*runs)
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


def _logic(clauses: tuple[Run, ...], stop: bool) -> Run:
    """``||`` ends with the first true, ``&&`` with the first false; an error counts where none is found."""

    def logic(frame: Frame) -> bool:
        error: Failed | None = None
        for clause in clauses:
            try:
                value: object = clause(frame)
                if value is stop:
                    return stop
                if value is not (not stop):
                    raise _no_bool(value)
            except Failed as failed:
                error = failed if error is None or isinstance(failed, Unknown) else error
        if error is not None:
            raise error
        return not stop

    return logic


def _quantifier(items: Run, body: Run, place: int, *, stop: bool) -> Run:
    on = not stop

    def quantifier(frame: Frame) -> bool:
        listed = items(frame)
        if type(listed) is not list:
            listed = _listed(listed)
        frame.spend(len(listed) + 1)
        values = frame.values
        error: Failed | None = None
        for item in listed:
            values[place] = item
            try:
                value: object = body(frame)
                if value is stop:
                    return stop
                if value is not on:
                    raise _no_bool(value)
            except Failed as failed:
                error = failed if error is None or isinstance(failed, Unknown) else error
        if error is not None:
            raise error
        return on

    return quantifier


def _kept(frame: Frame, items: Run, test: Run | None, place: int, made: Run) -> list[Any]:
    found = []
    listed = _listed(items(frame))
    frame.spend(len(listed) + 1)
    for item in listed:
        frame.values[place] = item
        kept = True if test is None else test(frame)
        if kept is True:
            found.append(made(frame))
        elif kept is not False:
            raise _no_bool(kept)
    return found


def _listed(value: Any) -> list[Any]:
    """The items that a macro goes through: those of a list, or the keys of a map."""
    if isinstance(value, dict):
        return list(value)
    if not isinstance(value, list):
        raise Failed(f"{kind_of(value)} has no items")
    return value


def _not(run: Run) -> Run:
    def negated(frame: Frame) -> bool:
        value = run(frame)
        if value is True or value is False:
            return not value
        raise _no_bool(value)

    return negated


def _choice(condition: Run, then: Run, other: Run) -> Run:
    def choice(frame: Frame) -> Any:
        value = condition(frame)
        if value is True:
            return then(frame)
        if value is False:
            return other(frame)
        raise _no_bool(value)

    return choice


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


def _has(holder: Any, field: str) -> bool:
    if isinstance(holder, dict):
        return field in holder
    raise Failed(f"{kind_of(holder)} has no keys")


def _maybe(holder: Any, key: Any) -> Maybe:
    if isinstance(holder, Maybe):
        if not holder.there:
            return holder
        holder = holder.value
    if isinstance(holder, dict):
        if isinstance(key, str | int | float) and not isinstance(key, bool) and key in holder:
            return Maybe(holder[key], there=True)
        return Maybe()
    if isinstance(holder, list):
        if isinstance(key, float) and key.is_integer():
            key = int(key)
        if type(key) is not int:
            raise Failed(f"{kind_of(key)} is no place in a list")
        return Maybe(holder[key], there=True) if 0 <= key < len(holder) else Maybe()
    raise Failed(f"{kind_of(holder)} has no keys")


def _no_key(holder: Any, key: Any) -> Failed:
    if isinstance(holder, dict):
        return Failed(f"there is no key `{key}`")
    if isinstance(holder, list):
        return Failed(f"there is no item {key}")
    return Failed(f"{kind_of(holder)} has no key `{key}`")


def _no_bool(value: Any) -> Failed:
    return Failed(f"{kind_of(value)} is neither true nor false")
