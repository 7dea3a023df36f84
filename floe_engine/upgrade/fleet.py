"""Blast radius: what a new platform would do to many projects, before it is published.

Each project is one task: read once, judged under both platforms. Tasks share nothing, so the cost
grows with the number of projects and falls with the number of cores, on this machine
(`concurrent.futures`) or on a Dask cluster, whose executor is the same interface.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

from floe_engine import __version__
from floe_engine.artifact.content import Artifact
from floe_engine.errors import FloeError, RegistryUnreachable, UsageError
from floe_engine.events import CancelToken, Report, Transfer, silent
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import SPEC_FILE
from floe_engine.policy.product import judge, projects_of
from floe_engine.project.facts import Project
from floe_engine.project.project_file import FILE_NAME
from floe_engine.upgrade.impact import STATUSES, Effect, Impact, Status, impact, what_breaks_first
from floe_engine.upgrade.rules import Assessment, compare

MAX_DEPTH = 8
"""Folders below the given one in which projects are looked for."""

SKIPPED = frozenset({"dbt_packages", "dbt_modules", "target", "node_modules", "venv", "site-packages"})

SHOWN_EFFECTS = 50
"""Breaking effects that are kept of a project; all are counted."""

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a Dask scheduler."""


class ProjectImpact(Struct, frozen=True):
    """What the new platform would do to one project."""

    directory: str
    """Relative to where projects were looked for."""
    name: str
    models: int
    counts: Mapping[Status, int]
    breaking: int
    """Findings that would stop a build that runs today."""
    blocked_before: bool
    """Whether it does not pass the old platform either."""
    causes: Mapping[str, int]
    """Upgrade rule ID to findings that got worse by it; "" where no rule was found."""
    effects: tuple[Effect, ...] = ()
    """The first breaking ones."""
    problem: str = ""
    """Why it could not be judged; then everything else is empty."""

    @property
    def breaks(self) -> bool:
        """Whether a build that runs today would stop."""
        return self.breaking > 0 and not self.blocked_before


class BlastRadius(Struct, frozen=True, dict=True):
    """All projects, in the order in which they were given."""

    projects: tuple[ProjectImpact, ...]
    assessment: Assessment

    @property
    def breaking(self) -> tuple[ProjectImpact, ...]:
        """The projects whose build would stop."""
        return tuple(project for project in self.projects if project.breaks)

    @property
    def unjudged(self) -> tuple[ProjectImpact, ...]:
        """The projects of which nothing can be said; never counted as safe."""
        return tuple(project for project in self.projects if project.problem)

    @cached_property
    def totals(self) -> Mapping[Status, int]:
        """Effects of all projects by status."""
        return {
            status: sum(project.counts.get(status, 0) for project in self.projects) for status in STATUSES
        }

    @cached_property
    def models(self) -> int:
        """Models of all projects."""
        return sum(project.models for project in self.projects)

    @cached_property
    def causes(self) -> Mapping[str, tuple[int, int]]:
        """Upgrade rule ID to (projects, findings) that got worse by it, the widest first."""
        projects: Counter[str] = Counter()
        findings: Counter[str] = Counter()
        for project in self.projects:
            projects.update(project.causes.keys())
            findings.update(project.causes)
        order = sorted(projects, key=lambda rule: (-projects[rule], -findings[rule], rule))
        return {rule: (projects[rule], findings[rule]) for rule in order}


def find_projects(root: Path) -> list[Path]:
    """The data products and dbt projects at or below `root`, sorted.

    A directory with floe.yaml is one product and is not searched further; otherwise each
    dbt_project.yml is one. Installed packages, build output and hidden folders are passed over,
    and symbolic links are not followed.
    """
    if not root.is_dir():
        raise UsageError("not a directory", where=str(root), hint="name a project or a folder of projects")
    return sorted(_projects_below(root, MAX_DEPTH))


def _projects_below(directory: Path, depth: int) -> Iterator[Path]:
    if (directory / SPEC_FILE).is_file() or (directory / FILE_NAME).is_file():
        yield directory
        return
    if depth == 0:
        return
    with os.scandir(directory) as entries:
        folders = [
            entry.path
            for entry in entries
            if entry.is_dir(follow_symlinks=False) and entry.name not in SKIPPED and entry.name[0] != "."
        ]
    for folder in sorted(folders):
        yield from _projects_below(Path(folder), depth - 1)


def project_impact(directory: Path, old: Artifact, new: Artifact) -> Impact:
    """What going from `old` to `new` does to the project in `directory`.

    Raises what reading a project raises (`ConfigurationError`, `NothingChecked`).
    """
    return _judged(directory, old, new).impact


class _Judged(NamedTuple):
    """The projects of a directory, their evaluations under both platforms, and what lies between."""

    projects: tuple[Project, ...]
    before: tuple[Evaluation, ...]
    after: tuple[Evaluation, ...]
    impact: Impact


