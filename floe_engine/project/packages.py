"""Packages that ``dbt deps`` has installed: their names and where their macros are.

Only their macros are read: a model of the project may call one that refers to its sources. Of their
own models no more than the name is known.
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
_CODE = frozenset({".sql", ".py"})
_SEEDS = frozenset({".csv"})


def installed_packages(settings: ProjectFile) -> dict[str, Files]:
    """Name of each installed package to what reads its macro files."""
    found: dict[str, Files] = {}
    for directory, package in _installed(settings):
        shown = f"{settings.packages_path}/{directory.name}"
        found.setdefault(package.name, _reader(directory, package.macro_paths, shown))
    return found


def nodes_of_packages(settings: ProjectFile) -> dict[str, str]:
    """What a ``ref`` of the project can mean in installed packages: the name, alone and after its package's
    and a dot, to the unique_id. Only names of files are looked at: what stands in YAML alone is not here.
    """
    found: dict[str, str] = {}
    for directory, package in _installed(settings):
        for kind, folders, suffixes in (
            ("model", package.model_paths, _CODE),
            ("seed", package.seed_paths, _SEEDS),
        ):
            for file in project_files(directory, folders, package.excluded_paths, suffixes):
                unique_id = f"{kind}.{package.name}.{file.stem}"
                found.setdefault(f"{package.name}.{file.stem}", unique_id)
                found.setdefault(file.stem, unique_id)
    return found


def _installed(settings: ProjectFile) -> Iterator[tuple[Path, ProjectFile]]:
    """Each package's folder, and what its dbt_project.yml says."""
    try:
        folders = sorted(
            path for path in (settings.directory / settings.packages_path).iterdir() if path.is_dir()
        )
    except (OSError, ValueError):
        return
    for directory in folders:
        try:
            package = read_project_file(directory, environ=settings.environ)
        except ConfigurationError:
            continue  # no package
        yield directory, package


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
