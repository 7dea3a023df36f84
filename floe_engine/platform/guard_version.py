"""Whether a version number promises as much change as there is, against what is published."""

from __future__ import annotations

from floe_engine.artifact.content import Artifact
from floe_engine.document.document import Document
from floe_engine.events import Notice, Report, silent
from floe_engine.platform.baseline import OWN_REPOSITORY, PreviousVersion
from floe_engine.text import printable
from floe_engine.trust.authority import revoked_keys
from floe_engine.upgrade.guard import GuardVerdict, check_version
from floe_engine.upgrade.rules import Assessment, Entry, compare
from floe_engine.upgrade.settings import locate
from floe_engine.upgrade.suppressions import SUPPRESSIONS_FILE, Suppressions
from floe_engine.versions import Version
from floe_engine.workspace import MANIFEST_FILE, Workspace


def guard_version(
    workspace: Workspace,
    version: Version,
    artifact: Artifact,
    before: PreviousVersion | None,
    *,
    report: Report = silent,
) -> GuardVerdict:
    """Judge `version` for `artifact`, with the suppressions that the platform team has reviewed.

    Expired and unused suppressions are reported. The verdict raises nothing by itself.
    """
    revoked = revoked_keys(workspace)
    assessment = compare(before.artifact, artifact, revoked=revoked) if before else Assessment(())
    suppressions = Suppressions.read(workspace.directory / SUPPRESSIONS_FILE)
    verdict = check_version(version, before.version if before else None, assessment, suppressions)
    for notice in verdict.suppressed.notices:
        report(Notice(notice, hint=f"edit {SUPPRESSIONS_FILE}"))
    if before and (theirs := before.artifact.platform.manifest.metadata.name) != (
        ours := artifact.platform.manifest.metadata.name
    ):
        report(
            Notice(
                f"the versions there are of the platform {printable(theirs)}, and this one is of {ours}",
                hint=f"unless it was renamed: {OWN_REPOSITORY}",
            )
        )
    for entry in verdict.security:
        report(Notice(f"{entry.rule.id} touches security: {entry.sentence}"))
    return verdict


def place_of(document: Document, entry: Entry) -> str:
    """Where a change stands in manifest.yaml, ``manifest.yaml:34:11``; its path where it has no line."""
    span = locate(entry.setting, document)
    return f"{MANIFEST_FILE}:{span.start} {entry.place}" if span else entry.place
