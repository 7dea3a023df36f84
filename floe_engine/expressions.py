"""Regular expressions that somebody else wrote, matched in time that grows with the text alone.

Python's `re` tries one way after the other, and a line of a platform's policy can make it try for
years. Where `backtracking` says that it cannot, `re` is asked. Elsewhere all ways are followed at once:
CPython's own parser reads the expression, its tree becomes a nondeterministic automaton (Thompson, CACM
11(6), 1968), and that one is made deterministic while it runs. A single character is still tested by
`re`, so that classes, case and Unicode mean what they mean there. What needs a memory of the text
(looking around, going back) is refused by name.

Nothing of floe may enter.
"""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, Literal

from msgspec import Struct, field

from floe_engine.backtracking import cost_of

LONGEST = 1_000
"""Characters of an expression."""

LONGEST_TEXT = 1_024
"""Characters of a text: a longer one is no name. It matches nothing as a whole, and its head is searched."""

_MOST_CHARACTERS = 500
"""Places of an expression, its repetitions written out, at which a character can stand."""

_MOST_NODES = 5_000
_MOST_STATES = 1_000
"""Of the deterministic automaton that are remembered; then it begins to learn anew."""

_MOST_STEPS = 1_000_000
"""That `re` may need for one text: a millisecond or two, where the automaton may need ten."""
_STEPS_IN_ALL = 200_000_000
"""That `re` may need for one expression: a third of a second. Then the automaton is asked, which learns."""
_LENGTHS = (256, 64)
"""Characters of a text for which its steps are counted; names have some twenty."""

_IGNORE_CASE = int(re.IGNORECASE)  # arithmetic with the flags themselves makes an object each time

parser: Any = import_module("re._parser")
_compiler: Any = import_module("re._compiler")

_FLAGS = int(re.IGNORECASE | re.DOTALL | re.VERBOSE | re.UNICODE)
"""What ``(?…)`` may set; lines (m) and ASCII (a) are for texts, not for names."""

_CHARACTERS = {parser.LITERAL, parser.NOT_LITERAL, parser.ANY, parser.IN}

_REFUSED = {
    parser.ASSERT: (
        "looking ahead or behind, `(?=…)` or `(?<=…)`",
        "say what may stand there: `[a-z]+_id` for `[a-z_]+(?<=_id)`",
    ),
    parser.ASSERT_NOT: (
        "looking ahead or behind, `(?!…)` or `(?<!…)`",
        "say what may stand there: `[a-z][a-z0-9]*(_[a-z0-9]+)*_?` for `(?!.*__)[a-z][a-z0-9_]*`",
    ),
    parser.GROUPREF: ("going back to a group, `\\1` or `(?P=name)`", "write the choices out: `aa|bb`"),
    parser.GROUPREF_EXISTS: ("a condition, `(?(1)…|…)`", "write both cases out: `(a)b|c`"),
    parser.ATOMIC_GROUP: ("an atomic group, `(?>…)`", "write `(?:…)`: no way is tried twice here"),
    parser.POSSESSIVE_REPEAT: (
        "a possessive repetition, `*+`, `++` or `?+`",
        "leave the second sign out: no way is tried twice here",
    ),
}


class BadExpression(ValueError):
    """What was written is no regular expression. `position` counts characters from 0 where it is known."""

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason if position is None else f"{reason} at character {position + 1}")


class NotLinear(ValueError):
    """An expression that has no place here. `hint` says how to write it instead."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


@functools.lru_cache(maxsize=512)
def compiled(source: str, *, ignore_case: bool = False) -> Expressions:
    """One expression, ready to match. Raises `BadExpression` or `NotLinear`."""
    return Expressions((source,), ignore_case=ignore_case)


def fullmatch(source: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether `text` as a whole is what `source` says. Raises `BadExpression` or `NotLinear`."""
    return compiled(source, ignore_case=ignore_case).fullmatch(text) is not None


def found_in_any_case(source: str) -> Callable[[str], bool]:
    """Whether a text has what an expression says, case apart. Raises `BadExpression` or `NotLinear`."""
    if case_flag(source):
        search = compiled(source, ignore_case=True).search
        return lambda text: search(text) is not None
    search = compiled(source).search

    def found(text: str) -> bool:
        if not text.isascii():  # the Kelvin sign is a ``k`` too
            return compiled(source, ignore_case=True).search(text) is not None
        return search(text.lower()) is not None

    return found


def case_flag(source: str) -> int:
    """The flag by which an expression is read that is to hold case apart.

    None for one of small letters alone: asked of small letters it says the same, and sooner, for `re` then
    looks at no choice that begins with another letter.
    """
    small = source.isascii() and source == source.lower() and "\\" not in source
    # Of any other range a part may be capital letters.
    ranges = re.sub("[a-z]-[a-z]|[0-9]-[0-9]", "", source)
    return 0 if small and "-" not in ranges else _IGNORE_CASE


