"""Which line of dbt_project.yml gives a model a config: one edit there is worth a thousand elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct

from floe_engine.document.document import Document, parse
from floe_engine.document.text import decode
from floe_engine.files import read_bounded
from floe_engine.project.facts import Model
from floe_engine.project.project_file import FILE_NAME, LIMIT, ProjectFile


class FolderConfig(Struct, frozen=True):
    """A config that dbt_project.yml gives to all that lies in a folder."""

    place: str
    """The keys that lead to it: ``models.shop.gold.+grants``."""
    line: int


_Found = tuple[tuple[str, ...], Any]


class FolderConfigs(Struct, frozen=True, dict=True):
    """The configs of dbt_project.yml, with their lines; the file is read once one is asked for."""

    settings: ProjectFile

    def of(self, model: Model, key: str, word: str) -> FolderConfig | None:
        """What gives a model `word` under `key` (``grants``, ``access``): the nearest folder with the key.

        None where that one says something else, where no folder has it, and where the model's own code
        mentions the key, which then decides.
        """
        if key in (model.raw_code or model.code):
            return None
        folder = PurePosixPath(model.path).parent.as_posix()
        asked = (model.resource_type, folder, model.name, key)
        if asked not in self._known:
            *_, found = None, *self._levels(*asked)
            self._known[asked] = found
        known = self._known[asked]
        if known is None or word.casefold() not in map(str.casefold, _words(known[1])):
            return None
        node = self._document.key_node(known[0])
        return FolderConfig(".".join(known[0]), node.line + 1) if node is not None else None

    def _levels(self, kind: str, folder: str, name: str, key: str) -> Iterator[_Found]:
        """Every value of a key on the way to a model, the nearest last."""
        settings = self.settings
        roots = {
            "model": settings.model_paths,
            "seed": settings.seed_paths,
            "snapshot": settings.snapshot_paths,
        }
        root = next((each for each in roots[kind] if f"{folder}/".startswith(f"{each}/")), "")
        inside = folder[len(root) :].strip("/")
        path: tuple[str, ...] = (f"{kind}s",)
        level: Any = settings.settings.get(path[0])
        for step in (settings.name, *filter(None, inside.split("/")), name, None):
            if not isinstance(level, dict):
                return
            if f"+{key}" in level:
                yield (*path, f"+{key}"), level[f"+{key}"]
            elif key in level and not isinstance(level[key], dict):
                yield (*path, key), level[key]
            if step is not None:
                level, path = level.get(step), (*path, step)

    @cached_property
    def _known(self) -> dict[tuple[str, str, str, str], _Found | None]:
        return {}

    @cached_property
    def _document(self) -> Document:
        return parse(decode(read_bounded(self.settings.directory / FILE_NAME, LIMIT, what=FILE_NAME)))


def _words(value: Any) -> Iterator[str]:
    """Every scalar inside a config's value, as text."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        yield str(value)
        return
    for each in value:
        yield from _words(each)
