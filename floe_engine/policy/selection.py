"""Which models and which rules to judge: ``--select`` and ``--exclude``, and a waiver's pattern.

A selector is a kind and a word (``tag:nightly``, ``path:models/finance``, ``source:crm.orders``,
``config.materialized:view``, ``resource_type:``, ``access:``, ``group:``, ``file:``, ``state:modified``), a
rule ID (``FLOE-E23*``, ``E201``), the path of a file (SQL, or the YAML that describes models), or a glob
over model names; a folder is always written ``path:…``. As in dbt, ``+x`` adds what it is made of, ``x+``
what is made of it, ``2+x+1`` so many steps of it, ``@x`` what is made of it and all that that needs;
selectors joined by a comma select what all of them do. Selectors of one kind add up; rules and models
narrow each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from floe_engine.errors import UsageError
from floe_engine.patterns import pattern
from floe_engine.project.facts import Model, Project, Source
from floe_engine.text import did_you_mean

_GRAPH = pattern(r"(?P<at>@)?(?P<up>\d*\+)?(?P<inner>.*?)(?P<down>\+\d*)?\Z", re.DOTALL)
_KINDS = ("tag", "path", "state", "source", "config.materialized", "resource_type", "access", "group", "file")
_FILES = (".sql", ".py", ".csv", ".yml", ".yaml")
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


def _chosen(selector: str, node: Model | Source) -> bool:
    """Whether dbt's selector, without graph operators, means a node. A bare word means no source."""
    kind, colon, value = selector.partition(":")
    if colon and kind in ("tag", "path"):
        return matches(selector, node)
    if colon:
        return any(fnmatchcase(word, value) for word in _words(kind, node))
    if isinstance(node, Source):
        return ("." in selector and fnmatchcase(node.label, selector)) or _in_file(selector, node)
    numbered = node.version is not None and fnmatchcase(f"{node.name}_v{node.version}", selector)
    return numbered or matches(selector, node) or _in_file(selector, node)


def _words(kind: str, node: Model | Source) -> tuple[str, ...]:
    """What a kind of selector compares with."""
    file = node.path.rpartition("/")[2]
    if isinstance(node, Source):
        found = {"source": (node.source_name, node.label), "resource_type": ("source",)}
    else:
        found = {
            "config.materialized": (node.materialized or "",),
            "resource_type": (node.resource_type,),
            "access": (node.access,) if node.resource_type == "model" else (),
            "group": (node.group or "",),
            "file": (file, file.rpartition(".")[0]),
        }
    return found.get(kind, ())


class Selection(Struct, frozen=True):
    """What is to be judged: unique_ids (None: all) and rule IDs."""

    nodes: frozenset[str] | None
    rules: frozenset[str]


def resolve(
    project: Project,
    rule_ids: Sequence[str],
    select: Iterable[str],
    exclude: Iterable[str],
    modified: Collection[str] | None = None,
) -> Selection:
    """What `select` and `exclude` leave of a project and of the rules.

    `modified` are the unique_ids that ``state:modified`` means. Raises `UsageError` for a rule ID or
    a kind of selector that does not exist, and for a state that nobody named: a typo must not look
    like success.
    """
    wanted_rules, wanted_nodes = _split(select)
    unwanted_rules, unwanted_nodes = _split(exclude)
    rules = frozenset(rule_ids)
    if wanted_rules:
        rules = _rules(wanted_rules, rule_ids)
    rules -= _rules(unwanted_rules, rule_ids)
    if not wanted_nodes and not unwanted_nodes:
        return Selection(None, rules)
    graph = _Graph(project, modified)
    nodes = graph.everything if not wanted_nodes else graph.union(wanted_nodes)
    return Selection(nodes - graph.union(unwanted_nodes), rules)


