"""`floe platform …`: the platform team's commands, and what looks at a registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from floe_engine.cli import asking
from floe_engine.cli.command import Context, command
from floe_engine.cli.facts import attestation_facts, guard_facts, lock_facts, verdict_facts, version_facts
from floe_engine.cli.options import (
    CONSTRAINT,
    DIRECTORY,
    VERSION,
    Word,
    allow_downgrade,
    argument,
    offline,
    option,
    signing,
)
from floe_engine.errors import UsageError
from floe_engine.files import human_size
from floe_engine.text import plural

if TYPE_CHECKING:
    from floe_engine.distribution.browse import VersionFacts

version_argument = argument(
    "version", type=VERSION, help="v1.2.3, a constraint, sha256:…, or a whole reference."
)


@command("compile")
def compile_(context: Context) -> None:
    """Check manifest.yaml and build the eight files into .floe/artifacts/."""
    from floe_engine.platform.compile_platform import compile_platform

    compiled = compile_platform(context.workspace, **context.progress)
    manifest = compiled.artifact.platform.manifest
    warnings = [found for found in compiled.checked.diagnostics if found.severity != "error"]
    if warnings:
        context.output.section()
        for found in warnings:
            context.output.warning(
                f"manifest.yaml:{found.span.start}: {found.code} {found.message}", found.hint
            )
    context.output.section()
    context.output.line("Artifacts built: .floe/artifacts/")
    context.output.result(
        directory=str(compiled.directory),
        changed=compiled.changed,
        name=manifest.metadata.name,
        version=manifest.metadata.version,
        contentDigest=manifest.metadata.digest,
        plugins=[
            {"category": p.category, "type": p.type, "version": p.version, "package": p.package}
            for p in compiled.plugins
        ],
        files={path: len(data) for path, data in compiled.artifact.files.items()},
    )


@command("test", formats=("text", "json", "junit", "github", "tap"))
@argument("select", nargs=-1, metavar="[SELECTOR]...", help="Words of suites or cases to run.")
@option("--verbose", "-v", is_flag=True, help="Show every case.")
@option("--coverage", is_flag=True, help="Show rules that no case exercises.")
@option("--mutate", is_flag=True, help="Weaken one demand at a time: does any test notice?")
@option("--own", is_flag=True, help="With --mutate: let only the team's own cases notice.")
@option("--strict", is_flag=True, help="With --mutate: fail where none does.")
@option(
    "--workers",
    type=click.IntRange(1, 64),
    metavar="NUMBER",
    help="Threads for cases that read big projects.",
)
@option("--watch", "-w", is_flag=True, help="Run again whenever a file changes.")
def test(context: Context, *, watch: bool, **chosen: Any) -> int:
    """Test the policies: the four built-in suites, then the team's own cases."""
    from floe_engine.cli import policy_tests

    return policy_tests.run(context, policy_tests.Options(**chosen), watch=watch)


@command("publish", registry=True)
@argument("version", type=Word("next version"), help="The version tag, v1.2.3; equals metadata.version.")
@signing
@option("--no-sign", is_flag=True, help="Publish without a signature.")
@option("--no-attest", is_flag=True, help="Sign, and attest neither source nor tests.")
@option("--dry-run", is_flag=True, help="Say what would happen; push nothing.")
def publish(
    context: Context, *, version: str, no_sign: bool, no_attest: bool, dry_run: bool, **signing: Any
) -> None:
    """Check, compile, test, guard the version, push, sign, verify, and tag last."""
    from floe_engine.platform.publish import publish as publish_version
    from floe_engine.platform.signing_key import SigningOptions

    options = SigningOptions(sign=not no_sign, attest=not no_attest, **signing)
    published = publish_version(
        context.workspace,
        version,
        options=options,
        dry_run=dry_run,
        ask=asking.password(),
        sign_in=asking.sign_in() if options.keyless and not dry_run else None,
        **context.progress,
    )
    plan = published.plan
    context.output.section()
    if published.state == "planned":
        action = "is published already, unchanged" if plan.exists else "would be published"
        context.output.line(f"{published.reference} {action}")
        context.output.line(f"Signed by: {plan.signing}")
        if plan.guard is not None:
            context.output.line(f"Version guard: {plan.guard.summary}")
    else:
        if published.state == "unchanged":
            context.output.line("Already published, with the same content: nothing to do")
        context.output.line(f"Published: {published.reference}")
        if plan.signing.kind == "keyless" and published.signers:
            context.output.line(f"Signed by: {published.signers[0]}")
    context.output.line(f"Digest: {published.digest}")
    context.output.result(
        state=published.state,
        reference=str(published.reference),
        registryFrom=plan.registry_source,
        digest=published.digest,
        signing=plan.signing.kind,
        signatures=list(published.signatures),
        attestations=list(published.attestations),
        guard=guard_facts(plan.guard) if plan.guard else None,
    )


