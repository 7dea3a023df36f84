"""floe's engine: platform policies as signed OCI artifacts, and dbt projects judged by them.

This is the whole public surface. `floe_engine.cli` and `floe_tui` are its two faces; other
programs may use the same names. They are imported on first use (PEP 562), so that importing the
package costs nothing.
"""

from __future__ import annotations

from floe_engine import starting

if starting.is_program():
    starting.begin()

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# The same names for type checkers, which cannot follow `__getattr__`; a test compares the two.
if TYPE_CHECKING:
    from floe_engine.document.diagnostics import Diagnostic as Diagnostic
    from floe_engine.document.diagnostics import Fix as Fix
    from floe_engine.document.diagnostics import Position as Position
    from floe_engine.document.diagnostics import Severity as Severity
    from floe_engine.document.diagnostics import Span as Span
    from floe_engine.document.diagnostics import TextEdit as TextEdit
    from floe_engine.errors import Cancelled as Cancelled
    from floe_engine.errors import ConfigurationError as ConfigurationError
    from floe_engine.errors import FloeError as FloeError
    from floe_engine.errors import NotFound as NotFound
    from floe_engine.errors import RegistryError as RegistryError
    from floe_engine.errors import StorageError as StorageError
    from floe_engine.events import CancelToken as CancelToken
    from floe_engine.events import Event as Event
    from floe_engine.events import Heading as Heading
    from floe_engine.events import Notice as Notice
    from floe_engine.events import Report as Report
    from floe_engine.events import Stage as Stage
    from floe_engine.events import Step as Step
    from floe_engine.events import Transfer as Transfer
    from floe_engine.events import silent as silent
    from floe_engine.files import Directory as Directory
    from floe_engine.files import human_size as human_size
    from floe_engine.files import read_bounded as read_bounded
    from floe_engine.files import scratch as scratch
    from floe_engine.files import write_file as write_file
    from floe_engine.manifest.assist import Completion as Completion
    from floe_engine.manifest.assist import Hover as Hover
    from floe_engine.manifest.assist import Inherited as Inherited
    from floe_engine.manifest.assist import Target as Target
    from floe_engine.manifest.assist import complete as complete
    from floe_engine.manifest.assist import definition as definition
    from floe_engine.manifest.assist import hover as hover
    from floe_engine.manifest.assist import inherited as inherited
    from floe_engine.manifest.check import Checked as Checked
    from floe_engine.manifest.plugins import Catalogue as Catalogue
    from floe_engine.policy.finding import Finding as Finding
    from floe_engine.policy.rules import rule_by_id as rule_by_id
    from floe_engine.processes import child_environment as child_environment
    from floe_engine.processes import open_in_browser as open_in_browser
    from floe_engine.signing.oidc import Invitation as Invitation
    from floe_engine.text import printable as printable
    from floe_engine.trust.root import trust_root as trust_root
    from floe_engine.upgrade.fleet import BlastRadius as BlastRadius
    from floe_engine.upgrade.fleet import blast_radius as blast_radius
    from floe_engine.upgrade.fleet import find_projects as find_projects
    from floe_engine.upgrade.fleet import project_impact as project_impact
    from floe_engine.upgrade.impact import Impact as Impact
    from floe_engine.upgrade.lines import lines_of as lines_of
    from floe_engine.upgrade.pins import Outlook as Outlook
    from floe_engine.upgrade.pins import outlook as outlook
    from floe_engine.upgrade.pins import pinned as pinned
    from floe_engine.upgrade.rows import DiffRow as DiffRow
    from floe_engine.upgrade.rows import changed_part as changed_part
    from floe_engine.upgrade.rows import folded as folded
    from floe_engine.upgrade.rows import one_column as one_column
    from floe_engine.upgrade.rows import side_by_side as side_by_side
    from floe_engine.upgrade.rules import Assessment as Assessment
    from floe_engine.versions import Constraint as Constraint
    from floe_engine.versions import Level as Level
    from floe_engine.versions import Version as Version
    from floe_engine.workflows.assess_versions import Distance as Distance
    from floe_engine.workflows.assess_versions import assess_versions as assess_versions
    from floe_engine.workflows.begin_platform import Begun as Begun
    from floe_engine.workflows.begin_platform import begin_platform as begin_platform
    from floe_engine.workflows.blast_radius import find_fleet as find_fleet
    from floe_engine.workflows.blast_radius import measure_impact as measure_impact
    from floe_engine.workflows.browse import Repositories as Repositories
    from floe_engine.workflows.browse import describe_versions as describe_versions
    from floe_engine.workflows.browse import inspect_version as inspect_version
    from floe_engine.workflows.browse import list_repositories as list_repositories
    from floe_engine.workflows.browse import list_versions as list_versions
    from floe_engine.workflows.bump import bump as bump
    from floe_engine.workflows.changelog import changelog as changelog
    from floe_engine.workflows.check_platform import check_platform as check_platform
    from floe_engine.workflows.compare import compare_sides as compare_sides
    from floe_engine.workflows.compare import load_side as load_side
    from floe_engine.workflows.compile_platform import compile_platform as compile_platform
    from floe_engine.workflows.compile_project import CompileOptions as CompileOptions
    from floe_engine.workflows.compile_project import compile_project as compile_project
    from floe_engine.workflows.first_pin import FirstPin as FirstPin
    from floe_engine.workflows.first_pin import is_first as is_first
    from floe_engine.workflows.first_pin import plan_first_pin as plan_first_pin
    from floe_engine.workflows.first_pin import take_first_pin as take_first_pin
    from floe_engine.workflows.init_project import init_project as init_project
    from floe_engine.workflows.interrupted import settle as settle
    from floe_engine.workflows.outdated import outdated as outdated
    from floe_engine.workflows.pin import undo_move as undo_move
    from floe_engine.workflows.publish import PublicationPlan as PublicationPlan
    from floe_engine.workflows.publish import Published as Published
    from floe_engine.workflows.publish import plan_publication as plan_publication
    from floe_engine.workflows.publish import publish as publish
    from floe_engine.workflows.pull import PullOptions as PullOptions
    from floe_engine.workflows.pull import load_locked as load_locked
    from floe_engine.workflows.pull import pull as pull
    from floe_engine.workflows.signing_key import SigningOptions as SigningOptions
    from floe_engine.workflows.signing_key import choose_signing as choose_signing
    from floe_engine.workflows.signing_key import expected_identity as expected_identity
    from floe_engine.workflows.signing_key import keygen as keygen
    from floe_engine.workflows.test_policies import mutate_policies as mutate_policies
    from floe_engine.workflows.test_policies import test_policies as test_policies
    from floe_engine.workflows.upgrade_project import plan_pin as plan_pin
    from floe_engine.workflows.upgrade_project import plan_upgrade as plan_upgrade
    from floe_engine.workflows.upgrade_project import take_upgrade as take_upgrade
    from floe_engine.workflows.verify import verify_version as verify_version
    from floe_engine.workflows.wanted import Wanted as Wanted
    from floe_engine.workflows.watch import platform_files as platform_files
    from floe_engine.workflows.watch import stamps as stamps
    from floe_engine.workspace import Workspace as Workspace


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
    "StorageError": "errors",
    "human_size": "files",
    "printable": "text",
    "read_bounded": "files",
    "Directory": "files",
    "scratch": "files",
    "write_file": "files",
    "child_environment": "processes",
    "open_in_browser": "processes",
    # documents
    "Diagnostic": "document.diagnostics",
    "Fix": "document.diagnostics",
    "Position": "document.diagnostics",
    "Severity": "document.diagnostics",
    "Span": "document.diagnostics",
    "TextEdit": "document.diagnostics",
    # writing a manifest
    "Catalogue": "manifest.plugins",
    "Checked": "manifest.check",
    "Completion": "manifest.assist",
    "Hover": "manifest.assist",
    "Inherited": "manifest.assist",
    "Target": "manifest.assist",
    "complete": "manifest.assist",
    "definition": "manifest.assist",
    "hover": "manifest.assist",
    "inherited": "manifest.assist",
    # where one works
    "Workspace": "workspace",
    # versions
    "Assessment": "upgrade.rules",
    "BlastRadius": "upgrade.fleet",
    "Constraint": "versions",
    "DiffRow": "upgrade.rows",
    "Impact": "upgrade.impact",
    "Outlook": "upgrade.pins",
    "Level": "versions",
    "Version": "versions",
    "blast_radius": "upgrade.fleet",
    "changed_part": "upgrade.rows",
    "find_projects": "upgrade.fleet",
    "folded": "upgrade.rows",
    "lines_of": "upgrade.lines",
    "one_column": "upgrade.rows",
    "outlook": "upgrade.pins",
    "pinned": "upgrade.pins",
    "project_impact": "upgrade.fleet",
    "side_by_side": "upgrade.rows",
    # policies
    "Finding": "policy.finding",
    "rule_by_id": "policy.rules",
    # signing
    "Invitation": "signing.oidc",
    # workflows
    "Begun": "workflows.begin_platform",
    "begin_platform": "workflows.begin_platform",
    "CompileOptions": "workflows.compile_project",
    "FirstPin": "workflows.first_pin",
    "Distance": "workflows.assess_versions",
    "PublicationPlan": "workflows.publish",
    "Published": "workflows.publish",
    "PullOptions": "workflows.pull",
    "Repositories": "workflows.browse",
    "SigningOptions": "workflows.signing_key",
    "Wanted": "workflows.wanted",
    "assess_versions": "workflows.assess_versions",
    "bump": "workflows.bump",
    "changelog": "workflows.changelog",
    "check_platform": "workflows.check_platform",
    "compare_sides": "workflows.compare",
    "compile_platform": "workflows.compile_platform",
    "compile_project": "workflows.compile_project",
    "describe_versions": "workflows.browse",
    "choose_signing": "workflows.signing_key",
    "expected_identity": "workflows.signing_key",
    "find_fleet": "workflows.blast_radius",
    "init_project": "workflows.init_project",
    "is_first": "workflows.first_pin",
    "inspect_version": "workflows.browse",
    "keygen": "workflows.signing_key",
    "list_repositories": "workflows.browse",
    "list_versions": "workflows.browse",
    "load_locked": "workflows.pull",
    "load_side": "workflows.compare",
    "measure_impact": "workflows.blast_radius",
    "mutate_policies": "workflows.test_policies",
    "outdated": "workflows.outdated",
    "plan_first_pin": "workflows.first_pin",
    "plan_pin": "workflows.upgrade_project",
    "plan_publication": "workflows.publish",
    "plan_upgrade": "workflows.upgrade_project",
    "platform_files": "workflows.watch",
    "publish": "workflows.publish",
    "pull": "workflows.pull",
    "settle": "workflows.interrupted",
    "stamps": "workflows.watch",
    "take_first_pin": "workflows.first_pin",
    "take_upgrade": "workflows.upgrade_project",
    "test_policies": "workflows.test_policies",
    "trust_root": "trust.root",
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
