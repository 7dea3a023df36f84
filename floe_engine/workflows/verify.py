"""Who signed a published version, and whether this reader trusts them: looked at by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from floe_engine.artifact.pack import read_manifest
from floe_engine.events import CancelToken, Report, silent
from floe_engine.manifest.check import Checked
from floe_engine.registry.reference import Reference
from floe_engine.signing.trust import Verdict, verify
from floe_engine.workflows.check_platform import check_platform
from floe_engine.workflows.compile_platform import trusted_keys
from floe_engine.workflows.signing_key import PUBLIC_FILE
from floe_engine.workflows.trusting import TrustAnchors, anchors_of
from floe_engine.workflows.wanted import Wanted, locate
from floe_engine.workspace import Workspace


@dataclass(frozen=True)
class Verified:
    """A version, its signatures, and whom the reader trusted while looking."""

    reference: Reference
    digest: str
    verdict: Verdict
    trust_source: str


def verify_version(
    workspace: Workspace,
    version: str,
    *,
    keys: Sequence[str] = (),
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Verified:
    """The verdict on every signature of `version` (a tag, a constraint, a digest or a reference).

    Trusted are `keys` (paths), else floe.yaml, the user's settings, the lock, else what this
    platform's own manifest.yaml lists, else the ``cosign.pub`` that lies here. Raises `NotFound`,
    `RegistryError`; a bad signature is no error here but a verdict.
    """
    wanted = Wanted.parse(version, workspace)
    repository = workspace.repository(wanted.repository, cancel=cancel)
    found = locate(repository, wanted)
    read_manifest(found.manifest.raw, where=str(found.reference))  # of something else there is nothing to say
    digest = found.manifest.digest
    trust = reader_anchors(workspace, keys)
    verdict = verify(
        repository,
        digest,
        trust.anchors,
        docker_reference=repository.reference.docker_reference,
        exhaustive=True,
    )
    return Verified(found.reference, digest, verdict, trust.source)


def reader_anchors(workspace: Workspace, keys: Sequence[str] = ()) -> TrustAnchors:
    """Whom somebody who works here trusts; the first source that names anybody."""
    lock = workspace.store.read_lock()
    if keys:
        return TrustAnchors(anchors_of(workspace, keys=keys).anchors, "--key")
    if workspace.spec_path.exists():
        from floe_engine.project.spec_file import load_spec
        from floe_engine.workflows.pull import PullOptions

        options = PullOptions.of(load_spec(workspace.spec_path))
        trust = anchors_of(workspace, keys=options.keys, identities=options.identities, lock=lock)
    else:
        trust = anchors_of(workspace, lock=lock)
    return trust if trust.configured else _platform_anchors(workspace, trust)


def _platform_anchors(workspace: Workspace, otherwise: TrustAnchors) -> TrustAnchors:
    """The platform team's own keys, in the platform team's own directory."""
    if workspace.manifest_path.exists():
        checked: Checked = check_platform(workspace)
        if checked.manifest is not None and (listed := trusted_keys(checked.manifest, workspace.directory)):
            found = anchors_of(workspace, keys=[key.pem for key in listed])
            return TrustAnchors(found.anchors, "manifest.yaml")
    public = workspace.directory / PUBLIC_FILE
    if public.is_file():
        return TrustAnchors(anchors_of(workspace, keys=[str(public.resolve())]).anchors, PUBLIC_FILE)
    return otherwise
