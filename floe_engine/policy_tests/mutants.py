"""Weaker platforms: each is the platform with one demand taken away or made easier.

A mutant is what a careless edit of manifest.yaml would publish. What is weaker says a setting's law;
by hand is only what several settings mean together. Whether any case notices is asked in `mutation`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.artifact.model import Permission
from floe_engine.artifact.platform import Platform, documents_of, read_platform
from floe_engine.artifact.sections import RuleSetting
from floe_engine.artifact.shape import Path, published
from floe_engine.document.nodes import KeyPath
from floe_engine.errors import IntegrityError
from floe_engine.manifest.laws import Law
from floe_engine.manifest.terms import SOURCE
from floe_engine.policy.enforcement import enforcement_of
from floe_engine.policy.reads import touches
from floe_engine.policy.rule import Rule
from floe_engine.policy.rules.required_tests import OF_TEST, NamedTest
from floe_engine.policy_tests.suites import biting


class Mutant(Struct, frozen=True):
    """A weaker platform: which rule it weakens, and how, in the words of a change.

    `others` are further rules that may notice.
    """

    rule: str
    change: str
    platform: Platform
    others: tuple[str, ...] = ()


def mutants(platform: Platform) -> Iterator[Mutant]:
    """Every way in which one demand of the platform can be weakened."""
    # What nobody enforces, or only informs, cannot be weakened.
    rules = biting(platform)
    for rule in rules:
        yield _ruled(platform, rule.id, "off", f"{rule.id} is switched off")
        if enforcement_of(rule, platform) == "strict":
            yield _ruled(platform, rule.id, "warn", f"{rule.id} only warns")
    yield from _by_law(platform, rules)
    known = {rule.id for rule in rules}
    for weaken in (_naming, _coverage, _level_coverage, _access):
        yield from (mutant for mutant in weaken(platform) if mutant.rule in known)


# --- by law ------------------------------------------------------------------------------------

_NOT_WEAKER: Mapping[str, str] = {
    "governance.classification.meta_keys": "another key says the same level",
    "catalog.schema_registry.type_rules": "another rule may ask the same of every such name",
    "catalog.namespaces": "a namespace is provided, not demanded",
    **dict.fromkeys(
        (
            "governance.quality_gates.minimum_test_coverage",
            "governance.quality_gates.layer_thresholds.*",
            "data_architecture.layers.*.minimum_test_coverage",
            "governance.classification.rules.*.minimum_test_coverage",
        ),
        "which minimum counts depends on metric and scope: see `_coverage`",
    ),
}
"""Settings whose law tells of no weaker platform, each with the reason."""


_OF_COLUMNS = (
    "governance.quality_gates.zero_column_behavior",
    "governance.quality_gates.count_warn_severity",
)
"""Settings that say which models and columns are tested; over many models the rest may hide it."""


def _by_law(platform: Platform, rules: list[Rule]) -> Iterator[Mutant]:
    from floe_engine.manifest.declarations import settings

    documents, coverage = documents_of(platform), platform.gates.coverage
    by_column = coverage.metric == "columns" and coverage.scope == "model"
    for setting in settings():
        name, place = ".".join(setting.path), published(setting.place)
        if not place or name in _NOT_WEAKER or (name in _OF_COLUMNS and not by_column):
            continue
        for at, value in _found(documents, place):
            concrete = tuple(str(key) for key in at)
            readers = [rule for rule in rules if any(touches(concrete, read) for read in rule.reads)]
            readers.sort(key=lambda rule: _normal(rule.setting) != name)
            for weaker, change in _weaker(platform, setting.path[-1], setting.law, value) if readers else ():
                try:
                    changed = read_platform(_with(documents, at, weaker))
                except IntegrityError:
                    continue  # it is no platform: there is no least of one less
                noticing = [rule.id for rule in readers]
                test = OF_TEST.get(change.rpartition(" ")[2], NamedTest).id
                if setting.path[-1] == "required_tests" and test in noticing:
                    noticing = [test, *noticing]
                names = (key for part, key in zip(place, concrete, strict=True) if part == "*")
                where = ".".join(next(names) if part in ("*", "[]") else part for part in setting.path)
                yield Mutant(noticing[0], f"{where} {change}", changed, tuple(noticing[1:]))


def _weaker(platform: Platform, key: str, law: Law, value: Any) -> Iterator[tuple[Any, str]]:
    """What is weaker than a value; a list of what is allowed gets the next entry where those are known."""
    more = {"may_depend_on": (SOURCE, *platform.layers), "allowed_access": ("public",)}.get(key)
    if more is None:
        yield from law.weaker(value)
    elif value is not None:
        yield from (([*value, entry], f"allows {entry}") for entry in more if entry not in value)


def _found(documents: Any, place: Path) -> Iterator[tuple[KeyPath, Any]]:
    """The concrete places of a pattern, with their values."""
    if not place:
        yield (), documents
        return
    key, rest = place[0], place[1:]
    if isinstance(documents, dict):
        keys: Any = [each for each in documents if each != "_meta"] if key == "*" else [key]
        keys = [each for each in keys if each in documents]
    else:
        keys = range(len(documents)) if isinstance(documents, list) and key == "*" else ()
    for each in keys:
        yield from (((each, *below), value) for below, value in _found(documents[each], rest))


def _with(documents: Mapping[str, Any], at: KeyPath, value: Any) -> Mapping[str, Any]:
    changed = dict(documents)
    inside: Any = copy.deepcopy(documents[str(at[0])])
    changed[str(at[0])] = inside
    for key in at[1:-1]:
        inside = inside[key]
    inside[at[-1]] = value
    return changed


def _normal(setting: str) -> str:
    """A rule's own word for its setting, as a declaration spells it."""
    return ".".join("*" if part.startswith("<") else part for part in setting.split("."))


