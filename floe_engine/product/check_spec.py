"""floe.yaml → every problem in it, at once, with what the locked platform says of it."""

from __future__ import annotations

from msgspec.structs import replace

from floe_engine.distribution.pull import load_locked
from floe_engine.distribution.request import VersionRequest, satisfies
from floe_engine.errors import FloeError
from floe_engine.project.spec_check import CheckedSpec, against_platform
from floe_engine.project.spec_check import check_spec as check_text
from floe_engine.workspace import Workspace


def check_spec(workspace: Workspace, text: str) -> CheckedSpec:
    """Check `text` as the workspace's floe.yaml. Asks no registry and never raises for what it says.

    What the platform does not permit is told only where the locked version is the one that `text`
    pins, and the store has it.
    """
    checked = check_text(text, base=workspace.directory)
    if checked.spec is None:
        return checked
    try:
        wanted = VersionRequest.of(checked.spec, workspace.directory)
        pulled = load_locked(workspace)
    except FloeError:  # nothing pulled yet, or damaged: `floe compile` says so, an editor need not
        return checked
    if pulled is None or wanted is None or not satisfies(pulled.lock, wanted):
        return checked
    found = (*checked.diagnostics, *against_platform(checked.spec, checked.document, pulled.platform))
    return replace(checked, diagnostics=tuple(sorted(found, key=lambda diagnostic: diagnostic.span)))
