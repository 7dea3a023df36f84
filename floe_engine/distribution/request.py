"""What a team asks for (a version, a constraint, a digest), and which tag that means today."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from floe_engine.acts import Act, Option
from floe_engine.descriptor import Manifest
from floe_engine.errors import LockMismatch, NotFound, UsageError
from floe_engine.registry.reference import Reference
from floe_engine.store import Lock
from floe_engine.versions import Constraint, Version
from floe_engine.workspace import Workspace

if TYPE_CHECKING:
    from floe_engine.project.spec import Spec
    from floe_engine.registry.client import Repository


class VersionRequest(Struct, frozen=True):
    """What to pull: a repository and a constraint over its tags, or a digest."""

    repository: Reference
    constraint: str
    """``v1.2.3``, ``v1.2.*`` …; or ``sha256:…``."""

    @classmethod
    def parse(cls, text: str, workspace: Workspace) -> VersionRequest:
        """``v1.2.3``, ``v1.2.*`` or ``sha256:…`` in the workspace's registry, or a whole reference."""
        if text.startswith(("oci://", "oci-layout:")) or "/" in text:
            reference, constraint = Reference.parse_constrained(text, base=workspace.directory)
            if not (constraint or reference.digest):
                raise UsageError(
                    "the reference names no version", hint="add one, such as :v1.2.3 or :v1.2.*", where=text
                )
            return cls(reference.without_target(), reference.digest or constraint)
        repository = workspace.registry.reference
        if text.startswith("sha256:"):
            return cls(repository, repository.with_digest(text).digest or text)
        Constraint.parse(text)
        return cls(repository, text)

    @classmethod
    def of(cls, spec: Spec, directory: Path) -> VersionRequest | None:
        """What floe.yaml pins; None where it names a manifest.yaml instead."""
        if spec.platform.ref is None:
            return None
        reference, constraint = Reference.parse_constrained(spec.platform.ref, base=directory)
        return cls(reference.without_target(), reference.digest or constraint or "*")

    @classmethod
    def demanded(
        cls,
        spec: Spec,
        workspace: Workspace,
        *,
        hint: str = "write platform.ref, such as oci://host/repository:v1.2.3",
    ) -> VersionRequest:
        """The same; raises `UsageError` where there is no published version to speak of."""
        wanted = cls.of(spec, workspace.directory)
        if wanted is None:
            raise UsageError(
                "floe.yaml names a manifest.yaml, not a published version",
                hint=hint,
                where=str(workspace.spec_path),
            )
        return wanted

    @property
    def is_digest(self) -> bool:
        """Whether it names content rather than a version."""
        return self.constraint.startswith("sha256:")


class Located(Struct, frozen=True):
    """Where a wanted version is: its one tag or digest, and the image manifest behind that."""

    reference: Reference
    manifest: Manifest

    @property
    def ref(self) -> str:
        """The tag or digest alone."""
        return self.reference.digest or self.reference.tag or ""


def locate(repository: Repository, wanted: VersionRequest) -> Located:
    """Find what `wanted` means today. Raises `NotFound`, `RegistryError`, `LockMismatch`.

    An exact version or a digest costs the one request for its manifest. floe publishes ``v1.2.3``;
    only where that is not there, ``1.2.3`` is asked for as well, as others may have named it.
    """
    if wanted.is_digest:
        return Located(
            wanted.repository.with_digest(wanted.constraint), repository.manifest(wanted.constraint)
        )
    tag = choose_tag(repository, wanted)
    try:
        return Located(wanted.repository.with_tag(tag), repository.manifest(tag))
    except NotFound as absent:
        bare = tag.removeprefix("v")
        if bare == tag:
            raise
        try:
            return Located(wanted.repository.with_tag(bare), repository.manifest(bare))
        except NotFound:
            raise absent from None


def choose_tag(repository: Repository, wanted: VersionRequest) -> str:
    """The tag that a constraint chooses, or under which floe publishes an exact version.

    Raises `NotFound` where no tag satisfies it, `LockMismatch` where two tags of the version that it
    chooses have different contents.
    """
    constraint = Constraint.parse(wanted.constraint)
    if constraint.exact is not None:
        return constraint.exact.tag
    resolution = constraint.resolve(repository.tags())
    if resolution.tag is None:
        raise NotFound(
            f"no version satisfies {wanted.constraint}",
            f"the newest version is {resolution.newer.tag}" if resolution.newer else "there are none at all",
            hint=f"{Act.LIST} shows what there is",
            where=wanted.repository.name,
        )
    for pair in resolution.conflicts:
        if resolution.tag in pair:
            demand_one_meaning(repository, pair)
    return resolution.tag


def demand_one_meaning(repository: Repository, pair: tuple[str, str]) -> None:
    """`1.2.3` and `v1.2.3` are one version: with different content nobody can tell which is meant."""
    one, other = (repository.resolve(tag) for tag in pair)
    if one is not None and other is not None and one.digest != other.digest:
        raise LockMismatch(
            f"the tags {pair[0]} and {pair[1]} are one version with two contents",
            f"{pair[0]}  {one.digest}\n{pair[1]}  {other.digest}",
            hint="ask the platform team to remove one; until then pin a digest",
            where=repository.reference.name,
        )


def satisfies(lock: Lock, wanted: VersionRequest) -> bool:
    """Whether the locked version is one that `wanted` accepts."""
    if lock.reference != wanted.repository.name:
        return False
    if wanted.is_digest:
        return lock.digest == wanted.constraint
    version = Version.from_tag(lock.tag)
    return version is not None and Constraint.parse(wanted.constraint).allows(version)


def check_pinned(lock: Lock, wanted: VersionRequest, where: str) -> None:
    """Raise `LockMismatch` where another version, or one of another repository, is locked than `wanted`."""
    if satisfies(lock, wanted):
        return
    elsewhere = lock.reference != wanted.repository.name
    raise LockMismatch(
        f"the lock is of another {'repository' if elsewhere else 'version'} than floe.yaml pins",
        f"pinned is {wanted.repository.name if elsewhere else wanted.constraint}, "
        f"locked is {lock.reference if elsewhere else lock.tag}",
        hint=f"{Act.PULL} locks what floe.yaml pins, "
        f"with {Option.ALLOW_DOWNGRADE} where that is a lower version",
        where=where,
    )
