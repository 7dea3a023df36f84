"""Is everything here as it should be? Each part of a workspace looked at by itself, and what to do about it.

Nothing is raised but `Cancelled`: a part that is broken is an answer, and does not hide the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from msgspec import Struct

from floe_engine.acts import Act, Option
from floe_engine.distribution.pull import PullOptions, load, pinned, pull
from floe_engine.distribution.request import VersionRequest, check_pinned
from floe_engine.errors import Cancelled, ContentMismatch, FloeError, NotFound
from floe_engine.events import CancelToken
from floe_engine.files import stands
from floe_engine.platform.check_platform import check_platform
from floe_engine.project.spec_file import load_spec
from floe_engine.support.trust_report import trust_report
from floe_engine.text import plural
from floe_engine.workspace import Workspace

Status = Literal["ok", "warning", "failed", "skipped"]

_SKEW = timedelta(minutes=5)
"""As much as clocks of two machines may differ before tokens and certificates stop to hold."""


class Check(Struct, frozen=True):
    """One part, and how it is. `exit_code` is 0 unless it failed."""

    name: str
    status: Status
    detail: str
    hint: str = ""
    exit_code: int = 0
    repaired: bool = False


class Examination(Struct, frozen=True):
    """All of it, in the order in which one would mend it."""

    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        """That of the first part that failed; 0 where none did."""
        return next((check.exit_code for check in self.checks if check.status == "failed"), 0)


def examine_workspace(
    workspace: Workspace,
    *,
    repair: bool = False,
    on_check: Callable[[Check], object] | None = None,
    cancel: CancelToken | None = None,
) -> Examination:
    """Look at settings, files, lock, store, registry, credentials, clock and trust.

    With `repair`, a damaged store is fetched again by its lock, a damaged index.json is rebuilt, and
    signatures that nobody can read are taken out of a folder.
    """
    doctor = _Doctor(workspace, repair, cancel or CancelToken())
    checks = []
    for name, look in doctor.parts():
        doctor.cancel.check()
        try:
            check = look()
        except Cancelled:
            raise
        except FloeError as error:
            told = ": ".join(part for part in (error.title, error.message.partition("\n")[0]) if part)
            detail = f"{error.where}: {told}" if error.where else told
            check = Check(name, "failed", detail, error.hint, error.exit_code)
        checks.append(check)
        if on_check is not None:
            on_check(check)
    return Examination(tuple(checks))


class _Doctor(Struct, frozen=True):
    workspace: Workspace
    repair: bool
    cancel: CancelToken

    def parts(self) -> Iterator[tuple[str, Callable[[], Check]]]:
        yield "settings", self.settings
        yield "manifest.yaml", self.manifest
        yield "floe.yaml", self.spec
        yield "lock", self.lock
        yield "store", self.store
        yield "layout", self.layout
        yield "credentials", self.credentials
        yield "registry", self.registry
        yield "clock", self.clock
        yield "trust", self.trust

    def settings(self) -> Check:
        path = self.workspace.settings.path
        there = stands(path)
        return Check(
            "settings", "ok" if there else "skipped", str(path) if there else f"{path} does not exist"
        )

    def manifest(self) -> Check:
        if not stands(self.workspace.manifest_path):
            return Check("manifest.yaml", "skipped", "there is none here")
        errors = check_platform(self.workspace.without_network()).errors
        if errors:
            hint = f"{Act.CHECK} shows them"
            return Check("manifest.yaml", "failed", plural(len(errors), "error"), hint, 2)
        return Check("manifest.yaml", "ok", "no errors")

    def spec(self) -> Check:
        if not stands(self.workspace.spec_path):
            return Check("floe.yaml", "skipped", "there is none here")
        spec = load_spec(self.workspace.spec_path)
        return Check("floe.yaml", "ok", spec.platform.ref or f"platform.manifest: {spec.platform.manifest}")

    def lock(self) -> Check:
        lock = self.workspace.store.read_lock()
        wanted = self._wanted()
        if lock is None:
            if wanted is None:
                return Check("lock", "skipped", "nothing is pinned here")
            return Check("lock", "warning", "nothing is locked yet", f"{Act.PULL} locks it")
        if wanted is not None:
            check_pinned(lock, wanted, str(self.workspace.store.lock_path))
        return Check("lock", "ok", f"{lock.tag} {lock.digest}")

    def store(self) -> Check:
        self.workspace.store.files.sweep()
        if self._unreadable_lock:
            return Check("store", "skipped", "the lock cannot be read")
        lock = self.workspace.store.read_lock()
        if lock is None:
            return Check("store", "skipped", "nothing is locked here")
        try:
            load(self.workspace, lock)  # as every command that uses it does: by today's anchors
        except FloeError:
            if not self.repair:
                raise
            wanted, options = pinned(self.workspace, PullOptions())
            pull(self.workspace, wanted, options=options, cancel=self.cancel)
            return Check("store", "ok", f"{lock.tag} was fetched again", repaired=True)
        return Check("store", "ok", f"{lock.tag}, every file as it was pulled")

    def layout(self) -> Check:
        root = self._root()
        if root is None or not stands(root / "oci-layout"):
            return Check("layout", "skipped", "no folder serves as a registry here")
        from floe_engine.registry.layout import IMMUTABLE
        from floe_engine.registry.layout_repair import examine
        from floe_engine.signing.simple_signing import image_config

        health = examine(root, repair=self.repair, config_of=image_config, cancel=self.cancel)
        again = f"{Act.DOCTOR:--repair --registry oci-layout:{root}} rebuilds it"
        if health.index and not self.repair:
            raise ContentMismatch(health.index, hint=again, where=str(root))
        if health.lost:
            names, digests = sorted({lost.of for lost in health.lost}), {lost.digest for lost in health.lost}
            title = f"the folder lacks or holds damaged {plural(len(digests), 'blob')}"
            message = f"of {', '.join(names[:5])}"
            if any(map(IMMUTABLE.fullmatch, names)):
                raise ContentMismatch(
                    title,
                    message,
                    hint="publish those versions again from the manifest.yaml that made them",
                    where=str(root),
                )
            raise ContentMismatch(
                title,
                message,
                hint=f"{Act.DOCTOR:--repair --registry oci-layout:{root}} takes out what nobody "
                "can read: signatures and attestations",
                where=str(root),
            )
        if health.rebuilt:
            return Check(
                "layout",
                "warning",
                f"index.json was rebuilt: {plural(health.rebuilt, 'manifest')} without their tags",
                "publish each version again from the manifest.yaml that made it, which tags it again",
                repaired=True,
            )
        if health.taken_out:
            return Check(
                "layout",
                "warning",
                f"{root}: {health.taken_out} damaged of the signatures and attestations are taken out",
                f"{Act.VERIFY:VERSION} tells what is left, and {Act.SIGN:VERSION} signs "
                "again; attestations are made while a version is published: the next one has them",
                repaired=True,
            )
        detail = f"{root}: {plural(health.versions, 'manifest')}, every blob whole"
        return Check("layout", "ok", detail, repaired=bool(health.index))

    def credentials(self) -> Check:
        reference = self.workspace.registry.reference
        if reference.scheme != "oci":
            return Check("credentials", "skipped", "a folder asks for none")
        found = self.workspace.transport.credentials.lookup(reference.registry, reference.repository)
        if found is None:
            return Check("credentials", "ok", f"none for {reference.registry}: asked anonymously")
        return Check("credentials", "ok", f"some for {reference.registry}")

    def registry(self) -> Check:
        choice = self.workspace.registry
        if self.workspace.offline and choice.reference.scheme == "oci":
            return Check("registry", "skipped", f"{choice.reference.name} was not asked")
        repository = self.workspace.repository(choice.reference, cancel=self.cancel)
        try:
            count = len(repository.tags())
        except NotFound:
            return Check(
                "registry",
                "warning",
                f"{choice.reference.name} (from {choice.source}) has no such repository yet",
                f"{Act.PUBLISH} makes it, or name another with {Option.REGISTRY}",
            )
        return Check(
            "registry", "ok", f"{choice.reference.name} (from {choice.source}): {plural(count, 'tag')}"
        )

    def clock(self) -> Check:
        lock = None if self._unreadable_lock else self.workspace.store.read_lock()
        now = datetime.now(UTC)
        if lock is not None and lock.pulled_at:
            try:
                pulled = datetime.fromisoformat(lock.pulled_at)
            except ValueError:
                pulled = now
            if pulled.tzinfo is not None and pulled - now > _SKEW:
                return Check(
                    "clock",
                    "warning",
                    f"it says {now:%Y-%m-%d %H:%M} UTC, and the lock is of {lock.pulled_at}",
                    "set this machine's clock: certificates and tokens hold only for their time",
                )
        return Check("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC")

    def trust(self) -> Check:
        if self._unreadable_lock:
            return Check("trust", "skipped", "the lock cannot be read")
        report = trust_report(self.workspace)
        names = [layer.source for layer in report.authority.layers]
        if not names:
            return Check(
                "trust",
                "warning",
                "nobody is trusted here yet: the first signer is taken on trust",
                f"list a key in platform.trusted_keys of floe.yaml; {Act.TRUST} tells who has a say",
            )
        return Check("trust", "ok", f"{report.repository.name}: decided by {', '.join(names)}")

    @property
    def _unreadable_lock(self) -> bool:
        """Whether the lock is told as broken already: what follows from it is not told again."""
        try:
            self.workspace.store.read_lock()
        except FloeError:
            return True
        return False

    def _wanted(self) -> VersionRequest | None:
        if not stands(self.workspace.spec_path):
            return None
        return VersionRequest.of(load_spec(self.workspace.spec_path), self.workspace.directory)

    def _root(self) -> Path | None:
        reference = self.workspace.registry.reference
        return reference.root or self.workspace.embedded_registry.root
