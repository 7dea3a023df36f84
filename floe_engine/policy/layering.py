"""Which layer a model belongs to, and how that is known. It judges nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import translate
from typing import Literal

from msgspec import Struct

from floe_engine.artifact.platform import Platform
from floe_engine.artifact.sections import LayerAliases
from floe_engine.policy.meta import lookup
from floe_engine.project.facts import Model

LAYER_META = "floe.layer"


class Placement(Struct, frozen=True):
    """A model's layer (None: it has none), what says so, and the prefix of its name, if any."""

    layer: str | None = None
    by: Literal["meta", "name", "path", "tag", "schema"] | None = None
    prefix: str = ""


class Layering:
    """The layers of a platform, asked of models: meta, then name, path, tag and schema."""

    def __init__(self, platform: Platform) -> None:
        naming = platform.naming
        names = list(dict.fromkeys((*platform.layers, *naming.prefixes)))
        self.names = tuple(names)
        self._by_fold = {name.casefold(): name for name in names}
        self._prefixes = sorted(
            ((prefix, name) for name in names for prefix in naming.prefixes_of(name)),
            key=lambda pair: -len(pair[0]),
        )
        aliases = {name: naming.aliases.get(name, LayerAliases()) for name in names}
        self._paths = [
            (_path_matcher(entry), name) for name in names for entry in (*aliases[name].paths, name)
        ]
        self._tags = {tag: name for name in names for tag in aliases[name].tags}
        self._schemas = {schema.casefold(): name for name in names for schema in aliases[name].schemas}
        self._by_folder: dict[str, str | None] = {}

    def named(self, text: str) -> str | None:
        """The layer of that name, however its case is written."""
        return self._by_fold.get(text.casefold())

    def prefix_of(self, model_name: str) -> tuple[str, str] | None:
        """The longest prefix that a name starts with, and its layer (case does not matter here)."""
        folded = model_name.casefold()
        for prefix, name in self._prefixes:
            if folded.startswith(prefix.casefold()):
                return prefix, name
        return None

    def place(self, model: Model) -> Placement:
        """Where a model belongs."""
        matched = self.prefix_of(model.name)
        prefix = matched[0] if matched else ""
        declared = lookup(model.meta, LAYER_META)
        if isinstance(declared, str) and (layer := self.named(declared)) is not None:
            return Placement(layer, "meta", prefix)
        if matched is not None:
            return Placement(matched[1], "name", prefix)
        if (layer := self.by_path(model.path)) is not None:
            return Placement(layer, "path")
        for tag in sorted(model.tags & self._tags.keys()):
            return Placement(self._tags[tag], "tag")
        if model.schema and (layer := self._schemas.get(model.schema.casefold())) is not None:
            return Placement(layer, "schema")
        return Placement()

    def by_path(self, path: str) -> str | None:
        """The layer of the folder that a file lies in; None where it is of none."""
        folder = path.rpartition("/")[0]
        if folder not in self._by_folder:
            self._by_folder[folder] = next((name for match, name in self._paths if match(folder)), None)
        return self._by_folder[folder]


def _path_matcher(entry: str) -> Callable[[str], bool]:
    """Whether a folder lies in `entry`: path segments (``staging``, ``models/raw``) or a glob."""
    wanted = entry.strip("/")
    if any(character in wanted for character in "*?["):
        pattern = re.compile(f"{translate(wanted)}|{translate(wanted + '/*')}")
        # A glob may name files (models/raw/*.sql); what is asked here is their folder.
        return lambda folder: (
            pattern.match(folder) is not None or pattern.match(f"{folder}/x.sql") is not None
        )
    segments = f"/{wanted}/"
    return lambda folder: segments in f"/{folder}/"
