"""Every rule there is, family by family, in the order in which reports list them.

A family is a module of `policy.rules`, and each class there that has an ID is a rule, in their order: a new
one stands there and nowhere else.
Most platforms ask nothing of most families, so a family is loaded where it is asked for.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from itertools import chain

from floe_engine.artifact.model import QualityGates
from floe_engine.artifact.part import Part
from floe_engine.artifact.platform import Platform
from floe_engine.artifact.sections import LayerConstraint
from floe_engine.policy.rule import Rule, spelt

FAMILIES: dict[str, tuple[str, ...]] = {
    "naming": (),
    "dependencies": (),
    "coverage": (),
    "descriptions": ("require_descriptions", "require_column_descriptions"),
    "parents": ("max_parents",),
    "references": ("require_sources", "require_declared_columns"),
    "required_tests": (),
    "weak_tests": (),
    "classification": (),
    "propagation": (),
    "column_lineage": (),
    "unread": (),
    "access": (),
    "schema_registry": (),
    "custom": ("custom_rules",),
    "house": ("custom_rules",),
    "documentation": ("documentation",),
    "sources": ("sources",),
    "exposures": ("exposures", "semantic_models"),
    "dag": ("graph",),
    "materialization": ("materialization", "materializations"),
    "sql_style": ("code",),
    "macros": ("macros",),
    "structure": ("structure",),
    "more_tests": ("column_tests", "unit_test_formats"),
    "waivers": (),
}
"""Family to the fields of `QualityGates` and `LayerConstraint` that ask for it: where all have their
defaults, none of its rules is active. One without such fields is loaded for every platform."""


def every_rule() -> tuple[Rule, ...]:
    """All rules, in the order of reports."""
    return tuple(chain.from_iterable(map(_rules, FAMILIES)))


def rules_for(platform: Platform) -> tuple[Rule, ...]:
    """The rules that a platform may ask for, in the order of reports: all that are active are among them."""
    return platform.once(_rules_for)


def rule_by_id(rule_id: str) -> Rule | None:
    """The rule with an ID, in any case, with or without ``FLOE-``; None where there is none."""
    wanted = spelt(rule_id)
    if wanted not in _BY_ID:
        every_rule()
    return _BY_ID.get(wanted)


_BY_ID: dict[str, Rule] = {}
"""The rules of the families that are loaded."""


@cache
def _rules(family: str) -> tuple[Rule, ...]:
    name = f"floe_engine.policy.rules.{family}"
    there = vars(import_module(name)).values()
    classes = (each for each in there if isinstance(each, type) and each.__module__ == name)
    rules: tuple[Rule, ...] = tuple(made() for made in classes if "id" in vars(made))
    _BY_ID.update((rule.id, rule) for rule in rules)
    return rules


def _rules_for(platform: Platform) -> tuple[Rule, ...]:
    said = _said(platform.gates, QualityGates(platform=platform.gates.platform))
    for layer in platform.layers.values():
        said |= _said(layer, LayerConstraint())
    asked = (family for family, fields in FAMILIES.items() if not fields or said.intersection(fields))
    return tuple(chain.from_iterable(map(_rules, asked)))


def _said(part: Part, unset: Part) -> set[str]:
    """The fields of a part of the artifact that say something."""
    return {each for each in part.__struct_fields__ if getattr(part, each) != getattr(unset, each)}
