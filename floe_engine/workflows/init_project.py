"""A data team's project pinned to a platform: floe.yaml, the lock and the cached artifact."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from floe_engine.artifact.platform import Platform
from floe_engine.errors import UsageError
from floe_engine.events import CancelToken, Notice, Report, silent
from floe_engine.files import stands
from floe_engine.project.spec_file import load_spec, new_spec_text
from floe_engine.trust.verdict import AskFirstUse
from floe_engine.workflows.interrupted import all_or_nothing
from floe_engine.workflows.pull import Pulled, PullOptions, keep, obtain, pull
from floe_engine.workflows.wanted import Wanted, satisfies
from floe_engine.workspace import SPEC_FILE, Workspace


@dataclass(frozen=True)
class Initialised:
    """What `init` left behind."""

    pulled: Pulled
    spec_path: Path
    created: tuple[str, ...]
    """Paths that were written, relative to the project, directories with a slash."""


def init_project(
    workspace: Workspace,
    platform: str,
    *,
    trusted_keys: Sequence[str] = (),
    ask: AskFirstUse | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Initialised:
    """Pull `platform` (a version, a constraint or a whole reference) and write floe.yaml.

    Running it again with the same pin is no error and changes nothing; with another pin it is
    refused, for that is an upgrade. Raises what `pull` raises, and then writes nothing.
    """
    wanted = Wanted.parse(platform, workspace)
    ref = as_written(wanted, workspace.directory)
    existing = stands(workspace.spec_path)
    options = PullOptions(trusted_keys=trusted_keys)
    if existing:
        spec = load_spec(workspace.spec_path)
        if Wanted.of(spec, workspace.directory) != wanted:
            raise UsageError(
                "this project is pinned already",
                f"floe.yaml says {spec.platform.ref or spec.platform.manifest}",
                hint="use `floe upgrade --to VERSION` to move it, or `floe pin`",
                where=str(workspace.spec_path),
            )
        if trusted_keys:
            raise UsageError(
                "this project has a floe.yaml, which says itself whom it trusts",
                hint="add the key to platform.trusted_keys there",
                where=str(workspace.spec_path),
            )
        options = PullOptions(spec=spec)
    store = workspace.store
    lock = store.read_lock()
    created = []
    if existing or (lock is not None and satisfies(lock, wanted)):  # one file is left to write, or none
        pulled = pull(workspace, wanted, options=options, ask=ask, report=report, cancel=cancel)
        if not existing:
            text = first_spec(workspace.directory, ref, pulled.platform, trusted_keys)
            workspace.files.write(SPEC_FILE, text.encode())
    else:
        candidate = obtain(workspace, wanted, lock, options=options, ask=ask, report=report, cancel=cancel)
        text = first_spec(workspace.directory, ref, candidate.artifact.platform, trusted_keys)
        with store.exclusive(cancel), all_or_nothing(workspace, "init", text):
            pulled = keep(store, candidate, lock)
            workspace.files.write(SPEC_FILE, text.encode())
    if not existing:
        created.append(workspace.spec_path.name)
    if pulled.changed:
        created.append(f"{pulled.directory.relative_to(workspace.directory).as_posix()}/")
    if wanted.repository.scheme == "oci-layout":
        report(
            Notice(
                "floe.yaml pins a folder of this machine, which the rest of the team does not have",
                hint="publish to a registry and name it with --registry before you share the project",
            )
        )
    return Initialised(pulled, workspace.spec_path, tuple(created))


def as_written(wanted: Wanted, directory: Path) -> str:
    """The pin as floe.yaml spells it; a layout inside the project by its relative path."""
    separator = "@" if wanted.is_digest else ":"
    name = wanted.repository.name
    if wanted.repository.root is not None:
        root = wanted.repository.root
        if root.is_relative_to(directory.resolve()):
            name = f"oci-layout:{Path(os.path.relpath(root, directory.resolve())).as_posix()}"
    return f"{name}{separator}{wanted.constraint}"


def first_spec(directory: Path, ref: str, platform: Platform, trusted_keys: Sequence[str] = ()) -> str:
    """The floe.yaml that pins a project without one to `ref`, whose platform is `platform`."""
    compute = platform.manifest.plugins.get("compute", "")
    return new_spec_text(ref=ref, name=_project_name(directory), compute=compute, trusted_keys=trusted_keys)


def _project_name(directory: Path) -> str | None:
    """The dbt project's name, where there is a readable dbt_project.yml."""
    path = directory / "dbt_project.yml"
    if not path.is_file():
        return None
    from floe_engine.document.document import MAX_BYTES, decode, parse
    from floe_engine.files import read_bounded

    value = parse(decode(read_bounded(path, MAX_BYTES, what=path.name))).value
    name = value.get("name") if isinstance(value, dict) else None
    return name if isinstance(name, str) else None