def unmatched(projects: Sequence[Project], selectors: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Selectors of nodes that select nothing in any of the projects, and what may be meant instead.

    Beside others such a word would go unnoticed. ``state:`` may well be nothing.
    """
    graphs = [_Graph(project, frozenset()) for project in projects]
    for selector in _split(selectors)[1]:
        if "state:" not in selector and not any(graph.union([selector]) for graph in graphs):
            meant = next(filter(None, (graph.meant(selector) for graph in graphs)), "")
            yield selector, meant or ("each has its own --select" if " " in selector else "")


class _Graph:
    """A project's nodes, asked by selectors."""

    def __init__(self, project: Project, modified: Collection[str] | None) -> None:
        self._project = project
        self._modified = modified
        self._nodes: tuple[Model | Source, ...] = (*project.models, *project.sources)
        self.everything = frozenset(node.unique_id for node in self._nodes)

    def union(self, selectors: Iterable[str]) -> frozenset[str]:
        """What any of them selects."""
        found: set[str] = set()
        for selector in selectors:
            found |= frozenset.intersection(*(self._one(part) for part in selector.split(",")))
        return frozenset(found & self.everything)

    def meant(self, selector: str) -> str:
        """What a bare word is the name of, for a person; empty where nothing has it."""
        parts = _GRAPH.match(selector)
        name = parts["inner"] if parts else ""
        for node in self._nodes:
            if isinstance(node, Source) and name in (node.name, node.source_name):
                return f"a source is source:{node.source_name if name != node.name else node.label}"
            *folders, _ = node.path.split("/")
            if name in folders:
                return f"a folder is path:{'/'.join(folders[: folders.index(name) + 1])}"
        return ""

    def _one(self, selector: str) -> frozenset[str]:
        parts = _GRAPH.match(selector)
        assert parts is not None  # any text matches
        core = set(self._plain(parts["inner"]))
        found = set(core)
        if parts["at"]:
            found |= self._walk(found, self._children, None)
            project, below = self._project, frozenset(found)  # what stands on them has other parents too
            beside = (project.tests, project.exposures, project.semantic_models, project.unit_tests)
            for parents in (each.parents for kind in beside for each in kind):
                if not below.isdisjoint(parents):
                    found.update(parents)
            found |= self._walk(found, self._parents, None)
        if parts["up"]:
            found |= self._walk(core, self._parents, _steps(parts["up"]))
        if parts["down"]:
            found |= self._walk(core, self._children, _steps(parts["down"]))
        return frozenset(found)

    def _plain(self, selector: str) -> Iterator[str]:
        if selector.startswith("state:"):
            if self._modified is None:
                raise UsageError(
                    f"{selector} needs to know what the project is compared with",
                    hint="name it with --state: a git revision, or an older manifest.json",
                )
            yield from self._modified
            return
        for node in self._nodes:
            if _chosen(selector, node):
                yield node.unique_id

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
        return node.parents if isinstance(node, Model) else ()

    def _children(self, unique_id: str) -> Iterable[str]:
        return self._project.children.get(unique_id, ())


def _steps(text: str) -> int | None:
    digits = text.strip("+")
    return int(digits) if digits else None


def _in_file(selector: str, node: Model | Source) -> bool:
    """Whether a selector is the path of the file that holds or describes a node, or the former's name."""
    if "/" not in selector:
        return selector.endswith(_FILES) and (
            fnmatchcase(node.path.rpartition("/")[2], selector) or path_matches(selector, node.path)
        )
    return path_matches(selector, node.path) or _described_in(selector, node)


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
    inner = _GRAPH.match(part)
    kind, colon, value = (inner["inner"] if inner else "").partition(":")
    if not kind or (colon and (kind not in _KINDS or not value)) or (kind == "state" and value != "modified"):
        raise UsageError(
            f"not a selector: {selector!r}",
            hint="use a glob over names (silver_*), a file, a rule ID, or a kind and a word, such as "
            f"path:models/finance ({', '.join(_KINDS)}); "
            "with + before or after it, what it is made of or what is made of it",
        )


def _rules(selectors: Iterable[str], known: Collection[str]) -> frozenset[str]:
    found: set[str] = set()
    for selector in selectors:
        wanted = selector.upper()
        wanted = wanted if wanted.startswith("FLOE-") else f"FLOE-{wanted}"
        matching = [wanted] if wanted in known else [rule for rule in known if fnmatchcase(rule, wanted)]
        if not matching:
            near = did_you_mean(wanted, known)
            raise UsageError(
                f"there is no rule {selector}",
                hint=f"did you mean {near}?" if near else "docs/rules.md lists every rule",
            )
        found.update(matching)
    return frozenset(found)
