"""Which models and which rules to judge: ``--select`` and ``--exclude``, and a waiver's pattern.

A selector is one of dbt's (`selector_methods`): a name, a folder's name, a glob over either, a file,
``tag:nightly``, ``path:models/finance``, ``state:modified``; or a rule ID (``FLOE-E23*``, ``E201``). As in
dbt, ``+x`` adds what it is made of, ``x+`` what is made of it, ``2+x+1`` so many steps of it, ``@x`` what
is made of it and all that that needs; selectors joined by a comma select what all of them do. Selectors of
one kind add up; rules and models narrow each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from floe_engine.acts import Option
from floe_engine.errors import UsageError
from floe_engine.patterns import pattern
from floe_engine.policy import selector_methods
from floe_engine.policy.all_rules import every_rule
from floe_engine.policy.named_selectors import NamedSelectors
from floe_engine.policy.rule import spelt
from floe_engine.project.facts import Model, Project, Source
from floe_engine.project.states import STATES, State
from floe_engine.text import did_you_mean

_GRAPH = pattern(r"(?P<at>@)?(?P<up>\d*\+)?(?P<inner>.*?)(?P<down>\+\d*)?\Z", re.DOTALL)
_RULE = pattern(r"(FLOE-)?E[0-9][0-9*?]*\Z", re.IGNORECASE)


def matches(selector: str, node: Model | Source) -> bool:
    """Whether a node is meant by ``tag:…``, ``path:…`` or a glob over its name."""
    kind, separator, value = selector.partition(":")
    if separator and kind == "tag":
        return any(fnmatchcase(tag, value) for tag in node.tags)
    if separator and kind == "path":
        return path_matches(value, node.path) or _described_in(value, node)
    return fnmatchcase(node.name, selector) or fnmatchcase(node.label, selector)


def path_matches(pattern: str, path: str) -> bool:
    """Whether a POSIX path is `pattern`, lies below it, or matches it as a glob."""
    wanted = pattern.strip().removeprefix("./").rstrip("/")
    return path == wanted or path.startswith(f"{wanted}/") or fnmatchcase(path, wanted)


class Selection(Struct, frozen=True):
    """What is to be judged: unique_ids and rule IDs, each None for all."""

    nodes: frozenset[str] | None
    rules: frozenset[str] | None


def resolve(
    project: Project,
    select: Iterable[str],
    exclude: Iterable[str],
    state: State | None = None,
    named: tuple[NamedSelectors, str] | None = None,
) -> Selection:
    """What `select` and `exclude` leave of a project and of the rules.

    `state` says what ``state:`` means, and `named` which selector of selectors.yml selects the nodes; then
    no other may. Raises `UsageError` for a rule ID or a kind of selector that does not exist, and for a state
    that nobody named: a typo must not look like success.
    """
    wanted_rules, wanted_nodes = _split(select)
    unwanted_rules, unwanted_nodes = _split(exclude)
    rules = _rules(wanted_rules, unwanted_rules) if wanted_rules or unwanted_rules else None
    if not wanted_nodes and not unwanted_nodes and named is None:
        return Selection(None, rules)
    if named is not None and (wanted_nodes or unwanted_nodes):
        raise UsageError(
            f"{Option.SELECTOR} says which models are judged",
            f"{', '.join((*wanted_nodes, *unwanted_nodes))} would say so too",
            hint="rules may be selected beside it, and models by one of both",
        )
    graph = _Graph(project, state)
    if named is not None:
        selectors, name = named
        return Selection(graph.named(selectors, name), rules)
    nodes = graph.everything if not wanted_nodes else graph.union(wanted_nodes)
    return Selection(nodes - graph.union(unwanted_nodes), rules)


def unmatched(projects: Sequence[Project], selectors: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Selectors of nodes that select nothing in any of the projects, and what may be meant instead.

    Beside others such a word would go unnoticed. ``state:`` may well be nothing.
    """
    asked = _split(selectors)[1]
    graphs = [_Graph(project, None) for project in projects if asked]
    for selector in asked:
        if "state:" not in selector and not any(graph.union([selector]) for graph in graphs):
            meant = next(filter(None, (graph.meant(selector) for graph in graphs)), "")
            yield selector, meant or (f"each has its own {Option.SELECT}" if " " in selector else "")


