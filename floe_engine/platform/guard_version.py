"""Whether a version number promises as much change as there is, against what is published."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from floe_engine.acts import Act
from floe_engine.artifact.content import Artifact
from floe_engine.distribution.examine import examine_tag
from floe_engine.document.document import Document
from floe_engine.errors import NotFound, TrustError
from floe_engine.events import Notice, Report, silent
from floe_engine.registry.client import Repository
from floe_engine.text import printable
from floe_engine.trust.authority import revoked_keys
from floe_engine.upgrade.guard import GuardVerdict, baseline, check_version
from floe_engine.upgrade.rules import Assessment, Entry, compare
from floe_engine.upgrade.settings import locate
from floe_engine.upgrade.suppressions import SUPPRESSIONS_FILE, Suppressions
from floe_engine.versions import Version
from floe_engine.workspace import Workspace

OWN_REPOSITORY = "give each platform its own repository: artifacts.registry in manifest.yaml, or --registry"
"""What to do where two platforms meet; the embedded default is one repository for all of a user's."""


class Baseline(Struct, frozen=True):
    """The published version that a new one is compared with."""

    version: Version
    artifact: Artifact


def listed_tags(repository: Repository) -> tuple[str, ...]:
    """Every tag of a repository; none where the repository does not exist yet."""
    try:
        return tuple(repository.tags())
    except NotFound:
        return ()


def find_baseline(
    workspace: Workspace, repository: Repository, version: Version, tags: Sequence[str]
) -> Baseline | None:
    """The highest lower release among `tags`, fetched; None where `version` is the first.

    Raises what `published_artifact` raises.
    """
    published = {found: tag for tag in tags if (found := Version.from_tag(tag)) is not None}
    previous = baseline(version, published)
    if previous is None:
        return None
    return Baseline(previous, published_artifact(workspace, repository, published[previous]))


def published_artifact(workspace: Workspace, repository: Repository, tag: str) -> Artifact:
    """A version that another one is measured by: who can swap it can hide a breaking change.

    So it has to be signed by whom this directory or a policy trusts, where they name anybody, unless
    it was published from here. Raises `Unsigned`, `Untrusted`, and what fetching raises.
    """
    place = repository.reference.without_target()
    seen = examine_tag(workspace, repository, tag)
    try:
        seen.demand_unless_published_here(workspace)
    except TrustError as error:
        raise type(error)(
            f"the version guard cannot compare with {tag}: {error.title}",
            error.message,
            hint=f"if {seen.fetched.digest} is your {tag}, sign it: "
            f"{Act.SIGN:{place.with_digest(seen.fetched.digest)}}",
            where=str(seen.reference),
        ) from None
    return seen.fetched.artifact


def guard_version(
    workspace: Workspace,
    version: Version,
    artifact: Artifact,
    before: Baseline | None,
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


def place_of(document: Document, name: str, entry: Entry) -> str:
    """Where a change stands in manifest.yaml, ``manifest.yaml:34:11``; its path where it has no line."""
    span = locate(entry.setting, document)
    return f"{name}:{span.start} {entry.place}" if span else entry.place
