"""What a platform's own rules would say if one node were otherwise.

They are asked anew of that node, and of all that can see it; whatever else there is stays as it is. Work
is counted: where it would be too much, the answer is no, and nothing is advised.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from floe_engine.artifact.sections import CustomRule
from floe_engine.patterns import pattern
from floe_engine.policy.view import View
from floe_engine.project.facts import Model, Source

if TYPE_CHECKING:
    from floe_engine.policy.rules.house import Failure

Node: TypeAlias = Model | Source

_MOST_NEAR = 200
"""Nodes that may see the one that changes."""
_STEPS = 200_000
"""Steps that all trials of one evaluation may take together: a second or two."""
_SECONDS = 2.0
"""How long rules of packages may take for all trials of one evaluation together."""

_IDENTITY = pattern(r"\.(?:id|parent_ids|references)\b")
"""Facts that a new name changes elsewhere too."""


class _Trials(Struct):
    """The rules that are asked, what they have found, and what is left for asking them again."""

    rules: tuple[CustomRule, ...]
    """Expressions."""
    packages: tuple[CustomRule, ...]
    """Functions of packages, which may look at anything."""
    reach: int
    """How many edges of the lineage a rule may walk."""
    by_identity: bool
    known: frozenset[tuple[Any, ...]]
    left: int
    """Steps."""
    seconds: float
    by_words: dict[frozenset[str], list[CustomRule]]
    """Rules by what is otherwise."""


def holds(
    view: View, old: Node, otherwise: Callable[[], Node], *, renamed: Mapping[str, str] | None = None
) -> bool:
    """Whether no rule of the platform's own finds more where another node stands in the place of `old`.

    `otherwise` makes that node, which nobody needs where there is no such rule. `renamed` are new names of
    columns with the old ones. An expression is asked of what can see the node; a function of a package may
    look at anything, and is asked of everything while there is time for it.
    """
    trials = view.once(_trials)
    if not (trials.rules or trials.packages):
        return True
    from floe_engine.policy.rules.house import failures_of

    new = otherwise()
    if old.name != new.name and (trials.by_identity or trials.packages):
        return False
    alone = view.alone(new)
    words = frozenset(_changed(view, old, new, alone))
    if words not in trials.by_words:
        trials.by_words[words] = [rule for rule in trials.rules if _sees(rule, words)]
    rules = trials.by_words[words]
    failures: list[Failure] = []
    if rules:
        near = _near(view, new.unique_id, trials.reach)
        if len(near) > _MOST_NEAR or trials.left <= 0:
            return False
        listed = any(rule.subject == "project" for rule in rules)
        failures, trials.left = failures_of(rules, view.otherwise(alone, near, listed=listed), trials.left)
    if trials.packages:
        if trials.seconds <= 0:
            return False
        began = time.monotonic()
        found, _ = failures_of(trials.packages, view.otherwise(alone, None, listed=True), _STEPS)
        trials.seconds -= time.monotonic() - began
        if not all(each.known for each in found):
            return False
        failures = [*failures, *found]
    return all(_identity(each, new, old, renamed or {}) in trials.known for each in failures)


def _trials(view: View) -> _Trials:
    custom = view.platform.gates.custom_rules
    rules = tuple(rule for rule in custom if rule.type == "cel")
    packages = tuple(rule for rule in custom if rule.type == "python")
    texts = [f"{rule.when or ''} {rule.expr or ''}" for rule in rules]
    known: frozenset[tuple[Any, ...]] = frozenset()
    if rules or packages:
        from floe_engine.policy.rules.house import ask_all

        known = frozenset(map(_identity, view.once(ask_all).failures))
    return _Trials(
        rules,
        packages,
        max((len(re.findall(r"\.(?:parents|children)\b", text)) for text in texts), default=0),
        any(_IDENTITY.search(text) for text in texts),
        known,
        _STEPS,
        _SECONDS,
        {},
    )


def _identity(
    failure: Failure,
    new: Node | None = None,
    old: Node | None = None,
    renamed: Mapping[str, str] | None = None,
) -> tuple[Any, ...]:
    """Which rule fails where, by the names that things had."""
    subject, column = failure.subject, failure.column.name if failure.column is not None else ""
    label = subject if isinstance(subject, str) else subject.label
    if new is not None and old is not None and subject is new:
        label, column = old.label, (renamed or {}).get(column, column)
    return failure.rule.id, label, column, failure.known


def _changed(view: View, old: Node, new: Node, alone: View) -> Iterator[str]:
    """Words of which a rule has one that can see the difference between two nodes."""
    unique_id = new.unique_id
    if old.name != new.name:
        yield from ("name", "path", "folder", "file", "alias")
    if old.meta != new.meta:
        yield from ("meta", "owner", "labels")
    if old.columns != new.columns or old.tests != new.tests:
        yield from ("column", "tests")
    if isinstance(new, Model) and view.placements[unique_id].layer != alone.placements[unique_id].layer:
        yield "layer"
    levels = (view.highest, alone.highest), (view.declared_columns, alone.declared_columns)
    if any(one[unique_id] != other[unique_id] for one, other in levels):
        yield "level"


def _sees(rule: CustomRule, words: frozenset[str]) -> bool:
    text = f"{rule.when or ''} {rule.expr or ''}"
    return any(word in text for word in words) or ("column" in words and rule.subject == "column")


def _near(view: View, unique_id: str, reach: int) -> set[str]:
    """A node, and what is at most so many edges away."""
    near, edge = {unique_id}, {unique_id}
    for _ in range(reach):
        edge = {other for each in edge for other in _neighbours(view, each)} - near
        near |= edge
        if len(near) > _MOST_NEAR:
            break
    return near


def _neighbours(view: View, unique_id: str) -> Iterable[str]:
    node = view.project.by_id.get(unique_id)
    parents = node.parents if isinstance(node, Model) else ()
    return (*parents, *view.project.children.get(unique_id, ()))
