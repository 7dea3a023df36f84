"""Whether a version number promises as much change as there is, against what is published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from floe_engine.artifact.model import Artifact
from floe_engine.errors import NotFound, VersionTooLow
from floe_engine.events import Report, silent
from floe_engine.registry.client import Repository
from floe_engine.upgrade.rules import Assessment, compare
from floe_engine.versions import Version
from floe_engine.workflows.pull import fetch
from floe_engine.workspace import Workspace


@dataclass(frozen=True)
class GuardedVersion:
    """What the guard compared, and what it says."""

    version: Version
    previous: Version | None
    """The highest lower published version; None where this is the first."""
    assessment: Assessment | None
    required: Version | None

    @property
    def ok(self) -> bool:
        """Whether the number promises enough."""
        return self.required is None or self.version >= self.required

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.previous is None or self.assessment is None:
            return "the first version of its line"
        return f"{self.assessment.required} change since {self.previous.tag}"

    def facts(self) -> dict[str, Any]:
        """As JSON."""
        return {"previous": self.previous.tag if self.previous else None, "summary": self.summary}

    def demand(self) -> None:
        """Raise `VersionTooLow` unless the number promises enough."""
        if not self.ok:
            raise VersionTooLow(f"{self.version.tag} promises too little", self.summary)


def guard_version(
    workspace: Workspace,
    repository: Repository,
    version: Version,
    artifact: Artifact,
    *,
    report: Report = silent,
) -> GuardedVersion:
    """Compare with the highest lower published version."""
    try:
        tags = repository.tags()
    except NotFound:
        tags = []
    published = {found: tag for tag in tags if (found := Version.from_tag(tag)) is not None}
    lower = [found for found in published if found < version]
    if not lower:
        return GuardedVersion(version, None, None, None)
    previous = max(lower)
    before = fetch(repository, published[previous], where=published[previous])
    assessment = compare(before.artifact, artifact)
    return GuardedVersion(version, previous, assessment, previous.bump(assessment.required))
