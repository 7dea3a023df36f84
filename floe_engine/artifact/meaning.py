"""What types cannot say of an artifact: expressions compile, names have an owner, dates are days.

Asked where an artifact is read, so that one which nobody could use is refused when it is pulled
and never while a project is judged by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import TYPE_CHECKING, Any

from floe_engine.artifact.paths import (
    ACCESS_CONTROL,
    CLASSIFICATION,
    LAYER_CONSTRAINTS,
    LAYERS_META,
    LAYERS_ORDER,
    NAMESPACES,
    NAMING_RULES,
    QUALITY_GATES,
    SCHEMA_REGISTRY,
)
from floe_engine.errors import IntegrityError
from floe_engine.expressions import BadExpression, NotLinear, compiled

if TYPE_CHECKING:
    from floe_engine.artifact.platform import Platform
    from floe_engine.artifact.sections import CustomRule


def check_meaning(platform: Platform, documents: Mapping[str, Any]) -> None:
    """Raise `IntegrityError`, naming file and setting, for the first thing that means nothing."""
    for path, setting, problem in _problems(platform, documents[LAYER_CONSTRAINTS]):
        raise IntegrityError(
            "artifact file does not have the expected shape",
            f"{setting}: {problem}",
            hint="it may come from a newer floe, or from another tool",
            where=path,
        )


_AS_WRITTEN = frozenset({"namePattern", "code.forbiddenPatterns", "documentation.meta"})
"""Settings whose expressions tell upper case from lower."""


def _problems(platform: Platform, layers: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """File, setting, and what is wrong with it."""
    for path, setting, expression in _expressions(platform):
        try:
            compiled(expression, ignore_case=setting not in _AS_WRITTEN)
        except (BadExpression, NotLinear) as error:
            yield path, setting, str(error)
    order = layers.get(LAYERS_META, {}).get(LAYERS_ORDER)
    if order is not None and sorted(order) != sorted(platform.layers):
        yield LAYER_CONSTRAINTS, f"{LAYERS_META}.{LAYERS_ORDER}", "expected each layer once"
    levels = platform.classification.levels
    if len(set(levels)) != len(levels):
        yield CLASSIFICATION, "levels", "a level stands there twice"
    patterned = [pattern.level for pattern in platform.classification.name_patterns]
    named = (platform.classification.default, *platform.classification.rules, *patterned)
    yield from _strangers(CLASSIFICATION, "levels", named, levels, "level")
    naming = platform.naming
    placed = (*naming.prefixes, *naming.more_prefixes, *naming.aliases)
    yield from _strangers(NAMING_RULES, "prefixes", placed, platform.layers, "layer")
    yield from _strangers(NAMESPACES, "layers", platform.namespaces.layers, platform.layers, "layer")
    definitions = platform.access.role_definitions
    inherited = {name: role.inherits for name, role in definitions.items()}
    if circle := _circle(inherited):
        yield ACCESS_CONTROL, "roleDefinitions", f"the role {circle} inherits from itself"
    for number, custom in enumerate(platform.gates.custom_rules):
        if custom.type == "cel":
            yield from _house_rule(f"customRules[{number}]", custom)
        elif custom.type == "python":
            yield from _package_rule(f"customRules[{number}]", custom)
    for waiver in platform.gates.waivers:
        try:
            _ = waiver.expires is None or date.fromisoformat(waiver.expires)
        except ValueError:
            yield QUALITY_GATES, "waivers", f"{waiver.expires!r} is no day"


def _house_rule(where: str, rule: CustomRule) -> Iterator[tuple[str, str, str]]:
    """A rule in CEL has a name, and expressions that can be asked; its examples hold."""
    from floe_engine.artifact.part import written
    from floe_engine.manifest.house_rule import troubles
    from floe_engine.manifest.subjects import SUBJECTS

    if not rule.id or not rule.expr or (rule.subject or "model") not in SUBJECTS:
        yield QUALITY_GATES, where, "expected an id, an expr and a subject that this floe knows"
        return
    listed = rule.examples.values() if isinstance(rule.examples, dict) else [rule.examples or ()]
    if not all(isinstance(each, list | tuple) and all(isinstance(e, dict) for e in each) for each in listed):
        yield QUALITY_GATES, f"{where}.examples", "expected lists of facts under `pass` and `fail`"
        return
    for trouble in troubles(written(rule)):
        place = ".".join(map(str, (where, *trouble.place)))
        yield QUALITY_GATES, place, trouble.problem.message


def _package_rule(where: str, rule: CustomRule) -> Iterator[tuple[str, str, str]]:
    """A rule of a package has a name, and says which package of which digest; it is not looked for here."""
    from floe_engine.manifest.rule_packages import DIGEST
    from floe_engine.manifest.subjects import SUBJECTS

    if not (rule.id and rule.package and rule.rule) or (rule.subject or "model") not in SUBJECTS:
        yield QUALITY_GATES, where, "expected an id, a package, a rule and a subject that this floe knows"
    if not DIGEST.match(rule.digest or ""):
        yield QUALITY_GATES, f"{where}.digest", "expected sha256: and 64 hexadecimal digits"
    if not all(key.isidentifier() for key in rule.parameters):
        yield QUALITY_GATES, f"{where}.parameters", "expected arguments by name"


def _expressions(platform: Platform) -> Iterator[tuple[str, str, str]]:
    yield NAMING_RULES, "namePattern", platform.naming.name_pattern
    for pattern in platform.naming.custom_patterns:
        yield NAMING_RULES, "customPatterns", pattern
    for entry in platform.classification.name_patterns:
        yield CLASSIFICATION, "namePatterns", entry.pattern
    for exception in platform.classification.name_exceptions:
        yield CLASSIFICATION, "nameExceptions", exception
    for rule in platform.schemas.type_rules:
        yield SCHEMA_REGISTRY, "typeRules", rule.pattern
    gates = platform.gates
    for pattern in gates.code.forbidden_patterns:
        yield QUALITY_GATES, "code.forbiddenPatterns", pattern
    for test in gates.column_tests:
        yield QUALITY_GATES, "columnTests", test.pattern
    for key in chain.from_iterable(gates.documentation.meta.values()):
        if key.pattern is not None:
            yield QUALITY_GATES, "documentation.meta", key.pattern


def _strangers(
    path: str, setting: str, names: Iterable[str], known: Iterable[str], noun: str
) -> Iterator[tuple[str, str, str]]:
    known = set(known)
    for name in names:
        if name not in known:
            yield path, setting, f"there is no {noun} {name}"


def _circle(inherited: Mapping[str, Iterable[str]]) -> str:
    """A role that is among those it inherits from; empty where none is."""
    try:
        TopologicalSorter(inherited).prepare()
    except CycleError as error:
        return str(error.args[1][0])
    return ""
