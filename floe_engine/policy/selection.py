"""Which models and which rules to judge: ``--select`` and ``--exclude``, and a waiver's pattern.

A selector is ``tag:nightly``, ``path:models/finance``, a rule ID (``FLOE-E23*``, ``E201``) or a
glob over model names. Selectors of one kind add up; rules and models narrow each other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from floe_engine.errors import UsageError
from floe_engine.project.facts import Model, Project, Source
from floe_engine.text import did_you_mean

_RULE = re.compile(r"(FLOE-)?E[0-9][0-9*?]*\Z", re.IGNORECASE)


def matches(selector: str, node: Model | Source) -> bool:
    """Whether a node is meant by ``tag:…``, ``path:…`` or a glob over its name."""
    kind, separator, value = selector.partition(":")
    if separator and kind == "tag":
        return any(fnmatchcase(tag, value) for tag in node.tags)
    if separator and kind == "path":
        return path_matches(value, node.path)
    return fnmatchcase(node.name, selector) or fnmatchcase(node.label, selector)


def path_matches(pattern: str, path: str) -> bool:
    """Whether a POSIX path is `pattern`, lies below it, or matches it as a glob."""
    wanted = pattern.strip().removeprefix("./").rstrip("/")
    return path == wanted or path.startswith(f"{wanted}/") or fnmatchcase(path, wanted)


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to be judged: unique_ids (None: all) and rule IDs."""

    nodes: frozenset[str] | None
    rules: frozenset[str]


def resolve(
    project: Project, rule_ids: Sequence[str], select: Iterable[str], exclude: Iterable[str]
) -> Selection:
    """What `select` and `exclude` leave of a project and of the rules.

    Raises `UsageError` for a rule ID or a kind of selector that does not exist: a typo must not
    look like success.
    """
    wanted_rules, wanted_nodes = _split(select)
    unwanted_rules, unwanted_nodes = _split(exclude)
    rules = frozenset(rule_ids)
    if wanted_rules:
        rules = _rules(wanted_rules, rule_ids)
    rules -= _rules(unwanted_rules, rule_ids)
    if not wanted_nodes and not unwanted_nodes:
        return Selection(None, rules)
    everything: tuple[Model | Source, ...] = (*project.models, *project.sources)
    nodes = frozenset(
        node.unique_id
        for node in everything
        if (not wanted_nodes or _any(wanted_nodes, node)) and not _any(unwanted_nodes, node)
    )
    return Selection(nodes, rules)


def _split(selectors: Iterable[str]) -> tuple[list[str], list[str]]:
    rules: list[str] = []
    nodes: list[str] = []
    for selector in map(str.strip, selectors):
        kind, colon, value = selector.partition(":")
        if not selector or (colon and (kind not in ("tag", "path") or not value)):
            raise UsageError(
                f"not a selector: {selector!r}",
                hint="use a glob over names (silver_*), path:models/finance, tag:nightly or a rule ID",
            )
        (rules if _RULE.match(selector) else nodes).append(selector)
    return rules, nodes


def _any(selectors: Iterable[str], node: Model | Source) -> bool:
    return any(matches(selector, node) for selector in selectors)


def _rules(selectors: Iterable[str], known: Collection[str]) -> frozenset[str]:
    found: set[str] = set()
    for selector in selectors:
        wanted = selector.upper()
        wanted = wanted if wanted.startswith("FLOE-") else f"FLOE-{wanted}"
        matching = [rule for rule in known if fnmatchcase(rule, wanted)]
        if not matching:
            near = did_you_mean(wanted, known)
            raise UsageError(
                f"there is no rule {selector}",
                hint=f"did you mean {near}?" if near else "docs/rules.md lists every rule",
            )
        found.update(matching)
    return frozenset(found)
