"""Which of the two readers tells a project's facts, and why.

dbt's manifest.json is the authority while it is newer than every file of the project; otherwise
the files themselves are read. The choice is always said, for two readers can differ.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from floe_engine.acts import Option
from floe_engine.errors import ConfigurationError, NothingChecked
from floe_engine.files import stands
from floe_engine.project.catalog_file import Catalog
from floe_engine.project.facts import Project
from floe_engine.project.folder_configs import FolderConfigs
from floe_engine.project.folders import File
from floe_engine.project.project_file import FILE_NAME, ProjectFile, read_project_file

if TYPE_CHECKING:
    from floe_engine.project.gathering import Contents

Choice = Literal["auto", "manifest", "static"]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Look for no rubbish meanwhile: what is made stays, and looking through it takes a sixth of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@_no_collection()
def read_project(
    directory: Path,
    *,
    reader: Choice = "auto",
    manifest: Path | None = None,
    variables: Mapping[str, Any] | None = None,
    adapter: str | None = None,
) -> Project:
    """The facts of the dbt project in `directory`, with the reader and the reason for it.

    `manifest` (default ``target/manifest.json``) may be relative to `directory`; `variables` are
    what ``dbt --vars`` would give and `adapter` what the platform connects with, for the static
    reader. Raises `ConfigurationError` where there is no dbt project, or the manifest that was asked
    for cannot be used; `NothingChecked` where the project has no model, seed or snapshot.
    """
    settings = read_project_file(directory, variables=variables, adapter=adapter)
    path = directory / (manifest or Path(settings.target_path) / "manifest.json")
    shown = _shown(path, directory)
    if reader == "manifest":
        project = _from_manifest(path, settings)
        newer = _newer_file(path, settings, settings.files()) or _missing_file(project)
        note = f"{shown} is out of date: {newer}; run `dbt parse`" if newer else ""
        project = replace(project, reason="asked for", warnings=_with(project, note))
    elif reader == "static":
        project = _from_files(settings, settings.files(), "asked for")
    else:
        project = _fresher(path, shown, settings)
    if not project.models:
        raise NothingChecked(
            "the dbt project has no models",
            f"{project.reason}; folders: {', '.join(settings.model_paths)}"
            if project.reader == "static"
            else f"{shown} lists none of project {project.name}",
            hint=f"check `model-paths` in dbt_project.yml, or name the project's folder with `{Option.DIR}`",
            where=str(directory),
        )
    catalog = path.with_name("catalog.json")
    return replace(
        project,
        catalog=Catalog(catalog, _shown(catalog, directory)),
        folder_configs=FolderConfigs(settings),
    )


def _fresher(path: Path, shown: str, settings: ProjectFile) -> Project:
    files = settings.files()
    if not stands(path):
        return _from_files(settings, files, f"{shown} does not exist")
    newer = _newer_file(path, settings, files)
    if newer and _has_code(files):
        return _from_files(settings, files, f"{shown} is out of date: {newer}")
    try:
        project = _from_manifest(path, settings)
    except ConfigurationError as error:
        problem = ": ".join(part for part in (error.title, error.message) if part)
        static = _from_files(settings, files, f"{shown} cannot be used")
        return replace(static, warnings=_with(static, f"{shown}: {problem}"))
    missing = _missing_file(project)
    if missing and not _has_code(files):
        # A manifest that was brought here alone, as CI does it: there is nothing fresher to read.
        note = f"{shown} is judged as it is: none of the project's models are here to compare it with"
        return replace(project, reason="the project's files are not here", warnings=_with(project, note))
    if newer or missing:
        return _from_files(settings, files, f"{shown} is out of date: {newer or missing}")
    return replace(project, reason=f"{shown} is newer than every project file")


def _from_manifest(path: Path, settings: ProjectFile) -> Project:
    from floe_engine.project.dbt_manifest import read_manifest

    if not stands(path):
        raise ConfigurationError(
            "dbt manifest not found",
            hint="run `dbt parse` to write it, or set `dbt: {reader: static}` in floe.yaml to do without",
            where=str(path),
        )
    project = read_manifest(path, settings.directory, project_name=settings.name)
    if project.name != settings.name:
        raise ConfigurationError(
            "dbt manifest belongs to another project",
            f"it was written for {project.name}; {FILE_NAME} says {settings.name}",
            hint="run `dbt parse` in this project, or set `dbt: {reader: static}` in floe.yaml",
            where=str(path),
        )
    return replace(project, manifest=path)


def _from_files(settings: ProjectFile, files: list[File], reason: str) -> Project:
    from floe_engine.project.recalled import recalled

    def read(contents: Contents | None) -> Project:
        from floe_engine.project.dbt_source import read_source

        return read_source(settings, files, contents)

    return replace(recalled(settings, files, read), reason=reason)


def _newer_file(path: Path, settings: ProjectFile, files: list[File]) -> str:
    """Why the manifest is stale by its time; empty where it is not, or does not exist."""
    try:
        written = path.stat().st_mtime
        changed = (settings.directory / FILE_NAME).stat().st_mtime
    except OSError:
        return ""
    if changed > written:
        return f"{FILE_NAME} is newer"
    newest = max(files, key=lambda file: file.modified, default=None)
    return f"{newest.path} is newer" if newest is not None and newest.modified > written else ""


def _has_code(files: list[File]) -> bool:
    return any(file.path.endswith((".sql", ".py", ".csv")) for file in files)


def _missing_file(project: Project) -> str:
    """A file that the manifest names and the disk no longer has; empty where there is none."""
    for model in project.models:
        if not os.path.exists(f"{project.directory}/{model.path}"):  # noqa: PTH110  (quicker, for thousands)
            return f"{model.path} is gone"
    return ""


def _with(project: Project, note: str) -> tuple[str, ...]:
    return (*project.warnings, note) if note else project.warnings


def _shown(path: Path, directory: Path) -> str:
    relative = os.path.relpath(path, directory)
    return str(path) if relative.startswith("..") else Path(relative).as_posix()
