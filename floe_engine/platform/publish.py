"""A checked, tested and signed version into the registry, complete or not at all.

Order: blobs, then for a version that is signed the manifest by its digest, signatures, read back and verified
as a consumer would, attestations, and the version tag last. Nobody can see the tag before everything behind
it is good, and a publisher that dies anywhere leaves no tag. Blobs are on their way while the policies are
tested and the version is guarded: until a manifest names them nobody can find them, and a registry's garbage
collection removes those of a version that was refused. What the registry holds is asked before manifest.yaml
is read, and what reads it is imported while the answer comes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from msgspec import Struct

from floe_engine.acts import Act
from floe_engine.artifact.content import Artifact, same_content
from floe_engine.artifact.pack import (
    CONFIG_TYPE,
    CREATED,
    PLATFORM_NAME,
    REVISION,
    SIGNING_KEY,
    SOURCE,
    VERSION,
    Packed,
    pack,
    read_annotations,
)
from floe_engine.artifact.paths import FILES, MANIFEST
from floe_engine.artifact.platform import Platform
from floe_engine.descriptor import Descriptor
from floe_engine.distribution.interrupted import under_way
from floe_engine.distribution.pull import fetch_files, moving
from floe_engine.errors import (
    Cancelled,
    ConfigurationError,
    ContentMismatch,
    FloeError,
    Refused,
    VersionExists,
)
from floe_engine.events import (
    CancelToken,
    Heading,
    Notice,
    Report,
    Step,
    Transfer,
    silent,
    warnings_only,
)
from floe_engine.files import canonical_json, human_size
from floe_engine.platform.baseline import OWN_REPOSITORY, PreviousVersion, find_baseline, listed_tags
from floe_engine.platform.key_source import AskPassword
from floe_engine.platform.signing_key import (
    AnySigner,
    SigningChoice,
    SigningOptions,
    check_listed,
    choose_signing,
    open_signers,
)
from floe_engine.platform.source import Source, find_source
from floe_engine.registry.client import OnBytes, Repository
from floe_engine.registry.reference import Reference
from floe_engine.signing.verdict import Signer
from floe_engine.text import printable
from floe_engine.trust.receipts import note
from floe_engine.versions import Version
from floe_engine.waiting import begin
from floe_engine.workspace import Workspace

if TYPE_CHECKING:
    from floe_engine.platform.compile_platform import CompiledPlatform
    from floe_engine.policy_tests.running import TestRun
    from floe_engine.signing.oidc import SignIn
    from floe_engine.upgrade.guard import GuardVerdict
    from floe_engine.workspace import RegistryChoice

State = Literal["planned", "published", "unchanged"]
Unlocking = Literal["all", "key", "none"]
"""Who is unlocked before anything is asked of the registry."""
Confirm = Callable[["PublicationPlan"], bool]
"""Whether exactly this is to be published."""


_T = TypeVar("_T")


class PublicationPlan(Struct, frozen=True):
    """What a publication would do, decided before anything is pushed."""

    reference: Reference
    registry_source: str
    compiled: CompiledPlatform
    packed: Packed
    signing: SigningChoice
    guard: GuardVerdict | None
    """What the version guard said; None where the same content is published already."""
    exists: bool
    """Whether exactly this content is published already under the tag."""
    tests: TestRun
    """What the policy tests said."""
    source: Source
    exact: bool
    """Whether exactly `packed` would be pushed: a locked key may be the only one to know its public
    half, which stands in the manifest."""
    first: bool
    """Whether nobody can have signed or attested this digest yet: the repository lists none of it."""


class Published(Struct, frozen=True):
    """How a publication ended."""

    plan: PublicationPlan
    state: State
    digest: str
    signers: tuple[Signer, ...] = ()
    """What was written, a signature each, with whoever made it."""
    attestations: tuple[str, ...] = ()
    """The digests of the attestations beside it."""

    @property
    def signatures(self) -> tuple[str, ...]:
        """Where they are: the ``.sig`` tag and the bundle's digest."""
        return tuple(signer.where for signer in self.signers)

    @property
    def reference(self) -> Reference:
        """The published tag."""
        return self.plan.reference


