"""The three rule templates that a platform fills in for itself."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import ClassVar

from floe_engine.artifact.model import CustomRule
from floe_engine.artifact.platform import Platform
from floe_engine.policy.finding import Finding
from floe_engine.policy.meta import lookup
from floe_engine.policy.reads import CUSTOM_RULES
from floe_engine.policy.rule import Family, ModelRule
from floe_engine.policy.rules.required_tests import is_named
from floe_engine.policy.view import View
from floe_engine.project.facts import Model


class Template(ModelRule):
    """A rule with the parameters of ``governance.custom_rules`` entries of its type."""

    family = Family.QUALITY
    setting = "governance.custom_rules"
    reads = CUSTOM_RULES
    type: ClassVar[str]

    def active(self, platform: Platform) -> bool:
        """Where an entry has this type."""
        return any(rule.type == self.type for rule in platform.gates.custom_rules)

    def applies(self, model: Model, view: View) -> bool:
        """Where some entry is about the model."""
        return any(True for _ in self.entries(model, view))

    def entries(self, model: Model, view: View) -> Iterator[CustomRule]:
        """The entries of this type that are about a model."""
        for rule in view.platform.gates.custom_rules:
            if (
                rule.type == self.type
                and fnmatchcase(model.name, rule.applies_to)
                and model.name.startswith(rule.prefix or "")
            ):
                yield rule


class TagsForPrefix(Template):
    """Models with a prefix carry the tags that the platform wants of them.

    A custom rule: ``require_tags_for_prefix`` with ``prefix`` and ``tags``.
    """

    id = "FLOE-E280"
    type = "require_tags_for_prefix"

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        """Name the absent tags."""
        for rule in self.entries(model, view):
            for tag in rule.tags:
                if tag not in model.tags:
                    yield self.finding(
                        model,
                        f"{model.label} lacks the tag {tag}",
                        expected=f"tags {', '.join(rule.tags)}",
                        actual=", ".join(sorted(model.tags)) or "no tags",
                        suggestion=f"add tags: [{tag}]",
                        parameter=tag,
                    )


class MetaField(Template):
    """Models carry a meta key that the platform wants of them.

    A custom rule: ``require_meta_field`` with ``field``. An empty value does not count.
    """

    id = "FLOE-E281"
    type = "require_meta_field"

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        """Look the key up."""
        for rule in self.entries(model, view):
            key = rule.field or ""
            if lookup(model.meta, key) in (None, "", [], {}):
                yield self.finding(
                    model,
                    f"{model.label} has no meta key {key}",
                    expected=f"meta: {{{key}: …}}",
                    actual="absent",
                    suggestion=f"add {key} to the model's meta",
                    parameter=key,
                )


class TestsOfType(Template):
    """Models have a number of tests of the kinds that the platform names.

    A custom rule: ``require_tests_of_type`` with ``test_types`` and ``min_count``.
    """

    id = "FLOE-E282"
    type = "require_tests_of_type"

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        """Count them."""
        for rule in self.entries(model, view):
            count = sum(any(is_named(test, wanted) for wanted in rule.test_types) for test in model.tests)
            if count < rule.min_count:
                kinds = " or ".join(rule.test_types)
                yield self.finding(
                    model,
                    f"{model.label} has {count} of {rule.min_count} {kinds} tests",
                    expected=f"≥ {rule.min_count}",
                    actual=str(count),
                    suggestion=f"add {rule.min_count - count} more {kinds} tests",
                    parameter=",".join(rule.test_types),
                )
