"""The three rule templates that a platform fills in for itself."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator
from fnmatch import fnmatchcase, translate
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.artifact.sections import CustomRule
from floe_engine.policy.finding import Finding
from floe_engine.policy.meta import lookup
from floe_engine.policy.reads import CUSTOM_RULES
from floe_engine.policy.rule import Example, ModelRule, met_and_not
from floe_engine.policy.rules.required_tests import is_named
from floe_engine.policy.view import View
from floe_engine.project.facts import DataTest, Model

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes


class Template(ModelRule):
    """A rule with the parameters of ``governance.custom_rules`` entries of its type."""

    setting = "governance.custom_rules"
    reads = CUSTOM_RULES
    type: ClassVar[str]

    def active(self, platform: Platform) -> bool:
        return any(rule.type == self.type for rule in platform.gates.custom_rules)

    def applies(self, model: Model, view: View) -> bool:
        """Where some entry is about the model."""
        return any(True for _ in self.entries(model, view))

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A model that meets all entries together, and what each of this type refuses."""
        for rule in make.platform.gates.custom_rules:
            name = _meant_by(rule) if rule.type == self.type else None
            if name is None:
                continue
            named = replace(make.model(), name=name, tests=(), tags=frozenset())
            good = _meeting(make.platform, replace(named, unique_id=f"{named.unique_id}.{name}"))
            title = rule.id or f"{rule.type} on {rule.applies_to}"
            refused = list(self.refused(rule, good))
            yield from met_and_not(title, good if refused else None, None)
            for lacks, bad in refused:
                yield from met_and_not(f"{title}{lacks}", None, bad)

    @abstractmethod
    def refused(self, rule: CustomRule, good: Model) -> Iterator[tuple[str, Model]]:
        """Models that an entry refuses, made from one that it takes; each with what tells it apart."""

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

    def refused(self, rule: CustomRule, good: Model) -> Iterator[tuple[str, Model]]:
        for tag in rule.tags:
            yield "" if len(rule.tags) == 1 else f", {tag}", replace(good, tags=good.tags - {tag})


class MetaField(Template):
    """Models carry a meta key that the platform wants of them.

    A custom rule: ``require_meta_field`` with ``field``. An empty value does not count.
    """

    id = "FLOE-E281"
    type = "require_meta_field"

    def check(self, model: Model, view: View) -> Iterator[Finding]:
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

    def refused(self, rule: CustomRule, good: Model) -> Iterator[tuple[str, Model]]:
        if rule.field:
            yield "", replace(good, meta={key: said for key, said in good.meta.items() if key != rule.field})


class TestsOfType(Template):
    """Models have a number of tests of the kinds that the platform names.

    A custom rule: ``require_tests_of_type`` with ``test_types`` and ``min_count``.
    """

    id = "FLOE-E282"
    type = "require_tests_of_type"

    def check(self, model: Model, view: View) -> Iterator[Finding]:
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

    def refused(self, rule: CustomRule, good: Model) -> Iterator[tuple[str, Model]]:
        if rule.test_types:
            others = (t for t in good.tests if not any(is_named(t, kind) for kind in rule.test_types))
            too_few = (DataTest(rule.test_types[0]) for _ in range(rule.min_count - 1))
            yield "", replace(good, tests=(*others, *too_few))


def _meeting(platform: Platform, model: Model) -> Model:
    """A model with the tags, the meta and the tests that all custom rules together ask for."""
    rules = platform.gates.custom_rules
    return replace(
        model,
        tags=model.tags.union(*(rule.tags for rule in rules)),
        meta={**model.meta, **{rule.field: "given" for rule in rules if rule.field}},
        tests=tuple(DataTest(kind) for rule in rules for kind in rule.test_types[:1] * rule.min_count),
    )


def _meant_by(rule: CustomRule) -> str | None:
    """A model name that an entry is about; None where its prefix and its glob have none in common."""
    from floe_engine.policy.words import words

    prefix = rule.prefix or ""
    names = (f"{prefix}orders", *words(f"{re.escape(prefix)}.*"), *words(translate(rule.applies_to)))
    return next((n for n in names if n.startswith(prefix) and fnmatchcase(n, rule.applies_to)), None)
