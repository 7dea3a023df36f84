"""Names say where a model belongs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from floe_engine.artifact.paths import NAMING_RULES
from floe_engine.artifact.platform import Platform
from floe_engine.expressions import fullmatch
from floe_engine.policy.finding import Finding
from floe_engine.policy.layering import LAYER_META
from floe_engine.policy.meta import lookup
from floe_engine.policy.reads import PLACEMENT, Place
from floe_engine.policy.rule import Family, ModelRule
from floe_engine.policy.view import View
from floe_engine.project.facts import Model

_JUDGED: tuple[Place, ...] = ((NAMING_RULES, "appliesTo"), (NAMING_RULES, "customPatterns"))
"""Whose names are judged, and whether by expressions for whole names."""


class NamingRule(ModelRule):
    """A rule about names: asked of the resource types that the platform names."""

    family = Family.NAMING

    def models(self, view: View) -> Sequence[Model]:
        """Models, and seeds or snapshots where ``naming.applies_to`` says so."""
        wanted = view.platform.naming.applies_to
        return [node for node in view.resources if node.resource_type in wanted]


class LayerPrefix(NamingRule):
    """A model's name starts with the prefix of its layer.

    A reader of a query sees at once where a table comes from, and every other rule of a layer
    reaches the model. The layer is the one that ``meta.floe.layer``, the name, the path, a tag or
    the schema gives; a model that none of them places belongs to no layer and fails. A layer
    without prefixes takes any name.
    """

    id = "FLOE-E201"
    setting = "data_architecture.layers.<layer>.prefix"
    reads = (*PLACEMENT, *_JUDGED)

    def active(self, platform: Platform) -> bool:
        """Where there are prefixes; the custom pattern has expressions for whole names instead."""
        return bool(platform.naming.prefixes) and not platform.naming.custom_patterns

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        """Compare the name with the prefixes of the model's layer."""
        naming, placement = view.platform.naming, view.placements[model.unique_id]
        if placement.layer is None:
            prefixes = [prefix for layer in view.layering.names for prefix in naming.prefixes_of(layer)]
            yield self.finding(
                model,
                f"{model.label} belongs to no layer",
                expected=f"a name that starts with {_any_of(prefixes)}",
                actual=model.name,
            )
            return
        prefixes = list(naming.prefixes_of(placement.layer))
        if not prefixes or any(model.name.startswith(prefix) for prefix in prefixes):
            return
        yield self.finding(
            model,
            f"{model.name} is in layer {placement.layer} (by {placement.by}) but its name does not say so",
            expected=f"a name that starts with {_any_of(prefixes)}",
            actual=model.name,
        )


class NamePattern(NamingRule):
    """What follows the prefix has the platform's pattern.

    One spelling for all tables: by default lower-case letters, digits and underscores. Asked only
    where the prefix itself is right.
    """

    id = "FLOE-E202"
    setting = "data_architecture.naming.name_pattern"
    reads = (*PLACEMENT, *_JUDGED, (NAMING_RULES, "namePattern"))

    def active(self, platform: Platform) -> bool:
        """Where there are prefixes to follow."""
        return bool(platform.naming.prefixes) and not platform.naming.custom_patterns

    def applies(self, model: Model, view: View) -> bool:
        """Only a name with a right prefix has a rest to judge."""
        return self._rest(model, view) is not None

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        """Match the rest of the name as a whole."""
        pattern, rest = view.platform.naming.name_pattern, self._rest(model, view) or ""
        if not fullmatch(pattern, rest):
            yield self.finding(
                model,
                f"{model.name} does not follow the platform's spelling after its prefix",
                expected=f"the rest matches {pattern}",
                actual=rest or "nothing after the prefix",
            )

    @staticmethod
    def _rest(model: Model, view: View) -> str | None:
        layer = view.layer(model)
        if layer is None:
            return None
        prefixes = view.platform.naming.prefixes_of(layer)
        longest = max((p for p in prefixes if model.name.startswith(p)), key=len, default=None)
        if longest is None:
            return model.name if not prefixes else None
        return model.name[len(longest) :]


class CustomNames(NamingRule):
    """A name matches one of the platform's own expressions.

    The custom pattern has whole-name expressions in the place of prefixes.
    """

    id = "FLOE-E203"
    setting = "data_architecture.naming.custom_patterns"
    reads = _JUDGED

    def active(self, platform: Platform) -> bool:
        """Where the platform has such expressions."""
        return bool(platform.naming.custom_patterns)

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        """Match the whole name against each expression."""
        patterns = view.platform.naming.custom_patterns
        if not any(fullmatch(pattern, model.name) for pattern in patterns):
            yield self.finding(
                model,
                f"{model.name} matches none of the platform's naming patterns",
                expected=f"a name that matches {_any_of(patterns)}",
                actual=model.name,
            )


class KnownLayer(NamingRule):
    """A declared layer is one of the platform's.

    A misspelt ``meta.floe.layer`` would quietly take a model out of its layer's rules.
    """

    id = "FLOE-E204"
    setting = "data_architecture.layers"
    reads = (*PLACEMENT, (NAMING_RULES, "appliesTo"))

    def active(self, platform: Platform) -> bool:
        """Where there are layers."""
        return bool(platform.layers or platform.naming.prefixes)

    def applies(self, model: Model, view: View) -> bool:
        """Where the model declares a layer."""
        return lookup(model.meta, LAYER_META) is not None

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        """Look the name up."""
        declared = lookup(model.meta, LAYER_META)
        if isinstance(declared, str) and view.layering.named(declared):
            return
        yield self.finding(
            model,
            f"{model.name} declares a layer that the platform does not have",
            expected=f"one of {', '.join(view.layering.names) or 'no layers at all'}",
            actual=str(declared),
            config=f"meta:{declared}",
        )


def _any_of(words: Sequence[str]) -> str:
    return " or ".join(words)
