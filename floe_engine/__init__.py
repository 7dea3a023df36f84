"""floe's engine: platform policies as signed OCI artifacts, and dbt projects judged by them.

This is the whole public surface. `floe_engine.cli` and `floe_tui` are its two faces; other
programs may use the same names. They are imported on first use (PEP 562), so that importing the
package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    # ground
    "CancelToken": "events",
    "Event": "events",
    "Heading": "events",
    "Notice": "events",
    "Report": "events",
    "Stage": "events",
    "Step": "events",
    "Transfer": "events",
    "silent": "events",
    "Cancelled": "errors",
    "ConfigurationError": "errors",
    "FloeError": "errors",
    "NotFound": "errors",
    "RegistryError": "errors",
    "human_size": "files",
    "read_bounded": "files",
    "write_atomic": "files",
    # documents
    "Diagnostic": "document.diagnostics",
    "Fix": "document.diagnostics",
    "Position": "document.diagnostics",
    "Severity": "document.diagnostics",
    "Span": "document.diagnostics",
    "TextEdit": "document.diagnostics",
    # where one works
    "Workspace": "workspace",
    # versions
    "Assessment": "upgrade.rules",
    "BlastRadius": "upgrade.fleet",
    "Constraint": "versions",
    "Impact": "upgrade.impact",
    "Outlook": "upgrade.pins",
    "Version": "versions",
    "blast_radius": "upgrade.fleet",
    "find_projects": "upgrade.fleet",
    "outlook": "upgrade.pins",
    "pinned": "upgrade.pins",
    "project_impact": "upgrade.fleet",
    # workflows
    "CompileOptions": "workflows.compile_project",
    "PullOptions": "workflows.pull",
    "SigningOptions": "workflows.signing_key",
    "Wanted": "workflows.pull",
    "check_platform": "workflows.check_platform",
    "compare_sides": "workflows.compare",
    "compile_platform": "workflows.compile_platform",
    "compile_project": "workflows.compile_project",
    "describe_versions": "workflows.browse",
    "find_fleet": "workflows.blast_radius",
    "init_project": "workflows.init_project",
    "inspect_version": "workflows.browse",
    "keygen": "workflows.signing_key",
    "list_versions": "workflows.browse",
    "load_locked": "workflows.pull",
    "load_side": "workflows.compare",
    "measure_impact": "workflows.blast_radius",
    "outdated": "workflows.outdated",
    "plan_pin": "workflows.upgrade_project",
    "plan_publication": "workflows.publish",
    "plan_upgrade": "workflows.upgrade_project",
    "publish": "workflows.publish",
    "pull": "workflows.pull",
    "take_upgrade": "workflows.upgrade_project",
    "test_policies": "workflows.test_policies",
    "undo_move": "workflows.pin",
    "verify_version": "workflows.verify",
}
"""Public name → the room it lives in."""

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return list(__all__)
