"""dbt_project.yml: the project's name and profile, its folders, variables and folder configs.

Source: https://docs.getdbt.com/reference/dbt_project.yml. Knows nothing of models.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from floe_engine.acts import Option
from floe_engine.errors import ConfigurationError
from floe_engine.files import read_bounded, stands
from floe_engine.manifest.nested import get
from floe_engine.project.dbt_yaml import BrokenYaml, load
from floe_engine.project.folders import File, project_files
from floe_engine.project.jinja.calls import HOOKS

if TYPE_CHECKING:
    from floe_engine.project.jinja.templates import Templates

FILE_NAME = "dbt_project.yml"
SUFFIXES = frozenset({".sql", ".py", ".csv", ".yml", ".yaml"})
"""Of the files that facts are read from."""
LIMIT = 10_000_000
"""Bytes of one file of a project that we are willing to read."""

_DISPATCH = ("macro_namespace", "search_order")

ADDED = frozenset({"tags", *HOOKS})
MERGED = frozenset({"meta"})


def _folders(*keys: str, default: str) -> cached_property[tuple[str, ...]]:
    """Folders, relative, that the file names by one of `keys`."""

    def named(file: ProjectFile) -> tuple[str, ...]:
        for key in keys:
            value = file.settings.get(key)
            listed = [value] if isinstance(value, str) else value
            if isinstance(listed, list):
                return tuple(path.rstrip("/") or "." for path in listed if isinstance(path, str))
        return (default,)

    return cached_property(named)


class ProjectFile(Struct, frozen=True, dict=True):
    """A dbt_project.yml as read."""

    directory: Path
    name: str
    profile: str
    """The profile's name: ``profile``, else the project's name, as dbt has it."""
    settings: Mapping[str, Any]
    variables: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    adapter: str | None = None
    """What dbt connects with, such as ``duckdb``; None where nothing says so."""

    @cached_property
    def templates(self) -> Templates:
        """What the project's YAML is read with; no macros there."""
        return _templates(self.variables, self.environ, self.adapter)

    def files(self) -> list[File]:
        """Every file that the project's facts come from, dbt_project.yml aside."""
        return project_files(self.directory, self.properties_paths, self.excluded_paths, SUFFIXES)

    model_paths = _folders("model-paths", "source-paths", default="models")
    seed_paths = _folders("seed-paths", "data-paths", default="seeds")
    snapshot_paths = _folders("snapshot-paths", default="snapshots")
    test_paths = _folders("test-paths", default="tests")
    """Folders of singular tests."""
    macro_paths = _folders("macro-paths", default="macros")
    analysis_paths = _folders("analysis-paths", default="analyses")

    def defines_generic_tests(self, folder: str, inside: Sequence[str]) -> bool:
        """Whether dbt looks for generic tests in the SQL of a configured folder, or `inside` it."""
        return folder in self.macro_paths or (folder in self.test_paths and "generic" in inside[:1])

    @property
    def properties_paths(self) -> tuple[str, ...]:
        """Every folder in which dbt looks for properties files, each once."""
        nodes = (*self.model_paths, *self.seed_paths, *self.snapshot_paths)
        paths = (*nodes, *self.analysis_paths, *self.macro_paths)
        return tuple(dict.fromkeys((*paths, *self.test_paths)))

    @property
    def search_orders(self) -> dict[str, tuple[str, ...]]:
        """Macro namespace to the packages in which ``adapter.dispatch`` looks (``dispatch``)."""
        listed = self.settings.get("dispatch")
        found: dict[str, tuple[str, ...]] = {}
        for entry in listed if isinstance(listed, list) else ():
            namespace, order = (entry.get(key) if isinstance(entry, dict) else None for key in _DISPATCH)
            if isinstance(namespace, str) and isinstance(order, list):
                found[namespace] = tuple(package for package in order if isinstance(package, str))
        return found

    @property
    def excluded_paths(self) -> tuple[str, ...]:
        """Folders that belong to dbt or to installed packages."""
        packages = self.settings.get("packages-install-path")
        target = self.settings.get("target-path")
        found = [packages, target, "dbt_packages", "dbt_modules", "target", "logs"]
        return tuple(path.strip("/") for path in found if isinstance(path, str) and path.strip("/"))

    @property
    def packages_path(self) -> str:
        """Folder of installed packages, relative."""
        return self._path("packages-install-path", "dbt_packages")

    @property
    def target_path(self) -> str:
        """Folder of dbt's artifacts, relative."""
        return self._path("target-path", "target")

    def _path(self, key: str, default: str) -> str:
        value = self.settings.get(key)
        return value if isinstance(value, str) and value else default

    def folder_config(self, section: str, fqn: Sequence[str]) -> dict[str, Any]:
        """The config that a node of `section` (``models``) gets from the tree, least specific first.

        `fqn` is dbt's fully qualified name: project, folders, name. Tags add up, meta merges, the
        rest is replaced.
        """
        result: dict[str, Any] = {}
        for own in self.folder_configs(section, fqn):
            merge_config(result, own)
        return result

    def test_config(self, fqn: Sequence[str]) -> dict[str, Any]:
        """The same of a data test, whose section has had two names."""
        config = self.folder_config("tests", fqn)
        merge_config(config, self.folder_config("data_tests", fqn))
        return config

    def folder_configs(self, section: str, fqn: Sequence[str]) -> Iterator[dict[str, Any]]:
        """What each level of the tree says of a node of `section`, least specific first."""
        level: Any = self.settings.get(section)
        for part in (*fqn, None):
            if not isinstance(level, dict):
                return
            yield {
                str(key).lstrip("+").strip(): value
                for key, value in level.items()
                if str(key).startswith("+") or not isinstance(value, dict)
            }
            level = level.get(part)


