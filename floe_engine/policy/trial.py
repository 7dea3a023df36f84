"""What a platform's own rules would say if one node were otherwise.

They are asked anew of that node, and of all that can see it; whatever else there is stays as it is. Work
is counted: where it would be too much, the answer is no, and nothing is advised.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.artifact.model import CustomRule
from floe_engine.patterns import pattern
from floe_engine.policy.rules.house import Failure, ask_all, failures_of
from floe_engine.policy.view import View
from floe_engine.project.facts import Model, Project, Source

Node: TypeAlias = Model | Source

_MOST_NEAR = 200
"""Nodes that may see the one that changes."""
_STEPS = 200_000
"""Steps that all trials of one evaluation may take together: a second or two."""

_IDENTITY = pattern(r"\.(?:id|parent_ids|references)\b")
"""Facts that a new name changes elsewhere too."""


class _Trials(Struct):
    """The rules that are asked, what they have found, and the steps that are left for asking again."""

    rules: tuple[CustomRule, ...]
    reach: int
    """How many edges of the lineage a rule may walk."""
    by_identity: bool
    known: frozenset[tuple[Any, ...]]
    left: int
    by_words: dict[frozenset[str], list[CustomRule]]
    """Rules by what is otherwise."""


def holds(
    view: View, old: Node, otherwise: Callable[[], Node], *, renamed: Mapping[str, str] | None = None
) -> bool:
    """Whether no rule of the platform's own finds more where another node stands in the place of `old`.

    `otherwise` makes that node, which nobody needs where there is no such rule. `renamed` are new names of
    columns with the old ones. A rule of a package is not asked: it may look at anything.
    """
    trials = view.once(_trials)
    if not trials.rules:
        return True
    new = otherwise()
    kind = new.resource_type if isinstance(new, Model) else "source"
    if any(rule.type == "python" and _subject(rule) in (kind, "column", "project") for rule in trials.rules):
        return False
    if old.name != new.name and trials.by_identity:
        return False
    alone = _alone(view, new)
    words = frozenset(_changed(view, old, new, alone))
    if words not in trials.by_words:
        trials.by_words[words] = [rule for rule in trials.rules if _sees(rule, words)]
    rules = trials.by_words[words]
    if not rules:
        return True
    near = _near(view, new.unique_id, trials.reach)
    if len(near) > _MOST_NEAR or trials.left <= 0:
        return False
    trial = _otherwise(view, new, alone, near, {_subject(rule) for rule in rules})
    failures, trials.left = failures_of(rules, trial, trials.left)
    return all(_identity(each, new, old, renamed or {}) in trials.known for each in failures)


def _trials(view: View) -> _Trials:
    rules = tuple(rule for rule in view.platform.gates.custom_rules if rule.type in ("cel", "python"))
    texts = [f"{rule.when or ''} {rule.expr or ''}" for rule in rules]
    return _Trials(
        rules,
        max((len(re.findall(r"\.(?:parents|children)\b", text)) for text in texts), default=0),
        any(_IDENTITY.search(text) for text in texts),
        frozenset(_identity(each) for each in view.once(ask_all).failures) if rules else frozenset(),
        _STEPS,
        {},
    )


def _subject(rule: CustomRule) -> str:
    return rule.subject or "model"


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
    return rule.type == "cel" and (
        any(word in text for word in words) or ("column" in words and rule.subject == "column")
    )


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


def _alone(view: View, new: Node) -> View:
    """A view of one node, which tells its layer and levels."""
    models = (new,) if isinstance(new, Model) else ()
    sources = (new,) if isinstance(new, Source) else ()
    only = Project(view.project.name, view.project.directory, models, sources)
    alone = View(view.platform, only)
    alone.__dict__ |= {"layering": view.layering, "levels": view.levels}
    return alone


def _otherwise(view: View, new: Node, alone: View, near: set[str], kinds: set[str]) -> View:
    """A view of the project with `new` in its place, in which only what is `near` is to be judged."""
    project = replace(view.project)
    if "project" in kinds and isinstance(new, Model):
        all_models = (new if each.unique_id == new.unique_id else each for each in project.models)
        project = replace(project, models=tuple(all_models))
    elif "project" in kinds:
        all_sources = (new if each.unique_id == new.unique_id else each for each in project.sources)
        project = replace(project, sources=tuple(all_sources))
    project.__dict__.update(
        by_id=ChainMap({new.unique_id: new}, view.project.by_id), children=view.project.children
    )
    nodes = [project.by_id[each] for each in near & view.once(_judged)]
    trial = copy(view)
    trial.__dict__ |= {
        name: ChainMap(getattr(alone, name), getattr(view, name))
        for name in ("placements", "declared", "declared_columns", "highest")
    }
    trial.__dict__ |= {"_once": {}, "_keys": {}, "_shares": {}, "project": project, "macros": ()}
    trial.resources = tuple(node for node in nodes if isinstance(node, Model))
    trial.models = tuple(node for node in trial.resources if node.resource_type == "model")
    trial.sources = tuple(node for node in nodes if isinstance(node, Source))
    for kind, by_parent in view.once(_beside).items():
        found = {each.unique_id: each for parent in near for each in by_parent.get(parent, ())}
        setattr(trial, kind, tuple(found.values()))
    return trial


def _judged(view: View) -> frozenset[str]:
    return frozenset(node.unique_id for node in view.nodes)


def _beside(view: View) -> dict[str, dict[str, list[Any]]]:
    """What stands beside the nodes, by kind and by what it is made on."""
    found: dict[str, dict[str, list[Any]]] = {}
    for kind in ("exposures", "semantic_models", "unit_tests", "tests"):
        by_parent = found.setdefault(kind, {})
        for each in getattr(view, kind):
            for parent in each.parents:
                by_parent.setdefault(parent, []).append(each)
    return found
