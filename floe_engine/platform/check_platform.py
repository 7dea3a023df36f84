"""manifest.yaml → every problem in it, at once, with what it inherits."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from floe_engine.acts import Act, Option
from floe_engine.document.diagnostics import Diagnostic, Severity
from floe_engine.document.document import parse
from floe_engine.document.text import read_text
from floe_engine.errors import ConfigurationError
from floe_engine.events import CancelToken, Notice, Report, silent
from floe_engine.files import stands
from floe_engine.manifest.base import WrongShape
from floe_engine.manifest.check import Checked, check
from floe_engine.manifest.inheritance import ParentPlatform
from floe_engine.manifest.parent import parent_reference
from floe_engine.manifest.plugins import Catalogue
from floe_engine.workspace import Workspace


def check_platform(
    workspace: Workspace,
    *,
    text: str | None = None,
    catalogue: Catalogue | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Checked:
    """Check the workspace's manifest, or `text` in its place (an editor's unsaved buffer).

    `catalogue` is loaded where none is given; who checks at every key press keeps one.

    A parent behind ``oci://`` is read from the store, and pulled and locked the first time. Raises
    `ConfigurationError` only where there is no text to check: no file, too large, not UTF-8.
    """
    if text is None:
        text = read_manifest(workspace)
    parent = remote_parent(workspace, text, report=report, cancel=cancel)
    checked = check(text, path=workspace.manifest_path, catalogue=catalogue, parent=parent)
    return structs.replace(checked, diagnostics=(*checked.diagnostics, *_idle_waivers(checked)))


def _idle_waivers(checked: Checked) -> Iterator[Diagnostic]:
    """Waivers that can excuse nothing under the platform that the manifest makes."""
    manifest = checked.manifest
    if manifest is None or not checked.ok or not any(each.rules for each in manifest.governance.waivers):
        return
    # Imported here: who checks at every key needs the policy room only for such a waiver.
    from floe_engine.artifact.build import build
    from floe_engine.policy.idle_waivers import covers_nothing

    written = checked.document.value
    governance = written.get("governance") if isinstance(written, dict) else None
    key = "waivers" if isinstance(governance, dict) and "waivers" in governance else "policy_overrides"
    platform = build(manifest, checked.plugins, created=_ANY_TIME).platform
    for number, waiver in enumerate(platform.gates.waivers):
        if why := covers_nothing(waiver, platform):
            path = ("governance", key, number, "rules")
            yield Diagnostic(
                "FLOE-M046",
                Severity.WARNING,
                checked.document.locate(path),
                f"waiver {waiver.id} excuses nothing: {why}",
                "remove it, or name the rules whose findings it is for",
                path,
            )


_ANY_TIME = "1970-01-01T00:00:00Z"


def read_manifest(workspace: Workspace) -> str:
    """The text of manifest.yaml. Raises `ConfigurationError` where it cannot be had."""
    path = workspace.manifest_path
    if not stands(path):
        other = path.with_suffix(".yml")
        raise ConfigurationError(
            "there is no manifest.yaml here",
            hint=f"rename {other.name}: floe reads manifest.yaml alone"
            if other.exists()
            else f"{Act.INIT_PLATFORM} begins a platform here; another directory is named with {Option.DIR}",
            where=str(path),
        )
    return read_text(path)


def remote_parent(
    workspace: Workspace,
    text: str,
    *,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> ParentPlatform | None:
    """The enterprise platform that `text` names by reference; None where it names none, or a path.

    It is pulled like any platform: verified, cached, and locked by digest.
    """
    reference = parent_reference(parse(text))
    if not reference.startswith(("oci://", "oci-layout:")):
        return None
    from floe_engine.distribution.pull import load_or_pull
    from floe_engine.distribution.request import VersionRequest

    pulled = load_or_pull(workspace, VersionRequest.parse(reference, workspace), report=report, cancel=cancel)
    settings = pulled.platform.manifest.settings
    if settings is None:
        raise ConfigurationError(
            "the parent is not an enterprise platform",
            f"{reference} has scope {pulled.platform.manifest.metadata.scope or 'none'}",
            hint="its manifest.yaml needs metadata.scope: enterprise",
            where="manifest.yaml: parent",
        )
    try:
        return ParentPlatform.from_settings(settings, ref=reference, digest=pulled.lock.digest)
    except WrongShape as error:
        report(Notice(f"the settings that {reference} carries are damaged", hint=str(error)))
        raise ConfigurationError("the parent's settings cannot be read", where=reference) from None