def merge_config(target: dict[str, Any], new: Mapping[str, Any]) -> None:
    """Lay a more specific config over a general one the way dbt does."""
    for key, value in new.items():
        if key in ADDED:
            target[key] = [*_listed(target.get(key)), *_listed(value)]
        elif key in MERGED and isinstance(value, dict) and isinstance(target.get(key), dict):
            target[key] = {**target[key], **value}
        elif key == "grants" and isinstance(value, dict):
            target[key] = _merged_grants(target.get(key), value)
        else:
            target[key] = value


def deeply_merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The config of a model's version over that of all versions, as dbt does it: lists grow at their head."""
    result = dict(old)
    for key, value in new.items():
        other = result.get(key)
        if isinstance(value, dict) and isinstance(other, dict):
            result[key] = deeply_merged(other, value)
        elif isinstance(value, list) and isinstance(other, list | str):
            result[key] = [*value, *other]
        else:
            result[key] = value
    return result


def _merged_grants(old: Any, new: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Grants are replaced by privilege, unless the new ones are written ``+select``."""
    result = {key: _listed(value) for key, value in old.items()} if isinstance(old, dict) else {}
    for privilege, grantees in new.items():
        name = str(privilege).lstrip("+")
        kept = result.get(name, []) if str(privilege).startswith("+") else []
        result[name] = [*kept, *(grantee for grantee in _listed(grantees) if grantee not in kept)]
    return result


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def read_project_file(
    directory: Path,
    *,
    variables: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    adapter: str | None = None,
) -> ProjectFile:
    """Read ``dbt_project.yml`` of a directory.

    `variables` are laid over its ``vars`` as ``dbt --vars`` does; `environ` defaults to the
    process's; `adapter` is what dbt connects with where no profiles.yml beside it says so. Raises
    `ConfigurationError` where there is no such file, or it is not one.
    """
    path = directory / FILE_NAME
    if not stands(path):
        raise ConfigurationError(
            f"no dbt project here: {FILE_NAME} not found",
            hint=f"run floe in the folder of the dbt project, name it with `{Option.DIR}`, or set"
            " `transforms: [{project_dir: …}]` in floe.yaml",
            where=str(directory),
        )
    text = _text(path)
    settings = _load(path, text)
    name = settings.get("name") if isinstance(settings, dict) else None
    if not isinstance(settings, dict) or not isinstance(name, str) or not name:
        raise ConfigurationError(
            f"{FILE_NAME} names no project",
            hint="a dbt project needs a line such as `name: customer_analytics`",
            where=str(path),
        )
    unrendered = settings
    given, surroundings = variables or {}, os.environ if environ is None else environ
    profile = settings.get("profile")
    if isinstance(profile, str) and "{" in profile:
        profile = _templates(given, surroundings).render_or_keep(profile)
    profile = profile if isinstance(profile, str) and profile else name
    adapter = adapter_of_profile(directory, profile, surroundings) or adapter
    if "{" in text:
        # dbt renders this file before it knows the file's own vars, so only those of --vars count in it.
        settings = _load(path, text, _templates(given, surroundings, adapter).render_or_keep)
    return ProjectFile(
        directory=directory,
        name=name,
        profile=profile,
        settings=settings,
        variables=_variables(unrendered.get("vars"), name, given),
        environ=surroundings,
        adapter=adapter,
    )


def adapter_of_profile(directory: Path, profile: str, environ: Mapping[str, str]) -> str | None:
    """The ``type`` of a profile's target, where a profiles.yml stands in the project itself.

    There dbt looks first; those of the user's home are another machine's business.
    """
    path = directory / "profiles.yml"
    if not stands(path):
        return None
    try:
        content = read_bounded(path, LIMIT, what="profiles.yml").decode("utf-8-sig")
        document = load(content, render=_templates({}, environ).render_or_keep)
    except (ConfigurationError, UnicodeDecodeError, BrokenYaml):
        return None  # dbt's to refuse
    found = get(document, (profile,))
    target = found.get("target", "default") if isinstance(found, dict) else None
    kind = get(found, ("outputs", target, "type")) if isinstance(target, str) else None
    return kind if isinstance(kind, str) and kind.isidentifier() else None


def _templates(
    variables: Mapping[str, Any], environ: Mapping[str, str], adapter: str | None = None
) -> Templates:
    from floe_engine.project.jinja.macros import Macros
    from floe_engine.project.jinja.templates import Templates

    return Templates(variables, environ, Macros(adapter=adapter))


def name_of_project(directory: Path) -> str | None:
    """The name of a directory's dbt project; None where it has none that can be read."""
    try:
        return read_project_file(directory).name
    except ConfigurationError:
        return None


def _variables(declared: Any, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """``vars``: those of the project by its name win over the global ones, the command line over all."""
    if not isinstance(declared, dict):
        return dict(given)
    own = declared.get(name)
    return {**declared, **(own if isinstance(own, dict) else {}), **given}


def _text(path: Path) -> str:
    try:
        return read_bounded(path, LIMIT, what=FILE_NAME).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{FILE_NAME} is not UTF-8 text", where=str(path)) from None


def _load(path: Path, text: str, render: Callable[[str], Any] | None = None) -> Any:
    try:
        return load(text, render=render)
    except BrokenYaml as error:
        raise ConfigurationError(
            f"{FILE_NAME} is not valid YAML", str(error), where=f"{path}:{error.line}"
        ) from None
