"""What a registry holds already, as far as a new version is concerned: its tags, and what it is measured by.

Imports no schema of manifest.yaml, so that a registry can be asked before that is there.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from floe_engine.acts import Act, Option
from floe_engine.artifact.content import Artifact
from floe_engine.distribution.examine import examine_tag
from floe_engine.errors import NotFound, TrustError
from floe_engine.registry.client import Repository
from floe_engine.versions import Version, previous_version
from floe_engine.workspace import Workspace

OWN_REPOSITORY = (
    f"give each platform its own repository: artifacts.registry in manifest.yaml, or {Option.REGISTRY}"
)
"""What to do where two platforms meet; the embedded default is one repository for all of a user's."""


class PreviousVersion(Struct, frozen=True):
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
) -> PreviousVersion | None:
    """The highest lower release among `tags`, fetched; None where `version` is the first.

    Raises what `published_artifact` raises.
    """
    published = {found: tag for tag in tags if (found := Version.from_tag(tag)) is not None}
    previous = previous_version(version, published)
    if previous is None:
        return None
    return PreviousVersion(previous, published_artifact(workspace, repository, published[previous]))


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
