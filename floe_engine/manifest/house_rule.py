"""One house rule, read: its expressions checked against the fact model, its message taken apart.

`manifest.rules.house` says where in the text a problem stands, `artifact.meaning` refuses an
artifact that has one, and `policy.house` runs what is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from floe_engine.acts import Act
from floe_engine.cel.checking import CheckedExpression, Problem, check
from floe_engine.cel.compiling import Quick
from floe_engine.cel.running import MOST_STEPS, Program
from floe_engine.cel.syntax import Logic, Macro, Node, Select, parts
from floe_engine.cel.types import BOOL, DYN, Object, Type, matched
from floe_engine.cel.values import Failed, Frame, kind_of, shown, spoken
from floe_engine.document.nodes import KeyPath
from floe_engine.manifest.subjects import SUBJECTS, example_of
from floe_engine.text import did_you_mean


class Piece(Struct, frozen=True):
    """A part of a message: `text` as it is, or an expression and the place where it begins."""

    text: str
    at: int
    is_expression: bool


class Trouble(Struct, frozen=True):
    """What is wrong with a rule, and where: a part of an expression, a field of an example that there is
    not, a value of another type, or an example that does not hold."""

    place: KeyPath
    """``("expr",)``, ``("examples", "pass", 0, "columns", 1)``."""
    problem: Problem
    kind: Literal["expression", "field", "value", "example"] = "expression"


@lru_cache(maxsize=1024)
def question(source: str, subject: str) -> CheckedExpression:
    """An expression that must be true or false of a subject, checked."""
    return check(source, SUBJECTS[subject], BOOL)


@lru_cache(maxsize=1024)
def value(source: str, subject: str) -> CheckedExpression:
    """An expression of any type about a subject, checked."""
    return check(source, SUBJECTS[subject])


def pieces(message: str) -> Iterator[Piece]:
    """A message taken apart at its ``{expressions}``; ``{{`` and ``}}`` are braces.

    Raises `ValueError` with the place of a brace that has no other.
    """
    text, at, start = "", 0, 0
    while at < len(message):
        sign = message[at]
        if message[at : at + 2] in ("{{", "}}"):
            text += sign
            at += 2
        elif sign == "}":
            raise ValueError(at)
        elif sign == "{":
            if text:
                yield Piece(text, start, is_expression=False)
            end = _closing(message, at)
            yield Piece(message[at + 1 : end], at + 1, is_expression=True)
            text, at = "", end + 1
            start = at
        else:
            text += sign
            at += 1
    if text:
        yield Piece(text, start, is_expression=False)


def _closing(message: str, opening: int) -> int:
    """The brace that ends an expression: braces inside it, and inside its texts, do not."""
    depth, quote, at = 0, "", opening
    while at < len(message):
        sign = message[at]
        if quote:
            at += sign == "\\"
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise ValueError(opening)


def troubles(rule: Mapping[str, Any]) -> Iterator[Trouble]:
    """Everything that is wrong with a rule of type ``cel``, given as manifest.yaml writes it.

    Its examples are run where nothing else is wrong. What has the wrong type is passed over: the
    schema says so.
    """
    subject = rule.get("subject") or "model"
    if not isinstance(subject, str) or subject not in SUBJECTS:
        return  # the schema says so
    found = False
    for trouble in _written_troubles(rule):
        found = True
        yield trouble
    if not found and isinstance(rule.get("expr"), str):
        yield from _unheld(rule)


def _unheld(rule: Mapping[str, Any]) -> Iterator[Trouble]:
    """The examples of which the rule does not say what they should show."""
    asked = as_house_rule(rule)
    for kind, number, example in examples_of(rule):
        verdict = asked.ask(*example_values(example, asked.subject))
        if verdict.answer != kind:
            yield Trouble(("examples", kind, number), Problem(_otherwise(kind, verdict), 0, 0), "example")


def _otherwise(kind: str, verdict: RuleAnswer) -> str:
    said = {
        "pass": "the rule passes it",
        "fail": "the rule refuses it",
        "skip": "`when` is false for it, so the rule is not asked",
        "unknown": f"the rule cannot be answered: {verdict.why}",
    }[verdict.answer]
    return f"the example should {kind}, but {said}"


def as_house_rule(rule: Mapping[str, Any]) -> CompiledRule:
    """A rule as manifest.yaml or an artifact writes it, ready to be asked."""
    texts = (rule.get(key) for key in ("when", "expr", "message"))
    return house_rule(
        rule.get("subject") or "model", *(text if isinstance(text, str) else "" for text in texts)
    )


def examples_of(rule: Mapping[str, Any]) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """The examples of a rule: ``pass`` or ``fail``, their number there, and what they say."""
    examples = rule.get("examples")
    for kind in ("pass", "fail"):
        listed = examples.get(kind) if isinstance(examples, Mapping) else ()
        for number, example in enumerate(listed if isinstance(listed, list | tuple) else ()):
            if isinstance(example, Mapping):
                yield kind, number, example


def _written_troubles(rule: Mapping[str, Any]) -> Iterator[Trouble]:
    subject = rule.get("subject") or "model"
    for key in ("when", "expr"):
        source = rule.get(key)
        if isinstance(source, str):
            for problem in question(source, subject).problems:
                yield Trouble((key,), problem)
    if isinstance(rule.get("message"), str):
        yield from _message_troubles(rule["message"], subject)
    for kind, number, example in examples_of(rule):
        yield from example_troubles(example, subject, ("examples", kind, number))


def _message_troubles(message: str, subject: str) -> Iterator[Trouble]:
    try:
        for piece in pieces(message):
            if piece.is_expression:
                for problem in value(piece.text, subject).problems:
                    moved = Problem(
                        problem.message,
                        piece.at + problem.start,
                        piece.at + problem.end,
                        problem.hint,
                        problem.instead,
                    )
                    yield Trouble(("message",), moved)
    except ValueError as error:
        at = error.args[0]
        hint = "a brace in the text is written twice: `{{`"
        yield Trouble(("message",), Problem("the brace has no other", at, at + 1, hint))


def example_kind(subject: str) -> Object:
    """The object that an example of a subject is."""
    first = next(iter(SUBJECTS[subject].values()))
    assert isinstance(first, Object)
    return first


def example_troubles(example: Mapping[str, Any], subject: str, place: KeyPath) -> Iterator[Trouble]:
    """What is wrong with an example: fields that are not there, values of another type."""
    others = dict(list(SUBJECTS[subject].items())[1:])
    for name, kind in others.items():
        if name in example:
            yield from _value_troubles(example[name], kind, (*place, name))
    own = {key: inner for key, inner in example.items() if key not in others}
    yield from _value_troubles(own, example_kind(subject), place)


def _value_troubles(given: Any, kind: Type, place: KeyPath) -> Iterator[Trouble]:
    if isinstance(kind, Object):
        if not isinstance(given, Mapping):
            yield _mistyped(given, kind, place)
            return
        for key, inner in given.items():
            field = kind.fields.get(key)
            if field is None:
                near = did_you_mean(str(key), kind.fields)
                hint = f"did you mean `{near}`?" if near else f"{Act.SCHEMA:facts} lists what a {kind} has"
                problem = Problem(f"{kind} has no field `{key}`", 0, 0, hint, near or "")
                yield Trouble((*place, key), problem, "field")
            else:
                yield from _value_troubles(inner, field.type, (*place, key))
    elif kind.name == "list":
        if not isinstance(given, list | tuple):
            yield _mistyped(given, kind, place)
            return
        for number, item in enumerate(given):
            yield from _value_troubles(item, kind.of[0], (*place, number))
    elif kind.name == "map" and kind.of[1] != DYN and isinstance(given, Mapping):
        for key, inner in given.items():
            yield from _value_troubles(inner, kind.of[1], (*place, key))
    elif not matched(kind, _type_of(given), {}):
        yield _mistyped(given, kind, place)


def _mistyped(given: Any, kind: Type, place: KeyPath) -> Trouble:
    return Trouble(place, Problem(f"{shown(given)} is no {kind}", 0, 0, f"expected: {kind}"), "value")


def _type_of(given: Any) -> Type:
    name = kind_of(given)
    return Type(name, (DYN, DYN)) if name == "map" else Type(name, (DYN,)) if name == "list" else Type(name)


# --- running -----------------------------------------------------------------------------------

Answer = Literal["pass", "fail", "skip", "unknown"]
"""What a rule says of a subject: `skip` where `when` is false, `unknown` where it cannot be told."""


class RuleAnswer(Struct, frozen=True, gc=False):
    """What a rule says of a subject, and why it cannot say more."""

    answer: Answer
    why: str = ""
    clause: int = -1
    """Of a failure, which clause of the expression is false; -1: not known."""


_PASS, _FAIL, _SKIP = RuleAnswer("pass"), RuleAnswer("fail"), RuleAnswer("skip")
_FAILS_BY = tuple(RuleAnswer("fail", clause=number) for number in range(64))


_Clause: TypeAlias = tuple[str, Quick, tuple[tuple[str, Quick], ...]]
"""A clause as written, and how it is run; the same of what stands in it."""


class CompiledRule:
    """A rule whose expressions are right, ready to be asked. Make one with `house_rule`."""

    def __init__(self, subject: str, when: str, expr: str, message: str) -> None:
        self.subject = subject
        names = tuple(SUBJECTS[subject])
        self._when = Program(question(when, subject), names) if when else None
        self._expr = Program(question(expr, subject), names)
        self._message = [
            Program(value(piece.text, subject), names) if piece.is_expression else piece.text
            for piece in pieces(message)
        ]

    def ask(self, *values: Any) -> RuleAnswer:
        """Ask it of a subject: the values of its variables, in the order of `SUBJECTS`."""
        return self.ask_on(Frame(MOST_STEPS), *values)

    def ask_on(self, frame: Frame, *values: Any) -> RuleAnswer:
        """The same, with the steps that `frame` has left."""
        try:
            if self._when is not None and self._when.run_on(frame, *values) is not True:
                return _SKIP
            verdict = self._quickly(frame, values)
            if verdict is not None:
                return verdict
            return _PASS if self._expr.run_on(frame, *values) is True else _FAIL
        except Failed as error:
            return RuleAnswer("unknown", str(error))

    def message(self, *values: Any) -> str:
        """Its message about a subject; what of it cannot be told is a question mark."""
        return "".join(part if isinstance(part, str) else _told(part, values) for part in self._message)

    def failing(self, verdict: RuleAnswer, *values: Any) -> tuple[str, str]:
        """The clause that is false where the rule gave `verdict`, as written, and what stands in it."""
        frame = Frame(MOST_STEPS)
        known = self._clauses[verdict.clause :][:1] if verdict.clause >= 0 else ()
        for source, run, read in known or self._clauses:
            try:
                if known or run(frame, *values) is not True:
                    return source, ", ".join(filter(None, (_stands(frame, values, *each) for each in read)))
            except (Failed, TypeError):
                continue
        return self._expr.checked.source.strip(), ""

    def _quickly(self, frame: Frame, values: tuple[Any, ...]) -> RuleAnswer | None:
        """What comes of asking clause after clause; None where one fails, for a later one may be false."""
        left = frame.left
        try:
            for clause, verdict in self._quick_clauses:
                if (held := clause(frame, *values)) is not True:
                    return verdict if held is False else None
        except (Failed, TypeError):
            frame.left = left
            return None
        return _PASS if self._quick_clauses else None

    @cached_property
    def _quick_clauses(self) -> tuple[tuple[Quick, RuleAnswer], ...]:
        """The clauses in their order, each with what is said where it is false; none: not all are quick."""
        nodes = clauses(self._expr.checked.tree)
        found = [run for node in nodes if (run := self._expr.quick(node)) is not None]
        if len(found) < len(nodes) or len(nodes) > len(_FAILS_BY):
            return ()
        return tuple(zip(found, _FAILS_BY, strict=False))

    @cached_property
    def _clauses(self) -> tuple[_Clause, ...]:
        return tuple(self._clause(node) for node in clauses(self._expr.checked.tree))

    def _clause(self, node: Node) -> _Clause:
        source, program = self._expr.checked.source, self._expr
        named = {" ".join(source[each.start : each.end].split()): each for each in _readings(node)}
        parts = tuple((text, program.part(each)) for text, each in list(named.items())[:_MOST_SHOWN])
        return " ".join(source[node.start : node.end].split()), program.part(node), parts


_MOST_SHOWN = 4
"""Values of a failing clause that are told."""


def clauses(tree: Node | None) -> tuple[Node, ...]:
    """What must all be true for an expression to be: its parts between ``&&``."""
    if isinstance(tree, Logic) and tree.operator == "&&":
        return tree.clauses
    return (tree,) if tree is not None else ()


def _readings(node: Node) -> Iterator[Node]:
    """The longest selections in a part of an expression that no macro surrounds."""
    if isinstance(node, Select):
        yield node
    elif isinstance(node, Macro):
        yield from _readings(node.range)
    else:
        for part in parts(node):
            yield from _readings(part)


def _stands(frame: Frame, values: tuple[Any, ...], text: str, run: Quick) -> str:
    try:
        found = shown(run(frame, *values))
    except (Failed, TypeError):
        return ""
    return f"{text} is {found}" if len(found) <= _LONGEST_SHOWN else ""


_LONGEST_SHOWN = 120


def _told(program: Program, values: tuple[Any, ...]) -> str:
    frame = Frame(MOST_STEPS)
    try:
        return spoken(frame, program.run_on(frame, *values))
    except Failed:
        return "?"


@lru_cache(maxsize=1024)
def house_rule(subject: str, when: str, expr: str, message: str) -> CompiledRule:
    """A rule, ready to be asked. What is wrong with it has been refused by `troubles` before."""
    return CompiledRule(subject, when, expr, message)


# --- examples ----------------------------------------------------------------------------------


def example_values(example: Mapping[str, Any], subject: str) -> tuple[Any, ...]:
    """The values of a subject's variables that an example means; what it does not say is unset."""
    first, *others = SUBJECTS[subject].items()
    own = {key: inner for key, inner in example.items() if key not in dict(others)}
    return (example_of(first[1], own), *(example_of(kind, example.get(name)) for name, kind in others))
