"""The platform's policies, tested: the seed's four suites, then the team's own cases."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from floe_engine.errors import ConfigurationError
from floe_engine.events import CancelToken, Heading, Report, silent
from floe_engine.files import stands
from floe_engine.manifest.root import Manifest
from floe_engine.platform.compile_platform import CompiledPlatform, compile_platform
from floe_engine.policy_tests.running import TestRun, run_policy_tests
from floe_engine.workspace import Workspace

if TYPE_CHECKING:
    from floe_engine.policy_tests.mutation import MutationRun


def test_policies(
    workspace: Workspace,
    *,
    compiled: CompiledPlatform | None = None,
    select: Sequence[str] = (),
    workers: int | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> TestRun:
    """Compile the manifest (unless that was done already) and run its policy tests.

    `select` keeps the suites and cases whose name contains one of the words.
    """
    if compiled is None:
        compiled = compile_platform(workspace, write=False, cancel=cancel)
    report(Heading("Running policy tests..."))
    return run_policy_tests(
        compiled.artifact.platform,
        case_files(workspace, compiled.manifest),
        select=select,
        workers=workers,
        report=report,
        cancel=cancel,
    )


def mutate_policies(
    workspace: Workspace,
    *,
    compiled: CompiledPlatform | None = None,
    own: bool = False,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> MutationRun:
    """Weaken one demand of the platform at a time, and ask whether any policy test notices.

    With `own`, the generated suites do not count: they are made from the manifest, so they change
    along with an edit that weakens it; a team's own cases do not.
    """
    from floe_engine.policy_tests.mutation import mutate

    if compiled is None:
        compiled = compile_platform(workspace, write=False, cancel=cancel)
    files = case_files(workspace, compiled.manifest)
    return mutate(compiled.artifact.platform, files, built_in=not own, report=report, cancel=cancel)


# pytest collects functions of this name where a test module imports them.
test_policies.__test__ = False  # type: ignore[attr-defined]  # pytest looks for it


def case_files(workspace: Workspace, manifest: Manifest) -> tuple[Path, ...]:
    """The files that `policy_tests` of a manifest names, sorted, each once.

    What cannot be read (a link to nowhere, a pipe) is among them: left out, its cases would count
    as passed. So it is where a folder cannot be looked into, a folder is named in the place of files,
    or a glob matches nothing, unless it is the usual one that nobody wrote.
    Raises `ConfigurationError`.
    """
    globs, standard = manifest.policy_tests, "policy_tests" not in manifest.written
    found: set[Path] = set()
    for glob in globs:
        named = workspace.directory / glob
        if named.is_dir():
            raise ConfigurationError(
                f"policy_tests names {glob}, which is a folder",
                "none of its cases would be run",
                hint=f"write `{glob.rstrip('/')}/*.yaml`, or `{glob.rstrip('/')}/**/*.yaml` for all below it",
                where=workspace.manifest_path.name,
            )
        _look_into(workspace.directory, glob)
        listed = [named] if stands(named) else list(workspace.directory.glob(glob))
        if not listed and not standard:
            raise ConfigurationError(
                f"policy_tests names {glob}, and there is no such file",
                "its cases would count as passed",
                hint="correct it, or take it out of policy_tests",
                where=workspace.manifest_path.name,
            )
        found.update(listed)
    if standard:  # both endings are YAML's
        found.update(path for glob in globs for path in workspace.directory.glob(f"{glob[:-4]}yml"))
    return tuple(sorted(path for path in found if not path.is_dir()))


def _look_into(directory: Path, glob: str) -> None:
    """Raise `ConfigurationError` where a folder that a glob leads through cannot be listed.

    `Path.glob` passes such a folder over without a word.
    """
    parts = PurePosixPath(glob).parts
    fixed = tuple(takewhile(lambda part: not _WILD.intersection(part), parts))
    folder = directory.joinpath(*fixed)
    if fixed == parts or not os.path.lexists(folder):
        return

    def refuse(error: OSError) -> None:
        raise ConfigurationError(
            "a folder of policy tests cannot be read",
            f"{error.strerror}; its cases would count as passed",
            hint="see who may read it, or where the link leads",
            where=str(error.filename),
        )

    deep = len(parts) > len(fixed) + 1
    for _, folders, _ in os.walk(folder, onerror=refuse):
        if not deep:
            folders.clear()


_WILD = frozenset("*?[")