@command("pull", registry=True)
@argument(
    "version",
    type=CONSTRAINT,
    required=False,
    help="v1.2.3, v1.2.*, sha256:… or a reference; absent: what is pinned.",
)
@option("--force", is_flag=True, help="Fetch again, and accept a moved tag.")
@option("--frozen", is_flag=True, help="Refuse to change the lock.")
@offline
@allow_downgrade
def pull(
    context: Context, *, version: str | None, force: bool, frozen: bool, offline: bool, allow_downgrade: bool
) -> None:
    """Bring the pinned version into .floe/, verified, and lock it."""
    from floe_engine.distribution.pull import PullOptions, pinned
    from floe_engine.distribution.pull import pull as pull_version
    from floe_engine.distribution.request import VersionRequest

    workspace = context.workspace.without_network() if offline else context.workspace
    options = PullOptions(force=force, frozen=frozen, allow_downgrade=allow_downgrade)
    wanted, options = (
        pinned(workspace, options) if version is None else (VersionRequest.parse(version, workspace), options)
    )
    if force and (offline or frozen):
        raise UsageError(f"--force and {'--offline' if offline else '--frozen'} contradict each other")
    pulled = pull_version(workspace, wanted, options=options, ask=asking.first_use(), **context.progress)
    context.output.section()
    context.output.line(f"Platform: {pulled.platform.name} v{pulled.platform.version}")
    context.output.line(f"Digest: {pulled.lock.digest}")
    context.output.result(**lock_facts(pulled.lock), directory=str(pulled.directory), changed=pulled.changed)


@command("clear")
def clear(context: Context) -> None:
    """Remove the pulled artifacts; the lock stays."""
    store = context.workspace.store
    removed: tuple[str, ...] = ()
    if store.root.is_dir():
        with store.exclusive(context.cancel):
            removed = store.clear()
    context.output.line(f"Removed: {', '.join(removed)}" if removed else "The cache is empty")
    context.output.result(removed=list(removed))


_LIST = {
    "floe platform list": "every version",
    "floe platform list 'v1.2.*'": "what a pin would admit, and who signed it",
}

_DESCRIBED = 20
"""Versions that a constraint may leave for each to be described without being asked for."""


@command("list", registry=True, examples=_LIST)
@argument(
    "constraint",
    type=CONSTRAINT,
    required=False,
    help="Show only what this admits, and what it resolves to: v1.2.*",
)
@option(
    "--details/--no-details",
    default=None,
    help="Date, digest, size, state and signer too; unset: where a constraint leaves 20 or fewer.",
)
@offline
def list_(context: Context, *, constraint: str | None, details: bool | None, offline: bool) -> int:
    """The published versions, newest first."""
    from floe_engine.distribution.listing import list_versions

    workspace = context.workspace.without_network() if offline else context.workspace
    listing = list_versions(workspace, constraint, **context.progress)
    resolved = listing.resolution.tag if listing.resolution else None
    tags = [listing.tags[version] for version in listing.admitted]
    if details is None:
        details = constraint is not None and len(tags) <= _DESCRIBED and not listing.cached
    facts = {}
    if details and tags:
        from floe_engine.distribution.browse import describe_versions

        described = describe_versions(workspace, listing.repository, tags, cancel=context.cancel)
        facts = {entry.tag: entry for entry in described}
    context.output.answer(
        f"{listing.repository}" + (f" (as of {listing.listed_at})" if listing.cached else "")
    )
    for tag in tags:
        mark = "→" if tag == resolved else " "
        context.output.answer(f"{mark} {_described(facts[tag])}" if tag in facts else f"{mark} {tag}")
    if not listing.versions:
        context.output.answer("  no versions yet")
    if listing.ignored:
        context.output.answer(f"{len(listing.ignored)} other tags: {', '.join(listing.ignored[:5])}")
    if constraint is not None:
        context.output.answer(f"{constraint} resolves to {resolved or 'nothing'}")
        context.output.answer(f"{len(tags)} of {plural(len(listing.versions), 'version')} satisfy it")
    context.output.result(
        repository=listing.repository.name,
        listedAt=listing.listed_at,
        cached=listing.cached,
        versions=[version_facts(tag, facts.get(tag)) for tag in tags],
        published=len(listing.versions),
        ignored=list(listing.ignored),
        constraint=constraint,
        resolved=resolved,
    )
    return 0 if constraint is None or resolved else 1


