"""Packages that ``dbt deps`` has installed: their names and where their macros are.

Only their macros are read: a model of the project may call one that refers to its sources. Their
own models are dbt's to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from floe_engine.errors import ConfigurationError
from floe_engine.files import read_bounded
from floe_engine.project.folders import project_files
from floe_engine.project.jinja.macros import Files
from floe_engine.project.project_file import LIMIT, ProjectFile, read_project_file

_SQL = frozenset({".sql"})


def installed_packages(settings: ProjectFile) -> dict[str, Files]:
    """Name of each installed package to what reads its macro files."""
    found: dict[str, Files] = {}
    folder = settings.directory / settings.packages_path
    try:
        directories = sorted(path for path in folder.iterdir() if path.is_dir())
    except (OSError, ValueError):
        return {}
    for directory in directories:
        try:
            package = read_project_file(directory, environ=settings.environ)
        except ConfigurationError:
            continue  # no package
        shown = f"{settings.packages_path}/{directory.name}"
        found.setdefault(package.name, _reader(directory, package.macro_paths, shown))
    return found


def _reader(directory: Path, macro_paths: Sequence[str], shown: str) -> Files:
    def read() -> Iterator[tuple[str, str]]:
        for file in project_files(directory, macro_paths, (), _SQL):
            try:
                data = read_bounded(directory / file.path, LIMIT)
            except ConfigurationError:
                continue  # dbt itself would stop at it
            yield f"{shown}/{file.path}", data.decode("utf-8", "replace")

    return read


def has_package(directory: Path, name: str) -> bool:
    """Whether ``dbt deps`` has installed a package, by the folder that it gets."""
    return (directory / read_project_file(directory).packages_path / name).is_dir()