# --- by hand -----------------------------------------------------------------------------------


def _ruled(platform: Platform, rule: str, enforcement: Any, change: str) -> Mutant:
    setting = platform.gates.rules.get(rule, RuleSetting())
    rules = {**platform.gates.rules, rule: replace(setting, enforcement=enforcement)}
    return Mutant(rule, change, _gates(platform, rules=rules))


def _gates(platform: Platform, **update: Any) -> Platform:
    return replace(platform, gates=replace(platform.gates, **update))


def _naming(platform: Platform) -> Iterator[Mutant]:
    naming = platform.naming
    for layer in naming.prefixes:
        prefixes = {**naming.prefixes, layer: ""}
        weaker = replace(naming, prefixes=prefixes, more_prefixes={})
        yield Mutant("FLOE-E201", f"layer {layer} has no prefix", replace(platform, naming=weaker))
    if naming.prefixes and naming.name_pattern != ".*":
        weaker = replace(naming, name_pattern=".*")
        yield Mutant("FLOE-E202", "any spelling is taken", replace(platform, naming=weaker))
    if naming.custom_patterns:
        weaker = replace(naming, custom_patterns=(*naming.custom_patterns, ".*"))
        yield Mutant("FLOE-E203", "any name is taken", replace(platform, naming=weaker))


def _coverage(platform: Platform) -> Iterator[Mutant]:
    gates = platform.gates
    rule = {"model": "FLOE-E210", "layer": "FLOE-E211", "project": "FLOE-E212"}[gates.coverage.scope]
    if gates.coverage.scope == "model" and gates.coverage.metric != "columns":
        # A single model has all or nothing: any minimum above nothing is the same.
        return
    if gates.minimum_test_coverage > 0:
        less = gates.minimum_test_coverage - 1
        yield Mutant(rule, f"the minimum coverage is {less}%", _gates(platform, minimum_test_coverage=less))
    for layer, constraint in platform.layers.items():
        least = constraint.minimum_test_coverage
        if least and gates.coverage.scope != "project":
            weaker = replace(constraint, minimum_test_coverage=least - 1)
            yield Mutant(
                rule,
                f"the minimum coverage of layer {layer} is {least - 1}%",
                replace(platform, layers={**platform.layers, layer: weaker}),
            )


def _level_coverage(platform: Platform) -> Iterator[Mutant]:
    """A level's own minimum: one less where columns are counted, else none at all."""
    policy = platform.classification
    for level, rule in policy.rules.items():
        if rule.minimum_test_coverage:
            one_less = platform.gates.coverage.metric == "columns"
            less = rule.minimum_test_coverage - 1 if one_less else None
            weaker = {**policy.rules, level: replace(rule, minimum_test_coverage=less)}
            yield Mutant(
                "FLOE-E213",
                f"the minimum coverage of {level} is {less or 'none'}",
                replace(platform, classification=replace(policy, rules=weaker)),
            )


def _access(platform: Platform) -> Iterator[Mutant]:
    access = platform.access
    everything = Permission(access="ADMIN")
    for role in access.roles:
        if everything not in access.permissions.get(role, ()) and not _administers(platform, role):
            permissions = {**access.permissions, role: (*access.permissions.get(role, ()), everything)}
            weaker = replace(access, permissions=permissions)
            yield Mutant("FLOE-E260", f"{role} may do anything anywhere", replace(platform, access=weaker))


def _administers(platform: Platform, role: str) -> bool:
    """Whether a role may do anything in every namespace already, so that nothing could be added."""
    places = set(platform.namespaces.namespaces)
    held = {
        place
        for permission in platform.access.permissions.get(role, ())
        if permission.access == "ADMIN"
        for place in permission.namespaces or places
    }
    return places <= held
