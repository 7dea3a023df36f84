"""Whom a reader trusts, and what came out of looking at an artifact's signatures, as values.

No cryptography and no registry may enter.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from floe_engine.acts import Act
from floe_engine.errors import ConfigurationError, Unsigned, Untrusted
from floe_engine.expressions import BadExpression, NotLinear, compiled, fullmatch
from floe_engine.signing.outside import Unacceptable, quoted

if TYPE_CHECKING:
    from floe_engine.signing.keyless import TrustRoot
    from floe_engine.signing.keys import Digest, PublicKey

Format = Literal["bundle", "simple-signing"]
"""Sigstore bundle v0.3 as a referrer (cosign 3), or the ``.sig`` tag (cosign 1 and 2)."""

Status = Literal["verified", "untrusted", "unsigned"]


class Identity(Struct, frozen=True):
    """Somebody who signs without a key: who they are, according to which OpenID issuer.

    `issuer` is compared exactly and is never optional: anybody can run an issuer that vouches
    for any name. `subject` is an e-mail address or a URI (a workflow's), compared exactly, or as
    a regular expression that must match the whole of it where `pattern` is true.
    Raises `ConfigurationError` where a part is empty or the expression is not one.
    """

    subject: str
    issuer: str
    pattern: bool = False

    def __post_init__(self) -> None:
        if not self.issuer:
            raise ConfigurationError(
                "a trusted identity has no issuer",
                f"{quoted(self.subject)} could be vouched for by anybody",
                hint="add the issuer, such as https://token.actions.githubusercontent.com",
            )
        if not self.subject:
            raise ConfigurationError(
                "a trusted identity has no subject", f"its issuer is {quoted(self.issuer)}"
            )
        if self.pattern:
            try:
                compiled(self.subject)
            except (BadExpression, NotLinear) as error:
                raise ConfigurationError(
                    "a trusted identity's regular expression cannot be used",
                    f"{quoted(self.subject)}: {error}",
                    hint=getattr(error, "hint", ""),
                ) from None

    def __str__(self) -> str:
        return f"{'/' + self.subject + '/' if self.pattern else self.subject} (issuer {self.issuer})"

    def matches(self, subject: str, issuer: str) -> bool:
        """Whether a certified subject and issuer are this identity."""
        if issuer != self.issuer:
            return False
        return fullmatch(self.subject, subject) if self.pattern else subject == self.subject


class Anchors(Struct, frozen=True):
    """Whom the reader trusts. Nothing that was pulled may ever get in here by itself.

    `keys` are all tried, whatever a signature says about its key. `revoked` are fingerprints
    (``sha256:…``) that win over everything else. `trust_root` is the Sigstore that certifies
    `identities`; None is the public one.
    """

    keys: tuple[PublicKey, ...] = ()
    identities: tuple[Identity, ...] = ()
    revoked: frozenset[str] = frozenset()
    trust_root: TrustRoot | None = None

    def key_of(self, signature: bytes, data: bytes | Digest) -> PublicKey:
        """The trusted key that made `signature` over `data`, or `Unacceptable`."""
        for key in self.keys:
            if key.verify(signature, data):
                if key.fingerprint in self.revoked:
                    raise Unacceptable(f"made by the revoked key {key.fingerprint}")
                return key
        if not self.keys:
            raise Unacceptable("made by a key, and no keys are trusted")
        if not isinstance(data, bytes):
            pure = any(key.kind == "Ed25519" for key in self.keys)
            why = ": Ed25519 signs the content itself" if pure else ""
            raise Unacceptable(f"not made by a trusted key as far as a SHA-256 digest tells{why}")
        raise Unacceptable("not made by a trusted key, or altered since")

    def trusts(self, signer: Signer) -> bool:
        """Whether a signature by `signer` that holds would be good for this reader."""
        if signer.fingerprint in self.revoked:
            return False
        return signer.is_among([key.fingerprint for key in self.keys], self.identities)


class Signer(Struct, frozen=True):
    """Whoever made one signature that holds: a key, or an identity with its issuer.

    `annotations` are what they signed beside the digest; `docker_reference` is the repository
    they named (simple signing only), which a mirror may well differ from. `where` is the
    referrer's digest or the ``.sig`` tag and layer.
    """

    format: Format
    where: str
    fingerprint: str = ""
    identity: str = ""
    issuer: str = ""
    docker_reference: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    def is_among(self, fingerprints: Container[str], identities: Iterable[Identity]) -> bool:
        """Whether they are one of some people, or their key is one of some keys."""
        if self.identity:
            return any(who.matches(self.identity, self.issuer) for who in identities)
        return self.fingerprint in fingerprints

    @property
    def who(self) -> str:
        """The same for two signatures by the same hands, whatever their formats."""
        return f"{self.identity} {self.issuer}" if self.identity else self.fingerprint

    def __str__(self) -> str:
        return f"{self.identity} ({self.issuer})" if self.identity else self.fingerprint


class Rejected(Struct, frozen=True):
    """A signature that does not count: `where` it is and the `reason`, fit to be shown.

    `signer` is who made it, where the signature holds and only the trust is missing (an identity
    that a Sigstore certifies but the reader does not list).
    """

    where: str
    reason: str
    signer: Signer | None = None


class Verdict(Struct, frozen=True):
    """What the signatures of `digest` are worth to this reader.

    ``verified``: enough are by somebody trusted, whatever else lies beside them.
    ``untrusted``: there are some (or remains of some), too few of them good. ``unsigned``: none.
    """

    digest: str
    status: Status
    signers: tuple[Signer, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    warnings: tuple[str, ...] = ()
    required: int = 1
    """How many different signers there have to be."""

    def demand(self, where: str = "") -> None:
        """Raise `Unsigned` or `Untrusted`, with every reason, unless the verdict is ``verified``."""
        if self.status == "unsigned":
            raise Unsigned(
                "the artifact has no signature",
                f"nothing vouches for {self.digest}",
                hint=f"ask its publisher to sign it ({Act.SIGN})",
                where=where,
            )
        if self.status == "untrusted":
            reasons = [f"{rejected.where}: {rejected.reason}" for rejected in self.rejected]
            found = {signer.who: str(signer) for signer in self.signers}
            if found:
                reasons.insert(
                    0, f"{len(found)} of {self.required} needed signers: {', '.join(found.values())}"
                )
            raise Untrusted(
                "too few signatures of the artifact are by somebody you trust"
                if found
                else "no signature of the artifact is by somebody you trust",
                "\n".join(reasons),
                hint="compare your trusted keys and identities with what the publisher gave you",
                where=where,
            )
