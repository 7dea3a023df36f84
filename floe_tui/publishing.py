"""What the publish place plans and shows, as values and text. `plan` and `push` run in workers."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from floe_engine import CancelToken, Report, human_size
from floe_tui.registry_facts import open_at
from floe_tui.text import homely

if TYPE_CHECKING:
    from collections.abc import Callable

    from floe_engine import SigningOptions

How = Literal["found", "key", "keyless", "none"]


@dataclass(frozen=True, slots=True)
class Signing:
    """How the user wants to sign: with what is found, a key by its path, an identity, or not at all."""

    how: How = "found"
    key: str = ""

    def options(self) -> SigningOptions:
        """The same as the engine takes it."""
        from floe_engine import SigningOptions

        key = self.key if self.how == "key" else None
        return SigningOptions(key=key, sign=self.how != "none", keyless=self.how == "keyless")

    @property
    def words(self) -> list[str]:
        """The same as options of the command line."""
        return {"key": ["--key", self.key], "keyless": ["--keyless"], "none": ["--no-sign"]}.get(self.how, [])


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for; everything empty is what the directory says itself."""

    tag: str = ""
    repository: str = ""
    signing: Signing = Signing()

    def command(self, tag: str, *more: str) -> str:
        """The command that does the same without the workbench."""
        words = ["floe", "platform", "publish", tag, *more]
        words += ["--registry", self.repository] if self.repository else []
        return shlex.join([*words, *self.signing.words])


@dataclass(frozen=True, slots=True)
class Outline:
    """A plan as the screen shows it, or what came of it."""

    wish: Wish
    tag: str
    reference: str
    digest: str
    exists: bool
    signer: str
    text: str
    verify: str
    """The cosign command that verifies it by hand; empty where there is none."""
    unverifiable: str
    """Why there is none."""


def plan(directory: Path, wish: Wish, report: Report, cancel: CancelToken) -> Outline:
    """What publishing a directory's manifest would do; pushes nothing and unlocks no key."""
    from floe_engine import check_platform, plan_publication

    workspace = open_at(directory, wish.repository)
    tag = wish.tag
    if not tag:
        manifest = check_platform(workspace, cancel=cancel).manifest
        tag = f"v{manifest.metadata.version}" if manifest is not None else "v0.0.0"
    options = wish.signing.options()
    found = plan_publication(workspace, tag, options=options, report=report, cancel=cancel)
    verify, unverifiable = _verify(found.reference, found.packed.digest, found.signing)
    return Outline(
        wish,
        str(found.reference.tag or tag),
        str(found.reference),
        found.packed.digest,
        found.exists,
        str(found.signing),
        "\n".join(_lines(found, wish)),
        verify,
        unverifiable,
    )


def _lines(found: Any, wish: Wish) -> list[str]:
    guard = found.guard.summary if found.guard is not None else "exactly this is published already"
    files = found.compiled.artifact.files
    source = "you, here (t)" if wish.repository else found.registry_source
    return [
        "# What",
        f"platform   {found.compiled.manifest.metadata.name} {found.compiled.manifest.metadata.version}",
        f"digest     {found.packed.digest}",
        f"files      {len(files)}, {human_size(found.compiled.artifact.size)}",
        "",
        "# Where",
        f"reference  {homely(str(found.reference))}",
        f"chosen by  {homely(source)}",
        "",
        "# Signed by",
        f"{'!' if found.signing.kind == 'none' else '✓'} {homely(str(found.signing))}",
        "",
        "# Version guard",
        f"{'✓' if found.guard is None or found.guard.ok else '✗'} {guard}",
        "",
        "# Files",
        *(f"{human_size(len(data)):>8}  {path}" for path, data in files.items()),
    ]


def push(
    outline: Outline,
    directory: Path,
    ask: Callable[[str], str],
    report: Report,
    cancel: CancelToken,
) -> str:
    """Do what `outline` says; the digest that was published."""
    from floe_engine import publish

    done = publish(
        open_at(directory, outline.wish.repository),
        outline.tag,
        options=outline.wish.signing.options(),
        ask=ask,
        report=report,
        cancel=cancel,
    )
    return str(done.digest)


def _verify(reference: Any, digest: str, signing: Any) -> tuple[str, str]:
    """The cosign command for a digest, and why there is none."""
    if signing.kind == "none":
        return "", "it is not signed"
    if reference.scheme != "oci":
        return "", "cosign reads registries, not folders; floe platform verify reads both"
    target = f"{reference.docker_reference}@{digest}"
    if signing.kind == "keyless":
        who = ["--certificate-identity", "YOUR_IDENTITY", "--certificate-oidc-issuer", "ITS_ISSUER"]
        return shlex.join(["cosign", "verify", *who, target]), ""
    public = signing.path.with_suffix(".pub")
    if not public.is_file():
        return "", f"the public key is not beside {signing.path.name}"
    # Key signatures are not put into the public transparency log.
    words = ["cosign", "verify", "--key", str(public), "--insecure-ignore-tlog=true", target]
    return shlex.join(words), ""
