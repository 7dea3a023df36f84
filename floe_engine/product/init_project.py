"""A data team's project pinned to a platform: floe.yaml, the lock and the cached artifact.

`plan_init` says what `init_project` does, and refuses what it refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from floe_engine import git
from floe_engine.acts import Act, Option
from floe_engine.artifact.platform import Platform
from floe_engine.distribution.request import VersionRequest
from floe_engine.errors import UsageError
from floe_engine.events import CancelToken, Notice, Report, silent
from floe_engine.files import stands
from floe_engine.product.first_pin import FirstPin, plan_first_pin, take_first_pin
from floe_engine.project.spec_file import load_spec
from floe_engine.scaffold.choices import Service
from floe_engine.store import Lock
from floe_engine.trust.verdict import AskFirstUse
from floe_engine.workspace import SPEC_FILE, Workspace


class Initialised(Struct, frozen=True):
    """What `init` left behind."""

    lock: Lock
    platform: Platform
    spec_path: Path
    created: tuple[str, ...]
    """Paths that were written, relative to the project, directories with a slash."""


def plan_init(
    workspace: Workspace,
    platform: str,
    *,
    trusted_keys: Sequence[str] = (),
    judged: bool = True,
    ask: AskFirstUse | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> FirstPin:
    """What `init_project` would do, and what the platform would find; nothing is written.

    Raises what `init_project` raises. Without `judged` the project is not looked at.
    """
    _demand_unpinned(workspace, platform, trusted_keys)
    return plan_first_pin(
        workspace,
        platform,
        trusted_keys=trusted_keys,
        judged=judged,
        ask=ask,
        report=report,
        cancel=cancel,
    )


def init_project(
    workspace: Workspace,
    platform: str,
    *,
    trusted_keys: Sequence[str] = (),
    service: Service = "none",
    ask: AskFirstUse | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Initialised:
    """Pull `platform` (a version, a constraint or a whole reference) and write floe.yaml.

    Running it again with the same pin is no error and changes nothing; with another pin it is
    refused, for that is an upgrade. `service`: whose CI is to judge the project; its file is written
    where there is none yet. Raises what `pull` raises, and then writes nothing.
    """
    plan = plan_init(
        workspace, platform, trusted_keys=trusted_keys, judged=False, ask=ask, report=report, cancel=cancel
    )
    take_first_pin(workspace, plan, cancel=cancel)
    created = [] if plan.before is not None else [SPEC_FILE]
    if plan.candidate is not None:
        folder = workspace.store.directory(plan.locks.tag)
        created.append(f"{folder.relative_to(workspace.directory).as_posix()}/")
    wanted = VersionRequest.parse(platform, workspace)
    if wanted.repository.scheme == "oci-layout":
        report(
            Notice(
                "floe.yaml pins a folder of this machine, which the rest of the team does not have",
                hint=f"publish to a registry and name it with {Option.REGISTRY} before you share the project",
            )
        )
    created += _ci(workspace, service, wanted, report)
    return Initialised(plan.locks, plan.platform, workspace.spec_path, tuple(created))


def _ci(workspace: Workspace, service: Service, wanted: VersionRequest, report: Report) -> list[str]:
    """Write the file by which a CI service judges the project; the paths written."""
    if service == "none":
        return []
    from floe_engine.scaffold.rest import project_ci_file

    path, text = project_ci_file(service, wanted.repository.registry or None)
    if stands(workspace.directory / path):
        report(Notice(f"{path} is there already and stays", hint="docs/ci.md has the job to add to it"))
        return []
    workspace.files.write(path, text.encode())
    with suppress(git.NoAnswer):
        below = git.ask(workspace.directory, "rev-parse", "--show-prefix", environ=workspace.environ)
        if folder := below.decode("utf-8", "replace").strip().rstrip("/"):
            report(
                Notice(
                    f"{path} is read at the top of the repository only, and this is {folder}",
                    hint=f"move it there, and add {Option.DIR} {folder} to its {Act.COMPILE}",
                )
            )
    return [path]


def _demand_unpinned(workspace: Workspace, platform: str, trusted_keys: Sequence[str]) -> None:
    """Raise `UsageError` where there is a floe.yaml that pins something else, or trusts for itself."""
    wanted = VersionRequest.parse(platform, workspace)
    if not stands(workspace.spec_path):
        return
    spec = load_spec(workspace.spec_path)
    if VersionRequest.of(spec, workspace.directory) != wanted:
        raise UsageError(
            "this project is pinned already",
            f"floe.yaml says {spec.platform.ref or spec.platform.manifest}",
            hint=f"use {Act.UPGRADE:--to VERSION} to move it, or {Act.PIN}",
            where=str(workspace.spec_path),
        )
    if trusted_keys:
        raise UsageError(
            "this project has a floe.yaml, which says itself whom it trusts",
            hint="add the key to platform.trusted_keys there",
            where=str(workspace.spec_path),
        )
