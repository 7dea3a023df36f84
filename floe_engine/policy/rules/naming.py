"""Names say where a model belongs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from floe_engine.artifact.paths import NAMING_RULES
from floe_engine.artifact.platform import Platform
from floe_engine.expressions import fullmatch
from floe_engine.policy.finding import Finding
from floe_engine.policy.layering import LAYER_META, Layering
from floe_engine.policy.meta import lookup
from floe_engine.policy.reads import PLACEMENT, Place
from floe_engine.policy.rule import Example, ModelRule, of_model
from floe_engine.policy.view import View
from floe_engine.project.facts import Model

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes

_JUDGED: tuple[Place, ...] = ((NAMING_RULES, "appliesTo"), (NAMING_RULES, "customPatterns"))
"""Whose names are judged, and whether by expressions for whole names."""


class NamingRule(ModelRule):
    """A rule about names: asked of the resource types that the platform names."""

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
        layers = view.layering.names if placement.layer is None else (placement.layer,)
        prefixes = [prefix for layer in layers for prefix in naming.prefixes_of(layer)]
        if placement.layer is None or (prefixes and not model.name.startswith(tuple(prefixes))):
            said = f"is in layer {placement.layer} (by {placement.by}) but its name does not say so"
            yield self.finding(
                model,
                f"{model.label} belongs to no layer" if placement.layer is None else f"{model.name} {said}",
                expected=f"a name that starts with {' or '.join(prefixes)}",
                actual=model.name,
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Every prefix, a name without one, and a name of no layer."""
        from floe_engine.policy.resources import STEMS

        naming, layering = make.platform.naming, make.platform.once(Layering)
        for layer in layering.names:
            prefixes = naming.prefixes_of(layer)
            for prefix in prefixes:
                name = make.well_named(layer, prefix)
                if name is not None:
                    yield of_model(f"{layer}: {prefix}… is taken", f"model {name}", _named(make, name), True)
            bare = next((each for each in STEMS if not each.startswith(prefixes)), None)
            if prefixes and bare is not None:
                yield of_model(
                    f"{layer}: a name without its prefix is refused",
                    f"model {bare}, placed in {layer} by meta",
                    _named(make, bare, layer),
                    False,
                )
        for name in ("stg_payments", "int_payments", "tmp_payments", "payments"):
            model = _named(make, name, path=f"{name}.sql", schema=None)
            if layering.place(model).layer is None:
                yield of_model(f"{name} belongs to no layer and is refused", f"model {name}", model, False)
                return


class RestPattern(NamingRule):
    """What follows the prefix has the platform's pattern.

    One spelling for all tables: by default lower-case letters, digits and underscores. Asked only
    where the prefix itself is right.
    """

    id = "FLOE-E202"
    setting = "data_architecture.naming.name_pattern"
    reads = (*PLACEMENT, *_JUDGED, (NAMING_RULES, "namePattern"))

    def active(self, platform: Platform) -> bool:
        return bool(platform.naming.prefixes) and not platform.naming.custom_patterns

    def applies(self, model: Model, view: View) -> bool:
        """Only a name with a right prefix has a rest to judge."""
        return self._rest(model, view) is not None

    def check(self, model: Model, view: View) -> Iterator[Finding]:
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
        naming = view.platform.naming
        return naming.after_prefix(model.name, layer) if naming.prefixes_of(layer) else model.name

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Each layer's first prefix before a rest that is right, and before one that is not."""
        from floe_engine.policy.resources import MISSPELT

        naming, layering = make.platform.naming, make.platform.once(Layering)
        for layer in layering.names:
            for prefix in naming.prefixes_of(layer)[:1]:
                right = make.well_named(layer, prefix)
                if right is not None:
                    title = f"{layer}: a rest that matches {naming.name_pattern} is taken"
                    yield of_model(title, f"model {right}", _named(make, right), True)
                for name in (prefix + word for word in MISSPELT):
                    placed = layering.prefix_of(name)
                    rest = naming.after_prefix(name, layer) or ""
                    if placed and placed[1] == layer and not fullmatch(naming.name_pattern, rest):
                        title = f"{layer}: a rest that does not match {naming.name_pattern} is refused"
                        yield of_model(title, f"model {name}", _named(make, name), False)
                        break


class CustomNames(NamingRule):
    """A name matches one of the platform's own expressions.

    The custom pattern has whole-name expressions in the place of prefixes.
    """

    id = "FLOE-E203"
    setting = "data_architecture.naming.custom_patterns"
    asked = "naming.custom_patterns"
    reads = _JUDGED

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        patterns = view.platform.naming.custom_patterns
        if not any(fullmatch(pattern, model.name) for pattern in patterns):
            yield self.finding(
                model,
                f"{model.name} matches none of the platform's naming patterns",
                expected=f"a name that matches {' or '.join(patterns)}",
                actual=model.name,
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Names of each layer, likely ones and unlikely ones, and words made from the expressions."""
        from floe_engine.policy.resources import MISSPELT, STEMS
        from floe_engine.policy.words import words

        patterns = make.platform.naming.custom_patterns
        prefixed = [make.name_in(layer) for layer in make.platform.once(Layering).names]
        made = [name for pattern in patterns for name in islice(words(pattern), 1)]
        for name in dict.fromkeys((*prefixed, *STEMS, *MISSPELT, *made)):
            taken = any(fullmatch(pattern, name) for pattern in patterns)
            word = "taken" if taken else "refused"
            yield of_model(f"{name} is {word}", f"model {name}", _named(make, name), taken)


class KnownLayer(NamingRule):
    """A declared layer is one of the platform's.

    A misspelt ``meta.floe.layer`` would quietly take a model out of its layer's rules.
    """

    id = "FLOE-E204"
    setting = "data_architecture.layers"
    reads = (*PLACEMENT, (NAMING_RULES, "appliesTo"))

    def active(self, platform: Platform) -> bool:
        return bool(platform.layers or platform.naming.prefixes)

    def applies(self, model: Model, view: View) -> bool:
        """Where the model declares a layer."""
        return lookup(model.meta, LAYER_META) is not None

    def check(self, model: Model, view: View) -> Iterator[Finding]:
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

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        layers = make.platform.once(Layering).names
        for layer in layers[:1]:
            name, stranger = make.name_in(layer), make.unused("no_such_layer", layers)
            for said, title in (
                (stranger, "a layer that meta declares must exist"),
                (layer, f"{layer} may be declared in meta"),
            ):
                model = _named(make, name, meta={LAYER_META: said})
                yield of_model(title, f"model {name} with floe.layer: {said}", model, said == layer)


def _named(make: ExampleNodes, name: str, layer: str | None = None, **fields: Any) -> Model:
    """A resource of a kind whose names are judged, called so."""
    kind = next(iter(make.platform.naming.applies_to), "model")
    return make.model_of(layer, name=name, resource_type=kind, **fields)