def _described(entry: VersionFacts) -> str:
    """A version's row: tag, day, digest, size, whether it is to be trusted, and who signed it."""
    state = entry.problem or (entry.verdict.status if entry.verdict else "")
    signers = ", ".join(dict.fromkeys(map(str, entry.verdict.signers))) if entry.verdict else ""
    if signers and not entry.problem:
        state += f" {signers}"
    if entry.rotations:
        state += f" (keys changed by {', '.join(hop.partition('@')[0] for hop in entry.rotations)})"
    return f"{entry.tag:<14} {entry.created[:10]:<10}  {entry.digest[:19]}  {entry.size:>7} B  {state}"


@command("inspect", registry=True)
@version_argument
def inspect(context: Context, *, version: str) -> None:
    """One published version: files, annotations, every signature and every attestation."""
    from floe_engine.artifact.pack import SIGNING_KEY
    from floe_engine.cli.trusting import show_attestations, show_verdict
    from floe_engine.distribution.browse import inspect_version
    from floe_engine.support.trust_report import fingerprint_of

    found = inspect_version(context.workspace, version, **context.progress)
    out = context.output
    out.answer(f"Reference: {found.reference}")
    out.answer(f"Digest: {found.digest}")
    out.answer("Files:")
    for file in found.files:
        out.answer(f"  {file.path:<36} {human_size(file.size):>9}  {file.digest}")
    out.answer("Annotations:")
    for name, value in sorted(found.annotations.items()):
        shown = fingerprint_of(value) if name == SIGNING_KEY else value
        first, *more = shown.split("\n")
        out.answer(f"  {name}: {first}{' …' if any(more) else ''}")
    show_verdict(out, found.verdict, found.rotations, found.delegated_by)
    show_attestations(out, found.attestations)
    out.result(
        reference=str(found.reference),
        digest=found.digest,
        files=[{"path": f.path, "digest": f.digest, "size": f.size} for f in found.files],
        annotations=dict(found.annotations),
        manifest=found.artifact.documents["manifest.json"],
        signature=verdict_facts(found.verdict),
        attestations=attestation_facts(found.attestations),
        rotations=list(found.rotations),
        delegatedBy=str(found.delegated_by) if found.delegated_by else None,
    )


@command("sign", registry=True)
@version_argument
@signing
@option("--yes", is_flag=True, help="Sign a digest that was not built here without being asked.")
def sign(context: Context, *, version: str, yes: bool, **signing: Any) -> None:
    """Sign a version that is published already: what was built here, or a digest that you name."""
    from floe_engine.platform.sign_version import sign_version
    from floe_engine.platform.signing_key import SigningOptions

    signed = sign_version(
        context.workspace,
        version,
        options=SigningOptions(**signing),
        ask=asking.password(),
        confirm=(lambda platform, digest: True) if yes else asking.unseen(),
        **context.progress,
    )
    context.output.result(
        reference=str(signed.reference), digest=signed.digest, signatures=list(signed.signatures)
    )


@command("keygen")
@option("--into", type=DIRECTORY, metavar="DIRECTORY", help="Directory for the two files.")
def keygen(context: Context, *, into: Path | None) -> None:
    """Make a signing key in cosign's format: cosign.key (encrypted) and cosign.pub."""
    from floe_engine.platform.signing_key import keygen as new_key

    pair = new_key(
        context.workspace,
        directory=context.path(into) if into else None,
        ask=asking.password(),
        report=context.output.report,
    )
    context.output.line(f"Private key: {pair.private}  (encrypted; keep it out of git)")
    context.output.line(f"Public key:  {pair.public}  (give it to the data teams)")
    context.output.line(f"Fingerprint: {pair.fingerprint}")
    context.output.result(private=str(pair.private), public=str(pair.public), fingerprint=pair.fingerprint)
