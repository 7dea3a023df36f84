"""Examples of a rule in CEL, found by asking it: the plainest facts that it passes, and that it refuses.

What a rule looks at is read off its expressions, and so is what it compares that with; a few values of each
are tried alone and together. Where nothing is found within bounds there is no example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, islice, permutations, product
from typing import Any

from msgspec import structs

from floe_engine.cel.syntax import Call, Literal, Name, Node, Select, walk
from floe_engine.cel.types import Field, Object, Type
from floe_engine.manifest.house_rule import as_house_rule, example_values, question
from floe_engine.manifest.subjects import SUBJECTS
from floe_engine.policy.words import words

MOST = 800
"""Facts that are tried for one rule."""

DEEPEST = 2
"""Objects within objects of which something is said."""


def examples_of_rule(rule: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Examples as manifest.yaml has them, ``{"pass": [...], "fail": [...]}``; empty where one is missing."""
    subject = rule.get("subject") or "model"
    first, *others = SUBJECTS[subject].items()
    kind = first[1]
    assert isinstance(kind, Object)
    asked, said = as_house_rule(rule), _Said(rule, subject)
    for name, other in others:  # of a column, its model
        fields = {**kind.fields, name: Field(other, "")} if name in said.names else kind.fields
        kind = structs.replace(kind, fields=fields)
        said.fields.add(name)
    found: dict[str, dict[str, Any]] = {}
    for facts in islice(_objects(kind, said, 0), MOST):
        found.setdefault(asked.ask(*example_values(facts, subject)).answer, facts)
        if "pass" in found and "fail" in found:
            return {"pass": [found["pass"]], "fail": [found["fail"]]}
    return {}


class _Said:
    """What a rule's expressions name: fields, and the values that they compare."""

    def __init__(self, rule: Mapping[str, Any], subject: str) -> None:
        trees = [question(rule[key], subject).tree for key in ("when", "expr") if rule.get(key)]
        nodes: list[Node] = [node for tree in trees if tree is not None for node in walk(tree)]
        self.fields = {node.field for node in nodes if isinstance(node, Select)}
        self.names = {node.name for node in nodes if isinstance(node, Name)}
        values = [node.value for node in nodes if isinstance(node, Literal)]
        patterns = [
            node.arguments[0].value
            for node in nodes
            if isinstance(node, Call)
            and node.function == "matches"
            and isinstance(node.arguments[-1], Literal)
            and isinstance(node.arguments[0], Literal)
        ]
        texts = [value for value in values if isinstance(value, str) and value and value not in patterns]
        taken = [word for pattern in patterns for word in islice(words(pattern), 2)]
        self.texts = list(dict.fromkeys((*taken, *texts, "x")))[:8]
        numbers = [
            value for value in values if isinstance(value, int | float) and not isinstance(value, bool)
        ]
        above_nothing = (near for value in numbers for near in (value, value + 1) if near > 0)
        self.numbers = list(dict.fromkeys(above_nothing)) or [1]
        self.texts += ["words " * int(number) for number in self.numbers[:2] if 1 < number < 200]


def _values(kind: Type, said: _Said, depth: int) -> Iterator[Any]:
    """Values of a type other than what nobody said."""
    match kind.name:
        case "nullable":
            yield from _values(kind.of[0], said, depth)
        case "bool":
            yield True
            yield False
        case "int" | "double":
            yield from map(float if kind.name == "double" else int, said.numbers)
        case "string":
            yield from said.texts
        case "map":
            one: Any = ["x"] if kind.of[-1].name == "list" else "x"
            yield from ({text: one} for text in said.texts)
            yield dict.fromkeys(said.texts[:-1], one)
            if one == "x":  # `meta.contact.mail`
                for holder, other, name in permutations(said.texts[:3], 3):
                    yield {name: "x", holder: {name: "x"}, other: "x"}
        case "list" if isinstance(kind.of[0], Object):
            if depth < DEEPEST:
                items = list(islice(_objects(kind.of[0], said, depth + 1), 40))
                yield from ([item] for item in items)
                counts = [int(number) for number in said.numbers if 1 < number < 7]
                yield from ([item] * count for count in counts for item in items[:3])
                yield from (list(pair) for pair in combinations(items[:6], 2))
        case "list":
            yield from ([value] for value in said.texts)
            yield said.texts
            yield from ([said.texts[0]] * int(number) for number in said.numbers if 1 < number < 20)
        case _ if isinstance(kind, Object):
            yield from islice(_objects(kind, said, depth + 1), 20)


def _objects(kind: Object, said: _Said, depth: int) -> Iterator[dict[str, Any]]:
    """Facts of an object: nothing said of it, then one field, then two, then three."""
    fields = {
        name: list(islice(_values(field.type, said, depth), 40))
        for name, field in kind.fields.items()
        if name in said.fields
    }
    yield {}
    for count in (1, 2, 3):
        for names in combinations(fields, count):
            for values in product(*(fields[name] for name in names)):
                yield dict(zip(names, values, strict=True))