def publish(
    workspace: Workspace,
    tag: str,
    *,
    options: SigningOptions | None = None,
    dry_run: bool = False,
    ask: AskPassword | None = None,
    confirm: Confirm | None = None,
    sign_in: SignIn | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Published:
    """Check, compile, test, guard the version, push, sign, verify, tag.

    Publishing the same content under the same tag again does nothing. `confirm` is asked with
    exactly what is about to be pushed, the key being unlocked already; `sign_in` is shown after it,
    because a token does not hold long. Raises `Cancelled` where it is not confirmed, `VersionExists`
    where the tag holds other content, `VersionTooLow` where the number promises less change than
    there is, `Refused` for failing policy tests, `TrustError` where a required signature cannot be
    made; all of them before anything was pushed that can be seen: no manifest, no tag. Where `confirm` is to
    be asked, no blob either.
    """
    publication = _Publication(workspace, options, ask, report, cancel)
    at_once: Unlocking = "none" if dry_run else "key" if sign_in is not None else "all"
    plan = publication.prepare(tag, unlocking=at_once, sure=confirm is None and not dry_run)
    if dry_run:
        return Published(plan, "planned", plan.packed.digest)
    if plan.exists:
        return Published(plan, "unchanged", plan.packed.digest)
    if confirm is not None and not confirm(plan):
        raise Cancelled
    publication.unlock(plan, sign_in)
    with under_way(workspace, "publish"):
        return publication.carry_out(plan)


def plan_publication(
    workspace: Workspace,
    tag: str,
    *,
    options: SigningOptions | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> PublicationPlan:
    """What `publish` would do, without unlocking a key or pushing anything."""
    publication = _Publication(workspace, options, None, report, cancel)
    return publication.prepare(tag, unlocking="none", sure=False)


def sign_digest(
    repository: Repository,
    subject: Descriptor,
    platform: Platform,
    signers: Sequence[AnySigner],
    *,
    first: bool = False,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> tuple[Signer, ...]:
    """Sign a pushed manifest (each key: in both cosign formats). Signing reads every signature back.

    `first` says that the manifest is new to the repository.
    """
    from floe_engine.signing.trust import sign

    written = sign(
        repository,
        subject.digest,
        *signers,
        docker_reference=repository.reference.docker_reference,
        annotations={PLATFORM_NAME: platform.name, VERSION: platform.version},
        subject=subject,
        first=first,
        cancel=cancel,
    )
    report(Step(f"Signed: {subject.digest}", key="signature"))
    return written


class _Publication:
    """One publication: who asks for it, whose signatures it gets, and what is on its way already."""

    repository: Repository

    def __init__(
        self,
        workspace: Workspace,
        options: SigningOptions | None,
        ask: AskPassword | None,
        report: Report,
        cancel: CancelToken | None,
    ) -> None:
        self.workspace = workspace
        self.options = options or SigningOptions()
        self.ask = ask
        self.report = report
        self.cancel = cancel or CancelToken()
        self.signers: tuple[AnySigner, ...] = ()
        self.uploaded: Callable[[], object] | None = None
        """Waits for the blobs that are on their way, and raises as their upload; None where none is."""

    def prepare(self, tag: str, *, unlocking: Unlocking, sure: bool) -> PublicationPlan:
        """Everything that can refuse, in the order in which it costs least to be refused.

        Where nobody is asked whether to publish (`sure`), the blobs are on their way meanwhile. What is
        wrong with manifest.yaml is said before what is wrong with the registry, which is asked first.
        """
        workspace, cancel = self.workspace, self.cancel
        version = Version.parse(tag)
        if version.build:
            raise ConfigurationError(
                "a version with build metadata cannot be published",
                f"{tag} would need a tag with +, which no registry takes",
                hint=f"publish v{version.core} or a prerelease",
            )
        asked = _at_once(partial(_ask, workspace, version, cancel))
        # Late, for it takes as long as the registry's first answers: the types of manifest.yaml.
        from floe_engine.platform.compile_platform import compile_platform
        from floe_engine.platform.guard_version import guard_version, place_of
        from floe_engine.platform.test_policies import test_policies

        notices = warnings_only(self.report)
        compiled = compile_platform(workspace, report=notices, cancel=cancel)
        _check_same_version(version, compiled)
        security = compiled.artifact.platform.manifest.security
        choice = choose_signing(workspace, security, self.options)
        registry, self.repository, present, held = asked()
        reference = registry.reference.with_tag(version.tag)
        if sure and reference.root is None:
            blobs = pack(compiled.artifact).blobs
            self.uploaded = begin(partial(_upload_where_new, self.repository, blobs, present))
        run = test_policies(workspace, compiled=compiled, cancel=cancel)
        if not run.passed:
            raise Refused(
                "the policy tests fail, so nothing was published",
                "\n".join(problem for failure in run.failures[:10] for problem in failure.problems),
                hint=f"{Act.TEST} shows every case",
            )
        source = find_source(workspace)
        packed = pack(compiled.artifact, annotations=_annotations(source, choice))
        mend = reference.root is not None and unlocking != "none"
        exists = _exists(self.repository, reference, packed, compiled.artifact, present, mend=mend)
        guard = None
        first = False
        tags = () if exists else held().tags
        if (bare := version.tag.removeprefix("v")) in tags:  # the same version, as others may write it
            reference = reference.with_tag(bare)
            resolve = partial(self.repository.resolve, bare)
            exists = _exists(self.repository, reference, packed, compiled.artifact, resolve, mend=mend)
        if not exists:
            if unlocking != "none":
                choice.demand()
            guard = guard_version(workspace, version, compiled.artifact, held().before(), report=notices)
            guard.demand(partial(place_of, compiled.checked.document))
            if unlocking == "all" or unlocking == choice.kind:
                self.signers = open_signers(
                    workspace, choice, security, self.options, self.ask, cancel=cancel
                )
                packed = pack(compiled.artifact, annotations=_annotations(source, choice, self.signers))
            else:
                check_listed(choice.known, security, where=str(choice))
            stem = packed.digest.replace(":", "-")
            first = not {f"{stem}.sig", f"{stem}.att"} & set(tags)
        return PublicationPlan(
            reference=reference,
            registry_source=registry.source,
            compiled=compiled,
            packed=packed,
            signing=choice,
            guard=guard,
            exists=exists,
            tests=run,
            source=source,
            exact=choice.kind != "key" or bool(self.signers or choice.public_pem),
            first=first,
        )

    def unlock(self, plan: PublicationPlan, sign_in: SignIn | None) -> None:
        """Get at whoever signs, where that was not done before anything was asked."""
        if not self.signers:
            security = plan.compiled.artifact.platform.manifest.security
            self.signers = open_signers(
                self.workspace, plan.signing, security, self.options, self.ask, sign_in, self.cancel
            )

    def carry_out(self, plan: PublicationPlan) -> Published:
        """Push, sign, verify, tag."""
        repository, reference, packed = self.repository, plan.reference, plan.packed
        self.report(Heading(f"Publishing to {reference}"))
        upload = partial(self._push_blobs, packed, plan.compiled.artifact)
        claim = partial(repository.claim, packed.manifest, str(reference.tag))
        written: tuple[Signer, ...] = ()
        attested: tuple[str, ...] = ()
        if self.signers:
            upload()
            # Signatures refer to what is there already; without any, the tag brings its manifest along.
            pushed = repository.push_manifest(packed.manifest)
            how = "with Sigstore, keyless" if plan.signing.kind == "keyless" else "with cosign"
            self.report(Heading(f"Signing artifact {how}..."))
            platform = plan.compiled.artifact.platform
            written = sign_digest(
                repository,
                pushed,
                platform,
                self.signers,
                first=plan.first,
                report=self.report,
                cancel=self.cancel,
            )
            check_listed(written, platform.manifest.security, where=str(reference))
            if self.options.attest:
                attested = self._attest(pushed, plan)
            self.cancel.check()
            claim()
        else:
            claim(meanwhile=upload)
            self.report(
                Notice(
                    f"{reference} is published without a signature: nobody can tell who made it",
                    hint=f"make a key with {Act.KEYGEN}, then {Act.SIGN}",
                )
            )
        note(self.workspace, "published", reference.name, packed.digest)
        return Published(plan, "published", packed.digest, written, attested)

    def _attest(self, subject: Descriptor, plan: PublicationPlan) -> tuple[str, ...]:
        """Attest what is known of a signed manifest that has no tag yet."""
        from floe_engine.distribution.predicate_types import short_name
        from floe_engine.platform.attesting import claims
        from floe_engine.signing.attestation import attest

        assert plan.guard is not None  # only what exists already was not judged
        made = claims(self.workspace, plan.compiled, plan.tests, plan.guard, plan.source)
        attested = attest(
            self.repository,
            subject.digest,
            made,
            *self.signers,
            name=plan.compiled.manifest.metadata.name,
            subject=subject,
            first=plan.first,
            cancel=self.cancel,
        )
        said = ", ".join(short_name(claim.predicate_type) for claim in made)
        self.report(Step(f"Attested: {said}", key="attested"))
        return attested

    def _push_blobs(self, packed: Packed, artifact: Artifact) -> None:
        """Upload every blob that is not on its way, then tell of the files by directory."""
        total = sum(len(data) for _, data in packed.blobs)
        if self.uploaded is None:
            _upload(self.repository, packed.blobs, moving(total, self.report))
        else:
            self.uploaded()
            self.report(Transfer("artifacts", total, total))
        sizes: dict[str, int] = {}
        for path in FILES:
            directory, slash, _ = path.partition("/")
            sizes[directory + slash] = sizes.get(directory + slash, 0) + len(artifact.files[path])
        for name, size in sizes.items():
            self.report(Step(f"Uploading {name}", detail=human_size(size), key=name))


class _Held(Struct, frozen=True):
    """What the registry holds where it has no such tag: all tags, and the version to measure this one by."""

    tags: tuple[str, ...] = ()
    before: Callable[[], PreviousVersion | None] = lambda: None


class _Asked(NamedTuple):
    """A registry that has been asked; a call waits for its answer."""

    registry: RegistryChoice
    repository: Repository
    present: Callable[[], Descriptor | None]
    """What the tag names."""
    held: Callable[[], _Held]


def _ask(workspace: Workspace, version: Version, cancel: CancelToken) -> _Asked:
    """Ask what a publication has to know; a folder answers when it is waited for."""
    registry = workspace.registry
    reference = registry.reference.with_tag(version.tag)
    repository = workspace.repository(reference, cancel=cancel, push=True)
    present = _started(partial(repository.resolve, version.tag), reference)
    held = _started(partial(_look, workspace, repository, version, present), reference)
    return _Asked(registry, repository, present, held)


def _look(
    workspace: Workspace,
    repository: Repository,
    version: Version,
    present: Callable[[], Descriptor | None],
) -> _Held:
    if present() is not None:
        return _Held()
    tags = listed_tags(repository)
    measure = partial(find_baseline, workspace, repository, version, tags)
    again = version.tag.removeprefix("v") in tags  # most likely there is nothing to measure then
    return _Held(tags, cache(measure) if again else _started(measure, repository.reference))


def _upload_where_new(
    repository: Repository,
    blobs: Sequence[tuple[str, bytes]],
    present: Callable[[], Descriptor | None],
) -> None:
    if present() is None:
        _upload(repository, blobs)


def _upload(
    repository: Repository, blobs: Sequence[tuple[str, bytes]], on_bytes: OnBytes | None = None
) -> None:
    repository.push_blobs([(data, media_type) for media_type, data in blobs], on_bytes=on_bytes)


def _started(work: Callable[[], _T], reference: Reference) -> Callable[[], _T]:
    """`work` begun; of a folder it is done when its result is wanted."""
    return begin(work) if reference.root is None else cache(work)


def _at_once(work: Callable[[], _T]) -> Callable[[], _T]:
    """What `begin` returns, for work that is done here; its error waits until the result is wanted."""
    from concurrent.futures import Future

    done: Future[_T] = Future()
    try:
        done.set_result(work())
    except FloeError as error:
        done.set_exception(error)
    return done.result


def _exists(
    repository: Repository,
    reference: Reference,
    packed: Packed,
    artifact: Artifact,
    resolve: Callable[[], Descriptor | None],
    *,
    mend: bool,
) -> bool:
    """Whether the tag, which `resolve` finds, holds this content already.

    Raises `VersionExists` where it holds other. With `mend`, what a folder has lost of it
    is put back: nobody else holds it.
    """

    def put_back() -> None:
        _upload(repository, packed.blobs)
        repository.push_manifest(packed.manifest)

    try:
        present = resolve()
    except ContentMismatch:
        if not mend:
            raise
        put_back()
        present = repository.resolve(str(reference.tag))
    if present is None:
        return False
    if present.digest == packed.digest:
        if mend:
            put_back()
        return True
    # Another digest may be another build time, commit or signer around the same eight files.
    try:
        published = fetch_files(repository, repository.manifest(present.digest), where=str(reference))
    except ContentMismatch:
        if not mend:
            raise
        _upload(repository, packed.blobs)
        image = repository.manifest(present.digest).raw
        repository.push_blob(_as_built_then(artifact, image, str(reference)), CONFIG_TYPE)
        published = fetch_files(repository, repository.manifest(present.digest), where=str(reference))
    if same_content(published.artifact, artifact):
        return True
    theirs, ours = (each.platform.manifest.metadata.name for each in (published.artifact, artifact))
    raise VersionExists(
        f"{reference.tag} is published already, with other content",
        f"published  {present.digest}\nthis build {packed.digest}",
        hint=f"a version never changes once it is out: raise metadata.version ({Act.BUMP})"
        if theirs == ours
        else f"that one is of the platform {printable(theirs)}: {OWN_REPOSITORY}",
        where=str(reference),
    )


def _as_built_then(artifact: Artifact, image: bytes, where: str) -> bytes:
    """manifest.json of `artifact` with the time that the published `image` says it was built at."""
    document = json.loads(artifact.files[MANIFEST])
    document["metadata"]["created"] = read_annotations(image, where=where).get(CREATED)
    return canonical_json(document)


def _check_same_version(version: Version, compiled: CompiledPlatform) -> None:
    declared = compiled.manifest.metadata.version
    if Version.parse(declared) != version:
        raise ConfigurationError(
            f"manifest.yaml says version {declared}, and the command says {version.tag}",
            "a tag has to equal the version inside, or a moved tag could not be told from a good one",
            hint=f"publish v{declared}, or set metadata.version to {version}",
            where="manifest.yaml: metadata.version",
        )


def _annotations(source: Source, choice: SigningChoice, signers: Sequence[AnySigner] = ()) -> dict[str, str]:
    """What stands on the image manifest beside the artifact's own: where it is from, the first key."""
    known = [signer.public.pem.decode() for signer in signers if hasattr(signer, "public")]
    key = known[0] if known else choice.public_pem
    said = {REVISION: source.revision, SOURCE: source.url, SIGNING_KEY: key}
    return {name: value for name, value in said.items() if value}