def _judged(directory: Path, old: Artifact, new: Artifact) -> _Judged:
    spec, projects = projects_of(directory, platform=new.platform)
    before, after = (judge(projects, each.platform, spec) for each in (old, new))
    assessment = compare(old, new)
    effects = chain.from_iterable(
        impact(one, other, assessment).effects for one, other in zip(before, after, strict=True)
    )
    return _Judged(projects, before, after, what_breaks_first(effects))


def blast_radius(
    directories: Sequence[Path],
    old: Artifact,
    new: Artifact,
    *,
    root: Path | None = None,
    executor: str = "",
    workers: int | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> BlastRadius:
    """Judge every project under both platforms and add up what would break.

    `executor` is empty for this machine's cores (`workers` of them, by default all), or the
    address of a Dask scheduler (``tcp://HOST:PORT``) whose workers see the same directories and
    have the same floe. A project that cannot be read becomes a row with its problem. Reports a
    `Transfer` named ``projects`` as results arrive.

    Raises `UsageError` for an executor that cannot be, `RegistryUnreachable` where the scheduler
    does not answer, `Cancelled`.
    """
    cancel = cancel or CancelToken()
    assessment = compare(old, new)
    files = dict(old.files), dict(new.files)
    found: list[ProjectImpact | None] = [None] * len(directories)
    with _pool(executor, workers, len(directories)) as pool:
        pending: dict[Future[ProjectImpact], int] = {
            pool.submit(_measure, str(directory.resolve()), _shown(directory, root), *files): index
            for index, directory in enumerate(directories)
        }
        try:
            while pending:
                finished, _ = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                cancel.check()
                for future in finished:
                    found[pending.pop(future)] = future.result()
                    report(Transfer("projects", len(directories) - len(pending), len(directories)))
        finally:
            for future in pending:
                future.cancel()
    return BlastRadius(tuple(result for result in found if result is not None), assessment)


def _shown(directory: Path, root: Path | None) -> str:
    if root is not None and directory.is_relative_to(root):
        return directory.relative_to(root).as_posix()
    return directory.as_posix()


def _measure(directory: str, shown: str, old: dict[str, bytes], new: dict[str, bytes]) -> ProjectImpact:
    """One project. Runs in another process, perhaps on another machine: plain values in and out."""
    try:
        projects, before, after, found = _judged(Path(directory), Artifact(old), Artifact(new))
    except FloeError as error:
        return ProjectImpact(
            shown, Path(shown).name, 0, {}, 0, False, {}, problem=" ".join(str(error).split())
        )
    nothing = all(evaluation.nothing_checked for evaluation in (*before, *after))
    return ProjectImpact(
        directory=shown,
        name=projects[0].name if projects else Path(shown).name,
        models=sum(evaluation.models for evaluation in after),
        counts=found.counts,
        breaking=len(found.breaking),
        blocked_before=not all(evaluation.passed for evaluation in before),
        causes=found.causes,
        effects=found.breaking[:SHOWN_EFFECTS],
        problem="nothing was checked" if nothing else "",
    )


# --- where it runs -----------------------------------------------------------------------------


@contextmanager
def _pool(address: str, workers: int | None, tasks: int) -> Iterator[Executor]:
    if address:
        with _dask(address) as pool:
            yield pool
        return
    count = max(1, min(workers or os.cpu_count() or 1, tasks))
    # Spawned, not forked: the caller may have threads (the workbench does), and a fork copies
    # their locks but not the threads that would release them.
    pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _dask(address: str) -> Iterator[Executor]:
    if not address.startswith(("tcp://", "tls://")):
        raise UsageError(
            f"{address!r} is not the address of a Dask scheduler",
            hint="write tcp://HOST:PORT, as the scheduler prints it",
        )
    try:
        import distributed
    except ImportError:
        raise UsageError(
            "running on a cluster needs the extra `fleet`",
            hint='install it with: pip install "floe-workbench[fleet]"',
        ) from None
    connect: Any = distributed.Client  # the package marks itself typed, but its client is not
    try:
        client = connect(address, timeout=CONNECT_TIMEOUT, set_as_default=False)
    except OSError as error:
        raise RegistryUnreachable(
            "the Dask scheduler does not answer",
            str(error),
            hint="check the address, and that the scheduler runs",
            where=address,
        ) from None
    try:
        _demand_same_floe(client, address)
        yield client.get_executor(pure=False)
    finally:
        client.close()


def _demand_same_floe(client: Any, address: str) -> None:
    try:
        versions: Mapping[str, str] = client.run(engine_version)
    except ImportError:
        raise UsageError(
            "workers of the cluster have no floe",
            hint=f"install floe-workbench {__version__} where the workers run",
            where=address,
        ) from None
    if not versions:
        raise UsageError(
            "the Dask cluster has no workers", where=address, hint="start one: dask worker " + address
        )
    others = sorted({version for version in versions.values() if version != __version__})
    if others:
        raise UsageError(
            f"workers of the cluster have floe {', '.join(others)}, and this is {__version__}",
            hint="install the same version everywhere, or the answers cannot be compared",
            where=address,
        )


def engine_version() -> str:
    """The floe of the process that it runs in."""
    return __version__
