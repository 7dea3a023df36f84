"""Which line of dbt_project.yml gives a model a config: one edit there is worth a thousand elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from floe_engine.project.facts import Model
from floe_engine.project.project_file import FILE_NAME, LIMIT, ProjectFile

if TYPE_CHECKING:
    from floe_engine.document.document import Document


class FolderConfig(Struct, frozen=True):
    """A config that dbt_project.yml gives to all that lies in a folder."""

    place: str
    """The keys that lead to it: ``models.shop.gold.+grants``."""
    line: int


DECIDING = ("enabled", "severity", "where", "limit", "error_if")
"""The configs of a test that say whether, of what and how hard it fails."""

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
            inside = self._inside(folder, self._roots[model.resource_type])
            *_, found = None, *self._walk(f"{model.resource_type}s", inside, model.name, key)
            self._known[asked] = found
        known = self._known[asked]
        if known is None or word.casefold() not in map(str.casefold, _words(known[1])):
            return None
        return self._at(known[0])

    def folder(self, model: Model) -> str:
        """Where a model, seed or snapshot lies in dbt's folder of its kind; empty: right there."""
        folder = PurePosixPath(model.path).parent.as_posix()
        if model.resource_type == "snapshot" and not model.path.endswith(".sql"):  # in a properties file
            return self._inside(folder, (*self._roots["snapshot"], *self._roots["model"]))
        return self._inside(folder, self._roots[model.resource_type])

    def of_tests(self, model: Model, key: str, said: str) -> FolderConfig | None:
        """What gives `key` (``severity``, ``where``) to the tests that a model's properties file has.

        None where no folder has it, or one with words that are not in what was `said` of the tests.
        """
        found = list(self._of_tests(model, key))
        if not found or any(word not in said.casefold() for word in str(found[-1][1]).casefold().split()):
            return None
        return self._at(found[-1][0])

    def for_tests(self, model: Model) -> dict[str, Any]:
        """The config that decides what the tests in a model's properties file find, as folders give it."""
        found = {key: list(self._of_tests(model, key)) for key in DECIDING}
        return {key: levels[-1][1] for key, levels in found.items() if levels}

    def _of_tests(self, model: Model, key: str) -> Iterator[_Found]:
        folder = PurePosixPath(model.properties_path or model.path).parent.as_posix()
        inside = self._inside(folder, self.settings.model_paths)
        for section in ("tests", "data_tests"):
            yield from self._walk(section, inside, model.name, key)

    def nearest(self, section: str, fqn: Sequence[str], key: str) -> FolderConfig | None:
        """The last place on the way to a node, given without the project's name, that has a key."""
        *folders, name = fqn
        *_, found = None, *self._walk(section, "/".join(folders), name, key)
        return self._at(found[0]) if found is not None else None

    def _at(self, path: tuple[str, ...]) -> FolderConfig | None:
        node = self._document.key_node(path)
        return FolderConfig(".".join(path), node.line + 1) if node is not None else None

    @staticmethod
    def _inside(folder: str, roots: Iterable[str]) -> str:
        root = next((each for each in roots if f"{folder}/".startswith(f"{each}/")), "")
        return folder[len(root) :].strip("/")

    def _walk(self, section: str, inside: str, name: str, key: str) -> Iterator[_Found]:
        """Every value of a key on the way to a node, the nearest last."""
        path: tuple[str, ...] = (section,)
        level: Any = self.settings.settings.get(section)
        for step in (self.settings.name, *filter(None, inside.split("/")), name, None):
            if not isinstance(level, dict):
                return
            if f"+{key}" in level:
                yield (*path, f"+{key}"), level[f"+{key}"]
            elif key in level and not isinstance(level[key], dict):
                yield (*path, key), level[key]
            if step is not None:
                level, path = level.get(step), (*path, step)

    @cached_property
    def _roots(self) -> dict[str, tuple[str, ...]]:
        settings = self.settings
        return {
            "model": settings.model_paths,
            "seed": settings.seed_paths,
            "snapshot": settings.snapshot_paths,
        }

    @cached_property
    def _known(self) -> dict[tuple[str, str, str, str], _Found | None]:
        return {}

    @cached_property
    def _document(self) -> Document:
        from floe_engine.document.document import parse
        from floe_engine.document.text import read_text

        return parse(read_text(self.settings.directory / FILE_NAME, LIMIT, what=FILE_NAME))


def _words(value: Any) -> Iterator[str]:
    """Every scalar inside a config's value, as text."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        yield str(value)
        return
    for each in value:
        yield from _words(each)
