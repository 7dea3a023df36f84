"""The right next version into manifest.yaml: as high as the changes need, and not yet published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from msgspec import Struct

from floe_engine.acts import Option
from floe_engine.artifact.content import Artifact
from floe_engine.document.edit import apply, set_value
from floe_engine.document.text import rewrite
from floe_engine.errors import FloeError, UsageError, VersionExists
from floe_engine.events import CancelToken, Report, silent
from floe_engine.files import Directory
from floe_engine.platform.baseline import PreviousVersion, listed_tags, published_artifact
from floe_engine.platform.compile_platform import CompiledPlatform, compile_platform
from floe_engine.platform.guard_version import guard_version, place_of
from floe_engine.registry.client import Repository
from floe_engine.upgrade.guard import GuardVerdict, next_version
from floe_engine.upgrade.rules import Entry
from floe_engine.versions import Level, Version, previous_version
from floe_engine.workspace import Workspace

_VERSION = ("metadata", "version")
_MAX_ROUNDS = 100
"""Published versions that stand in the way of the next one, at most."""


class Bumped(Struct, frozen=True):
    """The version that manifest.yaml should have, and why."""

    path: Path
    before: Version
    """What manifest.yaml said."""
    version: Version
    """What it says now, or would say."""
    verdict: GuardVerdict
    """What the version guard says of it."""
    place: Callable[[Entry], str]
    """Where manifest.yaml writes a changed setting."""

    @property
    def changed(self) -> bool:
        """Whether manifest.yaml needs another version than it had."""
        return self.version != self.before


def bump(
    workspace: Workspace,
    *,
    level: Level | None = None,
    to: str | None = None,
    dry_run: bool = False,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Bumped:
    """Find the next version of the working copy and write it into manifest.yaml, and nothing else.

    By itself it is the least version that the changes since the last published one need; a version
    that is there already, unpublished and high enough, stays. `level` bumps that far, `to` names it;
    both are refused where they promise too little (`VersionTooLow`) or are taken (`VersionExists`).
    """
    if level is not None and to is not None:
        raise UsageError(f"{Option.LEVEL} and {Option.TO} are two ways to say the same", hint="choose one")
    compiled = compile_platform(workspace, write=False, cancel=cancel)
    current = Version.parse(compiled.manifest.metadata.version)
    search = _Search(
        workspace, compiled.artifact, workspace.repository(workspace.registry.reference, cancel=cancel)
    )
    if to is not None:
        version = Version.parse(to)
    elif level is not None:
        version = (search.before(current) or current).bump(level)
    else:
        version = search.next(current)
    chosen = to is not None or level is not None
    if chosen and version in search.published:
        free = search.next(current)
        raise VersionExists(
            f"{version.tag} is published already",
            hint=f"the next free version is {free.tag}"
            if free not in search.published
            else f"nothing changed since {free.tag}, so nothing needs another version",
            where=search.repository.reference.name,
        )
    verdict = search.judge(version, report)
    place = partial(place_of, compiled.checked.document)
    bumped = Bumped(workspace.manifest_path, current, version, verdict, place)
    verdict.demand(bumped.place)
    if bumped.changed and not dry_run:
        _write(bumped, compiled)
    return bumped


def _write(bumped: Bumped, compiled: CompiledPlatform) -> None:
    document = compiled.checked.document
    text = apply(document.text, set_value(document, _VERSION, str(bumped.version)))
    rewrite(Directory(bumped.path.parent), bumped.path.name, document.text, text)


@dataclass
class _Search:
    """Looks for a version among the published ones; each of those is fetched once."""

    workspace: Workspace
    artifact: Artifact
    repository: Repository
    published: Mapping[Version, str] = field(init=False)
    _fetched: dict[Version, Artifact] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        tags = listed_tags(self.repository)
        self.published = {found: tag for tag in tags if (found := Version.from_tag(tag)) is not None}

    def before(self, version: Version) -> Version | None:
        """The published version that `version` continues: itself, or the highest lower release."""
        return version if version in self.published else previous_version(version, self.published)

    def judge(self, version: Version, report: Report = silent) -> GuardVerdict:
        """What the version guard says of `version` for the working copy.

        A published one is compared with itself: it may only be what it is.
        """
        return self._compare(version, self.before(version), report)

    def next(self, current: Version) -> Version:
        """The least free version that the changes need; `current` where it is right already."""
        base = self.before(current)
        if base is None or (current not in self.published and self.judge(current).ok):
            return current
        if current in self.published and not self.judge(current).assessment.entries:
            return current  # it is published as it is
        for _ in range(_MAX_ROUNDS):
            found = next_version(base, self._compare(current, base).suppressed.remaining.required)
            if current.prerelease and found < current.core:
                found = current.core  # what the prerelease leads to
            nearest = self.before(found)
            if nearest is None or nearest == base:
                return found
            base = nearest
        raise FloeError(
            "no free version was found", f"tried up to {base.tag}", hint=f"name one with {Option.TO}"
        )

    def _compare(self, version: Version, base: Version | None, report: Report = silent) -> GuardVerdict:
        before = PreviousVersion(base, self._artifact(base)) if base else None
        return guard_version(self.workspace, version, self.artifact, before, report=report)

    def _artifact(self, version: Version) -> Artifact:
        if version not in self._fetched:
            tag = self.published[version]
            self._fetched[version] = published_artifact(self.workspace, self.repository, tag)
        return self._fetched[version]
