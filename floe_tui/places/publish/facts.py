"""What the publish place plans and shows, as values and text. `plan` and `push` run in workers."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from floe_engine import CancelToken, Report, human_size
from floe_tui.places.registry.facts import open_at
from floe_tui.text import homely

if TYPE_CHECKING:
    from floe_engine import Invitation, PublicationPlan, Published, SigningOptions, Workspace

How = Literal["found", "key", "keyless", "none"]


class Signing(Struct, frozen=True):
    """How the user wants to sign: with what is found, a key by its path, an identity, or not at all."""

    how: How = "found"
    key: str = ""

    def options(self) -> SigningOptions:
        """The same as the engine takes it."""
        from floe_engine import SigningOptions

        keys = (self.key,) if self.how == "key" else ()
        return SigningOptions(keys=keys, sign=self.how != "none", keyless=self.how == "keyless")

    @property
    def words(self) -> list[str]:
        """The same as options of the command line."""
        return {"key": ["--key", self.key], "keyless": ["--keyless"], "none": ["--no-sign"]}.get(self.how, [])


class Wish(Struct, frozen=True):
    """What the user asked for; everything empty is what the directory says itself."""

    tag: str = ""
    repository: str = ""
    signing: Signing = Signing()

    def command(self, tag: str, *more: str) -> str:
        """The command that does the same without the workbench."""
        words = ["floe", "platform", "publish", tag, *more]
        words += ["--registry", self.repository] if self.repository else []
        return shlex.join([*words, *self.signing.words])


class PlanOutline(Struct, frozen=True):
    """A plan as the screen shows it."""

    wish: Wish
    tag: str
    reference: str
    digest: str
    """What would be published; empty where only the unlocked key can say it."""
    exists: bool
    signer: str
    text: str
    unverifiable: str
    """Why there is no cosign command yet."""


class Done(Struct, frozen=True):
    """What came of it."""

    reference: str
    digest: str
    signer: str
    verify: str
    """The cosign command that verifies it by hand; empty where there is none."""
    unverifiable: str
    """Why there is none."""


class Asking(Struct, frozen=True):
    """How a publication asks the person before the screen; each is called in the worker."""

    password: Callable[[str], str]
    confirm: Callable[[PlanOutline], bool]
    sign_in: Callable[[Invitation], AbstractContextManager[object]]


def plan(directory: Path, wish: Wish, tag: str, report: Report, cancel: CancelToken) -> PlanOutline:
    """What publishing a directory's manifest would do; pushes nothing and unlocks no key."""
    from floe_engine import plan_publication

    workspace = open_at(directory, wish.repository)
    options = wish.signing.options()
    found = plan_publication(workspace, tag, options=options, report=report, cancel=cancel)
    return _outline(found, wish, _who(workspace, found, options))


def push(
    outline: PlanOutline, directory: Path, asking: Asking, report: Report, cancel: CancelToken
) -> Done | None:
    """Do what `outline` says, if what it has become meanwhile is confirmed; None where it is not."""
    from floe_engine import Cancelled, publish

    declined = False
    workspace, wish = open_at(directory, outline.wish.repository), outline.wish
    options = wish.signing.options()

    def confirm(found: PublicationPlan) -> bool:
        nonlocal declined
        declined = not asking.confirm(_outline(found, wish, _who(workspace, found, options)))
        return not declined

    try:
        published = publish(
            workspace,
            outline.tag,
            options=options,
            ask=asking.password,
            confirm=confirm,
            sign_in=asking.sign_in,
            report=report,
            cancel=cancel,
        )
    except Cancelled:
        if declined:
            return None
        raise
    verify, unverifiable = _verify(workspace, published)
    before = published.state == "unchanged"
    nobody = "whoever published it before" if before else "nobody"
    signer = str(published.signers[0]) if published.signers else nobody
    return Done(str(published.reference), published.digest, signer, verify, unverifiable)


def _outline(found: PublicationPlan, wish: Wish, who: str) -> PlanOutline:
    return PlanOutline(
        wish,
        str(found.reference.tag),
        str(found.reference),
        found.packed.digest if found.exact else "",
        found.exists,
        who,
        "\n".join(_lines(found, wish, who)),
        "it is not signed"
        if found.signing.kind in ("none", "missing")
        else "nothing was published from here yet",
    )


def _who(workspace: Workspace, found: PublicationPlan, options: SigningOptions) -> str:
    """Whose signature it would be, as far as that can be known before it is made."""
    from floe_engine import expected_identity

    if found.signing.kind != "keyless":
        return str(found.signing)
    identity = expected_identity(workspace, options)
    return str(identity) if identity is not None else "you: a browser asks who you are, once you confirm"


def _lines(found: PublicationPlan, wish: Wish, who: str) -> list[str]:
    guard = found.guard.summary if found.guard is not None else "exactly this is published already"
    files = found.compiled.artifact.files
    source = "you, here (t)" if wish.repository else found.registry_source
    digest = found.packed.digest if found.exact else "told before you confirm: the key is needed for it"
    return [
        "# What",
        f"platform   {found.compiled.manifest.metadata.name} {found.compiled.manifest.metadata.version}",
        f"digest     {digest}",
        f"files      {len(files)}, {human_size(found.compiled.artifact.size)}",
        "",
        "# Where",
        f"reference  {homely(str(found.reference))}",
        f"chosen by  {homely(source)}",
        "",
        "# Signed by",
        *_signing_lines(found, who),
        "",
        "# Version guard",
        f"{'✓' if found.guard is None or found.guard.ok else '✗'} {guard}",
        "",
        "# Files",
        *(f"{human_size(len(data)):>8}  {path}" for path, data in files.items()),
    ]


def _signed(found: PublicationPlan) -> bool:
    return found.signing.kind not in ("none", "missing")


def _signing_lines(found: PublicationPlan, who: str) -> Iterator[str]:
    if found.exists:
        yield "- whoever signed it when it was published (F6)"
        return
    yield f"{'✓' if _signed(found) else '!'} {homely(who)}"
    if found.signing.kind == "keyless":
        yield "keyless: a Sigstore certifies the identity"


def _verify(workspace: Workspace, published: Published) -> tuple[str, str]:
    """The cosign command for what was published, and why there is none."""
    from floe_engine import trust_root

    reference, signing = published.reference, published.plan.signing
    if not published.signers:
        return "", "it is not signed" if published.state == "published" else "it was published before"
    if reference.scheme != "oci":
        return "", "cosign reads registries, not folders; floe platform verify reads both"
    target = f"{reference.docker_reference}@{published.digest}"
    if signing.kind == "keyless":
        signer, root = published.signers[0], trust_root(workspace)
        who = ["--certificate-identity", signer.identity, "--certificate-oidc-issuer", signer.issuer]
        if root is None:
            return shlex.join(["cosign", "verify", *who, target]), ""
        if not root.file:
            return "", f"cosign takes a trusted_root.json, and {root.name} is a client trust configuration"
        return shlex.join(["cosign", "verify", "--trusted-root", root.file, *who, target]), ""
    path = signing.keys[0].path
    public = path.with_suffix(".pub") if path is not None else None
    if public is None or not public.is_file():
        return "", f"no file holds the public half of {signing.keys[0]}"
    # Key signatures are not put into the public transparency log.
    words = ["cosign", "verify", "--key", str(public), "--insecure-ignore-tlog=true", target]
    return shlex.join(words), ""