Look = Literal["start", "end", "last", "boundary", "inside"]
"""What a node may demand of its place: ``\\A ^``, ``\\Z``, ``$``, ``\\b``, ``\\B``."""

_LOOKS: dict[Any, Look] = {
    parser.AT_BEGINNING: "start",
    parser.AT_BEGINNING_STRING: "start",
    parser.AT_END: "last",
    parser.AT_END_STRING: "end",
    parser.AT_BOUNDARY: "boundary",
    parser.AT_NON_BOUNDARY: "inside",
}


class _Node(Struct):
    """A place in an expression. A character that `test` takes leads on, or none where `look` holds."""

    after: list[int]
    test: Callable[[str], Any] | None = None
    look: Look | None = None


class _State(Struct):
    """Where an expression can be after a part of a text. `before` is what stood there last."""

    nodes: frozenset[int]
    before: str
    following: dict[str, tuple[_State, frozenset[int]]] = field(default_factory=dict)
    """By the next character: the next state, and which expressions were complete before it."""
    reached: dict[str, tuple[frozenset[int], frozenset[int]]] = field(default_factory=dict)
    """By the kind of the next character: which expressions are complete there, and what tests it."""


class Expressions:
    """Several expressions at once, at the cost of one. Answers name the first that matches by its index.

    Raises `BadExpression` for what is no expression of Python, and `NotLinear` for one that is too
    large or cannot be matched in linear time. Safe to use from several threads.
    """

    def __init__(self, sources: Sequence[str], *, ignore_case: bool = False) -> None:
        self._trees = [parsed(source, _IGNORE_CASE if ignore_case else 0) for source in sources]
        # Of several, the automaton needs no more steps than of one.
        self._easy, self._steps = _easy_up_to(self._trees[0]) if len(sources) == 1 else (-1, 0)
        """The longest text for which `re` is asked (-1: none), and the steps that it may need for one."""
        self._left = _STEPS_IN_ALL
        if self._easy < 0:
            self._automaton = _Automaton(self._trees)  # which refuses what cannot be

    @functools.cached_property
    def _tried(self) -> re.Pattern[str]:
        found: re.Pattern[str] = _compiler.compile(self._trees[0], self._trees[0].state.flags)
        return found

    @functools.cached_property
    def _automaton(self) -> _Automaton:
        return _Automaton(self._trees)

    def fullmatch(self, text: str) -> int | None:
        """The first expression that the whole of `text` is, as `re.fullmatch` means it."""
        if len(text) > LONGEST_TEXT:
            return None
        if self._is_easy(text):
            return 0 if self._tried.fullmatch(text) else None
        return self._automaton.fullmatch(text)

    def search(self, text: str) -> int | None:
        """The first expression that is found anywhere in `text`, as `re.search` means it."""
        return self._found(text[:LONGEST_TEXT])

    def found_in(self, text: str) -> bool:
        """Whether any is found anywhere in a text that is no name, such as a query: however long it is."""
        return self._found(text) is not None

    def _is_easy(self, text: str) -> bool:
        self._left -= self._steps
        return len(text) <= self._easy and self._left > 0

    def _found(self, text: str) -> int | None:
        if self._is_easy(text):
            return 0 if self._tried.search(text) else None
        return self._automaton.search(text)


