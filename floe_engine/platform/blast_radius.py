"""Whom a change of platform hits: one project in detail, or a whole fleet as a table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from floe_engine.errors import NothingChecked
from floe_engine.events import CancelToken, Report, silent
from floe_engine.platform.compare import Comparison
from floe_engine.upgrade.fleet import BlastRadius, blast_radius, find_projects, project_impact
from floe_engine.upgrade.impact import Impact
from floe_engine.workspace import Workspace


class Fleet(Struct, frozen=True):
    """Projects, and the directory that their names are relative to."""

    directories: tuple[Path, ...]
    root: Path


class Hit(Struct, frozen=True):
    """Whom a change hits: one of the two."""

    impact: Impact | None = None
    """Of a single project, in detail."""
    radius: BlastRadius | None = None
    """Of a fleet, a row a project."""

    @property
    def breaks(self) -> bool:
        """Whether a build that runs today would stop, or nobody can say that it would not."""
        if self.impact is not None:
            return bool(self.impact.breaking)
        return self.radius is not None and bool(self.radius.breaking or self.radius.unjudged)


def find_fleet(workspace: Workspace, paths: Sequence[str | Path]) -> Fleet:
    """The projects at or below `paths`, each once; relative paths are the workspace's.

    Raises `UsageError` where a path is no directory, `NothingChecked` where there is no project.
    """
    roots = [(workspace.directory / path).absolute() for path in paths]
    found: dict[Path, Path] = {}
    for root in roots:
        for directory in find_projects(root):
            found.setdefault(directory.resolve(), directory)
    if not found:
        raise NothingChecked(
            "there is no project to judge",
            f"no floe.yaml and no dbt_project.yml in {', '.join(map(str, paths)) or 'nothing'}",
            hint="name a project, or a folder with projects in it",
        )
    root = Path(os.path.commonpath(roots))
    directories = tuple(found.values())
    return Fleet(directories, root.parent if root in directories else root)


def measure_impact(
    comparison: Comparison,
    fleet: Fleet,
    *,
    executor: str = "",
    as_table: bool = False,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Hit:
    """The findings of each project under both sides: an impact for one, a blast radius for more.

    `as_table` asks for a blast radius in any case, as does an `executor`: the address of a Dask
    scheduler (``tcp://HOST:PORT``). Without one every core of this machine works.

    Raises what reading a single project raises; of several, one that cannot be read is a row with
    its problem. Raises `NothingChecked` where none could be read, and what an executor raises.
    """
    old, new = comparison.old.artifact, comparison.new.artifact
    if len(fleet.directories) == 1 and not executor and not as_table:
        return Hit(impact=project_impact(fleet.directories[0], old, new))
    radius = blast_radius(
        fleet.directories,
        old,
        new,
        root=fleet.root,
        executor=executor,
        report=report,
        cancel=cancel,
    )
    if len(radius.unjudged) == len(radius.projects):
        raise NothingChecked(
            "no project could be judged",
            "\n".join(f"{project.directory}: {project.problem}" for project in radius.projects[:10]),
        )
    return Hit(radius=radius)
