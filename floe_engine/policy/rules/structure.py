"""Where the files of models lie."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from floe_engine.policy.fact_rule import WordRule, Wrong, bad, good
from floe_engine.policy.reads import PLACEMENT
from floe_engine.policy.rule import Example
from floe_engine.policy.view import View

if TYPE_CHECKING:
    from floe_engine.policy.facts.models import ModelFacts
    from floe_engine.policy.resources import ExampleNodes


class PlaceRule(WordRule["ModelFacts"]):
    """Where a model's files are."""

    kind = "model"
    section: ClassVar[str] = "structure"


class PropertiesFile(PlaceRule):
    """A properties file describes every model."""

    id = "FLOE-E370"
    word = "properties_file"

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        if of.properties_path is None:
            yield Wrong(
                "stands in no properties file",
                expected=f"a YAML file with {of.name} under models:",
                actual="none",
                suggestion=f"describe it in a YAML file of {of.folder}",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good("a model that a file describes", make.model())
        yield bad("a model that no file describes", make.model(properties_path=None))


class Beside(PlaceRule):
    """The properties file of a model lies in the model's folder."""

    id = "FLOE-E371"
    word = "beside"

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        if of.properties_path is None or posixpath.dirname(of.properties_path) != of.folder:
            yield Wrong(
                f"is described in {of.properties_path or 'no file'}",
                expected=f"a YAML file in {of.folder}",
                actual=of.properties_path or "none",
                suggestion=f"move its entry to a YAML file in {of.folder}",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        yield good("a model with its YAML beside it", make.model())
        yield bad("a model with its YAML elsewhere", make.model(properties_path="models/x/schema.yml"))


class LayerFolder(PlaceRule):
    """A model that its name places in a layer lies in a folder of that layer.

    A folder that is called after the layer, or one of its ``paths``. One that meta places may lie anywhere.
    """

    id = "FLOE-E372"
    word = "layer_folder"

    def applies(self, of: ModelFacts, view: View) -> bool:
        """Where a name says the layer."""
        return view.placements[of.id].by == "name"

    def check(self, of: ModelFacts, view: View) -> Iterator[Wrong]:
        told = view.layering.by_path(of.path)
        if told != of.layer:
            yield Wrong(
                f"is a model of {of.layer} by its name, and lies in {of.folder or 'no folder'}",
                expected=f"a folder of {of.layer}",
                actual=f"{of.folder}: {told or 'no layer'}",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        from floe_engine.policy.layering import LAYER_META, Layering
        from floe_engine.policy.meta import with_key

        layering = Layering(make.platform)
        for layer in make.platform.layers:
            model = make.model_of(layer)
            model = replace(model, meta=with_key(model.meta, LAYER_META, None))
            if layering.place(model).by != "name" or layering.place(model).layer != layer:
                continue
            for folder, told in ((layer, good), ("x_y_z", bad)):
                path = f"models/{folder}/{model.name}.sql"
                if (layering.by_path(path) == layer) is (told is good):
                    yield told(f"a model of {layer} in models/{folder}", replace(model, path=path))


LayerFolder.reads = (*PLACEMENT, *LayerFolder.reads)
