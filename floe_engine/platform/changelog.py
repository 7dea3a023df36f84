"""The changes between published versions, and up to the working copy, for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from floe_engine.acts import Act
from floe_engine.artifact.content import Artifact
from floe_engine.distribution.examine import examine_tag
from floe_engine.errors import FloeError, IntegrityError, LockMismatch, NotFound, TrustError, UsageError
from floe_engine.events import CancelToken, Notice, Report, silent
from floe_engine.files import stands
from floe_engine.output.changes import changelog as markdown
from floe_engine.output.changes.changelog import Release
from floe_engine.platform.baseline import listed_tags
from floe_engine.platform.compile_platform import compile_platform
from floe_engine.registry.client import Repository
from floe_engine.trust.authority import revoked_keys
from floe_engine.upgrade.guard import next_version
from floe_engine.upgrade.rules import Assessment, compare
from floe_engine.versions import Version, previous_version
from floe_engine.workspace import MANIFEST_FILE, Workspace

UNRELEASED = "unreleased"
"""In the place of a day: the working copy."""

_AT_ONCE = 8
"""Versions that are fetched side by side."""


class Changelog(Struct, frozen=True):
    """The releases of a platform, newest first."""

    name: str
    releases: tuple[Release, ...]

    @property
    def markdown(self) -> str:
        """The whole as Markdown."""
        title = f"Changelog of {self.name}" if self.name else "Changelog"
        return markdown.changelog(self.releases, title=title)


def changelog(
    workspace: Workspace,
    start: str | None = None,
    end: str | None = None,
    *,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Changelog:
    """The releases after `start` up to `end`, each with its changes since the release before.

    Without `start` from the first one on; without `end` up to the working copy, where there is a
    manifest.yaml that changes anything, else to the highest. ``manifest.yaml`` as `end` is the
    working copy. Prereleases are left out unless `end` names one. A version that `init` would refuse
    is left out and reported. Raises `NotFound` for a version that is not published, `UsageError` where
    nothing lies between the two, and what `init` would raise where `start` or `end` is not to be trusted.
    """
    reference = workspace.registry.reference
    repository = workspace.repository(reference, cancel=cancel)
    published = {v: tag for tag in listed_tags(repository) if (v := Version.from_tag(tag)) is not None}
    after = _published(start, published, repository) if start else None
    working = end == MANIFEST_FILE or (end is None and stands(workspace.manifest_path))
    last = None if end is None or working else _published(end, published, repository)
    artifacts: dict[Version, Artifact] = {}
    while True:  # whatever is left out has another version before it, and may have been the newest
        chosen = [
            version
            for version in sorted(published)
            if (after is None or version > after)
            and (last is None or version <= last)
            and (not version.prerelease or version == last)
        ]
        previous = {version: previous_version(version, published) for version in chosen}
        newest = max((version for version in published if not version.prerelease), default=None)
        wanted = (*chosen, *previous.values(), newest if working else None)
        needed = {version for version in wanted if version is not None and version not in artifacts}
        if not needed:
            break
        found = _judged(workspace, repository, published, needed, {after, last}, report, cancel)
        artifacts |= found
        for version in needed - found.keys():
            del published[version]
    releases = [_release(version, previous[version], artifacts) for version in reversed(chosen)]
    name = artifacts[max(artifacts)].platform.name if artifacts else ""
    if working:
        compiled = compile_platform(workspace, write=False, cancel=cancel)
        name = compiled.artifact.platform.name
        declared = Version.parse(compiled.manifest.metadata.version)
        releases[:0] = _unreleased(declared, compiled.artifact, newest, artifacts, revoked_keys(workspace))
    if not releases:
        raise (
            UsageError(
                "nothing lies between the two",
                f"after {start or 'the first'} up to {end or 'now'}",
                hint="the older version comes first",
            )
            if published
            else NotFound("no version is published yet", where=reference.name)
        )
    return Changelog(name, tuple(releases))


def _published(text: str, published: Mapping[Version, str], repository: Repository) -> Version:
    version = Version.parse(text)
    if version not in published:
        raise NotFound(
            f"{version.tag} is not published",
            hint=f"{Act.LIST} shows what is",
            where=repository.reference.name,
        )
    return version


def _judged(
    workspace: Workspace,
    repository: Repository,
    published: Mapping[Version, str],
    versions: Iterable[Version],
    named: Iterable[Version | None],
    report: Report,
    cancel: CancelToken | None,
) -> dict[Version, Artifact]:
    """Those of `versions` that `init` would take; the others are reported, and raised where `named`."""
    token = cancel or CancelToken()

    def get(version: Version) -> Artifact | FloeError:
        token.check()
        try:
            seen = examine_tag(workspace, repository, published[version], cancel=token)
            seen.demand_unless_published_here(workspace)
        except (TrustError, IntegrityError, LockMismatch) as error:
            return error
        return seen.fetched.artifact

    wanted = sorted(versions)
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="floe-changelog") as pool:
        found = dict(zip(wanted, pool.map(get, wanted), strict=True))
    for version, result in found.items():
        if isinstance(result, FloeError):
            if version in named:
                raise result
            report(
                Notice(
                    f"{version.tag} is left out: {result.title}",
                    hint=f"{Act.VERIFY:{version.tag}} says more",
                )
            )
    return {version: result for version, result in found.items() if isinstance(result, Artifact)}


def _release(version: Version, previous: Version | None, artifacts: Mapping[Version, Artifact]) -> Release:
    new = artifacts[version]
    assessment = compare(artifacts[previous], new) if previous else Assessment(())
    return Release(version, new.platform.manifest.metadata.created[:10], assessment, previous)


def _unreleased(
    declared: Version,
    artifact: Artifact,
    newest: Version | None,
    artifacts: Mapping[Version, Artifact],
    revoked: frozenset[str],
) -> list[Release]:
    """The working copy, where it has anything that the newest release has not."""
    if newest is None:
        return [Release(declared, UNRELEASED, Assessment(()))]
    assessment = compare(artifacts[newest], artifact, revoked=revoked)
    if not assessment.entries:
        return []
    version = declared if declared > newest else next_version(newest, assessment.required)
    return [Release(version, UNRELEASED, assessment, newest)]