class _Automaton:
    """All ways of several expressions at once: nondeterministic, and made deterministic while it runs."""

    def __init__(self, trees: Sequence[Any]) -> None:
        self._nodes: list[_Node] = []
        self._ends: dict[int, int] = {}
        self._characters = self._work = 0
        self._looks = False
        starts = []
        for index, tree in enumerate(trees):
            self._characters = self._work = 0
            end = self._node()
            self._ends[end] = index
            try:
                starts.append(self._sequence(tree, tree.state.flags, end))
            except RecursionError:
                raise BadExpression("nested too deeply") from None
            except NotLinear:
                _check(tree)  # of an expression with two mistakes, what Python says is told
                raise
        self._starts = frozenset(starts)
        self._tests: dict[Callable[[str], Any], list[int]] = {}
        for number, node in enumerate(self._nodes):
            if node.test is not None:  # thousands of places share some forty tests
                self._tests.setdefault(node.test, []).append(number)
        self._states: dict[tuple[frozenset[int], str], _State] = {}
        self._searches: dict[tuple[frozenset[int], str], _State] = {}
        self._takers: dict[str, frozenset[int]] = {}
        self._begun: dict[tuple[str, str], frozenset[int]] = {}

    def fullmatch(self, text: str) -> int | None:
        """The first expression that the whole of a text is."""
        state = self._state(self._states, self._starts, "")
        for character in self._signs(text):
            known = state.following.get(character) or self._next(self._states, state, character)
            state = known[0]
            if not state.nodes:
                return None
        _, complete = state.following.get("") or self._next(self._states, state, "")
        return min(complete, default=None)

    def search(self, text: str) -> int | None:
        """The first expression that is found anywhere in a text."""
        state = self._state(self._searches, self._starts, "")
        found: frozenset[int] = frozenset()
        for character in (*self._signs(text), ""):
            state, complete = state.following.get(character) or self._next(
                self._searches, state, character, self._starts
            )
            if complete:
                found |= complete
                if 0 in found:
                    break
        return min(found, default=None)

    # --- running -------------------------------------------------------------------------------

    @staticmethod
    def _signs(text: str) -> Iterable[str]:
        """The characters; a line break at the very end is two, for ``$`` holds before it."""
        return (*text[:-1], "\n$") if text.endswith("\n") else text

    def _next(
        self,
        states: dict[tuple[frozenset[int], str], _State],
        state: _State,
        sign: str,
        always: frozenset[int] = frozenset(),
    ) -> tuple[_State, frozenset[int]]:
        """Learn where `state` goes with a sign; the empty one is the end of the text."""
        character = sign[:1]
        complete, tested = self._reached(state, sign)
        onward = set(always)
        for number in tested & self._taking(character) if character else ():
            onward.update(self._nodes[number].after)
        before = "" if not self._looks else "w" if _is_word(character) else "-"
        learnt = (self._state(states, frozenset(onward), before), complete)
        state.following[sign] = learnt
        return learnt

    def _state(
        self, states: dict[tuple[frozenset[int], str], _State], nodes: frozenset[int], before: str
    ) -> _State:
        found = states.get((nodes, before))
        if found is None:
            if len(states) >= _MOST_STATES:
                for forgotten in list(states.values()):
                    forgotten.following = {}
                states.clear()
            found = states[nodes, before] = _State(nodes, before)
        return found

    def _reached(self, state: _State, sign: str) -> tuple[frozenset[int], frozenset[int]]:
        """Where `state` is before a sign. Nothing but the sign's kind matters for that, if even that does."""
        kind = "" if not self._looks else sign if sign[1:] or not sign else "w" if _is_word(sign) else "-"
        known = state.reached.get(kind)
        if known is None:
            here = self._closed(state.nodes, state.before, sign)
            complete = frozenset(self._ends[number] for number in here if number in self._ends)
            tested = frozenset(number for number in here if self._nodes[number].test is not None)
            known = state.reached[kind] = (complete, tested)
        return known

    def _taking(self, character: str) -> frozenset[int]:
        """The nodes that take a character."""
        found = self._takers.get(character)
        if found is None:
            if len(self._takers) >= _MOST_STATES:
                self._takers.clear()
            found = frozenset().union(*(nodes for test, nodes in self._tests.items() if test(character)))
            self._takers[character] = found
        return found

    def _closed(self, nodes: frozenset[int], before: str, sign: str) -> set[int]:
        """All places that are reached from `nodes` without a character, between two given ones."""
        seen: set[int] = set()
        if nodes > self._starts:  # a search begins anew at every character
            place = (before, sign if sign in ("", "\n$") else "w" if _is_word(sign) else "-")
            if place not in self._begun:
                self._begun[place] = frozenset(self._closed(self._starts, before, sign))
            seen.update(self._begun[place])
        todo = [node for node in nodes if node not in seen]
        seen.update(todo)
        while todo:
            node = self._nodes[todo.pop()]
            if node.test is None and (node.look is None or _holds(node.look, before, sign)):
                for number in node.after:
                    if number not in seen:
                        seen.add(number)
                        todo.append(number)
        return seen

    # --- building ------------------------------------------------------------------------------

    def _node(self, *after: int, test: Callable[[str], Any] | None = None, look: Look | None = None) -> int:
        self._characters += test is not None
        if self._characters > _MOST_CHARACTERS or len(self._nodes) >= _MOST_NODES * (len(self._ends) + 1):
            raise NotLinear(
                f"the expression has more than {_MOST_CHARACTERS} places, its repetitions written out",
                "repeat without a number: `[a-z]+` for `[a-z]{1,900}`",
            )
        self._nodes.append(_Node(list(after), test, look))
        return len(self._nodes) - 1

    def _sequence(self, items: Any, flags: int, after: int) -> int:
        self._work += 1
        if self._work > 2 * _MOST_NODES:
            raise NotLinear("the expression is too large, its repetitions written out")
        for operation, argument in reversed(items.data):
            after = self._item(operation, argument, flags, after)
        return after

    def _item(self, operation: Any, argument: Any, flags: int, after: int) -> int:
        if operation in _CHARACTERS:
            return self._node(after, test=_one_character(operation, argument, flags))
        if operation is parser.SUBPATTERN:
            _, added, removed, inner = argument
            _check_flags(added)
            return self._sequence(inner, (flags | added) & ~removed, after)
        if operation is parser.BRANCH:
            return self._node(*(self._sequence(branch, flags, after) for branch in argument[1]))
        if operation in (parser.MAX_REPEAT, parser.MIN_REPEAT):
            least, most, body = argument
            return self._repeated(least, most, body, flags, after)
        if operation is parser.AT and argument in _LOOKS:
            self._looks = True
            return self._node(after, look=_LOOKS[argument])
        what, hint = _REFUSED.get(operation, (f"`{operation}`", ""))
        raise NotLinear(f"{what}, cannot be matched in linear time", hint)

    def _repeated(self, least: int, most: int, body: Any, flags: int, after: int) -> int:
        if most is parser.MAXREPEAT:
            loop = self._node(after)
            self._nodes[loop].after.append(self._sequence(body, flags, loop))
            after = loop
        else:
            end = after
            for _ in range(min(int(most) - least, _MOST_NODES)):
                after = self._node(end, self._sequence(body, flags, after))
        for _ in range(min(least, _MOST_NODES)):
            after = self._sequence(body, flags, after)
        return after


