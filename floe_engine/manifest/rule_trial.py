"""House rules while they are written: what each says of its own examples, as the text stands now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from floe_engine.document.diagnostics import Position
from floe_engine.document.document import Document, parse
from floe_engine.document.nodes import Node
from floe_engine.document.rendering import flow

if TYPE_CHECKING:
    from floe_engine.manifest.house_rule import CompiledRule, Trouble

_LIST: Final = ("governance", "custom_rules")


class Tried(Struct, frozen=True):
    """An example of a rule, and what the rule says of it.

    `wanted` is ``pass`` or ``fail``; `answer` that, ``skip`` (its `when` is false), ``unknown`` (it cannot be
    told) or empty: it was not asked, for the rule or the example has a mistake. `said` is why, or the rule's
    message about it.
    """

    wanted: str
    given: str
    answer: str
    said: str = ""

    @property
    def holds(self) -> bool:
        """Whether the rule says of it what it should show."""
        return self.answer == self.wanted


class RuleTrial(Struct, frozen=True):
    """A rule of type ``cel`` as a text has it, from `first` to `last` line (zero-based, both included).

    `place` is where its expression begins, or the rule itself where it has none.
    """

    id: str
    subject: str
    when: str
    expr: str
    message: str
    first: int
    last: int
    place: Position
    mistakes: tuple[str, ...]
    examples: tuple[Tried, ...]


def try_rules(text: str) -> tuple[RuleTrial, ...]:
    """Every house rule of a manifest's text, asked about its examples."""
    document = parse(text)
    rules = document.find(_LIST)
    numbers = range(len(rules.items)) if rules is not None else ()
    return tuple(trial for number in numbers if (trial := _trial(document, number)) is not None)


def try_rule_at(document: Document, position: Position) -> RuleTrial | None:
    """The house rule that a place of the text lies in, asked about its examples; None elsewhere."""
    line = document.lines[position.line] if position.line < len(document.lines) else ""
    inside = len(line) - len(line.lstrip(" -"))  # before a dash one is at what follows it
    path = document.path_at(Position(position.line, max(position.column, inside)))
    match path:
        case ("governance", "custom_rules", int(number), *_):
            return _trial(document, number)
    return None


def _trial(document: Document, number: int) -> RuleTrial | None:
    node = document.find((*_LIST, number))
    rule = node.value if node is not None else None
    if node is None or not isinstance(rule, dict) or rule.get("type") != "cel":
        return None
    from floe_engine.manifest.house_rule import examples_of, troubles

    wrong = [trouble for trouble in troubles(rule) if trouble.kind != "example"]
    mistakes = [trouble.problem.message for trouble in wrong if trouble.kind == "expression"]
    subject = rule.get("subject") or "model"
    if not isinstance(rule.get("expr"), str) or not rule["expr"].strip():
        mistakes.append("there is no `expr` yet, which is what must be true")
    asked = None if mistakes else _ready(rule, str(subject))
    expression = document.find((*_LIST, number, "expr")) or node
    return RuleTrial(
        _text(rule, "id") or f"{number + 1}",
        str(subject),
        _text(rule, "when"),
        _text(rule, "expr"),
        _text(rule, "message"),
        node.line,
        _last(node),
        expression.start,
        tuple(mistakes),
        tuple(_tried(asked, wrong, *example) for example in examples_of(rule)),
    )


def _ready(rule: Mapping[str, Any], subject: str) -> CompiledRule | None:
    from floe_engine.manifest.house_rule import as_house_rule
    from floe_engine.manifest.subjects import SUBJECTS

    return as_house_rule(rule) if subject in SUBJECTS else None


def _tried(
    asked: CompiledRule | None, wrong: list[Trouble], wanted: str, number: int, example: Mapping[str, Any]
) -> Tried:
    from floe_engine.manifest.house_rule import example_values

    given = flow(example)[1:-1] or "nothing is said of it"
    mistake = next(_of_example(wrong, wanted, number), "")
    if asked is None or mistake:
        return Tried(wanted, given, "", mistake)
    values = example_values(example, asked.subject)
    verdict = asked.ask(*values)
    said = asked.message(*values) if verdict.answer == "fail" else verdict.why
    return Tried(wanted, given, verdict.answer, said)


def _of_example(wrong: list[Trouble], wanted: str, number: int) -> Iterator[str]:
    for trouble in wrong:
        if trouble.place[:3] == ("examples", wanted, number):
            yield trouble.problem.message


def _text(rule: Mapping[str, Any], key: str) -> str:
    value = rule.get(key)
    return value if isinstance(value, str) else ""


def _last(node: Node) -> int:
    return node.end_line if node.end_column else max(node.line, node.end_line - 1)