class _Graph:
    """A project's nodes, asked by selectors."""

    def __init__(self, project: Project, state: State | None) -> None:
        self._project = project
        self._state = state
        self.everything = frozenset(project.by_id)
        self._beside = {
            each.unique_id: each.parents
            for each in selector_methods.nodes(project)
            if not isinstance(each, Model | Source)
        }
        children: dict[str, list[str]] = {}
        for unique_id, parents in self._beside.items():
            for parent in parents:
                children.setdefault(parent, []).append(unique_id)
        self._on = children
        """What stands beside a node: dbt's graph has it, and ``@`` finds what it needs besides."""

    def union(self, selectors: Iterable[str]) -> frozenset[str]:
        """What any of them selects."""
        found: set[str] = set()
        for selector in selectors:
            found |= frozenset.intersection(*(self._one(part) for part in selector.split(",")))
        return frozenset(found & self.everything)

    def named(self, selectors: NamedSelectors, name: str) -> frozenset[str]:
        """What a selector of selectors.yml selects; nothing, where the project has none of that name."""

        def one(selector: str) -> frozenset[str]:
            _check(selector, selector)
            return self._one(selector)

        found = selectors.selected(name, one) if name in selectors.definitions else frozenset()
        return found & self.everything

    def meant(self, selector: str) -> str:
        """What a bare word is the name of, for a person; empty where nothing has it."""
        parts = _GRAPH.match(selector)
        name = parts["inner"] if parts else ""
        for source in self._project.sources:
            if name in (source.name, source.source_name, source.label):
                return (
                    f"a source is source:{source.source_name if name == source.source_name else source.label}"
                )
        return ""

    def _one(self, selector: str) -> frozenset[str]:
        parts = _GRAPH.match(selector)
        assert parts is not None  # any text matches
        core = set(self._plain(parts["inner"]))
        found = set(core)
        if parts["at"]:
            found |= self._walk(found, self._children, None)
            found |= self._walk(found, self._parents, None)
        if parts["up"]:
            found |= self._walk(core, self._parents, _steps(parts["up"]))
        if parts["down"]:
            found |= self._walk(core, self._children, _steps(parts["down"]))
        return frozenset(found)

    def _plain(self, selector: str) -> Iterator[str]:
        if selector.startswith("state:"):
            if self._state is None:
                raise UsageError(
                    f"{selector} needs to know what the project is compared with",
                    hint=f"name it with {Option.STATE}: a git revision, or an older manifest.json",
                )
            yield from self._state.selected(selector.partition(":")[2])
            return
        kind, colon, value = selector.partition(":")
        yield from selector_methods.selected(
            kind if colon else "", value if colon else selector, self._project
        )

    def _walk(
        self, start: Iterable[str], onward: Callable[[str], Iterable[str]], steps: int | None
    ) -> set[str]:
        found: set[str] = set()
        edge = set(start)
        while edge and steps != 0:
            edge = {other for node in edge for other in onward(node)} - found
            found |= edge
            steps = None if steps is None else steps - 1
        return found

    def _parents(self, unique_id: str) -> Iterable[str]:
        node = self._project.by_id.get(unique_id)
        return node.parents if isinstance(node, Model) else self._beside.get(unique_id, ())

    def _children(self, unique_id: str) -> Iterable[str]:
        return (*self._project.children.get(unique_id, ()), *self._on.get(unique_id, ()))


def _steps(text: str) -> int | None:
    digits = text.strip("+")
    return int(digits) if digits else None


def _described_in(pattern: str, node: Model | Source) -> bool:
    """Whether a pattern means the YAML file itself that describes a node; its folder is no file of it."""
    described = node.properties_path if isinstance(node, Model) else None
    named = pattern.strip().removeprefix("./")
    return described is not None and named.endswith((".yml", ".yaml")) and path_matches(named, described)


def _split(selectors: Iterable[str]) -> tuple[list[str], list[str]]:
    rules: list[str] = []
    nodes: list[str] = []
    for selector in map(str.strip, selectors):
        if _RULE.match(selector):
            rules.append(selector)
            continue
        for part in selector.split(","):
            _check(selector, part)
        nodes.append(selector)
    return rules, nodes


def _check(selector: str, part: str) -> None:
    parsed = _GRAPH.match(part)
    kind, colon, value = (parsed["inner"] if parsed else "").partition(":")
    method, dot, _ = kind.partition(".")
    if (
        not kind
        or (colon and not value)
        or (colon and method not in (*selector_methods.METHODS, "state"))
        or (colon and bool(dot) != (method == "config"))
        or (method == "state" and colon and value not in STATES)
        or (parsed is not None and parsed["at"] and parsed["down"])
    ):
        raise UsageError(
            f"not a selector: {selector!r}",
            hint="use a name, a folder's or a glob (silver_*), a file, a rule ID, or one of "
            f"{', '.join(f'{each}:' for each in selector_methods.METHODS)} "
            f"{', '.join(f'state:{each}' for each in STATES)}; with + before or after it, what it is made of "
            "or what is made of it, or with @ before it both",
        )


def _rules(wanted: Sequence[str], unwanted: Sequence[str]) -> frozenset[str] | None:
    known = [rule.id for rule in every_rule()]
    rules = _named_rules(wanted, known) if wanted else frozenset(known)
    rules -= _named_rules(unwanted, known)
    return rules if len(rules) < len(known) else None


def _named_rules(selectors: Iterable[str], known: Collection[str]) -> frozenset[str]:
    found: set[str] = set()
    for selector in selectors:
        wanted = spelt(selector)
        matching = [wanted] if wanted in known else [rule for rule in known if fnmatchcase(rule, wanted)]
        if not matching:
            near = did_you_mean(wanted, known)
            raise UsageError(
                f"there is no rule {selector}",
                hint=f"did you mean {near}?" if near else "docs/rules.md lists every rule",
            )
        found.update(matching)
    return frozenset(found)