@functools.lru_cache(maxsize=256)
def parsed(source: str, flags: int) -> Any:
    """The tree that CPython's parser makes of an expression."""
    if len(source) > LONGEST:
        raise NotLinear(f"the expression is {len(source):,} characters long; at most {LONGEST:,} are allowed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a later Python may read in another way
            tree = parser.parse(source, flags)
    except re.error as error:
        raise BadExpression(error.msg, error.pos) from None
    except (OverflowError, RecursionError, ValueError):
        raise BadExpression("too large, or nested too deeply") from None
    _check_flags(tree.state.flags)
    return tree


def _easy_up_to(tree: Any) -> tuple[int, int]:
    """The longest text in which `re` searches for an expression in few steps (-1: none), and how many."""
    for length in _LENGTHS:
        cost = cost_of(tree, length)
        if cost is None or cost.places > _MOST_CHARACTERS:
            break
        steps = cost.steps * (length + 1)
        if steps <= _MOST_STEPS:
            return length, steps
    return -1, 0


def _check(tree: Any) -> None:
    """Raise `BadExpression` for a mistake that only the compiler of `re` finds; what is refused has them."""
    try:
        _compiler.compile(tree, tree.state.flags)
    except re.error as error:
        raise BadExpression(error.msg, error.pos) from None
    except (OverflowError, RecursionError, ValueError):
        raise BadExpression("too large, or nested too deeply") from None


def _check_flags(flags: int) -> None:
    if flags & ~_FLAGS:
        raise NotLinear(
            "of the flags only `(?i)`, `(?s)` and `(?x)` are possible",
            "a name has one line, and `[a-zA-Z0-9_]` says what `\\w` is in ASCII",
        )


def _one_character(operation: Any, argument: Any, flags: int) -> Callable[[str], Any]:
    if operation is parser.LITERAL and not flags & _IGNORE_CASE:
        return chr(argument).__eq__
    return _tested(operation, tuple(argument) if isinstance(argument, list) else argument, flags)


_MORE_THAN_TWO = frozenset("iksIKS")
"""Letters of ASCII that are, case apart, another of Unicode too; each else is two at most."""


@functools.lru_cache(maxsize=1024)
def _tested(operation: Any, argument: Any, flags: int) -> Callable[[str], Any]:
    """A test of one character, made by the compiler of `re`."""
    if operation is parser.LITERAL and argument < 128 and (letter := chr(argument)) not in _MORE_THAN_TWO:
        return frozenset((letter.lower(), letter.upper())).__contains__
    state = parser.State()
    state.flags = flags
    item = (operation, list(argument) if isinstance(argument, tuple) else argument)
    test: Callable[[str], Any] = _compiler.compile(parser.SubPattern(state, [item]), flags).match
    return test


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _holds(look: Look, before: str, sign: str) -> bool:
    match look:
        case "start":
            return before == ""
        case "end":
            return sign == ""
        case "last":
            return sign in ("", "\n$")
    if before == "" and sign == "":
        return False  # an empty text has no edge of a word, and `re` says of neither that it holds
    return ((before == "w") != _is_word(sign[:1])) == (look == "boundary")
